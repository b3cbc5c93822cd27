"""What the user may have meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A remedy for an unknown name: the nearest known one, or all of them."""
    names = sorted(known)
    upper = {candidate.casefold(): candidate for candidate in names}
    near = difflib.get_close_matches(name.casefold(), list(upper), n=1, cutoff=0.6)
    if near:
        return f"did you mean {upper[near[0]]!r}?"
    return f"known: {', '.join(names)}" if names else "none is known here"
