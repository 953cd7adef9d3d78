"""Energy of a layer: counts times energy per action, and nothing else.

Words are packed: k words of b bits take k·b / width accesses, a fraction when it does not come out even. Where the
hardware says `whole_accesses`, the words of one instance, tensor and action take a whole number of them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

from assay.hardware.actions import energy_per_word
from assay.hardware.model import Fanout, Hardware, Memory
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
    whole = hardware.counting.whole_accesses
    nodes = zip(hardware.nodes, analysis.active, strict=True)
    memories = {node.name: (node, active) for node, active in nodes if whole and isinstance(node, Memory)}
    found = []
    for count in analysis.counts:
        if count.component in memories:
            energy = _whole_energy(count, einsum, hardware, *memories[count.component])
        else:
            energy = _energy(count, einsum, hardware)
        found.append(ActionEnergy(count.component, count.tensor, count.action, energy))
    return tuple(found)


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


def _whole_energy(count: Count, einsum: Einsum, hardware: Hardware, memory: Memory, active: int) -> float | None:
    """Joules of a memory whose accesses are whole: each of the active instances moves an equal share of the words.

    540 words per instance at 8 words per access take 68 accesses, not 67.5.
    """
    assert count.tensor is not None
    per_access = energy_per_word(hardware, memory.name, count.action, memory.width)
    bits = count.count * einsum.tensor(count.tensor).bits
    return None if per_access is None else math.ceil(Fraction(bits, active * memory.width)) * active * per_access
