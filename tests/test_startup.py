"""A process of Probatum's own imports jsonschema without compiling the grammar of IRIs."""

from __future__ import annotations

import subprocess
import sys

import pytest

from probatum.collectors.sandbox import SandboxLimits, Worker

LOADED = "bool(__import__('sys').modules.get('rfc3987_syntax'))"


def test_skipped_in_a_process_that_asks_for_it() -> None:
    code = f"""
from probatum.startup import skip_iri_grammar
skip_iri_grammar()
import jsonschema
assert not {LOADED}
assert not jsonschema.Draft202012Validator({{"type": "string"}}).is_valid(1)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("module", ["jsonschema", "cyclonedx.validation.json"])
def test_skipped_in_every_child(module: str) -> None:
    with Worker("builtins:eval", SandboxLimits(seconds=30)) as worker:
        assert worker.call(f"bool(__import__({module!r})) and {LOADED}") is False
