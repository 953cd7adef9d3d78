"""A table once for all forms: screen, Markdown, LaTeX, HTML. Its cells are texts as people read them."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from rich.console import RenderableType
from rich.text import Text

from assay.report.escapes import latex, markdown, one_line
from assay.report.page import Column, grid, prose

INDENT = 4
"""Columns before the lines of an explanation on the screen."""

LINE = 110
"""Signs in the longest line of an explanation."""

PAGE = 45
"""Rows of a table on one page of LaTeX."""

SIZES = (("", 5.3, 12, 345), ("footnotesize", 4.4, 6, 420), ("scriptsize", 4.0, 6, 480))
"""Sizes of letters in LaTeX: name, points of a letter and between columns, and of the widest table, on A4."""

FOLDED = 24
"""Wider texts of wide tables are set as paragraphs in LaTeX."""


LONG = 40
"""Characters from which on a cell is a sentence, which a narrow column would make very high."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A text in a table, and where it comes from: the formula of its column with the row's own figures in it."""

    text: str
    why: str = ""


Row = Sequence[str | Cell]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table.

    Attributes:
        key: short name, for files and labels.
        title: the caption.
        columns: headings, sides and formulas.
        rows, totals: cells, as many as there are columns.
        notes: sentences below it.
        folded: HTML shows the title alone until it is opened.
    """

    key: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    totals: tuple[Row, ...] = ()
    notes: tuple[str, ...] = ()
    folded: bool = False


def worked(filled: str, text: str) -> Cell:
    """A figure with the formula that gives it, filled in."""
    return Cell(text, f"{filled} = {text}")


def sheet_parts(sheet: Sheet, width: int | None, *, explain: bool = False) -> list[RenderableType]:
    """The table for the screen, with its caption and notes; `explain`: and where every figure comes from."""
    rows = [[_text(cell) for cell in row] for row in sheet.rows]
    totals = [[_text(cell) for cell in row] for row in sheet.totals]
    parts: list[RenderableType] = [Text(f"\n{sheet.title}"), grid(sheet.columns, rows, totals, width)]
    parts += [prose(note, width) for note in sheet.notes]
    return [*parts, *_explained(sheet, width)] if explain else parts


def _explained(sheet: Sheet, width: int | None) -> list[RenderableType]:
    """What unfolds in HTML, column by column."""
    parts: list[RenderableType] = []
    for index, column in enumerate(sheet.columns):
        name = one_line(column.title)
        cells = [(_text(row[0]), row[index]) for row in (*sheet.rows, *sheet.totals)]
        own = [(row, _text(cell), cell.why) for row, cell in cells if isinstance(cell, Cell) and cell.why]
        if column.why and any(explanation(cell, column) for _, cell in cells):
            parts.append(prose(f"{name}: {column.why}", width))
        for row, text, why in own:
            where = ", ".join(part for part in (row if index else "", name) if part)
            if "\n" in why:
                parts += [prose(f"  {where}: {text}", width), Text(textwrap.indent(why.strip("\n"), " " * INDENT))]
            else:
                parts.append(prose(f"  {where}: {why}", width))
    return parts


def explanation(cell: str | Cell, column: Column) -> str:
    """What stands behind a cell; empty where nothing does: texts without a figure have no need of a formula."""
    own = cell.why if isinstance(cell, Cell) else ""
    general = column.why if own or any(sign.isdigit() for sign in _text(cell)) else ""
    return "\n".join(text for text in (general, own) if text)


def to_markdown(sheet: Sheet) -> str:
    """The table in the Markdown of GitHub, with its caption above and its notes below; ends in a line break."""
    rule = ["---:" if column.right else "---" for column in sheet.columns]
    lines = [_bold(sheet.title), "", _markdown_row([markdown(column.title) for column in sheet.columns])]
    lines.append(_markdown_row(rule))
    lines += [_markdown_row([markdown(_text(cell)) for cell in row]) for row in sheet.rows]
    lines += [_markdown_row([_bold(_text(cell)) for cell in row]) for row in sheet.totals]
    for note in sheet.notes:
        lines += ["", markdown(note)]
    return "\n".join(lines) + "\n"


def to_latex(sheet: Sheet) -> str:
    """A `table` with a `tabular` of plain rules: needs no package. Ends in a line break.

    What is too long for a page goes on in a second table; what is wide is set small, and long texts in paragraphs.
    """
    rows = [[latex(_text(cell)) for cell in row] for row in sheet.rows]
    pieces = [rows[start : start + PAGE] for start in range(0, len(rows), PAGE)] or [[]]
    return "\n".join(_latex_table(sheet, piece, index, len(pieces)) for index, piece in enumerate(pieces))


def _latex_table(sheet: Sheet, rows: Sequence[Sequence[str]], index: int, of: int) -> str:
    size, sides = _latex_sides(sheet)
    more = rf" ({index + 1} of {of})" if of > 1 else ""
    label = "".join(sign if sign.isascii() and sign.isalnum() else "-" for sign in sheet.key)
    lines = [r"\begin{table}[htbp]", r"  \centering", rf"  \caption{{{latex(sheet.title)}{more}}}", r"  \smallskip"]
    lines += [rf"  \label{{tab:{label}{f'-{index + 1}' if index else ''}}}", *size]
    lines += [rf"  \makebox[\linewidth][c]{{\begin{{tabular}}{{{sides}}}", r"    \hline"]
    lines += [_latex_row([_latex_title(column) for column in sheet.columns]), r"    \hline"]
    lines += [_latex_row(row) for row in rows]
    if index == of - 1 and sheet.totals:
        lines += [r"    \hline", *(_latex_row([latex(_text(cell)) for cell in row]) for row in sheet.totals)]
    lines += [r"    \hline", r"  \end{tabular}}"]
    if index == of - 1:
        lines += [rf"  \par\smallskip {{\footnotesize {latex(note)}\par}}" for note in sheet.notes]
    return "\n".join([*lines, r"\end{table}"]) + "\n"


def _latex_title(column: Column) -> str:
    lines = [latex(line) for line in column.title.split("\n")]
    if len(lines) == 1:
        return lines[0]
    stacked = r" \\ ".join(lines)
    return rf"\shortstack[{'r' if column.right else 'l'}]{{{stacked}}}"


def _latex_sides(sheet: Sheet) -> tuple[list[str], str]:
    """Lines that set the size of letters, and how the columns stand: as large as fits, long texts in paragraphs."""
    widest = []
    for index, column in enumerate(sheet.columns):
        texts = [*column.title.split("\n"), *(_text(row[index]) for row in (*sheet.rows, *sheet.totals))]
        widest.append(max(len(text) for text in texts))
    plain = "".join("r" if column.right else "l" for column in sheet.columns)
    fits = (size for size in SIZES if sum(widest) * size[1] + len(widest) * size[2] <= size[3])
    name, each, between, room = next(fits, SIZES[-1])
    if sum(widest) * each + len(widest) * between > room:
        folded = [not column.right and wide > FOLDED for column, wide in zip(sheet.columns, widest, strict=True)]
        rest = room - len(widest) * between - sum(w * each for w, fold in zip(widest, folded, strict=True) if not fold)
        whole = sum(wide for wide, fold in zip(widest, folded, strict=True) if fold)
        widths = [max(60.0, min(wide * each, rest * wide / whole)) if whole else 0.0 for wide in widest]
        parts = zip(plain, widths, folded, strict=True)
        plain = "".join(f"p{{{width:.0f}pt}}" if fold else side for side, width, fold in parts)
    return ([rf"  \{name}", r"  \setlength{\tabcolsep}{3pt}"] if name else []), plain


def to_html(sheet: Sheet, name: str = "") -> str:
    """A `table`, whose cells unfold where they have an explanation. Every text in it is escaped.

    Args:
        name: unique in its page; of the explanations in one row, one is open at a time. Empty: the sheet's key.
    """
    title, group = escape(sheet.title), escape(name or sheet.key)
    head = "".join(_html_cell("th", one_line(column.title), column, "col") for column in sheet.columns)
    body = "".join(_html_row(row, sheet.columns, f"{group}-{n}") for n, row in enumerate(sheet.rows))
    foot = "".join(_html_row(row, sheet.columns, f"{group}-f{n}") for n, row in enumerate(sheet.totals))
    notes = "".join(f'<p class="note">{escape(note)}</p>' for note in sheet.notes)
    table = f"<caption><span>{title}</span></caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody>"
    table += f"<tfoot>{foot}</tfoot>" if foot else ""
    words = " text" if any(column.fold for column in sheet.columns) or not any(c.right for c in sheet.columns) else ""
    box = f'<div class="sheet{words}" tabindex="0" role="region" aria-label="{title}">'
    box += f'<div class="wide"><table>{table}</table></div>{notes}</div>'
    return f'<details class="folded"><summary>{title}</summary>{box}</details>' if sheet.folded else box


def _text(cell: str | Cell) -> str:
    return cell.text if isinstance(cell, Cell) else cell


def _bold(text: str) -> str:
    escaped = markdown(text)
    return f"**{escaped}**" if escaped else ""


def _markdown_row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _latex_row(cells: Sequence[str]) -> str:
    return f"    {' & '.join(cells)} \\\\"


def _html_row(row: Row, columns: Sequence[Column], group: str) -> str:
    """A row, whose first cell is its heading. `group`: of explanations that close each other."""
    cells = enumerate(zip(row, columns, strict=True))
    return f"<tr>{''.join(_html_cell('td' if n else 'th', cell, each, 'row', group) for n, (cell, each) in cells)}</tr>"


def _html_cell(tag: str, cell: str | Cell, column: Column, scope: str, group: str = "") -> str:
    side = (f' scope="{scope}"' if tag == "th" else "") + (' class="right"' if column.right else "")
    if not column.right and len(_text(cell)) > LONG:
        side += ' class="long"'
    body = escape(_text(cell))
    if scope == "row" and (text := explanation(cell, column)):
        lines = _short_lines(text)
        why = f'<div class="why"><pre>{escape(chr(10).join(lines))}</pre></div>'
        start = f'<details name="{group}" style="--lines:{len(lines)}">'
        body = f"{start}<summary>{body}</summary>{why}</details>"
    return f"<{tag}{side}>{body}</{tag}>"


def _short_lines(text: str) -> list[str]:
    """The lines of an explanation, those that are too long for paper broken."""
    lines: list[str] = []
    for line in text.strip("\n").split("\n"):
        indent = " " * (len(line) - len(line.lstrip()) + 4)
        wrapped = textwrap.wrap(
            line, LINE, subsequent_indent=indent[: LINE // 2], drop_whitespace=False, break_on_hyphens=False
        )
        lines += [each.rstrip() for each in wrapped] or [""]
    return lines
