"""Rego modules as text: whose package they are."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

_PACKAGE = re.compile(r"^package\s+([A-Za-z_][\w.]*)", re.MULTILINE)


def package_of(text: str) -> str | None:
    """The dotted package of a module, or None when it has no such line."""
    found = _PACKAGE.search(text)
    return found.group(1) if found else None


def split(modules: Mapping[str, str], packages: Collection[str]) -> tuple[dict[str, dict[str, str]], dict[str, str]]:
    """Modules of each queried package, and the modules that all of them share.

    A module of a control that is not queried now is left out of both: it cannot change another control's outcome.

    Args:
        modules: path to text.
        packages: the packages that are queried.
    """
    own: dict[str, dict[str, str]] = {name: {} for name in packages}
    shared: dict[str, str] = {}
    for path, text in modules.items():
        package = package_of(text)
        if package in own:
            own[package][path] = text
        elif not path.startswith("controls/"):
            shared[path] = text
    return own, shared
