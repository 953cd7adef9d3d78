"""The best mapping, with a proof."""

from assay.mapper.best import OBJECTIVES, SearchResult, best_mapping, check_objective, unknown_conventions
from assay.mapper.spell import mapping_energy

__all__ = ["OBJECTIVES", "SearchResult", "best_mapping", "check_objective", "mapping_energy", "unknown_conventions"]
