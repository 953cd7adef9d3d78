import importlib
import re
import subprocess
import sys
from importlib.resources import files

import pytest

import assay
from assay import cli

HEAVY = ("numpy", "yaml", "rich", "pandas", "onnx", "concurrent.futures", "multiprocessing")


@pytest.mark.parametrize("statement", ["import assay", "import assay.cli; assay.cli.build_parser()[0].format_help()"])
def test_nothing_heavy_is_imported(statement: str) -> None:
    code = f"import sys; {statement}; print([m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_importing_the_types_does_not_start_the_screen() -> None:
    code = "import sys, assay; assay.evaluate; print('rich' in sys.modules, 'pandas' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False False\n"


@pytest.mark.parametrize("name", assay.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(assay, name) is not None
    assert name in dir(assay)


def test_the_table_of_homes_is_the_public_list() -> None:
    assert sorted([*assay._HOME_OF, "__version__"]) == sorted(assay.__all__)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'evaluat'"):
        assay.evaluat  # noqa: B018


def test_the_package_is_typed() -> None:
    assert (files("assay") / "py.typed").is_file()
    assert importlib.import_module("assay.__main__").main is cli.main


@pytest.mark.parametrize("command", ["evaluate", "map"])
def test_the_help_names_all_that_can_be_chosen(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    from assay import cli
    from assay.hardware import DATAFLOW_WORDS
    from assay.mapper import OBJECTIVES, TILES

    with pytest.raises(SystemExit):
        cli.main([command, "--help"])
    words = re.findall(r"\w+", capsys.readouterr().out)
    assert {*OBJECTIVES, *TILES, *DATAFLOW_WORDS} <= set(words)
