"""Packs from folders and bundles, held to the lock file; the cache."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from source_case import checklist, files, wanted, write

from probatum import __version__
from probatum.errors import PolicyError, ProbatumError, UsageError
from probatum.evaluator.bundle import pack_entries
from probatum.evaluator.policies import PolicySet
from probatum.packs.cache import Cache, default_cache
from probatum.packs.lock import Lock, Locked, lock_schema, read_lock
from probatum.packs.open import built_in_pack, open_packs

MANIFEST = json.dumps({"metadata": {"name": "Acme", "version": "2.1"}, "revision": "r7", "custom": 1}).encode()


def acme(base: Path, **more: str) -> Path:
    return write(base / "acme", files(**more))


def locked(base: Path, *sources: str) -> Lock:
    opened = open_packs(wanted(base, *sources, resolve=True))
    path = base / "probatum.lock"
    path.write_bytes(Lock(opened.entries, path).to_bytes())
    found = read_lock(path)
    assert found is not None
    return found


def test_a_folder_on_the_built_in_pack(tmp_path: Path) -> None:
    acme(tmp_path)
    opened = open_packs(wanted(tmp_path, "acme", built_in=True))
    release, own = opened.packs
    assert (release.name, release.version, release.pinned, release.built_in) == ("built-in", __version__, True, True)
    assert own.to_document() == {
        "name": "acme",
        "version": "",
        "source": "acme",
        "digest": {"sha256": PolicySet(files()).digest},
        "archive": None,
        "built_in": False,
        "pinned": False,
        "locked": False,
        "signed": False,
        "signers": [],
        "signature": "",
        "signature_problem": "it has no signature",
        "replaces": [],
    }
    assert set(opened.policies.controls) == {*PolicySet.built_in().controls, "ACME-01"}
    assert opened.bypasses == []


def test_the_built_in_pack_alone_is_what_it_was() -> None:
    assert open_packs(wanted(Path(), built_in=True)).policies.digest == PolicySet.built_in().digest
    assert built_in_pack().policies.digest == PolicySet.built_in().digest


def test_no_pack_passes_for_the_built_in_one(tmp_path: Path) -> None:
    write(tmp_path / "built-in", files())
    found = open_packs(wanted(tmp_path, "./built-in")).packs[0]
    assert (found.name, found.built_in, found.to_document()["built_in"]) == ("built-in", False, False)
    with pytest.raises(UsageError, match="built-in is no source"):
        open_packs(wanted(tmp_path, "built-in"))


@pytest.mark.parametrize("name", ["built\u2011in", "\x1b[2Jacme", "acm\u0435"])
def test_a_name_that_looks_like_another_is_refused(tmp_path: Path, name: str) -> None:
    manifest = json.dumps({"metadata": {"name": name}}).encode()
    write(tmp_path / "acme", {**files(), ".manifest": manifest})
    with pytest.raises(PolicyError, match="cannot be used as policies") as caught:
        open_packs(wanted(tmp_path, "acme"))
    assert "U+" in caught.value.why


def test_a_bundle_states_its_name_and_version(tmp_path: Path) -> None:
    (tmp_path / "x.tar.gz").write_bytes(pack_entries({**files(), ".manifest": MANIFEST}))
    write(tmp_path / "folder", {**files(), ".manifest": MANIFEST})
    bundle, folder = (open_packs(wanted(tmp_path, source)).packs[0] for source in ("x.tar.gz", "folder"))
    assert (bundle.name, bundle.version, len(bundle.archive)) == ("Acme", "2.1", 64)
    assert (folder.name, folder.version, folder.archive) == ("Acme", "2.1", "")
    assert bundle.policies.digest == folder.policies.digest


def test_a_pack_may_have_no_control(tmp_path: Path) -> None:
    write(tmp_path / "lists", {"checklists/strict.yaml": checklist("strict", "MODEL-01").encode()})
    opened = open_packs(wanted(tmp_path, "lists", built_in=True))
    assert "strict" in opened.policies.checklists


@pytest.mark.parametrize(
    ("sources", "word"),
    [
        (("acme", "acme"), "named twice"),
        (("acme", "more/acme"), "two packs are called acme"),
        (("./built-in",), "two packs are called built-in"),
        (("built-in",), "built-in is no source"),
        (("empty",), "holds no policies"),
        (("gone",), "not a folder"),
        (("gone.tar.gz",), "cannot read"),
    ],
)
def test_packs_that_cannot_be_told_apart_or_read(tmp_path: Path, sources: tuple[str, ...], word: str) -> None:
    acme(tmp_path)
    write(tmp_path / "more/acme", files("MORE-01"))
    write(tmp_path / "built-in", files("OTHER-01"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(ProbatumError, match=word):
        open_packs(wanted(tmp_path, *sources, built_in=True))


def test_no_policies_at_all_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no policies"):
        open_packs(wanted(tmp_path))


def test_what_is_locked_is_used_and_says_so(tmp_path: Path) -> None:
    acme(tmp_path)
    lock = locked(tmp_path, "acme")
    found = open_packs(wanted(tmp_path, "acme", lock=lock, locked=True)).packs[0]
    assert (found.locked, found.pinned) == (True, True)


@pytest.mark.parametrize("kind", ["folder", "bundle"])
def test_a_pack_that_changed_names_both_digests(tmp_path: Path, kind: str) -> None:
    source = "acme" if kind == "folder" else "acme.tar.gz"
    before, after = files(), files(lib__x="package acme.x\n")
    for found in (before, after):
        if kind == "folder":
            write(tmp_path / "acme", found)
        else:
            (tmp_path / source).write_bytes(pack_entries(found))
        lock = locked(tmp_path, source) if found is before else lock  # noqa: F821  the first round makes it
    with pytest.raises(PolicyError, match="not what was locked") as caught:
        open_packs(wanted(tmp_path, source, lock=lock, locked=True))
    assert PolicySet(before).digest in caught.value.why
    assert PolicySet(after).digest in caught.value.why
    assert "policy lock" in caught.value.remedy


def test_a_repacked_bundle_is_not_what_was_locked(tmp_path: Path) -> None:
    (tmp_path / "x.tar.gz").write_bytes(pack_entries(files()))
    lock = locked(tmp_path, "x.tar.gz")
    (tmp_path / "x.tar.gz").write_bytes(pack_entries({**files(), "README.md": b"more"}))
    with pytest.raises(PolicyError, match="not what was locked"):
        open_packs(wanted(tmp_path, "x.tar.gz", lock=lock, locked=True))


def test_a_source_that_is_not_locked_is_refused(tmp_path: Path) -> None:
    acme(tmp_path)
    with pytest.raises(UsageError, match="not locked") as caught:
        open_packs(wanted(tmp_path, "acme", locked=True))
    assert "there is no probatum.lock" in caught.value.why
    write(tmp_path / "other", files("OTHER-01"))
    with pytest.raises(UsageError, match="other is not locked") as caught:
        open_packs(wanted(tmp_path, "acme", "other", lock=locked(tmp_path, "acme"), locked=True))
    assert "probatum.lock does not name it" in caught.value.why


def test_a_lock_file_that_is_not_held_to_is_a_bypass(tmp_path: Path) -> None:
    acme(tmp_path)
    opened = open_packs(wanted(tmp_path, "acme", unheld=True))
    assert [item["code"] for item in opened.bypasses] == ["lock_ignored"]


def test_a_lock_file_has_one_form(tmp_path: Path) -> None:
    acme(tmp_path)
    write(tmp_path / "other", files("OTHER-01"))
    one, two = locked(tmp_path, "acme", "other").to_bytes(), locked(tmp_path, "other", "acme").to_bytes()
    assert one == two
    document = json.loads(one)
    assert [item["source"] for item in document["packs"]] == ["acme", "other"]
    assert one.decode().startswith('{\n  "schema": "https://probatum.dev/policy-lock/v1",\n  "packs": [\n')
    assert one.endswith(b"}\n")
    assert lock_schema()["properties"]["schema"]["const"] == document["schema"]


def spoilt(**fields: object) -> bytes:
    entry = Locked("acme", "acme", "", "", "", "a" * 64).to_document()
    return json.dumps({"schema": "https://probatum.dev/policy-lock/v1", "packs": [{**entry, **fields}]}).encode()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"[]",
        b'{"schema": "https://probatum.dev/policy-lock/v2", "packs": []}',
        b'{"schema": "https://probatum.dev/policy-lock/v1", "packs": [], "packs": []}',
        spoilt(digest={"sha256": "short"}),
        spoilt(digest=None),
        spoilt(pin="main"),
        spoilt(more=1),
        spoilt(source=""),
        spoilt()[:-2] + b"," + spoilt()[spoilt().index(b'{"source"') :],
    ],
)
def test_a_lock_file_that_is_none_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "probatum.lock").write_bytes(data)
    with pytest.raises(PolicyError):
        read_lock(tmp_path / "probatum.lock")


def test_without_a_lock_file_there_is_none(tmp_path: Path) -> None:
    assert read_lock(tmp_path / "probatum.lock") is None


def test_the_cache_keeps_what_it_was_given(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    digest = cache.put(b"bundle")
    assert (cache.get(digest), cache.get("0" * 64)) == (b"bundle", None)
    assert not [path for path in (tmp_path / "cache").iterdir() if path.name != digest]


def test_a_poisoned_cache_entry_is_refused_and_named(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    digest = cache.put(b"bundle")
    (tmp_path / "cache" / digest).write_bytes(b"poison")
    with pytest.raises(PolicyError, match=digest) as caught:
        cache.get(digest)
    assert "delete" in caught.value.remedy
    (tmp_path / "cache" / digest).unlink()
    (tmp_path / "cache" / digest).mkdir()
    with pytest.raises(PolicyError, match=digest):
        cache.get(digest)


def test_the_cache_is_the_users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_cache().folder == tmp_path / "probatum" / "policies"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_cache().folder == tmp_path / ".cache" / "probatum" / "policies"
