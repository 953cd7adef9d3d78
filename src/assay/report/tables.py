"""What is built in, and the layers of one network."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import RenderableType
from rich.text import Text

from assay.evaluation.results import onchip_bits
from assay.hardware.model import Hardware
from assay.reading.figures import shape, short, whole
from assay.reading.units import format_bytes, format_si
from assay.reading.words import plural
from assay.report.page import Column, bullets, grid, heading, prose, to_text
from assay.workload.network import Layer, Network


def render_networks(networks: Sequence[Network], *, width: int | None = None, color: bool = False) -> str:
    """One row per network, for one inference."""
    columns = [Column("Network", right=False), Column("Title", right=False, drop=2), Column("Layers")]
    columns += [
        Column("with MACs", drop=3),
        Column("MACs"),
        Column("Weights"),
        Column("Source", right=False, fold=20, drop=1),
    ]
    rows = [
        [
            net.name,
            net.title,
            str(len(net.layers)),
            str(sum(layer.einsum is not None for layer in net.layers)),
            short(net.macs),
            short(net.weights),
            net.source,
        ]
        for net in networks
    ]
    foot = "MACs are for one inference (1 MAC = 2 operations). Look at one with: assay show NETWORK"
    return to_text([grid(columns, rows, [], width), prose(f"\n{foot}", width)], width=width, color=color)


def render_hardware_list(chips: Sequence[Hardware], *, width: int | None = None, color: bool = False) -> str:
    """One row per preset."""
    columns = [Column("Hardware", right=False), Column("Title", right=False, drop=2, fold=16), Column("PEs")]
    columns += [Column("Clock")]
    columns += [Column("Peak"), Column("On chip", drop=4), Column("Technology", right=False, drop=3)]
    columns += [Column("Source", right=False, fold=20, drop=1)]
    rows = [
        [
            chip.name,
            chip.title,
            whole(chip.pes),
            format_si(chip.clock, "Hz"),
            format_si(chip.peak_macs_per_cycle * chip.clock, "MAC/s"),
            format_bytes(onchip_bits(chip)),
            chip.technology or "not given",
            chip.source,
        ]
        for chip in chips
    ]
    foot = "1 MAC = 2 operations. Look at one with: assay show HARDWARE"
    return to_text([grid(columns, rows, [], width), prose(f"\n{foot}", width)], width=width, color=color)


def render_network(network: Network, *, width: int | None = None, color: bool = False) -> str:
    """One row per layer: shape, MACs, weights, words in and out."""
    columns = [Column("Layer", right=False), Column("Kind", right=False), Column("Shape", right=False, fold=14, drop=4)]
    columns += [Column("MACs"), Column("Operations", drop=2), Column("Weights"), Column("Words in", drop=3)]
    columns += [Column("Words out", drop=1)]
    rows = [_layer_row(layer) for layer in network.layers]
    total = ["total", "", "", short(network.macs), "", short(network.weights), "", ""]
    parts: list[RenderableType] = [Text(_network_title(network), style="bold")]
    if network.source:
        parts.append(prose(f"Source: {network.source}", width))
    parts += [Text(""), grid(columns, rows, [total], width)]
    note = (
        "Words in: activations, padding zeros included. Operations: those of layers without MACs. 1 MAC = 2 operations."
    )
    parts.append(prose(f"\n{note}", width))
    if network.notes:
        parts += [heading("Notes"), bullets(network.notes, width)]
    return to_text(parts, width=width, color=color)


def _network_title(network: Network) -> str:
    title = network.title or network.name
    name = f" ({network.name})" if title != network.name else ""
    size = f"{plural(len(network.layers), 'layer')}, {short(network.macs)} MACs, {short(network.weights)} weights"
    return f"{title}{name}: {size}, batch {network.batch}"


def _layer_row(layer: Layer) -> list[str | Text]:
    if layer.einsum is not None:
        einsum = layer.einsum
        activations = sum(einsum.words(t) for t in einsum.inputs) - layer.weights
        figures: tuple[int | None, ...] = (layer.macs, None, layer.weights, activations, einsum.words(einsum.output))
        return [layer.name, layer.op, shape(einsum.dims), *(short(figure) for figure in figures)]
    work = layer.vector
    assert work is not None
    figures = (None, work.operations, None, work.read_words, work.write_words)
    return [layer.name, layer.op, "", *(short(figure) for figure in figures)]
