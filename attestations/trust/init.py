"""``probatum trust init``: a proposal for a trust policy, from a verdict package in a folder or a ZIP file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ...errors import UsageError
from ...files import write_atomic
from ..package.zip_package import unzipped
from .proposal import propose
from .template import template


def write_proposal(package: Path, out: Path | None) -> str:
    """Make the proposal, and write it where a file is named.

    Args:
        package: folder or ZIP file.
        out: the file; never replaced, for it may be somebody's reviewed one.

    Returns:
        The proposal's text.

    Raises:
        UsageError: the package cannot be read, or the file exists or cannot be written.
        TrustError: the package holds no signed verdict, or one that is malformed.
    """
    if out is not None and out.exists():
        raise UsageError(f"{out} exists", why="it may be what somebody reviewed", remedy="choose another name")
    if package.is_file():
        with unzipped(package) as folder:
            proposal = replace(propose(folder), source=str(package))
    else:
        proposal = propose(package)
    text = template(proposal)
    if out is not None:
        write_atomic(out, text.encode())
    return text
