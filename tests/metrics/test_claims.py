"""Files of claims: what arrives, what is refused and where, and the schema for editors."""

from __future__ import annotations

import copy
import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from assay.errors import InputError
from assay.hardware.shipped import shipped_text
from assay.metrics import claims, claims_reader
from assay.metrics.audit import audit
from assay.metrics.claims import Confidence, Zeros
from assay.metrics.claims_reader import chip_names, load_chip, parse_chip
from assay.metrics.metric import Basis
from tests.metrics.claims_sample import CHIP, changed

SCHEMA = json.loads((files("assay") / "data" / "schema" / "chip-1.json").read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
DOCS = Path(__file__).parents[2] / "docs" / "audit.md"


def test_every_key_arrives() -> None:
    chip = parse_chip(CHIP, "chip.yaml")
    assert (chip.name, chip.title, chip.source, chip.zeros) == ("sample", "A sample", "a paper", Zeros.PROCESSED)
    figures = {key: claim.value for key, claim in chip.figures.items()}
    assert figures["clock"] == 500e6
    assert figures["onchip_memory"] == 512_000
    assert figures["core_area"] == pytest.approx(5.12e-6)
    assert figures["offchip_bandwidth"] == 2e9
    assert figures["multiplier_bits"] == 8
    (peak,) = chip.peaks
    assert (peak.value, peak.unit, peak.bits) == (128e9, "MAC/s", 8)  # 256 GOPS are 128 GMAC/s
    assert chip.efficiencies[0].value == 160e9
    (run,) = chip.runs
    assert run.figures["utilization"].value == pytest.approx(0.566)
    assert run.figures["efficiency"].value == pytest.approx(144.9e9)
    assert run.figures["offchip_traffic"].value == 10e6
    assert (run.scope, run.basis) == ("chip", Basis.MEASURED)
    assert run.figures["runtime"].basis is Basis.MEASURED
    assert run.figures["runtime"].confidence is Confidence.SEEN
    assert str(run.figures["runtime"].at) == "chip.yaml:35:14"
    assert chip.scalability is not None
    assert (chip.scalability.value, chip.scalability.note) == ("to 1024 PEs", "simulated")
    assert chip.notes == ("a note",)


@pytest.mark.parametrize(
    ("written", "low", "value", "high"),
    [
        ("115.3 ms", 0.11525, 0.1153, 0.11535),
        ("115 ms", 0.1145, 0.115, 0.1155),
        ("0.10 s", 0.095, 0.10, 0.105),
        ("1.2e2 ms", 0.115, 0.12, 0.125),
        ("{value: 100 ms, tolerance: 0.05}", 0.095, 0.1, 0.105),
        ("{value: 100 ms, tolerance: 0.001}", 0.0995, 0.1, 0.1005),  # never less than the digits
        ("{value: 100 ms, bound: at_most}", 0.0, 0.1, 0.1005),
    ],
)
def test_digits_say_how_exact_a_figure_is(written: str, low: float, value: float, high: float) -> None:
    claim = parse_chip(changed(("runtime: 20.00 ms", f"runtime: {written}"))).runs[0].figures["runtime"]
    assert (claim.low, claim.value, claim.high) == pytest.approx((low, value, high))


def test_counts_are_exact() -> None:
    batch = parse_chip(CHIP).runs[0].figures["batch"]
    assert (batch.low, batch.value, batch.high) == (2, 2, 2)


@given(st.integers(1, 10**6), st.integers(0, 6))
def test_every_decimal_rounds_back(digits: int, places: int) -> None:
    """Anything within the interval prints as the same digits."""
    text = f"{digits / 10**places:.{places}f}"
    claim = parse_chip(changed(("runtime: 20.00 ms", f"runtime: {text} s"))).runs[0].figures["runtime"]
    for inside in (claim.low * (1 + 1e-9), claim.high * (1 - 1e-9)):
        assert abs(inside - claim.number) <= 0.5 * 10.0**-places * (1 + 1e-6)


ODD = st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=12) | st.sampled_from(
    [
        "1e999 W",
        "1e-999 W",
        "0x10 W",
        "1_0 W",
        "1.2.3 W",
        "- 5 W",
        "5 W W",
        "5 W/",
        "%",
        "1e W",
        ". W",
        "+5 W",
        "5W",
        "1 %",
    ]
)


@given(ODD, st.sampled_from(["power: 500 mW", "utilization: 56.6 %", "batch: 2", "weight_bits: 8", "process: 28 nm"]))
def test_whatever_is_written_is_read_or_refused_at_its_line(odd: str, place: str) -> None:
    key = place.partition(": ")[0]
    line = CHIP[: CHIP.index(f" {place}\n")].count("\n") + 1
    refused: InputError | None = None
    try:
        chip = parse_chip(changed((f" {place}\n", f" {key}: {json.dumps(odd)}\n")), "chip.yaml")
        json.dumps(audit(chip).to_dict(), allow_nan=False)
    except InputError as error:
        refused = error
    if refused is not None:
        assert refused.at is not None
        assert refused.at.line == line


def mistakes() -> list[tuple[str, str, str]]:
    """(old, new, message) from the golden file."""
    text = (Path(__file__).parent / "claims_mistakes.txt").read_text(encoding="utf-8")
    found = []
    for block in text.strip().split("\n\n")[1:]:
        old, new, message = block.split("\n", 2)
        found.append((old[2:].replace("\\n", "\n"), new[2:].replace("\\n", "\n"), message))
    return found


@pytest.mark.parametrize(("old", "new", "expected"), mistakes())
def test_a_mistake_is_reported_where_it_is(old: str, new: str, expected: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_chip(changed((old, new)), "chip.yaml")
    assert str(caught.value) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "text: the file is empty"),
        ("assay: chip/1\nname: a\n", "the file claims nothing"),
        ("assay: chip/1\nname: a\nchip: {}\n", "the file claims nothing"),
        ("assay: hardware/1\nname: a\n", "this file describes 'hardware/1', not 'chip'"),
        ("assay: chip/2\nname: a\n", "version 2 of the chip format is not known"),
    ],
)
def test_a_file_without_claims(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse_chip(text)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("eyerisss", "did you mean 'eyeriss'?"),
        ("alexnet", "'alexnet' is a network"),
        ("edge_45nm", "'edge_45nm' is hardware"),
        ("eyeriss:vgg16", "an audit takes the run by itself: eyeriss --run vgg16"),
        ("nothing_like_it", "assay chips lists them"),
    ],
)
def test_a_name_that_is_no_chip(name: str, hint: str) -> None:
    with pytest.raises(InputError) as caught:
        load_chip(name)
    assert caught.value.message == f"there is no built-in chip '{name}'"
    assert hint in (caught.value.hint or "")


@pytest.mark.parametrize("name", chip_names())
def test_a_shipped_chip_says_where_every_figure_is_from(name: str) -> None:
    VALIDATOR.validate(yaml.safe_load(shipped_text("chips", name)))
    chip = load_chip(name)
    assert chip.name == name
    every = [*chip.figures.values(), *chip.peaks, *chip.efficiencies]
    every += [claim for run in chip.runs for claim in run.figures.values()]
    for claim in every:
        assert claim.source, claim.key
        assert claim.confidence is not None, claim.key


def test_the_schema_is_one_and_takes_the_sample() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    VALIDATOR.validate(yaml.safe_load(CHIP))


def test_schema_reader_and_page_know_the_same_keys() -> None:
    run = SCHEMA["$defs"]["run"]["properties"]
    assert set(SCHEMA["properties"]) == {"assay", *claims_reader.CHIP_KEYS}
    assert set(SCHEMA["properties"]["chip"]["properties"]) == {*claims.CHIP_FIGURES, *claims.PEAK_FIGURES}
    assert set(run) == set(claims_reader.RUN_KEYS)
    assert set(SCHEMA["$defs"]["figure"]["properties"]) == set(claims_reader.FIGURE_KEYS)
    assert set(SCHEMA["$defs"]["peak_figure"]["properties"]) == set(claims_reader.PEAK_KEYS)
    assert SCHEMA["$defs"]["basis"]["enum"] == list(claims_reader.BASES)
    assert run["scope"]["enum"] == list(claims_reader.SCOPES)
    text = DOCS.read_text(encoding="utf-8")
    for key in (*claims.CHIP_FIGURES, *claims.PEAK_FIGURES, *claims_reader.RUN_KEYS, *claims_reader.PEAK_KEYS):
        assert f"`{key}`" in text, key


@pytest.mark.parametrize(("path", "wrong"), [(("runs", 0, "netwrok"), "x"), (("chip", "colck"), "1 GHz"), (("a",), 1)])
def test_the_schema_refuses_what_the_reader_refuses(path: tuple[Any, ...], wrong: object) -> None:
    data = copy.deepcopy(yaml.safe_load(CHIP))
    place = data
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = wrong
    assert not VALIDATOR.is_valid(data)
    with pytest.raises(InputError, match="unknown key"):
        parse_chip(yaml.safe_dump(data))
