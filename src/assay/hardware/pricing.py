"""What the nodes of a hardware file are built of, and the energies that follow where the file gives none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from assay.components.compound import Use, process, read_compounds, with_compounds
from assay.components.estimate import Part
from assay.components.registry import Registry, default_registry, entry_of
from assay.components.technology import Technology
from assay.errors import InputError
from assay.hardware.design import own_rate, own_width, with_estimated_energy
from assay.hardware.model import Bandwidth, ChipPart, Compute, Fanout, Memory, Node
from assay.reading.entries import Entry, Form
from assay.reading.units import Quantity, format_bytes

PART_KEYS = ("per_cycle",)


@dataclass(frozen=True, slots=True)
class Pricer:
    """Estimates the components of one file.

    Attributes:
        technology: that of the file; None where it has none.
        names: what expressions may name.
    """

    registry: Registry
    technology: Technology | None
    names: Mapping[str, Quantity]

    @classmethod
    def of(cls, fields: Mapping[str, Entry], names: Mapping[str, Quantity]) -> Pricer:
        """The one for a file with these keys at its top level. Folders of plug-ins are relative to the file.

        Raises:
            InputError: a plug-in or a compound component is wrong.
        """
        registry = default_registry()
        if "plugins" in fields:
            from assay.components.plugins import with_folder

            for entry in fields["plugins"].items():
                registry = with_folder(registry, Path(entry.at.file).parent / entry.text(), entry.at)
        if "components" in fields:
            compounds = read_compounds(fields["components"])
            registry = with_compounds(registry, compounds, fields["components"].at.file, names)
        technology = process(fields["technology"]) if "technology" in fields else None
        return cls(registry, technology, names)

    def price(self, use: Use, name: str, defaults: Mapping[str, Entry]) -> Part:
        """What a component costs, and how many of it there are.

        Args:
            name: of the node or part.
            defaults: attributes to be taken where the file gives none, by the estimators that know them.

        Raises:
            InputError: nobody can say what it costs.
        """
        estimate = use.estimate(self.registry, self.technology, self.names, **defaults)
        return Part(name, use.number(self.names), estimate)

    def parts(self, entry: Entry, taken: Iterable[str]) -> tuple[ChipPart, ...]:
        """What else is on the chip, from a mapping of names to components.

        Args:
            taken: names of the nodes.
        """
        for key, _ in entry.pairs():
            if key.words in taken:
                raise key.error(f"part '{key.words}' has the name of a node", "names are unique")
        return tuple(self._part(key, value) for key, value in entry.pairs())

    def _part(self, key: Entry, entry: Entry) -> ChipPart:
        part = self.price(Use.read(entry, PART_KEYS), key.words, {})
        pairs = entry.pairs() if entry.form is Form.MAPPING else ()
        per_cycle = next((value for k, value in pairs if k.words == "per_cycle"), None)
        return ChipPart(part, "" if per_cycle is None else per_cycle.choice(part.estimate.actions))


def priced(node: Node, component: Entry | None, pricer: Pricer, given: Iterable[str]) -> Node:
    """The node with its component, and the energies of it that the file does not give.

    Args:
        given: keys that the file has at the node.

    Raises:
        InputError: nobody can say what the component costs, or it does not fit the node.
    """
    if component is None:
        return node
    use = Use.read(component)
    if isinstance(node, Compute) and node.macs_per_cycle > 1 and use.count is None:
        use = replace(use, count=replace(entry_of("count", node.macs_per_cycle, component.at.file), at=component.at))
    node = replace(node, component=pricer.price(use, node.name, _defaults(node, use, pricer)))
    _check_capacity(node, component)
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


def _check_capacity(node: Node, entry: Entry) -> None:
    """A memory cannot hold more than what it is built of."""
    if not isinstance(node, Memory) or node.size is None or node.component is None:
        return
    attributes, width = dict(node.component.estimate.attributes), own_width(node.component)
    depth = attributes.get("depth", "")
    if width is not None and depth.isdigit():
        bits = int(depth) * width * node.component.count
        if bits < node.size:
            held, size = format_bytes(bits), format_bytes(node.size)
            message = f"{node.name}: its component holds {held}, less than its size of {size}"
            raise entry.error(message, "leave out 'depth', and it follows from the size")


def _defaults(node: Node, use: Use, pricer: Pricer) -> dict[str, Entry]:
    """What a node says of its component; the depth of a memory is its size in words of the component's width."""
    values: dict[str, object] = {}
    if isinstance(node, Memory):
        values["width"] = f"{node.width} b"
        if node.size is not None:
            width = dict(use.given).get("width")
            bits = node.width if width is None else max(1, int(width.expression(pricer.names).exact))
            if "size" not in dict(use.given):
                values["depth"] = -(-node.size // (use.number(pricer.names) * bits))
    elif isinstance(node, Fanout):
        sizes = {axis.name: axis.size for axis in node.axes}
        values = {"width": f"{node.width} b", "children": node.children}
        values |= {"columns": sizes.get("X", 1), "rows": sizes.get("Y", 1)}
    else:
        values = {"width": f"{node.bits} b", "format": f"int{node.bits}"}
    at = use.entry.at
    return {name: replace(entry_of(name, value, at.file), at=at) for name, value in values.items()}
