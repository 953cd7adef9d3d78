import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from assay.errors import AssayError, InputError, NoMappingError
from assay.evaluation import evaluate as module
from assay.evaluation.evaluate import Progress, evaluate
from assay.evaluation.progress import Tracker, search_size
from assay.evaluation.results import Evaluation
from assay.evaluation.saved import read_saved
from assay.hardware.model import Bandwidth, Hardware
from assay.mapper import SearchResult, best_mapping
from assay.mapper.cache import say_once
from assay.mapper.store import Store
from assay.mapping.mapping import Level, Loop, Mapping
from assay.workload.einsum import Einsum, matmul
from assay.workload.network import Layer, Network
from tests.evaluation.small import ARRAY, BUF, CHIP, DRAM, ENERGY_PJ, MAPPING, NETWORK, TENSORS, chip

ONE = Network("one", (NETWORK.layers[0],))


def test_the_layer_counted_by_hand() -> None:
    result = evaluate(ONE, CHIP, batch=2, mappings={"fc1": MAPPING})
    (layer,) = result.layers
    assert (layer.macs, layer.cycles, layer.active_pes, layer.bound_by) == (48, 44, 4, "dram")
    assert layer.latency == pytest.approx(44e-6)
    assert layer.utilization == pytest.approx(48 / (4 * 44))
    assert layer.energy == pytest.approx(sum(ENERGY_PJ.values()) * 1e-12)
    assert (layer.offchip_read_bits, layer.offchip_write_bits, layer.offchip_words) == (36 * 16, 8 * 16, 44)
    assert (layer.optimal, layer.gap) == (None, None)
    assert "Mapping given by the user, not searched: fc1." in result.notes


def test_the_search_does_no_worse_than_a_given_mapping() -> None:
    found, given = evaluate(ONE, CHIP, batch=2), evaluate(ONE, CHIP, batch=2, mappings={"fc1": MAPPING})
    assert found.energy is not None
    assert given.energy is not None
    assert found.energy <= given.energy * (1 + 1e-12)
    assert found.optimal is True
    assert found.gap == pytest.approx(0, abs=1e-8)


def test_layers_of_one_shape_are_searched_once(monkeypatch: pytest.MonkeyPatch) -> None:
    searched: list[Einsum] = []

    def search(einsum: Einsum, hardware: Hardware, objective: str, **options: Any) -> SearchResult:
        searched.append(einsum)
        return best_mapping(einsum, hardware, objective, **options)

    monkeypatch.setattr(module, "best_mapping", search)
    steps: list[Progress] = []
    result = evaluate(NETWORK, CHIP, workers=1, progress=steps.append)
    assert searched == [NETWORK.layers[0].einsum, NETWORK.layers[3].einsum]
    assert steps == [Progress(0, 2, ""), Progress(1, 2, "fc1"), Progress(2, 2, "head")]
    assert [layer.name for layer in result.layers] == ["fc1", "relu1", "fc2", "head"]
    assert result.layers[0].counts == result.layers[2].counts != ()


def test_a_given_mapping_is_for_its_layer_only() -> None:
    single = Mapping(
        (
            Level("dram", (Loop("M", 4), Loop("C", 6)), TENSORS),
            Level("buf", (), TENSORS),
            Level("array"),
        )
    )
    result = evaluate(NETWORK, CHIP, workers=1, mappings={"fc2": single})
    assert result.layers[2].mapping == single
    assert result.layers[0].mapping != single
    assert (result.layers[0].optimal, result.layers[2].optimal, result.optimal) == (True, None, None)


@pytest.mark.parametrize("workers", [1, 2, None])
def test_the_result_does_not_depend_on_the_processes(workers: int | None) -> None:
    assert evaluate(NETWORK, CHIP, workers=workers).to_json() == evaluate(NETWORK, CHIP, workers=1).to_json()


def test_layers_without_macs_are_not_modelled_and_said_so() -> None:
    result = evaluate(NETWORK, CHIP, workers=1)
    relu = result.layers[1]
    assert relu.vector is not None
    assert (relu.cycles, relu.latency, relu.energy, relu.utilization, relu.offchip_read_bits) == (None,) * 5
    assert relu.macs == 0
    assert any("relu1" in note and "not modelled" in note for note in result.notes)


def test_a_saved_result_is_fed_back(tmp_path: Path) -> None:
    first = evaluate(NETWORK, CHIP, batch=3, workers=1)
    path = tmp_path / "result.json"
    path.write_text(first.to_json(), encoding="utf-8")
    saved = read_saved(path)
    assert saved.batch == 3
    again = evaluate(NETWORK, CHIP, batch=3, workers=1, mappings=saved.mappings)
    assert _figures(again) == _figures(first)
    assert again.optimal is None


def _figures(result: Evaluation) -> list[object]:
    return [(layer.counts, layer.energies, layer.timing, layer.mapping) for layer in result.layers]


def test_notes_name_what_is_left_out() -> None:
    hardware = replace(chip(array=replace(ARRAY, transfer_energy=None)), notes=("no clock gating",))
    notes = evaluate(replace(NETWORK, notes=("no biases",)), hardware, workers=1).notes
    assert any("transfers across array" in note for note in notes)
    assert notes[-2:] == ("Network: no biases", "Hardware: no clock gating")
    assert any("leakage" in note for note in notes)
    assert any("no wider accumulator" in note and "update above" in note for note in notes)


def test_densities_are_said_to_be_carried_only() -> None:
    einsum = NETWORK.layers[0].einsum
    assert einsum is not None
    sparse = replace(einsum, output=replace(einsum.output, density=0.5))
    network = Network("sparse", (replace(NETWORK.layers[0], einsum=sparse),))
    note = "Densities below 1 are carried along; zeros are counted like other data in this version."
    assert note in evaluate(network, CHIP, batch=2, mappings={"fc1": MAPPING}).notes
    assert note not in evaluate(ONE, CHIP, batch=2, mappings={"fc1": MAPPING}).notes


def test_unknown_energies_are_named_and_the_total_is_unknown() -> None:
    hardware = chip(buf=replace(BUF, read_energy=None))
    result = evaluate(ONE, hardware, batch=2, mappings={"fc1": MAPPING})
    assert result.energy is None
    assert result.power is None
    assert result.latency is not None
    assert any("read of buf" in note for note in result.notes)


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"objective": "speed"}, InputError, "unknown objective 'speed'"),
        ({"batch": 0}, InputError, "batch is 0"),
        ({"batch": 10**9}, InputError, "batch is 1000000000"),
        ({"workers": 0}, InputError, "workers is 0"),
        ({"tiles": "any"}, InputError, "unknown tiles 'any'"),
        ({"time_limit": 0}, InputError, "time_limit is 0"),
        ({"time_limit": float("nan")}, InputError, "time_limit is nan"),
        ({"mappings": {"fc3": MAPPING}}, InputError, "did you mean 'fc1'|did you mean 'fc2'"),
        ({"mappings": {"relu1": MAPPING}}, InputError, "relu1"),
        ({"mappings": {"fc1": MAPPING}, "batch": 4}, InputError, "layer fc1: the mapping covers 2 of the 4"),
    ],
)
def test_wrong_arguments(arguments: dict[str, object], error: type[AssayError], words: str) -> None:
    with pytest.raises(error, match=words):
        evaluate(NETWORK, CHIP, **arguments)  # type: ignore[arg-type]


def _changed(index: int, level: Level) -> Mapping:
    levels = list(MAPPING.levels)
    levels[index] = level
    return Mapping(tuple(levels))


@pytest.mark.parametrize(
    ("mapping", "words"),
    [
        (_changed(1, Level("buf", (Loop("C", 6),), ("ifmap", "ofmap"))), "lets filter pass buf"),
        (_changed(1, Level("buf", (Loop("C", 6),), (*TENSORS, "bias"))), "keeps bias at buf"),
        (_changed(2, Level("array", (Loop("M", 4, "Y"),))), "array has no axis Y"),
        (_changed(2, Level("array", (Loop("M", 5, "X"),))), "uses 5 children along X"),
        (_changed(2, Level("array", (Loop("M", 2, "X"), Loop("C", 2, "X")))), "covers 2 of the 4"),
        (_changed(2, Level("array", (Loop("M", 2, "X"), Loop("M", 2, "X"), Loop("N", 1, "X")))), ""),
    ],
)
def test_a_given_mapping_must_run_on_the_hardware(mapping: Mapping, words: str) -> None:
    if not words:
        assert evaluate(ONE, CHIP, batch=2, mappings={"fc1": mapping}).macs == 48
        return
    with pytest.raises(InputError, match=words):
        evaluate(ONE, CHIP, batch=2, mappings={"fc1": mapping})


@pytest.mark.parametrize(
    ("loops", "fits"),
    [
        ((Loop("C", 6),), True),
        ((Loop("C", 2), Loop("C", 4)), True),  # imperfect: the last round runs 2 of 4
        ((Loop("C", 4), Loop("C", 2)), False),  # a fourth round that never runs
        ((Loop("C", 2), Loop("C", 6)), False),
        ((Loop("C", 6), Loop("C", 2)), False),
        ((Loop("C", 6), Loop("C", 1)), True),
        ((Loop("C", 7),), False),
    ],
)
def test_no_iteration_is_idle(loops: tuple[Loop, ...], fits: bool) -> None:
    mapping = _changed(1, Level("buf", loops, TENSORS))
    if fits:
        assert evaluate(ONE, CHIP, batch=2, mappings={"fc1": mapping}).macs == 48
        return
    with pytest.raises(InputError, match="layer fc1: the loop over C at buf has"):
        evaluate(ONE, CHIP, batch=2, mappings={"fc1": mapping})


def test_a_given_mapping_must_fit() -> None:
    with pytest.raises(
        InputError, match=r"needs 544 bits of buf \(ifmap 6 words \+ filter 24 words \+ ofmap 4 words\)"
    ):
        evaluate(ONE, chip(buf=replace(BUF, size=567)), batch=2, mappings={"fc1": MAPPING})
    assert evaluate(ONE, chip(buf=replace(BUF, size=568)), batch=2, mappings={"fc1": MAPPING}).macs == 48


def test_a_given_mapping_obeys_the_dataflow() -> None:
    with pytest.raises(InputError, match="loops over C in time at buf"):
        evaluate(ONE, chip(buf=replace(BUF, loops=("N",))), batch=2, mappings={"fc1": MAPPING})
    with pytest.raises(InputError, match=r"array must hold the whole of C \(6\); the mapping gives it 1"):
        evaluate(ONE, chip(array=replace(ARRAY, whole=("C",))), batch=2, mappings={"fc1": MAPPING})


@pytest.mark.parametrize("workers", [1, 2])
def test_a_layer_that_does_not_fit_is_named(workers: int) -> None:
    with pytest.raises(NoMappingError, match="layer fc1") as error:
        evaluate(NETWORK, chip(buf=replace(BUF, size=24 + 47)), workers=workers)
    assert error.value.hint


def test_a_layer_larger_than_the_outermost_memory_is_named() -> None:
    words = 6 + 24 + 4
    assert evaluate(ONE, chip(dram=replace(DRAM, size=words * 16))).macs == 24
    expected = (
        r"layer fc1: .* dram keeps the whole layer \(M4 C6\), which takes 544 b \(ifmap 6 words \+ .* room for 543 b"
    )
    with pytest.raises(NoMappingError, match=expected):
        evaluate(ONE, chip(dram=replace(DRAM, size=words * 16 - 1)))


def test_a_network_with_a_batch_keeps_it() -> None:
    assert evaluate(ONE.with_batch(2), CHIP, workers=1).batch == 2
    with pytest.raises(InputError, match="already for a batch of 2"):
        evaluate(ONE.with_batch(2), CHIP, batch=3)


def test_a_network_without_macs_has_no_figures() -> None:
    result = evaluate(Network("none", (NETWORK.layers[1],)), CHIP)
    assert (result.latency, result.energy, result.throughput, result.optimal, result.gap) == (None,) * 5
    assert json.loads(result.to_json())["totals"]["energy_j"] is None


def test_no_offchip_memory_means_no_figure_for_it() -> None:
    onchip = chip(dram=replace(DRAM, offchip=False, size=1 << 20, bandwidth=Bandwidth()))
    result = evaluate(Network("one", (Layer("a", "fc", einsum=matmul(n=1, c=2, m=2)),)), onchip)
    assert (result.offchip_read_bits, result.offchip_write_bits) == (None, None)
    assert result.onchip_energy == result.energy


# --- The cache --------------------------------------------------------------------------------------------------------


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setenv("ASSAY_CACHE", str(tmp_path / "cache"))
    say_once.cache_clear()
    return Store(tmp_path / "cache")


def _no_search(*_: object, **__: object) -> SearchResult:
    raise AssertionError("searched")


@pytest.mark.parametrize("workers", [1, 2])
def test_layers_in_the_cache_are_not_searched_again(
    store: Store, monkeypatch: pytest.MonkeyPatch, workers: int
) -> None:
    first = evaluate(NETWORK, CHIP, workers=workers, cache=False).to_json()
    assert list(store.entries()) == []
    assert evaluate(NETWORK, CHIP, workers=workers).to_json() == first
    assert len(list(store.entries())) == 2
    monkeypatch.setattr(module, "best_mapping", _no_search)
    monkeypatch.setattr(module, "run_jobs", _no_search)
    steps: list[Progress] = []
    assert evaluate(NETWORK, CHIP, workers=workers, progress=steps.append).to_json() == first
    assert steps == [Progress(1, 2, "fc1", cached=1), Progress(2, 2, "head", cached=2)]
    with pytest.raises(AssertionError, match="searched"):
        evaluate(NETWORK, CHIP, workers=workers, cache=False)


def test_the_same_layer_of_another_network_is_in_the_cache(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    evaluate(NETWORK, CHIP, workers=1)
    monkeypatch.setattr(module, "best_mapping", _no_search)
    renamed = Network("other", (replace(NETWORK.layers[3], name="tail", op="fc"),))
    assert evaluate(renamed, replace(CHIP, name="twin", title="Twin"), workers=1).layers[0].name == "tail"


def test_given_mappings_are_neither_kept_nor_looked_up(store: Store) -> None:
    found = evaluate(ONE, CHIP, batch=2, mappings={"fc1": MAPPING})
    assert found.layers[0].mapping == MAPPING
    assert list(store.entries()) == []


@pytest.mark.parametrize("workers", [1, 2])
def test_without_a_place_for_the_cache_there_is_one_note(
    store: Store, caplog: pytest.LogCaptureFixture, workers: int
) -> None:
    store.folder.write_text("not a folder")
    results = [evaluate(NETWORK, CHIP, workers=workers).to_json() for _ in range(2)]
    assert results == [evaluate(NETWORK, CHIP, cache=False).to_json()] * 2
    assert len(caplog.messages) == 1


CHIP_YAML = """\
assay: hardware/1
name: toy
clock: 1 MHz
energy_source: a test
nodes:
  - {memory: dram, offchip: true, keep: [ifmap, filter, ofmap], energy: 200 pJ}
  - {memory: buf, size: 1 KiB, keep: [ifmap, filter, ofmap], energy: 6 pJ}
  - {compute: mac, energy: 1 pJ}
"""

NETWORK_YAML = """\
assay: network/1
name: toy
source: a test
input: [12]
layers:
  - {op: fc, name: large, out: 12}
  - {op: fc, name: again, out: 12}
  - {op: fc, name: small, out: 7}
  - {op: fc, name: last, out: 3}
"""

# SIGINT is ignored by processes in the background of a shell; the first line undoes that. The file counts searches.
SLOW = """\
import signal, sys, time
from pathlib import Path
if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)
    from assay import cli
    from assay.evaluation import evaluate as module
    search = module.best_mapping
    def slow(einsum, *arguments, **options):
        with open("searched", "a") as file:
            print(einsum.extents["M"], file=file)
        if einsum.extents["M"] == 3 and not Path("quick").exists():
            time.sleep(60)
        return search(einsum, *arguments, **options)
    module.best_mapping = slow
    sys.exit(cli.main(sys.argv[1:]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the processes must be forks")
@pytest.mark.parametrize("workers", ["1", "2"])
def test_ctrl_c_keeps_what_is_done(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workers: str) -> None:
    (tmp_path / "toy.yaml").write_text(CHIP_YAML)
    (tmp_path / "net.yaml").write_text(NETWORK_YAML)
    command = [sys.executable, "-c", SLOW, "evaluate", "net.yaml", "toy.yaml", "--workers", workers, "--json", "-"]

    def start() -> subprocess.Popen[str]:
        pipe = subprocess.PIPE
        environment = dict(os.environ) | {"PYTHONPATH": os.pathsep.join(sys.path)}
        return subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, cwd=tmp_path, env=environment)

    with start() as job:
        try:
            end = time.monotonic() + 30
            while len(list(store.entries())) < 2 or "3\n" not in (tmp_path / "searched").read_text():
                assert job.poll() is None
                assert time.monotonic() < end
                time.sleep(0.02)
            job.send_signal(signal.SIGINT)
            out, err = job.communicate(timeout=15)
        finally:
            job.kill()
    message = "interrupted: 2 of 3 different layers are done and kept; the same evaluation will go on from there\n"
    assert (job.returncode, out, err) == (130, "", message)
    assert sorted((tmp_path / "searched").read_text().split()) == ["12", "3", "7"]

    (tmp_path / "quick").touch()
    (tmp_path / "searched").unlink()
    with start() as job:
        out, err = job.communicate(timeout=30)
    assert (job.returncode, err) == (0, "")
    assert (tmp_path / "searched").read_text() == "3\n"
    monkeypatch.chdir(tmp_path)
    found = json.loads(out)
    del found["scorecard"]
    assert found == json.loads(evaluate("net.yaml", "toy.yaml", cache=False).to_json())


# --- Progress ---------------------------------------------------------------------------------------------------------


def test_progress_estimates_what_is_left_and_bounds_it(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 1.0, 2.0, 2.0, 12.0, 20.0, 30.0, 40.0])
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    steps: list[Progress] = []
    tracker = Tracker(steps.append, 5, time_limit=60)
    tracker.known("a", cached=True)
    tracker.begin([50.0, 30.0, 10.0, 10.0], workers=2)
    for layer, size in (("b", 50.0), ("c", 30.0), ("d", 10.0), ("e", 10.0)):
        tracker.searched(layer, size)
    assert [(step.done, step.cached, step.elapsed, step.left, step.at_most) for step in steps] == [
        (1, 1, 1.0, None, None),
        (1, 1, 2.0, None, 120),
        (2, 1, 12.0, 10.0, 120),
        (3, 1, 20.0, pytest.approx(18 * 20 / 80), 60),
        (4, 1, 30.0, pytest.approx(28 * 10 / 90), 60),
        (5, 1, 40.0, 0.0, 0),
    ]


def test_the_costliest_search_begins_first(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[int] = []

    def search(einsum: Einsum, *arguments: Any, **options: Any) -> SearchResult:
        begun.append(einsum.extents["M"])
        return best_mapping(einsum, *arguments, **options)

    monkeypatch.setattr(module, "best_mapping", search)
    network = Network("sizes", tuple(Layer(f"m{m}", "fc", einsum=matmul(n=1, c=6, m=m)) for m in (7, 12, 2, 6)))
    assert [layer.name for layer in evaluate(network, CHIP, workers=1).layers] == ["m7", "m12", "m2", "m6"]
    assert begun == [12, 6, 7, 2]
    assert search_size(matmul(n=1, c=6, m=2**61 - 1)) == search_size(matmul(n=1, c=6, m=7))  # at once, too
