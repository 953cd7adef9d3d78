"""All steps of a loop nest one after the other, without going through them one by one.

What happens in a step depends on where the loops stand only through few things: which loop advanced last, which will
advance next, which reduction loop is not at its start, and which tiles are cut off. All iterations of a loop but the
first, the last, and those at the end of a dimension are alike, so their matrices are multiplied as powers: some
products per loop, however long it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from assay.mapping.latency import Port
from assay.metrics.pipeline_places import Advance, Left
from assay.metrics.pipeline_stages import Course, Reduction
from assay.metrics.pipeline_steps import Clock, Dates, Matrix, Mode, Part, Steps


@dataclass(frozen=True, slots=True)
class Context:
    """Where the loops outside a loop stand.

    Attributes:
        last: the loop that advanced last; None: none has yet.
        reduction: the innermost reduction loop that is not at its start.
        next: the loop that advances when the loops inside have ended; None: none will.
        then: `reduction` after that.
    """

    last: Advance | None = None
    reduction: Reduction | None = None
    next: Advance | None = None
    then: Reduction | None = None


@dataclass(frozen=True, slots=True)
class Alike:
    """Iterations of a loop that are alike.

    Attributes:
        times: how many.
        last: from the iteration before each of them; None: it is the first of the loop.
        next: to the next; None: it is the last of the loop.
        left: inside of each.
    """

    times: int
    last: Advance | None
    next: Advance | None
    left: Left


Modes = tuple[Mode, ...]
Key = tuple[int, Left, Modes, object]

FEW = 16
"""Up to here it is quicker to go through the iterations of a loop than to multiply matrices."""


class Turns:
    """What happens in the steps of a course, and between them."""

    def __init__(self, course: Course, macs: int) -> None:
        self.course, self.macs = course, macs
        self._known: dict[tuple[int, Context], object] = {}
        self._alike: dict[tuple[int, Left], tuple[Alike, ...]] = {}

    def computing(self, left: Left) -> Fraction:
        """Cycles of one step of the innermost buffer."""
        return Fraction(self.course.places.steps(left, self.course.depth), self.macs)

    def iterations(self, loop: int, at: Context, left: Left) -> list[tuple[Alike, Context]]:
        """Those of a loop, and what the loops inside it see."""
        if (loop, left) not in self._alike:
            self._alike[loop, left] = tuple(self._iterations(loop, left))
        then = self.then(loop, at, left)
        return [
            (
                each,
                Context(
                    each.last or at.last,
                    then if each.last else at.reduction,
                    each.next or at.next,
                    then if each.next else at.then,
                ),
            )
            for each in self._alike[loop, left]
        ]

    def then(self, loop: int, at: Context, left: Left) -> Reduction | None:
        """The innermost reduction loop that is not at its start after the loop has advanced."""
        if not self.course.reduces[loop]:
            return at.reduction
        places, last = self.course.places, len(self.course.reduces)
        inner = (n for n in range(loop + 1, last) if not self.course.reduces[n] and places.count(n, left) > 1)
        return Reduction(loop, next(inner, last))

    def _iterations(self, loop: int, left: Left) -> list[Alike]:
        places = self.course.places
        count, value = places.count(loop, left), 0
        alike = min(places.alike(loop, left), count - 2)
        found: list[Alike] = []
        while value < count:
            last = places.advance(loop, left, value - 1) if value else None
            following = places.advance(loop, left, value) if value + 1 < count else None
            times = alike if value == 1 and alike > 1 else 1
            value += times
            inside = places.inside(loop, left, value - 1)
            if found and (found[-1].last, found[-1].next, found[-1].left) == (last, following, inside):
                times += found.pop().times
            found.append(Alike(times, last, following, inside))
        return found

    def fixed(self, depth: int, at: Context, left: Left, fixed: Modes) -> Modes:
        """With the modes of the stages whose tiles do not change inside of `depth` loops."""
        stages = self.course.stages
        while len(fixed) < len(stages) and stages[len(fixed)].depth <= depth:
            fixed += (self._mode(len(fixed), at, left),)
        return fixed

    def _mode(self, number: int, at: Context, left: Left) -> Mode:
        course, stage = self.course, self.course.stages[number]
        above = 0 if stage.above is None else course.stages[stage.above].depth
        parts = course.places.steps(left, stage.depth, course.depth)
        fill = drain = None
        if at.next is not None and not course.late(number, at.next.loop):
            bits = course.moves.fill(stage, at.next, at.then)
            fill = Part(bits, parts) if bits else None
        if stage.output and at.last is not None and not course.late(number, at.last.loop):
            drain = Part(course.moves.drain(stage, at.last), parts)
        next_above = fill is not None and at.next is not None and at.next.loop < above
        return Mode(fill, next_above, drain, drain is not None and at.last is not None and at.last.loop < above)

    def seen(self, loop: int, at: Context) -> object:
        """All that the loops from this one on see of the context: equal for contexts that make no difference."""
        key = loop, at
        if key not in self._known:
            course = self.course
            deeper = [number for number, stage in enumerate(course.stages) if stage.depth > loop]
            modes = tuple(self._mode(number, at, course.places.start) for number in deeper)
            sums = [course.stages[number] for number in deeper if course.stages[number].output]
            holders = tuple(course.moves.holders(stage, at.reduction) for stage in sums)
            lates = at.next is not None and any(course.late(number, at.next.loop) for number in deeper)
            self._known[key] = modes, holders, (at.next, at.then) if lates else None
        return self._known[key]

    def clock(self, limits: dict[Port, Fraction]) -> Clock:
        """A unit of time for all durations."""
        course = self.course
        parts: list[set[Part]] = [
            {Part(course.moves.fill(stage, None, None))}
            | ({Part(course.moves.drain(stage, None))} if stage.output else set())
            for stage in course.stages
        ]
        durations: set[Fraction] = set()
        known: set[Key] = set()

        def walk(loop: int, at: Context, left: Left, fixed: Modes) -> None:
            key = loop, left, fixed, self.seen(loop, at)
            if key in known:
                return
            known.add(key)
            if loop == course.depth:
                durations.add(self.computing(left))
                for mode, mine in zip(fixed, parts, strict=True):
                    mine.update(part for part in (mode.fill, mode.drain) if part is not None)
                return
            then = self.then(loop, at, left)
            for each, inside in self.iterations(loop, at, left):
                if each.last is not None:
                    for number, stage in enumerate(course.stages):
                        if loop < stage.depth and course.late(number, loop):
                            parts[number].add(Part(course.moves.fill(stage, each.last, then)))
                            if stage.output:
                                parts[number].add(Part(course.moves.drain(stage, each.last)))
                walk(loop + 1, inside, each.left, self.fixed(loop + 1, inside, each.left, fixed))

        start, at = course.places.start, Context()
        walk(0, at, start, self.fixed(0, at, start, ()))
        longest = Fraction(course.places.steps(start, 0), self.macs)
        for stage, mine in zip(course.stages, parts, strict=True):
            most = Fraction(0)
            for part in mine:
                times = [bits / limits[port] for port, bits in part.bits if port in limits]
                durations.update(time / part.parts for time in times)
                most = max(most, sum(times, Fraction(0)))
            longest += 2 * course.places.steps(start, 0, stage.depth) * most
        return Clock.of(durations, longest + 1)


def _power(matrix: Matrix, times: int, dates: Dates) -> Dates:
    """The dates after the matrix so many times."""
    while times:
        if times & 1:
            dates = matrix.of(dates)
        times >>= 1
        if times:
            matrix = matrix.after(matrix)
    return dates


class Odometer:
    """Runs the steps of a course."""

    def __init__(self, turns: Turns, steps: Steps) -> None:
        self.turns, self.steps, self.course = turns, steps, turns.course
        self._matrices: dict[Key, Matrix] = {}

    def run(self) -> Dates:
        """The dates after the last step."""
        left, context = self.course.places.start, Context()
        return self._run(0, context, left, self.turns.fixed(0, context, left, ()), self.steps.start())

    def _run(self, loop: int, at: Context, left: Left, fixed: Modes, dates: Dates) -> Dates:
        """The dates after all iterations of a loop, from those before."""
        if loop == self.course.depth:
            dates = dates.copy()
            self.steps.step(dates, fixed, self.turns.computing(left))
            return dates
        known = self._matrices.get((loop, left, fixed, self.turns.seen(loop, at)))
        if known is not None:
            return known.of(dates)
        then = self.turns.then(loop, at, left)
        for each, inside in self.turns.iterations(loop, at, left):
            modes = self.turns.fixed(loop + 1, inside, each.left, fixed)
            turn = None if each.last is None else self.steps.advance(each.last, then)
            if turn is None:
                dates = self._run(loop + 1, inside, each.left, modes, dates)
            elif each.times == 1:
                dates = self._run(loop + 1, inside, each.left, modes, turn.of(dates))
            else:
                dates = self._repeat(self._matrix(loop + 1, inside, each.left, modes), turn, each.times, dates)
        return dates

    @staticmethod
    def _repeat(once: Matrix, turn: Matrix, times: int, dates: Dates) -> Dates:
        """The dates after so many times a turn and an iteration."""
        if times <= FEW:
            for _ in range(times):
                dates = once.of(turn.of(dates))
            return dates
        return _power(once.after(turn), times, dates)

    def _matrix(self, loop: int, at: Context, left: Left, fixed: Modes) -> Matrix:
        """The matrix of all iterations of a loop."""
        if loop == self.course.depth:
            return self.steps.block(fixed, self.turns.computing(left))
        key = loop, left, fixed, self.turns.seen(loop, at)
        if key not in self._matrices:
            self._matrices[key] = self._multiply(loop, at, left, fixed)
        return self._matrices[key]

    def _multiply(self, loop: int, at: Context, left: Left, fixed: Modes) -> Matrix:
        result: Dates | None = None
        then = self.turns.then(loop, at, left)
        for each, inside in self.turns.iterations(loop, at, left):
            once = self._matrix(loop + 1, inside, each.left, self.turns.fixed(loop + 1, inside, each.left, fixed))
            if result is None or each.last is None:
                result = once.full
                continue
            turn = self.steps.advance(each.last, then)
            result = once.of(turn.of(result)) if each.times == 1 else _power(once.after(turn), each.times, result)
        assert result is not None
        return Matrix(result)
