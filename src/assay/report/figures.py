"""Figures as people read them: every one with its unit, and `not modelled` where there is none."""

from __future__ import annotations

from assay.evaluation.results import Evaluation
from assay.reading.units import format_si

NOT_MODELLED = "not modelled"


def short(count: float | None) -> str:
    """A count in three digits: `105M`. None is a dash, for the cells of tables."""
    return "-" if count is None else format_si(count, "").replace(" ", "")


def whole(count: int | None) -> str:
    """A count in full, with thousands separated."""
    return NOT_MODELLED if count is None else f"{count:,}"


def percent(fraction: float | None) -> str:
    """A fraction as a percentage in two or three digits: `62 %`, `0.3 %`."""
    if fraction is None:
        return NOT_MODELLED
    value = 100 * fraction
    if value == 0 or value >= 99.95 or value == round(value):
        return f"{value:.0f} %"
    if value < 0.1:
        return "< 0.1 %"
    return f"{value:.1f} %" if value < 9.95 or value >= 99 else f"{value:.0f} %"


OBJECTIVE_NAMES = {"energy": "energy", "latency": "latency", "edp": "EDP"}
"""What people call the objectives."""


def si(value: float | None, unit: str) -> str:
    """A quantity in three digits with an SI prefix: `61.4 ms`."""
    return format_si(value, unit)


def cell(value: float | None, unit: str) -> str:
    """As `si`, with a dash for None, for the cells of tables."""
    return "-" if value is None else format_si(value, unit)


def square(area: float | None) -> str:
    """An area in mm2, below a hundredth of one in um2."""
    if area is None:
        return NOT_MODELLED
    return f"{area * 1e6:,.3g} mm2" if area >= 1e-8 else f"{area * 1e12:,.4g} um2"


def traffic(bits: int | None) -> str:
    """An amount of data in bytes with SI prefixes: `15.4 MB`."""
    return NOT_MODELLED if bits is None else format_si(bits / 8, "B")


def pes(number: float | None) -> str:
    """A number of PEs, or a mean of some: whole, but a mean below 10 with one decimal."""
    if number is None:
        return NOT_MODELLED
    return f"{number:,.0f}" if number == round(number) or number >= 9.95 else f"{number:.1f}"


def missing_energy(evaluation: Evaluation, before: str) -> str:
    """What the energy is without: ` array transfers: not modelled` behind `before`; nothing where it is complete."""
    names = evaluation.energy_without
    return f"{before}{' and '.join(names)} transfers: {NOT_MODELLED}" if names else ""


def rate(per_second: float | None, what: str) -> str:
    """A rate in three digits without prefix: `15,900 inferences/s`."""
    if per_second is None:
        return NOT_MODELLED
    rounded = float(f"{per_second:.3g}")
    return f"{rounded:,.0f} {what}/s" if rounded >= 100 else f"{rounded:g} {what}/s"


def plain(value: float | None, digits: int = 3) -> str:
    """A number without prefix, in so many significant digits."""
    return NOT_MODELLED if value is None else f"{value:.{digits}g}"


def plural(number: int, noun: str) -> str:
    """`1 layer`, `2 layers`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def shape(dims: tuple[tuple[str, int], ...]) -> str:
    """The dimensions larger than 1: `N4 M96 C3 P55 Q55 R11 S11`."""
    return " ".join(f"{name}{extent}" for name, extent in dims if extent > 1) or "1"
