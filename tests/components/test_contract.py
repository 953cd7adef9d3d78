"""The contract of estimators: that all which are built in keep it, and that it finds those who do not."""

from __future__ import annotations

import os
import pkgutil
import random
import sys
import time
from dataclasses import dataclass
from importlib import import_module
from typing import Any, cast

import pytest

import assay.components
from assay.components.estimate import Cost
from assay.components.estimator import Declined, Estimator, attribute, attributes_of
from assay.components.links import LINKS
from assay.components.plugins import RESERVED
from assay.components.provider import EstimatorProvider
from assay.components.registry import Registry, estimators_in
from assay.components.technology import Technology
from assay.errors import InputError
from assay.reading.units import SIZE, VOLTAGE
from assay.testing import broken_clauses, check_estimator, examples_of

EXAMPLES: dict[str, tuple[dict[str, object], ...]] = {
    "Adder": ({"format": "int8"}, {"format": "fp16"}),
    "Multiplier": ({"format": "int8"}, {"format": "bf16"}),
    "MAC": ({"format": "int8"}, {"format": "fp32"}),
    "Dram": ({"kind": "DDR4", "width": 64}, {"kind": "HBM2", "width": 256}),
    "EmbeddedDRAM": ({"size": "1 MiB"}, {"depth": 4096, "width": 256}),
    "Sram": ({"depth": 1024, "width": 64}, {"size": "128 KiB", "width": 32, "banks": 4, "layout": "compiled"}),
    "ChipLink": tuple({"kind": kind, "width": 64} for kind in LINKS),
    "SramCell": ({"kind": "sram"},),
    "SramCrossbar": ({"kind": "sram"},),
}
"""Where what `examples_of` makes up does not fit."""

BUILT_IN = {
    provider.estimator.__name__: provider.estimator
    for component in Registry().components
    for provider in Registry().providers(component)
    if isinstance(provider, EstimatorProvider)
}


@pytest.mark.parametrize("name", sorted(BUILT_IN))
def test_the_built_in_ones_keep_it(name: str) -> None:
    check_estimator(BUILT_IN[name], *EXAMPLES.get(name, ()))


def test_all_estimators_are_registered() -> None:
    modules = [
        import_module(f"assay.components.{each.name}") for each in pkgutil.iter_modules(assay.components.__path__)
    ]
    assert {each.__name__ for module in modules for each in estimators_in(vars(module))} == set(BUILT_IN)


@pytest.mark.parametrize("name", sorted(BUILT_IN))
def test_no_attribute_is_named_like_a_key_of_hardware_files_or_an_option(name: str) -> None:
    taken = {"class", "count", "technology", "estimator", "per_cycle", "json", "hardware", "plugins", "help", "debug"}
    assert taken == RESERVED
    assert not taken & {each.name for each in attributes_of(BUILT_IN[name])}


# What it finds


@dataclass(frozen=True, kw_only=True)
class Good(Estimator):
    """A buffer.

    read: J per word; gated: a cycle without clock.
    """

    component = "thing"
    actions = ("read", "gated")
    source = "a test"
    uncertainty = 0.3

    width: int = attribute("bits of a word", unit=SIZE, minimum=1, valid=(4, 64))
    swing: float = attribute("of the bit lines", unit=VOLTAGE, default=0.2, above=0, valid=(0.1, 0.5))
    ports: int = attribute("how many", minimum=1, maximum=2, default=1)
    style: str = attribute("how it is made", default="dense", choices=("dense", "fast"))

    def cost(self) -> Cost:
        there = self.scaled_from(Technology.of(65))
        return Cost({"read": 1e-14 * self.width * there.energy, "gated": 0}, area=1e-10 * there.area)


def broken(estimator: type[Estimator], *examples: dict[str, object], technology: str | None = "65nm") -> str:
    return "\n".join(broken_clauses(estimator, *examples, technology=technology))


def variant(cost: Any = None, base: type[Estimator] = Good, **changes: Any) -> type[Estimator]:
    """A subclass with another `cost` and other class attributes."""
    names = {"__doc__": base.__doc__, "__module__": __name__, **changes}
    if cost is not None:
        names["cost"] = cost
    return dataclass(frozen=True, kw_only=True)(type("Variant", (base,), names))


def test_a_good_one_is_let_through() -> None:
    check_estimator(Good)
    check_estimator(Good, {"width": 16}, {"width": "2 B", "swing": 0.3, "style": "fast"}, technology="28nm")
    assert broken(variant()) == ""


def test_examples_are_in_the_middle_and_try_all_choices() -> None:
    base = {"width": 16, "swing": 0.2, "ports": 1, "style": "dense"}
    assert examples_of(Good) == (base, {**base, "style": "fast"})


def test_one_that_needs_no_technology() -> None:
    free = variant(lambda self: Cost({"read": 1e-12}), needs_technology=False)
    check_estimator(free, technology=None)
    check_estimator(free)


def declining(self: Good) -> Cost:
    raise Declined("is tired")


def refusing(self: Good) -> Cost:
    if self.technology.nm < 20:
        raise InputError("too small")  # it should decline
    return Cost({"read": 1e-12})


def elsewhere(self: Good) -> Cost:
    os.environ["ASSAY_TEST_CONTRACT"] = str(random.random())
    return Cost({"read": 1e-12})


def moving(self: Good) -> Cost:
    os.chdir("/")
    return Cost({"read": 1e-12})


def printing(self: Good) -> Cost:
    print("read")  # noqa: T201
    return Cost({"read": 1e-12})


def slow(self: Good) -> Cost:
    time.sleep(0.06)
    return Cost({"read": 1e-12})


@pytest.mark.parametrize(
    ("cost", "message"),
    [
        (lambda self: Cost({"read": 1.2}), "answered 1.2 J as energy of 'read', which no component has"),
        (lambda self: Cost({"read": float("nan")}), "must be finite"),
        (lambda self: 1e-12, "answered float, not a Cost"),
        (lambda self: 1 / 0, "failed: ZeroDivisionError"),
        (lambda self: Cost({"read": 0.0}, area=1e-9), "read is 0, which no note explains"),
        (lambda self: Cost({"read": 1e-12}, area=0), "area is 0, which no note explains"),
        (lambda self: Cost({"read": 1e-12}, leakage=0.0), "leakage is 0, which no note explains"),
        (lambda self: Cost({}), "it knows neither an energy nor the area"),
        (lambda self: Cost({"read": 1e-12 * random.uniform(1, 2)}), "another answer the second time"),
        (lambda self: Cost({"read": random.uniform(1, 2) and 1e-12}), "it changes the state of random numbers"),
        (elsewhere, "it changes the environment"),
        (slow, "more than 50 ms"),
        (declining, "is tired"),
        (declining, "it declines in every technology"),
        (refusing, "at 16 nm it neither answers nor declines: Variant (under test) failed: InputError: too small"),
        (moving, "it changes the current folder"),
        (printing, "it prints"),
        (lambda self: sys.exit(0), "failed: SystemExit: 0"),
        (lambda self: Cost({"read": 1e-12}, notes=cast(Any, "as measured")), "answered 'as measured' as notes"),
        (lambda self: Cost({"read": 1e-12}, extrapolated=("width 4",)), "width: 4 is in its range, but is said to be"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_answers(cost: Any, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSAY_TEST_CONTRACT", "before")
    here = os.getcwd()
    found = broken(variant(cost))
    assert message in found
    assert os.getcwd() == here


def test_a_zero_that_a_note_explains() -> None:
    note = "leakage is 0: cells that hold without supply"
    assert broken(variant(lambda self: Cost({"read": 1e-12}, leakage=0.0, notes=(note,)))) == ""


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"__doc__": "A buffer.\n\ngated: J"}, "its docstring does not say what read means"),
        ({"__doc__": "read, gated: much"}, "its docstring does not give the unit of energy"),
        ({"__doc__": ""}, "it has no docstring"),
        ({"component": "Thing"}, "its component 'Thing' is not in lower case"),
        ({"component": ""}, "it states no component"),
        ({"source": ""}, "it states no source"),
        ({"actions": ["read"]}, "it states no actions"),
        ({"uncertainty": 0}, "it states no uncertainty"),
        ({"uncertainty": None}, "it states no uncertainty"),
    ],
)
def test_what_is_wrong_with_a_class(changes: dict[str, Any], message: str) -> None:
    assert message in broken(variant(**changes))


@dataclass(frozen=True, kw_only=True)
class Careless(Estimator):
    """run: J."""

    component = "thing"
    actions = ("run",)
    source = "a test"
    uncertainty = 0.3

    blank: int = attribute(" ", minimum=1, default=0)
    past: int = attribute("beyond its limits", minimum=1, maximum=8, default=2, valid=(0, 16))

    def cost(self) -> Cost:
        return Cost({"run": 1e-12})


@dataclass(frozen=True, kw_only=True)
class Free(Estimator):
    """run: J."""

    component = "thing"
    actions = ("run",)
    source = "a test"
    uncertainty = 0.3

    free: float = attribute("without limits", valid=(1, 2))

    def cost(self) -> Cost:
        return Cost({"run": 1e-12})


def test_what_is_wrong_with_attributes() -> None:
    found = broken(Careless)
    for message in (
        "it has the attribute 'blank' that does not say what it is",
        "it has the attribute 'blank' whose default 0 is not possible by its limits",
        "it has the attribute 'past' whose range goes to 0, which is not possible by its limits",
    ):
        assert message in found


def test_what_a_loader_lets_through() -> None:
    assert "free: it states no least possible value (minimum= or above=)" in broken(Free)


@dataclass(frozen=True, kw_only=True)
class Counted(Estimator):
    """run: J."""

    component = "thing"
    actions = ("run",)
    source = "a test"
    uncertainty = 0.3
    count: int = attribute("how many of something", minimum=1, default=1)

    def cost(self) -> Cost:
        return Cost({"run": 1e-12})


def test_attributes_that_a_hardware_file_could_not_give() -> None:
    assert broken(Counted) == "it has the attribute 'count', which hardware files or commands mean otherwise"


def test_those_that_are_no_dataclass() -> None:
    assert broken(type("Plain", (Good,), {})) == "it lacks the decorator @dataclass(frozen=True, kw_only=True)"


@dataclass(frozen=True, kw_only=True)
class Worded(Estimator):
    """run: J."""

    component = "thing"
    actions = ("run",)
    source = "a test"
    uncertainty = 0.3
    name: str = attribute("any word")

    def cost(self) -> Cost:
        return Cost({"run": 1e-12})


def test_an_example_is_asked_for_where_none_can_be_made_up() -> None:
    assert broken(Worded) == "the attribute 'name' has no default, range or choices: give an example"
    assert broken(Worded, {"name": "x"}) == ""


def test_all_that_is_broken_stands_in_one_error() -> None:
    with pytest.raises(AssertionError) as caught:
        check_estimator(variant(lambda self: Cost({"read": 0.0}, area=0), __doc__="gated: J"))
    lines = str(caught.value).splitlines()
    assert lines[0] == "Variant breaks the contract of estimators:"
    assert len(lines) > 3
    assert all(line.startswith("- ") for line in lines[1:])
