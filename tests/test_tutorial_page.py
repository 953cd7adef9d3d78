from pathlib import Path

import pytest
from tools.tutorial_networks import compact_section, datasets_section, layers_section, networks_section
from tools.tutorial_page import NOT_HERE, costs_section, movement_section

PAGE = (Path(__file__).parent.parent / "docs" / "tutorial.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "section",
    [
        networks_section,
        compact_section,
        layers_section,
        datasets_section,
        costs_section,
        movement_section,
        lambda: NOT_HERE,
    ],
)
def test_page_is_as_the_tool_writes_it(section: object) -> None:
    """The parts that take no evaluation; `make docs` writes all of it."""
    assert callable(section)
    assert section() in PAGE


def test_networks_are_those_of_the_tutorial_but_for_the_stated_ones() -> None:
    rows = [line.split(" | ") for line in networks_section().splitlines() if line.startswith("| ") and " / " in line]
    equal = {row[0].strip("| "): row[-1].rstrip(" |").split(" / ") for row in rows[1:]}
    assert equal["AlexNet"] == ["724M", "724M"]
    assert equal["GoogLeNet v1"] == ["1.43G", "1.58G"]
