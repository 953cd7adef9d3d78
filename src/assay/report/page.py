"""A page of text: paragraphs, tables and bars, for a terminal of some width, with or without colour."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

UNLIMITED = 1000
"""Width where nobody says how wide it is, as in a pipe: no table loses a column there."""

PIPED = 120
"""Columns to which cells that may be folded are folded there."""

PROSE = 100
"""Columns at which sentences are broken even if there are more."""

COLORS = ("red", "blue", "green", "yellow", "magenta", "cyan", "bright_red", "bright_blue", "bright_green")


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Attributes:
        title: the heading.
        right: True for numbers.
        drop: the order in which columns go when the terminal is narrow: 1 goes first, 0 never.
        fold: narrowest width at which its cells may be broken into lines; 0: never broken.
        why: the formula of its figures, or where they are from: said before what a cell says itself (`sheet.Cell`).
    """

    title: str
    right: bool = True
    drop: int = 0
    fold: int = 0
    why: str = ""


def to_text(parts: Iterable[RenderableType], *, width: int | None, color: bool) -> str:
    """The parts, one below the other, without blanks at the ends of lines.

    Args:
        width: columns to fill; None: nobody says how many there are, so that tables keep all their columns.
    """
    console = Console(
        file=io.StringIO(),
        width=width or UNLIMITED,
        force_terminal=color,
        color_system="standard" if color else None,
        no_color=not color,
        highlight=False,
        emoji=False,
        markup=False,
        legacy_windows=False,
    )
    with console.capture() as capture:
        for part in parts:
            console.print(part, crop=False)  # `verbatim` may be wider
    return "\n".join(line.rstrip() for line in capture.get().split("\n"))


def heading(text: str) -> RenderableType:
    """A heading with a line free above it."""
    return Text(f"\n{text}", style="bold")


def prose(text: str | Text, width: int | None) -> RenderableType:
    """Sentences, broken at a readable width."""
    body = Text(text) if isinstance(text, str) else text
    return Padding(body, (0, max(0, (width or UNLIMITED) - PROSE), 0, 0))


def verbatim(text: str) -> RenderableType:
    """Lines that are never broken, however wide: what stands inside what must be seen."""
    return Group(Text(text.rstrip("\n"), no_wrap=True, overflow="ignore"))


def bullets(items: Sequence[str], width: int | None) -> RenderableType:
    """A list of sentences."""
    table = Table.grid(padding=(0, 1))
    table.add_column(no_wrap=True)
    table.add_column(max_width=min(width or PROSE, PROSE) - 2)
    for item in items:
        table.add_row("-", Text(item))
    return table


def pairs(rows: Sequence[tuple[str, str]], width: int | None) -> RenderableType:
    """Names on the left, values on the right."""
    return groups([rows], width)


def groups(rows: Sequence[Sequence[tuple[str, str]]], width: int | None) -> RenderableType:
    """As `pairs`, with a line free between groups."""
    longest = max(len(name) for group in rows for name, _ in group)
    table = Table.grid(padding=(0, 3))
    table.add_column(no_wrap=True)
    table.add_column(max_width=max(20, min(width or PROSE, PROSE) - longest - 3))
    for number, group in enumerate(each for each in rows if each):
        if number:
            table.add_row("", "")
        for name, value in group:
            table.add_row(name, Text(value))
    return table


def grid(
    columns: Sequence[Column],
    rows: Sequence[Sequence[str | Text]],
    totals: Sequence[Sequence[str | Text]],
    width: int | None,
    *,
    header: bool = True,
    legends: Sequence[tuple[int, str]] = (),
) -> RenderableType:
    """A table with total rows at its foot. Where it is too wide, columns are left out and named below it.

    Args:
        legends: (index of a column, sentence below the table that explains it); only for columns that are shown.
    """
    least = _least_widths(columns, [*rows, *totals])
    kept, dropped = _fitting(columns, least, width)
    widest = _widest([column.title for column in columns], [*rows, *totals])
    widths = _folded(columns, least, widest, kept, width)
    table = Table(
        box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False, show_header=header, header_style="bold"
    )
    for index in kept:
        column = columns[index]
        table.add_column(
            column.title,
            justify="right" if column.right else "left",
            no_wrap=not column.fold,
            min_width=least[index],
            width=widths.get(index),
            overflow="fold",
        )
    for number, row in enumerate(rows):
        table.add_row(*(row[index] for index in kept), end_section=bool(totals) and number == len(rows) - 1)
    for row in totals:
        table.add_row(*(row[index] for index in kept), style="bold")
    below = [prose(text, width) for index, text in legends if index in kept]
    if not dropped:
        return Group(table, *below)
    names = ", ".join(columns[index].title.replace("\n", " ") for index in dropped)
    return Group(table, *below, prose(f"Left out at this width: {names}. A wider terminal shows all.", width))


def bar(fraction: float, length: int) -> str:
    """A bar of eighths of a character; nothing only when the fraction is zero."""
    eighths = max(round(fraction * length * 8), 1 if fraction > 0 else 0)
    return "█" * (eighths // 8) + " ▏▎▍▌▋▊▉"[eighths % 8].strip()


def stack(shares: Sequence[tuple[str, float]], length: int) -> Text:
    """Shares (letter, fraction) as a strip of letters, whose lengths are rounded by largest remainder."""
    exact = [
        (letter, fraction * length, COLORS[index % len(COLORS)]) for index, (letter, fraction) in enumerate(shares)
    ]
    whole = [int(amount) for _, amount, _ in exact]
    by_remainder = sorted(range(len(exact)), key=lambda index: (whole[index] - exact[index][1], index))
    for index in by_remainder[: max(0, length - sum(whole))]:
        whole[index] += 1
    text = Text()
    for (letter, _, color), count in zip(exact, whole, strict=True):
        text.append(letter * count, style=color)
    return text


def letters(names: Sequence[str]) -> dict[str, str]:
    """One letter for each name: the first of its own letters that no name before it has, else a digit."""
    result: dict[str, str] = {}
    for name in names:
        choices = [*(c.upper() for c in name if c.isalpha()), *"0123456789", *"abcdefghijklmnopqrstuvwxyz"]
        result[name] = next((choice for choice in choices if choice not in result.values()), "?")
    return result


def _folded(
    columns: Sequence[Column], least: Sequence[int], widest: Sequence[int], kept: Sequence[int], width: int | None
) -> dict[int, int]:
    """Widths of the columns that may be folded, where not all cells fit on a line: the widest give way first."""
    room = (width or PIPED) - 2 * (len(kept) - 1) - sum(least[i] for i in kept if not columns[i].fold)
    folding = [i for i in kept if columns[i].fold]
    if not folding or sum(widest[i] for i in folding) <= room:
        return {}
    for limit in range(max(widest[i] for i in folding), 0, -1):
        found = {i: max(least[i], min(widest[i], limit)) for i in folding}
        if sum(found.values()) <= room:
            return found
    return {i: least[i] for i in folding}


def _widest(titles: Sequence[str], rows: Sequence[Sequence[str | Text]]) -> list[int]:
    """How wide each column is with every cell on one line."""
    lines = [[*title.split("\n"), *(str(row[i]) for row in rows)] for i, title in enumerate(titles)]
    return [max(len(line) for line in column) for column in lines]


def _least_widths(columns: Sequence[Column], rows: Sequence[Sequence[str | Text]]) -> list[int]:
    """How narrow each column may become without losing a character."""
    widths = []
    for index, column in enumerate(columns):
        widest = max([*(len(line) for line in column.title.split("\n")), *(len(row[index]) for row in rows)])
        words = [len(word) for row in rows for word in str(row[index]).split()]
        widths.append(min(widest, max([column.fold, *words])) if column.fold else widest)
    return widths


def _fitting(columns: Sequence[Column], least: Sequence[int], width: int | None) -> tuple[list[int], list[int]]:
    """Indices of the columns that fit, and of those that do not."""
    kept = list(range(len(columns)))
    for index in sorted((i for i in kept if columns[i].drop), key=lambda i: columns[i].drop):
        if sum(least[i] for i in kept) + 2 * (len(kept) - 1) <= (width or UNLIMITED):
            break
        kept.remove(index)
    return kept, [index for index in range(len(columns)) if index not in kept]
