"""The examination of every file of a model, each distinct content once, in child processes under limits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Self

from ...content import FileEntry
from ...errors import UsageError
from ..base import Context
from ..pickles.allow_list import AllowList
from ..sandbox import SandboxError, SandboxLimits, Worker
from .child import TARGET, request
from .visit import Limits, printable

_LIMITS = {"depth": 64, "entries": 10_000_000, "expanded_bytes": 1 << 40, "ratio": 100_000, "seconds": 86_400}
"""What a pipeline may raise the limits to."""


@dataclass(frozen=True)
class Examined:
    """What is known about one file's content.

    Args:
        format: what it is.
        executable: ``no``, ``possible`` or ``yes``.
        problems: rules of the format that are broken.
        imports: dotted names that its pickles import.
        issues: each with ``member``, ``severity``, ``message`` and ``imported``.
        gaps: each with ``member`` and ``reason``.
        pickles: how many contents were followed as pickles.
        failed: the child did not answer, and why.
    """

    format: str
    executable: str
    problems: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()
    issues: tuple[Mapping[str, Any], ...] = ()
    gaps: tuple[Mapping[str, str], ...] = ()
    pickles: int = 0
    failed: str | None = None

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> Examined:
        """Read the child's answer."""
        return cls(
            format=answer["format"],
            executable=answer["executable"],
            problems=tuple(answer["problems"]),
            imports=tuple(printable(name) for name in answer["imports"]),
            issues=tuple(answer["issues"]),
            gaps=tuple(answer["gaps"]),
            pickles=answer["pickles"],
        )

    @classmethod
    def unanswered(cls, error: SandboxError, path: str) -> Examined:
        """What is known when the child did not answer: nothing."""
        reason = printable(f"the examination was ended: {error.why or error.what}".replace(path, "the file"))
        return cls("unknown", "possible", gaps=({"member": "", "reason": reason},), failed=reason)


@dataclass(frozen=True)
class Settings:
    """The collectors' section of the manifest.

    Args:
        allow_list: the built-in one, with what the settings add.
        limits: how far one file is examined.
    """

    allow_list: AllowList = field(default_factory=AllowList)
    limits: Limits = field(default_factory=Limits)

    @classmethod
    def read(cls, settings: Mapping[str, Any], sandbox: SandboxLimits, name: str) -> Settings:
        """Check a section.

        Raises:
            UsageError: an unknown setting, or a wrong value.
        """
        unknown = sorted(set(settings) - {"allow", "limits"})
        if unknown:
            raise UsageError(f"unknown setting {unknown[0]!r} of {name}", remedy="known are: allow, limits")
        allow, limits = settings.get("allow", []), settings.get("limits", {})
        if not isinstance(allow, list):
            raise UsageError(f"the setting allow of {name} must be a list of imports")
        # The walk must end before the sandbox ends it, so that what it found until then is kept.
        defaults = replace(Limits(), seconds=max(0.1, min(Limits().seconds, sandbox.seconds * 0.8)))
        return cls(AllowList.extended(allow), _limits(limits, defaults, name))


def _limits(given: Any, defaults: Limits, name: str) -> Limits:
    if not isinstance(given, Mapping):
        raise UsageError(f"the setting limits of {name} must be a map")
    for key, value in given.items():
        if key not in _LIMITS:
            raise UsageError(f"unknown limit {key!r} of {name}", remedy=f"known are: {', '.join(_LIMITS)}")
        if type(value) is not int or not 1 <= value <= _LIMITS[key]:
            raise UsageError(f"the limit {key} of {name} must be a whole number from 1 to {_LIMITS[key]}")
    return replace(defaults, **given)


class Examiner:
    """Examines files in a child process, and each distinct content once in the life of this process.

    Args:
        settings: allow-list and limits.
        sandbox: limits of the child process.
    """

    _known: ClassVar[dict[tuple[str, Settings], Examined]] = {}

    def __init__(self, settings: Settings, sandbox: SandboxLimits) -> None:
        self._settings = settings
        self._worker = Worker(TARGET, sandbox)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._worker.close()

    @classmethod
    def forget(cls) -> None:
        """Examine every content anew from here on."""
        cls._known.clear()

    def examine(self, entry: FileEntry, path: str) -> Examined:
        """Examine one file; a child that fails is an answer too, but is not remembered."""
        key = (entry.sha256, self._settings)
        if key not in self._known:
            allow = self._settings.allow_list.extended_with
            try:
                answer = self._worker.call(request(path, entry.size, allow, self._settings.limits))
            except SandboxError as error:
                return Examined.unanswered(error, path)
            self._known[key] = Examined.of(answer)
        return self._known[key]


def distinct(context: Context) -> list[tuple[FileEntry, str]]:
    """Every distinct content among the models' files, with the absolute path of one file that holds it."""
    found: dict[str, tuple[FileEntry, str]] = {}
    for subject in context.of_kind("model"):
        content = context.contents.get(subject.id)
        for entry, path in content.paths() if content is not None else ():
            found.setdefault(entry.sha256, (entry, str(path)))
    return sorted(found.values(), key=lambda item: item[1])


def skipped_reasons(gaps: Iterable[Mapping[str, str]], path: str, most: int = 20) -> list[tuple[str, str]]:
    """Item and reason of each gap of one file; beyond ``most`` they are counted only."""
    listed = [(f"{path}!{gap['member']}" if gap["member"] else path, gap["reason"]) for gap in gaps]
    if len(listed) > most:
        listed = [*listed[:most], (path, f"and {len(listed) - most} more that were not examined")]
    return listed
