"""Counts of many mappings of one structure at once.

The loops keep their order and places; their bounds differ from mapping to mapping. A dimension has few different rows
of bounds, however many mappings there are: its sums are computed once per row, and counting a mapping is looking them
up and multiplying. What is counted, and how, is that of `analyse`, to the word.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from assay.errors import InputError, UnsupportedError
from assay.hardware.model import Fanout, Halo, Hardware, Multicast
from assay.mapping.analysis import Shape, analyse, bookings, count_order
from assay.mapping.counts import Action
from assay.mapping.digits import Role
from assay.mapping.links import Turn
from assay.mapping.mapping import Level, Loop, Mapping
from assay.mapping.nest import Nest
from assay.mapping.sums import Address, Cases, Cuts, Number, Sums, View, tile_words
from assay.mapping.tables import DimTable, Pair, Requests, rank_sums
from assay.workload.einsum import Einsum, Rank, Tensor

Ints = npt.NDArray[np.int64]
CHUNK = 32768
"""Mappings counted together: their arrays stay in the processor's cache."""
LIMIT = 1 << 62


@dataclass(frozen=True, slots=True, repr=False)
class ManyAnalyses:
    """What each of many mappings makes the hardware do; every array has one entry per mapping.

    Attributes:
        counts: by (component, tensor, action), in the order of the hardware's nodes; absent: always 0.
        occupancy: words of a tensor's tile in one instance, by (component, tensor).
        steps: temporal steps.
        active: instances that receive work, per node.
    """

    counts: dict[tuple[str, str | None, Action], Ints]
    occupancy: dict[tuple[str, str], Ints]
    steps: Ints
    active: tuple[Ints, ...]

    def __repr__(self) -> str:
        return f"<ManyAnalyses: {len(self.counts)} counts of {len(self.steps):,} mappings>"


def analyse_many(einsum: Einsum, hardware: Hardware, mapping: Mapping, bounds: npt.ArrayLike) -> ManyAnalyses:
    """As `analyse`, for many mappings with the same loops in the same places.

    Args:
        mapping: the structure; its own bounds do not matter.
        bounds: whole numbers, one row per mapping and one column per loop of `mapping.loops`.

    Raises:
        InputError: the bounds have another shape, or a row does not cover the layer.
        UnsupportedError: counts may not fit 63 bits (`analyse` has no such limit); or as `analyse`.
    """
    nest = Nest.build(einsum, hardware, mapping)
    table = _checked(nest, bounds)
    if not len(table):
        none = np.zeros(0, np.int64)
        return ManyAnalyses({}, {}, none, (none,) * len(hardware.nodes))
    rows = {dim: _Rows.of(table, [p.position for p in places]) for dim, places in nest.by_dim.items()}
    _check_range(nest, rows)
    store = _Store(nest, rows)
    found: dict[tuple[int, str | None, Action], Ints] = {}
    for start in range(0, len(table), CHUNK):
        stop = min(start + CHUNK, len(table))
        for booking in bookings(nest, _Chunk(store, start, stop)):
            key = booking.node, booking.tensor, booking.action
            if key not in found:
                found[key] = np.zeros(len(table), np.int64)
            found[key][start:stop] += booking.count
    counts = {(hardware.nodes[k[0]].name, k[1], k[2]): found[k] for k in sorted(found, key=count_order(einsum))}
    result = ManyAnalyses(counts, store.occupancy(), store.steps(), store.active())
    _count_one_by_one(einsum, hardware, mapping, table, store.unusual(), result)
    return result


def _checked(nest: Nest, given: npt.ArrayLike) -> Ints:
    loops = len(nest.places)
    try:
        bounds: npt.NDArray[Any] = np.asarray(given)
    except ValueError:
        raise InputError(f"the bounds must be whole numbers, every row of them {loops}, one per loop") from None
    if not bounds.size and len(bounds.shape) <= 2 and (not len(bounds) or not loops):
        bounds = np.zeros((len(bounds), loops), np.int64)
    if bounds.ndim != 2 or bounds.shape[1] != loops or not np.issubdtype(bounds.dtype, np.integer):
        raise InputError(
            f"the bounds must be whole numbers, one row per mapping and {loops} columns, one per loop; they have shape"
            f" {bounds.shape} and type {bounds.dtype}"
        )
    if bounds.size and bounds.max() > LIMIT:
        raise UnsupportedError(f"a loop has bound {bounds.max()}; counts may not fit 63 bits")
    table = bounds.astype(np.int64)
    if table.size and table.min() < 1:
        row, column = np.argwhere(table < 1)[0].tolist()
        raise InputError(f"row {row}: the loop over {nest.places[column].dim} has bound {table[row, column]}")
    return table


@dataclass(frozen=True, slots=True)
class _Rows:
    """The different rows of bounds of some loops, and which of them each mapping has."""

    values: list[tuple[int, ...]]
    index: npt.NDArray[np.intp]

    @staticmethod
    def of(table: Ints, columns: list[int]) -> _Rows:
        chosen = table[:, columns]
        if not columns:
            return _Rows([()], np.zeros(len(table), np.intp))
        sizes = chosen.max(axis=0) + 1
        if prod(sizes.tolist()) < LIMIT:
            keys = np.zeros(len(table), np.int64)
            for column, size in zip(chosen.T, sizes.tolist(), strict=True):
                keys = keys * size + column
            first, index = _different(keys, prod(sizes.tolist()))
            unique = chosen[first]
        else:
            unique, index = np.unique(chosen, axis=0, return_inverse=True)
        return _Rows([tuple(row) for row in unique.tolist()], index.reshape(-1))


def _different(keys: Ints, limit: int) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """A place of each different key below the limit, and which of them each key is."""
    if limit > 1 << 22:
        _, first, index = np.unique(keys, return_index=True, return_inverse=True)
        return first, index.reshape(-1)
    place = np.full(limit, -1, np.intp)
    place[keys] = np.arange(len(keys))
    used = np.flatnonzero(place >= 0)
    first = place[used]
    place[used] = np.arange(len(used))
    return first, place[keys]


def _check_range(nest: Nest, rows: dict[str, _Rows]) -> None:
    largest = 1
    for dim, extent in nest.einsum.dims:
        covered = [prod(row) for row in rows[dim].values]
        if min(covered) < extent:
            row = int(np.flatnonzero(rows[dim].index == covered.index(min(covered)))[0])
            raise InputError(f"row {row}: the mapping covers {min(covered)} of the {extent} iterations of {dim}")
        largest *= max(covered)
    if nest.hardware.counting.halo is Halo.BOX:  # gaps are words, too
        ranks = [rank for tensor in nest.einsum.inputs for rank in tensor.ranks]
        largest *= prod(len(rank.terms) * max(term.coefficient for term in rank.terms) for rank in ranks)
    if largest * 4 * len(nest.hardware.nodes) >= LIMIT:
        raise UnsupportedError(f"counts of up to {largest:,} words may not fit 63 bits; count with analyse instead")


class _Store:
    """Sums per different row of bounds, computed when a chunk first asks for them."""

    def __init__(self, nest: Nest, rows: dict[str, _Rows]) -> None:
        self.nest = nest
        self.rows = rows
        self.box = nest.hardware.counting.halo is Halo.BOX
        self._sums = {
            dim: [Sums(nest, {dim: row}) for row in rows[dim].values] for dim in nest.extents if nest.extents[dim] > 1
        }
        self._pairs: dict[tuple[str, ...], _Rows] = {}
        self._dims: dict[tuple[str, int, tuple[tuple[int, Role], ...], bool], list[DimTable]] = {}
        self._known: dict[object, Number] = {}

    def tables(self, dim: str, node: int, roles: dict[int, Role], hold: bool) -> list[DimTable]:
        """One table per different row of the dimension."""
        mine = {place.node for place in self.nest.by_dim[dim] if place.spatial}
        key = dim, node, tuple((n, role) for n, role in sorted(roles.items()) if n in mine), hold
        if key not in self._dims:
            self._dims[key] = [sums.table(dim, node, roles, hold) for sums in self._sums[dim]]
        return self._dims[key]

    def known(self, key: object, compute: Callable[[], list[int]]) -> Number:
        """An array, or a whole number where all are equal."""
        if key not in self._known:
            values = compute()
            same = all(value == values[0] for value in values)
            self._known[key] = values[0] if same else np.array(values, np.int64)
        return self._known[key]

    def known_pairs(self, key: object, compute: Callable[[], list[Pair]]) -> tuple[Number, Number]:
        """As `known`, of (new, old); one object where all are equal."""
        if key not in self._known:
            pairs = compute()
            new = self.known((key, "new"), lambda: [pair[0] for pair in pairs])
            same = all(a == b for a, b in pairs)
            self._known[key] = new, new if same else self.known((key, "old"), lambda: [pair[1] for pair in pairs])
        found: tuple[Number, Number] = self._known[key]
        return found

    def joint(self, dims: tuple[str, ...]) -> _Rows:
        """The different combinations of rows of several dimensions: their numbers."""
        if dims not in self._pairs:
            self._pairs[dims] = _Rows.of(np.column_stack([self.rows[dim].index for dim in dims]), [*range(len(dims))])
        return self._pairs[dims]

    @property
    def count(self) -> int:
        """How many mappings there are."""
        return len(next(iter(self.rows.values())).index)

    def steps(self) -> Ints:
        return self._iterations(spatial=False, above=self.nest.compute)

    def _iterations(self, *, spatial: bool, above: int) -> Ints:
        """Iterations of all loops in space (or in time) above the node that have work."""
        result = np.ones(self.count, np.int64)
        for dim, rows in self.rows.items():
            shapes = [Shape(self.nest, {dim: row}) for row in rows.values]
            values = [shape.iterations(dim, spatial=spatial, above=above) for shape in shapes]
            result *= np.array(values, np.int64)[rows.index]
        return result

    def active(self) -> tuple[Ints, ...]:
        found, active = np.ones(self.count, np.int64), []
        for node in range(len(self.nest.hardware.nodes)):
            if node and isinstance(self.nest.hardware.nodes[node - 1], Fanout):
                found = self._iterations(spatial=True, above=node)
            active.append(found)
        return tuple(active)

    def occupancy(self) -> dict[tuple[str, str], Ints]:
        result = {}
        for node, names in sorted(self.nest.keep.items()):
            for tensor in self.nest.einsum.tensors:
                if tensor.name in names:
                    box = self.box and tensor is not self.nest.einsum.output
                    words = np.multiply.reduce([self._rank_words(rank, node, box) for rank in tensor.ranks])
                    result[self.nest.hardware.nodes[node].name, tensor.name] = words
        return result

    def _rank_words(self, rank: Rank, node: int, box: bool) -> Ints:
        dims = rank.dims
        joint = self.joint(dims)
        tiles = {dim: [Shape(self.nest, {dim: row}).tile(dim, node) for row in self.rows[dim].values] for dim in dims}
        values = [
            tile_words(rank, {dim: tiles[dim][i] for dim, i in zip(dims, row, strict=True)}, box)
            for row in joint.values
        ]
        return np.array(values, np.int64)[joint.index]

    def unusual(self) -> npt.NDArray[np.intp]:
        """Mappings that are counted one by one: those in which equal requests must be found by looking at all addresses
        together (see `View.tiles`), and all where neighbours pass words on."""
        if any(fanout.links for fanout in self.nest.hardware.fanouts):
            return np.arange(self.count)
        shares = any(f.multicast is Multicast.TILE for f in self.nest.hardware.fanouts)
        mask = np.zeros(self.count, bool)
        if shares:
            for tensor in self.nest.einsum.inputs:
                for rank in tensor.ranks:
                    if len(rank.terms) > 1 or self.box:
                        mask |= self._imperfect(tensor)
        return np.flatnonzero(mask)

    def _imperfect(self, tensor: Tensor) -> npt.NDArray[np.bool_]:
        found = np.zeros(self.count, bool)
        for dim in tensor.dims:
            rows = self.rows[dim]
            found |= np.array([prod(row) != self.nest.extents[dim] for row in rows.values])[rows.index]
        return found


class _Chunk:
    """Views of the mappings from `start` to `stop`."""

    def __init__(self, store: _Store, start: int, stop: int) -> None:
        self.store = store
        self.nest = store.nest
        self.part = slice(start, stop)
        self._taken: dict[tuple[int, tuple[str, ...]], Number] = {}

    @property
    def perfect(self) -> bool:
        """Whether the factors of every dimension of every mapping multiply to its extent."""
        rows = self.store.rows
        return all(prod(row) == extent for dim, extent in self.nest.extents.items() for row in rows[dim].values)

    def take(self, values: Number, dims: tuple[str, ...]) -> Number:
        """The values of this chunk's mappings."""
        if type(values) is int:
            return values
        key = id(values), dims
        if key not in self._taken:
            rows = self.store.rows[dims[0]] if len(dims) == 1 else self.store.joint(dims)
            self._taken[key] = values.take(rows.index[self.part])
        return self._taken[key]

    def view(self, tensor: Tensor, node: int, roles: dict[int, Role], hold: bool = True) -> View:
        """As `Sums.view`."""
        form = self.nest.forms[tensor.name]
        where = node, tuple(sorted(roles.items())), hold
        box = self.store.box and tensor is not self.nest.einsum.output
        irrelevant: tuple[tuple[str, Cases], ...] = tuple(
            (dim, _Cases(self, dim, self.store.tables(dim, node, roles, hold), where)) for dim in form.irrelevant
        )
        addresses: list[tuple[tuple[str, ...], Address]] = []
        for dims, coefficients in form.addresses:
            tables = tuple(self.store.tables(dim, node, roles, hold) for dim in dims)
            addresses.append((dims, _Address(self, dims, coefficients, tables, where, box)))
        return View(self.nest, node, irrelevant, tuple(addresses), False)

    def links(self, tensor: Tensor, child: int) -> tuple[Turn, ...]:
        """None: such mappings are counted one by one."""
        return ()


@dataclass(frozen=True, slots=True)
class _Cases:
    chunk: _Chunk
    dim: str
    tables: list[DimTable]
    where: object

    def alive(self, cut: int) -> Number:
        key = "alive", self.dim, self.where, cut
        values = self.chunk.store.known(key, lambda: [table.alive(cut) for table in self.tables])
        return self.chunk.take(values, (self.dim,))


@dataclass(frozen=True, slots=True)
class _Address:
    chunk: _Chunk
    dims: tuple[str, ...]
    coefficients: tuple[int, ...]
    tables: tuple[list[DimTable], ...]
    where: object
    box: bool

    def sums(self, cuts: Cuts, empty: bool) -> tuple[Number, Number]:
        own = tuple(cuts[dim] for dim in self.dims)
        key = "sums", self.dims, self.coefficients, self.where, own, empty, self.box
        new, old = self.chunk.store.known_pairs(key, lambda: list(self._pairs(own, empty)))
        taken = self.chunk.take(new, self.dims)
        return taken, taken if new is old else self.chunk.take(old, self.dims)

    def _pairs(self, cuts: tuple[int, ...], empty: bool) -> Iterator[Pair]:
        box = self.box
        if len(self.dims) == 1 and not (box and self.coefficients[0] > 1):
            for table in self.tables[0]:
                yield table.sums(cuts[0])
            return
        for row in self.chunk.store.joint(self.dims).values:
            chosen = tuple(tables[i] for tables, i in zip(self.tables, row, strict=True))
            yield rank_sums(self.coefficients, chosen, cuts, empty, box)

    def requests(self, cuts: Cuts, empty: bool) -> list[tuple[int, Requests]]:
        raise NotImplementedError  # such mappings are counted one by one


def _count_one_by_one(
    einsum: Einsum, hardware: Hardware, mapping: Mapping, table: Ints, rows: npt.NDArray[np.intp], into: ManyAnalyses
) -> None:
    for row in rows.tolist():
        analysis = analyse(einsum, hardware, with_bounds(mapping, table[row].tolist()))
        for values in into.counts.values():
            values[row] = 0
        for count in analysis.counts:
            key = count.component, count.tensor, count.action
            into.counts.setdefault(key, np.zeros(len(table), np.int64))[row] = count.count


def with_bounds(mapping: Mapping, bounds: list[int]) -> Mapping:
    """The mapping with other bounds, in the order of its loops."""
    rest = iter(bounds)
    return Mapping(
        tuple(
            Level(level.node, tuple(Loop(loop.dim, next(rest), loop.axis) for loop in level.loops), level.keep)
            for level in mapping.levels
        )
    )
