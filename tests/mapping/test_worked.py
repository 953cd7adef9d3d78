"""The examples of docs/counting.md that are meant to be redone by hand."""

from __future__ import annotations

import pytest

from assay.hardware.model import Axis, Compute, Fanout, Hardware, Memory, Multicast
from assay.mapping.analysis import analyse
from assay.mapping.counts import Action, Analysis
from assay.mapping.mapping import Level, Loop, Mapping
from assay.workload.einsum import Einsum, convolution, matmul

TENSORS = ("ifmap", "filter", "ofmap")
ONE = Hardware("one", (Memory("dram", keep=TENSORS), Memory("buffer", keep=TENSORS), Compute("mac")), clock=1e9)


def two(einsum: Einsum, outside: str, inside: str) -> Analysis:
    levels = (Level("dram", loops(outside), TENSORS), Level("buffer", loops(inside), TENSORS))
    return analyse(einsum, ONE, Mapping(levels))


def array(einsum: Einsum, outside: str, across: str, inside: str, fanout: Fanout) -> Analysis:
    nodes = (Memory("dram", keep=TENSORS), fanout, Memory("pad", keep=TENSORS), Compute("mac"))
    levels = (
        Level("dram", loops(outside), TENSORS),
        Level(fanout.name, loops(across, "X")),
        Level("pad", loops(inside), TENSORS),
    )
    return analyse(einsum, Hardware("array", nodes, clock=1e9), Mapping(levels))


def loops(text: str, axis: str | None = None) -> tuple[Loop, ...]:
    """`M2 P4` as loops."""
    return tuple(Loop(word[0], int(word[1:]), axis) for word in text.split())


def test_a_window_that_slides() -> None:
    einsum = convolution(m=2, p=8, r=3)
    inside = two(einsum, "P2", "M2 P4 R3")
    assert inside.count("buffer", "ifmap", Action.FILL) == 10
    assert inside.count("buffer", "filter", Action.FILL) == 6
    assert two(einsum, "M2 P2", "P4 R3").count("buffer", "ifmap", Action.FILL) == 18


def test_partial_sums_that_come_back() -> None:
    result = two(matmul(n=2, m=4, c=6), "C3 M2", "N2 M2 C2")
    assert result.count("dram", "ofmap", Action.UPDATE) == 24
    assert result.count("dram", "ofmap", Action.READ) == 16
    assert result.count("buffer", "ofmap", Action.FILL) == 16
    assert result.count("buffer", "ofmap", Action.UPDATE) == 48
    assert result.count("buffer", "ofmap", Action.READ) == 40


@pytest.mark.parametrize(("multicast", "ifmap", "filter_"), [("word", 6, 3), ("tile", 12, 3), ("none", 12, 12)])
def test_sharing(multicast: str, ifmap: int, filter_: int) -> None:
    fanout = Fanout("array", (Axis("X", 4),), multicast=Multicast(multicast))
    result = array(convolution(p=4, r=3), "", "P4", "R3", fanout)
    assert result.count("pad", "ifmap", Action.FILL) == 12
    assert result.count("dram", "ifmap", Action.READ) == ifmap
    assert result.count("dram", "filter", Action.READ) == filter_


def test_links() -> None:
    fanout = Fanout("array", (Axis("X", 4),), multicast=Multicast.TILE, links=True)
    result = array(convolution(p=4, r=3), "R3", "P4", "", fanout)
    assert result.count("dram", "ifmap", Action.READ) == 6
    assert result.count("pad", "ifmap", Action.FILL) == 12
    assert result.count("pad", "ifmap", Action.READ) == 18


def test_remainders() -> None:
    result = array(matmul(n=3, m=13, c=1), "M4", "M4", "N3", Fanout("array", (Axis("X", 4),)))
    assert result.count("pad", "filter", Action.FILL) == 13
    assert result.count("pad", "ifmap", Action.FILL) == 12
    assert result.steps == 12
