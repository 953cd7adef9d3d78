"""What other mappers found, and the same layers, chips and limits in Assay. `goldens/` holds what was recorded."""

from __future__ import annotations

import json
import math
import tempfile
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from assay.evaluation.count import count_mapping
from assay.hardware import load_hardware
from assay.hardware.model import Fanout, Hardware, Memory, Node
from assay.mapper.spell import figures
from assay.mapping.counts import Action
from assay.mapping.energy import energy_of_actions
from assay.mapping.mapping import Level, Loop, Mapping
from assay.timeloop import read_timeloop
from assay.workload.einsum import Einsum, convolution
from tests.timeloop.rules import Rule, input_figures

FOLDER = Path(__file__).parent / "goldens"
CHIPS = Path(__file__).parent.parent / "timeloop" / "chips"


@dataclass(frozen=True)
class Found:
    """What Timeloop's mapper found for one layer.

    Attributes:
        limit: `default` (it stopped by itself) or `extended` (40 seconds of processor time).
        energy: joules; cycles: both as Timeloop counts them.
        tried: mappings that it drew; valid: those of them that could be evaluated.
        seconds: of processor time, None where it was not recorded; wall: of the clock, on two busy cores.
    """

    limit: str
    energy: float
    cycles: int
    tried: int
    valid: int
    seconds: float | None
    wall: float
    mapping: dict[str, str]

    @property
    def edp(self) -> float:
        return self.energy * self.cycles


@dataclass(frozen=True)
class TimeloopCase:
    """One layer on one of the two chips that Timeloop's mapper was run on."""

    chip: str
    layer: str
    dims: dict[str, int]
    keep: dict[str, list[str]]
    runs: tuple[Found, ...]

    @property
    def name(self) -> str:
        return f"{self.chip} {self.layer}"

    @property
    def best(self) -> Found:
        """The better of its runs."""
        return min(self.runs, key=lambda run: run.edp)

    @property
    def least(self) -> float:
        """Joules times cycles under the best mapping that Timeloop found: as it counts, or as Assay does, if that is
        less."""
        return min(min(run.edp, math.prod(self.counted(run))) for run in self.runs)

    def read(self) -> tuple[Einsum, Hardware]:
        """The layer and the chip, with all its constraints, as Assay reads Timeloop's files."""
        problem = yaml.safe_load((CHIPS / "alexnet_conv3.yaml").read_text(encoding="utf-8"))
        stride = self.dims["stride"]
        extents = {name: extent for name, extent in self.dims.items() if name != "stride"}
        problem["problem"]["instance"] = extents | {"Wstride": stride, "Hstride": stride}
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "problem.yaml"
            path.write_text(yaml.safe_dump(problem), encoding="utf-8")
            design = read_timeloop([CHIPS / f"{self.chip}.yaml", path])
        assert design.einsum is not None
        assert design.hardware is not None
        return design.einsum, design.hardware

    def mapping(self, run: Found, hardware: Hardware) -> Mapping:
        """The mapping that was found, level by level of our chip."""
        levels, memory = [], ""
        for node in hardware.nodes[:-1]:
            spatial = isinstance(node, Fanout)
            memory = memory if spatial else node.name
            loops = tuple(loop for loop in _loops(run.mapping.get(memory, "")) if (loop.axis is not None) == spatial)
            levels.append(Level(node.name, loops, () if spatial else tuple(self.keep.get(memory, ()))))
        return Mapping(tuple(levels))

    def counted(self, run: Found) -> tuple[float, int]:
        """Joules and cycles that Assay counts for the mapping that Timeloop found."""
        einsum, hardware = self.read()
        return figures(einsum, hardware, self.mapping(run, hardware))

    def by_their_rules(self, run: Found) -> float:
        """Joules for that mapping if the inputs are counted by Timeloop's rules where those differ from ours."""
        einsum, hardware = self.read()
        count = count_mapping(einsum, hardware, self.mapping(run, hardware))
        theirs = input_figures(count, "Inputs", frozenset({Rule.STEP, Rule.TWO}))
        names = {Action.READ: "reads", Action.FILL: "fills"}
        counts = tuple(
            replace(c, count=theirs.get(f"{c.component} {c.tensor} {names.get(c.action)}", c.count))
            for c in count.analysis.counts
        )
        rows = energy_of_actions(einsum, hardware, replace(count.analysis, counts=counts))
        return math.fsum(row.energy or 0.0 for row in rows)


def _loops(text: str) -> tuple[Loop, ...]:
    """`K8 Q5@X` as loops."""
    parts = [part.partition("@") for part in text.split()]
    return tuple(Loop(name[0], int(name[1:]), axis or None) for name, _, axis in parts)


@cache
def timeloop_cases() -> tuple[TimeloopCase, ...]:
    """All layers on both chips."""
    data = json.loads((FOLDER / "timeloop_mapper.json").read_text(encoding="utf-8"))
    return tuple(_case(row, data["keep"]) for row in data["rows"])


def _case(row: dict[str, Any], keep: dict[str, Any]) -> TimeloopCase:
    runs = tuple(
        Found(
            run["limit"],
            run["energy_pJ"] * 1e-12,
            run["cycles"],
            run["mappings"],
            run["valid"],
            run["cpu_s"],
            run["wall_s"],
            run["mapping"],
        )
        for run in row["runs"]
    )
    return TimeloopCase(row["chip"], row["layer"], row["dims"], keep[row["chip"]], runs)


@dataclass(frozen=True)
class AccelForgeCase:
    """What AccelForge's mapper found for one layer: its figures are its own.

    Attributes:
        dims: extents by our names of dimensions.
        bits: per word of every tensor.
        energy: joules, without leakage, which Assay does not model.
        leakage: joules, as AccelForge has it.
        latency: seconds.
        seconds: of the clock that its search took.
        evaluated: mappings that it evaluated.
        found: the best mapping: node, loops, tensors kept, from the outside in.
    """

    chip: str
    layer: str
    dims: dict[str, int]
    bits: int
    energy: float
    leakage: float
    latency: float
    seconds: float
    evaluated: float
    found: tuple[tuple[str, str, str], ...]

    @property
    def name(self) -> str:
        return f"{self.chip} {self.layer}"

    def read(self) -> tuple[Einsum, Hardware]:
        """The layer, and the chip as Assay's file has it."""
        extents: dict[str, Any] = {name.lower(): extent for name, extent in self.dims.items()}
        return convolution(**extents, bits=self.bits), load_hardware(FOLDER / "accelforge" / f"{self.chip}.yaml")

    def counted(self) -> tuple[float, float]:
        """Joules and seconds that Assay counts for the mapping that AccelForge found."""
        einsum, hardware = self.read()
        nodes: list[Node] = []
        for name, _, keep in self.found:
            node = next(node for node in hardware.nodes if node.name == name.partition(" ")[0])
            if isinstance(node, Memory):
                node = replace(node, keep=tuple(keep.split()), may_keep=())
            nodes.append(replace(node, name=name))
        levels = tuple(Level(name, _loops(loops), tuple(keep.split())) for name, loops, keep in self.found)
        chip = replace(hardware, nodes=(*nodes, hardware.compute))
        energy, cycles = figures(einsum, chip, Mapping(levels))
        return energy, cycles / hardware.clock


@cache
def accelforge_cases() -> tuple[AccelForgeCase, ...]:
    """All layers that were recorded."""
    data = json.loads((FOLDER / "accelforge.json").read_text(encoding="utf-8"))
    return tuple(
        AccelForgeCase(
            row["chip"],
            row["layer"],
            row["dims"],
            row["bits"],
            row["energy_J"] - row["leakage_J"],
            row["leakage_J"],
            row["latency_s"],
            row["seconds"],
            row["evaluated"],
            tuple((node, loops, keep) for node, loops, keep in row["mapping"]),
        )
        for row in data["rows"]
    )
