"""Chips side by side as people read them: a table per metric of the article, and bars; no radar."""

from __future__ import annotations

from assay.metrics.audit import Audit
from assay.metrics.audit_figures import recalled
from assay.metrics.audit_rules import Outcome
from assay.metrics.compare import Block, Comparison, Row
from assay.metrics.metric import Metric
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
SHOWN_AT_EIGHTY = 4
"""Chips after these go first where the terminal is narrow."""


def compare_sections(comparison: Comparison) -> tuple[Section, ...]:
    """What a comparison shows."""
    rows = {row.key: row for block in comparison.blocks for row in block.rows}
    wanted = [
        (_with_unit(row), row.metrics, [cell_text(each) for each in row.metrics])
        for row in (rows[key] for key in PICTURED if key in rows)
    ]
    picture = bars_picture(comparison.labels, wanted)
    sheets = tuple(_sheet(comparison, block) for block in comparison.blocks)
    text = (LEGEND,) if any(each.from_memory for each in comparison.audits) else ()
    pictures = (picture,) if picture else ()
    return _overview(comparison), Section("figures", "In the order of the article", text, (), sheets, pictures)


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


def _overview(comparison: Comparison) -> Section:
    """What was audited, and how it came out."""
    rows: list[tuple[str | Cell, ...]] = [
        ("Run", *(each.run.name if each.run else "none" for each in comparison.audits)),
        ("Missing", *(f"{len(each.gaps)} of {each.asked}" for each in comparison.audits)),
        ("Contradictions", *(_contradictions(each) for each in comparison.audits)),
    ]
    if any(each.verdict is not None for each in comparison.audits):
        verdicts = [each.verdict for each in comparison.audits]
        cells = (Cell(str(v.viability), _judged(v.sentence, v.judgements)) if v else "" for v in verdicts)
        rows.insert(0, ("Verdict", *cells))
        rows += [
            (
                first.limit.title,
                *(str(v.judgements[index].outcome) if v is not None else "" for v in verdicts),
            )
            for index, first in enumerate(verdicts[0].judgements if verdicts[0] else ())
        ]
    sheet = Sheet("overview", "Every chip by itself; assay audit CHIP says more", _columns(comparison), tuple(rows))
    return Section("overview", "The audits", text=comparison.cautions, sheets=(sheet,))


def _contradictions(audit: Audit) -> str:
    made = len(audit.contradictions) + len(audit.checked(Outcome.CONSISTENT))
    return f"{len(audit.contradictions)} of {made} checks" if made else "no checks possible"


def _judged(sentence: str, judgements: tuple[object, ...]) -> str:
    return "\n".join([sentence, *(str(getattr(each, "sentence", "")) for each in judgements)])


def _sheet(comparison: Comparison, block: Block) -> Sheet:
    """A table; figures that no chip has are named below it."""
    kept = [row for row in block.rows if any(_known(row))]
    absent = [row.title for row in block.rows if not any(_known(row))]
    notes = (f"Not given for any: {', '.join(_small(each) for each in absent)}.",) if absent else ()
    rows: list[tuple[str | Cell, ...]] = [(row.title, *(_cell(metric) for metric in row.metrics)) for row in kept]
    return Sheet(block.key, block.title, _columns(comparison), tuple(rows), notes=notes)


def _known(row: Row) -> list[bool]:
    return [metric is not None and metric.value is not None for metric in row.metrics]


def _cell(metric: Metric | None) -> Cell:
    mark = MARK if metric is not None and recalled(metric) else ""
    return Cell(f"{cell_text(metric)}{mark}", why(metric))


def _with_unit(row: Row) -> str:
    return f"{row.title} per mm2" if row.key == "throughput_per_area" and "mm2" not in row.title else row.title


def _small(title: str) -> str:
    return title[0].lower() + title[1:] if title[1:2].islower() else title
