"""The JSON Schema for editors, the reader and the documentation know the same keys."""

import copy
import json
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from assay.errors import InputError
from assay.hardware import DATAFLOW_WORDS, Buffering, Halo, Multicast, parse_hardware, preset_names, preset_text, reader
from assay.hardware.vocabulary import DIMENSIONS, TENSORS

SCHEMA = json.loads((files("assay") / "data" / "schema" / "hardware-1.json").read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
DOCS = Path(__file__).parents[2] / "docs" / "hardware.md"


def keys(*path: str) -> set[str]:
    found = SCHEMA
    for step in path:
        found = found[step]
    return set(found["properties"])


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("name", preset_names())
def test_a_preset_validates(name: str) -> None:
    VALIDATOR.validate(yaml.safe_load(preset_text(name)))


def test_the_same_keys() -> None:
    memory = SCHEMA["$defs"]["memory"]["properties"]
    assert keys() == {"assay", *reader.HARDWARE_KEYS}
    assert keys("properties", "counting") == set(reader.COUNTING_KEYS)
    assert keys("$defs", "memory") == set(reader.MEMORY_KEYS)
    assert keys("$defs", "fanout") == set(reader.FANOUT_KEYS)
    assert keys("$defs", "compute") == set(reader.COMPUTE_KEYS)
    assert keys("$defs", "figure") == set(reader.FIGURE_KEYS)
    assert set(SCHEMA["$defs"]["axis"]["oneOf"][1]["properties"]) == set(reader.AXIS_KEYS)
    assert set(memory["energy"]["oneOf"][1]["properties"]) == set(reader.ENERGY_KEYS)
    assert set(memory["bandwidth"]["oneOf"][1]["properties"]) == set(reader.BANDWIDTH_KEYS)
    assert set(memory["ports"]["oneOf"][1]["properties"]) == set(reader.BANDWIDTH_KEYS)
    assert set(SCHEMA["$defs"]["fanout"]["properties"]["bandwidth"]["properties"]) == set(TENSORS)


def test_the_same_words() -> None:
    assert SCHEMA["properties"]["assay"]["const"] == reader.HARDWARE_FORM
    assert SCHEMA["$defs"]["tensor"]["enum"] == list(TENSORS)
    assert SCHEMA["$defs"]["dimension"]["enum"] == list(DIMENSIONS)
    assert SCHEMA["$defs"]["fanout"]["properties"]["multicast"]["enum"] == list(Multicast)
    assert SCHEMA["$defs"]["memory"]["properties"]["buffering"]["enum"] == list(Buffering)
    assert SCHEMA["properties"]["counting"]["properties"]["halo"]["enum"] == list(Halo)
    assert SCHEMA["properties"]["dataflow"]["enum"] == list(DATAFLOW_WORDS)


def test_a_file_with_every_constraint_validates() -> None:
    chip = yaml.safe_load(preset_text("eyeriss"))
    chip["dataflow"] = "row_stationary"
    chip["nodes"][1] |= {"factors": {"P": 4, "N": 1}, "max_factors": {"M": "2 * 4"}, "order": ["M", "P"]}
    chip["nodes"][2] |= {"min_utilization": 0.25}
    chip["nodes"][2]["Y"] |= {"factors": {"R": "all"}, "max_factors": {"C": 4}, "order": ["R", "C"]}
    chip["nodes"][3] |= {"stationary": ["filter"]}
    VALIDATOR.validate(chip)
    parse_hardware(yaml.safe_dump(chip))


def mutations() -> list[tuple[str, Any]]:
    """Small changes to a preset that both the reader and the schema must refuse."""
    base = yaml.safe_load(preset_text("eyeriss"))
    found = []

    def change(name: str, apply: Any) -> None:
        changed = copy.deepcopy(base)
        apply(changed)
        found.append((name, changed))

    change("unknown key", lambda chip: chip.update(colour="red"))
    change("no clock", lambda chip: chip.pop("clock"))
    change("other form", lambda chip: chip.update(assay="network/1"))
    change("unknown key of a memory", lambda chip: chip["nodes"][1].update(depth=3))
    change("unknown tensor", lambda chip: chip["nodes"][1].update(keep=["ifmaps"]))
    change("tensor twice", lambda chip: chip["nodes"][1].update(keep=["ifmap", "ifmap"]))
    change("unknown dimension", lambda chip: chip["nodes"][2].update(whole=["X"]))
    change("no axis", lambda chip: [chip["nodes"][2].pop(axis) for axis in "XY"])
    change("axis without size", lambda chip: chip["nodes"][2].update(X={"dims": ["M"]}))
    change("unknown multicast", lambda chip: chip["nodes"][2].update(multicast="words"))
    change("unknown key of counting", lambda chip: chip.update(counting={"halos": "box"}))
    change("unknown halo", lambda chip: chip.update(counting={"halo": "boxes"}))
    change("counting is no mapping", lambda chip: chip.update(counting="box"))
    change("truth value of counting as text", lambda chip: chip.update(counting={"first_reads": "maybe"}))
    change("unknown buffering", lambda chip: chip["nodes"][1].update(buffering="triple"))
    change("unknown ports", lambda chip: chip["nodes"][1].update(ports={"reads": 2}))
    change("unknown dataflow", lambda chip: chip.update(dataflow="weights"))
    change("factor of no dimension", lambda chip: chip["nodes"][1].update(factors={"X": 2}))
    change("factors are no mapping", lambda chip: chip["nodes"][1].update(factors=["C"]))
    change("largest factor of no dimension", lambda chip: chip["nodes"][1].update(max_factors={"X": 2}))
    change("dimension twice in an order", lambda chip: chip["nodes"][1].update(order=["C", "C"]))
    change("unknown tensor is stationary", lambda chip: chip["nodes"][1].update(stationary=["weights"]))
    change("unknown key of an axis", lambda chip: chip["nodes"][2]["X"].update(factor={"M": 2}))
    change("truth value of links as text", lambda chip: chip["nodes"][2].update(links="maybe"))
    change("truth value of latch as text", lambda chip: chip["nodes"][-1].update(latch="maybe"))
    change("truth value as text", lambda chip: chip["nodes"][2].update(reduces="maybe"))
    change("node of no kind", lambda chip: chip["nodes"][1].pop("memory"))
    change("no nodes", lambda chip: chip.update(nodes=[]))
    change("figure without source", lambda chip: chip["published"].update(x={"value": 3}))
    change("unknown action", lambda chip: chip["nodes"][1].update(energy={"fill": "1 pJ"}))
    return found


@pytest.mark.parametrize(("name", "chip"), mutations(), ids=[name for name, _ in mutations()])
def test_schema_and_reader_refuse_the_same(name: str, chip: Any) -> None:
    assert not VALIDATOR.is_valid(chip)
    with pytest.raises(Exception) as caught:  # noqa: PT011 - the type is asserted below
        parse_hardware(yaml.safe_dump(chip), "chip.yaml")
    assert type(caught.value).__name__ == "InputError", name


def test_the_documentation_names_every_key() -> None:
    text = DOCS.read_text(encoding="utf-8")
    named = set(re.findall(r"`([A-Za-z_]+)`", text)) | set(re.findall(r"`(\w+): ", text))
    for group in (
        reader.HARDWARE_KEYS,
        reader.COUNTING_KEYS,
        reader.MEMORY_KEYS,
        reader.FANOUT_KEYS,
        reader.COMPUTE_KEYS,
        reader.FIGURE_KEYS,
    ):
        assert set(group) <= named


def test_the_example_of_the_documentation_reads() -> None:
    text = DOCS.read_text(encoding="utf-8")
    example = re.findall(r"```yaml\n(.*?)```", text, flags=re.DOTALL)[0]
    VALIDATOR.validate(yaml.safe_load(example))
    assert parse_hardware(example).pes == 168


def test_the_mistake_of_the_documentation_is_reported_as_it_says() -> None:
    text = DOCS.read_text(encoding="utf-8")
    chip = re.findall(r"```yaml\n(assay: hardware/1.*?)```", text, re.DOTALL)[0]
    message = re.findall(r"```text\n(small\.yaml:.*?)\n```", text, re.DOTALL)[0]
    wrong = chip.replace("size: 108 KiB", "sise: 108 KiB")
    assert wrong != chip
    with pytest.raises(InputError) as error:
        parse_hardware(wrong, "small.yaml")
    said = str(error.value)
    assert message.endswith(", ...)")
    assert said.startswith(message.removesuffix("...)")), said
