"""Modules as ``opa fmt`` writes them."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass

from ..errors import EngineError, PolicyError, UsageError
from ..evaluator.engines.opa_server import binary_version, find_binary
from ..evaluator.policy_files import read_folder, read_tests
from .policy_tests.discovery import Place

_SECONDS = 30.0


@dataclass(frozen=True)
class Formatted:
    """A module that is not formatted.

    Args:
        path: below the folder of policies.
        before: its bytes.
        after: its bytes as ``opa fmt`` writes them.
    """

    path: str
    before: bytes
    after: bytes


def formatted(place: Place, binary: str | None = None) -> tuple[list[Formatted], int]:
    """What formatting would change; nothing is written, so that one broken module leaves all as they are.

    Args:
        place: the folder of policies, or a part of it.
        binary: the executable; None for ``PROBATUM_OPA`` or the search path.

    Returns:
        The modules that are not formatted, and how many there are in all.

    Raises:
        EngineError: there is no ``opa`` that can be used.
        PolicyError: a module is unreadable or not valid Rego.
        UsageError: there is no module.
    """
    modules = {**read_folder(place.root), **read_tests(place.root)}
    wanted = {path: data for path, data in sorted(modules.items()) if path.endswith(".rego") and place.holds(path)}
    if not wanted:
        raise UsageError(f"there is no module of Rego in {place.root / place.below}")
    found = _binary(binary)
    results = [Formatted(path, data, _written(found, path, data)) for path, data in wanted.items()]
    return [one for one in results if one.before != one.after], len(results)


def _binary(binary: str | None) -> str:
    try:
        found = find_binary(binary)
    except EngineError as error:
        remedy = "install Open Policy Agent 1.x, or name it in PROBATUM_OPA: only opa itself formats Rego"
        raise EngineError("policies cannot be formatted here", why=str(error), remedy=remedy) from error
    binary_version(found)
    return found


def _written(binary: str, path: str, data: bytes) -> bytes:
    """A module as ``opa fmt`` writes it, from stdin to stdout."""
    try:
        done = subprocess.run([binary, "fmt"], input=data, capture_output=True, timeout=_SECONDS, check=False, env={})
    except (OSError, subprocess.SubprocessError) as error:
        raise EngineError("opa fmt does not run", why=str(error)) from error
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip()
        raise PolicyError(f"{path} cannot be formatted", why=said[:2000], remedy="correct it; nothing was changed")
    return done.stdout
