"""The component models of the package hwcomponents (Python 3.12 and later), where it is installed.

Its class `AladdinAdder` answers for the component `hwcomponents.AladdinAdder`: with a name of their own its models are
asked only by those who want them. Attributes are the arguments of the class, in its units (bits, s, V, m), but for
`tech_node`, which is the node of the technology; the supply voltage is not passed on, as its models know none.

Energies (J), area (m2) and leakage (W) are its own. A figure of 0 is what its models give where nobody knows it (area
and leakage of every DRAM, energy of actions that mean nothing), so 0 is taken as not known, and a note says so. `cycle`
is that of the slowest action, if it is one that exists. It states no uncertainty.

Checked against hwcomponents 1.0.114, hwcomponents-library 1.0.58, hwcomponents-cacti 1.0.40 and hwcomponents-adc 1.0.21
on Python 3.12: classes, arguments and actions; 984 figures of the library and the ADC are the very same. The models of
CACTI and NeuroSim were listed, and not run: they start programs of their own.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from assay.components.estimate import Cost, Estimate
from assay.components.estimator import Attribute, Declined
from assay.components.plugins import SWITCH, switched_off
from assay.components.provider import Asked, Provider, checked, contained, told
from assay.components.technology import nominal_voltage
from assay.errors import InputError
from assay.reading.entries import Entry
from assay.reading.suggestions import hint
from assay.reading.units import NUMBER, Quantity
from assay.reading.words import listed

PACKAGE = "hwcomponents"
_NODE = "tech_node"
_INF = float("inf")
_SHORTEST = 1e-13
"""Seconds; some models do as many actions at once as they have bits, and call that a rate."""


class ModelProvider(Provider):
    """One class of models of hwcomponents."""

    name = PACKAGE

    def __init__(self, model: type[Any]) -> None:
        self.model = model
        self.component = f"{PACKAGE}.{model.__name__}"
        self.origin = f"package {model.__module__.partition('.')[0]} {_version(model.__module__.partition('.')[0])}"
        self._parameters = dict(list(inspect.signature(model.__init__).parameters.items())[1:])

    @property
    def about(self) -> str:
        return (inspect.getdoc(self.model) or "").strip().partition("\n")[0]

    @property
    def actions(self) -> tuple[str, ...]:
        return tuple(self.model.get_action_names())

    @property
    def attributes(self) -> tuple[Attribute, ...]:
        return tuple(_attribute(each) for name, each in self._parameters.items() if name != _NODE)

    @property
    def source(self) -> str:
        return f"{self.origin}, {self.model.__name__}"

    @property
    def uncertainty(self) -> float | None:
        return None

    def answer(self, asked: Asked) -> Estimate:
        known = {each.name: each for each in self.attributes}
        for name in asked.given:
            if name not in known:
                raise Declined(f"does not know the attribute '{name}'", hint=hint(name, known))
        if missing := [each.name for each in known.values() if each.required and each.name not in asked.given]:
            raise Declined(f"needs {listed(missing)}")
        values = {name: _value(known[name], entry, asked.names) for name, entry in asked.given.items()}
        shown = tuple((name, entry.words) for name, entry in asked.given.items())
        extrapolated: tuple[str, ...] = ()
        if _NODE in self._parameters:
            if asked.technology is None:
                raise Declined("needs a technology", hint="such as 65nm")
            values[_NODE] = float(f"{asked.technology.nm:.9g}e-9")
            shown += (("technology", str(asked.technology)),)
            if asked.technology.voltage != nominal_voltage(asked.technology.nm):
                extrapolated = (f"{PACKAGE} knows the node only, not {asked.technology.voltage:g} V",)
        notes: list[str] = []
        cost = self._run(values, notes)
        return checked(self, shown, cost, extrapolated)

    def _run(self, values: Mapping[str, object], notes: list[str]) -> Cost:
        """What the model says.

        Raises:
            Declined: it raised something.
        """
        try:
            with contained():
                model = self.model(**values)
                costs = {action: _called(getattr(model, action)) for action in self.actions}
                area, leakage = float(model.area), float(model.leak_power)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # its models raise what they like
            raise Declined(f"could not answer: {told(error)}") from error
        if silent := [action for action, cost in costs.items() if cost is None]:
            notes.append(f"not known, as these actions need arguments: {', '.join(silent)}")
        figures = {action: float(cost.energy) for action, cost in costs.items() if cost is not None}
        named = {"area": area, "leakage": leakage} | figures
        if zeros := [name for name, value in named.items() if value == 0]:
            notes.append(f"0 is taken as not known: {', '.join(zeros)}")
        rates = [float(cost.throughput) for action, cost in costs.items() if cost is not None and figures[action]]
        cycles = [1 / rate for rate in rates if 0 < rate < _INF]
        if cycles and max(cycles) < _SHORTEST:
            notes.append(f"a cycle of {max(cycles):.2g} s is taken as not known")
            cycles = []
        return Cost(
            {action: figures.get(action) or None for action in costs},
            area=area or None,
            leakage=leakage or None,
            cycle=max(cycles, default=None),
            notes=tuple(notes),
        )


def model_providers(component: str) -> tuple[Provider, ...]:
    """The model of that name, such as `hwcomponents.AladdinAdder`.

    Raises:
        InputError: the package is not installed, cannot be imported, may not run, or has no such model.
    """
    if switched_off():
        raise InputError(f"models of {PACKAGE} are not run, as {SWITCH}=off says")
    found = [ModelProvider(model) for model in _models() if component == f"{PACKAGE}.{model.__name__}"]
    if not _installed():
        message = f"there is no estimator for '{component}': the package {PACKAGE} is not installed"
        raise InputError(message, hint="it needs Python 3.12 or later")
    if not found:
        message = f"there is no estimator for '{component}': the packages of {PACKAGE} have no such model"
        raise InputError(message, hint=hint(component, model_names(), label="models"))
    return tuple(found[:1])


def model_names() -> tuple[str, ...]:
    """Components that the installed package answers for; none without it. Imports it. Raises InputError as above."""
    return tuple(sorted({f"{PACKAGE}.{model.__name__}" for model in _models()}))


@cache
def _models() -> tuple[type[Any], ...]:
    if not _installed():
        return ()
    try:
        with contained():
            return tuple(import_module(PACKAGE).get_models())
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a package of models may lack another that it imports
        message = f"the package {PACKAGE} cannot be loaded: {told(error)}"
        raise InputError(message, hint="install what it lacks, or uninstall it") from error


def _installed() -> bool:
    try:
        return find_spec(PACKAGE) is not None
    except ValueError:  # a module without a specification was put into sys.modules
        return True


def _version(package: str) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(package)
    except PackageNotFoundError:
        return "of unknown version"


def _called(action: Callable[[], Any]) -> Any:
    """The cost of an action; None where it wants arguments."""
    empty = inspect.Parameter.empty
    simple = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    wanted = inspect.signature(action).parameters.values()
    if any(each.default is empty and each.kind not in simple for each in wanted):
        return None
    return action()


def _attribute(parameter: inspect.Parameter) -> Attribute:
    text = getattr(parameter.annotation, "__name__", None) or str(parameter.annotation)
    kind = next((each for each in ("bool", "int", "float", "str") if each in text.lower()), "float")
    required = parameter.default is inspect.Parameter.empty
    about = f"argument of the model: {text}" if text != "_empty" else "argument of the model"
    default = None if required else parameter.default
    return Attribute(parameter.name, about, kind, NUMBER, -_INF, _INF, -_INF, None, (), default, required)


def _value(known: Attribute, entry: Entry, names: Mapping[str, Quantity]) -> object:
    """In base units, which are also those of hwcomponents."""
    if known.kind == "bool":
        return entry.boolean()
    if known.kind == "str":
        return entry.text()
    exact = entry.expression(names).exact
    return int(exact) if exact.denominator == 1 and known.kind == "int" else float(exact)
