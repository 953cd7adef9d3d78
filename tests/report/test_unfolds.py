"""Every figure of a report unfolds into where it comes from, and the formula there gives it when one does it again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from assay.metrics import flexibility_map
from assay.metrics.dataflows import compare_dataflows
from assay.metrics.flexibility import Flexibility, flexibility
from assay.report.dataflows import dataflow_sections
from assay.report.evaluation import render_evaluation
from assay.report.evaluation_sections import evaluation_sections
from assay.report.flexibility import flexibility_sections
from assay.report.html import html_report
from assay.report.page import Column
from assay.report.section import Section
from assay.report.sheet import Cell, Sheet, explanation, sheet_parts, to_html
from assay.workload.einsum import matmul
from assay.workload.network import Layer, Network
from tests.report.sample import sample
from tests.report.unexplained import Figure, figures, mistakes, result, value, wrong, wrong_metric
from tests.report.whole import everything

NAMES = {"Layer", "Step", "Workload", "Variant", "Beside", "Dataflow", "Worst in throughput", "M \\ C"}
"""Columns of names, which have digits in them."""

TEXTS = {"Energies from", "1. Can it perform the task?"}
"""Figures by name whose text says itself where it is from, or what is missing."""

INPUTS = {"Batch", "Bits", "PEs", "Array", "Process", "RF per PE", "Word width"}
"""What is asked for or stands in a file: from where, but no formula."""


def of(sections: tuple[Section, ...]) -> list[Figure]:
    """The figures of the sections, as HTML has them; without the pictures, which take time to draw."""
    return figures(html_report("T", [replace(each, pictures=()) for each in sections]))


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> list[Figure]:
    """All that a report can hold but equal areas and the map of shapes."""
    whole = everything(tmp_path_factory.mktemp("whole"))
    return of((*whole, *evaluation_sections(sample(gap=0.25))))


@pytest.fixture(scope="module")
def beside() -> list[Figure]:
    """Machines of equal area, at two batches."""
    network = Network("net", (Layer("one", "conv", einsum=matmul(n=2, c=8, m=16)),))
    study = compare_dataflows(network, pes=[8], batches=[1, 2], dataflows=["ws", "os"], workers=1)
    return of(dataflow_sections(study))


@pytest.fixture(scope="module")
def mapped(tmp_path_factory: pytest.TempPathFactory) -> list[Figure]:
    """A suite with variants in fewer bits and with zeros, and a small map of shapes."""
    suite = tmp_path_factory.mktemp("suite") / "suite.yaml"
    suite.write_text(
        "assay: suite/1\nname: mine\nentries:\n"
        '  - {network: "matmul:M=8,N=4,K=8", name: product, class: classic}\n'
        '  - {network: "matmul:M=8,N=4,K=8", name: narrow, class: reduced, bits: 4}\n'
    )
    with pytest.MonkeyPatch.context() as patch:
        for name, values in (("CHANNELS", (1, 8)), ("FILTERS", (1, 3)), ("OUTPUTS", (4, 7)), ("BATCHES", (1, 2))):
            patch.setattr(flexibility_map, name, values)
        several: list[Flexibility] = [
            flexibility("edge_45nm", str(suite), base="conv:M=8,C=8,P=7,Q=7,R=3,S=3", objective=each, workers=1)
            for each in ("energy", "latency")
        ]
    return of(tuple(section for each in several for section in flexibility_sections(each)))


@pytest.fixture(params=["found", "beside", "mapped"])
def page(request: pytest.FixtureRequest) -> list[Figure]:
    figures: list[Figure] = request.getfixturevalue(request.param)
    return figures


def test_every_figure_unfolds(page: list[Figure]) -> None:
    bare = {(each.table, each.column, each.text) for each in page if not each.why}
    assert {each for each in bare if each[1] not in NAMES | TEXTS} == set()


def test_what_is_computed_shows_its_operands(page: list[Figure]) -> None:
    """A sentence without a figure, the same in every row, explains none of them."""
    told = {(each.table, each.column, each.why) for each in page if each.why and not _has_digit(each.why)}
    assert {each for each in told if each[1] not in INPUTS} == set()


def test_formulas_come_out(page: list[Figure]) -> None:
    assert [error for each in page for error in mistakes(each)] == []


def test_many_formulas_can_be_done_again(found: list[Figure]) -> None:
    done = sum(result(line.rpartition(" = ")[0]) is not None for each in found for line in each.why.split("\n"))
    assert done > 150


def _has_digit(text: str) -> bool:
    return any(sign.isdigit() for sign in text)


def test_a_wrong_formula_is_found() -> None:
    assert wrong("3 J / 4 s = 0.75 W") == []
    assert wrong("3 J / 4 s = 0.74 W") == ["3 J / 4 s = 0.74 W: it is 0.75"]
    assert wrong("min(3 MACs, 2 B × 2 MACs/B) = 3") == []
    assert wrong("a  1 nJ\nb  20 pJ\nsum = 1.02 nJ") == []
    assert wrong("a  1 nJ\nb  20 pJ\nsum = 1.2 nJ") != []
    assert wrong_metric("2 W", "= energy / time\nenergy = 4 J\ntime = 2 s") == []
    assert wrong_metric("3 W", "= energy / time\nenergy = 4 J\ntime = 2 s") != []
    assert value("12.5 % of all") == pytest.approx(0.125)


def test_a_bare_figure_is_found() -> None:
    sheet = Sheet("s", "T", (Column("Name", right=False), Column("Value")), (("a", "12 s"), ("b", Cell("3 s", "why"))))
    assert figures(to_html(sheet)) == [Figure("T", "Value", "12 s", ""), Figure("T", "Value", "3 s", "why")]


def test_the_formula_of_a_column_stands_before_the_operands_of_a_row() -> None:
    column = Column("Share", why="part / whole")
    assert explanation(Cell("50 %", "1 / 2 = 50 %"), column) == "part / whole\n1 / 2 = 50 %"
    assert explanation("50 %", column) == "part / whole"
    assert explanation("-", column) == ""
    assert explanation("50 %", Column("Share")) == ""


def test_the_screen_explains_with_the_same_words() -> None:
    evaluation = sample()
    text = render_evaluation(evaluation, width=200, explain=True)
    for section in evaluation_sections(evaluation)[:3]:
        for sheet in section.sheets:
            for row in sheet.rows:
                for cell in row:
                    if isinstance(cell, Cell):
                        assert [line for line in cell.why.split("\n") if line.strip() not in text] == []
    assert "  dram, Share: 25.2 nJ / 29.308 nJ = 86 %" in text
    assert len(sheet_parts(sheet, 80, explain=True)) > len(sheet_parts(sheet, 80))
