"""Architectures in which each level gives its instances: `arithmetic` and `storage`, or the tree of `subtree`.

The fanout between two levels is the ratio of their meshes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from assay.errors import InputError, Position, UnsupportedError
from assay.reading.entries import Entry, short
from assay.timeloop.design import Notes
from assay.timeloop.parts import Architecture, Arithmetic, Constraint, Part, Spread, Storage, kind_of, refuse_sparse
from assay.timeloop.values import Names, element_count, environment, integer, truth
from assay.timeloop.yaml_files import fields

FLAT_KEYS = ("arithmetic", "storage", "constraints", "version", "name", "networks", "variables", "sparse_optimizations")
TREE_KEYS = ("version", "subtree", "name", "attributes", "local", "constraints")


@dataclass(frozen=True, slots=True)
class _Level:
    """A storage or the arithmetic, and its mesh."""

    part: Storage | Arithmetic
    x: int
    y: int


def read_flat(entry: Entry, names: Names) -> Architecture:
    """`arithmetic` and `storage`, the storage from the innermost to the outermost."""
    found = fields(entry, FLAT_KEYS)
    refuse_sparse(found.get("sparse_optimizations"))
    for key in ("arithmetic", "storage"):
        if key not in found:
            message = f"{entry.label}: the key '{key}' is missing"
            raise entry.error(message, "write 'arithmetic' and 'storage', or 'version: 0.4' and 'nodes'")
    if "networks" in found and found["networks"].parts:
        raise UnsupportedError("networks with classes of their own are not supported", at=found["networks"].at)
    levels = [_flat(item, names, count=0, storage=True) for item in reversed(found["storage"].items())]
    levels.append(_flat(found["arithmetic"], names, count=0, storage=False))
    constraints = tuple(Constraint(item) for item in found["constraints"].items()) if "constraints" in found else ()
    return Architecture(_chain(levels, entry.at), entry.at, constraints, _cycle([level.part for level in levels]))


def read_tree(entry: Entry, names: Names, notes: Notes) -> Architecture:
    """`subtree` with `local` components, one subtree in each, from the outermost to the innermost."""
    levels: list[_Level] = []
    compute: list[_Level] = []
    constraints: list[Constraint] = []
    count, cycle, node = 1, None, entry
    inherited = dict(names)
    while True:
        found = fields(node, TREE_KEYS)
        if node is not entry and "name" in found:
            count *= element_count(found["name"])[1]
        attributes = fields(found["attributes"]) if "attributes" in found else {}
        inherited = environment(inherited, attributes)
        cycle = attributes.get("global_cycle_seconds", cycle)
        constraints += [Constraint(item) for item in found["constraints"].items()] if "constraints" in found else []
        for item in found["local"].items() if "local" in found else ():
            level = _local(item, inherited, count, notes)
            if level is not None:
                (levels if isinstance(level.part, Storage) else compute).append(level)
        if "subtree" not in found:
            break
        subtrees = found["subtree"].items()
        if len(subtrees) != 1:
            raise UnsupportedError(f"{len(subtrees)} subtrees side by side; only one is supported", at=node.at)
        node = subtrees[0]
    if len(compute) != 1 or not levels:
        message = f"the architecture has {len(levels)} storage and {len(compute)} compute components"
        raise entry.error(message, "it needs at least one storage and exactly one compute (a class with 'mac')")
    levels += compute
    cycle = cycle or _cycle([level.part for level in levels])
    return Architecture(_chain(levels, entry.at), entry.at, tuple(constraints), cycle)


def _local(entry: Entry, names: Names, count: int, notes: Notes) -> _Level | None:
    found = fields(entry)
    if "name" not in found:
        raise entry.error("a component needs a name")
    kind_entry = found.get("class")
    kind = kind_of(kind_entry.text(), kind_entry.at) if kind_entry is not None else ""
    if "enabled" in found and not truth(found["enabled"]):
        return None
    if not kind:
        class_text = "no class" if kind_entry is None else f"class '{short(kind_entry.text())}'"
        notes.add(f"component {short(found['name'].text())} with {class_text} is neither storage nor compute", entry.at)
        return None
    refuse_sparse(found.get("sparse_optimizations"))
    return _flat(entry, names, count=count * element_count(found["name"])[1], storage=kind == "storage")


def _flat(entry: Entry, names: Names, *, count: int, storage: bool) -> _Level:
    """A level; `count` instances unless it says how many (0: it must)."""
    found = fields(entry)
    if "name" not in found:
        if storage:
            raise entry.error("a storage level needs a name")
        name = "MAC"
    else:
        name = element_count(found["name"])[0]
    attributes = fields(found["attributes"]) if "attributes" in found else found
    local = environment(names, attributes)
    x, y = _mesh(name, entry, attributes, local, count)
    if storage:
        kind = found["class"].text() if "class" in found else ""
        return _Level(Storage(name, entry.at, kind, attributes, local), x, y)
    return _Level(Arithmetic(name, entry.at, attributes, local), x, y)


def _mesh(name: str, entry: Entry, attributes: Mapping[str, Entry], names: Names, count: int) -> tuple[int, int]:
    given = {key: integer(attributes[key], names) for key in ("instances", "meshX", "meshY") if key in attributes}
    x, y = given.get("meshX"), given.get("meshY")
    instances = given.get("instances", count or (x * y if x and y else 0))
    if not instances:
        advice = "write 'instances: ...', and 'meshX: ...' for two directions"
        raise entry.error(f"{short(name)}: how many instances there are is missing", advice)
    if x is None:
        x = instances // y if y else instances
    if y is None:
        y = instances // x
    if x * y != instances:
        message = f"{short(name)}: a mesh of {x} by {y} does not have {instances} instances"
        raise entry.error(message, "make meshX (times meshY) divide the instances")
    return x, y


def _chain(levels: list[_Level], at: Position) -> tuple[Part, ...]:
    """The levels with the fanouts between them."""
    first = levels[0]
    if first.x * first.y != 1:
        message = f"the outermost storage {first.part.name} has {first.x * first.y} instances; only 1 is supported"
        raise UnsupportedError(message, at=first.part.at)
    parts: list[Part] = [first.part]
    for outer, inner in pairwise(levels):
        if inner.x % outer.x or inner.y % outer.y:
            message = (
                f"{inner.part.name} is a mesh of {inner.x} by {inner.y}, which {outer.x} by {outer.y} "
                f"({outer.part.name}) does not divide"
            )
            raise InputError(message, at=inner.part.at, hint="X and Y are counted apart: see 'meshX'")
        x, y = inner.x // outer.x, inner.y // outer.y
        if x * y > 1:
            name = f"{outer.part.name}_to_{inner.part.name}"
            parts.append(Spread(name, inner.part.at, x, y, (outer.part.name,)))
        parts.append(inner.part)
    return tuple(parts)


def _cycle(parts: list[Storage | Arithmetic]) -> Entry | None:
    return next(
        (part.attributes["global_cycle_seconds"] for part in parts if "global_cycle_seconds" in part.attributes), None
    )
