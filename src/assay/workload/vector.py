"""Work without multiply-accumulates: how many operations and words each kind of layer counts.

One operation is one add, subtract, multiply, divide, compare or one elementary function (exp, log, sqrt, power, tanh,
erf) on one word. Every function returns a `VectorWork`. Words are counted once per layer, as if each layer read its
operands from memory and wrote its result back: `read_words` are the distinct words read, `write_words` the words
written.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType

from assay.workload.network import VectorWork
from assay.workload.windows import Window

UNARY_OPERATIONS: Mapping[str, int] = MappingProxyType(
    {
        "relu": 1,  # compare
        "relu6": 2,  # compare twice
        "clip": 2,
        "leaky_relu": 2,  # compare, multiply
        "prelu": 2,
        "elu": 4,  # compare, exp, subtract, multiply
        "sigmoid": 4,  # negate, exp, add, divide
        "hard_sigmoid": 4,  # multiply, add, compare twice
        "tanh": 1,
        "swish": 5,  # sigmoid, multiply
        "hard_swish": 5,  # hard sigmoid, multiply
        "mish": 5,  # softplus, tanh, multiply
        "softplus": 3,  # exp, add, log
        "gelu": 5,  # divide, erf, add, multiply twice
        "gelu_tanh": 9,  # x + 0.044715 x^3: 4; scale, tanh, add, multiply twice: 5
        "exp": 1,
        "log": 1,
        "sqrt": 1,
        "reciprocal": 1,
        "erf": 1,
        "abs": 1,
        "neg": 1,
        "round": 1,
        "sin": 1,
        "cos": 1,
        "not": 1,
        "sign": 1,
        "cast": 1,
        "quantize": 3,  # divide, round, add the zero point
        "dequantize": 2,  # subtract the zero point, multiply
    }
)
"""Operations per word of the functions of one operand."""


def unary(function: str, words: int, *, bits: int = 16, constant_words: int = 0) -> VectorWork:
    """A function of one operand on each of `words` words. Raises KeyError for a function not in `UNARY_OPERATIONS`."""
    return VectorWork(UNARY_OPERATIONS[function] * words, words + constant_words, words, bits, constant_words)


def elementwise(
    output_words: int, operand_words: tuple[int, ...], *, bits: int = 16, constant_words: int = 0
) -> VectorWork:
    """add, mul, ...: `operand_words` of activations and `constant_words` of constants combined into the output.

    A broadcast operand counts its own words, which are fewer than those of the output.
    """
    operands = len(operand_words) + (1 if constant_words else 0)
    read = sum(operand_words) + constant_words
    return VectorWork(output_words * max(operands - 1, 0), read, output_words, bits, constant_words)


def pool(channels: int, windows: tuple[Window, ...], *, average: bool = False, bits: int = 16) -> VectorWork:
    """Pooling of `channels` planes by a window per spatial axis.

    With K taps per window, the maximum of one output is K - 1 compares and its average K - 1 adds and 1 multiply. Taps
    on padding are counted, as for convolutions; padding is not read.
    """
    taps = math.prod(window.kernel for window in windows)
    outputs = channels * math.prod(window.output for window in windows)
    read = channels * math.prod(window.touched_words for window in windows)
    return VectorWork(outputs * (taps if average else taps - 1), read, outputs, bits)


def reduction(input_words: int, output_words: int, *, average: bool = False, bits: int = 16) -> VectorWork:
    """Sum, maximum or mean of `input_words` words into `output_words`; global pooling is one of these."""
    operations = input_words if average else input_words - output_words
    return VectorWork(operations, input_words, output_words, bits)


def softmax(rows: int, length: int, *, bits: int = 16) -> VectorWork:
    """Softmax of `rows` rows: maximum (L - 1), subtract (L), exp (L), sum (L - 1), divide (L) for length L."""
    words = rows * length
    return VectorWork(rows * (5 * length - 2), words, words, bits)


def layer_norm(rows: int, length: int, *, constant_words: int | None = None, bits: int = 16) -> VectorWork:
    """Layer normalisation of `rows` rows of length L.

    Mean (L), subtract (L), variance (2L), epsilon, square root and reciprocal (3), normalise (L), scale and shift (2L).

    Args:
        constant_words: scale and shift, 2L unless said otherwise.
    """
    words = rows * length
    constants = 2 * length if constant_words is None else constant_words
    return VectorWork(rows * (7 * length + 3), words + constants, words, bits, constants)


def batch_norm(channels: int, words_per_channel: int, *, bits: int = 16) -> VectorWork:
    """Batch normalisation at inference: one multiply and one add per word with two constants per channel."""
    words = channels * words_per_channel
    return VectorWork(2 * words, words + 2 * channels, words, bits, 2 * channels)


def local_response_norm(words: int, size: int, *, bits: int = 16) -> VectorWork:
    """`x / (k + a * sum of x^2 over size channels) ^ b`: size + 4 operations per word.

    Square 1 (each square is computed once), size - 1 adds, scale, add, power and divide. Channels beyond the border
    count.
    """
    return VectorWork((size + 4) * words, words, words, bits)


def gather(words: int, *, bits: int = 16) -> VectorWork:
    """Embedding lookup: `words` words are copied out of a table; no arithmetic. The table itself is not read whole."""
    return VectorWork(0, words, words, bits)


def move(read_words: int, write_words: int | None = None, *, bits: int = 16) -> VectorWork:
    """Words that change place without arithmetic, such as a transposition."""
    return VectorWork(0, read_words, read_words if write_words is None else write_words, bits)
