"""The HTML report in a real browser, as its reader has it: on a desk, on a phone, on paper, without a network."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from assay.metrics.metric import Metric
from assay.report.evaluation_sections import evaluation_sections
from assay.report.html import html_report
from assay.report.section import Section
from tests.report.browser import Browser, chromium
from tests.report.sample import sample
from tests.report.whole import everything

pytest.importorskip("matplotlib")

SIGNS = "<script>alert('no')</script> & \"quoted\" — µ ≤ ²"
LONG = "a_name_that_is_much_longer_than_a_phone_is_wide_" * 3
SIZES = (375, 768, 1280)


def report(folder: Path) -> str:
    """Everything that a report can hold, with names that are hard to show."""
    unknown = Metric("area", f"Area {SIGNS}", None, "m2", missing=LONG)
    hard = Section(
        "hard", f"Hard names {SIGNS}", text=(LONG,), metrics=(unknown, Metric("x", LONG, 1.0, "s", formula=LONG))
    )
    evaluation = sample()
    layers = tuple(replace(la, layer=replace(la.layer, name=f"{la.name}.{LONG[:40]}")) for la in evaluation.layers)
    sections = (*everything(folder), *evaluation_sections(replace(evaluation, layers=layers)), hard)
    return html_report(f"A report {SIGNS}", sections, summary=LONG, command="assay evaluate x y --html 'a b.html'")


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    folder = tmp_path_factory.mktemp("browser")
    page = folder / "report.html"
    with chromium(folder) as found:
        page.write_text(report(folder), encoding="utf-8")
        found.open(page)
        yield found


def test_needs_no_network_and_the_console_is_silent(browser: Browser) -> None:
    assert browser.messages() == []
    asked = [address for address in browser.requests() if not address.startswith(("data:", "chrome:"))]
    assert [address.rpartition("/")[2] for address in asked] == ["report.html"]
    assert browser.run("return document.scripts.length") == 0
    assert browser.run("return document.title") == f"A report {SIGNS}"


@pytest.mark.parametrize("width", SIZES)
def test_page_is_never_wider_than_the_screen(browser: Browser, width: int) -> None:
    browser.resize(width)
    everything = "document.querySelectorAll('details').forEach(each => each.open = {})"
    for state in ("false", "true"):
        browser.run(everything.format(state))
        inner, scrolled = browser.run("return [innerWidth, document.documentElement.scrollWidth]")
        assert inner == width
        assert scrolled <= width


def test_everything_that_unfolds_shows_its_text_and_nothing_covers_it(browser: Browser) -> None:
    browser.resize(1280)
    found = browser.run(
        """
        const bad = [];
        document.querySelectorAll('details').forEach(each => each.open = false);
        document.querySelectorAll('details.folded').forEach(each => each.open = true);
        const cells = [...document.querySelectorAll('details:not(.folded)')];
        for (const each of cells) {
            each.querySelector('summary').click();
            const text = each.querySelector('pre');
            const box = text.getBoundingClientRect();
            if (!each.open || !text.innerText.trim() || box.height < 10 || box.width < 50) bad.push(each.innerText);
            const row = each.closest('tr');
            if (row && box.bottom > row.getBoundingClientRect().bottom + 1) bad.push('covers: ' + each.innerText);
            for (const other of row ? [...row.children].filter(cell => !cell.contains(each)) : []) {
                const range = document.createRange();
                range.selectNodeContents(other);
                if (range.getBoundingClientRect().bottom > box.top + 1) bad.push('covers: ' + other.innerText);
            }
            each.querySelector('summary').click();
        }
        return [cells.length, bad];
        """
    )
    assert found[0] > 80
    assert found[1] == []


def test_of_the_explanations_in_a_row_one_is_open(browser: Browser) -> None:
    count = """
        const own = [...document.querySelectorAll('tbody tr')].find(r => r.querySelectorAll('details').length > 2);
        own.querySelectorAll('summary').forEach(each => each.click());
        const open = own.querySelectorAll('details[open]').length;
        own.querySelectorAll('details').forEach(each => each.open = false);
        return open;
        """
    assert browser.run(count) == 1


def test_pictures_have_a_size_a_name_and_ids_of_their_own(browser: Browser) -> None:
    browser.resize(1280)
    sizes = browser.run(
        "return [...document.querySelectorAll('figure svg')].map(s => {"
        "const box = s.getBoundingClientRect(); return [box.width, box.height, s.getAttribute('aria-label')]})"
    )
    assert len(sizes) > 20
    assert all(width > 300 and height > 100 and name for width, height, name in sizes)
    ids = browser.run("return [...document.querySelectorAll('[id]')].map(each => each.id)")
    assert len(ids) == len(set(ids))
    lost = browser.run(
        "return [...document.querySelectorAll('[href^=\"#\"]')].map(e => e.getAttribute('href'))"
        ".filter(name => !document.getElementById(name.slice(1)))"
    )
    assert lost == []


def test_can_be_read_without_eyes(browser: Browser) -> None:
    headings = browser.run("return [...document.querySelectorAll('h1,h2,h3')].map(each => +each.tagName[1])")
    assert headings[0] == 1
    assert headings.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(headings))
    assert browser.run("return document.querySelectorAll('table').length") > 3
    assert browser.run("return [...document.querySelectorAll('table')].every(t => t.caption && t.caption.innerText)")
    assert browser.run("return document.documentElement.lang") == "en"
    assert browser.run("return document.querySelectorAll('th:not([scope])').length") == 0


@pytest.mark.parametrize("dark", [False, True])
def test_colours_of_text_and_ground_are_far_apart(browser: Browser, dark: bool) -> None:
    browser.resize(1280, dark=dark)
    pairs = browser.run(
        """
        const rgb = text => (text.match(/[\\d.]+/g) || []).map(Number);
        const ground = each => {
            for (let e = each; e; e = e.parentElement) {
                const color = rgb(getComputedStyle(e).backgroundColor);
                if (color.length === 3 || color[3] > 0) return color.slice(0, 3);
            }
            return [255, 255, 255];
        };
        return [...document.querySelectorAll('p, summary, td, th, dt, dd, a, h1, h2, caption, figcaption, pre')]
            .map(each => [rgb(getComputedStyle(each).color).slice(0, 3), ground(each)]);
        """
    )
    assert min(contrast(ink, back) for ink, back in pairs) >= 4.5  # WCAG 2.2, level AA


def contrast(first: list[float], second: list[float]) -> float:
    """Of two colours, as WCAG 2.2 defines it: 1 to 21."""
    light, dark = sorted((luminance(first), luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(color: list[float]) -> float:
    parts = [part / 255 for part in color]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_prints_on_a4_more_when_more_is_open(browser: Browser) -> None:
    browser.resize(1280)
    browser.run("document.querySelectorAll('details').forEach(each => each.open = false)")
    closed = browser.pdf()
    assert closed.startswith(b"%PDF-")
    boxes = re.findall(rb"/MediaBox\s*\[\s*0\s+0\s+([\d.]+)\s+([\d.]+)", closed)
    assert boxes
    assert all((round(float(w)), round(float(h))) == (595, 842) for w, h in boxes)
    browser.run("document.querySelectorAll('details').forEach(each => each.open = true)")
    opened = browser.pdf()
    assert pages(opened) > pages(closed) > 1


def pages(pdf: bytes) -> int:
    return len(re.findall(rb"/Type\s*/Page\b", pdf)) or sum(
        len(re.findall(rb"/Type\s*/Page\b", zlib.decompress(data)))
        for data in re.findall(rb"FlateDecode.*?stream\r?\n(.*?)endstream", pdf, re.DOTALL)
    )


def test_a_browser_that_is_missing_is_a_reason_or_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("ASSAY_REQUIRE_BROWSER", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no chromium"), chromium(tmp_path):
        pass
    monkeypatch.setenv("ASSAY_REQUIRE_BROWSER", "1")
    with pytest.raises(pytest.fail.Exception, match="ASSAY_REQUIRE_BROWSER is set"), chromium(tmp_path):
        pass
