"""A mat of an SRAM array: 2 x 2 sub-arrays of cells around one decoder.

Units and sources as in `assay.components.sram_parts`. In an access one wordline rises in each of the four sub-arrays;
all bitlines of their columns fall by the swing that the sense amplifiers need, one of `mux` columns is sensed, one of
`late_mux` sense amplifiers drives an output.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

from assay.components.sram_parts import (
    Chain,
    Process,
    Select,
    drain,
    folded,
    gate_area,
    gate_delay,
    multiplexer,
    precharge,
    row_predecoder,
    wordline,
)

_MUX, _ISOLATE, _SENSE_N, _SENSE_P, _SENSE_ENABLE = 9.0, 12.5, 3.75, 7.5, 5.0
"""Widths of the transistors of a column in feature sizes (CACTI 6.0, HPL-2009-85)."""
_STITCH_COLUMNS, _STITCH_WIDTH = 16, 7.5
"""A wordline contact every so many columns, so many feature sizes wide."""


class Ports(NamedTuple):
    """Ports: those that read and write, those that only read, those that only write."""

    both: int
    read: int
    write: int

    @property
    def all(self) -> int:
        return self.both + self.read + self.write

    @property
    def reading(self) -> int:
        return self.both + self.read

    @property
    def writing(self) -> int:
        return self.both + self.write


class Cut(NamedTuple):
    """How a bank is cut.

    Attributes:
        across: Sub-arrays side by side.
        down: Sub-arrays above each other.
        rows: Rows of a sub-array.
        columns: Columns of a sub-array.
        mux: Columns that share a sense amplifier.
        late_mux: Sense amplifiers that share an output.
        mats: Mats that an access opens.
        bits: Bits that each of those gives.
    """

    across: int
    down: int
    rows: int
    columns: int
    mux: int
    late_mux: int
    mats: int
    bits: int


class Mat(NamedTuple):
    """A mat of 2 x 2 sub-arrays.

    Attributes:
        read: Joules of a read of its bits.
        write: Joules of a write.
        to_sense: Seconds from the address at the mat to the sensed bit.
        to_output: Seconds from there to the edge of the mat.
        cycle: Seconds between two accesses.
        width: µm.
        height: µm.
        address_bits: Bits of the address that it decodes.
    """

    read: float
    write: float
    to_sense: float
    to_output: float
    cycle: float
    width: float
    height: float
    address_bits: int


class _Columns(NamedTuple):
    """What hangs on a bitline: farads and ohms; height of the circuits under a column."""

    mux_cap: float
    sense_cap: float
    latch_cap: float
    mux_ohm: float
    isolate_ohm: float
    height: float


@lru_cache(maxsize=1024)
def _column_circuits(tech: Process, mux: int, late_mux: int, reading: int, cell_width: float) -> _Columns:
    """Precharge, column multiplexer, sense amplifier and output multiplexer under `mux` columns."""
    size, pitch = tech.feature, cell_width / reading
    wide = pitch * mux
    mux_cap = drain(tech, _MUX * size, pitch / 2) if mux > 1 else 0.0
    iso_cap = drain(tech, _ISOLATE * size, wide)
    latch_cap = tech.gate_cap * (_SENSE_P + _SENSE_N) * size
    latch_cap += (
        drain(tech, _SENSE_N * size, wide) + drain(tech, _SENSE_P * size, wide) + drain(tech, _MUX * size, wide)
    )
    height = folded(tech, tech.precharge_width, pitch / 2) + folded(tech, tech.equalise_width, pitch)
    if mux > 1:
        height += folded(tech, _MUX * size, pitch / 2)
    height += 2 * folded(tech, _SENSE_P * size, wide) + 2 * folded(tech, _SENSE_N * size, wide)
    height += folded(tech, _ISOLATE * size, wide) + folded(tech, _SENSE_ENABLE * size, wide) + 11 * size
    if late_mux > 1:
        height += folded(tech, _MUX * size, pitch * late_mux)
    ohm = tech.nmos_ohm / (_MUX * size) if mux > 1 else 0.0
    return _Columns(
        mux_cap, 2 * iso_cap + latch_cap, iso_cap + latch_cap, ohm, tech.pmos_ohm / (_ISOLATE * size), height
    )


def cell_size(tech: Process, ports: Ports) -> tuple[float, float]:
    """Width and height of a cell in µm: each port beyond the first takes two wires each way."""
    extra = 2 * tech.local_pitch * (ports.all - 1)
    return tech.cell_width + extra, tech.cell_height + extra


@lru_cache(maxsize=4096)
def _bitline_cap(tech: Process, rows: int, cell: tuple[float, float]) -> float:
    """Farads of one bitline: per cell, half of a contact that two cells share, and a wire as long as the cell."""
    return rows * (drain(tech, tech.access_width, cell[0]) / 2 + cell[1] * tech.local_cap)


def _bitline_delay(tech: Process, rows: int, cell: tuple[float, float], under: _Columns, ramp: float) -> float:
    """Seconds until the bitline has fallen by the swing; the cell opens while the wordline rises for `ramp` seconds."""
    cell_ohm = tech.nmos_ohm * (1 / tech.pull_down_width + 1 / tech.access_width)
    wire_ohm, cap = rows * cell[1] * tech.local_ohm, _bitline_cap(tech, rows, cell)
    behind = 2 * under.mux_cap + under.sense_cap
    tau = cell_ohm * (cap + behind) + wire_ohm * (cap / 2 + behind)
    tau += under.mux_ohm * (under.mux_cap + under.sense_cap) + under.isolate_ohm * under.sense_cap
    step = tau * math.log(tech.vdd / (tech.vdd - tech.swing))
    opening = (tech.vdd - tech.vth) / tech.vdd * ramp
    return math.sqrt(2 * step * opening) if step <= opening / 2 else step + opening / 2


def _restore(tech: Process, rows: int, cell: tuple[float, float], driver: Chain) -> float:
    """Seconds to precharge a bitline again after a read, to a tenth of its swing."""
    cap = _bitline_cap(tech, rows, cell)
    tau = tech.pmos_ohm / tech.precharge_width * cap + rows * cell[1] * tech.local_ohm * cap / 2
    return driver.delay + tau * math.log((tech.vdd - 0.1 * tech.swing) / (tech.vdd - tech.swing))


def _selects(tech: Process, cut: Cut, cell_width: float) -> tuple[Select, Select]:
    """The decoders of the column multiplexer and of the one behind the sense amplifiers, for one mat."""
    length, gate = 2 * cut.columns * cell_width, _MUX * tech.feature
    sensed = cut.columns / cut.mux
    early = multiplexer(tech, cut.mux, 8 * sensed * gate, length)
    return early, multiplexer(tech, cut.late_mux, 4 * sensed / cut.late_mux * gate, length)


def build_mat(tech: Process, cut: Cut, ports: Ports) -> Mat:
    """Energy, timing and outline of one mat.

    Bitlines of a read: C dV V for each of two bitlines of all columns, C = rows x (cell + wire) + multiplexer, dV the
    swing of the sense amplifiers; of a write: C V^2 for the columns written, as CACTI counts it for both bitlines.
    """
    cell = cell_size(tech, ports)
    under = _column_circuits(tech, cut.mux, cut.late_mux, ports.reading, cell[0])
    before, line = _wordline(tech, cut.rows, cut.columns, cell)
    driver = precharge(tech, cut.columns, cell[0])
    early, late = _selects(tech, cut, cell[0])
    subarray = cell[1] * cut.rows, subarray_width(tech, cut.columns, cell[0])
    cap, sensed = _bitline_cap(tech, cut.rows, cell) + 2 * under.mux_cap, 4 * cut.columns / cut.mux
    bitlines = 2 * tech.swing * tech.vdd * (4 * cut.columns * cap + sensed * under.sense_cap)
    out_energy, out_delay = output_path(tech, cut, cell[0] / ports.reading, subarray[1])
    shared = before.energy + 4 * (line.energy + driver.energy) + early.energy + late.energy + cut.bits * out_energy
    sense = under.latch_cap / tech.sense_siemens * math.log(tech.vdd / tech.swing)
    row = before.delay + line.delay + _bitline_delay(tech, cut.rows, cell, under, 2 * line.last) + sense
    cycle = row - before.delay + line.tau * math.log(2) + _restore(tech, cut.rows, cell, driver)
    height, width = _mat_outline(tech, cut, ports, subarray, under.height, line)
    return Mat(
        read=shared + bitlines + sensed * under.latch_cap * tech.vdd * tech.vdd,
        write=shared + cut.bits * 2 * cap * tech.vdd * tech.vdd,
        to_sense=max(row, early.delay + sense, late.delay),
        to_output=out_delay,
        cycle=max(cycle, before.delay),
        width=width,
        height=height,
        address_bits=log2(cut.rows) + log2(cut.mux * cut.late_mux),
    )


def output_path(tech: Process, cut: Cut, pitch: float, length: float) -> tuple[float, float]:
    """Joules and seconds of one bit from its sense amplifier to the edge of the sub-array.

    Through a transistor of the output multiplexer, a buffer of two inverters, another transistor, a repeated wire.
    """
    unit, switch = tech.min_width, _MUX * tech.feature
    room = (tech.gate_height - 9 * tech.feature) / 3
    gate = tech.gate_cap * unit * (1 + tech.p_to_n)
    output = drain(tech, unit, room) + drain(tech, tech.p_to_n * unit, 2 * room)
    near = drain(tech, switch, pitch * cut.mux) * cut.late_mux
    far = drain(tech, switch, pitch * cut.mux * cut.late_mux)
    stages = (
        (switch, near + gate),
        (unit, output + gate),
        (unit, output + far),
        (switch, far + gate * tech.repeater_size * length / tech.repeater_spacing),
    )
    energy = delay = ramp = 0.0
    for width, cap in stages:
        step = gate_delay(tech.nmos_ohm / width * cap, ramp)
        energy, delay, ramp = energy + cap * tech.vdd * tech.vdd / 2, delay + step, 2 * step
    return energy + length * tech.wire_energy, delay + length * tech.wire_delay


@lru_cache(maxsize=8192)
def _wordline(tech: Process, rows: int, columns: int, cell: tuple[float, float]) -> tuple[Select, Chain]:
    before = row_predecoder(tech, rows, cell[1])
    return before, wordline(tech, columns, *cell, 2 * before.last)


def subarray_width(tech: Process, columns: int, cell_width: float) -> float:
    """Width of a sub-array in µm: its cells and the contacts of the wordline."""
    return cell_width * columns + columns // _STITCH_COLUMNS * _STITCH_WIDTH * tech.feature


def _mat_outline(
    tech: Process, cut: Cut, ports: Ports, subarray: tuple[float, float], under: float, line: Chain
) -> tuple[float, float]:
    """Height and width of a mat: sub-arrays, circuits under the columns, row decoders, wires, shared decoder."""
    outputs = cut.columns // (cut.mux * cut.late_mux) * ports.reading
    output = _repeater_area(tech) / tech.repeater_spacing * outputs
    wires = (log2(cut.rows) + log2(cut.mux * cut.late_mux) + cut.bits) * ports.all
    wires += sum(ways * ports.reading for ways in (cut.mux, cut.late_mux) if ways > 1)
    height = 2 * (subarray[0] + under + output) + wires * tech.wire_pitch
    half = log2(cut.rows) // 2
    lines = ((1 << half) + (1 << (log2(cut.rows) - half))) * ports.all
    decoder = 2 * line.area * ports.all / (subarray[0] / cut.rows)
    width = 2 * subarray[1] + max(lines * tech.wire_pitch, decoder)
    return height, width + lines * tech.centre_area / height


@lru_cache(maxsize=64)
def _repeater_area(tech: Process) -> float:
    nmos = tech.repeater_size * tech.min_width
    return gate_area(tech, nmos, tech.p_to_n * nmos, 1, tech.gate_height)


def log2(number: int) -> int:
    """Whole part of the logarithm of base 2."""
    return number.bit_length() - 1


def leakage(tech: Process, cut: Cut, ports: Ports) -> float:
    """Watts of a bank: cells and ports; drivers by the width of their transistors; outputs; predecoders."""
    cell = cell_size(tech, ports)
    _, line = _wordline(tech, cut.rows, cut.columns, cell)
    drivers = 4 * cut.rows * line.width + 4 * precharge(tech, cut.columns, cell[0]).width
    per_cell = tech.cell_leakage + (ports.writing - 1) * tech.write_port_leakage + ports.read * tech.read_port_leakage
    per_mat = 4 * cut.rows * cut.columns * per_cell
    length = subarray_width(tech, cut.columns, cell[0])
    per_mat += drivers * tech.driver_leakage + cut.bits * ports.reading * length * tech.output_leakage
    return cut.across * cut.down / 4 * (per_mat + math.isqrt(cut.rows) * tech.mat_leakage)
