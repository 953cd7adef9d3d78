"""What must hold of every roofline: nothing is above its roof, and the busiest port's roof is touched."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from importlib.resources import files

import jsonschema
import pytest

from assay.hardware.model import Axis, Bandwidth, Compute, Fanout, Hardware, Memory, Ports
from assay.mapping.counts import Action
from assay.mapping.latency import COMPUTE
from assay.metrics.eyexam_steps import Key
from assay.metrics.roofline import ALL, Roofline, roofline
from assay.report.roofline_pictures import roofline_picture
from assay.workload.einsum import convolution
from assay.workload.load import load_network
from assay.workload.network import Layer, Network

TENSORS = ("ifmap", "filter", "ofmap")
DRAM = Memory("dram", keep=TENSORS, read_energy=100.0, write_energy=100.0, width=8, bandwidth=Bandwidth(total=16.0))
SPAD = Memory("spad", width=8, keep=TENSORS, read_energy=1.0, write_energy=1.0)


def machine(dram: Memory = DRAM, spad: Memory = SPAD, columns: int = 8) -> Hardware:
    array = Fanout("array", (Axis("X", columns, ("M",)),), transfer_energy=1.0, width=8)
    return Hardware("tiny", (dram, array, spad, Compute("mac", 1.0, 8)), 1e9)


def network(*extents: dict[str, int]) -> Network:
    layers = [Layer(f"l{n}", "conv", convolution(**each, bits=8)) for n, each in enumerate(extents)]
    return Network("net", tuple(layers))


@pytest.fixture(scope="module")
def some() -> Roofline:
    layers = load_network("alexnet").layers
    picked = tuple(layer for layer in layers if layer.name in ("conv3", "fc8"))
    return roofline(replace(load_network("alexnet"), layers=picked), "eyeriss", batch=4)


def test_by_hand() -> None:
    """4 filters of 2 words, 2 inputs, 4 outputs, each once through DRAM: 8 MACs for 14 bytes, 2 bytes per cycle."""
    found = roofline(network({"m": 4, "c": 2, "p": 1, "q": 1}), machine(), workers=1, cache=False)
    dram = found.roofs[0]
    (point,) = dram.points
    assert (dram.name, dram.port, dram.bandwidth, dram.ridge) == ("dram", "total", 16, 4)
    assert point.bits == 14 * 8
    assert point.intensity == Fraction(8, 14)
    assert point.ceiling == Fraction(8, 7)
    assert point.bound == "bandwidth"
    assert point.tight_ceiling == point.ceiling
    assert dram.to_dict() == {
        "component": "dram",
        "port": "total",
        "instances": 1,
        "bytes_per_cycle": 2.0,
        "ridge_macs_per_byte": 4.0,
        "layers": [
            {
                "layer": "l0",
                "bytes": 14.0,
                "macs_per_byte": 8 / 14,
                "ceiling_macs_per_cycle": 8 / 7,
                "tight_ceiling_macs_per_cycle": 8 / 7,
                "attained_macs_per_cycle": 8 / 9,  # 5 + 5 bytes come, 2 steps on the second 5, 4 bytes leave: 9 cycles
                "active_instances": 1,
                "bound": "bandwidth",
            }
        ],
    }


def test_only_the_active_instances_feed_the_tightened_roof() -> None:
    """3 of 8 scratchpads have work: their bandwidth, not that of all 8."""
    spad = replace(SPAD, bandwidth=Bandwidth(read=8.0), ports=Ports(read=2))
    found = roofline(network({"m": 3, "c": 2, "p": 4, "q": 1}), machine(spad=spad), workers=1, cache=False)
    roof = next(each for each in found.limited if each.component == "spad")
    (point,) = roof.points
    assert (roof.instances, roof.bandwidth) == (8, 8 * 16)
    assert (point.instances, point.bandwidth) == (3, 3 * 16)
    assert point.ceiling is not None
    assert point.tight_ceiling is not None
    assert point.tight_ceiling <= point.ceiling
    assert point.tight_ceiling == min(3, 3 * 2 * point.intensity)


def test_no_layer_is_above_any_roof(some: Roofline) -> None:
    for roof in some.limited:
        for point in roof.points:
            assert point.ceiling is not None
            assert point.tight_ceiling is not None
            assert point.attained <= point.tight_ceiling <= point.ceiling <= some.hardware.peak_macs_per_cycle
            assert point.bound == ("bandwidth" if point.ceiling < some.hardware.peak_macs_per_cycle else "compute")
            assert some.roof_of(point) is roof


def test_the_average_touches_the_roof_of_the_busiest_part(some: Roofline) -> None:
    """Cycles are those of the busiest part, rounded up: one cycle less would be above the lowest roof."""
    for layer in some.eyexam.layers:
        result = layer.chosen
        assert result.timing is not None
        assert result.cycles is not None
        slopes = [
            point.bandwidth * point.macs / point.bits
            for roof in some.limited
            for point in roof.points
            if point.name == layer.name and point.bandwidth is not None
        ]
        if result.timing.bound_by == COMPUTE:
            assert min(slopes) >= Fraction(layer.layer.macs, result.cycles)
        else:
            assert Fraction(layer.layer.macs, result.cycles) <= min(slopes)
            assert Fraction(layer.layer.macs, result.cycles - 1) > min(slopes)


def test_bytes_are_those_of_the_counts(some: Roofline) -> None:
    """Of all instances: every read, and every word that is filled or updated."""
    memories = {memory.name for memory in some.hardware.memories}
    ways = {"read": (Action.READ,), "write": (Action.FILL, Action.UPDATE)}
    for roof in some.roofs:
        for point in roof.points if roof.component in memories else ():
            actions = ways.get(roof.port, (*ways["read"], *ways["write"]))
            einsum = point.layer.einsum
            counts = [c for c in point.layer.chosen.counts if c.component == roof.component and c.action in actions]
            assert point.bits == sum(c.count * einsum.tensor(c.tensor).bits for c in counts if c.tensor is not None)


def test_what_has_no_limit_has_no_roof(some: Roofline) -> None:
    glb = next(roof for roof in some.roofs if roof.component == "glb")
    assert (glb.port, glb.bandwidth, glb.ridge) == (ALL, None, None)
    assert all(point.ceiling is None and point.tight_ceiling is None and point.bound == "" for point in glb.points)
    assert glb not in some.limited


def test_the_lowest_roof(some: Roofline) -> None:
    fc8 = some.eyexam.layer("fc8")
    lowest = some.lowest(fc8)
    assert lowest is not None
    assert some.roof_of(lowest).name == "dram"
    storage = some.eyexam.layer("conv3").step(Key.STORAGE)
    conv3 = some.lowest(some.eyexam.layer("conv3"))
    assert storage is not None
    assert conv3 is not None
    assert conv3.tight_ceiling == storage.bound


def test_nothing_limits() -> None:
    found = roofline(
        network({"m": 4, "c": 2, "p": 1, "q": 1}),
        machine(dram=replace(DRAM, bandwidth=Bandwidth())),
        workers=1,
        cache=False,
    )
    assert found.limited == ()
    assert found.lowest(found.eyexam.layers[0]) is None
    jsonschema.validate(found.to_dict(), schema())


def test_the_legend_says_under_which_part_of_this_roof(some: Roofline) -> None:
    """Not what a layer waits for, which may be another port: fc8 waits for DRAM, and is under the peak elsewhere."""
    figure = pytest.importorskip("matplotlib.figure").Figure()
    roof = next(roof for roof in some.limited if roof.name == "dram")
    roofline_picture("roofline-dram", "dram", roof).draw(figure)
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["under the peak", "under the slope of this port"]


def test_json_is_as_the_schema_says(some: Roofline) -> None:
    jsonschema.Draft202012Validator.check_schema(schema())
    jsonschema.validate(some.to_dict(), schema())


def schema() -> dict[str, object]:
    text = (files("assay") / "data" / "schema" / "roofline-1.json").read_text(encoding="utf-8")
    return dict(json.loads(text))
