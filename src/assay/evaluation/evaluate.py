"""Evaluate a network on hardware: search a mapping per layer, count, time, charge."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping as Dictionary
from dataclasses import dataclass, replace
from pathlib import Path

from assay.errors import AssayError, InputError, Position
from assay.evaluation.energy import energy_of_actions
from assay.evaluation.given import check_given
from assay.evaluation.layer import LayerResult, Optimality
from assay.evaluation.notes import notes_of
from assay.evaluation.parallel import run_jobs
from assay.evaluation.results import Evaluation
from assay.evaluation.sources import load_sources
from assay.hardware.model import Hardware
from assay.mapper import best_mapping, check_objective
from assay.mapping.analysis import analyse
from assay.mapping.counts import Analysis
from assay.mapping.latency import time_layer
from assay.mapping.mapping import Mapping
from assay.reading.suggestions import hint
from assay.workload.einsum import Einsum
from assay.workload.network import Layer, Network

GIVEN_HINT = "a result written with --json FILE holds a mapping of every layer that fits; copy its form"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an evaluation is: `done` of `total` different layers, the last of them named `layer`."""

    done: int
    total: int
    layer: str


@dataclass(frozen=True, slots=True)
class _Job:
    """One layer to solve. Layers with the same einsum and given mapping are one job."""

    name: str
    einsum: Einsum
    hardware: Hardware
    objective: str
    mapping: Mapping | None


@dataclass(frozen=True, slots=True)
class _Solution:
    mapping: Mapping
    analysis: Analysis
    search: Optimality | None


def evaluate(
    network: Network | str | Path,
    hardware: Hardware | str | Path,
    *,
    batch: int = 1,
    bits: int | None = None,
    objective: str = "energy",
    workers: int | None = None,
    progress: Callable[[Progress], None] | None = None,
    mappings: Dictionary[str, Mapping] | None = None,
) -> Evaluation:
    """Evaluate a network on hardware, with the best mapping of every layer.

    Layers of the same shape are searched once. Different ones are searched in parallel processes; the result does not
    depend on how many there are. Where processes are spawned rather than forked (macOS, Windows), a script must call
    this under `if __name__ == "__main__":`, or pass `workers=1`.

    Args:
        network: a network, or a zoo name or file for `load_network`.
        hardware: hardware, or a preset name or file for `load_hardware`.
        batch: inputs processed together. A network that already has a batch keeps it.
        bits: bits per word of a network given by name or file; None: the width of the chip's operands. A `Network`
            keeps its own.
        objective: what the mappings minimise: `energy`.
        workers: processes; None: one per processor core, at most one per different layer.
        progress: called after each different layer, in this process.
        mappings: mappings by layer name; those layers are evaluated as given, not searched.

    Raises:
        InputError: an argument is wrong, or a given mapping does not fit its layer and hardware.
        UnsupportedError: an objective or a layer that this version cannot evaluate.
        NoMappingError: a layer fits the hardware under no mapping.
    """
    check_objective(objective)
    if workers is not None and (isinstance(workers, bool) or not isinstance(workers, int) or workers < 1):
        raise InputError(f"workers is {workers!r}; it must be a whole number of at least 1")
    network, hardware = load_sources(network, hardware, bits)
    if network.batch == 1 or batch != 1:
        network = network.with_batch(batch)
    given = _known_layers(network, mappings or {})
    jobs = _jobs(network, hardware, objective, given)
    solutions = _solve_all(list(jobs), workers, progress)
    by_job = dict(zip(jobs, solutions, strict=True))
    by_layer = {name: by_job[job] for job, names in jobs.items() for name in names}
    layers = tuple(_layer_result(layer, hardware, by_layer.get(layer.name)) for layer in network.layers)
    return Evaluation(network, hardware, objective, layers, notes_of(network, hardware, layers))


def _known_layers(network: Network, mappings: Dictionary[str, Mapping]) -> Dictionary[str, Mapping]:
    names = [layer.name for layer in network.layers if layer.einsum is not None]
    for name in mappings:
        if name not in names:
            message = f"a mapping is given for layer '{name}', which {network.name} does not have"
            advice = hint(name, names, label="its layers with MACs")
            raise InputError(message, at=mappings[name].at, hint=advice)
    return mappings


def _jobs(
    network: Network, hardware: Hardware, objective: str, given: Dictionary[str, Mapping]
) -> dict[_Job, tuple[str, ...]]:
    """The different jobs, in order of first use, each with the layers that share it."""
    jobs: dict[tuple[Einsum, Mapping | None], tuple[_Job, tuple[str, ...]]] = {}
    for layer in network.layers:
        if layer.einsum is not None:
            key = (layer.einsum, given.get(layer.name))
            job, names = jobs.get(key, (_Job(layer.name, layer.einsum, hardware, objective, key[1]), ()))
            jobs[key] = (job, (*names, layer.name))
    return dict(jobs.values())


def _solve_all(jobs: list[_Job], workers: int | None, progress: Callable[[Progress], None] | None) -> list[_Solution]:
    def report(done: int, job: _Job) -> None:
        if progress is not None:
            progress(Progress(done, len(jobs), job.name))

    outcomes = run_jobs(_solve, jobs, workers, report)
    for outcome in outcomes:
        if isinstance(outcome, _Failure):
            raise outcome.error()
    return [outcome for outcome in outcomes if isinstance(outcome, _Solution)]


@dataclass(frozen=True, slots=True)
class _Failure:
    """An error meant for the user on its way between processes."""

    kind: type[AssayError]
    message: str
    at: Position | None
    hint: str | None

    def error(self) -> AssayError:
        return self.kind(self.message, at=self.at, hint=self.hint)


def _solve(job: _Job) -> _Solution | _Failure:
    """Find (or take) the mapping of one layer and count under it. Runs in any process."""
    try:
        if job.mapping is not None:
            analysis = analyse(job.einsum, job.hardware, job.mapping)
            check_given(job.einsum, job.hardware, job.mapping, analysis)
            return _Solution(job.mapping, analysis, None)
        found = best_mapping(job.einsum, job.hardware, job.objective)
        search = Optimality(found.optimal, found.gap, found.lower_bound)
        return _Solution(found.mapping, analyse(job.einsum, job.hardware, found.mapping), search)
    except AssayError as error:
        at, advice = error.at, error.hint
        if job.mapping is not None:
            at, advice = at or job.mapping.at, advice or GIVEN_HINT
        return _Failure(type(error), f"layer {job.name}: {error.message}", at, advice)


def _layer_result(layer: Layer, hardware: Hardware, solution: _Solution | None) -> LayerResult:
    result = LayerResult(layer, hardware)
    if layer.einsum is None or solution is None:
        return result
    return replace(
        result,
        mapping=solution.mapping,
        analysis=solution.analysis,
        timing=time_layer(layer.einsum, hardware, solution.mapping, solution.analysis),
        energies=energy_of_actions(layer.einsum, hardware, solution.analysis),
        search=solution.search,
    )
