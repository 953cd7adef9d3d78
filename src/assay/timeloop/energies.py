"""Timeloop's energy reference table (`ERT`, `ERT_summary`): picojoules per action of each component."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from assay.errors import UnsupportedError
from assay.reading.entries import Entry, Form, short
from assay.timeloop.values import number, refuse_misspelt
from assay.timeloop.yaml_files import fields

READ = ("random_read", "read")
FILL = ("random_fill", "random_write", "fill", "write")
UPDATE = ("random_update", "random_write", "update", "write")
COMPUTE = ("mac_random", "mult_random", "mac", "mult", "compute")
_PICO = Fraction(1, 10**12)


@dataclass(frozen=True, slots=True)
class Energies:
    """Joules per action, by component and action; `file`: where they are from."""

    file: str
    tables: dict[str, dict[str, float]]

    def of(self, component: str, actions: tuple[str, ...]) -> float | None:
        """The energy of the first of the actions that the component has."""
        table = self.tables.get(component, {})
        return next((table[action] for action in actions if action in table), None)

    @property
    def leaks(self) -> bool:
        return any(table.get("leak", 0) > 0 for table in self.tables.values())


def read_energies(entry: Entry) -> Energies:
    """The table of an `ERT` or `ERT_summary`."""
    found = fields(entry, ("version", "tables", "table_summary"))
    key = "tables" if "tables" in found else "table_summary"
    if key not in found:
        raise entry.error(f"{entry.label}: the key 'tables' is missing")
    if found[key].form is Form.MAPPING:
        raise UnsupportedError("energy tables of version 0.2 are not supported", at=found[key].at, hint="use 0.4")
    tables: dict[str, dict[str, float]] = {}
    for item in found[key].items() if found[key].form is not Form.NOTHING else ():
        given = fields(item)
        if "name" not in given or "actions" not in given:
            raise item.error("an energy table needs 'name' and 'actions'")
        tables[_component(given["name"].text())] = _actions(given["actions"])
    return Energies(entry.at.file, tables)


def _component(name: str) -> str:
    """`system.chip.buffer[1..16]` is the component buffer."""
    plain = re.sub(r"\[[^\[\]]*\]", "", name)
    return plain.rpartition(".")[2].strip()


def _actions(entry: Entry) -> dict[str, float]:
    """The most that each action costs, whatever its arguments."""
    found: dict[str, float] = {}
    for item in entry.items():
        given = fields(item)
        if "name" not in given or "energy" not in given:
            raise item.error("an action needs 'name' and 'energy'")
        name = given["name"].text()
        refuse_misspelt("action", {name: given["name"]}, ("read", "write", "update", "compute", "leak"))
        found[name] = max(found.get(name, 0.0), _energy(given["energy"], name))
    return found


def _energy(entry: Entry, action: str) -> float:
    if entry.form is Form.MAPPING:
        entry = fields(entry).get("max", entry)
    value = number(entry, {})
    if value < 0:
        raise entry.error(f"the energy of '{short(action)}' is negative")
    return picojoules(value)


def picojoules(value: Fraction) -> float:
    """Joules of so many picojoules."""
    return float(value * _PICO)
