"""Timeloop's `problem`: dimensions, data spaces and their projections, as an einsum."""

from __future__ import annotations

import re
from collections.abc import Mapping

from assay.errors import InputError, UnsupportedError
from assay.reading.entries import Entry, Form, short
from assay.reading.suggestions import hint
from assay.timeloop.design import Notes
from assay.timeloop.values import Names, integer, names_of, number, refuse_misspelt, truth, words
from assay.timeloop.yaml_files import fields, parse, underscored
from assay.workload.einsum import Einsum, Rank, Tensor, TensorKind, Term

SHAPE_KEYS = ("name", "version", "dimensions", "coefficients", "data_spaces")
SPACE_KEYS = ("name", "projection", "read_write", "ranks")
MAX_EXTENT = 2**31
_WEIGHT_NAMES = ("weight", "filter", "kernel")
_CNN = """
dimensions: [R, S, P, Q, C, K, N]
coefficients: [{name: Wstride}, {name: Hstride}, {name: Wdilation}, {name: Hdilation}]
data_spaces:
- {name: Weights, projection: "[C] [K] [R] [S]"}
- {name: Inputs, projection: "[N] [C] [R*Wdilation + P*Wstride] [S*Hdilation + Q*Hstride]"}
- {name: Outputs, projection: "[N] [K] [Q] [P]", read_write: true}
"""
_GEMM = """
dimensions: [M, N, K]
data_spaces:
- {name: A, projection: "[M] [K]"}
- {name: B, projection: "[N] [K]"}
- {name: Z, projection: "[M] [N]", read_write: true}
"""
SHAPES = {"cnn_layer": _CNN, "gemm_ABZ": _GEMM}
"""Shapes that a problem may name instead of describing one."""


def read_problem(entry: Entry, names: Names, notes: Notes) -> Einsum:
    """The einsum of a problem; words have 16 bits until the architecture says otherwise."""
    found = fields(entry)
    shape = _shape(entry, found)
    instance = fields(found["instance"]) if "instance" in found else found
    dims = names_of(shape["dimensions"], None, "dimension")
    if not dims:
        raise shape["dimensions"].error("the problem has no dimensions")
    extents = {dim: _extent(dim, entry, instance, names) for dim in dims}
    coefficients = _coefficients(shape, instance, names)
    _refuse_sparse(instance)
    _note_unused(instance, (*dims, *coefficients), notes)
    tensors: list[Tensor] = []
    outputs: list[Tensor] = []
    for space in shape["data_spaces"].items():
        tensor, written = _tensor(space, dims, coefficients)
        (outputs if written else tensors).append(tensor)
    if len(outputs) != 1:
        message = f"the problem writes {len(outputs)} data spaces; exactly one can be 'read_write: true'"
        raise UnsupportedError(message, at=shape["data_spaces"].at)
    if not tensors:
        raise UnsupportedError("the problem reads no data space", at=shape["data_spaces"].at)
    try:
        return Einsum(tuple(extents.items()), tuple(tensors), outputs[0])
    except InputError as error:
        raise InputError(error.message, at=shape["data_spaces"].at) from None


def _shape(entry: Entry, found: Mapping[str, Entry]) -> dict[str, Entry]:
    given = found.get("shape")
    if given is None or given.form is Form.TEXT:
        name = "cnn_layer" if given is None else underscored(given.words).removesuffix(".yaml").removesuffix(".cfg")
        if name not in SHAPES:
            assert given is not None
            message = f"the shape '{short(given.words)}' is not known here"
            advice = f"{hint(name, SHAPES, label='known')}; or describe the shape: dimensions, data_spaces"
            raise given.error(message, advice)
        given = parse(SHAPES[name], f"the shape {name}")
    if given.form is Form.MAPPING and any(underscored(key.words) == "flatten" for key, _ in given.pairs()):
        raise UnsupportedError("flattened dimensions are not supported", at=given.at)
    shape = fields(given, SHAPE_KEYS)
    for key in ("dimensions", "data_spaces"):
        if key not in shape:
            raise given.error(f"shape: the key '{key}' is missing", f"write '{key}: ...' here")
    return shape


def _extent(dim: str, entry: Entry, instance: Mapping[str, Entry], names: Names) -> int:
    if dim not in instance:
        raise entry.error(f"problem: dimension {short(dim)} has no bound", f"write '{short(dim)}: ...' in the instance")
    return integer(instance[dim], names, maximum=MAX_EXTENT)


def _coefficients(shape: Mapping[str, Entry], instance: Mapping[str, Entry], names: Names) -> dict[str, int]:
    found: dict[str, int] = {}
    for item in shape["coefficients"].items() if "coefficients" in shape else ():
        given = fields(item, ("name", "default"))
        if "name" not in given:
            raise item.error("a coefficient needs a name")
        name = given["name"].text()
        value = instance.get(name, instance.get(underscored(name), given.get("default")))
        found[name] = 1 if value is None else _coefficient(value, names)
    return found


def _coefficient(entry: Entry, names: Names) -> int:
    value = number(entry, names)
    if value.denominator != 1 or not 1 <= value <= MAX_EXTENT:
        message = f"{entry.label}: the coefficient '{short(entry.words)}' is not a whole number of at least 1"
        raise UnsupportedError(message, at=entry.at)
    return int(value)


def _refuse_sparse(instance: Mapping[str, Entry]) -> None:
    for key in ("densities", "commonDensity"):
        given = instance.get(key)
        if given is None or given.form is Form.NOTHING:
            continue
        for entry in [value for _, value in given.pairs()] if given.form is Form.MAPPING else [given]:
            if entry.form is not Form.TEXT or number(entry, {}) != 1:
                raise UnsupportedError(
                    "sparse data spaces are not supported: every density must be 1",
                    at=entry.at,
                    hint="remove it to count the dense problem",
                )


def _note_unused(instance: Mapping[str, Entry], used: tuple[str, ...], notes: Notes) -> None:
    known = {*used, "version", "shape", "instance", "name", "densities", "commonDensity"}
    spare = [key for key in instance if key not in known]
    refuse_misspelt("problem", {key: instance[key] for key in spare}, used)
    if spare:
        listed = ", ".join(short(key, 20) for key in spare[:20])
        notes.add(f"values of the problem that its projections do not use: {listed}")


def _tensor(space: Entry, dims: tuple[str, ...], coefficients: Mapping[str, int]) -> tuple[Tensor, bool]:
    given = fields(space, SPACE_KEYS)
    for key in ("name", "projection"):
        if key not in given:
            raise space.error(f"data space: the key '{key}' is missing")
    name = given["name"].text()
    projection = given["projection"]
    written = projection.form is Form.TEXT
    lists = _expression(projection) if written else [_terms(item) for item in projection.items()]
    ranks = tuple(_rank(terms, projection, dims, coefficients) for terms in lists)
    if not ranks:
        raise UnsupportedError(f"data space {short(name)} has no address: a single word", at=projection.at)
    used = [term.dim for rank in ranks for term in rank.terms]
    for dim in used:
        if used.count(dim) > 1:
            message = f"data space {short(name)} uses dimension {dim} twice in its projection"
            raise UnsupportedError(message, at=projection.at)
    weight = any(word in name.lower() for word in _WEIGHT_NAMES)
    kind = TensorKind.WEIGHT if weight else TensorKind.ACTIVATION
    return Tensor(name, ranks, kind=kind), "read_write" in given and truth(given["read_write"])


def _terms(item: Entry) -> list[tuple[str, ...]]:
    """One address: a dimension, or a list of [dimension] or [dimension, coefficient]."""
    if item.form is Form.TEXT:
        return [(item.text(),)]
    terms = []
    for term in item.items():
        parts = tuple(word for word, _ in words(term))
        if not 1 <= len(parts) <= 2:
            raise term.error("a term is [dimension] or [dimension, coefficient]")
        terms.append(parts)
    if not terms:
        raise item.error("an address needs at least one term")
    return terms


def _expression(entry: Entry) -> list[list[tuple[str, ...]]]:
    """Addresses in brackets: `[C] [R*Wdilation + P*Wstride]`."""
    text = entry.text()
    inner = re.findall(r"\[([^\[\]]*)\]", text)
    if re.sub(r"\[[^\[\]]*\]", "", text).strip(" ,") or not inner:
        raise entry.error(f"projection: cannot read '{short(text)}'", "write such as '[N] [C] [R + P*Wstride]'")
    found = []
    for address in inner:
        terms = [tuple(part.strip() for part in term.split("*")) for term in address.split("+")]
        for term in terms:
            if len(term) > 2 or any(re.fullmatch(r"\w+", part) is None for part in term):
                message = f"projection: '{short(address)}' is not a sum of dimension*coefficient"
                raise UnsupportedError(message, at=entry.at)
        found.append(terms)
    return found


def _rank(terms: list[tuple[str, ...]], entry: Entry, dims: tuple[str, ...], coefficients: Mapping[str, int]) -> Rank:
    found = []
    for term in terms:
        dim, *factor = reversed(term) if term[0] not in dims and term[-1] in dims else term
        if dim not in dims:
            message = f"projection: the problem has no dimension '{short(dim)}'"
            raise entry.error(message, hint(dim, dims, label="dimensions"))
        coefficient = 1
        if factor and factor[0] in coefficients:
            coefficient = coefficients[factor[0]]
        elif factor and re.fullmatch(r"[1-9]\d{0,8}", factor[0]):
            coefficient = int(factor[0])
        elif factor:
            message = f"projection: there is no coefficient '{short(factor[0])}'"
            raise entry.error(message, hint(factor[0], coefficients, label="coefficients"))
        found.append(Term(dim, coefficient))
    return Rank(tuple(found))
