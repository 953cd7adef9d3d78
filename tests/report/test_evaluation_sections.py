from __future__ import annotations

from dataclasses import replace

import pytest

from assay.evaluation.evaluate import evaluate
from assay.evaluation.explain import explain_counts
from assay.evaluation.parts import COMPUTATION, energy_parts, time_parts
from assay.evaluation.results import Evaluation
from assay.hardware.model import Buffering
from assay.hardware.presets import load_hardware
from assay.reading.figures import cell
from assay.report.evaluation_sections import evaluation_sections
from assay.report.explain import render_explanation
from assay.report.section import Section, all_pictures, all_sheets, render_sections
from assay.report.sheet import Cell
from assay.workload.einsum import matmul
from assay.workload.network import Layer, Network, VectorWork
from tests.evaluation.small import BUF, CHIP, ENERGY_PJ
from tests.report.sample import sample


def of(evaluation: Evaluation, key: str) -> Section:
    return next(section for section in evaluation_sections(evaluation) if section.key == key)


@pytest.fixture(scope="module")
def chip_run() -> Evaluation:
    """One layer on a chip that comes with Assay."""
    network = Network("one", (Layer("fc1", "fc", einsum=matmul(n=2, c=8, m=16, bits=8)),))
    return evaluate(network, load_hardware("edge_45nm"), workers=1)


def test_what_is_shown() -> None:
    sections = evaluation_sections(sample())
    assert [each.key for each in sections] == ["energy", "time", "layers", "counts", "mappings", "chip", "notes"]
    keys = [sheet.key for sheet in all_sheets(sections)]
    assert keys[:4] == ["energy_by_component", "time_by_cause", "layers", "other_layers"]
    assert len(keys) == len(set(keys))
    names = ["energy_total", "energy_by_component", "energy_by_data", "energy_shares", "utilization", "latency"]
    assert [picture.key for picture in all_pictures(sections)] == names
    assert "Where the energy goes" in render_sections("T", sections, width=80)


def test_energy_is_all_there_by_component_and_by_data() -> None:
    evaluation = sample()
    parts = energy_parts(evaluation.mapped)
    assert sum(parts.values()) == pytest.approx(evaluation.energy)
    first = energy_parts(evaluation.mapped[:1])
    for name, picojoules in ENERGY_PJ.items():
        own = sum(joules for (component, _), joules in first.items() if component == name)
        assert own == pytest.approx(picojoules * 1e-12)
    assert first["mac", COMPUTATION] == pytest.approx(48e-12)
    sheet = of(evaluation, "energy").sheets[0]
    assert [column.title for column in sheet.columns[1:5]] == ["ifmap", "filter", "ofmap", COMPUTATION]
    for row in sheet.rows:
        assert all(isinstance(each, Cell) and each.why for each in row[1:] if each)
    assert sheet.totals[0][-2] == Cell(
        cell(evaluation.energy, "J"),
        "dram    25.2 nJ\nbuf    3.268 nJ\narray    720 pJ\nmac      120 pJ\nsum = 29.308 nJ",
    )


@pytest.mark.parametrize("buffering", list(Buffering))
def test_time_is_all_there_by_cause(buffering: Buffering) -> None:
    nodes = tuple(replace(BUF, buffering=buffering) if node == BUF else node for node in CHIP.nodes)
    evaluation = sample(replace(CHIP, nodes=nodes))
    parts = time_parts(evaluation.mapped, evaluation.hardware.clock)
    assert all(value >= 0 for each in parts for value in each.seconds)
    for index, layer in enumerate(evaluation.mapped):
        assert sum(each.seconds[index] for each in parts) == pytest.approx(layer.latency)
    assert sum(each.latency for each in parts) == pytest.approx(evaluation.latency)
    assert sum(each.share for each in parts) == pytest.approx(1)
    names = [each.name for each in parts]
    assert ("tiles that do not overlap with work" in names) == (buffering is not Buffering.IDEAL)


def test_time_of_all_layers_by_cause() -> None:
    """The layers take 44, 44 and 38 us, and work for 12, 12 and 24 of them."""
    (sheet,) = of(sample(), "time").sheets
    computing, waiting = sheet.rows
    assert [[each.text for each in row if isinstance(each, Cell)] for row in sheet.rows] == [
        ["48 us", "38 %"],
        ["78 us", "62 %"],
    ]
    assert computing[1:] == (
        Cell("48 us", "fc1   12 cycles\nfc2   12 cycles\nhead  24 cycles\nsum = 48 cycles\n48 cycles / 1 MHz = 48 us"),
        Cell("38 %", "48 cycles / 126 cycles = 38 %"),
    )
    assert isinstance(waiting[1], Cell)
    assert "fc1: dram total 44 - computing 12   32 cycles" in waiting[1].why
    assert sheet.totals == (("total", Cell("126 us", "126 cycles / 1 MHz = 126 us"), ""),)


def test_every_figure_of_a_layer_says_where_it_comes_from() -> None:
    evaluation = sample(gap=0.25)
    sheet = of(evaluation, "layers").sheets[0]
    titles = [column.title for column in sheet.columns]
    for layer, row in zip(evaluation.mapped, sheet.rows, strict=True):
        figures = dict(zip(titles, row, strict=True))
        for column in sheet.columns:
            if column.right:
                assert isinstance(figures[column.title], Cell), column.title
                assert figures[column.title].why.strip()
        energy = render_explanation(evaluation.explain(layer.name, energy=True), width=100)
        assert figures["Energy"] == Cell(cell(layer.energy, "J"), energy)
        assert figures["Cycles"].why == render_explanation(evaluation.explain(layer.name, cycles=True), width=100)
    last = dict(zip(titles, sheet.rows[-1], strict=True))
    assert last["Gap"].text == "25 %"
    assert last["MACs"].why == "N 2 × M 3 × C 4 = 24"
    assert [row[0] for row in sheet.totals] == ["fc (2)", "matmul (1)", "total (3)"]


def test_every_count_unfolds_as_explained_alone(chip_run: Evaluation) -> None:
    layer = chip_run.mapped[0]
    (sheet,) = of(chip_run, "counts").sheets
    assert len(sheet.rows) == len(layer.counts)
    for count, row in zip(layer.counts, sheet.rows, strict=True):
        alone = chip_run.explain(layer.name, count.component, count.tensor, str(count.action))
        assert row[3] == Cell(f"{count.count:,}", render_explanation(alone, width=100))
        assert ("edge_45nm.yaml:" in row[3].why) == (str(count.action) != "reduce")  # lines of the file are found
    assert [each.charge.count for each in explain_counts(layer, None)] == [count.count for count in layer.counts]


def test_layers_that_are_alike_share_counts_and_mapping() -> None:
    evaluation = sample()
    titles = [sheet.title for sheet in of(evaluation, "counts").sheets]
    assert titles == ["fc1, fc2: N2 M4 C6, each", "head: N2 M3 C4"]
    blocks = of(evaluation, "mappings").blocks
    assert [block.title for block in blocks] == ["fc1, fc2: N2 M4 C6", "head: N2 M3 C4"]
    assert "parallel-for M in range(4) along X" in blocks[0].text


def test_what_is_not_modelled_says_so() -> None:
    bare = replace(CHIP, nodes=(replace(CHIP.nodes[0], read_energy=None, write_energy=None), *CHIP.nodes[1:]))
    assert of(sample(bare), "energy").text == ("Energy: not modelled.",)
    assert of(sample(bare), "energy").pictures == ()
    array = replace(CHIP, nodes=(*CHIP.nodes[:2], replace(CHIP.nodes[2], transfer_energy=None), CHIP.nodes[3]))
    assert of(sample(array), "energy").sheets[0].notes == ("Energy not modelled: array.",)
    network = Network("none", (Layer("relu", "relu", vector=VectorWork(operations=4, read_words=4, write_words=4)),))
    nothing = evaluate(network, CHIP, workers=1)
    assert [section.key for section in evaluation_sections(nothing)] == ["chip", "notes"]
