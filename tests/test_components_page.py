"""The page on components is up to date: all but the errors over all rows of CACTI; of these, some rows."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from tools import components_page
from tools.components_page import HEAVY, QUANTITIES, SETS, Checked

from assay.components.registry import Registry

PAGE = Path(__file__).parent.parent / "docs" / "components.md"
MARK = "| to be found by `make docs` |"
STEP = 40
"""Every so many rows of the reference are estimated here; the page is made from all of them."""
ROUNDED = 0.0005 + 1e-9
"""The page shows tenths of a per cent."""


@cache
def text() -> str:
    return PAGE.read_text(encoding="utf-8")


@cache
def rows() -> list[Checked]:
    return components_page.reference()


def cells(heading: str) -> list[list[str]]:
    """Rows of the first table below a heading or a line that begins so."""
    after = text()[text().index(f"\n{heading}") :]
    found = re.search(r"^(\|.*\n)+", after, re.MULTILINE)
    assert found is not None
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in found[0].splitlines()[2:]]


def test_the_page_is_up_to_date() -> None:
    parts = shortened(components_page.page(dict.fromkeys(HEAVY, MARK))).split(MARK)
    assert len(parts) == len(HEAVY) + 1
    page, start = shortened(text()), 0
    for part in parts:
        if not page.startswith(part, start):
            lines = zip(part.splitlines(), page[start:].splitlines(), strict=False)
            new, old = next((pair for pair in lines if pair[0] != pair[1]), ("more", "less"))
            pytest.fail(f"run `make docs`; now:\n{new}\non the page:\n{old}")
        start += len(part)
        start += max(0, page[start:].find("\n\n"))  # a part of `HEAVY`: a paragraph
    assert start == len(page), "run `make docs`"


def shortened(page: str) -> str:
    """With six digits of numbers that have more than ten: the last ones depend on the machine."""
    return re.sub(r"\d\.\d{10,}(e-\d+)?", lambda found: f"{float(found[0]):.6g}", page)


def test_every_component_that_is_built_in_is_listed() -> None:
    listed = [name for components in components_page.FAMILIES.values() for name in components]
    assert sorted(listed) == list(Registry().components)


def test_pictures_are_there() -> None:
    for name in re.findall(r"\]\((images/[^)]*)\)", text()):
        assert (PAGE.parent / name).stat().st_size > 1000


@pytest.mark.parametrize(
    ("heading", "choices"),
    [("### By node", components_page.nodes), ("### By size", components_page.sizes)],
)
def test_no_row_is_further_off_than_the_page_says(
    heading: str, choices: Callable[[], list[components_page.Choice]]
) -> None:
    stated = {line[0]: line[2:] for line in cells(heading)}
    grouped = components_page.by_set(rows()[::STEP], choices())
    assert sum(len(those) for _, those in grouped) > 30
    for label, those in grouped:
        for each in those:
            for name, cell in zip(QUANTITIES, stated[label], strict=True):
                assert abs(each.errors[name]) <= float(cell.split("/")[1]) / 100 + ROUNDED, (each.words, name)


def test_numbers_of_rows_are_those_of_the_reference() -> None:
    stated = {line[0]: line[1] for line in cells("### By node")}
    for label, those in components_page.by_set(rows(), components_page.nodes()):
        assert stated[label] == f"{len(those):,}"


def test_the_greatest_errors_are_as_the_page_says() -> None:
    """The rows with the greatest errors, estimated again; and they are the greatest of the first table."""
    by_words = {each.words: each for each in rows() if each.is_cacti}
    overall = {line[0]: line[2:] for line in cells("Errors are relative")}
    found = cells("### The greatest errors")
    assert len(found) == len(QUANTITIES) * len(SETS)
    again = []
    for what, words, *_ in found:
        name, _, word = what.partition(", ")
        kind = next(each for each in SETS if SETS[each] == word)
        again.append((kind, name, by_words[words]))
        greatest = overall[f"CACTI, {word}"][QUANTITIES.index(name)].split(" / ")[1]
        assert float(greatest) / 100 == pytest.approx(abs(by_words[words].errors[name]), abs=ROUNDED)
    assert components_page.worst_table(again).splitlines()[2:] == [f"| {' | '.join(line)} |" for line in found]


@pytest.mark.long
@pytest.mark.parametrize("part", sorted(HEAVY))
def test_errors_over_all_rows_are_up_to_date(part: str) -> None:
    assert components_page.filled(HEAVY[part](rows())) in text()
