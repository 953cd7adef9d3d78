"""The workloads of a suite on a chip: whether each runs, what it achieves, and what is left over many of them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from assay.evaluation.layer import LayerResult
from assay.evaluation.notes import notes_of
from assay.evaluation.results import Evaluation
from assay.evaluation.sources import widths
from assay.hardware.model import Hardware
from assay.mapper.result import SearchResult
from assay.metrics.flexibility_search import Failure, SearchOutcome, layer_result
from assay.metrics.flexibility_suite import SuiteEntry, effectual_share
from assay.workload.einsum import Einsum
from assay.workload.network import Network


class Support(StrEnum):
    """The first tier: can it run?"""

    ALL = "runs"
    MACS = "MACs run"
    """Every layer with multiply-accumulates runs; the others need units that are not modelled: not known."""
    NONE = "cannot run"
    UNKNOWN = "not known"
    """A layer with multiply-accumulates is of a kind that this version cannot search."""

    @property
    def runs(self) -> bool:
        return self in (Support.ALL, Support.MACS)


@dataclass(frozen=True, slots=True)
class LayerFailure:
    """A layer that the chip cannot run (or of which that is not known), why, and what would help."""

    layer: str
    reason: str
    hint: str = ""
    unknown: bool = False


@dataclass(frozen=True, slots=True)
class Figures:
    """What a workload that runs achieves; None is not known.

    Attributes:
        utilization: MACs per second over the peak, zeros included, 0 to 1.
        throughput: inferences per second.
        inferences_per_joule, macs_per_joule: off-chip memory included.
        active_pes: mean of the PEs that have work while the chip computes.
        limit: what most of the time goes to, `compute` or the component waited for, and its share of the time.
    """

    utilization: float | None = None
    throughput: float | None = None
    inferences_per_joule: float | None = None
    macs_per_joule: float | None = None
    active_pes: float | None = None
    limit: tuple[str, float] | None = None

    @staticmethod
    def of(evaluation: Evaluation) -> Figures:
        """Those of an evaluation."""
        seconds = evaluation.latency_bound_by()
        total = sum(seconds.values())
        energy = evaluation.energy_per_inference
        return Figures(
            evaluation.utilization,
            evaluation.throughput,
            1 / energy if energy else None,
            evaluation.macs_per_joule,
            evaluation.active_pes,
            next(((cause, time / total) for cause, time in seconds.items()), None) if total else None,
        )


@dataclass(frozen=True, slots=True)
class Workload:
    """An entry of a suite on the chip.

    Attributes:
        entry: of the suite.
        network: as it was run, with its batch, words and densities.
        evaluation: of the network; None where it cannot run.
        failures: the layers that cannot run.
        figures: what it achieves; all None where it cannot run.
        effectual: the share of the multiply-accumulates of which no operand is zero; 1 for dense networks.
    """

    entry: SuiteEntry
    network: Network
    evaluation: Evaluation | None
    failures: tuple[LayerFailure, ...] = ()
    figures: Figures = Figures()
    effectual: float = 1.0

    @property
    def name(self) -> str:
        return self.entry.name

    @property
    def support(self) -> Support:
        if self.failures:
            return Support.UNKNOWN if all(each.unknown for each in self.failures) else Support.NONE
        return Support.MACS if self.beside else Support.ALL

    @property
    def beside(self) -> tuple[str, ...]:
        """Kinds of layers without multiply-accumulates: whether the chip has units for them is not modelled."""
        return tuple(dict.fromkeys(layer.op for layer in self.network.layers if layer.einsum is None))

    @property
    def bits(self) -> int:
        """Of the widest operands; 0 for a network without multiply-accumulates."""
        return max(widths(self.network), default=0)

    @property
    def macs(self) -> int:
        """For the batch."""
        return self.network.macs

    @property
    def throughput_efficiency(self) -> float | None:
        """Effectual MACs per second over the peak, 0 to 1: what of the chip's speed does useful work."""
        found = self.figures.utilization
        return None if found is None else found * self.effectual

    @property
    def effectual_macs_per_joule(self) -> float | None:
        found = self.figures.macs_per_joule
        return None if found is None else found * self.effectual


def effectual_of(network: Network) -> float:
    """The share of a network's multiply-accumulates of which no operand is zero."""
    useful = sum(layer.macs * effectual_share(layer.einsum) for layer in network.layers if layer.einsum is not None)
    return useful / network.macs if network.macs else 1.0


@dataclass(frozen=True, slots=True)
class Summary:
    """What is left of the efficiency over many workloads. Above 1 counts as 1: what one gains, another does not keep.

    Attributes:
        geomean: geometric mean over those that run; None where none has a figure.
        counted: how many those are.
        geomean_all: the same with 0 for those that cannot run: 0 where there is one.
        mean_all: arithmetic mean with 0 for those that cannot run.
        worst, best: (name, value) of those that run.
    """

    geomean: float | None
    counted: int
    geomean_all: float | None
    mean_all: float | None
    worst: tuple[str, float] | None
    best: tuple[str, float] | None

    def to_dict(self) -> dict[str, Any]:
        worst, best = self.worst or (None, None), self.best or (None, None)
        return {
            "geomean": self.geomean,
            "counted": self.counted,
            "geomean_with_zeros": self.geomean_all,
            "mean_with_zeros": self.mean_all,
            "worst": {"name": worst[0], "value": worst[1]},
            "best": {"name": best[0], "value": best[1]},
        }


def summarise(values: Sequence[tuple[str, float | None]], failed: int = 0) -> Summary:
    """Means and extremes of efficiencies.

    Args:
        values: (name, efficiency) of those that run, above 1 counted as 1; None where it is not known: left out.
        failed: how many cannot run.
    """
    known = [(name, min(1.0, value)) for name, value in values if value is not None]
    if not known:
        none = 0.0 if failed and not values else None
        return Summary(None, 0, none, none, None, None)
    numbers = [value for _, value in known]
    mean = math.exp(math.fsum(map(math.log, numbers)) / len(numbers)) if min(numbers) > 0 else 0.0
    return Summary(
        geomean=mean,
        counted=len(known),
        geomean_all=0.0 if failed else mean,
        mean_all=math.fsum(numbers) / (len(numbers) + failed),
        worst=min(known, key=lambda each: each[1]),
        best=max(known, key=lambda each: each[1]),
    )


def run_entry(
    entry: SuiteEntry,
    network: Network,
    chip: Hardware,
    found: Mapping[Einsum, SearchOutcome],
    objective: str,
    tiles: str,
) -> Workload:
    """The entry on the chip, from what was found for its layers (or is known without a search: see `too_wide`)."""
    results: list[LayerResult] = []
    failures: list[LayerFailure] = []
    known: dict[Einsum, LayerResult] = {}
    for layer in network.layers:
        if layer.einsum is None:
            results.append(LayerResult(layer, chip))
        elif layer.einsum in known:
            results.append(replace(known[layer.einsum], layer=layer))
        else:
            outcome = too_wide(layer.einsum, chip) or found[layer.einsum]
            if isinstance(outcome, SearchResult):
                known[layer.einsum] = layer_result(layer, chip, outcome)
                results.append(known[layer.einsum])
            else:
                failures.append(LayerFailure(layer.name, outcome.reason, outcome.hint, outcome.unknown))
    share = effectual_of(network)
    if failures:
        return Workload(entry, network, None, tuple(failures), effectual=share)
    notes = notes_of(network, chip, tuple(results), objective)
    evaluation = Evaluation(network, chip, objective, tuple(results), notes, tiles)
    return Workload(entry, network, evaluation, figures=Figures.of(evaluation), effectual=share)


def too_wide(einsum: Einsum, chip: Hardware) -> Failure | None:
    """Operands that the multipliers cannot take in one pass."""
    width = max(tensor.bits for tensor in einsum.inputs)
    if width <= chip.compute.bits:
        return None
    return Failure(
        f"operands of {width} bits on multipliers of {chip.compute.bits}: not in one pass; several are not modelled",
        f"a suite with bits: {chip.compute.bits} asks for words that fit",
    )
