"""PyTorch models exported on the spot, counted against PyTorch itself."""

from __future__ import annotations

import importlib.util
import math
from pathlib import Path
from typing import Any

import pytest

from assay.workload import Network, load_network

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")
pytestmark = pytest.mark.filterwarnings("ignore")


def maker() -> Any:
    """The script that makes the shipped ONNX files."""
    path = Path(__file__).parents[1] / "data" / "onnx" / "make.py"
    spec = importlib.util.spec_from_file_location("onnx_make", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def exported(model: Any, shape: tuple[int, ...], **options: Any) -> Network:
    return load_network(maker().export(model, torch.zeros(shape), **options))


def operations(model: Any, shape: tuple[int, ...]) -> int:
    """Multiply-accumulates that PyTorch's own counter finds while it runs the model."""
    from torch.utils.flop_counter import FlopCounterMode

    counter = FlopCounterMode(display=False)
    with counter, torch.no_grad():
        model.eval()(torch.zeros(shape))
    return int(counter.get_total_flops()) // 2


def matrices(model: Any) -> int:
    """Weights of all convolutions and linear layers."""
    return sum(parameter.numel() for parameter in model.parameters() if parameter.dim() > 1)


@pytest.mark.parametrize("batch", [1, 3])
def test_residual_block(batch: int) -> None:
    model = maker().ResidualBlock()
    network = exported(model, (batch, 64, 14, 14))
    assert network.batch == batch
    assert network.macs == operations(model, (batch, 64, 14, 14))
    assert network.weights == matrices(model)


def test_transformer_block() -> None:
    model = maker().TransformerBlock()
    network = exported(model, (2, 16, 64))
    assert network.macs == 2 * (16 * matrices(model) + 2 * 16 * 16 * 64)
    # PyTorch's counter leaves out the attention itself on a CPU.
    assert operations(model, (2, 16, 64)) in (network.macs, network.macs - 2 * 2 * 16 * 16 * 64)
    assert network.weights == matrices(model)


@pytest.mark.parametrize("batch_first", [True, False])
def test_multihead_attention(batch_first: bool) -> None:
    class Block(torch.nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.attention = torch.nn.MultiheadAttention(32, 4, batch_first=batch_first)

        def forward(self, x: Any) -> Any:
            return self.attention(x, x, x, need_weights=False)[0]

    model = Block()
    network = exported(model, (2, 7, 32))
    batch, tokens = (2, 7) if batch_first else (7, 2)
    assert network.weights == matrices(model) == 4 * 32 * 32
    assert network.macs == batch * (tokens * 4 * 32 * 32 + 2 * tokens * tokens * 32)


def test_convolutions_with_groups_dilation_and_stride() -> None:
    model = maker().SmallCNN()
    network = exported(model, (1, 3, 32, 32))
    transposed = sum(layer.macs for layer in network.layers if layer.op == "transposed_conv")
    # PyTorch counts every input times every tap (9 × 9 inputs, 16 taps). Here each of the 18 × 18 outputs has its four
    # taps, those beyond the border of the input included, as an ordinary convolution counts its padding.
    assert transposed == 18 * 18 * 4 * 24 * 8 == 9 * 9 * 16 * 24 * 8
    assert network.macs == operations(model, (1, 3, 32, 32))
    assert network.weights == matrices(model)


@pytest.mark.parametrize("dims", [1, 2])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("kernel", [1, 3, 4])
def test_transposed_convolution_is_exact_against_running_it(dims: int, stride: int, kernel: int) -> None:
    """Ones convolved with ones count the taps of each output; ones beyond the border count those outside too."""
    kind = {1: torch.nn.ConvTranspose1d, 2: torch.nn.ConvTranspose2d}[dims]
    padding = min(1, kernel - 1)
    layer = kind(1, 1, kernel, stride=stride, padding=padding, bias=False)
    network = exported(torch.nn.Sequential(layer, torch.nn.ReLU()), (1, 1, *[6] * dims))
    torch.nn.init.ones_(layer.weight)
    wide = kind(1, 1, kernel, stride=stride, padding=padding + stride * kernel, bias=False)
    torch.nn.init.ones_(wide.weight)
    with torch.no_grad():
        outputs = layer(torch.ones(1, 1, *[6] * dims)).shape[2:]
        taps = wide(torch.ones(1, 1, *[6 + 2 * kernel] * dims))
    assert taps.shape[2:] == outputs
    assert network.macs == int(taps.sum())
    assert network.weights == math.prod(layer.weight.shape)


@pytest.mark.parametrize("opset", [11, 13, 17, 20])
def test_operator_sets(opset: int) -> None:
    model = maker().ResidualBlock()
    assert exported(model, (1, 64, 14, 14), opset=opset).weights == matrices(model)
