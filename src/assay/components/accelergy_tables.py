"""Tables of estimates in CSV, as Accelergy's table-based and library plug-ins keep them.

    # source: J. Doe, "A small adder", 2020          <- as a comment; without it the source is the file
    # uncertainty: 0.2                               <- likewise; without it nobody says
    technology, width|datawidth, energy, area, action
    45nm,       16,              0.05,   67,   add|read
    45nm,       32,              0.1,    137,  add|read
    45nm,       *,               0.002,  *,    leak

The file is named after its component (`adder.csv`); a line `COMPONENT: name` begins another. Upper and lower case mean
the same. Columns:

- `energy` in pJ and `area` in um2, or in the unit in the header, such as `energy(fJ)`; what 0, `leak` and arguments
  mean stands in accelergy_actions.py. A blank or `*` is not known.
- `action`: one or several, such as `add|read`. Columns between it and the figures are arguments, such as `data_delta`.
- `technology`, such as `45nm` or `45` (nm), and `voltage`: where all rows are of another technology than the one asked
  for, figures are scaled to it, and a note says so; where they are of several others, nobody answers.
- all other columns are attributes; `width|datawidth` is one of two names. A blank, `*` or `X` stands for any value.
  `comment`, and columns without a name, are left out.

A row answers where all attributes given are equal to its own. Where none does, figures are interpolated on a straight
line between the two nearest rows that differ in one number, and a note says so; never beyond the table, and no other
row is taken instead. An attribute that is not given must be the same in all rows that could answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from assay.components.accelergy_actions import CYCLE, LEAK, Variant, energies_of, leakage_of, variant
from assay.components.accelergy_csv import Row, Table, Value, read_tables, value_of
from assay.components.estimate import Cost, Estimate
from assay.components.estimator import Attribute, Declined
from assay.components.provider import Asked, Provider, checked
from assay.components.technology import Scaling, Technology, scaling
from assay.reading.suggestions import hint
from assay.reading.units import NUMBER


@dataclass(frozen=True, slots=True)
class Found:
    """The figures of one action, from a row or from two of them."""

    energy: Fraction | None
    area: Fraction | None
    rows: tuple[Row, ...]
    note: str = ""


class TableProvider(Provider):
    """The rows of a CSV table that estimate one component."""

    def __init__(self, table: Table) -> None:
        self.component = table.component
        self.name = Path(table.file).name
        self.origin = table.file
        self.table = table

    @property
    def about(self) -> str:
        return f"table of {len(self.table.rows)} rows"

    @property
    def actions(self) -> tuple[str, ...]:
        return tuple(energies_of(_variants(self.table.rows)).energy)

    @property
    def attributes(self) -> tuple[Attribute, ...]:
        return tuple(_described(name, column, self.table) for name, column in self.table.columns.items())

    @property
    def source(self) -> str:
        return self.table.source

    @property
    def uncertainty(self) -> float | None:
        return self.table.uncertainty

    def answer(self, asked: Asked) -> Estimate:
        given = self._given(asked)
        rows, factors = _of_technology(self.table.rows, asked.technology)
        found, failures = _look_up(rows, given)
        if not any(each.energy or each.area for (action, _), each in found.items() if action != LEAK):
            raise failures[0] if failures else Declined("knows no figure of it but 0")
        used = tuple({row.line: row for each in found.values() for row in each.rows}.values())
        taken = _taken(used, given)
        notes = [each.note for each in found.values() if each.note]
        notes += [f"the table {error.message}" for error in failures]
        energies = energies_of(_by_action(found, _variants(rows)))
        notes += energies.notes
        leakage = next((each.energy for (action, _), each in found.items() if action == LEAK), None)
        cycle = given.get(CYCLE, taken.get(CYCLE))
        power = leakage_of(leakage, cycle if isinstance(cycle, Fraction) else None, notes)
        area = _area(found, notes)
        if taken:
            notes.append("as in the table: " + ", ".join(f"{name} {_shown(value)}" for name, value in taken.items()))
        cost = Cost(
            {each: _scaled(value, factors.energy) for each, value in energies.energy.items()},
            area=_scaled(area, factors.area),
            leakage=_scaled(power, factors.leakage),
            notes=(*dict.fromkeys(notes), factors.text),
        )
        shown = tuple((name, entry.words) for name, entry in asked.given.items())
        if asked.technology is not None and rows[0].technology is not None:
            shown += (("technology", str(asked.technology)),)
        return checked(self, shown, cost)

    def _given(self, asked: Asked) -> dict[str, Value]:
        """Values by column."""
        found: dict[str, Value] = {}
        for name, entry in asked.given.items():
            column = self.table.columns.get(name.lower())
            if column is None:
                raise Declined(f"does not know the attribute '{name}'", hint=hint(name, self.table.columns))
            value = value_of(entry, asked.names)
            if found.setdefault(column, value) != value:
                raise entry.error(f"{name}: {entry.words} contradicts the other name of the same column")
        return found


def _of_technology(rows: tuple[Row, ...], asked: Technology | None) -> tuple[tuple[Row, ...], Scaling]:
    """The rows of the technology, or those of the only other one, and the factors from theirs to that asked for."""
    unchanged = Scaling(1.0, 1.0, 1.0, 1.0, 1.0, "")
    stated = {row.technology for row in rows if row.technology is not None}
    if not stated:
        return rows, unchanged
    if asked is None:
        raise Declined("needs a technology", hint="such as 65nm")
    starts = {each: Technology(each.nm, each.voltage, asked.flavour) for each in stated}
    chosen = next((each for each, start in starts.items() if start == asked), None)
    if chosen is None and len(stated) > 1:
        listed = ", ".join(sorted(map(str, stated)))
        raise Declined(f"has no row of {asked}, but rows of {listed}: state one of them")
    chosen = chosen or next(iter(stated))
    return tuple(row for row in rows if row.technology in (chosen, None)), scaling(starts[chosen], asked)


Key = tuple[str, tuple[tuple[str, str], ...]]
"""An action and its arguments."""


def _look_up(rows: tuple[Row, ...], given: Mapping[str, Value]) -> tuple[dict[Key, Found], list[Declined]]:
    """The figures of every action, and why others have none."""
    keys: dict[Key, list[Row]] = {}
    for row in rows:
        for action in row.actions:
            keys.setdefault((action, row.arguments), []).append(row)
    found: dict[Key, Found] = {}
    failures: list[Declined] = []
    for key, own in keys.items():
        try:
            found[key] = _resolved(key, own, given)
        except Declined as error:
            failures.append(error)
    return found, failures


def _resolved(key: Key, rows: list[Row], given: Mapping[str, Value]) -> Found:
    """The figures of one action: of the row that fits, or between two of them."""
    if row := _fitting(rows, given):
        return Found(row.energy, row.area, (row,))
    between = [each for column in given if (each := _between(rows, given, column))]
    what, of = (f"{key[0]}: ", f" of {key[0]}") if key[0] else ("", "")
    said = ", ".join(f"{column} {_shown(value)}" for column, value in given.items())
    if not between:
        raise Declined(f"has no row{of} for {said}, nor two to interpolate between")
    if len(between) > 1:
        columns = " and in ".join(column for column, _, _ in between)
        raise Declined(f"could be interpolated{of} for {said} in {columns}, which need not agree")
    column, low, high = between[0]
    start, end, asked = low.values[column], high.values[column], given[column]
    assert isinstance(start, Fraction)
    assert isinstance(end, Fraction)
    assert isinstance(asked, Fraction)
    share = (asked - start) / (end - start)
    note = f"{what}interpolated at {column} {_shown(asked)} between {_shown(start)} and {_shown(end)} in the table"
    return Found(_mixed(low.energy, high.energy, share), _mixed(low.area, high.area, share), (low, high), note)


def _between(rows: list[Row], given: Mapping[str, Value], column: str) -> tuple[str, Row, Row] | None:
    """The nearest rows below and above that differ from what is given in this number only."""
    asked = given[column]
    if not isinstance(asked, Fraction):
        return None
    stated = {value for row in rows if isinstance(value := row.values.get(column), Fraction)}
    below = [value for value in stated if value < asked and _fitting(rows, {**given, column: value})]
    above = [value for value in stated if value > asked and _fitting(rows, {**given, column: value})]
    if not below or not above:
        return None
    low, high = (_fitting(rows, {**given, column: value}) for value in (max(below), min(above)))
    if low is None or high is None or column not in low.values or column not in high.values:
        return None
    return column, low, high


def _fitting(rows: Iterable[Row], given: Mapping[str, Value]) -> Row | None:
    """The row that fits, and fits most closely (`*` fits anything); None where none does.

    Raises:
        Declined: it depends on an attribute that is not given.
    """
    fits = [row for row in rows if all(row.values.get(column, value) == value for column, value in given.items())]
    closest = max((len(row.values.keys() & given.keys()) for row in fits), default=0)
    fits = [row for row in fits if len(row.values.keys() & given.keys()) == closest]
    if len({(row.energy, row.area) for row in fits}) > 1:
        open_ = dict.fromkeys(column for row in fits for column in row.values if column not in given)
        for column in open_:
            values = dict.fromkeys(_shown(row.values[column]) for row in fits if column in row.values)
            if len(values) > 1:
                raise Declined(f"needs {column}: {', '.join(values)}")
        lines = " and ".join(str(row.line) for row in fits[:2])
        raise Declined(f"has two rows that fit but differ, on lines {lines}")
    return fits[0] if fits else None


def _taken(rows: Iterable[Row], given: Mapping[str, Value]) -> dict[str, Value]:
    """What the rows state that was not asked for.

    Raises:
        Declined: they differ in it.
    """
    found: dict[str, Value] = {}
    for row in rows:
        for column, value in row.values.items():
            if column not in given and found.setdefault(column, value) != value:
                raise Declined(f"needs {column}: {_shown(found[column])}, {_shown(value)}")
    return found


def _variants(rows: Iterable[Row]) -> dict[str, list[Variant]]:
    found: dict[str, list[Variant]] = {}
    for row in rows:
        for action in row.actions:
            if action:
                found.setdefault(action, []).append(variant(row.arguments, row.energy))
    return found


def _by_action(found: Mapping[Key, Found], actions: Iterable[str]) -> dict[str, list[Variant]]:
    """Those found for each action; none where there is no row."""
    variants: dict[str, list[Variant]] = {action: [] for action in actions}
    for (action, arguments), each in found.items():
        if action:
            variants[action].append(variant(arguments, each.energy))
    return variants


def _area(found: Mapping[Key, Found], notes: list[str]) -> Fraction | None:
    """The area that all rows agree on; the greatest where they do not."""
    areas = {each.area for each in found.values() if each.area}
    if len(areas) > 1:
        notes.append("the rows differ in area: the greatest is taken")
    if not areas:
        notes.append("area: not given, or given as 0, which is taken as not known")
    return max(areas, default=None)


def _mixed(low: Fraction | None, high: Fraction | None, share: Fraction) -> Fraction | None:
    return low + (high - low) * share if low and high else None


def _scaled(value: Fraction | None, factor: float) -> float | None:
    return None if value is None else float(value) * factor


def _shown(value: Value) -> str:
    return value if isinstance(value, str) else f"{float(value):g}"


def _described(name: str, column: str, table: Table) -> Attribute:
    values = list(dict.fromkeys(row.values[column] for row in table.rows if column in row.values))
    listed = ", ".join(map(_shown, values[:6])) + (", ..." if len(values) > 6 else "")
    kind = "str" if any(isinstance(value, str) for value in values) else "float"
    inf = float("inf")
    return Attribute(name, f"in the table: {listed or 'any'}", kind, NUMBER, -inf, inf, -inf, None, (), None, False)


def table_providers(file: Path) -> tuple[Provider, ...]:
    """One for each component in a file. Raises InputError where it is wrong: at its line."""
    return tuple(TableProvider(table) for table in read_tables(file))
