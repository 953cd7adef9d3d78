"""Where texts go: files, devices, pipes, stdout."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from assay.errors import InputError
from assay.report.output import check_outputs, screen_width, write_text


def test_links_are_followed_and_permissions_kept(tmp_path: Path) -> None:
    real, link = tmp_path / "real.json", tmp_path / "link.json"
    real.write_text("old")
    real.chmod(0o640)
    link.symlink_to("real.json")
    write_text(str(link), "new")
    assert link.is_symlink()
    assert real.read_text() == "new"
    assert real.stat().st_mode & 0o777 == 0o640
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link.json", "real.json"]


def test_a_link_to_nothing_makes_its_target(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "target")
    write_text(str(tmp_path / "link"), "text")
    assert (tmp_path / "target").read_text() == "text"
    assert (tmp_path / "link").is_symlink()


def test_a_pipe_is_written_into(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    found: list[str] = []
    reader = threading.Thread(target=lambda: found.append(pipe.read_text()))
    reader.start()
    write_text(str(pipe), "through")
    reader.join(timeout=10)
    assert found == ["through"]
    assert pipe.is_fifo()


def test_devices_stay_devices() -> None:
    write_text("/dev/null", "gone")
    assert Path("/dev/null").is_char_device()
    with pytest.raises(InputError, match="cannot write the file: No space left"):
        write_text("/dev/full", "text")


def test_an_open_descriptor_is_written_where_it_stands(tmp_path: Path) -> None:
    with (tmp_path / "out").open("w+") as file:
        file.write("first ")
        file.flush()
        write_text(f"/dev/fd/{file.fileno()}", "second")
    assert (tmp_path / "out").read_text() == "first second"


def test_stdout_by_any_name(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/dev/stdout")
    for name in ("-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", str(tmp_path / "link")):
        assert check_outputs({"--json": name}, {}) == {"--json": "-"}
    with pytest.raises(InputError, match="cannot share stdout"):
        check_outputs({"--json": "-", "--csv": "/dev/stdout"}, {})


def test_no_file_is_used_twice(tmp_path: Path) -> None:
    chip, link = tmp_path / "chip.yaml", tmp_path / "link"
    chip.write_text("assay: hardware/1")
    link.symlink_to(chip)
    with pytest.raises(InputError, match="--json and --csv name the same file"):
        check_outputs({"--json": str(tmp_path / "a"), "--csv": f"{tmp_path}/../{tmp_path.name}/a"}, {})
    with pytest.raises(InputError, match="is the hardware that is read"):
        check_outputs({"--json": str(link)}, {"network": "alexnet", "hardware": str(chip)})
    both = {"--json": str(tmp_path / "a"), "--csv": str(tmp_path / "b")}
    assert check_outputs(both, {"hardware": str(chip)}) == both


def test_what_cannot_be_written_is_noticed_before_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    long = str(tmp_path / ("x" * 300))
    with pytest.raises(InputError, match=r"--json: .* cannot be written: File name too long"):
        check_outputs({"--json": long}, {})
    with pytest.raises(InputError, match=r"--json: .* cannot be written: .*null"):
        check_outputs({"--json": str(tmp_path / "a\0b")}, {})
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(InputError, match=r"--json: .*new.json may not be written"):
        check_outputs({"--json": str(tmp_path / "new.json")}, {})


def test_a_folder_that_is_gone_is_one_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    with pytest.raises(InputError, match="the folder that you are in does not exist any more"):
        check_outputs({"--json": "result.json"}, {})


def test_advice_can_be_pasted(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        check_outputs({"--json": str(tmp_path / "my results" / "a.json")}, {})
    assert caught.value.hint == f"make it with: mkdir -p '{tmp_path}/my results'"


def test_a_file_that_is_not_to_be_written_stays(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("permissions do not bind this user")
    path = tmp_path / "r.json"
    path.write_text("old")
    path.chmod(0o444)
    with pytest.raises(InputError, match="Permission denied"):
        write_text(str(path), "new")
    assert path.read_text() == "old"


@pytest.mark.parametrize(
    ("columns", "width"),
    [("", None), ("200", 200), ("10", 60), ("9" * 12, 1000), ("0", None), ("-5", None), ("wide", None)],
)
def test_the_width_where_there_is_no_terminal(monkeypatch: pytest.MonkeyPatch, columns: str, width: int | None) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert screen_width() == width


@pytest.mark.parametrize("command", ["networks", "hardware", "chips", "components"])
def test_lists_in_a_pipe_are_at_most_120_columns_wide(command: str) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    done = subprocess.run(
        [sys.executable, "-m", "assay", command], capture_output=True, text=True, check=True, env=environment
    )
    assert max(map(len, done.stdout.splitlines())) <= 120


def test_a_full_stdout_is_one_message() -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "assay", "show", "alexnet"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert (done.returncode, done.stderr) == (2, "assay: error: cannot write to stdout: No space left on device\n")


def test_a_closed_stdout_is_one_message() -> None:
    command = f"{sys.executable} -m assay show alexnet >&-"
    done = subprocess.run(["sh", "-c", command], stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("assay: error: cannot write to stdout: it is closed\n")
    assert "Traceback" not in done.stderr
