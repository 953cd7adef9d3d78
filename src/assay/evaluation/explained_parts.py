"""What explanations are made of: factors and sums of a count, what it is charged, the time of a port."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Any

from assay.hardware.presets import TextLine
from assay.mapping.counts import Action
from assay.mapping.mapping import Loop
from assay.reading.figures import exact
from assay.reading.words import plural


@dataclass(frozen=True, slots=True)
class Factor:
    """A number in a product, and what it is a number of: `C` 48, `4P+R` 11."""

    name: str
    number: int

    def to_dict(self) -> dict[str, Any]:
        return {"name": self.name, "number": self.number}


class Rule(StrEnum):
    """How the words of a sum are counted."""

    LOOPS = "loops"  # what each loop moves when it advances
    STEPS = "steps"  # everything at every step: nothing is held
    REQUESTS = "requests"  # as `loops`, with equal requests of children counted once; there is no product
    PRODUCT = "product"  # the product of the factors
    NEIGHBOURS = "neighbours"  # what neighbours pass on, counted by `assay.mapping.links`


@dataclass(frozen=True, slots=True)
class Move:
    """What one loop moves: words = times x (product of `new` - product of `kept`).

    Attributes:
        loop: the loop that advances; None: the very first step, or every step (`Rule.STEPS`).
        node: where the loop is; None without one.
        times: how often it does: advances of it, iterations of the loops outside, children served apart.
        new: words of the new tile, per address of the tensor.
        kept: words of it that are there already; None: none.
        words: what moves in all.
    """

    loop: Loop | None
    node: str | None
    times: tuple[Factor, ...]
    new: tuple[Factor, ...]
    kept: tuple[Factor, ...] | None
    words: int

    def to_dict(self) -> dict[str, Any]:
        loop = None if self.loop is None else {"dim": self.loop.dim, "bound": self.loop.bound, "node": self.node}
        data: dict[str, Any] = {"loop": loop, "times": [factor.to_dict() for factor in self.times]}
        data["new"] = [factor.to_dict() for factor in self.new]
        data["kept"] = None if self.kept is None else [factor.to_dict() for factor in self.kept]
        return data | {"words": self.words}

    @property
    def formula(self) -> str:
        """`N 4 · P 8 × (C 4 · P+R 7 - C 4 · P+R 6)`."""
        kept = "" if self.kept is None else f" - {product_text(self.kept)}"
        return f"{product_text(self.times)} × ({product_text(self.new)}{kept})"


@dataclass(frozen=True, slots=True)
class Sum:
    """Words that are added to a count, or taken off.

    Attributes:
        factor: how often they are added (taken off if below 0).
        text: what the words are.
        words: how many.
        moves: where they come from, for `loops`, `steps` and `requests`.
        idle: the loops that move nothing, as (loop, node).
        factors: for `product`.
        tile: indices of each dimension in one tile.
        shared: per dimension, children in space whose tiles are looked at together because they share words.
        even: False where tiles differ in size, so that factors are sums over all of them.
        gaps: whether an address that is a sum covers the gaps between its values too (`halo: box`).
    """

    factor: int
    text: str
    words: int
    rule: Rule
    moves: tuple[Move, ...] = ()
    idle: tuple[tuple[Loop, str], ...] = ()
    factors: tuple[Factor, ...] = ()
    tile: tuple[Factor, ...] = ()
    shared: tuple[Factor, ...] = ()
    even: bool = True
    gaps: bool = False

    def to_dict(self) -> dict[str, Any]:
        data: dict[str, Any] = {"factor": self.factor, "text": self.text, "words": self.words, "rule": str(self.rule)}
        data["moves"] = [move.to_dict() for move in self.moves]
        data["idle"] = [{"dim": loop.dim, "bound": loop.bound, "node": node} for loop, node in self.idle]
        for key, factors in (("factors", self.factors), ("tile", self.tile), ("shared", self.shared)):
            data[key] = [factor.to_dict() for factor in factors]
        return data | {"even": self.even, "gaps": self.gaps}

    def lines(self) -> list[str]:
        """One line for each loop that moves something."""
        if self.rule is Rule.PRODUCT:
            return [product_text(self.factors)]
        first = "every step" if self.rule is Rule.STEPS else "first step"
        loops = [first if m.loop is None else loop_text(m.loop, m.node) for m in self.moves]
        formulas = ["" if self.rule is Rule.REQUESTS else f"{move.formula} = " for move in self.moves]
        moves = zip(loops, formulas, self.moves, strict=True)
        return [f"{loop}: {formula}{move.words:,}" for loop, formula, move in moves]


@dataclass(frozen=True, slots=True)
class Charge:
    """A count, and its energy: accesses x energy per access.

    Attributes:
        component, tensor, action, count: as in `Count`.
        bits: of one word; None for multiply-accumulates.
        width: bits of one access or transfer; None for multiply-accumulates.
        instances: where accesses are whole, the instances that share the words evenly; None where they need not be.
        accesses: count x bits / width; the count itself for multiply-accumulates.
        per_access: joules; None when it is not modelled.
        energy: joules; None when it is not modelled.
        lines: where the hardware file says so.
    """

    component: str
    tensor: str | None
    action: Action
    count: int
    bits: int | None
    width: int | None
    instances: int | None
    accesses: Fraction
    per_access: float | None
    energy: float | None
    lines: tuple[TextLine, ...] = ()

    @property
    def unit(self) -> str:
        """What is counted."""
        return {Action.COMPUTE: "multiply-accumulates", Action.REDUCE: "additions"}.get(self.action, "words")

    @property
    def name(self) -> str:
        """`read of ifmap`."""
        return str(self.action) if self.tensor is None else f"{self.action} of {self.tensor}"

    @property
    def formula(self) -> str:
        """`1,200 words × 16 bits / 64 bits per access × 6 pJ = 1.8 nJ`."""
        if self.per_access is None:
            return f"not modelled: no energy is given for {self.action} at {self.component}"
        what = "transfer" if self.action is Action.TRANSFER else "access"
        each, total = exact(self.per_access, "J"), exact(self.energy, "J")
        words = f"{self.count:,} {self.unit}"
        if self.width is None:
            return f"{words} × {each} = {total}"
        bits, width = plural(self.bits or 0, "bit"), plural(self.width, "bit")
        if self.instances is None:
            return f"{words} × {bits} / {width} per {what} × {each} = {total}"
        instances = f"{plural(self.instances, 'instance')}"
        share = f"ceil({words} × {bits} / {width} / {self.instances:,})"
        return f"{share} × {instances} = {amount_text(self.accesses)} accesses × {each} = {total}"

    def to_dict(self) -> dict[str, Any]:
        data: dict[str, Any] = {"component": self.component, "tensor": self.tensor, "action": str(self.action)}
        data |= {"count": self.count, "unit": self.unit, "bits": self.bits, "width_bits": self.width}
        data |= {"whole_in_instances": self.instances, "accesses": _number(self.accesses)}
        data |= {"energy_per_access_j": self.per_access, "energy_j": self.energy}
        return data | {"lines": _lines_to_list(self.lines)}


@dataclass(frozen=True, slots=True)
class PortTime:
    """How long one port is busy: bits of one instance / bits per cycle.

    Attributes:
        component, port: as in `assay.mapping.latency.Demand`.
        moved: (tensor, action, words of all instances), which make up the bits; empty where the bits are those of a
            fanout's tensor and way.
        words: of all instances.
        bits: of one instance: its share of those words, times their width.
        instances: that share the words.
        limit: bits per cycle of one instance; None where nothing limits it.
        cycles: whole cycles; None where nothing limits it.
    """

    component: str
    port: str
    moved: tuple[tuple[str, str, int], ...]
    words: int | None
    bits: Fraction
    instances: int
    limit: float | None
    cycles: int | None
    lines: tuple[TextLine, ...] = ()

    @property
    def formula(self) -> str:
        """`dram total: 13,376 bits of one instance / 19.2 bits per cycle = 697 cycles`."""
        bits = f"{self.component} {self.port}: {amount_text(self.bits)} bits of one instance"
        if self.limit is None:
            return f"{bits}, no limit"
        return f"{bits} / {self.limit:,.10g} bits per cycle = {self.cycles:,} cycles"

    def to_dict(self) -> dict[str, Any]:
        data: dict[str, Any] = {"component": self.component, "port": self.port}
        data["moved"] = [{"tensor": t, "action": a, "words": n} for t, a, n in self.moved]
        data |= {"words": self.words, "instances": self.instances, "bits_per_instance": _number(self.bits)}
        data |= {"bits_per_cycle": self.limit, "cycles": self.cycles}
        return data | {"lines": _lines_to_list(self.lines)}


def product_text(factors: Sequence[Factor]) -> str:
    """`N 4 · 4P+R 11`; factors of 1 are left out."""
    return " · ".join(f"{factor.name} {factor.number:,}" for factor in factors if factor.number != 1) or "1"


def loop_text(loop: Loop, node: str | None) -> str:
    """`P in range(9) at glb`."""
    return f"{loop.dim} in range({loop.bound}) at {node}"


def amount_text(value: Fraction) -> str:
    """A number of accesses, bits or cycles; a fraction with up to three decimals."""
    return f"{value.numerator:,}" if value.denominator == 1 else f"{float(value):,.3f}".rstrip("0").rstrip(".")


def _number(value: Fraction) -> int | float:
    return int(value) if value.denominator == 1 else float(value)


def _lines_to_list(lines: tuple[TextLine, ...]) -> list[dict[str, Any]]:
    return [{"file": line.at.file, "line": line.at.line, "text": line.text} for line in lines]
