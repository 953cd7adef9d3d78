"""What was evaluated, as plain data for results."""

from __future__ import annotations

from typing import Any

from assay.components.estimate import Part
from assay.hardware.design import energies_from
from assay.hardware.model import Fanout, Hardware, Memory, Node
from assay.hardware.presets import text_of
from assay.workload.network import Network


def network_to_data(network: Network) -> dict[str, Any]:
    """What a result says of its network."""
    return {
        "name": network.name,
        "title": network.title,
        "source": network.source,
        "batch": network.batch,
        "macs": network.macs,
        "weights": network.weights,
        "notes": list(network.notes),
    }


def hardware_to_data(hardware: Hardware) -> dict[str, Any]:
    """What a result says of its hardware, with the text that it was read from."""
    return {
        "name": hardware.name,
        "title": hardware.title,
        "source": hardware.source,
        "technology": hardware.technology,
        "dataflow": hardware.dataflow or None,
        "energy_source": energies_from(hardware),
        "clock_hz": hardware.clock,
        "pes": hardware.pes,
        "peak_macs_per_cycle": hardware.peak_macs_per_cycle,
        "components": [_node_to_dict(node, hardware) for node in hardware.nodes],
        "parts": [
            {"name": each.part.name, "per_cycle": each.per_cycle or None} | (_part_to_dict(each.part) or {})
            for each in hardware.parts
        ],
        "notes": list(hardware.notes),
        "file": _file_to_dict(hardware),
    }


def _file_to_dict(hardware: Hardware) -> dict[str, Any] | None:
    """The text that the hardware was read from; None for hardware that was made or changed in Python."""
    text = text_of(hardware)
    if text is None:
        return None
    data: dict[str, Any] = {"path": text.path, "builtin": text.builtin, "text": text.text, "tables": dict(text.tables)}
    return data | {"dataflow": text.dataflow or None}


def _node_to_dict(node: Node, hardware: Hardware) -> dict[str, Any]:
    kind = "memory" if isinstance(node, Memory) else "fanout" if isinstance(node, Fanout) else "compute"
    data: dict[str, Any] = {"name": node.name, "kind": kind, "instances": hardware.instances(node.name)}
    if isinstance(node, Memory):
        data |= {"size_bits": node.size, "offchip": node.offchip}
    return data | {"component": _part_to_dict(node.component)}


def _part_to_dict(part: Part | None) -> dict[str, Any] | None:
    """How many of a component one instance has, and what each costs."""
    return None if part is None else {"count": part.count, "estimate": part.estimate.to_dict()}
