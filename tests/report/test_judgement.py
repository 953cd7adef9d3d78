"""The verdict on the screen and as a section."""

from dataclasses import replace

import pytest
from matplotlib.figure import Figure

from assay.metrics.accuracy import published
from assay.metrics.metric import Basis, Metric
from assay.metrics.requirements import Requirements
from assay.metrics.scorecard import scorecard
from assay.metrics.verdict import judge
from assay.reading.units import format_si
from assay.report.evaluation import render_evaluation
from assay.report.judgement import verdict_sections
from assay.report.metrics import figure
from assay.report.pictures import picture_svg
from assay.report.scorecard import scorecard_sections
from assay.report.scorecard_pictures import factor_pictures
from assay.report.section import all_sheets
from assay.report.sheet import to_latex, to_markdown
from tests.report.sample import sample

ASKED = Requirements(
    min_accuracy=0.9, max_latency=1e-6, min_throughput=1e9, max_power=1.0, max_energy=1.0, max_area=1.0
)
CARD = scorecard(sample(), published("alexnet"), tdp=1.0)


@pytest.mark.parametrize("width", [60, 79, 80, 100, 120])
@pytest.mark.parametrize("explain", [False, True])
def test_no_line_is_wider_than_the_terminal(width: int, explain: bool) -> None:
    text = render_evaluation(sample(), width=width, card=CARD, judged=CARD.judge(ASKED), explain=explain)
    assert max(len(line) for line in text.splitlines()) <= width
    assert "…" not in text
    words = " ".join(text.split())
    assert all(f"{number}. " in words for number in range(1, 7))
    assert "Accuracy 80.2 % (top-5 on ImageNet" in words


def test_the_section_has_a_row_per_question() -> None:
    (section,) = verdict_sections(CARD.judge(ASKED))
    words = "Verdict: not viable for these requirements: accuracy, latency and throughput fail; 1 more cannot be judged"
    assert section.title == words
    assert [each.key for each in section.metrics] == [*(f"question_{number}" for number in range(1, 7)), "remarks"]
    (sheet,) = all_sheets([section])
    for written in (to_markdown(sheet), to_latex(sheet)):
        assert "Is it fast enough" in written
        assert "Little's law" in written
        assert "latency and throughput fail" in written


def test_every_figure_is_in_a_section_of_its_own_key() -> None:
    sections = scorecard_sections(CARD)
    assert [each.key for each in sections][:2] == ["scorecard_accuracy", "scorecard_throughput"]
    assert [metric.key for each in sections for metric in each.metrics] == [metric.key for metric in CARD]


def test_the_factors_as_a_picture() -> None:
    (picture,) = factor_pictures(CARD)
    assert "what is left of the peak" in picture.title
    assert picture_svg(picture).startswith("<svg")
    nothing = replace(sample(), layers=(sample().layers[1],))
    assert factor_pictures(scorecard(nothing)) == ()


def test_the_last_bar_is_what_is_achieved() -> None:
    found: list[list[str]] = []
    picture = factor_pictures(CARD)[0]

    def look(figure: Figure) -> None:
        picture.draw(figure)
        found.append([text.get_text() for text in figure.axes[0].texts])

    picture_svg(replace(picture, draw=look))
    (texts,) = found
    assert texts[0] == "4 MMAC/s"
    assert texts[-1].startswith(f"{format_si(sample().macs_per_second, 'MAC/s')} (")


def test_what_somebody_states_keeps_its_digits() -> None:
    share = Metric("accuracy", "Accuracy", 0.836, "%", Basis.SPECIFIED)
    assert figure(share) == "83.6 %"
    assert figure(replace(share, basis=Basis.CALCULATED)) == "84 %"
    area = Metric("area", "Chip area", 12.25e-6, "m2", Basis.MEASURED)
    assert figure(area) == "12.25 mm2"
    assert figure(replace(area, basis=Basis.ESTIMATED)) == "12.2 mm2"


def test_nothing_is_known_and_nothing_required() -> None:
    (section,) = verdict_sections(judge({}, Requirements()))
    assert [each.value for each in section.metrics] == ["Nothing required."] * 6
