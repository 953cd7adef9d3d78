"""The best mapping, with a proof."""

from assay.mapper.best import OBJECTIVES, SearchResult, best_mapping, mapping_energy

__all__ = ["OBJECTIVES", "SearchResult", "best_mapping", "mapping_energy"]
