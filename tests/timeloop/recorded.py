"""What Timeloop answered, and what Assay answers on the same files. `goldens/README.md` says how it was recorded."""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from assay.evaluation.count import MappingCount, count_mapping
from assay.hardware.model import Counting
from assay.timeloop import TimeloopDesign, read_timeloop

FOLDER = Path(__file__).parent / "goldens"
COLUMNS = ("reads", "fills", "updates", "kept")
ENERGY = "energy"
TOLERANCE = 1e-6
"""Of energies, relative: Timeloop prints them rounded."""

Figures = dict[str, float | None]
"""Name of a figure, such as `GLB Inputs reads` or `cycles` -> its value; None where it is unknown."""


@dataclass(frozen=True)
class Recorded:
    """One run of Timeloop.

    Attributes:
        files: what it read: name -> text.
        environment: options that were not at their default.
        figures: what it answered.
        network_energy, leakage: picojoules, part of the energy.
    """

    name: str
    description: str
    files: tuple[tuple[str, str], ...]
    environment: tuple[tuple[str, str], ...]
    figures: tuple[tuple[str, float], ...]
    network_energy: float = 0.0
    leakage: float = 0.0


@dataclass(frozen=True)
class Difference:
    """One figure on which the two disagree."""

    figure: str
    timeloop: float
    assay: float | None


@dataclass(frozen=True)
class Compared:
    """One run beside Assay's count."""

    recorded: Recorded
    count: MappingCount
    differences: tuple[Difference, ...]

    @property
    def name(self) -> str:
        return self.recorded.name

    @property
    def figures(self) -> int:
        """How many figures are compared."""
        return len(self.recorded.figures)


@cache
def goldens() -> tuple[Recorded, ...]:
    """The runs that are kept as files."""
    return tuple(_golden(folder) for folder in sorted(FOLDER.iterdir()) if folder.is_dir())


@cache
def random_mappings() -> tuple[Recorded, ...]:
    """The runs on random small mappings."""
    return tuple(
        Recorded(f"random {run['number']}", run["shape"], (("input.yaml", run["input"]),), (), _figures(run))
        for run in json.loads((FOLDER / "random.json").read_text(encoding="utf-8"))
    )


@cache
def compared(recorded: Recorded) -> Compared:
    """Assay's figures beside Timeloop's."""
    count = counted(recorded)
    own = figures_of(count)
    differences = [
        Difference(name, value, own.get(name))
        for name, value in recorded.figures
        if not equal(name, value, own.get(name))
    ]
    return Compared(recorded, count, tuple(differences))


def counted(recorded: Recorded) -> MappingCount:
    """What Assay counts for the same files and options."""
    design = read(recorded)
    assert design.einsum is not None
    assert design.hardware is not None
    assert design.mapping is not None
    counting = design.hardware.counting
    hardware = replace(design.hardware, counting=_with_options(counting, dict(recorded.environment)))
    return count_mapping(design.einsum, hardware, design.mapping, uncharged=design.uncharged)


def read(recorded: Recorded) -> TimeloopDesign:
    """The files of a run, as Assay reads them."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / name for name, _ in recorded.files]
        for path, (_, text) in zip(paths, recorded.files, strict=True):
            path.write_text(text, encoding="utf-8")
        return read_timeloop([str(path) for path in paths])


def figures_of(count: MappingCount) -> Figures:
    """Assay's figures under the names of `Recorded`."""
    figures: Figures = {"cycles": count.cycles, "computes": count.computes}
    figures[ENERGY] = None if count.energy is None else count.energy * 1e12
    for level in count.levels:
        for tensor in level.tensors:
            values = (tensor.reads, tensor.fills, tensor.updates, tensor.kept)
            figures |= {f"{level.name} {tensor.tensor} {c}": v for c, v in zip(COLUMNS, values, strict=True)}
    return figures


def _golden(folder: Path) -> Recorded:
    run = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    files = tuple((path.name, path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.yaml")))
    crossings = [entry for tensors in run["networks"].values() for entry in tensors.values()]
    network = math.fsum(entry.get("energy_pj", 0.0) for entry in crossings)
    environment = tuple(run["env"].items())
    return Recorded(
        folder.name, run["description"], files, environment, _figures(run), network, run.get("leakage_pj", 0.0)
    )


def _figures(run: Mapping[str, Any]) -> tuple[tuple[str, float], ...]:
    figures = {
        f"{level} {tensor} {column}": value
        for level, tensors in run["levels"].items()
        for tensor, values in tensors.items()
        for column, value in zip(COLUMNS, values, strict=True)
    }
    totals = {"cycles": "cycles", "computes": "computes", ENERGY: "energy_pj"}
    return (*figures.items(), *((name, run[key]) for name, key in totals.items() if key in run))


def _with_options(counting: Counting, environment: Mapping[str, str]) -> Counting:
    """Timeloop's options as Assay's conventions, as far as there is one."""
    return replace(counting, first_reads=environment.get("TIMELOOP_ENABLE_FIRST_READ_ELISION") == "0")


def equal(name: str, expected: float, found: float | None) -> bool:
    """Counts to the word, energies but for Timeloop's rounding."""
    if found is None:
        return False
    return abs(found - expected) <= TOLERANCE * expected if name == ENERGY else found == expected
