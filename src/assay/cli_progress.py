"""One line on stderr that says how far a command is; nothing where nobody is watching."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assay.evaluation.progress import Progress, Searching
    from assay.metrics.dataflows import StudyProgress

PATIENCE = 1.0
"""Seconds of one search before anything is said of it."""
PERIOD = 0.2
"""Seconds between two lines."""


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
            _write(f"{title}: {_of_layers(progress)}")
        else:
            clear_line()

    return show


def _of_layers(progress: Progress) -> str:
    parts = [f"mapping {progress.done}/{progress.total} {progress.layer}".rstrip()]
    if progress.cached:
        parts.append(f"{progress.cached} from the cache")
    if progress.left is not None:
        parts.append(f"about {_duration(progress.left)} left (an estimate)")
    if progress.at_most is not None:
        parts.append(f"at most {_duration(progress.at_most)} left")
    return ", ".join(parts)


def study_line() -> Callable[[StudyProgress], None] | None:
    """Counts the evaluations of a comparison of dataflows, and the layers of each."""
    if not _watched():
        return None

    def show(study: StudyProgress) -> None:
        if study.done >= study.total:
            clear_line()
            return
        line = f"{study.done + 1}/{study.total} {study.title}"
        _write(line if study.layers is None else f"{line}: {_of_layers(study.layers)}")

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
            _write(_of_search(searching))

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


def _write(line: str) -> None:
    from shutil import get_terminal_size

    sys.stderr.write(f"\r\x1b[K{line[: get_terminal_size().columns - 1]}")
    sys.stderr.flush()


def _duration(seconds: float) -> str:
    """To the next larger second, minute or tenth of an hour."""
    if seconds <= 99:
        return f"{math.ceil(seconds)} s"
    return f"{math.ceil(seconds / 60)} min" if seconds <= 99 * 60 else f"{math.ceil(seconds / 360) / 10} h"
