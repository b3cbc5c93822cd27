"""The defects of the insecure example that cannot be written by hand."""

from __future__ import annotations

import struct
from pathlib import Path


def malicious_pickle() -> bytes:
    """A pickle that runs a shell command when it is loaded, put together opcode by opcode; it is never loaded here.

    It stands for ``{"coefficients": [...], "format": os.system("...")}``, as a ``__reduce__`` method leaves it behind.
    """
    command = "echo this command ran because a model was loaded"
    return b"".join(
        (
            b"\x80\x04",  # PROTO 4
            b"}(",  # EMPTY_DICT, MARK
            _text("coefficients"), _floats(0.37, -0.12, 1.08),
            _text("format"), _text("os"), _text("system"), b"\x93",  # STACK_GLOBAL
            _text(command), b"\x85R",  # TUPLE1, REDUCE
            b"u.",  # SETITEMS, STOP
        )
    )  # fmt: skip


def harmless_pickle() -> bytes:
    """A pickle of three numbers: nothing wrong with it but that nobody declared it."""
    return b"\x80\x04" + _floats(0.37, -0.12, 1.08) + b"."


def lock_with_defects(lock: str, joblib: str, folder: Path) -> None:
    """A requirements file with an extra index, a package without version or hash, and a vulnerable one.

    Args:
        lock: the text of the good lock file.
        joblib: the entry, with hashes, of the vulnerable joblib.
        folder: of the insecure example.
    """
    entries = [joblib if entry.startswith("joblib==") else entry for entry in _entries(lock)]
    entries = [entry for entry in entries if not entry.startswith("numpy==")]
    text = "--extra-index-url https://packages.internal.example.com/simple\n" + "".join(entries)
    text += "numpy>=1.26\nhospital-features==0.3.1\n"
    (folder / "requirements.txt").write_text(text)


def entry_of(lock: str, package: str) -> str:
    """One package's lines of a lock file."""
    return next(entry for entry in _entries(lock) if entry.startswith(f"{package}=="))


def _entries(lock: str) -> list[str]:
    entries: list[str] = []
    for line in lock.splitlines(keepends=True):
        if line.startswith("#"):
            continue
        if line.startswith(" ") and entries:
            entries[-1] += line
        else:
            entries.append(line)
    return entries


def _text(value: str) -> bytes:
    data = value.encode()
    return b"\x8c" + bytes((len(data),)) + data  # SHORT_BINUNICODE


def _floats(*values: float) -> bytes:
    return b"](" + b"".join(b"G" + struct.pack(">d", value) for value in values) + b"e"  # EMPTY_LIST, MARK, …, APPENDS
