"""How Timeloop writes values: arithmetic on variables, truth values, lists of names, factors and permutations."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from assay.errors import InputError, Position
from assay.reading.entries import Entry, Form, short
from assay.reading.expressions import ExpressionError
from assay.reading.expressions import parse as evaluate
from assay.reading.suggestions import hint
from assay.reading.units import NUMBER, Quantity

Names = Mapping[str, Quantity]
LIMIT = 2**31
_FACTOR = re.compile(r"[\s,]*([A-Za-z_]+)\s*(<=|>=|=|<|>|)\s*(\d+)(?:\s*,\s*(\d+))?(?=[\s,]|$|[A-Za-z_])")
_RANGE = re.compile(r"\[\s*(\d+)\s*\.\.\s*(\d+)\s*\]$")


@dataclass(frozen=True, slots=True)
class Factor:
    """What a directive says of one dimension: `P4,3` is bound 4 with 3 iterations in the last round."""

    dim: str
    bound: int
    residual: int
    relation: str
    at: Position


def number(entry: Entry, names: Names, *, above: float | None = None, least: float | None = None) -> Fraction:
    """A number or arithmetic, exact; `above`, `least`: its bounds."""
    value = entry.quantity(NUMBER, names).exact
    if above is not None and value <= above:
        raise entry.wrong_form(f"a number above {above:g}")
    if least is not None and value < least:
        raise entry.wrong_form(f"a number of at least {least:g}")
    return value


def integer(entry: Entry, names: Names, *, minimum: int = 1, maximum: int = LIMIT) -> int:
    return entry.integer(minimum=minimum, maximum=maximum, names=names)


def truth(entry: Entry) -> bool:
    """`true`, `yes`, `on`, `1` or the opposite, in any case."""
    if entry.form is Form.TEXT:
        word = entry.words.strip().lower()
        if word in ("true", "yes", "on", "1"):
            return True
        if word in ("false", "no", "off", "0"):
            return False
    raise entry.wrong_form("true or false")


def words(entry: Entry) -> tuple[tuple[str, Position], ...]:
    """A list of names, also one text with commas or blanks; nothing is an empty list."""
    if entry.form is Form.NOTHING:
        return ()
    if entry.form is Form.TEXT:
        return tuple((word, entry.at) for word in re.split(r"[\s,]+", entry.words) if word)
    return tuple((item.text(), item.at) for item in entry.items())


def names_of(entry: Entry, options: tuple[str, ...] | None, what: str) -> tuple[str, ...]:
    """A list of names among the options (None: any), none twice."""
    found: list[str] = []
    for word, at in words(entry):
        if options is not None and word not in options:
            message = f"{entry.label}: there is no {what} '{short(word)}'"
            raise InputError(message, at=at, hint=hint(word, options, label=f"{what}s"))
        if word not in found:
            found.append(word)
    return tuple(found)


def element_count(name: Entry) -> tuple[str, int]:
    """`PE[0..15]` is the name PE and 16 elements."""
    text = name.text()
    match = _RANGE.search(text)
    if match is None:
        if "[" in text:
            raise name.error(f"'{short(text)}': expected a range such as [0..15]")
        return text, 1
    first, last = match.groups()
    if max(len(first), len(last)) > 9 or not 0 <= int(last) - int(first) < LIMIT:
        raise name.error(f"'{short(text)}': the range must go up")
    return text[: match.start()].strip(), int(last) - int(first) + 1


def factors(entry: Entry, dims: tuple[str, ...] | None) -> tuple[Factor, ...]:
    """`C2 K4`, `C=2,K=4`, `P4,3` or a list of such; `dims`: those that there are (None: any)."""
    if entry.form is Form.NOTHING:
        return ()
    pieces = entry.items() if entry.form is Form.LIST else (entry,)
    found: dict[str, Factor] = {}
    for piece in pieces:
        if piece.form is not Form.TEXT:
            raise piece.wrong_form("a factor such as C=2")
        for factor in _factors_in(piece):
            if dims is not None and factor.dim not in dims:
                message = f"factors: the problem has no dimension '{short(factor.dim)}'"
                raise InputError(message, at=factor.at, hint=hint(factor.dim, dims, label="dimensions"))
            if factor.dim in found:
                raise InputError(f"factors: dimension {factor.dim} is given twice", at=factor.at)
            found[factor.dim] = factor
    return tuple(found.values())


def _factors_in(entry: Entry) -> list[Factor]:
    text = entry.words.partition("#")[0].rstrip(", \n\t")
    found: list[Factor] = []
    place = 0
    while place < len(text):
        match = _FACTOR.match(text, place)
        if match is None or max(len(digits or "") for digits in match.groups()[2:]) > 9:
            rest = short(text[place:].strip(), 30)
            raise entry.error(f"factors: cannot read '{rest}'", "write 'C2 K4', 'C=2 K=4', or 'P4,3' with a residual")
        dim, relation, bound, residual = match.groups()
        found.append(Factor(dim, int(bound), int(residual or bound), relation or "=", entry.at))
        place = match.end()
    return found


def permutation(entry: Entry, dims: tuple[str, ...] | None) -> tuple[str, ...]:
    """Dimensions from the inner to the outer: a list, words with separators, or letters without."""
    found: list[str] = []
    for word, at in words(entry):
        for dim in (word,) if dims is not None and word in dims else tuple(word):
            if dims is not None and dim not in dims:
                message = f"permutation: the problem has no dimension '{short(dim)}'"
                raise InputError(message, at=at, hint=hint(dim, dims, label="dimensions"))
            if dim in found:
                raise InputError(f"permutation: dimension {dim} is listed twice", at=at)
            found.append(dim)
    return tuple(found)


def environment(outer: Names, attributes: Mapping[str, Entry]) -> dict[str, Quantity]:
    """The names that expressions may use: those outside, and the attributes that are numbers."""
    found = dict(outer)
    for name, entry in attributes.items():
        if entry.form is Form.TEXT:
            try:
                value = evaluate(entry.words, found)
            except ExpressionError:
                continue  # a text such as '45nm'; whoever needs it as a number says what is wrong
            if value.dimension == NUMBER:
                found[name] = value
    return found


def refuse_misspelt(part: str, attributes: Mapping[str, Entry], known: Iterable[str]) -> None:
    """A name that nothing reads but is nearly one that counts would change figures without a word."""
    from difflib import get_close_matches

    by_lower = {name.lower(): name for name in known}
    for key, value in attributes.items():
        near = get_close_matches(key[:100].lower(), list(by_lower), n=1, cutoff=0.85)
        if key not in by_lower.values() and near and len(key) > 3:
            raise value.error(f"{part}: unknown name '{short(key)}'", f"did you mean '{by_lower[near[0]]}'?")
