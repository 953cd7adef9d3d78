"""The one door through which networks come in."""

from __future__ import annotations

import os
import re
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
FILES = (".yaml", ".yml", ".onnx")
_FILE_SPEC = re.compile(r"(?P<path>.+\.(?:ya?ml|onnx)):(?P<rest>[^/\\]*)", re.IGNORECASE | re.DOTALL)
Parameter = int | float | str


def load_network(source: str | Path | Network | onnx.ModelProto, *, bits: int = 16, **parameters: Parameter) -> Network:
    """A network from wherever it is.

    Args:
        source: the name of a built-in network (`alexnet`), which may carry parameters
            (`mobilenet_v1:width=0.5,resolution=128`); one layer written out (`conv:M=64,C=64,P=56,Q=56,R=3,S=3` or
            `matmul:M=512,N=64,K=512`, see `assay.workload.layer_text`); the path of a `.yaml` or `.onnx` file, with
            parameters likewise where it is text (`model.onnx:tokens=128`); an `onnx.ModelProto`; or a `Network`,
            returned as it is.
        bits: bits per word of every tensor, 1 to 64. A `Network` keeps its own.
        parameters: values for the parameters of a network file, or sizes for the symbolic dimensions of an ONNX model.

    Raises:
        InputError: nothing of that name, an unknown parameter, or a file that cannot be read, with its place.
        UnsupportedError: an ONNX model with an operator that cannot be represented, or without the package `onnx`.
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
    if isinstance(source, str):
        from assay.workload.layer_text import is_written_out, written_network

        if is_written_out(source):
            if parameters:
                raise InputError(f"a layer written out has no parameters; {', '.join(parameters)} cannot be given")
            return written_network(source, bits=bits)
        spec = source
        source, given = split_spec(spec)
        for key in given:
            if key in parameters:
                raise InputError(f"parameter {key} is given twice, in '{spec}' and on its own")
        parameters = {**given, **parameters}
    path = Path(source)
    suffix = path.suffix.lower()
    if suffix == ".onnx":
        from assay.workload.onnx_reader import read_file

        return read_file(path, parameters, bits=bits)
    if suffix in (".yaml", ".yml"):
        from assay.reading.documents import load
        from assay.workload.yaml_reader import read_network

        return read_network(load(path, names=zoo_names()), parameters, bits=bits)
    if isinstance(source, Path) or os.sep in source or path.is_file():
        raise InputError(
            f"{source}: the name does not say what the file is", hint="network files end in .yaml or .onnx"
        )
    return _from_zoo(source, bits, parameters)


def _from_zoo(name: str, bits: int, parameters: Mapping[str, Parameter]) -> Network:
    text = zoo_text(name)
    from assay.reading.documents import loads
    from assay.workload.yaml_reader import read_network

    file = f"{name}.yaml"
    for key, value in parameters.items():
        if _number(value) <= 0:
            raise InputError(f"parameter {key} of {name} is {value}; it must be above 0")
    try:
        return read_network(loads(text, file), parameters, bits=bits)
    except InputError as error:
        if not parameters or error.at is None or error.at.file != file:
            raise
        # The file is ours and right; it is the parameters that do not fit.
        listed = ", ".join(f"{key}={value}" for key, value in parameters.items())
        raise InputError(f"{name} cannot be built with {listed}: {error.message}", hint=error.hint) from None


def _number(value: Parameter) -> float:
    """The value where it is a plain number; 1 for an expression, which its reader checks."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return 1.0


def split_spec(spec: str) -> tuple[str, dict[str, str]]:
    """Name or path, and parameters, of `name:key=value,key=value`. A file whose name holds a colon is a file; a layer
    written out has no parameters.

    Raises:
        InputError: another form.
    """
    from assay.workload.layer_text import is_written_out

    if is_written_out(spec):
        return spec.partition(":")[0].strip(), {}
    name, rest = _parts(spec)
    given: dict[str, str] = {}
    if not name.strip():
        raise InputError("the name of the network is empty", hint=hint("", zoo_names(), label="built in"))
    for part in () if rest is None else rest.split(","):
        key, equals, value = (piece.strip() for piece in part.partition("="))
        if not key or not equals or not value:
            advice = "write name:parameter=value,parameter=value"
            if "=" not in part and "," not in spec:
                advice += f"; one layer of a network is for assay map {spec} HARDWARE"
            raise InputError(f"cannot read '{part}' in '{spec}'", hint=advice)
        if key in given:
            raise InputError(f"parameter {key} is given twice in '{spec}'")
        given[key] = value
    return name.strip(), given


def _parts(spec: str) -> tuple[str, str | None]:
    """What stands before and after the colon of the parameters; None without parameters."""
    if spec.lower().endswith(FILES) or os.path.exists(spec):
        return spec, None
    if match := _FILE_SPEC.fullmatch(spec):
        return match["path"], match["rest"]
    name, colon, rest = spec.partition(":")
    return (spec, None) if os.sep in spec.partition("=")[0] else (name, rest if colon else None)
