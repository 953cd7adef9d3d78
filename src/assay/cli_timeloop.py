"""The commands about one mapping and about Timeloop's files: `assay count`, `assay convert`.

As in `assay.cli`, everything heavy is imported inside the commands.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from assay.cli_options import check_batch, number
from assay.cli_outputs import add_json, show
from assay.errors import InputError, Position

if TYPE_CHECKING:
    from assay.evaluation.count import MappingCount
    from assay.evaluation.saved import Saved
    from assay.hardware.model import Hardware

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def add_commands(commands: Commands, common: argparse.ArgumentParser) -> None:
    """Add `count` and `convert` to the commands of the command line."""
    _add_count(commands, common)
    _add_convert(commands, common)


def _add_count(commands: Commands, common: argparse.ArgumentParser) -> None:
    parser = commands.add_parser(
        "count",
        parents=[common],
        help="count what one mapping makes the hardware do",
        description="Count reads, fills, updates, cycles and energy of one mapping: either all of it from Timeloop's "
        "files, or one layer of a network on hardware under a mapping of a file.",
        usage="assay count --timeloop FILE... [--json FILE]\n"
        "       assay count NETWORK HARDWARE --mapping FILE\n"
        "                   [--layer NAME] [--batch N] [--json FILE]",
    )
    parser.add_argument("network", metavar="NETWORK", nargs="?", help="a built-in name or a file")
    parser.add_argument("hardware", metavar="HARDWARE", nargs="?", help="a built-in name or a YAML file")
    parser.add_argument(
        "--timeloop", metavar="FILE", nargs="+", help="Timeloop's files: architecture, problem, mapping, energies"
    )
    parser.add_argument(
        "--first-reads",
        action="store_true",
        help="with --timeloop: count the first read of partial sums too, as Timeloop does under "
        "TIMELOOP_ENABLE_FIRST_READ_ELISION=0",
    )
    parser.add_argument("--mapping", metavar="FILE", help="a result (.json) or a YAML file that has the mapping")
    parser.add_argument("--layer", metavar="NAME", help="which layer; not needed where the file has one mapping")
    parser.add_argument(
        "--batch", metavar="N", default=None, help="inputs processed together (default: that of the result, or 1)"
    )
    add_json(parser)
    parser.set_defaults(command=_count)


def _add_convert(commands: Commands, common: argparse.ArgumentParser) -> None:
    parser = commands.add_parser(
        "convert",
        parents=[common],
        help="write Timeloop's architecture as a hardware file",
        description="Read a Timeloop architecture and write it as a hardware file of Assay.",
    )
    parser.add_argument("--timeloop", metavar="FILE", nargs="+", required=True, help="Timeloop's files")
    parser.add_argument(
        "-o", "--output", metavar="FILE", required=True, help="the hardware file to write; - for stdout"
    )
    parser.set_defaults(command=_convert)


def _count(options: argparse.Namespace) -> None:
    _check_source(options)
    target = None if options.json is None else _checked("--json", options.json, _inputs(options))
    count = _count_timeloop(options.timeloop, options.first_reads) if options.timeloop else _count_native(options)
    from assay.report.count import render_count

    show(target, count.to_dict, lambda width, color: render_count(count, width=width, color=color))


def _convert(options: argparse.Namespace) -> None:
    from assay.report.output import STDOUT, print_text, write_text

    target = _checked("--output", options.output, _inputs(options))
    from assay.timeloop import hardware_yaml, read_timeloop

    design = read_timeloop(options.timeloop)
    if design.hardware is None:
        raise _lacking("architecture", options.timeloop)
    text = hardware_yaml(design)
    if target == STDOUT:
        print_text(text)
    else:
        write_text(target, text)
    if sys.stderr is not None:
        sys.stderr.writelines(f"note: {note}\n" for note in (*design.notes, *_search_note(design.hardware)))


def _search_note(hardware: Hardware) -> list[str]:
    from assay.mapper import bounded_conventions

    keys = bounded_conventions(hardware)
    text = "of what {} count, the search for mappings has bounds only: it may be unable to prove its answer the best"
    return [text.format(" and ".join(keys))] if keys else []


def _check_source(options: argparse.Namespace) -> None:
    """Either Timeloop's files, or a network, hardware and a mapping."""
    from assay.reading.words import listed

    native = {"NETWORK": options.network, "HARDWARE": options.hardware, "--mapping": options.mapping}
    if options.timeloop:
        extra = {**native, "--layer": options.layer, "--batch": options.batch}
        given = [name for name, value in extra.items() if value is not None]
        if given:
            raise InputError(f"{listed(given)} cannot be used with --timeloop, whose files have it all")
        return
    if options.first_reads:
        raise InputError(
            "--first-reads is for --timeloop", hint="write 'counting: {first_reads: true}' in the hardware file"
        )
    missing = [name for name, value in native.items() if value is None]
    if missing:
        hint = "assay count --timeloop FILE..., or assay count NETWORK HARDWARE --mapping FILE"
        raise InputError(f"{listed(missing)} must be given", hint=hint)


def _inputs(options: argparse.Namespace) -> list[tuple[str, str]]:
    """(what it is, file) that is read, and so must not be written."""
    if options.timeloop:
        return [("Timeloop file", path) for path in options.timeloop]
    from assay.workload.load import split_spec

    network = split_spec(options.network)[0]
    return [("network", network), ("hardware", options.hardware), ("mapping file", options.mapping)]


def _checked(option: str, target: str, inputs: list[tuple[str, str]]) -> str:
    """The output as it can be written."""
    from assay.report.output import check_outputs

    for what, path in inputs:
        target = check_outputs({option: target}, {what: path})[option]
    return target


def _count_timeloop(paths: list[str], first_reads: bool) -> MappingCount:
    from dataclasses import replace

    from assay.evaluation.count import count_mapping
    from assay.timeloop import read_timeloop

    design = read_timeloop(paths)
    if design.hardware is None:
        raise _lacking("architecture", paths)
    if design.einsum is None:
        raise _lacking("problem", paths)
    if design.mapping is None:
        raise _lacking("mapping", paths)
    counting = replace(design.hardware.counting, first_reads=first_reads)
    hardware = replace(design.hardware, counting=counting)
    return count_mapping(design.einsum, hardware, design.mapping, uncharged=design.uncharged, notes=design.notes)


def _lacking(part: str, paths: list[str]) -> InputError:
    place = Position(paths[0]) if len(paths) == 1 else None
    message = f"the Timeloop files have no {part}"
    return InputError(message, at=place, hint=f"name the file with the {part} too: --timeloop FILE FILE ...")


def _count_native(options: argparse.Namespace) -> MappingCount:
    from assay.evaluation.count import count_mapping
    from assay.evaluation.saved import read_saved
    from assay.evaluation.sources import load_sources

    saved = read_saved(options.mapping)
    name = options.layer if options.layer is not None else _only_layer(saved, options.mapping)
    if name not in saved.mappings:
        from assay.reading.suggestions import hint

        advice = hint(name, list(saved.mappings), label="there are")
        raise InputError(f"there is no mapping of layer '{name}'", at=Position(options.mapping), hint=advice)
    network, hardware = load_sources(options.network, options.hardware, None)
    batch = number(options, "batch", saved.batch or 1)
    check_batch(saved, options.mapping, batch)
    layer = next((each for each in network.with_batch(batch).layers if each.name == name), None)
    if layer is None or layer.einsum is None:
        raise InputError(f"{network.name} has no layer '{name}' with multiply-accumulates")
    return count_mapping(layer.einsum, hardware, saved.mappings[name], notes=hardware.notes)


def _only_layer(saved: Saved, path: str) -> str:
    names = list(saved.mappings)
    if len(names) != 1:
        listed = ", ".join(names) or "none"
        raise InputError("say which layer is meant", at=Position(path), hint=f"add --layer; there are {listed}")
    return names[0]
