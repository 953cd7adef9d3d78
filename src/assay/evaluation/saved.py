"""What is read back from saved results: mappings, to look at or evaluate again, and whole layers, to explain."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assay.errors import InputError, Position
from assay.evaluation.explain import pick_layer
from assay.evaluation.layer import LayerResult
from assay.evaluation.results import SCHEMA
from assay.hardware.model import Hardware
from assay.hardware.presets import HardwareText
from assay.mapping.analysis import analyse
from assay.mapping.counts import Occupancy
from assay.mapping.energy import energy_of_actions
from assay.mapping.latency import time_layer
from assay.mapping.mapping import Mapping
from assay.mapping.text import mapping_from_data, read_mapping
from assay.reading.documents import nearest_file
from assay.reading.figures import exact
from assay.workload.einsum import Einsum, Rank, Tensor, TensorKind, Term
from assay.workload.network import Layer

SHOWN = 5
"""Differences that are named; the others are counted."""


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
        objective, tiles: of an `Evaluation`; None for a mapping file.
    """

    title: str
    layers: tuple[SavedLayer, ...]
    batch: int | None = None
    objective: str | None = None
    tiles: str | None = None

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


@dataclass(frozen=True, slots=True)
class SavedResult:
    """A layer of a saved result, counted, timed and charged again from what is saved.

    Attributes:
        text: of its hardware.
        notes: what differs between the result and the present: in its figures, or in the hardware file.
    """

    layer: LayerResult
    text: HardwareText
    notes: tuple[str, ...]


def read_layer(path: str | Path, name: str | None = None) -> SavedResult:
    """Read one layer of a result (`.json`) with everything that its figures follow from.

    Args:
        name: of the layer; None: the only one with multiply-accumulates.

    Raises:
        InputError: no such file or layer, or the result was written before it held what is needed.
    """
    path = Path(path)
    place = Position(str(path))
    data = _read_data(path)
    with _following_the_schema(place):
        layers = data["layers"]
        entry = layers[pick_layer([e["name"] for e in layers], [e["mapping"] is not None for e in layers], name)]
        text = _text_of(data["hardware"], entry)
        layer = _layer_of(entry, text.hardware(), place)
    return SavedResult(layer, text, (*_differences(entry, layer), *_changes(text)))


def _text_of(hardware: dict[str, Any], entry: dict[str, Any]) -> HardwareText:
    """The text of the hardware. Raises InputError where it was not saved."""
    if "file" not in hardware or "einsum" not in entry:
        raise InputError(
            "the result was written before results held what explains them", hint="evaluate again with --json FILE"
        )
    file = hardware["file"]
    if file is None:
        raise InputError(
            "the hardware was made or changed in Python, and the result does not hold it",
            hint="explain it in Python: print(evaluation.explain(...)), or describe the hardware in a file",
        )
    tables = tuple(file["tables"].items())
    return HardwareText(file["path"], file["text"], tables, file["builtin"], file.get("dataflow") or "")


def _layer_of(entry: dict[str, Any], hardware: Hardware, place: Position) -> LayerResult:
    einsum = einsum_from_data(entry["dims"], entry["einsum"])
    mapping = mapping_from_data(entry["mapping"], f"layer {entry['name']}", at=place)
    analysis = analyse(einsum, hardware, mapping)
    return LayerResult(
        Layer(entry["name"], entry["op"], einsum),
        hardware,
        mapping,
        analysis,
        time_layer(einsum, hardware, mapping, analysis),
        energy_of_actions(einsum, hardware, analysis),
    )


def einsum_from_data(dims: dict[str, int], data: dict[str, Any]) -> Einsum:
    """The einsum that `einsum_to_data` wrote. Raises KeyError or TypeError where it is of another form."""
    tensors = [
        Tensor(
            tensor["name"],
            tuple(Rank(tuple(Term(dim, coefficient) for coefficient, dim in rank)) for rank in tensor["ranks"]),
            tensor["bits"],
            kind=TensorKind(tensor["kind"]),
        )
        for tensor in data["tensors"]
    ]
    return Einsum(tuple(dims.items()), tuple(tensors[:-1]), tensors[-1])


def _differences(entry: dict[str, Any], layer: LayerResult) -> tuple[str, ...]:
    """Where the figures of the result are not those that follow from it now."""
    now = layer.to_dict()
    figures = [("cycles", entry["cycles"], now["cycles"])]
    saved, counted = _counts(entry), _counts(now)
    figures += [(name, saved.get(name, 0), counted.get(name, 0)) for name in {**saved, **counted}]
    wrong = [f"{name} is {old:,} there and {new:,} here" for name, old, new in figures if old != new]
    if not math.isclose(entry["energy_j"] or 0, now["energy_j"] or 0, rel_tol=1e-9):
        texts = (exact(entry["energy_j"], "J"), exact(now["energy_j"], "J"))
        wrong.append("energy is {} there and {} here".format(*texts))
    if not wrong:
        return ()
    more = f"; and {len(wrong) - SHOWN} more" if len(wrong) > SHOWN else ""
    return (f"Another version of Assay, or of an estimator, wrote this result: {'; '.join(wrong[:SHOWN])}{more}.",)


def _counts(entry: dict[str, Any]) -> dict[str, int]:
    return {
        f"{c['component']} {c['action']}{' of ' + c['tensor'] if c['tensor'] else ''}": c["count"]
        for c in entry["counts"]
    }


def _changes(text: HardwareText) -> tuple[str, ...]:
    now = text.now()
    if now == text.text:
        return ()
    change = "is not here" if now is None else "has changed since"
    return (f"{text.path} {change}: figures and line numbers are those of the text saved in the result.",)


@contextmanager
def _following_the_schema(place: Position) -> Iterator[None]:
    """Errors in what a result holds, as errors of that file."""
    try:
        yield
    except InputError as error:
        raise InputError(error.message, at=place, hint=error.hint) from None
    except (KeyError, TypeError, AttributeError, ValueError, IndexError):
        raise InputError(f"this result does not follow the schema {SCHEMA}", at=place) from None


def _read_data(path: Path) -> dict[str, Any]:
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
    return data


def _read_result(path: Path) -> Saved:
    place = Position(str(path))
    data = _read_data(path)
    with _following_the_schema(place):
        return _saved_of(data, place)


def _saved_of(data: dict[str, Any], place: Position) -> Saved:
    network, hardware = data["network"], data["hardware"]
    layers = []
    for layer in data["layers"]:
        if layer["mapping"] is not None:
            tiles = tuple(Occupancy(t["component"], t["tensor"], t["words"]) for t in layer.get("tiles", ()))
            mapping = mapping_from_data(layer["mapping"], f"layer {layer['name']}", at=place)
            layers.append(SavedLayer(layer["name"], mapping, tiles))
    chip = hardware["title"] or hardware["name"]
    if dataflow := hardware.get("dataflow"):  # results of older versions have neither that nor `tiles`
        chip = f"{chip}, {dataflow.replace('_', ' ')}"
    title = f"{network['title'] or network['name']} on {chip}, batch {network['batch']}"
    return Saved(title, tuple(layers), network["batch"], data["objective"], data.get("tiles", "perfect"))
