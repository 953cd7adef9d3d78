"""Whether a mapping that a user gives can run on the hardware. Each violation is one clear error."""

from __future__ import annotations

import math

from assay.errors import InputError
from assay.hardware.model import Axis, Fanout, Hardware, Memory
from assay.mapping.counts import Analysis
from assay.mapping.mapping import Level, Loop, Mapping
from assay.workload.einsum import Einsum


def check_given(einsum: Einsum, hardware: Hardware, mapping: Mapping, analysis: Analysis) -> None:
    """Check kept tensors, axes, dimensions, capacity, and that no loop has idle iterations.

    Args:
        analysis: that of the mapping.

    Raises:
        InputError: what does not fit, where and by how much.
    """
    for position, (level, node) in enumerate(zip(mapping.levels, hardware.nodes[:-1], strict=True)):
        if isinstance(node, Memory):
            _check_kept(einsum, node, level)
            _check_dims(level, level.loops, node.loops, "in time")
            _check_capacity(einsum, node, level, analysis)
        elif isinstance(node, Fanout):
            _check_axes(node, level)
        if isinstance(node, Memory | Fanout):
            _check_whole(einsum, node, mapping.levels[position:])
    _check_needed(einsum, mapping)


def _check_kept(einsum: Einsum, memory: Memory, level: Level) -> None:
    tensors = {tensor.name for tensor in einsum.tensors}
    may = [name for name in (*memory.keep, *memory.may_keep) if name in tensors]
    advice = f"{memory.name} can hold {', '.join(may) or 'none of its tensors'}"
    for name in level.keep:
        if name not in tensors:
            message = f"the mapping keeps {name} at {memory.name}; the layer has no such tensor"
            raise InputError(message, at=level.at, hint=f"its tensors are {', '.join(t.name for t in einsum.tensors)}")
        if name not in may:
            message = f"the mapping keeps {name} at {memory.name}, which cannot hold it"
            raise InputError(message, at=level.at, hint=advice)
    for name in memory.keep:
        if name in tensors and name not in level.keep:
            message = f"the mapping lets {name} pass {memory.name}, which always keeps it"
            raise InputError(message, at=level.at, hint=f"add {name} to keep at {memory.name}")


def _check_capacity(einsum: Einsum, memory: Memory, level: Level, analysis: Analysis) -> None:
    if memory.capacity is None:
        return
    tiles = [tile for tile in analysis.occupancy if tile.component == memory.name]
    needed = sum(tile.words * einsum.tensor(tile.tensor).bits for tile in tiles)
    if needed > memory.capacity:
        listing = " + ".join(f"{tile.tensor} {tile.words:,} words" for tile in tiles)
        raise InputError(
            f"the mapping needs {needed:,} bits of {memory.name} ({listing}), which has {memory.capacity:,} for tiles",
            at=level.at,
            hint=f"move loops from {memory.name} and inside it to a level outside of it",
        )


def _check_axes(fanout: Fanout, level: Level) -> None:
    if level.keep:
        raise InputError(f"the mapping keeps {', '.join(level.keep)} at {fanout.name}, which is not a memory")
    axes = {axis.name: axis for axis in fanout.axes}
    for loop in level.loops:
        if loop.axis not in axes:
            message = f"{fanout.name} has no axis {loop.axis}"
            raise InputError(message, at=level.at, hint=f"its axes are {', '.join(axes)}")
    for axis in fanout.axes:
        _check_axis(fanout, axis, level)


def _check_axis(fanout: Fanout, axis: Axis, level: Level) -> None:
    along = tuple(loop for loop in level.loops if loop.axis == axis.name)
    used = math.prod(loop.bound for loop in along)
    if used > axis.size:
        message = f"the mapping uses {used} children along {axis.name} of {fanout.name}, which has {axis.size}"
        raise InputError(message, at=level.at, hint="move a factor to another axis, or to a loop of a memory")
    _check_dims(level, along, axis.dims, f"along {axis.name}")


def _check_dims(level: Level, loops: tuple[Loop, ...], allowed: tuple[str, ...] | None, where: str) -> None:
    for loop in loops:
        if allowed is not None and loop.dim not in allowed and loop.bound > 1:
            raise InputError(
                f"the mapping loops over {loop.dim} {where} at {level.node}, which does not allow it",
                at=level.at,
                hint=f"allowed: {', '.join(allowed) or 'none'}",
            )


def _check_whole(einsum: Einsum, node: Memory | Fanout, inside: tuple[Level, ...]) -> None:
    for dim, extent in einsum.dims:
        covered = math.prod(loop.bound for level in inside for loop in level.loops if loop.dim == dim)
        if dim in node.whole and covered < extent:
            message = f"{node.name} must hold the whole of {dim} ({extent}); the mapping gives it {covered}"
            advice = f"move the loops over {dim} to {node.name} or inside it"
            raise InputError(message, at=inside[0].at, hint=advice)


def _check_needed(einsum: Einsum, mapping: Mapping) -> None:
    """Imperfect factors are allowed; a loop whose last iteration never runs is a slip of the pen."""
    for dim, extent in einsum.dims:
        inside = 1
        for level in reversed(mapping.levels):
            for loop in reversed(level.loops):
                if loop.dim != dim:
                    continue
                needed = -(-extent // inside)
                if loop.bound > max(needed, 1):
                    raise InputError(
                        f"the loop over {dim} at {level.node} has {loop.bound} iterations, of which at most {needed} "
                        f"run: the loops inside it cover {inside} of the {extent} indices of {dim} each time",
                        at=level.at,
                        hint=f"the bounds of all loops over {dim} multiply to {extent}, or to little more",
                    )
                inside *= loop.bound
