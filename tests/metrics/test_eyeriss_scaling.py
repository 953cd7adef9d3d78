"""Eyeriss v2 over Eyeriss v1 at 256, 1,024 and 16,384 PEs beside the paper's figures (docs/scaling.md)."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from assay.hardware import load_hardware
from assay.hardware.model import Fanout
from assay.mapping.counts import Action
from assay.metrics.delivery import Mode, deliveries
from assay.metrics.scaling import ScalingPlan, scaling
from assay.workload.einsum import matmul
from assay.workload.network import Layer, Network

TABLE = Path(__file__).parent.parent / "data" / "reference" / "eyeriss_v2_scaling.csv"
PES = (256, 1024, 16384)
TOLERANCE = 0.25


def published() -> dict[str, tuple[float, ...]]:
    lines = [line for line in TABLE.read_text().splitlines() if not line.startswith("#")]
    return {row["network"]: tuple(float(row[f"pes_{pes}"]) for pes in PES) for row in csv.DictReader(lines)}


def check(network: str, pes: tuple[int, ...]) -> None:
    result = scaling(network, "eyeriss_v2_256", ScalingPlan(pes=pes), against="eyeriss_v1_256", workers=1)
    theirs = dict(zip(PES, published()[network], strict=True))
    ours = {a.pes: ratio for a, _, ratio in result.pairs()}
    for size in pes:
        assert ours[size] == pytest.approx(theirs[size], rel=TOLERANCE), size
    own, others = result.series[0], result.against[0]
    for point in own.points:  # "more than 85 % of the linearly scaled performance"
        assert (own.efficiency(point) or 0) > 0.85
    for point in others.points:  # "hardly improves when scaled up"
        assert (others.speedup(point) or 0) < 1.1


def test_alexnet() -> None:
    check("alexnet", PES[:2])


def test_mobilenet_at_256() -> None:
    check("mobilenet_v1", (256,))


@pytest.mark.long
@pytest.mark.parametrize("network", ["alexnet", "googlenet", "mobilenet_v1"])
def test_every_size(network: str) -> None:
    check(network, PES)


def test_the_two_differ_in_the_network_alone() -> None:
    """Memories, scratchpads and multipliers are the same, with their orders of loops; docs/scaling.md has the rest."""
    first, second = load_hardware("eyeriss_v1_256"), load_hardware("eyeriss_v2_256")
    assert [node for node in first.nodes if not isinstance(node, Fanout)] == [
        node for node in second.nodes if not isinstance(node, Fanout)
    ]
    assert (first.pes, first.clock, first.counting, first.parts) == (
        second.pes, second.clock, second.counting, second.parts,
    )  # fmt: skip
    ports = [node.bandwidth for node in (*first.nodes, *second.nodes) if isinstance(node, Fanout) and node.bandwidth]
    assert ports == [
        (("ifmap", 8.0), ("filter", 8.0), ("ofmap", 8.0)),  # of all 256 PEs
        (("ifmap", 96.0), ("filter", 96.0), ("ofmap", 64.0)),  # of every cluster of 16
    ]


def test_unicast_and_broadcast() -> None:
    """FC: each cluster gets weights of its own, 12 in a cycle; one word of the inputs goes to many PEs (Fig. 9c)."""
    layer = Layer("fc", "fc", matmul(n=1, m=1024, c=1024, bits=8))
    network = Network("fc", (layer,))
    result = scaling(network, "eyeriss_v2_256", ScalingPlan(by=(4,)), against="eyeriss_v1_256", workers=1)
    for own, flat, _ in result.pairs():
        assert flat.cycles == 1024 * 1024  # one weight in a cycle, whatever the size
        assert own.cycles == -(-1024 * 1024 // (12 * own.pes // 16))
        assert own.evaluation is not None
        analysis = own.evaluation.layers[0].analysis
        assert analysis is not None
        read = analysis.count("glb", "ifmap", Action.READ)
        assert analysis.count("cluster", "ifmap", Action.TRANSFER) >= 4 * read
        assert {each.tensor: each.mode for each in deliveries(own.evaluation.layers[0])}["filter"] is Mode.UNICAST
        weights = analysis.count("cluster", "filter", Action.TRANSFER)
        assert weights == analysis.count("dram", "filter", Action.READ) == 1024 * 1024
