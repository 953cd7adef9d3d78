"""Area, leakage and clock in an evaluation: beside the energy of actions, and never a silent zero."""

import json
from dataclasses import replace
from importlib.resources import files

import jsonschema
import pytest

import assay
from assay.hardware import Hardware, parse_hardware
from assay.metrics.scorecard import scorecard
from assay.report.evaluation import render_evaluation
from assay.report.scorecard import scorecard_pairs

TEXT = """\
assay: hardware/1
name: chip
clock: 100 MHz
nodes:
  - memory: dram
    offchip: true
    keep: [ifmap, filter, ofmap]
    component: {class: given, read: 10 pJ, write: 12 pJ, leakage: 1 mW, source: a guess}
  - fanout: array
    X: {size: 4, dims: [M]}
    component: {class: given, transfer: 0.1 pJ, area: 0.1 mm2, leakage: 0 W, source: a guess}
  - compute: mac
    component: {class: given, compute: 1 pJ, area: 100 um2, leakage: 2 mW, source: another guess}
parts:
  control: {class: given, area: 0.2 mm2, tick: 3 pJ, leakage: 1 mW, per_cycle: tick, source: a guess}
"""
LAYER = "matmul:M=2,N=6,K=5"
"""2 x 6 x 5 MACs; N (the dimension M of the einsum is 6 or 2) on 4 PEs."""


def evaluation(text: str = TEXT, **options: bool) -> assay.Evaluation:
    return assay.evaluate(LAYER, parse_hardware(text), cache=False, workers=1, **options)


def test_what_leaks_and_ticks_is_beside_the_energy_of_actions() -> None:
    found = evaluation()
    static = found.static
    assert found.latency is not None
    assert found.cycles is not None
    assert static.area.value == pytest.approx(0.1e-6 + 4 * 100e-12 + 0.2e-6)
    assert static.area.without == ()
    assert static.leakage_power.value == pytest.approx(1e-3 + 4 * 2e-3 + 1e-3)
    assert static.leakage_energy == pytest.approx(10e-3 * found.latency)
    assert static.clock_energy.value == pytest.approx(3e-12 * found.cycles)
    assert static.energy == pytest.approx(10e-3 * found.latency + 3e-12 * found.cycles)
    assert found.energy == pytest.approx(sum(e.energy or 0 for layer in found.layers for e in layer.energies))


def test_what_gets_no_work_does_not_leak_when_it_is_switched_off() -> None:
    found = evaluation(power_gating=True)
    active = found.layers[0].active_pes
    assert active is not None
    assert active < 4
    assert found.latency is not None
    assert found.static.leakage_energy == pytest.approx((2e-3 + active * 2e-3) * found.latency)
    assert found.static.leakage_power.value == pytest.approx(10e-3)


def test_json_and_screen() -> None:
    found = evaluation(power_gating=True)
    schema = json.loads((files("assay") / "data" / "schema" / "evaluation-1.json").read_text(encoding="utf-8"))
    data = found.to_dict()
    jsonschema.validate(data, schema)
    assert data["totals"]["power_gating"] is True
    assert data["hardware"]["components"][2]["component"]["estimate"]["area_m2"] == 100e-12
    assert data["hardware"]["parts"][0]["per_cycle"] == "tick"
    card = shown(found)
    assert "what gets no work is switched off" in card["Leakage"]
    assert card["Chip area"] == "0.3 mm2 of components"
    assert card["Energies from"] == "components, whose sources stand below: dram: given, array: given, mac: given"
    assert "- given: another guess" in render_evaluation(found)
    assert card["Leakage"].startswith("6 mW (5 mW on chip, 1 mW off chip), ")
    assert "Leakage and clock are not in the energies" in " ".join(render_evaluation(found).split())


def shown(found: assay.Evaluation) -> dict[str, str]:
    """The scorecard of the screen."""
    return {name: text for group in scorecard_pairs(found, scorecard(found)) for name, text in group}


def bare(hardware: Hardware) -> Hardware:
    return replace(hardware, parts=(), nodes=tuple(replace(node, component=None) for node in hardware.nodes))


def test_unknown_is_named() -> None:
    found = assay.evaluate(LAYER, bare(parse_hardware(TEXT)), cache=False, workers=1)
    assert found.static.leakage_energy is None
    assert found.static.clock_energy.value is None
    assert found.static.energy is None
    assert found.static.area.value is None
    assert "Leakage" not in shown(found)
    assert shown(found)["Chip area"] == "not modelled"
    assert "Not modelled: clock network, control, host, leakage, chip area." in found.notes
    partly = evaluation(TEXT.replace("leakage: 2 mW, ", ""))
    assert shown(partly)["Leakage"].endswith("not modelled: mac")
    assert "Not modelled: host, leakage of mac." in partly.notes
