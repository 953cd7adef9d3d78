"""`assay map`: the best mapping of one layer, with a proof.

As in `assay.cli`, everything heavy is imported inside the command.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from itertools import combinations
from typing import TYPE_CHECKING, Any

from assay.cli_options import add_search, amount, number, search_of
from assay.cli_progress import clear_line, search_line
from assay.errors import AssayError, InputError, Position

if TYPE_CHECKING:
    from assay.evaluation.mapped import MappedLayer
    from assay.timeloop import MappingForm, TimeloopDesign

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

DESCRIPTION = """\
Find the best mapping of one layer on hardware, and prove that there is no better one.

LAYER is one of:
  alexnet:conv3
      a layer of a network (assay show alexnet lists them)
  mobilenet_v1:width=0.5:conv1
      the same, of a network with parameters
  model.onnx:/features/Conv, network.yaml
      a layer of a file; the name can go where there is only one
  conv:M=64,C=64,P=56,Q=56,R=3,S=3,stride=1
      a convolution: M output channels, C input channels (of one group),
      P x Q outputs, R x S filter (1 x 1 unless given); also N inputs,
      G groups, stride=2 or 2x1 (height x width), dilation
  matmul:M=4096,N=2048,K=4096
      an M x K matrix of weights by a K x N matrix of activations;
      also G of them
"""
EXAMPLES = """\
examples:
  assay map alexnet:conv3 eyeriss --batch 4
  assay map conv:M=64,C=64,P=56,Q=56,R=3,S=3 edge_45nm --objective edp
  assay map matmul:M=512,N=512,K=512 edge_45nm --objective latency --max-energy '3 mJ'
  assay map alexnet:conv3 edge_45nm --dataflow output_stationary
  assay map alexnet:conv3 eyeriss --front --json front.json
  assay map alexnet:conv3 eyeriss --save best.yaml && assay evaluate alexnet eyeriss --mapping best.yaml
  assay map --timeloop arch.yaml problem.yaml --timeloop-mapping best.yaml
"""
ENERGY_FORM = "an energy such as '3 mJ'"


def add_map(commands: Commands, common: argparse.ArgumentParser) -> None:
    """Add `map` to the commands of the command line."""
    parser = commands.add_parser(
        "map",
        parents=[common],
        help="find the best mapping of one layer, with a proof",
        description=DESCRIPTION,
        epilog=EXAMPLES,
        usage="assay map LAYER HARDWARE [options]\n       assay map --timeloop FILE... [options]",
    )
    parser.add_argument("layer", metavar="LAYER", nargs="?", help="see above")
    parser.add_argument("hardware", metavar="HARDWARE", nargs="?", help="a built-in name or a YAML file")
    parser.add_argument(
        "--timeloop",
        metavar="FILE",
        nargs="+",
        help="Timeloop's files instead: architecture, problem, constraints, ERT",
    )
    add_search(parser, objective="energy", without=("--workers",))
    parser.add_argument("--max-cycles", metavar="N", help="only mappings that take at most so many cycles")
    parser.add_argument("--max-energy", metavar="X", help=f"only mappings that take at most {ENERGY_FORM}")
    parser.add_argument(
        "--front", action="store_true", help="also the mappings of which none is better in both energy and cycles"
    )
    parser.add_argument("--json", metavar="FILE", help="write the result as JSON; with - to stdout, and nothing else")
    parser.add_argument("--save", metavar="FILE", help="write the mapping as YAML, for --mapping of other commands")
    parser.add_argument("--timeloop-mapping", metavar="FILE", help="write the mapping as Timeloop reads it")
    parser.set_defaults(command=_map)


def _map(options: argparse.Namespace) -> None:
    _check_source(options)
    asked: dict[str, Any] = {
        "max_cycles": number(options, "max_cycles", None),
        "max_energy": None if options.max_energy is None else _energy(options.max_energy),
        "front": options.front,
        "progress": search_line(),
        **search_of(options),
    }
    outputs = _outputs(options)
    form: MappingForm | None = None
    try:
        if options.timeloop:
            mapped, form = _map_timeloop(options.timeloop, asked)
        else:
            mapped = _map_native(options, asked)
    finally:
        clear_line()
    writers: dict[str, Callable[[], str]] = {
        "--json": mapped.to_json,
        "--save": mapped.to_yaml,
        "--timeloop-mapping": lambda: _exported(mapped, form),
    }
    _deliver(mapped, {option: (target, writers[option]) for option, target in outputs.items()})


def _deliver(mapped: MappedLayer, outputs: Mapping[str, tuple[str, Callable[[], str]]]) -> None:
    """Write the files, then the screen, unless one of them is stdout.

    Args:
        outputs: option -> where to, and the text.

    Raises:
        UnsupportedError: a mapping that Timeloop's form cannot say; all else is shown first.
    """
    from assay.report.output import STDOUT, print_text, screen_color, screen_width, write_text

    piped = ""
    trouble: AssayError | None = None
    for target, text in outputs.values():
        try:
            written = text()
        except AssayError as error:
            trouble = error
        else:
            if target == STDOUT:
                piped = written
            else:
                write_text(target, written)
    if any(target == STDOUT for target, _ in outputs.values()):
        print_text(piped)
    else:
        from assay.report.mapped import render_mapped

        print_text(render_mapped(mapped, width=screen_width(), color=screen_color()))
    if trouble is not None:
        raise trouble


def _check_source(options: argparse.Namespace) -> None:
    """Either Timeloop's files, or a layer and hardware."""
    from assay.reading.words import listed

    if options.timeloop:
        given = {"LAYER": options.layer, "HARDWARE": options.hardware, "--batch": options.batch, "--bits": options.bits}
        given["--dataflow"] = options.dataflow
        extra = [name for name, value in given.items() if value is not None]
        if extra:
            raise InputError(f"{listed(extra)} cannot be used with --timeloop, whose files have it all")
        return
    missing = [name for name in ("LAYER", "HARDWARE") if getattr(options, name.lower()) is None]
    if missing:
        hint = "assay map LAYER HARDWARE, such as assay map alexnet:conv3 eyeriss; or assay map --timeloop FILE..."
        raise InputError(f"{listed(missing)} must be given", hint=hint)


def _map_native(options: argparse.Namespace, asked: dict[str, Any]) -> MappedLayer:
    from assay.evaluation.mapped import map_layer

    batch, bits = number(options, "batch", 1), number(options, "bits", None)
    return map_layer(options.layer, options.hardware, batch=batch, bits=bits, **asked)


def _map_timeloop(paths: list[str], asked: dict[str, Any]) -> tuple[MappedLayer, MappingForm]:
    from assay.evaluation.mapped import map_layer
    from assay.timeloop import mapping_form, read_timeloop
    from assay.workload.network import Layer

    design: TimeloopDesign = read_timeloop(paths, with_mapping=False)
    place = Position(paths[0]) if len(paths) == 1 else None
    for part, found in (("architecture", design.hardware), ("problem", design.einsum)):
        if found is None:
            advice = f"name the file with the {part} too: --timeloop FILE FILE ..."
            raise InputError(f"the Timeloop files have no {part}", at=place, hint=advice)
    assert design.hardware is not None
    layer = Layer("problem", "einsum", design.einsum)
    mapped = map_layer(
        layer,
        design.hardware,
        uncharged=design.uncharged,
        notes=design.notes,
        **asked,
    )
    return mapped, mapping_form(paths)


def _exported(mapped: MappedLayer, form: MappingForm | None) -> str:
    from assay.timeloop import timeloop_mapping

    comments = [f"assay map: {mapped.summary}"]
    try:
        return timeloop_mapping(mapped.einsum, mapped.hardware, mapped.mapping, form, comments=comments)
    except AssayError as error:
        hint = error.hint or "--save writes it in Assay's own form"
        raise type(error)(f"--timeloop-mapping: {error.message}", at=error.at, hint=hint) from None


def _outputs(options: argparse.Namespace) -> dict[str, str]:
    """Option -> file or `-`, checked before the work."""
    from assay.report.output import check_outputs

    names = ("--json", "--save", "--timeloop-mapping")
    wanted = {name: getattr(options, name[2:].replace("-", "_")) for name in names}
    wanted = {name: target for name, target in wanted.items() if target is not None}
    for pair in combinations(wanted, 2):
        check_outputs({name: wanted[name] for name in pair}, {})
    for what, path in _inputs(options):
        check_outputs(wanted, {what: path})
    return check_outputs(wanted, {})


def _inputs(options: argparse.Namespace) -> list[tuple[str, str]]:
    """(what it is, file) that is read, and so must not be written."""
    if options.timeloop:
        return [("Timeloop file", path) for path in options.timeloop]
    from assay.workload.layer_text import is_written_out, split_layer
    from assay.workload.load import split_spec

    hardware = [("hardware", options.hardware)]
    if is_written_out(options.layer):
        return hardware
    return [("network", split_spec(split_layer(options.layer)[0])[0]), *hardware]


def _energy(text: str) -> float:
    """Joules."""
    from assay.reading.units import ENERGY

    return amount(text, "--max-energy", ENERGY, ENERGY_FORM)
