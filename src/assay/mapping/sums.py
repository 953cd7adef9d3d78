"""How many words of a tensor move into the tiles at a node, as a sum over the loops that move them.

When a temporal loop advances (a *turn*), the loops inside it start again; what moves is the new tile less the tile that
was held. Sums over all iterations and instances factorise over the tensor's addresses, because each dimension appears
in one address:

    words = Σ over turns  Π over irrelevant dims (cases) · (Π over addresses Σ |new| − Π over addresses Σ |new ∩ held|)

`|new|` and `|new ∩ held|` become unions over children where a fanout shares reads. The same sums are taken of whole
numbers (one mapping) and of arrays of them (many mappings of one structure): only where the factors come from differs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any, Protocol

from assay.hardware.model import Halo
from assay.mapping.digits import Role
from assay.mapping.links import Turn, linked_turns
from assay.mapping.nest import Nest, Place
from assay.mapping.tables import DimTable, Pair, Requests, rank_requests, rank_sums
from assay.mapping.windows import different_words, size
from assay.workload.einsum import Rank, Tensor

Number = Any
"""A whole number, or an array of whole numbers with one entry per mapping."""
Cuts = dict[str, int]


class Address(Protocol):
    """One address of a tensor."""

    def sums(self, cuts: Cuts, empty: bool) -> tuple[Number, Number]:
        """(words in the new tiles, words of them already there); `empty`: nothing is there yet."""
        ...

    def requests(self, cuts: Cuts, empty: bool) -> list[tuple[int, Requests]]:
        """(times, what every child asks for), where equal requests are one."""
        ...


class Cases(Protocol):
    """A dimension that a tensor does not depend on."""

    def alive(self, cut: int) -> Number:
        """Cases in which there is work."""
        ...


@dataclass(frozen=True, slots=True)
class Term:
    """What one loop moves.

    Attributes:
        place: the loop that advances; None: the very first step, or every step.
        cases: per irrelevant dimension with more than one index, how often its other loops repeat this.
        addresses: per address with more than one word, (words in the new tiles, words of them already there).
        words: what moves in all.
    """

    place: Place | None
    cases: tuple[tuple[str, Number], ...]
    addresses: tuple[tuple[tuple[str, ...], Number, Number], ...]
    words: Number


@dataclass(frozen=True, slots=True)
class View:
    """A tensor at a boundary, with the sharing of one kind of traffic.

    Attributes:
        irrelevant, addresses: those with more than one index.
        tiles: True where equal requests are found by looking at all addresses together.
    """

    nest: Nest
    node: int
    irrelevant: tuple[tuple[str, Cases], ...]
    addresses: tuple[tuple[tuple[str, ...], Address], ...]
    tiles: bool

    def words(self, latch: bool) -> Number:
        """`latch` False: a tile is moved at every step, whether or not it was there a step before."""
        if not latch:
            return self._term(self.nest.every_step(self.node), True)
        total: Number = 0
        for place, cuts in self.nest.pivots(self.node):
            total = total + self._term(cuts, place is None)
        return total

    def _term(self, cuts: Cuts, empty: bool) -> Number:
        times: Number = 1
        for dim, cases in self.irrelevant:
            alive = cases.alive(cuts[dim])
            if type(alive) is int and not alive:
                return 0
            times = _product(times, alive)
        if self.tiles:
            return times * self._different(cuts, empty)
        fresh: Number = 1
        kept: Number = 0 if empty else 1
        stays = not empty
        for _, address in self.addresses:
            new, old = address.sums(cuts, empty)
            stays = stays and new is old
            fresh = _product(fresh, new)
            kept = _product(kept, old)
        return 0 if stays else _product(times, fresh - kept)

    def _different(self, cuts: Cuts, empty: bool) -> int:
        cases = [address.requests(cuts, empty) for _, address in self.addresses]
        return sum(
            prod(times for times, _ in each) * different_words(tuple(asked for _, asked in each))
            for each in product(*cases)
        )

    def words_of(self, position: int) -> Number:
        """The words that one loop moves."""
        for place, cuts in self.nest.pivots(self.node):
            if place is not None and place.position == position:
                return self._term(cuts, False)
        raise KeyError(position)

    def terms(self, latch: bool) -> Iterator[Term]:
        """What `words` adds up, loop by loop."""
        turns = self.nest.pivots(self.node) if latch else iter([(None, self.nest.every_step(self.node))])
        for place, cuts in turns:
            empty = place is None
            cases = tuple((dim, each.alive(cuts[dim])) for dim, each in self.irrelevant)
            pairs = [(dims, *address.sums(cuts, empty)) for dims, address in self.addresses]
            addresses = tuple((dims, new, 0 if empty else old) for dims, new, old in pairs)
            yield Term(place, cases, addresses, self._term(cuts, empty))


def _product(a: Number, b: Number) -> Number:
    """a · b, without touching arrays for a factor of 0 or 1."""
    if type(a) is int and a < 2:
        return b if a else 0
    if type(b) is int and b < 2:
        return a if b else 0
    return a * b


class Source(Protocol):
    """Where views come from: `Sums` of one mapping, or of many."""

    @property
    def perfect(self) -> bool: ...

    def view(self, tensor: Tensor, node: int, roles: dict[int, Role], hold: bool = True) -> View: ...

    def links(self, tensor: Tensor, child: int) -> tuple[Turn, ...]: ...


class Sums:
    """The sums of one mapping: `bounds` of the loops of each dimension, outermost first."""

    def __init__(self, nest: Nest, bounds: dict[str, tuple[int, ...]]) -> None:
        self.nest = nest
        self.extents = nest.extents
        self.box = nest.hardware.counting.halo is Halo.BOX
        self._bounds = bounds
        self._tables: dict[tuple[str, int, tuple[Role, ...], bool], DimTable] = {}

    @property
    def perfect(self) -> bool:
        """Whether the factors of every dimension multiply to its extent."""
        return all(prod(self._bounds[dim]) == extent for dim, extent in self.extents.items())

    def table(self, dim: str, node: int, roles: dict[int, Role], hold: bool) -> DimTable:
        """The table of a dimension's loops above the node."""
        places = self.nest.by_dim[dim]
        spatial = tuple(roles.get(p.node, Role.OUTER) for p in places if p.spatial and p.node < node)
        key = (dim, node, spatial, hold)
        table = self._tables.get(key)
        if table is None:
            table = DimTable(dim, self.extents[dim], places, self._bounds[dim], node, spatial, hold)
            self._tables[key] = table
        return table

    def view(self, tensor: Tensor, node: int, roles: dict[int, Role], hold: bool = True) -> View:
        """The tensor's words at the node.

        Args:
            roles: per fanout, how its children's words are put together; absent: counted apart.
            hold: whether an instance keeps a tile while it has no work (see `assay.mapping.digits.patterns`).
        """
        form = self.nest.forms[tensor.name]
        box = self.box and tensor is not self.nest.einsum.output
        irrelevant = tuple((dim, self.table(dim, node, roles, hold)) for dim in form.irrelevant)
        addresses = [
            _Address(dims, coefficients, tuple(self.table(dim, node, roles, hold) for dim in dims), box)
            for dims, coefficients in form.addresses
        ]
        tiles = any(a.meets for a in addresses) and any(not t.perfect for a in addresses for t in a.tables)
        if tiles:
            nodes = tuple(node for node, role in sorted(roles.items()) if role is Role.DISTINCT)
            apart: dict[int, Role] = {node: role for node, role in roles.items() if role is not Role.DISTINCT}
            for address in addresses:
                address.nodes = nodes
                if address.single:  # different children always ask for different words
                    address.tables = (self.table(address.dims[0], node, apart, hold),)
        return View(self.nest, node, irrelevant, tuple((address.dims, address) for address in addresses), tiles)

    def links(self, tensor: Tensor, child: int) -> tuple[Turn, ...]:
        """See `assay.mapping.links.linked_turns`."""
        return linked_turns(self.nest, self._bounds, tensor, child)


def tile_words(rank: Rank, tiles: dict[str, int], box: bool) -> int:
    """Distinct words of the rank when dimension d runs over tiles[d] indices; `box`: with those in the gaps."""
    return size(tuple((term.coefficient, tiles[term.dim]) for term in rank.terms), box)


class _Address:
    """An address whose factors are computed when they are asked for."""

    def __init__(
        self, dims: tuple[str, ...], coefficients: tuple[int, ...], tables: tuple[DimTable, ...], box: bool
    ) -> None:
        self.dims, self.coefficients, self.tables, self.box = dims, coefficients, tables, box
        self.single = len(dims) == 1 and not (box and coefficients[0] > 1)
        self.nodes: tuple[int, ...] = ()
        self._sums: dict[tuple[tuple[int, ...], bool], Pair] = {}

    def sums(self, cuts: Cuts, empty: bool) -> Pair:
        if self.single:
            return self.tables[0].sums(cuts[self.dims[0]])
        key = tuple(cuts[dim] for dim in self.dims), empty
        found = self._sums.get(key)
        if found is None:
            found = self._sums[key] = rank_sums(self.coefficients, self.tables, key[0], empty, self.box)
        return found

    def requests(self, cuts: Cuts, empty: bool) -> list[tuple[int, Requests]]:
        own = tuple(cuts[dim] for dim in self.dims)
        return rank_requests(self.coefficients, self.tables, own, self.nodes, empty, self.box)

    @property
    def meets(self) -> bool:
        """Whether children whose equal requests are one may ask for equal words after holding different ones."""
        return not self.single and any(table.distinct for table in self.tables)
