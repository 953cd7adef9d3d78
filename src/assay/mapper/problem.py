"""The search problem: one einsum on one chain of nodes, as sums that a search can grow loop by loop.

Everything that moves is split into *records* (one tensor crossing one boundary between a child and the next memory
outward that keeps it) and each record into *components*: words counted with a certain sharing over the fanouts in
between. Energy, and the cycles of every port that can limit the layer, are linear in the words of the components; the
weights come from the very `bookings` that count one mapping (`assay.mapping.analysis`), here with symbols for words.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import product

import numpy as np
import numpy.typing as npt

from assay.errors import InputError, UnsupportedError
from assay.hardware.actions import energy_per_word
from assay.hardware.model import Fanout, Hardware, Memory, Node
from assay.mapper.symbols import SymbolicCount, Words, linked, symbolic_counts
from assay.mapping.analysis import Way
from assay.mapping.counts import Action
from assay.mapping.digits import Role
from assay.mapping.latency import port_limits
from assay.mapping.sums import tile_words
from assay.workload.einsum import Einsum, Rank, Tensor

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

LARGEST_EXTENT = 1 << 62
LARGEST_PRIME = 1 << 40
"""Extents and their prime factors must stay below these: larger ones are no layer's."""

STEPS = "steps"
"""Name of the objective that counts the steps of the compute."""


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
    """Words of a record counted with `roles` (per fanout node), and what one of them adds to each objective."""

    index: int
    record: int
    roles: tuple[tuple[int, Role], ...]
    weights: tuple[float, ...]

    def role(self, node: int) -> Role:
        return dict(self.roles).get(node, Role.OUTER)


@dataclass(frozen=True, slots=True)
class Record:
    """One tensor across one boundary, or (without a tensor) the steps of the compute.

    Attributes:
        parent, child: node indices; the child of the innermost record is the compute.
        pure: positions of the dimensions whose loops replace the tile wholly.
        windows: positions (into `Problem.windows`) of the addresses that slide.
        latched: False for operands handed to a compute that holds nothing.
        stationary: the tile may be replaced only when all its work is done.
        linked: fanouts (node indices) whose children pass words of it on: each loop along them is taken to spare the
            parent as many of them as it can at most.
    """

    index: int
    tensor: Tensor | None
    parent: int
    child: int
    pure: frozenset[int]
    windows: tuple[int, ...]
    components: tuple[Component, ...]
    latched: bool
    stationary: bool = False
    linked: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Window:
    """An address of a record's tensor that is a sum of several dimensions (of extent > 1)."""

    index: int
    record: int
    dims: tuple[int, ...]
    coefficients: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Objective:
    """Something that is to be small, or limited.

    Attributes:
        name: `energy` (joules), `steps`, or the port whose cycles it is.
        constant: what no mapping changes.
        divides: fanouts (node indices) whose children share the port's traffic.
    """

    name: str
    constant: float
    divides: frozenset[int]


@dataclass(frozen=True, slots=True)
class Problem:
    """Everything the search needs to know. The first objective is the energy; its weights are 0 where energies are
    unknown."""

    einsum: Einsum
    hardware: Hardware
    keep: tuple[tuple[str, ...], ...]
    dims: tuple[Dimension, ...]
    records: tuple[Record, ...]
    windows: tuple[Window, ...]
    components: tuple[Component, ...]
    objectives: tuple[Objective, ...]

    def position(self, name: str) -> int | None:
        """Position of the dimension of that name, None when it has one index only or does not exist."""
        return next((i for i, dim in enumerate(self.dims) if dim.name == name), None)

    def positions(self, names: tuple[str, ...] | None) -> frozenset[int]:
        """Positions of those dimensions that the layer has (None: all)."""
        return frozenset(i for i, dim in enumerate(self.dims) if names is None or dim.name in names)

    def footprint_table(self, rank: Rank, box: bool) -> tuple[tuple[int, ...], Floats]:
        """(positions of the address's dimensions, words for each combination of their divisors)."""
        positions = tuple(p for term in rank.terms if (p := self.position(term.dim)) is not None)
        sizes = [self.dims[p].divisors for p in positions]
        base = dict.fromkeys(self.einsum.extents, 1)
        words = [
            tile_words(rank, base | {self.dims[p].name: v for p, v in zip(positions, values, strict=True)}, box)
            for values in product(*sizes)
        ]
        return positions, np.array(words, np.float64).reshape([len(s) for s in sizes] or [1])


def build_problem(
    einsum: Einsum, hardware: Hardware, keep: tuple[tuple[str, ...], ...], *, energy: bool = True
) -> Problem:
    """Set up the search for one choice of kept tensors per node (empty for fanouts).

    Args:
        energy: energies are needed; without them they count as 0.

    Raises:
        InputError: a memory or the compute lacks an energy that is needed.
        UnsupportedError: the output is addressed by sums of dimensions, or an extent is too large.
    """
    if any(len(rank.terms) > 1 for rank in einsum.output.ranks):
        raise UnsupportedError(f"tensor {einsum.output.name} is accumulated at addresses that are sums of dimensions")
    dims = tuple(Dimension.of(name, extent) for name, extent in einsum.dims if extent > 1)
    counts = list(symbolic_counts(einsum, hardware, keep))
    forms = [_energy(einsum, hardware, counts, needed=energy), *_ports(einsum, hardware, counts)]
    builder = _Builder(einsum, hardware, {dim.name: i for i, dim in enumerate(dims)}, forms)
    for tensor in einsum.tensors:
        keepers = [i for i, names in enumerate(keep) if tensor.name in names]
        for parent, child in zip(keepers, [*keepers[1:], len(hardware.nodes) - 1], strict=True):
            builder.add(tensor, parent, child)
    builder.add_steps()
    fanouts = frozenset(i for i, node in enumerate(hardware.nodes) if isinstance(node, Fanout))
    objectives = [Objective(STEPS, 0.0, frozenset())]
    for form in forms:
        outside = frozenset(f for f in fanouts if f < form.node)
        objectives.append(Objective(form.name, form.words.terms.get(None, 0.0), outside))
    objectives[0], objectives[1] = objectives[1], objectives[0]
    return Problem(
        einsum,
        hardware,
        keep,
        dims,
        tuple(builder.records),
        tuple(builder.windows),
        tuple(component for record in builder.records for component in record.components),
        tuple(objectives),
    )


@dataclass(frozen=True, slots=True)
class _Form:
    """An objective as a sum of components; `node` is where it is measured."""

    name: str
    node: int
    words: Words


def _energy(einsum: Einsum, hardware: Hardware, counts: list[SymbolicCount], *, needed: bool) -> _Form:
    bits = {tensor.name: tensor.bits for tensor in einsum.tensors}
    total = Words({})
    for count in counts:
        node = hardware.nodes[count.node]
        joules = energy_per_word(hardware, node.name, count.action, bits.get(count.tensor or "", 0))
        if joules is None and needed and not isinstance(node, Fanout):
            raise InputError(
                f"{hardware.name}: {node.name} has no energy per"
                f" {'MAC' if count.action is Action.COMPUTE else count.action.value}, so energy cannot be minimised",
                at=node.at,
                hint="take the figure from a data sheet, a paper or a table and name it under energy_source; without it"
                " only latency can be minimised (--objective latency), or given mappings evaluated (--mapping)",
            )
        total += count.words * (joules or 0.0)
    return _Form("energy", 0, total)


def _ports(einsum: Einsum, hardware: Hardware, counts: list[SymbolicCount]) -> list[_Form]:
    """Cycles of every port with a limit: see `assay.mapping.latency`."""
    bits = {tensor.name: tensor.bits for tensor in einsum.tensors}
    fanouts = [i for i, node in enumerate(hardware.nodes) if isinstance(node, Fanout)]
    forms = []
    for (index, port), limit in port_limits(hardware).items():
        total = Words({})
        for count in counts:
            if count.tensor is not None and port in _ports_of(count, index, hardware, fanouts, counts):
                total += count.words * float(Fraction(bits[count.tensor]) / limit)
        forms.append(_Form(f"{hardware.nodes[index].name} {port}", index, total))
    return forms


def _ports_of(
    count: SymbolicCount, index: int, hardware: Hardware, fanouts: list[int], counts: list[SymbolicCount]
) -> tuple[str, ...]:
    """The ports of node `index` that the words of a count go through."""
    node: Node = hardware.nodes[index]
    if isinstance(node, Memory):
        if count.node != index or count.action not in (Action.READ, Action.FILL, Action.UPDATE):
            return ()
        return ("read" if count.action is Action.READ else "write", "total")
    # A fanout's words are counted on its children's side; what crosses it on the parent's side is the count of the next
    # fanout outward, or of the memory that it hangs below.
    crossing = [c for c in counts if c.tensor == count.tensor and c.node == index and c.action is Action.TRANSFER]
    if not crossing:
        return ()
    outer = [
        c.node
        for c in counts
        if c.tensor == count.tensor and c.node < index and c.action in (Action.TRANSFER, Action.READ, Action.UPDATE)
    ]
    if count.node != max(outer):
        return ()
    down, up = f"{count.tensor} down", f"{count.tensor} up"
    if count.tensor is not None and isinstance(hardware.nodes[count.node], Fanout):
        if count.action is not Action.TRANSFER:
            return ()
        is_output = any(c.tensor == count.tensor and c.action is Action.UPDATE for c in counts)
        return (down,) if count.way is Way.RETURNED or not is_output else (up,)
    is_output = any(c.tensor == count.tensor and c.action is Action.UPDATE for c in counts)
    if count.action is Action.UPDATE:
        return (up,)
    if count.action is Action.READ and (not is_output or count.way is Way.RETURNED):
        return (down,)
    return ()


class _Builder:
    def __init__(self, einsum: Einsum, hardware: Hardware, position: dict[str, int], forms: list[_Form]) -> None:
        self.einsum = einsum
        self.hardware = hardware
        self.position = position
        self.forms = forms
        self.records: list[Record] = []
        self.windows: list[Window] = []
        self._components = 0

    def _fanouts(self, parent: int, child: int) -> list[int]:
        return [i for i in range(parent + 1, child) if isinstance(self.hardware.nodes[i], Fanout)]

    def add(self, tensor: Tensor, parent: int, child: int) -> None:
        """The record of a tensor across one boundary."""
        latch = child != len(self.hardware.nodes) - 1 or (
            self.hardware.compute.latch and tensor is not self.einsum.output
        )
        inside = set(self._fanouts(parent, child))
        merged: dict[tuple[tuple[int, Role], ...], list[float]] = {}
        for k, form in enumerate(self.forms):
            for key, factor in form.words.terms.items():
                if key is not None and key[:2] == (tensor.name, child) and factor:
                    assert {node for node, _ in key[2]} <= inside
                    merged.setdefault(key[2], [0.0] * len(self.forms))[k] += factor
        index = len(self.records)
        components = tuple(
            # The steps, which come second, are a record of their own.
            Component(self._components + i, index, roles, (weights[0], 0.0, *weights[1:]))
            for i, (roles, weights) in enumerate(merged.items())
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
        node = self.hardware.nodes[child]
        stationary = isinstance(node, Memory) and tensor.name in node.stationary
        links = linked(self.hardware, parent, child) if tensor is not self.einsum.output else frozenset[int]()
        self.records.append(
            Record(index, tensor, parent, child, frozenset(pure), tuple(windows), components, latch, stationary, links)
        )

    def add_steps(self) -> None:
        """One word at every step, whatever the children do at the same time."""
        child = len(self.hardware.nodes) - 1
        roles = tuple((node, Role.UNION) for node in self._fanouts(0, child))
        cycles = 1.0 / self.hardware.compute.macs_per_cycle
        weights = (0.0, cycles, *[0.0] * (len(self.forms) - 1))
        index = len(self.records)
        component = Component(self._components, index, roles, weights)
        self.records.append(Record(index, None, 0, child, frozenset(), (), (component,), False))
