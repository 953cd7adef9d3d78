import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest

from assay.errors import InputError
from assay.hardware import load_hardware, load_table, preset_names, preset_text, presets, table_names
from assay.hardware.vocabulary import DIMENSIONS, TENSORS
from assay.reading.units import AREA, ENERGY
from assay.workload.einsum import DIMENSION_NAMES, convolution


@pytest.mark.parametrize("name", preset_names())
def test_a_preset_reads_and_has_its_name(name: str) -> None:
    chip = load_hardware(name)
    assert chip.name == name
    assert chip.title
    assert chip.source
    assert chip.energy_source
    assert all(figure.source for figure in chip.published)


def test_eyeriss_is_the_published_chip() -> None:
    chip = load_hardware("eyeriss")
    assert chip.pes == 168
    (array,) = chip.fanouts
    assert [(axis.name, axis.size) for axis in array.axes] == [("X", 14), ("Y", 12)]
    assert array.whole == ("R", "S")
    assert dict(array.bandwidth) == {"ifmap": 16, "filter": 64, "ofmap": 64}
    assert chip.peak_macs_per_cycle * chip.clock == 33.6e9
    dram, glb, *spads = chip.memories
    assert glb.capacity == 100 * 8192
    assert glb.keep == ("ifmap", "ofmap")
    assert [(spad.keep, spad.size) for spad in spads] == [
        (("filter",), 224 * 16),
        (("ifmap",), 12 * 16),
        (("ofmap",), 24 * 16),
    ]
    assert all(spad.loops is not None and "R" not in spad.loops for spad in spads)
    assert all(chip.instances(spad.name) == 168 for spad in spads)
    assert dram.offchip
    assert dram.bandwidth.total == pytest.approx(64 * 60 / 200)


def test_eyeriss_energies_are_the_published_ratios() -> None:
    chip = load_hardware("eyeriss")
    mac = chip.compute.energy
    assert mac == 1.46e-12
    ratios = [energy / mac for memory in chip.memories for energy in [memory.read_energy] if energy is not None]
    assert ratios == pytest.approx([200, 6, 1, 1, 1])
    assert chip.fanouts[0].transfer_energy == pytest.approx(2 * mac)


def test_the_energy_of_a_mac_follows_from_the_measured_layer() -> None:
    """8.9 % of 332 mW for 20.9 ms, over the MACs of four images of AlexNet CONV1 (Chen et al., JSSC 2017)."""
    macs = 4 * convolution(m=96, c=3, p=55, q=55, r=11, s=11).macs
    assert round(0.089 * 0.332 * 20.9e-3 / macs * 1e12, 2) == 1.46
    assert load_hardware("eyeriss").compute.energy == 1.46e-12


@pytest.mark.parametrize(
    ("p", "q", "s", "rows", "columns"),
    [(16, 1, 11, 11, 7 * 2), (16, 2, 5, 5 * 2, 14), (16, 4, 3, 3 * 4, 13), (16, 3, 3, 3 * 2 * 2, 13)],
    ids=["conv1", "conv2", "conv3", "conv4 and conv5"],
)
def test_the_paper_s_alexnet_mappings_fit(p: int, q: int, s: int, rows: int, columns: int) -> None:
    """Table III of Chen et al., JSSC 2017: p filters and q channels in each PE, which holds rows of s words."""
    chip = load_hardware("eyeriss")
    words = {memory.name: (memory.capacity or 0) // 16 for memory in chip.memories}
    width, height = (axis.size for axis in chip.fanouts[0].axes)
    assert p * q * s <= words["filter_spad"]
    assert q * s <= words["ifmap_spad"]
    assert p <= words["psum_spad"]
    assert rows <= height
    assert columns <= width


def test_eyeriss_memory_adds_up_to_the_published_sram() -> None:
    chip = load_hardware("eyeriss")
    sizes = {memory.name: memory.size for memory in chip.memories}
    assert sizes["glb"] is not None
    assert sizes["filter_spad"] is not None
    published = {figure.name: figure.value for figure in chip.published}
    assert (sizes["glb"] + 168 * sizes["filter_spad"]) / 8192 == published["onchip_sram"]


def test_the_example_uses_the_table() -> None:
    chip = load_hardware("edge_45nm")
    assert chip.compute.energy == pytest.approx(0.2e-12 + 0.1e-12)
    assert chip.memories[0].bandwidth.total == pytest.approx(4e9 * 8 / 500e6)
    assert chip.fanouts[0].transfer_energy == pytest.approx(2 * chip.compute.energy)
    assert "not a real chip" in chip.title


def test_the_horowitz_table() -> None:
    table = load_table("horowitz_45nm")
    values = dict(table.values)
    assert table_names() == ("horowitz_45nm",)
    assert values["mult_8b"].value == 0.2e-12
    assert values["dram_read_32b"].value == 640e-12
    assert values["mult_8b_area"].value == 282e-12
    assert {value.dimension for value in values.values()} == {ENERGY, AREA}
    assert all((value.dimension == AREA) == name.endswith("_area") for name, value in values.items())


def test_sources(tmp_path: Path) -> None:
    chip = load_hardware("eyeriss")
    path = tmp_path / "mine.yaml"
    path.write_text(preset_text("eyeriss"))
    assert load_hardware(path) == load_hardware(str(path)) == chip
    assert load_hardware(chip) is chip


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (
            "eyeris",
            "there is no built-in hardware 'eyeris'\n  hint: did you mean 'eyeriss'? "
            "(built in: edge_45nm, eyeriss, eyeriss_v1_256, eyeriss_v2, eyeriss_v2_256); "
            "a path to a file of your own must end in .yaml",
        ),
        (
            "chip.json",
            "there is no built-in hardware 'chip.json'\n  hint: "
            "built in: edge_45nm, eyeriss, eyeriss_v1_256, eyeriss_v2, eyeriss_v2_256; "
            "a path to a file of your own must end in .yaml",
        ),
        ("no/eyeris.yaml", "no/eyeris.yaml: there is no such file\n  hint: did you mean the built-in 'eyeriss'?"),
    ],
)
def test_a_source_that_is_not_there(source: str, expected: str) -> None:
    with pytest.raises(InputError) as caught:
        load_hardware(source)
    assert str(caught.value) == expected


def test_the_vocabulary_is_that_of_the_layer_forms() -> None:
    assert DIMENSIONS == DIMENSION_NAMES
    assert tuple(tensor.name for tensor in convolution().tensors) == TENSORS


def test_importing_does_not_import_yaml() -> None:
    code = "import sys, assay.hardware; sys.exit('yaml' in sys.modules or 'numpy' in sys.modules)"
    environment = {"PYTHONPATH": str(Path(str(files("assay"))).parent)}
    assert subprocess.run([sys.executable, "-c", code], env=environment, check=False).returncode == 0


def test_what_is_read_once_for_all_cannot_be_changed() -> None:
    fields = presets._parsed(preset_text("eyeriss"), "eyeriss.yaml")
    assert presets._parsed(preset_text("eyeriss"), "eyeriss.yaml") is fields
    with pytest.raises(TypeError):
        fields["nodes"] = fields["name"]  # type: ignore[index]
