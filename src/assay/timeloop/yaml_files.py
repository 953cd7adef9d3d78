"""Timeloop's YAML files, with places: tags such as `!Component` are kept, keys may be written with - for _.

What a tag says stands in the entry as its first key, `!`. As in all of Assay, no object is constructed from a tag, and
size, depth and aliases are bounded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from assay.errors import InputError, Position, UnsupportedError
from assay.reading.documents import MAX_BYTES, MAX_DEPTH, MAX_ENTRIES, nearest_file
from assay.reading.entries import Entry, Form, short
from assay.reading.suggestions import hint
from assay.reading.yaml_events import Builder

TAG = "!"
TAGS = ("Component", "Container", "Hierarchical", "Parallel", "Pipelined", "Nothing")
_PLAIN_TAGS = tuple(f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "seq", "map"))
_TEMPLATE = re.compile(r"\{\{|\{%")


def load_files(paths: Sequence[str | Path]) -> dict[str, tuple[Entry, Entry]]:
    """(key, value) by key of all files together, keys written with _.

    Raises:
        InputError: a file cannot be read, is not YAML, or gives a key that another has given.
        UnsupportedError: a template or a merge of another document.
    """
    if not paths:
        raise InputError("no Timeloop file is given", hint="name at least the one with the architecture")
    found: dict[str, tuple[Entry, Entry]] = {}
    for path in paths:
        root = read_file(path)
        if root.form is not Form.MAPPING:
            message = f"the file holds {root.form}, not a mapping (key: value)"
            raise root.error(message, "a Timeloop file begins with 'architecture:', 'problem:', 'mapping:' or 'ERT:'")
        for key, value in root.pairs():
            name = underscored(key.words)
            if name in found:
                before = found[name][0].at
                raise key.error(f"'{short(key.words)}' was given at {before} already", "give each part once")
            found[name] = (key, value)
    return found


def read_file(path: str | Path) -> Entry:
    """The root of one file."""
    path = Path(path)
    place = Position(str(path))
    try:
        if path.is_dir():
            raise InputError("this is a directory, not a file", at=place, hint="name the YAML files in it")
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise InputError("there is no such file", at=place, hint=nearest_file(path)) from None
    except (OSError, ValueError) as error:  # ValueError: a path with a null character
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise InputError(f"cannot read the file: {reason}", at=place) from None
    if len(data) > MAX_BYTES:
        raise InputError(f"the file is larger than {MAX_BYTES // 1024} KiB", at=place)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        message = "the file is not UTF-8 text"
        raise InputError(message, at=Position(place.file, line), hint="save it as UTF-8") from None
    return parse(text, str(path))


def parse(text: str, name: str) -> Entry:
    """The root of a YAML text; `name` stands for the file in messages."""
    if not text.strip():
        raise InputError("the file is empty", at=Position(name))
    _refuse_templates(text, name)
    try:
        return _TaggedBuilder(name, MAX_DEPTH, MAX_ENTRIES).document(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        at = Position(name) if mark is None else Position(name, mark.line + 1, mark.column + 1)
        raise InputError(f"not valid YAML: {error.problem or error.context or 'cannot be read'}", at=at) from None
    except yaml.reader.ReaderError as error:
        at = Position(name, text.count("\n", 0, error.position) + 1)
        message = f"the character #x{ord(text[error.position]):04x} is not allowed in YAML"
        raise InputError(message, at=at) from None


def _refuse_templates(text: str, name: str) -> None:
    for number, line in enumerate(text.split("\n"), start=1):
        found = _TEMPLATE.search(line)
        comment = re.search(r"(^|\s)#", line)
        if found and not (comment and comment.start() < found.start()):
            raise UnsupportedError(
                "templates ('{{ ... }}', '{% ... %}') are not expanded here",
                at=Position(name, number, found.start() + 1),
                hint="give the files after expansion, such as Timeloop's parsed-processed-input.yaml",
            )


class _TaggedBuilder(Builder):
    """As its base, and tags of architecture nodes become the first key of the node."""

    def entry(self, event: Any, label: str, depth: int) -> Entry:
        tag = getattr(event, "tag", None)
        if tag in _PLAIN_TAGS:
            event.tag = None
        if not isinstance(tag, str) or tag.removeprefix("!") not in TAGS:
            return super().entry(event, label, depth)
        event.tag = None
        found = super().entry(event, label, depth)
        if found.form not in (Form.MAPPING, Form.NOTHING):
            raise found.error(f"the tag '{tag}' needs a mapping (key: value), found {found.form}")
        key = Entry(found.at, Form.TEXT, words=TAG, label="key")
        value = Entry(found.at, Form.TEXT, words=tag.removeprefix("!"), label="tag")
        found = replace(found, form=Form.MAPPING, words="", parts=(key, value, *found.parts))
        if event.anchor is not None:
            self.anchors[event.anchor] = found
        return found

    def mapping(self, event: Any, label: str, depth: int) -> Entry:
        found = super().mapping(event, label, depth)
        for key, _ in found.pairs():
            if re.fullmatch(r"<<.*", key.words):
                message = f"merges such as '{short(key.words)}' are not expanded here"
                advice = "write the keys out, or give Timeloop's parsed-processed-input.yaml"
                raise UnsupportedError(message, at=key.at, hint=advice)
        return found

    def error(self, event: Any, message: str, hint: str | None = None) -> InputError:
        if message.startswith("tags such as"):
            hint = f"known: {', '.join('!' + tag for tag in TAGS)}"
        return super().error(event, message, hint)


def underscored(name: str) -> str:
    """Timeloop reads `data-spaces` as `data_spaces`."""
    return name.replace("-", "_")


def fields(entry: Entry, allowed: Iterable[str] | None = None) -> dict[str, Entry]:
    """The values of a mapping by key, keys written with _; every key is allowed unless some are listed.

    Raises:
        InputError: not a mapping, a key twice, or one that is not allowed.
    """
    found: dict[str, Entry] = {}
    options = None if allowed is None else tuple(allowed)
    for key, value in entry.pairs():
        name = underscored(key.words)
        if name in found:
            raise key.error(f"the key '{name}' is given twice in {entry.label}")
        if options is not None and name not in options and name != TAG:
            raise key.error(f"unknown key '{short(name)}' in {short(entry.label)}", hint(name, options))
        found[name] = value
    return found


def tag_of(entry: Entry) -> str:
    """The tag of an architecture node without its `!`, or empty."""
    if entry.form is Form.MAPPING and entry.parts and entry.parts[0].words == TAG:
        return entry.parts[1].words
    return ""
