"""What each ONNX operator becomes: einsums, vector work, or nothing when no data moves."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from assay.errors import UnsupportedError
from assay.workload import vector
from assay.workload.network import Layer, VectorWork
from assay.workload.onnx_shapes import Graph, Shape, describe
from assay.workload.windows import AutoPadding, Padding, Window, make_window

if TYPE_CHECKING:
    import onnx


@dataclass(frozen=True, slots=True)
class Node:
    """One operator of a model, with everything that its layers depend on."""

    proto: onnx.NodeProto
    name: str
    graph: Graph
    attributes: Mapping[str, Any]
    bits: int

    @property
    def op(self) -> str:
        return self.proto.op_type

    def has(self, index: int) -> bool:
        """Whether the optional input is there."""
        return index < len(self.proto.input) and bool(self.proto.input[index])

    def input(self, index: int) -> Shape:
        """Shape of an input. Raises UnsupportedError if it is missing."""
        if not self.has(index):
            raise self.error(f"input {index} is missing")
        return self.graph.shapes[self.proto.input[index]]

    def stored(self, index: int) -> bool:
        """Whether an input is a constant of the network."""
        return self.proto.input[index] in self.graph.constants

    @property
    def output(self) -> Shape:
        return self.graph.shapes[self.proto.output[0]]

    @property
    def activations(self) -> tuple[int, ...]:
        """Words of each computed input."""
        names = (name for name in self.proto.input if name and name not in self.graph.constants)
        return tuple(math.prod(self.graph.shapes[name]) for name in names)

    @property
    def constant_words(self) -> int:
        names = {name for name in self.proto.input if name in self.graph.constants and name in self.graph.shapes}
        return sum(math.prod(self.graph.shapes[name]) for name in names)

    @property
    def output_words(self) -> int:
        return sum(math.prod(self.graph.shapes[name]) for name in self.proto.output if name)

    def number(self, key: str, default: int) -> int:
        return int(self.attributes.get(key, default))

    def numbers(self, key: str, default: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(int(value) for value in self.attributes.get(key, ())) or default

    def text(self, key: str, default: str) -> str:
        value = self.attributes.get(key, default)
        return value.decode() if isinstance(value, bytes) else str(value)

    def error(self, message: str) -> UnsupportedError:
        return UnsupportedError(f"{describe(self.proto)}: {message}")


Handler = Callable[[Node], tuple[Layer, ...]]


def paddings(node: Node, axes: int) -> tuple[Padding, ...]:
    """`pads` (all starts, then all ends) or `auto_pad`, per axis."""
    rule = node.text("auto_pad", "NOTSET")
    if rule in ("SAME_UPPER", "SAME_LOWER", "VALID"):
        chosen = {"SAME_UPPER": AutoPadding.SAME, "SAME_LOWER": AutoPadding.SAME_LOWER, "VALID": AutoPadding.VALID}[
            rule
        ]
        return (chosen,) * axes
    pads = node.numbers("pads", (0,) * (2 * axes))
    return tuple((pads[axis], pads[axis + axes]) for axis in range(axes))


def windows(node: Node, sizes: Shape, kernel: Shape) -> tuple[Window, ...]:
    """The window of a convolution or pooling along every spatial axis."""
    axes = len(sizes)
    strides, dilations = node.numbers("strides", (1,) * axes), node.numbers("dilations", (1,) * axes)
    return tuple(
        make_window(
            size, taps, stride=stride, dilation=dilation, padding=padding, ceil=node.number("ceil_mode", 0) == 1
        )
        for size, taps, stride, dilation, padding in zip(
            sizes, kernel, strides, dilations, paddings(node, axes), strict=True
        )
    )


def work(node: Node, op: str, vector_work: VectorWork) -> tuple[Layer, ...]:
    return (Layer(node.name, op, vector=vector_work),)


def nothing(node: Node) -> tuple[Layer, ...]:
    """No data moves: another view of the same words, or words that their producers write in place."""
    return ()


def _unary(function: str) -> Handler:
    def handle(node: Node) -> tuple[Layer, ...]:
        return work(node, function, vector.unary(function, math.prod(node.output), bits=node.bits))

    return handle


def _elementwise(function: str) -> Handler:
    def handle(node: Node) -> tuple[Layer, ...]:
        result = vector.elementwise(
            math.prod(node.output), node.activations, bits=node.bits, constant_words=node.constant_words
        )
        return work(node, function, result)

    return handle


def _pool(average: bool) -> Handler:
    def handle(node: Node) -> tuple[Layer, ...]:
        batch, channels, *sizes = node.input(0)
        spans = windows(node, tuple(sizes), node.numbers("kernel_shape", ()))
        result = vector.pool(batch * channels, spans, average=average, bits=node.bits)
        return work(node, "avg_pool" if average else "max_pool", result)

    return handle


def _reduction(op: str, average: bool = False) -> Handler:
    def handle(node: Node) -> tuple[Layer, ...]:
        words = vector.reduction(math.prod(node.input(0)), math.prod(node.output), average=average, bits=node.bits)
        return work(node, op, words)

    return handle


def _softmax(node: Node) -> tuple[Layer, ...]:
    shape = node.input(0)
    words = math.prod(shape)
    # Before operator set 13 all axes from the given one on are one row.
    row = shape[node.number("axis", 1) :] if node.graph.opset < 13 else (shape[node.number("axis", -1)],)
    length = math.prod(row)
    return work(node, "softmax", vector.softmax(words // length, length, bits=node.bits))


def _layer_norm(node: Node) -> tuple[Layer, ...]:
    shape = node.input(0)
    axis = node.number("axis", -1) % len(shape)
    length = math.prod(shape[axis:])
    rows = math.prod(shape[:axis])
    return work(node, "layer_norm", vector.layer_norm(rows, length, constant_words=node.constant_words, bits=node.bits))


def _group_norm(node: Node) -> tuple[Layer, ...]:
    batch, channels, *_ = shape = node.input(0)
    rows = batch * node.number("num_groups", channels)
    length = math.prod(shape) // rows
    result = vector.layer_norm(rows, length, constant_words=node.constant_words, bits=node.bits)
    return work(node, "group_norm", result)


def _batch_norm(node: Node) -> tuple[Layer, ...]:
    batch, channels, *sizes = node.input(0)
    result = vector.batch_norm(channels, batch * math.prod(sizes), bits=node.bits)
    return work(node, "batch_norm", result)


def _lrn(node: Node) -> tuple[Layer, ...]:
    words = math.prod(node.input(0))
    return work(node, "lrn", vector.local_response_norm(words, node.number("size", 5), bits=node.bits))


def _gather(node: Node) -> tuple[Layer, ...]:
    op = "embedding" if node.stored(0) else "gather"
    return work(node, op, vector.gather(math.prod(node.output), bits=node.bits))


def _move(op: str) -> Handler:
    def handle(node: Node) -> tuple[Layer, ...]:
        return work(node, op, vector.move(sum(node.activations), node.output_words, bits=node.bits))

    return handle


def _resize(node: Node) -> tuple[Layer, ...]:
    if node.text("mode", "nearest") != "nearest":
        return unknown(node)
    return work(node, "resize", vector.move(math.prod(node.input(0)), math.prod(node.output), bits=node.bits))


def unknown(node: Node) -> tuple[Layer, ...]:
    """An operator whose words are known but whose operations are not modelled."""
    read = sum(node.activations) + node.constant_words
    result = VectorWork(None, read, node.output_words, node.bits, node.constant_words)
    return work(node, node.op.lower(), result)


FREE = ["Concat", "Dropout", "Expand", "Flatten", "Identity", "Reshape", "Slice", "Split", "Squeeze", "Unsqueeze"]

UNARY: Mapping[str, str] = MappingProxyType(
    {
        "Relu": "relu",
        "Clip": "clip",
        "LeakyRelu": "leaky_relu",
        "Elu": "elu",
        "Selu": "elu",
        "Celu": "elu",
        "Sigmoid": "sigmoid",
        "HardSigmoid": "hard_sigmoid",
        "Tanh": "tanh",
        "Swish": "swish",
        "HardSwish": "hard_swish",
        "Mish": "mish",
        "Softplus": "softplus",
        "Gelu": "gelu",
        "Exp": "exp",
        "Log": "log",
        "Sqrt": "sqrt",
        "Reciprocal": "reciprocal",
        "Erf": "erf",
        "Abs": "abs",
        "Neg": "neg",
        "Round": "round",
        "Floor": "round",
        "Ceil": "round",
        "Sin": "sin",
        "Cos": "cos",
        "Not": "not",
        "Sign": "sign",
        "Cast": "cast",
        "CastLike": "cast",
        "QuantizeLinear": "quantize",
        "DequantizeLinear": "dequantize",
    }
)

ELEMENTWISE: Mapping[str, str] = MappingProxyType(
    {
        **{name: name.lower() for name in ("Add", "Sub", "Mul", "Div", "Pow", "Min", "Max", "Mod")},
        "Sum": "add",
        "Mean": "add",
        "PRelu": "prelu",
        **dict.fromkeys(("Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual"), "compare"),
        **dict.fromkeys(("And", "Or", "Xor"), "logic"),
        "Where": "select",
    }
)

VECTOR: Mapping[str, Handler] = MappingProxyType(
    {
        **dict.fromkeys(FREE, nothing),
        **{name: _unary(function) for name, function in UNARY.items()},
        **{name: _elementwise(function) for name, function in ELEMENTWISE.items()},
        "MaxPool": _pool(average=False),
        "AveragePool": _pool(average=True),
        "GlobalMaxPool": _reduction("global_pool"),
        "GlobalAveragePool": _reduction("global_pool", average=True),
        "ReduceMean": _reduction("reduce", average=True),
        **{
            name: _reduction("reduce")
            for name in ("ReduceSum", "ReduceMax", "ReduceMin", "ReduceProd", "ArgMax", "ArgMin")
        },
        "Softmax": _softmax,
        "LogSoftmax": _softmax,
        "LayerNormalization": _layer_norm,
        "GroupNormalization": _group_norm,
        "InstanceNormalization": _group_norm,
        "BatchNormalization": _batch_norm,
        "LRN": _lrn,
        "Gather": _gather,
        **{
            name: _move(name.lower())
            for name in ("Transpose", "Pad", "Tile", "DepthToSpace", "SpaceToDepth", "GatherElements", "GatherND")
        },
        "Resize": _resize,
        "Upsample": _resize,
    }
)
"""Operators without multiply-accumulates."""
