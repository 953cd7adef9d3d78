"""The best mapping of a layer as a small table in HTML, for notebooks."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from assay.mapping.text import render
from assay.reading.figures import percent
from assay.reading.units import format_si

if TYPE_CHECKING:
    from assay.evaluation.mapped import MappedLayer


def mapped_html(mapped: MappedLayer) -> str:
    """Figures, energy by component and the loop nest. Every text in it is escaped."""
    proof = "proven optimal" if mapped.optimal else f"at most {percent(mapped.search.gap)} above the optimum"
    rows = [("Objective", f"{mapped.objective}, {proof}"), ("Energy", format_si(mapped.energy, "J"))]
    rows += [("Cycles", f"{mapped.cycles:,}, bound by {mapped.bound_by}"), ("Latency", format_si(mapped.latency, "s"))]
    rows += [("EDP", format_si(mapped.edp, "J·s")), ("Utilisation", percent(mapped.utilization))]
    rows += [(f"Energy of {name}", format_si(joules, "J")) for name, joules in mapped.energy_by_component.items()]
    body = "".join(_row(name, value) for name, value in rows)
    nest = render(mapped.mapping, mapped.result.analysis)
    return f"<table><caption>{escape(mapped.title)}</caption><tbody>{body}</tbody></table><pre>{escape(nest)}</pre>"


def _row(name: str, value: str) -> str:
    return (
        f'<tr><th style="text-align: left">{escape(name)}</th><td style="text-align: right">{escape(value)}</td></tr>'
    )
