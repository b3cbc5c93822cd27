"""Attacks on documents of other tools: log entries of other signatures, certificates that do not fit, relabelling."""

from __future__ import annotations

import base64
import copy
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID
from foreign_case import (
    changed,
    cosign_attestation,
    cosign_file,
    cosign_keyed,
    intoto_bundle,
    keyed_bundle,
    private_bundle,
    promised_only,
    pypi_attestation,
    verifier,
    without_logs,
)
from signing_case import ec_key, envelope, sha256, statement, write
from sigstore_case import SIGNED_AT, Services
from sigstore_log import b64, spki

from probatum.verification import Verification

PAYLOAD = json.dumps(statement("a" * 64)).encode()
OTHER = json.dumps(statement("b" * 64)).encode()
KEY, STRANGER = ec_key(), ec_key()
Make = Callable[[Services, bytes], bytes]


@pytest.fixture(scope="module")
def services() -> Services:
    return Services()


def entry_of(document: bytes) -> Any:
    value = json.loads(document)
    return value.get("rekorBundle") or value["verificationMaterial"]["tlogEntries"][0]


def with_entry(document: bytes, entry: Any) -> bytes:
    def change(value: dict[str, Any]) -> None:
        if "rekorBundle" in value:
            value["rekorBundle"] = entry
        else:
            (before,) = value["verificationMaterial"]["tlogEntries"]
            kept = entry if "inclusionProof" in before else {k: v for k, v in entry.items() if k != "inclusionProof"}
            value["verificationMaterial"]["tlogEntries"] = [kept]

    return changed(document, change)


LOGGED: dict[str, Make] = {
    "intoto 0.0.2": intoto_bundle,
    "dsse, promised": lambda services, payload: promised_only(services.sign_statement(payload)),
    "dsse, of a key": lambda services, payload: keyed_bundle(services, payload, KEY),
    "cosign, intoto 0.0.1": cosign_attestation,
    "cosign, intoto 0.0.2": lambda services, payload: cosign_attestation(services, payload, version="0.0.2"),
    "cosign, of a key": lambda services, payload: cosign_keyed(services, payload, KEY),
}


@pytest.mark.parametrize("make", LOGGED.values(), ids=LOGGED)
def test_a_log_entry_of_another_signature(services: Services, make: Make) -> None:
    """CVE-2022-36056 (GHSA-8gw7-4j42-w388): a real entry of another signature lends it its time, or its logging."""
    good = make(services, PAYLOAD)
    assert verifier(services, KEY).verify(good, source="b").verified
    for other in (make(services, OTHER), make(services, PAYLOAD)):
        found = verifier(services, KEY).verify(with_entry(good, entry_of(other)), source="b")
        assert not found.verified
        assert "is of another signature" in found.reason


@pytest.mark.parametrize("make", [lambda s, d: promised_only(s.sign_file(d)), cosign_file], ids=["bundle", "cosign"])
def test_a_log_entry_of_another_file(services: Services, make: Make, tmp_path: Path) -> None:
    """The same for a signature over a file."""
    file = write(tmp_path / "m.bin", b"weights")
    good = make(services, b"weights")
    assert verifier(services).verify_artifact(good, source="s", artifact=file).verified
    for other in (make(services, b"other"), make(services, b"weights")):
        found = verifier(services).verify_artifact(with_entry(good, entry_of(other)), source="s", artifact=file)
        assert not found.verified
        assert "is of another signature" in found.reason


def relogged(services: Services, document: bytes, change: Callable[[dict[str, Any]], None]) -> bytes:
    """A document with a real entry of a body that somebody else chose."""
    body = json.loads(base64.b64decode(entry_of(document)["canonicalizedBody"]))
    change(body)
    return with_entry(document, services.log.append(body, SIGNED_AT))


def someone() -> str:
    return b64(STRANGER.public.pem.encode())


BODIES: dict[str, tuple[Make, Callable[[dict[str, Any]], None]]] = {
    "intoto: payload": (intoto_bundle, lambda b: b["spec"]["content"]["payloadHash"].update(value="0" * 64)),
    "intoto: algorithm": (intoto_bundle, lambda b: b["spec"]["content"]["payloadHash"].update(algorithm="md5")),
    "intoto: signer": (
        intoto_bundle,
        lambda b: b["spec"]["content"]["envelope"]["signatures"][0].update(publicKey=someone()),
    ),
    "intoto: two signatures": (
        intoto_bundle,
        lambda b: b["spec"]["content"]["envelope"].update(
            signatures=b["spec"]["content"]["envelope"]["signatures"] * 2
        ),
    ),
    "dsse: payload": (LOGGED["dsse, promised"], lambda b: b["spec"]["payloadHash"].update(value="0" * 64)),
    "dsse: signer": (LOGGED["dsse, promised"], lambda b: b["spec"]["signatures"][0].update(verifier=someone())),
    "dsse: malformed": (LOGGED["dsse, promised"], lambda b: b.update(spec=5)),
    "another kind": (intoto_bundle, lambda b: b.update(kind="rekord")),
    "another version": (intoto_bundle, lambda b: b.update(apiVersion="0.0.3")),
    "intoto 0.0.1 in a bundle": (intoto_bundle, lambda b: b.update(apiVersion="0.0.1")),
    "signer that is no PEM": (
        LOGGED["dsse, promised"],
        lambda b: b["spec"]["signatures"][0].update(verifier=b64(b"x")),
    ),
    "signature that is no base64": (
        LOGGED["dsse, promised"],
        lambda b: b["spec"]["signatures"][0].update(signature="!"),
    ),
}


@pytest.mark.parametrize(("make", "change"), BODIES.values(), ids=BODIES)
def test_a_log_entry_that_says_something_else(
    services: Services, make: Make, change: Callable[[dict[str, Any]], None]
) -> None:
    """Each part of an entry must be of this signature: anybody can have a log hold an entry of his own making."""
    good = make(services, PAYLOAD)
    assert verifier(services).verify(relogged(services, good, lambda body: None), source="b").verified
    found = verifier(services).verify(relogged(services, good, change), source="b")
    assert not found.verified
    assert "its log entry is of another signature" in found.reason


def test_the_first_kind_of_entry_of_another_signer(services: Services) -> None:
    """It names the envelope by its digest alone, hence the signer must be compared, too."""
    good = cosign_keyed(services, PAYLOAD, KEY)
    stolen = json.loads(cosign_keyed(services, PAYLOAD, STRANGER))

    def change(value: dict[str, Any]) -> None:
        value["rekorBundle"] = stolen["rekorBundle"]

    assert "another" in verifier(services, KEY).verify(changed(good, change), source="b").reason
    body = json.loads(base64.b64decode(json.loads(good)["rekorBundle"]["Payload"]["body"]))
    body["spec"]["publicKey"] = someone()
    from foreign_case import rekor_bundle

    entry = rekor_bundle(services.log.append(body, SIGNED_AT))
    found = verifier(services, KEY).verify(changed(good, lambda value: value.update(rekorBundle=entry)), source="b")
    assert "it is of another signer" in found.reason


@pytest.mark.parametrize("make", [LOGGED[name] for name in list(LOGGED)[:2]], ids=list(LOGGED)[:2])
def test_an_expired_certificate(services: Services, make: Make) -> None:
    """A stolen key of a certificate that has expired: the entry is real, and too late."""
    good = make(services, PAYLOAD)
    body = json.loads(base64.b64decode(entry_of(good)["canonicalizedBody"]))
    for late in (timedelta(minutes=10), timedelta(minutes=-2)):
        entry = services.log.append(body, SIGNED_AT + late)
        found = verifier(services).verify(with_entry(good, entry), source="b")
        assert not found.verified
        assert "not valid at validation time" in found.reason


def test_a_log_that_nobody_trusts(services: Services) -> None:
    """A forged promise: the attacker's own log, under the name of the trusted one."""
    other = Services(ca=services.ca, ct=services.ct)
    for make in (intoto_bundle, cosign_attestation):
        good = make(other, PAYLOAD)
        assert "in none of the trusted logs" in verifier(services).verify(good, source="b").reason

        def relabel(value: dict[str, Any]) -> None:
            entry = value.get("rekorBundle", {}).get("Payload")
            if entry is not None:
                entry["logID"] = services.log.id.hex()
            else:
                value["verificationMaterial"]["tlogEntries"][0]["logId"]["keyId"] = b64(services.log.id)

        assert "in none of the trusted logs" in verifier(services).verify(changed(good, relabel), source="b").reason


@pytest.mark.parametrize("field", ["integratedTime", "logIndex"])
def test_another_time_than_was_promised(services: Services, field: str) -> None:
    good = intoto_bundle(services, PAYLOAD)

    def change(value: dict[str, Any]) -> None:
        entry = value["verificationMaterial"]["tlogEntries"][0]
        entry[field] = str(int(entry[field]) + 1)

    assert "in none of the trusted logs" in verifier(services).verify(changed(good, change), source="b").reason


def test_an_entry_of_a_trusted_log_must_hold_also_for_a_key(services: Services) -> None:
    """The key alone would do; an entry that is altered may still not be passed on as evidence of the time."""
    good = keyed_bundle(services, PAYLOAD, KEY)

    def change(value: dict[str, Any]) -> None:
        entry = value["verificationMaterial"]["tlogEntries"][0]
        entry["integratedTime"] = str(int(entry["integratedTime"]) - 86400)

    assert "in none of the trusted logs" in verifier(services, KEY).verify(changed(good, change), source="b").reason


def test_no_log_entry_where_the_root_names_logs(services: Services) -> None:
    """Downgrade: the entry is taken out, and only a timestamp is left."""
    made = Services()
    bundle = private_bundle(made, PAYLOAD)
    assert verifier(made, root=without_logs(made)).verify(bundle, source="b").verified
    assert "so one is demanded" in verifier(made).verify(bundle, source="b").reason


def test_a_timestamp_over_something_else() -> None:
    made = Services()
    bundle = private_bundle(made, PAYLOAD)
    other = json.loads(private_bundle(made, OTHER))["verificationMaterial"]["timestampVerificationData"]
    swapped = changed(bundle, lambda value: value["verificationMaterial"].update(timestampVerificationData=other))
    assert not verifier(made, root=without_logs(made)).verify(swapped, source="b").verified


class OtherPurpose(Services):
    """Issues certificates for other things than signing code."""

    usage: Any = None

    def leaf(self, public: ec.EllipticCurvePublicKey, **who: Any) -> x509.Certificate:
        """The usual certificate, with another purpose."""
        made = super().leaf(public, **who)
        builder = x509.CertificateBuilder(made.issuer, made.subject, public, made.serial_number)
        builder = builder.not_valid_before(made.not_valid_before_utc).not_valid_after(made.not_valid_after_utc)
        for extension in made.extensions:
            if extension.oid.dotted_string != "1.3.6.1.4.1.11129.2.4.2":
                value = self.usage if isinstance(extension.value, type(self.usage)) else extension.value
                builder = builder.add_extension(value, extension.critical)
        return builder.sign(self.ca, hashes.SHA256())


@pytest.mark.parametrize(
    ("usage", "reason"),
    [
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), "not for code signing"),
        (x509.KeyUsage(False, False, True, False, False, False, False, False, False), "not for signatures"),
    ],
)
def test_a_certificate_for_another_purpose(usage: Any, reason: str) -> None:
    """The same authority may issue certificates for servers: those sign nothing."""
    made = OtherPurpose()
    made.usage = usage
    root = changed(made.trusted_root(), lambda value: value.update(ctlogs=[]))
    found = verifier(made, root=root).verify(intoto_bundle(made, PAYLOAD), source="b")
    assert not found.verified
    assert reason in found.reason


def test_a_certificate_of_another_authority(services: Services) -> None:
    other = Services(logs=services.logs, ct=services.ct)
    for make in (intoto_bundle, cosign_attestation):
        assert "validation failed" in verifier(services).verify(make(other, PAYLOAD), source="b").reason


def test_a_signature_of_another_key_than_the_certificates(services: Services) -> None:
    """The attacker takes a real certificate and its entry, and signs with a key of his own."""
    good = json.loads(promised_only(services.sign_statement(PAYLOAD)))
    forged = json.loads(envelope(PAYLOAD, STRANGER))["signatures"][0]["sig"]
    body = json.loads(base64.b64decode(good["verificationMaterial"]["tlogEntries"][0]["canonicalizedBody"]))
    body["spec"]["signatures"][0]["signature"] = forged
    good["dsseEnvelope"]["signatures"][0]["sig"] = forged
    entry = services.log.append(body, SIGNED_AT)
    found = verifier(services).verify(with_entry(json.dumps(good).encode(), entry), source="b")
    assert "the signature does not fit" in found.reason


def test_the_key_that_a_cosign_bundle_brings_along(services: Services) -> None:
    """`cert` is whatever the signer wrote: a stranger's key in it is no reason to trust the stranger."""
    found = verifier(services, KEY).verify(cosign_keyed(services, PAYLOAD, STRANGER), source="c")
    assert not found.verified
    assert "signed by no key" in found.reason


def test_what_stands_beside_the_envelope_is_not_read(services: Services) -> None:
    """Google Cloud Build and PyPI put a decoded copy, or the publisher, beside what is signed: anybody can alter it."""
    signed = json.loads(envelope(PAYLOAD, KEY))
    copy = {"intotoStatement": json.loads(OTHER)}
    document = {"provenance_summary": {"provenance": [{"build": copy, "envelope": signed}]}}
    found = verifier(services, KEY).verify(json.dumps(document).encode(), source="g")
    assert found.statement == json.loads(PAYLOAD)
    attestation = json.loads(pypi_attestation(services, PAYLOAD))
    bundle = {"publisher": {"kind": "GitHub", "repository": "evil/evil"}, "attestations": [attestation]}
    found = verifier(services).verify(json.dumps({"attestation_bundles": [bundle]}).encode(), source="p")
    assert found.identity["subject"].startswith("https://ci.example/org/repo/")


def test_a_pypi_attestation_over_another_statement(services: Services) -> None:
    def change(value: dict[str, Any]) -> None:
        value["envelope"]["statement"] = b64(OTHER)

    assert not verifier(services).verify(changed(pypi_attestation(services, PAYLOAD), change), source="p").verified


def test_duplicate_keys_in_a_container(services: Services) -> None:
    """Which of the two lists a reader takes is the reader's whim."""
    bundle = keyed_bundle(services, PAYLOAD, KEY).decode()
    twice = f'{{"attestations": [], "attestations": [{{"bundle": {bundle}}}]}}'.encode()
    assert "duplicate key" in verifier(services, KEY).verify(twice, source="f").reason
    folded = f'{{"Attestations": [], "attestations": [{{"bundle": {bundle}}}]}}'.encode()
    assert "duplicate key" in verifier(services, KEY).verify(folded, source="f").reason


def test_the_log_of_the_test_is_the_one_that_is_trusted(services: Services) -> None:
    """So that the refusals above are not for want of a log."""
    assert sha256(spki(services.log.key)) == services.log.id.hex()


def test_another_identity_of_the_same_authority(services: Services) -> None:
    """Anybody gets a certificate: only the identity that the trust policy names counts, by its issuer and its name."""

    class Theirs(Services):
        def leaf(self, public: ec.EllipticCurvePublicKey, **who: Any) -> x509.Certificate:
            """The stranger's certificate."""
            return super().leaf(public, **{**who, **stranger})

    stranger: dict[str, Any] = {}
    made = Theirs(ca=services.ca, ct=services.ct, logs=services.logs)
    for make in (intoto_bundle, cosign_attestation):
        stranger.clear()
        assert verifier(services).verify(make(made, PAYLOAD), source="b").verified
        for who in ({"identity": "https://ci.example/evil/x.yml@refs/heads/main"}, {"issuer": "https://evil.example"}):
            stranger.clear()
            stranger.update(who)
            found = verifier(services).verify(make(made, PAYLOAD), source="b")
            assert not found.verified
            assert "ci: the i" in found.reason


def test_a_file_entry_of_another_digest(services: Services, tmp_path: Path) -> None:
    """The signature and the signer are right, the digest is not: what was logged is not what was signed."""
    file = write(tmp_path / "m.bin", b"weights")
    good = promised_only(services.sign_file(b"weights"))
    forged = relogged(services, good, lambda body: body["spec"]["data"]["hash"].update(value="0" * 64))
    found = verifier(services).verify_artifact(forged, source="s", artifact=file)
    assert "it is of other content" in found.reason


def test_a_proof_for_another_tree_than_the_log_signed(services: Services) -> None:
    """The root hash agrees and the size does not: such a proof shows where the entry is in no tree that there was."""
    made = Services(ca=services.ca, ct=services.ct)
    good = intoto_bundle(made, PAYLOAD)
    assert verifier(made).verify(good, source="b").verified

    def change(value: dict[str, Any]) -> None:
        proof = value["verificationMaterial"]["tlogEntries"][0]["inclusionProof"]
        proof["checkpoint"]["envelope"] = made.log.checkpoint(7, base64.b64decode(proof["rootHash"]))

    assert "another tree" in verifier(made).verify(changed(good, change), source="b").reason


FILE = b"weights"
ALL: dict[str, Make] = {
    **LOGGED,
    "library": lambda services, payload: services.sign_statement(payload),
    "pypi": pypi_attestation,
    "envelope": lambda services, payload: envelope(payload, KEY),
    "container": lambda services, payload: json.dumps(
        {"attestations": [{"bundle": json.loads(keyed_bundle(services, payload, KEY))}]}
    ).encode(),
    "file": lambda services, payload: services.sign_file(FILE),
    "cosign, file": lambda services, payload: cosign_file(services, FILE),
}
ODD: tuple[Any, ...] = (None, -1, 10**30, "", "x", [], {}, [5], {"a": 5})


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    keys = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield (*path, key)
        yield from places(value[key], (*path, key))


@pytest.mark.parametrize("make", ALL.values(), ids=ALL)
def test_any_field_replaced_by_anything(services: Services, make: Make, tmp_path: Path) -> None:
    """Never a traceback, and never another statement, signer or time than the good document's."""
    file, given = write(tmp_path / "m.bin", FILE), verifier(services, KEY)

    def checked(data: bytes) -> Verification:
        found = given.verify(data, source="x")
        return given.verify_artifact(data, source="x", artifact=file) if found.kind == "signature" else found

    document = json.loads(make(services, PAYLOAD))
    good = checked(json.dumps(document).encode())
    assert good.verified
    for path in places(document):
        for odd in ODD:
            changed_one = copy.deepcopy(document)
            inner = changed_one
            for key in path[:-1]:
                inner = inner[key]
            inner[path[-1]] = odd
            found = checked(json.dumps(changed_one).encode())
            if found.verified:
                assert (found.statement, found.signers) == (good.statement, good.signers), path
                assert found.signed_at in (good.signed_at, None), path
            else:
                assert found.reason, path
                assert found.statement is None


def test_an_entry_that_claims_to_be_of_another_kind(services: Services) -> None:
    """What an entry claims decides who verifies it: it must be what the log holds."""
    for made in (intoto_bundle(services, PAYLOAD), services.sign_statement(PAYLOAD)):
        for claimed in ({"kind": "other", "version": "0.0.1"}, {"kind": "intoto", "version": "9"}, {}, None):

            def change(value: dict[str, Any], claimed: Any = claimed) -> None:
                value["verificationMaterial"]["tlogEntries"][0]["kindVersion"] = claimed

            assert not verifier(services).verify(changed(made, change), source="b").verified
