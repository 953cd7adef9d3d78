"""Many layers on one chip at once, where some may have no mapping: each different one is searched once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from assay.errors import NoMappingError, UnsupportedError
from assay.evaluation.layer import LayerResult, Optimality
from assay.evaluation.parallel import run_jobs
from assay.evaluation.progress import Progress, Tracker, search_size
from assay.hardware.model import Hardware
from assay.mapper.cache import cached_best_mapping, recall, search_key
from assay.mapper.result import SearchResult
from assay.mapping.analysis import analyse
from assay.mapping.energy import energy_of_actions
from assay.mapping.latency import time_layer
from assay.workload.einsum import Einsum
from assay.workload.network import Layer


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a layer does not run, and what could be done about it; `unknown`: it may run, but cannot be searched."""

    reason: str
    hint: str = ""
    unknown: bool = False


Outcome = SearchResult | Failure


@dataclass(frozen=True, slots=True)
class Question:
    """How all layers are searched.

    Attributes:
        hardware: what they run on.
        objective, tiles, cache: as for `assay.evaluate`.
        workers: processes; None: one per processor core.
        progress: called after each different layer.
    """

    hardware: Hardware
    objective: str = "edp"
    tiles: str = "perfect"
    cache: bool = True
    workers: int | None = None
    progress: Callable[[Progress], None] | None = None


@dataclass(frozen=True, slots=True)
class _Job:
    name: str
    einsum: Einsum
    hardware: Hardware
    objective: str
    tiles: str
    cache: bool

    def key(self) -> str | None:
        return search_key(self.einsum, self.hardware, self.objective, tiles=self.tiles) if self.cache else None


def search_layers(layers: Iterable[tuple[str, Einsum]], question: Question) -> dict[Einsum, Outcome]:
    """The best mapping of each, or why there is none. Everything found is kept at once for the next time.

    Args:
        layers: (name for the progress, einsum); the same einsum may come again.

    Raises:
        KeyboardInterrupt: Ctrl-C; says how many are done and kept.
    """
    chip, objective, tiles, cache = question.hardware, question.objective, question.tiles, question.cache
    jobs: dict[Einsum, _Job] = {}
    for name, einsum in layers:
        jobs.setdefault(einsum, _Job(name, einsum, chip, objective, tiles, cache))
    tracker = Tracker(question.progress, len(jobs), None)
    found: dict[Einsum, Outcome] = {}
    for einsum, job in jobs.items():
        if (known := _known(job)) is not None:
            found[einsum] = known
            tracker.known(job.name, cached=True)
    left = sorted((job for job in jobs.values() if job.einsum not in found), key=lambda job: -search_size(job.einsum))
    if left:
        found |= _search_all(left, question.workers, tracker)
    return found


def _search_all(jobs: list[_Job], workers: int | None, tracker: Tracker) -> dict[Einsum, Outcome]:
    """In processes, the costliest first."""
    sizes = [search_size(job.einsum) for job in jobs]

    def report(done: int, job: _Job) -> None:
        tracker.searched(job.name, search_size(job.einsum))

    try:
        outcomes = run_jobs(_solve, jobs, workers, report, lambda count: tracker.begin(sizes, count))
    except KeyboardInterrupt:
        if jobs[0].key() is None:
            raise
        done = tracker.total - sum(_known(job) is None for job in jobs)
        kept = f"{done} of {tracker.total} different layers are done and kept"
        raise KeyboardInterrupt(f"{kept}; the same command will go on from there") from None
    return {job.einsum: outcome for job, outcome in zip(jobs, outcomes, strict=True)}


def _known(job: _Job) -> SearchResult | None:
    key = job.key()
    return None if key is None else recall(key)


def _solve(job: _Job) -> Outcome:
    """Runs in any process."""
    try:
        return cached_best_mapping(job.einsum, job.hardware, job.objective, tiles=job.tiles, cache=job.cache)
    except (NoMappingError, UnsupportedError) as error:
        return Failure(error.message, error.hint or "", isinstance(error, UnsupportedError))


def layer_result(layer: Layer, hardware: Hardware, found: SearchResult) -> LayerResult:
    """Counts, cycles and energies of a layer under the mapping that was found."""
    assert layer.einsum is not None
    analysis = analyse(layer.einsum, hardware, found.mapping)
    timing = time_layer(layer.einsum, hardware, found.mapping, analysis)
    energies = energy_of_actions(layer.einsum, hardware, analysis)
    return LayerResult(layer, hardware, found.mapping, analysis, timing, energies, Optimality.of(found))
