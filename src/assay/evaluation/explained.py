"""What explains a figure: one count, all counts, the energy or the cycles of a layer; in lines, and for JSON."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from assay.evaluation.explained_parts import Charge, PortTime, Sum
from assay.hardware.design import energies_from, energy_source
from assay.hardware.model import Hardware
from assay.mapping.latency import Wait
from assay.reading.figures import exact
from assay.reading.units import format_si

SCHEMA = "assay.explain/1"
"""Name and version of the JSON form; see `docs/explain.md`."""


@dataclass(frozen=True, slots=True, repr=False)
class Explanation:
    """What all explanations have.

    Attributes:
        layer: its name.
        hardware: what it runs on.
        notes: what the reader must know to trust the figures.
    """

    layer: str
    hardware: Hardware
    notes: tuple[str, ...]

    @property
    def title(self) -> str:
        return _place(self)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.title}>"

    def __str__(self) -> str:
        """The formula, line by line. The command line shows it as tables (`assay.report.explain`)."""
        return "\n".join([self.title, *self._lines(), *(f"note: {note}" for note in self.notes)])

    def to_dict(self) -> dict[str, Any]:
        """The explanation as in the schema `assay.explain/1`."""
        return {"schema": SCHEMA, **self._content(), "notes": list(self.notes)}

    def to_json(self) -> str:
        """JSON text of `to_dict`."""
        return json.dumps(self.to_dict(), indent=2, ensure_ascii=False, allow_nan=False) + "\n"

    def _content(self) -> dict[str, Any]:
        raise NotImplementedError

    def _lines(self) -> list[str]:
        raise NotImplementedError


def _place(explanation: Explanation) -> str:
    """`conv2 on Eyeriss v1`."""
    return f"{explanation.layer} on {explanation.hardware.label}"


@dataclass(frozen=True, slots=True, repr=False)
class NumberExplanation(Explanation):
    """One count: the sums that it is made of, and its energy."""

    sums: tuple[Sum, ...]
    charge: Charge

    @property
    def title(self) -> str:
        return f"{_place(self)} · {self.charge.component} · {self.charge.name}"

    def _content(self) -> dict[str, Any]:
        data: dict[str, Any] = {"kind": "number", "layer": self.layer} | self.charge.to_dict()
        data["energy_source"] = energy_source(self.hardware, self.charge.component)
        return data | {"sums": [each.to_dict() for each in self.sums]}

    @property
    def total(self) -> str:
        """How the sums make the count: `48 - 8`."""
        text = ""
        for index, each in enumerate(self.sums):
            sign = ("-" if each.factor < 0 else "") if index == 0 else " - " if each.factor < 0 else " + "
            times = f"{abs(each.factor):,} × " if abs(each.factor) != 1 else ""
            text += f"{sign}{times}{each.words:,}"
        return text

    def _lines(self) -> list[str]:
        lines = [f"{self.charge.count:,} {self.charge.unit} = {self.total}"]
        for each in self.sums:
            lines += [f"{each.words:,} {each.text}", *(f"  {line}" for line in each.lines())]
        lines.append(f"energy: {self.charge.formula}")
        lines += [str(line) for line in self.charge.lines]
        return [*lines, f"source: {energy_source(self.hardware, self.charge.component)}"]


@dataclass(frozen=True, slots=True, repr=False)
class NumberList(Explanation):
    """The numbers that there are to ask for."""

    charges: tuple[Charge, ...]

    def _content(self) -> dict[str, Any]:
        return {"kind": "numbers", "layer": self.layer, "numbers": [charge.to_dict() for charge in self.charges]}

    def _lines(self) -> list[str]:
        return [f"{c.component} {c.name}: {c.count:,} {c.unit}, {format_si(c.energy, 'J')}" for c in self.charges]


@dataclass(frozen=True, slots=True, repr=False)
class EnergyExplanation(Explanation):
    """The energy of a layer: the sum of its charges. `unknown`: (component, action) that it is without."""

    charges: tuple[Charge, ...]
    energy: float | None
    unknown: tuple[str, ...]

    @property
    def title(self) -> str:
        return f"{_place(self)} · energy"

    def _content(self) -> dict[str, Any]:
        data: dict[str, Any] = {"kind": "energy", "layer": self.layer, "energy_j": self.energy}
        data |= {"energy_source": energies_from(self.hardware), "without": list(self.unknown)}
        return data | {"charges": [charge.to_dict() for charge in self.charges]}

    def _lines(self) -> list[str]:
        lines = [f"{charge.component} {charge.name}: {charge.formula}" for charge in self.charges]
        lines.append(f"total: {exact(self.energy, 'J')}")
        return [*lines, f"source: {energies_from(self.hardware)}"]


@dataclass(frozen=True, slots=True, repr=False)
class CyclesExplanation(Explanation):
    """The cycles of a layer: those of its busiest part, or more where waits do not overlap with it.

    Attributes:
        steps: temporal steps of the loop nest.
        compute_cycles: steps / MACs per cycle.
        ports: every port that moves anything.
        busiest: cycles of the busiest part.
        waits: cycles in which nothing below a memory works.
        buffered: cycles with the waits; 0 where there are none.
    """

    steps: int
    compute_cycles: int
    ports: tuple[PortTime, ...]
    busiest: int
    waits: tuple[Wait, ...]
    buffered: Fraction
    cycles: int
    bound_by: str
    bound_port: str | None

    @property
    def title(self) -> str:
        return f"{_place(self)} · cycles"

    def _content(self) -> dict[str, Any]:
        macs, clock = self.hardware.compute.macs_per_cycle, self.hardware.clock
        data: dict[str, Any] = {"kind": "cycles", "layer": self.layer, "cycles": self.cycles}
        data |= {"clock_hz": clock, "latency_s": self.cycles / clock, "bound_by": self.bound_by}
        data |= {"bound_port": self.bound_port, "steps": self.steps, "macs_per_cycle": macs}
        data |= {"compute_cycles": self.compute_cycles, "ports": [port.to_dict() for port in self.ports]}
        data["waits"] = [
            {"component": w.component, "start": float(w.start), "end": float(w.end), "stall": float(w.stall)}
            for w in self.waits
        ]
        return data | {"busiest_cycles": self.busiest, "cycles_with_waits": math.ceil(self.buffered)}

    def _lines(self) -> list[str]:
        compute = self.hardware.compute
        lines = [port.formula for port in self.ports if port.limit is not None]
        steps = f"{self.steps:,} steps / {compute.macs_per_cycle:,} per cycle"
        lines.append(f"{compute.name}: {steps} = {self.compute_cycles:,} cycles")
        if self.waits:
            lines.append(f"with waits: {math.ceil(self.buffered):,} cycles")
        return [*lines, f"{self.cycles:,} cycles: {self.bound_by} is busy longest"]
