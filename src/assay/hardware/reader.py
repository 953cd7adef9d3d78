"""Hardware files: from YAML to `Hardware`, with an error at the user's own line for everything that is wrong.

The keys are those of `docs/hardware.md` and of the JSON Schema in the package's data; a test keeps the three together.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from assay.errors import InputError
from assay.hardware.checks import check_nodes
from assay.hardware.dataflows import DATAFLOW_WORDS, apply_dataflow
from assay.hardware.model import (
    ALL,
    Axis,
    Bandwidth,
    Buffering,
    ChipPart,
    Compute,
    Counting,
    Factors,
    Fanout,
    Figure,
    Halo,
    Hardware,
    Memory,
    Multicast,
    Node,
    Ports,
)
from assay.hardware.tables import load_table, new_name, read_table
from assay.hardware.vocabulary import DIMENSIONS, TENSORS
from assay.reading.documents import Doc, Entry, Form, load, loads
from assay.reading.entries import short
from assay.reading.suggestions import nearest
from assay.reading.units import BANDWIDTH, ENERGY, FREQUENCY, RATE, SIZE, Quantity

if TYPE_CHECKING:
    from assay.hardware.pricing import Pricer

HARDWARE_FORM = "hardware/1"
HARDWARE_KEYS = (
    *("name", "title", "technology", "clock", "source", "energy_source"),
    *("counting", "dataflow", "tables", "variables", "plugins", "components", "nodes", "parts", "published", "notes"),
)
MEMORY_KEYS = (
    *("memory", "size", "reserved", "width", "keep", "may_keep", "component", "energy"),
    *("bandwidth", "ports", "buffering", "loops", "whole", "factors", "max_factors", "order", "stationary", "offchip"),
)
FANOUT_KEYS = (
    *("fanout", "X", "Y", "Z", "multicast", "reduces", "component", "energy", "width"),
    *("bandwidth", "whole", "fill", "min_utilization", "links"),
)
COMPUTE_KEYS = ("compute", "component", "energy", "bits", "macs_per_cycle", "latch")
COUNTING_KEYS = ("halo", "first_reads", "refill_all", "drain_reads", "whole_accesses")
ENERGY_KEYS = ("read", "write", "update")
BANDWIDTH_KEYS = ("read", "write", "total")
AXIS_NAMES = ("X", "Y", "Z")
AXIS_KEYS = ("size", "dims", "factors", "max_factors", "order")
FIGURE_KEYS = ("value", "unit", "source", "note")
NODE_KINDS = ("memory", "fanout", "compute")
OF_COMPONENT = "component"
"""As a bandwidth: that of the component."""
LIMIT = 2**53
"""Largest count or number of bits: beyond it, figures could not be exact everywhere."""


@dataclass(frozen=True, slots=True)
class _Context:
    """What expressions may name, the clock in hertz, and who says what components cost (None: the file has none)."""

    names: dict[str, Quantity]
    clock: Quantity
    pricer: Pricer | None = None


def read_hardware(path: str | Path) -> Hardware:
    """The hardware that a YAML file describes.

    Raises:
        InputError: at file:line:column, for a file that cannot be read or anything wrong in it.
    """
    return hardware_from(load(path), folder=Path(path).parent)


def parse_hardware(text: str, name: str = "text") -> Hardware:
    """As `read_hardware`, from a string; `name` stands for the file in messages."""
    return hardware_from(loads(text, name))


def pricer_in(doc: Doc, folder: Path | None = None) -> Pricer:
    """Who says what components cost in a document. Arguments and errors as of `hardware_from`."""
    from assay.hardware.pricing import Pricer

    fields = doc.fields(HARDWARE_FORM, allowed=HARDWARE_KEYS, required=("name", "clock", "nodes"))
    clock = _positive(fields["clock"], fields["clock"].quantity(FREQUENCY))
    return Pricer.of(fields, _names(fields, clock, folder, {}))


def hardware_from(doc: Doc, folder: Path | None = None, tables: Mapping[str, str] | None = None) -> Hardware:
    """The hardware in a document.

    Args:
        folder: what paths of tables are relative to.
        tables: texts of tables that are not to be looked up, by what the document calls them.

    Raises:
        InputError: where it is wrong.
    """
    fields = doc.fields(HARDWARE_FORM, allowed=HARDWARE_KEYS, required=("name", "clock", "nodes"))
    clock = _positive(fields["clock"], fields["clock"].quantity(FREQUENCY))
    items = fields["nodes"].items()
    context = _context(fields, clock, _names(fields, clock, folder, tables or {}))
    nodes = tuple(_node(item, context) for item in items)
    check_nodes(nodes, fields["nodes"].at)
    text = {key: _text(fields, key) for key in ("title", "technology", "source", "energy_source")}
    _check_energy_source(items, text["energy_source"])
    hardware = Hardware(
        name=_name(fields["name"]),
        nodes=nodes,
        clock=clock.value,
        **text,
        counting=_counting(fields["counting"]) if "counting" in fields else Counting(),
        parts=_parts(fields, nodes, context),
        published=tuple(_figure(key, value) for key, value in _optional_pairs(fields, "published")),
        notes=tuple(note.text() for note in fields["notes"].items()) if "notes" in fields else (),
    )
    return _with_dataflow(hardware, fields["dataflow"]) if "dataflow" in fields else hardware


def _parts(fields: dict[str, Entry], nodes: tuple[Node, ...], context: _Context) -> tuple[ChipPart, ...]:
    if "parts" not in fields or context.pricer is None:
        return ()
    return context.pricer.parts(fields["parts"], [node.name for node in nodes])


def _context(fields: dict[str, Entry], clock: Quantity, names: dict[str, Quantity]) -> _Context:
    """Components are loaded only where the file has any."""
    keys = {key.words for item in fields["nodes"].items() if item.form is Form.MAPPING for key, _ in item.pairs()}
    if not ({"plugins", "components", "parts"} & fields.keys() or "component" in keys):
        return _Context(names, clock)
    from assay.hardware.pricing import Pricer

    return _Context(names, clock, Pricer.of(fields, names))


def _with_dataflow(hardware: Hardware, entry: Entry) -> Hardware:
    name = entry.choice(DATAFLOW_WORDS)
    try:
        return apply_dataflow(hardware, name)
    except InputError as error:
        raise error if error.at else entry.error(error.message, error.hint) from None


def _counting(entry: Entry) -> Counting:
    fields = entry.mapping(allowed=COUNTING_KEYS)
    return Counting(
        halo=Halo(fields["halo"].choice(Halo)) if "halo" in fields else Halo.EXACT,
        first_reads=_truth(fields, "first_reads"),
        refill_all=_truth(fields, "refill_all"),
        drain_reads=_truth(fields, "drain_reads"),
        whole_accesses=_truth(fields, "whole_accesses"),
    )


def _names(
    fields: dict[str, Entry], clock: Quantity, folder: Path | None, tables: Mapping[str, str]
) -> dict[str, Quantity]:
    """The clock, the tables and the variables, each defined in terms of those above it."""
    names = {"clock": clock}
    for entry in fields["tables"].items() if "tables" in fields else ():
        source = entry.text()
        is_path = source.endswith((".yaml", ".yml"))
        try:
            if source in tables:
                table = read_table(loads(tables[source], source))
            else:
                table = load_table(folder / source if folder and is_path else source)
        except InputError as error:
            raise error if error.at else entry.error(error.message, error.hint) from None
        names |= table.names
    pairs = _optional_pairs(fields, "variables")
    for key, entry in pairs:
        name = new_name(key, names)
        names[name] = entry.expression(names)
    return names


def _node(entry: Entry, context: _Context) -> Node:
    present = [(key.words, value.words) for key, value in entry.pairs() if key.words in NODE_KINDS]
    if len(present) != 1:
        found = " and ".join(kind for kind, _ in present) or "none of them"
        message = f"{entry.label}: expected one of the keys {', '.join(NODE_KINDS)}, found {found}"
        raise entry.error(message, _kind_hint(entry))
    ((kind, name),) = present
    entry = replace(entry, label=f"{kind} '{name}'")
    node = _memory(entry, context) if kind == "memory" else _other(kind, entry, context)
    fields = {key.words: value for key, value in entry.pairs()}
    wanted = fields["bandwidth"] if "bandwidth" in fields and fields["bandwidth"].words == OF_COMPONENT else None
    if wanted is not None and "component" not in fields:
        raise wanted.error("bandwidth: the memory has no component", "write 'component: ...', or a bandwidth")
    if context.pricer is None:
        return node
    from assay.hardware.pricing import priced, with_own_bandwidth

    node = priced(node, fields.get("component"), context.pricer, fields)
    return node if wanted is None else with_own_bandwidth(node, wanted, context.clock)


def _other(kind: str, entry: Entry, context: _Context) -> Fanout | Compute:
    return _fanout(entry, context) if kind == "fanout" else _compute(entry, context)


def _kind_hint(entry: Entry) -> str:
    for key, _ in entry.pairs():
        if found := nearest(key.words, NODE_KINDS):
            return f"did you mean '{found}'?"
    return "begin a node with its kind and name, such as 'memory: dram'"


def _memory(entry: Entry, context: _Context) -> Memory:
    fields = entry.mapping(allowed=MEMORY_KEYS)
    read, write, update = _energies(fields, context)
    return Memory(
        name=_name(fields["memory"]),
        size=_bits(fields["size"], context) if "size" in fields else None,
        reserved=_bits(fields["reserved"], context, minimum=0) if "reserved" in fields else 0,
        width=_bits(fields["width"], context) if "width" in fields else 16,
        keep=_words(fields, "keep", TENSORS) or (),
        may_keep=_words(fields, "may_keep", TENSORS) or (),
        read_energy=read,
        write_energy=write,
        update_energy=update,
        bandwidth=_memory_bandwidth(fields["bandwidth"], context) if "bandwidth" in fields else Bandwidth(),
        ports=_ports(fields["ports"], context) if "ports" in fields else Ports(),
        buffering=Buffering(fields["buffering"].choice(Buffering)) if "buffering" in fields else Buffering.IDEAL,
        loops=_words(fields, "loops", DIMENSIONS),
        whole=_words(fields, "whole", DIMENSIONS) or (),
        factors=_factors(fields, "factors", context),
        max_factors=_factors(fields, "max_factors", context),
        order=_words(fields, "order", DIMENSIONS) or (),
        stationary=_words(fields, "stationary", TENSORS) or (),
        offchip=_truth(fields, "offchip"),
        at=entry.at,
    )


def _fanout(entry: Entry, context: _Context) -> Fanout:
    fields = entry.mapping(allowed=FANOUT_KEYS)
    axes = tuple(_axis(name, fields[name], context) for name in AXIS_NAMES if name in fields)
    if not axes:
        raise entry.error("a fanout needs at least one axis", "write 'X: 16', or 'X: {size: 16, dims: [M]}'")
    multicast = fields["multicast"].choice(Multicast) if "multicast" in fields else Multicast.WORD
    return Fanout(
        name=_name(fields["fanout"]),
        axes=axes,
        multicast=Multicast(multicast),
        reduces=fields["reduces"].boolean() if "reduces" in fields else True,
        transfer_energy=_energy(fields["energy"], context) if "energy" in fields else None,
        width=_bits(fields["width"], context) if "width" in fields else 16,
        bandwidth=_tensor_bandwidths(fields["bandwidth"], context) if "bandwidth" in fields else (),
        whole=_words(fields, "whole", DIMENSIONS) or (),
        fill=_truth(fields, "fill"),
        min_utilization=_share(fields["min_utilization"], context) if "min_utilization" in fields else 0.0,
        links=_truth(fields, "links"),
        at=entry.at,
    )


def _compute(entry: Entry, context: _Context) -> Compute:
    fields = entry.mapping(allowed=COMPUTE_KEYS)
    names = context.names
    return Compute(
        name=_name(fields["compute"]),
        energy=_energy(fields["energy"], context) if "energy" in fields else None,
        bits=fields["bits"].integer(minimum=1, maximum=1024, names=names) if "bits" in fields else 16,
        macs_per_cycle=_count(fields["macs_per_cycle"], context) if "macs_per_cycle" in fields else 1,
        latch=_truth(fields, "latch"),
        at=entry.at,
    )


def _axis(name: str, entry: Entry, context: _Context) -> Axis:
    if entry.form is not Form.MAPPING:
        return Axis(name, _count(entry, context))
    fields = entry.mapping(allowed=AXIS_KEYS, required=("size",))
    return Axis(
        name,
        size=_count(fields["size"], context),
        dims=_words(fields, "dims", DIMENSIONS),
        factors=_factors(fields, "factors", context),
        max_factors=_factors(fields, "max_factors", context),
        order=_words(fields, "order", DIMENSIONS) or (),
    )


def _factors(fields: dict[str, Entry], key: str, context: _Context) -> Factors:
    """Bounds by dimension; a fixed one may be `all`."""
    if key not in fields:
        return ()
    entry = fields[key]
    if entry.form is not Form.MAPPING:
        advice = f"such as {{C: 4, S: {'all' if key == 'factors' else 8}}}"
        raise entry.wrong_form("a number for each dimension", advice)
    found = []
    for dim, value in entry.mapping(allowed=DIMENSIONS).items():
        whole = key == "factors" and value.words == "all"
        found.append((dim, ALL if whole else _count(value, context)))
    return tuple(found)


def _share(entry: Entry, context: _Context) -> float:
    return entry.number(minimum=0, maximum=1, names=context.names)


def _energies(fields: dict[str, Entry], context: _Context) -> tuple[float | None, float | None, float | None]:
    """Joules per read, write and update. One value stands for all three; an update costs a write unless it is given."""
    if "energy" not in fields:
        return (None, None, None)
    entry = fields["energy"]
    if entry.form is not Form.MAPPING:
        energy = _energy(entry, context)
        return (energy, energy, energy)
    given = {key: _energy(value, context) for key, value in entry.mapping(allowed=ENERGY_KEYS).items()}
    return (given.get("read"), given.get("write"), given.get("update", given.get("write")))


def _energy(entry: Entry, context: _Context) -> float:
    value = entry.quantity(ENERGY, context.names)
    if value.exact < 0:
        raise entry.error(f"{entry.label}: {value} is negative; an energy is at least 0")
    return value.value


def _memory_bandwidth(entry: Entry, context: _Context) -> Bandwidth:
    """One value limits reads and writes together; that of the component is filled in once it is known."""
    if entry.words == OF_COMPONENT:
        return Bandwidth()
    if entry.form is not Form.MAPPING:
        return Bandwidth(total=_per_cycle(entry, context))
    fields = entry.mapping(allowed=BANDWIDTH_KEYS)
    return Bandwidth(**{key: _per_cycle(value, context) for key, value in fields.items()})


def _ports(entry: Entry, context: _Context) -> Ports:
    """One number is that of the ports for reads and writes together, as with bandwidths."""
    if entry.form is not Form.MAPPING:
        return Ports(total=_count(entry, context))
    fields = entry.mapping(allowed=BANDWIDTH_KEYS)
    return Ports(**{key: _count(value, context) for key, value in fields.items()})


def _tensor_bandwidths(entry: Entry, context: _Context) -> tuple[tuple[str, float], ...]:
    if entry.form is not Form.MAPPING:
        raise entry.wrong_form("a bandwidth for each tensor", "such as {ifmap: 16 b/cycle, ofmap: 64 b/cycle}")
    fields = entry.mapping(allowed=TENSORS)
    return tuple((tensor, _per_cycle(fields[tensor], context)) for tensor in TENSORS if tensor in fields)


def _per_cycle(entry: Entry, context: _Context) -> float:
    """Bits per cycle of the clock, from bits or bytes per cycle or per second."""
    if entry.form is Form.TEXT and entry.expression(context.names).dimension == SIZE:
        advice = f"write '{short(entry.words)} / cycle', or bits or bytes per second"
        raise entry.error(f"{entry.label}: '{short(entry.words)}' is a number of bits, without 'per cycle'", advice)
    value = _positive(entry, entry.quantity((BANDWIDTH, RATE), context.names))
    return float(value.exact if value.dimension == BANDWIDTH else value.exact / context.clock.exact)


def _bits(entry: Entry, context: _Context, minimum: int = 1) -> int:
    value = entry.quantity(SIZE, context.names).exact
    if value.denominator != 1 or value < minimum:
        raise entry.wrong_form(f"a whole number of bits of at least {minimum}")
    if value > LIMIT:
        raise entry.wrong_form(f"at most {LIMIT} bits (1 PiB)")
    return int(value)


def _count(entry: Entry, context: _Context) -> int:
    return entry.integer(minimum=1, maximum=2**31, names=context.names)


def _positive(entry: Entry, value: Quantity) -> Quantity:
    if value.exact <= 0:
        raise entry.error(f"{entry.label}: {value} is not above 0")
    return value


def _name(entry: Entry) -> str:
    name = entry.text()
    if not all(char.isalnum() or char in "_-." for char in name) or len(name) > 60:
        raise entry.error(f"{entry.label}: '{name[:60]}' cannot be a name", "use letters, digits, _, - and .")
    return name


def _text(fields: dict[str, Entry], key: str) -> str:
    return fields[key].text() if key in fields else ""


def _truth(fields: dict[str, Entry], key: str) -> bool:
    """The truth value at the key, False where it is left out."""
    return fields[key].boolean() if key in fields else False


def _words(fields: dict[str, Entry], key: str, options: tuple[str, ...]) -> tuple[str, ...] | None:
    return fields[key].choices(options) if key in fields else None


def _optional_pairs(fields: dict[str, Entry], key: str) -> tuple[tuple[Entry, Entry], ...]:
    return fields[key].pairs() if key in fields else ()


def _figure(key: Entry, entry: Entry) -> Figure:
    fields = entry.mapping(allowed=FIGURE_KEYS, required=("value", "source"))
    text = fields["value"].text()
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    value = number if math.isfinite(number) else text
    return Figure(key.words, value, _text(fields, "unit"), fields["source"].text(), _text(fields, "note"))


def _check_energy_source(items: tuple[Entry, ...], energy_source: str) -> None:
    """An energy without a source would be a figure that nobody can check."""
    if energy_source:
        return
    for item in items:
        for key, _ in item.pairs():
            if key.words == "energy":
                raise key.error(
                    "an energy is given, but the file does not say where its energies come from",
                    "write 'energy_source: ...' beside 'clock', such as a paper or 'assumed'",
                )
