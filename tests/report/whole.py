"""A report with all that a command can find out, of two layers and with a suite of one workload: quick."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

import assay
from assay.metrics import examination
from assay.metrics.flexibility import flexibility
from assay.report.examination import examination_sections
from assay.report.judgement import verdict_sections
from assay.report.scorecard import scorecard_sections
from assay.report.section import Section

SUITE = """\
assay: suite/1
name: mine
entries:
  - {network: "matmul:M=8,N=4,K=8", name: product, class: classic}
"""


def everything(folder: Path) -> tuple[Section, ...]:
    """Verdict, scorecard and what `--all` finds out, of two layers on a chip and with a suite of one workload."""
    (folder / "suite.yaml").write_text(SUITE)
    whole = assay.load_network("lenet5", bits=8)
    few = replace(whole, layers=tuple(layer for layer in whole.layers if layer.name in ("c1", "fc6")))
    evaluation = assay.evaluate(few, "edge_45nm", workers=1)
    with pytest.MonkeyPatch.context() as patch:
        small = partial(flexibility, suite=str(folder / "suite.yaml"), shapes=False)
        patch.setattr(examination, "flexibility", small)
        found = examination.examine(evaluation, workers=1)
    assert not found.troubles
    metrics = {"flexibility": found.flexibility_metrics, "scalability": found.scaling_metrics}
    card = assay.scorecard(evaluation, **metrics)
    verdict = card.judge(assay.Requirements(max_latency=1e-6, max_power=10.0))
    return (*verdict_sections(verdict), *scorecard_sections(card), *examination_sections(found))
