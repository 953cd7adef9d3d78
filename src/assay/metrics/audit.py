"""The audit of a chip: what its figures leave open, where they contradict each other, and what they come to."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from assay.metrics.audit_figures import (
    AT_LEAST,
    AT_MOST,
    RECALLED,
    figures_of,
    judged_values,
    marked,
    recalled,
)
from assay.metrics.audit_rules import Check, Outcome, check_chip, words
from assay.metrics.audit_scope import Scope
from assay.metrics.audit_specs import SPECIFICATIONS, Case, Gap, cautions, missing
from assay.metrics.claims import CHIP_FIGURES, PEAK_FIGURES, RUN_FIGURES, Chip, Run
from assay.metrics.claims_reader import load_chip
from assay.metrics.metric import Group, Metric
from assay.metrics.normalise import Width, widths
from assay.metrics.requirements import Outcome as Judged
from assay.metrics.requirements import Requirements, Verdict, judge, quantity

SCHEMA = "assay.audit/1"
DOUBTED = "contradicted by other claims"
_FIGURES = tuple(dict.fromkeys([*PEAK_FIGURES, *CHIP_FIGURES, *RUN_FIGURES]))


@dataclass(frozen=True, slots=True, repr=False)
class Audit:
    """What an audit found.

    Attributes:
        chip, run: what was audited; None: the chip has no runs.
        asked: how many specifications were looked for.
        gaps: those that are missing.
        cautions: what bounds the conclusions although everything is said.
        checks: every rule that applies, of the chip and of all of its runs.
        groups: the figures, claimed and derived.
        precisions: its peaks in units that can be compared.
        verdict: for requirements; None where nothing is required.
    """

    chip: Chip
    run: Run | None
    asked: int
    gaps: tuple[Gap, ...]
    cautions: tuple[str, ...]
    checks: tuple[Check, ...]
    groups: tuple[Group, ...]
    precisions: tuple[Width, ...]
    verdict: Verdict | None = None

    def __repr__(self) -> str:
        return f"<Audit of {self.chip.name}: {self.sentence}>"

    def checked(self, outcome: Outcome) -> tuple[Check, ...]:
        """The checks that came out so."""
        return tuple(each for each in self.checks if each.outcome is outcome)

    @property
    def contradictions(self) -> tuple[Check, ...]:
        """The checks whose two sides have nothing in common."""
        return self.checked(Outcome.CONTRADICTS)

    @property
    def suspects(self) -> tuple[str, ...]:
        """Claimed figures that stand in all contradictions, where there is more than one."""
        if len(self.contradictions) < 2:
            return ()
        counts = Counter(name for check in self.contradictions for name in _claimed_names(check))
        return tuple(name for name in _FIGURES if counts[name] == len(self.contradictions))

    @property
    def from_memory(self) -> bool:
        """Whether a figure is from recall."""
        return marked(self.groups)

    @property
    def sentence(self) -> str:
        """The result in one sentence."""
        parts = ["nothing of what is asked for is missing"]
        if self.gaps:
            verb = "is" if len(self.gaps) == 1 else "are"
            parts = [f"{len(self.gaps)} of {self.asked} specifications {verb} missing"]
        wrong, fine = len(self.contradictions), len(self.checked(Outcome.CONSISTENT))
        if wrong:
            parts.append(f"{wrong} of {wrong + fine} checks {'contradicts' if wrong == 1 else 'contradict'}")
        elif fine:
            parts.append(f"nothing contradicts ({fine} {'check' if fine == 1 else 'checks'})")
        else:
            parts.append("too little is given to check anything")
        text = "; ".join(parts)
        return f"{text[0].upper()}{text[1:]}."

    def to_dict(self) -> dict[str, Any]:
        """For JSON, schema `assay.audit/1`."""
        return {
            "schema": SCHEMA,
            "chip": {"name": self.chip.name, "title": self.chip.title, "source": self.chip.source},
            "run": None if self.run is None else self.run.name,
            "sentence": self.sentence,
            "specifications": {"asked": self.asked, "missing": [each.to_dict() for each in self.gaps]},
            "cautions": list(self.cautions),
            "checks": [each.to_dict() for each in self.checks],
            "suspects": list(self.suspects),
            "figures": [each.to_dict() for each in self.groups],
            "precisions": [each.to_dict() for each in self.precisions],
            "from_memory": self.from_memory,
            "verdict": None if self.verdict is None else self.verdict.to_dict(),
            "notes": list(self.chip.notes),
        }


def audit(source: str | Path | Chip, *, run: str | None = None, requirements: Requirements | None = None) -> Audit:
    """Audit what is claimed of a chip.

    Args:
        source: a chip that comes with the package by name, a file of claims (`.yaml`), or a `Chip`.
        run: the run that specifications and figures are of; None: the first. Contradictions are looked for in all.
        requirements: what an application asks for.

    Raises:
        InputError: no such chip, file or run, or something in the file is wrong.
    """
    chip = load_chip(source)
    chosen = chip.run(run)
    case = Case(chip, chosen, Scope(chip, chosen))
    checks = check_chip(chip)
    verdict = None
    if requirements is not None:
        values = judged_values(chip, chosen)
        doubted = _doubted(values, checks, chosen)
        caveats, parts = _caveats(chip, values, chosen, doubted), _parts(values, chosen)
        verdict = _marked(judge(_certain(values, requirements), requirements, caveats=caveats, parts=parts), doubted)
    return Audit(
        chip=chip,
        run=chosen,
        asked=sum(each.applies(case) for each in SPECIFICATIONS),
        gaps=missing(chip, chosen),
        cautions=cautions(chip, chosen),
        checks=checks,
        groups=figures_of(chip, chosen),
        precisions=widths(chip),
        verdict=verdict,
    )


def _certain(values: dict[str, Metric], requirements: Requirements) -> dict[str, Metric]:
    """Without bounds that tell nothing: at most 1 W may be less than the 0.5 W that are allowed."""
    found = dict(values)
    for limit, required in requirements.stated:
        metric = values.get(limit.metric)
        bounds = {AT_MOST, AT_LEAST} & set(metric.note.split("; ")) if metric is not None else set()
        if metric is None or not isinstance(metric.value, int | float) or not bounds:
            continue
        met = metric.value >= required if limit.least else metric.value <= required
        # a lower bound meets a minimum or fails a maximum, an upper bound the other way round
        if met is not (limit.least is (AT_LEAST in bounds)):
            side = "a lower" if AT_LEAST in bounds else "an upper"
            missing = f"only {side} bound of {quantity(metric.value, limit)} is given"
            if metric.title != limit.title:
                missing += f": {metric.title[0].lower()}{metric.title[1:]}"
            found[limit.metric] = replace(metric, value=None, missing=missing)
    return found


def _marked(verdict: Verdict, doubted: frozenset[str]) -> Verdict:
    """With remarks where it stands on figures from memory or in doubt, whether they meet what is required or not."""
    judged = [each for each in verdict.judgements if each.metric is not None and each.outcome is not Judged.UNKNOWN]
    remarks = []
    for remark, names in (
        (RECALLED, [each.limit.title for each in judged if each.metric and recalled(each.metric)]),
        (DOUBTED, [each.limit.title for each in judged if each.limit.metric in doubted]),
    ):
        if names:
            remarks.append(f"{remark[0].upper()}{remark[1:]}: {', '.join(names).lower()}.")
    return replace(verdict, remarks=(*verdict.remarks, *remarks))


def _doubted(values: dict[str, Metric], checks: tuple[Check, ...], run: Run | None) -> frozenset[str]:
    """The figures to judge that stand in a contradiction, or come from one that does."""
    wrong = [each for each in checks if each.outcome is Outcome.CONTRADICTS]
    names = {name for each in wrong if run is None or each.where == run.name for name in _claimed_names(each)}
    return frozenset(
        key
        for key, metric in values.items()
        if metric.value is not None and names & {key, *re.findall(r"[a-z]\w*", metric.formula)}
    )


def _caveats(chip: Chip, values: dict[str, Metric], run: Run | None, doubted: frozenset[str]) -> dict[str, str]:
    """What is not said of the figures that are judged, and where they are from."""
    found: dict[str, list[str]] = {}
    if run is not None and not run.scope:
        found = {key: ["what it includes is not said"] for key in ("power", "energy")}
    if run is not None and not run.text("layers"):
        for key in ("latency", "throughput", "energy"):
            found.setdefault(key, []).append("which layers were run is not said")
    if "die_area" not in chip.figures:
        found["area"] = ["the core alone"]
    if values["power"].title != "Power":
        found["power"] = [f"{values['power'].title[0].lower()}{values['power'].title[1:]}"]
    for key, metric in values.items():
        if recalled(metric):
            found.setdefault(key, []).append(RECALLED)
        if key in doubted:
            found.setdefault(key, []).append(DOUBTED)
    return {key: "; ".join(parts) for key, parts in found.items()}


def _parts(values: dict[str, Metric], run: Run | None) -> dict[str, str]:
    """Of what the figures of a run are only a part: the chip without its memory, some of the layers."""
    if run is None:
        return {}
    found: dict[str, list[str]] = {}
    if run.scope == "chip" and values["power"].title == "Power":
        memory = run.figures.get("dram_power")
        without = "the chip without the off-chip memory"
        text = without + (f", which takes {memory.printed}" if memory is not None else "")
        found = {key: [text] for key in ("power", "energy")}
    layers = run.text("layers")
    if layers not in ("", "all"):
        for key in ("latency", "throughput", "energy"):
            found.setdefault(key, []).append(f"{layers.upper()} layers alone")
    return {key: " and of ".join(parts) for key, parts in found.items()}


def _claimed_names(check: Check) -> set[str]:
    """Names in a check: those of its rule, and those that a side was derived from."""
    found = {check.rule.left, *(name for name, _ in check.rule.right)}
    for side in (check.left, check.right):
        for operand in side.operands if side else ():
            _, _, formula = operand.source.partition("[= ")
            found |= {operand.name, *re.findall(r"[a-z]\w*", formula)}
    return found


def named(names: tuple[str, ...]) -> str:
    """Figures in a sentence."""
    return ", ".join(words(each) for each in names)
