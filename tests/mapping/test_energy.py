from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.hardware.model import Axis, Counting, Fanout, Hardware, Memory
from assay.mapping.analysis import analyse
from assay.mapping.counts import Action, Analysis, Count
from assay.mapping.energy import energy_of_actions, total_energy, unknown_in_fanouts
from assay.mapping.mapping import Level, Loop, Mapping
from assay.workload.einsum import matmul
from tests.evaluation.small import ARRAY, BUF, CHIP, DRAM, ENERGY_PJ, LAYER, MAC, MAPPING, TENSORS, chip


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


WHOLE = Counting(whole_accesses=True)


def test_whole_accesses_by_hand() -> None:
    """64 bits per access are 4 words: of the words of each tensor and action, rounded up to whole accesses."""
    hardware = replace(chip(buf=replace(BUF, width=64), dram=replace(DRAM, width=80)), counting=WHOLE)
    energies = energy_of_actions(LAYER, hardware, analyse(LAYER, hardware, MAPPING))
    found = {(e.component, e.tensor, e.action.value): e.energy for e in energies}
    by_hand = {
        ("dram", "ifmap", "read"): 3 * 200,  # 12 words at 5 per access
        ("dram", "filter", "read"): 5 * 200,  # 24 words
        ("dram", "ofmap", "update"): 2 * 200,  # 8 words
        ("buf", "ifmap", "fill"): 3 * 8,  # 12 words at 4 per access
        ("buf", "filter", "fill"): 6 * 8,
        ("buf", "ifmap", "read"): 3 * 6,
        ("buf", "filter", "read"): 12 * 6,
        ("buf", "ofmap", "read"): 10 * 6,
        ("buf", "ofmap", "update"): 12 * 7,
        ("array", "ifmap", "transfer"): 48 * 2,  # a fanout has transfers, not accesses
    }
    for key, picojoules in by_hand.items():
        assert found[key] == pytest.approx(picojoules * 1e-12), key


@pytest.mark.parametrize(
    ("words", "instances", "bits", "width", "accesses"),
    [
        (540, 1, 8, 64, 68),
        (2 * 540, 2, 8, 64, 2 * 68),
        (541, 2, 8, 64, 2 * 34),  # 270.5 words each, 33.8 accesses
        (8, 1, 8, 64, 1),
        (9, 3, 16, 8, 18),  # a word takes two accesses
    ],
)
def test_accesses_are_whole_per_instance(words: int, instances: int, bits: int, width: int, accesses: int) -> None:
    local = Memory("local", keep=TENSORS, width=width, read_energy=1.0)
    hardware = Hardware("two", (DRAM, Fanout("row", (Axis("X", 4),)), local, MAC), clock=1e6, counting=WHOLE)
    analysis = Analysis((Count("local", "filter", Action.READ, words),), (), 1, (1, 1, instances, instances))
    (entry,) = energy_of_actions(matmul(n=1, c=1, m=1, bits=bits), hardware, analysis)
    assert entry.energy == accesses


@given(st.integers(1, 400))
@settings(max_examples=50)
def test_whole_accesses_cost_more_but_less_than_one_more_each(width: int) -> None:
    packed = chip(buf=replace(BUF, width=width), dram=replace(DRAM, width=width))
    analysis = analyse(LAYER, packed, MAPPING)
    whole = replace(packed, counting=WHOLE)
    pairs = zip(energy_of_actions(LAYER, packed, analysis), energy_of_actions(LAYER, whole, analysis), strict=True)
    for before, after in pairs:
        assert before.energy is not None
        assert after.energy is not None
        assert before.energy * (1 - 1e-9) <= after.energy < before.energy + 200e-12


def test_an_unknown_energy_stays_unknown_with_whole_accesses() -> None:
    hardware = replace(chip(buf=replace(BUF, read_energy=None)), counting=WHOLE)
    energies = energy_of_actions(LAYER, hardware, analyse(LAYER, hardware, MAPPING))
    assert total_energy(energies, hardware) is None


def test_nothing_is_not_zero() -> None:
    assert total_energy((), CHIP) is None
