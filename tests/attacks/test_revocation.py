"""Attacks on revocation: hiding one, dodging one, forging one, and bringing back what was taken back.

Each is refused; without the defence that its test names it would be accepted.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from in_toto.models.layout import Layout
from in_toto.models.link import Link
from in_toto.models.metadata import Metablock
from package_case import KEY, assessment, contents, decided_at, graph, pipeline, written
from package_case import settings as settings_of
from revocation_case import (
    BEFORE,
    HEX,
    SECURITY,
    STRANGER,
    entry,
    forged,
    knowing,
    known,
    numbered,
    of_key,
    of_policy,
    of_verdict,
    revocation,
    row,
    trust,
    verified,
)
from signing_case import NOW, ed_key, envelope, statement, write
from sigstore_case import ISSUER, WORKFLOW, Services, uri
from sigstore_package import authority, trusting
from timestamp_case import STAMPED_AT, Authority
from typer.testing import CliRunner

from probatum import strict_json
from probatum.attestations.attestor import KeyAttestor
from probatum.attestations.documents import dsse
from probatum.attestations.documents.verifier import TrustVerifier
from probatum.attestations.keys.public_key import PublicKey
from probatum.attestations.keys.signing_key import SigningKey
from probatum.attestations.package.names import TIMESTAMP
from probatum.attestations.package.write import Detach, write_package
from probatum.attestations.revocation.document import Given
from probatum.attestations.revocation.entry import Target, identity_target, key_target, sha256_target
from probatum.attestations.revocation.impact import UNDECIDED, UNTOUCHED
from probatum.attestations.revocation.kept_package import packages_in
from probatum.attestations.revocation.revoked import NO_REVOCATIONS
from probatum.attestations.revocation.statement import revocation_statement
from probatum.attestations.revocation.targets import attestation_targets, verdict_targets
from probatum.attestations.trust.policy import TrustPolicy
from probatum.attestations.trust.predicates import REVOCATION, VSA
from probatum.cli import app
from probatum.errors import EvidenceError, TrustError
from probatum.evaluator.assess import evaluate
from probatum.evaluator.checklist import checklist_from_document
from probatum.evaluator.engines.regorus import Regorus
from probatum.evaluator.policies import PolicySet
from probatum.workbench import simulator


def test_what_is_attacked_is_accepted_before(tmp_path: Path) -> None:
    written(tmp_path)
    assert verified(tmp_path).ok
    assert verified(tmp_path, revocation(of_policy())).ok


# Revoked signers


def test_a_revoked_key(tmp_path: Path) -> None:
    """A key that was stolen signs a verdict."""
    written(tmp_path)
    assert "does not count" in row(verified(tmp_path, revocation(of_key(KEY))), "verdict.dsse.json: signer").detail


def test_a_revoked_key_under_another_name(tmp_path: Path) -> None:
    """The thief has the key entered in the trust policy again, as somebody else's."""
    written(tmp_path)
    made = trust()
    renamed = replace(made, keys={"new": PublicKey(KEY.public.der), "security": SECURITY.public})
    roles = {**made.roles, "verdict": replace(made.roles["verdict"], signers=("key:new",))}
    assert not verified(tmp_path, revocation(of_key(KEY)), by=replace(renamed, roles=roles)).ok


def test_a_revoked_key_signs_evidence_for_a_gate() -> None:
    """Collectors and the merging of evidence ask the same verifier."""
    data = envelope(statement(HEX), KEY)
    assert TrustVerifier(trust(), NOW).verify(data, source="it").verified
    found = TrustVerifier(knowing(revocation(of_key(KEY))), NOW).verify(data, source="it")
    assert (found.verified, "key-compromise" in found.reason, found.statement) == (False, True, None)


def test_a_revoked_key_behind_a_certificate_of_another_name() -> None:
    """Keyless signing with a key of one's own: the key is revoked, the identity is not."""
    services = Services()
    bundle = services.sign_statement(json.dumps(statement(HEX)).encode())
    trusted = replace(trusting(services), keys={"security": SECURITY.public})
    assert TrustVerifier(trusted, NOW).verify(bundle, source="it").verified
    from cryptography import x509

    material = json.loads(bundle)["verificationMaterial"]
    raw = material.get("certificate") or material["x509CertificateChain"]["certificates"][0]
    certificate = x509.load_der_x509_certificate(base64.b64decode(raw["rawBytes"]))
    key_id = PublicKey.of(certificate.public_key(), source="it").id
    revoked = known(revocation(entry(key_target(key_id), "key-compromise")))
    assert not TrustVerifier(replace(trusted, revocations=revoked), NOW).verify(bundle, source="it").verified


def test_an_identity_that_left() -> None:
    """A pattern allows every workflow of the repository; one of them is revoked, and the others are not."""
    services = Services()
    revoked = known(revocation(entry(identity_target(ISSUER, WORKFLOW), "affiliation-changed")))
    pattern = WORKFLOW.replace("train", "*")
    assert pattern != WORKFLOW
    trusted = replace(trusting(services, identity=None, pattern=pattern), revocations=revoked)
    payload = json.dumps(statement(HEX)).encode()
    for name, ok in ((WORKFLOW, False), (WORKFLOW.replace("train", "other"), True)):
        bundle = services.sign_statement(payload, identity=uri(name))
        assert TrustVerifier(trusted, NOW).verify(bundle, source="it").verified is ok, name


# Times


def dated(tmp_path: Path, at: datetime | None, **since: Any) -> Any:
    """A verdict with a timestamp, verified by somebody who pins its authority and knows a revocation of its key."""
    clock = Authority()
    detached: dict[str, Detach] = {} if at is None else {TIMESTAMP: lambda verdict: clock.stamp(verdict, at)}
    made = decided_at(contents(pipeline(tmp_path / "pipeline")), "2026-11-19T11:59:00Z")
    write_package(tmp_path / "verdict", made, attestor=KeyAttestor([KEY]), detached=detached, version="0")
    trusted = replace(trust(), timestamp_authorities={"clock": authority(clock)})
    return verified(tmp_path, revocation(of_key(KEY, **since)), by=trusted)


def test_a_backdated_signature_of_a_stolen_key(tmp_path: Path) -> None:
    """The verdict says that it is older than the theft; nobody else does, or a timestamp says otherwise."""
    stolen = {"since": STAMPED_AT}
    assert dated(tmp_path, STAMPED_AT - timedelta(seconds=1), **stolen).ok
    unvouched = dated(tmp_path, None, **stolen)
    assert "nobody vouches that it was signed before" in row(unvouched, "verdict.dsse.json: signer").detail
    for late in (STAMPED_AT, STAMPED_AT + timedelta(hours=1)):
        assert not dated(tmp_path, late, **stolen).ok


def test_a_timestamp_does_not_save_what_is_revoked_altogether(tmp_path: Path) -> None:
    assert not dated(tmp_path, STAMPED_AT - timedelta(seconds=1)).ok


def test_a_later_date_does_not_shrink_an_earlier_one(tmp_path: Path) -> None:
    """The thief has the stolen key say, about itself, that it was stolen only today: the earlier word stands."""
    written(tmp_path)
    honest, thief = revocation(of_key(KEY, since=BEFORE)), revocation(of_key(KEY, since=NOW), by=[KEY])
    for documents in ((honest, thief), (thief, honest)):
        found = known(*documents)
        assert found.problems == ()
        assert found.find("key", KEY.public.id, BEFORE + timedelta(days=1)) is not None
        assert found.find("key", KEY.public.id, BEFORE - timedelta(days=1)) is None


def test_a_verifier_with_a_clock_of_long_ago(tmp_path: Path) -> None:
    """`--now` of before the revocation does not unsay it."""
    written(tmp_path)
    documents = (revocation(of_key(KEY, since=BEFORE)), revocation(of_verdict(tmp_path)))
    for document in documents:
        assert not verified(tmp_path, document, now=NOW - timedelta(minutes=4)).ok


# In-toto links and layouts


def link(*keys: SigningKey) -> bytes:
    """In the classic form, which is no envelope."""
    block = Metablock(signed=Link(name="train", materials={}, products={"m.bin": {"sha256": HEX}}, command=["python"]))
    for key in keys:
        block.create_signature(key.signer)
    return json.dumps(block.to_dict()).encode()


def layout(*keys: SigningKey) -> bytes:
    block = Metablock(signed=Layout(steps=[], inspect=[], expires="2027-01-01T00:00:00Z"))
    for key in keys:
        block.create_signature(key.signer)
    return json.dumps(block.to_dict()).encode()


@pytest.mark.parametrize("made", [link, layout])
def test_a_revoked_link_or_layout_in_any_form(tmp_path: Path, made: Callable[..., bytes]) -> None:
    """It is signed or spaced anew, or put from the classic form into an envelope, or back: it stays revoked."""
    classic = made(KEY)
    signed = json.loads(classic)["signed"]
    forms = [classic, made(KEY, STRANGER), envelope(signed, KEY), envelope(dict(reversed(signed.items())), KEY)]
    for data in forms:
        assert TrustVerifier(trust(), NOW).verify(data, source="it").reason == ""
    for revoked in forms:
        target, digest = attestation_targets(write(tmp_path / "it", revoked))
        assert digest == hashlib.sha256(revoked).hexdigest()
        trusted = knowing(revocation(entry(target, "evidence-wrong", envelope=digest)))
        for data in forms:
            found = TrustVerifier(trusted, NOW).verify(data, source="it")
            assert (found.verified, found.statement) == (False, None)
            assert "does not count any more" in found.reason
            assert "evidence-wrong" in found.reason
    for other in (made_of for made_of in (link, layout) if made_of is not made):
        assert TrustVerifier(trusted, NOW).verify(other(KEY), source="it").verified


def test_a_link_beside_which_an_envelope_lies(tmp_path: Path) -> None:
    """One file that is an envelope to whoever verifies it, and would be a link to whoever takes it back."""
    data = envelope(statement(HEX), KEY)
    both = {**json.loads(data), **json.loads(link(KEY))}
    both["signatures"] = json.loads(data)["signatures"]
    file = write(tmp_path / "it", json.dumps(both).encode())
    assert TrustVerifier(trust(), NOW).verify(file.read_bytes(), source="it").verified
    trusted = knowing(revocation(entry(attestation_targets(file)[0])))
    assert not TrustVerifier(trusted, NOW).verify(file.read_bytes(), source="it").verified


def test_a_link_with_fields_that_nobody_signed_is_not_taken_back(tmp_path: Path) -> None:
    """A revocation of it would be of something else than what its signature is over."""
    document = json.loads(link(KEY))
    document["signed"]["approved"] = True
    with pytest.raises(TrustError, match="no signature covers"):
        attestation_targets(write(tmp_path / "it", json.dumps(document).encode()))
    with pytest.raises(TrustError, match="it is a link"):
        verdict_targets(write(tmp_path / "it", link(KEY)))


# Forged and misdirected revocations


def test_a_revocation_by_somebody_who_may_not_is_reported_and_revokes_nothing(tmp_path: Path) -> None:
    """A denial of service: whoever can write into the folder revokes a rival's key. It is refused, not believed."""
    written(tmp_path)
    for signer in (STRANGER, KEY):
        data = revocation(of_verdict(tmp_path), by=[signer])
        assert known(data).find("verdict", of_verdict(tmp_path).target.name) is None
        report = verified(tmp_path, data)
        assert [item.check for item in report.failures] == ["revocations"]
        with pytest.raises(TrustError, match="cannot be relied on"):
            known(data).require()


def test_a_revocation_swapped_to_another_verdict(tmp_path: Path) -> None:
    """The statement of one revocation with the signature of another; and subjects that differ from the predicate."""
    written(tmp_path)
    mine, other = of_verdict(tmp_path), entry(sha256_target("verdict", HEX))
    one, two = json.loads(revocation(mine)), json.loads(revocation(other))
    swapped = json.dumps({**one, "signatures": two["signatures"]}).encode()
    assert known(swapped).count == 0
    assert "not believed" in known(swapped).problems[0].why
    made = revocation_statement([mine], now=NOW, issuer=[])
    made["subject"] = revocation_statement([other], now=NOW, issuer=[])["subject"]
    contradiction = dsse.sign(strict_json.canonical(made), [SECURITY]).to_bytes()
    assert "not what it revokes" in known(contradiction).problems[0].why


def test_a_key_that_revokes_more_than_itself(tmp_path: Path) -> None:
    """A stolen key without the role revokes itself, and with it the key of the security team."""
    for more in ([of_key(SECURITY)], [of_verdict_of(HEX)], [of_policy()]):
        data = revocation(of_key(KEY), *more, by=[KEY])
        assert (known(data).count, len(known(data).problems)) == (0, 1)
    assert known(revocation(of_key(SECURITY), by=[KEY])).count == 0


def of_verdict_of(digest: str) -> Any:
    return entry(sha256_target("verdict", digest))


def test_another_statement_of_the_security_team_is_no_revocation(tmp_path: Path) -> None:
    """Signed for another purpose: its type says so, and nothing of it is read as a revocation."""
    predicate = {"issued_at": "2026-11-20T07:00:00Z", "issuer": [], "revocations": [of_policy().to_document()]}
    allowed = trust(predicate_types=(REVOCATION, VSA))
    data = envelope(statement(HEX, predicate_type=VSA, predicate=predicate), SECURITY)
    assert "does not revoke" in known(data, by=allowed).problems[0].why
    itself = strict_json.canonical(revocation_statement([of_key(KEY)], now=NOW, issuer=[]))
    assert known(dsse.sign(itself, [KEY]).to_bytes()).count == 1
    for key in (SECURITY, KEY):
        assert known(dsse.sign(itself, [key], payload_type="text/plain").to_bytes()).count == 0
    old = strict_json.canonical({**json.loads(itself), "_type": "https://in-toto.io/Statement/v0.1"})
    assert known(dsse.sign(old, [SECURITY]).to_bytes()).count == 0
    other = strict_json.canonical({**json.loads(itself), "predicateType": VSA})
    assert known(dsse.sign(other, [KEY]).to_bytes()).count == 0


def test_two_readings_of_one_statement() -> None:
    """Duplicate keys, also by case, let two readers see two revocations (RFC 8259 section 4)."""
    made = strict_json.canonical(revocation_statement([of_policy()], now=NOW, issuer=[])).decode()
    for odd in ('"issuer":[],"issuer":["x"]', '"issuer":[],"Issuer":[]'):
        data = dsse.sign(made.replace('"issuer":[]', odd).encode(), [SECURITY]).to_bytes()
        assert (known(data).count, "duplicate key" in known(data).problems[0].why) == (0, True)


# Look-alikes


@pytest.mark.parametrize(
    "change",
    [
        lambda key_id: key_id + "=",
        lambda key_id: key_id.replace("SHA256:", "sha256:"),
        lambda key_id: key_id.removeprefix("SHA256:"),
        lambda key_id: key_id + "\n",
        lambda key_id: key_id[:-1],
        lambda key_id: key_id.replace("SHA256:", "SHA256: "),
    ],
    ids=["padded", "lower prefix", "no prefix", "line break", "short", "blank"],
)
def test_a_key_id_in_another_spelling(change: Callable[[str], str]) -> None:
    """It would revoke nothing, and look as if it did: the whole document is refused instead."""
    with pytest.raises(EvidenceError, match="no key id"):
        key_target(change(KEY.public.id))
    odd = {"kind": "key", "key": change(KEY.public.id), "reason": "other"}
    data = forged({"issued_at": "2026-11-20T07:00:00Z", "issuer": [], "revocations": [odd]})
    assert (known(data).count, len(known(data).problems)) == (0, 1)


def test_a_key_id_with_loose_bits() -> None:
    """43 characters of base64 have two bits too many: four spellings of one key id, three of which match nothing."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    last = alphabet.index(KEY.public.id[-1])
    for loose in range(1, 4):
        twin = KEY.public.id[:-1] + alphabet[last ^ loose]
        with pytest.raises(EvidenceError, match="no key id"):
            key_target(twin)
        odd = {"kind": "key", "key": twin, "reason": "other"}
        assert known(forged({"issued_at": "2026-11-20T07:00:00Z", "issuer": [], "revocations": [odd]})).problems


def test_a_key_id_in_another_case(tmp_path: Path) -> None:
    """Some tool lowered the letters: the trusted key would stay trusted in silence."""
    written(tmp_path)
    swapped = "SHA256:" + KEY.public.id.removeprefix("SHA256:")[:-1].swapcase() + KEY.public.id[-1]
    document = revocation(entry(Target("key", swapped)))
    (problem,) = known(document).problems
    assert f"which is not the trusted key {KEY.public.id}" in problem.why
    assert not verified(tmp_path, document).ok


# Hiding revocations


def test_a_list_of_which_the_newest_issue_is_hidden(tmp_path: Path) -> None:
    """A mirror serves yesterday's list: it was due to be replaced (RFC 5280 section 5.1.2.5)."""
    written(tmp_path)
    yesterday, today = NOW - timedelta(days=1), NOW
    old = numbered(6, days=-0.5, now=yesterday)
    new = numbered(7, of_verdict(tmp_path), days=1, now=today)
    assert not verified(tmp_path, new).ok
    assert "out of date" in row(verified(tmp_path, old), "revocations").detail


def test_a_list_that_is_rolled_back_behind_what_the_gate_knew(tmp_path: Path) -> None:
    """An older issue without a date: the verdict itself shows that there was a newer one."""
    root = pipeline(tmp_path / "pipeline")
    known_then = knowing(numbered(7, of_policy()))
    assert known_then.revocations is not None
    recorded = {"sha256": known_then.revocations.digest, "evidence": []}
    made = replace(
        contents(root, trust=known_then),
        assessment={**assessment(graph(root), trust=known_then), "revocations": recorded},
        settings={**settings_of(known_then), "revocations": recorded},
    )
    write_package(tmp_path / "verdict", made, attestor=KeyAttestor([KEY]), version="0")
    assert verified(tmp_path, numbered(7, of_policy())).ok
    itself = revocation(of_key(SECURITY))
    for hidden in ((numbered(6),), (numbered(6), itself), (numbered(6), revocation(of_policy())), (itself,)):
        assert row(verified(tmp_path, *hidden), "revocations: newest").ok is False


def test_a_truncated_list(tmp_path: Path) -> None:
    """One entry is cut out of a list: its signature no longer fits."""
    written(tmp_path)
    document = json.loads(numbered(7, of_verdict(tmp_path), of_policy()))
    payload = json.loads(base64.b64decode(document["payload"]))
    payload["predicate"]["revocations"].pop(0)
    document["payload"] = base64.b64encode(json.dumps(payload).encode()).decode()
    report = verified(tmp_path, json.dumps(document).encode())
    assert "not believed" in row(report, "revocations").detail


def test_a_forked_list(tmp_path: Path) -> None:
    """The issuer, or whoever has its key, shows some people another list under the same number."""
    written(tmp_path)
    assert "is another one" in row(verified(tmp_path, numbered(7, of_policy()), numbered(7)), "revocations").detail


def test_a_list_dated_into_the_future_does_not_stay_young(tmp_path: Path) -> None:
    written(tmp_path)
    young = trust(max_age_days=7)
    ahead = numbered(1, now=NOW + timedelta(days=3650))
    assert not verified(tmp_path, ahead, by=young).ok
    assert verified(tmp_path, numbered(1), by=young).ok


def test_a_key_that_revokes_itself_does_not_make_old_knowledge_young(tmp_path: Path) -> None:
    """A mirror serves the list of last month, and beside it a fresh revocation of a lesser key that its owner has."""
    written(tmp_path)
    lesser, young = ed_key("lesser"), trust(max_age_days=7)
    young = replace(young, keys={**young.keys, "lesser": lesser.public})
    old, itself = numbered(1, now=NOW - timedelta(days=30)), revocation(of_key(lesser), by=[lesser])
    assert not verified(tmp_path, old, by=young).ok
    assert not verified(tmp_path, old, itself, by=young).ok
    assert verified(tmp_path, old, itself, numbered(2), by=young).ok


def test_no_list_where_the_trust_policy_asks_for_a_fresh_one(tmp_path: Path) -> None:
    written(tmp_path)
    report = verified(tmp_path, by=trust(max_age_days=7))
    assert [item.check for item in report.failures] == ["revocations"]
    assert "there is none" in report.failures[0].detail
    assert verified(tmp_path).ok


def test_an_older_issue_does_not_lose_what_it_said() -> None:
    """A newer list that forgot an entry, as a careless or bribed issuer would make it."""
    found = known(numbered(1, of_policy()), numbered(2))
    assert found.find("policy", HEX) is not None


def test_an_empty_list_is_not_no_list(tmp_path: Path) -> None:
    """What is known counts even when nothing of it is revoked: a list without entries is no licence to skip checks."""
    written(tmp_path)
    assert row(verified(tmp_path, numbered(1)), "revocations: verdict").ok
    both = verified(tmp_path, numbered(1), revocation(of_verdict(tmp_path), by=[STRANGER]))
    assert [item.check for item in both.failures] == ["revocations"]


# Hiding verdicts from whoever asks which of them relied on something


@pytest.mark.parametrize("name", ["assessment.unsigned.json", "verdict.dsse.json", "verdict.sigstore.json"])
def test_a_file_that_makes_the_archive_look_like_one_package(tmp_path: Path, name: str) -> None:
    """Whoever may add a file to the archive of verdicts hides all of those below it."""
    written(tmp_path / "archive" / "2026")
    unsigned = tmp_path / "u"
    write_package(unsigned, contents(pipeline(tmp_path / "p")), attestor=None, version="0")
    for item in unsigned.iterdir():
        if item.is_file():
            target = name if item.name == "assessment.unsigned.json" else item.name
            (tmp_path / "archive" / target).write_bytes(item.read_bytes())
    found = list(packages_in(tmp_path / "archive"))
    assert tmp_path / "archive" / "2026" / "verdict" in found


def test_folders_in_folders_without_end(tmp_path: Path) -> None:
    """So deep that no path reaches the last of them: the answer for the others is given, and that for it is open."""
    written(tmp_path)
    handle = os.open(tmp_path, os.O_RDONLY)
    for _ in range(2500):
        os.mkdir("dd", dir_fd=handle)
        below = os.open("dd", os.O_RDONLY, dir_fd=handle)
        os.close(handle)
        handle = below
    os.close(handle)
    result = CliRunner().invoke(app, ["impact", str(tmp_path), "--policy", HEX, "--format", "json"])
    subprocess.run(["rm", "-rf", str(tmp_path / "dd")], check=True)  # Python recurses
    assert result.exit_code == 3
    states = {item["package"]: item["state"] for item in json.loads(result.stdout)["verdicts"]}
    assert states.pop("verdict") == UNTOUCHED
    assert set(states.values()) == {UNDECIDED}


# Bringing back what was taken back


def test_revoking_the_revoker_brings_nothing_back(tmp_path: Path) -> None:
    written(tmp_path)
    revoked = revocation(of_verdict(tmp_path))
    for signer in (SECURITY, KEY):
        assert not verified(tmp_path, revoked, revocation(of_key(SECURITY), by=[signer])).ok


def test_the_same_verdict_in_another_envelope(tmp_path: Path) -> None:
    """Whoever has a verdict can add a signature or, with ECDSA, make another one: its statement is what is revoked."""
    written(tmp_path)
    revoked = revocation(of_verdict(tmp_path))
    twin = ed_key("twin")
    made = trust()
    both = replace(made, keys={**made.keys, "twin": twin.public})
    roles = {**made.roles, "verdict": replace(made.roles["verdict"], signers=("key:release", "key:twin"))}
    path = tmp_path / "verdict" / "verdict.dsse.json"
    payload = dsse.parse(path.read_bytes(), source="it").payload
    path.write_bytes(dsse.sign(payload, [twin, KEY]).to_bytes())
    trusted = replace(both, roles=roles)
    assert verified(tmp_path, revocation(of_policy()), by=trusted).ok
    assert row(verified(tmp_path, revoked, by=trusted), "revocations: verdict").ok is False


def test_a_verdict_that_rests_on_an_attestation_that_was_taken_back_since(tmp_path: Path) -> None:
    """The builder's provenance was wrong, and is revoked; the package names its file among what was verified."""
    written(tmp_path)
    assert row(verified(tmp_path, numbered(1)), "revocations: attestations").ok
    provenance = Target("attestation", "b" * 64)
    late = revocation(entry(provenance, "evidence-wrong", envelope="e" * 64))
    assert "m.dsse.json: revoked" in row(verified(tmp_path, late), "revocations: attestations").detail
    other = revocation(entry(provenance, "evidence-wrong", envelope="f" * 64))
    assert verified(tmp_path, other).ok
    data = (tmp_path / "verdict" / "assessment.dsse.json").read_bytes()
    payload = dsse.parse(data, source="assessment").payload
    assessed = revocation(entry(Target("attestation", hashlib.sha256(payload).hexdigest())))
    assert row(verified(tmp_path, assessed), "revocations: attestations").ok is False


def test_a_revoked_verdict_as_that_of_an_earlier_stage(tmp_path: Path) -> None:
    """The gate before this one passed, and its verdict was taken back since."""
    written(tmp_path)
    data = (tmp_path / "verdict" / "verdict.dsse.json").read_bytes()
    assert TrustVerifier(trust(), NOW).verify(data, source="it").verified
    found = TrustVerifier(knowing(revocation(of_verdict(tmp_path))), NOW).verify(data, source="it")
    assert (found.verified, "does not count any more" in found.reason) == (False, True)


# Whatever is revoked, nothing becomes acceptable


@cache
def pool(folder: Path) -> tuple[bytes, ...]:
    """Documents of every kind, believed or not, that concern the verdict in a folder or something else."""
    (evidence,) = graph(folder / "pipeline").observations
    mine = [
        of_verdict(folder), of_key(KEY), of_key(KEY, since=BEFORE), of_key(SECURITY), of_key(STRANGER), of_policy(),
        entry(sha256_target("evidence", evidence)), entry(sha256_target("evidence", f"obs:{HEX}")),
        entry(identity_target(ISSUER, WORKFLOW)),
    ]  # fmt: skip
    signers: Sequence[Any] = ([SECURITY], [KEY], [STRANGER], [SECURITY, KEY])
    alone = [revocation(item, by=by) for item in mine for by in signers]
    lists = [numbered(number, *mine[:many]) for number in (1, 2) for many in (0, 1)]
    return (*alone, *lists, b"{}", b"[1]")


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_another_revocation_never_turns_a_refusal_into_an_acceptance(tmp_path: Path, data: st.DataObject) -> None:
    if not (tmp_path / "verdict").exists():
        written(tmp_path)
    documents = data.draw(st.lists(st.sampled_from(pool(tmp_path)), max_size=3), "documents")
    more = data.draw(st.sampled_from(pool(tmp_path)), "one more")
    before, after = verified(tmp_path, *documents).ok, verified(tmp_path, *documents, more).ok
    assert before or not after
    one, two = known(*documents), known(*documents, more)
    for kind in ("verdict", "key", "policy", "evidence", "identity"):
        assert set(one.of_kind(kind)) <= set(two.of_kind(kind))


POLICIES = PolicySet.built_in()
ENGINE = Regorus(limits=None)
GOOD = simulator.good_graph()
BAD = [found for _, found, *_ in simulator.bad_graphs()]
CHECKLIST = checklist_from_document(
    {
        "schema": "https://probatum.dev/checklist/v1", "id": "all", "version": "1.0.0", "title": "All",
        "controls": [{"id": control} for control in sorted(POLICIES.controls)],
    },
    POLICIES,
    source="test",
)  # fmt: skip


def outcomes(of: Any, revoked: Sequence[str]) -> dict[tuple[str, str], str]:
    made = evaluate(
        of, policies=POLICIES, checklist=CHECKLIST, now=simulator.NOW, engine=ENGINE,
        parameters=simulator.parameters(), revocations={"sha256": HEX, "evidence": sorted(revoked)},
    )  # fmt: skip
    found = {
        (control["id"], item["subject"]): item["outcome"]
        for control in made.document["controls"]
        for item in control["subjects"]
    }
    return {**found, ("", ""): made.result}


@settings(max_examples=12)
@given(data=st.data())
def test_revoking_evidence_never_makes_a_pass(data: st.DataObject) -> None:
    """Over every control: what is taken back proves nothing, and its bad news stays (DESIGN promise 3)."""
    of = data.draw(st.sampled_from([GOOD, *BAD[::7]]))
    ids = sorted(of.observations)
    first = data.draw(st.sets(st.sampled_from(ids), max_size=4), "revoked")
    more = first | data.draw(st.sets(st.sampled_from(ids), min_size=1, max_size=8), "more")
    before, after = outcomes(of, sorted(first)), outcomes(of, sorted(more))
    assert before.keys() == after.keys()
    for key, outcome in after.items():
        if outcome == "pass":
            assert before[key] == "pass", key
        if before[key] == "fail":
            assert outcome == "fail", key


def test_revoking_everything_leaves_no_pass() -> None:
    assert "pass" not in outcomes(GOOD, sorted(GOOD.observations)).values()
    assert outcomes(GOOD, [])["", ""] == "pass"


def test_a_trust_policy_is_the_same_whatever_is_revoked() -> None:
    """Its digest is pinned by verdicts; what is revoked has a digest of its own, and neither hides the other."""
    made: TrustPolicy = trust()
    assert knowing(revocation(of_policy())).digest == made.digest
    assert known(revocation(of_policy())).digest != known().digest == NO_REVOCATIONS.digest
    assert known(revocation(of_policy()), b"{}").digest == known(revocation(of_policy())).digest
    assert Given("a", b"") != Given("b", b"")
