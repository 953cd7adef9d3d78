"""Figures as people read them: every one with its unit, and `not modelled` where there is none."""

from __future__ import annotations

from fractions import Fraction

from assay.reading.units import NOT_MODELLED, format_si
from assay.reading.words import measured

DIGITS = 6
"""Of what stands in a formula that one can do again."""

MANY = 1e5
"""From here on numbers in tables have prefixes."""


def number(value: float | Fraction | None, digits: int = 3, *, none: str = NOT_MODELLED) -> str:
    """A number without prefix: whole by kind (int, Fraction) in full, else in so many digits: `15,900`, `0.25`."""
    if value is None:
        return none
    if not isinstance(value, float) and value == int(value):
        return f"{int(value):,}"
    rounded = float(f"{float(value):.{digits}g}")
    whole = abs(rounded) >= 100 and rounded % 1 == 0
    return f"{rounded:,.0f}" if whole else f"{rounded:,.{digits}g}"


def compact(value: float | Fraction | None, *, none: str = NOT_MODELLED) -> str:
    """A number in three digits for the cells of tables, with a prefix where they are many: `12,300`, `123k`."""
    if value is None or value < MANY:
        return number(value, none=none)
    return short(float(value))


def per_cycle(value: float | Fraction | None) -> str:
    """MACs or bits per cycle: in four digits, whole from 1,000 on, with a prefix where they are many."""
    if value is None or value < 1000:
        return number(value, 4)
    return short(float(value)) if value >= MANY else f"{float(value):,.0f}"


def short(count: float | None) -> str:
    """A count in three digits: `105M`. None is a dash, for the cells of tables."""
    return "-" if count is None else format_si(count, "").replace(" ", "")


def whole(count: int | None) -> str:
    """A count in full, with thousands separated."""
    return NOT_MODELLED if count is None else f"{count:,}"


def aligned(value: float | None) -> str:
    """Three digits, zeros at the end too, for columns to be compared: `4.00`, `12.6`, `208`; a dash for None."""
    if value is None:
        return "-"
    return number(value) if abs(value) >= 999.5 else f"{value:#.3g}".removesuffix(".")


def percent(fraction: float | Fraction | None, digits: int = 0, *, none: str = NOT_MODELLED) -> str:
    """A fraction as a percentage: `62 %`, `0.3 %` in two or three digits, or in as many as are asked for."""
    if fraction is None:
        return none
    value = float(100 * fraction)
    if digits:
        return f"{number(value, digits)} %"
    if value == 0 or value >= 99.95 or value == round(value):
        return f"{value:,.0f} %"
    if value < 0.1:
        return "< 0.1 %"
    return f"{value:.1f} %" if value < 9.95 or value >= 99 else f"{value:.0f} %"


def exact(value: float | Fraction | None, unit: str = "") -> str:
    """In the digits with which a formula can be done again: `43.7666 mJ`, `25.1234 %`, `1,016.25`."""
    if unit == "%":
        return percent(value, DIGITS)
    return format_si(None if value is None else float(value), unit, DIGITS) if unit else number(value, DIGITS)


def times(ratio: float | Fraction) -> str:
    """`10.3 times`."""
    return f"{number(ratio)} times"


def fold(ratio: float | None) -> str:
    """A ratio for the cells of tables: `1.00 x`, `17.9 x`, `1,090 x`."""
    return NOT_MODELLED if ratio is None else f"{aligned(ratio)} x"


def rate(per_second: float | None, what: str, digits: int = 3) -> str:
    """A rate without prefix: `15,900 inferences/s`, `1 inference/s`."""
    return NOT_MODELLED if per_second is None else measured(number(per_second, digits), f"{what}/s")


def cell(value: float | None, unit: str) -> str:
    """As `format_si`, with a dash for None, for the cells of tables."""
    return "-" if value is None else format_si(value, unit)


def square(area: float | None, digits: int = 3) -> str:
    """An area in mm2, below a hundredth of one in um2, with a digit more."""
    if area is None:
        return NOT_MODELLED
    return f"{number(area * 1e6, digits)} mm2" if area >= 1e-8 else f"{number(area * 1e12, digits + 1)} um2"


def traffic(bits: int | None) -> str:
    """An amount of data in bytes with SI prefixes: `15.4 MB`."""
    return NOT_MODELLED if bits is None else format_si(bits / 8, "B")


def pes(count: float | None, *, none: str = NOT_MODELLED) -> str:
    """A number of PEs, or a mean of some: whole, but a mean below 10 with one decimal."""
    if count is None:
        return none
    return f"{count:,.0f}" if count == round(count) or count >= 9.95 else f"{count:.1f}"


def spread(uncertainty: float | None, *, none: str = "not stated") -> str:
    """`×/÷ 1.4`: the truth is expected within that factor, either way."""
    return none if uncertainty is None else f"×/÷ {number(1 + uncertainty)}"


def shape(dims: tuple[tuple[str, int], ...]) -> str:
    """The dimensions larger than 1: `N4 M96 C3 P55 Q55 R11 S11`."""
    return " ".join(f"{name}{extent}" for name, extent in dims if extent > 1) or "1"
