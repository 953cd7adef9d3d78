"""What the nodes of a hardware file are built of, and the energies that follow where the file gives none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from assay.components.compound import Use, read_compounds, with_compounds
from assay.components.estimate import Part
from assay.components.registry import Registry, default_registry, entry_of
from assay.components.technology import Technology
from assay.errors import InputError
from assay.hardware.design import own_rate, with_estimated_energy
from assay.hardware.model import Bandwidth, ChipPart, Fanout, Memory, Node
from assay.reading.entries import Entry
from assay.reading.units import Quantity

PART_KEYS = ("per_cycle",)


@dataclass(frozen=True, slots=True)
class Pricer:
    """Estimates the components of one file.

    Attributes:
        technology: that of the file; None where it names none.
        trouble: why it is None, for the component that needs it.
        names: what expressions may name.
    """

    registry: Registry
    technology: Technology | None
    trouble: InputError | None
    names: Mapping[str, Quantity]

    @classmethod
    def of(cls, fields: Mapping[str, Entry], names: Mapping[str, Quantity]) -> Pricer:
        """The one for a file with these keys at its top level. Folders of plug-ins are relative to the file.

        Raises:
            InputError: a plug-in or a compound component is wrong.
        """
        registry = default_registry()
        if "plugins" in fields:
            from assay.components.plugins import folder_providers

            for entry in fields["plugins"].items():
                found = folder_providers(Path(entry.at.file).parent / entry.text(), entry.at)
                registry = registry.with_providers(found)
        if "components" in fields:
            compounds = read_compounds(fields["components"])
            registry = with_compounds(registry, compounds, fields["components"].at.file, names)
        technology, trouble = _technology(fields.get("technology"))
        return cls(registry, technology, trouble, names)

    def price(self, entry: Entry, name: str, defaults: Mapping[str, Entry]) -> Part:
        """What a component costs, and how many of it there are.

        Args:
            name: of the node or part.
            defaults: attributes to be taken where the file gives none and an estimator knows them.

        Raises:
            InputError: nobody can say what it costs.
        """
        use = Use.read(entry, PART_KEYS)
        try:
            estimate = use.estimate(self.registry, self.technology, self.names, **defaults)
        except InputError as error:
            if "needs a technology" in error.message and self.trouble is not None:
                raise self.trouble from None
            raise
        return Part(name, use.number(self.names), estimate)

    def parts(self, entry: Entry) -> tuple[ChipPart, ...]:
        """What else is on the chip, from a mapping of names to components."""
        return tuple(self._part(key, value) for key, value in entry.pairs())

    def _part(self, key: Entry, entry: Entry) -> ChipPart:
        part = self.price(entry, key.words, {})
        per_cycle = next((value for k, value in _pairs(entry) if k.words == "per_cycle"), None)
        if per_cycle is None:
            return ChipPart(part)
        return ChipPart(part, per_cycle.choice(part.estimate.actions))


def priced(node: Node, component: Entry | None, pricer: Pricer, given: Iterable[str]) -> Node:
    """The node with its component, and the energies of it that the file does not give.

    Args:
        given: keys that the file has at the node.

    Raises:
        InputError: nobody can say what the component costs, or it does not fit the node.
    """
    if component is None:
        return node
    node = replace(node, component=pricer.price(component, node.name, _defaults(node, component, pricer)))
    if "energy" in given:
        return node
    try:
        return with_estimated_energy(node)
    except InputError as error:
        raise component.error(error.message, f"{error.hint}; or give 'energy:' beside 'component:'") from None


def with_own_bandwidth(node: Node, entry: Entry, clock: Quantity) -> Node:
    """The memory with the bandwidth of its component: an access of its width in each of its cycles.

    Args:
        entry: where the file asks for it.

    Raises:
        InputError: the component gives no cycle, or no width.
    """
    assert node.component is not None
    rate = own_rate(node.component)
    if not isinstance(node, Memory) or rate is None:
        component = node.component.estimate.component
        raise entry.error(f"bandwidth: {component} gives none", "write a bandwidth such as '64 b/cycle'")
    return replace(node, bandwidth=Bandwidth(total=rate / clock.value))


def _defaults(node: Node, entry: Entry, pricer: Pricer) -> dict[str, Entry]:
    """What a node says of its component; the depth of a memory is its size in words of the component's width."""
    use = Use.read(entry, PART_KEYS)
    values: dict[str, object] = {}
    if isinstance(node, Memory):
        values["width"] = node.width
        if node.size is not None:
            width = dict(use.given).get("width")
            bits = node.width if width is None else max(1, int(width.expression(pricer.names).exact))
            if "size" not in dict(use.given):
                values["depth"] = -(-node.size // (use.number(pricer.names) * bits))
    elif isinstance(node, Fanout):
        sizes = {axis.name: axis.size for axis in node.axes}
        values = {"width": node.width, "children": node.children}
        values |= {"columns": sizes.get("X", 1), "rows": sizes.get("Y", 1)}
    else:
        values = {"width": node.bits, "format": f"int{node.bits}"}
    return {name: replace(entry_of(name, value, entry.at.file), at=entry.at) for name, value in values.items()}


def _technology(entry: Entry | None) -> tuple[Technology | None, InputError | None]:
    if entry is None:
        return None, None
    try:
        return Technology.parse(entry.text()), None
    except InputError as error:
        return None, entry.error(error.message, error.hint)


def _pairs(entry: Entry) -> tuple[tuple[Entry, Entry], ...]:
    return entry.pairs() if entry.parts else ()
