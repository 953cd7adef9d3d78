"""How the time of the search grows with the chip and the layer: `python benchmarks/scaling.py --json FILE`.

Each series changes one thing. `tools/mapper_page.py` draws the pictures of docs/mapper.md from FILE.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from assay.errors import AssayError
from assay.hardware import parse_hardware
from assay.hardware.model import Hardware
from assay.mapper import best_mapping
from assay.workload.einsum import Einsum, convolution, matmul

LIMIT = 60.0
"""Seconds for one search; what takes longer is shown as stopped."""

MEMORIES = (
    ("dram", "", 200),
    ("level_32MiB", "size: 32 MiB, ", 40),
    ("level_2MiB", "size: 2 MiB, ", 15),
    ("level_128KiB", "size: 128 KiB, ", 6),
    ("level_2KiB", "size: 2 KiB, ", 1.5),
    ("registers", "size: 64 B, ", 0.5),
)
"""Name, size, energy of 16 bits in MACs. The array is above the last two."""

CHAINS = {2: (0, 5), 3: (0, 3, 5), 4: (0, 2, 3, 5), 5: (0, 1, 2, 3, 5), 6: (0, 1, 2, 3, 4, 5)}

SIZES = (64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384)
DIVISORS = (8191, 8189 * 2, 8192 // 4 * 3, 4096, 8192, 5000, 6000, 5040, 7560, 10080, 20160, 45360)
ARRAYS = (4, 8, 16, 32, 64, 128, 256)


@dataclass(frozen=True, slots=True)
class Point:
    """One search: its place in a series, seconds, partial mappings; `gap` is None where nothing was found in time."""

    series: str
    line: str
    x: int
    seconds: float
    labels: int
    gap: float | None
    stopped: bool


def chain(levels: int, array: int = 16) -> Hardware:
    """So many memories, all of which keep all tensors, above and below a square array."""
    nodes: list[str] = []
    for index in CHAINS[levels]:
        name, size, energy = MEMORIES[index]
        if nodes and index >= 4 and not any("fanout" in node for node in nodes):
            nodes.append(f"{{fanout: array, X: {array}, Y: {array}, energy: 1 pJ}}")
        place = "offchip: true, bandwidth: 256 b/cycle, " if index == 0 else ""
        place += f"bandwidth: {{read: {64 * array} b/cycle, write: {64 * array} b/cycle}}, " if 0 < index < 4 else ""
        nodes.append(f"{{memory: {name}, {size}{place}keep: [ifmap, filter, ofmap], energy: {energy} pJ}}")
    nodes.append("{compute: mac, bits: 16, energy: 1 pJ}")
    text = "assay: hardware/1\nname: chain\nclock: 1 GHz\nenergy_source: assumed\nnodes:\n"
    return parse_hardware(text + "".join(f"  - {node}\n" for node in nodes))


def cube(size: int) -> Einsum:
    return matmul(n=size, c=size, m=size)


WINDOWS = convolution(m=64, c=64, p=56, q=56, r=3, s=3)
NO_WINDOWS = convolution(m=64, c=64, p=56, q=56, n=9)
"""The same dimensions and multiply-accumulates; only that no address is a sum of two dimensions."""


def questions() -> Iterator[tuple[str, str, int, Einsum, Hardware]]:
    """(series, line, x, layer, chip) of every search."""
    lines = {"3 × 3 convolution": WINDOWS, "no windows": NO_WINDOWS, "matmul 4096": cube(4096)}
    for name, einsum in lines.items():
        for levels in CHAINS:
            yield "levels", name, levels, einsum, chain(levels)
    for size in SIZES:
        yield "size", "3 levels", size, cube(size), chain(3)
        yield "size", "5 levels", size, cube(size), chain(5)
    for size in sorted(set(DIVISORS)):
        yield "divisors", "3 levels", size, cube(size), chain(3)
    for name, einsum in lines.items():
        for array in ARRAYS:
            yield "array", name, array, einsum, chain(3, array)


def ask(series: str, line: str, x: int, einsum: Einsum, hardware: Hardware, objective: str) -> Point:
    start = time.perf_counter()
    try:
        result = best_mapping(einsum, hardware, objective, time_limit=LIMIT)
    except AssayError as error:
        print(f"{series} {line} {x} {objective}: {error}", file=sys.stderr)
        return Point(series, f"{line}, {objective}", x, time.perf_counter() - start, 0, None, True)
    seconds = time.perf_counter() - start
    return Point(series, f"{line}, {objective}", x, seconds, result.labels, result.gap, result.stopped)


def main() -> int:
    parser = argparse.ArgumentParser(description="Time the search over chips and layers of growing size.")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the points to FILE")
    parser.add_argument("--only", metavar="SERIES", help="only one series: levels, size, divisors or array")
    arguments = parser.parse_args()
    points = []
    for question in questions():
        if arguments.only in (None, question[0]):
            for objective in ("energy", "edp"):
                points.append(ask(*question, objective))
                p = points[-1]
                end = "stopped" if p.stopped else "" if p.gap is not None and p.gap <= 1e-8 else f"gap {p.gap}"
                print(f"{p.series:<10}{p.line:<28}{p.x:>8}{p.seconds:>10.3f} s{p.labels:>14,} {end}", flush=True)
    if arguments.json:
        machine = f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores"
        rows = ",\n  ".join(json.dumps(asdict(point)) for point in points)
        arguments.json.write_text(f'{{\n "machine": "{machine}",\n "points": [\n  {rows}\n ]\n}}\n', encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
