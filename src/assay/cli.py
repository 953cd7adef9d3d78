"""The command line: `assay evaluate`, `assay networks`, `assay hardware`, `assay show`.

Results go to stdout, progress and errors to stderr. Exit codes: 0 done, 1 a fault of Assay, 2 wrong input,
130 interrupted.

Everything heavy is imported inside the commands, so that `assay --help` answers at once.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from assay import __version__
from assay.errors import AssayError, InputError, Position

if TYPE_CHECKING:
    from assay.evaluation.evaluate import Progress
    from assay.mapping.mapping import Mapping

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

FAULT, WRONG_INPUT, INTERRUPTED = 1, 2, 130
SHOWN_FORMS = ("network", "hardware", "mapping")

EXAMPLES = """\
examples:
  assay evaluate alexnet eyeriss --batch 4
  assay evaluate model.onnx chip.yaml --json result.json
  assay evaluate alexnet eyeriss --batch 4 --mapping result.json
  assay show eyeriss alexnet
  assay show result.json --layer conv2
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code. `arguments` None: those of the process."""
    options = _parser().parse_args(arguments)
    try:
        options.command(options)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader (such as `head`) has seen enough. Without this, Python complains again when it exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt:
        _tell("interrupted")
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
    parser.add_argument("network", metavar="NETWORK", help="a built-in name, an .onnx file or a YAML file")
    parser.add_argument("hardware", metavar="HARDWARE", help="a built-in name or a YAML file")
    parser.add_argument("--batch", metavar="N", default="1", help="inputs processed together (default: 1)")
    parser.add_argument("--bits", metavar="N", default=None, help="bits per word of every tensor (default: 16)")
    parser.add_argument("--objective", metavar="NAME", default="energy", help="energy (default), latency or edp")
    parser.add_argument("--mapping", metavar="FILE", help="take mappings from a result (.json) or a YAML file")
    parser.add_argument("--workers", metavar="N", default=None, help="processes (default: one per processor core)")
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
    batch = _whole(options.batch, "--batch")
    workers = None if options.workers is None else _whole(options.workers, "--workers")
    bits = None if options.bits is None else _whole(options.bits, "--bits")
    outputs = _outputs(options)
    from assay.evaluation.evaluate import check_objective, evaluate
    from assay.hardware.presets import load_hardware
    from assay.workload.load import load_network

    check_objective(options.objective)
    network = load_network(options.network) if bits is None else load_network(options.network, bits=bits)
    hardware = load_hardware(options.hardware)
    evaluation = evaluate(
        network,
        hardware,
        batch=batch,
        objective=options.objective,
        workers=workers,
        progress=_progress(),
        mappings=_mappings(options.mapping, batch),
    )
    texts = {"json": evaluation.to_json, "csv": evaluation.to_csv}
    for form, target in outputs.items():
        if target != "-":
            _write(Path(target), texts[form]())
    piped = [form for form, target in outputs.items() if target == "-"]
    if piped:
        sys.stdout.write(texts[piped[0]]())
        return
    from assay.report.evaluation import render_evaluation

    sys.stdout.write(render_evaluation(evaluation, width=_width(), color=_color()))


def _outputs(options: argparse.Namespace) -> dict[str, str]:
    """The files asked for. A folder that does not exist is noticed before the work, not after it."""
    outputs = {form: target for form in ("json", "csv") if (target := getattr(options, form)) is not None}
    if list(outputs.values()).count("-") > 1:
        raise InputError("--json - and --csv - cannot share stdout", hint="write one of them to a file")
    for form, target in outputs.items():
        if target == "-":
            continue
        path = Path(target)
        if not target or path.is_dir():
            raise InputError(f"--{form}: '{target}' is not a file name")
        if not path.parent.is_dir():
            raise InputError(
                f"--{form}: there is no folder {path.parent}", hint=f"make it with: mkdir -p {path.parent}"
            )
    return outputs


def _mappings(path: str | None, batch: int) -> dict[str, Mapping]:
    if path is None:
        return {}
    from assay.evaluation.saved import read_saved

    saved = read_saved(path)
    if saved.batch is not None and saved.batch != batch:
        raise InputError(
            f"the mappings are for a batch of {saved.batch}, not {batch}",
            at=Position(path),
            hint=f"add --batch {saved.batch}",
        )
    return saved.mappings


def _networks(options: argparse.Namespace) -> None:
    from assay.report.tables import render_networks
    from assay.workload.load import load_network
    from assay.workload.zoo import zoo_names

    networks = [load_network(name) for name in zoo_names()]
    sys.stdout.write(render_networks(networks, width=_width(), color=_color()))


def _hardware(options: argparse.Namespace) -> None:
    from assay.hardware.presets import load_hardware, preset_names
    from assay.report.tables import render_hardware_list

    chips = [load_hardware(name) for name in preset_names()]
    sys.stdout.write(render_hardware_list(chips, width=_width(), color=_color()))


def _show(options: argparse.Namespace) -> None:
    texts = [_shown(thing, options.layer) for thing in options.things]
    sys.stdout.write("\n".join(texts))


def _shown(thing: str, layer: str | None) -> str:
    form = _form(thing)
    if form == "mapping":
        from assay.evaluation.saved import read_saved
        from assay.report.nest import render_saved

        return render_saved(read_saved(thing), layer)
    if layer is not None:
        raise InputError(f"--layer is for mappings and results; '{thing}' is a {form}")
    if form == "network":
        from assay.report.tables import render_network
        from assay.workload.load import load_network

        return render_network(load_network(thing), width=_width(), color=_color())
    from assay.hardware.presets import load_hardware
    from assay.report.tree import render_hardware

    return render_hardware(load_hardware(thing), width=_width())


def _form(thing: str) -> str:
    """Whether a name or file is a network, hardware, or mappings."""
    suffix = Path(thing).suffix.lower()
    if suffix in (".onnx", ".json"):
        return "network" if suffix == ".onnx" else "mapping"
    if suffix in (".yaml", ".yml"):
        return _form_of_file(thing)
    from assay.hardware.presets import preset_names
    from assay.workload.zoo import zoo_names

    name = thing.partition(":")[0]
    if name in preset_names():
        return "hardware"
    if name in zoo_names():
        return "network"
    if Path(thing).is_file():
        return _form_of_file(thing)
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


def _whole(text: str, option: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise InputError(f"{option} is '{text}'; it must be a whole number") from None


def _write(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    name = ""
    try:
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", dir=path.parent, prefix=f".{path.name}.", delete=False, newline=""
        ) as file:
            name = file.name
            file.write(text)
        _make_readable(name)
        os.replace(name, path)
    except OSError as error:
        if name:
            Path(name).unlink(missing_ok=True)
        raise InputError(f"cannot write the file: {error.strerror or error}", at=Position(str(path))) from None


def _make_readable(name: str) -> None:
    """Give a temporary file the permissions of an ordinary new one."""
    mask = os.umask(0)
    os.umask(mask)
    os.chmod(name, 0o666 & ~mask)


def _progress() -> Callable[[Progress], None] | None:
    """One line on stderr that counts the layers; silent when nobody is watching."""
    if not sys.stderr.isatty():
        return None

    def show(progress: Progress) -> None:
        line = f"mapping {progress.done}/{progress.total} {progress.layer}"
        end = "" if progress.done < progress.total else "\r\x1b[K"
        sys.stderr.write(f"\r\x1b[K{line}{end}")
        sys.stderr.flush()

    return show


def _tell(message: str) -> None:
    if sys.stderr.isatty():
        sys.stderr.write("\r\x1b[K")
    print(message, file=sys.stderr)


def _width() -> int | None:
    """Columns of the terminal, at least the 60 that the tables need; None when stdout is not one."""
    if not sys.stdout.isatty():
        return None
    return max(60, os.get_terminal_size(sys.stdout.fileno()).columns or 80)


def _color() -> bool:
    """Colour on a terminal, unless the user asked for none (see no-color.org)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
