"""The closed forms against the oracle, which runs every loop."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from assay.hardware.model import Hardware
from assay.mapping.analysis import analyse
from assay.mapping.mapping import Mapping
from assay.workload.einsum import Einsum
from tests.oracle import simulate
from tests.strategies import cases

Case = tuple[Einsum, Hardware, Mapping]


def check(case: Case) -> None:
    einsum, hardware, mapping = case
    expected = simulate(einsum, hardware, mapping)
    result = analyse(einsum, hardware, mapping)
    counts = {(c.component, c.tensor, c.action): c.count for c in result.counts}
    assert counts == expected.counts
    assert {(o.component, o.tensor): o.words for o in result.occupancy} == expected.occupancy
    assert result.steps == expected.steps
    assert result.active_pes == expected.active_pes


@settings(max_examples=600)
@given(cases(perfect=True))
def test_perfect_factors_equal_the_oracle(case: Case) -> None:
    check(case)


@settings(max_examples=600)
@given(cases(perfect=False))
def test_imperfect_factors_equal_the_oracle(case: Case) -> None:
    check(case)


@settings(max_examples=300)
@given(cases(perfect=True, linked=True))
def test_links_equal_the_oracle(case: Case) -> None:
    check(case)


@pytest.mark.long
@settings(max_examples=45_000)
@given(cases(perfect=True))
def test_many_perfect_cases(case: Case) -> None:
    check(case)


@pytest.mark.long
@settings(max_examples=45_000)
@given(cases(perfect=False))
def test_many_imperfect_cases(case: Case) -> None:
    check(case)


@pytest.mark.long
@settings(max_examples=10_000)
@given(cases(perfect=True, linked=True))
def test_many_linked_cases(case: Case) -> None:
    check(case)
