"""The scorecard: the equations of the article hold for its figures, and what is not known says what is missing."""

import json
from dataclasses import replace
from fractions import Fraction
from importlib.resources import files
from math import isclose, prod

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import assay
from assay.errors import InputError
from assay.evaluation.results import Evaluation
from assay.hardware import parse_hardware
from assay.hardware.model import Axis, Bandwidth, Figure
from assay.metrics.accuracy import given as given_accuracy
from assay.metrics.accuracy import published
from assay.metrics.factors import factors_of
from assay.metrics.metric import Basis, Metric
from assay.metrics.requirements import LIMITS, Requirements
from assay.metrics.scorecard import Scorecard, scorecard
from assay.report.scorecard import scorecard_pairs
from assay.workload.network import Network
from tests.evaluation.small import ARRAY, BUF, CHIP, DRAM, MAC, NETWORK, chip
from tests.report.sample import sample

SCHEMA = json.loads((files("assay") / "data" / "schema" / "evaluation-1.json").read_text(encoding="utf-8"))


def value(card: Scorecard, key: str) -> float:
    found = card[key].value
    assert isinstance(found, int | float)
    return found


def operands(metric: Metric) -> dict[str, object]:
    return {each.name: each.value for each in metric.operands}


@st.composite
def evaluations(draw: st.DrawFn) -> Evaluation:
    """The tiny network on chips with other PEs, clocks and bandwidths, mappings searched."""
    bandwidth = Bandwidth(total=draw(st.sampled_from([None, 1, 8, 19.2, 64])))
    array = replace(ARRAY, axes=(Axis("X", draw(st.integers(1, 7)), ("M",)),))
    mac = replace(MAC, macs_per_cycle=draw(st.integers(1, 3)))
    clock = draw(st.sampled_from([1e6, 3.3e8, 1e9 / 3]))
    hardware = replace(chip(dram=replace(DRAM, bandwidth=bandwidth), array=array, mac=mac), clock=clock)
    return assay.evaluate(NETWORK, hardware, batch=draw(st.integers(1, 3)), workers=1, cache=False)


@settings(max_examples=25, deadline=None)
@given(found=evaluations(), effectual=st.sampled_from([None, 0.4, 1.0]))
def test_the_factors_multiply_to_the_throughput(found: Evaluation, effectual: float | None) -> None:
    """Equations (1) to (4), exactly: in rational numbers, and as they are printed."""
    factors = factors_of(found)
    assert factors is not None
    assert found.cycles is not None
    assert factors.throughput == found.batch * Fraction(found.hardware.clock) / found.cycles
    assert factors.utilization == Fraction(found.macs, found.hardware.peak_macs_per_cycle * found.cycles)
    assert isclose(factors.active_pes, found.active_pes or 0)
    assert 0 < factors.active_share <= 1
    assert 0 < factors.active_utilization <= 1
    card = scorecard(found, effectual=effectual)
    names = ("clock", "pes", "active_share", "active_utilization", "performed_per_cycle")
    product = prod(value(card, name) for name in names)
    if effectual is not None:
        product *= value(card, "exploited") / value(card, "effectual")
    assert isclose(product / value(card, "operations_per_inference"), value(card, "throughput"), rel_tol=1e-12)
    assert isclose(value(card, "cycles_per_operation") * value(card, "operations_per_cycle"), 1)
    assert isclose(value(card, "inferences_per_second"), value(card, "throughput"), rel_tol=1e-12)
    assert card["in_flight"].value == found.batch
    assert isclose(value(card, "throughput") * value(card, "latency"), found.batch, rel_tol=1e-12)


@settings(max_examples=10, deadline=None)
@given(found=evaluations())
def test_energies_and_powers_add_up(found: Evaluation) -> None:
    """Equations (5) to (9)."""
    card = scorecard(found, tdp=1e-3)
    assert isclose(value(card, "energy"), value(card, "onchip_energy") + value(card, "offchip_energy"))
    assert isclose(value(card, "power"), value(card, "onchip_power") + value(card, "offchip_power"))
    operation = value(card, "data_energy") + value(card, "mac_energy")
    assert isclose(value(card, "energy_per_operation"), operation)
    assert isclose(operation * value(card, "operations_per_inference"), value(card, "energy"))
    assert isclose(value(card, "inferences_per_joule") * value(card, "energy"), 1)
    per_joule = value(card, "operations_per_joule") / value(card, "operations_per_inference")
    assert isclose(per_joule, value(card, "inferences_per_joule"))
    assert isclose(value(card, "tdp_throughput"), value(card, "throughput") * 1e-3 / value(card, "onchip_power"))
    assert (value(card, "tdp_throughput") >= value(card, "throughput")) is card["within_tdp"].value
    assert isclose(value(card, "power") * value(card, "latency"), value(card, "energy") * found.batch)
    assert isclose(2e-12 * value(card, "operations_per_joule"), value(card, "tops_per_watt"))
    assert value(card, "tops") <= value(card, "peak_tops") * (1 + 1e-12)
    assert value(card, "onchip_tops_per_watt") <= value(card, "peak_tops_per_watt")


EMPTY = replace(sample(), network=Network("none", (NETWORK.layers[1],)), layers=(sample().layers[1],))

CASES = {
    "all": sample(),
    "no energy of the MAC": sample(chip(mac=replace(MAC, energy=None))),
    "no energy of the network": sample(chip(array=replace(ARRAY, transfer_energy=None))),
    "nothing off the chip": sample(chip(dram=replace(DRAM, offchip=False))),
    "no size, no bandwidth": sample(chip(buf=replace(BUF, size=None), dram=replace(DRAM, bandwidth=Bandwidth()))),
    "no MACs": EMPTY,
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_not_known_says_what_is_missing(name: str) -> None:
    card = scorecard(CASES[name])
    for metric in card:
        assert (metric.value is None) == bool(metric.missing), metric
        assert not (isinstance(metric.value, float) and metric.value == 0), metric
        if metric.formula and metric.operands and metric.value is not None:
            assert all(each.name in metric.formula for each in metric.operands), metric
    keys = [metric.key for metric in card]
    assert len(set(keys)) == len(keys)
    assert card.groups[-1].key == "peaks"
    assert [group.key for group in card.groups][:2] == ["accuracy", "throughput"]


@pytest.mark.parametrize("name", CASES)
def test_it_follows_the_schema_with_a_verdict(name: str) -> None:
    card = scorecard(CASES[name])
    verdict = card.judge(Requirements(max_latency=1.0, max_power=1e-9, min_accuracy=0.5, max_area=1e-5))
    data = CASES[name].to_dict() | {"scorecard": card.to_dict(), "verdict": verdict.to_dict()}
    jsonschema.validate(json.loads(json.dumps(data, allow_nan=False)), SCHEMA)
    older = CASES[name].to_dict()
    jsonschema.validate(older, SCHEMA)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(data | {"verdict": {"viability": "perhaps"}}, SCHEMA)


def test_without_offchip_memory_power_is_not_that_of_the_system() -> None:
    """The article's example: a processor that leaves its memory out can claim any power."""
    card = scorecard(CASES["nothing off the chip"])
    assert card["offchip_energy"].missing == card["offchip_read"].missing == "no memory of the hardware is off the chip"
    words = "without off-chip memory, leakage, clock and control and 1 layer that has no multiply-accumulates"
    assert dict(card.caveats)["power"] == card["total_power"].note == words
    assert "included" not in card["energy"].note


def test_the_counts_by_hand() -> None:
    """Two matrix products of 6 x 4 and one of 4 x 3, for a batch of 2; 124 B + 128 B cross the edge per batch."""
    found = sample()
    card = scorecard(found)
    assert card["operations_per_inference"].value == 60
    assert found.offchip_read_bits == 208 * 8
    assert value(card, "offchip_read") == 104
    assert value(card, "offchip_write") == 22
    assert card["multipliers"].value == 4
    assert value(card, "storage_per_multiplier") == 32
    assert value(card, "offchip_bandwidth") == 16e6  # 16 bits per cycle at 1 MHz
    assert isclose(value(card, "offchip_bandwidth_used"), (208 + 44) * 8 / (found.latency or 0))
    assert isclose(value(card, "peak_tops"), 8e-6)
    assert isclose(value(card, "peak_tops_per_watt"), 2.0)  # 2 operations for 1 pJ


def test_cost_by_a_published_area() -> None:
    area = Figure("core_area", 2.0, "mm2", "a paper")
    found = sample(replace(CHIP, published=(area, Figure("tdp", 50.0, "uW", "its sheet"))))
    card = scorecard(found)
    assert (card["area"].value, card["area"].basis) == (2e-6, Basis.SPECIFIED)
    assert isclose(value(card, "area_per_multiplier"), 0.5e-6)
    assert isclose(value(card, "throughput_per_area"), (found.throughput or 0) / 2)
    assert isclose(value(card, "efficiency_per_area"), value(card, "inferences_per_joule") / 2)
    assert isclose(value(card, "tdp"), 50e-6)
    assert card["within_tdp"].value is True
    assert scorecard(found, tdp=30e-6)["within_tdp"].value is False
    assert scorecard(found, tdp=30e-6)["tdp"].basis is Basis.GIVEN
    for bad in (
        Figure("core_area", "large", "mm2", ""),
        Figure("core_area", 2.0, "acres", ""),
        replace(area, value=0.0),
    ):
        assert scorecard(sample(replace(CHIP, published=(bad,))))["area"].value is None


LEAKY = """\
assay: hardware/1
name: leaky
clock: 100 MHz
nodes:
  - memory: dram
    offchip: true
    keep: [ifmap, filter, ofmap]
    component: {class: given, read: 10 pJ, write: 12 pJ, leakage: 1 mW, area: 5 mm2, source: a guess}
  - compute: mac
    component: {class: given, compute: 1 pJ, leakage: 2 mW, area: 0.5 mm2, source: a guess}
parts:
  clock_tree: {class: given, tick: 3 pJ, leakage: 0 W, area: 0.1 mm2, per_cycle: tick, source: a guess}
"""


def test_leakage_and_clock_count_where_power_is_judged() -> None:
    """2 mW leak on the chip, 1 mW off it; the clock takes 3 pJ at 100 MHz, 0.3 mW."""
    found = assay.evaluate("matmul:M=4,N=3,K=5", parse_hardware(LEAKY), cache=False, workers=1)
    card = scorecard(found, tdp=1.0)
    assert isclose(value(card, "total_power"), value(card, "power") + 3.3e-3)
    assert isclose(value(card, "total_energy"), value(card, "total_power") * value(card, "latency"))
    within = operands(card["within_tdp"])
    assert isclose(float(str(within["power of the chip"])), value(card, "onchip_power") + 2.3e-3)
    assert isclose(value(card, "leakage_energy"), 3e-3 * value(card, "latency"))
    assert isclose(value(card, "clock_energy"), 0.3e-3 * value(card, "latency"))
    assert card.values["power"].value == card["total_power"].value
    assert "power" not in dict(card.caveats)
    assert isclose(value(card, "area"), 0.6e-6)
    part = parse_hardware(LEAKY.replace("leakage: 2 mW, ", ""))
    known = scorecard(assay.evaluate("matmul:M=4,N=3,K=5", part, cache=False, workers=1))
    assert dict(known.caveats)["power"] == "without leakage of mac"
    assert dict(card.caveats)["area"] == "of the components, without wires between them and pads"


def test_what_no_command_was_asked_names_it() -> None:
    card = scorecard(sample())
    assert card["flexibility"].missing == "add --all, or ask assay flexibility"
    assert card["scalability"].missing == "add --all, or ask assay scale"
    known = scorecard(sample(), flexibility=(Metric("mean", "Flexibility", 0.8, "%", Basis.CALCULATED),))
    assert known.values["flexibility"].value == 0.8


def test_values_are_in_the_units_that_are_judged() -> None:
    values = scorecard(sample(), published("alexnet")).values
    assert {limit.metric: values[limit.metric].unit for limit in LIMITS} == {each.metric: each.unit for each in LIMITS}


def test_zeros_are_given_or_missing() -> None:
    card = scorecard(sample())
    assert card["effectual"].value is None
    assert "--effectual" in card["effectual"].missing
    assert card["performed_per_cycle"].value == 1
    assert operands(scorecard(sample(), effectual=0.4)["operations_per_cycle"])["effectual / all"] == 0.4


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"tdp": 0.0}, "the TDP is 0.0 W; it must be above 0"),
        ({"tdp": float("nan")}, "it must be above 0"),
        ({"effectual": 0.0}, "the share of effectual operations is 0.0"),
        ({"effectual": 1.1}, "at most 1"),
    ],
)
def test_what_cannot_be_is_refused(changes: dict[str, float], words: str) -> None:
    with pytest.raises(InputError, match=words):
        scorecard(sample(), **changes)  # type: ignore[arg-type]


def test_keys_that_are_not_there() -> None:
    card = scorecard(sample())
    assert card.group("cost").title == "Hardware cost"
    with pytest.raises(KeyError):
        card["cost"]
    with pytest.raises(KeyError):
        card.group("latency")


def test_a_chip_without_off_chip_memory_does_not_claim_to_include_it() -> None:
    found = CASES["nothing off the chip"]
    screen = dict(pair for group in scorecard_pairs(found, scorecard(found)) for pair in group)
    assert screen["TOPS/W"].endswith("; no off-chip memory is described")
    assert "with off-chip" not in screen["TOPS/W"]


def test_far_above_the_tdp_is_told_in_times() -> None:
    card = scorecard(sample(), tdp=1e-6)
    share = value(card, "onchip_power") / 1e-6
    assert share > 10
    assert card["within_tdp"].note.startswith(f"{share:,.0f} times as much" if share >= 100 else f"{share:.3g} times")
    assert card["within_tdp"].value is False


def test_where_nothing_runs_it_is_not_the_file_that_is_to_blame() -> None:
    card = scorecard(EMPTY)
    assert card["leakage_energy"].missing == "no layer has multiply-accumulates"
    assert card["tops_per_watt"].missing == "no layer has multiply-accumulates"
    (bandwidth,) = (text for group in scorecard_pairs(EMPTY, card) for title, text in group if "bandwidth" in title)
    assert "used on average" not in bandwidth


def test_energies_of_nothing_are_not_unknown() -> None:
    free = chip(
        dram=replace(DRAM, read_energy=0.0, write_energy=0.0),
        buf=replace(BUF, read_energy=0.0, write_energy=0.0, update_energy=0.0),
        array=replace(ARRAY, transfer_energy=0.0),
        mac=replace(MAC, energy=0.0),
    )
    card = scorecard(sample(free), tdp=1e-3)
    assert card["energy"].value == 0
    assert card["within_tdp"].missing == "all energies that the hardware gives are 0"
    assert card["inferences_per_joule"].missing == "all energies that the hardware gives are 0"


def test_a_limit_of_reads_alone_is_no_bandwidth() -> None:
    card = scorecard(sample(chip(dram=replace(DRAM, bandwidth=Bandwidth(read=16)))))
    assert card["offchip_bandwidth"].missing == "the hardware file does not limit both reads and writes of dram"


def test_an_accuracy_of_other_numbers_is_met_only_as_far_as_it_reaches() -> None:
    """80.2 % were measured in 32-bit float; here are 16 bits. Whoever gives an accuracy answers for it."""
    measured = published("alexnet")
    assert measured is not None
    asked = Requirements(min_accuracy=0.802)
    verdict = scorecard(sample(), measured).judge(asked)
    assert verdict.sentence == "Viable for these requirements, as far as these figures reach."
    (only,) = verdict.judgements
    assert only.caveat == "measured in 32-bit float: in 16 bits it must be measured anew"
    assert only.sentence.count(only.caveat) == 1
    assert scorecard(sample(), given_accuracy(0.802)).judge(asked).sentence == "Viable for these requirements."
