"""Who signed a verdict together: identities and keys in any order, each in a file of its own."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import relied_case
from countersigning_case import (
    ANN,
    BEN,
    changed_signatures,
    checked,
    countersigned,
    identity,
    people,
    revoking,
    signed,
    verdict_of,
    why,
)
from package_case import KEY
from signing_case import NOW, ec_key, ed_key, policy, write
from sigstore_case import ISSUER, SIGNED_AT

from probatum.attestations.attestor import Attestor, KeyAttestor
from probatum.attestations.documents.verifier import TrustVerifier
from probatum.attestations.package.write import write_package
from probatum.attestations.package.zip_package import zip_bytes
from probatum.attestations.revocation.entry import Target, key_target
from probatum.attestations.revocation.kept_package import opened
from probatum.attestations.revocation.question import about_signer
from probatum.attestations.trust.init import write_proposal
from probatum.attestations.trust.policy import TrustPolicy
from probatum.attestations.trust.signing_time import Window
from probatum.collectors.signed import verdict
from probatum.jobs.relied_on import check_relied_on
from probatum.verification import MAX_COUNTERSIGNATURES, Beside, countersignatures

TWO = ec_key()
BOTH = people(ANN, BEN, keys={"one": KEY, "two": TWO})
KEYS: dict[str, Attestor] = {"one": KeyAttestor([KEY]), "two": KeyAttestor([TWO])}


@pytest.mark.parametrize("first", [ANN, "one"])
@pytest.mark.parametrize("second", [BEN, "two"])
def test_keys_and_identities_reach_a_threshold_together(tmp_path: Path, first: str, second: str) -> None:
    """Two identities, an identity and a key either way round, two keys."""
    folder = signed(tmp_path, KEYS.get(first) or identity(first))
    before = verdict_of(folder).read_bytes()
    alone = why(folder, BOTH)
    assert "1 of the 2 signers needed signed" in alone
    assert "no countersignature" in alone
    path = countersigned(folder, KEYS.get(second) or identity(second))
    report = checked(folder, BOTH)
    assert report.ok, report.failures
    name = path.relative_to(folder).as_posix()
    rows = {row.check: row for row in report.rows}
    assert rows[f"{name}: signature"].ok is True
    assert rows[f"{name}: content"].ok is True
    assert verdict_of(folder).read_bytes() == before
    path.unlink()
    assert why(folder, BOTH) == alone, "who takes it away gets no other answer than before"


def test_three_of_three(tmp_path: Path) -> None:
    folder = signed(tmp_path, identity(ANN))
    everybody = people(ANN, BEN, keys={"two": TWO}, threshold=3)
    countersigned(folder, identity(BEN))
    assert "2 of the 3" in why(folder, everybody)
    countersigned(folder, KEYS["two"])
    assert why(folder, everybody) == ""


def test_the_times_of_each_count_for_it(tmp_path: Path) -> None:
    """An identity's log vouches for its own signature, and by the same payload for the verdict; for no other signer."""
    folder = signed(tmp_path)
    countersigned(folder, identity(ANN))
    trust = people(ANN, keys={"one": KEY}, threshold=1)
    later = NOW + timedelta(days=1)
    report = checked(folder, trust, now=later, as_of=later)
    assert report.ok, report.failures
    (row,) = [row for row in report.rows if row.check == "signing time"]
    assert row.found == SIGNED_AT.isoformat().replace("+00:00", "Z")
    assert "key:one does not count: there is no evidence of when" in why(folder, BOTH, as_of=later)


def test_a_second_signer_is_enough_where_the_first_ones_key_has_ended(tmp_path: Path) -> None:
    """The assessment is signed by the first one alone, but everybody who signed the verdict names it by digest."""
    folder = signed(tmp_path)
    countersigned(folder, KEYS["two"])
    ended = {"key:one": Window(valid_until=NOW - timedelta(days=1))}
    one_of_two = replace(people(keys={"one": KEY, "two": TWO}, threshold=1), windows=ended)
    assert why(folder, one_of_two) == ""
    revoked = revoking(people(keys={"one": KEY, "two": TWO}, threshold=1), KEY)
    assert why(folder, revoked) == ""
    both = replace(one_of_two, roles={"verdict": replace(one_of_two.roles["verdict"], threshold=2)})
    assert "key:one does not count" in why(folder, both)


def test_a_revoked_second_signer_does_not_count(tmp_path: Path) -> None:
    folder = signed(tmp_path)
    countersigned(folder, KEYS["two"])
    trust = people(keys={"one": KEY, "two": TWO})
    assert why(folder, trust) == ""
    assert "key:two does not count" in why(folder, revoking(trust, TWO))


def test_who_countersigned_is_found_in_an_archive_of_verdicts(tmp_path: Path) -> None:
    """What was relied on when a key or an identity is revoked (`impact --key`)."""
    folder = signed(tmp_path)
    countersigned(folder, KEYS["two"])
    countersigned(folder, identity(ANN))
    with opened(folder) as kept:
        for target in (key_target(TWO.public.id), key_target(KEY.public.id), Target("identity", f"{ISSUER} {ANN}")):
            assert about_signer(target)(kept).how == ("signature of the verdict",)
        assert about_signer(key_target(ed_key().public.id))(kept).how == ()


def test_many_but_not_too_many(tmp_path: Path) -> None:
    folder = signed(tmp_path)
    keys = {f"k{at}": ed_key() for at in range(MAX_COUNTERSIGNATURES + 1)}
    trust = people(keys={"one": KEY, **keys}, threshold=MAX_COUNTERSIGNATURES + 1)
    for key in list(keys.values())[1:]:
        last = countersigned(folder, KeyAttestor([key]))
    assert why(folder, trust) == ""
    countersigned(folder, KeyAttestor([keys["k0"]]))
    assert "there are too many" in why(folder, trust)
    last.unlink()
    assert why(folder, trust) == ""


def test_one_that_is_far_larger_than_the_verdict_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = signed(tmp_path)
    path = countersigned(folder, KEYS["two"])
    assert why(folder, BOTH) == ""
    with path.open("ab") as stream:
        stream.truncate(64 * 1024 * 1024)
    assert "is too large" in why(folder, BOTH)
    root = relied_case.root_of(tmp_path / "next")
    earlier = relied_case.gated(root)
    for key in (relied_case.BO, relied_case.ANA, relied_case.GATE):
        countersigned(earlier, KeyAttestor([key]))
    largest = max(path.stat().st_size for path in earlier.glob("*.dsse.json"))
    monkeypatch.setattr(verdict, "MAX_BYTES", largest)
    assert "its countersignatures are too large" in _not_relied_on(root, relied_case.TRUST)


def test_a_proposal_names_everybody_once(tmp_path: Path) -> None:
    folder = signed(tmp_path, identity(ANN))
    for attestor in (identity(BEN), identity(ANN), KEYS["two"], KEYS["two"]):
        countersigned(folder, attestor)
    text = write_proposal(folder, None)
    assert (text.count(f'identity: "{ANN}"'), text.count(f'identity: "{BEN}"')) == (1, 1)
    assert text.count(f'fingerprint: "{TWO.public.id}"') == 1
    write(next((folder / "countersignatures").iterdir()), b"[]")
    with pytest.raises(Exception, match="is no signed document"):
        write_proposal(folder, None)


def test_a_verdict_at_hand_without_its_package(tmp_path: Path) -> None:
    """As a gate verifies the verdicts of earlier gates: the verdict's bytes and what lies beside them."""
    folder = signed(tmp_path)
    path = countersigned(folder, identity(ANN))
    data, verifier = verdict_of(folder).read_bytes(), TrustVerifier(people(ANN, keys={"one": KEY}), NOW)

    def beside() -> Beside:
        names = [f"countersignatures/{each.name}" for each in path.parent.iterdir()]
        return Beside(countersignatures=countersignatures(names, lambda name: (folder / name).read_bytes()))

    assert "1 of the 2" in verifier.verify(data, source="v").reason
    found = verifier.verify(data, source="v", beside=beside())
    assert found.verified
    assert found.signers == ("identity:i0", "key:one")
    assessment = next(folder.glob("assessment.*")).read_bytes()
    assert verifier.verify(assessment, source="a", pinned_by=found).verified
    stranger = countersigned(folder, KeyAttestor([ed_key()]))
    refused = verifier.verify(data, source="v", beside=beside())
    assert "what lies beside v does not hold" in refused.reason
    stranger.unlink()
    changed_signatures(countersigned(folder, KEYS["one"]), lambda whole: replace(whole, payload=b"{}"))
    assert "does not fit the content" in verifier.verify(data, source="v", beside=beside()).reason


@pytest.mark.parametrize("zipped", [False, True], ids=["folder", "zip"])
def test_an_earlier_verdict_takes_the_two_of_them(tmp_path: Path, zipped: bool) -> None:
    """A gate relies on it with its countersignature (GOV-05), which an auditor of the gate's verdict verifies again."""
    root = relied_case.root_of(tmp_path)
    earlier = relied_case.gated(root)
    countersigned(earlier, KeyAttestor([relied_case.BO]))
    keys = {"training": relied_case.TRAINING, "bo": relied_case.BO}
    trust = policy(keys, verdict={"threshold": 2})
    if zipped:
        files = {
            path.relative_to(earlier).as_posix(): path.read_bytes() for path in earlier.rglob("*") if path.is_file()
        }
        shutil.rmtree(earlier)
        write(earlier.with_suffix(".zip"), zip_bytes(files))
    made = relied_case.relying(root, trust=trust)
    folder = tmp_path / "out"
    write_package(folder, made, attestor=KeyAttestor(list(keys.values())), version="0")
    report = checked(folder, trust, checks=(check_relied_on(trust, NOW),))
    assert report.ok, report.failures
    (row,) = relied_case.rows(report).values()
    assert row.detail.startswith("signed by key:bo, key:training: PASSED")
    if not zipped:
        next((earlier / "countersignatures").iterdir()).unlink()
        assert "1 of the 2" in _not_relied_on(root, trust)
        shutil.rmtree(earlier / "countersignatures")
        (earlier / "countersignatures").symlink_to(tmp_path)
        assert "is a link" in _not_relied_on(root, trust)


def _not_relied_on(root: Path, trust: TrustPolicy) -> str:
    """Why the one earlier verdict says nothing of the model."""
    found = relied_case.relying(root, trust=trust).graph.observations.values()
    (item,) = [each for each in found if (each.subject, each.type) == ("model:m", "verdict")]
    return item.coverage.skipped[0].reason
