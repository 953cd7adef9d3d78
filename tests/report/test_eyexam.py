"""Eyexam and rooflines as people see them: the screen as accepted, and pictures whose labels are apart."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from pathlib import Path

import pytest
from matplotlib.figure import Figure

from assay.hardware.model import Axis, Bandwidth, Compute, Fanout, Hardware, Memory
from assay.metrics.eyexam import eyexam
from assay.metrics.eyexam_steps import Eyexam
from assay.metrics.roofline import roofline_of
from assay.report.eyexam import eyexam_sections, eyexam_summary
from assay.report.html import html_report
from assay.report.pictures import picture_bytes
from assay.report.roofline import roofline_sections, roofline_summary
from assay.report.section import all_pictures, render_sections
from assay.workload.einsum import convolution
from assay.workload.network import Layer, Network
from tests.report.unexplained import figures, mistakes

GOLDEN = Path(__file__).parent / "golden"
TENSORS = ("ifmap", "filter", "ofmap")


def sample() -> Eyexam:
    """Layers that lose at every step, on a chip made for it."""
    layers = [
        Layer("conv1", "conv", convolution(m=32, c=3, p=4, q=4, bits=8)),
        Layer("conv2", "conv", convolution(m=13, c=16, p=4, q=4, bits=8)),
        Layer("fc", "fc", convolution(m=20, c=64, p=1, q=1, bits=8)),
    ]
    dram = Memory("dram", keep=TENSORS, read_energy=1e-10, write_energy=1e-10, width=8, bandwidth=Bandwidth(total=64.0))
    glb = Memory("glb", size=24 * 8, keep=("ifmap", "ofmap"), read_energy=4e-12, write_energy=4e-12, width=8)
    array = Fanout("array", (Axis("X", 16, ("M",)), Axis("Y", 16, ("C",))), transfer_energy=1e-12, width=8)
    nodes = (dram, glb, array, Compute("mac", 1e-12, 8))
    network = Network("sample", tuple(layers), title="Sample network")
    return eyexam(network, Hardware("tiny", nodes, 1e9, title="Tiny chip"), workers=1, cache=False)


@pytest.fixture(scope="module")
def result() -> Eyexam:
    return sample()


def screens(result: Eyexam) -> dict[str, str]:
    eye, roofs = eyexam_sections(result), roofline_sections(roofline_of(result))
    summaries = eyexam_summary(result), roofline_summary(roofline_of(result))
    return {
        "eyexam": render_sections(f"Eyexam of {result.title}", eye, summary=summaries[0]),
        "eyexam_80": render_sections(f"Eyexam of {result.title}", eye, summary=summaries[0], width=80),
        "roofline_80": render_sections(f"Roofline of {result.title}", roofs, summary=summaries[1], width=80),
    }


@pytest.mark.parametrize("name", ["eyexam", "eyexam_80", "roofline_80"])
def test_the_screen_is_as_accepted(result: Eyexam, name: str) -> None:
    """To accept a change: `python -m tests.report.test_eyexam`, then read the difference."""
    text = screens(result)[name]
    assert text == (GOLDEN / f"{name}.txt").read_text(encoding="utf-8")
    if name.endswith("80"):
        assert max(map(len, text.split("\n"))) <= 80


def test_losses_of_parts_of_cycles_come_out(result: Eyexam) -> None:
    """At the peak the layers take 7.3 and 2.1 cycles."""
    shapes = {"one": convolution(m=13, c=16, p=3, q=3, bits=8), "two": convolution(m=9, c=3, p=4, q=5, bits=8)}
    network = Network("small", tuple(Layer(name, "conv", each) for name, each in shapes.items()))
    found = eyexam_sections(eyexam(network, result.hardware, workers=1, cache=False))
    (losses,) = [replace(each, pictures=()) for each in found if each.key == "losses"]
    shown = figures(html_report("T", [losses]))
    assert any("rounded up" in each.why for each in shown)
    assert [error for each in shown for error in mistakes(each)] == []


def test_every_picture_is_drawn(result: Eyexam) -> None:
    sections = (*eyexam_sections(result), *roofline_sections(roofline_of(result)))
    pictures = all_pictures(sections)
    assert len({picture.key for picture in pictures}) == len(pictures)
    for picture in pictures:
        assert picture_bytes(picture, "svg").startswith(b"<?xml")


def test_labels_of_points_are_apart(result: Eyexam) -> None:
    """No text of a roofline lies on another."""
    for section in roofline_sections(roofline_of(result)):
        for picture in section.pictures:
            if not picture.key.startswith("roofline-tight"):
                figure = Figure(figsize=(picture.width, picture.height), layout="constrained")
                picture.draw(figure)
                figure.draw_without_rendering()
                boxes = [text.get_window_extent() for text in figure.axes[0].texts if text.get_text()]
                assert len(boxes) >= 4
                # slanted labels have boxes larger than their text: those are left out
                flat = [b for b, t in zip(boxes, figure.axes[0].texts, strict=True) if not t.get_rotation()]
                assert not any(one.overlaps(two) for one, two in combinations(flat, 2))


def test_one_layer_has_one_section(result: Eyexam) -> None:
    found = eyexam("conv:M=32,C=3,P=4,Q=4", "edge_45nm", workers=1)
    (section,) = eyexam_sections(found)
    assert [picture.key for picture in section.pictures] == ["eyexam"]


if __name__ == "__main__":
    for key, shown in screens(sample()).items():
        (GOLDEN / f"{key}.txt").write_text(shown, encoding="utf-8")
