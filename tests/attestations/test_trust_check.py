"""What a review of a trust policy points at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from certificate_case import Authority, clock, trusting
from cryptography.hazmat.primitives.asymmetric import rsa
from signing_case import NOW, ec_key, ed_key, policy
from timestamp_case import Authority as Clock
from trust_case import policy_file

from probatum.attestations.keys.public_key import PublicKey
from probatum.attestations.trust.file import load_trust
from probatum.attestations.trust.policy import Role, TrustPolicy
from probatum.attestations.trust.predicates import CHECKPOINT, DEFAULT_TYPES, VSA
from probatum.attestations.trust.review import Finding, check_document, check_trust, checked_file
from probatum.attestations.trust.signing_time import Window
from probatum.attestations.trust.trusted import Identity, SigstoreRoot, TrustedLog
from probatum.attestations.trust.words import who, words
from probatum.errors import UsageError
from probatum.reports.format import Format
from probatum.reports.trust import render_trust

ONE, TWO = ed_key(), ec_key()
KEYS = {"one": ONE, "two": TWO}
DAY = timedelta(days=1)
GITHUB = "https://token.actions.githubusercontent.com"
ROOTS = {"pub": SigstoreRoot("0" * 64, b"")}
CALM = {"verdict": {"threshold": 2, "max_age_days": 30.0}}


def messages(trust: TrustPolicy, level: str = "warning") -> dict[str, str]:
    """Place to message of the findings of one level; there is one of each."""
    found = [item for item in check_trust(trust, NOW) if item.level == level]
    assert len({item.place for item in found}) == len(found)
    return {item.place: item.message for item in found}


def with_identity(identity: Identity, **role: Any) -> TrustPolicy:
    held = {"name": "verdict", "signers": ("identity:ci",), "predicate_types": (VSA,), "max_age_days": 1.0, **role}
    return TrustPolicy({}, {"verdict": Role(**held)}, {"ci": identity}, ROOTS)


def test_a_calm_policy_has_no_findings() -> None:
    assert check_trust(policy(KEYS, **CALM), NOW) == []


def test_signers_and_roots_without_use_are_named() -> None:
    trust = replace(
        policy(KEYS, verdict={"signers": ("key:one", "key:two"), "threshold": 2, "max_age_days": 1.0}),
        identities={"ci": Identity("https://i.example", "x", roots=("a",))},
        sigstore={"a": ROOTS["pub"], "b": ROOTS["pub"]},
        logs={"main": TrustedLog("l+0+A")},
    )
    found = messages(trust)
    assert found == {
        "identities.ci": "it has no role, so nothing that it signs counts",
        "logs.main": "it has no role, so nothing that it signs counts",
        "sigstore.b": "no identity chains to this root",
    }
    assert "keys.two" in messages(policy(KEYS, verdict={"signers": ("key:one",)}))
    assert "certificates.server" in messages(replace(trusting(Authority().root), roles=policy(KEYS, **CALM).roles))


@pytest.mark.parametrize(("until", "message"), [
    (NOW, "it ended 2026-11-20T07:00:00Z"),
    (NOW + DAY, "it ends 2026-11-21T07:00:00Z, in 1 days"),
    (NOW + 30 * DAY, "in 30 days"),
    (NOW + 31 * DAY, ""),
])  # fmt: skip
def test_windows_that_ended_or_will_soon(until: Any, message: str) -> None:
    trust = replace(policy({**KEYS, "new": ed_key()}, **CALM), windows={"key:one": Window(None, until)})
    found = messages(trust)
    assert list(found) == (["keys.one"] if message else [])
    assert message in found.get("keys.one", "")


def test_certificates_of_authorities_end_too() -> None:
    ended = trusting(Authority(until=NOW - DAY).root)
    assert "it ended" in messages(ended)["certificates.server"]
    assert "nobody can reach it any more" in messages(ended, "error")["roles.provenance"]
    soon = replace(trusting(Authority().root), windows={"certificate:server": Window(None, NOW + DAY)})
    assert "it ends 2026-11-21" in messages(soon)["certificates.server"]
    old = Clock(at=NOW - timedelta(days=4990))
    assert "timestamp_authorities.clock" in messages(trusting(Authority().root, authority=clock(old)))


def test_roles_that_nobody_can_reach() -> None:
    trust = policy(KEYS, **CALM)
    for window in (Window(None, NOW), Window(NOW + DAY)):
        late = replace(trust, windows={"key:one": window})
        assert "1 of its 2 signers may sign now, and 2 must" in messages(late, "error")["roles.verdict"]
    pair = {
        "a": Identity("https://i.example", "x", roots=("pub",)),
        "b": Identity("https://i.example", "y", roots=("pub",)),
    }
    role = Role("approval", ("identity:a", "identity:b"), DEFAULT_TYPES["approval"], threshold=2, max_age_days=1.0)
    lone = TrustPolicy({}, {"approval": role}, pair, ROOTS)
    assert "carries one signature" in messages(lone)["roles.approval"]
    verdict = replace(role, name="verdict", predicate_types=DEFAULT_TYPES["verdict"])
    assert "roles.verdict" not in messages(replace(lone, roles={"verdict": verdict}))
    server = replace(verdict, signers=("certificate:server",))
    certified = replace(trusting(Authority().root), roles={"verdict": server})
    assert [item.message for item in check_trust(certified, NOW) if "1 of its" in item.message]


@pytest.mark.parametrize(("pattern", "message"), [
    ("https://h.example/*/r/t.yml", "any account at h.example, for example https://h.example/anything-at-all/r/t.yml"),
    ("*@acme.example", "any address at acme.example, for example anything-at-all@acme.example"),
    ("https://h.example/acme/*/t.yml", ""),
])  # fmt: skip
def test_broad_patterns_come_with_an_example(pattern: str, message: str) -> None:
    found = messages(with_identity(Identity("https://i.example", pattern=pattern, roots=("pub",))))
    assert found.get("identities.ci", "").removeprefix("the pattern matches ") == message


def test_identities_of_shared_runners_want_claims() -> None:
    bare = Identity(GITHUB, "https://github.com/a/r/.github/workflows/t.yml@refs/heads/main", roots=("pub",))

    def claims(**given: str) -> list[str]:
        found = check_trust(with_identity(replace(bare, claims=given)), NOW)
        return [item.message.split("`")[1] for item in found if item.place == "identities.ci"]

    assert claims() == ["repository", "runner"]
    assert claims(repository="https://github.com/a/r") == ["runner"]
    for name in ("repository_id", "owner", "owner_id"):
        assert claims(**{name: "5"}, runner="github-hosted") == []
    assert check_trust(with_identity(replace(bare, issuer="https://own.example"), threshold=1), NOW) == [
        Finding("note", "roles.verdict", "one signer is enough: a single stolen key or account decides")
    ]


def test_who_makes_must_not_approve() -> None:
    trust = policy(KEYS, verdict={"signers": ("key:one",)}, approval={}, waiver={"signers": ("key:two",)})
    found = messages(trust)
    assert found == {"roles.approval": "key:one holds the role verdict, too: it can approve its own work"}


def test_a_role_that_takes_over_anothers_content_is_named() -> None:
    trust = policy(KEYS, **CALM, evidence={"predicate_types": (VSA, "https://x.example/own")})
    message = f"its signers may sign {VSA}, which is what the role verdict is for"
    assert messages(trust)["roles.evidence"] == message


def test_keys_that_are_too_weak_for_verdicts_are_named() -> None:
    weak = PublicKey.of(rsa.generate_private_key(65537, 2048).public_key(), source="test")
    trust = policy({**KEYS, "old": ed_key()}, **CALM, link={})
    trust = replace(trust, keys={**trust.keys, "old": weak})
    assert "too weak to sign a verdict" in messages(trust)["keys.old"]
    others = replace(trust, roles={"link": trust.roles["link"]})
    assert "keys.old" not in messages(others)


def test_haste_is_noted() -> None:
    trust = policy(KEYS, verdict={}, policy={}, revocation={}, provenance={})
    found = [(item.place, item.message.split(":")[0]) for item in check_trust(trust, NOW) if item.level == "note"]
    assert found == [
        ("roles.policy", "one signer is enough"),
        ("roles.provenance", "any builder counts"),
        ("roles.revocation", "one signer is enough"),
        ("roles.verdict", "a verdict of any age counts"),
        ("roles.verdict", "one signer is enough"),
    ]


def test_everything_in_words(tmp_path: Path) -> None:
    trust = load_trust(policy_file(tmp_path))
    said: Mapping[str, Any] = {item["role"]: item for item in words(trust)}
    assert list(said) == ["approval", "log", "provenance", "verdict"]
    assert said["verdict"]["demands"] == ["2 of 2 must have signed", "at most 30 days old", "in the log main or public"]
    assert said["provenance"]["demands"] == ["1 of 3 must have signed", "its time vouched for by clock or private"]
    assert "from 2026-01-01T00:00:00Z until 2027-01-01T00:00:00Z" in who(trust, "key:one")
    assert who(trust, "identity:ci") == (
        "whoever follows https://ci.example/acme/*/train.yml, vouched for by https://issuer.example, "
        "repository https://ci.example/acme/r, runner github-hosted, until 2028-01-01T00:00:00Z"
    )
    assert who(trust, "certificate:server").startswith("a certificate with email builder@acme.example below the root ")
    assert who(trust, "log:main") == "the log log.example, cosigned by 1 of 2 witnesses"
    assert who(trust, "log:spare") == "the log spare.example"
    plain = policy(
        KEYS, provenance={"builders": ("https://b.example",), "require_log": True, "require_timestamp": True}
    )
    assert words(plain)[0]["demands"][1:] == ["built by https://b.example", "in a log", "its time vouched for"]


def test_what_is_unusual_about_a_role_is_a_demand() -> None:
    subjects = {"key:one": ("model:m", "dataset:*"), "key:two": ("gpu:*",)}
    trust = policy(KEYS, evidence={"subjects": subjects, "predicate_types": ("https://x.example/own",)})
    assert words(trust)[0]["demands"] == [
        "1 of 2 must have signed",
        "only https://x.example/own",
        "key:one about dataset:*, model:m alone",
        "key:two about gpu:* alone",
    ]


def test_the_document_and_its_pages(tmp_path: Path) -> None:
    path = policy_file(tmp_path)
    document = checked_file(path, NOW)
    assert document == check_document(load_trust(path), NOW, source=str(path))
    assert document["sha256"] == load_trust(path).digest
    text = render_trust(document, Format.TEXT, width=200)
    assert "warning: logs.spare: it has no role" in text
    assert text.rstrip().endswith(document["sha256"])
    assert "log.example, cosigned by 1 of 2" in render_trust(document, Format.MARKDOWN)
    assert DEFAULT_TYPES["log"] == (CHECKPOINT,)


def test_a_file_that_cannot_be_used_is_the_one_finding(tmp_path: Path) -> None:
    path = policy_file(tmp_path, "version: 1\nroles: {}\n")
    document = checked_file(path, NOW)
    (finding,) = document["findings"]
    assert (finding["level"], document["sha256"], document["roles"]) == ("error", None, [])
    assert "trust.yaml:2: roles is wrong" in finding["message"]
    assert "cannot be used" in render_trust(document, Format.TEXT)
    with pytest.raises(UsageError, match=r"none\.yaml"):
        checked_file(tmp_path / "none.yaml", NOW)
