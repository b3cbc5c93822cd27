"""Reading a database of OSV advisories: folders, archives, JSON, YAML, and what is wrong with them."""

from __future__ import annotations

import json
import time
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from osv_case import CRITICAL, LOW, advisory, write
from packaging.version import Version

from probatum.collectors.advisories.database import Database, read_database
from probatum.collectors.advisories.documents import ReadLimits, documents, open_source
from probatum.collectors.advisories.record import MalformedRecordError, Record, parse_record
from probatum.collectors.advisories.yaml_text import load_text
from probatum.content import read_content
from probatum.errors import EvidenceError

PYPA = """\
id: PYSEC-2024-1
details: "A flaw: read on."
affected:
- package: {name: Flask_Thing, ecosystem: PyPI, purl: pkg:pypi/flask-thing}
  ranges:
  - type: GIT
    repo: https://git.example/flask
    events: [{introduced: "0"}, {fixed: 0123abc}]
  - type: ECOSYSTEM
    events:
    - introduced: "0"
    - fixed: 1.10
  versions: [1.1, 1.9]
references: []
aliases: [CVE-2024-1]
modified: 2024-02-01T10:00:00.123456Z
published: '2024-01-31T10:00:00+00:00'
"""


def record(**changes: Any) -> Record:
    return parse_record(advisory("OSV-1", **changes))


def affected(found: Record, version: str, package: str = "jinja2") -> bool:
    return any(item.includes(Version(version)) for item in found.of(package))


def test_folder_of_json_and_yaml_at_any_depth(tmp_path: Path) -> None:
    write(tmp_path / "ghsa" / "2024", advisory("GHSA-1"))
    (tmp_path / "vulns" / "flask-thing").mkdir(parents=True)
    (tmp_path / "vulns" / "flask-thing" / "PYSEC-2024-1.yaml").write_text(PYPA)
    database = read_database(tmp_path)
    assert (database.records, database.malformed) == (2, ())
    assert set(database.packages) == {"jinja2", "flask-thing"}
    assert database.newest == datetime(2026, 10, 1, tzinfo=UTC)
    assert database.sha256 == read_content(tmp_path).sha256


def test_yaml_of_the_pypa_database_keeps_versions_as_text(tmp_path: Path) -> None:
    found = parse_record(load_text(PYPA.encode()))
    assert found.aliases == ("CVE-2024-1",)
    assert found.published == datetime(2024, 1, 31, 10, tzinfo=UTC)
    assert found.modified.microsecond == 123456
    assert affected(found, "1.9", "flask-thing")
    assert not affected(found, "1.10", "flask-thing"), "1.10 was read as the number 1.1"
    assert not affected(found, "1.10.1", "flask-thing")


def test_hidden_files_and_other_files_are_no_advisories(tmp_path: Path) -> None:
    write(tmp_path, advisory("GHSA-1"))
    before = read_database(tmp_path).sha256
    (tmp_path / ".github" / "workflows").mkdir(parents=True)
    (tmp_path / ".github" / "workflows" / "ci.yaml").write_text("on: push")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "config.json").write_text("{")
    assert (read_database(tmp_path).sha256, read_database(tmp_path).malformed) == (before, ())
    (tmp_path / "README.md").write_text("# Advisories")
    assert read_database(tmp_path).malformed == ()
    assert read_database(tmp_path).sha256 != before


def test_digest_covers_every_byte_and_name(tmp_path: Path) -> None:
    write(tmp_path, advisory("GHSA-1"), advisory("GHSA-2"))
    digests = {read_database(tmp_path).sha256}
    (tmp_path / "GHSA-2.json").rename(tmp_path / "GHSA-3.json")
    digests.add(read_database(tmp_path).sha256)
    (tmp_path / "GHSA-3.json").write_text(json.dumps(advisory("GHSA-2", summary="another")))
    digests.add(read_database(tmp_path).sha256)
    assert len(digests) == 3


MALFORMED: dict[str, str] = {
    "list.json": "[]",
    "number.json": "1",
    "cut.json": '{"id": "X"',
    "empty.json": "",
    "twice.json": '{"id": "X", "id": "Y", "modified": "2026-01-01T00:00:00Z"}',
    "sarif.json": '{"version": "2.1.0", "runs": []}',
    "no_id.json": '{"modified": "2026-01-01T00:00:00Z"}',
    "no_modified.json": '{"id": "X"}',
    "date.json": '{"id": "X", "modified": "yesterday"}',
    "zone.json": '{"id": "X", "modified": "2026-01-01T00:00:00"}',
    "schema.json": '{"id": "X", "modified": "2026-01-01T00:00:00Z", "schema_version": "2.0.0"}',
    "affected.json": '{"id": "X", "modified": "2026-01-01T00:00:00Z", "affected": {}}',
    "item.json": '{"id": "X", "modified": "2026-01-01T00:00:00Z", "affected": [1]}',
    "package.json": '{"id": "X", "modified": "2026-01-01T00:00:00Z", "affected": [{"package": {"name": "x"}}]}',
    "aliases.json": '{"id": "X", "modified": "2026-01-01T00:00:00Z", "aliases": "CVE-1"}',
    "withdrawn.json": '{"id": "X", "modified": "2026-01-01T00:00:00Z", "withdrawn": true}',
    "versions.json": json.dumps(
        {"id": "X", "modified": "2026-01-01T00:00:00Z",
         "affected": [{"package": {"name": "x", "ecosystem": "PyPI"}, "versions": [1.1]}]}
    ),
    "syntax.yaml": "id: [",
    "tag.yaml": "!!python/object/apply:os.system ['true']",
    "alias.yaml": "id: &a X\naliases: [*a, *a]\nx: &b [1]\ny: *b\n",
    "twice.yaml": "id: X\nid: Y\n",
    "two.yml": "id: X\n---\nid: Y\n",
    "latin.yaml": "id: \udcff",
    "deep.yaml": "x: " + "[" * 5000 + "]" * 5000,
    "nested.yaml": "x: " + "[" * 900 + "]" * 900,
    "key.yaml": "? [a]\n: b\n",
    "nothing.yaml": "",
}  # fmt: skip


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_advisory_is_counted_and_does_not_stop_the_others(tmp_path: Path, name: str) -> None:
    write(tmp_path, advisory("GHSA-1"))
    (tmp_path / name).write_bytes(MALFORMED[name].encode("utf-8", "surrogateescape"))
    database = read_database(tmp_path)
    assert database.records == 1
    assert [item.name for item in database.malformed] == [name]
    assert database.malformed[0].reason


def test_billion_laughs_costs_nothing(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 30)]
    started = time.monotonic()
    with pytest.raises(ValueError, match="alias"):
        load_text("\n".join(lines).encode())
    assert time.monotonic() - started < 1


def test_symlink_and_oversize_are_malformed(tmp_path: Path) -> None:
    write(tmp_path, advisory("GHSA-1"))
    (tmp_path / "link.json").symlink_to(tmp_path / "GHSA-1.json")
    (tmp_path / "big.json").write_text(json.dumps(advisory("GHSA-2", details="x" * 2000)))
    database = read_database(tmp_path, ReadLimits(document_bytes=1500))
    assert {item.name: item.reason for item in database.malformed} == {
        "big.json": "larger than 1500 bytes",
        "link.json": "symlink",
    }


def test_too_many_advisories_is_an_error(tmp_path: Path) -> None:
    write(tmp_path, *(advisory(f"GHSA-{number}") for number in range(4)))
    assert read_database(tmp_path, ReadLimits(documents=4)).records == 4
    with pytest.raises(EvidenceError, match="too many"):
        read_database(tmp_path, ReadLimits(documents=3))


@pytest.mark.parametrize("content", [{}, {"README.md": "nothing"}, {"x.json": "[]"}])
def test_database_without_an_advisory_is_an_error(tmp_path: Path, content: dict[str, str]) -> None:
    for name, text in content.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(EvidenceError, match="holds no OSV advisory"):
        read_database(tmp_path)


def test_missing_database_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match="cannot read the advisories"):
        read_database(tmp_path / "nowhere")


def test_one_file_is_a_database(tmp_path: Path) -> None:
    write(tmp_path, advisory("GHSA-1"))
    assert read_database(tmp_path / "GHSA-1.json").records == 1


def archive(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as stream:
        for name, data in files.items():
            stream.writestr(name, data)
    return path


def test_archive_as_osv_publishes_it(tmp_path: Path) -> None:
    files = {f"GHSA-{n}.json": json.dumps(advisory(f"GHSA-{n}")).encode() for n in range(3)}
    path = archive(tmp_path / "all.zip", {**files, "bad.json": b"{", "README.md": b"x", "../up.json": b"1"})
    database = read_database(path)
    assert (database.records, [item.name for item in database.malformed]) == (3, ["../up.json", "bad.json"])
    assert database.sha256 == read_content(path).sha256
    assert sorted(item.name for item in tmp_path.iterdir()) == ["all.zip"]


def test_zip_bomb_is_cut_off(tmp_path: Path) -> None:
    bomb = {"bomb.json": b" " * (20 << 20), "good.json": json.dumps(advisory("GHSA-1")).encode()}
    path = archive(tmp_path / "all.zip", bomb)
    assert path.stat().st_size < 50_000
    database = read_database(path)
    assert [(item.name, item.reason[:11]) for item in database.malformed] == [("bomb.json", "larger than")]
    with pytest.raises(EvidenceError, match="too large"):
        read_database(path, ReadLimits(archive_bytes=1 << 20))


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04 not a zip", b"\0" * 100])
def test_damaged_archive_is_an_error(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "all.zip").write_bytes(data)
    with pytest.raises(EvidenceError, match="damaged"):
        read_database(tmp_path / "all.zip")


def test_encrypted_archive_is_an_error(tmp_path: Path) -> None:
    path = archive(tmp_path / "all.zip", {"GHSA-1.json": b"{}"})
    data = bytearray(path.read_bytes())
    data[6] |= 1  # the flag of encryption, in the member's header and in the directory
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    with pytest.raises(EvidenceError, match="damaged"):
        read_database(path)


def test_advisory_that_changes_or_goes_while_it_is_read(tmp_path: Path) -> None:
    source = open_source(write(tmp_path, advisory("GHSA-1"), advisory("GHSA-2"), advisory("GHSA-3")))
    (tmp_path / "GHSA-1.json").write_text("{}")
    (tmp_path / "GHSA-2.json").unlink()
    problems = {item.name: item.problem for item in documents(source, ReadLimits())}
    assert problems == {
        "GHSA-1.json": "it changed while it was read",
        "GHSA-2.json": "unreadable: No such file or directory",
        "GHSA-3.json": "",
    }


def test_advisory_of_other_ecosystems_counts_and_matches_nothing(tmp_path: Path) -> None:
    other = advisory("GHSA-1")
    other["affected"][0]["package"]["ecosystem"] = "npm"
    commits = advisory("GHSA-2", affected=[{"ranges": [{"type": "GIT", "events": [{"introduced": "0"}]}]}])
    database = read_database(write(tmp_path, other, commits))
    assert (database.records, dict(database.packages)) == (2, {})


@pytest.mark.parametrize("name", ["Jinja2", "JINJA2", "jinja2"])
def test_names_are_normalised(name: str) -> None:
    assert affected(parse_record(advisory("X", name)), "3.0")


def test_versions_listed_are_compared_as_versions() -> None:
    found = record(
        affected=[{"package": {"name": "jinja2", "ecosystem": "PyPI"}, "versions": ["2.0", "2004b", "weird-r1"]}]
    )
    assert affected(found, "2.0.0")
    assert affected(found, "2.0+local")
    assert affected(found, "2004b0")
    assert not affected(found, "2.1")


def test_local_version_is_affected_like_its_public_one() -> None:
    found = record(affected=[{
        "package": {"name": "jinja2", "ecosystem": "PyPI"},
        "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "2.0"}, {"last_affected": "2.1"}]}],
    }])  # fmt: skip
    assert affected(found, "2.1+cu118")
    assert not affected(found, "2.2+cu118")


UNJUDGED: list[dict[str, Any]] = [
    {"ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "r1"}]}]},
    {"ranges": [{"type": "ECOSYSTEM", "events": []}]},
    {"ranges": [{"type": "GIT", "events": [{"introduced": "0"}]}]},
    {"ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}]}]},
    {"ranges": []},
    {},
]


@pytest.mark.parametrize("about", UNJUDGED, ids=repr)
def test_record_that_cannot_be_compared_says_so(about: dict[str, Any]) -> None:
    found = record(affected=[{"package": {"name": "jinja2", "ecosystem": "PyPI"}, **about}])
    assert found.of("jinja2")[0].unjudged
    assert not affected(found, "1.0")


def test_listed_versions_suffice_beside_commits() -> None:
    about = {"ranges": [{"type": "GIT", "events": [{"introduced": "0"}]}], "versions": ["1.0"]}
    found = record(affected=[{"package": {"name": "jinja2", "ecosystem": "PyPI"}, **about}])
    assert found.of("jinja2")[0].unjudged == ""


def test_severity_of_the_package_and_of_the_record() -> None:
    assert record(severity=[{"type": "CVSS_V3", "score": LOW}]).affected[0].severity == 3.1
    both = advisory("X", severity=[{"type": "CVSS_V3", "score": LOW}])
    both["affected"][0]["severity"] = [{"type": "CVSS_V3", "score": CRITICAL}]
    assert parse_record(both).affected[0].severity == 9.8
    assert record(database_specific={"severity": "MODERATE"}).affected[0].severity == 6.9
    assert record().affected[0].severity is None


def test_fixes_are_those_above_the_version() -> None:
    events = [{"introduced": "0"}, {"fixed": "1.5"}, {"introduced": "2.0"}, {"fixed": "2.5"}]
    found = record(affected=[{
        "package": {"name": "jinja2", "ecosystem": "PyPI"}, "ranges": [{"type": "ECOSYSTEM", "events": events}],
    }])  # fmt: skip
    assert found.affected[0].fixes(Version("2.1")) == {Version("2.5")}
    assert found.affected[0].fixes(Version("1.0")) == {Version("1.5"), Version("2.5")}


@pytest.mark.parametrize("odd", [None, 0, "", "text", [], {}, [None], [[]], [{}], {"x": None}], ids=repr)
def test_odd_values_anywhere_are_read_or_refused(odd: Any) -> None:
    whole = advisory(
        "X", severity=[{"type": "CVSS_V3", "score": LOW}], aliases=["CVE-1"], database_specific={"severity": "LOW"}
    )
    for path in _paths(whole):
        document = json.loads(json.dumps(whole))
        owner: Any = document
        for key in path[:-1]:
            owner = owner[key]
        owner[path[-1]] = odd
        try:
            found = parse_record(document)
        except MalformedRecordError:
            continue
        assert all(item.includes(Version("1.0")) in (True, False) for item in found.affected)


def _paths(value: Any, path: tuple[Any, ...] = ()) -> Any:
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from _paths(item, (*path, key))


def test_ten_thousand_advisories_are_read_in_seconds(tmp_path: Path) -> None:
    versions = [f"1.{minor}.{patch}" for minor in range(8) for patch in range(5)]
    files = {}
    for number in range(10_000):
        item = advisory(f"GHSA-{number}", f"package-{number % 3000}", details="some words. " * 40)
        item["affected"][0]["versions"] = versions
        files[f"GHSA-{number}.json"] = json.dumps(item).encode()
    started = time.monotonic()
    database: Database = read_database(archive(tmp_path / "all.zip", files))
    assert database.records == 10_000
    assert time.monotonic() - started < 20
