"""Mappings are chosen for what is required; power is judged at the rate that is required."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from assay.hardware.model import Hardware
from assay.metrics.metric import Bound, Metric
from assay.metrics.requirements import Requirements
from assay.metrics.suitability import find_suitable
from assay.metrics.verdict import Outcome, Verdict, Viability, judge
from tests.evaluation.small import CHIP


@dataclass(frozen=True)
class Figures:
    """Stands for an evaluation and its scorecard."""

    objective: str
    latency: float
    energy: float
    macs: int = 10
    batch: int = 1
    peak_macs_per_second: float = 1000.0  # 10 ms for an inference
    hardware: Hardware = CHIP

    def energy_of(self, component: str) -> float:
        assert component == "mac"
        return 1e-4

    def judge(self, requirements: Requirements) -> Verdict:
        values = {
            "latency": Metric("latency", "Latency", self.latency, "s"),
            "energy": Metric("energy", "Energy per inference", self.energy, "J"),
        }
        return judge(values, requirements)


FIGURES = {
    "energy": Figures("energy", 0.3, 1e-3),
    "edp": Figures("edp", 0.2, 2e-3),
    "latency": Figures("latency", 0.1, 5e-3),
}


def verdict(requirements: Requirements) -> tuple[str, Verdict]:
    tried: list[str] = []

    def run(objective: str) -> Figures:
        tried.append(objective)
        return FIGURES[objective]

    found = find_suitable(run, lambda each: each, requirements)  # type: ignore[arg-type, return-value]
    assert tried[-1] == found.evaluation.objective or len(tried) == 3
    return found.evaluation.objective, found.verdict


@pytest.mark.parametrize(
    ("latency", "energy", "objective", "viability"),
    [
        (0.35, 1e-2, "energy", Viability.VIABLE),
        (0.25, 1e-2, "edp", Viability.VIABLE),
        (0.15, 1e-2, "latency", Viability.VIABLE),
        (0.15, 3e-3, "energy", Viability.NOT_VIABLE),
        (0.05, 1e-2, "energy", Viability.NOT_VIABLE),
    ],
)
def test_the_first_mappings_that_meet_all_are_taken(
    latency: float, energy: float, objective: str, viability: Viability
) -> None:
    found, judged = verdict(Requirements(max_latency=latency, max_energy=energy))
    assert (found, judged.viability) == (objective, viability)


def test_remarks_say_what_was_tried() -> None:
    _, judged = verdict(Requirements(max_latency=0.25))
    assert judged.remarks[0].startswith(
        "Mappings of least energy were tried first: latency 300 ms, at most 250 ms: failed"
    )
    _, judged = verdict(Requirements(max_latency=0.05))
    assert [each.split(" fail, too")[0] for each in judged.remarks] == [
        "Mappings of least energy × latency (--objective edp)",
        "Mappings of least latency (--objective latency)",
    ]


@pytest.mark.parametrize(
    ("asked", "tried"),
    [
        (Requirements(max_latency=0.005), 1),  # beyond the peak: no use to try others
        (Requirements(max_latency=0.005, max_energy=5e-5), 1),
        (Requirements(max_latency=0.005, max_energy=5e-4), 3),  # others might take less energy
        (Requirements(max_latency=0.05), 3),
    ],
)
def test_what_no_mapping_meets_is_said_and_not_searched_for(asked: Requirements, tried: int) -> None:
    done: list[str] = []

    def run(objective: str) -> Figures:
        done.append(objective)
        return FIGURES[objective]

    found = find_suitable(run, lambda each: each, asked)  # type: ignore[arg-type, return-value]
    assert len(done) == tried
    assert found.evaluation.objective == "energy"
    hopeless = asked.max_latency == 0.005
    assert found.verdict.remarks[0].startswith("No mapping takes at most 5 ms") is hopeless
    assert len(found.verdict.remarks) == tried - 1 + hopeless + (asked.max_energy == 5e-5)


def at_rate(power: float, energy: float, speed: float, requirements: Requirements) -> Verdict:
    values = {
        "power": Metric("power", "Power", power, "W"),
        "energy": Metric("energy", "Energy per inference", energy, "J"),
        "throughput": Metric("throughput", "Throughput", speed, "inferences/s"),
    }
    return judge(values, requirements, caveats={"power": "without leakage"})


def test_power_is_that_of_the_required_rate() -> None:
    asked = Requirements(max_power=0.3, min_throughput=30)
    found = at_rate(0.5, 5e-3, 100, asked)
    assert found.viability is Viability.VIABLE
    power = next(each for each in found.judgements if each.limit.metric == "power")
    assert power.metric is not None
    assert power.metric.value == pytest.approx(0.15)
    assert power.caveat.startswith("at the required 30 inferences/s")
    assert power.caveat.endswith("500 mW at full speed; without leakage")


def test_what_leaks_between_inferences_counts() -> None:
    """As at 30 inferences/s a chip of 100 waits for 70 % of the time: 150 mW for the work, and 70 % of 24 mW."""
    values = {
        "power": Metric("power", "Power", 0.5, "W"),
        "energy": Metric("energy", "Energy per inference", 5e-3, "J"),
        "throughput": Metric("throughput", "Throughput", 100, "inferences/s"),
        "idle_power": Metric("idle_power", "Power while it waits", 0.024, "W"),
    }
    (found,) = (
        each
        for each in judge(values, Requirements(max_power=0.16, min_throughput=30)).judgements
        if each.limit.metric == "power"
    )
    assert found.metric is not None
    assert found.metric.value == pytest.approx(0.15 + 0.7 * 0.024)
    assert found.outcome is Outcome.FAILED
    assert "24 mW of leakage in between" in found.caveat


@pytest.mark.parametrize(
    ("power", "energy", "speed", "asked", "judged"),
    [
        (0.5, 5e-3, 100, Requirements(max_power=0.3), 0.5),  # no rate is required
        (0.5, 2e-2, 25, Requirements(max_power=0.3, min_throughput=30), 0.5),  # it is too slow
        (1.5, 1.5e-2, 100, Requirements(max_power=0.3, min_throughput=30), 0.45),  # too much at that rate, too
    ],
)
def test_power_fails_where_the_rate_does_not_help(
    power: float, energy: float, speed: float, asked: Requirements, judged: float
) -> None:
    found = at_rate(power, energy, speed, asked)
    only = next(each for each in found.judgements if each.limit.metric == "power")
    assert only.outcome is Outcome.FAILED
    assert only.metric is not None
    assert only.metric.value == pytest.approx(judged)


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        ({}, Outcome.MET),
        ({"energy": Bound.AT_MOST}, Outcome.MET),
        ({"energy": Bound.AT_LEAST}, Outcome.UNKNOWN),  # at least 150 mW at that rate
        ({"power": Bound.AT_LEAST}, Outcome.MET),  # it is the energy that counts
    ],
)
def test_power_at_the_rate_is_a_bound_where_the_energy_is(bounds: dict[str, Bound], expected: Outcome) -> None:
    values = {
        "power": Metric("power", "Power", 0.5, "W"),
        "energy": Metric("energy", "Energy per inference", 5e-3, "J"),
        "throughput": Metric("throughput", "Throughput", 100.0, "inferences/s"),
    }
    (_, power) = judge(values, Requirements(max_power=0.3, min_throughput=30), bounds=bounds).judgements
    assert power.outcome is expected
