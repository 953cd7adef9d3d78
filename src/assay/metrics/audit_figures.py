"""The figures of a chip as one sheet: those that are claimed, and those that follow; operations per watt come last."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from assay.metrics.audit_rules import precision, words
from assay.metrics.audit_scope import OVER, Known, Scope, multiply
from assay.metrics.claims import CONFIDENCE_WORDS, Chip, Claim, Confidence, Run, Zeros, worst
from assay.metrics.metric import Basis, Bound, Group, Metric, Operand
from assay.reading.words import small

NOT_GIVEN = "not given"
CONVERTED = "2 * MACs"
"""Formula of a claimed figure that is shown in operations."""
PRINTED = "printed"
"""Operand of a claimed figure: as the source has it."""
RECALLED = CONFIDENCE_WORDS[Confidence.MEMORY]
IN_PLACE_OF_POWER = ("power_at_peak", "tdp")
"""Figures that bound a power that is not given."""


@dataclass(frozen=True, slots=True)
class Figure(Metric):
    """A figure of a chip, and what is known of it besides. No note, source or title says any of it.

    Attributes:
        bound: the truth is at most, or at least, the value; None: it is the value.
        confidence: the worst of the claims that it comes from; None: not said.
        claims: keys of these claims.
    """

    bound: Bound | None = None
    confidence: Confidence | None = None
    claims: frozenset[str] = frozenset()

    def to_dict(self) -> dict[str, Any]:
        """As in the schemas of the audit and the comparison."""
        return Metric.to_dict(self) | {"bound": self.bound, "confidence": self.confidence}


def recalled(metric: Metric) -> bool:
    """Whether a figure stands on somebody's memory."""
    return isinstance(metric, Figure) and metric.confidence is Confidence.MEMORY


def bound_of(metric: Metric) -> Bound | None:
    """Which bound a figure is; None: none."""
    return metric.bound if isinstance(metric, Figure) else None


def figures_of(chip: Chip, run: Run | None) -> tuple[Group, ...]:
    """All figures of a chip and a run of it, in the order of the article."""
    sheet = _Sheet(chip, run, Scope(chip, run))
    groups = (
        Group("accuracy", "Accuracy", (
            sheet.text("network", "Network"), sheet.text("layers", "Layers covered"), sheet.text("task", "Task"),
            sheet.text("dataset", "Dataset"), sheet.accuracy(), sheet.one("weight_bits"), sheet.one("activation_bits"),
        )),
        Group("throughput", "Throughput and latency", (
            sheet.one("throughput"), sheet.one("batch"), sheet.one("runtime"), sheet.latency(), sheet.one("macs"),
            sheet.one("performance"), sheet.utilization(), sheet.one("active_pes"),
        )),
        Group("energy", "Energy and power", (
            sheet.scoped("power"), sheet.scoped("energy"), sheet.scoped("inferences_per_joule"),
            sheet.one("dram_power"), sheet.one("offchip_traffic"), sheet.one("power_at_peak"), sheet.one("tdp"),
        )),
        Group("cost", "Hardware cost", (
            sheet.text("process", "Process technology"), sheet.one("voltage", "Supply voltage"),
            sheet.one("clock", "Clock"), sheet.area(),
            sheet.one("multipliers"), sheet.one("pes"), sheet.one("onchip_memory"), sheet.one("area_per_multiplier"),
            sheet.one("memory_per_multiplier"), sheet.one("offchip_bandwidth"), sheet.per_area(),
        )),
        Group("flexibility", "Flexibility", (sheet.flexibility(),)),
        Group("scalability", "Scalability", (
            sheet.statement(chip.scalability, "scalability", "At other sizes"),
        )),
        Group("setup", "Test setup", (sheet.basis(), sheet.text("corner", "Corner"), sheet.one("images_tested"))),
        Group("operations", "Operations per second, and per watt", sheet.operations()),
    )  # fmt: skip
    return groups


def values_of(chip: Chip, run: Run | None) -> dict[str, Figure]:
    """Figures by the names under which requirements are judged."""
    sheet = _Sheet(chip, run, Scope(chip, run))
    accuracy = sheet.accuracy()
    if accuracy.value is not None and accuracy.unit != "%":
        accuracy = absent("accuracy", "Accuracy", "the accuracy is not given as a percentage")
    found = {
        "accuracy": accuracy,
        "latency": sheet.latency(),
        "throughput": sheet.one("throughput"),
        "power": sheet.scoped("power"),
        "energy": sheet.scoped("energy"),
        "area": sheet.area(),
    }
    if chip.flexibility is not None or len({each.text("network") for each in chip.runs}) > 1:
        found["flexibility"] = sheet.flexibility()
    if chip.scalability is not None:
        found["scalability"] = sheet.statement(chip.scalability, "scalability", "At other sizes")
    return found


def judged_values(chip: Chip, run: Run | None) -> dict[str, Figure]:
    """As `values_of`, for a verdict: the die is what is paid for, and much that is not given has a bound."""
    found = values_of(chip, run)
    if "die_area" in chip.figures:
        found["area"] = claimed(chip.figures["die_area"], None, "Die area", "area")
    if found["power"].value is None:
        most = next((chip.figures[key] for key in IN_PLACE_OF_POWER if key in chip.figures), None)
        if most is not None and most.bound is not Bound.AT_LEAST:
            found["power"] = replace(claimed(most, None, "", "power"), bound=Bound.AT_MOST)
    return found | {key: each for key, each in _at_peak(chip, run).items() if found[key].value is None}


def _at_peak(chip: Chip, run: Run | None) -> dict[str, Figure]:
    """The throughput that the peak allows, and the latency that it takes at least; not where zeros may be skipped."""
    scope = Scope(chip, run)
    macs, peak = scope.find("macs"), scope.find("run_peak")
    skips = chip.zeros is Zeros.SKIPPED or any(each.sparse for each in chip.peaks)
    if macs is None or peak is None or skips:
        return {}
    rate = multiply("throughput", "run_peak / macs", [(peak, 1), (macs, OVER)])
    time = multiply("latency", "macs / run_peak", [(macs, 1), (peak, OVER)])
    ends = (("throughput", rate, rate.high, Bound.AT_MOST), ("latency", time, time.low, Bound.AT_LEAST))
    return {
        key: replace(derived(key, f"{_title(key)} at the peak", known), value=end, bound=bound)
        for key, known, end, bound in ends
        if 0 < end < math.inf
    }


@dataclass(frozen=True, slots=True)
class _Sheet:
    """Makes metrics of what is known of a chip and a run."""

    chip: Chip
    run: Run | None
    scope: Scope

    def _claim(self, key: str) -> Claim | None:
        if self.run is not None and key in self.run.figures:
            return self.run.figures[key]
        return self.chip.figures.get(key)

    def one(self, key: str, title: str = "") -> Figure:
        """A figure that is claimed, else what follows from others."""
        title = title or _title(key)
        claim = self._claim(key)
        if claim is not None:
            return claimed(claim, self._basis(claim), title)
        known = self.scope.find(key)
        return absent(key, title) if known is None else derived(key, title, known)

    def utilization(self) -> Figure:
        """Of a chip that skips zeros it may exceed all of it."""
        metric = self.one("utilization", "Utilisation of the multipliers")
        skips = self.chip.zeros is Zeros.SKIPPED
        return _noted(metric, "MACs with zeros count, and are skipped") if skips else metric

    def scoped(self, key: str) -> Figure:
        """A figure of power or energy, with what it includes."""
        metric = self.one(key)
        return _noted(metric, self.run.scope) if self.run is not None and self.run.scope else metric

    def text(self, key: str, title: str) -> Figure:
        """A statement."""
        claim = self._claim(key)
        return absent(key, title) if claim is None else claimed(claim, None, title)

    def statement(self, claim: Claim | None, key: str, title: str) -> Figure:
        return absent(key, title) if claim is None else claimed(claim, None, title)

    def accuracy(self) -> Figure:
        """As a share of right answers, where an error is claimed."""
        metric = self.text("accuracy_metric", "").value
        named = str(metric) if metric else ""
        claim, error = self._claim("accuracy"), self._claim("error")
        if claim is not None:
            found = claimed(claim, self._basis(claim), "Accuracy")
        elif error is not None:
            operand = Operand("error", error.number, "%", error.origin)
            share = float(1 - Fraction(str(error.number)))  # 1 - 0.198 in floats is not 0.802
            found = Figure(
                "accuracy", "Accuracy", share, "%", self._basis(error), "1 - error", (operand,), error.origin,
                bound=error.bound and error.bound.opposite, confidence=error.confidence, claims=frozenset({"error"}),
            )  # fmt: skip
        else:
            return absent("accuracy", "Accuracy")
        return _noted(found, named)

    def latency(self) -> Figure:
        """Where it is not claimed: that of a batch whose inputs come and go together."""
        metric = self.one("latency", "Latency")
        assumed = metric.formula and metric.value is not None
        return _noted(metric, "all of a batch done together") if assumed else metric

    def area(self) -> Figure:
        """Of the core, else of the die; the note says which."""
        core, die = self._claim("core_area"), self._claim("die_area")
        claim = core or die
        if claim is None:
            return absent("area", "Chip area")
        metric = claimed(claim, None, "Chip area", "area")
        return _noted(metric, "core" if core else "die")

    def per_area(self) -> Figure:
        """Inferences per second and mm2."""
        claim = self._claim("core_area") or self._claim("die_area")
        rate = self.scope.find("throughput")
        if claim is None or rate is None:
            needed = " and ".join(n for n, x in (("chip area", claim), ("throughput", rate)) if x is None)
            return absent("throughput_per_area", "Inferences/s per mm2", f"needs {needed}")
        area = Operand("area", claim.number, "m2", claim.origin)
        bounds = {*rate.bounds, *([claim.bound.opposite] if claim.bound else [])}
        if len(bounds) > 1:
            return absent("throughput_per_area", "Inferences/s per mm2", "the throughput and the area are both bounds")
        return Figure(
            "throughput_per_area", "Inferences/s per mm2", rate.value / (claim.number * 1e6), "inferences/s/mm2",
            Basis.CALCULATED, "throughput / area", (rate.operand(), area), bound=next(iter(bounds), None),
            confidence=worst((claim.confidence, rate.confidence)), claims=rate.claims | {claim.key},
        )  # fmt: skip

    def flexibility(self) -> Figure:
        """What is said, and how many networks were run."""
        names = list(dict.fromkeys(run.text("network") for run in self.chip.runs))
        if self.chip.flexibility is not None:
            return self.statement(self.chip.flexibility, "flexibility", "Networks and shapes")
        if not names:
            return absent("flexibility", "Networks and shapes")
        return Figure("flexibility", "Networks and shapes", f"runs of {', '.join(names)}", source=self.chip.source)

    def basis(self) -> Figure:
        """Measured or simulated."""
        if self.run is None or self.run.basis is None:
            return absent("basis", "Measured or simulated")
        return Figure("basis", "Measured or simulated", str(self.run.basis), source=self.run.source)

    def operations(self) -> tuple[Figure, ...]:
        """Peak by precision, and what is achieved of it: performance first, efficiency at the very end."""
        peaks = [self._peak(each, "peak", "Peak") for each in self.chip.peaks]
        if not self.chip.peaks:
            known = self.scope.find("peak")
            bits = self.chip.figures.get("multiplier_bits")
            title = f"Peak, {bits.value} b" if bits else "Peak"
            peaks = [absent("peak", "Peak") if known is None else _operations(derived("peak", title, known))]
        best = [self._peak(each, "peak_efficiency", "Peak per watt") for each in self.chip.efficiencies]
        if not best:
            best = [absent("peak_efficiency", "Peak per watt")]
        achieved = _operations(self.one("performance", "Achieved"))
        efficiency = _operations(self.scoped_efficiency())
        return (*peaks, achieved, *best, efficiency)

    def scoped_efficiency(self) -> Figure:
        metric = self.one("efficiency", "Achieved per watt")
        return _noted(metric, self.run.scope) if self.run is not None and self.run.scope else metric

    def _peak(self, claim: Claim, key: str, title: str) -> Figure:
        metric = claimed(claim, self._basis(claim), f"{title}, {precision(claim)}", key)
        return _operations(metric)

    def _basis(self, claim: Claim) -> Basis | None:
        if claim.basis is not None:
            return claim.basis
        own = self.run is not None and claim.key in self.run.figures
        return self.run.basis if own and self.run is not None else None


def claimed(claim: Claim, basis: Basis | None, title: str, key: str = "") -> Figure:
    """A figure as it was claimed, with its source."""
    printed = () if isinstance(claim.value, str) else (Operand(PRINTED, claim.printed, "", claim.origin),)
    return Figure(
        key or claim.key, title or claim.title, claim.value, claim.unit, basis, "", printed, claim.origin, claim.note,
        bound=claim.bound, confidence=claim.confidence, claims=frozenset({claim.key}),
    )  # fmt: skip


def derived(key: str, title: str, known: Known) -> Figure:
    """A figure that follows from others, with its formula; as trustworthy as the worst of them."""
    basis = Basis.COUNTED if known.formula == "network_macs" else Basis.CALCULATED
    value = int(known.value) if basis is Basis.COUNTED else known.value
    return Figure(
        key, title, value, known.unit, basis, known.formula, known.operands,
        bound=known.bound, confidence=known.confidence, claims=known.claims,
    )  # fmt: skip


def absent(key: str, title: str, needs: str = "") -> Figure:
    """A figure that is not given."""
    return Figure(key, title, None, missing=needs or f"no {small(title)} is given")


def _operations(metric: Figure) -> Figure:
    """A figure in MACs as operations: 1 MAC is 2 operations."""
    if not isinstance(metric.value, int | float):
        return metric
    unit = metric.unit.replace("MAC", "op")
    formula = f"2 * {metric.formula}" if metric.formula else CONVERTED
    operands = metric.operands
    if not metric.formula:
        operands = (*operands, Operand("MACs", metric.value, metric.unit, metric.source))
    return replace(metric, value=2 * metric.value, unit=unit, formula=formula, operands=operands)


def _noted(metric: Figure, note: str) -> Figure:
    if metric.value is None or not note:
        return metric
    return replace(metric, note="; ".join(each for each in (note, metric.note) if each))


def _title(key: str) -> str:
    from assay.metrics.claims import CHIP_FIGURES, RUN_FIGURES

    found = RUN_FIGURES.get(key) or CHIP_FIGURES.get(key)
    return found[0] if found else words(key)


def marked(groups: Iterable[Group]) -> bool:
    """Whether a figure of them is from memory."""
    return any(recalled(metric) for group in groups for metric in group.metrics)
