"""Bring the screens on the pages that are written by hand up to date: what a command prints now takes the place of what stands there.

    python -m tools.refresh_pages                     # README.md and docs; writes what differs
    python -m tools.refresh_pages --check docs/map.md # writes nothing, fails where a page differs

A screen is a block of `console` in which `$ assay ...` is followed by lines. Commands without any are not run. A line `...`
stands for lines left out; what is shown between two of them is found again by its first and its last line. Pages are made
for 100 columns, unless they say `<!-- columns: 120 -->`. `<!-- file: NAME -->` makes a file, for commands, of the block
below it. A picture is drawn anew where `<!-- picture: KEY of assay ... -->` stands above it: KEY is its name with `--plot`.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from difflib import unified_diff
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

from assay.cli import main as assay_command

ROOT = Path(__file__).parent.parent
MADE = (
    "audit",
    "chips",
    "compare",
    "components",
    "dataflows",
    "mapper",
    "parity-timeloop",
    "scaling",
    "tutorial",
    "validation",
)
"""Pages that other tools write whole."""

COLUMNS = 100
LEFT_OUT = "..."
_SCREEN = re.compile(r"(?<=^```console\n)\$ (assay [^\n]*)\n(.*?)(?=^```$)", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"<!-- file: (\S+) -->\n+```\w*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PICTURE = re.compile(r"<!-- picture: (\S+) of assay (.*?) -->\n!\[[^\]]*\]\(([^)]*)\)")
_SEARCHED = re.compile(r"\((?:found before, in )?[\d.]+ m?s, ")
"""How long a search took, which is never the same twice."""


class LostError(Exception):
    """A part of a screen is not found in what the command prints now."""


@dataclass(frozen=True)
class Screen:
    """A command, and what a page shows of what it prints."""

    command: str
    shown: tuple[str, ...]

    @property
    def runs(self) -> bool:
        """Whether anything is shown; lists of commands have more commands below each."""
        return bool(self.shown) and not any(line.startswith("$ ") for line in self.shown)

    @property
    def fails(self) -> bool:
        """Whether an error is shown."""
        return any(line.startswith("assay: error: ") for line in self.shown)


def written_pages() -> list[Path]:
    """README.md and the pages of docs that are written by hand."""
    return [ROOT / "README.md", *(page for page in sorted((ROOT / "docs").glob("*.md")) if page.stem not in MADE)]


def screens(text: str) -> Iterator[Screen]:
    """The screens of a page, in its order."""
    for found in _SCREEN.finditer(text):
        screen = _screen(found)
        if screen.runs:
            yield screen


def _screen(found: re.Match[str]) -> Screen:
    return Screen(found[1], tuple(found[2].splitlines()))


def refreshed(text: str) -> str:
    """A page with what its commands print now.

    Raises:
        LostError: a part of a screen is not found any more: mend the page by hand.
    """
    columns = re.search(r"<!-- columns: (\d+) -->", text)
    with TemporaryDirectory() as folder, chdir(folder):
        make_files(text)

        def again(found: re.Match[str]) -> str:
            screen = _screen(found)
            if not screen.runs:
                return found[0]
            try:
                lines = printed(screen.command, int(columns[1]) if columns else COLUMNS, fails=screen.fails)
                return "\n".join([f"$ {screen.command}", *placed(screen.shown, lines)]) + "\n"
            except LostError as error:
                raise LostError(f"$ {screen.command}\n  {error}") from None

        return _SCREEN.sub(again, text)


def make_files(text: str) -> None:
    """The files that a page shows, in the present folder."""
    for name, content in _FILE.findall(text):
        Path(name).write_text(content, encoding="utf-8")


def printed(command: str, columns: int, *, fails: bool = False) -> list[str]:
    """The lines that a command prints on a screen so wide; those of its error where it is to fail."""
    out, errors = StringIO(), StringIO()
    with patch.dict(os.environ, {"COLUMNS": str(columns)}), redirect_stdout(out), redirect_stderr(errors):
        code = assay_command(shlex.split(command, comments=True)[1:])
    if bool(code) != fails:
        raise LostError(f"it ends with code {code}: {errors.getvalue()}")
    text = errors if fails else out
    return [line.rstrip() for line in text.getvalue().rstrip("\n").split("\n")]


def placed(shown: Sequence[str], lines: Sequence[str]) -> list[str]:
    """The same parts of a screen, of what is printed now."""
    result: list[str] = []
    at = 0
    while True:
        stop = shown.index(LEFT_OUT) if LEFT_OUT in shown else len(shown)
        part, last = shown[:stop], stop == len(shown)
        texts = [number for number, line in enumerate(part) if line]
        if texts:
            first, final = texts[0], texts[-1]
            start = at if not result else _find(part[first], lines, at, at)
            end = start
            if last:
                end = len(lines) - 1
            elif final > first:
                end = _find(part[final], lines, start, start + final - first)
            new = lines[start : end + 1]
            result += [*part[:first], *_same(part[first : final + 1], new), *part[final + 1 :]]
            at = end + 1
        else:
            result += part
        if last:
            return result
        result.append(LEFT_OUT)
        shown = shown[stop + 1 :]


def _find(line: str, lines: Sequence[str], start: int, near: int) -> int:
    """Where a line is, from `start` on and nearest to `near`: the same, but for its numbers, or with the same first words."""
    for key in (str, _without_numbers, _first_words):
        found = [number for number in range(start, len(lines)) if key(lines[number]) == key(line)]
        if found:
            return min(found, key=lambda number: abs(number - near))
    raise LostError(f"not printed any more: {line}")


def _without_numbers(line: str) -> str:
    return re.sub(r"[\d.,]+|[█▉▊▋▌▍▎▏]+|─+| +", " ", line)


def _first_words(line: str) -> str:
    return " ".join(line.split()[:2])


def _same(old: Sequence[str], new: Sequence[str]) -> Sequence[str]:
    """What is shown already, where only the time of a search differs."""
    return old if [_SEARCHED.sub("", line) for line in old] == [_SEARCHED.sub("", line) for line in new] else new


def drawn(text: str) -> dict[str, bytes]:
    """The pictures of a page whose command it states, as SVG."""
    stated = _PICTURE.findall(text)
    found: dict[str, bytes] = {}
    for command in dict.fromkeys(command for _, command, _ in stated):
        with TemporaryDirectory() as folder:
            printed(f"assay {command} --plot {folder}", COLUMNS)
            found |= {name: (Path(folder) / f"{key}.svg").read_bytes() for key, of, name in stated if of == command}
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Bring the screens on pages up to date.")
    parser.add_argument("pages", nargs="*", type=Path, metavar="PAGE", help="all that are written by hand")
    parser.add_argument("--check", action="store_true", help="write nothing; fail where a page differs")
    options = parser.parse_args(arguments)
    failed = False
    for page in [path.resolve() for path in options.pages] or written_pages():
        text = page.read_text(encoding="utf-8")
        name = str(page.relative_to(ROOT) if page.is_relative_to(ROOT) else page)
        try:
            new = refreshed(text)
            pictures = {page.parent / picture: content for picture, content in drawn(text).items()}
        except LostError as error:
            sys.stdout.write(f"{name}: {error}\n")
            failed = True
            continue
        sys.stdout.writelines(unified_diff(text.splitlines(True), new.splitlines(True), name, name, n=0))
        stale = {
            path: content for path, content in pictures.items() if not path.exists() or path.read_bytes() != content
        }
        sys.stdout.writelines(f"{name}: {path.name} is another picture\n" for path in stale)
        if options.check:
            failed |= text != new or bool(stale)
            continue
        if text != new:
            page.write_text(new, encoding="utf-8")
        for path, content in stale.items():
            path.write_bytes(content)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
