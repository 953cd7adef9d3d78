"""Write docs/parity-timeloop.md: Assay's counts beside those of Timeloop on the same files.

    python -m tools.parity > docs/parity-timeloop.md

No figure on the page is typed in: Timeloop's come from tests/timeloop/goldens, ours from counting the same files, a third
opinion from tests/oracle.py, which runs the loops of a mapping one by one.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from tests.oracle import Result, simulate
from tests.timeloop.differences import ACTIONS, COUNTS, Listed, listed
from tests.timeloop.recorded import ENERGY, Compared, Recorded, compared, goldens, random_mappings

LARGEST = 20_000
"""Multiply-accumulates of a run that is simulated: enough for all random mappings, and a matter of seconds."""

EXPLANATIONS = {
    "change of step": (
        "Timeloop credits what a tile shares with the one before it only if the tile moved along one rank, and by the same "
        "step as in its last move; otherwise the whole tile is fetched again (`SaveAndSubtractIfSameStride`, "
        "`AxisAlignedHyperRectangle::Subtract`). Assay fetches the words that are not there."
    ),
    "two iterations": (
        "Of every loop in time Timeloop runs the first two iterations and lets the second stand for all that follow, so that "
        "the next tile is compared with that of the second iteration and not of the last (`ComputeTemporalWorkingSet`). The "
        "figure can be too small or too large: words that were there at the second iteration count as present, even if they "
        "have left since."
    ),
    "links per child": (
        "Timeloop counts the words that neighbours pass on below one parent, but divides them among the children of all "
        "parents; then it rounds a child's reads and cuts its fills to whole words (`ComputePeerAccesses`). Assay counts "
        "every word that is passed on once, below every parent."
    ),
    "updated read-modify-write": (
        "The option `TIMELOOP_ENABLE_UPDATED_RMW=1` lets only the second memory from the outside fetch partial sums; the "
        "memories inside start from nothing and read what they send up. Assay has no such convention."
    ),
    "energy of hops": (
        "Timeloop charges the hops of words through a network (`energy_per_hop`, `router_energy`); Assay does not model "
        "them. Where they are given, Assay's energy is not known; all counts are equal."
    ),
    "leakage": (
        "The table of energies gives leakage per cycle, which Timeloop adds to the total; Assay does not model it. The rest "
        "of the energy is equal."
    ),
}
"""Reason -> what it is, in two or three sentences."""


@dataclass(frozen=True)
class Summary:
    """Runs of one kind: how many, their figures, and how many of these are equal."""

    runs: int
    equal_runs: int
    figures: int
    equal: int


def summary(runs: Iterable[Compared]) -> Summary:
    """What the runs have in common."""
    every = list(runs)
    figures = sum(run.figures for run in every)
    equal_runs = sum(not run.differences for run in every)
    return Summary(len(every), equal_runs, figures, figures - sum(len(run.differences) for run in every))


@cache
def simulated(run: Compared) -> Result | None:
    """The loops run one by one; None where there are too many."""
    count = run.count
    return simulate(count.einsum, count.hardware, count.mapping) if count.computes <= LARGEST else None


def simulation_of(run: Compared, figure: str) -> int | None:
    """The simulation's word on one figure; None where there is none."""
    result = None if figure == ENERGY else simulated(run)
    if result is None:
        return None
    memory, tensor, what = figure.split()
    return result.count(memory, tensor, ACTIONS[what])


def reasons_of(rows: Iterable[Listed]) -> str:
    """Every reason once, in order."""
    names = dict.fromkeys(reason for row in rows for reason in row.reasons if reason != COUNTS)
    return ", ".join(names)


def table(head: list[str], rows: list[list[str]], left: int = 1) -> str:
    """Lines of a table whose first `left` columns hold text."""
    lines = [head, [*["---"] * left, *["---:"] * (len(head) - left)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def number(value: float | None) -> str:
    """A count, or an energy in picojoules."""
    if value is None:
        return "not known"
    return f"{value:,.0f}" if value == round(value) else f"{value:,.2f}"


def golden_table(runs: list[Compared]) -> str:
    rows = []
    for run in runs:
        differing = listed().get(run.name, ())
        equal = f"{run.figures - len(differing)} of {run.figures}"
        rows.append([f"`{run.name}`", run.recorded.description, reasons_of(differing) or "none", equal])
    return table(["case", "what it is", "differences", "equal"], rows, left=3)


def random_table(runs: list[Compared]) -> str:
    kinds = dict.fromkeys(run.recorded.description for run in runs)
    groups = [(kind, summary(run for run in runs if run.recorded.description == kind)) for kind in sorted(kinds)]
    rows = [
        [kind, f"{part.runs:,}", f"{part.equal_runs:,}", f"{part.figures:,}", f"{part.equal:,}"]
        for kind, part in (*groups, ("total", summary(runs)))
    ]
    return table(["layers", "mappings", "equal in all", "figures", "equal"], rows)


def difference_table(runs: list[Compared]) -> str:
    rows = []
    for run in runs:
        for row in listed().get(run.name, ()):
            third = "-" if row.figure == ENERGY else "too large"
            seen = simulation_of(run, row.figure)
            figures = [number(row.timeloop), number(row.assay), third if seen is None else number(seen)]
            rows.append([f"`{run.name}`", row.figure, " and ".join(row.reasons), *figures])
    return table(["case", "figure", "reason", "Timeloop", "Assay", "simulation"], rows, left=3)


def reason_list(runs: list[Compared]) -> str:
    cases: Counter[str] = Counter()
    for run in runs:
        found = {reason for row in listed().get(run.name, ()) for reason in row.reasons}
        cases.update(found)
    return "\n".join(
        f"- **{name}** ({cases[name]} case{'' if cases[name] == 1 else 's'}). {text}"
        for name, text in EXPLANATIONS.items()
    )


def compare(records: Iterable[Recorded]) -> list[Compared]:
    return [compared(record) for record in records]


def page() -> str:
    """The whole page."""
    kept, random = compare(goldens()), compare(random_mappings())
    both = summary([*kept, *random])
    agreeing = [
        run for run in [*kept, *random] if any(simulation_of(run, d.figure) is not None for d in run.differences)
    ]
    return TEXT.format(
        goldens=golden_table(kept),
        random=random_table(random),
        reasons=reason_list([*kept, *random]),
        differences=difference_table([*kept, *random]),
        figures=f"{both.figures:,}",
        equal=f"{both.equal:,}",
        differing=both.figures - both.equal,
        runs=both.runs,
        simulated=len(agreeing),
        largest=f"{LARGEST:,}",
    )


TEXT = """\
# Beside Timeloop

Assay reads Timeloop's own files and counts the same mappings. This page is made by `make docs`; nothing on it is typed in
by hand, and the tests check every figure on it.

Of {figures} figures in {runs} runs, {equal} are equal: counts to the word, energies within 1e-6. The other {differing} are
listed below, each with the reason. None is unexplained: a model of Timeloop's own rules (`tests/timeloop/rules.py`) gives
each of Timeloop's figures to the word.

Compared are, for every memory and every tensor that it keeps, reads, fills, updates (totals over instances) and the words
kept in one instance; the cycles; in the first table also the multiply-accumulates and the energy. Timeloop is
`timeloop-model` of [NVlabs/timeloop](https://github.com/NVlabs/timeloop), commit 4cf6d4c; its figures and the files that it
read are in `tests/timeloop/goldens`. The hardware that Assay makes of such files counts by Timeloop's conventions (see
[counting](counting.md)): windows with gaps count as boxes, children share equal tiles, neighbours pass words on, partial sums
come back to every child that adds to them, accesses are whole.

## Cases

{goldens}

`g08b_no_elision` ran with `TIMELOOP_ENABLE_FIRST_READ_ELISION=0`, which is `assay count --first-reads`.
`g08c_updated_rmw` ran with `TIMELOOP_ENABLE_UPDATED_RMW=1`.

## Random mappings

Small layers under random mappings on two to four memories, with fanouts, bypassed memories, strides and dilations.

{random}

## Reasons

{reasons}

## Every figure that differs

*Simulation* is `tests/oracle.py`, which runs the loops one by one, remembers what every memory holds and counts what moves.
It was run where there are at most {largest} multiply-accumulates; in all {simulated} of these cases it gives Assay's figure.

{differences}
"""


if __name__ == "__main__":
    sys.stdout.write(page())
