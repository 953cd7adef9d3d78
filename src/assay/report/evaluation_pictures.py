"""The pictures of an evaluation: energy by component and by type of data, utilisation and time, layer by layer."""

from __future__ import annotations

from collections.abc import Sequence

from assay.evaluation.layer import LayerResult
from assay.evaluation.results import Evaluation
from assay.mapping.latency import COMPUTE
from assay.report.charts import Axis, Series, colors, stacked_bars
from assay.report.pictures import Picture

COMPUTATION = "computation"
"""What energy is for that no tensor moves for."""

TYPE_COLORS = ("#332288", "#44AA99", "#DDCC77", "#CC6677", "#117733", "#AA4499", "#88CCEE")
"""Of types of data: others than those of components (Tol, muted)."""

OVERLAP = "tiles that do not overlap with work"
MACS = "computing"

Parts = dict[tuple[str, str], float]


def split(layers: Sequence[LayerResult]) -> Parts:
    """Joules by (component, type of data), where they are modelled."""
    found: Parts = {}
    for layer in layers:
        for entry in layer.energies:
            if entry.energy is not None:
                key = (entry.component, entry.tensor or COMPUTATION)
                found[key] = found.get(key, 0.0) + entry.energy
    return found


def types_of(evaluation: Evaluation) -> list[str]:
    """The types of data whose energy is modelled: tensors in order, then the computation."""
    names = dict.fromkeys(kind for _, kind in split(evaluation.mapped))
    return sorted(names, key=lambda name: name == COMPUTATION)


def time_parts(layers: Sequence[LayerResult], clock: float) -> dict[str, list[float]]:
    """Seconds of each layer by what they are spent on; their sum is the layer's latency."""
    found: dict[str, list[float]] = {}
    for index, layer in enumerate(layers):
        timing = layer.timing
        if timing is None:
            continue
        busiest = timing.compute_cycles if timing.slowest is None else timing.slowest.cycles or 0
        parts = [(MACS, timing.compute_cycles), (f"waiting for {timing.bound_by}", busiest - timing.compute_cycles)]
        parts.append((OVERLAP, timing.cycles - busiest))
        for name, cycles in parts:
            if cycles > 0:
                found.setdefault(name, [0.0] * len(layers))[index] += cycles / clock
    return found


def energy_pictures(evaluation: Evaluation) -> tuple[Picture, ...]:
    """All layers together by component and type of data; each layer by component, by type of data, and in shares."""
    layers = evaluation.mapped
    labels = [layer.name for layer in layers]
    axis = Axis("Energy", "J")
    title = f"{evaluation.title}: energy of each layer by"
    pictures = [_total_picture(evaluation, axis)]
    pictures.append(stacked_bars("energy_by_component", f"{title} component", labels, _by_component(evaluation), axis))
    pictures.append(stacked_bars("energy_by_data", f"{title} type of data", labels, _by_type(evaluation), axis))
    shares = [_shares(series, layers) for series in _by_component(evaluation)]
    title = f"{evaluation.title}: shares of the energy of each layer by component"
    pictures.append(stacked_bars("energy_shares", title, labels, shares, Axis("Energy", "%", low=0.0, high=1.0)))
    return tuple(pictures)


def _total_picture(evaluation: Evaluation, axis: Axis) -> Picture:
    parts = split(evaluation.mapped)
    names = _components(evaluation)
    series = [
        Series(kind, tuple(parts.get((name, kind), 0.0) for name in names), TYPE_COLORS[index % len(TYPE_COLORS)])
        for index, kind in enumerate(types_of(evaluation))
    ]
    title = f"{evaluation.title}: energy of all layers by component and type of data"
    return stacked_bars("energy_total", title, names, series, axis)


def _components(evaluation: Evaluation) -> list[str]:
    return [node.name for node in evaluation.hardware.nodes if evaluation.energy_of(node.name) is not None]


def _by_component(evaluation: Evaluation) -> list[Series]:
    shade = colors(node.name for node in evaluation.hardware.nodes)
    return [
        Series(name, tuple(layer.energy_of(name) for layer in evaluation.mapped), shade[name])
        for name in _components(evaluation)
    ]


def _by_type(evaluation: Evaluation) -> list[Series]:
    parts = [split([layer]) for layer in evaluation.mapped]
    sums = [{kind: sum(v for (_, each), v in part.items() if each == kind) for _, kind in part} for part in parts]
    return [
        Series(kind, tuple(each.get(kind) for each in sums), TYPE_COLORS[index % len(TYPE_COLORS)])
        for index, kind in enumerate(types_of(evaluation))
    ]


def _shares(series: Series, layers: Sequence[LayerResult]) -> Series:
    pairs = zip(series.values, layers, strict=True)
    values = (None if joules is None or not layer.energy else joules / layer.energy for joules, layer in pairs)
    return Series(series.name, tuple(values), series.color)


def time_pictures(evaluation: Evaluation) -> tuple[Picture, ...]:
    """Utilisation of each layer with what bounds it, and its latency by cause."""
    layers = evaluation.mapped
    labels = [layer.name for layer in layers]
    title = f"{evaluation.title}: utilisation of each layer, coloured by what bounds it"
    shade = _cause_colors(evaluation)
    causes = list(dict.fromkeys(layer.bound_by for layer in layers if layer.bound_by))
    series = [
        Series(
            f"bound by {cause}",
            tuple(layer.utilization if layer.bound_by == cause else None for layer in layers),
            shade[cause],
        )
        for cause in sorted(causes, key=lambda cause: cause != COMPUTE)
    ]
    active = Series(
        "PEs that get work, of all",
        tuple(None if layer.active_pes is None else layer.active_pes / evaluation.hardware.pes for layer in layers),
    )
    first = stacked_bars(
        "utilization", title, labels, series, Axis("Utilisation", "%", low=0.0, high=1.0), marks=active
    )
    parts = time_parts(layers, evaluation.hardware.clock)
    stacks = [
        Series(
            name,
            tuple(values),
            shade.get(name.removeprefix("waiting for "), shade[COMPUTE] if name == MACS else "#7F7F7F"),
        )
        for name, values in parts.items()
    ]
    title = f"{evaluation.title}: latency of each layer by what it is spent on"
    return first, stacked_bars("latency", title, labels, stacks, Axis("Latency", "s"))


def _cause_colors(evaluation: Evaluation) -> dict[str, str]:
    """As of the components; `compute` as the compute's own."""
    shade = colors(node.name for node in evaluation.hardware.nodes)
    return shade | {COMPUTE: shade[evaluation.hardware.compute.name]}
