from __future__ import annotations

import re
import sys
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from assay.errors import InputError, UnsupportedError
from assay.report.chart_axes import ChartAxis
from assay.report.charts import MARKS, ROW, BarSeries, Curve, colors, curves, grouped_bars, stacked_bars
from assay.report.pictures import FORMATS, PALETTE, Picture, picture_bytes, picture_svg, save_pictures

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ENERGY = ChartAxis("Energy", "J")
TWO = (BarSeries("dram", (1e-3, 2e-3)), BarSeries("mac", (5e-4, None)))


def bars(key: str = "energy", title: str = "Energy of two layers") -> Picture:
    return stacked_bars(key, title, ("conv1", "conv2"), TWO, ENERGY)


def drawn(picture: Picture) -> Figure:
    """The figure, laid out."""
    pytest.importorskip("matplotlib")
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(picture.width, picture.height), layout="constrained")
    FigureCanvasAgg(figure)
    picture.draw(figure)
    figure.canvas.draw()
    return figure


def test_saves_every_format_the_same_every_time(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    first = save_pictures(tmp_path / "new" / "folder", [bars(), bars("again")])
    assert [path.name for path in first] == [f"{key}.{form}" for key in ("energy", "again") for form in FORMATS]
    starts = {"svg": b"<?xml", "pdf": b"%PDF-", "png": b"\x89PNG"}
    assert all(path.read_bytes().startswith(starts[path.suffix[1:]]) for path in first)
    second = save_pictures(tmp_path / "other", [bars(), bars("again")])
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def test_saves_the_formats_asked_for_over_old_files(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    (tmp_path / "energy.png").write_bytes(b"old")
    assert save_pictures(tmp_path, [bars()], ("png",)) == [tmp_path / "energy.png"]
    assert (tmp_path / "energy.png").read_bytes() == picture_bytes(bars(), "png")


def test_says_what_is_wrong_with_the_folder(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot write the pictures") as caught:
        save_pictures(tmp_path / "file", [bars()])
    assert str(tmp_path / "file") in str(caught.value)
    (tmp_path / "energy.svg").mkdir()
    with pytest.raises(InputError, match="cannot write the pictures: Is a directory"):
        save_pictures(tmp_path, [bars()])


def test_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(UnsupportedError, match="pictures need matplotlib") as caught:
        save_pictures(tmp_path / "folder", [bars()])
    assert "pip install matplotlib (the extra 'plot' of assay)" in str(caught.value)
    assert not (tmp_path / "folder").exists()


def test_svg_in_a_page_has_ids_of_its_own_and_no_address() -> None:
    pytest.importorskip("matplotlib")
    one, two = picture_svg(bars(), "a"), picture_svg(bars(title='5 < 6 & "7"'), "b")
    ids = [re.findall(r'\bid="([^"]+)"', text) for text in (one, two)]
    assert not set(ids[0]) & set(ids[1])
    for text, own in zip((one, two), ids, strict=True):
        assert len(own) == len(set(own))
        used = re.findall(r'(?:url\(#|href="#)([^")]+)', text)
        assert used
        assert set(used) <= set(own)
        assert "://" not in text
    assert two.startswith('<svg role="img" aria-label="5 &lt; 6 &amp; &quot;7&quot;"')
    assert 'id="energy-' in picture_svg(bars())


def test_axes_have_quantity_and_unit_with_a_prefix() -> None:
    axes = drawn(bars()).axes[0]
    assert axes.get_ylabel() == "Energy (mJ)"
    assert [text.get_text() for text in axes.texts] == ["1.5", "2"]  # heights of the bars
    assert [label.get_text() for label in axes.get_xticklabels()] == ["conv1", "conv2"]
    share = stacked_bars("s", "S", ("a",), (BarSeries("x", (0.25,)),), ChartAxis("Share", "%", low=0, high=1))
    axes = drawn(share).axes[0]
    assert (axes.get_ylabel(), axes.get_ylim()) == ("Share (%)", (0, 100))
    assert axes.patches[0].get_height() == 25
    plain = stacked_bars("s", "S", ("a",), (BarSeries("x", (2.0,)),), ChartAxis("Speed-up"))
    assert drawn(plain).axes[0].get_ylabel() == "Speed-up"


def test_bars_stand_on_each_other_or_beside_each_other() -> None:
    axes = drawn(bars()).axes[0]
    boxes = [(bar.get_x(), bar.get_y(), bar.get_height()) for bar in axes.patches]
    assert boxes[2][1] == boxes[0][2] == 1.0
    axes = drawn(grouped_bars("g", "G", ("conv1", "conv2"), TWO, ENERGY)).axes[0]
    first, _, second, _ = axes.patches
    assert first.get_x() + first.get_width() == pytest.approx(second.get_x(), abs=1e-9)
    assert second.get_y() == 0


def test_what_is_not_modelled_says_so_and_nothing_does_not() -> None:
    series = (BarSeries("dram", (None, 0.0)), BarSeries("mac", (None, 1e-6)))
    axes = drawn(stacked_bars("s", "S", ("a", "b"), series, ENERGY)).axes[0]
    assert [text.get_text() for text in axes.texts if text.get_text() == "not modelled"] == ["not modelled"]
    drawn(stacked_bars("s", "S", (), (), ENERGY))


@pytest.mark.parametrize(("number", "length"), [(1, 40), (8, 12), (8, 40), (ROW, 3), (ROW + 1, 12), (54, 5), (400, 40)])
def test_labels_of_bars_never_touch(number: int, length: int) -> None:
    labels = [f"{index:03}".ljust(length, "n") for index in range(number)]
    figure = drawn(
        stacked_bars("s", "S", labels, (BarSeries("x", (1.0,) * number), BarSeries("y", (1.0,) * number)), ENERGY)
    )
    shown = 0
    for axes in figure.axes:
        boxes = [each.get_window_extent() for each in axes.get_xticklabels() if each.get_text()]
        shown += len(boxes)
        assert all(left.x1 <= right.x0 + 0.5 for left, right in pairwise(boxes))
        assert all(box.x0 >= -0.5 and box.x1 <= figure.bbox.width + 0.5 and box.y0 >= -0.5 for box in boxes)
        assert axes.bbox.height > 0.9 * figure.dpi
    assert shown == number if number <= 100 else shown >= 100
    assert figure.get_figheight() < 17


def test_long_legends_stay_inside() -> None:
    series = tuple(BarSeries(f"a component with the long name {n}", (1.0,)) for n in range(12))
    figure = drawn(stacked_bars("s", "S", ("a",), series, ENERGY))
    box = figure.legends[0].get_window_extent()
    assert box.x0 >= 0
    assert box.x1 <= figure.bbox.width
    hatched = {patch.get_hatch() for patch in figure.axes[0].patches}
    assert len(hatched) == 2  # colours come again, with a pattern


def test_colours_go_with_names() -> None:
    assert colors(["dram", "glb", "dram", "mac"]) == dict(zip(("dram", "glb", "mac"), PALETTE, strict=False))


def test_curves_have_scales_marks_and_labels() -> None:
    lines = (
        Curve("ours", ((1, 1.0), (256, 17.9)), labels=("", "256 PEs")),
        Curve("a bound", ((1, 1.0), (256, 256.0)), dashed=True, marks=False),
        Curve("theirs", ((256, 16.0),), line=False),
    )
    picture = curves(
        "c", "C", lines, ChartAxis("PEs", logarithmic=True, base=2), ChartAxis("Time", "s", logarithmic=True)
    )
    axes = drawn(picture).axes[0]
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("PEs", "Time (s)")
    assert [line.get_linestyle() for line in axes.lines] == ["-", "--", "None"]
    assert [line.get_marker() for line in axes.lines] == [MARKS[0], "", MARKS[2]]
    assert [text.get_text() for text in axes.texts] == ["", "256 PEs"]
    limited = curves("c", "C", lines, ChartAxis("PEs", low=0, high=300), ChartAxis("Time", "s", low=0))
    assert drawn(limited).axes[0].get_xlim() == (0, 300)


def test_pictures_with_one_key_do_not_overwrite_each_other(tmp_path: Path) -> None:
    first = Picture("conv-a", "One", lambda figure: None)
    paths = save_pictures(tmp_path, [first, first], ("svg",))
    assert [path.name for path in paths] == ["conv-a.svg", "conv-a-2.svg"]
