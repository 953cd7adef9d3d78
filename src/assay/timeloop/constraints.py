"""What constraints leave to a mapper: which dimensions may lie where, and which data spaces may be kept."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from assay.errors import Position, UnsupportedError
from assay.timeloop.design import Notes
from assay.timeloop.directives import KINDS, Directive
from assay.timeloop.parts import Architecture, Spread, Storage
from assay.workload.einsum import Einsum

Directives = dict[tuple[str, str], Directive]
USUAL_TENSORS = ("Weights", "Inputs", "Outputs")


@dataclass(frozen=True, slots=True)
class Space:
    """What may be kept at a storage level, and iterated there (None: anything)."""

    keep: tuple[str, ...]
    may_keep: tuple[str, ...] = ()
    loops: tuple[str, ...] | None = None


def tensor_names(einsum: Einsum | None) -> tuple[str, ...]:
    """The data spaces of the problem, or those that most problems have."""
    return tuple(tensor.name for tensor in einsum.tensors) if einsum else USUAL_TENSORS


def dim_names(einsum: Einsum | None, directives: Directives) -> tuple[str, ...]:
    """The dimensions of the problem, or those of a convolution."""
    if einsum is not None:
        return tuple(einsum.extents)
    named = {factor.dim for each in directives.values() for factor in each.factors}
    named |= {dim for each in directives.values() for dim in each.permutation or ()}
    usual = ("C", "M" if "M" in named else "K", "R", "S", "N", "P", "Q")
    return (*usual, *sorted(named.difference(usual)))


def storage_space(
    storage: Storage, outermost: bool, directives: Directives, einsum: Einsum | None, notes: Notes
) -> Space:
    """What the constraints leave open at a storage level."""
    every = tensor_names(einsum)
    dims = dim_names(einsum, directives)
    temporal = directives.get((storage.name, "temporal"))
    loops = None
    if temporal is not None:
        loops = _allowed(temporal, dims, notes)
        if temporal.permutation is not None and len(dims if loops is None else loops) > 1:
            notes.add(f"the order of loops at {storage.name} is not constrained here", temporal.at)
    space = directives.get((storage.name, "dataspace"))
    keep = (space.keep or ()) if space else ()
    gone = (*((space.bypass or ()) if space else ()), *(name for name in storage.bypass if name not in keep))
    if outermost:
        missing = [name for name in every if name in gone]
        if missing:
            message = f"the outermost storage {storage.name} bypasses {missing[0]}; it must keep every data space"
            raise UnsupportedError(message, at=space.at if space else storage.at)
        return Space(every, (), loops)
    if storage.dummy and not keep:
        return Space((), (), loops)
    return Space(keep, tuple(name for name in every if name not in keep and name not in gone), loops)


def axis_dims(
    spread: Spread, directives: Directives, einsum: Einsum | None, notes: Notes
) -> tuple[tuple[str, ...] | None, tuple[str, ...] | None]:
    """The dimensions that may lie along X and along Y (None: any)."""
    directive = directives.get((spread.name, "spatial"))
    if directive is None:
        return None, None
    dims = dim_names(einsum, directives)
    allowed = _allowed(directive, dims, notes)
    if directive.split is None:
        return allowed, allowed
    given = directive.permutation or ()
    order = (*given, *(dim for dim in dims if dim not in given))
    free = dims if allowed is None else allowed
    x = tuple(dim for dim in order[: directive.split] if dim in free)
    y = tuple(dim for dim in order[directive.split :] if dim in free)
    return x if len(x) < len(dims) else None, y if len(y) < len(dims) else None


def _allowed(directive: Directive, dims: tuple[str, ...], notes: Notes) -> tuple[str, ...] | None:
    """Dimensions that are not fixed to 1; other limits on factors cannot be expressed."""
    single = {factor.dim for factor in directive.factors if factor.relation in ("=", "<=") and factor.bound == 1}
    for factor in directive.factors:
        if factor.dim not in single:
            text = f"{factor.dim}{factor.relation}{factor.bound}"
            notes.add(f"the {directive.kind} constraint {text} at {directive.target} has no effect here", factor.at)
    return tuple(dim for dim in dims if dim not in single) if single else None


def note_others(directives: Directives, notes: Notes) -> None:
    """A note for each constraint that has no counterpart."""
    for directive in directives.values():
        if directive.kind not in KINDS.values():
            notes.add(f"the constraint '{directive.kind}' at {directive.target} has no effect here", directive.at)
            continue
        for key, at in directive.others:
            notes.add(f"'{key}' in a constraint of {directive.target} has no effect here", at)


def links(spread: Spread, directives: Iterable[Directive | None], einsum: Einsum | None) -> bool:
    """Whether instances beside each other pass words on, as Timeloop assumes unless told otherwise."""
    named: set[str] = set()
    at: Position = spread.at
    for directive in directives:
        if directive is not None and directive.no_links:
            named.update(directive.no_links)
            at = directive.at
    missing = [name for name in tensor_names(einsum) if name not in named]
    if named and missing:
        raise UnsupportedError(
            f"'no_link_transfer' for some data spaces only ({', '.join(sorted(named))}) is not supported",
            at=at,
            hint="name all of them or none",
        )
    return not named


def check_storages(architecture: Architecture) -> None:
    """Names must tell the parts apart."""
    seen: dict[str, Position] = {}
    for part in architecture.parts:
        if part.name in seen:
            message = f"the name '{part.name}' is given to two parts; the other is at {seen[part.name]}"
            raise UnsupportedError(message, at=part.at, hint="rename one of them")
        seen[part.name] = part.at
