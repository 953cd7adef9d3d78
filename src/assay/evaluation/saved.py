"""Mappings out of saved results, so that they can be looked at and evaluated again."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assay.errors import InputError, Position
from assay.evaluation.results import SCHEMA
from assay.mapping.counts import Occupancy
from assay.mapping.mapping import Mapping
from assay.mapping.text import mapping_from_data, read_mapping
from assay.reading.documents import nearest_file


@dataclass(frozen=True, slots=True)
class SavedLayer:
    """A layer's mapping as saved, with its tile sizes where they were saved too."""

    name: str
    mapping: Mapping
    tiles: tuple[Occupancy, ...] = ()


@dataclass(frozen=True, slots=True)
class Saved:
    """The mappings in a file: a result of `assay evaluate --json`, or a mapping file in YAML.

    Attributes:
        title: what it is, in words.
        layers: in the order of the file.
        batch: the batch that a result was made for; None for a mapping file.
    """

    title: str
    layers: tuple[SavedLayer, ...]
    batch: int | None = None

    @property
    def mappings(self) -> dict[str, Mapping]:
        return {layer.name: layer.mapping for layer in self.layers}


def read_saved(path: str | Path) -> Saved:
    """Read the mappings in a result (`.json`) or a mapping file (YAML).

    Raises:
        InputError: no such file, or not of either form.
    """
    path = Path(path)
    if path.suffix.lower() == ".json":
        return _read_result(path)
    mappings = read_mapping(path)
    return Saved(f"Mappings in {path}", tuple(SavedLayer(name, mapping) for name, mapping in mappings.items()))


def _read_result(path: Path) -> Saved:
    place = Position(str(path))
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError("there is no such file", at=place, hint=nearest_file(path)) from None
    except OSError as error:
        raise InputError(f"cannot read the file: {error.strerror or error}", at=place) from None
    except json.JSONDecodeError as error:
        raise InputError(f"this is not JSON: {error.msg}", at=Position(str(path), error.lineno, error.colno)) from None
    except (UnicodeDecodeError, RecursionError):
        raise InputError("this is not JSON text", at=place) from None
    if not isinstance(data, dict) or data.get("schema") != SCHEMA:
        raise InputError(f"this is not a result of the form {SCHEMA}", at=place, hint="make one with --json FILE")
    try:
        return _saved_of(data, place)
    except InputError as error:
        raise InputError(error.message, at=place, hint=error.hint) from None
    except (KeyError, TypeError, AttributeError):
        raise InputError(f"this result does not follow the schema {SCHEMA}", at=place) from None


def _saved_of(data: dict[str, Any], place: Position) -> Saved:
    network, hardware = data["network"], data["hardware"]
    layers = []
    for layer in data["layers"]:
        if layer["mapping"] is not None:
            tiles = tuple(Occupancy(t["component"], t["tensor"], t["words"]) for t in layer.get("tiles", ()))
            mapping = mapping_from_data(layer["mapping"], f"layer {layer['name']}", at=place)
            layers.append(SavedLayer(layer["name"], mapping, tiles))
    title = (
        f"{network['title'] or network['name']} on {hardware['title'] or hardware['name']}, batch {network['batch']}"
    )
    return Saved(title, tuple(layers), network["batch"])
