"""The best mapping of an einsum on a hardware, with its proof."""

from __future__ import annotations

import math
import time

import numpy as np

from assay.errors import NoMappingError, UnsupportedError
from assay.hardware.model import Hardware, Memory
from assay.mapper.problem import build_problem, keep_choices
from assay.mapper.result import SearchResult, check_objective
from assay.mapper.search import Found, Search
from assay.mapper.spell import spell
from assay.mapping.analysis import analyse
from assay.mapping.latency import time_layer
from assay.workload.einsum import Einsum

OPTIMAL_GAP = 1e-8
"""A gap up to this is rounding and the tie-break, not a difference."""

_TIE_SHARE = 4e-9


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
) -> SearchResult:
    """The best mapping among all loop orders, tile sizes, spatial assignments and kept tensors that the hardware
    allows.

    Among mappings of equal energy the one with fewer steps is taken.

    Args:
        objective: what is to be least: `energy`, `latency` or `edp` (energy times latency).
        tiles: `perfect`: tile sizes divide the layer; `imperfect`: any, the last tile of a loop may be smaller.
        max_cycles: only mappings that take at most so many cycles.
        max_energy: only mappings that take at most so many joules.
        front: also find the mappings of which none is better in both energy and cycles.
        time_limit: seconds after which the best mapping so far is returned, with its gap.

    Raises:
        UnsupportedError: an objective other than energy, or a convention of counting that the search does not know.
        NoMappingError: nothing fits; says what does not.
        InputError: an unknown objective, or an energy is missing.
    """
    check_objective(objective)
    if objective != "energy" or tiles != "perfect" or max_cycles is not None or max_energy is not None or front:
        raise UnsupportedError("the search for it is not there yet", hint="use --objective energy")
    _check_known(hardware)
    start = time.perf_counter()
    fill = any(fanout.fill for fanout in hardware.fanouts)
    searches = [Search(build_problem(einsum, hardware, keep), fill=fill) for keep in keep_choices(einsum, hardware)]
    if (misfit := _too_small(searches)) is not None:
        raise misfit
    least = min((search.floor for search in searches if math.isfinite(search.floor)), default=0.0)
    per_step = _TIE_SHARE * max(least, 0.0) / einsum.macs or 1e-30
    found = [(search, result) for search in searches if (result := search.run(per_step)) is not None]
    if not found:
        raise _no_way(searches)
    search, best = min(found, key=lambda pair: _rank(pair[1], fill))
    rivals = [result for _, result in found if not fill or result.steps == best.steps]
    bound = min(best.energy, *(result.bound for result in rivals))
    gap = best.energy / bound - 1.0 if bound > 0 else 0.0 if best.energy <= 0 else float("inf")
    optimal = gap <= OPTIMAL_GAP
    mapping = spell(search.problem, best.loops)
    return SearchResult(
        objective=objective,
        mapping=mapping,
        energy=best.energy,
        cycles=time_layer(einsum, hardware, mapping, analyse(einsum, hardware, mapping)).cycles,
        lower_bound=best.energy if optimal else bound,
        gap=0.0 if optimal else gap,
        optimal=optimal,
        seconds=time.perf_counter() - start,
        labels=sum(search.trail.size for search in searches),
    )


def unknown_conventions(hardware: Hardware) -> tuple[str, ...]:
    """Keys of the hardware file that the counts know and the search does not yet."""
    counting = hardware.counting
    keys = [key for key in ("first_reads", "refill_all", "drain_reads", "whole_accesses") if getattr(counting, key)]
    return (*keys, *["links"] * any(fanout.links for fanout in hardware.fanouts), *["latch"] * hardware.compute.latch)


def _check_known(hardware: Hardware) -> None:
    """Refuse what the search does not know: its best mapping would be the best of another chip."""
    if keys := unknown_conventions(hardware):
        linked = next((fanout.at for fanout in hardware.fanouts if fanout.links), None)
        raise UnsupportedError(
            f"the search for mappings does not know {', '.join(keys)} yet, which hardware '{hardware.name}' has",
            at=linked or hardware.nodes[0].at,
            hint="give the mappings of its layers, or take the keys out of the hardware file ('links' stands at"
            " fanouts, 'latch' at the compute, the others under 'counting'): what they count is in docs/counting.md",
        )


def _rank(found: Found, fill: bool) -> tuple[float, float]:
    """Fewest steps first where the array is filled; else least energy, then fewest steps."""
    return (found.steps, found.energy) if fill else (found.energy, found.steps)


def _too_small(searches: list[Search]) -> NoMappingError | None:
    """If under every choice of kept tensors some memory cannot hold what it must: the nearest miss."""
    misses = [miss for search in searches if (miss := _least_tiles(search)) is not None]
    if len(misses) < len(searches):
        return None
    hardware, einsum = searches[0].problem.hardware, searches[0].problem.einsum
    needed, capacity, node, words = min(misses, key=lambda miss: miss[0] - miss[1])
    name = hardware.nodes[node].name
    if node == 0:
        dims = " ".join(f"{dim}{extent}" for dim, extent in einsum.dims if extent > 1) or "1"
        listed = " + ".join(f"{tensor} {count:,} words" for tensor, count in words.items())
        return NoMappingError(
            f"no mapping fits {hardware.name}: the outermost memory {name} keeps the whole layer ({dims}), which takes"
            f" {needed:,} b ({listed}), but it has room for {capacity:,} b",
            at=hardware.nodes[node].at,
            hint=f"make {name} larger, or leave its size out if it never limits",
        )
    bits = {tensor.name: tensor.bits for tensor in einsum.tensors}
    parts = " + ".join(f"{tensor} {count} words ({count * bits[tensor]} b)" for tensor, count in words.items())
    return NoMappingError(
        f"no mapping fits {hardware.name}: {name} has room for {capacity} b, but the smallest tiles it can be given"
        f" take {needed} b: {parts}",
        at=hardware.nodes[node].at,
        hint=f"make {name} {needed - capacity} b larger, let a tensor pass it, or demand fewer whole dimensions",
    )


def _no_way(searches: list[Search]) -> NoMappingError:
    """Every memory is large enough, but the axes and loops allowed lead nowhere: where the searches ended."""
    hardware, einsum = searches[0].problem.hardware, searches[0].problem.einsum
    obstacles = [search.obstacle for search in searches if search.obstacle is not None]
    if not obstacles:
        return NoMappingError(f"no mapping fits {hardware.name}: its constraints leave none")
    nearest = min(obstacles, key=lambda obstacle: obstacle.node)
    name = hardware.nodes[nearest.node].name
    dims = ", ".join(f"{dim} = {einsum.extents[dim]}" for dim in nearest.dims)
    return NoMappingError(
        f"no mapping fits {hardware.name}: all of {dims} must be placed at or inside {name}, and the axes, loops and"
        " memories there leave no way to",
        at=hardware.nodes[nearest.node].at,
        hint="allow it along another axis or in another memory's loops, make an axis or a memory larger, or drop it"
        " from 'whole'",
    )


def _least_tiles(search: Search) -> tuple[int, int, int, dict[str, int]] | None:
    """The outermost memory, or the first from the inside, that cannot hold even the tiles that it must.

    Returns:
        Bits needed, bits it has, its node, and words per tensor; None if there is no such memory.
    """
    problem, tiles = search.problem, search.tiles
    for node in (0, *range(len(problem.hardware.nodes) - 2, 0, -1)):
        item = problem.hardware.nodes[node]
        if not isinstance(item, Memory) or item.capacity is None:
            continue
        demanded = {name for inner in problem.hardware.nodes[node:] for name in getattr(inner, "whole", ())}
        full = [node == 0 or dim.name in demanded for dim in problem.dims]
        x = np.where(full, tiles.last, 0)[None, :]
        needed = int(tiles.bits(x, node)[0])
        if needed > item.capacity:
            return needed, item.capacity, node, {name: int(tiles.words(x, name)[0]) for name in problem.keep[node]}
    return None
