import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from assay import __version__, cli
from assay.evaluation import evaluate as evaluation
from assay.report.output import screen_color
from tests.cli.conftest import Run, Runner
from tests.evaluation.small import CHIP, NETWORK

CHIP_YAML = """\
assay: hardware/1
name: toy
clock: 1 MHz
energy_source: a test
nodes:
  - memory: dram
    offchip: true
    keep: [ifmap, filter, ofmap]
    energy: 200 pJ
    bandwidth: 16 b/cycle
  - memory: buf
    size: 1 KiB
    keep: [ifmap, filter, ofmap]
    energy: 6 pJ
  - compute: mac
    energy: 1 pJ
"""


MAPPING_YAML = """\
assay: mapping/1
layers:
  fc1:
    levels:
      - {node: dram, keep: [ifmap, filter, ofmap]}
      - {node: buf, keep: [ifmap, filter, ofmap], loops: [{dim: C, bound: 6}]}
      - {node: array, loops: [{dim: M, bound: 4, axis: X}]}
"""


@pytest.fixture(autouse=True)
def _tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """`tiny` and `small` are names of the network and the chip of these tests."""
    import assay.hardware.presets as presets
    import assay.workload.load as load

    networks, chips = load.load_network, presets.load_hardware
    monkeypatch.setattr(load, "load_network", lambda s, **k: NETWORK if s == "tiny" else networks(s, **k))
    monkeypatch.setattr(presets, "load_hardware", lambda s: CHIP if s == "small" else chips(s))


def test_evaluate_prints_verdict_scorecard_and_layers(run: Runner) -> None:
    code, out, err = run("evaluate", "tiny", "small", "--batch", "2")
    assert code == 0
    assert err == ""
    assert out.startswith("Tiny on Small chip, batch 2\n")
    assert all(word in out for word in ("Scorecard", "Energy by component", "fc1", "head", "Notes"))


def test_json_to_stdout_is_only_json(run: Runner) -> None:
    code, out, err = run("evaluate", "tiny", "small", "--json", "-")
    assert (code, err) == (0, "")
    assert json.loads(out)["schema"] == "assay.evaluation/1"


def test_csv_to_stdout_is_only_csv(run: Runner) -> None:
    code, out, _ = run("evaluate", "tiny", "small", "--csv", "-")
    assert code == 0
    assert out.startswith("name,op,dims,")
    assert len(out.splitlines()) == 5


def test_files_are_written_beside_the_screen(run: Runner, tmp_path: Path) -> None:
    result, table = tmp_path / "r.json", tmp_path / "t.csv"
    result.write_text("old")
    code, out, _ = run("evaluate", "tiny", "small", "--json", str(result), "--csv", str(table))
    assert code == 0
    assert "Scorecard" in out
    assert json.loads(result.read_text())["network"]["name"] == "tiny"
    assert table.read_text().startswith("name,")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["r.json", "t.csv"]
    assert result.stat().st_mode & 0o777 == 0o666 & ~_umask()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_a_result_is_shown_and_fed_back(run: Runner, tmp_path: Path) -> None:
    path = str(tmp_path / "r.json")
    assert run("evaluate", "tiny", "small", "--batch", "2", "--json", path)[0] == 0
    code, out, _ = run("show", path, "--layer", "fc2")
    assert code == 0
    assert "fc2\n\ndram: keeps ifmap (12 words)" in out
    assert "head" not in out
    code, out, _ = run("evaluate", "tiny", "small", "--batch", "2", "--mapping", path)
    assert code == 0
    assert "The mappings were given, not searched." in " ".join(out.split())
    code, _, err = run("evaluate", "tiny", "small", "--mapping", path)
    assert code == 2
    assert "the mappings are for a batch of 2, not 1" in err
    assert "--batch 2" in err


def test_show_takes_several_things(run: Runner, tmp_path: Path) -> None:
    chip = tmp_path / "toy.yaml"
    chip.write_text(CHIP_YAML)
    code, out, err = run("show", "lenet5", "eyeriss", str(chip))
    assert (code, err) == (0, "")
    assert out.index("LeNet-5") < out.index("Eyeriss") < out.index("toy: 1 PE")


def test_an_input_is_never_overwritten(run: Runner, tmp_path: Path) -> None:
    chip = tmp_path / "toy.yaml"
    chip.write_text(CHIP_YAML)
    code, _, err = run("evaluate", "tiny", str(chip), "--json", str(chip))
    assert code == 2
    assert "is the hardware that is read" in err
    assert chip.read_text() == CHIP_YAML


def test_json_to_dev_stdout_is_only_json() -> None:
    done = subprocess.run(
        _assay("evaluate", "lenet5", "edge_45nm", "--json", "/dev/stdout"), capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout)["network"]["name"] == "lenet5"


def test_a_given_mapping_that_does_not_fit_is_named_by_its_place(run: Runner, tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    path.write_text(MAPPING_YAML)
    code, out, err = run("evaluate", "tiny", "small", "--mapping", str(path))
    assert (code, err) == (0, "")
    path.write_text(MAPPING_YAML.replace("bound: 4, axis: X", "bound: 5, axis: X"))
    code, out, err = run("evaluate", "tiny", "small", "--mapping", str(path))
    assert (code, out) == (2, "")
    assert f"{path}:7:9: layer fc1: the mapping uses 5 children along X of array, which has 4\n  hint: " in err
    path.write_text(MAPPING_YAML.replace("fc1", "fc9"))
    assert (
        f"{path}:3:3: a mapping is given for layer 'fc9'" in run("evaluate", "tiny", "small", "--mapping", str(path))[2]
    )


def test_lists(run: Runner) -> None:
    code, out, _ = run("networks")
    assert code == 0
    assert "alexnet" in out
    code, out, _ = run("hardware")
    assert code == 0
    assert "eyeriss" in out
    assert "168" in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("evaluate alexnett eyeriss", "alexnet"),
        ("evaluate alexnet eyeris", "eyeriss"),
        ("evaluate none.onnx eyeriss", "none.onnx"),
        ("evaluate none.yaml eyeriss", "none.yaml: there is no such file"),
        ("evaluate tiny none.yaml", "none.yaml: there is no such file"),
        ("evaluate tiny small --batch 0", "batch is 0"),
        ("evaluate tiny small --batch 1000000000", "batch is 1000000000"),
        ("evaluate tiny small --batch -3", "batch is -3"),
        ("evaluate tiny small --batch four", "--batch is 'four'; it must be a whole number"),
        ("evaluate tiny small --batch 1.5", "--batch is '1.5'"),
        ("evaluate lenet5 small --bits 0", "bits is 0"),
        ("evaluate lenet5 small --bits x", "--bits is 'x'"),
        ("evaluate tiny small --workers 0", "workers is 0"),
        ("evaluate tiny small --objective latenc", "unknown objective 'latenc'\n  hint: did you mean 'latency'?"),
        ("evaluate tiny small --objective=", "unknown objective ''\n  hint: objectives: energy, latency, edp"),
        ("evaluate tiny small --batch ٣", "--batch is '٣'; it must be a whole number"),
        ("evaluate tiny small --tiles=", "unknown tiles ''"),
        ("evaluate tiny small --dataflow=", "there is no dataflow ''"),
        ("evaluate tiny small --tiles imperfekt", "did you mean 'imperfect'?"),
        ("evaluate tiny small --dataflow weightstationary", "did you mean 'weight_stationary'?"),
        ("evaluate conv:M=4 eyeriss", "conv needs C, P and Q"),
        ("evaluate alexnet:conv3 eyeriss", "one layer of a network is for assay map alexnet:conv3 HARDWARE"),
        ("evaluate tiny small --json no/such/r.json", "there is no folder no/such"),
        ("evaluate tiny small --csv .", "is not a file name"),
        ("evaluate tiny small --json - --csv -", "cannot share stdout"),
        ("evaluate tiny small --mapping none.json", "none.json: there is no such file"),
        ("evaluate tiny small --mapping none.yaml", "none.yaml: there is no such file"),
        ("evaluate eyeriss alexnet", "'eyeriss' is hardware and 'alexnet' is a network"),
        ("evaluate mobilenet_v1:width=0 small", "parameter width of mobilenet_v1 is 0"),
        ("evaluate lenet5 eyeriss --bits 32", "the words of lenet5 have 32 bits, the multipliers of eyeriss take 16"),
        ("evaluate tiny small --json r --csv ./r", "--json and --csv name the same file"),
        ("show alexnett", "did you mean 'alexnet'?"),
        ("show none.json", "none.json: there is no such file"),
        ("show alexnet --layer conv1", "--layer is for mappings and results"),
    ],
)
def test_wrong_input_is_one_message_and_code_2(
    run: Runner, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, arguments: str, words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = run(*arguments.split())
    assert (code, out) == (2, "")
    assert err.startswith("assay: error: ")
    assert words in err
    assert "Traceback" not in err
    assert len(err.splitlines()) <= 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("clock:", "clok:", "toy.yaml:3:1: unknown key 'clok'"),
        ("clock: 1 MHz", "clock: 1 MB", "toy.yaml:3:8: "),
        ("size: 1 KiB", "size: 16 B\n    whole: [C]", "layer fc1: no mapping fits"),
        ("assay: hardware/1", "assay: hardware/9", "toy.yaml:1:8: "),
    ],
)
def test_wrong_hardware_files(
    run: Runner, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, old: str, new: str, words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert old in CHIP_YAML
    Path("toy.yaml").write_text(CHIP_YAML.replace(old, new))
    code, _, err = run("evaluate", "tiny", "toy.yaml")
    assert code == 2
    assert words in err


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("r.json", "{", "r.json:1:2: this is not JSON"),
        ("r.json", "[1]", "not a result of the form assay.evaluation/1"),
        ("r.json", '{"schema": "assay.evaluation/1"}', "does not follow the schema"),
        ("r.json", "\udcff", "this is not JSON text"),
        ("m.yaml", "a: b", "m.yaml:1:1: the file does not say what it describes"),
        ("m.yaml", "assay: nonsense/1", "m.yaml:1:8: the file does not say what it describes"),
    ],
)
def test_wrong_results_and_mappings(
    run: Runner, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, text: str, words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(name).write_bytes(text.encode("utf-8", "surrogateescape"))
    code, _, err = run("show", name)
    assert code == 2
    assert words in err


ONNX = sorted((Path(__file__).parents[1] / "data" / "onnx").glob("*.onnx"))


def _is_one_message_for(result: Run, words: str) -> None:
    code, out, err = result
    assert (code, out) == (2, "")
    assert err.startswith("assay: error: ")
    assert words in err
    assert "Traceback" not in err
    assert len(err.splitlines()) <= 2


@pytest.mark.parametrize("model", ONNX, ids=lambda path: path.stem)
def test_a_truncated_onnx_file(run: Runner, tmp_path: Path, model: Path) -> None:
    pytest.importorskip("onnx")
    half = tmp_path / model.name
    half.write_bytes(model.read_bytes()[: model.stat().st_size // 2])
    _is_one_message_for(run("evaluate", str(half), "small"), f"{half}: this is not an ONNX model, or the file is trunc")


def test_text_that_is_called_onnx(run: Runner, tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    path = tmp_path / "net.onnx"
    path.write_text("assay: network/1\nname: net\n")
    _is_one_message_for(run("evaluate", str(path), "small"), f"{path}: this is not an ONNX model")


def test_an_onnx_file_with_an_unknown_operator(run: Runner, tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    x, y = (onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1, 4]) for name in "xy")
    node = onnx.helper.make_node("Frobnicate", ["x"], ["z"], name="f")
    last = onnx.helper.make_node("Relu", ["z"], ["y"], name="last")
    graph = onnx.helper.make_graph([node, last], "g", [x], [y])
    path = tmp_path / "net.onnx"
    onnx.save(onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)]), path)
    _is_one_message_for(run("evaluate", str(path), "small"), "node 'f' (Frobnicate): the shape of 'z' is not known")


def test_a_fanout_of_nothing(run: Runner, tmp_path: Path) -> None:
    chip = tmp_path / "toy.yaml"
    chip.write_text(CHIP_YAML.replace("  - compute: mac", "  - fanout: array\n    X: 0\n  - compute: mac"))
    _is_one_message_for(run("evaluate", "tiny", str(chip)), f"{chip}:16:8: ")


def test_debug_shows_the_traceback() -> None:
    with pytest.raises(Exception, match="batch is 0"):
        cli.main(["evaluate", "tiny", "small", "--batch", "0", "--debug"])


def test_a_fault_of_ours_is_code_1_and_asks_for_a_report(run: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluation, "best_mapping", lambda *_, **__: 1 / 0)
    code, out, err = run("evaluate", "tiny", "small", "--workers", "1")
    assert (code, out) == (1, "")
    assert "internal error: ZeroDivisionError" in err
    assert "--debug" in err
    assert "Traceback" not in err


def test_an_interruption_is_code_130(run: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(evaluation, "best_mapping", interrupt)
    code, out, err = run("evaluate", "tiny", "small", "--workers", "1")
    assert (code, out, err) == (130, "", "interrupted\n")


@pytest.mark.parametrize(
    ("typed", "message", "advice"),
    [
        ("", "no command is given", "assay --help lists them"),
        ("evaluat", "there is no command 'evaluat'", "did you mean 'evaluate'? (assay --help lists them)"),
        ("--quiet evaluate", "there is no command '--quiet'", "assay --help lists them"),
        (
            "evaluate alexnet",
            "evaluate: the following arguments are required: HARDWARE",
            "assay evaluate --help says what it takes",
        ),
        ("networks extra", "assay networks does not take 'extra'", "assay networks --help says what it takes"),
        ("chips --json", "chips: argument --json: expected one argument", "assay chips --help says what it takes"),
        (
            "evaluate alexnet eyeriss --bach=4",
            "assay evaluate does not take '--bach'",
            "did you mean '--batch'? (assay evaluate --help says what it takes)",
        ),
        (
            "map alexnet:conv1 eyeriss --time-l 4",  # no beginning of an option is one
            "assay map does not take '--time-l'",
            "did you mean '--time-limit'? (assay map --help says what it takes)",
        ),
    ],
)
def test_wrong_usage_is_one_message(run: Runner, typed: str, message: str, advice: str) -> None:
    assert run(*typed.split()) == (2, "", f"assay: error: {message}\n  hint: {advice}\n")


def test_a_file_and_a_folder_are_two(run: Runner, tmp_path: Path) -> None:
    target = str(tmp_path / "report")
    code, out, err = run("audit", "eyeriss", "--html", target, "--plot", target)
    assert (code, out) == (2, "")
    assert f"--html and --plot name the same, {target}" in err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", list(cli.build_parser()[1]))
def test_every_command_helps(command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit) as end:
        cli.main([command, "--help"])
    out = capsys.readouterr().out
    assert end.value.code == 0
    description = out.partition("\n\n")[2]
    assert description[0].isupper()
    assert "  -h, --help" in out


def test_a_file_that_cannot_be_written_leaves_nothing(run: Runner, tmp_path: Path) -> None:
    name = "x" * 250 + ".json"  # too long once the temporary file has its suffix
    code, _, err = run("evaluate", "tiny", "small", "--json", str(tmp_path / name))
    assert code == 2
    assert "cannot write the file" in err
    assert list(tmp_path.iterdir()) == []


def _assay(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "assay", *arguments]


def test_the_version() -> None:
    done = subprocess.run(_assay("--version"), capture_output=True, text=True, check=True)
    assert done.stdout == f"assay {__version__}\n"


def test_a_closed_pipe_is_quiet() -> None:
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as out:
        done = subprocess.run(_assay("show", "alexnet"), stdout=out, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


FREE_CHIP = """\
assay: hardware/1
name: free
clock: 1 GHz
energy_source: a test
nodes:
  - {memory: dram, offchip: true, keep: [ifmap, filter, ofmap], energy: 200 pJ}
  - {memory: outer, size: 256 KiB, may_keep: [ifmap, filter, ofmap], energy: 10 pJ}
  - {memory: inner, size: 8 KiB, may_keep: [ifmap, filter, ofmap], energy: 5 pJ}
  - {fanout: array, X: 24, Y: 24, energy: 2 pJ}
  - {memory: spad, size: 64 B, may_keep: [ifmap, filter, ofmap], energy: 1 pJ}
  - {compute: mac, energy: 1 pJ}
"""
"""A chip that leaves every choice to the search: some networks take it minutes."""

# A process started in the background of a shell ignores SIGINT, and so do its children; the first lines undo that.
INTERRUPTIBLE = """\
import signal, sys
if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)
    from assay.cli import main
    sys.exit(main(sys.argv[1:]))
"""


def test_ctrl_c_ends_a_search_in_processes(tmp_path: Path) -> None:
    chip = tmp_path / "free.yaml"
    chip.write_text(FREE_CHIP)
    command = [sys.executable, "-c", INTERRUPTIBLE, "evaluate", "resnet50", str(chip), "--workers", "2"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as job:
        try:
            _wait_for_children(job)
            job.send_signal(signal.SIGINT)
            out, err = job.communicate(timeout=15)
        finally:
            job.kill()
    assert (job.returncode, out, err) == (130, "", "interrupted\n")


def _wait_for_children(job: subprocess.Popen[str]) -> None:
    """Return once processes of the job have taken up work, or where the system does not show them, after a while."""
    children = Path(f"/proc/{job.pid}/task/{job.pid}/children")
    end = time.monotonic() + (20 if children.exists() else 5)
    while time.monotonic() < end:
        assert job.poll() is None, "the job ended before it could be interrupted"
        if children.exists() and len(children.read_text().split()) >= 2:
            time.sleep(0.5)  # from being there to being at work
            return
        time.sleep(0.05)


def test_colour_only_on_a_terminal_that_wants_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert screen_color()
    monkeypatch.setenv("NO_COLOR", "1")
    assert not screen_color()
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "dumb")
    assert not screen_color()
