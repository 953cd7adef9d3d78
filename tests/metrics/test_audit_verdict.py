"""Verdicts on claims: what is known of a chip, bounds, parts, doubts, held against requirements."""

from __future__ import annotations

import pytest

from assay.metrics.audit import audit
from assay.metrics.claims_reader import parse_chip
from assay.metrics.requirements import Requirements
from assay.metrics.verdict import Outcome, Viability
from tests.metrics.claims_sample import changed


def test_a_verdict_on_recalled_figures_says_so() -> None:
    for least in (50, 500):
        verdict = audit("eyeriss_v2", run="alexnet", requirements=Requirements(min_throughput=least)).verdict
        assert verdict is not None
        assert verdict.remarks[-1] == "From recall, not verified: throughput."
        assert verdict.judgements[0].outcome is (Outcome.MET if least == 50 else Outcome.FAILED)
        assert verdict.judgements[0].caveat == "from recall, not verified"
    seen = audit("eyeriss", requirements=Requirements(min_throughput=5)).verdict
    assert seen is not None
    assert seen.remarks == ()


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
  - {network: a, batch: 2, runtime: {value: 10 ms, bound: at_most}, power: {value: 1.00 W, bound: at_most},
     error: {value: 20 %, bound: at_most}}
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
    text = "assay: chip/1\nname: a\nruns: [{network: a, throughput: {value: 100 fps, bound: at_most}}]\n"
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


def doubts(text: str, run: str | None = None) -> tuple[str, ...]:
    asked = Requirements(max_power=10.0, max_energy=1.0, max_latency=1.0, max_area=1.0)
    verdict = audit(parse_chip(text), run=run, requirements=asked).verdict
    assert verdict is not None
    return tuple(each for each in verdict.remarks if each.startswith("Contradicted"))


def test_what_comes_from_a_contradicted_claim_is_in_doubt_and_nothing_else() -> None:
    hot = changed(("power: 500 mW", "power: 900 mW"), ("scope: chip", "scope: system"), ("    energy: 5.00 mJ\n", ""))
    assert doubts(hot) == ("Contradicted by other claims: power, energy per inference.",)
    small = changed(("die_area: 6.40 mm2", "die_area: 5.00 mm2"), ("scope: chip", "scope: system"))
    assert doubts(small) == ("Contradicted by other claims: chip area.",)
    other = "  - {name: b, network: b, batch: 4, runtime: 1.00 s, latency: 9.00 s, throughput: 99 fps}\nflexibility"
    two = changed(("flexibility", other), ("scope: chip", "scope: system"))
    assert doubts(two) == ()
    assert doubts(two, "b") == ("Contradicted by other claims: latency.",)


TORN = """\
assay: chip/1
name: torn
runs:
  - {network: a, layers: all, scope: system, batch: 1, in_flight: 1, latency: 0.50 ms, throughput: 100 inferences/s,
     power: 250 mW, energy: 9.00 mJ}
"""
"""By its throughput, an inference takes 10 ms, 20 times its latency; by its energy, 900 mW, 3.6 times its power."""
WOULD = "would meet it, but other claims give up to"


@pytest.mark.parametrize(
    ("asked", "outcome", "missing"),
    [
        (Requirements(max_latency=1e-3), Outcome.UNKNOWN, f"500 us {WOULD} 20 times as much"),
        (Requirements(max_latency=9.9e-3), Outcome.UNKNOWN, f"500 us {WOULD} 20 times as much"),
        (Requirements(max_latency=10.1e-3), Outcome.MET, ""),
        (Requirements(max_latency=0.4e-3), Outcome.FAILED, ""),
        (Requirements(max_power=0.3), Outcome.UNKNOWN, f"250 mW {WOULD} 3.6 times as much"),
        (Requirements(max_power=0.91), Outcome.MET, ""),
        (Requirements(min_throughput=6), Outcome.UNKNOWN, f"100 inferences/s {WOULD} 20 times less"),
        (Requirements(min_throughput=4.9), Outcome.MET, ""),
    ],
)  # fmt: skip
def test_a_contradicted_figure_meets_what_it_would_meet_on_the_failing_side(
    asked: Requirements, outcome: Outcome, missing: str
) -> None:
    verdict = audit(parse_chip(TORN), requirements=asked).verdict
    assert verdict is not None
    (only,) = verdict.judgements
    assert (only.outcome, only.missing) == (outcome, missing)
    assert any(each.startswith("Contradicted by other claims") for each in verdict.remarks)


def test_claims_that_contradict_each_other_are_not_viable_on_the_better_one() -> None:
    verdict = audit(parse_chip(TORN), requirements=Requirements(max_latency=1e-3, max_power=0.3)).verdict
    assert verdict is not None
    assert verdict.viability is Viability.UNKNOWN


def test_the_power_of_a_required_rate_is_in_doubt_as_its_energy_is() -> None:
    """At 10 inferences/s and 9 mJ: 90 mW; 162 mW where the power at full speed is 1.8 times less than it should be."""
    for power, most, outcome in (
        ("900 mW", 0.1, Outcome.MET),
        ("500 mW", 0.1, Outcome.UNKNOWN),
        ("500 mW", 0.2, Outcome.MET),
    ):
        claims = parse_chip(TORN.replace("power: 250 mW", f"power: {power}"))
        verdict = audit(claims, requirements=Requirements(min_throughput=10, max_power=most)).verdict
        assert verdict is not None
        assert {each.limit.metric: each.outcome for each in verdict.judgements}["power"] is outcome


def test_an_accuracy_that_is_a_score_is_not_judged_as_a_percentage() -> None:
    text = changed(("accuracy_metric: top-5", "accuracy_metric: BLEU"), ("accuracy: 80.0 %", "accuracy: 28.4"))
    found = audit(parse_chip(text), requirements=Requirements(min_accuracy=0.2))
    (accuracy,) = [each for each in found.groups[0].metrics if each.key == "accuracy"]
    assert accuracy.value == 28.4
    assert found.verdict is not None
    assert found.verdict.viability is Viability.UNKNOWN


def test_a_bound_of_the_chip_is_no_part_of_a_power() -> None:
    text = "assay: chip/1\nname: a\nchip: {tdp: 1 W}\nruns: [{network: a, layers: all, scope: chip, batch: 1}]\n"
    verdict = audit(parse_chip(text), requirements=Requirements(max_power=2.0)).verdict
    assert verdict is not None
    assert verdict.viability is Viability.VIABLE
