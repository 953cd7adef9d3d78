"""The audit of a chip: what its figures leave open, where they contradict each other, and what they come to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from assay.metrics.audit_figures import IN_PLACE_OF_POWER, RECALLED, Figure, figures_of, judged_values, marked, recalled
from assay.metrics.audit_rules import Agreement, Check, check_chip, words
from assay.metrics.audit_specs import Finding, Status, cautions, findings
from assay.metrics.claims import CHIP_FIGURES, PEAK_FIGURES, RUN_FIGURES, Chip, Run
from assay.metrics.claims_reader import load_chip
from assay.metrics.metric import Group
from assay.metrics.normalise import Width, widths
from assay.metrics.requirements import Requirements
from assay.metrics.verdict import Outcome, Verdict, judge
from assay.reading.words import capital, small

SCHEMA = "assay.audit/1"
DOUBTED = "contradicted by other claims"
_FIGURES = tuple(dict.fromkeys([*PEAK_FIGURES, *CHIP_FIGURES, *RUN_FIGURES]))


@dataclass(frozen=True, slots=True, repr=False)
class Audit:
    """What an audit found.

    Attributes:
        chip, run: what was audited; None: the chip has no runs.
        specifications: what is asked of every chip, and whether it is reported.
        cautions: what bounds the conclusions although everything is said.
        checks: every rule that applies, of the chip and of all of its runs.
        groups: the figures, claimed and derived.
        precisions: its peaks in units that can be compared.
        verdict: for requirements; None where nothing is required.
    """

    chip: Chip
    run: Run | None
    specifications: tuple[Finding, ...]
    cautions: tuple[str, ...]
    checks: tuple[Check, ...]
    groups: tuple[Group, ...]
    precisions: tuple[Width, ...]
    verdict: Verdict | None = None

    def __repr__(self) -> str:
        return f"<Audit of {self.chip.name}: {self.sentence}>"

    def found(self, status: Status) -> tuple[Finding, ...]:
        """The specifications that were found so."""
        return tuple(each for each in self.specifications if each.status is status)

    @property
    def missing(self) -> str:
        """How many are missing of all: `1 of 22`."""
        return f"{len(self.found(Status.MISSING))} of {len(self.specifications)}"

    def checked(self, outcome: Agreement) -> tuple[Check, ...]:
        """The checks that came out so."""
        return tuple(each for each in self.checks if each.outcome is outcome)

    @property
    def contradictions(self) -> tuple[Check, ...]:
        """The checks whose two sides have nothing in common."""
        return self.checked(Agreement.CONTRADICTS)

    @property
    def suspects(self) -> tuple[str, ...]:
        """Claimed figures that stand in all contradictions, where there is more than one."""
        if len(self.contradictions) < 2:
            return ()
        counts = Counter(name for check in self.contradictions for name in check.claims)
        return tuple(name for name in _FIGURES if counts[name] == len(self.contradictions))

    @property
    def from_memory(self) -> bool:
        """Whether a figure is from recall."""
        return marked(self.groups)

    @property
    def sentence(self) -> str:
        """The result in one sentence."""
        verb = "is" if len(self.found(Status.MISSING)) == 1 else "are"
        parts = [f"{self.missing} specifications {verb} missing"]
        wrong, fine = len(self.contradictions), len(self.checked(Agreement.CONSISTENT))
        if wrong:
            parts.append(f"{wrong} of {wrong + fine} checks {'contradicts' if wrong == 1 else 'contradict'}")
        elif fine:
            parts.append(f"nothing contradicts ({fine} {'check' if fine == 1 else 'checks'})")
        else:
            parts.append("too little is given to check anything")
        text = "; ".join(parts)
        return f"{capital(text)}."

    def to_dict(self) -> dict[str, Any]:
        """For JSON, schema `assay.audit/1`."""
        return {
            "schema": SCHEMA,
            "chip": {"name": self.chip.name, "title": self.chip.title, "source": self.chip.source},
            "run": None if self.run is None else self.run.name,
            "sentence": self.sentence,
            "specifications": [each.to_dict() for each in self.specifications],
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
    checks = check_chip(chip)
    verdict = None
    if requirements is not None:
        values = judged_values(chip, chosen)
        others = {each.name for each in chip.runs if each is not chosen}
        doubted = _doubted(values, tuple(each for each in checks if each.where not in others))
        caveats, parts = _caveats(chip, values, chosen, doubted), _parts(values, chosen)
        bounds = {key: each.bound for key, each in values.items() if each.bound is not None}
        judged = judge(values, requirements, caveats=caveats, parts=parts, bounds=bounds, doubts=doubted)
        verdict = _marked(judged, doubted)
    return Audit(
        chip=chip,
        run=chosen,
        specifications=findings(chip, chosen),
        cautions=cautions(chip, chosen),
        checks=checks,
        groups=figures_of(chip, chosen),
        precisions=widths(chip),
        verdict=verdict,
    )


def _marked(verdict: Verdict, doubted: Mapping[str, float]) -> Verdict:
    """With remarks where it stands on figures from memory or in doubt, whether they meet what is required or not."""
    stated = [each for each in verdict.judgements if each.metric is not None]
    judged = [each for each in stated if each.outcome is not Outcome.UNKNOWN]
    remarks = []
    for remark, names in (
        (RECALLED, [each.limit.title for each in judged if each.metric and recalled(each.metric)]),
        (DOUBTED, [each.limit.title for each in stated if each.limit.metric in doubted]),
    ):
        if names:
            remarks.append(f"{capital(remark)}: {', '.join(map(small, names))}.")
    return replace(verdict, remarks=(*verdict.remarks, *remarks))


def _doubted(values: dict[str, Figure], checks: tuple[Check, ...]) -> dict[str, float]:
    """The figures to judge whose claims stand in contradictions, with the largest factor of these."""
    found: dict[str, float] = {}
    for check in checks:
        if check.outcome is Agreement.CONTRADICTS and check.factor is not None:
            for key, figure in values.items():
                if figure.value is not None and check.claims & figure.claims:
                    found[key] = max(check.factor, found.get(key, 1.0))
    return found


def _caveats(chip: Chip, values: dict[str, Figure], run: Run | None, doubted: Mapping[str, float]) -> dict[str, str]:
    """What is not said of the figures that are judged, and where they are from."""
    found: dict[str, list[str]] = {}
    if run is not None and not run.scope:
        found = {key: ["what it includes is not said"] for key in ("power", "energy")}
    if run is not None and not run.text("layers"):
        for key in ("latency", "throughput", "energy"):
            found.setdefault(key, []).append("which layers were run is not said")
    if "die_area" not in chip.figures:
        found["area"] = ["the core alone"]
    if values["power"].claims & {*IN_PLACE_OF_POWER}:
        found["power"] = [small(values["power"].title)]
    for key, metric in values.items():
        if recalled(metric):
            found.setdefault(key, []).append(RECALLED)
        if key in doubted:
            found.setdefault(key, []).append(DOUBTED)
    return {key: "; ".join(parts) for key, parts in found.items()}


def _parts(values: dict[str, Figure], run: Run | None) -> dict[str, str]:
    """Of what the figures of a run are only a part: the chip without its memory, some of the layers."""
    if run is None:
        return {}
    found: dict[str, list[str]] = {}
    if run.scope == "chip" and not values["power"].claims & {*IN_PLACE_OF_POWER}:
        memory = run.figures.get("dram_power")
        without = "the chip without the off-chip memory"
        text = without + (f", which takes {memory.printed}" if memory is not None else "")
        found = {key: [text] for key in ("power", "energy")}
    layers = run.text("layers")
    if layers not in ("", "all"):
        for key in ("latency", "throughput", "energy"):
            found.setdefault(key, []).append(f"{layers.upper()} layers alone")
    return {key: " and of ".join(parts) for key, parts in found.items()}


def named(names: tuple[str, ...]) -> str:
    """Figures in a sentence."""
    return ", ".join(words(each) for each in names)
