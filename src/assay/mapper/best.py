"""The best mapping of an einsum on a hardware, with its proof."""

from __future__ import annotations

import time
from dataclasses import dataclass

from assay.components.actions import energy_per_word
from assay.errors import InputError, NoMappingError, UnsupportedError
from assay.hardware.model import Fanout, Hardware, Memory
from assay.mapper.problem import Problem, build_problem, keep_choices
from assay.mapper.search import Found, Obstacle, Search, Step
from assay.mapping.analysis import analyse
from assay.mapping.mapping import Level, Loop, Mapping
from assay.workload.einsum import Einsum

OBJECTIVES = ("energy", "latency", "edp")

OPTIMAL_GAP = 1e-8
"""A gap up to this is rounding and the tie-break, not a difference."""

_TIE_SHARE = 1e-9


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The best mapping found and how good it is proven to be.

    Attributes:
        mapping: the mapping.
        energy: joules of the modelled actions under it, from the exact counts.
        lower_bound: joules; no mapping of the searched space can take less.
        gap: energy / lower_bound - 1.
        optimal: True when the gap is zero but for rounding.
        seconds: time the search took.
        labels: partial mappings looked at.
    """

    mapping: Mapping
    energy: float
    lower_bound: float
    gap: float
    optimal: bool
    seconds: float
    labels: int


def best_mapping(einsum: Einsum, hardware: Hardware, objective: str = "energy") -> SearchResult:
    """The mapping of least energy among all loop orders, perfect tile sizes and spatial assignments that the hardware
    allows.

    Among mappings of equal energy the one with fewer steps is taken.

    Raises:
        UnsupportedError: an objective other than energy.
        NoMappingError: nothing fits; says what does not.
        InputError: an unknown objective, or an energy is missing.
    """
    if objective not in OBJECTIVES:
        raise InputError(f"objective is {objective!r}; it must be one of {', '.join(OBJECTIVES)}")
    if objective != "energy":
        raise UnsupportedError(
            f"the search cannot minimise {objective} yet, only energy",
            hint="leave --objective out, or give energy; latency is still reported for the mapping of least energy",
        )
    start = time.perf_counter()
    fill = any(fanout.fill for fanout in hardware.fanouts)
    best: tuple[Found, Problem] | None = None
    obstacles: list[Obstacle] = []
    labels = 0
    for keep in keep_choices(einsum, hardware):
        problem = build_problem(einsum, hardware, keep)
        search = Search(problem, per_step=_per_step(problem), fill=fill)
        found = search.run()
        labels += search.trail.size
        if found and (best is None or found.energy < best[0].energy):
            best = (found, problem)
        elif found is None and search.obstacle:
            obstacles.append(search.obstacle)
    if best is None:
        raise _explain(einsum, hardware, obstacles)
    found, problem = best
    mapping = _spell(problem, found.steps)
    energy = mapping_energy(einsum, hardware, mapping)
    bound = min(energy, found.energy - _per_step(problem) * einsum.macs)
    gap = energy / bound - 1.0 if bound > 0 else 0.0
    optimal = gap <= OPTIMAL_GAP
    seconds = time.perf_counter() - start
    return SearchResult(
        mapping, energy, energy if optimal else bound, 0.0 if optimal else gap, optimal, seconds, labels
    )


def _per_step(problem: Problem) -> float:
    """Joules per temporal step so small that they decide between equals only."""
    energies = [c.joules for c in problem.components if c.joules > 0]
    return _TIE_SHARE * min(energies, default=1e-12)


def mapping_energy(einsum: Einsum, hardware: Hardware, mapping: Mapping) -> float:
    """Joules of the modelled actions of one mapping, from its exact counts."""
    bits = {tensor.name: tensor.bits for tensor in einsum.tensors}
    total = 0.0
    for count in analyse(einsum, hardware, mapping).counts:
        per_word = energy_per_word(hardware, count.component, count.action, bits.get(count.tensor or "", 0))
        total += count.count * (per_word or 0.0)
    return total


def _spell(problem: Problem, steps: list[Step]) -> Mapping:
    """The mapping from its loops, innermost first; consecutive loops over one dimension become one."""
    levels = []
    for index, node in enumerate(problem.hardware.nodes[:-1]):
        loops: list[Loop] = []
        for step in reversed([s for s in steps if s.node == index]):
            axis = node.axes[step.axis].name if isinstance(node, Fanout) else None
            dim = problem.dims[step.dim].name
            if loops and (loops[-1].dim, loops[-1].axis) == (dim, axis):
                loops[-1] = Loop(dim, loops[-1].bound * step.bound, axis)
            else:
                loops.append(Loop(dim, step.bound, axis))
        keep = problem.keep[index] if isinstance(node, Memory) else ()
        levels.append(Level(node.name, tuple(loops), keep))
    return Mapping(tuple(levels))


def _explain(einsum: Einsum, hardware: Hardware, obstacles: list[Obstacle]) -> NoMappingError:
    """The nearest miss in words."""
    problem = f"no mapping fits {hardware.name}: "
    if not obstacles:
        return NoMappingError(problem + "its constraints leave none")
    nearest = min(obstacles, key=lambda o: (o.node, o.needed_bits - o.capacity_bits))
    node = hardware.nodes[nearest.node]
    missing = nearest.needed_bits - nearest.capacity_bits
    if missing > 0:
        bits = {tensor.name: tensor.bits for tensor in einsum.tensors}
        parts = " + ".join(f"{name} {words} words ({words * bits[name]} b)" for name, words in nearest.tile.items())
        return NoMappingError(
            f"{problem}{node.name} has room for {nearest.capacity_bits} b, but the smallest tiles it can be given take"
            f" {nearest.needed_bits} b: {parts}",
            at=node.at,
            hint=f"make {node.name} {missing} b larger, let a tensor pass it, or require fewer dimensions to be whole",
        )
    extents = einsum.extents
    dims = ", ".join(f"{name} = {extents[name]}" for name in nearest.unfinished) or "a dimension"
    return NoMappingError(
        f"{problem}all of {dims} must be placed at or inside {node.name}, and its axes and loops do not allow that",
        at=node.at,
        hint="allow it along another axis or in another memory's loops, make the axis longer, or drop it from 'whole'",
    )
