"""Requirements of an application, and whether a processor meets them: the evaluation process of six questions.

After V. Sze et al., "How to Evaluate Deep Neural Network Processors: TOPS/W (Alone) Considered Harmful", IEEE
Solid-State Circuits Magazine 12(3), 2020, section IX. It takes plain metrics, so that the figures may come from an
evaluation, or from what a paper says of a chip.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from assay.errors import InputError
from assay.metrics.metric import Basis, Metric, Operand
from assay.reading.units import format_si
from assay.reading.words import listed


class Outcome(StrEnum):
    """What is known of one requirement."""

    MET = "met"
    FAILED = "failed"
    UNKNOWN = "unknown"


class Viability(StrEnum):
    """What is known of all of them."""

    VIABLE = "viable"
    NOT_VIABLE = "not viable"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Limit:
    """What can be required: `least` True for a minimum. `metric` is its key among the values, `unit` that of both."""

    name: str
    metric: str
    title: str
    unit: str
    least: bool
    form: str

    @property
    def option(self) -> str:
        """The option of the command line, such as `--max-latency`."""
        return f"--{self.name.replace('_', '-')}"


LIMITS = (
    Limit("min_accuracy", "accuracy", "Accuracy", "%", True, "80%"),
    Limit("max_latency", "latency", "Latency", "s", False, "33ms"),
    Limit("min_throughput", "throughput", "Throughput", "inferences/s", True, "30/s"),
    Limit("max_power", "power", "Power", "W", False, "500mW"),
    Limit("max_energy", "energy", "Energy per inference", "J", False, "10mJ"),
    Limit("max_area", "area", "Chip area", "m2", False, "12mm2"),
)
"""Every requirement that can be stated, in the order of the questions."""

QUESTIONS = (
    ("Can it perform the task?", ("accuracy",)),
    ("Is it fast enough, and in real time?", ("latency", "throughput")),
    ("What device does it fit in?", ("power", "energy")),
    ("What does it cost?", ("area",)),
    ("Which other tasks can it support?", ("flexibility",)),
    ("Can the design be scaled?", ("scalability",)),
)
"""The six questions of section IX, and the metrics that answer them."""


@dataclass(frozen=True, slots=True)
class Requirements:
    """What an application asks for; None: nothing. All limits belong to what they allow.

    Attributes:
        min_accuracy: a fraction of 1, in the metric of the accuracy that is judged.
        max_latency: seconds from the first input of a batch to the results of the batch.
        min_throughput: inferences per second.
        max_power: watts.
        max_energy: joules per inference.
        max_area: m2 of the chip.
    """

    min_accuracy: float | None = None
    max_latency: float | None = None
    min_throughput: float | None = None
    max_power: float | None = None
    max_energy: float | None = None
    max_area: float | None = None

    def __post_init__(self) -> None:
        """Raise InputError for a requirement that nothing could meet, or that says nothing."""
        for limit in LIMITS:
            value = getattr(self, limit.name)
            if value is None:
                continue
            if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
                raise InputError(f"{limit.name} is {value!r}; it must be a number")
            if value <= 0:
                what = "asks for nothing" if limit.least else "can be met by nothing"
                message = (
                    f"a requirement {'of at least' if limit.least else 'of at most'} {quantity(value, limit)} {what}"
                )
                raise InputError(f"{limit.option}: {message}", hint=f"write a value above 0, such as {limit.form}")
        if self.min_accuracy is not None and self.min_accuracy > 1:
            text = quantity(self.min_accuracy, LIMITS[0])
            raise InputError(f"--min-accuracy: no accuracy is above 100 %, and {text} is required")

    @property
    def stated(self) -> tuple[tuple[Limit, float], ...]:
        """The limits that are there, in the order of the questions."""
        return tuple((limit, value) for limit in LIMITS if (value := getattr(self, limit.name)) is not None)

    @property
    def remarks(self) -> tuple[str, ...]:
        """What follows from several of them together."""
        found = []
        if self.max_latency is not None and self.min_throughput is not None:
            flight = self.max_latency * self.min_throughput
            time, each = format_si(self.max_latency, "s"), format_si(1 / self.min_throughput, "s")
            found.append(
                f"By Little's law, {rate(self.min_throughput)} within {time} leave room for {flight:.3g} inferences in "
                f"flight. A processor that works on one batch of b at a time meets both where the batch takes at most "
                f"the smaller of {time} and b × {each}."
            )
        if self.max_power is not None and self.min_throughput is not None:
            joules = self.max_power / self.min_throughput
            loose = self.max_energy is not None and self.max_energy > joules
            stricter = ", which is stricter than the energy that is required" if loose else ""
            text = "By equation (5), the required throughput within this power allows"
            found.append(f"{text} {format_si(joules, 'J')} per inference{stricter}.")
        return tuple(found)

    def to_dict(self) -> dict[str, float | None]:
        """In SI units; null: not required."""
        return {limit.name: getattr(self, limit.name) for limit in LIMITS}


@dataclass(frozen=True, slots=True)
class Judgement:
    """One requirement beside the figure.

    Attributes:
        limit, required: what is asked for.
        metric: the figure that was judged; None where there is none of that key.
        outcome: whether it is met.
        difference: value - required, in the unit.
        ratio: value / required.
        missing: where it is unknown: what is missing, and what would make it known.
        caveat: what the figure does not cover; a requirement that is met may fail with that included.
    """

    limit: Limit
    required: float
    metric: Metric | None
    outcome: Outcome
    difference: float | None = None
    ratio: float | None = None
    missing: str = ""
    caveat: str = ""

    @property
    def sentence(self) -> str:
        """`Latency 341 ms, at most 33 ms: failed, 10.3 times as much as allowed`."""
        side = "at least" if self.limit.least else "at most"
        if self.metric is None or self.outcome is Outcome.UNKNOWN:
            return f"{self.limit.title}, {side} {quantity(self.required, self.limit)}: unknown ({self.missing})"
        value = _number(self.metric)
        assert value is not None
        shown, bound = _told_apart(value, self.required, self.limit)
        what = f" ({self.metric.note})" if self.limit.metric == "accuracy" and self.metric.note else ""
        start = f"{self.limit.title} {shown}{what}, {side} {bound}: {self.outcome}"
        told = self.outcome is not Outcome.MET or self.caveat in what
        covered = "" if told else f" ({self.caveat})"
        return f"{start}{self._distance()}{covered}"

    def _distance(self) -> str:
        """How far from the limit, in words."""
        assert self.ratio is not None
        assert self.difference is not None
        if self.difference == 0:
            return ", exactly"
        if self.limit.unit == "%":
            points = f"{100 * abs(self.difference):.3g} points"
            return f" by {points}" if self.outcome is Outcome.MET else f", {points} too little"
        apart = quantity(abs(self.difference), self.limit)
        if self.outcome is Outcome.MET:
            return f" with {apart} to spare"
        if self.limit.least:
            return f", {apart} too little{_beyond(1 / self.ratio, least=True) if self.ratio else ''}"
        return f", {apart} too much{_beyond(self.ratio, least=False)}"

    def to_dict(self) -> dict[str, Any]:
        """As in the schemas of the results that have a verdict."""
        return {
            "requirement": self.limit.name,
            "metric": self.limit.metric,
            "required": self.required,
            "value": None if self.metric is None else self.metric.value,
            "unit": self.limit.unit,
            "outcome": str(self.outcome),
            "difference": self.difference,
            "ratio": self.ratio,
            "missing": self.missing,
            "caveat": self.caveat,
        }


@dataclass(frozen=True, slots=True)
class Answer:
    """One of the six questions.

    Attributes:
        number: 1 to 6.
        question: in words.
        judgements: the requirements that belong to it.
        metrics: the figures that there are, also where nothing is required.
    """

    number: int
    question: str
    judgements: tuple[Judgement, ...]
    metrics: tuple[Metric, ...]

    @property
    def outcome(self) -> Outcome | None:
        """That of its requirements together; None where nothing is required."""
        outcomes = {each.outcome for each in self.judgements}
        for worst in (Outcome.FAILED, Outcome.UNKNOWN, Outcome.MET):
            if worst in outcomes:
                return worst
        return None

    def to_dict(self) -> dict[str, Any]:
        """As in the schemas of the results that have a verdict."""
        return {
            "number": self.number,
            "question": self.question,
            "outcome": None if self.outcome is None else str(self.outcome),
            "requirements": [each.to_dict() for each in self.judgements],
            "metrics": [each.to_dict() for each in self.metrics],
        }


@dataclass(frozen=True, slots=True, repr=False)
class Verdict:
    """The six questions answered, in their order, and what follows for the requirements."""

    requirements: Requirements
    answers: tuple[Answer, ...]
    remarks: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"<Verdict: {self.sentence}>"

    @property
    def judgements(self) -> tuple[Judgement, ...]:
        """Every requirement, in the order of the questions."""
        return tuple(each for answer in self.answers for each in answer.judgements)

    @property
    def viability(self) -> Viability:
        """Not viable: a requirement fails. Unknown: none fails, and of one it is not known, or nothing is required."""
        outcomes = {each.outcome for each in self.judgements}
        if Outcome.FAILED in outcomes:
            return Viability.NOT_VIABLE
        return Viability.VIABLE if outcomes == {Outcome.MET} else Viability.UNKNOWN

    @property
    def sentence(self) -> str:
        """The verdict in one sentence, the requirements that decide it named."""
        decisive = {Viability.NOT_VIABLE: Outcome.FAILED, Viability.UNKNOWN: Outcome.UNKNOWN}.get(self.viability)
        named = [each.limit.title.lower() for each in self.judgements if each.outcome is decisive]
        if self.viability is Viability.NOT_VIABLE:
            others = sum(each.outcome is Outcome.UNKNOWN for each in self.judgements)
            more = f"; {others} more cannot be judged" if others else ""
            return f"Not viable for these requirements: {listed(named)} {_fail(len(named))}{more}."
        if self.viability is Viability.UNKNOWN:
            if not self.judgements:
                return "Nothing is required, so nothing is judged."
            return f"Unknown for these requirements: {listed(named)} cannot be judged; none that is known fails."
        covered = any(each.caveat for each in self.judgements)
        return f"Viable for these requirements{', as far as these figures reach' if covered else ''}."

    def to_dict(self) -> dict[str, Any]:
        """As in the schemas of the results that have a verdict."""
        return {
            "viability": str(self.viability).replace(" ", "_"),
            "sentence": self.sentence,
            "requirements": self.requirements.to_dict(),
            "questions": [each.to_dict() for each in self.answers],
            "remarks": list(self.remarks),
        }


def judge(
    values: Mapping[str, Metric],
    requirements: Requirements,
    *,
    caveats: Mapping[str, str] | None = None,
    parts: Mapping[str, str] | None = None,
) -> Verdict:
    """Hold figures against requirements.

    Args:
        values: by `accuracy` (%), `latency` (s), `throughput` (inferences/s), `power` (W), `energy` (J per inference),
            `area` (m2), `flexibility` and `scalability`; those that are not there are not known.
        caveats: by the same keys, what a figure does not cover, such as `without the clock network`. With that, the
            figure would be worse: where it fails, it fails for certain; where it is met, that is as far as it goes.
        parts: by the same keys, of what a figure is only a part, such as `the chip without its off-chip memory`: where
            that part meets a requirement, nothing is known of the whole.

    Raises:
        InputError: a value is not a number in the unit that is judged.
    """
    known, covered = at_rate(values, requirements, caveats or {})
    judged = [_judged(limit, required, known, covered, parts or {}) for limit, required in requirements.stated]
    answers = []
    for number, (question, keys) in enumerate(QUESTIONS, 1):
        own = tuple(each for each in judged if each.limit.metric in keys)
        answers.append(Answer(number, question, own, tuple(values[key] for key in keys if key in values)))
    return Verdict(requirements, tuple(answers), requirements.remarks)


def at_rate(
    values: Mapping[str, Metric], requirements: Requirements, caveats: Mapping[str, str]
) -> tuple[Mapping[str, Metric], Mapping[str, str]]:
    """Power at the throughput that is required, where the chip is faster and takes too much at full speed.

    After equation (5): the mean power is the energy of an inference times the inferences per second that are asked for.
    """
    most, rate_asked = requirements.max_power, requirements.min_throughput
    power, energy, speed = (_value(values, key) for key in ("power", "energy", "throughput"))
    if most is None or rate_asked is None or power is None or energy is None or speed is None:
        return values, caveats
    if power <= most or speed <= rate_asked:
        return values, caveats
    found = Metric(
        "power",
        "Power",
        energy * rate_asked,
        "W",
        Basis.CALCULATED,
        "energy per inference × required throughput",
        (Operand("energy per inference", energy, "J"), Operand("required throughput", rate_asked, "inferences/s")),
        "equation (5)",
    )
    at_full = f"at the required {rate(rate_asked)}, and nothing in between; {format_si(power, 'W')} at full speed"
    told = "; ".join(text for text in (at_full, caveats.get("power", "")) if text)
    return {**values, "power": found}, {**caveats, "power": told}


def _value(values: Mapping[str, Metric], key: str) -> float | None:
    return None if key not in values else _number(values[key])


def _judged(
    limit: Limit,
    required: float,
    values: Mapping[str, Metric],
    caveats: Mapping[str, str],
    parts: Mapping[str, str],
) -> Judgement:
    metric = values.get(limit.metric)
    value = None if metric is None else _number(metric)
    if metric is None or value is None:
        missing = metric.missing if metric else ""
        return Judgement(limit, required, metric, Outcome.UNKNOWN, missing=missing or f"no {limit.metric} is given")
    if metric.unit != limit.unit:
        raise InputError(f"{metric.title} is in {metric.unit or 'no unit'}; it is judged in {limit.unit}")
    met = value >= required if limit.least else value <= required
    outcome = Outcome.MET if met else Outcome.FAILED
    if met and (part := parts.get(limit.metric)):
        missing = f"{quantity(value, limit)} would meet it, but are those of {part}"
        return Judgement(limit, required, metric, Outcome.UNKNOWN, missing=missing)
    caveat = caveats.get(limit.metric, "")
    return Judgement(limit, required, metric, outcome, value - required, value / required, caveat=caveat)


def quantity(value: float, limit: Limit, more: int = 0) -> str:
    """A value of a limit with its unit, as people read it; `more`: digits beyond the usual ones."""
    if limit.unit == "%":
        return f"{100 * value:.{4 + more}g} %"
    if limit.unit == "m2":
        return f"{1e6 * value:.{4 + more}g} mm2"
    return rate(value, 3 + more) if limit.unit == "inferences/s" else format_si(value, limit.unit, 3 + more)


def rate(value: float, digits: int = 3) -> str:
    """Inferences per second without prefix."""
    rounded = float(f"{value:.{digits}g}")
    whole = rounded >= 100 and rounded == round(rounded)
    return f"{rounded:,.0f} inferences/s" if whole else f"{rounded:,.{digits}g} inferences/s"


MOST_DIGITS = 12
"""Beyond the usual ones; floats have no more."""


def _told_apart(value: float, required: float, limit: Limit) -> tuple[str, str]:
    """Both in as many digits as it takes to tell them apart: `33.05 ms` and `33 ms`."""
    for more in range(MOST_DIGITS):
        texts = quantity(value, limit, more), quantity(required, limit, more)
        if value == required or texts[0] != texts[1]:
            break
    return texts


MUCH = 1.1
"""From this ratio on it is told in times, below in percent."""


def _beyond(ratio: float, *, least: bool) -> str:
    """` (10.3 times what is allowed)`, ` (0.15 % more than is allowed)`, for a ratio above 1."""
    if ratio >= MUCH:
        return f" ({times(ratio)} {'as much is needed' if least else 'what is allowed'})"
    return f" ({100 * (ratio - 1):.2g} % more {'is needed' if least else 'than is allowed'})"


def times(ratio: float) -> str:
    """`10.3 times`."""
    return f"{ratio:,.0f} times" if ratio >= 100 else f"{ratio:.3g} times"


def _number(metric: Metric) -> float | None:
    """Its value; a text or a truth value is none."""
    value = metric.value
    return None if isinstance(value, str | bool) or value is None else float(value)


def _fail(count: int) -> str:
    return "fails" if count == 1 else "fail"
