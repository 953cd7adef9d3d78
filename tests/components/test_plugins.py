"""Estimators from packages and folders: what is asked, who is believed, and what happens to those that are wrong."""

from __future__ import annotations

import importlib.metadata
import re
import sys
import time
from pathlib import Path
from types import ModuleType

import pytest

from assay.components.compound import Use
from assay.components.plugins import _OFF, _ON, RESERVED, folder_providers, installed_providers, with_folder
from assay.components.provider import AnswerError, EstimatorProvider, Provider
from assay.components.registry import Registry, entry_of, estimate
from assay.components.technology import Technology
from assay.errors import InputError, Position
from assay.reading.entries import Entry, Form

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
        ("raise GeneratorExit\n", 1, "running it failed: GeneratorExit"),
        ("class Odd(Exception):\n    def __str__(self):\n        1 / 0\nraise Odd\n", 4, "running it failed: Odd"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_file_is_said_at_its_line(
    tmp_path: Path, text: str, line: int | None, message: str
) -> None:
    with pytest.raises(InputError) as caught:
        folder_providers(folder(tmp_path, wrong=text))
    assert message in caught.value.message
    assert caught.value.at == Position(str(tmp_path / "wrong.py"), line)


@pytest.mark.parametrize(
    ("field", "message"),
    [
        ('width: int = attribute(None)', "has the attribute 'width' that does not say what it is"),
        ('width: int = attribute(" ")', "that does not say what it is"),
        ('width: int = attribute("bits", default="abc")', "whose default 'abc' is no int"),
        ('width: int = attribute("bits", default=1.5)', "whose default 1.5 is no int"),
        ('width: int = attribute("bits", default=True)', "whose default True is no int"),
        ('width: bool = attribute("bits", default=1)', "whose default 1 is no bool"),
        ('width: float = attribute("bits", default=float("nan"))', "whose default nan is not possible"),
        ('width: int = attribute("bits", minimum=1, default=0)', "whose default 0 is not possible by its limits"),
        ('width: int = attribute("bits", above=0, default=0)', "whose default 0 is not possible by its limits"),
        ('width: str = attribute("s", choices=("a", "b"), default="c")', "whose default 'c' is not among its choices"),
        ('width: str = attribute("s", choices="ab")', "with the choices 'ab': write such as choices=("),
        ('width: int = attribute("bits", choices=("a",))', "with choices, but of kind 'int'"),
        ('width: int = attribute("bits", valid=(64, 1))', "whose range (64, 1) is empty"),
        ('width: int = attribute("bits", valid=(64,))', "with the range (64,): write such as valid=(1, 64)"),
        ('width: int = attribute("bits", valid=64)', "with the range 64: write such as valid=(1, 64)"),
        ('width: int = attribute("bits", minimum=1, valid=(0, 64))', "whose range goes to 0, which is not possible"),
        ('width: int = attribute("bits", minimum="1")', "with a limit that is no number"),
        ('width: int = attribute("bits", unit="m")', "with the unit 'm': take one of assay.reading.units"),
        ('width: int = field(metadata={"about": "bits"})', "has the field 'width', which was not made by attribute"),
        ('technology: str = attribute("of it")', "has the attribute 'technology', which hardware files or commands"),
        ('per_cycle: int = attribute("of it")', "has the attribute 'per_cycle', which hardware files or commands"),
        ('spread: int = attribute("of it", default=1)', "has the attribute 'spread', which hides what every"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_an_attribute_is_said_when_it_is_loaded(tmp_path: Path, field: str, message: str) -> None:
    text = "from dataclasses import field\n" + source(answer='Cost({"run": 1e-12})')
    with pytest.raises(InputError) as caught:
        registry(tmp_path, mine=text.replace('width: int = attribute("bits", minimum=1, valid=(1, 64))', field))
    assert message in caught.value.message
    assert caught.value.at == Position(str(tmp_path / "mine.py"), 7)


def test_a_file_that_fails_leaves_no_module_behind(tmp_path: Path) -> None:
    before = set(sys.modules)
    with pytest.raises(InputError):
        folder_providers(folder(tmp_path, wrong="from ._helper import X\n1 / 0\n", _helper="X = 1\n"))
    assert set(sys.modules) == before


def test_helpers_are_read_as_they_are_now(tmp_path: Path) -> None:
    text = source(answer='Cost({"run": JOULES}, area=1e-9)').replace(HEAD, f"{HEAD}from ._figures import JOULES\n")
    old = registry(tmp_path, mine=text, _figures="JOULES = 1e-12\n")
    new = registry(tmp_path, _figures="JOULES = 5e-12\n")
    assert estimate("thing", width=8, registry=old).energy_of("run") == 1e-12
    assert estimate("thing", width=8, registry=new).energy_of("run") == 5e-12
    assert sorted(each.name for each in tmp_path.iterdir()) == ["_figures.py", "mine.py"]  # nothing compiled


def test_what_a_plugin_prints_is_no_output_of_assay(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = source(answer='print("cost") or Cost({"run": 1e-12})') + 'print("import")\n'
    estimate("thing", width=8, registry=registry(tmp_path, mine=text))
    assert capsys.readouterr() == ("", "import\ncost\n")


def test_the_working_directory_is_put_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = source(answer='os.chdir("/") or Cost({"run": 1e-12})') + 'import os\nos.chdir("/")\n'
    found = registry(tmp_path, mine=text)
    assert Path.cwd() == tmp_path
    estimate("thing", width=8, registry=found)
    assert Path.cwd() == tmp_path


@pytest.mark.parametrize("path", ["x" * 5000, "bad\0name"])
def test_a_folder_that_cannot_be(tmp_path: Path, path: str) -> None:
    with pytest.raises(InputError, match="cannot read the folder of plug-ins") as caught:
        folder_providers(tmp_path / path, Position("chip.yaml", 3, 5))
    assert caught.value.at == Position("chip.yaml", 3, 5)
    assert len(caught.value.message) < 400


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot read the folder of plug-ins.*: Not a directory"):
        folder_providers(folder(tmp_path, mine=source()) / "mine.py")


def test_the_same_folder_is_taken_once(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    folder(own, mine=source())
    (own / "ERT.yaml").write_text("ERT: {tables: [{name: buffer, actions: [{name: read, energy: 1}]}]}\n")
    (tmp_path / "link").symlink_to(own)
    first = with_folder(Registry(), own)
    assert with_folder(first, own) is first
    assert with_folder(first, tmp_path / "link") is first
    assert with_folder(first, own / ".." / "own") is first
    assert len(first.providers("thing")) == 1


def test_two_folders_with_one_name_are_refused_where_the_second_is_named(tmp_path: Path) -> None:
    at = Position("chip.yaml", 3, 20)
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        folder(tmp_path / name, mine=source())
    with pytest.raises(InputError, match=r"called 'Mine' \(.*a.mine\.py; .*b.mine\.py\)") as caught:
        with_folder(with_folder(Registry(), tmp_path / "a"), tmp_path / "b", at)
    assert caught.value.at == at


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


@pytest.mark.parametrize("word", ["", "on", "1", "yes", "True", " on "])
def test_plugins_run_where_nobody_forbids_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, word: str) -> None:
    monkeypatch.setenv("ASSAY_PLUGINS", word)
    assert folder_providers(folder(tmp_path, mine=source()))


def test_a_switch_that_says_neither_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSAY_PLUGINS", "never")
    with pytest.raises(InputError, match="ASSAY_PLUGINS=never says neither on nor off") as caught:
        folder_providers(folder(tmp_path, mine=f"raise AssertionError\n{source()}"))
    assert caught.value.hint == "off, 0, no or false: none is run; on, 1, yes or true, or nothing at all: they are"
    with pytest.raises(InputError, match="says neither on nor off"):
        installed_providers()


@pytest.mark.parametrize("word", ["off", "OFF", " off ", "0", "no", "false"])
def test_plugins_can_be_switched_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, word: str) -> None:
    monkeypatch.setenv("ASSAY_PLUGINS", word)
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
        ("1 / 0", "Mine failed: ZeroDivisionError: division by zero"),
        ("exit(0)", "Mine failed: SystemExit: 0"),
        ("(_ for _ in ()).throw(GeneratorExit)", "Mine failed: GeneratorExit"),
        ("(_ for _ in ()).throw(BaseException('odd'))", "Mine failed: BaseException: odd"),
        ("(_ for _ in ()).throw(type('Odd', (Exception,), {'__str__': lambda self: 1 / 0}))", "Mine failed: Odd"),
        ('Quantity.of(2, "parsec")', "Mine failed: InputError: unknown unit 'parsec'"),
        ("Technology.of(3)", "Mine failed: InputError: a technology of 3 nm is not covered"),
        ("Cost(None)", "answered no mapping of actions to energies"),
        ('Cost({"run": 10**400})', "answered inf J as energy of 'run'; it must be finite"),
        ('Cost({"run": Quantity(10**400, Quantity.of(1, "J").dimension)})', "answered inf J as energy of 'run'"),
        ('Cost({"run": 1e-12}, notes=None)', "answered None as notes"),
        ('Cost({"run": 1e-12}, notes="hello")', "answered 'hello' as notes"),
        ('Cost({"run": 1e-12}, notes=(1, 2))', r"answered \(1, 2\) as notes"),
        ('Cost({"run": 1e-12}, notes=(object(),))', r"answered \(<object object at .* as notes"),
        ('Cost({"run": 1e-12}, extrapolated=None)', "answered None as extrapolated"),
        ('Cost({"run": 1e-12}, extrapolated="hello")', "answered 'hello' as extrapolated"),
        ('Cost({"run": 1e-12}, source=5)', "does not say where its figures come from"),
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


@pytest.mark.parametrize("answer", ["1 / 0", "exit(0)", "None", 'Cost({"run": -1})', 'Cost({"run": 1e-12}, notes=5)'])
def test_a_fault_of_a_folder_stops_at_its_line_even_if_others_could_answer(tmp_path: Path, answer: str) -> None:
    found = registry(tmp_path, mine=source("Bad", "counter", answer, uncertainty=9))
    with pytest.raises(AnswerError, match=r":\d+: Bad ") as caught:
        estimate("counter", width=8, technology="65nm", registry=found)
    assert caught.value.at is not None
    assert caught.value.at.file == str(tmp_path / "mine.py")
    lines = (tmp_path / "mine.py").read_text().splitlines()
    raised = answer in ("1 / 0", "exit(0)")
    assert lines[(caught.value.at.line or 0) - 1].strip().startswith("return" if raised else "def cost")
    assert estimate("counter", width=8, technology="65nm", registry=found, estimator="Counter").area


def test_a_fault_in_a_hardware_file_names_plugin_file_and_line(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    folder(own, mine=source("Bad", "counter", "self.widht", uncertainty=9))
    use = Use.read(Entry(Position("chip.yaml", 7), Form.TEXT, words="counter", label="component", indent=None))
    defaults = {"width": entry_of("width", 8, "chip.yaml")}
    with pytest.raises(InputError) as caught:
        use.estimate(with_folder(Registry(), own), Technology.of(65), {}, **defaults)
    assert caught.value.message == "Bad failed: AttributeError: 'Bad' object has no attribute 'widht'"
    assert caught.value.at == Position(str(own / "mine.py"), 18)


def test_what_is_declined_or_impossible_leaves_the_answer_to_others(tmp_path: Path) -> None:
    tired = source("Tired", "counter", '(_ for _ in ()).throw(Declined("is tired"))')
    narrow = source("Narrow", "counter").replace("minimum=1, valid=(1, 64)", "minimum=16")
    best = estimate("counter", width=8, technology="65nm", registry=registry(tmp_path, tired=tired, narrow=narrow))
    assert best.estimator == "Counter"
    assert [each for each in best.others if "Tired" in each and "is tired" in each]
    assert [each for each in best.others if "Narrow" in each and "8 is not possible" in each]


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
        c=source("Sick", answer='(_ for _ in ()).throw(Declined("is ill"))'),
    )
    best = estimate("thing", width=8, registry=found)
    assert best.estimator == "Fine"
    assert [re.sub(r" \(.*?\)", "", each) for each in best.others] == [
        "Rough: states ×/÷ 1.5",
        "Sick: is ill",
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


def test_a_package_that_fails_leaves_the_answer_to_others(
    site: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(site)
    text = source("Ill", "counter", "exit(0)", uncertainty=0.01) + 'import os\nprint("hello")\nos.chdir("/")\n'
    (site / "ill_things.py").write_text(text)
    (site / "gone_things.py").write_text("raise GeneratorExit\n")
    install(site, "ill_package", "[assay.estimators]\ncounter = ill_things:Ill\ncounter.gone = gone_things:Gone\n")
    best = estimate("counter", width=8, technology="65nm", registry=Registry(installed_providers()))
    assert best.estimator == "Counter"
    assert [each for each in best.others if "failed: SystemExit: 0" in each]
    assert [each for each in best.others if "cannot be loaded: GeneratorExit" in each]
    assert capsys.readouterr().out == ""
    assert Path.cwd() == site


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
    monkeypatch.chdir(ROOT)
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
    assert module.mine.estimator == "MyRegister"
    for name in RESERVED:
        assert f"`{name}`" in page
    for word in (*_ON[1:], *_OFF[1:]):
        assert f"`{word}`" in page


def test_the_names_of_estimators_are_those_that_the_page_gives(tmp_path: Path) -> None:
    folder(tmp_path, mine=source("Adder", "adder"))
    (tmp_path / "my_adder.csv").write_text("energy,action\n1,add\n")
    (tmp_path / "ERT.yaml").write_text("ERT: {tables: [{name: a, actions: []}, {name: b, actions: []}]}\n")
    (tmp_path / "ART.yaml").write_text("ART: {tables: [{name: a, area: 1}]}\n")
    found = with_folder(Registry(), tmp_path)
    names = {component: found.providers(component)[0].name for component in ("adder", "my_adder", "a", "b")}
    given = {"adder": f"Adder of {tmp_path / 'mine.py'}", "my_adder": "my_adder.csv", "a": "ART_and_ERT", "b": "ERT"}
    assert names == given


def test_a_docstring_that_is_none(tmp_path: Path) -> None:
    (found,) = folder_providers(folder(tmp_path, mine=source() + "Mine.__doc__ = 5\n"))
    assert found.about == ""
