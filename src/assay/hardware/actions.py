"""Joules per word for each action of each component, straight from the hardware description.

A memory moves `width` bits per access. Words are packed: a transfer of k words of b bits takes k·b / width accesses, a
fraction when it does not come out even, so that energy is linear in words.
"""

from __future__ import annotations

from functools import lru_cache

from assay.hardware.model import Compute, Fanout, Hardware, Memory, Node

_MEMORY_ENERGY = {"read": "read_energy", "fill": "write_energy", "update": "update_energy"}


def energy_per_word(hardware: Hardware, component: str, action: str, bits: int) -> float | None:
    """Joules that one `action` of the component named costs per word of `bits` bits; None when it is not modelled.

    For the compute the action is one MAC and `bits` does not matter. Additions on the way up a fanout (`reduce`) are
    not modelled: no description gives their energy yet.

    Raises:
        KeyError: the hardware has no component of that name.
    """
    node = _nodes(hardware)[component]
    if isinstance(node, Compute):
        return node.energy if action == "compute" else None
    if isinstance(node, Fanout):
        per_transfer = node.transfer_energy if action == "transfer" else None
        return None if per_transfer is None else per_transfer * bits / node.width
    assert isinstance(node, Memory)
    if action == "update" and node.update_energy is None:
        per_access = node.write_energy
    else:
        per_access = getattr(node, _MEMORY_ENERGY[action]) if action in _MEMORY_ENERGY else None
    return None if per_access is None else float(per_access) * bits / node.width


@lru_cache(maxsize=64)
def _nodes(hardware: Hardware) -> dict[str, Node]:
    return {node.name: node for node in hardware.nodes}
