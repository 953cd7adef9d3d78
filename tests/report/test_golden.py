import re

import pytest

from tests.report.golden import FOLDER, TEXTS


@pytest.mark.parametrize("name", TEXTS)
def test_text_is_as_accepted(name: str) -> None:
    """To accept a change: `python -m tests.report.golden`, then read the difference."""
    assert TEXTS[name]() == (FOLDER / f"{name}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", TEXTS)
def test_text_has_no_codes_and_no_blanks_at_line_ends(name: str) -> None:
    text = TEXTS[name]()
    assert "\x1b" not in text
    assert not re.search(r"[ \t]$", text, re.MULTILINE)
