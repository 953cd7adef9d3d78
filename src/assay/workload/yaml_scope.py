"""Names in a network file: parameters, the variables of a repeat, and the steps that repeats unfold into."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from assay.errors import InputError, Position
from assay.reading.documents import Entry, Form
from assay.reading.expressions import FUNCTIONS, is_name
from assay.reading.suggestions import hint
from assay.reading.units import NUMBER, Quantity

MAX_STEPS = 20_000
MAX_EXTENT = 10**9
_HOLE = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class Scope:
    """What names stand for at one place of the file.

    Attributes:
        numbers: values that expressions may use.
        texts: the same names, and those that are not numbers, as they were written; used in `{...}` within names.
    """

    numbers: Mapping[str, Quantity]
    texts: Mapping[str, str]

    def define(self, name: str, value: Entry | int) -> Scope:
        """This scope with one name more (or another meaning for it)."""
        numbers, texts = dict(self.numbers), dict(self.texts)
        numbers.pop(name, None)
        if isinstance(value, int):
            numbers[name], texts[name] = Quantity.of(value), str(value)
            return Scope(numbers, texts)
        texts[name] = value.text()
        try:
            number = value.expression(self.numbers)
        except InputError:
            return Scope(numbers, texts)
        if number.dimension == NUMBER:
            numbers[name] = number
        return Scope(numbers, texts)

    def integer(self, entry: Entry, minimum: int = 1) -> int:
        """A whole number written as an expression. Raises InputError at the entry."""
        return entry.integer(minimum=minimum, maximum=MAX_EXTENT, names=self.numbers)

    def text(self, entry: Entry) -> str:
        """A text with every `{name or expression}` filled in. Raises InputError at the entry."""

        def fill(match: re.Match[str]) -> str:
            inside = match.group(1).strip()
            if inside in self.texts:
                return self.texts[inside]
            # The column of a hole within the text is not tracked: errors point at the start of the text.
            return str(replace(entry, words=inside, indent=None).integer(names=self.numbers))

        found = _HOLE.sub(fill, entry.text())
        if "{" in found or "}" in found:
            raise entry.error(f"{entry.label}: a brace without its partner in '{found}'", "write {name} for a value")
        return found


def read_parameters(entry: Entry | None, given: Mapping[str, int | float | str], where: str) -> Scope:
    """The parameters of a file, with the caller's values in place of the defaults.

    A parameter may be an expression of those above it.

    Args:
        given: numbers, or expressions as text.
        where: what the message calls the file.

    Raises:
        InputError: an unknown parameter, or a value that is not a number.
    """
    pairs = entry.pairs() if entry is not None else ()
    known = [key.words for key, _ in pairs]
    for name in given:
        if name not in known:
            raise InputError(f"{where} has no parameter '{name}'", hint=hint(name, known, label="parameters"))
    scope = Scope({}, {})
    for key, default in pairs:
        check_name(key)
        value = _argument(key, given[key.words]) if key.words in given else default
        if key.words in given:
            _check_number(key.words, value, scope)
        value.quantity(NUMBER, scope.numbers)
        scope = scope.define(key.words, value)
    return scope


def _argument(key: Entry, given: int | float | str) -> Entry:
    if isinstance(given, bool) or not isinstance(given, int | float | str):
        raise InputError(f"parameter {key.words} is {given!r}; it must be a number")
    return Entry(Position(f"parameter {key.words}"), Form.TEXT, str(given), label="value", indent=None)


def _check_number(name: str, value: Entry, scope: Scope) -> None:
    try:
        value.quantity(NUMBER, scope.numbers)
    except InputError as error:
        message = f"parameter {name} is '{value.words}'; it must be a number"
        raise InputError(message, hint=f"{error.message.partition(': ')[2]}; write {name}=1, for example") from None


def check_name(entry: Entry) -> None:
    """Raises InputError unless the entry can be a name in expressions."""
    if not is_name(entry.words) or entry.words in FUNCTIONS:
        raise entry.error(f"'{entry.words}' cannot be a name", "use letters, digits and _, and no function's name")


@dataclass(frozen=True, slots=True)
class Step:
    """One layer as written, with the names that hold there."""

    entry: Entry
    scope: Scope


def unfold(layers: Entry, scope: Scope) -> Iterator[Step]:
    """Every layer in order, with repeats written out. Raises InputError beyond `MAX_STEPS` layers."""
    return _Unfolding().layers(layers, scope)


def present(fields: Mapping[str, Entry], scope: Scope) -> bool:
    """Whether the layer's `when` (a number; 0 means absent) keeps it. True without one."""
    return "when" not in fields or fields["when"].quantity(NUMBER, scope.numbers).exact != 0


class _Unfolding:
    """Counts layers and rounds, so that no nest of repeats runs without end; one use."""

    def __init__(self) -> None:
        self.count = 0

    def tick(self, entry: Entry) -> None:
        self.count += 1
        if self.count > MAX_STEPS:
            raise entry.error(f"more than {MAX_STEPS:,} layers", "check the counts of the repeats around this place")

    def layers(self, layers: Entry, scope: Scope) -> Iterator[Step]:
        for entry in layers.items():
            self.tick(entry)
            if entry.form is Form.MAPPING and any(key.words == "repeat" for key, _ in entry.pairs()):
                fields = entry.mapping(allowed=("repeat", "when"))
                if present(fields, scope):
                    yield from self.repeat(replace(fields["repeat"], label="repeat"), scope)
            else:
                yield Step(entry, scope)

    def repeat(self, entry: Entry, scope: Scope) -> Iterator[Step]:
        fields = entry.mapping(allowed=("count", "over", "index", "first", "layers"), required=("layers",))
        if ("count" in fields) == ("over" in fields):
            raise entry.error(
                "repeat needs either 'count' or 'over'", "write 'count: 12', or 'over:' with a row per round"
            )
        index = "i"
        if "index" in fields:
            check_name(fields["index"])
            index = fields["index"].words
        first = scope.integer(fields["first"], 0) if "first" in fields else 0
        for number, inner in enumerate(_rounds(fields, scope), start=first):
            self.tick(entry)
            yield from self.layers(fields["layers"], inner.define(index, number))


def _rounds(fields: Mapping[str, Entry], scope: Scope) -> Iterator[Scope]:
    if "count" in fields:
        for _ in range(fields["count"].integer(minimum=0, maximum=MAX_STEPS, names=scope.numbers)):
            yield scope
        return
    for row in fields["over"].items():
        inner = scope
        for key, value in row.pairs():
            check_name(key)
            inner = inner.define(key.words, value)
        yield inner
