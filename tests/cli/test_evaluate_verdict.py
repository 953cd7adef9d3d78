"""`assay evaluate` with requirements, with what only the user knows, and in every form."""

import json
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest

from assay.cli_options import share
from tests.evaluation.small import CHIP, NETWORK

Runner = Callable[..., tuple[int, str, str]]
SCHEMA = json.loads((files("assay") / "data" / "schema" / "evaluation-1.json").read_text(encoding="utf-8"))


@pytest.fixture(autouse=True)
def _known(monkeypatch: pytest.MonkeyPatch) -> None:
    """`tiny` and `small` are names of the network and the chip of these tests."""
    import assay.hardware.presets as presets
    import assay.workload.load as load

    networks, chips = load.load_network, presets.load_hardware
    monkeypatch.setattr(load, "load_network", lambda s, **k: NETWORK if s == "tiny" else networks(s, **k))
    monkeypatch.setattr(presets, "load_hardware", lambda s: CHIP if s == "small" else chips(s))


def test_the_verdict_comes_first_and_the_exit_code_is_0(run: Runner) -> None:
    code, out, err = run("evaluate", "tiny", "small", "--max-latency", "1us", "--max-power", "500mW")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[1] == "Not viable for these requirements: latency fails."
    assert lines[2].startswith("1. Can it perform the task?")
    assert "too much" in out
    assert "Scorecard" in out


def test_met_unknown_and_failed(run: Runner) -> None:
    def sentence(*asked: str) -> str:
        code, out, _ = run("evaluate", "tiny", "small", *asked)
        assert code == 0
        return out.splitlines()[1]

    assert sentence("--max-latency", "1s") == "Viable for these requirements, as far as these figures reach."
    assert sentence("--max-area", "1mm2").startswith("Unknown for these requirements: chip area cannot be judged")
    assert sentence("--min-accuracy", "50%").startswith("Unknown for these requirements: accuracy cannot be judged")
    assert sentence("--min-accuracy", "50%", "--accuracy", "60%") == "Viable for these requirements."
    assert sentence("--min-throughput", "1e9/s").startswith("Not viable")
    assert sentence("--min-throughput", "1 fps").startswith("Viable")
    assert sentence("--min-throughput", "1 inference/s").startswith("Viable")


def test_a_batch_is_blamed_for_its_latency(run: Runner) -> None:
    _, out, _ = run("evaluate", "tiny", "small", "--batch", "3", "--max-latency", "1us")
    assert "The latency is that of a batch of 3; a smaller one (--batch 1) may take less time." in " ".join(out.split())


def test_what_no_mapping_can_meet_is_said_in_a_sentence_with_the_numbers(run: Runner) -> None:
    """60 MACs per inference on a chip of 4 MACs per cycle of 1 us."""
    _, out, _ = run("evaluate", "tiny", "small", "--batch", "3", "--max-latency", "10us")
    text = " ".join(out.split())
    assert "No mapping takes at most 10 us: the 180 MAC of a batch of 3 take 45 us at the peak of 4 MMAC/s" in text
    assert "--objective latency) fail, too" not in text
    _, out, _ = run("evaluate", "tiny", "small", "--batch", "3", "--max-latency", "46us")
    assert "No mapping" not in out
    assert "--objective latency) fail, too" in " ".join(out.split())


def test_without_requirements_nothing_is_judged(run: Runner) -> None:
    code, out, _ = run("evaluate", "tiny", "small")
    assert code == 0
    assert "requirements" not in out
    assert "Can it perform the task?" not in out


def test_json_has_scorecard_and_verdict(run: Runner) -> None:
    code, out, _ = run("evaluate", "tiny", "small", "--json", "-", "--max-energy", "1J", "--accuracy", "0.9")
    assert code == 0
    data = json.loads(out)
    jsonschema.validate(data, SCHEMA)
    assert data["verdict"]["viability"] == "viable"
    assert data["verdict"]["requirements"]["max_energy"] == 1.0
    groups = {group["key"]: group["metrics"] for group in data["scorecard"]["groups"]}
    assert groups["accuracy"][0]["value"] == 0.9
    assert list(groups)[-1] == "peaks"
    plain = json.loads(run("evaluate", "tiny", "small", "--json", "-")[1])
    assert "verdict" not in plain
    jsonschema.validate(plain, SCHEMA)


def test_explain_shows_formulas(run: Runner) -> None:
    code, out, _ = run("evaluate", "tiny", "small", "--explain", "--tdp", "1mW", "--effectual", "40%")
    assert code == 0
    assert "= operations per second / operations per inference" in out
    assert "equation (9)" in out
    assert "TDP: 1 mW" in out
    assert "Energy by component" in out


def test_every_form_has_the_verdict(run: Runner, tmp_path: Path) -> None:
    names = {form: tmp_path / f"r.{form}" for form in ("html", "markdown", "latex", "csv")}
    options = [word for form, path in names.items() for word in (f"--{form}", str(path))]
    code, out, err = run("evaluate", "tiny", "small", "--max-latency", "1us", *options)
    assert (code, err) == (0, "")
    assert "Not viable" in out
    texts = {form: path.read_text(encoding="utf-8") for form, path in names.items()}
    assert all("ot viable for these requirements" in texts[form] for form in ("html", "markdown", "latex"))
    assert "Factors of the throughput" in texts["markdown"]
    assert texts["csv"].startswith("name,op,dims,")


@pytest.mark.parametrize(
    ("options", "message", "hint"),
    [
        ("--max-latency 33", "--max-latency is '33', which has no unit", "write a time with its unit, such as 33ms"),
        ("--max-latency 33mW", "--max-latency is '33mW', which is a power", "such as 33ms"),
        ("--max-latency 0s", "--max-latency is '0s'; it must be above 0", ""),
        ("--max-power=-5mW", "--max-power is '-5mW'; it must be above 0", ""),
        ("--max-power x", "--max-power is 'x': unknown name 'x'", "such as 500mW"),
        ("--max-area 12", "--max-area is '12', which has no unit", "such as 12mm2"),
        ("--max-energy 10", "--max-energy is '10', which has no unit", "such as 10mJ"),
        ("--min-accuracy 80", "--min-accuracy is '80'; is that 80 %?", "write a percentage such as 80%"),
        ("--min-accuracy 80mW", "--min-accuracy is '80mW'; it must be a share", ""),
        ("--min-accuracy 120%", "--min-accuracy is '120%'; no share is above 100 %", ""),
        ("--min-accuracy 0%", "--min-accuracy is '0%'; it must be above 0", ""),
        ("--min-throughput 30ms", "--min-throughput is '30ms', which is a time", "such as 30 or 30/s"),
        ("--max-power 1W --max-power 2W", "--max-power is given 2 times: 1W, 2W", "leave one of them"),
        ("--tdp 300", "--tdp is '300', which has no unit", "such as 300mW"),
        ("--effectual 200%", "--effectual is '200%'; no share is above 100 %", ""),
        ("--accuracy 802%", "--accuracy is '802%'; no share is above 100 %", ""),
        ("--dataset ImageNet", "--dataset says what an accuracy is, and none is given", "add --accuracy 80.2%"),
        ("--accuracy-metric top-1", "--accuracy-metric says what an accuracy is", "add --accuracy 80.2%"),
        ("--accuracy 80% --accuracy-metric top5", "unknown metric 'top5'", "did you mean 'top-5'?"),
        ("--json - --csv - --html -", "--json, --html and --csv cannot share stdout", "all but one"),
        ("--html r.html --markdown r.html --csv t", "--markdown and --html name the same file, r.html", ""),
    ],
)
def test_bad_input_is_one_clear_message(run: Runner, options: str, message: str, hint: str) -> None:
    code, out, err = run("evaluate", "alexnet", "eyeriss", *options.split())  # refused before the work
    assert (code, out) == (2, "")
    assert message in err
    assert hint in err


def test_a_figure_published_with_the_network_is_taken(run: Runner) -> None:
    code, out, _ = run("evaluate", "lenet5", "small", "--explain")
    assert code == 0
    assert "Accuracy: not modelled: no accuracy is published here for this network" in " ".join(out.split())


def test_a_percentage_is_the_float_of_the_published_one() -> None:
    """94.7 / 100 is not 0.947: ResNet-50 would miss its own accuracy."""
    assert [share(f"{n / 10:.1f}%", "--min-accuracy") for n in range(1, 1001)] == [n / 1000 for n in range(1, 1001)]
    assert share("0.947", "--min-accuracy") == 0.947


@pytest.mark.parametrize("option", ["--max-latency", "--max-power", "--tdp"])
def test_what_is_negative_is_a_value_that_is_refused(run: Runner, option: str) -> None:
    code, out, err = run("evaluate", "alexnet", "eyeriss", option, "-3m" + ("s" if "latency" in option else "W"))
    assert (code, out) == (2, "")
    assert "it must be above 0" in err


def test_a_chip_with_published_figures_alone_says_where_they_are(run: Runner) -> None:
    code, _, err = run("evaluate", "alexnet", "tpu_v1")
    assert code == 2
    assert "assay audit tpu_v1" in err
