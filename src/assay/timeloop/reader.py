"""Timeloop's files together: architecture, problem, mapping, energies and constraints as Assay's objects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from assay.errors import InputError, UnsupportedError
from assay.hardware.model import Fanout, Hardware
from assay.mapping.mapping import Mapping
from assay.reading.entries import Entry, Form, short
from assay.reading.suggestions import hint
from assay.timeloop.builder import build_hardware, check_energy_names, with_bits
from assay.timeloop.constraints import Directives, check_storages
from assay.timeloop.design import Notes, TimeloopDesign
from assay.timeloop.directives import collect, complete, listed
from assay.timeloop.energies import Energies, read_energies
from assay.timeloop.export import MappingForm
from assay.timeloop.mapping_reader import build_mapping
from assay.timeloop.meshes import read_flat, read_tree
from assay.timeloop.nodes import read_nodes
from assay.timeloop.parts import Architecture, Constraint, Spread, refuse_sparse
from assay.timeloop.problem import read_problem
from assay.timeloop.values import Names, environment
from assay.timeloop.yaml_files import fields, load_files
from assay.workload.einsum import Einsum

ARCHITECTURE_KEYS = ("architecture", "arch")
CONSTRAINT_KEYS = ("architecture_constraints", "arch_constraints", "mapspace_constraints", "mapspace", "constraints")
READ_KEYS = (*ARCHITECTURE_KEYS, "problem", "mapping", "ERT", "ERT_summary", *CONSTRAINT_KEYS, "variables")
IGNORED_KEYS = (
    *("mapper", "globals", "compound_components", "components", "ART", "ART_summary", "verbose", "model"),
    *("dumped_by_timeloop_front_end", "auto_bypass_on_failure", "out_prefix", "log_level", "version"),
)
REFUSED_KEYS = ("sparse_optimizations", "layout", "system", "template")
VERSIONS = ("0.2", "0.3", "0.4")

Found = dict[str, tuple[Entry, Entry]]


def read_timeloop(paths: Sequence[str | Path], *, with_mapping: bool = True) -> TimeloopDesign:
    """The design that Timeloop's files describe together, each part in any of them.

    Args:
        paths: YAML files with `architecture` (or `arch`), `problem`, `mapping`, `ERT` and constraints.
        with_mapping: False: as if the files had no mapping; the hardware then allows what the constraints allow.

    Raises:
        InputError: at file:line:column, for what is wrong in a file.
        UnsupportedError: at a construct that Assay cannot evaluate.
    """
    found = load_files([paths] if isinstance(paths, str | Path) else paths)
    _check_keys(found)
    if not with_mapping:
        found.pop("mapping", None)
    notes = Notes()
    names = _variables(found)
    einsum = read_problem(found["problem"][1], names, notes) if "problem" in found else None
    architecture = _architecture(found, names, notes)
    energies = _energies(found, architecture)
    if architecture is None:
        _refuse_alone(found, einsum)
        return TimeloopDesign(None, einsum, None, tuple(notes.texts))
    constraints = _constraints(found, architecture, einsum)
    directives: Directives | None = None
    mapping: Mapping | None = None
    entry = found["mapping"][1] if "mapping" in found else None
    if entry is not None and entry.parts:  # an empty one says nothing
        if einsum is None:
            raise entry.error("there is a mapping, but no problem", "give the file with 'problem:' too")
        directives = _mapping_directives(entry, architecture, einsum, constraints)
        mapping = build_mapping(architecture, einsum, directives, entry.at, notes)
    hardware = build_hardware(architecture, einsum, directives, constraints, energies, notes)
    if einsum is not None:
        einsum = with_bits(einsum, hardware.compute.bits)
    if einsum is not None and mapping is not None:
        hardware = _for_remainders(hardware, einsum, mapping, notes)
    return TimeloopDesign(hardware, einsum, mapping, tuple(notes.texts), tuple(notes.uncharged))


def mapping_form(paths: Sequence[str | Path]) -> MappingForm:
    """How a mapping for the architecture of these files is written. Raises as `read_timeloop` does."""
    found = load_files([paths] if isinstance(paths, str | Path) else paths)
    architecture = _architecture(found, _variables(found), Notes())
    if architecture is None:
        return MappingForm()
    targets = {part.name: part.targets[0] for part in architecture.parts if isinstance(part, Spread)}
    return MappingForm(architecture.nodes, targets)


def _for_remainders(hardware: Hardware, einsum: Einsum, mapping: Mapping, notes: Notes) -> Hardware:
    """Without the conventions that are counted for perfect factors only, if the mapping has others."""
    if all(mapping.factor(dim) == extent for dim, extent in einsum.dims):
        return hardware
    nodes = tuple(replace(node, links=False) if isinstance(node, Fanout) else node for node in hardware.nodes)
    notes.add(
        "factors leave remainders: counted without words passed on by neighbours (links), and with partial sums that"
        " come down to one child only (refill_all)"
    )
    return replace(hardware, nodes=nodes, counting=replace(hardware.counting, refill_all=False))


def _check_keys(found: Found) -> None:
    for name, (key, value) in found.items():
        if name in REFUSED_KEYS:
            if name == "sparse_optimizations":
                refuse_sparse(value)
            elif value.form is not Form.NOTHING:
                raise UnsupportedError(f"'{name}' is not supported", at=key.at)
        elif name not in READ_KEYS and name not in IGNORED_KEYS:
            message = f"unknown key '{short(name)}' at the top of a Timeloop file"
            raise key.error(message, hint(name, READ_KEYS))


def _variables(found: Found) -> Names:
    if "variables" not in found or found["variables"][1].form is Form.NOTHING:
        return {}
    return environment({}, fields(found["variables"][1]))


def _architecture(found: Found, names: Names, notes: Notes) -> Architecture | None:
    given = [found[key] for key in ARCHITECTURE_KEYS if key in found]
    if not given:
        return None
    if len(given) > 1:
        raise given[1][0].error("both 'architecture' and 'arch' are given", "give one of them")
    entry = given[0][1]
    keys = fields(entry)
    if "version" in keys and keys["version"].words not in VERSIONS:
        raise keys["version"].wrong_form(f"one of the versions {', '.join(VERSIONS)}")
    if "nodes" in keys:
        architecture = read_nodes(entry, names)
    elif "subtree" in keys:
        architecture = read_tree(entry, names, notes)
    elif "storage" in keys or "arithmetic" in keys:
        architecture = read_flat(entry, names)
    else:
        advice = hint(next(iter(keys), ""), ("nodes", "subtree", "arithmetic", "storage"), label="known")
        raise entry.error(f"{entry.label}: expected 'nodes', 'subtree', or 'arithmetic' and 'storage'", advice)
    check_storages(architecture)
    if architecture.cycle is None and "variables" in found and found["variables"][1].form is Form.MAPPING:
        cycle = fields(found["variables"][1]).get("global_cycle_seconds")
        if cycle is not None:
            return Architecture(
                architecture.parts, architecture.at, architecture.constraints, cycle, architecture.nodes
            )
    return architecture


def _energies(found: Found, architecture: Architecture | None) -> Energies | None:
    key = next((key for key in ("ERT", "ERT_summary") if key in found), None)
    if key is None or found[key][1].form is Form.NOTHING:
        return None
    energies = read_energies(found[key][1])
    if architecture is not None:
        try:
            check_energy_names(energies, architecture)
        except InputError as error:
            raise InputError(error.message, at=found[key][0].at, hint=error.hint) from None
    return energies if energies.tables else None


def _refuse_alone(found: Found, einsum: Einsum | None) -> None:
    """Without an architecture, a problem alone can be read; the rest would mean nothing."""
    for key in ("mapping", "ERT", "ERT_summary", *CONSTRAINT_KEYS):
        if key in found and (key == "mapping" or einsum is None):
            message = f"there is '{key}', but no architecture"
            raise found[key][0].error(message, "give the file with 'architecture:' too")
    if einsum is None:
        key_entry = next(iter(found.values()))[0] if found else None
        if key_entry is None:
            raise InputError("the files hold nothing")
        raise key_entry.error("the files have neither an architecture nor a problem", hint("", READ_KEYS))


def _constraints(found: Found, architecture: Architecture, einsum: Einsum | None) -> Directives:
    given = list(architecture.constraints)
    for key in CONSTRAINT_KEYS:
        if key in found:
            given += listed(found[key][1])
    return collect(architecture, given, einsum, mapping=False)


def _mapping_directives(
    entry: Entry, architecture: Architecture, einsum: Einsum, constraints: Directives
) -> Directives:
    """The directives of the mapping; with `nodes`, what they leave open is what the architecture's constraints say."""
    if entry.form is Form.MAPPING:
        raise UnsupportedError("a mapping must be a list of directives; fused mappings are not supported", at=entry.at)
    directives = collect(architecture, [Constraint(item) for item in entry.items()], einsum, mapping=True)
    if architecture.nodes:
        for key, constraint in constraints.items():
            directives[key] = complete(directives[key], constraint) if key in directives else constraint
    return directives
