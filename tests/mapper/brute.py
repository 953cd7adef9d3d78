"""Every mapping of a small einsum on a small machine: what the search must beat nothing of.

Nothing here is shared with the search. Mappings are listed one by one, but for what is exactly equal: neighbouring
loops over one dimension are one loop; in space, without links, neither the order of loops nor their axis matters; and
with remainders, a loop need not go on past the layer. They are counted by `analyse_many` with one structure into which
all of them fit (a loop that runs once changes nothing), tensor by tensor, because what is counted of one does not
depend on where the others are kept. This gives an energy and least cycles; whatever they do not rule out is
evaluated by the counting room alone: `analyse`, `time_layer` and the energy of the evaluation.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import combinations, pairwise, product
from typing import Any

import numpy as np
import numpy.typing as npt

from assay.hardware.actions import energy_per_word
from assay.hardware.model import ALL, Axis, Fanout, Hardware, Memory
from assay.mapping.analysis import analyse
from assay.mapping.counts import Action
from assay.mapping.energy import energy_of_actions
from assay.mapping.latency import time_layer
from assay.mapping.many import analyse_many
from assay.mapping.mapping import Level, Loop, Mapping
from assay.workload.einsum import Einsum, Tensor

Array = npt.NDArray[Any]
Inside = tuple[int, ...]
"""Per dimension, the indices that the loops placed so far cover, from the compute outwards."""

ROUNDING = 1e-12


@dataclass(frozen=True)
class Truth:
    """What there is to find.

    Attributes:
        front: (joules, cycles) of the mappings of which none is better in both, fewest joules first; with `fill`, of
            those of the fewest steps. Unknown energies count as 0. Empty: nothing fits.
        steps: the fewest temporal steps of a mapping that fits.
        mappings: how many mappings stand behind it.
    """

    front: tuple[tuple[float, int], ...]
    steps: int
    mappings: int

    def best(
        self, objective: str, max_cycles: float | None = None, max_energy: float | None = None
    ) -> tuple[float, int] | None:
        """(joules, cycles) of the least mapping within the limits, the other figure breaking ties; None: none is."""
        within = [
            (energy, cycles)
            for energy, cycles in self.front
            if (max_cycles is None or cycles <= max_cycles) and (max_energy is None or energy <= max_energy)
        ]
        return min(within, key=lambda point: (value(objective, point), point), default=None)


def value(objective: str, point: tuple[float, int]) -> float:
    energy, cycles = point
    return {"energy": energy, "latency": float(cycles), "edp": energy * cycles}[objective]


def least_energy(einsum: Einsum, hardware: Hardware) -> tuple[float | None, int]:
    """Least energy of all mappings that fit (with `fill`, of those of the fewest steps), and how many there are."""
    truth = brute_force(einsum, hardware)
    return (truth.front[0][0] if truth.front else None), truth.mappings


def energy_and_cycles(einsum: Einsum, hardware: Hardware, mapping: Mapping) -> tuple[float, int]:
    """Of one mapping, by the counting room and the evaluation; unknown energies count as 0."""
    analysis = analyse(einsum, hardware, mapping)
    energies = energy_of_actions(einsum, hardware, analysis)
    return sum(e.energy or 0.0 for e in energies), time_layer(einsum, hardware, mapping, analysis).cycles


@lru_cache(maxsize=4096)
def brute_force(einsum: Einsum, hardware: Hardware, perfect: bool = True) -> Truth:
    """The best of all mappings that fit."""
    structure = Structure.of(list(Nests(einsum, hardware, perfect)), hardware)
    if structure is None:
        return Truth((), 0, 0)
    tables = Tables(einsum, hardware, structure)
    combos = list(product(*(range(len(options)) for options in tables.options)))
    fits = [tables.fits(combo) for combo in combos]
    if not any(fit.any() for fit in fits):
        return Truth((), 0, len(combos) * len(structure.rows))
    steps = min(int(tables.steps[fit].min()) for fit in fits if fit.any())
    if any(fanout.fill for fanout in hardware.fanouts):
        fits = [fit & (tables.steps == steps) for fit in fits]
    number = np.concatenate([np.full(int(fit.sum()), i) for i, fit in enumerate(fits)])
    rows = np.concatenate([np.flatnonzero(fit) for fit in fits])
    energy = np.concatenate([tables.energy(combo)[fit] for combo, fit in zip(combos, fits, strict=True)])
    cycles = np.concatenate([tables.least_cycles(combo)[fit] for combo, fit in zip(combos, fits, strict=True)])
    points: list[tuple[float, int]] = []
    order = np.lexsort((cycles, energy))
    while len(order):
        first = int(order[0])
        mapping = structure.mapping(int(rows[first]), tables.keep(combos[int(number[first])]))
        point = energy_and_cycles(einsum, hardware, mapping)
        exact = not hardware.counting.whole_accesses
        assert energy[first] <= point[0] * (1 + ROUNDING)
        assert not exact or point[0] <= energy[first] * (1 + ROUNDING)
        assert cycles[first] <= point[1]
        points.append(point)
        order = order[1:]
        order = order[(energy[order] * (1 + ROUNDING) < point[0]) | (cycles[order] < point[1])]
    return Truth(_front(points), steps, len(combos) * len(structure.rows))


def _front(points: list[tuple[float, int]]) -> tuple[tuple[float, int], ...]:
    found: list[tuple[float, int]] = []
    for energy, cycles in sorted(points):
        if found and energy <= found[-1][0] * (1 + ROUNDING) and cycles < found[-1][1]:
            found.pop()
        if not found or cycles < found[-1][1]:
            found.append((energy, cycles))
    return tuple(found)


Nest = tuple[tuple[Loop, ...], ...]


class Nests:
    """All nests that obey the constraints on loops, whatever fits. `stationary` is left to `Tables`."""

    def __init__(self, einsum: Einsum, hardware: Hardware, perfect: bool) -> None:
        self.hardware = hardware
        self.perfect = perfect
        self.dims = tuple(dim for dim, extent in einsum.dims if extent > 1)
        self.extents = tuple(extent for _, extent in einsum.dims if extent > 1)
        self._outer: dict[tuple[int, Inside], list[Nest]] = {}

    def __iter__(self) -> Iterator[Nest]:
        return iter(self.outer(len(self.hardware.nodes) - 2, (1,) * len(self.dims)))

    def outer(self, node: int, inside: Inside) -> list[Nest]:
        """The levels from the outermost to the node, around loops that cover `inside`."""
        if node < 0:
            return [()] if inside == self.extents else []
        key = node, inside
        if key not in self._outer:
            self._outer[key] = [
                (*levels, loops)
                for loops, covered in self.levels(node, inside)
                for levels in self.outer(node - 1, covered)
            ]
        return self._outer[key]

    def levels(self, node: int, inside: Inside) -> list[tuple[tuple[Loop, ...], Inside]]:
        """The loops that may stand at the node, and what is covered with them."""
        item = self.hardware.nodes[node]
        assert isinstance(item, Memory | Fanout)
        if isinstance(item, Fanout):
            found = self.linked(item, inside) if item.links else self.spatial(item, inside)
        else:
            found = [each for each in self.temporal(item.loops, inside, -1) if self.obeys(item, each[0])]
        whole = [i for i, dim in enumerate(self.dims) if dim in item.whole]
        return [(loops, covered) for loops, covered in found if all(covered[i] == self.extents[i] for i in whole)]

    def obeys(self, rules: Memory | Axis, loops: tuple[Loop, ...]) -> bool:
        extents = dict(zip(self.dims, self.extents, strict=True))
        return misplaced(rules, loops, extents) is None

    def bounds(self, d: int, inside: Inside, most: int | None = None) -> Iterator[tuple[int, Inside]]:
        """Of one more loop over a dimension."""
        left = -(-self.extents[d] // inside[d])
        for bound in range(2, min(left, most or left) + 1):
            if not self.perfect or left % bound == 0:
                yield bound, (*inside[:d], min(inside[d] * bound, self.extents[d]), *inside[d + 1 :])

    def temporal(
        self, allowed: tuple[str, ...] | None, inside: Inside, last: int
    ) -> Iterator[tuple[tuple[Loop, ...], Inside]]:
        yield (), inside
        for d, dim in enumerate(self.dims):
            if d != last and (allowed is None or dim in allowed):
                for bound, more in self.bounds(d, inside):
                    for loops, covered in self.temporal(allowed, more, d):
                        yield (*loops, Loop(dim, bound)), covered

    def spatial(self, fanout: Fanout, inside: Inside) -> list[tuple[tuple[Loop, ...], Inside]]:
        """All that can be covered, axis by axis; how it lies along the axes does not matter."""
        if not self.perfect and any(axis.factors for axis in fanout.axes):
            # It matters to whether a factor can be had.
            found = {covered for _, covered in self.linked(fanout, inside, once=True)}
            return [(self.spreading(fanout, inside, covered), covered) for covered in sorted(found)]
        reached = {inside: 1}  # the most children that get work
        for axis in fanout.axes:
            further: dict[Inside, int] = {}
            for covered, used in reached.items():
                for more, bounds in self.along(covered, axis, axis.size, 0):
                    further[more] = max(further.get(more, 0), used * bounds)
            reached = further
        busiest = sorted(each for each, used in reached.items() if busy(fanout, used))
        return [(self.spreading(fanout, inside, covered), covered) for covered in busiest]

    def spreading(self, fanout: Fanout, inside: Inside, covered: Inside) -> tuple[Loop, ...]:
        """Loops that cover so much more."""
        pairs = zip(self.dims, inside, covered, strict=True)
        return tuple(Loop(dim, -(-b // a), fanout.axes[0].name) for dim, a, b in pairs if b > a)

    def along(self, inside: Inside, axis: Axis, room: int, d: int) -> Iterator[tuple[Inside, int]]:
        """What is covered, and by how many children."""
        if d == len(self.dims):
            yield inside, 1
            return
        dim = self.dims[d]
        loops = [(1, inside)]
        if axis.dims is None or dim in axis.dims:
            loops += self.bounds(d, inside, room)
        for bound, covered in loops:
            if factor_wrong(axis, dim, bound, self.extents[d]) is None:
                for more, used in self.along(covered, axis, room // bound, d + 1):
                    yield more, used * bound

    def linked(self, fanout: Fanout, inside: Inside, once: bool = False) -> list[tuple[tuple[Loop, ...], Inside]]:
        """Where axis and order matter, as to neighbours that pass words on; `once`: no loop is split along an axis."""

        def inner(
            covered: Inside, rooms: tuple[int, ...], past: tuple[tuple[int, int], ...]
        ) -> Iterator[tuple[tuple[Loop, ...], Inside]]:
            yield (), covered
            for a, axis in enumerate(fanout.axes):
                for d, dim in enumerate(self.dims):
                    if (a, d) in (past if once else past[:1]) or not (axis.dims is None or dim in axis.dims):
                        continue
                    for bound, more in self.bounds(d, covered, rooms[a]):
                        left = (*rooms[:a], rooms[a] // bound, *rooms[a + 1 :])
                        for loops, end in inner(more, left, ((a, d), *past)):
                            yield (*loops, Loop(dim, bound, axis.name)), end

        found = inner(inside, tuple(axis.size for axis in fanout.axes), ())
        return [each for each in found if misplaced_in_space(fanout, each[0], self.obeys) is None]


def factor_wrong(rules: Memory | Axis, dim: str, product: int, extent: int) -> str | None:
    """What is wrong if the loops over a dimension there multiply to that."""
    for name, bound in rules.factors:
        if name == dim and extent > 1 and product != (extent if bound == ALL else min(bound, extent)):
            return f"factor {product} of {dim}, not {bound}"
    for name, bound in rules.max_factors:
        if name == dim and product > bound:
            return f"factor {product} of {dim}, more than {bound}"
    return None


def misplaced(rules: Memory | Axis, loops: tuple[Loop, ...], extents: dict[str, int]) -> str | None:
    """What these loops, the outermost first, break of the factors and the order at a memory or along an axis."""
    loops = tuple(loop for loop in loops if loop.bound > 1)
    for dim, extent in extents.items():
        wrong = factor_wrong(rules, dim, math.prod(loop.bound for loop in loops if loop.dim == dim), extent)
        if wrong:
            return wrong
    named = [loop.dim in rules.order for loop in loops]
    if named != sorted(named):
        return "a loop over a dimension that has no place lies inside of one that has"
    places = [rules.order.index(loop.dim) for loop in loops if loop.dim in rules.order]
    if any(place >= later for place, later in pairwise(places)):
        return f"loops that do not lie in the order {rules.order}"
    return None


def misplaced_in_space(
    fanout: Fanout, loops: tuple[Loop, ...], obeys: Callable[[Axis, tuple[Loop, ...]], bool]
) -> str | None:
    """What loops at a fanout break of its axes' factors and orders, and of its utilization."""
    for axis in fanout.axes:
        if not obeys(axis, tuple(loop for loop in loops if loop.axis == axis.name)):
            return f"factors or order along {axis.name}"
    used = math.prod(loop.bound for loop in loops)
    return None if busy(fanout, used) else f"{used} of {fanout.children} children have work"


def busy(fanout: Fanout, used: int) -> bool:
    return used >= Fraction(fanout.min_utilization).limit_denominator(10**6) * fanout.children


def goes_and_comes(tensor: Tensor, loops: list[Loop]) -> bool:
    """Whether a tile inside of these loops in time, the outermost first, is replaced and needed again."""
    idle = False
    for loop in loops:
        if loop.bound > 1:
            if idle and loop.dim in tensor.dims:
                return True
            idle = idle or loop.dim not in tensor.dims
    return False


Symbol = tuple[str, str | None]


@dataclass(frozen=True)
class Structure:
    """One sequence of loops per node into which every nest fits, and the bounds of each nest."""

    hardware: Hardware
    template: tuple[tuple[Loop, ...], ...]
    rows: list[list[int]]

    @staticmethod
    def of(nests: list[Nest], hardware: Hardware) -> Structure | None:
        if not nests:
            return None
        template: list[tuple[Loop, ...]] = []
        columns: list[dict[tuple[Loop, ...], list[int]]] = []
        for levels in zip(*nests, strict=True):
            different = sorted(set(levels), key=repr)
            word = supersequence([tuple((loop.dim, loop.axis) for loop in loops) for loops in different])
            template.append(tuple(Loop(dim, 1, axis) for dim, axis in word))
            columns.append({loops: _embed(loops, word) for loops in different})
        rows = [[b for level, places in zip(nest, columns, strict=True) for b in places[level]] for nest in nests]
        return Structure(hardware, tuple(template), rows)

    def mapping(self, row: int | None, keep: tuple[tuple[str, ...], ...]) -> Mapping:
        """One mapping, or with `None` the structure."""
        bounds = iter(self.rows[row]) if row is not None else None
        levels = []
        for node, loops, names in zip(self.hardware.nodes, self.template, keep, strict=False):
            if bounds is not None:
                bounded = [Loop(loop.dim, next(bounds), loop.axis) for loop in loops]
                levels.append(Level(node.name, tuple(loop for loop in bounded if loop.bound > 1), names))
            else:
                levels.append(Level(node.name, loops, names))
        return Mapping(tuple(levels))


def supersequence(words: list[tuple[Symbol, ...]]) -> list[Symbol]:
    """A short sequence that contains every word, with gaps: always the symbol that most of what is left begins with."""
    result: list[Symbol] = []
    rest = {word for word in words if word}
    while rest:
        weight: dict[Symbol, int] = {}
        for word in sorted(rest, key=repr):
            weight[word[0]] = weight.get(word[0], 0) + len(word)
        best = max(weight, key=lambda symbol: weight[symbol])
        result.append(best)
        rest = {word[1:] if word[0] == best else word for word in rest} - {()}
    return result


def _embed(loops: tuple[Loop, ...], word: list[Symbol]) -> list[int]:
    bounds, rest = [], list(loops)
    for symbol in word:
        here = bool(rest) and (rest[0].dim, rest[0].axis) == symbol
        bounds.append(rest.pop(0).bound if here else 1)
    assert not rest
    return bounds


Port = tuple[int, str]


@dataclass(frozen=True)
class Share:
    """What one tensor, kept in certain memories, adds to each mapping."""

    nodes: tuple[int, ...]
    energy: Array
    bits: dict[int, Array]  # of its tile, per memory
    traffic: dict[Port, Array]  # bits of all instances


class Tables:
    """Shares of all tensors under all choices of memories that keep them."""

    def __init__(self, einsum: Einsum, hardware: Hardware, structure: Structure) -> None:
        self.einsum = einsum
        self.hardware = hardware
        self.structure = structure
        self._stays: dict[tuple[int, str], npt.NDArray[np.bool_]] = {}
        choices = [keepers(hardware, tensor.name) for tensor in einsum.tensors]
        self.options: list[list[Share]] = [[] for _ in choices]
        for number in range(max(map(len, choices))):
            chosen = [options[min(number, len(options) - 1)] for options in choices]
            many = analyse_many(einsum, hardware, structure.mapping(None, self._keep(chosen)), structure.rows)
            for i, tensor in enumerate(einsum.tensors):
                if number < len(choices[i]):
                    self.options[i].append(self._share(tensor, chosen[i], many.counts, many.occupancy))
        self.steps = many.steps
        self.active = many.active
        self.macs = einsum.macs * (energy_per_word(hardware, hardware.compute.name, "compute", 0) or 0.0)

    def _keep(self, chosen: list[tuple[int, ...]]) -> tuple[tuple[str, ...], ...]:
        names = [tensor.name for tensor in self.einsum.tensors]
        nodes = range(len(self.hardware.nodes) - 1)
        return tuple(tuple(n for n, kept in zip(names, chosen, strict=True) if node in kept) for node in nodes)

    def keep(self, combo: tuple[int, ...]) -> tuple[tuple[str, ...], ...]:
        return self._keep([options[i].nodes for options, i in zip(self.options, combo, strict=True)])

    def _share(
        self,
        tensor: Tensor,
        nodes: tuple[int, ...],
        counts: dict[tuple[str, str | None, Action], Array],
        occupancy: dict[tuple[str, str], Array],
    ) -> Share:
        place = {node.name: i for i, node in enumerate(self.hardware.nodes)}
        energy: Array = np.zeros(1)
        traffic: dict[Port, Array] = {}
        for (component, name, action), words in counts.items():
            if name != tensor.name:
                continue
            energy = energy + words * (energy_per_word(self.hardware, component, action, tensor.bits) or 0.0)
            if isinstance(self.hardware.nodes[place[component]], Memory):
                port = place[component], "read" if action is Action.READ else "write"
                traffic[port] = traffic.get(port, 0) + words * tensor.bits
        bits = {i: occupancy[self.hardware.nodes[i].name, tensor.name] * tensor.bits for i in nodes}
        return Share(nodes, energy, bits, traffic)

    def shares(self, combo: tuple[int, ...]) -> list[Share]:
        return [options[i] for options, i in zip(self.options, combo, strict=True)]

    def fits(self, combo: tuple[int, ...]) -> npt.NDArray[np.bool_]:
        fit = np.ones(len(self.steps), bool)
        for index, node in enumerate(self.hardware.nodes):
            if isinstance(node, Memory) and node.capacity is not None:
                used = [share.bits[index] for share in self.shares(combo) if index in share.bits]
                fit &= np.sum([np.zeros(len(fit), np.int64), *used], axis=0) <= node.capacity
            if isinstance(node, Memory):
                for tensor, share in zip(self.einsum.tensors, self.shares(combo), strict=True):
                    if tensor.name in node.stationary and index in share.nodes:
                        fit &= self.stays(index, tensor)
        return fit

    def stays(self, memory: int, tensor: Tensor) -> npt.NDArray[np.bool_]:
        """Whether a tile of the tensor in the memory, once it is there, stays until all is done with it."""
        if (memory, tensor.name) not in self._stays:
            stays = np.ones(len(self.steps), bool)
            idle = np.zeros(len(self.steps), bool)
            places = [(node, loop.dim) for node, level in enumerate(self.structure.template) for loop in level]
            bounds = np.array(self.structure.rows).reshape(len(self.structure.rows), len(places))
            for (node, dim), column in zip(places, bounds.T, strict=True):
                if node < memory and isinstance(self.hardware.nodes[node], Memory):
                    if dim in tensor.dims:
                        stays &= ~(idle & (column > 1))
                    else:
                        idle |= column > 1
            self._stays[memory, tensor.name] = stays
        return self._stays[memory, tensor.name]

    def energy(self, combo: tuple[int, ...]) -> Array:
        """Joules; without what `whole_accesses` adds."""
        joules: Array = np.full(len(self.steps), self.macs)
        for share in self.shares(combo):
            joules = joules + share.energy
        return joules

    def least_cycles(self, combo: tuple[int, ...]) -> Array:
        """Cycles that the compute and the memories take at least: what fanouts and waits add comes later."""
        cycles: Array = np.ceil(self.steps / self.hardware.compute.macs_per_cycle)
        linked = any(fanout.links for fanout in self.hardware.fanouts)  # some reads are then for neighbours
        for index, node in enumerate(self.hardware.nodes):
            if not isinstance(node, Memory) or linked:
                continue
            for port, used in (("read", ("read",)), ("write", ("write",)), ("total", ("read", "write"))):
                rate = getattr(node.bandwidth, port)
                if rate is not None:
                    moved = [
                        s.traffic[index, way] for s in self.shares(combo) for way in used if (index, way) in s.traffic
                    ]
                    bits = np.sum([np.zeros(len(cycles), np.int64), *moved], axis=0)
                    time = bits / self.active[index] / (rate * getattr(node.ports, port))
                    cycles = np.maximum(cycles, np.ceil(time * (1 - 1e-9)))
        return cycles


def keepers(hardware: Hardware, tensor: str) -> list[tuple[int, ...]]:
    """Every set of memories that may keep the tensor."""
    must: list[int] = [0]
    may: list[int] = []
    for index, node in enumerate(hardware.nodes):
        if index and isinstance(node, Memory) and tensor in (*node.keep, *node.may_keep):
            (may if tensor in node.may_keep else must).append(index)
    return [tuple(sorted((*must, *some))) for n in range(len(may) + 1) for some in combinations(may, n)]


def violation(einsum: Einsum, hardware: Hardware, mapping: Mapping, perfect: bool = True) -> str | None:
    """What the mapping breaks of the hardware's constraints, if anything."""
    used: dict[str, int] = {}
    for o in analyse(einsum, hardware, mapping).occupancy:
        used[o.component] = used.get(o.component, 0) + o.words * einsum.tensor(o.tensor).bits
    for dim, extent in einsum.dims:
        if mapping.factor(dim) != extent and perfect:
            return f"{dim} is covered {mapping.factor(dim)} times"
        inside = 1
        for level in reversed(mapping.levels):
            begins: dict[str, int] = {}  # of the last child along an axis
            for loop in reversed([each for each in level.loops if each.dim == dim]):
                last = (loop.bound - 1) * inside
                if loop.axis is not None:
                    last = begins[loop.axis] = last + begins.get(loop.axis, 0)
                if last >= extent:
                    return f"the last of {loop.bound} iterations over {dim} at {level.node} never runs"
                inside *= loop.bound
        if inside < extent:
            return f"{inside} of {extent} indices of {dim} are covered"
    for index, (node, level) in enumerate(zip(hardware.nodes, mapping.levels, strict=False)):
        assert isinstance(node, Memory | Fanout)
        for dim in node.whole:
            inner = math.prod(x.bound for below in mapping.levels[index:] for x in below.loops if x.dim == dim)
            if inner < einsum.extents.get(dim, 1):
                return f"{dim} is not whole at {node.name}"
        if isinstance(node, Memory):
            if node.capacity is not None and used.get(node.name, 0) > node.capacity:
                return f"{node.name} holds {used[node.name]} of {node.capacity} b"
            if any(loop.bound > 1 and node.loops is not None and loop.dim not in node.loops for loop in level.loops):
                return f"a loop that {node.name} must not run"
            names = {tensor.name for tensor in einsum.tensors}
            must = names if index == 0 else names & (set(node.keep) - set(node.may_keep))
            if not must <= set(level.keep) <= (names if index == 0 else names & {*node.keep, *node.may_keep}):
                return f"{node.name} keeps {level.keep}"
            wrong = misplaced(node, level.loops, einsum.extents)
            if wrong:
                return f"at {node.name}: {wrong}"
            outer = [loop for each in mapping.levels[:index] for loop in each.loops if loop.axis is None]
            for name in set(node.stationary) & set(level.keep):
                if goes_and_comes(einsum.tensor(name), outer):
                    return f"{name} does not stay in {node.name}"
            continue
        axes = {axis.name: axis for axis in node.axes}
        for name, axis in axes.items():
            mine = [loop for loop in level.loops if loop.axis == name]
            if math.prod(loop.bound for loop in mine) > axis.size:
                return f"too much along {name} of {node.name}"
            if any(loop.bound > 1 and axis.dims is not None and loop.dim not in axis.dims for loop in mine):
                return f"a dimension that must not lie along {name} of {node.name}"
            wrong = misplaced(axis, tuple(mine), einsum.extents)
            if wrong:
                return f"along {name} of {node.name}: {wrong}"
        if any(loop.axis not in axes for loop in level.loops):
            return f"an axis that {node.name} lacks"
        if not busy(node, math.prod(loop.bound for loop in level.loops)):
            return f"too few children of {node.name} have work"
    return None


def primes(extent: int) -> list[int]:
    factors, p = [], 2
    while extent > 1:
        while extent % p == 0:
            factors.append(p)
            extent //= p
        p += 1
    return factors
