"""How words reach the PEs: the modes of arrays made for each, and the counts that they come from."""

from __future__ import annotations

import json
from fractions import Fraction
from importlib.resources import files

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.evaluation.evaluate import evaluate
from assay.evaluation.results import Evaluation
from assay.hardware import parse_hardware
from assay.hardware.model import Hardware
from assay.mapping.mapping import Level, Loop, Mapping
from assay.metrics.delivery import Delivery, Mode, Reach, deliveries, delivery_to_dict, mode_shares
from assay.report.delivery import delivery_section
from assay.report.section import render_sections
from assay.workload.einsum import matmul
from assay.workload.network import Layer, Network

CHIP = """\
assay: hardware/1
name: chip
clock: 100 MHz
nodes:
  - memory: dram
    offchip: true
    keep: [ifmap, filter, ofmap]
    width: 8 b
    energy: 100 pJ
  - fanout: mesh
    X: {{size: {mesh}, dims: [{across}]}}
    multicast: {multicast}
    energy: 1 pJ
    width: 8 b
  - fanout: cluster
    X: {{size: {cluster}, dims: [{within}]}}
    multicast: {multicast}
    energy: 1 pJ
    width: 8 b
  - memory: spad
    size: 64 B
    keep: [ifmap, filter, ofmap]
    width: 8 b
    energy: 1 pJ
  - compute: mac
    bits: 8
    energy: 1 pJ
energy_source: made up
"""


def chip(across: str, within: str, mesh: int = 4, cluster: int = 4, multicast: str = "word") -> Hardware:
    return parse_hardware(
        CHIP.format(across=across, within=within, mesh=mesh, cluster=cluster, multicast=multicast), "chip.yaml"
    )


def run(hardware: Hardware, n: int = 1, m: int = 1, c: int = 1, tiles: str = "perfect") -> Evaluation:
    layer = Layer("fc", "fc", matmul(n=n, m=m, c=c, bits=8))
    return evaluate(Network("net", (layer,)), hardware, objective="latency", tiles=tiles, workers=1, cache=False)


def modes(evaluation: Evaluation) -> dict[str, Mode]:
    return {each.tensor: each.mode for each in deliveries(evaluation.mapped[0])}


@pytest.mark.parametrize(
    ("across", "within", "sizes", "ifmap", "weights"),
    [
        ("M", "M", {"m": 16}, Mode.BROADCAST, Mode.UNICAST),
        ("N", "N", {"n": 16}, Mode.UNICAST, Mode.BROADCAST),
        ("M", "N", {"m": 4, "n": 4}, Mode.INTERLEAVED, Mode.GROUPED),
        ("N", "M", {"m": 4, "n": 4}, Mode.GROUPED, Mode.INTERLEAVED),
        ("C", "C", {"c": 16}, Mode.UNICAST, Mode.UNICAST),
        ("C", "M", {"c": 4, "m": 4}, Mode.GROUPED, Mode.UNICAST),
        ("M", "C", {"c": 4, "m": 4}, Mode.INTERLEAVED, Mode.UNICAST),
        ("M", "N", {"m": 4, "n": 1}, Mode.BROADCAST, Mode.UNICAST),  # one PE in each cluster
    ],
)
def test_modes_of_the_mesh(across: str, within: str, sizes: dict[str, int], ifmap: Mode, weights: Mode) -> None:
    assert modes(run(chip(across, within), **sizes)) == {"ifmap": ifmap, "filter": weights}


def test_children_that_a_remainder_leaves_without_work_need_no_word() -> None:
    """M = 7 on 2 clusters with 4 and 3 PEs, and each input goes to all 7."""
    evaluation = run(chip("M", "M"), m=7, c=3, tiles="imperfect")
    found = {each.tensor: each for each in deliveries(evaluation.mapped[0])}
    assert {name: each.mode for name, each in found.items()} == {"ifmap": Mode.BROADCAST, "filter": Mode.UNICAST}
    assert found["ifmap"].receivers == 7
    assert modes(run(chip("M", "N"), m=4, n=3, tiles="imperfect")) == modes(run(chip("M", "N"), m=4, n=4))


def test_some_of_some_clusters() -> None:
    """Both along both: an input goes to a half of the clusters, and in them to a half of the PEs."""
    tensors, halves = ("ifmap", "filter", "ofmap"), (Loop("M", 2, "X"), Loop("N", 2, "X"))
    mapping = Mapping(
        (Level("dram", (), tensors), Level("mesh", halves), Level("cluster", halves), Level("spad", (), tensors))
    )
    network = Network("net", (Layer("fc", "fc", matmul(n=4, m=4, c=1, bits=8)),))
    evaluation = evaluate(network, chip("M, N", "M, N"), mappings={"fc": mapping}, workers=1)
    found = {each.tensor: each for each in deliveries(evaluation.mapped[0])}
    assert {name: each.mode for name, each in found.items()} == {"ifmap": Mode.MIXED, "filter": Mode.MIXED}
    assert [reach.receivers for each in found.values() for reach in each.reaches] == [2, 2, 2, 2]
    assert {found["ifmap"].receivers, found["filter"].receivers} == {Fraction(4)}


def test_a_flat_array_has_no_groups() -> None:
    found = modes(run(chip("M, N", "M", mesh=16, cluster=1), m=4, n=4))
    assert found == {"ifmap": Mode.MULTICAST, "filter": Mode.MULTICAST}
    assert modes(run(chip("M", "M", mesh=1, cluster=1), m=4)) == {"ifmap": Mode.SINGLE, "filter": Mode.SINGLE}


def test_without_multicast_every_word_goes_to_one() -> None:
    found = modes(run(chip("M", "M", multicast="none"), m=16))
    assert found == {"ifmap": Mode.UNICAST, "filter": Mode.UNICAST}


@given(st.sampled_from(["M", "N", "C"]), st.sampled_from(["M", "N", "C"]), *[st.integers(1, 9)] * 3)
def test_receivers_are_the_counts(across: str, within: str, n: int, m: int, c: int) -> None:
    """A word of a matrix product goes to every PE that differs only in the dimension which it does not have."""
    layer = run(chip(across, within), n=n, m=m, c=c).mapped[0]
    assert layer.mapping is not None
    spatial = [loop for level in layer.mapping.levels for loop in level.loops if loop.axis]
    for each, without in zip(deliveries(layer), ("M", "N"), strict=True):
        expected = 1
        for loop in spatial:
            expected *= loop.bound if loop.dim == without else 1
        assert each.receivers == expected
        for reach in each.reaches:
            assert 1 <= reach.receivers <= reach.children


def test_windows_that_overlap_are_shared_in_part() -> None:
    """A word that some neighbours need is neither unicast nor broadcast."""
    mesh, cluster = Reach("mesh", 4, 100, 130), Reach("cluster", 4, 130, 130)
    assert Delivery("ifmap", (mesh, cluster)).mode is Mode.MIXED
    assert Delivery("ifmap", (mesh,)).mode is Mode.MULTICAST
    assert Delivery("ifmap", (mesh, cluster)).receivers == Fraction(13, 10)


def test_shares_of_a_network() -> None:
    layers = tuple(Layer(f"fc{m}", "fc", matmul(n=1, m=m, c=4, bits=8)) for m in (1, 16, 32))
    evaluation = evaluate(Network("net", layers), chip("M", "M"), objective="latency", workers=1, cache=False)
    found = {(each.tensor, each.mode): each for each in mode_shares(evaluation)}
    assert {key: each.layers for key, each in found.items()} == {
        ("ifmap", Mode.SINGLE): 1, ("ifmap", Mode.BROADCAST): 2, ("filter", Mode.SINGLE): 1, ("filter", Mode.UNICAST): 2
    }  # fmt: skip
    assert found["ifmap", Mode.BROADCAST].share == pytest.approx(48 / 49)
    assert found["ifmap", Mode.BROADCAST].receivers == 16
    schema = json.loads((files("assay.data") / "schema" / "delivery-1.json").read_text(encoding="utf-8"))
    jsonschema.validate(delivery_to_dict(evaluation), schema)


def test_screen() -> None:
    text = render_sections("", (delivery_section(run(chip("M", "N"), m=4, n=4)),), width=100)
    assert "interleaved multicast" in text
    note = " ".join(text.split()).casefold()
    assert "a cluster: the children of one instance of the innermost fanout that the layer uses" in note
    assert all(f"{mode.casefold()}: " in note for mode in Mode)
    assert "4 of 4 in mesh, 1 of 4 in cluster" in text
