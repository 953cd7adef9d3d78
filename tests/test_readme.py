"""The README shows what the program prints, and its links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from assay.cli import main

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def test_the_screen_is_what_the_command_prints(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    command, screen = re.findall(r"```console\n\$ (assay evaluate [^\n]*)\n(.*?)```", README, re.DOTALL)[0]
    assert main(command.split()[1:]) == 0
    printed = iter([line.rstrip() for line in capsys.readouterr().out.splitlines()])
    shown = [line for line in screen.splitlines() if line and line != "..."]
    for line in shown:
        assert line in printed, f"not printed, or not in this order: {line}"  # `in` takes lines up to the one found


@pytest.mark.parametrize(
    "page",
    ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", *(f"docs/{p.name}" for p in (ROOT / "docs").glob("*.md"))],
)
def test_links_lead_somewhere(page: str) -> None:
    path = ROOT / page
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", path.read_text()):
        if "://" not in target:
            assert (path.parent / target).exists(), target


def test_the_examples_can_be_read() -> None:
    for path in (ROOT / "examples").iterdir():
        assert str(path.relative_to(ROOT)) in README
