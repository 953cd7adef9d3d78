"""Network files: what they can say, and what is answered when something is wrong."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from assay.errors import InputError
from assay.reading.documents import loads
from assay.workload import Network, load_network
from assay.workload.einsum import matmul
from assay.workload.yaml_ops import OPERATIONS
from assay.workload.yaml_reader import COMMON_KEYS, read_network

HEAD = "assay: network/1\nname: n\ninput: [3, 8, 8]\nlayers:\n"


def read(text: str, **parameters: Any) -> Network:
    return read_network(loads(text, "n.yaml"), parameters)


def layers(text: str, **parameters: Any) -> dict[str, Any]:
    return {layer.name: layer for layer in read(HEAD + text, **parameters).layers}


def test_a_file_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "tiny.yaml"
    path.write_text(
        "assay: network/1\nname: tiny\ntitle: Tiny\nsource: here\nnotes: ['width {width}']\nparameters: {width: 2}\n"
        "input: [3, 32, 32]\nlayers:\n"
        "  - {name: conv1, op: conv, out: 16 * width, kernel: 3, padding: 1, then: relu}\n"
        "  - global_pool\n"
        "  - {name: fc, op: fc, out: 10}\n"
    )
    network = load_network(path)
    assert [layer.name for layer in network.layers] == ["conv1", "conv1.relu", "conv1.global_pool", "fc"]
    assert network.macs == 32 * 32 * 27 * 32 + 320
    assert (network.title, network.source, network.notes) == ("Tiny", "here", ("width 2",))
    assert load_network(str(path), width=1).macs == 32 * 32 * 27 * 16 + 160


def test_shapes_flow_and_names_follow() -> None:
    found = layers(
        "  - {name: a, op: conv, out: 8, kernel: 3, padding: same, stride: 2, then: [batch_norm, swish]}\n"
        "  - {op: max_pool, kernel: 2}\n"
        "  - relu\n"
        "  - relu\n"
        "  - {name: b, op: conv, from: a, out: 8, kernel: [1, 3], padding: [0, [1, 1]]}\n"
        "  - {name: c, op: add, from: [a, b]}\n"
    )
    assert list(found) == ["a", "a.batch_norm", "a.swish", "a.max_pool", "a.relu", "a.relu.2", "b", "c"]
    assert found["b"].macs == 8 * 8 * 4 * 4 * 3
    assert found["c"].vector.operations == 8 * 4 * 4


def test_transposed_convolution_becomes_its_phases() -> None:
    found = layers(
        "  - {name: up, op: transposed_conv, out: 4, kernel: 3, stride: 2, padding: 1, output_padding: 1, then: relu}\n"
    )
    assert list(found) == ["up[0,0]", "up[0,1]", "up[1,0]", "up[1,1]", "up.relu"]
    assert found["up.relu"].vector.read_words == 4 * 16 * 16
    assert sum(layer.weights for layer in found.values()) == 3 * 4 * 9


def test_repeats_nest_and_count_from_where_one_says() -> None:
    found = layers(
        "  - repeat:\n"
        "      over: [{id: 3b, out: 4}, {id: 4a, out: 6}]\n"
        "      index: stage\n"
        "      layers:\n"
        "        - repeat:\n"
        "            count: stage + 1\n"
        "            first: 1\n"
        "            layers:\n"
        "              - {name: '{id}.{i}', op: conv, out: out * i, kernel: 1, when: 3 - i}\n"
    )
    assert {name: layer.weights for name, layer in found.items()} == {"3b.1": 12, "4a.1": 24, "4a.2": 72}


def test_views_are_not_layers_and_moves_are() -> None:
    found = layers(
        "  - {name: a, op: concat, from: [input, input]}\n"
        "  - {op: transpose, order: [1, 2, 0]}\n"
        "  - {op: reshape, shape: [64, 6]}\n"
        "  - {op: take, rows: 2, features: 3}\n"
        "  - {op: flatten}\n"
        "  - {name: fc, op: fc, out: 5}\n"
    )
    assert list(found) == ["a.transpose", "fc"]
    assert (found["a.transpose"].vector.operations, found["a.transpose"].vector.read_words) == (0, 384)
    assert found["fc"].weights == 6 * 5


def test_matmul_of_two_activations() -> None:
    network = read(
        "assay: network/1\nname: n\ninputs: {a: [4, 5, 6], b: [4, 6, 7]}\n"
        "layers:\n  - {name: p, op: matmul, from: [a, b]}\n"
    )
    assert (network.macs, network.weights) == (4 * 5 * 6 * 7, 0)
    assert network.layers[0].batch_dim == "G"


def test_parameters_may_depend_on_those_above() -> None:
    text = (
        "assay: network/1\nname: n\nparameters: {a: 4, b: 2 * a}\ninput: [a]\nlayers:\n  - {name: f, op: fc, out: b}\n"
    )
    assert read(text).weights == 32
    assert read(text, a=3).weights == 18
    assert read(text, b="a * a").weights == 64


ERRORS = {
    "not a network": (
        "assay: hardware/1\n",
        "n.yaml:1:8: this file describes 'hardware/1', not 'network'\n"
        "  hint: a network file begins with 'assay: network/1'",
    ),
    "misspelt top key": (
        "assay: network/1\nname: n\ninptu: [1]\nlayers: []\n",
        "n.yaml:3:1: unknown key 'inptu' in the file\n  hint: did you mean 'input'? "
        "(allowed: assay, name, title, source, notes, parameters, input, inputs, layers)",
    ),
    "no input": (
        "assay: network/1\nname: n\nlayers: [relu]\n",
        "n.yaml:1:1: the file needs either 'input' or 'inputs'\n  hint: write 'input: [channels, height, width]'",
    ),
    "no layers": ("assay: network/1\nname: n\ninput: [3]\nlayers: []\n", "n.yaml:4:9: the network has no layers"),
    "misspelt operation": (
        HEAD + "  - {name: a, op: cnov, out: 8, kernel: 3}\n",
        "n.yaml:5:19: op: unknown 'cnov'\n  hint: did you mean 'conv'?",
    ),
    "misspelt key": (
        HEAD + "  - {name: a, op: conv, out: 8, kernal: 3}\n",
        "n.yaml:5:33: unknown key 'kernal' in the conv layer\n  hint: did you mean 'kernel'?",
    ),
    "missing key": (
        HEAD + "  - {name: a, op: conv, out: 8}\n",
        "n.yaml:5:5: the conv layer: the key 'kernel' is missing\n  hint: write 'kernel: ...' here",
    ),
    "no operation": (HEAD + "  - {name: a, out: 8}\n", "n.yaml:5:5: layer: the key 'op' is missing"),
    "wrong type": (
        HEAD + "  - {name: a, op: conv, out: many, kernel: 3}\n",
        "n.yaml:5:30: out: unknown name 'many' in 'many'\n  hint: no names are defined here",
    ),
    "list for a number": (
        HEAD + "  - {name: a, op: conv, out: [8], kernel: 3}\n",
        "n.yaml:5:30: out: expected a plain number such as '16', found a list",
    ),
    "not whole": (
        HEAD + "  - {name: a, op: conv, out: 7 / 2, kernel: 3}\n",
        "n.yaml:5:30: out: expected a whole number, found '7 / 2'",
    ),
    "unit": (
        HEAD + "  - {name: a, op: conv, out: 8 KiB, kernel: 3}\n",
        "n.yaml:5:30: out: expected a plain number such as '16', found '8 KiB', which is a number of bits",
    ),
    "zero": (
        HEAD + "  - {name: a, op: conv, out: 0, kernel: 3}\n",
        "n.yaml:5:30: out: expected a whole number of at least 1, found '0'",
    ),
    "three sizes": (
        HEAD + "  - {name: a, op: conv, out: 1, kernel: [1, 2, 3]}\n",
        "n.yaml:5:41: kernel: expected two values, found 3\n  hint: the order is height, width",
    ),
    "filter too large": (
        HEAD + "  - {name: a, op: conv, out: 8, kernel: 9}\n",
        "n.yaml:5:5: layer a: a window that spans 9 does not fit into 8 elements with padding 0 + 0",
    ),
    "too large to count": (
        HEAD + "  - {name: a, op: max_pool, kernel: 3, padding: 10000000}\n",
        "n.yaml:5:5: layer a: a window moves over 20,000,008 elements; at most 1,000,000 are supported",
    ),
    "groups": (
        HEAD + "  - {name: a, op: conv, out: 8, kernel: 3, groups: 2}\n",
        "n.yaml:5:5: layer a: 3 input channels cannot be divided into 2 groups",
    ),
    "unknown source": (
        HEAD + "  - {name: conv1, op: relu}\n  - {name: b, op: relu, from: conv2}\n",
        "n.yaml:6:31: from: there is no earlier layer 'conv2'\n  hint: did you mean 'conv1'? (earlier: input, conv1)",
    ),
    "shapes differ": (
        HEAD + "  - {name: a, op: conv, out: 8, kernel: 1}\n  - {name: b, op: add, from: [a, input]}\n",
        "n.yaml:6:5: layer b: its inputs differ in shape: [8, 8, 8] and [3, 8, 8]",
    ),
    "concat": (
        HEAD + "  - {name: a, op: conv, out: 8, kernel: 3}\n  - {name: b, op: concat, from: [a, input]}\n",
        "n.yaml:6:5: layer b: its inputs differ beyond the first axis: [8, 6, 6] and [3, 8, 8]",
    ),
    "one input of two": (
        HEAD + "  - {name: b, op: add}\n",
        "n.yaml:5:5: layer b: needs two inputs or more\n  hint: name them: from: [a, b]",
    ),
    "two inputs of one": (
        HEAD + "  - {name: b, op: relu, from: [input, input]}\n",
        "n.yaml:5:5: layer b: needs 1 input, not 2",
    ),
    "form": (
        HEAD + "  - {name: a, op: fc, out: 8}\n  - {name: b, op: conv, out: 8, kernel: 3}\n",
        "n.yaml:6:5: layer b: needs a feature map [channels, height, width], but its input is [8]",
    ),
    "twice": (
        HEAD + "  - {name: a, op: relu}\n  - {name: a, op: relu}\n",
        "n.yaml:6:12: name: there is already a layer 'a'\n  hint: in a repeat, put the index into it: 'conv{i}'",
    ),
    "hole": (
        HEAD + "  - {name: 'a{k}', op: relu}\n",
        "n.yaml:5:12: name: unknown name 'k' in 'k'\n  hint: no names are defined here",
    ),
    "brace": (
        HEAD + "  - {name: 'a{k', op: relu}\n",
        "n.yaml:5:12: name: a brace without its partner in 'a{k'\n  hint: write {name} for a value",
    ),
    "then": (
        HEAD + "  - {name: a, op: conv, out: 8, kernel: 3, then: [relu, fc]}\n",
        "n.yaml:5:57: then: unknown 'fc'",
    ),
    "repeat without count": (
        HEAD + "  - repeat: {layers: [relu]}\n",
        "n.yaml:5:13: repeat needs either 'count' or 'over'\n"
        "  hint: write 'count: 12', or 'over:' with a row per round",
    ),
    "endless": (
        HEAD + "  - repeat: {count: 20000, layers: [{repeat: {count: 20000, layers: []}}]}\n",
        "n.yaml:5:46: more than 20,000 layers\n  hint: check the counts of the repeats around this place",
    ),
    "not a name": (
        "assay: network/1\nname: n\nparameters: {max: 3}\ninput: [3]\nlayers: [relu]\n",
        "n.yaml:3:14: 'max' cannot be a name\n  hint: use letters, digits and _, and no function's name",
    ),
    "parameter": (
        "assay: network/1\nname: n\nparameters: {a: 3 pJ}\ninput: [3]\nlayers: [relu]\n",
        "n.yaml:3:17: a: expected a plain number such as '16', found '3 pJ', which is an energy",
    ),
    "heads": (
        "assay: network/1\nname: n\ninput: [4, 10]\n"
        "layers:\n  - {name: s, op: scores, from: [input, input], heads: 3}\n",
        "n.yaml:5:5: layer s: 10 features cannot be divided into 3 heads",
    ),
    "reshape": (
        HEAD + "  - {op: reshape, shape: [5, 5]}\n",
        "n.yaml:5:26: shape: [3, 8, 8] cannot become [5, 5]; the words differ in number",
    ),
    "cache": (
        "assay: network/1\nname: n\ninput: [4, 10]\nlayers:\n  - {name: s, op: cache, length: 3}\n",
        "n.yaml:5:5: layer s: a cache of 3 rows cannot hold the 4 that are added",
    ),
}


@pytest.mark.parametrize("case", ERRORS)
def test_errors_say_what_where_and_what_to_do(case: str) -> None:
    text, message = ERRORS[case]
    with pytest.raises(InputError) as error:
        read(text)
    assert str(error.value).startswith(message)


def test_a_missing_file_suggests_the_zoo(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="did you mean the built-in 'alexnet'"):
        load_network(tmp_path / "alexnt.yaml")
    with pytest.raises(InputError, match="directory"):
        load_network(_made(tmp_path / "x.yaml"))


def _made(path: Path) -> Path:
    path.mkdir()
    return path


def test_densities_are_carried_on_the_tensors() -> None:
    found = layers(
        "  - {name: a, op: conv, out: 8, kernel: 3, density: {ifmap: 3 / 5, filter: 0.4}, then: relu}\n"
        "  - {name: t, op: transposed_conv, out: 8, kernel: 2, stride: 2, density: 0.5}\n"
        "  - {name: b, op: fc, out: 10}\n"
    )
    of = {name: [t.density for t in layer.einsum.tensors] for name, layer in found.items() if layer.einsum}
    assert (of["a"], of["t[0,0]"], of["t[1,1]"], of["b"]) == ([0.6, 0.4, 1], [0.5] * 3, [0.5] * 3, [1, 1, 1])


@pytest.mark.parametrize("density", ["1.5", "-0.1", "{ifmap: 2}", "{weights: 0.5}", "[0.5]"])
def test_wrong_densities_are_refused_at_their_place(density: str) -> None:
    with pytest.raises(InputError, match=r"n.yaml:5:\d+: .*densit"):
        layers(f"  - {{name: a, op: fc, out: 8, density: {density}}}\n")


@pytest.mark.parametrize("density", [1.01, -0.5, float("nan"), "half"])
def test_an_einsum_refuses_such_densities(density: Any) -> None:
    made = matmul(n=2, m=3, c=4)
    with pytest.raises(InputError, match="ofmap has density"):
        replace(made, output=replace(made.output, density=density))


def schema() -> dict[str, Any]:
    path = Path(__file__).parents[2] / "src" / "assay" / "data" / "schema" / "network-1.json"
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def test_the_schema_knows_exactly_the_operations_and_keys() -> None:
    kinds = schema()["$defs"]["layer"]["oneOf"]
    described = {op: set(kind["properties"]) for kind in kinds for op in kind["properties"]["op"]["enum"]}
    assert set(described) == set(OPERATIONS)
    for name, operation in OPERATIONS.items():
        assert described[name] == {*COMMON_KEYS, *operation.required, *operation.optional}, name


def test_the_zoo_obeys_the_schema() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    yaml = pytest.importorskip("yaml")
    validator = jsonschema.Draft202012Validator(schema())
    files = sorted((Path(__file__).parents[2] / "src" / "assay" / "data" / "networks").glob("*.yaml"))
    assert len(files) == 12
    for file in files:
        validator.validate(yaml.safe_load(file.read_text(encoding="utf-8")))
    assert not validator.is_valid({"assay": "network/1", "name": "n", "input": [3], "layers": [{"op": "cnov"}]})
