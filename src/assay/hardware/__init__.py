"""What computes: the model of a DNN processor, and the files and presets that describe one."""

from assay.hardware.model import (
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
    "Axis",
    "Bandwidth",
    "Buffering",
    "Compute",
    "Counting",
    "Fanout",
    "Figure",
    "Halo",
    "Hardware",
    "Memory",
    "Multicast",
    "Node",
    "Ports",
    "Table",
    "load_hardware",
    "load_table",
    "parse_hardware",
    "preset_names",
    "preset_text",
    "read_hardware",
    "table_names",
]
