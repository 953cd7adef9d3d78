"""The part of docs/tutorial.md that is about metrics: the sheet of Eyeriss, Eyexam, breakdown, dataflows, scaling, shapes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import assay
from assay.evaluation.results import Evaluation
from assay.hardware.model import Fanout
from assay.mapping.counts import Action
from assay.metrics.audit import audit
from assay.metrics.equal_area import equal_area_hardware
from assay.metrics.eyexam_steps import BOUNDS, Key
from assay.metrics.metric import Metric
from assay.reading.units import format_bytes
from assay.report.metrics import amount, stated
from tools.dataflows_page import claims_table
from tools.scaling_page import cells_table
from tools.validation import evaluations
from tools.validation_components import breakdown_table, eyeriss_energy


def metric_sections() -> list[str]:
    own, best = evaluations()
    sections = [sheet_section(own, best), factors_section(), equations_section(), eyexam_section(), shapes_section()]
    return [*sections, breakdown_section(own), dataflows_section(), scaling_section()]


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of Markdown whose cells are text."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


# --------------------------------------------------------------------------- the sheet


def sheet_section(own: Evaluation, best: Evaluation) -> str:
    """The sheet that the tutorials end with: their answers, and ours for the same run."""
    claims = {metric.key: metric for group in audit(assay.load_chip("eyeriss")).groups for metric in group.metrics}
    own_card, card = assay.scorecard(own), assay.scorecard(best)
    moved = [sum(words(each) for each in e.mapped) * 2 / 4e6 for e in (own, best)]
    assert own.onchip_power is not None and best.onchip_power is not None

    def said(key: str) -> str:
        return _shown(claims[key])

    def ours(key: str) -> str:
        return _shown(card[key])

    rows = [
        ["DNN model", "AlexNet", "AlexNet"],
        ["Supported layers", "all CONV", "all CONV and FC ([flexibility](flexibility.md))"],
        ["Process", said("process"), ours("technology")],
        ["Core area", f"{1e6 * float(str(claims['area'].value)):g} mm2", f"{ours('component_area')} of components, without wires and pads"],
        ["On-chip memory", "192 kB (of 1024 bytes)", format_bytes(best.onchip_bits)],
        ["Multipliers", said("multipliers"), ours("multipliers")],
        ["Clock", said("clock"), amount(best.hardware.clock, "Hz")],
        ["Core area per multiplier", said("area_per_multiplier"), _shown(card["area_per_multiplier"])],
        ["On-chip memory per multiplier", "1.14 kB (of 1024 bytes)", format_bytes((best.onchip_bits or 0) / best.hardware.pes)],
        ["Measured or simulated", said("basis"), "calculated from exact counts"],
        ["Top-5 error on ImageNet", f"{100 * (1 - float(str(claims['accuracy'].value))):.1f} %", "not for the model to say"],
        ["Bits per weight and activation", "16, 16", ours("precision")],
        ["Batch size", said("batch"), str(best.batch)],
        ["Runtime", f"{1e3 * float(str(claims['runtime'].value)):g} ms", f"{_shown(own_card['latency'])} under the chip's mapping, {_shown(card['latency'])} under the best"],
        ["Power", said("power"), f"{amount(own.onchip_power, 'W')} on the chip under its mapping, {amount(best.onchip_power, 'W')} under the best"],
        ["Off-chip access per image", said("offchip_traffic"), f"{moved[0]:.2f} MB under the chip's mapping, {moved[1]:.2f} MB under the best"],
        ["Images tested", said("images_tested"), "none: no data is needed"],
    ]  # fmt: skip
    text = (
        "The left column is the file of the chip's claims (`assay audit eyeriss`), the right one our model of the same run: CONV\n"
        "layers of AlexNet, batch of 4. **Memory**: 192 kB are 181.5 kB of SRAM and the registers of the PEs as the tutorials count\n"
        "them (kB of 1024 bytes); ours are all three scratchpads and the buffer. **Runtime**: the chip loads the first filters of a layer before it\n"
        "begins (103.5 ms are without that), and first and last tiles take their own time ([tile by tile](pipeline.md) ours is 4 ms\n"
        "longer); the best mapping is the one of least energy, not of least time. **Power**: energies are ratios to one MAC; clock network\n"
        "and control are not in them, and zeros are not gated. Built of estimated components, with clock and zeros, the chip comes\n"
        "out within 1 % of its energy on the page of [validation](validation.md#components). **Off-chip**: the chip compresses\n"
        "activations; ours are as they are."
    )
    return f"## Metrics of the Eyeriss chip\n\n{table(['', 'theirs', 'ours'], rows)}\n\n{text}\n"


def words(layer: assay.LayerResult) -> int:
    """Words that go into and out of the DRAM."""
    moves = (Action.READ, Action.FILL, Action.UPDATE)
    return sum(c.count for c in layer.counts if c.component == "dram" and c.action in moves)


def _shown(metric: Metric) -> str:
    return stated(metric) or amount(metric.value, metric.unit)


def factors_section() -> str:
    """Table III with the values of the run."""
    card = assay.scorecard(assay.evaluate("alexnet", "eyeriss", batch=4))
    rows = [
        [each.title, each.note.removeprefix("dictated by ").partition(";")[0], amount(each.value, each.unit) if each.value is not None else "not modelled"]
        for each in card.group("factors").metrics
        if each.note.startswith("dictated by")
    ]  # fmt: skip
    text = (
        "The article's Table III says which factor of inferences per second is dictated by the hardware, the DNN model or the data.\n"
        "`assay evaluate alexnet eyeriss --batch 4 --explain` gives every factor its value; their product is the throughput, exactly.\n"
        "The share of effectual operations depends on data: `--effectual 40%` gives it."
    )
    head = ["factor", "dictated by", "AlexNet on Eyeriss, batch of 4"]
    return f"## Factors of the throughput (the article's Table III)\n\n{table(head, rows)}\n\n{text}\n"


EQUATIONS = {
    "(1) inferences per second": "inferences_per_second",
    "(2) operations per second": "operations_per_second",
    "(3) utilisation of PEs": "utilization",
    "(4) operations per cycle": "operations_per_cycle",
    "(5) throughput that a power of 300 mW allows": "tdp_throughput",
    "(6) inferences per joule": "inferences_per_joule",
    "(7) energy per operation": "energy_per_operation",
    "(8) switching activity x capacitance x voltage squared": "switching",
    "(9) operations per joule": "operations_per_joule",
}


def equations_section() -> str:
    """Equations (1) to (9), each with its value."""
    card = assay.scorecard(assay.evaluate("alexnet", "eyeriss", batch=4), tdp=0.3)
    rows = []
    for title, key in EQUATIONS.items():
        metric = card[key]
        formula = metric.formula or "-"
        rows.append([title, formula, amount(metric.value, metric.unit) if metric.value is not None else "not modelled"])
    text = (
        "The article prints no numbers for its equations; these are ours for AlexNet on Eyeriss, a batch of 4.\n"
        "[Throughput](throughput.md) and [energy](energy.md) explain them. Two numbers in its text: a batch of 100 frames at 30 frames/s\n"
        f"makes some of them wait {BATCHED / RATE:.1f} s (theirs: 3.3 s) before the work begins, which is not in a latency of ours, that of a\n"
        "batch which is there; and its Little's law is the metric *inferences in flight*."
    )
    head = ["equation", "as Assay computes it", "AlexNet on Eyeriss, batch of 4"]
    return f"## The article's equations\n\n{table(head, rows)}\n\n{text}\n"


BATCHED, RATE = 100, 30
"""Frames of a batch, and in a second: the article's example in section III."""

# --------------------------------------------------------------------------- Eyexam


LOSSES = {
    Key.LAYER: "finite size of the workload",
    Key.DATAFLOW: "dataflows restricted by the loop nest",
    Key.PES: "mappings restricted by shape fragmentation",
    Key.ARRAY: "shape fragmentation in each dimension",
    Key.STORAGE: "storage of intermediate data",
    Key.BANDWIDTH: "average bandwidth to the active PEs",
    Key.ACCESS: "instant bandwidth to the active PEs",
}
"""Reasons of Table II, in short."""


def eyexam_section() -> str:
    """Table II, with two layers."""
    found = [assay.eyexam("alexnet", "eyeriss", layer="conv2", batch=4)]
    found.append(assay.eyexam("mobilenet_v1", "eyeriss", layer="dw4"))
    columns = [{step.key: step for step in each.layers[0].steps} for each in found]
    rows = []
    for number, (key, reason) in enumerate(LOSSES.items(), 1):
        cells = []
        for steps in columns:
            bound = steps[key].bound
            cells.append("not modelled" if bound is None else f"{float(bound):,.4g}")
        rows.append([str(number), BOUNDS[key], reason, *cells])
    causes = [f"- {each.title}: {'; '.join(s.cause for s in each.layers[0].steps[3:] if s.cause)}." for each in found]
    names = [f"{each.layers[0].name} of {each.network.title or each.network.name}" for each in found]
    head = ["step", "bound", "why it is lower (theirs)", *(f"{name}, MACs/cycle" for name in names)]
    text = (
        "Theirs are words and a sketch (Figs. 5 and 6); ours are bounds with proof, for any layer:\n\n"
        + "\n".join(causes)
        + "\n\n![The roofline of DRAM with the layers of AlexNet](images/roofline-alexnet-eyeriss-dram.svg)\n\n"
        "![The tightened roofline of one layer](images/roofline-tight-conv1.svg)"
    )
    return f"## Eyexam (the article's Table II, Figs. 5 and 6)\n\n{table(head, rows)}\n\n{text}\n"


# --------------------------------------------------------------------------- shapes


ARRAY_SHAPES = {
    "a layer with many channels": "conv:M=64,C=64,P=28,Q=28,R=3,S=3",
    "the first layer of a network": "conv:M=64,C=3,P=28,Q=28,R=3,S=3",
    "depthwise": "conv:G=64,M=1,C=1,P=28,Q=28,R=3,S=3",
    "fully connected, batch of 1": "conv:M=1024,C=1024,P=1,Q=1",
}


def shapes_section() -> str:
    """The slides' arrays of channels by filters, and by filters and a feature map."""
    rows = []
    chips = [array_of("ws", "M", "C"), array_of("os", "M", "PQN"), assay.load_hardware("eyeriss_v2_256")]
    for title, layer in ARRAY_SHAPES.items():
        cells = [title]
        for chip in chips:
            found = assay.map_layer(layer, chip, objective="latency")
            cells.append(f"{found.result.active_pes} of {chip.pes}")
        rows.append(cells)
    text = (
        "The slides show two arrays that rely on properties of a network: one spreads input channels by filters and adds up in\n"
        "space, one spreads filters by pixels or a batch and adds up in time; a depthwise layer leaves both nearly empty, and a\n"
        "flexible dataflow with a flexible network serves it, too. Ours: PEs with work under the fastest mapping. The first two are\n"
        "the weight-stationary and the output-stationary machine of the [comparison of dataflows](dataflows.md), 16 x 16 PEs, held to\n"
        "the dimensions in the slides; the third is Eyeriss v2 with 256 PEs (`eyeriss_v2_256`)."
    )
    head = ["layer", "channels by filters", "filters by pixels and batch", "flexible"]
    return f"## Arrays that rely on channels\n\n{table(head, rows)}\n\n{text}\n"


def array_of(machine: str, x: str, y: str) -> assay.Hardware:
    """A machine of the comparison of dataflows, which lays only these dimensions along its axes."""
    chip = equal_area_hardware(machine, 256)
    nodes = tuple(
        replace(node, axes=tuple(replace(axis, dims=tuple(x if axis.name == "X" else y)) for axis in node.axes))
        if isinstance(node, Fanout)
        else node
        for node in chip.nodes
    )
    return replace(chip, nodes=nodes)


def breakdown_section(own: Evaluation) -> str:
    text = (
        "Theirs is Accelergy's validation on a design like Eyeriss, simulated after layout; ours are the components of\n"
        "[our file of the chip](components.md) with the counts of its own mapping. [Validation](validation.md#components) explains\n"
        "each difference, and says which choice was made knowing the result. Accelergy's 95 % accuracy is of the total energy, which is not\n"
        "printed: so only shares stand side by side here."
    )
    return (
        f"## Energy by block of Eyeriss (Accelergy's validation)\n\n{breakdown_table(eyeriss_energy(own))}\n\n{text}\n"
    )


def dataflows_section() -> str:
    text = (
        "Theirs have mappings fixed by each dataflow; ours are the best mapping under each. [Dataflows](dataflows.md) has all of it,\n"
        "by level and by type of data, and why each difference."
    )
    return f"## Dataflows at equal area\n\n{claims_table()}\n\n{text}\n"


def scaling_section() -> str:
    text = (
        "Speed of Eyeriss v2 over v1 with as many PEs. [Scalability](scaling.md#eyeriss-v2-over-eyeriss-v1) explains every column: what the paper\n"
        "says of the two networks on chip, what it leaves open, and which reading was taken knowing the result."
    )
    return f"## Speed of Eyeriss v2 over v1\n\n{cells_table()}\n\n{text}\n"
