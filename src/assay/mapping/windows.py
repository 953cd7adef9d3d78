"""Addresses that are sums of dimensions: how many words a sliding window wants, and how many of them are still held.

Sets of addresses are bit masks. `slide` has closed forms for one window that moves; `window_words` and
`different_words` look at several windows at once, those of the children of fanouts that share what they ask for.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from functools import lru_cache
from itertools import product
from math import gcd, prod

from assay.mapping.digits import Group, Move
from assay.workload.einsum import FARTHEST_ADDRESS, address_set, sum_count

Terms = tuple[tuple[int, int], ...]
"""(coefficient, number of indices) of each dimension in an address."""


@lru_cache(maxsize=65536)
def addresses(terms: Terms, box: bool = False) -> int:
    """The addresses as a bit mask; `box`: with those in the gaps."""
    if box and (last := span(terms)) <= FARTHEST_ADDRESS:
        return (1 << last) - 1
    return address_set(((1, span(terms)),) if box else terms)  # refuses what reaches too far


def span(terms: Terms) -> int:
    """Addresses from the first to the last."""
    return sum(coefficient * (count - 1) for coefficient, count in terms) + 1


@lru_cache(maxsize=65536)
def size(terms: Terms, box: bool = False) -> int:
    """How many addresses there are."""
    used = [term for term in terms if term[1] > 1]
    if len(used) <= 1 and not box:
        return used[0][1] if used else 1
    return span(terms) if box else sum_count(tuple(used))


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


Shape = tuple[tuple[int, ...], ...]
"""Per fanout that shares equal requests only, outermost first: the number of its children along each dimension."""
Path = tuple[tuple[int, ...], ...]
"""Which child it is in each of those fanouts, along each dimension."""
Request = tuple[int, int]
"""The words that a child wants, and those of them that it lacks."""


@lru_cache(maxsize=65536)
def window_words(
    coefficients: tuple[int, ...],
    groups: tuple[tuple[Group, ...], ...],
    empty: bool = False,
    box: bool = False,
    shape: Shape | None = None,
) -> tuple[int, int]:
    """(words wanted, words of them that no child lacks), sharing as grouped.

    Args:
        groups: per dimension, groups of children; each group asks for the union.
        empty: nothing is held yet, whatever the moves say.
        box: addresses in the gaps belong to a window.
        shape: the fanouts in which equal requests are one; None: one fanout of all groups.
    """
    found = requests(coefficients, groups, empty, box, shape)
    wanted = different((path, want, want.bit_count()) for path, want, _ in found)
    lacked = different((path, (want, lack), lack.bit_count()) for path, want, lack in found)
    return wanted, wanted - lacked


@lru_cache(maxsize=65536)
def requests(
    coefficients: tuple[int, ...],
    groups: tuple[tuple[Group, ...], ...],
    empty: bool,
    box: bool,
    shape: Shape | None = None,
) -> tuple[tuple[Path, int, int], ...]:
    """What each group of children wants and lacks, where it is."""
    levels = shape or (tuple(len(each) for each in groups),)
    places = [paths([level[k] for level in levels]) for k in range(len(groups))]
    found = []
    for choice in product(*(zip(place, each, strict=True) for place, each in zip(places, groups, strict=True))):
        wanted = lacked = 0
        for moves in product(*(group for _, group in choice)):
            if all(move.new_length for move in moves):
                terms = tuple(zip(coefficients, (move.new_length for move in moves), strict=True))
                start = sum(c * move.new for c, move in zip(coefficients, moves, strict=True))
                new = addresses(terms, box) << start
                wanted |= new
                lacked |= new if empty else new & ~_held(coefficients, moves, box)
        if wanted:
            found.append((tuple(zip(*(path for path, _ in choice), strict=True)), wanted, lacked))
    return tuple(found)


def paths(sizes: list[int]) -> list[tuple[int, ...]]:
    """The digits of every child, in the order of the groups."""
    return list(product(*(range(size) for size in sizes)))


def _held(coefficients: tuple[int, ...], moves: tuple[Move, ...], box: bool) -> int:
    if not all(move.old_length for move in moves):
        return 0
    terms = tuple(zip(coefficients, (move.old_length for move in moves), strict=True))
    start = sum(c * move.old for c, move in zip(coefficients, moves, strict=True))
    held = addresses(terms, box)
    return held << start if start >= 0 else held >> -start


def different(asked: Iterable[tuple[Path, Hashable, int]]) -> int:
    """Words of the different requests, each a (place, what is asked for, its words). In each fanout, from the inside
    out, children are one if everything that comes up from them is equal."""
    tree: dict[Path, dict[Hashable, int]] = {}
    for path, key, words in asked:
        tree.setdefault(path[:-1], {})[key] = words
    while tree and () not in tree:
        outer: dict[Path, dict[Hashable, int]] = {}
        for path, collection in tree.items():
            outer.setdefault(path[:-1], {})[frozenset(collection)] = sum(collection.values())
        tree = outer
    return sum(tree.get((), {}).values())


@lru_cache(maxsize=65536)
def different_words(asked: tuple[tuple[tuple[Path, int, int], ...], ...]) -> int:
    """Words of the different requests of children that ask for a product of addresses (see `requests`) less what they
    have. Requests can be equal although the children wanted and held different words."""
    return different(
        (tuple(map(tuple, zip(*(path for path, _, _ in each), strict=True))), *missing)
        for each in product(*asked)
        if (missing := _missing([(wanted, lacked) for _, wanted, lacked in each]))
    )


def _missing(request: list[Request]) -> tuple[Hashable, int] | None:
    """A name that equal sets of words share, and the number of words; None if nothing is lacked.

    The set is the product of what is wanted less the product of what is there. If nothing is there, or only one address
    lacks anything, it is a product itself; otherwise it fixes what is wanted and what is there.
    """
    partial = [k for k, (_, lacked) in enumerate(request) if lacked]
    if not partial:
        return None
    sides = [wanted for wanted, _ in request]
    if not any(wanted == lacked for wanted, lacked in request):
        if len(partial) > 1:
            kept = prod((wanted & ~lacked).bit_count() for wanted, lacked in request)
            return tuple(request), prod(side.bit_count() for side in sides) - kept
        sides[partial[0]] = request[partial[0]][1]
    return tuple(sides), prod(side.bit_count() for side in sides)
