"""The figures on which Timeloop and Assay disagree, each with the reason. A figure that is not here is equal.

To accept a change: `python -m tests.timeloop.differences`, then read the difference.
"""

from __future__ import annotations

import itertools
import json
import math
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from pathlib import Path

from assay.mapping.counts import Action
from assay.mapping.energy import energy_of_actions, total_energy
from tests.timeloop.recorded import ENERGY, Compared, Difference, compared, equal, goldens, random_mappings
from tests.timeloop.rules import Rule, input_figures, output_figures

FILE = Path(__file__).parent / "differences.json"


class Uncharged(StrEnum):
    """What Timeloop charges and Assay does not model."""

    HOPS = "energy of hops"
    LEAKAGE = "leakage"


COUNTS = "counts above"
"""The reason of an energy that differs because counts differ."""

ACTIONS = {"reads": Action.READ, "fills": Action.FILL, "updates": Action.UPDATE}


@dataclass(frozen=True)
class Listed:
    """One figure that differs, and why."""

    figure: str
    reasons: tuple[str, ...]
    timeloop: float
    assay: float | None


@cache
def listed() -> dict[str, tuple[Listed, ...]]:
    """What is known to differ: name of the run -> figures."""
    runs = json.loads(FILE.read_text(encoding="utf-8"))
    return {
        name: tuple(Listed(figure, tuple(row[0]), row[1], row[2]) for figure, row in rows.items())
        for name, rows in runs.items()
    }


@cache
def found(run: Compared) -> tuple[Listed, ...]:
    """What differs, with the reasons worked out anew."""
    return tuple(Listed(d.figure, reasons(run, d), d.timeloop, _rounded(d.assay)) for d in run.differences)


def reasons(run: Compared, difference: Difference) -> tuple[str, ...]:
    """The rules of Timeloop that give its figure to the word, as few as possible; empty where none do."""
    if difference.figure == ENERGY:
        return _reasons_of_energy(run, difference)
    tensor = difference.figure.split()[1]
    if tensor == run.count.einsum.output.name:
        candidates: list[tuple[Rule, ...]] = [(Rule.ADDENDS,), (Rule.RMW,)]
    else:
        candidates = [
            rules for size in (1, 2, 3) for rules in itertools.combinations((Rule.STEP, Rule.TWO, Rule.SPREAD), size)
        ]
    for rules in candidates:
        if _ruled(run, tensor, rules).get(difference.figure) == difference.timeloop:
            return tuple(str(rule) for rule in rules)
    return ()


@cache
def _ruled(run: Compared, tensor: str, rules: tuple[Rule, ...]) -> dict[str, int]:
    if tensor == run.count.einsum.output.name:
        return output_figures(run.count, rules[0])
    if Rule.TWO not in rules and run.count.analysis.steps > LONGEST:
        return {}
    return input_figures(run.count, tensor, frozenset(rules))


LONGEST = 1_000_000
"""Steps of a nest that are still walked through one by one."""


def _reasons_of_energy(run: Compared, difference: Difference) -> tuple[str, ...]:
    """Timeloop's counts at Assay's energies, and what Timeloop charges besides."""
    recorded = run.recorded
    charged = {Uncharged.HOPS: recorded.network_energy, Uncharged.LEAKAGE: recorded.leakage}
    besides = [str(what) for what, picojoules in charged.items() if picojoules]
    expected = math.fsum([_energy_at_their_counts(run), *charged.values()])
    if not equal(ENERGY, difference.timeloop, expected):
        return ()
    return (*besides, COUNTS) if any(d.figure != ENERGY for d in run.differences) else tuple(besides)


def _energy_at_their_counts(run: Compared) -> float:
    """Picojoules."""
    theirs = dict(run.recorded.figures)
    count = run.count
    rows = {(c.component, c.tensor, c.action): c for c in count.analysis.counts}
    for level in count.levels:
        for tensor in level.tensors:
            for word, action in ACTIONS.items():
                key = (level.name, tensor.tensor, action)
                words = int(theirs[f"{level.name} {tensor.tensor} {word}"])
                if key in rows:
                    rows[key] = replace(rows[key], count=words)
                else:
                    assert not words, "an action that Assay does not count at all has no row to put their count in"
    analysis = replace(count.analysis, counts=tuple(rows.values()))
    return (total_energy(energy_of_actions(count.einsum, count.hardware, analysis), count.hardware) or 0.0) * 1e12


def _rounded(value: float | None) -> float | None:
    """Energies without the noise of the last binary digits."""
    return float(f"{value:.12g}") if isinstance(value, float) else value


def _dump() -> str:
    runs = {run.name: found(run) for run in map(compared, (*goldens(), *random_mappings())) if run.differences}
    blocks = []
    for name, rows in runs.items():
        lines = [f"  {json.dumps(row.figure)}: {json.dumps([row.reasons, row.timeloop, row.assay])}" for row in rows]
        blocks.append(f" {json.dumps(name)}: {{\n" + ",\n".join(lines) + "\n }")
    return "{\n" + ",\n".join(blocks) + "\n}\n"


if __name__ == "__main__":
    FILE.write_text(_dump(), encoding="utf-8")
