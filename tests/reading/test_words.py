import pytest

from assay.reading.words import measured


@pytest.mark.parametrize(
    ("text", "unit", "expected"),
    [
        ("1", "inferences/s", "1 inference/s"),
        ("1", "cycles/MAC of one PE", "1 cycle/MAC of one PE"),
        ("1", "points", "1 point"),
        ("1", "inferences/s/mm2", "1 inference/s/mm2"),
        ("1", "s", "1 s"),
        ("1", "MAC/s", "1 MAC/s"),
        ("1", "", "1"),
        ("1.01", "inferences/s", "1.01 inferences/s"),
        ("0", "points", "0 points"),
        ("11", "cycles/MAC", "11 cycles/MAC"),
    ],
)
def test_one_is_no_plural(text: str, unit: str, expected: str) -> None:
    assert measured(text, unit) == expected
