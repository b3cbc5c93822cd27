"""The dependency_audit collector: known vulnerabilities of lock files, found by pip-audit.

pip-audit runs through its Python interfaces in a child process, against PyPI, an OSV service, or a local database of
OSV advisories. Only what is pinned can be judged: every other package, every advisory that cannot be read or compared,
and every answer that pip-audit would drop in silence is coverage. A service that fails is a failed observation, never
an empty result.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from importlib.util import find_spec
from typing import Any

from ..errors import EvidenceError, UsageError
from ..evaluator.graph import Coverage, Observation, Skipped, Status, Subject
from ..evaluator.times import stamp
from .advisories.audited import audited
from .audit_settings import AuditSettings, read_settings
from .base import Availability, Context, Item, no_progress
from .dependencies import Dependencies
from .sandbox import SandboxError, Worker

_TARGET = "probatum.collectors.advisories.audit:audit"
_ONLINE = ("osv", "pypi")


class DependencyAudit:
    """Asks pip-audit about every dependency set."""

    name = "dependency_audit"
    version = "1"
    types: tuple[str, ...] = ("dependency_audit",)
    kinds: tuple[str, ...] = ("dependency_set",)
    network = True

    def available(self, context: Context) -> Availability:
        """Whether pip-audit is installed."""
        if find_spec("pip_audit") is None:
            return Availability(False, "pip-audit is not installed", "pip install pip-audit")
        return Availability(True)

    def collect(self, context: Context) -> Iterator[Item]:
        """One observation for each dependency set.

        Raises:
            UsageError: a setting is wrong.
        """
        settings = read_settings(context.settings, context.root, online=context.online)
        subjects = context.of_kind(*self.kinds)
        with Worker(_TARGET, context.limits) as worker:
            for done, subject in enumerate(subjects):
                context.progress(subject.name, done, len(subjects))
                yield self._observe(context, settings, worker, subject)

    def _observe(self, context: Context, settings: AuditSettings, worker: Worker, subject: Subject) -> Observation:
        blocked = _blocked(settings, online=context.online)
        if blocked:
            return replace(context.failed(self, subject.id, "dependency_audit", blocked), status=Status.SKIPPED)
        try:
            read = _read(context, subject)
            answer = worker.call(_request(context, settings, read.result["packages"]))
            if "failed" in answer:
                raise EvidenceError(answer["failed"])
        except (EvidenceError, UsageError, SandboxError) as error:
            return context.failed(self, subject.id, "dependency_audit", str(error))
        return self._made(context, settings, read, answer)

    def _made(
        self, context: Context, settings: AuditSettings, read: Observation, answer: Mapping[str, Any]
    ) -> Observation:
        database = answer["database"]
        listed = {key: value["sha256"] for key, value in read.inputs.items()}
        unread = read.coverage.skipped  # what could not be read of the lock file could not be audited either
        skipped = (*(Skipped(item["item"], item["reason"]) for item in answer["skipped"]), *unread)
        return context.observe(
            self,
            read.subject,
            "dependency_audit",
            {
                "service": settings.service,
                **{key: answer[key] for key in ("database", "audited", "vulnerabilities")},
                "vulnerability_count": len(answer["vulnerabilities"]),
            },
            coverage=Coverage(answer["seen"] + len(unread), answer["seen"] - len(answer["skipped"]), skipped),
            tool=("pip-audit", answer["version"]),
            inputs=listed if database is None else {**listed, settings.named: database["digest"]},
            report=answer["report"].encode(),
        )


def _blocked(settings: AuditSettings, *, online: bool) -> str:
    if settings.service is None:
        return "no advisories: give a folder of OSV advisories in 'advisories', or ask for the network with --online"
    if settings.service in _ONLINE and not online:
        return f"the service {settings.service} needs the network: ask for it with --online, or give 'advisories'"
    return ""


def _read(context: Context, subject: Subject) -> Observation:
    """What the dependencies collector reads of a subject: both judge the same packages."""
    alone = replace(context, subjects={subject.id: subject}, settings={}, progress=no_progress)
    found = [
        item for item in Dependencies().collect(alone) if isinstance(item, Observation) and item.subject == subject.id
    ]
    if not found or "packages" not in found[0].result:
        reasons = [item.reason for observation in found for item in observation.coverage.skipped]
        raise EvidenceError("the dependencies cannot be read", why="; ".join(reasons) or "nothing was found")
    return found[0]


def _request(context: Context, settings: AuditSettings, packages: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    return {
        "service": settings.service,
        "packages": audited(packages),
        "now": stamp(context.now),
        "advisories": None if settings.advisories is None else str(settings.advisories),
        "osv_url": settings.osv_url,
        "timeout": settings.timeout,
    }
