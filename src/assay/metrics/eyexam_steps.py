"""What Eyexam answers: for a layer and a network, the bound in MACs/cycle after each step, and what is lost at it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Any

from assay.evaluation.layer import LayerResult
from assay.hardware.model import Hardware
from assay.metrics.metric import Basis, Metric, Operand
from assay.workload.einsum import Einsum
from assay.workload.network import Layer, Network

SCHEMA = "assay.eyexam/1"
"""Name and version of the JSON form; see `data/schema/eyexam-1.json`."""

SOURCE = "Eyexam: Sze et al., SSC Magazine 12(3), 2020, Table II; Chen et al., arXiv 1807.07928"


class Key(StrEnum):
    """The steps in order. `choice` has no number in Eyexam: it is there where a mapping is not taken for its speed."""

    LAYER = "layer"
    DATAFLOW = "dataflow"
    PES = "pes"
    ARRAY = "array"
    STORAGE = "storage"
    BANDWIDTH = "bandwidth"
    CHOICE = "choice"
    ACCESS = "access"


NUMBERS: dict[Key, int] = {key: n for n, key in enumerate((k for k in Key if k is not Key.CHOICE), 1)}
"""As in Table II."""

TITLES = {
    Key.LAYER: "Layer size and shape",
    Key.DATAFLOW: "Dataflow",
    Key.PES: "Number of PEs",
    Key.ARRAY: "Dimensions of the array",
    Key.STORAGE: "Storage",
    Key.BANDWIDTH: "Average bandwidth",
    Key.CHOICE: "Choice of the mapping",
    Key.ACCESS: "Access over time",
}

BOUNDS = {
    Key.LAYER: "all MACs of the layer at once",
    Key.DATAFLOW: "what the dataflow lets run at once",
    Key.PES: "as many PEs as there are, in no array",
    Key.ARRAY: "PEs that the axes of the array can fill",
    Key.STORAGE: "PEs that can be active with the memories there are",
    Key.BANDWIDTH: "what all ports deliver on average",
    Key.CHOICE: "the mapping that is taken, with average bandwidth",
    Key.ACCESS: "that mapping, tile by tile",
}


class Kind(StrEnum):
    """What a limit is."""

    DIMENSION = "dimension"
    PES = "PEs"
    BUFFER = "buffer"
    LINK = "link"
    MAPPING = "mapping"


@dataclass(frozen=True, slots=True)
class Bottleneck:
    """What limits a step.

    Attributes:
        kind: a dimension of the layer, the number of PEs, a buffer that is too small, a port or network that is too
            slow, or how the mapping was chosen.
        name: the dimension or the component.
        at: an axis such as `array.Y` for a dimension, the port for a link, the tensor that needs most for a buffer.
        has, wants: what there is, and what would not limit, in the unit; None where no figure says it.
        unit: such as `b` or `b/cycle`.
    """

    kind: Kind
    name: str
    at: str = ""
    has: float | None = None
    wants: float | None = None
    unit: str = ""

    def to_dict(self) -> dict[str, Any]:
        return {
            "kind": str(self.kind),
            "name": self.name,
            "at": self.at or None,
            "has": self.has,
            "wants": self.wants,
            "unit": self.unit or None,
        }


@dataclass(frozen=True, slots=True)
class Step:
    """A bound, and what is lost at it.

    Attributes:
        key: which step.
        macs: multiply-accumulates of the layer, or of the network.
        cycles: no mapping takes fewer with what is asked up to this step; for `choice` and `access`, those that the
            mapping takes. None: not modelled.
        before: `cycles` of the step before; None at the first.
        cause: in words, why cycles are lost here; empty where none are. Where the step is not modelled: why.
        limit: what limits; None where nothing is lost.
        found: cycles of the best mapping found; more than `cycles` where the search leaves a gap. None: no mapping was
            searched.
        layer: in a network, the layer that loses most here, and whose cause this is.
        full: for `access`, memories whose size has no room for the next tiles beside those in use: their words are
            taken to be replaced one by one.
        whole: for `access`, the cycles if those memories replaced whole tiles; None where there are none.
    """

    key: Key
    macs: int
    cycles: int | None
    before: int | None
    cause: str = ""
    limit: Bottleneck | None = None
    found: int | None = None
    layer: str = ""
    full: tuple[str, ...] = ()
    whole: int | None = None

    @property
    def number(self) -> int | None:
        """1 to 7 as in Table II; None for `choice`."""
        return NUMBERS.get(self.key)

    @property
    def title(self) -> str:
        return TITLES[self.key]

    @property
    def bound(self) -> Fraction | None:
        """MACs per cycle."""
        return None if self.cycles is None else Fraction(self.macs, self.cycles)

    @property
    def loss(self) -> Fraction | None:
        """MACs per cycle less than at the step before; None at the first, and where it is not modelled."""
        if self.cycles is None or self.before is None:
            return None
        return Fraction(self.macs, self.before) - Fraction(self.macs, self.cycles)

    @property
    def share(self) -> float | None:
        """The loss as a share of the bound of the step before, 0 to 1."""
        return None if self.cycles is None or self.before is None else 1 - self.before / self.cycles

    def below(self, peak: int) -> float:
        """As `share`, of what lies below the peak of the chip: what a layer offers beyond it is no loss."""
        if self.cycles is None:
            return 0.0
        before = Fraction(peak) if self.before is None else min(Fraction(self.macs, self.before), Fraction(peak))
        return float(1 - min(Fraction(self.macs, self.cycles), before) / before)

    def cycles_below(self, peak: int) -> Fraction:
        """As `lost_cycles`, beside a chip that does its peak in every cycle: what is faster than that is no loss."""
        if self.cycles is None:
            return Fraction(0)
        least = Fraction(self.macs, peak)
        return max(Fraction(self.cycles), least) - max(Fraction(self.before or 0), least)

    @property
    def lost_cycles(self) -> int | None:
        """Cycles more than at the step before."""
        return None if self.cycles is None or self.before is None else self.cycles - self.before

    @property
    def proven(self) -> bool:
        """Whether a mapping is known that reaches the bound, or none was searched."""
        return self.found is None or self.found == self.cycles

    def to_dict(self) -> dict[str, Any]:
        bound, loss = self.bound, self.loss
        return {
            "step": self.number,
            "key": str(self.key),
            "title": self.title,
            "macs_per_cycle": None if bound is None else float(bound),
            "cycles": self.cycles,
            "best_found_cycles": self.found,
            "loss_macs_per_cycle": None if loss is None else float(loss),
            "loss_share": self.share,
            "lost_cycles": self.lost_cycles,
            "cause": self.cause or None,
            "limit": None if self.limit is None else self.limit.to_dict(),
            "layer": self.layer or None,
            "full_memories": list(self.full),
            "whole_tiles_cycles": self.whole,
        }


@dataclass(frozen=True, slots=True)
class LayerEyexam:
    """The steps of one layer.

    Attributes:
        layer: with the batch in its dimensions.
        steps: in order.
        array, storage: the layer under its fastest mapping with memories and ports that never limit, and with ports
            that never limit.
        bandwidth: the same on the chip, all transfers overlapping.
        chosen: the layer under the mapping that is taken.
    """

    layer: Layer
    steps: tuple[Step, ...]
    array: LayerResult
    storage: LayerResult
    bandwidth: LayerResult
    chosen: LayerResult

    @property
    def name(self) -> str:
        return self.layer.name

    @property
    def einsum(self) -> Einsum:
        assert self.layer.einsum is not None
        return self.layer.einsum

    @property
    def attained(self) -> Step:
        """The last step that is modelled."""
        return _last(self.steps)

    @property
    def worst(self) -> Step | None:
        """Where most cycles are lost below the peak; None: none are."""
        peak = self.chosen.hardware.peak_macs_per_cycle
        lost = {step.key: step.cycles_below(peak) for step in self.steps}
        key = max(lost, key=lambda key: lost[key])
        return self.step(key) if lost[key] else None

    def step(self, key: Key) -> Step | None:
        """The step, where the layer has it."""
        return next((each for each in self.steps if each.key is key), None)

    def to_dict(self) -> dict[str, Any]:
        worst = self.worst
        return {
            "name": self.name,
            "op": self.layer.op,
            "dims": self.einsum.extents,
            "macs": self.layer.macs,
            "active_pes": self.chosen.active_pes,
            "macs_per_cycle": float(self.attained.bound or 0),
            "loses_most_at": None if worst is None else str(worst.key),
            "steps": [step.to_dict() for step in self.steps],
        }


@dataclass(frozen=True, slots=True, repr=False)
class Eyexam:
    """The steps of a network on a chip: its layers one after another.

    Attributes:
        network, hardware: as evaluated.
        objective: what the mappings that are taken minimise.
        tiles: `perfect` or `imperfect`.
        layers: those with multiply-accumulates.
        steps: sums over the layers: all MACs over all cycles.
        notes: what is assumed and what is not modelled.
    """

    network: Network
    hardware: Hardware
    objective: str
    tiles: str
    layers: tuple[LayerEyexam, ...]
    steps: tuple[Step, ...]
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"<Eyexam {self.title}>"

    @property
    def title(self) -> str:
        """`AlexNet on Eyeriss v1, batch 4`."""
        name = self.network.title or self.network.name
        if len(self.layers) == 1 and self.layers[0].name != name:
            name = f"{self.layers[0].name} of {name}"
        return f"{name} on {self.hardware.label}, batch {self.network.batch:,}"

    @property
    def attained(self) -> Step:
        """The last step that is modelled."""
        return _last(self.steps)

    @property
    def worst(self) -> Step | None:
        """The step at which the layers together lose most cycles below the peak; None: none do."""
        lost = {step.key: self.lost_at(step.key) for step in self.steps}
        key = max(lost, key=lambda key: lost[key])
        return next(step for step in self.steps if step.key is key) if lost[key] else None

    def lost_at(self, key: Key) -> Fraction:
        """Cycles that the layers lose at a step below the peak, one by one: a fast layer makes up for no slow one."""
        peak = self.hardware.peak_macs_per_cycle
        steps = (layer.step(key) for layer in self.layers)
        return sum((step.cycles_below(peak) for step in steps if step is not None), Fraction(0))

    def layer(self, name: str) -> LayerEyexam:
        """The layer of that name. Raises KeyError if there is none."""
        for each in self.layers:
            if each.name == name:
                return each
        raise KeyError(name)

    def losses(self) -> list[tuple[LayerEyexam, Step, Fraction]]:
        """Every loss of a layer below the peak, and its cycles, the most first."""
        peak = self.hardware.peak_macs_per_cycle
        found = [(layer, step, step.cycles_below(peak)) for layer in self.layers for step in layer.steps]
        return sorted((each for each in found if each[2]), key=lambda each: -each[2])

    def subject_to_dict(self) -> dict[str, Any]:
        """The network and the chip, as in the schemas of Eyexam and of the roofline."""
        chip = self.hardware
        return {
            "network": {"name": self.network.name, "batch": self.network.batch},
            "hardware": {
                "name": chip.name,
                "title": chip.title,
                "dataflow": chip.dataflow or None,
                "clock_hz": chip.clock,
                "pes": chip.pes,
                "peak_macs_per_cycle": chip.peak_macs_per_cycle,
            },
        }

    def to_dict(self) -> dict[str, Any]:
        """As in the schema `assay.eyexam/1`."""
        worst = self.worst
        return {
            "schema": SCHEMA,
            **self.subject_to_dict(),
            "objective": self.objective,
            "tiles": self.tiles,
            "macs": self.attained.macs,
            "macs_per_cycle": float(self.attained.bound or 0),
            "loses_most_at": None if worst is None else str(worst.key),
            "steps": [step.to_dict() for step in self.steps],
            "layers": [layer.to_dict() for layer in self.layers],
            "notes": list(self.notes),
            "source": SOURCE,
        }


def eyexam_metrics(result: Eyexam) -> tuple[Metric, Metric]:
    """What is reached, and its share of the peak."""
    chip, last = result.hardware, result.attained
    peak, bound = chip.peak_macs_per_cycle, float(last.bound or 0)
    reached = Metric(
        "macs_per_cycle",
        "Reached",
        bound,
        "MACs/cycle",
        Basis.SIMULATED if last.key is Key.ACCESS else Basis.CALCULATED,
        "macs / cycles",
        (Operand("macs", last.macs, "MACs"), Operand("cycles", last.cycles, "cycles")),
        SOURCE,
        f"of {peak:,} at the peak",
    )
    operands = (
        Operand("reached", bound, "MACs/cycle"),
        Operand("pes", chip.pes, "PEs"),
        Operand("macs_per_pe", chip.compute.macs_per_cycle, "MACs/cycle"),
    )
    share = Metric(
        "utilization",
        "Share of the peak",
        bound / peak,
        "%",
        reached.basis,
        "reached / (pes · macs_per_pe)",
        operands,
        SOURCE,
    )
    return reached, share


def _last(steps: tuple[Step, ...]) -> Step:
    return next(step for step in reversed(steps) if step.cycles is not None)
