import sys
from pathlib import Path

import pytest

from assay import cli, cli_progress
from assay.evaluation.progress import Progress
from assay.mapper.store import Store
from assay.metrics.dataflows import StudyProgress


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setenv("ASSAY_CACHE", str(tmp_path / "cache"))
    return Store(tmp_path / "cache")


def _said(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert cli.main(arguments) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return out


CHIP = """\
assay: hardware/1
name: toy
clock: 1 MHz
energy_source: a test
nodes:
  - {memory: dram, offchip: true, keep: [ifmap, filter, ofmap], energy: 200 pJ}
  - {memory: buf, size: 1 KiB, keep: [ifmap, filter, ofmap], energy: 6 pJ}
  - {compute: mac, energy: 1 pJ}
"""

NETWORK = """\
assay: network/1
name: toy
source: a test
input: [12]
layers:
  - {op: fc, name: fc1, out: 12}
  - {op: fc, name: fc2, out: 12}
  - {op: fc, name: fc3, out: 7}
"""


def test_the_cache_is_shown_and_emptied(
    store: Store, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("chip.yaml").write_text(CHIP)
    Path("net.yaml").write_text(NETWORK)
    assert _said(capsys, "cache") == f"{store.folder}: 0 results, 0 bytes\n"
    evaluated = _said(capsys, "evaluate", "net.yaml", "chip.yaml", "--no-cache")
    assert not store.folder.exists()
    assert _said(capsys, "evaluate", "net.yaml", "chip.yaml") == evaluated
    sizes = [size for _, size in store.entries()]
    assert _said(capsys, "cache") == f"{store.folder}: 2 results, {sum(sizes):,} bytes\n"
    assert _said(capsys, "evaluate", "net.yaml", "chip.yaml") == evaluated
    assert _said(capsys, "cache", "--clear") == f"{store.folder}: 2 results removed\n"
    assert list(store.entries()) == []


def test_a_cache_that_is_off(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("ASSAY_CACHE", "off")
    assert _said(capsys, "cache") == "the cache is off\n"
    assert _said(capsys, "cache", "--clear") == "the cache is off\n"


def test_a_cache_that_cannot_be_emptied(
    store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    store.write("0" * 64, b"content")
    monkeypatch.setattr(Path, "unlink", refuse)
    assert cli.main(["cache", "--clear"]) == 2
    assert capsys.readouterr().err == f"assay: error: {store.folder}: cannot empty the cache: Permission denied\n"


@pytest.mark.parametrize(
    ("progress", "line"),
    [
        (Progress(0, 21, ""), "mapping 0/21"),
        (Progress(3, 21, "conv2"), "mapping 3/21 conv2"),
        (Progress(9, 21, "c", 8, 1.0, 40.2), "mapping 9/21 c, 8 from the cache, about 41 s left (an estimate)"),
        (
            Progress(9, 21, "c", 0, 1.0, 100, 7000.0),
            "mapping 9/21 c, about 2 min left (an estimate), at most 2.0 h left",
        ),
    ],
)
def test_the_line_of_progress(progress: Progress, line: str) -> None:
    assert "".join(text for text, _ in cli_progress._of_layers(progress)) == line


def test_the_line_of_progress_stays_on_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    show = cli_progress.layers_line()
    assert show is not None
    show(Progress(1, 2, "a_layer_with_a_long_name"))
    show(Progress(2, 2, "b"))
    assert capsys.readouterr().err == "\r\x1b[Kmapping 1/2\r\x1b[K"


STUDY = StudyProgress(
    3,
    30,
    "Row stationary, 256 PEs, batch 16, conv",
    Progress(2, 5, "conv3", 1, 0.5, 12.0, 180.0),
)


@pytest.mark.parametrize(
    ("columns", "line"),
    [
        (
            160,
            "4/30 Row stationary, 256 PEs, batch 16, conv: mapping 2/5 conv3, 1 from the cache, about 12 s left "
            "(an estimate), at most 3 min left",
        ),
        (100, "4/30 Row stationary, 256 PEs, batch 16, conv: mapping 2/5, about 12 s left, at most 3 min left"),
        (80, "4/30 Row stationary, 256 PEs, batch 16, conv: mapping 2/5, about 12 s left"),
        (60, "4/30: mapping 2/5, about 12 s left"),
        (30, "4/30: mapping 2/5, about 12 s"),
    ],
)
def test_what_does_not_fit_into_the_line_goes_the_least_important_first(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], columns: int, line: str
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    show = cli_progress.study_line()
    assert show is not None
    show(STUDY)
    assert capsys.readouterr().err == f"\r\x1b[K{line}"
