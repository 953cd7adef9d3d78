"""Multiply-accumulate units whose precision can be lowered at run time: what a product then costs.

Families, after V. Camus, L. Mei, C. Enz, M. Verhelst, IEEE JETCAS 9(4), 2019, and the products of w x w bits that one
unit makes in a cycle when its operands have w / a and w / b bits (a, b: 1, 2 or 4):

    data_gated    a conventional unit with unused bits held at 0                                       1
    subword_sa    subword-parallel, sums apart (DVAFS)                        the less of a and b:     1, 2, 4
    subword_st    subword-parallel, products summed together (Sum-Together)   the less of a and b:     1, 2, 4
    divide_sa     divide and conquer in two dimensions, sums apart            a b                      1 to 16
    divide_st     divide and conquer, summed together (BitFusion)             a b                      1 to 16
    serial_1d     weights bit by bit (UNPU)                                   1 / bits of the weight
    serial_2d     both by two bits, 16 lanes that share an accumulator (LOOM) a b                      1 to 16

The names in brackets are those by which the authors know the families; as estimates they are of the family, not of the
chip of that name. DNPU, which divides in one dimension, is not modelled: it is not among the figures below.

Energy and area of the scalable families relative to each other, and how they change with precision, are those of E. M.
Ibrahim, L. Mei, M. Verhelst (arXiv:2108.04773, data of the authors at github.com/KULeuven-MICAS/PSMA-benchmark), who
synthesised arrays of 256 units of 8 x 8 bits in 28 nm; used are those with accumulators in each unit, at 200 MHz. What
they published at 1 GHz was not used, and is predicted: relative to subword_st at 8 x 8 bits within 5 % for the
subword and divide families at every precision; serial_2d 22 to 41 % too high (it gains where time presses).

Modelled, not calibrated:
    * how all that compares with a conventional unit: subword_st at full precision is assumed to take 1.5 times its
      energy and its area. Neither publication gives figures of a conventional unit that could be had.
    * the level: that of `mac` and `register` here. The units of the 28 nm arrays take 3.8 times as much energy (at 0.9
      V, assumed) and 2.3 times as much area.
    * data_gated: the multiplier goes with the product of the widths in use; adder and register work in full.
    * serial_1d: an addition and a write to the register of the sum for every bit.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from assay.components.arithmetic import ALADDIN, HOROWITZ, adding, leakage, leakage_note, multiplying, noted
from assay.components.estimate import Cost
from assay.components.estimator import Estimator, attribute
from assay.components.formats import integer
from assay.components.logic import (
    FLIP_FLOP_AREA,
    FLIP_FLOP_CLOCK,
    FLIP_FLOP_DATA,
    FLIP_FLOP_LEAKAGE,
    NAND2_AREA,
    switching,
)
from assay.components.technology import scaling
from assay.errors import InputError
from assay.reading.units import SIZE


@dataclass(frozen=True, slots=True)
class Family:
    """An array of 256 units in 28 nm at 200 MHz (arXiv:2108.04773): cell area, and power by precision of 8 bits.

    Attributes:
        area: um2.
        power: mW, by what 8 bits are divided by for one operand and the other, the larger first.
        subword: only both operands together can be narrower.
    """

    area: float
    power: Mapping[tuple[int, int], float]
    subword: bool


_FAMILIES: Mapping[str, Family] = MappingProxyType(
    {
        # BG_L2_L4_00_L3_00_L2_00_DVAFS_1, ..._L2_11_DVAFS_1, ..._L2_00_DVAFS_0, ..._L2_11_DVAFS_0, LOOM; results/5.00
        "subword_sa": Family(173095, {(1, 1): 65.452, (2, 2): 46.424, (4, 4): 37.472}, True),
        "subword_st": Family(170547, {(1, 1): 72.165, (2, 2): 49.564, (4, 4): 34.154}, True),
        "divide_sa": Family(
            462203, {(1, 1): 117.664, (2, 1): 130.441, (4, 1): 138.108, (2, 2): 124.303, (4, 4): 144.211}, False
        ),
        "divide_st": Family(
            234224, {(1, 1): 91.500, (2, 1): 83.979, (4, 1): 84.630, (2, 2): 81.973, (4, 4): 72.548}, False
        ),
        "serial_2d": Family(
            233400, {(1, 1): 50.792, (2, 1): 57.200, (4, 1): 67.889, (2, 2): 60.980, (4, 4): 73.350}, False
        ),
    }
)
_REFERENCE = _FAMILIES["subword_st"]
_OVERHEAD = 1.5
"""Energy and area of subword_st at full precision in those of a conventional unit: assumed."""
_MODELLED = ("data_gated", "serial_1d")

_ABOUT: Mapping[str, str] = MappingProxyType(
    {
        "subword_sa": "subword-parallel, sums apart: DVAFS",
        "subword_st": "subword-parallel, products of subwords summed together",
        "divide_sa": "small multipliers combined in two dimensions, sums apart (not DNPU: that is in one)",
        "divide_st": "small multipliers combined in two dimensions, products summed together: BitFusion",
        "serial_2d": "both operands by a few bits a cycle: LOOM",
        "data_gated": "a conventional unit, unused bits held at 0",
        "serial_1d": "the weight bit by bit: UNPU",
    }
)
"""What a family is, and the design by whose name it is known."""
_KNOWN_AS: Mapping[str, str] = MappingProxyType(
    {"dvafs": "subword_sa", "bitfusion": "divide_st", "unpu": "serial_1d", "loom": "serial_2d"}
)
"""Families by the names that V. Camus et al. give them (README of benchmarking-precision-scalable-mac-units)."""
_FAMILY = "how precision is scaled: " + "; ".join(f"{name}: {text}" for name, text in _ABOUT.items())


@dataclass(frozen=True, kw_only=True)
class ScalableMAC(Estimator):
    """A multiply-accumulate unit of whole numbers with run-time precision, with the register of its sum.

    Actions:
        compute: one product added to the sum, at the precision of `weight_bits` and `input_bits`, in J. Precisions
            between those that the unit has run at the next higher one. How many of them there are in a cycle stands in
            the notes, and in `per_cycle`.
        idle: a cycle of the clock of the sum's register without work, of the whole unit. So it may be above `compute`,
            of which a cycle has up to 16.
        gated: a cycle with the clock off: nothing switches.

    Model, source and validity: at the top of this module; other widths than 8 bits are extrapolated.
    Cycle: the units of 28 nm have run at 1 GHz; their limit is not known.
    Uncertainty: judged. Relative to each other families are known to about 30 %; the level is low against the 28 nm
    arrays by a factor of 3.8, and that of `mac` is right for the 16-bit unit of Eyeriss.
    """

    component = "scalable_mac"
    actions = ("compute", "idle", "gated")
    source = "arXiv:2108.04773 (28 nm) for families and precisions; level: Horowitz (ISSCC 2014); overhead assumed"
    uncertainty = 0.8

    family: str = attribute(_FAMILY, choices=(*_FAMILIES, *_MODELLED, *_KNOWN_AS))
    width: int = attribute(
        "bits of both operands at full precision", unit=SIZE, default=8, minimum=4, valid=(8, 8), maximum=64
    )
    weight_bits: int = attribute("bits of the weight in use; 0: width", unit=SIZE, default=0, minimum=0, maximum=64)
    input_bits: int = attribute("bits of the input in use; 0: width", unit=SIZE, default=0, minimum=0, maximum=64)
    accumulator: int = attribute(
        "bits of the sum; 0: 2 width + 4, for 16 products of full size", unit=SIZE, default=0, minimum=0, maximum=256
    )

    @property
    def per_cycle(self) -> float:
        """Products in a cycle at the precision in use."""
        kind = self._kind
        if kind == "serial_1d":
            return 1 / self._bits[0]
        if kind == "data_gated":
            return 1.0
        larger, smaller = self._divisors
        return smaller if _FAMILIES[kind].subword else larger * smaller

    def cost(self) -> Cost:
        compute, area, flip_flops = self._family()
        there, slow = self.scaled_from(HOROWITZ), self.scaled_from(ALADDIN)
        leaks = leakage(area, self.technology)
        if leaks is not None:
            leaks += flip_flops * FLIP_FLOP_LEAKAGE * slow.leakage
        return Cost(
            {"compute": compute * slow.energy, "idle": flip_flops * FLIP_FLOP_CLOCK * slow.energy, "gated": 0.0},
            area=area * there.area + flip_flops * FLIP_FLOP_AREA * slow.area,
            leakage=leaks,
            notes=noted(
                _ABOUT[self._kind]
                + ("" if self._kind == self.family else f"; the family ({self._kind}), not that chip"),
                f"{_times(self.per_cycle)} a cycle; compute is the energy of one product, idle that of one cycle",
                "modelled, not calibrated"
                if self._kind in _MODELLED
                else "level and overhead modelled, not calibrated",
                there.text,
                leakage_note(self.technology),
                "cycle: not known; published units of 8 bits run at 1 GHz in 28 nm",
            ),
        )

    @property
    def _kind(self) -> str:
        return _KNOWN_AS.get(self.family, self.family)

    @property
    def _bits(self) -> tuple[int, int]:
        weight, other = self.weight_bits or self.width, self.input_bits or self.width
        if max(weight, other) > self.width:
            raise InputError(f"operands of {weight} and {other} bits do not fit a unit of {self.width} bits")
        return weight, other

    @property
    def _divisors(self) -> tuple[int, int]:
        """What the width is divided by for both operands, the larger first."""
        a, b = sorted((_divisor(self.width, bits) for bits in self._bits), reverse=True)
        return a, b

    @property
    def _sum_bits(self) -> int:
        return self.accumulator or 2 * self.width + 4

    def _family(self) -> tuple[float, float, float]:
        """J of a product at 40 nm, m2 of gates at 45 nm, and bits of flip-flops; at 0.9 V."""
        product, total = multiplying(integer(self.width), integer(self.width)), adding(integer(self._sum_bits))
        register = self._sum_bits * (FLIP_FLOP_CLOCK + FLIP_FLOP_DATA)
        weight, other = self._bits
        if self._kind == "serial_1d":
            energy = weight * (switching(self.width) + total.energy * _TO_40 + register)
            return energy, self.width * NAND2_AREA + total.area, self._sum_bits
        whole = product.energy * _TO_40 + total.energy * _TO_40 + register
        if self._kind == "data_gated":
            used = weight * other / self.width**2
            return whole - (1 - used) * product.energy * _TO_40, product.area + total.area, self._sum_bits
        family = _FAMILIES[self._kind]
        share = _power(family, *self._divisors) / _REFERENCE.power[1, 1] / self.per_cycle
        larger = family.area / _REFERENCE.area * _OVERHEAD
        return whole * _OVERHEAD * share, (product.area + total.area) * larger, self._sum_bits * larger


def _power(family: Family, larger: int, smaller: int) -> float:
    """mW of the array at a precision."""
    if family.subword:
        larger = smaller
    if (larger, smaller) in family.power:
        return family.power[larger, smaller]
    # 4 x 2 bits were not published: between 4 x 4 and 2 x 2
    return math.sqrt(family.power[smaller, smaller] * family.power[larger, larger])


def _divisor(width: int, bits: int) -> int:
    return next(each for each in (4, 2, 1) if bits * each <= width)


def _times(per_cycle: float) -> str:
    """Products in a cycle, in words."""
    return f"{per_cycle:g} product{'' if per_cycle == 1 else 's'}" if per_cycle >= 1 else f"1/{1 / per_cycle:g} product"


_TO_40 = scaling(HOROWITZ, ALADDIN).energy
