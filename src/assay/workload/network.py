"""A network: what is computed, layer by layer."""

from __future__ import annotations

from dataclasses import dataclass, replace

from assay.errors import InputError
from assay.workload.einsum import Einsum, TensorKind

MAX_BATCH = 1_000_000
"""Larger batches are refused as a slip of the pen."""


@dataclass(frozen=True, slots=True)
class VectorWork:
    """Work without multiply-accumulates (pooling, activation, normalisation, element-wise), for the whole batch.

    Attributes:
        operations: arithmetic operations (one add, compare, multiply, ... each); None when they are not modelled.
        read_words: words of activations and constants that it reads.
        write_words: words that it writes.
        bits: bits per word.
        constant_words: the part of `read_words` that is stored with the network and does not grow with the batch.
    """

    operations: int | None
    read_words: int
    write_words: int
    bits: int = 16
    constant_words: int = 0


@dataclass(frozen=True, slots=True, repr=False)
class Layer:
    """One step of a network: an einsum or vector work, never both.

    Attributes:
        name: unique in its network.
        op: what the field calls it: `conv`, `fc`, `matmul`, `pool`, `relu`, `softmax`, `add`, ...
        einsum: the multiply-accumulates, or None.
        vector: the vector work, or None.
        batch_dim: the dimension of the einsum that grows with the batch.
    """

    name: str
    op: str
    einsum: Einsum | None = None
    vector: VectorWork | None = None
    batch_dim: str = "N"

    def __post_init__(self) -> None:
        if (self.einsum is None) == (self.vector is None):
            raise InputError(f"layer {self.name} must have either an einsum or vector work")

    def __repr__(self) -> str:
        shape = " ".join(f"{dim}{extent}" for dim, extent in self.einsum.dims if extent > 1) if self.einsum else ""
        text = f"{self.macs:,} MACs {shape}".rstrip() if self.einsum else "no multiply-accumulates"
        return f"<Layer {self.name[:40]} ({self.op[:15]}): {text[:50]}>"

    @property
    def macs(self) -> int:
        return self.einsum.macs if self.einsum else 0

    @property
    def weights(self) -> int:
        """Words of the operands stored with the network (biases are not counted)."""
        if self.einsum is None:
            return 0
        return sum(self.einsum.words(t) for t in self.einsum.inputs if t.kind is TensorKind.WEIGHT)

    def with_batch(self, batch: int) -> Layer:
        """The same layer for `batch` times as many inputs."""
        if self.einsum is not None:
            dims = tuple((d, e * batch if d == self.batch_dim else e) for d, e in self.einsum.dims)
            return replace(self, einsum=replace(self.einsum, dims=dims))
        assert self.vector is not None
        work = self.vector
        scaled = replace(
            work,
            operations=None if work.operations is None else work.operations * batch,
            read_words=(work.read_words - work.constant_words) * batch + work.constant_words,
            write_words=work.write_words * batch,
        )
        return replace(self, vector=scaled)


@dataclass(frozen=True, slots=True, repr=False)
class Network:
    """A named list of layers, for a batch of `batch` inputs.

    Attributes:
        name: short name (`alexnet`).
        layers: in order of execution.
        title: name for people (`AlexNet`).
        source: where the shapes come from.
        notes: what was left out or assumed on the way in; shown to the user.
        batch: how many inputs the layers' shapes are for.
    """

    name: str
    layers: tuple[Layer, ...]
    title: str = ""
    source: str = ""
    notes: tuple[str, ...] = ()
    batch: int = 1

    def __post_init__(self) -> None:
        seen: set[str] = set()
        for layer in self.layers:
            if layer.name in seen:
                raise InputError(f"network {self.name} has two layers named {layer.name}")
            seen.add(layer.name)

    def __repr__(self) -> str:
        size = f"{len(self.layers):,} layers, {self.macs:,} MACs, {self.weights:,} weights, batch {self.batch:,}"
        return f"<Network {self.name[:30]}: {size}>"

    @property
    def macs(self) -> int:
        return sum(layer.macs for layer in self.layers)

    @property
    def weights(self) -> int:
        return sum(layer.weights for layer in self.layers)

    def with_batch(self, batch: int) -> Network:
        """The network for a batch of `batch` inputs.

        Raises InputError unless 1 <= batch <= MAX_BATCH, or if the network was read for another batch than 1.
        """
        if isinstance(batch, bool) or not isinstance(batch, int) or not 1 <= batch <= MAX_BATCH:
            raise InputError(f"batch is {batch!r}; it must be a whole number from 1 to {MAX_BATCH:,}")
        if batch == self.batch:
            return self
        if self.batch != 1:
            raise InputError(
                f"network {self.name} is already for a batch of {self.batch}",
                hint=f"leave the batch at {self.batch}, or read the network for a batch of 1 "
                "(an ONNX model: export it again with a batch of 1 or an open first dimension)",
            )
        return replace(self, layers=tuple(layer.with_batch(batch) for layer in self.layers), batch=batch)
