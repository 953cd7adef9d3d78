"""Circuits of an SRAM array: gates, chains of drivers, decoders, multiplexers.

Everything here is a formula of a technology (`Process`), of a count of rows or columns, and of a length. Lengths are
in micrometres, as technology tables give them; energies in joules, times in seconds, capacitances in farads,
resistances in ohms, powers in watts.

Sources of the formulae:
    * gate delay with a slow input: M. Horowitz, "Timing models for MOS circuits", Stanford SEL83-003, 1984;
    * sizing of a chain of gates: I. Sutherland, B. Sproull, D. Harris, "Logical Effort", 1999 (a fan-out of 4 a stage);
    * decoder in two steps, 2x2 sub-arrays to a mat, tree of repeated wires: S. Wilton, N. Jouppi, "CACTI: an enhanced
      cache access and cycle time model", IEEE JSSC 31(5), 1996; N. Muralimanohar, R. Balasubramonian, N. Jouppi,
      "CACTI 6.0: a tool to model large caches", HPL-2009-85, 2009.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import NamedTuple

_CONTACT = 3.0
"""Width of a contacted diffusion in feature sizes: the contact and its distance to the gate on both sides."""
_STACK_GAP = 1.5
"""Distance between two gates in series, in feature sizes."""
_STAGE_EFFORT = 4.0
"""Fan-out of one stage of a chain (Logical Effort, chapter 3: about 4 is quickest)."""
_LN2 = math.log(2)
_SWING = 0.05
"""Swing of a bitline that the sense amplifier needs, as a part of the supply."""
_MIN_SWING = 0.08
"""... and never less than this many volts."""


@dataclass(frozen=True, slots=True, eq=False)
class Process:
    """Constants of one node: roadmap values (ITRS, low standby power), layout rules, and calibrated coefficients.

    Lengths in µm; capacitances and resistances of transistors times or per µm of width, of wires per µm. `local` wires
    lie over the cells, the other ones in a mat and between mats (semi-global).

    Attributes:
        feature: Size of the node.
        vdd, vth: Supply and threshold in volts.
        gate_cap, overlap_cap, fringe_cap, sidewall_cap: Farads per µm; `junction_cap` per µm².
        nmos_ohm, pmos_ohm: Ohm µm of a transistor that conducts.
        p_to_n: Width of a PMOS transistor that conducts as an NMOS one of width 1.
        cell_width, cell_height: Of a cell of six transistors; its access and pull-down transistors are `access_width`
            and `pull_down_width` wide.
        local_ohm, local_cap, local_pitch, wire_ohm, wire_cap, wire_pitch: Of wires.
        precharge_width, equalise_width: Transistors of a column.
        repeater_size, repeater_spacing: Repeaters of wires with 30 % more delay than the quickest; size in smallest
            inverters.
        sense_siemens: Transconductance of a sense amplifier.
        wire_energy, wire_delay: J and s per µm of a repeated wire (fitted).
        buffer_wire: Part of the wire's capacitance that sizes the buffers of the tree outwards (fitted).
        centre_area: µm² of the shared decoder of a mat per predecoded line (fitted).
        cell_leakage, write_port_leakage, read_port_leakage: W per cell and per further port of a cell (fitted).
        driver_leakage: W per µm of NMOS width of drivers (fitted).
        output_leakage, wire_leakage: W per bit and µm, of outputs of sub-arrays and of wires between banks (fitted).
        mat_leakage: W per square root of the rows of a mat (fitted).
    """

    feature: float
    vdd: float
    gate_cap: float
    overlap_cap: float
    fringe_cap: float
    junction_cap: float
    sidewall_cap: float
    nmos_ohm: float
    pmos_ohm: float
    p_to_n: float
    vth: float
    cell_width: float
    cell_height: float
    access_width: float
    pull_down_width: float
    local_ohm: float
    local_cap: float
    local_pitch: float
    wire_ohm: float
    wire_cap: float
    wire_pitch: float
    precharge_width: float
    equalise_width: float
    repeater_size: float
    repeater_spacing: float
    sense_siemens: float
    wire_energy: float
    wire_delay: float
    buffer_wire: float
    centre_area: float
    cell_leakage: float
    write_port_leakage: float
    read_port_leakage: float
    driver_leakage: float
    output_leakage: float
    mat_leakage: float
    wire_leakage: float

    @property
    def min_width(self) -> float:
        """Narrowest transistor: 1.5 feature sizes."""
        return 1.5 * self.feature

    @property
    def max_width(self) -> float:
        """Widest transistor of a driver: 100 feature sizes."""
        return 100 * self.feature

    @property
    def gate_height(self) -> float:
        """Height of a standard gate: 50 feature sizes."""
        return 50 * self.feature

    @property
    def swing(self) -> float:
        """Volts by which a bitline falls before it is sensed."""
        return max(_SWING * self.vdd, _MIN_SWING)


@lru_cache(maxsize=1)
def processes() -> Mapping[int, Process]:
    """The processes that are tabulated, by node in nm (`data/components/sram.json`)."""
    text = files("assay").joinpath("data", "components", "sram.json").read_text(encoding="utf-8")
    names = [field.name for field in fields(Process)]
    table = json.loads(text)["nodes"]
    found = {int(node): Process(**{name: float(values[name]) for name in names}) for node, values in table.items()}
    return MappingProxyType(found)


def gate_delay(tau: float, ramp: float) -> float:
    """Seconds until a gate of time constant `tau` switches when its input takes `ramp` seconds (Horowitz 1984).

    Both thresholds at half of the supply: tau * sqrt(ln(1/2)^2 + ramp / (2 tau)).
    """
    return tau * math.sqrt(_LN2 * _LN2 + 0.5 * ramp / tau)


def drain(tech: Process, width: float, fold: float, stack: int = 1) -> float:
    """Capacitance of the drain of a transistor `width` wide in fingers of at most `fold`; `stack` of them in series.

    Junction area and side walls, overlap and fringe to the gate, and the metal that joins the fingers.
    """
    fingers = math.ceil(width / fold)
    contact = _CONTACT * tech.feature
    gap = (stack - 1) * _STACK_GAP * tech.feature
    finger = width if fingers < 2 else fold
    across, side, metal = contact + gap, finger, 0.0
    if fingers > 1:
        across += (fingers - 2) * contact + (fingers - 1) * gap
        side = finger if fingers % 2 else 0.0
        metal = tech.local_cap * across
    to_gate = 2 * (tech.fringe_cap + tech.overlap_cap) * finger * (2 * stack - 1) * fingers
    return tech.junction_cap * across * finger + tech.sidewall_cap * (side + 2 * across) + to_gate + metal


def folded(tech: Process, width: float, pitch: float) -> float:
    """Height of a transistor `width` wide that is laid out in fingers of at most `pitch`."""
    fingers = math.ceil(width / pitch)
    return (fingers + (fingers + 1) * _CONTACT) * tech.feature


def gate_area(tech: Process, nmos: float, pmos: float, inputs: int, height: float) -> float:
    """Area of a NAND gate of so many inputs (1: inverter) whose transistors are folded into `height`."""
    gap, rail = 5 * tech.feature, 2 * tech.feature
    usable = height - 2 * rail - gap
    part = pmos / (pmos + nmos)
    n_fingers, p_fingers = math.ceil(nmos / (usable * (1 - part))), math.ceil(pmos / (usable * part))
    width = max(_diffusion(tech, inputs, n_fingers), _diffusion(tech, 1, inputs * p_fingers))
    return width * (nmos + pmos + gap + 2 * rail if usable * (1 - part) > nmos else height)


def _diffusion(tech: Process, stack: int, fingers: int) -> float:
    """Width of a row of transistors: `fingers` groups of `stack` gates in series."""
    gates = fingers * (stack + (stack - 1) * _STACK_GAP)
    return (gates + 2 * _CONTACT * max(1, fingers - 1)) * tech.feature


class Chain(NamedTuple):
    """A chain of gates that drives a load: joules and seconds a switch, the last stage, and what it takes."""

    energy: float
    delay: float
    last: float
    tau: float
    area: float
    width: float


def _widths(tech: Process, load: float, inputs: int, first: float) -> list[float]:
    """NMOS widths of the stages, by logical effort: an even number of stages of equal effort."""
    per_width = tech.gate_cap * (1 + tech.p_to_n)
    effort = (inputs + tech.p_to_n) / (1 + tech.p_to_n)
    source = tech.gate_cap * (first + tech.p_to_n * tech.min_width)
    path = effort * load / source
    count = _even(math.log(path) / math.log(_STAGE_EFFORT))
    stage = path ** (1 / count)
    last = max(load / stage / per_width, tech.min_width)
    if last > tech.max_width:
        last = tech.max_width
        path = effort * per_width * last / source
        count = _even(math.log(path) / math.log(_STAGE_EFFORT) + 1)
        stage = path ** (1 / (count - 1))
    widths = [last]
    for _ in range(count - 2):
        widths.append(max(widths[-1] / stage, tech.min_width))
    return [first, *reversed(widths)]


def _even(stages: float) -> int:
    whole = max(int(stages), 0)
    return max(whole + whole % 2, 2)


def chain(
    tech: Process, load: float, ohm_load: float, *, inputs: int = 1, height: float = 0.0, ramp: float = 0.0
) -> Chain:
    """A NAND gate of `inputs` inputs (1: inverter) and inverters behind it that drive `load` farads.

    Args:
        tech: The process.
        load: Farads of gates and wire at the end.
        ohm_load: Seconds that the resistance of the wire adds to the last time constant (R C / 2).
        inputs: Inputs of the first gate.
        height: Height of the gates in µm; 0: the standard height.
        ramp: Seconds that the input takes to rise.
    """
    height = height or tech.gate_height
    first = inputs * tech.min_width
    widths = _widths(tech, load, inputs, first)
    room = (height - 9 * tech.feature) / 3
    energy = delay = tau = last = area = 0.0
    for stage, nmos in enumerate(widths):
        fan = inputs if stage == 0 else 1
        pmos = tech.p_to_n * (tech.min_width if stage == 0 else nmos)
        final = stage + 1 == len(widths)
        cap = load if final else tech.gate_cap * (1 + tech.p_to_n) * widths[stage + 1]
        cap += fan * drain(tech, pmos, 2 * room) + drain(tech, nmos, room, fan)
        tau = fan * tech.nmos_ohm / nmos * cap + (ohm_load if final else 0.0)
        last = gate_delay(tau, ramp)
        ramp = 2 * last
        delay += last
        energy += cap * tech.vdd * tech.vdd
        area += gate_area(tech, nmos, pmos, fan, height)
    return Chain(energy, delay, last, tau, area, sum(widths))


class Select(NamedTuple):
    """A decoder that picks one of several lines: joules, seconds to the line, seconds of its last stage."""

    energy: float
    delay: float
    last: float


_GROUPS = {1: (2,), 2: (2,), 3: (3,), 4: (2, 2), 5: (2, 3), 6: (3, 3), 7: (2, 2, 3), 8: (2, 3, 3), 9: (3, 3, 3)}
"""Inputs of the NAND gates that decode so many address bits; above 3 bits a second level joins them."""


def _predecoder(tech: Process, bits: int, load: float, ohm_load: float, switching: int) -> Select:
    """One predecoding block: drivers of the address bits, NAND gates of 2 or 3 inputs, a second level above 3 bits.

    The gates that switch are those of a block of `switching` bits: CACTI counts in the smaller of two blocks the kinds
    of gates that switch in the larger one.
    """
    groups, active = _GROUPS[min(bits, 9)], _GROUPS[min(switching, 9)]
    joined = len(groups)
    unit = tech.gate_cap * tech.min_width
    energy, slow = 0.0, Select(0.0, 0.0, 0.0)
    for inputs in sorted(set(groups)):
        driver = chain(tech, min(1 << bits, 1 << inputs) * (inputs + tech.p_to_n) * unit, 0.0)
        behind = load, ohm_load
        if joined > 1:
            behind = ((1 << bits) >> inputs) * (joined + tech.p_to_n) * unit, 0.0
        gate = chain(tech, *behind, inputs=inputs, ramp=2 * driver.last)
        energy += groups.count(inputs) * min(bits, inputs) * driver.energy / 2 + active.count(inputs) * gate.energy
        if inputs == groups[0]:
            slow = Select(0.0, driver.delay + gate.delay, gate.last)
    if joined == 1:
        return slow._replace(energy=energy)
    upper = chain(tech, load, ohm_load, inputs=joined, ramp=2 * slow.last)
    return Select(energy + upper.energy, slow.delay + upper.delay, upper.last)


@lru_cache(maxsize=4096)
def row_predecoder(tech: Process, rows: int, cell_height: float) -> Select:
    """The part of the row decoder that all rows of a mat share: two blocks drive the row gates of four sub-arrays."""
    bits = rows.bit_length() - 1
    halves = ((bits + 1) // 2, bits // 2)
    gate = 4 * tech.gate_cap * (2 + tech.p_to_n) * tech.min_width
    length = 2 * rows * cell_height
    blocks = []
    for mine, other in (halves, halves[::-1]):
        load = (1 << other) * gate + length * tech.wire_cap
        blocks.append(_predecoder(tech, mine, load, length * tech.wire_ohm * load / 2, halves[0]))
    slow = max(blocks, key=lambda block: block.delay)
    return Select(sum(block.energy for block in blocks), slow.delay, slow.last)


@lru_cache(maxsize=4096)
def multiplexer(tech: Process, ways: int, gates: float, length: float) -> Select:
    """Selects one of `ways`: each line drives `gates` µm of gate and `length` µm of wire. All zero for one way."""
    if ways < 2:
        return Select(0.0, 0.0, 0.0)
    load = gates * tech.gate_cap + length * tech.wire_cap
    ohm_load = length / 2 * tech.wire_ohm * load / 2
    bits = ways.bit_length() - 1
    if bits < 4:
        return _predecoder(tech, bits, load, ohm_load, bits)
    gate = tech.gate_cap * (2 + tech.p_to_n) * tech.min_width
    halves = ((bits + 1) // 2, bits // 2)
    blocks = [_predecoder(tech, mine, (1 << other) * gate, 0.0, halves[0]) for mine, other in (halves, halves[::-1])]
    slow = max(blocks, key=lambda block: block.delay)
    line = chain(tech, load, ohm_load, inputs=2, height=4 * tech.cell_height, ramp=2 * slow.last)
    return Select(sum(block.energy for block in blocks) + line.energy, slow.delay + line.delay, line.last)


def wordline(tech: Process, columns: int, cell_width: float, cell_height: float, ramp: float) -> Chain:
    """The last gate of the row decoder and the drivers of one wordline: two access transistors and a wire per cell."""
    length = columns * cell_width
    load = columns * 2 * tech.access_width * tech.gate_cap + length * tech.local_cap
    ohm_load = length * tech.local_ohm * load / 2
    return chain(tech, load, ohm_load, inputs=2, height=4 * cell_height, ramp=ramp)


@lru_cache(maxsize=4096)
def precharge(tech: Process, columns: int, cell_width: float) -> Chain:
    """The driver of the precharge line of one sub-array: three gates and a wire per column."""
    length = columns * cell_width
    gates = columns * (2 * tech.precharge_width + tech.equalise_width) * tech.gate_cap
    wire = length * tech.wire_cap
    return chain(tech, gates + wire, length * tech.wire_ohm * (wire / 2 + gates))
