"""The oracle: runs the loops of a mapping one by one, remembers what every buffer holds and counts what moves.

It is slow and plain on purpose, and shares no code with the analysis that it checks. What it does, to the word:

*Machine.* Memories and fanouts form a chain from the outside in, the compute is below the last. The loops of all
levels, outer to inner, form the nest; the loops of a dimension are the digits of its index, and points with an index
past the extent are not run. A *place* is an instance of a node: the spatial digits of the fanouts above it. A *step*
of a node is one value of the temporal digits above it for which some instance has a point; the steps of the compute
are the global steps. The *tile* of a node at a step and place is the set of words of the points it runs then.

Where the halo is a box, the tile of a memory is every address from the smallest to the largest along each rank.

*Inputs.* At each step each place with a point takes the words of its tile that it does not hold yet (FILL) and
forgets the others; a place without a point keeps what it has. The requests meet in the fanouts on their way to the
nearest memory that keeps the tensor: TRANSFER counts the words that the children ask for, READ the words that arrive
at the memory. The compute holds nothing: it asks for every operand in every step; with a latch each instance of it
behaves like a memory of the one word that it worked on last, but for the FILLs.

*Sharing.* A fanout with multicast `word` sends on the words that its children ask for, each once; with `none` it sends
on every child's request; with `tile` those of children that ask for the same once. A child of an outer fanout asks for
what its own fanout sends on, as a whole; to `tile`, what it asks for more than once counts as asked for once.

*Links.* In a fanout with links whose children are instances of a memory that keeps the tensor, a child gets its whole
request from a child beside it if that one was filled with exactly the same words at the step before (whatever loop
advanced then; if it was filled with nothing, it has nothing to give). Beside it is one position further along one axis,
where the loops of the axis are the digits of the position. Such a word is a FILL and a TRANSFER like any other, a READ
of the memory of the children, and does not go up. With multicast `tile` the children of one fanout instance do so at a
step only if fewer words go up then. Links and multicast `word` exclude each other.

*Output.* A word is resident at a place during a maximal run of steps in which the digits of the output's dimensions
select it; other dimensions do not end a residency. At its end the place, if it worked on the word, sends it up
(drain): TRANSFER and REDUCE in the fanouts, UPDATE at the memory above. At the first step with work, one place of
those that share the word below one parent is given the partial sum that the parent holds, if it holds a valid one:
READ, TRANSFER at each fanout, FILL. Valid is what arrived from below, or came from above while valid there. The
compute sends up one product per point; a memory that already holds a valid word reads it to add to it, once per
arriving word, save for the first of an invalid one. Between two steps all drains come before all refills; drains go
from the innermost memory outward, refills from the outermost inward. With `first_reads` nobody asks what is valid:
every refill and every addition reads. With `refill_all` each place is given the partial sum at its own first step with
work, not one of those that share it: a FILL for each, one READ for all that are given it at the same step, one TRANSFER
for each child of a fanout on the way. With `drain_reads` what a place sends up is also a READ of its memory.

Where the words above leave a choice, the oracle reads them so:

- a drain that arrives at a memory is an UPDATE and never a READ, even if several arrive unreduced for the same word;
- a reducing fanout adds all copies of a word that come up, also those that a fanout below it left apart;
- each rank of the output has one dimension at most, with coefficient 1 (so a word selects the digits of the output's
  dimensions, and its tiles are boxes).
"""

from __future__ import annotations

import itertools
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from assay.hardware.model import Fanout, Halo, Hardware, Memory, Multicast
from assay.mapping import mapping as schedule
from assay.mapping.counts import Action
from assay.workload.einsum import Einsum, Tensor

Digits = tuple[tuple[int | None, ...], ...]
"""Digits of the loops of some levels, level by level: a step (temporal) or a place (spatial)."""

Word = tuple[int, ...]
Words = frozenset[Word]
Key = tuple[str, str | None, Action]


@dataclass(frozen=True)
class Result:
    """What the run counted: non-zero counts, largest tiles in words, global steps and compute instances with work."""

    counts: dict[Key, int]
    occupancy: dict[tuple[str, str], int]
    steps: int
    active_pes: int

    def count(self, component: str, tensor: str | None, action: Action) -> int:
        return self.counts.get((component, tensor, action), 0)


@dataclass(frozen=True)
class Point:
    """One multiply-accumulate: the digits of every level's loops, and the word of each tensor."""

    digits: Digits
    words: Mapping[str, Word]


def simulate(einsum: Einsum, hardware: Hardware, mapping: schedule.Mapping) -> Result:
    """Run the mapping on the hardware. Raises ValueError if it is no mapping of all of the einsum on it."""
    run = _Run(einsum, hardware, mapping)
    for tensor in einsum.inputs:
        run.move_input(tensor)
    run.move_output(einsum.output)
    run.counts[hardware.compute.name, None, Action.COMPUTE] += len(run.points)
    bottom = len(mapping.levels)
    return Result(
        counts={key: count for key, count in run.counts.items() if count},
        occupancy={
            (mapping.levels[node].node, tensor.name): max(
                len(tile) for tiles in run.tiles(tensor, node).values() for tile in tiles.values()
            )
            for tensor in einsum.tensors
            for node in run.keepers(tensor)
        },
        steps=len({run.step(point.digits, bottom) for point in run.points}),
        active_pes=len({run.place(point.digits, bottom) for point in run.points}),
    )


def _points(einsum: Einsum, mapping: schedule.Mapping) -> list[Point]:
    loops = [(node, loop) for node, level in enumerate(mapping.levels) for loop in level.loops]
    strides = [
        math.prod(inner.bound for _, inner in loops[position + 1 :] if inner.dim == loop.dim)
        for position, (_, loop) in enumerate(loops)
    ]
    points = []
    for values in itertools.product(*(range(loop.bound) for _, loop in loops)):
        index = dict.fromkeys(einsum.extents, 0)
        for (_, loop), stride, value in zip(loops, strides, values, strict=True):
            index[loop.dim] += stride * value
        if all(index[dim] < extent for dim, extent in einsum.dims):
            digits = tuple(
                tuple(value for (at, _), value in zip(loops, values, strict=True) if at == node)
                for node in range(len(mapping.levels))
            )
            words = {
                tensor.name: tuple(
                    sum(term.coefficient * index[term.dim] for term in rank.terms) for rank in tensor.ranks
                )
                for tensor in einsum.tensors
            }
            points.append(Point(digits, words))
    return points


class _Run:
    """The run of one mapping. Nodes are numbers: the position of their level in the mapping; the compute comes last."""

    def __init__(self, einsum: Einsum, hardware: Hardware, mapping: schedule.Mapping) -> None:
        if [level.node for level in mapping.levels] != [node.name for node in hardware.nodes[:-1]]:
            raise ValueError("the mapping must have one level for each memory and fanout, in the order of the hardware")
        if any(mapping.factor(dim) < extent for dim, extent in einsum.dims):
            raise ValueError("the loops of the mapping do not reach the end of every dimension")
        if any(len(rank.terms) > 1 or rank.terms[0].coefficient > 1 for rank in einsum.output.ranks):
            raise ValueError("the oracle wants one dimension in each rank of the output, with coefficient 1")
        if any(fanout.links and fanout.multicast is Multicast.WORD for fanout in hardware.fanouts):
            raise ValueError("links and multicast of words exclude each other")
        self.counting = hardware.counting
        self.latch = hardware.compute.latch
        self.nodes = hardware.nodes
        self.levels = mapping.levels
        self.bottom = len(mapping.levels)
        self.points = _points(einsum, mapping)
        self.counts: Counter[Key] = Counter()

    def step(self, digits: Digits, node: int) -> Digits:
        """The temporal digits above the node."""
        return tuple(digits[above] for above in range(node) if isinstance(self.nodes[above], Memory))

    def place(self, digits: Digits, node: int) -> Digits:
        """The spatial digits above the node."""
        return tuple(digits[above] for above in range(node) if isinstance(self.nodes[above], Fanout))

    def keepers(self, tensor: Tensor) -> list[int]:
        """The memories that keep the tensor, outermost first; the outermost of all keeps everything."""
        return [n for n, level in enumerate(self.levels) if n == 0 or tensor.name in level.keep]

    def fanouts(self, parent: int, child: int) -> list[Fanout]:
        """The fanouts between two nodes, in the order in which words go up."""
        between = self.nodes[parent + 1 : child]
        return [node for node in reversed(between) if isinstance(node, Fanout)]

    def tiles(self, tensor: Tensor, node: int) -> dict[Digits, dict[Digits, Words]]:
        """The tile at each step of each place of the node that has a point, steps and places in order."""
        boxed = self.counting.halo is Halo.BOX and node != self.bottom
        touched: dict[Digits, dict[Digits, set[Word]]] = defaultdict(lambda: defaultdict(set))
        for point in self.points:
            touched[self.step(point.digits, node)][self.place(point.digits, node)].add(point.words[tensor.name])
        return {
            step: {place: _box(words) if boxed else frozenset(words) for place, words in sorted(places.items())}
            for step, places in sorted(touched.items())
        }

    # Inputs

    def move_input(self, tensor: Tensor) -> None:
        keepers = self.keepers(tensor)
        for parent, child in itertools.pairwise([*keepers, self.bottom]):
            held: dict[Digits, Words] = {}
            before: dict[Digits, Words] = {}
            for tiles in self.tiles(tensor, child).values():
                requests = {place: tile - held.get(place, frozenset()) for place, tile in tiles.items()}
                if child != self.bottom or self.latch:
                    held.update(tiles)
                if child != self.bottom:
                    self.counts[self.levels[child].node, tensor.name, Action.FILL] += sum(map(len, requests.values()))
                    passed = self._pass_on(tensor, child, requests, before)
                    before = requests
                    requests = {place: words - passed.get(place, frozenset()) for place, words in requests.items()}
                self._request(tensor, parent, child, requests)

    def _pass_on(
        self, tensor: Tensor, child: int, requests: Mapping[Digits, Words], before: Mapping[Digits, Words]
    ) -> dict[Digits, Words]:
        """The words that each place of a memory gets from its neighbours, which were filled with `before`."""
        fanout, loops = self.nodes[child - 1], self.levels[child - 1].loops
        if not isinstance(fanout, Fanout) or not fanout.links:
            return {}
        passed: dict[Digits, Words] = {}
        for above in {place[:-1] for place in requests}:
            asked = {place: words for place, words in requests.items() if place[:-1] == above}
            offers = {
                place: [
                    words
                    for other, words in before.items()
                    if other[:-1] == above and _beside(_position(loops, place[-1]), _position(loops, other[-1]))
                ]
                for place in asked
            }
            passed |= _passed(asked, offers, fanout.multicast)
        total = sum(map(len, passed.values()))
        self.counts[fanout.name, tensor.name, Action.TRANSFER] += total
        self.counts[self.levels[child].node, tensor.name, Action.READ] += total
        return passed

    def _request(self, tensor: Tensor, parent: int, child: int, requests: Mapping[Digits, Words]) -> None:
        """Send the requests of one step up to the parent, merged where the fanouts can."""
        rising: dict[Digits, Request] = {place: words for place, words in requests.items() if words}
        for fanout in self.fanouts(parent, child):
            gathered: dict[Digits, list[Request]] = defaultdict(list)
            for place, request in rising.items():
                self.counts[fanout.name, tensor.name, Action.TRANSFER] += _size(request)
                gathered[place[:-1]].append(request)
            rising = {place: _merged(sets, fanout.multicast) for place, sets in gathered.items()}
        self.counts[self.levels[parent].node, tensor.name, Action.READ] += sum(map(_size, rising.values()))

    # Output

    def move_output(self, tensor: Tensor) -> None:
        keepers = self.keepers(tensor)
        valid: dict[int, dict[Digits, set[Word]]] = {node: defaultdict(set) for node in keepers}
        boundaries = [_Residencies(self, tensor, parent, child, valid) for parent, child in itertools.pairwise(keepers)]
        for now, products in self.tiles(tensor, self.bottom).items():
            for boundary in reversed(boundaries):
                boundary.drain(now)
            for boundary in boundaries:
                boundary.refill(now)
            self._accumulate(tensor, keepers[-1], products, valid[keepers[-1]])
        for boundary in reversed(boundaries):
            boundary.drain(None)

    def _accumulate(
        self, tensor: Tensor, memory: int, products: Mapping[Digits, Words], valid: dict[Digits, set[Word]]
    ) -> None:
        """One step of the compute: its products are added to the words in the innermost memory."""
        for place, arriving in self.send_up(tensor, memory, self.bottom, products).items():
            for word, copies in arriving.items():
                additions = copies if word in valid[place] or self.counting.first_reads else copies - 1
                self.counts[self.levels[memory].node, tensor.name, Action.READ] += additions
                valid[place].add(word)

    def send_up(
        self, tensor: Tensor, parent: int, child: int, words: Mapping[Digits, Iterable[Word]]
    ) -> dict[Digits, Counter[Word]]:
        """Send words up to the parent, added where the fanouts can: how many copies of each arrive at each place."""
        rising = {place: Counter(sent) for place, sent in words.items()}
        for fanout in self.fanouts(parent, child):
            gathered: dict[Digits, Counter[Word]] = defaultdict(Counter)
            for place, sent in rising.items():
                self.counts[fanout.name, tensor.name, Action.TRANSFER] += sent.total()
                gathered[place[:-1]] += sent
            rising = dict(gathered)
            if fanout.reduces:
                rising = {place: Counter(set(copies)) for place, copies in gathered.items()}
                added = sum(gathered[place].total() - sums.total() for place, sums in rising.items())
                self.counts[fanout.name, tensor.name, Action.REDUCE] += added
        self.counts[self.levels[parent].node, tensor.name, Action.UPDATE] += sum(c.total() for c in rising.values())
        return rising


@dataclass(frozen=True, slots=True)
class _Apart:
    """Requests of the children of a fanout that go on up one by one."""

    each: tuple[Request, ...]


@dataclass(frozen=True, slots=True)
class _Shared:
    """Requests of the children of a fanout, equal ones once."""

    each: frozenset[Request]


Request = Words | _Apart | _Shared


def _merged(each: list[Request], multicast: Multicast) -> Request:
    """What goes on up from a fanout whose children ask for that."""
    if multicast is Multicast.WORD:
        return frozenset().union(*map(_words_of, each))
    if multicast is Multicast.TILE:
        return _Shared(frozenset(map(_shared, each)))
    return _Apart(tuple(each))


def _shared(request: Request) -> Request:
    """The request as a set: what is asked for more than once further in is one, too."""
    return request if isinstance(request, frozenset) else _Shared(frozenset(map(_shared, request.each)))


def _size(request: Request) -> int:
    return len(request) if isinstance(request, frozenset) else sum(map(_size, request.each))


def _words_of(request: Request) -> Words:
    return request if isinstance(request, frozenset) else frozenset().union(*map(_words_of, request.each))


def _box(words: Iterable[Word]) -> Words:
    """Every word from the smallest to the largest address along each rank."""
    return frozenset(itertools.product(*(range(min(rank), max(rank) + 1) for rank in zip(*words, strict=True))))


def _position(loops: Iterable[schedule.Loop], digits: Iterable[int | None]) -> dict[str | None, int]:
    """Where a child of a fanout is along each axis."""
    position: dict[str | None, int] = defaultdict(int)
    for loop, digit in zip(loops, digits, strict=True):
        assert digit is not None
        position[loop.axis] = position[loop.axis] * loop.bound + digit
    return position


def _beside(one: dict[str | None, int], other: dict[str | None, int]) -> bool:
    """Whether two children are neighbours: next to each other along one axis, equal along the others."""
    return sum(abs(one[axis] - other[axis]) for axis in one) == 1


def _passed(
    asked: Mapping[Digits, Words], offers: Mapping[Digits, list[Words]], multicast: Multicast
) -> dict[Digits, Words]:
    """What the children of one fanout instance get from their neighbours, each of what it asks for."""
    can = {place for place, words in asked.items() if words and words in offers[place]}
    if multicast is Multicast.TILE:
        without = sum(map(len, set(asked.values())))
        rest = sum(map(len, {words for place, words in asked.items() if place not in can}))
        if rest == without:
            return {}
    return {place: asked[place] for place in can}


class _Residencies:
    """The output words that come and go in one memory, and what they make the memory above it do."""

    def __init__(
        self, run: _Run, tensor: Tensor, parent: int, child: int, valid: dict[int, dict[Digits, set[Word]]]
    ) -> None:
        self.run, self.tensor, self.parent, self.child = run, tensor, parent, child
        self.dims = tensor.dims
        self.tiles = run.tiles(tensor, child)
        self.places = sorted({place for tiles in self.tiles.values() for place in tiles})
        self.nominal = self._nominal_tiles()
        self.valid_above, self.valid = valid[parent], valid[child]
        self.now: Digits | None = None
        self.resident: dict[Digits, Words] = dict.fromkeys(self.places, frozenset())
        self.worked: dict[Digits, set[Word]] = defaultdict(set)
        self.begun: dict[Digits, set[Word]] = defaultdict(set)  # by place of the parent: the words some child works on

    def _nominal_tiles(self) -> dict[tuple[Digits, Digits], Words]:
        """The words that the digits of the output's dimensions select, by the relevant part of step and place."""
        tiles: dict[tuple[Digits, Digits], set[Word]] = defaultdict(set)
        for point in self.run.points:
            tiles[self._selection(point.digits)].add(point.words[self.tensor.name])
        return {key: frozenset(words) for key, words in tiles.items()}

    def _selection(self, digits: Digits) -> tuple[Digits, Digits]:
        blanked = tuple(
            tuple(d if loop.dim in self.dims else None for d, loop in zip(values, level.loops, strict=True))
            for values, level in zip(digits, self.run.levels, strict=True)
        )
        return self.run.step(blanked, self.child), self.run.place(blanked, self.child)

    def _nominal(self, step: Digits, place: Digits) -> Words:
        steps, places = iter(step), iter(place)
        digits = [next(steps if isinstance(node, Memory) else places) for node in self.run.nodes[: self.child]]
        inside = [(0,) * len(level.loops) for level in self.run.levels[self.child :]]
        return self.nominal.get(self._selection((*digits, *inside)), frozenset())

    def _parent_place(self, place: Digits) -> Digits:
        return place[: len(place) - len(self.run.fanouts(self.parent, self.child))]

    def _moment(self, now: Digits | None) -> Digits | None:
        """The step of the memory at a global step; None after the last."""
        return None if now is None else now[: sum(isinstance(node, Memory) for node in self.run.nodes[: self.child])]

    def drain(self, now: Digits | None) -> None:
        """End the residencies that do not go on at this global step, and send up what they hold."""
        moment = self._moment(now)
        if moment == self.now:
            return
        leaving: dict[Digits, Words] = {}
        for place in self.places:
            tile = frozenset() if moment is None else self._nominal(moment, place)
            ended = self.resident[place] - tile
            leaving[place] = ended & self.worked[place]
            assert leaving[place] <= self.valid[place], "a place worked on a word and has no partial sum of it"
            self.valid[place] -= ended
            self.worked[place] -= ended
            self.begun[self._parent_place(place)] -= ended
            self.resident[place] = tile
        if self.run.counting.drain_reads:
            sent = sum(map(len, leaving.values()))
            self.run.counts[self.run.levels[self.child].node, self.tensor.name, Action.READ] += sent
        for place, arriving in self.run.send_up(self.tensor, self.parent, self.child, leaving).items():
            self.valid_above[place] |= set(arriving)

    def refill(self, now: Digits) -> None:
        """Give the partial sums held above to the first place that works on each word."""
        moment = self._moment(now)
        if moment == self.now or moment is None:
            return
        self.now = moment
        served: set[tuple[Word, int, Digits]] = set()
        for place, tile in self.tiles[moment].items():
            above = self._parent_place(place)
            begun = self.worked[place] if self.run.counting.refill_all else self.begun[above]
            for word in tile - begun:
                self.begun[above].add(word)
                if word in self.valid_above[above] or self.run.counting.first_reads:
                    self._fetch(word, place, served)
            self.worked[place] |= tile

    def _fetch(self, word: Word, place: Digits, served: set[tuple[Word, int, Digits]]) -> None:
        """The word comes down to the place; on the way it is delivered once to each node (`served`)."""
        counts, levels, name = self.run.counts, self.run.levels, self.tensor.name
        at = place
        for fanout in [*self.run.fanouts(self.parent, self.child), None]:
            if (word, len(place), place) in served:
                break
            if fanout is None:
                counts[levels[self.parent].node, name, Action.READ] += 1
                served.add((word, len(place), place))
            else:
                counts[fanout.name, name, Action.TRANSFER] += 1
                served.add((word, len(place), place))
                place = place[:-1]
        counts[levels[self.child].node, name, Action.FILL] += 1
        self.valid[at].add(word)
