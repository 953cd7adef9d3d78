"""Dataflows compared: equal area, energies that add up, a case counted by hand, and what the paper says."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from importlib.resources import files

import jsonschema
import pytest

from assay.errors import InputError
from assay.evaluation.evaluate import evaluate
from assay.hardware.dataflows import DATAFLOWS
from assay.hardware.model import Axis
from assay.mapping.counts import Action
from assay.metrics.dataflow_case import TYPE_NAMES, Level, levels_of
from assay.metrics.dataflows import DataflowStudy, StudyProgress, compare_dataflows
from assay.metrics.dataflows_published import claims_beside, rerun, rerun_of
from assay.metrics.equal_area import area_study, equal_area_hardware, find_machine, shape_of
from assay.workload.einsum import convolution, matmul
from assay.workload.load import load_network
from assay.workload.network import Layer, Network
from tests.evaluation.small import CHIP

PAPER_STORAGE = {  # bytes of RF, kB (of 1024 B) of GLB with 256, 512 and 1024 PEs: by the authors' model
    "rs": (512, 128.0, 256.0, 512.0),
    "ws": (2, 334.3, 668.5, 1337.1),
    "os": (2, 334.3, 668.5, 1337.1),
    "os_b_fixed": (10, 303.8, 607.7, 1215.3),
    "nlr": (0, 338.3, 676.7, 1353.4),
}
LAYER = "matmul:M=4,N=2,K=8"


def pj(value: float | None) -> float:
    """Picojoules: what pytest takes for equal is 1e-12 apart at least."""
    assert value is not None
    return value * 1e12


@pytest.fixture(scope="module")
def small() -> DataflowStudy:
    return compare_dataflows("lenet5", pes=[64], batches=[1, 4], workers=1)


@pytest.mark.parametrize("pes", [8, 256, 512, 1000, 1024])
@pytest.mark.parametrize("machine", area_study().machines, ids=lambda each: each.key)
def test_areas_are_equal(machine: object, pes: int) -> None:
    study = area_study()
    total = pes * 512 * Fraction("20.87") + study.area(Fraction(512 * pes))
    assert study.total_area(pes) == total
    left = total - study.machine_area(machine, pes)  # type: ignore[arg-type]
    assert 0 <= left < 2 * Fraction("12.7"), "less than a word of the buffer is left"


@pytest.mark.parametrize("key", PAPER_STORAGE)
def test_storage_is_that_of_the_paper(key: str) -> None:
    rf, *buffers = PAPER_STORAGE[key]
    machine = find_machine(key)
    assert machine.rf == rf
    found = [area_study().buffer(machine, pes) / 1024 for pes in (256, 512, 1024)]
    assert found == pytest.approx(buffers, abs=0.1), "the authors' inverse of the table is rounded"


def test_area_between_the_sizes_of_the_table() -> None:
    study = area_study()
    assert study.area(Fraction(512)) == 512 * Fraction("20.87")
    assert study.area(Fraction(384)) == 384 * (Fraction("27.48") + Fraction("20.87")) / 2
    assert study.area(Fraction(1)) == Fraction("103.47")
    assert study.area(Fraction(10_000)) == 10_000 * Fraction("12.7")
    assert study.area(Fraction(0)) == 0


def test_machines_are_in_their_dataflow() -> None:
    assert {each.dataflow for each in area_study().machines} == {each.name for each in DATAFLOWS}
    chip = equal_area_hardware("ws", 512)
    assert (chip.dataflow, chip.pes) == ("weight_stationary", 512)
    assert [axis.size for fanout in chip.fanouts for axis in fanout.axes] == [32, 16]
    dram, glb, rf = chip.memories
    assert dram.offchip
    assert glb.may_keep == ("ifmap", "filter", "ofmap")
    assert (rf.size, rf.keep, rf.stationary) == (16, ("filter",), ("filter",))
    energies = [dram.read_energy, glb.write_energy, chip.fanouts[0].transfer_energy, rf.update_energy]
    assert [energy / chip.compute.energy for energy in energies if energy and chip.compute.energy] == [200, 6, 2, 1]


def test_fixed_machines() -> None:
    chip = equal_area_hardware("os_b_fixed", 256)
    (array,) = chip.fanouts
    assert array.axes == (Axis("X", 256, ("N", "M", "Q")),)
    assert chip.memories[2].size == 16, "one sum, though the area is that of five words"
    assert (chip.memories[1].keep, chip.memories[1].may_keep) == (("ifmap", "filter"), ())


def test_shapes() -> None:
    assert [shape_of(pes) for pes in (256, 512, 1024, 13, 168)] == [(16, 16), (16, 32), (32, 32), (1, 13), (12, 14)]


def test_energies_add_up(small: DataflowStudy) -> None:
    assert len(small.cases) == 2 * 5 * 2, "batches, dataflows, kinds of layers"
    for case in small.cases:
        levels = [pj(case.part(level) or 0.0) for level in Level]
        types = [pj(case.part(tensor=tensor) or 0.0) for tensor in TYPE_NAMES]
        parts = [pj(case.part(level, tensor) or 0.0) for level in Level for tensor in TYPE_NAMES]
        alu = pj(case.part(Level.ALU))
        assert alu == pytest.approx(1)
        assert sum(levels) == pytest.approx(pj(case.energy), rel=1e-9)
        assert sum(types) + alu == pytest.approx(pj(case.energy), rel=1e-9)
        assert sum(parts) + alu == pytest.approx(pj(case.energy), rel=1e-9)
        assert pj(case.energy) * case.macs == pytest.approx(sum(pj(layer.energy) for layer in case.layers))
        assert case.delay is not None
        assert case.delay >= 1 / 64
        assert pj(case.edp) == pytest.approx(pj(case.energy) * case.delay)


def test_differences_add_up(small: DataflowStudy) -> None:
    one, other = small.cases[0], small.cases[2]
    assert (one.dataflow, other.dataflow, one.kind) == ("rs", "ws", other.kind)
    parts = other.above(one)
    assert sum(pj(value) for _, _, value in parts) == pytest.approx(pj(other.energy) - pj(one.energy))
    assert [value for *_, value in parts] == sorted((value for *_, value in parts), reverse=True)


def test_by_hand() -> None:
    """A product of 8 x 4 weights with 2 inputs: everything fits, so every word of it crosses the DRAM once."""
    study = compare_dataflows(LAYER, pes=[8], batches=[1], dataflows=["ws", "nlr"], workers=1)
    ws, nlr = study.cases
    macs, dram = 64, 16 + 32 + 8
    for case in (ws, nlr):
        assert case.macs == macs
        assert case.offchip_words == dram / macs
        assert pj(case.part(Level.DRAM)) == pytest.approx(200 * dram / macs)
    assert pj(ws.part(Level.RF)) == pytest.approx((64 + 32) / macs), "a read per MAC, a fill per weight"
    assert nlr.part(Level.RF) is None
    assert nlr.words(Level.RF, "filter", Action.READ) == 0
    # 8 PEs take weights; each of 64 MACs gets an input and sends a sum up, weights come once (WS) or each time (NLR).
    assert pj(ws.part(Level.ARRAY)) == pytest.approx(2 * (64 + 64 + 32) / macs)
    assert pj(nlr.part(Level.ARRAY)) == pytest.approx(2 * 3)
    assert ws.optimal
    assert nlr.gap == pytest.approx(0, abs=1e-8)


def test_more_freedom_costs_no_more() -> None:
    fixed = find_machine("nlr_fixed")
    free = replace(fixed, glb=None, spread=None)
    energies = [evaluate("lenet5", equal_area_hardware(each, 16), batch=4, workers=1).energy for each in (free, fixed)]
    assert pj(energies[0]) < pj(energies[1])


def test_schema(small: DataflowStudy) -> None:
    schema = json.loads((files("assay") / "data" / "schema" / "dataflows-1.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    data = small.to_dict()
    validator.validate(data)
    assert pj(data["cases"][0]["levels_j_per_mac"]["ALU"]) == pytest.approx(1)
    validator.validate(compare_dataflows(LAYER, hardware="edge_45nm", workers=1).to_dict())


def test_on_a_chip() -> None:
    study = compare_dataflows(LAYER, hardware="edge_45nm", workers=1)
    assert study.chip is not None
    assert {case.dataflow for case in study.cases} | {name for name, _ in study.refused} == {d.alias for d in DATAFLOWS}
    reasons = dict(study.refused)
    assert reasons["os"].startswith("dataflow output_stationary")
    assert study.cases[0].batch == 1


def test_no_mapping_is_a_reason() -> None:
    """A filter of 5 rows does not fit on the 4 rows of 16 PEs; the fully connected layers do."""
    study = compare_dataflows("lenet5", pes=[16], batches=[1], dataflows=["rs"], workers=1)
    case, other = study.cases
    assert (case.kind, other.kind) == ("conv", "fc")
    assert case.reason.startswith("layer c1: no mapping fits rs_16: R = 5 has no place")
    assert other.reason == ""
    assert other.optimal
    assert case.energy is None
    assert case.part(Level.RF) is None
    assert not case.optimal
    assert case.to_dict()["reason"] == case.reason


def test_levels_of_a_chip() -> None:
    assert levels_of(CHIP) == {"dram": Level.DRAM, "buf": Level.GLB, "array": Level.ARRAY, "mac": Level.ALU}


def test_progress() -> None:
    seen: list[StudyProgress] = []
    compare_dataflows(LAYER, pes=[8], batches=[1, 2], dataflows=["ws"], workers=1, progress=seen.append)
    assert [each.done for each in seen if each.layers is None] == [0, 1, 2]
    assert {each.total for each in seen} == {2}
    assert seen[0].title == "weight stationary, 8 PEs, batch 1, matmul"
    assert any(each.layers is not None and each.layers.done == 1 for each in seen)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"pes": [7]}, "the number of PEs is 7; it must be a whole number from 8 to 65,536"),
        ({"pes": []}, r"pes is \[\]; it must be a list of at least one"),
        ({"batches": [1, 1]}, "batches has the same twice: 1, 1"),
        ({"batches": [0]}, "batch is 0"),
        ({"dataflows": ["rz"]}, "there is no dataflow 'rz'"),
        ({"dataflows": "rs"}, "dataflows is 'rs'; it must be a list"),
        ({"hardware": "eyeriss", "pes": [256]}, "a chip has the PEs that it has"),
        ({"hardware": "eyeriss", "dataflows": ["rs_fixed"]}, "there is no dataflow 'rs_fixed'"),
        ({"hardware": "eyeriss", "dataflows": ["nlr"]}, "eyeriss can work in none of the dataflows asked for"),
        ({"objective": "power"}, "power"),
        ({"time_limit": 0}, "time_limit is 0; it must be seconds, above 0"),
    ],
)
def test_wrong_arguments(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        compare_dataflows("lenet5", **{"pes": None, **arguments})  # type: ignore[arg-type]


def test_nothing_to_compare() -> None:
    network = load_network("lenet5")
    bare = Network("bare", tuple(layer for layer in network.layers if layer.einsum is None))
    with pytest.raises(InputError, match="bare has no layer with multiply-accumulates"):
        compare_dataflows(bare, pes=[8])


# -- the paper ---------------------------------------------------------------------------------------------------------

SUMMARY = {  # energy per op of the re-run, CONV and FC: DRAM, GLB, array, RF, all; the delay per op
    ("RS", 16, "conv"): (0.832, 0.0986, 0.2702, 3.9066, 6.1073, 0.0042806),
    ("RS", 64, "fc"): (3.4114, 0.0916, 0.4383, 3.8424, 8.7836, 0.003965),
    ("WS", 1, "conv"): (4.5927, 1.9789, 5.3365, 1.0, 13.908, 0.0040049),
    ("OSB", 16, "fc"): (23.9239, 2.8077, 4.0, 1.9997, 33.7313, 0.0256951),
    ("NLR", 16, "conv"): (0.6152, 7.5883, 5.5785, 0.0, 14.782, 0.0043873),
}


@pytest.mark.parametrize("key", SUMMARY, ids=str)
def test_the_rerun_adds_up(key: tuple[str, int, str]) -> None:
    name, batch, kind = key
    found = rerun(name, 256, batch, kind)
    assert found is not None
    levels = [found.part(level) for level in (Level.DRAM, Level.GLB, Level.ARRAY, Level.RF)]
    assert [*levels, found.part()] == pytest.approx(SUMMARY[key][:5], abs=6e-5)
    assert found.delay == pytest.approx(SUMMARY[key][5], abs=6e-8)
    types = [found.part(tensor=tensor) for tensor in TYPE_NAMES]
    assert sum(types) + 1 == pytest.approx(found.part())
    for level, energy in ((Level.DRAM, 200), (Level.GLB, 6), (Level.ARRAY, 2), (Level.RF, 1)):
        for tensor in TYPE_NAMES:
            assert found.moved(level, tensor) * energy == pytest.approx(found.part(level, tensor))


def test_claims_stand_beside_their_own_cases() -> None:
    """The paper speaks of CONV with every batch, of FC with 64 alone; a small network by the name of AlexNet here."""
    layers = (
        Layer("c", "conv", convolution(m=8, c=4, p=4, q=4, r=3, s=3), batch_dim="N"),
        Layer("f", "fc", matmul(n=1, m=16, c=32), batch_dim="N"),
    )
    study = compare_dataflows(
        Network("alexnet", layers), pes=[256], batches=[1, 64], dataflows=["rs", "ws", "nlr"], workers=1
    )
    found = {(each.claim.kind, each.batch, each.dataflow): each for each in claims_beside(study)}
    points = [("conv", 1), ("conv", 64), ("fc", 64)]
    assert set(found) == {(*point, name) for point in points for name in ("ws", "nlr")}
    for (kind, batch, name), each in found.items():
        base, case = (study.case(key, 256, batch, kind) for key in ("rs", name))
        assert base is not None
        assert case is not None
        assert each.ratio == pytest.approx(pj(case.energy) / pj(base.energy))
        least, most = (1.4, 2.5) if kind == "conv" else (1.3, 1e9)
        assert each.holds is (least <= each.ratio <= most)


def test_where_there_is_no_rerun() -> None:
    assert rerun("WS", 256, 64, "conv") is None, "the paper: weight stationary cannot run"
    assert rerun("RS", 512, 16, "conv") is None
    study = compare_dataflows(LAYER, pes=[256], batches=[16], dataflows=["ws"], workers=1)
    assert rerun_of(study.cases[0], study.network.name) is None
    assert claims_beside(study) == ()


def test_row_stationary_as_in_the_paper() -> None:
    """CONV3 of AlexNet on 256 PEs with a batch of 16, held to the form of the paper's mappings: within 3 %."""
    alexnet = load_network("alexnet")
    conv3 = replace(alexnet, layers=tuple(layer for layer in alexnet.layers if layer.name == "conv3"))
    study = compare_dataflows(conv3, pes=[256], batches=[16], dataflows=["rs_fixed", "os"], workers=1, time_limit=60)
    ours, other = study.cases
    theirs = 6.0716  # the re-run; DRAM 0.768, GLB 0.124, array 0.276, RF 3.904
    assert ours.optimal
    assert pj(ours.energy) == pytest.approx(theirs, rel=0.03)
    assert pj(ours.part(Level.RF)) == pytest.approx(3.904, rel=0.03)
    reads = sum(ours.words(Level.RF, tensor, Action.READ) for tensor in ("ifmap", "filter"))
    assert reads == pytest.approx(2), "an input and a weight for each MAC"
    assert ours.words(Level.RF, "ofmap", Action.UPDATE) == pytest.approx(1)
    assert pj(other.energy) > 1.3 * pj(ours.energy)
