"""What computes: the model of a DNN processor, and the files and presets that describe one."""

from assay.hardware.dataflows import DATAFLOW_WORDS, DATAFLOWS, Dataflow, apply_dataflow, find_dataflow
from assay.hardware.model import (
    ALL,
    Axis,
    Bandwidth,
    Buffering,
    Compute,
    Counting,
    Fanout,
    Figure,
    Halo,
    Hardware,
    Memory,
    Multicast,
    Node,
    Ports,
)
from assay.hardware.presets import load_hardware, preset_names, preset_text
from assay.hardware.reader import parse_hardware, read_hardware
from assay.hardware.tables import Table, load_table, table_names

__all__ = [
    "ALL",
    "DATAFLOWS",
    "DATAFLOW_WORDS",
    "Axis",
    "Bandwidth",
    "Buffering",
    "Compute",
    "Counting",
    "Dataflow",
    "Fanout",
    "Figure",
    "Halo",
    "Hardware",
    "Memory",
    "Multicast",
    "Node",
    "Ports",
    "Table",
    "apply_dataflow",
    "find_dataflow",
    "load_hardware",
    "load_table",
    "parse_hardware",
    "preset_names",
    "preset_text",
    "read_hardware",
    "table_names",
]
