"""`assay explain`: where one figure of a saved result comes from.

As in `assay.cli`, everything heavy is imported inside the command.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from assay.cli_outputs import add_json, json_target, show

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

EXAMPLES = """\
examples:
  assay evaluate alexnet eyeriss --batch 4 --json result.json
  assay explain result.json --layer conv2
  assay explain result.json --layer conv2 --component glb --tensor ifmap --action read
  assay explain result.json --layer conv2 --cycles
"""


def add_explain(commands: Commands, common: argparse.ArgumentParser) -> None:
    """Add `explain` to the commands of the command line."""
    parser = commands.add_parser(
        "explain",
        parents=[common],
        help="show where one figure of a result comes from",
        description="Show the formula of one figure of a result, with its operands filled in. With less than a "
        "component, a tensor and an action, the figures that fit are listed.",
        epilog=EXAMPLES,
    )
    parser.add_argument("result", metavar="RESULT", help="what assay evaluate --json wrote")
    parser.add_argument("--layer", metavar="NAME", help="which layer; not needed where there is one")
    parser.add_argument("--component", metavar="NAME", help="a memory, a fanout or the compute")
    parser.add_argument("--tensor", metavar="NAME", help="such as ifmap")
    parser.add_argument("--action", metavar="NAME", help="read, fill, update, transfer, reduce or compute")
    parser.add_argument("--cycles", action="store_true", help="explain the cycles of the layer")
    parser.add_argument("--energy", action="store_true", help="explain the energy of the layer")
    add_json(parser)
    parser.set_defaults(command=_explain)


def _explain(options: argparse.Namespace) -> None:
    from assay.evaluation.explain import explain_layer
    from assay.evaluation.saved import read_layer
    from assay.report.explain import render_explanation

    target = json_target(options.json, {"result": options.result})
    saved = read_layer(options.result, options.layer)
    explanation = explain_layer(
        saved.layer,
        saved.text,
        component=options.component,
        tensor=options.tensor,
        action=options.action,
        cycles=options.cycles,
        energy=options.energy,
        notes=saved.notes,
    )
    show(
        target,
        explanation.to_dict,
        lambda width, color: render_explanation(explanation, width=width, color=color),
    )
