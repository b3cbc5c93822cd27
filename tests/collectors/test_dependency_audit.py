"""The dependency_audit collector on lock files on disk, with the real pip-audit in its child process."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from osv_case import CRITICAL, advisory, hang, of, server, write

from probatum.collectors.base import Context
from probatum.collectors.dependency_audit import DependencyAudit
from probatum.collectors.result_schema import check_result
from probatum.collectors.sandbox import SandboxLimits
from probatum.content import read_content
from probatum.errors import UsageError
from probatum.evaluator.graph import Observation, Subject

HASH = "a" * 64
REQUIREMENTS = f"jinja2==3.1.2 --hash=sha256:{HASH}\nnumpy==2.1.0 --hash=sha256:{HASH}\n"
POETRY = f"""\
[[package]]
name = "jinja2"
version = "3.1.2"
optional = false
python-versions = ">=3.7"
files = [{{file = "jinja2-3.1.2-py3-none-any.whl", hash = "sha256:{HASH}"}}]

[metadata]
lock-version = "2.1"
python-versions = ">=3.11"
content-hash = "{HASH}"
"""
UV = f"""\
version = 1
requires-python = ">=3.11"

[[package]]
name = "project"
version = "0.1.0"
source = {{ editable = "." }}
dependencies = [{{ name = "jinja2" }}]

[[package]]
name = "jinja2"
version = "3.1.2"
source = {{ registry = "https://pypi.org/simple" }}
wheels = [{{ url = "https://files.example/jinja2-3.1.2-py3-none-any.whl", hash = "sha256:{HASH}" }}]
"""
PIPFILE = json.dumps({
    "_meta": {"hash": {"sha256": HASH}, "pipfile-spec": 6, "requires": {},
              "sources": [{"name": "pypi", "url": "https://pypi.org/simple", "verify_ssl": True}]},
    "default": {"jinja2": {"hashes": [f"sha256:{HASH}"], "index": "pypi", "version": "==3.1.2"}},
    "develop": {},
})  # fmt: skip
PYLOCK = f"""\
lock-version = "1.0"
created-by = "test"

[[packages]]
name = "jinja2"
version = "3.1.2"

[[packages.wheels]]
name = "jinja2-3.1.2-py3-none-any.whl"
url = "https://files.example/jinja2-3.1.2-py3-none-any.whl"
hashes = {{sha256 = "{HASH}"}}
"""


def pipeline(root: Path, *names: str, online: bool = False, seconds: float = 30, **settings: Any) -> Context:
    subjects = [
        Subject("dependency_set", name, {"sha256": read_content(root / name).sha256}, name)
        for name in names or ["requirements.txt"]
    ]
    return Context(
        root=root,
        pipeline={"name": "p"},
        subjects={subject.id: subject for subject in subjects},
        contents={subject.id: read_content(root / str(subject.location)) for subject in subjects},
        settings=settings,
        now=datetime(2026, 11, 20, tzinfo=UTC),
        online=online,
        limits=SandboxLimits(seconds=seconds),
    )


def observe(context: Context) -> Observation:
    (observation,) = DependencyAudit().collect(context)
    assert isinstance(observation, Observation)
    if observation.status in {"complete", "partial"}:
        check_result(DependencyAudit(), "dependency_audit", observation.result)
    return observation


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write(tmp_path / "advisories", advisory("GHSA-1", severity=[{"type": "CVSS_V3", "score": CRITICAL}]))
    (tmp_path / "requirements.txt").write_text(REQUIREMENTS)
    return tmp_path


def test_complete_audit_with_a_local_database(root: Path) -> None:
    context = pipeline(root, advisories="advisories")
    observation = observe(context)
    assert observation.status == "complete"
    assert observation.result["audited"] == 2
    assert [item["id"] for item in observation.result["vulnerabilities"]] == ["GHSA-1"]
    assert observation.result["service"] == "local"
    digest = read_content(root / "advisories").sha256
    assert observation.result["database"] == {
        "digest": digest, "advisories": 1, "newest": "2026-10-01T00:00:00Z", "malformed": 0,
    }  # fmt: skip
    assert observation.inputs["advisories"] == {"sha256": digest}
    assert observation.inputs["requirements.txt"] == context.subjects["dependency_set:requirements.txt"].digest
    assert observation.tool is not None
    assert observation.tool["name"] == "pip-audit"
    assert observation.report is not None
    ((stored, report),) = list(context.reports)
    assert stored == observation.report["sha256"]
    assert {item["name"] for item in json.loads(report)["dependencies"]} == {"jinja2", "numpy"}


def test_same_input_gives_the_same_observation(root: Path) -> None:
    assert observe(pipeline(root, advisories="advisories")).id == observe(pipeline(root, advisories="advisories")).id


@pytest.mark.parametrize(
    ("name", "text"),
    [("poetry.lock", POETRY), ("uv.lock", UV), ("Pipfile.lock", PIPFILE), ("pylock.toml", PYLOCK)],
)
def test_lock_files_that_pip_audit_does_not_read_itself(root: Path, name: str, text: str) -> None:
    (root / name).write_text(text)
    observation = observe(pipeline(root, name, advisories="advisories"))
    assert observation.status == "complete", observation.coverage
    assert observation.result["audited"] == 1
    assert [(item["package"], item["version"]) for item in observation.result["vulnerabilities"]] == [
        ("jinja2", "3.1.2")
    ]


def test_range_is_a_gap_and_the_others_are_audited(root: Path) -> None:
    (root / "requirements.txt").write_text("jinja2==3.1.2\nnumpy>=2\n")
    observation = observe(pipeline(root, advisories="advisories"))
    assert observation.status == "partial"
    assert observation.result["audited"] == 1
    assert len(observation.result["vulnerabilities"]) == 1
    assert "numpy" in {item.item for item in observation.coverage.skipped}
    assert observation.coverage.seen - observation.coverage.examined == len(observation.coverage.skipped)


def test_included_file_is_audited_too(root: Path) -> None:
    """pip-audit itself leaves out what ``-r`` names when it may not run pip."""
    (root / "base.txt").write_text("jinja2==3.1.2\n")
    (root / "requirements.txt").write_text("-r base.txt\nnumpy==2.1.0\n")
    observation = observe(pipeline(root, advisories="advisories"))
    assert [item["package"] for item in observation.result["vulnerabilities"]] == ["jinja2"]


def test_what_could_not_be_read_of_a_lock_file_is_named(root: Path) -> None:
    (root / "requirements.txt").write_text("-r gone.txt\nnumpy==2.1.0\n")
    observation = observe(pipeline(root, advisories="advisories"))
    assert (observation.status, observation.result["audited"]) == ("partial", 1)
    assert "gone.txt" in str(observation.coverage.skipped)


def test_package_for_another_platform_is_audited_too(root: Path) -> None:
    (root / "requirements.txt").write_text("jinja2==3.1.2 ; sys_platform == 'win32'\n")
    assert len(observe(pipeline(root, advisories="advisories")).result["vulnerabilities"]) == 1


def test_package_from_a_repository_is_a_gap(root: Path) -> None:
    (root / "requirements.txt").write_text("jinja2 @ git+https://git.example/jinja2@main\nnumpy==2.1.0\n")
    observation = observe(pipeline(root, advisories="advisories"))
    assert observation.status == "partial"
    assert observation.result["audited"] == 1


def test_syntax_error_in_a_lock_file_never_looks_clean(root: Path) -> None:
    (root / "poetry.lock").write_text("[[package]\nname = ")
    observation = observe(pipeline(root, "poetry.lock", advisories="advisories"))
    assert observation.status == "failed"
    assert "poetry.lock" in observation.result["error"]


def test_lock_file_that_is_missing(root: Path) -> None:
    subject = Subject("dependency_set", "gone", {}, "gone.txt")
    context = pipeline(root, advisories="advisories")
    context = Context(root, {"name": "p"}, {subject.id: subject}, settings=context.settings, now=context.now)
    assert observe(context).status == "failed"


def test_two_sets_give_two_observations_with_one_database(root: Path) -> None:
    (root / "dev.txt").write_text("numpy==2.1.0\n")
    first, second = DependencyAudit().collect(pipeline(root, "requirements.txt", "dev.txt", advisories="advisories"))
    assert isinstance(first, Observation)
    assert isinstance(second, Observation)
    assert {first.subject, second.subject} == {"dependency_set:dev.txt", "dependency_set:requirements.txt"}
    assert first.result["database"] == second.result["database"]


def test_malformed_advisory_makes_the_audit_partial(root: Path) -> None:
    (root / "advisories" / "sarif.json").write_text('{"version": "2.1.0"}')
    observation = observe(pipeline(root, advisories="advisories"))
    assert observation.status == "partial"
    assert observation.result["database"]["malformed"] == 1
    assert observation.coverage.skipped[0].item == "sarif.json"
    assert "not an OSV record" in observation.coverage.skipped[0].reason


def test_empty_database_is_a_failure(root: Path) -> None:
    (root / "empty").mkdir()
    observation = observe(pipeline(root, advisories="empty"))
    assert observation.status == "failed"
    assert "holds no OSV advisory" in observation.result["error"]


def test_offline_without_advisories_says_what_to_do(root: Path) -> None:
    observation = observe(pipeline(root))
    assert observation.status == "skipped"
    assert "advisories" in observation.result["error"]
    assert "--online" in observation.result["error"]


@pytest.mark.parametrize("service", ["osv", "pypi"])
def test_online_service_is_not_asked_offline(root: Path, service: str) -> None:
    with server(of()) as (url, queries):
        observation = observe(pipeline(root, service=service, osv_url=url))
    assert observation.status == "skipped"
    assert f"the service {service} needs the network" in observation.result["error"]
    assert queries == []


def test_osv_service_when_the_network_was_asked_for(root: Path) -> None:
    with server(of(advisory("GHSA-1"))) as (url, queries):
        observation = observe(pipeline(root, online=True, service="osv", osv_url=url))
    assert observation.status == "complete"
    assert observation.result["database"] is None
    assert len(observation.result["vulnerabilities"]) == 1
    assert [query["package"]["name"] for query in queries] == ["jinja2", "numpy"]


def test_service_that_is_not_there_is_a_failure(root: Path) -> None:
    with server(of()) as (url, _):
        pass
    observation = observe(pipeline(root, online=True, service="osv", osv_url=url))
    assert observation.status == "failed"
    assert observation.result["error"] == "the osv service cannot be reached: ConnectionError"


def test_service_that_hangs_beyond_the_limit_is_a_failure(root: Path) -> None:
    with server(hang) as (url, _):
        observation = observe(pipeline(root, online=True, seconds=3, service="osv", osv_url=url))
    assert observation.status == "failed"
    assert "no answer within 3 s" in observation.result["error"]


def test_wrong_setting_is_a_usage_error(root: Path) -> None:
    with pytest.raises(UsageError, match=r"collectors\.dependency_audit\.advisories"):
        observe(pipeline(root, advisories="nowhere"))


def test_nothing_of_the_working_folder_is_executed(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """pip-api asks ``python -m pip`` for its version: a ``pip.py`` of the pipeline must not answer."""
    for name in ("pip.py", "pip_audit.py", "requests.py"):
        (root / name).write_text(f"open({str(root / 'planted')!r}, 'w')")
    monkeypatch.chdir(root)
    assert observe(pipeline(root, advisories="advisories")).status == "complete"
    assert not (root / "planted").exists()


def test_no_subject_no_child(tmp_path: Path) -> None:
    assert list(DependencyAudit().collect(Context(tmp_path, {"name": "p"}, {}))) == []


def test_available_says_when_pip_audit_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    context = Context(tmp_path, {"name": "p"}, {})
    assert DependencyAudit().available(context).ready
    monkeypatch.setattr("probatum.collectors.dependency_audit.find_spec", lambda _: None)
    assert not DependencyAudit().available(context).ready
