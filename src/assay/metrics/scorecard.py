"""The scorecard of a network on a chip: every metric that belongs to a judgement, in groups, each with its formula.

After V. Sze et al., "How to Evaluate Deep Neural Network Processors: TOPS/W (Alone) Considered Harmful", IEEE
Solid-State Circuits Magazine 12(3), 2020: accuracy first, off-chip memory included, TOPS and TOPS/W last.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from assay.errors import InputError
from assay.evaluation.results import Evaluation
from assay.hardware.design import energies_in_short, is_extrapolated
from assay.hardware.model import Hardware
from assay.metrics.accuracy import Accuracy, metrics_of
from assay.metrics.cost import area_caveat, cost_metrics, published_area
from assay.metrics.efficiency import efficiency_metrics, energy_metrics, power_caveat, why_no_energy
from assay.metrics.factors import NO_WORK, decomposition_metrics, layers_left_out, throughput_metrics
from assay.metrics.metric import ARTICLE, Basis, Group, Metric, Operand
from assay.metrics.power import power_metrics
from assay.metrics.requirements import Requirements
from assay.metrics.verdict import Outcome, Verdict, judge
from assay.reading.figures import spread

SCHEMA = "assay.scorecard/1"
OPERATIONS = 2
"""Operations of a MAC where TOPS are counted."""


@dataclass(frozen=True, slots=True, repr=False)
class Scorecard:
    """All metrics of one network on one chip.

    Attributes:
        title: of the evaluation.
        groups: in the order in which they are shown; keys of metrics are unique in the whole scorecard.
        caveats: what the figures that requirements are held against do not cover, by their keys there.
    """

    title: str
    groups: tuple[Group, ...]
    caveats: tuple[tuple[str, str], ...] = ()

    def __repr__(self) -> str:
        return f"<Scorecard of {self.title}>"

    def __iter__(self) -> Iterator[Metric]:
        """Every metric, in order."""
        return (metric for group in self.groups for metric in group.metrics)

    def __getitem__(self, key: str) -> Metric:
        """The metric of that key. Raises KeyError where there is none."""
        for metric in self:
            if metric.key == key:
                return metric
        raise KeyError(key)

    def group(self, key: str) -> Group:
        """The group of that key. Raises KeyError where there is none."""
        for group in self.groups:
            if group.key == key:
                return group
        raise KeyError(key)

    @property
    def values(self) -> dict[str, Metric]:
        """The metrics that requirements are held against, by the keys of `judge`: power and energy with all of it."""
        homes = {"power": "total_power", "energy": "total_energy"}
        keys = ("accuracy", "latency", "throughput", "power", "energy", "area", "flexibility", "scalability")
        found = {key: self[homes.get(key, key)] for key in keys}
        return found | {metric.key: metric for metric in self if metric.key == "idle_power"}

    def judge(self, requirements: Requirements) -> Verdict:
        """Whether the chip is a solution for an application with these requirements."""
        verdict = judge(self.values, requirements, caveats=dict(self.caveats))
        return replace(verdict, remarks=(*self._remarks(verdict), *verdict.remarks))

    def _remarks(self, verdict: Verdict) -> tuple[str, ...]:
        """What the figures here say about what was judged."""
        found = []
        batch = self["batch"].value
        late = any(each.limit.metric == "latency" and each.outcome is Outcome.FAILED for each in verdict.judgements)
        if late and isinstance(batch, int) and batch > 1:
            found.append(f"The latency is that of a batch of {batch:,}; a smaller one (--batch 1) may take less time.")
        published = next((metric for metric in self if metric.key == "published_power"), None)
        if published is not None and verdict.requirements.max_power is not None:
            found.append(f"Published with the chip: {published.value}.")
        return tuple(found)

    def to_dict(self) -> dict[str, Any]:
        """As in the schema of an evaluation: only dictionaries, lists, strings, numbers, truth values, None."""
        return {"schema": SCHEMA, "groups": [group.to_dict() for group in self.groups]}


def scorecard(
    evaluation: Evaluation,
    accuracy: Accuracy | None = None,
    tdp: float | None = None,
    flexibility: Sequence[Metric] = (),
    scalability: Sequence[Metric] = (),
    *,
    effectual: float | None = None,
    troubles: Mapping[str, str] | None = None,
) -> Scorecard:
    """Every metric of an evaluation.

    Args:
        accuracy: of the network; None: not known.
        tdp: watts that the cooling of the chip is designed for; None: as published with the hardware, if it is.
        flexibility, scalability: what other commands found of the chip, the main figure first; empty: not known.
        effectual: share of MACs whose operands are both not zero; None: not known.
        troubles: why `flexibility` or `scalability` could not be found out, where that was tried.

    Raises:
        InputError: a TDP or share that cannot be.
    """
    _check(tdp, effectual)
    decomposition = decomposition_metrics(evaluation, effectual)
    energy = (*energy_metrics(evaluation), *efficiency_metrics(evaluation, effectual))
    groups = (
        Group("accuracy", "Accuracy", metrics_of(accuracy, _bits(evaluation))),
        Group("throughput", "Throughput and latency", throughput_metrics(evaluation)),
        Group("factors", "Factors of the throughput", decomposition),
        Group("energy", "Energy", energy),
        Group("power", "Power", power_metrics(evaluation, tdp)),
        Group("cost", "Hardware cost", cost_metrics(evaluation)),
        Group("flexibility", "Flexibility", _elsewhere(flexibility, "flexibility", troubles or {})),
        Group("scalability", "Scalability", _elsewhere(scalability, "scalability", troubles or {})),
        Group("basis", "How it was obtained", _basis_metrics(evaluation)),
        Group("peaks", "TOPS and TOPS/W", _peak_metrics(evaluation)),
    )
    return Scorecard(evaluation.title, groups, tuple(_caveats(evaluation, accuracy).items()))


def _check(tdp: float | None, effectual: float | None) -> None:
    if tdp is not None and not (math.isfinite(tdp) and tdp > 0):
        raise InputError(f"the TDP is {tdp!r} W; it must be above 0")
    if effectual is not None and not 0 < effectual <= 1:
        raise InputError(f"the share of effectual operations is {effectual!r}; it must be above 0 and at most 1")


def _caveats(evaluation: Evaluation, accuracy: Accuracy | None) -> dict[str, str]:
    """What is left out of the figures, by the keys of `judge`."""
    left_out = layers_left_out(evaluation)
    layers = f"without {left_out}" if left_out else ""
    power = power_caveat(evaluation)
    area = "" if published_area(evaluation.hardware) else area_caveat(evaluation)
    found = {"latency": layers, "throughput": layers, "power": power, "energy": power, "area": area}
    found["accuracy"] = "" if accuracy is None else accuracy.remark(_bits(evaluation))
    return {key: text for key, text in found.items() if text}


def _elsewhere(metrics: Sequence[Metric], key: str, troubles: Mapping[str, str]) -> tuple[Metric, ...]:
    """What another command finds, the main figure under the key; or how to ask it."""
    if metrics:
        return (replace(metrics[0], key=key), *metrics[1:])
    command = {"flexibility": "flexibility", "scalability": "scale"}[key]
    missing = troubles.get(key) or f"add --all, or ask assay {command}"
    return (Metric(key, key.capitalize(), None, missing=missing),)


def _bits(evaluation: Evaluation) -> int | None:
    """The width of the words; the widest of several."""
    widths = [tensor.bits for layer in evaluation.mapped if layer.einsum for tensor in layer.einsum.tensors]
    return max(widths) if widths else None


def word_widths(evaluation: Evaluation) -> tuple[int, ...]:
    """The widths of all words that are evaluated, in bits."""
    return tuple(sorted({t.bits for layer in evaluation.mapped if layer.einsum for t in layer.einsum.tensors}))


def _basis_metrics(evaluation: Evaluation) -> tuple[Metric, ...]:
    """Measured, after layout, or estimated; on what data; how sure."""
    hardware = evaluation.hardware
    widths = ", ".join(str(bits) for bits in word_widths(evaluation))
    doubt = uncertainty_of(hardware)
    return (
        Metric(
            "obtained",
            "Obtained by",
            "calculation from exact counts; not measured",
            source="section VIII: measured or simulated? " + ARTICLE,
        ),
        Metric("energies_from", "Energies from", energies_in_short(hardware)),
        Metric("mappings", "Mappings", _proof(evaluation), missing="" if evaluation.mapped else NO_WORK),
        Metric(
            "data",
            "Test data",
            "no images: counts follow from the shapes of the layers",
            note="zeros in the data change nothing, as none are skipped",
        ),
        Metric(
            "precision",
            "Word width",
            widths or None,
            "b",
            source="the tensors of the network" if widths else "",
            missing="" if widths else NO_WORK,
        ),
        Metric("corner", "Process corner, temperature", None, missing="hardware files do not tell"),
        Metric("uncertainty", "Uncertainty", doubt or None, missing="" if doubt else "energies come without a range"),
    )


def uncertainty_of(hardware: Hardware) -> str:
    """How far off the energies of estimated components may be; empty where none is estimated."""
    found = []
    for node in hardware.nodes:
        if node.estimated and node.component is not None:
            share = node.component.estimate.uncertainty
            text = spread(share, none="range not known")
            found.append(f"{node.name} {text}{', extrapolated' if is_extrapolated(node.component) else ''}")
    return "; ".join(found)


def _proof(evaluation: Evaluation) -> str | None:
    if evaluation.optimal is None:
        return "given, not searched" if evaluation.mapped else None
    if evaluation.optimal:
        return f"proven to be of least {evaluation.objective}, layer by layer"
    return "searched; not all are proven to be the best"


def _peak_metrics(evaluation: Evaluation) -> tuple[Metric, ...]:
    """TOPS and TOPS/W, peak and achieved. A MAC is two operations here, as is usual for TOPS."""
    hardware = evaluation.hardware
    achieved, peak = evaluation.macs_per_second, evaluation.peak_macs_per_second
    pes = Operand("MACs per cycle at most", hardware.peak_macs_per_cycle)
    clock = Operand("clock", hardware.clock, "Hz")
    return (
        _tops(
            "peak_tops",
            "TOPS, peak",
            peak,
            "2 × MACs per cycle at most × clock",
            (pes, clock),
            note="every PE busy in every cycle",
        ),
        _tops("tops", "TOPS, achieved", achieved, "2 × MACs / latency", _operands(evaluation), missing=NO_WORK),
        _peak_tops_per_watt(evaluation),
        _per_watt("tops_per_watt", "TOPS/W, achieved with off-chip memory", evaluation, evaluation.energy),
        _per_watt("onchip_tops_per_watt", "TOPS/W, achieved by the chip alone", evaluation, evaluation.onchip_energy),
    )


def _operands(evaluation: Evaluation) -> tuple[Operand, ...]:
    return (Operand("MACs", evaluation.macs), Operand("latency", evaluation.latency, "s"))


def _tops(
    key: str,
    title: str,
    macs_per_second: float | None,
    formula: str,
    operands: tuple[Operand, ...],
    *,
    note: str = "",
    missing: str = "",
) -> Metric:
    if macs_per_second is None:
        return Metric(key, title, None, "TOPS", missing=missing)
    value = OPERATIONS * macs_per_second * 1e-12
    return Metric(key, title, value, "TOPS", Basis.CALCULATED, formula, operands, note=note)


def _peak_tops_per_watt(evaluation: Evaluation) -> Metric:
    """What no network can exceed: a MAC takes at least its own energy, wherever its operands come from.

    A peak with the energy of data would need a network to move it, and would be that network's figure.
    """
    title, compute = "TOPS/W, upper bound", evaluation.hardware.compute
    if not compute.energy:
        return Metric("peak_tops_per_watt", title, None, "TOPS/W", missing=f"the energy of a MAC ({compute.name})")
    return Metric(
        "peak_tops_per_watt",
        title,
        OPERATIONS / compute.energy * 1e-12,
        "TOPS/W",
        Basis.ESTIMATED if compute.estimated else Basis.CALCULATED,
        "2 / energy of a MAC",
        (Operand("energy of a MAC", compute.energy, "J", compute.name),),
        note="MACs alone, no data moved; what a real peak is depends on the network",
    )


def _per_watt(key: str, title: str, evaluation: Evaluation, energy: float | None) -> Metric:
    if not energy:
        return Metric(key, title, None, "TOPS/W", missing=why_no_energy(evaluation))
    operands = (Operand("MACs", evaluation.macs), Operand("energy", energy, "J"))
    value = OPERATIONS * evaluation.macs / energy * 1e-12
    return Metric(key, title, value, "TOPS/W", Basis.CALCULATED, "2 × MACs / energy", operands)
