"""What constraints leave to a mapper: where which dimensions may lie, how often and in which order; what may be kept.

As Timeloop reads them (`mapping/constraints.cpp`, `mapspaces/uber.cpp`): a factor of 0 is the whole dimension, as is
one beyond it; a permutation goes from the inner to the outer, and the dimensions that it does not list lie outside; a
split is how many dimensions of a permutation lie along X.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from assay.errors import InputError, Position, UnsupportedError
from assay.hardware.model import ALL, Axis, Factors
from assay.timeloop.design import Notes
from assay.timeloop.directives import KINDS, UTILIZATION, Directive
from assay.timeloop.parts import Architecture, Spread, Storage
from assay.timeloop.values import Factor
from assay.workload.einsum import Einsum

Directives = dict[tuple[str, str], Directive]
USUAL_TENSORS = ("Weights", "Inputs", "Outputs")


@dataclass(frozen=True, slots=True)
class Loops:
    """What loops there may be in one place, as at a `Memory`: over which dimensions, how often, in which order."""

    dims: tuple[str, ...] | None = None
    factors: Factors = ()
    max_factors: Factors = ()
    order: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Space:
    """What may be kept at a storage level, and iterated there."""

    keep: tuple[str, ...]
    may_keep: tuple[str, ...] = ()
    loops: Loops = Loops()


def tensor_names(einsum: Einsum | None) -> tuple[str, ...]:
    """The data spaces of the problem, or those that most problems have."""
    return tuple(tensor.name for tensor in einsum.tensors) if einsum else USUAL_TENSORS


def dim_names(einsum: Einsum | None, directives: Directives) -> tuple[str, ...]:
    """The dimensions of the problem, or those of a convolution, its groups included."""
    if einsum is not None:
        return tuple(einsum.extents)
    named = {factor.dim for each in directives.values() for factor in each.factors}
    named |= {dim for each in directives.values() for dim in each.permutation or ()}
    usual = ("C", "M" if "M" in named else "K", "R", "S", "N", "P", "Q", "G")
    return (*usual, *sorted(named.difference(usual)))


def storage_space(
    storage: Storage, outermost: bool, directives: Directives, einsum: Einsum | None, notes: Notes
) -> Space:
    """What the constraints leave open at a storage level."""
    every = tensor_names(einsum)
    temporal = directives.get((storage.name, "temporal"))
    loops = Loops() if temporal is None else _loops(temporal, dim_names(einsum, directives), notes, einsum)
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


def axes(spread: Spread, directives: Directives, einsum: Einsum | None, notes: Notes) -> tuple[Axis, ...]:
    """The axes of a fanout, with what may lie along them.

    Raises:
        InputError: a factor lies along an axis of which there is one.
        UnsupportedError: it is not said along which of two axes a factor lies.
    """
    sizes = [(name, size) for name, size in (("X", spread.x), ("Y", spread.y)) if size > 1]
    directive = directives.get((spread.name, "spatial"))
    if directive is None:
        return tuple(Axis(name, size) for name, size in sizes)
    dims = dim_names(einsum, directives)
    every = _loops(directive, dims, notes, einsum)
    if directive.split is None:
        _check_unsplit(directive, every, len(sizes), notes)
        return tuple(_axis(name, size, every) for name, size in sizes)
    given = directive.permutation or ()
    order = (*given, *(dim for dim in dims if dim not in given))
    sides = {
        "X": _part(every, order[: directive.split], dims),
        "Y": _part(every, order[directive.split :], dims),
    }
    for name in sides.keys() - {name for name, _ in sizes}:
        _check_absent(directive, name, sides[name], einsum)
    return tuple(_axis(name, size, sides[name]) for name, size in sizes)


def _axis(name: str, size: int, loops: Loops) -> Axis:
    return Axis(name, size, loops.dims, loops.factors, loops.max_factors, loops.order)


def _part(loops: Loops, side: tuple[str, ...], dims: tuple[str, ...]) -> Loops:
    """What is said of the dimensions on one side of a split."""
    free = dims if loops.dims is None else loops.dims
    found = tuple(dim for dim in side if dim in free)
    return Loops(
        found if len(found) < len(dims) else None,
        tuple(each for each in loops.factors if each[0] in side),
        tuple(each for each in loops.max_factors if each[0] in side),
        _needed_order(tuple(dim for dim in loops.order if dim in side), found),
    )


def _check_unsplit(directive: Directive, loops: Loops, axes: int, notes: Notes) -> None:
    """Without a split, factors and the permutation are those of both axes together."""
    if axes < 2:
        return
    for dim, _ in (*loops.factors, *loops.max_factors):
        factor = next(each for each in directive.factors if each.dim == dim)
        message = f"{directive.target}: whether {_said(factor)} lies along X or Y is not given"
        raise UnsupportedError(
            message, at=factor.at, hint="add 'permutation' and 'split', the number of dimensions on X"
        )
    if directive.permutation:
        text = f"any dimension may lie along X or Y at {directive.target}: the permutation has no 'split'"
        notes.add(text, directive.at)


def _check_absent(directive: Directive, axis: str, loops: Loops, einsum: Einsum | None) -> None:
    extents = einsum.extents if einsum else {}
    for dim, _ in loops.factors:
        if extents.get(dim) != 1:
            factor = next(each for each in directive.factors if each.dim == dim)
            message = f"{directive.target}: {_said(factor)} has no place: by the split it lies along {axis}, which is 1"
            raise InputError(message, at=factor.at, hint="see 'split' and the mesh of the level inside")


def _loops(directive: Directive, dims: tuple[str, ...], notes: Notes, einsum: Einsum | None) -> Loops:
    """The loops that a directive allows."""
    single: set[str] = set()
    fixed: list[tuple[str, int]] = []
    limits: list[tuple[str, int]] = []
    for factor in directive.factors:
        most = _most(directive, factor)
        if factor.residual != factor.bound:
            notes.add(f"a constraint has no last round: {_said(factor)} counts at {directive.target}", factor.at)
        if most == 1:
            single.add(factor.dim)
        elif factor.relation == "=":
            fixed.append((factor.dim, factor.bound or ALL))
        elif most is not None:
            limits.append((factor.dim, most))
    free = tuple(dim for dim in dims if dim not in single)
    if einsum is None and free == ("G",):
        free = ()  # every dimension that a convolution usually has is fixed to 1: no loops are meant
    order = tuple(dim for dim in reversed(directive.permutation or ()) if dim in free)
    return Loops(free if single else None, tuple(fixed), tuple(limits), _needed_order(order, free))


def _most(directive: Directive, factor: Factor) -> int | None:
    """The largest bound that is allowed, None for any. Raises where that cannot be said."""
    if factor.relation == "=":
        return factor.bound or None
    if factor.relation in ("<", "<="):
        most = factor.bound - (factor.relation == "<")
        if most < 1:
            raise InputError(f"{directive.target}: {_said(factor)} leaves no factor; it is at least 1", at=factor.at)
        return most
    if factor.bound + (factor.relation == ">") > 1:
        message = f"a least factor ({_said(factor)} at {directive.target}) is not supported"
        raise UnsupportedError(message, at=factor.at, hint="write '=' or '<='")
    return None


def _needed_order(order: tuple[str, ...], free: tuple[str, ...]) -> tuple[str, ...]:
    """The order, if there is anything to order."""
    return order if len(free) > 1 else ()


def _said(factor: Factor) -> str:
    return f"{factor.dim}{factor.relation}{factor.bound}"


def least_utilization(architecture: Architecture, directives: Directives) -> float:
    """The least share of the multipliers that constraints ask for, 0 for none.

    Raises:
        UnsupportedError: there are several fanouts, of which only the product is constrained.
    """
    found = [each for each in directives.values() if each.kind in UTILIZATION and each.least]
    if not found:
        return 0.0
    fanouts = [part.name for part in architecture.parts if isinstance(part, Spread)]
    if len(found) > 1 or len(fanouts) > 1:
        what = "several of them" if len(found) > 1 else f"several fanouts ({', '.join(fanouts)})"
        message = f"the constraint '{found[-1].kind}' with {what} is not supported"
        raise UnsupportedError(message, at=found[-1].at, hint="remove it")
    return float(found[0].least or 0)


def note_others(directives: Directives, notes: Notes) -> None:
    """A note for each constraint that has no counterpart."""
    for directive in directives.values():
        if directive.kind in UTILIZATION:
            continue
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
