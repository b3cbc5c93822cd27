"""The package that a Rego module states, read so that no parser can read another.

The first thing in a module that is no comment and no blank line must be ``package a.b.c``, alone on its line, in ASCII.
Rego knows other spellings (``package a["b"]``, or over several lines); they are refused, because who owns a package
is decided by it, before any engine has parsed the module.
"""

from __future__ import annotations

import re

from ..errors import PolicyError
from .names import odd_characters

_PACKAGE = re.compile(r"package[ \t]+([A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*)[ \t]*(?:#.*)?\r?")


def package_of(path: str, text: str) -> str:
    """The dotted package of a module.

    Args:
        path: of the module, for errors.
        text: its content.

    Raises:
        PolicyError: it does not begin with a plain ``package`` line.
    """
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if found := _PACKAGE.fullmatch(line):
            return found.group(1)
        odd = odd_characters(line)
        raise PolicyError(
            f"{path}:{number}: the module does not begin with its package",
            why=f"it has {odd}" if odd else f"found {line.strip()[:60]!r}",
            remedy="write 'package a.b.c' in ASCII letters, alone on its line, before anything else",
        )
    raise PolicyError(f"{path} has no package", why="it is empty", remedy="write 'package a.b.c'")


def encloses(outer: str, inner: str) -> bool:
    """True when one package is the other, or lies inside it: a rule of the outer one could define the inner one."""
    return inner == outer or inner.startswith(f"{outer}.")
