from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.errors import InputError
from assay.mapping.analysis import analyse
from assay.mapping.mapping import Level, Loop, Mapping
from assay.mapping.text import mapping_from_data, mapping_to_data, read_mapping, render
from tests.evaluation.small import CHIP, LAYER, MAPPING

YAML = """\
assay: mapping/1
layers:
  fc1:
    levels:
      - {node: dram, keep: [ifmap, filter, ofmap], loops: [{dim: N, bound: 2}]}
      - node: buf
        keep: [ifmap, filter, ofmap]
        loops:
          - {dim: C, bound: 6}
      - {node: array, loops: [{dim: M, bound: 4, axis: X}]}
"""

names = st.text("abcXYZ_1", min_size=1, max_size=4)
loops = st.builds(Loop, names, st.integers(1, 10**12), st.none() | names)
levels = st.builds(Level, names, st.lists(loops, max_size=3).map(tuple), st.lists(names, max_size=3).map(tuple))


@given(st.builds(Mapping, st.lists(levels, max_size=4).map(tuple)))
def test_data_round_trip(mapping: Mapping) -> None:
    assert mapping_from_data(mapping_to_data(mapping)) == mapping


def test_the_form_of_the_data() -> None:
    assert mapping_to_data(MAPPING)["levels"][1:] == [
        {"node": "buf", "keep": ["ifmap", "filter", "ofmap"], "loops": [{"dim": "C", "bound": 6}]},
        {"node": "array", "loops": [{"dim": "M", "bound": 4, "axis": "X"}]},
    ]


def test_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    path.write_text(YAML)
    assert read_mapping(path) == {"fc1": MAPPING}


@pytest.mark.parametrize(
    ("old", "new", "place", "words"),
    [
        ("mapping/1", "mapping/2", "1:8", "version 2"),
        ("layers:", "layer:", "2:1", "unknown key 'layer'"),
        ("levels:", "levls:", "4:5", "did you mean 'levels'"),
        ("bound: 6", "bound: 0", "9:29", "at least 1"),
        ("bound: 6", "bound: many", "9:29", "many"),
        ("dim: C, ", "", "9:13", "'dim' is missing"),
        ("keep: [ifmap, filter, ofmap], loops: [{dim: N", "keep: ifmap, loops: [{dim: N", "5:28", "expected a list"),
    ],
)
def test_a_wrong_file_is_wrong_at_a_place(tmp_path: Path, old: str, new: str, place: str, words: str) -> None:
    path = tmp_path / "m.yaml"
    assert old in YAML
    path.write_text(YAML.replace(old, new, 1))
    with pytest.raises(InputError) as error:
        read_mapping(path)
    assert str(error.value).startswith(f"{path}:{place}: ")
    assert words in str(error.value)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (None, "mapping: expected an object"),
        ({}, "the key 'levels' is missing"),
        ({"levels": {}}, "mapping.levels: expected a list"),
        ({"levels": [{"loops": []}]}, r"levels\[0\]: the key 'node' is missing"),
        ({"levels": [{"node": "a", "loop": []}]}, "unknown key 'loop'"),
        ({"levels": [{"node": "a", "keep": [1]}]}, "expected a name, found 1"),
        (
            {"levels": [{"node": "a", "loops": [{"dim": "M", "bound": 0}]}]},
            r"loops\[0\].bound: expected a whole number",
        ),
        ({"levels": [{"node": "a", "loops": [{"dim": "M", "bound": True}]}]}, "bound"),
        ({"levels": [{"node": "a", "loops": [{"dim": "M", "bound": 2.0}]}]}, "bound"),
        ({"levels": [{"node": "a", "loops": [{"dim": "M", "bound": 2, "axis": ""}]}]}, "axis: expected a name"),
    ],
)
def test_wrong_data(data: object, words: str) -> None:
    with pytest.raises(InputError, match=words):
        mapping_from_data(data)


def test_a_nest_is_readable() -> None:
    assert render(MAPPING, analyse(LAYER, CHIP, MAPPING)) == (
        "dram: keeps ifmap (12 words), filter (24 words), ofmap (8 words)\n"
        "  for N in range(2)\n"
        "    buf: keeps ifmap (6 words), filter (24 words), ofmap (4 words)\n"
        "      for C in range(6)\n"
        "        array:\n"
        "          parallel-for M in range(4) along X\n"
        "            multiply-accumulate\n"
    )


def test_a_nest_without_sizes() -> None:
    mapping = Mapping((Level("dram", (), ("ifmap",)), Level("spad"), Level("pes", (Loop("M", 2, "X"),))))
    assert render(mapping) == (
        "dram: keeps ifmap\n"
        "  spad: nothing kept, no loops\n"
        "    pes:\n"
        "      parallel-for M in range(2) along X\n"
        "        multiply-accumulate\n"
    )
