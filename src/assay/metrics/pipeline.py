"""How long a layer takes tile by tile, with finite buffers: `docs/pipeline.md` has the machine in words.

Every memory has room for two tiles of each tensor that it keeps (`single`: one). A tile leaves its parent when it is
there, and comes when there is room; a port moves one transfer at a time, in an order that does not depend on time. The
multipliers work on a step when its operands are there and there is room for its sums. Dates are computed in whole
numbers by matrices in (max, +), `pipeline_steps`; loops are powers of them, `pipeline_odometer`; what moves when comes
from the counts, `pipeline_stages`.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil, prod

from assay.hardware.model import Hardware
from assay.mapping.latency import Port, port_limits
from assay.mapping.mapping import Mapping
from assay.metrics.pipeline_odometer import Odometer
from assay.metrics.pipeline_stages import Course, plan
from assay.metrics.pipeline_steps import Steps
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
    """

    cycles: int
    compute_cycles: int
    ramp_up: Fraction
    ramp_down: Fraction
    stalls: Fraction
    waits: tuple[tuple[str, str, Fraction], ...] = ()
    exact: bool = True

    @property
    def waiting(self) -> Fraction:
        """Cycles in which the multipliers do nothing."""
        return self.ramp_up + self.stalls + self.ramp_down


@dataclass(frozen=True, slots=True)
class _Run:
    ramp_up: Fraction
    computed: Fraction
    end: Fraction
    exact: bool


def simulate_pipeline(
    einsum: Einsum, hardware: Hardware, mapping: Mapping, *, attribute: bool = True
) -> PipelineTiming:
    """Time one layer tile by tile.

    Memories whose buffering is `ideal` are timed as `double`: room for two tiles, not for any number.

    Args:
        attribute: whether `waits` is wanted: one more run for every port with a limit.

    Raises:
        InputError: the mapping does not belong to this einsum and hardware.
        UnsupportedError: the mapping leaves remainders; there are links between neighbours; or the cycles do not fit.
    """
    limits = port_limits(hardware)
    course = plan(einsum, hardware, mapping, limits)
    macs = hardware.compute.macs_per_cycle
    total = Fraction(prod(course.bounds), macs)
    used = _used(course, limits)
    run = _simulate(course, used, macs, None)
    waits = []
    if attribute and run.end > total:
        for port in used:
            saved = run.end - _simulate(course, used, macs, port).end
            if saved > 0:
                waits.append((hardware.nodes[port[0]].name, port[1], saved))
    return PipelineTiming(
        cycles=ceil(run.end),
        compute_cycles=ceil(total),
        ramp_up=run.ramp_up,
        ramp_down=run.end - run.computed,
        stalls=run.computed - run.ramp_up - total,
        waits=tuple(sorted(waits, key=lambda wait: -wait[2])),
        exact=run.exact,
    )


def _used(course: Course, limits: dict[Port, Fraction]) -> dict[Port, Fraction]:
    """The limits of the ports that move anything, in the order of the nodes."""
    moved = {
        port
        for stage in course.stages
        for bits in (*stage.fills.values(), stage.drain, *stage.refills)
        for port, _ in bits
    }
    return {port: limits[port] for port in sorted(moved) if port in limits}


def _simulate(course: Course, limits: dict[Port, Fraction], macs: int, without: Port | None) -> _Run:
    step = Fraction(prod(course.bounds[course.depth :]), macs)
    steps = Steps(course, limits, step, without)
    scale = steps.clock.scale
    begun = int(steps.begin(steps.start())[0])
    dates = Odometer(steps).run()
    computed = int(dates[0, 0])
    return _Run(
        Fraction(begun, scale), Fraction(computed, scale), Fraction(steps.finish(dates), scale), steps.clock.exact
    )
