"""What lies beside an earlier verdict, a log's proof and a timestamp, counts for the gate as it does for an auditor."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from certificate_case import clock
from log_case import SIGNER, new_log, witness
from package_case import KEY, assessment, contents, graph, pipeline
from signing_case import NOW, ed_key, policy
from timestamp_case import Authority

from probatum.attestations.attestor import KeyAttestor
from probatum.attestations.documents import dsse
from probatum.attestations.documents.verifier import TrustVerifier
from probatum.attestations.log import note
from probatum.attestations.log.store import Log
from probatum.attestations.log.writer import LogWriter
from probatum.attestations.package.write import write_package
from probatum.attestations.package.zip_package import zip_bytes
from probatum.attestations.trust.policy import Role, TrustPolicy
from probatum.attestations.trust.signing_time import Window, shown
from probatum.attestations.trust.trusted import TrustedLog
from probatum.attestations.verify.package import Demands, verify_package
from probatum.collectors.base import Context
from probatum.collectors.verdicts import Verdicts
from probatum.content import read_content
from probatum.evaluator.graph import Observation, Subject

WITNESS = witness()
SEEN_AT = NOW - timedelta(hours=1)
CLOCK = Authority(at=SEEN_AT)
PROOF, STAMP = "verdict.tlog-proof", "verdict.tsr"


def trusting(*logs: str, clock_too: bool = True, **verdict: Any) -> TrustPolicy:
    """Trusts the gate's key, the log and the clock; the role `verdict` demands what is given."""
    base = policy({"gate": KEY}, verdict=verdict)
    roles = {**base.roles, "log": Role("log", tuple(f"log:{name}" for name in logs), ())} if logs else base.roles
    named = {name: TrustedLog(str(SIGNER.key), (str(WITNESS.key),), 1) for name in logs}
    clocks = {"clock": clock(CLOCK)} if clock_too else {}
    return replace(base, roles=roles, logs=named, timestamp_authorities=clocks)


def proven(log: Log, verdict: bytes) -> bytes:
    """The verdict is appended to the log; a witness cosigns the checkpoint of its proof."""
    LogWriter(log, SIGNER).append(verdict, source="verdict")
    proof = log.proof(log.checkpoint().size - 1)
    line = note.cosignature(proof.checkpoint, WITNESS, int(SEEN_AT.timestamp()))
    return replace(proof, checkpoint=proof.checkpoint + line).to_bytes()


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return new_log(tmp_path / "log", 3)


@pytest.fixture
def root(tmp_path: Path, log: Log) -> Path:
    """A pipeline with the package of its training gate, logged and timestamped."""
    place = pipeline(tmp_path / "pipeline")
    told = assessment(graph(place), stage="training", evaluated_at=shown(SEEN_AT - timedelta(hours=1)))
    (place / "verdicts").mkdir()
    write_package(
        place / "verdicts" / "training",
        contents(place, assessment=told),
        attestor=KeyAttestor([KEY]),
        detached={PROOF: lambda verdict: proven(log, verdict), STAMP: CLOCK.stamp},
        version="0",
    )
    return place


def observe(root: Path, trust: TrustPolicy) -> tuple[list[dict[str, Any]], str, Observation, set[bytes]]:
    """The verdicts that are told of the model, why others are not, the observation, and what was kept."""
    model = Subject("model", "m", {"sha256": read_content(root / "m.bin").sha256}, "m.bin")
    context = Context(
        root,
        {"name": "p"},
        {model.id: model},
        settings={"paths": ["verdicts/*"]},
        verifier=TrustVerifier(trust, NOW),
        now=NOW,
    )
    (found,) = Verdicts().collect(context)
    assert isinstance(found, Observation)
    why = "; ".join(item.reason for item in found.coverage.skipped)
    return found.result["verdicts"], why, found, set(dict(context.reports).values())


def refused(root: Path, trust: TrustPolicy) -> str:
    told, why, found, _ = observe(root, trust)
    assert told == []
    assert found.status == "partial"
    return why


DEMANDS = [
    trusting("main", require_log=True),
    trusting("main", require_log=True, logs=("main",), clock_too=False),
    trusting(require_timestamp=True),
    trusting("main", require_timestamp=True, clock_too=False),
    trusting("main", require_timestamp=True, timestamp_authorities=("clock",)),
    trusting("main", require_log=True, require_timestamp=True),
    trusting(),
]


@pytest.mark.parametrize("trust", DEMANDS)
def test_what_others_vouch_for_is_read(root: Path, trust: TrustPolicy) -> None:
    """The collector and the auditor's `verify` say the same of one package."""
    told, why, found, kept = observe(root, trust)
    assert (len(told), why) == (1, "")
    folder = root / "verdicts" / "training"
    for name in (PROOF, STAMP):
        assert found.inputs[f"verdicts/training/{name}"]
        assert (folder / name).read_bytes() in kept, "an auditor can verify it again"
    signer = [
        row
        for row in verify_package(folder, Demands(trust, "a trust policy", NOW)).rows
        if row.check == "verdict.dsse.json: signer"
    ]
    assert [row.ok for row in signer] == [True]


def test_what_others_vouch_for_is_read_in_one_file_too(root: Path) -> None:
    folder = root / "verdicts" / "training"
    files = {item.relative_to(folder).as_posix(): item for item in folder.rglob("*") if item.is_file()}
    folder.with_suffix(".zip").write_bytes(zip_bytes({name: item.read_bytes() for name, item in files.items()}))
    shutil.rmtree(folder)
    told, why, found, _ = observe(root, trusting("main", require_log=True, require_timestamp=True))
    assert (len(told), why) == (1, "")
    assert {f"verdicts/training.zip/{name}" for name in (PROOF, STAMP)} <= set(found.inputs)


@pytest.mark.parametrize(
    ("gone", "trust", "words"),
    [
        (PROOF, trusting("main", require_log=True), "no log holds it"),
        (STAMP, trusting(require_timestamp=True), "its time is not vouched for"),
        (STAMP, trusting("main", require_timestamp=True, timestamp_authorities=("clock",)), "not vouched for by clock"),
    ],
)
def test_what_is_demanded_and_is_not_there(root: Path, gone: str, trust: TrustPolicy, words: str) -> None:
    """Somebody takes the proof out of the package, with the verdict's signature as good as ever."""
    (root / "verdicts" / "training" / gone).unlink()
    assert words in refused(root, trust)


@pytest.mark.parametrize("name", [PROOF, STAMP])
@pytest.mark.parametrize("demanded", [True, False])
def test_what_does_not_hold_refuses_the_verdict(root: Path, name: str, demanded: bool) -> None:
    """A proof that was spoilt is no missing proof, whether a role demands one or not; as in `probatum verify`."""
    path = root / "verdicts" / "training" / name
    path.write_bytes(path.read_bytes()[:-40])
    trust = trusting("main", require_log=demanded, require_timestamp=demanded)
    assert "what lies beside verdicts/training/verdict.dsse.json does not hold" in refused(root, trust)
    assert not verify_package(path.parent, Demands(trust, "a trust policy", NOW)).ok


def test_nobody_who_could_check_it_was_named(root: Path) -> None:
    """Without a log and without an authority in the trust policy, what lies there says nothing, good or bad."""
    (root / "verdicts" / "training" / PROOF).write_bytes(b"anything")
    assert len(observe(root, trusting())[0]) == 1


def test_the_proof_of_another_verdict(root: Path, log: Log) -> None:
    """A proof is real, and is of another verdict of the same gate."""
    folder = root / "verdicts" / "training"
    payload = dsse.parse((folder / "verdict.dsse.json").read_bytes(), source="x").payload
    other = dsse.sign(payload.replace(b"PASSED", b"FAILED"), (KEY,)).to_bytes()
    (folder / PROOF).write_bytes(proven(log, other))
    assert "does not have this entry" in refused(root, trusting("main", require_log=True))
    (folder / PROOF).unlink()
    (folder / STAMP).write_bytes(CLOCK.stamp(other))
    assert STAMP in refused(root, trusting(require_timestamp=True))


def test_a_signature_added_after_logging(root: Path) -> None:
    """A stranger's signature makes other bytes, which neither the log nor the authority saw."""
    path = root / "verdicts" / "training" / "verdict.dsse.json"
    payload = dsse.parse(path.read_bytes(), source="x").payload
    path.write_bytes(dsse.sign(payload, (KEY, ed_key("stranger"))).to_bytes())
    assert "does not have this entry" in refused(root, trusting("main", require_log=True, clock_too=False))
    assert STAMP in refused(root, trusting(require_timestamp=True))


@pytest.mark.parametrize("name", [PROOF, STAMP])
def test_a_proof_that_is_a_link(root: Path, tmp_path: Path, name: str) -> None:
    """Links lead nowhere, even to a proof that would hold, and even where nobody demands one."""
    path = root / "verdicts" / "training" / name
    path.rename(tmp_path / name)
    path.symlink_to(tmp_path / name)
    assert f"verdicts/training/{name} is a link" in refused(root, trusting("main"))
    assert str(tmp_path) not in refused(root, trusting("main"))


def test_a_key_that_is_past_its_time_signed_within_it(root: Path) -> None:
    """Verdict and assessment are judged at the time that others vouch for; without one, at the gate's own."""
    until = {"key:gate": Window(valid_until=NOW - timedelta(minutes=30))}
    stamped = replace(trusting(), windows=until)
    logged = replace(trusting("main", clock_too=False), windows=until)
    for trust in (stamped, logged):
        assert len(observe(root, trust)[0]) == 1
    assert "valid until" in refused(root, replace(trusting(clock_too=False), windows=until))
    for name in (PROOF, STAMP):
        (root / "verdicts" / "training" / name).unlink()
    assert "valid until" in refused(root, stamped)
