"""How the loops of one dimension place tiles, transition by transition.

Above a boundary, the loops of a dimension are the digits of a tile's base. When a temporal loop (the *pivot*)
advances, the temporal loops inside it return from their last digit to 0 while everything outside it stays. `patterns`
lists, for one dimension and one pivot, every place an instance's tile moves from and to, equal cases together with
their multiplicity.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from itertools import product
from math import prod

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]


class Role(Enum):
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
    if tile * prod(digit.bound for digit in digits) == extent:
        return (_perfect(tile, digits),)
    return _imperfect(extent, tile, digits, hold)


def _perfect(tile: int, digits: tuple[Digit, ...]) -> Pattern:
    times, pivot, last = 1, 0, 0
    for digit in digits:
        if digit.role is Role.OUTER:
            times *= digit.bound
        elif digit.role is Role.PIVOT:
            times *= digit.bound - 1
            pivot = digit.step
        elif digit.role is Role.INNER:
            last += (digit.bound - 1) * digit.step
    distinct, union = _offsets(digits, Role.DISTINCT), _offsets(digits, Role.UNION)
    groups = tuple(tuple(Move(pivot + d + u, tile, last + d + u, tile) for u in union) for d in distinct)
    return Pattern(times, groups)


def _offsets(digits: tuple[Digit, ...], role: Role) -> tuple[int, ...]:
    """Bases of the children along the digits of that role."""
    choices = [[i * digit.step for i in range(digit.bound)] for digit in digits if digit.role is role]
    return tuple(sum(choice) for choice in product(*choices))


def _imperfect(extent: int, tile: int, digits: tuple[Digit, ...], hold: bool) -> tuple[Pattern, ...]:
    origin, old_origin = _origins(digits)
    distinct, union = _offsets(digits, Role.DISTINCT), _offsets(digits, Role.UNION)
    columns: list[Ints] = []
    for offset in (d + u for d in distinct for u in union):
        new = origin + offset
        old = old_origin.total + offset
        remaining = extent - 1 - (old if hold else old_origin.temporal)
        for digit in digits:
            if digit.role is Role.INNER:
                value = np.clip(remaining // digit.step, 0, digit.bound - 1)
                old = old + value * digit.step
                remaining = remaining - value * digit.step
        lengths = [np.clip(extent - base, 0, tile) for base in (new, old)]
        alive = lengths[0] > 0
        columns += [np.where(alive, new - origin, 0), lengths[0]]
        columns += [np.where(alive & (lengths[1] > 0), old - origin, 0), np.where(alive, lengths[1], 0)]
    rows, times = np.unique(np.stack(columns, axis=1), axis=0, return_counts=True)
    result: Counter[tuple[Group, ...]] = Counter()
    for row, count in zip(rows.tolist(), times.tolist(), strict=True):
        moves = [Move(*row[i : i + 4]) for i in range(0, len(row), 4)]
        groups = tuple(tuple(moves[i : i + len(union)]) for i in range(0, len(moves), len(union)))
        if any(move.new_length for move in moves):
            result[groups] += count
    return tuple(Pattern(count, groups) for groups, count in result.items())


@dataclass(frozen=True, slots=True)
class _OldOrigin:
    total: Ints  # of every fixed digit
    temporal: Ints  # of the temporal ones alone


def _origins(digits: tuple[Digit, ...]) -> tuple[Ints, _OldOrigin]:
    """Bases after and before, for every value of the outer digits and the pivot."""
    zero = np.zeros(1, np.int64)
    new, old, temporal = zero, zero, zero
    for digit in digits:
        if digit.role is Role.OUTER:
            steps = np.arange(digit.bound, dtype=np.int64) * digit.step
            new, old = _spread(new, steps), _spread(old, steps)
            temporal = _spread(temporal, steps * (not digit.spatial))
        elif digit.role is Role.PIVOT:
            steps = np.arange(digit.bound - 1, dtype=np.int64) * digit.step
            new, old, temporal = _spread(new, steps + digit.step), _spread(old, steps), _spread(temporal, steps)
    return new, _OldOrigin(old, temporal)


def _spread(base: Ints, steps: Ints) -> Ints:
    return (base[:, None] + steps[None, :]).reshape(-1)
