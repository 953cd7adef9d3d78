"""Technologies as people write them, and scaling between them against the tables of its source."""

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.components.technology import Flavour, Technology, nominal_voltage, scaling
from assay.errors import InputError

REFERENCE = Path(__file__).parents[1] / "data" / "reference"
NODES = st.floats(7, 180)
FLAVOURS = st.sampled_from(Flavour)


def rows(name: str) -> list[dict[str, str]]:
    lines = [line for line in (REFERENCE / name).read_text().splitlines() if not line.startswith("#")]
    return list(csv.DictReader(lines))


@pytest.mark.parametrize(
    ("text", "nm", "voltage", "flavour"),
    [
        ("65nm", 65, 1.1, Flavour.HP),
        ("65 nm", 65, 1.1, Flavour.HP),
        ("TSMC 65 nm LP, 1.0 V", 65, 1.0, Flavour.LP),
        ("16nm FinFET, 800 mV", 16, 0.8, Flavour.HP),
        ("45 nm low-power", 45, 1.1, Flavour.LP),
    ],
)
def test_words(text: str, nm: float, voltage: float, flavour: Flavour) -> None:
    assert Technology.parse(text) == Technology(nm, voltage, flavour)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("CMOS", "technology 'CMOS' names no node"),
        ("2 nm", "a technology of 2 nm is not covered"),
        ("250 nm", "a technology of 250 nm is not covered"),
        ("-65 nm", "a technology of -65 nm is not covered"),
        ("65 nm and 28 nm", "names more than one node (65, 28 nm)"),
        ("65 nm, -1.0 V", "a supply of -1 V is not possible at 65 nm"),
        ("65 nm, 12 V", "a supply of 12 V is not possible at 65 nm"),
        ("65 nm, 1 V or 1.2 V", "names more than one voltage"),
    ],
)
def test_nonsense_is_refused(text: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        Technology.parse(text)
    assert message in str(caught.value)


def test_the_example_of_the_authors() -> None:
    """1 pJ at 65 nm and 1.3 V is 0.1755 pJ at 32 nm (high performance) and 0.9 V."""
    assert scaling(Technology.of(65, 1.3), Technology.of(32, 0.9)).energy == pytest.approx(0.1755, rel=1e-3)


@pytest.mark.parametrize("start", rows("stillmaker_baas_coefficients.csv"), ids=lambda row: row["node"])
def test_energy_and_delay_are_the_polynomials(start: dict[str, str]) -> None:
    """Every pair of nodes, at the nominal voltages."""

    def value(row: dict[str, str], letter: str, volts: float) -> float:
        found = [float(row[f"{letter}{power}"]) * volts**power for power in range(4) if f"{letter}{power}" in row]
        return sum(found)

    def technology(row: dict[str, str]) -> Technology:
        node = row["node"]
        flavour = Flavour.LP if node.startswith("LP") else Flavour.HP
        return Technology.of(float(node.lstrip("HLP")), None, flavour)

    one = technology(start)
    for end in rows("stillmaker_baas_coefficients.csv"):
        other = technology(end)
        found = scaling(one, other)
        if one == other:
            continue
        for factor, letter in ((found.energy, "e"), (found.delay, "d")):
            expected = value(end, letter, other.voltage) / value(start, letter, one.voltage)
            assert factor == pytest.approx(expected, rel=1e-9)


def test_area_is_the_table_to_its_two_digits() -> None:
    """The table is rounded row by row, so that its rows differ among each other by up to a tenth."""
    for row in rows("stillmaker_baas_area.csv"):
        one = Technology.of(float(row["from_nm"]))
        for key, cell in row.items():
            if key != "from_nm":
                found = scaling(one, Technology.of(float(key.removeprefix("to_")))).area
                assert found == pytest.approx(float(cell), rel=0.1)


@given(NODES, NODES, FLAVOURS)
def test_there_and_back_changes_nothing(one: float, other: float, flavour: Flavour) -> None:
    a, b = Technology.of(one, None, flavour), Technology.of(other, None, flavour)
    there, back = scaling(a, b), scaling(b, a)
    assert there.energy * back.energy == pytest.approx(1)
    assert there.delay * back.delay == pytest.approx(1)
    assert there.area * back.area == pytest.approx(1)
    assert (there.text == "") == (a == b)


@given(st.floats(7, 179), FLAVOURS)
def test_a_larger_node_takes_more_energy_and_area(nm: float, flavour: Flavour) -> None:
    found = scaling(Technology.of(nm, None, flavour), Technology.of(min(180.0, nm * 1.2), None, flavour))
    assert found.energy > 1
    assert found.area > 1


def test_a_voltage_far_from_the_nominal_one_is_flagged() -> None:
    assert Technology.of(65, 1.0).unusual is None
    assert Technology.of(65, 0.5).unusual == "0.5 V is far from the nominal 1.1 V of 65 nm"
    assert nominal_voltage(65) == 1.1


def test_a_voltage_at_which_the_polynomials_end_is_refused() -> None:
    with pytest.raises(InputError, match="cannot be scaled"):
        scaling(Technology.of(180), Technology.of(180, 0.6))


@pytest.mark.parametrize("text", ["65nm, 0.9", "65 nm 1.0 LP"])
def test_a_voltage_without_its_unit_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="of what"):
        Technology.parse(text)
    assert Technology.parse("65nm, 0.9 volts").voltage == 0.9
