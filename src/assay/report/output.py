"""Where texts go: a file whole or not at all, a device or pipe as it is, stdout; and how wide the screen is."""

from __future__ import annotations

import os
import re
import shutil
import stat
import sys
import tempfile
from collections.abc import Mapping
from itertools import combinations
from pathlib import Path
from shlex import quote

from assay.errors import InputError, Position
from assay.reading.words import listed

STDOUT = "-"
NARROWEST, WIDEST = 60, 1000
"""Columns between which tables are made, whatever the terminal says it has."""
_DESCRIPTOR = re.compile(r"/(?:dev|proc/self)/fd/(\d+)")
_STREAMS = {"/dev/stdin": 0, "/dev/stdout": 1, "/dev/stderr": 2}


def check_outputs(outputs: Mapping[str, str], inputs: Mapping[str, str]) -> dict[str, str]:
    """The outputs (option -> file) as they can be written; `-` where a file is stdout itself.

    A folder that does not exist is noticed here, before the work, and so is a file that would be overwritten twice or
    is an input.

    Args:
        outputs: option -> file, or `-`.
        inputs: what it is -> file that is read.

    Raises:
        InputError: not a file name, no such folder, or a file that is used twice.
    """
    if outputs:
        _check_here()
    found = {option: STDOUT if _descriptor(target) == 1 else target for option, target in outputs.items()}
    piped = [option for option, target in found.items() if target == STDOUT]
    if len(piped) > 1:
        advice = "write one of them to a file" if len(piped) == 2 else "write all but one of them to files"
        raise InputError(f"{listed(piped)} cannot share stdout", hint=advice)
    for option, target in found.items():
        if target == STDOUT:
            continue
        _check_name(option, target)
        for what, other in inputs.items():
            if _same(target, other):
                raise InputError(f"{option}: {target} is the {what} that is read", hint="write to another file")
        if _is_stdout(target):
            raise InputError(f"{option}: stdout goes to {target} already", hint=f"write {option} - for stdout alone")
    files = [(option, target) for option, target in found.items() if target != STDOUT]
    for (first, target), (second, other) in combinations(files, 2):
        if _same(target, other):
            raise InputError(f"{first} and {second} name the same file, {target}", hint="write them to two files")
    return found


def write_text(target: str, text: str) -> None:
    """Write a file whole or not at all; a device, a pipe or an open descriptor straight.

    A new file gets the permissions of any new file, an existing one keeps its own; links are followed.

    Raises:
        InputError: it cannot be written.
    """
    try:
        number = _descriptor(target)
        if number is not None:
            with os.fdopen(os.dup(number), "w", encoding="utf-8", newline="") as file:
                file.write(text)
            return
        mode = _mode(target)
        if mode is None or stat.S_ISREG(mode):
            _replace(Path(os.path.realpath(target)), text, mode)
        else:
            with open(target, "w", encoding="utf-8", newline="") as file:
                file.write(text)
    except BrokenPipeError:
        raise InputError("nobody reads what is written", at=Position(target)) from None
    except OSError as error:
        raise InputError(f"cannot write the file: {error.strerror or error}", at=Position(target)) from None


def print_text(text: str) -> None:
    """Write to stdout, and see to it that it arrives.

    Raises:
        InputError: stdout is closed, or full. BrokenPipeError: its reader has gone, which is no error.
    """
    if sys.stdout is None:  # Python's way to say that it was closed before the start
        raise InputError("cannot write to stdout: it is closed", hint="write to a file with --json or --csv")
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        discard_stdout()
        raise InputError(f"cannot write to stdout: {error.strerror or error}") from None


def discard_stdout() -> None:
    """Let what is left for stdout go nowhere. Without this, Python complains again when it exits."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def screen_width() -> int | None:
    """Columns to fill, at least the 60 that tables need; None where stdout is no terminal, and nobody says how many.

    COLUMNS decides where it is set, then the terminal.
    """
    told = os.environ.get("COLUMNS", "")
    if told.isdecimal() and int(told) > 0:
        return max(NARROWEST, min(int(told), WIDEST))
    if sys.stdout is None or not sys.stdout.isatty():
        return None
    return max(NARROWEST, shutil.get_terminal_size().columns)


def screen_color() -> bool:
    """Colour on a terminal, unless the user asked for none (see no-color.org)."""
    if sys.stdout is None or not sys.stdout.isatty():
        return False
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _check_here() -> None:
    try:
        os.getcwd()
    except OSError:
        raise InputError("the folder that you are in does not exist any more", hint="cd to another") from None


def _check_name(option: str, target: str) -> None:
    path = Path(target)
    if not target or os.path.isdir(path):
        raise InputError(f"{option}: '{target}' is not a file name")
    if not os.path.isdir(path.parent):
        advice = f"make it with: mkdir -p {quote(str(path.parent))}"
        raise InputError(f"{option}: there is no folder {path.parent}", hint=advice)
    try:
        there = _mode(target) is not None
    except (OSError, ValueError) as error:
        trouble = error.strerror if isinstance(error, OSError) else error
        raise InputError(f"{option}: {target} cannot be written: {trouble}", hint="name another file") from None
    if not os.access(path if there else path.parent, os.W_OK):
        raise InputError(f"{option}: {target} may not be written", hint="name another file, or change its permissions")


def _same(first: str, second: str) -> bool:
    try:
        return os.path.samefile(first, second)
    except (OSError, ValueError):
        return os.path.realpath(first) == os.path.realpath(second)


def _is_stdout(target: str) -> bool:
    """Whether stdout was sent to this very file, as in `--json result.json > result.json`."""
    try:
        out, file = os.fstat(1), os.stat(target)
    except (OSError, ValueError):
        return False
    return stat.S_ISREG(file.st_mode) and os.path.samestat(out, file)


def _descriptor(target: str) -> int | None:
    """The number of the open file that a name such as /dev/stdout or /dev/fd/3 stands for, also through links."""
    path = os.path.abspath(target) if target else ""
    for _ in range(40):
        if path in _STREAMS:
            return _STREAMS[path]
        if match := _DESCRIPTOR.fullmatch(path):
            return int(match[1])
        if not os.path.islink(path):
            return None
        path = os.path.normpath(os.path.join(os.path.dirname(path), os.readlink(path)))
    return None


def _mode(target: str) -> int | None:
    """Kind and permissions of what is there; None where nothing is."""
    try:
        return os.stat(target).st_mode
    except FileNotFoundError:
        return None


def _replace(path: Path, text: str, mode: int | None) -> None:
    """Put a new file in the place of an old one, or of none."""
    if mode is not None and not os.access(path, os.W_OK):
        raise PermissionError(13, "Permission denied")
    name = ""
    try:
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", dir=path.parent, prefix=f".{path.name}.", delete=False, newline=""
        ) as file:
            name = file.name
            file.write(text)
        os.chmod(name, 0o666 & ~_umask() if mode is None else stat.S_IMODE(mode))
        os.replace(name, path)
    except BaseException:
        if name:
            Path(name).unlink(missing_ok=True)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
