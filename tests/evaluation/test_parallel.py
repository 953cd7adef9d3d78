import multiprocessing
import os
import sys
import time

import pytest

from assay.errors import AssayError
from assay.evaluation import parallel
from assay.evaluation.parallel import run_jobs


def _slowest_first(job: int) -> tuple[int, int]:
    time.sleep(0.05 * (3 - job))
    return job, os.getpid()


def _fail(job: int) -> int:
    if job == 0:
        raise ValueError("no")
    time.sleep(30)
    return job


def _interrupt(done: int, job: int) -> None:
    raise KeyboardInterrupt


def _quick_then_slow(job: int) -> int:
    time.sleep(30 * job)
    return job


@pytest.mark.parametrize("workers", [1, 3])
def test_outcomes_are_in_the_order_of_the_jobs(workers: int) -> None:
    reported: list[int] = []
    outcomes = run_jobs(_slowest_first, [0, 1, 2], workers, lambda done, job: reported.append(done))
    assert [job for job, _ in outcomes] == [0, 1, 2]
    assert reported == [1, 2, 3]
    assert (os.getpid() in {pid for _, pid in outcomes}) == (workers == 1)


def test_one_job_needs_no_process() -> None:
    assert run_jobs(_slowest_first, [2], 8)[0][1] == os.getpid()
    assert run_jobs(_slowest_first, [], 8) == []


def test_an_error_ends_the_other_processes() -> None:
    start = time.monotonic()
    with pytest.raises(ValueError, match="no"):
        run_jobs(_fail, [0, 1], 2)
    _expect_no_children(start)


def test_an_interruption_ends_the_other_processes() -> None:
    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        run_jobs(_quick_then_slow, [0, 1], 2, _interrupt)
    _expect_no_children(start)


def _expect_no_children(start: float) -> None:
    while multiprocessing.active_children() and time.monotonic() - start < 10:
        time.sleep(0.01)
    assert multiprocessing.active_children() == []


def _die(job: int) -> None:
    os._exit(job)


def test_a_process_that_dies_is_an_error_of_ours() -> None:
    with pytest.raises(AssayError, match="ended before its time"):
        run_jobs(_die, [1, 2], 2)


def test_spawned_processes_work_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(multiprocessing, "get_context", lambda method: _context("spawn"))
    assert run_jobs(abs, [-1, -2], 2) == [1, 2]


_context = multiprocessing.get_context


def test_where_no_process_can_start_the_work_is_done_here(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise OSError("no more processes")

    monkeypatch.setattr(parallel, "ProcessPoolExecutor", refuse)
    assert [job for job, _ in run_jobs(_slowest_first, [1, 2], 2)] == [1, 2]
