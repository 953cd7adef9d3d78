"""Timeloop's YAML files as Assay's own objects, and its architectures as hardware files of Assay."""

from assay.timeloop.design import TimeloopDesign
from assay.timeloop.emit import hardware_yaml
from assay.timeloop.export import MappingForm, timeloop_mapping
from assay.timeloop.reader import mapping_form, read_timeloop

__all__ = ["MappingForm", "TimeloopDesign", "hardware_yaml", "mapping_form", "read_timeloop", "timeloop_mapping"]
