"""The counts of all mappings at once: what `assay.mapping.analysis` counts for one, with symbols in place of words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

from assay.hardware.model import Fanout, Hardware
from assay.mapping.analysis import Way, bookings
from assay.mapping.counts import Action
from assay.mapping.digits import Role
from assay.mapping.mapping import Level, Loop
from assay.mapping.mapping import Mapping as LoopNest
from assay.mapping.nest import Nest
from assay.workload.einsum import Einsum, Tensor


@dataclass(frozen=True, slots=True)
class Words:
    """A sum of components: (tensor, child, roles) -> how often; the key None is a number of words."""

    terms: Mapping[ComponentKey | None, float]

    def __add__(self, other: Words | int) -> Words:
        one: dict[ComponentKey | None, float] = {None: 0 if isinstance(other, Words) else other}
        more = other.terms if isinstance(other, Words) else one
        keys: dict[ComponentKey | None, None] = dict.fromkeys([*self.terms, *more])
        return Words({key: self.terms.get(key, 0) + more.get(key, 0) for key in keys})

    __radd__ = __add__

    def __mul__(self, factor: float) -> Words:
        return Words({key: value * factor for key, value in self.terms.items()})

    __rmul__ = __mul__


ComponentKey = tuple[str, int, tuple[tuple[int, Role], ...], bool]
"""Tensor, child, role per fanout, and whether an operand that stays is not read again."""


@dataclass(frozen=True, slots=True)
class _View:
    """What `bookings` asks for the words of."""

    tensor: str
    node: int
    roles: tuple[tuple[int, Role], ...]

    def words(self, latch: bool = True) -> Words:
        return Words({(self.tensor, self.node, self.roles, latch): 1})


class _Symbols:
    """A source of symbols in place of numbers."""

    perfect = True

    def view(self, tensor: Tensor, node: int, roles: dict[int, Role], hold: bool = True) -> _View:
        return _View(tensor.name, node, tuple(sorted(roles.items())))

    def links(self, tensor: Tensor, child: int) -> tuple[()]:
        return ()


@dataclass(frozen=True, slots=True)
class SymbolicCount:
    """One count as a sum of components."""

    node: int
    tensor: str | None
    action: Action
    way: Way | None
    words: Words


def symbolic_counts(einsum: Einsum, hardware: Hardware, keep: tuple[tuple[str, ...], ...]) -> Iterator[SymbolicCount]:
    """Every count of a mapping that keeps these tensors, as a sum of components."""
    # Refills of every addend multiply two unknowns; once each is the least they can be.
    hardware = replace(hardware, counting=replace(hardware.counting, refill_all=False))
    loops = tuple(Loop(dim, extent) for dim, extent in einsum.dims)
    levels = tuple(
        Level(node.name, loops if i == 0 else (), names)
        for i, (node, names) in enumerate(zip(hardware.nodes, keep, strict=False))
    )
    nest = Nest.build(einsum, hardware, LoopNest(levels))
    empty: dict[ComponentKey | None, float] = {}
    for booking in bookings(nest, cast(Any, _Symbols())):
        words = sum((cast(Any, part.number) * part.factor for part in booking.parts), Words(empty))
        if booking.tensor != einsum.output.name:
            words = _spared(words, booking.node, hardware)
        yield SymbolicCount(booking.node, booking.tensor, booking.action, booking.way, words)


def linked(hardware: Hardware, parent: int, child: int) -> frozenset[int]:
    """Fanouts between the two whose children pass words on."""
    nodes = {i: hardware.nodes[i] for i in range(parent + 1, child)}
    return frozenset(i for i, node in nodes.items() if isinstance(node, Fanout) and node.links)


def _spared(words: Words, node: int, hardware: Hardware) -> Words:
    """Words counted at a node outside of fanouts with links: as if children of these shared them."""
    terms: dict[ComponentKey | None, float] = {}
    for key, factor in words.terms.items():
        if key is not None:
            roles = dict(key[2]) | dict.fromkeys(linked(hardware, node, key[1]), Role.UNION)
            key = (key[0], key[1], tuple(sorted(roles.items())), key[3])  # noqa: PLW2901
        terms[key] = terms.get(key, 0) + factor
    return Words(terms)
