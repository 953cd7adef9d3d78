"""Links between chips and chiplets: energy per bit, bandwidth of a lane and area, each with a source of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType

from assay.components.estimate import Cost
from assay.components.estimator import Estimator, attribute
from assay.errors import InputError
from assay.reading.suggestions import hint
from assay.reading.units import RATE, SIZE


@dataclass(frozen=True, slots=True)
class Link:
    """What is published of one kind of link.

    Attributes:
        energy: joules per bit of data, transmitter and receiver, at full use.
        rate: bits of data per second and lane in one direction; None: not known.
        area: m2 of one lane at one end; None: not known.
        node: where that was; `any`: for all nodes; empty: not said.
    """

    energy: float
    rate: float | None
    uncertainty: float
    node: str
    source: str
    area: float | None = None


_PCIE = 128 / 130
"""Bits of data per bit on the lane, PCIe 3 to 5."""

LINKS: Mapping[str, Link] = MappingProxyType(
    {
        # 10.4 W for 4 links of 6.4 GB/s: 10.4 / (4 x 51.2e9) = 50.8 pJ per bit. 16 lanes of 3.2 Gb/s (1.6 GHz, both
        # edges) make 6.4 GB/s; 22.88 mm2 / (4 x 16 lanes). Half of the energy if that is in each direction.
        "hypertransport": Link(50.8e-12, 3.2e9, 0.6, "32 nm", "ISAAC, ISCA 2016, Table I", 22.88e-6 / 64),
        # Full SerDes, as the makers of the blocks say: 4.0 and 6.0 on Samsung 7LPP/5LPE; 7.6 without and 11.4 with
        # clocking (8LPP; 10 nm): their mean, read at second hand. A transmitter of PCIe 4 alone was measured at 1.93 in
        # 28 nm (W. Bae et al., Electronics 10(1):68, 2021).
        "pcie3": Link(4.0e-12, 8e9 * _PCIE, 0.5, "7 nm", "Analog Bits, SerDes 1 to 8 Gb/s (SemiWiki)"),
        "pcie4": Link(6.0e-12, 16e9 * _PCIE, 0.5, "7 nm", "Analog Bits, SerDes 1 to 16 Gb/s (SemiWiki)"),
        "pcie5": Link(
            9.3e-12, 32e9 * _PCIE, 0.5, "8 to 10 nm", "SerDes of 7.6 (SemiWiki) and 11.4 pJ/b (IEEE 9075947)"
        ),
        "nvlink-c2c": Link(1.3e-12, 40e9, 0.3, "", "NVIDIA, Grace Hopper, 2022; lane: Wei et al., ISSCC 2023, 9.3"),
        # Abstract of Turner et al.: over a printed circuit board; Simba (VLSI 2019) 0.82 to 1.75 at 11 to 25 Gb/s.
        "grs": Link(1.17e-12, 25e9, 0.4, "16 nm", "Turner et al., CICC 2018: ground-referenced, circuit board"),
        "grs-package": Link(0.54e-12, 20e9, 0.3, "28 nm", "Poulton et al., JSSC 2013: 4.5 mm of organic substrate"),
        # What the standard aims at up to 16 Gb/s a lane; 0.6 and 0.3 beyond, see FASTER.
        "ucie-standard": Link(0.5e-12, 16e9, 0.5, "any", "UCIe consortium: target, 2D package"),
        "ucie-advanced": Link(0.25e-12, 16e9, 0.5, "any", "UCIe consortium: target, 2.5D package"),
        "ucie-3d": Link(0.05e-12, None, 0.8, "any", "UCIe consortium: target 0.05 to 0.01 pJ/b, hybrid bonding"),
        "infinity-fabric": Link(2e-12, None, 0.4, "", "AMD, Zeppelin: on package, 2 pJ/b (WikiChip)"),
        # 0.10 to 0.46 pJ per bit with adapter, 4 Gb/s a pin: geometric mean.
        "aib": Link(0.21e-12, 4e9, 0.6, "22 nm", "Arvon: AIB 2.0, measured 0.10 to 0.46 pJ/b"),
        "emib": Link(0.25e-12, None, 0.6, "", "Intel, ECTC 2025: about 0.25 pJ/b"),
        "serdes-xsr": Link(1.1e-12, 113e9, 0.3, "5 nm", "Gangasani et al., SSC-L 2025: 1 to 12 dB", 0.22e-6),
        # 1.4 pJ per bit over 2 cm, 1.9 over 51 cm of board: mean.
        "serdes-board": Link(1.65e-12, 12e9, 0.4, "32 nm SOI", "IBM: 16 x 12 Gb/s, 1.4 to 1.9 pJ/b over 2 to 51 cm"),
        "serdes-long": Link(5.6e-12, 112e9, 0.4, "5 nm", "VLSI 2022 (9830304): 112 Gb/s PAM4 with DSP, as quoted"),
    }
)

FASTER = MappingProxyType({"ucie-standard": 0.6e-12, "ucie-advanced": 0.3e-12})
"""Joules per bit above 16 Gb/s a lane: Das Sharma, Hot Interconnects 2025."""

REFUSED: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "nvlink": ("no energy of NVLink between boards is published", "nvlink-c2c is known"),
        "tsv": ("no energy per bit of a through-silicon via was found", "ucie-3d is what UCIe aims at"),
        "pcie6": ("no energy of PCIe 6 was found", "serdes-long is of its rate"),
        "ucie": ("UCIe is several links", "ucie-standard, ucie-advanced or ucie-3d, by the package"),
        "pcie": ("PCIe is several links", "pcie3, pcie4 or pcie5"),
        "serdes": ("a SerDes is made for a distance", "serdes-xsr, serdes-board or serdes-long"),
    }
)
"""Why there is no link of that name, and what to take. Those of which no energy was found are not guessed."""


@dataclass(frozen=True, kw_only=True)
class ChipLink(Estimator):
    """A link to another chip or chiplet: HyperTransport, PCIe, NVLink-C2C, GRS, UCIe, AIB, SerDes and others.

    Actions: `transfer`: `width` bits of data in one direction, in joules, transmitter and receiver.

        E = width energy per bit;    cycle = width / (lanes rate)

    The energy per bit is power over bandwidth at full use: a link that waits goes on to draw most of it (clocks, bias),
    which is not published and not in `leakage`. Area is that of one end, where it is known.

    Sources: one for each kind. Figures are those of the node they were published for, which notes say; they are not
    scaled, as links change less with the node than gates. Uncertainty: judged for each kind; wide for what makers of
    blocks claim and for what a standard aims at, narrow for what was measured.
    """

    component = "link"
    actions = ("transfer",)
    source = "papers and makers, by kind"
    uncertainty = 0.5
    needs_technology = False

    kind: str = attribute(f"kind of link: {', '.join(LINKS)}")
    width: int = attribute("bits of data of a transfer", unit=SIZE, minimum=1)
    lanes: int = attribute("lanes in the direction of the transfer", default=1, minimum=1)
    rate: float | None = attribute("bits of data per second and lane", unit=RATE, default=None, above=0)

    def cost(self) -> Cost:
        name = _named(self.kind)
        known = LINKS[name]
        rate = known.rate if self.rate is None else self.rate
        fast = rate is not None and rate > 16e9
        energy = FASTER[name] if fast and name in FASTER else known.energy
        return Cost(
            {"transfer": float(self.width * Fraction(repr(energy)))},
            area=None if known.area is None else known.area * self.lanes,
            cycle=None if rate is None else self.width / (rate * self.lanes),
            notes=self._notes(known, rate),
            extrapolated=self._beyond(rate, 32e9 if name in FASTER else known.rate),
            source=known.source,
            uncertainty=known.uncertainty,
        )

    def _notes(self, known: Link, rate: float | None) -> tuple[str, ...]:
        bandwidth = "" if rate is None else f"; {rate * self.lanes / 8e9:.4g} GB/s in one direction"
        where = {"any": "", "": " at a node that is not said"}.get(known.node, f" at {known.node}, not scaled")
        notes = [f"energy per bit as published{where}{bandwidth}", "its power while it waits is not known"]
        if known.area is None:
            notes.append("area is not known")
        return tuple(notes)

    @staticmethod
    def _beyond(rate: float | None, most: float | None) -> tuple[str, ...]:
        if rate is None or most is None or rate <= most:
            return ()
        return (f"rate {rate / 1e9:.4g} Gb/s is above the {most / 1e9:.4g} Gb/s that the figure is of",)


def _named(kind: str) -> str:
    """The name of a link, however it is spelt in capitals, hyphens and spaces.

    Raises:
        InputError: there is none of that name; where it is a known link, it says why.
    """
    name = "-".join(kind.lower().replace("_", "-").split())
    if name in LINKS:
        return name
    if (joined := name.replace("-", "")) in REFUSED:
        reason, instead = REFUSED[joined]
        raise InputError(f"kind: there is no link '{kind[:40]}': {reason}", hint=instead)
    raise InputError(f"kind: unknown '{kind[:40]}'", hint=hint(name, LINKS))
