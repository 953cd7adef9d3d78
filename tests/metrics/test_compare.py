"""Chips side by side, and figures brought to one process."""

from __future__ import annotations

import json
from importlib.resources import files

import jsonschema
import pytest

from assay.components.technology import Technology, scaling
from assay.errors import InputError
from assay.metrics.audit import audit
from assay.metrics.audit_rules import precision
from assay.metrics.claims_reader import chip_names, load_chip, parse_chip
from assay.metrics.compare import Comparison, RowGroup, compare
from assay.metrics.metric import Basis, Metric
from assay.metrics.normalise import node, normalised, technology_of, widths
from assay.metrics.requirements import Requirements
from assay.report.audit import audit_sections, cell_text
from assay.report.compare import compare_sections
from assay.report.section import all_sheets, render_sections, to_markdown_text
from assay.report.sheet import to_latex
from tests.metrics.claims_sample import CHIP, changed

SCHEMA = json.loads((files("assay") / "data" / "schema" / "compare-1.json").read_text(encoding="utf-8"))


def block(found: Comparison, key: str) -> RowGroup:
    return next(each for each in found.groups if each.key == key)


def row(found: Comparison, group: str, key: str) -> list[Metric | None]:
    (metrics,) = [list(each.metrics) for each in block(found, group).rows if each.key == key]
    return metrics


def value(metric: Metric | None) -> object:
    return None if metric is None else metric.value


def test_the_order_is_that_of_the_article() -> None:
    found = compare(["eyeriss", "eyeriss_v2", "tpu_v1"])
    assert [each.key for each in found.groups] == [
        *("accuracy", "throughput", "energy", "cost", "flexibility", "scalability", "setup", "operations")
    ]
    assert block(found, "operations").rows[-1].key == "efficiency"
    for each in found.groups:
        for line in each.rows:
            assert len(line.metrics) == 3


def test_every_figure_stands_under_its_chip() -> None:
    found = compare(["eyeriss", "nvdla_2048", "tpu_v1"])
    assert [value(each) for each in row(found, "cost", "multipliers")] == [168, 2048, 65536]
    assert [value(each) for each in row(found, "throughput", "throughput")] == [34.7, 269, None]
    assert found.labels == ("Eyeriss v1", "NVDLA 2048", "Google TPU v1")


def test_a_bound_is_shown_as_one() -> None:
    area = row(compare(["eyeriss", "tpu_v1"]), "cost", "area")
    assert [cell_text(each) for each in area] == ["12.25 mm2", "≤ 331 mm2"]


def test_peaks_stand_by_precision() -> None:
    found = compare(["eyeriss", "a100", "h100"])
    peaks = {line.title: [value(each) for each in line.metrics] for line in block(found, "operations").rows}
    assert peaks["Peak, INT8"] == [None, 624e12, 1513e12]
    assert peaks["Peak, INT8, sparse"] == [None, 1248e12, None]
    assert peaks["Peak, 16 b"] == [67.2e9, None, None]


def test_runs_of_one_chip_beside_each_other() -> None:
    found = compare(["eyeriss:alexnet", "eyeriss:vgg16"])
    assert found.labels == ("Eyeriss v1: alexnet", "Eyeriss v1: vgg16")
    assert [value(each) for each in row(found, "throughput", "batch")] == [4, 3]


def test_what_makes_chips_hard_to_compare_is_said() -> None:
    text = " ".join(compare(["eyeriss", "eyeriss_v2"]).cautions)
    for words in ("different networks", "different precisions (16, 8)", "obtained differently (measured, simulated"):
        assert words in text
    assert compare([parse_chip(CHIP), parse_chip(changed(("name: sample", "name: other")))]).cautions == ()


@pytest.mark.parametrize(
    ("chips", "message"),
    [
        (["eyeriss"], "a comparison needs 2 to 12 chips; 1 is named"),
        (["eyeriss", "eyeriss"], "eyeriss is named twice"),
        (["eyeriss", "eyeriss:alexnet"], "eyeriss is named twice with the same run"),
        (["eyeriss", "eyeriss:none"], "eyeriss has no run 'none'"),
        (["eyeriss", "alexnet"], "there is no built-in chip 'alexnet'"),
    ],
)
def test_what_cannot_be_compared(chips: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        compare(chips)


def test_json_follows_its_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    found = compare(chip_names()[:12], target=node("28 nm"), requirements=Requirements(max_power=1.0))
    jsonschema.validate(json.loads(json.dumps(found.to_dict(), allow_nan=False)), SCHEMA)


NINE = ["eyeriss", "eyeriss_v2", "tpu_v1", "nvdla_2048", "isaac", "v100", "a100", "h100", "jetson_orin"]


@pytest.mark.parametrize(("width", "tables"), [(80, 3), (120, 2), (200, 1)])
def test_no_chip_is_left_out_of_the_screen(width: int, tables: int) -> None:
    found = compare(NINE)
    sections = compare_sections(found, width)
    overview = sections[0].sheets
    assert len(overview) == tables
    assert [column.title for sheet in overview for column in sheet.columns[1:]] == list(found.labels)
    text = render_sections("nine", sections, width=width)
    assert "Left out" not in text
    assert max(len(line) for line in text.splitlines()) <= width


def test_what_is_met_in_part_is_marked() -> None:
    asked = Requirements(max_power=1000)
    found = compare_sections(compare(["h100", "eyeriss"], requirements=asked))
    (sheet,) = found[0].sheets
    rows = {cells[0]: [each if isinstance(each, str) else each.text for each in cells[1:]] for cells in sheet.rows}
    assert rows["Verdict"] == ["viable*", "unknown"]
    assert rows["Power"] == ["met*", "unknown"]  # a bound; a chip without its memory
    assert sheet.notes[0].startswith("* As far as these figures reach")


def test_no_chip_is_beyond_the_page() -> None:
    sheets = all_sheets(compare_sections(compare(NINE)))
    assert max(len(sheet.columns) for sheet in sheets) <= 6
    assert len({sheet.key for sheet in sheets}) == len(sheets)


def test_tables_say_what_their_signs_mean_in_every_form() -> None:
    compared = compare_sections(compare(["eyeriss_v2", "tpu_v1"]))
    for sections in (compared, audit_sections(audit("eyeriss_v2"))):
        latex = "\n".join(to_latex(each) for each in all_sheets(sections))
        for text in (to_markdown_text(sections), latex):
            assert "from recall, not verified" in text.lower()
    assert "The chips ran different networks" in to_markdown_text(compared)
    assert "the off-chip memory comes on top" in to_markdown_text(audit_sections(audit("eyeriss")))


def test_a_peak_that_follows_stands_under_its_precision() -> None:
    found = compare(["nvdla_2048", "tpu_v1"])
    peaks = {line.title: [value(each) for each in line.metrics] for line in block(found, "operations").rows}
    assert peaks["Peak, 8 b"] == [4.096e12, 92e12]


# ----- normalisation


def scaled(text: str, target: str) -> dict[str, Metric]:
    chip = parse_chip(text)
    return {metric.key: metric for metric in normalised(chip, chip.run(), node(target)).metrics}


def test_figures_scale_by_the_factors_of_the_technology() -> None:
    start, end = Technology.of(28, 0.9), Technology.of(65)
    factors = scaling(start, end)
    found = scaled(CHIP, "65 nm")
    assert found["scaled_energy"].value == pytest.approx(5e-3 * factors.energy)
    assert found["scaled_latency"].value == pytest.approx(0.02 * factors.delay)
    assert found["scaled_throughput"].value == pytest.approx(100 / factors.delay)
    assert found["scaled_power"].value == pytest.approx(0.5 * factors.energy / factors.delay)
    assert found["scaled_area"].value == pytest.approx(5.12e-6 * factors.area)
    assert found["scaled_spread"].value == factors.spread > 1
    for key, metric in found.items():
        assert metric.basis is Basis.ESTIMATED, key
        assert "Stillmaker" in metric.source
    assert "within a factor of" in found["scaled_energy"].note


def test_power_stays_energy_times_throughput() -> None:
    found = scaled(CHIP, "7 nm")
    watts, joules, rate = (found[f"scaled_{key}"].value for key in ("power", "energy", "throughput"))
    assert isinstance(joules, float)
    assert isinstance(rate, float)
    assert watts == pytest.approx(joules * rate)


def test_a_chip_scaled_by_hand() -> None:
    """Eyeriss from 65 nm, 1.0 V to 16 nm, 0.85 V: polynomials and table of Stillmaker and Baas by hand."""
    chip = load_chip("eyeriss")
    found = {metric.key: metric.value for metric in normalised(chip, chip.run(), node("16nm")).metrics}
    energy = (0.2958 * 0.85**2 - 0.1241 * 0.85 + 0.03024) / (3.755 - 4.398 + 1.975)
    delay = (24.8 * 0.85**2 - 47.52 * 0.85 + 28.87) / (-53.3 + 230.4 - 333.9 + 178.6)
    assert found["scaled_energy"] == pytest.approx(0.278 / 34.7 * energy)
    assert found["scaled_latency"] == pytest.approx(0.1153 * delay)
    assert found["scaled_power"] == pytest.approx(0.278 * energy / delay)
    assert found["scaled_area"] == pytest.approx(12.25e-6 * 0.13, rel=0.04)  # 0.13 is printed; ours is 0.19 / 1.5


def test_the_same_process_changes_nothing() -> None:
    found = scaled(CHIP, "28 nm, 0.9 V")
    assert found["scaled_area"].value == 5.12e-6
    assert found["scaled_energy"].value == 5e-3


def test_what_is_outside_of_the_chip_does_not_scale() -> None:
    found = scaled(changed(("scope: chip", "scope: board")), "7 nm")
    assert found["scaled_energy"].value is None
    assert found["scaled_energy"].missing == "the power is that of board"
    assert found["scaled_area"].value is not None


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (("  process: 28 nm\n", ""), "process not given"),
        (("process: 28 nm", "process: TSMC 4N"), "names no node"),
        (("process: 28 nm", "process: 5 nm"), "not covered"),
    ],
)
def test_a_process_that_is_not_known_is_no_guess(change: tuple[str, str], reason: str) -> None:
    found = scaled(changed(change), "28 nm")
    for metric in found.values():
        assert metric.value is None
        assert reason in metric.missing


def test_a_supply_that_is_not_given_is_said() -> None:
    chip = parse_chip(changed(("  voltage: 0.9 V\n", "")))
    technology, remark = technology_of(chip, chip.run())
    assert technology == Technology.of(28)
    assert "supply not given" in remark


def test_what_is_no_node() -> None:
    with pytest.raises(InputError, match="--normalise: technology 'soon' names no node"):
        node("soon")


def test_widths_count_products_of_bits() -> None:
    found = widths(load_chip("a100"))
    assert [each.precision for each in found] == ["FP16", "INT8", "INT8, sparse"]
    assert found[0].bit_products == 156e12 * 256
    assert precision(load_chip("simba").peaks[0]) == "precision not given"
    assert widths(load_chip("simba"))[0].bit_products is None
