"""What is computed: einsums, layers, networks, and the doors through which they come in."""

from assay.workload.einsum import Einsum, Rank, Tensor, TensorKind, Term, convolution, matmul
from assay.workload.load import load_network
from assay.workload.network import MAX_BATCH, Layer, Network, VectorWork
from assay.workload.zoo import zoo_names

__all__ = [
    "MAX_BATCH",
    "Einsum",
    "Layer",
    "Network",
    "Rank",
    "Tensor",
    "TensorKind",
    "Term",
    "VectorWork",
    "convolution",
    "load_network",
    "matmul",
    "zoo_names",
]
