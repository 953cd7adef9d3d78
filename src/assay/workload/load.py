"""The one door through which networks come in."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from assay.errors import InputError
from assay.reading.suggestions import hint
from assay.workload.network import Network
from assay.workload.zoo import zoo_names, zoo_text

if TYPE_CHECKING:
    import onnx

MAX_BITS = 64
Parameter = int | float | str


def load_network(source: str | Path | Network | onnx.ModelProto, *, bits: int = 16, **parameters: Parameter) -> Network:
    """A network from wherever it is.

    Args:
        source: the name of a built-in network (`alexnet`), which may carry parameters
            (`mobilenet_v1:width=0.5,resolution=128`); the path of a `.yaml` or `.onnx` file; an `onnx.ModelProto`; or a
            `Network`, which is returned as it is.
        bits: bits per word of every tensor, 1 to 64. A `Network` keeps its own.
        parameters: values for the parameters of a network file, or sizes for the symbolic dimensions of an ONNX model.

    Raises:
        InputError: nothing of that name, an unknown parameter, or a file that cannot be read, with its place.
        UnsupportedError: an ONNX model with an operator that cannot be represented.
    """
    if isinstance(bits, bool) or not isinstance(bits, int) or not 1 <= bits <= MAX_BITS:
        raise InputError(f"bits is {bits!r}; it must be a whole number from 1 to {MAX_BITS}")
    if isinstance(source, Network):
        if parameters:
            raise InputError(f"network {source.name} is already read; parameters cannot be changed any more")
        return source
    if isinstance(source, str | Path):
        return _from_text(source, bits, parameters)
    if type(source).__name__ == "ModelProto":
        from assay.workload.onnx_reader import read_model

        return read_model(source, parameters, bits=bits)
    raise InputError(
        f"a network cannot be read from a value of type {type(source).__name__}",
        hint="give a name, the path of a .yaml or .onnx file, an onnx.ModelProto or a Network",
    )


def _from_text(source: str | Path, bits: int, parameters: Mapping[str, Parameter]) -> Network:
    path = Path(source)
    suffix = path.suffix.lower()
    if suffix == ".onnx":
        from assay.workload.onnx_reader import read_file

        return read_file(path, parameters, bits=bits)
    if suffix in (".yaml", ".yml"):
        from assay.reading.documents import load
        from assay.workload.yaml_reader import read_network

        return read_network(load(path, names=zoo_names()), parameters, bits=bits)
    if isinstance(source, Path) or os.sep in source.partition(":")[0] or path.is_file():
        raise InputError(
            f"{source}: the name does not say what the file is", hint="network files end in .yaml or .onnx"
        )
    return _from_zoo(source, bits, parameters)


def _from_zoo(spec: str, bits: int, parameters: Mapping[str, Parameter]) -> Network:
    name, given = parse_spec(spec)
    for key in given:
        if key in parameters:
            raise InputError(f"parameter {key} is given twice, in '{spec}' and on its own")
    text = zoo_text(name)
    from assay.reading.documents import loads
    from assay.workload.yaml_reader import read_network

    return read_network(loads(text, f"{name}.yaml"), {**given, **parameters}, bits=bits)


def parse_spec(spec: str) -> tuple[str, dict[str, str]]:
    """Name and parameters of `name:key=value,key=value`. Raises InputError for another form."""
    name, colon, rest = spec.partition(":")
    given: dict[str, str] = {}
    if not name.strip():
        raise InputError("the name of the network is empty", hint=hint("", zoo_names(), label="built in"))
    for part in rest.split(",") if colon else ():
        key, equals, value = (piece.strip() for piece in part.partition("="))
        if not key or not equals or not value:
            raise InputError(f"cannot read '{part}' in '{spec}'", hint="write name:parameter=value,parameter=value")
        if key in given:
            raise InputError(f"parameter {key} is given twice in '{spec}'")
        given[key] = value
    return name.strip(), given
