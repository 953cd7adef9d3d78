"""Times what components cost in time against limits: `make bench`, or `python benchmarks/components.py --help`.

Everything is measured in fresh processes, with modules that Python has compiled already, as those of an installed
package are. What is counted of a chip: importing what estimates its components, and estimating them; not Python's
start, `import assay`, or reading YAML. Medians; exit status 1 if a figure is above its limit. Nothing is written unless
`--json FILE` asks for it.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

ASSAY = str(Path(sys.executable).with_name("assay"))
CHIPS = ("eyeriss", "edge_45nm")
SRAM = ("--depth", "16384", "--width", "64", "--technology", "65nm")
COMMANDS = {
    "assay estimate sram ... (whole command)": ("estimate", "sram", *SRAM),
    "assay components (whole command)": ("components",),
    "assay area eyeriss (whole command)": ("area", "eyeriss"),
}

# Seconds of the clock and of the processor; each script prints them as JSON.
CHIP = """
import json, sys, time
import assay, assay.reading.documents

def clocks():
    return time.perf_counter(), time.process_time()

def since(start):
    return [now - then for now, then in zip(clocks(), start)]

def components():
    return {name for name in sys.modules if name.startswith("assay.components.")}

start = clocks()
import assay.components.compound, assay.components.plugins, assay.components.registry
spent, loaded = [since(start)], components()
from assay.hardware.presets import load_hardware
from assay.hardware.pricing import Pricer
assert components() == loaded, f"not counted: {components() - loaded}"

def counted(work):
    def wrapped(*given):
        start = clocks()
        result = work(*given)
        spent.append(since(start))
        return result
    return wrapped

Pricer.of, Pricer.price = staticmethod(counted(Pricer.of)), counted(Pricer.price)
times, whole = [], []
for _ in range(2):
    start = clocks()
    load_hardware(sys.argv[1])
    whole.append(since(start))
    times.append([sum(each) for each in zip(*spent)])
    spent.clear()
print(json.dumps({"first": times[0], "again": times[1], "whole": whole[0]}))
"""

ONE = """
import json, time
import assay, assay.reading.documents

def timed(**attributes):
    start = time.perf_counter(), time.process_time()
    assay.estimate("sram", width=64, technology="65nm", **attributes)
    return [time.perf_counter() - start[0], time.process_time() - start[1]]

print(json.dumps({"first": timed(depth=16384), "again": timed(depth=16384), "another": timed(depth=8192)}))
"""

WHOLE = """
import json, sys, time
import assay
start = time.perf_counter(), time.process_time()
assay.load_hardware(sys.argv[1])
print(json.dumps({"whole": [time.perf_counter() - start[0], time.process_time() - start[1]]}))
"""

Times = dict[str, tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Figure:
    """Median seconds of the clock, and of the processor (None: not known), which other work on the machine hardly
    changes; `limit` is None if the figure is only stated."""

    name: str
    limit: float | None
    seconds: float
    processor: float | None
    note: str = ""

    @property
    def passed(self) -> bool:
        return self.limit is None or self.seconds <= self.limit

    @property
    def verdict(self) -> str:
        return "stated" if self.limit is None else "ok" if self.passed else "above the limit"


def run(command: tuple[str, ...], environment: Mapping[str, str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True, env=dict(environment)).stdout


def medians(script: str, argument: str, runs: int, environment: Mapping[str, str]) -> Times:
    """Of what a script prints, over so many fresh processes after a first one."""
    command = (sys.executable, "-c", script, argument)
    run(command, environment)  # compiles
    found = [json.loads(run(command, environment)) for _ in range(runs)]
    return {
        name: (
            statistics.median(each[name][0] for each in found),
            statistics.median(each[name][1] for each in found),
        )
        for name in found[0]
    }


def of_chip(chip: str, runs: int, environment: Mapping[str, str]) -> list[Figure]:
    times = medians(CHIP, chip, runs, environment)
    whole = medians(WHOLE, chip, runs, environment)["whole"]
    return [
        Figure(f"{chip}: all components, fresh process", 0.05, *times["first"], "with imports of components"),
        Figure(f"{chip}: all components, second time", 0.005, *times["again"], "same process"),
        Figure(f"{chip}: first load_hardware, whole", None, *whole, "with reading YAML and all imports"),
    ]


def of_sram(runs: int, environment: Mapping[str, str]) -> list[Figure]:
    times = medians(ONE, "", runs, environment)
    return [
        Figure("one SRAM, fresh process", 0.05, *times["first"], "with imports of components"),
        Figure("one SRAM, same process, same attributes", 0.001, *times["again"]),
        Figure("one SRAM, same process, other attributes", 0.02, *times["another"]),
    ]


def of_command(name: str, arguments: tuple[str, ...], runs: int, environment: Mapping[str, str]) -> Figure:
    command = (ASSAY, *arguments)
    run(command, environment)  # compiles
    seconds = []
    for _ in range(runs):
        start = time.perf_counter()
        run(command, environment)
        seconds.append(time.perf_counter() - start)
    return Figure(name, 0.5, statistics.median(seconds), None, "with Python's start")


def figures(runs: int) -> list[Figure]:
    with tempfile.TemporaryDirectory() as compiled:
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
        environment |= {"PYTHONPYCACHEPREFIX": compiled, "ASSAY_CACHE": "off"}
        found = [figure for chip in CHIPS for figure in of_chip(chip, runs, environment)]
        found += of_sram(runs, environment)
        return found + [of_command(name, words, runs, environment) for name, words in COMMANDS.items()]


def table(measured: list[Figure]) -> str:
    rows = [f"{'what':<44}{'median':>10}{'processor':>11}{'limit':>9}  verdict"]
    for figure in measured:
        used = "-" if figure.processor is None else f"{figure.processor * 1e3:.2f} ms"
        limit = "-" if figure.limit is None else f"{figure.limit * 1e3:g} ms"
        note = f" ({figure.note})" if figure.note else ""
        median = f"{figure.seconds * 1e3:.2f} ms"
        rows.append(f"{figure.name:<44}{median:>10}{used:>11}{limit:>9}  {figure.verdict}{note}")
    return "\n".join(rows)


def main() -> int:
    parser = argparse.ArgumentParser(description="Time the estimation of components against limits.")
    parser.add_argument("--runs", type=int, default=15, help="fresh processes for each figure (default: 15)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures to FILE")
    arguments = parser.parse_args()
    if arguments.runs < 1:
        parser.error("--runs must be at least 1")
    measured = figures(arguments.runs)
    print(f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores")
    print(table(measured))
    if arguments.json:
        document = {"python": platform.python_version(), "figures": [asdict(figure) for figure in measured]}
        arguments.json.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    return 0 if all(figure.passed for figure in measured) else 1


if __name__ == "__main__":
    sys.exit(main())
