"""Adders, multipliers and multiply-accumulate units, and the gates around them, against published figures."""

from __future__ import annotations

import math
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.components import asking
from tests.components.asking import joules, square_metres

from assay.components import formats
from assay.components.arithmetic import MAC, Adder, Multiplier
from assay.components.estimate import Estimate
from assay.components.estimator import Declined, Estimator, attributes_of
from assay.components.formats import Kind, accumulator_of, parse_format
from assay.components.logic import AddressGenerator, Comparator, Counter, Gates, LookupTable, Mux, Shifter
from assay.components.technology import Technology
from assay.errors import InputError

PJ, FJ, UM2 = 1e-12, 1e-15, 1e-12

# operation, format: pJ and um2 at 45 nm, 0.9 V (M. Horowitz, ISSCC 2014)
FITTED = [
    (Adder, "int8", 0.03, 36),
    (Adder, "int32", 0.1, 137),
    (Adder, "fp32", 0.9, 4184),
    (Multiplier, "int8", 0.2, 282),
    (Multiplier, "int32", 3.1, 3495),
    (Multiplier, "fp32", 3.7, 7700),
]
PREDICTED = [(Adder, "int16", 0.05, 67), (Adder, "fp16", 0.4, 1360), (Multiplier, "fp16", 1.1, 1640)]


def ask(estimator: type[Estimator], technology: str = "45 nm, 0.9 V", /, **attributes: object) -> Estimate:
    return asking.ask(estimator, technology, **attributes)


@pytest.mark.parametrize(("kind", "name", "energy", "area"), FITTED)
def test_rows_of_horowitz_that_were_fitted_come_back(
    kind: type[Estimator], name: str, energy: float, area: float
) -> None:
    found = ask(kind, format=name)
    assert joules(found, kind.actions[0]) == pytest.approx(energy * PJ, rel=1e-3)
    assert found.area == pytest.approx(area * UM2, rel=1e-3)
    assert not found.extrapolated


@pytest.mark.parametrize(("kind", "name", "energy", "area"), PREDICTED)
def test_rows_of_horowitz_that_set_no_constant_are_predicted(
    kind: type[Estimator], name: str, energy: float, area: float
) -> None:
    found = ask(kind, format=name)
    assert joules(found, kind.actions[0]) == pytest.approx(energy * PJ, rel=0.08)
    assert found.area == pytest.approx(area * UM2, rel=0.08)


def test_measured_16_bit_mac_of_eyeriss_is_predicted() -> None:
    """JSSC 2017, CONV1 of AlexNet, 4 images: 8.9 % of 332 mW over 20.9 ms are 1.46 pJ for each of 421.66 M."""
    published = 0.089 * 0.332 * 20.9e-3 / 421.66e6
    found = ask(MAC, "65 nm LP, 1.0 V", format="int16", accumulator="int16")
    assert joules(found, "compute") == pytest.approx(published, rel=0.15)


def test_aladdin_at_40_nm() -> None:
    """Relaxed rows of 32 bits: the adder agrees, the multiplier is known to be much higher there."""
    adder, multiplier = (ask(kind, "40 nm, 0.9 V", format="int32") for kind in (Adder, Multiplier))
    assert joules(adder, "add") == pytest.approx(0.0857 * PJ, rel=0.05)
    assert 8.63 * PJ / joules(multiplier, "multiply") == pytest.approx(3.2, abs=0.1)
    assert multiplier.leakage == pytest.approx(48.2e-6, rel=0.5)
    assert adder.leakage == pytest.approx(2.38e-6, rel=0.6)


@pytest.mark.parametrize(
    ("found", "action", "energy", "area"),
    [
        (Comparator(width=32, technology=Technology.of(40, 0.9)), "compare", 29.47, 71.0),
        (Shifter(width=32, technology=Technology.of(40, 0.9)), "shift", 417.0, 249.6),
        (Counter(width=8, technology=Technology.of(40, 0.9)), "count", 62.7, 123.9),
        (Counter(width=32, technology=Technology.of(40, 0.9)), "count", 250.7, 495.5),
        (LookupTable(entries=256, width=8, technology=Technology.of(32, 0.9)), "read", 217.0, 300.0),
    ],
)
def test_logic_lies_within_its_uncertainty_of_aladdin_and_isaac(
    found: Estimator, action: str, energy: float, area: float
) -> None:
    cost = found.cost()
    assert cost.energy[action] == pytest.approx(energy * FJ, rel=found.uncertainty)
    assert cost.area == pytest.approx(area * UM2, rel=found.uncertainty)


def test_plain_gates() -> None:
    """NAND2 of Nangate 45; energy: a 32-bit adder of Horowitz is as many gates as its area says."""
    found = ask(Gates, gates=137 / 0.798)
    assert found.area == pytest.approx(137 * UM2)
    assert joules(found, "compute") == pytest.approx(0.1 * PJ, rel=0.05)
    assert joules(ask(Gates, gates=1000, activity=0.25), "compute") == pytest.approx(
        joules(ask(Gates, gates=250), "compute")
    )
    assert found.cycle is None


@given(st.integers(1, 63), st.sampled_from([Adder, Multiplier, MAC]))
def test_wider_costs_more(width: int, kind: type[Estimator]) -> None:
    accumulator: dict[str, Any] = {"accumulator": "int64"} if kind is MAC else {}
    narrow = ask(kind, format=f"int{width}", **accumulator)
    wide = ask(kind, format=f"int{width + 1}", **accumulator)
    assert joules(narrow, kind.actions[0]) < joules(wide, kind.actions[0])
    assert square_metres(narrow) < square_metres(wide)


@given(st.integers(1, 14), st.integers(1, 40))
def test_floating_point_grows_with_mantissa_and_exponent(exponent: int, mantissa: int) -> None:
    for kind in (Adder, Multiplier):
        least = ask(kind, format=f"fp_e{exponent}m{mantissa}")
        for more in (f"fp_e{exponent + 1}m{mantissa}", f"fp_e{exponent}m{mantissa + 1}"):
            assert joules(least, kind.actions[0]) < joules(ask(kind, format=more), kind.actions[0])


@given(st.sampled_from(["int8", "int16", "bf16", "fp16", "fp32", "mxfp8", "mxint8", "bfp8_16"]))
def test_a_mac_is_its_multiplier_and_more(name: str) -> None:
    assert joules(ask(MAC, format=name), "compute") > joules(ask(Multiplier, format=name), "multiply")
    repeated = joules(ask(MAC, format=name), "compute_repeated")
    assert 0 < repeated < joules(ask(MAC, format=name), "compute")


def test_mac_of_whole_numbers_is_the_sum_of_its_parts() -> None:
    whole = joules(ask(MAC, format="int8"), "compute")
    parts = joules(ask(Multiplier, format="int8"), "multiply") + joules(ask(Adder, format="int32"), "add")
    assert whole == pytest.approx(parts)


def test_asymmetric_operands() -> None:
    assert joules(ask(Multiplier, format="int8", other="int4"), "multiply") == pytest.approx(
        joules(ask(Multiplier, format="int4", other="int8"), "multiply")
    )
    between = joules(ask(Multiplier, format="int8", other="int4"), "multiply")
    assert (
        joules(ask(Multiplier, format="int4"), "multiply")
        < between
        < joules(ask(Multiplier, format="int8"), "multiply")
    )


def test_larger_blocks_share_more() -> None:
    energies = [joules(ask(MAC, format=f"bfp8_{block}"), "compute") for block in (2, 4, 8, 16)]
    assert energies == sorted(energies, reverse=True)
    assert energies[-1] < joules(ask(MAC, format="bf16"), "compute") / 3


UNTIMED: tuple[tuple[type[Estimator], dict[str, Any]], ...] = (
    (Adder, {"format": "int48"}),
    (Multiplier, {"format": "bf16"}),
    (MAC, {"format": "fp16"}),
    (Comparator, {"width": 48}),
    (Counter, {"width": 48}),
    (AddressGenerator, {"width": 48}),
    (Gates, {"gates": 100}),
)
TIMED: tuple[tuple[type[Estimator], dict[str, Any]], ...] = (
    (Mux, {"inputs": 8, "width": 8}),
    (Shifter, {"width": 8}),
    (LookupTable, {"entries": 256, "width": 8}),
    (Adder, {"format": "int8"}),
    (Multiplier, {"format": "int8"}),
    (MAC, {"format": "int8"}),
    (Comparator, {"width": 8}),
    (Counter, {"width": 8}),
    (AddressGenerator, {"width": 16}),
)


@pytest.mark.parametrize(("kind", "attributes"), UNTIMED)
def test_cycle_times_of_which_no_figure_by_width_was_found_are_not_made_up(
    kind: type[Estimator], attributes: dict[str, Any]
) -> None:
    for technology in ("16 nm", "28 nm LP", "40 nm"):
        found = ask(kind, technology, **attributes)
        assert found.cycle is None
        assert any("cycle: not known" in note for note in found.notes)


@pytest.mark.parametrize(("kind", "attributes"), TIMED)
def test_delays_of_fast_transistors_are_not_carried_over_to_low_power(
    kind: type[Estimator], attributes: dict[str, Any]
) -> None:
    assert ask(kind, "28 nm", **attributes).cycle
    slow = ask(kind, "28 nm LP", **attributes)
    assert slow.cycle is None
    assert any(note.startswith("cycle: not known") and "low-power processes" in note for note in slow.notes)


def test_cycles_of_arithmetic_are_those_of_aladdin() -> None:
    """32 bits at 40 nm, synthesised for speed; a MAC is pipelined."""
    assert ask(Adder, "40 nm, 0.9 V", format="int32").cycle == pytest.approx(0.47e-9)
    assert ask(Multiplier, "40 nm, 0.9 V", format="int32").cycle == pytest.approx(0.98e-9)
    assert ask(MAC, "40 nm, 0.9 V", format="int16").cycle == pytest.approx(0.98e-9)
    assert (ask(MAC, "16 nm", format="int8").cycle or 1) < 0.7e-9


@pytest.mark.parametrize(("kind", "attributes"), UNTIMED + TIMED)
def test_leakage_says_of_which_transistors_it_is(kind: type[Estimator], attributes: dict[str, Any]) -> None:
    assert "leakage is that of high-performance transistors" in ask(kind, "28 nm", **attributes).notes
    assert "leakage is that of high-performance transistors" not in ask(kind, "28 nm LP", **attributes).notes


@pytest.mark.parametrize("name", ["int4", "int8", "fp8_e4m3", "fp32", "mxfp4", "bfp8_16"])
def test_a_mac_says_what_its_sum_takes(name: str) -> None:
    """Its share is what is left beside the multiplier."""
    whole, product = (joules(ask(kind, format=name), kind.actions[0]) for kind in (MAC, Multiplier))
    if not name.startswith(("mx", "bfp")):
        share = f"{100 * (1 - product / whole):.0f} % of the energy"
        assert (
            f"sums in {'int32' if name.startswith('int') else 'fp32'} (the default): {share}"
            in ask(MAC, format=name).notes
        )
    assert any(note.startswith("sums in") and " % of the energy" in note for note in ask(MAC, format=name).notes)


def test_the_default_sum_dominates_small_floating_point() -> None:
    (note,) = [each for each in ask(MAC, format="fp8_e4m3").notes if each.startswith("sums in fp32 (the default): ")]
    share = re.search(r"(\d+) %", note)
    assert share
    assert int(share[1]) > 80
    assert "sums in fp16: " in " ".join(ask(MAC, format="fp8_e4m3", accumulator="fp16").notes)


def test_unknown_stays_unknown() -> None:
    low_power = ask(MAC, "65 nm LP", format="int8")
    assert low_power.leakage is None
    assert any("leakage: not known" in note for note in low_power.notes)
    assert any("scaled from 45 nm, 0.9 V to 65 nm LP" in note for note in low_power.notes)
    assert ask(MAC, "65 nm", format="int8").leakage is not None


def test_beyond_what_was_fitted_is_said() -> None:
    assert "4 bits, fitted to 8 to 32" in ask(Adder, format="int4").extrapolated[0]
    assert "53 bits, fitted to 11 to 24" in ask(MAC, format="fp64").extrapolated[0]


@pytest.mark.parametrize(
    ("name", "sign", "exponent", "mantissa", "significand", "bits"),
    [
        ("int8", 1, 0, 7, 8, 8),
        ("uint1", 0, 0, 1, 1, 1),
        ("FP16", 1, 5, 10, 11, 16),
        ("bf16", 1, 8, 7, 8, 16),
        ("tf32", 1, 8, 10, 11, 19),
        ("fp32", 1, 8, 23, 24, 32),
        ("fp64", 1, 11, 52, 53, 64),
        ("fp8_e4m3", 1, 4, 3, 4, 8),
        ("fp_e6m9", 1, 6, 9, 10, 16),
        ("mxfp8", 1, 4, 3, 4, 8.25),
        ("mxfp6", 1, 3, 2, 3, 6.25),
        ("mxfp4", 1, 2, 1, 2, 4.25),
        ("mxint8", 1, 0, 7, 8, 8.25),
        ("bfp8_16", 1, 0, 7, 8, 8.5),
    ],
)
def test_formats(name: str, sign: int, exponent: int, mantissa: int, significand: int, bits: float) -> None:
    found = parse_format(name)
    assert (found.sign, found.exponent, found.mantissa) == (sign, exponent, mantissa)
    assert (found.significand, found.bits) == (significand, bits)


@pytest.mark.parametrize(
    "name",
    ["", "int", "int0", "int65", "uint999", "float", "fp_e0m3", "fp_e16m3", "fp_e8m60", "bfp1_8", "bfp8_1", "fp24"],
)
def test_nonsense_is_no_format(name: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_format(name)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("FP4", "write mxfp4, or fp_e2m1 without a shared scale"),
        ("e4m3", "write fp8_e4m3"),
        ("float", "write fp32, or fp64"),
        ("int", "write int8, int16 or int32"),
        ("nvfp4", "write fp_e2m1"),
        ("intt8", "did you mean 'int8'"),
    ],
)
def test_names_that_could_mean_several_formats_say_what_to_write(name: str, advice: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_format(name)
    assert (caught.value.hint or "").startswith(advice)


def test_every_advice_can_be_followed() -> None:
    for advice in formats._MEANT.values():
        for name in re.findall(r"\b(?:mxfp|fp_|fp|bf|int|bfp)\d\w*|fp_e\dm\d", advice):
            assert parse_format(name).bits > 1


def test_other_names_of_the_same_formats() -> None:
    for name, same in formats._ALIASES.items():
        assert parse_format(name.upper()) == parse_format(same)


def test_the_formats_stand_beside_the_attribute() -> None:
    for kind in (Adder, Multiplier, MAC):
        (known,) = [each for each in attributes_of(kind) if each.name == "format"]
        assert "fp8_e4m3, fp8_e5m2" in known.about
        assert known.about.endswith(formats.FORMATS)
    listed = formats.FORMATS
    for letter, number in {"<N>": "7", "<E>": "4", "<M>": "3", "<B>": "16"}.items():
        listed = listed.replace(letter, number)
    assert all(parse_format(name).bits > 1 for name in listed.split(", "))


@pytest.mark.parametrize(
    ("operand", "total"),
    [
        ("int8", "int32"),
        ("uint8", "uint32"),
        ("int24", "int64"),
        ("bf16", "fp32"),
        ("fp64", "fp64"),
        ("mxint8", "fp32"),
    ],
)
def test_default_accumulators(operand: str, total: str) -> None:
    assert accumulator_of(parse_format(operand)) == parse_format(total)
    assert any(note.startswith(f"sums in {total} (the default): ") for note in ask(MAC, format=operand).notes)


@pytest.mark.parametrize(
    ("kind", "attributes"),
    [
        (Multiplier, {"format": "int8", "other": "fp16"}),
        (MAC, {"format": "int8", "accumulator": "fp32"}),
        (MAC, {"format": "fp16", "accumulator": "int32"}),
        (MAC, {"format": "fp16", "accumulator": "mxfp8"}),
        (Gates, {"gates": 0}),
        (Mux, {"inputs": 1, "width": 8}),
        (Shifter, {"width": 1}),
        (AddressGenerator, {"width": 16, "loops": 0}),
        (LookupTable, {"entries": 1, "width": 8}),
    ],
)
def test_impossible_units_are_refused(kind: type[Estimator], attributes: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        ask(kind, **attributes)


def test_an_adder_of_blocks_declines() -> None:
    with pytest.raises(Declined):
        ask(Adder, format="mxint8")


@given(st.integers(2, 64), st.integers(1, 63))
def test_muxes_and_generators_grow(inputs: int, width: int) -> None:
    for action in ("select",):
        assert joules(ask(Mux, inputs=inputs, width=width), action) < joules(
            ask(Mux, inputs=inputs + 1, width=width), action
        )
    loops = min(inputs, 8)
    one, more = (ask(AddressGenerator, width=width, loops=n) for n in (loops, loops + 1))
    assert 0 < joules(one, "idle") < joules(one, "generate") < joules(more, "generate")
    assert square_metres(one) < square_metres(more)


def test_kinds_of_elements() -> None:
    assert parse_format("mxfp4").kind is Kind.FLOAT
    assert parse_format("bfp4_64").kind is Kind.INT
    assert math.isclose(parse_format("bfp4_64").bits, 4.125)


def test_fp8_is_that_of_inference() -> None:
    """OCP's e4m3; e5m2 is asked for by name."""
    assert parse_format("fp8") == parse_format("fp8_e4m3")
