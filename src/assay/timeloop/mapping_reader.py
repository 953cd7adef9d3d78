"""A Timeloop mapping as a `Mapping`: one level per memory and fanout, with what makes it invalid found here."""

from __future__ import annotations

from assay.errors import InputError, Position, UnsupportedError
from assay.mapping.mapping import Level, Loop, Mapping
from assay.timeloop.design import Notes
from assay.timeloop.directives import Directive
from assay.timeloop.parts import Architecture, Spread, Storage
from assay.timeloop.values import Factor
from assay.workload.einsum import Einsum

Directives = dict[tuple[str, str], Directive]


def build_mapping(
    architecture: Architecture, einsum: Einsum, directives: Directives, at: Position, notes: Notes
) -> Mapping:
    """The mapping that the directives describe.

    Raises:
        InputError: factors that do not make up a dimension, or loops in space beyond the mesh.
    """
    _check_extents(architecture, einsum, directives, at)
    levels: list[Level] = []
    for part in architecture.parts[:-1]:
        if isinstance(part, Spread):
            directive = directives.get((part.name, "spatial"))
            levels.append(_fanout_level(part, directive, einsum, notes))
        elif isinstance(part, Storage):
            directive = directives.get((part.name, "temporal"))
            loops = tuple(Loop(dim, bound) for dim, bound in _ordered(directive, einsum, notes))
            keep = kept(part, part is architecture.parts[0], directives.get((part.name, "dataspace")), einsum)
            levels.append(Level(part.name, loops, keep, directive.at if directive else part.at))
    return Mapping(tuple(levels), at)


def kept(storage: Storage, outermost: bool, directive: Directive | None, einsum: Einsum) -> tuple[str, ...]:
    """The data spaces that a mapping keeps in a storage level: all that it does not say to bypass."""
    every = tuple(tensor.name for tensor in einsum.tensors)
    if directive is None or (directive.keep is None and directive.bypass is None):
        gone: tuple[str, ...] = every if storage.dummy else storage.bypass
    else:
        gone = (*(directive.bypass or ()), *(n for n in storage.bypass if n not in (directive.keep or ())))
        if storage.dummy:
            gone += tuple(name for name in every if name not in (directive.keep or ()))
    keep = tuple(name for name in every if name not in gone)
    if outermost and len(keep) < len(every):
        missing = next(name for name in every if name not in keep)
        at = directive.at if directive else storage.at
        raise UnsupportedError(
            f"the outermost storage {storage.name} bypasses {missing}; it must keep every data space",
            at=at,
            hint=f"add {missing} to its 'keep'",
        )
    return keep


def bound_of(factor: Factor, einsum: Einsum) -> tuple[int, int]:
    """Bound and residual; a factor of 0 stands for the whole dimension."""
    if factor.bound == 0:
        extent = einsum.extents[factor.dim]
        return extent, factor.residual or extent
    return factor.bound, factor.residual


def _padded(directive: Directive, einsum: Einsum, notes: Notes) -> tuple[str, ...]:
    """All dimensions from the inner to the outer; those not listed follow in the order of the problem."""
    given = directive.permutation or ()
    rest = tuple(dim for dim in einsum.extents if dim not in given)
    moving = {factor.dim for factor in directive.factors if bound_of(factor, einsum)[0] > 1}
    if len(moving) > 1 and moving.intersection(rest):
        late = ", ".join(dim for dim in rest if dim in moving)
        notes.add(
            f"the permutation of {directive.target} does not list {late}: outermost, as Timeloop does", directive.at
        )
    return (*given, *rest)


def _ordered(directive: Directive | None, einsum: Einsum, notes: Notes) -> list[tuple[str, int]]:
    """Loops above 1 as (dimension, bound), the outermost first."""
    if directive is None:
        return []
    bounds = {factor.dim: bound_of(factor, einsum)[0] for factor in directive.factors}
    order = reversed(_padded(directive, einsum, notes))
    return [(dim, bounds[dim]) for dim in order if bounds.get(dim, 1) > 1]


def _fanout_level(spread: Spread, directive: Directive | None, einsum: Einsum, notes: Notes) -> Level:
    if directive is None:
        return Level(spread.name, (), (), spread.at)
    order = _padded(directive, einsum, notes)
    split = len(order) if directive.split is None else directive.split
    along = {dim: "X" if place < split else "Y" for place, dim in enumerate(order)}
    loops = tuple(Loop(dim, bound, along[dim]) for dim, bound in _ordered(directive, einsum, notes))
    for axis, size in (("X", spread.x), ("Y", spread.y)):
        used = 1
        for loop in loops:
            used *= loop.bound if loop.axis == axis else 1
        if used > size:
            text = " ".join(f"{loop.dim}{loop.bound}" for loop in loops if loop.axis == axis)
            raise InputError(
                f"{directive.target}: {text} along {axis} takes {used} instances, but there are {size}",
                at=directive.at,
                hint=f"the mesh is {spread.x} by {spread.y}; 'split' says how many of the permutation lie along X",
            )
    return Level(spread.name, loops, (), directive.at)


def _check_extents(architecture: Architecture, einsum: Einsum, directives: Directives, at: Position) -> None:
    """The factors of a dimension, with their residuals, must be exactly its extent."""
    for dim, extent in einsum.extents.items():
        last = 0  # index of the last iteration: its digits are the residuals minus 1
        place = at
        parts: list[str] = []
        for part in architecture.parts[:-1]:
            directive = directives.get((part.name, "spatial" if isinstance(part, Spread) else "temporal"))
            factor = directive.fixed.get(dim) if directive else None
            if factor is None:
                continue
            bound, residual = bound_of(factor, einsum)
            if not 1 <= residual <= bound:
                message = f"{dim}{bound},{residual}: the residual must be from 1 to the bound"
                raise InputError(message, at=factor.at)
            if bound > 1:
                place = factor.at
                parts.append(str(bound) if residual == bound else f"{bound},{residual}")
            last = last * bound + residual - 1
        if last + 1 != extent:
            raise InputError(
                f"the factors of dimension {dim} make {last + 1}, but the problem has {dim}={extent}",
                at=place,
                hint=f"factors of {dim}, from the outside in: {' x '.join(parts) or '1 everywhere'}",
            )
