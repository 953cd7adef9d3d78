"""Estimators from packages and folders: what is asked, who is believed, and what happens to those that are wrong."""

from __future__ import annotations

import importlib.metadata
import re
import sys
import time
from pathlib import Path
from types import ModuleType

import pytest

from assay.components.plugins import folder_providers, installed_providers
from assay.components.provider import EstimatorProvider, Provider
from assay.components.registry import Registry, estimate
from assay.errors import InputError, Position

ROOT = Path(__file__).parents[2]

HEAD = """\
from dataclasses import dataclass
from assay import Cost, Declined, Estimator, Technology, attribute
from assay.reading.units import Quantity

"""

GOOD = """\
@dataclass(frozen=True, kw_only=True)
class {name}(Estimator):
    \"\"\"A thing. run: J.\"\"\"

    component = "{component}"
    actions = ("run",)
    source = "a test"
    uncertainty = {uncertainty}
    needs_technology = False

    width: int = attribute("bits", minimum=1, valid=(1, 64))

    def cost(self) -> Cost:
        return {answer}
"""


def source(
    name: str = "Mine",
    component: str = "thing",
    answer: str = 'Cost({"run": 1e-12 * self.width}, area=1e-9)',
    uncertainty: float = 0.2,
) -> str:
    return HEAD + GOOD.format(name=name, component=component, answer=answer, uncertainty=uncertainty)


def folder(path: Path, **files: str) -> Path:
    """A folder of Python files by name."""
    for name, text in files.items():
        (path / f"{name}.py").write_text(text)
    return path


def registry(path: Path, **files: str) -> Registry:
    return Registry().with_providers(folder_providers(folder(path, **files)))


# Folders


def test_an_estimator_of_a_folder_is_asked(tmp_path: Path) -> None:
    found = estimate("thing", width=8, registry=registry(tmp_path, mine=source()))
    assert found.energy_of("run") == 8e-12
    assert (found.estimator, found.source, found.uncertainty) == ("Mine", "a test", 0.2)


def test_files_in_underscore_are_helpers_that_can_be_imported(tmp_path: Path) -> None:
    text = source(answer='Cost({"run": JOULES}, area=1e-9)').replace(HEAD, f"{HEAD}from ._figures import JOULES\n")
    found = estimate("thing", width=8, registry=registry(tmp_path, mine=text, _figures="JOULES = 3e-12\n"))
    assert found.energy_of("run") == 3e-12
    assert not [each for each in sys.path if str(tmp_path) in each]


def test_postponed_annotations_make_no_difference(tmp_path: Path) -> None:
    text = "from __future__ import annotations\n" + source()
    (found,) = folder_providers(folder(tmp_path, mine=text))
    assert [(each.name, each.kind, each.required) for each in found.attributes] == [("width", "int", True)]


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("def f(:\n", 1, "not valid Python"),
        ("x = 1\nimport no_such_module_here\n", 2, "ModuleNotFoundError: No module named 'no_such_module_here'"),
        ("\n\nraise ValueError('bad day')\n", 3, "ValueError: bad day"),
        ("import sys\nsys.exit(3)\n", 2, "SystemExit: 3"),
        ("x = 1\n", None, "defines no estimator"),
        (source().replace('    component = "thing"\n', ""), 6, "Mine states no component"),
        (source().replace('    actions = ("run",)\n', ""), 6, "Mine states no actions"),
        (source().replace('("run",)', '"run"'), 6, "Mine states no actions"),
        (source().replace('"a test"', '" "'), 6, "Mine states no source"),
        (source().replace("    uncertainty = 0.2\n", ""), 6, "Mine states no uncertainty"),
        (source(uncertainty=-1), 6, "Mine states no uncertainty"),
        (source().replace("@dataclass(frozen=True, kw_only=True)\n", ""), 5, "Mine lacks the decorator @dataclass"),
        (source().replace("frozen=True, ", ""), 5, "cannot inherit non-frozen dataclass from a frozen one"),
        (source().replace(", kw_only=True", ""), 6, "Mine is not kw_only"),
        (source().replace('attribute("bits", minimum=1, valid=(1, 64))', "16"), 6, "has the field 'width', which was"),
        (source().replace("width: int", "width: list"), 6, "has the attribute 'width' of kind 'list'"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_file_is_said_at_its_line(
    tmp_path: Path, text: str, line: int | None, message: str
) -> None:
    with pytest.raises(InputError) as caught:
        folder_providers(folder(tmp_path, wrong=text))
    assert message in caught.value.message
    assert caught.value.at == Position(str(tmp_path / "wrong.py"), line)


def test_a_file_that_fails_leaves_no_module_behind(tmp_path: Path) -> None:
    before = {name for name in sys.modules if name.endswith(".wrong")}
    with pytest.raises(InputError):
        folder_providers(folder(tmp_path, wrong="1 / 0\n"))
    assert {name for name in sys.modules if name.endswith(".wrong")} == before


def test_a_folder_must_exist_and_hold_something(tmp_path: Path) -> None:
    at = Position("chip.yaml", 3, 5)
    with pytest.raises(InputError, match="there is no folder of plug-ins") as caught:
        folder_providers(tmp_path / "nowhere", at)
    assert caught.value.at == at
    (tmp_path / "readme.txt").write_text("nothing to load")
    (tmp_path / "_helper.py").write_text("1 / 0")
    with pytest.raises(InputError, match="there is no plug-in in the folder") as caught:
        folder_providers(tmp_path, at)
    assert caught.value.at == at


def test_plugins_can_be_switched_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSAY_PLUGINS", "off")
    with pytest.raises(InputError, match="ASSAY_PLUGINS=off"):
        folder_providers(folder(tmp_path, mine=f"raise AssertionError\n{source()}"))
    (tmp_path / "mine.py").unlink()
    (tmp_path / "adder.csv").write_text("width,energy,action\n8,0.03,add\n")
    assert [each.component for each in folder_providers(tmp_path)] == ["adder"]  # data, not code


def test_two_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"two estimators of thing are called 'Mine' \(.*a\.py; .*b\.py\)"):
        registry(tmp_path, a=source(), b=source())


def test_one_with_the_name_of_a_built_in_gets_another(tmp_path: Path) -> None:
    found = registry(tmp_path, mine=source(name="Adder", component="adder"))
    names = [each.name for each in found.providers("adder")]
    assert names == [f"Adder of {tmp_path / 'mine.py'}", "Adder"]
    assert estimate("adder", width=8, registry=found, estimator=names[0]).energy_of("run") == 8e-12


# Answers that cannot be true


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ("1 / 0", r"Mine \(.*mine.py\) failed: ZeroDivisionError"),
        ("None", "answered NoneType, not a Cost"),
        ('Cost({"run": float("nan")})', "answered nan J as energy of 'run'; it must be finite"),
        ('Cost({"run": -1e-12})', "must be finite and at least 0"),
        ('Cost({"run": 1.2})', "answered 1.2 J as energy of 'run', which no component has"),
        ('Cost({"run": "1 pJ"})', "it must be a number of J, or None"),
        ('Cost({"run": True})', "it must be a number of J, or None"),
        ('Cost({"run": Quantity.of(2, "ns")})', "answered 2 ns as energy of 'run', which is not in J"),
        ('Cost({"run": 1e-12}, area=Quantity.of(2, "um"))', "as area, which is not in m2"),
        ('Cost({"run": 1e-12}, area=1200.0)', "answered 1.2e.03 m2 as area, which no component has"),
        ('Cost({"run": 1e-12}, leakage=float("inf"))', "leakage; it must be finite"),
        ('Cost({"walk": 1e-12})', "answered an energy of 'walk', which is not among its actions"),
        ('Cost({"run": 1e-12}, uncertainty=-0.5)', "states an uncertainty of -0.5"),
    ],
)
def test_an_answer_that_cannot_be_true_is_refused(tmp_path: Path, answer: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        estimate("thing", width=8, registry=registry(tmp_path, mine=source(answer=answer)))
    assert "Mine" in caught.value.message


def test_quantities_with_units_are_taken(tmp_path: Path) -> None:
    answer = 'Cost({"run": Quantity.of(2, "pJ")}, area=Quantity.of(3, "um2"))'
    found = estimate("thing", width=8, registry=registry(tmp_path, mine=source(answer=answer)))
    assert (found.energy_of("run"), found.area) == (2e-12, 3e-12)


def test_impossible_attributes_are_refused_where_they_stand(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="width: 0 is not possible: bits, at least 1"):
        estimate("thing", width=0, registry=registry(tmp_path, mine=source()))


# Who is believed


def test_the_best_accuracy_is_taken_and_the_others_are_listed(tmp_path: Path) -> None:
    found = registry(
        tmp_path,
        a=source("Rough", uncertainty=0.5),
        b=source("Fine", uncertainty=0.1),
        c=source("Sick", answer="1 / 0"),
    )
    best = estimate("thing", width=8, registry=found)
    assert best.estimator == "Fine"
    assert [re.sub(r" \(.*?\)", "", each) for each in best.others] == [
        "Rough: states ×/÷ 1.5",
        "Sick: Sick failed: ZeroDivisionError: division by zero",
    ]
    assert estimate("thing", width=8, registry=found, estimator="Rough").estimator == "Rough"


def test_one_beyond_its_range_loses(tmp_path: Path) -> None:
    wide = source("Wide", uncertainty=0.9).replace("valid=(1, 64)", "valid=(1, 1024)")
    found = registry(tmp_path, a=source("Narrow", uncertainty=0.1), b=wide)
    assert estimate("thing", width=64, registry=found).estimator == "Narrow"
    beyond = estimate("thing", width=65, registry=found)
    assert beyond.estimator == "Wide"
    assert "beyond its range (width 65 is above 64)" in beyond.others[0]


def test_where_nobody_answers_all_reasons_are_given(tmp_path: Path) -> None:
    found = registry(tmp_path, a=source("One"), b=source("Two", answer='(_ for _ in ()).throw(Declined("is tired"))'))
    with pytest.raises(InputError) as caught:
        estimate("thing", registry=found)
    assert caught.value.message.startswith("nobody can estimate thing (no attributes): One (")
    assert "needs width" in caught.value.message
    with pytest.raises(InputError, match="there is no estimator for 'things'") as caught:
        estimate("things", registry=found)
    assert caught.value.hint is not None
    assert "did you mean 'thing'?" in caught.value.hint


# Installed packages


def install(path: Path, package: str, entries: str, version: str = "1.0") -> None:
    """What pip leaves of a package in a folder on the path."""
    info = path / f"{package}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n")
    (info / "entry_points.txt").write_text(entries)


def of(component: str, providers: tuple[Provider, ...]) -> tuple[Provider, ...]:
    return tuple(found for each in providers if each.component == component for found in each.unfolded())


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def test_packages_are_found_and_loaded_only_when_asked(site: Path) -> None:
    (site / "lazy_things.py").write_text(source(component="lazy_thing"))
    install(site, "lazy_package", "[console_scripts]\nx = y:z\n\n[assay.estimators]\nlazy_thing = lazy_things:Mine\n")
    found = Registry(installed_providers())
    assert "lazy_thing" in found.components
    assert "lazy_things" not in sys.modules
    answer = estimate("lazy_thing", width=4, registry=found)
    assert (answer.estimator, answer.energy_of("run")) == ("Mine", 4e-12)
    assert found.providers("lazy_thing")[0].origin == "package lazy_package 1.0"
    assert found.troubles == ()


def test_a_module_gives_all_its_estimators_of_the_component(site: Path) -> None:
    texts = source("First", "m_thing"), source("Second", "m_thing"), source("Other")
    (site / "many_things.py").write_text(HEAD + "".join(text.removeprefix(HEAD) for text in texts))
    install(site, "many", "[assay.estimators]\nm_thing.all = many_things\n")
    assert [each.name for each in of("m_thing", installed_providers())] == ["First", "Second"]


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("bad = no_such_module_here:X", "cannot be loaded: ModuleNotFoundError: No module named 'no_such_module_here'"),
        ("bad = broken_things:Missing", "cannot be loaded: AttributeError"),
        ("bad = exploding_things:X", "cannot be loaded: RuntimeError: boom"),
        ("bad = broken_things:x", "broken_things:x is not a class of estimators"),
        ("bad = plain_things", "plain_things holds no estimator of 'bad'"),
        ("bad = broken_things:Mine", "it estimates 'thing', not 'bad'"),
        ("bad = broken_things:Sourceless", "Sourceless states no source"),
    ],
)
def test_a_broken_package_breaks_nothing(site: Path, entry: str, message: str) -> None:
    sourceless = source("Sourceless", "bad").removeprefix(HEAD).replace('"a test"', '""')
    (site / "broken_things.py").write_text(source() + sourceless + "\nx = 1\n")
    (site / "plain_things.py").write_text(source())
    (site / "exploding_things.py").write_text("raise RuntimeError('boom')\n")
    install(site, "broken", f"[assay.estimators]\n{entry}\n")
    sys.modules.pop("broken_things", None)
    found = Registry(installed_providers())
    assert estimate("adder", format="int8", technology="65nm", registry=found).estimator == "Adder"
    assert [each for each in found.troubles if message in each]
    with pytest.raises(InputError, match="bad: ") as caught:
        estimate("bad", width=8, registry=found)
    assert message in caught.value.message


def test_a_broken_package_is_listed_among_those_asked(site: Path) -> None:
    install(site, "broken_adder", "[assay.estimators]\nadder = no_such_module_here:MyAdder\n")
    found = estimate("adder", format="int8", technology="65nm", registry=Registry(installed_providers()))
    assert "MyAdder (package broken_adder 1.0): cannot be loaded: ModuleNotFoundError" in found.others[0]


def test_installed_ones_are_not_imported_where_plugins_are_off(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (site / "off_things.py").write_text("raise AssertionError\n")
    install(site, "off_package", "[assay.estimators]\noff_thing = off_things:Mine\n")
    monkeypatch.setenv("ASSAY_PLUGINS", "off")
    with pytest.raises(InputError, match="Mine is switched off by ASSAY_PLUGINS=off"):
        estimate("off_thing", width=1, registry=Registry(installed_providers()))


def test_two_packages_of_one_name_both_answer(site: Path) -> None:
    (site / "twin_a.py").write_text(source(component="twin"))
    (site / "twin_b.py").write_text(source(component="twin", uncertainty=0.1))
    install(site, "twin_one", "[assay.estimators]\ntwin = twin_a:Mine\n")
    install(site, "twin_two", "[assay.estimators]\ntwin = twin_b:Mine\n")
    found = Registry(installed_providers())
    assert [each.name for each in found.providers("twin")] == ["Mine", "Mine of package twin_two 1.0"]
    assert estimate("twin", width=1, registry=found).uncertainty == 0.1


def test_a_package_and_a_folder_of_one_name_both_answer(site: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    (site / "shared_name.py").write_text(source(component="shared"))
    install(site, "shared_package", "[assay.estimators]\nshared = shared_name:Mine\n")
    own = folder(tmp_path_factory.mktemp("own"), mine=source(component="shared"))
    found = Registry(installed_providers()).with_providers(folder_providers(own))
    assert [each.name for each in found.providers("shared")] == ["Mine", f"Mine of {own / 'mine.py'}"]


def test_what_is_found_is_what_importlib_finds(site: Path) -> None:
    install(site, "one", "[assay.estimators]\n a_thing  =  some.module : A.B [extra]\nb_thing=other\n\n[x]\ny = z\n")
    install(site, "two", "[assay.estimators.more]\nc_thing = nothing:C\n")
    install(site, "empty", "")
    mine = {(each.component, each.name) for each in installed_providers()}
    theirs = importlib.metadata.entry_points(group="assay.estimators")
    assert mine == {(each.name.partition(".")[0], each.attr or each.name) for each in theirs}
    assert {("a_thing", "A.B"), ("b_thing", "b_thing")} <= mine


def test_the_search_is_fast() -> None:
    taken = []
    for _ in range(5):
        start = time.perf_counter()
        installed_providers()
        taken.append(time.perf_counter() - start)
    assert min(taken) < 0.010  # about 2 ms with 60 packages


# What the documentation shows


def test_the_example_answers_for_registers() -> None:
    found = Registry().with_providers(folder_providers(ROOT / "examples" / "plugins"))
    best = estimate("register", width=16, technology="28nm, 0.9V", registry=found)
    assert best.estimator == "MyRegister"
    assert best.energy_of("read") == pytest.approx(9.6e-15)
    assert best.others  # the one built in
    assert estimate("register", width=16, technology="28nm", registry=found, estimator="Register").area is not None


def test_the_page_on_plugins_is_true(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (ROOT / "docs" / "plugins.md").read_text()
    blocks = re.findall(r"```(\w+)\n(.*?)```", page, re.DOTALL)
    code = [text for language, text in blocks if language == "python"]
    assert len(code) >= 2
    module = ModuleType("page_on_plugins")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    for text in code:
        exec(text, vars(module))
    theirs = Registry([EstimatorProvider(module.MyAdder, "the page")])
    best = estimate("adder", width=16, technology="28nm, 0.9V", registry=theirs)
    assert best.estimator == "MyAdder"
    assert best.energy_of("add") == pytest.approx(2.24e-14)
    tables = [text for language, text in blocks if language == "csv"]
    assert tables
    for number, text in enumerate(tables):
        (tmp_path / f"table{number}.csv").write_text(text)
    (tmp_path / "ERT.yaml").write_text(next(text for kind, text in blocks if kind == "yaml" and "ERT:" in text))
    found = Registry().with_providers(folder_providers(tmp_path))
    assert estimate("table0", width=24, technology="45nm", registry=found).energy_of("add") == pytest.approx(0.075e-12)
    assert estimate("buffer", registry=found).leakage == pytest.approx(5e-6)
