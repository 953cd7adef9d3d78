"""Scalability: what a network gains when a chip gets more PEs, more storage, or when there are more chips.

After V. Sze, Y.-H. Chen, T.-J. Yang, J. Emer, "How to Evaluate Deep Neural Network Processors", IEEE Solid-State
Circuits Magazine 12(3), 2020, Section VII. Strong scaling: the batch is held. Weak scaling: it grows with the
resources.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

from assay.errors import InputError, NoMappingError
from assay.evaluation.evaluate import Progress, evaluate
from assay.evaluation.results import Evaluation
from assay.evaluation.sources import load_sources
from assay.hardware.model import Hardware
from assay.metrics.scaling_hardware import (
    DramSharing,
    Growth,
    ScalingRule,
    exact_factor,
    scaled_hardware,
    with_chips,
    with_storage,
)
from assay.metrics.scaling_results import Resource, Scaling, ScalingPoint, ScalingSeries, limiting, scaling_metrics
from assay.reading.words import listed
from assay.workload.network import Network

__all__ = [
    "Resource",
    "Scaling",
    "ScalingPlan",
    "ScalingPoint",
    "ScalingSeries",
    "limiting",
    "scaling",
    "scaling_metrics",
]

DEFAULT_FACTORS = (1, 2, 4)


@dataclass(frozen=True, slots=True)
class ScalingPlan:
    """What is varied. Factors are of the hardware as it is; empty lists vary nothing.

    Attributes:
        pes: numbers of PEs. by: factors of PEs. Either, not both.
        storage: factors of the memories `memories` (empty: those on the chip outside of the array).
        chips: numbers of chips in a package.
        link_bandwidth: bits per second; link_energy: joules per bit (see `with_chips`).
        weak: True: the batch grows with PEs and chips.
    """

    pes: tuple[int, ...] = ()
    by: tuple[float | Fraction, ...] = ()
    storage: tuple[float | Fraction, ...] = ()
    chips: tuple[int, ...] = ()
    memories: tuple[str, ...] = ()
    link_bandwidth: float | None = None
    link_energy: float | None = None
    dram: DramSharing = DramSharing.SHARED
    weak: bool = False
    rule: ScalingRule = field(default_factory=ScalingRule)


@dataclass(frozen=True, slots=True)
class _Machine:
    """Hardware with so much of a resource, and the inputs that it is to process together."""

    factor: Fraction
    hardware: Hardware
    batch: int


def scaling(
    network: Network | str | Path,
    hardware: Hardware | str | Path,
    plan: ScalingPlan | None = None,
    *,
    against: Hardware | str | Path | None = None,
    batch: int = 1,
    bits: int | None = None,
    objective: str = "latency",
    tiles: str = "perfect",
    dataflow: str | None = None,
    workers: int | None = None,
    time_limit: float | None = None,
    progress: Callable[[str, Progress], None] | None = None,
    cache: bool = True,
) -> Scaling:
    """Evaluate the network on more and more of the hardware, every layer with its best mapping.

    Args:
        plan: what is varied; None: 1, 2 and 4 times the PEs.
        against: other hardware, of which the same PEs are evaluated.
        progress: called with the title of the point and how far it is.
        batch, bits, objective, tiles, dataflow, workers, time_limit, cache: as in `evaluate`.

    Raises:
        InputError: the plan does not fit the hardware; all of it is checked before the first search.
        NoMappingError: a layer fits the hardware as it is under no mapping.
    """
    plan = _checked(plan or ScalingPlan(by=DEFAULT_FACTORS))
    network, hardware = load_sources(network, hardware, bits, dataflow)
    other = None if against is None else load_sources(network, against, bits, dataflow)[1]
    own = _machines(hardware, plan, batch)
    theirs = {} if other is None else _machines(other, plan, batch)
    if other is not None:
        _check_pairs(hardware, own, other, theirs)

    def run(machine: _Machine, title: str) -> Evaluation:
        return evaluate(
            network,
            machine.hardware,
            batch=machine.batch,
            objective=objective,
            tiles=tiles,
            workers=workers,
            time_limit=time_limit,
            progress=None if progress is None else partial(progress, title),
            cache=cache,
        )

    series = tuple(_series(each, hardware.name, resource, plan, run) for resource, each in own.items())
    name = hardware.name if other is None else other.name
    beside = tuple(_series(each, name, resource, plan, run) for resource, each in theirs.items())
    return Scaling(network, hardware, objective, series, other, beside, _notes(plan, tiles), tiles)


def _series(
    machines: Sequence[_Machine],
    name: str,
    resource: Resource,
    plan: ScalingPlan,
    run: Callable[[_Machine, str], Evaluation],
) -> ScalingSeries:
    """The points of one resource. Raises NoMappingError where the hardware as it is has no mapping for a layer."""
    points = []
    for machine in machines:
        try:
            evaluation = run(machine, f"{float(machine.factor):g} x {resource} of {name}")
        except NoMappingError as error:
            if machine.factor == 1:
                raise
            points.append(ScalingPoint(machine.factor, machine.hardware, machine.batch, None, error.message))
        else:
            points.append(ScalingPoint(machine.factor, machine.hardware, evaluation.batch, evaluation))
    return ScalingSeries(resource, _grows(plan, resource), tuple(points))


def _checked(plan: ScalingPlan) -> ScalingPlan:
    if plan.pes and plan.by:
        raise InputError("give numbers of PEs or factors of PEs, not both")
    if not (plan.pes or plan.by or plan.storage or plan.chips):
        raise InputError("nothing is varied: give PEs, storage or chips")
    linked = plan.link_bandwidth is not None or plan.link_energy is not None
    if linked and not plan.chips:
        raise InputError("links are between chips", hint="say how many chips, such as 1, 2 and 4")
    if plan.weak and not (plan.pes or plan.by or plan.chips):
        raise InputError("weak scaling is over PEs or chips: storage does not ask for a larger batch")
    return plan


def _machines(hardware: Hardware, plan: ScalingPlan, batch: int) -> dict[Resource, tuple[_Machine, ...]]:
    """The hardware of every point, the least first, and the hardware as it is among them."""
    found: dict[Resource, list[tuple[Fraction, Hardware]]] = {}
    if plan.pes or plan.by:
        grown = [scaled_hardware(hardware, pes=each, rule=plan.rule) for each in plan.pes]
        grown += [scaled_hardware(hardware, factor=each, rule=plan.rule) for each in plan.by]
        found[Resource.PES] = [(Fraction(1), hardware), *((Fraction(each.pes, hardware.pes), each) for each in grown)]
    if plan.storage:
        stored = [exact_factor(each, "a factor of storage") for each in plan.storage]
        more = [(each, with_storage(hardware, each, plan.memories)) for each in stored]
        found[Resource.STORAGE] = [(Fraction(1), hardware), *more]
    if plan.chips:
        links: dict[str, Any] = {
            "link_bandwidth": plan.link_bandwidth, "link_energy": plan.link_energy, "dram": plan.dram
        }  # fmt: skip
        chips = (1, *plan.chips)  # one chip in its package is what others are compared with
        found[Resource.CHIPS] = [(Fraction(each), with_chips(hardware, each, **links)) for each in chips]
    return {
        resource: tuple(
            _Machine(factor, machine, _batch(batch, factor, _grows(plan, resource)))
            for factor, machine in sorted(dict(machines).items(), key=lambda each: each[0])
        )
        for resource, machines in found.items()
    }


def _grows(plan: ScalingPlan, resource: Resource) -> bool:
    """True: the batch grows with the resource."""
    return plan.weak and resource is not Resource.STORAGE


def _check_pairs(
    hardware: Hardware,
    own: dict[Resource, tuple[_Machine, ...]],
    other: Hardware,
    theirs: dict[Resource, tuple[_Machine, ...]],
) -> None:
    """Raise InputError where the two would have no point with as many PEs, so that nothing could be compared."""
    first, second = (sorted({each.hardware.pes for each in found.get(Resource.PES, ())}) for found in (own, theirs))
    if not first:
        raise InputError("other hardware is compared at as many PEs, and those are not varied", hint="give PEs, too")
    if not set(first) & set(second):
        sizes, others = (listed(f"{pes:,}" for pes in each) for each in (first, second))
        text = f"{hardware.name} is to have {sizes} PEs, {other.name} {others}: none as many"
        raise InputError(text, hint="give numbers of PEs (--pes), in place of factors")


def _batch(batch: int, factor: Fraction, weak: bool) -> int:
    inputs = batch * factor if weak else Fraction(batch)
    if inputs.denominator != 1:
        text = f"weak scaling by {float(factor):g} of a batch of {batch} is no whole number of inputs"
        raise InputError(text, hint="take a larger batch, or whole factors")
    return int(inputs)


def _notes(plan: ScalingPlan, tiles: str) -> tuple[str, ...]:
    notes = []
    if plan.pes or plan.by:
        grows = {Growth.PROPORTION: "grow in proportion", Growth.FIXED: "stay as they are"}
        rule = plan.rule
        notes.append(
            f"With the PEs, memories on the chip outside of the array {grows[rule.storage]} (size and bandwidth), "
            f"off-chip bandwidths {grows[rule.offchip]}, bandwidths of the wires into the array {grows[rule.network]}. "
            "What lies inside of the array is replicated, with its bandwidths."
        )
    if tiles == "perfect":
        notes.append("Every layer has its best mapping among those whose tiles divide it; others may be faster.")
    notes.append(
        "Energies per action stay those of the file: longer wires and larger memories are not charged, "
        "and components are not estimated anew. Area and leakage grow in proportion."
    )
    if plan.storage:
        notes.append(
            "Layers run one after another and pass their results through the off-chip memory, whatever the storage: "
            "a jump is that of single layers which come to fit, not of a whole network that stays on the chip."
        )
    if plan.chips:
        drams = {DramSharing.SHARED: "share one off-chip memory", DramSharing.PER_CHIP: "have an off-chip memory each"}
        notes.append(
            f"Chips {drams[plan.dram]}; each kind of data has a link of its own to each chip, {_links(plan)}; "
            "partial sums of different chips are added in the off-chip memory. The area is that of all chips."
        )
    return tuple(notes)


def _links(plan: ScalingPlan) -> str:
    """What is known of the links."""
    fast = (
        "of the given bandwidth" if plan.link_bandwidth is not None else "whose bandwidth never limits (none is given)"
    )
    cost = "" if plan.link_energy is not None else " and whose energy is not charged (none is given)"
    return fast + cost
