"""The audit of a chip: what its figures leave open, where they contradict each other, and what they come to."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from assay.metrics.audit_figures import AT_MOST, RECALLED, Group, figures_of, marked, recalled, values_of
from assay.metrics.audit_rules import Check, Outcome, check_chip, words
from assay.metrics.audit_scope import Scope
from assay.metrics.audit_specs import SPECIFICATIONS, Case, Gap, cautions, missing
from assay.metrics.claims import CHIP_FIGURES, PEAK_FIGURES, RUN_FIGURES, Chip, Run
from assay.metrics.claims_reader import load_chip
from assay.metrics.metric import Metric
from assay.metrics.normalise import Width, widths
from assay.metrics.requirements import Requirements, Verdict, judge, quantity

SCHEMA = "assay.audit/1"
_FIGURES = tuple(dict.fromkeys([*PEAK_FIGURES, *CHIP_FIGURES, *RUN_FIGURES]))


@dataclass(frozen=True, slots=True)
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
    verdict = None
    if requirements is not None:
        values = values_of(chip, chosen)
        verdict = _marked(judge(_certain(values, requirements), requirements, caveats=_caveats(values, chosen)))
    return Audit(
        chip=chip,
        run=chosen,
        asked=sum(each.applies(case) for each in SPECIFICATIONS),
        gaps=missing(chip, chosen),
        cautions=cautions(chip, chosen),
        checks=check_chip(chip),
        groups=figures_of(chip, chosen),
        precisions=widths(chip),
        verdict=verdict,
    )


def _certain(values: dict[str, Metric], requirements: Requirements) -> dict[str, Metric]:
    """Without upper bounds that lie above what is allowed: the figure itself may be below."""
    found = dict(values)
    for limit, required in requirements.stated:
        metric = values.get(limit.metric)
        if metric is None or not isinstance(metric.value, int | float) or AT_MOST not in metric.note.split("; "):
            continue
        if limit.least or metric.value > required:
            missing = f"only an upper bound of {quantity(metric.value, limit)} is given"
            found[limit.metric] = replace(metric, value=None, missing=missing)
    return found


def _marked(verdict: Verdict) -> Verdict:
    """With a remark where the verdict stands on figures from memory, whether they meet what is required or not."""
    names = [each.limit.title for each in verdict.judgements if each.metric is not None and recalled(each.metric)]
    if not names:
        return verdict
    remark = f"{RECALLED[0].upper()}{RECALLED[1:]}: {', '.join(names).lower()}."
    return replace(verdict, remarks=(*verdict.remarks, remark))


def _caveats(values: dict[str, Metric], run: Run | None) -> dict[str, str]:
    """What the figures that are judged do not cover, and where they are from."""
    found: dict[str, list[str]] = {}
    if run is not None and run.scope == "chip" and "dram_power" not in run.figures:
        found = {key: ["without the off-chip memory"] for key in ("power", "energy")}
    layers = run.text("layers") if run else ""
    if layers in ("conv", "fc"):
        for key in ("latency", "throughput", "energy"):
            found.setdefault(key, []).append(f"{layers.upper()} layers alone")
    for key, metric in values.items():
        if recalled(metric):
            found.setdefault(key, []).append(RECALLED)
    return {key: "; ".join(parts) for key, parts in found.items()}


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
