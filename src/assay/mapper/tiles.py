"""All tiles of a problem at once, as arrays with one axis per dimension, indexed by the position among its divisors."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import prod

import numpy as np
import numpy.typing as npt

from assay.hardware.model import Halo
from assay.mapper.problem import Problem

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

Factor = tuple[tuple[int, ...], Floats]
"""Numbers that depend on some dimensions of a tile only: positions of those, and an array over their divisors."""


class Tiles:
    """The tiles of one problem. Arrays over all of them have the *last* dimension first, so that in memory the first
    dimension runs fastest."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.sizes = tuple(len(dim.divisors) for dim in problem.dims)
        self.shape = self.sizes[::-1]
        self.box = problem.hardware.counting.halo is Halo.BOX
        tensors = problem.einsum.tensors
        self.words = {t.name: [problem.footprint_table(rank, self.box) for rank in t.ranks] for t in tensors}
        self.used = self.words
        if self.box:
            self.used = {t.name: [problem.footprint_table(rank, False) for rank in t.ranks] for t in tensors}
        self.placed: list[Factor] = [
            ((d,), np.array(dim.divisors, np.float64) / dim.extent) for d, dim in enumerate(problem.dims)
        ]

    @property
    def count(self) -> int:
        """Tiles there are."""
        return prod(self.sizes)

    def spread_out(self, factor: Factor) -> Floats:
        """The numbers in the shape of an array over all tiles (length 1 along what they do not depend on)."""
        dims, values = factor
        order = sorted(range(len(dims)), key=lambda i: -dims[i])
        table = values.transpose(order) if dims else values
        shape = [1] * len(self.sizes)
        for i in order:
            shape[len(self.sizes) - 1 - dims[i]] = self.sizes[dims[i]]
        return table.reshape(shape)

    def product(self, factors: Iterable[Factor]) -> Floats:
        """Their product for every tile, of length 1 along dimensions that do not matter."""
        result = np.ones([1] * len(self.sizes))
        for factor in factors:
            result = result * self.spread_out(factor)
        return result

    def footprint(self, tensor: str) -> Floats:
        """Words of the tensor in each tile."""
        return self.product(self.words[tensor])

    def passes(self) -> Floats:
        """How many such tiles the whole iteration box takes."""
        return np.round(1.0 / self.product(self.placed))

    def incomplete(self, d: int) -> Bools:
        """Which tiles do not have all of dimension d."""
        last = self.sizes[d] - 1
        flags: Bools = self.spread_out(((d,), np.arange(self.sizes[d], dtype=np.float64))) < last
        return flags

    def full(self, values: Floats) -> Floats:
        """The numbers for every tile, as an array of its own."""
        return np.array(np.broadcast_to(values, self.shape), np.float64)

    def least_above(self, values: Floats) -> Floats:
        """For every tile the least value among the tiles that contain it. Changes `values`."""
        for d, dim in enumerate(self.problem.dims):
            lines = np.moveaxis(values, len(self.sizes) - 1 - d, 0)
            steps = [dim.times(p).tolist() for p in dim.primes]
            for i in range(len(dim.divisors) - 1, -1, -1):
                for step in steps:
                    if step[i] >= 0:
                        lines[i] = np.minimum(lines[i], lines[step[i]])
        return values


def largest_divisor(limit: int) -> Callable[[int], float]:
    """A function: the largest divisor of a number that is at most the limit."""
    known: dict[int, float] = {}

    def find(value: int) -> float:
        if value not in known:
            known[value] = float(value if value <= limit else next(i for i in range(limit, 0, -1) if value % i == 0))
        return known[value]

    return find
