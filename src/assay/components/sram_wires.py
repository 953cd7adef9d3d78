"""The tree of wires of an SRAM array: from the edge of a bank to its mats, and from the edge of the array to its banks.

Units and sources as in `assay.components.sram_parts`; the tree is that of N. Muralimanohar, R. Balasubramonian,
N. Jouppi, "CACTI 6.0: a tool to model large caches", HPL-2009-85, 2009: an H, of repeated wires, with a gate at each
node that passes the bits on to one side.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from assay.components.sram_parts import Process, drain


class Tree(NamedTuple):
    """Wires from the edge to a mat or bank: joules per bit in and per bit out, seconds each way; outline, way in µm."""

    energy_in: float
    energy_out: float
    delay_in: float
    delay_out: float
    width: float
    height: float
    length: float


def tree(tech: Process, across: int, down: int, mat: tuple[float, float], address: int, data: int) -> Tree:
    """The tree over `across` x `down` mats (powers of two), each `mat` = (width, height) µm.

    Args:
        tech: The process.
        across: Mats side by side.
        down: Mats above each other.
        mat: Width and height of a mat in µm.
        address: Wires of the address (all ports together).
        data: Wires of data in and out (all ports together).
    """
    levels = across.bit_length() - 1, down.bit_length() - 1
    width, height = _outline(tech, levels, (across * mat[0], down * mat[1]), address, data)
    length = energy_in = energy_out = delay_in = delay_out = 0.0
    for leg, sized, before, behind in _legs(levels, width, height, tech.repeater_spacing):
        gate_energy, gate_tau = _split(tech, before * tech.repeater_size, behind * tech.repeater_size)
        buffer_energy, buffer_tau = _join(tech, before * tech.repeater_size, behind * tech.repeater_size, sized)
        length += leg
        energy_in, delay_in = energy_in + gate_energy, delay_in + gate_tau
        energy_out, delay_out = energy_out + buffer_energy, delay_out + buffer_tau
    energy, delay, switch = length * tech.wire_energy, length * tech.wire_delay, -math.log(tech.vth / tech.vdd)
    return Tree(
        energy + energy_in,
        energy + energy_out,
        delay + switch * delay_in,
        delay + switch * delay_out,
        width,
        height,
        length,
    )


@lru_cache(maxsize=8192)
def _split(tech: Process, before: float, behind: float) -> tuple[float, float]:
    """Joules and time constant of a node inwards: a NAND gate per branch, between repeaters of the sizes given."""
    unit, pn = tech.min_width, tech.p_to_n
    size = max(before * (1 + pn) / (2 + pn), 1.0) * unit
    load = 2 * tech.gate_cap * behind * unit * (1 + pn)
    nmos, pmos = _plain(tech, size, 1), _plain(tech, size * pn * pn, 2)
    return (2 * pmos + nmos + load) * tech.vdd * tech.vdd / 2, 2 * tech.nmos_ohm / size * (2 * nmos + load)


@lru_cache(maxsize=8192)
def _join(tech: Process, before: float, behind: float, length: float) -> tuple[float, float]:
    """Joules and time constant of a node outwards: a buffer with three states (NAND, NOR, inverter, output pair)."""
    unit, pn, cap = tech.min_width, tech.p_to_n, tech.gate_cap
    size, load = max(before / 3, 1.0) * unit, cap * behind * unit * (1 + pn)
    effort = 1 + length * tech.wire_cap * tech.buffer_wire / load
    pair = before * (1 + pn) / (2 * pn * effort) * unit
    sink = cap * before * unit * (1 + pn)
    nmos, pmos = _plain(tech, size, 1), _plain(tech, size * pn, 2)
    both = 2 * (_plain(tech, pair, 1) + _plain(tech, pair * pn, 2)) + sink
    gates = 4 * (nmos + pmos) + cap * (pair * pn + size * (1 + pn) + pair * (1 + pn))
    pull = 2 * tech.pmos_ohm / (size * pn)
    tau = pull * (nmos + 2 * pmos + cap * pair * pn) + (pull + tech.nmos_ohm / pair) * both
    return (gates + both) * tech.vdd * tech.vdd / 2, tau


def _plain(tech: Process, width: float, part: int) -> float:
    """Capacitance of a drain in a gate of standard height, of which this kind takes `part` thirds."""
    return drain(tech, width, part * (tech.gate_height - 9 * tech.feature) / 3)


def bank_wires(tech: Process, banks: tuple[int, int], bank: tuple[float, float], wires: int) -> Tree:
    """The wires from the edge of the array to one of `banks` = (across, down): repeated wires without gates."""
    levels = banks[0].bit_length() - 1, banks[1].bit_length() - 1
    width, height = (
        count * size + wires * tech.wire_pitch * 2 * (1 - 0.5**level)
        for count, size, level in zip(banks, bank, levels[::-1], strict=True)
    )
    length = sum(leg for leg, *_ in _legs(levels, width, height, tech.repeater_spacing))
    energy, delay = length * tech.wire_energy, length * tech.wire_delay
    return Tree(energy, energy, delay, delay, width, height, length)


def _legs(
    levels: tuple[int, int], width: float, height: float, spacing: float
) -> Iterator[tuple[float, float, float, float]]:
    """The way from the middle of an edge to a leaf, wire by wire, as CACTI goes it.

    First across until as many levels remain across as down, then across and down in turns, then down. For each node:
    length of its wire, length that sizes its buffer, and the repeaters before and behind it as parts of full size: on a
    wire shorter than the distance of two repeaters they are smaller in proportion (behind: to the last wire across).
    """
    wide, tall = levels
    right, up = width / 2, height / 4
    last, drop = right, height / 2
    while wide or tall:
        if wide:
            last = right
            before, behind = (
                min(1.0, last / spacing),
                1.0 if (up if wide <= tall else drop) > spacing else last / spacing,
            )
            yield right, min(last, spacing), before, behind
            wide, right = wide - 1, right / 2
            if wide < tall:
                yield up, min(up, spacing), behind, behind
                tall, drop, up = tall - 1, up, up / 2
        else:
            yield up, min(last, spacing), min(1.0, last / spacing), 1.0 if up > spacing else last / spacing
            tall, up = tall - 1, up / 2


def _outline(
    tech: Process, levels: tuple[int, int], mats: tuple[float, float], address: int, data: int
) -> tuple[float, float]:
    """Width and height of a bank: its mats and the channels in which the tree's wires run between them."""
    wide, tall = levels
    excess, square = abs(wide - tall), (1 << min(wide, tall)) - 1
    channel = 2 * (1 - 0.5**excess)
    down: float
    across: float
    if wide > tall:
        across = address * ((1 << wide) - 1) + data * tall
        down = address * (square + excess) + data * (channel + tall * 2.0**excess)
    else:
        across = address * (square + excess) + data * (wide + channel)
        down = address * (square + excess) + data * wide
    return mats[0] + across * tech.wire_pitch, mats[1] + down * tech.wire_pitch
