"""Who can answer what a component costs: a class of estimators, a row of a table, a package, a compound in a file.

Whoever answers, the answer is checked here: figures are finite, at least 0, in the right unit and of a size that a
component can have. What is wrong names who said it.
"""

from __future__ import annotations

import math
import os
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout, suppress
from dataclasses import dataclass, field, replace
from fractions import Fraction
from traceback import walk_tb

from assay.components.estimate import Cost, Estimate, Value
from assay.components.estimator import Attribute, Built, Declined, Estimator, attributes_of, build
from assay.components.technology import Technology
from assay.errors import AssayError, InputError, Position
from assay.reading.entries import Entry, short
from assay.reading.units import AREA, ENERGY, POWER, TIME, Dimension, Quantity

BUILT_IN = "built in"

_PLAUSIBLE: Mapping[str, tuple[Dimension, float, float, str]] = {
    "energy": (ENERGY, 1e-21, 1e-4, "J"),
    "area": (AREA, 1e-17, 0.05, "m2"),
    "leakage": (POWER, 1e-16, 1e3, "W"),
    "cycle": (TIME, 1e-15, 1.0, "s"),
}
"""Dimension, least and greatest size of a figure that is not 0, unit. A figure beyond is most likely in another unit:
1.2 for 1.2 pJ, or an area in um2."""


class AnswerError(InputError):
    """A provider failed, or answered what cannot be true: it must be mended, whatever it was asked."""


@contextmanager
def contained() -> Iterator[None]:
    """While others' code runs: what it prints goes to stderr, and the working directory is put back afterwards."""
    before = _working_directory()
    try:
        with redirect_stdout(sys.stderr):
            yield
    finally:
        if before is not None and _working_directory() != before:
            with suppress(OSError):
                os.chdir(before)


def _working_directory() -> str | None:
    try:
        return os.getcwd()
    except OSError:  # it does not exist any more
        return None


def told(error: BaseException) -> str:
    """An error that others' code raised, on one line."""
    try:
        text = error.message if isinstance(error, AssayError) else str(error)
    except Exception:  # even its text may fail
        text = ""
    return f"{type(error).__name__}: {short(text, 200)}" if text else type(error).__name__


def line_in(file: str, error: BaseException) -> int | None:
    """The innermost line of the file that an error came through; None where it did not."""
    lines = [line for frame, line in walk_tb(error.__traceback__) if frame.f_code.co_filename == file]
    return lines[-1] if lines else None


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of a provider.

    Attributes:
        given: attributes by name, as they were written.
        technology: None where none was given.
        names: what names in expressions stand for.
        defaults: attributes that are taken where none is given, by those who know them.
    """

    given: Mapping[str, Entry]
    technology: Technology | None
    names: Mapping[str, Quantity]
    defaults: Mapping[str, Entry] = field(default_factory=dict)

    def of(self, provider: Provider) -> Asked:
        """What is asked of one provider: with the defaults that it knows."""
        if not self.defaults:
            return self
        known = {each.name for each in provider.attributes}
        given = {name: entry for name, entry in self.defaults.items() if name in known} | dict(self.given)
        return replace(self, given=given, defaults={})


class Provider(ABC):
    """Answers for one kind of component.

    Attributes:
        component: such as `sram`.
        name: unique among those that answer for the component.
        origin: where it comes from: `built in`, a package, a file.
        trouble: why it cannot be loaded; empty where it can.
        own: whether it is of a folder that the user named: then its figures are meant to be used, and its faults stop.
    """

    component: str
    name: str
    origin: str
    trouble: str = ""
    own: bool = False

    @property
    def place(self) -> Position | None:
        """The line where it is defined, in a file of the user."""
        return None

    @property
    @abstractmethod
    def about(self) -> str:
        """One line on what it estimates."""

    @property
    @abstractmethod
    def actions(self) -> tuple[str, ...]: ...

    @property
    @abstractmethod
    def attributes(self) -> tuple[Attribute, ...]:
        """What it may be told, where that is known beforehand."""

    @property
    @abstractmethod
    def source(self) -> str: ...

    @property
    @abstractmethod
    def uncertainty(self) -> float | None:
        """Nine times in ten the truth is within a factor of one plus this, either way; None: nobody says."""

    @abstractmethod
    def answer(self, asked: Asked) -> Estimate:
        """The figures of one instance.

        Raises:
            Declined: it cannot say.
            InputError: an attribute is impossible.
            AnswerError: it failed, or what it would answer is wrong.
        """

    def unfolded(self) -> tuple[Provider, ...]:
        """Itself; or those that it stands for, where they are loaded only once somebody asks for the component."""
        return (self,)


class EstimatorProvider(Provider):
    """A class of estimators."""

    def __init__(self, estimator: type[Estimator], origin: str = BUILT_IN) -> None:
        self.estimator = estimator
        self.component = estimator.component
        self.name = estimator.__name__
        self.origin = origin

    @property
    def about(self) -> str:
        text: object = self.estimator.__doc__
        return text.strip().partition("\n")[0] if isinstance(text, str) else ""

    @property
    def actions(self) -> tuple[str, ...]:
        return self.estimator.actions

    @property
    def attributes(self) -> tuple[Attribute, ...]:
        return attributes_of(self.estimator)

    @property
    def source(self) -> str:
        return self.estimator.source

    @property
    def uncertainty(self) -> float | None:
        return self.estimator.uncertainty

    @property
    def place(self) -> Position | None:
        code = getattr(self.estimator.cost, "__code__", None)
        if not self.own or code is None or code.co_filename != self.origin:
            return None
        return Position(self.origin, code.co_firstlineno)

    def answer(self, asked: Asked) -> Estimate:
        if self.origin == BUILT_IN:
            return self._answer(build(self.estimator, asked.given, asked.technology, asked.names))
        built: Built | None = None
        try:
            with contained():
                built = build(self.estimator, asked.given, asked.technology, asked.names)
                return self._answer(built)
        except (Declined, AnswerError, KeyboardInterrupt):
            raise
        except BaseException as error:  # a plug-in may raise anything
            if built is None and isinstance(error, InputError):
                raise  # an attribute is impossible
            place = self.place
            if line := line_in(self.origin, error):
                place = Position(self.origin, line)
            raise AnswerError(f"{_who(self, place)} failed: {told(error)}", at=place) from error

    def _answer(self, built: Built) -> Estimate:
        cost = built.estimator.cost()
        try:
            estimate = checked(self, built.attributes, cost, built.extrapolated)
        except AnswerError as error:
            if self.origin != BUILT_IN:
                raise
            asked = ", ".join(f"{name} {value}" for name, value in built.attributes)
            message = f"{self.component} of {asked} is beyond what can be built ({error.message})"
            raise InputError(message) from None
        return _widened(estimate, built.estimator)


def _who(provider: Provider, place: Position | None) -> str:
    """The name of a provider, and where it comes from, if its place does not say so."""
    return provider.name if place is not None else f"{provider.name} ({provider.origin})"


def _widened(estimate: Estimate, estimator: Estimator) -> Estimate:
    """The estimate as uncertain as its figures are after scaling."""
    if estimate.uncertainty is None or estimator.spread == 1.0:
        return estimate
    return replace(estimate, uncertainty=(1 + estimate.uncertainty) * estimator.spread - 1)


def checked(
    provider: Provider, attributes: tuple[tuple[str, str], ...], cost: object, extrapolated: tuple[str, ...] = ()
) -> Estimate:
    """What a provider answered, if it can be true.

    Args:
        attributes: (name, value in words) of all that was asked for.
        extrapolated: each way in which that lies beyond what the provider was made for.

    Raises:
        AnswerError: a figure is not finite, negative, in a wrong unit or of an impossible size, or it is not a Cost;
            names who said it.
    """
    answer = Answer(_who(provider, provider.place), provider.place)
    if not isinstance(cost, Cost):
        raise answer.wrong(f"answered {type(cost).__name__}, not a Cost")
    if not isinstance(cost.energy, Mapping):
        raise answer.wrong("answered no mapping of actions to energies", hint='write such as Cost({"read": 1e-12})')
    if unknown := [action for action in cost.energy if action not in provider.actions]:
        listed = ", ".join(provider.actions) or "none"
        message = f"answered an energy of '{short(str(unknown[0]))}', which is not among its actions"
        raise answer.wrong(message, hint=f"its actions: {listed}")
    uncertainty = provider.uncertainty if cost.uncertainty is None else cost.uncertainty
    if uncertainty is not None and not (isinstance(uncertainty, int | float) and 0 <= uncertainty < math.inf):
        raise answer.wrong(f"states an uncertainty of {short(repr(uncertainty))}; it is a share such as 0.3")
    source = cost.source or provider.source
    if not source or not isinstance(source, str):
        raise answer.wrong("does not say where its figures come from", hint="give it a source")
    return Estimate(
        component=provider.component,
        estimator=provider.name,
        attributes=attributes,
        energy=tuple((action, answer.figure("energy", cost.energy.get(action), action)) for action in provider.actions),
        area=answer.figure("area", cost.area),
        leakage=answer.figure("leakage", cost.leakage),
        cycle=answer.figure("cycle", cost.cycle),
        source=source,
        uncertainty=uncertainty,
        extrapolated=(*extrapolated, *answer.texts("extrapolated", cost.extrapolated)),
        notes=answer.texts("notes", cost.notes),
    )


@dataclass(frozen=True, slots=True)
class Answer:
    """What is being checked: who said it, and where that stands."""

    who: str
    at: Position | None

    def wrong(self, message: str, *, hint: str | None = None) -> AnswerError:
        return AnswerError(f"{self.who} {message}", at=self.at, hint=hint)

    def figure(self, kind: str, value: Value, action: str = "") -> float | None:
        """A figure in base units; None stays None."""
        if value is None:
            return None
        dimension, least, greatest, unit = _PLAUSIBLE[kind]
        what = f"{kind} of '{action}'" if action else kind
        if isinstance(value, Quantity) and value.dimension != dimension:
            raise self.wrong(f"answered {value} as {what}, which is not in {unit}")
        number: object = value.exact if isinstance(value, Quantity) else value
        if isinstance(number, bool) or not isinstance(number, int | float | Fraction):
            raise self.wrong(f"answered {short(repr(number))} as {what}; it must be a number of {unit}, or None")
        try:
            found = float(number)
        except OverflowError:
            found = math.inf if number > 0 else -math.inf
        if not math.isfinite(found) or found < 0:
            raise self.wrong(f"answered {found} {unit} as {what}; it must be finite and at least 0")
        if number and not least <= found <= greatest:
            advice = f"figures are in {unit}: 1.2 pJ is 1.2e-12" if unit == "J" else f"figures are in {unit}"
            raise self.wrong(f"answered {found:.3g} {unit} as {what}, which no component has", hint=advice)
        return found

    def texts(self, what: str, value: object) -> tuple[str, ...]:
        """Notes and the like, without those that say nothing."""
        if not isinstance(value, tuple | list) or not all(isinstance(each, str) for each in value):
            raise self.wrong(
                f"answered {short(repr(value))} as {what}", hint=f'{what} is a tuple of texts: {what}=("...",)'
            )
        return tuple(each for each in value if each)


__all__ = [
    "BUILT_IN",
    "AnswerError",
    "Asked",
    "Declined",
    "EstimatorProvider",
    "Provider",
    "checked",
    "contained",
    "line_in",
    "told",
]
