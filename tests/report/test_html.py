from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from assay import __version__
from assay.metrics.metric import Basis, Metric, Operand
from assay.report.chart_axes import ChartAxis
from assay.report.charts import BarSeries, stacked_bars
from assay.report.html import html_report
from assay.report.page import Column
from assay.report.section import Section, TextBlock, render_sections, to_markdown_text
from assay.report.sheet import Cell, Sheet

LINK = "see https://example.org/paper"
LATENCY = Metric("latency", "Latency", 0.05, "s", Basis.CALCULATED, "cycles / clock", (Operand("cycles", 5),), LINK)
SHEET = Sheet("a", "A table", (Column("Name", right=False), Column("MACs")), (("x", Cell("1", "= 1\n" + "ab " * 80)),))
FOLDED = Sheet("b", "A folded table", (Column("Name"),), (("x",),), (("total",),), ("A note.",), folded=True)
BLOCK = TextBlock("A nest", "for N:\n  for <C>:", folded=True)
SECTION = Section("one", "One", ("A text.",), (LATENCY,), (SHEET, FOLDED), blocks=(BLOCK,), intro="An introduction.")
VOID = {"meta", "link", "path", "use", "rect", "br"}


class Reader(HTMLParser):
    """Fails where tags do not match; keeps what there is."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag


def read(text: str) -> Reader:
    reader = Reader()
    reader.feed(text)
    reader.close()
    assert reader.open == []
    return reader


def test_nothing_is_fetched_and_nothing_runs() -> None:
    pytest.importorskip("matplotlib")
    picture = stacked_bars("p", "P", ("a",), (BarSeries("x", (1.0,)), BarSeries("y", (1.0,))), ChartAxis("Energy", "J"))
    text = html_report(LINK, [SECTION, Section("two", LINK, (LINK,), pictures=(picture, picture))], summary=LINK)
    reader = read(text)
    for tag, attributes in reader.tags:
        assert tag not in ("script", "img", "iframe", "object", "embed", "base", "form", "audio", "video")
        for name, value in attributes.items():
            assert not name.startswith("on")
            if name in ("src", "href", "data", "action", "srcset", "poster"):
                assert value is not None
                assert value.startswith(("#", "data:,"))
    assert not re.search(r"@import|url\((?!#)", text)
    assert "https://example.org" in text  # a text, no link


def test_same_sections_same_bytes_and_a_foot_with_what_is_known() -> None:
    text = html_report("T", [SECTION])
    assert text == html_report("T", [SECTION])
    assert f"Made by Assay {__version__}. " in text
    given = html_report("T", [SECTION], command="assay evaluate 'a & b'")
    assert f"Made by Assay {__version__} with <code>assay evaluate &#x27;a &amp; b&#x27;</code>." in given


def test_contents_lead_to_every_section_even_of_the_same_name() -> None:
    reader = read(html_report("T", [SECTION, SECTION, Section("ä key/2", "Two")]))
    links = [attributes["href"] for tag, attributes in reader.tags if tag == "a"]
    ids = [attributes["id"] for tag, attributes in reader.tags if tag == "section"]
    assert links == [f"#{each}" for each in ids] == ["#s1-one", "#s2-one", "#s3---key-2"]
    assert "<nav" not in html_report("T", [SECTION])


def test_every_part_of_a_section_is_there() -> None:
    text = html_report("T", [SECTION], summary="A summary.")
    read(text)
    order = [
        "A summary.",
        "One",
        "An introduction.",
        "cycles / clock",
        "A table",
        "A folded table",
        "A nest",
        "A text.",
    ]
    places = [text.index(each) for each in order]
    assert places == sorted(places)
    assert '<details class="folded"><summary>A folded table</summary>' in text
    assert "  for &lt;C&gt;:" in text


def test_explanations_make_room_for_their_lines_and_fit_on_paper() -> None:
    text = html_report("T", [SECTION])
    style, why = re.search(r'<details[^>]* style="--lines:(\d+)".*?<pre>(.*?)</pre>', text, re.DOTALL).groups()  # type: ignore[union-attr]
    lines = why.split("\n")
    assert len(lines) == int(style) == 4
    assert max(len(line) for line in lines) <= 110
    assert " ".join(why.split()) == "= 1 " + " ".join(["ab"] * 80)


def test_screen_shows_blocks_as_they_are() -> None:
    text = render_sections("T", [SECTION], width=60)
    assert "An introduction." in text
    assert "\nA nest\n\nfor N:\n  for <C>:\n" in text
    wide = Section("w", "W", blocks=(TextBlock("B", "x" * 200),))
    assert "x" * 200 in render_sections("T", [wide], width=60)


def test_markdown_has_blocks_as_they_are() -> None:
    text = to_markdown_text([SECTION, Section("c", "C", blocks=(TextBlock("A <b> *c*", "one\n```\ntwo"),))])
    assert "<details><summary>A nest</summary>\n\n```\nfor N:\n  for <C>:\n```\n\n</details>" in text
    assert "**A \\<b> \\*c\\***\n\n````\none\n```\ntwo\n````\n" in text
    assert text.index("A folded table") < text.index("A nest")
