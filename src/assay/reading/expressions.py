"""Arithmetic that people write in files, such as `6 * mac` or `64 b * 60 MHz`.

    sum      = product { ("+" | "-") product }
    product  = signed { ("*" | "/" | "//" | "%") signed }
    signed   = ("+" | "-") signed | power
    power    = atom [ "**" signed ]
    atom     = number [ unit ] | name | unit | function "(" sum { "," sum } ")" | "(" sum ")"

Precedence is that of Python; a unit belongs to the number before it (`2 mm ** 2` is 4 mm2). Nothing is ever run as
code, and text, nesting, digits and exponents are bounded, so that no text can make the evaluator hang. Arithmetic is
exact (rational numbers); only `sqrt`, `log2` and powers with a fractional exponent round, to double precision.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType
from typing import NoReturn

from assay.errors import AssayError, InputError, Position
from assay.reading.suggestions import nearest
from assay.reading.units import NUMBER, SIZE, UNIT_ADVICE, UNITS, Dimension, Quantity, kind

MAX_TEXT = 1000
MAX_DEPTH = 50
MAX_DIGITS = 50
MAX_POWER = 1000
MAX_BITS = 2048
LARGEST = Fraction(10) ** 100
SMALLEST = 1 / LARGEST**2
FUNCTIONS = ("ceil", "floor", "log2", "max", "min", "round", "sqrt")

_TOKEN = re.compile(
    r"(?P<space>\s+)"
    r"|(?P<number>(?:\d[\d_]*)(?:\.[\d_]*)?(?:[eE][+-]?\d+)?|\.\d[\d_]*(?:[eE][+-]?\d+)?)"
    r"|(?P<name>[^\W\d]\w*(?:\.[^\W\d]\w*)*)"
    r"|(?P<operator>\*\*|//|[-+*/%(),])"
)


class ExpressionError(AssayError):
    """Wrong at a place in an expression. Readers turn it into an InputError at the place in the file.

    Attributes:
        column: counts from 1 in the text of the expression.
    """

    def __init__(self, message: str, column: int, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.column = column


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    column: int


def evaluate(text: str, names: Mapping[str, Quantity] | None = None, *, at: Position | None = None) -> Quantity:
    """The value of an expression.

    Args:
        text: such as `200 * mac` or `ceil(108 KiB / 64 b)`.
        names: what each name stands for.
        at: where the text begins, so that an error points at the very character.

    Raises:
        InputError: for anything that is not an expression with a finite value, at its column.
    """
    try:
        return parse(text, names or {})
    except ExpressionError as error:
        place = Position("expression", 1, error.column)
        if at is not None:
            column = None if at.column is None else at.column + error.column - 1
            place = Position(at.file, at.line, column)
        raise InputError(error.message, at=place, hint=error.hint) from None


def parse(text: str, names: Mapping[str, Quantity]) -> Quantity:
    """As `evaluate`, but raises ExpressionError, whose column counts within the text."""
    if len(text) > MAX_TEXT:
        raise ExpressionError(f"an expression of {len(text)} characters; at most {MAX_TEXT} are allowed", 1)
    return _Parser(_tokens(text), names).whole()


def is_name(text: str) -> bool:
    """Whether text can stand as one name (without dots) in an expression."""
    return re.fullmatch(r"[^\W\d]\w*", text) is not None


def _tokens(text: str) -> tuple[_Token, ...]:
    text = text.replace("µ", "u").replace("μ", "u")
    tokens: list[_Token] = []
    place = 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None or match.lastgroup is None:
            advice = "write ** for a power" if text[place] == "^" else None
            raise ExpressionError(f"unexpected character {text[place]!r}", place + 1, advice)
        if match.lastgroup != "space":
            tokens.append(_Token(match.lastgroup, match.group(), place + 1))
        place = match.end()
    tokens.append(_Token("end", "", len(text.rstrip()) + 1))
    return tuple(tokens)


class _Parser:
    """Recursive descent over the tokens, evaluating as it goes. One use."""

    def __init__(self, tokens: tuple[_Token, ...], names: Mapping[str, Quantity]) -> None:
        self.tokens = tokens
        self.names = names
        self.place = 0
        self.depth = 0

    @property
    def next(self) -> _Token:
        return self.tokens[self.place]

    def take(self) -> _Token:
        token = self.next
        self.place += 1
        return token

    def takes(self, *operators: str) -> _Token | None:
        """The next token if it is one of the operators, which is then consumed."""
        if self.next.kind == "operator" and self.next.text in operators:
            return self.take()
        return None

    def expect(self, operator: str) -> None:
        if self.takes(operator) is None:
            self.unexpected(f"'{operator}'")

    def unexpected(self, wanted: str) -> NoReturn:
        token = self.next
        if token.kind == "end":
            raise ExpressionError(f"the expression ends where {wanted} is expected", token.column)
        raise ExpressionError(f"found '{token.text}' where {wanted} is expected", token.column)

    def whole(self) -> Quantity:
        value = self.sum()
        if self.next.kind != "end":
            self.unexpected("an operator")
        return value

    def sum(self) -> Quantity:
        left = self.product()
        while token := self.takes("+", "-"):
            right = self.product()
            _same(left, right, "add" if token.text == "+" else "subtract", token)
            exact = left.exact + right.exact if token.text == "+" else left.exact - right.exact
            left = _bounded(exact, left.dimension, token)
        return left

    def product(self) -> Quantity:
        left = self.signed()
        while token := self.takes("*", "/", "//", "%"):
            left = _product(left, self.signed(), token)
        return left

    def signed(self) -> Quantity:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise ExpressionError(f"nested more than {MAX_DEPTH} deep", self.next.column)
        token = self.takes("+", "-")
        value = self.signed() if token else self.power()
        self.depth -= 1
        return Quantity(-value.exact, value.dimension) if token and token.text == "-" else value

    def power(self) -> Quantity:
        base = self.atom()
        token = self.takes("**")
        return _power(base, self.signed(), token) if token else base

    def atom(self) -> Quantity:
        if self.takes("("):
            value = self.sum()
            self.expect(")")
            return value
        if self.next.kind == "number":
            return self.number()
        if self.next.kind == "name":
            token = self.take()
            return self.call(token) if self.next.text == "(" else self.look_up(token)
        self.unexpected("a value")

    def number(self) -> Quantity:
        token = self.take()
        value = _number(token)
        if self.next.kind != "name":
            return Quantity(value)
        unit = self.take()
        if unit.text in self.names:
            advice = f"write {token.text} * {unit.text}"
            raise ExpressionError(f"found '{unit.text}' after a number", unit.column, advice)
        if unit.text not in UNITS:
            raise ExpressionError(f"unknown unit '{unit.text}'", unit.column, _unit_hint(unit.text))
        return _bounded(value * UNITS[unit.text].exact, UNITS[unit.text].dimension, unit)

    def look_up(self, token: _Token) -> Quantity:
        if token.text in self.names:
            return self.names[token.text]
        if token.text in UNITS:
            return UNITS[token.text]
        if token.text in FUNCTIONS:
            raise ExpressionError(f"function {token.text} needs its values in parentheses", token.column)
        if token.text.lower() in ("nan", "inf", "infinity"):
            raise ExpressionError(f"'{token.text}' is not a finite number", token.column)
        raise ExpressionError(f"unknown name '{token.text}'", token.column, _name_hint(token.text, self.names))

    def call(self, token: _Token) -> Quantity:
        if token.text not in FUNCTIONS:
            found = nearest(token.text, FUNCTIONS)
            advice = f"did you mean '{found}'?" if found else f"functions: {', '.join(FUNCTIONS)}"
            raise ExpressionError(f"unknown function '{token.text}'", token.column, advice)
        self.expect("(")
        values = [self.sum()]
        while self.takes(","):
            values.append(self.sum())
        self.expect(")")
        return _call(values, token)


def _name_hint(name: str, names: Mapping[str, Quantity]) -> str:
    if name in UNIT_ADVICE:
        return UNIT_ADVICE[name]
    found = nearest(name, names)
    if found:
        return f"did you mean '{found}'?"
    known = ", ".join(list(names)[:12]) + (", ..." if len(names) > 12 else "")
    return f"known here: {known}" if known else "no names are defined here"


def _unit_hint(unit: str) -> str:
    if unit in UNIT_ADVICE:
        return UNIT_ADVICE[unit]
    found = nearest(unit, UNITS)
    return f"did you mean '{found}'?" if found else "units are such as b, B, KiB, pJ, ns, MHz, mW, um, mm2, V"


def _number(token: _Token) -> Fraction:
    text = token.text.replace("_", "")
    mantissa, _, exponent = text.lower().partition("e")
    if len(mantissa) > MAX_DIGITS or len(exponent) > 5 or abs(int(exponent or "0")) > 100:
        raise ExpressionError("a number with too many digits or too large an exponent", token.column)
    if token.text.endswith("_") or "__" in token.text or not mantissa.isascii():
        raise ExpressionError(f"'{token.text}' is not a number", token.column)
    return Fraction(text)


def _bounded(exact: Fraction, dimension: Dimension, token: _Token) -> Quantity:
    """The value, rounded to a double where its digits grow without end; an error beyond any size that makes sense."""
    if abs(exact) > LARGEST:
        raise ExpressionError("the value is too large", token.column)
    if 0 < abs(exact) < SMALLEST:
        raise ExpressionError("the value is too small", token.column)
    if exact.denominator.bit_length() > MAX_BITS:
        exact = Fraction(float(exact))
    return Quantity(exact, dimension)


def _same(left: Quantity, right: Quantity, verb: str, token: _Token) -> None:
    if left.dimension != right.dimension:
        message = f"cannot {verb} {kind(left.dimension)} ({left}) and {kind(right.dimension)} ({right})"
        raise ExpressionError(message, token.column)


def _product(left: Quantity, right: Quantity, token: _Token) -> Quantity:
    if token.text == "*":
        return _bounded(left.exact * right.exact, left.dimension * right.dimension, token)
    if right.exact == 0:
        raise ExpressionError("division by zero", token.column)
    if token.text == "/":
        return _bounded(left.exact / right.exact, left.dimension / right.dimension, token)
    if token.text == "%":
        _same(left, right, "take the remainder of", token)
        return _bounded(left.exact % right.exact, left.dimension, token)
    dimension = left.dimension / right.dimension
    _countable(dimension, "//", token)
    return _bounded(Fraction(left.exact // right.exact), dimension, token)


def _countable(dimension: Dimension, operation: str, token: _Token) -> None:
    """Rounding to whole units makes sense for plain numbers and bits only; a whole number of joules does not."""
    if dimension not in (NUMBER, SIZE):
        message = f"{operation} gives whole numbers; it needs plain numbers or bits, not {kind(dimension)}"
        raise ExpressionError(message, token.column)


def _power(base: Quantity, exponent: Quantity, token: _Token) -> Quantity:
    if exponent.dimension != NUMBER:
        raise ExpressionError(f"an exponent must be a plain number, not {kind(exponent.dimension)}", token.column)
    if abs(exponent.exact) > MAX_POWER:
        raise ExpressionError(f"the exponent is beyond {MAX_POWER}", token.column)
    if base.exact == 0 and exponent.exact < 0:
        raise ExpressionError("division by zero", token.column)
    if exponent.exact.denominator != 1:
        return _fractional_power(base, exponent, token)
    whole = int(exponent.exact)
    width = max(base.exact.numerator.bit_length(), base.exact.denominator.bit_length())
    if width * abs(whole) > 4 * MAX_BITS and abs(base.exact) != 1:
        raise ExpressionError("the power is too large to compute exactly", token.column)
    return _bounded(base.exact**whole, base.dimension**whole, token)


def _fractional_power(base: Quantity, exponent: Quantity, token: _Token) -> Quantity:
    if base.dimension != NUMBER:
        message = f"only a plain number can have a fractional exponent, not {kind(base.dimension)}"
        raise ExpressionError(message, token.column)
    if base.exact < 0:
        raise ExpressionError("a fractional power of a negative number", token.column)
    return Quantity(_from_float(lambda: float(base.exact) ** float(exponent.exact), token))


def _from_float(compute: Callable[[], float], token: _Token) -> Fraction:
    try:
        value = compute()
    except (OverflowError, ValueError):
        raise ExpressionError(f"'{token.text}' has no finite value here", token.column) from None
    if not math.isfinite(value) or abs(value) > LARGEST:
        raise ExpressionError("the value is too large", token.column)
    return Fraction(value)


def _call(values: list[Quantity], token: _Token) -> Quantity:
    if token.text in ("min", "max"):
        for value in values[1:]:
            _same(values[0], value, "compare", token)
        exact = [value.exact for value in values]
        return Quantity(min(exact) if token.text == "min" else max(exact), values[0].dimension)
    if len(values) != 1:
        raise ExpressionError(f"{token.text} takes one value, not {len(values)}", token.column)
    (value,) = values
    if token.text == "sqrt":
        return _sqrt(value, token)
    if token.text == "log2":
        if value.dimension != NUMBER or value.exact <= 0:
            raise ExpressionError(f"log2 needs a plain number above 0, not {value}", token.column)
        return Quantity(_from_float(lambda: math.log2(float(value.exact)), token))
    _countable(value.dimension, token.text, token)
    return Quantity(Fraction(_ROUNDERS[token.text](value.exact)), value.dimension)


_ROUNDERS: Mapping[str, Callable[[Fraction], int]] = MappingProxyType(
    {"ceil": math.ceil, "floor": math.floor, "round": round}  # round: half to even, as in Python
)


def _sqrt(value: Quantity, token: _Token) -> Quantity:
    if value.exact < 0:
        raise ExpressionError("the square root of a negative number", token.column)
    if any(exponent % 2 for exponent in value.dimension.exponents):
        message = f"sqrt needs a plain number or a square such as an area, not {kind(value.dimension)}"
        raise ExpressionError(message, token.column)
    dimension = Dimension(*(exponent // 2 for exponent in value.dimension.exponents))
    top, bottom = math.isqrt(value.exact.numerator), math.isqrt(value.exact.denominator)
    root = Fraction(top, bottom)
    if root * root != value.exact:
        root = _from_float(lambda: math.sqrt(value.exact), token)
    return Quantity(root, dimension)
