"""The shape of every tensor of an ONNX model, without its weights.

Only shapes matter here. Large initializers are replaced by typed inputs, symbolic dimensions get sizes, and shapes are
inferred; where inference stops at a computed shape (Shape, Gather, Concat, Reshape, ...), that computation is done and
inference goes on.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assay.errors import InputError, UnsupportedError
from assay.workload.onnx_file import import_onnx
from assay.workload.onnx_inputs import SMALL, STANDARD_DOMAINS, make_skeleton

if TYPE_CHECKING:
    import onnx

FOLDED = frozenset(
    [
        "Add",
        "And",
        "Cast",
        "CastLike",
        "Ceil",
        "Concat",
        "ConstantOfShape",
        "Div",
        "Equal",
        "Expand",
        "Floor",
        "Gather",
        "Greater",
        "Identity",
        "Less",
        "Max",
        "Min",
        "Mod",
        "Mul",
        "Neg",
        "Not",
        "Or",
        "Range",
        "ReduceMax",
        "ReduceMin",
        "ReduceProd",
        "ReduceSum",
        "Reshape",
        "Shape",
        "Size",
        "Slice",
        "Squeeze",
        "Sub",
        "Transpose",
        "Unsqueeze",
        "Where",
    ]
)
"""Operators that shape computations are made of."""

RANDOM = frozenset({"RandomNormal", "RandomUniform"})
Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Graph:
    """A model with all shapes known.

    Attributes:
        nodes: those that do work at run time, in order. shapes: of every tensor that they read or write, the batch
        included. constants: tensors known without running the network (weights and all that is computed from them or
        from shapes). values: those of the constants that are small, as NumPy arrays. opset: version of the standard
        operator set. folded: nodes that work on constants only, by operator. batch: first dimension of the inputs.
        notes: what was assumed.
    """

    nodes: tuple[onnx.NodeProto, ...]
    shapes: Mapping[str, Shape]
    constants: frozenset[str]
    values: Mapping[str, Any]
    opset: int
    folded: Mapping[str, int]
    batch: int
    notes: tuple[str, ...]


def describe(node: onnx.NodeProto) -> str:
    """A node as messages name it."""
    kind = node.op_type if node.domain in STANDARD_DOMAINS else f"{node.domain}.{node.op_type}"
    return f"node '{node.name}' ({kind})" if node.name else f"node {kind} that computes '{next(iter(node.output), '')}'"


def infer(model: onnx.ModelProto, sizes: Mapping[str, int | float | str], name: str) -> Graph:
    """All shapes of a model.

    Args:
        model: any ONNX model.
        sizes: values of symbolic dimensions by their names.
        name: what messages call the model.

    Raises:
        InputError: a symbolic dimension without a size, or a size for a dimension that is not there.
        UnsupportedError: control flow, or an operator whose output shape cannot be found.
    """
    onnx = import_onnx()
    skeleton, notes, batch = make_skeleton(onnx, model, sizes, name)
    if skeleton.functions:
        from onnx import inliner

        skeleton = inliner.inline_local_functions(skeleton)
    _refuse_control_flow(onnx, skeleton)
    opset = max((each.version for each in skeleton.opset_import if each.domain in STANDARD_DOMAINS), default=1)
    weights = {each.name for each in model.graph.initializer} | {
        each.values.name for each in model.graph.sparse_initializer
    }
    values = {each.name: onnx.numpy_helper.to_array(each) for each in skeleton.graph.initializer}
    shapes = _infer_all(onnx, skeleton, values)
    constants, nodes, folded = _split(skeleton, weights, values)
    for node in nodes:
        _require_shapes(node, shapes, constants)
    return Graph(nodes, shapes, constants, values, opset, folded, batch, notes)


def _refuse_control_flow(onnx: Any, model: onnx.ModelProto) -> None:
    for node in model.graph.node:
        graphs = (onnx.AttributeProto.GRAPH, onnx.AttributeProto.GRAPHS)
        if any(attribute.type in graphs for attribute in node.attribute):
            raise UnsupportedError(
                f"{describe(node)} contains a graph of its own; control flow cannot be evaluated",
                hint="export the model for one fixed path, for instance with torch.onnx.export in evaluation mode",
            )


def _infer_all(onnx: Any, model: onnx.ModelProto, values: dict[str, Any]) -> dict[str, Shape]:
    """Shapes of all tensors; computes small constants on the way and adds them to `values`."""
    work = onnx.ModelProto()
    work.CopyFrom(model)
    while True:
        try:
            inferred = onnx.shape_inference.infer_shapes(work, data_prop=True)
        except Exception as error:  # onnx raises its own InferenceError, a RuntimeError or a ValueError
            raise InputError(f"the shapes of the model do not fit together: {_first_line(error)}") from None
        shapes = {name: tuple(value.shape) for name, value in values.items()}
        for each in (*inferred.graph.value_info, *inferred.graph.input, *inferred.graph.output):
            tensor = each.type.tensor_type
            if tensor.HasField("shape") and all(dim.HasField("dim_value") for dim in tensor.shape.dim):
                shapes.setdefault(each.name, tuple(dim.dim_value for dim in tensor.shape.dim))
        known = len(values)
        for node in work.graph.node:
            _fold(onnx, work, node, shapes, values)
        if len(values) == known or all(name in shapes for node in work.graph.node for name in node.output if name):
            return shapes | {name: tuple(value.shape) for name, value in values.items()}
        _replace_by_initializers(onnx, work, values)


def _replace_by_initializers(onnx: Any, model: onnx.ModelProto, values: Mapping[str, Any]) -> None:
    kept = [node for node in model.graph.node if not all(name in values for name in node.output)]
    stored = {each.name for each in model.graph.initializer}
    new = [onnx.numpy_helper.from_array(value, name) for name, value in values.items() if name not in stored]
    model.graph.initializer.extend(new)
    del model.graph.node[:]
    model.graph.node.extend(kept)


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def _fold(
    onnx: Any, model: onnx.ModelProto, node: onnx.NodeProto, shapes: Mapping[str, Shape], values: dict[str, Any]
) -> None:
    """Adds the node's output to `values` if it is a small constant that part of a shape computation can be."""
    import numpy

    if len(node.output) != 1 or node.output[0] in values or node.domain not in STANDARD_DOMAINS:
        return
    output = node.output[0]
    if node.op_type == "Constant":
        value = _constant(onnx, node)
        if value is not None and value.size <= SMALL:
            values[output] = value
    elif node.op_type in ("Shape", "Size") and node.input[0] in shapes:
        values[output] = _shape_of(onnx, node, shapes[node.input[0]], numpy)
    elif node.op_type in FOLDED and all(name in values for name in node.input if name):
        if math.prod(shapes.get(output, ())) > SMALL or _would_be_large(node, values):
            return
        value = _evaluate(onnx, model, node, values)
        if value is not None and value.size <= SMALL:
            values[output] = value


def _constant(onnx: Any, node: onnx.NodeProto) -> Any:
    import numpy

    for attribute in node.attribute:
        value = onnx.helper.get_attribute_value(attribute)
        if attribute.name == "value":
            return onnx.numpy_helper.to_array(value)
        if attribute.name in ("value_int", "value_ints"):
            return numpy.array(value, dtype=numpy.int64)
        if attribute.name in ("value_float", "value_floats"):
            return numpy.array(value, dtype=numpy.float32)
    return None


def _shape_of(onnx: Any, node: onnx.NodeProto, shape: Shape, numpy: Any) -> Any:
    if node.op_type == "Size":
        return numpy.array(math.prod(shape), dtype=numpy.int64)
    bounds = {attribute.name: onnx.helper.get_attribute_value(attribute) for attribute in node.attribute}
    return numpy.array(shape[bounds.get("start", 0) : bounds.get("end", len(shape))], dtype=numpy.int64)


def _would_be_large(node: onnx.NodeProto, values: Mapping[str, Any]) -> bool:
    """Whether the operator makes something large out of small inputs."""
    inputs = [values[name] for name in node.input if name]
    if node.op_type in ("ConstantOfShape", "Expand"):
        return math.prod(int(size) for size in inputs[-1].ravel()) > SMALL
    if node.op_type == "Range":
        start, limit, delta = (float(value) for value in inputs)
        return delta == 0 or abs((limit - start) / delta) > SMALL
    return False


def _evaluate(onnx: Any, model: onnx.ModelProto, node: onnx.NodeProto, values: Mapping[str, Any]) -> Any:
    """The value of one node by ONNX's reference implementation, None if it cannot tell."""
    from onnx.reference import ReferenceEvaluator

    names = [name for name in node.input if name]
    inputs = [
        onnx.helper.make_tensor_value_info(name, onnx.helper.np_dtype_to_tensor_dtype(values[name].dtype), None)
        for name in dict.fromkeys(names)
    ]
    graph = onnx.helper.make_graph([node], "fold", inputs, [onnx.ValueInfoProto(name=node.output[0])])
    single = onnx.helper.make_model(graph, opset_imports=model.opset_import)
    try:
        (value,) = ReferenceEvaluator(single).run(None, {name: values[name] for name in names})
    except Exception:  # whatever the reference implementation cannot do stays unknown and is reported as such
        return None
    import numpy

    return numpy.asarray(value)


def _split(
    model: onnx.ModelProto, weights: set[str], values: Mapping[str, Any]
) -> tuple[frozenset[str], tuple[onnx.NodeProto, ...], dict[str, int]]:
    """Constants, the nodes that do work at run time, and the number of the others by operator."""
    constants = weights | set(values)
    nodes: list[onnx.NodeProto] = []
    folded: dict[str, int] = {}
    for node in model.graph.node:
        used = [name for name in node.input if name]
        static = node.op_type in ("Shape", "Size") or all(name in constants for name in used)
        if static and node.op_type not in RANDOM:
            constants |= {name for name in node.output if name}
            if node.op_type != "Constant":
                folded[node.op_type] = folded.get(node.op_type, 0) + 1
        else:
            nodes.append(node)
    return frozenset(constants), tuple(nodes), folded


def _require_shapes(node: onnx.NodeProto, shapes: Mapping[str, Shape], constants: frozenset[str]) -> None:
    for name in (*node.input, *node.output):
        if name and name not in shapes:
            if node.domain not in STANDARD_DOMAINS:
                advice = "export the model with standard ONNX operators only"
            else:
                advice = "a shape that depends on data cannot be evaluated; export the model with fixed shapes"
            raise UnsupportedError(f"{describe(node)}: the shape of '{name}' is not known", hint=advice)
        if name and name not in constants and 0 in shapes[name]:
            raise UnsupportedError(f"{describe(node)}: tensor '{name}' is empty, its shape is {list(shapes[name])}")
