"""What no mapping can undercut, whatever its tiles: bounds of energy and cycles from below.

Every bound holds for the exact counts, also of tiles that are cut off. What is certain of them:

- *Words once.* Whatever crosses a boundary, in whichever way, is counted at least once per word of its tensor: nothing
  can be used that never arrived, and every sum leaves in the end.
- *Operands without a latch* are handed over at every step. Children that share a word at one step do different
  multiply-accumulates with it: no more than there are such children, nor than the layer has multiply-accumulates per
  word. So there are at least MACs / (that many) words handed over, and exactly MACs where none are shared.
- *Steps.* If the loops in space over a dimension of extent D have bounds that multiply to s, one step in time covers at
  most s of its indices; so there are at least ceil(D / s) steps, whatever the order of the loops.
- *No count is below 0.* Partial sums that come down again are counted as a difference. Any share of that difference
  bounds it from below; the share taken is such that no words get a negative weight in the sum of all counts.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import product
from math import ceil, gcd, prod

from assay.hardware.actions import energy_per_word
from assay.hardware.model import Axis, Fanout, Memory
from assay.mapper.problem import Problem
from assay.mapper.symbols import ComponentKey, SymbolicCount, symbolic_counts
from assay.mapping.counts import Action
from assay.mapping.latency import port_limits
from assay.workload.einsum import Rank, Tensor

Weighted = tuple[float, SymbolicCount]

_ROOMS = 1024
"""Children up to which the axes of fanouts are told apart."""

_TURNS = 6
"""How often shares are lowered until no weight is negative; what is negative then is left out."""


class Floor:
    """Bounds of one problem (one choice of kept tensors)."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.einsum = problem.einsum
        self.hardware = problem.hardware
        self.extents = problem.einsum.extents
        self.counts = list(symbolic_counts(problem.einsum, problem.hardware, problem.keep))

    def energy(self) -> float:
        """Joules."""
        weighted = []
        for count in self.counts:
            name = self.hardware.nodes[count.node].name
            joules = energy_per_word(self.hardware, name, count.action, self._bits(count.tensor))
            weighted.append((joules or 0.0, count))
        return self._least(weighted) * (1 - 1e-12)

    def cycles(self) -> float:
        """Cycles of the compute and of the memories' ports."""
        cycles = ceil(self.steps() / self.hardware.compute.macs_per_cycle)
        ports = {"read": (Action.READ,), "write": (Action.FILL, Action.UPDATE)}
        for (index, port), limit in port_limits(self.hardware).items():
            node = self.hardware.nodes[index]
            if not isinstance(node, Memory):
                continue
            actions = ports.get(port, (*ports["read"], *ports["write"]))
            weighted = [
                (float(self._bits(count.tensor)), count)
                for count in self.counts
                if count.node == index and count.action in actions
            ]
            bits = self._least(weighted) / self.hardware.instances(node.name)
            cycles = max(cycles, ceil(bits / float(limit) * (1 - 1e-12) - 1e-9))
        return float(cycles)

    def steps(self) -> int:
        """Steps of the compute: the least product of ceil(D / s) over all s that the axes of the fanouts have room
        for; where those have very many children, over all s whose product is no more than the children."""
        return self.spread()[0][0]

    def spread(self) -> list[tuple[int, dict[str, int]]]:
        """Ways to spread the dimensions in space, (steps, s of each dimension), the fewest steps first."""
        axes = [axis for fanout in self.hardware.fanouts for axis in fanout.axes if axis.size > 1]
        rooms = [axis.size for axis in axes]
        if prod(rooms) > _ROOMS:
            rooms = [prod(rooms)]
        start: tuple[int, tuple[int, ...]] = (1, ())
        fewest = {(1,) * len(rooms): start}  # children used along each axis -> steps, and s of the dimensions
        for dim in self.problem.dims:
            if len(rooms) == len(axes):
                choices = _covers(dim.extent, [self._along(axis, {dim.name}) for axis in axes])
            else:
                choices = _covers(dim.extent, [min(self._children({dim.name}), dim.extent)])
            merged: dict[tuple[int, ...], tuple[int, tuple[int, ...]]] = {}
            for (used, (steps, spread)), (more, taken) in product(fewest.items(), choices):
                now = tuple(a * b for a, b in zip(used, more, strict=True))
                if all(a <= room for a, room in zip(now, rooms, strict=True)):
                    found = steps * taken, (*spread, prod(more))
                    merged[now] = min(merged.get(now, found), found)
            fewest = merged if len(rooms) > 1 else _rising(merged)
        names = [dim.name for dim in self.problem.dims]
        return [(steps, dict(zip(names, spread, strict=True))) for steps, spread in sorted(fewest.values())]

    # -- words --------------------------------------------------------------------------------------------------------

    def _bits(self, tensor: str | None) -> int:
        return self.hardware.compute.bits if tensor is None else self.einsum.tensor(tensor).bits

    def _least(self, weighted: Iterable[Weighted]) -> float:
        """The least of a sum of counts with these weights."""
        counts = [(weight, count) for weight, count in weighted if weight > 0]
        shares = _shares(counts)
        total = 0.0
        for (weight, count), share in zip(counts, shares, strict=True):
            total += weight * share * count.words.terms.get(None, 0)
        for key, weight in _weights(counts, shares).items():
            total += max(weight, 0.0) * self._words(key)
        return total

    def _words(self, key: ComponentKey) -> float:
        """The fewest words that are counted so."""
        name, child, roles, latch = key
        tensor, macs = self.einsum.tensor(name), self.einsum.macs
        once = self.einsum.words(tensor)
        if latch or child != len(self.hardware.nodes) - 1:
            return once
        if not roles:
            return macs
        irrelevant = {d for d in self.extents if d not in tensor.dims}
        windows = {d for rank in tensor.ranks if len(rank.terms) > 1 for d in rank.dims}
        shared = self._children(irrelevant | windows, [node for node, _ in roles])
        return max(once, ceil(macs / min(shared, self._uses(tensor))))

    def _children(self, dims: set[str], nodes: list[int] | None = None) -> int:
        """The most children of these fanouts (None: all) to which loops over the dimensions can lead."""
        total = 1
        for index, node in enumerate(self.hardware.nodes):
            if isinstance(node, Fanout) and (nodes is None or index in nodes):
                total *= prod(self._along(axis, dims) for axis in node.axes)
        return total

    def _along(self, axis: Axis, dims: set[str]) -> int:
        allowed = dims if axis.dims is None else dims & set(axis.dims)
        limits = {name: bound for name, bound in (*axis.factors, *axis.max_factors) if bound}
        return min(axis.size, prod(min(self.extents[d], limits.get(d, self.extents[d])) for d in allowed))

    def _uses(self, tensor: Tensor) -> int:
        """The most multiply-accumulates of one word."""
        irrelevant = prod(extent for dim, extent in self.extents.items() if dim not in tensor.dims)
        return irrelevant * prod(self._meetings(rank) for rank in tensor.ranks)

    def _meetings(self, rank: Rank) -> int:
        """The most indices of the dimensions of an address that give the same address."""
        terms = [(t.coefficient, self.extents[t.dim]) for t in rank.terms if self.extents[t.dim] > 1]
        if len(terms) < 2:
            return 1
        if len(terms) > 2:
            return prod(n for _, n in terms) // max(n for _, n in terms)
        (a, m), (b, n) = terms
        common = gcd(a, b)
        return min(-(-m // (b // common)), -(-n // (a // common)))


def _weights(counts: list[Weighted], shares: list[float]) -> dict[ComponentKey, float]:
    found: dict[ComponentKey, float] = {}
    for (weight, count), share in zip(counts, shares, strict=True):
        for key, factor in count.words.terms.items():
            if key is not None:
                found[key] = found.get(key, 0.0) + weight * share * factor
    return found


def _shares(counts: list[Weighted]) -> list[float]:
    """Of each count, the share that is taken into the sum: see *no count is below 0*."""
    shares = [1.0] * len(counts)
    for turn in range(_TURNS + 1):
        net = _weights(counts, shares)
        bad = {key for key, weight in net.items() if weight < 0}
        if not bad:
            break
        for i, (_, count) in enumerate(counts):
            for key in bad & {k for k, factor in count.words.terms.items() if k is not None and factor < 0}:
                taken = -_taken(counts, shares, key)
                shares[i] *= 0.0 if turn == _TURNS else max(0.0, (taken + net[key]) / taken)
    return shares


def _taken(counts: list[Weighted], shares: list[float], key: ComponentKey) -> float:
    return sum(min(w * s * count.words.terms.get(key, 0), 0.0) for (w, count), s in zip(counts, shares, strict=True))


def _covers(extent: int, most: list[int]) -> list[tuple[tuple[int, ...], int]]:
    """Bounds along each axis, and the steps that are left; of those with equal steps only what may be least."""
    if len(most) == 1:
        bounds: Iterable[tuple[int, ...]] = ((b,) for b in _least_bounds(extent, most[0]))
    else:
        bounds = product(*(range(1, limit + 1) for limit in most))
    found = {each: -(-extent // prod(each)) for each in bounds}
    smaller = (
        (each, tuple(b - (i == axis) for i, b in enumerate(each))) for each in found for axis in range(len(most))
    )
    needless = {each for each, less in smaller if found.get(less) == found[each]}
    return [(each, steps) for each, steps in found.items() if each not in needless]


def _rising(
    fewest: dict[tuple[int, ...], tuple[int, tuple[int, ...]]],
) -> dict[tuple[int, ...], tuple[int, tuple[int, ...]]]:
    """Without those that use more children for as many steps."""
    kept: dict[tuple[int, ...], tuple[int, tuple[int, ...]]] = {}
    least = math.inf
    for used in sorted(fewest):
        if fewest[used][0] < least:
            kept[used], least = fewest[used], fewest[used][0]
    return kept


def _least_bounds(extent: int, most: int) -> list[int]:
    """The least bound of each number of tiles."""
    root = math.isqrt(extent)
    found = {-(-extent // n) for n in range(1, root + 1)} | set(range(1, root + 2))
    return sorted({-(-extent // -(-extent // b)) for b in found if b <= most} | {1, most})
