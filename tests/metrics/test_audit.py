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
from assay.metrics.audit_rules import NAMES, RULES, Check, Outcome
from assay.metrics.audit_scope import DEFINITIONS, Scope, network_macs, product
from assay.metrics.audit_specs import SPECIFICATIONS
from assay.metrics.claims import CONFIDENCE_WORDS, Confidence
from assay.metrics.claims_reader import chip_names, load_chip, parse_chip
from assay.metrics.metric import Basis, Metric
from assay.metrics.requirements import Requirements, Viability
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
    assert found.sentence == "1 of 20 specifications is missing; nothing contradicts (15 checks)."
    assert [gap.key for gap in found.gaps] == ["scaling"]


# ----- contradictions


def test_the_sample_agrees_with_itself() -> None:
    found = audit(parse_chip(CHIP))
    assert found.contradictions == ()
    assert not found.gaps
    assert {check.rule.key for check in found.checked(Outcome.CONSISTENT)} == {rule.key for rule in RULES}


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
    assert len(found.checked(Outcome.CONSISTENT)) >= 11


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
    assert (check.outcome, check.remark[:22]) == (Outcome.UNCHECKED, "the chip skips MACs wi")
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
    assert "power" in found.suspects


def test_peaks_by_precision() -> None:
    text = changed(
        ("{value: 256 GOPS, bits: 8}", "[{value: 256 GOPS, bits: 8}, {value: 64 GOPS, bits: 16, multipliers: 64}]")
    )
    assert contradicting(text) == {}
    assert "peak" in contradicting(text.replace("multipliers: 64}", "multipliers: 65}"))
    unknown = audit(parse_chip(text.replace(", multipliers: 64", "")))
    (check,) = [each for each in unknown.checks if each.rule.key == "peak" and each.outcome is Outcome.UNCHECKED]
    assert check.where == "chip, 16 b"
    widths = unknown.precisions
    assert [each.bit_products for each in widths] == [128e9 * 64, 32e9 * 256]


def test_a_known_inconsistency_of_a_paper_is_found() -> None:
    """Table 3 of the TPU paper mixes production code and performance counters: 12.3 of 92 TOPS is not 12.5 %."""
    found = {check.where for check in audit("tpu_v1").contradictions}
    assert found == {"mlp0", "mlp1", "lstm0", "lstm1", "cnn0", "cnn1"}
    assert {check.rule.key for check in audit("tpu_v1").contradictions} == {"utilization"}


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


# ----- what is missing


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ((("    accuracy: 80.0 %\n", ""),), {"accuracy"}),
        ((("    dataset: ImageNet\n", ""),), {"dataset"}),
        ((("    activation_bits: 8\n", ""),), {"precision"}),
        ((("    batch: 2\n", ""), ("    latency: 20.00 ms\n", "")), {"batch"}),
        ((("    offchip_traffic: 10.00 MB\n", ""),), {"offchip"}),
        ((("    offchip_traffic: 10.00 MB\n", ""), ("scope: chip", "scope: board")), set()),
        ((("    scope: chip\n", ""),), {"scope"}),
        ((("  process: 28 nm\n", ""),), {"process"}),
        ((("  core_area: 5.12 mm2\n", ""), ("  die_area: 6.40 mm2\n", "")), {"area"}),
        ((("  onchip_memory: 512 kB\n", ""),), {"onchip_memory"}),
        ((("  offchip_bandwidth: 2.00 GB/s\n", ""),), {"offchip_bandwidth"}),
        ((("    layers: all\n", ""),), {"layers"}),
        ((("    images_tested: 100\n", ""),), {"images"}),
        ((("    basis: measured\n", ""),), {"basis"}),
        ((("    basis: measured\n", "    basis: after layout\n"),), {"corner"}),
        ((("flexibility: AlexNet alone was tried\n", ""),), {"networks"}),
        ((("scalability: {value: to 1024 PEs, note: simulated}\n", ""),), {"scaling"}),
    ],
)
def test_what_is_left_out_is_missed(changes: tuple[tuple[str, str], ...], expected: set[str]) -> None:
    found = audit(parse_chip(changed(*changes)))
    assert {gap.key for gap in found.gaps} == expected
    for gap in found.gaps:
        assert "section" in gap.source
        assert gap.without.endswith(".")


def test_a_peak_alone_leaves_everything_open() -> None:
    found = audit(parse_chip("assay: chip/1\nname: a\nchip: {peak: 100 TOPS}\n"))
    assert next(gap.key for gap in found.gaps) == "network"
    assert "cores" not in {gap.key for gap in found.gaps}
    assert found.sentence.endswith("too little is given to check anything.")
    assert found.run is None


def test_specifications_have_keys_of_their_own() -> None:
    assert len({each.key for each in SPECIFICATIONS}) == len(SPECIFICATIONS)


# ----- figures, confidence and verdict


def test_what_comes_from_memory_is_marked_and_stays_marked() -> None:
    chip = load_chip("eyeriss_v2")
    ours = {m.key: m for g in figures_of(chip, chip.run("alexnet")) for m in g.metrics}
    words = CONFIDENCE_WORDS[Confidence.MEMORY]
    for key in ("throughput", "performance", "power", "energy", "onchip_memory", "memory_per_multiplier"):
        assert words in ours[key].note, key  # derived figures are as good as the worst of what they come from
        assert recalled(ours[key])
    assert not recalled(ours["macs"])
    assert audit("eyeriss_v2").from_memory
    assert not audit("eyeriss").from_memory


def test_a_verdict_on_recalled_figures_says_so() -> None:
    for least in (50, 500):
        verdict = audit("eyeriss_v2", run="alexnet", requirements=Requirements(min_throughput=least)).verdict
        assert verdict is not None
        assert verdict.remarks[-1] == "From recall, not verified: throughput."
    seen = audit("eyeriss", requirements=Requirements(min_throughput=5)).verdict
    assert seen is not None
    assert seen.remarks == ()


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
        ("power: 500 mW", "power: {value: 500 mW, at_most: true}"),
        ("efficiency: 289.8 GOPS/W", "efficiency: 900 GOPS/W"),
    )
    found = audit(parse_chip(text))
    assert "efficiency" not in {
        check.rule.key for check in found.contradictions if check.right and check.right.formula == "performance / power"
    }
    jsonschema.validate(json.loads(json.dumps(found.to_dict(), allow_nan=False)), SCHEMA)


def test_verdicts() -> None:
    slow = audit("eyeriss", requirements=Requirements(max_latency=0.033)).verdict
    assert slow is not None
    assert slow.viability is Viability.NOT_VIABLE
    assert slow.judgements[0].ratio == pytest.approx(0.1153 / 0.033)
    fits = audit("eyeriss", requirements=Requirements(min_throughput=30, max_power=0.3, min_accuracy=0.8)).verdict
    assert fits is not None
    assert fits.viability is Viability.UNKNOWN  # what meets it is a part of the whole
    missing = {each.limit.metric: each.missing for each in fits.judgements}
    assert missing["power"] == "278 mW would meet it, but are those of the chip without the off-chip memory"
    assert missing["throughput"] == "34.7 inferences/s would meet it, but are those of CONV layers alone"
    assert missing["accuracy"] == ""
    hot = audit("eyeriss", requirements=Requirements(max_power=0.2)).verdict
    assert hot is not None
    assert hot.viability is Viability.NOT_VIABLE  # a part that fails is enough
    small = audit("eyeriss", requirements=Requirements(max_area=20e-6, min_accuracy=0.8)).verdict
    assert small is not None
    assert small.viability is Viability.VIABLE
    unknown = audit("a100", requirements=Requirements(max_latency=0.01)).verdict
    assert unknown is not None
    assert unknown.viability is Viability.UNKNOWN


def test_an_upper_bound_meets_a_limit_and_fails_none() -> None:
    for limit, expected in ((400e-6, Viability.VIABLE), (300e-6, Viability.UNKNOWN)):
        verdict = audit("tpu_v1", requirements=Requirements(max_area=limit)).verdict
        assert verdict is not None
        assert verdict.viability is expected
    assert verdict.judgements[0].missing == "only an upper bound of 331 mm2 is given: die area"


BOUNDED = """\
assay: chip/1
name: bounded
runs:
  - {network: a, batch: 2, runtime: {value: 10 ms, at_most: true}, power: {value: 1.00 W, at_most: true},
     error: {value: 20 %, at_most: true}}
"""


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (Requirements(max_latency=0.02), Viability.VIABLE),
        (Requirements(max_latency=0.005), Viability.UNKNOWN),
        (Requirements(min_throughput=150), Viability.VIABLE),  # at least 200 inferences/s
        (Requirements(min_throughput=300), Viability.UNKNOWN),
        (Requirements(max_power=2), Viability.VIABLE),
        (Requirements(max_power=0.5), Viability.UNKNOWN),
        (Requirements(max_energy=0.001), Viability.UNKNOWN),
        (Requirements(min_accuracy=0.75), Viability.VIABLE),
        (Requirements(min_accuracy=0.85), Viability.UNKNOWN),
    ],
)
def test_what_follows_from_a_bound_is_one(asked: Requirements, expected: Viability) -> None:
    verdict = audit(parse_chip(BOUNDED), requirements=asked).verdict
    assert verdict is not None
    assert verdict.viability is expected


def test_an_upper_bound_fails_a_minimum() -> None:
    text = "assay: chip/1\nname: a\nruns: [{network: a, throughput: {value: 100 fps, at_most: true}}]\n"
    verdict = audit(parse_chip(text), requirements=Requirements(min_throughput=200)).verdict
    assert verdict is not None
    assert verdict.viability is Viability.NOT_VIABLE


def test_the_die_is_judged_where_it_is_known() -> None:
    for name, limit, expected in (
        ("eyeriss", 13e-6, Viability.NOT_VIABLE),  # core 12.25 mm2, die 16.0 mm2
        ("isaac", 65e-6, Viability.NOT_VIABLE),  # tiles 62.5 mm2, with links 85.4 mm2
        ("isaac", 90e-6, Viability.VIABLE),
    ):
        verdict = audit(name, requirements=Requirements(max_area=limit)).verdict
        assert verdict is not None
        assert verdict.viability is expected, name
    core = audit("nvdla_2048", requirements=Requirements(max_area=4e-6)).verdict
    assert core is not None
    assert core.judgements[0].caveat == "the core alone"


def test_a_power_that_is_not_given_has_a_bound() -> None:
    for name, limit, expected in (
        ("h100", 400.0, Viability.VIABLE),
        ("h100", 300.0, Viability.UNKNOWN),
        ("isaac", 70.0, Viability.VIABLE),
    ):
        verdict = audit(name, requirements=Requirements(max_power=limit)).verdict
        assert verdict is not None
        assert verdict.viability is expected, name
    unknown = audit("h100", requirements=Requirements(max_power=300)).verdict
    assert unknown is not None
    assert unknown.judgements[0].missing == "only an upper bound of 350 W is given: thermal design power"


def test_a_verdict_says_what_its_figures_leave_out() -> None:
    text = changed(("scope: chip", "scope: chip\n    dram_power: 700 mW"), ("    layers: all\n", ""))
    verdict = audit(parse_chip(text), requirements=Requirements(max_power=0.6, min_throughput=50)).verdict
    assert verdict is not None
    assert [each.caveat for each in verdict.judgements] == ["which layers were run is not said", ""]
    part = "500 mW would meet it, but are those of the chip without the off-chip memory, which takes 700 mW"
    assert verdict.judgements[1].missing == part
    silent = audit(parse_chip(changed(("    scope: chip\n", ""))), requirements=Requirements(max_power=0.6)).verdict
    assert silent is not None
    assert silent.judgements[0].caveat == "what it includes is not said"


def test_a_verdict_on_figures_that_are_contradicted_says_so() -> None:
    text = changed(("power: 500 mW", "power: 900 mW"), ("scope: chip", "scope: system"))
    for limit in (1.0, 0.1):
        asked = Requirements(max_power=limit, max_latency=0.03)
        verdict = audit(parse_chip(text), requirements=asked).verdict
        assert verdict is not None
        assert verdict.remarks[-1] == "Contradicted by other claims: power."


def test_an_accuracy_that_is_a_score_is_not_judged_as_a_percentage() -> None:
    text = changed(("accuracy_metric: top-5", "accuracy_metric: BLEU"), ("accuracy: 80.0 %", "accuracy: 28.4"))
    found = audit(parse_chip(text), requirements=Requirements(min_accuracy=0.2))
    assert metrics(found)["accuracy"].value == 28.4
    assert found.verdict is not None
    assert found.verdict.viability is Viability.UNKNOWN


def test_a_run_by_name() -> None:
    found = audit("eyeriss", run="vgg16")
    assert found.run is not None
    assert found.run.name == "vgg16"
    with pytest.raises(InputError, match="eyeriss has no run 'vgg'"):
        audit("eyeriss", run="vgg")
