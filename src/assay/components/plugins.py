"""Estimators that come from elsewhere: from installed packages, and from a folder that a hardware file names.

A package lists its estimators in the entry-point group `assay.estimators`:

    [project.entry-points."assay.estimators"]
    sram = "my_package.memories:MySram"            # NAME = MODULE:CLASS
    "mac.posit" = "my_package.arithmetic"          # or a module, all of whose estimators of `mac` are taken

The name is that of the component; what follows a dot only keeps names apart. So nothing is imported before somebody
asks for that component. What cannot be loaded breaks nothing: it stands among those that were asked, with the reason.

A plug-in is code that runs. With `ASSAY_PLUGINS=off` in the environment none does. What it prints goes to stderr, and
the working directory is put back after it.
"""

from __future__ import annotations

import ast
import dataclasses
import os
import re
import sys
from collections.abc import Iterator
from importlib import import_module, invalidate_caches
from pathlib import Path
from types import ModuleType
from typing import TypeGuard

from assay.components.estimate import Estimate
from assay.components.estimator import Attribute, Declined, Estimator, attributes_of
from assay.components.provider import Asked, EstimatorProvider, Provider, contained, line_in, told
from assay.components.registry import Registry, estimators_in
from assay.errors import InputError, Position
from assay.reading.entries import short
from assay.reading.units import Dimension

GROUP = "assay.estimators"
SWITCH = "ASSAY_PLUGINS"
_ON = ("", "on", "1", "yes", "true")
_OFF = ("off", "0", "no", "false")
RESERVED = frozenset(
    ("class", "count", "technology", "estimator", "per_cycle", "json", "hardware", "plugins", "help", "debug")
)
"""Keys of hardware files and options of the command line, which no attribute may be named like."""
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
            with contained():
                loaded: object = import_module(self.module)
                for part in self.attribute.split(".") if self.attribute else ():
                    loaded = getattr(loaded, part)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # a plug-in may raise anything
            raise InputError(f"cannot be loaded: {told(error)}") from error
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
    """Whether the environment forbids plug-ins. Raises InputError where it says neither that nor the contrary."""
    word = os.environ.get(SWITCH, "").strip().lower()
    if word not in (*_ON, *_OFF):
        advice = f"off, 0, no or false: none is run; {', '.join(_ON[1:-1])} or true, or nothing at all: they are"
        raise InputError(f"{SWITCH}={short(word)} says neither on nor off", hint=advice)
    return word in _OFF


def installed_providers() -> tuple[Provider, ...]:
    """One for every entry point of installed packages; nothing is imported yet.

    Raises:
        InputError: the environment does not say clearly whether plug-ins may run.
    """
    switched_off()
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
    try:
        files = sorted(each for each in folder.iterdir() if each.is_file() and each.name[0] not in "._")
    except FileNotFoundError:
        raise InputError(f"there is no folder of plug-ins '{short(str(folder), 200)}'", at=at) from None
    except (OSError, ValueError) as error:  # no folder, not readable, not a name
        why = getattr(error, "strerror", None) or error
        raise InputError(f"cannot read the folder of plug-ins '{short(str(folder), 200)}': {why}", at=at) from None
    _forget(folder)
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
    for each in found:
        each.own = True
    return tuple(found)


def with_folder(registry: Registry, folder: Path, at: Position | None = None) -> Registry:
    """The registry, and what the files of a folder estimate; a folder that it has already changes nothing.

    Args:
        at: where the folder is named.

    Raises:
        InputError: as for `folder_providers`; or two estimators of one name answer for the same component.
    """
    found = folder_providers(folder, at)
    if all(_is_there(each, registry) for each in found):
        return registry
    try:
        return registry.with_providers(found)
    except InputError as error:
        raise InputError(error.message, at=at, hint=error.hint) from None


def _is_there(provider: Provider, registry: Registry) -> bool:
    """Whether the registry has a provider of the same name from the same files."""
    if provider.component not in registry.components:
        return False
    files = _files(provider)
    return any(each.own and _files(each) == files for each in registry.providers(provider.component))


def _files(provider: Provider) -> tuple[str, ...]:
    return tuple(os.path.realpath(each) for each in provider.origin.split(", "))


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


def _package(folder: Path) -> str:
    """The name of the package made up for a folder, through which its files import their neighbours."""
    return f"_assay_plugins_{abs(hash(str(folder.resolve()))):x}"


def _forget(folder: Path) -> None:
    """Drop the modules of an earlier load, so that every file is read as it is now."""
    package = _package(folder)
    for name in [each for each in sys.modules if each == package or each.startswith(f"{package}.")]:
        del sys.modules[name]
    invalidate_caches()


def _run(file: Path, tree: ast.Module) -> ModuleType:
    """The module of a file; no compiled files are left beside it."""
    package = _package(file.parent)
    if package not in sys.modules:
        sys.modules[package] = ModuleType(package)
        sys.modules[package].__path__ = [str(file.resolve().parent)]
    module = ModuleType(f"{package}.{file.stem}")
    module.__file__ = str(file)
    module.__package__ = package
    sys.modules[module.__name__] = module
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        with contained():
            exec(compile(tree, str(file), "exec"), module.__dict__)
    except BaseException as error:  # a plug-in may raise anything
        _forget(file.parent)
        if isinstance(error, KeyboardInterrupt):
            raise
        message = f"running it failed: {told(error)}"
        advice = _HINT if "non-frozen" in message else None
        raise InputError(message, at=Position(str(file), line_in(str(file), error)), hint=advice) from error
    finally:
        sys.dont_write_bytecode = before
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
        fields = [each for each in dataclasses.fields(estimator) if each.name != "technology"]
        odd = next(each.name for each in fields if not each.metadata.keys() >= _SAID)
        found.append(f"has the field '{odd}', which was not made by attribute(...)")
    else:
        names = [each.name for each in dataclasses.fields(estimator) if each.metadata]
        taken = [name for name in names if name in RESERVED]
        found += [f"has the attribute '{name}', which hardware files or commands mean otherwise" for name in taken]
        hidden = [name for name in names if hasattr(Estimator, name) and name not in taken]
        found += [f"has the attribute '{name}', which hides what every estimator has" for name in hidden]
        found += [f"has the attribute '{each.name}' {wrong}" for each in attributes for wrong in _mistakes_in(each)]
    return tuple(found)


_SAID = {"about", "unit", "minimum", "maximum", "above", "valid", "choices"}
_KINDS = {"int": int, "float": int | float, "str": str, "bool": bool}


def _mistakes_in(known: Attribute) -> Iterator[str]:
    """What is wrong with an attribute, each as words that go on from its name."""
    if known.kind not in _KINDS:
        yield f"of kind '{known.kind}': int, float, str or bool"
        return
    if not isinstance(known.about, str) or not known.about.strip():
        yield "that does not say what it is"
    if not isinstance(known.unit, Dimension):
        yield f"with the unit {short(repr(known.unit))}: take one of assay.reading.units, such as SIZE"
    if not isinstance(known.choices, tuple) or not all(isinstance(each, str) for each in known.choices):
        yield f'with the choices {short(repr(known.choices))}: write such as choices=("dense", "fast")'
    elif known.choices and known.kind != "str":
        yield f"with choices, but of kind '{known.kind}'"
    elif known.choices and known.default not in (None, *known.choices):
        yield f"whose default {short(repr(known.default))} is not among its choices"
    if not all(_is_number(each) for each in (known.minimum, known.maximum, known.above)):
        yield "with a limit that is no number"
    else:
        yield from _mistakes_in_values(known)


def _mistakes_in_values(known: Attribute) -> Iterator[str]:
    """What is wrong with the default and the range, by kind and limits."""
    default, kind = known.default, _KINDS[known.kind]
    if default is not None and (not isinstance(default, kind) or isinstance(default, bool) != (kind is bool)):
        yield f"whose default {short(repr(default))} is no {known.kind}"
    elif isinstance(default, int | float) and not isinstance(default, bool) and not _possible(known, default):
        yield f"whose default {short(repr(default))} is not possible by its limits"
    if known.valid is None:
        return
    if not isinstance(known.valid, tuple) or len(known.valid) != 2 or not all(map(_is_number, known.valid)):
        yield f"with the range {short(repr(known.valid))}: write such as valid=(1, 64)"
    elif known.valid[0] > known.valid[1]:
        yield f"whose range {known.valid} is empty"
    elif odd := [each for each in known.valid if not _possible(known, each)]:
        yield f"whose range goes to {odd[0]:g}, which is not possible by its limits"


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and value == value


def _possible(known: Attribute, value: float) -> bool:
    return known.above < value and known.minimum <= value <= known.maximum


def _component(estimator: type[Estimator]) -> str:
    return getattr(estimator, "component", "")


def _is_share(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < float("inf")
