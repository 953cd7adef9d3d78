"""Every mapping of a small einsum on a small machine, one by one: what the search must beat nothing of."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations, product
from math import prod

from assay.hardware.model import Fanout, Hardware, Memory
from assay.mapper import mapping_energy
from assay.mapper.problem import keep_choices
from assay.mapping.analysis import analyse
from assay.mapping.mapping import Level, Loop, Mapping
from assay.workload.einsum import Einsum


def primes(extent: int) -> list[int]:
    factors, p = [], 2
    while extent > 1:
        while extent % p == 0:
            factors.append(p)
            extent //= p
        p += 1
    return factors


def slots(hardware: Hardware) -> list[tuple[int, str | None]]:
    result: list[tuple[int, str | None]] = []
    for index, node in enumerate(hardware.nodes[:-1]):
        if isinstance(node, Fanout):
            result += [(index, axis.name) for axis in node.axes]
        else:
            result.append((index, None))
    return result


def allowed(hardware: Hardware, slot: tuple[int, str | None], dim: str) -> bool:
    node = hardware.nodes[slot[0]]
    if isinstance(node, Memory):
        return node.loops is None or dim in node.loops
    assert isinstance(node, Fanout)
    dims = next(axis.dims for axis in node.axes if axis.name == slot[1])
    return dims is None or dim in dims


def nests(einsum: Einsum, hardware: Hardware) -> Iterator[tuple[tuple[Loop, ...], ...]]:
    """All perfect nests that obey axes, loops and whole; duplicates included."""
    factors = [(dim, p) for dim, extent in einsum.dims for p in primes(extent)]
    places = slots(hardware)
    seen = set()
    for choice in product(range(len(places)), repeat=len(factors)):
        if not all(allowed(hardware, places[s], dim) for s, (dim, _) in zip(choice, factors, strict=True)):
            continue
        groups = [[f for f, s in zip(factors, choice, strict=True) if s == i] for i in range(len(places))]
        if not all(
            prod(p for _, p in group) <= axis_size(hardware, place)
            for group, place in zip(groups, places, strict=True)
            if place[1]
        ):
            continue
        if not whole(einsum, hardware, places, groups):
            continue
        orders = [
            [tuple(group)] if place[1] else sorted(set(permutations(group)))
            for group, place in zip(groups, places, strict=True)
        ]
        for order in product(*orders):
            nest: list[list[Loop]] = [[] for _ in hardware.nodes[:-1]]
            for loops, (node, axis) in zip(order, places, strict=True):
                nest[node] += [Loop(dim, p, axis) for dim, p in loops]
            key = tuple(tuple(loops) for loops in nest)
            if key not in seen:
                seen.add(key)
                yield key


def axis_size(hardware: Hardware, place: tuple[int, str | None]) -> int:
    node = hardware.nodes[place[0]]
    assert isinstance(node, Fanout)
    return next(axis.size for axis in node.axes if axis.name == place[1])


def whole(
    einsum: Einsum, hardware: Hardware, places: list[tuple[int, str | None]], groups: list[list[tuple[str, int]]]
) -> bool:
    for index, node in enumerate(hardware.nodes[:-1]):
        assert isinstance(node, Memory | Fanout)
        for dim in node.whole:
            inside = [
                p
                for group, place in zip(groups, places, strict=True)
                if place[0] >= index
                for d, p in group
                if d == dim
            ]
            if dim in einsum.extents and prod(inside) != einsum.extents[dim]:
                return False
    return True


def fits(einsum: Einsum, hardware: Hardware, mapping: Mapping) -> bool:
    bits = {t.name: t.bits for t in einsum.tensors}
    capacity = {m.name: m.capacity for m in hardware.memories}
    used = dict.fromkeys(capacity, 0)
    for o in analyse(einsum, hardware, mapping).occupancy:
        used[o.component] += o.words * bits[o.tensor]
    return all(capacity[name] is None or used[name] <= (capacity[name] or 0) for name in used)


def least_energy(einsum: Einsum, hardware: Hardware) -> tuple[float | None, int]:
    """Least energy of all mappings that fit (with `fill`, of those of the fewest steps), and how many there are."""
    fill = any(fanout.fill for fanout in hardware.fanouts)
    best: tuple[float, float] | None = None
    count = 0
    for keep in keep_choices(einsum, hardware):
        for nest in nests(einsum, hardware):
            levels = tuple(
                Level(node.name, loops, names) for node, loops, names in zip(hardware.nodes, nest, keep, strict=False)
            )
            mapping = Mapping(levels)
            count += 1
            if not fits(einsum, hardware, mapping):
                continue
            steps = float(analyse(einsum, hardware, mapping).steps) if fill else 0.0
            value = (steps, mapping_energy(einsum, hardware, mapping))
            best = value if best is None else min(best, value)
    return (best[1] if best else None), count
