"""Named dataflows: sets of constraints that make hardware work in one of the ways known from the literature.

The names and what they mean are those of Chen, Emer, Sze, "Eyeriss: a spatial architecture for energy-efficient
dataflow for convolutional neural networks", ISCA 2016, and of Sze, Chen, Yang, Emer, "Efficient processing of deep
neural networks: a tutorial and survey", Proc. IEEE 105(12), 2017; input stationary is the way of Parashar et al.,
"SCNN", ISCA 2017.

A dataflow speaks of the *array* and of the *processing elements*. The array is the innermost fanout, with the fanouts
around it as long as no memory between them keeps anything; the elements are what lies inside of it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import takewhile

from assay.errors import InputError
from assay.hardware.constraints import allows, check_constraints, where
from assay.hardware.model import ALL, Axis, Fanout, Hardware, Memory, Node
from assay.hardware.vocabulary import DEPENDS_ON, TENSORS
from assay.reading.suggestions import hint


@dataclass(frozen=True, slots=True)
class Dataflow:
    """A named set of constraints.

    Attributes:
        alias: its short name.
        stationary: the tensor of which a tile stays in the elements until all is done that needs it.
        spread: dimensions that may be laid along the axes of the array.
        rows: dimensions that may be laid along one of the axes instead, with all of the first of them; that is the axis
            that allows it, Y where several do.
        whole: dimensions that are complete within the array.
        inside: dimensions that may be iterated in the elements, or None for any.
        kept: tensors that the elements must have memories for.
        empties: True: the memories in the elements keep nothing.
    """

    name: str
    alias: str
    spread: tuple[str, ...]
    stationary: str = ""
    rows: tuple[str, ...] = ()
    whole: tuple[str, ...] = ()
    inside: tuple[str, ...] | None = None
    kept: tuple[str, ...] = ()
    empties: bool = False

    @property
    def title(self) -> str:
        """The name as people write it."""
        return self.name.replace("_", " ")


DATAFLOWS = (
    Dataflow("weight_stationary", "ws", stationary="filter", spread=DEPENDS_ON["filter"], kept=("filter",)),
    Dataflow("output_stationary", "os", stationary="ofmap", spread=DEPENDS_ON["ofmap"], kept=("ofmap",)),
    Dataflow("input_stationary", "is", stationary="ifmap", spread=DEPENDS_ON["ifmap"], kept=("ifmap",)),
    Dataflow(
        "row_stationary",
        "rs",
        spread=("P", "M"),
        rows=("R", "C", "M", "P"),
        whole=("R", "S"),
        inside=("S", "C", "M"),
        kept=TENSORS,
    ),
    Dataflow("no_local_reuse", "nlr", spread=DEPENDS_ON["filter"], empties=True),
)
"""Weights, partial sums or inputs stay, each spread over the array along its own dimensions, so that elements hold
different ones; the others go to several elements at once, or are added up between them. Row stationary: an element
works on a row of the filter, and the rows of a filter lie along an axis. No local reuse: nothing stays in the elements,
and each of them reads weights of its own."""

DATAFLOW_WORDS = (*(each.name for each in DATAFLOWS), *(each.alias for each in DATAFLOWS))
"""What a dataflow may be called: names, and their short forms."""


def find_dataflow(name: str) -> Dataflow:
    """The dataflow of that name, long or short. Raises InputError if there is none."""
    for each in DATAFLOWS:
        if name in (each.name, each.alias):
            return each
    raise InputError(f"there is no dataflow '{name}'", hint=hint(name, DATAFLOW_WORDS, label="dataflows"))


def apply_dataflow(hardware: Hardware, name: str) -> Hardware:
    """The hardware with the constraints of a dataflow added to its own.

    Raises:
        InputError: there is no such dataflow, the hardware cannot work that way, or what is constrained already
            contradicts it.
    """
    dataflow = find_dataflow(name)
    if hardware.dataflow == dataflow.name:
        return hardware
    if hardware.dataflow:
        raise InputError(
            f"{hardware.name} is {find_dataflow(hardware.dataflow).title} already; it cannot be {dataflow.title} too",
            hint="take one of the two dataflows out",
        )
    if set(hardware.memories[0].keep) != set(TENSORS):
        message = f"dataflows need tensors called {', '.join(TENSORS)}; {hardware.name} has others"
        raise InputError(message, hint="convert it to a hardware file first: assay convert")
    inner, outer = _array(hardware, dataflow)
    nodes = [_constrained(node, index, outer, inner, dataflow) for index, node in enumerate(hardware.nodes)]
    if dataflow.stationary:
        _hold(nodes, inner, dataflow.stationary)
    if dataflow.rows:
        _lay_rows(nodes, hardware.nodes, outer, inner, dataflow)
    try:
        check_constraints(tuple(nodes))
    except InputError as error:
        message = f"dataflow {dataflow.name} contradicts a constraint of the hardware: {error.message}"
        raise InputError(message, at=error.at, hint="take the constraint out, or choose another dataflow") from None
    return replace(hardware, nodes=tuple(nodes), dataflow=dataflow.name)


def _array(hardware: Hardware, dataflow: Dataflow) -> tuple[int, int]:
    """The last and the first node of the array. Raises InputError where the hardware lacks what the dataflow needs."""
    nodes = hardware.nodes
    fanouts = [index for index, node in enumerate(nodes) if isinstance(node, Fanout)]
    if not fanouts:
        message = f"dataflow {dataflow.name} needs an array of processing elements; {hardware.name} has no fanout"
        raise InputError(message, at=nodes[-1].at, hint="add a fanout before the compute")
    inner = fanouts[-1]
    around = takewhile(lambda i: not _keeps(nodes[i]), range(inner, 0, -1))
    outer = min(index for index in around if index in fanouts)
    kept = {tensor for node in nodes[inner:] if isinstance(node, Memory) for tensor in (*node.keep, *node.may_keep)}
    missing = [tensor for tensor in dataflow.kept if tensor not in kept]
    if missing:
        message = (
            f"dataflow {dataflow.name} needs a memory for {' and '.join(missing)} in the processing elements, inside"
            f" fanout '{nodes[inner].name}'"
        )
        raise InputError(message, at=nodes[inner].at, hint=f"add a memory with 'keep: [{', '.join(missing)}]' after it")
    return inner, outer


def _keeps(node: Node) -> bool:
    return isinstance(node, Memory) and bool(node.keep or node.may_keep)


def _constrained(node: Node, index: int, outer: int, inner: int, dataflow: Dataflow) -> Node:
    """A node with what the dataflow says of all of its kind."""
    if isinstance(node, Fanout) and index >= outer:
        axes = tuple(_narrowed(node, axis, dataflow) for axis in node.axes)
        whole = (
            (*node.whole, *(dim for dim in dataflow.whole if dim not in node.whole)) if index == outer else node.whole
        )
        return replace(node, axes=axes, whole=whole)
    if not isinstance(node, Memory) or index < inner:
        return node
    if dataflow.empties:
        return _emptied(node, dataflow)
    if dataflow.inside is None:
        return node
    return replace(node, loops=_common(node, node, node.loops, dataflow.inside, dataflow))


def _narrowed(fanout: Fanout, axis: Axis, dataflow: Dataflow) -> Axis:
    return axis if dataflow.rows else replace(axis, dims=_common(fanout, axis, axis.dims, dataflow.spread, dataflow))


def _common(
    node: Node, spot: Memory | Axis, dims: tuple[str, ...] | None, wanted: tuple[str, ...], dataflow: Dataflow
) -> tuple[str, ...]:
    """The dimensions that the hardware and the dataflow both allow. Raises InputError where there are none."""
    if dims is None:
        return wanted
    common = tuple(dim for dim in dims if dim in wanted)
    if dims and not common:
        message = (
            f"{where(node, spot)} allows {', '.join(dims)} only; dataflow {dataflow.name} allows"
            f" {', '.join(wanted)} there"
        )
        raise InputError(message, at=node.at, hint="give it a dimension of both, or choose another dataflow")
    return common


def _emptied(memory: Memory, dataflow: Dataflow) -> Memory:
    for key in ("stationary", "whole", "factors"):
        if getattr(memory, key):
            message = f"memory '{memory.name}' has '{key}'; in dataflow {dataflow.name} it keeps nothing"
            raise InputError(message, at=memory.at, hint=f"take '{key}' out, or choose another dataflow")
    return replace(memory, keep=(), may_keep=(), loops=(), max_factors=(), order=())


def _hold(nodes: list[Node], inner: int, tensor: str) -> None:
    """The tensor stays in the innermost memory that can keep it."""
    holders = [
        (index, node)
        for index, node in enumerate(nodes)
        if index > inner and isinstance(node, Memory) and tensor in (*node.keep, *node.may_keep)
    ]
    index, memory = next((each for each in reversed(holders) if tensor in each[1].keep), holders[-1])
    nodes[index] = replace(
        memory,
        keep=memory.keep if tensor in memory.keep else (*memory.keep, tensor),
        may_keep=tuple(each for each in memory.may_keep if each != tensor),
        stationary=memory.stationary if tensor in memory.stationary else (*memory.stationary, tensor),
    )


def _lay_rows(nodes: list[Node], before: tuple[Node, ...], outer: int, inner: int, dataflow: Dataflow) -> None:
    """One axis takes the rows, all of them; the others what is spread."""
    first = dataflow.rows[0]
    axes = [(node, axis) for node in before[outer : inner + 1] if isinstance(node, Fanout) for axis in node.axes]
    able = [(node, axis) for node, axis in axes if allows(axis, first)]
    if not able:
        message = f"dataflow {dataflow.name} lays {first} along an axis of the array, and none of them allows {first}"
        raise InputError(message, at=before[outer].at, hint=f"add {first} to the 'dims' of an axis")
    chosen = next((each for each in able if each[1].name == "Y"), able[0])
    for index in range(outer, inner + 1):
        node = nodes[index]
        if isinstance(node, Fanout):
            nodes[index] = replace(
                node, axes=tuple(_row_axis(node, axis, (before[index], axis) == chosen, dataflow) for axis in node.axes)
            )


def _row_axis(fanout: Fanout, axis: Axis, rows: bool, dataflow: Dataflow) -> Axis:
    dims = _common(fanout, axis, axis.dims, dataflow.rows if rows else dataflow.spread, dataflow)
    if not rows:
        return replace(axis, dims=dims)
    first = dataflow.rows[0]
    for key, bounds in (("factors", axis.factors), ("max_factors", axis.max_factors)):
        bound = dict(bounds).get(first, ALL)
        if bound != ALL:
            message = (
                f"{where(fanout, axis)}: {key} has {first}: {bound}; dataflow {dataflow.name} needs all of {first}"
            )
            raise InputError(message, at=fanout.at, hint=f"take {first} out of '{key}'")
    others = tuple(each for each in axis.factors if each[0] != first)
    return replace(axis, dims=dims, factors=(*others, (first, ALL)))
