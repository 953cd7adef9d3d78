"""What `tests/conftest.py` sets for all tests."""

from __future__ import annotations

import os

import pytest


def test_small_figures_are_compared_too() -> None:
    """Energies in joules: pytest alone takes a picojoule for two."""
    joules = 1e-12
    assert joules != pytest.approx(2e-12)
    assert joules != pytest.approx(1.01e-12, rel=1e-3)
    assert joules == pytest.approx(1.01e-12, rel=0.02)
    assert joules == pytest.approx(1e-12 * (1 + 1e-9))
    several, named = [joules], {"read": joules}
    assert several != pytest.approx([2e-12])
    assert named != pytest.approx({"read": 2e-12})


def test_nothing_is_taken_from_the_users_cache() -> None:
    assert os.environ["ASSAY_CACHE"] == "off"
