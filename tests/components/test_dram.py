"""DRAM against data sheets, measurements and other estimators, and the table behind it against its own arithmetic."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.components import asking

from assay.components.dram import KINDS, Dram, kinds
from assay.components.estimate import Estimate
from assay.components.estimator import Declined
from assay.errors import InputError

PJ = 1e-12

# volts; IDD0, 2N, 3N, 4R, 4W, 5 in mA per supply; banks; tRAS, tRP, tRFC, tREFI in ns; Gb/s and pins; shares of the
# sheet: read, write, activate, standby, refresh. The sheets are named in dram.csv.
GHOSE, SHI, ASSUMED = (0.736, 0.542, 0.43, 0.566, 0.83), (0.553, 0.43, 0.54, 0.576, 0.83), (0.6, 0.5, 0.5, 0.57, 0.83)
Sheet = tuple[
    tuple[float, ...], list[tuple[float, ...]], int, tuple[float, float, float, float], float, tuple[float, ...]
]
SHEETS: dict[str, Sheet] = {
    "DDR3": ((1.5,), [(55,), (32,), (38,), (157,), (125,), (235,)], 8, (35, 13.75, 260, 7800), 1.6 * 8, GHOSE),
    "DDR4": (
        (1.2, 2.5),
        [(48, 3), (34, 3), (43, 3), (135, 3), (123, 3), (457.4, 3)],
        16,
        (32, 14.16, 350, 7800),
        2.4 * 8,
        SHI,
    ),
    "DDR5": (
        (1.1, 1.8),
        [(103, 7), (92, 6), (142, 7), (377, 7), (349, 7), (277, 7)],
        32,
        (32, 16.25, 295, 3900),
        4.8 * 8,
        ASSUMED,
    ),
    "LPDDR3": (
        (1.8, 1.2),
        [(8, 60), (0.8, 26), (2, 34), (2, 230), (2, 190), (28, 150)],
        8,
        (42, 18, 130, 3900),
        1.6 * 32,
        ASSUMED,
    ),
    "LPDDR4": (
        (1.8, 1.1),
        [(3.5, 45), (2, 27), (2.25, 30), (2.25, 275), (2.25, 210), (10, 90)],
        8,
        (42.5, 18.1, 280, 3904),
        3.2 * 16,
        ASSUMED,
    ),
    "LPDDR5X": (
        (1.8, 1.05),
        [(3.8, 53), (1.5, 32.5), (2.8, 40), (18, 390), (16.5, 265), (2.8, 205)],
        16,
        (42, 18, 280, 3906),
        7.5 * 16,
        ASSUMED,
    ),
}
# pJ per bit of drivers and termination, reads and writes
WIRES = {
    "DDR3": (1.5**2 / (34 * 80 / 114 + 80) / 1.6e-3 * 1.25, 1.5**2 / (34 * 240 / 274 + 240) / 1.6e-3 * 1.25),
    "DDR4": (0.5 * 1.2**2 / 74 / 2.4e-3 * 1.25, 0.5 * 1.2**2 / 154 / 2.4e-3 * 1.25),
    "DDR5": (0.5 * 1.1**2 / 74 / 4.8e-3 * 1.25, 0.5 * 1.1**2 / 154 / 4.8e-3 * 1.25),
    "LPDDR3": (0, 0),
    # writes: its own, and the processor's drivers, as for reads
    "LPDDR4": ((150 - 0.75) * 1.1 / 51.2, (150 - 0.75) * 1.1 / 51.2 + (55 - 0.75) * 1.1 / 51.2),
    "LPDDR5X": ((111.9 - 0.6) * 0.5 / 120, (111.9 - 0.6) * 0.5 / 120),
}


def ask(**attributes: object) -> Estimate:
    return asking.ask(Dram, None, **attributes)


def per_bit(action: str, **attributes: object) -> float:
    """pJ per bit."""
    energy = ask(width=64, **attributes).energy_of(action)
    assert energy is not None
    return energy / 64 / PJ


def watts(**attributes: object) -> float:
    leakage = ask(width=64, **attributes).leakage
    assert leakage is not None
    return leakage


def test_every_kind_of_the_table_can_be_asked_for_and_nothing_else() -> None:
    assert tuple(kinds()) == KINDS
    for kind in KINDS:
        found = ask(kind=kind, width=64)
        assert found.source
        assert found.uncertainty is not None
        assert 0.4 <= found.uncertainty <= 1.0
        assert not found.extrapolated
        assert found.area is None  # its area is not on the chip of the processor
    with pytest.raises(InputError, match="DDR4"):
        ask(kind="DDR44", width=64)


@pytest.mark.parametrize("kind", SHEETS)
def test_rows_from_data_sheets_are_what_their_currents_give(kind: str) -> None:
    volts, currents, banks, (ras, rp, rfc, refi), rate, (read, write, activate, standby, refresh) = SHEETS[kind]
    idle, closed, opened, reading, writing, fresh = (
        sum(volt * current for volt, current in zip(volts, each, strict=True)) for each in currents
    )  # mW; mW ns = pJ, mW / (Gb/s) = pJ per bit
    known = kinds()[kind]
    assert float(known.read) / PJ == pytest.approx(read * (reading - opened) / rate + WIRES[kind][0], abs=0.02)
    assert float(known.write) / PJ == pytest.approx(write * (writing - opened) / rate + WIRES[kind][1], abs=0.02)
    row = activate * ((idle - closed) * (ras + rp) - (opened - closed) / banks * ras)
    assert known.activate == pytest.approx(row * PJ, rel=2e-3)
    assert known.background == pytest.approx(
        1e-3 * (standby * closed + refresh * (fresh - closed) * rfc / refi), rel=3e-3
    )


# volts, Gb/s, pins; IDD0, 2N, 3N1, 4R, 4W in mA of a pseudo-channel; tRAS, tRP in ns (CMU-SAFARI HBM-Power, config/)
@pytest.mark.parametrize(
    ("kind", "volt", "bits", "rails", "times"),
    [
        ("HBM2", 1.2, 1.2 * 64, (28.544, 11.756, 12.394, 202.769, 137.406), (33.33, 15)),
        ("HBM3E", 1.1, 6.4 * 32, (106.1, 70.5, 71.2, 560.7, 389.5), (28.125, 16.875)),
        ("HBM4", 1.05, 8 * 32, (128.9, 88.1, 88.9, 700.9, 486.9), (33, 15)),
    ],
)
def test_rows_of_hbm_are_what_their_rails_give(
    kind: str, volt: float, bits: float, rails: tuple[float, ...], times: tuple[float, float]
) -> None:
    one, closed, opened, read, write = rails
    random = (3.1798 + 0.5 * (1.04 + 1.4875 + 1.41)) / 3.1798
    known = kinds()[kind]
    assert float(known.read) / PJ == pytest.approx(volt * (read - opened) * random / bits, abs=0.01)
    assert float(known.write) / PJ == pytest.approx(volt * (write - opened) * random / bits, abs=0.01)
    row = volt * (one * sum(times) - opened * times[0] - closed * times[1])
    assert known.activate == pytest.approx(row * PJ, rel=2e-3)


def test_h200_is_predicted() -> None:
    """Memory of three H200 (6 stacks): random reads, 1024 bits per row; watts beyond idle over bits per second."""
    measured = [
        (255.22 - 44.95) / (4523.3 * 8e-3),
        (247.75 - 35.55) / (4520.6 * 8e-3),
        (241.71 - 34.75) / (4517.3 * 8e-3),
    ]
    mean = sum(measured) / 3  # pJ per bit
    assert mean == pytest.approx(5.8, abs=0.1)
    assert per_bit("read", kind="HBM3E", locality=1024 / 8192) == pytest.approx(mean, rel=0.1)
    assert watts(kind="HBM3E", channels=6) == pytest.approx(sum((44.95, 35.55, 34.75)) / 3, rel=0.01)  # used


def test_other_published_figures_lie_within_the_uncertainty() -> None:
    def mean(kind: str) -> float:
        return (per_bit("read", kind=kind) + per_bit("write", kind=kind)) / 2

    # O'Connor et al., MICRO 2017: 909 pJ to activate a row of HBM2 (not used)
    assert kinds()["HBM2"].activate == pytest.approx(909 * PJ, rel=0.1)
    # ... Table 3, half of the bits toggle: 2.68 + 0.80 pJ per bit, and 1.21 for rows as GPU programs use them
    gpu = 909 / 1.21 / 8192
    found = (per_bit("read", kind="HBM2", locality=gpu) + per_bit("write", kind="HBM2", locality=gpu)) / 2
    assert found == pytest.approx(2.68 + 0.80 + 1.21, rel=0.3)
    # Horowitz, ISSCC 2014: 1.3 to 2.6 nJ per 64 bits of a DRAM system of its time
    assert 1300 <= 64 * per_bit("read", kind="DDR3") <= 2600
    # Jouppi et al., ISCA 2021, Table 2, pJ per 64 bits
    assert 250 / 64 <= per_bit("read", kind="HBM2") <= 450 / 64
    assert 350 / 64 <= per_bit("read", kind="GDDR6") <= 480 / 64 + 0.01
    # SK hynix (IEDM 2023) 4.3 and Micron 6.0 pJ per bit of HBM2E; both with background at full use
    background = watts(kind="HBM2E") / (3.2e9 * 1024) / PJ
    assert mean("HBM2E") + background == pytest.approx(4.3, rel=0.4)
    assert mean("HBM2E") + background == pytest.approx(6.0, rel=0.4)
    # hwcomponents 1.0.114 (Accelergy): 8 pJ per bit of LPDDR4; Dally et al., CACM 2020: about 4
    factor = 1 + kinds()["LPDDR4"].uncertainty
    for published in (8.0, 4.0):
        assert published / factor < mean("LPDDR4") < published * factor


def test_bandwidths_are_those_of_the_standards() -> None:
    def gigabytes(**attributes: object) -> float:
        cycle = ask(width=64, **attributes).cycle
        assert cycle is not None
        return 8 / cycle / 1e9

    assert gigabytes(kind="DDR3") == pytest.approx(12.8)
    assert gigabytes(kind="DDR4", rate="3.2 Gb/s") == pytest.approx(25.6)
    assert gigabytes(kind="DDR5", channels=2) == pytest.approx(38.4)  # one DDR5-4800 module
    assert gigabytes(kind="LPDDR4", channels=4) == pytest.approx(25.6)  # Jetson TX1
    assert gigabytes(kind="HBM2") == pytest.approx(256)
    assert gigabytes(kind="HBM3") == pytest.approx(819.2)
    assert gigabytes(kind="GDDR6", channels=12) == pytest.approx(672)


def test_background_is_of_whole_devices() -> None:
    one = watts(kind="DDR4")
    assert watts(kind="DDR4", capacity="8 GiB") == one  # eight chips of 1 GiB make a channel
    assert watts(kind="DDR4", capacity="1 b") == one
    assert watts(kind="DDR4", capacity=8 * 2**33 + 1) == pytest.approx(one * 9 / 8)
    assert watts(kind="DDR4", capacity="32 GiB") == pytest.approx(4 * one)
    assert watts(kind="DDR4", channels=4) == pytest.approx(4 * one)
    assert watts(kind="HBM2", rate="1 Gb/s") == pytest.approx(watts(kind="HBM2") / 2)
    assert watts(kind="DDR4", rate="1.6 Gb/s") == one
    assert ask(kind="GDDR6", width=64).leakage is None
    assert any("background" in note for note in ask(kind="GDDR6", width=64).notes)


def test_averages_do_not_know_rows() -> None:
    with pytest.raises(Declined, match="average"):
        ask(kind="GDDR6", width=64, locality=0.5)


@pytest.mark.parametrize("kind", KINDS)
def test_the_first_note_says_what_an_energy_holds_in_the_same_words(kind: str) -> None:
    first = ask(kind=kind, width=64).notes[0]
    pattern = (
        r"energy of the DRAM (and both ends of the interface|and its end of the interface, without the processor's"
        r"|without its interface, of which no figure was found)"
        r"; (rows are in it, background is not|rows and background are in it)"
    )
    assert re.fullmatch(pattern, first)
    assert ("background are in it" in first) == kind.startswith("GDDR")


def test_kinds_with_an_end_missing_are_less_sure() -> None:
    least = {"both": 0.4, "device": 0.4, "none": 1.0}
    for known in kinds().values():
        assert known.uncertainty >= least[known.interface]
    for kind in ("DDR5", "LPDDR4", "LPDDR5X"):  # shares of the data sheet were assumed
        assert kinds()[kind].uncertainty >= 0.6
    assert kinds()["HBM4"].uncertainty >= 1.0  # a prediction
    # the interface of HBM2 (O'Connor et al., MICRO 2017: 0.80 pJ per bit), added to a write, is within it
    write = per_bit("write", kind="HBM2")
    assert write < write + 0.80 < write * (1 + kinds()["HBM2"].uncertainty)
    assert kinds()["HBM2E"].uncertainty > kinds()["HBM2"].uncertainty


def test_a_data_sheet_of_one_kind_is_not_taken_for_another() -> None:
    assert "LPDDR5X" in KINDS
    assert "Y52P" in kinds()["LPDDR5X"].source
    with pytest.raises(InputError, match="unknown 'LPDDR4X'"):
        ask(kind="LPDDR4X", width=64)
    assert "taken to hold for LPDDR5" in kinds()["LPDDR5"].source
    assert kinds()["LPDDR5"].uncertainty > kinds()["LPDDR5X"].uncertainty


def test_maxima_of_the_data_sheet_lie_within_the_uncertainty_of_lpddr5x() -> None:
    """Table 18, no share taken: what the sheet allows at most."""
    volts, currents, _, _, rate, _ = SHEETS["LPDDR5X"]
    _, _, opened, reading, writing, _ = (sum(v * i for v, i in zip(volts, each, strict=True)) for each in currents)
    for action, power in (("read", reading), ("write", writing)):
        most = (power - opened) / rate + WIRES["LPDDR5X"][0]
        here = per_bit(action, kind="LPDDR5X")
        assert here < most < here * (1 + kinds()["LPDDR5X"].uncertainty)


def test_short_runs_of_ddr4_cost_what_systems_are_said_to() -> None:
    """A row opened for 64 bytes: 8 bytes of each of eight devices. Horowitz, ISSCC 2014: 20 to 40 pJ per bit, older."""
    burst = per_bit("read", kind="DDR4", locality=64 / 8192)
    assert burst - per_bit("read", kind="DDR4", locality=1) == pytest.approx(407 / 64 - 407 / 8192)
    assert 14 < burst < 20


def test_figures_are_multiples_of_those_of_the_table() -> None:
    """Not 0.024100000000000003."""
    assert ask(kind="LPDDR3", width=64).leakage == 0.0241
    assert ask(kind="LPDDR3", width=64, channels=3).leakage == 0.0723
    assert ask(kind="HBM2", width=64, rate="1 Gb/s").leakage == 0.2735
    assert dict(ask(kind="GDDR6", width=64).energy) == {"read": 4.8e-10, "write": 4.8e-10}
    assert dict(ask(kind="GDDR5", width=7).energy) == {"read": 9.8e-11, "write": 9.8e-11}


def test_one_device_is_not_said_to_be_several() -> None:
    def background(**attributes: object) -> str:
        (note,) = [each for each in ask(width=64, **attributes).notes if each.startswith("leakage: background")]
        return note

    assert "of 1 device:" in background(kind="LPDDR4")
    assert "of 8 devices:" in background(kind="DDR4")
    assert "of 1 stack:" in background(kind="HBM2")
    assert "of 6 stacks:" in background(kind="HBM3E", channels=6)


def test_where_the_background_of_hbm_comes_from_is_said() -> None:
    def notes(kind: str) -> str:
        return " ".join(ask(kind=kind, width=64).notes)

    assert "an idle H200" in notes("HBM3E")
    assert "that of HBM3E" in notes("HBM3")
    assert "never measured" in notes("HBM4")
    # the rails of the source, of 2 ranks of 32 pseudo-channels, predict the H200: 141 mA = 2 x 70.5 closed
    rails = 1.1 * 32 * ((70.5 + 73.3) + (164.7 - 73.3) * 350 / 3900) * 1e-3
    assert rails == pytest.approx(watts(kind="HBM3E"), rel=0.2)


def test_what_an_energy_holds_is_said() -> None:
    assert any("assumed" in note for note in ask(kind="DDR4", width=64).notes)
    assert not any("assumed" in note for note in ask(kind="DDR4", width=64, locality=0.5).notes)


def test_rates_that_are_not_made_are_extrapolated() -> None:
    assert ask(kind="DDR4", width=64, rate="4 Gb/s").extrapolated
    assert not ask(kind="DDR4", width=64, rate="3.2 Gb/s").extrapolated


@pytest.mark.parametrize(
    "wrong",
    [{"width": 0}, {"width": 1.5}, {"channels": 0}, {"locality": 0}, {"locality": 1.1}, {"rate": 0}, {"capacity": 0}],
)
def test_impossible_values_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(InputError):
        ask(**({"kind": "DDR4", "width": 64} | wrong))


@given(st.sampled_from(KINDS), st.integers(1, 4096), st.integers(1, 8), st.floats(0.01, 1))
def test_laws(kind: str, width: int, channels: int, locality: float) -> None:
    whole = Dram(kind=kind, width=2 * width, channels=channels).cost()
    half = Dram(kind=kind, width=width, channels=channels).cost()
    for action in Dram.actions:
        once, twice = half.energy[action], whole.energy[action]
        assert isinstance(once, float)
        assert twice == pytest.approx(2 * once)
        assert once > 0
    known = kinds()[kind]
    if known.activate is not None:
        best = Dram(kind=kind, width=width, locality=1.0).cost().energy["read"]
        some = Dram(kind=kind, width=width, locality=locality).cost().energy["read"]
        assert isinstance(best, float)
        assert isinstance(some, float)
        assert best <= some
