"""Reference tables of Timeloop and Accelergy, in all the forms that these have had."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay.components.ert import reference_providers
from assay.components.plugins import folder_providers
from assay.components.provider import Asked
from assay.components.registry import Registry, entry_of, estimate
from assay.components.technology import Technology
from assay.errors import InputError

V4 = """\
ERT:
  version: '0.4'
  tables:
    - name: system_top_level.DRAM[1..1]
      actions:
        - {name: leak, arguments: {global_cycle_seconds: 1e-09, action_latency_cycles: 1}, energy: 0.0}
        - {name: read, arguments: {global_cycle_seconds: 1e-09, action_latency_cycles: 1}, energy: 512.0}
    - name: system_top_level.shared_glb[1..1]
      actions:
        - {name: write, arguments: {}, energy: 14.137929}
        - {name: read, arguments: {}, energy: 18.183829}
        - {name: leak, arguments: {}, energy: 0.005652}
        - {name: update, arguments: {}, energy: 0}
"""

V3 = """\
ERT:
  version: 0.3
  tables:
  - name: design.mac[0..3]
    actions:
    - {name: mac_random, arguments: null, energy: 3}
    - {name: mac_reused, arguments: null, energy: 2}
    - {name: mac_gated, arguments: null, energy: 1}
  - name: design.scratchpad[0..2]
    actions:
    - {name: fill, arguments: {address_delta: 0, data_delta: 0}, energy: 3}
    - {name: fill, arguments: {address_delta: 1, data_delta: 1}, energy: 7}
    - {name: read, arguments: {address_delta: 0, data_delta: 0}, energy: 4}
    - {name: read, arguments: {address_delta: 0, data_delta: 1}, energy: 7}
    - {name: read, arguments: {address_delta: 1, data_delta: 1}, energy: 8}
"""

V2 = """\
ERT:
  version: 0.2
  tables:
    simple.glb:
      idle: {arguments: null, energy: 0}
      read:
      - {arguments: {active_banks: 0, address_delta: 1, data_delta: 1}, energy: 1}
      - {arguments: {active_banks: 1, address_delta: 1, data_delta: 1}, energy: 2}
"""

SUMMARY = """\
ERT_summary:
  version: 0.3
  table_summary:
  - name: design.glb
    actions:
    - {name: fill, average_energy: 5.0, max_energy: 7, min_energy: 3}
    - {name: idle, energy: 0.5}
    primitive_estimation(s):
    - {name: design.glb, estimator: CactiSRAM}
"""

SUMMARY_V2 = """\
ERT_summary:
  components:
    design.glb:
      fill: {average energy: 5.0, max energy: 7, min energy: 3}
"""

ART = """\
ART:
  version: 0.4
  tables:
  - {name: system_top_level.shared_glb, area: 5230.5}
  - {name: system_top_level.DRAM, area: 0}
"""


def registry(tmp_path: Path, **texts: str) -> Registry:
    files = []
    for name, text in texts.items():
        files.append(tmp_path / f"{name}.yaml")
        files[-1].write_text(text)
    return Registry().with_providers(reference_providers(tuple(files)))


def test_a_table_is_a_component(tmp_path: Path) -> None:
    found = estimate("shared_glb", registry=registry(tmp_path, ERT=V4))
    assert dict(found.energy) == {"write": 14.137929e-12, "read": 18.183829e-12, "update": None}
    assert (found.area, found.uncertainty) == (None, None)
    assert found.source == f"reference table {tmp_path / 'ERT.yaml'}"
    assert "update: the energy of 0 in the file is taken as not known" in found.notes


def test_leakage_is_power_where_the_length_of_a_cycle_is_known(tmp_path: Path) -> None:
    assert estimate("shared_glb", registry=registry(tmp_path, ERT=V4)).leakage == pytest.approx(5.652e-6)
    without = V4.replace("global_cycle_seconds: 1e-09, ", "")
    found = estimate("shared_glb", registry=registry(tmp_path, ERT=without))
    assert found.leakage is None
    assert [note for note in found.notes if "per cycle of unknown length" in note]
    assert estimate("DRAM", registry=registry(tmp_path, ERT=V4)).leakage is None  # 0 is not known


def test_areas_of_another_file_belong_to_the_same_components(tmp_path: Path) -> None:
    found = registry(tmp_path, ART=ART, ERT=V4)
    glb = estimate("shared_glb", registry=found)
    assert glb.area == pytest.approx(5230.5e-12)
    assert glb.energy_of("read") == 18.183829e-12
    assert glb.estimator == "ART_and_ERT"
    assert estimate("DRAM", registry=found).area is None


def test_arguments_and_old_names(tmp_path: Path) -> None:
    found = registry(tmp_path, ERT=V3)
    pad = estimate("scratchpad", registry=found)
    assert dict(pad.energy) == {"write": 7e-12, "write_repeated": 3e-12, "read": 8e-12, "read_repeated": 4e-12}
    assert "write is called fill in the file" in pad.notes
    mac = dict(estimate("mac", registry=found, estimator="ERT").energy)
    assert mac == {"compute": 3e-12, "compute_repeated": 2e-12, "gated": 1e-12}


def test_other_arguments_give_the_most(tmp_path: Path) -> None:
    found = estimate("glb", registry=registry(tmp_path, ERT=V2))
    assert dict(found.energy) == {"idle": None, "read": 2e-12}
    assert [note for note in found.notes if note.startswith("read: the most of active_banks=0")]


@pytest.mark.parametrize("text", [SUMMARY, SUMMARY_V2])
def test_summaries(tmp_path: Path, text: str) -> None:
    assert estimate("glb", registry=registry(tmp_path, ERT_summary=text)).energy_of("write") == 7e-12


def test_a_summary_names_the_estimators(tmp_path: Path) -> None:
    assert estimate("glb", registry=registry(tmp_path, s=SUMMARY)).source.endswith("s.yaml, made by CactiSRAM")


def test_as_much_of_the_name_as_tells_them_apart(tmp_path: Path) -> None:
    text = V3.replace("design.scratchpad[0..2]", "design.small.mac").replace("design.mac[", "design.large[0..3].mac[")
    found = registry(tmp_path, ERT=text)
    assert {"small.mac", "large.mac"} <= set(found.components)
    assert estimate("large.mac", registry=found).energy_of("compute") == 3e-12


def test_it_takes_no_attributes_and_keeps_its_technology(tmp_path: Path) -> None:
    found = registry(tmp_path, ERT=V4)
    with pytest.raises(InputError, match="does not know the attribute 'depth': its figures are of one component"):
        estimate("shared_glb", depth=4, registry=found)
    there = estimate("shared_glb", technology="65nm", registry=found)
    assert there.energy_of("read") == 18.183829e-12
    assert "in the technology that the file was made for, which it does not state" in there.notes


def test_files_that_state_no_version_are_read(tmp_path: Path) -> None:
    for text in (V4.replace("  version: '0.4'\n", ""), V4.replace("'0.4'", "")):
        assert estimate("DRAM", registry=registry(tmp_path, ERT=text)).energy_of("read") == 512e-12


def test_a_file_that_the_user_brought_is_believed(tmp_path: Path) -> None:
    (tmp_path / "ERT.yaml").write_text(V3)
    found = Registry().with_providers(folder_providers(tmp_path))
    defaults = {"format": entry_of("format", "int8", "chip.yaml")}  # which a node implies, and the file does not know
    best = found.estimate("mac", Asked({}, Technology.of(65), {}, defaults))
    assert (best.estimator, best.energy_of("compute"), best.uncertainty) == ("ERT", 3e-12, None)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("assay: hardware/1\n", "the file holds neither energies (ERT) nor areas (ART)"),
        ("- 1\n", "the file holds neither energies"),
        ("ERT: {version: 0.4}\n", "the key 'tables' is missing"),
        ("ERT: {version: 9, tables: []}\n", "version 9 of such tables is not known"),
        ("ART: {version: '0.1', tables: []}\n", "version 0.1 of such tables is not known"),
        ("ERT: {version: [0.4], tables: []}\n", "version of an unknown form of such tables is not known"),
        ("ERT: {tables: [{actions: []}]}\n", "needs 'name'"),
        ("ERT: {tables: [{name: a}]}\n", "needs 'actions'"),
        ("ERT: {tables: [{name: a, actions: [{energy: 1}]}]}\n", "an action needs a 'name'"),
        ("ERT: {tables: [{name: a, actions: [{name: read}]}]}\n", "action 'read' has no energy"),
        ("ERT: {tables: [{name: a, actions: [{name: read, energy: -1}]}]}\n", "expected a number of at least 0"),
        ("ERT: {tables: [{name: a, actions: [{name: read, energy: x}]}]}\n", "unknown name 'x'"),
        ("ART: {tables: [{name: a}]}\n", "needs 'area'"),
    ],
)
def test_mistakes_are_said_at_their_place(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        registry(tmp_path, ERT=text)
    assert message in caught.value.message
    assert caught.value.at is not None
    assert caught.value.at.file == str(tmp_path / "ERT.yaml")
