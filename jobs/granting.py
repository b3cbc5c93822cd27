"""Granting with a signature: the approval of content for a gate, and a waiver that the manifest asks for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from ..attestations.attestor import Attestor, signed_path
from ..attestations.grants import Approval, approval_statement, waiver_statement
from ..collectors.manifest import Manifest
from ..collectors.run import Run, prepare
from ..errors import UsageError
from ..evaluator.waivers import judge
from ..files import write_atomic
from .signed_waivers import as_written

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


def approve(
    manifest: Manifest, names: Sequence[str], approval: Approval, attestor: Attestor, out: Path, now: datetime
) -> Path:
    """Sign what somebody decides about the content that some subjects have now.

    Args:
        manifest: of the pipeline.
        names: ids of the subjects; their files are digested here.
        approval: what is decided.
        attestor: who signs.
        out: the file; the form of its signature is added to its name.
        now: when.

    Returns:
        The file that was written.

    Raises:
        UsageError: there is no such subject, or it has no content here.
        TrustError: it cannot be signed.
    """
    known = prepare(manifest, Run(now)).subjects
    subjects = []
    for name in dict.fromkeys(names):
        if name not in known or not known[name].digest:
            what = "has no content here" if name in known else "is no subject of this pipeline"
            with_content = ", ".join(sorted(key for key, subject in known.items() if subject.digest)) or "none"
            raise UsageError(
                f"{name} {what}", why=f"those with content are {with_content}", remedy="name one of them with --subject"
            )
        subjects.append({"name": name, "digest": dict(known[name].digest)})
    return write_signed(approval_statement(approval, subjects, now), attestor, out)


def waive(manifest: Manifest, name: str, attestor: Attestor, out: Path | None, now: datetime) -> Path:
    """Sign a waiver as it stands in the manifest.

    Args:
        manifest: of the pipeline.
        name: the waiver's id.
        attestor: who signs.
        out: the file; ``waivers/ID.json`` beside the manifest when None. Its name gains the form of the signature.
        now: when.

    Returns:
        The file that was written.

    Raises:
        UsageError: there is no such waiver, there are two, or it is not in order.
        TrustError: it cannot be signed.
    """
    found = [waiver for waiver in manifest.waivers if waiver.get("id") == name]
    if len(found) != 1:
        listed = ", ".join(str(waiver.get("id")) for waiver in manifest.waivers) or "none"
        what = "are two waivers" if found else "is no waiver"
        raise UsageError(f"there {what} {name!r}", why=f"the manifest has {listed}", remedy="correct the id")
    waiver = as_written(found[0])
    problems = judge(waiver, now).problems
    if problems:
        raise UsageError(
            f"the waiver {name} is not in order",
            why="; ".join(problems),
            remedy="mend it in the manifest, then sign it",
        )
    if out is None and _PLAIN.fullmatch(name) is None:
        raise UsageError(f"{name!r} makes no file name", why="it is the waiver's id", remedy="name the file with --out")
    place = out or manifest.root / "waivers" / f"{name}.json"
    return write_signed(waiver_statement(waiver, str(manifest.pipeline["name"]), now), attestor, place)


def write_signed(statement: bytes, attestor: Attestor, out: Path) -> Path:
    """Sign a statement and write it.

    Args:
        statement: its exact bytes.
        attestor: who signs.
        out: the file; a signed one is called after the form of its signature, ``NAME.dsse.json``.

    Returns:
        The file that was written.

    Raises:
        UsageError: it cannot be written.
        TrustError: it cannot be signed.
    """
    file = signed_path(out, attestor.form)
    write_atomic(file, attestor.attest(statement))
    return file
