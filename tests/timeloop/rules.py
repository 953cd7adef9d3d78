"""Timeloop's rules of counting, where they differ from running the loops one by one.

Written down from reading Timeloop; no code of it is used here. Each rule can be switched off, to see which one a count
depends on. Tiles are boxes (gaps included) and factors are perfect.
"""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from fractions import Fraction

from assay.evaluation.count import MappingCount
from assay.hardware.model import Fanout
from assay.mapping.analysis import analyse
from assay.mapping.counts import Action
from assay.mapping.mapping import Loop
from assay.workload.einsum import Tensor


class Rule(StrEnum):
    """A rule of Timeloop, with the place in its sources."""

    STEP = "change of step"  # SaveAndSubtractIfSameStride in src/workload/shape-models/operation-space.cpp
    TWO = "two iterations"  # ComputeTemporalWorkingSet in src/loop-analysis/nest-analysis.cpp
    SPREAD = "links per child"  # ComputePeerAccesses in src/loop-analysis/tiling.cpp
    ADDENDS = "refill of every addend"  # ComputeReadUpdateReductionAccesses_Legacy in src/loop-analysis/tiling.cpp
    RMW = "updated read-modify-write"  # ComputeReadUpdateReductionAccesses_UpdatedRMW in the same file


OF_INPUTS = frozenset({Rule.STEP, Rule.TWO, Rule.SPREAD})
OF_OUTPUTS = frozenset({Rule.ADDENDS, Rule.RMW})

Place = tuple[int, ...]
"""The digits of the spatial loops above a node."""
Box = tuple[tuple[int, int], ...]
"""Per rank: the first address and how many."""
Words = tuple[Box, ...]
"""Boxes that do not overlap."""
Request = Words | frozenset["Request"]
"""What one child asks for: words, or what came up to it from the children below it."""


@dataclass(frozen=True)
class Crossing:
    """Words of an input that go from one memory to the next, all instances together.

    Attributes:
        fills: written into the child.
        reads: read from the parent.
        children: instances of the child with work.
        passed: words that one child reads for its neighbours, on average.
        rounded: True: a child reads a whole number of words.
    """

    fills: int
    reads: int
    children: int
    passed: Fraction
    rounded: bool

    def child_reads(self, reads: int) -> int:
        """Words that the children read if they read so many for what lies below them."""
        each = Fraction(reads, self.children) + self.passed
        return int((math.floor(each + Fraction(1, 2)) if self.rounded else each) * self.children)


def input_figures(count: MappingCount, tensor: str, rules: frozenset[Rule] = OF_INPUTS) -> dict[str, int]:
    """Reads and fills of an input at every memory that keeps it: name of the figure -> words."""
    names = [node.name for node in count.hardware.nodes]
    keepers = [index for index, level in enumerate(count.mapping.levels) if tensor in level.keep]
    crossings = {
        child: _Walk(count, count.einsum.tensor(tensor), parent, child, rules).run()
        for parent, child in itertools.pairwise(keepers)
    }
    figures: dict[str, int] = {}
    for parent, child in itertools.pairwise([*keepers, len(names) - 1]):
        reads = crossings[child].reads if child in crossings else _operands(count, tensor, names[parent])
        figures[f"{names[parent]} {tensor} reads"] = (
            crossings[parent].child_reads(reads) if parent in crossings else reads
        )
        figures[f"{names[parent]} {tensor} fills"] = crossings[parent].fills if parent in crossings else 0
    return figures


def output_figures(count: MappingCount, rule: Rule) -> dict[str, int]:
    """Reads and fills of the output at every memory that keeps it.

    An instance sees so many different words of the output. All that leave it upward come back to it, but for the first
    time; all that arrive from below are added to what is there, but for the first of each word. (`ADDENDS`.) Under
    `RMW` only the second memory fetches partial sums, and every memory reads those that it sends up.
    """
    output, nodes = count.einsum.output, count.hardware.nodes
    keepers = [index for index, level in enumerate(count.mapping.levels) if output.name in level.keep]
    figures: dict[str, int] = {}
    for depth, node in enumerate(keepers):
        words, updates = _seen(count, node), count.analysis.count(nodes[node].name, output.name, Action.UPDATE)
        sent = _sent(count, keepers[depth - 1], node) if depth else 0
        fills = sent - words if depth else 0
        reads = updates - words
        if rule is Rule.RMW:
            reads = updates - sent + (fills if depth == 1 else 0)
            fills = fills if depth == 1 else 0
        figures |= {f"{nodes[node].name} {output.name} reads": reads, f"{nodes[node].name} {output.name} fills": fills}
    return figures


def _operands(count: MappingCount, tensor: str, memory: str) -> int:
    """Words that the compute reads from the innermost memory: without those that neighbours read."""
    nodes = tuple(replace(node, links=False) if isinstance(node, Fanout) else node for node in count.hardware.nodes)
    alone = analyse(count.einsum, replace(count.hardware, nodes=nodes), count.mapping)
    return alone.count(memory, tensor, Action.READ)


def _spatial(count: MappingCount, node: int) -> list[Loop]:
    return [loop for level in count.mapping.levels[:node] for loop in level.loops if loop.axis is not None]


def _seen(count: MappingCount, node: int) -> int:
    """Words of the output that an instance of the node ever works on, times the instances."""
    others = [loop.bound for loop in _spatial(count, node) if loop.dim not in count.einsum.output.dims]
    return count.einsum.words(count.einsum.output) * math.prod(others)


def _sent(count: MappingCount, parent: int, child: int) -> int:
    """Words of the output that leave the instances of the child upward."""
    names, output = [node.name for node in count.hardware.nodes], count.einsum.output.name
    added = sum(count.analysis.count(names[node], output, Action.REDUCE) for node in range(parent + 1, child))
    return count.analysis.count(names[parent], output, Action.UPDATE) + added


@dataclass(frozen=True)
class _Step:
    """A loop above the child, and by how much an iteration advances the index."""

    node: int
    loop: Loop
    stride: int


@dataclass
class _Held:
    tile: Box | None = None
    move: tuple[int, ...] | None = None


@dataclass
class _Walk:
    """A walk through the loops above a memory that watches the words of one input cross."""

    count: MappingCount
    tensor: Tensor
    parent: int
    child: int
    rules: frozenset[Rule]
    held: dict[Place, _Held] = field(default_factory=lambda: defaultdict(_Held))
    before: dict[Place, Words] = field(default_factory=dict)

    def run(self) -> Crossing:
        wanted = reads = passed = 0
        steps = self.steps()
        temporal = [step for step in steps if step.loop.axis is None]
        spatial = [step for step in steps if step.loop.axis is not None]
        for times, digits in self.moments([step.loop.bound for step in temporal]):
            requests: dict[Place, Words] = {}
            for place in itertools.product(*(range(step.loop.bound) for step in spatial)):
                index = _index([*temporal, *spatial], [*digits, *place])
                requests[place] = self.request(self.held[place], self.tile(index))
            read, linked = self.served(requests, spatial)
            wanted += times * sum(map(_size, requests.values()))
            reads += times * read
            passed += times * linked
            self.before = requests
        children = math.prod(step.loop.bound for step in spatial)
        if Rule.SPREAD not in self.rules:
            return Crossing(wanted, reads, children, Fraction(passed, children), rounded=False)
        parents = math.prod(step.loop.bound for step in spatial if step.node < self.parent)
        told = Fraction(passed, parents * children)
        fills = math.floor(Fraction(wanted - passed, children) + told) * children
        return Crossing(fills, reads, children, told, rounded=True)

    def steps(self) -> list[_Step]:
        loops = [(node, loop) for node, level in enumerate(self.count.mapping.levels) for loop in level.loops]
        steps = []
        for position, (node, loop) in enumerate(loops):
            inside = math.prod(inner.bound for _, inner in loops[position + 1 :] if inner.dim == loop.dim)
            if node < self.child and loop.bound > 1:
                steps.append(_Step(node, loop, inside))
        return steps

    def moments(self, bounds: list[int]) -> Iterator[tuple[int, tuple[int, ...]]]:
        """(how many iterations it stands for, digits), in order."""
        two = Rule.TWO in self.rules
        kinds = [[(1, 0), (n - 1, 1)] if two else [(1, digit) for digit in range(n)] for n in bounds]
        for combination in itertools.product(*kinds):
            yield math.prod(times for times, _ in combination), tuple(digit for _, digit in combination)

    def tile(self, index: dict[str, int]) -> Box:
        return tuple(
            (
                sum(term.coefficient * index.get(term.dim, 0) for term in rank.terms),
                sum(term.coefficient * (self.extent(term.dim) - 1) for term in rank.terms) + 1,
            )
            for rank in self.tensor.ranks
        )

    def extent(self, dim: str) -> int:
        """Of the child's tile."""
        inside = self.count.mapping.levels[self.child :]
        return math.prod(loop.bound for level in inside for loop in level.loops if loop.dim == dim)

    def request(self, held: _Held, new: Box) -> Words:
        """What the child asks for when `new` replaces the tile that it holds."""
        old, held.tile = held.tile, new
        if old is None:
            return (new,)
        move = tuple(after - before for (after, _), (before, _) in zip(new, old, strict=True))
        if Rule.STEP in self.rules and any(move):
            if held.move not in (None, move):
                held.move = None
                return (new,)
            held.move = move
            if sum(by != 0 for by in move) > 1:
                return (new,)
        return tuple(_fresh(new, old))

    def served(self, requests: dict[Place, Words], spatial: list[_Step]) -> tuple[int, int]:
        """(words that the parents read, words that neighbours pass on) for the requests of one moment."""
        read = passed = 0
        above = sum(step.node < self.parent for step in spatial)
        families: dict[Place, dict[Place, Words]] = defaultdict(dict)
        for place, words in requests.items():
            if words:
                families[place[:above]][place] = words
        for family in families.values():
            alone = self.shared(family, spatial)
            linked = {place for place in family if self.beside(place, family[place], spatial)}
            rest = self.shared({place: words for place, words in family.items() if place not in linked}, spatial)
            read += min(rest, alone)
            if rest < alone:
                passed += sum(_size(family[place]) for place in linked)
        return read, passed

    def shared(self, requests: dict[Place, Words], spatial: list[_Step]) -> int:
        """Words that one parent reads: at each fanout the children that ask for the same are one."""
        rising: dict[Place, Request] = dict(requests)
        for node in reversed(range(self.parent, self.child)):
            if self.is_fanout(node):
                digits = sum(step.node < node for step in spatial)
                gathered: dict[Place, set[Request]] = defaultdict(set)
                for place, request in rising.items():
                    gathered[place[:digits]].add(request)
                rising = {place: frozenset(found) for place, found in gathered.items()}
        return sum(map(_total, rising.values()))

    def beside(self, place: Place, words: Words, spatial: list[_Step]) -> bool:
        """Whether a child beside it, along an axis of the fanout just above, asked for the same a moment before."""
        if not self.is_fanout(self.child - 1):
            return False
        digits = sum(step.node < self.child - 1 for step in spatial)
        loops = [step.loop for step in spatial[digits:]]
        here = _position(loops, place[digits:])
        return any(
            before == words
            and other[:digits] == place[:digits]
            and sum(abs(a - b) for a, b in zip(here, _position(loops, other[digits:]), strict=True)) == 1
            for other, before in self.before.items()
        )

    def is_fanout(self, node: int) -> bool:
        return isinstance(self.count.hardware.nodes[node], Fanout)


def _index(steps: list[_Step], digits: list[int]) -> dict[str, int]:
    index: dict[str, int] = {}
    for step, digit in zip(steps, digits, strict=True):
        index[step.loop.dim] = index.get(step.loop.dim, 0) + step.stride * digit
    return index


def _position(loops: list[Loop], digits: Place) -> tuple[int, ...]:
    """Where a child stands along each axis."""
    at: dict[str, int] = {}
    for loop, digit in zip(loops, digits, strict=True):
        assert loop.axis is not None
        at[loop.axis] = at.get(loop.axis, 0) * loop.bound + digit
    return tuple(at.values())


def _total(request: Request) -> int:
    return sum(map(_total, request)) if isinstance(request, frozenset) else _size(request)


def _size(words: Words) -> int:
    return sum(math.prod(length for _, length in box) for box in words)


def _fresh(new: Box, old: Box) -> Iterator[Box]:
    """The part of the new tile that the old one, of the same shape, did not cover."""
    for rank, ((start, length), (before, _)) in enumerate(zip(new, old, strict=True)):
        move = start - before
        fresh = min(abs(move), length)
        if fresh:
            first = start + length - fresh if move > 0 else start
            yield (*new[:rank], (first, fresh), *new[rank + 1 :])
        if fresh == length:
            return
        new = (*new[:rank], (start if move > 0 else start + fresh, length - fresh), *new[rank + 1 :])
