"""Sizes of tiles, for whole arrays of them: the geometry that search and bounds share."""

from __future__ import annotations

from math import prod

import numpy as np
import numpy.typing as npt

from assay.mapper.problem import Problem

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


class Tiles:
    """Tiles of one problem. A tile is a row `x` of positions among the divisors of each dimension's extent."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.values = [np.array(dim.divisors, np.int64) for dim in problem.dims]
        self.last = np.array([len(dim.divisors) - 1 for dim in problem.dims], np.int64)
        sizes = [len(dim.divisors) for dim in problem.dims]
        self.radix = np.array([prod(sizes[:i]) for i in range(len(sizes))], np.int64)
        self._primes = [np.array([_prime_factors(v) for v in dim.divisors], np.int64) for dim in problem.dims]
        self._words = {t.name: [problem.footprint_table(rank) for rank in t.ranks] for t in problem.einsum.tensors}

    def words(self, x: Ints, tensor: str) -> Floats:
        """Words of the tensor in each tile."""
        words = np.ones(len(x))
        for positions, table in self._words[tensor]:
            if positions:
                words *= table[tuple(x[:, p] for p in positions)]
        return words

    def bits(self, x: Ints, node: int) -> Floats:
        """Bits that the tensors kept at the node take in each tile."""
        bits = np.zeros(len(x))
        for tensor in self.problem.einsum.tensors:
            if tensor.name in self.problem.keep[node]:
                bits += self.words(x, tensor.name) * tensor.bits
        return bits

    def placed(self, x: Ints) -> Floats:
        """(n, dims) share of each dimension's iterations that the tile covers."""
        share = np.ones(x.shape)
        for d, dim in enumerate(self.problem.dims):
            share[:, d] = self.values[d][x[:, d]] / dim.extent
        return share

    def passes(self, x: Ints) -> Floats:
        """How many such tiles the whole iteration box takes."""
        passes: Floats = 1.0 / self.placed(x).prod(axis=1)
        return np.round(passes)

    def level(self, x: Ints) -> Ints:
        """Prime factors placed so far, all dimensions together."""
        level = np.zeros(len(x), np.int64)
        for d, primes in enumerate(self._primes):
            level += primes[x[:, d]]
        return level

    @property
    def count(self) -> int:
        """Tiles there are."""
        return prod(len(v) for v in self.values)

    def all(self) -> Ints:
        """Every tile, in the order of `x @ radix`."""
        index = np.arange(self.count, dtype=np.int64)
        sizes = np.array([len(v) for v in self.values], np.int64)
        return index[:, None] // self.radix[None, :] % sizes[None, :]

    def least_above(self, values: Floats) -> Floats:
        """For every tile the least value among the tiles that contain it; `values` in the order of `all`."""
        shape = [len(v) for v in self.values][::-1]
        grid = values.reshape(shape)
        for d, dim in enumerate(self.problem.dims):
            lines = np.moveaxis(grid, len(shape) - 1 - d, 0)
            steps = [dim.times(p) for p in dim.primes]
            for i in range(len(dim.divisors) - 1, -1, -1):
                for step in steps:
                    if step[i] >= 0:
                        lines[i] = np.minimum(lines[i], lines[step[i]])
        return grid.reshape(-1)


def _prime_factors(value: int) -> int:
    """How many primes the value is a product of."""
    count, factor = 0, 2
    while factor * factor <= value:
        while value % factor == 0:
            value //= factor
            count += 1
        factor += 1
    return count + (value > 1)
