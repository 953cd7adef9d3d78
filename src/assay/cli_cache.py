"""`assay cache`: where the results of searches are kept, how many, and an end to them.

As in `assay.cli`, everything heavy is imported inside the command.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def add_cache(commands: Commands, common: argparse.ArgumentParser) -> None:
    """Add `cache` to the commands of the command line."""
    parser = commands.add_parser(
        "cache",
        parents=[common],
        help="show or empty the cache of searches",
        description="Show where the results of searches are kept, and how many there are. ASSAY_CACHE=FOLDER names "
        "another folder, ASSAY_CACHE=off keeps none.",
    )
    parser.add_argument("--clear", action="store_true", help="remove them all")
    parser.set_defaults(command=_cache)


def _cache(options: argparse.Namespace) -> None:
    from assay.errors import InputError, Position
    from assay.mapper.store import Store, cache_folder
    from assay.reading.words import plural
    from assay.report.output import print_text

    folder = cache_folder()
    if folder is None:
        print_text("the cache is off\n")
        return
    store = Store(folder)
    if options.clear:
        try:
            removed = store.clear()
        except OSError as error:
            raise InputError(f"cannot empty the cache: {error.strerror or error}", at=Position(str(folder))) from None
        print_text(f"{folder}: {plural(removed, 'result')} removed\n")
        return
    sizes = [size for _, size in store.entries()]
    print_text(f"{folder}: {plural(len(sizes), 'result')}, {sum(sizes):,} bytes\n")
