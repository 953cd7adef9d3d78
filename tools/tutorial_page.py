"""Write docs/tutorial.md: the tables and figures of the tutorials on evaluating DNN processors, made again with Assay.

    python -m tools.tutorial_page > docs/tutorial.md

Published figures come from tests/data/reference or the files of the chips, ours from the package; nothing of ours is
typed in. Evaluations take some minutes the first time, seconds afterwards.
"""

from __future__ import annotations

import sys
from itertools import combinations
from typing import Any

import assay
from assay.evaluation.results import Evaluation
from assay.reading.units import format_si
from tools.tutorial_metrics import metric_sections
from tools.tutorial_networks import network_sections, published, short, table

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

Figures with numbers that Assay does not make again, and why:

| theirs | where | why not |
| --- | --- | --- |
| Energy of processing in memory beside CASCADE: 0.037 J and 0.035 J, shares by component | slide "Accelergy for PIM" | CASCADE is not modelled; the tile of ISAAC is on the page of [components](components.md) |
| Eyeriss v2 on MobileNet 5.6, 10.9 and 12.6 times as fast as v1 | bars on the slide "Eyeriss v2" | the last two skip zeros; for the first, the network of the v1 with 192 PEs that was compared with is not printed. Without skipping, the table of that slide is above |
| AlexNet pruned: 2.7 times fewer weights in CONV, 9.9 in FC, 9 in all, 3 times fewer MACs; 3.7 times less energy by energy-aware pruning, 2.1 by magnitude, 1.7 between them | slides on pruning | zeros are counted like other words ([limits](counting.md)). [Flexibility](flexibility.md) has a pruned AlexNet, and what skipping all its zeros could bring at most |
| Zeros in activations, compression within 5 to 10 % of the entropy | slides on sparsity | likewise; the published shares of zeros stand beside the traffic in [validation](validation.md) |
| 19 precision-scalable multipliers | slide of the tutorial of 2020 | `scalable_mac` on the page of [components](components.md) models their families; the slide has a picture |
| Winograd 2.25 times for 3 x 3 filters; FFT, Strassen, Gauss' 3 multiplications for 4 | slides on CPUs and GPUs | layers are counted as they are: no transformation of the arithmetic |
| 512 bits per cycle for 64 MACs of 8 bits or 16 of 32; 64 MACs of a tensor core; 96,000 MACs on an FPGA | slides on platforms | these are facts of platforms; published figures of some are in the [data set of chips](chips.md) |
| NetAdapt up to 1.7 times as fast; FastDepth more than 10 times, at 40 frames/s; DeeperLab 6.19 frames/s; FAST 15 times | slides on co-design and applications | other networks and other tasks, measured on phones and GPUs; Assay evaluates networks as they are |
| MACs and latency of a phone (Fig. 7); energy of pruned and other networks | pictures without numbers | above in what their text says |
"""


def main() -> None:
    sections = [INTRODUCTION, *network_sections(), costs_section(), movement_section(), breakdown_section()]
    sections += [proxies_section(), accesses_section(), *metric_sections(), NOT_HERE]
    sys.stdout.write("\n".join(sections))


# --------------------------------------------------------------------------- energy


def costs_section() -> str:
    """Horowitz' energies, which the article's Fig. 8 shows."""
    asked: dict[str, tuple[str, dict[str, Any], str]] = {
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


MOVEMENT = {"DRAM": 200, "global buffer, 100 to 500 kB": 6, "network of 200 to 1000 PEs, 1 to 2 mm": 2}
MOVEMENT |= {"register file, 0.5 to 1 kB": 1, "MAC": 1}
"""Energy of an access over that of a MAC, 16 bits at 65 nm: the slide "Data movement is expensive"."""


def movement_section() -> str:
    """Energies of the levels of a memory hierarchy, in units of a MAC."""
    process = "65 nm, 1.0 V"
    mac = assay.estimate("mac", format="int16", accumulator="int16", technology=process).energy_of("compute")

    def ratio(component: str, action: str, words: int = 1, **attributes: Any) -> float:
        energy = assay.estimate(component, technology=process, **attributes).energy_of(action)
        assert energy is not None and mac is not None
        return energy / words / mac

    ours = {
        "DRAM": [ratio("dram", "read", 4, kind=kind, width=64) for kind in ("LPDDR4", "DDR3")],
        "global buffer, 100 to 500 kB": [ratio("sram", "read", 4, depth=128 * kb, width=64) for kb in (100, 500)],
        "network of 200 to 1000 PEs, 1 to 2 mm": [
            ratio("wire", "transfer", length=length, width=16) for length in ("1 mm", "2 mm")
        ],
        "register file, 0.5 to 1 kB": [ratio("sram", "read", depth=depth, width=16) for depth in (256, 512)],
        "MAC": [1.0, 1.0],
    }
    rows = []
    for name, theirs in MOVEMENT.items():
        low, high = (f"{value:.3g}" for value in ours[name])
        rows.append([name, str(theirs), low if low == high else f"{low} to {high}"])
    text = (
        "Theirs are measured on a commercial 65 nm process, and rounded; they are the energies of [our file of Eyeriss](hardware.md) and of\n"
        "the [comparison of dataflows](dataflows.md). Ours are estimates of [components](components.md): LPDDR4 and DDR3, SRAM of the\n"
        "sizes in the first column, read 64 bits at a time where it is a buffer, and a repeated wire of the length alone, without\n"
        "controllers of the network. The order stands. Theirs has one figure for a range: a buffer of 500 kB and DDR3 need more in ours, a\n"
        "small register file and a short wire less."
    )
    head = ["an access of 16 bits, over a MAC", "theirs", "ours"]
    return f"## Data movement is expensive\n\n{table(head, rows)}\n\n{text}\n"


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
    theirs = {"ofmap": ("output feature maps", 43), "ifmap": ("input feature maps", 25)}
    theirs |= {"filter": ("weights", 22), "computation": ("computation", 10)}
    rows = [[title, f"{value} %", f"{100 * shares[name]:.0f} %"] for name, (title, value) in theirs.items()]
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
