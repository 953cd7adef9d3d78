"""Whether a chip is a solution for an application: the mappings are chosen for what is required."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from assay.evaluation.results import Evaluation
from assay.metrics.reach import out_of_reach
from assay.metrics.requirements import Requirements
from assay.metrics.scorecard import Scorecard
from assay.metrics.verdict import Outcome, Verdict, Viability
from assay.reading.words import small

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
    """Try the mappings of one objective after the other until no requirement fails that other mappings could meet.

    Where there are none, it is the first, and remarks say how the others fare. Requirements that no mapping meets have
    a remark of their own.

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
        hopeless = out_of_reach(evaluation, found.verdict)
        if found.verdict.viability is not Viability.NOT_VIABLE or _failed(found.verdict) <= hopeless.keys():
            return _told(found, [*hopeless.values(), *map(_why_not, failed)])
        failed.append(found)
    hopeless = out_of_reach(failed[0].evaluation, failed[0].verdict)
    return _told(failed[0], [*hopeless.values(), *map(_neither, failed[1:])])


def _failed(verdict: Verdict) -> set[str]:
    """The requirements that fail."""
    return {each.limit.name for each in verdict.judgements if each.outcome is Outcome.FAILED}


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
    return "; ".join(small(each.sentence) for each in verdict.judgements if each.outcome is Outcome.FAILED)
