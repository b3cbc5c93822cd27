"""The policy packs collector: what it reports is what the run decides with."""

from __future__ import annotations

from pathlib import Path

import pytest
from source_case import files, wanted, write

from probatum.collectors.base import Context
from probatum.collectors.policy_packs import PolicyPacks
from probatum.evaluator.graph import Status
from probatum.packs.open import open_packs


def context(packs: object) -> Context:
    return Context(Path(), {"name": "p"}, {}, packs=packs)  # type: ignore[arg-type]


def test_every_pack_is_reported_and_counted(tmp_path: Path) -> None:
    write(tmp_path / "acme", files())
    packs = open_packs(wanted(tmp_path, "acme", built_in=True)).documents
    assert PolicyPacks().available(context(packs)).ready
    [found] = PolicyPacks().collect(context(packs))
    assert found.subject == "pipeline:p"  # type: ignore[union-attr]
    assert found.status is Status.COMPLETE  # type: ignore[union-attr]
    result = found.result  # type: ignore[union-attr]
    assert result["pack_count"] == 2
    assert [(pack["name"], pack["replaces_count"]) for pack in result["packs"]] == [("built-in", 0), ("acme", 0)]


@pytest.mark.parametrize(("packs", "reason"), [((), "no policies"), ("they are elsewhere", "they are elsewhere")])
def test_policies_that_are_not_known_are_told(packs: object, reason: str) -> None:
    found = PolicyPacks().available(context(packs))
    assert (found.ready, reason in found.reason) == (False, True)
