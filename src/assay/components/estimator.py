"""The one class that an estimator is: typed attributes in, the costs of one instance out.

    @dataclass(frozen=True, kw_only=True)
    class Adder(Estimator):
        \"\"\"An adder of whole numbers.\"\"\"

        component = "adder"
        actions = ("add",)
        source = "M. Horowitz, ISSCC 2014"
        uncertainty = 0.3

        width: int = attribute("bits of an operand", unit=SIZE, minimum=1, valid=(4, 64))

        def cost(self) -> Cost:
            there = self.scaled_from(Technology.of(45, 0.9))
            return Cost({"add": 3.1e-15 * self.width * there.energy}, notes=(there.text,))

Attributes are checked before `cost` is called, and what it answers afterwards: an estimator holds the model only.
"""

from __future__ import annotations

import dataclasses
import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, cast

from assay.components.estimate import Cost
from assay.components.technology import Scaling, Technology, scaling
from assay.errors import AssayError
from assay.reading.entries import Entry
from assay.reading.suggestions import hint
from assay.reading.units import NUMBER, SIZE, Dimension, Quantity, format_bytes
from assay.reading.words import listed

__all__ = ["Attribute", "Declined", "Estimator", "attribute", "attributes_of", "build"]


class Declined(AssayError):  # noqa: N818 (it says no; nothing went wrong)
    """An estimator cannot answer what it was asked; others may. The message says why."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """What one attribute of an estimator may be.

    Attributes:
        about: what it is, for people.
        kind: `int`, `float`, `str` or `bool`.
        unit: its dimension; values are in base units (bits, J, s, m, V). A number of bits may be written without unit.
        minimum, maximum: values beyond are impossible (both inclusive); `above`: values up to it are.
        valid: the least and the greatest value that the estimator was made for; beyond, an estimate is extrapolated.
        choices: the words that a text may be; empty: any.
        default: its value where none is given; `required` says that there is none.
    """

    name: str
    about: str
    kind: str
    unit: Dimension
    minimum: float
    maximum: float
    above: float
    valid: tuple[float, float] | None
    choices: tuple[str, ...]
    default: object
    required: bool


def attribute(
    about: str,
    *,
    unit: Dimension = NUMBER,
    default: object = dataclasses.MISSING,
    minimum: float = -math.inf,
    maximum: float = math.inf,
    above: float = -math.inf,
    valid: tuple[float, float] | None = None,
    choices: tuple[str, ...] = (),
) -> Any:
    """A field of an estimator, with what its values may be (see `Attribute`)."""
    said = {"about": about, "unit": unit, "minimum": minimum, "maximum": maximum, "above": above}
    return dataclasses.field(default=default, metadata={**said, "valid": valid, "choices": choices})


@dataclass(frozen=True, kw_only=True)
class Estimator(ABC):
    """Estimates one kind of component. Subclasses are dataclasses whose fields are made by `attribute`.

    Class attributes:
        component: what it estimates, such as `sram`. Several estimators may serve the same.
        actions: those that it knows the energy of.
        source: where its figures come from.
        uncertainty: in nine cases of ten the truth is expected between a figure divided by, and multiplied by, one plus
            this (0.3: a factor of 1.3 either way).
        needs_technology: False where the technology changes nothing.
    """

    component: ClassVar[str]
    actions: ClassVar[tuple[str, ...]]
    source: ClassVar[str]
    uncertainty: ClassVar[float]
    needs_technology: ClassVar[bool] = True

    technology: Technology = dataclasses.field(default=cast(Technology, None))

    @abstractmethod
    def cost(self) -> Cost:
        """The figures of one instance.

        Raises:
            Declined: it cannot say for these attributes, for the reason given.
        """

    def scaled_from(self, start: Technology) -> Scaling:
        """Factors from the technology of known figures to that of this component; widens the uncertainty."""
        found = scaling(start, self.technology)
        object.__setattr__(self, "_spread", max(found.spread, self.spread))
        return found

    @property
    def spread(self) -> float:
        """The factor by which figures may be further off because they were scaled; known once they are."""
        return getattr(self, "_spread", 1.0)


def attributes_of(estimator: type[Estimator]) -> tuple[Attribute, ...]:
    """What an estimator may be told, in its order; without the technology."""
    found = []
    for each in dataclasses.fields(estimator):
        if each.name == "technology":
            continue
        said = each.metadata
        if "about" not in said:
            raise TypeError(f"{estimator.__name__}.{each.name} was not made by attribute(...)")
        kind = str(getattr(each.type, "__name__", each.type)).partition(" ")[0]
        required = each.default is dataclasses.MISSING
        found.append(
            Attribute(name=each.name, kind=kind, default=None if required else each.default, required=required, **said)
        )
    return tuple(found)


@dataclass(frozen=True, slots=True)
class InBaseUnits(Entry):
    """A number from Python, in base units (bits, J, s, m, V)."""


@dataclass(frozen=True, slots=True)
class Built:
    """An estimator with its attributes, in values and in words, and what lies beyond its range."""

    estimator: Estimator
    attributes: tuple[tuple[str, str], ...]
    extrapolated: tuple[str, ...]


def build(
    estimator: type[Estimator],
    given: Mapping[str, Entry],
    technology: Technology | None,
    names: Mapping[str, Quantity],
) -> Built:
    """The estimator with the attributes given.

    Args:
        given: by attribute; expressions may name `names`.
        technology: None where none was given.

    Raises:
        Declined: it does not know an attribute, or lacks one.
        InputError: a value is impossible, at its place.
    """
    known = attributes_of(estimator)
    for key in given:
        if key not in [each.name for each in known]:
            names_known = [each.name for each in known]
            raise Declined(f"does not know the attribute '{key}'", at=given[key].at, hint=hint(key, names_known))
    if missing := [each.name for each in known if each.required and each.name not in given]:
        advice = f"assay components {estimator.component} says what they are"
        raise Declined(f"needs {listed(missing)}", hint=advice)
    if estimator.needs_technology and technology is None:
        raise Declined("needs a technology", hint="such as 65nm")
    values = {
        each.name: _value(each, given[each.name], names) if each.name in given else each.default for each in known
    }
    shown = tuple((each.name, _shown(each, values[each.name])) for each in known if values[each.name] not in (None, ""))
    beyond = tuple(text for each in known if (text := _beyond(each, values[each.name])))
    if technology is not None and estimator.needs_technology:
        shown += (("technology", str(technology)),)
        beyond += (technology.unusual,) if technology.unusual else ()
    built = estimator(**values, technology=cast(Technology, technology))
    return Built(built, shown, beyond)


def _value(known: Attribute, entry: Entry, names: Mapping[str, Quantity]) -> object:
    if known.kind == "str":
        return _choice(known.choices, entry) if known.choices else entry.text()
    if known.kind == "bool":
        return entry.boolean()
    units = (known.unit, NUMBER) if known.unit == SIZE or isinstance(entry, InBaseUnits) else (known.unit,)
    quantity = entry.quantity(units, names)
    value = quantity.exact
    if known.kind == "int" and value.denominator != 1:
        raise entry.wrong_form("a whole number" + (" of bits" if known.unit == SIZE else ""))
    for wrong, words, limit in (
        (value < known.minimum, "at least", known.minimum),
        (value <= known.above, "above", known.above),
        (value > known.maximum, "at most", known.maximum),
    ):
        if wrong:
            raise entry.error(f"{entry.label}: {quantity} is not possible: {known.about}, {words} {limit:g}")
    return int(value) if known.kind == "int" else float(value)


def _choice(choices: tuple[str, ...], entry: Entry) -> str:
    """One of the words, however it is spelt in capitals and small letters."""
    alike = {each.lower(): each for each in choices}
    return alike.get(entry.words.lower()) or entry.choice(choices)


def _shown(known: Attribute, value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        exact = known.unit == NUMBER and value == round(value) and abs(value) < 1e15
        if known.unit == SIZE and value >= 1024:
            return format_bytes(value, digits=6)
        return str(int(value)) if exact else str(Quantity(Quantity.of(value).exact, known.unit))
    return str(value)


def _beyond(known: Attribute, value: object) -> str:
    """How a value lies outside of what the estimator was made for; empty where it does not."""
    if known.valid is None or isinstance(value, bool) or not isinstance(value, int | float):
        return ""
    low, high = known.valid
    if low <= value <= high:
        return ""
    limit, words = (low, "below") if value < low else (high, "above")
    return f"{known.name} {_shown(known, value)} is {words} {_shown(known, limit)}"
