"""From the events of PyYAML's parser to entries with places. The only module that knows PyYAML."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import yaml

from assay.errors import InputError, Position
from assay.reading.entries import Entry, Form

_NOTHING = ("", "~", "null", "Null", "NULL")


def build(text: str, name: str, *, max_depth: int, max_entries: int) -> Entry:
    """The one document in the text.

    Events are read one after another and no tag is resolved, so that no object can be constructed; an alias stands for
    the entry that it names and counts with all its contents, so that aliases of aliases cannot grow without end.
    """
    try:
        return Builder(name, max_depth, max_entries).document(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        message = error.problem or error.context or "cannot be read"
        raise InputError(f"not valid YAML: {message}", at=_position(name, mark), hint=_advice(message)) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        message = f"the character #x{ord(text[error.position]):04x} is not allowed in YAML"
        raise InputError(message, at=Position(name, line)) from None


class Builder:
    """Turns events into entries; one use."""

    def __init__(self, name: str, max_depth: int, max_entries: int) -> None:
        self.name = name
        self.max_depth = max_depth
        self.max_entries = max_entries
        self.anchors: dict[str, Entry | None] = {}
        self.entries = 0

    def document(self, text: str) -> Entry:
        self.events = yaml.parse(text, Loader=yaml.SafeLoader)
        root: Entry | None = None
        for event in self.events:
            if isinstance(event, yaml.DocumentStartEvent):
                if root is not None:
                    raise self.error(event, "a second document begins here", "one file holds one; remove '---'")
                root = self.entry(next(self.events), "the file", 1)
        if root is None or root.form is Form.NOTHING:
            raise InputError("the file is empty", at=Position(self.name))
        return root

    def entry(self, event: Any, label: str, depth: int) -> Entry:
        if depth > self.max_depth:
            raise self.error(event, f"nested more than {self.max_depth} deep")
        if isinstance(event, yaml.AliasEvent):
            return self.alias(event, label)
        if event.tag not in (None, "!"):
            raise self.error(event, f"tags such as '{event.tag}' are not used in these files", "remove the tag")
        if event.anchor is not None:
            self.anchors[event.anchor] = None
        if isinstance(event, yaml.ScalarEvent):
            found = self.scalar(event, label)
        elif isinstance(event, yaml.SequenceStartEvent):
            found = self.sequence(event, label, depth)
        else:
            found = self.mapping(event, label, depth)
        if event.anchor is not None:
            self.anchors[event.anchor] = found
        return found

    def alias(self, event: Any, label: str) -> Entry:
        if event.anchor not in self.anchors:
            raise self.error(event, f"there is no anchor '&{event.anchor}' above")
        found = self.anchors[event.anchor]
        if found is None:
            raise self.error(event, f"'*{event.anchor}' contains itself")
        self.count(event, found.weight)
        return replace(found, label=label)

    def scalar(self, event: Any, label: str) -> Entry:
        self.count(event)
        at = _position(self.name, event.start_mark)
        plain = event.style is None
        if plain and event.value in _NOTHING:
            return Entry(at, Form.NOTHING, label=label)
        if not event.value.strip():
            raise self.error(event, f"{label}: the text is empty")
        if any(not (char.isprintable() or char in "\n\t") for char in event.value):
            raise self.error(event, f"{label}: the text holds a character that cannot be printed")
        indent: int | None = 0 if plain else 1
        if event.style in ("|", ">") or event.start_mark.line != event.end_mark.line or "\\" in event.value:
            indent = None
        return Entry(at, Form.TEXT, words=event.value, label=label, indent=indent)

    def sequence(self, event: Any, label: str, depth: int) -> Entry:
        self.count(event)
        parts: list[Entry] = []
        while not isinstance(following := next(self.events), yaml.SequenceEndEvent):
            parts.append(self.entry(following, f"item {len(parts) + 1} of {label}", depth + 1))
        at = _position(self.name, event.start_mark)
        weight = 1 + sum(part.weight for part in parts)
        return Entry(at, Form.LIST, parts=tuple(parts), label=label, weight=weight)

    def mapping(self, event: Any, label: str, depth: int) -> Entry:
        self.count(event)
        parts: list[Entry] = []
        lines: dict[str, Position] = {}
        while not isinstance(following := next(self.events), yaml.MappingEndEvent):
            key = self.entry(following, "key", depth + 1)
            if key.form is not Form.TEXT:
                raise self.error(following, f"{label}: a key must be a word, not {key.form}")
            if key.words == "<<":
                raise self.error(following, "merge keys '<<' are not used in these files", "write the keys out")
            if key.words in lines:
                raise self.error(following, f"the key '{key.words}' was given on line {lines[key.words].line} already")
            lines[key.words] = key.at
            parts += (key, self.entry(next(self.events), key.words, depth + 1))
        at = _position(self.name, event.start_mark)
        weight = 1 + sum(part.weight for part in parts)
        return Entry(at, Form.MAPPING, parts=tuple(parts), label=label, weight=weight)

    def count(self, event: Any, entries: int = 1) -> None:
        self.entries += entries
        if self.entries > self.max_entries:
            raise self.error(event, f"the file holds more than {self.max_entries} entries, aliases included")

    def error(self, event: Any, message: str, hint: str | None = None) -> InputError:
        return InputError(message, at=_position(self.name, event.start_mark), hint=hint)


def _position(name: str, mark: Any) -> Position:
    return Position(name) if mark is None else Position(name, mark.line + 1, mark.column + 1)


def _advice(problem: str) -> str | None:
    """What usually helps against the parser's most common complaints."""
    if "\\t" in problem:
        return "indent with spaces, not with tabs"
    if "mapping values are not allowed" in problem:
        return "a text that contains ': ' needs quotes"
    if "expected <block end>" in problem or "could not find expected ':'" in problem:
        return "check the indentation, and that each key is followed by ': '"
    return None
