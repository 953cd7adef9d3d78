"""The words that a hardware file may use for tensors and dimensions: those of the built-in layer forms."""

from __future__ import annotations

TENSORS = ("ifmap", "filter", "ofmap")
"""Input feature map, weights, output feature map with its partial sums; left, right and result of a matrix product."""

DIMENSIONS = ("N", "G", "M", "C", "P", "Q", "R", "S")
"""Batch, groups, output and input channels, height and width of the output, height and width of the filter."""

DEPENDS_ON = {
    "ifmap": ("N", "G", "C", "P", "Q", "R", "S"),
    "filter": ("G", "M", "C", "R", "S"),
    "ofmap": ("N", "G", "M", "P", "Q"),
}
"""The dimensions that each tensor depends on, in any of the built-in layer forms."""
