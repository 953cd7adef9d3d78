"""Directives of a mapping or a constraint: what each says, and which part of the architecture it is about."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

from assay.errors import InputError, Position, UnsupportedError
from assay.reading.entries import Entry, Form, short
from assay.reading.suggestions import hint
from assay.timeloop.parts import Architecture, Constraint, Part, Spread, Storage
from assay.timeloop.values import Factor, factors, integer, names_of, number, permutation
from assay.timeloop.yaml_files import TAG, fields, underscored
from assay.workload.einsum import Einsum

KINDS = {
    "temporal": "temporal",
    "spatial": "spatial",
    "datatype": "dataspace",
    "dataspace": "dataspace",
    "bypass": "dataspace",
    "bypassing": "dataspace",
}
UTILIZATION = ("utilization", "parallelism")
"""Constraints on the share of the multipliers that get work."""
KEYS = ("target", "type", "factors", "permutation", "split", "keep", "bypass", "no_link_transfer")
REFUSED = {
    "no_reuse": "leaving out reuse",
    "no_temporal_reuse": "leaving out reuse",
    "no_multicast_no_reduction": "leaving out multicast and reduction",
    "rmw_first_update": "a read with the first update",
    "no_coalesce": "accesses that are not put together",
}


@dataclass(frozen=True, slots=True)
class Directive:
    """What is said about the loops or the data spaces of one part; None where it is silent.

    Attributes:
        kind: `temporal`, `spatial` or `dataspace`.
        permutation: dimensions from the inner to the outer.
        split: how many of them lie along X.
        least: the share of the multipliers that must get work, 0 to 1.
        others: keys that it has beside these.
    """

    target: str
    kind: str
    at: Position
    factors: tuple[Factor, ...] = ()
    permutation: tuple[str, ...] | None = None
    split: int | None = None
    keep: tuple[str, ...] | None = None
    bypass: tuple[str, ...] | None = None
    no_links: tuple[str, ...] = ()
    least: Fraction | None = None
    others: tuple[tuple[str, Position], ...] = ()

    @property
    def fixed(self) -> dict[str, Factor]:
        """The factors that are given exactly, by dimension."""
        return {factor.dim: factor for factor in self.factors if factor.relation == "="}


def read_directive(found: Constraint, einsum: Einsum | None, *, mapping: bool) -> Directive:
    """A directive; one of a mapping must not say anything beyond what a mapping can say.

    Raises:
        InputError: an unknown key, dimension or data space, or a value that cannot be read.
        UnsupportedError: a convention of counting that cannot be expressed.
    """
    entry = found.entry
    given = fields(entry)
    kind = _kind(entry, given, found.kind)
    dims = tuple(einsum.extents) if einsum else None
    tensors = tuple(tensor.name for tensor in einsum.tensors) if einsum else None
    target = _target(entry, given, found.target)
    directive = Directive(
        target,
        kind,
        entry.at,
        factors(given["factors"], dims) if "factors" in given else (),
        permutation(given["permutation"], dims) if "permutation" in given else None,
        integer(given["split"], {}, minimum=0) if "split" in given and given["split"].words else None,
        names_of(given["keep"], tensors, "data space") if "keep" in given else None,
        names_of(given["bypass"], tensors, "data space") if "bypass" in given else None,
        names_of(given["no_link_transfer"], tensors, "data space") if "no_link_transfer" in given else (),
        _least(given) if kind in UTILIZATION else None,
        _others(entry, mapping),
    )
    both = [name for name in directive.keep or () if name in (directive.bypass or ())]
    if both:
        raise entry.error(f"{target}: {both[0]} is listed in both keep and bypass")
    for factor in directive.factors if mapping else ():
        if factor.relation != "=":
            message = f"a mapping needs exact factors, not '{factor.dim}{factor.relation}{factor.bound}'"
            raise InputError(message, at=factor.at, hint=f"write '{factor.dim}={factor.bound}'")
    return directive


def _least(given: dict[str, Entry]) -> Fraction | None:
    if "min" not in given:
        return None
    share = number(given["min"], {}, least=0)
    if share > 1:
        raise given["min"].wrong_form("a share from 0 to 1")
    return share


def _others(entry: Entry, mapping: bool) -> tuple[tuple[str, Position], ...]:
    """Keys that have no effect, which a mapping must not have; those that would change counts are refused."""
    others: list[tuple[str, Position]] = []
    for written, value in entry.pairs():
        key = underscored(written.words)
        if key in REFUSED and (value.parts or value.words):
            raise UnsupportedError(f"'{key}' ({REFUSED[key]}) is not supported", at=value.at, hint="remove it")
        if key not in KEYS and key not in REFUSED and key not in ("name", "version", TAG):
            if mapping:
                message = f"unknown key '{short(key)}' in a directive of the mapping"
                raise written.error(message, hint(key, KEYS))
            others.append((short(key), written.at))
    return tuple(others)


def _kind(entry: Entry, given: dict[str, Entry], default: str) -> str:
    word = given["type"].text() if "type" in given else default
    if not word:
        raise entry.error("a directive needs a type", f"write 'type: ...' (one of {', '.join(KINDS)})")
    if word == "skew":
        raise UnsupportedError("skewed mappings are not supported", at=entry.at)
    if word not in KINDS:
        if default or word in (*UTILIZATION, "max_overbooked_proportion"):
            return word
        raise given["type"].error(f"unknown type of directive '{short(word)}'", hint(word, KINDS))
    return KINDS[word]


def _target(entry: Entry, given: dict[str, Entry], default: str) -> str:
    for key in ("target", "name"):
        if key in given:
            return given[key].text()
    if not default:
        raise entry.error("a directive needs a target", "write 'target: ...' with the name of a storage level")
    return default


def find_part(architecture: Architecture, directive: Directive) -> Part | None:
    """The part that a directive is about; None for loops in space where there is no fanout."""
    target = directive.target
    storages = architecture.storages
    if target.isascii() and target.isdigit() and len(target) < 5 and int(target) < len(storages):
        target = storages[-1 - int(target)].name  # levels may be numbered from the innermost
    spreads = [part for part in architecture.parts if isinstance(part, Spread)]
    named = [part for part in spreads if target in part.targets]
    held = [part for part in storages if part.name == target]
    if directive.kind == "spatial" and named:
        return named[-1] if target in (named[-1].name, f"inter_{named[-1].name}_spatial") else named[0]
    if directive.kind == "spatial" and (held or target == architecture.arithmetic.name):
        return None
    if held:
        return held[0]
    if named:
        return named[0]
    options = [part.name for part in architecture.parts if not isinstance(part, Spread)][:-1]
    if architecture.nodes:
        options += [part.name for part in spreads]
    message = f"the architecture has no storage level '{short(target)}'"
    raise InputError(message, at=directive.at, hint=hint(target, options, label="levels"))


def collect(
    architecture: Architecture, found: list[Constraint], einsum: Einsum | None, *, mapping: bool
) -> dict[tuple[str, str], Directive]:
    """Directives by (name of the part, kind), at most one each."""
    result: dict[tuple[str, str], Directive] = {}
    for constraint in found:
        directive = read_directive(constraint, einsum, mapping=mapping)
        if directive.kind not in KINDS.values():
            result[directive.target, directive.kind] = directive
            continue
        part = find_part(architecture, directive)
        if part is None or (isinstance(part, Spread) and directive.kind != "spatial"):
            _check_trivial(directive)
            continue
        assert isinstance(part, Storage | Spread)
        key = (part.name, directive.kind)
        before = result.get(key)
        if before is not None and mapping:
            message = (
                f"two {directive.kind} directives for '{short(directive.target)}'; one is on line {before.at.line}"
            )
            raise InputError(message, at=directive.at, hint="put them together")
        result[key] = directive if before is None else complete(directive, before)
    return result


def _check_trivial(directive: Directive) -> None:
    """Where there is no level, nothing may be said that needs one."""
    for factor in directive.factors:
        if factor.bound > 1 and factor.relation in ("=", ">=", ">"):
            word = "fanout" if directive.kind == "spatial" else "storage level"
            message = f"{directive.target}: {factor.dim}={factor.bound} has no place: there is no {word} there"
            advice = "the level inside has as many instances" if directive.kind == "spatial" else None
            raise InputError(message, at=factor.at, hint=advice)
    if directive.keep:
        message = f"{directive.target} is a fanout, which cannot keep {directive.keep[0]}"
        raise InputError(message, at=directive.at)


def complete(directive: Directive, default: Directive) -> Directive:
    """The directive with what only the default says."""
    dims = {factor.dim for factor in directive.factors}
    rest = tuple(factor for factor in default.factors if factor.dim not in dims)
    silent = directive.keep is None and directive.bypass is None
    return replace(
        directive,
        factors=directive.factors + rest,
        permutation=default.permutation if directive.permutation is None else directive.permutation,
        split=default.split if directive.split is None else directive.split,
        keep=default.keep if silent else directive.keep,
        bypass=default.bypass if silent else directive.bypass,
        no_links=directive.no_links or default.no_links,
        others=directive.others + default.others,
    )


def listed(entry: Entry | None) -> list[Constraint]:
    """The directives of a list, or of a mapping with `targets` or `constraints`."""
    if entry is None or entry.form is Form.NOTHING:
        return []
    if entry.form is Form.MAPPING:
        found = fields(entry)
        return [one for key in ("targets", "constraints") for one in listed(found.get(key))]
    return [Constraint(item) for item in entry.items()]
