"""What must be reported so that a chip can be judged, and what cannot be concluded where it is not.

The list is that of "Specifications to evaluate metrics" (Sze, talk on the SysML 2018 paper) and of the article Sze,
Chen, Yang and Emer, SSC Magazine 12(3), 2020, each entry with the section that asks for it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from assay.metrics.audit_scope import Scope, network_macs
from assay.metrics.claims import Chip, Run
from assay.metrics.metric import Basis

SIMULATIONS = (Basis.LAYOUT, Basis.SYNTHESIS, Basis.SIMULATED)


@dataclass(frozen=True, slots=True)
class Case:
    """What the specifications are looked for in: a chip and one run on it; None where it has none."""

    chip: Chip
    run: Run | None
    scope: Scope

    def has(self, *keys: str) -> bool:
        """Whether one of the figures is given, by the chip or by the run."""
        return any(key in self.chip.figures or (self.run is not None and key in self.run.figures) for key in keys)

    def follows(self, name: str) -> bool:
        """Whether a figure is given, or follows from those that are."""
        return self.scope.find(name) is not None


@dataclass(frozen=True, slots=True)
class Specification:
    """Something that must be reported.

    Attributes:
        key, metric: short name, and the metric it belongs to.
        title: what is to be reported.
        section: of the article.
        without: what cannot be concluded where it is missing.
        there: whether it is reported.
        applies: whether it is asked for at all.
    """

    key: str
    metric: str
    title: str
    section: str
    without: str
    there: Callable[[Case], bool]
    applies: Callable[[Case], bool] = lambda _: True


@dataclass(frozen=True, slots=True)
class Gap:
    """A specification that is missing."""

    key: str
    metric: str
    title: str
    without: str
    source: str

    def to_dict(self) -> dict[str, Any]:
        """As in the schema `assay.audit/1`."""
        return {
            "key": self.key,
            "metric": self.metric,
            "title": self.title,
            "without": self.without,
            "source": self.source,
        }


def _networks(case: Case) -> int:
    return len({run.text("network") for run in case.chip.runs})


def _simulated(case: Case) -> bool:
    return case.run is not None and case.run.basis in SIMULATIONS


SPECIFICATIONS = (
    Specification(
        "network", "accuracy", "a network that was run", "sections III and IV",
        "Only peak figures: how fast, how efficient and how accurate the chip is on any real network is open.",
        lambda c: c.run is not None,
    ),
    Specification(
        "accuracy", "accuracy", "accuracy on a dataset and task", "sections II and VIII",
        "A simple network could have been run to claim low power, high throughput and low cost; whether the chip is of "
        "use for a meaningful task is open.",
        lambda c: c.has("accuracy", "error"), lambda c: c.run is not None,
    ),
    Specification(
        "dataset", "accuracy", "dataset and task", "section II",
        "The difficulty of the problem is open: the same accuracy means little on digits and much on ImageNet.",
        lambda c: c.has("dataset") and c.has("task"), lambda c: c.run is not None,
    ),
    Specification(
        "precision", "accuracy", "bits per weight and activation", "sections III and IV",
        "Speed and energy may come from fewer bits; whether the accuracy holds at that precision is open.",
        lambda c: c.has("weight_bits") and c.has("activation_bits"), lambda c: c.run is not None,
    ),
    Specification(
        "runtime", "throughput", "runtime or throughput of a network", "section III",
        "PEs and clock give a peak alone; what utilisation leaves of it is open.",
        lambda c: c.follows("throughput"), lambda c: c.run is not None,
    ),
    Specification(
        "cores", "throughput", "number of PEs or multipliers, or peak performance", "section III, eq. (2)",
        "How much of the speed is parallelism and how much is clock is open, and so is the cost of more of it.",
        lambda c: c.has("pes", "multipliers") or bool(c.chip.peaks),
    ),
    Specification(
        "utilization", "throughput", "utilisation, or what it follows from", "section III, eq. (3)",
        "How far the chip works below its peak is open: more PEs would not help one that cannot feed those it has.",
        lambda c: c.follows("utilization"), lambda c: c.run is not None,
    ),
    Specification(
        "batch", "latency", "batch size, or the latency itself", "section III",
        "A high throughput may hide a long latency: large batches raise both. Whether it is fit for real time is open.",
        lambda c: c.has("batch", "latency"), lambda c: c.run is not None,
    ),
    Specification(
        "power", "energy", "power or energy while running a network", "section IV",
        "Energy per inference and battery life are open; a TDP or a peak efficiency says what is possible, no more.",
        lambda c: c.follows("power") or c.follows("energy"), lambda c: c.run is not None,
    ),
    Specification(
        "scope", "energy", "what the power includes", "section IV",
        "Power of the chip alone and power of the system are not to be compared; it is open which of them this is.",
        lambda c: c.run is not None and bool(c.run.scope), lambda c: c.has("power", "energy", "inferences_per_joule"),
    ),
    Specification(
        "offchip", "energy", "off-chip traffic per inference, or power with off-chip memory", "sections IV and VIII",
        "A chip of multipliers alone has low cost and low chip power; its memory traffic is paid for elsewhere. The "
        "energy of the system is open.",
        lambda c: c.has("offchip_traffic", "dram_power")
        or (c.run is not None and c.run.scope in ("chip and off-chip memory", "board", "system")),
        lambda c: c.run is not None,
    ),
    Specification(
        "area", "cost", "chip area", "section V",
        "What it costs to make is open; on-chip memory and number of PEs are a proxy at best.",
        lambda c: c.has("core_area", "die_area"),
    ),
    Specification(
        "process", "cost", "process technology", "section V",
        "An area, a clock or an energy without its process cannot be compared with those of another chip.",
        lambda c: c.has("process"),
    ),
    Specification(
        "onchip_memory", "cost", "on-chip memory", "section V",
        "Whether small traffic comes from a clever dataflow or from much storage is open.",
        lambda c: c.has("onchip_memory"),
    ),
    Specification(
        "offchip_bandwidth", "cost", "off-chip bandwidth", "section V",
        "What package, board and memory cost is open, and whether the claimed speed can be fed at all.",
        lambda c: c.has("offchip_bandwidth"),
    ),
    Specification(
        "networks", "flexibility", "results on more than one network", "section VI",
        "One network says nothing of others: whether others keep the efficiency is open.",
        lambda c: _networks(c) > 1 or c.chip.flexibility is not None,
    ),
    Specification(
        "scaling", "scalability", "results at more than one size", "section VII",
        "Whether more PEs and more storage would bring more speed, or would idle, is open.",
        lambda c: c.chip.scalability is not None,
    ),
    Specification(
        "basis", "test setup", "measured or simulated", "section VIII",
        "A figure of a simulation may leave out clock, control, wires and the memory; whether it would hold in silicon "
        "is open.",
        lambda c: c.run is not None and c.run.basis is not None, lambda c: c.run is not None,
    ),
    Specification(
        "corner", "test setup", "corner of the simulation", "section VIII, footnote 11",
        "Process corner, voltage and temperature move energy and speed by tens of per cent; which they were is open.",
        lambda c: c.has("corner"), _simulated,
    ),
    Specification(
        "images", "test setup", "number of inputs tested", "section VIII",
        "Power and sparsity depend on the data; how representative it was is open.",
        lambda c: c.has("images_tested"), lambda c: c.run is not None,
    ),
    Specification(
        "layers", "test setup", "which layers were run", "section III",
        "Figures of the convolutions alone are not those of the network: other layers take time, weights and energy.",
        lambda c: c.has("layers"), lambda c: c.run is not None,
    ),
)  # fmt: skip
"""Everything that is asked for, in the order of the article."""


def missing(chip: Chip, run: Run | None) -> tuple[Gap, ...]:
    """The specifications that a chip, with one of its runs, does not report."""
    case = Case(chip, run, Scope(chip, run))
    return tuple(
        Gap(each.key, each.metric, each.title, each.without, f"Sze et al., SSC Magazine 12(3), 2020, {each.section}")
        for each in SPECIFICATIONS
        if each.applies(case) and not each.there(case)
    )


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
        share = f", {100 * part / whole:.0f} % of the MACs of {run.text('network')}" if part and whole else ""
        found.append(f"{layers.upper()} layers alone were run{share}; the whole network takes longer and more energy.")
    if run.scope == "chip" and "dram_power" not in run.figures:
        found.append("Power and energy are those of the chip; the off-chip memory comes on top.")
    if run.basis in SIMULATIONS:
        found.append(f"The figures are {run.basis}, not measured in silicon.")
    meant = _meant(run.text("network"))
    if meant:
        found.append(f"Its MACs are not counted: write '{meant}' if '{run.text('network')}' is that network.")
    if run.note:
        found.append(f"{run.note[0].upper()}{run.note[1:]}.")
    return tuple(found)
