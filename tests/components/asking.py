"""Asks one estimator, as a hardware file does, without the choice among all."""

from __future__ import annotations

from assay.components.estimate import Estimate
from assay.components.estimator import Estimator
from assay.components.provider import BUILT_IN, Asked, EstimatorProvider
from assay.components.registry import entry_of
from assay.components.technology import Technology


def ask(estimator: type[Estimator], technology: str | None, /, **attributes: object) -> Estimate:
    entries = {name: entry_of(name, value, estimator.component) for name, value in attributes.items()}
    process = None if technology is None else Technology.parse(technology)
    return EstimatorProvider(estimator, BUILT_IN).answer(Asked(entries, process, {}))


def joules(estimate: Estimate, action: str) -> float:
    energy = estimate.energy_of(action)
    assert energy is not None
    return energy


def square_metres(estimate: Estimate) -> float:
    assert estimate.area is not None
    return estimate.area
