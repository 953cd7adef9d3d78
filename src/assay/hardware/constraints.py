"""Constraints that no mapping can meet, or that contradict each other: each with its own message, at a node."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, permutations
from math import prod

from assay.errors import InputError
from assay.hardware.model import ALL, Axis, Fanout, Memory, Node
from assay.hardware.vocabulary import DEPENDS_ON

Spot = tuple[Node, Memory | Axis]
"""Where loops may stand: a memory, or an axis of a fanout."""


def check_constraints(nodes: tuple[Node, ...]) -> None:
    """Refuse constraints that leave no mapping of any layer with the dimensions that they name.

    Raises:
        InputError: at a node whose constraint cannot be met.
    """
    for node, spot in _spots(nodes):
        _check_factors(node, spot)
    _check_all(nodes)
    for index, node in enumerate(nodes):
        if isinstance(node, Memory):
            _check_stationary(nodes, index, node)
        if isinstance(node, Fanout):
            _check_utilization(node)
        if isinstance(node, Memory | Fanout):
            _check_whole(nodes, index, node)


def allows(spot: Memory | Axis, dim: str) -> bool:
    """Whether a loop over the dimension may stand there."""
    dims = spot.loops if isinstance(spot, Memory) else spot.dims
    fixed, most = dict(spot.factors), dict(spot.max_factors)
    room = isinstance(spot, Memory) or spot.size > 1
    return room and (dims is None or dim in dims) and fixed.get(dim, ALL) != 1 and most.get(dim, 2) > 1


def where(node: Node, spot: Memory | Axis) -> str:
    """`memory 'glb'` or `axis X of fanout 'array'`, for messages."""
    return f"memory '{node.name}'" if isinstance(spot, Memory) else f"axis {spot.name} of fanout '{node.name}'"


def _spots(nodes: tuple[Node, ...]) -> Iterator[Spot]:
    for node in nodes:
        if isinstance(node, Memory):
            yield node, node
        elif isinstance(node, Fanout):
            yield from ((node, axis) for axis in node.axes)


def _text(dim: str, bound: int) -> str:
    return f"{dim}: {'all' if bound == ALL else bound}"


def _check_factors(node: Node, spot: Memory | Axis) -> None:
    place = where(node, spot)
    dims, key = (spot.loops, "loops") if isinstance(spot, Memory) else (spot.dims, "dims")
    limits = dict(spot.max_factors)
    for dim, bound in spot.factors:
        if dim in limits:
            message = f"{place}: {dim} is in both factors and max_factors"
            raise InputError(message, at=node.at, hint="factors: exactly that; max_factors: at most that")
        if dims is not None and dim not in dims and bound != 1:
            message = f"{place}: factors has {_text(dim, bound)}, but {key} does not allow {dim}"
            raise InputError(message, at=node.at, hint=f"add {dim} to '{key}', or take it out of 'factors'")
    product = prod(bound for _, bound in spot.factors if bound != ALL)
    if isinstance(spot, Axis) and product > spot.size:
        message = f"{place}: the factors multiply to {product}, more than its {spot.size} children"
        raise InputError(message, at=node.at, hint="make 'size' larger or a factor smaller")


def _check_all(nodes: tuple[Node, ...]) -> None:
    """What is iterated as a whole in one place cannot be iterated in another."""
    fixed = [(node, spot, dim, bound) for node, spot in _spots(nodes) for dim, bound in spot.factors if bound != 1]
    for (node, spot, dim, bound), (other, there, same, more) in combinations(fixed, 2):
        if dim == same and ALL in (bound, more):
            message = (
                f"{where(node, spot)} has {_text(dim, bound)} and {where(other, there)} has {_text(dim, more)}:"
                f" all of {dim} in one place leaves none for another"
            )
            raise InputError(message, at=other.at, hint="take one of the two factors out")


def _check_stationary(nodes: tuple[Node, ...], index: int, memory: Memory) -> None:
    if memory.stationary and index == 0:
        message = f"memory '{memory.name}' is the outermost: its tiles are never replaced"
        raise InputError(message, at=memory.at, hint="write 'stationary' at a memory further in")
    for tensor in memory.stationary:
        if tensor not in memory.keep and tensor not in memory.may_keep:
            message = f"memory '{memory.name}': {tensor} is to be stationary, but is not kept there"
            raise InputError(message, at=memory.at, hint=f"add {tensor} to 'keep'")
        _check_order(nodes[:index], memory, tensor)


def _check_order(outer: tuple[Node, ...], memory: Memory, tensor: str) -> None:
    """Loops that are fixed further out must not bring a tile back."""
    needed = DEPENDS_ON.get(tensor)
    if needed is None:
        return
    loops = [(node, dim) for node in outer if isinstance(node, Memory) for dim, bound in node.factors if bound > 1]
    for (node, dim), (other, inner) in permutations(loops, 2):
        if dim in needed or inner not in needed:
            continue
        if outer.index(node) < outer.index(other) or (node is other and _outside(node, dim, inner)):
            message = (
                f"memory '{memory.name}': {tensor} cannot be stationary, because the loop over {dim} at"
                f" '{node.name}' lies outside of that over {inner} at '{other.name}'"
            )
            raise InputError(message, at=memory.at, hint=f"{tensor} depends on {', '.join(needed)} only")


def _outside(memory: Memory, dim: str, inner: str) -> bool:
    """Whether the order at the memory puts the loop over `dim` outside of that over `inner`."""
    order = memory.order
    return inner in order and (dim not in order or order.index(dim) < order.index(inner))


def _check_utilization(fanout: Fanout) -> None:
    most = prod(_most(axis) for axis in fanout.axes)
    if most < fanout.min_utilization * fanout.children:
        message = (
            f"fanout '{fanout.name}': min_utilization is {fanout.min_utilization:g}, but its dims and factors allow"
            f" at most {most} of {fanout.children} children"
        )
        raise InputError(message, at=fanout.at, hint="make 'min_utilization' smaller")


def _most(axis: Axis) -> int:
    """The children along the axis that can have work."""
    limits = {dim: bound for dim, bound in (*axis.factors, *axis.max_factors) if bound != ALL}
    if axis.dims is None or any(dim not in limits for dim in axis.dims):
        return axis.size
    return min(axis.size, prod(limits[dim] for dim in axis.dims))


def _check_whole(nodes: tuple[Node, ...], index: int, node: Memory | Fanout) -> None:
    kind = "memory" if isinstance(node, Memory) else "fanout"
    for dim in node.whole:
        for outer, spot in _spots(nodes[:index]):
            bound = dict(spot.factors).get(dim, 1)
            if bound != 1:
                message = (
                    f"{kind} '{node.name}': {dim} must be whole there, but {where(outer, spot)} has {_text(dim, bound)}"
                )
                raise InputError(message, at=node.at, hint=f"take {dim} out of one of them")
        if not any(allows(spot, dim) for _, spot in _spots(nodes[index:])):
            message = (
                f"{kind} '{node.name}': {dim} must be whole there, but neither it nor anything inside allows {dim}"
            )
            raise InputError(
                message, at=node.at, hint=f"allow {dim} in 'loops' or 'dims' there, or take it out of 'whole'"
            )
