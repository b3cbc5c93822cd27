"""Every verdict package of a folder: who signed it, about what, with which result, and on whose word it rests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import ProbatumError
from .kept_package import Kept, opened, packages_in
from .recorded_signers import vouched

SCHEMA = "https://probatum.dev/verdict-list/v1"


@dataclass(frozen=True)
class Listed:
    """One verdict package.

    Args:
        package: its path below the folder.
        problem: why it cannot be read; empty where it can.
        pipeline: name of the pipeline.
        checklist: id and version, ``id@version``.
        stage: the gate; None for a run of every control.
        result: ``pass``, ``fail`` or ``inconclusive``.
        evaluated_at: when it was decided.
        signers: keys and identities that its signatures name.
        rests_on: names, of the gate's trust policy, of those who signed what its evidence rests on.
    """

    package: str
    problem: str = ""
    pipeline: str = ""
    checklist: str = ""
    stage: str | None = None
    result: str = ""
    evaluated_at: str = ""
    signers: tuple[str, ...] = ()
    rests_on: tuple[str, ...] = ()

    def to_document(self) -> dict[str, Any]:
        """The JSON form."""
        return {**vars(self), "signers": list(self.signers), "rests_on": list(self.rests_on)}


def list_verdicts(folder: Path) -> Iterator[Listed]:
    """Every verdict package below a folder, in order; a damaged one says what is wrong with it.

    Args:
        folder: where the packages lie, at any depth, as folders and ZIP files.

    Raises:
        UsageError: there is no such folder.
    """
    for path in packages_in(folder):
        name = path.relative_to(folder).as_posix() if path != folder else path.name
        try:
            with opened(path) as kept:
                yield _listed(name, kept)
        except ProbatumError as error:
            yield Listed(name, str(error))
        except Exception as error:  # nobody verified the package: it may hold anything, and must not end the run
            yield Listed(name, f"it is malformed: {type(error).__name__}: {error}")


def list_document(verdicts: Iterable[Listed]) -> dict[str, Any]:
    """The JSON form of all of them."""
    return {"schema": SCHEMA, "verdicts": [item.to_document() for item in verdicts]}


def _listed(name: str, kept: Kept) -> Listed:
    details = kept.assessment
    checklist = details["checklist"]
    return Listed(
        name,
        pipeline=str(details["pipeline"]["name"]),
        checklist=f"{checklist['id']}@{checklist['version']}",
        stage=details["stage"],
        result=str(details["result"]),
        evaluated_at=str(details["evaluated_at"]),
        signers=tuple(sorted(map(str, kept.signers))),
        rests_on=tuple(sorted({item.signer for item in vouched(kept.graph, kept.trust)})),
    )
