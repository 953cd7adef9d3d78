"""Requirements that no mapping can meet are told apart from those that these mappings fail."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import assay
from assay.evaluation.results import Evaluation
from assay.hardware.model import Axis
from assay.metrics.accuracy import given as given_accuracy
from assay.metrics.reach import out_of_reach
from assay.metrics.requirements import Requirements
from assay.metrics.scorecard import scorecard
from tests.evaluation.small import ARRAY, MAC, NETWORK, chip


def evaluated(objective: str = "energy", *, pes: int = 4, lanes: int = 1, batch: int = 2) -> Evaluation:
    array = replace(ARRAY, axes=(Axis("X", pes, ("M",)),))
    hardware = chip(array=array, mac=replace(MAC, macs_per_cycle=lanes))
    return assay.evaluate(NETWORK, hardware, batch=batch, objective=objective, workers=1, cache=False)


def hopeless(found: Evaluation, accuracy: float = 0.6, **asked: float) -> dict[str, str]:
    card = scorecard(found, accuracy=given_accuracy(accuracy))
    return out_of_reach(found, card.judge(Requirements(**asked)))


@settings(max_examples=20, deadline=None)
@given(
    objective=st.sampled_from(["energy", "edp", "latency"]),
    pes=st.integers(1, 7),
    lanes=st.integers(1, 3),
    batch=st.integers(1, 3),
)
def test_what_a_mapping_reaches_is_in_reach(objective: str, pes: int, lanes: int, batch: int) -> None:
    found = evaluated(objective, pes=pes, lanes=lanes, batch=batch)
    assert found.latency
    assert found.throughput
    assert found.energy
    energy = found.energy / batch
    asked = {"max_latency": found.latency, "min_throughput": found.throughput, "max_energy": energy}
    assert hopeless(found, **asked, max_power=energy * found.throughput) == {}


def bounds(found: Evaluation) -> dict[str, float]:
    """The best that any mapping could do, by hand: 60 MACs per inference, 4 per cycle of 1 us, 1 pJ each."""
    return {
        "max_latency": found.batch * 15e-6,
        "min_throughput": 1e6 / 15,
        "max_energy": 60e-12,
    }


@pytest.mark.parametrize("name", ["max_latency", "min_throughput", "max_energy"])
@pytest.mark.parametrize("batch", [1, 3])
def test_the_bound_is_where_the_chip_ends(name: str, batch: int) -> None:
    found = evaluated(batch=batch)
    edge = bounds(found)[name]
    worse = 0.999 if name.startswith("max") else 1.001
    assert hopeless(found, **{name: edge}) == {}
    assert hopeless(found, **{name: edge / worse}) == {}
    assert set(hopeless(found, **{name: edge * worse})) == {name}


def test_power_and_rate_together_leave_too_little_for_the_macs() -> None:
    found = evaluated()
    joules = bounds(found)["max_energy"]
    assert set(hopeless(found, max_power=joules * 99, min_throughput=100.0)) == {"max_power"}
    assert hopeless(found, max_power=joules * 101, min_throughput=100.0) == {}
    assert hopeless(found, max_power=joules * 1e-6) == {}  # at a low rate any power will do


def test_what_no_mapping_changes() -> None:
    assert hopeless(evaluated(), min_accuracy=0.7) == {"min_accuracy": "Accuracy is the same with every mapping."}
    assert hopeless(evaluated(), min_accuracy=0.5) == {}


def test_the_sentences_have_the_numbers() -> None:
    found = evaluated(batch=3)
    peak = "at the peak of 4 MMAC/s"
    assert hopeless(found, min_throughput=1e5, max_latency=1e-5, max_energy=1e-12, max_power=1e-9) == {
        "min_throughput": f"No mapping reaches 100,000 inferences/s: 60 MAC per inference {peak} allow "
        "66,700 inferences/s.",
        "max_latency": f"No mapping takes at most 10 us: the 180 MAC of a batch of 3 take 45 us {peak}, those of one "
        "inference 15 us.",
        "max_energy": "No mapping takes at most 1 pJ per inference: the MACs of an inference alone take 60 pJ.",
        "max_power": "No mapping does 100,000 inferences/s with 1 nW, which leaves 10 fJ per inference (equation (5)): "
        "the MACs of an inference alone take 60 pJ.",
    }
    assert hopeless(evaluated(batch=1), max_latency=1e-5)["max_latency"].endswith(
        f"the 60 MAC of an inference take 15 us {peak}."
    )
