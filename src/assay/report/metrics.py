"""Metrics as people read them: value with unit, condition, basis; formula with operands and source."""

from __future__ import annotations

from assay.metrics.metric import Basis, Metric, Value
from assay.reading.figures import DIGITS, number, percent, square
from assay.reading.units import NOT_MODELLED, format_si
from assay.reading.words import measured

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
    digits = STATED_DIGITS.get(metric.unit)
    if metric.basis not in STATED or digits is None or metric.number is None:
        return ""
    return amount(metric.value, metric.unit, digits)


STATED = (Basis.MEASURED, Basis.SPECIFIED, Basis.GIVEN)
"""What is not rounded to what a calculation is worth."""

STATED_DIGITS = {"%": 4, "m2": 6}


def amount(value: Value, unit: str, digits: int = 3) -> str:
    """A value with its unit: SI prefixes where they are usual, thousands separated in whole numbers."""
    if value is None:
        return NOT_MODELLED
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return f"{value} {unit}".rstrip()
    if unit == "%":
        return percent(value) if digits == 3 else percent(value, digits)
    if unit == "m2":
        return square(value, digits)
    if unit in PREFIXED:
        return format_si(value, unit, digits)
    return measured(number(value, digits), unit)


def explained(metric: Metric) -> list[str]:
    """Lines that say where the figure comes from: formula, operands, how obtained, source."""
    lines = []
    if metric.formula:
        lines.append(f"= {metric.formula}")
    for each in metric.operands:
        origin = f"  [{each.source}]" if each.source else ""
        lines.append(f"{each.name} = {amount(each.value, each.unit, DIGITS)}{origin}")
    if metric.basis is not None:
        lines.append(f"basis: {metric.basis}")
    if metric.source:
        lines.append(f"source: {metric.source}")
    if metric.value is None and metric.missing:
        lines.append(f"missing: {metric.missing}")
    return lines
