"""Every command that searches keeps what it finds, and `--no-cache` keeps nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Runner

SMALL = "matmul:M=4,N=2,K=6"
COMMANDS = {
    "map": ("map", SMALL, "edge_45nm"),
    "evaluate": ("evaluate", SMALL, "edge_45nm"),
    "eyexam": ("eyexam", SMALL, "edge_45nm"),
    "roofline": ("roofline", SMALL, "edge_45nm"),
    "dataflows": ("dataflows", SMALL, "--pes", "8", "--batch", "1", "--dataflow", "ws"),
    "flexibility": ("flexibility", "edge_45nm", "--suite", "SUITE", "--no-map"),
    "scale": ("scale", SMALL, "edge_45nm", "--by", "2"),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_nothing_is_kept_where_that_is_asked_for(
    run: Runner, command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    suite, kept = tmp_path / "suite.yaml", tmp_path / "kept"
    suite.write_text(f'assay: suite/1\nname: one\nentries: [{{network: "{SMALL}", name: small}}]\n')
    monkeypatch.setenv("ASSAY_CACHE", str(kept))
    arguments = [str(suite) if each == "SUITE" else each for each in COMMANDS[command]]
    for more, keeps in ((("--no-cache",), False), ((), True)):
        code, _, err = run(*arguments, *more, *(() if command == "map" else ("--workers", "1")))
        assert code == 0, err
        assert any(path.is_file() for path in kept.rglob("*")) is keeps
