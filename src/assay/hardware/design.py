"""Area and leakage of a whole chip: those of its components, and what is known of how many."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from assay.components.estimate import Estimate, Part
from assay.errors import AssayError, InputError
from assay.hardware.model import Compute, Fanout, Hardware, Memory, Node
from assay.reading.expressions import parse


@dataclass(frozen=True, slots=True)
class Total:
    """A sum over components of which some are not modelled.

    Attributes:
        value: of those that are; None where none is.
        without: names of those that are not.
    """

    value: float | None
    without: tuple[str, ...]


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
    def area(self) -> Total:
        """m2 of all instances."""
        return self._sum(lambda estimate: estimate.area, self.count)

    @property
    def leakage(self) -> Total:
        """Watts of all instances, powered and idle."""
        return self._sum(lambda estimate: estimate.leakage, self.count)

    @property
    def clock_energy(self) -> Total:
        """Joules per cycle of all instances, where the part does something in every cycle."""
        energy = self.estimate.energy_of(self.per_cycle) if self.estimate and self.per_cycle else None
        return Total(None, (self.name,)) if energy is None else Total(self.count * energy, ())

    def _sum(self, figure: Callable[[Estimate], float | None], times: int) -> Total:
        return Total(None, (self.name,)) if self.estimate is None else _in_all(self.name, self.estimate, figure, times)


def _in_all(name: str, estimate: Estimate, figure: Callable[[Estimate], float | None], times: int) -> Total:
    """A figure of `times` instances; where it is not known as a whole, the sum over the parts for which it is."""
    value = figure(estimate)
    if value is not None:
        return Total(times * value, ())
    if not estimate.parts:
        return Total(None, (name,))
    return _total(_in_all(f"{name}.{each.name}", each.estimate, figure, times * each.count) for each in estimate.parts)


def built_of(hardware: Hardware) -> tuple[Built, ...]:
    """Every node from the outside in, then the other parts."""
    nodes = [
        Built(node.name, hardware.instances(node.name), node.component, isinstance(node, Memory) and node.offchip)
        for node in hardware.nodes
    ]
    others = [Built(each.part.name, 1, each.part, False, False, each.per_cycle) for each in hardware.parts]
    return (*nodes, *others)


def chip_area(hardware: Hardware) -> Total:
    """m2 of what is on the chip. Wires between components, pads and unused area are not in it."""
    return _total(each.area for each in built_of(hardware) if not each.offchip)


def leakage_power(hardware: Hardware, active: Mapping[str, int] | None = None, *, offchip: bool | None = None) -> Total:
    """Watts that leak with the supply on, on and off the chip; background power of memories included.

    Args:
        active: instances that are powered, by node; None: all of them.
        offchip: only what is off the chip, or only what is on it; None: both.
    """
    powered = active or {}
    found = []
    for each in built_of(hardware):
        if offchip is None or each.offchip is offchip:
            total = each.leakage
            share = powered.get(each.name, each.instances) / each.instances
            found.append(Total(None if total.value is None else total.value * share, total.without))
    return _total(found)


def clock_energy(hardware: Hardware) -> Total:
    """Joules per cycle of the parts that do something in every cycle."""
    return _total(each.clock_energy for each in built_of(hardware) if each.per_cycle)


def _total(totals: Iterable[Total]) -> Total:
    found = tuple(totals)
    known = [each.value for each in found if each.value is not None]
    return Total(sum(known) if known else None, tuple(name for each in found for name in each.without))


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
                "area_m2": each.area.value,
                "area_without": list(each.area.without),
                "leakage_power_w": each.leakage.value,
                "leakage_without": list(each.leakage.without),
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
        return replace(node, read_energy=read, write_energy=write, update_energy=update, estimated=True)
    if isinstance(node, Fanout):
        shared = "delivery" in node.component.estimate.actions
        return replace(node, transfer_energy=_energy(node, "delivery" if shared else "transfer"), estimated=True)
    return replace(node, energy=_energy(node, "compute"), estimated=True)


def _energy(node: Node, action: str) -> float | None:
    """Joules of one action of a node, from its component."""
    assert node.component is not None
    estimate = node.component.estimate
    if action not in estimate.actions:
        message = f"{node.name}: {estimate.component} has no action '{action}', which this node needs"
        raise InputError(message, hint=f"its actions: {', '.join(estimate.actions) or 'none'}")
    energy = estimate.energy_of(action)
    width = own_width(node.component)
    if energy is None or width is None or isinstance(node, Compute):
        return energy
    return energy * node.width / width


def own_width(part: Part) -> float | None:
    """Bits that one access of a component moves; None where it has no width.

    Raises:
        InputError: its width is no number.
    """
    words = dict(part.estimate.attributes).get("width")
    if words is None:
        return None
    try:
        return float(parse(words, {}).exact)
    except AssayError:
        message = f"the width of {part.estimate.component}, '{words}', is not a number"
        raise InputError(message, hint="write it as a number of bits") from None


def own_rate(part: Part) -> float | None:
    """Bits per second that a component moves: an access of its width in each of its cycles; None where not known."""
    width = own_width(part)
    return None if width is None or not part.estimate.cycle else part.count * width / part.estimate.cycle


def energy_source(hardware: Hardware, name: str) -> str:
    """Where the energies of the node of that name come from; `not given` where nobody says."""
    node = next(node for node in hardware.nodes if node.name == name)
    if node.component is not None and node.estimated:
        return provenance(node.component.estimate)
    return hardware.energy_source or "not given"


def energies_from(hardware: Hardware) -> str:
    """Where all energies come from, each source once."""
    estimated = [node for node in hardware.nodes if node.estimated]
    given = hardware.energy_source or ("" if len(estimated) == len(hardware.nodes) else "not given")
    sources: dict[str, list[str]] = {}
    for node in estimated:
        assert node.component is not None
        sources.setdefault(provenance(node.component.estimate), []).append(node.name)
    texts = [f"{', '.join(names)}: {text}" for text, names in sources.items()]
    return "; ".join(([f"{given}" + (" (the other components)" if texts else "")] if given else []) + texts)


def energies_in_short(hardware: Hardware) -> str:
    """As `energies_from`, with the classes of components in place of their sources."""
    estimated = [node for node in hardware.nodes if node.estimated]
    named = [f"{n.name}: {n.component.estimate.component}" for n in estimated if n.component is not None]
    given = hardware.energy_source or ("" if len(estimated) == len(hardware.nodes) else "not given")
    if not named:
        return given
    short = f"components, whose sources stand below: {', '.join(named)}"
    return f"{given} (the other components); {short}" if given else short


def is_extrapolated(part: Part | None) -> bool:
    return part is not None and bool(part.estimate.extrapolated)


def not_taken(hardware: Hardware) -> tuple[str, ...]:
    """Estimators that were asked for a node or part and not chosen, and why, a sentence each."""
    return tuple(
        f"{each.name}: not taken: {text}"
        for each in built_of(hardware)
        if each.estimate
        for text in each.estimate.others
    )


def provenance(estimate: Estimate) -> str:
    """Who estimated a component, from what, and how well."""
    share = "" if estimate.uncertainty is None else f", ×/÷ {1 + estimate.uncertainty:.3g}"
    flag = ", extrapolated" if estimate.extrapolated else ""
    notes = "".join(f"; {note}" for note in estimate.notes)
    return f"{estimate.component}{share}{flag} ({estimate.source}{notes})"
