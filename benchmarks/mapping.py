"""Times the search for the best mapping against its limits: `make bench`, or `python benchmarks/mapping.py --help`.

The chips are in benchmarks/chips: as large as published ones, but any dataflow, so that every search sees the whole
space. Nothing is cached but where it says so, and nothing is written unless `--json FILE` asks for it. Medians of
several runs; exit status 1 if a figure is above its limit.
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
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import assay
from assay.errors import AssayError, UnsupportedError
from assay.hardware.model import Hardware
from assay.mapper import best_mapping
from assay.workload.einsum import Einsum, matmul

CHIPS = Path(__file__).parent / "chips"
GUARD = 60.0
"""Seconds after which the search of one layer is ended: by then it has missed every limit."""

FRESH = "import assay; n, h = assay.load_network('alexnet'), assay.load_hardware({chip!r}); "
FRESH += "e = next(l.einsum for l in n.layers if l.name == 'conv3'); assay.best_mapping(e, h)"


@dataclass(frozen=True, slots=True)
class Figure:
    """What a user waits for, in seconds; `limit` is None if it is only stated, `seconds` if there is no figure."""

    name: str
    limit: float | None
    seconds: float | None
    note: str = ""

    @property
    def passed(self) -> bool:
        return self.limit is None or (self.seconds is not None and self.seconds <= self.limit)

    @property
    def verdict(self) -> str:
        if self.seconds is None:
            return "skipped"
        return "stated" if self.limit is None else "ok" if self.passed else "above the limit"


@dataclass(frozen=True, slots=True)
class Timed:
    """The search of one layer: median seconds of the clock, and of the processor, which other work on the machine does
    not change; partial mappings; and how far from the best the answer can be."""

    layer: str
    seconds: float
    processor: float
    labels: int
    gap: float


def chip(name: str) -> Hardware:
    return assay.load_hardware(CHIPS / f"{name}.yaml")


def layers(network: str, hardware: Hardware) -> dict[str, Einsum]:
    """The different layers of a network, by the name of the first of each."""
    found: dict[Einsum, str] = {}
    for layer in assay.load_network(network, bits=hardware.compute.bits).layers:
        if layer.einsum is not None:
            found.setdefault(layer.einsum, f"{network}:{layer.name}")
    return {name: einsum for einsum, name in found.items()}


def gpt3() -> dict[str, Einsum]:
    """The different products of a block of GPT-3 6.7B, 2048 tokens, in words of 8 bits."""
    return {
        "Q, K, V, Z": matmul(n=2048, c=4096, m=4096, bits=8),
        "QK": matmul(g=32, n=2048, c=128, m=2048, bits=8),
        "AV": matmul(g=32, n=2048, c=2048, m=128, bits=8),
        "FFA": matmul(n=2048, c=4096, m=16384, bits=8),
        "FFB": matmul(n=2048, c=16384, m=4096, bits=8),
    }


def search(name: str, einsum: Einsum, hardware: Hardware, objective: str, runs: int) -> Timed:
    """The median of so many runs; one alone if it takes long."""
    seconds: list[float] = []
    processor: list[float] = []
    while True:
        start, used = time.perf_counter(), time.process_time()
        result = best_mapping(einsum, hardware, objective, time_limit=GUARD)
        seconds.append(time.perf_counter() - start)
        processor.append(time.process_time() - used)
        if len(seconds) >= runs or seconds[0] > 5:
            times = statistics.median(seconds), statistics.median(processor)
            return Timed(name, *times, result.labels, result.gap)


@contextmanager
def cached_in(folder: str) -> Iterator[None]:
    """Results are kept below the folder meanwhile; `off` keeps none."""
    before = os.environ.get("ASSAY_CACHE")
    os.environ["ASSAY_CACHE"] = folder
    try:
        yield
    finally:
        os.environ.pop("ASSAY_CACHE") if before is None else os.environ.update(ASSAY_CACHE=before)


def one_by_one(chip_name: str, objective: str, limit: float, runs: int) -> tuple[list[Figure], list[Timed]]:
    """The layers of AlexNet and ResNet-50, each for itself."""
    hardware, figures, every = chip(chip_name), [], []
    for network in ("alexnet", "resnet50"):
        timed = [search(name, e, hardware, objective, runs) for name, e in layers(network, hardware).items()]
        worst = max(timed, key=lambda t: t.seconds)
        above = sum(t.seconds > limit for t in timed)
        middle = statistics.median(t.seconds for t in timed)
        note = f"worst: {worst.layer.partition(':')[2]} ({worst.processor:.3f} s of the processor); "
        note += f"median {middle:.3f} s; {above} of {len(timed)} above"
        note += " the limit" if all(t.gap <= 1e-8 for t in timed) else "; not all proven optimal"
        figures.append(Figure(f"one layer of {network}, {chip_name}, {objective}", limit, worst.seconds, note))
        every += timed
    return figures, every


def whole(network: str, chip_name: str, objective: str, limit: float, runs: int, tiles: str = "perfect") -> Figure:
    """A whole network, in two processes."""
    name = f"{network}, {chip_name}, {objective}" + (", imperfect factors" if tiles == "imperfect" else "")
    seconds, gap = [], 0.0
    for _ in range(runs):
        start = time.perf_counter()
        try:
            result = assay.evaluate(
                network,
                CHIPS / f"{chip_name}.yaml",
                objective=objective,
                tiles=tiles,
                workers=2,
                cache=False,
                time_limit=GUARD,
            )
        except UnsupportedError as error:
            return Figure(name, None, None, str(error))
        seconds.append(time.perf_counter() - start)
        gap = max((layer.gap for layer in result.layers if layer.gap is not None), default=0.0)
        if seconds[0] > 2 * limit:
            break
    note = "every layer proven optimal" if gap <= 1e-8 else f"gap at most {100 * gap:.3g} %"
    return Figure(name, limit, statistics.median(seconds), note)


def language_model(objective: str, limit: float, runs: int) -> tuple[Figure, list[Timed]]:
    """All products of a block of GPT-3, one after the other."""
    hardware = chip("tpu_like")
    timed = [search(f"gpt3:{name}", e, hardware, objective, runs) for name, e in gpt3().items()]
    note = f"5 products; worst: {max(timed, key=lambda t: t.seconds).layer.partition(':')[2]}"
    return Figure(f"GPT-3 6.7B, tpu_like, {objective}", limit, sum(t.seconds for t in timed), note), timed


def again(network: str, chip_name: str, objective: str, limit: float, runs: int) -> Figure:
    """The second run of a whole network, in a process of its own that finds the first one's results on disk."""
    command = [str(Path(sys.executable).with_name("assay")), "evaluate", network, str(CHIPS / f"{chip_name}.yaml")]
    command += ["--objective", objective, "--time-limit", str(GUARD)]
    with tempfile.TemporaryDirectory() as folder, cached_in(folder):
        seconds = [timed_process(command) for _ in range(runs + 1)]
    note = f"the whole command; the first run took {seconds[0]:.2f} s"
    return Figure(f"{network}, {chip_name}, {objective}, again", limit, statistics.median(seconds[1:]), note)


def beside_timeloop(runs: int) -> tuple[Figure, list[Timed]]:
    """The layers and chips that Timeloop's mapper was run on, with its constraints: docs/mapper.md compares."""
    sys.path.insert(0, str(Path(__file__).parent.parent))
    from tests.mapper.beside import timeloop_cases

    timed = [search(case.name, *case.read(), "edp", runs) for case in timeloop_cases()]
    worst = max(timed, key=lambda t: t.seconds)
    note = f"32 layers, one after the other; worst: {worst.layer}, {worst.seconds:.2f} s"
    return Figure("all layers beside Timeloop's mapper, edp", None, sum(t.seconds for t in timed), note), timed


def fresh(runs: int) -> Figure:
    """One layer in a fresh process, with the import."""
    command = [sys.executable, "-c", FRESH.format(chip=str(CHIPS / "eyeriss_like.yaml"))]
    with cached_in("off"):
        seconds = statistics.median(timed_process(command) for _ in range(runs))
    return Figure("a fresh process: import, AlexNet's conv3, energy", None, seconds, "nothing is compiled at first use")


def timed_process(command: list[str]) -> float:
    start = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise AssayError(f"{' '.join(command[:3])} ...: {done.stderr.strip().splitlines()[-1]}")
    return time.perf_counter() - start


def measure(runs: int, quick: bool, show: Callable[[Figure], None]) -> tuple[list[Figure], dict[str, list[Timed]]]:
    """All figures, shown as they come; `quick` leaves out what takes long."""
    figures: list[Figure] = []
    detail: dict[str, list[Timed]] = {}

    def add(*found: Figure) -> None:
        for figure in found:
            figures.append(figure)
            show(figure)

    for objective, limit in (("energy", 0.1), ("edp", 0.5)):
        found, timed = one_by_one("eyeriss_like", objective, limit, runs)
        detail[f"eyeriss_like {objective}"] = timed
        add(*found)
    add(whole("resnet50", "eyeriss_like", "edp", 5, runs))
    if not quick:
        add(whole("resnet50", "simba_like", "edp", 10, runs))
        add(whole("resnet50", "tpu_like", "edp", 10, runs))
    for objective in ("energy", "edp"):
        figure, timed = language_model(objective, 5, runs)
        detail[f"tpu_like {objective}"] = timed
        add(figure)
    if not quick:
        add(whole("alexnet", "eyeriss_like", "energy", 10, runs, tiles="imperfect"))
    figure, detail["timeloop edp"] = beside_timeloop(1)
    add(figure)
    add(again("resnet50", "eyeriss_like", "edp", 1, runs))
    if not quick:
        add(again("resnet50", "simba_like", "edp", 1, runs))
        add(again("resnet50", "tpu_like", "edp", 1, runs))
    add(fresh(runs))
    return figures, detail


def line(figure: Figure) -> str:
    value = "-" if figure.seconds is None else f"{figure.seconds:.3f} s"
    limit = "-" if figure.limit is None else f"{figure.limit:g} s"
    return f"{figure.name:<52}{value:>10}{limit:>8}  {figure.verdict:<16}{figure.note}"


def main() -> int:
    parser = argparse.ArgumentParser(description="Time the search for the best mapping against its limits.")
    parser.add_argument("--runs", type=int, default=3, help="runs of each search (default: 3)")
    parser.add_argument("--quick", action="store_true", help="one run, and only what is over soon")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures, layer by layer, to FILE")
    arguments = parser.parse_args()
    if arguments.runs < 1:
        parser.error("--runs must be at least 1")
    machine = f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores"
    print(f"{machine}, load {os.getloadavg()[0]:.1f}")
    runs = 1 if arguments.quick else arguments.runs
    with cached_in("off"):
        figures, detail = measure(runs, arguments.quick, lambda figure: print(line(figure), flush=True))
    if arguments.json:
        document: dict[str, Any] = {
            "machine": machine,
            "load": round(os.getloadavg()[0], 1),
            "runs": runs,
            "figures": [asdict(figure) for figure in figures],
            "layers": {name: [asdict(timed) for timed in rows] for name, rows in detail.items()},
        }
        arguments.json.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return 0 if all(figure.passed for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
