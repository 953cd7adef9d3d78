"""The YAML files that come with the package, by kind (`hardware`, `tables`) and name."""

from __future__ import annotations


def shipped_names(folder: str) -> tuple[str, ...]:
    """Names of the files of that kind, in alphabetical order."""
    from importlib.resources import files  # imports tempfile and random, which take longer than all the rest

    found = (files("assay") / "data" / folder).iterdir()
    return tuple(sorted(each.name.removesuffix(".yaml") for each in found if each.name.endswith(".yaml")))


def shipped_text(folder: str, name: str) -> str:
    """The text of one of them. Raises FileNotFoundError if there is none of that name."""
    from importlib.resources import files

    return (files("assay") / "data" / folder / f"{name}.yaml").read_text(encoding="utf-8")
