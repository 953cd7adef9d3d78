"""All steps of a loop nest one after the other, without going through them one by one.

What happens in a step depends on where the loops stand only through few things: which loop advanced last, which will
advance next, and which reduction loop is not at its start. All but the first and the last iterations of a loop are
alike, so their matrices are multiplied as powers: some products per loop, however long it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from assay.metrics.pipeline_stages import Class
from assay.metrics.pipeline_steps import Dates, Matrix, Mode, Steps


@dataclass(frozen=True, slots=True)
class Context:
    """Where the loops outside a loop stand.

    Attributes:
        last: the loop that advanced last; None: none has yet.
        reduction: the innermost reduction loop that is not at its start.
        next: the loop that advances when the loops inside have ended; None: none will.
        then: `reduction` after that.
    """

    last: Class
    reduction: Class
    next: Class
    then: Class


Modes = tuple[Mode, ...]

FEW = 16
"""Up to here it is quicker to go through the iterations of a loop than to multiply matrices."""


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

    def __init__(self, steps: Steps) -> None:
        self.steps, self.course = steps, steps.course
        self._matrices: dict[tuple[int, Modes, object], Matrix] = {}
        self._known: dict[tuple[int, Class, Class, Class, Class], object] = {}

    def run(self) -> Dates:
        """The dates after the last step."""
        context = Context(None, None, None, None)
        return self._run(0, context, self._fixed(0, context, ()), self.steps.start())

    def _fixed(self, depth: int, context: Context, fixed: Modes) -> Modes:
        """With the modes of the stages whose tiles do not change inside of `depth` loops."""
        stages = self.steps.stages
        while len(fixed) < len(stages) and stages[len(fixed)].depth <= depth:
            fixed += (self._mode(len(fixed), context),)
        return fixed

    def _mode(self, number: int, at: Context) -> Mode:
        steps, stage = self.steps, self.steps.stages[number]
        above = 0 if stage.above is None else steps.stages[stage.above].depth
        fill, next_above = None, False
        if at.next is not None and not steps.late(number, at.next):
            fill = steps.way(number, at.next, at.then, False)
            next_above = fill is not None and at.next < above
        drain = stage.output and at.last is not None and not steps.late(number, at.last)
        return Mode(fill, next_above, drain, bool(drain and at.last is not None and at.last < above))

    def _iterations(self, loop: int, at: Context) -> Iterator[tuple[int, Context]]:
        """Iterations of a loop that are alike: how many, and what the loops inside it see."""
        bound, reduces = self.course.bounds[loop], self.course.reduces[loop]
        then = loop if reduces else at.reduction
        yield 1, Context(at.last, at.reduction, loop, then)
        if bound > 2:
            yield bound - 2, Context(loop, then, loop, then)
        yield 1, Context(loop, then, at.next, at.then)

    def _run(self, loop: int, at: Context, fixed: Modes, dates: Dates) -> Dates:
        """The dates after all iterations of a loop, from those before."""
        if loop == self.course.depth:
            dates = dates.copy()
            self.steps.step(dates, fixed)
            return dates
        known = self._matrices.get((loop, fixed, self._seen(loop, at)))
        if known is not None:
            return known.of(dates)
        turn = self.steps.advance(loop, loop if self.course.reduces[loop] else at.reduction)
        for position, (times, inside) in enumerate(self._iterations(loop, at)):
            modes = self._fixed(loop + 1, inside, fixed)
            if times == 1:
                dates = self._run(loop + 1, inside, modes, turn.of(dates) if position else dates)
            else:
                dates = self._repeat(self._matrix(loop + 1, inside, modes), turn, times, dates)
        return dates

    @staticmethod
    def _repeat(once: Matrix, turn: Matrix, times: int, dates: Dates) -> Dates:
        """The dates after so many times a turn and an iteration."""
        if times <= FEW:
            for _ in range(times):
                dates = once.of(turn.of(dates))
            return dates
        return _power(once.after(turn), times, dates)

    def _matrix(self, loop: int, at: Context, fixed: Modes) -> Matrix:
        """The matrix of all iterations of a loop."""
        if loop == self.course.depth:
            return self.steps.block(fixed)
        key = loop, fixed, self._seen(loop, at)
        if key not in self._matrices:
            self._matrices[key] = self._multiply(loop, at, fixed)
        return self._matrices[key]

    def _multiply(self, loop: int, at: Context, fixed: Modes) -> Matrix:
        turn = self.steps.advance(loop, loop if self.course.reduces[loop] else at.reduction)
        result: Dates | None = None
        for times, inside in self._iterations(loop, at):
            once = self._matrix(loop + 1, inside, self._fixed(loop + 1, inside, fixed))
            if result is None:
                result = once.full
            elif times == 1:
                result = once.of(turn.of(result))
            else:
                result = _power(once.after(turn), times, result)
        assert result is not None
        return Matrix(result)

    def _seen(self, loop: int, at: Context) -> object:
        """All that the loops from this one on see of the context: equal for contexts that make no difference."""
        key = loop, at.last, at.reduction, at.next, at.then
        if key not in self._known:
            stages = self.steps.stages
            deeper = [number for number, stage in enumerate(stages) if stage.depth > loop]
            modes = tuple(self._mode(number, at) for number in deeper)
            shares = tuple(
                returned.get(at.reduction) for number in deeper if (returned := stages[number].returned) is not None
            )
            lates = at.next is not None and any(self.steps.late(number, at.next) for number in deeper)
            self._known[key] = modes, shares, (at.next, at.then) if lates else None
        return self._known[key]
