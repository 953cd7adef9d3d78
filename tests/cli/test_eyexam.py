"""`assay eyexam` and `assay roofline` from the command line."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest

from tests.cli.conftest import Runner

LAYER = "conv:M=32,C=3,P=4,Q=4"


def test_the_screen_of_a_layer(run: Runner) -> None:
    code, out, err = run("eyexam", LAYER, "edge_45nm")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "Eyexam of conv on Example edge accelerator (not a real chip), batch 1"
    assert "C = 3 fills 3 of 16 along Y of array" in " ".join(out.split())
    assert "Layers" not in lines


def test_the_screen_of_a_network(run: Runner) -> None:
    code, out, err = run("eyexam", "lenet5", "edge_45nm", "--workers", "1")
    assert (code, err) == (0, "")
    assert {"Eyexam", "Layers", "Where the network loses most"} <= set(out.splitlines())


def test_one_layer_of_a_network(run: Runner) -> None:
    first = run("eyexam", "lenet5", "edge_45nm", "--layer", "c3", "--workers", "1")
    assert first == run("eyexam", "lenet5:c3", "edge_45nm", "--workers", "1")
    assert first[0] == 0


@pytest.mark.parametrize("command", ["eyexam", "roofline"])
def test_json_alone_on_stdout(run: Runner, command: str) -> None:
    code, out, err = run(command, LAYER, "edge_45nm", "--batch", "2", "--objective", "edp", "--json", "-")
    assert (code, err) == (0, "")
    data = json.loads(out)
    schema = json.loads((files("assay") / "data" / "schema" / f"{command}-1.json").read_text(encoding="utf-8"))
    jsonschema.validate(data, schema)
    assert data["schema"] == f"assay.{command}/1"
    assert (data["network"]["batch"], data["objective"]) == (2, "edp")


@pytest.mark.parametrize("command", ["eyexam", "roofline"])
def test_files(run: Runner, tmp_path: Path, command: str) -> None:
    options = (
        "--html",
        str(tmp_path / "a.html"),
        "--markdown",
        str(tmp_path / "a.md"),
        "--latex",
        str(tmp_path / "a.t"),
    )
    code, _, err = run(command, LAYER, "edge_45nm", *options, "--plot", str(tmp_path / "pictures"))
    assert (code, err) == (0, "")
    assert "<svg" in (tmp_path / "a.html").read_text(encoding="utf-8")
    assert (tmp_path / "a.md").read_text(encoding="utf-8").startswith("**")
    assert r"\begin{tabular}" in (tmp_path / "a.t").read_text(encoding="utf-8")
    names = {path.name for path in (tmp_path / "pictures").iterdir()}
    assert ("eyexam.svg" if command == "eyexam" else "roofline-dram.pdf") in names


def test_explained(run: Runner) -> None:
    code, out, _ = run("eyexam", LAYER, "edge_45nm", "--explain")
    assert code == 0
    assert "= macs / cycles" in out
    assert "reached / (pes · macs_per_pe)" in out


@pytest.mark.parametrize("command", ["eyexam", "roofline"])
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nonet", "edge_45nm"), "there is no built-in network 'nonet'"),
        (("alexnet:conv9", "edge_45nm"), "alexnet has no layer 'conv9'"),
        (("alexnet:conv1", "edge_45nm", "--layer", "conv2"), "names layer conv1, and --layer names conv2"),
        ((LAYER, "edge_45nm", "--layer", "conv2"), "--layer picks one of a network"),
        ((LAYER, "edge_45nm", "--batch", "two"), "--batch is 'two'"),
        ((LAYER, "edge_45nm", "--bits", "0"), "bits is 0"),
        ((LAYER, "edge_45nm", "--bits", "x"), "--bits is 'x'"),
        ((LAYER, "edge_45nm", "--tiles", "round"), "unknown tiles 'round'"),
        ((LAYER, "edge_45nm", "--objective", "speed"), "unknown objective 'speed'"),
        ((LAYER, "edge_45nm", "--dataflow", "sideways"), "there is no dataflow 'sideways'"),
        ((LAYER, "edge_45nm", "--time-limit", "-1"), "--time-limit is '-1'"),
        ((LAYER, "edge_45nm", "--workers", "0"), "workers is 0"),
        (("edge_45nm", "alexnet"), "swap the two"),
    ],
)
def test_one_clear_message(run: Runner, command: str, arguments: tuple[str, ...], message: str) -> None:
    code, out, err = run(command, *arguments)
    assert code == 2
    assert out == ""
    assert message in err
    assert err.startswith("assay: error: ")
    assert "Traceback" not in err
