"""ONNX models: shipped exports of PyTorch, hand-made graphs, and everything that can be wrong with a file."""

from __future__ import annotations

import contextlib
import itertools
import math
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from assay.errors import AssayError, InputError, UnsupportedError
from assay.workload import Layer, Network, TensorKind, load_network

onnx = pytest.importorskip("onnx")
from onnx import TensorProto, helper  # noqa: E402

FILES = Path(__file__).parents[1] / "data" / "onnx"
FLOAT, INT64 = TensorProto.FLOAT, TensorProto.INT64


def model(
    nodes: Sequence[Any],
    inputs: Mapping[str, Sequence[Any]],
    weights: Mapping[str, Sequence[int]] | None = None,
    *,
    opset: int = 17,
    values: dict[str, list[int]] | None = None,
    domain: str = "",
) -> Any:
    """A model whose weights have shapes but no words."""
    last = nodes[-1].output[0]
    graph = helper.make_graph(
        nodes,
        "made",
        [helper.make_tensor_value_info(name, FLOAT, shape) for name, shape in inputs.items()],
        [helper.make_tensor_value_info(last, FLOAT, None)],
    )
    for name, dims in (weights or {}).items():
        graph.initializer.append(TensorProto(name=name, data_type=FLOAT, dims=dims))
    for name, value in (values or {}).items():
        graph.initializer.append(helper.make_tensor(name, INT64, [len(value)], value))
    opsets = [helper.make_opsetid("", opset)] + ([helper.make_opsetid(domain, 1)] if domain else [])
    return helper.make_model(graph, opset_imports=opsets)


def node(op: str, *inputs: str, out: str = "y", name: str = "", domain: str = "", **attributes: Any) -> Any:
    return helper.make_node(op, list(inputs), [out], name=name or op.lower(), domain=domain, **attributes)


def extents(layer: Layer) -> dict[str, int]:
    assert layer.einsum is not None
    return {name: extent for name, extent in layer.einsum.dims if extent > 1}


def by_name(network: Network) -> dict[str, Layer]:
    return {layer.name: layer for layer in network.layers}


def test_small_cnn() -> None:
    network = load_network(FILES / "small_cnn.onnx")
    found = by_name(network)
    assert extents(found["/stem/Conv"]) == {"M": 16, "C": 3, "P": 16, "Q": 16, "R": 3, "S": 3}
    assert extents(found["/grouped/Conv"]) == {"G": 4, "M": 8, "C": 4, "P": 16, "Q": 16, "R": 3, "S": 5}
    assert extents(found["/depthwise/Conv"]) == {"G": 24, "P": 16, "Q": 16, "R": 3, "S": 3}
    assert found["/depthwise/Conv"].op == "depthwise"
    assert found["/dilated/Conv"].einsum is not None
    assert found["/dilated/Conv"].einsum.tensor("ifmap").ranks[3].terms[1].coefficient == 2
    phases = [layer for layer in network.layers if layer.op == "transposed_conv"]
    assert len(phases) == 4
    assert sum(layer.weights for layer in phases) == 24 * 8 * 16
    assert network.macs == 110592 + 491520 + 1769472 + 55296 + 18 * 18 * 24 * 8 * 4 + 80
    assert network.weights == 432 + 1920 + 6912 + 216 + 24 * 8 * 16 + 80
    assert network.notes == (
        "the first dimension 'batch' of input 'x' is open; it is the batch and is taken as 1",
        "computed ahead, from constants and shapes only: 2 Cast",
    )


def test_residual_block_with_a_computed_reshape() -> None:
    network = load_network(FILES / "residual_block.onnx")
    assert network.weights == 64 * 16 + 16 * 16 * 9 + 16 * 128 + 64 * 128 + 1280
    assert network.macs == 196 * 64 * 16 + 49 * (16 * 16 * 9 + 16 * 128 + 64 * 128) + 1280
    assert "no data moves in 1 Reshape; these are not layers" in network.notes
    norm = by_name(network)["/norm1/BatchNormalization"].vector
    assert norm is not None
    assert (norm.operations, norm.constant_words) == (2 * 16 * 196, 32)


@pytest.mark.parametrize("tokens", [1, 16, 512])
def test_transformer_block_of_any_length(tokens: int) -> None:
    network = load_network(FILES / "transformer_block.onnx", tokens=tokens)
    assert network.weights == 4 * 64 * 64 + 2 * 64 * 256
    assert network.macs == tokens * network.weights + 2 * tokens * tokens * 64
    products = [layer for layer in network.layers if layer.op == "matmul"]
    assert [extents(layer).get("G") for layer in products] == [4, 4]
    for layer in products:
        assert layer.einsum is not None
        assert {tensor.kind for tensor in layer.einsum.tensors} == {TensorKind.ACTIVATION}
    assert network.with_batch(10).macs == 10 * network.macs


def test_a_batch_in_the_model_is_the_batch_of_the_network() -> None:
    network = load_network(FILES / "transformer_block.onnx", tokens=16, batch=8)
    assert network.batch == 8
    assert "the model is for a batch of 8" in network.notes
    assert network.macs == load_network(FILES / "transformer_block.onnx", tokens=16).with_batch(8).macs
    assert network.with_batch(8) is network


def test_model_objects_and_bits() -> None:
    network = load_network(onnx.load(str(FILES / "small_cnn.onnx")), bits=8)
    assert network.macs == load_network(FILES / "small_cnn.onnx").macs
    assert {t.bits for layer in network.layers if layer.einsum for t in layer.einsum.tensors} == {8}


def test_symbolic_dimensions_must_get_a_size() -> None:
    path = FILES / "transformer_block.onnx"
    with pytest.raises(InputError) as error:
        load_network(path)
    assert str(error.value) == (
        f"input 'x' of {path} has the symbolic dimension 'tokens' without a size\n"
        f"  hint: write {path}:tokens=128 (in Python also load_network(..., tokens=128)), or export with a fixed size"
    )
    with pytest.raises(InputError, match="has no symbolic dimension 'token'\n  hint: did you mean 'tokens'"):
        load_network(path, tokens=3, token=4)
    with pytest.raises(InputError, match="tokens is 0; the size of a dimension"):
        load_network(path, tokens=0)
    with pytest.raises(InputError, match="dimension 1 of input 'x' of made is open and has no name"):
        load_network(model([node("Relu", "x")], {"x": [1, None]}))


def test_files_that_are_not_models(tmp_path: Path) -> None:
    data = (FILES / "small_cnn.onnx").read_bytes()
    empty, text, cut = tmp_path / "empty.onnx", tmp_path / "text.onnx", tmp_path / "cut.onnx"
    empty.write_bytes(b"")
    text.write_text("assay: network/1\n")
    cut.write_bytes(data[: len(data) // 2])
    hint = "  hint: export the model again, for instance with torch.onnx.export"
    for path, message in (
        (empty, f"the file is empty\n{hint}"),
        (text, f"this is not an ONNX model, or the file is truncated\n{hint}"),
        (cut, f"this is not an ONNX model, or the file is truncated\n{hint}"),
        (tmp_path / "absent.onnx", "there is no such file"),
        (_folder(tmp_path / "folder.onnx"), "this is a directory, not an ONNX file"),
    ):
        with pytest.raises(InputError) as error:
            load_network(path)
        assert str(error.value) == f"{path}: {message}"


def _folder(path: Path) -> Path:
    path.mkdir()
    return path


def test_no_truncation_gives_anything_but_one_error(tmp_path: Path) -> None:
    data = (FILES / "small_cnn.onnx").read_bytes()
    path = tmp_path / "cut.onnx"
    for length in range(0, len(data) - 1, 37):
        path.write_bytes(data[:length])
        with pytest.raises(AssayError):
            load_network(path)


@pytest.mark.parametrize("file", ["small_cnn", "residual_block", "transformer_block"])
def test_no_damage_gives_anything_but_a_network_or_one_error(tmp_path: Path, file: str) -> None:
    data = bytearray((FILES / f"{file}.onnx").read_bytes())
    sizes = {"tokens": 16} if file == "transformer_block" else {}
    path = tmp_path / "damaged.onnx"
    for place in range(0, len(data), 29):
        damaged = data.copy()
        damaged[place] ^= 0xFF
        path.write_bytes(damaged)
        with contextlib.suppress(AssayError):
            load_network(path, **sizes)


def test_without_onnx_the_error_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(UnsupportedError) as error:
        load_network(FILES / "small_cnn.onnx")
    assert (
        str(error.value)
        == "reading ONNX models needs the package 'onnx'\n  hint: pip install onnx (the extra 'onnx' of assay)"
    )


def test_the_source_is_the_files_name_without_its_path() -> None:
    assert load_network(FILES / "small_cnn.onnx").source == "small_cnn.onnx"


def test_made_up_names_keep_clear_of_given_ones() -> None:
    names = ("r", "r", "r.2", "r", "r.3")
    ends = [f"t{place}" for place in range(len(names))]
    nodes = [node("Relu", a, out=b, name=n) for a, b, n in zip(["x", *ends], ends, names, strict=False)]
    found = load_network(model(nodes, {"x": [1, 3]}))
    assert [layer.name for layer in found.layers] == ["r", "r.2", "r.2.2", "r.3", "r.3.2"]


def test_control_flow_is_refused_by_name() -> None:
    branch = helper.make_graph(
        [helper.make_node("Relu", ["x"], ["z"])], "b", [], [helper.make_tensor_value_info("z", FLOAT, None)]
    )
    condition = helper.make_node("If", ["c"], ["y"], name="choose", then_branch=branch, else_branch=branch)
    made = model([condition], {"x": [1, 3], "c": [1]})
    with pytest.raises(UnsupportedError, match=r"node 'choose' \(If\) contains a graph of its own"):
        load_network(made)


def test_recurrent_layers_are_refused_rather_than_miscounted() -> None:
    made = model([node("LSTM", "x", "w", "r", hidden_size=5)], {"x": [7, 1, 3]}, {"w": [1, 20, 3], "r": [1, 20, 5]})
    with pytest.raises(UnsupportedError, match=r"node 'lstm' \(LSTM\) contains multiply-accumulates"):
        load_network(made)


def test_shapes_that_depend_on_data_are_refused() -> None:
    made = model([node("NonZero", "x", out="n"), node("Cast", "n", to=FLOAT)], {"x": [4, 4]})
    with pytest.raises(UnsupportedError, match=r"node 'nonzero' \(NonZero\): the shape of 'n' is not known"):
        load_network(made)


def test_foreign_operators_need_a_shape_in_the_file_and_are_noted() -> None:
    made = model([node("Magic", "x", out="m", domain="my.ops"), node("Relu", "m")], {"x": [1, 6]}, domain="my.ops")
    with pytest.raises(UnsupportedError, match=r"node 'magic' \(my.ops.Magic\): the shape of 'm' is not known"):
        load_network(made)
    made.graph.value_info.append(helper.make_tensor_value_info("m", FLOAT, [1, 9]))
    network = load_network(made)
    magic = by_name(network)["magic"].vector
    assert magic is not None
    assert (magic.operations, magic.read_words, magic.write_words) == (None, 6, 9)
    assert network.with_batch(3).layers[0].vector.operations is None  # type: ignore[union-attr]
    assert "operations are not modelled, only words: 1 magic" in network.notes


def test_every_standard_operator_without_a_handler_is_kept_and_named() -> None:
    made = model([node("TopK", "x", "k", out="v")], {"x": [1, 6]}, values={"k": [2]})
    made.graph.node[0].output.append("i")
    network = load_network(made)
    assert network.layers[0].vector is not None
    assert network.layers[0].vector.write_words == 4
    assert network.notes == ("operations are not modelled, only words: 1 topk",)


@pytest.mark.parametrize(
    ("left", "right", "stored", "expected"),
    [
        ([2, 5], [5, 3], "b", {"N": 2, "C": 5, "M": 3}),
        ([4, 2, 5], [5, 3], "b", {"N": 8, "C": 5, "M": 3}),
        ([4, 2, 5], [4, 5, 3], "b", {"G": 4, "N": 2, "C": 5, "M": 3}),
        ([7, 5], [5, 3], "a", {"N": 3, "C": 5, "M": 7}),
        ([6, 4, 2, 5], [6, 4, 5, 3], "", {"G": 24, "N": 2, "C": 5, "M": 3}),
        ([6, 4, 2, 5], [6, 1, 5, 3], "", {"G": 6, "N": 8, "C": 5, "M": 3}),
        ([6, 1, 2, 5], [6, 4, 5, 3], "", {"G": 6, "N": 2, "C": 5, "M": 12}),
        ([5], [5, 3], "", {"C": 5, "M": 3}),
        ([2, 5], [5], "", {"N": 2, "C": 5}),
    ],
)
def test_matrix_products(left: list[int], right: list[int], stored: str, expected: dict[str, int]) -> None:
    shapes = {"a": left, "b": right}
    weights = {name: shape for name, shape in shapes.items() if name == stored}
    inputs = {name: shape for name, shape in shapes.items() if name != stored}
    (layer,) = load_network(model([node("MatMul", "a", "b")], inputs, weights)).layers
    assert extents(layer) == expected
    assert layer.weights == (math.prod(shapes[stored]) if stored else 0)
    assert layer.op == ("matmul" if not stored or "G" in expected else "fc")


@pytest.mark.parametrize("flags", list(itertools.product([0, 1], [0, 1])))
def test_gemm(flags: tuple[int, int]) -> None:
    trans_a, trans_b = flags
    made = model(
        [node("Gemm", "a", "b", "c", transA=trans_a, transB=trans_b)],
        {"a": [5, 2] if trans_a else [2, 5]},
        {"b": [3, 5] if trans_b else [5, 3], "c": [3]},
    )
    (layer,) = load_network(made).layers
    assert extents(layer) == {"N": 2, "C": 5, "M": 3}


@pytest.mark.parametrize(
    ("equation", "left", "right", "expected"),
    [
        ("bhqd,bhkd->bhqk", [2, 3, 5, 7], [2, 3, 11, 7], {"G": 6, "N": 5, "M": 11, "C": 7}),
        ("bhqk,bkhd->bqhd", [2, 3, 5, 7], [2, 7, 3, 11], {"G": 6, "N": 5, "M": 11, "C": 7}),
        ("ij,jk->ik", [2, 3], [3, 5], {"N": 2, "C": 3, "M": 5}),
    ],
)
def test_einsum(equation: str, left: list[int], right: list[int], expected: dict[str, int]) -> None:
    (layer,) = load_network(model([node("Einsum", "a", "b", equation=equation)], {"a": left, "b": right})).layers
    assert extents(layer) == expected


@pytest.mark.parametrize("equation", ["ij,ij->i", "ii,ij->j", "ij->ji", "...i,ij->...j"])
def test_other_einsums_are_refused_or_counted(equation: str) -> None:
    operands = ["a", "b"][: equation.count(",") + 1]
    made = model([node("Einsum", *operands, equation=equation)], {name: [3, 3] for name in operands})
    if equation == "ij,ij->i":
        assert extents(load_network(made).layers[0]) == {"G": 3, "C": 3}
    else:
        with pytest.raises(UnsupportedError, match="equation"):
            load_network(made)


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({"pads": [1, 0, 2, 3], "strides": [2, 1]}, {"P": 5, "Q": 9}),
        ({"auto_pad": "SAME_UPPER", "strides": [2, 2]}, {"P": 4, "Q": 4}),
        ({"auto_pad": "VALID"}, {"P": 6, "Q": 6}),
        ({"dilations": [2, 3]}, {"P": 4, "Q": 2}),
    ],
)
def test_convolution_padding(attributes: dict[str, Any], expected: dict[str, int]) -> None:
    made = model([node("Conv", "x", "w", **attributes)], {"x": [1, 3, 8, 8]}, {"w": [4, 3, 3, 3]})
    found = extents(load_network(made).layers[0])
    assert {name: found[name] for name in ("P", "Q")} == expected


def test_one_axis_is_a_row_and_three_are_refused() -> None:
    row = model([node("Conv", "x", "w", pads=[1, 1])], {"x": [1, 3, 8]}, {"w": [4, 3, 3]})
    assert extents(load_network(row).layers[0]) == {"M": 4, "C": 3, "Q": 8, "S": 3}
    box = model([node("Conv", "x", "w")], {"x": [1, 3, 8, 8, 8]}, {"w": [4, 3, 3, 3, 3]})
    with pytest.raises(UnsupportedError, match="convolutions over 3 axes"):
        load_network(box)


def test_a_computed_filter_is_an_activation() -> None:
    (layer,) = load_network(model([node("Conv", "x", "w")], {"x": [1, 3, 8, 8], "w": [4, 3, 3, 3]})).layers
    assert layer.weights == 0
    assert layer.macs == 36 * 27 * 4


@pytest.mark.parametrize(
    "attributes",
    [
        {"strides": [2, 2]},
        {"strides": [2, 3], "pads": [1, 1, 1, 0], "output_padding": [1, 2]},
        {"strides": [2, 2], "auto_pad": "SAME_UPPER"},
        {"strides": [2, 2], "output_shape": [15, 16]},
        {"strides": [1, 2], "dilations": [2, 2], "group": 2},
    ],
)
def test_transposed_convolution_matches_inference(attributes: dict[str, Any]) -> None:
    groups = attributes.get("group", 1)
    made = model([node("ConvTranspose", "x", "w", **attributes)], {"x": [1, 4, 8, 8]}, {"w": [4, 6 // groups, 3, 3]})
    network = load_network(made)
    assert network.weights == 4 * 6 // groups * 9


def test_quantised_operators() -> None:
    scales: dict[str, list[int]] = {"s": [], "z": []}
    conv = model(
        [node("QLinearConv", "x", "s", "z", "w", "s", "z", "s", "z")],
        {"x": [1, 3, 8, 8]},
        {"w": [4, 3, 3, 3], **scales},
    )
    assert load_network(conv).macs == 36 * 27 * 4
    product = model(
        [node("QLinearMatMul", "x", "s", "z", "w", "s", "z", "s", "z")], {"x": [2, 5]}, {"w": [5, 3], **scales}
    )
    assert extents(load_network(product).layers[0]) == {"N": 2, "C": 5, "M": 3}
    stored = model(
        [node("DequantizeLinear", "w", "s", out="d"), node("MatMul", "x", "d")], {"x": [2, 5]}, {"w": [5, 3], "s": []}
    )
    assert load_network(stored).weights == 15  # a weight stays a weight when it is computed from constants


def test_attention_with_shared_key_heads() -> None:
    made = model(
        [node("Attention", "q", "k", "v")], {"q": [2, 8, 5, 16], "k": [2, 2, 7, 16], "v": [2, 2, 7, 24]}, opset=23
    )
    scores, softmax, context = load_network(made).layers
    assert extents(scores) == {"G": 4, "N": 20, "M": 7, "C": 16}
    assert extents(context) == {"G": 4, "N": 20, "M": 24, "C": 7}
    assert softmax.vector is not None
    assert softmax.vector.read_words == 2 * 8 * 5 * 7


def test_computed_shapes_are_folded_where_inference_stops() -> None:
    """A reshape to (batch, heads, width / heads, -1) whose sizes come from arithmetic on Shape."""
    nodes = [
        helper.make_node("Shape", ["x"], ["s"]),
        helper.make_node("Gather", ["s", "one"], ["c"]),
        helper.make_node("Div", ["c", "four"], ["d"]),
        helper.make_node("Max", ["d", "four"], ["e"]),
        helper.make_node("Concat", ["one", "four", "e", "minus"], ["t"], axis=0),
        helper.make_node("Reshape", ["x", "t"], ["r"]),
        helper.make_node("Softmax", ["r"], ["y"], name="soft"),
    ]
    values = {"one": [1], "four": [4], "minus": [-1]}
    network = load_network(model(nodes, {"x": ["n", 32, 6]}, values=values))
    assert [layer.name for layer in network.layers] == ["soft"]
    assert network.layers[0].vector is not None
    assert network.layers[0].vector.operations == 32 * (5 * 6 - 2)


def test_local_functions_are_opened() -> None:
    opsets = [helper.make_opsetid("", 17)]
    body = [helper.make_node("MatMul", ["a", "b"], ["t"]), helper.make_node("Relu", ["t"], ["c"])]
    function = helper.make_function("my", "Dense", ["a", "b"], ["c"], body, opsets)
    made = model([node("Dense", "x", "w", domain="my")], {"x": [2, 5]}, {"w": [5, 3]}, domain="my")
    made.functions.append(function)
    assert [layer.op for layer in load_network(made).layers] == ["fc", "relu"]


def test_layers_without_names_or_with_the_same_name_get_one() -> None:
    nodes = [helper.make_node("Relu", ["x"], ["a"]), node("Relu", "a", out="b"), node("Relu", "b")]
    assert [layer.name for layer in load_network(model(nodes, {"x": [1, 3]})).layers] == ["Relu_0", "relu", "relu.2"]


def test_shapes_that_contradict_each_other() -> None:
    made = model([node("Conv", "x", "w", group=3)], {"x": [1, 4, 8, 8]}, {"w": [6, 1, 3, 3]})
    with pytest.raises(AssayError, match="Conv"):
        load_network(made)
