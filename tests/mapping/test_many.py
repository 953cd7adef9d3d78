"""Counting many mappings at once gives what counting each of them gives."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.errors import InputError, UnsupportedError
from assay.hardware.model import Axis, Compute, Fanout, Hardware, Memory
from assay.mapping.analysis import analyse
from assay.mapping.many import analyse_many, with_bounds
from assay.mapping.mapping import Level, Loop, Mapping
from assay.workload.einsum import Einsum, matmul
from tests.strategies import Case, cases

TENSORS = ("ifmap", "filter", "ofmap")


@st.composite
def variants(draw: st.DrawFn, case: Case) -> list[list[int]]:
    """Other bounds for the loops of the mapping: the factors of each dimension change places, or grow by one."""
    loops = case[2].loops
    rows = [[loop.bound for loop in loops]]
    for _ in range(draw(st.integers(0, 5))):
        row = list(rows[0])
        for dim in {loop.dim for loop in loops}:
            columns = [i for i, loop in enumerate(loops) if loop.dim == dim]
            for column, bound in zip(columns, draw(st.permutations([row[i] for i in columns])), strict=True):
                row[column] = bound
        if row and not _perfect_only(case[1]) and draw(st.booleans()):
            row[draw(st.integers(0, len(row) - 1))] += 1
        rows.append(row)
    return rows


def _perfect_only(hardware: Hardware) -> bool:
    """Whether the hardware has what is counted for perfect factors only."""
    return hardware.counting.refill_all or any(fanout.links for fanout in hardware.fanouts)


@pytest.mark.parametrize("perfect", [True, False])
def test_many_equals_one_by_one(perfect: bool) -> None:
    @settings(max_examples=150)
    @given(st.data())
    def check(data: st.DataObject) -> None:
        case = data.draw(cases(perfect=perfect))
        einsum, hardware, mapping = case
        rows = data.draw(variants(case))
        result = analyse_many(einsum, hardware, mapping, np.array(rows, np.int64).reshape(len(rows), -1))
        for number, row in enumerate(rows):
            one = analyse(einsum, hardware, with_bounds(mapping, row))
            counts = {key: int(values[number]) for key, values in result.counts.items() if values[number]}
            assert counts == {(c.component, c.tensor, c.action): c.count for c in one.counts}
            words = {key: int(values[number]) for key, values in result.occupancy.items()}
            assert words == {(o.component, o.tensor): o.words for o in one.occupancy}
            assert int(result.steps[number]) == one.steps
            assert tuple(int(values[number]) for values in result.active) == one.active

    check()


def small() -> tuple[Einsum, Hardware, Mapping]:
    hardware = Hardware(
        "small",
        (Memory("dram", keep=TENSORS), Fanout("array", (Axis("X", 4),)), Memory("pad", keep=TENSORS), Compute("mac")),
        clock=1e9,
    )
    levels = (
        Level("dram", (Loop("M", 2), Loop("N", 4)), TENSORS),
        Level("array", (Loop("C", 4, "X"),)),
        Level("pad", (Loop("M", 3),), TENSORS),
    )
    return matmul(n=4, m=6, c=4), hardware, Mapping(levels)


def test_no_mappings() -> None:
    assert len(analyse_many(*small(), np.zeros((0, 4), np.int64)).steps) == 0


@pytest.mark.parametrize(
    ("bounds", "message"),
    [
        ([[2, 4, 4]], "4 columns"),
        ([[2.0, 4, 4, 3]], "whole numbers"),
        ([[2, 4, 4, 3], [2, 4, 0, 3]], "row 1: the loop over C has bound 0"),
        ([[2, 4, 4, 3], [2, 4, 4, 2]], "row 1: the mapping covers 4 of the 6 iterations of M"),
    ],
)
def test_wrong_bounds(bounds: list[list[float]], message: str) -> None:
    with pytest.raises(InputError, match=message):
        analyse_many(*small(), np.array(bounds))


def test_counts_that_may_not_fit() -> None:
    _, hardware, mapping = small()
    with pytest.raises(UnsupportedError, match="63 bits"):
        analyse_many(matmul(n=1 << 40, m=1 << 20, c=4), hardware, mapping, [[1 << 20, 1 << 40, 4, 1]])
