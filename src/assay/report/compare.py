"""Chips side by side as people read them: a table per metric of the article, and bars; no radar."""

from __future__ import annotations

import itertools
from dataclasses import replace

from assay.metrics.audit import Audit
from assay.metrics.audit_figures import recalled
from assay.metrics.audit_rules import Agreement
from assay.metrics.audit_specs import Status
from assay.metrics.compare import Comparison, FigureRow, RowGroup
from assay.metrics.metric import Metric
from assay.metrics.verdict import Judgement, Outcome, Verdict, Viability
from assay.reading.words import plural, small
from assay.report.audit import LEGEND, MARK, cell_text, shown, why
from assay.report.audit_pictures import bars_picture
from assay.report.page import Column
from assay.report.section import Section
from assay.report.sheet import Cell, Sheet

PICTURED = (
    *("accuracy", "latency", "throughput", "power", "energy", "offchip_traffic"),
    *("area", "onchip_memory", "throughput_per_area", "utilization", "performance", "efficiency"),
)
"""Figures with bars, in the order of the article; operations per watt last."""
PARTLY = "*"
PARTLY_MET = f"{PARTLY} As far as these figures reach; assay audit with these requirements says what they leave out."
TITLES, CHIP = 16, 15
"""Columns of the screen that the titles of rows and each chip need."""
ON_PAPER = 5
"""Chips in one table of an A4 page."""
SHOWN_AT_EIGHTY = 4
"""Chips after these go first where the terminal is narrow."""


def compare_sections(comparison: Comparison, width: int | None = None) -> tuple[Section, ...]:
    """What a comparison shows.

    Args:
        width: of the screen; None: for paper. Tables are split by chips so that none is left out or beyond the page.
    """
    parts = _split(len(comparison.audits), width)
    rows = {row.key: row for group in comparison.groups for row in group.rows}
    wanted = [
        (_with_unit(row), row.metrics, [cell_text(each) for each in row.metrics])
        for row in (rows[key] for key in PICTURED if key in rows)
    ]
    picture = bars_picture(comparison.labels, wanted)
    sheets = tuple(sheet for group in comparison.groups for sheet in _parted(_sheet(comparison, group), parts))
    pictures = (picture,) if picture else ()
    overview = Section("overview", "The audits", sheets=_parted(_overview(comparison), parts))
    return overview, Section("figures", "In the order of the article", (), (), sheets, pictures)


def _split(chips: int, width: int | None) -> tuple[slice, ...]:
    """Which columns stand in one table: as even as can be."""
    most = ON_PAPER if width is None else max(2, (width - TITLES) // CHIP)
    tables = -(-chips // most)
    ends = [round(chips * place / tables) for place in range(tables + 1)]
    return tuple(slice(1 + begin, 1 + end) for begin, end in itertools.pairwise(ends))


def _parted(sheet: Sheet, parts: tuple[slice, ...]) -> tuple[Sheet, ...]:
    """The table in parts, each with the titles of the rows; notes below the last."""
    if len(parts) == 1:
        return (sheet,)
    found = [
        replace(
            sheet,
            key=f"{sheet.key}_{place}",
            title=f"{sheet.title} ({place} of {len(parts)})",
            columns=(sheet.columns[0], *(replace(each, drop=0) for each in sheet.columns[part])),
            rows=tuple((row[0], *row[part]) for row in sheet.rows),
            notes=sheet.notes if place == len(parts) else (),
        )
        for place, part in enumerate(parts, 1)
    ]
    return tuple(found)


def explained_sections(comparison: Comparison) -> tuple[Section, ...]:
    """Every figure of every chip by itself, for a screen that explains figures."""
    found = []
    for label, each in zip(comparison.labels, comparison.audits, strict=True):
        metrics = tuple(shown(m) for group in each.groups for m in group.metrics if m.value is not None)
        found.append(Section(f"explained_{each.chip.name}", label, metrics=metrics))
    return tuple(found)


def _columns(comparison: Comparison) -> tuple[Column, ...]:
    chips = [
        Column(label, right=False, drop=max(0, len(comparison.labels) - index), fold=9)
        if index >= SHOWN_AT_EIGHTY
        else Column(label, right=False, fold=9)
        for index, label in enumerate(comparison.labels)
    ]
    return (Column("", right=False, fold=14), *chips)


def _overview(comparison: Comparison) -> Sheet:
    """What was audited, and how it came out."""
    rows: list[tuple[str | Cell, ...]] = [
        ("Run", *(each.run.name if each.run else "none" for each in comparison.audits)),
        ("Missing", *(Cell(each.missing, _missing(each)) for each in comparison.audits)),
        ("Contradictions", *(_contradictions(each) for each in comparison.audits)),
    ]
    if any(each.verdict is not None for each in comparison.audits):
        verdicts = [each.verdict for each in comparison.audits]
        cells = (Cell(_verdict(v), _judged(v.sentence, v.judgements)) if v else "" for v in verdicts)
        rows.insert(0, ("Verdict", *cells))
        rows += [
            (
                first.limit.title,
                *(_outcome(v.judgements[index]) if v is not None else "" for v in verdicts),
            )
            for index, first in enumerate(verdicts[0].judgements if verdicts[0] else ())
        ]
    title = "Every chip by itself; assay audit CHIP says more"
    partly = any(_partly(each) for audit in comparison.audits if audit.verdict for each in audit.verdict.judgements)
    notes = (*((PARTLY_MET,) if partly else ()), *comparison.cautions)
    return Sheet("overview", title, _columns(comparison), tuple(rows), notes=notes)


def _missing(audit: Audit) -> str:
    return "\n".join(each.asked.title for each in audit.found(Status.MISSING))


def _verdict(verdict: Verdict) -> str:
    partly = verdict.viability is Viability.VIABLE and any(_partly(each) for each in verdict.judgements)
    return f"{verdict.viability}{PARTLY if partly else ''}"


def _outcome(judgement: Judgement) -> str:
    return f"{judgement.outcome}{PARTLY if _partly(judgement) else ''}"


def _partly(judgement: Judgement) -> bool:
    """Whether it is met by a figure that does not cover everything."""
    return judgement.outcome is Outcome.MET and bool(judgement.caveat)


def _contradictions(audit: Audit) -> str:
    made = len(audit.contradictions) + len(audit.checked(Agreement.CONSISTENT))
    return f"{len(audit.contradictions)} of {plural(made, 'check')}" if made else "no checks possible"


def _judged(sentence: str, judgements: tuple[object, ...]) -> str:
    return "\n".join([sentence, *(str(getattr(each, "sentence", "")) for each in judgements)])


def _sheet(comparison: Comparison, group: RowGroup) -> Sheet:
    """A table; figures that no chip has are named below it."""
    kept = [row for row in group.rows if any(_known(row))]
    absent = [row.title for row in group.rows if not any(_known(row))]
    notes = [f"Not given for any: {', '.join(small(each) for each in absent)}."] if absent else []
    if any(metric is not None and recalled(metric) for row in kept for metric in row.metrics):
        notes.append(LEGEND)
    rows: list[tuple[str | Cell, ...]] = [(row.title, *(_cell(metric) for metric in row.metrics)) for row in kept]
    return Sheet(group.key, group.title, _columns(comparison), tuple(rows), notes=tuple(notes))


def _known(row: FigureRow) -> list[bool]:
    return [metric is not None and metric.value is not None for metric in row.metrics]


def _cell(metric: Metric | None) -> Cell:
    mark = MARK if metric is not None and recalled(metric) else ""
    return Cell(f"{cell_text(metric)}{mark}", why(metric))


def _with_unit(row: FigureRow) -> str:
    return f"{row.title} per mm2" if row.key == "throughput_per_area" and "mm2" not in row.title else row.title
