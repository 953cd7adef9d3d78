"""Tile by tile: the matrices against every event of the machine, one by one (`tests/metrics/events.py`)."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assay import load_hardware, load_network, read_mapping
from assay.errors import InputError, UnsupportedError
from assay.hardware.model import (
    Axis,
    Bandwidth,
    Buffering,
    Compute,
    Counting,
    Fanout,
    Hardware,
    Memory,
    Multicast,
    Node,
)
from assay.mapping.analysis import analyse
from assay.mapping.latency import time_layer
from assay.mapping.mapping import Level, Loop, Mapping
from assay.metrics import pipeline_odometer
from assay.metrics.pipeline import PipelineTiming, simulate_pipeline
from assay.metrics.pipeline_steps import Clock
from assay.workload.einsum import Einsum, convolution, matmul
from tests.evaluation.small import ARRAY, BUF, DRAM, LAYER, MAC, MAPPING, TENSORS
from tests.metrics import events
from tests.strategies import Case, cases

RATES = (None, None, 4.0, 8.0, 16.0, 48.0, 160.0)
BUFFERING = (Buffering.DOUBLE, Buffering.IDEAL, Buffering.SINGLE)
SETTINGS = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


@st.composite
def limited(draw: st.DrawFn, case: Case) -> Case:
    """The case with limits of ports here and there, and all kinds of buffers."""
    einsum, hardware, mapping = case
    nodes: list[Node] = []
    for node in hardware.nodes:
        if isinstance(node, Memory):
            rates = [draw(st.sampled_from(RATES)) for _ in range(3)]
            buffering = draw(st.sampled_from(BUFFERING))
            nodes.append(replace(node, bandwidth=Bandwidth(*rates), buffering=buffering))
        elif isinstance(node, Fanout):
            rates = [draw(st.sampled_from(RATES)) for _ in einsum.tensors]
            limits = tuple((t.name, rate) for t, rate in zip(einsum.tensors, rates, strict=True) if rate is not None)
            nodes.append(replace(node, links=False, bandwidth=limits))
        else:
            nodes.append(replace(node, macs_per_cycle=draw(st.sampled_from((1, 1, 2)))))
    return einsum, replace(hardware, nodes=tuple(nodes)), mapping


@st.composite
def long_cases(draw: st.DrawFn) -> Case:
    """Up to 144 steps: most loops are in time, many are above the innermost memory."""
    if draw(st.booleans()):
        extents = draw(st.sampled_from(((4, 6, 6), (2, 8, 8), (6, 4, 6), (3, 4, 12), (2, 2, 27), (1, 12, 12))))
        n, m, c = draw(st.permutations(extents))
        einsum = matmul(n=n, m=m, c=c)
    else:
        p, r, m, c = draw(st.sampled_from(((6, 3, 2, 4), (8, 2, 3, 2), (4, 4, 3, 3), (12, 3, 2, 2), (4, 2, 4, 4))))
        step = draw(st.sampled_from((1, 1, 2)))
        einsum = convolution(m=m, c=c, p=p, q=1, r=r, s=1, stride=(step, 1))
    kinds = [
        "memory",
        *draw(st.permutations(["memory"] * draw(st.integers(1, 3)) + ["fanout"] * draw(st.integers(0, 1)))),
    ]
    memories = [number for number, kind in enumerate(kinds) if kind == "memory"]
    bounds: dict[tuple[int, str], int] = {}
    for dim, extent in einsum.dims:
        for prime in (2, 3):
            for _ in range(next(n for n in range(9) if extent % prime ** (n + 1))):
                where = draw(st.sampled_from(memories * 2 + [len(kinds) - 1])), dim
                bounds[where] = bounds.get(where, 1) * prime
    loops = [
        [Loop(dim, bound, "X" if kind == "fanout" else None) for (at, dim), bound in bounds.items() if at == number]
        for number, kind in enumerate(kinds)
    ]
    nodes: list[Node] = []
    levels = []
    for number, kind in enumerate(kinds):
        own = tuple(draw(st.permutations(loops[number])))
        name = f"{kind}{number}"
        if kind == "fanout":
            size = math.prod(loop.bound for loop in own)
            multicast = draw(st.sampled_from(tuple(Multicast)))
            nodes.append(Fanout(name, (Axis("X", size),), multicast=multicast, reduces=draw(st.booleans())))
            levels.append(Level(name, own))
        else:
            keep = TENSORS if not number else tuple(t for t in TENSORS if draw(st.sampled_from((True, True, False))))
            nodes.append(Memory(name, keep=keep))
            levels.append(Level(name, own, keep))
    nodes.append(Compute("mac", latch=draw(st.booleans())))
    counting = Counting(
        first_reads=draw(st.sampled_from((False, False, True))),
        refill_all=draw(st.booleans()),
        drain_reads=draw(st.booleans()),
    )
    return einsum, Hardware("random", tuple(nodes), clock=1e9, counting=counting), Mapping(tuple(levels))


def check(case: Case) -> None:
    einsum, hardware, mapping = case
    found = simulate_pipeline(einsum, hardware, mapping, attribute=False)
    run = events.simulate(einsum, hardware, mapping)
    analysis = analyse(einsum, hardware, mapping)
    compute = Fraction(analysis.steps, hardware.compute.macs_per_cycle)
    dates = found.ramp_up, found.ramp_up + compute + found.stalls, compute + found.waiting
    assert dates == (run.begun, run.computed, run.end)
    assert found.exact
    assert found.cycles == -(-run.end // 1)
    ideal = replace(
        hardware,
        nodes=tuple(replace(n, buffering=Buffering.IDEAL) if isinstance(n, Memory) else n for n in hardware.nodes),
    )
    overlapped = time_layer(einsum, ideal, mapping, analysis)
    moved = {(hardware.nodes[node].name, port): bits for (node, port), bits in run.bits.items()}
    assert {(d.component, d.port): d.bits for d in overlapped.traffic if d.bits}.items() <= moved.items()
    assert found.cycles >= overlapped.cycles


@settings(SETTINGS, max_examples=40)
@given(st.data())
def test_every_date_is_that_of_the_events(data: st.DataObject) -> None:
    check(data.draw(cases(perfect=True).flatmap(limited)))


@settings(SETTINGS, max_examples=40)
@given(st.data())
def test_every_date_of_long_loops_is_that_of_the_events(data: st.DataObject) -> None:
    check(data.draw(long_cases().flatmap(limited)))


@settings(SETTINGS, max_examples=25)
@given(st.data())
def test_powers_of_matrices_are_the_steps_one_by_one(data: st.DataObject) -> None:
    case = data.draw(long_cases().flatmap(limited))
    with pytest.MonkeyPatch.context() as patch:
        found = []
        for few in (0, 1000):
            patch.setattr(pipeline_odometer, "FEW", few)
            found.append(simulate_pipeline(*case, attribute=False))
    assert found[0] == found[1]


@pytest.mark.long
@settings(SETTINGS, max_examples=5000)
@given(st.data())
def test_every_date_is_that_of_the_events_in_many_cases(data: st.DataObject) -> None:
    check(data.draw(st.one_of(cases(perfect=True), long_cases()).flatmap(limited)))


@settings(SETTINGS, max_examples=40)
@given(long_cases())
def test_without_limits_nobody_waits(case: Case) -> None:
    einsum, hardware, mapping = case
    found = simulate_pipeline(einsum, hardware, mapping)
    assert (found.cycles, found.waiting, found.waits) == (found.compute_cycles, 0, ())


@settings(SETTINGS, max_examples=40)
@given(long_cases().flatmap(limited), st.data())
def test_a_faster_port_never_takes_longer(case: Case, data: st.DataObject) -> None:
    einsum, hardware, mapping = case
    memories = [n for n, node in enumerate(hardware.nodes) if isinstance(node, Memory)]
    chosen = data.draw(st.sampled_from(memories))
    memory = hardware.nodes[chosen]
    assert isinstance(memory, Memory)
    slow, fast = (replace(memory, bandwidth=Bandwidth(total=rate, read=memory.bandwidth.read)) for rate in (5.0, 11.0))
    times = []
    for node in (slow, fast):
        nodes = (*hardware.nodes[:chosen], node, *hardware.nodes[chosen + 1 :])
        times.append(simulate_pipeline(einsum, replace(hardware, nodes=nodes), mapping, attribute=False).cycles)
    assert times[0] >= times[1]


# By hand


def chip(*nodes: Node) -> Hardware:
    return Hardware("small", nodes, clock=1e6)


def timing(*nodes: Node, mapping: Mapping = MAPPING, einsum: Einsum = LAYER) -> PipelineTiming:
    return simulate_pipeline(einsum, chip(*nodes), mapping)


SLOW = replace(DRAM, bandwidth=Bandwidth(read=32))
"""2 words a cycle to read; outputs leave in no time."""


def test_the_first_tiles_come_before_the_work() -> None:
    # 6 inputs and 24 weights at 2 words a cycle: 15. Then 6 steps, while the other 6 inputs come (3): 6 more.
    found = timing(SLOW, BUF, ARRAY, MAC)
    assert (found.ramp_up, found.stalls, found.ramp_down, found.cycles) == (15, 0, 0, 27)
    assert found.waits == (("dram", "read", Fraction(15)),)


def test_the_last_outputs_leave_after_the_work() -> None:
    # 4 outputs at half a word a cycle: 8 for each of the two tiles; the first leaves during the second's 6 steps.
    found = timing(replace(DRAM, bandwidth=Bandwidth(write=8)), BUF, ARRAY, MAC)
    assert (found.ramp_up, found.stalls, found.ramp_down, found.cycles) == (0, 0, 10, 22)


def test_a_single_buffer_is_filled_between_its_tiles() -> None:
    # As above, and the second tile's 6 inputs come (3 cycles) after the first tile's 6 steps.
    found = timing(SLOW, replace(BUF, buffering=Buffering.SINGLE), ARRAY, MAC)
    assert (found.ramp_up, found.stalls, found.ramp_down, found.cycles) == (15, 3, 0, 30)


def test_ideal_buffers_are_finite_here() -> None:
    double = timing(SLOW, replace(BUF, buffering=Buffering.DOUBLE), ARRAY, MAC)
    assert double == timing(SLOW, replace(BUF, buffering=Buffering.IDEAL), ARRAY, MAC)


def test_a_slow_port_of_the_operands_is_waited_for_at_every_step() -> None:
    # Every step reads 1 input and 4 weights (80 bits) and 4 sums but in the first of 6 steps (64 bits).
    found = timing(replace(DRAM, bandwidth=Bandwidth()), replace(BUF, bandwidth=Bandwidth(read=16)), ARRAY, MAC)
    assert found.cycles >= 12 * 5 + 10 * 4
    assert found.waits[0][:2] == ("buf", "read")


def test_remainders_are_refused() -> None:
    cut = Mapping(
        (
            Level("dram", (Loop("N", 2),), TENSORS),
            Level("buf", (Loop("C", 4), Loop("C", 2)), TENSORS),
            MAPPING.levels[2],
        )
    )
    with pytest.raises(UnsupportedError, match="the loops over C cover 8 iterations of 6"):
        timing(SLOW, BUF, ARRAY, MAC, mapping=cut)


def test_links_are_refused() -> None:
    with pytest.raises(UnsupportedError, match="'array' has links"):
        timing(SLOW, BUF, replace(ARRAY, multicast=Multicast.TILE, links=True), MAC)


def test_a_mapping_of_another_chip_is_refused() -> None:
    with pytest.raises(InputError, match="one level for each of"):
        timing(SLOW, ARRAY, MAC)


def test_dates_that_do_not_fit_are_rounded_up() -> None:
    clock = Clock.of({Fraction(1, 10**9 + 7), Fraction(1, 10**9 + 9)}, Fraction(10**9))
    assert not clock.exact
    assert clock.units(Fraction(1, 10**9 + 7)) >= clock.scale / (10**9 + 7)


def test_odd_rates_keep_close() -> None:
    odd = timing(replace(DRAM, bandwidth=Bandwidth(total=16 + 1e-9)), BUF, ARRAY, MAC)
    assert odd.cycles == timing(replace(DRAM, bandwidth=Bandwidth(total=16)), BUF, ARRAY, MAC).cycles


def test_a_layer_without_end_is_refused() -> None:
    slow = timing(replace(DRAM, bandwidth=Bandwidth(total=1e-9)), BUF, ARRAY, MAC)
    assert slow.cycles == 704 * 10**9  # 44 words, one after the other: all work is beside them
    with pytest.raises(UnsupportedError, match="cycles; its tiles are not timed"):
        timing(replace(DRAM, bandwidth=Bandwidth(total=1e-30)), BUF, ARRAY, MAC)


# The published chip

MEASURED = {"conv3": 21.8, "conv4": 16.0, "conv5": 10.0}
"""Processing latency in ms of AlexNet with a batch of 4 (Chen et al., JSSC 2017, Table V)."""


@pytest.mark.parametrize("name", MEASURED)
def test_eyeriss_takes_about_as_long_as_measured(name: str) -> None:
    mapping = read_mapping("examples/eyeriss_alexnet_chip.yaml")[name]
    layer = next(layer for layer in load_network("alexnet").with_batch(4).layers if layer.name == name)
    assert layer.einsum is not None
    hardware = load_hardware("eyeriss")
    begin = time.process_time()
    found = simulate_pipeline(layer.einsum, hardware, mapping, attribute=False)
    assert time.process_time() - begin < 0.2  # some 20 ms
    assert found.exact
    assert found.cycles / hardware.clock == pytest.approx(MEASURED[name] / 1000, rel=0.05)


def test_a_billion_steps() -> None:
    einsum = matmul(n=2**12, m=2**12, c=2**12)
    hardware = chip(SLOW, replace(BUF, bandwidth=Bandwidth(read=80, write=64)), MAC)
    loops = (Loop("N", 64), Loop("M", 64), Loop("C", 64)), (Loop("N", 64), Loop("M", 64), Loop("C", 64))
    mapping = Mapping((Level("dram", loops[0], TENSORS), Level("buf", loops[1], TENSORS)))
    found = simulate_pipeline(einsum, hardware, mapping)
    assert found.cycles >= found.compute_cycles == 2**36
