"""The tests of the built-in pack notice every change of it that is not explained in place; no damage makes a pass."""

from __future__ import annotations

import os

import pytest

from probatum.evaluator.policies import PolicySet
from probatum.workbench.examples import built_in_folder
from probatum.workbench.mutation.run import mutate

_MOST_EXPLAINED = 45
"""Explanations are for what makes no difference; more of them than now would want another look."""


@pytest.mark.timeout(1200)
def test_no_change_of_the_built_in_pack_goes_unnoticed() -> None:
    report = mutate(built_in_folder(), jobs=len(os.sched_getaffinity(0)))
    assert not report.unexplained, "\n".join(map(str, report.unexplained))
    assert not report.improvements, "\n".join(map(str, report.improvements))
    assert report.unread == ()
    modules = PolicySet.built_in().modules
    assert set(report.modules) == set(modules)
    assert all(counts.noticed > 10 and not counts.stopped for counts in report.modules.values())
    assert sum(counts.mutants for counts in report.modules.values()) > 3000
    assert report.spoilt > 30_000
    assert len(report.survivors) <= _MOST_EXPLAINED
