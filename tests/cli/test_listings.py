"""`assay networks`, `hardware`, `chips` and `components` as JSON: valid, complete, with the figures of the screen."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from assay.hardware.presets import preset_names
from assay.metrics.claims_reader import chip_names
from assay.workload.zoo import zoo_names
from tests.cli.conftest import Runner

LISTS = {"networks": "network_list", "hardware": "hardware_list", "chips": "chip_list", "components": "component_list"}


def schema(form: str) -> Any:
    return json.loads((files("assay") / "data" / "schema" / f"{form}-1.json").read_text(encoding="utf-8"))


def listed(run: Runner, command: str, *options: str) -> Any:
    code, out, err = run(command, *options, "--json", "-")
    assert (code, err) == (0, "")
    data = json.loads(out)
    jsonschema.Draft202012Validator.check_schema(schema(LISTS[command]))
    jsonschema.validate(data, schema(LISTS[command]))
    assert data["schema"] == f"assay.{LISTS[command]}/1"
    return data


def test_every_name_is_there(run: Runner) -> None:
    assert [each["name"] for each in listed(run, "networks")["networks"]] == list(zoo_names())
    assert [each["name"] for each in listed(run, "hardware")["hardware"]] == list(preset_names())
    assert [each["name"] for each in listed(run, "chips")["chips"]] == list(chip_names())


def test_figures_in_si_units(run: Runner) -> None:
    networks = {each["name"]: each for each in listed(run, "networks")["networks"]}
    assert networks["vgg16"]["macs"] == 15_470_264_320
    assert (networks["vgg16"]["layers_with_macs"], networks["vgg16"]["weights"]) == (16, 138_344_128)
    hardware = {each["name"]: each for each in listed(run, "hardware")["hardware"]}
    assert hardware["eyeriss"]["pes"] == 168
    assert hardware["eyeriss"]["peak_macs_per_s"] == 168 * 200e6
    chips = {each["name"]: each for each in listed(run, "chips")["chips"]}
    assert [each["name"] for each in chips["eyeriss"]["runs"]] == ["alexnet", "vgg16"]
    assert chips["eyeriss"]["runs"][0]["basis"] == "measured"
    assert 0 <= chips["a100"]["recalled"] <= chips["a100"]["figures"]


def test_components_and_one_of_them(run: Runner) -> None:
    every = listed(run, "components")
    assert every["not_loaded"] == []
    (sram,) = listed(run, "components", "sram")["components"]
    assert sram in every["components"]
    width = next(each for each in sram["attributes"] if each["name"] == "width")
    assert (width["required"], width["unit"], width["kind"], width["default"]) == (True, "b", "int", None)
    assert sram["actions"] == ["read", "write"]
    helped = run("estimate", "sram", "--help", "--json", "-")
    assert json.loads(helped[1])["components"] == [sram]


def test_what_cannot_be_loaded_is_named(run: Runner, tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text("raise RuntimeError('no')\n")
    code, out, err = run("components", "--plugins", str(tmp_path), "--json", "-")
    assert (code, out) == (2, "")
    assert "bad.py" in err


@pytest.mark.parametrize("command", LISTS)
def test_to_a_file_and_the_screen(run: Runner, command: str, tmp_path: Path) -> None:
    plain = run(command)
    assert run(command, "--json", str(tmp_path / "list.json")) == plain
    jsonschema.validate(json.loads((tmp_path / "list.json").read_text()), schema(LISTS[command]))
    code, out, err = run(command, "--json", str(tmp_path))
    assert (code, out) == (2, "")
    assert "is not a file name" in err


def test_schemas_refuse_what_is_not_said(run: Runner) -> None:
    for command, form in LISTS.items():
        data = listed(run, command)
        first = next(value for value in data.values() if isinstance(value, list))[0]
        first["surprise"] = 1
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(data, schema(form))


def test_every_schema_is_one_and_is_in_the_documentation() -> None:
    pages = "".join(page.read_text(encoding="utf-8") for page in (Path(__file__).parents[2] / "docs").glob("*.md"))
    for path in (files("assay") / "data" / "schema").iterdir():
        jsonschema.Draft202012Validator.check_schema(json.loads(path.read_text(encoding="utf-8")))
        assert path.name in pages
