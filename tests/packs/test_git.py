"""Policies in real git repositories: commits are fetched, refs are resolved once, and nothing of a repository runs."""

from __future__ import annotations

import hashlib
import os
import stat
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from source_case import files, wanted, write

from probatum.errors import PolicyError, ProbatumError, UsageError
from probatum.evaluator.archive import write_archive
from probatum.evaluator.policies import PolicySet
from probatum.packs import git
from probatum.packs.lock import Lock
from probatum.packs.open import open_packs
from probatum.packs.source import parse_source


class Repository:
    """A repository of somebody else's."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        self.run("init", "--quiet", "-b", "main", ".")

    def run(self, *arguments: str) -> str:
        command = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org", *arguments]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def commit(self, found: dict[str, bytes]) -> str:
        write(self.folder, found)
        self.run("add", "--all", "--force")
        self.run("commit", "--quiet", "-m", "x")
        return self.run("rev-parse", "HEAD")

    @property
    def url(self) -> str:
        return f"git+file://{self.folder}"


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "theirs")
    made.commit({**{f"packs/acme/{path}": data for path, data in files().items()}, "README.md": b"x"})
    return made


def lock(base: Path, *sources: str, **fields: Any) -> Lock:
    return Lock(open_packs(wanted(base, *sources, resolve=True, **fields)).entries, base / "probatum.lock")


def test_a_commit_and_a_folder(tmp_path: Path, repository: Repository) -> None:
    commit = repository.run("rev-parse", "HEAD")
    found = open_packs(wanted(tmp_path, f"{repository.url}@{commit}#packs/acme")).packs[0]
    assert (found.name, found.policies.digest, found.pinned) == ("acme", PolicySet(files()).digest, True)
    assert open_packs(wanted(tmp_path, f"{repository.url}@{commit}")).packs[0].policies.digest == found.policies.digest


def test_an_older_commit_stays_what_it_was(tmp_path: Path, repository: Repository) -> None:
    before = repository.run("rev-parse", "HEAD")
    repository.commit({"packs/acme/lib/x.rego": b"package acme.x\n"})
    found = open_packs(wanted(tmp_path, f"{repository.url}@{before}#packs/acme")).packs[0]
    assert found.policies.digest == PolicySet(files()).digest


def test_a_branch_or_tag_must_be_locked(tmp_path: Path, repository: Repository) -> None:
    with pytest.raises(UsageError, match="not fixed") as caught:
        open_packs(wanted(tmp_path, f"{repository.url}@main#packs/acme"))
    assert "policy lock" in caught.value.remedy


@pytest.mark.parametrize("ref", ["main", "v1", "v2"])
def test_a_ref_that_moved_is_refused(tmp_path: Path, repository: Repository, ref: str) -> None:
    repository.run("tag", "v1")
    repository.run("tag", "-a", "-m", "x", "v2")
    source, before = f"{repository.url}@{ref}#packs/acme", repository.run("rev-parse", "HEAD")
    made = lock(tmp_path, source)
    assert made.entries[0].pin == before
    assert open_packs(wanted(tmp_path, source, lock=made, locked=True)).packs[0].locked
    after = repository.commit({"packs/acme/lib/x.rego": b"package acme.x\n"})
    repository.run("tag", "-f", "v1")
    repository.run("tag", "-f", "-a", "-m", "x", "v2")
    with pytest.raises(PolicyError, match="has moved") as caught:
        open_packs(wanted(tmp_path, source, lock=made, locked=True))
    assert before in caught.value.why
    assert after in caught.value.why
    assert lock(tmp_path, source).entries[0].pin == after


def test_what_is_locked_comes_from_the_cache(tmp_path: Path, repository: Repository) -> None:
    source = f"{repository.url}@{repository.run('rev-parse', 'HEAD')}#packs/acme"
    made = lock(tmp_path, source)
    repository.folder.rename(tmp_path / "gone")
    assert open_packs(wanted(tmp_path, source, lock=made, locked=True)).packs[0].locked
    entry = tmp_path / "cache" / made.entries[0].archive
    entry.write_bytes(b"poison")
    with pytest.raises(PolicyError, match=f"{entry.name} is not what its name says"):
        open_packs(wanted(tmp_path, source, lock=made, locked=True))
    entry.unlink()
    with pytest.raises(PolicyError, match="cannot get"):
        open_packs(wanted(tmp_path, source, lock=made, locked=True))


def test_a_branch_and_a_tag_of_one_name_are_ambiguous(tmp_path: Path, repository: Repository) -> None:
    repository.run("tag", "-f", "same")
    repository.commit({"x": b"x"})
    repository.run("branch", "same")
    with pytest.raises(PolicyError, match="cannot get") as caught:
        lock(tmp_path, f"{repository.url}@same")
    assert "a branch and a tag" in caught.value.why


@pytest.mark.parametrize(
    ("end", "word"),
    [
        ("@" + "f" * 40, "no commit"),
        ("@gone", "no branch or tag gone"),
        ("@main#gone", "no folder gone"),
    ],
)
def test_what_is_not_there_is_named(tmp_path: Path, repository: Repository, end: str, word: str) -> None:
    with pytest.raises(PolicyError) as caught:
        lock(tmp_path, repository.url + end)
    assert word in caught.value.why


def test_a_tree_or_a_blob_is_no_commit(tmp_path: Path, repository: Repository) -> None:
    for name in ("HEAD^{tree}", "HEAD:README.md"):
        with pytest.raises(PolicyError):
            open_packs(wanted(tmp_path, f"{repository.url}@{repository.run('rev-parse', name)}"))


def test_links_and_submodules_among_policies_are_refused(tmp_path: Path, repository: Repository) -> None:
    (repository.folder / "packs/acme/lib").mkdir()
    (repository.folder / "packs/acme/lib/x.rego").symlink_to("/etc/passwd")
    linked = repository.commit({})
    with pytest.raises(PolicyError, match="cannot get") as caught:
        open_packs(wanted(tmp_path, f"{repository.url}@{linked}#packs/acme"))
    assert "lib/x.rego is a link" in caught.value.why
    (repository.folder / "packs/acme/lib/x.rego").unlink()
    inner = Repository(repository.folder / "packs/acme/lib/inner")
    inner.commit({"x.rego": b"package acme.x\n"})
    nested = repository.commit({})
    with pytest.raises(PolicyError) as caught:
        open_packs(wanted(tmp_path, f"{repository.url}@{nested}#packs/acme"))
    assert "lib/inner is a link, a submodule" in caught.value.why


def test_beside_the_policies_there_may_be_anything(tmp_path: Path, repository: Repository) -> None:
    (repository.folder / "packs/acme/docs").symlink_to("/etc")
    commit = repository.commit({"packs/acme/model.bin": bytes(2 * 1024 * 1024), "packs/acme/r\xe9sum\xe9.md": b"x"})
    found = open_packs(wanted(tmp_path, f"{repository.url}@{commit}#packs/acme")).packs[0]
    assert found.policies.digest == PolicySet(files()).digest


def test_a_policy_that_is_too_large_is_refused(tmp_path: Path, repository: Repository) -> None:
    commit = repository.commit({"packs/acme/lib/x.rego": bytes(1024 * 1024 + 1)})
    with pytest.raises(PolicyError) as caught:
        open_packs(wanted(tmp_path, f"{repository.url}@{commit}#packs/acme"))
    assert "over 1048576 bytes" in caught.value.why


def test_nothing_of_the_repository_or_the_user_runs(
    tmp_path: Path, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hooks, filters, attributes, templates, aliases, a pager, fsmonitor, credential helpers: none of them is asked."""
    trap = tmp_path / "trap"
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/sprung\ncat\n")
    trap.chmod(trap.stat().st_mode | stat.S_IXUSR)
    commit = repository.commit({"packs/acme/.gitattributes": b"*.rego filter=trap diff=trap\n"})
    for hook in ("post-checkout", "pre-auto-gc", "reference-transaction", "post-index-change", "fsmonitor-watchman"):
        write(repository.folder / ".git/hooks", {hook: trap.read_bytes()})
        (repository.folder / ".git/hooks" / hook).chmod(0o755)
    home = tmp_path / "home"
    config = f"""[core]
  fsmonitor = {trap}
  hooksPath = {repository.folder}/.git/hooks
  sshCommand = {trap}
[filter "trap"]
  smudge = {trap}
  clean = {trap}
  required = true
[credential]
  helper = {trap}
[uploadpack]
  packObjectsHook = {trap}
[init]
  templateDir = {repository.folder}/.git
[url "ext::{trap}"]
  insteadOf = file://
[protocol]
  allow = always
"""
    write(home, {".gitconfig": config.encode(), "xdg/git/config": config.encode()})
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "xdg"))
    for name in ("GIT_SSH", "GIT_SSH_COMMAND", "GIT_PROXY_COMMAND", "GIT_EXTERNAL_DIFF", "GIT_ASKPASS", "GIT_PAGER"):
        monkeypatch.setenv(name, str(trap))
    monkeypatch.setenv("GIT_DIR", str(repository.folder / ".git"))
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "core.fsmonitor")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", str(trap))
    found = open_packs(wanted(tmp_path, f"{repository.url}@{commit}#packs/acme")).packs[0]
    assert found.policies.digest == PolicySet(files()).digest
    assert not (tmp_path / "sprung").exists()


def test_nothing_is_left_behind(tmp_path: Path, repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    source = parse_source(f"{repository.url}@main")
    git.files_of(source, git.resolve(source))
    with pytest.raises(PolicyError):
        git.files_of(source, "f" * 40)
    assert not list((tmp_path / "tmp").iterdir())


def test_git_that_is_not_there_is_named(
    tmp_path: Path, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PolicyError, match="git is not here"):
        git.resolve(parse_source(f"{repository.url}@main"))


@pytest.mark.parametrize("version", ["git version 2.31.8", "git version 1.9", "nonsense", ""])
def test_git_that_cannot_be_confined_is_refused(
    tmp_path: Path, repository: Repository, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    """A stand-in: only one git is here."""
    write(tmp_path, {"bin/git": f"#!/bin/sh\necho '{version}'\n".encode()})
    (tmp_path / "bin/git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    with pytest.raises(PolicyError, match="git is too old"):
        git.resolve(parse_source(f"{repository.url}@main"))


def test_what_is_packed_here_is_the_same_everywhere(tmp_path: Path, repository: Repository) -> None:
    """The lock file of one machine holds on another, whichever zlib that has: nothing is compressed."""
    made = lock(tmp_path, f"{repository.url}@{repository.run('rev-parse', 'HEAD')}#packs/acme")
    assert made.entries[0].archive == hashlib.sha256(write_archive(files())).hexdigest()
    assert (tmp_path / "cache" / made.entries[0].archive).read_bytes().startswith(b"controls/ACME-01/control.rego\0")


def test_git_that_hangs_is_ended(tmp_path: Path, repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in: no real git hangs when it is asked to."""
    slow = tmp_path / "bin/git"
    write(
        tmp_path, {"bin/git": b"#!/bin/sh\n[ $1 = --version ] && exec echo git version 2.40.1\nsleep 60 &\nsleep 60\n"}
    )
    slow.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    monkeypatch.setattr(git, "_SECONDS", 0.3)
    with pytest.raises(PolicyError) as caught:
        git.resolve(parse_source(f"{repository.url}@main"))
    assert "over 0.3 seconds" in caught.value.why


@contextmanager
def smart_http(root: Path, *, token: str = "") -> Iterator[tuple[str, list[str]]]:
    """The real `git http-backend` behind a small web server; yields its address and the paths that were asked for."""
    backend = Path(subprocess.run(["git", "--exec-path"], capture_output=True, text=True, check=True).stdout.strip())
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            """Run the backend as a CGI program."""
            asked.append(self.path)
            if token and self.headers.get("Authorization") != token:
                self.send_response(401)
                self.send_header("WWW-Authenticate", 'Basic realm="x"')
                self.end_headers()
                return
            if self.path.startswith("/moved"):
                self.send_response(302)
                self.send_header("Location", self.path.replace("/moved", "/theirs"))
                self.end_headers()
                return
            path, _, query = self.path.partition("?")
            env = {
                **os.environ,
                "GIT_PROJECT_ROOT": str(root),
                "GIT_HTTP_EXPORT_ALL": "1",
                "PATH_INFO": path,
                "QUERY_STRING": query,
                "REQUEST_METHOD": self.command,
                "CONTENT_TYPE": self.headers.get("Content-Type", ""),
                "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
                "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            }
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            done = subprocess.run([backend / "git-http-backend"], env=env, input=body, capture_output=True, check=True)
            head, _, content = done.stdout.partition(b"\r\n\r\n")
            fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
            self.send_response(int(fields.pop("Status", "200").split()[0]))
            for name, value in fields.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = handle_any  # noqa: N815  what http.server looks for

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=listening.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"127.0.0.1:{listening.server_port}", asked
    finally:
        listening.shutdown()
        listening.server_close()


def test_over_http_with_credentials_that_nobody_sees(tmp_path: Path, repository: Repository) -> None:
    commit = repository.run("rev-parse", "HEAD")
    with smart_http(tmp_path, token="Basic bWU6czNjcmV0") as (host, _):
        source = f"git+http://me:s3cret@{host}/theirs@{commit}#packs/acme"
        found = open_packs(wanted(tmp_path, source, online=True)).packs[0]
        assert found.policies.digest == PolicySet(files()).digest
        made = lock(tmp_path, source, online=True)
        assert b"s3cret" not in made.to_bytes()
        assert "s3cret" not in str(found.to_document())
        with pytest.raises(PolicyError) as caught:
            open_packs(wanted(tmp_path, source.replace("s3cret", "wr0ng"), online=True))
    assert "wr0ng" not in f"{caught.value} {caught.value.remedy}"


def test_a_redirect_is_not_followed(tmp_path: Path, repository: Repository) -> None:
    with smart_http(tmp_path) as (host, _), pytest.raises(PolicyError):
        lock(tmp_path, f"git+http://{host}/moved@main", online=True)


def test_offline_no_server_is_asked(tmp_path: Path, repository: Repository) -> None:
    commit = repository.run("rev-parse", "HEAD")
    with smart_http(tmp_path) as (host, asked):
        source = f"git+http://{host}/theirs@{commit}#packs/acme"
        with pytest.raises(PolicyError, match="not in the cache") as caught:
            open_packs(wanted(tmp_path, source))
        assert "--online" in caught.value.remedy
        with pytest.raises(PolicyError, match="not in the cache"):
            lock(tmp_path, source)
        assert asked == []
        made = lock(tmp_path, source, online=True)
        branch = f"git+http://{host}/theirs@main#packs/acme"
        named = lock(tmp_path, branch, online=True)
        asked.clear()
        assert open_packs(wanted(tmp_path, branch, lock=named, locked=True)).packs[0].locked
        assert asked == [], "a branch may have moved, and that is found out online"
    assert open_packs(wanted(tmp_path, source, lock=made, locked=True)).packs[0].locked


def test_a_server_that_gives_out_named_commits_only(tmp_path: Path, repository: Repository) -> None:
    """Old protocol, and a commit that no ref points to any more but one does reach."""
    repository.run("config", "uploadpack.allowAnySHA1InWant", "false")
    repository.run("config", "protocol.version", "0")
    before = repository.run("rev-parse", "HEAD")
    repository.commit({"x": b"x"})
    found = open_packs(wanted(tmp_path, f"{repository.url}@{before}#packs/acme")).packs[0]
    assert found.policies.digest == PolicySet(files()).digest


@pytest.mark.parametrize("text", ["git+ssh://git@127.0.0.1:1/x@main", "git+http://127.0.0.1:1/x@main"])
def test_a_server_that_is_not_there_is_named(tmp_path: Path, text: str) -> None:
    with pytest.raises(ProbatumError, match="cannot get"):
        lock(tmp_path, text, online=True)
