"""Which tensors each memory keeps: the choices that the hardware leaves."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import product

from assay.hardware.model import Hardware, Memory
from assay.workload.einsum import Einsum

MOST_CHOICES = 64
"""Choices of kept tensors up to which each is searched."""

Keep = tuple[tuple[str, ...], ...]
"""Kept tensors per node (empty for fanouts)."""


def _free(einsum: Einsum, hardware: Hardware) -> list[tuple[str, ...]]:
    """Per node, the tensors that it may keep or not."""
    names = [tensor.name for tensor in einsum.tensors]
    return [
        tuple(name for name in names if index and isinstance(node, Memory) and name in node.may_keep)
        for index, node in enumerate(hardware.nodes[:-1])
    ]


def _kept(einsum: Einsum, hardware: Hardware, chosen: Sequence[Collection[str]]) -> Keep:
    names = [tensor.name for tensor in einsum.tensors]
    found: list[tuple[str, ...]] = []
    for index, node in enumerate(hardware.nodes[:-1]):
        if not isinstance(node, Memory):
            found.append(())
        elif index == 0:
            found.append(tuple(names))
        else:
            must = {name for name in node.keep if name not in node.may_keep}
            found.append(tuple(name for name in names if name in must or name in chosen[index]))
    return tuple(found)


def choices(einsum: Einsum, hardware: Hardware) -> int:
    """How many choices of kept tensors there are."""
    return 1 << sum(len(names) for names in _free(einsum, hardware))


def keep_choices(einsum: Einsum, hardware: Hardware) -> list[Keep]:
    """Every allowed choice of kept tensors, the fullest first."""
    subsets = [
        [[n for n, bit in zip(free, bits, strict=True) if bit] for bits in product((1, 0), repeat=len(free))]
        for free in _free(einsum, hardware)
    ]
    return [_kept(einsum, hardware, chosen) for chosen in product(*subsets)]


def extremes(einsum: Einsum, hardware: Hardware) -> list[Keep]:
    """The choices that keep all they may, and nothing they need not."""
    free = _free(einsum, hardware)
    return [_kept(einsum, hardware, free), _kept(einsum, hardware, [()] * len(free))]


def beside(einsum: Einsum, hardware: Hardware, keep: Keep) -> list[Keep]:
    """The choices that differ by one tensor in one memory."""
    found = []
    for index, free in enumerate(_free(einsum, hardware)):
        for name in free:
            chosen: list[set[str]] = [set(names) for names in keep]
            chosen[index] ^= {name}
            found.append(_kept(einsum, hardware, chosen))
    return found
