"""A small pack of policies on disk, with tests that notice every change of it, to be weakened by tests of mutation."""

from __future__ import annotations

from pathlib import Path

from policy_case import RULES, module

STRONG = """package tiny.tiny_01_test

import rego.v1

import data.probatum.lib.world
import data.tiny.tiny_01 as control

good := world.of("TINY-01", "model", {"scan": {"bad": false}}, {})

bad := world.spoiled(good, "scan", {"set": {"bad": true}})

nobody(input_of) := object.union(input_of, {"ids": {"model": []}})

test_good if {
	control.applies == {"model:x"} with input as good
	control.proof == {{"subject": "model:x", "evidence": ["obs:scan"]}} with input as good
	control.deny == set() with input as world.stranger(good, {"bad": true})
}

test_bad if {
	every found in [bad, world.unusable(bad)] {
		control.deny == {{"subject": "model:x", "message": "bad", "evidence": ["obs:scan"]}} with input as found
		control.proof == set() with input as found
	}
}

test_nothing_is_proven if {
	every odd in [world.unusable(good), nobody(good), world.stranger(world.unusable(bad), {"bad": false})] {
		control.proof == set() with input as odd
	}
	control.deny == set() with input as nobody(bad)
}
"""
"""Tests of ``policy_case.RULES``."""


def pack(folder: Path, rules: str = RULES, tests: str = STRONG, **files: str) -> Path:
    """A folder of policies with one control.

    Args:
        folder: where to make it.
        rules: of the control.
        tests: of the control.
        files: more files by path (``lib__x_test__rego`` for ``lib/x_test.rego``).
    """
    named = {"controls/TINY-01/control.rego": module(rules), "controls/TINY-01/control_test.rego": tests}
    for name, text in files.items():
        stem, _, suffix = name.rpartition("__")
        named[f"{stem.replace('__', '/')}.{suffix}"] = text
    for path, text in named.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return folder
