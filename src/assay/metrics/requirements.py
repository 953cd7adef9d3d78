"""What an application requires of a processor, and what follows from several requirements together."""

from __future__ import annotations

import math
from dataclasses import dataclass

from assay.errors import InputError
from assay.reading.figures import number, percent, rate, square
from assay.reading.units import format_si
from assay.reading.words import measured


@dataclass(frozen=True, slots=True)
class Limit:
    """What can be required: `least` True for a minimum. `metric` is its key among the values, `unit` that of both."""

    name: str
    metric: str
    title: str
    unit: str
    least: bool
    form: str

    @property
    def option(self) -> str:
        """The option of the command line, such as `--max-latency`."""
        return f"--{self.name.replace('_', '-')}"


LIMITS = (
    Limit("min_accuracy", "accuracy", "Accuracy", "%", True, "80%"),
    Limit("max_latency", "latency", "Latency", "s", False, "33ms"),
    Limit("min_throughput", "throughput", "Throughput", "inferences/s", True, "30/s"),
    Limit("max_power", "power", "Power", "W", False, "500mW"),
    Limit("max_energy", "energy", "Energy per inference", "J", False, "10mJ"),
    Limit("max_area", "area", "Chip area", "m2", False, "12mm2"),
)
"""Every requirement that can be stated, in the order of the questions."""


@dataclass(frozen=True, slots=True)
class Requirements:
    """What an application asks for; None: nothing. All limits belong to what they allow.

    Attributes:
        min_accuracy: a fraction of 1, in the metric of the accuracy that is judged.
        max_latency: seconds from the first input of a batch to the results of the batch.
        min_throughput: inferences per second.
        max_power: watts.
        max_energy: joules per inference.
        max_area: m2 of the chip.
    """

    min_accuracy: float | None = None
    max_latency: float | None = None
    min_throughput: float | None = None
    max_power: float | None = None
    max_energy: float | None = None
    max_area: float | None = None

    def __post_init__(self) -> None:
        """Raise InputError for a requirement that nothing could meet, or that says nothing."""
        for limit in LIMITS:
            value = getattr(self, limit.name)
            if value is None:
                continue
            if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
                raise InputError(f"{limit.name} is {value!r}; it must be a number")
            if value <= 0:
                what = "asks for nothing" if limit.least else "can be met by nothing"
                message = (
                    f"a requirement {'of at least' if limit.least else 'of at most'} {quantity(value, limit)} {what}"
                )
                raise InputError(f"{limit.option}: {message}", hint=f"write a value above 0, such as {limit.form}")
        if self.min_accuracy is not None and self.min_accuracy > 1:
            text = quantity(self.min_accuracy, LIMITS[0])
            raise InputError(f"--min-accuracy: no accuracy is above 100 %, and {text} is required")

    @property
    def stated(self) -> tuple[tuple[Limit, float], ...]:
        """The limits that are there, in the order of the questions."""
        return tuple((limit, value) for limit in LIMITS if (value := getattr(self, limit.name)) is not None)

    @property
    def remarks(self) -> tuple[str, ...]:
        """What follows from several of them together."""
        found = []
        if self.max_latency is not None and self.min_throughput is not None:
            flight = self.max_latency * self.min_throughput
            time, each = format_si(self.max_latency, "s"), format_si(1 / self.min_throughput, "s")
            asked = rate(self.min_throughput, "inferences")
            found.append(
                f"By Little's law, {asked} within {time} leave room for {measured(number(flight), 'inferences')} in "
                f"flight. A processor that works on one batch of b at a time meets both where the batch takes at most "
                f"the smaller of {time} and b × {each}."
            )
        if self.max_power is not None and self.min_throughput is not None:
            joules = self.max_power / self.min_throughput
            loose = self.max_energy is not None and self.max_energy > joules
            stricter = ", which is stricter than the energy that is required" if loose else ""
            text = "By equation (5), the required throughput within this power allows"
            found.append(f"{text} {format_si(joules, 'J')} per inference{stricter}.")
        return tuple(found)

    def to_dict(self) -> dict[str, float | None]:
        """In SI units; null: not required."""
        return {limit.name: getattr(self, limit.name) for limit in LIMITS}


def quantity(value: float, limit: Limit, more: int = 0) -> str:
    """A value of a limit with its unit, as people read it; `more`: digits beyond the usual ones."""
    if limit.unit == "%":
        return percent(value, 4 + more)
    if limit.unit == "m2":
        return square(value, 4 + more)
    if limit.unit == "inferences/s":
        return rate(value, "inferences", 3 + more)
    return format_si(value, limit.unit, 3 + more)
