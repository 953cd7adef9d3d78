"""What must hold between the figures of a chip, as a table of rules; and whether it does, as far as the digits tell.

One side of every rule is a figure, the other a product of figures and their inverses. A printed figure stands for all
values that round to it, so that `115.3 ms` is anything from 115.25 to 115.35 ms. Products of such intervals are exact,
and two sides contradict each other only where their intervals have nothing in common.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from assay.metrics.audit_scope import OVER, Factors, Known, Scope, multipliers_in, multipliers_of, product
from assay.metrics.claims import CHIP_FIGURES, PEAK_FIGURES, RUN_FIGURES, Chip, Claim, Zeros
from assay.metrics.metric import ARTICLE, Bound, Operand
from assay.reading.figures import number
from assay.reading.words import small


@dataclass(frozen=True, slots=True)
class Rule:
    """A law between figures.

    Attributes:
        key, title: short name, and the question in words.
        left, right: names, and those on the other side with their powers.
        least: True: the left side is at most the right side; False: they are equal.
        section: where it is from.
        extra: True: nothing is amiss where a figure of it is not given.
    """

    key: str
    title: str
    left: str
    right: Factors
    least: bool = False
    section: str = ""
    extra: bool = False

    @property
    def formula(self) -> str:
        return f"{self.left} {'<=' if self.least else '='} {product(self.right)}"


RULES = (
    Rule("peak", "Peak against multipliers and clock", "peak", (("multipliers", 1), ("clock", 1)), section="eq. (2)"),
    Rule("area_per_multiplier", "Area per multiplier", "area_per_multiplier",
         (("core_area", 1), ("multipliers", OVER)), section="section V"),
    Rule("memory_per_multiplier", "Memory per multiplier", "memory_per_multiplier",
         (("onchip_memory", 1), ("multipliers", OVER)), section="section V"),
    Rule("core_in_die", "Core within the die", "core_area", (("die_area", 1),), least=True, section="section V",
         extra=True),
    Rule("peak_efficiency", "Peak efficiency against power", "peak",
         (("peak_efficiency", 1), ("power_at_peak", 1)), least=True, section="eq. (6)", extra=True),
    Rule("peak_power", "Peak efficiency against TDP", "peak", (("peak_efficiency", 1), ("tdp", 1)), least=True,
         section="eq. (5)"),
    Rule("macs", "MACs of the network", "macs", (("network_macs", 1),), section="eq. (1)"),
    Rule("throughput", "Throughput against batch and runtime", "throughput", (("batch", 1), ("runtime", OVER)),
         section="section III", extra=True),
    Rule("latency", "Latency against runtime of the batch", "latency", (("runtime", 1),), section="section III"),
    Rule("little", "Little's law", "in_flight", (("throughput", 1), ("latency", 1)), section="section III, footnote 6",
         extra=True),
    Rule("performance", "Performance against inferences per second", "performance",
         (("throughput", 1), ("macs", 1)), section="eq. (1)"),
    Rule("peak_bound", "Performance within the peak", "performance", (("run_peak", 1),), least=True, section="eq. (2)"),
    Rule("utilization", "Utilisation against performance and peak", "utilization",
         (("performance", 1), ("run_peak", OVER)), section="eq. (2)"),
    Rule("active_pes", "Active PEs within the PEs", "active_pes", (("pes", 1),), least=True, section="eq. (3)"),
    Rule("active_utilization", "Utilisation within the active PEs", "utilization",
         (("active_pes", 1), ("pes", OVER)), least=True, section="eq. (3)", extra=True),
    Rule("energy", "Energy against power and throughput", "energy", (("power", 1), ("throughput", OVER)),
         section="section IV"),
    Rule("inferences_per_joule", "Inferences per joule against power and throughput", "inferences_per_joule",
         (("throughput", 1), ("power", OVER)), section="section IV"),
    Rule("energy_inverse", "Inferences per joule against energy", "inferences_per_joule", (("energy", OVER),),
         section="section IV", extra=True),
    Rule("efficiency", "Efficiency against performance and power", "efficiency",
         (("performance", 1), ("power", OVER)), section="eq. (6)"),
    Rule("efficiency_macs", "Efficiency against inferences per joule", "efficiency",
         (("inferences_per_joule", 1), ("macs", 1)), section="eq. (6)"),
    Rule("offchip", "Off-chip traffic within the bandwidth", "throughput",
         (("offchip_bandwidth", 1), ("offchip_traffic", OVER)), least=True, section="section IV"),
    Rule("tdp", "Power within the TDP", "power", (("tdp", 1),), least=True, section="eq. (5)"),
)  # fmt: skip
"""Every check of an audit."""

PERFORMANCE_NAMES = ("peak", "performance", "efficiency")
"""Figures in which a MAC may have been taken for an operation."""

OF_MULTIPLIERS = ("peak", "peak_bound", "utilization", "active_utilization")
"""Rules that take the PEs for the multipliers where none are given."""

MACS_PER_PE = (1, 2, 4, 8, 16)
"""MACs that a PE may well do in a cycle; where it would take others, that is told as a contradiction."""

INEXACT = 1e-9
"""Relative error of the floating point arithmetic, allowed on top of the digits."""


class Agreement(StrEnum):
    """What a check found."""

    CONSISTENT = "consistent"
    CONTRADICTS = "contradicts"
    UNCHECKED = "cannot be checked"


@dataclass(frozen=True, slots=True)
class Check:
    """One rule applied to one chip or run.

    Attributes:
        rule, where: what was checked, and of which run (`chip` for the chip itself).
        outcome: what came out.
        left, right: both sides; None where they are not known.
        operands: of the right side.
        factor: the larger of the two sides over the smaller; for bounds, left over right.
        remark: what probably happened, or why it cannot be checked.
        lacking: figures without which it cannot be checked.
    """

    rule: Rule
    where: str
    outcome: Agreement
    left: Known | None = None
    right: Known | None = None
    operands: tuple[Operand, ...] = ()
    factor: float | None = None
    remark: str = ""
    lacking: tuple[str, ...] = ()

    @property
    def claims(self) -> frozenset[str]:
        """Keys of the claimed figures on both sides."""
        return frozenset(name for side in (self.left, self.right) if side is not None for name in side.claims)

    def to_dict(self) -> dict[str, Any]:
        """As in the schema `assay.audit/1`."""

        def side(known: Known | None) -> dict[str, Any] | None:
            if known is None:
                return None
            high = known.high if math.isfinite(known.high) else None  # over a figure that is known from above alone
            return {"value": known.value, "low": known.low, "high": high, "unit": known.unit}

        return {
            "rule": self.rule.key,
            "title": self.rule.title,
            "where": self.where,
            "formula": self.rule.formula,
            "outcome": str(self.outcome),
            "left": side(self.left),
            "right": side(self.right),
            "operands": [{"name": o.name, "value": o.value, "unit": o.unit, "source": o.source} for o in self.operands],
            "factor": self.factor,
            "remark": self.remark,
            "source": f"{ARTICLE}, {self.rule.section}",
        }


def check_chip(chip: Chip) -> tuple[Check, ...]:
    """Every rule, on the chip and on each of its runs; rules of which no figure is given do not apply."""
    found: list[Check] = []
    for rule in RULES:
        if rule.left in PEAK_FIGURES:
            found += _peak_checks(rule, chip)
        elif _of_chip(rule):
            found += _applied(rule, Scope(chip, None), "chip")
    for run in chip.runs:
        scope = Scope(chip, run)
        for rule in RULES:
            if rule.left not in PEAK_FIGURES and not _of_chip(rule):
                found += _applied(rule, scope, run.name)
    return tuple(found)


def _of_chip(rule: Rule) -> bool:
    return all(name in CHIP_FIGURES for name in (rule.left, *(name for name, _ in rule.right)))


def _peak_checks(rule: Rule, chip: Chip) -> list[Check]:
    """The rules of a peak, for every precision of which one is given."""
    found: list[Check] = []
    several = len({(each.bits, each.number_format) for each in chip.peaks}) > 1
    for peak in chip.peaks:
        scope = Scope(chip, None)
        scope.given.pop("run_peak", None)
        scope.add(peak, "peak")
        own = chip.figures.get("multiplier_bits")
        if peak.multipliers is not None:
            scope.given["multipliers"] = multipliers_of(peak, peak.multipliers)
        elif peak.sparse or (several if own is None else peak.bits not in (None, own.value)):
            for name in ("multipliers", "pes"):  # they are of another precision, or do not do the zeros
                scope.given.pop(name, None)
        for each in chip.efficiencies:
            if (each.bits, each.sparse) == (peak.bits, peak.sparse):
                scope.add(each, "peak_efficiency")
        if rule.key in ("peak_power", "peak_efficiency") and "peak_efficiency" not in scope.given:
            continue
        found += _applied(rule, scope, f"chip, {precision(peak)}" if len(chip.peaks) > 1 else "chip")
    return found


def precision(claim: Claim) -> str:
    """`INT8, sparse`; `16 b`."""
    width = claim.number_format or (f"{claim.bits} b" if claim.bits else "precision not given")
    return f"{width}, sparse" if claim.sparse else width


def _applied(rule: Rule, scope: Scope, where: str) -> list[Check]:
    """The check of a rule, with PEs for the multipliers where none are given; nothing where no figure is given."""
    found, pes = _held(rule, scope, where), scope.given.get("pes")
    known = any(each.outcome is not Agreement.UNCHECKED for each in found)
    if known or pes is None or "multipliers" in scope.given or rule.key not in OF_MULTIPLIERS:
        return found
    tried: list[Check] = []
    for count in MACS_PER_PE:
        scope.given["multipliers"] = multipliers_in(pes, count)
        tried += _held(rule, scope, where)
    del scope.given["multipliers"]
    if not tried or tried[0].outcome is Agreement.UNCHECKED:
        return tried[:1]
    return [_per_pe(tried)]


def _per_pe(tried: list[Check]) -> Check:
    """That of the checks with more and more MACs per PE which agrees best; else that with one, which contradicts.

    Of a bound, the first that agrees: with more it does all the more.
    """
    first = tried[0]
    fits = [place for place, each in enumerate(tried) if each.outcome is Agreement.CONSISTENT]
    place = min(fits, key=lambda each: each if first.rule.least else tried[each].factor or 1.0, default=0)
    found, count = tried[place], MACS_PER_PE[place]
    least = "at least " if first.rule.least else ""
    if found.outcome is Agreement.CONTRADICTS:
        assert first.left is not None
        assert first.right is not None
        needed = first.left.value / first.right.value
        needed = 1 / needed if first.rule.key == "utilization" else needed
        remark = f"one MAC per PE and cycle assumed: it would take {least}{number(needed)} MACs per PE"
        remark += f"; {first.remark}" if first.remark else ""
    elif place == 0:
        remark = "one MAC per PE and cycle assumed"
    else:
        doubled = count == 2 and first.remark  # a factor of 2 may have another cause
        remark = f"{least}{count} MACs per PE" + (f"; with one it is {first.remark}" if doubled else "")
    assumed = Operand("MACs per PE and cycle", count, "", "assumed, as no multipliers are given")
    return replace(found, operands=(*found.operands, assumed), remark=remark)


def _held(rule: Rule, scope: Scope, where: str) -> list[Check]:
    """The check of a rule with the figures that are there."""
    if rule.left not in scope.given and not rule.least:
        return []
    if not _bears(rule, scope):
        return []
    left = scope.find(rule.left) if rule.least else scope.given[rule.left]
    if left is None:
        return []
    avoid = frozenset() if rule.least else frozenset({rule.left})
    right = scope.product(rule.left, rule.right, avoid)
    if right is None:
        names = tuple(name for name, _ in rule.right if scope.find(name, avoid) is None)
        if rule.extra or (rule.left not in scope.given and len(names) == len(rule.right)):
            return []
        remark = f"not given: {', '.join(map(words, names))}"
        return [Check(rule, where, Agreement.UNCHECKED, left, remark=remark, lacking=names)]
    remark = _out_of_reach(rule, scope) or _too_open(rule, left, right)
    if remark:
        return [Check(rule, where, Agreement.UNCHECKED, left, right, right.operands, remark=remark)]
    return [_compared(rule, where, left, right)]


def _out_of_reach(rule: Rule, scope: Scope) -> str:
    """Why the law says nothing of these figures although both sides are known; empty where it does."""
    if "run_peak" in (name for name, _ in rule.right) and scope.chip.zeros is Zeros.SKIPPED:
        return "the chip skips MACs with zeros, so that all MACs together may exceed the peak"
    if rule.key == "tdp" and scope.run is not None and scope.run.scope not in ("", "chip"):
        return f"the power is that of {scope.run.scope}, and may exceed the TDP of the chip"
    return ""


def _too_open(rule: Rule, left: Known, right: Known) -> str:
    """Why two sides agree whatever they are: bounds that are open to the same side; empty where they may not."""
    if rule.least:
        agree = Bound.AT_MOST in left.bounds or Bound.AT_LEAST in right.bounds
    else:
        agree = right.says_nothing or bool(left.bounds & right.bounds)
    return "bounds that are open to the same side cannot contradict each other" if agree else ""


def _bears(rule: Rule, scope: Scope) -> bool:
    """Whether the law says something of these figures: not of batches that overlap, nor of zeros that are skipped."""
    stated = scope.run.figures if scope.run is not None else {}
    if rule.key == "latency":
        return "in_flight" not in stated
    if rule.key == "throughput":
        return not scope.overlaps
    if rule.key == "little":
        return "latency" in stated or {"in_flight", "runtime"} <= stated.keys()
    return rule.key != "active_utilization" or scope.chip.zeros is not Zeros.SKIPPED


def _compared(rule: Rule, where: str, left: Known, right: Known) -> Check:
    below = left.low > right.high * (1 + INEXACT)
    above = right.low > left.high * (1 + INEXACT)
    wrong = below if rule.least else below or above
    ratio = left.value / right.value
    factor = ratio if rule.least else max(ratio, 1 / ratio)
    remark = _confused(rule, left, right) if wrong else ""
    outcome = Agreement.CONTRADICTS if wrong else Agreement.CONSISTENT
    return Check(rule, where, outcome, left, right, right.operands, factor, remark)


def _confused(rule: Rule, left: Known, right: Known) -> str:
    """What probably happened: where one side is twice the other, a MAC is two operations."""
    if rule.key == "latency":
        longer = "longer than a batch takes: do batches wait or overlap? then give the inferences in flight"
        return longer if left.value > right.value else "shorter than a batch takes: is it that over its inferences?"
    if rule.key == "macs" and left.value < right.value:
        return "fewer than its shapes have: is it pruned, or are MACs with zeros left out? MACs are those of the shapes"
    names = {rule.left, *(name for name, _ in rule.right)}
    if not names & set(PERFORMANCE_NAMES) or left.bounds or right.bounds:
        return ""
    doubled = left.low <= 2 * right.high and 2 * right.low <= left.high
    halved = 2 * left.low <= right.high and right.low <= 2 * left.high
    if doubled:
        return "twice as much, within the digits: were operations counted as MACs? 1 MAC is 2 operations"
    return "half as much, within the digits: were MACs counted as operations? 1 MAC is 2 operations" if halved else ""


_WORDS = {
    "run_peak": "peak", "peak": "peak performance", "network_macs": "MACs of the network", "macs": "MACs per inference",
    "peak_efficiency": "peak efficiency", "pes": "PEs", "tdp": "TDP", "clock": "clock", "voltage": "voltage",
    "runtime": "runtime", "batch": "batch",
}  # fmt: skip

NAMES = frozenset([*CHIP_FIGURES, *RUN_FIGURES, *_WORDS])
"""Every name that a formula may have."""


def words(name: str) -> str:
    """What people call a figure, in a sentence."""
    if name in _WORDS:
        return _WORDS[name]
    title = (RUN_FIGURES.get(name) or CHIP_FIGURES[name])[0]
    return small(title)
