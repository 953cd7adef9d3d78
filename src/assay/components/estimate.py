"""What a component costs: energy per action, area, leakage and cycle time, each with where it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from assay.errors import InputError
from assay.reading.figures import square
from assay.reading.suggestions import hint
from assay.reading.units import Quantity, format_si

Value = float | Quantity | None
"""A figure of an estimator: in J, m2, W or s; or with its own unit; None where it is not known."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What an estimator answers about one instance.

    Attributes:
        energy: per action, in joules; None where it is not known.
        area: m2.
        leakage: watts, with the supply on and nothing happening.
        cycle: seconds, the least time from one action to the next.
        notes: how the figures came about, such as the technology they were scaled from.
        extrapolated: each way in which this goes beyond what the estimator was made for, in words.
        source, uncertainty: those of this answer, where they differ from those of the estimator.
    """

    energy: Mapping[str, Value]
    area: Value = None
    leakage: Value = None
    cycle: Value = None
    notes: tuple[str, ...] = ()
    extrapolated: tuple[str, ...] = ()
    source: str = ""
    uncertainty: float | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """`count` instances of a component inside another."""

    name: str
    count: int
    estimate: Estimate


@dataclass(frozen=True, slots=True, repr=False)
class Estimate:
    """Checked figures of one instance of a component, and where they come from.

    Attributes:
        component: what it is, such as `sram`.
        estimator: who answered.
        attributes: (name, value in words) of all that was asked for.
        energy: (action, joules) for every action; None where it is not known.
        area: m2, or None.
        leakage: watts, or None.
        cycle: seconds from one action to the next, or None where nothing limits it or it is not known.
        source: paper, tool or measurement behind the figures.
        uncertainty: in nine cases of ten the truth is expected between the figure divided by, and multiplied by, one
            plus this (0.3: a factor of 1.3 either way).
        extrapolated: each way in which this goes beyond what the estimator was made for; empty where it does not.
        notes: how the figures came about.
        parts: what a compound component is made of.
        size: components in the whole tree, itself included.
        others: who else was asked, and why they did not answer or were not chosen.
    """

    component: str
    estimator: str
    attributes: tuple[tuple[str, str], ...]
    energy: tuple[tuple[str, float | None], ...]
    area: float | None
    leakage: float | None
    cycle: float | None
    source: str
    uncertainty: float | None
    extrapolated: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()
    size: int = field(default=1, compare=False)
    others: tuple[str, ...] = field(default=(), compare=False)

    def __repr__(self) -> str:
        return f"<Estimate {self.summary}>"

    @property
    def summary(self) -> str:
        """Component, energies, area and leakage in one line; `assay estimate` has ranges and the source, too."""
        figures = [f"{action} {format_si(value, 'J')}" for action, value in self.energy]
        figures += [f"area {square(self.area)}", f"leakage {format_si(self.leakage, 'W')}"]
        return f"{self.component}: {', '.join(figures)}" + (", extrapolated" if self.extrapolated else "")

    @property
    def actions(self) -> tuple[str, ...]:
        return tuple(action for action, _ in self.energy)

    def energy_of(self, action: str) -> float | None:
        """Joules of one action; None where it is not known.

        Raises:
            InputError: it has no such action.
        """
        found = dict(self.energy)
        if action not in found:
            raise InputError(
                f"{self.component} has no action '{action}'", hint=hint(action, found, label="its actions")
            )
        return found[action]

    def to_row(self) -> dict[str, Any]:
        """One flat row, for tables. Keys of figures carry their units; attributes are words; None is not modelled."""
        row: dict[str, Any] = {"component": self.component, **dict(self.attributes)}
        row |= {f"energy_{action}_j": value for action, value in self.energy}
        row |= {"area_m2": self.area, "leakage_w": self.leakage, "cycle_s": self.cycle}
        return row | {"uncertainty": self.uncertainty, "extrapolated": bool(self.extrapolated), "source": self.source}

    def to_dict(self) -> dict[str, Any]:
        """As in the schema `assay.estimate/1`: J, m2, W, s; null is not modelled."""
        return {
            "component": self.component,
            "estimator": self.estimator,
            "attributes": dict(self.attributes),
            "energy_j": dict(self.energy),
            "area_m2": self.area,
            "leakage_w": self.leakage,
            "cycle_s": self.cycle,
            "source": self.source,
            "uncertainty": self.uncertainty,
            "extrapolated": bool(self.extrapolated),
            "extrapolations": list(self.extrapolated),
            "notes": list(self.notes),
            "others": list(self.others),
            "parts": [{"name": p.name, "count": p.count, **p.estimate.to_dict()} for p in self.parts],
        }
