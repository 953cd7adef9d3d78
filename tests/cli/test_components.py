"""`assay components`, `assay estimate`, `assay area`: lists, one line, trees, JSON, and messages."""

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.cli.conftest import Runner
from tests.hardware.test_components import CHIP, TOY


def schema(name: str) -> Any:
    return json.loads((files("assay") / "data" / "schema" / f"{name}.json").read_text(encoding="utf-8"))


FIGURES = {"energy_j", "area_m2", "leakage_w", "cycle_s", "source", "uncertainty", "extrapolated"}


@pytest.fixture
def chip(tmp_path: Path) -> str:
    (tmp_path / "plug").mkdir()
    (tmp_path / "plug" / "toy.py").write_text(TOY)
    (tmp_path / "chip.yaml").write_text(CHIP)
    return str(tmp_path / "chip.yaml")


def test_one_line_with_units_source_and_range(run: Runner) -> None:
    code, out, err = run("estimate", "sram", "--depth", "16384", "--width", "64", "--technology", "65nm")
    assert (code, err) == (0, "")
    assert out.count("\n") == 1
    assert out.startswith("sram (depth 16384, width 64 b, ")
    for words in (" read ", " pJ (", " to ", "mm2", " uW", " ns", "×/÷", "source: analytical model of SRAM arrays"):
        assert words in out


def test_json(run: Runner, tmp_path: Path) -> None:
    asked = ("estimate", "sram", "--depth=16384", "--width=64", "--technology=65nm")
    code, out, err = run(*asked, "--json", "-")
    assert (code, err) == (0, "")
    data = json.loads(out)
    jsonschema.validate(data, schema("estimate-1"))
    assert data.keys() >= FIGURES
    assert set(data["energy_j"]) == {"read", "write"}
    assert data["extrapolated"] is False
    assert 1e-12 < data["energy_j"]["read"] < 1e-9
    path = tmp_path / "sram.json"
    code, out, _ = run(*asked, "--json", str(path))
    assert code == 0
    assert out.startswith("sram (")
    assert json.loads(path.read_text()) == data


def test_what_is_beyond_the_range_is_flagged(run: Runner) -> None:
    code, out, _ = run(
        "estimate", "sram", "--depth", "2**40/1024", "--width", "64", "--technology", "65nm", "--json", "-"
    )
    assert code == 0
    data = json.loads(out)
    assert data["extrapolated"] is True
    assert data["extrapolations"] == ["8 GiB is beyond 64 B to 32 MiB"]
    code, out, _ = run("estimate", "sram", "--depth", "2**40/1024", "--width", "64", "--technology", "65nm")
    assert "EXTRAPOLATED: 8 GiB is beyond 64 B to 32 MiB" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("sram", "--depth", "0", "--width", "64", "--technology", "65nm"), "sram: depth: 0 is not possible"),
        (("sram", "--depth", "1.5", "--width", "64", "--technology", "65nm"), "depth: expected a whole number"),
        (("sram", "--depth", "16", "--width", "64"), "Sram needs a technology"),
        (("sram", "--width", "64", "--technology", "65nm"), "Sram needs depth"),
        (("sram", "--depth", "16", "--width", "64", "--technology", "2nm"), "a technology of 2 nm is not covered"),
        (("sram", "--depth", "16", "--width", "64", "--technology", "65 nm, -1 V"), "a supply of -1 V is not possible"),
        (("sram", "--dept", "16", "--width", "64", "--technology", "65nm"), "does not know the attribute 'dept'"),
        (("sram", "--depth", "16", "--width", "64 pJ", "--technology", "65nm"), "width: expected a number of bits"),
        (("srm",), "there is no estimator for 'srm'\n  hint: did you mean 'sram'?"),
        (("adc", "--bits", "0.5", "--rate", "1GHz", "--technology", "65nm"), "adc: bits: 0.5 is not possible"),
        (("wire", "--length", "1", "--width", "8", "--technology", "65nm"), "length: expected a length such as"),
        (("mac", "--format", "fp7", "--technology", "65nm"), "fp7"),
        (("sram", "--depth"), "--depth is given no value"),
        (("sram", "depth", "16"), "'depth' is not an attribute\n  hint: write attributes as --depth 1024"),
        (("sram", "--depth", "16", "--depth", "17"), "--depth is given twice"),
        (
            ("sram", "--depth", "16", "--width", "8", "--technology", "65nm", "--estimator", "X"),
            "no estimator 'X' for sram",
        ),
        (("sram", "--hardware", "none.yaml"), "none.yaml: there is no such file"),
        (("sram", "--plugins", "nowhere"), "there is no folder of plug-ins"),
    ],
)
def test_what_cannot_be_is_one_message(run: Runner, arguments: tuple[str, ...], message: str) -> None:
    code, out, err = run("estimate", *arguments)
    assert (code, out) == (2, "")
    assert message in err
    assert "Traceback" not in err


def test_help_of_a_component_is_its_description(run: Runner) -> None:
    code, out, _ = run("estimate", "sram", "--help")
    assert (code, out) == (0, run("components", "sram")[1])
    assert "words, of all banks together" in out
    assert "required" in out


def test_nothing_that_is_read_is_written_over(run: Runner, chip: str) -> None:
    asked = ("estimate", "sram", "--depth", "16", "--width", "8", "--technology", "65nm", "--hardware", chip)
    for target in (chip, str(Path(chip).parent / "plug" / "toy.py")):
        before = Path(target).read_text()
        code, out, err = run(*asked, "--plugins", str(Path(chip).parent / "plug"), "--json", target)
        assert (code, out) == (2, "")
        assert "--json" in err
        assert Path(target).read_text() == before


def test_the_list(run: Runner) -> None:
    code, out, err = run("components")
    assert (code, err) == (0, "")
    for name in ("sram", "register_file", "dram", "mac", "scalable_mac", "adc", "cell", "router", "link", "given"):
        assert f"\n{name} " in out


def test_a_component_of_a_file(run: Runner, chip: str) -> None:
    code, out, _ = run("estimate", "smart", "--hardware", chip, "--depth", "512")
    assert code == 0
    assert out.startswith("smart (depth 512, width 16 b): read ")
    assert "\n└─ storage: 4 × toy (depth 128, width 16 b, technology 65 nm, 1 V): read 160 fJ (128 fJ to 200 fJ)" in out
    code, out, _ = run("components", "--hardware", chip)
    assert "\nsmart " in out
    assert "\ntoy " in out


def test_area_is_a_tree(run: Runner, chip: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    code, out, err = run("area", chip)
    assert (code, err) == (0, "")
    lines = [line.split() for line in out.splitlines()]
    assert ["buffer", "smart", "1", "0.066", "mm2", "0.066", "mm2", "25", "%", "1.08", "uW", "×/÷", "1.25"] in lines
    assert any(line[:2] == ["storage", "toy"] for line in lines)
    assert "Area not modelled: array." in out
    assert "- toy: nowhere" in out
    code, out, _ = run("area", chip, "--json", "-")
    data = json.loads(out)
    jsonschema.validate(data, schema("area-1"))
    assert data["schema"] == "assay.area/1"
    assert data["area_without"] == ["array"]
    assert data["components"][1]["estimate"]["parts"][0]["count"] == 4


def test_a_chip_without_components_has_no_area(run: Runner, tmp_path: Path) -> None:
    from tests.hardware.test_components import CHIP_BARE

    (tmp_path / "bare.yaml").write_text(CHIP_BARE)
    code, out, _ = run("area", str(tmp_path / "bare.yaml"))
    assert code == 0
    assert "Area not modelled: buffer, array, mac." in out
    assert " 0 " not in out


def test_power_gating(run: Runner, chip: str) -> None:
    code, out, _ = run("evaluate", "matmul:M=2,N=6,K=5", chip, "--power-gating", "--no-cache")
    assert code == 0
    assert "what gets no work is switched off" in " ".join(out.split())
