"""Whether a chip is a solution for an application: the mappings are chosen for what is required."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from assay.evaluation.results import Evaluation
from assay.metrics.requirements import Outcome, Requirements, Verdict, Viability
from assay.metrics.scorecard import Scorecard

OBJECTIVES = ("energy", "edp", "latency")
"""In this order: the least energy that is fast enough."""

NAMES = {"energy": "energy", "edp": "energy × latency", "latency": "latency"}


@dataclass(frozen=True, slots=True)
class Suitability:
    """An evaluation, its scorecard, and the verdict for the requirements."""

    evaluation: Evaluation
    card: Scorecard
    verdict: Verdict


def find_suitable(
    evaluate: Callable[[str], Evaluation],
    card_of: Callable[[Evaluation], Scorecard],
    requirements: Requirements,
    objectives: tuple[str, ...] = OBJECTIVES,
) -> Suitability:
    """Try the mappings of one objective after the other until no requirement fails.

    Where all fail, it is the first, and remarks say how the others fare.

    Args:
        evaluate: gives the evaluation with the best mappings for an objective.
        card_of: gives its scorecard.
        objectives: in the order in which they are tried.
    """
    failed: list[Suitability] = []
    for objective in objectives:
        evaluation = evaluate(objective)
        card = card_of(evaluation)
        found = Suitability(evaluation, card, card.judge(requirements))
        if found.verdict.viability is not Viability.NOT_VIABLE:
            return _told(found, [_why_not(each) for each in failed])
        failed.append(found)
    return _told(failed[0], [_neither(each) for each in failed[1:]])


def _told(found: Suitability, remarks: list[str]) -> Suitability:
    verdict = replace(found.verdict, remarks=(*remarks, *found.verdict.remarks))
    return Suitability(found.evaluation, found.card, verdict)


def _why_not(found: Suitability) -> str:
    """Why mappings that were tried first are not those taken."""
    return f"Mappings of least {NAMES[found.evaluation.objective]} were tried first: {_failures(found.verdict)}."


def _neither(found: Suitability) -> str:
    objective = found.evaluation.objective
    return f"Mappings of least {NAMES[objective]} (--objective {objective}) fail, too: {_failures(found.verdict)}."


def _failures(verdict: Verdict) -> str:
    return "; ".join(
        f"{each.sentence[0].lower()}{each.sentence[1:]}"
        for each in verdict.judgements
        if each.outcome is Outcome.FAILED
    )
