"""Suites of workloads, `assay: suite/1`: what a chip is to be flexible for.

assay: suite/1
name: mine
entries:
  - {network: resnet50, class: classic}
  - {network: "mobilenet_v1:width=0.5", class: compact, batch: 8}
  - {name: pruned, network: my_network.yaml, class: sparse, bits: 8, density: {weights: 0.3, activations: 0.5}}
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from assay.errors import AssayError, InputError, Position
from assay.hardware.shipped import shipped_names, shipped_text
from assay.reading.documents import Doc, Entry, Form, load, loads
from assay.reading.suggestions import hint
from assay.workload.einsum import Einsum, Tensor, TensorKind
from assay.workload.load import FILES, MAX_BITS, load_network, split_spec
from assay.workload.network import MAX_BATCH, Layer, Network

FORM = "suite/1"
FOLDER = "suites"
STANDARD = "standard"
KEYS = ("name", "network", "class", "batch", "bits", "density", "why")
UNNAMED = "unclassified"


@dataclass(frozen=True, slots=True)
class SuiteEntry:
    """One workload of a suite.

    Attributes:
        name: unique in its suite.
        network: what `load_network` takes.
        kind: the class that it stands for (`compact`, `sparse`, ...).
        batch: inputs processed together; None: as many as the network was read for, which is mostly 1.
        bits: bits per word; None: as wide as the chip's operands.
        weights, activations: shares of the words that are not zero; None: as the network says, 1 where it says nothing.
        why: why it is in the suite, and where its figures come from.
    """

    name: str
    network: str
    kind: str = UNNAMED
    batch: int | None = None
    bits: int | None = None
    weights: float | None = None
    activations: float | None = None
    why: str = ""
    at: Position | None = field(default=None, compare=False)

    def load(self, width: int) -> Network:
        """The network, with the batch and densities, in words of `width` bits where none are given.

        Raises:
            InputError, UnsupportedError: it cannot be read.
        """
        try:
            network = load_network(self.network, bits=self.bits or min(width, MAX_BITS))
            if self.batch is not None:
                network = network.with_batch(self.batch)
        except AssayError as error:
            place = error.at or self.at
            raise type(error)(f"entry '{self.name}': {error.message}", at=place, hint=error.hint) from None
        return replace(network, layers=tuple(self._sparse(layer) for layer in network.layers))

    def _sparse(self, layer: Layer) -> Layer:
        einsum = layer.einsum
        if einsum is None or (self.weights is None and self.activations is None):
            return layer
        return replace(layer, einsum=replace(einsum, inputs=tuple(self._thinned(each) for each in einsum.inputs)))

    def _thinned(self, tensor: Tensor) -> Tensor:
        density = self.weights if tensor.kind is TensorKind.WEIGHT else self.activations
        return tensor if density is None else replace(tensor, density=density)


@dataclass(frozen=True, slots=True)
class Suite:
    """Workloads that belong together.

    Attributes:
        name, title: short, and for people.
        source: who put it together, and why these.
        entries: at least one; names are different.
    """

    name: str
    entries: tuple[SuiteEntry, ...]
    title: str = ""
    source: str = ""

    @property
    def label(self) -> str:
        return self.title or self.name

    @property
    def kinds(self) -> tuple[str, ...]:
        """The classes, in order of first use."""
        return tuple(dict.fromkeys(entry.kind for entry in self.entries))


def suite_names() -> tuple[str, ...]:
    """Names of the suites that come with Assay."""
    return shipped_names(FOLDER)


def load_suite(source: str | Path | Suite = STANDARD) -> Suite:
    """A suite by name, by path (`.yaml` or `.yml`), or as it is.

    Raises:
        InputError: there is none of that name, or the file is wrong.
    """
    if isinstance(source, Suite):
        return source
    if not isinstance(source, str | Path):
        raise InputError(f"a suite cannot be read from a value of type {type(source).__name__}")
    if isinstance(source, Path) or source.endswith((".yaml", ".yml")):
        path = Path(source)
        return read_suite(load(path, names=suite_names()), path.parent)
    if source not in suite_names():
        advice = f"{hint(source, suite_names(), label='built in')}; a file of your own must end in .yaml"
        raise InputError(f"there is no built-in suite '{source}'", hint=advice)
    return read_suite(loads(shipped_text(FOLDER, source), f"{source}.yaml"))


def read_suite(doc: Doc, folder: Path | None = None) -> Suite:
    """The suite that a file describes; its networks are not read yet.

    Args:
        folder: what paths of networks are relative to.

    Raises:
        InputError: with file, line and column.
    """
    fields = doc.fields(FORM, allowed=("name", "title", "source", "entries"), required=("name", "entries"))
    entries: list[SuiteEntry] = []
    for item in fields["entries"].items():
        found = _read_entry(replace(item, label="the entry"), folder)
        if any(each.name == found.name for each in entries):
            raise item.error(f"there are two entries called '{found.name}'", "give one of them another 'name: ...'")
        entries.append(found)
    if not entries:
        raise fields["entries"].error("the suite has no entries", "write '- {network: resnet50, class: classic}' below")
    texts = {key: fields[key].text() for key in ("name", "title", "source") if key in fields}
    return Suite(entries=tuple(entries), **texts)


def _read_entry(item: Entry, folder: Path | None) -> SuiteEntry:
    if item.form is Form.TEXT:
        return SuiteEntry(item.text(), _located(item.text(), folder), at=item.at)
    fields = item.mapping(allowed=KEYS, required=("network",))
    network = fields["network"].text()
    weights, activations = _densities(fields["density"]) if "density" in fields else (None, None)
    return SuiteEntry(
        name=fields["name"].text() if "name" in fields else network,
        network=_located(network, folder),
        kind=fields["class"].text() if "class" in fields else UNNAMED,
        batch=fields["batch"].integer(minimum=1, maximum=MAX_BATCH) if "batch" in fields else None,
        bits=fields["bits"].integer(minimum=1, maximum=MAX_BITS) if "bits" in fields else None,
        weights=weights,
        activations=activations,
        why=fields["why"].text() if "why" in fields else "",
        at=fields["network"].at,
    )


def _densities(entry: Entry) -> tuple[float | None, float | None]:
    """Of weights and activations: one number for both, or each its own."""
    if entry.form is Form.TEXT:
        value = _density(entry)
        return value, value
    found = {key: _density(each) for key, each in entry.mapping(allowed=("weights", "activations")).items()}
    if not found:
        raise entry.error("density: says nothing", "write {weights: 0.5, activations: 0.5}, or one number for both")
    return found.get("weights"), found.get("activations")


def _density(entry: Entry) -> float:
    value = entry.number(minimum=0, maximum=1)
    if value == 0:
        raise entry.wrong_form("a share above 0, at most 1", "it is the share of words that are not zero")
    return value


def _located(spec: str, folder: Path | None) -> str:
    """Files lie beside the suite."""
    path = split_spec(spec)[0] if folder is not None else ""
    if folder is None or not path.lower().endswith(FILES) or Path(path).is_absolute():
        return spec
    return str(folder / spec)


def effectual_share(einsum: Einsum) -> float:
    """The share of multiply-accumulates of which no operand is zero, where zeros lie independently of each other."""
    share = 1.0
    for tensor in einsum.inputs:
        share *= tensor.density
    return share
