"""Closed forms for sliding windows, against the sets themselves."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.errors import UnsupportedError
from assay.hardware.model import Compute, Counting, Halo, Hardware, Memory
from assay.mapping.analysis import analyse
from assay.mapping.many import analyse_many, with_bounds
from assay.mapping.mapping import Level, Loop, Mapping
from assay.mapping.windows import addresses, size, slide, span
from assay.workload.einsum import address_set, convolution, sum_count

TENSORS = ("ifmap", "filter", "ofmap")
terms = st.lists(st.tuples(st.integers(1, 9), st.integers(1, 12)), min_size=1, max_size=3).map(tuple)


@given(terms)
def test_how_many_addresses_there_are(window: tuple[tuple[int, int], ...]) -> None:
    values = {
        sum(c * i for (c, _), i in zip(window, index, strict=True)) for index in np.ndindex(*(n for _, n in window))
    }
    assert size(window) == sum_count(window) == len(values)
    assert addresses(window) == sum(1 << value for value in values)
    assert size(window, box=True) == span(window) == max(values) + 1


@given(terms, st.integers(-60, 60), st.booleans())
def test_how_many_stay(window: tuple[tuple[int, int], ...], shift: int, box: bool) -> None:
    mask = addresses(window, box)
    assert slide(window, shift, box) == (mask & mask >> abs(shift)).bit_count()


def test_large_windows_cost_nothing_or_are_refused() -> None:
    assert sum_count(((40, 1 << 40), (7, 3))) == 3 << 40
    with pytest.raises(UnsupportedError, match="reaches"):
        address_set(((40, 1 << 40), (7, 3)))


def test_gaps_that_may_not_fit_63_bits() -> None:
    nodes = (Memory("dram", keep=TENSORS), Memory("buffer", keep=TENSORS), Compute("mac"))
    hardware = Hardware("boxes", nodes, clock=1e9, counting=Counting(halo=Halo.BOX))
    levels = (
        Level("dram", (Loop("P", 4), Loop("Q", 4)), TENSORS),
        Level("buffer", (Loop("P", 4), Loop("Q", 4)), TENSORS),
    )
    mapping = Mapping(levels)
    far = convolution(p=16, q=16, stride=(1 << 30, 1 << 30))
    with pytest.raises(UnsupportedError, match="63 bits"):
        analyse_many(far, hardware, mapping, [[4, 4, 4, 4]])
    near = convolution(p=16, q=16, stride=(1 << 10, 1 << 10))
    counts = analyse_many(near, hardware, mapping, [[4, 4, 4, 4]]).counts
    for count in analyse(near, hardware, with_bounds(mapping, [4, 4, 4, 4])).counts:
        assert counts[count.component, count.tensor, count.action][0] == count.count
