"""Energy and area reference tables (ERT, ART) of Timeloop and Accelergy: what they say as it is, without attributes.

    ERT:                                             ART:
      version: 0.4                                     version: 0.4
      tables:                                          tables:
        - name: system.chip.buffer[1..4]                 - name: system.chip.buffer[1..4]
          actions:                                         area: 5230
            - {name: read, arguments: {}, energy: 12.5}

A table stands for one component, called by the last part of its name (`buffer`), or by as many parts as tell it from
the others. Read are versions 0.2 (tables and actions are mappings), 0.3 and 0.4, files that state no version, and the
summaries (`ART_summary`; `ERT_summary`, whose actions may give `average_energy`, `max_energy` and `min_energy`: the
most is taken). What figures, names of actions and arguments mean stands in accelergy_actions.py. The technology is that
of the file, whatever is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from assay.components.accelergy_actions import (
    CYCLE,
    LEAK,
    PICOJOULE,
    SQUARE_MICROMETRE,
    Energies,
    Variant,
    energies_of,
    leakage_of,
    variant,
)
from assay.components.estimate import Cost, Estimate
from assay.components.estimator import Attribute, Declined
from assay.components.provider import Asked, Provider, checked
from assay.errors import InputError, Position
from assay.reading.documents import load
from assay.reading.entries import Entry, Form, short
from assay.reading.units import NUMBER

_ENERGIES = ("ERT", "ERT_summary")
_AREAS = ("ART", "ART_summary")
_VERSIONS = ("0.2", "0.3", "0.4")
_LISTS = ("tables", "table_summary", "components")
_MOST = ("energy", "max_energy", "max energy", "max")
_MADE_BY = ("primitive_estimation(s)", "primitive_estimations")


@dataclass(slots=True)
class Table:
    """What the files say of one component, whose whole name it is.

    Attributes:
        variants: energies by action of the file.
        cycle: seconds of a cycle, where the file says it.
        area: m2.
        files, estimators: where it is from.
    """

    name: str
    variants: dict[str, list[Variant]] = field(default_factory=dict)
    cycle: Fraction | None = None
    area: Fraction | None = None
    files: list[str] = field(default_factory=list)
    estimators: list[str] = field(default_factory=list)


class ReferenceProvider(Provider):
    """One component of reference tables."""

    def __init__(self, component: str, table: Table, cycle: Fraction | None) -> None:
        self.component = component
        self.name = "_and_".join(dict.fromkeys(Path(file).stem for file in table.files))
        self.origin = ", ".join(dict.fromkeys(table.files))
        self.table = table
        self.cycle = table.cycle or cycle
        self.energies: Energies = energies_of(table.variants)

    @property
    def about(self) -> str:
        return f"figures of {self.table.name} in {self.origin}"

    @property
    def actions(self) -> tuple[str, ...]:
        return tuple(self.energies.energy)

    @property
    def attributes(self) -> tuple[Attribute, ...]:
        return ()

    @property
    def source(self) -> str:
        made = ", ".join(dict.fromkeys(self.table.estimators))
        return f"reference table {self.origin}" + (f", made by {made}" if made else "")

    @property
    def uncertainty(self) -> float | None:
        return None

    def answer(self, asked: Asked) -> Estimate:
        if asked.given:
            raise Declined(f"does not know the attribute '{next(iter(asked.given))}': its figures are of one component")
        notes = list(self.energies.notes)
        if asked.technology is not None:
            notes.append("in the technology that the file was made for, which it does not state")
        leak = self.table.variants.get(LEAK, [])
        leakage = leakage_of(leak[0].energy if leak else None, self.cycle, notes)
        energy = {action: None if value is None else float(value) for action, value in self.energies.energy.items()}
        area = float(self.table.area) if self.table.area else None
        if area is None:
            notes.append("area: not given, or given as 0, which is taken as not known")
        cost = Cost(energy, area=area, leakage=None if leakage is None else float(leakage), notes=tuple(notes))
        return checked(self, (), cost)


def reference_providers(files: tuple[Path, ...]) -> tuple[Provider, ...]:
    """The components of the reference tables in these files; energies and areas may be in different ones.

    Raises:
        InputError: a file holds none, or is wrong: at its place.
    """
    tables: dict[str, Table] = {}
    for file in files:
        _read(file, tables)
    stated = {table.cycle for table in tables.values() if table.cycle}
    cycle = stated.pop() if len(stated) == 1 else None
    return tuple(ReferenceProvider(name, table, cycle) for name, table in _called(tables).items())


def _called(tables: Mapping[str, Table]) -> dict[str, Table]:
    """Tables by the last parts of their names, as many as it takes to tell them apart."""
    paths = {name: name.split(".") for name in tables}
    found = {}
    for name, path in paths.items():
        others = [other for other in paths.values() if other != path]
        length = next(
            n for n in range(1, len(path) + 1) if n == len(path) or all(other[-n:] != path[-n:] for other in others)
        )
        found[".".join(path[-length:])] = tables[name]
    return found


def _read(file: Path, tables: dict[str, Table]) -> None:
    root = load(file).root
    fields = {key.words: value for key, value in root.pairs()} if root.form is Form.MAPPING else {}
    known = [key for key in (*_ENERGIES, *_AREAS) if key in fields]
    if not known:
        message = "the file holds neither energies (ERT) nor areas (ART)"
        raise InputError(message, at=Position(str(file)), hint="names of files that are something else begin with _")
    for key in known:
        _check_version(fields[key])
        for name, entry in _tables(fields[key]):
            table = tables.setdefault(name, Table(name))
            table.files.append(str(file))
            given = {each.words: value for each, value in entry.pairs()}
            table.estimators += [name for label in _MADE_BY if label in given for name in _estimators(given[label])]
            if key in _AREAS:
                table.area = _figure(_required(entry, given, "area"), SQUARE_MICROMETRE)
            else:
                _read_actions(table, entry, given)


def _check_version(entry: Entry) -> None:
    """Refuses a version that is stated and not known; where none is, the forms of the tables tell."""
    stated = next((value for key, value in entry.pairs() if key.words == "version"), None)
    if stated is not None and stated.form is not Form.NOTHING and stated.words not in _VERSIONS:
        message = f"version {short(stated.words) or 'of an unknown form'} of such tables is not known"
        raise stated.error(message, f"read are {', '.join(_VERSIONS)}")


def _tables(entry: Entry) -> list[tuple[str, Entry]]:
    """(whole name, table) of a list of tables, or of a mapping as in version 0.2."""
    fields = {key.words: value for key, value in entry.pairs()}
    key = next((key for key in _LISTS if key in fields), None)
    if key is None:
        raise entry.error(f"{entry.label}: the key 'tables' is missing")
    if fields[key].form is Form.MAPPING:
        return [(_plain(name.words), value) for name, value in fields[key].pairs()]
    found = []
    for item in fields[key].items() if fields[key].form is not Form.NOTHING else ():
        given = {each.words: value for each, value in item.pairs()}
        found.append((_plain(_required(item, given, "name").text()), item))
    return found


def _required(entry: Entry, given: Mapping[str, Entry], key: str) -> Entry:
    if key not in given:
        raise entry.error(f"a reference table needs '{key}'")
    return given[key]


def _plain(name: str) -> str:
    """A name without counts: `system.PE[0..13].mac` is `system.PE.mac`."""
    return re.sub(r"\[[^\[\]]*\]|\s", "", name)


def _read_actions(table: Table, entry: Entry, given: Mapping[str, Entry]) -> None:
    """The energies of a table: a list of named actions, or in version 0.2 a mapping of actions."""
    if "actions" in given or "name" in given:
        for item in _required(entry, given, "actions").items():
            said = {key.words: value for key, value in item.pairs()}
            if "name" not in said:
                raise item.error("an action needs a 'name'")
            _add(table, said["name"].text(), item, said)
        return
    for name, value in entry.pairs():
        for item in value.items() if value.form is Form.LIST else (value,):
            _add(table, name.words, item, {key.words: each for key, each in item.pairs()})


def _add(table: Table, action: str, item: Entry, said: Mapping[str, Entry]) -> None:
    figure = next((said[key] for key in _MOST if key in said), None)
    if figure is None:
        raise item.error(f"action '{short(action)}' has no energy")
    if figure.form is Form.MAPPING:
        return _add(table, action, figure, {key.words: value for key, value in figure.pairs()})
    arguments: list[tuple[str, str]] = []
    if "arguments" in said and said["arguments"].form is not Form.NOTHING:
        pairs = said["arguments"].pairs()
        arguments = [(key.words, value.words) for key, value in pairs]
        if cycle := next((value for key, value in pairs if key.words == CYCLE), None):
            table.cycle = cycle.quantity(NUMBER).exact
    table.variants.setdefault(action, []).append(variant(arguments, _figure(figure, PICOJOULE)))
    return None


def _estimators(entry: Entry) -> list[str]:
    """Names of the estimators behind a table of a summary; forms that are not known give none."""
    if entry.form is Form.TEXT:
        return [entry.words]
    if entry.form is not Form.LIST:
        return []
    found = []
    for item in entry.items():
        said = {key.words: value for key, value in item.pairs()} if item.form is Form.MAPPING else {}
        if "estimator" in said and said["estimator"].form is Form.TEXT:
            found.append(said["estimator"].words)
    return found


def _figure(entry: Entry, unit: Fraction) -> Fraction:
    value = entry.quantity(NUMBER).exact
    if value < 0:
        raise entry.wrong_form("a number of at least 0")
    return value * unit
