"""Everybody who can say what a component costs, and who is believed when several can.

The choice is by stated accuracy: an estimate within the range that its estimator was made for goes before one beyond
it; then the smaller uncertainty, where figures that the user brings without one count as certain; then plug-ins before
what is built in, and names in alphabetical order.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from copy import copy
from dataclasses import replace
from functools import cache
from importlib import import_module
from pathlib import Path
from types import MappingProxyType

from assay.components.estimate import Estimate
from assay.components.estimator import Declined, Estimator, InBaseUnits
from assay.components.given import GivenProvider
from assay.components.provider import BUILT_IN, AnswerError, Asked, EstimatorProvider, Provider
from assay.components.technology import Technology
from assay.errors import AssayError, InputError, Position
from assay.reading.entries import Entry, Form
from assay.reading.suggestions import hint
from assay.reading.units import Quantity

_HOMES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "arithmetic": ("adder", "multiplier", "mac"),
        "cells": ("cell", "crossbar"),
        "converters": ("adc", "dac", "sample_hold", "comparator_analog"),
        "dram": ("dram",),
        "edram": ("edram",),
        "given": ("given",),
        "links": ("link",),
        "logic": ("gates", "comparator", "mux", "shifter", "counter", "lookup_table", "address_generator"),
        "network": ("multicast_network", "router", "mesh"),
        "registers": ("register", "register_file", "fifo"),
        "scalable": ("scalable_mac",),
        "sram": ("sram",),
        "wires": ("wire", "bus"),
    }
)
"""Modules here and the components that they estimate, so that only what is asked for is loaded."""


class Registry:
    """Providers by component. Immutable; `with_providers` makes a larger one. Answers are kept for the next time."""

    def __init__(self, providers: Iterable[Provider] = ()) -> None:
        self._added = tuple(providers)
        self._answers: dict[object, Estimate] = {}

    def with_providers(self, providers: Iterable[Provider]) -> Registry:
        """This registry and more. Raises InputError where two of one name answer for the same component."""
        everybody = (*self._added, *providers)
        origins: dict[tuple[str, str], str] = {}
        for each in everybody:
            key = each.component, each.name
            if each.trouble:
                continue  # not loaded yet: where it has a name that is taken, `providers` gives it another
            if key in origins:
                message = f"two estimators of {each.component} are called '{each.name}' ({origins[key]}; {each.origin})"
                raise InputError(message, hint="give one of them another name")
            origins[key] = each.origin
        return Registry(everybody)

    @property
    def components(self) -> tuple[str, ...]:
        """All kinds of components that somebody answers for, in alphabetical order."""
        return tuple(sorted({*_built_in_homes(), *(each.component for each in self._added)}))

    @property
    def troubles(self) -> tuple[str, ...]:
        """What cannot be loaded, and why, a sentence each. Loads every plug-in."""
        bad = [found for each in self._added for found in each.unfolded() if found.trouble]
        return tuple(f"{each.component}: {each.name} ({each.origin}) {each.trouble}" for each in bad)

    def providers(self, component: str) -> tuple[Provider, ...]:
        """Those who answer for the component: plug-ins first.

        Raises:
            InputError: nobody does.
        """
        own = [found for each in self._added if each.component == component for found in each.unfolded()]
        if component not in self.components and component.lower() in self.components:
            return self.providers(component.lower())
        found = _distinct((*own, *_others_models(component)), _built_in(component))
        if not found:
            advice = hint(component, self.components, label="components")
            raise InputError(f"there is no estimator for '{component}'", hint=advice)
        return found

    def estimate(self, component: str, asked: Asked, *, estimator: str | None = None) -> Estimate:
        """What one instance costs, from the provider that states the best accuracy.

        Args:
            estimator: the name of the one that is to answer; None: any.

        Raises:
            InputError: nobody can answer: who was asked and why not.
        """
        key = _key(component, asked, estimator)
        if key not in self._answers:
            self._answers[key] = self._ask(component, asked, estimator)
        return self._answers[key]

    def _ask(self, component: str, asked: Asked, estimator: str | None) -> Estimate:
        candidates = self.providers(component)
        if estimator is not None:
            candidates = tuple(each for each in candidates if each.name == estimator)
            if not candidates:
                names = [each.name for each in self.providers(component)]
                raise InputError(f"no estimator '{estimator}' for {component}", hint=hint(estimator, names))
        answers: list[tuple[Provider, Estimate]] = []
        failures: list[tuple[Provider, AssayError]] = []
        for provider in candidates:
            try:
                answers.append((provider, provider.answer(asked.of(provider))))
            except (Declined, InputError) as error:
                if provider.own and isinstance(error, AnswerError):
                    raise  # its user is to know, even if others could answer
                failures.append((provider, error))
        if not answers:
            raise _nobody(component, asked, failures)
        answers.sort(key=lambda pair: _preference(*pair))
        (_, best), *rest = answers
        others = [f"{each.name} ({each.origin}): {_less(answer)}" for each, answer in rest]
        others += [f"{each.name} ({each.origin}): {error.message}" for each, error in failures]
        return replace(best, others=tuple(others))


def estimate(
    component: str,
    /,
    *,
    technology: str | float | Technology | None = None,
    estimator: str | None = None,
    plugins: str | Path | None = None,
    registry: Registry | None = None,
    **attributes: object,
) -> Estimate:
    """What one instance of a component costs.

        assay.estimate("sram", depth=16384, width=64, technology="65nm").energy_of("read")

    Args:
        component: such as `sram`; `assay components` lists them.
        technology: such as `65nm` or `65 nm LP, 1.0 V`, or a number of nm.
        estimator: the name of the estimator that is to answer; None: the one that states the best accuracy.
        plugins: a folder with estimators of your own.
        registry: of the estimators; None: those built in and those of installed packages.
        attributes: numbers in base units (bits, J, s, m, V), or text with a unit; None is as if not given.

    Raises:
        InputError: no such component, an impossible attribute, or nobody can answer.
    """
    if not isinstance(component, str):
        raise InputError(f"a component is named by a text such as 'sram', not by {component!r}")
    process = _process(technology)
    given = {name: entry_of(name, value, component) for name, value in attributes.items() if value is not None}
    known = registry or default_registry()
    if plugins is not None:
        from assay.components.plugins import with_folder

        known = with_folder(known, Path(plugins))
    return known.estimate(component, Asked(given, process, {}), estimator=estimator)


def _process(technology: str | float | Technology | None) -> Technology | None:
    if technology is None or isinstance(technology, Technology):
        return technology
    return Technology.parse(technology) if isinstance(technology, str) else Technology.of(float(technology))


def entry_of(name: str, value: object, where: str) -> Entry:
    """A value from Python or the command line, as if it stood in a file called `where`."""
    words = ("true" if value else "false") if isinstance(value, bool) else str(value)
    kind = InBaseUnits if isinstance(value, int | float) else Entry
    return kind(Position(where), Form.TEXT, words=words, label=name, indent=None)


@cache
def default_registry() -> Registry:
    """What is built in, and what installed packages add."""
    from assay.components.plugins import installed_providers

    return Registry(installed_providers())


@cache
def _built_in_homes() -> Mapping[str, str]:
    return {component: home for home, components in _HOMES.items() for component in components}


@cache
def _built_in(component: str) -> tuple[Provider, ...]:
    home = _built_in_homes().get(component)
    if home is None:
        return ()
    if component == GivenProvider.component:
        return (GivenProvider(),)
    return tuple(
        EstimatorProvider(each, BUILT_IN)
        for each in estimators_in(import_module(f"assay.components.{home}").__dict__)
        if each.component == component
    )


def _others_models(component: str) -> tuple[Provider, ...]:
    """Of another package of estimators, whose components bear its name."""
    if not component.startswith("hwcomponents."):
        return ()
    from assay.components.hwcomponents_adapter import model_providers

    return model_providers(component)


def _distinct(added: Iterable[Provider], built_in: tuple[Provider, ...]) -> tuple[Provider, ...]:
    """All of them; one that has the name of an earlier one, or of one built in, gets its origin added."""
    names = {each.name for each in built_in}
    found = []
    for each in added:
        provider = each
        if each.name in names:
            provider = copy(each)
            provider.name = f"{each.name} of {each.origin}"
        names.add(provider.name)
        found.append(provider)
    return (*found, *built_in)


def estimators_in(names: Mapping[str, object]) -> tuple[type[Estimator], ...]:
    """The classes of estimators that a module defines itself, in its order."""
    return tuple(
        each
        for each in names.values()
        if isinstance(each, type)
        and issubclass(each, Estimator)
        and each.__module__ == names["__name__"]
        and not getattr(each, "__abstractmethods__", None)
    )


def _key(component: str, asked: Asked, estimator: str | None) -> object:
    entries = [*asked.given.items(), ("", None), *asked.defaults.items()]
    words = tuple((name, entry and (type(entry), entry.words, entry.form)) for name, entry in entries)
    return component, words, asked.technology, _frozen(asked.names), estimator


def _frozen(names: Mapping[str, Quantity]) -> frozenset[tuple[str, Quantity]]:
    return frozenset(names.items())


def _preference(provider: Provider, answer: Estimate) -> tuple[bool, float, bool, str]:
    """Those that come first are believed. Figures that the user brought are, even if nobody says how good they are."""
    unstated = 0.0 if provider.own else math.inf
    uncertainty = unstated if answer.uncertainty is None else answer.uncertainty
    return bool(answer.extrapolated), uncertainty, provider.origin == BUILT_IN, provider.name


def _less(answer: Estimate) -> str:
    """Why an answer was not chosen, given that another was."""
    if answer.extrapolated:
        return f"beyond its range ({answer.extrapolated[0]})"
    return "states no uncertainty" if answer.uncertainty is None else f"states ×/÷ {1 + answer.uncertainty:.3g}"


def _in_file(error: AssayError) -> Position | None:
    """The place of an error, where that is a line of a file."""
    return error.at if error.at is not None and error.at.line is not None else None


def _nobody(component: str, asked: Asked, failures: list[tuple[Provider, AssayError]]) -> InputError:
    """The error where nobody answers: what was asked, and who declined for which reason."""
    if len(failures) == 1 or all(isinstance(error, InputError) for _, error in failures):
        provider, error = failures[0]
        if isinstance(error, InputError):
            return error
        return InputError(f"{component}: {provider.name} {error.message}", at=_in_file(error), hint=error.hint)
    listed = "; ".join(f"{each.name} ({each.origin}): {error.message}" for each, error in failures)
    given = ", ".join(f"{name}={entry.words}" for name, entry in asked.given.items())
    message = f"nobody can estimate {component} ({given or 'no attributes'}): {listed}"
    return InputError(message)
