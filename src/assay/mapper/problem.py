"""The search problem: one einsum on one chain of nodes, as tables for a vectorised search.

Everything that moves is split into *records* (one tensor crossing one boundary between a child and the next memory
outward that keeps it) and each record into *components*: words counted with a certain sharing over the fanouts in
between, times joules per word. The energy of a mapping is a constant plus the sum of its components.

Partial sums: with U a record's words with all fanouts shared, F its words apart, and R its refills, R = U - F' + R'
where the primes mean the next record outward (docs/counting.md); unrolled, each record gets coefficients on its
own U and F only.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise, product

import numpy as np
import numpy.typing as npt

from assay.components.actions import energy_per_word
from assay.errors import InputError, UnsupportedError
from assay.hardware.model import Fanout, Halo, Hardware, Memory
from assay.mapping.digits import Role
from assay.mapping.nest import adding, sharing
from assay.mapping.sums import tile_words
from assay.workload.einsum import Einsum, Rank, Tensor

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


LARGEST_EXTENT = 1 << 62
LARGEST_PRIME = 1 << 40
"""Extents and their prime factors must stay below these: larger ones are no layer's."""


@dataclass(frozen=True, slots=True)
class Dimension:
    """A dimension with more than one index, and its divisors in rising order."""

    name: str
    extent: int
    divisors: tuple[int, ...]
    primes: tuple[int, ...]

    @staticmethod
    def of(name: str, extent: int) -> Dimension:
        """Raises UnsupportedError for an extent that is too large, or that has a prime factor too large."""
        divisors, primes, rest, factor = [1], [], extent, 2
        while rest > 1:
            if factor * factor > min(rest, LARGEST_PRIME):
                factor = rest
            if extent >= LARGEST_EXTENT or factor >= LARGEST_PRIME:
                raise UnsupportedError(
                    f"dimension {name} has extent {extent}: the search takes extents below 2^62 whose prime factors are"
                    " below 2^40"
                )
            smaller, power = list(divisors), 1
            while rest % factor == 0:
                rest //= factor
                power *= factor
                divisors += [d * power for d in smaller]
            if power > 1:
                primes.append(factor)
            factor += 1
        return Dimension(name, extent, tuple(sorted(divisors)), tuple(primes))

    def times(self, factor: int) -> Ints:
        """For each divisor's position, that of divisor · factor, or -1 where that does not divide the extent."""
        place = {d: i for i, d in enumerate(self.divisors)}
        return np.array([place.get(d * factor, -1) for d in self.divisors], np.int64)


@dataclass(frozen=True, slots=True)
class Component:
    """Words of a record counted with `roles` (per fanout node), at `joules` per word."""

    index: int
    record: int
    roles: tuple[tuple[int, Role], ...]
    joules: float

    def role(self, node: int) -> Role:
        return dict(self.roles).get(node, Role.OUTER)


@dataclass(frozen=True, slots=True)
class Record:
    """One tensor across one boundary.

    Attributes:
        parent, child: node indices; the child of the innermost record is the compute.
        pure: positions of the dimensions whose loops replace the tile wholly.
        windows: positions (into `Problem.windows`) of the addresses that slide.
        latched: False for operands handed to the compute, which holds nothing.
    """

    index: int
    tensor: Tensor
    parent: int
    child: int
    pure: frozenset[int]
    windows: tuple[int, ...]
    components: tuple[Component, ...]
    latched: bool


@dataclass(frozen=True, slots=True)
class Window:
    """An address of a record's tensor that is a sum of several dimensions (of extent > 1)."""

    index: int
    record: int
    dims: tuple[int, ...]
    coefficients: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """Everything the search needs to know. `constant` is the energy that no mapping changes, in joules."""

    einsum: Einsum
    hardware: Hardware
    keep: tuple[tuple[str, ...], ...]
    dims: tuple[Dimension, ...]
    records: tuple[Record, ...]
    windows: tuple[Window, ...]
    components: tuple[Component, ...]
    constant: float

    def position(self, name: str) -> int | None:
        """Position of the dimension of that name, None when it has one index only or does not exist."""
        return next((i for i, dim in enumerate(self.dims) if dim.name == name), None)

    def footprint_table(self, rank: Rank) -> tuple[tuple[int, ...], Floats]:
        """(positions of the address's dimensions, words for each combination of their divisors)."""
        positions = tuple(p for term in rank.terms if (p := self.position(term.dim)) is not None)
        sizes = [self.dims[p].divisors for p in positions]
        base = dict.fromkeys(self.einsum.extents, 1)
        box = self.hardware.counting.halo is Halo.BOX
        words = [
            tile_words(rank, base | {self.dims[p].name: v for p, v in zip(positions, values, strict=True)}, box)
            for values in product(*sizes)
        ]
        return positions, np.array(words, np.float64).reshape([len(s) for s in sizes] or [1])


def build_problem(einsum: Einsum, hardware: Hardware, keep: tuple[tuple[str, ...], ...]) -> Problem:
    """Set up the search for one choice of kept tensors per node (empty for fanouts).

    Raises:
        InputError: a memory or the compute lacks an energy, so that energy cannot be minimised.
        UnsupportedError: the output is addressed by sums of dimensions, or an extent is too large.
    """
    dims = tuple(Dimension.of(name, extent) for name, extent in einsum.dims if extent > 1)
    builder = _Builder(einsum, hardware, keep, {dim.name: i for i, dim in enumerate(dims)})
    for tensor in einsum.inputs:
        builder.add_input(tensor)
    builder.add_output(einsum.output)
    constant = builder.constant + einsum.macs * builder.joules(len(hardware.nodes) - 1, "compute", einsum.output)
    return Problem(
        einsum,
        hardware,
        keep,
        dims,
        tuple(builder.records),
        tuple(builder.windows),
        tuple(component for record in builder.records for component in record.components),
        constant,
    )


class _Builder:
    def __init__(
        self, einsum: Einsum, hardware: Hardware, keep: tuple[tuple[str, ...], ...], position: dict[str, int]
    ) -> None:
        self.einsum = einsum
        self.hardware = hardware
        self.keep = keep
        self.position = position
        self.records: list[Record] = []
        self.windows: list[Window] = []
        self.constant = 0.0
        self._components = 0

    def joules(self, node: int, action: str, tensor: Tensor) -> float:
        name = self.hardware.nodes[node].name
        value = energy_per_word(self.hardware, name, action, tensor.bits)
        if value is None and not isinstance(self.hardware.nodes[node], Fanout):
            raise InputError(
                f"{self.hardware.name}: {name} has no energy per {'MAC' if action == 'compute' else action},"
                " so energy cannot be minimised",
                at=self.hardware.nodes[node].at,
                hint="take the figure from a data sheet, a paper or a table and name it under energy_source; without it"
                " only given mappings can be evaluated (--mapping)",
            )
        return value or 0.0

    def boundaries(self, tensor: Tensor) -> list[tuple[int, int]]:
        """(parent, child), innermost first."""
        keepers = [i for i, names in enumerate(self.keep) if tensor.name in names]
        chain = [*keepers, len(self.hardware.nodes) - 1]
        return list(pairwise(chain))[::-1]

    def fanouts(self, parent: int, child: int) -> list[int]:
        """Fanouts of a boundary, outermost first."""
        return [i for i in range(parent + 1, child) if isinstance(self.hardware.nodes[i], Fanout)]

    def add_input(self, tensor: Tensor) -> None:
        for parent, child in self.boundaries(tensor):
            fanouts = self.fanouts(parent, child)
            latched = child != len(self.hardware.nodes) - 1
            charges: list[tuple[dict[int, Role], float]] = []
            if latched:
                charges.append(({}, self.joules(child, "fill", tensor)))
            for i, node in enumerate(fanouts):
                charges.append((sharing(self.hardware, fanouts[i + 1 :]), self.joules(node, "transfer", tensor)))
            charges.append((sharing(self.hardware, fanouts), self.joules(parent, "read", tensor)))
            self.add_record(tensor, parent, child, charges, latched)

    def add_output(self, tensor: Tensor) -> None:
        if any(len(rank.terms) > 1 for rank in tensor.ranks):
            raise UnsupportedError(f"tensor {tensor.name} is accumulated at addresses that are sums of dimensions")
        below = 0.0  # joules per refill, summed over the records further in
        for parent, child in self.boundaries(tensor):
            fanouts = self.fanouts(parent, child)
            latched = child != len(self.hardware.nodes) - 1
            charges: list[tuple[dict[int, Role], float]] = []
            for i, node in enumerate(fanouts):
                charges.append((adding(self.hardware, fanouts[i + 1 :]), self.joules(node, "transfer", tensor)))
            up = adding(self.hardware, fanouts)
            charges.append((up, self.joules(parent, "update", tensor)))
            refill = self.joules(parent, "read", tensor)
            if latched:
                refill += self.joules(child, "fill", tensor)
                refill += sum(self.joules(node, "transfer", tensor) for node in fanouts)
                charges.append((dict.fromkeys(fanouts, Role.UNION), below + refill))
                charges.append(({}, -below))
            else:
                charges.append((up, refill))
            below += refill
            self.add_record(tensor, parent, child, charges, latched)
        self.constant -= below * self.einsum.words(tensor)

    def add_record(
        self, tensor: Tensor, parent: int, child: int, charges: list[tuple[dict[int, Role], float]], latched: bool
    ) -> None:
        index = len(self.records)
        merged: dict[tuple[tuple[int, Role], ...], float] = {}
        for roles, joules in charges:
            key = tuple(sorted(roles.items()))
            merged[key] = merged.get(key, 0.0) + joules
        components = tuple(
            Component(self._components + i, index, roles, joules) for i, (roles, joules) in enumerate(merged.items())
        )
        self._components += len(components)
        pure, windows = set(), []
        for rank in tensor.ranks:
            terms = [(self.position[t.dim], t.coefficient) for t in rank.terms if t.dim in self.position]
            if len(terms) == 1:
                pure.add(terms[0][0])
            elif terms:
                windows.append(len(self.windows))
                self.windows.append(
                    Window(len(self.windows), index, tuple(p for p, _ in terms), tuple(c for _, c in terms))
                )
        self.records.append(Record(index, tensor, parent, child, frozenset(pure), tuple(windows), components, latched))


def keep_choices(einsum: Einsum, hardware: Hardware) -> list[tuple[tuple[str, ...], ...]]:
    """Every allowed choice of kept tensors per node, the fullest first."""
    names = [tensor.name for tensor in einsum.tensors]
    options: list[list[tuple[str, ...]]] = []
    for index, node in enumerate(hardware.nodes[:-1]):
        if not isinstance(node, Memory):
            options.append([()])
        elif index == 0:
            options.append([tuple(names)])
        else:
            free = [name for name in names if name in node.may_keep]
            must = [name for name in names if name in node.keep and name not in node.may_keep]
            subsets = [
                [n for n, bit in zip(free, bits, strict=True) if bit] for bits in product((1, 0), repeat=len(free))
            ]
            options.append([tuple(n for n in names if n in must or n in subset) for subset in subsets])
    return list(product(*options))
