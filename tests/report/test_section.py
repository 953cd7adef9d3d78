import pytest

from assay.metrics.metric import Basis, Metric, Operand
from assay.report.metrics import amount, explained, figure
from assay.report.page import Column
from assay.report.section import Section, TextBlock, all_sheets, render_sections, to_latex_text, to_markdown_text
from assay.report.sheet import Cell, Sheet

LATENCY = Metric(
    "latency",
    "Latency",
    0.05,
    "s",
    Basis.CALCULATED,
    "cycles / clock",
    (Operand("cycles", 10_000_000, "cycles"), Operand("clock", 2e8, "Hz", "chip.yaml:3")),
    "a paper",
    "batch of 4",
)
UNKNOWN = Metric("area", "Area", None, "m2", missing="the file gives none")
SHEET = Sheet("layers", "Layers", (Column("Name", right=False), Column("MACs")), (("conv1", Cell("105M", "55 x 55")),))
SECTION = Section("all", "Everything", ("A sentence.",), (LATENCY, UNKNOWN), (SHEET,))


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.05, "s", "50 ms"),
        (0.256, "%", "26 %"),
        (12.25e-6, "m2", "12.2 mm2"),
        (168, "PEs", "168 PEs"),
        (1234567, "", "1,234,567"),
        (34.69, "inferences/s", "34.7 inferences/s"),
        (15_912.4, "inferences/s", "15,900 inferences/s"),
        (True, "", "yes"),
        ("65 nm", "", "65 nm"),
        (None, "s", "not modelled"),
    ],
)
def test_amounts_have_their_units(value: float | str | bool | None, unit: str, text: str) -> None:
    assert amount(value, unit) == text


def test_figure_has_its_condition_and_what_is_missing() -> None:
    assert figure(LATENCY) == "50 ms (batch of 4)"
    assert figure(UNKNOWN) == "not modelled: the file gives none"


def test_explanation_has_formula_operands_basis_source() -> None:
    lines = explained(LATENCY)
    assert lines == [
        "= cycles / clock",
        "cycles = 10,000,000 cycles",
        "clock = 200 MHz  [chip.yaml:3]",
        "basis: calculated",
        "source: a paper",
    ]
    assert explained(UNKNOWN) == ["missing: the file gives none"]


def test_screen_has_figures_tables_and_text_and_explains_when_asked() -> None:
    text = render_sections("Title", (SECTION,), summary="In short.")
    for part in ("Title\nIn short.", "Everything", "Latency   50 ms (batch of 4)", "conv1  105M", "A sentence."):
        assert part in text
    assert "cycles / clock" not in text
    assert "= cycles / clock" in render_sections("Title", (SECTION,), explain=True)


def test_figures_are_a_table_too() -> None:
    first, second = all_sheets((SECTION,))
    assert first.rows == (("Latency", "50 ms (batch of 4)"), ("Area", "not modelled: the file gives none"))
    assert (second.title, second.rows) == (SHEET.title, SHEET.rows)


def test_words_stay_with_the_tables() -> None:
    assert all_sheets((SECTION,))[-1].notes == ("A sentence.",)
    text = to_markdown_text((SECTION, Section("words", "Words", ("Alone.",))))
    assert "\nA sentence.\n" in text
    assert "\nAlone.\n" in text


def test_metric_for_programs() -> None:
    data = LATENCY.to_dict()
    assert data["value"] == 0.05
    assert data["basis"] == "calculated"
    assert data["operands"][1] == {"name": "clock", "value": 2e8, "unit": "Hz", "source": "chip.yaml:3"}


def test_latex_has_words_blocks_and_no_more_tables_than_it_can_hold() -> None:
    block = TextBlock("A nest", "for m in 4\n\\end{verbatim} µ")
    sections = (
        *(Section(str(n), str(n), sheets=(SHEET,)) for n in range(13)),
        Section("x", "X", ("50 % of it.",), blocks=(block,)),
    )
    text = to_latex_text(sections)
    assert text.count("\\clearpage") == 2
    assert "\n50 \\% of it.\n" in text
    assert text.count("\\end{verbatim}") == 1
    assert "for m in 4" in text


def test_introductions_are_in_markdown_and_latex() -> None:
    section = Section("x", "X", intro="In short_.", sheets=(SHEET,))
    assert to_markdown_text((section,)).startswith("In short\\_.\n")
    assert to_latex_text((section,)).startswith("In short\\_.\n")
