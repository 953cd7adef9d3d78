"""Machines and layers on which a search can go wrong in ways that random ones seldom show."""

from __future__ import annotations

from random import Random

import pytest

from assay.errors import UnsupportedError
from assay.hardware.model import Axis, Compute, Fanout, Hardware, Memory
from assay.hardware.presets import load_hardware
from assay.mapper import best_mapping, mapping_energy
from assay.mapper.problem import Dimension
from assay.mapping.analysis import analyse
from assay.mapping.counts import Action
from assay.mapping.mapping import Level, Mapping
from assay.workload.einsum import convolution, matmul
from tests.mapper.brute import least_energy
from tests.mapper.instances import Kind, instance
from tests.mapper.proof import check

T = ("ifmap", "filter", "ofmap")


def test_reading_partial_sums_back_may_cost_more_than_sending_them_up() -> None:
    chip = Hardware(
        "h",
        (
            Memory("dram", keep=T, read_energy=10.0, write_energy=10.0),
            Memory("glb", keep=("ofmap",), read_energy=1.0, write_energy=1.0),
            Fanout("array", (Axis("X", 2, ("C",)),), reduces=True),
            Memory("rf", keep=("ofmap",), read_energy=50.0, write_energy=50.0, loops=()),
            Compute("mac", energy=0.0),
        ),
        clock=1e9,
    )
    layer = matmul(n=1, m=1, c=4)
    assert least_energy(layer, chip)[0] == 391.0
    assert best_mapping(layer, chip).energy == 391.0


def test_a_filled_array_comes_before_the_choice_of_kept_tensors() -> None:
    chip = Hardware(
        "h",
        (
            Memory("dram", keep=T, read_energy=20.0, write_energy=20.0),
            Memory("glb", size=48, may_keep=("filter", "ofmap"), read_energy=5.0, write_energy=0.0),
            Fanout("f", (Axis("X", 4),), fill=True),
            Memory("rf", size=80, keep=T, read_energy=5.0, write_energy=1.0),
            Compute("mac", energy=1.0),
        ),
        clock=1e9,
    )
    layer = convolution(n=2, m=4)
    result = best_mapping(layer, chip)
    assert analyse(layer, chip, result.mapping).steps == 2
    assert result.energy == least_energy(layer, chip)[0] == 388.0


@pytest.mark.parametrize("array", [False, True])
def test_the_tie_break_stays_far_below_any_difference(array: bool) -> None:
    nodes: tuple[Memory | Fanout, ...] = (
        Memory("dram", keep=T, read_energy=1e-10, write_energy=1e-10),
        Memory("l2", may_keep=T, read_energy=5e-17, write_energy=5e-17),
        Memory("glb", keep=T, read_energy=0.0, write_energy=0.0),
    )
    if array:
        nodes = (nodes[0], nodes[2], Fanout("f", (Axis("X", 64),)))
    chip = Hardware("h", (*nodes, Compute("mac", energy=0.0)), clock=1e9)
    layer = matmul(n=4096, m=4096, c=4096)
    result = best_mapping(layer, chip)
    assert result.optimal
    assert result.energy == pytest.approx(3 * 4096**2 * 1e-10, rel=1e-12)


def test_a_window_that_slides_below_the_fanout_that_spreads_it_is_bounded() -> None:
    """The one case in which the search knows a bound only: it must say so, and stay between bound and truth."""
    chip = Hardware(
        "h",
        (
            Memory("dram", keep=T, read_energy=9.0, write_energy=9.0),
            Fanout("f", (Axis("X", 2, ("P",)),), transfer_energy=1.0),
            Memory("seq", keep=("filter",), read_energy=1.0, write_energy=1.0, loops=("P", "R")),
            Memory("rf", keep=("ifmap", "ofmap"), size=96, read_energy=1.0, write_energy=1.0),
            Compute("mac", energy=1.0),
        ),
        clock=1e9,
    )
    layer = convolution(p=4, r=2, m=2)
    best, _ = least_energy(layer, chip)
    assert best is not None
    result = best_mapping(layer, chip)
    assert result.lower_bound <= best * (1 + 1e-9)
    assert result.energy == pytest.approx(best)


def test_a_perfect_mapping_given_by_hand_costs_what_its_counts_say() -> None:
    chip = Hardware(
        "h", (Memory("dram", keep=T, read_energy=2.0, write_energy=3.0), Compute("mac", energy=1.0)), clock=1e9
    )
    layer = matmul(n=1, m=2, c=3)
    mapping = best_mapping(layer, chip).mapping
    # 6 MACs; each reads two operands; 6 updates, of which 2 find nothing to add to and 4 read back.
    assert mapping_energy(layer, chip, mapping) == 6 * 1.0 + 12 * 2.0 + 6 * 3.0 + 4 * 2.0
    assert mapping.levels == (Level("dram", mapping.levels[0].loops, T),)
    assert isinstance(mapping, Mapping)


def test_amounts_that_cancel_do_not_hide_the_best() -> None:
    """Partial sums that are summed once need no reading back: large amounts cancel, and little is left."""
    chip = Hardware(
        "h",
        (
            Memory("dram", keep=T, read_energy=1e-9, write_energy=0.0),
            Memory("m", keep=("ofmap",), read_energy=0.1, write_energy=0.0),
            Fanout("f", (Axis("X", 3),), reduces=True, transfer_energy=0.0),
            Compute("mac", energy=0.0),
        ),
        clock=1e9,
    )
    layer = matmul(n=3, m=3, c=3)
    result = best_mapping(layer, chip)
    assert result.energy == pytest.approx(least_energy(layer, chip)[0], rel=1e-6)


@pytest.mark.parametrize("n", [2**10, 2**60])
def test_the_array_is_filled_however_many_steps_there_are(n: int) -> None:
    chip = load_hardware("eyeriss")
    layer = convolution(n=n, m=60, c=36, p=26, q=26, r=3, s=3)
    result = best_mapping(layer, chip)
    found = analyse(layer, chip, result.mapping)
    assert result.optimal
    assert found.active_pes == 156
    assert found.count("pe_mac", None, Action.COMPUTE) == layer.macs == n * 60 * 36 * 26 * 26 * 9


@pytest.mark.parametrize("extent", [1, 2, 12, 97, 360, 1009 * 1013, 2**40, 720720])
def test_divisors(extent: int) -> None:
    dim = Dimension.of("N", extent)
    assert all(extent % d == 0 for d in dim.divisors)
    assert dim.divisors == tuple(sorted({extent // d for d in dim.divisors}))
    if extent < 10**6:
        assert dim.divisors == tuple(d for d in range(1, extent + 1) if extent % d == 0)
        assert dim.primes == tuple(p for p in dim.divisors if p > 1 and all(p % d for d in range(2, p)))


@pytest.mark.parametrize("extent", [10**18 + 9, (2**40 + 15) * 4, 2**62])
def test_an_extent_beyond_any_layer_is_refused_at_once(extent: int) -> None:
    with pytest.raises(UnsupportedError, match=f"dimension N has extent {extent}"):
        Dimension.of("N", extent)


@pytest.mark.parametrize("seed", [513, 22685464, 8989])
def test_partial_sums_that_are_cheaper_to_fetch_back_than_to_keep(seed: int) -> None:
    """A sum that comes back goes to one of the children that add to it, and the others begin at 0 without a read. The
    loop that replaces it may then come first, though another dimension stands before it."""
    found = instance(Random(seed), Kind())
    for task in ("energy", "latency", "edp"):
        check(task, found)
