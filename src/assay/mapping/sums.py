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
from typing import Any, Protocol

from assay.hardware.model import Halo
from assay.mapping.digits import Role
from assay.mapping.nest import Nest, Place
from assay.mapping.tables import DimTable, rank_sums, rank_tile_sums
from assay.mapping.windows import TileSums, different_requests, size
from assay.workload.einsum import Rank, Tensor

Number = Any
"""A whole number, or an array of whole numbers with one entry per mapping."""
Cuts = dict[str, int]


class Address(Protocol):
    """One address of a tensor."""

    def sums(self, cuts: Cuts, empty: bool) -> tuple[Number, Number]:
        """(words in the new tiles, words of them already there); `empty`: nothing is there yet."""
        ...

    def tile_sums(self, cuts: Cuts, empty: bool) -> TileSums:
        """Where equal requests are one."""
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
            times = times * cases.alive(cuts[dim])
            if isinstance(times, int) and not times:
                return 0
        if self.tiles:
            return times * different_requests([address.tile_sums(cuts, empty) for _, address in self.addresses])
        fresh: Number = 1
        kept: Number = 0 if empty else 1
        for _, address in self.addresses:
            new, old = address.sums(cuts, empty)
            fresh = fresh * new
            kept = kept * old
        return times * (fresh - kept)

    def terms(self, latch: bool) -> Iterator[Term]:
        """What `words` adds up, loop by loop."""
        turns = self.nest.pivots(self.node) if latch else iter([(None, self.nest.every_step(self.node))])
        for place, cuts in turns:
            empty = place is None
            cases = tuple((dim, each.alive(cuts[dim])) for dim, each in self.irrelevant)
            pairs = [(dims, *address.sums(cuts, empty)) for dims, address in self.addresses]
            addresses = tuple((dims, new, 0 if empty else old) for dims, new, old in pairs)
            yield Term(place, cases, addresses, self._term(cuts, empty))


class Source(Protocol):
    """Where views come from: `Sums` of one mapping, or of many."""

    def view(self, tensor: Tensor, node: int, roles: dict[int, Role], hold: bool = True) -> View: ...


class Sums:
    """The sums of one mapping: `bounds` of its loops, in the order of the nest."""

    def __init__(self, nest: Nest, bounds: tuple[int, ...]) -> None:
        self.nest = nest
        self.extents = nest.einsum.extents
        self.box = nest.hardware.counting.halo is Halo.BOX
        self._bounds = {dim: tuple(bounds[p.position] for p in places) for dim, places in nest.by_dim.items()}
        self._tables: dict[tuple[str, int, tuple[Role, ...], bool], DimTable] = {}

    def table(self, dim: str, node: int, roles: dict[int, Role], hold: bool) -> DimTable:
        """The table of a dimension's loops above the node."""
        places = self.nest.by_dim[dim]
        spatial = tuple(roles.get(p.node, Role.OUTER) for p in places if p.spatial and p.node < node)
        key = (dim, node, spatial, hold)
        table = self._tables.get(key)
        if table is None:
            table = DimTable(self.extents[dim], places, self._bounds[dim], node, spatial, hold)
            self._tables[key] = table
        return table

    def view(self, tensor: Tensor, node: int, roles: dict[int, Role], hold: bool = True) -> View:
        """The tensor's words at the node.

        Args:
            roles: per fanout, how its children's words are put together; absent: counted apart.
            hold: whether an instance keeps a tile while it has no work (see `assay.mapping.digits.patterns`).
        """
        several = {dim: self.table(dim, node, roles, hold) for dim, extent in self.extents.items() if extent > 1}
        irrelevant = tuple((dim, table) for dim, table in several.items() if dim not in tensor.dims)
        addresses: list[tuple[tuple[str, ...], Address]] = []
        for rank in tensor.ranks:
            used = [term for term in rank.terms if term.dim in several]
            if not used:
                continue
            dims = tuple(term.dim for term in used)
            tables = tuple(several[dim] for dim in dims)
            coefficients = tuple(term.coefficient for term in used)
            addresses.append((dims, _Address(dims, coefficients, tables, self.box)))
        return View(self.nest, node, irrelevant, tuple(addresses), _meets(addresses))


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
        self._sums: dict[tuple[tuple[int, ...], bool], tuple[int, int]] = {}

    def sums(self, cuts: Cuts, empty: bool) -> tuple[int, int]:
        if self.single:
            return self.tables[0].sums(cuts[self.dims[0]])
        key = tuple(cuts[dim] for dim in self.dims), empty
        found = self._sums.get(key)
        if found is None:
            found = self._sums[key] = rank_sums(self.coefficients, self.tables, key[0], empty, self.box)
        return found

    def tile_sums(self, cuts: Cuts, empty: bool) -> TileSums:
        return rank_tile_sums(self.coefficients, self.tables, tuple(cuts[d] for d in self.dims), empty, self.box)

    @property
    def meets(self) -> bool:
        """Whether children whose equal requests are one may ask for equal words after holding different ones."""
        return not self.single and any(role is Role.DISTINCT for table in self.tables for *_, role in table.loops)


def _meets(addresses: list[tuple[tuple[str, ...], Address]]) -> bool:
    own = [address for _, address in addresses if isinstance(address, _Address)]
    imperfect = any(not table.perfect for address in own for table in address.tables)
    return imperfect and any(address.meets for address in own)
