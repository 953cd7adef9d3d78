"""Assay evaluates DNN processors: exact data movement, provably best mappings, every figure explained.

    import assay

    net = assay.load_network("alexnet")
    chip = assay.load_hardware("eyeriss")
    result = assay.evaluate(net, chip, batch=4)
    print(result.latency, "s", result.energy, "J")
    print(result.layers[0].counts)

Everything public is re-exported here and imported when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from assay.components.estimate import Cost, Estimate
    from assay.components.estimator import Declined, Estimator, attribute
    from assay.components.registry import estimate
    from assay.components.technology import Technology
    from assay.errors import AssayError, InputError, NoMappingError, UnsupportedError
    from assay.evaluation.count import MappingCount, count_mapping
    from assay.evaluation.evaluate import Progress, evaluate
    from assay.evaluation.layer import LayerResult
    from assay.evaluation.mapped import MappedLayer, map_layer
    from assay.evaluation.results import Evaluation
    from assay.hardware.model import Hardware
    from assay.hardware.presets import load_hardware, preset_names
    from assay.mapper import best_mapping
    from assay.mapping.analysis import analyse
    from assay.mapping.counts import Action, Analysis, Count
    from assay.mapping.many import ManyAnalyses, analyse_many
    from assay.mapping.mapping import Level, Loop, Mapping
    from assay.mapping.text import mapping_from_data, mapping_to_data, read_mapping, render
    from assay.metrics.accuracy import Accuracy
    from assay.metrics.audit import Audit, audit
    from assay.metrics.claims import Chip
    from assay.metrics.claims_reader import chip_names, load_chip
    from assay.metrics.compare import Comparison, compare
    from assay.metrics.dataflows import DataflowStudy, compare_dataflows
    from assay.metrics.delivery import deliveries, mode_shares
    from assay.metrics.equal_area import equal_area_hardware
    from assay.metrics.examination import Examination, examine
    from assay.metrics.eyexam import eyexam
    from assay.metrics.eyexam_steps import Eyexam
    from assay.metrics.flexibility import Flexibility, flexibility
    from assay.metrics.flexibility_suite import Suite, load_suite
    from assay.metrics.metric import Metric
    from assay.metrics.requirements import Requirements
    from assay.metrics.roofline import Roofline, roofline
    from assay.metrics.scaling import ScalingPlan, scaling
    from assay.metrics.scaling_hardware import (
        DramSharing,
        Growth,
        ScalingRule,
        scaled_hardware,
        with_chips,
        with_storage,
    )
    from assay.metrics.scaling_results import Scaling
    from assay.metrics.scorecard import Scorecard, scorecard
    from assay.metrics.suitability import Suitability, find_suitable
    from assay.metrics.verdict import Verdict, judge
    from assay.timeloop import TimeloopDesign, hardware_yaml, read_timeloop
    from assay.workload.einsum import Einsum
    from assay.workload.load import load_network
    from assay.workload.network import Layer, Network
    from assay.workload.zoo import zoo_names

_HOMES = {
    "assay.components.estimate": ("Cost", "Estimate"),
    "assay.components.estimator": ("Declined", "Estimator", "attribute"),
    "assay.components.registry": ("estimate",),
    "assay.components.technology": ("Technology",),
    "assay.errors": ("AssayError", "InputError", "NoMappingError", "UnsupportedError"),
    "assay.evaluation.evaluate": ("Progress", "evaluate"),
    "assay.evaluation.layer": ("LayerResult",),
    "assay.evaluation.mapped": ("MappedLayer", "map_layer"),
    "assay.evaluation.results": ("Evaluation",),
    "assay.evaluation.count": ("MappingCount", "count_mapping"),
    "assay.metrics.flexibility": ("Flexibility", "flexibility"),
    "assay.metrics.flexibility_suite": ("Suite", "load_suite"),
    "assay.metrics.dataflows": ("DataflowStudy", "compare_dataflows"),
    "assay.metrics.equal_area": ("equal_area_hardware",),
    "assay.metrics.delivery": ("deliveries", "mode_shares"),
    "assay.metrics.scaling": ("ScalingPlan", "scaling"),
    "assay.metrics.scaling_hardware": (
        "DramSharing",
        "Growth",
        "ScalingRule",
        "scaled_hardware",
        "with_chips",
        "with_storage",
    ),
    "assay.metrics.scaling_results": ("Scaling",),
    "assay.metrics.examination": ("Examination", "examine"),
    "assay.metrics.suitability": ("Suitability", "find_suitable"),
    "assay.metrics.verdict": ("Verdict", "judge"),
    "assay.timeloop": ("TimeloopDesign", "hardware_yaml", "read_timeloop"),
    "assay.hardware.model": ("Hardware",),
    "assay.hardware.presets": ("load_hardware", "preset_names"),
    "assay.mapper": ("best_mapping",),
    "assay.metrics.accuracy": ("Accuracy",),
    "assay.metrics.audit": ("Audit", "audit"),
    "assay.metrics.claims": ("Chip",),
    "assay.metrics.claims_reader": ("chip_names", "load_chip"),
    "assay.metrics.compare": ("Comparison", "compare"),
    "assay.metrics.eyexam": ("eyexam",),
    "assay.metrics.eyexam_steps": ("Eyexam",),
    "assay.metrics.roofline": ("Roofline", "roofline"),
    "assay.metrics.metric": ("Metric",),
    "assay.metrics.requirements": ("Requirements",),
    "assay.metrics.scorecard": ("Scorecard", "scorecard"),
    "assay.mapping.analysis": ("analyse",),
    "assay.mapping.many": ("ManyAnalyses", "analyse_many"),
    "assay.mapping.counts": ("Action", "Analysis", "Count"),
    "assay.mapping.mapping": ("Level", "Loop", "Mapping"),
    "assay.mapping.text": ("mapping_from_data", "mapping_to_data", "read_mapping", "render"),
    "assay.workload.einsum": ("Einsum",),
    "assay.workload.load": ("load_network",),
    "assay.workload.network": ("Layer", "Network"),
    "assay.workload.zoo": ("zoo_names",),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "Accuracy",
    "Action",
    "Analysis",
    "AssayError",
    "Audit",
    "Chip",
    "Comparison",
    "Cost",
    "Count",
    "DataflowStudy",
    "Declined",
    "DramSharing",
    "Einsum",
    "Estimate",
    "Estimator",
    "Evaluation",
    "Examination",
    "Eyexam",
    "Flexibility",
    "Growth",
    "Hardware",
    "InputError",
    "Layer",
    "LayerResult",
    "Level",
    "Loop",
    "ManyAnalyses",
    "MappedLayer",
    "Mapping",
    "MappingCount",
    "Metric",
    "Network",
    "NoMappingError",
    "Progress",
    "Requirements",
    "Roofline",
    "Scaling",
    "ScalingPlan",
    "ScalingRule",
    "Scorecard",
    "Suitability",
    "Suite",
    "Technology",
    "TimeloopDesign",
    "UnsupportedError",
    "Verdict",
    "__version__",
    "analyse",
    "analyse_many",
    "attribute",
    "audit",
    "best_mapping",
    "chip_names",
    "compare",
    "compare_dataflows",
    "count_mapping",
    "deliveries",
    "equal_area_hardware",
    "estimate",
    "evaluate",
    "examine",
    "eyexam",
    "find_suitable",
    "flexibility",
    "hardware_yaml",
    "judge",
    "load_chip",
    "load_hardware",
    "load_network",
    "load_suite",
    "map_layer",
    "mapping_from_data",
    "mapping_to_data",
    "mode_shares",
    "preset_names",
    "read_mapping",
    "read_timeloop",
    "render",
    "roofline",
    "scaled_hardware",
    "scaling",
    "scorecard",
    "with_chips",
    "with_storage",
    "zoo_names",
]


def __getattr__(name: str) -> object:
    """Import a public name from its home on first use (PEP 562), so that `import assay` is instant."""
    if name not in _HOME_OF:
        raise AttributeError(f"module 'assay' has no attribute {name!r}")
    value = getattr(import_module(_HOME_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
