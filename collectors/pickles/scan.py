"""Both scanners over every distinct content, side by side."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...content import FileEntry
from ..base import Context
from ..formats.examination import Examined, Examiner, Settings, distinct
from ..formats.visit import printable
from ..sandbox import SandboxError, Worker
from .modelscan_child import TARGET

_SEVERITIES = ("critical", "high", "medium", "low")
_NOT_INSTALLED: Mapping[str, Any] = {"status": "not installed", "issues": [], "errors": [], "skipped": []}


@dataclass(frozen=True)
class Opinions:
    """What both scanners say of one content.

    Args:
        analysis: of the static analyser.
        modelscan: its report, with a ``status``: scanned, skipped, error, failed or not installed.
    """

    analysis: Examined
    modelscan: Mapping[str, Any]

    def issues(self, path: str) -> list[dict[str, Any]]:
        """The issues of a file with this content, the analyser's first."""
        return [_own_issue(path, issue) for issue in self.analysis.issues] + [
            _foreign_issue(path, issue) for issue in self.modelscan["issues"]
        ]

    def document(self, path: str, sha256: str) -> dict[str, Any]:
        """The entry of a file with this content in the observation's result."""
        return {
            "path": path,
            "sha256": sha256,
            "format": self.analysis.format,
            "clean": not (self.analysis.gaps or self.analysis.issues or self.modelscan["issues"]),
            "examined_by": self._examined_by(),
            "imports": list(self.analysis.imports),
            "modelscan": self.modelscan["status"],
        }

    def report(self) -> dict[str, Any]:
        """The raw output of both."""
        analysis = {
            "format": self.analysis.format,
            "problems": list(self.analysis.problems),
            "imports": list(self.analysis.imports),
            "issues": [dict(issue) for issue in self.analysis.issues],
            "gaps": [dict(gap) for gap in self.analysis.gaps],
        }
        return {"pickle_analyser": analysis, "modelscan": dict(self.modelscan)}

    def _examined_by(self) -> list[str]:
        by = ["modelscan"] if self.modelscan["status"] == "scanned" else []
        by += ["pickle_analyser"] if self.analysis.pickles else []
        return by + (["structure"] if not self.analysis.gaps else [])


def scan_all(context: Context, settings: Settings, *, modelscan: bool) -> dict[str, Opinions]:
    """Scan every distinct content among the models' files.

    Args:
        context: of the run.
        settings: allow-list and limits.
        modelscan: it is installed.

    Returns:
        SHA-256 of each content to the opinions about it.
    """
    items = distinct(context)
    second: dict[str, Mapping[str, Any]] = {}
    stop = threading.Event()
    with Examiner(settings, context.limits) as examiner, Worker(TARGET, context.limits) as worker:
        thread = threading.Thread(target=_run_modelscan, args=(worker, items, second, stop), daemon=True)
        try:
            if modelscan:
                thread.start()
            first = {}
            for done, (entry, path) in enumerate(items):
                context.progress(entry.path, done, len(items))
                first[entry.sha256] = examiner.examine(entry, path)
            if modelscan:
                thread.join()
        finally:
            stop.set()  # an interrupt ends both children
    return {sha256: Opinions(found, second.get(sha256, _NOT_INSTALLED)) for sha256, found in first.items()}


def _run_modelscan(
    worker: Worker, items: Sequence[tuple[FileEntry, str]], answers: dict[str, Mapping[str, Any]], stop: threading.Event
) -> None:
    for entry, path in items:
        if stop.is_set():
            return
        try:
            answers[entry.sha256] = _with_status(worker.call({"path": path}))
        except SandboxError as error:
            reason = printable(str(error).replace(path, "FILE"))
            errors = [{"description": reason}]
            answers[entry.sha256] = {"status": "failed", "issues": [], "errors": errors, "skipped": []}


def _with_status(answer: Mapping[str, Any]) -> dict[str, Any]:
    status = "error" if answer["errors"] else "skipped" if answer["skipped"] else "scanned"
    lists = {name: [_printable(entry) for entry in answer[name]] for name in ("issues", "errors", "skipped")}
    return {"status": status, **lists}


def _printable(entry: Mapping[str, str]) -> dict[str, str]:
    return {key: printable(value) for key, value in entry.items()}


def _own_issue(path: str, issue: Mapping[str, Any]) -> dict[str, Any]:
    document = {"path": path, "scanner": "pickle_analyser", "severity": issue["severity"], "message": issue["message"]}
    if issue["member"]:
        document["member"] = issue["member"]
    if issue["imported"]:
        document["import"] = issue["imported"]
    return document


def _foreign_issue(path: str, issue: Mapping[str, str]) -> dict[str, Any]:
    severity = issue.get("severity", "").lower()
    document = {
        "path": path,
        "scanner": "modelscan",
        "severity": severity if severity in _SEVERITIES else "high",
        "message": issue.get("description", "an issue without description"),
    }
    if "module" in issue and "operator" in issue:
        document["import"] = f"{issue['module']}.{issue['operator']}"
    member = issue.get("source", "").removeprefix("FILE").removeprefix(":")
    return {**document, "member": member} if member else document
