"""`assay explain`, from a result that was evaluated and saved."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest

from assay import cli
from assay.evaluation.evaluate import evaluate
from assay.mapping.text import read_mapping
from assay.report.explain import render_explanation
from assay.workload.load import load_network
from assay.workload.network import Network
from tests.cli.test_cli import CHIP_YAML
from tests.evaluation.small import NETWORK

Run = tuple[int, str, str]
Runner = Callable[..., Run]


SCHEMA = json.loads((files("assay") / "data" / "schema" / "explain-1.json").read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runner:
    """Runs `assay explain r.json ...` where r.json is the result of a small network on a chip of one file."""
    monkeypatch.chdir(tmp_path)
    Path("toy.yaml").write_text(CHIP_YAML)
    Path("r.json").write_text(evaluate(NETWORK, "toy.yaml", workers=1).to_json())

    def _run(*arguments: str) -> Run:
        code = cli.main(["explain", "r.json", *arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return _run


READ = ("--layer", "fc1", "--component", "dram", "--tensor", "filter", "--action", "read")


def test_a_count_with_its_energy_and_line(run: Runner) -> None:
    code, out, err = run(*READ)
    assert (code, err) == (0, "")
    assert out.startswith("fc1 on toy · dram · read of filter\n24 words, all instances together\n")
    assert "24 words × 16 bits / 16 bits per access × 200 pJ = 4.8 nJ\nSource: a test\n" in out
    assert out.endswith("toy.yaml:9: energy: 200 pJ\n")


def test_lists_cycles_and_energy(run: Runner) -> None:
    code, out, _ = run("--layer", "fc1", "--component", "dram")
    assert code == 0
    assert "dram       ifmap   read" in out
    code, out, _ = run("--layer", "fc1", "--cycles")
    assert code == 0
    assert "dram (total) is busy longest" in out
    assert "toy.yaml:10: bandwidth: 16 b/cycle" in out
    code, out, _ = run("--layer", "fc1", "--energy")
    assert code == 0
    assert "toy.yaml:16" in out


def test_every_kind_of_json_follows_the_schema(run: Runner) -> None:
    VALIDATOR.check_schema(SCHEMA)
    kinds = {"number", "numbers", "energy", "cycles"}
    for asked in (("--layer", "fc1"), ("--layer", "fc1", "--energy"), ("--layer", "fc1", "--cycles"), READ):
        data = json.loads(run(*asked, "--json", "-")[1])
        VALIDATOR.validate(data)
        assert not VALIDATOR.is_valid(data | {"surprise": 1})
        kinds.remove(data["kind"])
    assert not kinds


def test_json_is_only_json(run: Runner) -> None:
    code, out, err = run(*READ, "--json", "-")
    assert (code, err) == (0, "")
    data = json.loads(out)
    VALIDATOR.validate(data)
    assert (data["schema"], data["kind"], data["count"]) == ("assay.explain/1", "number", 24)
    assert data["lines"] == [{"file": "toy.yaml", "line": 9, "text": "energy: 200 pJ"}]
    assert [json.loads(run("--layer", "fc1", what, "--json", "-")[1])["kind"] for what in ("--cycles", "--energy")] == [
        "cycles",
        "energy",
    ]


def test_json_in_a_file_comes_with_the_screen(run: Runner) -> None:
    code, out, _ = run(*READ, "--json", "e.json")
    assert code == 0
    assert out.startswith("fc1 on toy")
    assert json.loads(Path("e.json").read_text())["layer"] == "fc1"
    assert "is the result that is read" in run(*READ, "--json", "r.json")[2]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("", "r.json: say which layer is meant"),
        ("--layer haed", "did you mean 'head'?"),
        ("--layer fc1 --component drm", "did you mean 'dram'?"),
        ("--layer fc1 --tensor filtr", "did you mean 'filter'?"),
        ("--layer fc1 --action reed", "did you mean 'read'?"),
        ("--layer fc1 --component mac --tensor filter --action read", "fc1 counts no read of filter at mac"),
        ("--layer fc1 --cycles --energy", "cycles and energy are two figures"),
        ("--layer fc1 --json no/such/e.json", "there is no folder no/such"),
    ],
)
def test_wrong_names_are_one_message(run: Runner, arguments: str, words: str) -> None:
    code, out, err = run(*arguments.split())
    assert (code, out) == (2, "")
    assert err.startswith("assay: error: ")
    assert words in err
    assert len(err.splitlines()) == 2


def test_the_page_shows_a_real_screen(tmp_path: Path) -> None:
    conv2 = Network("conv2", tuple(layer for layer in load_network("alexnet").layers if layer.name == "conv2"))
    docs = Path(__file__).parents[2] / "docs"
    (example,) = re.findall(r"```yaml\n(.*?)```", (docs / "json.md").read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "mapping.yaml").write_text(example)
    mappings = read_mapping(tmp_path / "mapping.yaml")
    found = evaluate(conv2, "eyeriss", batch=4, workers=1, mappings=mappings).explain("conv2", "glb", "ifmap", "read")
    assert f"```\n{render_explanation(found)}```" in (docs / "explain.md").read_text(encoding="utf-8")


def test_a_result_of_an_older_version(run: Runner) -> None:
    data = json.loads(Path("r.json").read_text())
    del data["hardware"]["file"]
    Path("r.json").write_text(json.dumps(data))
    code, _, err = run(*READ)
    assert code == 2
    assert "evaluate again with --json FILE" in err


def test_a_changed_hardware_file_is_said(run: Runner) -> None:
    Path("toy.yaml").write_text("# moved\n" + CHIP_YAML)
    code, out, _ = run(*READ)
    assert code == 0
    assert "toy.yaml:9: energy: 200 pJ" in out
    assert "- toy.yaml has changed since" in out
