"""Scaling: hardware of the size asked for, figures against hand counts and direct evaluations."""

from __future__ import annotations

import json
import math
from fractions import Fraction
from importlib.resources import files
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

import assay
from assay.errors import InputError, NoMappingError
from assay.hardware import load_hardware, parse_hardware
from assay.hardware.design import chip_area, clock_energy, leakage_power
from assay.hardware.model import Fanout, Hardware, Memory
from assay.metrics.scaling import ScalingPlan, scaling
from assay.metrics.scaling_hardware import (
    DramSharing,
    Growth,
    ScalingRule,
    near_shape,
    scaled_hardware,
    with_chips,
    with_storage,
)
from assay.metrics.scaling_results import Resource, Scaling, scaling_metrics
from assay.reading.figures import times
from assay.report.chart_axes import ChartAxis, Scale, dress
from assay.report.pictures import picture_bytes
from assay.report.scaling import scaling_sections, scaling_summary
from assay.report.scaling_pictures import _ticks
from assay.report.section import all_pictures, render_sections
from assay.workload.einsum import matmul
from assay.workload.network import Layer, Network

TOY = """\
assay: hardware/1
name: toy
clock: 100 MHz
energy_source: made up
nodes:
  - memory: dram
    offchip: true
    keep: [ifmap, filter, ofmap]
    width: 8 b
    energy: 100 pJ
    BANDWIDTH
  - memory: buffer
    size: 4 KiB
    keep: [ifmap, filter, ofmap]
    width: 8 b
    energy: 10 pJ
    bandwidth: {read: 64 b/cycle}
  - fanout: array
    X: {size: 2, dims: [M]}
    Y: {size: 2, dims: [C]}
    bandwidth: {filter: 32 b/cycle}
    energy: 1 pJ
    width: 8 b
  - memory: registers
    size: 64 b
    keep: [filter]
    width: 8 b
    energy: 1 pJ
  - compute: mac
    bits: 8
    energy: 1 pJ
"""


def toy(bandwidth: str = "") -> Hardware:
    text = TOY.replace("    BANDWIDTH\n", f"    bandwidth: {bandwidth}\n" if bandwidth else "")
    return parse_hardware(text)


def fixed() -> Hardware:
    """The toy with a factor that an axis must hold."""
    return parse_hardware(TOY.replace("    BANDWIDTH\n", "").replace("dims: [C]}", "dims: [C], factors: {C: 2}}"))


def network(m: int, c: int) -> Network:
    """One product of matrices for a batch of 1."""
    return Network("product", (Layer("fc", "fc", matmul(n=1, m=m, c=c, bits=8), batch_dim="N"),))


@given(st.lists(st.integers(1, 16), min_size=1, max_size=3), st.integers(1, 200))
def test_shapes_have_the_children(sizes: list[int], children: int) -> None:
    shape = near_shape(sizes, children)
    assert math.prod(shape) == children
    if children % math.prod(sizes) == 0:
        assert all(new % old == 0 for new, old in zip(shape, sizes, strict=True))


@pytest.mark.parametrize(
    ("sizes", "children", "shape"),
    [
        ([14, 12], 168, (14, 12)),
        ([14, 12], 336, (14, 24)),  # the shorter side doubles
        ([14, 12], 672, (28, 24)),
        ([14, 12], 2688, (56, 48)),
        ([14, 12], 84, (7, 12)),  # the longer side is halved
        ([16, 16], 16384, (128, 128)),
        ([4, 4], 7, (1, 7)),
    ],
)
def test_shapes(sizes: list[int], children: int, shape: tuple[int, ...]) -> None:
    assert near_shape(sizes, children) == shape or sorted(near_shape(sizes, children)) == sorted(shape)


@pytest.mark.parametrize("name", ["eyeriss", "edge_45nm", "eyeriss_v2", "eyeriss_v1_256", "eyeriss_v2_256"])
@pytest.mark.parametrize("factor", [2, 4, 64])
def test_what_grows_and_what_stays(name: str, factor: int) -> None:
    before = load_hardware(name)
    after = scaled_hardware(before, factor=factor)
    assert after.pes == factor * before.pes
    assert after == scaled_hardware(before, pes=factor * before.pes)
    outermost = before.nodes.index(before.fanouts[0])
    for index, (old, new) in enumerate(zip(before.nodes, after.nodes, strict=True)):
        assert type(old) is type(new)
        if isinstance(old, Fanout) and isinstance(new, Fanout):
            assert new.bandwidth == old.bandwidth
            assert (new.whole, new.multicast, new.transfer_energy) == (old.whole, old.multicast, old.transfer_energy)
            for was, now in zip(old.axes, new.axes, strict=True):
                assert (now.dims, now.factors, now.max_factors, now.order) == (
                    was.dims, was.factors, was.max_factors, was.order,
                )  # fmt: skip
        if isinstance(old, Memory) and isinstance(new, Memory):
            share = factor if index < outermost and not old.offchip else 1
            assert new.size == (None if old.size is None else share * old.size)
            assert (new.keep, new.loops, new.order, new.read_energy) == (
                old.keep,
                old.loops,
                old.order,
                old.read_energy,
            )
            assert new.bandwidth.total == old.bandwidth.total or share > 1


def test_area_grows_in_proportion() -> None:
    before = load_hardware("edge_45nm")
    for factor in (Fraction(1, 2), Fraction(3, 2), 4):
        after = scaled_hardware(before, factor=factor)
        area = [assay.evaluate(network(m=16, c=16), each).static.area.value for each in (before, after)]
        assert area[1] == pytest.approx(float(factor) * (area[0] or 0.0))


def test_rules() -> None:
    rule = ScalingRule(storage=Growth.FIXED, offchip=Growth.PROPORTION, network=Growth.PROPORTION)
    after = scaled_hardware(toy("64 b/cycle"), factor=4, rule=rule)
    dram, buffer = after.memories[:2]
    assert (dram.bandwidth.total, buffer.size, buffer.bandwidth.read) == (256, 8 * 4096, 64)
    assert after.fanouts[0].bandwidth == (("filter", 128.0),)
    plain = scaled_hardware(toy("64 b/cycle"), factor=4)
    assert plain.memories[0].bandwidth.total == 64
    assert (plain.memories[1].size, plain.memories[1].bandwidth.read) == (4 * 8 * 4096, 256)


def test_the_factor_one_changes_nothing() -> None:
    chip = toy()
    assert scaled_hardware(chip, factor=1) is chip
    assert scaled_hardware(chip, pes=4) is chip
    assert with_storage(chip, 1) is chip
    assert with_chips(chip, 1) is chip


def test_weak_scaling_of_what_is_bound_by_compute_is_perfect() -> None:
    """Every layer fills the array at every size; the batch, which lies in time, doubles with them."""
    work = network(m=64, c=16)
    result = scaling(
        work, toy(), ScalingPlan(by=(1, 2, 4, 8), weak=True, rule=ScalingRule(network=Growth.PROPORTION)), batch=4
    )
    (series,) = result.series
    assert [point.batch for point in series.points] == [4, 8, 16, 32]
    assert [point.cycles for point in series.points] == [64 * 16 * 4 // 4] * 4
    assert [series.efficiency(point) for point in series.points] == [1.0] * 4


def test_strong_scaling_stops_where_the_layer_ends() -> None:
    """M = 4 fills 4 columns, C = 2 fills 2 rows; more do nothing."""
    plan = ScalingPlan(by=(1, 2, 4), rule=ScalingRule(network=Growth.PROPORTION))
    result = scaling(network(m=4, c=2), toy(), plan, batch=8)
    (series,) = result.series
    sizes = [[axis.size for axis in point.hardware.fanouts[0].axes] for point in series.points]
    assert sizes[0] == [2, 2]
    for point, size in zip(series.points, sizes, strict=True):
        assert point.cycles == 8 * 4 * 2 // (min(size[0], 4) * min(size[1], 2))
    assert series.speedup(series.base) == series.efficiency(series.base) == series.energy_ratio(series.base) == 1


def test_points_equal_direct_evaluations() -> None:
    chip, work = toy("4 b/cycle"), network(m=32, c=8)
    result = scaling(work, chip, ScalingPlan(pes=(8, 16), storage=(0.5, 2)), batch=4)
    for series in result.series:
        for point in series.points:
            found = assay.evaluate(work, point.hardware, batch=4, objective="latency")
            assert (point.cycles, point.energy) == (found.cycles, found.energy_per_inference)
    assert [float(point.factor) for point in result.series[1].points] == [0.5, 1, 2]


def test_more_storage_never_costs_energy() -> None:
    result = scaling(
        network(m=64, c=64), toy(), ScalingPlan(storage=(0.25, 0.5, 1, 2, 4)), objective="energy", batch=16
    )
    (series,) = result.series
    energies = [point.energy or 0.0 for point in series.points]
    assert energies == sorted(energies, reverse=True)
    assert energies[0] > energies[-1]
    for point in series.points:
        assert (point.offchip_bits or 0) >= (point.least_bits or 0) > 0
    last = series.farthest
    assert last.offchip_bits == last.least_bits == 8 * (64 * 64 + 2 * 16 * 64) / 16
    assert series.efficiency(last) is None


def test_storage_that_is_too_small_says_so() -> None:
    result = scaling(network(m=4, c=2), toy(), ScalingPlan(storage=(Fraction(1, 4096), 1)))
    point = result.series[0].points[0]
    assert (point.cycles, point.latency, point.energy, point.limit) == (None, None, None, None)
    assert "no mapping fits" in point.reason
    text = render_sections(result.title, scaling_sections(result))
    assert "not modelled" in text
    assert "no mapping fits" in text


def test_the_hardware_as_it_is_must_run() -> None:
    chip = with_storage(toy(), Fraction(1, 4096))
    with pytest.raises(NoMappingError):
        scaling(network(m=4, c=2), chip, ScalingPlan(by=(2,)))
    with pytest.raises(NoMappingError):
        scaling(network(m=4, c=2), chip, ScalingPlan(storage=(4096,)))  # where it would run


def test_chips_split_the_work() -> None:
    """Nothing limits: the cycles of 1, 2 and 4 chips are the MACs over the multipliers."""
    work = network(m=64, c=4)
    wide = parse_hardware(TOY.replace("    BANDWIDTH\n", "").replace("32 b/cycle", "4096 b/cycle"))
    result = scaling(work, wide, ScalingPlan(chips=(2, 4)), batch=8)
    (series,) = result.series
    assert [point.cycles for point in series.points] == [64 * 4 * 8 // (4 * chips) for chips in (1, 2, 4)]
    assert [point.pes for point in series.points] == [4, 8, 16]
    assert series.efficiency(series.farthest) == 1


def test_link_energy_is_charged_for_every_bit_over_a_link() -> None:
    work = network(m=16, c=4)
    alone, linked = toy(), with_chips(toy(), 1, link_energy=2e-12)
    plain, found = (assay.evaluate(work, chip, batch=2) for chip in (alone, linked))
    crossed = (found.offchip_read_bits or 0) + (found.offchip_write_bits or 0)
    assert (found.energy or 0) - (plain.energy or 0) == pytest.approx(crossed * 2e-12)


def test_link_bandwidth_limits_one_chip() -> None:
    """4 bits of weights in a cycle: 16 x 4 weights of 8 bits take 128 cycles; each of 2 chips needs half of them."""
    work = network(m=16, c=4)
    for chips, cycles in ((1, 128), (2, 64), (4, 32)):
        linked = with_chips(toy(), chips, link_bandwidth=4 * 100e6)
        found = assay.evaluate(work, linked, objective="latency")
        assert (found.cycles, found.layers[0].bound_by) == (cycles, "link")


def test_drams() -> None:
    shared, own = (with_chips(toy("64 b/cycle"), 4, dram=dram) for dram in DramSharing)
    assert (shared.memories[0].bandwidth.total, own.memories[0].bandwidth.total) == (64, 256)
    work = network(m=64, c=4)
    first, second = (assay.evaluate(work, chip, batch=8, objective="energy") for chip in (shared, own))
    assert (first.offchip_read_bits or 0) <= (second.offchip_read_bits or 0)  # each chip reads its own copy


PARTS = """
parts:
  clock: {class: given, tick: 4 pJ, area: 100 um2, leakage: 8 uW, per_cycle: tick, source: made up}
"""


@pytest.mark.parametrize("factor", [Fraction(3, 2), Fraction(1, 2), 3])
def test_parts_beside_the_nodes_grow_with_the_pes(factor: Fraction) -> None:
    """By factors that are no whole numbers, too: area, leakage, and what they do in every cycle."""
    before = parse_hardware(TOY.replace("    BANDWIDTH\n", "") + PARTS)
    after = scaled_hardware(before, factor=factor)
    for figure in (chip_area, leakage_power, clock_energy):
        assert figure(after).value == pytest.approx(float(factor) * (figure(before).value or 0.0))


def test_more_offchip_bandwidth_has_more_background_power() -> None:
    """As many DRAMs more as there is bandwidth: with the PEs where that is asked for, and one for each chip."""
    before = load_hardware("eyeriss_v2_256")
    own = with_chips(before, 4, dram=DramSharing.PER_CHIP)
    grown = scaled_hardware(before, factor=4, rule=ScalingRule(offchip=Growth.PROPORTION))
    least = leakage_power(before, offchip=True).value or 0.0
    assert least > 0
    for after in (own, grown):
        assert leakage_power(after, offchip=True).value == pytest.approx(4 * least)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda: scaled_hardware(load_hardware("eyeriss_v2_256"), pes=1000), "cannot have 1000 PEs"),
        (lambda: scaled_hardware(toy(), pes=0), "whole number of at least 1"),
        (lambda: scaled_hardware(toy(), factor=0), "must be above 0"),
        (lambda: scaled_hardware(toy(), factor=math.nan), "must be above 0"),
        (lambda: scaled_hardware(toy(), factor=10**9), "are more than"),
        (lambda: scaled_hardware(fixed(), pes=1), "its factors need 2"),
        (lambda: scaled_hardware(toy()), "give either a factor or a number of PEs"),
        (lambda: scaled_hardware(toy(), factor=2, rule=ScalingRule(fanout="aray")), "has no fanout 'aray'"),
        (lambda: with_storage(toy(), 2, ["bufer"]), "has no memory 'bufer' with a size"),
        (lambda: with_storage(toy(), -1), "must be above 0"),
        (lambda: with_chips(toy(), 0), "whole number from 1 to 16,777,216"),
        (lambda: with_chips(toy(), 2, link_bandwidth=0), "link_bandwidth is 0"),
        (lambda: with_chips(toy(), 2, link_energy=-1), "link_energy is -1"),
        (lambda: run(ScalingPlan()), "nothing is varied"),
        (lambda: run(ScalingPlan(pes=(8,), by=(2,))), "not both"),
        (lambda: run(ScalingPlan(by=(2,), link_energy=1e-12)), "links are between chips"),
        (lambda: run(ScalingPlan(storage=(2,), weak=True)), "weak scaling is over PEs or chips"),
        (lambda: run(ScalingPlan(pes=(6,), weak=True)), "no whole number of inputs"),
    ],
)
def test_mistakes(change: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        change()


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        (ScalingPlan(by=(1, 2)), "eyeriss_v1_256 is to have 256 and 512 PEs, eyeriss_v2 192 and 384: none as many"),
        (ScalingPlan(storage=(1, 2)), "compared at as many PEs, and those are not varied"),
    ],
)
def test_nothing_to_compare_is_said_before_the_first_search(plan: ScalingPlan, message: str) -> None:
    def never(*_: object) -> None:
        raise AssertionError("searched")

    with pytest.raises(InputError, match=message):
        scaling(network(m=4, c=2), "eyeriss_v1_256", plan, against="eyeriss_v2", progress=never)


def run(plan: ScalingPlan) -> Scaling:
    return scaling(network(m=4, c=2), toy(), plan)


@pytest.fixture(scope="module")
def everything() -> Scaling:
    plan = ScalingPlan(by=(2, 4), storage=(0.5, 2), chips=(2, 4), link_energy=1e-12, link_bandwidth=1e9)
    chip = toy("16 b/cycle")
    return scaling(network(m=32, c=8), chip, plan, against=with_storage(chip, 2), batch=2)


def test_json(everything: Scaling) -> None:
    schema = json.loads((files("assay") / "data" / "schema" / "scaling-1.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    data = json.loads(json.dumps(everything.to_dict(), allow_nan=False))
    jsonschema.validate(data, schema)
    small = scaling(network(m=4, c=2), toy(), ScalingPlan(storage=(Fraction(1, 4096), 1)))
    jsonschema.validate(small.to_dict(), schema)
    assert [each["resource"] for each in data["series"]] == [str(each) for each in Resource]
    assert [each["pes"] for each in data["speedup_over"]] == [4, 8, 16]


def test_metrics(everything: Scaling) -> None:
    found = {metric.key: metric for metric in scaling_metrics(everything)}
    assert list(found) == [
        "strong_efficiency_pes", "scaling_limit_pes", "energy_ratio_pes", "storage_energy_ratio",
        "strong_efficiency_chips", "scaling_limit_chips", "energy_ratio_chips", "speedup_over",
    ]  # fmt: skip
    assert all(metric.value is not None for metric in found.values())
    efficiency = found["strong_efficiency_pes"]
    speedup, factor = (operand.value for operand in efficiency.operands)
    assert isinstance(speedup, float)
    assert isinstance(factor, float)
    assert factor == 4  # at the largest
    assert efficiency.value == speedup / factor


def test_the_other_chip_in_short(everything: Scaling) -> None:
    own, other, ratio = everything.pairs()[-1]
    assert ratio == pytest.approx((own.throughput or 0) / (other.throughput or 1))
    assert scaling_summary(everything).endswith(
        f"With 16 PEs each, {everything.hardware.label} has {times(ratio or 0)} the throughput of "
        f"{everything.other.label if everything.other else ''}."
    )
    sheets = {sheet.key: sheet for section in scaling_sections(everything) for sheet in section.sheets}
    assert sheets["delivery"].title == "How words reach the PEs, as they are: 4 PEs"


def test_a_single_size_is_held_against_nothing() -> None:
    alone = run(ScalingPlan(by=(1,)))
    assert scaling_summary(alone) == ""
    assert [(each.key, each.title) for each in scaling_metrics(alone)] == [
        ("scaling_limit_pes", "What limits it as it is")
    ]
    text = render_sections(alone.title, scaling_sections(alone), summary=scaling_summary(alone), width=80)
    assert "1 times" not in text
    beside = scaling(network(m=4, c=2), toy(), ScalingPlan(by=(1,)), against=toy("16 b/cycle"))
    assert scaling_summary(beside).startswith("With 4 PEs each, ")


def test_ticks_are_at_the_sizes() -> None:
    assert _ticks([672.0, 168.0, 336.0, 168.0]) == (168, 336, 672)
    assert _ticks([256.0, 257.0, 1024.0]) == (256, 1024)  # which would overlap
    assert _ticks([]) == ()


def test_ticks_are_drawn() -> None:
    figure = pytest.importorskip("matplotlib.figure").Figure()
    axes = figure.add_subplot()
    dress(axes.xaxis, ChartAxis("PEs", logarithmic=True, base=2, ticks=(168, 336, 672)), Scale(1.0, "PEs"))
    axes.set_xlim(150, 700)
    figure.draw_without_rendering()
    assert [label.get_text() for label in axes.get_xticklabels()] == ["168", "336", "672"]
    assert list(axes.get_xticks(minor=True)) == []


@pytest.mark.parametrize("width", [80, 120])
def test_screen(everything: Scaling, width: int) -> None:
    text = render_sections(
        everything.title, scaling_sections(everything), summary=scaling_summary(everything), width=width, explain=True
    )
    assert max(map(len, text.splitlines())) <= width
    for heading in (
        "Strong scaling over PEs",
        "Over storage",
        "Strong scaling over chips",
        "Beside each other",
        "Notes",
    ):
        assert heading in text.splitlines()


def test_pictures(everything: Scaling) -> None:
    pictures = all_pictures(scaling_sections(everything))
    assert [picture.key for picture in pictures] == [
        "scaling_pes", "scaling_pes_efficiency", "scaling_storage", "scaling_storage_traffic", "scaling_chips",
        "scaling_chips_efficiency", "scaling_against", "scaling_both",
    ]  # fmt: skip
    for picture in pictures:
        assert picture_bytes(picture, "svg").startswith(b"<?xml")
