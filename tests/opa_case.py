"""Whether a real Open Policy Agent is at hand; where it is not, its tests are skipped and say so."""

from __future__ import annotations

import os

import pytest

from probatum.errors import EngineError
from probatum.evaluator.engines.opa_server import find_binary


def opa_binary() -> str | None:
    """Path of the executable, or None."""
    try:
        return find_binary()
    except EngineError:
        return None


# The gate on landings asks for the second engine: there its absence fails these tests instead of skipping them.
needs_opa = pytest.mark.skipif(
    opa_binary() is None and not os.environ.get("PROBATUM_REQUIRE_OPA"),
    reason="NO OPA EXECUTABLE: nothing was tried on Open Policy Agent (set PROBATUM_OPA)",
)
