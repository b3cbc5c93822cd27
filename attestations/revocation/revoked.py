"""What is revoked, looked up: all believed documents of a run together, and what is wrong with the rest.

Documents only add up. Of lists with one name the one with the highest number says how fresh the knowledge is; what an
older one revoked stays revoked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from ... import strict_json
from ...errors import TrustError
from ...evaluator.times import stamp
from .entry import SIGNED, Entry, Target

if TYPE_CHECKING:
    from .document import Document
    from .statement import Listed

SCHEMA = "https://probatum.dev/revocations/v1"


@dataclass(frozen=True)
class Problem:
    """Something that keeps what was given from being the whole truth.

    Args:
        source: path or URL of the document, or the name of the list.
        why: what is wrong.
        remedy: what to do.
        stale: it is believed, and only too old.
    """

    source: str
    why: str
    remedy: str = ""
    stale: bool = False

    def __str__(self) -> str:
        return f"{self.source}: {self.why}"


@dataclass(frozen=True)
class Hit:
    """A revocation that counts.

    Args:
        entry: what is revoked, and why.
        document: who says so, and when.
    """

    entry: Entry
    document: Document

    def __str__(self) -> str:
        return f"{self.told()} in {self.document.source}"

    def told(self) -> str:
        """Why, who says so, and when; without the place, which is another on each machine."""
        who = " and ".join(self.document.signers)
        return f"{self.entry.told()}, as {who} said on {self.document.issued_at.date().isoformat()}"


class Issue(NamedTuple):
    """One issue of a list.

    Args:
        listed: its name and number.
        document: what it says.
    """

    listed: Listed
    document: Document


@dataclass(frozen=True)
class Revocations:
    """Everything that is known to be revoked.

    Args:
        documents: those that are believed.
        problems: what is not believed, not fresh, or missing; whoever relies on the documents refuses with it.
        given: somebody named some, be they empty, or asked for some.
    """

    documents: tuple[Document, ...] = ()
    problems: tuple[Problem, ...] = ()
    given: bool = True

    @property
    def count(self) -> int:
        """How many different things are revoked."""
        return len(self._hits)

    @cached_property
    def _hits(self) -> dict[Target, list[Hit]]:
        found: dict[Target, list[Hit]] = {}
        for document in self.documents:
            for entry in document.entries:
                found.setdefault(entry.target, []).append(Hit(entry, document))
        return found

    def find(self, kind: str, name: str, signed_at: datetime | None = None) -> Hit | None:
        """The revocation of something; None when it stands.

        Args:
            kind: as in `entry.Target`.
            name: as in `entry.Target`.
            signed_at: when it was signed, vouched for by somebody other than the signer.
        """
        return self._first(Target(kind, name), signed_at)

    def find_statement(self, digest: str) -> Hit | None:
        """The revocation of a signed statement, whether it was called a verdict or another attestation."""
        return next((hit for kind in SIGNED if (hit := self._first(Target(kind, digest), None))), None)

    def find_file(self, sha256: str) -> Hit | None:
        """The revocation of a signed statement that was seen in a file with this digest."""
        return self._files.get(sha256)

    @cached_property
    def _files(self) -> dict[str, Hit]:
        hits = (hit for found in self._hits.values() for hit in found)
        return {hit.entry.envelope: hit for hit in hits if hit.entry.envelope is not None}

    def find_identity(self, issuer: str, subject: str, signed_at: datetime | None = None) -> Hit | None:
        """The revocation of a keyless signer."""
        return self._first(Target("identity", f"{issuer} {subject}"), signed_at)

    def of_kind(self, kind: str) -> list[Target]:
        """Everything of a kind that is revoked."""
        return [target for target in self._hits if target.kind == kind]

    @property
    def newest(self) -> str | None:
        """When the newest document was issued; None where there is none."""
        return stamp(max(item.issued_at for item in self.documents)) if self.documents else None

    @cached_property
    def evidence(self) -> Mapping[str, str]:
        """Id of each piece of evidence that is revoked, to why; the same in whatever order documents were given."""
        return {
            target.name: min(hit.told() for hit in hits)
            for target, hits in self._hits.items()
            if target.kind == "evidence"
        }

    @cached_property
    def lists(self) -> Mapping[str, Issue]:
        """Name of each list to its newest issue."""
        issues = [Issue(item.listed, item) for item in self.documents if item.listed is not None]
        return {issue.listed.name: issue for issue in sorted(issues, key=lambda issue: issue.listed.number)}

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the canonical JSON of all documents."""
        return strict_json.digest(self.to_document())

    def to_document(self) -> dict[str, Any]:
        """Every document, signature and all, as a verdict package keeps them; without paths, each once, in order."""
        contents = {strict_json.digest(dict(item.content)): item.content for item in self.documents}
        return {"schema": SCHEMA, "documents": [dict(contents[key]) for key in sorted(contents)]}

    def require(self) -> None:
        """Refuse to decide on what is not the whole truth.

        Raises:
            TrustError: there is a problem; all are named.
        """
        if self.problems:
            raise TrustError(
                "the revocations cannot be relied on",
                why="; ".join(str(problem) for problem in self.problems),
                remedy=next((item.remedy for item in self.problems if item.remedy), "get the revocations again"),
            )

    def _first(self, target: Target, signed_at: datetime | None) -> Hit | None:
        hits: Sequence[Hit] = self._hits.get(target, ())
        return next((hit for hit in hits if hit.entry.bites(signed_at)), None)


NO_REVOCATIONS = Revocations(given=False)
"""Nobody gave any: nothing is known."""
