"""A trust policy for those who review it: who may sign what, and what is odd about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .format import Format
from .table import render_table

_COLUMNS = {"Role": "role", "Signer": "signer", "Who": "who", "Demands": "demands"}


def render_trust(document: Mapping[str, Any], format: Format, *, color: bool = False, width: int = 100) -> str:
    """Write what ``probatum trust check`` found.

    Args:
        document: what ``attestations.trust.review.check_document`` gives.
        format: ``text``, ``json`` or ``markdown``.
        color: ``text`` only: use colours.
        width: ``text`` only: columns of the terminal.

    Raises:
        UsageError: the format has no tables.
    """
    rows = [row for role in document["roles"] for row in _rows(role)]
    notes = [f"{item['level']}: {_told(item)}" for item in document["findings"]]
    notes.append(f"trust policy {document['sha256']}" if document["sha256"] else "this trust policy cannot be used")
    return render_table(document, rows, _COLUMNS, format, notes=notes, color=color, width=width)


def _told(finding: Mapping[str, Any]) -> str:
    """What is odd, and where; the message about a file that cannot be used names it itself."""
    place, message = finding["place"], finding["message"]
    return message if message.startswith(place) else f"{place}: {message}"


def _rows(role: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A row for each signer; role and demands stand in the first."""
    rows = [{"signer": signer["name"].partition(":")[2], "who": signer["who"]} for signer in role["signers"]]
    rows[0] |= {"role": role["role"], "demands": ", ".join(role["demands"])}
    return rows
