"""Chips side by side: the same figures of each, in the order of the article, operations per watt last."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assay.components.technology import Technology
from assay.errors import InputError
from assay.metrics.audit import Audit, audit
from assay.metrics.claims import Chip
from assay.metrics.metric import Group, Metric
from assay.metrics.normalise import normalised
from assay.metrics.requirements import Requirements

SCHEMA = "assay.compare/1"
MOST = 12
"""Chips in one comparison."""


@dataclass(frozen=True, slots=True)
class FigureRow:
    """One figure of all chips; None where a chip has no such row."""

    key: str
    title: str
    metrics: tuple[Metric | None, ...]


@dataclass(frozen=True, slots=True)
class RowGroup:
    """The figures of one of the article's metrics."""

    key: str
    title: str
    rows: tuple[FigureRow, ...]

    def to_dict(self) -> dict[str, Any]:
        """As in the schema `assay.compare/1`."""
        return {
            "key": self.key,
            "title": self.title,
            "rows": [
                {"key": r.key, "title": r.title, "metrics": [None if m is None else m.to_dict() for m in r.metrics]}
                for r in self.rows
            ],
        }


@dataclass(frozen=True, slots=True, repr=False)
class Comparison:
    """Chips side by side.

    Attributes:
        audits: of each chip, in the order in which they were named.
        groups: the figures.
        target: the process that figures were scaled to; None: none were.
    """

    audits: tuple[Audit, ...]
    groups: tuple[RowGroup, ...]
    target: Technology | None = None

    def __repr__(self) -> str:
        return f"<Comparison of {', '.join(audit.chip.name for audit in self.audits)}>"

    @property
    def labels(self) -> tuple[str, ...]:
        """What the columns are called: the chip, and its run where one chip is there twice."""
        names = [each.chip.title for each in self.audits]
        return tuple(
            f"{title}: {each.run.name}" if names.count(title) > 1 and each.run else title
            for title, each in zip(names, self.audits, strict=True)
        )

    @property
    def cautions(self) -> tuple[str, ...]:
        """Why the columns are not to be compared without thought."""
        found = []
        runs = [each.run for each in self.audits]
        for key, words in (("network", "networks"), ("layers", "parts of networks"), ("weight_bits", "precisions")):
            values = {run.text(key) for run in runs if run is not None and run.text(key)}
            if len(values) > 1:
                found.append(f"The chips ran different {words} ({', '.join(sorted(values))}).")
        scopes = {run.scope or "not said" for run in runs if run is not None and "power" in run.figures}
        if len(scopes) > 1:
            found.append(f"Their power includes different things ({', '.join(sorted(scopes))}).")
        bases = {str(run.basis or "not said") for run in runs if run is not None}
        if len(bases) > 1:
            found.append(f"Their figures were obtained differently ({', '.join(sorted(bases))}).")
        return tuple(found)

    def to_dict(self) -> dict[str, Any]:
        """For JSON, schema `assay.compare/1`."""
        return {
            "schema": SCHEMA,
            "chips": [
                {
                    "name": each.chip.name,
                    "title": each.chip.title,
                    "run": None if each.run is None else each.run.name,
                    "sentence": each.sentence,
                    "specifications": [found.to_dict() for found in each.specifications],
                    "from_memory": each.from_memory,
                    "verdict": None if each.verdict is None else each.verdict.to_dict(),
                }
                for each in self.audits
            ],
            "cautions": list(self.cautions),
            "normalised_to": None if self.target is None else str(self.target),
            "figures": [each.to_dict() for each in self.groups],
        }


def compare(
    sources: Sequence[str | Path | Chip],
    *,
    target: Technology | None = None,
    requirements: Requirements | None = None,
) -> Comparison:
    """Put chips side by side.

    Args:
        sources: as of `audit`; the run of a chip may follow a colon (`eyeriss:vgg16`).
        target: a process to scale area, speed and energy to, as estimates in rows of their own.
        requirements: what an application asks for.

    Raises:
        InputError: fewer than two chips or too many, one is named twice, or as `audit`.
    """
    if not 2 <= len(sources) <= MOST:
        found = f"{len(sources)} {'is' if len(sources) == 1 else 'are'} named"
        raise InputError(f"a comparison needs 2 to {MOST} chips; {found}", hint="assay chips lists them")
    twice = next((each for index, each in enumerate(sources) if each in sources[:index]), None)
    if twice is not None:
        raise InputError(f"{twice if isinstance(twice, str | Path) else twice.name} is named twice")
    audits = tuple(_audited(each, requirements) for each in sources)
    for index, each in enumerate(audits):  # eyeriss and eyeriss:alexnet, its first run
        if any((each.chip, each.run) == (other.chip, other.run) for other in audits[:index]):
            raise InputError(f"{each.chip.name} is named twice with the same run")
    columns = [list(each.groups) for each in audits]
    if target is not None:
        for column, each in zip(columns, audits, strict=True):
            column.insert(-1, normalised(each.chip, each.run, target))
    return Comparison(audits, tuple(_row_group(groups) for groups in zip(*columns, strict=True)), target)


def _audited(source: str | Path | Chip, requirements: Requirements | None) -> Audit:
    run = None
    if isinstance(source, str) and not source.endswith((".yaml", ".yml")):
        source, _, run = source.rpartition(":") if ":" in source else (source, "", None)
    return audit(source, run=run, requirements=requirements)


def _row_group(groups: tuple[Group, ...]) -> RowGroup:
    """The rows of a group of figures: every key that one of the chips has, peaks by precision."""
    found: dict[tuple[str, str], None] = {}
    longest = sorted(groups, key=lambda each: -len(each.metrics))
    for group in longest:
        for metric in group.metrics:
            found.setdefault(_identity(metric))
    keys = list(found)
    if groups[0].key == "operations":
        rank = {"peak": 0, "performance": 1, "peak_efficiency": 2, "efficiency": 3}
        keys.sort(key=lambda each: (rank[each[0]], each[1]))
        keys = [
            each for each in keys if "," in each[1] or each[0] in ("performance", "efficiency") or _alone(each, keys)
        ]
    rows = tuple(FigureRow(key, title, tuple(_of(group, key, title) for group in groups)) for key, title in keys)
    return RowGroup(groups[0].key, groups[0].title, rows)


def _alone(identity: tuple[str, str], keys: list[tuple[str, str]]) -> bool:
    """Whether no other row has the key: a chip without any peak has a row that says so only if nobody has one."""
    return sum(key == identity[0] for key, _ in keys) == 1


def _identity(metric: Metric) -> tuple[str, str]:
    return metric.key, metric.title


def _of(group: Group, key: str, title: str) -> Metric | None:
    return next((each for each in group.metrics if _identity(each) == (key, title)), None)
