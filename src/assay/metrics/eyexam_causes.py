"""Why Eyexam's steps lose what they lose, in words, from the best mappings of consecutive steps."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor, prod

from assay.evaluation.layer import LayerResult
from assay.hardware.model import Axis, Fanout, Hardware
from assay.mapping.analysis import Shape
from assay.mapping.latency import Demand, time_layer
from assay.mapping.nest import Nest
from assay.metrics.eyexam_bounds import parallelism
from assay.metrics.eyexam_steps import Bottleneck, Kind
from assay.metrics.pipeline import PipelineTiming
from assay.reading.figures import number, per_cycle, whole
from assay.reading.units import format_si
from assay.reading.words import listed, plural
from assay.workload.einsum import Einsum

Cause = tuple[str, Bottleneck | None]
"""Why, in words, and what limits."""

MOST_CLAUSES = 2


def dataflow_cause(einsum: Einsum, hardware: Hardware) -> Cause:
    """Dimensions that no axis carries run one index after the other."""
    extents, found = einsum.extents, parallelism(einsum, hardware)
    limited = [(dim, extents[dim], most) for dim, most in found.spread if most < extents[dim]]
    clauses = []
    if found.serial:
        steps = prod(extent for _, extent in found.serial)
        serial = listed([f"{dim} = {extent:,}" for dim, extent in found.serial])
        runs = "runs one index after the other" if len(found.serial) == 1 else "run one after the other"
        clauses.append(f"{serial} {runs}: {steps:,} steps in time at least")
    clauses += [f"at most {most:,} of {dim} = {extent:,} at once" for dim, extent, most in limited]
    if not clauses:
        return f"every PE does {hardware.compute.macs_per_cycle} MACs per cycle", None
    dim, extent = max(found.serial, key=lambda each: each[1], default=(limited or [("", 1, 1)])[0][:2])
    return "; ".join(clauses), Bottleneck(Kind.DIMENSION, dim, has=1.0, wants=float(extent))


def pes_cause(einsum: Einsum, hardware: Hardware) -> Cause:
    """More work than PEs, and a last round that is not full."""
    width, pes = parallelism(einsum, hardware).width, hardware.pes
    limit = Bottleneck(Kind.PES, "PEs", has=float(pes), wants=float(width))
    if width <= pes:
        return f"{width:,} MACs at once on {pes:,} PEs", limit
    rounds = -(-width // pes)
    busy = Fraction(width, rounds)
    full = "" if number(busy, 4) == whole(pes) else f", {number(busy, 4)} PEs busy on average"
    return f"{width:,} MACs could run at once; {plural(pes, 'PE')} need {plural(rounds, 'round')} for them{full}", limit


@dataclass(frozen=True, slots=True)
class Fill:
    """How a mapping fills one axis.

    Attributes:
        fanout, axis: which.
        loops: (dimension, instances) laid along it.
        busy: instances with work, on average over time.
        rest: (dimension, what is left of it in time) of the dimensions that it may carry.
        spread: (dimension, instances on all axes together) of the dimensions laid along it.
    """

    fanout: Fanout
    axis: Axis
    loops: tuple[tuple[str, int], ...]
    busy: Fraction
    rest: tuple[tuple[str, int], ...]
    spread: tuple[tuple[str, int], ...]

    @property
    def place(self) -> str:
        return f"{self.axis.name} of {self.fanout.name}"

    @property
    def share(self) -> Fraction:
        return self.busy / self.axis.size


def axis_fills(result: LayerResult) -> list[Fill]:
    """How the mapping fills every axis of more than one child, from the outside in.

    A dimension that its loops do not divide has E(d) indices in t(d) steps, so that E(d) / t(d) of its instances are
    busy on average; what is missing is booked at the outermost axis that carries it.
    """
    assert result.mapping is not None
    assert result.einsum is not None
    extents = result.einsum.extents
    left = {dim: _busy_share(result, dim) for dim in extents}
    space = {dim: _instances(result, dim) for dim in extents}
    fills = []
    for node, level in zip(result.hardware.nodes, result.mapping.levels, strict=False):
        if not isinstance(node, Fanout):
            continue
        for axis in node.axes:
            bounds: dict[str, int] = {}
            for loop in level.loops:
                if loop.axis == axis.name and loop.bound > 1:
                    bounds[loop.dim] = bounds.get(loop.dim, 1) * loop.bound
            busy = prod((bound * left.pop(dim, Fraction(1)) for dim, bound in bounds.items()), start=Fraction(1))
            rest = [(dim, -(-extents[dim] // space[dim])) for dim in extents if axis.dims is None or dim in axis.dims]
            if axis.size > 1:
                spread = tuple((dim, space[dim]) for dim in bounds)
                fills.append(Fill(node, axis, tuple(bounds.items()), busy, tuple(e for e in rest if e[1] > 1), spread))
    return fills


def _busy_share(result: LayerResult, dim: str) -> Fraction:
    """Of the instances over which the dimension is spread, those that are busy on average over its steps in time."""
    assert result.mapping is not None
    assert result.einsum is not None
    nest = Nest.build(result.einsum, result.hardware, result.mapping)
    shape = Shape(nest, nest.split(tuple(loop.bound for loop in result.mapping.loops)))
    steps = shape.iterations(dim, spatial=False, above=nest.compute)
    return Fraction(result.einsum.extents[dim], _instances(result, dim) * steps)


def _instances(result: LayerResult, dim: str) -> int:
    """Over which the dimension is spread."""
    assert result.mapping is not None
    return prod(loop.bound for loop in result.mapping.loops if loop.dim == dim and loop.axis is not None)


def array_cause(result: LayerResult, tiles: str) -> Cause:
    """The axes that are filled worst."""
    fills = sorted((each for each in axis_fills(result) if each.share < 1), key=lambda each: each.share)
    if not fills or result.einsum is None:
        return "the loops in time are longer than the PEs alone ask for", None
    clauses = [_fill_clause(each, result.einsum, tiles) for each in fills[:MOST_CLAUSES]]
    worst = fills[0]
    dim = _short_dim(worst, result.einsum)
    at = f"{worst.fanout.name}.{worst.axis.name}"
    limit = Bottleneck(Kind.DIMENSION, dim, at, has=float(worst.busy), wants=float(worst.axis.size))
    return "; ".join(clauses), limit


def _short_dim(fill: Fill, einsum: Einsum) -> str:
    """The dimension that leaves the axis short: the longest of those on it, or the longest that might be."""
    if fill.loops:
        return max(fill.loops, key=lambda each: each[1])[0]
    dims = _carried(fill, einsum) or [dim for dim, _ in einsum.dims]
    return max(dims, key=lambda dim: einsum.extents[dim])


def _carried(fill: Fill, einsum: Einsum) -> list[str]:
    """The layer's dimensions that may lie along the axis."""
    return [dim for dim, _ in einsum.dims if fill.axis.dims is None or dim in fill.axis.dims]


def _fill_clause(fill: Fill, einsum: Einsum, tiles: str) -> str:
    """`C = 3 fills 3 of 16 along Y of array`, and why it does not fill more."""
    extents, size = einsum.extents, fill.axis.size
    where = f"{size} along {fill.place}"
    if not fill.loops:
        dims = _carried(fill, einsum)
        ones = [dim for dim in dims if extents[dim] == 1]
        if not dims:
            return f"the layer has no dimension that may lie along {fill.place}: 1 of {size} busy"
        if ones == dims:
            return f"{listed(dims)} {'is' if len(dims) == 1 else 'are'} 1: 1 of {where} busy"
        long = max(dims, key=lambda dim: extents[dim])
        return f"1 of {where} busy{_divisors(long, extents[long], 1, size, tiles)}"
    if len(fill.loops) == 1:
        dim, bound = fill.loops[0]
        extent = extents[dim]
        if bound >= extent:
            return f"{dim} = {extent:,} fills {number(fill.busy, 4)} of {where}{_no_more(fill, tiles)}"
        if fill.busy < bound:
            passes = plural(dict(fill.rest).get(dim, 1), "pass", "passes")
            spread = dict(fill.spread)[dim]
            others = f", {spread:,} with other axes" if spread > bound else ""
            return f"{dim} = {extent:,} on {where}{others}: {passes}, {number(fill.busy, 4)} busy on average"
        return f"{dim} = {extent:,} fills {bound} of {where}{_divisors(dim, extent, bound, size, tiles)}"
    product = " × ".join(_part(dim, bound, extents[dim]) for dim, bound in fill.loops)
    used = prod(bound for _, bound in fill.loops)
    average = "" if fill.busy == used else f", {number(fill.busy, 4)} busy on average"
    return f"{product} fill {used} of {where}{average or _no_more(fill, tiles)}"


def _no_more(fill: Fill, tiles: str) -> str:
    """Where tiles divide the layer: that not even the least factor of what is left has room."""
    used = prod(bound for _, bound in fill.loops)
    least: dict[int, list[str]] = {}
    for dim, rest in fill.rest:
        least.setdefault(next(n for n in range(2, rest + 1) if rest % n == 0), []).append(dim)
    if tiles != "perfect" or not least or used * min(least) <= fill.axis.size:
        return ""
    (first, dims), *others = sorted(least.items())
    more = "".join(f", or {factor} times of {listed(each, 'or')}" for factor, each in others)
    return f", no room for {first} times as much of {listed(dims, 'or')}{more}"


def _part(dim: str, bound: int, extent: int) -> str:
    return f"{dim} {bound}" if bound >= extent else f"{dim} {bound} (of {extent:,})"


def _divisors(dim: str, extent: int, bound: int, size: int, tiles: str) -> str:
    """What keeps tiles that divide the layer from filling more."""
    if tiles != "perfect" or any(extent % more == 0 for more in range(bound + 1, min(size, extent) + 1)):
        return ""
    first, last, what = bound + 1, min(size, extent), f"{extent:,}" if bound > 1 else f"{dim} = {extent:,}"
    if last <= first + 1:
        return f": {first} does not divide {what}" if first == last else f": neither {first} nor {last} divides {what}"
    return f": no number from {first} to {last} divides {what}"


@dataclass(frozen=True, slots=True)
class Overflow:
    """A memory without whose size more PEs would be active.

    Attributes:
        memory: its name; empty where only several memories together would do.
        room, need: bits that tiles may fill, and that would be enough.
        tiles: (tensor, words, bits per word) that it would then hold.
        cycles: that the layer would then take.
    """

    memory: str
    room: int
    need: int
    tiles: tuple[tuple[str, int, int], ...]
    cycles: int


def storage_cause(overflow: Overflow | None, before: int | None) -> Cause:
    """The buffer that is too small, how much it has, how much would do."""
    if overflow is None:
        return "several buffers are too small together: none of them alone would do", None
    widths = {bits for _, _, bits in overflow.tiles}
    held = listed([f"{words:,} words of {tensor}" for tensor, words, _ in overflow.tiles])
    if len(widths) == 1:
        bits = widths.pop()
        size = f"{overflow.room // bits:,} words"
        need = f"{overflow.need // bits:,}" if overflow.need % bits == 0 else f"{overflow.need:,} b"
    else:
        size, need = f"{overflow.room:,} b", f"{overflow.need:,} b"
    gain = "all that is lost here" if overflow.cycles == before else "part of what is lost here"
    largest = max(overflow.tiles, key=lambda each: each[1] * each[2], default=("", 0, 0))[0]
    limit = Bottleneck(Kind.BUFFER, overflow.memory, largest, float(overflow.room), float(overflow.need), "b")
    holding = f" ({held})" if len(overflow.tiles) > 1 else f" of {largest}" if largest else ""
    return f"{overflow.memory} holds {size}; {need}{holding} would win back {gain}", limit


def bandwidth_cause(before: LayerResult, here: LayerResult) -> Cause:
    """The port that is busy longest; where the fastest mapping avoids waiting, the one that the mapping of the step
    before would wait for."""
    assert here.timing is not None
    slowest = here.timing.slowest
    if slowest is not None:
        return _port_clause(slowest, here.timing.compute_cycles), _port_limit(slowest, here.timing.compute_cycles)
    waiting = _timed_on(before, here.hardware)
    if waiting is None:
        return "a mapping with fewer steps would not be fed", None
    port, compute = waiting
    clause = _port_clause(port, compute)
    return f"the mapping of the step before would wait: {clause}; this one has more steps and waits less", _port_limit(
        port, compute
    )


def _timed_on(result: LayerResult, hardware: Hardware) -> tuple[Demand, int] | None:
    """The slowest port under the mapping on hardware with these ports, and the cycles of the compute."""
    assert result.einsum is not None
    assert result.mapping is not None
    assert result.analysis is not None
    timing = time_layer(result.einsum, hardware, result.mapping, result.analysis)
    return None if timing.slowest is None else (timing.slowest, timing.compute_cycles)


def _port_clause(port: Demand, compute_cycles: int) -> str:
    offered, wanted = port.bits_per_cycle or 0.0, float(port.bits / compute_cycles)
    return f"{port_name(port)} delivers {per_cycle(offered)} b/cycle, {per_cycle(wanted)} are wanted"


def _port_limit(port: Demand, compute_cycles: int) -> Bottleneck:
    wanted = float(port.bits / compute_cycles)
    return Bottleneck(Kind.LINK, port.component, port.port, port.bits_per_cycle, wanted, "b/cycle")


def port_name(port: Demand) -> str:
    """`dram`, `buffer (read)`, `array (ifmap down)`."""
    return port.component if port.port == "total" else f"{port.component} ({port.port})"


def access_cause(timing: PipelineTiming, before: int) -> Cause:
    """Ramp-up, ramp-down, and waiting beyond what bandwidth costs on average; the port that costs most.

    A port that is busy in a ramp counts it among the cycles of the step before; what this step adds is then less.
    """
    lost = timing.cycles - before
    rest = floor(lost - timing.ramp_up - timing.ramp_down)
    parts = (("ramp-up", ceil(timing.ramp_up)), ("ramp-down", ceil(timing.ramp_down)), ("waiting between", rest))
    text = ", ".join(f"{name} {plural(amount, 'cycle')}" for name, amount in parts if amount > 0)
    if rest < -1:  # cycles are rounded up
        text += f", of which only {plural(lost, 'cycle')} come{'s' if lost == 1 else ''} on top"
    if not timing.waits:
        return text, None
    component, port, _ = timing.waits[0]
    text += f"; most of all for {component if port == 'total' else f'{component} ({port})'}"
    return text, Bottleneck(Kind.LINK, component, port)


def choice_cause(fastest: LayerResult, chosen: LayerResult, objective: str, *, buffered: bool) -> Cause:
    """Why a slower mapping is taken than the fastest."""
    limit = Bottleneck(Kind.MAPPING, objective)
    if objective == "latency":
        if buffered:
            return "transfers that do not overlap ask for another mapping", limit
        return "the search found no mapping that reaches the bound, and could not prove that there is none", limit
    name = {"energy": "least energy", "edp": "least energy times latency"}[objective]
    if fastest.energy is None or chosen.energy is None:
        return f"chosen for {name}", limit
    return (
        f"chosen for {name}: {format_si(chosen.energy, 'J')} instead of {format_si(fastest.energy, 'J')}",
        limit,
    )
