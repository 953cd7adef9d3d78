"""The pages on audits, comparisons and chips say what the tool says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from tools import audit_pages

from assay.metrics.audit import audit
from assay.metrics.audit_specs import Status
from assay.metrics.claims_reader import parse_chip

DOCS = Path(__file__).parent.parent / "docs"


@pytest.mark.parametrize("name", ["audit.md", "compare.md", "chips.md"])
def test_a_page_is_up_to_date(name: str) -> None:
    assert (DOCS / name).read_text(encoding="utf-8") == audit_pages.pages()[name], "run python -m tools.audit_pages"


def test_the_file_to_start_from_can_be_read() -> None:
    found = audit(parse_chip(audit_pages.EXAMPLE))
    assert found.contradictions == ()
    assert found.found(Status.MISSING)


def test_the_example_in_python_runs() -> None:
    page = (DOCS / "audit.md").read_text(encoding="utf-8")
    code = page.partition("```python\n")[2].partition("```")[0]
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout == f"{audit('eyeriss').sentence}\n"
