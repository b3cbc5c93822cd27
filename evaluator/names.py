"""Names that look like others: which characters of a name are not what they seem, and which names differ only in case.

Ids, paths and packages are ASCII. A look-alike (``МODEL-01`` with a Cyrillic letter, ``ＭODEL-01`` in full width) would
stand beside the real one in every list and decide something else, so it is refused, with its code points named
(Unicode Technical Standard 39, "Confusable Detection", chooses tables instead; plain ASCII needs none).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable


def odd_characters(text: str) -> str:
    """The characters of a text that are not printable ASCII, each once, as ``U+041C CYRILLIC CAPITAL LETTER EM``."""
    odd = dict.fromkeys(character for character in text if not " " <= character <= "~")
    return ", ".join(f"U+{ord(item):04X} {unicodedata.name(item, 'without a name')}" for item in odd)


def twins(names: Iterable[str]) -> tuple[str, str] | None:
    """Two different names that are the same where case is ignored; None when there are none.

    Such names are one file on some file systems, and one name to a hasty reader.
    """
    seen: dict[str, str] = {}
    for name in sorted(names):
        earlier = seen.setdefault(name.casefold(), name)
        if earlier != name:
            return earlier, name
    return None
