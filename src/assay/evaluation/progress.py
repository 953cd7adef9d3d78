"""How far the evaluation of a network is, or the search of one layer, and what is left."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from assay.hardware.model import Hardware
from assay.workload.einsum import Einsum

UNITS = {"energy": "J", "latency": "cycles", "edp": "J·s"}
"""Of the values of the objectives, where people read them."""

_SMALL = 1500.0
"""What a search takes whatever the layer, in combinations of tile sizes."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an evaluation is: `done` of `total` different layers, the last of them named `layer`.

    Attributes:
        layer: its name; empty before the first.
        cached: how many of those done were in the cache.
        elapsed: seconds since the evaluation began.
        left: seconds left, as an estimate from the sizes of the layers; None while there is nothing to go by.
        at_most: seconds left at most, if searches have a time limit; None if they have none.
    """

    done: int
    total: int
    layer: str
    cached: int = 0
    elapsed: float = field(default=0.0, compare=False)
    left: float | None = field(default=None, compare=False)
    at_most: float | None = field(default=None, compare=False)


class Tracker:
    """Makes a `Progress` of every layer that is done, and hands it on."""

    def __init__(self, show: Callable[[Progress], None] | None, total: int, time_limit: float | None) -> None:
        self._show = show
        self.total = total
        self._limit = time_limit
        self._start = self._began = time.monotonic()
        self._done = self._cached = 0
        self._workers = 0
        self._all = self._searched = 0.0

    def known(self, layer: str, *, cached: bool) -> None:
        """A layer needed no search."""
        self._done += 1
        self._cached += cached
        self._report(layer)

    def begin(self, sizes: list[float], workers: int) -> None:
        """Searches of these sizes begin, in so many processes."""
        self._began, self._all, self._workers = time.monotonic(), sum(sizes), workers
        self._report("")

    def searched(self, layer: str, size: float) -> None:
        """One of them is over."""
        self._done += 1
        self._searched += size
        self._report(layer)

    def _report(self, layer: str) -> None:
        if self._show is None:
            return
        now = time.monotonic()
        left = self._all - self._searched
        estimate = (now - self._began) * left / self._searched if self._searched else None
        bound = None
        if self._limit is not None and self._workers:
            # As long as any search waits, each process ends one per limit.
            bound = math.ceil((self.total - self._done) / self._workers) * self._limit
        self._show(Progress(self._done, self.total, layer, self._cached, now - self._start, estimate, bound))


@dataclass(frozen=True, slots=True)
class Searching:
    """How far the search of one layer is. It passes through all stages several times, and looks at more each time.

    Attributes:
        turn: the pass, from 1.
        stage: of `stages`, from 1.
        labels: partial mappings looked at so far.
        least: no mapping can have a lower value, in `unit`; None while that is not known.
        unit: `J`, `cycles`, or `J·s`, by the objective.
        elapsed: seconds since the search began.
    """

    turn: int
    stage: int
    stages: int
    labels: int
    least: float | None
    unit: str
    elapsed: float


class Watch:
    """Makes a `Searching` of every tick of `best_mapping`, and hands it on."""

    def __init__(self, hardware: Hardware, objective: str, show: Callable[[Searching], object]) -> None:
        self._show = show
        self._objective, self._clock = objective, hardware.clock
        self._turn = self._stage = 0
        self._start = time.monotonic()

    def tick(self, stage: int, stages: int, labels: int, least: float) -> None:
        """What `best_mapping` calls."""
        if stage < self._stage or self._turn == 0:
            self._turn += 1
        self._stage = stage
        bound = least if least > 0 else None
        if bound is not None and self._objective == "edp":
            bound /= self._clock
        elapsed = time.monotonic() - self._start
        self._show(Searching(self._turn, stage + 1, stages, labels, bound, UNITS[self._objective], elapsed))


def search_size(einsum: Einsum) -> float:
    """About how long a search takes beside others: it grows with the combinations of tile sizes."""
    return _SMALL + math.prod(_divisors(extent) for _, extent in einsum.dims)


def _divisors(extent: int) -> int:
    """The number of divisors, with what is left after small factors taken for a prime."""
    found, rest = 1, extent
    for factor in range(2, 50):
        power = 0
        while rest % factor == 0:
            rest //= factor
            power += 1
        found *= power + 1
    return found * (2 if rest > 1 else 1)
