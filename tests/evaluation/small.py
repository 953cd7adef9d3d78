"""A layer, a chip and a mapping small enough to count by hand.

Layer: 2 × 6 inputs by 6 × 4 weights, 48 MACs. Mapping: N at the DRAM, C at the buffer, M along the array.

    dram   reads 12 ifmap + 24 filter, takes 8 ofmap                                 44 words
    buf    fills 12 + 24; reads 12 ifmap (shared by the four PEs), 48 filter, 40 partial sums; takes 48 partial sums
    array  delivers 48 + 48 words, sends up 48
    mac    48, in 12 steps
"""

from __future__ import annotations

from dataclasses import replace

from assay.hardware.model import Axis, Bandwidth, Compute, Fanout, Hardware, Memory
from assay.mapping.mapping import Level, Loop, Mapping
from assay.workload.einsum import matmul
from assay.workload.network import Layer, Network, VectorWork

TENSORS = ("ifmap", "filter", "ofmap")

LAYER = matmul(n=2, c=6, m=4)

DRAM = Memory(
    "dram",
    keep=TENSORS,
    read_energy=200e-12,
    write_energy=200e-12,
    bandwidth=Bandwidth(total=16),
    offchip=True,
)
BUF = Memory("buf", size=1024, reserved=24, keep=TENSORS, read_energy=6e-12, write_energy=8e-12, update_energy=7e-12)
ARRAY = Fanout("array", (Axis("X", 4, ("M",)),), transfer_energy=2e-12)
MAC = Compute("mac", energy=1e-12)
CHIP = Hardware("small", (DRAM, BUF, ARRAY, MAC), clock=1e6, title="Small chip", energy_source="a test")

MAPPING = Mapping(
    (
        Level("dram", (Loop("N", 2),), TENSORS),
        Level("buf", (Loop("C", 6),), TENSORS),
        Level("array", (Loop("M", 4, "X"),)),
    )
)

ENERGY_PJ = {
    "dram": 44 * 200,
    "buf": 36 * 8 + 100 * 6 + 48 * 7,
    "array": 144 * 2,
    "mac": 48,
}
"""Picojoules per component, by hand."""

NETWORK = Network(
    "tiny",
    (
        Layer("fc1", "fc", einsum=matmul(n=1, c=6, m=4)),
        Layer("relu1", "relu", vector=VectorWork(operations=4, read_words=4, write_words=4)),
        Layer("fc2", "fc", einsum=matmul(n=1, c=6, m=4)),
        Layer("head", "matmul", einsum=matmul(n=1, c=4, m=3)),
    ),
    title="Tiny",
)


def chip(**changes: object) -> Hardware:
    """The chip with some nodes replaced: `chip(buf=replace(BUF, ...))`."""
    nodes = tuple(changes.get(node.name, node) for node in CHIP.nodes)
    return replace(CHIP, nodes=nodes)  # type: ignore[arg-type]
