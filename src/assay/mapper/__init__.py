"""The best mapping, with a proof."""

from assay.mapper.best import OBJECTIVES, SearchResult, best_mapping, check_objective
from assay.mapper.spell import mapping_energy

__all__ = ["OBJECTIVES", "SearchResult", "best_mapping", "check_objective", "mapping_energy"]
