"""One step of the machine as a system of dates, linear in (max, +).

The state of the machine is a column of dates: when each port is free, when each tile arrived, was last read, has left.
A step takes the dates before it to the dates after it by maxima and sums alone, so it is a matrix: the *product* of two
matrices is one step after the other. Dates are whole numbers of a small unit of time (`Clock`).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil, lcm
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from assay.errors import UnsupportedError
from assay.mapping.latency import Port
from assay.metrics.pipeline_places import Advance
from assay.metrics.pipeline_stages import Bits, Course, Reduction

Dates = npt.NDArray[np.int64]
NEVER = -(1 << 62)
"""Before everything: the neutral element of the maximum. Twice of it still fits 64 bits."""

LARGEST = 1 << 60
"""Dates stay below this."""

Way = tuple[tuple[int, int], ...]
"""A transfer: the register of each port on its way, and how long it takes that port."""


class Matrix:
    """What some steps do to the dates: `dates[i]` becomes the maximum over k of `full[i, k] + dates[k]`.

    Most steps leave some dates as they are: only rows that differ from the identity are multiplied.
    """

    def __init__(self, full: Dates) -> None:
        self.full = full
        used = full > NEVER // 2
        off = used.copy()
        np.fill_diagonal(off, False)
        self.rows = np.flatnonzero(off.any(axis=1) | (full.diagonal() != 0))
        self.columns = np.flatnonzero(used[self.rows].any(axis=0))
        self.part = np.ascontiguousarray(full[np.ix_(self.rows, self.columns)])

    def of(self, dates: Dates) -> Dates:
        """The dates after, of columns of dates before."""
        result = dates.copy()
        part, before = self.part, dates[self.columns]
        if dates.shape[1] == 1:
            after = (part + before[:, 0]).max(axis=1, initial=NEVER)[:, None]
        else:
            after = (part[:, :, None] + before).max(axis=1, initial=NEVER)
        result[self.rows] = after
        return result

    def after(self, first: Matrix) -> Matrix:
        """`first`, then this."""
        return Matrix(self.of(first.full))


@dataclass(frozen=True, slots=True)
class Clock:
    """The unit of time, 1 / `scale` of a cycle. `exact`: every duration is a whole number of it."""

    scale: int
    exact: bool

    @staticmethod
    def of(durations: set[Fraction], longest: Fraction) -> Clock:
        """`longest`: what no date comes after. Raises UnsupportedError if that many cycles do not fit 64 bits."""
        scale = 1
        for duration in durations:
            scale = lcm(scale, duration.denominator)
            if scale * longest >= LARGEST:
                room = int((LARGEST >> 6) / longest)  # rounding up adds to every transfer: less than 64 times as much
                if not room:
                    raise UnsupportedError(f"the layer may take {float(longest):.3g} cycles; its tiles are not timed")
                return Clock(1 << room.bit_length() - 1, False)
        return Clock(scale, True)

    def units(self, duration: Fraction) -> int:
        """Rounded up where it is not exact."""
        return ceil(duration * self.scale)


class Part(NamedTuple):
    """One of several equal parts of what moves."""

    bits: Bits
    parts: int = 1


class Mode(NamedTuple):
    """What a stage does in one step of the innermost buffer.

    Attributes:
        fill: its part of the transfer of its next tile; None: nothing comes.
        next_above: that tile lies in the next tile of the stage above.
        drain: part of its last tile that leaves; None: nothing leaves.
        last_above: that tile belongs to the last tile of the stage above.
    """

    fill: Part | None = None
    next_above: bool = False
    drain: Part | None = None
    last_above: bool = False


class Registers(NamedTuple):
    """Where the dates of a stage stand; -1: it has no such date.

    `ready`: its tile is there (outputs: there is room for its sums, and those that return are there). `fill`: what has
    come so far has come. Inputs: `free`: its last tile was read for the last time; `read`, `ahead`: the same of this
    tile and of the next. Outputs: `sums`, `last`: the last sum of this tile, of the last tile, has come from below;
    `leaving`, `gone`: what left last began to leave, has left; `before`: `ready` of the last tile. `ahead` and
    `before` are needed where another stage lies below.
    """

    ready: int
    fill: int
    free: int = -1
    read: int = -1
    ahead: int = -1
    sums: int = -1
    last: int = -1
    leaving: int = -1
    gone: int = -1
    before: int = -1


class Steps:
    """The programs of a course: its start, its steps, what happens between two of them, its end."""

    def __init__(
        self,
        course: Course,
        limits: dict[Port, Fraction],
        clock: Clock,
        without: Port | None = None,
    ) -> None:
        """`without`: a port that takes no time."""
        self.course, self.stages, self.clock = course, course.stages, clock
        self.limits = limits
        self.ports = {port: 1 + number for number, port in enumerate(sorted(limits))}
        self.without = without
        self.registers = self._allot()
        self.inner = self._innermost()
        self._blocks: dict[tuple[tuple[Mode, ...], Fraction], Matrix] = {}
        self._advances: dict[tuple[Advance, Reduction | None], Matrix] = {}
        self._ways: dict[Part, Way] = {}

    def _allot(self) -> list[Registers]:
        names = {True: ("ready", "fill", "sums", "last", "leaving", "gone"), False: ("ready", "fill", "free", "read")}
        feeding = {stage.above for stage in self.stages}
        self.size = 1 + len(self.ports)
        found = []
        for number, stage in enumerate(self.stages):
            mine = names[stage.output] + (("before" if stage.output else "ahead",) if number in feeding else ())
            found.append(Registers(**{name: self.size + place for place, name in enumerate(mine)}))
            self.size += len(mine)
        return found

    def _innermost(self) -> list[int]:
        """Of each tensor with a stage, the stage that the multipliers work on."""
        return list(
            {stage.tensor.name: n for n, stage in sorted(enumerate(self.stages), key=lambda e: e[1].child)}.values()
        )

    # Transfers

    def _way(self, part: Part) -> Way:
        if part not in self._ways:
            self._ways[part] = tuple(
                (
                    self.ports[port],
                    0 if port == self.without else self.clock.units(bits / self.limits[port] / part.parts),
                )
                for port, bits in part.bits
                if port in self.limits
            )
        return self._ways[part]

    @staticmethod
    def _pass(dates: Dates, start: Dates, way: Way) -> tuple[Dates, Dates]:
        """A transfer that may begin at `start`: it meets each port after the last, and takes each for its own time.

        Gives the dates at which it begins and ends.
        """
        first = begin = end = start
        for position, (port, duration) in enumerate(way):
            begin = np.maximum(begin, dates[port])
            dates[port] = begin + duration
            end = np.maximum(end, dates[port])
            first = first if position else begin
        return first, end

    # Programs

    def identity(self) -> Dates:
        dates = np.full((self.size, self.size), NEVER, np.int64)
        np.fill_diagonal(dates, 0)
        return dates

    def start(self) -> Dates:
        """All first tiles come, from the outside in."""
        dates = np.full((self.size, 1), NEVER, np.int64)
        dates[: 1 + len(self.ports)] = 0
        zero = np.zeros(1, np.int64)
        for stage, own in zip(self.stages, self.registers, strict=True):
            bits = self.course.moves.fill(stage, None, None)
            end = zero
            if bits:
                above = None if stage.above is None else self.registers[stage.above]
                _, end = self._pass(dates, zero if above is None else dates[above.fill], self._way(Part(bits)))
                if above is not None and not stage.output:
                    dates[above.read] = np.maximum(dates[above.read], end)
            dates[own.ready] = dates[own.fill] = end
        return dates

    def begin(self, dates: Dates) -> Dates:
        """When the multipliers can begin the step that these dates have come to."""
        begin: Dates = dates[0]
        for number in self.inner:
            begin = np.maximum(begin, dates[self.registers[number].ready])
        return begin

    def block(self, modes: tuple[Mode, ...], computing: Fraction) -> Matrix:
        """The matrix of one step; `computing`: its cycles."""
        key = modes, computing
        if key not in self._blocks:
            dates = self.identity()
            self.step(dates, *key)
            self._blocks[key] = Matrix(dates)
        return self._blocks[key]

    def step(self, dates: Dates, modes: tuple[Mode, ...], computing: Fraction) -> None:
        """One step: parts of the last tiles leave (from the inside out), parts of the next come (from the outside in),
        and the multipliers work on what is there."""
        for number in range(len(self.stages) - 1, -1, -1):
            drain = modes[number].drain
            if drain is not None:
                self._leave(dates, number, drain, modes[number].last_above)
        for number, mode in enumerate(modes):
            if mode.fill is not None:
                self._come(dates, number, mode.fill, mode.next_above)
        end = self.begin(dates) + self.clock.units(computing)
        dates[0] = end
        for number in self.inner:
            own = self.registers[number]
            register = own.sums if self.stages[number].output else own.read
            dates[register] = np.maximum(dates[register], end)

    def _leave(self, dates: Dates, number: int, part: Part, last_above: bool) -> None:
        own, above = self.registers[number], self.stages[number].above
        start = dates[own.last]
        if above is not None:
            start = np.maximum(start, dates[self._above(above, last_above)])
        dates[own.leaving], end = self._pass(dates, start, self._way(part))
        dates[own.gone] = np.maximum(dates[own.gone], end)
        if above is not None:
            register = self.registers[above].last if last_above else self.registers[above].sums
            dates[register] = np.maximum(dates[register], end)

    def _above(self, above: int, last: bool) -> int:
        return self.registers[above].before if last else self.registers[above].ready

    def _come(self, dates: Dates, number: int, part: Part, next_above: bool) -> None:
        own, stage = self.registers[number], self.stages[number]
        start = dates[own.leaving if stage.output else own.free]
        if stage.above is not None:
            above = self.registers[stage.above]
            start = np.maximum(start, dates[above.fill if next_above else above.ready])
        _, end = self._pass(dates, start, self._way(part))
        if stage.output:
            end = np.maximum(end, dates[own.gone])  # a word comes where a word has left
        dates[own.fill] = np.maximum(dates[own.fill], end)
        if stage.above is not None and not stage.output:
            register = above.ahead if next_above else above.read
            dates[register] = np.maximum(dates[register], end)

    def advance(self, advance: Advance, reduction: Reduction | None) -> Matrix:
        """The matrix of what happens between two steps when a loop advances."""
        key = advance, reduction
        if key not in self._advances:
            dates = self.identity()
            self.turn(dates, *key)
            self._advances[key] = Matrix(dates)
        return self._advances[key]

    def turn(self, dates: Dates, advance: Advance, reduction: Reduction | None) -> None:
        """Tiles that have room for one only are replaced; then every tile that changes becomes the last one, and the
        next becomes the present one."""
        late = [
            n for n, stage in enumerate(self.stages) if advance.loop < stage.depth and self.course.late(n, advance.loop)
        ]
        for number in reversed(late):
            if self.stages[number].output:
                self.leave_whole(dates, number, advance)
        for number in late:
            bits = self.course.moves.fill(self.stages[number], advance, reduction)
            if bits:
                self._come_whole(dates, number, Part(bits), advance.loop)
        for stage, own in zip(self.stages, self.registers, strict=True):
            if advance.loop >= stage.depth:
                continue
            if stage.output:
                dates[own.last], dates[own.sums] = dates[own.sums].copy(), NEVER
                if own.before >= 0:
                    dates[own.before] = dates[own.ready]
                dates[own.ready] = np.maximum(dates[own.gone], dates[own.fill])
            else:
                dates[own.free], dates[own.read] = dates[own.read].copy(), NEVER
                if own.ahead >= 0:
                    dates[own.read], dates[own.ahead] = dates[own.ahead].copy(), NEVER
                dates[own.ready] = np.maximum(dates[own.ready], dates[own.fill])

    def leave_whole(self, dates: Dates, number: int, advance: Advance | None) -> None:
        """The present tile of sums leaves at once, before the loop advances or at the very end."""
        own, above = self.registers[number], self.stages[number].above
        start = dates[own.sums]
        if above is not None:
            start = np.maximum(start, dates[self.registers[above].ready])
        bits = self.course.moves.drain(self.stages[number], advance)
        dates[own.leaving], end = self._pass(dates, start, self._way(Part(bits)))
        dates[own.gone] = np.maximum(dates[own.gone], end)
        if above is not None:
            register = self.registers[above].sums
            dates[register] = np.maximum(dates[register], end)

    def _come_whole(self, dates: Dates, number: int, part: Part, advances: int) -> None:
        own, stage = self.registers[number], self.stages[number]
        start = dates[own.gone] if stage.output else dates[own.read if stage.single else own.free]
        next_above = False
        if stage.above is not None:
            next_above = advances < self.stages[stage.above].depth
            above = self.registers[stage.above]
            start = np.maximum(start, dates[above.fill if next_above else above.ready])
        _, end = self._pass(dates, start, self._way(part))
        dates[own.fill] = np.maximum(dates[own.fill], end)
        if stage.above is not None and not stage.output:
            register = above.ahead if next_above else above.read
            dates[register] = np.maximum(dates[register], end)

    def finish(self, dates: Dates) -> int:
        """The last sums leave, from the inside out: the date at which all is done."""
        end = int(dates[0, 0])
        for number in range(len(self.stages) - 1, -1, -1):
            if self.stages[number].output:
                self.leave_whole(dates, number, None)
                end = max(end, int(dates[self.registers[number].gone, 0]))
        return end
