"""Times what a user waits for, against limits: `make bench`, or `python benchmarks/run.py --help`.

Each figure is the median of several runs in fresh processes. The cold run has no cache of any kind, not even Python's
compiled modules. Exit status 1 if a figure is above its limit. Nothing is written unless `--json FILE` asks for it.
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
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

ASSAY = (str(Path(sys.executable).with_name("assay")),)
AT_BATCH_4 = ("alexnet", "eyeriss", "--batch", "4")
CHIPS = ("eyeriss", "eyeriss_v2", "tpu_v1", "nvdla_2048", "a100")


@dataclass(frozen=True, slots=True)
class Figure:
    """What a user waits for, in seconds; `median` is None if the command failed."""

    name: str
    limit: float
    median: float | None
    runs: int
    error: str = ""

    @property
    def passed(self) -> bool:
        return self.median is not None and self.median <= self.limit


class CommandFailedError(Exception):
    """A timed command failed; the message is the line in which it said so."""


def seconds(command: tuple[str, ...], cache: Path | None = None) -> float:
    """Run the command once, with all caches below `cache` if it is given. Results of searches are never kept."""
    environment = dict(os.environ) | {"ASSAY_CACHE": "off"}
    if cache is not None:
        environment |= {"XDG_CACHE_HOME": str(cache / "cache"), "PYTHONPYCACHEPREFIX": str(cache / "modules")}
    with tempfile.TemporaryDirectory() as elsewhere:
        start = time.perf_counter()
        try:
            done = subprocess.run(command, capture_output=True, text=True, cwd=elsewhere, env=environment, check=False)
        except FileNotFoundError:
            raise CommandFailedError(f"there is no {command[0]}: install Assay into this environment") from None
        elapsed = time.perf_counter() - start
    if done.returncode != 0:
        lines = [line for line in done.stderr.splitlines() if "error" in line.lower()]
        raise CommandFailedError(lines[-1] if lines else f"exit status {done.returncode}")
    return elapsed


def median(command: tuple[str, ...], runs: int) -> float:
    seconds(command)  # warm
    return statistics.median(seconds(command) for _ in range(runs))


def cold(command: tuple[str, ...], runs: int) -> float:
    def once() -> float:
        with tempfile.TemporaryDirectory() as cache:
            return seconds(command, Path(cache))

    return statistics.median(once() for _ in range(runs))


def import_time(runs: int) -> float:
    """`import assay` beyond the start of Python itself."""
    return median((sys.executable, "-c", "import assay"), runs) - median((sys.executable, "-c", "pass"), runs)


def figures(runs: int) -> list[Figure]:
    alexnet = (*ASSAY, "evaluate", "alexnet", "eyeriss")
    vgg = (*ASSAY, "evaluate", "vgg16", "eyeriss")
    resnet = (*ASSAY, "evaluate", "resnet50", "eyeriss")
    many = 3 * runs  # of what is over quickly
    return [
        measure("assay --help", 0.3, many, lambda: median((*ASSAY, "--help"), many)),
        measure("import assay", 0.3, many, lambda: import_time(many)),
        measure("assay evaluate alexnet eyeriss, cold", 5, runs, lambda: cold(alexnet, runs)),
        measure("assay evaluate alexnet eyeriss, again", 2, runs, lambda: median(alexnet, runs)),
        measure("assay evaluate vgg16 eyeriss", 10, runs, lambda: median(vgg, runs)),
        measure("assay evaluate resnet50 eyeriss", 10, runs, lambda: median(resnet, runs)),
        measure("assay eyexam alexnet eyeriss", 20, runs, lambda: median((*ASSAY, "eyexam", *AT_BATCH_4), runs)),
        measure("assay audit eyeriss", 1, many, lambda: median((*ASSAY, "audit", "eyeriss"), many)),
        measure("assay compare, five chips", 1.5, many, lambda: median((*ASSAY, "compare", *CHIPS), many)),
        measure("assay flexibility edge_45nm", 120, 1, lambda: seconds((*ASSAY, "flexibility", "edge_45nm"))),
    ]


def measure(name: str, limit: float, runs: int, time_it: Callable[[], float]) -> Figure:
    try:
        return Figure(name, limit, time_it(), runs)
    except CommandFailedError as failure:
        return Figure(name, limit, None, runs, str(failure))


def table(measured: list[Figure]) -> str:
    rows = [f"{'what':<40}{'median':>10}{'limit':>10}  verdict"]
    for figure in measured:
        value = "-" if figure.median is None else f"{figure.median:.3f} s"
        verdict = "ok" if figure.passed else figure.error or "above the limit"
        rows.append(f"{figure.name:<40}{value:>10}{figure.limit:>8.1f} s  {verdict}")
    return "\n".join(rows)


def main() -> int:
    parser = argparse.ArgumentParser(description="Time Assay's command line against its limits.")
    parser.add_argument("--runs", type=int, default=5, help="runs of each slow command (default: 5)")
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
