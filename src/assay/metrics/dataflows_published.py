"""What others found where `compare_dataflows` looks: the paper's claims, and a re-run of its authors' model."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from assay.metrics.dataflow_case import TYPE_NAMES, Case, Level
from assay.metrics.dataflows import DataflowStudy
from assay.metrics.equal_area import Claim, area_study, find_machine

_COLUMNS = {Level.DRAM: "dram", Level.GLB: "glb", Level.ARRAY: "array", Level.RF: "rf"}


@dataclass(frozen=True, slots=True)
class Rerun:
    """The authors' model, run again, for one of its dataflows and the layers of one kind of AlexNet.

    Attributes:
        macs: multiply-accumulates of the batch.
        words: (level, tensor, words moved per multiply-accumulate).
        delay: cycles per multiply-accumulate: 1 / active PEs.
    """

    name: str
    macs: int
    words: tuple[tuple[Level, str, float], ...]
    delay: float

    def part(self, level: Level | None = None, tensor: str | None = None) -> float:
        """Energy per multiply-accumulate, in units of one."""
        costs = area_study().energy
        found = sum(
            words * float(costs[_COLUMNS[place]])
            for place, data, words in self.words
            if level in (None, place) and tensor in (None, data)
        )
        return found + (float(costs["mac"]) if tensor is None and level in (None, Level.ALU) else 0.0)

    def parts(self, level: Level | None = None) -> list[tuple[str, float, float]]:
        """(what, words per multiply-accumulate, energy of a word) of what `part` adds up."""
        costs = area_study().energy
        found = [
            (f"{place} {TYPE_NAMES[data]}", words, float(costs[_COLUMNS[place]]))
            for place, data, words in self.words
            if level in (None, place)
        ]
        return [*found, ("ALU", 1.0, float(costs["mac"]))] if level in (None, Level.ALU) else found

    def moved(self, level: Level, tensor: str) -> float:
        """Words per multiply-accumulate."""
        return sum(words for place, data, words in self.words if (place, data) == (level, tensor))


@dataclass(frozen=True, slots=True)
class ClaimResult:
    """A claim of the paper beside what was found: energy of a dataflow over that of row stationary."""

    claim: Claim
    dataflow: str
    title: str
    pes: int
    batch: int
    ratio: float

    @property
    def holds(self) -> bool:
        """True where the ratio lies within what the paper says."""
        return self.claim.least <= self.ratio and (self.claim.most is None or self.ratio <= self.claim.most)


def rerun(name: str, pes: int, batch: int, kind: str) -> Rerun | None:
    """One result of the re-run; None where there is none, because no mapping was found or nobody ran it."""
    rows = [row for row in _rows() if (row["dataflow"], row["PEs"], row["batch"]) == (name, str(pes), str(batch))]
    rows = [row for row in rows if row["layer"].lower().startswith(kind)]
    if not rows or any(not row["MACs"] for row in rows):
        return None
    macs = sum(int(row["MACs"]) for row in rows)
    words = tuple(
        (level, tensor, sum(float(row[f"{column}_{data}"]) for row in rows) / macs)
        for level, column in _COLUMNS.items()
        for tensor, data in TYPE_NAMES.items()
    )
    return Rerun(name, macs, words, sum(int(row["MACs"]) / int(row["active_PEs"]) for row in rows) / macs)


def rerun_of(case: Case, network: str) -> Rerun | None:
    """What stands beside a case of the study; None for other networks, PEs, batches and dataflows."""
    if network != "alexnet":
        return None
    return rerun(find_machine(case.dataflow).rerun, case.pes, case.batch, case.kind)


def claims_beside(study: DataflowStudy) -> tuple[ClaimResult, ...]:
    """The claims of the paper, for the dataflows that it compares, as far as the study has them."""
    if study.chip is not None or study.network.name != "alexnet":
        return ()
    found = []
    for claim in area_study().claims:
        for pes, batch in study.points:
            base = study.case("rs", pes, batch, claim.kind)
            if base is None or not base.energy or pes not in claim.pes or batch not in claim.batches:
                continue
            found += [
                ClaimResult(claim, case.dataflow, case.title, pes, batch, case.energy / base.energy)
                for case in study.at(pes, batch, claim.kind)
                if case.energy and case.dataflow in ("ws", "os", "nlr")
            ]
    return tuple(found)


@cache
def _rows() -> tuple[dict[str, str], ...]:
    text = (files("assay") / "data" / "studies" / "isca16_rerun.csv").read_text(encoding="utf-8")
    return tuple(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))
