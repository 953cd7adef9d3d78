"""`assay scale`."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from assay.evaluation.results import Evaluation
from assay.hardware.model import Hardware
from assay.metrics import scaling
from assay.workload.network import Network
from tests.cli.conftest import Runner

NETWORK = """\
assay: network/1
name: small
input: [8]
layers:
  - {name: fc, op: fc, out: 64}
"""


@pytest.fixture
def small(tmp_path: Path) -> str:
    path = tmp_path / "small.yaml"
    path.write_text(NETWORK)
    return str(path)


def test_screen(run: Runner, small: str) -> None:
    code, out, err = run("scale", small, "edge_45nm", "--workers", "1")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "Scaling of small on Example edge accelerator (not a real chip)"
    assert {"In short", "Strong scaling over PEs", "Notes"} <= set(lines)
    sizes = [line.split()[0] for line in lines if line.endswith("dram 100 %")]
    assert sizes == ["256", "512", "1,024"]


def test_json_of_everything(run: Runner, small: str) -> None:
    code, out, _ = run(
        "scale", small, "edge_45nm",
        "--pes", "512", "--storage", "1/2, 2", "--chips", "2",
        "--link-bandwidth", "100GB/s", "--link-energy", "1.17pJ/b", "--dram", "per_chip",
        "--weak", "--batch", "2", "--against", "eyeriss_v2_256",
        "--objective", "edp", "--offchip", "proportion", "--buffers", "fixed", "--wires", "proportion", "--json", "-",
    )  # fmt: skip
    assert code == 0
    data = json.loads(out)
    jsonschema.validate(data, json.loads((files("assay") / "data" / "schema" / "scaling-1.json").read_text()))
    factors = {each["resource"]: [point["factor"] for point in each["points"]] for each in data["series"]}
    assert factors == {"PEs": [1, 2], "storage": [0.5, 1, 2], "chips": [1, 2]}
    batches = {each["resource"]: [point["batch"] for point in each["points"]] for each in data["series"]}
    assert batches == {"PEs": [2, 4], "storage": [2, 2, 2], "chips": [2, 4]}
    assert (data["against"], data["objective"]) == ("eyeriss_v2_256", "edp")


def test_tiles_that_do_not_divide_the_layer(run: Runner, tmp_path: Path) -> None:
    """17 and 13 are prime: perfect tiles use few of 256 PEs."""
    path = tmp_path / "prime.yaml"
    path.write_text("assay: network/1\nname: prime\ninput: [13]\nlayers:\n  - {name: fc, op: fc, out: 17}\n")

    def points(*options: str) -> list[int]:
        code, out, _ = run("scale", str(path), "edge_45nm", "--by", "2", *options, "--json", "-")
        assert code == 0
        data = json.loads(out)
        jsonschema.validate(data, json.loads((files("assay") / "data" / "schema" / "scaling-1.json").read_text()))
        assert any("tiles divide it" in note for note in data["notes"]) == ("imperfect" not in options)
        (series,) = data["series"]
        return [point["cycles"] for point in series["points"]]

    perfect, imperfect = points(), points("--tiles", "imperfect", "--time-limit", "60")
    assert all(one <= other for one, other in zip(imperfect, perfect, strict=True))


def test_options_reach_the_evaluations(run: Runner, small: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[object, ...]] = []

    def evaluate(network: Network, chip: Hardware, **how: Any) -> Evaluation:
        asked.append(tuple(how[key] for key in ("tiles", "time_limit", "workers", "cache", "objective")))
        return real(network, chip, **how)

    real = scaling.evaluate
    monkeypatch.setattr(scaling, "evaluate", evaluate)
    options = ("--tiles", "imperfect", "--time-limit", "2 s", "--workers", "1", "--no-cache", "--objective", "edp")
    assert run("scale", small, "edge_45nm", "--by", "1", *options)[0] == 0
    assert asked == [("imperfect", 2.0, 1, False, "edp")]


def test_pictures(run: Runner, small: str, tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    assert (
        run("scale", small, "edge_45nm", "--by", "2", "--plot", str(folder), "--html", str(tmp_path / "a.html"))[0] == 0
    )
    assert {path.name for path in folder.glob("*.svg")} == {"scaling_pes.svg", "scaling_pes_efficiency.svg"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--pes", "x"), "--pes is 'x'; it must be a whole number"),
        (("--pes", "512,"), "--pes is ''; it must be a whole number"),
        (("--pes", "0"), "a number of PEs is 0"),
        (("--by", "0"), "--by has '0'; it must be a factor above 0"),
        (("--by", "1/0"), "--by has '1/0'"),
        (("--by", "1/1000"), "cannot have 0.001 times its PEs"),
        (("--by", "2", "--pes", "512"), "numbers of PEs or factors of PEs, not both"),
        (("--storage", "-1"), "--storage has '-1'"),
        (("--storage", "2", "--memories", "dram"), "has no memory 'dram' with a size"),
        (("--chips", "0"), "chips is 0"),
        (("--link-energy", "1pJ/b"), "--link-energy is for scaling over chips, which is not asked for"),
        (("--dram", "per_chip"), "--dram is for scaling over chips"),
        (("--memories", "glb"), "--memories is for scaling over storage"),
        (("--storage", "2", "--wires", "fixed"), "--wires is for scaling over PEs"),
        (("--by", "1e999999999"), "--by has '1e999999999'; it must be a factor above 0"),
        (("--storage", "1e-999999999"), "--storage has '1e-999999999'"),
        (("--bits", "x"), "--bits is 'x'; it must be a whole number"),
        (("--chips", "2", "--link-energy", "1pJ"), "--link-energy is '1pJ', which is an energy"),
        (("--chips", "2", "--link-bandwidth", "100GB"), "--link-bandwidth is '100GB', which is a number of bits"),
        (("--chips", "2", "--dram", "each"), "--dram is 'each'"),
        (("--offchip", "grow"), "--offchip is 'grow'"),
        (("--fanout", "mesh"), "has no fanout 'mesh'"),
        (("--batch", "x"), "--batch is 'x'"),
        (("--tiles", "any"), "unknown tiles 'any'"),
        (("--time-limit", "soon"), "--time-limit is 'soon'"),
        (("--storage", "2", "--weak"), "weak scaling is over PEs or chips"),
    ],
)
def test_mistakes(run: Runner, small: str, options: tuple[str, ...], message: str) -> None:
    code, out, err = run("scale", small, "edge_45nm", *options)
    assert (code, out) == (2, "") or (code != 0 and out == "")
    assert message in err
    assert "Traceback" not in err


def test_bits_for_chips_of_different_words(run: Runner, small: str) -> None:
    """What the message advises where the other chip's multipliers are narrower can be done."""
    wide = ("scale", small, "eyeriss", "--against", "eyeriss_v2_256", "--pes", "336", "--json", "-")
    code, _, err = run(*wide)
    assert code == 2
    assert "--bits 8" in err
    assert run(*wide, "--bits", "8")[0] == 0
