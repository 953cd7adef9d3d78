"""From a path to an `onnx.ModelProto`, or one clear error."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, cast

from assay.errors import InputError, Position, UnsupportedError
from assay.reading.documents import nearest_file

if TYPE_CHECKING:
    import onnx

NOT_ONNX = "export the model again, for instance with torch.onnx.export"


def import_onnx() -> ModuleType:
    """The `onnx` package. Raises UnsupportedError with the command that installs it."""
    try:
        import onnx
        import onnx.helper
        import onnx.numpy_helper
        import onnx.shape_inference
    except ImportError:
        raise UnsupportedError(
            "reading ONNX models needs the package 'onnx'", hint="pip install onnx (the extra 'onnx' of assay)"
        ) from None
    return onnx


def load_model(path: Path) -> onnx.ModelProto:
    """The model in a file, without the weights that are stored beside it.

    Raises:
        InputError: no such file, a directory, an empty or truncated file, or something that is not an ONNX model.
        UnsupportedError: the package `onnx` is not installed.
    """
    place = Position(str(path))
    if path.is_dir():
        raise InputError("this is a directory, not an ONNX file", at=place)
    if not path.exists():
        raise InputError("there is no such file", at=place, hint=nearest_file(path))
    try:
        if path.stat().st_size == 0:
            raise InputError("the file is empty", at=place, hint=NOT_ONNX)
        model = _parse(path)
    except OSError as error:
        raise InputError(f"cannot read the file: {error.strerror or error}", at=place) from None
    except (InputError, UnsupportedError):
        raise
    except Exception as error:  # protobuf's DecodeError has no stable place to be imported from
        if type(error).__name__ != "DecodeError":
            raise
        raise InputError("this is not an ONNX model, or the file is truncated", at=place, hint=NOT_ONNX) from None
    check_model(model, str(path))
    return model


def _parse(path: Path) -> onnx.ModelProto:
    return cast("onnx.ModelProto", import_onnx().load(str(path), format="protobuf", load_external_data=False))


def check_model(model: onnx.ModelProto, name: str) -> None:
    """Raises InputError unless the model has a graph with nodes and says which operators it uses."""
    if not model.graph.node and not model.graph.input:
        raise InputError("this is not an ONNX model: it has no graph", at=Position(name), hint=NOT_ONNX)
    if not model.graph.node:
        raise InputError("the model has no nodes", at=Position(name), hint=NOT_ONNX)
    if not model.opset_import:
        raise InputError("the model does not say which operator set it uses", at=Position(name), hint=NOT_ONNX)
