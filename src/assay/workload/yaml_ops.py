"""The operations that a network file can name, each with its options."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from assay.workload import forms, vector
from assay.workload.network import Layer, VectorWork
from assay.workload.windows import TransposedWindow, Window, make_window
from assay.workload.yaml_step import DENSITY, Built, LayerStep, Shape, read_shape, shown


@dataclass(frozen=True, slots=True)
class Operation:
    """How a layer of this kind is built.

    Attributes:
        build: from the options and the shapes that flow in.
        required, optional: its keys, beyond `name`, `op`, `from`, `then` and `when`.
        inputs: how many inputs it takes; 0 means two or more.
    """

    build: Callable[[LayerStep], Built]
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    inputs: int = 1


def _windows(step: LayerStep, default_stride: tuple[int, int] = (1, 1)) -> tuple[Window, Window]:
    _, height, width = step.feature_map
    kernel = step.pair("kernel")
    stride, dilation = step.pair("stride", default_stride), step.pair("dilation", (1, 1))
    padding, ceil = step.padding(), step.boolean("ceil")
    rows, columns = (
        make_window(size, kernel[axis], stride=stride[axis], dilation=dilation[axis], padding=padding[axis], ceil=ceil)
        for axis, size in enumerate((height, width))
    )
    return rows, columns


def _conv(step: LayerStep) -> Built:
    return _convolved(step, step.integer("out"), step.integer("groups", 1))


def _depthwise(step: LayerStep) -> Built:
    channels = step.feature_map[0]
    return _convolved(step, channels * step.integer("multiplier", 1), channels)


def _convolved(step: LayerStep, out: int, groups: int) -> Built:
    height, width = _windows(step)
    channels = step.feature_map[0]
    layer = forms.conv(step.name, channels=channels, out=out, height=height, width=width, groups=groups, bits=step.bits)
    return Built((layer,), (out, height.output, width.output))


def _transposed_conv(step: LayerStep) -> Built:
    channels, *sizes = step.feature_map
    out, padding = step.integer("out"), step.padding()
    kernel, stride = step.pair("kernel"), step.pair("stride", (1, 1))
    dilation, extra = step.pair("dilation", (1, 1)), step.pair("output_padding", (0, 0), minimum=0)
    axes = []
    for axis, size in enumerate(sizes):
        ends = padding[axis]
        if isinstance(ends, str):
            raise step.error("padding must be numbers in a transposed convolution", "write padding: 1")
        axes.append(TransposedWindow(size, kernel[axis], stride[axis], dilation[axis], *ends, extra=extra[axis]))
    layers = forms.transposed_conv(
        step.name,
        channels=channels,
        out=out,
        height=axes[0],
        width=axes[1],
        groups=step.integer("groups", 1),
        bits=step.bits,
    )
    return Built(layers, (out, axes[0].output, axes[1].output))


def _fc(step: LayerStep) -> Built:
    shape, out = step.shape, step.integer("out")
    rows, inputs = shape if len(shape) == 2 else (1, math.prod(shape))
    layer = forms.fully_connected(step.name, rows=rows, inputs=inputs, outputs=out, bits=step.bits)
    return Built((layer,), (rows, out) if len(shape) == 2 else (out,))


def _matmul(step: LayerStep) -> Built:
    left, right = step.shapes
    if len(left) != len(right) or len(left) < 2 or left[:-2] != right[:-2] or left[-1] != right[-2]:
        raise step.error(f"cannot multiply {shown(left)} by {shown(right)}")
    layer = forms.batched_matmul(
        step.name, products=math.prod(left[:-2]), rows=left[-2], inner=left[-1], columns=right[-1], bits=step.bits
    )
    return Built((layer,), (*left[:-1], right[-1]))


def _scores(step: LayerStep) -> Built:
    query, key = step.shapes
    heads = step.integer("heads")
    if len(query) != 2 or len(key) != 2 or query[1] != key[1]:
        raise step.error(
            f"needs queries and keys [tokens, features] of equal features, not {shown(query)} and {shown(key)}"
        )
    if query[1] % heads:
        raise step.error(f"{query[1]} features cannot be divided into {heads} heads")
    size = query[1] // heads
    layer = forms.attention_scores(step.name, heads=heads, queries=query[0], keys=key[0], size=size, bits=step.bits)
    return Built((layer,), (heads, query[0], key[0]))


def _context(step: LayerStep) -> Built:
    scores, value = step.shapes
    if len(scores) != 3 or len(value) != 2 or scores[2] != value[0] or value[1] % scores[0]:
        raise step.error(
            f"needs scores [heads, queries, keys] and values [keys, features], not {shown(scores)} and {shown(value)}"
        )
    heads, queries, keys = scores
    size = value[1] // heads
    layer = forms.attention_context(step.name, heads=heads, queries=queries, keys=keys, size=size, bits=step.bits)
    return Built((layer,), (queries, value[1]))


def _work(step: LayerStep, op: str, work: VectorWork, shape: Shape) -> Built:
    return Built((Layer(step.name, op, vector=work),), shape)


def _pool(average: bool) -> Callable[[LayerStep], Built]:
    def build(step: LayerStep) -> Built:
        height, width = _windows(step, default_stride=step.pair("kernel"))
        channels = step.feature_map[0]
        work = vector.pool(channels, (height, width), average=average, bits=step.bits)
        return _work(step, "avg_pool" if average else "max_pool", work, (channels, height.output, width.output))

    return build


def _global_pool(step: LayerStep) -> Built:
    channels, height, width = step.feature_map
    work = vector.reduction(channels * height * width, channels, average=True, bits=step.bits)
    return _work(step, "global_pool", work, (channels,))


def _unary(function: str) -> Callable[[LayerStep], Built]:
    def build(step: LayerStep) -> Built:
        work = vector.unary(function, math.prod(step.shape), bits=step.bits)
        return _work(step, function, work, step.shape)

    return build


def _softmax(step: LayerStep) -> Built:
    *rows, length = step.shape
    return _work(step, "softmax", vector.softmax(math.prod(rows), length, bits=step.bits), step.shape)


def _layer_norm(step: LayerStep) -> Built:
    *rows, length = step.shape
    return _work(step, "layer_norm", vector.layer_norm(math.prod(rows), length, bits=step.bits), step.shape)


def _batch_norm(step: LayerStep) -> Built:
    channels, *rest = step.shape
    return _work(step, "batch_norm", vector.batch_norm(channels, math.prod(rest), bits=step.bits), step.shape)


def _lrn(step: LayerStep) -> Built:
    work = vector.local_response_norm(math.prod(step.shape), step.integer("size", 5), bits=step.bits)
    return _work(step, "lrn", work, step.shape)


def _elementwise(function: str) -> Callable[[LayerStep], Built]:
    def build(step: LayerStep) -> Built:
        result = max(step.shapes, key=len)
        for shape in step.shapes:
            # One value per channel, such as the gate of squeeze-and-excitation, is spread over the feature map.
            per_channel = len(shape) == 1 and len(result) == 3 and shape[0] == result[0]
            if shape != result and not per_channel:
                raise step.error(f"its inputs differ in shape: {' and '.join(map(shown, step.shapes))}")
        words = tuple(math.prod(shape) for shape in step.shapes)
        return _work(step, function, vector.elementwise(math.prod(result), words, bits=step.bits), result)

    return build


def _concat(step: LayerStep) -> Built:
    first = step.shapes[0]
    for shape in step.shapes:
        if len(shape) != len(first) or shape[1:] != first[1:]:
            raise step.error(f"its inputs differ beyond the first axis: {' and '.join(map(shown, step.shapes))}")
    return Built((), (sum(shape[0] for shape in step.shapes), *first[1:]))


def _reshape(step: LayerStep) -> Built:
    shape = read_shape(step.fields["shape"], step.scope)
    if math.prod(shape) != math.prod(step.shape):
        raise step.fields["shape"].error(
            f"shape: {shown(step.shape)} cannot become {shown(shape)}; the words differ in number"
        )
    return Built((), shape)


def _flatten(step: LayerStep) -> Built:
    return Built((), (math.prod(step.shape),))


def _transpose(step: LayerStep) -> Built:
    order = [step.scope.integer(item, 0) for item in step.fields["order"].items()]
    if sorted(order) != list(range(len(step.shape))):
        raise step.fields["order"].error(f"order: {order} is not an order of the axes of {shown(step.shape)}")
    work = vector.move(math.prod(step.shape), bits=step.bits)
    return _work(step, "transpose", work, tuple(step.shape[axis] for axis in order))


def _take(step: LayerStep) -> Built:
    shape = step.shape
    kept = (step.integer("rows", shape[0]), *shape[1:])
    kept = (*kept[:-1], step.integer("features", kept[-1]))
    if any(part > whole for part, whole in zip(kept, shape, strict=True)):
        raise step.error(f"cannot take {shown(kept)} out of {shown(shape)}")
    return Built((), kept)


def _identity(step: LayerStep) -> Built:
    return Built((), step.shape)


def _embedding(step: LayerStep) -> Built:
    if len(step.shape) != 1:
        raise step.error(f"needs a list of tokens [tokens], but its input is {shown(step.shape)}")
    step.integer("vocabulary")
    shape = (step.shape[0], step.integer("out"))
    return _work(step, "embedding", vector.gather(math.prod(shape), bits=step.bits), shape)


def _cache(step: LayerStep) -> Built:
    *_, (rows, *rest) = step.shapes
    length = step.integer("length")
    if length < rows:
        raise step.error(f"a cache of {length} rows cannot hold the {rows} that are added")
    return _work(step, "cache", vector.move(rows * math.prod(rest), bits=step.bits), (length, *rest))


_WINDOW = ("stride", "padding", "dilation")

OPERATIONS: Mapping[str, Operation] = MappingProxyType(
    {
        "conv": Operation(_conv, ("out", "kernel"), (*_WINDOW, "groups", DENSITY)),
        "depthwise": Operation(_depthwise, ("kernel",), (*_WINDOW, "multiplier", DENSITY)),
        "transposed_conv": Operation(
            _transposed_conv, ("out", "kernel"), (*_WINDOW, "output_padding", "groups", DENSITY)
        ),
        "fc": Operation(_fc, ("out",), (DENSITY,)),
        "matmul": Operation(_matmul, optional=(DENSITY,), inputs=2),
        "scores": Operation(_scores, ("heads",), (DENSITY,), inputs=2),
        "context": Operation(_context, optional=(DENSITY,), inputs=2),
        "max_pool": Operation(_pool(average=False), ("kernel",), (*_WINDOW, "ceil")),
        "avg_pool": Operation(_pool(average=True), ("kernel",), (*_WINDOW, "ceil")),
        "global_pool": Operation(_global_pool),
        "softmax": Operation(_softmax),
        "layer_norm": Operation(_layer_norm),
        "batch_norm": Operation(_batch_norm),
        "lrn": Operation(_lrn, optional=("size",)),
        "concat": Operation(_concat, inputs=0),
        "reshape": Operation(_reshape, ("shape",)),
        "flatten": Operation(_flatten),
        "transpose": Operation(_transpose, ("order",)),
        "take": Operation(_take, optional=("rows", "features")),
        "identity": Operation(_identity),
        "embedding": Operation(_embedding, ("vocabulary", "out")),
        "cache": Operation(_cache, ("length",)),
        **{name: Operation(_elementwise(name), inputs=0) for name in ("add", "sub", "mul", "div", "min", "max")},
        **{name: Operation(_unary(name)) for name in vector.UNARY_OPERATIONS},
    }
)
"""Every operation by the name it has in a file."""

FOLLOWERS = tuple(name for name, op in OPERATIONS.items() if op.inputs == 1 and not op.required)
"""Operations that `then` may name: one input and no option that must be given."""
