"""The one form of every computation with multiply-accumulates.

An `Einsum` multiplies its input tensors and accumulates into its output tensor over a box of integer dimensions. Each
tensor is addressed by *ranks*, and each rank is an affine sum of dimensions, such as `h = 4·p + r` for a convolution of
stride 4. Convolution (strided, dilated, grouped, depthwise), fully connected layers and matrix products are all of this
form; nothing below this room asks which of them it sees.

Dimensions carry the names of the field: N batch, G groups (or heads), M output channels, C input channels, P and Q
output height and width, R and S filter height and width.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import StrEnum

from assay.errors import InputError, UnsupportedError

DIMENSION_NAMES = ("N", "G", "M", "C", "P", "Q", "R", "S")
"""The dimensions of the built-in layer forms, in the order in which they are printed."""


FARTHEST_ADDRESS = 1 << 27
"""Addresses of a window are looked at one by one up to here, where no closed form is known."""


class TensorKind(StrEnum):
    """Where a tensor's words come from: a weight is stored with the network, an activation is computed."""

    ACTIVATION = "activation"
    WEIGHT = "weight"


@dataclass(frozen=True, slots=True)
class Term:
    """`coefficient · dimension` in the address of a rank. The coefficient is at least 1."""

    dim: str
    coefficient: int = 1


@dataclass(frozen=True, slots=True)
class Rank:
    """One address of a tensor: the sum of its terms, counted from 0.

    `padding` says how many of the addresses (before, after) are zeros that surround the tensor rather than words of it.
    """

    terms: tuple[Term, ...]
    padding: tuple[int, int] = field(default=(0, 0), compare=False)

    @property
    def dims(self) -> tuple[str, ...]:
        return tuple(term.dim for term in self.terms)


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor of an einsum.

    Attributes:
        name: `ifmap`, `filter` or `ofmap` in the built-in forms (also for matrix products: left, right, result).
        ranks: its addresses; every dimension appears in at most one rank of a tensor.
        bits: bits per word.
        density: fraction of words that are not zero, 0 to 1.
        kind: whether it is stored with the network (weight) or computed (activation).
    """

    name: str
    ranks: tuple[Rank, ...]
    bits: int = 16
    density: float = 1.0
    kind: TensorKind = TensorKind.ACTIVATION

    @property
    def dims(self) -> frozenset[str]:
        """The dimensions that this tensor's words depend on (the relevant ones)."""
        return frozenset(dim for rank in self.ranks for dim in rank.dims)


@dataclass(frozen=True, slots=True)
class Einsum:
    """`output[...] += product of inputs[...]` over all points of the box of dimensions.

    Attributes:
        dims: (name, extent) pairs; every extent is at least 1.
        inputs: the tensors that are read.
        output: the tensor that is accumulated; its dimensions are those not summed over.
    """

    dims: tuple[tuple[str, int], ...]
    inputs: tuple[Tensor, ...]
    output: Tensor

    def __post_init__(self) -> None:
        names = [name for name, _ in self.dims]
        if len(set(names)) != len(names):
            raise InputError(f"a dimension is named twice among {', '.join(names)}")
        for name, extent in self.dims:
            if not isinstance(extent, int) or extent < 1:
                raise InputError(f"dimension {name} has extent {extent!r}; it must be a whole number of at least 1")
        tensor_names = [tensor.name for tensor in self.tensors]
        if len(set(tensor_names)) != len(tensor_names):
            raise InputError(f"a tensor is named twice among {', '.join(tensor_names)}")
        for tensor in self.tensors:
            if not isinstance(tensor.density, int | float) or not 0 <= tensor.density <= 1:
                raise InputError(
                    f"tensor {tensor.name} has density {tensor.density!r}; it must be a number from 0 to 1"
                )
            if not tensor.ranks or not all(rank.terms for rank in tensor.ranks):
                raise InputError(f"tensor {tensor.name} needs at least one address, and every address a dimension")
            if any(term.coefficient < 1 for rank in tensor.ranks for term in rank.terms):
                raise InputError(f"tensor {tensor.name} has a coefficient below 1")
            used = [dim for rank in tensor.ranks for dim in rank.dims]
            if len(set(used)) != len(used):
                raise InputError(f"tensor {tensor.name} uses a dimension in two addresses; that form is not supported")
            for dim in used:
                if dim not in names:
                    raise InputError(f"tensor {tensor.name} uses dimension {dim}, which the einsum does not have")

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """Inputs first, output last."""
        return (*self.inputs, self.output)

    @property
    def extents(self) -> dict[str, int]:
        return dict(self.dims)

    @property
    def macs(self) -> int:
        """Multiply-accumulates: one per point of the box (1 MAC = 2 operations)."""
        return math.prod(extent for _, extent in self.dims)

    def tensor(self, name: str) -> Tensor:
        """The tensor of that name. Raises KeyError if there is none."""
        for tensor in self.tensors:
            if tensor.name == name:
                return tensor
        raise KeyError(name)

    def words(self, tensor: Tensor) -> int:
        """Distinct words of the tensor that the whole einsum touches, padding zeros included."""
        extents = self.extents
        return math.prod(rank_size(rank, extents) for rank in tensor.ranks)


def rank_size(rank: Rank, extents: dict[str, int]) -> int:
    """How many distinct addresses a rank takes when dimension d runs over 0 .. extents[d]-1: exact, without gaps."""
    terms = [(term.coefficient, extents[term.dim]) for term in rank.terms if extents[term.dim] > 1]
    if len(terms) <= 1:
        return terms[0][1] if terms else 1
    return sum_count(tuple(terms))


def sum_count(terms: tuple[tuple[int, int], ...]) -> int:
    """How many values Σ coefficient·index takes, index < extent."""
    if len(terms) != 2:
        return address_set(terms).bit_count()
    # a·i + b·j takes a value twice where (i + b, j - a) is a point, too (a and b without common factor).
    (a, m), (b, n) = terms
    common = math.gcd(a, b)
    return m * n - max(m - b // common, 0) * max(n - a // common, 0)


def address_set(terms: tuple[tuple[int, int], ...]) -> int:
    """The set of values of Σ coefficient·index, index < extent, as a bit mask (bit v is set when v is taken).

    Raises:
        UnsupportedError: the values reach too far to be looked at one by one.
    """
    last = sum(coefficient * (extent - 1) for coefficient, extent in terms)
    if last >= FARTHEST_ADDRESS:
        raise UnsupportedError(
            f"an address that is a sum of several dimensions reaches {last:,}; the largest supported is"
            f" {FARTHEST_ADDRESS - 1:,}"
        )
    mask = 1
    for coefficient, extent in terms:
        # Doubling: after k steps the mask covers 2^k indices of this term.
        covered = 1
        while covered < extent:
            step = min(covered, extent - covered)
            mask |= mask << (coefficient * step)
            covered += step
    return mask


def convolution(
    *,
    n: int = 1,
    g: int = 1,
    m: int = 1,
    c: int = 1,
    p: int = 1,
    q: int = 1,
    r: int = 1,
    s: int = 1,
    stride: tuple[int, int] = (1, 1),
    dilation: tuple[int, int] = (1, 1),
    padding: tuple[tuple[int, int], tuple[int, int]] = ((0, 0), (0, 0)),
    bits: int = 16,
    filter_kind: TensorKind = TensorKind.WEIGHT,
) -> Einsum:
    """A convolution, with every other built-in layer as a special case.

    Args:
        n, g, m, c, p, q, r, s: extents; m and c are per group.
        stride, dilation: (height, width).
        padding: ((top, bottom), (left, right)) zeros around the input; informative, see `Rank.padding`.
        bits: bits per word of every tensor.
        filter_kind: ACTIVATION when the right operand is computed, as in attention.
    """

    def rank(*dims: str) -> tuple[Rank, ...]:
        return tuple(Rank((Term(dim),)) for dim in dims)

    height = Rank((Term("P", stride[0]), Term("R", dilation[0])), padding[0])
    width = Rank((Term("Q", stride[1]), Term("S", dilation[1])), padding[1])
    return Einsum(
        dims=(("N", n), ("G", g), ("M", m), ("C", c), ("P", p), ("Q", q), ("R", r), ("S", s)),
        inputs=(
            Tensor("ifmap", (*rank("N", "G", "C"), height, width), bits),
            Tensor("filter", rank("G", "M", "C", "R", "S"), bits, kind=filter_kind),
        ),
        output=Tensor("ofmap", rank("N", "G", "M", "P", "Q"), bits),
    )


def matmul(*, n: int, m: int, c: int, g: int = 1, bits: int = 16, right_kind: TensorKind = TensorKind.WEIGHT) -> Einsum:
    """`g` independent products of an n × c matrix by a c × m matrix (g = batch · heads in attention)."""
    return convolution(n=n, g=g, m=m, c=c, bits=bits, filter_kind=right_kind)
