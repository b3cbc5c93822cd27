"""How sources are written: what each form means, what is refused, and that no secret is ever shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probatum.errors import UsageError
from probatum.packs.source import Kind, Source, is_loopback, parse_source

COMMIT, SHA256 = "a" * 40, "b" * 64


@pytest.mark.parametrize(
    ("text", "kind", "shown", "name", "pin", "ref"),
    [
        ("packs/acme", Kind.FOLDER, "packs/acme", "acme", "", ""),
        ("../acme/", Kind.FOLDER, "../acme/", "acme", "", ""),
        (".", Kind.FOLDER, ".", "policies", "", ""),
        ("acme-1.2.tar.gz", Kind.BUNDLE, "acme-1.2.tar.gz", "acme-1.2", "", ""),
        ("x/acme.tgz", Kind.BUNDLE, "x/acme.tgz", "acme", "", ""),
        (f"git+https://h/a/b.git@{COMMIT}", Kind.GIT, f"git+https://h/a/b.git@{COMMIT}", "b", COMMIT, ""),
        ("git+https://h/b@feature/x#p/q", Kind.GIT, "git+https://h/b@feature/x#p/q", "q", "", "feature/x"),
        (f"git+ssh://git@h/b@{COMMIT}", Kind.GIT, f"git+ssh://git@h/b@{COMMIT}", "b", COMMIT, ""),
        ("git+file:///srv/b@v1", Kind.GIT, "git+file:///srv/b@v1", "b", "", "v1"),
        (f"oci://h:5000/a/b@sha256:{SHA256}", Kind.OCI, f"oci://h:5000/a/b@sha256:{SHA256}", "b", SHA256, ""),
        ("oci://h/a/b:v1.2", Kind.OCI, "oci://h/a/b:v1.2", "b", "", "v1.2"),
        (f"https://h/b.tar.gz#sha256={SHA256}", Kind.HTTP, f"https://h/b.tar.gz#sha256={SHA256}", "b", SHA256, ""),
        ("https://h/b.tar.gz", Kind.HTTP, "https://h/b.tar.gz", "b", "", ""),
        ("http://127.0.0.1:8/b.tgz", Kind.HTTP, "http://127.0.0.1:8/b.tgz", "b", "", ""),
    ],
)
def test_every_form_is_read_and_shown(text: str, kind: Kind, shown: str, name: str, pin: str, ref: str) -> None:
    found = parse_source(text)
    assert (found.kind, found.shown, found.name, found.pin, found.ref) == (kind, shown, name, pin, ref)
    assert parse_source(found.shown) == found


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "empty"),
        ("  ", "empty"),
        ("ftp://h/x.tar.gz", "ftp://"),
        ("git+ext://sh -c id@main", "cannot come from"),
        ("git+http://h/b@main", "plain http"),
        ("git://h/b@main", "cannot come from"),
        ("http://h/b.tar.gz", "plain http"),
        ("git+https://h/b", "names no commit"),
        ("git+https://h/b@", "no commit"),
        ("git+https://h/b@--upload-pack=id", "no commit"),
        ("git+https://h/b@a..b", "no commit"),
        ("git+https://h/b@main#../x", "no folder"),
        ("git+https://h/b@main#/x", "no folder"),
        ("git+https://h/b@main#-x", "no folder"),
        ("git+https://h/b?x=1@main", "names no commit"),
        ("git+https://h/b@main?x=1", "has a query"),
        ("git+https:///b@main", "no host"),
        ("git+file://h/b@main", "no host"),
        ("oci://h/b", "neither digest nor tag"),
        ("oci://h/b@sha256:abc", "digest is wrong"),
        ("oci://h/B:v1", "repository"),
        ("oci://h/../b:v1", "repository"),
        ("oci:///b:v1", "no registry"),
        ("oci://h/b:v1?x=1", "repository"),
        ("https://h/b.zip", ".tar.gz"),
        ("https://h/b.tar.gz#md5=abc", "no digest"),
        ("https://h/b.tar.gz#sha256=abc", "no digest"),
        ("https:///b.tar.gz", "no host"),
        ("https://h:port/b.tar.gz", "no URL"),
        ("https://[h/b.tar.gz", "no URL"),
        ("https://h/b\u0430.tar.gz", "U+0430"),
        ("https://h/\nb.tar.gz", "U+000A"),
    ],
)
def test_what_is_no_source_is_refused(text: str, word: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_source(text)
    assert word in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        f"git+https://me:s3cret@h/b@{COMMIT}",
        "git+https://s3cret@h/b",
        "git+https://me:s3cret@h/b@a..b",
        "git+ssh://me:s3cret@h/b@main",
        f"oci://me:s3cret@h/b@sha256:{SHA256}",
        "oci://me:s3cret@h/B:v1",
        f"https://me:s3cret@h/b.tar.gz?token=s3cret#sha256={SHA256}",
        "https://me:s3cret@h/b.zip?token=s3cret",
        "http://me:s3cret@h/b.tar.gz?token=s3cret",
        "https://me:s3cret@h:x/b.tar.gz",
        "gopher://me:s3cret@h/b",
    ],
)
def test_no_secret_is_shown(text: str) -> None:
    try:
        found = parse_source(text)
    except UsageError as error:
        assert "s3cret" not in f"{error} {error.remedy}"
        return
    assert "s3cret" not in f"{found!r} {found.shown} {found.pinned('c' * 40)} {found.name}"


def test_credentials_are_kept_for_use() -> None:
    assert parse_source("oci://me:p%40ss@h/b:v1").user == "me:p@ss"
    assert parse_source("https://h/b.tar.gz?sig=1").query == "sig=1"
    assert parse_source("git+ssh://git@h/b@v1").user == ""


def test_what_needs_the_network_is_remote() -> None:
    def remote(text: str) -> bool:
        return parse_source(text).remote

    assert [remote(text) for text in ("x", "x.tgz", "git+file:///x@v1")] == [False] * 3
    assert [remote(text) for text in ("oci://h/b:v", "https://h/b.tgz", "git+ssh://h/b@v")] == [True] * 3


def test_only_this_machine_is_loopback() -> None:
    assert [is_loopback(host) for host in ("localhost", "127.0.0.1", "127.9.9.9", "::1")] == [True] * 4
    assert not any(is_loopback(host) for host in (None, "", "h", "128.0.0.1", "127.0.0.1.example", "localhost.example"))


@given(st.text(max_size=60))
def test_any_text_is_a_source_or_is_refused(text: str) -> None:
    for prefix in ("", "git+https://", "oci://", "https://"):
        try:
            found = parse_source(prefix + text)
        except UsageError:
            continue
        assert isinstance(found, Source)
        assert found.name
