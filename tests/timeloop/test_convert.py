"""A converted architecture reads back as the same hardware, in the words of hardware files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from assay.errors import UnsupportedError
from assay.hardware.model import Axis, Fanout, Hardware, Memory, Node
from assay.hardware.reader import parse_hardware
from assay.timeloop import hardware_yaml
from tests.timeloop.samples import ENERGIES, FLAT, MAPPING, NODES, NODES_MAPPING, PROBLEM, TREE, V04_PROBLEM, design

TENSORS = {"Weights": "filter", "Inputs": "ifmap", "Outputs": "ofmap"}
DIMS = {"K": "M"}


def renamed(hardware: Hardware) -> Hardware:
    """The hardware in the words of hardware files, without memories that keep nothing."""

    def dims(names: tuple[str, ...] | None) -> tuple[str, ...] | None:
        return None if names is None else tuple(DIMS.get(name, name) for name in names)

    def limits(spot: Memory | Axis) -> dict[str, Any]:
        bounds = {
            key: tuple((DIMS.get(dim, dim), bound) for dim, bound in found)
            for key, found in (("factors", spot.factors), ("max_factors", spot.max_factors))
        }
        return {**bounds, "order": dims(spot.order)}

    nodes: list[Node] = []
    for node in hardware.nodes:
        if isinstance(node, Memory):
            keep, may_keep = (tuple(TENSORS[name] for name in names) for names in (node.keep, node.may_keep))
            if keep or may_keep:
                nodes.append(replace(node, keep=keep, may_keep=may_keep, loops=dims(node.loops), **limits(node)))
        elif isinstance(node, Fanout):
            axes = tuple(replace(axis, dims=dims(axis.dims), **limits(axis)) for axis in node.axes)
            nodes.append(replace(node, axes=axes))
        else:
            nodes.append(node)
    return replace(hardware, nodes=tuple(nodes))


@pytest.mark.parametrize(
    "texts",
    [
        (FLAT,),
        (FLAT, PROBLEM),
        (FLAT, PROBLEM, MAPPING, ENERGIES),
        (TREE, PROBLEM),
        (NODES, V04_PROBLEM),
        (NODES, V04_PROBLEM, NODES_MAPPING),
        (NODES,),
        (FLAT, ENERGIES.replace("energy: 1.5", "energy: 0.1234567890123")),
    ],
)
def test_reads_back(tmp_path: Path, texts: tuple[str, ...]) -> None:
    read = design(tmp_path, *texts)
    assert read.hardware is not None
    assert parse_hardware(hardware_yaml(read)) == renamed(read.hardware)


def test_says_where_it_is_from_and_what_was_left_out(tmp_path: Path) -> None:
    lines = hardware_yaml(design(tmp_path, TREE, PROBLEM)).splitlines()
    assert lines[0] == f"# Converted from Timeloop: {tmp_path / '0.yaml'}"
    assert "# - network energy (hops, wires, routers) is not modelled" in lines
    assert "  # Column keeps nothing and is left out" in lines


def test_dimensions_are_named_by_their_roles(tmp_path: Path) -> None:
    """A problem with letters of its own: a stride of 1 along x with filter y, a batch b, outputs o, inputs i."""
    problem = """\
problem:
  shape:
    dimensions: [b, o, i, x, y]
    data_spaces:
    - {name: A, projection: "[b] [i] [x + y]"}
    - {name: B, projection: "[o] [i] [y]"}
    - {name: Z, projection: "[b] [o] [x]", read_write: true}
  instance: {b: 2, o: 2, i: 2, x: 2, y: 2}
"""
    constraints = """\
constraints:
- {target: Buf, type: spatial, factors: b=1, permutation: "o,x,i,y", split: 2}
- {target: RF, type: temporal, factors: o=1}
"""
    text = hardware_yaml(design(tmp_path, FLAT, problem, constraints))
    assert "X: {size: 4, dims: [M, P], order: [P, M]}" in text
    assert "Y: {size: 2, dims: [C, R], order: [R, C]}" in text
    assert "loops: [N, C, P, R]" in text


def test_more_roles_than_names(tmp_path: Path) -> None:
    problem = """\
problem:
  shape:
    dimensions: [a, b, c]
    data_spaces:
    - {name: A, projection: "[a]"}
    - {name: B, projection: "[a] [b] [c]"}
    - {name: Z, projection: "[b] [c]", read_write: true}
  instance: {a: 2, b: 2, c: 2}
"""
    constraints = "constraints: [{target: RF, type: temporal, factors: a=1}]\n"
    with pytest.raises(UnsupportedError, match="no name is left in a hardware file for dimension c of the problem"):
        hardware_yaml(design(tmp_path, FLAT, problem, constraints))
    assert "hardware/1" in hardware_yaml(design(tmp_path, FLAT, problem))


def test_a_problem_alone_is_no_hardware(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedError, match="there is no architecture to convert"):
        hardware_yaml(design(tmp_path, PROBLEM))


def test_what_a_hardware_file_cannot_say(tmp_path: Path) -> None:
    text = FLAT.replace("entries: 64", "entries: 1")
    with pytest.raises(UnsupportedError, match="memory 'RF' holds 16 b, less than one access of 32 b"):
        hardware_yaml(design(tmp_path, text))
