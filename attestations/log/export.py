"""Keeping a log's checkpoints where whoever can rewrite the log cannot: in a file or a git repository elsewhere.

An export is a text that only grows: signed checkpoints, an empty line between them. A checkpoint is added only if the
last one there is a beginning of the log; so an export notices, as a witness does, a log that went back.
"""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from ...errors import UsageError
from ...files import read_limited, write_atomic
from .checkpoint import verified
from .history import Seen
from .kept import MAX_BYTES, beginning, not_a_beginning, notes
from .store import Log
from .verifier_key import VerifierKey

_SECONDS = 60


def export_to_file(log: Log, path: Path) -> bool:
    """Add the newest checkpoint to a file; False when it is the last one there already.

    Raises:
        TrustError: the last checkpoint there is no beginning of the log.
        UsageError: the file cannot be written.
    """
    old = read_limited(path, MAX_BYTES) if path.exists() else b""
    new = _grown(log, old, str(path))
    if new != old:
        write_atomic(path, new)
    return new != old


def export_to_git(log: Log, repository: Path) -> str:
    """Commit the newest checkpoint to a git repository, in a file named after the log.

    Works in a work tree and in a bare repository; the branch that HEAD names gets one commit, and nothing else changes.

    Returns:
        The commit; empty when the checkpoint is there already.

    Raises:
        TrustError: the last checkpoint there is no beginning of the log.
        UsageError: it is no repository, or git refuses.
    """
    name = file_name(log.key)
    head = _git(repository, "rev-parse", "--verify", "--quiet", "HEAD", missing_is_fine=True).strip()
    old = _show(repository, head, name)
    new = _grown(log, old, f"{repository}:{name}")
    if new == old:
        return ""
    text = f"Checkpoint of {log.key.name}: {log.checkpoint().size} entries"
    if _git(repository, "rev-parse", "--is-bare-repository").strip() == "true":
        return _commit_bare(repository, head, name, new, text)
    write_atomic(Path(_git(repository, "rev-parse", "--show-toplevel").strip()) / name, new)
    _git(repository, "add", "--", f":/{name}")
    _git(repository, "commit", "--quiet", "--message", text, "--", f":/{name}")
    return _git(repository, "rev-parse", "HEAD").strip()


def kept_in_git(repository: Path, key: VerifierKey) -> list[Seen]:
    """Every checkpoint of a log that ever was in the history of a git repository.

    The repository may be anybody's: only git's plumbing reads it, because ``git log`` runs what the repository's own
    configuration names (``log.showSignature`` with ``gpg.program``).

    Raises:
        UsageError: it is no repository.
        TrustError: a checkpoint there is not signed with the key.
    """
    name = file_name(key)
    found: dict[bytes, Seen] = {}
    for commit in _git(repository, "rev-list", "--reverse", "HEAD", "--", f":/{name}").split():
        for note in notes(_show(repository, commit, name)):
            found.setdefault(note, Seen(f"{repository} at {commit[:12]}", verified(note, key)))
    if not found:
        why = f"no commit of HEAD has {name}"
        raise UsageError(f"{repository} has no checkpoints of {key.name}", why=why, remedy="see 'probatum log export'")
    return list(found.values())


def file_name(key: VerifierKey) -> str:
    """The file of a log's checkpoints in a repository."""
    return f"{re.sub('[^A-Za-z0-9.-]', '_', key.name)}-{key.hash.hex()}.checkpoints"


def _grown(log: Log, old: bytes, source: str) -> bytes:
    signed = log.signed_checkpoint()
    now = verified(signed, log.key)
    kept = list(notes(old)) if old else []
    if kept:
        last = verified(kept[-1], log.key)
        if not beginning(log, last, now):
            raise not_a_beginning(last, now, source)
        if last == now:
            return old
    return b"\n".join([*kept, signed])


def _commit_bare(repository: Path, head: str, name: str, data: bytes, text: str) -> str:
    blob = _git(repository, "hash-object", "-w", "--stdin", data=data).strip()
    listed = _git(repository, "ls-tree", head) if head else ""
    rest = [line for line in listed.splitlines() if line.partition("\t")[2] != name]
    tree = _git(
        repository, "mktree", data="".join(f"{line}\n" for line in [*rest, f"100644 blob {blob}\t{name}"]).encode()
    )
    parents = ["-p", head] if head else []
    commit = _git(repository, "commit-tree", tree.strip(), *parents, "-m", text).strip()
    _git(repository, "update-ref", "HEAD", commit, head or "0" * len(commit))
    return commit


def _show(repository: Path, commit: str, name: str) -> bytes:
    if not commit or not _git(repository, "ls-tree", "--full-tree", commit, "--", name):
        return b""
    return _git(repository, "cat-file", "blob", f"{commit}:{name}").encode()


def _git(repository: Path, *arguments: str, data: bytes = b"", missing_is_fine: bool = False) -> str:
    command = ["git", "-C", str(repository), *arguments]
    try:
        done = subprocess.run(
            command, input=data, capture_output=True, timeout=_SECONDS, env=_environment(), check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UsageError("cannot run git", why=str(error), remedy="install git, or export to a file") from error
    if done.returncode and not missing_is_fine:
        why = done.stderr.decode("utf-8", "replace").strip() or f"git ended with {done.returncode}"
        nobody = "user.email" in why or "empty ident" in why
        remedy = "tell git who commits: git config user.name, user.email" if nobody else "mend it and run again"
        raise UsageError(f"git {arguments[0]} failed in {repository}", why=why, remedy=remedy)
    return done.stdout.decode("utf-8", "replace")


def _environment() -> dict[str, str]:
    """Without what a calling git, such as a hook's, says about another repository, and without the network.

    A repository may say that some of its objects are elsewhere, and with which command to get them; or show others in
    place of those that are in its history.
    """
    theirs = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR")
    ours = {"LC_ALL": "C", "GIT_ALLOW_PROTOCOL": "none", "GIT_NO_LAZY_FETCH": "1", "GIT_NO_REPLACE_OBJECTS": "1"}
    return {name: value for name, value in os.environ.items() if name not in theirs} | ours
