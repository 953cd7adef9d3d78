"""One figure that knows what it means: its value, unit, formula, operands, source, and how it was obtained."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

Value = float | int | str | bool | None

ARTICLE = "Sze et al., SSC Magazine 12(3), 2020"
"""Where most metrics are from."""


class Basis(StrEnum):
    """How a figure was obtained. "Are results measured or simulated?" (Sze et al., SSC Magazine 2020, section VIII)."""

    MEASURED = "measured"
    LAYOUT = "simulated after layout"
    SYNTHESIS = "simulated after synthesis"
    SIMULATED = "simulated"
    COUNTED = "counted exactly"
    CALCULATED = "calculated"
    ESTIMATED = "estimated"
    SPECIFIED = "specified"
    GIVEN = "given by the user"


class Bound(StrEnum):
    """What a figure is where it is not the value itself."""

    AT_MOST = "at_most"
    AT_LEAST = "at_least"

    @property
    def words(self) -> str:
        return self.replace("_", " ")

    @property
    def sign(self) -> str:
        return "≤" if self is Bound.AT_MOST else "≥"

    @property
    def opposite(self) -> Bound:
        """The bound of what is less where the figure is more."""
        return Bound.AT_LEAST if self is Bound.AT_MOST else Bound.AT_MOST


@dataclass(frozen=True, slots=True)
class Operand:
    """What goes into a formula: a name as it stands there, its value and unit, and where it comes from."""

    name: str
    value: Value
    unit: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class Metric:
    """One figure.

    Attributes:
        key: short name for programs, unique in its group, such as `latency`.
        title: what people call it.
        value: in the unit; None: not known. A share is a fraction of 1 with the unit `%`.
        unit: SI without prefix (`s`, `J`, `W`, `Hz`, `m2`, `b` for bits, `B/s`), `%`, or what is counted
            (`inferences/s`).
        basis: how it was obtained; None where it is not known.
        formula: in the names of the operands, such as `batch / latency`; empty where nothing is calculated.
        operands: every name of the formula.
        source: a paper, a file, an equation.
        note: a condition that belongs to the figure, such as `off-chip memory included`.
        missing: where the value is None: what is missing, and what would make it known.
    """

    key: str
    title: str
    value: Value
    unit: str = ""
    basis: Basis | None = None
    formula: str = ""
    operands: tuple[Operand, ...] = ()
    source: str = ""
    note: str = ""
    missing: str = ""

    @property
    def number(self) -> float | None:
        """The value where it is a number; of a text or a truth value None."""
        return None if isinstance(self.value, str | bool) or self.value is None else float(self.value)

    def to_dict(self) -> dict[str, Any]:
        """For JSON; the same keys in every schema."""
        return {
            "key": self.key,
            "title": self.title,
            "value": self.value,
            "unit": self.unit,
            "basis": None if self.basis is None else str(self.basis),
            "formula": self.formula,
            "operands": [
                {"name": each.name, "value": each.value, "unit": each.unit, "source": each.source}
                for each in self.operands
            ],
            "source": self.source,
            "note": self.note,
            "missing": self.missing,
        }


@dataclass(frozen=True, slots=True)
class Group:
    """Metrics that belong together."""

    key: str
    title: str
    metrics: tuple[Metric, ...]

    def to_dict(self) -> dict[str, Any]:
        """As in the schemas of the scorecard, the audit and the comparison."""
        return {"key": self.key, "title": self.title, "metrics": [each.to_dict() for each in self.metrics]}
