"""How long a layer takes tile by tile, with finite buffers: `docs/pipeline.md` has the machine in words.

The next tile of each tensor comes to a memory while one is in use (`single`: when it is used up). A tile leaves its
parent when it is there; a port moves one transfer at a time, in an order that does not depend on time. The multipliers
work on a step when its operands are there and there is room for its sums. Dates are computed in whole numbers by
matrices in (max, +), `pipeline_steps`; loops are powers of them, `pipeline_odometer`; what moves when comes from the
counts, `pipeline_stages`, at the places of the loops that differ, `pipeline_places`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil

from assay.hardware.model import Buffering, Hardware, Memory
from assay.mapping.latency import Port, port_limits
from assay.mapping.mapping import Mapping
from assay.metrics.pipeline_odometer import Odometer, Turns
from assay.metrics.pipeline_stages import Course, plan
from assay.metrics.pipeline_steps import Clock, Steps
from assay.workload.einsum import Einsum


@dataclass(frozen=True, slots=True)
class PipelineTiming:
    """Cycles of one layer, tile by tile.

    Attributes:
        cycles: of the whole layer, rounded up.
        compute_cycles: if data were always there.
        ramp_up: until the multipliers begin.
        ramp_down: from the end of their work until the last output is out.
        stalls: cycles between these in which the multipliers wait.
        waits: (component, port, cycles that the layer would take less if this port alone moved everything at once),
            most first, ports that would save nothing left out. Ports can be waited for together: the savings do not
            add up to the waiting.
        exact: False: durations were rounded up so that dates fit 64 bits.
        full: memories whose `size` has no room for the words of the next tiles beside the tiles in use: their words are
            taken to be replaced one by one, each as soon as it is used up.
        whole_cycles: of the layer if those memories replaced whole tiles instead, while nothing below them works;
            `cycles` where there are none.
    """

    cycles: int
    compute_cycles: int
    ramp_up: Fraction
    ramp_down: Fraction
    stalls: Fraction
    waits: tuple[tuple[str, str, Fraction], ...] = ()
    exact: bool = True
    full: tuple[str, ...] = ()
    whole_cycles: int = 0

    @property
    def waiting(self) -> Fraction:
        """Cycles in which the multipliers do nothing."""
        return self.ramp_up + self.stalls + self.ramp_down


@dataclass(frozen=True, slots=True)
class _Run:
    ramp_up: Fraction
    computed: Fraction
    end: Fraction


def simulate_pipeline(
    einsum: Einsum, hardware: Hardware, mapping: Mapping, *, attribute: bool = True
) -> PipelineTiming:
    """Time one layer tile by tile.

    Memories whose buffering is `ideal` are timed as `double`: one tile comes ahead, not any number.

    Args:
        attribute: whether `waits` is wanted: one more run for every port with a limit.

    Raises:
        InputError: the mapping does not belong to this einsum and hardware.
        UnsupportedError: there are links between neighbours; `refill_all` with a mapping that leaves remainders; or the
            cycles do not fit.
    """
    limits = port_limits(hardware)
    turns = Turns(plan(einsum, hardware, mapping, limits), hardware.compute.macs_per_cycle)
    total = Fraction(turns.course.places.steps(turns.course.places.start, 0), turns.macs)
    used = _used(turns.course, limits)
    clock = turns.clock(used)
    run = _simulate(turns, used, clock, None)
    waits = []
    if attribute and run.end > total:
        for port in used:
            saved = run.end - _simulate(turns, used, clock, port).end
            if saved > 0:
                waits.append((hardware.nodes[port[0]].name, port[1], saved))
    full = _full(turns.course, hardware)
    whole = _with_single(hardware, full)
    return PipelineTiming(
        cycles=ceil(run.end),
        compute_cycles=ceil(total),
        ramp_up=run.ramp_up,
        ramp_down=run.end - run.computed,
        stalls=run.computed - run.ramp_up - total,
        waits=tuple(sorted(waits, key=lambda wait: -wait[2])),
        exact=clock.exact,
        full=full,
        whole_cycles=simulate_pipeline(einsum, whole, mapping, attribute=False).cycles if full else ceil(run.end),
    )


def _full(course: Course, hardware: Hardware) -> tuple[str, ...]:
    """The memories without room for the next tiles. All of `size` counts, what is `reserved` too: a buffer that only
    fetches ahead is reserved for just that, and so is one half of a memory that is built as two."""
    return tuple(
        memory.name
        for index, memory in enumerate(hardware.nodes)
        if isinstance(memory, Memory) and memory.size is not None and memory.buffering is not Buffering.SINGLE and index
        if course.moves.ahead(course.stages, index) > memory.size
    )


def _with_single(hardware: Hardware, names: tuple[str, ...]) -> Hardware:
    nodes = (
        replace(node, buffering=Buffering.SINGLE) if isinstance(node, Memory) and node.name in names else node
        for node in hardware.nodes
    )
    return replace(hardware, nodes=tuple(nodes))


def _used(course: Course, limits: dict[Port, Fraction]) -> dict[Port, Fraction]:
    """The limits of the ports that move anything, in the order of the nodes."""
    moved = {port for stage in course.stages for bits in course.moves.all(stage) for port, _ in bits}
    return {port: limits[port] for port in sorted(moved) if port in limits}


def _simulate(turns: Turns, limits: dict[Port, Fraction], clock: Clock, without: Port | None) -> _Run:
    steps = Steps(turns.course, limits, clock, without)
    begun = int(steps.begin(steps.start())[0])
    dates = Odometer(turns, steps).run()
    computed, end = int(dates[0, 0]), steps.finish(dates)
    return _Run(Fraction(begun, clock.scale), Fraction(computed, clock.scale), Fraction(end, clock.scale))
