from dataclasses import replace

from assay.evaluation.latency import Timing, time_layer
from assay.hardware.model import Axis, Bandwidth, Compute, Fanout, Hardware, Memory
from assay.mapping.analysis import analyse
from assay.mapping.mapping import Level, Loop, Mapping
from assay.workload.einsum import Einsum, matmul
from tests.evaluation.small import ARRAY, BUF, CHIP, DRAM, LAYER, MAC, MAPPING, TENSORS, chip


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
