"""What the embedded engine says, as one line for a user."""

from __future__ import annotations

import re

_UNKNOWN_FUNCTION = re.compile(r"could not find function ([\w.]+)|unknown (?:builtin|function) ([\w.]+)")


def plain(error: BaseException) -> str:
    """An engine's message on one line, without its backtrace and source excerpt."""
    text = str(error).split("Stack backtrace:")[0].strip()
    place = re.search(r"--> (\S+)", text)
    message = text.rsplit("error: ", 1)[-1].strip() if "error: " in text else text
    unknown = _UNKNOWN_FUNCTION.search(message)
    if unknown:
        name = unknown.group(1) or unknown.group(2)
        message = f"{name} is unknown to the embedded engine: this construct needs --engine opa"
    message = " ".join(message.split())
    return f"{place.group(1)}: {message}" if place else message
