"""The formats of an assessment, and the one way from a format to its renderer."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, assert_never


class Format(StrEnum):
    """How a result is written.

    ``text`` is for people at a terminal, ``json`` is the assessment itself, ``sarif`` is for code scanning, ``junit``
    for test reports of CI systems, ``markdown`` for pull-request comments and verdict packages.
    """

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"
    JUNIT = "junit"
    MARKDOWN = "markdown"


def render(
    assessment: Mapping[str, Any],
    format: Format,
    *,
    color: bool = False,
    width: int = 100,
    locations: Mapping[str, str] | None = None,
) -> str:
    """Write an assessment document in one format.

    Args:
        assessment: the assessment document (predicate ``https://probatum.dev/assessment/v1``).
        format: the format wanted.
        color: ``text`` only: use colours; the variable ``NO_COLOR`` overrules it.
        width: ``text`` only: columns of the terminal.
        locations: ``sarif`` only: subject id to the path of the subject, relative to the repository.

    Returns:
        The report with one final newline. Equal arguments give equal text.
    """
    from . import json_document, junit, markdown, sarif, text

    match format:
        case Format.TEXT:
            return text.render(assessment, color=color, width=width)
        case Format.JSON:
            return json_document.render(assessment)
        case Format.SARIF:
            return sarif.render(assessment, locations or {})
        case Format.JUNIT:
            return junit.render(assessment)
        case Format.MARKDOWN:
            return markdown.render(assessment)
    assert_never(format)
