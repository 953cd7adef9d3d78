"""Pages: screens are what the commands print, commands and examples work, links lead somewhere."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from tools import refresh_pages
from tools.refresh_pages import ROOT, LostError, Screen, placed, refreshed, screens, written_pages
from tools.tutorial_networks import published

import assay
from assay import load_hardware, load_network, read_mapping
from assay.cli import main, read_options
from assay.metrics.pipeline import simulate_pipeline

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
LONG = {"eyexam", "flexibility", "roofline"}
"""Pages whose commands take more than some seconds."""

LONG_EXAMPLES = {"dataflows", "eyexam", "flexibility", "report", "roofline"}
ELSEWHERE = {"components", "networks", "timeloop"}
"""Pages whose examples in Python need files that are not on the page, or are tested as that page's own."""


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def named(pages: list[Path], long: set[str]) -> list[object]:
    """Pages as parameters of tests; those that take long are marked."""
    return [pytest.param(page, id=page.stem, marks=[pytest.mark.long] * (page.stem in long)) for page in pages]


@pytest.fixture(scope="module", autouse=True)
def _found_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Searches are kept for the tests of this module: pages show several parts of one evaluation."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ASSAY_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


# -- the pages -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", named([page for page in written_pages() if any(screens(text_of(page)))], LONG))
def test_screens_are_what_the_commands_print(page: Path) -> None:
    text = text_of(page)
    assert refreshed(text).splitlines() == text.splitlines(), "run python -m tools.refresh_pages"


@pytest.mark.parametrize("page", named(PAGES, set()))
def test_commands_are_understood(page: Path) -> None:
    for block in re.findall(r"^```\w*\n(.*?)^```", text_of(page), re.MULTILINE | re.DOTALL):
        for line in re.findall(r"^\$ (assay .*)", block, re.MULTILINE):
            for command in line.split(" && "):
                assert read_options(shlex.split(command, comments=True)[1:]).command, command


@pytest.mark.parametrize(
    "page",
    named([page for page in PAGES if "```python" in text_of(page) and page.stem not in ELSEWHERE], LONG_EXAMPLES),
)
def test_examples_in_python_run(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    refresh_pages.make_files(text_of(page))
    known: dict[str, object] = {}
    for code in re.findall(r"^```python\n(.*?)^```", text_of(page), re.MULTILINE | re.DOTALL):
        exec(compile(code, page.name, "exec"), known)  # it stands on the page


def test_the_example_of_the_scorecard_ends_with_the_verdict(capsys: pytest.CaptureFixture[str]) -> None:
    (code,) = re.findall(r"^```python\n(.*?)^```", text_of(ROOT / "docs" / "scorecard.md"), re.MULTILINE | re.DOTALL)
    exec(compile(code, "scorecard.md", "exec"), {})  # it stands on the page
    assert capsys.readouterr().out.endswith("Not viable for these requirements: latency fails.\n")


@pytest.mark.parametrize("page", named(PAGES, set()))
def test_links_lead_somewhere(page: Path) -> None:
    for target, _, heading in re.findall(r"\]\(([^)#\s]*)(#([^)\s]*))?\)", text_of(page)):
        if "://" in target:
            continue
        path = (page.parent / target).resolve() if target else page
        assert path.exists(), target
        if heading:
            assert heading in headings(text_of(path)), f"{target}#{heading}"


def headings(text: str) -> set[str]:
    """The anchors that GitHub makes of the headings of a page."""
    without_code = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    titles = re.findall(r"^#+ (.*)$", without_code, re.MULTILINE)
    words = [re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", title) for title in titles]
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in words}


def test_every_page_is_reached_from_the_readme() -> None:
    linked = set(re.findall(r"\]\((docs/[^)#]*)", text_of(ROOT / "README.md")))
    assert linked >= {f"docs/{page.name}" for page in (ROOT / "docs").glob("*.md")}


def test_the_examples_can_be_found() -> None:
    for path in (ROOT / "examples").iterdir():
        assert str(path.relative_to(ROOT)) in text_of(ROOT / "README.md")


def test_times_beside_the_chip_on_the_page_about_the_pipeline() -> None:
    """Its table, in ms at 200 MHz: compute, busiest part, tile by tile, whole tiles, and measured."""
    text = text_of(ROOT / "docs" / "pipeline.md")
    rows = re.findall(r"^\| (conv\d|all) \|(.*)\|$", text, re.MULTILINE)
    shown = {name: [float(cell) for cell in cells.split("|")] for name, cells in rows}
    chip, mappings = load_hardware("eyeriss"), read_mapping(ROOT / "examples" / "eyeriss_alexnet_chip.yaml")
    layers = {each.name: each.einsum for each in load_network("alexnet").with_batch(4).layers}
    found = []
    for name in sorted(set(shown) - {"all"}):
        einsum = layers[name]
        assert einsum is not None
        tiles = simulate_pipeline(einsum, chip, mappings[name], attribute=False)
        busiest = assay.count_mapping(einsum, chip, mappings[name]).cycles
        cycles = (tiles.compute_cycles, busiest, tiles.cycles, tiles.whole_cycles)
        found.append([float(each) / 200e3 for each in cycles])
        assert shown[name][:4] == pytest.approx(found[-1], abs=0.00501)
    assert shown["all"][:4] == pytest.approx([sum(column) for column in zip(*found, strict=True)], abs=0.0501)
    for row in published("eyeriss_v1_alexnet_layers.csv"):
        measured = [float(row[key]) for key in ("processing_latency_ms", "total_latency_ms")]
        assert shown[row["layer"].lower().replace("total", "all")][4:] == measured


# -- the tool --------------------------------------------------------------------------------------------------------

PRINTED = ["title", "", "Energy", "dram  7 pJ  ██", "glb   9 pJ  ███", "", "Cycles", "all     12", "", "Notes", "- one"]


@pytest.mark.parametrize(
    ("shown", "now"),
    [
        (PRINTED, PRINTED),
        (["title", "...", "Cycles", "all     12", "..."], ["title", "...", "Cycles", "all     12", "..."]),
        (["...", "", "Energy", "dram  6 pJ  █", "glb  10 pJ  ████", "", "..."], ["...", "", *PRINTED[2:5], "", "..."]),
        (["old title", "...", "Cycles", "all      3", "", "Notes", "- two"], ["title", "...", *PRINTED[6:]]),
        (["..."], ["..."]),
    ],
)
def test_the_same_parts_are_shown(shown: list[str], now: list[str]) -> None:
    assert placed(shown, PRINTED) == now


def test_new_lines_inside_of_a_part_are_shown() -> None:
    assert placed(["...", "Energy", "glb   9 pJ  ███", "..."], PRINTED) == ["...", *PRINTED[2:5], "..."]


@pytest.mark.parametrize("shown", [["...", "Area", "..."], ["...", "Cycles", "...", "Energy", "..."]])
def test_what_is_not_printed_any_more_is_named(shown: list[str]) -> None:
    with pytest.raises(LostError, match=r"not printed any more: (Area|Energy)"):
        placed(shown, PRINTED)


def test_the_time_of_a_search_is_no_difference() -> None:
    now = ["424 uJ, proven to be the least energy (found before, in 1.2 s, 425 looked at)."]
    old = ["424 uJ, proven to be the least energy (503 ms, 425 looked at)."]
    assert placed(old, now) == old
    assert placed(["423 uJ, proven to be the least energy (503 ms, 425 looked at)."], now) == now


def test_lists_of_commands_are_not_run() -> None:
    page = "```console\n$ assay map x\n```\n\n```console\n$ assay map y\n$ assay map z  # too\n```\n\n"
    assert list(screens(page)) == []
    assert list(screens(page + "```console\n$ assay area y\nAll\n...\n```\n")) == [
        Screen("assay area y", ("All", "..."))
    ]


def test_a_page_is_written_anew(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refresh_pages, "ROOT", tmp_path)
    page = tmp_path / "page.md"
    network = "assay: network/1\nname: own\ninput: [3, 4, 4]\nlayers:\n  - {name: one, op: conv, out: 2, kernel: 3}\n"
    old = f"<!-- columns: 80 -->\n<!-- file: own.yaml -->\n```yaml\n{network}```\n\n"
    old += "```console\n$ assay show own.yaml\nold\n```\n"
    page.write_text(old)
    assert refresh_pages.main(["--check", str(page)]) == 1
    assert page.read_text() == old
    assert refresh_pages.main([str(page)]) == 0
    assert "-old\n" in capsys.readouterr().out
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.yaml").write_text(network)
    monkeypatch.setenv("COLUMNS", "80")
    assert main(["show", "own.yaml"]) == 0
    assert page.read_text() == old.replace("old\n", capsys.readouterr().out.rstrip("\n") + "\n")
    assert refresh_pages.main(["--check", str(page)]) == 0


def test_a_command_that_fails_is_named(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text("```console\n$ assay area nothing\nAll\n```\n")
    assert refresh_pages.main(["--check", str(tmp_path / "page.md")]) == 1
    assert "$ assay area nothing\n  it ends with code 2: assay: error: " in capsys.readouterr().out


def test_an_error_can_be_shown() -> None:
    page = "```console\n$ assay area nothing\nassay: error: there is\n```\n"
    assert "assay: error: there is no built-in hardware 'nothing'" in refreshed(page)
    with pytest.raises(LostError, match="it ends with code 0"):
        refreshed(page.replace("nothing", "eyeriss"))


def test_pictures_are_drawn_by_the_command_that_is_stated(monkeypatch: pytest.MonkeyPatch) -> None:
    def draw(command: str, columns: int) -> list[str]:
        folder = Path(command.rsplit(maxsplit=1)[-1])
        (folder / "one.svg").write_text(command.partition(" --plot")[0])
        (folder / "two.svg").write_text("2")
        return []

    monkeypatch.setattr(refresh_pages, "printed", draw)
    keys = ("one", "two")
    marks = [f"<!-- picture: {key} of assay roofline x y -->\n![A](images/{key}-x.svg)\n" for key in keys]
    assert refresh_pages.drawn("".join(marks) + "![B](images/other.svg)\n") == {
        "images/one-x.svg": b"assay roofline x y",
        "images/two-x.svg": b"2",
    }
