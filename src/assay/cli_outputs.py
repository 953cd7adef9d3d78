"""What every command that judges can write: JSON, Markdown, LaTeX, pictures, HTML; and how it is delivered."""

from __future__ import annotations

import argparse
import os
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from assay.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assay.report.section import Section

FORMS = ("json", "markdown", "latex", "html")


@dataclass(frozen=True, slots=True)
class Product:
    """What a command has to show.

    Attributes:
        title: the first line of every form.
        to_dict: the data, with its schema.
        sections: what screen, tables, pictures and HTML are made of.
        summary: a sentence below the title.
        screen: the text for the screen, from its width and whether it has colour; None: the sections.
        more: forms that only this command has, and their texts.
    """

    title: str
    to_dict: Callable[[], dict[str, Any]]
    sections: Callable[[], Sequence[Section]]
    summary: str = ""
    screen: Callable[[int | None, bool], str] | None = None
    more: Mapping[str, Callable[[], str]] = field(default_factory=dict)


def add_json(parser: argparse.ArgumentParser) -> None:
    """Add `--json` to a command that writes nothing else."""
    parser.add_argument("--json", metavar="FILE", help="write it as JSON; with - to stdout, and nothing else")


def json_target(path: str | None, read: Mapping[str, str | None] | None = None) -> str | None:
    """The file, or `-`, checked before the work; None where no JSON is asked for.

    Args:
        read: what it is -> file that is read, if there is one, and must not be written.
    """
    if path is None:
        return None
    from assay.report.output import check_outputs

    inputs = {what: name for what, name in (read or {}).items() if name is not None}
    return check_outputs({"--json": path}, inputs)["--json"]


def show(target: str | None, data: Callable[[], dict[str, Any]], screen: Callable[[int | None, bool], str]) -> None:
    """Write the JSON, if it is asked for; then the screen, unless the JSON goes to stdout.

    Args:
        target: as of `json_target`.
        screen: the text, from its width and whether it has colour.
    """
    from assay.report.output import STDOUT, print_text, screen_color, screen_width, write_text

    if target == STDOUT:
        print_text(json_text(data()))
        return
    if target is not None:
        write_text(target, json_text(data()))
    print_text(screen(screen_width(), screen_color()))


def add_outputs(parser: argparse.ArgumentParser) -> None:
    """Add `--json`, `--markdown`, `--latex`, `--html`, `--plot` and `--explain`."""
    group = parser.add_argument_group("output")
    group.add_argument("--json", metavar="FILE", help="write the result as JSON; with - to stdout, and nothing else")
    group.add_argument("--markdown", metavar="FILE", help="write the tables as Markdown; - as above")
    group.add_argument("--latex", metavar="FILE", help="write the tables as LaTeX; - as above")
    group.add_argument("--html", metavar="FILE", help="write one HTML file with everything, pictures included")
    group.add_argument("--plot", metavar="DIR", help="draw the pictures into a folder, as SVG, PDF and PNG")
    group.add_argument("--explain", action="store_true", help="formula, operands and source below every figure")


def check_product_outputs(
    options: argparse.Namespace, read: Mapping[str, str], more: Sequence[str] = ()
) -> dict[str, str]:
    """Form -> file or `-`, checked before the work; pictures too, for want of matplotlib.

    Args:
        read: what it is -> file that is read, and must not be written.
        more: forms that only this command has.
    """
    from assay.report.output import check_outputs

    wanted = {f"--{form}": target for form in (*FORMS, *more) if (target := getattr(options, form)) is not None}
    found = check_outputs(wanted, read)
    if options.plot is not None or options.html is not None:
        _check_pictures(options.plot)
    for option, target in found.items():
        if options.plot is not None and os.path.realpath(target) == os.path.realpath(options.plot):
            raise InputError(f"{option} and --plot name the same, {target}", hint="write to a file and to a folder")
    return {option.removeprefix("--"): target for option, target in found.items()}


def deliver(product: Product, outputs: Mapping[str, str], options: argparse.Namespace) -> None:
    """Write the files and pictures; then the screen, unless a form goes to stdout."""
    from assay.report.output import STDOUT, print_text, screen_color, screen_width, write_text

    product = replace(product, sections=cache(product.sections))  # made once for all forms
    texts = {**_texts(product, _command_line(options)), **product.more}
    for form, target in outputs.items():
        if target != STDOUT:
            write_text(target, texts[form]())
    if options.plot is not None:
        from assay.report.pictures import save_pictures
        from assay.report.section import all_pictures

        save_pictures(options.plot, all_pictures(product.sections()))
    piped = [form for form, target in outputs.items() if target == STDOUT]
    if piped:
        print_text(texts[piped[0]]())
        return
    if product.screen is not None:
        print_text(product.screen(screen_width(), screen_color()))
        return
    from assay.report.section import render_sections

    print_text(
        render_sections(
            product.title,
            product.sections(),
            summary=product.summary,
            width=screen_width(),
            color=screen_color(),
            explain=options.explain,
        )
    )


def _command_line(options: argparse.Namespace) -> str:
    """What the user typed; empty where it is not known."""
    typed = getattr(options, "typed", ())
    return shlex.join(("assay", *typed)) if typed else ""


def _texts(product: Product, command: str) -> dict[str, Callable[[], str]]:
    def markdown() -> str:
        from assay.report.section import to_markdown_text

        return to_markdown_text(product.sections())

    def latex() -> str:
        from assay.report.section import to_latex_text

        return to_latex_text(product.sections())

    def html() -> str:
        from assay.report.html import html_report

        return html_report(product.title, product.sections(), summary=product.summary, command=command)

    return {
        "json": lambda: json_text(product.to_dict()),
        "markdown": markdown,
        "latex": latex,
        "html": html,
    }


def json_text(data: dict[str, Any]) -> str:
    """JSON text, ending in a line break."""
    import json

    return json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _check_pictures(folder: str | None) -> None:
    """Raise before the work, not after it."""
    from importlib.util import find_spec
    from pathlib import Path

    from assay.errors import UnsupportedError

    if find_spec("matplotlib") is None:
        raise UnsupportedError("pictures need matplotlib", hint="pip install matplotlib (the extra 'plot' of assay)")
    if folder is None:
        return
    there = Path(folder).absolute()
    while not there.exists() and there != there.parent:
        there = there.parent
    if not folder or not there.is_dir():
        raise InputError(f"--plot: '{folder}' is not a folder")
    if not os.access(there, os.W_OK):
        raise InputError(f"--plot: nothing can be written into {there}", hint="name another folder")
