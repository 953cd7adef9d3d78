"""Files of suites: what is read, and what is said of mistakes."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

import assay.metrics.flexibility_suite as module
from assay.errors import InputError
from assay.metrics.flexibility_suite import Suite, SuiteEntry, load_suite, read_suite, suite_names
from assay.reading.documents import loads
from assay.workload.einsum import TensorKind
from assay.workload.load import load_network

GOOD = """\
assay: suite/1
name: mine
title: My suite
source: a test
entries:
  - lenet5
  - {network: "conv:M=4,C=4,P=2,Q=2", class: odd, name: small, batch: 3, bits: 4, why: to try}
  - {network: lenet5, name: thin, density: {weights: 0.5}}
  - {network: lenet5, name: thinner, density: 1/4}
"""


def _read(entries: str) -> Suite:
    return read_suite(loads(f"assay: suite/1\nname: mine\nentries: {entries}\n", "mine.yaml"))


def _schema(name: str) -> Any:
    return json.loads((files("assay") / "data" / "schema" / name).read_text(encoding="utf-8"))


def test_all_that_a_file_says_is_read() -> None:
    suite = read_suite(loads(GOOD, "mine.yaml"))
    jsonschema.validate(yaml.safe_load(GOOD.replace("1/4", "0.25")), _schema("suite-1.json"))
    assert (suite.name, suite.title, suite.source, suite.label) == ("mine", "My suite", "a test", "My suite")
    plain, small, thin, thinner = suite.entries
    assert plain == SuiteEntry("lenet5", "lenet5")
    assert small == SuiteEntry("small", "conv:M=4,C=4,P=2,Q=2", "odd", batch=3, bits=4, why="to try")
    assert (thin.weights, thin.activations) == (0.5, None)
    assert (thinner.weights, thinner.activations) == (0.25, 0.25)
    assert suite.kinds == ("unclassified", "odd")


def test_networks_get_batch_words_and_densities() -> None:
    _, small, thin, thinner = read_suite(loads(GOOD, "mine.yaml")).entries
    network = small.load(16)
    (layer,) = network.layers
    assert layer.einsum is not None
    assert (network.batch, layer.einsum.extents["N"]) == (3, 3)
    assert {tensor.bits for tensor in layer.einsum.tensors} == {4}
    assert {t.bits for la in thin.load(8).layers if la.einsum for t in la.einsum.tensors} == {8}
    for entry, densities in ((thin, {0.5, 1.0}), (thinner, {0.25})):
        inputs = [t for la in entry.load(8).layers if la.einsum for t in la.einsum.inputs]
        assert {tensor.density for tensor in inputs} == densities
        assert {t.density for t in inputs if t.kind is TensorKind.WEIGHT} == {entry.weights}


def test_a_networks_own_densities_stay(tmp_path: Path) -> None:
    text = "assay: network/1\nname: n\ninput: [2]\nlayers: [{name: fc, op: fc, out: 2, density: {filter: 0.3}}]\n"
    (tmp_path / "n.yaml").write_text(text)
    (tmp_path / "s.yaml").write_text("assay: suite/1\nname: s\nentries: [n.yaml]\n")
    (entry,) = load_suite(tmp_path / "s.yaml").entries  # the network lies beside the suite
    einsum = entry.load(8).layers[0].einsum
    assert einsum is not None
    assert [tensor.density for tensor in einsum.inputs] == [1.0, 0.3]


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ("[]", "mine.yaml:3:10: the suite has no entries\n  hint: write '- {network: resnet50, class: classic}' below"),
        ("[{class: odd}]", "mine.yaml:3:11: the entry: the key 'network' is missing"),
        ("[{netwrk: lenet5}]", "mine.yaml:3:12: unknown key 'netwrk' in the entry\n  hint: did you mean 'network'?"),
        ("[lenet5, lenet5]", "mine.yaml:3:19: there are two entries called 'lenet5'\n  hint: give one of them another"),
        ("[{network: lenet5, batch: 0}]", "batch: expected a whole number of at least 1, found '0'"),
        ("[{network: lenet5, bits: 65}]", "bits: expected a whole number of at most 64, found '65'"),
        ("[{network: lenet5, bits: 8 b}]", "which is"),
        ("[{network: lenet5, density: 0}]", "density: expected a share above 0, at most 1, found '0'"),
        ("[{network: lenet5, density: {weights: 1.5}}]", "weights: expected a number from 0 to 1, found '1.5'"),
        ("[{network: lenet5, density: {filter: 1}}]", "unknown key 'filter' in density"),
        ("[{network: lenet5, density: {}}]", "density: says nothing"),
        ("lenet5", "entries: expected a list, found 'lenet5'"),
    ],
)
def test_mistakes_are_named_with_their_place(entries: str, message: str) -> None:
    with pytest.raises(InputError) as error:
        _read(entries)
    assert message in str(error.value)
    assert str(error.value).startswith("mine.yaml:3:")


def test_a_network_that_is_wrong_is_named_with_its_entry() -> None:
    (entry,) = _read("[{network: lenet6, name: six}]").entries
    with pytest.raises(
        InputError, match=r"mine.yaml:3:21: entry 'six': there is no built-in network 'lenet6'"
    ) as error:
        entry.load(8)
    assert "lenet5" in str(error.value)


def test_unknown_suites() -> None:
    with pytest.raises(InputError, match="there is no built-in suite 'standart'") as error:
        load_suite("standart")
    assert "did you mean 'standard'?" in str(error.value)
    with pytest.raises(InputError, match="there is no such file"):
        load_suite("nowhere.yaml")
    with pytest.raises(InputError, match="this file describes 'network/1', not 'suite'"):
        read_suite(loads("assay: network/1\nname: n\n", "n.yaml"))
    with pytest.raises(InputError, match="a suite cannot be read from a value of type int"):
        load_suite(3)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", suite_names())
def test_suites_that_come_with_assay_are_whole(name: str) -> None:
    text = (files("assay") / "data" / "suites" / f"{name}.yaml").read_text(encoding="utf-8")
    jsonschema.validate(yaml.safe_load(text), _schema("suite-1.json"))
    suite = load_suite(name)
    assert load_suite(suite) is suite
    assert all(entry.why for entry in suite.entries)
    for entry in suite.entries:
        network = entry.load(8)
        assert network.macs > 0
        assert network.batch == (entry.batch or 1)


def test_the_standard_suite_has_what_the_article_names() -> None:
    kinds = load_suite().kinds
    assert kinds == (
        "classic",
        "compact",
        "grouped and depthwise",
        "transformer",
        "reduced precision",
        "sparse",
    )
    assert {entry.bits for entry in load_suite().entries if entry.kind == "reduced precision"} == {8, 4, 2, 1}


PAGE = (Path(__file__).parents[2] / "docs" / "flexibility.md").read_text(encoding="utf-8")


def test_the_suite_of_the_page_and_its_error() -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    suite = read_suite(loads(example, "my_suite.yaml"))
    assert [entry.name for entry in suite.entries][:2] == ["camera", "deblur"]
    assert all(entry.load(16).macs for entry in suite.entries)
    wrong = example.replace("{weights: 0.3", "{weigths: 0.3")
    with pytest.raises(InputError) as error:
        read_suite(loads(wrong, "my_suite.yaml"))
    assert f"assay: error: {error.value}" in PAGE


def test_a_batch_that_a_network_was_not_read_for_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch of 1 that is asked for, too: it is not passed over in silence. None takes the network as it is."""
    eight = load_network("lenet5", bits=8).with_batch(8)
    monkeypatch.setattr(module, "load_network", lambda *_, **__: eight)
    assert SuiteEntry("a", "lenet5").load(8).batch == 8
    with pytest.raises(InputError, match="is already for a batch of 8"):
        SuiteEntry("a", "lenet5", batch=1).load(8)
