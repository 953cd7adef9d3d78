"""The adapter for hwcomponents, against a small stand-in with the same interface: the package needs Python 3.12."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest

from assay.components import hwcomponents_adapter as adapter
from assay.components.registry import Registry, estimate
from assay.errors import InputError


@dataclass
class ActionCost:
    energy: float
    latency: float
    throughput: float


class Model:
    """What ComponentModel offers to those who ask it."""

    area: float = 0
    leak_power: float = 0.0

    @classmethod
    def get_action_names(cls) -> list[str]:
        return sorted(name for name in dir(cls) if getattr(getattr(cls, name), "is_action", False))


def action(function):  # type: ignore[no-untyped-def]
    function.is_action = True
    return function


class Adder(Model):
    """An adder from a paper.

    More words.
    """

    def __init__(self, tech_node: float, width: int | None = None, fast: bool = False, kind: str = "ripple"):
        if width is None:
            raise ValueError("Either width or size must be given.")
        if not isinstance(width, int) or not isinstance(fast, bool):
            raise TypeError("wrong kind")
        self.energy = 1e-15 * width * tech_node / 65e-9 * (2 if fast else 1) * (3 if kind == "tree" else 1)
        self.area = width * 1e-12
        self.leak_power = 2e-6

    @action
    def add(self) -> ActionCost:
        return ActionCost(self.energy, 1e-9, 1e9)

    @action
    def write(self) -> ActionCost:
        return ActionCost(0.0, 0.0, float("inf"))

    @action
    def switch(self, times: int) -> ActionCost:
        return ActionCost(self.energy * times, 1e-9, 1e9)


class Dram(Model):
    """A DRAM whose area and leakage nobody gave."""

    def __init__(self, width: int = 64):
        self.width = width

    @action
    def read(self) -> ActionCost:
        return ActionCost(8e-12 * self.width, 2e-8, 5e7)


@pytest.fixture(autouse=True)
def package(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    module = ModuleType("hwcomponents")
    module.get_models = lambda: [Adder, Dram]  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "hwcomponents", module)
    adapter._models.cache_clear()
    yield module
    adapter._models.cache_clear()


def test_figures_are_those_of_the_model() -> None:
    found = estimate("hwcomponents.Adder", width=16, technology="65nm", registry=Registry())
    assert dict(found.energy) == {"add": pytest.approx(1.6e-14), "switch": None, "write": None}
    assert (found.area, found.leakage, found.cycle) == (1.6e-11, 2e-6, 1e-9)
    assert (found.uncertainty, found.extrapolated) == (None, ())
    assert found.attributes == (("width", "16"), ("technology", "65 nm, 1.1 V"))
    assert found.notes == ("not known, as these actions need arguments: switch", "0 is taken as not known: write")


def test_zero_is_not_known() -> None:
    found = estimate("hwcomponents.Dram", registry=Registry())
    assert (found.energy_of("read"), found.area, found.leakage) == (5.12e-10, None, None)
    assert found.cycle == 2e-8
    assert "0 is taken as not known: area, leakage" in found.notes


def test_attributes_are_the_arguments_of_the_class() -> None:
    (provider,) = Registry().providers("hwcomponents.Adder")
    assert [(each.name, each.kind, each.required) for each in provider.attributes] == [
        ("width", "int", False),
        ("fast", "bool", False),
        ("kind", "str", False),
    ]
    assert provider.about == "An adder from a paper."
    best = estimate(
        "hwcomponents.Adder", width="16 b", fast=True, kind="tree", technology="65nm", registry=Registry()
    )  # fmt: skip
    assert best.energy_of("add") == pytest.approx(9.6e-14)


def test_a_voltage_is_beyond_what_it_knows() -> None:
    found = estimate("hwcomponents.Adder", width=16, technology="65nm, 0.9 V", registry=Registry())
    assert found.extrapolated == ("hwcomponents knows the node only, not 0.9 V",)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"width": 8}, "needs a technology"),
        ({"technology": "65nm"}, "could not answer: ValueError: Either width or size must be given."),
        ({"technology": "65nm", "width": 8, "depth": 2}, "does not know the attribute 'depth'"),
        ({"technology": "65nm", "width": 1.5}, "could not answer: TypeError"),
        ({"technology": "65nm", "width": -8}, "must be finite and at least 0"),
        ({"technology": "65nm", "width": 8, "fast": "perhaps"}, "expected true or false"),
    ],
)
def test_what_it_cannot_answer(given: dict[str, str], message: str) -> None:
    with pytest.raises(InputError) as caught:
        estimate("hwcomponents.Adder", registry=Registry(), **given)
    assert message in caught.value.message


def test_its_models_are_asked_only_by_name() -> None:
    assert adapter.model_names() == ("hwcomponents.Adder", "hwcomponents.Dram")
    assert "hwcomponents" not in {each.name for each in Registry().providers("adder")}
    with pytest.raises(InputError, match="have no such model") as caught:
        Registry().providers("hwcomponents.Addr")
    assert caught.value.hint is not None
    assert "did you mean 'hwcomponents.Adder'?" in caught.value.hint


def test_a_package_that_cannot_be_loaded(package: ModuleType) -> None:
    def broken() -> None:
        raise ModuleNotFoundError("No module named 'hwcomponents_neurosim'")

    package.get_models = broken  # type: ignore[attr-defined]
    with pytest.raises(InputError, match="cannot be loaded: ModuleNotFoundError: No module named 'hwcomponents_neuro"):
        Registry().providers("hwcomponents.Adder")


class Loud(Model):
    """A model that prints, moves elsewhere, and may end the program."""

    def __init__(self, ends: bool = False):
        print("hello")  # noqa: T201
        os.chdir("/")
        if ends:
            sys.exit(0)

    @action
    def read(self) -> ActionCost:
        return ActionCost(1e-12, 1e-9, 1e9)


def test_models_that_print_move_or_end(
    package: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    package.get_models = lambda: print("loaded") or [Loud]  # type: ignore[attr-defined]  # noqa: T201
    assert estimate("hwcomponents.Loud", registry=Registry()).energy_of("read") == 1e-12
    with pytest.raises(InputError, match="could not answer: SystemExit: 0"):
        estimate("hwcomponents.Loud", ends=True, registry=Registry())
    assert capsys.readouterr() == ("", "loaded\nhello\nhello\n")
    assert Path.cwd() == tmp_path


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "hwcomponents")
    monkeypatch.setattr(adapter, "find_spec", lambda name: None)
    assert adapter.model_names() == ()
    with pytest.raises(InputError, match="the package hwcomponents is not installed") as caught:
        estimate("hwcomponents.Adder", width=8, technology="65nm", registry=Registry())
    assert caught.value.hint == "it needs Python 3.12 or later"


def test_models_can_be_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSAY_PLUGINS", "off")
    with pytest.raises(InputError, match="models of hwcomponents are not run, as ASSAY_PLUGINS=off says"):
        Registry().providers("hwcomponents.Adder")


def test_the_list_of_components_has_them(capsys: pytest.CaptureFixture[str]) -> None:
    from assay import cli

    assert cli.main(["components"]) == 0
    assert "\nhwcomponents.Adder " in capsys.readouterr().out
