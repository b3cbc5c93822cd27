"""The real pip-audit, with a local database and with real HTTP servers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import requests
from osv_case import CRITICAL, LOW, Answer, advisory, hang, of, server, write

from probatum.collectors.advisories.audit import audit
from probatum.collectors.advisories.audited import audited
from probatum.collectors.advisories.packages import PackageSource

JINJA = {"name": "Jinja2", "version": "3.1.2", "reason": ""}


def package(name: str, version: str | None, reason: str = "") -> dict[str, Any]:
    return {"name": name, "version": version, "reason": reason}


def local(folder: Path, *packages: dict[str, Any], now: str = "2026-11-20T00:00:00Z") -> dict[str, Any]:
    return audit({"service": "local", "packages": list(packages), "now": now, "advisories": str(folder)})


def online(url: str, *packages: dict[str, Any], timeout: int = 5) -> dict[str, Any]:
    return audit(
        {
            "service": "osv",
            "packages": list(packages),
            "now": "2026-11-20T00:00:00Z",
            "osv_url": url,
            "timeout": timeout,
        }
    )


def test_vulnerability_of_a_local_database(tmp_path: Path) -> None:
    folder = write(tmp_path, advisory("GHSA-1", aliases=["CVE-1"], severity=[{"type": "CVSS_V3", "score": CRITICAL}]))
    answer = local(folder, JINJA, package("numpy", "2.1.0"))
    assert answer["vulnerabilities"] == [
        {
            "package": "jinja2",
            "version": "3.1.2",
            "id": "CVE-1",
            "aliases": ["GHSA-1"],
            "severity": 9.8,
            "fix_versions": ["3.1.3"],
            "published": "2026-09-01T12:00:00Z",
            "withdrawn": False,
        }
    ]
    assert (answer["audited"], answer["seen"], answer["skipped"]) == (2, 2, [])
    assert answer["database"]["advisories"] == 1
    assert answer["database"]["newest"] == "2026-10-01T00:00:00Z"
    assert answer["version"].startswith("2.10")


def test_report_is_that_of_pip_audit(tmp_path: Path) -> None:
    report = json.loads(local(write(tmp_path, advisory("GHSA-1", aliases=["B", "A", "C"])), JINJA)["report"])
    (dependency,) = report["dependencies"]
    assert (dependency["name"], dependency["version"]) == ("jinja2", "3.1.2")
    assert dependency["vulns"][0]["aliases"] == ["A", "B", "C"]  # a set in pip-audit, in another order at each run
    assert report["fixes"] == []


def test_aliases_are_one_vulnerability_with_the_worst_that_is_known(tmp_path: Path) -> None:
    folder = write(
        tmp_path,
        advisory("PYSEC-1", aliases=["CVE-1"], published="2026-09-05T00:00:00Z"),
        advisory("GHSA-1", aliases=["CVE-1"], severity=[{"type": "CVSS_V3", "score": LOW}], fixed="3.1.4"),
        advisory("GHSA-2", severity=[{"type": "CVSS_V3", "score": CRITICAL}]),
    )
    first, second = local(folder, JINJA)["vulnerabilities"]
    assert (first["id"], first["severity"]) == ("GHSA-2", 9.8)
    assert (second["id"], second["aliases"], second["severity"]) == ("PYSEC-1", ["CVE-1", "GHSA-1"], 3.1)
    assert second["fix_versions"] == ["3.1.3", "3.1.4"]
    assert second["published"] == "2026-09-01T12:00:00Z"


def test_withdrawn_advisory_is_shown_and_is_no_vulnerability(tmp_path: Path) -> None:
    folder = write(tmp_path, advisory("GHSA-1", withdrawn="2026-10-10T00:00:00Z"))
    after, before = local(folder, JINJA), local(folder, JINJA, now="2026-10-09T00:00:00Z")
    assert [item["withdrawn"] for item in after["vulnerabilities"]] == [True]
    assert json.loads(after["report"])["dependencies"][0]["vulns"] == []
    assert [item["withdrawn"] for item in before["vulnerabilities"]] == [False]


def test_fixed_version_has_no_vulnerability(tmp_path: Path) -> None:
    assert local(write(tmp_path, advisory("GHSA-1")), package("jinja2", "3.1.3"))["vulnerabilities"] == []


def test_package_without_a_version_is_skipped_with_its_reason(tmp_path: Path) -> None:
    answer = local(
        write(tmp_path, advisory("GHSA-1")), package("Jinja2", None, "a range: >=3"), package("x", "not a version")
    )
    assert answer["skipped"] == [
        {"item": "jinja2", "reason": "a range: >=3"},
        {"item": "x", "reason": "version 'not a version' does not follow PEP 440"},
    ]
    assert (answer["audited"], answer["seen"]) == (0, 2)


def test_package_from_elsewhere_is_asked_about_and_still_a_gap(tmp_path: Path) -> None:
    answer = local(write(tmp_path, advisory("GHSA-1")), package("jinja2", "3.1.2", "it comes from a vcs"))
    assert [item["id"] for item in answer["vulnerabilities"]] == ["GHSA-1"]
    assert (answer["audited"], answer["skipped"]) == (0, [{"item": "jinja2 3.1.2", "reason": "it comes from a vcs"}])


def test_same_package_twice_is_audited_once_and_two_versions_twice(tmp_path: Path) -> None:
    answer = local(
        write(tmp_path, advisory("GHSA-1")), JINJA, JINJA, package("jinja2", "3.1.4"), package("JINJA2", "3.1.2")
    )
    assert (answer["audited"], answer["seen"], len(answer["vulnerabilities"])) == (2, 2, 1)


def test_advisory_that_cannot_be_compared_is_a_gap_of_its_package_alone(tmp_path: Path) -> None:
    odd = advisory("GHSA-1")
    odd["affected"][0]["ranges"][0]["events"] = [{"introduced": "r1"}]
    answer = local(write(tmp_path, odd), JINJA, package("numpy", "2.1.0"))
    assert answer["audited"] == 1
    assert answer["skipped"][0]["item"] == "jinja2 3.1.2"
    assert "GHSA-1 cannot be compared with 3.1.2" in answer["skipped"][0]["reason"]


def test_malformed_advisory_is_a_gap(tmp_path: Path) -> None:
    write(tmp_path, advisory("GHSA-1"))
    (tmp_path / "bad.json").write_text("[]")
    answer = local(tmp_path, JINJA)
    assert answer["database"]["malformed"] == 1
    assert answer["skipped"][0]["item"] == "bad.json"
    assert (answer["seen"], len(answer["vulnerabilities"])) == (2, 1)


def test_very_many_malformed_advisories_are_summed_up(tmp_path: Path) -> None:
    write(tmp_path, advisory("GHSA-1"))
    for number in range(120):
        (tmp_path / f"bad-{number:03}.json").write_text("[]")
    answer = local(tmp_path, JINJA)
    assert answer["database"]["malformed"] == 120
    assert len(answer["skipped"]) == 51
    assert answer["skipped"][-1]["reason"] == "70 further malformed advisories"


def test_empty_database_fails(tmp_path: Path) -> None:
    assert "holds no OSV advisory" in local(tmp_path, JINJA)["failed"]


def test_nothing_to_audit(tmp_path: Path) -> None:
    answer = local(write(tmp_path, advisory("GHSA-1")))
    assert (answer["audited"], answer["seen"], answer["vulnerabilities"]) == (0, 0, [])


def test_osv_service_with_severity(tmp_path: Path) -> None:
    found = advisory("GHSA-1", aliases=["CVE-1"], severity=[{"type": "CVSS_V3", "score": CRITICAL}])
    with server(of(found)) as (url, queries):
        answer = online(url, JINJA, package("numpy", "2.1.0"))
    assert [(item["id"], item["severity"], item["fix_versions"]) for item in answer["vulnerabilities"]] == [
        ("CVE-1", 9.8, ["3.1.3"])
    ]
    assert (answer["database"], answer["audited"], answer["skipped"]) == (None, 2, [])
    assert queries[0] == {"package": {"name": "jinja2", "ecosystem": "PyPI"}, "version": "3.1.2"}


def test_same_audit_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    found = advisory("GHSA-1", aliases=["CVE-3", "CVE-1", "CVE-2"])
    with server(of(found)) as (url, _):
        assert online(url, JINJA) == online(url, JINJA)


GAPS: dict[str, Answer] = {
    "further pages": of(advisory("GHSA-1"), next_page_token="more"),
    "passed over the advisory GHSA-1": of({**advisory("GHSA-1"), "schema_version": "2.0.0"}),
    "malformed advisory GHSA-1": of({**advisory("GHSA-1"), "modified": None}),
}


@pytest.mark.parametrize("reason", GAPS)
def test_what_pip_audit_drops_from_an_answer_is_a_gap(reason: str) -> None:
    with server(GAPS[reason]) as (url, _):
        answer = online(url, JINJA)
    assert answer["audited"] == 0
    assert reason in answer["skipped"][0]["reason"]


def test_withdrawn_advisory_of_a_service() -> None:
    with server(of(advisory("GHSA-1", withdrawn="2026-10-10T00:00:00Z"))) as (url, _):
        answer = online(url, JINJA)
    assert [item["withdrawn"] for item in answer["vulnerabilities"]] == [True]
    assert answer["audited"] == 1


def fixed(status: int, body: bytes) -> Answer:
    return lambda _: (status, body)


FAILURES: dict[str, Answer] = {
    "HTTP status 500": fixed(500, b"oops"),
    "HTTP status 429": fixed(429, b"{}"),
    "malformed answer: JSONDecodeError": fixed(200, b"<html>a login page</html>"),
    "malformed answer": fixed(200, b'{"vulnerabilities": []}'),
    "malformed answer: TypeError": fixed(200, b'["vulns"]'),
    "malformed answer: KeyError": fixed(200, b'{"vulns": [{}]}'),
    "did not answer with a JSON object": fixed(200, b"[]"),
}


@pytest.mark.parametrize("reason", FAILURES)
def test_service_that_fails_is_a_failure_and_no_empty_result(reason: str) -> None:
    with server(FAILURES[reason]) as (url, _):
        answer = online(url, JINJA)
        again = online(url, JINJA)
    assert set(answer) == {"failed"}
    assert reason in answer["failed"]
    assert answer == again


def test_service_that_hangs_is_given_up() -> None:
    with server(hang) as (url, _):
        assert online(url, JINJA, timeout=1) == {"failed": "the osv service cannot be reached: ReadTimeout"}


def test_service_that_is_not_there() -> None:
    with server(of()) as (url, _):
        pass
    assert online(url, JINJA) == {"failed": "the osv service cannot be reached: ConnectionError"}


def test_sixty_packages_are_all_asked_for() -> None:
    with server(of()) as (url, queries):
        answer = online(url, *(package(f"p{number}", "1.0") for number in range(60)))
    assert (answer["audited"], len(queries)) == (60, 60)


def test_pypi_service(monkeypatch: pytest.MonkeyPatch) -> None:
    """PyPI's address is fixed in pip-audit, so the request is sent to another host just before it leaves."""
    vulnerability = {"id": "PYSEC-1", "aliases": ["CVE-1"], "fixed_in": ["3.1.3"], "details": "d", "link": ""}
    known = {
        "/pypi/jinja2/3.1.2/json": [
            {**vulnerability, "withdrawn": None},
            {**vulnerability, "id": "PYSEC-2", "aliases": [], "withdrawn": "2026-01-01T00:00:00Z"},
        ],
        "/pypi/numpy/2.1.0/json": [],
    }

    def answer(query: dict[str, Any]) -> tuple[int, bytes]:
        found = known.get(query["path"])
        return (404, b"{}") if found is None else (200, json.dumps({"vulnerabilities": found}).encode())

    send = requests.adapters.HTTPAdapter.send
    with server(answer) as (url, queries):
        base = url.removesuffix("/v1/query")

        def elsewhere(self: Any, request: requests.PreparedRequest, *args: Any, **more: Any) -> requests.Response:
            request.url = str(request.url).replace("https://pypi.org", base)
            return send(self, request, *args, **more)

        monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", elsewhere)
        packages = [JINJA, package("numpy", "2.1.0"), package("private", "1.0")]
        result = audit({"service": "pypi", "packages": packages, "now": "2026-11-20T00:00:00Z", "timeout": 5})
    assert len(queries) == 3
    assert [(item["id"], item["severity"], item["withdrawn"]) for item in result["vulnerabilities"]] == [
        ("PYSEC-1", None, False),
        ("PYSEC-2", None, True),
    ]
    assert result["audited"] == 2
    assert result["skipped"][0]["item"] == "private"
    assert "not found on PyPI" in result["skipped"][0]["reason"]


def test_packages_are_never_changed() -> None:
    with pytest.raises(NotImplementedError):
        PackageSource([]).fix(None)


def read(**fields: Any) -> dict[str, Any]:
    """One package as an observation of the type dependencies has it."""
    return {"name": "a", "version": "1.0", "pinned": True, "source": "index", "url": None, **fields}


@pytest.mark.parametrize(
    ("item", "version", "reason"),
    [
        (read(), "1.0", ""),
        (read(version=None, pinned=False), None, "it is not pinned to one version"),
        (read(pinned=False), None, "it is not pinned to one version"),
        (
            read(source="vcs", url="git+https://x"),
            "1.0",
            "it comes from a vcs, and advisories are about releases in an index",
        ),
        (
            read(source="path", url="vendor/a"),
            "1.0",
            "it comes from a path, and advisories are about releases in an index",
        ),
    ],
)
def test_what_can_be_audited(item: dict[str, Any], version: str | None, reason: str) -> None:
    assert audited([item]) == [{"name": "a", "version": version, "reason": reason}]


def test_project_itself_is_not_audited() -> None:
    assert audited([read(source="editable", url=".")]) == []
