"""Makes the ONNX files of this folder from PyTorch models; the words of large weights are removed, their shapes stay.

    python tests/data/onnx/make.py

Needs torch and onnx. The files are exported with TorchScript (dynamo=False).
"""

from __future__ import annotations

import io
import warnings
from pathlib import Path

import onnx
import torch
from torch import nn


class SmallCNN(nn.Module):
    """Groups, dilation, stride, unequal padding, depthwise and transposed convolution, pooling and a linear layer."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 16, 3, stride=2, padding=1)
        self.grouped = nn.Conv2d(16, 32, (3, 5), padding=(1, 2), groups=4)
        self.dilated = nn.Conv2d(32, 24, 3, padding=2, dilation=2)
        self.depthwise = nn.Conv2d(24, 24, 3, padding=1, groups=24)
        self.pool = nn.MaxPool2d(3, stride=2, padding=1, ceil_mode=True)
        self.up = nn.ConvTranspose2d(24, 8, 4, stride=2, padding=1)
        self.head = nn.Linear(8, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = torch.relu(self.stem(x))
        x = nn.functional.hardswish(self.grouped(x))
        x = nn.functional.relu6(self.dilated(x))
        x = self.pool(torch.sigmoid(self.depthwise(x)))
        x = self.up(x).mean(dim=(2, 3))
        return torch.softmax(self.head(x), dim=-1)


class ResidualBlock(nn.Module):
    """A bottleneck block with its batch normalisation, a projected shortcut, and a head with a computed reshape."""

    def __init__(self) -> None:
        super().__init__()
        self.reduce = nn.Conv2d(64, 16, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(16)
        self.conv = nn.Conv2d(16, 16, 3, stride=2, padding=1, bias=False)
        self.expand = nn.Conv2d(16, 128, 1, bias=False)
        self.shortcut = nn.Conv2d(64, 128, 1, stride=2, bias=False)
        self.fc = nn.Linear(128, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = torch.relu(self.norm1(self.reduce(x)))
        y = self.expand(torch.relu(self.conv(y)))
        y = torch.relu(y + self.shortcut(x))
        y = nn.functional.adaptive_avg_pool2d(y, 1)
        return self.fc(y.reshape(y.shape[0], -1))


class TransformerBlock(nn.Module):
    """Attention with four heads, written out, and a feed-forward part; pre-normalised."""

    def __init__(self) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(64), nn.LayerNorm(64)
        self.qkv, self.out = nn.Linear(64, 192), nn.Linear(64, 64)
        self.ff1, self.ff2 = nn.Linear(64, 256), nn.Linear(256, 64)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        batch, tokens, width = x.shape
        q, k, v = self.qkv(self.norm1(x)).chunk(3, dim=-1)
        q, k, v = (each.reshape(batch, tokens, 4, width // 4).transpose(1, 2) for each in (q, k, v))
        y = nn.functional.scaled_dot_product_attention(q, k, v)
        x = x + self.out(y.transpose(1, 2).reshape(batch, tokens, width))
        return x + self.ff2(nn.functional.gelu(self.ff1(self.norm2(x))))


def export(model: nn.Module, example: torch.Tensor, *, opset: int = 17, **options: object) -> onnx.ModelProto:
    """The ONNX model of a PyTorch module in evaluation mode."""
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's own deprecations
        torch.onnx.export(
            model.eval(),
            (example,),
            buffer,
            dynamo=False,
            opset_version=opset,
            input_names=["x"],
            do_constant_folding=False,
            **options,
        )
    return onnx.load_from_string(buffer.getvalue())


def strip(model: onnx.ModelProto) -> onnx.ModelProto:
    """Removes the words of weights of more than 64 words, and texts that are of no use to anybody else."""
    for weight in model.graph.initializer:
        if len(weight.raw_data) > 256:
            weight.ClearField("raw_data")
    for node in model.graph.node:
        node.ClearField("doc_string")
    return model


MODELS = {
    "small_cnn": (SmallCNN, (1, 3, 32, 32), {0: "batch"}),
    "residual_block": (ResidualBlock, (1, 64, 14, 14), {0: "batch"}),
    "transformer_block": (TransformerBlock, (1, 16, 64), {0: "batch", 1: "tokens"}),
}


def main() -> None:
    torch.manual_seed(0)
    for name, (model, shape, axes) in MODELS.items():
        exported = export(model(), torch.zeros(shape), dynamic_axes={"x": axes})
        onnx.save(strip(exported), str(Path(__file__).with_name(f"{name}.onnx")))


if __name__ == "__main__":
    main()
