"""The one vocabulary of counts: (component, tensor, action) → count."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Action(StrEnum):
    """What a component does to one word (or, for COMPUTE, one multiply-accumulate)."""

    READ = "read"  # a word leaves a memory downward, or a partial sum is read to be added to
    FILL = "fill"  # a word is written into a memory from above
    UPDATE = "update"  # a word is written into a memory from below
    TRANSFER = "transfer"  # a word is delivered to one child of a fanout, or sent up by one
    REDUCE = "reduce"  # two partial sums are added on the way up a fanout
    COMPUTE = "compute"


@dataclass(frozen=True, slots=True)
class Count:
    """How often `component` (a node's name) did `action` to words of `tensor` (None for compute): all instances
    together."""

    component: str
    tensor: str | None
    action: Action
    count: int


@dataclass(frozen=True, slots=True)
class Occupancy:
    """Words of a tensor's tile in one instance of a memory."""

    component: str
    tensor: str
    words: int


@dataclass(frozen=True, slots=True, repr=False)
class Analysis:
    """What one mapping of one einsum makes the hardware do.

    Attributes:
        counts: non-zero counts, in the order of the hardware's nodes.
        occupancy: tile sizes, the largest over time.
        steps: temporal steps of the whole nest: the cycles of a compute that does one MAC per cycle.
        active: instances that receive work, per node of the hardware, the compute last.
        returned: the part of `counts` that is partial sums on their way down again: reads of the memory above, and
            transfers.
        passed: the part of `counts` that is words read for neighbours.
    """

    counts: tuple[Count, ...]
    occupancy: tuple[Occupancy, ...]
    steps: int
    active: tuple[int, ...]
    returned: tuple[Count, ...] = ()
    passed: tuple[Count, ...] = ()

    @property
    def active_pes(self) -> int:
        """Compute instances that receive work."""
        return self.active[-1]

    def __repr__(self) -> str:
        return f"<Analysis: {len(self.counts)} counts, {self.steps:,} steps, {self.active_pes:,} active PEs>"

    def count(self, component: str, tensor: str | None, action: Action) -> int:
        """The count of that name, 0 if nothing moved."""
        return sum(c.count for c in self.counts if (c.component, c.tensor, c.action) == (component, tensor, action))
