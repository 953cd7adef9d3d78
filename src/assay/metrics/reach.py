"""Requirements that no mapping can meet: what the chip, the network and the batch contradict by themselves.

Two things bound every mapping: no chip does more multiply-accumulates (MACs) than its peak (equations (1) and (2) of V.
Sze et al., "How to Evaluate Deep Neural Network Processors: TOPS/W (Alone) Considered Harmful", IEEE Solid-State
Circuits Magazine 12(3), 2020), and no inference takes less energy than its MACs alone (equation (7)).
"""

from __future__ import annotations

from assay.evaluation.results import Evaluation
from assay.metrics.requirements import Requirements
from assay.metrics.verdict import Outcome, Verdict
from assay.reading.figures import rate
from assay.reading.units import format_si

INEXACT = 1e-9
"""Relative error of the floating point arithmetic, in favour of the mapping."""

SAME = ("accuracy", "area")
"""Figures that are the same with every mapping."""


def out_of_reach(evaluation: Evaluation, verdict: Verdict) -> dict[str, str]:
    """Why a requirement fails whatever the mapping, in a sentence, by the name of the requirement.

    Args:
        evaluation: with any mappings: only its shapes and the energy of its MACs are taken from it.
        verdict: of that evaluation.
    """
    asked = verdict.requirements
    found = _too_fast(evaluation, asked) | _too_frugal(evaluation, asked)
    for each in verdict.judgements:
        if each.outcome is Outcome.FAILED and each.limit.metric in SAME:
            found[each.limit.name] = f"{each.limit.title} is the same with every mapping."
    return found


def _too_fast(evaluation: Evaluation, asked: Requirements) -> dict[str, str]:
    """Beyond the peak."""
    found = {}
    macs, peak, batch = evaluation.macs, evaluation.peak_macs_per_second, evaluation.batch
    at_peak = f"at the peak of {format_si(peak, 'MAC/s')}"
    if asked.min_throughput is not None and asked.min_throughput * macs > peak * batch * (1 + INEXACT):
        most = rate(peak * batch / macs, "inferences")
        work = format_si(macs / batch, "MAC")
        found["min_throughput"] = (
            f"No mapping reaches {rate(asked.min_throughput, 'inferences')}: {work} per inference {at_peak} "
            f"allow {most}."
        )
    if asked.max_latency is not None and macs > asked.max_latency * peak * (1 + INEXACT):
        whose = "an inference" if batch == 1 else f"a batch of {batch:,}"
        alone = "" if batch == 1 else f", those of one inference {format_si(macs / batch / peak, 's')}"
        found["max_latency"] = (
            f"No mapping takes at most {format_si(asked.max_latency, 's')}: the {format_si(macs, 'MAC')} of {whose} "
            f"take {format_si(macs / peak, 's')} {at_peak}{alone}."
        )
    return found


def _too_frugal(evaluation: Evaluation, asked: Requirements) -> dict[str, str]:
    """Less than the MACs alone take."""
    joules = evaluation.energy_of(evaluation.hardware.compute.name)
    if not joules:
        return {}
    least = joules / evaluation.batch
    alone = f"the MACs of an inference alone take {format_si(least, 'J')}"
    found = {}
    if asked.max_energy is not None and least > asked.max_energy * (1 + INEXACT):
        found["max_energy"] = f"No mapping takes at most {format_si(asked.max_energy, 'J')} per inference: {alone}."
    if asked.max_power is None or asked.min_throughput is None:
        return found
    allowed = asked.max_power / asked.min_throughput
    if least > allowed * (1 + INEXACT):
        found["max_power"] = (
            f"No mapping does {rate(asked.min_throughput, 'inferences')} with {format_si(asked.max_power, 'W')}, "
            f"which leaves {format_si(allowed, 'J')} per inference (equation (5)): {alone}."
        )
    return found
