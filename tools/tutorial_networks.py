"""The part of docs/tutorial.md that is about networks and data sets, in numbers that need no chip."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import assay
from assay.metrics.accuracy import Accuracy, datasets
from assay.metrics.accuracy import published as published_accuracy
from assay.reading.units import format_si

REFERENCE = Path(__file__).parent.parent / "tests" / "data" / "reference"


def network_sections() -> list[str]:
    return [networks_section(), compact_section(), layers_section(), datasets_section()]


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
- **GoogLeNet**: the 21 are its depth; 57 convolutions lie on it and beside it. The 1.43G are what remains without the branches of
  5 x 5 filters ({without_5x5:,}), whose weights are counted.
- **ResNet-50**: 49 convolutions and the 4 on its shortcuts.
- **Inputs**: ours are of the same size; what follows from it is the size of the first layer's output.
- **Errors**: a model of hardware has no say in them. Ours are [published ones](accuracy.md): those of this very table, and for AlexNet
  that of the sheet of the Eyeriss chip below, which is of one network where this table has the mean of five.
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
    return f"## Popular DNN models\n\n{table(head, rows)}\n\n{_inputs_table()}\n\n{_reasons()}"


def _reasons() -> str:
    network = assay.load_network("googlenet")
    branches = sum(each.macs for each in network.layers if each.name.endswith(("/5", "/5r")))
    return NETWORK_REASONS.format(without_5x5=network.macs - branches)


def _inputs_table() -> str:
    """Errors and inputs of the same networks."""
    rows = []
    for row in published("networks_tutorial_table.csv"):
        name = ZOO[row["network"]]
        first = next(layer.einsum for layer in assay.load_network(name).layers if layer.einsum is not None)
        sizes = dict(first.dims)
        theirs = f"{row['top5_err_pct']} %" if row["top5_err_pct"] != "n/a" else "-"
        rows.append([row["network"], theirs, error_of(published_accuracy(name))])
        rows[-1] += [row["input"], f"{sizes['P']}x{sizes['Q']}x{sizes['M']}"]
    return table(
        ["", "top-5 error on ImageNet, theirs", "ours", "input, theirs", "output of the first layer, ours"], rows
    )


def error_of(accuracy: Accuracy | None) -> str:
    """The error that goes with an accuracy, with its metric where that is not the top-5."""
    if accuracy is None:
        return "-"
    kind = "" if accuracy.metric == "top-5" else f" ({accuracy.metric})"
    return f"{100 * (1 - accuracy.value):.1f} %{kind}"


COMPACT = {"alexnet": ("80.4 %", 8, "61M", "724M"), "mobilenet_v1": ("89.5 %", 28, "4M", "569M")}
"""The tutorial of 2020 on compact models: top-5 accuracy, layers, weights, MACs."""


def compact_section() -> str:
    """AlexNet and MobileNet side by side."""
    rows = []
    for name, (accuracy, layers, weights, macs) in COMPACT.items():
        network = assay.load_network(name)
        known = published_accuracy(name)
        ours = f"{100 * known.value:.1f} % ({known.metric})" if known else "-"
        count = sum(layer.einsum is not None for layer in network.layers)
        rows.append(
            [network.title or name, f"{accuracy} / {ours}", f"{layers} / {count}"]
            + [f"{weights} / {short(network.weights)}", f"{macs} / {short(network.macs)}"]
        )
    text = (
        "Ours are published accuracies, in the metric of their sources: for MobileNet the top-1 of its released checkpoints.\n"
        "AlexNet's 80.4 % is one of three figures of the same authors (83.6 % in the table above, 80.2 % on the sheet of the chip)."
    )
    head = ["theirs / ours", "accuracy (top-5)", "layers", "weights", "MACs"]
    return f"## A compact model\n\n{table(head, rows)}\n\n{text}\n"


DATASETS = {
    "MNIST": "10 classes, 60k training, 10k testing",
    "ImageNet": "1000 classes, 1.3M training, 100k testing",
}
"""The article's Fig. 4, of which the rest is pictures."""


def datasets_section() -> str:
    """How difficult a task is."""
    ours = {each.name: each.facts for each in datasets()}
    rows = [[name, theirs, ours[name]] for name, theirs in DATASETS.items()]
    text = "Equal: taken from there. The [scorecard](accuracy.md) shows them beside every accuracy."
    return f"## Data sets (the article's Fig. 4)\n\n{table(['', 'theirs', 'ours'], rows)}\n\n{text}\n"


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
