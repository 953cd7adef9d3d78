"""Run independent jobs in processes, in a given order of results, and leave none behind when interrupted."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

from assay.errors import AssayError

PATIENCE = 2.0
"""Seconds for what a pool has to do after it is broken off."""

Job = TypeVar("Job")
Result = TypeVar("Result")


def run_jobs(
    work: Callable[[Job], Result],
    jobs: Sequence[Job],
    workers: int | None = None,
    report: Callable[[int, Job], None] = lambda done, job: None,
    begin: Callable[[int], None] = lambda workers: None,
) -> list[Result]:
    """The outcomes of `work` on each job, in the order of the jobs, in which they are also begun.

    Args:
        work: a function at the top of a module, so that any process can find it.
        workers: processes; None: one per processor core. One process, or one job, runs here.
        report: called in this process with (jobs done, the job just done).
        begin: called in this process with the number of processes, before the first job.
    """
    count = min(workers or available_cores(), len(jobs))
    pool = _pool(count) if count > 1 else None
    begin(1 if pool is None else count)
    if pool is None:
        outcomes = []
        for done, job in enumerate(jobs, start=1):
            outcomes.append(work(job))
            report(done, job)
        return outcomes
    return _run_in_pool(pool, work, jobs, report)


def available_cores() -> int:
    """Processor cores that this process may use."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _pool(workers: int) -> ProcessPoolExecutor | None:
    """A pool, or None where the system allows no further processes."""
    # A fork is fast and needs no `__main__` guard in the caller's script, but is unsafe beside other threads.
    fork = sys.platform == "linux" and threading.active_count() == 1
    context = multiprocessing.get_context("fork" if fork else None)
    try:
        return ProcessPoolExecutor(workers, mp_context=context, initializer=_quiet_on_interrupt)
    except (OSError, ImportError, NotImplementedError):
        return None


def _quiet_on_interrupt() -> None:
    """In a worker: Ctrl-C reaches every process of the terminal; end without a traceback."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _run_in_pool(
    pool: ProcessPoolExecutor,
    work: Callable[[Job], Result],
    jobs: Sequence[Job],
    report: Callable[[int, Job], None],
) -> list[Result]:
    before, threads = set(multiprocessing.active_children()), set(threading.enumerate())
    try:
        futures = {pool.submit(work, job): index for index, job in enumerate(jobs)}
        outcomes: dict[int, Any] = {}
        for future in as_completed(futures):
            index = futures[future]
            outcomes[index] = future.result()
            report(len(outcomes), jobs[index])
        pool.shutdown()
        return [outcomes[index] for index in range(len(jobs))]
    except BrokenProcessPool:
        raise AssayError(
            "a process of the search ended before its time, perhaps for lack of memory", hint="try --workers 1"
        ) from None
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        for process in set(multiprocessing.active_children()) - before:
            process.terminate()
        for thread in set(threading.enumerate()) - threads:  # at its end, the pool's own thread closes what Python's
            thread.join(PATIENCE)  # exit writes to: without this, the two may meet and leave a traceback
        raise
