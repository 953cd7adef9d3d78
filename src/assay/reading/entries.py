"""A value in a file, with its place, and how it is read: as text, number, quantity, list or mapping."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from assay.errors import InputError, Position
from assay.reading.expressions import ExpressionError, parse
from assay.reading.suggestions import hint
from assay.reading.units import NUMBER, Dimension, Quantity, example, kind


class Form(StrEnum):
    """What an entry is made of."""

    TEXT = "text"
    LIST = "a list"
    MAPPING = "a mapping"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Entry:
    """A value in a file, with its place.

    Attributes:
        at: where it begins.
        form: text, list, mapping or nothing (an empty value).
        words: the text, when it is text.
        parts: the items of a list, or key, value, key, value, ... of a mapping.
        label: what messages call it: the key it stands under.
        indent: characters between `at` and the first character of the text (the opening quote); None if the text is
            folded or escaped, so that columns within it mean nothing.
        weight: entries in it, itself included.
    """

    at: Position
    form: Form
    words: str = ""
    parts: tuple[Entry, ...] = ()
    label: str = "value"
    indent: int | None = 0
    weight: int = field(default=1, compare=False)

    def error(self, message: str, hint: str | None = None) -> InputError:
        """An error at this place, to be raised by the caller."""
        return InputError(message, at=self.at, hint=hint)

    def wrong_form(self, expected: str, hint: str | None = None) -> InputError:
        found = f"'{short(self.words)}'" if self.form is Form.TEXT else str(self.form)
        return self.error(f"{self.label}: expected {expected}, found {found}", hint)

    def pairs(self) -> tuple[tuple[Entry, Entry], ...]:
        """(key, value) of a mapping whose keys are free, in the order of the file. Keys are text entries."""
        if self.form is not Form.MAPPING:
            raise self.wrong_form("a mapping (key: value)")
        return tuple(zip(self.parts[::2], self.parts[1::2], strict=True))

    def mapping(self, *, allowed: Iterable[str], required: Iterable[str] = ()) -> dict[str, Entry]:
        """The values of a mapping by key.

        Raises:
            InputError: not a mapping, a key that is not allowed (at the key), or a required key missing.
        """
        pairs = self.pairs()
        options = tuple(allowed)
        for key, _ in pairs:
            if key.words not in options:
                raise key.error(f"unknown key '{short(key.words)}' in {self.label}", hint(key.words, options))
        found = {key.words: value for key, value in pairs}
        for name in required:
            if name not in found:
                raise self.error(f"{self.label}: the key '{name}' is missing", f"write '{name}: ...' here")
        return found

    def items(self) -> tuple[Entry, ...]:
        """The items of a list."""
        if self.form is not Form.LIST:
            raise self.wrong_form("a list", f"write [{short(self.words)}]" if self.form is Form.TEXT else None)
        return self.parts

    def text(self) -> str:
        """The text, which is not empty, without surrounding blanks; line breaks become spaces."""
        if self.form is not Form.TEXT:
            raise self.wrong_form("text")
        return " ".join(self.words.split())

    def boolean(self) -> bool:
        """`true` or `false`."""
        if self.form is Form.TEXT and self.words in ("true", "false"):
            return self.words == "true"
        advice = "write true or false" if self.words.lower() in ("yes", "no", "on", "off", "true", "false") else None
        raise self.wrong_form("true or false", advice)

    def choice(self, options: Iterable[str]) -> str:
        """One of the words in `options`."""
        allowed = tuple(options)
        if self.form is not Form.TEXT:
            raise self.wrong_form(f"one of {', '.join(allowed)}")
        if self.words not in allowed:
            raise self.error(f"{self.label}: unknown '{short(self.words)}'", hint(self.words, allowed))
        return self.words

    def choices(self, options: Iterable[str]) -> tuple[str, ...]:
        """A list of words in `options`, none of them twice."""
        allowed = tuple(options)
        found: list[str] = []
        for item in self.items():
            word = replace(item, label=self.label).choice(allowed)
            if word in found:
                raise item.error(f"{self.label}: '{word}' is listed twice")
            found.append(word)
        return tuple(found)

    def quantity(
        self, dimension: Dimension | tuple[Dimension, ...] = NUMBER, names: Mapping[str, Quantity] | None = None
    ) -> Quantity:
        """The value of an expression that has the dimension, or one of several.

        Args:
            dimension: such as `units.ENERGY`.
            names: what names in the expression stand for.
        """
        dimensions = dimension if isinstance(dimension, tuple) else (dimension,)
        expected = " or ".join(_described(each) for each in dimensions)
        if self.form is not Form.TEXT:
            raise self.wrong_form(expected)
        value = self.expression(names)
        if value.dimension not in dimensions:
            wanted = f"{self.label}: expected {expected}, found '{short(self.words)}'"
            raise self.error(f"{wanted}, which is {kind(value.dimension)}", _missing_unit(value, dimensions))
        return value

    def expression(self, names: Mapping[str, Quantity] | None = None) -> Quantity:
        """The value of an expression of any dimension; errors point at the character."""
        if self.form is not Form.TEXT:
            raise self.wrong_form("a value such as 16 or 1.2 pJ")
        try:
            return parse(self.words, names or {})
        except ExpressionError as error:
            place = self.at
            if self.indent is not None and place.column is not None:
                place = Position(place.file, place.line, place.column + self.indent + error.column - 1)
            message = f"{self.label}: {error.message} in '{short(self.words)}'"
            raise InputError(message, at=place, hint=error.hint) from None

    def integer(
        self, *, minimum: int | None = None, maximum: int | None = None, names: Mapping[str, Quantity] | None = None
    ) -> int:
        """A whole number without a unit; it may be written as an expression."""
        value = self.quantity(NUMBER, names).exact
        if value.denominator != 1:
            raise self.wrong_form("a whole number")
        if minimum is not None and value < minimum:
            raise self.wrong_form(f"a whole number of at least {minimum}")
        if maximum is not None and value > maximum:
            raise self.wrong_form(f"a whole number of at most {maximum}")
        return int(value)

    def number(
        self, *, minimum: float = -math.inf, maximum: float = math.inf, names: Mapping[str, Quantity] | None = None
    ) -> float:
        """A finite number without a unit, within the limits (inclusive)."""
        value = self.quantity(NUMBER, names).value
        if not minimum <= value <= maximum:
            raise self.wrong_form(f"a number from {minimum:g} to {maximum:g}")
        return value


def _described(dimension: Dimension) -> str:
    such_as = example(dimension)
    return f"{kind(dimension)} such as '{such_as}'" if such_as else kind(dimension)


def _missing_unit(value: Quantity, dimensions: tuple[Dimension, ...]) -> str | None:
    """Advice when a bare number stands where a unit is needed."""
    if value.dimension != NUMBER or NUMBER in dimensions:
        return None
    such_as = example(dimensions[0])
    return f"add the unit, as in '{such_as}'" if such_as else "add the unit"


def short(text: str, limit: int = 60) -> str:
    """The text on one line, cut where it is too long for a message."""
    line = re.sub(r"\s+", " ", text)
    return line if len(line) <= limit else line[: limit - 3] + "..."
