"""The search finds the best there is: against every mapping, one by one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, Phase, assume, given, note, settings
from hypothesis import strategies as st

from assay.errors import UnsupportedError
from assay.mapper import OBJECTIVES, bounded_conventions
from tests.mapper.instances import Instance, Kind, instances, literal
from tests.mapper.proof import TASKS, check, check_imperfect, exact

PENDING: frozenset[str] = frozenset()
"""What the search does not know yet: skipped where it says so. To be emptied, and then to go."""

RARE = 0.02
"""At most this share of answers may lack the proof that they are optimal, where everything overlaps."""

OVERLAPPING = Kind()
WAITING = Kind(buffering=True)
LINKED = Kind(links=True, mappings=150)
UNKNOWN = Kind(unknown=True)
CONSTRAINED = Kind(constraints=True)
IMPERFECT = Kind(extent=7, fill=False)
IMPERFECT_CONSTRAINED = Kind(mappings=60, extent=6, fill=False, constraints=True)

slow = settings(suppress_health_check=list(HealthCheck), phases=set(Phase) - {Phase.shrink, Phase.explain})
shares = st.sampled_from((0.0, 1.0)) | st.integers(-10, 110).map(lambda percent: percent / 100)


def answer(task: str, instance: Instance, share: float) -> str:
    """As `check`, but for what is pending."""
    return unless_pending(task, instance, lambda: check(task, instance, share), f"share = {share}")


def answer_imperfect(objective: str, instance: Instance) -> str:
    return unless_pending("imperfect", instance, lambda: check_imperfect(instance, objective))


def unless_pending(task: str, instance: Instance, answered: Callable[[], str], more: str = "") -> str:
    einsum, hardware = instance
    note(f"einsum = {literal(einsum)}\nhardware = {literal(hardware)}\n{more}")
    if "conventions" in PENDING:
        assume(not bounded_conventions(hardware))
    try:
        return answered()
    except UnsupportedError as error:
        if task in PENDING:
            pytest.skip(f"pending: {error.message}")
        raise


# By default a test sees the same instances whatever its other arguments are: each is enumerated once.
@pytest.mark.parametrize("task", TASKS)
@settings(slow, max_examples=80)
@given(instances(OVERLAPPING), shares)
def test_no_mapping_beats_the_search(task: str, instance: Instance, share: float) -> None:
    answer(task, instance, share)


@pytest.mark.parametrize("task", ["latency", "edp", "front"])
@settings(slow, max_examples=20)
@given(instances(WAITING), shares)
def test_where_transfers_do_not_overlap(task: str, instance: Instance, share: float) -> None:
    answer(task, instance, share)


@pytest.mark.parametrize("task", ["energy", "latency", "edp", "front"])
@settings(slow, max_examples=40)
@given(instances(CONSTRAINED), shares)
def test_under_constraints_and_dataflows(task: str, instance: Instance, share: float) -> None:
    answer(task, instance, share)


@pytest.mark.parametrize("task", ["energy", "edp"])
@settings(slow, max_examples=15)
@given(instances(LINKED), shares)
def test_where_neighbours_pass_words_on(task: str, instance: Instance, share: float) -> None:
    answer(task, instance, share)


@settings(slow, max_examples=15)
@given(instances(UNKNOWN), shares)
def test_latency_without_energies(instance: Instance, share: float) -> None:
    answer("latency", instance, share)


@pytest.mark.parametrize("objective", OBJECTIVES)
@settings(slow, max_examples=15)
@given(instances(IMPERFECT))
def test_tiles_of_any_size(objective: str, instance: Instance) -> None:
    answer_imperfect(objective, instance)


@pytest.mark.parametrize("objective", OBJECTIVES)
@settings(slow, max_examples=20)
@given(instances(IMPERFECT_CONSTRAINED))
def test_tiles_of_any_size_under_constraints(objective: str, instance: Instance) -> None:
    answer_imperfect(objective, instance)


@pytest.mark.long
@pytest.mark.parametrize("task", TASKS)
def test_no_mapping_beats_the_search_in_many_cases(task: str) -> None:
    answers: Counter[str] = Counter()

    @settings(slow, max_examples=1200)
    @given(instances(OVERLAPPING), shares)
    def run(instance: Instance, share: float) -> None:
        found = answer(task, instance, share)
        answers[found if exact(instance[1]) else "other"] += 1

    run()
    assert answers["bounded"] <= RARE * answers.total()


@pytest.mark.long
@pytest.mark.parametrize("task", TASKS)
@settings(slow, max_examples=100)
@given(instances(Kind(mappings=6000)), shares)
def test_no_mapping_beats_the_search_among_many_mappings(task: str, instance: Instance, share: float) -> None:
    answer(task, instance, share)


@pytest.mark.long
@pytest.mark.parametrize("task", TASKS)
def test_many_cases_with_links_and_waits(task: str) -> None:
    answers: Counter[str] = Counter()

    @settings(slow, max_examples=400)
    @given(instances(Kind(buffering=True, links=True, mappings=250)), shares)
    def run(instance: Instance, share: float) -> None:
        found = answer(task, instance, share)
        answers[found if exact(instance[1]) else "other"] += 1

    run()
    assert answers["bounded"] <= max(RARE * answers.total(), 2)


@pytest.mark.long
@pytest.mark.parametrize("task", TASKS)
@settings(slow, max_examples=600)
@given(instances(Kind(buffering=True, constraints=True)), shares)
def test_many_cases_under_constraints_and_dataflows(task: str, instance: Instance, share: float) -> None:
    answer(task, instance, share)


@pytest.mark.long
@settings(slow, max_examples=500)
@given(instances(UNKNOWN), shares)
def test_latency_without_energies_in_many_cases(instance: Instance, share: float) -> None:
    answer("latency", instance, share)


@pytest.mark.long
@pytest.mark.parametrize("objective", OBJECTIVES)
@settings(slow, max_examples=1000)
@given(instances(IMPERFECT))
def test_tiles_of_any_size_in_many_cases(objective: str, instance: Instance) -> None:
    answer_imperfect(objective, instance)


@pytest.mark.long
@pytest.mark.parametrize("objective", OBJECTIVES)
@settings(slow, max_examples=1000)
@given(instances(IMPERFECT_CONSTRAINED))
def test_tiles_of_any_size_under_constraints_in_many_cases(objective: str, instance: Instance) -> None:
    answer_imperfect(objective, instance)
