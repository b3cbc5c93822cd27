"""What roles demand of each signature: its time, its log, its key; and that allowing more never allows less."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from signing_case import NOW, ec_key, ed_key, policy

from probatum.attestations.trust.policy import Role, TrustPolicy
from probatum.attestations.trust.predicates import CHECKPOINT, DEFAULT_TYPES, VSA
from probatum.attestations.trust.roles import Facts, allow
from probatum.attestations.trust.signing_time import (
    ALWAYS,
    CLOCK_SKEW,
    NO_EVIDENCE,
    Judged,
    SignatureFacts,
    Window,
    judged_at,
    parse_time,
    shown,
)
from probatum.attestations.trust.trusted import Identity, SigstoreRoot, TrustedLog

ONE, TWO, THREE = ed_key(), ec_key(), ed_key()
KEYS = {"one": ONE, "two": TWO}
DAY = timedelta(days=1)
LOGS = {"main": TrustedLog("main+00000000+AA=="), "other": TrustedLog("other+00000000+AQ==")}


def each_once(facts: Mapping[str, SignatureFacts] | None) -> Facts:
    return {name: (fact,) for name, fact in (facts or {}).items()}


def reason(trust: TrustPolicy, *signers: str, facts: Mapping[str, SignatureFacts] | None = None, **asked: Any) -> str:
    found = allow(trust, VSA, signers or ("key:one",), {}, NOW, facts=each_once(facts), **asked)
    assert bool(found.roles) != bool(found.reason)
    return found.reason


def at(moment: datetime, **fields: Any) -> dict[str, SignatureFacts]:
    return {"key:one": SignatureFacts(moment, **fields)}


@pytest.mark.parametrize(("as_of", "signed_at", "expected"), [
    (None, None, Judged(NOW)),
    (None, NOW - DAY, Judged(NOW - DAY, vouched=True)),
    (None, NOW + CLOCK_SKEW, Judged(NOW + CLOCK_SKEW, vouched=True)),
    (NOW - DAY, None, Judged(None, reason=NO_EVIDENCE)),
    (NOW - DAY, NOW - DAY, Judged(NOW - DAY, vouched=True)),
])  # fmt: skip
def test_the_time_that_counts(as_of: datetime | None, signed_at: datetime | None, expected: Judged) -> None:
    assert judged_at(NOW, as_of, signed_at) == expected


def test_times_that_count_for_nothing() -> None:
    late = judged_at(NOW, NOW - DAY, NOW - DAY + timedelta(seconds=1))
    assert late.at is None
    assert "after 2026-11-19T07:00:00Z" in late.reason
    future = judged_at(NOW, None, NOW + CLOCK_SKEW + timedelta(seconds=1))
    assert future.at is None
    assert "future" in future.reason
    assert "future" in ALWAYS.objection(future)


def test_a_window_has_sharp_edges() -> None:
    window = Window(NOW, NOW + DAY)
    tick = timedelta(microseconds=1)
    assert window.objection(Judged(NOW)) == ""
    assert window.objection(Judged(NOW + DAY - tick, vouched=True)) == ""
    assert f"valid from {shown(NOW)}; it was signed" in window.objection(Judged(NOW - tick, vouched=True))
    assert f"{NO_EVIDENCE}, and now it is" in window.objection(Judged(NOW + DAY))
    assert window.to_document() == {"valid_from": "2026-11-20T07:00:00Z", "valid_until": "2026-11-21T07:00:00Z"}
    assert ALWAYS.to_document() == {"valid_from": None, "valid_until": None}


def test_a_key_counts_within_its_window_by_a_time_that_is_vouched_for() -> None:
    ended = replace(policy(KEYS, verdict={}), windows={"key:one": Window(None, NOW - DAY)})
    assert f"key:one does not count: valid until 2026-11-19T07:00:00Z; {NO_EVIDENCE}" in reason(ended)
    assert reason(ended, facts=at(NOW - 2 * DAY)) == ""
    assert "it was signed 2026-11-19T07:00:00Z" in reason(ended, facts=at(NOW - DAY))
    early = replace(policy(KEYS, verdict={}), windows={"key:one": Window(NOW + DAY)})
    assert "valid from" in reason(early)
    assert "valid from" in reason(early, facts=at(NOW - DAY))
    assert reason(early, "key:two") == ""


def test_the_signers_own_word_for_the_time_counts_for_nothing() -> None:
    ended = replace(policy(KEYS, verdict={}), windows={"key:one": Window(None, NOW - DAY)})
    claimed = {"predicate": {"timeVerified": (NOW - 2 * DAY).isoformat()}}
    assert NO_EVIDENCE in allow(ended, VSA, ["key:one"], claimed, NOW).reason


def test_as_of_a_date() -> None:
    trust = policy(KEYS, verdict={"max_age_days": 2.0})
    statement = {"predicate": {"timeVerified": (NOW - 30 * DAY).isoformat()}}

    def found(as_of: datetime | None, facts: Mapping[str, SignatureFacts] | None = None) -> str:
        return allow(trust, VSA, ["key:one"], statement, NOW, as_of=as_of, facts=each_once(facts)).reason

    assert "older than 2 days" in found(None)
    assert NO_EVIDENCE in found(NOW - 29 * DAY)
    assert found(NOW - 29 * DAY, at(NOW - 29 * DAY)) == ""
    assert "older than 2 days" in found(NOW - 20 * DAY, at(NOW - 29 * DAY))
    assert "future" in found(NOW - 31 * DAY, at(NOW - 32 * DAY))


def test_a_role_can_require_a_log() -> None:
    trust = replace(policy(KEYS, verdict={"require_log": True}), logs=LOGS)
    believing = replace(trust, roles={**trust.roles, "log": Role("log", ("log:main",), (CHECKPOINT,))})
    held = at(NOW, logs=frozenset(["main"]))
    assert "no log holds it" in reason(believing)
    assert reason(believing, facts=held) == ""
    assert "no log holds it" in reason(believing, facts=at(NOW, logs=frozenset(["other"])))
    assert "no log holds it" in reason(trust, facts=held), "no log holds the role"
    rooted = replace(trust, sigstore={"pub": SigstoreRoot("", b"")})
    assert reason(rooted, facts=at(NOW, logs=frozenset(["pub"]))) == ""
    named = replace(believing, roles={**believing.roles, "verdict": replace(trust.roles["verdict"], logs=("pub",))})
    assert "requires one of pub" in reason(named, facts=held)
    assert "requires one of pub" in reason(named, facts=at(NOW, logs=frozenset(["pub"]))), "no such root is pinned"


def test_a_role_can_require_that_somebody_vouches_for_the_time() -> None:
    trust = policy(KEYS, verdict={"require_timestamp": True})
    assert "somebody other than the signer" in reason(trust)
    assert reason(trust, facts=at(NOW)) == ""
    named = policy(KEYS, verdict={"require_timestamp": True, "timestamp_authorities": ("a", "b")})
    assert "by a or b" in reason(named, facts=at(NOW)).replace("a, b", "a or b")
    assert reason(named, facts=at(NOW, authorities=frozenset("b"))) == ""
    assert "vouched for" in reason(named, facts={"key:one": SignatureFacts(None, authorities=frozenset("b"))})


def test_the_threshold_counts_keys_not_names() -> None:
    trust = policy(KEYS, verdict={"threshold": 2, "signers": ("key:one", "certificate:x", "certificate:y")})
    same = {"certificate:x": SignatureFacts(key=ONE.public)}
    assert "1 of the 2" in reason(trust, "key:one", "certificate:x", facts=same)
    assert "with one key" in reason(trust, "key:one", "certificate:x", facts=same)
    other = {"certificate:x": SignatureFacts(key=THREE.public)}
    assert reason(trust, "key:one", "certificate:x", facts=other) == ""
    both = {**other, "certificate:y": SignatureFacts(key=THREE.public)}
    assert "1 of the 2" in reason(trust, "certificate:x", "certificate:y", facts=both)
    assert "1 of the 2" in reason(trust, "certificate:x", "certificate:y"), "nobody knows which keys they are"


def test_logs_count_by_their_names() -> None:
    role = Role("log", ("log:main", "log:other"), (CHECKPOINT,), threshold=2)
    trust = TrustPolicy({}, {"log": role}, logs=LOGS)
    assert sorted(trust.believed_logs) == ["main", "other"]
    assert allow(trust, CHECKPOINT, ["log:main", "log:other"], None, NOW).roles == ("log",)
    assert "1 of the 2" in allow(trust, CHECKPOINT, ["log:main"], None, NOW).reason


def test_the_document_holds_everything_that_counts() -> None:
    trust = policy(KEYS, verdict={})
    changed = [
        replace(trust, windows={"key:one": Window(NOW)}),
        replace(trust, logs=LOGS),
        replace(trust, sigstore={"r": SigstoreRoot("0" * 64, b"")}),
        replace(trust, identities={"i": Identity("x", "y")}),
        replace(trust, identities={"i": Identity("x", pattern="y")}),
        replace(trust, identities={"i": Identity("x", "y", claims={"ref": "main"})}),
        replace(trust, identities={"i": Identity("x", "y", roots=("r",))}),
        *(
            policy(KEYS, verdict=fields)
            for fields in (
                {"require_log": True}, {"logs": ("a",)}, {"require_timestamp": True}, {"timestamp_authorities": ("a",)},
            )
        ),
    ]  # fmt: skip
    assert len({trust.digest, *(item.digest for item in changed)}) == len(changed) + 1
    assert replace(trust, windows={"key:one": ALWAYS}).digest == trust.digest
    assert trust.signers == ("key:one", "key:two")


def test_times_are_read_strictly() -> None:
    assert parse_time("2026-11-20T08:00:00+01:00") == NOW
    assert parse_time("0001-01-01T00:00:00+23:59") is None
    assert parse_time(NOW) is None
    assert shown(datetime(2026, 1, 1, 12, tzinfo=UTC)) == "2026-01-01T12:00:00Z"


NAMES = ("key:one", "key:two", "identity:ci")
ROLES = st.dictionaries(
    st.sampled_from(sorted(DEFAULT_TYPES)),
    st.tuples(st.sets(st.sampled_from(NAMES), min_size=1), st.integers(1, 3), st.booleans()),
    max_size=4,
)
FACTS = {"identity:ci": SignatureFacts(NOW, key=THREE.public)}


def made(roles: Mapping[str, tuple[set[str], int, bool]]) -> TrustPolicy:
    known = {
        name: Role(name, tuple(signers), DEFAULT_TYPES[name], threshold, require_timestamp=timed)
        for name, (signers, threshold, timed) in roles.items()
    }
    return replace(policy(KEYS, verdict={}), roles=known)


def granted(trust: TrustPolicy, signers: set[str]) -> set[tuple[str, str]]:
    """Role and content of everything that a document with these signatures could be."""
    kinds = {kind for types in DEFAULT_TYPES.values() for kind in types}
    return {
        (role, kind) for kind in kinds for role in allow(trust, kind, signers, {}, NOW, facts=each_once(FACTS)).roles
    }


@given(ROLES, st.sampled_from(sorted(DEFAULT_TYPES)), st.sets(st.sampled_from(NAMES)), st.sampled_from(NAMES))
def test_allowing_more_never_allows_less(roles: Any, added: str, signed: set[str], signer: str) -> None:
    before = granted(made(roles), signed)
    if added in roles:
        signers, threshold, timed = roles[added]
        after = made({**roles, added: (signers | {signer}, threshold, timed)})
    else:
        after = made({**roles, added: ({signer}, 1, False)})
    assert before <= granted(after, signed)
    assert before <= granted(made(roles), signed | {signer})


@given(ROLES, st.sets(st.sampled_from(NAMES)))
def test_taking_a_role_or_signer_away_never_grants(roles: Any, signed: set[str]) -> None:
    before = granted(made(roles), signed)
    for name, (signers, threshold, timed) in roles.items():
        fewer = {other: entry for other, entry in roles.items() if other != name}
        assert granted(made(fewer), signed) == {(role, kind) for role, kind in before if role != name}
        for signer in signers:
            less = made({**roles, name: (signers - {signer}, threshold, timed)})
            assert granted(less, signed) <= before
    assert granted(made({}), signed) == set()
