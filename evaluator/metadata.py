"""Controls, as the METADATA annotations of their Rego files describe them.

The embedded engine has no ``rego.metadata.*``, so the evaluator reads the comment block itself: a line ``# METADATA``,
then YAML behind ``#``, up to the ``package`` line (Open Policy Agent, "Annotations", scope ``package``).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from .. import strict_yaml
from ..errors import PolicyError, UsageError
from .names import odd_characters
from .packages import package_of
from .parameters import declared, schema_problem
from .schema_check import validator

_MARK = re.compile(r"^#\s*METADATA\s*$")
_REMEDY = "see the author guide for the metadata that a control states"


@dataclass(frozen=True)
class Control:
    """One requirement: what its Rego file says of itself.

    Args:
        id: permanent id, such as ``MODEL-01``.
        title: one line.
        description: what is required and why.
        priority: default priority, ``critical``, ``high``, ``medium`` or ``low``.
        stages: gates that include it.
        kinds: kinds of subject that it can apply to.
        evidence: groups of observation types; one type of every group is needed.
        remediation: what to do about a finding.
        parameters: JSON Schema of each parameter, reserved ones included, each with ``default``.
        references: sources of the requirement.
        package: dotted Rego package.
        path: of the Rego file in the policy set.
        sha256: of that file.
        replaces: ``ID@sha256:…`` of the control of an earlier pack that it takes the place of, or empty.
    """

    id: str
    title: str
    description: str
    priority: str
    stages: tuple[str, ...]
    kinds: tuple[str, ...]
    evidence: tuple[tuple[str, ...], ...]
    remediation: str
    parameters: Mapping[str, Mapping[str, Any]]
    references: tuple[str, ...]
    package: str
    path: str
    sha256: str = ""
    replaces: str = ""

    @cached_property
    def types(self) -> frozenset[str]:
        """Every observation type that the control declares."""
        return frozenset(name for group in self.evidence for name in group)


@lru_cache(maxsize=1_024)  # packs are read one by one, and then as one set
def read_control(path: str, text: str) -> Control:
    """The control that a Rego file states.

    Args:
        path: of the file, for errors and for ``Control.path``.
        text: its content.

    Raises:
        PolicyError: there is no metadata block before ``package``, or it is wrong; names file and line.
    """
    package = package_of(path, text)
    start, document = read_annotations(path, text)
    _check(path, start, document)
    return _control(document.value, package, path, text)


def read_annotations(path: str, text: str) -> tuple[int, strict_yaml.Document]:
    """The metadata block before ``package``, unchecked, and the line that it begins in.

    Raises:
        PolicyError: there is none, or it is not YAML.
    """
    start, block = _block(path, text)
    try:
        return start, strict_yaml.load(block.encode("utf-8"), source=path)
    except UsageError as error:
        raise PolicyError(
            f"{path}: the METADATA block is not valid YAML", why=str(error), remedy=error.remedy
        ) from error


def _block(path: str, text: str) -> tuple[int, str]:
    """First line, and YAML (padded so that its line numbers are the file's), of the block before ``package``."""
    start = 0
    lines: list[str] = []
    for number, line in enumerate(text.split("\n"), start=1):  # as Rego counts lines, hence not splitlines()
        if line.startswith("package"):
            if not start:
                break
            return start, "\n" * start + "\n".join(lines)
        if _MARK.match(line):
            start, lines = number, []
        elif start and line.startswith("#"):
            lines.append(line[2:] if line.startswith("# ") else line[1:])
        elif line.strip():
            start, lines = 0, []
    raise PolicyError(
        f"{path}: no METADATA block before the package", why="a control states its metadata", remedy=_REMEDY
    )


def _check(path: str, start: int, document: strict_yaml.Document) -> None:
    from jsonschema.exceptions import best_match

    _check_letters(document)
    error = best_match(validator("control-metadata").iter_errors(document.value))
    if error is not None:
        field = tuple(error.absolute_path)
        where = document.where(field) if field else f"{path}:{start}"
        name = ".".join(map(str, field)) or "metadata"
        raise PolicyError(f"{where}: wrong metadata", why=f"{name}: {error.message}", remedy=_REMEDY)
    for name, schema in declared(document.value["custom"].get("parameters", {})).items():
        if problem := schema_problem(schema):
            where = document.where(("custom", "parameters", name))
            raise PolicyError(f"{where}: the parameter {name!r} is wrong", why=problem, remedy=_REMEDY)


def _check_letters(document: strict_yaml.Document) -> None:
    custom = document.value.get("custom") if isinstance(document.value, dict) else None
    name = custom.get("id") if isinstance(custom, dict) else None
    if isinstance(name, str) and (odd := odd_characters(name)):
        where = document.where(("custom", "id"))
        raise PolicyError(f"{where}: {name!r} is no id", why=f"custom.id has {odd}", remedy="use ASCII letters only")


def _control(document: Mapping[str, Any], package: str, path: str, text: str) -> Control:
    custom = document["custom"]
    return Control(
        id=custom["id"],
        title=document["title"],
        description=document["description"].strip(),
        priority=custom["priority"],
        stages=tuple(custom["stages"]),
        kinds=tuple(custom["subjects"]),
        evidence=tuple((group,) if isinstance(group, str) else tuple(group) for group in custom["evidence"]),
        remediation=custom["remediation"].strip(),
        parameters=declared(custom.get("parameters", {})),
        references=tuple(custom.get("references", ())),
        package=package,
        path=path,
        sha256=hashlib.sha256(text.encode("utf-8")).hexdigest(),
        replaces=custom.get("replaces", ""),
    )
