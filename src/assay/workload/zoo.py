"""The networks that come with Assay: one data file each, read like a user's own."""

from __future__ import annotations

from functools import cache
from importlib import resources

from assay.errors import InputError
from assay.reading.suggestions import hint

FOLDER = "data/networks"


@cache
def zoo_names() -> tuple[str, ...]:
    """Names of the built-in networks, sorted."""
    files = (resources.files("assay") / FOLDER).iterdir()
    return tuple(sorted(file.name.removesuffix(".yaml") for file in files if file.name.endswith(".yaml")))


def zoo_text(name: str) -> str:
    """The file of a built-in network. Raises InputError for an unknown name, with the nearest one."""
    if name not in zoo_names():
        raise InputError(f"there is no built-in network '{name}'", hint=hint(name, zoo_names(), label="built in"))
    return (resources.files("assay") / FOLDER / f"{name}.yaml").read_text(encoding="utf-8")
