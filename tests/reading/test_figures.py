from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.reading.figures import (
    aligned,
    cell,
    compact,
    exact,
    fold,
    number,
    per_cycle,
    percent,
    pes,
    rate,
    shape,
    short,
    spread,
    square,
    times,
    traffic,
    whole,
)
from assay.reading.words import capital, listed, plural, small


@given(st.floats(1e-9, 1e14), st.integers(1, 9))
def test_what_a_number_says_is_the_value(value: float, digits: int) -> None:
    assert float(number(value, digits).replace(",", "")) == pytest.approx(value, rel=0.51 * 10 ** (1 - digits))


@given(st.integers(-(10**18), 10**18))
def test_a_whole_number_is_said_in_full(value: int) -> None:
    assert int(number(value, 1).replace(",", "")) == int(number(Fraction(value), 1).replace(",", "")) == value


@pytest.mark.parametrize(
    ("value", "text"),
    [(15873.0, "15,900"), (999.6, "1,000"), (6.751, "6.75"), (0.25, "0.25"), (Fraction(1, 3), "0.333"), (0.0, "0")],
)
def test_numbers(value: float | Fraction, text: str) -> None:
    assert number(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0 %"), (1, "100 %"), (0.62, "62 %"), (0.0951, "9.5 %"), (0.0999, "10 %"), (0.9994, "99.9 %")],
)
def test_percentages(value: float, text: str) -> None:
    assert percent(value) == text


def test_percentages_in_other_digits() -> None:
    assert percent(0.0001) == "< 0.1 %"
    assert (percent(0.80214, 4), percent(Fraction(2, 3), 3), percent(12.5)) == ("80.21 %", "66.7 %", "1,250 %")


def test_what_there_is_none_of_is_said_so() -> None:
    assert {
        number(None),
        compact(None),
        fold(None),
        percent(None),
        square(None),
        traffic(None),
        pes(None),
        whole(None),
    } == {"not modelled"}
    assert {per_cycle(None), rate(None, "inferences")} == {"not modelled"}
    assert {short(None), cell(None, "J"), aligned(None), percent(None, none="-"), number(None, none="-")} == {"-"}
    assert spread(None) == "not stated"


def test_figures() -> None:
    assert (short(421660800), short(96)) == ("422M", "96")
    assert (compact(12345.0), compact(123456.0), compact(0.5)) == ("12,300", "123k", "0.5")
    assert [per_cycle(each) for each in (41.789, 16384.0, 131072.0)] == ["41.79", "16,384", "131k"]
    assert [aligned(each) for each in (4.0, 12.634, 208.4, 1234.0, 0.0612)] == [
        "4.00",
        "12.6",
        "208",
        "1,230",
        "0.0612",
    ]
    assert (rate(15873.0, "inferences"), rate(6.751, "inferences")) == ("15,900 inferences/s", "6.75 inferences/s")
    assert (rate(1.0, "inferences"), rate(None, "inferences")) == ("1 inference/s", "not modelled")
    assert (times(10.34), times(Fraction(3))) == ("10.3 times", "3 times")
    assert [fold(each) for each in (1.0, 17.93, 1086.7)] == ["1.00 x", "17.9 x", "1,090 x"]
    assert (square(12.25e-6), square(12.25e-6, 4), square(1.5e-9)) == ("12.2 mm2", "12.25 mm2", "1,500 um2")
    assert (cell(1.23e-3, "J"), traffic(8_000_000), whole(1234567)) == ("1.23 mJ", "1 MB", "1,234,567")
    assert (pes(168), pes(153.4), pes(3.26)) == ("168", "153", "3.3")
    assert (shape((("N", 1), ("M", 4), ("C", 3))), shape((("N", 1),))) == ("M4 C3", "1")
    assert spread(0.4) == "×/÷ 1.4"


def test_words() -> None:
    assert [listed(names) for names in ([], "a", "ab", "abc")] == ["", "a", "a and b", "a, b and c"]
    assert (plural(1, "layer"), plural(1200, "layer"), plural(2, "pass", "passes")) == (
        "1 layer",
        "1,200 layers",
        "2 passes",
    )
    assert [capital(text) for text in ("of PEs", "")] == ["Of PEs", ""]


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("Energy per MAC", "energy per MAC"),
        ("Inferences/J per mm2", "inferences/J per mm2"),
        ("A layer", "a layer"),
        ("CONV layers", "CONV layers"),
        ("PEs that work", "PEs that work"),
        ("TOPS/W", "TOPS/W"),
        ("8-bit peak", "8-bit peak"),
        ("", ""),
    ],
)
def test_titles_within_a_sentence(title: str, text: str) -> None:
    assert small(title) == text


@given(st.floats(1e-12, 1e12))
def test_a_formula_can_be_done_again_with_exact_figures(value: float) -> None:
    assert float(exact(value).replace(",", "")) == pytest.approx(value, rel=1e-5)
    assert float(exact(value, "%").removesuffix(" %").replace(",", "")) == pytest.approx(100 * value, rel=1e-5)
    assert (exact(0.0437666, "J"), exact(None, "J"), exact(None)) == ("43.7666 mJ", "not modelled", "not modelled")
