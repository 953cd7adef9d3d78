"""The examples of the page about JSON work when they are copied."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from assay.errors import InputError
from assay.evaluation.evaluate import evaluate
from assay.mapping.text import mapping_from_data, read_mapping
from assay.workload import Network, load_network

PAGE = (Path(__file__).parents[2] / "docs" / "json.md").read_text(encoding="utf-8")


def test_the_mapping_file_and_its_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (example,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    Path("mapping.yaml").write_text(example)
    mappings = read_mapping("mapping.yaml")
    conv2 = Network("conv2", tuple(each for each in load_network("alexnet").layers if each.name == "conv2"))
    result = evaluate(conv2, "eyeriss", batch=4, mappings=mappings)
    assert result.energy
    (data,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    assert mapping_from_data(json.loads(data)) == mappings["conv2"]
    wrong = example.replace("{dim: R, bound: 5, axis: Y}", "{dim: R, bound: 5, axis: X}")
    Path("mapping.yaml").write_text(wrong)
    with pytest.raises(InputError) as error:
        evaluate(conv2, "eyeriss", batch=4, mappings=read_mapping("mapping.yaml"))
    assert f"```\n{error.value}\n```" in PAGE
