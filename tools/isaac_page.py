"""ISAAC's table of power and area (Shafiee et al., ISCA 2016, Table I), rebuilt from components.

    python -m tools.isaac_page

Rates follow from the architecture: every 100 ns all 128 rows of each of the 8 arrays of an IMA are driven with one bit of
16-bit inputs, and their 128 columns are converted; so every 1.6 us an IMA takes 8 x 128 inputs (2 KB) and gives 128
outputs of 16 bits, each of which comes from eight columns of 2-bit cells. The paper's figures are of the peak rate too.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from assay.components.arithmetic import Adder
from assay.components.cells import Crossbar
from assay.components.converters import RowDAC, SampleHold, SurveyedADC
from assay.components.edram import EmbeddedDRAM
from assay.components.estimate import Estimate
from assay.components.estimator import Estimator
from assay.components.logic import Comparator, LookupTable, Shifter
from assay.components.network import Router
from assay.components.provider import Asked, EstimatorProvider
from assay.components.registers import Register
from assay.components.registry import Registry, entry_of
from assay.components.technology import Technology
from assay.components.wires import Bus

TABLE = Path(__file__).parent.parent / "tests" / "data" / "reference" / "isaac_table1.csv"
TECHNOLOGY = Technology.parse("32nm")
CLOCK, STEP, ROUND = 1.2e9, 100e-9, 1.6e-6
IMAS, ARRAYS, ROWS, OUTPUTS = 12, 8, 128, 128
INPUT_BITS, OUTPUT_BITS = ARRAYS * ROWS * 16, OUTPUTS * 16
MOVED = IMAS * (INPUT_BITS + OUTPUT_BITS) / ROUND
"""Bits a second between a tile's eDRAM and its IMAs."""
ROUTER_SHARE = 4


@dataclass(frozen=True)
class Row:
    """One row of the table, in W and m2; None where a component is not known.

    Attributes:
        how: what it is built from and at which rate.
        calibrated: which of the paper's figures the estimator itself was made with; empty: none.
    """

    level: str
    name: str
    power: float | None
    area: float | None
    how: str
    calibrated: str = ""


def paper() -> dict[tuple[str, str], tuple[float, float]]:
    """Power in W and area in m2 by level and component, as published."""
    lines = (line for line in TABLE.read_text(encoding="utf-8").splitlines() if not line.startswith("#"))
    return {
        (row["level"], row["component"]): (float(row["power_mW"]) * 1e-3, float(row["area_mm2"]) * 1e-6)
        for row in csv.DictReader(lines)
    }


def ask(estimator: type[Estimator], **attributes: object) -> Estimate:
    """One estimator, asked as from a file."""
    given = {name: entry_of(name, value, estimator.component) for name, value in attributes.items()}
    return EstimatorProvider(estimator).answer(Asked(given, TECHNOLOGY, {}))


def any_of(component: str, **attributes: object) -> Estimate:
    """Whoever the registry chooses."""
    given = {name: entry_of(name, value, component) for name, value in attributes.items()}
    return Registry().estimate(component, Asked(given, TECHNOLOGY, {}))


def rows() -> list[Row]:
    """Those of a tile, then those of an IMA, in the paper's order."""
    return [each() for each in (*_TILE, *_IMA)]


def totals(found: list[Row]) -> dict[tuple[str, str], tuple[float, float]]:
    """Sums of a tile, by the paper's names: W and m2."""

    def added(level: str) -> tuple[float, float]:
        shares = [(row, 1 / ROUTER_SHARE if row.name == "router" else 1.0) for row in found if row.level == level]
        return sum((row.power or 0) * share for row, share in shares), sum(
            (row.area or 0) * share for row, share in shares
        )

    alone, ima = added("tile"), added("IMA")
    inside = IMAS * ima[0], IMAS * ima[1]
    return {
        ("tile", "tile total (no IMA)"): alone,
        ("tile", "12 IMAs"): inside,
        ("tile", "1 tile total"): (alone[0] + inside[0], alone[1] + inside[1]),
    }


def power(estimate: Estimate, count: float = 1, **rates: float) -> float | None:
    """W of `count` instances; rates are actions a second of one."""
    energies = {action: estimate.energy_of(action) for action in rates}
    if any(energy is None for energy in energies.values()):
        return None
    return count * (sum(rates[a] * (energies[a] or 0) for a in rates) + (estimate.leakage or 0))


def area(estimate: Estimate, count: float = 1) -> float | None:
    return None if estimate.area is None else count * estimate.area


def _edram() -> Row:
    memory = ask(EmbeddedDRAM, size="64 KiB", width=256, banks=2)
    rate = MOVED / 256
    how = f"`edram`, each word written and read once: {2 * rate / 1e9:.2f} G accesses a second, and refresh"
    return Row("tile", "eDRAM buffer", power(memory, read=rate, write=rate), area(memory), how)


def _bus() -> Row:
    wires = ask(Bus, length="0.9 mm", width=384, drops=IMAS, above_logic="false")
    how = f"`bus` of 0.9 mm with 12 drops, {MOVED / 1e9:.0f} Gb/s"
    return Row("tile", "eDRAM-to-IMA bus", power(wires, transfer=MOVED / 384), area(wires), how, "length from the area")


def _router() -> Row:
    router = ask(Router, width=32, ports=8)
    how = f"`router` of 8 ports, {ROUTER_SHARE} x {MOVED / 1e9:.0f} Gb/s in flits of 32 bits"
    through = power(router, transfer=ROUTER_SHARE * MOVED / 32)
    return Row("tile", "router", through, area(router), how, "its area is one of two that `router` averages")


_PRODUCED = IMAS * OUTPUTS / ROUND
"""Outputs of a tile a second."""


def _sigmoid() -> Row:
    table = ask(LookupTable, entries=256, width=8)
    how = f"two `lookup_table`s of 256 x 8 bits, {_PRODUCED / 1e9:.2f} G/s in all"
    return Row("tile", "sigmoid", power(table, 2, read=_PRODUCED / 2), area(table, 2), how, "area")


def _shift_add(level: str, count: int, rate: float) -> Row:
    adder, shifter, register = (
        ask(Adder, format="int16"),
        ask(Shifter, width=16),
        ask(Register, width=16),
    )
    parts = (
        power(adder, count, add=rate / count),
        power(shifter, count, shift=rate / count),
        power(register, count, write=rate / count),
    )
    total = None if None in parts else sum(part or 0 for part in parts)
    size = sum(area(part, count) or 0 for part in (adder, shifter, register))
    how = f"16-bit `adder`, `shifter` and `register`, {rate / 1e9:.2f} G/s in all"
    return Row(level, "shift+add", total, size, how)


def _max_pool() -> Row:
    comparator, register = ask(Comparator, width=16), ask(Register, width=16)
    parts = power(comparator, compare=_PRODUCED), power(register, write=_PRODUCED)
    total = None if None in parts else sum(part or 0 for part in parts)
    how = f"16-bit `comparator` and `register`, {_PRODUCED / 1e9:.2f} G/s"
    return Row("tile", "max pool", total, (area(comparator) or 0) + (area(register) or 0), how)


def _buffer(level: str, name: str, size: int, width: int, moved: float, what: str) -> Row:
    """A register of the paper: an SRAM whose bits are written and read at a rate."""
    memory = any_of("sram", depth=size * 8 // width, width=width)
    rate = moved / width
    how = f"`sram` of {size} B and {width} bits, {what}: {rate / 1e9:.3f} G reads and writes a second"
    return Row(level, name, power(memory, read=rate, write=rate), area(memory), how)


def _adc() -> Row:
    converter = ask(SurveyedADC, bits=8, rate="1.2 GHz", design="best")
    typical = ask(SurveyedADC, bits=8, rate="1.2 GHz")
    usual = f"{(power(typical, ARRAYS, convert=CLOCK) or 0) * 1e3:.0f} mW, {(area(typical, ARRAYS) or 0) * 1e6:.3f} mm2"
    how = f"8 `adc`s of 8 bits at 1.2 GS/s, `design: best` (typical: {usual})"
    return Row("IMA", "ADC", power(converter, ARRAYS, convert=CLOCK), area(converter, ARRAYS), how)


def _dac() -> Row:
    converter, count = ask(RowDAC, bits=1), ARRAYS * ROWS
    how = f"{count} `dac`s of 1 bit, each every 100 ns"
    driven = power(converter, count, convert=1 / STEP)
    return Row("IMA", "DAC", driven, area(converter, count), how, "power and area")


def _sample_hold() -> Row:
    sampler, count = ask(SampleHold, bits=8), ARRAYS * ROWS
    how = f"{count} `sample_hold`s of 8 bits, each every 100 ns"
    return Row("IMA", "sample+hold", power(sampler, count, sample=1 / STEP), area(sampler, count), how, "area")


def _array() -> Row:
    cell = {"read_voltage": "0.4 V", "resistance_on": "1e6", "resistance_off": "1e7"}
    array = ask(Crossbar, rows=ROWS, columns=128, bits_per_cell=2, access="crosspoint", pulse="100 ns", **cell)
    usual = ask(Crossbar, rows=ROWS, columns=128, bits_per_cell=2, access="crosspoint")
    other = f"{(power(usual, ARRAYS, compute=1 / STEP) or 0) * 1e3:.0f} mW with the default cell and pulses of 10 ns"
    how = f"8 `crossbar`s, cells of NVSim's sample (0.4 V, 1 and 10 MOhm) read for 100 ns; {other}"
    return Row("IMA", "memristor array", power(array, ARRAYS, compute=1 / STEP), area(array, ARRAYS), how)


_TILE: tuple[Callable[[], Row], ...] = (
    _edram,
    _bus,
    _router,
    _sigmoid,
    lambda: _shift_add("tile", 1, _PRODUCED),
    _max_pool,
    lambda: _buffer("tile", "output register", 3072, 128, IMAS * OUTPUT_BITS / ROUND, "outputs of the IMAs"),
)
_IMA: tuple[Callable[[], Row], ...] = (
    _adc,
    _dac,
    _sample_hold,
    _array,
    lambda: _shift_add("IMA", 4, ARRAYS * CLOCK),
    lambda: _buffer("IMA", "input register", 2048, 256, INPUT_BITS / ROUND, "inputs"),
    lambda: _buffer("IMA", "output register", 256, 128, OUTPUT_BITS / STEP, "sums, once a step"),
)


def isaac_table() -> str:
    """The table in Markdown."""
    published, found = paper(), rows()
    lines = [
        "| part | power, mW: paper | here | area, mm2: paper | here | from | calibrated to the paper |",
        "|---|---:|---:|---:|---:|---|---|",
    ]
    for row in found:
        said = published[row.level, row.name]
        part = f"{row.level}: {row.name}"
        figures = f"{_beside(said[0], row.power, 1e3)} | {_beside(said[1], row.area, 1e6)}"
        lines.append(f"| {part} | {figures} | {row.how} | {row.calibrated or '-'} |")
    for (level, name), sums in totals(found).items():
        said = published[level, name]
        figures = f"{_beside(said[0], sums[0], 1e3)} | {_beside(said[1], sums[1], 1e6)}"
        lines.append(f"| **{name}** | {figures} | sum, a quarter of the router | |")
    return "\n".join(lines) + "\n"


def weight(row: Row) -> float:
    """How often a row is in a tile."""
    return IMAS if row.level == "IMA" else 1 / ROUTER_SHARE if row.name == "router" else 1


def isaac_reasons() -> str:
    """What the table says, and why rows deviate, in Markdown."""
    published, found = paper(), rows()
    tile = totals(found)["tile", "1 tile total"]
    said = published["tile", "1 tile total"]
    off = [
        sum(weight(row) * abs((_figures(row)[i] or 0) - published[row.level, row.name][i]) for row in found)
        for i in (0, 1)
    ]
    given = sum(weight(row) * published[row.level, row.name][0] for row in found if "power" in row.calibrated)
    typical = ask(SurveyedADC, bits=8, rate="1.2 GHz")
    usual = tile[0] + IMAS * ((power(typical, ARRAYS, convert=CLOCK) or 0) - (_adc().power or 0))
    return f"""\
- A tile comes to {tile[0] * 1e3:.0f} mW ({tile[0] / said[0] - 1:+.0%}) and {tile[1] * 1e6:.3f} mm2 ({tile[1] / said[1] - 1:+.0%}).
  Rows that are too high and too low cancel in part: deviations, whatever their sign, add up to {off[0] / said[0]:.0%} of
  the power and {off[1] / said[1]:.0%} of the area.
- {given * 1e3:.0f} mW of the paper's {said[0] * 1e3:.0f} mW (the DACs) are what `dac` was calibrated to; all other power is predicted.
- ADC: the paper takes one published converter (Kull et al., ISSCC 2013: 3.1 mW, 0.0015 mm2) and counts 2 mW and
  0.0012 mm2 of it. `design: best` is what a tenth of all published converters reach; with the middle of them a tile
  would take {usual * 1e3:.0f} mW. That converter is among the smallest of all: most of the deviation in area is here.
- Memristor array: the resistance of its cells, which Table I does not give, decides the power. Its area is 1.5 F2 a
  cell; wires at their least pitch need 4 F2.
- Shift+add: the paper's 0.021 pJ a sample is less than the clock of the 16 flip-flops that hold the sum.
- Input register: the paper's 0.0021 mm2 for 2 KB is less than its cells alone would take at 146 F2; here 64 words of
  256 bits have more of drivers and sense amplifiers than of cells.
- Sigmoid, max pool and sample-and-hold are together below 1 % of the tile.
"""


def _figures(row: Row) -> tuple[float | None, float | None]:
    return row.power, row.area


def _beside(said: float, here: float | None, scale: float) -> str:
    if here is None:
        return f"{said * scale:.4g} | not modelled"
    return f"{said * scale:.4g} | {here * scale:.3g} ({here / said - 1:+.0%})"


if __name__ == "__main__":
    sys.stdout.write(isaac_table() + "\n" + isaac_reasons())
