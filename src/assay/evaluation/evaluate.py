"""Evaluate a network on hardware: search a mapping per layer, count, time, charge."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping as Dictionary
from dataclasses import dataclass, replace
from pathlib import Path

from assay.errors import AssayError, InputError, Position
from assay.evaluation.given import check_given
from assay.evaluation.layer import LayerResult, Optimality
from assay.evaluation.notes import notes_of
from assay.evaluation.parallel import run_jobs
from assay.evaluation.progress import Progress, Tracker, search_size
from assay.evaluation.results import Evaluation
from assay.evaluation.search import SearchPlan
from assay.evaluation.sources import load_sources
from assay.hardware.model import Hardware
from assay.mapper import SearchResult, best_mapping
from assay.mapper.cache import keep, recall, say_once, search_key
from assay.mapping.analysis import analyse
from assay.mapping.counts import Analysis
from assay.mapping.energy import energy_of_actions
from assay.mapping.latency import time_layer
from assay.mapping.mapping import Mapping
from assay.reading.suggestions import hint
from assay.workload.einsum import Einsum
from assay.workload.network import Network

__all__ = ["Progress", "evaluate"]

GIVEN_HINT = "a result written with --json FILE holds a mapping of every layer that fits; copy its form"


@dataclass(frozen=True, slots=True)
class _Job:
    """One layer to solve. Layers with the same einsum and given mapping are one job."""

    name: str
    einsum: Einsum
    hardware: Hardware
    search: SearchPlan
    mapping: Mapping | None

    def key(self) -> str | None:
        """Its place in the cache; None if it has none."""
        if self.mapping is not None or not self.search.cache:
            return None
        return search_key(self.einsum, self.hardware, self.search.objective, tiles=self.search.tiles)


@dataclass(frozen=True, slots=True)
class _Solution:
    """`trouble`: why the result of the search could not be kept."""

    mapping: Mapping
    analysis: Analysis
    search: Optimality | None
    trouble: str | None = None


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
    tiles: str = "perfect",
    time_limit: float | None = None,
    cache: bool = True,
    dataflow: str | None = None,
    power_gating: bool = False,
) -> Evaluation:
    """Evaluate a network on hardware, with the best mapping of every layer.

    Layers of the same shape are searched once. Different ones are searched in parallel processes; the result does not
    depend on how many there are. What is found is kept at once in the user's cache folder (docs/networks.md): whatever
    ends an evaluation before its time, the next one goes on from there. Where processes are spawned rather than forked
    (macOS, Windows), a script must call this under `if __name__ == "__main__":`, or pass `workers=1`.

    Args:
        network: a network, or a zoo name or file for `load_network`.
        hardware: hardware, or a preset name or file for `load_hardware`.
        batch: inputs processed together. A network that already has a batch keeps it.
        bits: bits per word of a network given by name or file; None: the width of the chip's operands. A `Network`
            keeps its own.
        objective: what the mapping of each layer minimises: `energy`, `latency` or `edp` (energy times latency).
        workers: processes; None: one per processor core, at most one per different layer.
        progress: called in this process, before the first search and after each different layer.
        mappings: mappings by layer name; those layers are evaluated as given, not searched.
        tiles: sizes of tiles: `perfect`, those that divide the layer, or `imperfect`, all.
        time_limit: seconds for the search of each different layer; then the best mapping so far is taken.
        cache: False: search every layer, and keep nothing.
        dataflow: that the chip is made to work in, such as `weight_stationary` (docs/hardware.md); None: as it is.
        power_gating: True: instances that get no work in a layer are switched off in it, and do not leak.

    Raises:
        InputError: an argument is wrong, or a given mapping does not fit its layer and hardware.
        UnsupportedError: a layer that this version cannot evaluate.
        NoMappingError: a layer fits the hardware under no mapping.
        KeyboardInterrupt: Ctrl-C; says how many layers are done and kept.
    """
    search = SearchPlan(objective, tiles, time_limit, workers, cache)
    network, hardware = load_sources(network, hardware, bits, dataflow)
    if network.batch == 1 or batch != 1:
        network = network.with_batch(batch)
    given = _known_layers(network, mappings or {})
    jobs = _jobs(network, hardware, search, given)
    solutions = _solve_all(list(jobs), workers, Tracker(progress, len(jobs), time_limit))
    layers = _layer_results(network, hardware, jobs, solutions)
    notes = notes_of(network, hardware, layers, objective)
    return Evaluation(network, hardware, objective, layers, notes, tiles, power_gating)


def _known_layers(network: Network, mappings: Dictionary[str, Mapping]) -> Dictionary[str, Mapping]:
    names = [layer.name for layer in network.layers if layer.einsum is not None]
    for name in mappings:
        if name not in names:
            message = f"a mapping is given for layer '{name}', which {network.name} does not have"
            advice = hint(name, names, label="its layers with MACs")
            raise InputError(message, at=mappings[name].at, hint=advice)
    return mappings


def _jobs(
    network: Network, hardware: Hardware, search: SearchPlan, given: Dictionary[str, Mapping]
) -> dict[_Job, tuple[str, ...]]:
    """The different jobs, in order of first use, each with the layers that share it."""
    jobs: dict[tuple[Einsum, Mapping | None], tuple[_Job, tuple[str, ...]]] = {}
    for layer in network.layers:
        if layer.einsum is not None:
            key = (layer.einsum, given.get(layer.name))
            job, names = jobs.get(key, (_Job(layer.name, layer.einsum, hardware, search, key[1]), ()))
            jobs[key] = (job, (*names, layer.name))
    return dict(jobs.values())


def _solve_all(jobs: list[_Job], workers: int | None, tracker: Tracker) -> list[_Solution]:
    """In the order of the jobs; raises the error of the first one that has one."""
    outcomes: dict[_Job, _Outcome] = {}
    for job in jobs:
        known = _known(job)
        if known is not None or job.mapping is not None:
            outcomes[job] = _solve(job) if known is None else known
            tracker.known(job.name, cached=known is not None)
    if len(outcomes) < len(jobs):
        outcomes |= _search_all([job for job in jobs if job not in outcomes], workers, tracker)
    found = [outcomes[job] for job in jobs]
    for outcome in found:
        if isinstance(outcome, _Failure):
            raise outcome.error()
    solutions = [outcome for outcome in found if isinstance(outcome, _Solution)]
    if troubles := [solution.trouble for solution in solutions if solution.trouble]:
        say_once(troubles[0])
    return solutions


def _search_all(jobs: list[_Job], workers: int | None, tracker: Tracker) -> dict[_Job, _Outcome]:
    """Search in processes, the costliest layer first, so that no process is left alone with it at the end."""
    sizes = {job: search_size(job.einsum) for job in jobs}
    ordered = sorted(jobs, key=lambda job: -sizes[job])

    def report(done: int, job: _Job) -> None:
        tracker.searched(job.name, sizes[job])

    try:
        found = run_jobs(_solve, ordered, workers, report, lambda count: tracker.begin(list(sizes.values()), count))
    except KeyboardInterrupt:
        if jobs[0].key() is None:
            raise
        done = tracker.total - sum(_known(job) is None for job in jobs)
        kept = f"{done} of {tracker.total} different layers are done and kept"
        raise KeyboardInterrupt(f"{kept}; the same evaluation will go on from there") from None
    return dict(zip(ordered, found, strict=True))


def _known(job: _Job) -> _Solution | None:
    """What the cache has for a job."""
    key = job.key()
    found = None if key is None else recall(key)
    return None if found is None else _solution(job, found)


@dataclass(frozen=True, slots=True)
class _Failure:
    """An error meant for the user on its way between processes."""

    kind: type[AssayError]
    message: str
    at: Position | None
    hint: str | None

    def error(self) -> AssayError:
        return self.kind(self.message, at=self.at, hint=self.hint)


_Outcome = _Solution | _Failure


def _solve(job: _Job) -> _Outcome:
    """Find (or take) the mapping of one layer and count under it. Runs in any process."""
    try:
        if job.mapping is not None:
            analysis = analyse(job.einsum, job.hardware, job.mapping)
            check_given(job.einsum, job.hardware, job.mapping, analysis)
            return _Solution(job.mapping, analysis, None)
        return _searched(job)
    except AssayError as error:
        at, advice = error.at, error.hint
        if job.mapping is not None:
            at, advice = at or job.mapping.at, advice or GIVEN_HINT
        return _Failure(type(error), f"layer {job.name}: {error.message}", at, advice)


def _searched(job: _Job) -> _Solution:
    """Search, and keep what is found at once: nothing that happens to other layers can undo it."""
    key, search = job.key(), job.search
    if (known := _known(job)) is not None:  # another evaluation has found it in the meantime
        return known
    found = best_mapping(job.einsum, job.hardware, search.objective, tiles=search.tiles, time_limit=search.time_limit)
    trouble = None if key is None else keep(key, found)
    return replace(_solution(job, found), trouble=trouble)


def _solution(job: _Job, found: SearchResult) -> _Solution:
    return _Solution(found.mapping, analyse(job.einsum, job.hardware, found.mapping), Optimality.of(found))


def _layer_results(
    network: Network, hardware: Hardware, jobs: dict[_Job, tuple[str, ...]], solutions: list[_Solution]
) -> tuple[LayerResult, ...]:
    """One result per layer; those of one job share all but the layer."""
    results = {layer.name: LayerResult(layer, hardware) for layer in network.layers}
    for (job, names), solution in zip(jobs.items(), solutions, strict=True):
        timing = time_layer(job.einsum, hardware, solution.mapping, solution.analysis)
        energies = energy_of_actions(job.einsum, hardware, solution.analysis)
        for name in names:
            results[name] = LayerResult(
                results[name].layer, hardware, solution.mapping, solution.analysis, timing, energies, solution.search
            )
    return tuple(results.values())
