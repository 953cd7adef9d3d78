"""Process technologies, and how energy, delay and area carry over from one to another.

Between the nodes of the tables below, factors are interpolated linearly in their logarithm against that of the node.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from assay.errors import InputError

SOURCE = "Stillmaker & Baas, Integration 58, 2017"
OLDEST, NEWEST = 180.0, 7.0


class Flavour(StrEnum):
    """Transistors for speed or for low power; from 65 nm up the polynomials do not tell them apart."""

    HP = "hp"
    LP = "lp"


# node: (d3, d2, d1, d0), delay in units of a fixed time; (e2, e1, e0), energy; both polynomials of the supply voltage.
_BOTH = {
    180.0: ((0.0, 97.09, -356.7, 406.5), (0.0, 24.64, -17.98)),
    130.0: ((-76.65, 334.9, -493.4, 275.8), (7.171, -6.709, 2.904)),
    90.0: ((-60.34, 262.5, -384.2, 210.9), (4.762, -4.781, 2.092)),
    65.0: ((-53.3, 230.4, -333.9, 178.6), (3.755, -4.398, 1.975)),
}
_POLYNOMIALS = {
    Flavour.HP: _BOTH
    | {
        45.0: ((-501.6, 1567.0, -1619.0, 566.1), (1.018, -0.3107, 0.1539)),
        32.0: ((-1047.0, 2982.0, -2797.0, 873.5), (0.8367, -0.4341, 0.1701)),
        20.0: ((0.0, 34.63, -66.37, 41.15), (0.373, -0.1582, 0.04104)),
        16.0: ((0.0, 24.8, -47.52, 28.87), (0.2958, -0.1241, 0.03024)),
        14.0: ((-40.66, 109.2, -100.6, 35.92), (0.2363, -0.09675, 0.02239)),
        10.0: ((-34.95, 93.65, -85.99, 30.4), (0.2068, -0.09311, 0.02375)),
        7.0: ((-28.58, 76.6, -70.26, 24.69), (0.1776, -0.09097, 0.02447)),
    },
    Flavour.LP: _BOTH
    | {
        45.0: ((-285.7, 1239.0, -1795.0, 898.8), (1.103, -0.362, 0.2767)),
        32.0: ((-325.9, 1374.0, -1922.0, 913.2), (0.9559, -0.7823, 0.471)),
        20.0: ((-160.5, 514.1, -558.6, 217.5), (0.2632, -0.14, 0.06841)),
        16.0: ((-114.6, 366.7, -397.4, 153.6), (0.2139, -0.1187, 0.05639)),
        14.0: ((-85.37, 271.6, -292.2, 111.4), (0.1556, -0.06472, 0.03066)),
        10.0: ((-71.76, 228.6, -246.3, 93.91), (0.1261, -0.0518, 0.02769)),
        7.0: ((-61.79, 196.1, -210.3, 79.55), (0.09365, -0.03409, 0.02043)),
    },
}
_AREA = dict(
    zip(
        (180.0, 130.0, 90.0, 65.0, 45.0, 32.0, 20.0, 16.0, 14.0, 10.0, 7.0),
        (19.0, 6.4, 2.8, 1.5, 1.0, 0.46, 0.21, 0.19, 0.17, 0.1, 0.059),
        strict=True,
    )
)
"""Area of the same circuit relative to 45 nm, from the table of factors in the source."""

_VOLTAGE = dict(
    zip(
        (180.0, 130.0, 90.0, 65.0, 45.0, 32.0, 20.0, 16.0, 14.0, 10.0, 7.0),
        (1.8, 1.3, 1.2, 1.1, 1.0, 0.9, 0.9, 0.85, 0.8, 0.75, 0.7),
        strict=True,
    )
)
"""Nominal supply of the predictive transistor models (PTM) behind the polynomials."""

_LP_VOLTAGE = _VOLTAGE | {45.0: 1.1, 32.0: 1.0}
"""Those of their transistors for low power."""

_NUMBER = r"(?<![\w.])(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)"

LOW_VOLTAGE, HIGH_VOLTAGE = 0.6, 1.3
"""Where a polynomial of a node is used without saying so: these shares of its nominal voltage."""

SHARPEST = 0.25
"""Share of the nominal voltage below which nothing works: refused."""


@dataclass(frozen=True, slots=True)
class Technology:
    """A process and its supply.

    Attributes:
        nm: the node's name in nanometres, 7 to 180.
        voltage: of the supply, in volts.
        flavour: transistors for speed (`hp`) or for low power (`lp`).
    """

    nm: float
    voltage: float
    flavour: Flavour = Flavour.HP

    def __str__(self) -> str:
        flavour = " LP" if self.flavour is Flavour.LP else ""
        return f"{self.nm:g} nm{flavour}, {self.voltage:.3g} V"

    @classmethod
    def of(cls, nm: float, voltage: float | None = None, flavour: Flavour = Flavour.HP) -> Technology:
        """The technology of a node; `voltage` None: the nominal one of the node.

        Raises:
            InputError: no such node is covered, or nothing works at that voltage.
        """
        if not NEWEST <= nm <= OLDEST:
            raise InputError(
                f"a technology of {nm:g} nm is not covered", hint=f"from {OLDEST:g} nm to {NEWEST:g} nm ({SOURCE})"
            )
        nominal = nominal_voltage(nm, flavour)
        if voltage is None:
            voltage = nominal
        if not SHARPEST * nominal <= voltage <= 2 * nominal:
            message = f"a supply of {voltage:g} V is not possible at {nm:g} nm"
            raise InputError(message, hint=f"nominal: {nominal:.3g} V; from a quarter to twice of that is taken")
        return cls(nm, voltage, flavour)

    @classmethod
    def parse(cls, text: str) -> Technology:
        """From words such as `65nm`, `TSMC 65 nm LP, 1.0 V` or `32 nm`; other words mean nothing here.

        Raises:
            InputError: no node or more than one, or as `of`.
        """
        nodes = [float(each) for each in re.findall(rf"{_NUMBER}\s*nm\b", text, re.IGNORECASE)]
        if len(set(nodes)) != 1:
            listed = ", ".join(f"{each:g}" for each in nodes)
            found = "no node" if not nodes else f"more than one node ({listed} nm)"
            raise InputError(
                f"technology '{text[:60]}' names {found}", hint="write such as '65 nm' or '65 nm LP, 1.0 V'"
            )
        found_volts = re.findall(rf"{_NUMBER}\s*(m?)(?:V|volts?)\b", text)
        volts = {float(value) / (1000 if milli else 1) for value, milli in found_volts}
        if bare := re.search(r"(?<![\w.])\d+\.\d+(?!\s*(?:nm|m?V|volts?)\b)(?![\w.])", text):
            raise InputError(
                f"technology '{text[:60]}': {bare.group()} of what?", hint="write such as '65 nm LP, 1.0 V'"
            )
        if len(volts) > 1:
            raise InputError(f"technology '{text[:60]}' names more than one voltage")
        voltage = volts.pop() if volts else None
        low_power = re.search(r"\b(LP|LSTP|low[- ]power)\b", text, re.IGNORECASE)
        return cls.of(nodes[0], voltage, Flavour.LP if low_power else Flavour.HP)

    @property
    def unusual(self) -> str | None:
        """Why the polynomials are used outside of what they were fitted to; None where they are not."""
        nominal = nominal_voltage(self.nm, self.flavour)
        if LOW_VOLTAGE * nominal <= self.voltage <= HIGH_VOLTAGE * nominal:
            return None
        return f"{self.voltage:g} V is far from the nominal {nominal:.3g} V of {self.nm:g} nm"


@dataclass(frozen=True, slots=True)
class Scaling:
    """Factors from one technology to another, and the words for it.

    Attributes:
        energy, delay, area: what a figure is multiplied by.
        leakage: that of leakage power. The source has none: it is taken to scale as energy does, as Accelergy does.
        spread: the factor, either way, by which scaled figures may be further off than those they come from. Judged:
            the root of the ratio of the nodes, so 1.2 from 65 to 45 nm and 2.5 from 45 to 7 nm. Circuits scale less
            well than the inverters of the source, the more so the newer the node.
        text: `scaled from 45 nm, 0.9 V to 65 nm, 1 V (...)`; empty where nothing changes.
    """

    energy: float
    delay: float
    area: float
    leakage: float
    spread: float
    text: str


@lru_cache(maxsize=256)
def scaling(start: Technology, end: Technology) -> Scaling:
    """How figures of one technology carry over to another.

    Energy and delay: X_end = X_start f_end(V_end) / f_start(V_start) with the polynomials of the source; area: its
    table of factors. An approximation: the source was fitted to inverters in simulation, and gives no error bound for
    other circuits; uncertainties of estimators allow for it.
    """
    if start == end:
        return Scaling(1.0, 1.0, 1.0, 1.0, 1.0, "")
    energy = _energy(end) / _energy(start)
    delay = _delay(end) / _delay(start)
    area = _between(_AREA, end.nm) / _between(_AREA, start.nm)
    spread = math.sqrt(max(start.nm / end.nm, end.nm / start.nm))
    return Scaling(energy, delay, area, energy, spread, f"scaled from {start} to {end} ({SOURCE})")


def nominal_voltage(nm: float, flavour: Flavour = Flavour.HP) -> float:
    """Volts of the supply of the node."""
    return _between(_LP_VOLTAGE if flavour is Flavour.LP else _VOLTAGE, nm)


def _energy(technology: Technology) -> float:
    polynomials = {nm: _polynomial(p[1], technology) for nm, p in _near(technology)}
    return _between(polynomials, technology.nm)


def _delay(technology: Technology) -> float:
    polynomials = {nm: _polynomial(p[0], technology) for nm, p in _near(technology)}
    return _between(polynomials, technology.nm)


def _near(technology: Technology) -> list[tuple[float, tuple[tuple[float, ...], tuple[float, ...]]]]:
    """The polynomials of the node, or of the two around it."""
    table = _POLYNOMIALS[technology.flavour]
    if technology.nm in table:
        return [(technology.nm, table[technology.nm])]
    above = min(nm for nm in table if nm > technology.nm)
    below = max(nm for nm in table if nm < technology.nm)
    return [(below, table[below]), (above, table[above])]


def _polynomial(coefficients: tuple[float, ...], technology: Technology) -> float:
    """Its value at the voltage. Refused where it is not positive: far from where it was fitted, it says nothing."""
    value = 0.0
    for coefficient in coefficients:
        value = value * technology.voltage + coefficient
    if value <= 0:
        message = f"energy and delay at {technology} cannot be scaled: the polynomials of the source end before it"
        raise InputError(message, hint=f"nominal: {nominal_voltage(technology.nm, technology.flavour):.3g} V")
    return value


def _between(table: dict[float, float], nm: float) -> float:
    """A straight line of logarithms between the entries around a node."""
    if nm in table:
        return table[nm]
    above = min(each for each in table if each > nm)
    below = max(each for each in table if each < nm)
    share = math.log(nm / below) / math.log(above / below)
    return math.exp((1 - share) * math.log(table[below]) + share * math.log(table[above]))
