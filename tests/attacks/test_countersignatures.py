"""Attacks on verdicts that several people sign, each in a file of their own.

Reaching a threshold alone, and what is put in, taken away, copied or altered between the files.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from certificate_case import der
from certified_case import CA, certified, key_of, trusting
from countersigning_case import (
    ANN,
    BEN,
    SERVICES,
    changed_signatures,
    countersigned,
    identity,
    payload,
    people,
    renamed,
    revoking,
    signed,
    verdict_of,
    why,
)
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.x509 import load_der_x509_certificate
from package_case import KEY
from signing_case import NOW, ec_key, ed_key, write
from sigstore_case import ISSUER
from sigstore_package import authority
from timestamp_case import Authority as Clock

from probatum import strict_json
from probatum.attestations.attestor import KeyAttestor
from probatum.attestations.certificates.certified_form import certified_bytes, one_certificate
from probatum.attestations.certificates.chain import Chain
from probatum.attestations.documents import dsse
from probatum.attestations.keyless.form import only_form
from probatum.attestations.revocation.signed_payload import payload_of
from probatum.attestations.trust.signing_time import Window
from probatum.attestations.trust.trusted import CertificateSigner, Identity

TWO = ec_key()
KEYS = people(keys={"one": KEY, "two": TWO})
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Of the group of P-256 (SEC 2, section 2.4.2)."""


def matching(pattern: str) -> Identity:
    return Identity(ISSUER, pattern=pattern, roots=("own",))


def test_one_identity_signs_twice(tmp_path: Path) -> None:
    """Threshold: each signature of an identity has a new key and a new certificate; the identity is one."""
    folder = signed(tmp_path, identity(ANN))
    countersigned(folder, identity(ANN))
    countersigned(folder, identity(ANN))
    assert "1 of the 2 signers needed signed" in why(folder, people(ANN, BEN))


def test_one_identity_under_two_names(tmp_path: Path) -> None:
    """Threshold: an identity that two patterns match, and that is named as well."""
    every = {
        "org": matching("https://ci.example/org/*/.ci/sign.yml@refs/heads/main"),
        "ann": matching("https://ci.example/org/ann/.ci/*@refs/heads/main"),
    }
    folder = signed(tmp_path, identity(ANN))
    countersigned(folder, identity(ANN))
    found = why(folder, people(ANN, identities=every))
    assert "1 of the 2 signers needed signed" in found
    assert "identity:org" in found


def test_two_identities_of_one_pattern(tmp_path: Path) -> None:
    """Threshold: whoever can start workflows that one name matches is one signer of the policy, not two."""
    org = {"org": matching("https://ci.example/org/*/.ci/sign.yml@refs/heads/main")}
    folder = signed(tmp_path, identity(ANN))
    countersigned(folder, identity(BEN))
    assert "1 of the 2 signers needed signed" in why(folder, people(identities=org, threshold=2))
    assert why(folder, people(ANN, identities=org)) == "", "a name for each of the two"


def test_a_key_and_the_certificate_over_it(tmp_path: Path) -> None:
    """Threshold: one private key signs twice, once as a key and once with its certificate, in either order."""
    holder = CA.issue()
    bare, with_certificate = KeyAttestor([key_of(holder)]), certified(tmp_path, holder)
    trust = trusting(people(keys={"bare": key_of(holder), "one": KEY}), threshold=2)
    for at, (first, second) in enumerate(((bare, with_certificate), (with_certificate, bare))):
        folder = signed(tmp_path / str(at), first)
        countersigned(folder, second)
        found = why(folder, trust)
        assert "1 of the 2 signers needed signed (certificate:server, key:bare with one key or identity)" in found
        countersigned(folder, KeyAttestor([KEY]))
        assert why(folder, trust) == ""


def test_two_certificates_of_one_holder(tmp_path: Path) -> None:
    """Threshold: whoever gets a second certificate, with a key of its own and under two names, is one signer."""
    folder = signed(tmp_path, certified(tmp_path))
    countersigned(folder, certified(tmp_path))
    trust = trusting(threshold=2)
    named = CertificateSigner(trust.certificates["server"].roots, "common_name", "builder")
    role = replace(trust.roles["verdict"], signers=("certificate:server", "certificate:named"))
    trust = replace(trust, certificates={**trust.certificates, "named": named}, roles={"verdict": role})
    assert "1 of the 2 signers needed signed" in why(folder, trust)


def test_a_copy_of_the_first_signature(tmp_path: Path) -> None:
    """Threshold: the verdict's own file once more, as a countersignature."""
    folder = signed(tmp_path)
    countersigned(folder, KeyAttestor([KEY]))
    assert "1 of the 2 signers needed signed" in why(folder, KEYS)


def test_a_countersignature_of_another_verdict(tmp_path: Path) -> None:
    """Replay: both signers are allowed; one of them signed something else."""
    folder, other = signed(tmp_path), signed(tmp_path / "other", KeyAttestor([TWO]))
    (other / "evidence.json").unlink()
    found = payload(other).replace(b'"result"', b'"resu1t"') + b" "
    countersigned(folder, KeyAttestor([TWO]), over=found)
    assert "it is over something else than this verdict" in why(folder, KEYS)


@pytest.mark.parametrize("name", ["assessment.dsse.json", "verdict.dsse.json"])
def test_a_signature_over_another_document_of_the_package(tmp_path: Path, name: str) -> None:
    """Predicate swap: what the second signer signed is the assessment, not the verdict; nor is it a new verdict."""
    folder = signed(tmp_path)
    over = payload_of((folder / name).read_bytes(), source=name)
    changed = over if name.startswith("assessment") else over.replace(b"PASSED", b"FAILED")
    countersigned(folder, KeyAttestor([TWO]), over=changed)
    assert "it is over something else than this verdict" in why(folder, KEYS)


@pytest.mark.parametrize("kind", ["application/json", "application/vnd.in-toto+jsonx"])
def test_the_same_bytes_signed_for_another_purpose(tmp_path: Path, kind: str) -> None:
    """Payload-type swap: the type is part of what is signed."""
    folder = signed(tmp_path)
    made = dsse.sign(payload(folder), [TWO], payload_type=kind)
    path = countersigned(folder, KeyAttestor([TWO]))
    renamed(path, made.to_bytes())
    assert "it was signed for another purpose" in why(folder, KEYS)
    path = countersigned(signed(tmp_path / "again"), KeyAttestor([TWO]))
    renamed(path, replace(made, payload_type=dsse.IN_TOTO).to_bytes())
    assert "does not fit the content" in why(tmp_path / "again" / "verdict", KEYS)
    keyless = countersigned(signed(tmp_path / "third"), identity(ANN))
    bundle = SERVICES.sign_statement(payload(tmp_path / "third" / "verdict"), payload_type=kind, identity=ANN)
    renamed(keyless, only_form(bundle, source="x"))
    assert "it was signed for another purpose" in why(tmp_path / "third" / "verdict", people(ANN, keys={"one": KEY}))


def test_a_stranger_countersigns(tmp_path: Path) -> None:
    """Nobody could tell what it is: a key or an identity that the policy does not name refuses the package."""
    one = people(ANN, keys={"one": KEY}, threshold=1)
    for at, stranger in enumerate((KeyAttestor([TWO]), identity(BEN))):
        folder = signed(tmp_path / str(at))
        assert why(folder, one) == ""
        path = countersigned(folder, stranger)
        assert f"countersignatures/{path.name}: signature" in why(folder, one)


def test_a_signer_of_another_role_countersigns(tmp_path: Path) -> None:
    """Known to the policy is not allowed to give verdicts."""
    folder = signed(tmp_path)
    countersigned(folder, KeyAttestor([TWO]))
    role = replace(KEYS.roles["verdict"], signers=("key:one",))
    lab = replace(role, name="provenance", signers=("key:two",), predicate_types=("https://slsa.dev/provenance/v1",))
    assert "1 of the 2" in why(folder, replace(KEYS, roles={"verdict": role, "provenance": lab}))


@pytest.mark.parametrize(
    "name",
    [
        "{0}.DSSE.JSON",
        "{1}.dsse.json",
        "{0}.dsse.json.bak",
        "{0}.json",
        "{0}.cosign.json",
        "{2}.dsse.json",
        "{0}0.dsse.json",
        "below/{0}.dsse.json",
        "../Countersignatures/{0}.dsse.json",
        "../countersignature/{0}.dsse.json",
        "../{0}.dsse.json",
    ],
)
def test_names_that_another_reader_could_take_for_a_countersignature(tmp_path: Path, name: str) -> None:
    """A countersignature has one name, which its bytes give; any other file beside it is none of the verdict's."""
    folder = signed(tmp_path)
    path = countersigned(folder, KeyAttestor([TWO]))
    stem = path.name.partition(".")[0]
    target = path.parent / name.format(stem, stem.upper() if stem.upper() != stem else "A" * 16, "0" * 16)
    write(target, path.read_bytes())
    assert why(folder, KEYS) != ""
    target.unlink()
    assert why(folder, KEYS) == ""


def test_links_and_leftovers_beside_a_countersignature(tmp_path: Path) -> None:
    """A link could lead anywhere; a timestamp or proof of nothing is a file that nobody named."""
    folder = signed(tmp_path)
    path = countersigned(folder, KeyAttestor([TWO]))
    linked = tmp_path / "elsewhere"
    path.rename(linked)
    path.symlink_to(linked)
    assert "symlink" in why(folder, people(keys={"one": KEY}, threshold=1))
    path.unlink()
    for end in (".tsr", ".tlog-proof"):
        stray = write(path.with_name(path.name + end), b"x")
        assert "is not part of the verdict" in why(folder, people(keys={"one": KEY}, threshold=1))
        stray.unlink()


@pytest.mark.filterwarnings("ignore:Parsed a serial number")
@pytest.mark.parametrize("form", ["dsse", "sigstore", "certificate"])
def test_no_byte_of_a_countersignature_is_free(tmp_path: Path, form: str) -> None:
    """Whatever is changed in it, under the name that the new bytes would have, refuses the package."""
    attestor = {"dsse": KeyAttestor([TWO]), "sigstore": identity(ANN), "certificate": certified(tmp_path)}[form]
    trust = trusting(people(ANN, keys={"one": KEY, "two": TWO}))
    folder = signed(tmp_path)
    path = countersigned(folder, attestor)
    data = path.read_bytes()
    step = {"dsse": 97, "sigstore": 211, "certificate": 13}[form]  # no part is shorter, but those at the end
    for at in (*range(0, len(data), step), *range(len(data) - 20, len(data))):
        for twin in {data[at] ^ 0x01, data[at] ^ 0x20}:
            path = renamed(path, data[:at] + bytes([twin]) + data[at + 1 :])
            assert why(folder, trust) != "", f"byte {at}"
    for more in (data + b"\n", b" " + data, data.replace(b'":', b'": ', 1)):
        path = renamed(path, more)
        assert why(folder, trust) != ""
    renamed(path, data)
    assert why(folder, trust) == ""


def other_leaf() -> bytes:
    return one_certificate(der(CA.issue().leaf))


def _of_version_4(certificates: list[bytes]) -> list[bytes]:
    """X.509 has three; the library has an error of its own kind for others."""
    made = certificates[0].replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x03", 1)
    assert made != certificates[0]
    return [made, *certificates[1:]]


def _by_an_unknown_algorithm(certificates: list[bytes]) -> list[bytes]:
    """Of a certificate's parts, some are read when they are asked for."""
    known, unknown = b"\x2a\x86\x48\xce\x3d\x04\x03\x02", b"\x2a\x86\x48\xce\x3d\x04\x03\x7f"
    return [certificates[0].replace(known, unknown), *certificates[1:]]


def _doubled(certificates: list[bytes]) -> list[bytes]:
    """The authority's signature on the first certificate as its twin."""
    whole = load_der_x509_certificate(certificates[0])
    r, s = decode_dss_signature(whole.signature)
    twin = encode_dss_signature(r, ORDER - s)
    size = len(certificates[0]) - 4 + len(twin) - len(whole.signature)
    body = certificates[0][4 : -len(whole.signature) - 3] + b"\x03" + bytes([len(twin) + 1, 0]) + twin
    made = b"\x30\x82" + size.to_bytes(2, "big") + body
    assert load_der_x509_certificate(made).signature == twin
    return [made, *certificates[1:]]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param(_doubled, "a twin of the one that is written", id="twin"),
        pytest.param(
            lambda all: [*all, other_leaf()],
            "are not those between it and the root",
            id="one more",
        ),
        pytest.param(lambda all: [*all, one_certificate(der(CA.root))], "are not those", id="with the root"),
        pytest.param(lambda all: all[:1], "the chain does not hold", id="one less"),
        pytest.param(lambda all: [all[0], all[0], all[1]], "are not those", id="twice"),
        pytest.param(lambda all: [other_leaf(), *all[1:]], "it does not fit the content", id="another's"),
        pytest.param(lambda all: [], "", id="none"),
        pytest.param(_by_an_unknown_algorithm, "the chain does not hold", id="unknown algorithm"),
        pytest.param(_of_version_4, "has a malformed certificate", id="version 4"),
    ],
)
def test_other_certificates_in_a_bundle(
    tmp_path: Path, change: Callable[[list[bytes]], list[bytes]], words: str
) -> None:
    """Malleability: nobody signs what certificates come along, so each must be needed, and be in the one form."""
    folder = signed(tmp_path)
    path = countersigned(folder, certified(tmp_path))
    document = json.loads(path.read_bytes())
    chain = document["verificationMaterial"]["x509CertificateChain"]
    given = change([base64.b64decode(item["rawBytes"]) for item in chain["certificates"]])
    chain["certificates"] = [{"rawBytes": base64.b64encode(item).decode()} for item in given]
    renamed(path, strict_json.canonical(document))
    found = why(folder, trusting())
    assert f"countersignatures/{next(path.parent.iterdir()).name}" in found
    assert words in found


@pytest.mark.parametrize(("bits", "words"), [(2048, "is too weak to sign a verdict"), (3072, "")])
def test_a_certificate_over_a_weak_key(tmp_path: Path, bits: int, words: str) -> None:
    """Its authority may think it strong enough; what is good enough for others' documents signs no verdict."""
    key = rsa.generate_private_key(65537, bits)
    holder = CA.issue(key=key)
    folder = signed(tmp_path)
    path = countersigned(folder, certified(tmp_path))
    value = key.sign(dsse.pae(dsse.IN_TOTO, payload(folder)), padding.PKCS1v15(), hashes.SHA256())
    chain = Chain(one_certificate(der(holder.leaf)), (one_certificate(der(CA.intermediate)),))
    renamed(path, certified_bytes(dsse.Envelope(payload(folder), dsse.IN_TOTO, (("", value),)), chain))
    found = why(folder, trusting())
    assert words in found
    assert bool(found) is bool(words)


def test_what_a_certificates_key_signed_for_another_purpose(tmp_path: Path) -> None:
    """Payload-type swap, and the twin of the signature: as for keys."""
    holder = CA.issue()
    folder = signed(tmp_path)
    path = countersigned(folder, certified(tmp_path, holder))
    chain = Chain(one_certificate(der(holder.leaf)), (one_certificate(der(CA.intermediate)),))
    made = dsse.sign(payload(folder), [key_of(holder)], payload_type="application/json")
    path = renamed(path, certified_bytes(made, chain))
    assert "it was signed for another purpose" in why(folder, trusting())
    ((keyid, value),) = dsse.sign(payload(folder), [key_of(holder)]).signatures
    r, s = decode_dss_signature(value)
    twin = ((keyid, encode_dss_signature(r, ORDER - s)),)
    renamed(path, certified_bytes(dsse.Envelope(payload(folder), dsse.IN_TOTO, twin), chain))
    assert "is a twin of the one that was made" in why(folder, trusting())


def test_a_twin_of_a_countersignature(tmp_path: Path) -> None:
    """Malleability: ``(r, n - s)`` holds, too, and would be another file of the same meaning."""
    folder = signed(tmp_path)
    path = countersigned(folder, KeyAttestor([TWO]))

    def twin(whole: dsse.Envelope) -> dsse.Envelope:
        ((keyid, value),) = whole.signatures
        r, s = decode_dss_signature(value)
        return replace(whole, signatures=((keyid, encode_dss_signature(r, ORDER - s)),))

    changed_signatures(path, twin)
    assert "is a twin of the one that it made" in why(folder, KEYS)


def test_a_stolen_key_that_ended_hides_behind_the_verdicts_timestamp(tmp_path: Path) -> None:
    """The timestamp is over the verdict's own file: that somebody countersigned by then, it does not say."""
    clock = Clock()
    folder = signed(tmp_path)
    stamped = clock.stamp(verdict_of(folder).read_bytes(), NOW - timedelta(hours=8))
    write(folder / "verdict.tsr", stamped)
    countersigned(folder, KeyAttestor([TWO]))
    trust = replace(KEYS, timestamp_authorities={"clock": authority(clock)})
    assert why(folder, trust) == ""
    for name, found in (("key:two", "key:two does not count"), ("key:one", "")):
        ended = replace(trust, windows={name: Window(valid_until=NOW - timedelta(hours=4))})
        assert found in why(folder, ended)
        assert bool(why(folder, ended)) is bool(found)


def test_the_timestamp_of_another_countersignature(tmp_path: Path) -> None:
    """Each vouches for the bytes that it is over."""
    clock = Clock()
    folder = signed(tmp_path)
    path = countersigned(folder, KeyAttestor([TWO]))
    write(path.with_name(f"{path.name}.tsr"), clock.stamp(verdict_of(folder).read_bytes(), NOW - timedelta(days=2)))
    trust = replace(KEYS, timestamp_authorities={"clock": authority(clock)})
    assert f"{path.name}.tsr" in why(folder, trust)


def test_a_countersignature_that_was_taken_away(tmp_path: Path) -> None:
    """Nothing else than the threshold can notice, and the report says what is missing."""
    folder = signed(tmp_path)
    countersigned(folder, KeyAttestor([TWO])).unlink()
    assert "1 of the 2 signers needed signed (key:one); there is no countersignature beside it" in why(folder, KEYS)


def test_a_revoked_countersigner(tmp_path: Path) -> None:
    """Whichever of the files its signature is in, a revoked key is no signer."""
    folder = signed(tmp_path)
    countersigned(folder, KeyAttestor([TWO]))
    assert why(folder, KEYS) == ""
    assert "key:two does not count" in why(folder, revoking(KEYS, TWO))
    assert "key:one does not count" in why(folder, revoking(KEYS, KEY))


def test_who_may_sign_alone_does_not_bring_in_an_assessment_of_a_stranger(tmp_path: Path) -> None:
    """Who signed the verdict vouches for the assessment; its own signature must hold and be known all the same."""
    stranger = ed_key()
    folder = signed(tmp_path, KeyAttestor([stranger]))
    countersigned(folder, KeyAttestor([TWO]))
    one = people(keys={"one": KEY, "two": TWO}, threshold=1)
    assert "is not a trusted key" in why(folder, one)
    own = countersigned(folder, KeyAttestor([TWO]))
    verdict_of(folder).write_bytes(own.read_bytes())  # her signature in the stranger's place: the verdict is hers alone
    for path in own.parent.iterdir():
        path.unlink()
    assert "assessment.dsse.json: signature" in why(folder, one)
