"""What must be reported so that a chip can be judged, and what cannot be concluded where it is not.

The list is that of "Specifications to evaluate metrics" (Sze, talk on the SysML 2018 paper), of the sheet that follows
it there, and of the article Sze, Chen, Yang and Emer, SSC Magazine 12(3), 2020, each entry with the section that asks
for it. It is the same for every chip, so that who says less misses more.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from assay.metrics.audit_scope import Scope, network_macs
from assay.metrics.claims import Chip, Run
from assay.metrics.metric import ARTICLE, Basis
from assay.reading.figures import percent
from assay.reading.words import capital

SIMULATIONS = (Basis.LAYOUT, Basis.SYNTHESIS, Basis.SIMULATED)
WITH_MEMORY = ("chip and off-chip memory", "board", "system")
"""Scopes of a power that has the off-chip memory in it."""


@dataclass(frozen=True, slots=True)
class Case:
    """What the specifications are looked for in: a chip and one run on it; None where it has none."""

    chip: Chip
    run: Run | None
    scope: Scope

    def has(self, *keys: str) -> bool:
        """Whether one of the figures is given, by the chip or by the run."""
        return any(key in self.chip.figures or (self.run is not None and key in self.run.figures) for key in keys)


class Status(StrEnum):
    """What was found of a specification."""

    REPORTED = "reported"
    MISSING = "missing"
    EXEMPT = "does not apply"


@dataclass(frozen=True, slots=True)
class Specification:
    """Something that must be reported.

    Attributes:
        key, metric: short name, and the metric it belongs to.
        title: what is to be reported.
        section: of the article.
        without: what cannot be concluded where it is missing.
        there: whether it is reported.
        exempt: where it is not reported: why it cannot be, as far as the file tells; empty: it can.
    """

    key: str
    metric: str
    title: str
    section: str
    without: str
    there: Callable[[Case], bool]
    exempt: Callable[[Case], str] = lambda _: ""


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found of a specification; `why`: what is open without it, or why it does not apply."""

    asked: Specification
    status: Status
    why: str = ""

    @property
    def source(self) -> str:
        """Who asks for it."""
        return f"{ARTICLE}, {self.asked.section}"

    def to_dict(self) -> dict[str, Any]:
        """As in the schema `assay.audit/1`."""
        return {
            "key": self.asked.key,
            "metric": self.asked.metric,
            "title": self.asked.title,
            "status": str(self.status),
            "why": self.why,
            "source": self.source,
        }


def _any(*keys: str) -> Callable[[Case], bool]:
    return lambda case: case.has(*keys)


def _all(*keys: str) -> Callable[[Case], bool]:
    return lambda case: all(case.has(key) for key in keys)


def _follows(*names: str) -> Callable[[Case], bool]:
    """Whether one of the figures of a run is given, or follows from those that are."""
    return lambda case: case.run is not None and any(case.scope.find(name) is not None for name in names)


def _scoped(case: Case) -> bool:
    return case.run is not None and bool(case.run.scope) and _follows("power", "energy")(case)


def _networks(case: Case) -> bool:
    return len({run.text("network") for run in case.chip.runs}) > 1 or case.chip.flexibility is not None


def _memory_included(case: Case) -> str:
    run = case.run
    included = run is not None and run.scope in WITH_MEMORY and _scoped(case)
    return f"the power is that of the {run.scope}, and has it in it" if run is not None and included else ""


def _not_simulated(case: Case) -> str:
    basis = case.run.basis if case.run is not None else None
    return f"the figures are {basis}, not simulated" if basis is not None and basis not in SIMULATIONS else ""


SPECIFICATIONS = (
    Specification(
        "network", "accuracy", "a network that was run", "sections III and IV",
        "Only peak figures: how fast, how efficient and how accurate the chip is on any real network is open.",
        lambda case: case.run is not None,
    ),
    Specification(
        "accuracy", "accuracy", "accuracy on a dataset and task", "sections II and VIII",
        "A simple network could have been run to claim low power, high throughput and low cost; whether the chip is of "
        "use for a meaningful task is open.",
        _any("accuracy", "error"),
    ),
    Specification(
        "dataset", "accuracy", "dataset and task", "section II",
        "The difficulty of the problem is open: the same accuracy means little on digits and much on ImageNet.",
        _all("dataset", "task"),
    ),
    Specification(
        "precision", "accuracy", "bits per weight and activation", "sections III and IV",
        "Speed and energy may come from fewer bits; whether the accuracy holds at that precision is open.",
        _all("weight_bits", "activation_bits"),
    ),
    Specification(
        "runtime", "throughput", "runtime or throughput of a network", "section III",
        "PEs and clock give a peak alone; what utilisation leaves of it is open.",
        _follows("throughput"),
    ),
    Specification(
        "cores", "throughput", "number of PEs or multipliers, or peak performance", "section III, eq. (2)",
        "How much of the speed is parallelism and how much is clock is open, and so is the cost of more of it.",
        lambda case: case.has("pes", "multipliers") or bool(case.chip.peaks),
    ),
    Specification(
        "clock", "throughput", "clock frequency", "section III, eq. (2)",
        "How much of the speed is clock is open: a faster one needs a higher voltage, and more energy per operation.",
        _any("clock"),
    ),
    Specification(
        "utilization", "throughput", "utilisation, or what it follows from", "section III, eq. (3)",
        "How far the chip works below its peak is open: more PEs would not help one that cannot feed those it has.",
        _follows("utilization"),
    ),
    Specification(
        "batch", "latency", "batch size, or the latency itself", "section III",
        "A high throughput may hide a long latency: large batches raise both. Whether it is fit for real time is open.",
        _any("batch", "latency"),
    ),
    Specification(
        "power", "energy", "power or energy while running a network", "section IV",
        "Energy per inference and battery life are open; a TDP or a peak efficiency says what is possible, no more.",
        _follows("power", "energy"),
    ),
    Specification(
        "scope", "energy", "what the power includes", "section IV",
        "Power of the chip alone and power of the system are not to be compared; it is open which of them this is.",
        _scoped,
    ),
    Specification(
        "offchip", "energy", "off-chip traffic per inference, or power of the off-chip memory", "sections IV and VIII",
        "A chip of multipliers alone has low cost and low chip power; its memory traffic is paid for elsewhere. The "
        "energy of the system is open.",
        _any("offchip_traffic", "dram_power"), _memory_included,
    ),
    Specification(
        "area", "cost", "chip area", "section V",
        "What it costs to make is open; on-chip memory and number of PEs are a proxy at best.",
        _any("core_area", "die_area"),
    ),
    Specification(
        "process", "cost", "process technology", "section V",
        "An area, a clock or an energy without its process cannot be compared with those of another chip.",
        _any("process"),
    ),
    Specification(
        "onchip_memory", "cost", "on-chip memory", "section V",
        "Whether small traffic comes from a clever dataflow or from much storage is open.",
        _any("onchip_memory"),
    ),
    Specification(
        "offchip_bandwidth", "cost", "off-chip bandwidth", "section V",
        "What package, board and memory cost is open, and whether the claimed speed can be fed at all.",
        _any("offchip_bandwidth"),
    ),
    Specification(
        "networks", "flexibility", "results on more than one network", "section VI",
        "One network says nothing of others: whether others keep the efficiency is open.",
        _networks,
    ),
    Specification(
        "scaling", "scalability", "results at more than one size", "section VII",
        "Whether more PEs and more storage would bring more speed, or would idle, is open.",
        lambda case: case.chip.scalability is not None,
    ),
    Specification(
        "basis", "test setup", "measured or simulated", "section VIII",
        "A figure of a simulation may leave out clock, control, wires and the memory; whether it would hold in silicon "
        "is open.",
        lambda case: case.run is not None and case.run.basis is not None,
    ),
    Specification(
        "corner", "test setup", "corner of the simulation", "section VIII, footnote 11",
        "Process corner, voltage and temperature move energy and speed by tens of per cent; which they were is open.",
        _any("corner"), _not_simulated,
    ),
    Specification(
        "images", "test setup", "number of inputs tested", "section VIII",
        "Power and sparsity depend on the data; how representative it was is open.",
        _any("images_tested"),
    ),
    Specification(
        "layers", "test setup", "which layers were run", "section III",
        "Figures of the convolutions alone are not those of the network: other layers take time, weights and energy.",
        _any("layers"),
    ),
)  # fmt: skip
"""Everything that is asked for, of every chip, in the order of the article."""


def findings(chip: Chip, run: Run | None) -> tuple[Finding, ...]:
    """What a chip, with one of its runs, reports of each specification."""
    case = Case(chip, run, Scope(chip, run))
    return tuple(_found(each, case) for each in SPECIFICATIONS)


def _found(asked: Specification, case: Case) -> Finding:
    if asked.there(case):
        return Finding(asked, Status.REPORTED)
    reason = asked.exempt(case)
    return Finding(asked, Status.EXEMPT, reason) if reason else Finding(asked, Status.MISSING, asked.without)


def _meant(network: str) -> str:
    """The built-in network that is written in another way, such as `ResNet-50`; empty where there is none."""
    from assay.workload.zoo import zoo_names

    def bare(name: str) -> str:
        return "".join(each for each in name.lower() if each.isalnum())

    if network.partition(":")[0] in zoo_names():
        return ""
    return next((name for name in zoo_names() if bare(name) == bare(network)), "")


def cautions(chip: Chip, run: Run | None) -> tuple[str, ...]:
    """What is reported, and still bounds what can be concluded."""
    if run is None:
        return ()
    found = []
    layers = run.text("layers")
    if layers in ("conv", "fc"):
        part, whole = network_macs(run.text("network"), layers), network_macs(run.text("network"))
        share = f", {percent(part / whole)} of the MACs of {run.text('network')}" if part and whole else ""
        found.append(f"{layers.upper()} layers alone were run{share}; the whole network takes longer and more energy.")
    if run.scope == "chip" and "dram_power" not in run.figures:
        found.append("Power and energy are those of the chip; the off-chip memory comes on top.")
    if run.basis in SIMULATIONS:
        found.append(f"The figures are {run.basis}, not measured in silicon.")
    meant = _meant(run.text("network"))
    if meant:
        found.append(f"Its MACs are not counted: write '{meant}' if '{run.text('network')}' is that network.")
    if run.note:
        found.append(f"{capital(run.note)}.")
    return tuple(found)
