"""Entries on disk: whole or not there, whoever writes at the same time and whenever the power goes.

An entry is a file of its own below one of 256 folders. It is written under another name, forced to the disk and put
in its place in one step; its first line has the form, the key and a checksum, and what does not agree with that line is
not an entry. Each of the 256 folders keeps to its share of the limit and drops its oldest entries, so that no writer
ever looks at more than a few hundred files.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

FORM = "assay-cache/1"
VARIABLE = "ASSAY_CACHE"
"""The environment variable that names another folder, or says `off`."""

LIMIT = 200_000_000
"""Bytes on disk that all entries together may take."""

_SHARDS = 256
_BLOCK = 4096
_ABANDONED = 3600.0
"""Seconds after which an unfinished file belongs to a writer that was killed."""

_ENTRY = re.compile(r"[0-9a-f]{64}")
_UNFINISHED = re.compile(r"\.[0-9a-f]{64}\.[0-9a-f]{16}")


def cache_folder() -> Path | None:
    """Where this user's entries are; None where ASSAY_CACHE says `off` or the user has no home."""
    told = os.environ.get(VARIABLE, "").strip()
    if told.lower() == "off":
        return None
    try:
        return Path(told).expanduser().absolute() if told else _user_caches() / "assay"
    except (RuntimeError, OSError):
        return None


def _user_caches() -> Path:
    """The folder that the system has for the caches of this user. Raises RuntimeError if there is no home."""
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA")
        return Path(local) if local else Path.home() / "AppData" / "Local"
    xdg = os.environ.get("XDG_CACHE_HOME", "")
    if os.path.isabs(xdg):  # others are to be ignored, says the standard
        return Path(xdg)
    return Path.home() / ("Library/Caches" if sys.platform == "darwin" else ".cache")


@dataclass(frozen=True, slots=True)
class Store:
    """The entries below one folder, by key: 64 hexadecimal digits.

    Attributes:
        folder: need not exist; files in it that are not ours are never touched.
        limit: bytes on disk that all entries together may take.
    """

    folder: Path
    limit: int = LIMIT

    def path(self, key: str) -> Path:
        """Where the entry of that key is, if there is one."""
        return self.folder / key[:2] / key

    def read(self, key: str) -> bytes | None:
        """What was written under the key; None if there is nothing, or nothing whole."""
        try:
            head, _, content = self.path(key).read_bytes().partition(b"\n")
        except OSError:
            return None
        return content if head == _head(key, content) else None

    def write(self, key: str, content: bytes) -> None:
        """Write an entry, or replace it. Raises OSError where the folder or the disk does not allow it."""
        path = self.path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(f".{key}.{secrets.token_hex(8)}")
        try:
            with open(unfinished, "xb") as file:
                file.write(_head(key, content) + b"\n" + content)
                file.flush()
                os.fsync(file.fileno())  # else a power cut could leave the name without the content
            os.replace(unfinished, path)
        except BaseException:
            with suppress(OSError):
                unfinished.unlink(missing_ok=True)
            raise
        self._trim(path)

    def entries(self) -> Iterator[tuple[Path, int]]:
        """(file, bytes) of every entry, in no order."""
        for shard in self._shards():
            for path, status in _files(shard):
                if _ENTRY.fullmatch(path.name):
                    yield path, status.st_size

    def clear(self) -> int:
        """Remove all entries, and what killed writers left behind. Returns how many entries it removed.

        Raises OSError where the system does not allow it.
        """
        removed = 0
        for shard in self._shards():
            for path, _ in _files(shard):
                if _ENTRY.fullmatch(path.name) or _UNFINISHED.fullmatch(path.name):
                    path.unlink(missing_ok=True)
                    removed += _ENTRY.fullmatch(path.name) is not None
        return removed

    def _shards(self) -> Iterator[Path]:
        return (self.folder / f"{index:02x}" for index in range(_SHARDS))

    def _trim(self, newest: Path) -> None:
        """Drop the oldest files beside a new entry until the folder takes no more than its share."""
        found = [(status.st_mtime, path, _on_disk(status)) for path, status in _files(newest.parent)]
        total, now = sum(size for _, _, size in found), time.time()
        for written, path, size in sorted(found):
            abandoned = now - written > _ABANDONED and _UNFINISHED.fullmatch(path.name)
            beyond = total > self.limit // _SHARDS and _ENTRY.fullmatch(path.name) and path != newest
            if abandoned or beyond:
                with suppress(OSError):
                    path.unlink(missing_ok=True)
                    total -= size


def _head(key: str, content: bytes) -> bytes:
    return f"{FORM} {key} {hashlib.sha256(content).hexdigest()}".encode()


def _files(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """The plain files of a folder that are still there when looked at."""
    with suppress(OSError), os.scandir(folder) as items:
        for item in items:
            with suppress(OSError):
                if item.is_file(follow_symlinks=False):
                    yield Path(item.path), item.stat(follow_symlinks=False)


def _on_disk(status: os.stat_result) -> int:
    """Bytes that a file takes, in whole blocks."""
    return -(-status.st_size // _BLOCK) * _BLOCK
