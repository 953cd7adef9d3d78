"""No text that somebody writes beside a figure changes what an audit finds: bounds and confidence are typed."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.errors import InputError
from assay.metrics.audit import Audit, audit
from assay.metrics.audit_figures import figures_of
from assay.metrics.audit_rules import Agreement
from assay.metrics.audit_scope import Known, multiply
from assay.metrics.claims import CHIP_FIGURES, CONFIDENCE_WORDS, RUN_FIGURES, Chip, Claim, Confidence
from assay.metrics.claims_reader import chip_names, load_chip, parse_chip
from assay.metrics.metric import Bound, Metric
from assay.metrics.normalise import node, normalised
from assay.metrics.requirements import Requirements
from assay.metrics.verdict import Outcome
from assay.report.audit import audit_sections, cell_text, why
from assay.report.pictures import picture_bytes
from assay.report.section import to_markdown_text
from assay.report.sheet import Cell
from tests.metrics.claims_sample import changed

PHRASES = (
    *("", "at most", "at least", "at_most", "up to", "about", "estimated", "not given", "recalled", "memory"),
    *CONFIDENCE_WORDS.values(),
    *("from recall, not verified", "contradicted by other claims", "the core alone", "Power", "core", "die", "chip"),
    *("board", "system", "CONV layers alone", "twice as much", "[= power * throughput]", "[= runtime", "a; at most; b"),
    *("measured", "simulated", "sparse", "†", "≤", *CHIP_FIGURES, *RUN_FIGURES),
)
TEXTS = st.sampled_from(PHRASES) | st.text(max_size=12)
ASKED = (
    None,
    Requirements(0.75, 0.033, 30, 0.5, 0.01, 20e-6),
    Requirements(0.9, 1e-6, 1e7, 1000, 1e-9, 1.0),
    Requirements(0.1, 10.0, 0.01, 1e-3, 10.0, 1e-7),
)


def with_texts(chip: Chip, text: Callable[[], str]) -> Chip:
    """The same claims with other words beside them."""

    def said(claim: Claim) -> Claim:
        return replace(claim, note=text(), source=text())

    runs = tuple(
        replace(run, note=text(), source=text(), figures={key: said(each) for key, each in run.figures.items()})
        for run in chip.runs
    )
    return replace(
        chip,
        source=text(),
        notes=(text(), text()),
        figures={key: said(each) for key, each in chip.figures.items()},
        peaks=tuple(map(said, chip.peaks)),
        efficiencies=tuple(map(said, chip.efficiencies)),
        runs=runs,
        flexibility=chip.flexibility and said(chip.flexibility),
        scalability=chip.scalability and said(chip.scalability),
    )


def found_of(chip: Chip, run: str | None, asked: Requirements | None) -> dict[str, Any]:
    """Everything that an audit finds, without the words that it passes on."""
    found = audit(chip, run=run, requirements=asked)
    data = found.to_dict()
    data["cautions"] = len(data["cautions"]) - bool(found.run and found.run.note)
    verdict = found.verdict
    data["verdict"] = verdict and {
        "viability": verdict.viability,
        "remarks": verdict.remarks,
        "judgements": [replace(each, metric=None) for each in verdict.judgements],
    }
    signs = [cell_text(metric) for group in found.groups for metric in group.metrics]
    scaled = normalised(chip, found.run, node("28nm")).to_dict()
    return {
        "data": _bare({key: value for key, value in data.items() if key not in ("notes", "chip")}),
        "signs": signs,
        "scaled": _bare(scaled),
    }


def _bare(data: Any) -> Any:
    """Without the texts that are passed on."""
    if isinstance(data, dict):
        return {key: _bare(each) for key, each in data.items() if key not in ("note", "source")}
    return [_bare(each) for each in data] if isinstance(data, list) else data


@lru_cache
def before(name: str, run: str | None, asked: Requirements | None) -> dict[str, Any]:
    return found_of(with_texts(load_chip(name), str), run, asked)


@settings(max_examples=60, deadline=None)
@given(name=st.sampled_from(chip_names()), asked=st.sampled_from(ASKED), data=st.data())
def test_no_note_and_no_source_changes_what_is_found(
    name: str, asked: Requirements | None, data: st.DataObject
) -> None:
    chip = load_chip(name)
    run = data.draw(st.sampled_from([None, *(each.name for each in chip.runs)]))
    texts = data.draw(st.lists(TEXTS, min_size=1, max_size=20))
    place = iter(range(10**6))
    other = with_texts(chip, lambda: texts[next(place) % len(texts)])
    assert found_of(other, run, asked) == before(name, run, asked)


@pytest.mark.parametrize("note", ["at most", "at least", "from recall, not verified"])
def test_a_note_is_shown_as_it_is(note: str) -> None:
    found = audit(parse_chip(changed(("power: 500 mW", f"power: {{value: 500 mW, note: '{note}'}}"))))
    power = metric(found, "power")
    assert (power.note, cell_text(power)) == (f"chip; {note}", "500 mW")
    assert not found.from_memory
    verdict = audit(found.chip, requirements=Requirements(max_power=0.4)).verdict
    assert verdict is not None
    assert verdict.judgements[0].outcome is Outcome.FAILED


def metric(found: Audit, key: str) -> Metric:
    return next(each for group in found.groups for each in group.metrics if each.key == key)


# ----- bounds


def bounded(figure: str, bound: str) -> Audit:
    key = figure.partition(":")[0]
    value = figure.partition(": ")[2]
    return audit(parse_chip(changed((f"    {figure}\n", f"    {key}: {{value: {value}, bound: {bound}}}\n"))))


@pytest.mark.parametrize(("bound", "sign", "other"), [("at_most", "≤", "≥"), ("at_least", "≥", "≤")])
def test_a_bound_stays_one_in_what_follows(bound: str, sign: str, other: str) -> None:
    text = changed(
        ("    power: 500 mW\n", f"    power: {{value: 500 mW, bound: {bound}}}\n"),
        ("    energy: 5.00 mJ\n", ""),
        ("    inferences_per_joule: 200.0 inferences/J\n", ""),
        ("    efficiency: 289.8 GOPS/W\n", ""),
    )
    found = audit(parse_chip(text))
    assert cell_text(metric(found, "power")) == f"{sign} 500 mW"
    assert cell_text(metric(found, "energy")) == f"{sign} 5 mJ"
    assert cell_text(metric(found, "inferences_per_joule")) == f"{other} 200 inferences/J"
    assert cell_text(metric(found, "efficiency")).startswith(f"{other} ")
    assert f"a bound: {bound.replace('_', ' ')}" in why(metric(found, "energy"))
    assert {each["bound"] for group in found.to_dict()["figures"] for each in group["metrics"]} == {
        *(None, "at_most", "at_least")
    }
    scaled = {each.key: each for each in normalised(found.chip, found.run, node("65nm")).metrics}
    assert cell_text(scaled["scaled_energy"]).startswith(sign)
    assert cell_text(scaled["scaled_area"])[0].isdigit()


def test_of_two_opposite_bounds_nothing_follows() -> None:
    text = changed(
        ("    power: 500 mW\n", "    power: {value: 500 mW, bound: at_most}\n"),
        ("    throughput: 100.0 inferences/s\n", "    throughput: {value: 100.0 inferences/s, bound: at_most}\n"),
        ("    energy: 5.00 mJ\n", ""),
        ("    inferences_per_joule: 200.0 inferences/J\n", ""),
        ("    efficiency: 289.8 GOPS/W\n", ""),
        ("    performance: 72.44 GMAC/s\n", ""),
    )
    found = audit(parse_chip(text))
    assert metric(found, "energy").value is None
    assert metric(found, "energy").missing == "no energy per inference is given"
    per_area = audit(
        parse_chip(
            changed(
                ("core_area: 5.12 mm2", "core_area: {value: 5.12 mm2, bound: at_most}"),
                ("throughput: 100.0 inferences/s", "throughput: {value: 100.0 inferences/s, bound: at_most}"),
            )
        )
    )
    assert metric(per_area, "throughput_per_area").missing == "the throughput and the area are both bounds"


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        (("power: 900 mW", "bound: at_most"), Agreement.CONSISTENT),
        (("power: 400 mW", "bound: at_most"), Agreement.CONTRADICTS),
        (("power: 400 mW", "bound: at_least"), Agreement.CONSISTENT),
        (("power: 900 mW", "bound: at_least"), Agreement.CONTRADICTS),
    ],
)
def test_a_bound_contradicts_on_one_side_alone(changes: tuple[str, str], outcome: Agreement) -> None:
    value, bound = changes
    text = changed(("power: 500 mW", f"power: {{value: {value.partition(': ')[2]}, {bound}}}"))
    found = audit(parse_chip(text))
    (check,) = [each for each in found.checks if each.rule.key == "energy"]
    assert check.outcome is outcome
    for each in found.contradictions:
        assert not each.remark  # half of a bound is no MAC taken for an operation


def test_bounds_that_are_open_to_the_same_side_are_no_check() -> None:
    text = changed(
        ("    power: 500 mW\n", "    power: {value: 1 mW, bound: at_least}\n"),
        ("    energy: 5.00 mJ\n", "    energy: {value: 5.00 mJ, bound: at_least}\n"),
        ("  tdp: 1.00 W\n", "  tdp: {value: 1 uW, bound: at_least}\n"),
    )
    found = {each.rule.key: each for each in audit(parse_chip(text)).checks}
    for key in ("energy", "tdp"):
        assert found[key].outcome is Agreement.UNCHECKED
        assert found[key].remark == "bounds that are open to the same side cannot contradict each other"
    assert found["inferences_per_joule"].outcome is Agreement.CONSISTENT


def test_a_claim_beside_bounds_to_both_sides_is_no_check() -> None:
    text = changed(
        ("    power: 500 mW\n", "    power: {value: 1 mW, bound: at_most}\n"),
        ("    throughput: 100.0 inferences/s\n", "    throughput: {value: 1 inferences/s, bound: at_most}\n"),
    )
    (check,) = [each for each in audit(parse_chip(text)).checks if each.rule.key == "energy"]
    assert check.outcome is Agreement.UNCHECKED


@given(
    st.lists(
        st.tuples(st.floats(0.1, 10), st.sampled_from([None, *Bound]), st.sampled_from([1, -1])), min_size=1, max_size=4
    ),
    st.data(),
)
def test_a_product_of_bounds_holds_for_all_that_they_allow(
    factors: list[tuple[float, Bound | None, int]], data: st.DataObject
) -> None:
    """Whatever the true values are within the bounds, their product is within that of the product."""
    parts, truth = [], 1.0
    for value, bound, power in factors:
        low = 0.0 if bound is Bound.AT_MOST else value
        high = float("inf") if bound is Bound.AT_LEAST else value
        bounds = frozenset({bound} if bound else ())
        parts.append((Known("power", value, low, high, "W", "", None, bounds=bounds), power))
        less, more = (0.01 * value if low == 0 else value), (100 * value if high > value else value)
        truth *= data.draw(st.floats(less, more)) ** power
    found = multiply("power", "", parts)
    assert found.low <= truth * (1 + 1e-9)
    assert truth <= found.high * (1 + 1e-9)
    if found.bounds == {Bound.AT_MOST}:
        assert truth <= found.value * (1 + 1e-9)
        assert found.low == 0
    elif found.bounds == {Bound.AT_LEAST}:
        assert truth >= found.value * (1 - 1e-9)
        assert found.high == float("inf")
    elif not found.bounds:
        assert truth == pytest.approx(found.value)


def test_a_bound_of_a_percentage_ends_at_all_of_it() -> None:
    claim = parse_chip(changed(("56.6 %", "{value: 56.6 %, bound: at_least}"))).runs[0].figures["utilization"]
    assert (claim.low, claim.high, claim.bound) == (pytest.approx(0.5655), 1.0, Bound.AT_LEAST)
    count = parse_chip(changed(("active_pes: 200", "active_pes: {value: 200, bound: at_least}")))
    assert (count.runs[0].figures["active_pes"].low, count.runs[0].figures["active_pes"].high) == (200, float("inf"))


@pytest.mark.parametrize(
    ("bound", "asked", "expected"),
    [
        ("at_most", Requirements(max_power=0.6), Outcome.UNKNOWN),  # a part meets it, and it is a bound
        ("at_most", Requirements(max_power=0.4), Outcome.UNKNOWN),
        ("at_least", Requirements(max_power=0.6), Outcome.UNKNOWN),
        ("at_least", Requirements(max_power=0.4), Outcome.FAILED),
    ],
)
def test_bounds_and_parts_in_a_verdict(bound: str, asked: Requirements, expected: Outcome) -> None:
    chip = bounded("power: 500 mW", bound).chip
    verdict = audit(chip, requirements=asked).verdict
    assert verdict is not None
    assert verdict.judgements[0].outcome is expected
    if expected is Outcome.FAILED:
        assert verdict.judgements[0].sentence.startswith("Power ≥ 500 mW, at most 400 mW: failed")
        assert verdict.to_dict()["questions"][2]["requirements"][0]["bound"] == "at_least"


def test_a_lower_bound_of_the_tdp_bounds_no_power() -> None:
    text = "assay: chip/1\nname: a\nchip: {tdp: {value: 1 W, bound: at_least}}\n"
    verdict = audit(parse_chip(text), requirements=Requirements(max_power=2.0)).verdict
    assert verdict is not None
    assert verdict.judgements[0].missing == "no power is given"


# ----- what the peak allows


FAST = """\
assay: chip/1
name: fast
chip: {multipliers: 100, clock: 100 MHz}
runs:
  - {network: alexnet, layers: all, batch: 1, power: 1 W}
"""
"""10 GMAC/s, and 724.4 MMAC per inference: at most 13.8 inferences/s, and at least 72.4 ms."""


@pytest.mark.parametrize(
    ("asked", "outcome"),
    [
        (Requirements(min_throughput=14.0), Outcome.FAILED),
        (Requirements(min_throughput=13.0), Outcome.UNKNOWN),
        (Requirements(max_latency=0.07), Outcome.FAILED),
        (Requirements(max_latency=0.08), Outcome.UNKNOWN),
    ],
)
def test_a_speed_that_is_not_given_is_bounded_by_the_peak(asked: Requirements, outcome: Outcome) -> None:
    def judged(text: str) -> Outcome:
        verdict = audit(parse_chip(text), requirements=asked).verdict
        assert verdict is not None
        return verdict.judgements[0].outcome

    assert judged(FAST) is outcome
    assert judged(FAST + "zeros: skipped\n") is Outcome.UNKNOWN
    assert judged(FAST.replace("100 MHz}", "100 MHz, peak: {value: 90 GOPS, sparse: true}}")) is Outcome.UNKNOWN
    assert judged(FAST.replace("alexnet,", "theirs,")) is Outcome.UNKNOWN


def test_what_the_peak_allows_is_named() -> None:
    verdict = audit(parse_chip(FAST), requirements=Requirements(min_throughput=13.0, max_latency=0.08)).verdict
    assert verdict is not None
    assert [each.missing for each in verdict.judgements] == [
        "only a lower bound of 72.1 ms is given: latency at the peak",
        "only an upper bound of 13.9 inferences/s is given: throughput at the peak",
    ]


# ----- confidence


@pytest.mark.parametrize("confidence", list(Confidence))
def test_what_follows_is_as_trustworthy_as_the_worst_of_it(confidence: Confidence) -> None:
    text = changed(
        ("power: 500 mW", f"power: {{value: 500 mW, confidence: {confidence}}}"), ("    energy: 5.00 mJ\n", "")
    )
    found = audit(parse_chip(text))
    assert found.from_memory is (confidence is Confidence.MEMORY)
    ours = {each.key: each for group in figures_of(found.chip, found.run) for each in group.metrics}
    assert ours["energy"].to_dict()["confidence"] == confidence
    assert ours["throughput"].to_dict()["confidence"] == "seen"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            ("power: 500 mW", "power: {value: 500 mW, bound: atmost}"),
            "chip.yaml:42:35: bound: unknown 'atmost'\n  hint: did you mean 'at_most'? (allowed: at_most, at_least)",
        ),
        (
            ("power: 500 mW", "power: {value: 500 mW, at_most: true}"),
            "chip.yaml:42:28: unknown key 'at_most' in power\n"
            "  hint: allowed: value, source, note, confidence, basis, tolerance, bound",
        ),
        (
            ("process: 28 nm", "process: {value: 28 nm, bound: at_most}"),
            "chip.yaml:8:34: bound: text has none\n  hint: leave it out, or say it in 'note'",
        ),
        (
            ("process: 28 nm", "process: {value: 28 nm, tolerance: 5 %}"),
            "chip.yaml:8:38: tolerance: text has none\n  hint: leave it out, or say it in 'note'",
        ),
    ],
)
def test_a_bound_that_is_none_is_refused(change: tuple[str, str], message: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_chip(changed(change), "chip.yaml")
    assert str(caught.value) == message


# ----- bounds in reports

OPEN = changed(
    ("power: 500 mW", "power: {value: 900 mW, bound: at_least}"),
    ("throughput: 100.0 inferences/s", "throughput: {value: 100.0 inferences/s, bound: at_most}"),
)


def test_a_bound_is_shown_as_one_in_the_checks() -> None:
    sections = audit_sections(audit(parse_chip(OPEN)))
    sheet = next(each for section in sections for each in section.sheets if each.key == "checks")
    rows = [[each.text if isinstance(each, Cell) else each for each in row] for row in sheet.rows]
    sides = {row[1].partition(":")[0]: row[2:4] for row in rows}
    assert sides["Energy against power and throughput"] == ["5.00 mJ", "≥ 9 mJ"]
    assert sides["Throughput against batch and runtime"] == ["≤ 100.0 inferences/s", "100 inferences/s"]
    assert sides["Power within the TDP"] == ["≥ 900 mW", "at most 1 W"]
    text = to_markdown_text(sections) + "".join(
        cell.why for row in sheet.rows for cell in row if isinstance(cell, Cell)
    )
    assert "claimed: 899.5 mW or more" in text
    assert "claimed: 100.05 inferences/s or less" in text
    assert not re.search(r"\binf\b", text)


@pytest.mark.parametrize("text", [OPEN, changed(("power: 500 mW", "power: {value: 900 mW, bound: at_most}"))])
def test_a_bound_can_be_drawn(text: str) -> None:
    pytest.importorskip("matplotlib")
    (picture,) = [each for section in audit_sections(audit(parse_chip(text))) for each in section.pictures]
    assert picture_bytes(picture, "svg")
