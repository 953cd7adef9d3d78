"""ONNX models as networks.

Every operator becomes a layer, or is named in the notes of the network: operators that only look at the same words in
another way, operators on constants, and operators whose operations are not modelled. Nothing is dropped in silence.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assay.errors import InputError, UnsupportedError
from assay.workload.network import Layer, Network
from assay.workload.onnx_file import check_model, import_onnx, load_model
from assay.workload.onnx_inputs import STANDARD_DOMAINS
from assay.workload.onnx_macs import MACS, REFUSED
from assay.workload.onnx_ops import VECTOR, Node, unknown
from assay.workload.onnx_shapes import Graph, describe, infer

if TYPE_CHECKING:
    import onnx

Sizes = Mapping[str, int | float | str]


def read_file(path: Path, sizes: Sizes | None = None, *, bits: int = 16) -> Network:
    """The network in an `.onnx` file; see `read_model`. Its source is the file's name, without the directory."""
    # Errors name the path; the network does not, so that results are the same wherever the file lies.
    return replace(_network(load_model(path), path.stem, str(path), sizes or {}, bits), source=path.name)


def read_model(model: Any, sizes: Sizes | None = None, *, bits: int = 16) -> Network:
    """The network of an `onnx.ModelProto`.

    Args:
        model: any exported model; weights need not be present, their shapes are enough.
        sizes: values of symbolic dimensions by name. An open first dimension is the batch and is 1 unless given.
        bits: bits per word of every tensor.

    Raises:
        InputError: not a usable model, or a symbolic dimension without a size. UnsupportedError: control flow, shapes
        that depend on data, or an operator with multiply-accumulates that are not
            representable; names the node.
    """
    name = model.graph.name or "model"
    check_model(model, name)
    return _network(model, name, "onnx.ModelProto", sizes or {}, bits)


def _network(model: onnx.ModelProto, name: str, source: str, sizes: Sizes, bits: int) -> Network:
    try:
        return _build(model, name, source, sizes, bits)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        # What protobuf and NumPy raise over a file whose parts contradict each other.
        reason = (str(error).splitlines() or [""])[0]
        message = f"{source}: the model is damaged or not valid ONNX ({type(error).__name__}: {reason})"
        raise InputError(message, hint="check it with onnx.checker.check_model") from error


def _build(model: onnx.ModelProto, name: str, source: str, sizes: Sizes, bits: int) -> Network:
    onnx = import_onnx()
    graph = infer(model, sizes, source if source.endswith(".onnx") else name)
    layers: list[Layer] = []
    silent: Counter[str] = Counter()
    names = _unique_names(graph.nodes)
    for proto, unique in zip(graph.nodes, names, strict=True):
        attributes = {each.name: onnx.helper.get_attribute_value(each) for each in proto.attribute}
        found = _layers(Node(proto, unique, graph, attributes, bits))
        if not found:
            silent[proto.op_type] += 1
        layers.extend(found)
    if not layers:
        raise InputError(f"{source}: no node of the model does any work")
    notes = (*graph.notes, *_notes(layers, silent, graph))
    return Network(name, tuple(layers), source=source, notes=notes, batch=graph.batch)


def _layers(node: Node) -> tuple[Layer, ...]:
    if node.op in REFUSED or (node.op in MACS and node.proto.domain not in STANDARD_DOMAINS):
        raise UnsupportedError(f"{describe(node.proto)} contains multiply-accumulates that are not supported yet")
    handler = MACS.get(node.op) or VECTOR.get(node.op, unknown)
    try:
        return handler(node)
    except UnsupportedError:
        raise
    except InputError as error:
        raise InputError(f"{describe(node.proto)}: {error.message}", hint=error.hint) from None
    except (IndexError, ValueError, ZeroDivisionError):
        raise InputError(f"{describe(node.proto)}: its attributes do not fit the shapes of its inputs") from None


def _unique_names(nodes: Iterable[onnx.NodeProto]) -> list[str]:
    """The nodes' own names; one without is called after its operator and place, a repeated one gets a number."""
    counts: Counter[str] = Counter()
    names: dict[str, None] = {}
    for place, node in enumerate(nodes):
        name = wanted = node.name or f"{node.op_type}_{place}"
        while name in names:
            counts[wanted] += 1
            name = f"{wanted}.{counts[wanted] + 1}"
        names[name] = None
    return list(names)


def _notes(layers: Iterable[Layer], silent: Mapping[str, int], graph: Graph) -> Iterable[str]:
    if silent:
        yield f"no data moves in {_listed(silent)}; these are not layers"
    if graph.folded:
        yield f"computed ahead, from constants and shapes only: {_listed(graph.folded)}"
    unmodelled = Counter(layer.op for layer in layers if layer.vector and layer.vector.operations is None)
    if unmodelled:
        yield f"operations are not modelled, only words: {_listed(unmodelled)}"


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))
