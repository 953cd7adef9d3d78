import math
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.hardware.model import (
    Axis,
    Bandwidth,
    Buffering,
    Compute,
    Counting,
    Fanout,
    Halo,
    Hardware,
    Memory,
    Node,
    Ports,
)
from assay.mapping.analysis import analyse
from assay.mapping.counts import Action
from assay.mapping.latency import Demand, Timing, Wait, time_layer
from assay.mapping.mapping import Level, Loop, Mapping
from assay.workload.einsum import Einsum, matmul
from tests.evaluation.small import ARRAY, BUF, CHIP, DRAM, LAYER, MAC, MAPPING, TENSORS, chip
from tests.strategies import Case, cases


def timing(hardware: Hardware, mapping: Mapping = MAPPING, einsum: Einsum = LAYER) -> Timing:
    return time_layer(einsum, hardware, mapping, analyse(einsum, hardware, mapping))


def test_without_limits_the_compute_decides() -> None:
    free = timing(chip(dram=replace(DRAM, bandwidth=Bandwidth())))
    assert (free.cycles, free.compute_cycles, free.bound_by, free.demands) == (12, 12, "compute", ())


def test_total_bandwidth_of_the_outer_memory() -> None:
    bound = timing(CHIP)  # 44 words of 16 bits at 16 bits per cycle
    assert (bound.cycles, bound.bound_by, bound.compute_cycles) == (44, "dram", 12)


def test_read_and_write_ports_count_their_own_actions() -> None:
    read = timing(chip(buf=replace(BUF, bandwidth=Bandwidth(read=32))))
    assert (read.cycles, read.bound_by) == (50, "buf")  # 100 words read at 2 words per cycle
    write = timing(chip(buf=replace(BUF, bandwidth=Bandwidth(write=16))))
    assert (write.cycles, write.bound_by) == (84, "buf")  # 36 filled + 48 updated at 1 word per cycle
    both = timing(chip(buf=replace(BUF, bandwidth=Bandwidth(total=16))))
    assert both.cycles == 184


def test_cycles_are_rounded_up() -> None:
    assert timing(chip(dram=replace(DRAM, bandwidth=Bandwidth(total=15)))).cycles == 47  # 704 / 15 = 46.9


def test_a_tie_goes_to_the_compute() -> None:
    tied = timing(chip(dram=replace(DRAM, bandwidth=Bandwidth(total=704 / 12))))
    assert (tied.cycles, tied.bound_by) == (12, "compute")


def test_several_macs_per_cycle_share_the_steps() -> None:
    wide = chip(dram=replace(DRAM, bandwidth=Bandwidth()), mac=replace(MAC, macs_per_cycle=5))
    assert timing(wide).cycles == 3  # 12 steps, 5 at a time


def test_a_fanout_is_loaded_on_its_parents_side() -> None:
    narrow = replace(ARRAY, bandwidth=(("ifmap", 16.0), ("filter", 64.0), ("ofmap", 8.0)))
    found = timing(chip(dram=replace(DRAM, bandwidth=Bandwidth()), array=narrow))
    assert {d.port: d.cycles for d in found.demands} == {"ifmap down": 12, "filter down": 12, "ofmap up": 96}
    assert (
        found.bound_by == "array"
    )  # 48 partial sums of 16 bits go up at 8 bits per cycle; dram adds them, none comes down


def test_a_fanout_below_a_fanout_is_loaded_by_what_that_delivers() -> None:
    rows = Fanout("rows", (Axis("Y", 2),))
    columns = Fanout("columns", (Axis("X", 2),), bandwidth=(("ifmap", 16.0),))
    hardware = Hardware("grid", (replace(DRAM, bandwidth=Bandwidth()), rows, columns, MAC), clock=1e6)
    mapping = Mapping(
        (
            Level("dram", (Loop("N", 2), Loop("C", 6)), TENSORS),
            Level("rows", (Loop("M", 2, "Y"),)),
            Level("columns", (Loop("M", 2, "X"),)),
        )
    )
    # Each of the 12 inputs goes to both rows: 24 words, through two instances.
    (demand,) = timing(hardware, mapping).demands
    assert (demand.component, demand.cycles) == ("columns", 12)


def test_an_instance_moves_its_share() -> None:
    local = Memory("local", keep=("filter",), bandwidth=Bandwidth(read=16))
    hardware = Hardware("spads", (replace(DRAM, bandwidth=Bandwidth()), ARRAY, local, MAC), clock=1e6)
    mapping = Mapping(
        (
            Level("dram", (Loop("N", 2), Loop("C", 3)), TENSORS),
            Level("array", (Loop("M", 4, "X"),)),
            Level("local", (Loop("C", 2),), ("filter",)),
        )
    )
    (demand,) = timing(hardware, mapping).demands
    assert demand.cycles == 12  # 48 words read by 4 instances


def test_words_have_the_bits_of_their_tensor() -> None:
    assert timing(CHIP, einsum=matmul(n=2, c=6, m=4, bits=8)).cycles == 22


def test_a_compute_without_a_memory_of_its_own_is_one_chain() -> None:
    hardware = Hardware("least", (replace(DRAM, bandwidth=Bandwidth(write=16)), Compute("mac")), clock=1e6)
    mapping = Mapping((Level("dram", (Loop("N", 2), Loop("M", 4), Loop("C", 6)), TENSORS),))
    assert timing(hardware, mapping).cycles == 48


def test_instances_without_work_do_not_help() -> None:
    local = Memory("local", keep=TENSORS, bandwidth=Bandwidth(read=16))
    wide = Fanout("array", (Axis("X", 14),))
    hardware = Hardware("idle", (replace(DRAM, bandwidth=Bandwidth()), wide, local, MAC), clock=1e6)
    mapping = Mapping(
        (
            Level("dram", (), TENSORS),
            Level("array", (Loop("M", 14, "X"),)),
            Level("local", (Loop("C", 8),), TENSORS),
        )
    )
    found = timing(hardware, mapping, einsum=matmul(n=1, m=3, c=8))
    # 3 of 14 instances have work: each reads 8 + 8 operands and 7 partial sums, a word a cycle.
    assert (found.cycles, found.bound_by) == (23, "local")


def test_a_very_slow_port_is_slow() -> None:
    slow = timing(chip(dram=replace(DRAM, bandwidth=Bandwidth(total=1e-9))))
    assert slow.cycles == 704 * 10**9


# Ports and rates


def test_the_slowest_port_is_named() -> None:
    bound = timing(chip(buf=replace(BUF, bandwidth=Bandwidth(read=32, write=16))))
    assert (bound.cycles, bound.bound_by, bound.bound_port) == (84, "buf", "write")
    assert bound.slowest == Demand("buf", "write", Fraction(84 * 16), 16.0)
    free = timing(chip(dram=replace(DRAM, bandwidth=Bandwidth())))
    assert (free.bound_port, free.slowest) == (None, None)


def test_ports_multiply_the_bandwidth() -> None:
    two = timing(chip(buf=replace(BUF, bandwidth=Bandwidth(read=32, write=16), ports=Ports(read=2))))
    assert {d.port: d.cycles for d in two.demands if d.component == "buf"} == {"read": 25, "write": 84}
    both = timing(chip(buf=replace(BUF, bandwidth=Bandwidth(total=16), ports=Ports(total=3))))
    assert (both.cycles, both.bound_port) == (62, "total")  # 184 words, 3 a cycle: 61.3
    odd = timing(chip(dram=replace(DRAM, bandwidth=Bandwidth(total=19.2), ports=Ports(total=3))))
    assert [d.bits_per_cycle for d in odd.demands] == [57.6]


def test_rates_wanted_used_and_offered() -> None:
    found = {(r.component, r.port): (r.needed, r.average, r.available) for r in timing(CHIP).rates}
    word = 16  # bits; 12 cycles of compute, 44 of the layer
    assert found == {
        ("dram", "read"): (word * 36 / 12, word * 36 / 44, None),
        ("dram", "write"): (word * 8 / 12, word * 8 / 44, None),
        ("dram", "total"): (word * 44 / 12, word * 44 / 44, 16.0),
        ("buf", "read"): (word * 100 / 12, word * 100 / 44, None),
        ("buf", "write"): (word * 84 / 12, word * 84 / 44, None),
        ("array", "ifmap down"): (word * 12 / 12, word * 12 / 44, None),
        ("array", "filter down"): (word * 48 / 12, word * 48 / 44, None),
        ("array", "ofmap up"): (word * 48 / 12, word * 48 / 44, None),
    }


def test_a_port_without_a_limit_takes_no_cycles() -> None:
    free = timing(chip(dram=replace(DRAM, bandwidth=Bandwidth())))
    assert {demand.cycles for demand in free.traffic} == {None}
    assert len(free.rates) == len(free.traffic) == 7


# Buffering
#
# In small.CHIP the buffer's tiles are 6 of 12 inputs, all 24 weights and 4 of 8 outputs. At 2 words read and 1 written
# per cycle the DRAM takes 6 + 12 cycles to bring the inputs and weights, and 8 to take the outputs.

PAIR = replace(DRAM, bandwidth=Bandwidth(read=32, write=16))
FAST = replace(BUF, bandwidth=Bandwidth(read=64), ports=Ports(read=2))  # 100 words at 8 a cycle: 12.5 cycles


@pytest.mark.parametrize(
    ("buffering", "cycles", "waits"),
    [
        (Buffering.IDEAL, 18, ()),
        (Buffering.DOUBLE, 32, (Wait("buf", start=Fraction(15), end=Fraction(4)),)),  # 6 / 2 + 12 + 12.5 + 8 / 2
        (Buffering.SINGLE, 39, (Wait("buf", stall=Fraction(26)),)),  # 12.5 + 6 + 12 + 8
    ],
)
def test_buffering_by_hand(buffering: Buffering, cycles: int, waits: tuple[Wait, ...]) -> None:
    found = timing(chip(dram=PAIR, buf=replace(FAST, buffering=buffering)))
    assert (found.cycles, found.waits, found.bound_by, found.bound_port) == (cycles, waits, "dram", "read")
    assert found.waiting_cycles == cycles - 18


def test_first_tiles_are_not_counted_twice_where_transfers_are_slow() -> None:
    """One word per cycle in or out: 44 cycles, of which 6 + 24 before the start and 4 after the end."""
    found = timing(chip(buf=replace(BUF, buffering=Buffering.DOUBLE)))
    assert found.cycles == 30 + 12 + 4  # the other 10 words move while the compute works for 12 cycles
    slow = timing(chip(dram=replace(DRAM, bandwidth=Bandwidth(total=8)), buf=replace(BUF, buffering=Buffering.DOUBLE)))
    assert slow.cycles == 60 + 20 + 8  # now they take longer than the compute


def test_a_port_of_ones_own_or_a_fanout_may_be_the_slowest_on_the_way() -> None:
    slow = replace(BUF, buffering=Buffering.DOUBLE, bandwidth=Bandwidth(write=8))
    assert timing(chip(dram=PAIR, buf=slow)).waits == (Wait("buf", start=Fraction(12 + 48), end=Fraction(4)),)


LOCAL = Memory("local", keep=("filter",))
SPADS = (
    replace(DRAM, bandwidth=Bandwidth()),
    replace(BUF, bandwidth=Bandwidth(read=64)),
    replace(ARRAY, bandwidth=(("filter", 16.0),)),
    LOCAL,
    MAC,
)
DEEP = Mapping(
    (
        Level("dram", (Loop("N", 2),), TENSORS),
        Level("buf", (Loop("C", 3),), TENSORS),
        Level("array", (Loop("M", 4, "X"),)),
        Level("local", (Loop("C", 2),), ("filter",)),
    )
)


def spads(local: Memory) -> Timing:
    nodes: tuple[Node, ...] = (*SPADS[:3], local, MAC)
    return timing(Hardware("spads", nodes, clock=1e6), DEEP)


def test_a_tile_comes_through_parent_fanout_and_own_port() -> None:
    """Each of 4 instances gets 12 weights, 2 at a time. The array passes 1 of their 48 words per cycle."""
    assert spads(LOCAL).cycles == 48
    double = spads(replace(LOCAL, buffering=Buffering.DOUBLE))
    assert double.waits == (Wait("local", start=Fraction(8)),)
    assert double.cycles == 8 + 40  # the other 40 while the compute works
    single = spads(replace(LOCAL, buffering=Buffering.SINGLE))
    # For the multipliers the buffer reads 12 inputs and 40 partial sums, 4 words a cycle: 13 cycles.
    assert (single.waits, single.cycles) == ((Wait("local", stall=Fraction(48)),), 48 + 13)


def test_what_counts_as_a_read_is_on_the_way() -> None:
    """The buffer reads the 8 outputs that it sends up, at 1 of its words every 8 cycles: longer than the DRAM."""
    slow = replace(BUF, buffering=Buffering.DOUBLE, bandwidth=Bandwidth(read=2))
    hardware = chip(dram=PAIR, buf=slow)
    assert timing(hardware).waits == (Wait("buf", start=Fraction(15), end=Fraction(4)),)
    drained = replace(hardware, counting=Counting(drain_reads=True))
    assert timing(drained).waits == (Wait("buf", start=Fraction(15), end=Fraction(4 * 8)),)
    assert timing(drained).cycles == 15 + (100 + 4) * 8 + 32  # the first 4 go up while the multipliers read
    first = replace(hardware, counting=Counting(first_reads=True))  # and 4 of 8 outputs at 2 a cycle
    assert timing(first).waits == (Wait("buf", start=Fraction(17), end=Fraction(4)),)


def test_waits_add_up_from_level_to_level() -> None:
    dram = replace(DRAM, bandwidth=Bandwidth(read=32, write=16))
    local = replace(LOCAL, buffering=Buffering.SINGLE)
    nodes = (dram, replace(BUF, buffering=Buffering.DOUBLE), SPADS[2], local, MAC)
    found = timing(Hardware("both", nodes, clock=1e6), DEEP)
    assert found.waits == (Wait("buf", Fraction(15), Fraction(4)), Wait("local", stall=Fraction(48)))
    assert found.cycles == 15 + (12 + 48) + 4


RATES = st.one_of(st.none(), st.sampled_from((1.0, 3.0, 16.0, 19.2, 64.0)))
BANDWIDTHS = st.builds(Bandwidth, RATES, RATES, RATES)
PORTS = st.builds(Ports, *[st.integers(1, 2)] * 3)


@st.composite
def limited(draw: st.DrawFn, perfect: bool) -> Case:
    """A random case with random bandwidths, ports and conventions of counting."""
    einsum, hardware, mapping = draw(cases(perfect))
    nodes: list[Node] = []
    for node in hardware.nodes:
        if isinstance(node, Memory):
            nodes.append(replace(node, bandwidth=draw(BANDWIDTHS), ports=draw(PORTS)))
        elif isinstance(node, Fanout):
            rates = [(tensor.name, draw(RATES)) for tensor in einsum.tensors]
            nodes.append(replace(node, bandwidth=tuple((name, rate) for name, rate in rates if rate is not None)))
        else:
            nodes.append(replace(node, latch=draw(st.booleans())))
    counting = Counting(draw(st.sampled_from(Halo)), first_reads=draw(st.booleans()), drain_reads=draw(st.booleans()))
    return einsum, replace(hardware, nodes=tuple(nodes), counting=counting), mapping


def buffered(hardware: Hardware, ways: list[Buffering]) -> Hardware:
    """The hardware with its memories but the outermost buffered in these ways."""
    left = iter(ways)
    inner = (replace(n, buffering=next(left)) if isinstance(n, Memory) else n for n in hardware.nodes[1:])
    return replace(hardware, nodes=(hardware.nodes[0], *inner))


@given(st.booleans().flatmap(limited), st.data())
def test_less_overlap_takes_longer(case: Case, data: st.DataObject) -> None:
    einsum, hardware, mapping = case
    analysis = analyse(einsum, hardware, mapping)
    order = list(Buffering)
    inner = len(hardware.memories) - 1
    ways = data.draw(st.lists(st.sampled_from(order), min_size=inner, max_size=inner))
    more = [data.draw(st.sampled_from(order[order.index(way) :])) for way in ways]
    chains = [[Buffering.IDEAL] * inner, ways, more, [Buffering.SINGLE] * inner]
    found = [time_layer(einsum, buffered(hardware, chain), mapping, analysis) for chain in chains]
    cycles = [timing.cycles for timing in found]
    assert cycles == sorted(cycles)
    assert (found[0].waits, found[0].waiting_cycles) == ((), 0)
    assert cycles[0] == max([found[0].compute_cycles, *(demand.cycles or 0 for demand in found[0].demands)])
    assert all(rate.available is None or rate.average <= rate.available * (1 + 1e-9) for t in found for rate in t.rates)
    doubled = time_layer(einsum, buffered(hardware, [Buffering.DOUBLE] * inner), mapping, analysis)
    assert cycles[0] <= doubled.cycles <= cycles[-1]


@given(st.booleans().flatmap(limited))
def test_traffic_is_what_was_counted(case: Case) -> None:
    """Every read, fill and update goes through exactly one port, and the total is both."""
    einsum, hardware, mapping = case
    analysis = analyse(einsum, hardware, mapping)
    found = time_layer(einsum, hardware, mapping, analysis)
    traffic = {(demand.component, demand.port): demand for demand in found.traffic}
    assert all(demand.bits >= 0 for demand in found.traffic)
    for node, active in zip(hardware.nodes, analysis.active, strict=True):
        if isinstance(node, Memory):
            of = {a: sum(analysis.count(node.name, t.name, a) * t.bits for t in einsum.tensors) for a in Action}
            reads, writes = Fraction(of[Action.READ], active), Fraction(of[Action.FILL] + of[Action.UPDATE], active)
            for port, bits in (("read", reads), ("write", writes), ("total", reads + writes)):
                limit = getattr(node.bandwidth, port)
                demand = traffic.get((node.name, port))
                assert (demand.bits if demand else 0) == (0 if port == "total" and limit is None else bits)
                if demand and limit is not None:
                    rate = Fraction(limit).limit_denominator(10**6) * getattr(node.ports, port)
                    assert demand.cycles == math.ceil(bits / rate)


def test_a_slow_rate_is_not_rounded() -> None:
    assert Demand("dram", "read", Fraction(6), 6e-7).cycles == 10**7


def test_partial_sums_that_come_back_to_every_child_are_read_and_cross_once() -> None:
    """2 x 8 inputs a turn: 4 children add to one partial sum, which comes down to all of them in the second turn."""
    tensors = ("ifmap", "filter", "ofmap")
    nodes = (
        Memory("dram", keep=tensors),
        Fanout("outer", (Axis("X", 2),), bandwidth=(("ofmap", 16.0),)),
        Fanout("inner", (Axis("X", 4),), bandwidth=(("ofmap", 16.0),)),
        Memory("pad", keep=tensors),
        Compute("mac"),
    )
    hardware = Hardware("all", nodes, clock=1e9, counting=Counting(refill_all=True))
    levels = (
        Level("dram", (Loop("C", 2), Loop("N", 2)), tensors),
        Level("outer"),
        Level("inner", (Loop("C", 4, "X"),)),
        Level("pad", (Loop("N", 2),), tensors),
    )
    einsum, mapping = matmul(n=4, m=1, c=8), Mapping(levels)
    analysis = analyse(einsum, hardware, mapping)
    assert analysis.count("pad", "ofmap", Action.FILL) == 16
    words = {(d.component, d.port): d.bits / 16 for d in time_layer(einsum, hardware, mapping, analysis).demands}
    assert words == {
        ("outer", "ofmap down"): 4,
        ("outer", "ofmap up"): 8,
        ("inner", "ofmap down"): 4,
        ("inner", "ofmap up"): 8,
    }
