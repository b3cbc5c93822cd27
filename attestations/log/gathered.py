"""Everything that others kept of a log, gathered from files, packages, repositories and copies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from ...errors import TrustError
from ..verify.report import Row
from .export import kept_in_git
from .history import Seen
from .kept import read_kept
from .store import Log
from .verifier_key import VerifierKey

_T = TypeVar("_T")


@dataclass
class Gathered:
    """What a log is held against.

    Args:
        seen: checkpoints, their signatures verified.
        copies: of the log.
        refused: a row for each thing that is not of this log, or that the log did not sign.
    """

    seen: list[Seen] = field(default_factory=list)
    copies: list[Log] = field(default_factory=list)
    refused: list[Row] = field(default_factory=list)

    @property
    def count(self) -> int:
        """How much there is to compare with."""
        return len(self.seen) + len(self.copies)

    def take(self, path: Path, read: Callable[[Path], Sequence[_T]], into: list[_T]) -> None:
        """Read something; what does not hold becomes a row."""
        try:
            into += read(path)
        except TrustError as error:
            self.refused.append(Row(f"history: {path}", False, "what this log signed", "", str(error)))


def gathered(key: VerifierKey, kept: Sequence[Path], repositories: Sequence[Path], copies: Sequence[Path]) -> Gathered:
    """Read what others kept of a log.

    Args:
        key: of the log.
        kept: checkpoints, exports, proofs, verdict packages.
        repositories: of git, with exports.
        copies: folders.

    Raises:
        UsageError: something cannot be read.
    """
    found = Gathered()
    for path in kept:
        found.take(path, lambda one: read_kept(one, key), found.seen)
    for path in repositories:
        found.take(path, lambda one: kept_in_git(one, key), found.seen)
    for path in copies:
        found.take(path, lambda one: [Log.open(one, key)], found.copies)
    return found
