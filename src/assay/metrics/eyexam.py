"""Eyexam: how much of the work that a layer offers a chip can do per cycle, and at which step of its design it is lost.

Each step asks for one thing more of the hardware, so that the mappings of a step are among those of the step before.
Its bound is the least that the search proves for all of them (`mapper`), or a count that holds for every mapping
(`eyexam_bounds`); bounds never rise from a step to the next. `docs/eyexam.md` has the steps and an example.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from assay.errors import InputError, UnsupportedError
from assay.evaluation.evaluate import Progress, evaluate
from assay.evaluation.layer import LayerResult
from assay.evaluation.mapped import map_layer
from assay.evaluation.search import SearchPlan
from assay.evaluation.sources import load_chip, load_sources
from assay.hardware.model import Hardware
from assay.mapping.counts import Occupancy
from assay.metrics.eyexam_bounds import (
    array_cycles,
    dataflow_cycles,
    pe_cycles,
    with_ideal_buffers,
    with_size,
    without_bandwidth,
    without_energies,
    without_sizes,
)
from assay.metrics.eyexam_causes import (
    Overflow,
    access_cause,
    array_cause,
    bandwidth_cause,
    choice_cause,
    dataflow_cause,
    pes_cause,
    storage_cause,
)
from assay.metrics.eyexam_steps import Bottleneck, Eyexam, Key, LayerEyexam, Step
from assay.metrics.pipeline import simulate_pipeline
from assay.reading.words import listed, plural
from assay.workload.einsum import Einsum
from assay.workload.layer_text import is_written_out, pick_layer, split_layer, written_network
from assay.workload.load import MAX_BITS
from assay.workload.network import Network

__all__ = ["Eyexam", "LayerEyexam", "Step", "eyexam"]

Show = Callable[[Progress], None]


def eyexam(
    network: Network | str | Path,
    hardware: Hardware | str | Path,
    *,
    layer: str | None = None,
    batch: int = 1,
    bits: int | None = None,
    objective: str = "latency",
    tiles: str = "perfect",
    dataflow: str | None = None,
    time_limit: float | None = None,
    workers: int | None = None,
    cache: bool = True,
    progress: Show | None = None,
) -> Eyexam:
    """The seven steps of Eyexam for every layer of a network, and for the network.

    Args:
        network: a network, a zoo name or file, or a layer as `map_layer` takes it (`alexnet:conv3`, `conv:M=64,...`).
        hardware: hardware, or a preset name or file.
        layer: only the layer of that name.
        batch, bits, tiles, dataflow, time_limit, workers, cache: as for `evaluate`.
        objective: what the mapping that is taken in the end minimises: `latency`, `energy` or `edp`.
        progress: called as by `evaluate`, for each of the searches.

    Raises:
        InputError: an argument is wrong.
        UnsupportedError: hardware or a layer that the search cannot take.
        NoMappingError: a layer fits the hardware under no mapping.
    """
    search = SearchPlan(objective, tiles, time_limit, workers, cache)
    subject, chip = load_subject(network, hardware, layer=layer, bits=bits, dataflow=dataflow)
    if subject.batch == 1 or batch != 1:
        subject = subject.with_batch(batch)
    known: dict[Einsum, LayerEyexam] = {}
    layers = []
    for results in _results(subject, chip, search, progress):
        found = results.array.einsum
        assert found is not None
        if found not in known:
            known[found] = _layer_eyexam(results, chip, search)
        layers.append(replace(known[found], layer=results.array.layer))
    if not layers:
        raise InputError(f"no layer of {subject.name} has multiply-accumulates: there is nothing to examine")
    steps = _network_steps(tuple(layers))
    return Eyexam(subject, chip, objective, tiles, tuple(layers), steps, _notes(layers, steps, tiles))


class _Results(NamedTuple):
    """The best mappings of a layer where steps 4, 5 and 6 ask nothing more, and the one that is taken."""

    array: LayerResult
    storage: LayerResult
    bandwidth: LayerResult
    chosen: LayerResult


def _results(network: Network, chip: Hardware, search: SearchPlan, progress: Show | None) -> list[_Results]:
    """Of every layer with multiply-accumulates, in order."""

    def found(machine: Hardware, what: str, aim: str = "latency") -> list[LayerResult]:
        evaluation = evaluate(
            network,
            machine,
            batch=network.batch,
            objective=aim,
            tiles=search.tiles,
            time_limit=search.time_limit,
            workers=search.workers,
            cache=search.cache,
            progress=_labelled(progress, what),
        )
        return [each for each in evaluation.layers if each.einsum is not None]

    ideal = with_ideal_buffers(chip)
    array = found(without_sizes(chip), "step 4")
    storage = found(without_bandwidth(chip), "step 5")
    bandwidth = found(ideal, "step 6")
    same = search.objective == "latency" and ideal.nodes == chip.nodes
    chosen = bandwidth if same else found(chip, f"least {search.objective}", search.objective)
    return [_Results(*each) for each in zip(array, storage, bandwidth, chosen, strict=True)]


def load_subject(
    network: Network | str | Path,
    hardware: Hardware | str | Path,
    *,
    layer: str | None,
    bits: int | None,
    dataflow: str | None,
) -> tuple[Network, Hardware]:
    """The layers that are meant, as a network, and the hardware. Raises InputError where there are none."""
    if isinstance(network, str) and is_written_out(network):
        chip = load_chip(hardware, dataflow)
        if layer is not None:
            raise InputError(f"'{network}' is a layer; --layer picks one of a network", hint="leave --layer out")
        width = min(chip.compute.bits, MAX_BITS) if bits is None else bits
        if isinstance(width, bool) or not isinstance(width, int) or not 1 <= width <= MAX_BITS:
            raise InputError(f"bits is {width!r}; it must be a whole number from 1 to {MAX_BITS}")
        return load_sources(written_network(network, bits=width), chip, None)
    spec, name = split_layer(network) if isinstance(network, str) else (network, None)
    found, chip = load_sources(spec, hardware, bits, dataflow)
    if name is not None and layer is not None and name != layer:
        raise InputError(f"'{network}' names layer {name}, and --layer names {layer}", hint="leave one of them out")
    wanted = name if layer is None else layer
    if wanted is not None:
        found = replace(found, layers=(pick_layer(found, wanted, str(spec if isinstance(spec, str) else found.name)),))
    return found, chip


def _labelled(progress: Show | None, what: str) -> Show | None:
    if progress is None:
        return None
    return lambda done: progress(replace(done, layer=f"{done.layer} ({what})".lstrip()))


def _layer_eyexam(results: _Results, chip: Hardware, search: SearchPlan) -> LayerEyexam:
    array, storage, bandwidth, chosen = results
    layer, einsum = array.layer, array.einsum
    assert einsum is not None
    chain = _Chain(einsum.macs)
    chain.add(Key.LAYER, 1, lambda: (f"the layer has {plural(einsum.macs, 'MAC')}", None))
    chain.add(Key.DATAFLOW, dataflow_cycles(einsum, chip), lambda: dataflow_cause(einsum, chip))
    chain.add(Key.PES, pe_cycles(einsum, chip), lambda: pes_cause(einsum, chip))
    floor = array_cycles(einsum, chip) if array.optimal is False else 0
    chain.add(Key.ARRAY, max(_least(array), floor), lambda: array_cause(array, search.tiles), array.cycles)
    before = chain.cycles

    def storage_why() -> tuple[str, Bottleneck | None]:
        return storage_cause(_overflow(einsum, chip, search), before)

    chain.add(Key.STORAGE, _least(storage), storage_why, storage.cycles)
    chain.add(Key.BANDWIDTH, _least(bandwidth), lambda: bandwidth_cause(storage, bandwidth), bandwidth.cycles)
    taken = _overlapping(chosen)
    if taken > chain.cycles:
        buffered = with_ideal_buffers(chip).nodes != chip.nodes
        chain.add(Key.CHOICE, taken, lambda: choice_cause(bandwidth, chosen, search.objective, buffered=buffered))
    chain.steps.append(_access(chosen, chip, chain.cycles))
    return LayerEyexam(layer, tuple(chain.steps), array, storage, bandwidth, chosen)


class _Chain:
    """Steps one after another, whose cycles never fall."""

    def __init__(self, macs: int) -> None:
        self.macs = macs
        self.steps: list[Step] = []
        self.cycles = 0
        self.before = 0

    def add(
        self, key: Key, cycles: int, cause: Callable[[], tuple[str, Bottleneck | None]], found: int | None = None
    ) -> None:
        """A step of at least so many cycles. What is proven before holds here, too. The cause is asked for where
        something is lost."""
        self.before, self.cycles = self.cycles, max(self.cycles, cycles)
        first = not self.steps
        why, limit = cause() if first or self.cycles > self.before else ("", None)
        before = None if first else self.before
        self.steps.append(Step(key, self.macs, self.cycles, before, why, limit, found))


def _least(result: LayerResult) -> int:
    """Cycles that no mapping of the search goes below."""
    assert result.search is not None
    assert result.cycles is not None
    if result.search.optimal:
        return result.cycles
    return math.ceil(result.search.lower_bound * (1 - 1e-12) - 1e-9)


def _overlapping(result: LayerResult) -> int:
    """Cycles of the mapping that is taken, were all of its transfers overlapping."""
    assert result.timing is not None
    timing = result.timing
    return max([timing.compute_cycles, *[demand.cycles or 0 for demand in timing.demands]])


def _access(result: LayerResult, chip: Hardware, before: int) -> Step:
    """Step 7: the mapping that is taken, simulated tile by tile."""
    assert result.einsum is not None
    assert result.mapping is not None
    macs = result.einsum.macs
    try:
        timing = simulate_pipeline(result.einsum, chip, result.mapping)
    except UnsupportedError as error:
        return Step(Key.ACCESS, macs, None, before, error.message)
    cycles = max(before, timing.cycles)
    cause, limit = access_cause(timing, before) if cycles > before else ("", None)
    whole = max(cycles, timing.whole_cycles) if timing.full else None
    return Step(Key.ACCESS, macs, cycles, before, cause, limit, full=timing.full, whole=whole)


def _overflow(einsum: Einsum, chip: Hardware, search: SearchPlan) -> Overflow | None:
    """The memory that alone costs most of what storage costs, and the room that would win it back.

    Each memory in turn is given room without end; that of the one that helps most is then halved down to the least that
    helps as much. Energies are left out: only steps matter here, and searches for them are short.
    """
    machine = without_energies(without_bandwidth(chip))

    def cycles(hardware: Hardware) -> tuple[int, LayerResult]:
        result = map_layer(
            einsum, hardware, objective="latency", tiles=search.tiles, time_limit=search.time_limit, cache=search.cache
        ).result
        assert result.cycles is not None
        return result.cycles, result

    now = cycles(machine)[0]
    limited = [memory for memory in machine.memories if memory.capacity is not None]
    freed = {memory.name: cycles(with_size(machine, memory.name, None)) for memory in limited}
    name = min(freed, key=lambda each: freed[each][0], default="")
    if not name or freed[name][0] >= now:
        return None
    memory = next(each for each in limited if each.name == name)
    assert memory.capacity is not None
    unit = math.gcd(*(tensor.bits for tensor in einsum.tensors))
    low = memory.capacity // unit
    least, roomy = freed[name]
    high = max(sum(words * bits for _, words, bits in _held(roomy, einsum, name)) // unit, low + 1)
    while high - low > 1:
        middle = (low + high) // 2
        if cycles(with_size(machine, name, middle * unit))[0] <= least:
            high = middle
        else:
            low = middle
    found = cycles(with_size(machine, name, high * unit))[1]
    return Overflow(name, memory.capacity, high * unit, _held(found, einsum, name), least)


def _held(result: LayerResult, einsum: Einsum, memory: str) -> tuple[tuple[str, int, int], ...]:
    assert result.analysis is not None
    tiles: list[Occupancy] = [each for each in result.analysis.occupancy if each.component == memory]
    return tuple((each.tensor, each.words, einsum.tensor(each.tensor).bits) for each in tiles)


def _network_steps(layers: tuple[LayerEyexam, ...]) -> tuple[Step, ...]:
    """All MACs over all cycles, step by step; a layer without a step stays where it was."""
    macs = sum(each.layer.macs for each in layers)
    keys = [key for key in Key if any(each.step(key) for each in layers)]
    steps: list[Step] = []
    reached = dict.fromkeys(range(len(layers)), 0)
    for key in keys:
        before = steps[-1].cycles if steps else None
        found = {index: step for index, each in enumerate(layers) if (step := each.step(key)) is not None}
        missing = [layers[index].name for index, step in found.items() if step.cycles is None]
        if missing:
            why = next(step.cause for step in found.values() if step.cycles is None)
            steps.append(Step(key, macs, None, before, f"{missing[0]}: {why}" if len(layers) > 1 else why))
            continue
        reached |= {index: step.cycles or 0 for index, step in found.items()}
        cycles = sum(reached.values())
        step = _network_step(key, macs, cycles, before, layers, found)
        full = tuple(dict.fromkeys(name for each in found.values() for name in each.full))
        whole = sum(each.whole or each.cycles or 0 for each in found.values()) if full else None
        steps.append(replace(step, full=full, whole=whole))
    return tuple(steps)


def _network_step(
    key: Key, macs: int, cycles: int, before: int | None, layers: tuple[LayerEyexam, ...], found: dict[int, Step]
) -> Step:
    best = None
    if all(step.found is not None for step in found.values()) and len(found) == len(layers):
        best = sum(step.found or 0 for step in found.values())
    if before is None:
        text = f"the network has {plural(macs, 'MAC')}" if len(layers) > 1 else next(iter(found.values())).cause
        return Step(key, macs, cycles, before, text, None, best)
    peak = layers[0].chosen.hardware.peak_macs_per_cycle
    worst = max(found, key=lambda index: (found[index].cycles_below(peak), found[index].lost_cycles or 0))
    step = found[worst]
    if not step.lost_cycles:
        return Step(key, macs, cycles, before, "", None, best)
    name = layers[worst].name if len(layers) > 1 else ""
    return Step(key, macs, cycles, before, step.cause, step.limit, best, name)


def _notes(layers: list[LayerEyexam], steps: tuple[Step, ...], tiles: str) -> tuple[str, ...]:
    notes = []
    if any(not step.proven for each in layers for step in each.steps):
        notes.append(
            "Where the search of a step leaves a gap, the bound is what it proves; the best mapping found is slower."
        )
    access = steps[-1]
    if access.whole is not None:
        have = f"{listed(access.full)} {'has' if len(access.full) == 1 else 'have'}"
        notes.append(
            f"Step 7: {have} no room for the next tile beside the one in use, so words are taken to be replaced one by"
            f" one. If whole tiles were, it would take {plural(access.whole, 'cycle')} (docs/pipeline.md)."
        )
    if tiles == "perfect":
        notes.append(
            "Steps 4 to 7 bound mappings whose tiles divide the layer; others may be faster (--tiles imperfect)."
        )
    return tuple(notes)
