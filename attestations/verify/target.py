"""What kind of thing a user wants to have verified, told from its content and never from its name."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Any

from ... import strict_json
from ...errors import EvidenceError, UsageError
from ...files import open_file, read_limited
from ..package.names import EVIDENCE, UNSIGNED, VERDICT, signed_names
from ..package.zip_package import STARTS

MAX_DOCUMENT = 64 * 1024 * 1024
_MAX_SIGNATURE = 16 * 1024
_PACKAGE = {*signed_names(VERDICT), UNSIGNED, EVIDENCE}
_POLICIES = (".signatures.json", ".manifest", "controls", "policies")
_GZIP, _TAR_AT, _TAR = b"\x1f\x8b", 257, b"ustar"
_REMEDY = "give a verdict package, an attestation, a signature, or a bundle of policies"


class Target(StrEnum):
    """The kinds of thing that can be verified."""

    PACKAGE = "verdict package"
    ZIP = "verdict package in a ZIP file"
    POLICIES = "bundle of policies"
    ATTESTATION = "attestation"
    SIGNATURE = "signature of a file"


def target_of(path: Path) -> Target:
    """Which kind of thing lies at a path; this only decides what is checked, and trusts nothing.

    Raises:
        UsageError: nothing is there, or nothing that can be verified.
    """
    if path.is_dir():
        return _folder(path)
    head = _head(path)
    if head.startswith(STARTS):
        return Target.ZIP
    if head.startswith(_GZIP) or head[_TAR_AT : _TAR_AT + len(_TAR)] == _TAR:
        return Target.POLICIES
    if head.lstrip().startswith(b"{"):
        return _document(path)
    if 0 < path.stat().st_size <= _MAX_SIGNATURE:
        return Target.SIGNATURE
    raise UsageError(f"{path} is nothing that can be verified", why="it is no signed document", remedy=_REMEDY)


def _folder(path: Path) -> Target:
    names = {entry.name for entry in path.iterdir()}
    if names.isdisjoint(_PACKAGE) and not names.isdisjoint(_POLICIES):
        return Target.POLICIES
    return Target.PACKAGE


def _document(path: Path) -> Target:
    from ..documents.forms import kind_of  # late: a package needs none of it

    document: Any
    try:
        document = strict_json.loads(read_limited(path, MAX_DOCUMENT), source=str(path), fold_case=True)
    except EvidenceError:
        return Target.ATTESTATION  # which is then refused with the reason
    return Target.SIGNATURE if kind_of(document) == "signature" else Target.ATTESTATION


def _head(path: Path) -> bytes:
    try:
        with open_file(path) as stream:
            return stream.read(512)
    except OSError as error:
        raise UsageError(f"cannot read {path}", why=error.strerror or str(error), remedy=_REMEDY) from error
