"""Reads the CSV tables of Accelergy's plug-ins; what they look like stands in accelergy_tables.py."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from assay.components.accelergy_actions import PICOJOULE, SQUARE_MICROMETRE
from assay.components.technology import Technology
from assay.errors import InputError, Position
from assay.reading.entries import Entry, Form, short
from assay.reading.expressions import MAX_DIGITS
from assay.reading.units import AREA, ENERGY, LENGTH, NUMBER, UNITS, VOLTAGE, Dimension, Quantity

MAX_LINES = 20_000
_PLAIN = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE]([+-]?[0-9]{1,5}))?")
_LEAST = Fraction(1, 10**100)
_ANY = ("", "*", "x")
_LEFT_OUT = ("", "comment", "comments", "note", "notes", "source")
_UNITS: Mapping[str, tuple[Dimension, Fraction]] = {"energy": (ENERGY, PICOJOULE), "area": (AREA, SQUARE_MICROMETRE)}

Value = Fraction | str
"""What stands in a cell: a number in base units, or a word in lower case."""


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a table.

    Attributes:
        values: by column, without those that any value fits.
        actions: of which it gives the energy; "" where the table has no actions.
        energy: joules; area: m2; None where it is not known.
        technology: None where the table names none.
    """

    line: int
    values: Mapping[str, Value]
    actions: tuple[str, ...]
    arguments: tuple[tuple[str, str], ...]
    energy: Fraction | None
    area: Fraction | None
    technology: Technology | None


@dataclass(frozen=True, slots=True)
class Table:
    """All rows for one component.

    Attributes:
        columns: of attributes, by each of their names: both `width` and `datawidth` may be `width`.
        uncertainty: None where nobody says.
    """

    component: str
    file: str
    columns: Mapping[str, str]
    rows: tuple[Row, ...]
    source: str
    uncertainty: float | None


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the file with its cells; no cells where it is a comment."""

    number: int
    cells: tuple[str, ...]
    comment: str


def read_tables(file: Path) -> tuple[Table, ...]:
    """One for each component in a file. Raises InputError where it is wrong: at its line."""
    found = tuple(_table(component, file, lines) for component, lines in _sections(file).items())
    if not found:
        raise InputError("the table is empty", at=Position(str(file)))
    return found


def _sections(file: Path) -> dict[str, list[Line]]:
    """The lines by component; comments at the top belong to all."""
    try:
        texts = file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read the table: {error}", at=Position(str(file))) from None
    if len(texts) > MAX_LINES:
        raise InputError(f"the table has more than {MAX_LINES} lines", at=Position(str(file)))
    component = file.stem.lower()
    found: dict[str, list[Line]] = {}
    heading: list[Line] = []
    for number, text in enumerate(texts, 1):
        content, _, comment = text.partition("#")
        cells = _cells(content, Position(str(file), number))
        line = Line(number, cells if any(cells) else (), comment.strip())
        if match := re.match(r"\s*COMPONENT\s*:\s*([\w.]+)", content):
            component = match[1].lower()
        elif line.cells:
            found.setdefault(component, list(heading)).append(line)
        elif comment:
            found.get(component, heading).append(line)
    return found


def _cells(content: str, at: Position) -> tuple[str, ...]:
    try:
        return tuple(cell.strip() for cell in next(csv.reader([content], skipinitialspace=True), []))
    except csv.Error as error:
        raise InputError(f"the line cannot be read: {error}", at=at) from None


def _table(component: str, file: Path, lines: list[Line]) -> Table:
    header, *rest = [line for line in lines if line.cells]
    columns = _Columns.of(header, Position(str(file), header.number))
    if not rest:
        raise InputError(f"the table of {component} has no rows", at=Position(str(file), header.number))
    aliases = {each.strip(): _first(name) for name in columns.attributes.values() for each in name.split("|")}
    source = _said(lines, "source")
    uncertainty = _said(lines, "uncertainty")
    return Table(
        component,
        str(file),
        aliases,
        tuple(_row(line, columns, Position(str(file), line.number)) for line in rest),
        source[1] if source else f"table {file.name}, which names no source",
        _share(uncertainty[1], Position(str(file), uncertainty[0])) if uncertainty else None,
    )


@dataclass(frozen=True, slots=True)
class _Columns:
    """What stands in which column.

    Attributes:
        figures: (column, unit in the header or None) of `energy` and `area`.
    """

    names: tuple[str, ...]
    figures: Mapping[str, tuple[int, str | None]]
    attributes: Mapping[int, str]
    arguments: Mapping[int, str]

    @classmethod
    def of(cls, header: Line, at: Position) -> _Columns:
        names = tuple(name.lower() for name in header.cells)
        for name in names:
            if name and names.count(name) > 1:
                raise InputError(f"there are two columns '{name}'", at=at)
        figures = {kind: found for kind in _UNITS if (found := _figure_column(header.cells, kind, at))}
        if not figures:
            raise InputError("the table has neither a column 'energy' nor one 'area'", at=at)
        if "energy" in figures and "action" not in names:
            raise InputError("the table gives energies, but has no column 'action'", at=at)
        taken = {index for index, _ in figures.values()}
        free = {i: name for i, name in enumerate(names) if i not in taken and name not in (*_LEFT_OUT, *_OWN)}
        first = names.index("action") if "action" in names else len(names)
        arguments = {index: name for index, name in free.items() if first < index < min(taken)}
        return cls(names, figures, {i: name for i, name in free.items() if i not in arguments}, arguments)

    def cell(self, name: str, line: Line) -> str:
        """What stands in a column; empty where there is none."""
        index = self.names.index(name) if name in self.names else len(line.cells)
        return line.cells[index] if index < len(line.cells) else ""


_OWN = ("action", "technology", "voltage")


def _first(name: str) -> str:
    """A column by the first of its names: `width|datawidth` is width."""
    return name.partition("|")[0].strip()


def _figure_column(header: Iterable[str], kind: str, at: Position) -> tuple[int, str | None] | None:
    """The column of `energy`, `dynamic energy(pJ)` or the like, and its unit."""
    found = [(index, name) for index, name in enumerate(header) if kind in name.partition("(")[0].lower().split()]
    if not found:
        return None
    if len(found) > 1:
        raise InputError(f"there are two columns of {kind}: '{found[0][1]}' and '{found[1][1]}'", at=at)
    index, name = found[0]
    unit = name.partition("(")[2].rstrip(") ").replace("^", "")
    if unit and (unit not in UNITS or UNITS[unit].dimension != _UNITS[kind][0]):
        raise InputError(f"the column '{name}' is not in a unit of {kind}", at=at)
    return index, unit or None


def _row(line: Line, columns: _Columns, at: Position) -> Row:
    if any(cell and _number(cell) is not None for cell in line.cells[len(columns.names) :]):
        raise InputError(f"the row has {len(line.cells)} cells, its header {len(columns.names)}", at=at)
    cells = (*line.cells, *[""] * len(columns.names))
    actions = tuple(part.strip().lower() for part in columns.cell("action", line).split("|"))
    if "action" in columns.names and not any(actions):
        raise InputError("the row names no action", at=at)
    return Row(
        line.number,
        {_first(name): _value(cells[i], at) for i, name in columns.attributes.items() if cells[i].lower() not in _ANY},
        tuple(each for each in actions if each != "*") if "action" in columns.names else ("",),
        tuple((name, cells[i]) for i, name in columns.arguments.items() if cells[i].lower() not in _ANY),
        _figure("energy", line, columns, at),
        _figure("area", line, columns, at),
        _technology(columns.cell("technology", line), columns.cell("voltage", line), at),
    )


def _figure(kind: str, line: Line, columns: _Columns, at: Position) -> Fraction | None:
    """J or m2."""
    index, unit = columns.figures.get(kind, (len(line.cells), None))
    cell = line.cells[index] if index < len(line.cells) else ""
    if cell.lower() in _ANY:
        return None
    value = _number(cell)
    if value is None or value < 0:
        advice = "exponents go from -100 to 100" if "e" in cell.lower() and any(map(str.isdigit, cell)) else None
        raise InputError(f"the {kind} '{short(cell)}' is not a number of at least 0", at=at, hint=advice)
    return value * (UNITS[unit].exact if unit else _UNITS[kind][1])


def _technology(node: str, voltage: str, at: Position) -> Technology | None:
    if node.lower() in _ANY:
        return None
    length = _entry(node, "technology", at).quantity((NUMBER, LENGTH))
    nanometres = length.value if length.dimension == NUMBER else length.value * 1e9
    volts = None
    if voltage.lower() not in _ANY:
        volts = _entry(voltage, "voltage", at).quantity((NUMBER, VOLTAGE)).value
    try:
        return Technology.of(round(nanometres, 6), volts)
    except InputError as error:
        raise InputError(error.message, at=at, hint=error.hint) from None


def _value(cell: str, at: Position) -> Value:
    """A number in base units, or a word."""
    return value_of(_entry(cell, "cell", at), {})


def value_of(entry: Entry, names: Mapping[str, Quantity]) -> Value:
    """A number in base units, if it is one that can be computed with; else a word."""
    try:
        exact = entry.expression(names).exact
    except InputError:
        return entry.text().lower()
    return exact if exact == 0 or _LEAST <= abs(exact) <= 1 / _LEAST else entry.words.lower()


def _number(cell: str) -> Fraction | None:
    """A plain number; None where it is none, or has more digits or a larger exponent than expressions may have."""
    match = _PLAIN.fullmatch(cell)
    return Fraction(cell) if match and len(cell) <= MAX_DIGITS and abs(int(match[1] or 0)) <= 100 else None


def _entry(cell: str, label: str, at: Position) -> Entry:
    return Entry(at, Form.TEXT, words=cell, label=label, indent=None)


def _said(lines: Iterable[Line], key: str) -> tuple[int, str] | None:
    """(line, text) of a comment such as `# source: ...`."""
    for line in lines:
        label, colon, text = line.comment.partition(":")
        if colon and label.strip().lower() == key and text.strip():
            return line.number, text.strip()
    return None


def _share(text: str, at: Position) -> float:
    value = _number(text)
    if value is None or value <= 0:
        raise InputError(f"the uncertainty '{short(text)}' is not a share such as 0.3", at=at)
    return float(value)
