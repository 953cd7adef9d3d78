"""The best mapping with tiles of any size, found from good ones and bounded from below.

Where the last tile of a loop may be smaller than the others, mappings are too many to search all of them. Instead:

- good mappings are found: the best with perfect factors; the best of the layer with some dimensions *padded* to numbers
  that have more divisors, cut to the layer; and what is near those (`assay.mapper.vary`), counted exactly;
- no mapping can be better than a bound (`assay.mapper.floor`), which holds for the exact counts.

What lies between the two is the gap.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice, product
from typing import Any

import numpy as np

from assay.errors import NoMappingError, UnsupportedError
from assay.hardware.model import Hardware
from assay.mapper.floor import Floor
from assay.mapper.hunt import STRICT, Hunt, Tick
from assay.mapper.keeps import MOST_CHOICES, choices, keep_choices
from assay.mapper.problem import Dimension, build_problem
from assay.mapper.result import SearchResult, value_of
from assay.mapper.search import Aim, Question, Search
from assay.mapper.spell import spell
from assay.mapper.vary import Floats, Machine, Rated, improve, trimmed, turned
from assay.mapping.analysis import analyse
from assay.mapping.energy import energy_of_actions
from assay.mapping.latency import time_layer
from assay.mapping.mapping import Mapping
from assay.workload.einsum import Einsum

_BEAM, _WIDE_BEAM = 8, 64
"""Labels of each kind and size in a search of a padded layer; and where no such search finds a mapping."""

_PADS, _PAD_SHARE = 3, 0.15
"""Paddings tried per dimension, and the most by which one is longer."""

_SPREADS = {"energy": 1, "latency": 4, "edp": 3}
"""Padded layers of which the ways to spread them that take the fewest steps leave no remainders."""

_MOST_PADDED = {"energy": 6, "latency": 9, "edp": 8}
"""Padded layers searched; where nothing fits, up to `_MOST_TRIED` until something does."""
_MOST_TRIED = 100

_STARTS, _ROUNDS = 2, 4
"""Mappings from which better ones are looked for, and how often from the best found."""


def imperfect_mapping(
    einsum: Einsum,
    hardware: Hardware,
    objective: str,
    *,
    max_cycles: int | None,
    max_energy: float | None,
    front: bool,
    time_limit: float | None,
    tick: Tick | None,
) -> SearchResult:
    """As `best_mapping`, among mappings whose tiles need not divide the layer.

    Raises:
        UnsupportedError: a front is asked for; or the hardware counts in a way that knows no remainders.
        NoMappingError, InputError: as `best_mapping`.
    """
    if front:
        raise UnsupportedError("a front of mappings with remainders is not searched", hint="take perfect tiles")
    if any(fanout.links for fanout in hardware.fanouts):
        raise UnsupportedError("links between neighbours are not counted for tiles that leave remainders")
    if hardware.counting.refill_all:
        raise UnsupportedError("refill_all is not counted for tiles that leave remainders")
    limits: dict[str, Any] = {"max_cycles": max_cycles, "max_energy": max_energy}
    return _Hunt(einsum, hardware, objective, **limits, time_limit=time_limit, tick=tick).run()


@dataclass(frozen=True, slots=True)
class _Found:
    """A mapping that obeys all constraints and limits, and its exact figures."""

    mapping: Mapping
    energy: float
    cycles: int
    steps: int


class _Hunt(Hunt):
    def __init__(self, einsum: Einsum, hardware: Hardware, objective: str, **asked: Any) -> None:
        super().__init__(einsum, hardware, objective, **asked)
        self.goal = objective
        self.max_energy *= 1 + 1e-12
        self.limits: dict[str, Any] = {key: asked.get(key) for key in ("max_cycles", "max_energy")}
        self.machine = Machine(einsum, hardware)
        if choices(einsum, hardware) > MOST_CHOICES:
            raise UnsupportedError(
                f"tiles that leave remainders: {hardware.name} leaves {choices(einsum, hardware):,} choices of the"
                f" tensors that its memories keep, and up to {MOST_CHOICES} are searched",
                hint="say 'keep' instead of 'may_keep' where it is clear, or use --tiles perfect",
            )
        self.problems = [
            build_problem(einsum, hardware, keep, energy=self.needed) for keep in keep_choices(einsum, hardware)
        ]
        self.most_steps = math.inf
        self.best: _Found | None = None

    def run(self) -> SearchResult:
        fills = any(fanout.fill for fanout in self.hardware.fanouts)
        starts = self._starts(fills)
        if fills:
            self._fewest_steps(starts)
        for found in starts:
            self._take(found)
        ranked = sorted({f.mapping: f for f in starts}.values(), key=lambda f: self._value(f.energy, f.cycles, f.steps))
        for found in ranked[:_STARTS]:
            self._improve(found)
        if self.best is None:
            self._relent()
        if self.best is None:
            raise self.nothing(certain=False)
        energy, cycles = self.best.energy, self.best.cycles
        value = value_of(self.objective, energy, cycles)
        bound = min(self._floor(), value)
        return self.answer(self.best.mapping, energy, cycles, bound, stopped=self._over())

    # -- what is known of a mapping -----------------------------------------------------------------------------------

    def _figures(self, mapping: Mapping) -> _Found:
        analysis = analyse(self.einsum, self.hardware, mapping)
        energies = energy_of_actions(self.einsum, self.hardware, analysis)
        cycles = time_layer(self.einsum, self.hardware, mapping, analysis).cycles
        return _Found(mapping, sum(e.energy or 0.0 for e in energies), cycles, analysis.steps)

    def _value(self, energy: float, cycles: int, steps: int) -> tuple[float, float]:
        """What is to be least, then what decides between equals."""
        if self.goal == "steps":
            return float(steps), energy
        return value_of(self.goal, energy, cycles), energy if self.goal == "latency" else float(cycles)

    def _values(self, rated: Rated) -> Floats:
        """The same in bulk, infinite beyond the limits; the lesser weight of the second figure decides ties."""
        if self.goal == "steps":
            return rated.steps.astype(np.float64)
        value = {"energy": rated.energy, "latency": rated.cycles, "edp": rated.energy * rated.cycles}[self.goal]
        second = rated.energy if self.goal == "latency" else rated.cycles
        most = second.max(initial=0.0)
        beyond = (rated.cycles > self.max_cycles) | (rated.energy > self.max_energy * (1 + 1e-9))
        beyond |= rated.steps > self.most_steps
        value = value + (1e-12 * value.max(initial=0.0) * second / most if most > 0 else 0.0)
        return np.where(beyond, np.inf, value)

    def _take(self, found: _Found) -> bool:
        """Remember it if it is the best; say whether it is."""
        beyond = found.cycles > self.max_cycles or found.energy > self.max_energy or found.steps > self.most_steps
        if beyond and self.goal != "steps":
            return False
        if self.best is not None:
            (mine, second) = self._value(found.energy, found.cycles, found.steps)
            (least, other) = self._value(self.best.energy, self.best.cycles, self.best.steps)
            step = STRICT * abs(least)
            if mine > least + step or (mine >= least - step and second >= other - STRICT * abs(other)):
                return False
        self.best = found
        return True

    def _over(self) -> bool:
        return time.perf_counter() > self.end

    # -- where to begin -----------------------------------------------------------------------------------------------

    def _starts(self, fills: bool) -> list[_Found]:
        """The best mapping with perfect factors, and those of padded layers."""
        found = [] if (perfect := self._perfect()) is None else [perfect]
        most = _MOST_PADDED[self.objective]
        for number, extents in enumerate(self._padded()):
            if number >= (most if found else _MOST_TRIED) or (self._over() and found):
                break
            found += self._search(self.hardware, extents, _BEAM)
        for hardware, extents in product((self.hardware, self.machine.outward()), islice(self._padded(), most)):
            if found or self._over():
                break
            found += self._search(hardware, extents, _WIDE_BEAM)
        return found

    def _perfect(self) -> _Found | None:
        from assay.mapper.best import best_mapping

        left = None if self.end == math.inf else max((self.end - time.perf_counter()) / 2, 0.0)
        for limits in (self.limits, {}) if any(v is not None for v in self.limits.values()) else ({},):
            try:
                result = best_mapping(
                    self.einsum, self.hardware, self.objective, **limits, time_limit=left, tick=self.tick
                )
            except NoMappingError:
                continue
            self.labels += result.labels
            return self._figures(result.mapping)
        return None

    def _padded(self) -> Iterator[dict[str, int]]:
        """Extents a little longer: one dimension at a time, the most promising first; then all combinations."""
        extents = {dim: self._next_fitting(dim) for dim in self.machine.dims}
        fitting = {dim: extent for dim, extent in extents.items() if extent != self.machine.extents[dim]}
        if fitting:
            yield fitting
        yield from self._spread(extents)
        options = {dim: _longer(extent) for dim, extent in extents.items()}
        single = [(_promise(extents[dim], value), dim, value) for dim, values in options.items() for value in values]
        for _, dim, value in sorted(single, key=lambda s: -s[0]):
            yield {**fitting, dim: value}
        for chosen in product(*([extents[dim], *values] for dim, values in options.items())):
            yield dict(zip(options, chosen, strict=True))

    def _spread(self, extents: dict[str, int]) -> list[dict[str, int]]:
        """The least longer extents that the ways of spreading them that take the fewest steps divide."""
        found: dict[tuple[int, ...], int] = {}
        for steps, spread in Floor(self.problems[0]).spread():
            longer = tuple(-(-extent // spread[dim]) * spread[dim] for dim, extent in extents.items())
            found[longer] = min(found.get(longer, steps), steps)
        ranked = sorted(found, key=lambda longer: (found[longer], math.prod(longer), longer))
        return [dict(zip(extents, longer, strict=True)) for longer in ranked[: _SPREADS[self.objective]]]

    def _next_fitting(self, dim: str) -> int:
        """The extent, or the next one that the factors asked for divide."""
        extent = self.machine.extents[dim]
        fixed = math.prod(
            min(b, extent) for _, _, spot in self.machine.spots() for d, b in spot.factors if d == dim and b
        )
        return -(-extent // fixed) * fixed

    def _search(self, hardware: Hardware, extents: dict[str, int], beam: int) -> list[_Found]:
        """Good mappings of a padded layer, cut to this one."""
        einsum = replace(self.einsum, dims=tuple((dim, extents.get(dim, e)) for dim, e in self.einsum.dims))
        aim = {"energy": Aim.ENERGY, "latency": Aim.LATENCY, "edp": Aim.EDP}[self.objective]
        caps = (("energy", self.max_energy),) if self.max_energy < math.inf else ()
        clock = "full" if aim is not Aim.ENERGY or self.max_cycles < math.inf else "none"
        found = []
        for keep in keep_choices(einsum, hardware):
            problem = build_problem(einsum, hardware, keep, energy=self.needed)
            search = Search(problem, energy=self.needed, time=clock)
            answer = search.ask(Question(aim, caps=caps, beam=beam), self.tick)
            self.labels += answer.labels
            for candidate in answer.candidates[:2]:
                cut = (trimmed(each, self.machine.extents) for each in turned(spell(problem, candidate.loops)))
                found += [self._figures(each) for each in islice(filter(self.machine.is_allowed, cut), 1)]
        return found

    def _improve(self, found: _Found) -> None:
        def offer(mapping: Mapping) -> bool:
            return self._take(self._figures(mapping))

        self.labels += improve(self.machine, found.mapping, self._values, offer, _ROUNDS, self._over)

    def _relent(self) -> None:
        """Where nothing found keeps within the limits: begin with what has the least of the figures limited."""
        goals = [("energy", self.max_energy), ("latency", self.max_cycles)]
        for goal in [goal for goal, limit in goals if limit < math.inf]:
            hunt = _Hunt(self.einsum, self.hardware, goal, tick=self.tick)
            hunt.end, hunt.needed = self.end, self.needed
            try:
                least = self._figures(hunt.run().mapping)
            except NoMappingError:
                return
            self.labels += hunt.labels
            self._take(least)
            self._improve(least)

    def _fewest_steps(self, starts: list[_Found]) -> None:
        """Where a fanout is to be filled: only mappings of the fewest steps found."""
        self.goal = "steps"
        for found in starts:
            self._take(found)
        for found in sorted(starts, key=lambda f: f.steps)[:_STARTS]:
            self._improve(found)
        if self.best is not None:
            self.most_steps = self.best.steps
            starts.append(self.best)
        self.goal, self.best = self.objective, None

    # -- the bound ----------------------------------------------------------------------------------------------------

    def _floor(self) -> float:
        floors = [Floor(problem) for problem in self.problems]
        cycles = min(floor.cycles() for floor in floors)
        if self.objective == "latency":
            return cycles
        energy = min(floor.energy() for floor in floors)
        return energy if self.objective == "energy" else energy * cycles


def _longer(extent: int) -> list[int]:
    """Longer extents, those with the most divisors for their length first."""
    last = max(extent + 2, int(extent * (1 + _PAD_SHARE)) + 1)
    numbers = range(extent + 1, min(last, extent + 512) + 1)
    return sorted(numbers, key=lambda n: (-_promise(extent, n), n))[:_PADS]


def _promise(extent: int, longer: int) -> float:
    """How many more divisors the longer extent has, for its length."""
    more, now = (len(Dimension.of("", n).divisors) for n in (longer, extent))
    return more / now * (extent / longer) ** 4
