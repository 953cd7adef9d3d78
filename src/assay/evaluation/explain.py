"""Where one figure comes from: a count loop by loop, an energy access by access, the cycles port by port.

Nothing is computed in another way here than elsewhere: the terms of `assay.mapping.analysis` are kept apart instead of
added, and the factors of energies and cycles are named.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from assay.errors import InputError
from assay.evaluation.explain_loops import Source, loop_sum, product_of
from assay.evaluation.explained import CyclesExplanation, EnergyExplanation, NumberExplanation, NumberList
from assay.evaluation.explained_parts import Charge, PortTime, Rule, Sum
from assay.evaluation.layer import LayerResult, check_component
from assay.hardware.actions import energy_per_word
from assay.hardware.model import Fanout, Hardware, Memory, Node
from assay.hardware.presets import HardwareText, TextLine
from assay.mapping.analysis import Part, bookings
from assay.mapping.counts import Action
from assay.mapping.latency import Demand
from assay.mapping.mapping import Mapping
from assay.mapping.nest import Nest
from assay.reading.suggestions import hint
from assay.workload.einsum import Einsum

ENERGY_KEYS = {
    Action.READ: (("energy", "read"),),
    Action.FILL: (("energy", "write"),),
    Action.UPDATE: (("energy", "update"), ("energy", "write")),
}
PORT_ACTIONS = {
    "read": (Action.READ,),
    "write": (Action.FILL, Action.UPDATE),
    "total": (Action.READ, Action.FILL, Action.UPDATE),
}


def find_layer(layers: Sequence[LayerResult], name: str | None) -> LayerResult:
    """The layer of that name; None: the only one with multiply-accumulates.

    Raises:
        InputError: there is no such layer, or it has no multiply-accumulates.
    """
    return layers[pick_layer([layer.name for layer in layers], [layer.mapping is not None for layer in layers], name)]


def pick_layer(names: Sequence[str], mapped: Sequence[bool], name: str | None) -> int:
    """Index of the layer of that name; None: the only one that is mapped. Raises InputError as `find_layer` does."""
    usable = [each for each, has in zip(names, mapped, strict=True) if has]
    if name is None and len(usable) == 1:
        name = usable[0]
    if name is None:
        raise InputError("say which layer is meant", hint=f"there are {', '.join(usable) or 'none'}")
    if name not in names:
        raise InputError(f"there is no layer '{name}'", hint=hint(name, usable, label="there are"))
    if name not in usable:
        text = f"layer {name} has no multiply-accumulates: nothing of it is modelled on the chip"
        raise InputError(text, hint=f"layers that are: {', '.join(usable) or 'none'}")
    return list(names).index(name)


def explain_layer(
    result: LayerResult,
    text: HardwareText | None,
    *,
    component: str | None = None,
    tensor: str | None = None,
    action: str | None = None,
    cycles: bool = False,
    energy: bool = False,
    notes: tuple[str, ...] = (),
) -> NumberExplanation | NumberList | EnergyExplanation | CyclesExplanation:
    """Explain one figure of a layer.

    Args:
        result: a layer that is mapped.
        text: what its hardware was read from, if that is known.
        component, tensor, action: of the count; where they fit several, those are listed.
        cycles, energy: explain the cycles or the energy of the layer instead.
        notes: sentences for the reader, carried along.

    Raises:
        InputError: an unknown name, nothing of the kind in this layer, or figures that exclude each other.
    """
    _check_choice(cycles, energy, (component, tensor, action))
    layer = _Layer.of(result, text)
    notes = (*notes, *_origin_notes(result.hardware, text))
    if cycles:
        return _cycles(layer, notes)
    if energy:
        return _energy(layer, notes)
    _check_names(layer, component, tensor, action)
    charges = [
        charge
        for charge in layer.charges()
        if component in (None, charge.component)
        and tensor in (None, charge.tensor)
        and action in (None, str(charge.action))
    ]
    if component is not None and action is not None and (tensor is not None or len(charges) == 1):
        charge = charges[0] if charges else layer.nothing(component, tensor, Action(action))
        return NumberExplanation(result.name, result.hardware, notes, layer.sums(charge), charge)
    if not charges:
        raise layer.absent(component, tensor, action)
    return NumberList(result.name, result.hardware, notes, tuple(charges))


def explain_counts(
    result: LayerResult, text: HardwareText | None, notes: tuple[str, ...] = ()
) -> tuple[NumberExplanation, ...]:
    """Every count of a layer that is not 0, explained: quicker than one by one. Arguments as of `explain_layer`."""
    layer = _Layer.of(result, text)
    notes = (*notes, *_origin_notes(result.hardware, text))
    return tuple(
        NumberExplanation(result.name, result.hardware, notes, layer.sums(charge), charge) for charge in layer.charges()
    )


def _check_choice(cycles: bool, energy: bool, names: tuple[str | None, ...]) -> None:
    if cycles and energy:
        raise InputError("cycles and energy are two figures", hint="ask for one of them")
    if (cycles or energy) and any(name is not None for name in names):
        what = "cycles" if cycles else "energy"
        raise InputError(
            f"{what} of a whole layer are asked for, and a component, tensor or action",
            hint=f"leave them out; or leave --{what} out: the explanation of a count has its energy",
        )


def _check_names(layer: _Layer, component: str | None, tensor: str | None, action: str | None) -> None:
    if component is not None:
        check_component(component, layer.hardware)
    tensors = [each.name for each in layer.einsum.tensors]
    if tensor is not None and tensor not in tensors:
        raise InputError(f"{layer.name} has no tensor '{tensor}'", hint=hint(tensor, tensors, label="its tensors"))
    actions = [str(each) for each in Action]
    if action is not None and action not in actions:
        raise InputError(f"there is no action '{action}'", hint=hint(action, actions, label="actions"))


def _origin_notes(hardware: Hardware, text: HardwareText | None) -> tuple[str, ...]:
    """What is to be said about the lines of the hardware file."""
    place = hardware.nodes[0].at
    if text is None and place is None:
        return ("The hardware was made in Python: there is no file to point at.",)
    if text is None and place is not None:
        return (f"{place.file} does not describe this hardware (any more): there are no lines to point at.",)
    return (f"{text.path} comes with Assay.",) if text is not None and text.builtin else ()


@dataclass(frozen=True, slots=True)
class _Layer:
    """A layer that is mapped, with the structure of its loops."""

    result: LayerResult
    einsum: Einsum
    mapping: Mapping
    nest: Nest
    source: Source
    text: HardwareText | None

    @staticmethod
    def of(result: LayerResult, text: HardwareText | None) -> _Layer:
        assert result.einsum is not None
        assert result.mapping is not None
        nest = Nest.build(result.einsum, result.hardware, result.mapping)
        source = Source(nest, result.mapping)
        return _Layer(result, result.einsum, result.mapping, nest, source, text)

    @property
    def name(self) -> str:
        return self.result.name

    @property
    def hardware(self) -> Hardware:
        return self.result.hardware

    def lines(self, component: str, *keys: tuple[str, ...]) -> tuple[TextLine, ...]:
        """The first of the keys that the hardware file has."""
        if self.text is None:
            return ()
        found = (self.text.lines(component, *key) for key in keys)
        return next((lines for lines in found if lines), ())

    def node(self, component: str) -> tuple[int, Node]:
        names = [node.name for node in self.hardware.nodes]
        index = names.index(component)
        return index, self.hardware.nodes[index]

    def active(self, component: str) -> int:
        assert self.result.analysis is not None
        return self.result.analysis.active[self.node(component)[0]]

    def charges(self) -> Iterator[Charge]:
        """One for each count that is not 0, in the order of the counts."""
        for count, entry in zip(self.result.counts, self.result.energies, strict=True):
            yield self.charge(count.component, count.tensor, count.action, count.count, entry.energy)

    def charge(self, component: str, tensor: str | None, action: Action, count: int, energy: float | None) -> Charge:
        node = self.node(component)[1]
        if tensor is None or not isinstance(node, Memory | Fanout):
            per_action = energy_per_word(self.hardware, component, action, 1)
            lines = self.lines(component, ("energy",))
            return Charge(
                component, tensor, action, count, None, None, None, Fraction(count), per_action, energy, lines
            )
        bits, width = self.einsum.tensor(tensor).bits, node.width
        per_access = energy_per_word(self.hardware, component, action, width)
        lines = self.lines(component, *ENERGY_KEYS.get(action, (("energy",),))) if per_access is not None else ()
        accesses, instances = Fraction(count * bits, width), None
        if self.hardware.counting.whole_accesses and isinstance(node, Memory):
            instances = self.active(component)
            accesses = Fraction(math.ceil(accesses / instances) * instances)
        return Charge(component, tensor, action, count, bits, width, instances, accesses, per_access, energy, lines)

    def parts(self, component: str, tensor: str | None, action: Action) -> list[Part] | None:
        """The parts of all bookings of that name; None if there is no booking."""
        index = self.node(component)[0]
        found = [
            booking.parts
            for booking in bookings(self.nest, self.source)
            if (booking.node, booking.tensor, booking.action) == (index, tensor, action)
        ]
        return [part for parts in found for part in parts] if found else None

    def nothing(self, component: str, tensor: str | None, action: Action) -> Charge:
        """A count of 0. Raises InputError where there is nothing to count."""
        if tensor is None or self.parts(component, tensor, action) is None:
            raise self.absent(component, tensor, str(action))
        zero = None if energy_per_word(self.hardware, component, action, 1) is None else 0.0
        return self.charge(component, tensor, action, 0, zero)

    def absent(self, component: str | None, tensor: str | None, action: str | None) -> InputError:
        what = " ".join(word for word in (action or ("words" if tensor else None), tensor and f"of {tensor}") if word)
        where = f" at {component}" if component else ""
        own = [charge.name for charge in self.charges() if component in (None, charge.component)]
        listed = ", ".join(dict.fromkeys(own)) or "none"
        text = f"{self.name} counts no {what or 'action'}{where}"
        advice = f"{component or 'the hardware'} has: {listed}"
        if component in {memory.name for memory in self.hardware.memories} and tensor is not None:
            level = next(level for level in self.mapping.levels if level.node == component)
            if tensor not in level.keep:
                advice = f"{component} does not keep {tensor} in this mapping; it has: {listed}"
        return InputError(text, hint=advice)

    def sums(self, charge: Charge) -> tuple[Sum, ...]:
        """What the count is made of; equal parts are put together."""
        parts = self.parts(charge.component, charge.tensor, charge.action) or []
        together: dict[tuple[str, int, int], list[Part]] = {}
        for part in parts:
            together.setdefault((part.text, id(part.view), int(part.number)), []).append(part)
        sums = []
        for same in together.values():
            factor = sum(int(part.factor) for part in same)
            if factor:
                sums.append(self.sum(charge.tensor, same[0], factor))
        return tuple(sums)

    def sum(self, tensor: str | None, part: Part, factor: int) -> Sum:
        number = int(part.number)
        if part.view is None:
            factors = product_of(self.einsum, tensor, number)
            rule = Rule.NEIGHBOURS if factors is None else Rule.PRODUCT
            return Sum(factor, part.text, number, rule, factors=factors or ())
        assert tensor is not None
        return loop_sum(self.source, self.einsum.tensor(tensor), part, part.view, factor)


def _energy(layer: _Layer, notes: tuple[str, ...]) -> EnergyExplanation:
    charges = tuple(layer.charges())
    unknown = dict.fromkeys(f"{charge.component} {charge.action}" for charge in charges if charge.energy is None)
    return EnergyExplanation(layer.name, layer.hardware, notes, charges, layer.result.energy, tuple(unknown))


def _cycles(layer: _Layer, notes: tuple[str, ...]) -> CyclesExplanation:
    timing, analysis = layer.result.timing, layer.result.analysis
    assert timing is not None
    assert analysis is not None
    slowest = timing.slowest
    return CyclesExplanation(
        layer.name,
        layer.hardware,
        notes,
        analysis.steps,
        timing.compute_cycles,
        tuple(_port(layer, demand) for demand in timing.traffic),
        timing.compute_cycles if slowest is None else slowest.cycles or 0,
        timing.waits,
        timing.buffered,
        timing.cycles,
        timing.bound_by,
        timing.bound_port,
    )


def _port(layer: _Layer, demand: Demand) -> PortTime:
    instances = layer.active(demand.component)
    node = layer.node(demand.component)[1]
    keys = [("bandwidth", demand.port.partition(" ")[0])]
    lines = layer.lines(demand.component, *keys) if demand.bits_per_cycle is not None else ()
    if isinstance(node, Memory):
        moved = _moved(layer, demand)
    else:
        bits = layer.einsum.tensor(demand.port.partition(" ")[0]).bits
        words = demand.bits * instances / bits
        moved = ((demand.port.partition(" ")[0], demand.port.partition(" ")[2], int(words)),)
    words_in_all = sum(words for _, _, words in moved) if moved else None
    return PortTime(
        demand.component,
        demand.port,
        moved,
        words_in_all,
        demand.bits,
        instances,
        demand.bits_per_cycle,
        demand.cycles,
        lines,
    )


def _moved(layer: _Layer, demand: Demand) -> tuple[tuple[str, str, int], ...]:
    """The counts that make up what a port of a memory moves; nothing if they do not."""
    counts = [
        count
        for count in layer.result.counts
        if count.component == demand.component and count.action in PORT_ACTIONS[demand.port] and count.tensor
    ]
    bits = sum(count.count * layer.einsum.tensor(count.tensor or "").bits for count in counts)
    if Fraction(bits, layer.active(demand.component)) != demand.bits:
        return ()
    return tuple((count.tensor or "", str(count.action), count.count) for count in counts)
