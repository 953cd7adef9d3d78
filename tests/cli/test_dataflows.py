"""`assay dataflows`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Runner

SMALL = ("dataflows", "matmul:M=4,N=2,K=8", "--workers", "1")
MACHINES = (*SMALL, "--pes", "8", "--batch", "1")


def test_screen(run: Runner) -> None:
    code, out, err = run(*MACHINES)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "Dataflows compared: matmul on machines of equal area"
    assert lines[1].startswith("Energy with 8 PEs and a batch of 1. matmul: ")
    assert {"matmul layers", "The machines"} <= set(lines)
    assert sum(line.startswith("row stationary  ") for line in lines) == 3, "by level, by type, delay"
    assert "Beside the paper" not in lines, "the paper has no such layer"


def test_several_points(run: Runner) -> None:
    code, out, _ = run(*SMALL, "--pes", "8,16", "--batch", "1, 2", "--dataflow", "ws,output_stationary")
    assert code == 0
    rows = [line.split() for line in out.splitlines() if line.lstrip().startswith(("8 ", "16 "))]
    assert [row[:3] for row in rows[:8]] == [[p, b, d] for p in ("8", "16") for b in ("1", "2") for d in ("ws", "os")]


def test_json_alone_on_stdout(run: Runner) -> None:
    code, out, _ = run(*MACHINES, "--dataflow", "nlr", "--json", "-")
    data = json.loads(out)
    assert (code, data["schema"]) == (0, "assay.dataflows/1")
    assert [case["dataflow"] for case in data["cases"]] == ["nlr"]


def test_files(run: Runner, tmp_path: Path) -> None:
    names = {form: str(tmp_path / f"a.{form}") for form in ("json", "markdown", "latex", "html")}
    code, out, _ = run(*MACHINES, *(word for form, name in names.items() for word in (f"--{form}", name)))
    assert code == 0
    assert "row stationary" in out
    assert "| row stationary |" in Path(names["markdown"]).read_text(encoding="utf-8")
    assert r"\begin{tabular}" in Path(names["latex"]).read_text(encoding="utf-8")
    html = Path(names["html"]).read_text(encoding="utf-8")
    assert html.count("<svg") == 2
    assert " MACs / 1 pJ of a MAC = " in html


def test_pictures(run: Runner, tmp_path: Path) -> None:
    code, _, _ = run(*SMALL, "--pes", "8", "--batch", "1,2", "--dataflow", "ws", "--plot", str(tmp_path))
    assert code == 0
    stems = {path.stem for path in tmp_path.iterdir()}
    assert stems == {f"dataflows-matmul-batch{batch}-{what}" for batch in (1, 2) for what in ("levels", "types")}


def test_on_a_chip(run: Runner) -> None:
    code, out, _ = run(*SMALL, "--hardware", "edge_45nm")
    assert code == 0
    assert "energy per MAC by level (pJ)" in out
    text = " ".join(out.split())
    assert "os dataflow output_stationary needs a memory for ofmap in the processing elements" in text


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--pes", "many"), "--pes is 'many'; it must be a whole number"),
        (("--pes", "8,,16"), "--pes is '8,,16'; something is missing before or after a comma"),
        (("--batch", ""), "--batch is ''; something is missing"),
        (("--pes", "8,0"), "--pes is '8,0'; it must be whole numbers of at least 1"),
        (("--pes", "4"), "the number of PEs is 4; it must be a whole number from 8 to 65,536"),
        (("--batch", "-1"), "--batch is '-1'; it must be whole numbers of at least 1"),
        (("--dataflow", "rs,rs"), "dataflows has the same twice: rs, rs"),
        (("--dataflow", "rsx"), "there is no dataflow 'rsx'"),
        (("--hardware", "eyeriss", "--pes", "8"), "--pes is for machines of equal area"),
        (("--hardware", "nowhere"), "there is no built-in hardware 'nowhere'"),
        (("--hardware", "eyeriss", "--dataflow", "nlr"), "eyeriss can work in none of the dataflows asked for"),
        (("--objective", "speed"), "speed"),
        (("--time-limit", "0"), "--time-limit is '0'; it must be above 0"),
        (("--workers", "some"), "--workers is 'some'; it must be a whole number"),
        (("--html", "-", "--json", "-"), "-"),
    ],
)
def test_mistakes(run: Runner, options: tuple[str, ...], message: str) -> None:
    code, out, err = run(*SMALL, *options)
    assert (code, out) == (2, "")
    assert message in err
    assert "Traceback" not in err
