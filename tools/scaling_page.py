"""Write docs/scaling.md: how to read scaling, worked examples, and Eyeriss v2 over v1 beside the paper's figures.

    python -m tools.scaling_page > docs/scaling.md

Also draws the page's pictures. Searches take some minutes, unless the user's cache has them.
"""

from __future__ import annotations

import csv
import io
import sys
from contextlib import redirect_stdout
from dataclasses import replace
from functools import cache
from pathlib import Path

from assay import cli
from assay.hardware import load_hardware
from assay.hardware.model import Axis, Compute, Fanout, Hardware, Memory
from assay.metrics.scaling import Point, ScalingPlan, scaling
from assay.metrics.scaling_hardware import scaled_hardware
from assay.report.charts import Axis as Side
from assay.report.charts import Curve, Series, curves, grouped_bars
from assay.report.pictures import save_pictures

ROOT = Path(__file__).parent.parent
TABLE = ROOT / "tests" / "data" / "reference" / "eyeriss_v2_scaling.csv"
IMAGES = ROOT / "docs" / "images"
PES = (256, 1024, 16384)
TITLES = {"alexnet": "AlexNet", "googlenet": "GoogLeNet", "mobilenet_v1": "MobileNet"}
EXAMPLES = {
    "pes": "assay scale alexnet eyeriss --pes 168,672,2688 --batch 4",
    "weak": "assay scale mobilenet_v1 edge_45nm --by 1,2,4 --weak",
    "storage": "assay scale alexnet eyeriss --storage 0.25,0.5,1,2,4 --objective energy --batch 4",
    "chips": "assay scale alexnet edge_45nm --chips 1,2,4 --link-bandwidth 100GB/s --link-energy 1.17pJ/b --dram per_chip",
    "against": "assay scale alexnet eyeriss_v2_256 --against eyeriss_v1_256 --pes 256,1024,16384",
}

Ratios = dict[str, tuple[float, ...]]


def theirs() -> Ratios:
    """The paper's figures, by network."""
    lines = [line for line in TABLE.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    return {row["network"]: tuple(float(row[f"pes_{pes}"]) for pes in PES) for row in csv.DictReader(lines)}


def adding_channels() -> Hardware:
    """The flat array in which sums of PE sets for different channels are added, as in the chip of 2017."""
    chip = load_hardware("eyeriss_v1_256")
    nodes = tuple(
        replace(node, axes=tuple(_with_channels(axis) for axis in node.axes)) if isinstance(node, Fanout) else node
        for node in chip.nodes
    )
    return replace(chip, name="eyeriss_v1_256_channels", nodes=nodes)


def _with_channels(axis: Axis) -> Axis:
    return replace(axis, dims=(*(axis.dims or ()), "C")) if axis.name == "Y" else axis


def own_scratchpads() -> Hardware:
    """The flat array with the scratchpads of the chip of 2017, in words: 224 weights, 12 inputs, 24 sums."""
    chip = load_hardware("eyeriss_v1_256")
    sizes = {"filter_spad": 224 * 8, "ifmap_spad": 12 * 8, "psum_spad": 24 * 8}
    nodes = tuple(
        replace(node, size=sizes.get(node.name, node.size)) if isinstance(node, Memory) else node for node in chip.nodes
    )
    return replace(chip, name="eyeriss_v1_256_pads", nodes=nodes)


def machine(which: str) -> Hardware:
    """The chips by a short name."""
    if which in ("channels", "pads"):
        return adding_channels() if which == "channels" else own_scratchpads()
    return load_hardware(f"eyeriss_{which}_256")


@cache
def points(which: str, network: str) -> tuple[Point, ...]:
    """An inference at the three sizes."""
    (series,) = scaling(network, machine(which), ScalingPlan(pes=PES)).series
    return series.points


def cycles(which: str, network: str) -> tuple[int, ...]:
    """Cycles of an inference at the three sizes."""
    return tuple(point.cycles or 0 for point in points(which, network))


def mobilenet_cycles(which: str, place: int) -> dict[str, int]:
    """Cycles of MobileNet at one of the sizes, by kind of layer; `waits`: of layers that wait for ports."""
    found = dict.fromkeys(("1x1", "depthwise", "first", "fc", "waits"), 0)
    evaluation = points(which, "mobilenet_v1")[place].evaluation
    assert evaluation is not None
    for layer in evaluation.mapped:
        assert layer.layer.einsum is not None
        assert layer.cycles is not None
        extents = layer.layer.einsum.extents
        pointwise = "1x1" if extents["R"] == 1 else "first"
        kind = "fc" if layer.layer.op == "fc" else "depthwise" if extents["G"] > 1 else pointwise
        found[kind] += layer.cycles
        found["waits"] += 0 if layer.bound_by == "compute" else layer.cycles
    return found


def ratios(which: str) -> Ratios:
    """Throughput of v2 over v1 in one reading of v1."""
    return {
        network: tuple(a / b for a, b in zip(cycles(which, network), cycles("v2", network), strict=True))
        for network in TITLES
    }


def cells_table() -> str:
    """Theirs, ours in both readings, per cell."""
    lines = [
        "| network | PEs | paper | ours, sets add alone | | sets add channels | | alone, scratchpads of 2017 | |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    readings = [ratios(which) for which in ("v1", "channels", "pads")]
    for network, figures in theirs().items():
        for place, (pes, said) in enumerate(zip(PES, figures, strict=True)):
            found = [each[network][place] for each in readings]
            ours = " | ".join(f"{each:,.1f} | {each / said - 1:+.0%}" for each in found)
            lines.append(f"| {TITLES[network]} | {pes:,} | {said:,.1f} | {ours} |")
    return "\n".join(lines)


def cycles_table() -> str:
    """Cycles, and how each chip scales."""
    lines = [
        "| network | chip | 256 PEs | 1,024 PEs | 16,384 PEs | used at 256 | speed-up at 1,024 | at 16,384 |",
        "|---|---|---:|---:|---:|---:|---:|---:|",
    ]
    macs = {network: _macs(network) for network in TITLES}
    names = {"v2": "v2", "v1": "v1, sets add alone", "channels": "v1, sets add channels"}
    for network, title in TITLES.items():
        for which, name in names.items():
            found = cycles(which, network)
            figures = " | ".join(f"{each:,}" for each in found)
            used = macs[network] / (256 * found[0])
            gains = " | ".join(f"{found[0] / each:.2f} x" for each in found[1:])
            lines.append(f"| {title} | {name} | {figures} | {used:.0%} | {gains} |")
    return "\n".join(lines)


def _macs(network: str) -> int:
    from assay import load_network

    return load_network(network).macs


def of_192(which: str, words: int) -> Hardware:
    """A reading of v1 with 192 PEs and a bus of so many words; `v1.5`: the mesh of v2 with one MAC per PE and cycle."""
    if which == "v1.5":
        chip = load_hardware("eyeriss_v2")
        nodes = tuple(replace(each, macs_per_cycle=1) if isinstance(each, Compute) else each for each in chip.nodes)
        return replace(chip, name="eyeriss_v1.5", nodes=nodes)
    chip = scaled_hardware(machine(which), pes=192)
    return replace(
        chip,
        name=f"{chip.name}_{words}_words",
        nodes=tuple(
            replace(node, bandwidth=tuple((tensor, rate * words) for tensor, rate in node.bandwidth))
            if isinstance(node, Fanout)
            else node
            for node in chip.nodes
        ),
    )


def check_table() -> str:
    """The paper's chips of 192 PEs, which no reading was chosen by: inferences per second, and v1.5 over v1."""
    from assay import evaluate

    def rate(network: str, which: str, words: int = 1) -> float:
        return evaluate(network, of_192(which, words), objective="latency").throughput or 0.0

    alexnet, mobilenet = "alexnet", "mobilenet_v1:width=0.5,resolution=128"
    mesh = rate(mobilenet, "v1.5")
    lines = [
        "| | AlexNet | MobileNet 0.5, 128 × 128 | v1.5 over v1, MobileNet |",
        "|---|---:|---:|---:|",
        "| paper | 6.56 | 116.7 | 5.6 |",
    ]
    names = {"v1": "sets add alone", "channels": "sets add channels"}
    for which, words in (("v1", 1), ("channels", 1), ("v1", 2), ("channels", 2)):
        first, second = rate(alexnet, which, words), rate(mobilenet, which, words)
        bus = "one word" if words == 1 else f"{words} words"
        cells = ((first, 6.56, 2), (second, 116.7, 1), (mesh / second, 5.6, 1))
        shown = " | ".join(f"{ours:.{digits}f} ({ours / said - 1:+.0%})" for ours, said, digits in cells)
        lines.append(f"| {names[which]}, {bus} | {shown} |")
    return "\n".join(lines)


def mobilenet_figures() -> dict[str, str]:
    """Numbers of the text on MobileNet at 16,384 PEs."""
    v1, v2 = mobilenet_cycles("v1", 2), mobilenet_cycles("v2", 2)
    ours, theirs_ = cycles("v1", "mobilenet_v1")[2], theirs()["mobilenet_v1"]
    mesh = cycles("v2", "mobilenet_v1")
    linear = ours / (mesh[0] / 64 / 0.85)
    return {
        **{f"v1_{kind}": f"{v1[kind] / 1e6:.1f} M" for kind in ("1x1", "depthwise", "first", "fc")},
        "v1_mobilenet": f"{ours / 1e6:.1f} M",
        "v2_mobilenet": f"{mesh[2]:,}",
        "v2_used": f"{_macs('mobilenet_v1') / (16384 * mesh[2]):.1%}",
        "v2_waits": str(v2["waits"]),
        "asked_v1": f"{theirs_[2] * mesh[2] / 1e6:.1f} M",
        "asked_v2": f"{ours / theirs_[2]:,.0f}",
        "asked_used": f"{_macs('mobilenet_v1') * theirs_[2] / ours / 16384:.0%}",
        "linear": f"{linear:,.0f} ({linear / theirs_[2] - 1:+.0%})",
    }


def figures() -> dict[str, str]:
    """Numbers of the text."""
    alone, said = ratios("v1"), theirs()
    off = [abs(alone[n][i] / said[n][i] - 1) for n in TITLES for i in range(3)]
    return {
        "within": str(sum(each <= 0.25 for each in off)),
        "worst": f"{max(off):.0%}",
        "v2_alexnet": f"{_macs('alexnet') / (256 * cycles('v2', 'alexnet')[0]):.0%}",
        "least": f"{min(cycles('v2', n)[0] / cycles('v2', n)[2] for n in TITLES) / 64:.0%}",
        "fc": f"{58_621_952 / cycles('v1', 'alexnet')[0]:.0%}",
    }


def screen(command: str) -> str:
    """What a command shows at 100 columns."""
    import os

    os.environ["COLUMNS"] = "100"
    text = io.StringIO()
    with redirect_stdout(text):
        code = cli.main(command.split()[1:])
    assert code == 0, command
    return "\n".join(line.rstrip() for line in text.getvalue().rstrip().splitlines())


def draw() -> None:
    """The two pictures of the page."""
    labels = [f"{TITLES[n]} {pes:,}" for n in TITLES for pes in PES]
    kinds = (
        ("paper", theirs()),
        ("ours, sets add alone", ratios("v1")),
        ("ours, sets add channels", ratios("channels")),
    )
    bars = tuple(Series(name, tuple(found[n][i] for n in TITLES for i in range(3))) for name, found in kinds)
    ours = grouped_bars(
        "scaling_eyeriss",
        "Throughput of Eyeriss v2 over Eyeriss v1 with as many PEs",
        labels,
        bars,
        Side("speed-up", logarithmic=True, low=1.0),
    )
    lines = []
    for which, name in (("v2", "v2"), ("v1", "v1")):
        for network, title in TITLES.items():
            base = cycles("v1", network)[0]
            points = tuple((float(p), base / c) for p, c in zip(PES, cycles(which, network), strict=True))
            lines.append(Curve(f"{title}, {name}", points, dashed=which == "v1"))
    both = curves(
        "scaling_eyeriss_curves",
        "Throughput over that of Eyeriss v1 with 256 PEs",
        lines,
        Side("PEs", logarithmic=True, base=2),
        Side("throughput", logarithmic=True),
    )
    save_pictures(IMAGES, [ours, both], formats=("svg",))


def page() -> str:
    """The page in Markdown."""
    text = (Path(__file__).parent / "scaling_page.md").read_text(encoding="utf-8")
    for key, command in EXAMPLES.items():
        text = text.replace(f"<<{key}>>", f"```text\n$ {command}\n{screen(command)}\n```")
    text = text.replace("<<cells>>", cells_table()).replace("<<cycles>>", cycles_table())
    text = text.replace("<<check>>", check_table())
    for key, value in (figures() | mobilenet_figures()).items():
        text = text.replace(f"<<{key}>>", value)
    return text


if __name__ == "__main__":
    draw()
    sys.stdout.write(page())
