"""Reading a trust policy that uses everything; every error names file, line and field."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from signing_case import sha256, write
from trust_case import CA, CA_PEM, FULL, ONE, folder, policy_file, verifier_key

from probatum.attestations.trust.file import load_trust
from probatum.attestations.trust.signing_time import Window
from probatum.errors import ProbatumError, TrustError, UsageError


def test_a_full_policy(tmp_path: Path) -> None:
    trust = load_trust(policy_file(tmp_path))
    assert trust.windows["key:one"] == Window(datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
    assert set(trust.windows) == {"key:one", "identity:ci", "certificate:server"}
    ci, someone = trust.identities["ci"], trust.identities["someone"]
    assert (ci.identity, ci.pattern, ci.roots) == (None, "https://ci.example/acme/*/train.yml", ("public", "private"))
    assert ci.claims == {"repository": "https://ci.example/acme/r", "runner": "github-hosted"}
    assert (someone.identity, someone.roots) == ("someone@acme.example", ("private",))
    server = trust.certificates["server"]
    assert (server.kind, server.name, server.roots.load()) == ("email", "builder@acme.example", [CA.root])
    assert trust.sigstore["private"].data == b"[]"
    assert trust.timestamp_authorities["clock"].certificates.load() == [CA.root]
    assert (trust.logs["main"].quorum, len(trust.logs["main"].witnesses)) == (1, 2)
    assert (trust.logs["spare"].quorum, list(trust.believed_logs)) == (0, ["main"])
    verdict, provenance = trust.roles["verdict"], trust.roles["provenance"]
    assert (verdict.require_log, verdict.logs, verdict.require_timestamp) == (True, ("main", "public"), False)
    assert provenance.signers == ("identity:ci", "certificate:server", "key:one")
    assert (provenance.require_timestamp, provenance.timestamp_authorities) == (True, ("clock", "private"))
    assert trust.roles["log"].signers == ("log:main",)


def test_the_resolved_document_pins_all_material(tmp_path: Path) -> None:
    document = load_trust(policy_file(tmp_path)).to_document()
    assert document["certificates"]["server"]["roots"][0]["pem"].encode() == CA_PEM
    assert document["timestamp_authorities"]["clock"]["certificates"][0]["pem"].encode() == CA_PEM
    assert document["sigstore"].keys() == {"public", "private"}
    assert document["logs"]["main"]["key"] == verifier_key("log.example")
    assert document["windows"]["key:one"]["valid_until"] == "2027-01-01T00:00:00Z"
    assert str(tmp_path) not in str(document)
    assert ".pem" not in str(document)


def test_one_root_need_not_be_named_and_all_witnesses_must_sign(tmp_path: Path) -> None:
    text = FULL.replace("    roots: [public, private]\n", "").replace(", roots: [private]", "")
    text = text.replace(", quorum: 1", "").replace("[clock, private]", "[clock]")
    text = "".join(line for line in text.splitlines(keepends=True) if "private.json" not in line)
    trust = load_trust(policy_file(tmp_path, text))
    assert trust.identities["ci"].roots == trust.identities["someone"].roots == ("public",)
    assert trust.logs["main"].quorum == 2


CASES = [
    ("valid_from: 2026-01-01T00:00:00Z", "valid_from: 2026-01-01", 3, "no time with a zone"),
    ("valid_from: 2026-01-01T00:00:00Z", "valid_from: soon", 3, "no time with a zone"),
    ("valid_from: 2026-01-01T00:00:00Z", "valid_from: 2027-01-01T00:00:00Z", 3, "ends before it begins"),
    ("valid_until: 2028-01-01T00:00:00Z", "valid_untill: 2028-01-01T00:00:00Z", 7, "valid_untill"),
    ("acme/*/train.yml", "**/train.yml", 8, "`**`"),
    ("https://ci.example/acme/*", "https://*.example/acme/*", 8, "host is not fixed"),
    (
        "    identity_pattern: https",
        "    identity: x\n    identity_pattern: https",
        7,
        "exactly one is wanted of identity",
    ),
    ("runner: github", "runers: github", 9, "runers"),
    ("roots: [public, private]", "roots: [public, publik]", 10, "'publik' is no root"),
    ("    roots: [public, private]\n", "", 7, "says none"),
    ("email: builder", "mail: builder", 14, "mail"),
    ("email: builder", "uri: x, email: builder", 14, "exactly one is wanted of email, uri"),
    (", email: builder@acme.example", "", 14, "certificates.server"),
    ("roots: {path: ca.pem, sha256: ", "roots: {path: one.pub, sha256: ", 14, "has the SHA-256"),
    ("roots: {path: ca.pem, sha256: ", "roots: {pem: x, sha256: ", 14, "certificates.server.roots"),
    ("clock: {certificates: ca.pem", "clock: {certificates: root.json", 19, "has the SHA-256"),
    ("private: {trusted_root: private.json", "private: {trusted_root: root.json", 17, "has the SHA-256"),
    ("  clock: {", "  main: {", 19, "'main' is a name in `logs` too"),
    ("  clock: {", "  private: {", 19, "'private' is a name in `sigstore` too"),
    ("spare: {key: ", "spare: {key: x+", 22, "is no verifier key"),
    ("spare: {key: spare", "spare: {key: other", 22, "is written other.example+"),
    (verifier_key("spare.example", 3), verifier_key("spare.example", 3, 4), 22, "the key of a witness"),
    (verifier_key("w1", 1, 4), verifier_key("w1", 1), 21, "the key of a log"),
    ("quorum: 1", "quorum: 3", 21, "3 of 2 witnesses"),
    ("quorum: 1", "quorum: 0", 21, "quorum"),
    ("logs: [main, public]", "logs: [main, spare]", 24, "'spare' is no log with the role"),
    ("require_log: true", "require_log: false", 24, "require_log"),
    ("require_log: true, ", "", 24, "require_log"),
    ("require_timestamp: true, ", "", 25, "require_timestamp"),
    (
        "timestamp_authorities: [clock, private]",
        "timestamp_authorities: [clock, main]",
        25,
        "'main' is no such authority",
    ),
    ("log: {signers: [main]}", "log: {signers: [one]}", 27, "'one' is no log"),
    ("approval: {signers: [someone]}", "approval: {signers: [main]}", 26, "neither a key nor an identity nor a cert"),
    ("  server: ", "  ci: ", 14, "names an identity and a certificate"),
    ("  spare: ", "  one: ", 22, "names a key and a log"),
]


@pytest.mark.parametrize(("old", "new", "line", "message"), CASES)
def test_every_error_names_file_line_and_field(tmp_path: Path, old: str, new: str, line: int, message: str) -> None:
    assert old in FULL
    with pytest.raises(ProbatumError) as error:
        load_trust(policy_file(tmp_path, FULL.replace(old, new, 1)))
    shown = f"{error.value} {error.value.remedy}"
    assert message in shown
    assert f"trust.yaml:{line}:" in shown


def test_a_role_that_nobody_can_fill_is_refused(tmp_path: Path) -> None:
    bare = "version: 1\nkeys: {one: {path: one.pub}}\nroles:\n  verdict: {signers: [one], %s: true}\n"
    for field, why in (("require_log", "no log could hold"), ("require_timestamp", "nobody could vouch")):
        with pytest.raises(TrustError, match=f"trust.yaml:4: roles.verdict.{field} is wrong: {why}"):
            load_trust(policy_file(tmp_path, bare % field))


SPARE, SAME = verifier_key("spare.example", 3), verifier_key("log.example")
W1, W2 = verifier_key("w1", 1, 4), verifier_key("w2", 2, 4)
AGAIN = "  again: {issuer: https://issuer.example, identity: someone@acme.example, roots: [public]}\n"
TWIN = "  twin: {roots: {path: ca.pem}, email: builder@acme.example}\n"
CLOCK = f"  twin: {{certificates: ca.pem, sha256: {sha256(CA_PEM)}}}\n"


@pytest.mark.parametrize(("old", "new", "why"), [
    ("certificates:\n", f"{AGAIN}certificates:\n", "'someone' and 'again' are the same"),
    (SPARE, SAME, "'main' and 'spare' are the same"),
    (SPARE, verifier_key("renamed", 0), "'main' and 'spare' are the same"),
    (SPARE, verifier_key("log.example", 3), "'main' and 'spare' are the same"),
    (W2, verifier_key("w2", 1, 4), "the key of w1, which would count twice"),
    (W1, verifier_key("w1", 0, 4), "the key of log.example, which would count twice"),
    ("sigstore:\n", f"{TWIN}sigstore:\n", "'server' and 'twin' are the same"),
    ("logs:\n", f"{CLOCK}logs:\n", "'clock' and 'twin' are the same"),
])  # fmt: skip
def test_one_signer_under_two_names_is_refused(tmp_path: Path, old: str, new: str, why: str) -> None:
    assert old in FULL
    with pytest.raises(TrustError, match=r"trust\.yaml:\d+: ") as error:
        load_trust(policy_file(tmp_path, FULL.replace(old, new, 1)))
    assert why in str(error.value)


@pytest.mark.parametrize("content", [b"hello", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_a_file_without_certificates_is_refused(tmp_path: Path, content: bytes) -> None:
    write(folder(tmp_path) / "odd.pem", content)
    pinned = f"{{path: ca.pem, sha256: {sha256(CA_PEM)}}}"
    for roots in ("{path: odd.pem}", json.dumps({"pem": content.decode()})):
        with pytest.raises(TrustError, match=r"certificates\.server\.roots is wrong: no certificates in PEM"):
            load_trust(policy_file(tmp_path, FULL.replace(pinned, roots, 1)))
    inline = FULL.replace(pinned, json.dumps({"pem": CA_PEM.decode()}), 1)
    assert load_trust(policy_file(tmp_path, inline)).digest == load_trust(policy_file(tmp_path)).digest


def test_a_proposal_cannot_be_loaded(tmp_path: Path) -> None:
    text = f"version: 1\nkeys:\n  one: {{pem: {ONE.public.pem!r}}}\nroles:\n  verdict: {{signers: [one]}}\n".replace(
        "'", '"'
    )
    assert load_trust(policy_file(tmp_path, text)).signers == ("key:one",)
    for marker in ("review: required", "review: done", "review:"):
        with pytest.raises(TrustError, match=r"trust\.yaml:\d+: nobody has reviewed"):
            load_trust(policy_file(tmp_path, f"{text}{marker}\n"))


def test_a_policy_that_is_no_mapping_is_refused(tmp_path: Path) -> None:
    for text in ("", "- 1\n", "hello\n", "1: 2\n"):
        with pytest.raises(UsageError, match=r"trust\.yaml"):
            load_trust(policy_file(tmp_path, text))
