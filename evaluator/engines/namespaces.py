"""Packages of one policy set, moved under roots that no other set on the same OPA server has."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ... import strict_json
from .modules import package_of

_TAG_LENGTH = 16


@dataclass(frozen=True)
class Namespace:
    """How the packages of a set are renamed on a server.

    Args:
        tag: from the digest of the modules.
        roots: first parts of their packages.
    """

    tag: str
    roots: tuple[str, ...]

    @classmethod
    def of(cls, modules: Mapping[str, str]) -> Namespace:
        """The namespace of a set of modules (path to text)."""
        packages = (package_of(text) for text in modules.values())
        roots = {name.split(".")[0] for name in packages if name is not None}
        return cls(strict_json.digest(dict(modules))[:_TAG_LENGTH], tuple(sorted(roots)))

    def moved(self, package: str) -> str:
        """A package's name on the server."""
        root, dot, rest = package.partition(".")
        return f"{root}_{self.tag}{dot}{rest}" if root in self.roots else package

    def rewritten(self, text: str) -> str:
        """A module with its package, and every reference to a package of the set, renamed."""
        for root in self.roots:
            text = re.sub(rf"^package\s+{root}\b(?!_)", f"package {root}_{self.tag}", text, flags=re.MULTILINE)
            text = re.sub(rf"\bdata\.{root}\b(?!_)", f"data.{root}_{self.tag}", text)
        return text

    def gathering(self, packages: Sequence[str], rules: Sequence[str]) -> str:
        """A module whose ``answers`` has each rule of each package as a list of at most one value.

        The comprehension makes an undefined rule an empty list, so that it cannot make the others undefined.
        """
        lines = [f"package probatum_gathering.g{strict_json.digest([self.tag, list(packages)])[:_TAG_LENGTH]}", ""]
        lines.append("answers := {")
        for name in packages:
            values = (f"{json.dumps(rule)}: [v | v := data.{self.moved(name)}.{rule}]" for rule in rules)
            lines.append(f"\t{json.dumps(name)}: {{{', '.join(values)}}},")
        return "\n".join([*lines, "}", ""])
