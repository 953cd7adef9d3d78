"""ONNX operators with multiply-accumulates as einsums."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType

from assay.workload import forms, vector
from assay.workload.einsum import TensorKind, matmul
from assay.workload.network import Layer
from assay.workload.onnx_ops import Handler, Node, paddings, windows
from assay.workload.onnx_shapes import Shape
from assay.workload.windows import TransposedWindow, same_padding

REFUSED = frozenset(
    [
        "LSTM",
        "GRU",
        "RNN",
        "DeformConv",
        "MatMulNBits",
        "QAttention",
        "FusedMatMul",
        "FusedGemm",
        "FusedConv",
        "GroupQueryAttention",
        "MultiHeadAttention",
        "DFT",
        "STFT",
        "Det",
        "RoiAlign",
        "LinearAttention",
    ]
)
"""Operators with multiply-accumulates that no einsum here represents; leaving them out would falsify totals."""


def _flat(node: Node, shape: Shape) -> tuple[int, int]:
    """(height, width) of one or two spatial axes; a single axis is a row."""
    if len(shape) == 1:
        return 1, shape[0]
    if len(shape) != 2:
        raise node.error(f"convolutions over {len(shape)} axes are not supported, only over one or two")
    return shape[0], shape[1]


def _conv(filter_input: int) -> Handler:
    def handle(node: Node) -> tuple[Layer, ...]:
        batch, channels, *sizes = node.input(0)
        out, _, *kernel = node.input(filter_input)
        _flat(node, tuple(sizes))
        spans = windows(node, tuple(sizes), tuple(kernel))
        if tuple(span.output for span in spans) != node.output[2:]:
            raise node.error(f"its output is {list(node.output)}, which its padding and stride do not give")
        if len(spans) == 1:
            spans = (type(spans[0])(1), spans[0])
        layer = forms.conv(
            node.name,
            channels=channels,
            out=out,
            height=spans[0],
            width=spans[1],
            groups=node.number("group", 1),
            batch=batch,
            bits=node.bits,
            filter_kind=TensorKind.WEIGHT if node.stored(filter_input) else TensorKind.ACTIVATION,
        )
        return (layer,)

    return handle


def _conv_transpose(node: Node) -> tuple[Layer, ...]:
    batch, channels, *sizes = node.input(0)
    _, out, *kernel = node.input(1)
    groups, axes = node.number("group", 1), len(sizes)
    if not node.stored(1):
        raise node.error("its filter is computed by the network, which is not supported")
    strides, dilations = node.numbers("strides", (1,) * axes), node.numbers("dilations", (1,) * axes)
    extra = node.numbers("output_padding", (0,) * axes)
    spans = [
        TransposedWindow(size, kernel[axis], strides[axis], dilations[axis], *cut, extra=extra[axis])
        for axis, (size, cut) in enumerate(zip(sizes, _cuts(node, tuple(sizes), tuple(kernel)), strict=True))
    ]
    if tuple(span.output for span in spans) != node.output[2:]:
        raise node.error(f"its output is {list(node.output)}, which its padding and stride do not give")
    _flat(node, tuple(sizes))
    height = spans[0] if axes == 2 else TransposedWindow(1)
    return forms.transposed_conv(
        node.name,
        channels=channels,
        out=out * groups,
        height=height,
        width=spans[-1],
        groups=groups,
        batch=batch,
        bits=node.bits,
    )


def _cuts(node: Node, sizes: Shape, kernel: Shape) -> tuple[tuple[int, int], ...]:
    """Outputs cut off at both ends: `pads`, or what `output_shape` or `auto_pad` asks for."""
    axes = len(sizes)
    strides, dilations = node.numbers("strides", (1,) * axes), node.numbers("dilations", (1,) * axes)
    extra = node.numbers("output_padding", (0,) * axes)
    rule = node.text("auto_pad", "NOTSET")
    wanted = node.numbers("output_shape", ())[-axes:] if "output_shape" in node.attributes else ()
    if rule.startswith("SAME") and not wanted:
        wanted = tuple(size * stride for size, stride in zip(sizes, strides, strict=True))
    if not wanted:
        return tuple(
            pad if isinstance(pad, tuple) else same_padding(size, taps, stride, dilation, pad)
            for pad, size, taps, stride, dilation in zip(
                paddings(node, axes), sizes, kernel, strides, dilations, strict=True
            )
        )
    cuts = []
    for axis in range(axes):
        full = (sizes[axis] - 1) * strides[axis] + dilations[axis] * (kernel[axis] - 1) + 1 + extra[axis]
        total = max(0, full - wanted[axis])
        small, large = total // 2, total - total // 2
        cuts.append((small, large) if rule == "SAME_UPPER" else (large, small))
    return tuple(cuts)


def _gemm(node: Node) -> tuple[Layer, ...]:
    left, right = node.input(0), node.input(1)
    rows, inner = left[::-1] if node.number("transA", 0) else left
    columns = right[0] if node.number("transB", 0) else right[1]
    return _product(node, (rows, inner), (inner, columns), node.stored(0), node.stored(1))


def _matmul(left_input: int, right_input: int) -> Handler:
    def handle(node: Node) -> tuple[Layer, ...]:
        left, right = node.input(left_input), node.input(right_input)
        left = (1, *left) if len(left) == 1 else left
        right = (*right, 1) if len(right) == 1 else right
        return _product(node, left, right, node.stored(left_input), node.stored(right_input))

    return handle


def _product(node: Node, left: Shape, right: Shape, left_stored: bool, right_stored: bool) -> tuple[Layer, ...]:
    """A (broadcast) matrix product. Axes that only one operand has become rows or columns; shared ones become G."""
    if left_stored and not right_stored:  # a weight on the left is the transposed product with the weight on the right
        left, right = (*right[:-2], right[-1], right[-2]), (*left[:-2], left[-1], left[-2])
        right_stored = True
    depth = max(len(left), len(right)) - 2
    outer_left = (1,) * (depth - len(left) + 2) + left[:-2]
    outer_right = (1,) * (depth - len(right) + 2) + right[:-2]
    groups = rows = columns = 1
    for a, b in zip(outer_left, outer_right, strict=True):
        if a == b:
            groups *= a
        elif b == 1:
            rows *= a
        else:
            columns *= b
    return (_einsum_layer(node, groups, rows * left[-2], left[-1], columns * right[-1], right_stored),)


def _einsum_layer(node: Node, groups: int, rows: int, inner: int, columns: int, weights: bool) -> Layer:
    if weights and groups == 1:
        return forms.fully_connected(node.name, rows=rows, inputs=inner, outputs=columns, bits=node.bits)
    if weights:
        return Layer(node.name, "matmul", matmul(g=groups, n=rows, m=columns, c=inner, bits=node.bits))
    return forms.batched_matmul(node.name, products=groups, rows=rows, inner=inner, columns=columns, bits=node.bits)


def _einsum(node: Node) -> tuple[Layer, ...]:
    """Einsum of two operands that is a matrix product: letters of both, of the left, of the right, and summed ones."""
    equation = node.text("equation", "").replace(" ", "")
    operands, arrow, output = equation.partition("->")
    terms = operands.split(",")
    if len(terms) != 2 or not arrow or "." in equation or any(len(set(t)) != len(t) for t in (*terms, output)):
        raise node.error(f"the equation '{equation}' is not a product of two operands that is supported")
    (first, second), stored = terms, (node.stored(0), node.stored(1))
    sizes = dict(zip(first, node.input(0), strict=True)) | dict(zip(second, node.input(1), strict=True))
    if stored[0] and not stored[1]:
        first, second = second, first
    lone = set(first) ^ set(second)
    if lone - set(output):
        raise node.error(f"the equation '{equation}' sums over an axis of one operand only, which is not supported")
    shared = set(first) & set(second)

    def size(letters: set[str]) -> int:
        return math.prod(sizes[letter] for letter in letters)

    groups, inner = size(shared & set(output)), size(shared - set(output))
    rows, columns = size(set(first) - shared), size(set(second) - shared)
    return (_einsum_layer(node, groups, rows, inner, columns, any(stored)),)


def _attention(node: Node) -> tuple[Layer, ...]:
    """Attention of operator set 23: scores, softmax, context. Query heads that share a key head become rows."""
    query, key, value = (_heads(node, index) for index in range(3))
    batch, heads, queries, size = query
    _, groups, keys, _ = key
    if node.has(4):  # past keys
        keys += node.input(4)[2]
    rows = queries * heads // groups
    common = {"products": batch * groups, "rows": rows, "bits": node.bits}
    scores = forms.batched_matmul(f"{node.name}.scores", inner=size, columns=keys, op="scores", **common)
    context = forms.batched_matmul(f"{node.name}.context", inner=keys, columns=value[3], op="context", **common)
    weights = vector.softmax(batch * heads * queries, keys, bits=node.bits)
    return (scores, Layer(f"{node.name}.softmax", "softmax", vector=weights), context)


def _heads(node: Node, index: int) -> tuple[int, int, int, int]:
    """(batch, heads, tokens, size of a head) of query, key or value, which may come with the heads side by side."""
    shape = node.input(index)
    if len(shape) == 4:
        return shape[0], shape[1], shape[2], shape[3]
    heads = node.number("q_num_heads" if index == 0 else "kv_num_heads", 1)
    return shape[0], heads, shape[1], shape[2] // heads


MACS: Mapping[str, Handler] = MappingProxyType(
    {
        "Conv": _conv(1),
        "ConvInteger": _conv(1),
        "QLinearConv": _conv(3),
        "ConvTranspose": _conv_transpose,
        "Gemm": _gemm,
        "MatMul": _matmul(0, 1),
        "MatMulInteger": _matmul(0, 1),
        "QLinearMatMul": _matmul(0, 3),
        "Einsum": _einsum,
        "Attention": _attention,
    }
)
"""Operators with multiply-accumulates."""
