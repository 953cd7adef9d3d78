"""One layer of a network file while it is being read: its options, and the shapes that flow into it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from assay.errors import InputError
from assay.reading.documents import Entry, Form
from assay.workload.einsum import Tensor
from assay.workload.network import Layer
from assay.workload.windows import AutoPadding, Padding
from assay.workload.yaml_scope import Scope

DENSITY = "density"
"""The option of layers with multiply-accumulates: one number, or numbers by tensor."""
OPERANDS = ("ifmap", "filter", "ofmap")

Shape = tuple[int, ...]
"""Words along each axis, without the batch: (channels, height, width), (tokens, features) or (features,)."""


@dataclass(frozen=True, slots=True)
class LayerStep:
    """What an operation sees of the layer that it builds.

    Attributes:
        name: of the layer.
        entry: the layer in the file, for messages.
        fields: its options.
        scope: what names stand for here.
        shapes: of the inputs, in the order of `from`.
        bits: bits per word.
    """

    name: str
    entry: Entry
    fields: Mapping[str, Entry]
    scope: Scope
    shapes: tuple[Shape, ...]
    bits: int

    @property
    def shape(self) -> Shape:
        """The shape of the only input. Raises InputError if there are several."""
        if len(self.shapes) != 1:
            raise self.error(f"takes one input, not {len(self.shapes)}")
        return self.shapes[0]

    @property
    def feature_map(self) -> tuple[int, int, int]:
        """(channels, height, width) of the only input. Raises InputError for another form."""
        if len(self.shape) != 3:
            raise self.error(f"needs a feature map [channels, height, width], but its input is {shown(self.shape)}")
        channels, height, width = self.shape
        return channels, height, width

    def error(self, message: str, hint: str | None = None) -> InputError:
        """An error about this layer as a whole."""
        return self.entry.error(f"layer {self.name}: {message}", hint)

    def integer(self, key: str, default: int | None = None, minimum: int = 1) -> int:
        """A whole number among the options."""
        if key not in self.fields:
            if default is None:
                raise self.error(f"the key '{key}' is missing", f"write '{key}: ...' here")
            return default
        return self.scope.integer(self.fields[key], minimum)

    def pair(self, key: str, default: tuple[int, int] | None = None, minimum: int = 1) -> tuple[int, int]:
        """(height, width), written as one number for both or as a list of two."""
        if key not in self.fields and default is not None:
            return default
        if key in self.fields and self.fields[key].form is Form.LIST:
            first, second = two(self.fields[key])
            return self.scope.integer(first, minimum), self.scope.integer(second, minimum)
        value = self.integer(key, minimum=minimum)
        return value, value

    def padding(self) -> tuple[Padding, Padding]:
        """Padding of (height, width): a rule, a number, [height, width] or [[top, bottom], [left, right]]."""
        entry = self.fields.get("padding")
        if entry is None:
            return (0, 0), (0, 0)
        if entry.form is Form.TEXT and entry.words in tuple(AutoPadding):
            return AutoPadding(entry.words), AutoPadding(entry.words)
        height, width = two(entry) if entry.form is Form.LIST else (entry, entry)
        return self.both_ends(height), self.both_ends(width)

    def both_ends(self, entry: Entry) -> tuple[int, int]:
        entry = replace(entry, label="padding")
        if entry.form is Form.LIST:
            before, after = two(entry)
            return self.scope.integer(before, 0), self.scope.integer(after, 0)
        both = self.scope.integer(entry, 0)
        return both, both

    def boolean(self, key: str) -> bool:
        """`true` or `false` among the options; false if absent."""
        return key in self.fields and self.fields[key].boolean()

    def densities(self) -> dict[str, float]:
        """Fraction of words that are not zero by tensor, as far as the file says; one number is for every tensor."""
        if DENSITY not in self.fields:
            return {}
        entry = replace(self.fields[DENSITY], label=DENSITY)
        if entry.form is not Form.MAPPING:
            return dict.fromkeys(OPERANDS, self.fraction(entry))
        given = entry.mapping(allowed=OPERANDS)
        return {name: self.fraction(replace(value, label=f"{DENSITY} of {name}")) for name, value in given.items()}

    def fraction(self, entry: Entry) -> float:
        """A number from 0 to 1, written as an expression. Raises InputError at the entry."""
        return entry.number(minimum=0, maximum=1, names=self.scope.numbers)


@dataclass(frozen=True, slots=True)
class Built:
    """What an operation gives back: the layers (none when no data moves) and the shape of the result."""

    layers: tuple[Layer, ...]
    shape: Shape


def with_densities(built: Built, densities: Mapping[str, float]) -> Built:
    """The same layers, whose tensors have the densities."""
    if not densities:
        return built

    def dense(tensor: Tensor) -> Tensor:
        return replace(tensor, density=densities.get(tensor.name, tensor.density))

    layers = tuple(
        replace(layer, einsum=replace(e, inputs=tuple(map(dense, e.inputs)), output=dense(e.output)))
        if (e := layer.einsum)
        else layer
        for layer in built.layers
    )
    return Built(layers, built.shape)


def two(entry: Entry) -> tuple[Entry, Entry]:
    """The two items of a list. Raises InputError for another number."""
    items = entry.items()
    if len(items) != 2:
        raise entry.error(f"{entry.label}: expected two values, found {len(items)}", "the order is height, width")
    first, second = (replace(item, label=entry.label) for item in items)
    return first, second


def read_shape(entry: Entry, scope: Scope) -> Shape:
    """A list of whole numbers of at least 1. Raises InputError at the wrong item."""
    if not entry.items():
        raise entry.error(f"{entry.label}: a shape has at least one number", "write [channels, height, width]")
    return tuple(scope.integer(replace(item, label=entry.label)) for item in entry.items())


def shown(shape: Shape) -> str:
    """A shape as it is written in a file."""
    return f"[{', '.join(map(str, shape))}]"
