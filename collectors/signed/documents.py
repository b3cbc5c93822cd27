"""Finding signed documents in a pipeline, and having each verified."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from ...errors import UsageError
from ...evaluator.graph import Skipped
from ...files import read_limited
from ...verification import EnvelopeVerifier, Verification
from ..base import Context
from ..discovery import discover

MAX_BYTES = 64 * 1024 * 1024
MAX_LINES = 10_000
_LINES = (".jsonl", ".ndjson")
_SUFFIXES = (".sigstore.json", ".sigstore", ".bundle", ".sig")
NO_TRUST = Verification(False, "no trust policy was given, so nobody is trusted")


@dataclass(frozen=True)
class Document:
    """One signed document, verified or not.

    Args:
        path: of the file, relative to the pipeline's root.
        source: the path, with ``:LINE`` for one of several documents in a file of JSON lines.
        sha256: of the file.
        verification: what the trust policy says.
        artifact: path of the file that it signs, for a signature without a statement.
    """

    path: str
    source: str
    sha256: str
    verification: Verification
    artifact: str | None = None

    @property
    def verified(self) -> bool:
        """Enough allowed signers signed it."""
        return self.verification.verified

    @property
    def statement(self) -> Mapping[str, Any]:
        """What was signed; empty unless it is verified."""
        return self.verification.statement or {}


@dataclass(frozen=True)
class Unread:
    """A file that could not be read as a signed document."""

    path: str
    reason: str


def paths_of(context: Context) -> list[str]:
    """Paths of the files to look at: those that the settings name, or all that look like attestations.

    Raises:
        UsageError: the settings are wrong.
    """
    settings = context.settings
    unknown = set(settings) - {"paths"}
    given = settings.get("paths")
    if unknown or not (given is None or (isinstance(given, list) and all(isinstance(item, str) for item in given))):
        raise UsageError(
            "the settings of the collector attestations are wrong",
            why=f"unknown: {', '.join(sorted(unknown))}" if unknown else "paths is not a list of paths",
            remedy="write collectors: {attestations: {paths: [FILE, …]}}",
        )
    if given is None:
        return discover(context.root).of_kind("attestation")
    return [_inside(context.root, item) for item in given]


def read_documents(context: Context, paths: Sequence[str]) -> Iterator[Document | Unread]:
    """Read and verify every document of the given files, in order."""
    for done, path in enumerate(paths):
        context.progress(path, done, len(paths))
        try:
            yield from _documents(context, path)
        except UsageError as error:
            yield Unread(path, error.why)  # without the absolute path, which differs between machines


def why_none(refused: Sequence[Document], unread: Sequence[Skipped]) -> str:
    """Why there is no verified document: each one's own reason with its name, and what could not be read."""
    found = dict.fromkeys(_named(item.source, item.verification.reason) for item in refused)
    found |= dict.fromkeys(_named(item.item, item.reason) for item in unread)
    return "; ".join(found) or "none found"


def _named(source: str, reason: str) -> str:
    return reason if source in reason else f"{source}: {reason}"


def _documents(context: Context, path: str) -> Iterator[Document | Unread]:
    data = read_limited(context.root / path, MAX_BYTES)
    digest = hashlib.sha256(data).hexdigest()
    if not path.lower().endswith(_LINES):
        yield from _parts(context, path, path, data, digest)
        return
    lines = data.split(b"\n")
    if len(lines) > MAX_LINES:
        yield Unread(path, f"it has more than {MAX_LINES} lines")
        return
    for number, line in enumerate(lines, start=1):
        if line.strip():
            yield from _parts(context, path, f"{path}:{number}", line, digest)


def _parts(context: Context, path: str, source: str, data: bytes, digest: str) -> Iterator[Document]:
    """The documents of a file or line, which may be a container of several."""
    verifier = context.verifier
    parts = [(source, data)] if verifier is None else verifier.documents(data, source=source)
    for name, part in parts:
        yield _verified(context, path, name, part, digest)


def _verified(context: Context, path: str, source: str, data: bytes, digest: str) -> Document:
    verifier = context.verifier
    if verifier is None:
        return Document(path, source, digest, NO_TRUST)
    if data.lstrip()[:1] == b"{":
        found = verifier.verify(data, source=source)
        if found.kind != "signature":
            return Document(path, source, digest, found)
    return _signature(context, verifier, path, source, data, digest)


def _signature(
    context: Context, verifier: EnvelopeVerifier, path: str, source: str, data: bytes, digest: str
) -> Document:
    suffix = next((item for item in _SUFFIXES if path.lower().endswith(item)), "")
    artifact = path[: len(path) - len(suffix)]
    if not suffix or not (context.root / artifact).is_file():
        reason = f"{source} signs a file that is not beside it"
        return Document(path, source, digest, Verification(False, reason, kind="signature"))
    found = verifier.verify_artifact(data, source=source, artifact=context.root / artifact)
    return Document(path, source, digest, found, artifact)


def _inside(root: Path, location: str) -> str:
    path = (root / location).resolve()
    if not path.is_relative_to(root.resolve()) or not path.is_file():
        raise UsageError(
            f"the collector attestations cannot read {location!r}",
            why=f"it is no file below {root}",
            remedy="correct collectors.attestations.paths",
        )
    return str(PurePosixPath(path.relative_to(root.resolve())))
