"""Random einsums, hardware and mappings, small enough for the oracle to run in milliseconds.

Going outward, the bound of each loop is at most the number of tiles left of its dimension, so every iteration of
every loop has work somewhere; `perfect` mappings have no remainders. One memory may have two loops of a dimension,
with other loops between them or not, and one fanout two loops of a dimension along one axis. Memories have no size, so
every mapping fits. Half of the cases count as the defaults say; the others mix conventions, links and a latch (what is
counted for perfect factors only, links and `refill_all`, in perfect cases only).
"""

from __future__ import annotations

import math

from hypothesis import strategies as st

from assay.hardware.model import Axis, Compute, Counting, Fanout, Halo, Hardware, Memory, Multicast, Node
from assay.mapping.mapping import Level, Loop, Mapping
from assay.workload.einsum import Einsum, convolution, matmul

Case = tuple[Einsum, Hardware, Mapping]

MAX_POINTS = 100
MAX_ITERATIONS = 900
AXES = ("X", "Y", "Z")


@st.composite
def cases(draw: st.DrawFn, perfect: bool, linked: bool = False) -> Case:
    """An einsum, hardware, and a mapping of the one on the other.

    Args:
        perfect: all factors divide.
        linked: links have something to do in most cases (otherwise in few); for perfect factors only.
    """
    plain = not linked and draw(st.booleans())
    linked = linked or (perfect and not plain and draw(st.sampled_from((False, True, False))))
    links = (False,) if plain or not perfect else (True,) if linked else (True, False)
    einsum = draw(einsums(linked))
    kinds = draw(chains(linked))
    ones = draw(st.sampled_from((0, 1, 2)))  # how many loops of one round of each level stay
    levels = [
        Level(f"{kind}{number}", _few(loops, ones))
        for number, (kind, loops) in enumerate(zip(kinds, draw(nests(einsum, kinds, perfect, linked)), strict=True))
    ]
    nodes: list[Node] = []
    mapped: list[Level] = []
    for number, level in enumerate(levels):
        if level.node.startswith("fanout"):
            nodes.append(draw(fanouts(level, links)))
            mapped.append(level)
        else:
            memory, keep = draw(memories(level.node, einsum, outermost=number == 0, rich=linked))
            nodes.append(memory)
            mapped.append(Level(level.node, level.loops, keep))
    nodes.append(Compute("mac", latch=not plain and draw(st.booleans())))
    counting = Counting() if plain else draw(countings(perfect))
    return einsum, Hardware("random", tuple(nodes), clock=1e9, counting=counting), Mapping(tuple(mapped))


def _few(loops: tuple[Loop, ...], ones: int) -> tuple[Loop, ...]:
    """The loops without those of one round, but for the first few of these."""
    idle = [position for position, loop in enumerate(loops) if loop.bound == 1]
    return tuple(loop for position, loop in enumerate(loops) if position not in idle[ones:])


@st.composite
def einsums(draw: st.DrawFn, windows: bool = False) -> Einsum:
    """A small convolution (strided, dilated, grouped, depthwise), or a product of matrices, perhaps batched.

    `windows`: a convolution with a window that slides.
    """
    if windows:
        step = draw(st.sampled_from((1, 2)))
        p, r, q, m, c, s = draw(extents(6, largest=(6, 4, 2, 3, 3, 2), least=(2, 2)))
        return convolution(m=m, c=c, p=p, q=q, r=r, s=s, stride=(step, 1), dilation=(step, 1))
    form = draw(st.sampled_from(("convolution", "grouped", "convolution", "depthwise", "matmul", "batched")))
    if form in ("matmul", "batched"):
        n, m, c, g = draw(extents(4 if form == "batched" else 3, largest=(7, 7, 9, 3)))
        return matmul(n=n, m=m, c=c, g=g)
    stride = (draw(st.sampled_from((1, 2, 3, 1))), draw(st.integers(1, 2)))
    dilation = (draw(st.sampled_from((1, 2, 3, 1))), draw(st.integers(1, 2)))
    p, r, q, s, m, c, n, g = draw(extents(8, largest=(7, 4, 4, 3, 4, 7, 2, 3)))
    if form == "convolution":
        g = 1
    if form == "depthwise":
        m = c = 1
    return convolution(n=n, g=g, m=m, c=c, p=p, q=q, r=r, s=s, stride=stride, dilation=dilation)


@st.composite
def extents(draw: st.DrawFn, count: int, largest: tuple[int, ...], least: tuple[int, ...] = ()) -> list[int]:
    """As many extents as `largest` names; those past `count` are 1, and their product is at most MAX_POINTS."""
    chosen = [*least] + [1] * (len(largest) - len(least))
    for position in draw(st.permutations(range(count))):
        room = min(largest[position], MAX_POINTS * chosen[position] // math.prod(chosen))
        if room > chosen[position]:
            chosen[position] = draw(st.integers(chosen[position], room))
    return chosen


@st.composite
def chains(draw: st.DrawFn, linked: bool = False) -> list[str]:
    """`memory` and `fanout` from the outside in: 2 to 5 memories, 0 to 3 fanouts anywhere below the first memory.

    `linked`: one of the fanouts stands right above a memory.
    """
    pair = ["fanout memory"] * linked
    memories = ["memory"] * draw(st.integers(1 - linked, 4 - 2 * linked))
    fanouts = ["fanout"] * draw(st.sampled_from((1, 0, 2) if linked else (1, 2, 0, 3)))
    inner = draw(st.permutations(pair + memories + fanouts))
    return ["memory", *(kind for kinds in inner for kind in kinds.split())]


@st.composite
def memories(draw: st.DrawFn, name: str, einsum: Einsum, outermost: bool, rich: bool) -> tuple[Memory, tuple[str, ...]]:
    """A memory, and the tensors that the mapping keeps there: most of them if it is `rich`."""
    names = [tensor.name for tensor in einsum.tensors]
    if outermost:
        return Memory(name, keep=tuple(names)), tuple(names)
    options = ("keep", "may: yes", "may: no", "bypass") if not rich else ("keep", "may: yes", "keep", "may: no")
    choices = {name: draw(st.sampled_from(options)) for name in names}
    memory = Memory(
        name,
        keep=tuple(tensor for tensor in names if choices[tensor] == "keep"),
        may_keep=tuple(tensor for tensor in names if choices[tensor].startswith("may")),
    )
    return memory, tuple(tensor for tensor in names if choices[tensor] in ("keep", "may: yes"))


@st.composite
def countings(draw: st.DrawFn, perfect: bool) -> Counting:
    """Conventions of counting, each of them the default or not."""
    return Counting(
        halo=draw(st.sampled_from(Halo)),
        first_reads=draw(st.booleans()),
        refill_all=perfect and draw(st.booleans()),
        drain_reads=draw(st.booleans()),
        whole_accesses=draw(st.booleans()),
    )


@st.composite
def fanouts(draw: st.DrawFn, level: Level, links: tuple[bool, ...]) -> Fanout:
    """A fanout with room for the loops of the level, sometimes with more."""
    used = {axis: math.prod(loop.bound for loop in level.loops if loop.axis == axis) for axis in AXES}
    linked = draw(st.sampled_from(links))
    return Fanout(
        level.node,
        tuple(Axis(axis, bound + draw(st.integers(0, 1))) for axis, bound in used.items()),
        multicast=draw(st.sampled_from((Multicast.TILE, Multicast.NONE) if linked else tuple(Multicast))),
        reduces=draw(st.booleans()),
        links=linked,
    )


Slot = tuple[int, str, str | None, int]
"""Where a loop may stand: level, dimension, axis, and which of the loops that share these."""


@st.composite
def nests(draw: st.DrawFn, einsum: Einsum, kinds: list[str], perfect: bool, linked: bool) -> list[tuple[Loop, ...]]:
    """The loops of each level in random order; bounds of 1 included."""
    axes = {level: AXES[: draw(st.sampled_from((2, 1, 3)))] for level, kind in enumerate(kinds) if kind == "fanout"}
    split = draw(st.sampled_from((*range(len(kinds)), *axes, -1)))  # the level that may split a dimension
    slots: list[Slot] = [
        (level, dim, axis, copy)
        for level in range(len(kinds))
        for axis in axes.get(level, (None,))
        for copy in range(2 if level == split else 1)
        for dim in einsum.extents
    ]
    wanted = draw(wishes(einsum, kinds, slots, linked))
    order = sorted(draw(st.permutations(slots)), key=lambda slot: (slot[0], wanted[-1:] == [slot]))
    bounds = dict.fromkeys(order, 1)
    iterations = 1
    for dim, extent in einsum.dims:
        left = extent
        mine = [slot for slot in order if slot[1] == dim]
        if not mine:
            continue
        drawn = draw(st.sets(st.sampled_from(range(len(mine))), min_size=min(2, len(mine)), max_size=4))
        used = sorted({position for position, slot in enumerate(mine) if slot in wanted} or drawn)
        for position in reversed(used):  # innermost first
            least = 2 if mine[position] in wanted and left > 1 else 1
            if position == used[0] or iterations * left > MAX_ITERATIONS:
                bound = left
            elif perfect:
                bound = draw(st.sampled_from([divisor for divisor in range(least, left + 1) if left % divisor == 0]))
            elif left > 3:
                bound = draw(st.sampled_from((2, 3, least, left)))
            else:
                bound = draw(st.integers(least, left))
            bounds[mine[position]] = bound
            iterations *= bound
            left = -(-left // bound)
    loops = [(slot[0], Loop(slot[1], bounds[slot], slot[2])) for slot in order]
    return [tuple(loop for level, loop in loops if level == number) for number in range(len(kinds))]


@st.composite
def wishes(draw: st.DrawFn, einsum: Einsum, kinds: list[str], slots: list[Slot], linked: bool) -> list[Slot]:
    """Slots that get loops, for what chance alone would seldom draw; the last of them is the innermost of its level.

    A window that is spread over a fanout and slides right above it, so that neighbours work on the same words one
    after the other; two loops of a dimension along one axis; or a loop along each axis of a fanout.
    """
    fanned = [level for level, kind in enumerate(kinds) if kind == "fanout"]
    linkable = [level for level in fanned if kinds[level + 1 :][:1] == ["memory"]]
    windows = (("P", "R"), ("R", "P"), ("Q", "S"), ("S", "Q"))
    pairs = [pair for pair in windows if all(einsum.extents[dim] > 1 for dim in pair)]
    wish = "slide" if linked else draw(st.sampled_from(("none", "slide", "twice", "spread")))
    if wish == "slide" and linkable and pairs:
        fanout, (still, moving) = draw(st.sampled_from(linkable)), draw(st.sampled_from(pairs))
        above = max(level for level in range(fanout) if kinds[level] == "memory")
        return [draw(st.sampled_from([s for s in slots if s[:2] == (fanout, still)])), (above, moving, None, 0)]
    doubled = [slot for slot in slots if slot[0] in fanned and slot[3] == 1 and einsum.extents[slot[1]] > 1]
    if wish == "twice" and doubled:
        level, dim, axis, _ = draw(st.sampled_from(doubled))
        return [(level, dim, axis, 0), (level, dim, axis, 1)]
    if wish == "spread" and fanned and slots:
        level = draw(st.sampled_from(fanned))
        dims = draw(st.permutations([dim for dim, extent in einsum.dims if extent > 1]))
        present = [axis for axis in AXES if any(slot[0] == level and slot[2] == axis for slot in slots)]
        return [(level, dim, axis, 0) for dim, axis in zip(dims, present, strict=False)]
    return []
