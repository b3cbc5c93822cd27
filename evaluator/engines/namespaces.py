"""Packages of one policy set, moved under a root that no other set, and no other run, on the same OPA server has."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from ... import strict_json
from .moving import moved

_NONCE_BYTES = 8
_QUESTION = """package {package}

answer := {{"nonce": input.nonce, "batches": batches}} if {{
	rules := input.rules
	batches := [found |
		some batch in input.batches
		found := {{name: values |
			some name in batch.packages
			values := {{rule: value(name, rule) | some rule in rules}}
		}} with input as object.union(input.document, batch.document)
	]
}}

"""


@dataclass(frozen=True)
class Namespace:
    """Where the modules of one run are on a server.

    Args:
        digest: SHA-256 of the modules, hexadecimal.
        nonce: of the run, so that removing its modules takes nothing away from another run of the same set.
    """

    digest: str
    nonce: str

    @classmethod
    def of(cls, modules: Mapping[str, str]) -> Namespace:
        """A new namespace for a set of modules (path to text)."""
        return cls(strict_json.digest(dict(modules)), secrets.token_hex(_NONCE_BYTES))

    @property
    def root(self) -> str:
        """The package below which those of the set are."""
        return f"probatum_runs.d{self.digest}.n{self.nonce}"

    @property
    def gathering_package(self) -> str:
        """The package of the module that asks the others; not below the root, so that ``data[x]`` never meets it."""
        return f"probatum_gathering.d{self.digest}.n{self.nonce}"

    def name(self, path: str) -> str:
        """A module's name on the server."""
        return f"probatum/{self.digest}/{self.nonce}/{quote(path)}"

    def rewritten(self, text: str) -> str:
        """A module in its place below the root.

        Raises:
            UnmovableError: it cannot be moved safely.
        """
        return moved(text, self.root)

    def plain(self, text: str) -> str:
        """What the server said, with every package and path named as its author knows it."""
        return text.replace(f"{self.root}.", "").replace(self.name(""), "")

    def question(self) -> str:
        """A module whose ``answer`` has, for each batch and package asked for, each rule: a list of at most one value.

        The nonce of the question goes into the answer: one that was kept for another question shows.
        """
        return _QUESTION.format(package=self.gathering_package)

    def gathering(self, packages: Sequence[str], rules: Sequence[str]) -> str:
        """A module that looks up the rules of packages for ``question``.

        The comprehension makes an undefined rule an empty list, so that it cannot make the others undefined.
        """
        lines = (
            f"value({json.dumps(name)}, {json.dumps(rule)}) := [v | v := data.{self.root}{_steps(name)}.{rule}]\n"
            for name in packages
            for rule in rules
        )
        return f"package {self.gathering_package}\n\n" + "\n".join(lines)


def _steps(package: str) -> str:
    """The end of a reference; in brackets, for a part of a package's name may be a word of the language."""
    return "".join(f"[{json.dumps(part)}]" for part in package.split("."))
