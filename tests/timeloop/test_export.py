"""A mapping written for Timeloop is read back with the same files as a mapping that counts the same."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from assay.errors import UnsupportedError
from assay.hardware.model import Axis, Fanout
from assay.mapping.analysis import analyse
from assay.mapping.latency import time_layer
from assay.mapping.mapping import Level, Loop, Mapping
from assay.timeloop import MappingForm, TimeloopDesign, mapping_form, read_timeloop, timeloop_mapping
from tests.evaluation.small import ARRAY, CHIP, LAYER, MAPPING, chip
from tests.timeloop.samples import FLAT, NODES, NODES_MAPPING, PROBLEM, TREE, V04_PROBLEM
from tests.timeloop.samples import MAPPING as FLAT_MAPPING

GOLDENS = Path(__file__).parent / "goldens"

TREE_MAPPING = """\
mapping:
- {target: RF, type: temporal, factors: C4 R3, permutation: RC}
- {target: Column, type: spatial, factors: K2, split: 0}
- {target: Buf, type: spatial, factors: "P=4,2", split: 4}
- {target: Buf, type: temporal, factors: "K4 P=2,1"}
- {target: DRAM, type: temporal, factors: "P=2"}
"""


def written(folder: Path, *texts: str) -> list[Path]:
    """The texts as files."""
    paths = [folder / f"{index}.yaml" for index in range(len(texts))]
    for path, text in zip(paths, texts, strict=True):
        path.write_text(text, encoding="utf-8")
    return paths


def counted(design: TimeloopDesign) -> tuple[object, object]:
    """Everything that is counted."""
    assert design.einsum is not None
    assert design.hardware is not None
    assert design.mapping is not None
    analysis = analyse(design.einsum, design.hardware, design.mapping)
    return analysis, time_layer(design.einsum, design.hardware, design.mapping, analysis)


def there_and_back(paths: list[Path], others: list[Path], folder: Path) -> str:
    """Read everything, write the mapping, read that with the `others`; the counts must be equal."""
    design = read_timeloop(paths)
    assert design.einsum is not None
    assert design.hardware is not None
    assert design.mapping is not None
    text = timeloop_mapping(design.einsum, design.hardware, design.mapping, mapping_form(others))
    path = folder / "back.yaml"
    path.write_text(text, encoding="utf-8")
    back = read_timeloop([*others, path])
    assert counted(back) == counted(design)
    assert back.einsum == design.einsum
    assert back.hardware is not None  # but for its name, which is that of the file
    assert (back.hardware.nodes, back.hardware.counting) == (design.hardware.nodes, design.hardware.counting)
    return text


@pytest.mark.parametrize(
    ("architecture", "problem", "mapping"),
    [
        (FLAT, PROBLEM, FLAT_MAPPING),
        (TREE, PROBLEM, TREE_MAPPING),
        (NODES, V04_PROBLEM, NODES_MAPPING),
    ],
)
def test_every_form_reads_back(tmp_path: Path, architecture: str, problem: str, mapping: str) -> None:
    paths = written(tmp_path, architecture, problem, mapping)
    there_and_back(paths, paths[:2], tmp_path)


@pytest.mark.parametrize("folder", sorted(path.name for path in GOLDENS.iterdir() if path.is_dir()))
def test_what_timeloop_was_given_reads_back(tmp_path: Path, folder: str) -> None:
    paths = sorted((GOLDENS / folder).glob("*.yaml"))
    others = []
    for index, path in enumerate(paths):
        others.append(tmp_path / f"{index}.yaml")
        others[-1].write_text(_without_mapping(path.read_text()), encoding="utf-8")
    there_and_back(paths, [path for path in others if path.read_text().strip()], tmp_path)


def _without_mapping(text: str) -> str:
    """The file without the section `mapping`."""
    rest = {key: value for key, value in yaml.safe_load(text).items() if key != "mapping"}
    return yaml.safe_dump(rest, sort_keys=False) if rest else ""


def test_text_for_the_model(tmp_path: Path) -> None:
    paths = written(tmp_path, FLAT, PROBLEM, FLAT_MAPPING)
    assert there_and_back(paths, paths[:2], tmp_path) == (
        """\
mapping:
- target: DRAM
  type: temporal
  factors: P=3 C=1 K=1 R=1
  permutation: PCKR
- target: DRAM
  type: datatype
  keep: [Weights, Inputs, Outputs]
  bypass: []
- target: Buf
  type: temporal
  factors: P=4,2 K=2 C=1 R=1
  permutation: PKCR
- target: Buf
  type: datatype
  keep: [Weights, Inputs, Outputs]
  bypass: []
- target: Buf
  type: spatial
  factors: K=4 R=1 P=1 C=2
  permutation: KRPC
  split: 3
  no_link_transfer: [Weights, Inputs, Outputs]
- target: RF
  type: temporal
  factors: R=3 C=2 K=1 P=1
  permutation: RCKP
- target: RF
  type: datatype
  keep: [Weights, Outputs]
  bypass: [Inputs]
"""
    )


def test_text_for_the_front_end() -> None:
    """Without files: v0.4, loops across a fanout belong to it."""
    text = timeloop_mapping(LAYER, CHIP, MAPPING, comments=["from a test"])
    assert text == (
        """\
# from a test
mapping:
- target: dram
  type: temporal
  factors: [N=2, G=1, M=1, C=1, P=1, Q=1, R=1, S=1]
  permutation: [N, G, M, C, P, Q, R, S]
- target: dram
  type: dataspace
  keep: [ifmap, filter, ofmap]
  bypass: []
- target: buf
  type: temporal
  factors: [C=6, N=1, G=1, M=1, P=1, Q=1, R=1, S=1]
  permutation: [C, N, G, M, P, Q, R, S]
- target: buf
  type: dataspace
  keep: [ifmap, filter, ofmap]
  bypass: []
- target: array
  type: spatial
  factors: [M=4, N=1, G=1, C=1, P=1, Q=1, R=1, S=1]
  permutation: [M, N, G, C, P, Q, R, S]
  split: 8
  no_link_transfer: [ifmap, filter, ofmap]
"""
    )


def test_without_nodes_loops_across_a_fanout_belong_to_the_memory_above() -> None:
    text = timeloop_mapping(LAYER, CHIP, MAPPING, MappingForm(nodes=False))
    assert "- target: buf\n  type: spatial\n  factors: M=4 N=1" in text
    assert "target: array" not in text


def test_several_loops_over_one_dimension_are_put_together_where_that_counts_the_same() -> None:
    dram = Level("dram", (Loop("M", 2), Loop("N", 2), Loop("M", 2)), MAPPING.levels[0].keep)
    split = Mapping((dram, Level("buf", (Loop("C", 6),), dram.keep), Level("array")))
    with pytest.raises(
        UnsupportedError, match="the mapping has several over M at dram, and no other order or axis counts the same"
    ):
        timeloop_mapping(LAYER, CHIP, split)
    buf = Level("buf", (Loop("C", 3), Loop("N", 1), Loop("C", 2)), dram.keep)
    same = Mapping((MAPPING.levels[0], buf, MAPPING.levels[2]))
    assert "factors: [C=6, N=1" in timeloop_mapping(LAYER, CHIP, same).replace("N=1, C=6", "C=6, N=1")


def test_a_dimension_along_two_axes_that_one_has_no_room_for() -> None:
    array = replace(ARRAY, axes=(Axis("X", 2), Axis("Y", 2)))
    both = Level("array", (Loop("M", 2, "X"), Loop("M", 2, "Y")))
    mapping = Mapping((*MAPPING.levels[:2], both))
    with pytest.raises(UnsupportedError, match="one axis of a fanout; the mapping lays M along X and Y of array"):
        timeloop_mapping(LAYER, chip(array=array), mapping)
    wide = chip(array=replace(array, axes=(Axis("X", 4), Axis("Y", 2))))
    assert "factors: [M=4, N=1" in timeloop_mapping(LAYER, wide, mapping)


def test_a_mapping_in_the_files_can_be_passed_over(tmp_path: Path) -> None:
    """Then the hardware allows what the constraints allow, and no part of the mapping is looked at."""
    paths = written(tmp_path, NODES, V04_PROBLEM, NODES_MAPPING.replace("P=10", "P=11"))
    free = read_timeloop(paths, with_mapping=False)
    assert free == read_timeloop(paths[:2])
    assert free.mapping is None
    assert free.hardware is not None
    assert any(memory.may_keep for memory in free.hardware.memories)


def test_links_are_said_only_where_there_are_none(tmp_path: Path) -> None:
    paths = written(tmp_path, NODES, V04_PROBLEM, NODES_MAPPING)
    design = read_timeloop(paths)
    assert design.hardware is not None
    assert all(fanout.links for fanout in design.hardware.nodes if isinstance(fanout, Fanout))
    assert "no_link_transfer" not in there_and_back(paths, paths[:2], tmp_path)
