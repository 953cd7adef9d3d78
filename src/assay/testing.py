"""What every estimator must keep to, as a test of one line, for estimators here and elsewhere:

    from assay.testing import check_estimator

    def test_my_sram() -> None:
        check_estimator(MySram, {"depth": 1024, "width": 32}, technology="65nm")

It needs no test framework. What is broken stands in the AssertionError, a sentence each:

- the class is a dataclass (frozen, kw_only) that states component, actions, source and uncertainty; each attribute was
  made by `attribute(...)`, says what it is, is not named like a key of hardware files or an option of the command line
  (such as `count`), and its limits, range and default agree;
- the docstring names every action and the unit of its energy;
- a missing attribute, or no technology, is declined; an unknown one too;
- impossible values (below the least possible, negative, an unknown word) are refused;
- it answers all examples and in all technologies from 180 to 7 nm, or declines; the answer names energies of its own
  actions in joules, area in m2, leakage in W and cycle in s, finite and of a size that exists. What is not known is
  None: 0 needs a note that names what is 0, but for `gated`, `idle` and repeated actions, which may cost nothing;
- values at both ends of `valid` are not said to be beyond it, those past them are, or are refused;
- the same question has the same answer; nothing outside is changed (environment, folder, path of imports, random
  numbers), nothing is printed, and an answer takes less than 50 ms.
"""

from __future__ import annotations

import inspect
import math
import os
import random
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import redirect_stdout, suppress
from dataclasses import dataclass
from fractions import Fraction
from io import StringIO

from assay.components.estimate import Estimate
from assay.components.estimator import Attribute, Declined, Estimator, attributes_of, build
from assay.components.plugins import mistakes_of
from assay.components.provider import Asked, EstimatorProvider
from assay.components.registry import entry_of
from assay.components.technology import Technology
from assay.errors import AssayError, InputError
from assay.reading.entries import Entry
from assay.reading.units import NUMBER, SIZE

__all__ = ["broken_clauses", "check_estimator", "examples_of"]

NODES = (180.0, 130.0, 90.0, 65.0, 45.0, 40.0, 32.0, 28.0, 22.0, 16.0, 14.0, 10.0, 7.0)
SLOWEST = 0.05
_ENERGY_UNIT = re.compile(r"(?<![A-Za-z])[afpnuµ]?J(?![A-Za-z])|joule", re.IGNORECASE)
_FREE = re.compile(r"gated|idle|\w*_(repeated|gated)")

Example = Mapping[str, object]


def check_estimator(
    estimator: type[Estimator], *examples: Example, technology: str | Technology | None = "65nm"
) -> None:
    """Tests an estimator.

    Args:
        examples: attributes by name, in base units (bits, J, s, m, V) or as text with a unit. Without any, those of
            `examples_of` are taken; every example that is given must have an answer.
        technology: of the examples; None for an estimator that needs none.

    Raises:
        AssertionError: what is broken, a sentence each.
    """
    if broken := broken_clauses(estimator, *examples, technology=technology):
        listed = "\n".join(f"- {each}" for each in broken)
        raise AssertionError(f"{estimator.__name__} breaks the contract of estimators:\n{listed}")


def broken_clauses(
    estimator: type[Estimator], *examples: Example, technology: str | Technology | None = "65nm"
) -> tuple[str, ...]:
    """What is broken, a sentence each; arguments as for `check_estimator`."""
    if mistakes := mistakes_of(estimator):
        return tuple(f"it {each}" for each in mistakes)
    process = Technology.parse(technology) if isinstance(technology, str) else technology
    known = attributes_of(estimator)
    try:
        chosen = examples or examples_of(estimator)
    except ValueError as error:
        return (str(error),)
    trial = Trial(estimator, {each.name: each for each in known}, process, chosen[0])
    found = [*_of_class(estimator, known)]
    for number, example in enumerate(chosen):
        found += _of_example(trial, example, must=bool(examples) or number == 0)
    for clauses in (_missing, _impossible, _ends, _technologies, _repeatable, _untouched):
        found += clauses(trial)
    return tuple(dict.fromkeys(found))


def examples_of(estimator: type[Estimator]) -> tuple[dict[str, object], ...]:
    """Attributes to ask an estimator for: values in the middle of their ranges, then each choice in turn.

    Raises:
        ValueError: an attribute has neither default nor range nor choices.
    """
    known = attributes_of(estimator)
    base = {each.name: _usual(each) for each in known if each.default is not None or each.required}
    varied = [{**base, each.name: choice} for each in known for choice in each.choices if choice != base.get(each.name)]
    return (base, *varied)


def _usual(known: Attribute) -> object:
    """The default; else the middle of the range on a logarithmic scale, or the least value that is possible."""
    if not known.required:
        return known.default
    if known.kind == "bool":
        return False
    if known.choices:
        return known.choices[0]
    if known.valid is None and known.kind != "str" and max(known.minimum, known.above) > -math.inf:
        least = (
            known.minimum if known.minimum > known.above else known.above + min(1.0, (known.maximum - known.above) / 2)
        )
        return round(least) if known.kind == "int" else least
    if known.valid is None or known.kind == "str":
        raise ValueError(f"the attribute '{known.name}' has no default, range or choices: give an example")
    low, high = known.valid
    middle = math.sqrt(low * high) if low > 0 else (low + high) / 2
    return round(middle) if known.kind == "int" else middle


@dataclass(frozen=True, slots=True)
class Trial:
    """An estimator under test, with an example that it should answer.

    Attributes:
        known: its attributes by name.
    """

    estimator: type[Estimator]
    known: Mapping[str, Attribute]
    technology: Technology | None
    example: Example

    def ask(self, given: Example, technology: Technology | None) -> Estimate | AssayError:
        """The answer, or why there is none."""
        try:
            return EstimatorProvider(self.estimator, "under test").answer(Asked(self.entries(given), technology, {}))
        except (Declined, InputError) as error:
            return error

    def entries(self, given: Example) -> dict[str, Entry]:
        return {
            name: entry_of(name, _written(self.known.get(name), value), self.estimator.__name__)
            for name, value in given.items()
        }

    def answer(self) -> Estimate | AssayError:
        return self.ask(self.example, self.technology)

    def changed(self, name: str, value: object) -> Estimate | AssayError:
        """The answer with another value of one attribute."""
        return self.ask({**self.example, name: value}, self.technology)


def _written(known: Attribute | None, value: object) -> object:
    """A number with the unit of its attribute, as a file would have it; anything else as it is."""
    if known is None or isinstance(value, bool) or not isinstance(value, int | float | Fraction):
        return value
    if known.unit in (NUMBER, SIZE):
        return value
    symbols = zip(("b", "J", "s", "m", "V", "cycle"), known.unit.exponents, strict=True)
    return f"{value!r}" + "".join(f" {'*' if n > 0 else '/'} (1 {symbol})" * abs(n) for symbol, n in symbols)


def _of_class(estimator: type[Estimator], known: tuple[Attribute, ...]) -> Iterator[str]:
    text = inspect.getdoc(estimator) or ""
    if not text or text.startswith(f"{estimator.__name__}("):  # what dataclass writes where there is none
        yield "it has no docstring"
    else:
        named = [action for action in estimator.actions if not re.search(rf"\b{re.escape(action)}\b", text)]
        if named:
            yield f"its docstring does not say what {', '.join(named)} means"
        if estimator.actions and not _ENERGY_UNIT.search(text):
            yield "its docstring does not give the unit of energy, such as J or pJ"
    if not estimator.component.islower():
        yield f"its component '{estimator.component}' is not in lower case"
    for each in known:
        yield from _of_attribute(each)


def _of_attribute(known: Attribute) -> Iterator[str]:
    """What `mistakes_of` lets through."""
    if known.kind in ("int", "float") and known.minimum == known.above == -math.inf:
        yield f"{known.name}: it states no least possible value (minimum= or above=)"


def _of_example(trial: Trial, example: Example, *, must: bool) -> Iterator[str]:
    answer = trial.ask(example, trial.technology)
    if isinstance(answer, Declined) and not must:
        return
    if isinstance(answer, AssayError):
        yield f"{_said(example)}: {answer.message}"
        return
    yield from _of_figures(answer, _said(example))


def _of_figures(answer: Estimate, where: str) -> Iterator[str]:
    if answer.area is None and all(value is None for value in dict(answer.energy).values()):
        yield f"{where}: it knows neither an energy nor the area; it should decline"
    figures = [("area", answer.area), ("leakage", answer.leakage), ("cycle", answer.cycle), *answer.energy]
    for what, value in figures:
        explained = any(re.search(rf"\b{re.escape(what)}\b", note) for note in answer.notes)
        if value == 0 and not explained and not _FREE.fullmatch(what):
            yield f"{where}: {what} is 0, which no note explains; what is not known is None"


def _missing(trial: Trial) -> Iterator[str]:
    if isinstance(trial.answer(), AssayError):
        return
    for name in (each.name for each in trial.known.values() if each.required):
        fewer = {key: value for key, value in trial.example.items() if key != name}
        if not isinstance(trial.ask(fewer, trial.technology), Declined):
            yield f"without {name} it does not decline"
    if not isinstance(trial.changed("no_such_attribute", 1), Declined):
        yield "with an unknown attribute it does not decline"
    if trial.estimator.needs_technology and not isinstance(trial.ask(trial.example, None), Declined):
        yield "without a technology it does not decline"


def _impossible(trial: Trial) -> Iterator[str]:
    """Values that cannot be, each of which must be refused."""
    for name, known in trial.known.items():
        wrong: list[object] = ["no such word"] if known.choices or known.kind != "str" else []
        if known.kind in ("int", "float") and math.isfinite(known.minimum):
            wrong.append(known.minimum - 1)
        if known.kind in ("int", "float") and math.isfinite(known.above):
            wrong += [known.above, known.above - 1]
        if known.kind in ("int", "float") and math.isfinite(known.maximum):
            wrong.append(known.maximum + 1)
        if known.kind == "int":
            wrong.append("1.5")
        for value in wrong:
            whole = int(value) if isinstance(value, float) and known.kind == "int" else value
            if not isinstance(trial.changed(name, whole), InputError):
                yield f"{name}: it accepts {whole}"


def _ends(trial: Trial) -> Iterator[str]:
    """The ends of ranges, and what lies past them."""
    for name, known in trial.known.items():
        if known.valid is None or known.kind not in ("int", "float"):
            continue
        low, high = known.valid
        for value in (low, high):
            answer = trial.changed(name, value)
            if isinstance(answer, Estimate) and any(text.startswith(f"{name} ") for text in answer.extrapolated):
                yield f"{name}: {value:g} is in its range, but is said to be beyond"
            elif isinstance(answer, InputError) and value > known.above:
                yield f"{name}: {value:g} is in its range, but: {answer.message}"
        step = 1.0 if known.kind == "int" else (high - low) / 100 or abs(high) / 100 or 1.0
        for value in (low - step, high + step):
            answer = trial.changed(name, int(value) if known.kind == "int" else value)
            if isinstance(answer, Estimate) and not answer.extrapolated:
                yield f"{name}: {value:g} is beyond its range, which it does not say"


def _technologies(trial: Trial) -> Iterator[str]:
    if not trial.estimator.needs_technology:
        return
    answers = [(nm, trial.ask(trial.example, Technology.of(nm))) for nm in NODES]
    for nm, answer in answers:
        if isinstance(answer, InputError):
            yield f"at {nm:g} nm it neither answers nor declines: {answer.message}"
            return
        if isinstance(answer, Estimate) and (broken := list(_of_figures(answer, f"at {nm:g} nm"))):
            yield from broken
            return
    if not any(isinstance(answer, Estimate) for _, answer in answers):
        yield "it declines in every technology from 180 nm to 7 nm"


def _repeatable(trial: Trial) -> Iterator[str]:
    first = trial.answer()
    if isinstance(first, Estimate) and trial.answer() != first:
        yield "the same question has another answer the second time"
    taken = min(_seconds(trial.answer) for _ in range(3))
    if taken > SLOWEST:
        yield f"an answer takes {taken * 1e3:.0f} ms, more than {SLOWEST * 1e3:.0f} ms"


def _seconds(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def _untouched(trial: Trial) -> Iterator[str]:
    """Elsewhere output is led to stderr and the folder put back (see `contained`); here that would hide them."""
    before, printed = _world(), StringIO()
    with redirect_stdout(printed), suppress(Exception, SystemExit, GeneratorExit):
        build(trial.estimator, trial.entries(trial.example), trial.technology, {}).estimator.cost()
    for (what, old), (_, new) in zip(before, _world(), strict=True):
        if old != new:
            yield f"it changes {what}"
    if printed.getvalue():
        yield "it prints"
    os.chdir(str(dict(before)["the current folder"]))


def _world() -> tuple[tuple[str, object], ...]:
    return (
        ("the environment", dict(os.environ)),
        ("the current folder", os.getcwd()),
        ("the path of imports", list(sys.path)),
        ("the state of random numbers", random.getstate()),
    )


def _said(example: Example) -> str:
    return ", ".join(f"{name}={value}" for name, value in example.items()) or "without attributes"
