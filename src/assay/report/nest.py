"""Saved mappings as loop nests."""

from __future__ import annotations

from assay.errors import InputError
from assay.evaluation.saved import Saved
from assay.mapping.text import render_nest
from assay.reading.suggestions import hint


def render_saved(saved: Saved, layer: str | None = None) -> str:
    """The loop nest of one layer, or of all.

    Raises:
        InputError: there is no mapping of that layer.
    """
    names = [each.name for each in saved.layers]
    if layer is not None and layer not in names:
        raise InputError(f"there is no mapping of layer '{layer}'", hint=hint(layer, names, label="there are"))
    blocks = [
        f"{each.name}\n\n{render_nest(each.mapping, each.tiles)}" for each in saved.layers if layer in (None, each.name)
    ]
    return f"{saved.title}\n\n" + "\n".join(blocks)
