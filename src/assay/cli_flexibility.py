"""`assay flexibility`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def add_flexibility(commands: Commands, common: argparse.ArgumentParser) -> None:
    """Add `flexibility` to the commands of the command line."""
