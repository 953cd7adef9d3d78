"""Hardware by name: published chips and examples that come with the package as data files; and the text of hardware."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from assay.errors import AssayError, InputError, Position
from assay.hardware.dataflows import apply_dataflow
from assay.hardware.model import Hardware
from assay.hardware.reader import NODE_KINDS, hardware_from, pricer_in
from assay.hardware.shipped import shipped_names, shipped_text
from assay.reading.documents import Doc, Entry, Form, load, loads
from assay.reading.suggestions import hint

if TYPE_CHECKING:
    from assay.hardware.pricing import Pricer


def preset_names() -> tuple[str, ...]:
    """Names of the hardware that comes with the package, in alphabetical order."""
    return shipped_names("hardware")


def preset_text(name: str) -> str:
    """The YAML of a preset, comments included: a place to start from. Raises InputError for an unknown name."""
    if name not in preset_names():
        advice = hint(name, preset_names(), label="built in")
        if name in shipped_names("chips"):
            advice = f"of that chip only published figures are known (assay audit {name}); {advice}"
        raise InputError(
            f"there is no built-in hardware '{name}'", hint=f"{advice}; a path to a file of your own must end in .yaml"
        )
    return shipped_text("hardware", name)


def load_hardware(source: str | Path | Hardware) -> Hardware:
    """A preset by name, a file by path (`.yaml` or `.yml`), or hardware as it is.

    Raises:
        InputError: no such preset or file, or the file is wrong.
    """
    if isinstance(source, Hardware):
        return source
    if not isinstance(source, str | Path):
        raise InputError(
            f"hardware cannot be read from a value of type {type(source).__name__}",
            hint="give a built-in name, the path of a .yaml file, or a Hardware",
        )
    return hardware_from(*_document(source))


def load_pricer(source: str | Path) -> Pricer:
    """Who says what components cost in a preset or a file. Raises InputError as `load_hardware` does."""
    return pricer_in(*_document(source))


def _document(source: str | Path) -> tuple[Doc, Path | None]:
    """What a name or path stands for, and what paths of tables in it are relative to."""
    if isinstance(source, Path) or source.endswith((".yaml", ".yml")):
        path = Path(source)
        return load(path, names=preset_names()), path.parent
    return loads(preset_text(source), f"{source}.yaml"), None


@dataclass(frozen=True, slots=True)
class TextLine:
    """A line of a file: where it is, and what it says."""

    at: Position
    text: str

    def __str__(self) -> str:
        return f"{self.at}: {self.text}"


@dataclass(frozen=True, slots=True)
class HardwareText:
    """The text that hardware was read from.

    Attributes:
        path: the file as the user named it; `<name>.yaml` for hardware that comes with the package.
        text: all of it.
        tables: (what the file calls it, text) of every table that it uses.
        builtin: True where it comes with the package.
        dataflow: that was asked for beside the text, by name; empty for none.
    """

    path: str
    text: str
    tables: tuple[tuple[str, str], ...] = ()
    builtin: bool = False
    dataflow: str = ""

    def hardware(self) -> Hardware:
        """The hardware that the text describes, in its dataflow. Raises InputError where it is wrong."""
        found = hardware_from(loads(self.text, self.path), tables=dict(self.tables))
        return apply_dataflow(found, self.dataflow) if self.dataflow else found

    def now(self) -> str | None:
        """The text that the same file has now; None where there is no such file."""
        read = _builtin_text if self.builtin else _file_text
        try:
            return read(self.path).text
        except (AssayError, OSError, ValueError):
            return None

    def lines(self, node: str, *keys: str) -> tuple[TextLine, ...]:
        """The line of a key of a node (and of a key below it, where there is one), then those of the names in it.

        Empty where the node does not have the key.
        """
        root = _parsed(self.text, self.path)
        value = next((each for each in root["nodes"].items() if node in _names_of(each)), None)
        place: Entry | None = None
        for key in keys:
            pairs = value.pairs() if value is not None and value.form is Form.MAPPING else ()
            place, value = next(((k, v) for k, v in pairs if k.words == key), (place, value))
            if place is None or value is None:
                return ()
        if place is None or value is None:
            return ()
        defined = self._definitions(root)
        found, wanted = {"": _line(place, self.text)}, _words_in(value)
        while wanted:
            name = wanted.pop(0)
            if name in defined and name not in found:
                key_entry, value, text = defined[name]
                found[name] = _line(key_entry, text)
                wanted += _words_in(value)
        return tuple(found.values())

    def _definitions(self, root: Mapping[str, Entry]) -> dict[str, tuple[Entry, Entry, str]]:
        """What names stand for: key and value in the text of a file."""
        found: dict[str, tuple[Entry, Entry, str]] = {}
        for source, text in self.tables:
            fields = _parsed(text, source if source.endswith((".yaml", ".yml")) else f"{source}.yaml")
            table = fields["name"].words
            found |= {f"{table}.{key.words}": (key, value, text) for key, value in fields["values"].pairs()}
        own = root["variables"].pairs() if "variables" in root else ()
        found |= {key.words: (key, value, self.text) for key, value in own}
        return found | {"clock": (root["clock"], root["clock"], self.text)}


def text_of(hardware: Hardware) -> HardwareText | None:
    """The text that hardware was read from; None where there is none, or it does not describe this hardware (any more).

    Hardware that was made or changed in Python has none, but for a dataflow that was applied to it.
    """
    place = hardware.nodes[0].at
    if place is None:
        return None
    for read in (_builtin_text, _file_text):
        try:
            found = read(place.file)
            again = found.hardware()
            if hardware.dataflow != again.dataflow:
                found = replace(found, dataflow=hardware.dataflow)
                again = found.hardware()
        except (AssayError, OSError, ValueError):
            continue
        if again == hardware and [node.at for node in again.nodes] == [node.at for node in hardware.nodes]:
            return found
    return None


def _builtin_text(path: str) -> HardwareText:
    name = path.removesuffix(".yaml")
    text = preset_text(name)
    return HardwareText(path, text, _table_texts(text, path, None), builtin=True)


def _file_text(path: str) -> HardwareText:
    text = Path(path).read_text(encoding="utf-8-sig")
    return HardwareText(path, text, _table_texts(text, path, Path(path).parent))


def _table_texts(text: str, path: str, folder: Path | None) -> tuple[tuple[str, str], ...]:
    root = _fields(loads(text, path).root)
    sources = [each.text() for each in root["tables"].items()] if "tables" in root else []
    return tuple((source, _table_text(source, folder)) for source in dict.fromkeys(sources))


def _table_text(source: str, folder: Path | None) -> str:
    if source.endswith((".yaml", ".yml")):
        return ((folder or Path()) / source).read_text(encoding="utf-8-sig")
    return shipped_text("tables", source)


@lru_cache(maxsize=16)
def _parsed(text: str, path: str) -> Mapping[str, Entry]:
    """Its keys and values, read once: an explanation of a whole network asks for hundreds of lines."""
    return MappingProxyType(_fields(loads(text, path).root))  # the same object for all who ask


def _fields(entry: Entry) -> dict[str, Entry]:
    return {key.words: value for key, value in entry.pairs()}


def _names_of(node: Entry) -> list[str]:
    return [value.words for key, value in node.pairs() if key.words in NODE_KINDS]


def _words_in(entry: Entry) -> list[str]:
    """The names in an expression."""
    return re.findall(r"[A-Za-z_]\w*(?:\.\w+)?", entry.words) if entry.form is Form.TEXT else []


def _line(entry: Entry, text: str) -> TextLine:
    lines = text.splitlines()
    number = entry.at.line or 1
    return TextLine(Position(entry.at.file, number), lines[number - 1].strip() if number <= len(lines) else "")
