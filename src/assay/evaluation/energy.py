"""Energy of a layer: counts times energy per action, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass

from assay.components.actions import energy_per_word
from assay.hardware.model import Fanout, Hardware
from assay.mapping.counts import Action, Analysis, Count
from assay.workload.einsum import Einsum


@dataclass(frozen=True, slots=True)
class ActionEnergy:
    """Energy of all actions of one kind on one tensor, in joules; None when the hardware gives no energy for it."""

    component: str
    tensor: str | None
    action: Action
    energy: float | None


def energy_of_actions(einsum: Einsum, hardware: Hardware, analysis: Analysis) -> tuple[ActionEnergy, ...]:
    """One entry per count, in the same order."""
    return tuple(
        ActionEnergy(count.component, count.tensor, count.action, _energy(count, einsum, hardware))
        for count in analysis.counts
    )


def total_energy(energies: tuple[ActionEnergy, ...], hardware: Hardware) -> float | None:
    """Joules of all entries. None when a memory or the compute has an unknown one, or when there is no entry at all.

    An unknown energy in a fanout (a wire or an adder on the way) does not make the total unknown: it is left out, and
    the notes of the evaluation say so.
    """
    optional = {fanout.name for fanout in hardware.fanouts}
    total: float | None = None
    for entry in energies:
        if entry.energy is not None:
            total = (total or 0.0) + entry.energy
        elif entry.component not in optional:
            return None
    return total


def unknown_in_fanouts(energies: tuple[ActionEnergy, ...], hardware: Hardware) -> tuple[tuple[str, Action], ...]:
    """(fanout, action) pairs that happen but have no energy, each once, in order."""
    fanouts = {node.name for node in hardware.nodes if isinstance(node, Fanout)}
    pairs = [(e.component, e.action) for e in energies if e.energy is None and e.component in fanouts]
    return tuple(dict.fromkeys(pairs))


def _energy(count: Count, einsum: Einsum, hardware: Hardware) -> float | None:
    if count.action is Action.REDUCE:
        return None
    bits = hardware.compute.bits if count.tensor is None else einsum.tensor(count.tensor).bits
    per_word = energy_per_word(hardware, count.component, count.action, bits)
    return None if per_word is None else count.count * per_word
