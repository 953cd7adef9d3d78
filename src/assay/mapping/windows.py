"""Addresses that are sums of dimensions: how many words a sliding window wants, and how many of them are still held.

Sets of addresses are bit masks. `slide` has closed forms for one window that moves; `window_words` and `tile_sums`
look at several windows at once, those of the children of a fanout that share what they ask for.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from math import gcd, prod

from assay.mapping.digits import Group, Move
from assay.workload.einsum import address_set

Terms = tuple[tuple[int, int], ...]
"""(coefficient, number of indices) of each dimension in an address."""


@lru_cache(maxsize=65536)
def addresses(terms: Terms, box: bool = False) -> int:
    """The addresses as a bit mask; `box`: with those in the gaps."""
    if box:
        return (1 << span(terms)) - 1
    return address_set(terms)


def span(terms: Terms) -> int:
    """Addresses from the first to the last."""
    return sum(coefficient * (count - 1) for coefficient, count in terms) + 1


@lru_cache(maxsize=65536)
def size(terms: Terms, box: bool = False) -> int:
    """How many addresses there are."""
    used = [term for term in terms if term[1] > 1]
    if len(used) <= 1 and not box:
        return used[0][1] if used else 1
    return slide(terms, 0, box)


@lru_cache(maxsize=65536)
def slide(terms: Terms, shift: int, box: bool = False) -> int:
    """How many addresses of a window are also addresses of the same window moved by `shift`."""
    shift = abs(shift)
    if box:
        return max(span(terms) - shift, 0)
    used = sorted(term for term in terms if term[1] > 1)
    if not used:
        return 0 if shift else 1
    common = gcd(*(coefficient for coefficient, _ in used))
    if shift % common:
        return _met(terms, shift)
    used = [(coefficient // common, count) for coefficient, count in used]
    shift //= common
    if len(used) == 1:
        return max(used[0][1] - shift, 0)
    if len(used) == 2 and used[0][0] == 1:
        (_, length), (pitch, blocks) = used
        if length >= pitch:
            return max(length + pitch * (blocks - 1) - shift, 0)
        whole, rest = divmod(shift, pitch)
        first = max(length - rest, 0) * max(blocks - whole, 0)
        return first + max(length - (pitch - rest), 0) * max(blocks - whole - 1, 0)
    return _met(terms, shift * common)


def _met(terms: Terms, shift: int) -> int:
    mask = address_set(terms)
    return (mask & mask >> shift).bit_count()


@lru_cache(maxsize=65536)
def window_words(
    coefficients: tuple[int, ...], groups: tuple[tuple[Group, ...], ...], empty: bool = False, box: bool = False
) -> tuple[int, int]:
    """(words wanted, words of them that no child lacks), sharing as grouped.

    Args:
        groups: per dimension, groups of children; each group asks for the union, and equal requests are one.
        empty: nothing is held yet, whatever the moves say.
        box: addresses in the gaps belong to a window.
    """
    requests = _requests(coefficients, groups, empty, box)
    fresh = sum(wanted.bit_count() for wanted, _ in requests)
    return fresh, fresh - sum(lacked.bit_count() for _, lacked in requests)


@lru_cache(maxsize=65536)
def _requests(
    coefficients: tuple[int, ...], groups: tuple[tuple[Group, ...], ...], empty: bool, box: bool
) -> frozenset[tuple[int, int]]:
    """The different (wanted, lacked) sets."""
    seen = set()
    for combination in product(*groups):
        wanted = lacked = 0
        for moves in product(*combination):
            if all(move.new_length for move in moves):
                terms = tuple(zip(coefficients, (move.new_length for move in moves), strict=True))
                start = sum(c * move.new for c, move in zip(coefficients, moves, strict=True))
                new = addresses(terms, box) << start
                wanted |= new
                lacked |= new if empty else new & ~_held(coefficients, moves, box)
        if wanted:
            seen.add((wanted, lacked))
    return frozenset(seen)


def _held(coefficients: tuple[int, ...], moves: Iterable[Move], box: bool) -> int:
    moves = tuple(moves)
    if not all(move.old_length for move in moves):
        return 0
    terms = tuple(zip(coefficients, (move.old_length for move in moves), strict=True))
    start = sum(c * move.old for c, move in zip(coefficients, moves, strict=True))
    held = addresses(terms, box)
    return held << start if start >= 0 else held >> -start


@dataclass(frozen=True, slots=True)
class TileSums:
    """What one address contributes when children that lack equal words share them.

    The request of a child is the product of its wanted words over all addresses, less the product of those it has.
    Along one address it is *fresh* (it has none), *whole* (it lacks none) or *partial*. Requests with a fresh address,
    or with one partial address and whole ones, are products of sets themselves ("boxes") and may be equal although the
    children held different words; requests with two partial addresses or more are equal only if everything is. All
    sums run over the different sets.
    """

    wanted: int = 0  # of every child
    never_fresh: int = 0  # sets that no fresh child wants
    whole: int = 0  # wanted by whole children
    only_whole: int = 0  # of these, sets that no partial child lacks
    only_whole_unfresh: int = 0  # of these, sets that no fresh child wants
    both_unfresh: int = 0  # wanted by whole children, lacked by partial ones, wanted by no fresh one
    lacked: int = 0  # lacked by partial children, wanted by no whole one
    lacked_wanted: int = 0  # of these, sets that some child wants
    lacked_unfresh: int = 0  # of these, sets that no fresh child wants
    pairs_wanted: int = 0  # wanted, over the different (wanted, lacked) of partial and whole children
    pairs_kept: int = 0
    partial_wanted: int = 0
    partial_kept: int = 0

    def plus(self, other: TileSums, times: int) -> TileSums:
        """This and `times` the other."""
        return TileSums(*(a + times * b for a, b in zip(_fields(self), _fields(other), strict=True)))


def _fields(sums: TileSums) -> tuple[int, ...]:
    return tuple(getattr(sums, name) for name in TileSums.__dataclass_fields__)


@lru_cache(maxsize=65536)
def tile_sums(coefficients: tuple[int, ...], groups: tuple[tuple[Group, ...], ...], empty: bool, box: bool) -> TileSums:
    """The sums of one case of one address (of one dimension, or of several)."""
    requests = _requests(coefficients, groups, empty, box)
    wanted = {w for w, _ in requests}
    fresh = {w for w, lack in requests if w == lack}
    whole = {w for w, lack in requests if not lack}
    partial = {(w, lack) for w, lack in requests if lack and w != lack}
    lacked = {lack for _, lack in partial}
    unfresh = wanted - fresh
    whole_words, partial_words = _words(whole), _words(w for w, _ in partial)
    partial_kept = sum((w & ~lack).bit_count() for w, lack in partial)
    return TileSums(
        wanted=_words(wanted),
        never_fresh=_words(unfresh),
        whole=whole_words,
        only_whole=_words(whole - lacked),
        only_whole_unfresh=_words((whole - lacked) & unfresh),
        both_unfresh=_words(whole & lacked & unfresh),
        lacked=_words(lacked - whole),
        lacked_wanted=_words((lacked - whole) & wanted),
        lacked_unfresh=_words((lacked - whole) & unfresh),
        pairs_wanted=whole_words + partial_words,
        pairs_kept=whole_words + partial_kept,
        partial_wanted=partial_words,
        partial_kept=partial_kept,
    )


def _words(sets: Iterable[int]) -> int:
    return sum(each.bit_count() for each in sets)


def different_requests(sums: list[TileSums]) -> int:
    """Words of all different requests, from the sums of every address."""
    fresh = prod(s.wanted for s in sums) - prod(s.never_fresh for s in sums)
    any_box = _one_lacks([s.lacked for s in sums], [s.whole for s in sums], [s.only_whole for s in sums])
    wanted_box = _one_lacks([s.lacked_wanted for s in sums], [s.whole for s in sums], [s.only_whole for s in sums])
    unfresh = _one_lacks(
        [s.lacked_unfresh for s in sums],
        [s.only_whole_unfresh + s.both_unfresh for s in sums],
        [s.only_whole_unfresh for s in sums],
    )
    one_partial_wanted = _one([s.partial_wanted for s in sums], [s.whole for s in sums])
    one_partial_kept = _one([s.partial_kept for s in sums], [s.whole for s in sums])
    several = (
        prod(s.pairs_wanted for s in sums)
        - prod(s.pairs_kept for s in sums)
        - (one_partial_wanted - one_partial_kept)  # all whole: nothing is lacked
    )
    return fresh + any_box - wanted_box + unfresh + several


def _one_lacks(lacked: list[int], whole: list[int], only_whole: list[int]) -> int:
    """Boxes in which one address is lacked by a partial child and all others are wanted by whole ones."""
    return _one(lacked, whole) + prod(whole) - prod(only_whole)


def _one(special: list[int], others: list[int]) -> int:
    """Sum over addresses of its special sum times the others' common ones."""
    return sum(s * prod(o for j, o in enumerate(others) if j != i) for i, s in enumerate(special))
