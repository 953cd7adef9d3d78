"""Sliding windows in the search: what is still there when a window moves.

A *signature* remembers, for one window of one record, the tile's extents and the spatial loops since: together with
the loops placed so far it fixes how far the window has moved and hence which of its words are still held.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from math import prod

from assay.hardware.model import Halo
from assay.mapper.problem import Component, Problem, Window
from assay.mapping.digits import Group, Move, Role
from assay.mapping.windows import Shape, window_words

OPEN, SPREAD, KEPT, REST, MET = range(5)
"""What `Slides.answer` is asked."""

INERT, STIFF = range(2)
"""Numbers of signatures: of a window that no longer matters, and of one that loses all when it slides."""


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

    def with_spread(self, spread: Spread) -> Signature:
        """With one more spatial loop. The order of loops does not matter, nor whether one loop was placed as two."""
        spreads = list(self.spreads)
        for i, other in enumerate(spreads):
            if (other.dim, other.node, other.step * other.bound) == (spread.dim, spread.node, spread.step):
                spreads[i] = Spread(other.dim, other.bound * spread.bound, other.step, other.node)
                break
        else:
            spreads.append(spread)
        return Signature(self.tile, tuple(sorted(spreads, key=lambda s: (s.node, s.dim, s.step))))

    def moved(self, k: int, extent: int) -> int:
        """Indices by which the temporal loops have moved dimension k from their first to their last iteration."""
        spread = sum((s.bound - 1) * s.step for s in self.spreads if s.dim == k)
        return extent - self.tile[k] - spread


class Slides:
    """The windows of one problem."""

    def __init__(self, problem: Problem) -> None:
        self._tables = [WindowTable(problem, window) for window in problem.windows]

    def answer(
        self, kind: int, window: int, number: int, extra: int, factor: int, node: int, positions: tuple[int, ...]
    ) -> tuple[float, ...]:
        """A signature's number and, for some questions, one figure per component of the window's record.

        - OPEN: the signature of a tile just formed, of which `positions` are those of its extents among the divisors.
        - SPREAD: the signature after a spatial loop of `factor` over the window's dimension `extra` at a fanout, and
          the factors by which words change in the whole run. Where the window has already moved in time below the
          fanout, they are the least possible, so that a bound stays a bound.
        - KEPT: the shares of the window's words that are still held when a temporal loop advances: over the window's
          dimension `extra`, or over another one (-1) that makes the window start again.
        - REST, of a window that no fanout spreads any more, with one dimension at most that is not whole: `INERT` if it
          has not moved and never will; `STIFF` if a loop over that dimension leaves nothing of the tile; else 2.
        - MET: 0, and the most children that can share a word by loops in space over dimensions of the window to come.
        """
        table = self._tables[window]
        extents = table.extents(positions)
        if kind == OPEN:
            return (table.number(Signature(extents)),)
        if kind == SPREAD:
            return table.spread(number, extents, extra, factor, node)
        if kind == KEPT:
            return (0, *table.kept(number, extents, extra))
        if kind == MET:
            return (0, table.met(number, extents))
        return (table.rest(number, extents),)


class WindowTable:
    """Signatures of one window and the ratios that follow from them."""

    def __init__(self, problem: Problem, window: Window) -> None:
        self.window = window
        self.box = problem.hardware.counting.halo is Halo.BOX
        self.components: tuple[Component, ...] = problem.records[window.record].components
        self.latched = problem.records[window.record].latched
        self.divisors = [problem.dims[d].divisors for d in window.dims]
        self._signatures: list[Signature | None] = [None, None]  # INERT, STIFF
        self._numbers: dict[Signature, int] = {}

    def extents(self, positions: tuple[int, ...]) -> tuple[int, ...]:
        """Indices of the window's dimensions at these positions among their divisors."""
        return tuple(d[p] for d, p in zip(self.divisors, positions, strict=True))

    def number(self, signature: Signature) -> int:
        """Its number; equal signatures have one."""
        if signature not in self._numbers:
            self._numbers[signature] = len(self._signatures)
            self._signatures.append(signature)
        return self._numbers[signature]

    def spread(self, number: int, extents: tuple[int, ...], k: int, factor: int, node: int) -> tuple[float, ...]:
        """See `Slides.answer`."""
        signature = self._signatures[number]
        if signature is None:
            return (number, *[1.0] * len(self.components))
        grown = signature.with_spread(Spread(k, factor, extents[k], node))
        displaced = self.latched and any(signature.moved(i, extent) for i, extent in enumerate(extents))
        ratios = []
        for component in self.components:
            if component.role(node) is Role.OUTER:
                ratios.append(1.0)
            elif displaced:
                ratios.append(1.0 / factor)
            else:
                ratios.append(self._fresh(grown, component) / (self._fresh(signature, component) * factor))
        return (self.number(grown), *ratios)

    def kept(self, number: int, extents: tuple[int, ...], pivot: int) -> list[float]:
        """See `Slides.answer`."""
        signature = self._signatures[number]
        if signature is None:
            return [1.0] * len(self.components)
        shares = []
        for component in self.components:
            groups = self._groups(signature, component, extents, pivot)
            fresh, kept = window_words(self.window.coefficients, groups, False, self.box, _shape(signature, component))
            shares.append(kept / fresh)
        return shares

    def rest(self, number: int, extents: tuple[int, ...]) -> int:
        """See `Slides.answer`."""
        signature = self._signatures[number]
        if signature is None:
            return number
        moved = any(signature.moved(k, e) for k, e in enumerate(extents))
        left = [k for k, extent in enumerate(extents) if extent < self.divisors[k][-1]]
        if not left:
            return 2 if moved else INERT
        if moved:
            return 2
        # Fanouts further out than the record may spread the window before it slides: it then moves farther.
        k = left[0]
        for later in self.divisors[k]:
            if later % extents[k] or later < extents[k] or later == self.divisors[k][-1]:
                continue
            spread = number
            if later > extents[k]:
                spread = self.number(signature.with_spread(Spread(k, later // extents[k], extents[k], -1)))
            if any(self.kept(spread, (*extents[:k], later, *extents[k + 1 :]), k)):
                return 2
        return STIFF

    def met(self, number: int, extents: tuple[int, ...]) -> float:
        """See `Slides.answer`. Loops over a dimension lay what there is so many addresses apart, so that they meet an
        address as often as these fit into its span."""
        signature = self._signatures[number]
        rest = [d[-1] // extent for d, extent in zip(self.divisors, extents, strict=True)]
        if signature is None or (self.latched and any(signature.moved(i, e) for i, e in enumerate(extents))):
            return float(prod(rest))
        reach = [tile - 1 for tile in signature.tile]
        for spread in signature.spreads:
            reach[spread.dim] += (spread.bound - 1) * spread.step
        coefficients = self.window.coefficients
        span = 1 + sum(c * r for c, r in zip(coefficients, reach, strict=True))
        most = prod(rest)
        for k, (coefficient, extent) in enumerate(zip(coefficients, extents, strict=True)):
            fits = min(rest[k], -(-span // (coefficient * extent)))
            most = min(most, fits * prod(rest[:k] + rest[k + 1 :]))
        return float(most)

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


def _shape(signature: Signature, component: Component) -> Shape | None:
    """The fanouts that share equal requests only, as `window_words` takes them."""
    spreads = [s for s in signature.spreads if component.role(s.node) is Role.DISTINCT]
    nodes = sorted({s.node for s in spreads})
    dims = range(len(signature.tile))
    return (
        tuple(tuple(prod(s.bound for s in spreads if (s.node, s.dim) == (n, k)) for k in dims) for n in nodes) or None
    )
