"""Network files, `assay: network/1`: layers in a list, through which shapes flow.

assay: network/1
name: tiny
parameters: {width: 1}
input: [3, 32, 32]
layers:
  - {name: conv1, op: conv, out: 16 * width, kernel: 3, padding: 1, then: relu}
  - {op: global_pool}
  - {name: fc, op: fc, out: 10}
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from assay.errors import InputError
from assay.reading.documents import Doc, Entry, Form
from assay.reading.suggestions import hint
from assay.workload.network import Layer, Network
from assay.workload.yaml_ops import FOLLOWERS, OPERATIONS, Operation
from assay.workload.yaml_scope import Scope, Step, present, read_parameters, unfold
from assay.workload.yaml_step import Built, LayerStep, Shape, read_shape, with_densities

FORM = "network/1"
INPUT = "input"
COMMON_KEYS = ("name", "op", "from", "then", "when")


def read_network(doc: Doc, parameters: Mapping[str, int | float | str] | None = None, *, bits: int = 16) -> Network:
    """The network that a file describes, for one input.

    Args:
        doc: the file, see `assay.reading.documents`.
        parameters: values in place of the defaults under `parameters:`.
        bits: bits per word of every tensor.

    Raises:
        InputError: with file, line and column, for anything that cannot be read or does not fit together.
    """
    keys = ("name", "title", "source", "notes", "parameters", "input", "inputs", "layers")
    fields = doc.fields(FORM, allowed=keys, required=("name", "layers"))
    scope = read_parameters(fields.get("parameters"), parameters or {}, f"network {fields['name'].text()}")
    reader = _Reader(_inputs(doc, fields, scope), bits)
    for step in unfold(fields["layers"], scope):
        reader.add(step)
    if not reader.layers:
        raise fields["layers"].error("the network has no layers")
    return Network(
        name=fields["name"].text(),
        layers=tuple(reader.layers),
        title=_title(fields, parameters or {}),
        source=fields["source"].text() if "source" in fields else "",
        notes=tuple(scope.text(replace(note, label="notes")) for note in fields["notes"].items())
        if "notes" in fields
        else (),
    )


def _title(fields: Mapping[str, Entry], parameters: Mapping[str, int | float | str]) -> str:
    """The title, with the parameters that are not those of the file."""
    title = fields["title"].text() if "title" in fields else ""
    if not parameters:
        return title
    listed = ", ".join(f"{name} {value}" for name, value in parameters.items())
    return f"{title or fields['name'].text()} ({listed})"


def _inputs(doc: Doc, fields: Mapping[str, Entry], scope: Scope) -> dict[str, Shape]:
    if ("input" in fields) == ("inputs" in fields):
        raise doc.root.error("the file needs either 'input' or 'inputs'", "write 'input: [channels, height, width]'")
    if "input" in fields:
        return {INPUT: read_shape(fields["input"], scope)}
    found = {key.words: read_shape(value, scope) for key, value in fields["inputs"].pairs()}
    if not found:
        raise fields["inputs"].error("the network has no inputs")
    return found


class _Reader:
    """Adds one layer after another; one use."""

    def __init__(self, shapes: dict[str, Shape], bits: int) -> None:
        self.shapes = shapes
        self.owners = {name: name for name in shapes}  # the named layer that a layer without a name is called after
        self.previous = next(iter(shapes))
        self.bits = bits
        self.layers: list[Layer] = []

    def add(self, step: Step) -> None:
        entry = step.entry
        if entry.form is Form.TEXT:  # `- relu` is short for `- {op: relu}`
            fields = {"op": replace(entry, label="op")}
        else:
            fields = {key.words: value for key, value in replace(entry, label="layer").pairs()}
            if "op" not in fields:
                raise entry.error("layer: the key 'op' is missing", "write 'op: conv' or another operation")
        name = fields["op"].choice(OPERATIONS)
        operation = OPERATIONS[name]
        if entry.form is not Form.TEXT:
            label = f"the {name} layer"
            allowed = (*COMMON_KEYS, *operation.required, *operation.optional)
            fields = replace(entry, label=label).mapping(allowed=allowed, required=operation.required)
        if present(fields, step.scope):
            self.build(operation, fields, step)

    def build(self, operation: Operation, fields: Mapping[str, Entry], step: Step) -> None:
        sources = self.sources(fields, step)
        name = self.name(fields, step, sources[0])
        shapes = tuple(self.shapes[source] for source in sources)
        layer = LayerStep(name, step.entry, fields, step.scope, shapes, self.bits)
        if operation.inputs == 0 and len(shapes) < 2:
            raise layer.error("needs two inputs or more", "name them: from: [a, b]")
        if operation.inputs not in (0, len(shapes)):
            raise layer.error(f"needs {operation.inputs} input{'s' * (operation.inputs > 1)}, not {len(shapes)}")
        built = with_densities(self.run(operation, layer), layer.densities())
        for follower in _followers(fields):
            after = replace(layer, name=self.free_name(f"{name}.{follower.words}"), fields={}, shapes=(built.shape,))
            result = self.run(OPERATIONS[follower.words], after)
            self.shapes[after.name], self.owners[after.name] = result.shape, name
            built = Built((*built.layers, *result.layers), result.shape)
        self.layers.extend(built.layers)
        self.shapes[name] = built.shape
        self.previous = name

    def run(self, operation: Operation, layer: LayerStep) -> Built:
        try:
            return operation.build(layer)
        except InputError as error:
            if error.at is not None:
                raise
            raise layer.error(error.message, error.hint) from None

    def sources(self, fields: Mapping[str, Entry], step: Step) -> tuple[str, ...]:
        if "from" not in fields:
            return (self.previous,)
        entry = fields["from"]
        items = entry.items() if entry.form is Form.LIST else (entry,)
        names = []
        for item in items:
            name = step.scope.text(replace(item, label="from"))
            if name not in self.shapes:
                raise item.error(
                    f"from: there is no earlier layer '{name}'", hint(name, list(self.shapes)[-12:], label="earlier")
                )
            names.append(name)
        return tuple(names)

    def name(self, fields: Mapping[str, Entry], step: Step, source: str) -> str:
        if "name" not in fields:
            name = self.free_name(f"{self.owners[source]}.{fields['op'].words}")
            self.owners[name] = self.owners[source]
            return name
        name = step.scope.text(fields["name"])
        if name in self.shapes:
            raise fields["name"].error(
                f"name: there is already a layer '{name}'", "in a repeat, put the index into it: 'conv{i}'"
            )
        self.owners[name] = name
        return name

    def free_name(self, wanted: str) -> str:
        name, count = wanted, 1
        while name in self.shapes:
            count += 1
            name = f"{wanted}.{count}"
        return name


def _followers(fields: Mapping[str, Entry]) -> tuple[Entry, ...]:
    if "then" not in fields:
        return ()
    entry = fields["then"]
    items = entry.items() if entry.form is Form.LIST else (entry,)
    for item in items:
        replace(item, label="then").choice(FOLLOWERS)
    return items
