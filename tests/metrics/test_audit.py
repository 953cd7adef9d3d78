"""The audit: the tutorial's sheet reproduced, claims that contradict each other found, what is missing named."""

from __future__ import annotations

import csv
import json
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.errors import InputError
from assay.metrics.audit import Audit, audit
from assay.metrics.audit_figures import figures_of, recalled
from assay.metrics.audit_rules import NAMES, RULES, Agreement, Check
from assay.metrics.audit_scope import DEFINITIONS, Scope, network_macs, product
from assay.metrics.audit_specs import Status
from assay.metrics.claims_reader import chip_names, load_chip, parse_chip
from assay.metrics.metric import Basis, Metric
from assay.metrics.requirements import Requirements
from tests.metrics.claims_sample import CHIP, changed

REFERENCE = Path(__file__).parents[1] / "data" / "reference"
SCHEMA = json.loads((files("assay") / "data" / "schema" / "audit-1.json").read_text(encoding="utf-8"))


def sheet(name: str) -> dict[str, str]:
    """Metric -> value of a reference table."""
    lines = (REFERENCE / f"{name}.csv").read_text(encoding="utf-8").splitlines()
    return {row["metric"]: row["value"] for row in csv.DictReader(line for line in lines if not line.startswith("#"))}


def metrics(found: Audit) -> dict[str, Metric]:
    return {metric.key: metric for group in found.groups for metric in group.metrics}


def contradicting(text: str) -> dict[str, Check]:
    return {check.rule.key: check for check in audit(parse_chip(text)).contradictions}


# ----- the tutorial's example sheet


def test_the_example_sheet_of_the_tutorial_figure_by_figure() -> None:
    theirs, ours = sheet("eyeriss_v1_metrics_example"), metrics(audit("eyeriss"))
    expected: dict[str, tuple[str, float]] = {
        "accuracy": ("Top-5 error on ImageNet", 1.0),
        "weight_bits": ("Bits per weight", 1.0),
        "activation_bits": ("Bits per input activation", 1.0),
        "batch": ("Batch size", 1.0),
        "runtime": ("Runtime", 1e-3),
        "power": ("Power", 1e-3),
        "offchip_traffic": ("Off-chip access per image inference", 1e6),
        "images_tested": ("Number of images tested", 1.0),
        "area": ("Total core area", 1e-6),
        "onchip_memory": ("Total on-chip memory", 1e3),
        "multipliers": ("Number of multipliers", 1.0),
        "clock": ("Clock", 1e6),
        "area_per_multiplier": ("Core area / multiplier", 1e-6),
        "memory_per_multiplier": ("On-chip memory / multiplier", 1e3),
    }
    for key, (name, size) in expected.items():
        value = ours[key].value
        assert isinstance(value, int | float)
        wanted = float(theirs[name])
        if key == "accuracy":
            wanted = 1 - wanted / 100
        assert value == pytest.approx(wanted * size), key
    assert ours["network"].value == theirs["CNN model"].lower()
    assert (ours["layers"].value, theirs["Supported layers"]) == ("conv", "All CONV")
    assert (ours["basis"].value, theirs["Measured or simulated"]) == (str(Basis.MEASURED), "Measured")
    assert (ours["process"].value, ours["voltage"].value) == ("TSMC 65 nm LP", 1.0)
    assert theirs["Process"] == "65nm LP TSMC (1.0V)"
    assert len(expected) + 4 == len(theirs)


def test_what_follows_from_the_example_sheet() -> None:
    """12.25 / 168 = 0.073, 192 / 168 = 1.14, 4 / 0.1153 = 34.7, 278 mW / 34.7 = 8.01 mJ, 666 M x 34.7 = 23.1 G."""
    scope = Scope(load_chip("eyeriss"), load_chip("eyeriss").run())
    for key, value in {
        "area_per_multiplier": 12.25e-6 / 168,
        "memory_per_multiplier": 192e3 / 168,
        "throughput": 4 / 0.1153,
        "performance": 34.7 * 665_784_864,
        "efficiency": 23.1e9 / 0.278,
    }.items():
        rule = next(each for each in RULES if each.left == key and not each.least)
        found = scope.product(key, rule.right, frozenset({key}))
        assert found is not None
        assert found.value == pytest.approx(value)
        claimed = scope.given[key]
        assert found.low <= claimed.high
        assert claimed.low <= found.high
    ours = metrics(audit("eyeriss"))
    assert ours["energy"].value == pytest.approx(0.278 / 34.7)
    assert ours["utilization"].value == pytest.approx(23.1 / 33.6)
    assert ours["throughput_per_area"].value == pytest.approx(34.7 / 12.25)


def test_eyeriss_is_consistent_and_misses_one_thing() -> None:
    found = audit("eyeriss")
    assert found.sentence == "1 of 22 specifications is missing; nothing contradicts (15 checks)."
    assert [each.asked.key for each in found.found(Status.MISSING)] == ["scaling"]
    assert [each.asked.key for each in found.found(Status.EXEMPT)] == ["corner"]


# ----- contradictions


def test_the_sample_agrees_with_itself() -> None:
    found = audit(parse_chip(CHIP))
    assert found.contradictions == ()
    assert found.found(Status.MISSING) == ()
    assert {check.rule.key for check in found.checked(Agreement.CONSISTENT)} == {rule.key for rule in RULES}


FIGURES = (
    *("clock: 500 MHz", "multipliers: 256", "core_area: 5.12 mm2", "onchip_memory: 512 kB"),
    *("area_per_multiplier: 0.0200 mm2", "memory_per_multiplier: 2.00 kB"),
    *("runtime: 20.00 ms", "latency: 20.00 ms", "throughput: 100.0 inferences/s", "macs: 724.4 MMAC", "batch: 2"),
    *("performance: 72.44 GMAC/s", "utilization: 56.6 %", "power: 500 mW", "energy: 5.00 mJ"),
    *("inferences_per_joule: 200.0 inferences/J", "efficiency: 289.8 GOPS/W"),
)
"""Figures of the sample that an equality holds; each alone determines others."""


@given(st.sampled_from(FIGURES), st.floats(1.2, 50), st.booleans())
def test_a_claim_that_is_wrong_by_a_fifth_is_found(figure: str, factor: float, smaller: bool) -> None:
    key, _, written = figure.partition(": ")
    number, _, unit = written.partition(" ")
    value = float(number) / factor if smaller else float(number) * factor
    if key in ("multipliers", "batch"):
        value = max(1, round(value))
        if 1 / 1.15 < value / float(number) < 1.15:
            return
    if key == "utilization" and value > 100:
        return
    text = changed((f" {figure}\n", f" {key}: {value:.6g} {unit}\n"))
    found = audit(parse_chip(text)).contradictions
    assert found, text
    assert any(
        key in {check.rule.left, *(name for name, _ in check.rule.right)} or _stands(key, check) for check in found
    )


def _stands(key: str, check: Check) -> bool:
    return any(key in operand.source or operand.name == key for operand in check.operands)


@given(
    digits=st.integers(2, 6),
    batch=st.integers(1, 64),
    multipliers=st.integers(1, 10_000),
    clock=st.floats(1e7, 1e9),
    used=st.floats(0.01, 0.9),
    others=st.tuples(*(st.floats(0.1, 10.0) for _ in range(4))),
)
def test_figures_that_were_only_rounded_never_contradict(
    digits: int, batch: int, multipliers: int, clock: float, used: float, others: tuple[float, ...]
) -> None:
    """Whatever a chip truly does: printed with so many digits, its figures agree."""
    macs, power, area, memory = others[0] * 1e9, others[1], others[2], others[3] * 1e6
    performance = used * multipliers * clock
    rate = performance / macs

    def written(value: float) -> str:
        return f"{value:.{digits - 1}e}"

    text = f"""\
assay: chip/1
name: rounded
chip:
  multipliers: {multipliers}
  clock: {written(clock)} Hz
  core_area: {written(area)} mm2
  area_per_multiplier: {written(area / multipliers)} mm2
  onchip_memory: {written(memory)} B
  memory_per_multiplier: {written(memory / multipliers)} B
  peak: {written(2 * multipliers * clock)} OPS
runs:
  - network: theirs
    batch: {batch}
    runtime: {written(batch / rate)} s
    latency: {written(batch / rate)} s
    throughput: {written(rate)} fps
    macs: {written(macs)} MAC
    performance: {written(2 * performance)} OPS
    utilization: {written(100 * used)} %
    power: {written(power)} W
    energy: {written(power / rate)} J
    inferences_per_joule: {written(rate / power)} inferences/J
    efficiency: {written(performance / power)} MAC/s/W
"""
    found = audit(parse_chip(text))
    assert found.contradictions == ()
    assert len(found.checked(Agreement.CONSISTENT)) >= 11


def test_a_mac_taken_for_an_operation_is_named() -> None:
    found = contradicting(changed(("performance: 72.44 GMAC/s", "performance: 72.44 GOPS")))
    assert "were MACs counted as operations?" in found["performance"].remark
    assert found["performance"].factor == pytest.approx(2.0, rel=1e-3)
    found = contradicting(changed(("{value: 256 GOPS, bits: 8}", "{value: 256 GMAC/s, bits: 8}")))
    assert "were operations counted as MACs?" in found["peak"].remark
    assert not contradicting(changed(("{value: 256 GOPS, bits: 8}", "{value: 128 GMAC/s, bits: 8}")))
    other = contradicting(changed(("performance: 72.44 GMAC/s", "performance: 99.44 GMAC/s")))
    assert other["performance"].remark == ""


def test_no_chip_works_above_its_peak() -> None:
    text = """\
assay: chip/1
name: fast
chip: {multipliers: 100, clock: 100 MHz}
runs:
  - {network: alexnet, throughput: 20 inferences/s}
"""
    found = contradicting(text)
    assert set(found) == {"peak_bound"}
    assert found["peak_bound"].factor == pytest.approx(20 * 724_406_816 / 10e9)
    skipping = audit(parse_chip(text + "zeros: skipped\n"))
    assert skipping.contradictions == ()
    (check,) = [each for each in skipping.checks if each.rule.key == "peak_bound"]
    assert (check.outcome, check.remark[:22]) == (Agreement.UNCHECKED, "the chip skips MACs wi")
    assert not contradicting(text.replace("alexnet,", "alexnet, layers: fc,"))  # 59 million MACs alone


def test_bounds_between_figures() -> None:
    assert "tdp" in contradicting(changed(("tdp: 1.00 W", "tdp: 0.30 W")))
    bits = contradicting(changed(("offchip_bandwidth: 2.00 GB/s", "offchip_bandwidth: 2.00 Gb/s")))
    assert bits["offchip"].factor == pytest.approx(4)  # 10 MB a hundred times per second are 8 Gb/s
    assert "offchip" in contradicting(changed(("offchip_bandwidth: 2.00 GB/s", "offchip_bandwidth: 0.90 GB/s")))
    assert "active_pes" in contradicting(changed(("active_pes: 200", "active_pes: 257")))
    assert "active_utilization" in contradicting(changed(("active_pes: 200", "active_pes: 100")))
    assert "core_in_die" in contradicting(changed(("die_area: 6.40 mm2", "die_area: 5.00 mm2")))
    assert "peak_power" in contradicting(
        changed(("peak_efficiency: {value: 320 GOPS/W", "peak_efficiency: {value: 100 GOPS/W"))
    )


def contradictions_of(text: str) -> set[str]:
    """Keys of the rules that the claims of a short file break."""
    return set(contradicting(f"assay: chip/1\nname: short\n{text}\n"))


@pytest.mark.parametrize(
    "text",
    [
        # a peak of sparse operands is not that of the multipliers
        "chip: {clock: 1 GHz, multipliers: 1000, multiplier_bits: 8, peak: {value: 4.00 TOPS, bits: 8, sparse: true}}",
        # whose multipliers they are is not said
        "chip: {clock: 1 GHz, multipliers: 1000, peak: [{value: 2.00 TOPS, bits: 8}, {value: 0.50 TOPS, bits: 16}]}",
        # the best efficiency is that of a lower voltage
        "chip: {peak: 2.00 TOPS, power_at_peak: 1.00 W, peak_efficiency: 8.00 TOPS/W}",
        # multipliers of 8 bits do two products of 4 bits each
        "chip: {clock: 1 GHz, multipliers: 100, multiplier_bits: 8}\n"
        "runs: [{network: alexnet, weight_bits: 4, activation_bits: 4, performance: 180 GMAC/s}]",
        # two peaks of 32 bits
        "chip: {peak: [{value: 19.5 TFLOPS, bits: 32, format: FP32}, {value: 156 TFLOPS, bits: 32, format: TF32}]}\n"
        "runs: [{network: alexnet, weight_bits: 32, performance: 100 TFLOPS}]",
        "chip: {clock: 1 GHz, multipliers: 100, peak: [{value: 0.20 TOPS, bits: 16}, {value: 0.80 TOPS, bits: 4}]}\n"
        "runs: [{network: alexnet, performance: 0.70 TOPS}]",
        # CONV layers alone, which nobody said
        "runs: [{network: alexnet, macs: 666 MMAC, throughput: 34.7 fps, performance: 23.1 GMAC/s}]",
        # two batches at a time
        "runs: [{network: a, batch: 1, in_flight: 2, runtime: 2.00 ms, latency: 2.00 ms, throughput: 1000 fps}]",
        # each efficiency belongs to the peak of its precision
        "chip: {power_at_peak: 1.01 W, peak: [{value: 2.00 TOPS, bits: 8}, {value: 0.50 TOPS, bits: 16}],\n"
        "       peak_efficiency: [{value: 2.00 TOPS/W, bits: 8}, {value: 0.50 TOPS/W, bits: 16}]}",
        # a run at twice the clock of the peak
        "chip: {clock: 100 MHz, multipliers: 100, peak: 20.0 GOPS}\n"
        "runs: [{network: a, clock: 200 MHz, performance: 30.0 GOPS}]",
        # a server with four dies
        "chip: {tdp: 75 W}\nruns: [{network: a, scope: system, power: 384 W}]",
    ],
)
def test_what_may_well_be_true_contradicts_nothing(text: str) -> None:
    assert contradictions_of(text) == set()


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ("chip: {peak: 2.00 TOPS, power_at_peak: 1.00 W, peak_efficiency: 1.00 TOPS/W}", {"peak_efficiency"}),
        ("runs: [{network: alexnet, macs: 600 MMAC}]", {"macs"}),
        ("runs: [{network: alexnet, layers: all, macs: 666 MMAC}]", {"macs"}),
        ("chip: {tdp: 75 W}\nruns: [{network: a, power: 384 W}]", {"tdp"}),
        ("runs: [{network: a, batch: 1, in_flight: 3, runtime: 2.00 ms, throughput: 1000 fps}]", {"little"}),
        ("runs: [{network: a, batch: 4, runtime: 115.3 ms, throughput: 138.8 fps}]", {"throughput"}),
        ("runs: [{network: a, batch: 4, latency: 28.8 ms, throughput: 34.7 fps}]", {"latency", "little"}),
    ],
)
def test_what_cannot_be_true_is_found_beside_it(text: str, rules: set[str]) -> None:
    assert contradictions_of(text) == rules


def test_a_network_written_in_another_way_is_asked_for() -> None:
    found = audit(parse_chip("assay: chip/1\nname: a\nruns: [{network: VGG-16, throughput: 3 fps}]\n"))
    assert "Its MACs are not counted: write 'vgg16' if 'VGG-16' is that network." in found.cautions
    assert not any("not counted" in each for each in audit("tpu_v1").cautions)


def test_littles_law_takes_inferences_in_flight() -> None:
    assert "little" in contradicting(changed(("latency: 20.00 ms", "latency: 40.00 ms")))
    deeper = changed(("latency: 20.00 ms", "latency: 40.00 ms\n    in_flight: 4"))
    assert contradicting(deeper) == {}
    assert "latency" in contradicting(changed(("latency: 20.00 ms", "latency: 40.00 ms")))


def test_the_shape_of_a_network_is_held_against_the_claim() -> None:
    found = contradicting(changed(("macs: 724.4 MMAC", "macs: 1.43 GMAC")))
    assert found["macs"].right is not None
    assert found["macs"].right.value == 724_406_816 == network_macs("alexnet")
    assert network_macs("alexnet", "conv") == 665_784_864
    assert network_macs("a network of their own") is None


def test_the_suspect_stands_in_all_contradictions() -> None:
    found = audit(parse_chip(changed(("power: 500 mW", "power: 900 mW"))))
    assert len(found.contradictions) > 1
    assert found.suspects == ("power",)


def test_peaks_by_precision() -> None:
    text = changed(
        ("{value: 256 GOPS, bits: 8}", "[{value: 256 GOPS, bits: 8}, {value: 64 GOPS, bits: 16, multipliers: 64}]")
    )
    assert contradicting(text) == {}
    assert "peak" in contradicting(text.replace("multipliers: 64}", "multipliers: 65}"))
    unknown = audit(parse_chip(text.replace(", multipliers: 64", "")))
    (check,) = [each for each in unknown.checks if each.rule.key == "peak" and each.outcome is Agreement.UNCHECKED]
    assert check.where == "chip, 16 b"
    widths = unknown.precisions
    assert [each.bit_products for each in widths] == [128e9 * 64, 32e9 * 256]


def test_a_known_inconsistency_of_a_paper_is_found() -> None:
    """Table 3 of the TPU paper mixes production code and performance counters: 12.3 of 92 TOPS is not 12.5 %."""
    found = {check.where for check in audit("tpu_v1").contradictions}
    assert found == {"mlp0", "mlp1", "lstm0", "lstm1", "cnn0", "cnn1"}
    assert {check.rule.key for check in audit("tpu_v1").contradictions} == {"utilization"}
    assert audit("tpu_v1").suspects == ("peak", "performance", "utilization")
    assert {check.claims for check in audit("tpu_v1").contradictions} == {frozenset(audit("tpu_v1").suspects)}


@pytest.mark.parametrize("name", [each for each in chip_names() if each != "tpu_v1"])
def test_other_shipped_chips_do_not_contradict_themselves(name: str) -> None:
    assert audit(name).contradictions == ()


def test_rules_and_definitions_know_every_name() -> None:
    for rule in RULES:
        assert {rule.left, *(name for name, _ in rule.right)} <= NAMES
    for name, factors in DEFINITIONS:
        assert {name, *(each for each, _ in factors)} <= NAMES
    assert product((("a", 1), ("b", -1))) == "a / b"
    assert product((("a", -1),)) == "1 / a"
    assert len({rule.key for rule in RULES}) == len(RULES)


# ----- figures and confidence


def test_what_comes_from_memory_is_marked_and_stays_marked() -> None:
    chip = load_chip("eyeriss_v2")
    ours = {m.key: m for g in figures_of(chip, chip.run("alexnet")) for m in g.metrics}
    for key in ("throughput", "performance", "power", "energy", "onchip_memory", "memory_per_multiplier"):
        assert recalled(ours[key]), key  # derived figures are as good as the worst of what they come from
    assert not recalled(ours["macs"])
    assert audit("eyeriss_v2").from_memory
    a100 = {m.key: m for g in audit("a100").groups for m in g.metrics}
    assert recalled(a100["utilization"])  # which network it was is recalled, and with it its MACs
    assert not recalled(a100["throughput"])
    assert not audit("eyeriss").from_memory


def test_operations_per_watt_come_last() -> None:
    last = audit("eyeriss").groups[-1]
    assert last.key == "operations"
    assert [metric.key for metric in last.metrics] == ["peak", "performance", "peak_efficiency", "efficiency"]
    assert [metric.value for metric in last.metrics] == [67.2e9, 46.2e9, None, pytest.approx(166.2e9)]


def test_json_follows_its_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    asked = Requirements(max_latency=0.033)
    for name in chip_names():
        jsonschema.validate(json.loads(json.dumps(audit(name, requirements=asked).to_dict(), allow_nan=False)), SCHEMA)


def test_a_bound_in_a_divisor_leaves_the_other_side_open() -> None:
    text = changed(
        ("power: 500 mW", "power: {value: 500 mW, bound: at_most}"),
        ("efficiency: 289.8 GOPS/W", "efficiency: 900 GOPS/W"),
    )
    found = audit(parse_chip(text))
    assert "efficiency" not in {
        check.rule.key for check in found.contradictions if check.right and check.right.formula == "performance / power"
    }
    jsonschema.validate(json.loads(json.dumps(found.to_dict(), allow_nan=False)), SCHEMA)


def test_one_contradiction_has_no_suspects() -> None:
    found = audit(parse_chip(changed(("die_area: 6.40 mm2", "die_area: 5.00 mm2"))))
    assert len(found.contradictions) == 1
    assert found.suspects == ()


def test_a_run_by_name() -> None:
    found = audit("eyeriss", run="vgg16")
    assert found.run is not None
    assert found.run.name == "vgg16"
    with pytest.raises(InputError, match="eyeriss has no run 'vgg'"):
        audit("eyeriss", run="vgg")
