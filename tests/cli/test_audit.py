"""`assay audit`, `assay compare`, `assay chips`."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest

from assay.report import output
from tests.cli.conftest import Runner
from tests.metrics.claims_sample import CHIP, changed


def schema(name: str) -> object:
    return json.loads((files("assay") / "data" / "schema" / f"{name}-1.json").read_text(encoding="utf-8"))


@pytest.fixture
def chip(tmp_path: Path) -> Path:
    path = tmp_path / "chip.yaml"
    path.write_text(changed(("power: 500 mW", "power: 900 mW")), encoding="utf-8")
    return path


def test_the_screen_begins_with_the_result_and_ends_with_operations_per_watt(run: Runner) -> None:
    code, out, err = run("audit", "eyeriss")
    lines = out.splitlines()
    assert (code, err) == (0, "")
    assert lines[0] == "Audit of Eyeriss v1, run alexnet"
    assert lines[1] == "1 of 22 specifications is missing; nothing contradicts (15 checks)."
    headings = ["What is missing, and what cannot be concluded", "Do the claims agree with each other?", "Accuracy"]
    headings += ["Throughput and latency", "Energy and power", "Hardware cost", "Operations per second, and per watt"]
    places = [lines.index(each) for each in headings]
    assert places == sorted(places)
    assert "Achieved per watt   166 GOPS/W (chip)" in lines
    for figure in (
        "115.3 ms",
        "278 mW (chip)",
        "12.25 mm2 (core)",
        "0.073 mm2",
        "80.2 % (= 1 - error; top-5)",
        "3.85 MB",
    ):
        assert figure in out


@pytest.mark.parametrize("width", [80, 120])
def test_no_line_is_wider_than_the_terminal(run: Runner, monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    monkeypatch.setattr(output, "screen_width", lambda *_: width)
    for command in (("audit", "tpu_v1"), ("audit", "eyeriss_v2"), ("compare", "eyeriss", "eyeriss_v2", "tpu_v1")):
        code, out, _ = run(*command)
        assert code == 0
        assert max(len(line) for line in out.splitlines()) <= width


def test_requirements_come_first(run: Runner) -> None:
    code, out, _ = run("audit", "eyeriss", "--max-latency", "33ms", "--max-power", "500mW")
    assert code == 0
    head, _, rest = " ".join(out.split()).partition("What is missing")
    assert "ot viable for these requirements: latency fails" in head
    assert rest
    assert "3.49 times what is allowed" in " ".join(out.split())


def test_contradictions_of_a_file(run: Runner, chip: Path) -> None:
    code, out, _ = run("audit", str(chip))
    assert code == 0
    text = " ".join(out.split())
    assert "Claims that contradict each other" in text
    assert "1.8 times apart" in text
    assert "In every contradiction stands: " in text
    assert "power" in text.partition("In every contradiction stands: ")[2][:60]


def test_json(run: Runner, chip: Path) -> None:
    code, out, err = run("audit", str(chip), "--json", "-")
    data = json.loads(out)
    jsonschema.validate(data, schema("audit"))  # type: ignore[arg-type]
    assert (code, err, data["schema"]) == (0, "", "assay.audit/1")
    assert {each["rule"] for each in data["checks"] if each["outcome"] == "contradicts"} >= {"energy", "efficiency"}
    code, out, err = run("compare", "eyeriss", str(chip), "--normalise", "28nm", "--json", "-")
    data = json.loads(out)
    jsonschema.validate(data, schema("compare"))  # type: ignore[arg-type]
    assert (code, err, data["normalised_to"]) == (0, "", "28 nm, 0.9 V")


def test_explain_gives_formula_and_source(run: Runner) -> None:
    _, out, _ = run("audit", "eyeriss", "--explain")
    assert "= achieved performance / peak" in out
    assert "source: Chen et al., JSSC 2017; read in the source" in out
    assert "printed = 23.1 GMAC/s" in out
    _, out, _ = run("compare", "eyeriss", "nvdla_64", "--explain")
    assert "printed = 23.1 GMAC/s" in out
    assert "printed = 0.55 mm2" in out


def test_all_forms(run: Runner, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    targets = {form: str(tmp_path / f"x.{form}") for form in ("markdown", "latex", "html")}
    options = [word for form, target in targets.items() for word in (f"--{form}", target)]
    code, _, err = run("compare", "eyeriss", "eyeriss_v2", *options)
    assert (code, err) == (0, "")
    page = Path(targets["html"]).read_text(encoding="utf-8")
    assert "3.9 MB†" in page
    assert "from recall, not verified" in page
    assert "| 3.85 MB | 3.9 MB† |" in Path(targets["markdown"]).read_text(encoding="utf-8")
    assert 'aria-label="Chips side by side' in page
    code, _, err = run("audit", "eyeriss", *options, "--plot", str(tmp_path / "pictures"))
    assert (code, err) == (0, "")
    page = Path(targets["html"]).read_text(encoding="utf-8")
    assert "core_area / multipliers" in page  # every check, with its formula behind it
    assert (tmp_path / "pictures" / "checks.png").exists()


def test_chips(run: Runner) -> None:
    code, out, _ = run("chips")
    assert code == 0
    for name in (
        "eyeriss",
        "eyeriss_v2",
        "tpu_v1",
        "nvdla_64",
        "simba",
        "isaac",
        "v100",
        "a100",
        "h100",
        "jetson_orin",
    ):
        assert any(line.split()[:1] == [name] for line in out.splitlines()), name
    assert "† From recall, not verified." in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("audit", "eyerisss"), "there is no built-in chip 'eyerisss'\n  hint: did you mean 'eyeriss'?"),
        (("audit", "alexnet"), "'alexnet' is a network"),
        (("audit", "no.yaml"), "no.yaml: there is no such file"),
        (("audit", "eyeriss", "--run", "x"), "eyeriss has no run 'x'\n  hint: runs: alexnet, vgg16"),
        (("audit", "eyeriss", "--max-power", "5"), "--max-power is '5', which has no unit"),
        (("compare", "eyeriss"), "a comparison needs 2 to 12 chips; 1 is named"),
        (("compare", "eyeriss", "tpu_v1", "--normalise", "soon"), "--normalise: technology 'soon' names no node"),
        (("compare", "eyeriss", "tpu_v1", "--normalise", "3nm"), "--normalise: a technology of 3 nm is not covered"),
    ],
)
def test_wrong_input(run: Runner, arguments: tuple[str, ...], message: str) -> None:
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert message in err


def test_a_mistake_in_a_file_has_its_line(run: Runner, tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(CHIP.replace("clock: 500 MHz", "clock: 500"), encoding="utf-8")
    code, _, err = run("audit", str(path))
    assert code == 2
    assert f"{path}:10:10: clock: expected a frequency such as '200 MHz', found '500', which has no unit" in err


def test_claims_are_not_written_over(run: Runner, chip: Path) -> None:
    before = chip.read_text(encoding="utf-8")
    code, _, err = run("audit", str(chip), "--json", str(chip))
    assert code == 2
    assert str(chip) in err
    assert chip.read_text(encoding="utf-8") == before
