"""Sliding windows along one axis: output sizes, padding and the words that are really touched.

All sizes are in elements of that axis. The output size is that of every framework,
`floor((size + before + after - span) / stride) + 1` with `span = dilation * (kernel - 1) + 1`; with `ceil` the division
rounds up, but no window may start beyond the input and its leading padding.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from assay.errors import InputError
from assay.workload.einsum import address_set


class AutoPadding(StrEnum):
    """Padding that follows from the other sizes.

    `SAME` makes the output `ceil(size / stride)` with the odd zero at the end (TensorFlow's SAME, ONNX's SAME_UPPER);
    `SAME_LOWER` puts the odd zero at the start; `VALID` pads nothing.
    """

    SAME = "same"
    SAME_LOWER = "same_lower"
    VALID = "valid"


Padding = tuple[int, int] | AutoPadding
"""Zeros (before, after) along one axis, or a rule for them."""


MAX_SIZE = 1_000_000
"""Longer axes are refused: addresses are counted one by one."""


@dataclass(frozen=True, slots=True)
class Window:
    """A window of `kernel` taps, `dilation` apart, that moves by `stride` along an axis of `size` elements.

    Attributes:
        size: elements of the input, without padding.
        kernel: taps.
        stride: step of the window, in elements.
        dilation: distance of two taps, in elements.
        before, after: zeros around the input.
        ceil: round the output size up, as pooling layers of Caffe do.

    Raises:
        InputError: for sizes below 1, negative padding, or a window that does not fit.
    """

    size: int
    kernel: int = 1
    stride: int = 1
    dilation: int = 1
    before: int = 0
    after: int = 0
    ceil: bool = False

    def __post_init__(self) -> None:
        for name in ("size", "kernel", "stride", "dilation"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} is {getattr(self, name)}; it must be at least 1")
        if self.before < 0 or self.after < 0:
            raise InputError(f"padding ({self.before}, {self.after}) is negative")
        _check_size(self.size + self.before + self.after)
        if self.span > self.size + self.before + self.after:
            raise InputError(
                f"a window that spans {self.span} does not fit into {self.size} elements with padding "
                f"{self.before} + {self.after}"
            )

    @property
    def span(self) -> int:
        """Elements from the first tap to the last one."""
        return self.dilation * (self.kernel - 1) + 1

    @property
    def output(self) -> int:
        """Positions of the window."""
        room = self.size + self.before + self.after - self.span
        if not self.ceil:
            return room // self.stride + 1
        count = -(-room // self.stride) + 1
        return count - 1 if (count - 1) * self.stride >= self.size + self.before else count

    @property
    def reach(self) -> int:
        """Elements from the first address that a window covers to the last one, padding included."""
        return (self.output - 1) * self.stride + self.span

    @property
    def touched_padding(self) -> tuple[int, int]:
        """How many of the `reach` addresses, at the start and at the end, are zeros around the input."""
        return min(self.before, self.reach), min(self.reach, max(0, self.reach - self.before - self.size))

    @property
    def touched_words(self) -> int:
        """Distinct elements of the input, padding excluded, that some window reads."""
        mask = address_set(((self.stride, self.output), (self.dilation, self.kernel)))
        return (mask >> self.before & ((1 << self.size) - 1)).bit_count()


def _check_size(size: int) -> None:
    if size > MAX_SIZE:
        raise InputError(f"a window moves over {size:,} elements; at most {MAX_SIZE:,} are supported")


def make_window(
    size: int, kernel: int, *, stride: int = 1, dilation: int = 1, padding: Padding = (0, 0), ceil: bool = False
) -> Window:
    """A window with its padding resolved. Raises InputError as `Window` does."""
    if isinstance(padding, AutoPadding):
        padding = same_padding(size, kernel, stride, dilation, padding)
    return Window(size, kernel, stride, dilation, *padding, ceil=ceil)


def same_padding(size: int, kernel: int, stride: int, dilation: int, rule: AutoPadding) -> tuple[int, int]:
    """Zeros (before, after) that the rule asks for."""
    if rule is AutoPadding.VALID or stride < 1:
        return 0, 0
    output = -(-size // stride)
    total = max(0, (output - 1) * stride + dilation * (kernel - 1) + 1 - size)
    small, large = total // 2, total - total // 2
    return (large, small) if rule is AutoPadding.SAME_LOWER else (small, large)


@dataclass(frozen=True, slots=True)
class Phase:
    """One stride phase of a transposed window: an ordinary window of stride 1 over the input.

    Attributes:
        index: remainder of the (padded) output address by the stride.
        output: outputs of this phase.
        kernel: taps that reach them.
        dilation: distance of two of these taps, in input elements.
        padding: zeros (before, after) among the addresses that the window covers.
    """

    index: int
    output: int
    kernel: int
    dilation: int
    padding: tuple[int, int]


@dataclass(frozen=True, slots=True)
class TransposedWindow:
    """A transposed window: input i adds to the outputs `i * stride + k * dilation - before`, for every tap k.

    Attributes:
        size: elements of the input.
        kernel, stride, dilation: as in `Window`; stride and dilation count output elements.
        before, after: outputs cut off at the start and at the end.
        extra: outputs added at the end (`output_padding`).

    Raises:
        InputError: for sizes below 1, negative padding, or an output without elements.
    """

    size: int
    kernel: int = 1
    stride: int = 1
    dilation: int = 1
    before: int = 0
    after: int = 0
    extra: int = 0

    def __post_init__(self) -> None:
        for name in ("size", "kernel", "stride", "dilation"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} is {getattr(self, name)}; it must be at least 1")
        if min(self.before, self.after, self.extra) < 0:
            raise InputError(f"padding ({self.before}, {self.after}) or output padding {self.extra} is negative")
        _check_size(max(self.output, self.stride, self.kernel))
        if self.output < 1:
            raise InputError(f"padding ({self.before}, {self.after}) cuts away the whole output")

    @property
    def output(self) -> int:
        """Elements of the output."""
        full = (self.size - 1) * self.stride + self.dilation * (self.kernel - 1) + 1
        return full + self.extra - self.before - self.after

    @property
    def phases(self) -> tuple[Phase, ...]:
        """The phases that have both outputs and taps, in the order of their remainder."""
        found = (self._phase(index) for index in range(self.stride))
        return tuple(phase for phase in found if phase is not None)

    def _phase(self, index: int) -> Phase | None:
        taps = [k for k in range(self.kernel) if self.dilation * k % self.stride == index]
        # Output o = stride * a + index - before; its tap k reads input a - (dilation * k - index) / stride.
        first = -(-(self.before - index) // self.stride)
        last = (self.before + self.output - 1 - index) // self.stride
        if not taps or last < first:
            return None
        reads = [(self.dilation * k - index) // self.stride for k in taps]
        low = first - reads[-1]
        reach = last - reads[0] - low + 1
        before = min(max(0, -low), reach)
        after = min(max(0, low + reach - self.size), reach)
        dilation = reads[1] - reads[0] if len(reads) > 1 else 1
        return Phase(index, last - first + 1, len(taps), dilation, (before, after))
