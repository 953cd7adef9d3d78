"""Static RAM, by the analytical model of `sram_array`."""

from __future__ import annotations

import math
from dataclasses import dataclass

from assay.components.estimate import Cost
from assay.components.estimator import Declined, Estimator, attribute
from assay.components.sram_array import SramFigures, sram_figures
from assay.components.sram_parts import processes
from assay.components.technology import Flavour, Technology, nominal_voltage, scaling
from assay.reading.units import SIZE, format_bytes

COMPILED_FIXED, COMPILED_EDGE, COMPILED_CELLS = 1751e-12, 178.5e-12, 9.483e-12
"""m2 of a compiled macro in 65 nm: fixed, per square root of its bytes, and per byte. From the memories of 64, 256 and
4096 bytes of the published model of Chen, Emer, Sze, ISCA 2016; those of 128 to 2048 bytes come out within 4 %."""
COMPILED_RANGE = (64, 4096)
"""Bytes of a bank between which that is known."""
LEAST, MOST = 64 * 8, 32 * 2**20 * 8
"""Bits for which the model was compared with CACTI."""


@dataclass(frozen=True, kw_only=True)
class Sram(Estimator):
    """A static RAM: one array or several banks, with its decoders, sense amplifiers and wires.

    `read` and `write`: joules of one access of `width` bits (random data), in one bank, with the wires to it. Area with
    all of these, leakage in watts, cycle in seconds between accesses to the same bank. The array is cut into sub-arrays
    by a small search for the least delay^2 x energy; `sram_array` has the formulas.

    Calibrated against CACTI 7, which it meets within 30 % over 64 B to 32 MiB. The uncertainty is the one to real
    memories, judged: reads that M. Horowitz gives (ISSCC 2014) are 1.2 to 2 times as much. With `layout: array` the
    area is that of CACTI's layout; macros of a memory compiler in 65 nm are twice as large at 4 KiB and three times at
    512 B: `layout: compiled` has their area. The transistors are low-standby-power ones with an uncommonly low leakage;
    those for high performance leak a hundred to a thousand times more.

    The supply is taken in proportion: at the nominal voltage of a node the figures are those at CACTI's, which the
    notes give.
    """

    component = "sram"
    actions = ("read", "write")
    source = "analytical model of SRAM arrays, calibrated against CACTI 7 (low-standby-power transistors, 300 K)"
    uncertainty = 1.0

    depth: int | None = attribute("words, of all banks together", default=None, minimum=1, maximum=2**40)
    width: int = attribute(
        "bits of a word, which one access moves", unit=SIZE, minimum=1, maximum=2**16, valid=(8, 512)
    )
    size: int | None = attribute("instead of depth: bits in all", unit=SIZE, default=None, minimum=1, maximum=2**50)
    banks: int = attribute("banks, of which an access takes one", default=1, minimum=1, maximum=4096, valid=(1, 64))
    ports: int = attribute("ports that read and write", default=1, minimum=0, maximum=32, valid=(0, 4))
    read_ports: int = attribute("ports beside those that only read", default=0, minimum=0, maximum=32, valid=(0, 4))
    write_ports: int = attribute("ports beside those that only write", default=0, minimum=0, maximum=32, valid=(0, 4))
    layout: str = attribute(
        "whose area: of the bare array, or of a macro of a memory compiler",
        default="array",
        choices=("array", "compiled"),
    )

    @property
    def words(self) -> int:
        if self.depth is not None:
            if self.size is not None and self.size != self.depth * self.width:
                raise Declined("is given both depth and size, which differ")
            return self.depth
        if self.size is None:
            raise Declined("needs depth", hint="or size, such as 128 KiB")
        return -(-self.size // self.width)

    def cost(self) -> Cost:
        found = self._figures()
        bits = self.words * self.width
        low, high = min(processes()), max(processes())
        nm = self.technology.nm
        beyond = []
        if not LEAST <= bits <= MOST:
            beyond.append(f"{format_bytes(bits)} is beyond {format_bytes(LEAST)} to {format_bytes(MOST)}")
        if nm > high:
            beyond.append(f"{nm:g} nm is above {high} nm")
        area = found.area
        notes = [*self._notes(found), ""]
        if self.layout == "compiled":
            area, notes[-1], far = self._compiled()
            beyond += far
        spread = max(math.sqrt(max(low / nm, nm / high, 1.0)), self._larger(found) / (1 + self.uncertainty))
        return Cost(
            {"read": found.read, "write": found.write},
            area,
            found.leakage,
            found.cycle,
            notes=tuple(notes),
            extrapolated=tuple(beyond),
            uncertainty=(1 + self.uncertainty) * spread - 1,
        )

    def _larger(self, found: SramFigures) -> float:
        """By what a compiled macro is larger than the bare array, in the range in which that is known."""
        if self.layout == "compiled" or self.words * self.width / 8 / self.banks > COMPILED_RANGE[1]:
            return 1.0
        return self._compiled()[0] / found.area

    def _notes(self, found: SramFigures) -> list[str]:
        technology, cut = self.technology, found.organisation
        near = min(max(technology.nm, min(processes())), max(processes()))
        notes = [f"sub-arrays of {cut.rows} x {cut.columns} cells, {cut.across} x {cut.down} of them in each bank"]
        if near != technology.nm:
            notes.append(f"scaled from {near:g} nm (area: Stillmaker & Baas, 2017; energy: as of wires)")
        elif near in processes():
            volts = processes()[int(near)].vdd * self._supply
            notes.append(f"supply of the array {volts:.3g} V")
        if self._larger(found) > 1 + self.uncertainty:
            notes.append("area: of the bare array; compiled macros so small are larger, as `layout: compiled` has them")
        if technology.flavour is not Flavour.LP:
            notes.append("leakage is that of low-standby-power transistors")
        return notes

    @property
    def _supply(self) -> float:
        """As a part of the nominal one."""
        return self.technology.voltage / nominal_voltage(self.technology.nm, self.technology.flavour)

    def _compiled(self) -> tuple[float, str, list[str]]:
        """m2 of one macro for each bank, where it is from, and how it is beyond what is known."""
        size = self.words * self.width / 8 / self.banks
        macro = COMPILED_FIXED + COMPILED_EDGE * math.sqrt(size) + COMPILED_CELLS * size
        by = scaling(Technology.of(65.0, self.technology.voltage, self.technology.flavour), self.technology)
        low, high = COMPILED_RANGE
        far = [] if low <= size <= high else [f"banks of {size:g} B are beyond {low} B to {high} B for compiled macros"]
        text = f"area: published macros of Chen et al., ISCA 2016, 65 nm; {by.text}".rstrip("; ")
        return self.banks * macro * by.area, text, far

    def _figures(self) -> SramFigures:
        if self.ports + self.read_ports < 1 or self.ports + self.write_ports < 1:
            raise Declined("needs a port that reads and one that writes", hint="such as ports: 1")
        if self.banks > self.words:
            raise Declined(f"cannot cut {self.words} words into {self.banks} banks")
        try:
            return sram_figures(
                self.words,
                self.width,
                self.technology.nm,
                banks=self.banks,
                ports=self.ports,
                read_ports=self.read_ports,
                write_ports=self.write_ports,
                voltage=self._supply,
            )
        except ValueError as error:
            raise Declined(f"does not work at {self.technology}: {error}") from None
