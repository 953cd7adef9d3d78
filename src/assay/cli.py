"""The command line: `assay evaluate`, `assay map`, `assay count`, `assay convert`, `assay explain`, `assay show`.

Results go to stdout, progress and errors to stderr. Exit codes: 0 done, 1 a fault of Assay, 2 wrong input,
130 interrupted.

Everything heavy is imported inside the commands, so that `assay --help` answers at once.
"""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from assay import __version__
from assay.cli_audit import add_audit
from assay.cli_cache import add_cache
from assay.cli_components import add_components
from assay.cli_dataflows import add_dataflows
from assay.cli_explain import add_explain
from assay.cli_eyexam import add_eyexam
from assay.cli_flexibility import add_flexibility
from assay.cli_map import add_map, seconds
from assay.cli_options import add_dataflow, check_batch, whole
from assay.cli_progress import clear_line, layers_line
from assay.cli_scale import add_scale
from assay.cli_timeloop import add_commands
from assay.errors import AssayError, InputError

if TYPE_CHECKING:
    from assay.evaluation.results import Evaluation
    from assay.mapping.mapping import Mapping

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

FAULT, WRONG_INPUT, INTERRUPTED = 1, 2, 130
SHOWN_FORMS = ("network", "hardware", "mapping")
FORMS = ("json", "csv")
LIST_WIDTH = 120
"""Columns of lists where nobody says how many there are."""

EXAMPLES = """\
examples:
  assay evaluate alexnet eyeriss --batch 4
  assay evaluate mobilenet_v1:width=0.5,resolution=128 edge_45nm
  assay evaluate model.onnx:tokens=128 chip.yaml --json result.json
  assay evaluate alexnet eyeriss --batch 4 --mapping result.json
  assay map alexnet:conv3 eyeriss --batch 4 --objective edp
  assay count --timeloop arch.yaml problem.yaml mapping.yaml
  assay convert --timeloop arch.yaml -o chip.yaml
  assay show eyeriss alexnet
  assay show result.json --layer conv2
  assay explain result.json --layer conv2 --component glb --tensor ifmap --action read
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code. `arguments` None: those of the process."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that knows no · or µ shows a ? there
    options = _parser().parse_args(arguments)
    try:
        options.command(options)
    except BrokenPipeError:
        from assay.report.output import discard_stdout

        discard_stdout()  # the reader (such as `head`) has seen enough
    except KeyboardInterrupt as stop:
        _tell(f"interrupted: {stop}" if stop.args else "interrupted")
        return INTERRUPTED
    except AssayError as error:
        if options.debug:
            raise
        _tell(f"assay: error: {error}")
        return WRONG_INPUT
    except Exception as error:
        if options.debug:
            raise
        _tell(f"assay: internal error: {type(error).__name__}: {error}")
        _tell("  this is a fault of Assay, not of your input; please report it with what --debug shows")
        return FAULT
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="assay",
        description="Evaluate DNN processors: exact data movement, provably best mappings, every figure explained.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"assay {__version__}")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--debug", action="store_true", help="show the traceback of an error")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_evaluate(commands, common)
    add_map(commands, common)
    add_commands(commands, common)
    add_explain(commands, common)
    add_components(commands, common)
    add_audit(commands, common)
    add_eyexam(commands, common)
    add_dataflows(commands, common)
    add_flexibility(commands, common)
    add_scale(commands, common)
    add_cache(commands, common)
    listing = commands.add_parser("networks", parents=[common], help="list the built-in networks")
    listing.set_defaults(command=_networks)
    listing = commands.add_parser("hardware", parents=[common], help="list the built-in hardware")
    listing.set_defaults(command=_hardware)
    _add_show(commands, common)
    return parser


def _add_evaluate(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], common: argparse.ArgumentParser
) -> None:
    parser = commands.add_parser(
        "evaluate",
        parents=[common],
        help="evaluate a network on hardware",
        description="Evaluate a network on hardware.",
    )
    parser.add_argument(
        "network",
        metavar="NETWORK",
        help="a built-in name, an .onnx file or a YAML file, parameters follow a colon; or one layer written out, such "
        "as conv:M=64,C=64,P=56,Q=56,R=3,S=3 (see assay map --help)",
    )
    parser.add_argument("hardware", metavar="HARDWARE", help="a built-in name or a YAML file")
    parser.add_argument("--batch", metavar="N", default="1", help="inputs processed together (default: 1)")
    parser.add_argument(
        "--bits", metavar="N", default=None, help="bits per word (default: the width of the chip's operands)"
    )
    parser.add_argument(
        "--objective",
        metavar="NAME",
        default="energy",
        help="what the mappings minimise: energy (default), latency or edp (energy times latency)",
    )
    add_dataflow(parser)
    parser.add_argument(
        "--tiles",
        metavar="KIND",
        default="perfect",
        help="perfect (default): tile sizes divide the layers; imperfect: any, with smaller tiles at the end of a loop",
    )
    parser.add_argument(
        "--time-limit", metavar="SECONDS", help="for each layer's search; then the best so far is taken, with its gap"
    )
    parser.add_argument(
        "--power-gating", action="store_true", help="instances that get no work in a layer do not leak in it"
    )
    parser.add_argument("--mapping", metavar="FILE", help="take mappings from a result (.json) or a YAML file")
    parser.add_argument("--workers", metavar="N", default=None, help="processes (default: one per processor core)")
    parser.add_argument("--no-cache", action="store_true", help="search every layer anew, and keep nothing for later")
    parser.add_argument("--json", metavar="FILE", help="write the result as JSON; with - to stdout, and nothing else")
    parser.add_argument(
        "--csv", metavar="FILE", help="write a row per layer as CSV; with - to stdout, and nothing else"
    )
    parser.set_defaults(command=_evaluate)


def _add_show(commands: Commands, common: argparse.ArgumentParser) -> None:
    parser = commands.add_parser(
        "show",
        parents=[common],
        help="look at networks, hardware, mappings, results",
        description="Networks as tables of layers, hardware as trees, mappings (also of results) as loop nests.",
    )
    parser.add_argument("things", metavar="THING", nargs="+", help="a built-in name or a file")
    parser.add_argument("--layer", metavar="NAME", help="of mappings, only that of this layer")
    parser.set_defaults(command=_show)


def _evaluate(options: argparse.Namespace) -> None:
    batch = whole(options.batch, "--batch")
    workers = None if options.workers is None else whole(options.workers, "--workers")
    bits = None if options.bits is None else whole(options.bits, "--bits")
    time_limit = None if options.time_limit is None else seconds(options.time_limit, "--time-limit")
    from assay.evaluation.evaluate import evaluate
    from assay.mapper import check_objective

    check_objective(options.objective)
    outputs = _outputs(options)
    evaluation = evaluate(
        options.network,
        options.hardware,
        batch=batch,
        bits=bits,
        objective=options.objective,
        tiles=options.tiles,
        time_limit=time_limit,
        workers=workers,
        progress=layers_line(),
        mappings=_mappings(options.mapping, batch),
        cache=not options.no_cache,
        dataflow=options.dataflow,
        power_gating=options.power_gating,
    )
    _deliver(evaluation, outputs)


def _deliver(evaluation: Evaluation, outputs: dict[str, str]) -> None:
    """Write the files; then the screen, unless one of them goes to stdout."""
    from assay.report.output import STDOUT, print_text, screen_color, screen_width, write_text

    texts = {"json": evaluation.to_json, "csv": evaluation.to_csv}
    for form, target in outputs.items():
        if target != STDOUT:
            write_text(target, texts[form]())
    piped = [form for form, target in outputs.items() if target == STDOUT]
    if piped:
        print_text(texts[piped[0]]())
        return
    from assay.report.evaluation import render_evaluation

    print_text(render_evaluation(evaluation, width=screen_width(), color=screen_color()))


def _outputs(options: argparse.Namespace) -> dict[str, str]:
    """Form -> file or `-`, checked before the work."""
    from assay.report.output import check_outputs
    from assay.workload.load import split_spec

    wanted = {f"--{form}": target for form in FORMS if (target := getattr(options, form)) is not None}
    read = {"network": split_spec(options.network)[0], "hardware": options.hardware}
    if options.mapping is not None:
        read["mapping file"] = options.mapping
    return {option.removeprefix("--"): target for option, target in check_outputs(wanted, read).items()}


def _mappings(path: str | None, batch: int) -> dict[str, Mapping]:
    if path is None:
        return {}
    from assay.evaluation.saved import read_saved

    saved = read_saved(path)
    check_batch(saved, path, batch)
    return saved.mappings


def _networks(options: argparse.Namespace) -> None:
    from assay.report.output import print_text, screen_color, screen_width
    from assay.report.tables import render_networks
    from assay.workload.load import load_network
    from assay.workload.zoo import zoo_names

    networks = [load_network(name) for name in zoo_names()]
    print_text(render_networks(networks, width=screen_width(LIST_WIDTH), color=screen_color()))


def _hardware(options: argparse.Namespace) -> None:
    from assay.hardware.presets import load_hardware, preset_names
    from assay.report.output import print_text, screen_color, screen_width
    from assay.report.tables import render_hardware_list

    chips = [load_hardware(name) for name in preset_names()]
    print_text(render_hardware_list(chips, width=screen_width(LIST_WIDTH), color=screen_color()))


def _show(options: argparse.Namespace) -> None:
    texts = [_shown(thing, options.layer) for thing in options.things]
    from assay.report.output import print_text

    print_text("\n".join(texts))


def _shown(thing: str, layer: str | None) -> str:
    form = _form(thing)
    if form == "mapping":
        from assay.evaluation.saved import read_saved
        from assay.report.nest import render_saved

        return render_saved(read_saved(thing), layer)
    if layer is not None:
        raise InputError(f"--layer is for mappings and results; '{thing}' is a {form}")
    from assay.report.output import screen_color, screen_width

    if form == "network":
        from assay.report.tables import render_network
        from assay.workload.load import load_network

        return render_network(load_network(thing), width=screen_width(), color=screen_color())
    from assay.hardware.presets import load_hardware
    from assay.report.tree import render_hardware

    return render_hardware(load_hardware(thing), width=screen_width())


def _form(thing: str) -> str:
    """Whether a name or file is a network, hardware, or mappings."""
    from assay.workload.load import split_spec

    path = split_spec(thing)[0]
    suffix = Path(path).suffix.lower()
    if suffix in (".onnx", ".json"):
        return "network" if suffix == ".onnx" else "mapping"
    if suffix in (".yaml", ".yml"):
        return _form_of_file(path)
    from assay.hardware.presets import preset_names
    from assay.workload.layer_text import is_written_out
    from assay.workload.zoo import zoo_names

    if is_written_out(thing):
        return "network"
    name = path
    if name in preset_names():
        return "hardware"
    if name in zoo_names():
        return "network"
    if Path(path).is_file():
        return _form_of_file(path)
    from assay.reading.suggestions import nearest

    found = nearest(name, [*preset_names(), *zoo_names()])
    advice = f"did you mean '{found}'?" if found else "assay networks and assay hardware list what is built in"
    raise InputError(f"there is no network, hardware or file named '{thing}'", hint=advice)


def _form_of_file(path: str) -> str:
    """What a YAML file says it describes, such as `assay: hardware/1`."""
    from assay.reading.documents import load

    doc = load(path)
    header = next((value for key, value in doc.root.pairs() if key.words == "assay"), None)
    form = header.words.partition("/")[0] if header else ""
    if form not in SHOWN_FORMS:
        place = header.at if header else doc.root.at
        forms = " or ".join(f"'assay: {each}/1'" for each in SHOWN_FORMS)
        raise InputError("the file does not say what it describes", at=place, hint=f"begin it with {forms}")
    return form


def _tell(message: str) -> None:
    if sys.stderr is None:
        return
    clear_line()
    print(message, file=sys.stderr)
