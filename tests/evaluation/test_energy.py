from dataclasses import replace

import pytest

from assay.evaluation.energy import energy_of_actions, total_energy, unknown_in_fanouts
from assay.hardware.model import Axis, Hardware
from assay.mapping.analysis import analyse
from assay.mapping.counts import Action
from assay.mapping.mapping import Level, Loop, Mapping
from tests.evaluation.small import ARRAY, BUF, CHIP, ENERGY_PJ, LAYER, MAC, MAPPING, TENSORS, chip


def test_counts_times_energy_by_hand() -> None:
    energies = energy_of_actions(LAYER, CHIP, analyse(LAYER, CHIP, MAPPING))
    for component, expected in ENERGY_PJ.items():
        found = sum(e.energy or 0.0 for e in energies if e.component == component)
        assert found == pytest.approx(expected * 1e-12), component
    assert total_energy(energies, CHIP) == pytest.approx(sum(ENERGY_PJ.values()) * 1e-12)


@pytest.mark.parametrize(
    "hardware",
    [chip(mac=replace(MAC, energy=None)), chip(buf=replace(BUF, read_energy=None))],
    ids=["compute", "memory"],
)
def test_an_unknown_memory_or_compute_makes_the_total_unknown(hardware: Hardware) -> None:
    energies = energy_of_actions(LAYER, hardware, analyse(LAYER, hardware, MAPPING))
    assert total_energy(energies, hardware) is None


def test_an_unknown_fanout_is_left_out_and_named() -> None:
    hardware = chip(array=replace(ARRAY, transfer_energy=None))
    energies = energy_of_actions(LAYER, hardware, analyse(LAYER, hardware, MAPPING))
    without = sum(ENERGY_PJ.values()) - ENERGY_PJ["array"]
    assert total_energy(energies, hardware) == pytest.approx(without * 1e-12)
    assert unknown_in_fanouts(energies, hardware) == (("array", Action.TRANSFER),)


def test_adding_partial_sums_has_no_energy() -> None:
    hardware = chip(array=replace(ARRAY, axes=(Axis("X", 6),)))
    mapping = Mapping(
        (
            Level("dram", (Loop("N", 2),), TENSORS),
            Level("buf", (Loop("M", 4),), TENSORS),
            Level("array", (Loop("C", 6, "X"),)),
        )
    )
    energies = energy_of_actions(LAYER, hardware, analyse(LAYER, hardware, mapping))
    assert [e.energy for e in energies if e.action is Action.REDUCE] == [None]
    assert total_energy(energies, hardware) is not None


def test_nothing_is_not_zero() -> None:
    assert total_energy((), CHIP) is None
