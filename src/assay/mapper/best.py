"""The best mapping of an einsum on a hardware, with its proof."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

from assay.errors import InputError, NoMappingError, UnsupportedError
from assay.hardware.model import Hardware
from assay.mapper.problem import build_problem, keep_choices
from assay.mapper.search import Found, Obstacle, Search
from assay.mapper.spell import spell
from assay.mapping.mapping import Mapping
from assay.workload.einsum import Einsum

OBJECTIVES = ("energy", "latency", "edp")
"""What a mapping can be chosen for. This version searches for energy only."""

OPTIMAL_GAP = 1e-8
"""A gap up to this is rounding and the tie-break, not a difference."""

_TIE_SHARE = 1e-9


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The best mapping found and how good it is proven to be.

    The space is that of all mappings with perfect factors; where a fanout of the hardware says `fill`, those of them
    that take the fewest steps.

    Attributes:
        mapping: the mapping.
        energy: joules of the modelled actions under it, from the exact counts.
        lower_bound: joules; no mapping of the space takes less.
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
    check_objective(objective)
    start = time.perf_counter()
    fill = any(fanout.fill for fanout in hardware.fanouts)
    searches = [Search(build_problem(einsum, hardware, keep), fill=fill) for keep in keep_choices(einsum, hardware)]
    least = min((search.floor for search in searches if math.isfinite(search.floor)), default=0.0)
    per_step = _TIE_SHARE * max(least, 0.0) / einsum.macs or 1e-30
    found = [(search, result) for search in searches if (result := search.run(per_step)) is not None]
    if not found:
        raise _explain(einsum, hardware, [search.obstacle for search in searches if search.obstacle])
    search, best = min(found, key=lambda pair: _rank(pair[1], fill))
    rivals = [result for _, result in found if not fill or result.steps == best.steps]
    bound = min(best.energy, *(result.bound for result in rivals))
    gap = best.energy / bound - 1.0 if bound > 0 else 0.0 if best.energy <= 0 else float("inf")
    optimal = gap <= OPTIMAL_GAP
    return SearchResult(
        mapping=spell(search.problem, best.loops),
        energy=best.energy,
        lower_bound=best.energy if optimal else bound,
        gap=0.0 if optimal else gap,
        optimal=optimal,
        seconds=time.perf_counter() - start,
        labels=sum(search.trail.size for search in searches),
    )


def check_objective(objective: str) -> None:
    """Raise InputError for an unknown objective, UnsupportedError for one that cannot be searched for yet."""
    if objective not in OBJECTIVES:
        raise InputError(f"unknown objective {objective!r}", hint=f"choose one of {', '.join(OBJECTIVES)}")
    if objective != "energy":
        raise UnsupportedError(
            f"objective {objective}: the search for it is not there yet",
            hint="use energy; latency is still reported, for the mappings of least energy",
        )


def _rank(found: Found, fill: bool) -> tuple[float, float]:
    """Fewest steps first where the array is filled; else least energy, then fewest steps."""
    return (found.steps, found.energy) if fill else (found.energy, found.steps)


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
