"""`assay evaluate --all`: everything about a network on a chip, with a small suite in place of the standard one."""

import json
from functools import partial
from importlib import resources
from pathlib import Path

import jsonschema
import pytest

from assay.errors import InputError
from assay.metrics import examination
from assay.metrics.flexibility import flexibility
from tests.cli.conftest import Runner

SUITE = """\
assay: suite/1
name: mine
entries:
  - {network: "matmul:M=8,N=4,K=8", name: product, class: classic}
"""
NETWORK = """\
assay: network/1
name: net
input: [8, 8, 8]
layers:
  - {name: conv1, op: conv, out: 16, kernel: 3, padding: 1}
"""
SCHEMAS = resources.files("assay") / "data" / "schema"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.yaml").write_text(NETWORK)
    (tmp_path / "suite.yaml").write_text(SUITE)
    small = partial(flexibility, suite=str(tmp_path / "suite.yaml"), shapes=False)
    monkeypatch.setattr(examination, "flexibility", small)
    return tmp_path


def test_everything_is_in_every_form(run: Runner, folder: Path) -> None:
    code, out, err = run("evaluate", "net.yaml", "edge_45nm", "--all", "--workers", "1", "--json", "all.json")
    assert (code, err) == (0, "")
    for part in ("Eyexam: in short", "Roofline: tightened roofline", "Dataflows: ", "Flexibility: ", "Scalability: "):
        assert f"\n{part}" in out
    assert "or ask assay" not in out
    data = json.loads((folder / "all.json").read_text())
    for name in ("evaluation", "eyexam", "roofline", "dataflows", "flexibility", "scaling", "delivery"):
        schema = json.loads((SCHEMAS / f"{name}-1.json").read_text(encoding="utf-8"))
        jsonschema.validate(data if name == "evaluation" else data[name], schema)


def test_eyexam_says_that_its_mappings_are_not_those_that_were_given(run: Runner, folder: Path) -> None:
    everything = ("evaluate", "net.yaml", "edge_45nm", "--all", "--workers", "1")
    _, own, _ = run(*everything, "--json", "all.json")
    code, given, err = run(*everything, "--mapping", "all.json")
    assert (code, err) == (0, "")
    assert "not those that were given" in " ".join(given.split())
    assert "not those that were given" not in " ".join(own.split())


def test_time_limit_and_tiles_are_those_of_every_part_that_has_them(
    run: Runner, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, tuple[object, ...]] = {}
    for name in ("eyexam", "compare_dataflows", "flexibility", "scaling"):

        def part(*_: object, part: str = name, **how: object) -> None:
            asked[part] = tuple(how.get(key) for key in ("tiles", "time_limit", "objective", "workers", "cache"))
            raise InputError("left out")

        monkeypatch.setattr(examination, name, part)
    options = ("--tiles", "imperfect", "--time-limit", "9", "--objective", "edp", "--workers", "1", "--no-cache")
    code, out, _ = run("evaluate", "net.yaml", "edge_45nm", "--all", *options)
    assert code == 0
    assert asked.pop("compare_dataflows") == (None, 9.0, "edp", 1, False)
    assert asked == dict.fromkeys(("eyexam", "flexibility", "scaling"), ("imperfect", 9.0, "edp", 1, False))
    assert out.count("Could not be found out: left out") == 4


def test_what_a_chip_cannot_is_named_and_the_rest_goes_on(run: Runner, folder: Path) -> None:
    (folder / "flat.yaml").write_text(
        "assay: hardware/1\nname: flat\nclock: 1 GHz\nenergy_source: assumed\nnodes:\n"
        "  - {memory: dram, offchip: true, keep: [ifmap, filter, ofmap], energy: 10 pJ}\n"
        "  - {memory: buf, size: 64 KiB, keep: [ifmap, filter, ofmap], energy: 1 pJ}\n"
        "  - {compute: mac, energy: 1 pJ}\n"
    )
    code, out, err = run("evaluate", "net.yaml", "flat.yaml", "--all", "--workers", "1")
    assert (code, err) == (0, "")
    assert "Could not be found out: " in out
    assert "Eyexam: in short" in out
    assert "Flexibility: " in out
