"""Tile by tile: the matrices against every event of the machine, one by one (`tests/metrics/events.py`)."""

from __future__ import annotations

import math
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
from assay.mapping.latency import port_limits, time_layer
from assay.mapping.mapping import Level, Loop, Mapping
from assay.metrics import pipeline_odometer
from assay.metrics.pipeline import PipelineTiming, simulate_pipeline
from assay.metrics.pipeline_odometer import Context, Turns
from assay.metrics.pipeline_places import Left
from assay.metrics.pipeline_stages import Course, plan
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
    """The case with limits of ports here and there, all kinds of buffers, and sizes."""
    einsum, hardware, mapping = case
    nodes: list[Node] = []
    for node in hardware.nodes:
        if isinstance(node, Memory):
            rates = [draw(st.sampled_from(RATES)) for _ in range(3)]
            buffering = draw(st.sampled_from(BUFFERING))
            size = draw(st.sampled_from((None, 400, 1600))) if nodes else None
            nodes.append(replace(node, bandwidth=Bandwidth(*rates), buffering=buffering, size=size, reserved=0))
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


@st.composite
def cut(draw: st.DrawFn, case: Case) -> Case:
    """The case with shorter dimensions under the same loops: tiles at their ends are smaller, some loops never run."""
    einsum, hardware, mapping = case
    dims = tuple((dim, draw(st.integers((extent + 1) // 2, extent))) for dim, extent in einsum.dims)
    counting = replace(hardware.counting, refill_all=False)
    return replace(einsum, dims=dims), replace(hardware, counting=counting), mapping


def stands(course: Course) -> list[Context]:
    """Where the loops stand at each step, one by one."""
    turns, found = Turns(course, 1), []

    def walk(loop: int, at: Context, left: Left) -> None:
        if loop == course.depth:
            found.append(at)
            return
        places, then = course.places, turns.then(loop, at, left)
        count = places.count(loop, left)
        for value in range(count):
            last = places.advance(loop, left, value - 1) if value else None
            after = places.advance(loop, left, value) if value + 1 < count else None
            inside = Context(
                last or at.last, then if last else at.reduction, after or at.next, then if after else at.then
            )
            walk(loop + 1, inside, places.inside(loop, left, value))

    walk(0, Context(), course.places.start)
    return found


def check_moves(case: Case) -> None:
    """Every transfer of every stage moves what sets of addresses say."""
    course = plan(*case, port_limits(case[1]))
    machine = events.Machine(*case)
    at = stands(course)
    assert len(at) == len(machine.starts)
    for stage in course.stages:
        (flow,) = (b.flow for b in machine.buffers if (b.flow.tensor, b.flow.child) == (stage.tensor.name, stage.child))
        for start, context in zip(machine.starts, at, strict=True):
            if context.last is None or context.last.loop < stage.depth:
                assert dict(course.moves.fill(stage, context.last, context.reduction)) == flow.down[start]
                if stage.output and context.last is not None:
                    assert dict(course.moves.drain(stage, context.last)) == flow.up[start]
        if stage.output:
            assert dict(course.moves.drain(stage, None)) == flow.up[-1]


def check(case: Case) -> None:
    check_moves(case)
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
    if all(mapping.factor(dim) == extent for dim, extent in einsum.dims):
        assert set(found.full) == events.full(einsum, hardware, mapping)
    nodes = (replace(n, buffering=Buffering.SINGLE) if n.name in found.full else n for n in hardware.nodes)  # type: ignore[arg-type, call-arg]
    assert found.whole_cycles == -(-events.simulate(einsum, replace(hardware, nodes=tuple(nodes)), mapping).end // 1)


@settings(SETTINGS, max_examples=40)
@given(st.data())
def test_every_date_is_that_of_the_events(data: st.DataObject) -> None:
    check(data.draw(cases(perfect=True).flatmap(limited)))


@settings(SETTINGS, max_examples=60)
@given(st.data())
def test_every_date_is_that_of_the_events_where_tiles_leave_remainders(data: st.DataObject) -> None:
    check(data.draw(st.one_of(cases(perfect=False), long_cases().flatmap(cut)).flatmap(limited)))


@settings(SETTINGS, max_examples=40)
@given(st.data())
def test_every_date_of_long_loops_is_that_of_the_events(data: st.DataObject) -> None:
    check(data.draw(long_cases().flatmap(limited)))


@settings(SETTINGS, max_examples=25)
@given(st.data())
def test_powers_of_matrices_are_the_steps_one_by_one(data: st.DataObject) -> None:
    case = data.draw(st.one_of(long_cases(), long_cases().flatmap(cut)).flatmap(limited))
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
    kinds = cases(perfect=True), long_cases(), cases(perfect=False), long_cases().flatmap(cut)
    check(data.draw(st.one_of(*kinds).flatmap(limited)))


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


def test_waits_are_named_by_what_they_cost() -> None:
    # The last 4 outputs leave in half a cycle, or in 8 (the first 4 take 2 longer than the work on the second tile).
    for read, write, waits in (
        (32, 128, (("dram", "read", Fraction(15)), ("dram", "write", Fraction(1, 2)))),
        (480, 8, (("dram", "write", Fraction(10)), ("dram", "read", Fraction(1)))),
    ):
        assert timing(replace(DRAM, bandwidth=Bandwidth(read=read, write=write)), BUF, ARRAY, MAC).waits == waits


def test_a_slow_port_of_the_operands_is_waited_for_at_every_step() -> None:
    # Every step reads 1 input and 4 weights (80 bits) and 4 sums but in the first of 6 steps (64 bits).
    found = timing(replace(DRAM, bandwidth=Bandwidth()), replace(BUF, bandwidth=Bandwidth(read=16)), ARRAY, MAC)
    assert found.cycles >= 12 * 5 + 10 * 4
    assert found.waits[0][:2] == ("buf", "read")


def test_the_last_tile_is_smaller() -> None:
    # C = 6 in tiles of 4 and 2. First 4 inputs and 16 weights come (10 cycles); then 4 steps, beside which 2 inputs and
    # 8 weights come (5), 2 steps, beside which 4 + 16 come (10), 4 (5), and 2 steps: 10 + 5 + 10 + 5 + 2.
    array = replace(ARRAY, bandwidth=())
    cut = Mapping(
        (
            Level("dram", (Loop("N", 2), Loop("C", 2)), TENSORS),
            Level("buf", (Loop("C", 4),), TENSORS),
            MAPPING.levels[2],
        )
    )
    found = timing(SLOW, BUF, array, MAC, mapping=cut)
    assert (found.ramp_up, found.compute_cycles, found.cycles) == (10, 12, 32)


@pytest.mark.parametrize("extent", [9, 21, 22, 23, 24])
def test_of_a_long_loop_only_what_has_work_runs(extent: int) -> None:
    """6 times 4 iterations, of which the last ones have less work or none."""
    loops = Level("dram", (Loop("N", 6),), TENSORS), Level("buf", (Loop("N", 4), Loop("C", 6)), TENSORS)
    slower = replace(DRAM, bandwidth=Bandwidth(read=4, write=4))  # than the work, so that every word shows
    case = matmul(n=extent, m=4, c=6), chip(slower, BUF, ARRAY, MAC), Mapping((*loops, MAPPING.levels[2]))
    assert simulate_pipeline(*case).compute_cycles == 6 * extent
    check(case)


IN_ARRAY = Fanout("array", (Axis("X", 4),), reduces=False, bandwidth=(("ifmap", 8.0), ("ofmap", 8.0)))


def test_fewer_sums_leave_where_fewer_children_work() -> None:
    """C = 5 on 4 children: in the second of two rounds only the first of them has sums."""
    levels = Level("dram", (Loop("C", 2), Loop("N", 2)), TENSORS), Level("array", (Loop("C", 4, "X"),))
    hardware = chip(DRAM, IN_ARRAY, Memory("spad", keep=TENSORS), MAC)
    check((matmul(n=2, m=1, c=5), hardware, Mapping((*levels, Level("spad", (), TENSORS)))))


def test_a_loop_inside_of_a_spread_of_its_dimension() -> None:
    """N = 9 on 3 children with 4, 4 and 1."""
    levels = Level("array", (Loop("N", 3, "X"),)), Level("buf", (Loop("N", 4),)), Level("spad", (), ("ifmap",))
    hardware = chip(DRAM, IN_ARRAY, Memory("buf"), Memory("spad", keep=("ifmap",)), MAC)
    check((matmul(n=9, m=1, c=1), hardware, Mapping((Level("dram", (), TENSORS), *levels))))


@pytest.mark.parametrize(
    ("n", "loops", "refill_all"),
    [
        (5, (Loop("N", 2), Loop("C", 2), Loop("N", 4)), False),  # of the last row the sums stay when C goes on
        (4, (Loop("C", 2), Loop("N", 4)), False),
        (4, (Loop("C", 2), Loop("N", 4)), True),
    ],
)
def test_which_of_two_children_that_add_have_sums_again(n: int, loops: tuple[Loop, ...], refill_all: bool) -> None:
    """One that got them back, or both where they stayed or both get them."""
    levels = (Level("buf", (Loop("M", 2),), TENSORS), Level("spad", (), ("ofmap",)))
    mapping = Mapping((Level("dram", loops, TENSORS), Level("array", (Loop("C", 2, "X"),)), *levels))
    array = replace(IN_ARRAY, axes=(Axis("X", 2),), reduces=True)
    slow = replace(BUF, bandwidth=Bandwidth(total=8))
    hardware = replace(
        chip(DRAM, array, slow, Memory("spad", keep=("ofmap",)), MAC), counting=Counting(refill_all=refill_all)
    )
    check((matmul(n=n, m=2, c=4), hardware, mapping))


def test_sums_do_not_come_back_in_the_first_round_of_a_loop_that_begins_again() -> None:
    """The first of 5 rounds over C looks like the others from outside, but there is nothing to add to."""
    loops = Level("dram", (Loop("N", 2), Loop("C", 5), Loop("N", 2)), TENSORS), Level("buf", (), TENSORS)
    check(
        (
            matmul(n=4, m=4, c=5),
            chip(replace(DRAM, bandwidth=Bandwidth(total=8)), BUF, ARRAY, MAC),
            Mapping((*loops, MAPPING.levels[2])),
        )
    )


def test_refill_all_knows_no_remainders() -> None:
    hardware = replace(chip(SLOW, BUF, ARRAY, MAC), counting=Counting(refill_all=True))
    with pytest.raises(UnsupportedError, match="refill_all"):
        simulate_pipeline(matmul(n=1, m=4, c=6), hardware, MAPPING)


# Sizes

ROOM = 2 * 6 + 24 + 2 * 4
"""Words of two tiles of the inputs and of the sums of `MAPPING`; its weights come once."""


def sized(words: int, **changes: object) -> Memory:
    return replace(BUF, size=words * 16, **changes)  # type: ignore[arg-type]


def test_a_memory_with_room_for_the_next_tiles_is_not_full() -> None:
    found = timing(SLOW, sized(ROOM), ARRAY, MAC)
    assert (found.full, found.whole_cycles) == ((), found.cycles)


def test_a_full_memory_takes_whole_tiles_or_words_one_by_one() -> None:
    # As in `test_a_single_buffer_is_filled_between_its_tiles`, or not.
    found = timing(SLOW, sized(ROOM - 1), ARRAY, MAC)
    assert (found.full, found.cycles, found.whole_cycles) == (("buf",), 27, 30)


def test_what_is_reserved_is_room_for_the_next_tiles() -> None:
    assert timing(SLOW, sized(ROOM, reserved=8 * 16), ARRAY, MAC).full == ()


def test_sums_that_never_leave_before_the_end_need_no_second_room() -> None:
    loops = Level("dram", (Loop("C", 2),), TENSORS), Level("buf", (Loop("N", 2), Loop("C", 3)), TENSORS)
    mapping = Mapping((*loops, MAPPING.levels[2]))
    room = 2 * (2 * 3) + 2 * (3 * 4) + 2 * 4  # two tiles of the inputs and of the weights, all sums
    assert [timing(SLOW, sized(room - less), ARRAY, MAC, mapping=mapping).full for less in (0, 1)] == [(), ("buf",)]


def test_single_buffers_are_not_full_but_single() -> None:
    found = timing(SLOW, sized(34, buffering=Buffering.SINGLE), ARRAY, MAC)
    assert (found.full, found.cycles, found.whole_cycles) == ((), 30, 30)


def test_of_a_window_that_slides_only_new_words_need_room() -> None:
    """A row of 3 filter weights over 6 places: after the first window one word comes each time."""
    einsum = convolution(m=1, c=1, p=6, r=3, stride=(1, 1))
    loops = Level("dram", (Loop("P", 6),), TENSORS), Level("buf", (Loop("R", 3),), TENSORS)
    full = [
        timing(SLOW, sized(words), MAC, mapping=Mapping(loops), einsum=einsum).full
        for words in (3 + 1 + 3 + 2, 3 + 3 + 2)
    ]
    assert full == [(), ("buf",)]


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
    found = simulate_pipeline(layer.einsum, hardware, mapping, attribute=False)
    assert found.exact
    assert found.cycles / hardware.clock == pytest.approx(MEASURED[name] / 1000, rel=0.05)


def test_a_billion_steps() -> None:
    einsum = matmul(n=2**12, m=2**12, c=2**12)
    hardware = chip(SLOW, replace(BUF, bandwidth=Bandwidth(read=80, write=64)), MAC)
    loops = (Loop("N", 64), Loop("M", 64), Loop("C", 64)), (Loop("N", 64), Loop("M", 64), Loop("C", 64))
    mapping = Mapping((Level("dram", loops[0], TENSORS), Level("buf", loops[1], TENSORS)))
    found = simulate_pipeline(einsum, hardware, mapping)
    assert found.cycles >= found.compute_cycles == 2**36
