"""Beside other mappers: their mappings count the same here, and ours are never worse."""

from __future__ import annotations

import pytest

from assay.mapper import best_mapping
from tests.mapper.beside import AccelForgeCase, TimeloopCase, accelforge_cases, timeloop_cases

OTHER_RULES = {"simba_chip vgg16_conv3_2", "simba_chip resnet50_conv1", "simba_chip resnet50_c4_3x3"}
"""Timeloop fetches inputs again that are there: "change of step" and "two iterations" in docs/parity-timeloop.md."""


@pytest.mark.parametrize("case", timeloop_cases(), ids=lambda case: case.name)
def test_the_mapping_that_timeloop_found_counts_as_in_timeloop(case: TimeloopCase) -> None:
    for run in case.runs:
        energy, cycles = case.counted(run)
        assert cycles == run.cycles
        if case.name in OTHER_RULES and run is case.runs[0]:
            assert energy < run.energy * (1 - 1e-4)
            energy = case.by_their_rules(run)
        assert energy == pytest.approx(run.energy, rel=1e-6)


@pytest.mark.parametrize("case", timeloop_cases(), ids=lambda case: case.name)
def test_no_mapping_that_timeloop_found_is_better(case: TimeloopCase) -> None:
    einsum, hardware = case.read()
    found = best_mapping(einsum, hardware, "edp")
    assert found.value <= case.least * (1 + 1e-9)
    assert found.lower_bound <= case.least * (1 + 1e-9)


@pytest.mark.parametrize("case", accelforge_cases(), ids=lambda case: case.name)
def test_the_mapping_that_accelforge_found_counts_as_in_accelforge(case: AccelForgeCase) -> None:
    energy, latency = case.counted()
    assert energy == pytest.approx(case.energy, rel=1e-6)
    assert latency == pytest.approx(case.latency, rel=0.05)  # whole cycles here: 22 of them, where the layer is small


@pytest.mark.parametrize("case", accelforge_cases(), ids=lambda case: case.name)
def test_no_mapping_that_accelforge_found_is_better(case: AccelForgeCase) -> None:
    einsum, hardware = case.read()
    found = best_mapping(einsum, hardware)
    assert found.energy is not None
    assert found.energy <= case.energy * (1 + 1e-6)


def test_accelforge_is_missed_where_tiles_stay_under_loops_of_other_memories() -> None:
    """Two layers have a better mapping than AccelForge's, by the same counts."""
    cases = {case.name: case for case in accelforge_cases()}
    for name, share in (("eyeriss matmuls64: Matmul0", 0.9166), ("eyeriss gpt3_6_7B: FFA", 0.86)):
        found = best_mapping(*cases[name].read())
        assert found.energy is not None
        assert found.energy <= cases[name].energy * share
