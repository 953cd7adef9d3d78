"""How the mappings of many layers are searched."""

from __future__ import annotations

from dataclasses import dataclass

from assay.errors import InputError
from assay.mapper.result import TILES, check_objective
from assay.reading.suggestions import hint


@dataclass(frozen=True, slots=True)
class SearchPlan:
    """What all layers are searched for, and how.

    Attributes:
        objective: what each mapping makes least: `energy`, `latency` or `edp` (energy times latency).
        tiles: sizes of tiles: `perfect`, those that divide the layer, or `imperfect`, all.
        time_limit: seconds for the search of each different layer; None: no limit.
        workers: processes; None: one per processor core.
        cache: whether what is found is kept for the next time, and looked up first.

    Raises:
        InputError: one of them cannot be.
    """

    objective: str = "energy"
    tiles: str = "perfect"
    time_limit: float | None = None
    workers: int | None = None
    cache: bool = True

    def __post_init__(self) -> None:
        check_objective(self.objective)
        if self.tiles not in TILES:
            raise InputError(f"unknown tiles {self.tiles!r}", hint=hint(str(self.tiles), TILES, label="tiles are"))
        if self.time_limit is not None and not self.time_limit > 0:
            raise InputError(f"time_limit is {self.time_limit!r}; it must be seconds, above 0")
        count = self.workers
        if count is not None and (isinstance(count, bool) or not isinstance(count, int) or count < 1):
            raise InputError(f"workers is {count!r}; it must be a whole number of at least 1")
