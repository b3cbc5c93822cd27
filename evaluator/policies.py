"""The policy set: Rego modules, controls with their metadata, and checklists.

A set is its sources by path; everything else is derived from them, so equal sources are equal policies wherever they
were read from. Its digest is of the canonical list of ``{path, sha256}``, hence independent of how a bundle
compresses it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from pathlib import Path

from .. import strict_json
from ..errors import PolicyError
from .metadata import Control, read_control
from .policy_files import read_folder

_BUNDLE_SUFFIXES = (".tar.gz", ".tgz")


@dataclass(frozen=True)
class PolicySet:
    """Everything that decides.

    Args:
        sources: path (``/`` separated, such as ``controls/MODEL-01/control.rego``) to content.
    """

    sources: Mapping[str, bytes]

    @cached_property
    def digest(self) -> str:
        """SHA-256, in lower-case hexadecimal, of the canonical list of ``{path, sha256}``, sorted by path."""
        entries = [
            {"path": path, "sha256": hashlib.sha256(self.sources[path]).hexdigest()} for path in sorted(self.sources)
        ]
        return strict_json.digest(entries)

    @cached_property
    def modules(self) -> dict[str, str]:
        """Every Rego module by path.

        Raises:
            PolicyError: one is not UTF-8.
        """
        return {path: _text(path, data) for path, data in sorted(self.sources.items()) if path.endswith(".rego")}

    @cached_property
    def controls(self) -> dict[str, Control]:
        """Every control by id, sorted.

        Raises:
            PolicyError: metadata is missing or wrong, or two controls share an id or a package.
        """
        found: dict[str, Control] = {}
        packages: dict[str, str] = {}
        for path, text in self.modules.items():
            if not _is_control(path):
                continue
            control = read_control(path, text)
            _once("id", control.id, found[control.id].path if control.id in found else None, path)
            _once("package", control.package, packages.get(control.package), path)
            found[control.id], packages[control.package] = control, path
        if not found:
            raise PolicyError("the policy set has no control", remedy="put each control at controls/<ID>/control.rego")
        return dict(sorted(found.items()))

    @cached_property
    def checklists(self) -> dict[str, bytes]:
        """The YAML text of each built-in checklist by name."""
        prefix, suffix = "checklists/", ".yaml"
        return {
            path[len(prefix) : -len(suffix)]: data
            for path, data in sorted(self.sources.items())
            if path.startswith(prefix) and path.endswith(suffix)
        }

    @classmethod
    def built_in(cls) -> PolicySet:
        """The policies that ship with Probatum."""
        with resources.as_file(resources.files(__package__.rpartition(".")[0]).joinpath("policies")) as folder:
            return cls(read_folder(folder))

    @classmethod
    def load(cls, path: Path | None = None) -> PolicySet:
        """Read a policy set.

        Args:
            path: a folder, or a bundle (``.tar.gz``); None for the built-in set.

        Raises:
            PolicyError: there is nothing to read, or it is not a policy set.
        """
        if path is None:
            return cls.built_in()
        if path.name.endswith(_BUNDLE_SUFFIXES):
            from .bundle import read_bundle

            return cls(read_bundle(path))
        return cls(read_folder(path))


def _is_control(path: str) -> bool:
    parts = path.split("/")
    return len(parts) == 3 and parts[0] == "controls" and parts[2] == "control.rego"


def _text(path: str, data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise PolicyError(f"{path} is not UTF-8", why=str(error), remedy="save the module as UTF-8") from error


def _once(what: str, value: str, earlier: str | None, path: str) -> None:
    if earlier is not None:
        raise PolicyError(
            f"two controls have the {what} {value}", why=f"{earlier} and {path}", remedy="give each control its own"
        )
