"""The pages about metrics show what the program prints."""

import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import assay
import assay.evaluation.evaluate as evaluation
from assay.cli import main

DOCS = Path(__file__).parents[2] / "docs"
PAGES = ("scorecard", "accuracy", "throughput", "energy", "cost", "verdict")


@pytest.fixture(scope="module", autouse=True)
def _once() -> Iterator[None]:
    """Every evaluation once, whatever is shown of it."""
    known = cache(lambda net, chip, batch, aim: original(net, chip, batch=batch, objective=aim, workers=1))
    original = assay.evaluate  # kept there when it is first asked for: not while another stands in its place
    evaluation.evaluate = lambda net, chip, *, batch, objective, **_: known(net, chip, batch, objective)  # type: ignore
    yield
    evaluation.evaluate = original


@pytest.mark.parametrize("page", PAGES)
def test_the_screens_are_what_the_commands_print(
    page: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    text = (DOCS / f"{page}.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```console\n\$ assay ([^\n]*)\n(.*?)```", text, re.DOTALL)
    assert blocks
    for command, screen in blocks:
        assert main(shlex.split(command)) == 0
        printed = iter(capsys.readouterr().out.splitlines())
        for line in screen.splitlines():
            if line and line != "...":
                assert line in printed, f"not printed, or not in this order: {line}"


def test_the_example_in_python(capsys: pytest.CaptureFixture[str]) -> None:
    text = (DOCS / "scorecard.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    exec(compile(code, "scorecard.md", "exec"), {})
    assert capsys.readouterr().out.endswith("Not viable for these requirements: latency fails.\n")
