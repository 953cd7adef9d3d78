"""The page about networks says what is true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from assay.errors import InputError
from assay.reading.documents import loads
from assay.workload import load_network, zoo_names
from assay.workload.yaml_ops import OPERATIONS
from assay.workload.yaml_reader import read_network

PAGE = (Path(__file__).parents[2] / "docs" / "networks.md").read_text(encoding="utf-8")


def test_the_table_of_networks() -> None:
    rows = re.findall(r"^\| `(\w+)` \| [^|]+ \| ([\d,]+) \| ([\d,]+) \| (\d+) \| (\d+) \|", PAGE, re.MULTILINE)
    assert sorted(row[0] for row in rows) == list(zoo_names())
    for name, macs, weights, einsums, others in rows:
        network = load_network(name)
        assert f"{network.macs:,}" == macs
        assert f"{network.weights:,}" == weights
        assert sum(layer.einsum is not None for layer in network.layers) == int(einsums)
        assert sum(layer.vector is not None for layer in network.layers) == int(others)


def test_the_example_and_its_error() -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    network = read_network(loads(example, "small.yaml"))
    assert network.layers[-1].name == "fc.softmax"
    with pytest.raises(InputError) as error:
        read_network(loads(example.replace("kernel: 3, padding: same", "kernal: 3"), "small.yaml"))
    assert f"```\n{error.value}\n```" in PAGE


@pytest.mark.parametrize("name", [name for name, operation in OPERATIONS.items() if operation.required])
def test_every_operation_with_options_is_described(name: str) -> None:
    assert f"`{name}`" in PAGE
