"""Dataflows compared: every one with its best mapping, on machines of equal area or on one chip as it is.

After Chen, Emer, Sze, ISCA 2016: energy per multiply-accumulate by level of the memory hierarchy and by data type,
accesses to DRAM, delay and energy-delay product, apart for each kind of layer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from assay.errors import InputError, NoMappingError
from assay.evaluation.evaluate import evaluate
from assay.evaluation.progress import Progress
from assay.evaluation.search import SearchPlan
from assay.evaluation.sources import load_sources
from assay.hardware.dataflows import DATAFLOWS, apply_dataflow, find_dataflow
from assay.hardware.model import Hardware
from assay.hardware.presets import load_hardware
from assay.metrics.dataflow_case import Case
from assay.metrics.equal_area import Machine, area_study, equal_area_hardware, find_machine
from assay.workload.network import Network

SCHEMA = "assay.dataflows/1"
"""Name and version of the JSON form; see `data/schema/dataflows-1.json`."""

PES, BATCHES = (256, 512, 1024), (1, 16, 64)
"""Those of the paper."""


@dataclass(frozen=True, slots=True, repr=False)
class DataflowStudy:
    """Dataflows compared.

    Attributes:
        network: what ran.
        chip: the chip that all of them ran on; None: machines of equal area.
        objective: what the mappings minimise.
        cases: in the order of PEs, batches, dataflows, kinds of layers.
        refused: (dataflow, why) of those that the chip cannot work in.
    """

    network: Network
    chip: Hardware | None
    objective: str
    cases: tuple[Case, ...]
    refused: tuple[tuple[str, str], ...] = ()

    def __repr__(self) -> str:
        return f"<DataflowStudy: {self.title}, {len(self.cases):,} cases>"

    @property
    def title(self) -> str:
        """`Dataflows compared: AlexNet on machines of equal area`."""
        where = "machines of equal area" if self.chip is None else self.chip.label
        return f"Dataflows compared: {self.network.title or self.network.name} on {where}"

    @property
    def kinds(self) -> tuple[str, ...]:
        """Of the layers, in order."""
        return tuple(dict.fromkeys(case.kind for case in self.cases))

    @property
    def points(self) -> tuple[tuple[int, int], ...]:
        """(PEs, batch), in order."""
        return tuple(dict.fromkeys((case.pes, case.batch) for case in self.cases))

    def mac_energy(self) -> float | None:
        """Joules of one multiply-accumulate, the unit of the paper; None where it is 0 or there are no cases."""
        return next((case.hardware.compute.energy or None for case in self.cases), None)

    def at(self, pes: int, batch: int, kind: str) -> tuple[Case, ...]:
        """The dataflows at one point, in order."""
        return tuple(case for case in self.cases if (case.pes, case.batch, case.kind) == (pes, batch, kind))

    def case(self, dataflow: str, pes: int, batch: int, kind: str) -> Case | None:
        """One of them, if it was asked for."""
        return next((case for case in self.at(pes, batch, kind) if case.dataflow == dataflow), None)

    def ranked(self, pes: int, batch: int, kind: str) -> list[Case]:
        """Those at a point that have a mapping, the least energy first."""
        return sorted((case for case in self.at(pes, batch, kind) if case.energy), key=lambda case: case.energy or 0.0)

    def to_dict(self) -> dict[str, Any]:
        """As in the schema `assay.dataflows/1`."""
        return {
            "schema": SCHEMA,
            "network": self.network.name,
            "hardware": None if self.chip is None else self.chip.name,
            "objective": self.objective,
            "source": area_study().source if self.chip is None else self.chip.energy_source,
            "mac_energy_j": self.mac_energy(),
            "cases": [case.to_dict() for case in self.cases],
            "refused": [{"dataflow": name, "reason": reason} for name, reason in self.refused],
        }


@dataclass(frozen=True, slots=True)
class StudyProgress:
    """How far a comparison is: `done` of `total` evaluations; the next is called `title`; `layers`: how far it is."""

    done: int
    total: int
    title: str
    layers: Progress | None = None


Show = Callable[[StudyProgress], None]


def compare_dataflows(
    network: Network | str | Path = "alexnet",
    *,
    pes: Sequence[int] | None = None,
    batches: Sequence[int] | None = None,
    dataflows: Sequence[str] | None = None,
    hardware: Hardware | str | Path | None = None,
    objective: str = "energy",
    time_limit: float | None = None,
    workers: int | None = None,
    cache: bool = True,
    progress: Show | None = None,
) -> DataflowStudy:
    """Compare dataflows, each with the best mapping of every layer, and the proof.

    Args:
        network: a network, or a zoo name or file for `load_network`.
        pes: of the machines of equal area; None: 256, 512 and 1024, those of the paper.
        batches: None: 1, 16 and 64, those of the paper; on a chip 1.
        dataflows: short or long names; on machines of equal area also those that are held to the paper's mappings
            (`rs_fixed`, ...); None: all that are not.
        hardware: a chip to compare them on, as it is; None: machines of equal area, one for each dataflow.
        objective, time_limit, workers, cache: as in `evaluate`.
        progress: called before each evaluation, and for each layer of it.

    Raises:
        InputError: an argument is wrong, or the chip can work in none of the dataflows.
        UnsupportedError: a layer that this version cannot evaluate.
    """
    search = SearchPlan(objective, time_limit=time_limit, workers=workers, cache=cache)
    _check_lists(pes=pes, batches=batches, dataflows=dataflows)
    if hardware is not None:
        if pes is not None:
            raise InputError("a chip has the PEs that it has", hint="leave out either the chip or the PEs")
        return _on_chip(network, hardware, batches or (1,), dataflows, search, progress)
    machines = [find_machine(name) for name in dataflows] if dataflows is not None else default_machines()
    machines = list(dict.fromkeys(machines))
    built = [(each.key, each.title, equal_area_hardware(each, count)) for count in pes or PES for each in machines]
    found, _ = load_sources(network, built[0][2], None)
    return DataflowStudy(found, None, objective, _cases(found, built, batches or BATCHES, search, progress))


def default_machines() -> list[Machine]:
    """One for each dataflow, free to take its best mapping."""
    return [find_machine(each) for each in ("rs", "ws", "os", "is", "nlr")]


def _on_chip(
    network: Network | str | Path,
    hardware: Hardware | str | Path,
    batches: Sequence[int],
    dataflows: Sequence[str] | None,
    search: SearchPlan,
    progress: Show | None,
) -> DataflowStudy:
    found, chip = load_sources(network, load_hardware(hardware), None)
    wanted = DATAFLOWS if dataflows is None else tuple(dict.fromkeys(find_dataflow(name) for name in dataflows))
    built: list[tuple[str, str, Hardware]] = []
    refused: list[tuple[str, str]] = []
    for dataflow in wanted:
        try:
            built.append((dataflow.alias, dataflow.title, apply_dataflow(chip, dataflow.name)))
        except InputError as error:
            refused.append((dataflow.alias, error.message))
    if not built:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in refused)
        raise InputError(f"{chip.name} can work in none of the dataflows asked for ({reasons})")
    return DataflowStudy(found, chip, search.objective, _cases(found, built, batches, search, progress), tuple(refused))


def _cases(
    network: Network,
    built: Sequence[tuple[str, str, Hardware]],
    batches: Sequence[int],
    search: SearchPlan,
    progress: Show | None,
) -> tuple[Case, ...]:
    kinds = list(dict.fromkeys(layer.op for layer in network.layers if layer.einsum is not None))
    if not kinds:
        raise InputError(f"{network.name} has no layer with multiply-accumulates; there is nothing to compare")
    parts = [replace(network, layers=tuple(layer for layer in network.layers if layer.op == op)) for op in kinds]
    scaled = {batch: [part if part.batch == batch else part.with_batch(batch) for part in parts] for batch in batches}
    places = [
        Case(key, title, chip, batch, kind)
        for pes in dict.fromkeys(chip.pes for _, _, chip in built)
        for batch in batches
        for key, title, chip in built
        if chip.pes == pes
        for kind in kinds
    ]
    cases = []
    for done, place in enumerate(places):
        title = f"{place.title}, {place.pes:,} PEs, batch {place.batch}, {place.kind}"

        def show(layers: Progress | None, done: int = done, title: str = title) -> None:
            if progress is not None:
                progress(StudyProgress(done, len(places), title, layers))

        show(None)
        cases.append(_evaluated(place, scaled[place.batch][kinds.index(place.kind)], search, show))
    if progress is not None:
        progress(StudyProgress(len(places), len(places), ""))
    return tuple(cases)


def _evaluated(case: Case, part: Network, search: SearchPlan, show: Callable[[Progress], None]) -> Case:
    try:
        found = evaluate(
            part,
            case.hardware,
            batch=part.batch,
            objective=search.objective,
            time_limit=search.time_limit,
            workers=search.workers,
            cache=search.cache,
            progress=show,
        )
    except NoMappingError as error:
        return replace(case, reason=error.message)
    return replace(case, layers=found.mapped)


def _check_lists(**lists: Sequence[object] | None) -> None:
    for name, values in lists.items():
        if values is not None and (isinstance(values, str) or not values):
            raise InputError(f"{name} is {values!r}; it must be a list of at least one")
        if values is not None and len(set(values)) < len(values):
            raise InputError(f"{name} has the same twice: {', '.join(map(str, values))}")
