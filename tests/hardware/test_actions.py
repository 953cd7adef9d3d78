"""What an action costs per word, from energies per access."""

from __future__ import annotations

import pytest

from assay.hardware.actions import energy_per_word
from assay.hardware.model import Axis, Compute, Fanout, Hardware, Memory

WIDE = Memory("wide", width=64, read_energy=8e-12, write_energy=12e-12)
SPLIT = Memory("split", width=16, read_energy=1e-12, write_energy=2e-12, update_energy=3e-12)
UNKNOWN = Memory("unknown")
ARRAY = Fanout("array", (Axis("X", 4),), width=32, transfer_energy=4e-12)
CHIP = Hardware("chip", (WIDE, SPLIT, UNKNOWN, ARRAY, Compute("mac", energy=5e-12)), clock=1e6)
SILENT = Hardware("silent", (UNKNOWN, Fanout("array", (Axis("X", 4),)), Compute("mac")), clock=1e6)


@pytest.mark.parametrize(
    ("component", "action", "bits", "expected"),
    [
        ("wide", "read", 16, 2e-12),  # four words in an access
        ("wide", "read", 64, 8e-12),
        ("wide", "read", 128, 16e-12),  # two accesses for a word
        ("wide", "fill", 16, 3e-12),
        ("wide", "update", 16, 3e-12),  # not given: that of a write
        ("split", "read", 16, 1e-12),
        ("split", "fill", 16, 2e-12),
        ("split", "update", 16, 3e-12),
        ("split", "update", 24, 4.5e-12),  # one access and a half
        ("array", "transfer", 16, 2e-12),
        ("mac", "compute", 8, 5e-12),
        ("mac", "compute", 16, 5e-12),
    ],
)
def test_the_energy_of_a_word(component: str, action: str, bits: int, expected: float) -> None:
    assert energy_per_word(CHIP, component, action, bits) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("component", "action"),
    [
        ("unknown", "read"),
        ("unknown", "fill"),
        ("unknown", "update"),
        ("array", "transfer"),
        ("array", "reduce"),
        ("mac", "compute"),
    ],
)
def test_what_is_not_given_is_not_modelled(component: str, action: str) -> None:
    assert energy_per_word(SILENT, component, action, 16) is None


def test_additions_in_a_fanout_are_not_modelled() -> None:
    assert energy_per_word(CHIP, "array", "reduce", 16) is None


def test_an_unknown_component() -> None:
    with pytest.raises(KeyError, match="nowhere"):
        energy_per_word(CHIP, "nowhere", "read", 16)
