"""Write docs/scaling.md: how to read scaling, worked examples, and Eyeriss v2 over v1 beside the paper's figures.

    python -m tools.scaling_page > docs/scaling.md

Also draws the page's pictures. Searches take some minutes, unless the user's cache has them.
"""

from __future__ import annotations

import csv
import io
import sys
from collections import Counter
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from functools import cache
from itertools import product, starmap
from pathlib import Path

from assay import cli
from assay.evaluation.layer import LayerResult
from assay.hardware import load_hardware
from assay.hardware.model import ALL, Axis, Compute, Fanout, Hardware, Memory, Node
from assay.metrics.delivery import deliveries
from assay.metrics.scaling import ScalingPlan, ScalingPoint, scaling
from assay.metrics.scaling_hardware import scaled_hardware
from assay.report.chart_axes import ChartAxis
from assay.report.charts import BarSeries, Curve, curves, grouped_bars
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


@dataclass(frozen=True, slots=True)
class Reading:
    """What the paper leaves open about v1.

    Attributes:
        words: of each kind of data over the bus in a cycle.
        channels: True: sums of sets of PEs for different channels are added in the array, as in the chip of 2017.
        scratchpads: True: those of the chip of 2017, in words: 224 weights, 12 inputs, 24 sums.
        rows: True: a row of the ofmap is never split over time, either.
    """

    words: int = 1
    channels: bool = False
    scratchpads: bool = False
    rows: bool = False

    @property
    def hardware(self) -> Hardware:
        chip = load_hardware("eyeriss_v1_256")
        if self == Reading():
            return chip
        name = f"eyeriss_v1_256_{self.words}{self.channels:d}{self.scratchpads:d}{self.rows:d}"
        return replace(chip, name=name, nodes=tuple(self._read(node) for node in chip.nodes))

    def _read(self, node: Node) -> Node:
        if isinstance(node, Fanout):
            bandwidth = tuple((tensor, rate * self.words) for tensor, rate in node.bandwidth)
            axes = tuple(_with_channels(axis) if self.channels else axis for axis in node.axes)
            return replace(node, axes=axes, bandwidth=bandwidth)
        if isinstance(node, Memory):
            sizes = {"filter_spad": 224 * 8, "ifmap_spad": 12 * 8, "psum_spad": 24 * 8} if self.scratchpads else {}
            factors = (("Q", ALL),) if self.rows and node.name == "glb" else node.factors
            return replace(node, size=sizes.get(node.name, node.size), factors=factors)
        return node


READINGS = tuple(starmap(Reading, product((1, 2), *[(False, True)] * 3)))
CHANNELS = Reading(channels=True)
PADS = Reading(scratchpads=True)


def _with_channels(axis: Axis) -> Axis:
    return replace(axis, dims=(*(axis.dims or ()), "C")) if axis.name == "Y" else axis


def machine(which: Reading | None) -> Hardware:
    """A reading of v1, or v2."""
    return load_hardware("eyeriss_v2_256") if which is None else which.hardware


@cache
def points(which: Reading | None, network: str) -> tuple[ScalingPoint, ...]:
    """An inference at the three sizes."""
    (series,) = scaling(network, machine(which), ScalingPlan(pes=PES)).series
    return series.points


def cycles(which: Reading | None, network: str) -> tuple[int, ...]:
    """Cycles of an inference at the three sizes."""
    return tuple(point.cycles or 0 for point in points(which, network))


def mobilenet_cycles(which: Reading | None, place: int) -> dict[str, int]:
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


def ratios(which: Reading) -> Ratios:
    """Throughput of v2 over v1 in one reading of v1."""
    return {
        network: tuple(a / b for a, b in zip(cycles(which, network), cycles(None, network), strict=True))
        for network in TITLES
    }


def cells_table() -> str:
    """Theirs, ours in both readings, per cell."""
    lines = [
        "| network | PEs | paper | ours, sets add alone | | sets add channels | | alone, scratchpads of 2017 | |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    readings = [ratios(which) for which in (Reading(), CHANNELS, PADS)]
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
    names = {None: "v2", Reading(): "v1, sets add alone", CHANNELS: "v1, sets add channels"}
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


def readings_table() -> str:
    """Every reading of v1: how far each cell is from the paper's."""
    lines = [
        "| words per cycle | sets add channels | scratchpads | rows split over time | "
        + " | ".join(f"{title} {PES[0]:,} / {PES[1]:,} / {PES[2]:,}" for title in TITLES.values())
        + " | within 25 % |",
        "|---:|---|---|---|---:|---:|---:|---:|",
    ]
    for reading in READINGS:
        found = deviations(reading)
        cells = " | ".join(" / ".join(f"{off:+.0%}" for off in found[network]) for network in TITLES)
        within = sum(abs(off) <= 0.25 for each in found.values() for off in each)
        words = [str(reading.words), "yes" if reading.channels else "no", "2017" if reading.scratchpads else "v2"]
        words.append("no" if reading.rows else "yes")
        lines.append(f"| {' | '.join(words)} | {cells} | {within} |")
    return "\n".join(lines)


def deviations(reading: Reading) -> Ratios:
    """Ours over the paper's, less 1."""
    ours, said = ratios(reading), theirs()
    return {n: tuple(a / b - 1 for a, b in zip(ours[n], said[n], strict=True)) for n in TITLES}


def of_192(reading: Reading) -> Hardware:
    """A reading of v1 with 192 PEs."""
    return scaled_hardware(reading.hardware, pes=192)


def mesh_of_192() -> Hardware:
    """The paper's v1.5: the mesh of v2 with one MAC per PE and cycle."""
    chip = load_hardware("eyeriss_v2")
    nodes = tuple(replace(each, macs_per_cycle=1) if isinstance(each, Compute) else each for each in chip.nodes)
    return replace(chip, name="eyeriss_v1.5", nodes=nodes)


def check_table() -> str:
    """The paper's chips of 192 PEs, which no reading was chosen by: inferences per second, and v1.5 over v1."""
    from assay import evaluate

    def rate(network: str, chip: Hardware) -> float:
        return evaluate(network, chip, objective="latency").throughput or 0.0

    alexnet, mobilenet = "alexnet", "mobilenet_v1:width=0.5,resolution=128"
    mesh = rate(mobilenet, mesh_of_192())
    lines = [
        "| | AlexNet | MobileNet 0.5, 128 × 128 | v1.5 over v1, MobileNet |",
        "|---|---:|---:|---:|",
        "| paper | 6.56 | 116.7 | 5.6 |",
    ]
    for words, channels in product((1, 2), (False, True)):
        chip = of_192(Reading(words, channels))
        first, second = rate(alexnet, chip), rate(mobilenet, chip)
        bus = "one word" if words == 1 else f"{words} words"
        cells = ((first, 6.56, 2), (second, 116.7, 1), (mesh / second, 5.6, 1))
        shown = " | ".join(f"{ours:.{digits}f} ({ours / said - 1:+.0%})" for ours, said, digits in cells)
        lines.append(f"| sets add {'channels' if channels else 'alone'}, {bus} | {shown} |")
    return "\n".join(lines)


KINDS = {
    "CONV": ("grouped or interleaved multicast", "interleaved or grouped multicast"),
    "1 x 1 CONV": ("as CONV", "as CONV"),
    "depth-wise": ("unicast", "broadcast"),
    "FC": ("broadcast", "unicast"),
}
"""By kind of layer, the modes for ifmaps and weights that the paper names (Section III-B)."""


def kind_of(layer: LayerResult) -> str:
    """The kind of a layer, of `KINDS`."""
    assert layer.einsum is not None
    extents = layer.einsum.extents
    if layer.layer.op == "fc":
        return "FC"
    if extents["G"] > 1 and extents["C"] == 1:
        return "depth-wise"
    return "1 x 1 CONV" if extents["R"] == 1 else "CONV"


def modes_table() -> str:
    """How words reach the PEs of v2, by kind of layer, in all layers of the three networks."""
    found: dict[tuple[str, str], Counter[str]] = {}
    for network in TITLES:
        evaluation = points(None, network)[0].evaluation
        assert evaluation is not None
        for layer in evaluation.mapped:
            for each in deliveries(layer):
                found.setdefault((kind_of(layer), each.tensor), Counter())[str(each.mode)] += 1
    lines = ["| layers | ifmap, paper | ifmap, here | weights, paper | weights, here |", "|---|---|---|---|---|"]
    for kind, (ifmap, weights) in KINDS.items():
        here = [
            ", ".join(f"{mode} {number}" for mode, number in found[kind, tensor].most_common())
            for tensor in ("ifmap", "filter")
        ]
        lines.append(f"| {kind} | {ifmap} | {here[0]} | {weights} | {here[1]} |")
    return "\n".join(lines)


def mobilenet_figures() -> dict[str, str]:
    """Numbers of the text on MobileNet at 16,384 PEs."""
    v1, v2 = mobilenet_cycles(Reading(), 2), mobilenet_cycles(None, 2)
    ours, theirs_ = cycles(Reading(), "mobilenet_v1")[2], theirs()["mobilenet_v1"]
    mesh = cycles(None, "mobilenet_v1")
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
    alone, said = ratios(Reading()), theirs()
    off = [abs(alone[n][i] / said[n][i] - 1) for n in TITLES for i in range(3)]
    return {
        "within": str(sum(each <= 0.25 for each in off)),
        "worst": f"{max(off):.0%}",
        "v2_alexnet": f"{_macs('alexnet') / (256 * cycles(None, 'alexnet')[0]):.0%}",
        "least": f"{min(cycles(None, n)[0] / cycles(None, n)[2] for n in TITLES) / 64:.0%}",
        "fc": f"{58_621_952 / cycles(Reading(), 'alexnet')[0]:.0%}",
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
        ("ours, sets add alone", ratios(Reading())),
        ("ours, sets add channels", ratios(CHANNELS)),
    )
    bars = tuple(BarSeries(name, tuple(found[n][i] for n in TITLES for i in range(3))) for name, found in kinds)
    ours = grouped_bars(
        "scaling_eyeriss",
        "Throughput of Eyeriss v2 over Eyeriss v1 with as many PEs",
        labels,
        bars,
        ChartAxis("speed-up", logarithmic=True, low=1.0),
    )
    lines = []
    for which, name in ((None, "v2"), (Reading(), "v1")):
        for network, title in TITLES.items():
            base = cycles(Reading(), network)[0]
            points = tuple((float(p), base / c) for p, c in zip(PES, cycles(which, network), strict=True))
            lines.append(Curve(f"{title}, {name}", points, dashed=which is not None))
    both = curves(
        "scaling_eyeriss_curves",
        "Throughput over that of Eyeriss v1 with 256 PEs",
        lines,
        ChartAxis("PEs", logarithmic=True, base=2),
        ChartAxis("throughput", logarithmic=True),
    )
    save_pictures(IMAGES, [ours, both], formats=("svg",))


def page() -> str:
    """The page in Markdown."""
    text = (Path(__file__).parent / "scaling_page.md").read_text(encoding="utf-8")
    for key, command in EXAMPLES.items():
        text = text.replace(f"<<{key}>>", f"```text\n$ {command}\n{screen(command)}\n```")
    text = text.replace("<<cells>>", cells_table()).replace("<<cycles>>", cycles_table())
    text = text.replace("<<check>>", check_table())
    text = text.replace("<<readings>>", readings_table()).replace("<<modes>>", modes_table())
    for key, value in (figures() | mobilenet_figures()).items():
        text = text.replace(f"<<{key}>>", value)
    return text


if __name__ == "__main__":
    draw()
    sys.stdout.write(page())
