"""What a static check of policies found, for a terminal, for programs, or as SARIF 2.1.0 for code scanning."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

from rich.console import RenderableType

from .. import __version__
from ..errors import UsageError
from .console import Unbroken, lay_out, line
from .format import Format
from .plain import json_text, plain

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_STYLES = {"error": "fail", "warning": "inconclusive"}


def render_check(document: Mapping[str, Any], format: Format, *, color: bool = False, width: int = 100) -> str:
    """Write the report of a check.

    Args:
        document: the report as ``workbench.check.run`` makes it.
        format: ``text``, ``json`` or ``sarif``.
        color: ``text`` only: use colours.
        width: ``text`` only: columns.

    Raises:
        UsageError: another format.
    """
    if format is Format.JSON:
        return json_text(document)
    if format is Format.SARIF:
        return json_text({"$schema": _SCHEMA, "version": "2.1.0", "runs": [_run(document)]})
    if format is Format.TEXT:
        return lay_out(list(_parts(document)), color=color, width=width)
    raise UsageError(f"a check has no {format} format", remedy="use --format text, json or sarif")


def summary(document: Mapping[str, Any]) -> str:
    """How much was checked and what came of it, in one line."""
    counts = ", ".join(_counted(document[f"{name}s"], name) for name in ("error", "warning"))
    checked = f"{_counted(document['modules'], 'module')}, {_counted(document['controls'], 'control')}"
    exempt = f"; {_counted(len(document['exempt']), 'exemption')}" if document["exempt"] else ""
    return f"{counts} in {checked}{exempt}"


def _counted(number: int, name: str) -> str:
    return f"{number} {name}{'' if number == 1 else 's'}"


def _parts(document: Mapping[str, Any]) -> Iterator[RenderableType]:
    explained = set()
    for problem in document["problems"]:
        place = f"{problem['path']}:{problem['line']}:{problem['column']}"
        severity = str(problem["severity"])
        told = plain(f"{place}: {severity}: {problem['what']} [{problem['rule']}]")
        yield Unbroken(told, _STYLES.get(severity, ""))
        why, *excerpt = str(problem["why"]).split("\n")
        if why and (problem["rule"], why) not in explained:
            explained.add((problem["rule"], why))
            yield line(why, indent=4, hang="why:")
        for text in excerpt:
            yield Unbroken(_exact(text))
        if problem["remedy"]:
            yield line(problem["remedy"], indent=4, hang="remedy:")
    for problem in document["exempt"]:
        place = f"{problem['path']}:{problem['line']}"
        yield line(f"{place}: exempt from {problem['rule']}: {problem['reason']}")
    yield line(summary(document))


def _exact(text: str) -> str:
    """A line of a file with its blanks, so that a caret below points to its place, and nothing a terminal obeys."""
    return "".join(plain(letter) or " " for letter in text)


def _run(document: Mapping[str, Any]) -> dict[str, Any]:
    results = {}
    for problem in document["problems"]:
        result = _result(problem)
        results[result["partialFingerprints"]["probatum/v1"]] = result
    for problem in document["exempt"]:
        result = _result(problem)
        why = str(problem["reason"])
        result["suppressions"] = [{"kind": "inSource", "status": "accepted", "justification": plain(why)}]
        results[result["partialFingerprints"]["probatum/v1"]] = result
    driver = {
        "name": "Probatum policy check",
        "version": __version__,
        "informationUri": "https://probatum.dev",
        "rules": [_rule(rule) for rule in document["rules"]],
    }
    return {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": list(results.values())}


def _rule(rule: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": rule["name"],
        "shortDescription": {"text": rule["title"]},
        "fullDescription": {"text": f"{rule['title']}. Otherwise {rule['why']}."},
        "defaultConfiguration": {"level": rule["severity"]},
    }


def _result(problem: Mapping[str, Any]) -> dict[str, Any]:
    message = ". ".join(plain(problem[name]) for name in ("what", "why", "remedy") if problem[name])
    known = f"{problem['rule']}\0{problem['path']}\0{problem['line']}\0{problem['column']}\0{problem['what']}"
    fingerprint = hashlib.sha256(known.encode("utf-8", "backslashreplace")).hexdigest()
    return {
        "ruleId": problem["rule"],
        "level": problem["severity"],
        "message": {"text": message.replace("](", "] (")},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": _uri(str(problem["path"])), "uriBaseId": "%SRCROOT%"},
                    "region": {"startLine": problem["line"], "startColumn": problem["column"]},
                }
            }
        ],
        "partialFingerprints": {"probatum/v1": fingerprint},
    }


def _uri(path: str) -> str:
    parts = [part for part in PurePosixPath(path).parts if part not in ("/", "..")]
    return quote("/".join(parts).encode("utf-8", "backslashreplace"), safe="/")
