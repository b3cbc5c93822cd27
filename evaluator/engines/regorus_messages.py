"""What the embedded engine says, as one line for a user."""

from __future__ import annotations

import re
from difflib import get_close_matches

_UNKNOWN_FUNCTION = re.compile(r"could not find function ([\w.]+)")
_EXCERPT = re.compile(r"--> (.*):(\d+):(\d+)\n *\|\n *\d+ \| ?(.*)\n *\| *\^?\n?")
_TAB = 4
_OTHER_ENGINE = "use --engine opa"
_INSIDE = re.compile(r" \(path \[.*\], scopes \[.*\]\)")
_TAKEN_BY_OPA = {
    "expression nesting too deep": "name parts of it",
    "line exceeds maximum column width": "break the line",
    "cannot parse number": "write a number that a double can hold",
    "cannot parse string": "write the letter itself",
    "unexpected keyword": "where it begins the name of a rule choose another",
    "number specified for format verb": "use %v or %d",
}  # seen in a run of one module for each construct over both engines


def plain(error: BaseException) -> str:
    """An engine's message on one line: the place, what is wrong, and the other engine where that goes on.

    Args:
        error: what it raised; its backtrace and excerpts of the source are left out.
    """
    text = str(error).split("Stack backtrace:")[0].strip()
    found = _EXCERPT.match(text)
    rest = (text[found.end() :] if found else text).removeprefix("error: ")
    message = _INSIDE.sub("", " ".join(_EXCERPT.sub(lambda other: f"{_place(other)} ", rest).split()))
    unknown = _UNKNOWN_FUNCTION.search(message)
    told = _no_function(unknown.group(1)) if unknown else message + _other_engine(message)
    return f"{_place(found)}: {told}" if found else told


def characters(source: str, column: int) -> int:
    """A column in characters from the engine's, which counts four for a tab and bytes for everything else; from 1.

    Args:
        source: the line.
        column: the engine's.
    """
    reached = 1
    for number, letter in enumerate(source, start=1):
        if reached >= column:
            return number
        reached += _TAB if letter == "\t" else len(letter.encode())
    return len(source) + 1


def _place(found: re.Match[str]) -> str:
    path, line, column, source = found.groups()
    return f"{path}:{line}:{characters(source, int(column))}"


def _other_engine(message: str) -> str:
    return next((f"; {remedy}, or {_OTHER_ENGINE}" for known, remedy in _TAKEN_BY_OPA.items() if known in message), "")


def _no_function(name: str) -> str:
    from .dangers import builtins, lacking

    if name in lacking():
        return f"{name} is unknown to the embedded engine; {_OTHER_ENGINE}"
    close = get_close_matches(name, builtins() | lacking(), n=1, cutoff=0.8)
    return f"the embedded engine knows no function {name}" + (f"; did you mean {close[0]}?" if close else "")
