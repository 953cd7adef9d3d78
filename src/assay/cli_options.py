"""Options of several commands, and what their values mean."""

from __future__ import annotations

import argparse
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, TypedDict, TypeVar

from assay.errors import AssayError, InputError, Position

if TYPE_CHECKING:
    from fractions import Fraction

    from assay.evaluation.saved import Saved
    from assay.reading.units import Dimension, Quantity

T = TypeVar("T")

_SEARCH = (
    ("--batch", "N", "inputs processed together", "1"),
    ("--bits", "N", "bits per word", "the width of the chip's operands"),
    (
        "--objective",
        "NAME",
        "what the mapping of each layer makes least: energy, latency, or edp, their product",
        "",
    ),
    (
        "--dataflow",
        "NAME",
        "make the hardware work so: weight_stationary (ws), output_stationary (os), input_stationary (is), "
        "row_stationary (rs) or no_local_reuse (nlr)",
        "any way that it allows",
    ),
    (
        "--tiles",
        "KIND",
        "perfect: tile sizes divide the layer; imperfect: any, with smaller tiles at the end of a loop",
        "perfect",
    ),
    (
        "--time-limit",
        "SECONDS",
        "for the search of each layer; then the best mapping so far is taken, with what is proven of it",
        "none",
    ),
    ("--workers", "N", "processes", "one per processor core"),
)
"""Option, its value, what it says, and the default in words."""


class SearchOptions(TypedDict):
    """How mappings are searched: arguments of `assay.evaluate`, `assay.map_layer` and all that evaluates."""

    objective: str
    tiles: str
    dataflow: str | None
    time_limit: float | None
    cache: bool


def add_search(
    parser: argparse.ArgumentParser,
    *,
    without: Collection[str] = (),
    said: Mapping[str, str] | None = None,
    **defaults: str,
) -> None:
    """Add the options that say what mappings are searched for, and how.

    Args:
        without: options that this command has not, or has in a form of its own.
        said: how the help words a default that is no plain value.
        defaults: values, such as `objective="energy"`.
    """
    defaults = {"tiles": "perfect"} | defaults
    for option, metavar, text, usual in _SEARCH:
        if option not in without:
            default = defaults.get(option.removeprefix("--").replace("-", "_"))
            words = (said or {}).get(option, default or usual)
            parser.add_argument(option, metavar=metavar, default=default, help=f"{text} (default: {words})")
    parser.add_argument("--no-cache", action="store_true", help="search anew, and keep nothing for later")


def search_of(options: argparse.Namespace) -> SearchOptions:
    """What the options of `add_search` say; batch, bits and workers are read by `number`."""
    return SearchOptions(
        objective=options.objective,
        tiles=options.tiles,
        dataflow=options.dataflow,
        time_limit=None if options.time_limit is None else seconds(options.time_limit, "--time-limit"),
        cache=not options.no_cache,
    )


def number(options: argparse.Namespace, name: str, default: T) -> int | T:
    """The whole number that the option of this name is given. Raises InputError for anything else."""
    text = getattr(options, name)
    return default if text is None else whole(text, f"--{name.replace('_', '-')}")


def whole(text: str, option: str) -> int:
    """The whole number that an option is given. Raises InputError for anything else, such as digits beyond ASCII."""
    try:
        if text.isascii():
            return int(text)
    except ValueError:
        pass
    raise InputError(f"{option} is '{text}'; it must be a whole number")


def seconds(text: str, option: str) -> float:
    """The seconds that an option is given: a number, or a time with its unit. Raises InputError for anything else."""
    from assay.reading.units import NUMBER, TIME

    return amount(text, option, TIME, "seconds such as 60, or a time such as '500 ms'", NUMBER)


def amount(text: str, option: str, wanted: Dimension, form: str, *others: Dimension) -> float:
    """A positive amount in SI units. Raises InputError for anything else, such as a number without a unit.

    Args:
        wanted: its dimension; others: further ones that it may have.
        form: what should be written, in words.
    """
    from assay.reading.units import NUMBER, kind

    value = read(text, option, form)
    if value.dimension not in (wanted, *others):
        found = "has no unit" if value.dimension == NUMBER else f"is {kind(value.dimension)}"
        raise InputError(f"{option} is '{text}', which {found}", hint=f"write {form}")
    return positive(value.exact, text, option)


def share(text: str, option: str) -> float:
    """A share as a fraction: `80%`, or `0.8`. Raises InputError for anything else, such as 80."""
    form = "a percentage such as 80%, or a fraction below 1 such as 0.8"
    body = text.strip()
    if not body.endswith("%"):
        value = _plain(body, text, option, form)
        if value >= 1:
            raise InputError(f"{option} is '{text}'; is that {float(value):g} %?", hint=f"write {form}")
    else:
        value = _plain(body.removesuffix("%"), text, option, form) / 100
        if value > 1:
            raise InputError(f"{option} is '{text}'; no share is above 100 %", hint=f"write {form}")
    return positive(value, text, option)


def read(text: str, option: str, form: str) -> Quantity:
    """An expression such as `33 ms`. Raises InputError for anything else; `form`: what should be written."""
    from assay.reading import evaluate

    try:
        return evaluate(text)
    except AssayError as error:
        nearer = error.hint if error.message.startswith("unknown unit") else None  # such as: write pJ
        raise InputError(f"{option} is '{text}': {error.message}", hint=nearer or f"write {form}") from None


def positive(value: Fraction, text: str, option: str) -> float:
    """As a float. Raises InputError for 0 and less, and for what no float can hold."""
    if value <= 0:
        raise InputError(f"{option} is '{text}'; it must be above 0")
    try:
        found = float(value)
    except OverflowError:
        found = 0.0
    if not found:
        raise InputError(f"{option} is '{text}', which is beyond any figure of a chip")
    return found


def check_batch(saved: Saved, path: str, batch: int) -> None:
    """Raise InputError if the mappings of a saved result are for another batch."""
    if saved.batch is not None and saved.batch != batch:
        raise InputError(
            f"the mappings are for a batch of {saved.batch}, not {batch}",
            at=Position(path),
            hint=f"add --batch {saved.batch}",
        )


def _plain(body: str, text: str, option: str, form: str) -> Fraction:
    """Exact, so that 70.9% is the very float of a published 70.9 %."""
    from assay.reading.units import NUMBER

    value = read(body, option, form)
    if value.dimension != NUMBER:
        raise InputError(f"{option} is '{text}'; it must be a share", hint=f"write {form}")
    return value.exact
