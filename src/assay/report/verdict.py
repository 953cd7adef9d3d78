"""The verdict: two or three sentences that say how good it is and what limits it."""

from __future__ import annotations

from assay.evaluation.results import Evaluation
from assay.mapping.latency import COMPUTE
from assay.report.figures import missing_energy, percent, plural, rate, si

WORTH_NAMING = 0.1
"""Shares of energy or time below this are not named."""


def verdict(evaluation: Evaluation) -> str:
    """What it takes, where the energy goes, what limits the time, and whether the mappings are proven best."""
    if not evaluation.mapped:
        return "No layer has multiply-accumulates; nothing of this network is modelled on the chip."
    sentences = [part(evaluation) for part in (_figures, _energy, _time, _proof, _unmapped)]
    return " ".join(sentence for sentence in sentences if sentence)


def _figures(evaluation: Evaluation) -> str:
    batch = "an inference" if evaluation.batch == 1 else f"a batch of {evaluation.batch:,}"
    speed = f"{rate(evaluation.throughput, 'inferences')}, {percent(evaluation.utilization)} of what the PEs could do"
    text = f"{si(evaluation.latency, 's')} for {batch} ({speed})"
    if evaluation.energy is None:
        return f"{text}; energy not modelled."
    energy = f"{si(evaluation.energy, 'J')}"
    if evaluation.batch > 1:
        energy += f" ({si(evaluation.energy_per_inference, 'J')} per inference)"
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
        _join([f"{first[1]} of the energy goes to {first[0]}", *(f"{share} to {name}" for name, share in rest)]) + "."
    )


def _time(evaluation: Evaluation) -> str:
    """Which kinds of layers wait for what; all of it where one cause has it all."""
    seconds = evaluation.latency_bound_by()
    total = sum(seconds.values())
    if not total:
        return ""
    if len(seconds) == 1:
        return f"Every layer is bound by {_cause(next(iter(seconds)))}."
    named: list[str] = []
    for cause, time in seconds.items():
        if time / total >= WORTH_NAMING:
            share = f"{percent(time / total)}{'' if named else ' of the time is bound'}"
            named.append(f"{share} by {_cause(cause)} ({_waiting(evaluation, cause)})")
    return _join(named) + "."


def _cause(bound_by: str) -> str:
    return "compute" if bound_by == COMPUTE else f"the bandwidth of {bound_by}"


def _waiting(evaluation: Evaluation, cause: str) -> str:
    names = [layer.name for layer in evaluation.mapped if layer.bound_by == cause]
    return ", ".join(names) if len(names) <= 3 else plural(len(names), "layer")


def _proof(evaluation: Evaluation) -> str:
    searched = [layer.search for layer in evaluation.mapped if layer.search is not None]
    given = len(evaluation.mapped) - len(searched)
    scope = _scope(evaluation)
    proven = sum(search.optimal for search in searched)
    least = "least modelled energy" if evaluation.energy_without else "least energy"
    if not searched:
        return "The mappings were given, not searched."
    if proven == len(searched):
        text = f"Every mapping{' that was searched' if given else ''} is proven to be of {least}"
        return f"{text} ({scope})."
    worst = max(search.gap for search in searched)
    text = f"{proven} of {plural(len(searched), 'mapping')} {'is' if proven == 1 else 'are'} proven to be of {least}"
    return f"{text} ({scope}); the others are within {percent(worst)} of it."


def _scope(evaluation: Evaluation) -> str:
    """What the search covers."""
    if any(fanout.fill for fanout in evaluation.hardware.fanouts):
        return "among those with perfect factors that take the fewest steps"
    return "among those with perfect factors"


def _unmapped(evaluation: Evaluation) -> str:
    count = len(evaluation.layers) - len(evaluation.mapped)
    if not count:
        return ""
    return f"Not modelled: {plural(count, 'layer')} without multiply-accumulates."


def _join(items: list[str]) -> str:
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"
