"""`assay dataflows`: the dataflows of the literature compared, each with its best mapping.

As in `assay.cli`, everything heavy is imported inside the command.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from assay.cli_options import add_search, number, seconds, whole
from assay.cli_outputs import Product, add_outputs, check_product_outputs, deliver
from assay.cli_progress import clear_line, study_line
from assay.errors import InputError

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

PES, BATCH = "256", "16"
DESCRIPTION = """\
Compare dataflows (weight, output, input and row stationary, no local reuse), each with the best mapping of every layer:
energy per multiply-accumulate by level of the memory hierarchy and by type of data, accesses to DRAM, delay.

By default each dataflow has a machine of its own, all of the same area and with as many PEs, as in Chen, Emer, Sze,
ISCA 2016. With --hardware, all of them run on that chip, as far as it can work so.
"""
EXAMPLES = """\
examples:
  assay dataflows
  assay dataflows vgg16 --pes 256,1024 --batch 1,16 --plot pictures
  assay dataflows alexnet --dataflow rs,ws --objective edp
  assay dataflows alexnet --dataflow rs,rs_fixed,ws,ws_fixed
  assay dataflows mobilenet_v1 --hardware edge_45nm --batch 4
"""


def add_dataflows(commands: Commands, common: argparse.ArgumentParser) -> None:
    """Add `dataflows` to the commands of the command line."""
    parser = commands.add_parser(
        "dataflows",
        parents=[common],
        help="compare dataflows on equal area, or on a chip",
        description=DESCRIPTION,
        epilog=EXAMPLES,
    )
    parser.add_argument(
        "network",
        metavar="NETWORK",
        nargs="?",
        default="alexnet",
        help="a built-in name, a file, or one layer written out (default: alexnet)",
    )
    parser.add_argument("--pes", metavar="LIST", help=f"PEs of the machines, such as 256,512,1024 (default: {PES})")
    parser.add_argument(
        "--batch", metavar="LIST", help=f"inputs processed together, such as 1,16 (default: {BATCH}; on a chip 1)"
    )
    parser.add_argument(
        "--dataflow",
        metavar="LIST",
        help="some of rs, ws, os, is, nlr (default: all), and those held to the paper's mappings: rs_fixed, ws_fixed, "
        "os_b_fixed, os_c_fixed, nlr_fixed",
    )
    parser.add_argument("--hardware", metavar="CHIP", help="compare them on this chip: a built-in name or a YAML file")
    without = ("--batch", "--bits", "--dataflow", "--tiles")
    add_search(parser, objective="energy", time_limit="60", without=without)
    add_outputs(parser)
    parser.set_defaults(command=_dataflows)


def _dataflows(options: argparse.Namespace) -> None:
    asked = _asked(options)
    from assay.workload.load import split_spec

    read = {"network": split_spec(options.network)[0]}
    if options.hardware is not None:
        read["hardware"] = options.hardware
    outputs = check_product_outputs(options, read)
    from assay.metrics.dataflows import compare_dataflows
    from assay.report.dataflows import dataflow_sections, summary

    try:
        study = compare_dataflows(
            options.network,
            hardware=options.hardware,
            objective=options.objective,
            cache=not options.no_cache,
            progress=study_line(),
            **asked,
        )
    finally:
        clear_line()
    product = Product(study.title, study.to_dict, lambda: dataflow_sections(study), summary(study))
    deliver(product, outputs, options)


def _asked(options: argparse.Namespace) -> dict[str, Any]:
    """The lists and numbers among the options, checked."""
    chip = options.hardware is not None
    if chip and options.pes is not None:
        raise InputError("--pes is for machines of equal area; a chip has the PEs that it has")
    return {
        "pes": None if chip else _numbers(PES if options.pes is None else options.pes, "--pes"),
        "batches": _numbers(("1" if chip else BATCH) if options.batch is None else options.batch, "--batch"),
        "dataflows": None if options.dataflow is None else _words(options.dataflow, "--dataflow"),
        "time_limit": seconds(options.time_limit, "--time-limit"),
        "workers": number(options, "workers", None),
    }


def _words(text: str, option: str) -> list[str]:
    words = [word.strip() for word in text.split(",")]
    if not all(words):
        raise InputError(f"{option} is '{text}'; something is missing before or after a comma")
    return words


def _numbers(text: str, option: str) -> list[int]:
    found = [whole(word, option) for word in _words(text, option)]
    if any(number < 1 for number in found):
        raise InputError(f"{option} is '{text}'; it must be whole numbers of at least 1")
    return found
