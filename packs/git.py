"""Policies at a commit of a git repository, read by the ``git`` executable without running anything of the repository.

The commit is fetched into a bare, temporary repository: there is no work tree, hence no filter, hook, attribute or
submodule that could act. The child sees no configuration of the user or the system, may speak one protocol only, asks
nobody for anything, follows no redirect, and has limits to its time and to the size of what it writes.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Self

from ..errors import PolicyError
from ..evaluator.policy_files import FOLDERS, MAX_FILE_BYTES, check_total
from .source import Source
from .web import basic

_SECONDS = 120.0
_OLDEST = (2, 32)  # GIT_CONFIG_COUNT came with 2.31, GIT_CONFIG_GLOBAL with 2.32
_MAX_PACK_KIB = 256 * 1024
_CONFIG = {
    "core.hooksPath": "/dev/null",
    "core.fsmonitor": "false",
    "core.sshCommand": "ssh -F /dev/null -o BatchMode=yes -o StrictHostKeyChecking=yes",
    "credential.helper": "",
    "fetch.fsckObjects": "true",
    "fetch.recurseSubmodules": "false",
    "gc.auto": "0",
    "http.followRedirects": "false",
    "protocol.allow": "never",
}
_KEPT = (
    "PATH", "LANG", "LC_ALL", "SSH_AUTH_SOCK", "SSL_CERT_FILE", "SSL_CERT_DIR", "https_proxy", "HTTPS_PROXY",
    "no_proxy", "NO_PROXY",
)  # fmt: skip
_LINE = re.compile(rb"(\d{6}) (\w+) ([0-9a-f]{40,64}) +(\d+|-)\t(.*)", re.DOTALL)
_ANSWER = re.compile(r"([0-9a-f]{40})\t(\S+)")


def resolve(source: Source) -> str:
    """The commit that a source's branch or tag names now.

    Raises:
        PolicyError: there is none, there are both a branch and a tag, or the repository cannot be asked.
    """
    with _Repository.empty(source) as repository:
        text = repository.run("ls-remote", "--", source.place, *_names(source.ref)).decode("utf-8", "replace")
    found = {name: commit for commit, name in _ANSWER.findall(text)}
    branch, tag = found.get(f"refs/heads/{source.ref}"), found.get(f"refs/tags/{source.ref}")
    tag = found.get(f"refs/tags/{source.ref}^{{}}", tag)  # the commit that an annotated tag is for
    if branch and tag and branch != tag:
        raise _failed(source, f"{source.ref} is a branch and a tag", "name the commit")
    commit = branch or tag
    if commit is None:
        raise _failed(source, f"there is no branch or tag {source.ref}", "name one that is there, or a commit")
    return str(commit)


def files_of(source: Source, commit: str) -> dict[str, bytes]:
    """Every file below the source's folder at a commit, by path from that folder.

    Args:
        source: repository and folder.
        commit: 40 hexadecimal digits.

    Raises:
        PolicyError: there is no such commit, it cannot be fetched, it has no such folder, a link or a submodule lies in
            it, or it is over a limit.
    """
    with _Repository.empty(source) as repository:
        repository.fetch(commit)
        listed = repository.run("ls-tree", "-r", "-z", "-l", "--full-tree", commit, *_folder(source))
        blobs = _blobs(source, listed)
        names = "".join(f"{blob}\n" for blob in blobs.values()).encode()
        return dict(zip(blobs, _contents(repository.run("cat-file", "--batch", input=names)), strict=True))


@dataclass(frozen=True)
class _Repository:
    """A bare repository that exists while it is used."""

    folder: Path
    source: Source

    @classmethod
    @contextmanager
    def empty(cls, source: Source) -> Iterator[Self]:
        with tempfile.TemporaryDirectory(prefix="probatum-git-", ignore_cleanup_errors=True) as folder:
            repository = cls(Path(folder), source)
            repository.run("init", "--quiet", "--bare", "--template=", ".")
            yield repository

    def fetch(self, commit: str) -> None:
        """Get one commit; where the server gives out only what has a name, everything that has one."""
        options = ("fetch", "--quiet", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head")
        try:
            self.run(*options, "--depth=1", "--", self.source.place, commit)
        except PolicyError:
            self.run(*options, "--", self.source.place, "+refs/heads/*:refs/h/*", "+refs/tags/*:refs/t/*")
        try:
            found = self.run("rev-parse", "--verify", "--quiet", f"{commit}^{{commit}}").decode().strip()
        except PolicyError:
            found = ""
        if found != commit:
            raise _failed(self.source, f"it has no commit {commit}", "name a commit that is in the repository")

    def run(self, *arguments: str, input: bytes = b"") -> bytes:
        """What git writes to stdout; all of its children end with it."""
        command = ["/bin/sh", "-c", f'ulimit -f {_MAX_PACK_KIB * 2}; exec "$@"', "sh", _git(), *arguments]
        pipe = subprocess.PIPE
        with subprocess.Popen(
            command,
            cwd=self.folder,
            env=self._environment(),
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
            start_new_session=True,
        ) as child:
            try:
                out, err = child.communicate(input, timeout=_SECONDS)
            except subprocess.TimeoutExpired as error:
                raise _failed(self.source, f"git took over {_SECONDS:g} seconds", "try again") from error
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(child.pid, signal.SIGKILL)
        if child.returncode:
            reason = err.decode("utf-8", "replace").strip().splitlines()[-1:] or [f"exit {child.returncode}"]
            raise _failed(self.source, f"git says: {reason[0][:300]}", "check the address, the commit and your access")
        return out

    def _environment(self) -> dict[str, str]:
        scheme = self.source.place.partition("://")[0]
        config = {**_CONFIG, f"protocol.{scheme}.allow": "always"}
        if self.source.user:  # in the environment, which is the user's own, not in the list of processes
            config["http.extraHeader"] = f"Authorization: {basic(self.source.user)['Authorization']}"
        pairs = {f"GIT_CONFIG_KEY_{at}": key for at, key in enumerate(config)}
        pairs |= {f"GIT_CONFIG_VALUE_{at}": value for at, value in enumerate(config.values())}
        return {
            **{name: os.environ[name] for name in _KEPT if name in os.environ},
            "HOME": str(self.folder),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_CONFIG_COUNT": str(len(config)),
            **pairs,
            "GIT_ALLOW_PROTOCOL": scheme,
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_ASKPASS": "/bin/false",
            "SSH_ASKPASS": "/bin/false",
            "GIT_CEILING_DIRECTORIES": str(self.folder.parent),
            "GIT_NO_LAZY_FETCH": "1",
            "GIT_NO_REPLACE_OBJECTS": "1",
        }


def _names(ref: str) -> tuple[str, ...]:
    return f"refs/heads/{ref}", f"refs/tags/{ref}", f"refs/tags/{ref}^{{}}"


def _folder(source: Source) -> tuple[str, ...]:
    return ("--", f"{source.folder}/") if source.folder else ()


def _blobs(source: Source, listed: bytes) -> dict[str, str]:
    """Path from the folder to the blob of every file of a listing."""
    prefix = f"{source.folder}/" if source.folder else ""
    found: dict[str, str] = {}
    total = 0
    for record in listed.split(b"\0")[:-1]:
        line = _LINE.fullmatch(record)
        assert line is not None, "git ls-tree -z -l has one form"
        mode, kind, blob, size, name = line.groups()
        path = name.decode("utf-8", "replace").removeprefix(prefix)
        if kind != b"blob" or mode == b"120000" or int(size) > MAX_FILE_BYTES:
            if path.partition("/")[0] not in FOLDERS:
                continue  # beside the policies there may be anything
            why = f"{path} is a link, a submodule or over {MAX_FILE_BYTES} bytes"
            raise _failed(source, why, "keep the files themselves in the repository")
        found[path] = blob.decode()
        total += int(size)
        check_total(len(found), total)
    if not found:
        raise _failed(source, f"there is no folder {source.folder or '/'} in that commit", "correct the folder")
    return found


def _contents(batch: bytes) -> Iterator[bytes]:
    """The blobs in what ``git cat-file --batch`` writes: a line ``object blob size``, the content, a line break."""
    at = 0
    while at < len(batch):
        end = batch.index(b"\n", at)
        size = int(batch[at:end].split(b" ")[2])
        yield batch[end + 1 : end + 1 + size]
        at = end + size + 2


def _git() -> str:
    """The executable; one that does not know the variables by which it is confined is refused."""
    found = shutil.which("git")
    if found is None:
        raise PolicyError("git is not here", why="policies come from a git repository", remedy="install git")
    if _version(found) < _OLDEST:
        raise PolicyError(
            "git is too old", why=f"{found} cannot be kept from its configuration", remedy="install git 2.32 or newer"
        )
    return found


@cache
def _version(executable: str) -> tuple[int, ...]:
    done = subprocess.run([executable, "--version"], capture_output=True, text=True, timeout=_SECONDS, check=False)
    found = re.match(r"git version (\d+)\.(\d+)", done.stdout)
    return tuple(map(int, found.groups())) if found else ()


def _failed(source: Source, why: str, remedy: str) -> PolicyError:
    return PolicyError(f"cannot get {source.shown}", why=why, remedy=remedy)
