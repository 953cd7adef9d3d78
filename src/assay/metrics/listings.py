"""What comes with Assay, as data: networks, hardware, published chips, components."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from assay.components.estimator import Attribute
from assay.components.provider import Provider
from assay.evaluation.results import onchip_bits
from assay.hardware.model import Hardware
from assay.metrics.claims import Chip, Confidence
from assay.reading.units import NUMBER
from assay.workload.network import Network


def networks_to_dict(networks: Sequence[Network]) -> dict[str, Any]:
    """As in the schema `assay.network_list/1`; figures are for one inference."""
    found = [
        {
            "name": each.name,
            "title": each.title,
            "layers": len(each.layers),
            "layers_with_macs": sum(layer.einsum is not None for layer in each.layers),
            "macs": each.macs,
            "weights": each.weights,
            "source": each.source,
        }
        for each in networks
    ]
    return {"schema": "assay.network_list/1", "networks": found}


def hardware_to_dict(chips: Sequence[Hardware]) -> dict[str, Any]:
    """As in the schema `assay.hardware_list/1`."""
    found = [
        {
            "name": each.name,
            "title": each.title,
            "pes": each.pes,
            "clock_hz": each.clock,
            "peak_macs_per_s": each.peak_macs_per_cycle * each.clock,
            "onchip_bits": onchip_bits(each),
            "technology": each.technology or None,
            "source": each.source,
        }
        for each in chips
    ]
    return {"schema": "assay.hardware_list/1", "hardware": found}


def chips_to_dict(chips: Sequence[Chip]) -> dict[str, Any]:
    """As in the schema `assay.chip_list/1`."""
    found = [
        {
            "name": each.name,
            "title": each.title,
            "process": str(each.figures["process"].value) if "process" in each.figures else None,
            "runs": [{"name": run.name, "basis": None if run.basis is None else str(run.basis)} for run in each.runs],
            "figures": len(each.claims),
            "recalled": sum(claim.confidence is Confidence.MEMORY for claim in each.claims),
            "source": each.source,
        }
        for each in chips
    ]
    return {"schema": "assay.chip_list/1", "chips": found}


def components_to_dict(providers: Sequence[Provider], troubles: Sequence[str] = ()) -> dict[str, Any]:
    """As in the schema `assay.component_list/1`: one entry per estimator.

    Args:
        troubles: what could not be loaded, and why.
    """
    found = [
        {
            "component": each.component,
            "estimator": each.name,
            "origin": each.origin,
            "about": each.about,
            "uncertainty": each.uncertainty,
            "attributes": [_attribute(one) for one in each.attributes],
            "actions": list(each.actions),
            "source": each.source,
        }
        for each in providers
    ]
    return {"schema": "assay.component_list/1", "components": found, "not_loaded": list(troubles)}


def _attribute(attribute: Attribute) -> dict[str, Any]:
    """Values are in base units."""
    return {
        "name": attribute.name,
        "about": attribute.about,
        "kind": attribute.kind or None,
        "unit": None if attribute.unit == NUMBER else str(attribute.unit),
        "required": attribute.required,
        "default": None if attribute.required else _plain(getattr(attribute.default, "words", attribute.default)),
        "choices": list(attribute.choices),
        "valid": None if attribute.valid is None else [_plain(end) for end in attribute.valid],
    }


def _plain(value: object) -> str | int | float | bool | None:
    """As JSON can say it: infinite is no number there, and a plug-in's default may be anything."""
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return str(value)
