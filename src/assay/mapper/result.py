"""What a search answers: the best mapping, how good it is proven to be, and what else is worth choosing."""

from __future__ import annotations

from dataclasses import dataclass, field

from assay.errors import InputError
from assay.mapping.mapping import Mapping
from assay.reading.suggestions import hint

OBJECTIVES = ("energy", "latency", "edp")
"""What a mapping can be chosen for: joules; cycles; joules times cycles."""

TILES = ("perfect", "imperfect")
"""Which sizes tiles may have: those that divide the layer, or all."""


@dataclass(frozen=True, slots=True)
class Point:
    """One mapping among those of which none is better in both energy and latency.

    Attributes:
        energy: joules of the modelled actions.
        cycles: of the full latency model: compute, every bandwidth, what does not overlap.
        mapping: the mapping.
    """

    energy: float
    cycles: int
    mapping: Mapping


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The best mapping found and how good it is proven to be.

    The space is that of all mappings the hardware allows, with tiles as asked for; where a fanout says `fill`, those
    of them that take the fewest steps.

    Attributes:
        objective: one of `OBJECTIVES`.
        mapping: the mapping.
        energy: joules of the modelled actions under it, from the exact counts; None if the hardware lacks an energy.
        cycles: of the full latency model under it.
        lower_bound: no mapping of the space has a lower value (joules, cycles, or joules times cycles).
        gap: value / lower_bound - 1.
        optimal: True when the gap is zero but for rounding.
        seconds: time the search took.
        labels: partial mappings looked at.
        stopped: True when the time limit ended the search; the bound holds nevertheless.
        front: with `front=True`, the mappings of which none is better in energy and cycles, fewest joules first.
        cached: True when the search was made before, and its result read from the cache.
    """

    objective: str
    mapping: Mapping
    energy: float | None
    cycles: int
    lower_bound: float
    gap: float
    optimal: bool
    seconds: float
    labels: int
    stopped: bool = False
    front: tuple[Point, ...] = ()
    cached: bool = field(default=False, compare=False)

    @property
    def edp(self) -> float | None:
        """Joules times cycles."""
        return None if self.energy is None else self.energy * self.cycles

    @property
    def value(self) -> float:
        """What the objective makes of the mapping: joules, cycles, or joules times cycles."""
        return value_of(self.objective, self.energy, self.cycles)


def value_of(objective: str, energy: float | None, cycles: int) -> float:
    """Joules, cycles, or joules times cycles."""
    if objective == "latency":
        return float(cycles)
    assert energy is not None
    return energy if objective == "energy" else energy * cycles


def check_objective(objective: str) -> None:
    """Raise InputError for an unknown objective."""
    if objective not in OBJECTIVES:
        raise InputError(f"unknown objective '{objective}'", hint=hint(str(objective), OBJECTIVES, label="objectives"))
