"""What must hold of every answer of the search: checked against every mapping, one by one."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest

from assay.errors import NoMappingError
from assay.hardware.model import Buffering, Compute, Fanout, Hardware, Memory
from assay.mapper import SearchResult, best_mapping
from tests.mapper.brute import Truth, brute_force, energy_and_cycles, value, violation
from tests.mapper.instances import Instance

CLOSE = 1e-9

TASKS: dict[str, tuple[str, str | None]] = {
    "energy": ("energy", None),
    "latency": ("latency", None),
    "edp": ("edp", None),
    "energy under max_cycles": ("energy", "max_cycles"),
    "latency under max_energy": ("latency", "max_energy"),
    "edp under max_cycles": ("edp", "max_cycles"),
    "front": ("energy", "front"),
}
"""(objective, what else is asked for)."""


def check(task: str, instance: Instance, share: float = 0.5) -> str:
    """Raise AssertionError unless the search answers the task as it must.

    Args:
        share: where the limit lies between the least and the most that a mapping of the front takes; outside of 0 to 1
            a little below or above them.

    Returns:
        `none` (rightly), `optimal`, or `bounded` (not proven to be optimal).
    """
    einsum, hardware = instance
    objective, more = TASKS[task]
    truth = brute_force(einsum, hardware)
    limits = _limits(more, truth, share)
    expected = truth.best(objective, **limits)
    asked: dict[str, Any] = limits | ({"front": True} if more == "front" else {})
    if expected is None:
        with pytest.raises(NoMappingError):
            best_mapping(einsum, hardware, objective, **asked)
        return "none"
    try:
        result = best_mapping(einsum, hardware, objective, **asked)
    except NoMappingError as error:  # where figures are only bounded, a mapping within a limit may be missed
        if not limits or "was found" not in str(error):
            raise
        return "bounded"
    check_consistent(instance, result, objective, limits)
    check_bounds(result, value(objective, expected))
    if result.optimal:
        assert result.value == near(value(objective, expected)), f"optimal is {value(objective, expected)}"
        if objective == "latency" and all_energies_known(hardware) and exact(hardware):
            assert result.energy == near(expected[0]), f"the least energy of those of least latency is {expected[0]}"
    if more == "front":
        check_front(instance, result, truth)
    return "optimal" if result.optimal else "bounded"


def check_imperfect(instance: Instance, objective: str = "energy") -> str:
    """The same with tiles of any size: between the bound and what perfect factors reach."""
    einsum, hardware = instance
    expected = brute_force(einsum, hardware, perfect=False).best(objective)
    if expected is None:
        with pytest.raises(NoMappingError):
            best_mapping(einsum, hardware, objective, tiles="imperfect")
        return "none"
    result = best_mapping(einsum, hardware, objective, tiles="imperfect")
    check_consistent(instance, result, objective, {}, perfect=False)
    check_bounds(result, value(objective, expected))
    if result.optimal:
        assert result.value == near(value(objective, expected)), f"optimal is {value(objective, expected)}"
    perfect = brute_force(einsum, hardware).best(objective)
    if perfect is not None:
        worst = value(objective, perfect)
        assert result.value <= worst * (1 + CLOSE), f"with perfect factors it is {worst}"
    return "optimal" if result.optimal else "bounded"


def check_consistent(
    instance: Instance, result: SearchResult, objective: str, limits: dict[str, Any], perfect: bool = True
) -> None:
    """The answer is what the counting room says of its mapping, which obeys all constraints and limits."""
    einsum, hardware = instance
    assert result.objective == objective
    assert violation(einsum, hardware, result.mapping, perfect) is None
    energy, cycles = energy_and_cycles(einsum, hardware, result.mapping)
    assert result.cycles == cycles
    if all_energies_known(hardware):
        assert result.energy == near(energy)
    else:
        assert result.energy is None
    assert cycles <= limits.get("max_cycles", cycles)
    assert energy <= limits.get("max_energy", energy) * (1 + CLOSE)
    gap = result.value / result.lower_bound - 1 if result.lower_bound > 0 else 0.0 if result.value <= 0 else None
    assert gap is None or result.gap == pytest.approx(gap, rel=1e-6, abs=1e-7)
    assert not result.stopped


def check_bounds(result: SearchResult, optimum: float) -> None:
    assert result.lower_bound <= optimum * (1 + CLOSE), f"the bound is above {optimum}"
    assert result.value >= optimum * (1 - CLOSE), f"there is nothing below {optimum}"


def check_front(instance: Instance, result: SearchResult, truth: Truth) -> None:
    """Exactly the front, where the answer is proven and everything overlaps; else nothing better than the front."""
    einsum, hardware = instance
    for point in result.front:
        assert violation(einsum, hardware, point.mapping) is None
        energy, cycles = energy_and_cycles(einsum, hardware, point.mapping)
        assert (point.energy, point.cycles) == (near(energy), cycles)
        assert any(e <= energy * (1 + CLOSE) and c <= cycles for e, c in truth.front), "better than there is"
    found = [(point.energy, point.cycles) for point in result.front]
    if result.optimal and exact(hardware):
        assert found == [(near(energy), cycles) for energy, cycles in truth.front]
    for (energy, cycles), (more, fewer) in pairwise(found):
        assert energy < more
        assert cycles > fewer


def exact(hardware: Hardware) -> bool:
    """Whether the search knows all figures exactly, not only bounds of them."""
    counting = hardware.counting
    return ideal(hardware) and not (counting.whole_accesses or counting.refill_all)


def all_energies_known(hardware: Hardware) -> bool:
    """Those of fanouts may be unknown: they are left out."""
    return all(
        node.energy is not None
        if isinstance(node, Compute)
        else node.read_energy is not None and node.write_energy is not None
        for node in hardware.nodes
        if isinstance(node, Compute | Memory)
    )


def ideal(hardware: Hardware) -> bool:
    """Whether the answer should be optimal: everything overlaps, and neighbours pass nothing on."""
    return all(
        not node.links if isinstance(node, Fanout) else node.buffering is Buffering.IDEAL
        for node in hardware.nodes
        if isinstance(node, Memory | Fanout)
    )


def near(number: float) -> Any:
    return pytest.approx(number, rel=CLOSE, abs=0.0)


def _limits(more: str | None, truth: Truth, share: float) -> dict[str, Any]:
    """Between the least and the most of the front, exactly there at 0 and 1."""
    if more not in ("max_cycles", "max_energy") or not truth.front:
        return {}
    cheap, fast = truth.front[0], truth.front[-1]
    if more == "max_cycles":
        return {"max_cycles": max(int(fast[1] + (cheap[1] - fast[1] + 2 * (share < 0)) * share), 1)}
    middle = Fraction(cheap[0]) + (Fraction(fast[0]) - Fraction(cheap[0])) * Fraction(share)
    return {"max_energy": float(middle) * (0.9 if share < 0 else 1.1 if share > 1 else 1.0)}
