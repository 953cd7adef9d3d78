import math
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.errors import InputError, Position
from assay.reading.expressions import MAX_POWER, evaluate
from assay.reading.units import BANDWIDTH, ENERGY, NUMBER, RATE, SIZE, UNITS, Dimension, Quantity

NAMES = {
    "mac": Quantity.of(1.46, "pJ"),
    "clock": Quantity.of(200, "MHz"),
    "horowitz_45nm.mult_8b": Quantity.of(0.2, "pJ"),
}


@pytest.mark.parametrize(
    ("text", "value", "dimension"),
    [
        ("3", 3, NUMBER),
        ("1_000", 1000, NUMBER),
        ("1e-3", Fraction(1, 1000), NUMBER),
        (".5", Fraction(1, 2), NUMBER),
        ("2 + 3 * 4", 14, NUMBER),
        ("(2 + 3) * 4", 20, NUMBER),
        ("7 - 2 - 1", 4, NUMBER),
        ("2 ** 3 ** 2", 512, NUMBER),
        ("-2 ** 2", -4, NUMBER),
        ("2 ** -1", Fraction(1, 2), NUMBER),
        ("7 // 2", 3, NUMBER),
        ("-7 // 2", -4, NUMBER),
        ("-7 % 3", 2, NUMBER),
        ("108 KiB", 884736, SIZE),
        ("224 * 16 b", 3584, SIZE),
        ("16b", 16, SIZE),
        ("64 b/cycle", 64, BANDWIDTH),
        ("64 b * 60 MHz / clock", Fraction(192, 10), SIZE),
        ("64 b * 60 MHz", 3_840_000_000, RATE),
        ("108 KiB // 64 b", 13824, NUMBER),
        ("200 * mac", Fraction(292, 10**12), ENERGY),
        ("2 pJ / 16 b", Fraction(2, 16 * 10**12), ENERGY / SIZE),
        ("2 mm ** 2", Fraction(4, 10**6), Dimension(metre=2)),
        ("3 * horowitz_45nm.mult_8b", Fraction(6, 10**13), ENERGY),
        ("max(1 pJ, mac, 0.5 pJ)", Fraction(146, 10**14), ENERGY),
        ("min(3, 2)", 2, NUMBER),
        ("ceil(7 / 2)", 4, NUMBER),
        ("floor(-7 / 2)", -4, NUMBER),
        ("round(5 / 2)", 2, NUMBER),
        ("ceil(10 b / 3)", 4, SIZE),
        ("sqrt(16)", 4, NUMBER),
        ("sqrt(4 mm2)", Fraction(2, 1000), Dimension(metre=1)),
        ("log2(1024)", 10, NUMBER),
        ("4 ** 0.5", 2, NUMBER),
        ("3 µJ", Fraction(3, 10**6), ENERGY),
    ],
)
def test_the_value(text: str, value: Fraction, dimension: Dimension) -> None:
    assert evaluate(text, NAMES) == Quantity(Fraction(value), dimension)


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("", 1, "the expression ends where a value is expected"),
        ("2 +", 4, "the expression ends where a value is expected"),
        ("2 3", 3, "found '3' where an operator is expected"),
        ("(2", 3, "the expression ends where ')' is expected"),
        ("2)", 2, "found ')' where an operator is expected"),
        ("200 * mca", 7, "unknown name 'mca'\n  hint: did you mean 'mac'?"),
        ("flor(2)", 1, "unknown function 'flor'\n  hint: did you mean 'floor'?"),
        ("floor", 1, "function floor needs its values in parentheses"),
        ("min()", 5, "found ')' where a value is expected"),
        ("ceil(1, 2)", 1, "ceil takes one value, not 2"),
        ("1 pJ + 3 b", 6, "cannot add an energy (1 pJ) and a number of bits (3 b)"),
        ("1 pJ - 1", 6, "cannot subtract an energy (1 pJ) and a plain number (1)"),
        ("max(1 pJ, 1 b)", 1, "cannot compare an energy (1 pJ) and a number of bits (1 b)"),
        ("3 KB", 3, "unknown unit 'KB'\n  hint: write KiB for 1024 bytes or kB for 1000 bytes"),
        ("3 Khz", 3, "unknown unit 'Khz'\n  hint: did you mean 'kHz'?"),
        ("2 mac", 3, "found 'mac' after a number\n  hint: write 2 * mac"),
        ("2 ^ 3", 3, "unexpected character '^'\n  hint: write ** for a power"),
        ("1 / 0", 3, "division by zero"),
        ("1 // 0", 3, "division by zero"),
        ("1 % 0", 3, "division by zero"),
        ("0 ** -1", 3, "division by zero"),
        ("2 ** (1 pJ)", 3, "an exponent must be a plain number, not an energy"),
        ("(1 pJ) ** 0.5", 8, "only a plain number can have a fractional exponent, not an energy"),
        ("sqrt(1 pJ)", 1, "sqrt needs a plain number or a square such as an area, not an energy"),
        ("sqrt(-1)", 1, "the square root of a negative number"),
        ("log2(0)", 1, "log2 needs a plain number above 0, not 0"),
        ("floor(1.5 pJ)", 1, "floor gives whole numbers; it needs plain numbers or bits, not an energy"),
        ("nan", 1, "'nan' is not a finite number"),
        ("inf", 1, "'inf' is not a finite number"),
        ("1__0", 1, "'1__0' is not a number"),
    ],
)
def test_an_error_has_its_column(text: str, column: int, message: str) -> None:
    with pytest.raises(InputError) as caught:
        evaluate(text, NAMES)
    assert str(caught.value) == f"expression:1:{column}: {message}"


@pytest.mark.parametrize(
    "text",
    [
        "9**9**9",
        "9**999",
        f"2 ** {MAX_POWER + 1}",
        "1e999999999",
        "1e-999999999",
        "1" * 60,
        "1e90 * 1e90",
        "1e-90 * 1e-90 * 1e-90",
        "2 ** 0.5 ** -2000",
        "(" * 60 + "1" + ")" * 60,
        "-" * 200 + "1",
        "2**" * 100 + "2",
        "1 + " * 500 + "1",
        "__import__('os')",
        "mac.__class__",
        "[1, 2]",
        "lambda: 1",
        "'a' * 9",
    ],
)
def test_nothing_hangs_or_runs(text: str) -> None:
    with pytest.raises(InputError):
        evaluate(text, NAMES)


def test_an_error_in_a_file_is_at_its_character() -> None:
    with pytest.raises(InputError) as caught:
        evaluate("200 * mca", NAMES, at=Position("chip.yaml", 7, 13))
    assert caught.value.at == Position("chip.yaml", 7, 19)


def test_long_sums_of_fractions_stay_cheap() -> None:
    text = "+".join(f"1/{number}" for number in range(3, 150))
    expected = math.fsum(1 / number for number in range(3, 150))
    assert evaluate(text).value == pytest.approx(expected, rel=1e-12)


NUMBERS = st.integers(0, 30).map(str) | st.sampled_from(["1.5", "0.25", "2e1", "5e-1"])
OPERATORS = st.sampled_from(["+", "-", "*", "/", "//", "%"])


@st.composite
def arithmetic(draw: st.DrawFn, depth: int = 0) -> str:
    """Text with operators in random order and parentheses only here and there, so that precedence matters."""
    parts = []
    for index in range(draw(st.integers(1, 4))):
        if index:
            parts.append(draw(OPERATORS))
        nested = depth < 3 and draw(st.integers(0, 3)) == 0
        atom = f"({draw(arithmetic(depth + 1))})" if nested else draw(NUMBERS)
        power = draw(st.sampled_from(["", "", "", "**2", "**-1", "**0", " ** 1 ** 3"]))
        parts.append(draw(st.sampled_from(["", "", "-", "+", "- -"])) + atom + power)
    return draw(st.sampled_from(["", " "])).join(parts)


def oracle(text: str) -> Fraction:
    """Python's own parser over exact fractions."""
    import re

    wrapped = re.sub(r"(?:\d+\.\d+|\d+)(?:e-?\d+)?", lambda match: f"F('{match.group()}')", text)
    value = eval(wrapped, {"F": Fraction, "__builtins__": {}})  # text that the test itself has made
    assert isinstance(value, int | Fraction)
    return Fraction(value)


@settings(max_examples=500, deadline=None)
@given(arithmetic())
def test_agrees_with_an_oracle(text: str) -> None:
    try:
        expected = oracle(text)
    except ZeroDivisionError:
        with pytest.raises(InputError, match="division by zero"):
            evaluate(text)
    else:
        found = evaluate(text)
        assert found.dimension == NUMBER
        assert found.exact == expected


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=40) | st.text(alphabet="0123456789.e_ +-*/%(),bpJKi", max_size=40))
def test_any_text_gives_a_value_or_an_input_error(text: str) -> None:
    try:
        value = evaluate(text, NAMES)
    except InputError:
        return
    assert math.isfinite(value.value)


@given(st.sampled_from(sorted(UNITS)), st.integers(0, 10**6))
def test_a_number_with_any_unit(unit: str, number: int) -> None:
    assert evaluate(f"{number} {unit}") == Quantity(number * UNITS[unit].exact, UNITS[unit].dimension)
