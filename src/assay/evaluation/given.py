"""Whether a mapping that a user gives can run on the hardware. Each violation is one clear error."""

from __future__ import annotations

import math

from assay.errors import InputError
from assay.hardware.model import Fanout, Hardware, Memory
from assay.mapping.counts import Analysis
from assay.mapping.mapping import Level, Mapping
from assay.workload.einsum import Einsum


def check_given(einsum: Einsum, hardware: Hardware, mapping: Mapping, analysis: Analysis) -> None:
    """Check kept tensors, axes, dimensions and capacity. `analysis` is that of the mapping.

    Raises:
        InputError: what does not fit, where and by how much.
    """
    for position, (level, node) in enumerate(zip(mapping.levels, hardware.nodes[:-1], strict=True)):
        if isinstance(node, Memory):
            _check_kept(einsum, node, level)
            _check_dims(level, node.loops, "in time")
            _check_capacity(einsum, node, analysis)
        elif isinstance(node, Fanout):
            _check_axes(node, level)
        if isinstance(node, Memory | Fanout):
            _check_whole(einsum, node, mapping.levels[position:])


def _check_kept(einsum: Einsum, memory: Memory, level: Level) -> None:
    tensors = {tensor.name for tensor in einsum.tensors}
    for name in level.keep:
        if name not in tensors:
            raise InputError(f"the mapping keeps {name} at {memory.name}; the layer has no such tensor")
        if name not in (*memory.keep, *memory.may_keep):
            raise InputError(f"the mapping keeps {name} at {memory.name}, which cannot hold it")
    for name in memory.keep:
        if name in tensors and name not in level.keep:
            raise InputError(f"the mapping lets {name} pass {memory.name}, which always keeps it")


def _check_capacity(einsum: Einsum, memory: Memory, analysis: Analysis) -> None:
    if memory.capacity is None:
        return
    tiles = [tile for tile in analysis.occupancy if tile.component == memory.name]
    needed = sum(tile.words * einsum.tensor(tile.tensor).bits for tile in tiles)
    if needed > memory.capacity:
        listing = " + ".join(f"{tile.tensor} {tile.words:,} words" for tile in tiles)
        raise InputError(
            f"the mapping needs {needed:,} bits of {memory.name} ({listing}), which has {memory.capacity:,} for tiles"
        )


def _check_axes(fanout: Fanout, level: Level) -> None:
    axes = {axis.name: axis for axis in fanout.axes}
    for loop in level.loops:
        if loop.axis not in axes:
            raise InputError(f"{fanout.name} has no axis {loop.axis}", hint=f"its axes are {', '.join(axes)}")
    for axis in fanout.axes:
        along = [loop for loop in level.loops if loop.axis == axis.name]
        used = math.prod(loop.bound for loop in along)
        if used > axis.size:
            raise InputError(
                f"the mapping uses {used} children along {axis.name} of {fanout.name}, which has {axis.size}"
            )
        _check_dims(Level(level.node, tuple(along)), axis.dims, f"along {axis.name}")


def _check_dims(level: Level, allowed: tuple[str, ...] | None, where: str) -> None:
    for loop in level.loops:
        if allowed is not None and loop.dim not in allowed and loop.bound > 1:
            raise InputError(
                f"the mapping loops over {loop.dim} {where} at {level.node}, which does not allow it",
                hint=f"allowed: {', '.join(allowed) or 'none'}",
            )


def _check_whole(einsum: Einsum, node: Memory | Fanout, inside: tuple[Level, ...]) -> None:
    for dim, extent in einsum.dims:
        covered = math.prod(loop.bound for level in inside for loop in level.loops if loop.dim == dim)
        if dim in node.whole and covered < extent:
            raise InputError(f"{node.name} must hold the whole of {dim} ({extent}); the mapping gives it {covered}")
