"""Partial mappings, a whole array of them at a time.

A label stands for all loops placed so far, from the compute outwards. Labels that agree on what the future can see are
compared: one that costs no less in any respect is dropped.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

TOLERANCE = 1e-13
"""Relative difference below which two energies count as equal."""


@dataclass(slots=True)
class Labels:
    """n labels as arrays.

    Attributes:
        x: (n, dims) position among the divisors of the product of loops placed so far, per dimension.
        cost: (n,) joules already certain.
        parts: (n, components) joules of components that later loops can still lower; 0 once certain or not begun.
        tiles: (n, sliding components) of `parts`, the joules that are moved anew with every tile: a window that slides
            saves a share of these.
        pending: (n,) bit r is set while record r's tile has not been replaced by any loop.
        slides: (n, windows) signature of each window's tile; 0 where it no longer matters.
        used: (n,) children used along the axis being filled.
        origin: (n,) index of the label this one grew from, in the order of `Trail`.
    """

    x: Ints
    cost: Floats
    parts: Floats
    tiles: Floats
    pending: Ints
    slides: Ints
    used: Ints
    origin: Ints

    def __len__(self) -> int:
        return len(self.cost)

    def take(self, index: Ints | Bools) -> Labels:
        return Labels(*(getattr(self, f.name)[index] for f in fields(self)))

    @staticmethod
    def join(parts: list[Labels]) -> Labels:
        if len(parts) == 1:
            return parts[0]
        return Labels(*(np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Labels)))


class Trail:
    """From which label, by which loop, each label grew: enough to spell a mapping out at the end."""

    def __init__(self) -> None:
        self._origins: list[Ints] = []
        self._edges: list[Ints] = []
        self._starts: list[int] = []
        self.size = 0

    def record(self, labels: Labels, edge: Ints) -> None:
        """Give the labels their own index; `edge` codes the loop that made each."""
        self._starts.append(self.size)
        self._origins.append(labels.origin)
        self._edges.append(edge)
        labels.origin = np.arange(self.size, self.size + len(labels), dtype=np.int64)
        self.size += len(labels)

    def path(self, index: int) -> list[int]:
        """Edge codes from the innermost loop outwards."""
        edges = []
        while index >= 0:
            chunk = int(np.searchsorted(self._starts, index, side="right")) - 1
            offset = index - self._starts[chunk]
            edges.append(int(self._edges[chunk][offset]))
            index = int(self._origins[chunk][offset])
        return edges[::-1]


@dataclass(frozen=True, slots=True)
class Order:
    """What a comparison of labels has to know of the problem.

    Attributes:
        radix: turns a row of `x` into one number.
        sliding: columns of `parts` that `tiles` belongs to.
        owner: per column of `slides`, the record whose window it is.
        negative: bits of records with a part that may be negative: pending is then not always better than certain.
        steps: fewer steps are worth any energy; the last column of `parts` is proportional to them.
        constant: joules to add to every cost; partial sums that are never fetched make it negative.
    """

    radix: Ints
    sliding: Ints
    owner: tuple[int, ...]
    negative: int
    steps: bool
    constant: float


def undominated(labels: Labels, order: Order, *, rounds: int = 8) -> Ints:
    """Indices of labels worth keeping.

    Label a beats label b when both have placed the same loops, a has used no more children, everything that b may
    still save a may save too, and

        cost(a) + Σ max(part(a) - part(b), 0) <= cost(b),

    for every later loop multiplies a part of both by the same share, or only a's by a smaller one. In each round the
    cheapest label left of every group is kept and beats what it can; after `rounds` the rest is kept unexamined.
    """
    key = labels.x @ order.radix
    parts = np.column_stack([labels.parts, labels.parts[:, order.sliding] - labels.tiles])
    closed = labels.cost + labels.parts.sum(axis=1)
    ranked = np.lexsort((labels.used, closed, key))
    group = key[ranked]
    left = np.arange(len(ranked))
    keep: list[Ints] = []
    for _ in range(rounds):
        groups = group[left]
        first = np.ones(len(left), bool)
        first[1:] = groups[1:] != groups[:-1]
        leaders = left[first]
        keep.append(leaders)
        if len(leaders) == len(left):
            left = left[:0]
            break
        rest = left[~first]
        lead = leaders[np.cumsum(first)[~first] - 1]
        left = rest[~_beats(labels, parts, order, ranked[lead], ranked[rest])]
    return np.sort(ranked[np.concatenate([*keep, left])])


def _beats(labels: Labels, parts: Floats, order: Order, a: Ints, b: Ints) -> Bools:
    pending_a, pending_b = labels.pending[a], labels.pending[b]
    able: Bools = (pending_a & pending_b) == pending_b
    if order.negative:
        able &= (pending_a ^ pending_b) & order.negative == 0
    if order.steps:
        able &= labels.parts[a, -1] <= labels.parts[b, -1] * (1 + TOLERANCE)
    able &= labels.used[a] <= labels.used[b]
    for column, record in enumerate(order.owner):
        slide_a, slide_b = labels.slides[a, column], labels.slides[b, column]
        able &= (slide_a == slide_b) | ((slide_b == 0) & ((pending_b >> record) & 1 == 0))
    pairs = np.flatnonzero(able)
    a, b = a[pairs], b[pairs]
    excess = parts[a] - parts[b]
    plain = labels.parts.shape[1]
    if len(order.sliding):
        excess[:, order.sliding] = np.maximum(excess[:, order.sliding], excess[:, plain:])
    worst = np.maximum(excess[:, :plain], 0.0).sum(axis=1)
    cost_b = labels.cost[b]
    able[pairs] = labels.cost[a] + worst <= cost_b + TOLERANCE * np.abs(cost_b + order.constant)
    return able
