"""Adders, multipliers and multiply-accumulate units of any number format, fitted to M. Horowitz, ISSCC 2014.

All fits are at 45 nm and 0.9 V. Rows marked `fit` set a constant; the others are predicted by it:

    energy (pJ)        8b add   16b add   32b add   8b mult   32b mult   fp16 add   fp32 add   fp16 mult   fp32 mult
    published          0.030    0.050     0.100     0.200     3.10       0.40       0.90       1.10        3.70
    here               fit      0.053     fit       fit       fit        0.42       fit        1.06        fit
    area (um2) publ.   36       67        137       282       3495       1360       4184       1640        7700
    here               fit      69.7      fit       fit       fit        1458       fit        1633        fit

The predictions, all of 16 bits, are off by -4 % to +7 %. Those of int16 are true ones. Those of fp16 are less: their
rows set no constant, but they decided between forms of equal plausibility (m, m log2 m or m2 of m bits of significand;
with others they were off by -19 % to +41 %). Both multipliers of whole numbers are fitted; the w2 term alone, from 32
bits, predicts the energy of 8 bits to -3 % and the area to -23 %.

Independent figures:
    * Eyeriss (JSSC 2017, 65 nm LP, 1.0 V, measured): 1.46 pJ for a multiplication and addition of 16 bits (8.9 % of
      332 mW over 20.9 ms for 421.66 M of them). Here: 1.59 pJ, +9 %.
    * Aladdin (commercial 40 nm, synthesis): 32-bit adders are 0.086 pJ where time is ample (here 0.086 pJ) and 0.21 pJ
      in 1 ns; 32-bit multipliers are 8.6 pJ where time is ample (here 2.7 pJ) and 12.7 pJ in 1 ns: 3.2 and 4.7 times as
      much as here. A multiplier that is synthesised for speed may well cost this much. Tools that take the rows of 1 ns
      and scale them with the width (squared) are 2.0 to 2.4 times higher than here for adders of 8 to 32 bits, 4.6 to
      4.7 times for multipliers; with them, Eyeriss' 16 bits would take 4.7 pJ.

Cycle times: in Aladdin's table (Y. Shao et al., ISCA 2014; its 0.9 V is assumed) a 32-bit adder takes 1.75 ns where
time did not press it and 0.47 ns where it did, at 2.1 times the area; a 32-bit multiplier 4.17 and 0.98 ns. No figure
was found of how that goes with the width. So whole numbers of up to 32 bits have the shorter time of 32 bits: narrower
units are faster, and units as small and frugal as the ones here are slower. A MAC is taken to be pipelined, so that its
multiplier decides. Floating point and low-power processes have none.

Leakage is from the same table: 7 to 13 nW per um2 of 40 nm in its adders, multipliers and floating-point units; 10 is
used. So much is the leakage of high-performance transistors (inferred: the table does not name its process). That of
low-power processes is lower by orders of magnitude, and not known.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from assay.components.estimate import Cost
from assay.components.estimator import Declined, Estimator, attribute
from assay.components.formats import FORMATS, Format, Kind, accumulator_of, integer, parse_format
from assay.components.technology import Flavour, Technology, scaling
from assay.errors import InputError
from assay.reading.figures import percent

__all__ = [
    "ALADDIN",
    "HOROWITZ",
    "MAC",
    "Adder",
    "Block",
    "Multiplier",
    "adding",
    "leakage",
    "leakage_note",
    "multiplying",
    "noted",
    "with_parts",
]

HOROWITZ = Technology.of(45, 0.9)
"""Of the figures of M. Horowitz, "Computing's energy problem", ISSCC 2014."""
ALADDIN = Technology.of(40, 0.9)
"""Of the figures of Aladdin (Y. Shao et al., ISCA 2014): a commercial 40 nm process; its nominal 0.9 V is assumed."""

_PJ, _UM2 = 1e-12, 1e-12

_ADD_ENERGY = (0.07 / 24 * _PJ, 0.02 / 3 * _PJ)
"""J per bit, and once: the line through 8b Add 0.03 pJ and 32b Add 0.1 pJ."""
_ADD_AREA = (101 / 24 * _UM2, 7 / 3 * _UM2)
"""m2 per bit, and once: the line through 36 um2 at 8 bits and 137 um2 at 32 bits."""
_MULTIPLY_ENERGY = (2.3 / 768 * _PJ, 0.2 / 192 * _PJ)
"""J per bit x bit, and per bit: through 8b Mult 0.2 pJ and 32b Mult 3.1 pJ."""
_MULTIPLY_AREA = (2367 / 768 * _UM2, 2037 / 192 * _UM2)
"""m2 per bit x bit, and per bit: through 282 um2 at 8 bits and 3495 um2 at 32 bits."""

_ALIGN_ENERGY = 0.03625 * _PJ
"""J per bit of the significand for aligning, adding and normalising: 32b FP Add 0.9 pJ less the 8-bit exponents."""
_ALIGN_AREA = (4184 - 36) / (24 * math.log2(24)) * _UM2
"""m2 per m log2(m) of m bits of significand, as shifters have: 32b FP Add 4184 um2 less the exponents."""
_ROUND_ENERGY = (3.7 - (2.3 * 576 / 768 + 0.2 * 24 / 192) - 0.03) / (24 * math.log2(24)) * _PJ
"""J per m log2(m), for normalising and rounding: 32b FP Mult 3.7 pJ less a multiplier of 24 bits and the exponents."""
_FLOAT_MULTIPLY_AREA = (7700 - 36) / 576 * _UM2
"""m2 per bit x bit of the significand: 32b FP Mult 7700 um2 less the exponents."""

_LEAKAGE = 10e-9 / _UM2
"""W per m2 of logic at 40 nm: see above."""

_HELD = "gated, idle: inputs are held, so nothing switches; leakage and registers are apart"
_REPEATED = 2 / 3
"""Share of the switching in a multiplier with one operand unchanged. Derived, not measured: a partial product of two
new random bits changes with probability 2 x 1/4 x 3/4 = 3/8; with one bit held, with 1/2 x 1/2 = 1/4. Glitches are
left out."""

_ADDER_DELAY, _MULTIPLIER_DELAY = 0.47e-9, 0.98e-9
"""Seconds of 32 bits at 40 nm, synthesised for speed: Aladdin."""
_CYCLE = "cycle: that of 32 bits synthesised for speed (Aladdin, 40 nm); without that up to 4 times as long"
_NO_CYCLE = "cycle: not known for floating point, beyond 32 bits, and in low-power processes"

_SOURCE = "M. Horowitz, ISSCC 2014, energy and area at 45 nm, 0.9 V; leakage: Aladdin (ISCA 2014), 40 nm"
_OPERANDS = f"format of the operands: {FORMATS}"
_OTHER = "format of the second operand, where it differs: whole numbers only"


@dataclass(frozen=True, slots=True)
class Block:
    """Logic at 45 nm and 0.9 V: J of one action on random data, and m2."""

    energy: float
    area: float


def adding(operand: Format) -> Block:
    """An adder of two numbers of the format."""
    if operand.kind is Kind.INT:
        return Block(_line(_ADD_ENERGY, operand.width), _line(_ADD_AREA, operand.width))
    m = operand.significand
    energy = _ALIGN_ENERGY * m + _line(_ADD_ENERGY, operand.exponent)
    area = _ALIGN_AREA * m * math.log2(m) + _line(_ADD_AREA, operand.exponent)
    return Block(energy, area)


def multiplying(left: Format, right: Format) -> Block:
    """A multiplier of two numbers, without the exponents that blocks share."""
    a, b = left.significand, right.significand
    energy = _MULTIPLY_ENERGY[0] * a * b + _MULTIPLY_ENERGY[1] * (a + b) / 2
    if left.kind is Kind.INT:
        area = _MULTIPLY_AREA[0] * a * b + _MULTIPLY_AREA[1] * (a + b) / 2
        return Block(energy, area)
    energy += _ROUND_ENERGY * a * math.log2(a) + _line(_ADD_ENERGY, left.exponent)
    area = _FLOAT_MULTIPLY_AREA * a * a + _line(_ADD_AREA, left.exponent)
    return Block(energy, area)


def with_parts(block: Block, other: Block, share: float = 1.0) -> Block:
    """Two blocks side by side, the other used in (and built for) a share of the actions."""
    return Block(block.energy + share * other.energy, block.area + share * other.area)


def leakage(area: float, technology: Technology) -> float | None:
    """Watts of logic that takes so many m2 at 45 nm; None for low-power processes, of which it is not known."""
    if technology.flavour is Flavour.LP:
        return None
    at_40 = area * scaling(HOROWITZ, ALADDIN).area
    return at_40 * _LEAKAGE * scaling(ALADDIN, technology).leakage


def leakage_note(technology: Technology) -> str:
    """Which transistors the leakage of logic is of, or that it is not known."""
    if technology.flavour is Flavour.LP:
        return "leakage: not known for low-power processes"
    return "leakage is that of high-performance transistors"


def noted(*texts: str) -> tuple[str, ...]:
    """Those texts that say something, each once."""
    return tuple(dict.fromkeys(text for text in texts if text))


@dataclass(frozen=True, kw_only=True)
class Adder(Estimator):
    """An adder (or subtracter) of two numbers of a format, without registers.

    Actions:
        add: one sum of new, random operands, in J.
        idle, gated: a cycle with the inputs held: nothing switches.

    Model: whole numbers of w bits: a w + b, for energy and for area. Floating point with m bits of significand and e of
    exponent: c m for aligning, adding and normalising, and an adder of e bits; the area goes with m log2(m).
    Blocks with a shared exponent are refused: two of them are summed after conversion, as int or fp32.
    Source, fit and validity: at the top of this module; fitted to 8 to 32 bits, and to fp32.
    """

    component = "adder"
    actions = ("add", "idle", "gated")
    source = _SOURCE
    uncertainty = 0.5
    """Predicted rows: +5 and +7 %; Aladdin: 0 % relaxed, -59 % in 1 ns. Scaling to other nodes adds to it; judged."""

    format: str = attribute(_OPERANDS)

    def cost(self) -> Cost:
        operand = parse_format(self.format)
        if operand.block > 1:
            raise Declined(f"does not add numbers of {operand}: exponents differ", hint="add them as int or as fp32")
        shares = {"add": 1.0, "idle": 0.0, "gated": 0.0}
        return _cost(self, adding(operand), shares, (operand,), delay=_ADDER_DELAY)


@dataclass(frozen=True, kw_only=True)
class Multiplier(Estimator):
    """A multiplier of two numbers, without registers.

    Actions:
        multiply: one product of new, random operands, in J.
        multiply_repeated: one operand as before: 2/3 of it (derived from how often partial products change).
        idle, gated: a cycle with the inputs held, as where an operand is 0 and both are kept: nothing switches.

    Model: whole numbers of a and b bits: c a b + d (a + b) / 2, for energy and for area. Floating point with m bits of
    significand and e of exponent: a multiplier of m bits, f m log2(m) for normalising and rounding, and an adder of e
    bits; the area goes with m2. Blocks: their elements' multiplier, and one addition of shared exponents per block.
    Source, fit and validity: at the top of this module; fitted to 8 and 32 bits, and to fp32.
    """

    component = "multiplier"
    actions = ("multiply", "multiply_repeated", "idle", "gated")
    source = _SOURCE
    uncertainty = 0.6
    """Predicted: -4 % (fp16); Eyeriss: +9 % (16 bits with its addition); Aladdin: -69 % relaxed. Judged from these."""

    format: str = attribute(_OPERANDS)
    other: str = attribute(_OTHER, default="")

    def cost(self) -> Cost:
        left, right = _operands(self.format, self.other)
        block = multiplying(left, right)
        if left.block > 1:
            block = with_parts(block, adding(integer(left.shared)), 1 / left.block)
        shares = {"multiply": 1.0, "multiply_repeated": _REPEATED, "idle": 0.0, "gated": 0.0}
        return _cost(self, block, shares, (left, right))


@dataclass(frozen=True, kw_only=True)
class MAC(Estimator):
    """A multiplier and the adder that its products are summed with, without registers.

    Actions:
        compute: one product of new, random operands added to a sum, in J.
        compute_repeated: one operand as before: 2/3 of the multiplication (derived), and the whole addition.
        idle, gated: a cycle with the inputs held, as where an operand is 0 and nothing is added: nothing switches.

    Model: `multiplier` and `adder`. Accumulator where none is named: int32 for whole numbers up to 16 bits and int64
    above, fp64 for fp64, fp32 for all else. With operands of 8 bits and less the sum takes most of the energy: a note
    says its share.
    Blocks of whole numbers: products are summed as whole numbers of twice their width and log2(block) more bits; once
    per block the shared exponents are added, and the sum goes to the accumulator in floating point. Blocks of floating
    point: every product goes to the accumulator; the shared exponents are added once per block. What is used once per
    block is also built once for as many units as a block has values, as in a dot product; one unit has its part of it.
    The register of the sum is not included.
    Eyeriss in whole (JSSC 2017) saves 45 % of the power of a processing element by gating zeros: that is this and the
    reads that are left out, so it belongs to the element and not here.
    Source, fit and validity: at the top of this module; fitted to 8 to 32 bits, and to fp32.
    """

    component = "mac"
    actions = ("compute", "compute_repeated", "idle", "gated")
    source = _SOURCE
    uncertainty = 0.6
    """Eyeriss' 16 bits, measured: +9 %; Aladdin's 32-bit multiplier: -69 % relaxed. Judged from these."""

    format: str = attribute(_OPERANDS)
    other: str = attribute(_OTHER, default="")
    accumulator: str = attribute("format of the sum; empty: int32, int64, fp32 or fp64 as the operands ask", default="")

    def cost(self) -> Cost:
        left, right = _operands(self.format, self.other)
        wider = left if left.width >= right.width else right
        total = parse_format(self.accumulator) if self.accumulator else accumulator_of(wider)
        if total.block > 1:
            raise InputError(f"a sum in {total} is not possible", hint="such as fp32 or int32")
        if left.block == 1 and left.kind is not total.kind:
            raise InputError(f"products of {left} are not summed in {total}", hint=f"such as {accumulator_of(wider)}")
        product = multiplying(left, right)
        whole = with_parts(product, self._sum(left, total))
        repeated = (whole.energy - (1 - _REPEATED) * product.energy) / whole.energy
        shares = {"compute": 1.0, "compute_repeated": repeated, "idle": 0.0, "gated": 0.0}
        default = "" if self.accumulator else " (the default)"
        note = f"sums in {total}{default}: {percent(1 - product.energy / whole.energy)} of the energy"
        return _cost(self, whole, shares, (left, right, total), note)

    @staticmethod
    def _sum(operand: Format, total: Format) -> Block:
        if operand.block == 1:
            return adding(total)
        exponents = adding(integer(operand.shared))
        if operand.kind is Kind.FLOAT:
            return with_parts(adding(total), exponents, 1 / operand.block)
        inner = adding(integer(2 * operand.width + math.ceil(math.log2(operand.block))))
        return with_parts(inner, with_parts(adding(total), exponents), 1 / operand.block)


def _operands(first: str, second: str) -> tuple[Format, Format]:
    left = parse_format(first)
    right = parse_format(second) if second else left
    if right != left and not (left.kind is right.kind is Kind.INT and left.block == right.block == 1):
        raise InputError(f"{left} and {right} are not multiplied by one unit", hint="only whole numbers may differ")
    return left, right


def _cost(
    asked: Estimator,
    block: Block,
    shares: dict[str, float],
    formats: tuple[Format, ...],
    *texts: str,
    delay: float = _MULTIPLIER_DELAY,
) -> Cost:
    """The cost of logic whose actions take shares of its energy; `delay`: see `_CYCLE`."""
    there = asked.scaled_from(HOROWITZ)
    whole = all(each.kind is Kind.INT and each.width <= 32 and each.block == 1 for each in formats)
    timed = whole and asked.technology.flavour is not Flavour.LP
    return Cost(
        {action: share * block.energy * there.energy for action, share in shares.items()},
        area=block.area * there.area,
        leakage=leakage(block.area, asked.technology),
        cycle=delay * scaling(ALADDIN, asked.technology).delay if timed else None,
        notes=noted(
            *texts,
            there.text,
            _HELD,
            leakage_note(asked.technology),
            _CYCLE if timed else _NO_CYCLE,
        ),
        extrapolated=noted(*(_beyond(each) for each in formats)),
    )


def _beyond(operand: Format) -> str:
    """How a format lies outside of what was fitted; empty where it does not."""
    if operand.kind is Kind.FLOAT:
        m = operand.significand
        return "" if 11 <= m <= 24 else f"{operand}: a significand of {m} bits, fitted to 11 to 24"
    return "" if 8 <= operand.width <= 32 else f"{operand}: {operand.width} bits, fitted to 8 to 32"


def _line(line: tuple[float, float], x: float) -> float:
    return line[0] * x + line[1]
