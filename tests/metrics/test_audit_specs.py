"""What must be reported is the same for every chip; what is left out is missed, and what cannot be there is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.metrics.audit import Audit, audit
from assay.metrics.audit_specs import SPECIFICATIONS, Status
from assay.metrics.claims_reader import chip_names, parse_chip
from tests.metrics.claims_sample import CHIP, changed


def missing(found: Audit) -> set[str]:
    return {each.asked.key for each in found.found(Status.MISSING)}


def exempt(found: Audit) -> dict[str, str]:
    return {each.asked.key: each.why for each in found.found(Status.EXEMPT)}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ((("    accuracy: 80.0 %\n", ""),), {"accuracy"}),
        ((("    dataset: ImageNet\n", ""),), {"dataset"}),
        ((("    activation_bits: 8\n", ""),), {"precision"}),
        ((("    batch: 2\n", ""), ("    latency: 20.00 ms\n", "")), {"batch"}),
        ((("    offchip_traffic: 10.00 MB\n", ""),), {"offchip"}),
        ((("    offchip_traffic: 10.00 MB\n", ""), ("scope: chip", "scope: board")), set()),
        ((("  clock: 500 MHz\n", ""),), {"clock"}),
        ((("    scope: chip\n", ""),), {"scope"}),
        ((("  process: 28 nm\n", ""),), {"process"}),
        ((("  core_area: 5.12 mm2\n", ""), ("  die_area: 6.40 mm2\n", "")), {"area"}),
        ((("  onchip_memory: 512 kB\n", ""),), {"onchip_memory"}),
        ((("  offchip_bandwidth: 2.00 GB/s\n", ""),), {"offchip_bandwidth"}),
        ((("    layers: all\n", ""),), {"layers"}),
        ((("    images_tested: 100\n", ""),), {"images"}),
        ((("    basis: measured\n", ""),), {"basis", "corner"}),
        ((("    basis: measured\n", "    basis: after layout\n"),), {"corner"}),
        ((("flexibility: AlexNet alone was tried\n", ""),), {"networks"}),
        ((("scalability: {value: to 1024 PEs, note: simulated}\n", ""),), {"scaling"}),
    ],
)
def test_what_is_left_out_is_missed(changes: tuple[tuple[str, str], ...], expected: set[str]) -> None:
    found = audit(parse_chip(changed(*changes)))
    assert missing(found) == expected
    for each in found.found(Status.MISSING):
        assert "section" in each.source
        assert each.why == each.asked.without
        assert each.why.endswith(".")


UNTOLD = "    offchip_traffic: 10.00 MB\n"
BASIS = "    basis: measured\n"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ((), {"corner": "the figures are measured, not simulated"}),
        (((BASIS, "    basis: calculated\n"),), {"corner": "the figures are calculated, not simulated"}),
        (((BASIS, "    basis: simulated\n"),), {}),
        (((BASIS, ""),), {}),
        (
            ((UNTOLD, "    corner: worst\n"), ("scope: chip", "scope: system")),
            {"offchip": "the power is that of the system, and has it in it"},
        ),
        (
            ((UNTOLD, "    corner: worst\n"), ("scope: chip", "scope: chip and off-chip memory")),
            {"offchip": "the power is that of the chip and off-chip memory, and has it in it"},
        ),
        ((("scope: chip", "scope: system\n    corner: worst"),), {}),
    ],
)
def test_what_cannot_be_reported_does_not_apply_and_says_why(
    changes: tuple[tuple[str, str], ...], expected: dict[str, str]
) -> None:
    assert exempt(audit(parse_chip(changed(*changes)))) == expected


def test_a_scope_without_a_power_exempts_from_nothing() -> None:
    text = "assay: chip/1\nname: a\nruns: [{network: alexnet, throughput: 3 fps, scope: system}]\n"
    found = audit(parse_chip(text))
    assert {"scope", "offchip", "power"} <= missing(found)


@given(st.sets(st.integers(0, len(CHIP.splitlines()) - 1)))
def test_every_chip_is_asked_the_same_and_who_says_less_misses_more(dropped: set[int]) -> None:
    """Whatever is left out: the list stays, and nothing that was missing is reported."""
    kept = {"assay", "name", "chip", "runs", "- name", "network", "clock", "batch"}
    lines = list(enumerate(CHIP.splitlines(keepends=True)))
    less = [line for place, line in lines if place not in dropped or line.partition(":")[0].strip() in kept]
    before, after = audit(parse_chip(CHIP)), audit(parse_chip("".join(less)))
    for found in (before, after):
        assert [each.asked.key for each in found.specifications] == [each.key for each in SPECIFICATIONS]
    assert missing(before) <= missing(after)
    assert not exempt(after).keys() - exempt(before).keys()


@pytest.mark.parametrize("name", chip_names())
def test_of_a_shipped_chip_everything_is_asked(name: str) -> None:
    found = audit(name)
    counts = [len(found.found(status)) for status in Status]
    assert sum(counts) == len(SPECIFICATIONS) == 22
    assert found.sentence.startswith(f"{counts[1]} of 22 specifications")
    assert [each["key"] for each in found.to_dict()["specifications"]] == [each.key for each in SPECIFICATIONS]


def test_a_bare_sheet_misses_more_than_a_paper() -> None:
    assert len(missing(audit("v100"))) > len(missing(audit("a100"))) > len(missing(audit("eyeriss")))


def test_a_peak_alone_leaves_everything_open() -> None:
    found = audit(parse_chip("assay: chip/1\nname: a\nchip: {peak: 100 TOPS}\n"))
    assert missing(found) == {each.key for each in SPECIFICATIONS} - {"cores"}
    assert found.sentence == "21 of 22 specifications are missing; too little is given to check anything."
    assert found.run is None


def test_specifications_have_keys_of_their_own() -> None:
    assert len({each.key for each in SPECIFICATIONS}) == len(SPECIFICATIONS)


@pytest.mark.parametrize(("scope", "said"), [("chip", True), ("chip\n    dram_power: 100 mW", False), ("board", False)])
def test_a_power_of_the_chip_alone_is_cautioned_about(scope: str, said: bool) -> None:
    found = audit(parse_chip(changed(("scope: chip", f"scope: {scope}"))))
    assert ("Power and energy are those of the chip; the off-chip memory comes on top." in found.cautions) is said
