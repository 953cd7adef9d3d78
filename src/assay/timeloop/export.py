"""A mapping as Timeloop writes one, for `timeloop-model` and its front end to read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice, permutations, product
from math import prod

from assay.errors import UnsupportedError
from assay.hardware.model import Fanout, Hardware, Memory, Node
from assay.mapping.mapping import Level, Loop
from assay.mapping.mapping import Mapping as LoopNest
from assay.mapping.tidy import figures, tidy, with_level
from assay.mapping.write import plain
from assay.workload.einsum import Einsum

MOST_TRIED = 1000
"""Ways to put loops together that are tried."""


@dataclass(frozen=True, slots=True)
class MappingForm:
    """How a mapping is written for one architecture.

    Attributes:
        nodes: True for architectures with `nodes` (v0.4), which the front end reads: factors are lists. False for those
            that `timeloop-model` reads itself: factors are texts.
        targets: what loops across a fanout are said to belong to, by its name; absent: the fanout itself with `nodes`,
            else the memory above it.
    """

    nodes: bool = True
    targets: Mapping[str, str] = field(default_factory=dict)


def timeloop_mapping(
    einsum: Einsum,
    hardware: Hardware,
    mapping: LoopNest,
    form: MappingForm | None = None,
    *,
    comments: Iterable[str] = (),
) -> str:
    """The text of a Timeloop mapping file that stands for this mapping.

    There is one directive for the loops in time and one for the kept tensors of each memory, and one for the loops of
    each fanout. Memories, fanouts, tensors and dimensions have the names of einsum and hardware.

    Timeloop has one factor per dimension in a memory's loops, and lays a dimension along one axis of a fanout. Where
    the mapping has several, they are put together where that changes no count.

    Args:
        form: of the architecture, see `mapping_form`; None: that of v0.4.
        comments: lines at the top.

    Raises:
        UnsupportedError: Timeloop cannot say this mapping.
    """
    form = form or MappingForm()
    whole = _put_together(einsum, hardware, mapping)
    residuals = _residuals(einsum, whole)
    lines = [f"# {' '.join(comment.split())}" for comment in comments]
    lines.append("mapping:")
    above = ""
    for place, (level, node) in enumerate(zip(whole.levels, hardware.nodes[:-1], strict=True)):
        if isinstance(node, Memory):
            above = node.name
            loops = [loop.dim for loop in reversed(level.loops)]
            order = [*loops, *(dim for dim in einsum.extents if dim not in loops)]
            lines += _directive(form, level, node.name, "temporal", residuals[place], order)
            lines += _kept(form, level, einsum)
        elif isinstance(node, Fanout):
            target = form.targets.get(node.name, node.name if form.nodes else above)
            lines += _spatial(form, level, node, target, einsum, residuals[place])
    return "\n".join(lines) + "\n"


def _directive(
    form: MappingForm, level: Level, target: str, kind: str, residuals: dict[str, int], order: list[str]
) -> list[str]:
    """Target, type, factors of all dimensions, and their order from the inner to the outer."""
    bounds = {loop.dim: loop.bound for loop in level.loops}
    factors = []
    for dim in order:
        bound = bounds.get(dim, 1)
        rest = f",{residuals[dim]}" if residuals.get(dim, bound) != bound else ""
        factors.append(f"{dim}={bound}{rest}")
    lines = [f"- target: {plain(target)}", f"  type: {kind}"]
    if form.nodes:
        quoted = ", ".join(f'"{factor}"' if "," in factor else factor for factor in factors)
        return [*lines, f"  factors: [{quoted}]", f"  permutation: [{', '.join(order)}]"]
    joint = "" if all(len(dim) == 1 for dim in order) else " "
    return [*lines, f"  factors: {' '.join(factors)}", f"  permutation: {plain(joint.join(order))}"]


def _kept(form: MappingForm, level: Level, einsum: Einsum) -> list[str]:
    names = [tensor.name for tensor in einsum.tensors]
    keep, bypass = ([plain(name) for name in names if (name in level.keep) is kept] for kept in (True, False))
    kind = "dataspace" if form.nodes else "datatype"
    lines = [f"- target: {plain(level.node)}", f"  type: {kind}"]
    return [*lines, f"  keep: [{', '.join(keep)}]", f"  bypass: [{', '.join(bypass)}]"]


def _spatial(
    form: MappingForm, level: Level, fanout: Fanout, target: str, einsum: Einsum, residuals: dict[str, int]
) -> list[str]:
    along = {loop.dim: _direction(fanout, loop.axis) for loop in level.loops}
    x, y = ([loop.dim for loop in reversed(level.loops) if along[loop.dim] == axis] for axis in ("X", "Y"))
    order = [*x, *(dim for dim in einsum.extents if dim not in along), *y]
    lines = _directive(form, level, target, "spatial", residuals, order)
    lines.append(f"  split: {len(order) - len(y)}")
    if not fanout.links:
        lines.append(f"  no_link_transfer: [{', '.join(plain(tensor.name) for tensor in einsum.tensors)}]")
    return lines


def _direction(fanout: Fanout, axis: str | None) -> str:
    """X or Y: by the name of the axis, else by its place."""
    names = [each.name for each in fanout.axes]
    if len(names) > 2:
        message = f"{fanout.name} has {len(names)} axes; Timeloop lays loops along X and Y only"
        raise UnsupportedError(message, at=fanout.at)
    if set(names) <= {"X", "Y"}:
        return axis or "X"
    return "X" if axis == names[0] else "Y"


def _residuals(einsum: Einsum, mapping: LoopNest) -> list[dict[str, int]]:
    """For each level and dimension, the iterations in the last round: the digits of the last index, plus 1."""
    found: list[dict[str, int]] = [{} for _ in mapping.levels]
    last = {dim: extent - 1 for dim, extent in einsum.dims}
    for place in range(len(mapping.levels) - 1, -1, -1):
        for loop in mapping.levels[place].loops:
            found[place][loop.dim] = last[loop.dim] % loop.bound + 1
            last[loop.dim] //= loop.bound
    return found


def _put_together(einsum: Einsum, hardware: Hardware, mapping: LoopNest) -> LoopNest:
    """The mapping with at most one loop over a dimension at each level, and the same counts.

    Raises:
        UnsupportedError: none was found.
    """
    if not any(_repeats(level) for level in mapping.levels):
        return mapping
    mapping = tidy(einsum, hardware, mapping)
    for place, node in enumerate(hardware.nodes[:-1]):
        if _repeats(mapping.levels[place]):
            mapping = _one_each(einsum, hardware, mapping, place, node)
    return mapping


def _repeats(level: Level) -> bool:
    return len(_dims(level)) < len(level.loops)


def _one_each(einsum: Einsum, hardware: Hardware, mapping: LoopNest, place: int, node: Node) -> LoopNest:
    """The mapping with at most one loop over a dimension at one level."""
    wanted = figures(einsum, hardware, mapping)
    level = mapping.levels[place]
    candidates = _along_one_axis(level, node) if isinstance(node, Fanout) else _orders(level)
    for loops in islice(candidates, MOST_TRIED):
        result = with_level(mapping, place, replace(level, loops=loops))
        if figures(einsum, hardware, result) == wanted:
            return result
    dims = [loop.dim for loop in level.loops]
    repeated = next(dim for dim in dims if dims.count(dim) > 1)
    axes = list(dict.fromkeys(loop.axis for loop in level.loops if loop.dim == repeated and loop.axis))
    if len(axes) > 1:
        rule = "Timeloop lays a dimension along one axis of a fanout"
        found = f"the mapping lays {repeated} along {' and '.join(axes)} of {level.node}"
    else:
        rule = "Timeloop has one loop over a dimension at a level"
        found = f"the mapping has several over {repeated} at {level.node}"
    raise UnsupportedError(f"{rule}; {found}, and no other order or axis counts the same", at=level.at)


def _orders(level: Level) -> Iterable[tuple[Loop, ...]]:
    """All orders of one loop per dimension, that of the innermost loops first."""
    inner = list(dict.fromkeys(loop.dim for loop in reversed(level.loops)))[::-1]
    bounds = {dim: prod(loop.bound for loop in level.loops if loop.dim == dim) for dim in inner}
    return permutations([Loop(dim, bounds[dim]) for dim in inner])


def _along_one_axis(level: Level, fanout: Fanout) -> Iterable[tuple[Loop, ...]]:
    """One loop per dimension, along any of the axes that it is laid along now, as far as there is room."""
    axes = {dim: dict.fromkeys(loop.axis for loop in level.loops if loop.dim == dim) for dim in _dims(level)}
    bounds = {dim: prod(loop.bound for loop in level.loops if loop.dim == dim) for dim in axes}
    for choice in product(*axes.values()):
        loops = tuple(Loop(dim, bounds[dim], axis) for dim, axis in zip(axes, choice, strict=True))
        if all(prod(loop.bound for loop in loops if loop.axis == axis.name) <= axis.size for axis in fanout.axes):
            yield loops


def _dims(level: Level) -> tuple[str, ...]:
    return tuple(dict.fromkeys(loop.dim for loop in level.loops))
