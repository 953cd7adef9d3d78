"""Timeloop's files become the hardware, the einsum and the mapping that they describe."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay.hardware.model import Axis, Bandwidth, Compute, Counting, Fanout, Halo, Hardware, Memory, Multicast
from assay.mapping.analysis import analyse
from assay.mapping.counts import Action
from assay.mapping.mapping import Level, Loop
from assay.timeloop import TimeloopDesign, read_timeloop
from assay.workload.einsum import Einsum, Rank, Tensor, TensorKind, Term
from tests.timeloop.samples import (
    ENERGIES,
    FLAT,
    MAPPING,
    NODES,
    NODES_MAPPING,
    PROBLEM,
    TREE,
    V04_PROBLEM,
    design,
)

GOLDENS = Path(__file__).parent / "goldens"


def hardware_of(read: TimeloopDesign) -> Hardware:
    assert read.hardware is not None
    return read.hardware


def einsum_of(read: TimeloopDesign) -> Einsum:
    assert read.einsum is not None
    return read.einsum


def levels_of(read: TimeloopDesign) -> dict[str, Level]:
    assert read.mapping is not None
    return {level.node: level for level in read.mapping.levels}


def memory(hardware: Hardware, name: str) -> Memory:
    return next(each for each in hardware.memories if each.name == name)


class TestFlat:
    def test_hardware(self, tmp_path: Path) -> None:
        hardware = hardware_of(design(tmp_path, FLAT, PROBLEM, MAPPING, ENERGIES))
        every = ("Weights", "Inputs", "Outputs")
        assert hardware.nodes == (
            Memory("DRAM", None, 0, 16, every, (), 200e-12, 201e-12, 201e-12, offchip=True),
            Memory("Buf", 16000, 8000, 16, every, (), 7e-12, 8e-12, 8e-12, Bandwidth(128, None, 8)),
            Fanout("Buf_to_RF", (Axis("X", 4), Axis("Y", 2)), Multicast.TILE, True, None, 16),  # no links: remainders
            Memory("RF", 64 * 16, 0, 32, ("Weights", "Outputs"), (), 1e-12, 2e-12, 3e-12),
            Compute("MAC", 1.5e-12, 16),
        )
        assert hardware.counting == Counting(halo=Halo.BOX, whole_accesses=True)
        assert hardware.clock == 1e9
        assert hardware.energy_source == f"Timeloop ERT in {tmp_path / '3.yaml'}"

    def test_mapping(self, tmp_path: Path) -> None:
        read = design(tmp_path, FLAT, PROBLEM, MAPPING)
        every = ("Weights", "Inputs", "Outputs")
        assert levels_of(read) == {
            "DRAM": Level("DRAM", (Loop("P", 3),), every),
            "Buf": Level("Buf", (Loop("K", 2), Loop("P", 4)), every),
            "Buf_to_RF": Level("Buf_to_RF", (Loop("C", 2, "Y"), Loop("K", 4, "X"))),
            "RF": Level("RF", (Loop("C", 2), Loop("R", 3)), ("Weights", "Outputs")),
        }

    def test_einsum(self, tmp_path: Path) -> None:
        def rank(*terms: tuple[str, int]) -> Rank:
            return Rank(tuple(Term(*term) for term in terms))

        assert einsum_of(design(tmp_path, PROBLEM)) == Einsum(
            (("C", 4), ("K", 8), ("R", 3), ("P", 10)),
            (
                Tensor("Weights", (rank(("C", 1)), rank(("K", 1)), rank(("R", 1))), kind=TensorKind.WEIGHT),
                Tensor("Inputs", (rank(("C", 1)), rank(("R", 1), ("P", 2)))),
            ),
            Tensor("Outputs", (rank(("K", 1)), rank(("P", 1)))),
        )

    def test_counts(self, tmp_path: Path) -> None:
        """By hand: 4*8*3 weights go down once per iteration of P above Buf, 3; 8*10 outputs come up once."""
        read = design(tmp_path, FLAT, PROBLEM, MAPPING.replace("P=4,2", "P=10").replace("factors: P3", "factors: P1"))
        assert read.mapping is not None
        analysis = analyse(einsum_of(read), hardware_of(read), read.mapping)
        assert analysis.count("DRAM", "Weights", Action.READ) == 4 * 8 * 3
        assert analysis.count("DRAM", "Outputs", Action.UPDATE) == 8 * 10

    def test_without_mapping_memories_may_keep_everything(self, tmp_path: Path) -> None:
        hardware = hardware_of(design(tmp_path, FLAT, PROBLEM))
        every = ("Weights", "Inputs", "Outputs")
        assert [(each.keep, each.may_keep) for each in hardware.memories] == [(every, ()), ((), every), ((), every)]

    def test_words_of_different_widths_count_as_those_of_the_outermost(self, tmp_path: Path) -> None:
        text = FLAT.replace("word_bits: 16\n    entries: 64", "word_bits: 24\n    entries: 64")
        read = design(tmp_path, text, PROBLEM)
        rf = memory(hardware_of(read), "RF")
        assert (rf.size, rf.width) == (64 * 16, 2 * 16)
        assert {tensor.bits for tensor in einsum_of(read).tensors} == {16}
        assert any("RF 24" in note for note in read.notes)

    @pytest.mark.parametrize(
        ("size", "words", "block"),
        [
            ("entries: 64", 64, 1),
            ("depth: 8, width: 64", 32, 4),
            ("depth: 8, width: 64, block_size: 2", 16, 2),
            ("depth: 8, width: 64, cluster_size: 2", 16, 2),
            ("sizeKB: 1", 512, 1),
            ("sizeKB: 1, n_words: 4", 512, 4),
        ],
    )
    def test_ways_to_give_a_size(self, tmp_path: Path, size: str, words: int, block: int) -> None:
        buffer = f"{{name: Buf, instances: 1, datawidth: 16, {size}}}"
        text = (
            "arch:\n  arithmetic: {instances: 1}\n"
            f"  storage: [{buffer}, {{name: DRAM, instances: 1, technology: DRAM}}]\n"
        )
        buf = memory(hardware_of(design(tmp_path, text)), "Buf")
        assert (buf.size, buf.width) == (words * 16, block * 16)

    def test_constraints_shape_axes_and_loops(self, tmp_path: Path) -> None:
        constraints = """\
architecture_constraints:
  targets:
  - {target: Buf, type: spatial, factors: R1 P1, permutation: KCRP, split: 1,
     no_link_transfer: [Weights, Inputs, Outputs]}
  - {target: RF, type: temporal, factors: C1 K<=4, permutation: RKP}
  - {target: RF, type: bypass, bypass: [Inputs], keep: [Weights]}
  - {type: utilization, target: MAC, min: 0.5}
"""
        read = design(tmp_path, FLAT, PROBLEM, constraints)
        hardware = hardware_of(read)
        assert hardware.fanouts[0].axes == (Axis("X", 4, ("K",)), Axis("Y", 2, ("C",)))
        assert not hardware.fanouts[0].links
        assert hardware.fanouts[0].min_utilization == 0.5
        rf = memory(hardware, "RF")
        assert (rf.keep, rf.may_keep, rf.loops) == (("Weights",), ("Outputs",), ("K", "R", "P"))
        assert (rf.factors, rf.max_factors, rf.order) == ((), (("K", 4),), ("P", "K", "R"))
        assert not [note for note in read.notes if "no effect" in note or "constrain" in note]


class TestTree:
    def test_hardware(self, tmp_path: Path) -> None:
        read = design(tmp_path, TREE, PROBLEM)
        hardware = hardware_of(read)
        names = ["DRAM", "Buf", "Buf_to_Column", "Column", "Column_to_RF", "RF", "mac"]
        assert [node.name for node in hardware.nodes] == names
        assert [fanout.axes for fanout in hardware.fanouts] == [(Axis("X", 4),), (Axis("Y", 2),)]
        assert memory(hardware, "Column").may_keep == ()
        assert memory(hardware, "DRAM").width == 64
        assert memory(hardware, "Buf").size == 512 * 64
        assert hardware.clock == 5e8
        assert read.notes[-1] == "attributes without effect here: n_banks"

    def test_mapping_through_a_level_that_keeps_nothing(self, tmp_path: Path) -> None:
        mapping = MAPPING.replace("factors: K4 C2", "factors: K4").replace("R3 C2", "R3 C4")
        column = "- {target: Column, type: spatial, factors: C1 P2, split: 0}\n"
        read = design(tmp_path, TREE, PROBLEM, mapping.replace("P=4,2", "P=5").replace("P3", "P1") + column)
        levels = levels_of(read)
        assert levels["Buf_to_Column"].loops == (Loop("K", 4, "X"),)
        assert levels["Column_to_RF"].loops == (Loop("P", 2, "Y"),)
        assert levels["Column"].keep == ()


class TestNodes:
    def test_hardware(self, tmp_path: Path) -> None:
        read = design(tmp_path, NODES, V04_PROBLEM)
        hardware = hardware_of(read)
        assert [node.name for node in hardware.nodes] == ["DRAM", "Buf", "PE", "wspad", "ospad", "mac"]
        assert hardware.fanouts[0].axes == (Axis("X", 4, ("K",), max_factors=(("K", 4),)), Axis("Y", 2, ("C",)))
        buf, wspad, ospad = (memory(hardware, name) for name in ("Buf", "wspad", "ospad"))
        assert (buf.size, buf.width, buf.keep, buf.may_keep) == (512 * 32, 32, ("Inputs",), ("Outputs",))
        assert buf.loops == ("C", "K", "P")
        assert (wspad.size, wspad.keep, wspad.may_keep) == (64 * 8, ("Weights",), ())
        assert (ospad.keep, ospad.may_keep, ospad.loops) == (("Outputs",), (), ())
        assert hardware.compute.bits == 8

    def test_mapping_is_completed_by_constraints(self, tmp_path: Path) -> None:
        levels = levels_of(design(tmp_path, NODES, V04_PROBLEM, NODES_MAPPING))
        assert levels["PE"].loops == (Loop("C", 2, "Y"), Loop("K", 4, "X"))
        assert levels["Buf"].keep == ("Inputs", "Outputs")
        assert levels["wspad"].keep == ("Weights",)
        assert levels["ospad"].keep == ("Outputs",)

    def test_names_of_the_front_end(self, tmp_path: Path) -> None:
        mapping = NODES_MAPPING.replace("target: PE", "target: inter_PE_spatial")
        nothing = "- {target: inter_PE_spatial, type: temporal, factors: C1 K1}\n"
        nothing += "- {target: inter_PE_spatial, type: datatype, keep: [], bypass: [Weights, Inputs, Outputs]}\n"
        plain = levels_of(design(tmp_path, NODES, V04_PROBLEM, NODES_MAPPING))
        assert levels_of(design(tmp_path, NODES, V04_PROBLEM, mapping + nothing)) == plain

    def test_a_component_may_fan_out(self, tmp_path: Path) -> None:
        text = NODES.replace("    name: mac\n", "    name: mac\n    spatial: {meshX: BITS / 4}\n")
        hardware = hardware_of(design(tmp_path, text, V04_PROBLEM))
        assert hardware.fanouts[1].name == "ospad_to_mac"
        assert hardware.pes == 16


class TestProblem:
    @pytest.mark.parametrize("key", ["data-spaces", "data_spaces"])
    def test_projections_as_text(self, tmp_path: Path, key: str) -> None:
        text = f"""\
problem:
  shape:
    name: conv
    dimensions: [C, K, R, P]
    coefficients: [{{name: Wstride}}]
    {key}:
    - {{name: Weights, projection: "[C] [K] [R]"}}
    - {{name: Inputs, projection: "[C] [R + P*Wstride]"}}
    - {{name: Outputs, projection: [K, P], read-write: True}}
  C: 4
  K: 8
  R: 3
  P: 10
  Wstride: 2
"""
        assert einsum_of(design(tmp_path, text)) == einsum_of(design(tmp_path, PROBLEM))

    @pytest.mark.parametrize("shape", ["  shape: cnn-layer\n", "  shape: cnn_layer.yaml\n", ""])
    def test_known_shape(self, tmp_path: Path, shape: str) -> None:
        bounds = "  C: 2\n  K: 3\n  R: 3\n  S: 1\n  N: 1\n  P: 4\n  Q: 5\n  Hstride: 3\n"
        text = f"problem:\n{shape}{bounds}"
        einsum = einsum_of(design(tmp_path, text))
        assert einsum.extents == {"R": 3, "S": 1, "P": 4, "Q": 5, "C": 2, "K": 3, "N": 1}
        assert einsum.tensor("Inputs").ranks[3] == Rank((Term("S"), Term("Q", 3)))

    def test_unused_values_are_noted(self, tmp_path: Path) -> None:
        read = design(tmp_path, PROBLEM.replace("Wstride: 2}", "Wstride: 2, Hpad: 1, densities: {Inputs: 1.0}}"))
        assert read.notes == ("values of the problem that its projections do not use: Hpad",)


class TestMapping:
    @pytest.mark.parametrize(
        "factors", ["K4 C2", "K=4 C=2", "K=4,C=2", "K=4, C=2 # all", "[K=4, C=2]", "[K4, C2]", "K 4 C 2", "R1K4C2"]
    )
    def test_factors(self, tmp_path: Path, factors: str) -> None:
        text = MAPPING.replace("factors: K4 C2", f"factors: {factors}")
        assert levels_of(design(tmp_path, FLAT, PROBLEM, text)) == levels_of(design(tmp_path, FLAT, PROBLEM, MAPPING))

    @pytest.mark.parametrize("permutation", ["KCRP", "K C R P", "K,C,R,P", "[K, C, R, P]", "K"])
    def test_permutations(self, tmp_path: Path, permutation: str) -> None:
        text = MAPPING.replace("permutation: KCRP", f"permutation: {permutation}")
        assert levels_of(design(tmp_path, FLAT, PROBLEM, text)) == levels_of(design(tmp_path, FLAT, PROBLEM, MAPPING))

    def test_zero_is_the_whole_dimension(self, tmp_path: Path) -> None:
        text = MAPPING.replace("P=4,2", "P0").replace("P3", "P1")
        assert levels_of(design(tmp_path, FLAT, PROBLEM, text))["Buf"].loops == (Loop("K", 2), Loop("P", 10))

    def test_all_lies_along_x_unless_split(self, tmp_path: Path) -> None:
        text = MAPPING.replace("K4 C2", "K4").replace("  split: 1\n", "").replace("R3 C2", "R3 C4")
        assert levels_of(design(tmp_path, FLAT, PROBLEM, text))["Buf_to_RF"].loops == (Loop("K", 4, "X"),)

    def test_levels_by_number(self, tmp_path: Path) -> None:
        text = MAPPING.replace("target: RF", "target: 0").replace("target: DRAM", "target: 2")
        assert levels_of(design(tmp_path, FLAT, PROBLEM, text)) == levels_of(design(tmp_path, FLAT, PROBLEM, MAPPING))

    def test_energies_of_a_summary(self, tmp_path: Path) -> None:
        summary = ENERGIES.replace("ERT:", "ERT_summary:").replace("tables:", "table_summary:")
        assert hardware_of(design(tmp_path, FLAT, summary)).compute.energy == 1.5e-12

    def test_paths_may_be_texts(self, tmp_path: Path) -> None:
        design(tmp_path, FLAT + PROBLEM)
        assert read_timeloop([str(tmp_path / "0.yaml")]).einsum is not None


def test_remainders_go_without_links_and_refills_of_every_child(tmp_path: Path) -> None:
    text = (GOLDENS / "g09_pointwise_4x4_KC" / "input.yaml").read_text(encoding="utf-8")
    text = text.replace("K: 32", "K: 31").replace("K4 R1", "K4,3 R1")
    (tmp_path / "remainder.yaml").write_text(text, encoding="utf-8")
    design = read_timeloop([tmp_path / "remainder.yaml"])
    assert design.hardware is not None
    assert not design.hardware.counting.refill_all
    assert not any(fanout.links for fanout in design.hardware.fanouts)
    assert any("factors leave remainders" in note for note in design.notes)
