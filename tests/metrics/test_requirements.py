"""Requirements are held against figures; a verdict follows."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.errors import InputError
from assay.metrics.metric import Basis, Metric
from assay.metrics.requirements import LIMITS, Requirements
from assay.metrics.verdict import QUESTIONS, Outcome, Verdict, Viability, judge


def metrics(**values: float | None) -> dict[str, Metric]:
    units = {limit.metric: limit.unit for limit in LIMITS}
    return {
        key: Metric(key, key.capitalize(), value, units.get(key, "%"), Basis.MEASURED) for key, value in values.items()
    }


EYERISS = metrics(accuracy=0.802, latency=0.1153, throughput=34.7, power=0.278, energy=0.008, area=12.25e-6)

SOUND = {
    "min_accuracy": st.floats(0.01, 1),
    "max_latency": st.floats(1e-3, 10),
    "min_throughput": st.floats(1, 1e3),
    "max_power": st.floats(1e-3, 10),
    "max_energy": st.floats(1e-4, 1),
    "max_area": st.floats(1e-7, 1e-3),
}


def requirements() -> st.SearchStrategy[Requirements]:
    return st.fixed_dictionaries({}, optional=SOUND).map(lambda found: Requirements(**found))


figures = st.fixed_dictionaries(
    {}, optional={limit.metric: st.none() | st.floats(1e-7, 1.0, allow_subnormal=False) for limit in LIMITS}
).map(lambda found: metrics(**found))


def outcomes(verdict: Verdict) -> dict[str, Outcome]:
    return {each.limit.name: each.outcome for each in verdict.judgements}


def test_the_chip_of_the_tutorial() -> None:
    verdict = judge(EYERISS, Requirements(min_accuracy=0.8, max_latency=0.033, min_throughput=30, max_power=0.3))
    assert verdict.viability is Viability.NOT_VIABLE
    assert verdict.sentence == "Not viable for these requirements: latency fails."
    assert [each.outcome for each in verdict.answers] == [Outcome.MET, Outcome.FAILED, Outcome.MET, None, None, None]
    accuracy, latency, throughput, power = verdict.judgements
    assert accuracy.sentence == "Accuracy 80.2 %, at least 80 %: met by 0.2 points"
    words = "Latency 115 ms, at most 33 ms: failed, 82.3 ms too much (3.49 times what is allowed)"
    assert latency.sentence == words
    assert (
        throughput.sentence
        == "Throughput 34.7 inferences/s, at least 30 inferences/s: met with 4.7 inferences/s to spare"
    )
    assert power.sentence == "Power 278 mW, at most 300 mW: met with 22 mW to spare"
    assert latency.ratio == pytest.approx(0.1153 / 0.033)
    assert latency.difference == pytest.approx(0.0823)


def test_too_little_says_how_much_is_needed() -> None:
    (only,) = judge(EYERISS, Requirements(min_throughput=60)).judgements
    assert only.sentence.endswith("failed, 25.3 inferences/s too little (1.73 times as much is needed)")
    (only,) = judge(EYERISS, Requirements(min_accuracy=0.9)).judgements
    assert only.sentence == "Accuracy 80.2 %, at least 90 %: failed, 9.8 points too little"
    (only,) = judge(EYERISS, Requirements(max_area=12.25e-6)).judgements
    assert only.sentence == "Chip area 12.25 mm2, at most 12.25 mm2: met, exactly"


def test_what_is_not_known_is_unknown_and_says_what_is_missing() -> None:
    values = {"power": Metric("power", "Power", None, "W", missing="the hardware gives no energy of mac")}
    verdict = judge(values, Requirements(max_power=1.0, max_latency=1.0))
    assert verdict.viability is Viability.UNKNOWN
    assert verdict.sentence == (
        "Unknown for these requirements: latency and power cannot be judged; none that is known fails."
    )
    assert [each.missing for each in verdict.judgements] == [
        "no latency is given",
        "the hardware gives no energy of mac",
    ]
    text = {"latency": Metric("latency", "Latency", "quick", "s")}
    assert outcomes(judge(text, Requirements(max_latency=1.0))) == {"max_latency": Outcome.UNKNOWN}


def test_a_failure_decides_whatever_is_unknown() -> None:
    verdict = judge(metrics(latency=2.0), Requirements(max_latency=1.0, max_power=1.0))
    assert verdict.viability is Viability.NOT_VIABLE
    assert verdict.sentence == "Not viable for these requirements: latency fails; 1 more cannot be judged."


def test_caveats_qualify_what_is_met_and_not_what_fails() -> None:
    caveats = {"power": "without the clock network"}
    met = judge(metrics(power=0.1), Requirements(max_power=1.0), caveats=caveats)
    assert met.sentence == "Viable for these requirements, as far as these figures reach."
    assert met.judgements[0].sentence.endswith(" (without the clock network)")
    failed = judge(metrics(power=2.0), Requirements(max_power=1.0), caveats=caveats)
    assert failed.viability is Viability.NOT_VIABLE
    assert "clock" not in failed.judgements[0].sentence


def test_nothing_required() -> None:
    verdict = judge(EYERISS, Requirements())
    assert verdict.viability is Viability.UNKNOWN
    assert verdict.sentence == "Nothing is required, so nothing is judged."
    assert all(answer.outcome is None for answer in verdict.answers)


def test_the_six_questions_in_their_order() -> None:
    verdict = judge(EYERISS | metrics(flexibility=0.7, scalability=0.9), Requirements(max_area=1.0))
    assert [answer.number for answer in verdict.answers] == [1, 2, 3, 4, 5, 6]
    assert [answer.question for answer in verdict.answers] == [question for question, _ in QUESTIONS]
    assert [metric.key for answer in verdict.answers for metric in answer.metrics] == [
        *("accuracy", "latency", "throughput", "power", "energy", "area", "flexibility", "scalability")
    ]


def test_what_follows_from_two_requirements() -> None:
    little, power = Requirements(max_latency=0.033, min_throughput=30, max_power=0.3).remarks
    assert "leave room for 0.99 inferences in flight" in little
    assert "the smaller of 33 ms and b × 33.3 ms" in little
    assert power == "By equation (5), the required throughput within this power allows 10 mJ per inference."
    assert Requirements(max_latency=0.033).remarks == ()
    (loose,) = Requirements(min_throughput=30, max_power=0.3, max_energy=0.02).remarks
    assert loose.endswith("allows 10 mJ per inference, which is stricter than the energy that is required.")
    (tight,) = Requirements(min_throughput=30, max_power=0.3, max_energy=0.005).remarks
    assert tight.endswith("allows 10 mJ per inference.")


@given(values=figures, asked=requirements(), data=st.data())
def test_a_tighter_requirement_never_makes_it_viable(
    values: dict[str, Metric], asked: Requirements, data: st.DataObject
) -> None:
    before = judge(values, asked)
    limit = data.draw(st.sampled_from(LIMITS))
    old = getattr(asked, limit.name)
    new = data.draw(SOUND[limit.name])
    if old is not None:
        new = max(old, new) if limit.least else min(old, new)
    tighter = {each.name: getattr(asked, each.name) for each in LIMITS} | {limit.name: new}
    after = judge(values, Requirements(**tighter))
    if before.viability is Viability.NOT_VIABLE:
        assert after.viability is Viability.NOT_VIABLE
    if after.viability is Viability.VIABLE:
        assert before.viability is Viability.VIABLE or not asked.stated


@given(values=figures, asked=requirements())
def test_the_verdict_follows_from_the_outcomes(values: dict[str, Metric], asked: Requirements) -> None:
    verdict = judge(values, asked)
    found = outcomes(verdict)
    assert set(found) == {limit.name for limit, _ in asked.stated}
    for limit, required in asked.stated:
        metric = values.get(limit.metric)
        value: Any = None if metric is None else metric.value
        if value is None:
            assert found[limit.name] is Outcome.UNKNOWN
        else:
            met = value >= required if limit.least else value <= required
            assert found[limit.name] is (Outcome.MET if met else Outcome.FAILED)
    if Outcome.FAILED in found.values():
        assert verdict.viability is Viability.NOT_VIABLE
    elif not found or Outcome.UNKNOWN in found.values():
        assert verdict.viability is Viability.UNKNOWN
    else:
        assert verdict.viability is Viability.VIABLE
    assert verdict.sentence
    assert all(each.sentence for each in verdict.judgements)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"max_latency": 0.0}, "--max-latency: a requirement of at most 0 s can be met by nothing"),
        ({"max_power": -1.0}, "--max-power: a requirement of at most -1 W can be met by nothing"),
        ({"min_throughput": 0.0}, "--min-throughput: a requirement of at least 0 inferences/s asks for nothing"),
        ({"min_accuracy": 1.2}, "no accuracy is above 100 %, and 120 % is required"),
        ({"max_area": math.nan}, "max_area is nan; it must be a number"),
        ({"max_energy": math.inf}, "max_energy is inf; it must be a number"),
        ({"max_energy": "10"}, "max_energy is '10'; it must be a number"),
        ({"max_energy": True}, "max_energy is True; it must be a number"),
    ],
)
def test_impossible_requirements_are_refused(asked: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        Requirements(**asked)


def test_a_figure_in_another_unit_is_refused() -> None:
    with pytest.raises(InputError, match="Power is in mW; it is judged in W"):
        judge({"power": Metric("power", "Power", 278.0, "mW")}, Requirements(max_power=1.0))


@pytest.mark.parametrize(
    ("values", "asked", "words"),
    [
        (
            {"latency": 0.03305},
            {"max_latency": 0.033},
            "Latency 33.1 ms, at most 33 ms: failed, 50 us too much (0.15 % more than is allowed)",
        ),
        (
            {"latency": 0.0330001},
            {"max_latency": 0.033},
            "Latency 33.0001 ms, at most 33 ms: failed, 100 ns too much (0.0003 % more than is allowed)",
        ),
        (
            {"throughput": 29.9999},
            {"min_throughput": 30},
            "Throughput 29.9999 inferences/s, at least 30 inferences/s: failed, 0.0001 inferences/s too little "
            "(0.00033 % more is needed)",
        ),
        (
            {"throughput": 1000.4},
            {"min_throughput": 1000},
            "Throughput 1,000.4 inferences/s, at least 1,000 inferences/s: met with 0.4 inferences/s to spare",
        ),
        ({"accuracy": 0.80204}, {"min_accuracy": 0.802}, "Accuracy 80.204 %, at least 80.2 %: met by 0.004 points"),
        ({"accuracy": 0.812}, {"min_accuracy": 0.802}, "Accuracy 81.2 %, at least 80.2 %: met by 1 point"),
        (
            {"area": 12.25e-6},
            {"max_area": 12.24999e-6},
            "Chip area 12.25 mm2, at most 12.24999 mm2: failed, 10 um2 too much (8.2e-05 % more than is allowed)",
        ),
        ({"power": 0.5}, {"max_power": 0.5}, "Power 500 mW, at most 500 mW: met, exactly"),
    ],
)
def test_near_the_limit_both_sides_are_told_apart(
    values: dict[str, float], asked: dict[str, float], words: str
) -> None:
    (only,) = judge(metrics(**values), Requirements(**asked)).judgements
    assert only.sentence == words


def test_nothing_at_all_is_too_little() -> None:
    (only,) = judge(metrics(throughput=0.0), Requirements(min_throughput=30)).judgements
    assert only.sentence == "Throughput 0 inferences/s, at least 30 inferences/s: failed, 30 inferences/s too little"
