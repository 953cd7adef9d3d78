"""What a command shows, once for all forms: screen, Markdown, LaTeX, pictures and HTML are made of sections."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from html import escape

from rich.console import RenderableType
from rich.text import Text

from assay.metrics.metric import Metric
from assay.report.escapes import latex, markdown, one_line
from assay.report.metrics import explained, figure
from assay.report.page import Column, heading, pairs, prose, to_text, verbatim
from assay.report.pictures import Picture
from assay.report.sheet import Sheet, sheet_parts, to_latex, to_markdown


@dataclass(frozen=True, slots=True)
class TextBlock:
    """Lines that stay as they are, such as a loop nest or a tree. `folded`: HTML shows the title until it is opened."""

    title: str
    text: str
    folded: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a report.

    Attributes:
        key: short name, unique in its report; names of files and anchors begin with it.
        title: the heading.
        text: paragraphs.
        metrics: figures, each with its explanation.
        sheets: tables.
        pictures: drawn only where somebody wants them.
        blocks: lines that stay as they are.
        intro: sentences below the heading, before all else.
    """

    key: str
    title: str
    text: tuple[str, ...] = ()
    metrics: tuple[Metric, ...] = ()
    sheets: tuple[Sheet, ...] = ()
    pictures: tuple[Picture, ...] = ()
    blocks: tuple[TextBlock, ...] = ()
    intro: str = ""


def render_sections(
    title: str,
    sections: Iterable[Section],
    *,
    summary: str = "",
    width: int | None = None,
    color: bool = False,
    explain: bool = False,
) -> str:
    """The sections as a screen.

    Args:
        title: the first line.
        summary: a sentence below it.
        width: columns of the terminal; None: as wide as the tables need.
        color: True to use ANSI colours.
        explain: True: formula, operands and source below every figure.
    """
    parts: list[RenderableType] = [Text(title, style="bold")]
    if summary:
        parts.append(prose(summary, width))
    for section in sections:
        parts += section_parts(section, width, explain=explain)
    return to_text(parts, width=width, color=color)


def section_parts(section: Section, width: int | None, *, explain: bool = False) -> list[RenderableType]:
    """One section for the screen: heading, figures, tables, blocks, paragraphs."""
    parts: list[RenderableType] = [heading(section.title)]
    if section.intro:
        parts.append(prose(section.intro, width))
    if section.metrics and not explain:
        parts.append(pairs([(each.title, figure(each)) for each in section.metrics], width))
    for each in section.metrics if explain else ():
        parts += [
            prose(f"{each.title}: {figure(each)}", width),
            *(prose(f"    {line}", width) for line in explained(each)),
        ]
    for sheet in section.sheets:
        parts += sheet_parts(sheet, width, explain=explain)
    for block in section.blocks:
        parts += [Text(f"\n{block.title}\n"), verbatim(block.text)]
    return parts + [prose(text, width) for text in section.text]


def all_sheets(sections: Sequence[Section]) -> list[Sheet]:
    """Every table; the figures of a section are one, too. What a section says in words stands below its last one."""
    sheets: list[Sheet] = []
    for section in sections:
        found = [*([metrics_sheet(section)] if section.metrics else []), *section.sheets]
        if found:
            found[-1] = replace(found[-1], notes=(*found[-1].notes, *section.text))
        sheets += found
    return sheets


def to_markdown_text(sections: Sequence[Section]) -> str:
    """The tables and blocks in the Markdown of GitHub, in order; folded blocks unfold there, too."""
    parts: list[str] = []
    for section in sections:
        found = all_sheets([section])
        parts += [f"{markdown(section.intro)}\n"] if section.intro else []
        parts += [to_markdown(sheet) for sheet in found]
        parts += [] if found else [f"{markdown(text)}\n" for text in section.text]
        parts += [_block(block) for block in section.blocks]
    return "\n".join(parts)


FLOATS = 6
"""Tables after which LaTeX is told to set what waits for a page: it holds only so many."""


def to_latex_text(sections: Sequence[Section]) -> str:
    """The tables as LaTeX, with what the sections say in words; blocks as they are. Needs no package."""
    parts: list[str] = []
    waiting = 0
    for section in sections:
        found = all_sheets([section])
        parts += [f"{latex(section.intro)}\n"] if section.intro else []
        for sheet in found:
            parts.append(to_latex(sheet))
            waiting += 1
            if waiting == FLOATS:
                parts.append("\\clearpage\n")
                waiting = 0
        parts += [] if found else [f"{latex(text)}\n" for text in section.text]
        parts += [_verbatim(block) for block in section.blocks]
    return "\n".join(parts)


def _verbatim(block: TextBlock) -> str:
    text = block.text.rstrip("\n").replace("\\end{verbatim}", "\\end {verbatim}")
    plain = "".join(sign if sign.isascii() else "?" for sign in text)  # what verbatim cannot show without packages
    return f"{latex(block.title)}\n\\begin{{verbatim}}\n{plain}\n\\end{{verbatim}}\n"


def _block(block: TextBlock) -> str:
    text = block.text.rstrip("\n")
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
    code = f"{fence}\n{text}\n{fence}\n"
    if block.folded:
        return f"<details><summary>{escape(one_line(block.title))}</summary>\n\n{code}\n</details>\n"
    return f"**{markdown(block.title)}**\n\n{code}"


def metrics_sheet(section: Section) -> Sheet:
    """The figures of a section as a table of two columns."""
    rows = tuple((each.title, figure(each)) for each in section.metrics)
    return Sheet(section.key, section.title, (Column("Metric", right=False), Column("Value", right=False)), rows)


def all_pictures(sections: Sequence[Section]) -> list[Picture]:
    """Every picture of the sections, in order."""
    return [picture for section in sections for picture in section.pictures]
