"""Accuracy: how good the answers are, on which data set and task, and how difficult these are.

A simple network is fast and saves energy; only its accuracy on a known task says whether it is of use. Nothing in the
hardware model has a say in it: it is given by the user, or published with the network (`data/accuracy.yaml`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources

from assay.errors import InputError
from assay.metrics.metric import Basis, Metric
from assay.reading.documents import Entry, loads
from assay.reading.suggestions import hint
from assay.reading.units import NUMBER
from assay.workload.load import split_spec
from assay.workload.zoo import zoo_names

FILE = "accuracy.yaml"
TRAINED = "32-bit float"
"""The precision in which published networks are trained and tested unless somebody says otherwise."""
NOT_GIVEN = "no accuracy is published here for this network: give it with --accuracy 80.2% --accuracy-metric top-5"


@dataclass(frozen=True, slots=True)
class Accuracy:
    """How good the answers are.

    Attributes:
        value: a fraction of 1.
        metric: such as `top-1`; empty where nobody says.
        dataset, task: what it was measured on, and for; empty where nobody says.
        difficulty: what is known of how difficult that is, in words.
        source: who says so.
        basis: how it was obtained.
        precision: in which numbers it was measured; empty where nobody says.
        note: a condition that belongs to the figure.
        confidence: `seen` or `seen-secondary` for published figures.
    """

    value: float
    metric: str = ""
    dataset: str = ""
    task: str = ""
    difficulty: str = ""
    source: str = ""
    basis: Basis = Basis.GIVEN
    precision: str = ""
    note: str = ""
    confidence: str = ""

    def __post_init__(self) -> None:
        """Raise InputError for a value that is no share."""
        if isinstance(self.value, bool) or not 0 < self.value <= 1:
            raise InputError(f"the accuracy is {self.value!r}; it must be above 0 and at most 1 (100 %)")

    def figure(self, bits: int | None = None) -> Metric:
        """As a metric; `bits`: of the words that are evaluated."""
        return Metric(
            "accuracy",
            "Accuracy",
            self.value,
            "%",
            self.basis,
            source="; ".join(part for part in (self.source, self.note) if part),
            note="; ".join(part for part in (self._what(), self.remark(bits)) if part),
        )

    def remark(self, bits: int | None) -> str:
        """What to mind where it was measured in other numbers than those that are evaluated; empty where it was not."""
        if not self.precision or bits is None or self.precision.startswith(f"{bits}-bit"):
            return ""
        return f"measured in {self.precision}: in {bits} bits it must be measured anew"

    def _what(self) -> str:
        where = f"on {self.dataset}" if self.dataset else "data set not given"
        return f"{self.metric or 'metric not given'} {where}" + (f", {self.task}" if self.task else "")


@dataclass(frozen=True, slots=True)
class Dataset:
    """A data set, its usual task, and what makes it easy or difficult."""

    name: str
    task: str
    facts: str
    source: str


@dataclass(frozen=True, slots=True)
class _Order:
    """One is easier than the other, in the words of the article."""

    easier: str
    harder: str
    words: str


@dataclass(frozen=True, slots=True)
class _Table:
    datasets: tuple[Dataset, ...]
    orders: tuple[_Order, ...]
    metrics: dict[str, str]
    networks: tuple[tuple[str, tuple[tuple[str, float], ...], Accuracy], ...]


def given(value: float, *, metric: str = "", dataset: str = "", task: str = "") -> Accuracy:
    """An accuracy that the user states, with what is known of the data set and task.

    Raises:
        InputError: not above 0 and at most 1.
    """
    known = find_dataset(dataset)
    name, purpose = (known.name, task or known.task) if known else (dataset, task)
    return Accuracy(value, _metric(metric), name, purpose, difficulty(name, purpose), "given by the user", Basis.GIVEN)


def published(spec: str) -> Accuracy | None:
    """The published accuracy of a network of the zoo, named as for `load_network`; None where there is none."""
    name, words = split_spec(spec)
    if name not in zoo_names():
        return None
    parameters = _numbers(words)
    if parameters is None:
        return None
    for network, own, accuracy in _table().networks:
        if network == name and _same(dict(own), parameters):
            return accuracy
    return None


def datasets() -> tuple[Dataset, ...]:
    """The data sets whose difficulty is known."""
    return _table().datasets


def find_dataset(name: str) -> Dataset | None:
    """A data set by its name, whatever the case; None where it is not known."""
    wanted = name.strip().lower()
    return next((each for each in datasets() if each.name.lower() == wanted), None)


def difficulty(dataset: str, task: str) -> str:
    """What is known of how difficult a data set and a task are; empty where nothing is."""
    known = find_dataset(dataset)
    parts = [known.facts] if known else []
    names = {dataset.lower(), task.lower()}
    parts += [order.words for order in _table().orders if names & {order.easier.lower(), order.harder.lower()}]
    return "; ".join(parts)


def metrics_of(accuracy: Accuracy | None, bits: int | None) -> tuple[Metric, ...]:
    """The group of the scorecard: accuracy, data set, task, difficulty.

    Args:
        accuracy: None where nobody gives one.
        bits: of the words that are evaluated; None where that is not known.
    """
    if accuracy is None:
        return (
            Metric("accuracy", "Accuracy", None, "%", missing=NOT_GIVEN),
            Metric("dataset", "Data set", None, missing="give it with --dataset ImageNet"),
            Metric("task", "Task", None, missing='give it with --task "image classification"'),
            Metric("difficulty", "Difficulty", None, missing="depends on data set and task"),
        )
    known = find_dataset(accuracy.dataset)
    return (
        accuracy.figure(bits),
        _text("dataset", "Data set", accuracy.dataset, known.source if known else "", "give it with --dataset"),
        _text("task", "Task", accuracy.task, "", "give it with --task"),
        _text("difficulty", "Difficulty", accuracy.difficulty, "", "nothing is known of this data set and task"),
    )


def _text(key: str, title: str, value: str, source: str, missing: str) -> Metric:
    return Metric(key, title, value or None, source=source, missing="" if value else missing)


def _metric(name: str) -> str:
    """The usual spelling of a metric; as it stands where it is not known. Raises InputError for a near miss."""
    known = list(_table().metrics)
    found = next((each for each in known if each.lower() == name.strip().lower()), None)
    if found or not name.strip():
        return found or ""
    if name.strip().lower().replace(" ", "").replace("_", "") in ("top1", "top5", "map", "f1"):
        raise InputError(f"unknown metric '{name}' of an accuracy", hint=hint(name, known))
    return name.strip()


def _same(own: dict[str, float], asked: dict[str, float]) -> bool:
    """Whether parameters are those of an entry; what is not asked for is the default of the zoo."""
    return all(own.get(key) == value for key, value in asked.items()) and all(
        key in asked or value == _DEFAULTS.get(key) for key, value in own.items()
    )


_DEFAULTS = {"width": 1.0, "resolution": 224.0}
"""Of networks of the zoo with several entries."""


def _numbers(words: dict[str, str]) -> dict[str, float] | None:
    try:
        return {key: float(value) for key, value in words.items()}
    except ValueError:
        return None


@cache
def _table() -> _Table:
    text = (resources.files("assay") / "data" / FILE).read_text(encoding="utf-8")
    keys = ("orders", "datasets", "metrics", "networks", "sources", "notes")
    fields = loads(text, FILE).fields("accuracy/1", allowed=("name", *keys), required=keys)
    sets = tuple(Dataset(**_texts(each, "name", "task", "facts", "source")) for each in fields["datasets"].items())
    orders = tuple(_Order(**_texts(each, "easier", "harder", "words")) for each in fields["orders"].items())
    metrics = {each["name"]: each["words"] for each in (_texts(e, "name", "words") for e in fields["metrics"].items())}
    sources = {key.words: _texts(entry, "text", "confidence") for key, entry in fields["sources"].pairs()}
    notes = {key.words: entry.text() for key, entry in fields["notes"].pairs()}
    table = _Table(sets, orders, metrics, ())
    rows = tuple(_network(entry, table, sources, notes) for entry in fields["networks"].items())
    return _Table(sets, orders, metrics, rows)


def _texts(entry: Entry, *keys: str) -> dict[str, str]:
    return {key: each.text() for key, each in entry.mapping(allowed=keys, required=keys).items()}


def _network(
    entry: Entry, table: _Table, sources: dict[str, dict[str, str]], notes: dict[str, str]
) -> tuple[str, tuple[tuple[str, float], ...], Accuracy]:
    required = ("network", "value", "metric", "dataset", "source")
    found = entry.mapping(allowed=(*required, "parameters", "note"), required=required)
    own = found["parameters"].pairs() if "parameters" in found else ()
    parameters = tuple((key.words, value.number()) for key, value in own)
    names = [each.name for each in table.datasets]
    dataset = table.datasets[names.index(found["dataset"].choice(names))]
    source = sources[found["source"].choice(sources)]
    metric = found["metric"].choice(table.metrics)
    note = notes[found["note"].choice(notes)] if "note" in found else ""
    words = [o.words for o in table.orders if {dataset.name, dataset.task} & {o.easier, o.harder}]
    return (
        found["network"].text(),
        parameters,
        Accuracy(
            found["value"].quantity(NUMBER).value,
            metric,
            dataset.name,
            dataset.task,
            "; ".join([dataset.facts, *words]),
            source["text"],
            Basis.SPECIFIED,
            TRAINED,
            note,
            source["confidence"],
        ),
    )
