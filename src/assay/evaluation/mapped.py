"""The best mapping of one layer, and what it costs: `assay map`."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from assay.errors import InputError
from assay.evaluation.layer import LayerResult, Optimality
from assay.evaluation.mapped_html import mapped_html
from assay.evaluation.notes import notes_of
from assay.evaluation.progress import Searching, Watch
from assay.evaluation.results import Evaluation, einsum_to_data
from assay.evaluation.sources import load_chip, load_sources
from assay.hardware.model import Hardware
from assay.mapper import TILES, SearchResult, cached_best_mapping, check_objective
from assay.mapping.analysis import analyse
from assay.mapping.energy import energy_of_actions
from assay.mapping.latency import time_layer
from assay.mapping.mapping import Mapping
from assay.mapping.text import mapping_to_data
from assay.mapping.write import mapping_yaml
from assay.reading.suggestions import hint
from assay.reading.units import format_si
from assay.workload.einsum import Einsum
from assay.workload.layer_text import is_written_out, pick_layer, split_layer, written_network
from assay.workload.load import MAX_BITS
from assay.workload.network import Layer, Network

SCHEMA = "assay.map/1"
"""Name and version of the JSON form; see `data/schema/map-1.json`."""

PICO = 1e12
UNITS = {"energy": "pJ", "latency": "cycles", "edp": "pJ*cycles"}
"""Units of an objective's value in JSON."""

LAYERS = "a layer such as 'alexnet:conv3' or 'matmul:M=4096,N=2048,K=4096', a Layer, or an Einsum"


@dataclass(frozen=True, slots=True)
class Limits:
    """What a mapping may be, and how long it is looked for; None: no limit.

    Attributes:
        tiles: `perfect` or `imperfect`.
        cycles: that it may take.
        energy: joules that it may take.
        seconds: for the search.
        front: whether the mappings of which none is better in energy and cycles are asked for.
    """

    tiles: str = "perfect"
    cycles: int | None = None
    energy: float | None = None
    seconds: float | None = None
    front: bool = False


@dataclass(frozen=True, slots=True, repr=False)
class MappedLayer:
    """One layer on hardware under its best mapping, with the proof. Every figure is for the whole batch.

    Attributes:
        result: counts, cycles and energies under the mapping.
        network: what the layer belongs to; it alone is in it.
        search: what the search found and proves.
        limits: what was asked of it.
        uncharged: what is given an energy that Assay does not model; where there is any, the energy is unknown.
        notes: what is assumed and what is not modelled.
    """

    result: LayerResult
    network: Network
    search: SearchResult
    limits: Limits
    uncharged: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"<MappedLayer {self.summary}>"

    @property
    def layer(self) -> Layer:
        return self.result.layer

    @property
    def einsum(self) -> Einsum:
        assert self.layer.einsum is not None
        return self.layer.einsum

    @property
    def hardware(self) -> Hardware:
        return self.result.hardware

    @property
    def mapping(self) -> Mapping:
        return self.search.mapping

    @property
    def title(self) -> str:
        """`conv3 of AlexNet on Eyeriss v1, batch 4`."""
        name, network = self.layer.name, self.network
        whole = network.title or network.name
        where = name if whole == name else f"{name} of {whole}"
        return f"{where} on {self.hardware.label}, batch {network.batch:,}"

    @property
    def summary(self) -> str:
        """Title, energy, cycles and proof in one line."""
        proof = "proven optimal" if self.optimal else f"gap {self.search.gap:.2g}"
        return f"{self.title}: energy {format_si(self.energy, 'J')}, {self.cycles:,} cycles, {proof}"

    @property
    def objective(self) -> str:
        return self.search.objective

    @property
    def energy(self) -> float | None:
        """Joules, off-chip memory included; None when it is unknown."""
        return None if self.uncharged else self.result.energy

    @property
    def cycles(self) -> int:
        return self.search.cycles

    @property
    def latency(self) -> float:
        """Seconds."""
        return self.cycles / self.hardware.clock

    @property
    def edp(self) -> float | None:
        """Energy times latency in joule-seconds; None when the energy is unknown."""
        return None if self.energy is None else self.energy * self.latency

    @property
    def macs(self) -> int:
        """Multiply-accumulates."""
        return self.layer.macs

    @property
    def utilization(self) -> float:
        """MACs done / MACs that the hardware could do in these cycles, 0 to 1."""
        return self.macs / (self.hardware.peak_macs_per_cycle * self.cycles)

    @property
    def bound_by(self) -> str:
        """`compute`, or the component whose bandwidth the layer waits for."""
        assert self.result.bound_by is not None
        return self.result.bound_by

    @property
    def optimal(self) -> bool:
        """True when no mapping that was asked for is better."""
        return self.search.optimal

    @property
    def energy_by_component(self) -> dict[str, float | None]:
        """Joules of each component, from the outside in; None where nothing of it is modelled."""
        return {node.name: self.result.energy_of(node.name) for node in self.hardware.nodes}

    @property
    def evaluation(self) -> Evaluation:
        """The layer as an evaluation of a network of one layer."""
        tiles = self.limits.tiles
        return Evaluation(self.network, self.hardware, self.objective, (self.result,), self.notes, tiles)

    def to_dict(self) -> dict[str, Any]:
        """The result as in the schema `assay.map/1`: only dictionaries, lists, strings, numbers, None."""
        search, limits = self.search, self.limits
        data: dict[str, Any] = {"schema": SCHEMA, "layer": self._layer_to_dict(), "hardware": self._hardware_to_dict()}
        data |= {"objective": self.objective, "tiles": limits.tiles, "max_cycles": limits.cycles}
        data |= {"max_energy_pj": _pico(limits.energy), "time_limit_s": limits.seconds}
        data |= {"energy_pj": _pico(self.energy), "cycles": self.cycles, "latency_s": self.latency}
        data |= {"edp": _edp(self.energy, self.cycles)}
        data |= {"unit": UNITS[self.objective], "value": self._in_unit(search.value)}
        data |= {"lower_bound": self._in_unit(search.lower_bound)}
        data |= {"gap": search.gap if math.isfinite(search.gap) else None, "optimal": search.optimal}
        data |= {"stopped": search.stopped, "cached": search.cached}
        data |= {"seconds": search.seconds, "partial_mappings": search.labels}
        data |= {"utilization": self.utilization, "active_pes": self.result.active_pes, "bound_by": self.bound_by}
        data["compute_cycles"] = self.result.timing.compute_cycles if self.result.timing else None
        data["energy_by_component_pj"] = {name: _pico(joules) for name, joules in self.energy_by_component.items()}
        data["counts"] = [
            {"component": c.component, "tensor": c.tensor, "action": str(c.action), "count": c.count}
            for c in self.result.counts
        ]
        data["mapping"] = mapping_to_data(self.mapping)
        data["front"] = self._front_to_list() if limits.front else None
        return data | {"notes": list(self.notes)}

    def to_json(self) -> str:
        """JSON text of `to_dict`, ending in a line break."""
        return json.dumps(self.to_dict(), indent=2, ensure_ascii=False, allow_nan=False) + "\n"

    def to_yaml(self) -> str:
        """The mapping as a mapping file, which `--mapping` of other commands and `read_mapping` read."""
        return mapping_yaml({self.layer.name: self.mapping}, [f"assay map: {self.summary}"])

    def _repr_html_(self) -> str:
        """What notebooks show: a small table."""
        return mapped_html(self)

    def _in_unit(self, value: float) -> float:
        """A value of the objective in the unit that JSON has."""
        return value if self.objective == "latency" else _digits(value * PICO)

    def _layer_to_dict(self) -> dict[str, Any]:
        network, layer = self.network, self.layer
        data: dict[str, Any] = {"name": layer.name, "op": layer.op, "network": network.name, "batch": network.batch}
        return data | {"dims": self.einsum.extents, "macs": self.macs, "einsum": einsum_to_data(self.einsum)}

    def _hardware_to_dict(self) -> dict[str, Any]:
        chip = self.hardware
        data: dict[str, Any] = {"name": chip.name, "title": chip.title, "source": chip.source}
        data |= {"dataflow": chip.dataflow or None, "clock_hz": chip.clock}
        return data | {"pes": chip.pes, "peak_macs_per_cycle": chip.peak_macs_per_cycle}

    def _front_to_list(self) -> list[dict[str, Any]]:
        return [
            {
                "energy_pj": _pico(None if self.uncharged else point.energy),
                "cycles": point.cycles,
                "edp": _edp(None if self.uncharged else point.energy, point.cycles),
                "mapping": mapping_to_data(point.mapping),
            }
            for point in self.search.front
        ]


def map_layer(
    layer: Einsum | Layer | str,
    hardware: Hardware | str | Path,
    *,
    objective: str = "energy",
    tiles: str = "perfect",
    max_cycles: int | None = None,
    max_energy: float | None = None,
    front: bool = False,
    time_limit: float | None = None,
    batch: int = 1,
    bits: int | None = None,
    uncharged: tuple[str, ...] = (),
    notes: tuple[str, ...] = (),
    dataflow: str | None = None,
    cache: bool = True,
    progress: Callable[[Searching], None] | None = None,
) -> MappedLayer:
    """The best mapping of one layer on hardware, with a proof. What is found is kept for the next time it is asked for.

    Args:
        layer: `alexnet:conv3`, a file with one layer, a layer written out (`conv:M=64,C=64,P=56,Q=56,R=3,S=3,stride=1`,
            `matmul:M=4096,N=2048,K=4096`), a `Layer`, or an `Einsum`.
        hardware: hardware, or a preset name or file for `load_hardware`.
        objective: what is to be least: `energy`, `latency` (cycles) or `edp` (energy times latency).
        tiles: `perfect`: tile sizes divide the layer; `imperfect`: any, the last tile of a loop may be smaller.
        max_cycles: only mappings that take at most so many cycles.
        max_energy: only mappings that take at most so many joules.
        front: also find the mappings of which none is better in both energy and cycles.
        time_limit: seconds after which the best mapping so far is returned, with its gap.
        batch: inputs processed together; not for an `Einsum`, which has its extents.
        bits: bits per word of a layer given as text; None: the width of the chip's operands.
        uncharged, notes: of a `TimeloopDesign`, carried along: what is left uncharged makes the energy unknown.
        dataflow: that the chip is made to work in, such as `weight_stationary` (docs/hardware.md); None: as it is.
        cache: False: search anew, and keep nothing (docs/networks.md).
        progress: called now and then during the search, in this process.

    Raises:
        InputError: an argument is wrong.
        NoMappingError: no mapping fits the hardware and the limits.
        UnsupportedError: a layer that the search cannot take.
    """
    limits = Limits(tiles, max_cycles, max_energy, time_limit, front)
    _check(objective, limits)
    network, chip = _load(layer, hardware, batch, bits, dataflow)
    (found,) = network.layers
    assert found.einsum is not None
    search = cached_best_mapping(
        found.einsum,
        chip,
        objective,
        tiles=tiles,
        max_cycles=max_cycles,
        max_energy=max_energy,
        front=front,
        time_limit=time_limit,
        tick=None if progress is None else Watch(chip, objective, progress).tick,
        cache=cache,
    )
    result = _result(found, chip, search)
    said = [*notes, *notes_of(network, chip, (result,))]
    if uncharged:
        said.insert(0, f"Energy is not modelled, because this version does not charge {', '.join(uncharged)}.")
    return MappedLayer(result, network, search, limits, uncharged, tuple(said))


def _result(layer: Layer, hardware: Hardware, search: SearchResult) -> LayerResult:
    assert layer.einsum is not None
    analysis = analyse(layer.einsum, hardware, search.mapping)
    return LayerResult(
        layer,
        hardware,
        search.mapping,
        analysis,
        time_layer(layer.einsum, hardware, search.mapping, analysis),
        energy_of_actions(layer.einsum, hardware, analysis),
        Optimality.of(search),
    )


def _load(
    layer: Einsum | Layer | str, hardware: Hardware | str | Path, batch: int, bits: int | None, dataflow: str | None
) -> tuple[Network, Hardware]:
    """A network of the one layer for the batch, and the hardware."""
    if isinstance(layer, str) and not is_written_out(layer):
        spec, name = split_layer(layer)
        network, chip = load_sources(spec, hardware, bits, dataflow)
        network = replace(network, layers=(pick_layer(network, name, spec),))
    else:
        chip = load_chip(hardware, dataflow)
        network = _alone(layer, chip, bits)
        if isinstance(layer, Einsum) and batch != 1:
            raise InputError("an einsum has its extents; a batch cannot be given beside it", hint="leave the batch out")
        load_sources(network, chip, None if isinstance(layer, str) else bits)  # whether the words fit
    if network.batch == 1 or batch != 1:
        network = network.with_batch(batch)
    return network, chip


def _alone(layer: Einsum | Layer | str, chip: Hardware, bits: int | None) -> Network:
    """A layer that belongs to no network, as a network of its own."""
    if isinstance(layer, str):
        width = min(chip.compute.bits, MAX_BITS) if bits is None else bits
        if isinstance(width, bool) or not isinstance(width, int) or not 1 <= width <= MAX_BITS:
            raise InputError(f"bits is {width!r}; it must be a whole number from 1 to {MAX_BITS}")
        return written_network(layer, bits=width)
    if isinstance(layer, Einsum):
        layer = Layer("layer", "einsum", layer)
    elif not isinstance(layer, Layer):
        raise InputError(f"the layer is a value of type {type(layer).__name__}; it must be {LAYERS}")
    if layer.einsum is None:
        raise InputError(f"layer {layer.name} has no multiply-accumulates: there is nothing to map")
    return Network(layer.name, (layer,))


def _check(objective: str, limits: Limits) -> None:
    check_objective(objective)
    if limits.tiles not in TILES:
        raise InputError(f"unknown tiles '{limits.tiles}'", hint=hint(str(limits.tiles), TILES, label="tiles are"))
    most = limits.cycles
    if most is not None and (isinstance(most, bool) or not isinstance(most, int) or most < 1):
        raise InputError(f"the most cycles are {most!r}; they must be a whole number of at least 1")
    for what, unit, value in (("most energy", "J", limits.energy), ("time limit", "s", limits.seconds)):
        if value is not None and (not isinstance(value, int | float) or not math.isfinite(value) or value <= 0):
            raise InputError(f"the {what} is {value!r} {unit}; it must be above 0")


def _pico(joules: float | None) -> float | None:
    return None if joules is None else _digits(joules * PICO)


def _edp(joules: float | None, cycles: int) -> float | None:
    """Picojoules times cycles."""
    return None if joules is None else _digits(joules * PICO * cycles)


def _digits(value: float) -> float:
    """Without the noise of the last binary digits."""
    return float(f"{value:.12g}")
