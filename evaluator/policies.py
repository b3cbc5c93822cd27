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
from .names import odd_characters, twins
from .pack_parameters import Layer, pack_parameters
from .packages import package_of
from .parameters import effective
from .policy_files import read_folder
from .suggest import did_you_mean

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
            PolicyError: there is none, metadata is missing, wrong or contradicts the path or the package, or two
                controls share an id.
        """
        found: dict[str, Control] = {}
        for path, text in self.modules.items():
            if not is_control(path):
                continue
            control = read_control(path, text)
            if control.id in found:
                raise PolicyError(
                    f"two controls have the id {control.id}",
                    why=f"{found[control.id].path} and {path}",
                    remedy="give each control its own",
                )
            _check_agrees(control)
            found[control.id] = control
        if not found:
            raise PolicyError("the policy set has no control", remedy="put each control at controls/<ID>/control.rego")
        return dict(sorted(found.items()))

    @cached_property
    def packages(self) -> dict[str, str]:
        """The package of every module, by path.

        Raises:
            PolicyError: a module does not begin with its package, or two packages or paths differ only in case.
        """
        found = {path: package_of(path, text) for path, text in self.modules.items()}
        for names in (set(self.sources), set(found.values())):
            if pair := twins(names):
                raise PolicyError(
                    f"{pair[0]} and {pair[1]} differ only in case",
                    why="they are one name to some file systems and to a hasty reader",
                    remedy="rename one of the two",
                )
        return found

    @cached_property
    def parameters(self) -> dict[str, tuple[Layer, ...]]:
        """What the set's files of parameters say, by control: path of the file, and parameter to value.

        Raises:
            PolicyError: a file is malformed, sets what another one sets, names a control that is not there, or a
                value breaks the schema of its parameter.
        """
        found = pack_parameters(self.sources)
        for control, layers in found.items():
            if control not in self.controls:
                odd = odd_characters(control)
                raise PolicyError(
                    f"{layers[0][0]} sets parameters of {control!r}, which is no control",
                    why=f"it has {odd}" if odd else "",
                    remedy=did_you_mean(control, self.controls),
                )
            effective(control, self.controls[control].parameters, layers)
        return found

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

            return cls(read_bundle(path).sources)
        return cls(read_folder(path))


def is_control(path: str) -> bool:
    """True for the path of a control's own file."""
    parts = path.split("/")
    return len(parts) == 3 and parts[0] == "controls" and parts[2] == "control.rego"


def _text(path: str, data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise PolicyError(f"{path} is not UTF-8", why=str(error), remedy="save the module as UTF-8") from error


def _check_agrees(control: Control) -> None:
    """A control says its id three times, in the metadata, the folder and the package: they must agree."""
    folder = control.path.split("/")[1]
    if folder != control.id:
        raise PolicyError(
            f"{control.path} states the id {control.id}",
            why=f"its folder is called {folder}",
            remedy=f"rename the folder to {control.id}, or correct the id",
        )
    wanted = control.id.lower().replace("-", "_")
    if control.package.rpartition(".")[2] != wanted:
        raise PolicyError(
            f"{control.path} states the id {control.id}",
            why=f"its package is {control.package}",
            remedy=f"let the package end in .{wanted}, or correct the id",
        )
