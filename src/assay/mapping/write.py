"""Mappings as a file that people read and change: the form `mapping/1`, which `read_mapping` reads back."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from collections.abc import Mapping as Dictionary

from assay.mapping.mapping import Level, Mapping
from assay.mapping.text import FORM

_PLAIN = re.compile(r"[A-Za-z_][\w.-]*", re.ASCII)


def mapping_yaml(mappings: Dictionary[str, Mapping], comments: Iterable[str] = ()) -> str:
    """The text of a mapping file.

    Args:
        mappings: by the name of the layer.
        comments: lines at its top.
    """
    lines = [f"# {' '.join(comment.split())}" for comment in comments]
    lines += [f"assay: {FORM}", "layers:"]
    for name, mapping in mappings.items():
        lines += [f"  {plain(name)}:", "    levels:"]
        for level in mapping.levels:
            lines += _level(level)
    return "\n".join(lines) + "\n"


def plain(word: str) -> str:
    """A word as YAML writes it: in quotes where it needs them."""
    return word if _PLAIN.fullmatch(word) else json.dumps(word, ensure_ascii=False)


def _level(level: Level) -> list[str]:
    lines = [f"      - node: {plain(level.node)}"]
    if level.keep:
        lines.append(f"        keep: [{', '.join(plain(tensor) for tensor in level.keep)}]")
    if level.loops:
        lines.append("        loops:")
    for loop in level.loops:
        axis = f", axis: {plain(loop.axis)}" if loop.axis else ""
        lines.append(f"          - {{dim: {plain(loop.dim)}, bound: {loop.bound}{axis}}}")
    return lines
