"""The evaluation of a network on hardware: one result per layer, and the totals that follow from them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from assay.errors import InputError, UnsupportedError
from assay.evaluation.html import evaluation_html
from assay.evaluation.inputs import hardware_to_data, network_to_data
from assay.evaluation.layer import LayerResult, check_component
from assay.evaluation.static import Static, static_of
from assay.hardware.model import Hardware
from assay.mapping.counts import Action
from assay.mapping.energy import unknown_in_fanouts
from assay.reading.suggestions import hint
from assay.reading.units import format_si
from assay.workload.einsum import Einsum
from assay.workload.network import Network

if TYPE_CHECKING:
    import pandas

    from assay.evaluation.explained import CyclesExplanation, EnergyExplanation, NumberExplanation, NumberList

SCHEMA = "assay.evaluation/1"
"""Name and version of the JSON form; see `data/schema/evaluation-1.json`."""


@dataclass(frozen=True, slots=True, repr=False)
class Evaluation:
    """A network on hardware, for a batch. Every total is over the layers with multiply-accumulates, one after another.

    A figure that is not modelled is None. Layers without multiply-accumulates (pooling, activation, ...) are in
    `layers` but not in the totals; `notes` says so.

    Attributes:
        network: what was evaluated, with the batch in its shapes.
        hardware: what it was evaluated on.
        objective: what the mappings minimise: `energy`, `latency` or `edp` (energy times latency), layer by layer.
        layers: one result per layer, in order of execution.
        notes: what is assumed and what is not modelled.
        tiles: sizes of tiles that were searched: `perfect`, those that divide the layer, or `imperfect`, all.
        power_gating: True: instances that get no work in a layer are switched off in it, and do not leak.
    """

    network: Network
    hardware: Hardware
    objective: str
    layers: tuple[LayerResult, ...]
    notes: tuple[str, ...] = ()
    tiles: str = "perfect"
    power_gating: bool = False

    def __repr__(self) -> str:
        return f"<Evaluation: {self.summary}>"

    def __str__(self) -> str:
        """The summary, and a line per layer that is modelled. `assay.report` has the whole screen."""
        return "\n".join([self.summary, *(f"  {layer.summary}" for layer in self.mapped)])

    @property
    def title(self) -> str:
        """`AlexNet on Eyeriss v1, batch 4`."""
        return f"{self.network.title or self.network.name} on {self.hardware.label}, batch {self.batch}"

    @property
    def summary(self) -> str:
        """Title, latency, energy and power in one line."""
        figures = (format_si(self.latency, "s"), format_si(self.energy, "J"), format_si(self.power, "W"))
        return f"{self.title}: latency {figures[0]}, energy {figures[1]}, power {figures[2]}"

    @property
    def batch(self) -> int:
        """Inputs that are processed together."""
        return self.network.batch

    @property
    def mapped(self) -> tuple[LayerResult, ...]:
        """The layers that run on the compute: those with multiply-accumulates."""
        return tuple(layer for layer in self.layers if layer.analysis is not None)

    @property
    def macs(self) -> int:
        """Multiply-accumulates for the batch (1 MAC = 2 operations)."""
        return sum(layer.macs for layer in self.layers)

    @property
    def cycles(self) -> int | None:
        """Cycles for the batch: the sum over layers, which do not overlap."""
        return _int(_total(layer.cycles for layer in self.mapped))

    @property
    def latency(self) -> float | None:
        """Seconds for the batch."""
        return None if self.cycles is None else self.cycles / self.hardware.clock

    @property
    def throughput(self) -> float | None:
        """Inferences per second."""
        return None if not self.latency else self.batch / self.latency

    @property
    def energy(self) -> float | None:
        """Joules of all actions for the batch, off-chip memory included. Leakage and clock are in `static`."""
        return _float(_total(layer.energy for layer in self.mapped))

    @property
    def energy_per_inference(self) -> float | None:
        """Joules per inference."""
        return None if self.energy is None else self.energy / self.batch

    @property
    def edp(self) -> float | None:
        """Energy times latency for the batch, in joule-seconds."""
        return None if self.energy is None or self.latency is None else self.energy * self.latency

    @property
    def onchip_energy(self) -> float | None:
        """Joules for the batch without the off-chip memories."""
        if self.energy is None:
            return None
        offchip = {memory.name for memory in self.hardware.memories if memory.offchip}
        return self.energy - sum(self.energy_of(name) or 0.0 for name in offchip)

    @property
    def power(self) -> float | None:
        """Average watts while the network runs, off-chip memory included."""
        return self._per_second(self.energy)

    @property
    def onchip_power(self) -> float | None:
        """Average watts while the network runs, without the off-chip memories."""
        return self._per_second(self.onchip_energy)

    @property
    def static(self) -> Static:
        """Area, and the energy of leakage and clock: what does not follow from counts of actions."""
        return static_of(self.hardware, self.mapped, self.power_gating)

    @property
    def offchip_read_bits(self) -> int | None:
        """Bits read from the off-chip memories for the batch."""
        return _int(_total(layer.offchip_read_bits for layer in self.mapped))

    @property
    def offchip_write_bits(self) -> int | None:
        """Bits written to the off-chip memories for the batch."""
        return _int(_total(layer.offchip_write_bits for layer in self.mapped))

    @property
    def offchip_words(self) -> int | None:
        """Words read from and written to the off-chip memories for the batch."""
        return _int(_total(layer.offchip_words for layer in self.mapped))

    @property
    def utilization(self) -> float | None:
        """MACs done / MACs that the chip could do in the cycles of the network, 0 to 1."""
        return None if not self.cycles else self.macs / (self.hardware.peak_macs_per_cycle * self.cycles)

    @property
    def active_pes(self) -> float | None:
        """Mean of the compute instances that receive work, weighted by the cycles in which the layers compute."""
        weights = [(layer.active_pes, layer.timing.compute_cycles) for layer in self.mapped if layer.timing]
        total = sum(cycles for _, cycles in weights)
        return sum((pes or 0) * cycles for pes, cycles in weights) / total if total else None

    @property
    def optimal(self) -> bool | None:
        """True when every layer's mapping is proven optimal; None when any was given by the user."""
        if not self.mapped or any(layer.optimal is None for layer in self.mapped):
            return None
        return all(layer.optimal for layer in self.mapped)

    @property
    def gap(self) -> float | None:
        """The largest gap of any layer, as a fraction; None when any mapping was given by the user."""
        gaps = [layer.gap for layer in self.mapped]
        known = [gap for gap in gaps if gap is not None]
        return max(known) if known and len(known) == len(gaps) else None

    @property
    def peak_macs_per_second(self) -> float:
        """Multiply-accumulates per second when every PE is busy in every cycle."""
        return self.hardware.peak_macs_per_cycle * self.hardware.clock

    @property
    def macs_per_second(self) -> float | None:
        """Multiply-accumulates per second, achieved."""
        return self._per_second(self.macs)

    @property
    def macs_per_joule(self) -> float | None:
        """Multiply-accumulates per joule, achieved, off-chip memory included."""
        return None if not self.energy else self.macs / self.energy

    @property
    def onchip_bits(self) -> int | None:
        """Capacity of all memories on the chip, in bits; None when any of them has no stated size."""
        return onchip_bits(self.hardware)

    @property
    def energy_without(self) -> tuple[str, ...]:
        """Fanouts across which words move at an energy that the hardware does not give: `energy` is without them."""
        pairs = (pair for layer in self.mapped for pair in unknown_in_fanouts(layer.energies, self.hardware))
        return tuple(dict.fromkeys(name for name, action in pairs if action is Action.TRANSFER))

    def energy_of(self, component: str) -> float | None:
        """Joules of one component for the batch; None when nothing of it is modelled.

        Raises:
            InputError: the hardware has no component of that name.
        """
        check_component(component, self.hardware)
        return _float(_total(e for layer in self.mapped if (e := layer.energy_of(component)) is not None))

    def latency_bound_by(self) -> dict[str, float]:
        """Seconds of the network per cause (`compute` or the component waited for), the largest first."""
        seconds: dict[str, float] = {}
        for layer in self.mapped:
            if layer.bound_by is not None and layer.latency is not None:
                seconds[layer.bound_by] = seconds.get(layer.bound_by, 0.0) + layer.latency
        return dict(sorted(seconds.items(), key=lambda item: -item[1]))

    def of_kind(self, op: str) -> Evaluation:
        """The same evaluation with only the layers of one kind (`conv`, `fc`, ...), for subtotals.

        Raises:
            InputError: the network has no layer of that kind.
        """
        kinds = list(dict.fromkeys(layer.op for layer in self.layers))
        if op not in kinds:
            message = f"{self.network.name} has no layers of kind {op!r}"
            raise InputError(message, hint=hint(str(op), kinds, label="its kinds"))
        return replace(self, layers=tuple(layer for layer in self.layers if layer.op == op))

    def explain(
        self,
        layer: str | None = None,
        component: str | None = None,
        tensor: str | None = None,
        action: str | None = None,
        *,
        cycles: bool = False,
        energy: bool = False,
    ) -> NumberExplanation | NumberList | EnergyExplanation | CyclesExplanation:
        """Where one figure comes from: print what this returns.

        Args:
            layer: its name; None: the only one with multiply-accumulates.
            component, tensor, action: of the count; where they fit several counts, those are listed.
            cycles, energy: explain the cycles or the energy of the layer instead.

        Raises:
            InputError: an unknown name, or nothing of the kind in this layer.
        """
        from assay.evaluation.explain import explain_layer, find_layer
        from assay.hardware.presets import text_of

        found = find_layer(self.layers, layer)
        text = text_of(self.hardware)
        return explain_layer(
            found, text, component=component, tensor=tensor, action=action, cycles=cycles, energy=energy
        )

    def to_dict(self) -> dict[str, Any]:
        """The evaluation as in the schema `assay.evaluation/1`: only dictionaries, lists, strings, numbers, None."""
        return {
            "schema": SCHEMA,
            "network": network_to_data(self.network),
            "hardware": hardware_to_data(self.hardware),
            "objective": self.objective,
            "tiles": self.tiles,
            "totals": self._totals(),
            "layers": [layer.to_dict() | {"einsum": einsum_to_data(layer.einsum)} for layer in self.layers],
            "notes": list(self.notes),
        }

    def to_json(self) -> str:
        """JSON text of `to_dict`, ending in a line break. Counts are exact integers of any size."""
        return json.dumps(self.to_dict(), indent=2, ensure_ascii=False, allow_nan=False) + "\n"

    def to_csv(self) -> str:
        """CSV text with one row per layer; a cell is empty where the figure is not modelled."""
        rows = [layer.to_row() for layer in self.layers]
        text = io.StringIO()
        writer = csv.DictWriter(text, fieldnames=list(rows[0]) if rows else ["name"], lineterminator="\n")
        writer.writeheader()
        writer.writerows({key: _csv_cell(value) for key, value in row.items()} for row in rows)
        return text.getvalue()

    def _repr_html_(self) -> str:
        """What notebooks show: a small table of the layers and their totals."""
        return evaluation_html(self)

    def to_pandas(self, table: Literal["layers", "counts"] = "layers") -> pandas.DataFrame:
        """A DataFrame: one row per layer, or per (layer, component, tensor, action) with `"counts"`.

        Raises:
            UnsupportedError: pandas is not installed.
        """
        try:
            import pandas
        except ImportError:
            raise UnsupportedError(
                "to_pandas needs pandas", hint="pip install pandas (the extra 'pandas' of assay)"
            ) from None
        if table == "counts":
            return pandas.DataFrame([row for layer in self.layers for row in layer.to_count_rows()])
        return pandas.DataFrame([layer.to_row() for layer in self.layers])

    def _per_second(self, amount: float | None) -> float | None:
        return None if amount is None or not self.latency else amount / self.latency

    def _totals(self) -> dict[str, Any]:
        totals: dict[str, Any] = {"macs": self.macs, "cycles": self.cycles, "latency_s": self.latency}
        totals |= {"throughput_inferences_per_s": self.throughput, "energy_j": self.energy}
        totals |= {"energy_per_inference_j": self.energy_per_inference, "onchip_energy_j": self.onchip_energy}
        totals |= {"power_w": self.power, "onchip_power_w": self.onchip_power}
        totals |= {"offchip_read_bits": self.offchip_read_bits, "offchip_write_bits": self.offchip_write_bits}
        totals |= {"utilization": self.utilization, "active_pes": self.active_pes}
        totals |= {"optimal": self.optimal, "gap": self.gap}
        return totals | self.static.to_dict()


def onchip_bits(hardware: Hardware) -> int | None:
    """Capacity of all memories on the chip, in bits; None when any of them has no stated size."""
    memories = [memory for memory in hardware.memories if not memory.offchip]
    sizes = [memory.size * hardware.instances(memory.name) for memory in memories if memory.size is not None]
    return sum(sizes) if len(sizes) == len(memories) else None


def _total(values: Iterable[float | int | None]) -> float | int | None:
    """Sum; None when there is nothing to add or any term is unknown."""
    terms = list(values)
    known = [term for term in terms if term is not None]
    return sum(known) if known and len(known) == len(terms) else None


def _int(value: float | int | None) -> int | None:
    return None if value is None else int(value)


def _float(value: float | int | None) -> float | None:
    return None if value is None else float(value)


def _csv_cell(value: object) -> object:
    """Truth values as in JSON."""
    return str(value).lower() if isinstance(value, bool) else value


def einsum_to_data(einsum: Einsum | None) -> dict[str, Any] | None:
    """The tensors of an einsum, the output last; `assay.evaluation.saved` reads them back. Its extents are `dims`."""
    if einsum is None:
        return None
    tensors = [
        {
            "name": tensor.name,
            "kind": str(tensor.kind),
            "bits": tensor.bits,
            "ranks": [[[term.coefficient, term.dim] for term in rank.terms] for rank in tensor.ranks],
        }
        for tensor in einsum.tensors
    ]
    return {"tensors": tensors}
