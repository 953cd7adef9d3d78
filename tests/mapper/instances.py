"""Random small einsums and machines on which every mapping can be tried.

Both follow from a seed. Hypothesis draws the seed only: were it to draw every choice, a third of the instances would be
equal, and most of them trivial.
Energies are small multiples of powers of two and sums of them exact, so that two mappings of equal energy are equal to
the bit. `literal` writes an instance as Python.
"""

from __future__ import annotations

import math
from dataclasses import MISSING, dataclass, fields, is_dataclass, replace
from enum import Enum
from random import Random
from typing import Any

from hypothesis import strategies as st

from assay.errors import InputError
from assay.hardware.constraints import check_constraints
from assay.hardware.dataflows import DATAFLOWS, apply_dataflow
from assay.hardware.model import (
    ALL,
    Axis,
    Bandwidth,
    Buffering,
    Compute,
    Counting,
    Factors,
    Fanout,
    Halo,
    Hardware,
    Memory,
    Multicast,
    Node,
    Ports,
)
from assay.workload.einsum import Einsum, Rank, Tensor, Term, convolution, matmul
from tests.mapper.brute import Nests, primes

Instance = tuple[Einsum, Hardware]


@dataclass(frozen=True)
class Kind:
    """Which instances are made.

    Attributes:
        mappings: about how many there are at most per choice of kept tensors.
        conventions: how counting differs from the defaults in some of them, latch included.
        links: neighbours pass words on in some of them.
        buffering: some memories do not overlap all of their transfers.
        fill: some fanouts are filled.
        unknown: some energies are not known.
        constraints: there are further constraints on loops and on what stays, or a dataflow.
        extent: the largest of a dimension, if all are allowed (imperfect factors); None: those with few prime factors.
    """

    mappings: int = 700
    conventions: bool = True
    links: bool = False
    buffering: bool = False
    fill: bool = True
    unknown: bool = False
    constraints: bool = False
    extent: int | None = None


def instances(kind: Kind) -> st.SearchStrategy[Instance]:
    return st.integers(0, 2**40).map(lambda seed: instance(Random(seed), kind))


def instance(random: Random, kind: Kind) -> Instance:
    while True:
        einsum, hardware = _instance(random, kind)
        if kind.extent is None or _effort(einsum, hardware) <= 3 * kind.mappings:
            return einsum, hardware


def _effort(einsum: Einsum, hardware: Hardware) -> int:
    """How long it takes to count all mappings with remainders: one by one, where equal tiles share their reads."""
    slow = any(fanout.multicast is Multicast.TILE for fanout in hardware.fanouts)
    return sum(1 for _ in Nests(einsum, hardware, perfect=False)) * (30 if slow else 1)


def _instance(random: Random, kind: Kind) -> Instance:
    memories = random.choice((1, 1, 2, 2, 3) if kind.extent is None else (1, 1, 2))
    fanouts = random.choice((0, 1, 1, 2, 2, 3) if kind.extent is None else (0, 1, 1))
    if memories == 3:
        fanouts = min(fanouts, 2)
    kinds = ["memory"] * memories + ["fanout"] * fanouts
    random.shuffle(kinds)
    factors = max(n for n in range(2, 6) if n == 2 or _nests(n, memories + 1, fanouts) <= kind.mappings)
    einsum = _imperfect(random, kind.extent) if kind.extent else _einsum(random, factors)
    hardware = _hardware(random, einsum, kinds, kind)
    return einsum, _constrained(random, einsum, hardware) if kind.constraints else hardware


def _nests(factors: int, memories: int, fanouts: int) -> int:
    """How many nests there are of so many different prime factors, each of another dimension."""
    total = 0
    for temporal in range(factors + 1):
        orders = math.factorial(temporal) * math.comb(temporal + memories - 1, memories - 1)
        total += math.comb(factors, temporal) * orders * fanouts ** (factors - temporal)
    return total


def _einsum(random: Random, room: int) -> Einsum:
    form = random.choice(("convolution",) * 4 + ("grouped", "depthwise", "matmul", "batched", "free"))
    if form == "free":
        return _free(random, room)
    names = {
        "convolution": "nmcpqrs",
        "grouped": "gmcpqrs",
        "depthwise": "gpqrsn",
        "matmul": "nmc",
        "batched": "gnmc",
    }[form]
    extents: dict[str, int] = {}
    order = random.sample(names, len(names))
    if form in ("convolution", "grouped", "depthwise") and random.random() < 0.6:  # a window that slides
        order = [*random.choice(("pr", "qs", "rp")), *(name for name in order if name not in "pqrs")]
    for name in order:
        choices = [e for e in (2, 2, 3, 3, 4, 5, 6, 7, 8, 9) if len(primes(e)) <= room]
        if choices and random.random() < 0.9:
            extents[name] = random.choice(choices)
            room -= len(primes(extents[name]))
    if form in ("matmul", "batched"):
        return _words(random, matmul(**({"n": 1, "m": 1, "c": 1} | extents)))  # type: ignore[arg-type]
    stride = (random.choice((1, 1, 2, 3)), random.choice((1, 2)))
    dilation = (random.choice((1, 1, 1, 2, 3)), random.choice((1, 2)))
    return _words(random, convolution(**extents, stride=stride, dilation=dilation))  # type: ignore[arg-type]


def _imperfect(random: Random, largest: int) -> Einsum:
    """Two dimensions, or three of which one is short."""
    extents = [random.randint(2, largest), random.randint(2, largest)]
    if math.prod(extents) <= largest * largest // 3:
        extents.append(random.choice((1, 2)))
    pair = random.choice(("pr", "pr", "pm", "mc", "nc", "gp", "qs"))
    names = pair + random.choice([name for name in "mcn" if name not in pair])
    stride = (random.choice((1, 1, 2)), 1)
    return convolution(**dict(zip(names, extents, strict=False)), stride=stride)  # type: ignore[arg-type]


def _free(random: Random, room: int) -> Einsum:
    """Any einsum: one to three inputs, addresses of up to three dimensions."""
    names = ["I", "J", "K", "L"][: random.choice((2, 3, 3, 4))]
    dims = []
    for name in names:
        choices = [e for e in (2, 2, 3, 4, 5, 6) if len(primes(e)) <= room] or [1]
        dims.append((name, random.choice(choices)))
        room -= len(primes(dims[-1][1]))

    def tensor(name: str, sums: bool) -> Tensor:
        chosen = random.sample(names, random.randint(1, len(names)))
        ranks: list[list[Term]] = []
        for dim in chosen:
            if ranks and sums and len(ranks[-1]) < 3 and random.random() < 0.5:
                ranks[-1].append(Term(dim, random.choice((1, 1, 2))))
            else:
                ranks.append([Term(dim, random.choice((1, 1, 2)) if sums else 1)])
        return Tensor(name, tuple(Rank(tuple(terms)) for terms in ranks))

    inputs = tuple(tensor(name, True) for name in "ABC"[: random.choice((1, 2, 2, 3))])
    return _words(random, Einsum(tuple(dims), inputs, tensor("Z", False)))


def _words(random: Random, einsum: Einsum) -> Einsum:
    """The einsum, perhaps with words of different sizes."""
    if random.random() < 0.7:
        return einsum
    inputs = tuple(replace(tensor, bits=random.choice((8, 16))) for tensor in einsum.inputs)
    return replace(einsum, inputs=inputs, output=replace(einsum.output, bits=random.choice((16, 32))))


def _hardware(random: Random, einsum: Einsum, kinds: list[str], kind: Kind) -> Hardware:
    names = tuple(tensor.name for tensor in einsum.tensors)
    dims = [name for name, extent in einsum.dims if extent > 1]
    scale = random.choice((1.0, 2.0**-40))
    far = random.choice((1, 8))
    limited = random.random() < 0.8  # whether there are bandwidths
    strict = random.random() < 0.4  # whether there are constraints
    links = kind.links and random.random() < 0.7
    unknown = kind.unknown and random.random() < 0.3

    def energy() -> float:
        return random.choice((0.0, 0.5, 1.0, 2.0, 7.0)) * scale

    def some(likely: float) -> tuple[str, ...] | None:
        if not dims or random.random() > likely:
            return None
        return tuple(random.sample(dims, random.randint(0 if random.random() < 0.1 else 1, len(dims))))

    def whole() -> tuple[str, ...]:
        return (random.choice(dims),) if dims and strict and random.random() < 0.1 else ()

    def rates() -> tuple[Bandwidth, Ports]:
        if not limited or random.random() < 0.3:
            return Bandwidth(), Ports()
        rate = (None, 1.0, 2.0, 3.0, 4.0, 8.0, 16.0, 19.2, 48.0)
        bandwidth = Bandwidth(random.choice(rate), random.choice(rate), random.choice((None, None, None, *rate)))
        return bandwidth, random.choice((Ports(), Ports(), Ports(), Ports(2, 1, 1), Ports(1, 2, 3)))

    def memory(name: str, outermost: bool) -> Memory:
        bandwidth, ports = rates()
        keep, may = names, tuple[str, ...]()
        size, reserved = None, 0
        if not outermost:
            choice = {name: random.choice(("keep", "keep", "keep", "may", "pass")) for name in names}
            keep = tuple(n for n in names if choice[n] == "keep")
            may = tuple(n for n in names if choice[n] == "may")
            if random.random() < 0.6:
                words = sum(einsum.words(t) * t.bits for t in einsum.tensors if t.name in keep + may)
                size = random.randint(1, max(words // 8, 1)) * random.choice((8, 8, 4, 2))
                if random.random() < 0.9:
                    size = max(size, sum(t.bits for t in einsum.tensors if t.name in keep))
                reserved = random.choice((0, 0, 0, 0, 0, min(16, size)))
        return Memory(
            name,
            size=size,
            reserved=reserved,
            width=random.choice((16, 16, 32, 64)),
            keep=keep,
            may_keep=may,
            read_energy=None if unknown and random.random() < 0.4 else energy() * (far if outermost else 1),
            write_energy=energy() * (far if outermost else 1),
            update_energy=None if random.random() < 0.5 else energy(),
            bandwidth=bandwidth,
            ports=ports,
            buffering=random.choice((Buffering.IDEAL, Buffering.DOUBLE, Buffering.SINGLE))
            if kind.buffering and not outermost
            else Buffering.IDEAL,
            loops=some(0.3) if strict and not outermost else None,
            whole=() if outermost else whole(),
        )

    def fanout(name: str) -> Fanout:
        linked = links and random.random() < 0.7
        tensors = [t for t in names if limited and random.random() < 0.2]
        return Fanout(
            name,
            tuple(
                Axis(axis, random.choice((1, 2, 2, 3, 4, 5)), some(0.4 if strict else 0.1))
                for axis in "XY"[: random.choice((1, 1, 2))]
            ),
            multicast=random.choice((Multicast.TILE, Multicast.NONE) if linked else tuple(Multicast)),
            reduces=random.random() < 0.5,
            transfer_energy=random.choice((None, energy(), energy(), 4 * energy(), 16 * energy())),
            width=random.choice((16, 32)),
            bandwidth=tuple((tensor, random.choice((4.0, 8.0, 16.0, 5.0))) for tensor in tensors),
            whole=whole(),
            fill=kind.fill and random.random() < 0.12,
            links=linked,
        )

    nodes: list[Node] = [memory("dram", True)]
    nodes += [
        fanout(f"fanout{number}") if item == "fanout" else memory(f"memory{number}", False)
        for number, item in enumerate(kinds)
    ]
    other = kind.conventions and random.random() < 0.4
    nodes.append(
        Compute(
            "mac",
            energy=energy(),
            macs_per_cycle=random.choice((1, 1, 1, 2, 3)),
            latch=other and random.random() < 0.4,
        )
    )
    counting = Counting(
        halo=random.choice((Halo.EXACT, Halo.EXACT, Halo.BOX)),
        first_reads=other and random.random() < 0.3,
        refill_all=other and kind.extent is None and random.random() < 0.3,
        drain_reads=other and random.random() < 0.3,
        whole_accesses=other and random.random() < 0.25,
    )
    return Hardware("random", tuple(nodes), clock=1e9, counting=counting)


def _constrained(random: Random, einsum: Einsum, hardware: Hardware) -> Hardware:
    """With a few more constraints, of which none contradicts another."""
    if random.random() < 0.2:
        try:
            hardware = apply_dataflow(hardware, random.choice(DATAFLOWS).name)
        except InputError:
            pass
        else:
            if random.random() < 0.5:
                return hardware
    for _ in range(random.choice((1, 1, 1, 2, 2, 3))):
        index = random.randrange(len(hardware.nodes) - 1)
        node = hardware.nodes[index]
        node = _ruled(random, einsum, node, index) if isinstance(node, Memory) else _laid(random, einsum, node)
        nodes = (*hardware.nodes[:index], node, *hardware.nodes[index + 1 :])
        try:
            check_constraints(nodes)
        except InputError:
            continue
        hardware = replace(hardware, nodes=nodes)
    return hardware


def _ruled(random: Random, einsum: Einsum, memory: Memory, index: int) -> Memory:
    kept = (*memory.keep, *memory.may_keep)
    rules = ["factors", "factors", "max_factors", "order"] + ["stationary", "stationary"] * bool(index and kept)
    rules += ["empty"] * bool(index)
    rule = random.choice(rules)
    if rule == "stationary":
        return replace(memory, stationary=tuple(random.sample(kept, random.choice((1, 1, min(2, len(kept)))))))
    if rule == "empty":
        return replace(memory, keep=(), may_keep=(), stationary=(), loops=random.choice(((), None, memory.loops)))
    if rule == "order":
        return replace(memory, order=_order(random, einsum))
    if rule == "factors":
        return replace(memory, factors=_factors(random, einsum, exact=True))
    return replace(memory, max_factors=_factors(random, einsum, exact=False))


def _laid(random: Random, einsum: Einsum, node: Node) -> Node:
    assert isinstance(node, Fanout)
    rule = random.choice(("factors", "factors", "max_factors", "order", "min_utilization", "min_utilization"))
    if rule == "min_utilization":
        most = random.choice((0.25, 0.5, 0.5, 2 / 3, 0.75, 1.0))
        return replace(node, min_utilization=min(most, random.choice((1.0, random.random()))))
    at = random.randrange(len(node.axes))
    axis = node.axes[at]
    if rule == "order":
        axis = replace(axis, order=_order(random, einsum))
    elif rule == "factors":
        axis = replace(axis, factors=_factors(random, einsum, exact=True))
    else:
        axis = replace(axis, max_factors=_factors(random, einsum, exact=False))
    return replace(node, axes=(*node.axes[:at], axis, *node.axes[at + 1 :]))


def _order(random: Random, einsum: Einsum) -> tuple[str, ...]:
    dims = [name for name, extent in einsum.dims if extent > 1 or random.random() < 0.2]
    return tuple(random.sample(dims, random.randint(1, len(dims)))) if dims else ()


def _factors(random: Random, einsum: Einsum, exact: bool) -> Factors:
    """Of one or two dimensions, mostly such as divide them."""
    dims = [(name, extent) for name, extent in einsum.dims if extent > 1 or random.random() < 0.1]
    found = []
    for name, extent in random.sample(dims, min(len(dims), random.choice((1, 1, 2)))):
        divisors = [d for d in range(1, extent + 1) if extent % d == 0]
        more = (ALL, 1, extent + 1, 3) if exact else (1, 2, 3, 4)
        found.append((name, random.choice(divisors if random.random() < 0.6 else more)))
    return tuple(found)


def literal(item: Any) -> str:
    """A value as Python, without what is left out anyway."""
    if isinstance(item, Enum):
        return f"{type(item).__name__}.{item.name}"
    if is_dataclass(item):
        parts: list[str] = []
        for field in fields(item):
            given = getattr(item, field.name)
            if field.default is MISSING or given != field.default:
                parts.append(literal(given) if not parts else f"{field.name}={literal(given)}")
        return f"{type(item).__name__}({', '.join(parts)})"
    if isinstance(item, tuple):
        return "(" + "".join(f"{literal(entry)}, " for entry in item).rstrip(" " if len(item) == 1 else ", ") + ")"
    return repr(item)
