"""The figures of a chip as one sheet: those that are claimed, and those that follow; operations per watt come last."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from fractions import Fraction

from assay.metrics.audit_rules import precision, words
from assay.metrics.audit_scope import Known, Scope
from assay.metrics.claims import CONFIDENCE_WORDS, Chip, Claim, Confidence, Run, Zeros, worst
from assay.metrics.metric import Basis, Group, Metric, Operand

NOT_GIVEN = "not given"
AT_MOST, AT_LEAST = "at most", "at least"
"""Parts of the note of a figure that is a bound."""
CONVERTED = "2 * MACs"
"""Formula of a claimed figure that is shown in operations."""
PRINTED = "printed"
"""Operand of a claimed figure: as the source has it."""
RECALLED = CONFIDENCE_WORDS[Confidence.MEMORY]


def recalled(metric: Metric) -> bool:
    """Whether a figure stands on somebody's memory."""
    return RECALLED in metric.note or RECALLED in metric.source


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


def values_of(chip: Chip, run: Run | None) -> dict[str, Metric]:
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


def judged_values(chip: Chip, run: Run | None) -> dict[str, Metric]:
    """As `values_of`, for a verdict: the die is what is paid for, and a power that is not given has a bound."""
    found = values_of(chip, run)
    if "die_area" in chip.figures:
        found["area"] = claimed(chip.figures["die_area"], None, "Die area", "area")
    if found["power"].value is None:
        for key in ("power_at_peak", "tdp"):
            if key in chip.figures:
                bound = claimed(chip.figures[key], None, "", "power")
                found["power"] = replace(bound, note=_joined(AT_MOST, *bound.note.split("; ")))
                break
    return found


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

    def one(self, key: str, title: str = "") -> Metric:
        """A figure that is claimed, else what follows from others."""
        title = title or _title(key)
        claim = self._claim(key)
        if claim is not None:
            return claimed(claim, self._basis(claim), title)
        known = self.scope.find(key)
        return absent(key, title) if known is None else derived(key, title, known)

    def utilization(self) -> Metric:
        """Of a chip that skips zeros it may exceed all of it."""
        metric = self.one("utilization", "Utilisation of the multipliers")
        skips = self.chip.zeros is Zeros.SKIPPED
        return _noted(metric, "MACs with zeros count, and are skipped") if skips else metric

    def scoped(self, key: str) -> Metric:
        """A figure of power or energy, with what it includes."""
        metric = self.one(key)
        return _noted(metric, self.run.scope) if self.run is not None and self.run.scope else metric

    def text(self, key: str, title: str) -> Metric:
        """A statement."""
        claim = self._claim(key)
        return absent(key, title) if claim is None else claimed(claim, None, title)

    def statement(self, claim: Claim | None, key: str, title: str) -> Metric:
        return absent(key, title) if claim is None else claimed(claim, None, title)

    def accuracy(self) -> Metric:
        """As a share of right answers, where an error is claimed."""
        metric = self.text("accuracy_metric", "").value
        named = str(metric) if metric else ""
        claim, error = self._claim("accuracy"), self._claim("error")
        if claim is not None:
            found = claimed(claim, self._basis(claim), "Accuracy")
        elif error is not None:
            operand = Operand("error", error.number, "%", error.origin)
            note = _joined(AT_LEAST if error.at_most else "", RECALLED if error.confidence is Confidence.MEMORY else "")
            share = float(1 - Fraction(str(error.number)))  # 1 - 0.198 in floats is not 0.802
            found = Metric(
                "accuracy", "Accuracy", share, "%", self._basis(error), "1 - error", (operand,),
                error.origin, note,
            )  # fmt: skip
        else:
            return absent("accuracy", "Accuracy")
        return _noted(found, named)

    def latency(self) -> Metric:
        """Where it is not claimed: that of a batch whose inputs come and go together."""
        metric = self.one("latency", "Latency")
        assumed = metric.formula and metric.value is not None
        return _noted(metric, "all of a batch done together") if assumed else metric

    def area(self) -> Metric:
        """Of the core, else of the die; the note says which."""
        core, die = self._claim("core_area"), self._claim("die_area")
        claim = core or die
        if claim is None:
            return absent("area", "Chip area")
        metric = claimed(claim, None, "Chip area", "area")
        return _noted(metric, "core" if core else "die")

    def per_area(self) -> Metric:
        """Inferences per second and mm2."""
        claim = self._claim("core_area") or self._claim("die_area")
        rate = self.scope.find("throughput")
        if claim is None or rate is None:
            needed = " and ".join(n for n, x in (("chip area", claim), ("throughput", rate)) if x is None)
            return absent("throughput_per_area", "Inferences/s per mm2", f"needs {needed}")
        area = Operand("area", claim.number, "m2", claim.origin)
        value = rate.value / (claim.number * 1e6)
        note = AT_LEAST if claim.at_most else ""
        mark = worst((claim.confidence, rate.confidence)) is Confidence.MEMORY
        return Metric(
            "throughput_per_area", "Inferences/s per mm2", value, "inferences/s/mm2", Basis.CALCULATED,
            "throughput / area", (rate.operand(), area), "", _joined(note, RECALLED if mark else ""),
        )  # fmt: skip

    def flexibility(self) -> Metric:
        """What is said, and how many networks were run."""
        names = list(dict.fromkeys(run.text("network") for run in self.chip.runs))
        if self.chip.flexibility is not None:
            return self.statement(self.chip.flexibility, "flexibility", "Networks and shapes")
        if not names:
            return absent("flexibility", "Networks and shapes")
        return Metric("flexibility", "Networks and shapes", f"runs of {', '.join(names)}", source=self.chip.source)

    def basis(self) -> Metric:
        """Measured or simulated."""
        if self.run is None or self.run.basis is None:
            return absent("basis", "Measured or simulated")
        return Metric("basis", "Measured or simulated", str(self.run.basis), source=self.run.source)

    def operations(self) -> tuple[Metric, ...]:
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

    def scoped_efficiency(self) -> Metric:
        metric = self.one("efficiency", "Achieved per watt")
        return _noted(metric, self.run.scope) if self.run is not None and self.run.scope else metric

    def _peak(self, claim: Claim, key: str, title: str) -> Metric:
        metric = claimed(claim, self._basis(claim), f"{title}, {precision(claim)}", key)
        return _operations(metric)

    def _basis(self, claim: Claim) -> Basis | None:
        if claim.basis is not None:
            return claim.basis
        own = self.run is not None and claim.key in self.run.figures
        return self.run.basis if own and self.run is not None else None


def claimed(claim: Claim, basis: Basis | None, title: str, key: str = "") -> Metric:
    """A figure as it was claimed, with its source; one from memory says so."""
    mark = RECALLED if claim.confidence is Confidence.MEMORY else ""
    printed = () if isinstance(claim.value, str) else (Operand(PRINTED, claim.printed, "", claim.origin),)
    return Metric(
        key or claim.key, title or claim.title, claim.value, claim.unit, basis, "", printed, claim.origin,
        _joined(AT_MOST if claim.at_most else "", claim.note, mark),
    )  # fmt: skip


def derived(key: str, title: str, known: Known) -> Metric:
    """A figure that follows from others, with its formula; as trustworthy as the worst of them."""
    bound = AT_MOST if known.low == 0 else AT_LEAST if math.isinf(known.high) else ""
    note = _joined(bound, RECALLED if known.confidence is Confidence.MEMORY else "")
    basis = Basis.COUNTED if known.formula == "network_macs" else Basis.CALCULATED
    value = int(known.value) if basis is Basis.COUNTED else known.value
    return Metric(key, title, value, known.unit, basis, known.formula, known.operands, "", note)


def absent(key: str, title: str, needs: str = "") -> Metric:
    """A figure that is not given."""
    return Metric(key, title, None, missing=needs or f"no {title.lower()} is given")


def _operations(metric: Metric) -> Metric:
    """A figure in MACs as operations: 1 MAC is 2 operations."""
    if not isinstance(metric.value, int | float):
        return metric
    unit = metric.unit.replace("MAC", "op")
    formula = f"2 * {metric.formula}" if metric.formula else CONVERTED
    operands = metric.operands
    if not metric.formula:
        operands = (*operands, Operand("MACs", metric.value, metric.unit, metric.source))
    return replace(metric, value=2 * metric.value, unit=unit, formula=formula, operands=operands)


def _noted(metric: Metric, note: str) -> Metric:
    if metric.value is None or not note:
        return metric
    return replace(metric, note=_joined(note, metric.note))


def _joined(*parts: str) -> str:
    return "; ".join(each for each in parts if each)


def _title(key: str) -> str:
    from assay.metrics.claims import CHIP_FIGURES, RUN_FIGURES

    found = RUN_FIGURES.get(key) or CHIP_FIGURES.get(key)
    return found[0] if found else words(key)


def marked(groups: Iterable[Group]) -> bool:
    """Whether a figure of them is from memory."""
    return any(recalled(metric) for group in groups for metric in group.metrics)
