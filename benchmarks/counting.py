"""Times counting against its limits: `make bench`, or `python benchmarks/counting.py`.

One mapping of a layer of GPT-3's size, and a million mappings of one structure at once, on one core. Medians. Exit
status 1 if a figure misses its limit.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Iterator
from math import prod

import numpy as np
import numpy.typing as npt

from assay.hardware.model import Axis, Compute, Fanout, Hardware, Memory
from assay.mapping.analysis import analyse
from assay.mapping.many import analyse_many, with_bounds
from assay.mapping.mapping import Level, Loop, Mapping
from assay.workload.einsum import Einsum, convolution, matmul

TENSORS = ("ifmap", "filter", "ofmap")
MANY = 1_000_000


def level(node: str, loops: str, keep: tuple[str, ...] = ()) -> Level:
    """`M4 C3@Y` as the loops of a level."""
    parts = [(text.partition("@")[0], text.partition("@")[2] or None) for text in loops.split()]
    return Level(node, tuple(Loop(text[0], int(text[1:]), axis) for text, axis in parts), keep)


def tpu_like() -> tuple[Einsum, Hardware, Mapping]:
    """A feed-forward layer of GPT-3 6.7B, 8192 tokens, on a 256 × 256 array: every factor a divisor."""
    memories = [Memory(name, keep=TENSORS) for name in ("dram", "shared", "local")]
    array = Fanout("array", (Axis("X", 256), Axis("Y", 256)))
    hardware = Hardware("tpu-like", (*memories, array, Memory("pe", keep=("filter",)), Compute("mac")), clock=1e9)
    levels = (
        level("dram", "N4 M16 C2", TENSORS),
        level("shared", "M4 N8 C8", TENSORS),
        level("local", "N256", TENSORS),
        level("array", "M256@X C256@Y"),
        level("pe", "", ("filter",)),
    )
    return matmul(n=8192, m=16384, c=4096), hardware, Mapping(levels)


def eyeriss_like() -> tuple[Einsum, Hardware, Mapping]:
    """AlexNet's CONV3, batch 4, on scratchpads below a 14 × 12 array."""
    array = Fanout("array", (Axis("X", 14), Axis("Y", 12)))
    pads = [Memory(f"{tensor}_pad", keep=(tensor,)) for tensor in TENSORS]
    nodes = (Memory("dram", keep=TENSORS), Memory("buffer", keep=("ifmap", "ofmap")), array, *pads, Compute("mac"))
    levels = (
        level("dram", "N4 M4 C8", TENSORS),
        level("buffer", "M8 C8 P13", ("ifmap", "ofmap")),
        level("array", "M1@X Q13@X C4@Y R3@Y"),
        level("ifmap_pad", "", ("ifmap",)),
        level("filter_pad", "S3 C1", ("filter",)),
        level("ofmap_pad", "M12", ("ofmap",)),
    )
    return (
        convolution(n=4, m=384, c=256, p=13, q=13, r=3, s=3),
        Hardware("eyeriss-like", nodes, clock=1e9),
        Mapping(levels),
    )


def splits(extent: int, parts: int) -> Iterator[tuple[int, ...]]:
    """All ways to write the extent as a product of so many factors, in order."""
    if parts == 1:
        yield (extent,)
        return
    for factor in range(1, extent + 1):
        if extent % factor == 0:
            for rest in splits(extent // factor, parts - 1):
                yield (factor, *rest)


def random_bounds(einsum: Einsum, mapping: Mapping, count: int) -> npt.NDArray[np.int64]:
    """So many random mappings of the structure, every factor a divisor."""
    random = np.random.default_rng(1)
    bounds = np.ones((count, len(mapping.loops)), np.int64)
    for dim, extent in einsum.dims:
        columns = [i for i, loop in enumerate(mapping.loops) if loop.dim == dim]
        if columns:
            choices = np.array(list(splits(extent, len(columns))))
            bounds[:, columns] = choices[random.integers(0, len(choices), count)]
    return bounds


def median(work: Callable[[], object], runs: int) -> float:
    work()
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def check(einsum: Einsum, hardware: Hardware, mapping: Mapping, bounds: npt.NDArray[np.int64]) -> None:
    """The first mappings, counted one by one, give the same."""
    result = analyse_many(einsum, hardware, mapping, bounds[:50])
    for row, values in enumerate(bounds[:50].tolist()):
        for count in analyse(einsum, hardware, with_bounds(mapping, values)).counts:
            assert result.counts[count.component, count.tensor, count.action][row] == count.count


def main() -> int:
    failed = False

    def report(name: str, value: float, unit: str, limit: float, passed: bool) -> None:
        nonlocal failed
        failed |= not passed
        print(f"{name:<58}{value:>12,.3f} {unit:<12}limit {limit:,.0f}  {'ok' if passed else 'missed'}")

    for name, case in (("GPT-3 matmul, 256 x 256", tpu_like()), ("AlexNet CONV3, Eyeriss-like", eyeriss_like())):
        einsum, hardware, mapping = case
        assert all(prod(loop.bound for loop in mapping.loops if loop.dim == d) == e for d, e in einsum.dims)
        one = median(lambda: analyse(einsum, hardware, mapping), 200)  # noqa: B023
        report(f"one mapping: {name}", one * 1e3, "ms", 1, one <= 1e-3 or "GPT" not in name)
        bounds = random_bounds(einsum, mapping, MANY)
        check(einsum, hardware, mapping, bounds)
        seconds = median(lambda: analyse_many(einsum, hardware, mapping, bounds), 5)  # noqa: B023
        rate = MANY / seconds
        report(f"{MANY:,} mappings at once: {name}", rate, "per second", 1e6, rate >= 1e6)
        print(f"{'':<4}{one * rate:,.0f} times as many per second as one by one")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
