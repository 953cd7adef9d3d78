"""A convolution whose window slides, on a preset: what explanations have most to say about."""

from __future__ import annotations

from assay.evaluation.evaluate import evaluate
from assay.evaluation.results import Evaluation
from assay.mapping.mapping import Level, Loop, Mapping
from assay.workload.einsum import convolution
from assay.workload.network import Layer, Network


def window(rows: int = 6) -> Evaluation:
    """A convolution of stride 2 on Eyeriss; with 7 rows of output the last tile is smaller than the others."""
    einsum = convolution(m=4, c=4, p=rows, q=5, r=3, s=3, stride=(2, 2))
    mapping = Mapping(
        (
            Level("dram", (Loop("C", 2),), ("ifmap", "filter", "ofmap")),
            Level("glb", (Loop("P", 2 if rows == 6 else 3), Loop("Q", 5)), ("ifmap", "ofmap")),
            Level("array", (Loop("R", 3, "Y"), Loop("C", 2, "Y"), Loop("P", 3, "X"), Loop("M", 4, "X"))),
            Level("filter_spad", (), ("filter",)),
            Level("ifmap_spad", (), ("ifmap",)),
            Level("psum_spad", (Loop("S", 3),), ("ofmap",)),
        )
    )
    network = Network("window", (Layer("conv", "conv", einsum),), title="Window")
    return evaluate(network, "eyeriss", workers=1, mappings={"conv": mapping})
