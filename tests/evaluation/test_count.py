"""The counts of one given mapping, and their JSON."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib.resources import files
from typing import Any

import jsonschema
import pytest

from assay.errors import InputError
from assay.evaluation.count import SCHEMA, MappingCount, count_mapping
from assay.mapping.mapping import Level, Loop, Mapping
from tests.evaluation.small import ARRAY, CHIP, ENERGY_PJ, LAYER, MAC, MAPPING, TENSORS, chip


@pytest.fixture
def count() -> MappingCount:
    return count_mapping(LAYER, CHIP, MAPPING)


def _schema() -> Any:
    return json.loads((files("assay") / "data" / "schema" / "count-1.json").read_text(encoding="utf-8"))


def test_counts_by_hand(count: MappingCount) -> None:
    dram, buf = count.levels
    assert [(t.tensor, t.kept, t.reads, t.fills, t.updates) for t in dram.tensors] == [
        ("ifmap", 12, 12, 0, 0),
        ("filter", 24, 24, 0, 0),
        ("ofmap", 8, 0, 0, 8),
    ]
    assert [(t.tensor, t.kept, t.reads, t.fills, t.updates) for t in buf.tensors] == [
        ("ifmap", 6, 12, 12, 0),
        ("filter", 24, 48, 24, 0),
        ("ofmap", 4, 40, 0, 48),
    ]
    assert [(n.tensor, n.transfers, n.reductions) for n in count.network] == [(t, 48, 0) for t in TENSORS]
    assert (count.computes, count.cycles, count.bound_by, count.active_pes) == (48, 44, "dram", 4)
    assert count.utilization == 48 / (4 * 44)
    assert "small: 48 computes, 44 cycles" in repr(count)


def test_energies_add_up(count: MappingCount) -> None:
    assert count.energy == pytest.approx(sum(ENERGY_PJ.values()) * 1e-12)
    for level in count.levels:
        assert sum(t.energy or 0 for t in level.tensors) == pytest.approx(ENERGY_PJ[level.name] * 1e-12)
    assert sum(n.energy or 0 for n in count.network) == pytest.approx(ENERGY_PJ["array"] * 1e-12)
    assert count.compute_energy == pytest.approx(ENERGY_PJ["mac"] * 1e-12)


def test_json_follows_the_schema(count: MappingCount) -> None:
    data = json.loads(replace(count, notes=("A note.",)).to_json())
    jsonschema.validate(data, _schema())
    assert (data["schema"], _schema()["$id"]) == (SCHEMA, SCHEMA)
    assert data["levels"][1] == {
        "name": "buf",
        "instances": 1,
        "active_instances": 1,
        "tensors": {
            "ifmap": {"utilized_capacity": 6, "reads": 12, "fills": 12, "updates": 0, "energy_pj": 168.0},
            "filter": {"utilized_capacity": 24, "reads": 48, "fills": 24, "updates": 0, "energy_pj": 480.0},
            "ofmap": {"utilized_capacity": 4, "reads": 40, "fills": 0, "updates": 48, "energy_pj": 576.0},
        },
    }
    assert data["energy_pj"] == sum(ENERGY_PJ.values())
    assert data["notes"] == ["A note."]


def test_unknown_energy_is_null() -> None:
    data = count_mapping(LAYER, chip(mac=replace(MAC, energy=None)), MAPPING).to_dict()
    assert (data["energy_pj"], data["compute"]["energy_pj"]) == (None, None)
    jsonschema.validate(data, _schema())


def test_unknown_energy_of_a_fanout_is_left_out() -> None:
    data = count_mapping(LAYER, chip(array=replace(ARRAY, transfer_energy=None)), MAPPING).to_dict()
    assert data["energy_pj"] == sum(ENERGY_PJ.values()) - ENERGY_PJ["array"]
    assert data["network"][0]["tensors"]["ifmap"]["energy_pj"] is None
    jsonschema.validate(data, _schema())


def test_what_is_not_charged_makes_the_energy_unknown() -> None:
    count = count_mapping(LAYER, CHIP, MAPPING, uncharged=("hops",))
    assert count.energy is None
    assert count.to_dict()["energy_pj"] is None


def test_a_mapping_that_does_not_fit_is_refused() -> None:
    wide = Mapping((*MAPPING.levels[:2], Level("array", (Loop("M", 4, "Z"),))))
    with pytest.raises(InputError, match="no axis Z"):
        count_mapping(LAYER, CHIP, wide)
