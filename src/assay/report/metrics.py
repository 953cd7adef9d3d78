"""Metrics as people read them: value with unit, condition, basis; formula with operands and source."""

from __future__ import annotations

from assay.metrics.metric import Basis, Metric, Value
from assay.reading.units import format_si
from assay.report.figures import NOT_MODELLED, percent, square

PREFIXED = ("s", "J", "W", "Hz", "B", "B/s", "b/s", "MAC/s", "op/s", "MAC/J", "op/J", "MAC/s/W", "op/s/W", "J·s")
"""Units that take SI prefixes."""


def figure(metric: Metric) -> str:
    """Value, unit and condition: `61.4 ms (batch of 4)`; what is missing where there is none."""
    if metric.value is None:
        return f"{NOT_MODELLED}: {metric.missing}" if metric.missing else NOT_MODELLED
    text = stated(metric) or amount(metric.value, metric.unit)
    return f"{text} ({metric.note})" if metric.note else text


def stated(metric: Metric) -> str:
    """A share or an area that somebody states, with the digits that it was stated with; empty for other figures."""
    number = metric.value
    if metric.basis not in STATED or isinstance(number, str | bool) or number is None:
        return ""
    if metric.unit == "%":
        return f"{100 * number:.4g} %"
    return f"{1e6 * number:,.6g} mm2" if metric.unit == "m2" and number >= PRECISE else ""


STATED = (Basis.MEASURED, Basis.SPECIFIED, Basis.GIVEN)
"""What is not rounded to what a calculation is worth."""

PRECISE = 1e-8
"""m2 from which on an area is in mm2."""


def amount(value: Value, unit: str) -> str:
    """A value with its unit: SI prefixes where they are usual, thousands separated in whole numbers."""
    if value is None:
        return NOT_MODELLED
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return f"{value} {unit}".rstrip()
    if unit == "%":
        return percent(value)
    if unit == "m2":
        return square(value)
    if unit in PREFIXED:
        return format_si(value, unit)
    if isinstance(value, int):
        return f"{value:,} {unit}".rstrip()
    rounded = float(f"{value:.3g}")
    return f"{rounded:,.0f} {unit}".rstrip() if abs(rounded) >= 100 else f"{rounded:g} {unit}".rstrip()


def explained(metric: Metric) -> list[str]:
    """Lines that say where the figure comes from: formula, operands, how obtained, source."""
    lines = []
    if metric.formula:
        lines.append(f"= {metric.formula}")
    for each in metric.operands:
        origin = f"  [{each.source}]" if each.source else ""
        lines.append(f"{each.name} = {amount(each.value, each.unit)}{origin}")
    if metric.basis is not None:
        lines.append(f"basis: {metric.basis}")
    if metric.source:
        lines.append(f"source: {metric.source}")
    if metric.value is None and metric.missing:
        lines.append(f"missing: {metric.missing}")
    return lines
