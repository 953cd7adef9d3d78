"""Multiply-accumulate units of scalable precision against published throughput, ratios and findings."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.components import asking

from assay.components.estimate import Estimate
from assay.components.estimator import attributes_of
from assay.components.scalable import ScalableMAC
from assay.components.technology import Technology
from assay.errors import InputError

SUBWORD = ("subword_sa", "subword_st")
DIVIDE = ("divide_sa", "divide_st")
ALL = (*SUBWORD, *DIVIDE, "serial_2d", "serial_1d", "data_gated")

# mW of the 28 nm arrays at 1 GHz (arXiv:2108.04773, results/breakdown/1.00); those at 200 MHz are what is fitted
AT_1_GHZ = {
    "subword_sa": {(8, 8): 319.580, (4, 4): 228.893, (2, 2): 180.278},
    "subword_st": {(8, 8): 355.556, (4, 4): 235.084, (2, 2): 165.376},
    "divide_sa": {(8, 8): 573.405, (8, 4): 638.822, (8, 2): 671.456, (4, 4): 607.782, (2, 2): 690.960},
    "divide_st": {(8, 8): 437.013, (8, 4): 397.955, (8, 2): 400.221, (4, 4): 394.676, (2, 2): 349.900},
    "serial_2d": {(8, 8): 205.463, (8, 4): 221.108, (8, 2): 236.713, (4, 4): 238.580, (2, 2): 258.221},
}


def ask(technology: str = "28 nm, 0.9 V", **attributes: object) -> Estimate:
    return asking.ask(ScalableMAC, technology, **attributes)


def energy(family: str, weight: int, other: int) -> float:
    found = ask(family=family, weight_bits=weight, input_bits=other).energy_of("compute")
    assert found is not None
    return found


def area(family: str) -> float:
    found = ask(family=family).area
    assert found is not None
    return found


def per_cycle(family: str, weight: int, other: int) -> float:
    unit = ScalableMAC(family=family, weight_bits=weight, input_bits=other, technology=Technology.of(28, 0.9))
    return unit.per_cycle


@pytest.mark.parametrize("family", SUBWORD)
def test_throughput_of_subwords(family: str) -> None:
    """Camus et al., JETCAS 2019: 1 at 8 x 8 (and 4 x 8, 2 x 8), 2 at 4 x 4 (and 2 x 4), 4 at 2 x 2."""
    expected = {(8, 8): 1, (4, 8): 1, (2, 8): 1, (4, 4): 2, (2, 4): 2, (2, 2): 4}
    assert {bits: per_cycle(family, *bits) for bits in expected} == expected


@pytest.mark.parametrize("family", [*DIVIDE, "serial_2d"])
def test_throughput_of_divided_units(family: str) -> None:
    expected = {(8, 8): 1, (4, 8): 2, (8, 4): 2, (2, 8): 4, (4, 4): 4, (2, 4): 8, (2, 2): 16}
    assert {bits: per_cycle(family, *bits) for bits in expected} == expected


def test_throughput_of_the_others() -> None:
    assert [per_cycle("data_gated", bits, bits) for bits in (8, 4, 2)] == [1, 1, 1]
    assert [per_cycle("serial_1d", bits, 8) for bits in (8, 4, 2, 1)] == [1 / 8, 1 / 4, 1 / 2, 1]
    notes = " ".join(ask(family="divide_st", weight_bits=2, input_bits=2).notes)
    assert "16 products a cycle" in notes
    assert "1/8 product a cycle" in " ".join(ask(family="serial_1d").notes)
    assert "1 product a cycle" in " ".join(ask(family="data_gated").notes)


def test_energies_of_a_product_and_of_a_cycle_are_told_apart() -> None:
    """At 2 bits 16 products share a cycle, so one takes less than the clock of the whole unit."""
    found = ask(family="divide_st", weight_bits=2, input_bits=2)
    idle, compute = found.energy_of("idle"), found.energy_of("compute")
    assert idle is not None
    assert compute is not None
    assert compute < idle < 16 * compute
    assert any("compute is the energy of one product, idle that of one cycle" in note for note in found.notes)


@pytest.mark.parametrize(
    ("design", "family"),
    [("DVAFS", "subword_sa"), ("BitFusion", "divide_st"), ("UNPU", "serial_1d"), ("LOOM", "serial_2d")],
)
def test_families_by_the_names_that_they_are_known_as(design: str, family: str) -> None:
    """So the authors of the comparison call them (Camus et al., README of their units)."""
    named, plain = ask(family=design, weight_bits=4), ask(family=family, weight_bits=4)
    assert named.energy == plain.energy
    assert (named.area, named.leakage) == (plain.area, plain.leakage)
    assert any(f"the family ({family}), not that chip" in note for note in named.notes)
    assert not any("not that chip" in note for note in plain.notes)


def test_families_of_which_nothing_is_known_are_refused() -> None:
    """DNPU divides in one dimension, which is not among the published figures."""
    with pytest.raises(InputError):
        ask(family="dnpu")


def test_every_family_is_explained() -> None:
    (known,) = [each for each in attributes_of(ScalableMAC) if each.name == "family"]
    for family in ALL:
        assert f"{family}: " in known.about
    for design in ("DVAFS", "BitFusion", "UNPU", "LOOM", "DNPU"):
        assert design in known.about


@pytest.mark.parametrize("family", [*SUBWORD, *DIVIDE, "serial_2d"])
def test_published_ratios_at_1_ghz_are_predicted(family: str) -> None:
    """Relative to subword_st at 8 x 8 bits; fitted to 200 MHz only."""
    tolerance = 0.45 if family == "serial_2d" else 0.05
    for bits, power in AT_1_GHZ[family].items():
        published = power / per_cycle(family, *bits) / AT_1_GHZ["subword_st"][8, 8]
        assert energy(family, *bits) / energy("subword_st", 8, 8) == pytest.approx(published, rel=tolerance)


@pytest.mark.parametrize("family", [*SUBWORD, *DIVIDE])
def test_full_precision_pays_for_scalability(family: str) -> None:
    assert energy(family, 8, 8) > 1.3 * energy("data_gated", 8, 8)
    assert area(family) > 1.3 * area("data_gated")


def test_overhead_reduces_the_benefit_in_a_mix() -> None:
    """Camus et al.: 5 % 8 x 8, 47.5 % 4 x 4, 47.5 % 2 x 2. Without overhead, energy would go with 1 / throughput."""
    mix = {(8, 8): 0.05, (4, 4): 0.475, (2, 2): 0.475}
    for family in DIVIDE:
        relative = sum(share * energy(family, *bits) for bits, share in mix.items()) / energy("data_gated", 8, 8)
        ideal = sum(share / per_cycle(family, *bits) for bits, share in mix.items())
        assert ideal * 1.5 < relative < 1
    gated = sum(share * energy("data_gated", *bits) for bits, share in mix.items()) / energy("data_gated", 8, 8)
    assert 0.5 < gated < 0.8, "register and adder go on working in full"


def test_area_of_the_divided_unit_whose_sums_are_apart_is_the_largest() -> None:
    assert max(ALL, key=area) == "divide_sa"
    assert min(ALL, key=area) == "serial_1d"


@given(st.sampled_from(ALL), st.integers(1, 8), st.integers(1, 8))
def test_fewer_bits_never_cost_more(family: str, weight: int, other: int) -> None:
    assert energy(family, weight, other) <= energy(family, 8, 8)
    if weight > 1:
        assert energy(family, weight - 1, other) <= energy(family, weight, other) * (1 + 1e-9)


def test_what_was_not_calibrated_says_so() -> None:
    for family in ALL:
        assert any("modelled, not calibrated" in note for note in ask(family=family).notes)
    assert ask(family="divide_st").cycle is None
    assert ask(family="data_gated").cycle is None
    assert ask(family="divide_st", width=16).extrapolated
    assert ask("28 nm LP, 0.9 V", family="divide_st").leakage is None


@pytest.mark.parametrize(
    "attributes",
    [
        {"family": "magic"},
        {"family": "divide_st", "width": 2},
        {"family": "divide_st", "weight_bits": 9},
        {"family": "divide_st", "input_bits": -1},
    ],
)
def test_impossible_values_are_refused(attributes: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        ask(**attributes)
