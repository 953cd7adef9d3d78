"""Sliding windows in the search: what is still there when a window moves.

A *signature* remembers, for one window of one record, the tile's extents and the spatial loops since: together with
the loops placed so far it fixes how far the window has moved and hence which of its words are still held.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from math import prod

import numpy as np
import numpy.typing as npt

from assay.hardware.model import Halo
from assay.mapper.problem import Component, Problem, Window
from assay.mapping.digits import Group, Move, Role
from assay.mapping.windows import Shape, window_words

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Spread:
    """A spatial loop over a window's dimension: `bound` tiles, `step` indices apart, at a fanout node."""

    dim: int
    bound: int
    step: int
    node: int


@dataclass(frozen=True, slots=True)
class Signature:
    """Extents of the tile per dimension of the window, and the spatial loops above it."""

    tile: tuple[int, ...]
    spreads: tuple[Spread, ...] = ()

    def moved(self, k: int, extent: int) -> int:
        """Indices by which the temporal loops have moved dimension k from their first to their last iteration."""
        spread = sum((s.bound - 1) * s.step for s in self.spreads if s.dim == k)
        return extent - self.tile[k] - spread


class WindowTable:
    """Signatures of one window and the ratios that follow from them, computed once each."""

    def __init__(self, problem: Problem, window: Window) -> None:
        self.window = window
        self.box = problem.hardware.counting.halo is Halo.BOX
        self.components: tuple[Component, ...] = problem.records[window.record].components
        self.latched = problem.records[window.record].latched
        self.divisors = [np.array(problem.dims[d].divisors, np.int64) for d in window.dims]
        self._signatures: list[Signature | None] = [None]  # number 0: inert, nothing slides any more
        self._numbers: dict[Signature, int] = {}
        self._kept: dict[tuple[int, int], Floats] = {}

    def open(self, x: Ints) -> Ints:
        """Signatures of tiles just formed; `x` (n, k) holds the divisor positions of the window's dimensions."""
        return self._map(x, lambda row: self._number(Signature(self._values(row))))

    def spread(self, numbers: Ints, x: Ints, k: int, factor: int, node: int) -> tuple[Ints, Floats]:
        """A spatial loop over the window's k-th dimension at a fanout: new signatures, and for each component the
        factor by which its words change in the whole run. Where the window has already moved in time below the fanout,
        the factor is the least one possible, so that a bound stays a bound."""
        rows = np.column_stack([numbers, x])
        results: dict[tuple[int, ...], tuple[int, list[float]]] = {}

        def grow(row: tuple[int, ...]) -> int:
            if row not in results:
                results[row] = self._spread_one(row[0], self._values(row[1:]), k, factor, node)
            return results[row][0]

        grown = self._map(rows, grow)
        unique, inverse = _unique_rows(rows)
        table = np.array([results[tuple(row)][1] for row in unique.tolist()], np.float64)
        return grown, table[inverse]

    def _spread_one(
        self, number: int, extents: tuple[int, ...], k: int, factor: int, node: int
    ) -> tuple[int, list[float]]:
        signature = self._signatures[number]
        if signature is None:
            return 0, [1.0] * len(self.components)
        grown = Signature(signature.tile, (*signature.spreads, Spread(k, factor, extents[k], node)))
        displaced = self.latched and any(signature.moved(i, extent) for i, extent in enumerate(extents))
        ratios = []
        for component in self.components:
            if component.role(node) is Role.OUTER:
                ratios.append(1.0)
            elif displaced:
                ratios.append(1.0 / factor)
            else:
                ratios.append(self._fresh(grown, component) / (self._fresh(signature, component) * factor))
        return self._number(grown), ratios

    def kept(self, numbers: Ints, x: Ints, pivot: int) -> Floats:
        """For each label and component, the share of the window's words that are still held when a temporal loop
        advances: over the window's own dimension `pivot`, or over another one (-1) that makes the window start
        again."""
        sizes = [len(d) for d in self.divisors]
        code = numbers
        for column, size in zip(x.T, sizes, strict=True):
            code = code * size + column
        unique, inverse = np.unique(code, return_inverse=True)
        rows = []
        for value in unique.tolist():
            key = (value, pivot)
            if key not in self._kept:
                positions, rest = [], value
                for size in reversed(sizes):
                    positions.append(rest % size)
                    rest //= size
                self._kept[key] = self._kept_one(rest, self._values(positions[::-1]), pivot)
            rows.append(self._kept[key])
        return np.array(rows, np.float64).reshape(len(unique), len(self.components))[inverse]

    def _kept_one(self, number: int, extents: tuple[int, ...], pivot: int) -> Floats:
        signature = self._signatures[number]
        if signature is None:
            return np.ones(len(self.components))
        shares = []
        for component in self.components:
            groups = self._groups(signature, component, extents, pivot)
            fresh, kept = window_words(self.window.coefficients, groups, False, self.box, _shape(signature, component))
            shares.append(kept / fresh)
        return np.array(shares)

    def _fresh(self, signature: Signature, component: Component) -> int:
        groups = self._groups(signature, component, signature.tile, -1)
        return window_words(self.window.coefficients, groups, False, self.box, _shape(signature, component))[0]

    def _groups(
        self, signature: Signature, component: Component, extents: tuple[int, ...], pivot: int
    ) -> tuple[tuple[Group, ...], ...]:
        result = []
        for k, tile in enumerate(signature.tile):
            new = extents[k] if k == pivot else 0
            old = max(signature.moved(k, extents[k]), 0)
            offsets = []
            for role in (Role.DISTINCT, Role.UNION):
                spreads = [s for s in signature.spreads if s.dim == k and component.role(s.node) is role]
                spreads.sort(key=lambda spread: spread.node)
                choices = product(*([i * s.step for i in range(s.bound)] for s in spreads))
                offsets.append([sum(choice) for choice in choices])
            result.append(
                tuple(tuple(Move(new + a + b, tile, old + a + b, tile) for b in offsets[1]) for a in offsets[0])
            )
        return tuple(result)

    def at_rest(self, numbers: Ints, x: Ints) -> npt.NDArray[np.bool_]:
        """Where every index is placed and no temporal loop moved the window: it can never slide again."""
        complete = np.all(x == np.array([len(d) - 1 for d in self.divisors]), axis=1)
        still = np.zeros(len(numbers), bool)
        for index in np.flatnonzero(complete).tolist():
            signature = self._signatures[int(numbers[index])]
            extents = self._values(x[index].tolist())
            still[index] = signature is None or not any(signature.moved(k, e) for k, e in enumerate(extents))
        return still

    def _values(self, positions: list[int] | tuple[int, ...]) -> tuple[int, ...]:
        return tuple(int(d[p]) for d, p in zip(self.divisors, positions, strict=True))

    def _number(self, signature: Signature) -> int:
        if signature not in self._numbers:
            self._numbers[signature] = len(self._signatures)
            self._signatures.append(signature)
        return self._numbers[signature]

    def _map(self, rows: Ints, function: object) -> Ints:
        unique, inverse = _unique_rows(rows)
        assert callable(function)
        return np.array([function(tuple(row)) for row in unique.tolist()], np.int64)[inverse]


def _shape(signature: Signature, component: Component) -> Shape | None:
    """The fanouts that share equal requests only, as `window_words` takes them."""
    spreads = [s for s in signature.spreads if component.role(s.node) is Role.DISTINCT]
    nodes = sorted({s.node for s in spreads})
    dims = range(len(signature.tile))
    return (
        tuple(tuple(prod(s.bound for s in spreads if (s.node, s.dim) == (n, k)) for k in dims) for n in nodes) or None
    )


def _unique_rows(rows: Ints) -> tuple[Ints, Ints]:
    unique, inverse = np.unique(rows, axis=0, return_inverse=True)
    return unique, inverse.reshape(-1)
