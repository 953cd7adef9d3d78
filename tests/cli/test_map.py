"""`assay map`."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest

from assay import cli, cli_progress
from assay.errors import InputError
from assay.evaluation import evaluate as evaluation
from assay.evaluation import mapped as module
from assay.evaluation.progress import Searching
from assay.mapper import SearchResult
from assay.mapping.mapping import Mapping
from assay.mapping.text import read_mapping
from assay.timeloop import read_timeloop
from tests.cli.conftest import Runner
from tests.timeloop.samples import FLAT, NODES, PROBLEM, V04_PROBLEM
from tests.timeloop.samples import MAPPING as FLAT_MAPPING

SMALL = "matmul:M=8,N=4,K=8"


def test_screen(run: Runner) -> None:
    code, out, err = run("map", SMALL, "edge_45nm")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "matmul on Example edge accelerator (not a real chip), batch 1"
    verdict = " ".join(lines[1 : lines.index("")])  # on a narrow screen it takes two lines
    assert re.fullmatch(
        r".* [np]J, proven to be the least energy \(.*s, [\d,]+ partial mappings? looked at\)\.", verdict
    )
    assert lines[lines.index("") + 1] == "Layer         N4 M8 C8: 256 multiply-accumulates"
    assert "Searched      all mappings whose tile sizes divide the layer" in lines
    assert {"Energy by component", "Mapping", "Notes"} <= set(lines)
    assert "multiply-accumulate" in out
    assert "K is called C" in " ".join(out.split())


def test_json_alone_on_stdout(run: Runner) -> None:
    code, out, err = run("map", SMALL, "edge_45nm", "--json", "-")
    data = json.loads(out)
    jsonschema.validate(data, json.loads((files("assay") / "data" / "schema" / "map-1.json").read_text()))
    assert (code, err, data["schema"], data["optimal"]) == (0, "", "assay.map/1", True)
    assert data["lower_bound"] == pytest.approx(data["energy_pj"])


def test_options_reach_the_search(run: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, object] = {}
    real = module.cached_best_mapping

    def search(einsum: object, chip: object, objective: str, **options: object) -> SearchResult:
        seen.update(options, objective=objective)
        return real(einsum, chip)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "cached_best_mapping", search)
    options = ("--objective", "edp", "--tiles", "imperfect", "--max-cycles", "1_000_000", "--max-energy", "3 mJ")
    assert run("map", SMALL, "edge_45nm", *options, "--front", "--time-limit", "500 ms")[0] == 0
    assert seen == {
        "objective": "edp",
        "tiles": "imperfect",
        "max_cycles": 1_000_000,
        "max_energy": 3e-3,
        "front": True,
        "time_limit": 0.5,
        "tick": None,
        "cache": True,
    }
    run("map", SMALL, "edge_45nm", "--time-limit", "60")
    assert seen["time_limit"] == 60
    run("map", SMALL, "edge_45nm", "--no-cache")
    assert seen["cache"] is False


def test_what_was_found_before_is_said_so(run: Runner, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ASSAY_CACHE", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "120")
    first, second, third = (run("map", SMALL, "edge_45nm", *more)[1].splitlines() for more in ((), (), ("--no-cache",)))
    seconds = re.findall(r"\((.*?s), ", first[1])[0]
    assert "found before" not in first[1] + third[1]
    assert second[1] == first[1].replace(f"({seconds}", f"(found before, in {seconds}")
    assert second[2:] == first[2:]
    assert json.loads(run("map", SMALL, "edge_45nm", "--json", "-")[1])["cached"]


@pytest.mark.parametrize("command", ["map", "evaluate"])
def test_a_dataflow(run: Runner, command: str) -> None:
    code, out, _ = run(command, SMALL, "edge_45nm", "--dataflow", "ws")
    assert (code, out.splitlines()[0]) == (
        0,
        "matmul on Example edge accelerator (not a real chip), weight stationary, batch 1",
    )
    code, _, err = run(command, SMALL, "edge_45nm", "--dataflow", "os")
    assert (code, "edge_45nm.yaml:40:5: dataflow output_stationary needs a memory for ofmap" in err) == (2, True)


def searching(elapsed: float, least: float | None = 3.1e-3, unit: str = "J") -> Searching:
    return Searching(3, 4, 7, 2_310_000, least, unit, elapsed)


def test_a_long_search_is_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    assert cli_progress.search_line() is None  # nobody is watching
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    show = cli_progress.search_line()
    assert show is not None
    for each in (searching(0.9), searching(1.1), searching(1.2), searching(2.5, 4e6, "cycles"), searching(9.0, None)):
        show(each)
    cli_progress.clear_line()
    start = "stage 4 of 7, 2,310,000 partial mappings"
    assert capsys.readouterr().err.split("\r\x1b[K") == [
        "",
        f"{start}, nothing below 3.1 mJ possible, 1 s",
        f"{start}, nothing below 4,000,000 cycles possible, 2 s",
        f"{start}, 9 s",
        "",
    ]


def test_ctrl_c_leaves_nothing_behind(
    run: Runner, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def search(*_: object, tick: Callable[..., None], **__: object) -> None:
        tick(0, 5, 0, 1.0)
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "cached_best_mapping", search)
    monkeypatch.setattr(cli_progress, "PATIENCE", 0.0)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    code, out, err = run("map", SMALL, "edge_45nm")
    assert (code, out) == (130, "")
    assert err.endswith("\r\x1b[Kinterrupted\n")


@pytest.mark.parametrize("objective", ["energy", "latency", "edp"])
@pytest.mark.parametrize("chip", ["edge_45nm", "eyeriss"])
def test_what_is_said_to_be_impossible_is(objective: str, chip: str) -> None:
    seen: list[Searching] = []
    found = module.map_layer("alexnet:conv3", chip, objective=objective, progress=seen.append)
    value = {"energy": found.energy, "latency": found.cycles, "edp": found.edp}[objective]
    assert value is not None
    assert seen
    assert all(each.least is None or each.least <= value * (1 + 1e-9) for each in seen)
    assert any(each.least for each in seen)
    assert {each.unit for each in seen} == {{"energy": "J", "latency": "cycles", "edp": "J·s"}[objective]}
    assert [each.labels for each in seen] == sorted(each.labels for each in seen)


def test_the_saved_mapping_counts_and_evaluates_the_same(run: Runner, tmp_path: Path) -> None:
    best, found = str(tmp_path / "best.yaml"), tmp_path / "found.json"
    arguments = ("map", "lenet5:c1", "edge_45nm", "--batch", "2", "--save", best, "--json", str(found))
    code, out, _ = run(*arguments)
    assert (code, out.splitlines()[0].startswith("c1 of LeNet-5 on ")) == (0, True)
    data = json.loads(found.read_text())
    assert list(read_mapping(best)) == ["c1"]
    _, out, _ = run("count", "lenet5", "edge_45nm", "--batch", "2", "--mapping", best, "--json", "-")
    counted = json.loads(out)
    assert (counted["energy_pj"], counted["cycles"]) == (pytest.approx(data["energy_pj"]), data["cycles"])
    assert "all mappings" not in Path(best).read_text()


TIMELOOP = (FLAT, PROBLEM, FLAT_MAPPING)


def design(folder: Path, *texts: str) -> list[str]:
    paths = []
    for index, text in enumerate(texts):
        paths.append(str(folder / f"{index}.yaml"))
        Path(paths[-1]).write_text(text, encoding="utf-8")
    return paths


@pytest.mark.parametrize("texts", [(FLAT, PROBLEM), (NODES, V04_PROBLEM)])
def test_timeloop_files_without_a_mapping(
    run: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, texts: tuple[str, ...]
) -> None:
    """The search is stood in for; what it is given comes from the files, and what it finds goes back to them."""
    paths = design(tmp_path, *texts)
    found: list[Mapping] = []
    monkeypatch.setattr(module, "cached_best_mapping", lambda einsum, chip, *_, **__: outermost(einsum, chip, found))
    target = str(tmp_path / "best.yaml")
    code, out, err = run("map", "--timeloop", *paths, "--objective", "latency", "--timeloop-mapping", target)
    assert (code, err) == (0, "")
    assert out.startswith("problem on 0, batch 1\n960 cycles, proven to be the least latency")
    assert read_timeloop([*paths, target]).mapping == found[0]


def outermost(einsum: object, chip: object, found: list[Mapping]) -> SearchResult:
    """Every loop at the outermost memory, and every tensor kept wherever it may be."""
    from assay.hardware.model import Hardware, Memory
    from assay.mapping.mapping import Level, Loop
    from assay.workload.einsum import Einsum

    assert isinstance(einsum, Einsum)
    assert isinstance(chip, Hardware)
    names = [tensor.name for tensor in einsum.tensors]
    levels = []
    for index, node in enumerate(chip.nodes[:-1]):
        kept = (*node.keep, *node.may_keep) if isinstance(node, Memory) else ()
        loops = tuple(Loop(dim, extent) for dim, extent in einsum.dims) if index == 0 else ()
        levels.append(Level(node.name, loops, tuple(name for name in names if name in kept)))
    found.append(Mapping(tuple(levels)))
    return SearchResult("latency", found[0], None, einsum.macs, float(einsum.macs), 0.0, True, 0.1, 10)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "LAYER and HARDWARE must be given\n  hint: assay map LAYER HARDWARE, such as"),
        (("alexnet:conv3",), "HARDWARE must be given"),
        (("alexnet:conv33", "eyeriss"), "alexnet has no layer 'conv33'\n  hint: did you mean 'conv3'?"),
        (("conv:M=4,C=4,P=4,Q=4,T=3", "eyeriss"), "conv has no dimension 'T'"),
        ((SMALL, "eyeris"), "there is no built-in hardware 'eyeris'\n  hint: did you mean 'eyeriss'?"),
        (("eyeriss", "alexnet:conv3"), "the network comes first, then the hardware"),
        ((SMALL, "eyeriss", "--objective", "lateny"), "unknown objective 'lateny'\n  hint: did you mean 'latency'?"),
        ((SMALL, "eyeriss", "--tiles", "any"), "unknown tiles 'any'\n  hint: tiles are: perfect, imperfect"),
        ((SMALL, "eyeriss", "--max-cycles", "-3"), "the most cycles are -3; they must be a whole number of at least 1"),
        ((SMALL, "eyeriss", "--max-cycles", "1e6"), "--max-cycles is '1e6'; it must be a whole number"),
        ((SMALL, "eyeriss", "--max-energy", "3"), "--max-energy is '3', which has no unit"),
        ((SMALL, "eyeriss", "--max-energy", "-3 mJ"), "--max-energy is '-3 mJ'; it must be above 0"),
        ((SMALL, "eyeriss", "--max-energy", "3 pj"), "--max-energy is '3 pj': unknown unit 'pj'\n  hint: write pJ"),
        ((SMALL, "eyeriss", "--time-limit", "0"), "--time-limit is '0'; it must be above 0"),
        ((SMALL, "eyeriss", "--time-limit", "3 mJ"), "--time-limit is '3 mJ', which is an energy"),
        ((SMALL, "eyeriss", "--batch", "0"), "batch is 0; it must be a whole number from 1"),
        ((SMALL, "eyeriss", "--bits", "99"), "bits is 99; it must be a whole number from 1 to 64"),
        ((SMALL, "eyeriss", "--bits", "32"), "the words of matmul have 32 bits, the multipliers of eyeriss take 16"),
        ((SMALL, "eyeriss", "--json", "-", "--save", "-"), "--json and --save cannot share stdout"),
        ((SMALL, "eyeriss", "--json", "a", "--timeloop-mapping", "a"), "name the same file, a"),
        (("--timeloop", "nowhere.yaml"), "nowhere.yaml: there is no such file"),
        (("--timeloop", "nowhere.yaml", "--batch", "2"), "--batch cannot be used with --timeloop"),
    ],
)
def test_wrong_arguments(run: Runner, arguments: tuple[str, ...], message: str) -> None:
    code, out, err = run("map", *arguments)
    assert (code, out) == (2, "")
    assert err.startswith("assay: error: ")
    assert message in err


def test_timeloop_files_that_lack_a_part(run: Runner, tmp_path: Path) -> None:
    arch, problem, _ = design(tmp_path, *TIMELOOP)
    assert "the Timeloop files have no problem" in run("map", "--timeloop", arch)[2]
    assert "the Timeloop files have no architecture" in run("map", "--timeloop", problem)[2]
    assert "is the Timeloop file that is read" in run("map", "--timeloop", arch, problem, "--save", arch)[2]


def test_help_answers_at_once_and_names_the_forms(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["map", "--help"])
    out = capsys.readouterr().out
    assert all(word in out for word in ("alexnet:conv3", "conv:M=64", "matmul:M=4096", "assay map --timeloop FILE..."))
    code = "import sys; from assay import cli\ntry: cli.main(['map', '--help'])\nexcept SystemExit: pass\n"
    code += "print([m for m in ('numpy', 'yaml', 'rich') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("[]\n")


def test_evaluate_takes_the_same_objectives(run: Runner) -> None:
    code, _, err = run("evaluate", "lenet5", "edge_45nm", "--time-limit", "soon")
    assert (code, "--time-limit is 'soon'" in err) == (2, True)
    code, _, err = run("evaluate", "lenet5", "edge_45nm", "--tiles", "some")
    assert (code, "unknown tiles 'some'" in err) == (2, True)


def test_evaluate_passes_on_what_the_search_is_for(monkeypatch: pytest.MonkeyPatch, run: Runner) -> None:
    seen: dict[str, object] = {}

    def stop(*_: object, **options: object) -> None:
        seen.update(options)
        raise InputError("far enough")

    monkeypatch.setattr(evaluation, "evaluate", stop)
    options = ("--objective", "edp", "--tiles", "imperfect", "--time-limit", "2 s")
    assert "far enough" in run("evaluate", "lenet5", "edge_45nm", *options)[2]
    assert (seen["objective"], seen["tiles"], seen["time_limit"]) == ("edp", "imperfect", 2.0)
