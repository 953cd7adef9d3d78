"""YAML files in which everything knows where it was written.

Only the plain data of YAML is read: mappings, lists and text. Numbers, units and truth values are read from the text by
whoever asks for them (`entry.integer()`, `entry.quantity(...)`), so that nothing is guessed and every error names file,
line, column, what was found and what was expected. No object is ever constructed from a tag.

    entry = load("chip.yaml").root
    fields = entry.mapping(allowed=("name", "clock"), required=("name",))
    clock = fields["clock"].quantity(FREQUENCY)
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from assay.errors import InputError, Position
from assay.reading.entries import Entry, Form, short
from assay.reading.suggestions import nearest

__all__ = ["Doc", "Entry", "Form", "load", "loads"]

MAX_BYTES = 512 * 1024
MAX_DEPTH = 30
MAX_ENTRIES = 50_000


@dataclass(frozen=True, slots=True)
class Doc:
    """A file that has been read: its name as the user gave it, and the entry that holds everything."""

    name: str
    root: Entry

    def fields(self, form: str, *, allowed: Iterable[str], required: Iterable[str] = ()) -> dict[str, Entry]:
        """The top level of a file that must say `assay: <form>`, such as `assay: hardware/1`, without that key."""
        header = f"assay: {form}"
        root = self.root
        if root.form is not Form.MAPPING:
            raise root.error(f"the file holds {root.form}, not a mapping (key: value)", f"begin it with '{header}'")
        found = {key.words: value for key, value in root.pairs()}
        if "assay" not in found:
            raise root.error("the file does not say what it describes", f"begin it with '{header}'")
        if found["assay"].form is not Form.TEXT or found["assay"].words != form:
            raise found["assay"].error(*_wrong_header(found["assay"].words, form))
        fields = root.mapping(allowed=("assay", *allowed), required=required)
        del fields["assay"]
        return fields


def load(path: str | Path, *, names: Iterable[str] = ()) -> Doc:
    """Read a YAML file.

    Args:
        path: the file.
        names: built-in names that the user may have meant instead, for the hint when there is no such file.

    Raises:
        InputError: no such file, a directory, not text, empty, too large, or not YAML.
    """
    path = Path(path)
    place = Position(str(path))
    try:
        if path.is_dir():
            raise InputError("this is a directory, not a file", at=place, hint=_files_in(path))
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise InputError("there is no such file", at=place, hint=nearest_file(path, names)) from None
    except (OSError, ValueError) as error:  # ValueError: a path with a null character
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise InputError(f"cannot read the file: {reason}", at=place) from None
    return loads(_decoded(data, place), str(path))


def loads(text: str, name: str = "text") -> Doc:
    """Read YAML from a string; `name` stands for the file in messages. Raises InputError as `load` does."""
    place = Position(name)
    if len(text.encode("utf-8", "replace")) > MAX_BYTES:
        raise InputError(f"the file is larger than {MAX_BYTES // 1024} KiB", at=place)
    if not text.strip():
        raise InputError("the file is empty", at=place)
    from assay.reading.yaml_events import build  # imports yaml, which takes longer than all the rest

    return Doc(name, build(text, name, max_depth=MAX_DEPTH, max_entries=MAX_ENTRIES))


def _decoded(data: bytes, place: Position) -> str:
    if len(data) > MAX_BYTES:
        raise InputError(f"the file is larger than {MAX_BYTES // 1024} KiB", at=place)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        place = Position(place.file, line)
        raise InputError("the file is not UTF-8 text", at=place, hint="save it as UTF-8") from None


def nearest_file(path: Path, names: Iterable[str] = ()) -> str | None:
    """Advice where there is no such file: the nearest in its folder, else the built-in names."""
    try:
        present = sorted(each.name for each in path.parent.iterdir() if each.is_file())[:1000]
    except OSError:
        present = []
    alike = {Path(name).stem: name for name in present if Path(name).suffix.lower() == path.suffix.lower()}
    if stem := nearest(path.stem, alike):
        return f"did you mean '{path.parent / alike[stem]}'?"
    known = tuple(names)
    found = nearest(path.stem, known)
    if found:
        return f"did you mean the built-in '{found}'?"
    if not path.parent.is_dir():
        return f"there is no folder {path.parent}"
    return f"built in: {', '.join(known)}" if known else None


def _files_in(path: Path) -> str | None:
    files = sorted(str(each) for each in path.glob("*.y*ml"))[:5]
    return f"did you mean {' or '.join(files)}?" if files else None


def _wrong_header(found: str, form: str) -> tuple[str, str]:
    wanted = form.partition("/")[0]
    stated, _, stated_version = found.partition("/")
    if stated == wanted and stated_version:
        return (f"version {short(stated_version)} of the {wanted} format is not known", f"this release reads '{form}'")
    return (f"this file describes '{short(found)}', not '{wanted}'", f"a {wanted} file begins with 'assay: {form}'")
