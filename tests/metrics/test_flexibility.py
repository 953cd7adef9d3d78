"""Flexibility: the two tiers, means, gains, and the map of shapes, against direct evaluations and brute force."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

import assay
from assay.errors import AssayError, InputError, NoMappingError, UnsupportedError
from assay.metrics import flexibility_map, flexibility_search
from assay.metrics.flexibility import ENERGY, SCHEMA, THROUGHPUT, Flexibility, flexibility, flexibility_metrics
from assay.metrics.flexibility_map import Corner, _corner
from assay.metrics.flexibility_suite import Suite, SuiteEntry
from assay.metrics.flexibility_workload import Support, summarise
from assay.report.flexibility import flexibility_sections, flexibility_summary
from assay.report.flexibility_map import range_sentences
from assay.report.flexibility_pictures import share_text
from assay.report.pictures import picture_bytes
from assay.report.section import all_pictures, render_sections
from tests.evaluation.small import CHIP

FC = "matmul:M=4,N=8,K=6"
SUITE = Suite(
    "few",
    (
        SuiteEntry("plain", FC, "classic"),
        SuiteEntry("narrow", "conv:M=1,C=2,P=3,Q=3,R=3,S=3", "classic"),
        SuiteEntry("eight", FC, "reduced", bits=8),
        SuiteEntry("half", FC, "sparse", weights=0.5, activations=0.25),
        SuiteEntry("wide", FC, "reduced", bits=32),
    ),
)
SMALL_BASE = "conv:M=4,C=2,P=4,Q=4,R=2,S=2"


@pytest.fixture(scope="module")
def few() -> Flexibility:
    return flexibility(CHIP, SUITE, shapes=False, workers=1)


@pytest.fixture
def small_map(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Flexibility]:
    """Maps of few shapes."""
    monkeypatch.setattr(flexibility_map, "CHANNELS", (1, 2, 3, 4, 8))
    monkeypatch.setattr(flexibility_map, "FILTERS", (1, 2, 3))
    monkeypatch.setattr(flexibility_map, "OUTPUTS", (1, 2, 4))
    monkeypatch.setattr(flexibility_map, "BATCHES", (1, 2))

    def find(**options: Any) -> Flexibility:
        suite = Suite("one", (SuiteEntry("plain", FC),))
        chip = options.pop("chip", CHIP)
        return flexibility(chip, suite, base=options.pop("base", SMALL_BASE), workers=1, **options)

    return find


def _schema() -> Any:
    return json.loads((files("assay") / "data" / "schema" / "flexibility-1.json").read_text(encoding="utf-8"))


def _named(result: Flexibility, name: str) -> Any:
    return next(each for each in result.workloads if each.name == name)


# The first tier


def test_what_runs_and_what_does_not(few: Flexibility) -> None:
    assert [each.support for each in few.workloads] == [Support.ALL] * 4 + [Support.NONE]
    assert few.share_running == 0.8
    (failure,) = _named(few, "wide").failures
    assert failure.reason == "operands of 32 bits on multipliers of 16: not in one pass; several are not modelled"
    assert _named(few, "wide").evaluation is None
    assert _named(few, "wide").throughput_efficiency is None


def test_layers_without_macs_are_not_known(tmp_path: Path) -> None:
    text = "assay: network/1\nname: n\ninput: [4]\nlayers: [{name: fc, op: fc, out: 2, then: relu}, softmax]\n"
    (tmp_path / "n.yaml").write_text(text)
    suite = Suite("one", (SuiteEntry("n", str(tmp_path / "n.yaml")),))
    result = flexibility(CHIP, suite, shapes=False, workers=1)
    assert result.workloads[0].support is Support.MACS
    assert result.workloads[0].beside == ("relu", "softmax")
    assert "Not known, because units for them are not modelled: relu, softmax." in render_sections(
        "", flexibility_sections(result)
    )


def test_a_layer_without_a_mapping_says_why() -> None:
    suite = Suite("two", (SuiteEntry("big", "conv:M=1,C=1,P=2,Q=2,R=13,S=13"), SuiteEntry("fits", FC)))
    result = flexibility("eyeriss", suite, shapes=False, workers=1)
    big, fits = result.workloads
    assert (big.support, fits.support) == (Support.NONE, Support.ALL)
    assert "R = 13 has no place" in big.failures[0].reason
    assert "make axis Y of array 13 long" in big.failures[0].hint
    screen = render_sections("", flexibility_sections(result))
    assert "What cannot run" in screen
    assert "every geometric mean over all is 0" in " ".join(screen.split())


@pytest.mark.parametrize(
    "error", [UnsupportedError("too odd to be searched"), NoMappingError("a mapping fits, but none was found")]
)
def test_a_layer_that_cannot_be_searched_is_not_known(error: AssayError, monkeypatch: pytest.MonkeyPatch) -> None:
    def search(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(flexibility_search, "cached_best_mapping", search)
    result = flexibility(CHIP, Suite("one", (SuiteEntry("odd", FC),)), shapes=False, workers=1)
    assert result.workloads[0].support is Support.UNKNOWN
    assert result.running == ()
    assert result.summary(THROUGHPUT).geomean is None
    assert result.summary(THROUGHPUT).geomean_all is None  # nothing is known, not even that it fails
    assert [metric.value for metric in flexibility_metrics(result)] == [0.0, None, None, None, None]
    jsonschema.validate(result.to_dict(), _schema())


# The second tier


@pytest.mark.parametrize("objective", ["edp", "energy", "latency"])
def test_figures_are_those_of_evaluate(objective: str) -> None:
    suite = Suite("one", (SuiteEntry("lenet", "lenet5", batch=2),))
    (found,) = flexibility("edge_45nm", suite, objective=objective, shapes=False, workers=1).workloads
    direct = assay.evaluate("lenet5", "edge_45nm", batch=2, objective=objective, workers=1)
    assert found.evaluation is not None
    assert found.evaluation.to_dict() == direct.to_dict()
    assert found.figures.utilization == found.throughput_efficiency == direct.utilization
    assert found.figures.throughput == direct.throughput
    assert found.figures.inferences_per_joule == pytest.approx(1 / (direct.energy_per_inference or 0))
    assert found.effectual_macs_per_joule == direct.macs_per_joule
    cause, share = found.figures.limit or ("", 0.0)
    seconds = direct.latency_bound_by()
    assert share == pytest.approx(max(seconds.values()) / sum(seconds.values()))
    assert seconds[cause] == max(seconds.values())


def test_zeros_are_work_that_is_not_useful(few: Flexibility) -> None:
    plain, half = _named(few, "plain"), _named(few, "half")
    assert half.effectual == 0.125
    assert half.figures == plain.figures
    assert half.throughput_efficiency == pytest.approx(plain.throughput_efficiency / 8)
    assert few.energy_efficiency(half) == pytest.approx((few.energy_efficiency(plain) or 0) / 8)


def test_energy_is_held_against_the_best_in_full_width(few: Flexibility) -> None:
    found = [_named(few, name) for name in ("plain", "narrow", "half")]
    best = max(found, key=lambda each: each.effectual_macs_per_joule)
    assert few.reference is best
    assert few.energy_efficiency(best) == 1
    assert (few.energy_efficiency(_named(few, "eight")) or 0) > (few.energy_efficiency(_named(few, "plain")) or 0)


def test_gains_of_fewer_bits_and_zeros(few: Flexibility) -> None:
    eight, half = few.gains
    assert (eight.name, eight.plain, eight.ideal) == ("eight", "plain", 2)
    assert (half.name, half.plain, half.ideal) == ("half", "plain", 8)
    assert (half.throughput, half.per_joule) == (1, 1)
    plain, narrow = _named(few, "plain").figures, _named(few, "eight").figures
    assert eight.per_joule == pytest.approx(narrow.inferences_per_joule / plain.inferences_per_joule)
    assert 1 < eight.per_joule < 2  # memories halve, the multiplier does not


def test_batch_in_place_of_the_suites() -> None:
    result = flexibility(CHIP, SUITE, batch=3, shapes=False, workers=1)
    assert {each.network.batch for each in result.workloads} == {3}


SHARES = st.lists(st.floats(1e-6, 2.0), min_size=1, max_size=8)


@given(SHARES, st.integers(0, 3))
def test_means(values: list[float], failed: int) -> None:
    summary = summarise([(str(i), value) for i, value in enumerate(values)], failed)
    cut = [min(1.0, value) for value in values]
    assert summary.geomean == pytest.approx(statistics.geometric_mean(cut))
    assert summary.geomean_all == (0 if failed else summary.geomean)
    assert summary.mean_all == pytest.approx(statistics.fmean([*cut, *[0.0] * failed]))
    assert summary.worst == (str(cut.index(min(cut))), min(cut))
    assert summary.best is not None
    assert summary.best[1] == max(cut)
    assert min(cut) * (1 - 1e-9) <= (summary.geomean or 0) <= max(cut) * (1 + 1e-9)


def test_means_of_nothing() -> None:
    assert summarise([], failed=2).geomean_all == 0
    assert summarise([("a", None)], failed=1).geomean_all is None
    assert summarise([("a", 0.5), ("b", 0.0)]).geomean == 0
    assert summarise([("a", 0.5), ("b", None)]).counted == 1


def test_unknown_energies_stay_unknown() -> None:
    dram, *rest = CHIP.nodes
    chip = replace(CHIP, nodes=(replace(dram, read_energy=None), *rest))
    result = flexibility(chip, SUITE, objective="latency", shapes=False, workers=1)
    assert result.reference is None
    assert result.summary(ENERGY).geomean is None
    assert result.summary(THROUGHPUT).geomean is not None
    metrics = {metric.key: metric for metric in flexibility_metrics(result)}
    assert metrics["flexibility_energy"].value is None
    assert metrics["flexibility_energy"].missing == "energies of the chip"
    jsonschema.validate(result.to_dict(), _schema())
    assert render_sections("", flexibility_sections(result), width=80)


def test_short_figures(few: Flexibility) -> None:
    metrics = {metric.key: metric for metric in flexibility_metrics(few)}
    assert metrics["flexibility_running"].value == 0.8
    assert metrics["flexibility_throughput"].value == few.summary(THROUGHPUT).geomean
    note = "over 4 that run, mappings of least EDP; 0 with those that cannot run"
    assert metrics["flexibility_throughput"].note == note
    assert metrics["flexibility_energy_worst"].note == (few.summary(ENERGY).worst or ("",))[0]
    assert "flexibility_shapes" not in metrics
    assert flexibility_summary(few).startswith("4 of 5 workloads run. They keep ")


# The map


@pytest.mark.parametrize("objective", ["latency", "edp", "energy"])
def test_every_point_is_that_of_map_layer(small_map: Callable[..., Flexibility], objective: str) -> None:
    shapes = small_map(objective=objective, above=0.6).shapes
    assert shapes is not None
    direct: dict[object, tuple[float, float]] = {}
    for point in shapes.points:
        mapped = assay.map_layer(point.einsum, CHIP, objective=objective)
        direct[point.einsum] = (mapped.utilization, mapped.macs / (mapped.energy or 0))
        assert (point.utilization, point.macs_per_joule) == pytest.approx(direct[point.einsum])
        assert point.bound_by == mapped.bound_by
    most = max(efficiency for _, efficiency in direct.values())
    assert shapes.by_energy is (objective == "energy")
    for point in shapes.points:
        utilization, efficiency = direct[point.einsum]
        wanted = efficiency / most if objective == "energy" else utilization
        assert shapes.efficiency(point) == pytest.approx(wanted)
        assert shapes.is_above(point) is (wanted >= 0.6)
    assert shapes.share_above == sum(map(shapes.is_above, shapes.grid)) / 25


def test_shapes_of_the_map(small_map: Callable[..., Flexibility]) -> None:
    shapes = small_map().shapes
    assert shapes is not None
    base = {"N": 1, "G": 1, "M": 4, "C": 2, "P": 4, "Q": 4, "R": 2, "S": 2}
    for m in (1, 8):
        for c in (2, 3):
            assert shapes.at(m, c).einsum.extents == base | {"M": m, "C": c}
    found = {curve.key: [point.einsum.extents for point in curve.points] for curve in shapes.curves}
    assert found["R"] == [base | {"R": r, "S": r} for r in (1, 2, 3)]
    assert found["P"] == [base | {"P": p, "Q": p} for p in (1, 2, 4)]
    assert found["N"] == [base | {"N": n} for n in (1, 2)]
    assert found["fc"] == [base | {"N": n, "P": 1, "Q": 1, "R": 1, "S": 1} for n in (1, 2)]
    assert found["G"] == [base, base | {"G": 2, "M": 2, "C": 1}]


def test_the_base_keeps_its_stride_and_the_chips_words(small_map: Callable[..., Flexibility]) -> None:
    shapes = small_map(base="conv:M=4,C=4,P=4,Q=4,R=2,S=2,stride=2", chip="edge_45nm").shapes
    assert shapes is not None
    ifmap = shapes.grid[0].einsum.inputs[0]
    assert max(term.coefficient for rank in ifmap.ranks for term in rank.terms) == 2
    assert {point.einsum.output.bits for point in shapes.points} == {8}
    assert shapes.curves[-1].title.endswith("G = 4 is depthwise")


@pytest.mark.parametrize(
    ("objective", "title", "note"),
    [
        ("edp", "Shapes above 60 % of the peak throughput", "mappings of least EDP"),
        ("energy", "Shapes above 60 % of the best MACs per joule", "mappings of least energy"),
        ("latency", "Shapes above 60 % of the peak throughput", "mappings of least latency"),
    ],
)
def test_figures_name_their_measure(
    small_map: Callable[..., Flexibility], objective: str, title: str, note: str
) -> None:
    result = small_map(objective=objective, above=0.6)
    metrics = {metric.key: metric for metric in flexibility_metrics(result)}
    assert metrics["flexibility_shapes"].title == title
    assert note in metrics["flexibility_throughput"].note
    assert note in metrics["flexibility_energy"].note


def test_what_is_below_is_not_written_as_the_threshold(small_map: Callable[..., Flexibility]) -> None:
    shapes = small_map(objective="latency", above=0.5).shapes
    assert shapes is not None
    point = shapes.grid[0]
    texts = [share_text(shapes, replace(point, utilization=each)) for each in (0.4949, 0.496, 0.4999, 0.5, 0.504)]
    assert texts == ["49 %", "49.6 %", "49.99 %", "50 %", "50 %"]


VALUES = (1, 2, 3, 4)


@given(st.lists(st.booleans(), min_size=16, max_size=16))
def test_the_corner_is_the_largest(above: list[bool]) -> None:
    def at(m: int, c: int) -> bool:
        return above[(m - 1) * 4 + c - 1]

    def size(m: int, c: int) -> int:
        return (5 - m) * (5 - c) if all(at(i, j) for i in range(m, 5) for j in range(c, 5)) else 0

    corner = _corner(VALUES, at)
    best = max(size(m, c) for m in VALUES for c in VALUES)
    if corner is None:
        assert best == 0
    else:
        assert size(corner.m, corner.c) == best > 0
        assert all(m >= corner.m for m in VALUES for c in VALUES if size(m, c) == best)


def test_ranges_in_words(small_map: Callable[..., Flexibility]) -> None:
    shapes = small_map(objective="latency", above=1.0).shapes
    assert shapes is not None
    corner, efficiency = shapes.corner, {c.key: [shapes.efficiency(p) for p in c.points] for c in shapes.curves}
    first, *rest = range_sentences(shapes)
    assert corner is None or corner.m >= 4  # the array is four wide
    where = "in no corner of the map" if corner is None else f"for M >= {corner.m}"
    assert first.startswith(f"Around {SMALL_BASE}, it stays above 100 % of the peak throughput {where}")
    assert len(rest) == len(efficiency)
    lowest = small_map(objective="latency", above=1e-6).shapes
    assert lowest is not None
    assert lowest.corner == Corner(1, 1)
    assert "for every M and C; 100 % of the shapes" in range_sentences(lowest)[0]
    assert range_sentences(lowest)[1] == "Filter size R = S: above at every R from 1 to 3."


@pytest.mark.parametrize(
    ("shares", "text"),
    [
        ([0.2, 0.3, 0.6, 1], "above for P >= 3; 30 % at 2, 20 % at 1"),
        ([0.2, 0.6, 0.6, 1], "above for P >= 2; 20 % at 1"),
        ([1, 0.6, 0.4, 0.1], "above for P <= 2; 40 % at 3, 10 % at 4"),
        ([0.6, 0.4, 0.7, None], "below at P = 2 and 4, else above"),
        ([0.6, 0.6, 0.7, None], "above for P <= 3; no mapping at 4"),
        ([0.1, 0.4, 0.2, None], "above at no P; at most 40 %, at P = 2"),
        ([0.4, 0.496, 0.5, 1], "above for P >= 3; 49.6 % at 2, 40 % at 1"),
        ([0.1, 0.4999, 0.2, None], "above at no P; at most 49.99 %, at P = 2"),
        ([1, 1, 1, 1], "above at every P from 1 to 4"),
    ],
)
def test_one_direction_in_words(
    small_map: Callable[..., Flexibility], shares: Sequence[float | None], text: str
) -> None:
    shapes = small_map().shapes
    assert shapes is not None
    some = shapes.grid[0]
    failure = flexibility_search.Failure("too large")
    points = tuple(replace(some, utilization=s, failure=failure if s is None else None) for s in shares)
    curve = replace(shapes.curves[1], values=(1, 2, 3, 4), points=points)
    assert range_sentences(replace(shapes, curves=(curve,)))[1] == f"Output size P = Q, batch 1: {text}."


def test_shapes_without_a_mapping_are_nought(
    small_map: Callable[..., Flexibility], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flexibility_map, "CHANNELS", (1, 4))
    base = "conv:M=2,C=2,P=4,Q=4,R=13,S=13"
    result = small_map(chip="eyeriss", base=base)
    shapes = result.shapes
    assert shapes is not None
    assert all(shapes.efficiency(point) == 0 and point.failure for point in shapes.grid)
    assert shapes.corner is None
    assert "x" in render_sections("", flexibility_sections(result))
    jsonschema.validate(result.to_dict(), _schema())
    for picture in all_pictures(flexibility_sections(result)):
        assert picture_bytes(picture, "png")


# All together


def test_json_screen_and_pictures(small_map: Callable[..., Flexibility], few: Flexibility) -> None:
    for result in (small_map(), few):
        data = result.to_dict()
        jsonschema.validate(json.loads(json.dumps(data, allow_nan=False)), _schema())
        assert data["schema"] == SCHEMA == _schema()["$id"]
        sections = flexibility_sections(result)
        assert len({section.key for section in sections}) == len(sections)
        for width in (80, 120, None):
            text = render_sections(result.title, sections, width=width, summary=flexibility_summary(result))
            assert width is None or max(map(len, text.splitlines())) <= width
        assert all(picture_bytes(picture, "png") for picture in all_pictures(sections))


def test_one_process_or_two_make_no_difference() -> None:
    one = flexibility(CHIP, SUITE, shapes=False, workers=1)
    two = flexibility(CHIP, SUITE, shapes=False, workers=2)
    assert one.to_dict() == two.to_dict()


def test_each_different_layer_is_searched_once(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[object] = []
    real = flexibility_search.cached_best_mapping

    def search(einsum: Any, *rest: Any, **options: Any) -> Any:
        seen.append(einsum)
        return real(einsum, *rest, **options)

    monkeypatch.setattr(flexibility_search, "cached_best_mapping", search)
    suite = Suite("twice", (SuiteEntry("a", FC), SuiteEntry("b", FC), SuiteEntry("c", FC, bits=32)))
    flexibility(CHIP, suite, shapes=False, workers=1)
    assert len(seen) == 1  # and what cannot run for its width is not searched


def test_ctrl_c_loses_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ASSAY_CACHE", str(tmp_path))

    def broken_off(work: Callable[[Any], Any], jobs: Sequence[Any], *_: object) -> None:
        work(jobs[0])
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(flexibility_search, "run_jobs", broken_off)
        with pytest.raises(KeyboardInterrupt, match=r"1 of 4 different layers are done and kept; the same command"):
            flexibility(CHIP, SUITE, shapes=False)
    seen = []
    flexibility(CHIP, SUITE, shapes=False, workers=1, progress=seen.append)
    assert (seen[0].done, seen[0].cached, seen[-1].done, seen[-1].total) == (1, 1, 4, 4)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"objective": "speed"}, "unknown objective 'speed'"),
        ({"tiles": "round"}, "unknown tiles 'round'"),
        ({"above": 50}, "above is 50; it must be a share above 0, at most 1 (50 % is 0.5)"),
        ({"above": 0}, "above is 0;"),
        ({"above": math.nan}, "above is nan;"),
        ({"workers": 0}, "workers is 0; it must be a whole number of at least 1"),
        ({"batch": 0}, "batch is 0; it must be a whole number from 1 to 1,000,000"),
        ({"base": "alexnet:conv3"}, "the base layer is 'alexnet:conv3'; it must be a convolution, written out"),
        ({"base": "matmul:M=4,N=4,K=4"}, "it must be a convolution, written out"),
        ({"base": "conv:M=4"}, "conv needs C, P and Q"),
    ],
)
def test_bad_arguments(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as error:
        flexibility(CHIP, SUITE, **options)
    assert message in str(error.value)


def test_public_names() -> None:
    assert assay.flexibility is flexibility
