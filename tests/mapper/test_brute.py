"""The brute force leaves nothing out: against loops put anywhere, one by one, without any shortcut."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations_with_replacement, permutations, product

import pytest
from hypothesis import HealthCheck, given, settings

from assay.hardware.model import Axis, Compute, Fanout, Hardware, Memory, Multicast
from assay.mapping.analysis import analyse
from assay.mapping.mapping import Level, Loop, Mapping
from assay.workload.einsum import Einsum, convolution
from tests.mapper.brute import brute_force, energy_and_cycles, primes, violation
from tests.mapper.instances import Instance, Kind, instances

Slot = tuple[int, str | None]


def slots(hardware: Hardware) -> list[Slot]:
    found: list[Slot] = []
    for index, node in enumerate(hardware.nodes[:-1]):
        found += [(index, axis.name) for axis in node.axes] if isinstance(node, Fanout) else [(index, None)]
    return found


def keeps(einsum: Einsum, hardware: Hardware) -> Iterator[tuple[tuple[str, ...], ...]]:
    """Any names anywhere."""
    names = [tensor.name for tensor in einsum.tensors]
    subsets = [
        tuple(n for n, bit in zip(names, bits, strict=True) if bit) for bits in product((0, 1), repeat=len(names))
    ]
    levels = [
        [subset for subset in subsets if index or len(subset) == len(names)] if isinstance(node, Memory) else [()]
        for index, node in enumerate(hardware.nodes[:-1])
    ]
    return product(*levels)


def perfect_nests(einsum: Einsum, hardware: Hardware) -> Iterator[list[tuple[Slot, str, int]]]:
    """Prime factors in any order at any slots."""
    factors = [(dim, p) for dim, extent in einsum.dims for p in primes(extent)]
    for places in combinations_with_replacement(range(len(slots(hardware))), len(factors)):
        for order in sorted(set(permutations(factors))):
            yield [(slots(hardware)[place], dim, p) for place, (dim, p) in zip(places, order, strict=True)]


def nests_of_any_bounds(einsum: Einsum, hardware: Hardware) -> Iterator[list[tuple[Slot, str, int]]]:
    """Up to three loops of any bounds."""
    loops = [(dim, bound) for dim, extent in einsum.dims for bound in range(2, extent + 1)]
    for count in range(4):
        for places in combinations_with_replacement(range(len(slots(hardware))), count):
            for order in product(loops, repeat=count):
                yield [(slots(hardware)[place], dim, b) for place, (dim, b) in zip(places, order, strict=True)]


def all_points(
    instance: Instance, nests: Iterator[list[tuple[Slot, str, int]]], perfect: bool
) -> set[tuple[float, int]]:
    einsum, hardware = instance
    found = set()
    choices = list(keeps(einsum, hardware))
    choices = [c for c in choices if keeps_allowed(einsum, hardware, c)]
    for nest in nests:
        for keep in choices:
            levels = []
            for index, node in enumerate(hardware.nodes[:-1]):
                loops = [Loop(dim, bound, slot[1]) for slot, dim, bound in nest if slot[0] == index]
                levels.append(Level(node.name, tuple(joined(loops)), keep[index]))
            mapping = Mapping(tuple(levels))
            if any(mapping.factor(dim) < extent for dim, extent in einsum.dims):
                continue
            if violation(einsum, hardware, mapping, perfect) is None:
                steps = analyse(einsum, hardware, mapping).steps
                found.add((steps, *energy_and_cycles(einsum, hardware, mapping)))
    if any(fanout.fill for fanout in hardware.fanouts) and found:
        least = min(found)[0]
        found = {point for point in found if point[0] == least}
    return {(energy, cycles) for _, energy, cycles in found}


def joined(loops: list[Loop]) -> list[Loop]:
    """Neighbours over one dimension as one loop."""
    found: list[Loop] = []
    for loop in loops:
        if found and (found[-1].dim, found[-1].axis) == (loop.dim, loop.axis):
            found[-1] = Loop(loop.dim, found[-1].bound * loop.bound, loop.axis)
        else:
            found.append(loop)
    return found


def keeps_allowed(einsum: Einsum, hardware: Hardware, keep: tuple[tuple[str, ...], ...]) -> bool:
    for index, node in enumerate(hardware.nodes[:-1]):
        for tensor in einsum.tensors if isinstance(node, Memory) and index else ():
            here = tensor.name in keep[index]
            assert isinstance(node, Memory)
            if tensor.name not in node.may_keep and here != (tensor.name in node.keep):
                return False
    return True


def front(points: set[tuple[float, int]]) -> list[tuple[float, int]]:
    return sorted((e, c) for e, c in points if not any(a <= e and b <= c and (a, b) != (e, c) for a, b in points))


def check(instance: Instance, nests: Iterator[list[tuple[Slot, str, int]]], perfect: bool) -> None:
    expected = front(all_points(instance, nests, perfect))
    found = brute_force(*instance, perfect=perfect).front
    assert [cycles for _, cycles in found] == [cycles for _, cycles in expected]
    assert [energy for energy, _ in found] == pytest.approx([energy for energy, _ in expected], rel=1e-12)


@pytest.mark.parametrize(
    "kind",
    [
        Kind(mappings=40),
        Kind(mappings=40, buffering=True),
        Kind(mappings=40, links=True),
        Kind(mappings=40, constraints=True),
        Kind(mappings=40, links=True, constraints=True),
    ],
    ids=repr,
)
def test_nothing_is_left_out(kind: Kind) -> None:
    @settings(suppress_health_check=list(HealthCheck), max_examples=12)
    @given(instances(kind))
    def run(instance: Instance) -> None:
        check(instance, perfect_nests(*instance), perfect=True)

    run()


@pytest.mark.parametrize("size", [None, 80])
@pytest.mark.parametrize("extents", [(4, 2), (3, 2)])
def test_nothing_is_left_out_with_remainders(extents: tuple[int, int], size: int | None) -> None:
    names = ("ifmap", "filter", "ofmap")
    chip = Hardware(
        "h",
        (
            Memory("dram", keep=names, read_energy=9.0, write_energy=8.0),
            Memory("rf", keep=("ifmap", "ofmap"), may_keep=("filter",), size=size, read_energy=2.0, write_energy=1.0),
            Fanout("f", (Axis("X", 3),), multicast=Multicast.NONE, reduces=False, transfer_energy=16.0),
            Compute("mac", energy=1.0),
        ),
        clock=1e9,
    )
    instance = convolution(p=extents[0], r=extents[1]), chip
    check(instance, nests_of_any_bounds(*instance), perfect=False)
