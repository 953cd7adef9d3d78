"""From the loops that the search found to a mapping, and to its exact energy and cycles."""

from __future__ import annotations

from dataclasses import dataclass

from assay.hardware.model import Fanout, Hardware, Memory
from assay.mapper.problem import Problem
from assay.mapping.analysis import analyse
from assay.mapping.counts import Analysis
from assay.mapping.energy import energy_of_actions
from assay.mapping.latency import time_layer
from assay.mapping.mapping import Level, Loop, Mapping
from assay.workload.einsum import Einsum


@dataclass(frozen=True, slots=True)
class Step:
    """One loop of a found mapping: `node` index, axis position (-1: in time), dimension position, bound."""

    node: int
    axis: int
    dim: int
    bound: int


def spell(problem: Problem, steps: list[Step]) -> Mapping:
    """The mapping from its loops, innermost first; consecutive loops over one dimension become one."""
    levels = []
    for index, node in enumerate(problem.hardware.nodes[:-1]):
        loops: list[Loop] = []
        for step in reversed([s for s in steps if s.node == index]):
            axis = node.axes[step.axis].name if isinstance(node, Fanout) else None
            dim = problem.dims[step.dim].name
            if loops and (loops[-1].dim, loops[-1].axis) == (dim, axis):
                loops[-1] = Loop(dim, loops[-1].bound * step.bound, axis)
            else:
                loops.append(Loop(dim, step.bound, axis))
        if isinstance(node, Fanout):
            loops = in_order(loops, node)
        keep = problem.keep[index] if isinstance(node, Memory) else ()
        levels.append(Level(node.name, tuple(loops), keep))
    return Mapping(tuple(levels))


def in_order(loops: list[Loop], fanout: Fanout) -> list[Loop]:
    """The loops of a fanout, those of an axis with a fixed order in that order: unnamed ones outside, then as named."""
    orders = {axis.name: axis.order for axis in fanout.axes}

    def place(loop: Loop) -> int:
        order = orders[loop.axis or ""]
        return order.index(loop.dim) if loop.dim in order else -1

    axes = dict.fromkeys(loop.axis for loop in loops)
    return [loop for axis in axes for loop in sorted((x for x in loops if x.axis == axis), key=place)]


def mapping_energy(einsum: Einsum, hardware: Hardware, mapping: Mapping) -> float:
    """Joules of the modelled actions of one mapping, from its exact counts."""
    return _known_energy(einsum, hardware, analyse(einsum, hardware, mapping))


def figures(einsum: Einsum, hardware: Hardware, mapping: Mapping) -> tuple[float, int]:
    """Joules of the modelled actions and cycles of one mapping."""
    analysis = analyse(einsum, hardware, mapping)
    return _known_energy(einsum, hardware, analysis), time_layer(einsum, hardware, mapping, analysis).cycles


def _known_energy(einsum: Einsum, hardware: Hardware, analysis: Analysis) -> float:
    return sum(entry.energy or 0.0 for entry in energy_of_actions(einsum, hardware, analysis))
