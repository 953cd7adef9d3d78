"""Layers with multiply-accumulates as einsums.

Feature maps are (channels, height, width), without the batch. Padding taps count as multiply-accumulates: a window at
the border is as much work as any other. Biases are not counted, neither as weights nor as operations.
"""

from __future__ import annotations

from assay.errors import InputError
from assay.workload.einsum import Einsum, TensorKind, convolution, matmul
from assay.workload.network import Layer
from assay.workload.windows import Phase, TransposedWindow, Window


def conv(
    name: str,
    *,
    channels: int,
    out: int,
    height: Window,
    width: Window,
    groups: int = 1,
    batch: int = 1,
    bits: int = 16,
    filter_kind: TensorKind = TensorKind.WEIGHT,
) -> Layer:
    """A convolution of `channels` planes to `out` planes.

    Args:
        channels, out: input and output channels of all groups together.
        height, width: the window along each axis; see `make_window` for padding rules.
        groups: independent groups of channels; equal to `channels` for a depthwise layer.
        filter_kind: ACTIVATION when the filter is computed by the network itself.

    Raises:
        InputError: if the channels cannot be divided into the groups.
    """
    check_groups(channels, out, groups)
    einsum = convolution(
        n=batch,
        g=groups,
        m=out // groups,
        c=channels // groups,
        p=height.output,
        q=width.output,
        r=height.kernel,
        s=width.kernel,
        stride=(height.stride, width.stride),
        dilation=(height.dilation, width.dilation),
        padding=(height.touched_padding, width.touched_padding),
        bits=bits,
        filter_kind=filter_kind,
    )
    return Layer(name, "depthwise" if groups == channels > 1 else "conv", einsum)


def transposed_conv(
    name: str,
    *,
    channels: int,
    out: int,
    height: TransposedWindow,
    width: TransposedWindow,
    groups: int = 1,
    batch: int = 1,
    bits: int = 16,
) -> tuple[Layer, ...]:
    """A transposed convolution as one ordinary convolution of stride 1 per stride phase, named `name[i,j]`.

    Outputs whose (padded) address has the same remainder by the stride see the same taps and consecutive inputs. No
    zero between inputs is ever multiplied. Counted are the pairs (output, tap) of matching remainder, taps beyond the
    border of the input included, exactly as an ordinary convolution counts its padding taps. Phases that no tap reaches
    do no work; each tap is in one phase, so the weights of the phases add up to those of the layer. A stride of 1 gives
    one layer named `name`.

    Raises:
        InputError: if the channels cannot be divided into the groups.
    """
    check_groups(channels, out, groups)

    def layer(row: Phase, column: Phase) -> Layer:
        einsum = convolution(
            n=batch,
            g=groups,
            m=out // groups,
            c=channels // groups,
            p=row.output,
            q=column.output,
            r=row.kernel,
            s=column.kernel,
            dilation=(row.dilation, column.dilation),
            padding=(row.padding, column.padding),
            bits=bits,
        )
        single = height.stride == width.stride == 1
        return Layer(name if single else f"{name}[{row.index},{column.index}]", "transposed_conv", einsum)

    return tuple(layer(row, column) for row in height.phases for column in width.phases)


def fully_connected(name: str, *, rows: int, inputs: int, outputs: int, bits: int = 16) -> Layer:
    """`rows` vectors of `inputs` words, each multiplied by the same inputs × outputs matrix of weights.

    The rows are the inputs of the batch, or all tokens of all inputs of the batch.
    """
    return Layer(name, "fc", matmul(n=rows, m=outputs, c=inputs, bits=bits))


def batched_matmul(
    name: str, *, products: int, rows: int, inner: int, columns: int, op: str = "matmul", bits: int = 16
) -> Layer:
    """`products` independent products of a rows × inner by an inner × columns matrix, both computed by the network."""
    einsum = matmul(g=products, n=rows, m=columns, c=inner, bits=bits, right_kind=TensorKind.ACTIVATION)
    return Layer(name, op, einsum, batch_dim="G")


def attention_scores(
    name: str, *, heads: int, queries: int, keys: int, size: int, batch: int = 1, bits: int = 16
) -> Layer:
    """Attention's first product, queries × keys: G = heads · batch, N = queries, M = keys, C = size of a head.

    The full matrix is counted, also where a causal mask discards half of it.
    """
    return batched_matmul(name, products=heads * batch, rows=queries, inner=size, columns=keys, op="scores", bits=bits)


def attention_context(
    name: str, *, heads: int, queries: int, keys: int, size: int, batch: int = 1, bits: int = 16
) -> Layer:
    """Attention's second product, scores × values: G = heads · batch, N = queries, M = size of a head, C = keys."""
    return batched_matmul(name, products=heads * batch, rows=queries, inner=keys, columns=size, op="context", bits=bits)


def check_groups(channels: int, out: int, groups: int) -> None:
    """Raises InputError unless both numbers of channels divide by the groups."""
    if groups < 1:
        raise InputError(f"groups is {groups}; it must be at least 1")
    for what, count in (("input", channels), ("output", out)):
        if count < 1:
            raise InputError(f"{what} channels are {count}; there must be at least 1")
        if count % groups:
            raise InputError(f"{count} {what} channels cannot be divided into {groups} groups")


def same_einsum(layers: tuple[Layer, ...]) -> dict[Einsum, tuple[str, ...]]:
    """The layers' names by einsum: what has to be evaluated once. Layers without an einsum are left out."""
    found: dict[Einsum, tuple[str, ...]] = {}
    for layer in layers:
        if layer.einsum is not None:
            found[layer.einsum] = (*found.get(layer.einsum, ()), layer.name)
    return found
