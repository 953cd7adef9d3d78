"""Texts as they should look, in files. To accept a change: `python -m tests.report.golden`, then read the diff."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from assay.evaluation.count import MappingCount, count_mapping
from assay.hardware.model import Axis, Bandwidth, Buffering, Counting, Figure, Hardware, Multicast
from assay.metrics.accuracy import published
from assay.metrics.requirements import Requirements
from assay.metrics.scorecard import scorecard
from assay.report.count import render_count
from assay.report.evaluation import render_evaluation
from assay.report.explain import render_explanation
from assay.report.tables import render_hardware_list, render_network, render_networks
from assay.report.tree import render_hardware
from tests.evaluation.small import ARRAY, BUF, CHIP, LAYER, MAC, MAPPING, NETWORK, chip
from tests.report.sample import sample
from tests.report.window import window

FOLDER = Path(__file__).parent / "golden"

RICH_CHIP = replace(
    chip(
        buf=replace(
            BUF,
            keep=("ifmap", "ofmap"),
            may_keep=("filter",),
            update_energy=None,
            bandwidth=Bandwidth(read=64, write=19.2),
            loops=("N", "C"),
            whole=("C",),
        ),
        array=replace(
            ARRAY,
            axes=(Axis("X", 4, ("M",)), Axis("Y", 3)),
            multicast=Multicast.TILE,
            reduces=False,
            transfer_energy=None,
            bandwidth=(("ifmap", 16.0),),
            whole=("R",),
            fill=True,
        ),
        mac=replace(MAC, macs_per_cycle=2),
    ),
    technology="65 nm",
    source="A paper that nobody wrote, whose title is so long that it has to be broken at the end of a line of text",
    published=(Figure("power", 278.0, "mW", "Table 1"), Figure("layers", "all", "", "")),
    notes=("Nothing here is real.",),
)


def counted(hardware: Hardware = CHIP) -> MappingCount:
    """The small layer under its mapping."""
    return count_mapping(LAYER, hardware, MAPPING, notes=("Nothing here is real.",))


CARD = scorecard(sample(), published("alexnet"), tdp=50e-6, effectual=0.4)
REQUIRED = Requirements(min_accuracy=0.8, max_latency=100e-6, min_throughput=1e4, max_power=1.0, max_area=1e-6)

TEXTS: dict[str, Callable[[], str]] = {
    "count": lambda: render_count(counted()),
    "count_60": lambda: render_count(counted(chip(array=replace(ARRAY, transfer_energy=None))), width=60),
    "count_unknown": lambda: render_count(counted(chip(mac=replace(MAC, energy=None))), width=100),
    "evaluation": lambda: render_evaluation(sample()),
    "evaluation_80": lambda: render_evaluation(sample(gap=0.013), width=80),
    "evaluation_unknown": lambda: render_evaluation(sample(chip(mac=replace(MAC, energy=None))), width=100),
    "evaluation_explained": lambda: render_evaluation(sample(), width=100, card=CARD, explain=True),
    "evaluation_judged": lambda: render_evaluation(sample(), width=80, card=CARD, judged=CARD.judge(REQUIRED)),
    "explain_count": lambda: render_explanation(window().explain(None, "glb", "ifmap", "read")),
    "explain_cycles": lambda: render_explanation(window().explain(cycles=True), width=100),
    "explain_difference": lambda: render_explanation(sample().explain("fc1", "buf", "ofmap", "read"), width=80),
    "explain_energy": lambda: render_explanation(sample().explain("fc1", energy=True)),
    "explain_list": lambda: render_explanation(sample().explain("fc1"), width=60),
    "explain_remainders": lambda: render_explanation(window(7).explain(None, "glb", "ifmap", "read"), width=80),
    "explain_waits": lambda: render_explanation(
        sample(chip(buf=replace(BUF, buffering=Buffering.DOUBLE))).explain("fc1", cycles=True), width=80
    ),
    "explain_whole": lambda: render_explanation(
        sample(replace(chip(buf=replace(BUF, width=64)), counting=Counting(whole_accesses=True))).explain(
            "fc1", "buf", "ofmap", "read"
        )
    ),
    "hardware": lambda: render_hardware(RICH_CHIP, width=80),
    "hardware_list": lambda: render_hardware_list([CHIP, RICH_CHIP], width=90),
    "network": lambda: render_network(replace(NETWORK, source="a test", notes=("No biases.",))),
    "networks": lambda: render_networks([NETWORK, NETWORK.with_batch(2)]),
}

if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, render in TEXTS.items():
        (FOLDER / f"{name}.txt").write_text(render(), encoding="utf-8")
