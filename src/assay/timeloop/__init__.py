"""Timeloop's YAML files as Assay's own objects, and its architectures as hardware files of Assay."""

from assay.timeloop.design import TimeloopDesign
from assay.timeloop.emit import hardware_yaml
from assay.timeloop.reader import read_timeloop

__all__ = ["TimeloopDesign", "hardware_yaml", "read_timeloop"]
