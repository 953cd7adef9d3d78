"""Memory cells that take part in analog products, and arrays of them.

A row is driven with an input, a cell lets a current or a charge through that is the product of the input and of what
the cell holds, and a column adds up what its cells let through. What drives the rows and reads the columns are other
components: `dac`, `sample_hold`, `adc`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import cast

from assay.components.estimate import Cost
from assay.components.estimator import Declined, Estimator, attribute
from assay.errors import InputError
from assay.reading.units import SIZE, TIME, VOLTAGE

WIRE = 0.2e-15 / 1e-6
"""F/m of a wire inside of an array: NeuroSim (DNN_NeuroSim V1.3, unitLengthWireCap)."""

NEGLIGIBLE = 1e-21
"""J: a quarter of k T; less than that is counted as nothing."""

SMALLEST_FEATURE = 22e-9
"""Below, the name of a node is no longer the size of anything; areas in F2 are too small."""


WITHOUT = "without the wires and drivers of a row, and without the column's end"


@dataclass(frozen=True, slots=True)
class Kind:
    """What is known of one kind of cell.

    Attributes:
        area: F2 of a cell with its transistor.
        crosspoint: F2 of a cell without; None where there is no such.
        voltage: V on a cell while it is read; None: the supply.
        on, off: ohms of a cell that is fully on or off.
        capacitance: F that a cell adds to its row.
        write: J of one programming pulse, the mean of both directions; None where it is not known.
        write_time: s of that pulse.
        published: what published cells have, in words.
        source: of these figures.
    """

    area: float
    crosspoint: float | None
    voltage: float | None
    on: float
    off: float
    capacitance: float
    write: float | None
    write_time: float
    published: str
    source: str


_SURVEY = "NVMExplorer's table of published cells (Pentecost et al., HPCA 2022)"
_NVSIM = "NVSim (Dong et al., TCAD 2012), sample cell"

KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        # Area: 53 F2 of a 1T1R macro (ISSCC 2018, 40 nm, in the survey; NeuroSim: 48); crosspoint 4 F2, two wires at
        # their least pitch: NVSim. Resistance: medians of 19 published cells. 0.5 V: NeuroSim (survey: 0.4 to 0.7 V).
        # 0.1 fF, 0.6 pJ, 10 ns: NVSim.
        "rram": Kind(
            area=53,
            crosspoint=4,
            voltage=0.5,
            on=20e3,
            off=925e3,
            capacitance=0.1e-15,
            write=0.6e-12,
            write_time=10e-9,
            published="published cells: on 1 kOhm to 1 MOhm, a write 5 ns to 100 us, endurance 1e3 to 1e8 writes",
            source=f"{_SURVEY}, medians; {_NVSIM}; NeuroSim V1.3",
        ),
        # Medians of the survey: 40 F2; 10 kOhm and 1 MOhm; reset 90 uA, 1.0 V, 55 ns (5.0 pJ), set 60 uA, 2.05 V,
        # 100 ns (12 pJ). 0.34 V: 40 uA through 1 kOhm and 0.3 V of its transistor in NVSim's sample. 4 F2, 0.1 fF: as
        # of RRAM (assumed).
        "pcm": Kind(
            area=40,
            crosspoint=4,
            voltage=0.34,
            on=10e3,
            off=1e6,
            capacitance=0.1e-15,
            write=(90e-6 * 1.0 * 55e-9 + 60e-6 * 2.05 * 100e-9) / 2,
            write_time=100e-9,
            published="published cells: on 100 Ohm to 1 MOhm, a write 10 ns to 30 us, endurance 1e5 to 3e11 writes",
            source=f"{_SURVEY}, medians; {_NVSIM}",
        ),
        # NVSim's sample cell: 54 F2 (survey: 8 to 75), 3 and 6 kOhm, 0.25 V, 1 pJ (survey: 0.6 to 4.5), 10 ns.
        # 0.1 fF: as of RRAM (assumed).
        "stt_mram": Kind(
            area=54,
            crosspoint=None,
            voltage=0.25,
            on=3e3,
            off=6e3,
            capacitance=0.1e-15,
            write=1e-12,
            write_time=10e-9,
            published="published cells: a write 0.6 to 4.5 pJ and 2 to 200 ns, endurance 1e5 to 1e15 writes",
            source=_NVSIM,
        ),
        # Split-gate NOR flash. Area: 0.33 um2 at 55 nm (Guo et al., arXiv 1611.03379), 109 F2. Current: below 2 uA
        # erased, below 10 pA programmed (Yook et al., Micromachines 14, 1753, 2023, 40 nm), here at 1 V (assumed).
        # 0.1 fF: assumed. A pulse of 200 us: NVSim's sample of NAND flash (assumed to be alike). Energy of a write: not
        # known.
        "flash": Kind(
            area=109,
            crosspoint=None,
            voltage=1.0,
            on=1.0 / 2e-6,
            off=1.0 / 10e-12,
            capacitance=0.1e-15,
            write=None,
            write_time=200e-6,
            published="endurance of embedded flash: 1e6 writes",
            source="Guo et al., arXiv 1611.03379 (area); Yook et al., Micromachines 14, 2023 (current)",
        ),
    }
)

SRAM_F2 = ((22.0, 146.0), (14.0, 300.0), (10.0, 400.0), (7.0, 600.0))
"""F2 of a 6T cell: NVSim's 146 down to 22 nm; then NeuroSim V1.3 (Param.cpp): 300, 400, 600."""

COUPLING = 1e-15
"""F of the capacitor of a cell with one: assumed; what metal over a cell makes, and what matching asks for."""

SRAM_8T = 1.41
"""A cell of eight transistors and a capacitor over one of six: Z. Chen et al., MC2-RAM, 2021 (abstract)."""


@dataclass(frozen=True, kw_only=True)
class ResistiveCell(Estimator):
    """A memory cell whose conductance is a weight: RRAM, PCM, STT-MRAM or flash.

    Actions:
        compute: the cell takes part in one product, with the mean input and weight given (J per cell and pulse).
        compute_off: the same with the cell off: the weight is 0.
        gated: the same with its row off: the input is 0. No voltage, no current: 0 J; sneak paths are not modelled.
        read: the cell is read alone, with a full pulse (without the sense amplifier).
        write: the cell is programmed (J; `pulses` of them, where more than one level is set and verified).

    Model: V^2 G t x, with the read voltage V, the mean conductance G = G_off + weight (G_on - G_off), the pulse t and
    the mean input x (of pulses their mean; of input voltages the mean of their squares). A cell holds its state without
    a supply: no leakage. A write takes its time and wears the cell: the notes say how much.

    Source: `KINDS`. Uncertainty, judged: with the resistances of a cell given, a factor of two. Without, of ten: those
    of published cells differ by more than that.
    """

    component = "cell"
    actions = ("compute", "compute_off", "gated", "read", "write")
    source = "see the kind of cell"
    uncertainty = 9.0

    kind: str = attribute("kind of cell", choices=("rram", "pcm", "stt_mram", "flash", "sram"), default="rram")
    bits_per_cell: int = attribute("bits that a cell holds", unit=SIZE, default=1, minimum=1, maximum=8, valid=(1, 4))
    access: str = attribute(
        "with a transistor, or between two wires", choices=("transistor", "crosspoint"), default="transistor"
    )
    read_voltage: float | None = attribute("on a cell that is read", unit=VOLTAGE, default=None, above=0, maximum=10)
    resistance_on: float | None = attribute("ohms of a cell that is fully on", default=None, above=0)
    resistance_off: float | None = attribute("ohms of a cell that is off", default=None, above=0)
    pulse: float = attribute("time that a cell is read", unit=TIME, default=10e-9, above=0, valid=(1e-10, 1e-5))
    input: float = attribute("mean input, as a share of the greatest", default=0.5, minimum=0, maximum=1)
    weight: float = attribute("mean weight, as a share of the greatest", default=0.5, minimum=0, maximum=1)
    pulses: int | None = attribute("programming pulses of a write, with verifying", default=None, minimum=1)

    def cost(self) -> Cost:
        known = self.known()
        full = self.energy_at(1.0, self.weight)
        energy = {
            "compute": self.energy_at(self.input, self.weight),
            "compute_off": self.energy_at(self.input, 0.0),
            "gated": 0.0,
            "read": full,
            "write": self.write_energy(),
        }
        given = self.resistance_on is not None and self.resistance_off is not None
        return Cost(
            energy,
            area=self.area(),
            leakage=0.0,
            cycle=self.pulse,
            notes=(
                known.published,
                "energy: from the cell's voltages and resistances, which go with no node; area: with the node",
                f"a programming pulse takes {known.write_time * 1e9:g} ns",
                "leakage: a cell that is not read has no supply",
            ),
            extrapolated=self.too_fine(),
            source=f"resistances as given; {known.source}" if given else known.source,
            uncertainty=1.0 if given else None,
        )

    def known(self) -> Kind:
        if self.kind == "sram":
            raise Declined("knows cells with a conductance, not SRAM")
        return KINDS[self.kind]

    def area(self) -> float:
        """m2 of one cell."""
        known = self.known()
        if self.access == "crosspoint" and known.crosspoint is None:
            raise InputError(f"{self.kind} cells without a transistor are not known", hint="access: transistor")
        squares = known.crosspoint if self.access == "crosspoint" else known.area
        return float(squares or known.area) * (self.technology.nm * 1e-9) ** 2

    def energy_at(self, value: float, weight: float) -> float:
        """J of one pulse with that input and that weight."""
        known = self.known()
        on, off = self.resistance_on or known.on, self.resistance_off or known.off
        if on > off:
            raise InputError(f"a cell of {on:g} Ohm when on and {off:g} Ohm when off is not possible")
        conductance = 1 / off + weight * (1 / on - 1 / off)
        joules = self.voltage**2 * conductance * self.pulse * value
        return joules if joules > NEGLIGIBLE else 0.0

    @property
    def voltage(self) -> float:
        return self.read_voltage or self.known().voltage or self.technology.voltage

    def write_energy(self) -> float | None:
        """J; None where it is not known, or it is not said how many pulses set one of several levels."""
        one = self.known().write
        pulses = 1 if self.pulses is None and self.bits_per_cell == 1 else self.pulses
        return None if one is None or pulses is None else one * pulses

    def too_fine(self) -> tuple[str, ...]:
        if self.technology.nm * 1e-9 >= SMALLEST_FEATURE:
            return ()
        return (f"below {SMALLEST_FEATURE * 1e9:g} nm an area of {self.kind} cells in F2 is too small",)


@dataclass(frozen=True, kw_only=True)
class SramCell(Estimator):
    """A memory cell of six transistors, or of eight and a capacitor, that takes part in a product.

    Actions:
        compute: the cell moves the charge of its part of a column, with the mean input and weight given (J per cell).
        compute_off: the same with the cell at 0: no charge moves, 0 J.
        gated: the same with its row off: no charge moves, 0 J.
        read, write: the cell is read or written alone, with a full swing of its part of the column.

    Model: C V^2 of the column along one cell: its wire (0.2 fF/um, NeuroSim) over the height of the cell, and the drain
    of the access transistor, taken to be as much again (assumed); a cell with a capacitor has 1 fF more to move in a
    product (assumed). Area: 146 F2 (NVSim) down to 22 nm, 300, 400 and 600
    F2 at 14, 10 and 7 nm (NeuroSim V1.3); with eight transistors and a capacitor 1.41 times as much (Z. Chen
    et al., MC2-RAM, 2021). Leakage is not modelled here: see `sram`.

    Uncertainty, judged: a factor of four, as the capacitances are assumed.
    """

    component = "cell"
    actions = ("compute", "compute_off", "gated", "read", "write")
    source = "NVSim (Dong et al., TCAD 2012); NeuroSim V1.3; Z. Chen et al., MC2-RAM, 2021"
    uncertainty = 3.0

    kind: str = attribute("kind of cell", choices=("rram", "pcm", "stt_mram", "flash", "sram"))
    transistors: int = attribute("6, or 8 with a capacitor", default=8, minimum=6, maximum=8)
    input: float = attribute("mean input, as a share of the greatest", default=0.5, minimum=0, maximum=1)
    weight: float = attribute("mean weight, as a share of the greatest", default=0.5, minimum=0, maximum=1)

    def cost(self) -> Cost:
        if self.kind != "sram":
            raise Declined("knows cells of SRAM only")
        if self.transistors == 7:
            raise InputError("transistors: 7 is not possible: 6, or 8 with a capacitor")
        feature = self.technology.nm * 1e-9
        area = sram_squares(self.technology.nm) * feature**2 * (SRAM_8T if self.transistors == 8 else 1.0)
        height = math.sqrt(area / 1.46)  # NVSim: 1.46 times as wide as high
        swing = 2 * WIRE * height * self.technology.voltage**2
        coupled = COUPLING * self.technology.voltage**2 if self.transistors == 8 else 0.0
        moved = (swing + coupled) * self.input * self.weight
        energy = {
            "compute": moved if moved > NEGLIGIBLE else 0.0,
            "compute_off": 0.0,
            "gated": 0.0,
            "read": swing,
            "write": swing,
        }
        return Cost(energy, area=area, notes=(WITHOUT, "compute_off: no charge moves"))


def sram_squares(nm: float) -> float:
    """F2 of a 6T cell; between the nodes of `SRAM_F2` a straight line of logarithms."""
    if nm >= SRAM_F2[0][0]:
        return SRAM_F2[0][1]
    (low, high) = next(pair for pair in zip(SRAM_F2[1:], SRAM_F2, strict=False) if pair[0][0] <= nm)
    share = math.log(nm / low[0]) / math.log(high[0] / low[0])
    return math.exp((1 - share) * math.log(low[1]) + share * math.log(high[1]))


@dataclass(frozen=True, kw_only=True)
class Crossbar(ResistiveCell):
    """Rows and columns of cells whose conductances are weights.

    Actions:
        compute: all rows are driven with the mean input given, and all columns add up (J per product of the array).
        compute_off: the same with all cells off: the weights are 0.
        gated: the same with all rows off: 0 J.
        read: one row is read, all of its columns (without sense amplifiers).
        write: one row is programmed, all of its columns.

    Model: that of `cell` for each, and C V^2 of the rows that are driven: 0.2 fF/um of wire over the length of a row
    (NeuroSim) and 0.1 fF a cell (NVSim), charged once an input. Columns are held at a fixed voltage. Area: that of the
    cells; drivers, sample-and-hold and converters are components of their own. The time that wires take is not
    modelled: `pulse` has to allow for it.

    Uncertainty: that of `cell`. ISAAC's 8 arrays of 128 x 128 cells (Table I: 2.4 mW, 0.0002 mm2 at 32 nm, without
    what its cells are): 42 mW with the RRAM cell here and pulses of 10 ns every 100 ns, 5.8 mW with NVSim's
    (0.4 V, 1 and 10 MOhm) and pulses of 100 ns; 0.00054 mm2 with cells of 4 F2 (the paper's are of 1.5 F2).
    """

    component = "crossbar"

    rows: int = attribute("rows, each with an input", default=128, minimum=1, maximum=65536, valid=(1, 1024))
    columns: int = attribute("columns, each with a sum", default=128, minimum=1, maximum=65536, valid=(1, 1024))

    def cost(self) -> Cost:
        one = super().cost()
        cells = self.rows * self.columns
        row = self.row_energy()
        write = self.write_energy()
        energy = {
            "compute": cells * self.energy_at(self.input, self.weight) + self.rows * row * self.input,
            "compute_off": cells * self.energy_at(self.input, 0.0) + self.rows * row * self.input,
            "gated": 0.0,
            "read": self.columns * self.energy_at(1.0, self.weight) + row,
            "write": None if write is None else self.columns * write,
        }
        return Cost(
            energy,
            area=cells * self.area(),
            leakage=0.0,
            cycle=self.pulse,
            notes=(*one.notes, f"a row of {self.row_capacitance() * 1e15:.3g} fF"),
            extrapolated=one.extrapolated,
            source=one.source,
            uncertainty=one.uncertainty,
        )

    def row_capacitance(self) -> float:
        """F of the wire of a row and of its cells; cells are taken to be square."""
        return self.columns * (WIRE * math.sqrt(self.area()) + self.known().capacitance)

    def row_energy(self) -> float:
        """J to charge a row."""
        return self.row_capacitance() * self.voltage**2


@dataclass(frozen=True, kw_only=True)
class SramCrossbar(SramCell):
    """Rows and columns of SRAM cells that take part in products.

    Actions:
        compute: all rows are driven with the mean input given, and all columns add up (J per product of the array).
        compute_off: the same with all cells at 0: the rows are driven, no charge moves in the columns.
        gated: the same with all rows off: 0 J.
        read, write: one row, all of its columns (without sense amplifiers).

    Model: that of `cell` for each, and C V^2 of the rows that are driven: their wires (0.2 fF/um, NeuroSim), and as
    much again of gates (assumed). Area: that of the cells. Leakage is not modelled here: see `sram`.

    Uncertainty, judged: a factor of four.
    """

    component = "crossbar"

    rows: int = attribute("rows, each with an input", default=128, minimum=1, maximum=65536, valid=(1, 2048))
    columns: int = attribute("columns, each with a sum", default=128, minimum=1, maximum=65536, valid=(1, 2048))

    def cost(self) -> Cost:
        one = super().cost()
        area = float(cast(float, one.area))
        row = self.columns * 2 * WIRE * math.sqrt(area * 1.46) * self.technology.voltage**2
        cell = {action: float(cast(float, energy)) for action, energy in one.energy.items()}
        cells = self.rows * self.columns
        energy = {
            "compute": cells * cell["compute"] + self.rows * row * self.input,
            "compute_off": self.rows * row * self.input,
            "gated": 0.0,
            "read": self.columns * cell["read"] + row,
            "write": self.columns * cell["write"] + row,
        }
        return Cost(energy, area=cells * area, notes=("without drivers of the rows and the columns' ends",))
