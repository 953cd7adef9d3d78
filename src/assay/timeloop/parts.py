"""The parts of an architecture, before they become nodes of a hardware."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from assay.errors import Position, UnsupportedError
from assay.reading.entries import Entry, Form, short
from assay.timeloop.values import Names

BUFFER_CLASSES = ("DRAM", "SRAM", "regfile", "smartbuffer", "storage")
COMPUTE_CLASSES = ("mac", "compute")
NETWORK_CLASSES = ("XY_NoC", "Legacy", "ReductionTree", "SimpleMulticast")


@dataclass(frozen=True, slots=True)
class Storage:
    """A storage level.

    Attributes:
        kind: its class.
        attributes: by key, keys written with _.
        names: what expressions in the attributes may name.
        bypass: data spaces that a parallel branch keeps instead.
    """

    name: str
    at: Position
    kind: str
    attributes: Mapping[str, Entry]
    names: Names
    bypass: tuple[str, ...] = ()

    @property
    def dummy(self) -> bool:
        """Whether it stands for a place to put loops, and holds nothing."""
        return "dummy" in self.kind


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """The multipliers; as `Storage`."""

    name: str
    at: Position
    attributes: Mapping[str, Entry]
    names: Names


@dataclass(frozen=True, slots=True)
class Spread:
    """From one instance to x by y instances of what lies inside; directives find it by its targets."""

    name: str
    at: Position
    x: int
    y: int
    targets: tuple[str, ...]


Part = Storage | Spread | Arithmetic


@dataclass(frozen=True, slots=True)
class Constraint:
    """A directive where it was found: what it is about comes from the place if the entry does not say."""

    entry: Entry
    target: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Architecture:
    """Parts from the outermost to the innermost; the arithmetic is last.

    Attributes:
        constraints: directives found within the architecture.
        cycle: seconds per cycle, where the files say.
        nodes: True for the form with `nodes`, in which constraints complete the mapping.
    """

    parts: tuple[Part, ...]
    at: Position
    constraints: tuple[Constraint, ...] = ()
    cycle: Entry | None = None
    nodes: bool = False

    @property
    def storages(self) -> tuple[Storage, ...]:
        return tuple(part for part in self.parts if isinstance(part, Storage))

    @property
    def arithmetic(self) -> Arithmetic:
        part = self.parts[-1]
        assert isinstance(part, Arithmetic)
        return part


def kind_of(name: str, at: Position) -> str:
    """`storage` or `arithmetic` for a class, by the words in it; empty where Timeloop passes it over."""
    if any(word in name for word in BUFFER_CLASSES):
        return "storage"
    if any(word in name for word in NETWORK_CLASSES):
        raise UnsupportedError(f"a network of class '{short(name)}' is not supported", at=at, hint="remove it")
    return "arithmetic" if any(word in name for word in COMPUTE_CLASSES) else ""


def refuse_sparse(entry: Entry | None) -> None:
    """Refuse `sparse_optimizations` that say anything."""
    if entry is None or entry.form is Form.NOTHING:
        return
    parts = [value for key, value in entry.pairs() if key.words != "version"] if entry.form is Form.MAPPING else [entry]
    if any(part.parts or part.words for part in parts):
        message = "sparse optimizations (formats, gating, skipping) are not supported"
        raise UnsupportedError(message, at=entry.at, hint="remove them to count the dense design")
