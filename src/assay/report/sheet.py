"""A table once for all forms: screen, Markdown, LaTeX, HTML. Its cells are texts as people read them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from rich.console import RenderableType
from rich.text import Text

from assay.report.page import Column, grid, prose


@dataclass(frozen=True, slots=True)
class Cell:
    """A text in a table, and where it comes from: shown behind it in HTML."""

    text: str
    why: str = ""


Row = Sequence[str | Cell]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table.

    Attributes:
        key: short name, for files and labels.
        title: the caption.
        columns: headings and sides.
        rows, totals: cells, as many as there are columns.
        notes: sentences below it.
    """

    key: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    totals: tuple[Row, ...] = ()
    notes: tuple[str, ...] = ()


def sheet_parts(sheet: Sheet, width: int | None) -> list[RenderableType]:
    """The table for the screen, with its caption and notes."""
    rows = [[_text(cell) for cell in row] for row in sheet.rows]
    totals = [[_text(cell) for cell in row] for row in sheet.totals]
    parts: list[RenderableType] = [Text(f"\n{sheet.title}"), grid(sheet.columns, rows, totals, width)]
    return parts + [prose(note, width) for note in sheet.notes]


def to_markdown(sheet: Sheet) -> str:
    """The table in the Markdown of GitHub, with its caption above and its notes below; ends in a line break."""
    titles = [_markdown(_one_line(column.title)) for column in sheet.columns]
    rule = ["---:" if column.right else "---" for column in sheet.columns]
    lines = [f"**{_markdown(sheet.title)}**", "", _markdown_row(titles), _markdown_row(rule)]
    for row in sheet.rows:
        lines.append(_markdown_row([_markdown(_text(cell)) for cell in row]))
    for row in sheet.totals:
        lines.append(_markdown_row([f"**{text}**" if (text := _markdown(_text(cell))) else "" for cell in row]))
    for note in sheet.notes:
        lines += ["", _markdown(note)]
    return "\n".join(lines) + "\n"


def to_latex(sheet: Sheet) -> str:
    """A `table` with a `tabular` of plain rules: needs no package. Ends in a line break."""
    sides = "".join("r" if column.right else "l" for column in sheet.columns)
    lines = [r"\begin{table}[htbp]", r"  \centering", rf"  \caption{{{_latex(sheet.title)}}}"]
    lines += [rf"  \label{{tab:{sheet.key}}}", rf"  \begin{{tabular}}{{{sides}}}", r"    \hline"]
    lines += [_latex_row([_one_line(column.title) for column in sheet.columns]), r"    \hline"]
    lines += [_latex_row([_text(cell) for cell in row]) for row in sheet.rows]
    if sheet.totals:
        lines += [r"    \hline", *(_latex_row([_text(cell) for cell in row]) for row in sheet.totals)]
    lines += [r"    \hline", r"  \end{tabular}"]
    lines += [rf"  \par\smallskip {{\footnotesize {_latex(note)}}}" for note in sheet.notes]
    return "\n".join([*lines, r"\end{table}"]) + "\n"


def to_html(sheet: Sheet) -> str:
    """A `table`, whose cells unfold where they have an explanation. Every text in it is escaped."""
    head = "".join(_html_cell("th", _one_line(column.title), column) for column in sheet.columns)
    body = "".join(_html_row("td", row, sheet.columns) for row in sheet.rows)
    foot = "".join(_html_row("th", row, sheet.columns) for row in sheet.totals)
    notes = "".join(f'<p class="note">{escape(note)}</p>' for note in sheet.notes)
    table = f"<caption>{escape(sheet.title)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody>"
    table += f"<tfoot>{foot}</tfoot>" if foot else ""
    return f'<div class="sheet"><table>{table}</table>{notes}</div>'


def _text(cell: str | Cell) -> str:
    return cell.text if isinstance(cell, Cell) else cell


def _one_line(title: str) -> str:
    return title.replace("\n", " ")


def _markdown_row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _markdown(text: str) -> str:
    for sign in "\\`*_[]|<":
        text = text.replace(sign, f"\\{sign}")
    return text.replace("\n", " ")


_LATEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "×": r"$\times$", "·": r"$\cdot$", "µ": r"$\mu$", "≤": r"$\leq$", "≥": r"$\geq$", "–": "--", "²": r"$^2$",
}  # fmt: skip


def _latex(text: str) -> str:
    return "".join(_LATEX.get(sign, sign) for sign in text.replace("\n", " "))


def _latex_row(cells: Sequence[str]) -> str:
    return f"    {' & '.join(_latex(cell) for cell in cells)} \\\\"


def _html_row(tag: str, row: Row, columns: Sequence[Column]) -> str:
    return f"<tr>{''.join(_html_cell(tag, cell, column) for cell, column in zip(row, columns, strict=True))}</tr>"


def _html_cell(tag: str, cell: str | Cell, column: Column) -> str:
    side = ' class="right"' if column.right else ""
    body = escape(_text(cell))
    if isinstance(cell, Cell) and cell.why:
        body = f"<details><summary>{body}</summary><pre>{escape(cell.why)}</pre></details>"
    return f"<{tag}{side}>{body}</{tag}>"
