"""`assay audit`, `assay compare`, `assay chips`: what is claimed of chips, and what it is worth.

As in `assay.cli`, everything heavy is imported inside the commands.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from assay.cli_outputs import Product, add_json, add_outputs, check_product_outputs, deliver, json_target, show
from assay.cli_requirements import add_requirements, requirements_of

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

AUDIT = """\
Hold the claims of a paper or a product sheet against what must be reported, and against each other: what is missing,
what therefore cannot be concluded, which claims contradict each other, and whether it is enough for an application.
"""
AUDIT_EXAMPLES = """\
examples:
  assay audit eyeriss
  assay audit eyeriss --run vgg16 --max-latency 33ms --max-power 500mW
  assay audit my_chip.yaml --explain
"""
COMPARE = """\
Put chips side by side: the same figures of each, in the order of the article, operations per watt last. What is not
known of a chip is not filled in.
"""
COMPARE_EXAMPLES = """\
examples:
  assay compare eyeriss eyeriss_v2 tpu_v1
  assay compare eyeriss:vgg16 nvdla_2048 my_chip.yaml --normalise 28nm
"""


def add_audit(commands: Commands, common: argparse.ArgumentParser) -> None:
    """Add `audit`, `compare` and `chips` to the commands of the command line."""
    parser = commands.add_parser(
        "audit",
        parents=[common],
        help="what the claims about a chip leave open, and where they contradict each other",
        description=AUDIT,
        epilog=AUDIT_EXAMPLES,
    )
    parser.add_argument("chip", metavar="CHIP", help="a built-in name (assay chips) or a YAML file of claims")
    parser.add_argument("--run", metavar="NAME", help="the run whose figures are audited (default: the first)")
    add_requirements(parser)
    add_outputs(parser)
    parser.set_defaults(command=_audit)
    parser = commands.add_parser(
        "compare",
        parents=[common],
        help="chips side by side, as far as their figures are known",
        description=COMPARE,
        epilog=COMPARE_EXAMPLES,
    )
    parser.add_argument(
        "chips", metavar="CHIP", nargs="+", help="as for assay audit; the run of a built-in chip may follow a colon"
    )
    parser.add_argument(
        "--normalise", metavar="NODE", help="add estimates of area, speed and energy in this process, such as 28nm"
    )
    add_requirements(parser)
    add_outputs(parser)
    parser.set_defaults(command=_compare)
    parser = commands.add_parser(
        "chips",
        parents=[common],
        help="list the published chips that come with Assay",
        description="List the published chips that come with Assay, for assay audit and assay compare.",
    )
    add_json(parser)
    parser.set_defaults(command=_chips)


def _audit(options: argparse.Namespace) -> None:
    requirements = requirements_of(options)
    outputs = check_product_outputs(options, _files([options.chip]))
    from assay.metrics.audit import audit
    from assay.report.audit import audit_sections

    found = audit(options.chip, run=options.run, requirements=requirements)
    title = f"Audit of {found.chip.title}" + (f", run {found.run.name}" if found.run else "")

    def screen(width: int | None, color: bool) -> str:
        from assay.report.section import render_sections

        sections = audit_sections(found, short=not options.explain)
        return render_sections(
            title, sections, summary=found.sentence, width=width, color=color, explain=options.explain
        )

    product = Product(title, found.to_dict, lambda: audit_sections(found), found.sentence, screen=screen)
    deliver(product, outputs, options)


def _compare(options: argparse.Namespace) -> None:
    requirements = requirements_of(options)
    outputs = check_product_outputs(options, _files(options.chips))
    from assay.metrics.compare import compare
    from assay.metrics.normalise import node
    from assay.report.compare import compare_sections, explained_sections

    target = None if options.normalise is None else node(options.normalise)
    found = compare(options.chips, target=target, requirements=requirements)
    title = f"{', '.join(found.labels[:-1])} and {found.labels[-1]}"

    def screen(width: int | None, color: bool) -> str:
        from assay.report.section import render_sections

        sections = [*compare_sections(found, width), *(explained_sections(found) if options.explain else ())]
        return render_sections(title, sections, width=width, color=color, explain=options.explain)

    product = Product(title, found.to_dict, lambda: compare_sections(found), screen=screen)
    deliver(product, outputs, options)


def _chips(options: argparse.Namespace) -> None:
    target = json_target(options.json)
    from assay.metrics.claims_reader import chip_names, load_chip
    from assay.metrics.listings import chips_to_dict
    from assay.report.audit import chips_sheet
    from assay.report.page import to_text
    from assay.report.sheet import sheet_parts

    chips = [load_chip(name) for name in chip_names()]
    show(
        target,
        lambda: chips_to_dict(chips),
        lambda width, color: to_text(sheet_parts(chips_sheet(chips), width), width=width, color=color),
    )


def _files(chips: list[str]) -> dict[str, str]:
    """What is read, and must not be written."""
    return {f"claims {each}": each for each in chips if each.endswith((".yaml", ".yml"))}
