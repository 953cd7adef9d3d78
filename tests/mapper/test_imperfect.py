"""Tiles of any size: better than perfect factors where those do not fit, and never below the bound."""

from __future__ import annotations

from dataclasses import replace

import pytest

from assay.errors import NoMappingError, UnsupportedError
from assay.hardware.model import Axis, Bandwidth, Compute, Counting, Fanout, Hardware, Memory, Multicast
from assay.mapper import OBJECTIVES, best_mapping
from assay.mapper.floor import Floor
from assay.mapper.keeps import keep_choices
from assay.mapper.problem import build_problem
from assay.mapper.vary import trimmed
from assay.mapping.mapping import Level, Loop, Mapping
from assay.workload.einsum import Einsum, convolution, matmul
from tests.mapper.brute import brute_force, value, violation

ALL = ("ifmap", "filter", "ofmap")

CHIP = Hardware(
    "chip",
    (
        Memory("dram", keep=ALL, read_energy=200.0, write_energy=200.0, bandwidth=Bandwidth(total=64.0), offchip=True),
        Memory("glb", size=108 * 8192, keep=("ifmap", "ofmap"), may_keep=("filter",), read_energy=6, write_energy=6),
        Fanout("array", (Axis("X", 14), Axis("Y", 12)), transfer_energy=2.0),
        Memory("spad", size=256 * 16, keep=ALL, read_energy=1.0, write_energy=1.0),
        Compute("mac", energy=1.0),
    ),
    clock=2e8,
)
"""As Eyeriss: energies in multiples of one multiply-accumulate."""

CONV3 = convolution(m=384, c=256, p=13, q=13, r=3, s=3)

COLUMNS = Hardware(
    "columns",
    (
        Memory("dram", keep=ALL, read_energy=10.0, write_energy=10.0),
        Fanout("array", (Axis("X", 7),), transfer_energy=1.0),
        Memory("spad", size=16 * 16, keep=ALL, read_energy=1.0, write_energy=1.0),
        Compute("mac", energy=1.0),
    ),
    clock=1e9,
)


def replaced(hardware: Hardware, index: int, **changes: object) -> Hardware:
    nodes = list(hardware.nodes)
    nodes[index] = replace(nodes[index], **changes)  # type: ignore[arg-type]
    return replace(hardware, nodes=tuple(nodes))


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_a_layer_of_alexnet_is_no_worse_than_with_perfect_factors(objective: str) -> None:
    perfect = best_mapping(CONV3, CHIP, objective)
    found = best_mapping(CONV3, CHIP, objective, tiles="imperfect")
    assert found.value <= perfect.value
    assert found.lower_bound <= found.value
    assert violation(CONV3, CHIP, found.mapping, perfect=False) is None
    assert found.gap == pytest.approx(found.value / found.lower_bound - 1, abs=1e-9)
    if objective == "energy":
        assert found.gap < 0.06


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_a_prime_number_of_columns_is_spread_in_two_steps(objective: str) -> None:
    """13 columns on 7: 7 and 6. Perfect factors leave all but one child idle."""
    einsum = matmul(n=1, m=13, c=1)
    perfect = best_mapping(einsum, COLUMNS, objective)
    found = best_mapping(einsum, COLUMNS, objective, tiles="imperfect")
    assert perfect.cycles == 13
    if objective != "energy":
        assert found.cycles == 2
        assert found.value < perfect.value
    if objective == "latency":
        assert found.optimal


def test_thirteen_of_fourteen_columns() -> None:
    """P = 55 on 14 columns takes 4 steps, with divisors of 55 it takes 5."""
    einsum = convolution(m=1, c=1, p=55)
    hardware = replaced(COLUMNS, 1, axes=(Axis("X", 14),))
    assert best_mapping(einsum, hardware, "latency").cycles == 5
    found = best_mapping(einsum, hardware, "latency", tiles="imperfect")
    assert found.cycles == 4
    assert found.optimal


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize(
    "einsum",
    [
        matmul(n=5, m=3, c=2),
        matmul(n=2, m=7, c=2),
        convolution(p=5, r=3, m=2),
        convolution(p=3, r=2, c=3, stride=(2, 1)),
        convolution(g=2, p=5, q=3),
    ],
    ids=["5x3x2", "2x7x2", "window", "stride", "groups"],
)
@pytest.mark.parametrize("multicast", Multicast)
def test_the_bound_holds_against_all_mappings(objective: str, einsum: Einsum, multicast: Multicast) -> None:
    hardware = replaced(COLUMNS, 1, axes=(Axis("X", 3),), multicast=multicast, reduces=multicast is not Multicast.NONE)
    hardware = replaced(hardware, 0, bandwidth=Bandwidth(read=16.0, write=8.0))
    expected = brute_force(einsum, hardware, perfect=False).best(objective)
    assert expected is not None
    found = best_mapping(einsum, hardware, objective, tiles="imperfect")
    least = value(objective, expected)
    assert found.lower_bound <= least * (1 + 1e-9)
    assert least * (1 - 1e-9) <= found.value


@pytest.mark.parametrize("extent", [7, 13, 31, 61])
def test_prime_extents(extent: int) -> None:
    einsum = matmul(n=extent, m=extent, c=extent)
    perfect = best_mapping(einsum, CHIP, "edp")
    found = best_mapping(einsum, CHIP, "edp", tiles="imperfect")
    assert found.lower_bound <= found.value <= perfect.value
    if extent > 14:
        assert found.value < 0.2 * perfect.value


def test_constraints_are_obeyed() -> None:
    hardware = replaced(
        CHIP, 2, axes=(Axis("X", 14, ("M", "P"), factors=(("M", 5),)), Axis("Y", 12, max_factors=(("C", 3),)))
    )
    hardware = replaced(hardware, 1, whole=("R",), order=("P", "Q"))
    hardware = replaced(hardware, 2, min_utilization=0.5)
    found = best_mapping(CONV3, hardware, tiles="imperfect").mapping
    array = found.levels[2].loops
    assert [loop.bound for loop in array if loop.dim == "M" and loop.axis == "X"] == [5]
    assert all(loop.bound <= 3 for loop in array if loop.dim == "C" and loop.axis == "Y")
    used = 1
    for loop in array:
        used *= loop.bound
    assert used >= 84
    names = [loop.dim for loop in found.levels[1].loops]
    ordered = [name for name in names if name in ("P", "Q")]
    assert names[len(names) - len(ordered) :] == ordered == sorted(ordered)


def fixed(at_spad: int, along_x: int, along_y: int = 1) -> Hardware:
    """Factors of C that a memory and two axes must have."""
    axes = (Axis("X", 4, factors=(("C", along_x),)), Axis("Y", 4, factors=(("C", along_y),)))
    return replaced(replaced(COLUMNS, 1, axes=axes), 2, factors=(("C", at_spad),))


@pytest.mark.parametrize("tiles", ["perfect", "imperfect"])
def test_factors_that_cannot_all_be_had_leave_no_mapping(tiles: str) -> None:
    """2 at the memory and 2 along X are not in C = 2: the one loop leaves nothing for the other."""
    with pytest.raises(NoMappingError, match=r"axis X of array must have the factor C = 2") as caught:
        best_mapping(matmul(n=1, m=5, c=2), fixed(2, 2), tiles=tiles)
    assert "spad must have the factor C = 2" in caught.value.message


def test_factors_leave_a_remainder_but_nothing_that_never_runs() -> None:
    """C = 5 along X around the loop at the memory: 3 and 2 of them, or 4 and 1; of four 2s the last is empty."""
    einsum = matmul(n=1, m=1, c=5)
    assert best_mapping(einsum, fixed(3, 2), "latency", tiles="imperfect").cycles == 3
    assert best_mapping(einsum, fixed(4, 2), "latency", tiles="imperfect").cycles == 4
    assert best_mapping(einsum, fixed(2, 2), "latency", tiles="imperfect").cycles == 3  # from DRAM 2 · 2, then 1
    with pytest.raises(NoMappingError):
        best_mapping(einsum, fixed(2, 4), tiles="imperfect")


def test_factors_along_two_axes_in_the_order_that_gives_work_to_all() -> None:
    """C = 5: four along one axis, and the last of two along the other begins with the fifth."""
    for hardware in (fixed(1, 4, 2), fixed(1, 2, 4)):
        found = best_mapping(matmul(n=1, m=1, c=5), hardware, "latency", tiles="imperfect")
        assert [loop.bound for loop in found.mapping.levels[1].loops] == [2, 4]
        assert found.cycles == 1


def test_children_without_work_are_not_used() -> None:
    """3 of 4 children are 0.75 of them, whatever loop is written."""
    with pytest.raises(NoMappingError):
        best_mapping(
            matmul(n=1, m=1, c=3), replaced(COLUMNS, 1, axes=(Axis("X", 4),), min_utilization=0.8), tiles="imperfect"
        )


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        ([("C", 2, None), ("C", 2, None)], [("C", 3)]),  # of 5 with 2 inside: one loop, and its fourth tile never runs
        ([("C", 2, None), ("M", 2, None), ("C", 2, None)], [("C", 2), ("M", 2), ("C", 2)]),
        ([("C", 9, None)], [("C", 3)]),
        ([("M", 2, None), ("M", 3, None)], [("M", 3)]),
    ],
)
def test_what_never_runs_is_trimmed(bounds: list[tuple[str, int, str | None]], expected: list[tuple[str, int]]) -> None:
    levels = (Level("dram", tuple(Loop(*each) for each in bounds)), Level("array", (Loop("C", 2, "X"),)))
    found = trimmed(Mapping(levels), {"C": 5, "M": 3})
    assert [(loop.dim, loop.bound) for loop in found.levels[0].loops] == expected


def test_a_mapping_that_only_remainders_allow() -> None:
    """5 indices on fanouts of 2 and 3, and nowhere else: 2 · 3 covers them, no factors of 5 do."""
    hardware = replaced(COLUMNS, 1, axes=(Axis("X", 2), Axis("Y", 3)))
    hardware = replaced(hardware, 0, loops=())
    hardware = replaced(hardware, 2, loops=())
    with pytest.raises(NoMappingError):
        best_mapping(matmul(n=1, m=5, c=1), hardware)
    found = best_mapping(matmul(n=1, m=5, c=1), hardware, tiles="imperfect")
    assert found.cycles == 1


def test_limits() -> None:
    einsum = matmul(n=13, m=13, c=13)
    fast = best_mapping(einsum, COLUMNS, "latency", tiles="imperfect")
    cheap = best_mapping(einsum, COLUMNS, "energy", tiles="imperfect")
    assert cheap.energy is not None
    between = best_mapping(einsum, COLUMNS, "energy", tiles="imperfect", max_cycles=fast.cycles)
    assert between.cycles <= fast.cycles
    assert between.energy is not None
    assert between.energy >= cheap.energy
    within = best_mapping(einsum, COLUMNS, "latency", tiles="imperfect", max_energy=cheap.energy)
    assert within.energy is not None
    assert within.energy <= cheap.energy * (1 + 1e-9)
    with pytest.raises(NoMappingError, match="at most 10 cycles"):
        best_mapping(einsum, COLUMNS, "energy", tiles="imperfect", max_cycles=10)


def test_what_is_refused() -> None:
    einsum = matmul(n=3, m=3, c=3)
    with pytest.raises(UnsupportedError, match="front"):
        best_mapping(einsum, COLUMNS, tiles="imperfect", front=True)
    with pytest.raises(UnsupportedError, match="links"):
        best_mapping(einsum, replaced(COLUMNS, 1, links=True, multicast=Multicast.TILE), tiles="imperfect")
    with pytest.raises(UnsupportedError, match="refill_all"):
        best_mapping(einsum, replace(COLUMNS, counting=Counting(refill_all=True)), tiles="imperfect")


def test_where_a_fanout_is_to_be_filled() -> None:
    hardware = replaced(CHIP, 2, fill=True)
    einsum = convolution(m=13, c=5, p=11)
    steps = best_mapping(einsum, replaced(CHIP, 0, bandwidth=Bandwidth()), "latency", tiles="imperfect").cycles
    assert best_mapping(einsum, hardware, tiles="imperfect").cycles <= best_mapping(einsum, hardware).cycles
    assert steps <= 13 * 5 * 11


def test_steps_bound_the_cycles() -> None:
    einsum = convolution(m=13, c=3, p=7)
    for keep in keep_choices(einsum, CHIP):
        assert Floor(build_problem(einsum, CHIP, keep)).steps() == 2  # 13 · 3 · 7 = 273 on 168: 7·7·3 = 147 in 2


def test_repeatable() -> None:
    einsum = matmul(n=13, m=29, c=17)
    first, second = (best_mapping(einsum, CHIP, tiles="imperfect") for _ in range(2))
    assert first.mapping == second.mapping
