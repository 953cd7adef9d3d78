"""`assay dataflows`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def add_dataflows(commands: Commands, common: argparse.ArgumentParser) -> None:
    """Add `dataflows` to the commands of the command line."""
