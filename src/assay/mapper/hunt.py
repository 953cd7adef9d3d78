"""What every search for a best mapping is asked, and how it answers."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from assay.errors import NoMappingError
from assay.hardware.model import Hardware
from assay.mapper.misfit import explain_misfit, has_mapping
from assay.mapper.result import Point, SearchResult, value_of
from assay.mapping.mapping import Mapping
from assay.workload.einsum import Einsum

OPTIMAL_GAP = 1e-8
"""A gap up to this is rounding and the tie-break, not a difference."""

STRICT = 1e-11
"""A mapping is better if its value is lower by more than this share."""

Tick = Callable[[int, int, int, float], object]


class Hunt:
    """One search for the best mapping: the arguments of `best_mapping`, and what every kind of search does with them.

    Attributes:
        max_cycles, max_energy: limits, infinite where there are none.
        needed: whether energies must be known; `energy_known`: whether they are.
        start, end: when it began, and when it must end.
        labels: partial mappings looked at so far.
    """

    def __init__(
        self,
        einsum: Einsum,
        hardware: Hardware,
        objective: str,
        *,
        max_cycles: int | None = None,
        max_energy: float | None = None,
        front: bool = False,
        time_limit: float | None = None,
        tick: Tick | None = None,
    ) -> None:
        self.einsum = einsum
        self.hardware = hardware
        self.objective = objective
        self.max_cycles = math.inf if max_cycles is None else float(max_cycles)
        self.max_energy = math.inf if max_energy is None else max_energy
        self.front = front
        self.tick = tick
        self.start = time.perf_counter()
        self.end = math.inf if time_limit is None else self.start + time_limit
        self.labels = 0
        self.needed = objective != "latency" or max_energy is not None or front
        self.energy_known = self.needed or _all_energies(hardware)

    def answer(
        self,
        mapping: Mapping,
        energy: float,
        cycles: int,
        bound: float,
        *,
        stopped: bool,
        front: tuple[Point, ...] = (),
    ) -> SearchResult:
        """The result, with what the bound proves."""
        value = value_of(self.objective, energy, cycles)
        gap = value / bound - 1.0 if bound > 0 else 0.0 if value <= 0 else math.inf
        optimal = gap <= OPTIMAL_GAP
        return SearchResult(
            objective=self.objective,
            mapping=mapping,
            energy=energy if self.energy_known else None,
            cycles=cycles,
            lower_bound=value if optimal else bound,
            gap=0.0 if optimal else gap,
            optimal=optimal,
            seconds=time.perf_counter() - self.start,
            labels=self.labels,
            stopped=stopped,
            front=front,
        )

    def nothing(self, *, certain: bool) -> NoMappingError:
        """Why there is no answer; `certain`: all mappings have been thought of."""
        if not has_mapping(self.einsum, self.hardware):
            return explain_misfit(self.einsum, self.hardware)
        limits = [f"{self.max_cycles:,.0f} cycles"] * (self.max_cycles < math.inf)
        limits += [f"{self.max_energy:.4g} J"] * (self.max_energy < math.inf)
        if not limits:
            advice = "give it more time, or say more of which tensors the memories keep"
            return NoMappingError(f"{self.hardware.name}: a mapping fits, but none was found", hint=advice)
        return NoMappingError(
            f"{self.hardware.name}: no mapping {'takes' if certain else 'was found that takes'} at most"
            f" {' and '.join(limits)}",
            hint="raise the limit; without one, the least of energy or latency is found",
        )


def _all_energies(hardware: Hardware) -> bool:
    """Whether every memory and the compute have their energies."""
    known = [hardware.compute.energy, *[m.read_energy for m in hardware.memories]]
    known += [m.write_energy for m in hardware.memories]
    return all(energy is not None for energy in known)
