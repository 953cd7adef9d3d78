"""Throughput and latency, and the factors that make them: equations (1) to (4).

After V. Sze et al., "How to Evaluate Deep Neural Network Processors: TOPS/W (Alone) Considered Harmful", IEEE
Solid-State Circuits Magazine 12(3), 2020. An operation is a multiply-accumulate (MAC), as there.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import partial

from assay.evaluation.results import Evaluation
from assay.metrics.metric import ARTICLE, Basis, Metric, Operand, Value

NO_SPARSITY = "give the share of MACs without a zero operand with --effectual 40%"
NO_WORK = "no layer has multiply-accumulates"
PER_PE = "MACs/cycle of one PE"


@dataclass(frozen=True, slots=True)
class Factors:
    """The factors of equations (1) to (3), exact. Their product is the throughput.

    Attributes:
        operations_per_inference: MACs.
        cycles_per_operation: of one PE that is busy; below 1 where a PE does several MACs in a cycle.
        clock: cycles per second.
        pes: how many there are.
        active_pes: mean of those that receive work, weighted by the cycles in which the layers compute.
        active_utilization: MACs done / MACs that the active PEs could do in all cycles, 0 to 1.
    """

    operations_per_inference: Fraction
    cycles_per_operation: Fraction
    clock: Fraction
    pes: int
    active_pes: Fraction
    active_utilization: Fraction

    @property
    def active_share(self) -> Fraction:
        """Number of active PEs / number of PEs, equation (3)."""
        return self.active_pes / self.pes

    @property
    def utilization(self) -> Fraction:
        """Of all PEs, equation (3)."""
        return self.active_share * self.active_utilization

    @property
    def operations_per_second(self) -> Fraction:
        """MACs per second, equation (2)."""
        return 1 / self.cycles_per_operation * self.clock * self.pes * self.utilization

    @property
    def throughput(self) -> Fraction:
        """Inferences per second, equation (1)."""
        return self.operations_per_second / self.operations_per_inference


def factors_of(evaluation: Evaluation) -> Factors | None:
    """The factors of an evaluation; None where no layer has multiply-accumulates."""
    timed = [(each.active_pes or 0, each.timing.compute_cycles) for each in evaluation.mapped if each.timing]
    computing = sum(cycles for _, cycles in timed)
    if not evaluation.cycles or not computing or not evaluation.macs:
        return None
    active = Fraction(sum(pes * cycles for pes, cycles in timed), computing)
    per_cycle = evaluation.hardware.compute.macs_per_cycle
    return Factors(
        operations_per_inference=Fraction(evaluation.macs, evaluation.batch),
        cycles_per_operation=Fraction(1, per_cycle),
        clock=Fraction(evaluation.hardware.clock),
        pes=evaluation.hardware.pes,
        active_pes=active,
        active_utilization=evaluation.macs / (evaluation.cycles * per_cycle * active),
    )


def layers_left_out(evaluation: Evaluation) -> str:
    """How many layers no time and energy is modelled of, in words; empty where there are none."""
    count = len(evaluation.layers) - len(evaluation.mapped)
    if not count:
        return ""
    return (
        "1 layer that has no multiply-accumulates"
        if count == 1
        else f"{count} layers that have no multiply-accumulates"
    )


def throughput_metrics(evaluation: Evaluation) -> tuple[Metric, ...]:
    """What a user notices: throughput, latency with the batch, inferences in flight, utilisation."""
    batch = Operand("batch", evaluation.batch, "", "the user")
    cycles = Operand("cycles", evaluation.cycles, "", "sum over the layers, which run one after another")
    clock = Operand("clock", evaluation.hardware.clock, "Hz", "the hardware file")
    seconds = Operand("latency", evaluation.latency, "s")
    left_out = layers_left_out(evaluation)
    note = "; ".join([_batch(evaluation.batch), *([f"without {left_out}"] if left_out else [])])
    return (
        _metric("throughput", "Throughput", evaluation.throughput, "inferences/s", "batch / latency", (batch, seconds)),
        _metric("latency", "Latency", evaluation.latency, "s", "cycles / clock", (cycles, clock), note=note),
        Metric("batch", "Batch", evaluation.batch, "", Basis.GIVEN, source="inputs processed together"),
        *_use(evaluation, factors_of(evaluation)),
    )


def _use(evaluation: Evaluation, factors: Factors | None) -> tuple[Metric, ...]:
    """How much is under way at a time, and how much of the chip it keeps busy."""
    operands = (
        Operand("throughput", evaluation.throughput, "inferences/s"),
        Operand("latency", evaluation.latency, "s"),
    )
    shares = (
        Operand("active share", _plain(factors.active_share) if factors else None, "%"),
        Operand("utilisation of active PEs", _plain(factors.active_utilization) if factors else None, "%"),
    )
    return (
        _metric(
            "in_flight",
            "Inferences in flight",
            _plain(factors.throughput * (evaluation.cycles or 0) / factors.clock) if factors else None,
            "",
            "throughput × latency",
            operands,
            source=f"Little's law, {ARTICLE}, footnote 6",
            note="one batch at a time",
        ),
        _metric(
            "utilization",
            "Utilisation of PEs",
            _plain(factors.utilization) if factors else None,
            "%",
            "active share × utilisation of active PEs",
            shares,
            source=f"{ARTICLE}, equation (3)",
        ),
    )


def decomposition_metrics(evaluation: Evaluation, effectual: float | None) -> tuple[Metric, ...]:
    """Every factor of equations (1) to (4), with what dictates it (Table III).

    Args:
        effectual: share of MACs whose operands are both not zero; None where it is not known.
    """
    factors = factors_of(evaluation)
    if factors is None:
        return (Metric("operations_per_second", "Operations per second", None, "MAC/s", missing=NO_WORK),)
    return (
        *_per_inference(factors),
        *_per_second(factors),
        *_at_work(factors, evaluation),
        *_sparsity(factors, effectual),
    )


def _per_inference(factors: Factors) -> tuple[Metric, ...]:
    """Equation (1)."""
    operands = (
        Operand("operations per second", float(factors.operations_per_second), "MAC/s"),
        Operand("operations per inference", _plain(factors.operations_per_inference), "MACs"),
    )
    formula = "operations per second / operations per inference"
    work = factors.operations_per_inference
    return (
        _factor(
            "inferences_per_second", "Inferences per second", factors.throughput, "inferences/s", 1, formula, operands
        ),
        _factor(
            "operations_per_inference",
            "Operations per inference",
            work,
            "MACs",
            1,
            basis=Basis.COUNTED,
            dictated="the DNN model",
        ),
    )


def _per_second(factors: Factors) -> tuple[Metric, ...]:
    """Equation (2)."""
    per_pe = Operand("operations per cycle", _plain(1 / factors.cycles_per_operation), PER_PE)
    operands = (
        Operand("cycles per operation", _plain(factors.cycles_per_operation), "cycles/MAC"),
        Operand("clock", float(factors.clock), "Hz"),
        Operand("PEs", factors.pes),
        Operand("utilisation of PEs", _plain(factors.utilization), "%"),
    )
    given = partial(_factor, basis=Basis.SPECIFIED, dictated="the hardware")
    return (
        _factor(
            "operations_per_second",
            "Operations per second",
            factors.operations_per_second,
            "MAC/s",
            2,
            "1 / cycles per operation × clock × PEs × utilisation of PEs",
            operands,
            dictated="hardware and DNN model",
        ),
        given(
            "cycles_per_operation",
            "Cycles per operation",
            factors.cycles_per_operation,
            "cycles/MAC of one PE",
            2,
            "1 / operations per cycle",
            (per_pe,),
        ),
        given("clock", "Cycles per second", factors.clock, "Hz", 2),
        given("pes", "Number of PEs", Fraction(factors.pes), "", 2),
    )


def _at_work(factors: Factors, evaluation: Evaluation) -> tuple[Metric, ...]:
    """Equation (3)."""
    active = Operand("active PEs", _plain(factors.active_pes))
    done = (
        Operand("MACs", evaluation.macs),
        Operand("cycles", evaluation.cycles),
        Operand("operations per cycle", _plain(1 / factors.cycles_per_operation), PER_PE),
        active,
    )
    both = "hardware and DNN model"
    timed = [(each.active_pes or 0, each.timing.compute_cycles) for each in evaluation.mapped if each.timing]
    mean = (
        Operand("PE cycles", sum(pes * cycles for pes, cycles in timed), "", "active PEs × cycles, over the layers"),
        Operand("cycles that compute", sum(cycles for _, cycles in timed), "", "over the layers"),
    )
    of_cycles = "PE cycles / cycles that compute"
    return (
        _factor("active_pes", "Number of active PEs", factors.active_pes, "", 3, of_cycles, mean, dictated=both),
        _factor(
            "active_share",
            "Active PEs / PEs",
            factors.active_share,
            "%",
            3,
            "active PEs / PEs",
            (active, Operand("PEs", factors.pes)),
        ),
        _factor(
            "active_utilization",
            "Utilisation of active PEs",
            factors.active_utilization,
            "%",
            3,
            "MACs / (cycles × operations per cycle × active PEs)",
            done,
            dictated=both,
        ),
    )


def _sparsity(factors: Factors, effectual: float | None) -> tuple[Metric, ...]:
    """Equation (4) of one PE. It skips no zeros and performs every operation, so the last two factors cancel."""
    done = 1 / factors.cycles_per_operation
    share = None if effectual is None else Fraction(repr(effectual))
    operands = (
        Operand("performed per cycle", _plain(done), PER_PE),
        Operand("effectual / performed", effectual, "%", "no zeros are skipped: equal to effectual / all"),
        Operand("effectual / all", effectual, "%", "" if effectual is None else "given by the user"),
    )
    data = "DNN model and input data"
    skipped = "the hardware; no zeros are skipped"
    hardware = partial(_factor, unit=PER_PE, equation=4, basis=Basis.SPECIFIED)
    given = partial(_factor, unit="%", equation=4, basis=Basis.GIVEN, missing=NO_SPARSITY)
    formula = "performed per cycle × (effectual / performed) / (effectual / all)"
    names = (
        "Effectual plus unexploited ineffectual operations per cycle",
        "Effectual / (effectual plus unexploited ineffectual) operations",
        "Effectual out of all operations",
    )
    return (
        hardware(
            "operations_per_cycle",
            "Operations per cycle",
            done,
            formula=formula,
            operands=operands,
            dictated="the hardware",
        ),
        hardware("performed_per_cycle", names[0], done, dictated=f"{skipped}, so that it performs every operation"),
        given("exploited", names[1], share, dictated=skipped),
        given("effectual", names[2], share, dictated=data),
    )


def _factor(
    key: str,
    title: str,
    value: Fraction | None,
    unit: str,
    equation: int,
    formula: str = "",
    operands: tuple[Operand, ...] = (),
    *,
    basis: Basis = Basis.CALCULATED,
    dictated: str = "",
    missing: str = "",
) -> Metric:
    """One factor with the equation that it stands in and what dictates it."""
    return Metric(
        key,
        title,
        None if value is None else _plain(value),
        unit,
        None if value is None else basis,
        formula,
        operands,
        f"{ARTICLE}, equation ({equation}){' and Table III' if dictated else ''}",
        f"dictated by {dictated}" if dictated else "",
        missing if value is None else "",
    )


def _metric(
    key: str,
    title: str,
    value: Value,
    unit: str,
    formula: str,
    operands: tuple[Operand, ...],
    *,
    source: str = "",
    note: str = "",
) -> Metric:
    if value is None:
        return Metric(key, title, None, unit, missing=NO_WORK)
    return Metric(key, title, value, unit, Basis.CALCULATED, formula, operands, source, note)


def _batch(batch: int) -> str:
    return "one inference" if batch == 1 else f"batch of {batch:,}"


def _plain(value: Fraction) -> int | float:
    """A whole number as such."""
    return int(value) if value.denominator == 1 else float(value)
