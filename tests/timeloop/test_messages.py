"""Every mistake has one clear message, at its place. `mistakes.txt` says how to read it."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay.errors import AssayError, InputError, UnsupportedError
from assay.timeloop import read_timeloop
from tests.timeloop import samples
from tests.timeloop.samples import FLAT, MAPPING, NODES, NODES_MAPPING, PROBLEM, TREE, design

DESIGNS = {"flat": (FLAT, PROBLEM, MAPPING), "tree": (TREE, PROBLEM), "nodes": (NODES, PROBLEM, NODES_MAPPING)}
ENERGIES = {"energies": (FLAT, samples.ENERGIES)}


def mistakes() -> list[tuple[str, str, str, str]]:
    """(design, text to replace, text instead, message) of each block."""
    blocks = (Path(__file__).parent / "mistakes.txt").read_text(encoding="utf-8").strip().split("\n\n")[1:]
    found = []
    for block in blocks:
        head, old, new, *message = block.splitlines()
        before, after = (line[2:].replace("\\n", "\n") for line in (old, new))
        found.append((head, before, after, "\n".join(message)))
    return found


def message_of(folder: Path, name: str, old: str, new: str) -> str:
    texts = (DESIGNS | ENERGIES)[name]
    assert sum(text.count(old) for text in texts) >= 1, f"{old!r} is not in the design"
    place = next(index for index, text in enumerate(texts) if old in text)
    edited = [text.replace(old, new, 1) if index == place else text for index, text in enumerate(texts)]
    with pytest.raises(AssayError) as caught:
        design(folder, *edited)
    assert type(caught.value) in (InputError, UnsupportedError)
    return str(caught.value).replace(f"{folder}/", "")


@pytest.mark.parametrize(("name", "old", "new", "expected"), mistakes())
def test_message(tmp_path: Path, name: str, old: str, new: str, expected: str) -> None:
    assert message_of(tmp_path, name, old, new) == expected


def test_no_file() -> None:
    with pytest.raises(InputError, match="no Timeloop file is given"):
        read_timeloop([])


def test_missing_file(tmp_path: Path) -> None:
    (tmp_path / "arch.yaml").write_text(FLAT)
    with pytest.raises(InputError, match=r"did you mean '.*arch.yaml'"):
        read_timeloop([tmp_path / "arhc.yaml"])


def test_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="this is a directory"):
        read_timeloop([tmp_path])


def test_a_part_given_twice(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"1.yaml:1:1: 'problem' was given at .*0.yaml:1:1 already"):
        design(tmp_path, PROBLEM, PROBLEM)


@pytest.mark.parametrize("texts", [(PROBLEM, MAPPING), (MAPPING,)])
def test_mapping_without_architecture(tmp_path: Path, texts: tuple[str, ...]) -> None:
    with pytest.raises(InputError, match="there is 'mapping', but no architecture"):
        design(tmp_path, *texts)


def test_mapping_without_problem(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is a mapping, but no problem"):
        design(tmp_path, FLAT, MAPPING)


def test_energies_of_another_design(tmp_path: Path) -> None:
    text = "ERT: {version: 0.4, tables: [{name: DRAMM, actions: [{name: read, energy: 1}]}]}\n"
    with pytest.raises(InputError, match="did you mean 'DRAM'"):
        design(tmp_path, FLAT, text)
