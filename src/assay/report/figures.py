"""What only reports of evaluations say of figures; all others are in `reading.figures`."""

from __future__ import annotations

from assay.evaluation.results import Evaluation
from assay.reading.units import NOT_MODELLED
from assay.reading.words import listed

OBJECTIVE_NAMES = {"energy": "energy", "latency": "latency", "edp": "EDP"}
"""What people call the objectives."""


def missing_energy(evaluation: Evaluation, before: str) -> str:
    """What the energy is without: ` array transfers: not modelled` behind `before`; nothing where it is complete."""
    names = evaluation.energy_without
    return f"{before}{listed(names)} transfers: {NOT_MODELLED}" if names else ""
