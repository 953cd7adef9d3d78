"""The page on dataflows: its figures add up, what others found stands on it, and its pictures show all points."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tools.dataflows_grid import HEAD, Split, grid, pairs_table, points_table, split_of_rerun
from tools.dataflows_page import FREE

from assay.metrics.dataflows import BATCHES, PES, compare_dataflows
from assay.metrics.dataflows_published import rerun
from assay.report.pictures import picture_bytes

DOCS = Path(__file__).parent.parent / "docs"
PAGE = (DOCS / "dataflows.md").read_text(encoding="utf-8")
ROUNDED = 0.025
"""Four levels are shown with two decimals each, and so is their sum."""


def rows_of(head: str) -> list[list[list[str]]]:
    """The rows of all tables that begin so."""
    tables = re.findall(rf"^{re.escape(head)}.*\n\|[- :|]*\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
    return [[[cell.strip() for cell in line.strip("|").split("|")] for line in each.splitlines()] for each in tables]


def test_all_points_are_there_and_add_up() -> None:
    conv, fc = rows_of("| PEs | batch |  | energy |")
    for rows in (conv, fc):
        assert [row[2] for row in rows] == [name.upper() for name in FREE] * len(PES) * len(BATCHES)
        assert [(row[0], row[1]) for row in rows if row[0]] == [(str(p), str(b)) for p in PES for b in BATCHES]
        for row in rows:
            energy, *parts = (float(cell) for cell in row[3:11])
            room = ROUNDED if energy < 100 else 1.5  # no decimals above 100
            assert sum(parts[:4]) + 1 == pytest.approx(energy, abs=room)
            assert sum(parts[4:]) + 1 == pytest.approx(energy, abs=room)


def test_theirs_are_those_of_the_rerun() -> None:
    for kind, rows in zip(("conv", "fc"), rows_of("| batch | theirs / ours |"), strict=True):
        assert len(rows) == 15
        for batch, label, *cells in rows:
            name = re.findall(r"\((\w+)\)$", label)[0]
            found = rerun(name, 256, int(batch), kind)
            theirs = [cell.split(" / ")[0] for cell in cells]
            assert theirs == (split_of_rerun(found).cells() if found else ["-"] * len(HEAD))


def test_bars_are_the_whole_energy() -> None:
    found = rerun("RS", 256, 16, "conv")
    assert found is not None
    split = split_of_rerun(found)
    for by in ("level", "type"):
        assert sum(split.parts(by)) == pytest.approx(split.energy)
        assert split.parts(by)[-1] == pytest.approx(1.0)  # the MAC itself


def test_tables_and_pictures_of_a_small_study() -> None:
    study = compare_dataflows("lenet5", pes=[256], batches=[1, 4], dataflows=["rs", "nlr"])
    assert len(points_table(study, "fc", ("rs", "nlr")).splitlines()) == 2 + 2 * 2
    one = Split("RS", 4.0, (1.0, 0.5, 0.5, 1.0), (1.0, 1.0, 1.0), 0.005)
    pairs = pairs_table({(1, "row stationary"): (None, one), (4, "row stationary"): (one, one)})
    assert "| 1 | row stationary | - / 4.00 | - / 1.00 |" in pairs
    assert "| 4.00 / 4.00 | 1.00 / 1.00 |" in pairs
    picture = grid(study, "fc", "type", ("rs", "nlr"), lambda name, pes, batch: one if name == "rs" else None)
    assert picture.key == "dataflows-fc-types"
    assert picture_bytes(picture, "svg") == picture_bytes(picture, "svg")


def test_pictures_are_there() -> None:
    for name in re.findall(r"\]\((images/[^)]*)\)", PAGE):
        assert (DOCS / name).stat().st_size > 1000
