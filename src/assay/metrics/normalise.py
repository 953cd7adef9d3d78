"""Figures of different chips brought to one precision and one process: estimates beside what was claimed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from assay.components.technology import Scaling, Technology, scaling
from assay.errors import InputError
from assay.metrics.audit_figures import NOT_GIVEN, Figure, absent, derived, values_of
from assay.metrics.audit_rules import precision
from assay.metrics.audit_scope import Scope
from assay.metrics.claims import Chip, Run
from assay.metrics.metric import Basis, Group, Operand
from assay.reading.figures import number

CHIP_SCOPES = ("", "chip")
"""Power that does not include memories outside of the chip, which do not scale with its process."""


@dataclass(frozen=True, slots=True)
class Width:
    """A peak at one precision, in units that can be compared.

    Attributes:
        precision: as the source has it.
        macs: MACs per second; 1 MAC is 2 operations.
        bits: of both operands; None where they are not given.
    """

    precision: str
    macs: float
    bits: int | None

    @property
    def bit_products(self) -> float | None:
        """Products of single bits per second: MACs times the bits of both operands, because a multiplier of b by b bits
        adds b x b of them. None where the width is not given."""
        return None if self.bits is None else self.macs * self.bits**2

    def to_dict(self) -> dict[str, Any]:
        """As in the schema `assay.audit/1`."""
        return {
            "precision": self.precision,
            "macs_per_second": self.macs,
            "operations_per_second": 2 * self.macs,
            "bit_products_per_second": self.bit_products,
        }


def widths(chip: Chip) -> tuple[Width, ...]:
    """Every peak of a chip; those that hold for sparse operands only are marked in the precision."""
    return tuple(Width(precision(each), each.number, each.bits) for each in chip.peaks)


def node(text: str) -> Technology:
    """The technology to normalise to, such as `28nm`. Raises InputError for anything else."""
    try:
        return Technology.parse(text)
    except InputError as error:
        raise InputError(f"--normalise: {error.message}", hint=error.hint) from None


def technology_of(chip: Chip, run: Run | None) -> tuple[Technology | None, str]:
    """The process and supply of a chip while it ran; else None, and why not."""
    if "process" not in chip.figures:
        return None, f"process {NOT_GIVEN}"
    text = str(chip.figures["process"].value)
    volts = (run.figures.get("voltage") if run else None) or chip.figures.get("voltage")
    try:
        found = Technology.parse(text)
        if volts is not None:
            found = Technology.of(found.nm, volts.number, found.flavour)
    except InputError as error:
        return None, error.message
    taken = f"supply {NOT_GIVEN}: {number(found.voltage)} V taken, nominal of the node"
    return found, "" if volts is not None else taken


def normalised(chip: Chip, run: Run | None, target: Technology) -> Group:
    """Area, speed and energy as if the chip were made in another process.

    Energy, delay and area by Stillmaker and Baas (2017), fitted to small circuits: figures of a chip scale less well,
    by a factor either way that every figure names. Off-chip memories and links do not scale.
    """
    title = f"Scaled to {target} (estimated)"
    start, remark = technology_of(chip, run)
    values = dict(values_of(chip, run))
    if start is None:
        rows = [(key, name) for key, name, _, _ in _SCALED]
        return Group("normalised", title, tuple(absent(f"scaled_{k}", n, remark) for k, n in [*rows, SPREAD]))
    factors = scaling(start, target)
    per_multiplier = Scope(chip, run).find("area_per_multiplier")
    if per_multiplier is not None:
        values["area_per_multiplier"] = derived("area_per_multiplier", "Core area per multiplier", per_multiplier)
    outside = run is not None and run.scope not in CHIP_SCOPES
    metrics = []
    for key, name, energy, delay in _SCALED:
        if outside and energy:
            metrics.append(absent(f"scaled_{key}", name, f"the power is that of {run.scope if run else ''}"))
            continue
        factor = _factor(key, factors, energy, delay)
        metrics.append(_scaled(key, name, values.get(key), factor, factors, remark))
    metrics.append(Figure(f"scaled_{SPREAD[0]}", SPREAD[1], factors.spread, "", Basis.ESTIMATED, source=factors.text))
    return Group("normalised", title, tuple(metrics))


SPREAD = ("spread", "Each right within a factor of")
_SCALED = (
    ("latency", "Latency", 0, 1),
    ("throughput", "Throughput", 0, -1),
    ("power", "Power", 1, -1),
    ("energy", "Energy per inference", 1, 0),
    ("area", "Chip area", 0, 0),
    ("area_per_multiplier", "Core area per multiplier", 0, 0),
)
"""Key, name, and the powers of the factors of energy and delay; without either it is an area."""


def _factor(key: str, factors: Scaling, energy: int, delay: int) -> float:
    if key in ("area", "area_per_multiplier"):
        return factors.area
    return float(factors.energy**energy * factors.delay**delay)


def _scaled(key: str, name: str, metric: Figure | None, factor: float, factors: Scaling, remark: str) -> Figure:
    if metric is None or not isinstance(metric.value, int | float):
        return absent(f"scaled_{key}", name)
    if not factors.text:
        return replace(metric, key=f"scaled_{key}", title=name, formula="", operands=(), source="")
    spread = f"within a factor of {number(factors.spread)}"
    operands = (Operand(key, metric.value, metric.unit, metric.source or "see above"), Operand("factor", factor))
    return replace(
        metric, key=f"scaled_{key}", title=name, value=metric.value * factor, basis=Basis.ESTIMATED,
        formula=f"{key} * factor", operands=operands, source=factors.text,
        note="; ".join(each for each in (spread, remark, metric.note) if each),
    )  # fmt: skip
