"""One line on stderr that says how far a command is; nothing where nobody is watching."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assay.evaluation.progress import Progress, Searching
    from assay.metrics.dataflows import StudyProgress

PATIENCE = 1.0
"""Seconds of one search before anything is said of it."""
PERIOD = 0.2
"""Seconds between two lines."""

Part = tuple[str, int]
"""A piece of a line, and when it goes where the terminal is narrow: 1 goes first, 0 never."""
LAST = 5


def layers_line() -> Callable[[Progress], None] | None:
    """Counts the layers of an evaluation."""
    if not _watched():
        return None

    def show(progress: Progress) -> None:
        if progress.done < progress.total:
            _write(_of_layers(progress))
        else:
            clear_line()

    return show


def titled_line() -> Callable[[str, Progress], None] | None:
    """Counts the layers of one of several evaluations, after its title."""
    if not _watched():
        return None

    def show(title: str, progress: Progress) -> None:
        if progress.done < progress.total:
            _write([(title, LAST), (": ", LAST), *_of_layers(progress)])
        else:
            clear_line()

    return show


def _of_layers(progress: Progress) -> list[Part]:
    parts = [(f"mapping {progress.done}/{progress.total}", 0)]
    if progress.layer:
        parts.append((f" {progress.layer}", 3))
    if progress.cached:
        parts.append((f", {progress.cached} from the cache", 1))
    if progress.left is not None:
        parts += [(f", about {_duration(progress.left)} left", 0), (" (an estimate)", 2)]
    if progress.at_most is not None:
        parts.append((f", at most {_duration(progress.at_most)} left", 4))
    return parts


def study_line() -> Callable[[StudyProgress], None] | None:
    """Counts the evaluations of a comparison of dataflows, and the layers of each."""
    if not _watched():
        return None

    def show(study: StudyProgress) -> None:
        if study.done >= study.total:
            clear_line()
            return
        parts: list[Part] = [(f"{study.done + 1}/{study.total}", 0), (f" {study.title}", LAST)]
        if study.layers is not None:
            parts += [(": ", 0), *_of_layers(study.layers)]
        _write(parts)

    return show


def search_line() -> Callable[[Searching], None] | None:
    """Tells how far the search of one layer is, once it takes long."""
    if not _watched():
        return None
    shown = 0.0

    def show(searching: Searching) -> None:
        nonlocal shown
        if searching.elapsed >= max(PATIENCE, shown + PERIOD):
            shown = searching.elapsed
            _write([(_of_search(searching), 0)])

    return show


def _of_search(searching: Searching) -> str:
    parts = [f"stage {searching.stage} of {searching.stages}", f"{searching.labels:,} partial mappings"]
    if searching.least is not None:
        least = f"{math.ceil(searching.least):,} cycles"
        if searching.unit != "cycles":
            from assay.reading.units import format_si

            least = format_si(searching.least, searching.unit)
        parts.append(f"nothing below {least} possible")
    parts.append(f"{math.floor(searching.elapsed)} s")
    return ", ".join(parts)


def clear_line() -> None:
    """Leave nothing of the line."""
    if _watched():
        sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()


def _watched() -> bool:
    return sys.stderr is not None and sys.stderr.isatty()


def _write(parts: Sequence[Part]) -> None:
    """On one line of the terminal, without the parts that do not fit."""
    from shutil import get_terminal_size

    room = get_terminal_size().columns - 1
    lines = ["".join(text for text, goes in parts if goes == 0 or goes > gone) for gone in range(LAST + 1)]
    line = next((each for each in lines if len(each) <= room), lines[-1])
    sys.stderr.write(f"\r\x1b[K{line[:room]}")
    sys.stderr.flush()


def _duration(seconds: float) -> str:
    """To the next larger second, minute or tenth of an hour."""
    if seconds <= 99:
        return f"{math.ceil(seconds)} s"
    return f"{math.ceil(seconds / 60)} min" if seconds <= 99 * 60 else f"{math.ceil(seconds / 360) / 10} h"
