"""Who can answer what a component costs: a class of estimators, a row of a table, a package, a compound in a file.

Whoever answers, the answer is checked here: figures are finite, at least 0, in the right unit and of a size that a
component can have. What is wrong names who said it.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from assay.components.estimate import Cost, Estimate, Value
from assay.components.estimator import Attribute, Declined, Estimator, attributes_of, build
from assay.components.technology import Technology
from assay.errors import InputError
from assay.reading.entries import Entry, short
from assay.reading.units import AREA, ENERGY, POWER, TIME, Dimension, Quantity

BUILT_IN = "built in"

_PLAUSIBLE: Mapping[str, tuple[Dimension, float, float, str]] = {
    "energy": (ENERGY, 1e-21, 1e-3, "J"),
    "area": (AREA, 1e-17, 1.0, "m2"),
    "leakage": (POWER, 1e-16, 1e4, "W"),
    "cycle": (TIME, 1e-15, 1e3, "s"),
}
"""Dimension, least and greatest size of a figure that is not 0, unit. A figure beyond is most likely in another unit:
1.2 for 1.2 pJ, or an area in um2."""


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
    """

    component: str
    name: str
    origin: str
    trouble: str = ""

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
        """Share of the truth within which nine of ten estimates are expected; None: nobody says."""

    @abstractmethod
    def answer(self, asked: Asked) -> Estimate:
        """The figures of one instance.

        Raises:
            Declined: it cannot say.
            InputError: an attribute is impossible, or what it would answer is wrong.
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
        return (self.estimator.__doc__ or "").strip().partition("\n")[0]

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

    def answer(self, asked: Asked) -> Estimate:
        if self.origin == BUILT_IN:
            built = build(self.estimator, asked.given, asked.technology, asked.names)
            return _widened(
                checked(self, built.attributes, built.estimator.cost(), built.extrapolated), built.estimator
            )
        try:
            built = build(self.estimator, asked.given, asked.technology, asked.names)
            cost = built.estimator.cost()
        except (Declined, InputError):
            raise
        except Exception as error:  # a plug-in may raise anything
            message = f"{self.name} ({self.origin}) failed: {type(error).__name__}: {short(str(error), 200)}"
            raise InputError(message) from error
        return _widened(checked(self, built.attributes, cost, built.extrapolated), built.estimator)


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
        InputError: a figure is not finite, negative, in a wrong unit or of an impossible size; names who said it.
    """
    who = f"{provider.name} ({provider.origin})"
    if not isinstance(cost, Cost):
        raise InputError(f"{who} answered {type(cost).__name__}, not a Cost")
    if unknown := [action for action in cost.energy if action not in provider.actions]:
        message = f"{who} answered an energy of '{unknown[0]}', which is not among its actions"
        raise InputError(message, hint=f"its actions: {', '.join(provider.actions) or 'none'}")
    energy = tuple((action, _figure(who, "energy", cost.energy.get(action), action)) for action in provider.actions)
    uncertainty = provider.uncertainty if cost.uncertainty is None else cost.uncertainty
    if uncertainty is not None and not (isinstance(uncertainty, int | float) and 0 <= uncertainty < math.inf):
        raise InputError(f"{who} states an uncertainty of {uncertainty!r}; it is a share such as 0.3")
    source = cost.source or provider.source
    if not source:
        raise InputError(f"{who} does not say where its figures come from", hint="give it a source")
    return Estimate(
        component=provider.component,
        estimator=provider.name,
        attributes=attributes,
        energy=energy,
        area=_figure(who, "area", cost.area),
        leakage=_figure(who, "leakage", cost.leakage),
        cycle=_figure(who, "cycle", cost.cycle),
        source=source,
        uncertainty=uncertainty,
        extrapolated=(*extrapolated, *cost.extrapolated),
        notes=tuple(note for note in cost.notes if note),
    )


def _figure(who: str, kind: str, value: Value, action: str = "") -> float | None:
    """A figure in base units; None stays None."""
    if value is None:
        return None
    dimension, least, greatest, unit = _PLAUSIBLE[kind]
    what = f"{kind} of '{action}'" if action else kind
    if isinstance(value, Quantity):
        if value.dimension != dimension:
            raise InputError(f"{who} answered {value} as {what}, which is not in {unit}")
        value = value.value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InputError(f"{who} answered {value!r} as {what}; it must be a number of {unit}, or None")
    if not math.isfinite(value) or value < 0:
        raise InputError(f"{who} answered {value} {unit} as {what}; it must be finite and at least 0")
    if value and not least <= value <= greatest:
        advice = f"figures are in {unit}: 1.2 pJ is 1.2e-12" if unit == "J" else f"figures are in {unit}"
        raise InputError(f"{who} answered {value:.3g} {unit} as {what}, which no component has", hint=advice)
    return float(value)


__all__ = ["BUILT_IN", "Asked", "Declined", "EstimatorProvider", "Provider", "checked"]
