"""Tables of published constants (energies, areas) that hardware files use by name, such as `horowitz_45nm.mult_8b`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from assay.errors import InputError
from assay.hardware.shipped import shipped_names, shipped_text
from assay.reading.documents import Doc, Entry, load, loads
from assay.reading.expressions import is_name
from assay.reading.suggestions import hint
from assay.reading.units import UNITS, Quantity

TABLE_FORM = "table/1"
TABLE_KEYS = ("name", "title", "technology", "source", "values")


@dataclass(frozen=True, slots=True)
class Table:
    """Constants with their source.

    Attributes:
        values: (name, quantity) in the order of the file.
    """

    name: str
    title: str
    technology: str
    source: str
    values: tuple[tuple[str, Quantity], ...]

    @property
    def names(self) -> dict[str, Quantity]:
        """The values as expressions see them: `<table>.<name>`."""
        return {f"{self.name}.{name}": value for name, value in self.values}


def table_names() -> tuple[str, ...]:
    """The tables that come with the package, in alphabetical order."""
    return shipped_names("tables")


def load_table(source: str | Path) -> Table:
    """A table that comes with the package, by name, or one of the user's, by path (`.yaml`).

    Raises:
        InputError: no such table, or the file is wrong.
    """
    if isinstance(source, Path) or source.endswith((".yaml", ".yml")):
        return read_table(load(source, names=table_names()))
    if source not in table_names():
        advice = hint(source, table_names(), label="tables")
        raise InputError(f"there is no table '{source}'", hint=f"{advice}; a file of your own ends in .yaml")
    return read_table(loads(shipped_text("tables", source), f"{source}.yaml"))


def read_table(doc: Doc) -> Table:
    """The table in a document. Raises InputError where it is wrong."""
    fields = doc.fields(TABLE_FORM, allowed=TABLE_KEYS, required=("name", "source", "values"))
    text = {key: fields[key].text() if key in fields else "" for key in TABLE_KEYS if key != "values"}
    if not is_name(text["name"]):
        raise fields["name"].error(f"'{text['name']}' cannot be a table's name", "use letters, digits and _")
    names: dict[str, Quantity] = {}
    for key, entry in fields["values"].pairs():
        name = new_name(key, names)
        names[name] = entry.expression(names)
    return Table(text["name"], text["title"], text["technology"], text["source"], tuple(names.items()))


def new_name(key: Entry, taken: dict[str, Quantity]) -> str:
    """A name that the user defines for expressions. Raises InputError if it is no name, a unit, or taken."""
    name = key.words
    if not is_name(name):
        raise key.error(f"'{name}' cannot be a name", "use letters, digits and _, and begin with a letter")
    if name in UNITS:
        raise key.error(f"'{name}' is a unit and cannot be a name", "name it after what it stands for")
    if name in taken:
        raise key.error(f"'{name}' is defined already")
    return name
