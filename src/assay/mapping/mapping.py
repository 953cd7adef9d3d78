"""A mapping: in which order, and where, every multiply-accumulate is done."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from assay.errors import Position


@dataclass(frozen=True, slots=True)
class Loop:
    """`for dim in 0 .. bound-1`: in time, or along a fanout's axis in space.

    The loops of one dimension, from outer to inner, are the digits of its index. Their product may exceed the
    dimension's extent (imperfect factors): iterations past the extent are not run.
    """

    dim: str
    bound: int
    axis: str | None = None


@dataclass(frozen=True, slots=True)
class Level:
    """The loops at one node of the hardware, outermost first.

    Attributes:
        node: name of the memory or fanout.
        loops: temporal loops at a memory, loops along axes at a fanout.
        keep: tensors kept (memories only); the others pass by.
        at: where it is written, if it comes from a file.
    """

    node: str
    loops: tuple[Loop, ...] = ()
    keep: tuple[str, ...] = ()
    at: Position | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True, repr=False)
class Mapping:
    """One level per memory and fanout of the hardware, outermost first.

    The tile of a tensor at a memory is the set of its words touched by the loops at that memory and inside it.

    Attributes:
        at: where it is written, if it comes from a file.
    """

    levels: tuple[Level, ...]
    at: Position | None = field(default=None, compare=False, repr=False)

    def __repr__(self) -> str:
        text = " | ".join(_level_text(level) for level in self.levels)
        return f"<Mapping: {text if len(text) <= 100 else text[:97] + '...'}>"

    @property
    def loops(self) -> tuple[Loop, ...]:
        """All loops, outermost first."""
        return tuple(loop for level in self.levels for loop in level.loops)

    def factor(self, dim: str) -> int:
        """Product of all loop bounds of a dimension."""
        return math.prod(loop.bound for loop in self.loops if loop.dim == dim)


def _level_text(level: Level) -> str:
    """`array M4@X C3@Y`: the loops of one level, outermost first."""
    loops = (f"{loop.dim}{loop.bound}{'@' + loop.axis if loop.axis else ''}" for loop in level.loops)
    return " ".join((level.node, *loops))
