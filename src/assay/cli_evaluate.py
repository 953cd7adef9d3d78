"""`assay evaluate`: a network on hardware, its scorecard, and the verdict for what an application requires."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from assay.cli_options import SearchOptions, add_search, amount, check_batch, number, search_of, share
from assay.cli_outputs import Product, add_outputs, check_product_outputs, deliver
from assay.cli_progress import clear_line, layers_line, titled_line
from assay.cli_requirements import add_requirements, requirements_of
from assay.errors import InputError

if TYPE_CHECKING:
    from assay.evaluation.results import Evaluation
    from assay.mapping.mapping import Mapping as LayerMapping
    from assay.metrics.accuracy import Accuracy
    from assay.metrics.examination import Examination
    from assay.metrics.requirements import Requirements
    from assay.metrics.scorecard import Scorecard
    from assay.metrics.verdict import Verdict
    from assay.report.section import Section

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

DESCRIPTION = """\
Evaluate a network on hardware. With requirements, the first lines are the verdict: viable, not viable, or unknown.
The exit code is 0 whatever the verdict is."""


def add_evaluate(commands: Commands, common: argparse.ArgumentParser) -> None:
    """Add `evaluate` to the commands of the command line."""
    parser = commands.add_parser(
        "evaluate",
        parents=[common],
        help="evaluate a network on hardware",
        description=DESCRIPTION,
    )
    parser.add_argument(
        "network",
        metavar="NETWORK",
        help="a built-in name, an .onnx file or a YAML file, parameters follow a colon; or one layer written out, such "
        "as conv:M=64,C=64,P=56,Q=56,R=3,S=3 (see assay map --help)",
    )
    parser.add_argument("hardware", metavar="HARDWARE", help="a built-in name or a YAML file")
    _add_work(parser)
    add_requirements(parser)
    _add_knowledge(parser)
    add_outputs(parser)
    parser.add_argument(
        "--all",
        action="store_true",
        help="find out all there is: also Eyexam, rooflines, dataflows, flexibility, scalability (minutes, then kept)",
    )
    parser.add_argument(
        "--csv", metavar="FILE", help="write a row per layer as CSV; with - to stdout, and nothing else"
    )
    parser.set_defaults(command=_evaluate)


def _add_work(parser: argparse.ArgumentParser) -> None:
    """Options that change what is evaluated, or how."""
    chosen = "energy; with requirements, the first of energy, edp and latency whose mappings meet them"
    add_search(parser, said={"--objective": chosen})
    parser.add_argument("--mapping", metavar="FILE", help="take mappings from a result (.json) or a YAML file")
    parser.add_argument(
        "--power-gating", action="store_true", help="instances that get no work in a layer do not leak in it"
    )


def _add_knowledge(parser: argparse.ArgumentParser) -> None:
    """Options that say what cannot be calculated."""
    group = parser.add_argument_group("what only you know")
    group.add_argument(
        "--accuracy", metavar="SHARE", help="of the network, such as 80.2%% (default: as published, where it is known)"
    )
    group.add_argument("--accuracy-metric", metavar="NAME", help="what the accuracy is, such as top-1, top-5 or mAP")
    group.add_argument("--dataset", metavar="NAME", help="what the accuracy was measured on, such as ImageNet")
    group.add_argument("--task", metavar="TEXT", help="what the network is for, such as 'image classification'")
    group.add_argument(
        "--tdp", metavar="POWER", help="what the cooling of the chip is designed for, such as 300mW (without DRAM)"
    )
    group.add_argument(
        "--effectual", metavar="SHARE", help="MACs of which no operand is zero, such as 40%% (for equations 4 and 9)"
    )


def _evaluate(options: argparse.Namespace) -> None:
    run = _runner(options)
    requirements, known = requirements_of(options), _knowledge(options)
    outputs = _outputs(options)
    evaluation, remarks = _best(run, options, requirements, known)
    found = _examined(evaluation, options) if options.all else None
    if found is not None:
        known |= {"flexibility": found.flexibility_metrics, "scalability": found.scaling_metrics}
        known |= {"troubles": {name.lower(): why for name, why in found.troubles}}
    from assay.metrics.scorecard import scorecard

    card = scorecard(evaluation, **known)
    judged = None if requirements is None else replace(card.judge(requirements), remarks=remarks)
    deliver(_product(evaluation, card, judged, found, explain=options.explain), outputs, options)


def _runner(options: argparse.Namespace) -> Callable[[str], Evaluation]:
    """Evaluates as the options say, which are checked here, with the mappings that are best for an objective."""
    from assay.evaluation.evaluate import evaluate

    batch, bits, workers = number(options, "batch", 1), number(options, "bits", None), number(options, "workers", None)
    search, mappings = search_of(options), _mappings(options.mapping, batch)

    def run(objective: str) -> Evaluation:
        asked: SearchOptions = {**search, "objective": objective}
        return evaluate(
            options.network,
            options.hardware,
            batch=batch,
            bits=bits,
            workers=workers,
            progress=layers_line(),
            mappings=mappings,
            power_gating=options.power_gating,
            **asked,
        )

    return run


def _best(
    run: Callable[[str], Evaluation],
    options: argparse.Namespace,
    requirements: Requirements | None,
    known: Mapping[str, Any],
) -> tuple[Evaluation, tuple[str, ...]]:
    """The evaluation for the objective that is asked for, or else suits the requirements; and what is to be said."""
    from assay.metrics.scorecard import scorecard
    from assay.metrics.suitability import OBJECTIVES, find_suitable

    tried = OBJECTIVES if options.objective is None else (options.objective,)
    if requirements is None:
        return run(tried[0]), ()
    if options.mapping is not None:
        tried = tried[:1]
    suited = find_suitable(run, lambda each: scorecard(each, **known), requirements, tried)
    return suited.evaluation, suited.verdict.remarks


def _examined(evaluation: Evaluation, options: argparse.Namespace) -> Examination:
    from assay.metrics.examination import examine

    search, workers = search_of(options), number(options, "workers", None)
    try:
        return examine(
            evaluation,
            time_limit=search["time_limit"],
            workers=workers,
            cache=search["cache"],
            progress=titled_line(),
        )
    finally:
        clear_line()


def _knowledge(options: argparse.Namespace) -> dict[str, Any]:
    """What the scorecard is told beside the evaluation, checked before the work."""
    from assay.reading.units import POWER

    form = "a power with its unit, such as 300mW"
    return {
        "accuracy": _accuracy(options),
        "tdp": None if options.tdp is None else amount(options.tdp, "--tdp", POWER, form),
        "effectual": None if options.effectual is None else share(options.effectual, "--effectual"),
    }


def _accuracy(options: argparse.Namespace) -> Accuracy | None:
    """As given, or else as published with a network of the zoo."""
    from assay.metrics.accuracy import given, published

    about = {"metric": options.accuracy_metric, "dataset": options.dataset, "task": options.task}
    if options.accuracy is not None:
        return given(share(options.accuracy, "--accuracy"), **{name: text or "" for name, text in about.items()})
    for name, text in about.items():
        if text is not None:
            option = "--accuracy-metric" if name == "metric" else f"--{name}"
            raise InputError(f"{option} says what an accuracy is, and none is given", hint="add --accuracy 80.2%")
    return published(options.network)


def _product(
    evaluation: Evaluation, card: Scorecard, judged: Verdict | None, found: Examination | None, *, explain: bool
) -> Product:
    """What there is to show, in all forms."""

    def further() -> Sequence[Section]:
        if found is None:
            return ()
        from assay.report.delivery import delivery_section
        from assay.report.examination import examination_sections

        return (*examination_sections(found), delivery_section(evaluation))

    def sections() -> Sequence[Section]:
        from assay.report.evaluation_sections import evaluation_sections
        from assay.report.judgement import verdict_sections
        from assay.report.scorecard import scorecard_sections

        first = verdict_sections(judged) if judged is not None else ()
        return (*first, *scorecard_sections(card), *further(), *evaluation_sections(evaluation))

    def screen(width: int | None, color: bool) -> str:
        from assay.report.evaluation import render_evaluation

        return render_evaluation(
            evaluation, width=width, color=color, card=card, judged=judged, explain=explain, further=further()
        )

    def data() -> dict[str, Any]:
        data = evaluation.to_dict() | {"scorecard": card.to_dict()}
        data |= {} if judged is None else {"verdict": judged.to_dict()}
        if found is None:
            return data
        from assay.metrics.delivery import delivery_to_dict

        return data | found.to_dict() | {"delivery": delivery_to_dict(evaluation)}

    from assay.report.verdict import verdict

    summary = verdict(evaluation) if judged is None else f"{judged.sentence} {verdict(evaluation)}"
    return Product(evaluation.title, data, sections, summary, screen=screen, more={"csv": evaluation.to_csv})


def _outputs(options: argparse.Namespace) -> dict[str, str]:
    """Form -> file or `-`, checked before the work."""
    from assay.workload.load import split_spec

    read = {"network": split_spec(options.network)[0], "hardware": options.hardware}
    if options.mapping is not None:
        read["mapping file"] = options.mapping
    return check_product_outputs(options, read, more=("csv",))


def _mappings(path: str | None, batch: int) -> dict[str, LayerMapping]:
    if path is None:
        return {}
    from assay.evaluation.saved import read_saved

    saved = read_saved(path)
    check_batch(saved, path, batch)
    return saved.mappings
