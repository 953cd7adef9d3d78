"""Scalability: what a network gains when a chip gets more PEs, more storage, or when there are more chips.

After V. Sze, Y.-H. Chen, T.-J. Yang, J. Emer, "How to Evaluate Deep Neural Network Processors", IEEE Solid-State
Circuits Magazine 12(3), 2020, Section VII. Strong scaling: the batch is held. Weak scaling: it grows with the
resources.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

from assay.errors import InputError, NoMappingError
from assay.evaluation.evaluate import Progress, evaluate
from assay.evaluation.sources import load_sources
from assay.hardware.model import Hardware
from assay.metrics.scaling_hardware import (
    Dram,
    Growth,
    Rule,
    exact_factor,
    scaled_hardware,
    with_chips,
    with_storage,
)
from assay.metrics.scaling_results import Point, Resource, Scaling, Series, limiting, scaling_metrics
from assay.workload.network import Network

__all__ = ["Point", "Resource", "Scaling", "ScalingPlan", "Series", "limiting", "scaling", "scaling_metrics"]

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
    dram: Dram = Dram.SHARED
    weak: bool = False
    rule: Rule = field(default_factory=Rule)


Machine = tuple[Fraction, Hardware]


def scaling(
    network: Network | str | Path,
    hardware: Hardware | str | Path,
    plan: ScalingPlan | None = None,
    *,
    against: Hardware | str | Path | None = None,
    batch: int = 1,
    bits: int | None = None,
    objective: str = "latency",
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
        batch, bits, objective, dataflow, workers, time_limit, cache: as in `evaluate`.

    Raises:
        InputError: the plan does not fit the hardware; all of it is checked before the first search.
        NoMappingError: a layer fits the hardware as it is under no mapping.
    """
    plan = _checked(plan or ScalingPlan(by=DEFAULT_FACTORS))
    network, hardware = load_sources(network, hardware, bits, dataflow)
    other = None if against is None else load_sources(network, against, bits, dataflow)[1]
    own = _machines(hardware, plan)
    theirs = {} if other is None else _machines(other, plan)
    if other is not None:
        _check_pairs(hardware, own, other, theirs)
    jobs = {(who, key): each for who, found in enumerate((own, theirs)) for key, each in found.items()}

    for (_, resource), machines in jobs.items():
        for factor, _ in machines:
            _batch(batch, factor, plan.weak and resource is not Resource.STORAGE)

    def points(machines: Sequence[Machine], resource: Resource) -> tuple[Point, ...]:
        found = []
        for factor, machine in machines:
            inputs = _batch(batch, factor, plan.weak and resource is not Resource.STORAGE)
            title = f"{float(factor):g} x {resource} of {hardware.name}"
            found.append(_point(factor, machine, inputs, title))
        return tuple(found)

    def _point(factor: Fraction, machine: Hardware, inputs: int, title: str) -> Point:
        def show(state: Progress) -> None:
            if progress is not None:
                progress(title, state)

        try:
            evaluation = evaluate(
                network,
                machine,
                batch=inputs,
                objective=objective,
                workers=workers,
                time_limit=time_limit,
                progress=show,
                cache=cache,
            )
        except NoMappingError as error:
            if factor == 1:
                raise
            return Point(factor, machine, inputs, None, error.message)
        return Point(factor, machine, evaluation.batch, evaluation)

    made = {
        (who, resource): Series(resource, plan.weak and resource is not Resource.STORAGE, points(machines, resource))
        for (who, resource), machines in jobs.items()
    }
    series = tuple(each for (who, _), each in made.items() if who == 0)
    beside = tuple(each for (who, _), each in made.items() if who == 1)
    return Scaling(network, hardware, objective, series, other, beside, _notes(plan))


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


def _machines(hardware: Hardware, plan: ScalingPlan) -> dict[Resource, list[Machine]]:
    """The hardware of every point, the least first, and the hardware as it is among them."""
    found: dict[Resource, list[Machine]] = {}
    if plan.pes or plan.by:
        grown = [scaled_hardware(hardware, pes=each, rule=plan.rule) for each in plan.pes]
        grown += [scaled_hardware(hardware, factor=each, rule=plan.rule) for each in plan.by]
        found[Resource.PES] = [(Fraction(each.pes, hardware.pes), each) for each in grown]
    if plan.storage:
        stored = [exact_factor(each, "a factor of storage") for each in plan.storage]
        found[Resource.STORAGE] = [(each, with_storage(hardware, each, plan.memories)) for each in stored]
    if plan.chips:
        links: dict[str, Any] = {
            "link_bandwidth": plan.link_bandwidth, "link_energy": plan.link_energy, "dram": plan.dram
        }  # fmt: skip
        chips = dict.fromkeys([1, *plan.chips])  # one chip in its package is what others are compared with
        found[Resource.CHIPS] = [(Fraction(each), with_chips(hardware, each, **links)) for each in chips]
    for resource, machines in found.items():
        if resource is not Resource.CHIPS and all(factor != 1 for factor, _ in machines):
            machines.append((Fraction(1), hardware))
        found[resource] = sorted(dict(machines).items(), key=lambda machine: machine[0])
    return found


def _check_pairs(
    hardware: Hardware, own: dict[Resource, list[Machine]], other: Hardware, theirs: dict[Resource, list[Machine]]
) -> None:
    """Raise InputError where the two would have no point with as many PEs, so that nothing could be compared."""
    first, second = (sorted({machine.pes for _, machine in each.get(Resource.PES, ())}) for each in (own, theirs))
    if not first:
        raise InputError("other hardware is compared at as many PEs, and those are not varied", hint="give PEs, too")
    if not set(first) & set(second):
        text = f"{hardware.name} is to have {_listed(first)} PEs, {other.name} {_listed(second)}: none as many"
        raise InputError(text, hint="give numbers of PEs (--pes), in place of factors")


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(f"{each:,}" for each in numbers)


def _batch(batch: int, factor: Fraction, weak: bool) -> int:
    inputs = batch * factor if weak else Fraction(batch)
    if inputs.denominator != 1:
        text = f"weak scaling by {float(factor):g} of a batch of {batch} is no whole number of inputs"
        raise InputError(text, hint="take a larger batch, or whole factors")
    return int(inputs)


def _notes(plan: ScalingPlan) -> tuple[str, ...]:
    notes = []
    if plan.pes or plan.by:
        grows = {Growth.PROPORTION: "grow in proportion", Growth.FIXED: "stay as they are"}
        rule = plan.rule
        notes.append(
            f"With the PEs, memories on the chip outside of the array {grows[rule.storage]} (size and bandwidth), "
            f"off-chip bandwidths {grows[rule.offchip]}, bandwidths of the wires into the array {grows[rule.network]}. "
            "What lies inside of the array is replicated, with its bandwidths."
        )
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
        drams = {Dram.SHARED: "share one off-chip memory", Dram.PER_CHIP: "have an off-chip memory each"}
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
