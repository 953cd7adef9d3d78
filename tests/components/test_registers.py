"""Registers, register files and queues against published figures and laws."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.components import asking
from tests.components.asking import joules, square_metres

from assay.components.arithmetic import MAC
from assay.components.estimate import Estimate
from assay.components.estimator import Estimator
from assay.components.registers import Fifo, Register, RegisterFile, changes
from assay.errors import InputError

EYERISS = "65 nm LP, 1.0 V"


def ask(estimator: type[Estimator], technology: str = "40 nm, 0.9 V", /, **attributes: object) -> Estimate:
    return asking.ask(estimator, technology, **attributes)


def test_flip_flops_of_aladdin_come_back() -> None:
    """REG_6ns and REG_10ns at 40 nm: what the register is made of."""
    found = ask(Register, width=16)
    assert joules(found, "write") == pytest.approx(16 * 9.0e-15)
    assert joules(found, "idle") == pytest.approx(16 * 5.535e-15)
    assert found.area == pytest.approx(16 * 5.981e-12)
    assert found.leakage == pytest.approx(16 * 73.95e-9)
    assert found.cycle is not None
    assert found.cycle < 1e-9, "Aladdin's met 1 ns"


@pytest.mark.parametrize(
    ("kind", "attributes"),
    [(Register, {"width": 8}), (RegisterFile, {"depth": 8, "width": 8}), (Fifo, {"depth": 8, "width": 8})],
)
def test_what_fast_and_low_power_transistors_have_of_leakage_and_cycle(
    kind: type[Estimator], attributes: dict[str, Any]
) -> None:
    fast, frugal = ask(kind, "28 nm", **attributes), ask(kind, "28 nm LP", **attributes)
    assert fast.cycle
    assert "leakage is that of high-performance transistors" in fast.notes
    assert frugal.cycle is None
    assert frugal.leakage is None
    for note in ("leakage: not known for low-power processes", "cycle: not known for low-power processes"):
        assert note in frugal.notes


@pytest.mark.parametrize(("size", "published"), [(2, 103.47), (4, 172.07), (8, 177.07), (16, 169.89)])
def test_area_per_byte_of_small_memories_at_65_nm_is_predicted(size: int, published: float) -> None:
    """Y.-H. Chen et al., ISCA 2016, area model: um2 per byte. Set no constant; gated clocks are further off."""
    if size == 2:
        found = ask(Register, "65 nm", width=16)
    else:
        found = ask(RegisterFile, "65 nm", depth=size // 2, width=16, clock_gating=False)
    assert square_metres(found) * 1e12 / size == pytest.approx(published, rel=0.15)


@pytest.mark.parametrize(("size", "published"), [(32, 96.06), (64, 59.15), (512, 20.87)])
def test_compiled_memories_are_much_smaller_than_flip_flops(size: int, published: float) -> None:
    found = ask(RegisterFile, "65 nm", depth=size // 2, width=16)
    assert square_metres(found) * 1e12 / size > 1.5 * published


def test_scratchpads_of_eyeriss() -> None:
    """JSSC 2017, CONV1: 42.5 % of 332 mW beside 8.9 % for arithmetic: 6.97 pJ per product, an SRAM among them."""
    measured = 6.97e-12
    totals = {}
    for gating in (True, False):
        ifmap = ask(RegisterFile, EYERISS, depth=12, width=16, clock_gating=gating)
        psum = ask(RegisterFile, EYERISS, depth=24, width=16, clock_gating=gating)
        totals[gating] = joules(ifmap, "read") + joules(psum, "read") + joules(psum, "write") - joules(psum, "idle")
    assert totals[True] == pytest.approx(2.2e-12, rel=0.05)
    assert totals[False] == pytest.approx(8.7e-12, rel=0.05)
    assert totals[True] < measured < totals[False]


def test_a_small_scratchpad_costs_less_than_a_multiplication() -> None:
    """ISCA 2016: 0.5 to 1 kB, an SRAM, cost as much as a product of 16 bits; flip-flops do so at 32 words already."""
    mac = joules(ask(MAC, EYERISS, format="int16", accumulator="int16"), "compute")
    assert joules(ask(RegisterFile, EYERISS, depth=32, width=16), "read") == pytest.approx(mac, rel=0.4)
    large = ask(RegisterFile, EYERISS, depth=256, width=16)
    assert joules(large, "read") > 4 * mac
    assert large.extrapolated, "so large a file of flip-flops is beyond what it was made for"


@given(st.integers(1, 300), st.integers(1, 64), st.booleans(), st.sampled_from(["flip-flop", "latch"]))
def test_register_files_grow_with_depth_and_width(depth: int, width: int, gating: bool, storage: str) -> None:
    said: dict[str, Any] = {"clock_gating": gating, "storage": storage}
    least = ask(RegisterFile, depth=depth, width=width, **said)
    for more in (
        ask(RegisterFile, depth=depth + 1, width=width, **said),
        ask(RegisterFile, depth=depth, width=width + 1, **said),
    ):
        assert square_metres(least) < square_metres(more)
        for action in ("read", "write"):
            assert joules(least, action) <= joules(more, action)
    assert joules(least, "gated") == 0 < joules(least, "idle") == joules(least, "read_repeated")
    assert joules(least, "idle") <= joules(least, "write_repeated") < joules(least, "write")


@given(st.integers(2, 64), st.integers(1, 64))
def test_gating_the_clock_saves_it(depth: int, width: int) -> None:
    gated, free = (ask(RegisterFile, depth=depth, width=width, clock_gating=gating) for gating in (True, False))
    assert joules(gated, "idle") <= joules(free, "idle")


def test_ports_and_latches() -> None:
    one = ask(RegisterFile, depth=16, width=16)
    assert square_metres(ask(RegisterFile, depth=16, width=16, read_ports=2)) > square_metres(one)
    assert square_metres(ask(RegisterFile, depth=16, width=16, write_ports=2)) > square_metres(one)
    latches = ask(RegisterFile, depth=16, width=16, storage="latch")
    assert square_metres(latches) < square_metres(one)
    assert joules(latches, "write") < joules(one, "write")


def test_one_word_is_a_register() -> None:
    one, register = ask(RegisterFile, depth=1, width=32, clock_gating=False), ask(Register, width=32)
    assert joules(one, "write") == pytest.approx(joules(register, "write"))
    assert joules(one, "read_repeated") == pytest.approx(joules(register, "idle"))


def test_changes_in_a_tree_of_multiplexers() -> None:
    """Two words: the one multiplexer shows the other word in half of the cases, which differs in half of these."""
    assert changes(1) == 0
    assert changes(2) == 0.25
    assert changes(4) == pytest.approx(2 * 0.25 + 1 * 0.375)
    assert changes(1024) / 1024 == pytest.approx(1 / 3, rel=0.01)


def test_fifos() -> None:
    pointer = ask(Fifo, depth=16, width=32)
    shift = ask(Fifo, depth=16, width=32, organisation="shift")
    assert joules(shift, "read") > 5 * joules(pointer, "read"), "all words move"
    storage = ask(RegisterFile, depth=16, width=32)
    assert joules(pointer, "write") > joules(storage, "write")
    assert square_metres(pointer) > square_metres(storage)
    assert joules(ask(Fifo, depth=32, width=32), "read") > joules(pointer, "read")


def test_leakage_of_low_power_processes_is_not_known() -> None:
    cases: tuple[tuple[type[Estimator], dict[str, Any]], ...] = (
        (Register, {"width": 8}),
        (RegisterFile, {"depth": 8, "width": 8}),
        (Fifo, {"depth": 8, "width": 8}),
    )
    for kind, attributes in cases:
        assert ask(kind, "65 nm LP", **attributes).leakage is None
        leaks = ask(kind, "65 nm", **attributes).leakage
        assert leaks is not None
        assert leaks > 0


@pytest.mark.parametrize(
    ("kind", "attributes"),
    [
        (Register, {"width": 0}),
        (Register, {"width": "8 V"}),
        (RegisterFile, {"depth": 0, "width": 8}),
        (RegisterFile, {"depth": 8, "width": 8, "storage": "core"}),
        (RegisterFile, {"depth": 8, "width": 8, "read_ports": 0}),
        (Fifo, {"depth": 8, "width": 8, "organisation": "ring"}),
        (Fifo, {"depth": 2.5, "width": 8}),
    ],
)
def test_impossible_values_are_refused(kind: type[Estimator], attributes: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        ask(kind, **attributes)
