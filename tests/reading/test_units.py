import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.errors import InputError
from assay.reading.units import (
    AREA,
    CYCLES,
    ENERGY,
    NUMBER,
    POWER,
    SIZE,
    TIME,
    UNITS,
    Dimension,
    Quantity,
    format_bytes,
    format_si,
)


@pytest.mark.parametrize(
    ("unit", "value", "dimension"),
    [
        ("b", 1, SIZE),
        ("B", 8, SIZE),
        ("kb", 1000, SIZE),
        ("kB", 8000, SIZE),
        ("Kib", 1024, SIZE),
        ("KiB", 8192, SIZE),
        ("MB", 8_000_000, SIZE),
        ("MiB", 8 * 2**20, SIZE),
        ("GB", 8 * 10**9, SIZE),
        ("GiB", 8 * 2**30, SIZE),
        ("MHz", 10**6, Dimension(second=-1)),
        ("pJ", Fraction(1, 10**12), ENERGY),
        ("fJ", Fraction(1, 10**15), ENERGY),
        ("ns", Fraction(1, 10**9), TIME),
        ("mW", Fraction(1, 1000), POWER),
        ("um", Fraction(1, 10**6), Dimension(metre=1)),
        ("mm2", Fraction(1, 10**6), AREA),
        ("um2", Fraction(1, 10**12), AREA),
        ("V", 1, Dimension(volt=1)),
        ("word", 1, NUMBER),
        ("cycle", 1, CYCLES),
    ],
)
def test_a_unit_in_base_units(unit: str, value: Fraction, dimension: Dimension) -> None:
    assert Quantity(Fraction(value), dimension) == UNITS[unit]


def test_a_decimal_with_a_unit_is_the_nearest_float() -> None:
    assert Quantity.of(1.46, "pJ").value == 1.46e-12


@pytest.mark.parametrize(("value", "unit"), [(math.nan, "J"), (math.inf, "J"), (1, "furlong")])
def test_a_quantity_refuses(value: float, unit: str) -> None:
    with pytest.raises(InputError):
        Quantity.of(value, unit)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (1.23e-3, "J", "1.23 mJ"),
        (1.46e-12, "J", "1.46 pJ"),
        (1e-15, "J", "1 fJ"),
        (0, "J", "0 J"),
        (None, "J", "not modelled"),
        (-2.5e-9, "s", "-2.5 ns"),
        (200e6, "Hz", "200 MHz"),
        (999.96e6, "Hz", "1 GHz"),
        (33.6e9, "MAC/s", "33.6 GMAC/s"),
        (1234, "", "1.23 k"),
        (5e-17, "J", "0.05 fJ"),
        (1e20, "J", "1.00e+20 J"),
        (math.inf, "s", "inf s"),
    ],
)
def test_format_si(value: float | None, unit: str, text: str) -> None:
    assert format_si(value, unit) == text


@pytest.mark.parametrize(
    ("bits", "text"),
    [
        (108 * 8192, "108 KiB"),
        (8 * 1000, "1000 B"),
        (8 * 1536, "1.5 KiB"),
        (8 * 2**30, "1 GiB"),
        (1, "1 b"),
        (0, "0 B"),
        (None, "not modelled"),
    ],
)
def test_format_bytes(bits: float | None, text: str) -> None:
    assert format_bytes(bits) == text


@given(st.floats(1e-14, 1e14), st.sampled_from([3, 4, 6]))
def test_what_format_si_prints_is_the_value(value: float, digits: int) -> None:
    number, unit = format_si(value, "J", digits).split(" ")
    prefixes = {"f": 1e-15, "p": 1e-12, "n": 1e-9, "u": 1e-6, "m": 1e-3, "": 1, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}
    assert float(number) * prefixes[unit.removesuffix("J")] == pytest.approx(value, rel=0.51 * 10 ** (1 - digits))
    assert 1 <= float(number) < 1000


@pytest.mark.parametrize(
    ("dimension", "text"),
    [(ENERGY, "J"), (ENERGY / SIZE, "J/b"), (AREA, "m²"), (NUMBER, "plain number"), (NUMBER / TIME, "1/s")],
)
def test_a_dimension_in_words(dimension: Dimension, text: str) -> None:
    assert str(dimension) == text
