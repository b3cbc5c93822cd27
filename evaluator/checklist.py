"""Checklists: which controls, with what priority and parameters, in which rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .policies import PolicySet


@dataclass(frozen=True)
class Checklist:
    """One checklist; ``document`` is its JSON form, ``digest`` the SHA-256 of that."""

    document: Mapping[str, Any]

    @property
    def digest(self) -> str:
        raise NotImplementedError


def load_checklist(name_or_path: str, policies: PolicySet) -> Checklist:
    """A built-in checklist by name (``secure-pipeline``), or a YAML file by path."""
    raise NotImplementedError


def checklist_from_document(document: Mapping[str, Any], policies: PolicySet, *, source: str) -> Checklist:
    """A checklist from its JSON form."""
    raise NotImplementedError
