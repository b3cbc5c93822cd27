"""What a verifier asks a verdict to be about: a true verdict of something else is refused.

Old verdicts are true for ever, and so are those of other pipelines, checklists and stages; only the verifier knows
which one is wanted. What is not asked for is a row that says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ..trust.signing_time import CLOCK_SKEW, parse_time, shown
from ..vsa import policy_uri, resource_uri
from .report import Row, equal

Document = Mapping[str, Any]

_POLICIES = "other policies than the verifier wants"
_GATE_TRUST = "the gate believed other signers than the verifier wants, or had no trust policy"
_PARAMETERS = "other parameters than the verifier wants"


@dataclass(frozen=True)
class Expectations:
    """What is wanted; None where anything will do.

    Args:
        pipeline: its name, or with a colon in it its resource URI.
        checklist: its id, or ``ID@VERSION``.
        stage: the gate that the verdict is of.
        policy_digest: SHA-256 of the policies.
        max_age_days: how old the verdict may be.
        not_before: it may not be older than this.
        no_bypasses: nothing may have weakened the run.
        gate_trust: SHA-256 of the trust policy by which the gate judged signatures in the pipeline.
        parameters_digest: SHA-256 of the parameters that the pipeline set.
    """

    pipeline: str | None = None
    checklist: str | None = None
    stage: str | None = None
    policy_digest: str | None = None
    max_age_days: float | None = None
    not_before: datetime | None = None
    no_bypasses: bool = False
    gate_trust: str | None = None
    parameters_digest: str | None = None

    def to_document(self) -> dict[str, Any]:
        """The verifier's own settings, as the report shows them."""
        return {**vars(self), "not_before": None if self.not_before is None else shown(self.not_before)}

    def of_package(
        self, verdict: Document, assessment: Document, now: datetime, signed_at: datetime | None = None
    ) -> Iterator[Row]:
        """The rows of a package.

        Args:
            verdict: predicate of the verified verdict.
            assessment: predicate of the verified assessment.
            now: for ages.
            signed_at: when it was there at the latest, by somebody other than its signer; None where nobody says.
        """
        pipeline, checklist = assessment["pipeline"], assessment["checklist"]
        digests = assessment["digests"]
        identified = f"{checklist['id']}@{checklist['version']}"
        by_uri = self.pipeline is not None and ":" in self.pipeline
        name = verdict["resourceUri"] if by_uri else pipeline.get("name")
        wanted = self.checklist
        yield _asked("pipeline", self.pipeline, name, "another pipeline's verdict")
        yield _asked("checklist", wanted, _like(wanted, identified), "a verdict by another checklist")
        yield _asked("stage", self.stage, assessment.get("stage"), "a verdict of another stage, or of all at once")
        yield _asked("policy digest", self.policy_digest, _sha256(digests, "policies"), _POLICIES)
        yield _asked("gate trust", self.gate_trust, _sha256(digests, "trust_policy"), _GATE_TRUST)
        yield _asked("parameters digest", self.parameters_digest, _sha256(digests, "parameters"), _PARAMETERS)
        yield _bypasses(self.no_bypasses, assessment.get("bypasses", ()))
        yield from self.of_time(verdict["timeVerified"], now)
        if signed_at is not None:
            yield _dated(verdict["timeVerified"], signed_at)

    def of_summary(self, verdict: Document, now: datetime) -> Iterator[Row]:
        """The rows of a verification summary at hand without its package, ours or of somebody else.

        Args:
            verdict: predicate of the verified summary.
            now: for ages.
        """
        policy = verdict.get("policy") if isinstance(verdict.get("policy"), Mapping) else {}
        assert isinstance(policy, Mapping)
        digest = policy.get("digest") if isinstance(policy.get("digest"), Mapping) else {}
        wanted = (
            self.pipeline if self.pipeline is None or ":" in self.pipeline else resource_uri({"name": self.pipeline})
        )
        yield _asked("pipeline", wanted, verdict.get("resourceUri"), "another pipeline's verdict")
        yield _asked("checklist", *_checklist_uri(self.checklist, policy.get("uri")), "a verdict by another checklist")
        yield _asked("stage", self.stage, None, "only the package of a verdict tells its stage")
        yield _asked("policy digest", self.policy_digest, (digest or {}).get("sha256"), "other policies than wanted")
        yield _asked("gate trust", self.gate_trust, None, "only the package of a verdict tells it")
        yield _asked("parameters digest", self.parameters_digest, None, "only the package of a verdict tells it")
        if self.no_bypasses:
            yield Row("bypasses", False, "none", "", "only the package of a verdict tells them")
        yield from self.of_time(verdict.get("timeVerified"), now)

    def of_other(self, time: Any, now: datetime) -> Iterator[Row]:
        """The rows of a document that is no verdict, and hence cannot tell most of what may be asked.

        Args:
            time: that it states, where it states one.
            now: for ages.
        """
        asked = (
            "pipeline", "checklist", "stage", "policy_digest", "no_bypasses", "gate_trust", "parameters_digest",
        )  # fmt: skip
        for name in asked:
            if (wanted := getattr(self, name)) not in (None, False):  # an empty name was asked for, too
                yield Row(name.replace("_", " "), False, str(wanted), "", "only a verdict tells this")
        yield from self.of_time(time, now)

    def of_time(self, time: Any, now: datetime) -> Iterator[Row]:
        """The rows about a statement's own time; None where it has none."""
        moment = parse_time(time)
        if moment is None and (time is not None or self.max_age_days is not None or self.not_before is not None):
            yield Row("age", False, "a time with a zone", str(time or ""), "when it was made cannot be told")
        elif moment is not None and moment > now + CLOCK_SKEW:
            yield Row("age", False, f"before {now.isoformat()}", str(time), "it is from the future")
        elif self.max_age_days is None:
            yield Row("age", None, "", str(time or ""), "no greatest age was asked for")
        else:
            assert moment is not None
            old = now - moment > timedelta(days=self.max_age_days)
            yield Row("age", not old, f"at most {self.max_age_days:g} days", str(time), "it is too old" if old else "")
        if self.not_before is not None and moment is not None:
            early = moment < self.not_before
            why = "it is older than what was asked for" if early else ""
            yield Row("not before", not early, f"from {shown(self.not_before)}", str(time), why)


ANYTHING = Expectations()


def _asked(check: str, wanted: str | None, found: Any, otherwise: str) -> Row:
    if wanted is None:
        return Row(check, None, "", "" if found is None else str(found), f"no {check} was asked for")
    return equal(check, wanted, "" if found is None else found, otherwise)


def _sha256(digests: Document, name: str) -> Any:
    """A digest that an assessment pins; None where there was no such thing, as without a trust policy."""
    return (digests.get(name) or {}).get("sha256")


def _dated(time: str, signed_at: datetime) -> Row:
    """Whether a verdict is of a time before its signature; one dated ahead would outlive every greatest age."""
    moment = parse_time(time)
    ahead = moment is None or moment > signed_at + CLOCK_SKEW
    why = "it was signed before the time that it states" if ahead else ""
    return Row("signing time", not ahead, f"from {time}", shown(signed_at), why)


def _like(wanted: str | None, identified: str) -> str:
    """A checklist's identity as precise as it was asked for."""
    return identified if wanted is None or "@" in wanted else identified.rpartition("@")[0]


def _checklist_uri(wanted: str | None, uri: Any) -> tuple[str | None, Any]:
    """What is wanted as the policy URI of Probatum's own verdicts, and what was found, as precise as that."""
    if wanted is None:
        return None, uri
    name, at, version = wanted.partition("@")
    whole = policy_uri({"checklist": {"id": name, "version": version}})
    return (whole, uri) if at else (whole.rpartition("/")[0], str(uri).rpartition("/")[0])


def _bypasses(refused: bool, found: Sequence[Document]) -> Row:
    codes = ", ".join(sorted({str(item.get("code")) for item in found}))
    if not refused:
        return Row("bypasses", None, "", codes, f"{len(found)} are in the record; none was asked not to be")
    return Row("bypasses", not found, "none", codes or "none", "something weakened the run" if found else "")
