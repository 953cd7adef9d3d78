"""Estimators that come from elsewhere: from installed packages, and from a folder that a hardware file names.

A package lists its estimators in the entry-point group `assay.estimators`:

    [project.entry-points."assay.estimators"]
    sram = "my_package.memories:MySram"            # NAME = MODULE:CLASS
    "mac.posit" = "my_package.arithmetic"          # or a module, all of whose estimators of `mac` are taken

The name is that of the component; what follows a dot only keeps names apart. So nothing is imported before somebody
asks for that component. What cannot be loaded breaks nothing: it stands among those that were asked, with the reason.

A plug-in is code that runs. With `ASSAY_PLUGINS=off` in the environment none does.
"""

from __future__ import annotations

import ast
import dataclasses
import os
import re
import sys
import traceback
from importlib import import_module
from pathlib import Path
from types import ModuleType

from assay.components.estimate import Estimate
from assay.components.estimator import Attribute, Declined, Estimator, attributes_of
from assay.components.provider import Asked, EstimatorProvider, Provider
from assay.components.registry import estimators_in
from assay.errors import InputError, Position
from assay.reading.entries import short

GROUP = "assay.estimators"
SWITCH = "ASSAY_PLUGINS"
_NAME = re.compile(r"[A-Za-z_]\w*")
_ENTRY = re.compile(r"([^=]+?)\s*=\s*([\w.]+)\s*(?::\s*([\w.]+))?\s*(?:\[.*\])?$")


class Unavailable(Provider):
    """Stands for an estimator that cannot be loaded, so that people see it, and why."""

    def __init__(self, component: str, name: str, origin: str, trouble: str) -> None:
        self.component = component
        self.name = name
        self.origin = origin
        self.trouble = trouble

    @property
    def about(self) -> str:
        return self.trouble

    @property
    def actions(self) -> tuple[str, ...]:
        return ()

    @property
    def attributes(self) -> tuple[Attribute, ...]:
        return ()

    @property
    def source(self) -> str:
        return ""

    @property
    def uncertainty(self) -> float | None:
        return None

    def answer(self, asked: Asked) -> Estimate:
        raise Declined(self.trouble)


class InstalledProvider(Unavailable):
    """One entry point of an installed package, which is loaded when its component is asked for.

    Attributes:
        module, attribute: of the class; without attribute all estimators of the component in the module.
    """

    def __init__(self, name: str, module: str, attribute: str, origin: str) -> None:
        super().__init__(name.partition(".")[0], attribute or name, origin, "is not loaded yet")  # until unfolded
        self.module = module
        self.attribute = attribute
        self._found: tuple[Provider, ...] = ()

    def unfolded(self) -> tuple[Provider, ...]:
        """The estimators; where that goes wrong, one that says why."""
        if not self._found:
            try:
                self._found = tuple(EstimatorProvider(each, self.origin) for each in self._estimators())
            except InputError as error:
                self._found = (Unavailable(self.component, self.name, self.origin, error.message),)
        return self._found

    def _estimators(self) -> tuple[type[Estimator], ...]:
        """Raises InputError with a message that goes on from the name."""
        if switched_off():
            raise InputError(f"is switched off by {SWITCH}=off")
        try:
            loaded: object = import_module(self.module)
            for part in self.attribute.split(".") if self.attribute else ():
                loaded = getattr(loaded, part)
        except (Exception, SystemExit) as error:  # a plug-in may raise anything
            raise InputError(f"cannot be loaded: {type(error).__name__}: {short(str(error), 200)}") from error
        if isinstance(loaded, ModuleType):
            found = tuple(each for each in estimators_in(loaded.__dict__) if _component(each) in (self.component, ""))
            if not found:
                raise InputError(f"cannot be used: {self.module} holds no estimator of '{self.component}'")
        elif isinstance(loaded, type) and issubclass(loaded, Estimator):
            found = (loaded,)
        else:
            raise InputError(f"cannot be used: {self.module}:{self.attribute} is not a class of estimators")
        for each in found:
            if mistakes := mistakes_of(each):
                raise InputError(f"cannot be used: {each.__name__} {mistakes[0]}")
            if each.component != self.component:
                raise InputError(f"cannot be used: it estimates '{each.component}', not '{self.component}'")
        return found


def switched_off() -> bool:
    """Whether the environment forbids plug-ins."""
    return os.environ.get(SWITCH, "").lower() == "off"


def installed_providers() -> tuple[Provider, ...]:
    """One for every entry point of installed packages; nothing is imported yet."""
    found: dict[tuple[str, str], Provider] = {}
    for origin, text in _entry_points():
        for name, module, attribute in _listed(text):
            provider = InstalledProvider(name, module, attribute, origin)
            if (provider.component, provider.name) in found:
                provider.name = f"{provider.name} of {origin}"
            found[provider.component, provider.name] = provider
    return tuple(found.values())


def _entry_points() -> list[tuple[str, str]]:
    """(package and version, its entry_points.txt) of installed packages that have our group.

    As importlib.metadata finds them, whose import alone takes ten times as long; packages in zip files are not seen.
    """
    found: dict[str, tuple[str, str]] = {}
    for path in dict.fromkeys(sys.path):
        try:
            names = sorted(os.listdir(path or "."))
        except OSError:
            continue
        for name in names:
            stem, dot, kind = name.rpartition(".")
            if not dot or kind not in ("dist-info", "egg-info"):
                continue
            package, _, version = stem.partition("-")
            key = re.sub(r"[-_.]+", "-", package).lower()
            if key in found:
                continue  # the first on the path is the one that is imported
            found[key] = (f"package {package} {version.partition('-')[0]}".strip(), _text_of(path, name))
    return [(origin, text) for origin, text in found.values() if GROUP in text]


def _text_of(path: str, name: str) -> str:
    try:
        with open(os.path.join(path, name, "entry_points.txt"), encoding="utf-8") as file:
            return file.read()
    except (OSError, ValueError):
        return ""


def _listed(text: str) -> list[tuple[str, str, str]]:
    """(name, module, attribute) of each line of our group in an entry_points.txt."""
    found = []
    section = ""
    for line in map(str.strip, text.splitlines()):
        if line.startswith("["):
            section = line.strip("[] ")
        elif section == GROUP and (match := _ENTRY.match(line)):
            found.append((match[1], match[2], match[3] or ""))
    return found


def folder_providers(folder: Path, at: Position | None = None) -> tuple[Provider, ...]:
    """What the files of a folder estimate: .py, .csv (tables) and .yaml (ERT and ART).

    Files whose names begin with `_` or `.` are left out. Python files are run; they import their neighbours as
    `from ._helper import ...`.

    Args:
        at: where the folder is named.

    Raises:
        InputError: no such folder, nothing in it, or a file is wrong: names file and line.
    """
    if not folder.is_dir():
        raise InputError(f"there is no folder of plug-ins '{folder}'", at=at)
    files = sorted(each for each in folder.iterdir() if each.is_file() and each.name[0] not in "._")
    found: list[Provider] = []
    for file in files:
        if file.suffix == ".py":
            found += [EstimatorProvider(each, str(file)) for each in estimators_of(file)]
        elif file.suffix == ".csv":
            from assay.components.accelergy_tables import table_providers

            found += table_providers(file)
    references = tuple(file for file in files if file.suffix in (".yaml", ".yml"))
    if references:
        from assay.components.ert import reference_providers

        found += reference_providers(references)
    if not found:
        message = f"there is no plug-in in the folder '{folder}'"
        raise InputError(message, at=at, hint="it may hold .py, .csv and .yaml files whose names do not begin with _")
    return tuple(found)


def estimators_of(file: Path) -> tuple[type[Estimator], ...]:
    """The estimators in a Python file, which is run.

    Raises:
        InputError: plug-ins are switched off, the file cannot be run, or what it defines is no estimator.
    """
    if switched_off():
        raise InputError(f"plug-ins are not run, as {SWITCH}=off says", at=Position(str(file)))
    try:
        source = file.read_bytes()
        tree = ast.parse(source, str(file))
    except OSError as error:
        raise InputError(f"cannot read the file: {error.strerror}", at=Position(str(file))) from None
    except SyntaxError as error:
        raise InputError(f"not valid Python: {error.msg}", at=Position(str(file), error.lineno)) from None
    except ValueError as error:
        raise InputError(f"not valid Python: {error}", at=Position(str(file))) from None
    lines = {each.name: each.lineno for each in tree.body if isinstance(each, ast.ClassDef)}
    found = estimators_in(_run(file, tree).__dict__)
    if not found:
        message = "the file defines no estimator, a class that derives from Estimator"
        raise InputError(message, at=Position(str(file)), hint="names of files that hold none begin with _")
    for each in found:
        if mistakes := mistakes_of(each):
            place = Position(str(file), lines.get(each.__name__))
            raise InputError(f"{each.__name__} {mistakes[0]}", at=place, hint=_HINT)
    return found


_HINT = "docs/plugins.md shows one; assay.testing.check_estimator tests it"


def _run(file: Path, tree: ast.Module) -> ModuleType:
    """The module of a file. It belongs to a package made up for its folder, so that it can import its neighbours."""
    folder = file.resolve().parent
    package = f"_assay_plugins_{abs(hash(str(folder))):x}"
    if package not in sys.modules:
        sys.modules[package] = ModuleType(package)
        sys.modules[package].__path__ = [str(folder)]
    module = ModuleType(f"{package}.{file.stem}")
    module.__file__ = str(file)
    module.__package__ = package
    before = sys.modules.get(module.__name__)
    sys.modules[module.__name__] = module
    try:
        exec(compile(tree, str(file), "exec"), module.__dict__)
    except (Exception, SystemExit) as error:  # a plug-in may raise anything
        if before is None:
            del sys.modules[module.__name__]
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(file)]
        advice = _HINT if "non-frozen" in str(error) else None
        place = Position(str(file), lines[-1] if lines else None)
        message = f"running it failed: {type(error).__name__}: {short(str(error), 200)}"
        raise InputError(message, at=place, hint=advice) from error
    return module


def mistakes_of(estimator: type[Estimator]) -> tuple[str, ...]:
    """What is wrong with the class itself, each as a sentence that goes on from its name."""
    found = []
    if not isinstance(_component(estimator), str) or not _NAME.fullmatch(_component(estimator)):
        found.append('states no component: write such as component = "sram"')
    actions = getattr(estimator, "actions", None)
    if not isinstance(actions, tuple) or not all(isinstance(each, str) and _NAME.fullmatch(each) for each in actions):
        found.append('states no actions: write such as actions = ("read", "write")')
    if not isinstance(source := getattr(estimator, "source", None), str) or not source.strip():
        found.append("states no source: say where its figures come from")
    if not _is_share(getattr(estimator, "uncertainty", None)):
        found.append("states no uncertainty: a share such as 0.3")
    parameters = estimator.__dict__.get("__dataclass_params__")
    if parameters is None:
        found.append("lacks the decorator @dataclass(frozen=True, kw_only=True)")
    elif not all(each.kw_only for each in dataclasses.fields(estimator)):
        found.append("is not kw_only: write @dataclass(frozen=True, kw_only=True)")
    try:
        attributes = attributes_of(estimator)
    except TypeError:
        names = [each.name for each in dataclasses.fields(estimator) if "about" not in each.metadata]
        names.remove("technology")
        found.append(f"has the field '{names[0]}', which was not made by attribute(...)")
    else:
        odd = [each for each in attributes if each.kind not in ("int", "float", "str", "bool")]
        found += [f"has the attribute '{each.name}' of kind '{each.kind}': int, float, str or bool" for each in odd]
    return tuple(found)


def _component(estimator: type[Estimator]) -> str:
    return getattr(estimator, "component", "")


def _is_share(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < float("inf")
