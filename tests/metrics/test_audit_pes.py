"""Checks of the peak and the utilisation where PEs are claimed and multipliers are not."""

from __future__ import annotations

import json
from importlib.resources import files

import jsonschema
import pytest

from assay.metrics.audit import audit
from assay.metrics.audit_rules import Agreement, Check
from assay.metrics.claims_reader import parse_chip
from assay.report.audit import audit_sections
from assay.report.section import to_markdown_text
from tests.metrics.claims_sample import changed

SCHEMA = json.loads((files("assay") / "data" / "schema" / "audit-1.json").read_text(encoding="utf-8"))
PES = "assay: chip/1\nname: a\nchip: {{pes: 100, clock: {clock}, peak: {peak}}}\n"
RUN = (
    "assay: chip/1\nname: a\nchip: {{pes: 100, clock: 1.00 GHz}}\n"
    "runs: [{{network: a, active_pes: 50, performance: {performance}, utilization: {utilization}}}]\n"
)
ASSUMED = "one MAC per PE and cycle assumed"
DOUBLED = "twice as much, within the digits: were operations counted as MACs? 1 MAC is 2 operations"
HALVED = "half as much, within the digits: were MACs counted as operations? 1 MAC is 2 operations"


def checks(text: str) -> dict[str, Check]:
    return {check.rule.key: check for check in audit(parse_chip(text)).checks}


@pytest.mark.parametrize(
    ("peak", "clock", "outcome", "remark"),
    [
        ("10 TOPS", "1 GHz", Agreement.CONTRADICTS, f"{ASSUMED}: it would take 50 MACs per PE"),
        ("10.0 TOPS", "1.00 GHz", Agreement.CONTRADICTS, f"{ASSUMED}: it would take 50 MACs per PE"),
        ("200 GOPS", "1.00 GHz", Agreement.CONSISTENT, ASSUMED),
        ("400 GOPS", "1.00 GHz", Agreement.CONSISTENT, f"2 MACs per PE; with one it is {DOUBLED}"),
        ("800 GOPS", "1 GHz", Agreement.CONSISTENT, "4 MACs per PE"),
        ("3.20 TOPS", "1.00 GHz", Agreement.CONSISTENT, "16 MACs per PE"),
        ("600 GOPS", "1.00 GHz", Agreement.CONTRADICTS, f"{ASSUMED}: it would take 3 MACs per PE"),
        ("100 GOPS", "1.00 GHz", Agreement.CONTRADICTS, f"{ASSUMED}: it would take 0.5 MACs per PE; {HALVED}"),
        ("40.0 GOPS", "1.00 GHz", Agreement.CONTRADICTS, f"{ASSUMED}: it would take 0.2 MACs per PE"),
    ],
)
def test_a_peak_is_held_against_pes_and_clock(peak: str, clock: str, outcome: Agreement, remark: str) -> None:
    found = audit(parse_chip(PES.format(peak=peak, clock=clock)))
    (check,) = found.checks
    assert (check.rule.key, check.outcome, check.remark) == ("peak", outcome, remark)
    assert check.claims == {"peak", "pes", "clock"}
    assumed = {each.name: each for each in check.operands}["MACs per PE and cycle"]
    assert assumed.source == "assumed, as no multipliers are given"
    jsonschema.validate(found.to_dict(), SCHEMA)
    assert remark in to_markdown_text(audit_sections(found, short=True)) or outcome is Agreement.CONSISTENT
    assert remark in to_markdown_text(audit_sections(found))


def test_what_the_assumption_says() -> None:
    (check,) = audit(parse_chip(PES.format(peak="800 GOPS", clock="1.00 GHz"))).checks
    assert [(each.name, each.value) for each in check.operands] == [
        ("multipliers", 400.0),
        ("clock", 1e9),
        ("MACs per PE and cycle", 4),
    ]
    assert check.operands[0].source.endswith("[= pes * 4, as assumed]")
    assert check.factor == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("performance", "utilization", "expected"),
    [
        ("50.0 GMAC/s", "50.0 %", (ASSUMED, ASSUMED)),
        ("100 GMAC/s", "25.0 %", (ASSUMED, "4 MACs per PE")),
        ("180 GMAC/s", "45.0 %", ("at least 2 MACs per PE", "4 MACs per PE")),
        ("5.00 TMAC/s", "100 %", (f"{ASSUMED}: it would take at least 50 MACs per PE",
                                  f"{ASSUMED}: it would take 50 MACs per PE")),
    ],
)  # fmt: skip
def test_performance_and_utilisation_are_held_against_pes_and_clock(
    performance: str, utilization: str, expected: tuple[str, str]
) -> None:
    found = checks(RUN.format(performance=performance, utilization=utilization))
    assert (found["peak_bound"].remark, found["utilization"].remark) == expected
    for key, remark in zip(("peak_bound", "utilization"), expected, strict=True):
        assert (found[key].outcome is Agreement.CONTRADICTS) is (": it would" in remark)


def test_claimed_utilisation_within_active_pes_needs_no_assumption() -> None:
    found = checks(RUN.format(performance="50.0 GMAC/s", utilization="50.0 %"))["active_utilization"]
    assert (found.outcome, found.remark) == (Agreement.CONSISTENT, "")


def test_claimed_multipliers_and_peaks_need_no_assumption() -> None:
    both = changed(("multipliers: 256", "multipliers: 512"), ("  pes: 256", "  pes: 128"))
    assert not any("per PE" in each.remark for each in audit(parse_chip(both)).checks)
    peak_alone = changed(("  multipliers: 256\n", ""))
    marked = {each.rule.key for each in audit(parse_chip(peak_alone)).checks if "per PE" in each.remark}
    assert marked == {"peak"}  # the peak that the run is held against is claimed


def test_peaks_of_other_operands_are_not_held_against_the_pes() -> None:
    for peak in ("{value: 10 TOPS, bits: 8, sparse: true}", "[{value: 10 TOPS, bits: 8}, {value: 5 TOPS, bits: 16}]"):
        found = audit(parse_chip(PES.format(peak=peak, clock="1 GHz"))).checks
        assert {each.outcome for each in found} == {Agreement.UNCHECKED}, peak


def test_a_missing_clock_is_what_is_missed() -> None:
    (check,) = audit(parse_chip("assay: chip/1\nname: a\nchip: {pes: 100, peak: 10 TOPS}\n")).checks
    assert (check.outcome, check.remark) == (Agreement.UNCHECKED, "not given: clock")
