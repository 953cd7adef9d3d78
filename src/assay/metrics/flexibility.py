"""Flexibility: which workloads run on a chip, and how much efficiency they keep.

After V. Sze, Y.-H. Chen, T.-J. Yang, J. Emer, "How to Evaluate Deep Neural Network Processors", IEEE Solid-State
Circuits Magazine 12(3), 2020, Section VI: support has two tiers, functional (can it run?) and efficient (does it stay
efficient?).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from assay.errors import InputError
from assay.evaluation.progress import Progress
from assay.evaluation.search import SearchPlan
from assay.evaluation.sources import load_chip
from assay.hardware.model import Hardware
from assay.mapper.result import SearchResult
from assay.metrics.flexibility_map import BASE, ShapeMap, plan_map, shape_map
from assay.metrics.flexibility_search import SearchOutcome, search_layers
from assay.metrics.flexibility_suite import STANDARD, Suite, load_suite
from assay.metrics.flexibility_workload import Summary, Support, Workload, run_entry, summarise, too_wide
from assay.metrics.metric import Basis, Metric, Operand
from assay.reading.figures import number
from assay.reading.words import plural
from assay.workload.einsum import Einsum
from assay.workload.network import MAX_BATCH, Network

SCHEMA = "assay.flexibility/1"
"""Name and version of the JSON form; see `data/schema/flexibility-1.json`."""

SOURCE = "Sze et al., IEEE Solid-State Circuits Magazine 12(3), 2020, Section VI"
THROUGHPUT, ENERGY = "throughput", "energy"


@dataclass(frozen=True, slots=True)
class Gain:
    """What fewer bits or zeros bring, beside the same network in full: ratios; None where not known.

    Attributes:
        name, plain: the variant, and what it is held against.
        throughput, per_joule: times as many inferences per second, and per joule.
        ideal: what hardware that takes full advantage in its multipliers could bring in throughput.
    """

    name: str
    plain: str
    throughput: float | None
    per_joule: float | None
    ideal: float


@dataclass(frozen=True, slots=True, repr=False)
class Flexibility:
    """A suite of workloads on a chip, and the range of shapes that the chip serves well.

    Attributes:
        hardware: the chip.
        suite: the workloads.
        objective: what every mapping minimises, layer by layer: `energy`, `latency` or `edp`.
        tiles: sizes of tiles that were searched.
        workloads: one per entry, in the suite's order.
        shapes: the map; None where it was not asked for.
        notes: what is assumed and what is not modelled.
    """

    hardware: Hardware
    suite: Suite
    objective: str
    tiles: str
    workloads: tuple[Workload, ...]
    shapes: ShapeMap | None = None
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"<{self.title}>"

    @property
    def title(self) -> str:
        return f"Flexibility of {self.hardware.label}: {self.suite.label}"

    @property
    def mappings(self) -> str:
        """Which ones were taken, in words."""
        return f"mappings of least {'EDP' if self.objective == 'edp' else self.objective}"

    @property
    def running(self) -> tuple[Workload, ...]:
        """Those whose layers with multiply-accumulates all run."""
        return tuple(each for each in self.workloads if each.support.runs)

    @property
    def share_running(self) -> float:
        return len(self.running) / len(self.workloads)

    @property
    def reference(self) -> Workload | None:
        """What energy efficiency is held against: the most effectual MACs per joule among the workloads with the widest
        words that run. None where no energy is known."""
        known = [each for each in self.running if each.effectual_macs_per_joule]
        widest = max((each.bits for each in known), default=0)
        return max(
            (each for each in known if each.bits == widest),
            key=lambda each: each.effectual_macs_per_joule or 0.0,
            default=None,
        )

    def energy_efficiency(self, workload: Workload) -> float | None:
        """Effectual MACs per joule beside those of `reference`; above 1 where narrower words save more."""
        best, own = self.reference, workload.effectual_macs_per_joule
        return None if best is None or own is None else own / (best.effectual_macs_per_joule or 1.0)

    def of_class(self, kind: str | None) -> tuple[Workload, ...]:
        """Those of a class of the suite; None: all."""
        return tuple(each for each in self.workloads if kind is None or each.entry.kind == kind)

    def efficiencies(self, tier: str, kind: str | None = None) -> list[tuple[str, float | None]]:
        """(name, efficiency) of those that run; arguments as of `summary`."""
        return [
            (each.name, each.throughput_efficiency if tier == THROUGHPUT else self.energy_efficiency(each))
            for each in self.of_class(kind)
            if each.support.runs
        ]

    def summary(self, tier: str, kind: str | None = None) -> Summary:
        """Means and extremes.

        Args:
            tier: `throughput` (`Workload.throughput_efficiency`) or `energy` (`energy_efficiency`).
            kind: a class of the suite; None: all.
        """
        failed = sum(each.support is Support.NONE for each in self.of_class(kind))
        return summarise(self.efficiencies(tier, kind), failed=failed)

    @property
    def gains(self) -> tuple[Gain, ...]:
        """Variants in fewer bits or with zeros, each beside the same network in full, where the suite has that."""
        return tuple(gain for each in self.running if (gain := self._gain(each)) is not None)

    def _gain(self, variant: Workload) -> Gain | None:
        for plain in self.running:
            same = (plain.entry.network, plain.network.batch) == (variant.entry.network, variant.network.batch)
            full = plain.effectual == 1.0 and plain.entry.bits is None
            if same and full and plain is not variant and (variant.effectual < 1 or variant.bits < plain.bits):
                ideal = plain.bits / variant.bits / variant.effectual
                one, other = variant.figures, plain.figures
                speed = _ratio(one.throughput, other.throughput)
                energy = _ratio(one.inferences_per_joule, other.inferences_per_joule)
                return Gain(variant.name, plain.name, speed, energy, ideal)
        return None

    def to_dict(self) -> dict[str, Any]:
        """As in the schema `assay.flexibility/1`."""
        chip, reference = self.hardware, self.reference
        return {
            "schema": SCHEMA,
            "hardware": {
                "name": chip.name,
                "title": chip.title,
                "source": chip.source,
                "dataflow": chip.dataflow or None,
                "clock_hz": chip.clock,
                "pes": chip.pes,
                "peak_macs_per_cycle": chip.peak_macs_per_cycle,
                "bits": chip.compute.bits,
            },
            "suite": {"name": self.suite.name, "title": self.suite.title, "source": self.suite.source},
            "objective": self.objective,
            "tiles": self.tiles,
            "workloads": [self._workload(each) for each in self.workloads],
            "share_running": self.share_running,
            "reference": None if reference is None else reference.name,
            "throughput": self.summary(THROUGHPUT).to_dict(),
            "energy": self.summary(ENERGY).to_dict(),
            "classes": [
                {"class": kind} | {tier: self.summary(tier, kind).to_dict() for tier in (THROUGHPUT, ENERGY)}
                for kind in self.suite.kinds
            ],
            "gains": [
                {
                    "name": gain.name,
                    "beside": gain.plain,
                    "throughput": gain.throughput,
                    "inferences_per_joule": gain.per_joule,
                    "ideal_throughput": gain.ideal,
                }
                for gain in self.gains
            ],
            "map": None if self.shapes is None else self.shapes.to_dict(),
            "metrics": [metric.to_dict() for metric in flexibility_metrics(self)],
            "notes": list(self.notes),
        }

    def _workload(self, each: Workload) -> dict[str, Any]:
        entry = each.entry
        data: dict[str, Any] = {"name": each.name, "network": entry.network, "class": entry.kind, "why": entry.why}
        data |= {"batch": each.network.batch, "bits": each.bits, "macs": each.macs, "effectual": each.effectual}
        data |= {"support": str(each.support), "not_modelled": list(each.beside)}
        data["failures"] = [{"layer": f.layer, "reason": f.reason, "hint": f.hint or None} for f in each.failures]
        figures = each.figures
        limit = figures.limit
        data["limited_by"] = None if limit is None else {"cause": limit[0], "share_of_time": limit[1]}
        data["active_pes"] = figures.active_pes
        data |= {"utilization": figures.utilization, "throughput_efficiency": each.throughput_efficiency}
        data |= {"inferences_per_s": figures.throughput, "inferences_per_j": figures.inferences_per_joule}
        data |= {"effectual_macs_per_j": each.effectual_macs_per_joule}
        return data | {"energy_efficiency": self.energy_efficiency(each)}


def flexibility(
    hardware: Hardware | str | Path,
    suite: Suite | str | Path = STANDARD,
    *,
    batch: int | None = None,
    objective: str = "edp",
    tiles: str = "perfect",
    dataflow: str | None = None,
    shapes: bool = True,
    base: str = BASE,
    above: float = 0.5,
    time_limit: float | None = None,
    workers: int | None = None,
    progress: Callable[[Progress], None] | None = None,
    cache: bool = True,
) -> Flexibility:
    """Run a suite of workloads on a chip, and look for the range of shapes that it serves well.

    Args:
        hardware: hardware, or a preset name or file for `load_hardware`.
        suite: a suite, its name, or its file (docs/flexibility.md).
        batch: inputs processed together, in place of what the suite says; None: as it says.
        objective: what the mapping of each layer minimises: `edp`, `energy` or `latency`.
        tiles, dataflow, time_limit, workers, progress, cache: as for `assay.evaluate`.
        shapes: False: no map.
        base: the layer around which shapes are varied, written out (`conv:M=64,C=64,P=28,Q=28,R=3,S=3`).
        above: the threshold of the map, a share: of the peak, or with objective `energy` of the best MACs per joule.

    Raises:
        InputError: an argument or a file is wrong.
        UnsupportedError: a network that this version cannot read.
        KeyboardInterrupt: Ctrl-C; what is found is kept.
    """
    search = SearchPlan(objective, tiles, time_limit, workers, cache)
    if isinstance(above, bool) or not isinstance(above, int | float) or not 0 < above <= 1:
        raise InputError(f"above is {above!r}; it must be a share above 0, at most 1 (50 % is 0.5)")
    chip, chosen = load_chip(hardware, dataflow), _with_batch(load_suite(suite), batch)
    networks = [entry.load(chip.compute.bits) for entry in chosen.entries]
    plan = plan_map(base, chip) if shapes else None
    layers = _layers(chosen, networks, chip)
    found = search_layers(layers + (plan.layers if plan else []), chip, search, progress)
    workloads = tuple(
        run_entry(entry, network, chip, found, objective, tiles)
        for entry, network in zip(chosen.entries, networks, strict=True)
    )
    drawn = None if plan is None else shape_map(plan, chip, objective, above, found)
    notes = (*_unproven(found.values()), *_notes(chip, workloads))
    return Flexibility(chip, chosen, objective, tiles, workloads, drawn, notes)


def _layers(suite: Suite, networks: Sequence[Network], chip: Hardware) -> list[tuple[str, Einsum]]:
    """(name for the progress, einsum) of all that is to be searched."""
    return [
        (f"{entry.name}: {layer.name}", layer.einsum)
        for entry, network in zip(suite.entries, networks, strict=True)
        for layer in network.layers
        if layer.einsum is not None and too_wide(layer.einsum, chip) is None
    ]


def _with_batch(suite: Suite, batch: int | None) -> Suite:
    if batch is None:
        return suite
    if isinstance(batch, bool) or not isinstance(batch, int) or not 1 <= batch <= MAX_BATCH:
        raise InputError(f"batch is {batch!r}; it must be a whole number from 1 to {MAX_BATCH:,}")
    return replace(suite, entries=tuple(replace(entry, batch=batch) for entry in suite.entries))


def _ratio(one: float | None, other: float | None) -> float | None:
    return None if one is None or not other else one / other


def _unproven(found: Iterable[SearchOutcome]) -> list[str]:
    """What the searches leave open."""
    results = [each for each in found if isinstance(each, SearchResult)]
    left = [each for each in results if not each.optimal]
    if not left:
        return []
    stopped = sum(each.stopped for each in left)
    why = f" (the time limit ended {plural(stopped, 'search', 'searches')})" if stopped else ""
    return [
        f"Of {plural(len(results), 'different layer')}, the mappings of {len(left):,} are not proven best{why}. A "
        "better mapping would raise these efficiencies."
    ]


def _notes(chip: Hardware, workloads: Sequence[Workload]) -> tuple[str, ...]:
    notes = [
        "Efficiency counts multiply-accumulates whose operands are not zero (effectual). The chip does the others, "
        "too: zeros are not skipped, and data is not compressed.",
        f"Words narrower than {chip.compute.bits} bits are packed: they take less room and traffic; a MAC on them "
        f"takes the time and energy of one of {chip.compute.bits} bits.",
    ]
    if any(each.beside for each in workloads):
        notes.append(
            "Layers without multiply-accumulates (pooling, activation, normalisation, ...) need units that are not "
            "modelled: whether they run, and what they take, is not known and not in the figures."
        )
    notes += [f"Hardware: {note}" for note in chip.notes]
    return tuple(notes)


def flexibility_metrics(result: Flexibility) -> tuple[Metric, ...]:
    """The figures in short, for a scorecard: what share runs, means, and the worst case."""
    suite, chip = result.suite.label, result.hardware
    running, total = len(result.running), len(result.workloads)
    share = Metric(
        "flexibility_running",
        "Workloads that run",
        result.share_running,
        "%",
        Basis.COUNTED,
        "running / workloads",
        (Operand("running", running, source="every layer with MACs has a mapping"), Operand("workloads", total)),
        SOURCE,
        note=f"{running} of {total} of {suite}",
    )
    found = [share]
    energy_of = "effectual MACs per joule / those of the best workload in full width"
    for tier, formula in ((THROUGHPUT, "effectual MACs per second / peak MACs per second"), (ENERGY, energy_of)):
        found += _tier_metrics(result, tier, formula)
    if (drawn := result.shapes) is not None:
        corner = drawn.corner
        found.append(
            Metric(
                "flexibility_shapes",
                f"Shapes above {drawn.threshold}",
                drawn.share_above,
                "%",
                Basis.CALCULATED,
                "shapes above / shapes",
                (
                    Operand("shapes above", sum(map(drawn.is_above, drawn.grid))),
                    Operand("shapes", len(drawn.grid), source=f"M and C around {drawn.base} on {chip.label}"),
                ),
                SOURCE,
                note="" if corner is None else f"all with M >= {corner.m} and C >= {corner.c}",
            )
        )
    return tuple(found)


def _tier_metrics(result: Flexibility, tier: str, formula: str) -> list[Metric]:
    summary = result.summary(tier)
    name = "Throughput" if tier == THROUGHPUT else "Energy"
    reference = result.reference
    beside = f"; 100 % is {reference.name}" if tier == ENERGY and reference else ""
    missing = "" if summary.counted else "no workload runs" if not result.running else "energies of the chip"
    failed = sum(each.support is Support.NONE for each in result.workloads)
    zero = f"{number(summary.geomean_all)} with those that cannot run" if failed and summary.counted else ""
    operands = (Operand("workloads that run", summary.counted),)
    worst = summary.worst
    return [
        Metric(
            f"flexibility_{tier}",
            f"{name} efficiency kept, geometric mean",
            summary.geomean,
            "%",
            Basis.CALCULATED,
            f"geometric mean of {formula}",
            operands,
            SOURCE,
            note=f"over {summary.counted} that run, {result.mappings}{'; ' if zero else ''}{zero}{beside}",
            missing=missing,
        ),
        Metric(
            f"flexibility_{tier}_worst",
            f"{name} efficiency, worst case",
            None if worst is None else worst[1],
            "%",
            Basis.CALCULATED,
            f"least {formula}",
            operands,
            SOURCE,
            note="" if worst is None else worst[0],
            missing=missing,
        ),
    ]
