"""`assay flexibility`: which workloads run on a chip, and how much efficiency they keep.

As in `assay.cli`, everything heavy is imported inside the command.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from assay.cli_options import add_search, number, search_of, share
from assay.cli_outputs import Product, add_outputs, check_product_outputs, deliver
from assay.cli_progress import clear_line, layers_line
from assay.errors import InputError

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

DESCRIPTION = """\
Run a suite of workloads on hardware: can it run each (first tier), and how much efficiency does it keep (second tier)?
Then vary one layer in all directions, and say which shapes stay above a threshold.
"""
EXAMPLES = """\
examples:
  assay flexibility eyeriss
  assay flexibility edge_45nm --above 80% --plot pictures
  assay flexibility my_chip.yaml --suite my_suite.yaml --batch 16 --no-map
  assay flexibility eyeriss --base conv:M=256,C=256,P=14,Q=14,R=3,S=3 --objective energy
"""


def add_flexibility(commands: Commands, common: argparse.ArgumentParser) -> None:
    """Add `flexibility` to the commands of the command line."""
    parser = commands.add_parser(
        "flexibility",
        parents=[common],
        help="run many kinds of networks on hardware: what runs, and how much efficiency it keeps",
        description=DESCRIPTION,
        epilog=EXAMPLES,
    )
    parser.add_argument("hardware", metavar="HARDWARE", help="a built-in name or a YAML file")
    parser.add_argument(
        "--suite", metavar="FILE", default="standard", help="the workloads: a YAML file, or a built-in name (standard)"
    )
    add_search(parser, objective="edp", without=("--bits",), said={"--batch": "as the suite says"})
    parser.add_argument(
        "--map", action=argparse.BooleanOptionalAction, default=True, help="the range of shapes (default: with it)"
    )
    parser.add_argument(
        "--above",
        metavar="SHARE",
        help="threshold of the map (default 50%%): of the peak; with --objective energy, of the best MACs per joule",
    )
    parser.add_argument(
        "--base", metavar="LAYER", help="the layer around which shapes vary, such as conv:M=64,C=64,..."
    )
    add_outputs(parser)
    parser.set_defaults(command=_flexibility)


def _flexibility(options: argparse.Namespace) -> None:
    batch, workers, search = number(options, "batch", None), number(options, "workers", None), search_of(options)
    for name in ("above", "base"):
        if not options.map and getattr(options, name) is not None:
            raise InputError(f"--{name} is of the map, which --no-map leaves out", hint="leave out one of them")
    above = 0.5 if options.above is None else share(options.above, "--above")
    outputs = check_product_outputs(options, {"hardware": options.hardware, "suite": options.suite})
    from assay.metrics.flexibility import flexibility
    from assay.metrics.flexibility_map import BASE

    try:
        result = flexibility(
            options.hardware,
            options.suite,
            batch=batch,
            shapes=options.map,
            base=options.base or BASE,
            above=above,
            workers=workers,
            progress=layers_line(),
            **search,
        )
    finally:
        clear_line()
    from assay.report.flexibility import flexibility_sections, flexibility_summary

    product = Product(
        result.title, result.to_dict, lambda: flexibility_sections(result), summary=flexibility_summary(result)
    )
    deliver(product, outputs, options)
