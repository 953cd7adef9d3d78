"""Energy, area, leakage and timing of an SRAM array, from its circuits (an analytical model).

An array of `depth` words of `width` bits is cut into sub-arrays of cells. Four of them, 2 x 2 around a decoder, form a
*mat*; an access opens one wordline in each sub-array of the mats it needs, senses its bitlines, and a tree of wires
brings the address there and the data back. How it is cut is chosen by a small search that minimises delay^2 x energy.

Calibrated against CACTI 7 as the Python package hwcomponents-cacti 1.0.40 runs it (`tools/fit_sram.py`,
`tests/data/reference/cacti_sram.csv`): low-standby-power transistors, 300 K, 22 to 90 nm. Between the tabulated nodes
results are interpolated linearly; below 22 nm and above 90 nm those of the nearest node are scaled: area and time with
A. Stillmaker, B. Baas, "Scaling equations for the accurate prediction of CMOS device performance from 180 nm to 7 nm",
Integration 58, 2017; energy as that of wires, with length and the square of the supply.

What it leaves out: redundancy, test circuits, error correction, power gating, idle cycles (only leakage); memories of a
few words, which are built of latches or registers, and of which it gives less area than they take.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from operator import itemgetter
from typing import NamedTuple

from assay.components.sram_mat import Cut, Mat, Ports, build_mat, leakage, log2
from assay.components.sram_parts import Process, processes
from assay.components.sram_wires import bank_wires, tree
from assay.components.technology import Technology, nominal_voltage, scaling

_MIN_ROWS, _MIN_COLUMNS, _MIN_WIDTH, _BYTE = 16, 2, 32, 8
"""Smallest sub-array; the narrowest word that the model builds (narrower ones are scaled), in steps of a byte."""
_SHALLOWEST = 64
"""Words of the shallowest bank that the model builds; shallower ones are scaled."""
_ACROSS = (2, 4, 8, 16)
"""Sub-arrays side by side that the search tries."""
_PER_ROW = (1, 2, 4, 8, 16, 32, 64, 128, 256)
"""Words in one row of a bank."""
_ODD_SHAPE = 12.0
"""Banks of several mats are not tried if they, or their sub-arrays, are so many times wider or higher than the other
way; sub-arrays up to twice as many times wider."""
_REFINED = 3
"""Cuts for which all splits of the multiplexing are tried."""
_ALPHA, _LEAST_DRIVE = 1.3, 0.1
"""Exponent of the alpha-power law for short channels; least distance of supply and threshold, in nominal supplies."""
_QUANTITIES = ("read", "write", "area", "leakage", "cycle", "access")


@dataclass(frozen=True, slots=True)
class Organisation:
    """How a bank is cut.

    Attributes:
        rows: Rows of cells of a sub-array.
        columns: Columns of cells of a sub-array.
        across: Sub-arrays side by side.
        down: Sub-arrays above each other.
        column_mux: Columns that share one bit of the output.
        active: Sub-arrays whose wordline rises in one access.
    """

    rows: int
    columns: int
    across: int
    down: int
    column_mux: int
    active: int


@dataclass(frozen=True, slots=True)
class SramFigures:
    """What one instance costs; SI units.

    Attributes:
        read: Joules of one read of `width` bits.
        write: Joules of one write of `width` bits.
        area: Square metres.
        leakage: Watts.
        cycle: Seconds between two accesses to the same bank.
        access: Seconds from the address to the data.
        organisation: The cut of one bank that was chosen.
    """

    read: float
    write: float
    area: float
    leakage: float
    cycle: float
    access: float
    organisation: Organisation


class _Bank(NamedTuple):
    """A bank, or all banks with their wires: joules, seconds, micrometres; µm of wires between banks."""

    read: float
    write: float
    access: float
    cycle: float
    width: float
    height: float
    address_bits: int
    wires: float


def _bank(tech: Process, cut: Cut, mat: Mat, ports: Ports, width: int) -> _Bank:
    """One bank: its mats and the tree of wires that joins them."""
    address = mat.address_bits + log2(cut.across * cut.down // 4 // cut.mats)
    data_in, data_out = (width + 1) * ports.writing, width * ports.reading
    net = tree(tech, cut.across // 2, cut.down // 2, (mat.width, mat.height), address * ports.all, data_in + data_out)
    shared = address * ports.all * net.energy_in
    return _Bank(
        read=cut.mats * mat.read + shared + data_out * net.energy_out,
        write=cut.mats * mat.write + shared + data_out * net.energy_out,
        access=net.delay_in + mat.to_sense + mat.to_output + net.delay_out,
        cycle=mat.cycle,
        width=net.width,
        height=net.height,
        address_bits=address,
        wires=0.0,
    )


def _cuts(tech: Process, depth: int, width: int) -> Iterator[Cut]:
    """The ways to cut a bank that are tried, in a fixed order, each with the usual split of its multiplexing."""
    for across in _ACROSS:
        for per_row in _PER_ROW:
            columns = math.ceil(width * per_row / across)
            for mats in (1, 2):
                ways = 4 * mats * per_row // across
                if mats > across // 2 or ways < 1 or columns < max(_MIN_COLUMNS, ways):
                    continue
                late = max(1, ways // 16) if ways > 32 else 1
                cut = Cut(across, 2, 0, columns, ways // late, late, mats, width // mats)
                yield from _heights(tech, depth, per_row, cut)


def _heights(tech: Process, depth: int, per_row: int, cut: Cut) -> Iterator[Cut]:
    """A cut with every number of sub-arrays above each other that leaves enough rows and no bank of odd shape."""
    for down in (2 << level for level in range(9)):
        rows = math.ceil(depth / (down * per_row))
        if rows < _MIN_ROWS:
            return
        part = cut.columns * tech.cell_width / (rows * tech.cell_height)
        odd = max(part / 2, 1 / part, bank := part * cut.across / down, 1 / bank) > _ODD_SHAPE
        if not odd or cut.across * down == 4 or per_row == _PER_ROW[-1]:
            yield cut._replace(down=down, rows=rows)


def _splits(cut: Cut) -> Iterator[Cut]:
    """A cut with all splits of its multiplexing into that before and that behind the sense amplifiers."""
    ways = cut.mux * cut.late_mux
    for late in (1, 2, 4, 8, 16, 32):
        if late <= ways:
            yield cut._replace(mux=ways // late, late_mux=late)


def _best(tech: Process, depth: int, width: int, banks: int, ports: Ports) -> tuple[Cut, _Bank]:
    """The cut of least delay^2 x energy, wires between the banks included, and the array it makes.

    Cuts come in the order of a bound that the score is never below, so that the search ends early.
    """

    def scored(cut: Cut, mat: Mat) -> tuple[float, Cut, _Bank]:
        array = _joined(tech, _bank(tech, cut, mat, ports, width), banks, width, ports)
        return array.access * array.access * array.read, cut, array

    mats = ((cut, build_mat(tech, cut, ports)) for cut in _cuts(tech, depth, width))
    bounded = sorted(
        ((_bound(tech, cut, mat, banks, width * ports.reading), cut, mat) for cut, mat in mats), key=itemgetter(0)
    )
    few: list[tuple[float, Cut, _Bank]] = []
    for bound, cut, mat in bounded:
        if len(few) == _REFINED and bound >= few[-1][0]:
            break
        few = sorted([*few, scored(cut, mat)], key=itemgetter(0))[:_REFINED]
    splits = (split for _, cut, _ in few for split in _splits(cut))
    _, cut, array = min((scored(split, build_mat(tech, split, ports)) for split in splits), key=itemgetter(0))
    return cut, array


def _bound(tech: Process, cut: Cut, mat: Mat, banks: int, data: int) -> float:
    """Less than delay^2 x energy of an array: the mats of one bank, and the bare wires over mats and banks."""
    width, height = mat.width * cut.across / 2, mat.height * cut.down / 2
    over, up = _grid(banks, width, height)
    length = width * over - mat.width + (height * up - mat.height) / 2
    delay = mat.to_sense + mat.to_output + 2 * length * tech.wire_delay
    return delay * delay * (cut.mats * mat.read + data * length * tech.wire_energy)


def _grid(banks: int, width: float, height: float) -> tuple[int, int]:
    """Banks beside and above each other: more of them along the shorter side of a bank."""
    levels = banks.bit_length() - 1
    fewer, more = 1 << levels // 2, 1 << levels - levels // 2
    return (more, fewer) if height > width else (fewer, more)


def _joined(tech: Process, bank: _Bank, banks: int, width: int, ports: Ports) -> _Bank:
    """Banks (a power of two of them) beside and above each other, and the wires to them."""
    if banks == 1:
        return bank
    grid = _grid(banks, bank.width, bank.height)
    address, data_in, data_out = bank.address_bits * ports.all, (width + 1) * ports.writing, width * ports.reading
    net = bank_wires(tech, grid, (bank.width, bank.height), address + data_in + data_out)
    return bank._replace(
        read=bank.read + net.energy_in * (address + data_out),
        write=bank.write + net.energy_in * (address + data_out),
        access=bank.access + net.delay_in + net.delay_out,
        width=net.width,
        height=net.height,
        wires=net.length * (address + data_in + data_out),
    )


def sram_figures(
    depth: int,
    width: int,
    node: float,
    *,
    banks: int = 1,
    ports: int = 1,
    read_ports: int = 0,
    write_ports: int = 0,
    voltage: float | None = None,
) -> SramFigures:
    """Energy, area, leakage and timing of an SRAM of `depth` words of `width` bits.

    Args:
        depth: Words of all banks together.
        width: Bits of a word, which one access reads or writes.
        node: Technology in nm, 7 to 180.
        banks: Banks; an access takes one of them and the wires to it. The layout has the next power of two of them.
        ports: Ports that both read and write.
        read_ports: Ports beyond those that only read.
        write_ports: Ports beyond those that only write.
        voltage: Supply as a part of the nominal one of the node; None: 1.

    Raises:
        ValueError: a count is below its least value, there is no port, or nothing works at that voltage.
        InputError: the node is not covered.
    """
    least = {"depth": (depth, 1), "width": (width, 1), "banks": (banks, 1), "ports": (ports, 0)}
    least |= {"read_ports": (read_ports, 0), "write_ports": (write_ports, 0)}
    for name, (value, lowest) in least.items():
        if value < lowest:
            raise ValueError(f"{name} = {value} of an SRAM: at least {lowest}")
    if ports + read_ports < 1 or ports + write_ports < 1:
        raise ValueError("an SRAM needs a port that reads and one that writes")
    return _at_node(
        depth, width, float(node), banks, Ports(ports, read_ports, write_ports), 1.0 if voltage is None else voltage
    )


@lru_cache(maxsize=4096)
def _at_node(depth: int, width: int, node: float, banks: int, ports: Ports, voltage: float) -> SramFigures:
    """Figures at any node: a straight line between two tabulated ones, scaled outside of them."""
    table = processes()
    near = min(max(node, min(table)), max(table))
    low, high = max(n for n in table if n <= near), min(n for n in table if n >= near)
    below, above = (_tabulated(depth, width, each, banks, ports, voltage) for each in (low, high))
    share = (near - low) / (high - low) if high > low else 0.0
    factors = _beyond(near, node)
    figures = {
        name: by * ((1 - share) * getattr(below, name) + share * getattr(above, name)) for name, by in factors.items()
    }
    return SramFigures(**figures, organisation=(below if share <= 0.5 else above).organisation)


def _beyond(near: float, node: float) -> dict[str, float]:
    """By what the figures of the nearest tabulated node are multiplied at a node outside of the table.

    An array is mostly wire: its capacitance goes with length, which is the square root of the source's factor of area,
    and its energy with that and V^2. The supply is the nominal one of the node, but not above that of the tabulated
    node where the node is smaller. Leakage is taken to scale as energy does; times with the source's delay.
    """
    factors = dict.fromkeys(_QUANTITIES, 1.0)
    if node != near:
        vdd = processes()[int(near)].vdd
        by = scaling(Technology.of(near, vdd), Technology.of(node))
        volts = nominal_voltage(node) / vdd
        energy = math.sqrt(by.area) * (min(volts, 1.0) if node < near else volts) ** 2
        factors = dict(zip(_QUANTITIES, (energy, energy, by.area, energy, by.delay, by.delay), strict=True))
    return factors


@lru_cache(maxsize=256)
def _supplied(node: int, voltage: float) -> Process:
    """A tabulated process at another supply, as a part of its nominal one.

    Resistance of transistors goes with V / (V - Vth)^1.3 (T. Sakurai, A. R. Newton, "Alpha-power law MOSFET model",
    IEEE JSSC 25(2), 1990), delay of repeated wires with its square root, their energy with V^2, leakage with V.

    Raises:
        ValueError: the supply is below the threshold of the transistors, or hardly above it.
    """
    tech = processes()[node]
    if voltage == 1.0:
        return tech
    vdd = tech.vdd * voltage
    if vdd < tech.vth + _LEAST_DRIVE * tech.vdd:
        least = tech.vth / tech.vdd + _LEAST_DRIVE
        raise ValueError(f"voltage = {voltage:g} of the nominal {tech.vdd:g} V at {node} nm: at least {least:.2f}")
    slower = voltage * ((tech.vdd - tech.vth) / (vdd - tech.vth)) ** _ALPHA
    leaks = {name: getattr(tech, name) * voltage for name in Process.__dataclass_fields__ if name.endswith("leakage")}
    return replace(
        tech,
        vdd=vdd,
        nmos_ohm=tech.nmos_ohm * slower,
        pmos_ohm=tech.pmos_ohm * slower,
        sense_siemens=tech.sense_siemens / slower,
        wire_energy=tech.wire_energy * voltage**2,
        wire_delay=tech.wire_delay * math.sqrt(slower),
        **leaks,
    )


@lru_cache(maxsize=4096)
def _tabulated(depth: int, width: int, node: int, banks: int, ports: Ports, voltage: float) -> SramFigures:
    """Figures at a tabulated node; words narrower and banks shallower than the model builds are scaled from those.

    The factors are those of hwcomponents-cacti, which found them by trying: energy (0.7 w + 0.3) d^0.78, area and
    leakage w d, with w and d the width and the depth as parts of the least ones; times stay.
    """
    built_width = max(-(-width // _BYTE) * _BYTE, _MIN_WIDTH)
    built_depth = max(depth, _SHALLOWEST * banks)
    full = _built(node, voltage, built_depth, built_width, banks, ports)
    narrow, shallow = width / built_width, depth / built_depth
    energy, linear = (0.7 * narrow + 0.3) * shallow**0.78, narrow * shallow
    return replace(
        full,
        read=full.read * energy,
        write=full.write * energy,
        area=full.area * linear,
        leakage=full.leakage * linear,
    )


def _built(node: int, voltage: float, depth: int, width: int, banks: int, ports: Ports) -> SramFigures:
    """Figures of an array that is built as asked: cut for the nominal supply, whatever it is run at."""
    built_banks = 1 << (banks - 1).bit_length()
    tech = processes()[node]
    cut, array = _best(tech, -(-depth // built_banks), width, built_banks, ports)
    if voltage != 1.0:
        tech = _supplied(node, voltage)
        array = _joined(tech, _bank(tech, cut, build_mat(tech, cut, ports), ports, width), built_banks, width, ports)
    return SramFigures(
        read=array.read,
        write=array.write,
        area=array.width * array.height * 1e-12,
        leakage=banks * (leakage(tech, cut, ports) + array.wires * tech.wire_leakage),
        cycle=array.cycle,
        access=array.access,
        organisation=Organisation(cut.rows, cut.columns, cut.across, cut.down, cut.mux * cut.late_mux, 4 * cut.mats),
    )
