"""The search of one problem: all mappings with perfect factors at once, from the compute outwards.

Every loop placed multiplies the tile of the loops placed so far. The inner loop is `core.c`: labels with the same tiles
are compared and the beaten ones dropped; labels that cannot come below the best one known so far are dropped by the
tables of `bounds`. What is left at the end is optimal. Here the question is written down for it and its answers read.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from assay.errors import UnsupportedError
from assay.hardware.model import Axis, Buffering, Factors, Fanout, Memory
from assay.mapper import _core
from assay.mapper.bounds import Bounds
from assay.mapper.problem import STEPS, Problem
from assay.mapper.slides import Slides
from assay.mapper.spell import Step
from assay.mapper.tiles import Factor, Tiles

Floats = npt.NDArray[np.float64]


class Aim(IntEnum):
    """What is to be least."""

    ENERGY = 0
    LATENCY = 1
    EDP = 2
    FRONT = 3


class Status(IntEnum):
    """How a search ended."""

    DONE = 0
    STOPPED = 1
    NOTHING = 2


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of a search.

    Attributes:
        aim: what is to be least.
        upper: only mappings whose aim is at most this (not for a front).
        caps: only mappings whose objectives of these names are at most this.
        latency: a limit of the latency: of the steps and all ports.
        points: (energy, cycles) of mappings known; only mappings that add to the front are looked for.
        beam: labels kept of each kind and size; None: all that matter.
        seconds: time to answer.
        turns: which of `Search.turns` to use. It changes nothing but the time that the search takes.
        tie: joules per step, so little that they only decide between mappings of equal energy.
    """

    aim: Aim
    upper: float = math.inf
    caps: tuple[tuple[str, float], ...] = ()
    latency: float = math.inf
    points: tuple[tuple[float, float], ...] = ()
    beam: int | None = None
    seconds: float = math.inf
    turns: int = 0
    tie: float = 0.0


@dataclass(frozen=True, slots=True)
class Candidate:
    """A mapping that a search found: its objectives as claimed, and its loops from the innermost outwards."""

    energy: float
    cycles: float
    loops: list[Step]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a search found.

    Attributes:
        candidates: the best first.
        least: where it was stopped: no mapping asked for has a lower aim.
        root: no mapping at all has a lower aim.
        labels: partial mappings looked at.
    """

    status: Status
    candidates: list[Candidate]
    least: float
    root: float
    labels: int


class Writer:
    """Whole numbers and floats, one after the other, as core.c reads them."""

    def __init__(self) -> None:
        self.ints: list[int] = []
        self.floats: list[Floats] = []
        self.size = 0

    def put(self, *values: int) -> None:
        self.ints += values

    def array(self, values: object) -> int:
        """Where the floats will be."""
        place = self.size
        table = np.asarray(values, np.float64).reshape(-1)
        self.floats.append(table)
        self.size += table.size
        return place

    def product(self, factors: list[Factor]) -> None:
        """Numbers whose product depends on the tile."""
        self.put(len(factors))
        for dims, values in factors:
            self.put(self.array(values), len(dims), *dims)


@dataclass(slots=True, eq=False)
class Search:
    """The search of one problem.

    Args:
        energy: weigh energy; otherwise only time.
        step: joules per step of the compute.
        time: weigh the `steps` of the compute, or them and all ports (`full`), or `none`.
    """

    problem: Problem
    energy: bool = True
    time: str = "full"
    step: float = 0.0
    tiles: Tiles = field(init=False)
    _slides: Slides = field(init=False)
    _bounds: Bounds = field(init=False)
    _written: Writer = field(init=False)
    _steps: int = field(init=False)

    def __post_init__(self) -> None:
        self.tiles = Tiles(self.problem)
        self._slides = Slides(self.problem)
        self._written = self._write()

    @property
    def columns(self) -> list[int]:
        """Positions of the objectives weighed."""
        weighed = {"none": (), "steps": (STEPS,), "full": [o.name for o in self.problem.objectives]}[self.time]
        return [k for k, objective in enumerate(self.problem.objectives) if k == 0 or objective.name in weighed]

    @property
    def turns(self) -> list[list[int]]:
        """Orders in which fanouts take the dimensions: as they come, or those of sliding windows first."""
        dims = range(len(self.problem.dims))
        sliding = {d for window in self.problem.windows for d in window.dims}
        return [list(dims), sorted(dims, key=lambda d: d not in sliding)]

    def ask(self, question: Question, tick: Callable[[int, int, int, float], object] | None = None) -> Answer:
        """Search. `tick(stage, stages, labels, least)` is called now and then, and may raise."""
        written = self._written
        ints = [*written.ints, int(question.aim), question.beam or 0, written.size]
        names = [self.problem.objectives[k].name for k in self.columns]
        limits = dict(question.caps)
        caps = [limits.get(name, math.inf if k == 0 else question.latency) for k, name in enumerate(names)]
        asked = [question.upper, question.seconds, *caps]
        ints += [len(question.points), written.size + len(asked)]
        ints += self.turns[question.turns]
        asked += [figure for point in question.points for figure in point]
        floats = np.concatenate([*written.floats, np.array([*asked, 0.0])])
        floats[self._steps] += question.tie
        try:
            status, labels, least, root, found = _core.search(
                np.array(ints, np.int64), floats, self._slides.answer, tick or (lambda *_: None)
            )
        except OverflowError as error:
            raise UnsupportedError(
                f"the search does not take {self.problem.hardware.name} with this layer: {error}",
                hint="give its mapping (--mapping), or leave out levels that this layer does not need",
            ) from None
        candidates = [Candidate(values[0], self._cycles(values), self._spell(edges)) for values, edges in found]
        order = {
            Aim.ENERGY: lambda c: (c.energy, c.cycles),
            Aim.LATENCY: lambda c: (c.cycles, c.energy),
            Aim.EDP: lambda c: (c.energy * c.cycles, c.energy),
            Aim.FRONT: lambda c: (c.energy, c.cycles),
        }[question.aim]
        return Answer(Status(status), sorted(candidates, key=order), least, root, labels)

    @staticmethod
    def _cycles(values: tuple[float, ...]) -> float:
        return max((math.ceil(v * (1 - 1e-12) - 1e-9) for v in values[1:]), default=0.0)

    def _spell(self, edges: list[int]) -> list[Step]:
        """Loops from the innermost outwards."""
        places = self._bounds.places
        steps = []
        for edge in reversed(edges):
            place, d = places[edge >> 8 & 0xFF], (edge & 0xFF) - 1
            before, after = (self.problem.dims[d].divisors[i] for i in (edge >> 40, edge >> 16 & 0xFFFFFF))
            steps.append(Step(place.node, -1 if place.axis is None else place.axis, d, after // before))
        return steps

    # -- the question as core.c reads it ------------------------------------------------------------------------------

    def _write(self) -> Writer:
        problem, writer = self.problem, Writer()
        weights = np.array([c.weights for c in problem.components], np.float64)[:, self.columns]
        constants = [problem.objectives[k].constant for k in self.columns]
        if not self.energy:
            weights[:, 0] = 0.0
            constants[0] = 0.0
        steps = next(r for r in problem.records if r.tensor is None).components[0].index
        weights[steps, 0] = self.step
        self._bounds = bounds = Bounds(problem, self.tiles, weights)
        _check_size(problem)
        tensors = problem.einsum.tensors
        names = [tensor.name for tensor in tensors]
        writer.put(len(problem.dims), len(bounds.places), len(problem.records), len(problem.components))
        writer.put(len(problem.windows), len(constants), len(tensors))
        for dim in problem.dims:
            writer.put(len(dim.divisors), len(dim.primes), *dim.divisors, *dim.primes)
            for prime in dim.primes:
                writer.put(*dim.times(prime).tolist())
        for tensor in tensors:
            writer.put(tensor.bits)
            writer.product(self.tiles.words[tensor.name])
            writer.product(self.tiles.used[tensor.name])
        for record in problem.records:
            window_dims = [d for w in record.windows for d in problem.windows[w].dims]
            first = record.components[0].index if record.components else 0
            writer.put(record.parent, record.child, names.index(record.tensor.name) if record.tensor else -1)
            writer.put(int(record.latched), int(record.stationary), first, first + len(record.components))
            total = min(problem.einsum.words(record.tensor), 1 << 62) if record.tensor else 0
            writer.put(_mask(record.pure), _mask(window_dims), _mask(record.linked), total)
            writer.put(len(record.windows), *record.windows)
        for component in problem.components:
            writer.put(_mask([node for node, _ in component.roles]))
        for window in problem.windows:
            writer.put(window.record, len(window.dims), *window.dims)
            writer.product([bounds.met(window)])
        place = writer.array(weights)
        self._steps = place + steps * len(constants)
        writer.put(place, writer.array(constants))
        writer.put(*[_mask(problem.objectives[k].divides) for k in self.columns])
        futures = [bounds.future(column) for column in range(len(constants))]
        for at in range(len(bounds.places)):
            self._write_stage(writer, at, [future[at] for future in futures], names)
        return writer

    def _write_stage(self, writer: Writer, at: int, futures: list[Floats | float], names: list[str]) -> None:
        problem, bounds = self.problem, self._bounds
        place = bounds.places[at]
        node = problem.hardware.nodes[place.node]
        assert isinstance(node, Memory | Fanout)
        whole = frozenset(range(len(problem.dims))) if place.node == 0 else problem.positions(node.whole)
        capacity, least_used, size = math.inf, 0.0, 1
        kept: list[int] = []
        spot, sizes = 0, []
        rules: Memory | Axis
        if isinstance(node, Memory):
            allowed = problem.positions(node.loops)
            if place.node:
                allowed -= outermost(problem)
            kept = [names.index(name) for name in problem.keep[place.node]]
            capacity = math.inf if node.capacity is None else float(node.capacity)
            rules = node
        else:
            assert place.axis is not None
            rules = node.axes[place.axis]
            allowed, size, spot = problem.positions(rules.dims), rules.size, place.axis + 1
            sizes = [axis.size for axis in node.axes]
            least_used = node.min_utilization * node.children - 1e-9
        first = int(at == 0 or bounds.places[at - 1].node != place.node)
        outer = int(bounds.next(at) == at + 1)
        writer.put(spot, place.node, first, outer, bounds.next(at), len(sizes), *sizes)
        writer.put(_mask(allowed), _mask(whole if outer else ()), size)
        figures = [capacity, least_used, *[f if isinstance(f, float) else 0.0 for f in futures]]
        writer.put(writer.array(figures), len(kept), *kept)
        writer.put(*[-1 if isinstance(f, float) else writer.array(f) for f in futures])
        joints = bounds.joints(at)
        writer.put(len(joints), bounds.levels(at), bounds.finest)
        for records, table in joints:
            writer.put(_mask(records), writer.array(table))
        writer.product(bounds.spread(at))
        for record in problem.records:
            writer.product(bounds.shared(record, at))
            writer.product(bounds.shared_evenly(record, at))
        fixed, most = self._factors(rules.factors), self._factors(rules.max_factors)
        order = rules.order[::-1] if isinstance(rules, Memory) else ()
        writer.put(int(bool(order)), int(bool(fixed or most)))
        for d, dim in enumerate(problem.dims):
            spot = order.index(dim.name) if dim.name in order else -1
            writer.put(fixed.get(d, -1), most.get(d, -1), spot)

    def _factors(self, factors: Factors) -> dict[int, int]:
        """Bounds that the file gives for dimensions that the layer has; 0 there means all of it."""
        found = {}
        for name, bound in factors:
            d = self.problem.position(name)
            if d is not None:
                found[d] = min(bound or self.problem.dims[d].extent, self.problem.dims[d].extent)
        return found


def _check_size(problem: Problem) -> None:
    """What would not fit the fields of core.c, and is not found there."""
    primes = sum(_prime_count(dim.extent, dim.primes) for dim in problem.dims)
    if len(problem.dims) > 16 or primes > 500 or max((len(d.divisors) for d in problem.dims), default=0) > 60_000:
        raise UnsupportedError(
            f"a layer with {len(problem.dims)} dimensions and {primes} prime factors: the search takes up to 16"
            " dimensions of 60,000 divisors each, and 500 prime factors"
        )
    if len(problem.hardware.nodes) > 60:
        raise UnsupportedError(f"a chip with {len(problem.hardware.nodes)} levels: the search takes up to 60")


def _prime_count(extent: int, primes: tuple[int, ...]) -> int:
    count = 0
    for prime in primes:
        while extent % prime == 0:
            extent //= prime
            count += 1
    return count


def outermost(problem: Problem) -> frozenset[int]:
    """Dimensions that every tensor depends on, and on which no memory puts a constraint: a loop in time over one of
    them replaces all tiles, so that nothing is better than to have it outermost."""
    found = set(range(len(problem.dims)))
    for record in problem.records:
        if record.tensor is not None:
            found &= record.pure
    for memory in problem.hardware.memories:
        named = (*memory.whole, *memory.order, *[name for name, _ in (*memory.factors, *memory.max_factors)])
        found -= problem.positions(named)
        if memory.buffering is not Buffering.IDEAL:
            return frozenset()
    for fanout in problem.hardware.fanouts:
        found -= problem.positions(fanout.whole)
    return frozenset(found & problem.positions(problem.hardware.memories[0].loops))


def _mask(positions: object) -> int:
    assert isinstance(positions, list | tuple | frozenset | set)
    return sum(1 << position for position in set(positions))
