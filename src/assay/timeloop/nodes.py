"""Architectures with `nodes`: containers and components with `!` tags, each `spatial` a fanout above what follows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from assay.errors import UnsupportedError
from assay.reading.entries import Entry, short
from assay.reading.units import Quantity
from assay.timeloop.parts import Architecture, Arithmetic, Constraint, Part, Spread, Storage, kind_of, refuse_sparse
from assay.timeloop.values import Names, environment, integer, names_of, truth
from assay.timeloop.yaml_files import TAG, TAGS, fields, tag_of

ARCHITECTURE_KEYS = ("version", "nodes", "name", "attributes")
LEAF_KEYS = ("name", "attributes", "spatial", "constraints", "sparse_optimizations", "networks", "enabled")
COMPONENT_KEYS = (*LEAF_KEYS, "class", "subclass", "required_actions", "area_scale", "energy_scale")
CONSTRAINT_KINDS = ("spatial", "temporal", "dataspace", "max_overbooked_proportion")


@dataclass(slots=True)
class _Walk:
    """What has been met so far, from the outside in; one use."""

    names: dict[str, Quantity]
    attributes: dict[str, Entry] = field(default_factory=dict)
    parts: list[Part] = field(default_factory=list)
    constraints: list[Constraint] = field(default_factory=list)

    def branch(
        self, entry: Entry, *, top: bool = False, parallel: bool = False, elsewhere: tuple[str, ...] = ()
    ) -> None:
        """The nodes of a branch, one inside the other.

        Args:
            parallel: whether it lies within a parallel node.
            elsewhere: data spaces that branches beside it keep.
        """
        found = fields(entry, ARCHITECTURE_KEYS if top else ("nodes", "version", "name", "enabled"))
        if "nodes" not in found:
            raise entry.error(f"{entry.label}: the key 'nodes' is missing", "write the list of nodes")
        side_by_side = tag_of(entry) == "Parallel"
        kept = [_kept(node) for node in found["nodes"].items()] if side_by_side else []
        for index, node in enumerate(found["nodes"].items()):
            beside = {name for other, names in enumerate(kept) if other != index for name in names}
            self.node(node, parallel or side_by_side, tuple(sorted(beside.union(elsewhere))))

    def node(self, entry: Entry, parallel: bool, elsewhere: tuple[str, ...]) -> None:
        tag = tag_of(entry)
        if not tag:
            message = "a node of the architecture needs a tag that says what it is"
            raise entry.error(message, f"write such as '- !Component' (known: {', '.join('!' + tag for tag in TAGS)})")
        if tag == "Nothing":
            return
        if tag in ("Hierarchical", "Parallel", "Pipelined"):
            if tag == "Pipelined":
                raise UnsupportedError(f"'!{tag}' is not supported", at=entry.at)
            self.branch(entry, parallel=parallel, elsewhere=elsewhere)
            return
        found = fields(entry, LEAF_KEYS if tag == "Container" else COMPONENT_KEYS)
        if "name" not in found:
            raise entry.error(f"'!{tag}' needs a name")
        if "enabled" in found and not truth(found["enabled"]):
            return
        refuse_sparse(found.get("sparse_optimizations"))
        if "networks" in found and found["networks"].parts:
            raise UnsupportedError("networks are not supported", at=found["networks"].at)
        self.leaf(entry, found, tag, parallel, elsewhere)

    def leaf(
        self, entry: Entry, found: Mapping[str, Entry], tag: str, parallel: bool, elsewhere: tuple[str, ...]
    ) -> None:
        name = found["name"].text()
        own = fields(found["attributes"]) if "attributes" in found else {}
        names = environment(self.names, own)
        x, y = _mesh(found.get("spatial"), names)
        if parallel and (tag == "Container" or x * y > 1):
            message = f"{short(name)}: a container or a fanout within '!Parallel' is not supported"
            raise UnsupportedError(message, at=entry.at)
        if x * y > 1:
            self.spread(entry, name, tag, x, y)
        self.constrain(found.get("constraints"), name)
        if tag == "Container":
            self.attributes |= own
            self.names = names
            return
        attributes = {**self.attributes, **own}
        if "class" not in found:
            raise entry.error(f"{short(name)}: the key 'class' is missing", "write such as 'class: SRAM'")
        kind = kind_of(found["class"].text(), found["class"].at)
        if not kind:
            message = f"{short(name)}: class '{short(found['class'].text())}' is neither storage nor compute"
            raise found["class"].error(message, "known words in it: storage, DRAM, SRAM, regfile, smartbuffer, mac")
        if self.parts and isinstance(self.parts[-1], Arithmetic):
            message = f"{short(name)} comes after the compute {short(self.parts[-1].name)}"
            raise UnsupportedError(message, at=entry.at, hint="the compute must be the last node, and the only one")
        if kind == "storage":
            self.parts.append(Storage(name, entry.at, found["class"].text(), attributes, names, elsewhere))
        else:
            self.parts.append(Arithmetic(name, entry.at, attributes, names))

    def spread(self, entry: Entry, name: str, tag: str, x: int, y: int) -> None:
        outer = next((part.name for part in reversed(self.parts)), None)
        if outer is None:
            raise UnsupportedError(f"{short(name)}: a fanout above the outermost storage", at=entry.at)
        own = name if tag == "Container" else f"{outer}_to_{name}"
        # A directive at the storage above means the fanout right below it.
        above = (outer,) if isinstance(self.parts[-1], Storage) else ()
        self.parts.append(Spread(own, entry.at, x, y, (name, f"inter_{name}_spatial", *above)))

    def constrain(self, entry: Entry | None, name: str) -> None:
        if entry is None or not entry.parts:
            return
        for kind, value in fields(entry, CONSTRAINT_KINDS).items():
            if kind != TAG and value.parts:
                self.constraints.append(Constraint(value, name, kind))


def read_nodes(entry: Entry, names: Names) -> Architecture:
    """The chain of nodes from the outermost to the innermost; parallel ones in the order of the file."""
    walk = _Walk(dict(names))
    walk.branch(entry, top=True)
    computes = [part for part in walk.parts if isinstance(part, Arithmetic)]
    if len(computes) != 1 or not any(isinstance(part, Storage) for part in walk.parts):
        raise entry.error("the architecture needs at least one storage, and one compute as its last node")
    cycle = walk.attributes.get("global_cycle_seconds")
    return Architecture(tuple(walk.parts), entry.at, tuple(walk.constraints), cycle, nodes=True)


def _mesh(entry: Entry | None, names: Names) -> tuple[int, int]:
    if entry is None or not entry.parts:
        return 1, 1
    found = fields(entry, ("meshX", "meshY"))
    x, y = (integer(found[key], names) if key in found else 1 for key in ("meshX", "meshY"))
    return x, y


def _kept(entry: Entry) -> tuple[str, ...]:
    """Data spaces that a branch of a parallel node says it keeps."""
    if tag_of(entry) == "Parallel" or not entry.parts:
        return ()
    found = fields(entry)
    kept: list[str] = []
    for node in found["nodes"].items() if "nodes" in found else ():
        kept += _kept(node)
    constraints = found.get("constraints")
    space = fields(constraints).get("dataspace") if constraints is not None and constraints.parts else None
    keep = fields(space).get("keep") if space is not None and space.parts else None
    return (*kept, *(names_of(keep, None, "data space") if keep is not None else ()))
