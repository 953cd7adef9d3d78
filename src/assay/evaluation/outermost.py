"""Whether a layer fits the outermost memory, which keeps all of it under every mapping."""

from __future__ import annotations

from assay.errors import NoMappingError
from assay.hardware.model import Hardware, Memory
from assay.workload.einsum import Einsum


def check_outermost(einsum: Einsum, hardware: Hardware) -> None:
    """Raise NoMappingError with what is needed where the outermost memory has a size and the layer is larger."""
    memory = hardware.nodes[0]
    if not isinstance(memory, Memory) or memory.capacity is None:
        return
    words = {tensor.name: einsum.words(tensor) for tensor in einsum.tensors}
    needed = sum(words[tensor.name] * tensor.bits for tensor in einsum.tensors)
    if needed > memory.capacity:
        listed = " + ".join(f"{name} {count:,} words" for name, count in words.items())
        dims = " ".join(f"{dim}{extent}" for dim, extent in einsum.dims if extent > 1)
        raise NoMappingError(
            f"no mapping fits {hardware.name}: the outermost memory {memory.name} keeps the whole layer "
            f"({dims or '1'}), which takes {needed:,} b ({listed}), but it has room for {memory.capacity:,} b",
            at=memory.at,
            hint=f"make {memory.name} larger, or leave its size out if it never limits",
        )
