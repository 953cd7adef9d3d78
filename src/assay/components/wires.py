"""Wires on a chip: energy, delay and metal of point-to-point wires and of buses with several drops.

The capacitance of a wire per millimetre hardly depends on the node: published values of the line alone are 0.166 pF/mm
(ASAP7, signal layers), 0.181 (SatIn, 32 nm), 0.2 (Dally et al., VLSI 2018: "independent of scaling"; D. Harris), 0.27
(R. Ho, PhD thesis, Stanford 2003, Table 2.6), 0.3 (Gebhart et al., ISCA 2011; Kogge et al., 2008, 32 nm) and 0.305
(Turner et al., CICC 2018, 28 nm). `LINE` is their geometric mean. So energy goes with the square of the supply alone;
the factors of Stillmaker and Baas, which are for gates, do not apply. Most of these figures, and those that wires are
compared with, were read where others quote them.
"""

from __future__ import annotations

from dataclasses import dataclass

from assay.components.estimate import Cost
from assay.components.estimator import Estimator, attribute
from assay.components.technology import Technology
from assay.reading.units import LENGTH, SIZE

LINE = 0.225e-9
"""Farads per metre of a line without repeaters: geometric mean of the values above."""

REPEATERS = {"none": 1.0, "balanced": 1.34, "fast": 1.87}
"""Capacitance with repeaters over that without: for least energy times delay, for least delay (Ho 2003, Table 4.2)."""

RANDOM = 0.5
"""Share of the wires that toggle from one word of random data to the next."""

FLIGHT = 0.3e-6
"""Seconds per metre of a repeated wire: Das, Aamodt, Dally, ISCA 2015, Table 1 (0.3 ns/mm at 45 nm). Others publish
0.1 (Owens et al., 2007, a projection), 0.4 (Dally, CACM 2022) and 1 ns/mm (Dally, NOCS 2022, dense layers)."""

PITCH = 8
"""Distance of global wires in feature sizes, as in the tables of CACTI 7 (180 nm to 16 nm)."""

_LONGEST_BARE = 1e-3
"""Beyond a millimetre wires are repeated: their delay would grow with the square of the length."""


def toggle(metres: float, technology: Technology, repeaters: str = "balanced") -> float:
    """Joules when one wire changes: half of C V^2."""
    return 0.5 * LINE * REPEATERS[repeaters] * metres * technology.voltage**2


def tracks(metres: float, wires: int, technology: Technology) -> float:
    """Square metres of metal under `wires` global wires."""
    return metres * wires * PITCH * technology.nm * 1e-9


_METAL = "area: of metal tracks at 8 feature sizes each"
_ABOVE = "area: its wires run above other circuits; the area of its repeaters is not known"
_LEAKAGE = "leakage of the repeaters is not known"
_DELAY = "cycle: 0.3 ns/mm without pipelining (published: 0.1 to 1 ns/mm)"


@dataclass(frozen=True, kw_only=True)
class Wire(Estimator):
    """Parallel wires from one place to another, with repeaters, full swing.

    Actions: `transfer`: one word of `width` bits over the whole length, in joules; `transfer_repeated`: the same word
    as before, 0 J as no wire changes and there is no clock.

        E = width activity C V^2 length / 2,    C = 0.225 pF/mm x 1.34 (1.87 for `fast`, 1 for `none`)

    `cycle` is the time of flight without pipeline registers. The area is that of metal where the wires take the place
    of circuits, and not known where they run above them.

    Source: see the module. Uncertainty 0.5: published wires with repeaters agree within that: measured at 180 nm (Ho
    2003: 0.98 pJ/mm a toggle at 1.8 V, here 0.68 for `fast`), Raw (Kim et al., ISLPED 2003: 85 pJ for 32 toggles over
    4 mm at 1.8 V, here 62), models of 40 nm (Keckler et al., 2011: 121 fJ/mm a random bit at 0.9 V, here 85 for `fast`)
    and 45 nm (Das et al., 2015: 80 fJ/mm, here 75 at 1 V); ISAAC's bus (its area and its energy both give about 1 mm).
    """

    component = "wire"
    actions = ("transfer", "transfer_repeated")
    source = "wire capacitance: mean of seven published values; repeaters: R. Ho, 2003, Table 4.2"
    uncertainty = 0.5

    length: float = attribute("metres", unit=LENGTH, above=0, valid=(1e-5, 3e-2))
    width: int = attribute("wires side by side, bits of a word", unit=SIZE, minimum=1)
    repeaters: str = attribute("what they are made for", default="balanced", choices=tuple(REPEATERS))
    activity: float = attribute("share of the wires that toggle", default=RANDOM, minimum=0, maximum=1)
    above_logic: bool = attribute("run above other circuits, taking no area from them", default=True)

    def cost(self) -> Cost:
        energy = self.width * self.activity * toggle(self.length, self.technology, self.repeaters)
        return Cost(
            {"transfer": energy, "transfer_repeated": 0.0},
            area=None if self.above_logic else tracks(self.length, self.width, self.technology),
            cycle=self.length * FLIGHT,
            notes=(_voltage(self.technology), _ABOVE if self.above_logic else _METAL, _LEAKAGE, _DELAY),
            extrapolated=bare(self.length, self.repeaters),
        )


@dataclass(frozen=True, kw_only=True)
class Bus(Estimator):
    """Parallel wires past several drops, all of which see every word.

    Actions: `transfer`: one word of `width` bits to all drops, in joules; `transfer_repeated`: the same word as before,
    0 J. As `wire`, with a branch of `stub` metres (0.02 mm, assumed) to each drop; what the gates there add is little
    beside it and neglected. One driver at a time; what others hang on the wire is not modelled.

    Source, validity and uncertainty: as `wire`. ISAAC (ISCA 2016, Table I; 384 wires, 0.09 mm2, 0.054 pJ per bit as
    hwcomponents derives) is met with 0.9 mm and 12 drops: 0.09 mm2 and 0.067 pJ.
    """

    component = "bus"
    actions = ("transfer", "transfer_repeated")
    source = Wire.source
    uncertainty = 0.5

    length: float = attribute("metres from end to end", unit=LENGTH, above=0, valid=(1e-5, 3e-2))
    width: int = attribute("wires side by side, bits of a word", unit=SIZE, minimum=1)
    drops: int = attribute("places that listen", minimum=1, valid=(1, 256))
    stub: float = attribute("metres from the bus to a drop", unit=LENGTH, default=20e-6, minimum=0)
    repeaters: str = attribute("what they are made for", default="balanced", choices=tuple(REPEATERS))
    activity: float = attribute("share of the wires that toggle", default=RANDOM, minimum=0, maximum=1)
    above_logic: bool = attribute("run above other circuits, taking no area from them", default=True)

    def cost(self) -> Cost:
        along = toggle(self.length, self.technology, self.repeaters)
        energy = self.width * self.activity * (along + toggle(self.drops * self.stub, self.technology, "none"))
        return Cost(
            {"transfer": energy, "transfer_repeated": 0.0},
            area=None if self.above_logic else tracks(self.length, self.width, self.technology),
            cycle=self.length * FLIGHT,
            notes=(_voltage(self.technology), _ABOVE if self.above_logic else _METAL, _LEAKAGE, _DELAY),
            extrapolated=bare(self.length, self.repeaters),
        )


def bare(metres: float, repeaters: str) -> tuple[str, ...]:
    """A wire without repeaters beyond the length at which it would have some."""
    if repeaters != "none" or metres <= _LONGEST_BARE:
        return ()
    return (f"{metres * 1e3:.3g} mm without repeaters",)


def _voltage(technology: Technology) -> str:
    return f"full swing of {technology.voltage:g} V; capacitance per length does not depend on the node"
