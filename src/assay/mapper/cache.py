"""Results of searches, kept on disk for the next time the same is asked.

An entry is found by what the answer depends on and nothing else: the einsum, what the search sees of the hardware, the
objective, tiles and limits, and the search itself. So the same layer under another name, in another network or process,
is the same entry, and nothing that could change an answer goes unnoticed. The cache never changes a result and is never
a reason to fail: what cannot be read is searched again, and what cannot be written is not kept.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import fields, is_dataclass, replace
from functools import cache as once
from pathlib import Path
from typing import Any

from assay.errors import AssayError
from assay.hardware.model import Hardware
from assay.mapper.best import best_mapping
from assay.mapper.hunt import Tick
from assay.mapper.result import Point, SearchResult
from assay.mapper.store import VARIABLE, Store, cache_folder
from assay.mapping.text import mapping_from_data, mapping_to_data
from assay.workload.einsum import Einsum

SEARCH_VERSION = 3
"""To be raised with every change after which the search may answer otherwise."""

_TEXTS = ("name", "title", "technology", "source", "energy_source", "published", "notes", "parts")
"""Fields of `Hardware` that the search does not see. (The names of the nodes it does: they stand in the mapping.)"""

_UNSEEN = ("component", "estimated")
"""Fields of nodes that it does not see: the energies that come from a component stand beside it."""

_DECIDING = ("__init__.*", "mapping/*.*", "mapper/*.*", "hardware/model.*", "hardware/actions.*", "workload/einsum.*")
"""The files that an answer depends on: the version of Assay, the source, and what is compiled from it."""


def cached_best_mapping(
    einsum: Einsum,
    hardware: Hardware,
    objective: str = "energy",
    *,
    tiles: str = "perfect",
    max_cycles: int | None = None,
    max_energy: float | None = None,
    front: bool = False,
    time_limit: float | None = None,
    tick: Tick | None = None,
    cache: bool = True,
) -> SearchResult:
    """As `best_mapping`, from the cache where it has been asked before; `cached` says so.

    Searches that a time limit ended are not kept. `seconds` is that of the search, not of the look into the cache.

    Args:
        cache: False: neither look into the cache nor write to it.

    Raises:
        As `best_mapping`.
    """
    asked: dict[str, Any] = {"tiles": tiles, "max_cycles": max_cycles, "max_energy": max_energy, "front": front}
    key = search_key(einsum, hardware, objective, **asked) if cache else None
    if key is not None and (known := recall(key)) is not None:
        return replace(known, cached=True)
    found = best_mapping(einsum, hardware, objective, **asked, time_limit=time_limit, tick=tick)
    if key is not None and (trouble := keep(key, found)) is not None:
        say_once(trouble)
    return found


def search_key(
    einsum: Einsum,
    hardware: Hardware,
    objective: str = "energy",
    *,
    tiles: str = "perfect",
    max_cycles: int | None = None,
    max_energy: float | None = None,
    front: bool = False,
) -> str | None:
    """The key of the result that `best_mapping` has for the same arguments: 64 hexadecimal digits, the same in every
    process. None where the cache is off, or for values that have no exact text.

    The clock of the hardware is part of it: bandwidths are per cycle, but energies may come to depend on time.
    """
    if cache_folder() is None or _PROGRAM is None:
        return None
    chip = {name: value for name, value in _parts(hardware).items() if name not in _TEXTS}
    asked = [objective, tiles, max_cycles, max_energy, front]
    try:
        text = json.dumps([_PROGRAM, _plain(einsum), _plain(chip), asked], sort_keys=True)
    except TypeError:
        return None
    return hashlib.sha256(text.encode()).hexdigest()


def recall(key: str) -> SearchResult | None:
    """The result kept under the key, if there is one that can be read."""
    folder = cache_folder()
    content = None if folder is None else Store(folder).read(key)
    if content is None:
        return None
    try:
        return _result(json.loads(content))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, AssayError):
        return None


def keep(key: str, result: SearchResult) -> str | None:
    """Keep a result, unless a time limit ended the search. Returns what went wrong, as a sentence, or None."""
    folder = cache_folder()
    if folder is None or result.stopped:
        return None
    try:
        Store(folder).write(key, json.dumps(_data(result)).encode())
    except (OSError, TypeError, ValueError) as error:
        if recall(key) is not None:  # another process has written it, and this system does not let two do so
            return None
        reason = getattr(error, "strerror", None) or error
        return f"results of searches are not kept for later in {folder}: {reason} ({VARIABLE} names another folder)"
    return None


@once
def say_once(sentence: str) -> None:
    """Tell whoever listens to the log of `assay` (stderr, if nobody does): once per process and sentence."""
    import logging

    logging.getLogger("assay").warning(sentence)


def _data(result: SearchResult) -> dict[str, Any]:
    front = [_parts(point) | {"mapping": mapping_to_data(point.mapping)} for point in result.front]
    data = _parts(result) | {"mapping": mapping_to_data(result.mapping), "front": front}
    return {name: value for name, value in data.items() if name != "cached"}


def _result(data: dict[str, Any]) -> SearchResult:
    """The inverse of `_data`; floats come back exactly, as JSON has their shortest exact text."""
    front = tuple(Point(**point | {"mapping": mapping_from_data(point["mapping"])}) for point in data["front"])
    return SearchResult(**data | {"mapping": mapping_from_data(data["mapping"]), "front": front})


def _plain(value: object) -> object:
    """Dataclasses as dictionaries, without what does not take part in comparisons, such as places in files."""
    if is_dataclass(value):
        seen = [field.name for field in fields(value) if field.compare and field.name not in _UNSEEN]
        compared = {name: _plain(getattr(value, name)) for name in seen}
        return {"": type(value).__name__} | compared
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    return value


def _parts(value: Any) -> dict[str, Any]:
    return {field.name: getattr(value, field.name) for field in fields(value)}


def _program() -> list[object] | None:
    """What searches: its version, and the files themselves, so that no change is forgotten. None if they change now."""
    home = Path(__file__).parent.parent
    digest = hashlib.sha256()
    try:
        for path in sorted(path for pattern in _DECIDING for path in home.glob(pattern) if path.is_file()):
            digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    except OSError:
        return None
    return [SEARCH_VERSION, digest.hexdigest()]


_PROGRAM = _program()
"""Read when the code is loaded: later, the files may be those of another version."""
