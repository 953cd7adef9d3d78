"""DRAM: energy per access, background power and the time of an access, from a table with a source for every kind."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from assay.components.estimate import Cost
from assay.components.estimator import Declined, Estimator, attribute
from assay.reading.figures import percent
from assay.reading.units import RATE, SIZE

_GIB = 8 * 2**30
_PICO, _MILLI, _GIGA = Fraction(1, 10**12), Fraction(1, 10**3), 10**9

KINDS = (
    "DDR3",
    "DDR4",
    "DDR5",
    "LPDDR3",
    "LPDDR4",
    "LPDDR5",
    "LPDDR5X",
    "HBM2",
    "HBM2E",
    "HBM3",
    "HBM3E",
    "HBM4",
    "GDDR5",
    "GDDR6",
    "GDDR6X",
)
"""Those of the table, in its order."""

ENDS = MappingProxyType(
    {
        "both": "the DRAM and both ends of the interface",
        "device": "the DRAM and its end of the interface, without the processor's",
        "none": "the DRAM without its interface, of which no figure was found",
    }
)
"""What an energy holds, in the same words for all kinds. An end: drivers and termination."""

USED = 0.5
"""Share of a row used before it is closed, where nobody says. Assumed: tensors are read in long runs, tiles in short
ones. From 0.5 to 1 the energy of a read falls by 5 % at most, to 0.1 it rises by 5 % for DDR4 and by 36 % for HBM3."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What the table says of a kind of DRAM, in bits, J, s and W. A device is a chip, or a whole stack of HBM.

    Energies and powers are exact, so that sums and multiples of what the table says are, too.

    Attributes:
        rate: bits per second of a data pin, as commonly used; `rates`: the least and the greatest that are made.
        pins: data pins of a channel; `device_pins`: those of a device.
        capacity: bits of a device.
        read, write: joules per bit, with drivers and termination of those ends that `interface` says.
        row: bits of a row of one device; `activate`: joules to open and close it. None: within `read` and `write`.
        background: watts of one device that is on, with refresh, at `rate`. None: within `read` and `write`.
        clocked: the background grows with the rate of the pins; `background_from`: how it was found.
        interface: which ends of the interface are in the energy: `both`, `device` or `none`.
    """

    rate: float
    rates: tuple[float, float]
    pins: int
    device_pins: int
    capacity: float
    read: Fraction
    write: Fraction
    row: int | None
    activate: Fraction | None
    background: Fraction | None
    clocked: bool
    uncertainty: float
    background_from: str
    interface: str
    source: str


@cache
def kinds() -> Mapping[str, Kind]:
    """The table, by name of the kind."""
    text = (files("assay") / "data" / "components" / "dram.csv").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return {row["kind"]: _kind(row) for row in csv.DictReader(lines)}


def _kind(row: Mapping[str, str]) -> Kind:
    wires = [Fraction(row[key] or 0) for key in ("wires_read", "wires_write")]
    return Kind(
        rate=float(Fraction(row["rate"]) * _GIGA),
        rates=(float(Fraction(row["least"]) * _GIGA), float(Fraction(row["most"]) * _GIGA)),
        pins=int(row["pins"]),
        device_pins=int(row["device_pins"]),
        capacity=float(row["capacity"]) * _GIB,
        read=(Fraction(row["read"]) + wires[0]) * _PICO,
        write=(Fraction(row["write"]) + wires[1]) * _PICO,
        row=int(row["row"]) if row["row"] else None,
        activate=Fraction(row["activate"]) * _PICO if row["activate"] else None,
        background=Fraction(row["background"]) * _MILLI if row["background"] else None,
        clocked=row["clocked"] == "yes",
        uncertainty=float(row["uncertainty"]),
        background_from=row["background_from"],
        interface=row["interface"],
        source=row["source"],
    )


@dataclass(frozen=True, kw_only=True)
class Dram(Estimator):
    """DRAM chips or stacks of HBM, with their interface as far as it is known.

    Actions: `read`, `write`: `width` bits of random data, in joules, as part of longer runs (an access shorter than a
    burst really costs the burst). For each bit

        E = device + drivers and termination + activate / (locality row)

    Leakage is the background: what the devices draw that are on, with refresh, whether or not they are accessed; its
    devices are those of `channels`, or more where `capacity` needs them. Where only the average of a device at full use
    is published (GDDR), it is within the energies, and leakage is not known. `cycle` is the time that an access takes
    on the data pins of all channels; HBM counts a stack as one channel. Controller and PHY of the processor are in no
    figure; drivers and termination are, of both ends, of that of the DRAM, or of none: the first note says which, in
    the same words for all kinds, and kinds where an end is missing state a wider uncertainty. The area is not that of
    the processor's chip and is left out.

    Model, source and validity: data/components/dram.csv; each kind has a source of its own. Uncertainty, by kind: that
    of HBM2 and HBM3E covers other published figures (O'Connor et al., MICRO 2017: 3.48 pJ per bit and rows; Jouppi et
    al., ISCA 2021: 3.9 to 7.0; an H200: 5.8); that of DDR3 and DDR4 the spread between makers; others are judged, wider
    where shares of the data sheet were assumed or an end of the interface is missing. The background is less sure than
    the energy: within a factor of two. Published figures of whole systems may be well above these: they have short runs
    in them (a row of DDR4 opened for one burst of 64 bytes costs 6.4 pJ a bit: `locality` 0.0078), the background, and
    the processor's controller.
    """

    component = "dram"
    actions = ("read", "write")
    source = "data sheets and measurements, by kind"
    uncertainty = 0.5
    needs_technology = False

    kind: str = attribute("kind of DRAM; LPDDR5 has the figures of LPDDR5X", choices=KINDS)
    width: int = attribute("bits of an access", unit=SIZE, minimum=1, valid=(8, 8192))
    rate: float | None = attribute("bits per second of one data pin", unit=RATE, default=None, above=0)
    channels: int = attribute("channels side by side; stacks of HBM", default=1, minimum=1, maximum=4096, valid=(1, 64))
    capacity: int | None = attribute(
        "bits in all; None: the least of these channels", unit=SIZE, default=None, minimum=1
    )
    locality: float | None = attribute(
        "share of an opened row that is used", default=None, above=0, maximum=1, valid=(0.05, 1)
    )

    def cost(self) -> Cost:
        known = kinds()[self.kind]
        rate = known.rate if self.rate is None else self.rate
        rows = self._rows(known)
        return Cost(
            {"read": float(self.width * (known.read + rows)), "write": float(self.width * (known.write + rows))},
            leakage=self._background(known, rate),
            cycle=self.width / (rate * known.pins * self.channels),
            notes=self._notes(known, rate),
            extrapolated=self._beyond(known, rate),
            source=known.source,
            uncertainty=known.uncertainty,
        )

    def _rows(self, known: Kind) -> Fraction:
        """Joules per bit to open and close rows, where they are not in the energy per bit already."""
        if known.activate is None or known.row is None:
            if self.locality is not None:
                raise Declined(f"knows {self.kind} only on the average: not by the share of a row that is used")
            return Fraction(0)
        return known.activate / (known.row * Fraction(USED if self.locality is None else self.locality))

    def devices(self, known: Kind) -> int:
        """Chips, or stacks of HBM."""
        rank = self.channels * known.pins // known.device_pins
        return rank if self.capacity is None else max(rank, math.ceil(self.capacity / known.capacity))

    def _background(self, known: Kind, rate: float) -> float | None:
        if known.background is None:
            return None
        share = Fraction(rate) / Fraction(known.rate) if known.clocked else 1
        return float(self.devices(known) * known.background * share)

    def _notes(self, known: Kind, rate: float) -> tuple[str, ...]:
        bandwidth = rate * known.pins * self.channels / 8e9
        within = "rows are in it, background is not" if known.activate is not None else "rows and background are in it"
        notes = [
            f"energy of {ENDS[known.interface]}; {within}",
            f"peak {bandwidth:.4g} GB/s at {rate / 1e9:.4g} Gb/s a pin",
        ]
        if known.activate is not None and self.locality is None:
            notes.append(f"{percent(USED)} of every opened row is used (assumed)")
        if known.background is None:
            notes.append("background power is within the energy of an access, as at full use; leakage is not known")
        else:
            devices, noun = self.devices(known), "stack" if self.kind.startswith("HBM") else "device"
            number = f"{devices} {noun}" if devices == 1 else f"{devices} {noun}s"
            notes.append(f"leakage: background with refresh of {number}: {known.background_from}")
        return (*notes, "the processor's controller and PHY are in no figure; area: not on the chip of the processor")

    def _beyond(self, known: Kind, rate: float) -> tuple[str, ...]:
        low, high = known.rates
        if low <= rate <= high:
            return ()
        return (f"rate {rate / 1e9:.4g} Gb/s: {self.kind} is made for {low / 1e9:g} to {high / 1e9:g} Gb/s",)
