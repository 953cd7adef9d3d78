"""Explanations: every sum adds up to the count that is reported, whatever the machine and the mapping."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from fractions import Fraction
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings

from assay.errors import InputError
from assay.evaluation.evaluate import evaluate
from assay.evaluation.explain import explain_layer
from assay.evaluation.explained import (
    CyclesExplanation,
    EnergyExplanation,
    Explanation,
    NumberExplanation,
    NumberList,
)
from assay.evaluation.explained_parts import Factor, Move, Rule, Sum
from assay.evaluation.layer import LayerResult
from assay.evaluation.results import Evaluation, einsum_to_data
from assay.evaluation.saved import einsum_from_data, read_layer, read_saved
from assay.hardware.dataflows import apply_dataflow
from assay.hardware.model import Compute, Fanout, Hardware, Memory, Node
from assay.hardware.presets import load_hardware, text_of
from assay.mapping.analysis import analyse
from assay.mapping.energy import energy_of_actions
from assay.mapping.latency import time_layer
from assay.report.explain import render_explanation
from assay.workload.load import load_network
from assay.workload.network import Layer, Network
from tests.evaluation.small import CHIP, ENERGY_PJ, MAPPING, NETWORK
from tests.strategies import Case, cases


def product(factors: tuple[Factor, ...]) -> int:
    return math.prod(factor.number for factor in factors)


def words_of(move: Move) -> int:
    kept = 0 if move.kept is None else product(move.kept)
    return product(move.times) * (product(move.new) - kept)


def check_sum(each: Sum) -> None:
    if each.rule is Rule.PRODUCT:
        assert product(each.factors) == each.words
        return
    if each.rule is Rule.NEIGHBOURS:
        assert not each.moves
        return
    assert sum(move.words for move in each.moves) == each.words
    if each.rule is not Rule.REQUESTS:
        for move in each.moves:
            assert words_of(move) == move.words


def priced(node: Node) -> Node:
    """The node with energies, some of them missing, and widths that words do not fill."""
    if isinstance(node, Memory):
        return replace(node, width=24, read_energy=3e-12, write_energy=5e-12)
    return replace(node, transfer_energy=2e-12, width=8) if isinstance(node, Fanout) else replace(node, energy=1e-12)


def result_of(case: Case) -> LayerResult:
    einsum, plain, mapping = case
    hardware = replace(plain, nodes=tuple(priced(node) for node in plain.nodes))
    analysis = analyse(einsum, hardware, mapping)
    timing = time_layer(einsum, hardware, mapping, analysis)
    energies = energy_of_actions(einsum, hardware, analysis)
    return LayerResult(Layer("layer", "conv", einsum), hardware, mapping, analysis, timing, energies)


def check_case(case: Case) -> None:
    result = result_of(case)
    for count, entry in zip(result.counts, result.energies, strict=True):
        found = explain_layer(result, None, component=count.component, tensor=count.tensor, action=str(count.action))
        assert isinstance(found, NumberExplanation)
        assert sum(each.factor * each.words for each in found.sums) == found.charge.count == count.count
        for each in found.sums:
            check_sum(each)
        charge = found.charge
        if entry.energy is not None:
            assert charge.per_access is not None
            assert float(charge.accesses) * charge.per_access == pytest.approx(entry.energy)
    cycles = explain_layer(result, None, cycles=True)
    assert isinstance(cycles, CyclesExplanation)
    assert result.einsum is not None
    for port in cycles.ports:
        bits = sum(words * result.einsum.tensor(tensor).bits for tensor, _, words in port.moved)
        assert Fraction(bits, port.instances) == port.bits
    json.loads(cycles.to_json())
    assert render_explanation(found, width=80)


@settings(max_examples=150, deadline=None)
@given(cases(perfect=True))
def test_sums_of_perfect_factors_add_up(case: Case) -> None:
    check_case(case)


@settings(max_examples=100, deadline=None)
@given(cases(perfect=True, linked=True))
def test_sums_with_links_add_up(case: Case) -> None:
    check_case(case)


@settings(max_examples=150, deadline=None)
@given(cases(perfect=False))
def test_sums_of_imperfect_factors_add_up(case: Case) -> None:
    check_case(case)


@settings(max_examples=100, deadline=None)
@given(cases(perfect=True))
def test_with_perfect_factors_words_are_a_product(case: Case) -> None:
    """Tiles are all equal: what is new is one tile, and times is the rest."""
    result = result_of(case)
    for count in result.counts:
        found = explain_layer(result, None, component=count.component, tensor=count.tensor, action=str(count.action))
        assert isinstance(found, NumberExplanation)
        for each in found.sums:
            assert each.even
            assert each.rule is not Rule.REQUESTS
            for move in each.moves:
                for factor, span in ((f, s) for f in move.new for s in each.tile if f.name == s.name):
                    shared = {s.name: s.number for s in each.shared}.get(span.name, 1)
                    assert factor.number in (0, span.number * shared)


@settings(max_examples=20, deadline=None)
@given(cases(perfect=False))
def test_einsums_survive_being_saved(case: Case) -> None:
    einsum = case[0]
    again = einsum_from_data(dict(einsum.dims), json.loads(json.dumps(einsum_to_data(einsum))))
    assert again == einsum


@pytest.fixture(scope="module")
def small() -> Evaluation:
    return evaluate(NETWORK, CHIP, batch=2, workers=1, mappings={"fc1": MAPPING})


def number(found: Explanation) -> NumberExplanation:
    assert isinstance(found, NumberExplanation)
    return found


def test_a_count_by_hand(small: Evaluation) -> None:
    """buf reads 40 partial sums: 48 to be added to, less the 8 that nothing was added to yet."""
    found = number(small.explain("fc1", "buf", "ofmap", "read"))
    assert [(each.factor, each.words, each.rule) for each in found.sums] == [
        (1, 48, Rule.STEPS),
        (-1, 8, Rule.PRODUCT),
    ]
    assert found.charge.count == 40
    assert found.charge.energy == pytest.approx(40 * 6e-12)


def test_loops_that_move_nothing_are_named(small: Evaluation) -> None:
    """The four columns of weights stay in the buffer while N advances."""
    (own,) = number(small.explain("fc1", "buf", "filter", "fill")).sums
    assert [(loop.dim, node) for loop, node in own.idle] == [("N", "dram")]
    (move,) = own.moves
    assert (move.loop, move.times, move.kept, move.words) == (None, (), None, 24)
    assert move.new == (Factor("M", 4), Factor("C", 6))


def test_nothing_is_explained_too(small: Evaluation) -> None:
    found = number(small.explain("fc1", "buf", "ofmap", "fill"))
    assert found.charge.count == 0
    assert found.charge.energy == 0
    assert sum(each.factor * each.words for each in found.sums) == 0


def test_the_compute_needs_no_tensor(small: Evaluation) -> None:
    found = number(small.explain("fc1", "mac", action="compute"))
    assert (found.charge.count, found.charge.unit) == (48, "multiply-accumulates")
    assert found.sums[0].factors == (Factor("N", 2), Factor("M", 4), Factor("C", 6))


def test_less_than_a_name_is_a_list(small: Evaluation) -> None:
    found = small.explain("fc1", "buf")
    assert isinstance(found, NumberList)
    assert {charge.component for charge in found.charges} == {"buf"}
    assert sum(charge.energy or 0 for charge in found.charges) == pytest.approx(ENERGY_PJ["buf"] * 1e-12)
    everything = small.explain("fc1")
    assert isinstance(everything, NumberList)
    assert len(everything.charges) == len(small.layers[0].counts)


def test_energy_is_the_sum_of_its_charges(small: Evaluation) -> None:
    found = small.explain("fc1", energy=True)
    assert isinstance(found, EnergyExplanation)
    assert found.energy == pytest.approx(sum(charge.energy or 0 for charge in found.charges))
    assert found.energy == pytest.approx(sum(ENERGY_PJ.values()) * 1e-12)


def test_cycles_are_those_of_the_busiest_port(small: Evaluation) -> None:
    found = small.explain("fc1", cycles=True)
    assert isinstance(found, CyclesExplanation)
    (port,) = [port for port in found.ports if (port.component, port.port) == ("dram", "total")]
    assert port.moved == (("ifmap", "read", 12), ("filter", "read", 24), ("ofmap", "update", 8))
    assert (port.cycles, found.cycles, found.compute_cycles, found.bound_by) == (44, 44, 12, "dram")


def test_hardware_made_in_python_has_no_lines(small: Evaluation) -> None:
    found = number(small.explain("fc1", "buf", "ifmap", "read"))
    assert found.charge.lines == ()
    assert found.notes == ("The hardware was made in Python: there is no file to point at.",)


def test_hardware_changed_in_python_is_not_that_of_its_file() -> None:
    chip = load_hardware("eyeriss")
    assert text_of(chip) is not None
    changed = replace(chip, clock=2 * chip.clock)
    assert text_of(changed) is None


def test_printing(small: Evaluation) -> None:
    found = small.explain("fc1", "buf", "ifmap", "read")
    assert repr(found) == "<NumberExplanation: fc1 on Small chip · buf · read of ifmap>"
    assert str(found).splitlines() == [
        "fc1 on Small chip · buf · read of ifmap",
        "12 words = 12",
        "12 words that leave buf, shared ones once",
        "  every step: N 2 · C 6 × (1) = 12",
        "energy: 12 words × 16 bits / 16 bits per access × 6 pJ = 72 pJ",
        "source: a test",
        "note: The hardware was made in Python: there is no file to point at.",
    ]
    assert str(small.explain("fc1", "buf")).splitlines()[1] == "buf read of ifmap: 12 words, 72 pJ"
    assert "total: 10.36 nJ" in str(small.explain("fc1", energy=True)).splitlines()
    assert str(small.explain("fc1", cycles=True)).splitlines()[1:4] == [
        "dram total: 704 bits of one instance / 16 bits per cycle = 44 cycles",
        "mac: 12 steps / 1 per cycle = 12 cycles",
        "44 cycles: dram is busy longest",
    ]


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ({}, "say which layer is meant"),
        ({"layer": "haed"}, "did you mean 'head'"),
        ({"layer": "relu1"}, "layer relu1 has no multiply-accumulates"),
        ({"layer": "fc1", "component": "bfu"}, "did you mean 'buf'"),
        ({"layer": "fc1", "tensor": "ifmp"}, "did you mean 'ifmap'"),
        ({"layer": "fc1", "action": "raed"}, "did you mean 'read'"),
        ({"layer": "fc1", "component": "mac", "action": "read"}, "counts no read at mac"),
        ({"layer": "fc1", "component": "buf", "tensor": "ifmap", "action": "update"}, "counts no update of ifmap at"),
        ({"layer": "fc1", "cycles": True, "energy": True}, "cycles and energy are two figures"),
        ({"layer": "fc1", "cycles": True, "component": "buf"}, "cycles of a whole layer are asked for"),
    ],
)
def test_wrong_names(small: Evaluation, names: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError) as error:
        small.explain(**names)
    assert words in str(error.value)


CHIP_YAML = """\
assay: hardware/1
name: toy
clock: 1 MHz
energy_source: a test
tables: [mine.yaml]
variables:
  access: 2 * mine.register
nodes:
  - memory: dram
    offchip: true
    keep: [ifmap, filter, ofmap]
    energy: {read: 200 pJ, write: 300 pJ}
    bandwidth: 16 b/cycle
  - memory: buf
    size: 1 KiB
    keep: [ifmap, filter, ofmap]
    energy: access
  - compute: mac
    energy: 1 pJ
"""
TABLE_YAML = """\
assay: table/1
name: mine
source: a test
values:
  register: 3 pJ
"""


@pytest.fixture
def saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("toy.yaml").write_text(CHIP_YAML)
    Path("mine.yaml").write_text(TABLE_YAML)
    Path("r.json").write_text(evaluate(NETWORK, "toy.yaml", workers=1).to_json())
    return Path("r.json")


def edit(path: Path, change: Any) -> None:
    data = json.loads(path.read_text())
    change(data)
    path.write_text(json.dumps(data))


def test_a_saved_result_explains_itself(saved: Path) -> None:
    evaluation = evaluate(NETWORK, "toy.yaml", workers=1)
    own = read_layer(saved, "fc1")
    assert own.notes == ()
    choices: tuple[dict[str, Any], ...] = ({"cycles": True}, {"energy": True}, {})
    for what in choices:
        assert explain_layer(own.layer, own.text, **what).to_dict() == evaluation.explain("fc1", **what).to_dict()
    found = number(explain_layer(own.layer, own.text, component="buf", tensor="ifmap", action="fill"))
    assert [(str(line.at), line.text) for line in found.charge.lines] == [
        ("toy.yaml:17", "energy: access"),
        ("toy.yaml:7", "access: 2 * mine.register"),
        ("mine.yaml:5", "register: 3 pJ"),
    ]
    assert found.charge.per_access == 6e-12


def test_what_explains_a_result_follows_the_schema(saved: Path) -> None:
    schema = json.loads((files("assay") / "data" / "schema" / "evaluation-1.json").read_text(encoding="utf-8"))
    validator = jsonschema.Draft202012Validator(schema)
    data = json.loads(saved.read_text())
    validator.validate(data)
    assert data["hardware"]["file"]["tables"] == {"mine.yaml": TABLE_YAML}
    assert data["layers"][1]["einsum"] is None
    for layer in data["layers"]:
        del layer["einsum"]
    del data["hardware"]["file"]
    validator.validate(data)  # as older versions wrote it


def test_a_dataflow_asked_for_beside_the_file_is_saved(tmp_path: Path) -> None:
    evaluation = evaluate("matmul:M=8,N=4,K=8", "edge_45nm", workers=1, dataflow="ws")
    assert evaluation.hardware == apply_dataflow(load_hardware("edge_45nm"), "weight_stationary")
    path = tmp_path / "r.json"
    path.write_text(evaluation.to_json())
    schema = json.loads((files("assay") / "data" / "schema" / "evaluation-1.json").read_text(encoding="utf-8"))
    data = json.loads(path.read_text())
    jsonschema.validate(data, schema)
    assert data["hardware"]["dataflow"] == data["hardware"]["file"]["dataflow"] == "weight_stationary"
    own = read_layer(path)
    assert own.notes == ()
    assert own.layer.hardware == evaluation.hardware
    found = explain_layer(own.layer, own.text, energy=True)
    assert found.title == "matmul on Example edge accelerator (not a real chip), weight stationary · energy"
    assert found.to_dict() == evaluation.explain(energy=True).to_dict()
    assert read_saved(path).title.endswith("(not a real chip), weight stationary, batch 1")


def test_a_result_that_says_nothing_of_tiles_and_dataflows(saved: Path) -> None:
    """As older versions wrote it."""

    def older(data: dict[str, Any]) -> None:
        del data["tiles"], data["hardware"]["dataflow"], data["hardware"]["file"]["dataflow"]
        for layer in data["layers"]:
            del layer["lower_bound"], layer["stopped"]

    before = read_saved(saved)
    assert (before.objective, before.tiles) == ("energy", "perfect")
    edit(saved, older)
    assert read_saved(saved) == before
    assert read_layer(saved, "fc1").notes == ()


def test_an_update_is_charged_by_the_line_of_writes(saved: Path) -> None:
    own = read_layer(saved, "fc1")
    found = number(explain_layer(own.layer, own.text, component="dram", tensor="ofmap", action="update"))
    assert [str(line.at) for line in found.charge.lines] == ["toy.yaml:12"]
    assert found.charge.per_access == 300e-12


def test_a_file_that_has_changed_or_gone_is_said(saved: Path) -> None:
    Path("toy.yaml").write_text("# a line more\n" + CHIP_YAML)
    changed = "toy.yaml has changed since: figures and line numbers are those of the text saved in the result."
    assert read_layer(saved, "fc1").notes == (changed,)
    Path("toy.yaml").unlink()
    Path("mine.yaml").unlink()
    own = read_layer(saved, "fc1")
    assert own.notes == (changed.replace("has changed since", "is not here"),)
    assert own.layer.hardware.nodes[1].name == "buf"


def test_figures_of_another_version_are_said(saved: Path) -> None:
    edit(saved, lambda data: data["layers"][0]["counts"][0].update(count=7))
    (note,) = read_layer(saved, "fc1").notes
    assert note.startswith(
        "Another version of Assay, or of an estimator, wrote this result: dram read of ifmap is 7 there and "
    )


def test_older_results_ask_for_another_evaluation(saved: Path) -> None:
    edit(saved, lambda data: data["layers"][0].pop("einsum"))
    with pytest.raises(InputError, match="evaluate again"):
        read_layer(saved, "fc1")
    edit(saved, lambda data: data["hardware"].pop("file"))
    with pytest.raises(InputError, match="evaluate again"):
        read_layer(saved, "fc2")


def test_a_saved_result_of_hardware_made_in_python(tmp_path: Path, small: Evaluation) -> None:
    path = tmp_path / "r.json"
    path.write_text(small.to_json())
    with pytest.raises(InputError, match="made or changed in Python"):
        read_layer(path, "fc1")


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data["layers"][0]["einsum"].update(tensors=[]),
        lambda data: data["layers"][0]["einsum"]["tensors"][0].update(ranks=[[["N"]]]),
        lambda data: data["layers"][0].update(dims={"N": 0}),
        lambda data: data["hardware"]["file"].update(text="a: b"),
        lambda data: data["hardware"]["file"].update(tables=[]),
        lambda data: data["hardware"].update(file={}),
        lambda data: data.pop("layers"),
    ],
)
def test_a_broken_result_is_one_message(saved: Path, change: Any) -> None:
    edit(saved, change)
    with pytest.raises(InputError) as error:
        read_layer(saved, "fc1")
    assert str(error.value).startswith("r.json: ")


def test_presets_point_into_their_own_files() -> None:
    net = load_network("alexnet")
    conv5 = Network("conv5", tuple(layer for layer in net.layers if layer.name == "conv5"))
    result = evaluate(conv5, "eyeriss", workers=1)
    found = number(result.explain(None, "glb", "ifmap", "read"))
    assert found.charge.lines[0].text == "energy: 6 * mac"
    assert found.notes == ("eyeriss.yaml comes with Assay.",)


def test_every_node_kind_has_an_energy_to_point_at() -> None:
    for name in ("eyeriss", "edge_45nm"):
        chip: Hardware = load_hardware(name)
        text = text_of(chip)
        assert text is not None
        assert text.now() == text.text
        assert all(text.lines(node.name, "energy") for node in chip.nodes)
        assert any(isinstance(node, Compute) for node in chip.nodes)
