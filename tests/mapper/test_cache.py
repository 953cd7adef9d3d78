import errno
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from assay.errors import Position
from assay.hardware.model import Axis, Counting, Figure, Halo, Hardware
from assay.mapper import Point, SearchResult, cache, cached_best_mapping
from assay.mapper.cache import keep, recall, search_key
from assay.mapper.store import Store, cache_folder
from assay.workload.einsum import convolution
from tests.evaluation.small import ARRAY, BUF, CHIP, LAYER, MAC, MAPPING, chip

KEY = "ab" + "0" * 62
OTHER = "ab" + "1" * 62
RESULT = SearchResult(
    "energy", MAPPING, 0.1 + 0.2, 10**30, 1e-300, float("inf"), optimal=False, seconds=1 / 3, labels=7
)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of this test's own."""
    cache.say_once.cache_clear()
    monkeypatch.setenv("ASSAY_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def store(folder: Path) -> Store:
    return Store(folder)


def _no_search(*_: object, **__: object) -> SearchResult:
    raise AssertionError("searched")


def _key(einsum: Any = LAYER, hardware: Hardware = CHIP, **asked: Any) -> str:
    key = search_key(einsum, hardware, **asked)
    assert key is not None
    return key


# --- Results ----------------------------------------------------------------------------------------------------------


def test_what_was_found_is_not_searched_again(monkeypatch: pytest.MonkeyPatch) -> None:
    found = cached_best_mapping(LAYER, CHIP)
    monkeypatch.setattr(cache, "best_mapping", _no_search)
    assert cached_best_mapping(LAYER, CHIP) == found
    assert cached_best_mapping(LAYER, CHIP, time_limit=1.0) == found
    with pytest.raises(AssertionError, match="searched"):
        cached_best_mapping(LAYER, CHIP, cache=False)
    monkeypatch.setenv("ASSAY_CACHE", "off")
    with pytest.raises(AssertionError, match="searched"):
        cached_best_mapping(LAYER, CHIP)


def test_results_come_back_exactly() -> None:
    front = (Point(0.1, 3, MAPPING), Point(5e-324, 2, replace(MAPPING, levels=MAPPING.levels[:1])))
    for result in (RESULT, replace(RESULT, energy=None, front=front)):
        assert keep(KEY, result) is None
        again = recall(KEY)
        assert again == result
        assert [repr(getattr(again, f.name)) for f in fields(result)] == [
            repr(getattr(result, f.name)) for f in fields(result)
        ]


def test_places_in_files_are_not_kept() -> None:
    assert keep(KEY, replace(RESULT, mapping=replace(MAPPING, at=Position("chip.yaml", 3)))) is None
    again = recall(KEY)
    assert again is not None
    assert again.mapping.at is None


def test_a_search_that_the_time_limit_ended_is_not_kept(store: Store) -> None:
    assert keep(KEY, replace(RESULT, stopped=True)) is None
    assert list(store.entries()) == []


# --- Keys -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "hardware",
    [
        replace(CHIP, name="other", title="Other", technology="5 nm", source="a paper", energy_source="a guess"),
        replace(CHIP, notes=("a note",), published=(Figure("power", 1.0, "W", "table 1"),)),
        chip(buf=replace(BUF, at=Position("chip.yaml", 5, 3))),
    ],
)
def test_what_the_search_does_not_see_is_not_in_the_key(hardware: Hardware) -> None:
    assert _key(hardware=hardware) == _key()


def test_padding_is_not_in_the_key() -> None:
    layers = [convolution(m=2, c=2, p=4, q=4, r=3, s=3, padding=((n, n), (n, n))) for n in (0, 1)]
    assert _key(layers[0]) == _key(layers[1])


CHANGES: dict[str, dict[str, Any]] = {
    "nothing": {},
    "a dimension": {"einsum": replace(LAYER, dims=(("N", 3), *LAYER.dims[1:]))},
    "bits": {"einsum": replace(LAYER, output=replace(LAYER.output, bits=32))},
    "a density": {"einsum": replace(LAYER, output=replace(LAYER.output, density=0.5))},
    "a size": {"hardware": chip(buf=replace(BUF, size=1025))},
    "an energy, by the last bit": {"hardware": chip(buf=replace(BUF, read_energy=6.000000000000001e-12))},
    "an unknown energy": {"hardware": chip(buf=replace(BUF, read_energy=None))},
    "an axis": {"hardware": chip(array=replace(ARRAY, axes=(Axis("X", 4),)))},
    "the name of a node": {"hardware": chip(mac=replace(MAC, name="pe"))},
    "what is kept": {"hardware": chip(buf=replace(BUF, keep=(), may_keep=BUF.keep))},
    "the order of the nodes": {"hardware": replace(CHIP, nodes=(CHIP.nodes[0], ARRAY, BUF, MAC))},
    "counting": {"hardware": replace(CHIP, counting=Counting(halo=Halo.BOX))},
    "the clock": {"hardware": replace(CHIP, clock=2e6)},
    "the objective": {"objective": "edp"},
    "tiles": {"tiles": "imperfect"},
    "a limit of cycles": {"max_cycles": 100},
    "a limit of energy": {"max_energy": 100.0},
    "the front": {"front": True},
}


def test_whatever_may_change_the_answer_is_in_the_key() -> None:
    assert len({_key(**change) for change in CHANGES.values()}) == len(CHANGES)


@pytest.mark.parametrize("program", [[2, "code"], [1, "other code"]])
def test_another_version_has_other_keys(monkeypatch: pytest.MonkeyPatch, program: list[object]) -> None:
    monkeypatch.setattr(cache, "_PROGRAM", [1, "code"])
    before = _key()
    monkeypatch.setattr(cache, "_PROGRAM", program)
    assert _key() != before


def test_the_source_of_the_search_is_part_of_the_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = Path(cache.__file__).parent.parent
    assert all(any(home.glob(pattern)) for pattern in cache._DECIDING)
    shutil.copytree(home, tmp_path / "assay", ignore=shutil.ignore_patterns("__pycache__", "data"))
    monkeypatch.setattr(cache, "__file__", str(tmp_path / "assay" / "mapper" / "cache.py"))
    before = cache._program()
    for name in ("__init__.py", "mapper/search.py", "mapping/analysis.py"):
        with open(tmp_path / "assay" / name, "a") as file:
            file.write("# another\n")
        after = cache._program()
        assert after != before
        before = after


PRINT_KEY = """
from assay.mapper import cache
from tests.evaluation.small import CHIP, LAYER
cache._PROGRAM = [1, "code"]
print(cache.search_key(LAYER, CHIP))
"""


def test_keys_are_the_same_in_every_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "_PROGRAM", [1, "code"])
    for seed in ("1", "2"):
        with _python(PRINT_KEY, PYTHONHASHSEED=seed) as process:
            assert process.communicate()[0] == _key() + "\n"


# --- The disk ---------------------------------------------------------------------------------------------------------


def _python(code: str, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    where = {"PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[2]), *sys.path])}
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        stdout=subprocess.PIPE,
        text=True,
        env=dict(os.environ) | where | environment,
    )


HAMMER = """
import sys
from pathlib import Path
from assay.mapper.store import Store
store, own = Store(Path(sys.argv[1])), sys.argv[3].encode()
for turn in range(150):
    store.write(sys.argv[2], own * (1 + turn * 37 % 5000))
"""


def test_many_processes_write_one_entry_at_once(store: Store) -> None:
    seen: set[bytes] = set()
    with ExitStack() as stack:
        writers = [stack.enter_context(_python(HAMMER, str(store.folder), KEY, letter)) for letter in "abcd"]
        while any(writer.poll() is None for writer in writers):
            content = store.read(KEY)
            if content is None:
                assert not seen  # once there, never away, never half
                continue
            assert len(set(content)) == 1
            seen.add(content[:1])
    assert [writer.returncode for writer in writers] == [0] * 4
    assert len(seen) > 1
    assert [path for path in store.folder.rglob("*") if path.is_file()] == [store.path(KEY)]


KILLED = """
import os, sys, time
from pathlib import Path
from assay.mapper.store import Store
def stop(_):
    print("half", flush=True)
    time.sleep(60)
setattr(os, sys.argv[3], stop if sys.argv[3] == "fsync" else lambda *_: stop(_))
Store(Path(sys.argv[1])).write(sys.argv[2], b"new")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
@pytest.mark.parametrize("moment", ["fsync", "replace"])
@pytest.mark.parametrize("old", [b"old", None])
def test_a_writer_that_is_killed_leaves_what_was_there(store: Store, moment: str, old: bytes | None) -> None:
    if old is not None:
        store.write(KEY, old)
    with _python(KILLED, str(store.folder), KEY, moment) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "half\n"
        writer.send_signal(signal.SIGKILL)
    assert store.read(KEY) == old
    (left,) = store.path(KEY).parent.glob(".*")
    store.write(OTHER, b"another")
    assert left.exists()  # its writer might be at work still
    os.utime(left, (time.time() - 86_400,) * 2)
    store.write(OTHER, b"another")
    assert not left.exists()
    assert store.read(KEY) == old


def _flip(data: bytes) -> bytes:
    return data[:-5] + bytes([data[-5] ^ 1]) + data[-4:]


@pytest.mark.parametrize(
    "harm",
    [
        lambda data: b"",
        lambda data: data[:-1],
        lambda data: data[: len(data) // 2],
        lambda data: data + b" ",
        lambda data: b"\0" * len(data),
        _flip,
        lambda data: b"dear diary\n",
        lambda data: data.replace(b"assay-cache/1", b"assay-cache/2"),
        lambda data: data.replace(b" ", b"  ", 1),
    ],
)
def test_a_damaged_entry_is_searched_again_and_replaced(
    store: Store, monkeypatch: pytest.MonkeyPatch, harm: Callable[[bytes], bytes]
) -> None:
    found = cached_best_mapping(LAYER, CHIP)
    path = store.path(_key())
    path.write_bytes(harm(path.read_bytes()))
    assert recall(_key()) is None
    again = cached_best_mapping(LAYER, CHIP)
    assert replace(again, seconds=0.0) == replace(found, seconds=0.0)
    monkeypatch.setattr(cache, "best_mapping", _no_search)
    assert cached_best_mapping(LAYER, CHIP) == again


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no json",
        b"[]",
        b"{}",
        b"null",
        b'{"mapping": {"levels": [{"node": 3}]}, "front": []}',
        b'{"mapping": {"levels": []}, "front": 5}',
        b"[" * 100_000,
        b"\xff",
    ],
)
def test_a_whole_entry_that_means_nothing_is_none(store: Store, content: bytes) -> None:
    store.write(KEY, content)
    assert store.read(KEY) == content
    assert recall(KEY) is None


def test_an_entry_under_the_name_of_another_is_none(store: Store) -> None:
    store.write(KEY, b"one")
    store.path(OTHER).write_bytes(store.path(KEY).read_bytes())
    assert store.read(OTHER) is None


def _below_a_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.write_text("not a folder")


def _a_folder_in_the_way(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Store(folder).path(_key()).mkdir(parents=True)


def _full(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)


def _read_only(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, "mkdir", refuse)


@pytest.mark.parametrize("spoil", [_below_a_file, _a_folder_in_the_way, _full, _read_only])
def test_where_nothing_can_be_kept_the_search_goes_on_and_says_so_once(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    spoil: Callable[[Path, pytest.MonkeyPatch], None],
) -> None:
    spoil(folder, monkeypatch)
    first, second = cached_best_mapping(LAYER, CHIP), cached_best_mapping(LAYER, CHIP)
    assert first.mapping == second.mapping
    (note,) = caplog.messages
    assert note.startswith(f"results of searches are not kept for later in {folder}: ")
    assert list(folder.rglob(".*")) == []


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permissions(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder.mkdir(mode=0o500)
    assert cached_best_mapping(LAYER, CHIP).optimal
    assert len(caplog.messages) == 1


def test_the_oldest_entries_make_room(folder: Path) -> None:
    small = Store(folder, limit=256 * 3 * 4096)
    keys = [f"ab{index:062x}" for index in range(6)]
    for index, key in enumerate(keys):
        small.write(key, b"content")
        os.utime(small.path(key), (1000 + index,) * 2)
    assert [small.read(key) is not None for key in keys] == [False] * 3 + [True] * 3
    small.write(OTHER, b"x" * 100_000)  # alone above the share, it still is there
    assert [path.name for path, _ in small.entries()] == [OTHER]


def test_clearing_takes_away_our_files_only(store: Store, folder: Path) -> None:
    store.write(KEY, b"one")
    store.write("cd" + "0" * 62, b"two")
    unfinished = folder / "ab" / f".{KEY}.{'0' * 16}"
    strangers = [folder / "notes.txt", folder / "ab" / "notes.txt", folder / "ab" / "c" / KEY]
    strangers[2].parent.mkdir()
    for path in (unfinished, *strangers):
        path.write_text("text")
    assert store.clear() == 2
    assert sorted(path for path in folder.rglob("*") if path.is_file()) == sorted(strangers)
    assert store.clear() == 0
    assert Store(folder / "nowhere").clear() == 0


@pytest.mark.skipif(sys.platform == "win32", reason="folders of Linux and macOS")
def test_where_the_cache_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    home = {"linux": tmp_path / ".cache", "darwin": tmp_path / "Library/Caches"}
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    for told in ("off", "OFF", " off "):
        monkeypatch.setenv("ASSAY_CACHE", told)
        assert cache_folder() is None
    monkeypatch.setenv("ASSAY_CACHE", "~/mine")
    assert cache_folder() == tmp_path / "mine"
    for told in ("", None):
        monkeypatch.delenv("ASSAY_CACHE") if told is None else monkeypatch.setenv("ASSAY_CACHE", told)
        assert cache_folder() == home.get(sys.platform, home["linux"]) / "assay"
    monkeypatch.setattr(sys, "platform", "darwin")
    assert cache_folder() == home["darwin"] / "assay"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")  # to be ignored
    assert cache_folder() == home["darwin"] / "assay"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder() == tmp_path / "xdg" / "assay"
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "local"))
    assert cache_folder() == tmp_path / "local" / "assay"


def test_a_user_without_a_home_has_no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("ASSAY_CACHE")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", homeless)
    assert cache_folder() is None
    assert cached_best_mapping(LAYER, CHIP).optimal
