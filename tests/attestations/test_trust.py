"""Trust policies: read strictly, default deny, and what each role demands."""

from __future__ import annotations

import textwrap
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from signing_case import NOW, SLSA, ec_key, ed_key, policy, sha256, statement, write

from probatum.attestations.trust.file import load_trust
from probatum.attestations.trust.policy import trust_keys
from probatum.attestations.trust.predicates import VSA
from probatum.attestations.trust.roles import allow, builder_of, statement_time
from probatum.attestations.trust.signing_time import parse_time
from probatum.errors import ProbatumError, TrustError, UsageError

ONE, TWO = ed_key(), ec_key()


def policy_file(folder: Path, text: str) -> Path:
    write(folder / "one.pub", ONE.public.pem)
    write(folder / "keys" / "two.pub", TWO.public.pem)
    write(folder / "root.json", b"{}")
    return write(folder / "trust.yaml", textwrap.dedent(text))


GOOD = """\
    version: 1
    keys:
      one: {path: one.pub}
      two: {path: keys/two.pub}
    identities:
      ci: {issuer: "https://issuer.example", identity: "https://ci.example/x"}
    sigstore: {public: {trusted_root: root.json, sha256: DIGEST}}
    roles:
      verdict: {signers: [one, two], threshold: 2, max_age_days: 30}
      provenance: {signers: [ci, one], builders: ["https://b.example"]}
      link: {signers: [two], predicate_types: [link, "https://x.example/link"]}
    """.replace("DIGEST", sha256(b"{}"))


def test_a_good_policy(tmp_path: Path) -> None:
    trust = load_trust(policy_file(tmp_path, GOOD))
    assert trust.keys == {"one": ONE.public, "two": TWO.public}
    assert trust.roles["verdict"].threshold == 2
    assert trust.roles["provenance"].signers == ("identity:ci", "key:one")
    assert [role.name for role in trust.roles_for("link")] == ["link"]
    assert trust.roles_for("https://nobody.example") == []
    assert trust.signer_of(TWO.public) == "key:two"
    assert trust.signer_of(ed_key().public) is None
    assert trust.sigstore["public"].data == b"{}"
    assert trust.identities["ci"].roots == ("public",)


def test_the_digest_covers_content_not_places(tmp_path: Path) -> None:
    trust = load_trust(policy_file(tmp_path / "a", GOOD))
    inline = GOOD.replace("{path: one.pub}", f"{{pem: {ONE.public.pem!r}}}").replace("'", '"')
    assert load_trust(policy_file(tmp_path / "b", inline)).digest == trust.digest
    path = policy_file(tmp_path / "c", GOOD)
    write(tmp_path / "c" / "one.pub", ed_key().public.pem)
    assert load_trust(path).digest != trust.digest
    for old, new in (
        ("threshold: 2", "threshold: 1"),
        ("max_age_days: 30", "max_age_days: 31"),
        ("b.example", "c.example"),
    ):
        assert load_trust(policy_file(tmp_path / new, GOOD.replace(old, new))).digest != trust.digest


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("version: 1", "version: 2", 1, "version"),
        ("one: {path: one.pub}", "one: {}", 3, "keys.one"),
        ("one: {path: one.pub}", "one: {path: one.pub, pem: x}", 3, "keys.one"),
        ("one: {path: one.pub}", "one: {pem: hello}", 3, "key 'one'"),
        ("path: keys/two.pub", "path: one.pub", 4, "the same"),
        ("ci: {issuer", "one: {issuer", 6, "names a key and an identity"),
        ("trusted_root: root.json, sha256: ", "trusted_root: one.pub, sha256: ", 7, "SHA-256"),
        ("signers: [one, two]", "signers: [one, three]", 9, "'three' is neither"),
        ("threshold: 2", "threshold: 3", 9, "can never sign"),
        ("threshold: 2", "threshold: 0", 9, "threshold"),
        ("threshold: 2", "treshold: 2", 9, "treshold"),
        ("signers: [two]", "signers: []", 11, "signers"),
        ("link: {signers", "links: {signers", 9, "links"),
        ("version: 1", "version: 1\nversion: 1", 2, "duplicate key"),
        ("max_age_days: 30", "max_age_days: -1", 9, "max_age_days"),
    ],
)
def test_a_wrong_policy_is_refused_with_its_line(tmp_path: Path, old: str, new: str, line: int, message: str) -> None:
    text = textwrap.dedent(GOOD).replace(old, new)
    with pytest.raises(ProbatumError) as error:
        load_trust(policy_file(tmp_path, text))
    shown = f"{error.value} {error.value.remedy}"
    assert f"trust.yaml:{line}:" in shown
    assert message in shown


def test_identities_need_a_trusted_root(tmp_path: Path) -> None:
    text = "\n".join(line for line in textwrap.dedent(GOOD).splitlines() if not line.startswith("sigstore"))
    with pytest.raises(TrustError, match="identities"):
        load_trust(policy_file(tmp_path, text))


def test_missing_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"trust\.yaml"):
        load_trust(tmp_path / "trust.yaml")
    path = policy_file(tmp_path, GOOD)
    (tmp_path / "one.pub").unlink()
    with pytest.raises(UsageError, match=r"one\.pub"):
        load_trust(path)


def test_trusting_no_key_is_refused() -> None:
    with pytest.raises(TrustError, match="no key"):
        trust_keys([], source="nothing")
    assert len(trust_keys([ONE.public, ONE.public], source="x").keys) == 1


def test_nothing_is_allowed_by_default() -> None:
    trust = policy({"one": ONE}, verdict={})
    found = allow(trust, SLSA, ["key:one"], statement("a" * 64), NOW)
    assert found.roles == ()
    assert f"no role of {trust.source} may sign {SLSA}" in found.reason
    assert allow(trust, VSA, [], {}, NOW).roles == ()
    assert allow(trust, VSA, ["key:other"], {}, NOW).roles == ()
    assert allow(trust, VSA, ["key:one"], {}, NOW).roles == ("verdict",)


def test_the_threshold_counts_allowed_signers_only() -> None:
    trust = policy({"one": ONE, "two": TWO}, verdict={"threshold": 2}, provenance={"signers": ("key:two",)})
    assert "1 of the 2" in allow(trust, VSA, ["key:one"], {}, NOW).reason
    assert allow(trust, VSA, ["key:one", "key:two"], {}, NOW).roles == ("verdict",)
    assert allow(trust, SLSA, ["key:one"], {}, NOW).roles == ()
    assert allow(trust, SLSA, ["key:one", "key:two"], {}, NOW).signers == ("key:two",)


def provenance(**metadata: Any) -> dict[str, Any]:
    details = {"builder": {"id": "https://b.example"}, "metadata": metadata}
    return statement("a" * 64, predicate={"runDetails": details})


def test_ages_and_builders() -> None:
    trust = policy({"one": ONE}, provenance={"max_age_days": 10.0, "builders": ("https://b.example",)})

    def reason(document: Any) -> str:
        return allow(trust, SLSA, ["key:one"], document, NOW).reason

    assert reason(provenance(finishedOn=(NOW - timedelta(days=9)).isoformat())) == ""
    assert "older than 10 days" in reason(provenance(finishedOn=(NOW - timedelta(days=11)).isoformat()))
    assert "future" in reason(provenance(finishedOn=(NOW + timedelta(hours=1)).isoformat()))
    assert "has no time" in reason(provenance())
    assert "has no time" in reason(provenance(finishedOn="yesterday"))
    assert reason(provenance(finishedOn="?", startedOn=NOW.isoformat())) == ""
    other = provenance(finishedOn=NOW.isoformat())
    other["predicate"]["runDetails"]["builder"] = {"id": "https://b.example/"}
    assert "builder https://b.example/ is not allowed" in reason(other)
    assert "builder None" in reason(statement("a" * 64, predicate={"runDetails": []}))


def test_times_and_builders_of_odd_documents() -> None:
    assert parse_time("2026-01-01T00:00:00") is None
    assert parse_time(5) is None
    assert statement_time("unknown", {"predicate": {}}) is None
    assert statement_time(SLSA, None) is None
    assert builder_of("unknown", {"predicate": {"builder": {"id": "x"}}}) is None
    assert builder_of("https://slsa.dev/provenance/v0.2", {"predicate": {"builder": {"id": "x"}}}) == "x"
    assert builder_of("https://slsa.dev/provenance/v0.2", {"predicate": {"builder": "x"}}) is None
    assert replace(policy({"one": ONE}), source="y").digest == policy({"one": ONE}).digest
