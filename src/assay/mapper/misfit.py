"""Why no mapping fits, in words: which tensor needs how much where, and the smallest change that would let one fit.

Whether anything fits is found by `feasible`, what is to blame and what to change by `changes`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from math import prod
from typing import Any

import numpy as np

from assay.errors import NoMappingError
from assay.hardware.model import Hardware, Memory
from assay.mapper.changes import (
    Change,
    Kind,
    changed,
    divisor_counts,
    few_dims,
    find_reason,
    least_change,
    smallest_changes,
    unasked,
)
from assay.mapper.feasible import Tiles, has_mapping, least_children, must_keep
from assay.reading.words import listed, plural
from assay.workload.einsum import Einsum

__all__ = ["explain_misfit", "has_mapping"]

MOST_TILES = 5_000_000
"""With more, only reasons in few dimensions are looked for: every look at all tiles would take seconds."""


def explain_misfit(einsum: Einsum, hardware: Hardware) -> NoMappingError:
    """Why no mapping with perfect factors fits, and what would let one.

    Raises:
        ValueError: some mapping fits.
        UnsupportedError: an extent is too large.
    """
    if prod(divisor_counts(einsum).values()) > MOST_TILES:
        hardware = unasked(hardware)
        few = few_dims(einsum, hardware)
        if few is None:
            advice = "the layer has too many tiles to say why: look for the reason with smaller dimensions"
            return NoMappingError(f"no mapping fits {hardware.name}", at=hardware.nodes[0].at, hint=advice)
        einsum = few
    tiles = Tiles(einsum, hardware)
    found = smallest_changes(einsum, hardware, tiles)
    parts = [_told([change for (change,) in found])] if len(found[0]) == 1 else list(found[0])
    parts = [replace(part, names=(name,) if name else ()) for part in parts for name in part.names or ("",)]
    sentences: dict[str, int] = {}
    for part in parts:
        others = [other for other in parts if other is not part]
        node, sentence = _sentence(einsum, changed(hardware, others), part)
        sentences.setdefault(sentence, node)
    advice = "; or ".join(listed([_advice(einsum, hardware, change) for change in each]) for each in found)
    if hardware.dataflow:
        advice += f" (some of the constraints may be those of 'dataflow: {hardware.dataflow}')"
    return NoMappingError(
        f"no mapping fits {hardware.name}: {'; and '.join(sentences)}",
        at=hardware.nodes[next(iter(sentences.values()))].at,
        hint=advice if len(found[0]) == 1 else f"no single change is enough: {advice}",
    )


def _told(changes: Iterable[Change]) -> Change:
    """The change that the message is about: a size if there is one, then an axis, then the smallest."""
    return min(changes, key=lambda c: (c.kind is not Kind.SIZE, c.kind is not Kind.AXIS, c.ratio))


def _sentence(einsum: Einsum, hardware: Hardware, change: Change) -> tuple[int, str]:
    """What is wrong, said of what the change would change or of a memory that is too small; and its node."""
    given = hardware
    if change.kind is Kind.SIZE and change.amount is not None:  # why it must be as large as that
        hardware = replace(change, amount=change.amount - 1).apply(hardware)
    core, bare, reason = find_reason(einsum, hardware)
    tiles = Tiles(core, bare)
    sizes = [least_change(tiles, bare, each) for each in reason if each.kind is Kind.SIZE]
    told = [each for each in sizes if each is not None and (change.kind is not Kind.SIZE or each.node == change.node)]
    if not told:
        return change.node, _no_place(core, given, reason)
    least = min(told, key=lambda each: each.ratio)
    return least.node, _too_small(core, given, least.apply(bare), least.node, reason)


def _too_small(core: Einsum, given: Hardware, enough: Hardware, node: int, reason: Sequence[Change]) -> str:
    """A memory that cannot hold the smallest tiles that it must; `enough`: the hardware in which it just can."""
    memory, larger = given.nodes[node], enough.nodes[node]
    assert isinstance(memory, Memory)
    assert isinstance(larger, Memory)
    assert memory.capacity is not None
    tiles = Tiles(core, enough)
    tensors = tiles.held(larger, node) or ()
    tile = _needed(tiles, enough, node)
    words = {t.name: prod(tiles.rank_words(t, tile, rank) for rank in t.ranks) for t in tensors}
    total = sum(words[t.name] * t.bits for t in tensors)
    if node == 0:
        dims = " ".join(f"{dim}{extent}" for dim, extent in core.dims if extent > 1) or "1"
        each = " + ".join(f"{name} {plural(n, 'word')}" for name, n in words.items())
        return (
            f"the outermost memory {memory.name} keeps the whole layer ({dims}), which takes {total:,} b ({each}),"
            f" but it has room for {memory.capacity:,} b"
        )
    if len(tensors) == 1:
        ((name, n),) = words.items()
        need = f"a tile of {name} of at least {plural(n, 'word')} ({total:,} b)"
        room = f"{plural(memory.capacity // tensors[0].bits, 'word')} ({memory.capacity:,} b)"
    else:
        each = listed([f"{name} ({plural(n, 'word')})" for name, n in words.items()])
        need, room = f"tiles of {each} of at least {total:,} b together", f"{memory.capacity:,} b"
    clauses = _clauses(core, given, [c for c in reason if (c.kind, c.node) != (Kind.SIZE, node)], node)
    because = f" because {_joined(clauses)}," if clauses else ","
    return f"{memory.name} must hold {need}{because} and has room for {room}"


def _needed(tiles: Tiles, hardware: Hardware, node: int) -> dict[str, int]:
    """A tile that fills the memory and of which the whole layer can be made."""
    memory = hardware.nodes[node]
    assert isinstance(memory, Memory)
    states = tiles.through(tiles.inside(hardware, node), hardware, node)
    full = tiles.bits(tiles.held(memory, node) or ()) == memory.capacity
    places = [(key, int(position)) for key, reached in states.items() for position in np.flatnonzero(reached & full)]
    for key, position in places[:64]:
        single = np.zeros(tiles.count, np.bool_)
        single[position] = True
        if tiles.outward({key: single}, hardware, node - 1):
            return tiles.tile(position)
    return tiles.tile(places[0][1])


def _no_place(core: Einsum, hardware: Hardware, reason: Sequence[Change]) -> str:
    """Dimensions that cannot be placed anywhere."""
    dims = [f"{dim} = {extent}" for dim, extent in core.dims if extent > 1]
    clauses = _joined(_clauses(core, hardware, reason, None))
    if not dims or any(change.kind is Kind.MIN_UTILIZATION for change in reason):
        return f"for {listed(dims)}, {clauses}" if dims else clauses
    return f"{listed(dims)} {'has' if len(dims) == 1 else 'have'} no place{' together' * (len(dims) > 1)}: {clauses}"


def _clauses(einsum: Einsum, hardware: Hardware, reason: Sequence[Change], there: int | None) -> list[str]:
    """The constraints in words, from the inside out; `there`: the node that was named just before."""
    names: dict[tuple[Kind, int, str], list[str]] = {}
    for change in reason:
        names.setdefault((change.kind, change.node, change.axis), []).extend(change.names)
    places: dict[tuple[Kind, str], list[tuple[int, str]]] = {}
    clauses: list[tuple[Kind, str]] = []
    order = [dim for dim, _ in einsum.dims]
    for (kind, index, axis), own in sorted(names.items(), key=lambda item: -item[0][1]):
        own.sort(key=lambda name: order.index(name) if name in order else 0)
        if kind in (Kind.LOOPS, Kind.DIMS):
            places.setdefault((kind, listed(own, "or")), []).append((index, axis))
        elif kind is not Kind.KEEP or there is None:
            clauses.append((kind, _clause(einsum, hardware, kind, index, axis, own, there)))
    for (kind, dims), where in places.items():
        verb = "iterate" if kind is Kind.LOOPS else "take"
        clauses.append((kind, f"{_places(hardware, where)} {'do' if len(where) > 1 else 'does'} not {verb} {dims}"))
    return [clause for _, clause in sorted(clauses, key=lambda clause: _SAID.index(clause[0]))]


def _places(hardware: Hardware, places: Sequence[tuple[int, str]]) -> str:
    """Memories, or axes (those of one node together)."""
    axes: dict[int, list[str]] = {}
    for index, axis in sorted(places, key=lambda place: (-place[0], place[1])):
        axes.setdefault(index, []).append(axis)
    return listed(
        [
            f"axes {listed(own)} of {hardware.nodes[index].name}" if len(own) > 1 else _place(hardware, index, own[0])
            for index, own in axes.items()
        ]
    )


def _place(hardware: Hardware, index: int, axis: str) -> str:
    name = hardware.nodes[index].name
    return f"axis {axis} of {name}" if axis else name


_SAID = (
    Kind.WHOLE,
    Kind.FACTORS,
    Kind.MIN_UTILIZATION,
    Kind.AXIS,
    Kind.MAX_FACTORS,
    Kind.DIMS,
    Kind.LOOPS,
    Kind.KEEP,
    Kind.SIZE,
    Kind.STATIONARY,
    Kind.ORDER,
)
"""What is demanded first, then what leaves no room for it."""


def _clause(
    einsum: Einsum, hardware: Hardware, kind: Kind, index: int, axis: str, names: list[str], there: int | None
) -> str:
    """One constraint in words."""
    told, here = there is not None, there == index
    node: Any = hardware.nodes[index]
    item = next(each for each in node.axes if each.name == axis) if axis else node
    place = _place(hardware, index, axis)
    match kind:
        case Kind.WHOLE:
            dims = listed([f"{dim} = {einsum.extents[dim]}" for dim in names])
            if not told:
                dims = "it" if sum(extent > 1 for _, extent in einsum.dims) == 1 else listed(names)
            return f"{dims} must be whole {'there' if here else f'in {place}'}"
        case Kind.SIZE:
            return f"{place} has room for {node.capacity:,} b"
        case Kind.AXIS:
            return f"{place} is {item.size:,} long"
        case Kind.FACTORS:
            fixed = [
                f"{dim} = {f or einsum.extents[dim]}"
                + f", which does not divide {einsum.extents[dim]}" * bool(f and einsum.extents[dim] % f)
                for dim, f in item.factors
                if dim in names
            ]
            return f"{'there' if here else place} must have the factor{'s' * (len(names) > 1)} {listed(fixed)}"
        case Kind.MAX_FACTORS:
            most = [f"{f} of {dim}" for dim, f in item.max_factors if dim in names]
            return f"{place} has at most {listed(most)}"
        case Kind.MIN_UTILIZATION:
            return f"{place} must use at least {least_children(node):,} of its {node.children:,} children"
        case Kind.STATIONARY:
            return f"{listed(names)} must stay {'there' if here else f'in {place}'} until done with"
        case Kind.KEEP:
            return f"{place} keeps {listed(names)}"
        case _:
            return f"the loops of {place} have a fixed order"


def _advice(einsum: Einsum, hardware: Hardware, change: Change) -> str:
    """The change in words, with what to write in the hardware file."""
    node: Any = hardware.nodes[change.node]
    item = next(each for each in node.axes if each.name == change.axis) if change.axis else node
    place = _place(hardware, change.node, change.axis)
    names = listed(change.names)
    match change.kind:
        case Kind.SIZE:
            bits = {t.bits for t in einsum.tensors if change.node == 0 or must_keep(node, t.name)}
            size = _size(int(change.amount or 0), bits.pop() if len(bits) == 1 else 8)
            more = f"{int(change.amount or 0) - node.size:,} b"
            never = ", or leave its size out if it never limits" if change.node == 0 else ""
            return f"make {place} {more} larger ('size: {size}'){never}"
        case Kind.AXIS:
            return f"make {place} {change.amount:,} long instead of {item.size:,}"
        case Kind.DIMS:
            return f"allow {names} along {place}"
        case Kind.LOOPS:
            return f"allow {names} in the loops of {place}"
        case Kind.KEEP:
            return f"let {names} pass {place} ('may_keep' instead of 'keep')"
        case Kind.MAX_FACTORS:
            return f"raise the max_factors of {names} at {place} to {change.amount}"
        case Kind.MIN_UTILIZATION:
            return f"lower the min_utilization of {place} to {change.amount or 0.0:g}"
        case Kind.ORDER:
            return f"drop the order of the loops of {place}"
        case _:
            return f"drop {names} from '{change.kind.value}' of {place}"


def _joined(clauses: Sequence[str]) -> str:
    return ", and ".join(filter(None, (", ".join(clauses[:-1]), *clauses[-1:])))


def _size(bits: int, word: int) -> str:
    """A size as the file would have it."""
    if bits % 8192 == 0:
        return f"{bits // 8192} KiB"
    return f"{bits // word} * {word} b" if bits % word == 0 else f"{bits} b"
