"""Tests of policies (``test_*`` rules in ``*_test.rego``), run by the embedded engine as ``opa test`` runs them.

A test passes when its rule is ``true``; undefined, ``false`` and an error fail it. A run without a test is an error,
for nothing was tested.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import PolicyError
from .engines.modules import package_of
from .engines.regorus import new_engine, plain
from .policy_files import read_folder, read_tests

_TEST = re.compile(r"^(test_\w+)\b", re.MULTILINE)


@dataclass(frozen=True)
class RegoTest:
    """One test that ran.

    Args:
        path: of its module, below the folder of policies.
        name: dotted package and rule.
        passed: its rule is ``true``.
        message: why it did not pass.
    """

    path: str
    name: str
    passed: bool
    message: str = ""


def run_rego_tests(folder: Path) -> list[RegoTest]:
    """Run every test of a folder of policies.

    Args:
        folder: as ``PolicySet.load`` takes it.

    Returns:
        One result per test, by path and name.

    Raises:
        PolicyError: a module has an error, or there is no test.
    """
    tests = {path: data.decode("utf-8") for path, data in read_tests(folder).items()}
    modules = {path: data.decode("utf-8") for path, data in read_folder(folder).items() if path.endswith(".rego")}
    engine = new_engine()
    for path, text in sorted({**modules, **tests}.items()):
        try:
            engine.add_policy(path, text)
        except RuntimeError as error:
            raise PolicyError(f"{path} is not valid Rego", why=plain(error)) from error
    found = [
        _run(engine, path, f"{package_of(text)}.{name}")
        for path, text in sorted(tests.items())
        for name in sorted(set(_TEST.findall(text)))
    ]
    if not found:
        raise PolicyError(f"no test of a policy ran in {folder}", remedy="add test_* rules in *_test.rego files")
    return found


def _run(engine: Any, path: str, name: str) -> RegoTest:
    try:
        value = engine.eval_rule_as_json(f"data.{name}")
    except RuntimeError as error:
        return RegoTest(path, name, passed=False, message=plain(error))
    passed = value == "true"
    return RegoTest(path, name, passed, "" if passed else f"it is {value.strip(chr(34))}")
