"""Assay beside Timeloop: every figure equal, or on the list with both numbers and the reason."""

from __future__ import annotations

from pathlib import Path

import pytest
from tools import parity

from tests.timeloop import differences
from tests.timeloop.differences import COUNTS, listed
from tests.timeloop.recorded import ENERGY, Compared, Recorded, compared, goldens, random_mappings
from tests.timeloop.rules import OF_INPUTS, Rule, input_figures, output_figures

PAGE = Path(__file__).parents[2] / "docs" / "parity-timeloop.md"
RUNS = (*goldens(), *random_mappings())
SMALL = 20_000
"""Steps that may be walked through one by one here."""


def test_all_runs_are_there() -> None:
    assert (len(goldens()), len(random_mappings())) == (30, 300)
    assert set(listed()) <= {run.name for run in RUNS}


@pytest.mark.parametrize("recorded", goldens(), ids=lambda recorded: recorded.name)
def test_a_case_is_equal_or_on_the_list(recorded: Recorded) -> None:
    """To accept a change: `python -m tests.timeloop.differences`, then read the difference."""
    assert _differing(compared(recorded)) == _expected(recorded)


def test_random_mappings_are_equal_or_on_the_list() -> None:
    """To accept a change: `python -m tests.timeloop.differences`, then read the difference."""
    for recorded in random_mappings():
        assert _differing(compared(recorded)) == _expected(recorded), recorded.name


def test_every_difference_has_a_reason_that_the_page_explains() -> None:
    for rows in listed().values():
        for row in rows:
            assert row.reasons
            assert set(row.reasons) <= {*parity.EXPLANATIONS, COUNTS}


@pytest.mark.parametrize("name", listed())
def test_the_reasons_give_timeloops_counts_to_the_word(name: str) -> None:
    run = compared(next(recorded for recorded in RUNS if recorded.name == name))
    for row in listed()[name]:
        rules = frozenset(rule for rule in Rule if rule in row.reasons)
        if not rules:
            continue
        tensor = row.figure.split()[1]
        if tensor == run.count.einsum.output.name:
            figures = output_figures(run.count, *rules)
        else:  # long loops only with the rule that cuts them short
            figures = input_figures(run.count, tensor, rules if run.count.analysis.steps <= SMALL else OF_INPUTS)
        assert figures[row.figure] == row.timeloop


@pytest.mark.parametrize("name", [name for name, rows in listed().items() if any(r.figure == ENERGY for r in rows)])
def test_the_reasons_give_timeloops_energy(name: str) -> None:
    run = compared(next(recorded for recorded in RUNS if recorded.name == name))
    difference = next(d for d in run.differences if d.figure == ENERGY)
    assert differences.reasons(run, difference) == next(r.reasons for r in listed()[name] if r.figure == ENERGY)


def test_timeloops_rules_together_give_all_of_its_counts() -> None:
    """Also where they make no difference: the model of its rules is not fitted to the differences."""
    for recorded in random_mappings():
        run = compared(recorded)
        figures = output_figures(run.count, Rule.ADDENDS)
        for tensor in run.count.einsum.inputs:
            figures |= input_figures(run.count, tensor.name)
        expected = dict(recorded.figures)
        assert {name: expected[name] for name in figures} == figures, recorded.name


def test_the_simulation_gives_assays_counts() -> None:
    for name, rows in listed().items():
        run = compared(next(recorded for recorded in RUNS if recorded.name == name))
        for row in rows:
            assert parity.simulation_of(run, row.figure) in (None, row.assay), (name, row.figure)


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == parity.page(), "run: make docs"


def _differing(run: Compared) -> dict[str, tuple[float, object]]:
    return {d.figure: (d.timeloop, None if d.assay is None else pytest.approx(d.assay)) for d in run.differences}


def _expected(recorded: Recorded) -> dict[str, tuple[float, object]]:
    return {row.figure: (row.timeloop, row.assay) for row in listed().get(recorded.name, ())}
