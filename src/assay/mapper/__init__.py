"""The best mapping, with a proof."""

import importlib.util

from assay.errors import UnsupportedError

if importlib.util.find_spec("assay.mapper._core") is None:
    raise UnsupportedError(
        "the inner loop of the search is not there: it is C, and has not been compiled",
        hint="pip install . compiles it, in a checkout pip install --editable .; both need a C compiler",
    )

from assay.mapper.best import best_mapping, bounded_conventions
from assay.mapper.cache import cached_best_mapping
from assay.mapper.hunt import Tick
from assay.mapper.result import OBJECTIVES, TILES, Point, SearchResult, check_objective, value_of
from assay.mapper.spell import mapping_energy

__all__ = [
    "OBJECTIVES",
    "TILES",
    "Point",
    "SearchResult",
    "Tick",
    "best_mapping",
    "bounded_conventions",
    "cached_best_mapping",
    "check_objective",
    "mapping_energy",
    "value_of",
]
