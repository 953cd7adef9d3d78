"""`assay flexibility`."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from assay.hardware.model import Hardware
from assay.mapper import SearchResult
from assay.metrics import flexibility_map, flexibility_search
from assay.workload.einsum import Einsum
from tests.cli.conftest import Runner

SUITE = """\
assay: suite/1
name: mine
entries:
  - {network: "matmul:M=8,N=4,K=8", name: product, class: classic}
  - {network: "conv:G=8,M=1,C=1,P=4,Q=4,R=3,S=3", name: depthwise, class: compact}
"""


@pytest.fixture
def suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    for name in ("CHANNELS", "FILTERS", "OUTPUTS", "BATCHES"):
        monkeypatch.setattr(flexibility_map, name, (1, 4))
    path = tmp_path / "mine.yaml"
    path.write_text(SUITE)
    return str(path)


def test_screen(run: Runner, suite: str) -> None:
    code, out, err = run("flexibility", "edge_45nm", "--suite", suite, "--above", "80%", "--workers", "1")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "Flexibility of Example edge accelerator (not a real chip): mine"
    assert lines[1].startswith("2 of 2 workloads run. They keep ")
    assert {"In short", "First tier: does it run?", "Second tier: does it stay efficient?", "The map"} <= set(lines)
    assert "it stays above 80 % of the peak throughput" in " ".join(out.split())


def test_without_the_map(run: Runner, suite: str) -> None:
    code, out, _ = run("flexibility", "edge_45nm", "--suite", suite, "--no-map")
    assert code == 0
    assert "The map" not in out


def test_outputs(run: Runner, suite: str, tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    options = ("--suite", suite, "--workers", "1", "--plot", str(folder), "--json", "-")
    code, out, err = run("flexibility", "edge_45nm", *options, "--objective", "energy", "--batch", "2")
    data = json.loads(out)
    schema = json.loads((files("assay") / "data" / "schema" / "flexibility-1.json").read_text(encoding="utf-8"))
    jsonschema.validate(data, schema)
    assert (code, err) == (0, "")
    assert [each["batch"] for each in data["workloads"]] == [2, 2]
    assert data["map"]["measure"] == "macs_per_joule"
    names = {path.name for path in folder.iterdir()}
    assert {"flexibility_workloads.svg", "flexibility_map.png", "flexibility_curves.pdf"} <= names


def test_how_long_and_among_which_tiles_is_searched(run: Runner, suite: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[object, object]] = []
    real = flexibility_search.cached_best_mapping

    def search(einsum: Einsum, chip: Hardware, objective: str, **how: Any) -> SearchResult:
        asked.append((how["time_limit"], how["tiles"]))
        found = real(einsum, chip, objective, **how)
        stopped = einsum.extents["M"] == 8
        return replace(found, optimal=not stopped, stopped=stopped)

    monkeypatch.setattr(flexibility_search, "cached_best_mapping", search)
    options = ("--suite", suite, "--no-map", "--workers", "1", "--time-limit", "500 ms", "--tiles", "imperfect")
    code, out, _ = run("flexibility", "edge_45nm", *options)
    assert code == 0
    assert asked == [(0.5, "imperfect")] * 2
    text = "Of 2 different layers, the mappings of 1 are not proven best (the time limit ended 1 search)."
    assert text in " ".join(out.split())


@pytest.mark.parametrize("form", ["markdown", "latex", "html"])
def test_forms(run: Runner, suite: str, form: str) -> None:
    code, out, _ = run("flexibility", "edge_45nm", "--suite", suite, "--no-map", f"--{form}", "-")
    assert code == 0
    assert "depthwise" in out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--above", "many"), "--above is 'many'"),
        (("--above", "50"), "--above is '50'; is that 50 %?"),
        (("--above", "0%"), "it must be above 0"),
        (("--above", "150%"), "no share is above 100 %"),
        (("--above", "nan"), "--above is 'nan'"),
        (("--batch", "two"), "--batch is 'two'; it must be a whole number"),
        (("--batch", "0"), "batch is 0; it must be a whole number from 1 to 1,000,000"),
        (("--workers", "some"), "--workers is 'some'; it must be a whole number"),
        (("--objective", "speed"), "unknown objective 'speed'"),
        (("--suite", "standart"), "there is no built-in suite 'standart'"),
        (("--suite", "nowhere.yaml"), "nowhere.yaml: there is no such file"),
        (("--base", "fc"), "the base layer is 'fc'; it must be a convolution, written out"),
        (("--plot", ""), "--plot: '' is not a folder"),
        (("--time-limit", "0"), "--time-limit is '0'; it must be above 0"),
        (("--time-limit", "1 mJ"), "--time-limit is '1 mJ', which is an energy"),
    ],
)
def test_bad_options(run: Runner, options: tuple[str, ...], message: str) -> None:
    code, out, err = run("flexibility", "edge_45nm", *options)
    assert (code, out) == (2, "")
    assert message in " ".join(err.split())


def test_unknown_hardware(run: Runner) -> None:
    code, _, err = run("flexibility", "eyeris")
    assert code == 2
    assert "did you mean 'eyeriss'?" in err


def test_what_is_read_is_not_written(run: Runner, suite: str) -> None:
    code, _, err = run("flexibility", "edge_45nm", "--suite", suite, "--json", suite)
    assert code == 2
    assert "suite" in err
    assert Path(suite).read_text() == SUITE
