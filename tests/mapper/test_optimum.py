"""The search finds the least energy there is: against every mapping, one by one."""

from __future__ import annotations

from math import prod

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assay.errors import NoMappingError
from assay.hardware.model import Axis, Compute, Counting, Fanout, Halo, Hardware, Memory, Multicast, Node
from assay.mapper import best_mapping, mapping_energy
from assay.workload.einsum import Einsum, convolution
from tests.mapper.brute import least_energy, primes

TENSORS = ("ifmap", "filter", "ofmap")


@st.composite
def einsums(draw: st.DrawFn) -> Einsum:
    """Few prime factors in all, so that every mapping can be tried."""
    names = ("n", "g", "m", "c", "p", "q", "r", "s")
    room = draw(st.integers(2, 4))
    extents: dict[str, int] = {}
    for name in draw(st.permutations(names)):
        extent = draw(st.sampled_from((1, 2, 3, 4, 5, 6)))
        if extent > 1 and len(primes(extent)) <= room:
            extents[name] = extent
            room -= len(primes(extent))
    stride = (draw(st.integers(1, 2)), draw(st.integers(1, 2)))
    dilation = (draw(st.integers(1, 2)), 1)
    return convolution(**extents, stride=stride, dilation=dilation)  # type: ignore[arg-type]


@st.composite
def machines(draw: st.DrawFn, einsum: Einsum) -> Hardware:
    """Two or three memories and up to two fanouts, with sizes that bind, constraints and optional tensors."""
    energy = st.sampled_from((0.0, 0.5, 1.0, 2.0, 7.0))
    kinds = draw(st.permutations(["memory"] * draw(st.integers(1, 2)) + ["fanout"] * draw(st.integers(0, 2))))
    dims = [name for name, extent in einsum.dims if extent > 1]
    some = st.none() | st.lists(st.sampled_from(dims), unique=True).map(tuple) if dims else st.none()
    words = sum(einsum.words(t) for t in einsum.tensors)
    nodes: list[Node] = [Memory("dram", keep=TENSORS, read_energy=draw(energy) * 9, write_energy=draw(energy) * 9)]
    for number, kind in enumerate(kinds):
        if kind == "memory":
            choice = {name: draw(st.sampled_from(("keep", "keep", "may", "pass"))) for name in TENSORS}
            nodes.append(
                Memory(
                    f"memory{number}",
                    size=draw(st.none() | st.integers(1, words).map(lambda w: 16 * w)),
                    keep=tuple(n for n in TENSORS if choice[n] == "keep"),
                    may_keep=tuple(n for n in TENSORS if choice[n] == "may"),
                    read_energy=draw(energy),
                    write_energy=draw(energy),
                    update_energy=draw(energy),
                    loops=draw(st.none() | some),
                    whole=draw(st.just(()) | st.sampled_from(dims).map(lambda d: (d,))) if dims else (),
                )
            )
        else:
            axes = [Axis(name, draw(st.integers(1, 4)), draw(some)) for name in "XY"[: draw(st.integers(1, 2))]]
            nodes.append(
                Fanout(
                    f"fanout{number}",
                    tuple(axes),
                    multicast=draw(st.sampled_from(Multicast)),
                    reduces=draw(st.booleans()),
                    transfer_energy=draw(energy),
                    fill=draw(st.integers(0, 5)) == 0,
                )
            )
    counting = Counting(halo=draw(st.sampled_from((Halo.EXACT, Halo.EXACT, Halo.BOX))))
    return Hardware("random", (*nodes, Compute("mac", energy=draw(energy))), clock=1e9, counting=counting)


@st.composite
def problems(draw: st.DrawFn) -> tuple[Einsum, Hardware]:
    einsum = draw(einsums())
    return einsum, draw(machines(einsum))


def check(problem: tuple[Einsum, Hardware]) -> None:
    einsum, hardware = problem
    expected, _ = least_energy(einsum, hardware)
    if expected is None:
        with pytest.raises(NoMappingError):
            best_mapping(einsum, hardware)
        return
    result = best_mapping(einsum, hardware)
    assert result.energy == pytest.approx(mapping_energy(einsum, hardware, result.mapping), rel=1e-12)
    slack = 1e-8 * max(expected, prod(extent for _, extent in einsum.dims) * 0.1)
    assert result.lower_bound <= expected + slack
    if result.optimal:
        assert result.energy <= expected + slack
    else:  # allowed only where a window may slide below a fanout that spreads it
        extents = einsum.extents
        assert hardware.fanouts
        assert any(extents[a] > 1 and extents[b] > 1 for a, b in (("P", "R"), ("Q", "S")))
    assert result.energy >= expected - slack


slow = settings(suppress_health_check=list(HealthCheck))


@settings(slow, max_examples=120)
@given(problems())
def test_no_mapping_beats_the_search(problem: tuple[Einsum, Hardware]) -> None:
    check(problem)


@pytest.mark.long
@settings(slow, max_examples=5000)
@given(problems())
def test_no_mapping_beats_the_search_in_many_cases(problem: tuple[Einsum, Hardware]) -> None:
    check(problem)
