"""The shortest nest that counts the same as a mapping: loops of one level put in order and together.

What a loop's place decides is how often the tiles further in are replaced. A tile is replaced by every step of the
innermost loop outside of it over one of its tensor's dimensions, and of all loops outside of that one; the loops inside
of it leave the tile where it is. So between the places that are innermost for some tile, loops of one level may change
places, and those over one dimension be one loop. Where a tile slides along a window, its loops stay as they are, up to
one that replaces the tile wholly.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import pairwise

from assay.hardware.model import Fanout, Hardware, Memory
from assay.mapping.analysis import analyse
from assay.mapping.latency import time_layer
from assay.mapping.mapping import Level, Loop, Mapping
from assay.workload.einsum import Einsum, Tensor


def tidy(einsum: Einsum, hardware: Hardware, mapping: Mapping) -> Mapping:
    """The mapping with as few loops as leave every count and every cycle what they are; itself, if it has so few.

    Raises:
        InputError: the mapping does not belong to this einsum and hardware.
    """
    shorter = replace(mapping, levels=tuple(_tidied(einsum, hardware, mapping)))
    if shorter == mapping:
        return mapping
    wanted = figures(einsum, hardware, mapping)
    if figures(einsum, hardware, shorter) == wanted:
        return shorter
    for place, level in enumerate(shorter.levels):  # remainders can make one level matter, and not the others
        changed = with_level(mapping, place, level)
        if changed != mapping and figures(einsum, hardware, changed) == wanted:
            mapping = changed
    return mapping


def figures(einsum: Einsum, hardware: Hardware, mapping: Mapping) -> tuple[object, ...]:
    """Everything that is counted and timed under a mapping."""
    analysis = analyse(einsum, hardware, mapping)
    return analysis, time_layer(einsum, hardware, mapping, analysis)


def with_level(mapping: Mapping, place: int, level: Level) -> Mapping:
    """The mapping with another level at that place."""
    return replace(mapping, levels=(*mapping.levels[:place], level, *mapping.levels[place + 1 :]))


def _tidied(einsum: Einsum, hardware: Hardware, mapping: Mapping) -> Iterator[Level]:
    levels = [replace(level, loops=tuple(_joined(level.loops))) for level in mapping.levels]
    fences = _fences(einsum, hardware, levels)
    for place, (level, node) in enumerate(zip(levels, hardware.nodes, strict=False)):
        if isinstance(node, Fanout):
            yield replace(level, loops=_merged(level.loops))
        elif isinstance(node, Memory) and not node.order:
            parts = pairwise(sorted({0, len(level.loops), *fences[place]}))
            loops = [loop for start, end in parts for loop in _merged(level.loops[start:end])]
            yield replace(level, loops=tuple(_joined(loops)))
        else:
            yield level


def _joined(loops: Iterable[Loop]) -> list[Loop]:
    """Without loops of one iteration; neighbours over one dimension become one."""
    found: list[Loop] = []
    for loop in loops:
        if found and (found[-1].dim, found[-1].axis) == (loop.dim, loop.axis):
            found[-1] = replace(loop, bound=found[-1].bound * loop.bound)
        elif loop.bound > 1:
            found.append(loop)
    return found


def _merged(loops: Iterable[Loop]) -> tuple[Loop, ...]:
    """One loop per dimension (and axis), each where the innermost of them was."""
    found: dict[tuple[str, str | None], Loop] = {}
    for loop in loops:
        outer = found.pop((loop.dim, loop.axis), None)
        found[loop.dim, loop.axis] = replace(loop, bound=loop.bound * (outer.bound if outer else 1))
    return tuple(found.values())


def _fences(einsum: Einsum, hardware: Hardware, levels: list[Level]) -> list[set[int]]:
    """For each level, the places between its loops that no loop may cross."""
    found: list[set[int]] = [set() for _ in levels]
    in_time = [place for place, node in enumerate(hardware.nodes[:-1]) if isinstance(node, Memory)]
    for tensor in einsum.tensors:
        own, sliding = set(tensor.dims), _sliding(einsum, tensor)
        inside = [place for place in in_time if tensor.name in levels[place].keep]
        for child in (*inside, len(levels)):
            for place, position, dim in _outwards(levels, in_time, child):
                if dim not in own:
                    continue
                found[place].add(position + 1)
                if dim not in sliding:
                    break
                found[place].add(position)
    return found


def _outwards(levels: list[Level], in_time: list[int], child: int) -> Iterator[tuple[int, int, str]]:
    """(level, position in it, dimension) of the loops in time outside of a level, from the inside out."""
    for place in reversed(in_time):
        if place < child:
            loops = levels[place].loops
            for position in range(len(loops) - 1, -1, -1):
                yield place, position, loops[position].dim


def _sliding(einsum: Einsum, tensor: Tensor) -> set[str]:
    """Dimensions that share an address of the tensor with others: their steps may leave a part of the tile."""
    ranks = [[term.dim for term in rank.terms if einsum.extents[term.dim] > 1] for rank in tensor.ranks]
    return {dim for dims in ranks if len(dims) > 1 for dim in dims}
