"""Many layers on one chip at once, where some may have no mapping: each different one is searched once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from assay.errors import NoMappingError, UnsupportedError
from assay.evaluation.layer import LayerResult, Optimality
from assay.evaluation.parallel import run_jobs
from assay.evaluation.progress import Progress, Tracker, search_size
from assay.evaluation.search import SearchPlan
from assay.hardware.model import Hardware
from assay.mapper.cache import cached_best_mapping, recall, search_key
from assay.mapper.feasible import has_mapping
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


SearchOutcome = SearchResult | Failure


@dataclass(frozen=True, slots=True)
class _Job:
    name: str
    einsum: Einsum
    hardware: Hardware
    search: SearchPlan

    def key(self) -> str | None:
        if not self.search.cache:
            return None
        return search_key(self.einsum, self.hardware, self.search.objective, tiles=self.search.tiles)


def search_layers(
    layers: Iterable[tuple[str, Einsum]],
    hardware: Hardware,
    search: SearchPlan,
    progress: Callable[[Progress], None] | None = None,
) -> dict[Einsum, SearchOutcome]:
    """The best mapping of each, or why there is none. Everything found is kept at once for the next time.

    Args:
        layers: (name for the progress, einsum); the same einsum may come again.
        progress: called after each different layer.

    Raises:
        KeyboardInterrupt: Ctrl-C; says how many are done and kept.
    """
    jobs: dict[Einsum, _Job] = {}
    for name, einsum in layers:
        jobs.setdefault(einsum, _Job(name, einsum, hardware, search))
    tracker = Tracker(progress, len(jobs), search.time_limit)
    found: dict[Einsum, SearchOutcome] = {}
    for einsum, job in jobs.items():
        if (known := _known(job)) is not None:
            found[einsum] = known
            tracker.known(job.name, cached=True)
    left = sorted((job for job in jobs.values() if job.einsum not in found), key=lambda job: -search_size(job.einsum))
    if left:
        found |= _search_all(left, search.workers, tracker)
    return found


def _search_all(jobs: list[_Job], workers: int | None, tracker: Tracker) -> dict[Einsum, SearchOutcome]:
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


def _solve(job: _Job) -> SearchOutcome:
    """Runs in any process."""
    search = job.search
    try:
        return cached_best_mapping(
            job.einsum,
            job.hardware,
            search.objective,
            tiles=search.tiles,
            time_limit=search.time_limit,
            cache=search.cache,
        )
    except UnsupportedError as error:
        return Failure(error.message, error.hint or "", unknown=True)
    except NoMappingError as error:  # of one that fits, it is the search that has found none
        return Failure(error.message, error.hint or "", unknown=has_mapping(job.einsum, job.hardware))


def layer_result(layer: Layer, hardware: Hardware, found: SearchResult) -> LayerResult:
    """Counts, cycles and energies of a layer under the mapping that was found."""
    assert layer.einsum is not None
    analysis = analyse(layer.einsum, hardware, found.mapping)
    timing = time_layer(layer.einsum, hardware, found.mapping, analysis)
    energies = energy_of_actions(layer.einsum, hardware, analysis)
    return LayerResult(layer, hardware, found.mapping, analysis, timing, energies, Optimality.of(found))
