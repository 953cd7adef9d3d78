import math
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.errors import InputError
from assay.evaluation.layer import Optimality
from assay.evaluation.results import Evaluation
from assay.evaluation.saved import Saved, SavedLayer
from assay.hardware.model import Bandwidth, Figure
from assay.metrics.scorecard import scorecard
from assay.report.evaluation import render_evaluation
from assay.report.nest import render_saved
from assay.report.page import bar, letters, stack
from assay.report.scorecard import scorecard_pairs
from assay.report.verdict import verdict
from assay.workload.network import Network
from tests.evaluation.small import ARRAY, CHIP, DRAM, MAC, MAPPING, NETWORK, chip
from tests.report.sample import HEAD, sample


@pytest.mark.parametrize("width", [60, 80, 100, 120, 200])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    text = render_evaluation(sample(gap=0.01), width=width)
    assert max(len(line) for line in text.splitlines()) <= width


@pytest.mark.parametrize("width", [60, 80, 200])
def test_every_layer_has_a_row_with_its_main_figures(width: int) -> None:
    text = render_evaluation(sample(), width=width)
    rows = {line.split()[0]: line for line in text.splitlines() if line.startswith(("fc1", "fc2", "head", "total"))}
    assert set(rows) == {"fc1", "fc2", "head", "total"}
    assert all(unit in row for row in rows.values() for unit in (" us", " nJ", " %"))


def test_colour_changes_nothing_but_colour() -> None:
    plain, colored = (render_evaluation(sample(), width=120, color=color) for color in (False, True))
    assert "\x1b[" in colored
    stripped = re.sub(r"\x1b\[[0-9;]*m", "", colored)
    assert [line.rstrip() for line in stripped.splitlines()] == plain.splitlines()


def test_columns_left_out_are_named() -> None:
    text = render_evaluation(sample(gap=0.01), width=80)
    assert "Left out at this width: Energy split, Bound by, Gap." in text
    assert "Energy split: D dram" not in text
    assert "Left out" not in render_evaluation(sample(gap=0.01), width=120)


def test_names_with_brackets_are_text() -> None:
    named = replace(NETWORK.layers[0], name="conv[bold]1")
    result = sample()
    layer = replace(result.layers[0], layer=replace(result.layers[0].layer, name=named.name))
    assert "conv[bold]1" in render_evaluation(replace(result, layers=(layer,)))


def test_the_verdict_names_what_limits() -> None:
    free = sample(chip(dram=replace(DRAM, bandwidth=Bandwidth())))
    assert "Every layer is bound by compute." in verdict(free)
    mixed = sample(chip(dram=replace(DRAM, bandwidth=Bandwidth(total=48))))  # 15, 15 and 13 cycles; 12, 12 and 24 steps
    expected = "56 % of the time is bound by the bandwidth of dram (fc1, fc2) and 44 % by compute (head)."
    assert expected in verdict(mixed)


def test_the_verdict_tells_proofs_apart() -> None:
    assert "Every mapping is proven" in verdict(sample())
    assert "2 of 3 mappings are proven" in verdict(sample(gap=0.05))
    assert "within 5 %" in verdict(sample(gap=0.05))
    result = sample()
    given = replace(result, layers=tuple(replace(layer, search=None) for layer in result.layers))
    assert "given, not searched" in verdict(given)


@pytest.mark.parametrize(
    ("objective", "tiles", "gap", "stopped", "words"),
    [
        ("latency", "perfect", 0.0, False, "Every mapping is proven to be of least latency (among those with perfect "),
        ("edp", "imperfect", 0.0, False, "proven to be of least EDP (among those with any factors)."),
        ("edp", "perfect", 0.05, True, "; the others are within 5 % of it, as the time limit ended the search."),
        ("energy", "perfect", 0.05, False, "; the others are within 5 % of it."),
        ("energy", "perfect", math.inf, True, "; how far off head can be is unknown, as the time limit ended the sea"),
    ],
)
def test_the_verdict_says_what_is_proven(objective: str, tiles: str, gap: float, stopped: bool, words: str) -> None:
    result = sample()
    proofs = {name: Optimality(True, 0.0, 1.0, False, objective) for name in ("fc1", "fc2")}
    proofs["head"] = Optimality(gap == 0, gap, 1.0, stopped, objective)
    layers = tuple(replace(layer, search=proofs.get(layer.name)) for layer in result.layers)
    assert words in verdict(replace(result, objective=objective, tiles=tiles, layers=layers))
    (head,) = (layer for layer in layers if layer.name == "head")
    alone = verdict(replace(result, objective=objective, tiles=tiles, layers=(head,)))
    assert ("The mapping is proven" if gap == 0 else "The mapping is not proven") in alone


def test_the_verdict_of_a_network_without_macs() -> None:
    result = sample()
    empty = replace(result, network=Network("none", (NETWORK.layers[1],)), layers=(result.layers[1],))
    assert "nothing of this network is modelled" in verdict(empty)
    assert "Layers without multiply-accumulates" in render_evaluation(empty)


def shown(evaluation: Evaluation) -> dict[str, str]:
    """The scorecard of the screen."""
    return {name: text for group in scorecard_pairs(evaluation, scorecard(evaluation)) for name, text in group}


def test_the_scorecard_is_complete_and_ends_with_tops_per_watt() -> None:
    names = list(shown(sample()))
    assert names[0] == "Accuracy"
    assert names[-2:] == ["TOPS", "TOPS/W"]
    assert {"Throughput", "Latency", "Energy", "Power", "Off-chip traffic", "Utilisation", "Chip area"} <= set(names)


def test_the_scorecard_says_not_modelled_and_never_zero() -> None:
    card = shown(sample(chip(mac=replace(MAC, energy=None))))
    assert card["Energy"] == card["Power"] == card["Chip area"] == "not modelled"


def test_an_energy_without_transfers_says_so() -> None:
    partial = sample(chip(array=replace(ARRAY, transfer_energy=None)))
    assert partial.energy_without == ("array",)
    assert ", without array transfers: not modelled." in verdict(partial)
    assert "without array transfers: not modelled" in shown(partial)["Energy"]
    assert "transfers" not in verdict(sample())
    assert "without" not in shown(sample())["Energy"]


def test_the_area_is_the_published_one_where_there_is_one() -> None:
    area = Figure("core_area", 12.25, "mm2", "a paper")
    card = shown(sample(replace(CHIP, published=(area, Figure("x_area", 1.0, "mm2", "y")))))
    assert card["Chip area"].startswith("12.25 mm2 published core area (a paper); ")
    assert card["Accuracy"] == "not given (--accuracy 80% says it)"


def test_the_legends_say_what_is_counted() -> None:
    text = " ".join(render_evaluation(sample()).split())
    assert "Energy split: each letter is a tenth of the layer's energy: D dram," in text
    assert "Off-chip words: words of 16 bits, read and written." in text


@given(st.lists(st.floats(0.001, 1), min_size=1, max_size=9), st.integers(1, 40))
def test_a_strip_is_as_long_as_it_should_be(amounts: list[float], length: int) -> None:
    total = sum(amounts)
    shares = [(str(index), amount / total) for index, amount in enumerate(amounts)]
    strip = str(stack(shares, length))
    assert len(strip) == length
    for letter, share in shares:
        assert abs(strip.count(letter) - share * length) < 1 + 1e-9


def test_bars() -> None:
    assert bar(0, 10) == ""
    assert bar(1e-9, 10) == "▏"
    assert bar(0.5, 10) == "█████"
    assert bar(1, 10) == "█" * 10


@given(st.lists(st.text("abcAB12_ ", max_size=3), max_size=20, unique=True))
def test_letters_tell_names_apart(names: list[str]) -> None:
    found = letters(names)
    assert list(found) == names
    assert len(set(found.values())) == len(names)


def test_letters_come_from_the_name() -> None:
    assert letters(["dram", "delay", "glb", "d"]) == {"dram": "D", "delay": "E", "glb": "G", "d": "0"}


def test_saved_nests() -> None:
    saved = Saved("Saved", (SavedLayer("a", MAPPING), SavedLayer("b", HEAD)))
    both, one = render_saved(saved), render_saved(saved, "b")
    assert both.count("multiply-accumulate") == 2
    assert one.startswith("Saved\n\nb\n\ndram: keeps")
    assert one.count("multiply-accumulate") == 1
    with pytest.raises(InputError, match="there is no mapping of layer 'c'"):
        render_saved(saved, "c")
