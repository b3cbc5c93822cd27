"""Evidence as it was kept, and finding it below folders."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from policy_case import checklist
from trial_case import NOW, evidence, policy_set

from probatum.errors import EvidenceError, UsageError
from probatum.evaluator.engines.regorus import Regorus
from probatum.evaluator.graph import Graph, Subject
from probatum.evaluator.graph_document import dump_graph
from probatum.evaluator.settings import settings_document
from probatum.workbench import past_evidence
from probatum.workbench.circumstances import circumstances_of
from probatum.workbench.past_evidence import find_evidence
from probatum.workbench.recorded import is_package, read_recorded


def package(folder: Path, **changes: object) -> Path:
    """The part of a verdict package that is read here."""
    folder.mkdir(parents=True)
    settings = settings_document(
        checklist=checklist(policy_set()), now=NOW, engine=Regorus(), parameters={"TINY-01": {"limit": 9}}
    )
    (folder / "evidence.json").write_bytes(dump_graph(evidence("good")))
    (folder / "settings.json").write_text(json.dumps({**settings, **changes}))
    return folder


def graph_file(path: Path, *names: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(dump_graph(evidence(*names)))
    return path


def test_a_graph_is_as_old_as_its_newest_observation(tmp_path: Path) -> None:
    found = read_recorded(graph_file(tmp_path / "g.json", "good", "old"))
    assert found.settings is None
    assert found.moment == datetime(2026, 11, 20, 6, tzinfo=UTC)
    bare = Graph.of({"name": "p"}, [Subject("pipeline", "p")])
    (tmp_path / "bare.json").write_bytes(dump_graph(bare))
    assert read_recorded(tmp_path / "bare.json").moment is None


def test_a_package_brings_its_settings(tmp_path: Path) -> None:
    found = read_recorded(package(tmp_path / "verdict"))
    assert found.moment == NOW
    policies = policy_set()
    given = circumstances_of(found, policies, now=NOW)
    assert given.values(policies)["TINY-01"]["limit"] == 9
    assert circumstances_of(found, policies, now=NOW, parameters={}).values(policies)["TINY-01"]["limit"] == 2
    assert given.over({"TINY-01": {"limit": 1}}).values(policies)["TINY-01"]["limit"] == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"evaluated_at": "2026-13-20T07:00:00Z"},
        {"evaluated_at": 7},
        {"checklist": {}},
        {"checklist": {"controls": [{"id": 7}]}},
        {"parameters": []},
        {"schema": "other"},
    ],
)
def test_settings_that_are_malformed_are_refused(tmp_path: Path, changes: dict[str, object]) -> None:
    with pytest.raises(EvidenceError, match=r"settings\.json"):
        read_recorded(package(tmp_path / "verdict", **changes))


def test_what_is_no_evidence_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no verdict package"):
        read_recorded(tmp_path)
    with pytest.raises(UsageError):
        read_recorded(tmp_path / "gone.json")
    (tmp_path / "a.json").write_text("{")
    with pytest.raises(EvidenceError):
        read_recorded(tmp_path / "a.json")
    folder = package(tmp_path / "verdict")
    (folder / "settings.json").write_text("[")
    with pytest.raises(EvidenceError):
        read_recorded(folder)


def test_graphs_and_packages_are_found_below_folders(tmp_path: Path) -> None:
    one = graph_file(tmp_path / "a/b/one.json", "good")
    two = package(tmp_path / "a/verdict")
    (two / "raw").mkdir()
    graph_file(two / "raw/inside.json", "good")  # a package is one piece of evidence
    (tmp_path / "a/readme.md").write_text("no evidence")
    assert find_evidence([tmp_path]) == [one, two]
    assert find_evidence([one, tmp_path / "a", two]) == [one, two]
    assert is_package(two)
    assert not is_package(tmp_path)


def test_links_to_folders_are_named_and_not_followed(tmp_path: Path) -> None:
    graph_file(tmp_path / "outside/one.json", "good")
    inside = graph_file(tmp_path / "inside/two.json", "good")
    (tmp_path / "inside/link").symlink_to(tmp_path / "outside")
    (tmp_path / "inside/loop").symlink_to(tmp_path / "inside")
    found = find_evidence([tmp_path / "inside"])
    assert found == [tmp_path / "inside/link", tmp_path / "inside/loop", inside]
    for link in found[:2]:
        with pytest.raises(UsageError, match="no verdict package"):
            read_recorded(link)


def test_nothing_found_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="no evidence"):
        find_evidence([tmp_path])
    with pytest.raises(UsageError, match="nothing at"):
        find_evidence([tmp_path / "gone"])
    graph_file(tmp_path / "one.json", "good")
    graph_file(tmp_path / "two.json", "good")
    monkeypatch.setattr(past_evidence, "MOST_SOURCES", 1)
    with pytest.raises(UsageError, match="over 1"):
        find_evidence([tmp_path])
