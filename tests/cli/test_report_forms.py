"""`assay evaluate` in all its forms."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from assay.cli import main
from assay.report.pictures import FORMATS

PAGE = Path(__file__).parents[2] / "docs" / "report.md"


def test_every_form_is_written_and_says_how_it_was_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("matplotlib")
    html, folder, tex = tmp_path / "a report.html", tmp_path / "pictures", tmp_path / "tables.tex"
    typed = ["evaluate", "conv:M=8,C=4,P=4,Q=4,R=3,S=3", "edge_45nm", "--html", str(html), "--plot", str(folder)]
    typed += ["--latex", str(tex), "--markdown", "-"]
    assert main(typed) == 0
    out = capsys.readouterr().out
    text = html.read_text(encoding="utf-8")
    assert (
        f"with <code>assay evaluate conv:M=8,C=4,P=4,Q=4,R=3,S=3 edge_45nm --html &#x27;{html}&#x27; --plot {folder}"
        in text
    )
    captions = re.findall(r"^\*\*(.*)\*\*$", out, re.MULTILINE)
    assert len(captions) > 3
    assert "<details><summary>" in out  # loop nests
    assert captions.pop() == "From the outermost memory down to the compute"
    assert len(captions) == tex.read_text(encoding="utf-8").count("\\begin{table}")
    documented = re.findall(r"^\| `(\w+)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    found = {path.name for path in folder.iterdir()}
    assert {f"{key}.{form}" for key in documented for form in FORMATS} <= found
    assert "<svg" in text
