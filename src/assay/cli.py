"""The command line: `assay evaluate`, `assay map`, `assay eyexam`, `assay audit` and the other commands.

Results go to stdout, progress and errors to stderr. Exit codes: 0 done, 1 a fault of Assay, 2 wrong input,
130 interrupted.

Everything heavy is imported inside the commands, so that `assay --help` answers at once.
"""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Any, NoReturn

from assay import __version__
from assay.cli_audit import add_audit
from assay.cli_cache import add_cache
from assay.cli_components import add_components
from assay.cli_dataflows import add_dataflows
from assay.cli_evaluate import add_evaluate
from assay.cli_explain import add_explain
from assay.cli_eyexam import add_eyexam
from assay.cli_flexibility import add_flexibility
from assay.cli_map import add_map
from assay.cli_outputs import add_json, json_target, show
from assay.cli_progress import clear_line
from assay.cli_scale import add_scale
from assay.cli_timeloop import add_commands
from assay.errors import AssayError, InputError

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

FAULT, WRONG_INPUT, INTERRUPTED = 1, 2, 130
HELP_WIDTH = 100
LONGEST_COMMAND = len("flexibility")
SHOWN_FORMS = ("network", "hardware", "mapping")

EXAMPLES = """\
examples:
  assay evaluate alexnet eyeriss --batch 4
  assay evaluate mobilenet_v1:width=0.5,resolution=128 edge_45nm
  assay evaluate model.onnx:tokens=128 chip.yaml --json result.json
  assay evaluate alexnet eyeriss --batch 4 --mapping result.json
  assay evaluate alexnet eyeriss --max-latency 33ms --max-power 500mW
  assay evaluate alexnet eyeriss --batch 4 --all --html report.html
  assay eyexam alexnet eyeriss --batch 4
  assay audit tpu_v1
  assay compare eyeriss eyeriss_v2 nvdla_2048 a100
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
    typed = tuple(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in typed
    try:
        options = read_options(typed)
        options.command(options)
    except BrokenPipeError:
        from assay.report.output import discard_stdout

        discard_stdout()  # the reader (such as `head`) has seen enough
    except KeyboardInterrupt as stop:
        _tell(f"interrupted: {stop}" if stop.args else "interrupted")
        return INTERRUPTED
    except AssayError as error:
        if debug:
            raise
        _tell(f"assay: error: {error}")
        return WRONG_INPUT
    except Exception as error:
        if debug:
            raise
        _tell(f"assay: internal error: {type(error).__name__}: {error}")
        _tell("  this is a fault of Assay, not of your input; please report it with what --debug shows")
        return FAULT
    return 0


def read_options(typed: Sequence[str]) -> argparse.Namespace:
    """What was typed, taken apart. Raises InputError for a command or an option that there is not."""
    parser, commands = build_parser()
    first = typed[0] if typed else ""
    if first not in commands and first not in ("-h", "--help", "--version"):
        what = f"there is no command '{first}'" if first else "no command is given"
        raise InputError(what, hint=_nearest(first, commands, "assay --help lists them"))
    options, rest = parser.parse_known_args(_with_values(typed))
    if rest:
        command = commands[first]
        word = next((each for each in rest if each.startswith("-")), rest[0]).partition("=")[0]
        known = [name.strip("[],") for name in command.format_help().split() if name.strip("[").startswith("--")]
        advice = _nearest(word, known, f"{command.prog} --help says what it takes")
        raise InputError(f"{command.prog} does not take '{word}'", hint=advice)
    options.typed = tuple(typed)  # for the foot of reports
    return options


def _nearest(word: str, known: Iterable[str], otherwise: str) -> str:
    """What may have been meant: what begins so, or is spelt much the same."""
    from assay.reading.suggestions import nearest

    names = list(known)
    found = next((name for name in names if word and name.startswith(word)), None) or nearest(word, names)
    return f"did you mean '{found}'? ({otherwise})" if found else otherwise


class _Help(argparse.HelpFormatter):
    """Sentences fill a readable width; lines that are indented, such as examples, stay as they are."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=min(get_terminal_size().columns, HELP_WIDTH) - 2)
        self._action_max_length = LONGEST_COMMAND + 4  # argparse forgets that commands are indented once more

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        parts: list[str] = []
        for kept, group in groupby(text.strip().splitlines(), lambda line: not line or line.startswith(" ")):
            lines = list(group)
            parts += lines if kept else [super()._fill_text(" ".join(lines), width, indent)]
        return "\n".join(parts)


class _Parser(argparse.ArgumentParser):
    """Says what is wrong as all of Assay does, and takes no beginnings of options for options."""

    def __init__(self, **how: Any) -> None:
        super().__init__(**how, allow_abbrev=False, formatter_class=_Help)

    def error(self, message: str) -> NoReturn:
        command = self.prog.removeprefix("assay").strip()
        raise InputError(f"{command}: {message}" if command else message, hint=f"{self.prog} --help says what it takes")


def _with_values(typed: Sequence[str]) -> list[str]:
    """`--max-power -3mW` as `--max-power=-3mW`: what begins like a negative number is a value, and its own error."""
    found: list[str] = []
    for word in typed:
        negative = len(word) > 1 and word[0] == "-" and (word[1].isdigit() or word[1] == ".")
        if negative and found and found[-1].startswith("--") and "=" not in found[-1]:
            found[-1] += f"={word}"
        else:
            found.append(word)
    return found


def build_parser() -> tuple[argparse.ArgumentParser, Mapping[str, argparse.ArgumentParser]]:
    """The parser, and those of the commands."""
    parser: argparse.ArgumentParser = _Parser(
        prog="assay",
        description="Evaluate DNN processors: exact data movement, provably best mappings, every figure explained.",
        epilog=EXAMPLES,
    )
    parser.add_argument("--version", action="version", version=f"assay {__version__}")
    common = _Parser(add_help=False)
    common.add_argument("--debug", action="store_true", help="show the traceback of an error")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    add_evaluate(commands, common)
    add_eyexam(commands, common)
    add_dataflows(commands, common)
    add_flexibility(commands, common)
    add_scale(commands, common)
    add_audit(commands, common)
    add_map(commands, common)
    add_commands(commands, common)
    add_explain(commands, common)
    add_components(commands, common)
    add_cache(commands, common)
    for name, command in (("networks", _networks), ("hardware", _hardware)):
        text = f"list the built-in {name}"
        listing = commands.add_parser(name, parents=[common], help=text, description=f"{text.capitalize()}.")
        add_json(listing)
        listing.set_defaults(command=command)
    _add_show(commands, common)
    return parser, commands.choices


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


def _networks(options: argparse.Namespace) -> None:
    target = json_target(options.json)
    from assay.metrics.listings import networks_to_dict
    from assay.report.tables import render_networks
    from assay.workload.load import load_network
    from assay.workload.zoo import zoo_names

    networks = [load_network(name) for name in zoo_names()]
    show(
        target,
        lambda: networks_to_dict(networks),
        lambda width, color: render_networks(networks, width=width, color=color),
    )


def _hardware(options: argparse.Namespace) -> None:
    target = json_target(options.json)
    from assay.hardware.presets import load_hardware, preset_names
    from assay.metrics.listings import hardware_to_dict
    from assay.report.tables import render_hardware_list

    chips = [load_hardware(name) for name in preset_names()]
    show(
        target,
        lambda: hardware_to_dict(chips),
        lambda width, color: render_hardware_list(chips, width=width, color=color),
    )


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
        raise InputError(f"--layer is for mappings and results; '{thing}' is {'a ' * (form == 'network')}{form}")
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
