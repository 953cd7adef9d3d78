"""Tables as Markdown and LaTeX: every text comes out as it is, whatever is in it."""

from __future__ import annotations

import re
import shutil
import subprocess
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from assay.report.escapes import latex, markdown, one_line
from assay.report.page import Column
from assay.report.sheet import Cell, Sheet, to_html, to_latex, to_markdown

SPECIAL = "\\`*_[]|<>~$&#{}!%^\"'-+=.,:;()0123456789 \n\tab−≈µμ±×·÷≤≥–—²³⁻¹₂°σΣ→…éÜ│" + "\u00a0\u2028\x07"
TEXTS = st.text(st.sampled_from(SPECIAL), max_size=24)
READER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
NAMED = {"textbackslash": "\\", "textasciitilde": "~", "textasciicircum": "^", "textless": "<", "textgreater": ">"}
NAMED |= {"textbar": "|", "textasciigrave": "`", "ldots": "…"}


@st.composite
def sheets(draw: st.DrawFn) -> Sheet:
    columns = draw(st.lists(st.tuples(TEXTS, st.booleans()), min_size=1, max_size=5))
    row = st.lists(TEXTS, min_size=len(columns), max_size=len(columns))
    rows, totals = draw(st.lists(row, max_size=4)), draw(st.lists(row, max_size=2))
    titles = tuple(Column(title, right=right) for title, right in columns)
    notes = tuple(draw(st.lists(TEXTS, max_size=2)))
    return Sheet("some_key", draw(TEXTS), titles, tuple(map(tuple, rows)), tuple(map(tuple, totals)), notes)


def shown(text: str) -> str:
    """What a reader sees of a text: readers of Markdown and LaTeX put blanks together."""
    return " ".join(one_line(text).split())


@given(sheets())
def test_markdown_is_read_back_as_it_was(sheet: Sheet) -> None:
    tokens = READER.parse(to_markdown(sheet))
    texts = [read(token.children or []) for token in tokens if token.type == "inline"]
    wanted = [sheet.title, *(column.title for column in sheet.columns)]
    wanted += [str(cell) for row in (*sheet.rows, *sheet.totals) for cell in row] + list(sheet.notes)
    wanted = [shown(text) for text in wanted]
    inside = [n for n, token in enumerate(tokens) if token.type == "table_open"]
    assert len(inside) == 1
    cells = sum(token.type in ("th_open", "td_open") for token in tokens)
    assert cells == len(sheet.columns) * (1 + len(sheet.rows) + len(sheet.totals))
    outside = len(texts) - cells
    kept = [text for n, text in enumerate(wanted) if text or 0 < n <= cells]  # an empty paragraph is none
    assert [shown(text) for text in texts] == kept or (outside == 0 and not any(kept))


def read(tokens: list[object]) -> str:
    """The text, in which only emphasis may be marked up."""
    kinds = {token.type for token in tokens}  # type: ignore[attr-defined]
    assert kinds <= {"text", "text_special", "strong_open", "strong_close"}, kinds
    return "".join(token.content for token in tokens)  # type: ignore[attr-defined]


@given(sheets())
def test_latex_has_its_cells_and_nothing_unescaped(sheet: Sheet) -> None:
    text = to_latex(sheet)
    body = text[text.index("\\hline") : text.rindex("\\hline")]
    lines = [line for line in body.split("\n") if line.endswith("\\\\")]
    rows = [*sheet.rows, *sheet.totals]
    assert len(lines) == 1 + len(rows)
    for line, row in zip(lines[1:], rows, strict=True):
        cells = re.split(r"(?<!\\)&", line.removesuffix("\\\\"))
        assert [plain(cell) for cell in cells] == [plain(latex(cell)) for cell in row]


@given(TEXTS)
def test_latex_is_read_back_as_it_was(text: str) -> None:
    same = {"–": "--", "—": "---", "─": "---", "µ": "μ", "\u00a0": " "}
    wanted = "".join(same.get(sign, sign) for sign in one_line(text))
    assert plain(latex(text)) == shown(wanted)


def plain(text: str) -> str:
    """What TeX makes of a cell; fails at a sign that TeX would take for an instruction."""
    math = {"times": "×", "cdot": "·", "div": "÷", "pm": "±", "leq": "≤", "geq": "≥", "approx": "≈", "sigma": "σ"}
    math |= {"Sigma": "Σ", "mu": "μ", "rightarrow": "→", "vert": "│"}
    raised = {"-": "⁻", "1": "¹", "2": "²", "3": "³"}
    found = ""
    while text:
        if match := re.match(r"\$\^\\circ\$", text):
            found += "°"
        elif match := re.match(r"\$\^\{([-\d]+)\}\$", text):
            found += "".join(raised[sign] for sign in match[1])
        elif match := re.match(r"\$_\{(\d+)\}\$", text):
            found += match[1].replace("2", "₂")
        elif match := re.match(r"\$\\([A-Za-z]+)\$", text):
            found += math[match[1]]
        elif match := re.match(r"\$-\$", text):
            found += "−"
        elif match := re.match(r"\\([A-Za-z]+)\{\}", text):
            found += NAMED[match[1]]
        elif match := re.match(r"\{\\char34\}", text):
            found += '"'
        elif match := re.match(r"\\([&%$#_{}])|\{([\[\]*]?)\}", text):
            found += match[1] or match[2] or ""
        else:
            match = re.match(r"---|--|[^\\&%$#_{}^<>|\"`\[\]*]", text)
            assert match, text
            found += " " if match[0] == "~" else match[0]
        text = text[match.end() :]
    return " ".join(found.split())


@pytest.mark.parametrize(
    ("text", "in_markdown", "in_latex"),
    [
        ("1.32 mJ", "1.32 mJ", "1.32 mJ"),
        ("< 0.1 %", "\\< 0.1 %", "\\textless{} 0.1 \\%"),
        ("filter_spad", "filter\\_spad", "filter\\_spad"),
        ("10⁻¹² × 2", "10⁻¹² × 2", "10$^{-12}$ $\\times$ 2"),
        ("--json", "--json", "-{}-json"),
        ("- a list", "\\- a list", "- a list"),
        ("1. a list", "1\\. a list", "1. a list"),
        ("[J] $5 to $6", "\\[J] \\$5 to \\$6".replace("J]", "J\\]"), "{[}J{]} \\$5 to \\$6"),
        ("a\nb\x00c", "a b c", "a b c"),
    ],
)
def test_escapes_that_are_easily_forgotten(text: str, in_markdown: str, in_latex: str) -> None:
    assert markdown(text) == in_markdown
    assert latex(text) == in_latex


def test_a_long_table_goes_on_and_a_wide_one_is_small_and_folds() -> None:
    columns = (Column("Name", right=False), Column("Words", right=False), *(Column(f"Figure {n}") for n in range(8)))
    rows = tuple((f"row {n}", "word " * 30, *(f"{n} mJ" for _ in range(8))) for n in range(100))
    text = to_latex(Sheet("long", "Long", columns, rows, (("total", *([""] * 9)),), ("A note.",)))
    assert text.count("\\begin{table}") == 3
    assert text.count("row 99") == text.count("total &") == text.count("A note.") == 1
    assert "(1 of 3)" in text
    assert "\\label{tab:long-3}" in text
    assert "\\scriptsize" in text
    assert "p{" in text


def test_titles_of_columns_in_two_lines() -> None:
    sheet = Sheet("s", "S", (Column("Off-chip\nwords"),), (("1",),))
    assert "\\shortstack[r]{Off-chip \\\\ words}" in to_latex(sheet)
    assert "| Off-chip words |" in to_markdown(sheet)
    assert ">Off-chip words<" in to_html(sheet)


def test_latex_compiles(tmp_path: Path) -> None:
    program = shutil.which("pdflatex")
    if program is None:
        pytest.skip("there is no pdflatex to compile with")
    printed = "".join(sign for sign in SPECIAL if unicodedata.category(sign)[0] != "C")
    pairs = [first + second for first in "-'`,?![*<\\&" for second in "-'`,?![*<\\&"]
    rows = [("[J]", printed), ("*", " ".join(pairs)), ("", "αβγδεζηθικλμνξπρστφχψωΓΔΘΛΞΠΣΦΨΩ ≠∞∝←↔√∩∪∈∂∑∏‘’“”•✓✗")]
    sheet = Sheet("a_key", printed, (Column("[A]\n*B", right=False), Column(printed)), tuple(rows), (), (printed,))
    file = tmp_path / "tables.tex"
    file.write_text(f"\\documentclass{{article}}\\begin{{document}}\n{to_latex(sheet)}\\end{{document}}\n", "utf-8")
    done = subprocess.run(
        [program, "-interaction=nonstopmode", "-halt-on-error", file.name],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    assert done.returncode == 0, done.stdout[-1500:]


@given(TEXTS, TEXTS)
def test_html_escapes_text_and_explanation(text: str, why: str) -> None:
    made = to_html(Sheet("k", text, (Column(text),), ((Cell(text, why),),), (), (text,)), f"n{text}")
    tags = set(re.findall(r"<(/?[a-z]+)", made))
    known = {"div", "table", "caption", "span", "thead", "tr", "th", "tbody", "p", "details", "summary", "pre"}
    assert tags <= known | {f"/{name}" for name in known}
