"""Timeloop's constraints become those of the hardware, exactly; what cannot is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from assay.errors import AssayError
from assay.hardware import ALL, Axis, parse_hardware
from assay.timeloop import TimeloopDesign, hardware_yaml, read_timeloop
from tests.timeloop.samples import FLAT, PROBLEM, design

CHIPS = Path(__file__).parent / "chips"


def chip(name: str) -> TimeloopDesign:
    return read_timeloop([CHIPS / f"{name}.yaml", CHIPS / "alexnet_conv3.yaml"])


def constrained(read: TimeloopDesign) -> dict[str, Any]:
    """What is kept, iterated and ordered at each memory; the axes of each fanout."""
    assert read.hardware is not None
    found: dict[str, Any] = {
        memory.name: (memory.keep, memory.may_keep, memory.loops, memory.factors, memory.max_factors, memory.order)
        for memory in read.hardware.memories
    }
    return found | {fanout.name: fanout.axes for fanout in read.hardware.fanouts}


WEIGHTS, INPUTS, OUTPUTS = ("Weights",), ("Inputs",), ("Outputs",)


def test_eyeriss() -> None:
    read = chip("eyeriss_256")
    everything = ("Weights", "Inputs", "Outputs")
    assert constrained(read) == {
        "DRAM": (everything, (), ("C", "K", "N", "Q"), (), (), ("Q", "N", "K", "C")),
        "GlobalBuffer": (("Inputs", "Outputs"), (), ("K", "N", "P"), (("P", ALL),), (), ("K", "N", "P")),
        "GlobalBuffer_to_DummyBuffer": (Axis("X", 16, ("Q", "K"), order=("K", "Q")),),
        "DummyBuffer": ((), (), (), (), (), ()),
        "DummyBuffer_to_InputRegFile": (Axis("Y", 16, ("S", "C", "K"), factors=(("S", ALL),), order=("K", "C", "S")),),
        "InputRegFile": (INPUTS, (), (), (), (), ()),
        "WeightRegFile": (WEIGHTS, (), ("C", "R"), (("R", ALL),), (), ("R", "C")),
        "PsumRegFile": (OUTPUTS, (), ("K",), (), (), ()),
    }
    assert not [note for note in read.notes if "effect" in note or "constrain" in note]


def test_simba() -> None:
    read = chip("simba_chip")
    everything = ("Weights", "Inputs", "Outputs")
    assert constrained(read) == {
        "DRAM": (everything, (), ("C", "K", "N", "P", "Q"), (), (), ()),
        "GlobalBuffer": (("Inputs", "Outputs"), (), ("P", "Q"), (), (), ()),
        "GlobalBuffer_to_InputBuffer": (Axis("X", 16, ("C", "K"), order=("C", "K")),),
        "InputBuffer": (INPUTS, (), (), (), (), ()),
        "InputBuffer_to_WeightBuffer": (Axis("Y", 8, ("K",)),),
        "WeightBuffer": (WEIGHTS, (), ("C", "R", "S"), (), (), ()),
        "AccumulationBuffer": (OUTPUTS, (), ("K",), (), (), ()),
        "AccumulationBuffer_to_Registers": (Axis("Y", 8, ("C",)),),
        "Registers": (WEIGHTS, (), ("P", "Q"), (), (), ()),
    }
    assert not [note for note in read.notes if "effect" in note or "constrain" in note]


@pytest.mark.parametrize("name", ["eyeriss_256", "simba_chip"])
def test_groups_are_free_where_anything_is_if_the_problem_is_not_known(name: str) -> None:
    with_problem, alone = chip(name), read_timeloop([CHIPS / f"{name}.yaml"])
    assert with_problem.hardware is not None
    assert alone.hardware is not None
    for known, free in zip(with_problem.hardware.memories, alone.hardware.memories, strict=True):
        assert free.loops == ((*known.loops, "G") if known.loops else known.loops)
    assert parse_hardware(hardware_yaml(alone)).pes == alone.hardware.pes


def given(tmp_path: Path, *targets: str, problem: str = PROBLEM) -> TimeloopDesign:
    lines = "".join(f"- {{{target}}}\n" for target in targets)
    return design(tmp_path, FLAT, problem, "mapspace_constraints:\n" + lines)


def test_factors(tmp_path: Path) -> None:
    read = given(tmp_path, "target: RF, type: temporal, factors: C=2 K<=4 R0 P<2, permutation: C")
    assert read.hardware is not None
    rf = read.hardware.memories[2]
    assert (rf.loops, rf.factors, rf.max_factors) == (("C", "K", "R"), (("C", 2), ("R", ALL)), (("K", 4),))
    assert rf.order == ("C",)  # Timeloop: what is not listed lies outside
    free = given(tmp_path, "target: RF, type: temporal, factors: C>=1 K<5")
    assert free.hardware is not None
    assert free.hardware.memories[2].max_factors == (("K", 4),)
    assert free.hardware.memories[2].loops is None


def test_axes(tmp_path: Path) -> None:
    read = given(tmp_path, "target: Buf, type: spatial, factors: K=4 C<=2, permutation: KRCP, split: 2")
    assert read.hardware is not None
    assert read.hardware.fanouts[0].axes == (
        Axis("X", 4, ("K", "R"), factors=(("K", 4),), order=("R", "K")),
        Axis("Y", 2, ("C", "P"), max_factors=(("C", 2),), order=("P", "C")),
    )


def test_a_permutation_without_a_split(tmp_path: Path) -> None:
    read = given(tmp_path, "target: Buf, type: spatial, factors: R=1, permutation: KCP")
    assert read.hardware is not None
    assert [axis.order for axis in read.hardware.fanouts[0].axes] == [("P", "C", "K")] * 2
    place = tmp_path / "2.yaml"
    note = f"any dimension may lie along X or Y at Buf: the permutation has no 'split' ({place}:2:3)"
    assert note in read.notes


def test_a_constraint_has_no_last_round(tmp_path: Path) -> None:
    read = given(tmp_path, 'target: RF, type: temporal, factors: "P4,2"')
    assert read.hardware is not None
    assert read.hardware.memories[2].factors == (("P", 4),)
    assert any("a constraint has no last round: P=4 counts at RF" in note for note in read.notes)


@pytest.mark.parametrize("kind", ["utilization", "parallelism"])
def test_least_parallelism(tmp_path: Path, kind: str) -> None:
    read = given(tmp_path, f"type: {kind}, target: RF, min: 0.75")
    assert read.hardware is not None
    assert read.hardware.fanouts[0].min_utilization == 0.75
    assert "min_utilization: 0.75" in hardware_yaml(read)
    nothing = given(tmp_path, f"type: {kind}, target: RF, min: 0")
    assert nothing.hardware is not None
    assert nothing.hardware.fanouts[0].min_utilization == 0


def test_what_is_constrained_reads_back(tmp_path: Path) -> None:
    read = given(
        tmp_path,
        "target: Buf, type: spatial, factors: K0 C<=2, permutation: KRCP, split: 2",
        "target: RF, type: temporal, factors: C=2 R<=3, permutation: CRP",
    )
    text = hardware_yaml(read)
    assert "X: {size: 4, dims: [M, R], factors: {M: all}, order: [R, M]}" in text
    assert "Y: {size: 2, dims: [C, P], max_factors: {C: 2}, order: [P, C]}" in text
    assert "    factors: {C: 2}\n    max_factors: {R: 3}\n    order: [P, R, C]\n" in text
    again = parse_hardware(text)
    assert again.memories[2].order == ("P", "R", "C")
    assert again.fanouts[0].axes[0].factors == (("M", ALL),)


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (
            "target: RF, type: temporal, factors: K>=4",
            "2:41: a least factor (K>=4 at RF) is not supported\n  hint: write '=' or '<='",
        ),
        ("target: RF, type: temporal, factors: K>1", "2:41: a least factor (K>1 at RF) is not supported"),
        ("target: RF, type: temporal, factors: K<1", "2:41: RF: K<1 leaves no factor; it is at least 1"),
        (
            "target: Buf, type: spatial, factors: K=4",
            "2:41: Buf: whether K=4 lies along X or Y is not given\n"
            "  hint: add 'permutation' and 'split', the number of dimensions on X",
        ),
        ("type: parallelism, target: RF, min: 1.5", "2:40: min: expected a share from 0 to 1, found '1.5'"),
    ],
)
def test_refused(tmp_path: Path, target: str, expected: str) -> None:
    with pytest.raises(AssayError) as caught:
        given(tmp_path, target)
    assert str(caught.value).replace(f"{tmp_path / '2.yaml'}:", "").startswith(expected)


def test_a_factor_along_an_axis_that_is_not_there(tmp_path: Path) -> None:
    row = FLAT.replace("instances: 8\n    meshX: 4", "instances: 8\n    meshX: 8").replace("meshX: 4, w", "meshX: 8, w")
    constraint = "constraints: [{target: Buf, type: spatial, factors: C=2 K=4, permutation: KCRP, split: 1}]\n"
    with pytest.raises(AssayError) as caught:
        design(tmp_path, row, PROBLEM, constraint)
    said = str(caught.value).replace(f"{tmp_path / '2.yaml'}:", "")
    assert said == (
        "1:53: Buf: C=2 has no place: by the split it lies along Y, which is 1\n"
        "  hint: see 'split' and the mesh of the level inside"
    )
    shorter = PROBLEM.replace("C: 4", "C: 1")
    assert design(tmp_path, row, shorter, constraint).hardware is not None


def test_parallelism_over_several_fanouts(tmp_path: Path) -> None:
    text = (CHIPS / "simba_chip.yaml").read_text(encoding="utf-8")
    text = text.replace("  targets:\n", "  targets:\n  - {type: parallelism, target: Registers, min: 0.5}\n")
    with pytest.raises(AssayError, match=r"the constraint 'parallelism' with several fanouts \(GlobalBuffer_to_Inp"):
        design(tmp_path, text)
