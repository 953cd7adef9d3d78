"""What options of several commands mean."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from assay.errors import InputError, Position

if TYPE_CHECKING:
    from assay.evaluation.saved import Saved


TIME_FORM = "seconds such as 60, or a time such as '500 ms'"


def add_dataflow(parser: argparse.ArgumentParser) -> None:
    """Add `--dataflow`."""
    parser.add_argument(
        "--dataflow",
        metavar="NAME",
        help="make the hardware work so: weight_stationary (ws), output_stationary (os), input_stationary (is), "
        "row_stationary (rs) or no_local_reuse (nlr); default: any way that it allows",
    )


def whole(text: str, option: str) -> int:
    """The whole number that an option is given. Raises InputError for anything else."""
    try:
        return int(text)
    except ValueError:
        raise InputError(f"{option} is '{text}'; it must be a whole number") from None


def seconds(text: str, option: str) -> float:
    """The seconds that an option is given: a number, or a time with its unit. Raises InputError for anything else."""
    from assay.reading.units import NUMBER, TIME

    return quantity(text, option, TIME, TIME_FORM, NUMBER)


def quantity(text: str, option: str, *wanted: object) -> float:
    """The value in base units; `wanted`: its dimension, how it is written, and another dimension that it may have."""
    from assay.reading import evaluate

    dimension, form, *others = wanted
    try:
        value = evaluate(text)
    except InputError as error:
        raise InputError(f"{option} is '{text}': {error.message}", hint=error.hint or f"write {form}") from None
    if value.dimension not in (dimension, *others):
        raise InputError(f"{option} is '{text}'; it must be {form}")
    if value.exact <= 0:
        raise InputError(f"{option} is '{text}'; it must be above 0")
    return value.value


def check_batch(saved: Saved, path: str, batch: int) -> None:
    """Raise InputError if the mappings of a saved result are for another batch."""
    if saved.batch is not None and saved.batch != batch:
        raise InputError(
            f"the mappings are for a batch of {saved.batch}, not {batch}",
            at=Position(path),
            hint=f"add --batch {saved.batch}",
        )
