"""Documents that revoke: what they say, who is believed, and how fresh they are."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from in_toto.models.link import Link
from in_toto.models.metadata import Metablock
from jsonschema import Draft202012Validator
from package_case import KEY
from revocation_case import (
    BEFORE,
    HEX,
    SECURITY,
    STRANGER,
    entry,
    forged,
    known,
    numbered,
    of_key,
    of_policy,
    revocation,
    trust,
)
from signing_case import NOW, ec_key, envelope, policy, statement, write

from probatum import strict_json
from probatum.attestations.attestor import KeyAttestor
from probatum.attestations.documents import dsse
from probatum.attestations.documents.verifier import TrustVerifier
from probatum.attestations.package.zip_package import zip_bytes
from probatum.attestations.revocation.document import Given, read_document
from probatum.attestations.revocation.entry import (
    REASONS,
    Target,
    digest_of,
    entry_of,
    identity_target,
    key_target,
    sha256_target,
)
from probatum.attestations.revocation.gather import gather, rolled_back
from probatum.attestations.revocation.issue import issue
from probatum.attestations.revocation.objection import signer_objection, statement_objection
from probatum.attestations.revocation.plain_entry import is_plain_entry, without_plain_entries
from probatum.attestations.revocation.revoked import NO_REVOCATIONS
from probatum.attestations.revocation.statement import revocation_statement
from probatum.attestations.revocation.targets import attestation_targets, key_named, verdict_targets
from probatum.attestations.schemas import schema
from probatum.attestations.trust.policy import Role, TrustPolicy
from probatum.attestations.trust.signing_time import SignatureFacts
from probatum.attestations.trust.trusted import Identity
from probatum.errors import EvidenceError, ProbatumError, TrustError, UsageError

TARGETS = [
    key_target(KEY.public.id),
    identity_target("https://accounts.example.com", "ann@example.com"),
    sha256_target("evidence", f"obs:{HEX}"),
    sha256_target("policy", f"sha256:{HEX}"),
    sha256_target("attestation", HEX),
    sha256_target("verdict", HEX),
]


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.kind)
def test_what_is_revoked_is_found_again_with_who_when_and_why(target: Target) -> None:
    found = known(revocation(entry(target, "superseded", note="it was replaced")))
    assert (found.count, found.problems, found.given) == (1, (), True)
    hit = found.find(target.kind, target.name)
    assert str(hit) == ("revoked (superseded: it was replaced), as key:security said on 2026-11-20 in 0.dsse.json")
    assert found.of_kind(target.kind) == [target]
    assert found.find(target.kind, target.name.upper() + "x") is None
    assert found.find("other", target.name) is None


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.kind)
def test_the_statement_names_what_it_revokes_for_tools_that_look_by_digest(target: Target) -> None:
    made = revocation_statement([entry(target)], now=NOW, issuer=["a", "b"])
    assert made["subject"] == [{"name": target.name, "digest": {"sha256": digest_of(target)}}]
    assert len(digest_of(target)) == 64
    assert made["predicate"]["issuer"] == ["a", "b"]
    assert entry_of(made["predicate"]["revocations"][0]) == entry(target)


def test_the_digest_of_a_key_is_that_of_its_ssh_form() -> None:
    import base64
    import hashlib

    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    line = KEY.public.key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    assert digest_of(key_target(KEY.public.id)) == hashlib.sha256(base64.b64decode(line.split()[1])).hexdigest()


def test_reasons_are_those_of_the_schema() -> None:
    assert tuple(schema("revocation")["$defs"]["entry"]["properties"]["reason"]["enum"]) == REASONS


@pytest.mark.parametrize("kind", ["verdict", "attestation", "evidence"])
def test_a_verdict_or_evidence_is_wrong_altogether(kind: str) -> None:
    with pytest.raises(UsageError, match="cannot be revoked from some time on"):
        revocation(entry(sha256_target(kind, HEX), since=BEFORE))
    field = {"evidence": f"obs:{HEX}"} if kind == "evidence" else {"statement": {"sha256": HEX}}
    since = {"kind": kind, "reason": "other", "since": "2026-11-01T00:00:00Z", **field}
    (problem,) = known(forged({"issued_at": "2026-11-20T07:00:00Z", "issuer": [], "revocations": [since]})).problems
    assert "does not follow the schema revocation" in problem.why


def test_nothing_is_revoked_in_advance() -> None:
    with pytest.raises(UsageError, match="lies in the future") as caught:
        revocation(of_key(KEY, since=NOW + timedelta(seconds=1)))
    assert "valid_until" in caught.value.remedy
    assert known(revocation(of_key(KEY, since=NOW))).problems == ()


@pytest.mark.parametrize(
    ("signed_at", "counts"),
    [
        (None, False),
        (BEFORE - timedelta(seconds=1), True),
        (BEFORE, False),
        (BEFORE + timedelta(days=1), False),
    ],
)
def test_a_dated_signature_of_before_still_holds(signed_at: datetime | None, counts: bool) -> None:
    trusted = replace(trust(), revocations=known(revocation(of_key(KEY, since=BEFORE))))
    objection = signer_objection(trusted, "key:release", SignatureFacts(signed_at))
    assert (objection == "") is counts
    if signed_at is None:
        assert objection.endswith("and nobody vouches that it was signed before")
    forever = replace(trust(), revocations=known(revocation(of_key(KEY))))
    assert signer_objection(forever, "key:release", SignatureFacts(signed_at)).startswith("revoked (key-compromise)")
    assert signer_objection(forever, "key:security", SignatureFacts(signed_at)) == ""


def test_of_several_revocations_the_one_that_counts_is_told() -> None:
    since, ever = revocation(of_key(KEY, since=BEFORE)), revocation(of_key(KEY, note="all of it"))
    found = known(since, ever)
    earlier = BEFORE - timedelta(days=1)
    assert "all of it" in str(found.find("key", KEY.public.id, earlier))
    assert known(since).find("key", KEY.public.id, earlier) is None


ISSUER = "https://token.example.com"
MAIN = "https://example.com/acme/risk/release.yml@refs/heads/main"


def with_identity(**fields: Any) -> TrustPolicy:
    """Somebody who trusts an identity for provenance."""
    identity = Identity(ISSUER, **fields)
    roles = {**trust().roles, "provenance": Role("provenance", ("identity:ci",), ("x",))}
    revoked = known(revocation(entry(identity_target(ISSUER, MAIN), "affiliation-changed", since=BEFORE)))
    return replace(trust(), identities={"ci": identity}, roles=roles, revocations=revoked)


def test_identities_are_revoked_whatever_the_trust_policy_calls_them() -> None:
    exact = with_identity(identity=MAIN)
    assert "affiliation-changed" in signer_objection(exact, "identity:ci", SignatureFacts())
    assert signer_objection(exact, "identity:ci", SignatureFacts(BEFORE - timedelta(days=1))) == ""
    assert signer_objection(exact, "identity:other", SignatureFacts()) == ""
    other = with_identity(identity=MAIN + "2")
    assert signer_objection(other, "identity:ci", SignatureFacts()) == ""


def test_of_a_pattern_only_the_revoked_identity_is_refused_where_it_is_told_apart() -> None:
    pattern = with_identity(pattern="https://example.com/acme/*/release.yml@refs/heads/main")
    told = SignatureFacts(identity={"issuer": ISSUER, "subject": MAIN})
    another = SignatureFacts(identity={"issuer": ISSUER, "subject": MAIN.replace("risk", "fraud")})
    assert signer_objection(pattern, "identity:ci", told)
    assert signer_objection(pattern, "identity:ci", another) == ""
    assert signer_objection(pattern, "identity:ci", SignatureFacts()), "it may be the one"
    elsewhere = with_identity(pattern="https://example.com/other/*/release.yml@refs/heads/main")
    assert signer_objection(elsewhere, "identity:ci", SignatureFacts()) == ""


def test_the_key_behind_a_certificate_is_revoked_too() -> None:
    trusted = with_identity(identity="bob@example.com")
    trusted = replace(trusted, revocations=known(revocation(of_key(STRANGER))))
    assert signer_objection(trusted, "identity:ci", SignatureFacts(key=STRANGER.public))
    assert signer_objection(trusted, "certificate:x", SignatureFacts(key=STRANGER.public))
    assert signer_objection(trusted, "identity:ci", SignatureFacts(key=KEY.public)) == ""


def test_without_revocations_nothing_is_refused() -> None:
    assert signer_objection(trust(), "key:release", SignatureFacts()) == ""
    assert statement_objection(trust(), b"x") == ""
    assert (NO_REVOCATIONS.count, NO_REVOCATIONS.given, gather([], trust(), NOW).given) == (0, False, False)


def test_only_the_role_revokes() -> None:
    for signer in (KEY, STRANGER):
        found = known(revocation(of_policy(), by=[signer]))
        (problem,) = found.problems
        assert (found.count, "is not believed" in problem.why) == (0, True)
        assert "role `revocation`" in problem.remedy
        with pytest.raises(TrustError, match="cannot be relied on"):
            found.require()


def test_thresholds_of_the_role_hold() -> None:
    two = replace(
        policy({"release": KEY, "security": SECURITY}, revocation={"threshold": 2}), source="two people revoke"
    )
    assert "1 of the 2" in known(revocation(of_policy()), by=two).problems[0].why
    assert known(revocation(of_policy(), by=[KEY, SECURITY]), by=two).count == 1


def test_a_key_may_revoke_itself_and_nothing_else() -> None:
    itself = known(revocation(of_key(KEY), by=[KEY]))
    assert itself.problems == ()
    assert itself.documents[0].signers == ("key:release",)
    assert itself.find("key", KEY.public.id)
    for more in ([of_policy()], [of_key(STRANGER)]):
        assert known(revocation(of_key(KEY), *more, by=[KEY])).problems
    assert known(numbered(1, of_key(KEY), by=[KEY])).problems, "a list is for those with the role"
    assert known(numbered(1, by=[KEY])).problems


def test_a_key_that_nobody_knows_cannot_revoke_itself_here() -> None:
    """Nothing that it signed is trusted either; but the document is shown, not passed over."""
    assert known(revocation(of_key(STRANGER), by=[STRANGER])).problems


def test_what_a_revoked_key_revoked_stays_revoked() -> None:
    found = known(revocation(of_key(KEY)), revocation(of_key(SECURITY), by=[SECURITY]))
    assert found.problems == ()
    assert (found.find("key", KEY.public.id) is None, found.find("key", SECURITY.public.id) is None) == (False, False)


GOOD = {"issued_at": "2026-11-20T07:00:00Z", "issuer": ["x"], "revocations": []}
ENTRY = {"kind": "policy", "policy": {"sha256": HEX}, "reason": "other"}


@pytest.mark.parametrize(
    ("predicate", "why"),
    [
        ({}, "'issued_at' is a required property"),
        ({**GOOD, "extra": 1}, "extra"),
        ({**GOOD, "issued_at": "yesterday"}, "issued_at"),
        ({**GOOD, "issued_at": "2026-13-20T07:00:00Z"}, "is no time"),
        ({**GOOD, "revocations": [{**ENTRY, "reason": "bored"}]}, "bored"),
        ({**GOOD, "revocations": [{**ENTRY, "kind": "model"}]}, "revocations[0]"),
        ({**GOOD, "revocations": [{**ENTRY, "key": KEY.public.id}]}, "revocations[0]"),
        ({**GOOD, "revocations": [{**ENTRY, "kind": "key"}]}, "revocations[0]"),
        ({**GOOD, "revocations": [{**ENTRY, "since": "2026-13-01T00:00:00Z"}]}, "is no time"),
        ({**GOOD, "revocations": [{**ENTRY, "policy": {"sha256": "b" * 64}}]}, "its subjects are not what it revokes"),
        ({**GOOD, "list": {"name": "x", "number": 0}}, "number"),
        ({**GOOD, "list": {"name": "x", "number": 1, "next_update": "2026-13-01T00:00:00Z"}}, "is no time"),
    ],
)
def test_what_is_malformed_is_named(predicate: Any, why: str) -> None:
    found = known(forged(predicate))
    (problem,) = found.problems
    assert why in problem.why
    assert found.count == 0


def entries_at_random() -> st.SearchStrategy[dict[str, Any]]:
    """Entries, good ones and such as have a field too many, too few, or of another kind."""
    digest = st.sampled_from(
        [{"sha256": HEX}, {"sha256": HEX[:-1]}, {"sha256": HEX + "\n"}, {"md5": "x"}, {}, HEX, None]
    )
    values: dict[str, st.SearchStrategy[Any]] = {
        "kind": st.sampled_from(["verdict", "key", "identity", "evidence", "policy", "model", None, ["key"]]),
        "reason": st.sampled_from([*REASONS, "bored", 1, None]),
        "note": st.sampled_from(["", "why", "x" * 2001, 1]),
        "key": st.sampled_from([KEY.public.id, "SHA256:", KEY.public.id + "\n", 1]),
        "evidence": st.sampled_from([f"obs:{HEX}", HEX, f"obs:{HEX}\n", None]),
        "policy": digest,
        "statement": digest,
        "envelope": digest,
        "since": st.sampled_from(["2026-11-01T00:00:00Z", "x"]),
        "more": st.just(1),
    }
    names = {"verdict": "statement", "key": "key", "evidence": "evidence", "policy": "policy"}
    good = st.sampled_from(list(names)).flatmap(
        lambda kind: st.fixed_dictionaries(
            {"kind": st.just(kind), "reason": st.just("other"), names[kind]: values[names[kind]]},
            optional={name: values[name] for name in ("note", "envelope", "since", "more")},
        )
    )
    return good | st.dictionaries(st.sampled_from(list(values)), st.none(), max_size=6).flatmap(
        lambda chosen: st.fixed_dictionaries({name: values[name] for name in chosen})
    )


@settings(max_examples=150)
@given(item=entries_at_random() | st.none() | st.text(max_size=3))
@example(item={"kind": "key", "reason": "other", "key": KEY.public.id, "note": ["x"]})
@example(item={"kind": "policy", "reason": "other", "policy": {"sha256": HEX, "sha512": "x"}})
@example(item={"kind": "verdict", "reason": "other", "statement": {"sha256": HEX}, "envelope": {"sha256": HEX[1:]}})
def test_what_is_plainly_an_entry_is_one_by_the_schema_too(item: Any) -> None:
    whole = Draft202012Validator({**schema("revocation"), **schema("revocation")["$defs"]["entry"]})
    if is_plain_entry(item):
        assert list(whole.iter_errors(item)) == []


def test_long_lists_are_read_quickly_and_too_long_ones_are_refused() -> None:
    plain = [entry(sha256_target("evidence", f"obs:{number:064x}")) for number in range(2000)]
    assert known(numbered(1, *plain)).count == 2000
    assert all(is_plain_entry(entry(target).to_document()) for target in TARGETS if target.kind != "identity")
    assert is_plain_entry(entry(TARGETS[-1], envelope=HEX).to_document())
    assert not is_plain_entry(entry(TARGETS[0], since=BEFORE).to_document())
    assert without_plain_entries({"revocations": [plain[0].to_document(), 7]}) == {"revocations": [7]}
    many = {"revocations": [ENTRY] * 100_001}
    assert without_plain_entries(many) is many
    assert without_plain_entries(7) == 7


def test_other_documents_do_not_revoke() -> None:
    provenance = envelope(statement(HEX), KEY)
    old = forged(GOOD, _type="https://in-toto.io/Statement/v0.1")
    for data, why in (
        (provenance, "it is a https://slsa.dev/provenance/v1"),
        (old, "does not revoke"),
        (b"{}", "is no attestation"),
        (b"\xff", "is not strict JSON"),
        (revocation(of_policy()).replace(b'"sig":"', b'"sig":"AA'), "is not believed"),
    ):
        (problem,) = known(data).problems
        assert why in str(problem), why


def test_signed_documents_without_a_statement_do_not_revoke() -> None:
    link = Metablock(signed=Link(name="build"))
    link.create_signature(SECURITY.signer)
    linked = trust(predicate_types=("https://probatum.dev/revocation/v1", "link"))
    (problem,) = known(json.dumps(link.to_dict()).encode(), by=linked).problems
    assert problem.why == "does not revoke: it is a link"


def test_other_payload_types_do_not_revoke() -> None:
    made = revocation_statement([of_key(KEY)], now=NOW, issuer=[])
    for key in (SECURITY, KEY):
        data = dsse.sign(strict_json.canonical(made), [key], payload_type="application/json").to_bytes()
        assert known(data).problems


def test_lists_are_numbered_and_due() -> None:
    first, second = numbered(1, of_policy(), days=1), numbered(2, of_policy("b" * 64), days=30)
    found = known(first, second, now=NOW + timedelta(days=10))
    assert found.problems == (), "only the newest has to be fresh"
    assert (found.count, found.lists["acme"].document.source) == (2, "1.dsse.json")
    assert "a newer issue of the list acme was due" in known(first, now=NOW + timedelta(days=2)).problems[0].why
    assert known(first, now=NOW + timedelta(days=1)).problems == ()
    assert known(numbered(1)).given, "an empty list is knowledge"
    assert known(numbered(1, name="a", days=1), numbered(9, name="b", days=9), now=NOW + timedelta(days=5)).problems


def test_two_lists_of_one_number_are_a_fork() -> None:
    (problem,) = known(numbered(3, of_policy()), numbered(3)).problems
    assert "number 3 of the list acme is another one in 0.dsse.json" in problem.why
    assert known(numbered(3, of_policy()), numbered(3, of_policy())).problems == ()
    assert known(numbered(3, of_policy()), numbered(3, name="other")).problems == ()


def test_an_older_list_than_is_known_is_a_rollback() -> None:
    first, second = known(numbered(1)), known(numbered(2, of_policy()))
    assert "rolled back: number 1 was given, and number 2 is known" in str(next(rolled_back(second, first)))
    assert "now it is missing" in str(next(rolled_back(second, known(revocation(of_policy())))))
    assert not list(rolled_back(first, second))
    assert not list(rolled_back(second, second))
    assert not list(rolled_back(known(revocation(of_policy())), NO_REVOCATIONS))


def test_the_trust_policy_may_ask_how_old_the_newest_may_be() -> None:
    young = trust(max_age_days=7)
    document = revocation(of_policy())
    assert known(document, by=young, now=NOW + timedelta(days=7)).problems == ()
    (problem,) = known(document, by=young, now=NOW + timedelta(days=7, seconds=1)).problems
    assert "asks for one of the last 7 days, and the newest is of 2026-11-20T07:00:00Z" in problem.why
    assert "there is none" in known(by=young).problems[0].why
    future = revocation(of_policy(), now=NOW + timedelta(days=365))
    assert known(future, by=young).problems, "a date in the future does not keep a list young for ever"
    assert known(document, by=young, now=NOW + timedelta(days=90)).count == 1, "an old revocation still counts"


def test_why_evidence_is_revoked_is_told_whatever_the_order() -> None:
    """An assessment records it: the same documents, on whatever machine, make the same assessment."""
    target = Target("evidence", f"obs:{HEX}")
    made = [revocation(entry(target, reason), of_policy()) for reason in ("other", "evidence-wrong")]
    one, two = known(*made), known(*reversed(made))
    assert one.evidence == two.evidence
    assert list(one.evidence) == [target.name]
    assert "evidence-wrong" in one.evidence[target.name]
    assert "dsse.json" not in one.evidence[target.name]
    assert (one.newest, known().newest) == ("2026-11-20T07:00:00Z", None)


def test_the_documents_are_identified_whatever_their_order() -> None:
    one, two = revocation(of_policy()), revocation(of_key(KEY))
    assert known(one, two).digest == known(two, one, one).digest != known(one).digest
    kept = known(one, two).to_document()
    again = known(*(strict_json.canonical(item) for item in kept["documents"]))
    assert (again.digest, again.problems) == (known(one, two).digest, ())


def test_a_revocation_is_put_where_it_was_asked_for(tmp_path: Path) -> None:
    attestor = KeyAttestor([SECURITY])
    (tmp_path / "folder").mkdir()
    for out in (tmp_path / "folder", tmp_path / "new"):
        path = issue(of_policy(), out, attestor=attestor, now=NOW)
        assert (path.parent, path.name[:7], path.name[-10:]) == (out, "policy-", ".dsse.json")
        assert known(path.read_bytes()).count == 1
    with pytest.raises(UsageError, match="exists"):
        issue(of_policy(), tmp_path / "new", attestor=attestor, now=NOW)
    file = issue(of_policy(), tmp_path / "r.json", attestor=attestor, now=NOW)
    assert file == tmp_path / "r.json"
    with pytest.raises(UsageError, match="unknown reason 'bored'"):
        issue(entry(sha256_target("policy", HEX), "bored"), tmp_path / "x.json", attestor=attestor, now=NOW)
    assert not (tmp_path / "x.json").exists()


def test_keys_are_named_by_id_or_by_file(tmp_path: Path) -> None:
    file = write(tmp_path / "k.pub", KEY.public.pem)
    assert key_named(str(file)) == key_named(KEY.public.id) == Target("key", KEY.public.id)
    other = ec_key()
    assert key_named(str(write(tmp_path / "e.pub", other.public.pem))).name == other.public.id
    with pytest.raises(UsageError, match="cannot read"):
        key_named("nowhere.pub")
    with pytest.raises(TrustError, match="is not a public key"):
        key_named(str(write(tmp_path / "x.pub", b"x")))


def test_a_verdict_is_named_by_its_package_or_its_file(tmp_path: Path) -> None:
    from package_case import written

    folder = written(tmp_path).folder
    named = verdict_targets(folder)
    assert named == verdict_targets(folder / "verdict.dsse.json")
    assert named[0].kind == "verdict"
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert verdict_targets(write(tmp_path / "v.zip", zip_bytes(files))) == named
    bundle = {"dsseEnvelope": json.loads((folder / "verdict.dsse.json").read_bytes())}
    in_bundle, envelope_digest = verdict_targets(write(tmp_path / "b.json", json.dumps(bundle)))
    assert (in_bundle, envelope_digest == named[1]) == (named[0], False)
    with pytest.raises(TrustError, match="is no verdict"):
        verdict_targets(folder / "assessment.dsse.json")
    for bad in (b"[]", b"{}", b"x"):
        with pytest.raises(ProbatumError):
            verdict_targets(write(tmp_path / "bad.json", bad))
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="no signed verdict"):
        verdict_targets(tmp_path / "empty")


def test_one_attestation_is_taken_back_and_the_others_of_its_signer_count(tmp_path: Path) -> None:
    files = [
        write(tmp_path / f"{at}.json", envelope(statement(digest), KEY)) for at, digest in enumerate((HEX, "b" * 64))
    ]
    target, digest = attestation_targets(files[0])
    assert (target.kind, len(digest)) == ("attestation", 64)
    trusted = replace(trust(), revocations=known(revocation(entry(target, envelope=digest))))
    found = [TrustVerifier(trusted, NOW).verify(file.read_bytes(), source="it") for file in files]
    assert [item.verified for item in found] == [False, True]
    assert "does not count any more" in found[0].reason
    again = envelope(json.loads(dsse.parse(files[0].read_bytes(), source="it").payload), KEY, STRANGER)
    assert not TrustVerifier(trusted, NOW).verify(again, source="it").verified
    with pytest.raises(ProbatumError):
        attestation_targets(write(tmp_path / "x.json", b"{}"))


def test_a_document_is_read_only_after_its_signature(tmp_path: Path) -> None:
    read = read_document(Given("x", revocation(of_policy())), trust(), NOW)
    assert (read.signers, read.issued_at, read.listed) == (
        ("key:security",),
        datetime(2026, 11, 20, 7, tzinfo=UTC),
        None,
    )
    with pytest.raises(TrustError, match="is not believed"):
        read_document(Given("x", revocation(of_policy(), by=[STRANGER])), trust(), NOW)
    with pytest.raises(EvidenceError, match="does not follow"):
        read_document(Given("x", forged({"revocations": 1})), trust(), NOW)
