"""The best mapping, with a proof."""

from assay.mapper.best import Tick, best_mapping, unknown_conventions
from assay.mapper.cache import cached_best_mapping
from assay.mapper.result import OBJECTIVES, TILES, Point, SearchResult, check_objective, value_of
from assay.mapper.spell import mapping_energy

__all__ = [
    "OBJECTIVES",
    "TILES",
    "Point",
    "SearchResult",
    "Tick",
    "best_mapping",
    "cached_best_mapping",
    "check_objective",
    "mapping_energy",
    "unknown_conventions",
    "value_of",
]
