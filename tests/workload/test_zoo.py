"""The built-in networks against reference tables and against closed forms written here."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from assay.errors import InputError
from assay.workload import Layer, Network, TensorKind, load_network, zoo_names
from assay.workload.forms import same_einsum

REFERENCE = Path(__file__).parents[1] / "data" / "reference"

ZOO_NAMES = {
    "LeNet-5 (full C3 connection)": "lenet5",
    "AlexNet": "alexnet",
    "VGG-16": "vgg16",
    "GoogLeNet v1": "googlenet",
    "ResNet-50 (v1)": "resnet50",
    "ResNet-50 (v1.5)": "resnet50_v1_5",
    "SqueezeNet 1.0 (224 in)": "squeezenet1_0",
    "MobileNet v1 1.0-224": "mobilenet_v1",
    "MobileNet v1 0.5-128": "mobilenet_v1:width=0.5,resolution=128",
}


def rows(name: str) -> list[dict[str, str]]:
    with (REFERENCE / name).open(encoding="utf-8") as file:
        return list(csv.DictReader(line for line in file if not line.startswith("#")))


def einsums(network: Network) -> list[Layer]:
    return [layer for layer in network.layers if layer.einsum is not None]


@pytest.mark.parametrize("title", ZOO_NAMES)
def test_every_layer_has_the_reference_shape_macs_and_weights(title: str) -> None:
    expected = [row for row in rows("networks_layers.csv") if row["network"] == title]
    layers = einsums(load_network(ZOO_NAMES[title]))
    names = [row["layer"].lower().removesuffix("(full)") for row in expected]
    assert sorted(layer.name for layer in layers) == sorted(names)
    by_name = {layer.name: layer for layer in layers}
    for name, row in zip(names, expected, strict=True):
        layer = by_name[name]
        assert (layer.macs, layer.weights) == (int(row["MACs"]), int(row["weights"])), name
        assert layer.einsum is not None
        extents = layer.einsum.extents
        assert extents["P"] == extents["Q"] == int(row["E_out"]), name
        assert extents["G"] == int(row["groups"])
        assert extents["M"] * extents["G"] == int(row["M"])
        if layer.op != "fc":  # the table writes fully connected layers as convolutions
            assert extents["C"] * extents["G"] == int(row["C"])
            assert extents["R"] == extents["S"] == int(row["R"])
            assert real_rows(layer) == used_rows(int(row["H_in"]), int(row["R"]), int(row["stride"]), int(row["pad"]))


def real_rows(layer: Layer) -> int:
    """Input rows from the first that is read to the last, padding excluded, as the layer's addresses say."""
    assert layer.einsum is not None
    rank = layer.einsum.tensor("ifmap").ranks[3]
    reach = sum(term.coefficient * (layer.einsum.extents[term.dim] - 1) for term in rank.terms) + 1
    return reach - sum(rank.padding)


def used_rows(size: int, kernel: int, stride: int, pad: int) -> int:
    """The same from the table's columns: the last window may end before the input does."""
    last = ((size + 2 * pad - kernel) // stride) * stride + kernel - pad
    return min(size, last)


@pytest.mark.parametrize("row", rows("networks_totals.csv"), ids=lambda row: row["network"])
def test_totals(row: dict[str, str]) -> None:
    network = load_network(ZOO_NAMES[row["network"]])
    assert (network.macs, network.weights) == (int(row["MACs"]), int(row["weights"]))


@pytest.mark.parametrize("row", rows("mobilenet_v1_multipliers.csv"), ids=lambda row: row["model"])
def test_mobilenet_multipliers(row: dict[str, str]) -> None:
    width, resolution = row["model"].split("_")
    network = load_network("mobilenet_v1", width=float(width), resolution=int(resolution))
    macs = network.macs
    if width == "0.75":  # the four rows of this width leave out the first layer
        macs -= network.layers[0].macs
    if row["model"] == "0.25_192":  # a misprint: 41 M at 224 scale to 30 M at 192, not to 34 M
        assert round(macs / 1e6) == 30
    else:
        assert abs(macs / 1e6 - int(row["MACs_M"])) <= 0.52  # 149.497 M of 0.5_224 is printed as 150
    # The released models have 1,001 classes with biases, and three words of normalisation per channel.
    convs = [layer for layer in einsums(network) if layer.op != "fc"]
    channels = sum(layer.einsum.extents["G"] * layer.einsum.extents["M"] for layer in convs if layer.einsum)
    inputs = einsums(network)[-1].weights // 1000
    parameters = network.weights + inputs + 1001 + 3 * channels
    assert round(parameters / 1e6, 2) == float(row["params_M"])


def test_bert_equals_its_closed_form() -> None:
    tokens, depth, width, inner = 384, 12, 768, 3072
    per_layer = 4 * tokens * width**2 + 2 * tokens * width * inner + 2 * tokens**2 * width
    network = load_network("bert_base")
    assert network.macs == depth * per_layer + width**2
    assert network.weights == depth * (4 * width**2 + 2 * width * inner) + width**2
    # 110 M parameters are published: these, the embeddings and the vectors (biases, normalisation).
    embeddings = (30522 + 512 + 2) * width
    vectors = depth * (4 * width + inner + width + 4 * width) + width + 2 * width
    assert network.weights + embeddings + vectors == 109_482_240
    assert (
        load_network("bert_base", tokens=128).macs
        == depth * (4 * 128 * width**2 + 2 * 128 * width * inner + 2 * 128**2 * width) + width**2
    )


@pytest.mark.parametrize(
    ("depth", "width", "heads", "context"), [(12, 768, 12, 1024), (96, 12288, 96, 2048), (2, 64, 4, 7)]
)
def test_gpt_equals_its_closed_form(depth: int, width: int, heads: int, context: int) -> None:
    options = {"layers": depth, "d_model": width, "heads": heads, "context": context}
    matrices, words = 12 * width**2, 50257
    prefill = load_network("gpt2_prefill", **options)
    decode = load_network("gpt2_decode", **options)
    assert prefill.macs == depth * (context * matrices + 2 * context**2 * width) + words * width
    assert decode.macs == depth * (matrices + 2 * context * width) + words * width
    assert prefill.weights == decode.weights == depth * matrices + words * width


def test_gpt2_small_has_124_million_parameters() -> None:
    network = load_network("gpt2_decode")
    width, depth = 768, 12
    vectors = depth * (3 * width + width + 4 * width + width + 4 * width) + 2 * width
    assert network.weights + 1024 * width + vectors == 124_439_808  # the word table is the matrix of the logits


def test_decoding_reads_the_whole_cache_per_head() -> None:
    network = load_network("gpt2_decode", context=4096)
    scores = next(layer for layer in network.layers if layer.name == "1/scores")
    assert scores.einsum is not None
    extents = {name: extent for name, extent in scores.einsum.dims if extent > 1}
    assert extents == {"G": 12, "M": 4096, "C": 64}
    cache = next(layer for layer in network.layers if layer.name == "1/k")
    assert cache.vector is not None
    assert (cache.vector.operations, cache.vector.write_words) == (0, 768)


def test_attention_grows_by_heads_with_the_batch_and_weights_do_not_grow() -> None:
    network = load_network("gpt2_decode").with_batch(10**6)
    by_name = {layer.name: layer for layer in network.layers}
    assert by_name["1/scores"].einsum is not None
    assert by_name["1/scores"].einsum.extents["G"] == 12 * 10**6
    assert {t.kind for t in by_name["1/scores"].einsum.inputs} == {TensorKind.ACTIVATION}
    assert network.macs == 10**6 * load_network("gpt2_decode").macs
    assert network.weights == load_network("gpt2_decode").weights
    norm = by_name["1/norm1"].vector
    assert norm is not None
    assert norm.read_words == 10**6 * 768 + 2 * 768


def efficientnet_closed_form() -> tuple[int, int]:
    """MACs and weights of EfficientNet-B4 from the table of B0 and the scaling rules, without the data file."""

    def channels(base: int) -> int:
        scaled = base * 1.4
        rounded = max(8, int(scaled + 4) // 8 * 8)
        return rounded + 8 if rounded < 0.9 * scaled else rounded

    size, macs, weights = 190, 190 * 190 * 3 * 9 * channels(32), 3 * 9 * channels(32)
    before = channels(32)
    table = [
        (1, 3, 1, 16, 1),
        (6, 3, 2, 24, 2),
        (6, 5, 2, 40, 2),
        (6, 3, 2, 80, 3),
        (6, 5, 1, 112, 3),
        (6, 5, 2, 192, 4),
        (6, 3, 1, 320, 1),
    ]
    for expand, kernel, first_stride, base, repeats in table:
        for block in range(-(-repeats * 18 // 10)):
            stride = first_stride if block == 0 else 1
            wide, after = before * expand, channels(base)
            if expand > 1:
                macs, weights = macs + size**2 * before * wide, weights + before * wide
            size = -(-size // stride)
            squeeze = 2 * wide * (before // 4)
            macs += size**2 * wide * (kernel**2 + after) + squeeze
            weights += wide * (kernel**2 + after) + squeeze
            before = after
    head = channels(1280)
    return macs + size**2 * before * head + head * 1000, weights + before * head + head * 1000


def test_efficientnet_b4_equals_its_scaling_rules() -> None:
    network = load_network("efficientnet_b4")
    assert (network.macs, network.weights) == efficientnet_closed_form()
    convs = [layer for layer in einsums(network) if layer.op != "fc"]
    fcs = [layer for layer in einsums(network) if layer.op == "fc"]
    assert (len(convs), len(fcs)) == (96, 65)  # as in the tutorial's table, with 14 M and 4.9 M weights and 4.4 G MACs
    assert round(sum(layer.weights for layer in convs) / 1e6) == 14
    assert round(sum(layer.weights for layer in fcs) / 1e6, 1) == 4.9
    assert round(network.macs / 1e9, 1) == 4.4
    assert round(network.weights / 1e6) == 19


@pytest.mark.parametrize(("name", "published"), [("resnet50", 25_557_032), ("efficientnet_b4", 19_341_616)])
def test_weights_and_the_vectors_left_out_are_the_published_parameters(name: str, published: int) -> None:
    """Parameters of the models of torchvision: two words of normalisation per channel of a convolution, and biases."""
    layers = einsums(load_network(name))
    outputs = {layer: layer.einsum.words(layer.einsum.tensor("filter")) for layer in layers if layer.einsum}
    extents = {layer: layer.einsum.extents for layer in outputs if layer.einsum}
    channels = {layer: found["G"] * found["M"] for layer, found in extents.items()}
    vectors = sum(count * (1 if layer.op == "fc" else 2) for layer, count in channels.items())
    assert sum(outputs.values()) + vectors == published


TUTORIAL = {"AlexNet": "alexnet", "VGG-16": "vgg16", "ResNet-50": "resnet50", "EfficientNet-B4": "efficientnet_b4"}


def si(text: str) -> tuple[float, float]:
    """A printed number such as 15.5G and half of its last digit."""
    scale = {"k": 1e3, "M": 1e6, "G": 1e9}[text[-1]]
    digits = len(text[:-1].partition(".")[2])
    return float(text[:-1]) * scale, 0.5001 * 10**-digits * scale


@pytest.mark.parametrize("title", TUTORIAL)
def test_totals_agree_with_the_tutorial_within_its_rounding(title: str) -> None:
    (row,) = (row for row in rows("networks_tutorial_table.csv") if row["network"] == title)
    network = load_network(TUTORIAL[title])
    for column, value in (("total_weights", network.weights), ("total_MACs", network.macs)):
        printed, tolerance = si(row[column])
        assert abs(value - printed) <= tolerance, column


def test_where_the_tutorial_differs_it_differs_as_documented() -> None:
    table = {row["network"]: row for row in rows("networks_tutorial_table.csv")}
    googlenet, lenet = load_network("googlenet"), load_network("lenet5")
    assert si(table["GoogLeNet v1"]["total_MACs"])[0] / googlenet.macs == pytest.approx(0.9035, abs=1e-3)
    conv = sum(layer.macs for layer in lenet.layers if layer.op == "conv")
    assert (conv, si(table["LeNet-5"]["conv_MACs"])[0]) == (357_600, 283_000)
    assert conv - 36 * 25 * 100 == 267_600  # with the original connections of C3, 60 of 96


@pytest.mark.parametrize("name", zoo_names())
def test_every_network_of_the_zoo_is_described_and_lists_its_vector_work(name: str) -> None:
    network = load_network(name)
    assert network.name == name
    assert network.title
    assert network.source
    assert network.batch == 1
    assert any(layer.vector for layer in network.layers)
    assert all(layer.vector.operations is not None for layer in network.layers if layer.vector)
    assert load_network(name) == network
    assert hash(load_network(name)) == hash(network)


def test_equal_layers_are_found_once() -> None:
    resnet = load_network("resnet50")
    assert len(einsums(resnet)) == 54
    assert len(same_einsum(resnet.layers)) == 21
    bert = load_network("bert_base")
    assert len(einsums(bert)) == 97
    assert len(same_einsum(bert.layers)) == 6


def test_alexnet_vector_work() -> None:
    layers = {layer.name: layer for layer in load_network("alexnet").layers}
    relu, lrn, pool = (layers[name].vector for name in ("conv1.relu", "conv1.lrn", "pool1"))
    words = 96 * 55 * 55
    assert relu is not None
    assert lrn is not None
    assert pool is not None
    assert (relu.operations, relu.read_words, relu.write_words) == (words, words, words)
    assert lrn.operations == 9 * words
    assert (pool.operations, pool.read_words, pool.write_words) == (8 * 96 * 27 * 27, words, 96 * 27 * 27)


@pytest.mark.parametrize("bits", [1, 8, 64])
def test_bits_apply_to_every_tensor(bits: int) -> None:
    for layer in load_network("lenet5", bits=bits).layers:
        found = {t.bits for t in layer.einsum.tensors} if layer.einsum else {layer.vector.bits if layer.vector else 0}
        assert found == {bits}


@pytest.mark.parametrize(
    ("source", "options", "message"),
    [
        (
            "alexnt",
            {},
            "there is no built-in network 'alexnt'\n  hint: did you mean 'alexnet'? "
            "(built in: alexnet, bert_base, efficientnet_b4, googlenet, gpt2_decode, gpt2_prefill, lenet5, "
            "mobilenet_v1, resnet50, resnet50_v1_5, squeezenet1_0, vgg16)",
        ),
        (
            "mobilenet_v1:widht=0.5",
            {},
            "network mobilenet_v1 has no parameter 'widht'\n"
            "  hint: did you mean 'width'? (parameters: width, resolution)",
        ),
        ("alexnet", {"width": 2}, "network alexnet has no parameter 'width'\n  hint: parameters: none"),
        (
            "mobilenet_v1:width",
            {},
            "cannot read 'width' in 'mobilenet_v1:width'\n  hint: write name:parameter=value,parameter=value; one "
            "layer of a network is for assay map mobilenet_v1:width HARDWARE",
        ),
        (
            "mobilenet_v1:width=1",
            {"width": 1},
            "parameter width is given twice, in 'mobilenet_v1:width=1' and on its own",
        ),
        ("mobilenet_v1", {"width": True}, "parameter width is True; it must be a number"),
        (
            "mobilenet_v1:width=wide",
            {},
            "parameter width is 'wide'; it must be a number\n"
            "  hint: unknown name 'wide' in 'wide'; write width=1, for example",
        ),
        ("mobilenet_v1:width=0", {}, "parameter width of mobilenet_v1 is 0; it must be above 0"),
        ("efficientnet_b4", {"resolution": -1}, "parameter resolution of efficientnet_b4 is -1; it must be above 0"),
        (
            "bert_base:heads=7",
            {},
            "bert_base cannot be built with heads=7: layer 1/scores: 768 features cannot be divided into 7 heads",
        ),
        ("alexnet", {"bits": 0}, "bits is 0; it must be a whole number from 1 to 64"),
        (
            "models/alexnet",
            {},
            "models/alexnet: the name does not say what the file is\n  hint: network files end in .yaml or .onnx",
        ),
        (
            3,
            {},
            "a network cannot be read from a value of type int\n"
            "  hint: give a name, the path of a .yaml or .onnx file, an onnx.ModelProto or a Network",
        ),
    ],
)
def test_wrong_sources_and_parameters(source: str, options: dict[str, int], message: str) -> None:
    with pytest.raises(InputError) as error:
        load_network(source, **options)
    assert str(error.value) == message


def test_a_network_is_returned_as_it_is() -> None:
    network = load_network("lenet5")
    assert load_network(network) is network
    with pytest.raises(InputError):
        load_network(network, width=2)
    assert network.with_batch(1) is network
    with pytest.raises(InputError):
        network.with_batch(4).with_batch(2)


def test_the_title_shows_the_parameters() -> None:
    assert load_network("mobilenet_v1").title == "MobileNet v1"
    network = load_network("mobilenet_v1:width=0.5", resolution=128)
    assert network.title == "MobileNet v1 (width 0.5, resolution 128)"
