"""The table of attacks: every test that it names exists, so that no line outlives its defence."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "auditor" / "attacks.md"
ROWS = [line for line in PAGE.read_text().splitlines() if line.startswith("| ") and "---" not in line][1:]


@cache
def named_in(path: str) -> frozenset[str]:
    tree = ast.parse((ROOT / path).read_text())
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))


def test_every_named_test_exists() -> None:
    named = re.findall(r"`(tests/[^`]+)::(test_[^`]+)`", PAGE.read_text())
    assert len(named) >= len(ROWS) > 30
    assert [f"{path}::{name}" for path, name in named if name not in named_in(path)] == []


def test_every_line_says_what_refuses_the_attack_and_where_that_is_tested() -> None:
    for row in ROWS:
        attack, defence, test = (cell.strip() for cell in row.strip("|").split("|"))
        assert min(len(attack), len(defence)) > 1, row
        assert "::test_" in test, row
