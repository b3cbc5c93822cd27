"""Packs of policies on disk, with tests and examples, to see what the workbench makes of them."""

from __future__ import annotations

from pathlib import Path

from policy_case import graph, module, observation

from probatum.workbench.examples import example_text

TESTS = """package tiny.tiny_01_test

import rego.v1

import data.probatum.lib.world
import data.tiny.tiny_01 as control

good := world.of("TINY-01", "model", {"scan": {"bad": false}}, {})

bad := world.of("TINY-01", "model", {"scan": {"bad": true}}, {})

test_passes if {
	control.proof == {{"subject": "model:x", "evidence": ["obs:scan"]}} with input as good
	control.deny == set() with input as good
}

test_fails if {
	count(control.deny) == 1 with input as bad
	control.proof == set() with input as bad
}
"""


def pack(folder: Path, tests: str = TESTS, control: str = "", **files: str) -> Path:
    """A pack of one control, ``TINY-01``, with tests.

    Args:
        folder: where it is made.
        tests: its tests; rules only when they do not begin with their package.
        control: the control's Rego; a good one by default.
        files: further files by path (``lib__x_rego`` for ``lib/x.rego``).
    """
    place = folder / "controls" / "TINY-01"
    place.mkdir(parents=True)
    (place / "control.rego").write_text(control or module())
    text = tests if tests.startswith("package") else f"package t\n\nimport rego.v1\n\n{tests}\n"
    (place / "control_test.rego").write_text(text)
    for name, content in files.items():
        path = folder / name.replace("__", "/").replace("_rego", ".rego")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return folder


def with_examples(folder: Path, good: bool = False, bad: bool = True) -> Path:
    """Example graphs beside ``TINY-01``: whether the scan of each finds something bad."""
    for name, found in (("good", good), ("bad", bad)):
        path = folder / "controls" / "TINY-01" / name / "evidence.json"
        path.parent.mkdir()
        path.write_text(example_text(graph(observation(result={"bad": found}))))
    return folder
