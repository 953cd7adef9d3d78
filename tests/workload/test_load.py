"""Parameters behind a colon, and short texts of networks."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay.errors import InputError
from assay.workload import load_network
from assay.workload.load import split_spec

NET = """\
assay: network/1
name: net
parameters: {width: 1}
input: [3, 8, 8]
layers:
  - {name: conv1, op: conv, out: 4 * width, kernel: 3}
"""


@pytest.mark.parametrize(
    ("spec", "name", "parameters"),
    [
        ("alexnet", "alexnet", {}),
        ("mobilenet_v1:width=0.5,resolution=128", "mobilenet_v1", {"width": "0.5", "resolution": "128"}),
        ("model.onnx:h=16,w=16", "model.onnx", {"h": "16", "w": "16"}),
        ("net.YAML:width=2", "net.YAML", {"width": "2"}),
        ("a:b.yaml", "a:b.yaml", {}),
        ("a:b.yaml:width=2", "a:b.yaml", {"width": "2"}),
        ("C:\\nets\\m.onnx:h=2", "C:\\nets\\m.onnx", {"h": "2"}),
        ("d.yaml:x/net.yaml", "d.yaml:x/net.yaml", {}),
    ],
)
def test_what_stands_behind_the_colon(spec: str, name: str, parameters: dict[str, str]) -> None:
    assert split_spec(spec) == (name, parameters)


@pytest.mark.parametrize("spec", ["net.yaml:", "net.yaml:width", "net.yaml:width=1,width=2", ":width=2"])
def test_parameters_that_cannot_be_read(spec: str) -> None:
    with pytest.raises(InputError):
        split_spec(spec)


def test_a_file_with_parameters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("net.yaml").write_text(NET)
    assert load_network("net.yaml:width=2").weights == 2 * load_network("net.yaml").weights
    assert load_network("net.yaml:width=2").title == "net (width 2)"
    Path("net.yaml:width=3").write_text(NET)  # a file of that very name is that file
    with pytest.raises(InputError, match="does not say what the file is"):
        load_network("net.yaml:width=3")
    with pytest.raises(InputError, match=r"net\.yaml:6:") as error:
        load_network("net.yaml:width=0")
    assert error.value.at is not None
    with pytest.raises(InputError, match="given twice"):
        load_network("net.yaml:width=2", width=2)


def test_printing_is_short() -> None:
    network = load_network("alexnet")
    assert repr(network) == "<Network alexnet: 21 layers, 724,406,816 MACs, 60,954,656 weights, batch 1>"
    assert repr(network.layers[0]) == "<Layer conv1 (conv): 105,415,200 MACs M96 C3 P55 Q55 R11 S11>"
    assert repr(network.layers[1]) == "<Layer conv1.relu (relu): no multiply-accumulates>"


def test_another_batch_than_that_of_the_file() -> None:
    with pytest.raises(InputError, match=r"batch is '4'; it must be"):
        load_network("lenet5").with_batch("4")  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"batch of 2\n  hint: .*export it again with a batch of 1"):
        load_network("lenet5").with_batch(2).with_batch(3)


def test_a_layer_written_out_is_a_network_of_one_layer() -> None:
    network = load_network("conv:M=64,C=32,P=56,Q=28,R=3,S=3,stride=2", bits=8)
    (layer,) = network.layers
    assert (network.name, layer.name, layer.op, layer.macs) == ("conv", "conv", "conv", 64 * 32 * 56 * 28 * 9)
    assert layer.einsum is not None
    assert {tensor.bits for tensor in layer.einsum.tensors} == {8}
    (note,) = load_network("matmul:M=8,N=4,K=2").notes
    assert "K is called C" in note
    assert network.with_batch(2).macs == 2 * network.macs
    assert split_spec("conv:M=4") == ("conv", {})
    with pytest.raises(InputError, match="has no parameters; width cannot be given"):
        load_network("conv:M=4,C=4,P=4,Q=4", width=2)
    with pytest.raises(InputError, match="conv has no dimension 'T'"):
        load_network("conv:M=4,C=4,P=4,Q=4,T=4")


def test_a_file_named_like_a_layer_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("conv:M=4.yaml").write_text(NET)
    assert load_network("conv:M=4.yaml").name == "net"
