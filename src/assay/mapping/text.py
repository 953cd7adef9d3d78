"""Mappings as people and programs read and write them: a loop nest, plain data, a YAML file.

A mapping file gives one mapping per layer, outermost level first:

    assay: mapping/1
    layers:
      conv2:
        levels:
          - node: DRAM
            keep: [ifmap, filter, ofmap]
            loops:
              - {dim: M, bound: 4}
          - node: Array
            loops:
              - {dim: P, bound: 13, axis: X}
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from assay.errors import InputError, Position
from assay.mapping.counts import Analysis, Occupancy
from assay.mapping.mapping import Level, Loop, Mapping
from assay.reading.documents import Entry, load
from assay.reading.words import plural

FORM = "mapping/1"


def mapping_to_data(mapping: Mapping) -> dict[str, Any]:
    """A mapping as dictionaries, lists, strings and whole numbers; `mapping_from_data` reads it back."""
    levels = []
    for level in mapping.levels:
        data: dict[str, Any] = {"node": level.node}
        if level.keep:
            data["keep"] = list(level.keep)
        data["loops"] = [
            {"dim": loop.dim, "bound": loop.bound} | ({"axis": loop.axis} if loop.axis else {}) for loop in level.loops
        ]
        levels.append(data)
    return {"levels": levels}


def mapping_from_data(data: object, name: str = "mapping", *, at: Position | None = None) -> Mapping:
    """The mapping that `mapping_to_data` wrote.

    Args:
        name: what messages call it.
        at: the file that it comes from.

    Raises:
        InputError: something is missing, unknown or of the wrong type.
    """
    fields = _fields(data, name, allowed=("levels",), required=("levels",))
    levels = []
    for index, item in enumerate(_list(fields["levels"], f"{name}.levels")):
        path = f"{name}.levels[{index}]"
        level = _fields(item, path, allowed=("node", "keep", "loops"), required=("node",))
        keep = tuple(_text(word, f"{path}.keep") for word in _list(level.get("keep", []), f"{path}.keep"))
        loops = tuple(
            _loop(loop, f"{path}.loops[{place}]")
            for place, loop in enumerate(_list(level.get("loops", []), f"{path}.loops"))
        )
        levels.append(Level(_text(level["node"], f"{path}.node"), loops, keep))
    return Mapping(tuple(levels), at)


def read_mapping(path: str | Path) -> dict[str, Mapping]:
    """The mappings in a YAML file, by layer name.

    Raises:
        InputError: no such file, not a mapping file, a key or value that is wrong; with file, line and column.
    """
    fields = load(path).fields(FORM, allowed=("layers",), required=("layers",))
    return {key.words: _mapping_from_entry(value, key) for key, value in fields["layers"].pairs()}


def render(mapping: Mapping, analysis: Analysis | None = None) -> str:
    """A readable loop nest: one line per loop, indented; spatial loops are `parallel-for ... along X`.

    Args:
        analysis: if given, the tile size of every kept tensor is shown (words in one instance, the largest over time).
    """
    return render_nest(mapping, analysis.occupancy if analysis else ())


def render_nest(mapping: Mapping, tiles: Iterable[Occupancy] = ()) -> str:
    """As `render`, with the tile sizes alone."""
    words = {(tile.component, tile.tensor): tile.words for tile in tiles}
    lines: list[str] = []
    depth = 0
    for level in mapping.levels:
        if level.keep or not level.loops:
            kept = ", ".join(_kept(tensor, words.get((level.node, tensor))) for tensor in level.keep)
            lines.append(_indent(depth) + f"{level.node}: " + (f"keeps {kept}" if kept else "nothing kept, no loops"))
        elif any(loop.axis for loop in level.loops):
            lines.append(_indent(depth) + f"{level.node}:")
        else:
            lines.append(_indent(depth) + f"{level.node}: nothing kept")
        for loop in level.loops:
            depth += 1
            lines.append(_indent(depth) + _loop_line(loop))
        depth += 1
    lines.append(_indent(depth) + "multiply-accumulate")
    return "\n".join(lines) + "\n"


def _indent(depth: int) -> str:
    return "  " * depth


def _kept(tensor: str, words: int | None) -> str:
    if words is None:
        return tensor
    return f"{tensor} ({plural(words, 'word')})"


def _loop_line(loop: Loop) -> str:
    if loop.axis:
        return f"parallel-for {loop.dim} in range({loop.bound}) along {loop.axis}"
    return f"for {loop.dim} in range({loop.bound})"


def _mapping_from_entry(entry: Entry, key: Entry) -> Mapping:
    levels = []
    for item in entry.mapping(allowed=("levels",), required=("levels",))["levels"].items():
        level = item.mapping(allowed=("node", "keep", "loops"), required=("node",))
        keep = tuple(word.text() for word in level["keep"].items()) if "keep" in level else ()
        loops = tuple(_loop_from_entry(loop) for loop in level["loops"].items()) if "loops" in level else ()
        levels.append(Level(level["node"].text(), loops, keep, at=item.at))
    return Mapping(tuple(levels), at=key.at)


def _loop_from_entry(entry: Entry) -> Loop:
    fields = entry.mapping(allowed=("dim", "bound", "axis"), required=("dim", "bound"))
    axis = fields["axis"].text() if "axis" in fields else None
    return Loop(fields["dim"].text(), fields["bound"].integer(minimum=1), axis)


def _loop(data: object, at: str) -> Loop:
    fields = _fields(data, at, allowed=("dim", "bound", "axis"), required=("dim", "bound"))
    bound = fields["bound"]
    if isinstance(bound, bool) or not isinstance(bound, int) or bound < 1:
        raise InputError(f"{at}.bound: expected a whole number of at least 1, found {bound!r}")
    axis = fields.get("axis")
    return Loop(_text(fields["dim"], f"{at}.dim"), bound, None if axis is None else _text(axis, f"{at}.axis"))


def _fields(data: object, at: str, *, allowed: tuple[str, ...], required: tuple[str, ...]) -> dict[str, object]:
    if not isinstance(data, dict):
        raise InputError(f"{at}: expected an object, found {type(data).__name__}")
    for key in data:
        if key not in allowed:
            raise InputError(f"{at}: unknown key {key!r}", hint=f"allowed: {', '.join(allowed)}")
    for key in required:
        if key not in data:
            raise InputError(f"{at}: the key '{key}' is missing")
    return data


def _list(data: object, at: str) -> list[object]:
    if not isinstance(data, list):
        raise InputError(f"{at}: expected a list, found {type(data).__name__}")
    return data


def _text(data: object, at: str) -> str:
    if not isinstance(data, str) or not data:
        raise InputError(f"{at}: expected a name, found {data!r}")
    return data
