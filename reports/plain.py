"""Untrusted words made fit to be shown.

Findings quote file names, package names and manifest fields that whoever is under assessment can choose. Shown as they
are, they could move a terminal's cursor and repaint a FAIL as a PASS (CWE-150, escape sequences), or reverse a line
(CVE-2021-42574, "Trojan Source"). A CI system obeys what is printed, too: a step's output ends the masking of secrets,
sets the variables of later steps, and reports a failed step as passed. Nothing is dropped in silence: what has no
honest appearance, or would be obeyed, is shown as its escape.
"""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Any

_INVISIBLE = frozenset(("Cc", "Cf", "Cs", "Co", "Zl", "Zp"))
"""Categories without an appearance: controls, format (bidi, zero width, tags), surrogates, private use, line breaks."""

_OBEYED = re.compile(r"(?<=#)#|(?<=:):(?=[A-Za-z])")
"""The second mark of what opens a command to a CI system, wherever a line may be folded: ``::name`` and ``##[name]`` of
GitHub's workflow commands, ``##vso[name]`` of Azure Pipelines' logging commands, ``##teamcity[name]`` of TeamCity's
service messages."""
_QUOTED = "    "
_SPACES = re.compile(r"[ \t\r\n\f\v]+")


def plain(value: object) -> str:
    r"""One line of text without control, bidirectional or invisible characters.

    Args:
        value: any value of a document; what is not a string is shown as JSON, and null as nothing.

    Returns:
        The text on one line: white space runs become one blank, every other invisible character its ``\u`` escape.
    """
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
    return _visible(_SPACES.sub(" ", text).strip())


def with_excerpts(text: str) -> str:
    """A message of several lines, of which those that begin with four blanks quote a source, with a caret below.

    Args:
        text: the message; what it quotes may be anybody's.

    Returns:
        The message on one line as ``plain`` gives it, then the quoted lines, which keep their blanks.
    """
    lines = text.split("\n")
    quoted = [_visible(line.expandtabs(1).rstrip()) for line in lines if line.startswith(_QUOTED)]
    return "\n".join([plain(" ".join(line for line in lines if not line.startswith(_QUOTED))), *quoted])


def json_text(value: Any) -> str:
    """Stable JSON for a file or a terminal: sorted keys, two blanks of indentation, one final newline.

    Strings keep their exact value, for what is invisible is written as a JSON escape, which only strings can hold.

    Raises:
        ValueError: the value holds NaN or an infinity, which JSON has not.
    """
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, indent=2, allow_nan=False)
    # JSON has escaped the other controls of ASCII itself
    if not text.isascii() or "\x7f" in text or _OBEYED.search(text):
        text = "\n".join(_visible(line) for line in text.split("\n"))
    return f"{text}\n"


def _visible(text: str) -> str:
    text = _OBEYED.sub(lambda found: _escape(found.group()), text)
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escape(mark) if unicodedata.category(mark) in _INVISIBLE else mark for mark in text)


def _escape(mark: str) -> str:
    code = ord(mark)
    if code <= 0xFFFF:
        return f"\\u{code:04x}"
    code -= 0x10000
    return f"\\u{0xD800 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"
