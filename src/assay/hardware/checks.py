"""What must hold between the nodes of a hardware, each rule with its own message at the node that breaks it."""

from __future__ import annotations

from collections.abc import Iterable

from assay.errors import InputError, Position
from assay.hardware.constraints import check_constraints
from assay.hardware.model import Buffering, Compute, Fanout, Memory, Multicast, Node
from assay.hardware.vocabulary import TENSORS


def check_nodes(nodes: tuple[Node, ...], at: Position | None = None) -> None:
    """Refuse a list of nodes that cannot be a processor.

    Args:
        nodes: from the outside in.
        at: where the list is, for what no single node is to blame for.

    Raises:
        InputError: at the node that breaks a rule.
    """
    if not nodes:
        raise InputError("there are no nodes", at=at, hint="begin with a memory and end with a compute")
    _check_names(nodes)
    _check_ends(nodes)
    compute = nodes[-1]
    assert isinstance(compute, Compute)
    for node in nodes:
        if isinstance(node, Fanout) and node.links and node.multicast is Multicast.WORD:
            message = f"fanout '{node.name}' has links between neighbours and shares words"
            raise InputError(
                message, at=node.at, hint="with 'links: true' write 'multicast: tile' or 'multicast: none'"
            )
        if isinstance(node, Memory):
            _check_memory(node, compute)
            _check_ports(node)
    _check_buffering(nodes[0])
    check_constraints(nodes)


def _check_names(nodes: tuple[Node, ...]) -> None:
    seen: dict[str, Node] = {}
    for node in nodes:
        if node.name in seen:
            before = seen[node.name].at
            where = f" on line {before.line}" if before else ""
            raise InputError(f"the name '{node.name}' was given{where} already", at=node.at, hint="names are unique")
        seen[node.name] = node


def _check_ends(nodes: tuple[Node, ...]) -> None:
    first, last = nodes[0], nodes[-1]
    if not isinstance(first, Memory):
        raise InputError(
            f"the first node is {_kind(first)}; it must be the outermost memory, which keeps every tensor",
            at=first.at,
            hint="list the nodes from the outside in, beginning with the DRAM",
        )
    missing = [tensor for tensor in TENSORS if tensor not in first.keep]
    if missing:
        raise InputError(
            f"memory '{first.name}' is the outermost and must keep every tensor; {_listed(missing)} missing",
            at=first.at,
            hint=f"write keep: [{', '.join(TENSORS)}]",
        )
    for node in nodes[:-1]:
        if isinstance(node, Compute):
            raise InputError(f"compute '{node.name}' is not the last node", at=node.at, hint="move it to the end")
    if not isinstance(last, Compute):
        raise InputError(
            f"the last node is {_kind(last)}; it must be a compute", at=last.at, hint="end with '- compute: mac'"
        )


def _check_memory(memory: Memory, compute: Compute) -> None:
    if not memory.keep and not memory.may_keep:
        raise InputError(
            f"memory '{memory.name}' keeps nothing", at=memory.at, hint=f"write keep: [...] with {', '.join(TENSORS)}"
        )
    both = [tensor for tensor in memory.keep if tensor in memory.may_keep]
    if both:
        message = f"memory '{memory.name}' lists {', '.join(both)} in both keep and may_keep"
        raise InputError(message, at=memory.at, hint="keep: always; may_keep: the mapper chooses")
    if memory.capacity is not None:
        _check_size(memory, memory.capacity, compute)
    elif memory.reserved:
        raise InputError(f"memory '{memory.name}' reserves bits but has no size", at=memory.at, hint="add 'size: ...'")


def _check_ports(memory: Memory) -> None:
    """Ports multiply a bandwidth: without one they would change nothing."""
    for kind in ("read", "write", "total"):
        count = getattr(memory.ports, kind)
        if count != 1 and getattr(memory.bandwidth, kind) is None:
            message = f"memory '{memory.name}' has {count} {kind} ports but no {kind} bandwidth"
            advice = f"give the bandwidth of one port: 'bandwidth: {{{kind}: 64 b/cycle}}'"
            raise InputError(message, at=memory.at, hint=advice)


def _check_buffering(first: Node) -> None:
    if isinstance(first, Memory) and first.buffering is not Buffering.IDEAL:
        message = f"memory '{first.name}' is the outermost: nothing fills it, so 'buffering' means nothing there"
        raise InputError(message, at=first.at, hint="write it at the memories that are filled from this one")


def _check_size(memory: Memory, capacity: int, compute: Compute) -> None:
    if capacity <= 0:
        message = f"memory '{memory.name}' reserves {memory.reserved} b of {memory.size} b, which leaves no room"
        raise InputError(message, at=memory.at, hint="'reserved' must be smaller than 'size'")
    if capacity < memory.width:
        message = f"memory '{memory.name}' holds {capacity} b, less than one access of {memory.width} b"
        raise InputError(message, at=memory.at, hint="make 'size' larger or 'width' smaller")
    needed = compute.bits * max(len(memory.keep), 1)
    if capacity < needed:
        words = f"one {compute.bits}-bit word" + (" of each tensor it keeps" if len(memory.keep) > 1 else "")
        message = f"memory '{memory.name}' holds {capacity} b, too few for {words} ({needed} b)"
        raise InputError(message, at=memory.at, hint="make 'size' larger")


def _kind(node: Node) -> str:
    if isinstance(node, Memory):
        return f"memory '{node.name}'"
    return f"fanout '{node.name}'" if isinstance(node, Fanout) else f"compute '{node.name}'"


def _listed(names: Iterable[str]) -> str:
    listed = list(names)
    return f"{', '.join(listed)} {'is' if len(listed) == 1 else 'are'}"
