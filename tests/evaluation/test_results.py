import csv
import io
import json
import sys
import xml.etree.ElementTree
from dataclasses import replace
from importlib.resources import files

import jsonschema
import pytest

from assay.errors import UnsupportedError
from assay.evaluation.evaluate import evaluate
from assay.evaluation.results import Evaluation
from tests.evaluation.small import CHIP, MAPPING, NETWORK


@pytest.fixture(scope="module")
def result() -> Evaluation:
    return evaluate(NETWORK, CHIP, batch=2, workers=1, mappings={"fc1": MAPPING})


def test_totals_are_sums_over_layers(result: Evaluation) -> None:
    mapped = [result.layers[0], result.layers[2], result.layers[3]]
    assert result.macs == 48 + 48 + 24
    assert result.cycles == sum(layer.cycles or 0 for layer in mapped)
    assert result.energy == pytest.approx(sum(layer.energy or 0 for layer in mapped))
    assert result.latency == pytest.approx((result.cycles or 0) / 1e6)
    assert result.throughput == pytest.approx(2e6 / (result.cycles or 1))
    assert result.energy_per_inference == pytest.approx((result.energy or 0) / 2)
    assert result.power == pytest.approx((result.energy or 0) / (result.latency or 1))
    assert result.utilization == pytest.approx(120 / (4 * (result.cycles or 1)))
    assert result.offchip_read_bits == sum(layer.offchip_read_bits or 0 for layer in mapped)


def test_onchip_and_offchip_make_the_whole(result: Evaluation) -> None:
    assert result.onchip_energy is not None
    assert result.onchip_energy + (result.energy_of("dram") or 0) == pytest.approx(result.energy)
    assert sum(result.energy_of(node.name) or 0 for node in CHIP.nodes) == pytest.approx(result.energy)
    assert result.onchip_bits == 1024


def test_active_pes_are_weighted_by_cycles_of_computation(result: Evaluation) -> None:
    weights = [(la.active_pes or 0, la.timing.compute_cycles) for la in result.mapped if la.timing]
    assert result.active_pes == pytest.approx(sum(p * c for p, c in weights) / sum(c for _, c in weights))


def test_a_kind_is_a_part(result: Evaluation) -> None:
    part, rest = result.of_kind("fc"), result.of_kind("matmul")
    assert [layer.name for layer in part.layers] == ["fc1", "fc2"]
    assert (part.energy or 0) + (rest.energy or 0) == pytest.approx(result.energy)


def test_printing_is_short(result: Evaluation) -> None:
    lines = str(result).splitlines()
    assert lines[0].startswith("Tiny on Small chip, batch 2: latency ")
    assert [line.split(":")[0].strip() for line in lines[1:]] == ["fc1", "fc2", "head"]
    assert repr(result) == f"<Evaluation: {lines[0]}>"


def test_json_follows_the_schema(result: Evaluation) -> None:
    schema = json.loads((files("assay") / "data" / "schema" / "evaluation-1.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    data = json.loads(result.to_json())
    validator.validate(data)
    for broken in ({"totals": data["totals"] | {"energy_j": "1 J"}}, {"schema": "assay.evaluation/2"}, {"extra": 1}):
        assert list(validator.iter_errors(data | broken))


def test_json_holds_the_figures(result: Evaluation) -> None:
    data = json.loads(result.to_json())
    assert data["schema"] == "assay.evaluation/1"
    assert data["network"]["batch"] == 2
    assert data["totals"]["offchip_read_bits"] == result.offchip_read_bits
    assert data["totals"]["power_w"] == result.power
    first, relu = data["layers"][0], data["layers"][1]
    assert first["dims"]["C"] == 6
    assert {"component": "buf", "tensor": "ofmap", "action": "read", "count": 40} in first["counts"]
    assert len(first["energy"]) == len(first["counts"])
    assert {"component": "buf", "tensor": "filter", "words": 24} in first["tiles"]
    assert (relu["energy_j"], relu["mapping"], relu["vector"]["operations"]) == (None, None, 8)


def test_huge_counts_stay_exact(result: Evaluation) -> None:
    analysis = result.layers[0].analysis
    assert analysis is not None
    counts = tuple(replace(count, count=count.count * 10**20 + 1) for count in analysis.counts)
    layer = replace(result.layers[0], analysis=replace(analysis, counts=counts))
    text = replace(result, layers=(layer,)).to_json()
    assert json.loads(text)["layers"][0]["counts"][0]["count"] == counts[0].count > 2**64


def test_csv_has_a_row_per_layer_and_empty_cells_for_the_unknown(result: Evaluation) -> None:
    rows = list(csv.DictReader(io.StringIO(result.to_csv())))
    assert [row["name"] for row in rows] == ["fc1", "relu1", "fc2", "head"]
    assert float(rows[0]["energy_j"]) == result.layers[0].energy
    assert (rows[1]["energy_j"], rows[1]["cycles"], rows[1]["vector_operations"]) == ("", "", "8")
    assert "C=6" in rows[0]["dims"]


def test_csv_writes_truth_values_as_json_does(result: Evaluation) -> None:
    rows = list(csv.DictReader(io.StringIO(result.to_csv())))
    assert [row["optimal"] for row in rows] == ["", "", "true", "true"]


def test_printing_fits_a_line(result: Evaluation) -> None:
    assert repr(result.hardware) == "<Hardware small: 4 PEs at 1 MHz, dram > buf > array > mac>"
    assert repr(result.layers[0].mapping) == "<Mapping: dram N2 | buf C6 | array M4@X>"
    assert repr(result.layers[0]).startswith("<LayerResult fc1: latency ")
    assert repr(result.layers[0].analysis).endswith(" 12 steps, 4 active PEs>")
    assert all(len(repr(each)) < 120 for layer in result.layers for each in (layer, layer.mapping, layer.layer))


def test_notebooks_show_a_table(result: Evaluation) -> None:
    html = replace(result, network=replace(result.network, title="<b> & co"))._repr_html_()
    assert "&lt;b&gt; &amp; co on Small chip" in html
    assert html.count("<tr>") == 1 + 3 + 1
    assert ">48<" in html
    assert "relu1" not in html
    parser = xml.etree.ElementTree.fromstring(html)
    assert parser.tag == "table"


def test_pandas_tables(result: Evaluation) -> None:
    layers, counts = result.to_pandas(), result.to_pandas("counts")
    assert list(layers["name"]) == ["fc1", "relu1", "fc2", "head"]
    assert layers["energy_j"].sum() == pytest.approx(result.energy)
    assert counts["energy_j"].sum() == pytest.approx(result.energy)
    assert list(counts.columns) == ["layer", "component", "tensor", "action", "count", "energy_j"]


def test_without_pandas_the_message_says_what_to_install(result: Evaluation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(UnsupportedError, match=r"pip install pandas"):
        result.to_pandas()
