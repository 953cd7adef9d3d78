"""Figures that a person gives: of a data sheet, a paper, a synthesis run.

    component: {class: given, area: 0.372 mm2, leakage: 2 mW, compute: 1.2 pJ, source: "ISSCC 2016, Table 1"}

Keys that are not listed below are actions with their energies. What is left out is not modelled.
"""

from __future__ import annotations

import math

from assay.components.estimate import Estimate
from assay.components.estimator import Attribute, Declined, InBaseUnits
from assay.components.provider import BUILT_IN, Asked, Provider
from assay.reading.entries import Entry
from assay.reading.units import AREA, ENERGY, NUMBER, POWER, TIME, Dimension, Quantity

_FIGURES: dict[str, tuple[str, Dimension]] = {
    "area": ("area of one instance", AREA),
    "leakage": ("power with nothing happening", POWER),
    "cycle": ("least time from one action to the next", TIME),
}
_WORDS = ("source", "uncertainty")


class GivenProvider(Provider):
    """Figures that the file gives itself."""

    component = "given"
    name = "Given"
    origin = BUILT_IN

    @property
    def about(self) -> str:
        return "Figures that you give: area, leakage, cycle, and energies by the name of their action; say the source."

    @property
    def actions(self) -> tuple[str, ...]:
        return ()

    @property
    def attributes(self) -> tuple[Attribute, ...]:
        found = [_attribute(name, about, "float", unit) for name, (about, unit) in _FIGURES.items()]
        found.append(_attribute("uncertainty", "0.3: the truth is within a factor of 1.3", "float", NUMBER))
        return (_attribute("source", "where the figures come from", "str", NUMBER, required=True), *found)

    @property
    def source(self) -> str:
        return "as given"

    @property
    def uncertainty(self) -> float | None:
        return None

    def answer(self, asked: Asked) -> Estimate:
        if "source" not in asked.given:
            raise Declined("needs source", hint="say where the figures come from, such as a data sheet")
        figures = {
            name: _figure(entry, _FIGURES[name][1] if name in _FIGURES else ENERGY, asked)
            for name, entry in asked.given.items()
            if name not in _WORDS
        }
        share = asked.given.get("uncertainty")
        shown = tuple((name, entry.words) for name, entry in asked.given.items() if name != "source")
        return Estimate(
            component=self.component,
            estimator=self.name,
            attributes=shown,
            energy=tuple((name, value) for name, value in figures.items() if name not in _FIGURES),
            area=figures.get("area"),
            leakage=figures.get("leakage"),
            cycle=figures.get("cycle"),
            source=asked.given["source"].text(),
            uncertainty=None if share is None else share.number(minimum=0, maximum=100, names=asked.names),
        )


def _figure(entry: Entry, dimension: Dimension, asked: Asked) -> float:
    units = (dimension, NUMBER) if isinstance(entry, InBaseUnits) else dimension
    value: Quantity = entry.quantity(units, asked.names)
    if value.exact < 0:
        raise entry.error(f"{entry.label}: {value} is negative")
    return value.value


def _attribute(name: str, about: str, kind: str, unit: Dimension, *, required: bool = False) -> Attribute:
    return Attribute(name, about, kind, unit, 0.0, math.inf, -math.inf, None, (), None, required)
