"""How the loops of one dimension place tiles, transition by transition.

Above a boundary, the loops of a dimension are the digits of a tile's base. When a temporal loop (the *pivot*)
advances, the temporal loops inside it return from their last digit to 0 while everything outside it stays. `patterns`
lists, for one dimension and one pivot, every place an instance's tile moves from and to, equal cases together with
their multiplicity.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from itertools import product


class Role(IntEnum):
    """What a loop does during a transition."""

    OUTER = 0  # fixed; every value is one more case
    PIVOT = 1  # advances by one
    INNER = 2  # returns from its last digit to 0
    DISTINCT = 3  # in space: equal requests are shared, others are counted apart
    UNION = 4  # in space: requests are united


@dataclass(frozen=True, slots=True)
class Digit:
    """One loop: its bound, the distance in indices of one iteration, its role, and whether it is in space."""

    bound: int
    step: int
    role: Role
    spatial: bool


@dataclass(frozen=True, slots=True)
class Move:
    """A tile's base and length before and after, the bases relative to the case's own origin. Length 0: no work."""

    new: int
    new_length: int
    old: int
    old_length: int


Group = tuple[Move, ...]
"""The children whose requests are united."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """`times` cases that look the same: groups of children that are counted apart, each group united."""

    times: int
    groups: tuple[Group, ...]


@lru_cache(maxsize=65536)
def patterns(extent: int, tile: int, digits: tuple[Digit, ...], hold: bool) -> tuple[Pattern, ...]:
    """All cases of one dimension for one transition.

    Args:
        extent: the dimension's extent; indices from there on do not exist.
        tile: length of a full tile.
        digits: the dimension's loops above the boundary, outermost first.
        hold: True: an instance's tile before is the one of its own last work. False: it is the one at the machine's
            last step, which is empty when the instance had no work then.
    """
    return tuple(Pattern(times, groups) for groups, times in _Cases(extent, tile, digits, hold).found.items())


class _Cases:
    """Counts equal cases together. A value of a digit is *full* if no index below it reaches the extent: all full
    values look the same. The few others are looked at one by one."""

    def __init__(self, extent: int, tile: int, digits: tuple[Digit, ...], hold: bool) -> None:
        self.extent = extent
        self.tile = tile
        self.hold = hold
        self.fixed = [digit for digit in digits if digit.role in (Role.OUTER, Role.PIVOT)]
        self.inner = [digit for digit in digits if digit.role is Role.INNER]
        self.distinct = _offsets(digits, Role.DISTINCT)
        self.union = _offsets(digits, Role.UNION)
        spread = sum((d.bound - 1) * d.step for d in digits if d.role not in (Role.OUTER, Role.PIVOT))
        self.reach = [spread + tile - 1]  # the farthest index from a base, with the digits fixed from here on
        for digit in reversed(self.fixed):
            self.reach.insert(0, self.reach[0] + (digit.bound - 1) * digit.step)
        self.found: Counter[tuple[Group, ...]] = Counter()
        self._descend(0, 1, 0, 0, 0)

    def _descend(self, level: int, times: int, new: int, old: int, temporal: int) -> None:
        """From the fixed digit `level` inwards: bases after and before so far, and of the temporal digits alone."""
        if max(new, old) + self.reach[level] < self.extent:
            self._add_full(level, times, new - old)
            return
        if level == len(self.fixed):
            self._add(times, new, old, temporal)
            return
        digit = self.fixed[level]
        ahead = digit.step if digit.role is Role.PIVOT else 0
        values = digit.bound - (1 if ahead else 0)
        room = self.extent - 1 - self.reach[level + 1] - max(new + ahead, old)
        full = min(values, room // digit.step + 1) if room >= 0 else 0
        if full:
            self._add_full(level + 1, times * full, new + ahead - old)
        for value in range(full, values):
            base = value * digit.step
            if new + base + ahead >= self.extent:
                break
            later = temporal if digit.spatial else temporal + base
            self._descend(level + 1, times, new + base + ahead, old + base, later)

    def _add_full(self, level: int, times: int, shift: int) -> None:
        """All values of the fixed digits from `level` on, none of which reaches the extent."""
        last = sum((digit.bound - 1) * digit.step for digit in self.inner)
        for digit in self.fixed[level:]:
            if digit.role is Role.PIVOT:
                times *= digit.bound - 1
                shift += digit.step
            else:
                times *= digit.bound
        if times:
            moves = [
                [Move(a + b, self.tile, last - shift + a + b, self.tile) for b in self.union] for a in self.distinct
            ]
            self.found[tuple(map(tuple, moves))] += times

    def _add(self, times: int, new: int, old: int, temporal: int) -> None:
        groups = tuple(tuple(self._move(new, old, temporal, a + b) for b in self.union) for a in self.distinct)
        if any(move.new_length for group in groups for move in group):
            self.found[groups] += times

    def _move(self, new: int, old: int, temporal: int, offset: int) -> Move:
        length = min(max(self.extent - new - offset, 0), self.tile)
        if not length:
            return Move(0, 0, 0, 0)
        before = old + offset
        remaining = self.extent - 1 - (before if self.hold else temporal)
        for digit in self.inner:
            value = min(max(remaining // digit.step, 0), digit.bound - 1)
            before += value * digit.step
            remaining -= value * digit.step
        old_length = min(max(self.extent - before, 0), self.tile)
        return Move(offset, length, before - new if old_length else 0, old_length)


def _offsets(digits: tuple[Digit, ...], role: Role) -> tuple[int, ...]:
    """Bases of the children along the digits of that role."""
    choices = [[i * digit.step for i in range(digit.bound)] for digit in digits if digit.role is role]
    return tuple(sum(choice) for choice in product(*choices))
