"""Write docs/tutorial.md: the tables and figures of the tutorials on evaluating DNN processors, made again with Assay.

    python -m tools.tutorial_page > docs/tutorial.md

Published figures come from tests/data/reference or the files of the chips, ours from the package; nothing of ours is
typed in. Evaluations take some minutes the first time, seconds afterwards.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

import assay
from assay.evaluation.results import Evaluation
from assay.reading.units import format_si
from tools.tutorial_metrics import metric_sections

ROOT = Path(__file__).parent.parent
REFERENCE = ROOT / "tests" / "data" / "reference"
BATCH = 48
"""Of the comparisons of energy: the batch of the tutorials' own comparison with SqueezeNet."""

INTRODUCTION = f"""\
# The tutorials' tables and figures, made again

The groups that gave us Eyeriss, Timeloop and Accelergy teach how to evaluate DNN processors in an article and tutorials:

- Sze, Chen, Yang, Emer, "How to evaluate deep neural network processors: TOPS/W (alone) considered harmful", IEEE
  Solid-State Circuits Magazine 12(3), 2020 (*the article*);
- Sze, "How to understand and evaluate deep learning processors", ISSCC tutorial 2020, and "Understanding the limitations of
  existing energy-efficient design approaches for deep neural networks", a talk on their SysML 2018 paper (*the tutorials*).

Here is every table and figure of theirs that has numbers that Assay can make: theirs, ours, and why the two differ. Figures that
exist only as pictures are compared in what their text says. `python -m tools.tutorial_page` writes this page. Where a batch is not
said, comparisons of energy are for a batch of {BATCH}, as the tutorials' comparison with SqueezeNet is.
"""

NOT_HERE = """\
## What is not here

- Accelergy's energies of processing in memory beside CASCADE: the tile of ISAAC is on the page of
  [components](components.md); CASCADE is not modelled.
- Energy-aware pruning, NetAdapt, FastDepth, DeeperLab and FAST change the network or the task; Assay evaluates networks as
  they are.
- Zeros: data gating, skipping and compression. Assay counts every word and every multiplication (see
  [limits](counting.md)); the published figures that depend on them are named where they stand.
- Precision-scalable multipliers: [components](components.md#precision-scalable-multipliers) has what is modelled of them.
- CPUs, GPUs and FPGAs as platforms: their published figures are in the [data set of chips](chips.md), not modelled.
"""


def main() -> None:
    sections = [INTRODUCTION, networks_section(), layers_section(), costs_section(), breakdown_section()]
    sections += [proxies_section(), accesses_section(), *metric_sections(), NOT_HERE]
    sys.stdout.write("\n".join(sections))


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of Markdown whose first column is text."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def published(name: str) -> list[dict[str, str]]:
    """The rows of a published table."""
    lines = [line for line in (REFERENCE / name).read_text().splitlines() if not line.startswith("#")]
    return list(csv.DictReader(lines))


def short(count: float) -> str:
    """As the tutorials write counts: `724M`."""
    return format_si(count, "").replace(" ", "")


# --------------------------------------------------------------------------- networks


ZOO = {
    "LeNet-5": "lenet5",
    "AlexNet": "alexnet",
    "VGG-16": "vgg16",
    "GoogLeNet v1": "googlenet",
    "ResNet-50": "resnet50",
    "EfficientNet-B4": "efficientnet_b4",
}

NETWORK_REASONS = """\
- **LeNet-5**: the 283k are not the shapes' (357.6k with every map of C3 connected to every map before it, 267.6k with the original
  partial table); the zoo has the former, and the two fully connected layers and the output as three.
- **VGG-16**: the tutorials' 16 convolutions are the 13 convolutions and the 3 fully connected layers.
- **GoogLeNet**: the 21 are its depth; 57 convolutions lie on it and beside it. Their shapes give 1.58G multiply-accumulates.
  The 1.43G of the tutorials is not reproduced by any set of its layers that we know of.
- **ResNet-50**: 49 convolutions and the 4 on its shortcuts.
"""


def networks_section() -> str:
    rows = []
    for row in published("networks_tutorial_table.csv"):
        network = assay.load_network(ZOO[row["network"]])
        parts = {kind: [each for each in network.layers if _kind(each) == kind] for kind in ("conv", "fc")}
        cells = [row["network"]]
        for kind in ("conv", "fc"):
            layers = parts[kind]
            ours = (str(len(layers)), *(short(sum(getattr(e, what) for e in layers)) for what in ("weights", "macs")))
            theirs = (row[f"{kind}_layers"], row[f"{kind}_weights"], row[f"{kind}_MACs"])
            cells += [f"{a} / {b}" for a, b in zip(theirs, ours, strict=True)]
        cells += [f"{row['total_weights']} / {short(network.weights)}", f"{row['total_MACs']} / {short(network.macs)}"]
        rows.append(cells)
    head = [
        "theirs / ours",
        "CONV layers",
        "weights",
        "MACs",
        "FC layers",
        "weights",
        "MACs",
        "all weights",
        "all MACs",
    ]
    return f"## Popular DNN models\n\n{table(head, rows)}\n\n{NETWORK_REASONS}"


def _kind(layer: assay.Layer) -> str:
    if layer.einsum is None:
        return "none"
    return "fc" if layer.op == "fc" else "conv"


SHAPES = {
    "conv1": ("11x11", 96, 3, 4, "34k", "105M"),
    "conv2": ("5x5", 256, 48, 1, "307k", "224M"),
    "conv3": ("3x3", 384, 256, 1, "885k", "150M"),
    "conv4": ("3x3", 384, 192, 1, "", ""),
    "conv5": ("3x3", 256, 192, 1, "", ""),
}
"""AlexNet's convolutions as the tutorial of 2020 has them: filter, filters, channels, stride, weights, MACs."""


def layers_section() -> str:
    rows = []
    layers = {each.name: each for each in assay.load_network("alexnet").layers}
    for name, (size, filters, channels, stride, weights, macs) in SHAPES.items():
        layer = layers[name]
        assert layer.einsum is not None
        dims = dict(layer.einsum.dims)
        ours = f"{dims['R']}x{dims['S']}", dims["M"] * dims.get("G", 1), dims["C"]
        rows.append(
            [name, *(f"{a} / {b}" for a, b in zip((size, filters, channels), ours, strict=True)), f"{stride}"]
            + [f"{weights or '-'} / {short(layer.weights)}", f"{macs or '-'} / {short(layer.macs)}"]
        )
    head = ["theirs / ours", "filter", "filters", "channels", "stride", "weights", "MACs"]
    note = "Equal but for the last digit of weights (34k of 34,848) where the tutorial rounds down."
    return f"## AlexNet's convolutions\n\n{table(head, rows)}\n\n{note}\n"


# --------------------------------------------------------------------------- energy


def costs_section() -> str:
    """Horowitz' energies, which the article's Fig. 8 shows."""
    asked = {
        "8b Add": ("adder", {"format": "int8"}, "add"),
        "16b Add": ("adder", {"format": "int16"}, "add"),
        "32b Add": ("adder", {"format": "int32"}, "add"),
        "16b FP Add": ("adder", {"format": "fp16"}, "add"),
        "32b FP Add": ("adder", {"format": "fp32"}, "add"),
        "8b Mult": ("multiplier", {"format": "int8"}, "multiply"),
        "32b Mult": ("multiplier", {"format": "int32"}, "multiply"),
        "16b FP Mult": ("multiplier", {"format": "fp16"}, "multiply"),
        "32b FP Mult": ("multiplier", {"format": "fp32"}, "multiply"),
        "32b SRAM read (8KB)": ("sram", {"depth": "2048", "width": "32"}, "read"),
    }
    rows = []
    for row in published("horowitz_isscc14.csv"):
        if row["operation"] not in asked:
            continue
        component, attributes, action = asked[row["operation"]]
        found = assay.estimate(component, technology="45 nm, 0.9 V", **attributes)
        energy = dict(found.energy)[action]
        ours = "not modelled" if energy is None else f"{energy * 1e12:.3g}"
        rows.append([row["operation"], row["energy_pJ"], ours])
    reason = (
        "Arithmetic is taken from this very table, so it agrees by construction; what it is worth at other widths and nodes is on\n"
        "the page of [components](components.md). The SRAM is a model fitted to CACTI, whose arrays take less than the one that the\n"
        "table tells of. DRAM: 640 pJ per 32-bit word is 20 pJ/b; `assay components dram` has figures per kind of DRAM."
    )
    head = ["operation (45 nm, 0.9 V)", "theirs, pJ", "ours, pJ"]
    return f"## Energy of arithmetic and memory (the article's Fig. 8)\n\n{table(head, rows)}\n\n{reason}\n"


def by_kind(evaluation: Evaluation) -> dict[str, float]:
    """Shares of the energy by data type."""
    shares: dict[str, float] = {}
    for layer in evaluation.mapped:
        for entry in layer.energies:
            if entry.energy is not None:
                name = entry.tensor or "computation"
                shares[name] = shares.get(name, 0.0) + entry.energy
    whole = sum(shares.values())
    return {name: joules / whole for name, joules in shares.items()}


def breakdown_section() -> str:
    shares = by_kind(assay.evaluate("googlenet", "eyeriss", batch=BATCH))
    theirs = (("ofmap", "output feature maps", 43), ("ifmap", "input feature maps", 25))
    theirs += (("filter", "weights", 22), ("computation", "computation", 10))
    rows = [[title, f"{value} %", f"{100 * shares[name]:.0f} %"] for name, title, value in theirs]
    text = (
        "Theirs is the Energy Estimation tool (Yang, Chen, Sze, CVPR 2017), which adds the sparsity and bit widths of a run on\n"
        "data to the energies of Eyeriss; ours is [Eyeriss](hardware.md) under the best mapping of every layer, in which every\n"
        "multiplication is done: hence the larger share of the computation. Partial sums in our count are written and read in the\n"
        "scratchpads with every multiply-accumulate. The tutorials' point stands: the weights are about a fifth."
    )
    head = ["GoogLeNet", "theirs", "ours"]
    return f"## Energy by data type: GoogLeNet\n\n{table(head, rows)}\n\n{text}\n"


PROXIES = ("alexnet", "squeezenet1_0", "googlenet", "mobilenet_v1", "resnet50", "vgg16")


def proxies_section() -> str:
    """Weights and MACs beside energy and latency: "all MACs and weights are not created equal"."""
    found = {name: assay.evaluate(name, "eyeriss", batch=BATCH) for name in PROXIES}
    rows = []
    for name, each in found.items():
        network = assay.load_network(name)
        assert each.energy_per_inference is not None and each.latency is not None
        rows.append(
            [each.network.title or name, short(network.weights), short(network.macs)]
            + [format_si(each.energy_per_inference, "J"), format_si(each.latency / BATCH, "s")]
            + [f"{each.energy_per_inference / network.macs * 1e12:.1f} pJ"]
        )
    head = ["on Eyeriss", "weights", "MACs", "energy per inference", "time per inference", "energy per MAC"]
    alex, squeeze = found["alexnet"], found["squeezenet1_0"]
    assert alex.energy_per_inference and squeeze.energy_per_inference
    ratio = squeeze.energy_per_inference / alex.energy_per_inference
    fewer = assay.load_network("alexnet").weights / assay.load_network("squeezenet1_0").weights
    text = (
        f"The tutorials say that the number of weights alone is no good metric for energy, with AlexNet and SqueezeNet 1.0 as the\n"
        f"example (bars without numbers), and that deeper networks with fewer weights need not take less energy. Ours: SqueezeNet has\n"
        f"{fewer:.0f} times fewer weights than AlexNet and takes {ratio:.2f} times its energy. {_orders(found)}"
    )
    title = "## Weights and MACs are no proxies for energy and latency (the article's Fig. 7 and the tutorials)"
    return f"{title}\n\n{table(head, rows)}\n\n{text}\n"


def _orders(found: dict[str, Evaluation]) -> str:
    """In how many pairs of networks the one with fewer weights or MACs takes less energy or time."""
    counts = dict.fromkeys((("weights", "energy"), ("macs", "energy"), ("weights", "latency"), ("macs", "latency")), 0)
    pairs = list(combinations(found, 2))
    for a, b in pairs:
        for proxy, metric in counts:
            fewer = getattr(assay.load_network(a), proxy) < getattr(assay.load_network(b), proxy)
            less = (getattr(found[a], metric) or 0) < (getattr(found[b], metric) or 0)
            counts[proxy, metric] += fewer == less
    wrong = {key: len(pairs) - value for key, value in counts.items()}
    return (
        f"Of the {len(pairs)} pairs in the table, weights order {wrong['weights', 'energy']} wrongly by energy and"
        f" {wrong['weights', 'latency']} by\nlatency; MACs {wrong['macs', 'energy']} and {wrong['macs', 'latency']}. The"
        " article's Fig. 7 shows the same on a phone, in a picture."
    )


def accesses_section() -> str:
    """724M MACs, 2896M DRAM accesses at worst; 500 times fewer where everything is reused."""
    network = assay.load_network("alexnet")
    found = assay.evaluate(network, "eyeriss", batch=4)
    assert found.offchip_words is not None
    layers = [layer.einsum for layer in network.layers if layer.op == "conv" and layer.einsum is not None]
    reads = 2 * sum(einsum.macs for einsum in layers)
    once = sum(einsum.words(tensor) for einsum in layers for tensor in einsum.inputs)
    least = sum(each.einsum.words(t) for each in network.layers if each.einsum for t in each.einsum.tensors)
    rows = [
        ["MACs of AlexNet", "724M", short(network.macs)],
        ["DRAM accesses when nothing is kept on the chip (4 per MAC)", "2896M", short(4 * network.macs)],
        ["reads of filters and input maps in CONV layers (2 per MAC), over reading each word once", "up to 500x"]
        + [f"{reads / once:.0f}x"],
        ["DRAM accesses when every word of a layer moves once", "-", short(least)],
        ["DRAM accesses per image on Eyeriss, batch 4, best mapping", "-", short(found.offchip_words / 4)],
    ]
    text = (
        "The 500x is explained nowhere in the slides; read as in the table it comes out. At a batch of 4 the weights of the fully\n"
        "connected layers are read once for four images: hence fewer accesses per image than words in the network."
    )
    return f"## Every MAC needs four accesses\n\n{table(['', 'theirs', 'ours'], rows)}\n\n{text}\n"


if __name__ == "__main__":
    main()
