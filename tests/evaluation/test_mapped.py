"""The best mapping of one layer: what names it, what is said about it, its JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from assay.errors import InputError
from assay.evaluation import mapped as module
from assay.evaluation.mapped import SCHEMA, MappedLayer, map_layer
from assay.mapper import Point, SearchResult
from assay.mapping.mapping import Level, Mapping
from assay.mapping.text import mapping_from_data, read_mapping
from assay.report.mapped import render_mapped, verdict
from assay.workload.einsum import convolution, matmul
from assay.workload.layer_text import written_layer
from assay.workload.load import load_network
from assay.workload.network import Layer, VectorWork
from tests.evaluation.small import ARRAY, CHIP, ENERGY_PJ, LAYER, MAC, MAPPING, TENSORS, chip

ENERGY = sum(ENERGY_PJ.values()) * 1e-12
SLOW = Mapping((Level("dram", MAPPING.levels[0].loops, TENSORS), Level("buf", MAPPING.levels[1].loops, TENSORS)))
FOUND = SearchResult("energy", MAPPING, ENERGY, 44, ENERGY, 0.0, True, 0.125, 1234)

Finder = Callable[..., MappedLayer]


@pytest.fixture
def find(monkeypatch: pytest.MonkeyPatch) -> Finder:
    """The small layer, with an answer of the search that is written here."""

    def _find(result: SearchResult = FOUND, hardware: object = CHIP, **options: Any) -> MappedLayer:
        monkeypatch.setattr(module, "cached_best_mapping", lambda *_, **__: result)
        options.setdefault("objective", result.objective)
        return map_layer(LAYER, hardware, **options)  # type: ignore[arg-type]

    return _find


def _schema() -> Any:
    return json.loads((files("assay") / "data" / "schema" / "map-1.json").read_text(encoding="utf-8"))


def test_figures(find: Finder) -> None:
    found = find()
    assert found.energy == pytest.approx(ENERGY)
    assert (found.cycles, found.latency, found.bound_by, found.macs) == (44, 44e-6, "dram", 48)
    assert found.edp == pytest.approx(ENERGY * 44e-6)
    assert found.utilization == 48 / (4 * 44)
    assert found.energy_by_component == pytest.approx({name: pj * 1e-12 for name, pj in ENERGY_PJ.items()})
    assert repr(found) == ("<MappedLayer layer on Small chip, batch 1: energy 10.4 nJ, 44 cycles, proven optimal>")


def test_what_is_asked_for_reaches_the_search(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, object] = {}

    def search(*arguments: object, **options: object) -> SearchResult:
        seen.update(options, arguments=arguments)
        return replace(FOUND, objective="edp")

    monkeypatch.setattr(module, "cached_best_mapping", search)
    map_layer(LAYER, CHIP, objective="edp", tiles="imperfect", max_cycles=9, max_energy=1.5, front=True, time_limit=2.0)
    assert seen == {
        "arguments": (LAYER, CHIP, "edp"),
        "tiles": "imperfect",
        "max_cycles": 9,
        "max_energy": 1.5,
        "front": True,
        "time_limit": 2.0,
        "tick": None,
        "cache": True,
    }


def test_json_follows_the_schema(find: Finder) -> None:
    data = json.loads(find().to_json())
    jsonschema.validate(data, _schema())
    assert (data["schema"], _schema()["$id"]) == (SCHEMA, SCHEMA)
    assert mapping_from_data(data["mapping"]) == MAPPING
    keys = ("objective", "optimal", "unit", "cycles", "gap", "seconds", "partial_mappings", "front", "stopped", "tiles")
    assert {key: data[key] for key in keys} == {
        "objective": "energy",
        "optimal": True,
        "unit": "pJ",
        "cycles": 44,
        "gap": 0.0,
        "seconds": 0.125,
        "partial_mappings": 1234,
        "front": None,
        "stopped": False,
        "tiles": "perfect",
    }
    assert (data["energy_pj"], data["value"], data["lower_bound"]) == (10360.0, 10360.0, 10360.0)
    assert data["edp"] == 10360.0 * 44
    assert data["energy_by_component_pj"] == ENERGY_PJ
    assert data["layer"]["dims"] == LAYER.extents


@pytest.mark.parametrize(
    ("objective", "bound", "unit", "in_unit"),
    [("energy", 5e-9, "pJ", 5000.0), ("latency", 40.0, "cycles", 40.0), ("edp", 5e-9 * 40, "pJ*cycles", 200000.0)],
)
def test_bounds_have_the_unit_of_the_objective(
    find: Finder, objective: str, bound: float, unit: str, in_unit: float
) -> None:
    result = replace(FOUND, objective=objective, lower_bound=bound, gap=0.1, optimal=False, stopped=True)
    data = find(result, time_limit=1, max_energy=1e-3, max_cycles=100).to_dict()
    jsonschema.validate(data, _schema())
    assert (data["unit"], data["lower_bound"], data["optimal"], data["stopped"]) == (unit, in_unit, False, True)
    assert (data["time_limit_s"], data["max_energy_pj"], data["max_cycles"]) == (1, 1e9, 100)
    assert data["value"] == {"energy": 10360.0, "latency": 44.0, "edp": 10360.0 * 44}[objective]


def test_unknown_energies_are_null(find: Finder) -> None:
    hardware = chip(mac=replace(MAC, energy=None))
    found = find(replace(FOUND, objective="latency", energy=None, lower_bound=44.0), hardware)
    data = json.loads(found.to_json())
    jsonschema.validate(data, _schema())
    assert (data["energy_pj"], data["edp"], data["energy_by_component_pj"]["mac"]) == (None, None, None)
    assert "Energy        not modelled" in render_mapped(found)
    assert any("Energy is not modelled, because small gives none for: compute of mac." in n for n in found.notes)


def test_what_is_left_uncharged_makes_the_energy_unknown(find: Finder) -> None:
    found = find(uncharged=("hops of the network",), notes=("A note.",))
    assert found.energy is None
    assert found.to_dict()["energy_pj"] is None
    assert found.notes[0] == "Energy is not modelled, because this version does not charge hops of the network."
    assert "least modelled energy" in verdict(found)


def test_the_front_and_no_bound(find: Finder) -> None:
    points = (Point(ENERGY, 44, MAPPING), Point(2 * ENERGY, 40, MAPPING))
    found = find(replace(FOUND, front=points, gap=math.inf, lower_bound=0.0, optimal=False), front=True)
    data = json.loads(found.to_json())
    jsonschema.validate(data, _schema())
    assert [(point["energy_pj"], point["cycles"]) for point in data["front"]] == [(10360.0, 44), (20720.0, 40)]
    assert data["gap"] is None
    assert "no lower bound is known" in verdict(found)


def test_verdicts(find: Finder) -> None:
    assert verdict(find()) == ("10.4 nJ, proven to be the least energy (125 ms, 1,234 partial mappings looked at).")
    stopped = replace(FOUND, objective="latency", lower_bound=40.0, gap=0.1, optimal=False, stopped=True)
    assert verdict(find(stopped)) == (
        "44 cycles, at most 10 % above the least latency, which is at least 40 cycles: "
        "the time limit ended the search (125 ms, 1,234 partial mappings looked at)."
    )
    edp = replace(FOUND, objective="edp", lower_bound=ENERGY * 40, gap=0.1, optimal=False)
    assert verdict(find(edp)).startswith(
        "456 fJ·s, at most 10 % above the least EDP, which is at least 414 fJ·s: not proven ("
    )
    partly = chip(array=replace(ARRAY, transfer_energy=None))
    assert "the least modelled energy" in verdict(find(hardware=partly))


SCREEN = """\
layer on Small chip, batch 1
10.4 nJ, proven to be the least energy (125 ms, 1,234 partial mappings looked at).

Layer         N2 M4 C6: 48 multiply-accumulates
Energy        10.4 nJ (216 pJ per MAC)
Cycles        44
Latency       44 us at 1 MHz
EDP           456 fJ·s (4.558e+05 pJ × cycles)
Utilisation   27 % of all PE cycles; 4 of 4 PEs active
Bound by      dram
Searched      all mappings, also with smaller tiles at the end of a loop, of those that take at most
              50 cycles and take at most 3 mJ

Energy by component
dram    8.8 nJ   85 %  ██████████████████████████████████
buf    1.22 nJ   12 %  ████▊
array   288 pJ  2.8 %  █▏
mac      48 pJ  0.5 %  ▏

Mapping
dram: keeps ifmap (12 words), filter (24 words), ofmap (8 words)
  for N in range(2)
    buf: keeps ifmap (6 words), filter (24 words), ofmap (4 words)
      for C in range(6)
        array:
          parallel-for M in range(4) along X
            multiply-accumulate

Energy against time
    Energy  Cycles  Latency       EDP
─────────────────────────────────────
>  10.4 nJ      44    44 us  456 fJ·s
   20.7 nJ      40    40 us  829 fJ·s
Of these mappings none is better in both energy and cycles. The one marked is shown above.

Notes
"""


def test_screen(find: Finder) -> None:
    points = (Point(ENERGY, 44, MAPPING), Point(2 * ENERGY, 40, SLOW))
    found = find(replace(FOUND, front=points), tiles="imperfect", max_cycles=50, max_energy=3e-3, front=True)
    assert render_mapped(found, width=100).startswith(SCREEN)


def test_a_long_front_is_thinned(find: Finder) -> None:
    points = tuple(Point(ENERGY * (1 + i), 144 - i, MAPPING) for i in range(101))
    text = render_mapped(find(replace(FOUND, front=points), front=True))
    assert "20 of 101 are shown; --json has all, each with its mapping." in text
    assert "10.4 nJ     144" in text
    assert "1.05 uJ      44" in text


def test_a_front_of_one_point_is_a_sentence(find: Finder) -> None:
    text = render_mapped(find(replace(FOUND, front=(Point(ENERGY, 44, MAPPING),)), front=True))
    assert "One mapping has both the least energy and the fewest cycles of all." in text


def test_notebooks(find: Finder) -> None:
    page = find(hardware=replace(CHIP, title="A <b> chip"))._repr_html_()
    assert "<caption>layer on A &lt;b&gt; chip, batch 1</caption>" in page
    assert "<pre>dram: keeps ifmap (12 words)" in page


def test_the_mapping_file_reads_back(find: Finder, tmp_path: Path) -> None:
    path = tmp_path / "best.yaml"
    path.write_text(find().to_yaml(), encoding="utf-8")
    assert read_mapping(path) == {"layer": MAPPING}
    odd = map_layer(Layer("/a b:[0,1]", "fc", LAYER), CHIP)
    path.write_text(odd.to_yaml(), encoding="utf-8")
    assert read_mapping(path) == {"/a b:[0,1]": MAPPING}


def test_a_layer_by_name_is_that_of_the_network() -> None:
    found = map_layer("lenet5:c1", "edge_45nm", batch=2)
    expected = next(layer for layer in load_network("lenet5", bits=16).layers if layer.name == "c1")
    assert found.einsum.macs == 2 * expected.macs
    assert found.title == "c1 of LeNet-5 on Example edge accelerator (not a real chip), batch 2"
    assert found.optimal
    assert found.energy == pytest.approx(found.search.energy)


def test_layers_written_out() -> None:
    layer = written_layer("conv:M=64,C=32,P=56,Q=28,R=3,S=5,stride=2x1,dilation=3,N=2,G=4", bits=8)
    assert layer.einsum == convolution(
        n=2, g=4, m=64, c=32, p=56, q=28, r=3, s=5, stride=(2, 1), dilation=(3, 3), bits=8
    )
    product = written_layer(" matmul: M=3, N=2, K=5 ")
    assert product.einsum == matmul(m=3, n=2, c=5)
    assert written_layer("conv:M=1,C=1,P=4,Q=4,G=8,R=3,S=3").op == "depthwise"


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        ("conv", "conv needs M, C, P and Q\n  hint: write such as conv:M=64,"),
        ("conv:M=4,C=4,P=2,Q=2,R=3", "conv has R=3 but no S\n  hint: add S=3, or S=1 for a filter that is 1 wide"),
        ("conv:K=4", "conv has no dimension 'K'\n  hint: the output channels are M, the input channels C"),
        ("conv:m=4", "conv has no dimension 'm'\n  hint: did you mean 'M'?"),
        ("conv:M=0,C=4,P=2,Q=2", "M of conv is '0'; it must be a whole number from 1 to 1,099,511,627,776"),
        ("conv:M=4,M=4", "conv is given M twice"),
        ("conv:M", "cannot read 'M' in a layer written out"),
        ("conv:M=4,C=4,P=2,Q=2,stride=1x2x3", "stride of conv is '1x2x3'\n  hint: write stride=2, or"),
        ("matmul:M=4,N=4,C=4", "matmul has no dimension 'C'\n  hint: the dimension that is summed over is K here"),
        ("cnv:M=4,C=4", "there is no form of layer 'cnv'\n  hint: did you mean 'conv'?"),
        (
            "alexnet",
            "alexnet has 8 layers with multiply-accumulates; say which is meant\n  hint: such as alexnet:conv1; there",
        ),
        ("resnet50", "hint: such as resnet50:conv1; assay show resnet50 lists all 54"),
        ("alexnet:cnv3", "alexnet has no layer 'cnv3'\n  hint: did you mean 'conv3'?"),
        ("alexnet:pool1", "layer pool1 of alexnet has no multiply-accumulates: there is nothing to map"),
        ("alexnet:", "'alexnet:' does not say which layer after the colon"),
        ("alexnt:conv3", "there is no built-in network 'alexnt'\n  hint: did you mean 'alexnet'?"),
        ("", "the name of the layer is empty"),
        (3, "the layer is a value of type int; it must be a layer such as 'alexnet:conv3'"),
        (Layer("relu", "relu", vector=VectorWork(1, 1, 1)), "layer relu has no multiply-accumulates"),
        ("small", "'small' is hardware"),
    ],
)
def test_wrong_layers(layer: Any, message: str) -> None:
    hardware = "edge_45nm"
    if layer == "small":
        layer, message = "eyeriss", "eyeriss' is hardware; the network comes first, then the hardware"
    with pytest.raises(InputError) as error:
        map_layer(layer, hardware)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"objective": "enrgy"}, "unknown objective 'enrgy'\n  hint: did you mean 'energy'?"),
        ({"tiles": "perfct"}, "unknown tiles 'perfct'\n  hint: did you mean 'perfect'?"),
        ({"max_cycles": 0}, "the most cycles are 0; they must be a whole number of at least 1"),
        ({"max_cycles": 1.5}, "the most cycles are 1.5"),
        ({"max_energy": -1.0}, "the most energy is -1.0 J; it must be above 0"),
        ({"time_limit": math.inf}, "the time limit is inf s; it must be above 0"),
        ({"batch": 2}, "an einsum has its extents; a batch cannot be given beside it"),
        ({"bits": 8}, "is already read, with words of 16 bits, not 8"),
    ],
)
def test_wrong_options(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as error:
        map_layer(LAYER, CHIP, **options)
    assert message in str(error.value)
