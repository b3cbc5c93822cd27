"""The assessment document itself, as stable JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .plain import json_text


def render(assessment: Mapping[str, Any]) -> str:
    """Write the document with sorted keys; its meaning, and so its canonical digest, is unchanged."""
    return json_text(assessment)
