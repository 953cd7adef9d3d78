"""An evaluation as a small table in HTML, for notebooks."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import TYPE_CHECKING

from assay.reading.figures import percent, whole
from assay.reading.units import format_si

if TYPE_CHECKING:
    from assay.evaluation.layer import LayerResult
    from assay.evaluation.results import Evaluation

TITLES = ("Layer", "Kind", "MACs", "Cycles", "Latency", "Energy", "Utilisation", "Bound by")
TEXT_COLUMNS = ("Layer", "Kind", "Bound by")


def evaluation_html(evaluation: Evaluation) -> str:
    """A table with a row per layer that is modelled, and the totals. Every text in it is escaped."""
    rows = [_row("td", _cells(layer, layer.name, layer.op, layer.bound_by or "")) for layer in evaluation.mapped]
    total = _row("th", _cells(evaluation, "total", "", ""))
    caption = f"{evaluation.title}; assay.report has the whole screen, notes the assumptions"
    return (
        f"<table><caption>{escape(caption)}</caption><thead>{_row('th', TITLES)}</thead>"
        f"<tbody>{''.join(rows)}</tbody><tfoot>{total}</tfoot></table>"
    )


def _cells(result: LayerResult | Evaluation, name: str, kind: str, bound_by: str) -> tuple[str, ...]:
    figures = (whole(result.macs), whole(result.cycles), format_si(result.latency, "s"), format_si(result.energy, "J"))
    return (name, kind, *figures, percent(result.utilization), bound_by)


def _row(tag: str, cells: Iterable[str]) -> str:
    parts = []
    for title, cell in zip(TITLES, cells, strict=True):
        side = "left" if title in TEXT_COLUMNS else "right"
        parts.append(f'<{tag} style="text-align: {side}">{escape(cell)}</{tag}>')
    return f"<tr>{''.join(parts)}</tr>"
