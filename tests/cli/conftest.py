"""What all tests of the command line use."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from assay import cli

Run = tuple[int, str, str]
"""Exit code, stdout, stderr."""
Runner = Callable[..., Run]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Runner:
    def _run(*arguments: str) -> Run:
        code = cli.main(arguments)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return _run
