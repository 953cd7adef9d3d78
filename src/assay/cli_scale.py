"""`assay scale`: what a network gains from more PEs, more storage, or more chips.

As in `assay.cli`, everything heavy is imported inside the command.
"""

from __future__ import annotations

import argparse
from fractions import Fraction
from typing import TYPE_CHECKING

from assay.cli_options import add_search, amount, number, search_of, whole
from assay.cli_outputs import Product, add_outputs, check_product_outputs, deliver
from assay.cli_progress import clear_line, titled_line
from assay.errors import InputError

if TYPE_CHECKING:
    from assay.metrics.scaling import ScalingPlan

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

DESCRIPTION = """\
Evaluate a network on more and more of the same hardware: more PEs, more storage, or several chips in a package. Nothing
is designed anew: what is there is replicated. Strong scaling holds the batch; weak scaling (--weak) lets it grow.
"""
EXAMPLES = """\
examples:
  assay scale alexnet eyeriss --pes 168,672,2688
  assay scale mobilenet_v1 edge_45nm --by 1,2,4,8 --weak --plot pictures
  assay scale alexnet eyeriss --storage 0.5,1,2,4 --objective energy
  assay scale alexnet edge_45nm --chips 1,2,4,16 --link-bandwidth 100GB/s --link-energy 1.17pJ/b
  assay scale alexnet eyeriss_v2_256 --against eyeriss_v1_256 --pes 256,1024,16384
"""
RATE_FORM = "a bandwidth such as 100GB/s"
ENERGY_FORM = "an energy per bit such as 1.17pJ/b"
FACTOR = "a factor above 0 such as 2, 0.5 or 3/4"
LEAST, MOST = 1e-9, 1e9
"""Factors beyond them are slips of the pen."""


def add_scale(commands: Commands, common: argparse.ArgumentParser) -> None:
    """Add `scale` to the commands of the command line."""
    parser = commands.add_parser(
        "scale",
        parents=[common],
        help="what a network gains from more PEs, more storage, or more chips",
        description=DESCRIPTION,
        epilog=EXAMPLES,
    )
    parser.add_argument("network", metavar="NETWORK", help="a built-in name, or a YAML or ONNX file")
    parser.add_argument("hardware", metavar="HARDWARE", help="a built-in name or a YAML file")
    parser.add_argument("--pes", metavar="N,...", help="numbers of PEs")
    parser.add_argument("--by", metavar="X,...", help="factors of PEs (default, where nothing is varied: 1,2,4)")
    parser.add_argument("--storage", metavar="X,...", help="factors of the memories on the chip outside of the array")
    parser.add_argument("--memories", metavar="NAME,...", help="with --storage: these memories instead")
    parser.add_argument("--chips", metavar="N,...", help="numbers of chips in a package, which share a layer")
    parser.add_argument(
        "--link-bandwidth", metavar="X", help="of each chip, each way and for each kind of data, such as 100GB/s"
    )
    parser.add_argument(
        "--link-energy", metavar="X", help="per bit over a link, such as 1.17pJ/b (assay estimate link has more)"
    )
    parser.add_argument("--dram", metavar="KIND", help="of the chips: shared (default) or per_chip")
    parser.add_argument("--against", metavar="HARDWARE", help="other hardware, with as many PEs, to compare with")
    parser.add_argument("--weak", action="store_true", help="weak scaling: the batch grows with PEs and chips")
    parser.add_argument("--fanout", metavar="NAME", help="what gets more children (default: the outermost)")
    for name, what, default in (
        ("buffers", "size and bandwidth of memories on the chip outside of the array", "proportion"),
        ("offchip", "bandwidth of memories off the chip", "fixed"),
        ("wires", "bandwidth of the wires into the array", "fixed"),
    ):
        text = f"{what}, with the PEs: fixed or proportion (default: {default})"
        parser.add_argument(f"--{name}", metavar="HOW", help=text)
    add_search(parser, objective="latency")
    add_outputs(parser)
    parser.set_defaults(command=_scale)


def _scale(options: argparse.Namespace) -> None:
    batch, bits, workers = number(options, "batch", 1), number(options, "bits", None), number(options, "workers", None)
    search, plan = search_of(options), _plan(options)
    from assay.workload.load import split_spec

    read = {"network": split_spec(options.network)[0], "hardware": options.hardware}
    read |= {} if options.against is None else {"other hardware": options.against}
    outputs = check_product_outputs(options, read)
    from assay.metrics.scaling import scaling

    try:
        result = scaling(
            options.network,
            options.hardware,
            plan,
            against=options.against,
            batch=batch,
            bits=bits,
            workers=workers,
            progress=titled_line(),
            **search,
        )
    finally:
        clear_line()
    from assay.report.scaling import scaling_sections, scaling_summary

    product = Product(result.title, result.to_dict, lambda: scaling_sections(result), summary=scaling_summary(result))
    deliver(product, outputs, options)


def _plan(options: argparse.Namespace) -> ScalingPlan:
    """What is varied, from the options."""
    from assay.metrics.scaling import DEFAULT_FACTORS, ScalingPlan
    from assay.metrics.scaling_hardware import DramSharing, Growth, ScalingRule
    from assay.reading.units import ENERGY, RATE, SIZE

    by = tuple(_factor(each, "--by") for each in _list(options.by))
    if all(each is None for each in (options.pes, options.by, options.storage, options.chips)):
        by = tuple(Fraction(each) for each in DEFAULT_FACTORS)
    _check_used(options, pes=bool(by) or options.pes is not None)
    usual, rate, energy = ScalingRule(), options.link_bandwidth, options.link_energy

    def growth(option: str, default: Growth) -> Growth:
        given = getattr(options, option)
        return default if given is None else Growth(_word(given, f"--{option}", tuple(Growth)))

    return ScalingPlan(
        pes=tuple(whole(each, "--pes") for each in _list(options.pes)),
        by=by,
        storage=tuple(_factor(each, "--storage") for each in _list(options.storage)),
        chips=tuple(whole(each, "--chips") for each in _list(options.chips)),
        memories=tuple(_list(options.memories)),
        link_bandwidth=None if rate is None else amount(rate, "--link-bandwidth", RATE, RATE_FORM),
        link_energy=None if energy is None else amount(energy, "--link-energy", ENERGY / SIZE, ENERGY_FORM),
        dram=DramSharing.SHARED
        if options.dram is None
        else DramSharing(_word(options.dram, "--dram", tuple(DramSharing))),
        weak=options.weak,
        rule=ScalingRule(
            fanout=options.fanout or "",
            storage=growth("buffers", usual.storage),
            offchip=growth("offchip", usual.offchip),
            network=growth("wires", usual.network),
        ),
    )


def _check_used(options: argparse.Namespace, *, pes: bool) -> None:
    """Raise InputError for an option of something that is not varied: it would change nothing."""
    needs = {
        ("fanout", "buffers", "offchip", "wires"): (pes, "PEs", "--pes or --by"),
        ("memories",): (options.storage is not None, "storage", "--storage 0.5,1,2"),
        ("link_bandwidth", "link_energy", "dram"): (options.chips is not None, "chips", "--chips 1,2,4"),
    }
    for names, (varied, what, advice) in needs.items():
        for name in names:
            if not varied and getattr(options, name) is not None:
                option = f"--{name.replace('_', '-')}"
                raise InputError(f"{option} is for scaling over {what}, which is not asked for", hint=f"add {advice}")


def _list(text: str | None) -> list[str]:
    """The parts between commas; none for an option that is not given."""
    if text is None:
        return []
    return [part.strip() for part in text.split(",")]


def _factor(text: str, option: str) -> Fraction:
    """Raises InputError for what is no factor."""
    word = text.replace(" ", "")
    try:  # as a float first: 1e999999999 as a fraction would fill the memory
        factor = Fraction(word) if "/" in word or LEAST <= float(word) <= MOST else None
    except (ValueError, ZeroDivisionError):
        factor = None
    if factor is None or not LEAST <= factor <= MOST:
        raise InputError(f"{option} has '{text}'; it must be {FACTOR}")
    return factor


def _word(text: str, option: str, words: tuple[str, ...]) -> str:
    if text in words:
        return text
    from assay.reading.suggestions import hint

    raise InputError(f"{option} is '{text}'", hint=hint(text, words, label="it is one of"))
