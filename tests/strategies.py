"""Random einsums, hardware and mappings, small enough for the oracle to run in milliseconds.

Going outward, the bound of each loop is at most the number of tiles left of its dimension, so every iteration of
every loop has work somewhere; `perfect` mappings have no remainders. One memory may have two loops of a dimension,
with other loops between them or not. Memories have no size, so every mapping fits.
"""

from __future__ import annotations

import math

from hypothesis import strategies as st

from assay.hardware.model import Axis, Compute, Fanout, Hardware, Memory, Multicast, Node
from assay.mapping.mapping import Level, Loop, Mapping
from assay.workload.einsum import Einsum, convolution, matmul

Case = tuple[Einsum, Hardware, Mapping]

MAX_POINTS = 160
MAX_ITERATIONS = 2000


@st.composite
def cases(draw: st.DrawFn, perfect: bool) -> Case:
    """An einsum, hardware, and a mapping of the one on the other; `perfect`: all factors divide."""
    einsum = draw(einsums())
    kinds = draw(chains())
    levels = [
        Level(f"{kind}{number}", tuple(loop for loop in loops if loop.bound > 1 or draw(st.booleans())))
        for number, (kind, loops) in enumerate(zip(kinds, draw(nests(einsum, kinds, perfect)), strict=True))
    ]
    nodes: list[Node] = []
    mapped: list[Level] = []
    for number, level in enumerate(levels):
        if level.node.startswith("fanout"):
            nodes.append(draw(fanouts(level)))
            mapped.append(level)
        else:
            memory, keep = draw(memories(level.node, einsum, outermost=number == 0))
            nodes.append(memory)
            mapped.append(Level(level.node, level.loops, keep))
    return einsum, Hardware("random", (*nodes, Compute("mac")), clock=1e9), Mapping(tuple(mapped))


@st.composite
def einsums(draw: st.DrawFn) -> Einsum:
    """A small convolution (strided, dilated, grouped, depthwise), or a product of matrices, perhaps batched."""
    form = draw(st.sampled_from(("convolution", "grouped", "depthwise", "matmul", "batched")))
    if form in ("matmul", "batched"):
        n, m, c, g = draw(extents(4 if form == "batched" else 3, largest=(7, 7, 9, 3)))
        return matmul(n=n, m=m, c=c, g=g)
    stride = (draw(st.integers(1, 3)), draw(st.integers(1, 2)))
    dilation = (draw(st.integers(1, 3)), draw(st.integers(1, 2)))
    p, r, q, s, m, c, n, g = draw(extents(8, largest=(7, 4, 4, 3, 4, 7, 2, 3)))
    if form == "convolution":
        g = 1
    if form == "depthwise":
        m = c = 1
    return convolution(n=n, g=g, m=m, c=c, p=p, q=q, r=r, s=s, stride=stride, dilation=dilation)


@st.composite
def extents(draw: st.DrawFn, count: int, largest: tuple[int, ...]) -> list[int]:
    """As many extents as `largest` names; those past `count` are 1, and their product is at most MAX_POINTS."""
    chosen = [1] * len(largest)
    for position in draw(st.permutations(range(count))):
        room = min(largest[position], MAX_POINTS // math.prod(chosen))
        if room > 1:
            chosen[position] = draw(st.integers(1, room))
    return chosen


@st.composite
def chains(draw: st.DrawFn) -> list[str]:
    """`memory` and `fanout` from the outside in: 2 to 4 memories, 0 to 2 fanouts anywhere below the first memory."""
    inner = ["memory"] * draw(st.integers(1, 3)) + ["fanout"] * draw(st.sampled_from((1, 2, 0)))
    return ["memory", *draw(st.permutations(inner))]


@st.composite
def memories(draw: st.DrawFn, name: str, einsum: Einsum, outermost: bool) -> tuple[Memory, tuple[str, ...]]:
    """A memory, and the tensors that the mapping keeps there."""
    names = [tensor.name for tensor in einsum.tensors]
    if outermost:
        return Memory(name, keep=tuple(names)), tuple(names)
    choices = {name: draw(st.sampled_from(("keep", "may: yes", "may: no", "bypass"))) for name in names}
    memory = Memory(
        name,
        keep=tuple(tensor for tensor in names if choices[tensor] == "keep"),
        may_keep=tuple(tensor for tensor in names if choices[tensor].startswith("may")),
    )
    return memory, tuple(tensor for tensor in names if choices[tensor] in ("keep", "may: yes"))


@st.composite
def fanouts(draw: st.DrawFn, level: Level) -> Fanout:
    """A fanout with room for the loops of the level, sometimes with more."""
    used = {axis: math.prod(loop.bound for loop in level.loops if loop.axis == axis) for axis in ("X", "Y")}
    return Fanout(
        level.node,
        tuple(Axis(axis, bound + draw(st.integers(0, 1))) for axis, bound in used.items()),
        multicast=draw(st.sampled_from(Multicast)),
        reduces=draw(st.booleans()),
    )


@st.composite
def nests(draw: st.DrawFn, einsum: Einsum, kinds: list[str], perfect: bool) -> list[tuple[Loop, ...]]:
    """The loops of each level in random order; bounds of 1 included."""
    split = draw(st.integers(0, 2 * len(kinds)))  # the level, if it is a memory, that may split a dimension
    slots = [
        (level, dim, axis, copy)
        for level, kind in enumerate(kinds)
        for axis in ((None,) if kind == "memory" else ("X", "Y"))
        for copy in range(2 if kind == "memory" and level == split else 1)
        for dim, extent in einsum.dims
        if extent > 1
    ]
    order = sorted(draw(st.permutations(slots)), key=lambda slot: slot[0])
    bounds = dict.fromkeys(order, 1)
    iterations = 1
    for dim, extent in einsum.dims:
        left = extent
        mine = [slot for slot in order if slot[1] == dim]
        if not mine:
            continue
        used = sorted(draw(st.sets(st.sampled_from(range(len(mine))), min_size=min(2, len(mine)), max_size=3)))
        for position in reversed(used):  # innermost first
            if position == used[0] or iterations * left > MAX_ITERATIONS:
                bound = left
            elif perfect:
                bound = draw(st.sampled_from([divisor for divisor in range(1, left + 1) if left % divisor == 0]))
            else:
                bound = draw(st.sampled_from((2, 3, 1, left))) if left > 3 else draw(st.integers(1, left))
            bounds[mine[position]] = bound
            iterations *= bound
            left = -(-left // bound)
    loops = [(slot[0], Loop(slot[1], bounds[slot], slot[2])) for slot in order]
    return [tuple(loop for level, loop in loops if level == number) for number in range(len(kinds))]
