"""The verdict: two or three sentences that say how good it is and what limits it."""

from __future__ import annotations

from assay.evaluation.layer import LayerResult
from assay.evaluation.results import Evaluation
from assay.mapping.latency import COMPUTE
from assay.reading.figures import percent, rate
from assay.reading.units import format_si
from assay.reading.words import listed, plural
from assay.report.figures import OBJECTIVE_NAMES, missing_energy

WORTH_NAMING = 0.1
"""Shares of energy or time below this are not named."""

NAMED = 3
"""More layers than this are counted, not named."""


def verdict(evaluation: Evaluation) -> str:
    """What it takes, where the energy goes, what limits the time, and whether the mappings are proven best."""
    if not evaluation.mapped:
        return "No layer has multiply-accumulates; nothing of this network is modelled on the chip."
    sentences = [part(evaluation) for part in (_figures, _energy, _time, _proof, _unmapped)]
    return " ".join(sentence for sentence in sentences if sentence)


def _figures(evaluation: Evaluation) -> str:
    batch = "an inference" if evaluation.batch == 1 else f"a batch of {evaluation.batch:,}"
    speed = f"{rate(evaluation.throughput, 'inferences')}, {percent(evaluation.utilization)} of what the PEs could do"
    text = f"{format_si(evaluation.latency, 's')} for {batch} ({speed})"
    if evaluation.energy is None:
        return f"{text}; energy not modelled."
    energy = f"{format_si(evaluation.energy, 'J')}"
    if evaluation.batch > 1:
        energy += f" ({format_si(evaluation.energy_per_inference, 'J')} per inference)"
    if evaluation.objective == "edp":
        energy += f", which makes an EDP of {format_si(evaluation.edp, 'J·s')}"
    return f"{text} and {energy}{missing_energy(evaluation, ', without ')}."


def _energy(evaluation: Evaluation) -> str:
    total = evaluation.energy
    if not total:
        return ""
    shares = {node.name: (evaluation.energy_of(node.name) or 0.0) / total for node in evaluation.hardware.nodes}
    ranked = sorted(shares.items(), key=lambda item: -item[1])
    named = [(name, percent(share)) for name, share in ranked[:3] if share >= WORTH_NAMING]
    if not named:
        return ""
    first, rest = named[0], named[1:]
    return (
        listed([f"{first[1]} of the energy goes to {first[0]}", *(f"{share} to {name}" for name, share in rest)]) + "."
    )


def _time(evaluation: Evaluation) -> str:
    """Which kinds of layers wait for what; all of it where one cause has it all."""
    seconds = evaluation.latency_bound_by()
    total = sum(seconds.values())
    if not total:
        return ""
    if len(seconds) == 1:
        who = "Every layer" if len(evaluation.mapped) > 1 else "The layer"
        return f"{who} is bound by {_cause(next(iter(seconds)))}."
    named: list[str] = []
    for cause, time in seconds.items():
        if time / total >= WORTH_NAMING:
            share = f"{percent(time / total)}{'' if named else ' of the time is bound'}"
            named.append(f"{share} by {_cause(cause)} ({_waiting(evaluation, cause)})")
    return listed(named) + "."


def _cause(bound_by: str) -> str:
    return "compute" if bound_by == COMPUTE else f"the bandwidth of {bound_by}"


def _waiting(evaluation: Evaluation, cause: str) -> str:
    names = [layer.name for layer in evaluation.mapped if layer.bound_by == cause]
    return ", ".join(names) if len(names) <= NAMED else plural(len(names), "layer")


def _proof(evaluation: Evaluation) -> str:
    """How many mappings are proven to be the best, and how far off the others can be, and why."""
    searched = [layer for layer in evaluation.mapped if layer.search is not None]
    if not searched:
        return "The mappings were given, not searched."
    others = [layer for layer in searched if not layer.optimal]
    claim = f"proven to be of {_least(evaluation)} ({_scope(evaluation)})"
    if not others:
        who = "Every mapping" if len(evaluation.mapped) > 1 else "The mapping"
        return f"{who}{' that was searched' if len(searched) < len(evaluation.mapped) else ''} is {claim}."
    proven = len(searched) - len(others)
    start = f"{proven} of {plural(len(searched), 'mapping')} {'is' if proven == 1 else 'are'}"
    if not proven:
        start = "No mapping is" if len(searched) > 1 else "The mapping is not"
    who = "the others are" if proven else "they are" if len(searched) > 1 else "it is"
    return f"{start} {claim}; {_others(others, who)}."


def _others(layers: list[LayerResult], who: str) -> str:
    """How far the mappings that are not proven to be the best can be off, and what ended their search."""
    gaps = [layer.gap for layer in layers]
    known = [gap for gap in gaps if gap is not None]
    if len(known) == len(gaps):
        text = f"{who} within {percent(max(known))} of it"
    else:
        names = [layer.name for layer in layers if layer.gap is None]
        text = (
            f"how far off {', '.join(names) if len(names) <= NAMED else plural(len(names), 'layer')} can be is unknown"
        )
    stopped = sum(layer.search is not None and layer.search.stopped for layer in layers)
    if not stopped:
        return text
    whose = (
        "the search" if len(layers) == 1 else "their searches" if stopped == len(layers) else f"{stopped:,} searches"
    )
    return f"{text}, as the time limit ended {whose}"


def _least(evaluation: Evaluation) -> str:
    partly = evaluation.energy_without and evaluation.objective != "latency"
    return f"least {'modelled ' if partly else ''}{OBJECTIVE_NAMES.get(evaluation.objective, evaluation.objective)}"


def _scope(evaluation: Evaluation) -> str:
    """What the search covers."""
    factors = "any factors" if evaluation.tiles == "imperfect" else "perfect factors"
    steps = " that take the fewest steps" if any(fanout.fill for fanout in evaluation.hardware.fanouts) else ""
    return f"among those with {factors}{steps}"


def _unmapped(evaluation: Evaluation) -> str:
    count = len(evaluation.layers) - len(evaluation.mapped)
    if not count:
        return ""
    return f"Not modelled: {plural(count, 'layer')} without multiply-accumulates."
