"""Hardware by name: published chips and examples that come with the package as data files."""

from __future__ import annotations

from pathlib import Path

from assay.errors import InputError
from assay.hardware.model import Hardware
from assay.hardware.reader import hardware_from, parse_hardware
from assay.hardware.shipped import shipped_names, shipped_text
from assay.reading.documents import load
from assay.reading.suggestions import hint


def preset_names() -> tuple[str, ...]:
    """Names of the hardware that comes with the package, in alphabetical order."""
    return shipped_names("hardware")


def preset_text(name: str) -> str:
    """The YAML of a preset, comments included: a place to start from. Raises InputError for an unknown name."""
    if name not in preset_names():
        advice = hint(name, preset_names(), label="built in")
        raise InputError(
            f"there is no built-in hardware '{name}'", hint=f"{advice}; a path to a file of your own must end in .yaml"
        )
    return shipped_text("hardware", name)


def load_hardware(source: str | Path | Hardware) -> Hardware:
    """A preset by name, a file by path (`.yaml` or `.yml`), or hardware as it is.

    Raises:
        InputError: no such preset or file, or the file is wrong.
    """
    if isinstance(source, Hardware):
        return source
    if not isinstance(source, str | Path):
        raise InputError(
            f"hardware cannot be read from a value of type {type(source).__name__}",
            hint="give a built-in name, the path of a .yaml file, or a Hardware",
        )
    if isinstance(source, Path) or source.endswith((".yaml", ".yml")):
        path = Path(source)
        return hardware_from(load(path, names=preset_names()), folder=path.parent)
    return parse_hardware(preset_text(source), f"{source}.yaml")
