"""Options that say what an application requires: `--max-latency 33ms --max-power 500mW`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from assay.errors import AssayError, InputError

if TYPE_CHECKING:
    from fractions import Fraction

    from assay.metrics.requirements import Requirements
    from assay.reading.units import Dimension, Quantity

_OPTIONS = (
    ("--min-accuracy", "SHARE", "least accuracy, such as 80%%"),
    ("--max-latency", "TIME", "longest time from the inputs of a batch to its results, such as 33ms"),
    ("--min-throughput", "RATE", "least inferences per second, such as 30 or 30/s"),
    ("--max-power", "POWER", "highest average power, such as 500mW"),
    ("--max-energy", "ENERGY", "highest energy per inference, such as 10mJ"),
    ("--max-area", "AREA", "largest chip, such as 12mm2"),
)
_RATES = ("inferences/s", "frames/s", "images/s", "fps")


def add_requirements(parser: argparse.ArgumentParser) -> None:
    """Add the options of all requirements."""
    group = parser.add_argument_group("requirements", "what the application asks for; the verdict comes first")
    for option, metavar, text in _OPTIONS:
        group.add_argument(option, metavar=metavar, action="append", help=text)


def requirements_of(options: argparse.Namespace) -> Requirements | None:
    """What the options require; None where they require nothing. Units are checked.

    Raises:
        InputError: a value without its unit, of another kind, not above 0, or given twice.
    """
    from assay.metrics.requirements import Requirements
    from assay.reading.units import AREA, ENERGY, POWER, TIME

    kinds = {
        "--max-latency": (TIME, "33ms"),
        "--max-power": (POWER, "500mW"),
        "--max-energy": (ENERGY, "10mJ"),
        "--max-area": (AREA, "12mm2"),
    }
    found: dict[str, float] = {}
    for option, _, _ in _OPTIONS:
        text = once(options, option)
        if text is None:
            continue
        name = option.removeprefix("--").replace("-", "_")
        if option == "--min-accuracy":
            found[name] = share(text, option)
        elif option == "--min-throughput":
            found[name] = _per_second(text, option)
        else:
            found[name] = amount(text, option, *kinds[option])
    return Requirements(**found) if found else None


def once(options: argparse.Namespace, option: str) -> str | None:
    """The value of an option that may be given once. Raises InputError where it is given more often."""
    given: list[str] | None = getattr(options, option.removeprefix("--").replace("-", "_"))
    if given and len(given) > 1:
        raise InputError(f"{option} is given {len(given)} times: {', '.join(given)}", hint="leave one of them")
    return given[0] if given else None


def amount(text: str, option: str, dimension: Dimension, such_as: str) -> float:
    """A positive amount in SI units. Raises InputError for anything else, such as a number without a unit."""
    from assay.reading.units import NUMBER, kind

    form = f"write {kind(dimension)} with its unit, such as {such_as}"
    value = _read(text, option, form)
    if value.dimension == NUMBER:
        raise InputError(f"{option} is '{text}', which has no unit", hint=form)
    if value.dimension != dimension:
        raise InputError(f"{option} is '{text}', which is {kind(value.dimension)}", hint=form)
    return _positive(value.value, text, option)


def share(text: str, option: str) -> float:
    """A share as a fraction: `80%`, or `0.8`. Raises InputError for anything else, such as 80."""
    form = "write a percentage such as 80%, or a fraction below 1 such as 0.8"
    body = text.strip()
    if not body.endswith("%"):
        value = _plain(body, text, option, form)
        if value >= 1:
            raise InputError(f"{option} is '{text}'; is that {float(value):g} %?", hint=form)
        return _positive(float(value), text, option)
    value = _plain(body.removesuffix("%"), text, option, form) / 100
    if value > 1:
        raise InputError(f"{option} is '{text}'; no share is above 100 %", hint=form)
    return _positive(float(value), text, option)


def _per_second(text: str, option: str) -> float:
    from assay.reading.units import FREQUENCY, NUMBER, kind

    form = "write inferences per second, such as 30 or 30/s"
    body = text.strip()
    for unit in _RATES:
        body = body.removesuffix(unit)
    value = _read(body, option, form)
    if value.dimension not in (NUMBER, FREQUENCY):
        raise InputError(f"{option} is '{text}', which is {kind(value.dimension)}", hint=form)
    return _positive(value.value, text, option)


def _plain(body: str, text: str, option: str, form: str) -> Fraction:
    """Exact, so that 70.9% is the very float of a published 70.9 %."""
    from assay.reading.units import NUMBER

    value = _read(body, option, form)
    if value.dimension != NUMBER:
        raise InputError(f"{option} is '{text}'; it must be a share", hint=form)
    return value.exact


def _read(text: str, option: str, form: str) -> Quantity:
    from assay.reading import evaluate

    try:
        return evaluate(text)
    except AssayError as error:
        raise InputError(f"{option} is '{text}': {error.message}", hint=form) from None


def _positive(value: float, text: str, option: str) -> float:
    if value <= 0:
        raise InputError(f"{option} is '{text}'; it must be above 0")
    return value
