"""An ONNX model without its weights and with a size for every dimension of its inputs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from assay.errors import InputError, UnsupportedError
from assay.reading.suggestions import hint

if TYPE_CHECKING:
    import onnx

SMALL = 4096
"""Constants of up to so many elements may be part of a shape computation."""

STANDARD_DOMAINS = ("", "ai.onnx")


def make_skeleton(
    onnx: Any, model: onnx.ModelProto, sizes: Mapping[str, int | float | str], name: str
) -> tuple[onnx.ModelProto, tuple[str, ...], int]:
    """A copy with fixed input sizes, small initializers only, and no shapes but those of the inputs."""
    source = model.graph
    result = onnx.ModelProto(ir_version=model.ir_version)
    result.opset_import.extend(model.opset_import)
    result.functions.extend(model.functions)
    graph = result.graph
    graph.name = source.name or "graph"
    graph.node.extend(source.node)
    stored = {each.name for each in source.initializer}
    inputs = [each for each in source.input if each.name not in stored]
    graph.input.extend(inputs)
    symbols = _Symbols(sizes, name)
    for each in graph.input:
        symbols.fix(each)
    symbols.finish()
    for weight in source.initializer:
        if math.prod(weight.dims) <= SMALL and _has_data(onnx, weight):
            graph.initializer.append(weight)
        else:
            graph.input.append(onnx.helper.make_tensor_value_info(weight.name, weight.data_type, list(weight.dims)))
    for sparse in source.sparse_initializer:
        kind = sparse.values.data_type
        graph.input.append(onnx.helper.make_tensor_value_info(sparse.values.name, kind, list(sparse.dims)))
    for output in source.output:
        graph.output.append(onnx.ValueInfoProto(name=output.name))
    _keep_foreign_shapes(source, graph, symbols)
    return result, tuple(symbols.notes), symbols.batch


def _has_data(onnx: Any, weight: onnx.TensorProto) -> bool:
    """Whether the words are in the file: they may be stored beside it, or have been removed to make it small."""
    if weight.data_location == onnx.TensorProto.EXTERNAL:
        return False
    stored = ("raw_data", "float_data", "int32_data", "int64_data", "double_data", "uint64_data", "string_data")
    return math.prod(weight.dims) == 0 or any(len(getattr(weight, field)) for field in stored)


def _keep_foreign_shapes(source: onnx.GraphProto, graph: onnx.GraphProto, symbols: _Symbols) -> None:
    """The shapes that the file states for operators which inference does not know."""
    foreign = {name for node in source.node if node.domain not in STANDARD_DOMAINS for name in node.output}
    for each in source.value_info:
        if each.name in foreign:
            graph.value_info.append(each)
            for dim in graph.value_info[-1].type.tensor_type.shape.dim:
                if dim.dim_param in symbols.known:
                    dim.dim_value = symbols.known[dim.dim_param]


class _Symbols:
    """Sizes of symbolic dimensions; one use."""

    def __init__(self, sizes: Mapping[str, int | float | str], model: str) -> None:
        self.model = model
        self.given = {key: _size(key, value) for key, value in sizes.items()}
        self.known: dict[str, int] = dict(self.given)
        self.seen: list[str] = []
        self.notes: list[str] = []
        self.leading: list[int] = []

    @property
    def batch(self) -> int:
        """The first dimension of the inputs where they agree, else 1."""
        return self.leading[0] if len(set(self.leading)) == 1 else 1

    def fix(self, tensor: onnx.ValueInfoProto) -> None:
        """Puts sizes in place of the symbols of one input."""
        if not tensor.type.HasField("tensor_type"):
            raise UnsupportedError(f"input '{tensor.name}' of {self.model} is not a tensor")
        if not tensor.type.tensor_type.HasField("shape"):
            raise InputError(
                f"input '{tensor.name}' of {self.model} has no shape", hint="export the model with a fixed input shape"
            )
        dims = tensor.type.tensor_type.shape.dim
        for axis, dim in enumerate(dims):
            if not (dim.HasField("dim_value") and dim.dim_value > 0):
                dim.dim_value = self.size(tensor.name, axis, dim.dim_param, rank=len(dims))
        if len(dims) >= 2:
            self.leading.append(dims[0].dim_value)

    def size(self, tensor: str, axis: int, symbol: str, rank: int) -> int:
        if symbol and symbol not in self.seen:
            self.seen.append(symbol)
        if symbol in self.known:
            return self.known[symbol]
        if axis == 0 and rank >= 2:
            shown = f" '{symbol}'" if symbol else ""
            self.notes.append(
                f"the first dimension{shown} of input '{tensor}' is open; it is the batch and is taken as 1"
            )
            if symbol:
                self.known[symbol] = 1
            return 1
        if not symbol:
            message = f"dimension {axis} of input '{tensor}' of {self.model} is open and has no name"
            raise InputError(message, hint="export the model with a fixed size, or name the dimension in dynamic_axes")
        message = f"input '{tensor}' of {self.model} has the symbolic dimension '{symbol}' without a size"
        raise InputError(
            message,
            hint=f"write {self.model}:{symbol}=128 (in Python also load_network(..., {symbol}=128)), "
            "or export with a fixed size",
        )

    def finish(self) -> None:
        """Raises InputError if a size was given for no dimension; notes inputs that disagree on the batch."""
        for key in self.given:
            if key not in self.seen:
                raise InputError(
                    f"{self.model} has no symbolic dimension '{key}'", hint=hint(key, self.seen, label="symbolic")
                )
        if len(set(self.leading)) > 1:
            self.notes.append(
                "the inputs differ in their first dimension; the layers' sizes are taken as those of one input"
            )
        elif self.batch > 1:
            self.notes.append(f"the model is for a batch of {self.batch}")


def _size(name: str, value: int | float | str) -> int:
    text = str(value).strip()
    if isinstance(value, bool) or not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 10**9:
        raise InputError(f"{name} is {value!r}; the size of a dimension is a whole number of at least 1")
    return int(text)
