"""Embedded DRAM: dense memory on the chip whose cells have to be refreshed."""

from __future__ import annotations

import math
from dataclasses import dataclass

from assay.components.estimate import Cost
from assay.components.estimator import Estimator, attribute
from assay.components.logic import cycle_note, cycle_of
from assay.components.technology import Technology, scaling
from assay.errors import InputError
from assay.reading.units import SIZE

COARSEST, FINEST = 90.0, 32.0
"""nm: the nodes that CACTI knows cells of embedded DRAM for."""

# Powers of (size/64 KiB, width/256, banks, nm/32), least squares of the logarithms of two of three rows of
# data/components/edram_cacti.csv (CACTI 7.0). Of the other third, nine of ten lie within a factor of 1.54 (energy),
# 1.38 (area) and 1.56 (cycle).
_ENERGY = (18.18e-12, 0.465, 0.830, 0.058, 1.649)  # J
_AREA = (0.0685e-6, 0.933, 0.246, 0.118, 1.572)  # m2
_CYCLE = (0.935e-9, 0.103, 0.265, 0.033, 1.414)  # s

KEEP_ALIVE = 42e-3 / (1024 * 16 * 146)
"""W per bit of refresh and leakage at 65 nm and 1.0 V: IBM's macro of 1024 x 16 words of 146 bits (ISSCC 2007)."""


@dataclass(frozen=True, kw_only=True)
class EmbeddedDRAM(Estimator):
    """Embedded DRAM with a deep-trench or stacked capacitor in each cell.

    Actions:
        read: one word of `width` bits at a random address (J per access of all its bits). Reading destroys what the
            cells of the row hold; writing it back is part of it.
        write: one word; taken to need what a read does (assumed: both move the columns of one row).

    Leakage is what keeps the contents: refresh and leakage, 18 nW per bit at 65 nm (IBM), scaled as leakage is.

    Model: power laws in size, width, banks and node, fitted to runs of CACTI 7.0 from 90 to 32 nm, from 16 KiB to 4 MiB
    and from 32 to 1024 bits; from there scaled as logic is. No cycle in low-power processes: delays do not carry over.

    Uncertainty: a factor of two, from figures that were not used. ISAAC's 64 KiB with 2 banks and 256 bits at 32 nm
    (Table I, by CACTI 6.5: 20.7 mW and 0.083 mm2; here 19 pJ, thus 23 mW at an access in each cycle of 1.2 GHz, 3 mW of
    refresh, and 0.074 mm2). IBM's 2 Mb macro at 65 nm (ISSCC 2007, measured: 76 mW at a cycle of 2.0 ns, 152 pJ; here
    59 pJ and 2.9 ns). DaDianNao's 36 MB at 32 nm (33 mm2; here 68 mm2 as 72 banks of 512 KiB and 4096 bits each).
    """

    component = "edram"
    actions = ("read", "write")
    source = "fit to runs of CACTI 7.0 (lp-dram); refresh: IBM, ISSCC 2007"
    uncertainty = 1.0

    size: int | None = attribute("capacity", unit=SIZE, default=None, minimum=1, valid=(2**17, 2**25))
    depth: int | None = attribute("words, instead of the size", default=None, minimum=1)
    width: int = attribute("bits of a word", unit=SIZE, default=256, minimum=1, maximum=2**20, valid=(32, 1024))
    banks: int = attribute("banks that share its ports", default=1, minimum=1, maximum=4096, valid=(1, 4))

    def cost(self) -> Cost:
        bits = self.bits()
        nm = min(max(self.technology.nm, FINEST), COARSEST)
        known = Technology.of(nm)
        there = self.scaled_from(known)
        kept = scaling(Technology.of(65, 1.0), self.technology)
        access = self._law(_ENERGY, bits, nm) * there.energy
        extrapolated: tuple[str, ...] = ()
        if not FINEST <= self.technology.nm <= COARSEST:
            extrapolated = (f"{self.technology.nm:g} nm is not between {FINEST:g} and {COARSEST:g} nm",)
        return Cost(
            {"read": access, "write": access},
            area=self._law(_AREA, bits, nm) * there.area,
            leakage=KEEP_ALIVE * bits * kept.leakage,
            cycle=cycle_of(self._law(_CYCLE, bits, nm) * there.delay, self.technology),
            notes=(there.text, "leakage with refresh", kept.text, cycle_note(self.technology)),
            extrapolated=extrapolated,
        )

    def bits(self) -> int:
        """Capacity in bits, from the size or from depth and width.

        Raises:
            InputError: neither is given, or they contradict each other, or words do not fit.
        """
        if self.size is None and self.depth is None:
            raise InputError("edram needs its size, or its depth", hint="size: 64 KiB, or depth: 2048")
        bits = self.size if self.size is not None else (self.depth or 0) * self.width
        if self.depth is not None and bits != self.depth * self.width:
            raise InputError(f"{self.depth} words of {self.width} bits are {self.depth * self.width}, not {bits} bits")
        if bits < self.width * self.banks:
            raise InputError(f"{bits} bits in {self.banks} banks do not hold a word of {self.width} bits each")
        return bits

    def _law(self, law: tuple[float, float, float, float, float], bits: int, nm: float) -> float:
        at, size, width, banks, node = law
        shape = math.pow(bits / 2**19, size) * math.pow(self.width / 256, width) * math.pow(self.banks, banks)
        return at * shape * math.pow(nm / 32, node)
