"""The pictures of an evaluation: energy by component and by type of data, utilisation and time, layer by layer."""

from __future__ import annotations

from collections.abc import Sequence

from assay.evaluation.layer import LayerResult
from assay.evaluation.parts import MACS, data_types, energy_of_type, energy_parts, time_parts
from assay.evaluation.results import Evaluation
from assay.mapping.latency import COMPUTE
from assay.report.chart_axes import ChartAxis
from assay.report.charts import BarSeries, colors, stacked_bars
from assay.report.pictures import Picture

TYPE_COLORS = ("#332288", "#44AA99", "#DDCC77", "#CC6677", "#117733", "#AA4499", "#88CCEE")
"""Of types of data: others than those of components (Tol, muted)."""


def energy_pictures(evaluation: Evaluation) -> tuple[Picture, ...]:
    """All layers together by component and type of data; each layer by component, by type of data, and in shares."""
    layers = evaluation.mapped
    labels = [layer.name for layer in layers]
    axis = ChartAxis("Energy", "J")
    title = f"{evaluation.title}: energy of each layer by"
    pictures = [_total_picture(evaluation, axis)]
    pictures.append(stacked_bars("energy_by_component", f"{title} component", labels, _by_component(evaluation), axis))
    pictures.append(stacked_bars("energy_by_data", f"{title} type of data", labels, _by_type(evaluation), axis))
    shares = [_shares(series, layers) for series in _by_component(evaluation)]
    title = f"{evaluation.title}: shares of the energy of each layer by component"
    pictures.append(stacked_bars("energy_shares", title, labels, shares, ChartAxis("Energy", "%", low=0.0, high=1.0)))
    return tuple(pictures)


def _total_picture(evaluation: Evaluation, axis: ChartAxis) -> Picture:
    parts = energy_parts(evaluation.mapped)
    names = _components(evaluation)
    series = [
        BarSeries(kind, tuple(parts.get((name, kind), 0.0) for name in names), TYPE_COLORS[index % len(TYPE_COLORS)])
        for index, kind in enumerate(data_types(evaluation.mapped))
    ]
    title = f"{evaluation.title}: energy of all layers by component and type of data"
    return stacked_bars("energy_total", title, names, series, axis)


def _components(evaluation: Evaluation) -> list[str]:
    return [node.name for node in evaluation.hardware.nodes if evaluation.energy_of(node.name) is not None]


def _by_component(evaluation: Evaluation) -> list[BarSeries]:
    shade = colors(node.name for node in evaluation.hardware.nodes)
    return [
        BarSeries(name, tuple(layer.energy_of(name) for layer in evaluation.mapped), shade[name])
        for name in _components(evaluation)
    ]


def _by_type(evaluation: Evaluation) -> list[BarSeries]:
    return [
        BarSeries(
            kind,
            tuple(energy_of_type([layer], kind) for layer in evaluation.mapped),
            TYPE_COLORS[index % len(TYPE_COLORS)],
        )
        for index, kind in enumerate(data_types(evaluation.mapped))
    ]


def _shares(series: BarSeries, layers: Sequence[LayerResult]) -> BarSeries:
    pairs = zip(series.values, layers, strict=True)
    values = (None if joules is None or not layer.energy else joules / layer.energy for joules, layer in pairs)
    return BarSeries(series.name, tuple(values), series.color)


def time_pictures(evaluation: Evaluation) -> tuple[Picture, ...]:
    """Utilisation of each layer with what bounds it, and its latency by cause."""
    layers = evaluation.mapped
    labels = [layer.name for layer in layers]
    title = f"{evaluation.title}: utilisation of each layer, coloured by what bounds it"
    shade = _cause_colors(evaluation)
    causes = list(dict.fromkeys(layer.bound_by for layer in layers if layer.bound_by))
    series = [
        BarSeries(
            f"bound by {cause}",
            tuple(layer.utilization if layer.bound_by == cause else None for layer in layers),
            shade[cause],
        )
        for cause in sorted(causes, key=lambda cause: cause != COMPUTE)
    ]
    active = BarSeries(
        "PEs that get work, of all",
        tuple(None if layer.active_pes is None else layer.active_pes / evaluation.hardware.pes for layer in layers),
    )
    first = stacked_bars(
        "utilization", title, labels, series, ChartAxis("Utilisation", "%", low=0.0, high=1.0), marks=active
    )
    stacks = [
        BarSeries(
            each.name,
            each.seconds,
            shade.get(each.name.removeprefix("waiting for "), shade[COMPUTE] if each.name == MACS else "#7F7F7F"),
        )
        for each in time_parts(layers, evaluation.hardware.clock)
    ]
    title = f"{evaluation.title}: latency of each layer by what it is spent on"
    return first, stacked_bars("latency", title, labels, stacks, ChartAxis("Latency", "s"))


def _cause_colors(evaluation: Evaluation) -> dict[str, str]:
    """As of the components; `compute` as the compute's own."""
    shade = colors(node.name for node in evaluation.hardware.nodes)
    return shade | {COMPUTE: shade[evaluation.hardware.compute.name]}
