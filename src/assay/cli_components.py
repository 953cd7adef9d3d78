"""`assay components`, `assay estimate`, `assay area`: what there is, what one costs, what a chip is made of.

As in `assay.cli`, everything heavy is imported inside the commands.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from assay.cli_outputs import add_json, json_target, show
from assay.errors import InputError

if TYPE_CHECKING:
    from assay.components.registry import Registry
    from assay.components.technology import Technology

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

OWN_OPTIONS = ("technology", "estimator", "hardware", "plugins", "json")
"""Options of `assay estimate` that are no attributes."""

ESTIMATE_USAGE = """\
assay estimate COMPONENT [--ATTRIBUTE VALUE ...] [--technology TEXT]
                      [--estimator NAME] [--hardware FILE]
                      [--plugins FOLDER] [--json FILE]"""


def add_components(commands: Commands, common: argparse.ArgumentParser) -> None:
    """Add `area`, `components` and `estimate` to the commands of the command line."""
    area = commands.add_parser(
        "area",
        parents=[common],
        help="area and leakage of a chip, by component",
        description="Area and leakage of a chip by component, and what is not modelled.",
    )
    area.add_argument("hardware", metavar="HARDWARE", help="a built-in name or a YAML file")
    add_json(area)
    area.set_defaults(command=_area)
    listing = commands.add_parser(
        "components",
        parents=[common],
        help="list the components that can be estimated",
        description="List the components that can be estimated, or all that is to be known of one.",
    )
    listing.add_argument("component", metavar="NAME", nargs="?", help="only this one, with ranges and source")
    listing.add_argument(
        "--hardware", metavar="FILE", help="with the components and plug-ins of a built-in chip or a file"
    )
    listing.add_argument("--plugins", metavar="FOLDER", help="with the estimators in a folder")
    add_json(listing)
    listing.set_defaults(command=_components)
    estimate = commands.add_parser(
        "estimate",
        parents=[common],
        help="what one component costs",
        usage=ESTIMATE_USAGE,
        description="Energy per action, area, leakage and cycle time of one component, with range and source. "
        "`assay components NAME` lists its attributes.",
    )
    estimate.add_argument("component", metavar="COMPONENT", help="such as sram; `assay components` lists them")
    estimate.add_argument(
        "rest",
        metavar="--ATTRIBUTE VALUE",
        nargs=argparse.REMAINDER,
        help="attributes such as --depth 16384 --width 64, and --technology, --estimator, --hardware (for the "
        "components and plug-ins of a file), --plugins (a folder of estimators), --json (a file, or - for stdout)",
    )
    estimate.set_defaults(command=_estimate)


def _registry(hardware: str | None, plugins: str | None) -> tuple[Registry, Technology | None]:
    """Everybody who can answer, with those that a file or a folder adds; and the technology of the file."""
    from pathlib import Path

    from assay.components.plugins import with_folder
    from assay.components.registry import default_registry

    registry, technology = default_registry(), None
    if hardware is not None:
        from assay.hardware.presets import load_pricer

        pricer = load_pricer(hardware)
        registry, technology = pricer.registry, pricer.technology
    if plugins is not None:
        registry = with_folder(registry, Path(plugins))
    return registry, technology


def _area(options: argparse.Namespace) -> None:
    from assay.hardware.design import design_to_dict
    from assay.hardware.presets import load_hardware
    from assay.report.components import render_area

    target = json_target(options.json, {"hardware": options.hardware})
    hardware = load_hardware(options.hardware)
    show(
        target,
        lambda: design_to_dict(hardware),
        lambda width, color: render_area(hardware, width=width, color=color),
    )


def _components(options: argparse.Namespace) -> None:
    from assay.components.hwcomponents_adapter import model_names
    from assay.metrics.listings import components_to_dict
    from assay.report.components import render_component, render_component_list

    target = _target(options.json, options.hardware, options.plugins)
    registry, _ = _registry(options.hardware, options.plugins)
    if options.component is not None:
        found = registry.providers(options.component)
        show(
            target,
            lambda: components_to_dict(found),
            lambda width, color: render_component(found, width=width, color=color),
        )
        return
    providers = [provider for name in registry.components for provider in registry.providers(name)]
    troubles = list(registry.troubles)
    try:
        providers += [provider for name in model_names() for provider in registry.providers(name)]
    except InputError as error:  # a package of models that is installed and cannot be loaded
        troubles.append(error.message)
    show(
        target,
        lambda: components_to_dict(providers, troubles),
        lambda width, color: render_component_list(providers, troubles, width=width, color=color),
    )


def _estimate(options: argparse.Namespace) -> None:
    own, attributes = _attributes(options)
    if own.pop("help", None) is not None:
        options.hardware, options.plugins, options.json = (own.get(name) for name in ("hardware", "plugins", "json"))
        return _components(options)
    from assay.components.registry import estimate
    from assay.report.components import estimate_line, render_parts

    target = _target(own.get("json"), own.get("hardware"), own.get("plugins"))
    registry, technology = _registry(own.get("hardware"), own.get("plugins"))
    found = estimate(
        options.component,
        technology=own.get("technology", technology),
        estimator=own.get("estimator"),
        registry=registry,
        **attributes,
    )
    show(
        target,
        lambda: {"schema": "assay.estimate/1"} | found.to_dict(),
        lambda *_: f"{estimate_line(found)}\n{render_parts(found)}",
    )


def _attributes(options: argparse.Namespace) -> tuple[dict[str, str], dict[str, str]]:
    """The command's own options and the component's attributes, from `--name value` and `--name=value`."""
    own: dict[str, str] = {}
    attributes: dict[str, str] = {}
    rest = list(options.rest)
    while rest:
        word = rest.pop(0)
        if word in ("-h", "--help"):
            own["help"] = ""
            continue
        if word == "--debug":
            continue
        if not word.startswith("--"):
            raise InputError(f"'{word}' is not an attribute", hint="write attributes as --depth 1024")
        name, equals, value = word[2:].partition("=")
        if not equals:
            if not rest or (rest[0].startswith("--") and len(rest[0]) > 2):
                raise InputError(f"--{name} is given no value", hint=f"write --{name} VALUE")
            value = rest.pop(0)
        name = name.replace("-", "_")
        if name in own or name in attributes:
            raise InputError(f"--{name} is given twice")
        (own if name in OWN_OPTIONS else attributes)[name] = value
    return own, attributes


def _target(path: str | None, hardware: str | None, plugins: str | None) -> str | None:
    """Where JSON goes, checked before the work: neither onto a file that is read, nor into a folder of plug-ins."""
    from pathlib import Path

    written = None if path is None or path == "-" else Path(path)
    if written is not None and plugins is not None and written.resolve().parent == Path(plugins).resolve():
        raise InputError(f"--json {path} would be written among the plug-ins", hint="name another folder")
    return json_target(path, {"hardware": hardware})
