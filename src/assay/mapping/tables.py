"""Sums over all cases of one address of a tensor, for each way the loops can turn.

Above a boundary, the loops of a dimension place tiles; `assay.mapping.digits` says how. A *table* belongs to the loops
of one address and gives, for each cut (see `Nest.pivots`), sums over all cases: with perfect factors at once, with
remainders from the patterns of `digits`.
"""

from __future__ import annotations

from collections import Counter
from itertools import product
from math import prod

from assay.mapping.digits import Digit, Pattern, Role, patterns
from assay.mapping.nest import Place
from assay.mapping.windows import Path, requests, size, slide, window_words

Requests = tuple[tuple[Path, int, int], ...]
Pair = tuple[int, int]
"""Words in the new tiles, and words of them already there."""


class DimTable:
    """The loops of one dimension above a node."""

    def __init__(
        self,
        dim: str,
        extent: int,
        places: tuple[Place, ...],
        bounds: tuple[int, ...],
        node: int,
        roles: tuple[Role, ...],
        hold: bool,
    ) -> None:
        """`roles`: of the spatial loops above the node."""
        self.dim = dim
        self.extent = extent
        self.hold = hold
        inside = prod(bounds)
        self.perfect = inside == extent
        self.distinct: dict[int, int] = {}  # children per fanout that shares equal requests only
        loops: list[tuple[int, int, int, Role]] = []  # bound, step, number of temporal loops outside, role in space
        turns, spaces = 0, iter(roles)
        for place, bound in zip(places, bounds, strict=True):
            if place.node >= node:
                break
            inside //= bound
            role = next(spaces) if place.spatial else None
            if role is Role.DISTINCT:
                self.distinct[place.node] = self.distinct.get(place.node, 1) * bound
            if bound > 1:
                loops.append((bound, inside, -1 if place.spatial else turns, Role.OUTER if role is None else role))
            turns += role is None
        self.tile = min(inside, extent)
        self.loops = loops
        self.apart = prod(bound for bound, _, turn, role in loops if turn < 0 and role is Role.OUTER)
        self.shared = prod(bound for bound, _, turn, role in loops if turn < 0 and role is not Role.OUTER)
        self._times: dict[int, int] = {}
        self._sums: dict[int, Pair] = {}

    def times(self, cut: int) -> int:
        """With perfect factors: cases, children that share not told apart."""
        found = self._times.get(cut)
        if found is None:
            found = self.apart
            outside, own = cut >> 1, cut & 1
            for bound, _, turn, _ in self.loops:
                if 0 <= turn < outside:
                    found *= bound
                elif own and turn == outside:
                    found *= bound - 1
            if own and all(turn != outside for _, _, turn, _ in self.loops):
                found = 0  # a loop of bound 1 never advances
            self._times[cut] = found
        return found

    def alive(self, cut: int) -> int:
        """Of an irrelevant dimension: cases with work; children that share are one."""
        if self.perfect:
            return self.times(cut)
        return sum(case.times * _alive(case) for case in self.cases(cut))

    def sums(self, cut: int) -> Pair:
        """Of an address that is this dimension alone: tiles of different bases never meet."""
        found = self._sums.get(cut)
        if found is None:
            if self.perfect:
                fresh = self.times(cut) * self.shared * self.tile
                found = fresh, 0 if self._moves(cut) else fresh
            else:
                found = _single(self.cases(cut))
            self._sums[cut] = found
        return found

    def _moves(self, cut: int) -> bool:
        """Whether the base is another one after the turn."""
        return bool(cut & 1) or any(turn >= cut >> 1 for _, _, turn, _ in self.loops)

    def shift(self, cut: int) -> int:
        """With perfect factors: by how many indices the base moves."""
        outside, own = cut >> 1, cut & 1
        moved = 0
        for bound, step, turn, _ in self.loops:
            if turn == outside and own:
                moved += step
            elif turn >= outside:
                moved -= (bound - 1) * step
        return moved

    def cases(self, cut: int) -> tuple[Pattern, ...]:
        outside, own = cut >> 1, cut & 1
        digits, pivots = [], 0
        for bound, step, turn, spatial_role in self.loops:
            if turn < 0:
                role = spatial_role
            elif turn < outside:
                role = Role.OUTER
            else:
                role = Role.PIVOT if own and turn == outside else Role.INNER
                pivots += role is Role.PIVOT
            digits.append(Digit(bound, step, role, turn < 0))
        if own and not pivots:
            return ()
        return patterns(self.extent, self.tile, tuple(digits), self.hold)


def rank_sums(
    coefficients: tuple[int, ...], tables: tuple[DimTable, ...], cuts: tuple[int, ...], empty: bool, box: bool
) -> Pair:
    """Of an address that is a sum of dimensions. `empty`: nothing is held yet."""
    if all(table.perfect and table.shared == 1 for table in tables):
        times = prod(table.times(cut) for table, cut in zip(tables, cuts, strict=True))
        if not times:
            return 0, 0
        terms = tuple((c, table.tile) for c, table in zip(coefficients, tables, strict=True))
        fresh = size(terms, box)
        if empty:
            return times * fresh, 0
        shift = sum(c * t.shift(cut) for c, t, cut in zip(coefficients, tables, cuts, strict=True))
        return times * fresh, times * slide(terms, shift, box)
    fresh = kept = 0
    nodes = sorted({node for table in tables for node in table.distinct})
    shape = tuple(tuple(table.distinct.get(node, 1) for table in tables) for node in nodes) or None
    for combination in product(*(table.cases(cut) for table, cut in zip(tables, cuts, strict=True))):
        times = prod(case.times for case in combination)
        new, old = window_words(coefficients, tuple(case.groups for case in combination), empty, box, shape)
        fresh += times * new
        kept += times * old
    return fresh, kept


def rank_requests(
    coefficients: tuple[int, ...],
    tables: tuple[DimTable, ...],
    cuts: tuple[int, ...],
    nodes: tuple[int, ...],
    empty: bool,
    box: bool,
) -> list[tuple[int, Requests]]:
    """(times, what every child asks for) of the cases; `nodes`: fanouts that share equal requests only."""
    shape = tuple(tuple(table.distinct.get(node, 1) for table in tables) for node in nodes)
    found: Counter[Requests] = Counter()
    for combination in product(*(table.cases(cut) for table, cut in zip(tables, cuts, strict=True))):
        asked = requests(coefficients, tuple(case.groups for case in combination), empty, box, shape)
        found[asked] += prod(case.times for case in combination)
    return [(times, asked) for asked, times in found.items()]


def _alive(case: Pattern) -> int:
    """How many separately counted children of an irrelevant dimension have work: those that share are one."""
    return 1 if any(move.new_length for group in case.groups for move in group) else 0


def _single(cases: tuple[Pattern, ...]) -> Pair:
    fresh = kept = 0
    for case in cases:
        for group in case.groups:
            for move in group:
                fresh += case.times * move.new_length
                if move.new == move.old and move.old_length:
                    kept += case.times * min(move.new_length, move.old_length)
    return fresh, kept
