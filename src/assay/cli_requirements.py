"""Options that say what an application requires: `--max-latency 33ms --max-power 500mW`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from assay.cli_options import amount, positive, read, share
from assay.errors import InputError

if TYPE_CHECKING:
    from assay.metrics.requirements import Requirements

_OPTIONS = (
    ("--min-accuracy", "SHARE", "least accuracy, such as 80%%"),
    ("--max-latency", "TIME", "longest time from the inputs of a batch to its results, such as 33ms"),
    ("--min-throughput", "RATE", "least inferences per second, such as 30 or 30/s"),
    ("--max-power", "POWER", "highest average power, such as 500mW"),
    ("--max-energy", "ENERGY", "highest energy per inference, such as 10mJ"),
    ("--max-area", "AREA", "largest chip, such as 12mm2"),
)
_RATES = ("inferences/s", "inference/s", "frames/s", "frame/s", "images/s", "image/s", "fps")


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
        "--max-latency": (TIME, "a time with its unit, such as 33ms"),
        "--max-power": (POWER, "a power with its unit, such as 500mW"),
        "--max-energy": (ENERGY, "an energy with its unit, such as 10mJ"),
        "--max-area": (AREA, "an area with its unit, such as 12mm2"),
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


def _per_second(text: str, option: str) -> float:
    from assay.reading.units import FREQUENCY, NUMBER, kind

    form = "inferences per second, such as 30 or 30/s"
    body = text.strip()
    for unit in _RATES:
        body = body.removesuffix(unit)
    value = read(body, option, form)
    if value.dimension not in (NUMBER, FREQUENCY):
        raise InputError(f"{option} is '{text}', which is {kind(value.dimension)}", hint=f"write {form}")
    return positive(value.exact, text, option)
