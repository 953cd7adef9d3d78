"""Whatever is in the files, reading ends with a design or with one of Assay's errors, soon."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from assay.errors import AssayError, InputError
from assay.timeloop import hardware_yaml, read_timeloop
from tests.timeloop.samples import ENERGIES, FLAT, MAPPING, NODES, NODES_MAPPING, PROBLEM, TREE, design

CONSTRAINTS = """\
architecture_constraints:
  targets:
  - {target: Buf, type: spatial, factors: R1 P1, permutation: KCRP, split: 1}
  - {target: RF, type: temporal, factors: C1 K<=4, permutation: RKP}
  - {target: RF, type: bypass, bypass: [Inputs], keep: [Weights]}
"""
DESIGNS = (
    FLAT + PROBLEM + MAPPING + ENERGIES,
    FLAT + PROBLEM + CONSTRAINTS,
    TREE + PROBLEM + ENERGIES,
    NODES + PROBLEM + NODES_MAPPING,
    NODES + PROBLEM,
)
VALUES = (
    *("0", "-1", "1e99", "9" * 40, "1e-300", "nan", ".inf", "2 ** 999", "null", "~", "true", "[]", "{}", "[[]]", '""'),
    *("x", "A B", "[1, 2]", "{a: b}", "C=2", "P4,3", "K0", "*a", "&a 1", "!Component {}", "!!python/name:os", "'", "|"),
    *("K" * 3000, "(" * 200 + "1", "1 if 2 else 3", "[1..4]", "DRAM", "mac", "temporal", "1" + "0" * 400),
)
LIMIT = 2.0
"""Seconds that one text may take."""


def _lines(edit: Callable[[list[str], random.Random], None]) -> Callable[[str, random.Random], str]:
    def mutate(text: str, rng: random.Random) -> str:
        lines = text.split("\n")
        edit(lines, rng)
        return "\n".join(lines)

    return mutate


def _delete(lines: list[str], rng: random.Random) -> None:
    start = rng.randrange(len(lines))
    del lines[start : start + rng.choice((1, 1, 1, 2, 5))]


def _duplicate(lines: list[str], rng: random.Random) -> None:
    place = rng.randrange(len(lines))
    lines.insert(rng.choice((place, rng.randrange(len(lines)))), lines[place])


def _swap(lines: list[str], rng: random.Random) -> None:
    one, other = rng.randrange(len(lines)), rng.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]


def _indent(lines: list[str], rng: random.Random) -> None:
    place = rng.randrange(len(lines))
    line = lines[place]
    lines[place] = rng.choice(("  " + line, "    " + line, line[2:], line.lstrip(), "\t" + line))


def _value(lines: list[str], rng: random.Random) -> None:
    place = rng.randrange(len(lines))
    key, colon, _ = lines[place].partition(":")
    lines[place] = f"{key}{colon} {rng.choice(VALUES)}" if colon else lines[place] + rng.choice(VALUES)


def _word(text: str, rng: random.Random) -> str:
    """One word or number becomes another of the text, or a strange value."""
    words = [word for word in text.replace(",", " ").replace("}", " ").split() if len(word) < 30]
    old = rng.choice(words)
    new = rng.choice((rng.choice(words), rng.choice(VALUES)))
    place = rng.randrange(max(text.count(old), 1))
    parts = text.split(old)
    return old.join(parts[: place + 1]) + new + old.join(parts[place + 1 :])


def _characters(text: str, rng: random.Random) -> str:
    place = rng.randrange(len(text))
    extra = "".join(rng.choice("{}[]:,-&*!|>'\"%@`#\n \t0aé\x00\u2028") for _ in range(rng.choice((1, 1, 2, 8))))
    return text[:place] + extra + text[place + rng.choice((0, 1, 8)) :]


def _nest(text: str, rng: random.Random) -> str:
    depth = rng.choice((5, 29, 31, 400))
    left, right = rng.choice((("[", "]"), ("{a: ", "}")))
    place = rng.choice([index for index, char in enumerate(text) if char == ":"])
    return text[: place + 1] + " " + left * depth + right * depth + text[place + 1 :]


def _alias(text: str, rng: random.Random) -> str:
    place = rng.choice([index for index, char in enumerate(text) if text.startswith(": ", index)])
    return text[: place + 2] + rng.choice(("&a ", "*a ", "&a *a ")) + text[place + 2 :]


MUTATIONS: tuple[Callable[[str, random.Random], str], ...] = (
    *(_lines(edit) for edit in (_delete, _duplicate, _swap, _indent, _value, _value)),
    *(_word, _word, _word, _characters, _nest, _alias),
)


def mutated(seed: int) -> bytes:
    """A design with one to four mistakes in it; the same for the same seed."""
    rng = random.Random(seed)
    text = rng.choice(DESIGNS)
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        text = rng.choice(MUTATIONS)(text, rng)
        if not text.strip():
            break
    data = text.encode()
    if rng.random() < 0.05:
        place = rng.randrange(len(data) + 1)
        data = data[:place] + rng.randbytes(4) + data[place:]
    return data


def check(seeds: range, folder: Path) -> int:
    """Read the design of each seed and convert it; how many could be read. Every error must say where it is."""
    path = folder / "design.yaml"
    read = 0
    unplaced: list[str] = []
    for seed in seeds:
        path.write_bytes(mutated(seed))
        start = time.process_time()
        try:
            found = read_timeloop([path])
        except AssayError as error:
            unplaced += [] if error.at and error.message else [f"{seed}: {error}"]
        else:
            read += 1
            with suppress(AssayError):
                hardware_yaml(found)
        assert time.process_time() - start < LIMIT, seed
    assert not unplaced
    return read


def test_mutations(tmp_path: Path) -> None:
    assert check(range(300), tmp_path) > 20  # some mistakes are none


@pytest.mark.long
def test_many_mutations(tmp_path: Path) -> None:
    assert check(range(300, 10_300), tmp_path) > 500


def test_bomb_of_aliases(tmp_path: Path) -> None:
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
    bomb += "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 12))
    start = time.process_time()
    with pytest.raises(InputError, match=r"0.yaml:\d+:\d+: the file holds more than 50000 entries, aliases included"):
        design(tmp_path, bomb)
    assert time.process_time() - start < LIMIT


@pytest.mark.parametrize("text", ["a: 1\n" * 2_000_000, "- " * 5_000_000, "x" * 10_000_000])
def test_large_file(tmp_path: Path, text: str) -> None:
    start = time.process_time()
    with pytest.raises(InputError, match=r"0\.yaml: the file is larger than 512 KiB"):
        design(tmp_path, text)
    assert time.process_time() - start < LIMIT


def test_deep_nesting(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nested more than 30 deep"):
        design(tmp_path, "arch: " + "[" * 100_000)
