"""The names that Assay's hardware files use for tensors and dimensions, by the roles that they play in a problem."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from assay.errors import UnsupportedError
from assay.hardware.vocabulary import DIMENSIONS
from assay.workload.einsum import Einsum, Tensor, TensorKind

_WORDS = {
    **{"weight": "filter", "filter": "filter", "input": "ifmap", "ifmap": "ifmap"},
    **{"output": "ofmap", "ofmap": "ofmap"},
}
USUAL_DIMS = {**{name: name for name in DIMENSIONS}, "K": "M"}


def tensor_roles(einsum: Einsum | None, names: Iterable[str]) -> dict[str, str]:
    """`ifmap`, `filter` or `ofmap` for each tensor.

    Raises:
        UnsupportedError: the problem does not have two inputs, or without a problem a name tells nothing.
    """
    if einsum is None:
        found = {name: role for name in names if (role := _usual(name))}
        for name in names:
            if name not in found:
                raise UnsupportedError(f"the data space {name} may be anything", hint="give the problem too")
        return found
    if len(einsum.inputs) != 2:
        message = f"a problem with {len(einsum.inputs)} inputs has no counterpart in a hardware file, which names 2"
        raise UnsupportedError(message)
    ifmap, weights = _inputs(einsum)
    return {ifmap.name: "ifmap", weights.name: "filter", einsum.output.name: "ofmap"}


def _usual(name: str) -> str | None:
    lower = name.lower()
    return next((role for word, role in _WORDS.items() if word in lower), None)


def _inputs(einsum: Einsum) -> tuple[Tensor, Tensor]:
    """The activations and the weights: by name, else the right operand is the weights."""
    first, second = einsum.inputs
    return (second, first) if first.kind is TensorKind.WEIGHT else (first, second)


def dim_roles(einsum: Einsum | None, needed: Iterable[str]) -> dict[str, str]:
    """The name in hardware files for each dimension that is needed.

    Raises:
        UnsupportedError: the dimensions play more roles than there are names.
    """
    if einsum is None:
        for dim in needed:
            if dim not in USUAL_DIMS:
                raise UnsupportedError(f"dimension {dim} may play any role", hint="give the problem too")
        return USUAL_DIMS
    options = _options(einsum)
    found: dict[str, str] = {}
    for dim in [*sorted(options, key=lambda each: len(options[each]))]:
        # A dimension keeps its own name where that is a name of its role.
        order = ((dim,) if dim in options[dim] else ()) + options[dim]
        taken = {name for other, name in found.items() if other != dim}
        reserved = {other for other in options if other != dim and other in options[other]}
        free = [name for name in order if name not in taken and (name == dim or name not in reserved)]
        if free:
            found[dim] = free[0]
        elif dim in needed:
            message = f"no name is left in a hardware file for dimension {dim} of the problem"
            raise UnsupportedError(message, hint=f"names of its role: {', '.join(options[dim]) or 'none'}")
    return found


def _options(einsum: Einsum) -> dict[str, tuple[str, ...]]:
    """The names that each dimension may have, the most fitting first."""
    ifmap, weights = _inputs(einsum)
    partners = _partners(ifmap)
    outer = ("P", "Q")
    found: dict[str, tuple[str, ...]] = {}
    for dim in einsum.extents:
        place = (dim in einsum.output.dims, dim in weights.dims, dim in ifmap.dims)
        if place == (True, True, True):
            found[dim] = ("G",)
        elif place == (True, True, False):
            found[dim] = ("M",)
        elif place == (True, False, True):
            found[dim] = outer if dim in partners else ("N", *outer)
        elif place == (False, True, True):
            found[dim] = _reduced(dim, partners)
        else:
            found[dim] = ()
    return found


def _partners(ifmap: Tensor) -> dict[str, str]:
    """For each dimension of a window, the other one."""
    found: dict[str, str] = {}
    for rank in ifmap.ranks:
        if len(rank.dims) == 2:
            found |= {rank.dims[0]: rank.dims[1], rank.dims[1]: rank.dims[0]}
    return found


def _reduced(dim: str, partners: Mapping[str, str]) -> tuple[str, ...]:
    if dim not in partners:
        return ("C", "R", "S")
    return ("S", "R") if partners[dim] == "Q" else ("R", "S")
