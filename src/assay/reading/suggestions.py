"""`did you mean ...?`: the nearest of the names that would have been right."""

from __future__ import annotations

from collections.abc import Iterable


def nearest(name: str, options: Iterable[str]) -> str | None:
    """The option most like `name`, ignoring case, or None when none is alike. Ties: the first in order."""
    from difflib import get_close_matches  # costs a few ms to import and is needed for errors only

    by_lower: dict[str, str] = {}
    for option in options:
        by_lower.setdefault(option.lower(), option)
    found = get_close_matches(name[:100].lower(), list(by_lower), n=1, cutoff=0.6)
    return by_lower[found[0]] if found else None


def hint(name: str, options: Iterable[str], *, label: str = "allowed") -> str:
    """Advice after a name that is not among the options: the nearest one, and all of them."""
    listed = list(options)
    if not listed:
        return f"{label}: none"
    found = nearest(name, listed)
    everything = f"{label}: {', '.join(listed)}"
    return f"did you mean '{found}'? ({everything})" if found else everything
