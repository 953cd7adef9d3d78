"""Reading what people write: YAML with places, quantities with units, expressions; not what the files mean."""

from assay.reading.documents import Doc, Entry, Form, load, loads
from assay.reading.expressions import evaluate
from assay.reading.units import Dimension, Quantity, format_bytes, format_si

__all__ = ["Dimension", "Doc", "Entry", "Form", "Quantity", "evaluate", "format_bytes", "format_si", "load", "loads"]
