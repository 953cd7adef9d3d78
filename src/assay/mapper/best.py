"""The best mapping of an einsum on a hardware, with its proof."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import prod
from typing import Any

from assay.errors import InputError
from assay.hardware.actions import energy_per_word
from assay.hardware.model import Fanout, Hardware
from assay.mapper.hunt import STRICT, Hunt, Tick
from assay.mapper.keeps import MOST_CHOICES, Keep, beside, choices, extremes, keep_choices
from assay.mapper.problem import STEPS, Problem, build_problem
from assay.mapper.result import TILES, Point, SearchResult, check_objective, value_of
from assay.mapper.search import Aim, Answer, Candidate, Question, Search, Status
from assay.mapper.spell import figures, spell
from assay.mapping.mapping import Mapping
from assay.mapping.tidy import tidy
from assay.workload.einsum import Einsum

_TIE_SHARE = 4e-9
_BEAMS = (4, 64)
"""Labels of each kind and size in the narrow passes, which find a good mapping before the complete ones."""

_MANY = 5_000
"""Labels from which on it is worth a try in which order fanouts take the dimensions faster."""

_FIRST_SHARE, _GROWTH, _LAST_SHARE = 0.3, 2.0, 0.5
"""Of the way from the bound to the best mapping known (or to twice the bound): where the first limit lies, how it
grows, and from where on the limit is that mapping itself."""

_CHOSEN, _CLIMB_SECONDS = 4, 10.0
"""Where there are too many choices of kept tensors, so many are searched, found in at most so many seconds."""

_CANDIDATES = 64
"""Complete mappings whose exact figures are looked at."""


def best_mapping(
    einsum: Einsum,
    hardware: Hardware,
    objective: str = "energy",
    *,
    tiles: str = "perfect",
    max_cycles: int | None = None,
    max_energy: float | None = None,
    front: bool = False,
    time_limit: float | None = None,
    tick: Tick | None = None,
) -> SearchResult:
    """The best mapping among all loop orders, tile sizes, spatial assignments and kept tensors that the hardware
    allows.

    Among mappings of equal energy one of fewest steps is taken, among those of equal latency one of least energy.

    Args:
        objective: what is to be least: `energy`, `latency` or `edp` (energy times latency).
        tiles: `perfect`: tile sizes divide the layer; `imperfect`: any, the last tile of a loop may be smaller.
        max_cycles: only mappings that take at most so many cycles.
        max_energy: only mappings that take at most so many joules.
        front: also find the mappings of which none is better in both energy and cycles.
        time_limit: seconds after which the best mapping so far is returned, with its gap.
        tick: called now and then with (stage, stages, partial mappings so far, proven lower bound of the value; 0 while
            none is known).

    Raises:
        UnsupportedError: a layer that the search cannot take.
        NoMappingError: nothing fits; says what does not, and what would make it fit.
        InputError: an argument is wrong, or an energy is missing.
    """
    check_objective(objective)
    if not isinstance(einsum, Einsum):
        raise InputError(
            "best_mapping takes an Einsum", hint="layer.einsum is one; map_layer takes layers and their names"
        )
    if tiles not in TILES:
        raise InputError(f"unknown tiles '{tiles}'", hint=f"choose one of {', '.join(TILES)}")
    limits: dict[str, Any] = {
        "max_cycles": max_cycles,
        "max_energy": max_energy,
        "time_limit": time_limit,
        "tick": tick,
    }
    if tiles == "imperfect":
        from assay.mapper.imperfect import imperfect_mapping

        return imperfect_mapping(einsum, hardware, objective, front=front, **limits)
    return _Hunt(einsum, hardware, objective, front=front, **limits).run()


@dataclass(slots=True)
class _Best:
    """The best mapping so far and how little any other can be worth. `total` is its value, with the tie-break."""

    mapping: Mapping | None = None
    energy: float = math.inf
    cycles: float = math.inf
    value: float = math.inf
    bound: float = math.inf
    total: float = math.inf
    steps: float = 0.0


class _Hunt(Hunt):
    """One search for the best mapping, over all choices of kept tensors."""

    def __init__(self, einsum: Einsum, hardware: Hardware, objective: str, **asked: Any) -> None:
        super().__init__(einsum, hardware, objective, **asked)
        self.stopped = False
        self.proven = 0.0
        self.caps: tuple[tuple[str, float], ...] = ()
        self.some = choices(einsum, hardware) > MOST_CHOICES
        keeps = self._climb() if self.some else keep_choices(einsum, hardware)
        self.problems = [build_problem(einsum, hardware, keep, energy=self.needed) for keep in keeps]

    def run(self) -> SearchResult:
        if any(fanout.fill for fanout in self.hardware.fanouts):
            steps = self._fewest_steps()
            self.caps = ((STEPS, steps / self.hardware.compute.macs_per_cycle * (1 + 1e-9)),)
        if self.max_energy < math.inf:
            self.caps = (*self.caps, ("energy", self.max_energy * (1 + 1e-12)))
        if self.objective == "latency":
            best = self._fastest()
        else:
            best = self._least(Aim.ENERGY if self.objective == "energy" else Aim.EDP, self.max_cycles)
        if best.mapping is None and best.bound < math.inf and not self.stopped:
            best = self._within_limits(best.bound)
        if any(fanout.links for fanout in self.hardware.fanouts) and best.mapping is not None:
            other = self._unlinked()
            best = replace(other, bound=min(best.bound, other.value)) if other.value < best.value else best
        if best.mapping is None:
            raise self.nothing(certain=best.bound == math.inf and not self.some)
        if self.some:
            best.bound = min(best.bound, self._least_at_all())
        points = self._front(best) if self.front else ()
        points = tuple(replace(p, mapping=tidy(self.einsum, self.hardware, p.mapping)) for p in points)
        mapping = tidy(self.einsum, self.hardware, best.mapping)
        return self.answer(mapping, best.energy, int(best.cycles), best.bound, stopped=self.stopped, front=points)

    def _climb(self) -> list[Keep]:
        """Where there are too many choices of kept tensors to search each: a good one, from the fullest and the
        emptiest by one tensor at a time, by what a narrow search finds; and the best of those beside it."""
        aim = {"energy": Aim.ENERGY, "latency": Aim.LATENCY, "edp": Aim.EDP}[self.objective]
        until = self.start + (self.end - self.start) / 2 if self.end < math.inf else self.start + _CLIMB_SECONDS
        known: dict[Keep, float] = {}

        def worth(keep: Keep) -> float:
            if keep not in known and (len(known) < 2 or time.perf_counter() < until):
                problem = build_problem(self.einsum, self.hardware, keep, energy=self.needed)
                search = Search(problem, energy=self.needed, time="none" if aim is Aim.ENERGY else "full")
                answer = search.ask(Question(aim, beam=_BEAMS[0]), self._report)
                self.labels += answer.labels
                known[keep] = _claimed(aim, answer.candidates[0]) if answer.candidates else math.inf
            return known.get(keep, math.inf)

        best = min(extremes(self.einsum, self.hardware), key=worth)
        while True:
            nearer = min(beside(self.einsum, self.hardware, best), key=worth)
            if worth(nearer) >= worth(best):
                return sorted(known, key=worth)[:_CHOSEN]
            best = nearer

    def _least_at_all(self) -> float:
        """What no mapping can be below, whatever it keeps: every multiply-accumulate, and every word once."""
        hardware, einsum = self.hardware, self.einsum
        cycles = float(-(-einsum.macs // hardware.peak_macs_per_cycle))
        outer = hardware.nodes[0].name
        joules = einsum.macs * (hardware.compute.energy or 0.0)
        for tensor in einsum.tensors:
            action = "update" if tensor is einsum.output else "read"
            joules += einsum.words(tensor) * (energy_per_word(hardware, outer, action, tensor.bits) or 0.0)
        return value_of(self.objective, joules, int(cycles))

    def _report(self, stage: int, stages: int, labels: int, _: float) -> None:
        if self.tick is not None:
            self.tick(stage, stages, self.labels + labels, self.proven)

    # -- aims ---------------------------------------------------------------------------------------------------------

    def _fewest_steps(self) -> float:
        """Steps under the mappings of fewest steps."""
        best = math.inf
        for beam in (*_BEAMS, None):
            for problem in self.problems:
                search = Search(problem, energy=False, time="none", step=1.0)  # the steps in place of joules
                upper = best if best == math.inf else best - 0.5
                answer = search.ask(
                    Question(Aim.ENERGY, upper=upper, beam=beam, seconds=self._left(beam)), self._report
                )
                self.labels += answer.labels
                for candidate in answer.candidates:
                    best = min(best, self._steps(candidate))
        return best

    def _least(self, aim: Aim, latency: float) -> _Best:
        """The mapping of least energy or product, of those that take at most so many cycles."""
        time_matters = aim is Aim.EDP or latency < math.inf
        clock = "full" if time_matters else "steps" if self.caps else "none"
        searches = [Search(problem, time=clock) for problem in self.problems]
        return self._deepen(searches, Question(aim, caps=self.caps, latency=latency))

    def _deepen(self, searches: list[Search], question: Question) -> _Best:
        """First a narrow pass for a good mapping; then complete ones for mappings below a limit, which rises from the
        bound at the root: a complete pass is quick while its limit is low, and its failure raises the bound."""
        best = _Best()
        roots: dict[Search, float] = {}
        turns = dict.fromkeys(searches, 0)
        for beam in _BEAMS:
            for search in searches:
                narrow = replace(question, upper=self._better_than(best, question), beam=beam)
                roots[search] = self._ask(search, narrow, best).root
        bound = min(roots.values())
        main = self.proven == 0.0  # later ones are about other things
        if main:
            self.proven = bound
        if question.aim is Aim.ENERGY and 0 < best.value < math.inf:
            question = replace(question, tie=_TIE_SHARE * best.value / self.einsum.macs)
            best.total = best.value + question.tie * best.steps
        ties = question.tie * self.einsum.macs  # limits and claims have them in, bounds have not
        share = _FIRST_SHARE
        while True:
            goal = self._better_than(best, question)
            limit = bound + share * (min(goal, 2 * bound) - bound) if 0 < bound < goal < math.inf else goal
            if share > _LAST_SHARE:
                limit = goal
            found, rest = math.inf, sorted(searches, key=lambda s: roots[s])
            while rest and not self.stopped:
                search = rest.pop(0)
                limit = min(limit, self._better_than(best, question))
                if roots[search] > limit:
                    continue
                answer = self._ask(search, replace(question, upper=limit, turns=turns[search]), best)
                if share == _FIRST_SHARE and answer.labels > _MANY:
                    other = self._ask(search, replace(question, upper=limit, turns=1), best)
                    turns = dict.fromkeys(searches, int(other.labels < answer.labels))
                    share *= 1 + 1e-9  # asked once
                if answer.status is Status.STOPPED:
                    self.stopped = True
                    found = min(found, answer.least, limit)
                found = min([found, *[_claimed(question.aim, c) for c in answer.candidates]])
            if self.stopped:
                best.bound = min(max(bound, min([found, *[roots[search] for search in rest]])) - ties, best.value)
                return best
            if found < math.inf or limit >= self._better_than(best, question):
                best.bound = min(found - ties, best.value)
                return best
            bound = max(bound, limit)
            self.proven = bound - ties if main else self.proven
            share *= _GROWTH

    @staticmethod
    def _better_than(best: _Best, question: Question) -> float:
        """What a better mapping must come to at most."""
        if best.total == math.inf:
            return question.upper
        step = best.total - 0.5 if question.aim is Aim.LATENCY else best.total * (1 - STRICT)
        return min(step, question.upper)

    def _fastest(self) -> _Best:
        """The mapping of least latency, and of least energy among those."""
        with_energy = self.max_energy < math.inf
        searches = [Search(problem, energy=with_energy, time="full") for problem in self.problems]
        best = self._deepen(searches, Question(Aim.LATENCY, caps=self.caps, upper=self.max_cycles))
        if best.mapping is None or not self.energy_known or self.stopped:
            return best
        least = self._least(Aim.ENERGY, best.value)
        if least.mapping is not None and least.cycles <= best.cycles:
            best = replace(best, mapping=least.mapping, energy=least.energy, cycles=least.cycles, value=least.cycles)
        return best

    def _front(self, best: _Best) -> tuple[Point, ...]:
        """The mappings of which none is better in energy and cycles."""
        assert best.mapping is not None
        points = [Point(best.energy, int(best.cycles), best.mapping)]
        searches = [Search(problem, time="full") for problem in self.problems]
        for beam in (*_BEAMS, None):
            for search in searches:
                known = tuple((p.energy, float(p.cycles)) for p in points)
                question = Question(
                    Aim.FRONT,
                    caps=self.caps,
                    latency=self.max_cycles,
                    points=known,
                    beam=beam,
                    seconds=self._left(beam),
                )
                answer = search.ask(question, self._report)
                self.labels += answer.labels
                self.stopped |= answer.status is Status.STOPPED
                for candidate in answer.candidates:
                    mapping, energy, cycles = self._exact(search.problem, candidate)
                    if energy <= self.max_energy * (1 + 1e-9) and cycles <= self.max_cycles:
                        points = _undominated([*points, Point(energy, cycles, mapping)])
        return tuple(points)

    def _within_limits(self, bound: float) -> _Best:
        """Where the search only bounds energy or cycles, what it finds may break a limit: a mapping that does not."""
        limits = self.caps, self.max_energy, self.max_cycles
        self.caps = tuple(cap for cap in self.caps if cap[0] == STEPS)
        self.max_energy = self.max_cycles = math.inf
        found = [self._fastest(), *([self._least(Aim.ENERGY, math.inf)] if self.energy_known else [])]
        self.caps, self.max_energy, self.max_cycles = limits
        good = [
            replace(best, value=value_of(self.objective, best.energy, int(best.cycles)))
            for best in found
            if best.mapping is not None and best.energy <= self.max_energy and best.cycles <= self.max_cycles
        ]
        best = min(good, key=lambda each: each.value, default=_Best())
        return replace(best, bound=min(bound, best.value))

    def _unlinked(self) -> _Best:
        """The best mapping of the hardware without links between neighbours, which the search knows exactly, with its
        figures on the true hardware: a good start where the search only bounds what links save."""
        nodes = tuple(replace(n, links=False) if isinstance(n, Fanout) else n for n in self.hardware.nodes)
        left = None if self.end == math.inf else self._left(None)
        plain = _Hunt(self.einsum, replace(self.hardware, nodes=nodes), self.objective, time_limit=left, tick=self.tick)
        mapping = plain.run().mapping
        self.labels += plain.labels
        energy, cycles = figures(self.einsum, self.hardware, mapping)
        if energy > self.max_energy or cycles > self.max_cycles:
            return _Best()
        return _Best(mapping, energy, cycles, value_of(self.objective, energy, cycles))

    # -- one search ---------------------------------------------------------------------------------------------------

    def _ask(self, search: Search, question: Question, best: _Best) -> Answer:
        """Search, and improve on the best."""
        answer = search.ask(replace(question, seconds=self._left(question.beam)), self._report)
        self.labels += answer.labels
        for candidate in answer.candidates[:_CANDIDATES]:
            if best.mapping is not None and _claimed(question.aim, candidate) >= best.total:
                break
            mapping, energy, cycles = self._exact(search.problem, candidate)
            value = cycles if question.aim is Aim.LATENCY else energy if question.aim is Aim.ENERGY else energy * cycles
            if cycles > question.latency or energy > self.max_energy * (1 + 1e-9) or cycles > self.max_cycles:
                continue
            steps = self._steps(candidate)
            total = value + question.tie * steps
            if total < best.total:
                best.mapping, best.energy, best.cycles = mapping, energy, cycles
                best.value, best.total, best.steps = value, total, steps
        return answer

    def _steps(self, candidate: Candidate) -> float:
        return float(self.einsum.macs // prod(step.bound for step in candidate.loops if step.axis >= 0))

    def _exact(self, problem: Problem, candidate: Candidate) -> tuple[Mapping, float, int]:
        mapping = spell(problem, candidate.loops)
        energy, cycles = figures(self.einsum, self.hardware, mapping)
        return mapping, energy, cycles

    def _left(self, beam: int | None) -> float:
        """Seconds left; the narrowest pass is not limited, so that there is an answer."""
        return math.inf if beam == _BEAMS[0] else max(self.end - time.perf_counter(), 0.0)


def _claimed(aim: Aim, candidate: Candidate) -> float:
    if aim is Aim.LATENCY:
        return candidate.cycles
    return candidate.energy if aim is Aim.ENERGY else candidate.energy * candidate.cycles


def _undominated(points: Iterable[Point]) -> list[Point]:
    kept: list[Point] = []
    for point in sorted(points, key=lambda p: (p.cycles, p.energy)):
        if not kept or point.energy < kept[-1].energy * (1 - STRICT):
            kept.append(point)
    return kept[::-1]


def bounded_conventions(hardware: Hardware) -> tuple[str, ...]:
    """Keys of the hardware file that the counts know and the search only bounds."""
    counting = hardware.counting
    keys = [key for key in ("refill_all", "whole_accesses") if getattr(counting, key)]
    return (*keys, *["links"] * any(fanout.links for fanout in hardware.fanouts))
