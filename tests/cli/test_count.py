"""`assay count` and `assay convert`."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from assay import cli
from assay.hardware.presets import load_hardware
from tests.cli.conftest import Runner

GOLDENS = Path(__file__).parents[1] / "timeloop" / "goldens"
LINKS = str(GOLDENS / "g17_link_transfer" / "input.yaml")
HOPS = str(GOLDENS / "g29_network_hop_energy" / "input.yaml")
OFFICIAL = [str(path) for path in sorted((GOLDENS / "g3_official_eyeriss_like").glob("*.yaml"))]
CHIP_MAPPING = str(Path(__file__).parents[2] / "examples" / "eyeriss_alexnet_chip.yaml")


def test_count_of_timeloops_files(run: Runner) -> None:
    code, out, err = run("count", "--timeloop", LINKS)
    assert (code, err) == (0, "")
    assert "Inputs       1    608    384        0" in out
    assert all(
        word in out for word in ("37.9 nJ", "bound by compute", "GLB_to_RF", "parallel-for P in range(8)", "Notes")
    )


def test_count_of_several_files(run: Runner) -> None:
    code, out, _ = run("count", "--timeloop", *OFFICIAL, "--json", "-")
    data = json.loads(out)
    assert (code, data["schema"], data["cycles"]) == (0, "assay.count/1", 86016)
    assert [level["name"] for level in data["levels"]][1:4] == [
        "shared_glb",
        "inter_PE_column_spatial",
        "inter_PE_spatial",
    ]
    assert data["levels"][2]["tensors"] == {}
    assert (data["levels"][4]["instances"], data["levels"][4]["active_instances"]) == (168, 126)


def test_count_writes_json_beside_the_screen(run: Runner, tmp_path: Path) -> None:
    path = tmp_path / "count.json"
    code, out, _ = run("count", "--timeloop", LINKS, "--json", str(path))
    assert code == 0
    assert "Memories" in out
    data = json.loads(path.read_text())
    glb = next(level for level in data["levels"] if level["name"] == "GLB")
    assert {key: glb["tensors"]["Inputs"][key] for key in ("utilized_capacity", "reads", "fills", "updates")} == {
        "utilized_capacity": 80,
        "reads": 160,
        "fills": 80,
        "updates": 0,
    }
    assert (data["computes"], data["cycles"], data["utilization"], data["energy_pj"]) == (384, 48, 1.0, 37892.0)


def test_energy_that_is_given_and_not_modelled_makes_the_total_unknown(run: Runner) -> None:
    assert json.loads(run("count", "--timeloop", HOPS, "--json", "-")[1])["energy_pj"] is None
    out = run("count", "--timeloop", HOPS)[1]
    assert "Energy                 not modelled" in out
    assert "energy_per_hop" in out


def test_count_of_a_layer_of_a_network(run: Runner) -> None:
    arguments = ("count", "alexnet", "eyeriss", "--mapping", CHIP_MAPPING, "--layer", "conv5", "--batch", "4")
    code, out, err = run(*arguments)
    assert (code, err) == (0, "")
    assert out.startswith("Eyeriss v1, one mapping\nMultiply-accumulates   299,040,768\n")


def test_one_mapping_needs_no_layer_and_a_result_brings_its_batch(run: Runner, tmp_path: Path) -> None:
    text = Path(CHIP_MAPPING).read_text()
    head, rest = text[: text.index("  conv1:")], text[text.index("  conv5:") :]
    path = tmp_path / "one.yaml"
    path.write_text(head + rest)
    code, out, _ = run("count", "alexnet", "eyeriss", "--mapping", str(path), "--batch", "4")
    assert (code, "299,040,768" in out) == (0, True)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "NETWORK, HARDWARE and --mapping must be given"),
        (("alexnet", "eyeriss"), "--mapping must be given"),
        (("--timeloop", LINKS, "--layer", "conv1"), "--layer cannot be used with --timeloop"),
        (("--timeloop", "nowhere.yaml"), "nowhere.yaml: there is no such file"),
        (("--timeloop", OFFICIAL[1]), "the Timeloop files have no mapping"),
        (("--timeloop", LINKS, "--json", LINKS), "is the Timeloop file that is read"),
        (("alexnet", "eyeriss", "--mapping", CHIP_MAPPING), "say which layer is meant"),
        (("alexnet", "eyeriss", "--mapping", CHIP_MAPPING, "--layer", "conv9"), "no mapping of layer 'conv9'"),
        (("vgg16", "eyeriss", "--mapping", CHIP_MAPPING, "--layer", "conv1"), "vgg16 has no layer 'conv1'"),
        (("alexnet", "eyeriss", "--mapping", CHIP_MAPPING, "--layer", "conv1", "--batch", "x"), "--batch is 'x'"),
    ],
)
def test_wrong_arguments_of_count(run: Runner, arguments: tuple[str, ...], message: str) -> None:
    code, out, err = run("count", *arguments)
    assert (code, out) == (2, "")
    assert re.search(message, err)
    assert err.startswith("assay: error: ")


def test_files_without_a_mapping_cannot_be_counted(run: Runner, tmp_path: Path) -> None:
    text = Path(LINKS).read_text()
    path = tmp_path / "arch.yaml"
    path.write_text(text[: text.index("mapping:")])
    code, _, err = run("count", "--timeloop", str(path))
    assert code == 2
    assert "the Timeloop files have no mapping" in err


def test_convert_writes_hardware_that_is_read_back(run: Runner, tmp_path: Path) -> None:
    path = tmp_path / "chip.yaml"
    code, out, err = run("convert", "--timeloop", LINKS, "-o", str(path))
    assert (code, out) == (0, "")
    assert all(line.startswith("note: ") for line in err.splitlines())
    assert load_hardware(str(path)).pes == 8


def test_convert_to_stdout_is_only_the_file(run: Runner) -> None:
    code, out, _ = run("convert", "--timeloop", LINKS, "-o", "-")
    assert code == 0
    assert "assay: hardware/1\n" in out
    assert "note: " not in out


def test_convert_never_overwrites_an_input(run: Runner, tmp_path: Path) -> None:
    path, link = tmp_path / "in.yaml", tmp_path / "link.yaml"
    text = Path(LINKS).read_text()
    path.write_text(text)
    os.symlink(path, link)
    for target in (path, link):
        code, _, err = run("convert", "--timeloop", str(path), "-o", str(target))
        assert (code, "is the Timeloop file that is read" in err) == (2, True)
    assert path.read_text() == text


def test_convert_into_no_folder(run: Runner, tmp_path: Path) -> None:
    code, _, err = run("convert", "--timeloop", LINKS, "-o", str(tmp_path / "no" / "chip.yaml"))
    assert (code, "there is no folder" in err) == (2, True)


def test_help_tells_both_ways(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["count", "--help"])
    out = capsys.readouterr().out
    assert "assay count --timeloop FILE..." in out
    assert "assay count NETWORK HARDWARE --mapping FILE" in out


def test_first_reads_are_those_of_timeloop_without_elision(run: Runner) -> None:
    files = str(GOLDENS / "g08b_no_elision" / "input.yaml")
    _, out, _ = run("count", "--timeloop", files, "--first-reads", "--json", "-")
    outputs = [level["tensors"]["Outputs"] for level in json.loads(out)["levels"]]
    assert [each["reads"] for each in outputs] == [6272, 112896, 112896]


@pytest.mark.parametrize(
    ("batch", "words"), [("0", "a batch of 4, not 0"), ("1", "a batch of 4, not 1"), ("x", "whole")]
)
def test_another_batch_than_the_results(run: Runner, tmp_path: Path, batch: str, words: str) -> None:
    saved = str(tmp_path / "run.json")
    run("evaluate", "alexnet", "eyeriss", "--batch", "4", "--mapping", CHIP_MAPPING, "--json", saved)
    code, _, err = run("count", "alexnet", "eyeriss", "--mapping", saved, "--layer", "conv2", "--batch", batch)
    assert code == 2
    assert words in err
