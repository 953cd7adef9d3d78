"""Layer forms against counting one by one."""

from __future__ import annotations

import itertools
from collections import Counter

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from assay.errors import InputError
from assay.workload import forms
from assay.workload.einsum import TensorKind
from assay.workload.network import Layer, Network
from assay.workload.windows import AutoPadding, TransposedWindow, Window, make_window

small = st.integers(1, 9)
steps = st.integers(1, 4)
pads = st.integers(0, 4)


def layer_words(layer: Layer, tensor: str) -> int:
    assert layer.einsum is not None
    return layer.einsum.words(layer.einsum.tensor(tensor))


@st.composite
def windows(draw: st.DrawFn) -> Window:
    size, kernel, stride, dilation = draw(st.integers(1, 20)), draw(small), draw(steps), draw(steps)
    before, after = draw(pads), draw(pads)
    assume(dilation * (kernel - 1) + 1 <= size + before + after)
    return Window(size, kernel, stride, dilation, before, after)


def positions(window: Window) -> list[int]:
    """First (padded) address of each window that lies within the padded input, found by trying all of them."""
    end = window.size + window.before + window.after
    return [x for x in range(0, end, window.stride) if x + window.dilation * (window.kernel - 1) < end]


@given(windows())
def test_output_and_touched_words_are_those_of_sliding_by_hand(window: Window) -> None:
    starts = positions(window)
    assert window.output == len(starts)
    touched = {x + window.dilation * k - window.before for x in starts for k in range(window.kernel)}
    assert window.touched_words == len([a for a in touched if 0 <= a < window.size])
    covered = range(min(touched), max(touched) + 1)
    assert window.reach == len(covered)
    outside = (sum(a < 0 for a in covered), sum(a >= window.size for a in covered))
    assert window.touched_padding == outside


@given(windows(), windows(), steps, steps, steps)
def test_convolution_counts_every_tap_once(height: Window, width: Window, m: int, c: int, groups: int) -> None:
    layer = forms.conv("x", channels=c * groups, out=m * groups, height=height, width=width, groups=groups)
    taps = len(positions(height)) * len(positions(width)) * height.kernel * width.kernel
    assert layer.macs == taps * m * c * groups
    assert layer.weights == m * c * groups * height.kernel * width.kernel
    assert layer_words(layer, "ofmap") == m * groups * height.output * width.output


@pytest.mark.parametrize(("size", "stride", "expected"), [(380, 2, 190), (95, 2, 48), (7, 3, 3), (5, 1, 5)])
@pytest.mark.parametrize("kernel", [1, 2, 3, 5])
def test_same_padding_gives_the_size_over_the_stride_rounded_up(
    size: int, stride: int, kernel: int, expected: int
) -> None:
    for rule in (AutoPadding.SAME, AutoPadding.SAME_LOWER):
        window = make_window(size, kernel, stride=stride, padding=rule)
        assert window.output == expected
        assert window.reach <= size + window.before + window.after
    same = make_window(size, kernel, stride=stride, padding=AutoPadding.SAME)
    lower = make_window(size, kernel, stride=stride, padding=AutoPadding.SAME_LOWER)
    assert (same.before, same.after) == (lower.after, lower.before)
    assert 0 <= same.after - same.before <= 1


def test_valid_padding_is_none() -> None:
    assert make_window(224, 7, stride=2, padding=AutoPadding.VALID).output == 109


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "pad", "floor", "ceil"),
    [
        (112, 3, 2, 0, 55, 56),
        (109, 3, 2, 0, 54, 54),
        (27, 3, 2, 0, 13, 13),
        (55, 3, 2, 0, 27, 27),
        (4, 2, 3, 1, 2, 2),
        (2, 1, 2, 1, 2, 2),
    ],
)
def test_rounding_up(size: int, kernel: int, stride: int, pad: int, floor: int, ceil: int) -> None:
    assert make_window(size, kernel, stride=stride, padding=(pad, pad)).output == floor
    assert make_window(size, kernel, stride=stride, padding=(pad, pad), ceil=True).output == ceil


def test_padding_that_no_window_reaches_is_not_touched() -> None:
    window = make_window(224, 7, stride=2, padding=(3, 3))
    assert (window.output, window.reach, window.touched_padding) == (112, 229, (3, 2))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"size": 3, "kernel": 5}, "a window that spans 5 does not fit into 3 elements with padding 0 + 0"),
        ({"size": 0}, "size is 0; it must be at least 1"),
        ({"size": 3, "stride": 0}, "stride is 0; it must be at least 1"),
        ({"size": 3, "before": -1}, "padding (-1, 0) is negative"),
    ],
)
def test_impossible_windows_are_refused(arguments: dict[str, int], message: str) -> None:
    with pytest.raises(InputError) as error:
        Window(**arguments)  # type: ignore[arg-type]
    assert str(error.value) == message


@st.composite
def transposed(draw: st.DrawFn) -> TransposedWindow:
    size, kernel, stride, dilation = draw(small), draw(st.integers(1, 6)), draw(steps), draw(steps)
    before, after, extra = draw(pads), draw(pads), draw(st.integers(0, 3))
    assume((size - 1) * stride + dilation * (kernel - 1) + 1 + extra - before - after >= 1)
    return TransposedWindow(size, kernel, stride, dilation, before, after, extra)


def pairs(window: TransposedWindow) -> list[tuple[int, int]]:
    """All (output, tap) whose distance is a multiple of the stride: what one axis multiplies, border taps included."""
    every = itertools.product(range(window.output), range(window.kernel))
    return [(o, k) for o, k in every if (o + window.before - k * window.dilation) % window.stride == 0]


@given(transposed())
def test_phases_hold_every_pair_of_output_and_tap(window: TransposedWindow) -> None:
    found = pairs(window)
    assert sum(phase.output * phase.kernel for phase in window.phases) == len(found)
    inside = sum(0 <= (o + window.before - k * window.dilation) // window.stride < window.size for o, k in found)
    assert inside == sum(
        1
        for i, k in itertools.product(range(window.size), range(window.kernel))
        if 0 <= i * window.stride + k * window.dilation - window.before < window.output
    )
    for phase in window.phases:
        reads = {
            (o + window.before - k * window.dilation) // window.stride
            for o, k in found
            if (o + window.before) % window.stride == phase.index
        }
        assert phase.output - 1 + phase.dilation * (phase.kernel - 1) + 1 == max(reads) - min(reads) + 1
        covered = range(min(reads), max(reads) + 1)
        assert phase.padding == (sum(a < 0 for a in covered), sum(a >= window.size for a in covered))


@given(transposed(), transposed(), steps, steps, steps)
def test_transposed_convolution_is_exact(
    height: TransposedWindow, width: TransposedWindow, m: int, c: int, groups: int
) -> None:
    layers = forms.transposed_conv("up", channels=c * groups, out=m * groups, height=height, width=width, groups=groups)
    assert sum(layer.macs for layer in layers) == len(pairs(height)) * len(pairs(width)) * m * c * groups
    used = len({k for _, k in pairs(height)}) * len({k for _, k in pairs(width)})
    assert sum(layer.weights for layer in layers) == used * m * c * groups
    assert len({layer.name for layer in layers}) == len(layers)


def test_transposed_convolution_names_its_phases_and_keeps_its_weights() -> None:
    axis = TransposedWindow(size=8, kernel=4, stride=2, before=1, after=1)
    layers = forms.transposed_conv("up1", channels=16, out=8, height=axis, width=axis)
    assert [layer.name for layer in layers] == ["up1[0,0]", "up1[0,1]", "up1[1,0]", "up1[1,1]"]
    assert sum(layer.weights for layer in layers) == 16 * 8 * 4 * 4
    assert sum(layer.macs for layer in layers) == 16 * 16 * 16 * 8 * 4  # four taps reach each output
    (single,) = forms.transposed_conv(
        "up", channels=1, out=1, height=TransposedWindow(4, 3), width=TransposedWindow(4, 3)
    )
    assert single.name == "up"


def test_attention_multiplies_two_activations_per_head() -> None:
    scores = forms.attention_scores("scores", heads=12, queries=7, keys=9, size=64, batch=2)
    context = forms.attention_context("context", heads=12, queries=7, keys=9, size=64, batch=2)
    assert scores.macs == context.macs == 2 * 12 * 7 * 9 * 64
    for layer in (scores, context):
        assert layer.einsum is not None
        assert layer.batch_dim == "G"
        assert layer.einsum.extents["G"] == 24
        assert {t.kind for t in layer.einsum.tensors} == {TensorKind.ACTIVATION}
        assert layer.weights == 0
    assert layer_words(scores, "ofmap") == layer_words(context, "ifmap")


@pytest.mark.parametrize(
    ("channels", "out", "groups", "message"),
    [
        (6, 4, 4, "6 input channels cannot be divided into 4 groups"),
        (4, 6, 4, "6 output channels cannot be divided into 4 groups"),
        (4, 4, 0, "groups is 0; it must be at least 1"),
        (4, 0, 1, "output channels are 0; there must be at least 1"),
    ],
)
def test_channels_must_divide(channels: int, out: int, groups: int, message: str) -> None:
    with pytest.raises(InputError) as error:
        forms.conv("x", channels=channels, out=out, height=Window(4), width=Window(4), groups=groups)
    assert str(error.value) == message


def test_equal_layers_are_one_einsum() -> None:
    def block(name: str) -> Layer:
        window = make_window(14, 3, padding=(1, 1))
        return forms.conv(name, channels=256, out=256, height=window, width=window)

    network = Network("n", (block("a"), block("b"), forms.fully_connected("c", rows=1, inputs=4, outputs=4)))
    found = forms.same_einsum(network.layers)
    assert list(found.values()) == [("a", "b"), ("c",)]
    assert len(forms.same_einsum(network.with_batch(4).layers)) == 2


@pytest.mark.parametrize("batch", [10**4, 10**6])
def test_counts_of_huge_batches_are_exact_whole_numbers(batch: int) -> None:
    layer = forms.fully_connected("fc", rows=2048, inputs=12288, outputs=49152)
    scores = forms.attention_scores("s", heads=96, queries=2048, keys=2048, size=128)
    network = Network("gpt3_layer", (layer, scores)).with_batch(batch)
    assert network.macs == batch * (2048 * 12288 * 49152 + 96 * 2048 * 2048 * 128)
    assert network.weights == 12288 * 49152
    assert Counter(type(extent) for x in network.layers for _, extent in x.einsum.dims) == {int: 16}  # type: ignore[union-attr]
