"""Logic around a datapath: comparators, multiplexers, shifters, counters, tables, address generators, and plain gates.

All of it is counted in gates of two inputs (NAND2) and in flip-flops, for which these figures are known:

    NAND2, area       0.798 um2 at 45 nm: NAND2_X1 of the Nangate 45 nm Open Cell Library
    NAND2, energy     0.57 fJ per action at 45 nm, 0.9 V: the median of energy by area of the nine operations of
                      M. Horowitz, ISSCC 2014, at 0.798 um2 a gate: adders 0.67, 0.60 and 0.58, multipliers 0.57 and
                      0.71, floating point 0.17 to 0.54. It is the energy of all that switches in logic with random
                      data, over the number of its gates: not that of one gate that does switch.
    flip-flop         5.54 fJ per clock, 3.47 fJ more per clock with random data, 5.98 um2 and 74 nW a bit at 40 nm:
                      REG_10ns (no data) and REG_6ns of Aladdin (Y. Shao et al., ISCA 2014); 0.9 V is assumed
    other cells       in NAND2 or flip-flops of equal area, from the SkyWater 130 nm library (sky130_fd_sc_hd, size 1):
                      2-input multiplexer 3.0, half adder 3.33, full adder 5.33 NAND2

Copies of Aladdin's table differ: some have flip-flops and adders 28 % smaller and more frugal, without saying why. Used
is the largest of them, with floating point. That REG_10ns is the clock alone (its switching power is 0), and that data
are random in the other rows, is inferred.

Against Aladdin's circuits of 32 bits at 40 nm (energy, area): comparator +114 % and +10 %, shifter -43 % and +17 %,
counter -22 % and -48 %. This is what `uncertainty` stands for: a factor of two either way.
"""

from __future__ import annotations

from dataclasses import dataclass

from assay.components.arithmetic import ALADDIN, HOROWITZ, adding, leakage, leakage_note, noted
from assay.components.estimate import Cost
from assay.components.estimator import Estimator, attribute
from assay.components.formats import integer
from assay.components.technology import Flavour, Technology, scaling
from assay.reading.units import SIZE

NAND2_AREA = 0.798e-12
"""m2 at 45 nm: Nangate 45 nm Open Cell Library, NAND2_X1."""
NAND2_ENERGY = 0.57e-15
"""J per action and gate at 45 nm, 0.9 V: see above."""
MUX2, HALF_ADDER = 3.0, 3.33
"""In NAND2: sky130_fd_sc_hd__mux2_1 (11.26 um2) and ha_1 (12.51 um2) by nand2_1 (3.754 um2)."""

FLIP_FLOP_CLOCK = 5.535e-15
"""J per bit and clock at 40 nm: Aladdin, REG_10ns_dynamic_energy; its switching power is 0, so no data changes."""
FLIP_FLOP_DATA = 9.0e-15 - FLIP_FLOP_CLOCK
"""J per bit and clock more with random data, of which half the bits change: REG_1ns to REG_6ns."""
FLIP_FLOP_AREA = 5.981e-12
"""m2 per bit at 40 nm: REG_area."""
FLIP_FLOP_LEAKAGE = 73.95e-9
"""W per bit at 40 nm: REG_6ns_leakage_power."""

MUX_DELAY = 0.14e-9
"""s per level of multiplexers at 40 nm: Aladdin, SHIFTER_critical_path_delay 0.70 ns, of the 5 levels of 32 bits."""

_COMPARE = 4.0
"""NAND2 per bit of a comparator: assumed."""
_TABLE_GATES = 0.4
"""NAND2 per bit of a table: 300 um2 of ISAAC at 32 nm are 652 um2 at 45 nm, 817 NAND2, over 256 x 8 bits."""
_TO_40 = scaling(HOROWITZ, ALADDIN).energy
_ARRANGED = "cycle: not known: it depends on how the gates are arranged, and how hard synthesis is pressed"

SOURCE = "gate counts; NAND2: Horowitz (ISSCC 2014) and Nangate 45; flip-flops, delays: Aladdin (ISCA 2014), 40 nm"


def gates_cost(
    asked: Estimator, gates: float, energy: dict[str, float], delay: float | None, *texts: str, flip_flops: float = 0
) -> Cost:
    """The cost of gates and flip-flops.

    Args:
        energy: by action, in J at 40 nm and 0.9 V.
        delay: s at 40 nm and 0.9 V; None where it is not known.
        flip_flops: bits of them.
    """
    there, slow = asked.scaled_from(HOROWITZ), asked.scaled_from(ALADDIN)
    leaks = leakage(gates * NAND2_AREA, asked.technology)
    if leaks is not None:
        leaks += flip_flops * FLIP_FLOP_LEAKAGE * slow.leakage
    cycle = None if delay is None else cycle_of(delay * slow.delay, asked.technology)
    return Cost(
        {action: joules * slow.energy for action, joules in energy.items()},
        area=gates * NAND2_AREA * there.area + flip_flops * FLIP_FLOP_AREA * slow.area,
        leakage=leaks,
        cycle=cycle,
        notes=noted(
            *texts,
            f"{gates:,.0f} gates" + (f" and {flip_flops:g} flip-flops" if flip_flops else ""),
            slow.text,
            leakage_note(asked.technology),
            _ARRANGED if delay is None else cycle_note(asked.technology),
        ),
    )


def cycle_of(delay: float, technology: Technology) -> float | None:
    """Seconds; None for low-power processes: delays do not carry over from fast transistors to those."""
    return None if technology.flavour is Flavour.LP else delay


def carry(width: int) -> float | None:
    """Seconds at 40 nm through carries: those of a 32-bit adder synthesised for speed, also for fewer bits."""
    return 0.47e-9 if width <= 32 else None


def cycle_note(technology: Technology) -> str:
    """Why there is no cycle time; empty where there is one."""
    return "cycle: not known for low-power processes" if technology.flavour is Flavour.LP else ""


def switching(gates: float) -> float:
    """J at 40 nm and 0.9 V of one action of so many gates with random data."""
    return gates * NAND2_ENERGY * _TO_40


def compare(width: int) -> float:
    """J at 40 nm and 0.9 V of comparing two random numbers."""
    return switching(_COMPARE * width)


def count(width: int) -> float:
    """J at 40 nm and 0.9 V of one step of a counter: all bits are clocked, and two change (1 + 1/2 + 1/4 ...)."""
    changing = min(2.0, 2 - 2.0 ** (1 - width))
    return width * FLIP_FLOP_CLOCK + changing * (2 * FLIP_FLOP_DATA + switching(HALF_ADDER))


def mux_gates(inputs: int, width: int) -> float:
    """Of a tree of 2-input multiplexers: one less than there are inputs, for each bit."""
    return MUX2 * (inputs - 1) * width


def levels(inputs: int) -> int:
    """Of a tree of 2-input cells, or the bits of an address of so many: at least 1."""
    return max(1, (inputs - 1).bit_length())


@dataclass(frozen=True, kw_only=True)
class Gates(Estimator):
    """Logic of which only the number of gates is known, such as control.

    Actions:
        compute: a cycle in which all of it works on random data, in J (see NAND2 above).
        idle, gated: a cycle with its inputs held: nothing switches. Registers and clock are apart.

    Model: gates x the figures of a NAND2; `activity` is the share of the logic that works in a cycle.
    No cycle time: it depends on how many gates follow one another.
    Source: at the top of this module. Uncertainty: the nine operations lie within 0.17 and 0.71 fJ.
    """

    component = "gates"
    actions = ("compute", "idle", "gated")
    source = SOURCE
    uncertainty = 1.0

    gates: float = attribute("gates of two inputs (NAND2 equivalents)", above=0, valid=(10, 1e8))
    activity: float = attribute("share of the gates that work in a cycle", minimum=0, maximum=1, default=1.0)

    def cost(self) -> Cost:
        energy = {"compute": switching(self.gates * self.activity), "idle": 0.0, "gated": 0.0}
        return gates_cost(self, self.gates, energy, None)


@dataclass(frozen=True, kw_only=True)
class Comparator(Estimator):
    """Says which of two whole numbers is greater.

    Actions:
        compare: two new, random numbers, in J.
        idle: a cycle with the inputs held: nothing switches.

    Model: 4 NAND2 a bit (assumed: a carry chain, without sums). Cycle: that of a 32-bit adder (see `carry`), at most.
    Against Aladdin: energy +114 %, area +10 % (any width: both are linear).
    """

    component = "comparator"
    actions = ("compare", "idle")
    source = SOURCE
    uncertainty = 1.2

    width: int = attribute("bits of an operand", unit=SIZE, minimum=1, maximum=4096, valid=(4, 64))

    def cost(self) -> Cost:
        return gates_cost(self, _COMPARE * self.width, {"compare": compare(self.width), "idle": 0.0}, carry(self.width))


@dataclass(frozen=True, kw_only=True)
class Mux(Estimator):
    """Passes one of several words on.

    Actions:
        select: new data at all inputs and a new choice, in J: the most that it can take.
        idle: a cycle with the inputs held: nothing switches.

    Model: a tree of 2-input multiplexers, one less than there are inputs, of 3.0 NAND2 a bit (sky130).
    Uncertainty: as of `gates`; not compared with anything.
    """

    component = "mux"
    actions = ("select", "idle")
    source = SOURCE
    uncertainty = 1.0

    inputs: int = attribute("words to choose from", minimum=2, maximum=65536, valid=(2, 64))
    width: int = attribute("bits of a word", unit=SIZE, minimum=1, maximum=65536, valid=(1, 512))

    def cost(self) -> Cost:
        gates = mux_gates(self.inputs, self.width)
        return gates_cost(self, gates, {"select": switching(gates), "idle": 0.0}, MUX_DELAY * levels(self.inputs))


@dataclass(frozen=True, kw_only=True)
class Shifter(Estimator):
    """A barrel shifter: shifts a word by any number of its bits at once.

    Actions:
        shift: a new, random word by a new distance, in J.
        idle: a cycle with the inputs held: nothing switches.

    Model: log2(width) levels of a 2-input multiplexer a bit.
    Against Aladdin's of 32 bits: energy -43 %, area +17 %; the delay is fitted to it.
    """

    component = "shifter"
    actions = ("shift", "idle")
    source = SOURCE
    uncertainty = 0.6

    width: int = attribute("bits of the word", unit=SIZE, minimum=2, maximum=4096, valid=(4, 64))

    def cost(self) -> Cost:
        gates = MUX2 * self.width * levels(self.width)
        return gates_cost(self, gates, {"shift": switching(gates), "idle": 0.0}, MUX_DELAY * levels(self.width))


@dataclass(frozen=True, kw_only=True)
class Counter(Estimator):
    """A register that counts up by one.

    Actions:
        count: one step, in J, its clock included. Two bits change in a step on average.
        idle: a clock without a step.
        gated: a cycle with its clock off: nothing switches.

    Model: a flip-flop and a half adder (3.33 NAND2) a bit. Cycle: that of a 32-bit adder (see `carry`), at most.
    Against Aladdin's: energy -2 % at 8 bits and -22 % at 32 bits; area -48 %.
    """

    component = "counter"
    actions = ("count", "idle", "gated")
    source = SOURCE
    uncertainty = 0.6

    width: int = attribute("bits of the count", unit=SIZE, minimum=1, maximum=256, valid=(4, 64))

    def cost(self) -> Cost:
        energy = {"count": count(self.width), "idle": self.width * FLIP_FLOP_CLOCK, "gated": 0.0}
        return gates_cost(self, HALF_ADDER * self.width, energy, carry(self.width), flip_flops=self.width)


@dataclass(frozen=True, kw_only=True)
class LookupTable(Estimator):
    """A function of one number as a fixed table in logic, such as a sigmoid.

    Actions:
        read: the value of a new, random number, in J.
        read_repeated: of the same number as before: nothing switches.

    Model: 0.4 NAND2 for each bit of the table. That is the area of one sigmoid unit of ISAAC (A. Shafiee et al., ISCA
    2016, table 1: two take 0.0006 mm2 and 0.52 mW at 32 nm and 1.2 GHz), taken to be 256 words of 8 bits: assumed, the
    paper does not say. The energy is then predicted: 0.31 pJ where 0.22 pJ are published, +41 %.
    """

    component = "lookup_table"
    actions = ("read", "read_repeated")
    source = SOURCE + "; size of a table: ISAAC (ISCA 2016, table 1), 32 nm"
    uncertainty = 1.5

    entries: int = attribute("values in the table", minimum=2, maximum=1 << 20, valid=(16, 1024))
    width: int = attribute("bits of a value", unit=SIZE, minimum=1, maximum=256, valid=(4, 32))

    def cost(self) -> Cost:
        gates = _TABLE_GATES * self.entries * self.width
        energy = {"read": switching(gates), "read_repeated": 0.0}
        return gates_cost(self, gates, energy, MUX_DELAY * levels(self.entries))


@dataclass(frozen=True, kw_only=True)
class AddressGenerator(Estimator):
    """Walks through an array in nested loops: a counter, a comparison with its end and an addition for each loop.

    Actions:
        generate: one address, in J: the inner counter steps, is compared and added; the others are clocked.
        idle: a clock without an address.
        gated: a cycle with its clock off: nothing switches.

    Model: for each loop a `counter`, a `comparator`, an `adder` and a register of bound and stride. Cycle: that of
    the adder, the others beside it.
    Not compared with anything: judged.
    """

    component = "address_generator"
    actions = ("generate", "idle", "gated")
    source = SOURCE
    uncertainty = 1.0

    width: int = attribute("bits of an address", unit=SIZE, minimum=1, maximum=64, valid=(4, 32))
    loops: int = attribute("nested loops", minimum=1, maximum=64, default=4, valid=(1, 8))

    def cost(self) -> Cost:
        adder = adding(integer(self.width))
        gates = self.loops * ((HALF_ADDER + _COMPARE) * self.width + adder.area / NAND2_AREA)
        idle = self.loops * self.width * FLIP_FLOP_CLOCK
        step = count(self.width) - self.width * FLIP_FLOP_CLOCK + compare(self.width) + adder.energy * _TO_40
        energy = {"generate": idle + step, "idle": idle, "gated": 0.0}
        constants = "bounds and strides are not clocked"
        return gates_cost(self, gates, energy, carry(self.width), constants, flip_flops=3 * self.loops * self.width)
