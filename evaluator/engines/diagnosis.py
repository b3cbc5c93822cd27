"""Which engines can run here, and why not: what ``probatum doctor`` shows of them."""

from __future__ import annotations

from typing import Any

from ...errors import ProbatumError
from .opa_server import binary_version, find_binary
from .regorus import Regorus, new_engine


def diagnose() -> list[dict[str, Any]]:
    """``name``, ``ready``, ``reason`` and ``remedy`` of every engine."""
    return [_row("regorus", _regorus), _row("opa", lambda: binary_version(find_binary()))]


def _regorus() -> str:
    new_engine()
    return Regorus().version


def _row(name: str, version: Any) -> dict[str, Any]:
    try:
        return {"name": name, "ready": True, "reason": f"version {version()}", "remedy": ""}
    except ProbatumError as error:
        return {"name": name, "ready": False, "reason": str(error), "remedy": error.remedy}
