"""Tidied mappings count the same, are valid where the mapping was, and are short."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.hardware import load_hardware
from assay.hardware.model import Hardware, Memory
from assay.mapping.mapping import Level, Loop, Mapping
from assay.mapping.tidy import figures, tidy
from assay.workload.einsum import Einsum, convolution, matmul
from tests.strategies import Case, cases

EDGE = load_hardware("edge_45nm")
MATMUL = matmul(n=256, m=256, c=64)
ALL = ("ifmap", "filter", "ofmap")


def nest(text: str) -> tuple[Loop, ...]:
    """`N16 M4`: loops in time, outermost first."""
    return tuple(Loop(word[0], int(word[1:])) for word in text.split())


def mapping(hardware: Hardware, dram: str, buffer: str, weights: str) -> Mapping:
    loops = {"dram": dram, "buffer": buffer, "weights": weights}
    keep = {"dram": ALL, "buffer": ALL, "weights": ("filter",)}
    return Mapping(
        tuple(Level(node.name, nest(loops.get(node.name, "")), keep.get(node.name, ())) for node in hardware.nodes[:-1])
    )


def written(found: Mapping, place: int = 0) -> str:
    return " ".join(f"{loop.dim}{loop.bound}" for loop in found.levels[place].loops)


@pytest.mark.parametrize(
    ("einsum", "dram", "expected"),
    [
        # Inside of dram, ofmap is replaced by M; filter stays while N runs: N is not one loop, M and C are.
        (MATMUL, "N16 M4 N4 C2 M2 N4", "N64 C2 M8 N4"),
        (MATMUL, "N2 M4 M2 N4", "N2 M8 N4"),
        (MATMUL, "M2 N2 M4", "M2 N2 M4"),  # ifmap comes in again with each step of the outer M
        (MATMUL, "N2 C1 M2 N1 M4", "N2 M8"),  # loops of one iteration are none
        (MATMUL, "N2 C2 M4", "N2 C2 M4"),
        # A window that slides by two rows is not one that slides by eight.
        (convolution(n=1, m=4, c=4, p=16, q=1, r=3, s=1), "P2 C2 P8", "P2 C2 P8"),
        (convolution(n=1, m=4, c=4, p=16, q=1, r=3, s=1), "C2 P2 C2 P8", "P2 C4 P8"),
    ],
)
def test_loops_that_may_be_one_are_one(einsum: Einsum, dram: str, expected: str) -> None:
    rest = dict(einsum.dims)
    for loop in nest(dram):
        rest[loop.dim] //= loop.bound
    found = tidy(einsum, EDGE, mapping(EDGE, dram, "", " ".join(f"{d}{e}" for d, e in rest.items() if e > 1)))
    assert written(found) == expected


def test_what_is_tidy_is_returned_as_it_is() -> None:
    given = mapping(EDGE, "N2 M4", "N128", "M64 C64")
    assert tidy(MATMUL, EDGE, given) is given


def test_the_order_that_hardware_demands_stays() -> None:
    nodes = tuple(
        replace(node, order=("M", "N")) if isinstance(node, Memory) and node.name == "dram" else node
        for node in EDGE.nodes
    )
    ordered = replace(EDGE, nodes=nodes)
    found = tidy(MATMUL, ordered, mapping(ordered, "M2 M2 N2 C2 M2 N2", "", "N64 M32 C32"))
    assert written(found) == "M4 N2 C2 M2 N2"


@settings(max_examples=300)
@given(st.booleans().flatmap(lambda perfect: cases(perfect=perfect)))
def test_nothing_that_is_counted_changes(case: Case) -> None:
    einsum, hardware, given = case
    found = tidy(einsum, hardware, given)
    assert figures(einsum, hardware, found) == figures(einsum, hardware, given)
    assert len(found.loops) <= len(given.loops)
    assert tidy(einsum, hardware, found) == found
    for before, after in zip(given.levels, found.levels, strict=True):
        assert (before.node, before.keep) == (after.node, after.keep)
        assert {(loop.dim, loop.axis) for loop in after.loops} <= {(loop.dim, loop.axis) for loop in before.loops}
