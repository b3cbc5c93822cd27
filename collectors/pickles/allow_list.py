"""The allow-list: every import that a pickle may make, by exact module and name.

A deny-list loses: of 88 malicious files the deny-lists of three scanners passed between 16 and 52. So a pickle is
proven harmless only when each import that it can reach is named here, or in the settings of the collector.
"""

from __future__ import annotations

import _compat_pickle
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, cached_property

from ... import strict_json
from ...errors import UsageError
from .allowed_core import CORE, GUARDED
from .allowed_sklearn import SKLEARN
from .dangerous import is_dangerous

_NAME = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*(:[^\W\d]\w*(\.[^\W\d]\w*)*|\.[^\W\d]\w*)")


@dataclass(frozen=True)
class AllowList:
    """Decides about imports.

    Args:
        extended_with: further imports that the pipeline's settings allow, ``package.module.Class``, or
            ``package.module:Outer.Inner`` for a dotted name.
    """

    extended_with: tuple[str, ...] = ()

    @classmethod
    def extended(cls, names: Iterable[object]) -> AllowList:
        """The built-in list and more.

        Raises:
            UsageError: a name is not exact, or is known to be dangerous.
        """
        return cls(tuple(sorted({_checked(name) for name in names})))

    @cached_property
    def digest(self) -> str:
        """SHA-256 over every allowed import, extensions included."""
        return strict_json.digest([f"{module}:{name}" for module, name in sorted(self._pairs | GUARDED)])

    @cached_property
    def _pairs(self) -> frozenset[tuple[str, str]]:
        return _built_in() | {_split(name) for name in self.extended_with}

    @cached_property
    def _names(self) -> frozenset[str]:
        return frozenset(name for _, name in self._pairs)

    def guarded(self, module: str, name: str) -> bool:
        """Whether an import may only be called at once, with a literal that is examined too."""
        return (module, name) in GUARDED and (module, name) not in self._pairs

    def harmless_name(self, name: str) -> bool:
        """Whether some allowed import has this name, whatever its module."""
        return name in self._names

    def severity(self, module: str, name: str) -> str | None:
        """None for an import on the list, else ``critical`` or ``high``."""
        names = {(module, name), _renamed(module, name)}
        if names <= self._pairs:
            return None
        return "critical" if any(is_dangerous(*pair) for pair in names) else "high"


def _renamed(module: str, name: str) -> tuple[str, str]:
    """What Python 3 makes of a Python 2 name in protocols 0 to 2; both must be allowed, the receiver decides."""
    if (module, name) in _compat_pickle.NAME_MAPPING:
        return _compat_pickle.NAME_MAPPING[module, name]
    return _compat_pickle.IMPORT_MAPPING.get(module, module), name


@cache
def _built_in() -> frozenset[tuple[str, str]]:
    return frozenset((module, name) for part in (CORE, SKLEARN) for module in part for name in part[module].split())


def _checked(name: object) -> str:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise UsageError(
            f"cannot allow the import {name!r}",
            why="not the exact name of one class or function",
            remedy="write package.module.Class, or package.module:Outer.Inner; patterns are not accepted",
        )
    module, attribute = _split(name)
    if is_dangerous(module, attribute.partition(".")[0]):
        raise UsageError(
            f"cannot allow the import {name!r}",
            why="it is known to run, load or reach arbitrary things",
            remedy="grant a waiver for the control instead, or keep the model in a format without code",
        )
    return name


def _split(name: str) -> tuple[str, str]:
    module, colon, attribute = name.partition(":")
    if colon:
        return module, attribute
    module, _, attribute = name.rpartition(".")
    return module, attribute
