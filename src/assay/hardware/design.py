"""Area and leakage of a whole chip: those of its components, and what is known of how many."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from assay.components.estimate import Estimate, Part
from assay.errors import InputError
from assay.hardware.model import Compute, Fanout, Hardware, Memory, Node
from assay.reading.expressions import parse


@dataclass(frozen=True, slots=True)
class Built:
    """What one node, or one part beside the nodes, is built of.

    Attributes:
        name: of the node or part.
        instances: how many of the node or part there are.
        part: what each of them consists of; None where the hardware does not say.
        offchip: True where it is not on the chip.
        node: True for a node, which words pass through.
        per_cycle: the action that every one of it does in every cycle; empty for none.
    """

    name: str
    instances: int
    part: Part | None
    offchip: bool = False
    node: bool = True
    per_cycle: str = ""

    @property
    def estimate(self) -> Estimate | None:
        return None if self.part is None else self.part.estimate

    @property
    def count(self) -> int:
        """How many of the component there are on the chip."""
        return self.instances * (self.part.count if self.part else 1)

    @property
    def area(self) -> float | None:
        """m2 of all instances; None where it is not modelled."""
        area = self.estimate.area if self.estimate else None
        return None if area is None else self.count * area

    @property
    def leakage(self) -> float | None:
        """Watts of all instances, powered and idle; None where it is not modelled."""
        leakage = self.estimate.leakage if self.estimate else None
        return None if leakage is None else self.count * leakage

    @property
    def clock_energy(self) -> float | None:
        """Joules per cycle of all instances, where the part does something in every cycle; None where not modelled."""
        energy = self.estimate.energy_of(self.per_cycle) if self.estimate and self.per_cycle else None
        return None if energy is None else self.count * energy


def built_of(hardware: Hardware) -> tuple[Built, ...]:
    """Every node from the outside in, then the other parts."""
    nodes = [
        Built(node.name, hardware.instances(node.name), node.component, isinstance(node, Memory) and node.offchip)
        for node in hardware.nodes
    ]
    others = [Built(each.part.name, 1, each.part, False, False, each.per_cycle) for each in hardware.parts]
    return (*nodes, *others)


@dataclass(frozen=True, slots=True)
class Total:
    """A sum over components of which some are not modelled.

    Attributes:
        value: of those that are; None where none is.
        without: names of those that are not.
    """

    value: float | None
    without: tuple[str, ...]


def chip_area(hardware: Hardware) -> Total:
    """m2 of what is on the chip. Wires between components, pads and unused area are not in it."""
    return _total({each.name: each.area for each in built_of(hardware) if not each.offchip})


def leakage_power(hardware: Hardware, active: Mapping[str, int] | None = None, *, offchip: bool | None = None) -> Total:
    """Watts that leak with the supply on, on and off the chip; background power of memories included.

    Args:
        active: instances that are powered, by node; None: all of them.
        offchip: only what is off the chip, or only what is on it; None: both.
    """
    powered = active or {}
    values = {}
    for each in built_of(hardware):
        if offchip is not None and each.offchip is not offchip:
            continue
        share = powered.get(each.name, each.instances) / each.instances
        values[each.name] = None if each.leakage is None else each.leakage * share
    return _total(values)


def clock_energy(hardware: Hardware) -> float | None:
    """Joules per cycle of the parts that do something in every cycle; None where there is none."""
    values = [each.clock_energy for each in built_of(hardware) if each.per_cycle]
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _total(values: Mapping[str, float | None]) -> Total:
    known = [value for value in values.values() if value is not None]
    missing = tuple(name for name, value in values.items() if value is None)
    return Total(sum(known) if known else None, missing)


def design_to_dict(hardware: Hardware) -> dict[str, Any]:
    """The design as in the schema `assay.area/1`: m2 and W; null is not modelled."""
    area, leakage = chip_area(hardware), leakage_power(hardware)
    return {
        "schema": "assay.area/1",
        "hardware": hardware.name,
        "area_m2": area.value,
        "area_without": list(area.without),
        "leakage_power_w": leakage.value,
        "leakage_without": list(leakage.without),
        "components": [
            {
                "name": each.name,
                "offchip": each.offchip,
                "instances": each.instances,
                "count": each.count,
                "area_m2": each.area,
                "leakage_power_w": each.leakage,
                "per_cycle": each.per_cycle or None,
                "estimate": each.estimate.to_dict() if each.estimate else None,
            }
            for each in built_of(hardware)
        ],
    }


def with_estimated_energy(node: Node) -> Node:
    """The node with the energies of its component instead of its own; a node without a component as it is.

    Where an access of the component moves another number of bits than one of the node, it is charged by the bit: words
    are packed into the accesses of the component.

    Raises:
        InputError: the component has no such action.
    """
    if node.component is None:
        return node
    if isinstance(node, Memory):
        read, write = (_energy(node, action) for action in ("read", "write"))
        update = _energy(node, "update") if "update" in node.component.estimate.actions else write
        return replace(node, read_energy=read, write_energy=write, update_energy=update)
    if isinstance(node, Fanout):
        shared = "delivery" in node.component.estimate.actions
        return replace(node, transfer_energy=_energy(node, "delivery" if shared else "transfer"))
    return replace(node, energy=_energy(node, "compute"))


def with_estimated_energies(hardware: Hardware) -> Hardware:
    """The hardware with the energies of its components wherever it has any, whatever its file gives."""
    return replace(hardware, nodes=tuple(with_estimated_energy(node) for node in hardware.nodes))


def _energy(node: Node, action: str) -> float | None:
    """Joules of one action of a node, from its component."""
    assert node.component is not None
    estimate = node.component.estimate
    if action not in estimate.actions:
        message = f"{node.name}: {estimate.component} has no action '{action}', which this node needs"
        raise InputError(message, hint=f"its actions: {', '.join(estimate.actions) or 'none'}")
    energy = estimate.energy_of(action)
    words = dict(estimate.attributes).get("width")
    if energy is None or words is None or isinstance(node, Compute):
        return energy
    return energy * node.width / float(parse(words, {}).exact)


def own_rate(part: Part) -> float | None:
    """Bits per second that a component moves: an access of its width in each of its cycles; None where not known."""
    words = dict(part.estimate.attributes).get("width")
    if words is None or not part.estimate.cycle:
        return None
    return part.count * float(parse(words, {}).exact) / part.estimate.cycle


def is_estimated(node: Node) -> bool:
    """Whether the energies of a node are those of its component (and not given in the file)."""
    if node.component is None:
        return False
    try:
        return with_estimated_energy(node) == node
    except InputError:
        return False


def energy_source(hardware: Hardware, name: str) -> str:
    """Where the energies of the node of that name come from; `not given` where nobody says."""
    node = next(node for node in hardware.nodes if node.name == name)
    if node.component is not None and is_estimated(node):
        return provenance(node.component.estimate)
    return hardware.energy_source or "not given"


def energies_from(hardware: Hardware) -> str:
    """Where all energies come from, each source once."""
    estimated = [node for node in hardware.nodes if is_estimated(node)]
    given = hardware.energy_source or ("" if len(estimated) == len(hardware.nodes) else "not given")
    sources: dict[str, list[str]] = {}
    for node in estimated:
        assert node.component is not None
        sources.setdefault(provenance(node.component.estimate), []).append(node.name)
    texts = [f"{', '.join(names)}: {text}" for text, names in sources.items()]
    return "; ".join(([f"{given}" + (" (the other components)" if texts else "")] if given else []) + texts)


def provenance(estimate: Estimate) -> str:
    """Who estimated a component, from what, and how well."""
    share = "" if estimate.uncertainty is None else f", ×/÷ {1 + estimate.uncertainty:.3g}"
    flag = ", extrapolated" if estimate.extrapolated else ""
    notes = "".join(f"; {note}" for note in estimate.notes)
    return f"{estimate.component}{share}{flag} ({estimate.source}{notes})"
