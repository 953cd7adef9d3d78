"""What an evaluation accepts, and the width of its words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from assay.errors import InputError
from assay.evaluation.evaluate import evaluate
from assay.evaluation.sources import load_sources, widths
from assay.hardware import load_hardware
from assay.workload import load_network
from tests.evaluation.small import CHIP, MAC, NETWORK, chip


def test_words_are_as_wide_as_the_operands_of_the_chip() -> None:
    assert widths(load_sources("lenet5", "edge_45nm", None)[0]) == {8}
    assert widths(load_sources("lenet5", "eyeriss", None)[0]) == {16}
    assert widths(load_sources("lenet5", "eyeriss", 4)[0]) == {4}
    assert widths(load_sources("lenet5", chip(mac=replace(MAC, bits=128)), None)[0]) == {64}


def test_words_too_wide_are_refused() -> None:
    with pytest.raises(InputError, match=r"words of lenet5 have 16 bits, .* edge_45nm take 8\n  hint: --bits 8,"):
        load_sources(load_network("lenet5"), "edge_45nm", None)
    with pytest.raises(InputError, match="words of lenet5 have 32 bits"):
        load_sources("lenet5", "eyeriss", 32)
    with pytest.raises(InputError, match="already read, with words of 16 bits, not 8"):
        load_sources(NETWORK, CHIP, 8)


def test_narrow_words_are_noted() -> None:
    notes = evaluate(NETWORK, chip(mac=replace(MAC, bits=32)), workers=1).notes
    assert "Words of 16 bits on 32-bit multipliers: energy per MAC is that of 32 bits." in notes
    assert not any("multipliers" in note for note in evaluate(NETWORK, CHIP, workers=1).notes)


@pytest.mark.parametrize(
    ("network", "hardware", "words"),
    [
        ("lenet5", None, "hardware cannot be read from a value of type NoneType"),
        ("lenet5", {}, "hardware cannot be read from a value of type dict"),
        (None, "eyeriss", "the network is a value of type NoneType; it must be a built-in name"),
        ("eyeriss", "alexnet", "'eyeriss' is hardware and 'alexnet' is a network; the network comes first"),
        ("eyeriss", "mobilenet_v1:width=0.5", "'mobilenet_v1:width=0.5' is a network"),
        (CHIP, NETWORK, "small is hardware and tiny is a network"),
        ("eyeriss", "eyeriss", "'eyeriss' is hardware"),
    ],
)
def test_what_is_refused(network: Any, hardware: Any, words: str) -> None:
    with pytest.raises(InputError, match=words):
        evaluate(network, hardware)


def test_names_that_are_not_there() -> None:
    result = evaluate(NETWORK, CHIP, workers=1)
    with pytest.raises(InputError, match="small has no component 'bufer'\n  hint: did you mean 'buf'"):
        result.energy_of("bufer")
    with pytest.raises(InputError, match="no component 'nope'"):
        result.layers[0].energy_of("nope")
    with pytest.raises(InputError, match="tiny has no layers of kind 'fcc'\n  hint: did you mean 'fc'"):
        result.of_kind("fcc")
    assert [layer.name for layer in result.of_kind("relu").layers] == ["relu1"]


def test_hardware_from_nothing() -> None:
    with pytest.raises(InputError, match="value of type dict"):
        load_hardware({})  # type: ignore[arg-type]
