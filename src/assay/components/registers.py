"""Registers, register files and FIFOs made of flip-flops or latches, for up to about a thousand words.

Flip-flops are those of Aladdin (Y. Shao et al., ISCA 2014; see `logic`). What surrounds them is given in flip-flops,
by ratios of the SkyWater 130 nm library (sky130_fd_sc_hd, size 1, typical corner, 25 C, 1.8 V), so that one source
sets the level and the other the proportions:

    area               flip-flop 1 (dfxtp, 20.02 um2), with enable 1.5 (edfxtp), latch 0.75 (dlxtp), mux2 0.5625,
                       NAND2 0.1875
    clock energy       flip-flop 1 (dfxtp, 39.8 fJ a cycle), latch 0.67 (dlxtp, 26.6 fJ)
    data energy        a change at the output of a mux2 0.40 (9.8 fJ, and 3.7 fF of load), at the input of a flip-flop
                       that is not clocked 0.21 (2.3 fJ, and 3.7 fF): 1.7 fF of the next pin and 2 fF of wire (assumed)

No constant is fitted to the area per byte of the Eyeriss model (Y.-H. Chen et al., ISCA 2016: 65 nm). For words of 16
bits, with an enable a bit and with a clock gated per word (the publication does not say which; enables come nearer):

    bytes          2      4      8      16     32     64     512
    published      103    172    177    170    96     59     21     um2 per byte
    enables        94     168    183    190    195    197    202
    gated          94     128    142    150    154    157    162

From 32 bytes on the published ones are memories from a compiler, not registers: ask for `sram`.
Against Eyeriss (JSSC 2017, 65 nm LP, 1.0 V, measured): the three scratchpads of a processing element take 6.97 pJ per
multiplication in CONV1 (42.5 % of 332 mW; 8.9 % are 1.46 pJ). Here, without clocks: 0.28 pJ to read the 12 words of
ifmap, 0.59 to read and 0.94 to write the 24 of psum; clocks 0.44 where they are gated per word, and 7.0 where they are
not: 2.2 or 8.7 pJ in all. The SRAM of the filter, the third of them, is not in these.
"""

from __future__ import annotations

from dataclasses import dataclass

from assay.components.arithmetic import ALADDIN, leakage_note, noted
from assay.components.estimate import Cost
from assay.components.estimator import Estimator, attribute
from assay.components.logic import (
    FLIP_FLOP_AREA,
    FLIP_FLOP_CLOCK,
    FLIP_FLOP_DATA,
    FLIP_FLOP_LEAKAGE,
    HALF_ADDER,
    MUX_DELAY,
    count,
    cycle_note,
    cycle_of,
    levels,
    switching,
)
from assay.components.technology import Flavour, Technology
from assay.reading.units import SIZE

SKY130 = Technology.of(130, 1.8)
"""Of the SkyWater library; 1.8 V is its nominal supply."""

_ENABLED, _LATCH, _MUX2, _NAND2 = 1.5, 0.75, 0.5625, 0.1875
"""Areas in flip-flops: see above."""
_LATCH_CLOCK = 0.67
"""Clock energy of a latch in that of a flip-flop: see above."""
_MUX_CHANGE, _INPUT_CHANGE = 0.40 * FLIP_FLOP_CLOCK, 0.21 * FLIP_FLOP_CLOCK
"""J at 40 nm of a change at the output of a mux2, and at an input that is not clocked: see above."""
_CLOCK_GATE = 6.0
"""NAND2 of the gate of a word's clock: a latch (4) and an AND; it takes the clock energy of a flip-flop. Assumed."""
_DECODE = 1.0
"""NAND2 per word and bit of the address, to select the word that is written. Assumed."""
_CLOCK_TO_DATA = 0.38e-9
"""s at 130 nm, 1.8 V, from clock to output (0.29 ns) and of set-up (0.09 ns): sky130 dfxtp_1, edges of 50 ps."""

_CLOCKED = "each action has the clock of its cycle in it: where two share a cycle, one `idle` is too much"
_SOURCE = "flip-flops: Aladdin (ISCA 2014), 40 nm; cells around them: ratios of sky130_fd_sc_hd (SkyWater 130 nm)"


@dataclass(frozen=True, slots=True)
class Cells:
    """Storage of words: J at 40 nm and 0.9 V, of which `idle` is apart; area in flip-flops; levels of multiplexers."""

    read: float
    write: float
    write_repeated: float
    idle: float
    flip_flops: float
    levels: int


def storage(depth: int, width: int, readers: int, writers: int, *, latches: bool, gating: bool) -> Cells:
    """Words of flip-flops or latches, with a tree of multiplexers a read port and a decoder a write port."""
    clock = FLIP_FLOP_CLOCK * (_LATCH_CLOCK if latches else 1.0)
    lines = depth * width * _INPUT_CHANGE / 2 if depth > 1 else 0.0
    decode = switching(_DECODE * depth * levels(depth)) if depth > 1 else 0.0
    idle = (depth if depth > 1 else 1) * FLIP_FLOP_CLOCK if gating else depth * width * clock
    own = width * clock if gating else 0.0
    data = width * FLIP_FLOP_DATA
    cell = _LATCH if latches else 1.0
    cell += (writers - 1) * _MUX2 + (0.0 if gating else _ENABLED - 1.0)
    per_word = _NAND2 * ((_CLOCK_GATE if gating else 0.0) + (writers * _DECODE * levels(depth) if depth > 1 else 0.0))
    trees = readers * _MUX2 * (depth - 1) * width
    return Cells(
        read=changes(depth) * width * _MUX_CHANGE,
        write=own + data + lines + decode,
        write_repeated=own,
        idle=idle,
        flip_flops=depth * (cell * width + per_word) + trees,
        levels=levels(depth) if depth > 1 else 0,
    )


def changes(depth: int) -> float:
    """Outputs of a bit's tree of multiplexers that change when a random word of random bits is read after another.

    Level k of the tree has depth / 2^k multiplexers, and each shows another word where one of the k bits of the address
    below it has changed (1 - 2^-k of all cases), which differs in half of the cases: about depth / 3 in all.
    """
    total, below, level = 0.0, depth, 0
    while below > 1:
        level += 1
        total += (below // 2) * (1 - 0.5**level) / 2
        below -= below // 2
    return total


@dataclass(frozen=True, kw_only=True)
class Register(Estimator):
    """One word of flip-flops.

    Actions:
        write: a clock with new, random data, in J for the word.
        write_repeated, idle: a clock with the same data as before.
        read: its outputs are there all the time: nothing switches. What follows has its own energy.
        gated: a cycle with its clock off: nothing switches.

    Model: flip-flops of Aladdin at 40 nm: 5.54 fJ a bit and clock, 3.47 fJ more with random data, 5.98 um2, 74 nW.
    Cycle: from clock to output, and set-up (sky130). The wires and buffers of the clock are not included.
    Compared: area of 2 bytes at 65 nm in the Eyeriss model (ISCA 2016) -9 %; flip-flops of sky130 scaled to 40 nm take
    1.7 fJ a clock and 2.4 um2, 69 and 60 % less than here.
    """

    component = "register"
    actions = ("read", "write", "write_repeated", "idle", "gated")
    source = _SOURCE
    uncertainty = 1.0

    width: int = attribute("bits of the word", unit=SIZE, minimum=1, maximum=65536, valid=(1, 1024))

    def cost(self) -> Cost:
        clock = self.width * FLIP_FLOP_CLOCK
        write = clock + self.width * FLIP_FLOP_DATA
        energy = {"read": 0.0, "write": write, "write_repeated": clock, "idle": clock, "gated": 0.0}
        return _cost(self, energy, self.width, 0.0, "read: outputs are there all the time, so nothing switches")


@dataclass(frozen=True, kw_only=True)
class RegisterFile(Estimator):
    """A few words of flip-flops or latches, and multiplexers to read them: the scratchpad of a processing element.

    Actions:
        read: a random word after another one, in J for the word.
        read_repeated: the same word as before, unchanged: nothing but the clock switches.
        write: a random word with new, random data; `write_repeated`: with the data that it holds.
        idle: a clock without any of these. All of the above have the clock of their cycle in them: where several
            happen in one cycle, all but one are too high by `idle`.
        gated: a cycle with the clock of the whole file off: nothing switches.

    Model: storage, a tree of 2-input multiplexers for each read port, of which about a third changes (see `changes`),
    lines of the data to all words, a decoder, and a clock gate a word, or an enable a bit without `clock_gating`.
    Its clock drives one gate a word (`clock_gating`, and the flip-flops of a word that is written), or all flip-flops.
    Source, and what this was compared with: at the top of this module. Trees of multiplexers beyond 64 words are
    extrapolated, and wasteful: 0.5 kB for the price of a multiplication (ISCA 2016) are an SRAM; 256 words of 16 bits
    take 4.5 times as much here, and their clock 2 times.
    Uncertainty: areas of 4 to 16 bytes -2 to +12 % with enables, -26 to -12 % with gated clocks; energies judged (2.2
    or 8.7 pJ, by how the clock is gated, beside the 6.97 pJ of Eyeriss, which have an SRAM in them).
    """

    component = "register_file"
    actions = ("read", "read_repeated", "write", "write_repeated", "idle", "gated")
    source = _SOURCE
    uncertainty = 1.0

    depth: int = attribute("words", minimum=1, maximum=65536, valid=(1, 64))
    width: int = attribute("bits of a word", unit=SIZE, minimum=1, maximum=4096, valid=(1, 512))
    read_ports: int = attribute("words read at once", minimum=1, maximum=32, default=1, valid=(1, 4))
    write_ports: int = attribute("words written at once", minimum=1, maximum=32, default=1, valid=(1, 4))
    storage: str = attribute("what holds a bit", default="flip-flop", choices=("flip-flop", "latch"))
    clock_gating: bool = attribute("clocks only the word that is written", default=True)

    def cost(self) -> Cost:
        cells = storage(
            self.depth,
            self.width,
            self.read_ports,
            self.write_ports,
            latches=self.storage == "latch",
            gating=self.clock_gating,
        )
        energy = {
            "read": cells.idle + cells.read,
            "read_repeated": cells.idle,
            "write": cells.idle + cells.write,
            "write_repeated": cells.idle + cells.write_repeated,
            "idle": cells.idle,
            "gated": 0.0,
        }
        return _cost(self, energy, cells.flip_flops, cells.levels * MUX_DELAY, _CLOCKED)


@dataclass(frozen=True, kw_only=True)
class Fifo(Estimator):
    """A queue of words.

    Actions:
        write: one word is appended, in J. read: one is taken.
        idle: a clock without any of these, which is also in the two above: a cycle with both has it once too often.
        gated: a cycle with its clock off: nothing switches.

    Model: `pointer`: a register file with a gated clock a word, and a counter each for where to read and to write.
    `shift`: words move up by one with every read; all of them are clocked and take new, random data in it.
    Source and uncertainty: as of `register_file`; not compared with anything.
    """

    component = "fifo"
    actions = ("read", "write", "idle", "gated")
    source = _SOURCE
    uncertainty = 1.0

    depth: int = attribute("words", minimum=1, maximum=65536, valid=(1, 64))
    width: int = attribute("bits of a word", unit=SIZE, minimum=1, maximum=4096, valid=(1, 512))
    organisation: str = attribute(
        "how words are kept: where they are written, or moving to the end",
        default="pointer",
        choices=("pointer", "shift"),
    )

    def cost(self) -> Cost:
        cells = storage(self.depth, self.width, 1, 1, latches=False, gating=True)
        bits = levels(self.depth + 1)
        step = count(bits) - bits * FLIP_FLOP_CLOCK
        clock = bits * FLIP_FLOP_CLOCK
        counter = bits * (1 + HALF_ADDER * _NAND2)
        if self.organisation == "pointer":
            idle = cells.idle + 2 * clock
            energy = {"read": idle + cells.read + step, "write": idle + cells.write + step, "idle": idle, "gated": 0.0}
            return _cost(self, energy, cells.flip_flops + 2 * counter, cells.levels * MUX_DELAY, _CLOCKED)
        idle = cells.idle + clock
        moved = self.depth * self.width * (FLIP_FLOP_CLOCK + FLIP_FLOP_DATA)
        energy = {"read": idle + moved + step, "write": idle + cells.write + step, "idle": idle, "gated": 0.0}
        words = self.depth * (self.width * (1 + _MUX2) + _NAND2 * (_CLOCK_GATE + _DECODE * bits))
        return _cost(self, energy, words + counter, MUX_DELAY, _CLOCKED)


def _cost(asked: Estimator, energy: dict[str, float], flip_flops: float, delay: float, *texts: str) -> Cost:
    """The cost of cells counted in flip-flops; J and s at 40 nm and 0.9 V, without the delay of a flip-flop."""
    slow, old = asked.scaled_from(ALADDIN), asked.scaled_from(SKY130)
    low_power = asked.technology.flavour is Flavour.LP
    return Cost(
        {action: joules * slow.energy for action, joules in energy.items()},
        area=flip_flops * FLIP_FLOP_AREA * slow.area,
        leakage=None if low_power else flip_flops * FLIP_FLOP_LEAKAGE * slow.leakage,
        cycle=cycle_of(delay * slow.delay + _CLOCK_TO_DATA * old.delay, asked.technology),
        notes=noted(*texts, slow.text, leakage_note(asked.technology), cycle_note(asked.technology)),
    )
