"""Every bound of Eyexam against all mappings of small cases, and against cases worked by hand."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from importlib.resources import files
from itertools import pairwise
from math import prod
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from assay.errors import InputError, NoMappingError, UnsupportedError
from assay.hardware.model import ALL, Axis, Bandwidth, Buffering, Compute, Counting, Fanout, Halo, Hardware, Memory
from assay.hardware.presets import load_hardware
from assay.mapping.analysis import analyse
from assay.mapping.mapping import Level, Loop, Mapping
from assay.metrics.eyexam import eyexam
from assay.metrics.eyexam_bounds import (
    array_cycles,
    dataflow_cycles,
    pe_cycles,
    with_ideal_buffers,
    without_bandwidth,
    without_sizes,
)
from assay.metrics.eyexam_causes import array_cause, axis_fills
from assay.metrics.eyexam_steps import Eyexam, Key, Kind, LayerEyexam, Step
from assay.metrics.pipeline import simulate_pipeline
from assay.workload.einsum import Einsum, convolution
from assay.workload.load import load_network
from assay.workload.network import Layer, Network
from tests.mapper.brute import brute_force
from tests.mapper.instances import Instance, instances
from tests.mapper.instances import Kind as Cases

TENSORS = ("ifmap", "filter", "ofmap")
DRAM = Memory("dram", keep=TENSORS, read_energy=100.0, write_energy=100.0, width=8)


def chip(*axes: Axis, inner: Memory | None = None, dram: Memory = DRAM, **compute: Any) -> Hardware:
    array = Fanout("array", axes, transfer_energy=1.0, width=8)
    inside = () if inner is None else (inner,)
    return Hardware("tiny", (dram, array, *inside, Compute("mac", 1.0, 8, **compute)), 1e9)


def alone(einsum: Einsum, hardware: Hardware, **asked: Any) -> LayerEyexam:
    network = Network("net", (Layer("layer", "conv", einsum),))
    (found,) = eyexam(network, hardware, workers=1, cache=False, **asked).layers
    return found


def step(found: LayerEyexam, key: Key) -> Step:
    each = found.step(key)
    assert each is not None
    return each


def cycles(found: LayerEyexam, key: Key) -> int:
    number = step(found, key).cycles
    assert number is not None
    return number


def examine(instance: Instance, **asked: Any) -> LayerEyexam:
    try:
        return alone(*instance, **asked)
    except (NoMappingError, UnsupportedError):
        assume(False)
        raise


FEW = settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))


# ----- all mappings


@given(instances(Cases(mappings=120, constraints=True)))
@FEW
def test_no_mapping_is_above_the_bound_of_any_step(instance: Instance) -> None:
    einsum, hardware = instance
    found = examine(instance)
    truth = brute_force(einsum, hardware).best("latency")
    assert truth is not None
    for each in found.steps:
        if each.key is not Key.ACCESS:
            assert each.cycles is not None
            assert each.cycles <= truth[1]


@given(instances(Cases(mappings=120, constraints=True)))
@FEW
def test_steps_four_to_six_are_the_best_of_all_mappings(instance: Instance) -> None:
    einsum, hardware = instance
    found = examine(instance)
    for key, machine in (
        (Key.ARRAY, without_sizes(hardware)),
        (Key.STORAGE, without_bandwidth(hardware)),
        (Key.BANDWIDTH, with_ideal_buffers(hardware)),
    ):
        truth = brute_force(einsum, machine)
        best = truth.best("latency")
        assert best is not None
        fewest = -(-truth.steps // hardware.compute.macs_per_cycle)
        assert cycles(found, key) <= best[1]
        if step(found, key).proven:
            assert cycles(found, key) == best[1]
        if key is not Key.BANDWIDTH:
            assert best[1] == fewest
    assert cycles(found, Key.DATAFLOW) <= cycles(found, Key.PES) <= cycles(found, Key.ARRAY)


@given(instances(Cases(mappings=40, conventions=False, extent=6)))
@settings(FEW, max_examples=6)
def test_tiles_of_any_size_are_below_the_bounds_too(instance: Instance) -> None:
    einsum, hardware = instance
    found = examine(instance, tiles="imperfect")
    for key, machine in (
        (Key.ARRAY, without_sizes(hardware)),
        (Key.STORAGE, without_bandwidth(hardware)),
        (Key.BANDWIDTH, with_ideal_buffers(hardware)),
    ):
        best = brute_force(einsum, machine, perfect=False).best("latency")
        assert best is not None
        assert cycles(found, key) <= best[1]
    fewest = brute_force(einsum, without_sizes(hardware), perfect=False).steps
    assert array_cycles(einsum, hardware) <= -(-fewest // hardware.compute.macs_per_cycle)


@given(instances(Cases(mappings=120, constraints=True, buffering=True)), st.sampled_from(("latency", "energy", "edp")))
@FEW
def test_bounds_never_rise(instance: Instance, objective: str) -> None:
    found = examine(instance, objective=objective)
    known = [each.cycles for each in found.steps if each.cycles is not None]
    assert known == sorted(known)
    assert known[0] == 1
    for one, two in pairwise(found.steps):
        assert two.before == one.cycles
        if two.cycles is not None and one.cycles is not None:
            assert bool(two.cause) == (two.cycles > one.cycles)
    assert found.chosen.timing is not None
    taken = max([found.chosen.timing.compute_cycles, *[d.cycles or 0 for d in found.chosen.timing.demands]])
    assert taken >= cycles(found, Key.BANDWIDTH)


def test_the_tightest_case_of_the_flat_bound() -> None:
    """Seven work items on four PEs in a row: two rounds, whatever the tiles; three where tiles divide the layer."""
    einsum, machine = convolution(m=7, c=1, p=1, q=1), chip(Axis("X", 4))
    assert pe_cycles(einsum, machine) == 2
    assert array_cycles(einsum, machine) == 2
    assert brute_force(einsum, machine, perfect=False).steps == 2
    assert brute_force(einsum, machine).steps == 7


def test_two_axes_are_no_heap_of_pes() -> None:
    """14 · 14 · 8 MACs on 40 × 40 PEs: there are enough, but no axis has room for what lies beside 14. The search alone
    proves one step only."""
    einsum = convolution(m=14, c=14, p=8, q=1, bits=8)
    found = step(alone(einsum, chip(Axis("X", 40), Axis("Y", 40)), tiles="imperfect"), Key.ARRAY)
    assert (found.before, found.cycles, found.found) == (1, 2, 2)


# ----- by hand


def test_three_channels_fill_three_of_sixteen_rows() -> None:
    einsum = convolution(m=16, c=3, p=4, q=4, bits=8)
    found = alone(einsum, chip(Axis("X", 16, ("M",)), Axis("Y", 16, ("C",))))
    expected = {Key.LAYER: 1, Key.DATAFLOW: 16, Key.PES: 16, Key.ARRAY: 16, Key.STORAGE: 16, Key.BANDWIDTH: 16}
    assert {key: cycles(found, key) for key in expected} == expected
    assert step(found, Key.DATAFLOW).cause == "P = 4 and Q = 4 run one after the other: 16 steps in time at least"
    assert step(found, Key.DATAFLOW).bound == 48


def test_a_long_first_axis_and_a_short_second_one() -> None:
    """C = 3 in 16 rows, M = 32 in 16 columns: two rounds of 48 PEs; 256 PEs in no array would need one of 96."""
    einsum = convolution(m=32, c=3, p=1, q=1, bits=8)
    found = alone(einsum, chip(Axis("X", 16, ("M",)), Axis("Y", 16, ("C",))))
    array = step(found, Key.ARRAY)
    assert (cycles(found, Key.PES), array.cycles) == (1, 2)
    assert array.cause.startswith("C = 3 fills 3 of 16 along Y of array")
    assert array.limit is not None
    assert (array.limit.kind, array.limit.name, array.limit.at) == (Kind.DIMENSION, "C", "array.Y")
    assert (array.limit.has, array.limit.wants) == (3.0, 16.0)
    assert array.loss == 48
    assert array.share == pytest.approx(0.5)


def test_thirteen_on_twelve() -> None:
    """No divisor of 13 fills 12 rows; with a smaller last tile, two passes keep 6.5 rows busy: two passes by two."""
    einsum = convolution(m=1, c=1, p=13, q=24, bits=8)
    machine = chip(Axis("X", 12, ("P",)), Axis("Y", 12, ("Q",)))
    perfect = step(alone(einsum, machine), Key.ARRAY)
    assert (perfect.before, perfect.cycles) == (3, 26)
    assert "no number from 2 to 12 divides P = 13" in perfect.cause
    imperfect = step(alone(einsum, machine, tiles="imperfect"), Key.ARRAY)
    assert (imperfect.before, imperfect.cycles) == (3, 4)
    assert "P = 13 on 12 along X of array: 2 passes, 6.5 busy on average" in imperfect.cause


def test_the_last_round_is_not_full() -> None:
    """100 filters on 64 PEs: two rounds, 50 busy on average."""
    einsum = convolution(m=100, c=1, p=1, q=1, bits=8)
    found = step(alone(einsum, chip(Axis("X", 64, ("M",)))), Key.PES)
    assert found.cycles == 2
    assert found.cause == "100 MACs could run at once; 64 PEs need 2 rounds for them, 50 PEs busy on average"
    assert found.limit is not None
    assert found.limit.kind is Kind.PES


def test_what_an_axis_allows_limits_the_dataflow() -> None:
    einsum = convolution(m=12, c=4, p=1, q=1, bits=8)
    machine = chip(Axis("X", 16, max_factors=(("M", 3),), dims=("M", "C")))
    assert dataflow_cycles(einsum, machine) == 4
    assert "at most 3 of M = 12 at once" in step(alone(einsum, machine), Key.DATAFLOW).cause


def test_a_dimension_that_a_memory_runs_alone_is_serial() -> None:
    einsum = convolution(m=12, c=4, p=1, q=1, bits=8)
    machine = chip(Axis("X", 48), dram=replace(DRAM, factors=(("C", ALL),)))
    assert dataflow_cycles(einsum, machine) == 4


def test_more_macs_per_pe() -> None:
    einsum = convolution(m=16, c=4, p=1, q=1, bits=8)
    found = alone(einsum, chip(Axis("X", 16, ("M",)), macs_per_cycle=2))
    assert cycles(found, Key.DATAFLOW) == 2
    assert step(found, Key.BANDWIDTH).bound == 32


def test_storage_is_asked_for_with_the_room_that_would_do() -> None:
    """A memory above the array has to hold the inputs of all columns: half of them, and half of the columns work."""
    einsum = convolution(m=1, c=1, p=8, q=1, bits=8)
    glb = Memory("glb", size=4 * 8, width=8, keep=("ifmap",), read_energy=2.0, write_energy=2.0)
    machine = chip(Axis("X", 8, ("P",)))
    machine = replace(machine, nodes=(machine.nodes[0], glb, *machine.nodes[1:]))
    found = step(alone(einsum, machine), Key.STORAGE)
    assert (found.before, found.cycles) == (1, 2)
    assert found.cause == "glb holds 4 words; 8 of ifmap would win back all that is lost here"
    assert found.limit is not None
    assert (found.limit.kind, found.limit.name, found.limit.at) == (Kind.BUFFER, "glb", "ifmap")
    assert (found.limit.has, found.limit.wants, found.limit.unit) == (32.0, 64.0, "b")
    roomy = replace(machine, nodes=(machine.nodes[0], replace(glb, size=8 * 8), *machine.nodes[2:]))
    assert not step(alone(einsum, roomy), Key.STORAGE).lost_cycles


def test_bandwidth_names_the_port() -> None:
    """A fully connected layer on 16 PEs needs 16 weights of 8 bits per cycle; 8 bits come. Sums come back 7 times."""
    einsum = convolution(m=16, c=8, p=1, q=1, bits=8)
    machine = chip(Axis("X", 16, ("M",)), dram=replace(DRAM, bandwidth=Bandwidth(read=8.0)))
    found = step(alone(einsum, machine), Key.BANDWIDTH)
    assert found.before == 8
    assert found.cycles == 8 * 16 + 8 + 7 * 16  # weights, inputs once for all columns, partial sums
    assert found.cause == "dram (read) delivers 8 b/cycle, 248 are wanted"
    assert found.limit is not None
    assert (found.limit.kind, found.limit.name, found.limit.at) == (Kind.LINK, "dram", "read")
    assert (found.limit.has, found.limit.wants) == (8.0, 248.0)


def test_a_mapping_for_least_energy_is_a_step_of_its_own() -> None:
    result = eyexam("alexnet:conv5", "edge_45nm", objective="energy", workers=1)
    (found,) = result.layers
    keys = [each.key for each in found.steps]
    if Key.CHOICE in keys:
        assert keys.index(Key.CHOICE) == keys.index(Key.BANDWIDTH) + 1
        assert step(found, Key.CHOICE).cause.startswith("chosen for least energy: ")
        assert step(found, Key.CHOICE).number is None
    assert found.chosen.energy is not None
    assert found.bandwidth.energy is not None
    assert found.chosen.energy <= found.bandwidth.energy


def test_a_mapping_for_least_energy_that_is_slower() -> None:
    """Where sending a word to another PE costs much, least energy leaves PEs idle."""
    einsum = convolution(m=8, c=1, p=8, q=1, bits=8)
    inner = Memory("spad", width=8, keep=("filter", "ofmap"), read_energy=0.0, write_energy=0.0)
    machine = chip(Axis("X", 8, ("P",)), inner=inner)
    array = replace(machine.nodes[1], transfer_energy=1000.0)
    machine = replace(machine, nodes=(machine.nodes[0], array, *machine.nodes[2:]))
    found = alone(einsum, machine, objective="energy")
    choice = found.step(Key.CHOICE)
    assert choice is not None
    assert choice.cycles is not None
    assert choice.before is not None
    assert choice.cycles > choice.before
    assert choice.limit is not None
    assert choice.limit.kind is Kind.MAPPING


def test_transfers_that_do_not_overlap_show_in_the_last_steps() -> None:
    einsum = convolution(m=4, c=4, p=4, q=4, bits=8)
    inner = Memory(
        "spad", width=8, keep=TENSORS, read_energy=1.0, write_energy=1.0, buffering=Buffering.SINGLE
    )  # fmt: skip
    dram = replace(DRAM, bandwidth=Bandwidth(total=16.0))
    found = alone(einsum, chip(Axis("X", 4, ("M",)), inner=inner, dram=dram))
    last = step(found, Key.ACCESS)
    assert last.cycles is not None
    assert last.cycles > cycles(found, Key.BANDWIDTH)
    assert "ramp-up" in last.cause
    assert last.limit is not None
    assert last.limit.name == "dram"


def test_a_mapping_that_avoids_the_link_has_more_steps() -> None:
    """Four filters on 4 columns take 3 steps, each with 4 weights, of which the link brings one a cycle: 12 cycles.
    Three rows on 3 columns share each weight: 4 steps."""
    machine = chip(Axis("X", 4, ("M", "P")))
    slow = replace(machine.nodes[1], bandwidth=(("filter", 8.0),))  # type: ignore[call-arg]
    found = alone(convolution(m=4, c=1, p=3, q=1, bits=8), replace(machine, nodes=(DRAM, slow, machine.nodes[2])))
    last = step(found, Key.BANDWIDTH)
    assert (last.before, last.cycles) == (3, 4)
    assert last.cause == (
        "the mapping of the step before would wait: array (filter down) delivers 8 b/cycle, 32 are wanted; this one has"
        " more steps and waits less"
    )
    assert last.limit is not None
    assert (last.limit.name, last.limit.at, last.limit.has, last.limit.wants) == ("array", "filter down", 8.0, 32.0)


def test_room_for_one_tile_only_is_said() -> None:
    """Each of 4 weights is used for 8 cycles, in which the next one comes (4): into a scratchpad of 1 or 2 words."""
    einsum = convolution(m=4, c=1, p=8, q=1, bits=8)
    for words, full in ((1, ("spad",)), (2, ())):
        spad = Memory("spad", size=words * 8, width=8, keep=("filter",), read_energy=1.0, write_energy=1.0)
        network = Network(
            "net", (Layer("one", "conv", einsum), Layer("two", "conv", convolution(m=1, c=1, p=8, q=1, bits=8)))
        )
        machine = chip(Axis("X", 1), inner=spad)
        slow = replace(machine.nodes[1], bandwidth=(("filter", 2.0),))  # type: ignore[call-arg]
        machine = replace(machine, nodes=(machine.nodes[0], slow, *machine.nodes[2:]))
        result = eyexam(network, machine, workers=1, cache=False)
        (found, other), last = result.layers, result.steps[-1]
        access = step(found, Key.ACCESS)
        assert access.cycles is not None
        assert found.chosen.mapping is not None
        timing = simulate_pipeline(einsum, result.hardware, found.chosen.mapping)
        assert (timing.full, access.full, last.full) == (full, full, full)
        assert access.cycles == 4 + 4 * 8
        if full:
            assert access.whole == timing.whole_cycles == 4 * (4 + 8)
            assert last.whole == access.whole + cycles(other, Key.ACCESS)
            assert "spad has no room for the next tile beside the one in use" in result.notes[-2]
            assert f"it would take {last.whole:,} cycles" in result.notes[-2]
        else:
            assert access.whole is last.whole is None
            assert not any("no room" in note for note in result.notes)


def test_tiles_of_any_size_are_timed_too() -> None:
    """P = 5 on 4 columns: 4 and 1."""
    einsum = convolution(m=1, c=3, p=5, q=1, bits=8)
    found = alone(einsum, chip(Axis("X", 4, ("P",)), dram=replace(DRAM, bandwidth=Bandwidth(16.0))), tiles="imperfect")
    last = step(found, Key.ACCESS)
    assert last.cycles is not None
    assert last.cycles >= cycles(found, Key.BANDWIDTH)
    assert found.chosen.mapping is not None
    assert found.chosen.mapping.factor("P") > 5


def test_what_lies_beyond_the_peak_is_no_loss() -> None:
    """16 MACs at once, of 512 of the layer, are half of 32 PEs."""
    einsum = convolution(m=1, c=16, p=8, q=4, bits=8)
    found = alone(einsum, chip(Axis("X", 32, ("C",))))
    dataflow = step(found, Key.DATAFLOW)
    assert dataflow.share == pytest.approx(1 - 16 / 512)
    assert dataflow.below(32) == pytest.approx(0.5)
    assert step(found, Key.LAYER).below(32) == 0
    assert step(found, Key.LAYER).below(1024) == pytest.approx(0.5)
    assert found.worst is dataflow


def test_where_nothing_is_lost_nothing_is_said() -> None:
    found = alone(convolution(m=4, c=4, p=4, q=4, bits=8), chip(Axis("X", 4, ("M",)), Axis("Y", 4, ("C",))))
    late = [each for each in found.steps if each.key in (Key.ARRAY, Key.STORAGE, Key.BANDWIDTH)]
    assert all(each.cause == "" and each.limit is None and each.loss == 0 for each in late)


# ----- networks


@pytest.fixture(scope="module")
def alexnet() -> Eyexam:
    """Two of its layers; the others take longer to search."""
    network = load_network("alexnet")
    some = tuple(layer for layer in network.layers if layer.name in ("conv3", "fc8"))
    return eyexam(replace(network, layers=some), "eyeriss", batch=4)


def test_a_network_is_the_sum_of_its_layers(alexnet: Eyexam) -> None:
    for index, each in enumerate(alexnet.steps):
        assert each.macs == sum(layer.layer.macs for layer in alexnet.layers)
        assert each.cycles == sum(layer.steps[index].cycles or 0 for layer in alexnet.layers)
        assert each.bound == Fraction(each.macs, each.cycles or 1)


def test_the_layer_that_loses_most_gives_the_cause(alexnet: Eyexam) -> None:
    for index, each in enumerate(alexnet.steps):
        if each.layer:
            peak = alexnet.hardware.peak_macs_per_cycle
            lost = [
                (layer.steps[index].cycles_below(peak), layer.steps[index].lost_cycles or 0) for layer in alexnet.layers
            ]
            most = alexnet.layers[lost.index(max(lost))]
            assert (each.layer, each.cause) == (most.name, most.steps[index].cause)
    assert alexnet.worst is not None
    assert alexnet.worst.key is Key.BANDWIDTH
    assert alexnet.worst.limit is not None
    assert alexnet.worst.limit.name == "dram"


def test_a_fast_layer_makes_up_for_no_slow_one() -> None:
    """Depthwise layers bound by the dataflow are to blame, though the others could run more than the peak at once."""
    whole = load_network("mobilenet_v1", bits=8)
    few = replace(whole, layers=tuple(each for each in whole.layers if each.name in ("dw7", "pw7", "pw13")))
    found = eyexam(few, "edge_45nm")
    assert found.worst is not None
    assert found.worst.key is Key.DATAFLOW
    assert found.worst.layer.startswith("dw")
    assert found.losses()[0][0].name == "dw7"
    lost = sum(cycles for _, _, cycles in found.losses())
    assert found.attained.cycles == lost + Fraction(found.attained.macs, found.hardware.peak_macs_per_cycle)


def test_alexnet_on_eyeriss_uses_the_pes_of_the_paper(alexnet: Eyexam) -> None:
    """JSSC 2017, Table V: 156 active PEs in CONV3 to CONV5, and 135 in CONV2, whose 27 rows take two passes on 14
    columns: no tiles that divide the layer."""
    assert step(alexnet.layer("conv3"), Key.ARRAY).bound == 156
    conv2 = next(layer for layer in load_network("alexnet").layers if layer.name == "conv2").einsum
    assert conv2 is not None
    assert Fraction(conv2.macs, array_cycles(conv2, load_hardware("eyeriss"))) == 135


def test_the_best_mapping_is_never_above_its_bound(alexnet: Eyexam) -> None:
    for layer in alexnet.layers:
        for key, result in ((Key.ARRAY, layer.array), (Key.STORAGE, layer.storage), (Key.BANDWIDTH, layer.bandwidth)):
            assert result.cycles is not None
            assert result.cycles >= cycles(layer, key)


def test_json_is_as_the_schema_says(alexnet: Eyexam) -> None:
    schema = json.loads((files("assay") / "data" / "schema" / "eyexam-1.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(alexnet.to_dict(), schema)
    small = "conv:M=5,C=3,P=7,Q=3"
    for asked in ({"objective": "energy"}, {"tiles": "imperfect"}):
        jsonschema.validate(eyexam(small, "edge_45nm", **asked).to_dict(), schema)


def test_layers_of_one_shape_are_alike() -> None:
    einsum = convolution(m=4, c=4, p=4, q=4, bits=8)
    network = Network("net", (Layer("a", "conv", einsum), Layer("b", "conv", einsum)))
    result = eyexam(network, chip(Axis("X", 4, ("M",))), workers=1, cache=False)
    assert [layer.name for layer in result.layers] == ["a", "b"]
    assert result.layers[0].steps == result.layers[1].steps


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"objective": "speed"}, "unknown objective"),
        ({"tiles": "round"}, "unknown tiles"),
        ({"layer": "conv9"}, "no layer 'conv9'"),
        ({"batch": 0}, "batch is 0"),
        ({"bits": 0}, "bits"),
        ({"dataflow": "round"}, "no dataflow 'round'"),
        ({"time_limit": 0.0}, "time_limit"),
    ],
)
def test_wrong_arguments(asked: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        eyexam("alexnet", "eyeriss", **asked)


def test_the_bound_against_a_mapping_by_hand() -> None:
    """13 rows in two passes on 12: the mapping that the cause describes takes the steps of the bound."""
    einsum = convolution(m=1, c=1, p=13, q=12, bits=8)
    machine = chip(Axis("X", 12, ("P",)), Axis("Y", 12, ("Q",)))
    levels = (Level("dram", (Loop("P", 2),), TENSORS), Level("array", (Loop("P", 12, "X"), Loop("Q", 12, "Y"))))
    assert analyse(einsum, machine, Mapping(levels)).steps == array_cycles(einsum, machine) == 2


# ----- what is said is so


def test_the_room_that_would_do_does_also_where_tiles_have_gaps() -> None:
    """Eight rows, every third input: 8 words, but a box of 22."""
    einsum = convolution(m=1, c=1, p=8, q=1, stride=(3, 1), bits=8)
    glb = Memory("glb", size=4 * 8, width=8, keep=("ifmap",), read_energy=2.0, write_energy=2.0)
    machine = chip(Axis("X", 8, ("P",)))
    nodes = (machine.nodes[0], glb, *machine.nodes[1:])
    machine = replace(machine, nodes=nodes, counting=Counting(halo=Halo.BOX))
    found = step(alone(einsum, machine), Key.STORAGE)
    assert found.cause == "glb holds 4 words; 22 of ifmap would win back all that is lost here"
    roomy = replace(machine, nodes=(nodes[0], replace(glb, size=22 * 8), *nodes[2:]))
    assert not step(alone(einsum, roomy), Key.STORAGE).lost_cycles


def test_each_dimension_has_a_least_factor_of_its_own() -> None:
    """C = 3 can be three times as much, P = 5 five times; no 2 of either divides."""
    einsum = convolution(m=1, c=9, p=5, q=1, r=2, bits=8)
    machine = chip(Axis("X", 8, factors=(("R", ALL), ("C", 3))))
    found = step(alone(einsum, machine), Key.ARRAY)
    assert "fill 6 of 8 along X of array, no room for 3 times as much of C, or 5 times of P" in found.cause


def test_a_ramp_in_which_the_slowest_port_is_busy_is_not_lost_twice() -> None:
    """One MAC: 16 bits in, 8 out, one a cycle: 24 cycles of the port; only the cycle of the MAC comes on top."""
    einsum = convolution(m=1, c=1, p=1, q=1, bits=8)
    found = alone(einsum, chip(Axis("X", 4), dram=replace(DRAM, bandwidth=Bandwidth(total=1.0))))
    assert (cycles(found, Key.BANDWIDTH), cycles(found, Key.ACCESS)) == (24, 25)
    words = "ramp-up 16 cycles, ramp-down 8 cycles, of which only 1 cycle comes on top; most of all for dram"
    assert step(found, Key.ACCESS).cause == words
    assert step(found, Key.LAYER).cause == "the layer has 1 MAC"


@given(instances(Cases(mappings=60, constraints=True, buffering=True)), st.sampled_from(("latency", "energy")))
@FEW
def test_tile_by_tile_no_mapping_that_is_taken_beats_its_average(instance: Instance, objective: str) -> None:
    """Step 7 before it is held to step 6, and step 6 before it is held to the mapping."""
    einsum, hardware = instance
    found = examine(instance, objective=objective)
    chosen = found.chosen
    assert chosen.mapping is not None
    assert chosen.timing is not None
    overlapping = max([chosen.timing.compute_cycles, *[d.cycles or 0 for d in chosen.timing.demands]])
    assert overlapping >= cycles(found, Key.BANDWIDTH)
    if found.steps[-1].cycles is not None:
        assert simulate_pipeline(einsum, hardware, chosen.mapping, attribute=False).cycles >= overlapping


def test_passes_are_those_over_all_axes() -> None:
    """13 filters on 5 columns and 2 rows: two passes over 10, where the columns alone would take three."""
    einsum = convolution(m=13, c=1, p=1, q=1, bits=8)
    found = step(alone(einsum, chip(Axis("X", 5), Axis("Y", 3, ("P", "C"))), tiles="imperfect"), Key.ARRAY)
    assert "M = 13 on 5 along X of array: 3 passes, 4.333 busy on average" in found.cause
    both = alone(einsum, chip(Axis("X", 5, ("M",)), Axis("Y", 2, ("M",))), tiles="imperfect").array
    spread = prod(bound for fill in axis_fills(both) for _, bound in fill.loops)
    assert {each.spread for each in axis_fills(both)} == {(("M", spread),)}
    cause, _ = array_cause(both, "imperfect")
    assert f"M = 13 on 5 along X of array, {spread} with other axes: 2 passes" in cause
