"""`assay eyexam` and `assay roofline`: how much of its peak a chip reaches, and where the rest is lost.

As in `assay.cli`, everything heavy is imported inside the commands.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from assay.cli_options import add_search, number, search_of
from assay.cli_outputs import Product, add_outputs, check_product_outputs, deliver
from assay.cli_progress import clear_line, layers_line

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

EYEXAM = """\
The seven steps of Eyexam: the most MACs per cycle that a chip can do of a layer when one thing after the other is
asked of it - the layer's size, the dataflow, the number of PEs, the dimensions of the array, storage, bandwidth on
average, and access over time - with what is lost at each step, and why. The bounds hold for all mappings.

SUBJECT is a network (a built-in name or a file), a layer of one (alexnet:conv3), or a layer written out
(conv:M=64,C=64,P=56,Q=56,R=3,S=3), as for assay map.
"""
EYEXAM_EXAMPLES = """\
examples:
  assay eyexam alexnet eyeriss --batch 4
  assay eyexam resnet50 edge_45nm --layer conv1 --tiles imperfect
  assay eyexam conv:M=64,C=3,P=56,Q=56,R=3,S=3 edge_45nm --plot pictures
"""
ROOFLINE = """\
Rooflines of a chip: for every memory and network with a bandwidth, the peak and the slope, and each layer at its
MACs per byte there; and Eyexam's tighter roof of each layer, from its bounds of steps 3 to 5 and the instances that
are active.

SUBJECT is a network or a layer, as for assay eyexam.
"""
ROOFLINE_EXAMPLES = """\
examples:
  assay roofline alexnet eyeriss --batch 4
  assay roofline resnet50 edge_45nm --plot pictures
"""


def add_eyexam(commands: Commands, common: argparse.ArgumentParser) -> None:
    """Add `eyexam` and `roofline` to the commands of the command line."""
    texts = {
        "eyexam": ("where a chip loses its peak, in the seven steps of Eyexam", EYEXAM, EYEXAM_EXAMPLES, _eyexam),
        "roofline": ("layers under the rooflines of a chip", ROOFLINE, ROOFLINE_EXAMPLES, _roofline),
    }
    for name, (summary, description, examples, command) in texts.items():
        parser = commands.add_parser(
            name,
            parents=[common],
            help=summary,
            description=description,
            epilog=examples,
        )
        _add_options(parser)
        parser.set_defaults(command=command)


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("subject", metavar="SUBJECT", help="a network or a layer, see above")
    parser.add_argument("hardware", metavar="HARDWARE", help="a built-in name or a YAML file")
    parser.add_argument("--layer", metavar="NAME", help="only this layer of the network")
    add_search(parser, objective="latency")
    add_outputs(parser)


def _eyexam(options: argparse.Namespace) -> None:
    asked, outputs = _asked(options)
    from assay.metrics.eyexam import eyexam
    from assay.report.eyexam import eyexam_sections, eyexam_summary

    try:
        result = eyexam(options.subject, options.hardware, **asked)
    finally:
        clear_line()
    title = f"Eyexam of {result.title}"
    deliver(Product(title, result.to_dict, lambda: eyexam_sections(result), eyexam_summary(result)), outputs, options)


def _roofline(options: argparse.Namespace) -> None:
    asked, outputs = _asked(options)
    from assay.metrics.roofline import roofline
    from assay.report.roofline import roofline_sections, roofline_summary

    try:
        result = roofline(options.subject, options.hardware, **asked)
    finally:
        clear_line()
    sections = roofline_sections(result)
    title = f"Roofline of {result.title}"
    deliver(Product(title, result.to_dict, lambda: sections, roofline_summary(result)), outputs, options)


def _asked(options: argparse.Namespace) -> tuple[dict[str, Any], dict[str, str]]:
    """The options as arguments, and the files to write: all checked before the work."""
    asked: dict[str, Any] = {
        "layer": options.layer,
        "batch": number(options, "batch", 1),
        "bits": number(options, "bits", None),
        "workers": number(options, "workers", None),
        "progress": layers_line(),
        **search_of(options),
    }
    from assay.workload.layer_text import is_written_out, split_layer
    from assay.workload.load import split_spec

    read = {"hardware": options.hardware}
    if not is_written_out(options.subject):
        read["network"] = split_spec(split_layer(options.subject)[0])[0]
    return asked, check_product_outputs(options, read)
