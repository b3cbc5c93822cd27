"""The passphrase of a key: from the variable ``PROBATUM_KEY_PASSPHRASE``, else asked for where there is a terminal.

A log's key has a variable of its own, because ``gate --log`` uses two keys that must differ.
"""

from __future__ import annotations

import os
import sys

import typer

from ..errors import UsageError

VARIABLE = "PROBATUM_KEY_PASSPHRASE"
LOG_VARIABLE = "PROBATUM_LOG_KEY_PASSPHRASE"


def passphrase(key: str | None = None) -> bytes | None:
    """The passphrase of an encrypted key, or the PIN of a token; None when there is none to be had.

    Args:
        key: as the user named it, so that each of several people knows which one is asked for.
    """
    return _asked(f"Passphrase of {key or 'the key'}", confirm=False)


def log_passphrase(key: str) -> bytes | None:
    """The same of a log's key: from its own variable, else as of any key.

    Args:
        key: as the user named it.
    """
    found = os.environ.get(LOG_VARIABLE)
    return found.encode() if found else passphrase(key)


def new_passphrase() -> bytes:
    """The passphrase for a new key, asked for twice.

    Raises:
        UsageError: there is none to be had.
    """
    found = _asked("New passphrase", confirm=True)
    if found:
        return found
    raise UsageError(
        "no passphrase for the new key",
        why=f"{VARIABLE} is not set, and there is no terminal to ask at",
        remedy="set the variable, or say --no-encrypt",
    )


def _asked(prompt: str, *, confirm: bool) -> bytes | None:
    if found := os.environ.get(VARIABLE):
        return found.encode()
    if not sys.stdin.isatty():
        return None
    text: str = typer.prompt(prompt, hide_input=True, confirmation_prompt=confirm, err=True)
    return text.encode()
