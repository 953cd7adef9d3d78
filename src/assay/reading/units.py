"""Quantities with units: what `108 KiB`, `1.46 pJ` and `64 b/cycle` mean.

A `Quantity` is an exact rational number of base units (bit, joule, second, metre, volt, cycle) and the exponents of
those units. Values stay exact through a whole expression, so that `1.46 pJ` becomes the very float `1.46e-12`. `word`
is a counted thing without a dimension; a `cycle` has one, so that `64 b` is never taken for `64 b/cycle`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType

from assay.errors import InputError


@dataclass(frozen=True, slots=True)
class Dimension:
    """Exponents of the base units, such as joule 1 and bit -1 for an energy per bit."""

    bit: int = 0
    joule: int = 0
    second: int = 0
    metre: int = 0
    volt: int = 0
    cycle: int = 0

    @property
    def exponents(self) -> tuple[int, ...]:
        return (self.bit, self.joule, self.second, self.metre, self.volt, self.cycle)

    def __mul__(self, other: Dimension) -> Dimension:
        return Dimension(*(a + b for a, b in zip(self.exponents, other.exponents, strict=True)))

    def __truediv__(self, other: Dimension) -> Dimension:
        return Dimension(*(a - b for a, b in zip(self.exponents, other.exponents, strict=True)))

    def __pow__(self, exponent: int) -> Dimension:
        return Dimension(*(a * exponent for a in self.exponents))

    def __str__(self) -> str:
        """In base units, such as `J/b`; `plain number` without a dimension."""
        pairs = list(zip(("b", "J", "s", "m", "V", "cycle"), self.exponents, strict=True))
        above = "·".join(symbol + _superscript(n) for symbol, n in pairs if n > 0)
        below = "·".join(symbol + _superscript(-n) for symbol, n in pairs if n < 0)
        if not below:
            return above or "plain number"
        return f"{above or '1'}/{below}"


NUMBER = Dimension()
SIZE = Dimension(bit=1)
ENERGY = Dimension(joule=1)
TIME = Dimension(second=1)
FREQUENCY = Dimension(second=-1)
RATE = Dimension(bit=1, second=-1)
CYCLES = Dimension(cycle=1)
BANDWIDTH = Dimension(bit=1, cycle=-1)
POWER = Dimension(joule=1, second=-1)
LENGTH = Dimension(metre=1)
AREA = Dimension(metre=2)
VOLTAGE = Dimension(volt=1)

_KINDS: Mapping[Dimension, tuple[str, str]] = MappingProxyType(
    {
        NUMBER: ("a plain number", "16"),
        SIZE: ("a number of bits", "108 KiB"),
        ENERGY: ("an energy", "1.2 pJ"),
        TIME: ("a time", "5 ns"),
        FREQUENCY: ("a frequency", "200 MHz"),
        RATE: ("bits per second", "25.6 GB/s"),
        CYCLES: ("a number of cycles", "4 cycles"),
        BANDWIDTH: ("bits per cycle", "64 b/cycle"),
        POWER: ("a power", "278 mW"),
        LENGTH: ("a length", "65 nm"),
        AREA: ("an area", "12.25 mm2"),
        VOLTAGE: ("a voltage", "0.9 V"),
    }
)


def kind(dimension: Dimension) -> str:
    """A dimension in words: `an energy`, or its base units (`J/b`) when it has no common name."""
    return _KINDS[dimension][0] if dimension in _KINDS else str(dimension)


def example(dimension: Dimension) -> str | None:
    """How a person would write a value of that dimension, or None when there is no common form."""
    return _KINDS[dimension][1] if dimension in _KINDS else None


@dataclass(frozen=True, slots=True)
class Quantity:
    """An exact value in base units (bit, J, s, m, V, cycle) with its dimension."""

    exact: Fraction
    dimension: Dimension = NUMBER

    @property
    def value(self) -> float:
        """The value in base units, correctly rounded."""
        return float(self.exact)

    @classmethod
    def of(cls, value: int | float | Fraction, unit: str = "") -> Quantity:
        """`value` of `unit`, such as `Quantity.of(1.46, "pJ")`.

        A float stands for the decimal it prints as. Raises InputError if it is not finite or the unit is unknown.
        """
        if isinstance(value, float) and not math.isfinite(value):
            raise InputError(f"{value} is not a finite number")
        exact = Fraction(repr(value)) if isinstance(value, float) else Fraction(value)
        if not unit:
            return cls(exact)
        if unit not in UNITS:
            raise InputError(f"unknown unit '{unit}'")
        return cls(exact * UNITS[unit].exact, UNITS[unit].dimension)

    def __str__(self) -> str:
        if self.dimension == NUMBER:
            return f"{self.value:.4g}"
        if self.dimension == SIZE:
            return f"{self.value:.10g} b"
        symbol = _SYMBOLS.get(self.dimension)
        return format_si(self.value, symbol) if symbol else f"{self.value:.4g} {self.dimension}"


_SYMBOLS: Mapping[Dimension, str] = MappingProxyType(
    {ENERGY: "J", TIME: "s", FREQUENCY: "Hz", RATE: "b/s", POWER: "W", LENGTH: "m", VOLTAGE: "V"}
)
_PREFIXES = ((12, "T"), (9, "G"), (6, "M"), (3, "k"), (0, ""), (-3, "m"), (-6, "u"), (-9, "n"), (-12, "p"), (-15, "f"))
_BINARY = ((40, "Ti"), (30, "Gi"), (20, "Mi"), (10, "Ki"))


def _unit_table() -> dict[str, Quantity]:
    table = {"cycle": Quantity(Fraction(1), CYCLES), "cycles": Quantity(Fraction(1), CYCLES)}
    table |= {"word": Quantity(Fraction(1)), "words": Quantity(Fraction(1))}
    for symbol, dimension, low, high in (
        ("J", ENERGY, -18, 3),
        ("s", TIME, -12, 0),
        ("Hz", FREQUENCY, 0, 12),
        ("W", POWER, -12, 3),
        ("m", LENGTH, -9, 0),
        ("V", VOLTAGE, -3, 0),
    ):
        for power, prefix in (*_PREFIXES, (-18, "a")):
            if low <= power <= high:
                table[prefix + symbol] = Quantity(Fraction(10) ** power, dimension)
    for symbol, bits in (("b", 1), ("B", 8)):
        for power, prefix in _PREFIXES[:5]:
            table[prefix + symbol] = Quantity(Fraction(bits * 10**power), SIZE)
        for power, prefix in _BINARY:
            table[prefix + symbol] = Quantity(Fraction(bits * 2**power), SIZE)
    for name, metres in (("m2", 0), ("cm2", -2), ("mm2", -3), ("um2", -6), ("nm2", -9)):
        table[name] = Quantity(Fraction(10) ** (2 * metres), AREA)
    table["cm"] = Quantity(Fraction(1, 100), LENGTH)
    table |= {"bit": table["b"], "bits": table["b"], "byte": table["B"], "bytes": table["B"]}
    return table


UNITS: Mapping[str, Quantity] = MappingProxyType(_unit_table())
"""Every unit by the name that people write, as a quantity in base units."""

UNIT_ADVICE: Mapping[str, str] = MappingProxyType(
    {
        "KB": "write KiB for 1024 bytes or kB for 1000 bytes",
        "Kb": "write Kib for 1024 bits or kb for 1000 bits",
        "K": "write 1e3, or a unit such as KiB",
        "hz": "write Hz",
        "mhz": "write MHz",
        "Mhz": "write MHz",
        "ghz": "write GHz",
        "Ghz": "write GHz",
        "pj": "write pJ",
        "mw": "write mW (or MW)",
        "Mw": "write mW or MW",
        "w": "write W",
        "µs": "write us",
        "μs": "write us",
        "bps": "write b/s",
        "kbps": "write kb/s",
        "Mbps": "write Mb/s",
        "Gbps": "write Gb/s",
        "GBps": "write GB/s",
        "fps": "write 1/s",
    }
)
"""Advice for what people often write and what we refuse because it could mean two things."""

NOT_MODELLED = "not modelled"
"""What stands in place of a figure that there is none of."""


def format_si(value: float | None, unit: str, digits: int = 3) -> str:
    """A value with an SI prefix: `format_si(1.23e-3, "J")` is `1.23 mJ`. None is `not modelled`.

    Args:
        value: in `unit`.
        digits: significant digits, at least 1.
    """
    if value is None:
        return NOT_MODELLED
    if not math.isfinite(value):
        return f"{value} {unit}".rstrip()
    if value == 0:
        return f"0 {unit}".rstrip()
    # Rounding first, so that 999.96 with three digits is 1 k and not 1000.
    rounded = float(f"{value:.{digits - 1}e}")
    size = abs(rounded)
    power, prefix = next(((p, s) for p, s in _PREFIXES if size >= _ten(p)), _PREFIXES[-1])
    if size >= 1e15 or size < 1e-18:
        return f"{value:.{digits - 1}e} {unit}".rstrip()
    return f"{_significant(rounded / _ten(power), digits)} {prefix}{unit}".rstrip()


def format_bytes(bits: float | None, digits: int = 4) -> str:
    """Bits as bytes with binary prefixes (`108 KiB`); below one byte as bits. None is `not modelled`."""
    if bits is None:
        return NOT_MODELLED
    size = abs(bits)
    if not math.isfinite(size) or 0 < size < 8:
        return f"{_significant(bits, digits)} b"
    number = bits / 8
    for power, prefix in _BINARY:
        if size / 8 >= 2.0**power:
            return f"{_significant(number / 2.0**power, digits)} {prefix}B"
    return f"{_significant(number, digits)} B"


def _ten(power: int) -> float:
    """10 to the power, correctly rounded (10.0**-15 is not)."""
    return float(f"1e{power}")


def _significant(number: float, digits: int) -> str:
    """The number with so many significant digits and no exponent below 10^15; trailing zeros are dropped."""
    if number == 0 or not math.isfinite(number):
        return f"{number:g}"
    places = digits - 1 - math.floor(math.log10(abs(number)))
    text = f"{round(number, places):.{max(places, 0)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _superscript(exponent: int) -> str:
    return "" if exponent == 1 else str(exponent).translate(str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"))
