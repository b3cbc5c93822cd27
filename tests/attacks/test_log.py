"""Attacks on the transparency log: on its history, on the proofs of it, and on the files that it lies in."""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from log_case import LOG_KEY, ORIGIN, SIGNER, assert_whole, entry, new_log, root_of, witness
from package_case import assessment, contents, graph, pipeline
from revocation_case import SECURITY, revocation
from signing_case import NOW, ec_key, ed_key

from probatum.attestations.attestor import KeyAttestor
from probatum.attestations.documents import dsse
from probatum.attestations.log import note
from probatum.attestations.log.check_log import INCLUSION, Logged, check_log
from probatum.attestations.log.checkpoint import Checkpoint, verified
from probatum.attestations.log.entry import entry_of
from probatum.attestations.log.examine import Examination
from probatum.attestations.log.export import export_to_file, export_to_git, kept_in_git
from probatum.attestations.log.history import Seen
from probatum.attestations.log.proof import LogProof
from probatum.attestations.log.store import Log
from probatum.attestations.log.verifier_key import COSIGNATURE, NoteSigner
from probatum.attestations.log.witness import observe
from probatum.attestations.log.writer import LogWriter
from probatum.attestations.package.names import LOG_PROOF
from probatum.attestations.package.write import write_package
from probatum.attestations.revocation.document import Given
from probatum.attestations.revocation.entry import Entry, key_target
from probatum.attestations.revocation.gather import gather
from probatum.attestations.statement import statement as made_statement
from probatum.attestations.trust.policy import Role, TrustPolicy
from probatum.attestations.trust.predicates import DEFAULT_TYPES, REVOCATION
from probatum.attestations.trust.roles import allow
from probatum.attestations.trust.signing_time import SignatureFacts
from probatum.attestations.trust.trusted import TrustedLog
from probatum.attestations.verify.package import Demands, verify_package
from probatum.errors import TrustError, UsageError

KEY = ed_key("release")
W1, W2, W3 = (witness(f"w{number}.example") for number in (1, 2, 3))
VERDICT_TYPE = DEFAULT_TYPES["verdict"][0]
SEEN_AT = int((NOW - timedelta(hours=1)).timestamp())


def policy(
    witnesses: Sequence[NoteSigner] = (), quorum: int = 0, key: NoteSigner = SIGNER, **fields: Any
) -> TrustPolicy:
    log = TrustedLog(str(key.key), tuple(str(one.key) for one in witnesses), quorum)
    roles = {
        "verdict": Role("verdict", ("key:release",), DEFAULT_TYPES["verdict"], require_log=True),
        "log": Role("log", ("log:internal",), ()),
    }
    return TrustPolicy({"release": KEY.public}, roles, logs={"internal": log}, **fields)


def verdict(number: int = 0, *keys: Any) -> bytes:
    subject = [{"name": "model:m", "digest": {"sha256": f"{number:064x}"}}]
    predicate = {
        "resourceUri": "urn:probatum:pipeline:p",
        "verificationResult": "PASSED",
        "timeVerified": "2026-11-20T06:00:00Z",
    }
    import json

    payload = json.dumps(made_statement(subject, VERDICT_TYPE, predicate)).encode()
    return dsse.sign(payload, keys or (KEY,)).to_bytes()


def logged(folder: Path, *documents: bytes) -> Log:
    log = new_log(folder, 5)
    for document in documents:
        LogWriter(log, SIGNER).append(document, source="verdict")
    return log


def cosigned(proof: LogProof, *signers: NoteSigner, time: int = SEEN_AT) -> bytes:
    lines = b"".join(note.cosignature(proof.checkpoint, signer, time) for signer in signers)
    return replace(proof, checkpoint=proof.checkpoint + lines).to_bytes()


def check(document: bytes, proof: bytes | None, trust: TrustPolicy) -> Logged:
    return check_log(document, proof, trust=trust, now=NOW)


def allowed(found: Logged, trust: TrustPolicy) -> bool:
    facts = {"key:release": [SignatureFacts(found.signed_at, found.logs)]}
    return bool(allow(trust, VERDICT_TYPE, ["key:release"], None, NOW, facts=facts).roles)


def refused(found: Logged, trust: TrustPolicy) -> str:
    """Some row failed, no log counts, and the role that requires one refuses."""
    assert any(row.ok is False for row in found.rows)
    assert not found.logs
    assert found.signed_at is None
    assert not allowed(found, trust)
    return "; ".join(row.detail for row in found.rows if row.ok is False)


def test_what_holds_is_accepted(tmp_path: Path) -> None:
    """The opposite of every attack below."""
    log = logged(tmp_path / "log", verdict())
    trust = policy([W1, W2, W3], 2)
    found = check(verdict(), cosigned(log.proof(5), W1, W3), trust)
    assert [row for row in found.rows if row.ok is False] == []
    assert allowed(found, trust)
    assert found.signed_at == datetime.fromtimestamp(SEEN_AT, UTC)


def test_a_required_log_that_is_missing(tmp_path: Path) -> None:
    """The proof is simply taken out of the package."""
    trust = policy()
    found = check(verdict(), None, trust)
    assert not allowed(found, trust)
    assert [(row.check, row.ok) for row in found.rows] == [(INCLUSION, None)]


def test_a_proof_that_nobody_asked_about_is_said_to_be_unchecked() -> None:
    """A verifier that names no log must not be told that the verdict is logged, whatever lies beside it."""
    trust = TrustPolicy({"release": KEY.public}, {})
    found = check(verdict(), b"anything", trust)
    assert {row.ok for row in found.rows} == {None}
    assert {row.check for row in found.rows} == {LOG_PROOF, INCLUSION}
    assert check(verdict(), None, trust).rows == ()


def test_the_log_entry_of_another_verdict(tmp_path: Path) -> None:
    """A proof is real, and proves that something else was logged."""
    log, trust = logged(tmp_path / "log", verdict(1), verdict(2)), policy()
    assert "does not have this entry" in refused(check(verdict(1), log.proof(6).to_bytes(), trust), trust)


def test_the_log_entry_of_another_signature_over_the_same_verdict(tmp_path: Path) -> None:
    """The same statement, signed by somebody else: what was logged was never this document."""
    log, trust = logged(tmp_path / "log", verdict(1, ed_key("somebody"))), policy()
    assert "does not have this entry" in refused(check(verdict(1), log.proof(5).to_bytes(), trust), trust)


def test_the_log_entry_of_another_signature_of_the_same_key(tmp_path: Path) -> None:
    """ECDSA signs differently each time: the entry is of the exact document, not of its payload and signer."""
    key = ec_key()
    one, two = verdict(1, key), verdict(1, key)
    log, trust = logged(tmp_path / "log", one), policy()
    assert check(one, log.proof(5).to_bytes(), trust).logs
    refused(check(two, log.proof(5).to_bytes(), trust), trust)


def test_a_signature_added_after_logging(tmp_path: Path) -> None:
    """A second signature makes another document, which was not in the log."""
    log, trust = logged(tmp_path / "log", verdict(1)), policy()
    refused(check(verdict(1, KEY, ed_key("late")), log.proof(5).to_bytes(), trust), trust)


def test_a_proof_for_another_index(tmp_path: Path) -> None:
    """The index is part of what is proven: order in the log is evidence."""
    log, trust = logged(tmp_path / "log", verdict(1), verdict(2)), policy()
    for index in (0, 4, 6, 7, 1 << 62):
        refused(check(verdict(1), replace(log.proof(5), index=index).to_bytes(), trust), trust)
    alone = new_log(tmp_path / "alone")
    LogWriter(alone, SIGNER).append(verdict(1), source="verdict")
    assert allowed(check(verdict(1), alone.proof(0).to_bytes(), trust), trust)
    for index in (1, 5):
        refused(check(verdict(1), replace(alone.proof(0), index=index).to_bytes(), trust), trust)


def test_a_proof_with_more_or_fewer_hashes(tmp_path: Path) -> None:
    """Hashes behind the end of a path would be a place to hide bytes in, and a lenient verifier's undoing."""
    log, trust = logged(tmp_path / "log", verdict(1)), policy()
    proof = log.proof(5)
    for hashes in (
        (*proof.hashes, bytes(32)),
        (*proof.hashes, proof.hashes[-1]),
        proof.hashes[:-1],
        (),
        proof.hashes[::-1],
    ):
        refused(check(verdict(1), replace(proof, hashes=tuple(hashes)).to_bytes(), trust), trust)


def test_an_inner_hash_presented_as_an_entry(tmp_path: Path) -> None:
    """RFC 6962 prefixes leaves and nodes differently, or a node's two hashes would pass as an entry."""
    log = new_log(tmp_path / "log", 4)
    pair = b"".join(log.reader(4).tile(0, 0)[:2])
    proof = LogProof(0, (log.proof(0).hashes[-1],), log.signed_checkpoint())
    with pytest.raises(TrustError, match="does not have this entry"):
        proof.verify(pair, log.key)
    two = Checkpoint(ORIGIN, 2, log.checkpoint().root).signed(SIGNER)
    with pytest.raises(TrustError, match="does not have this entry"):
        replace(proof, checkpoint=two).verify(pair, log.key)


def test_a_checkpoint_of_another_origin_with_the_same_key(tmp_path: Path) -> None:
    """An operator who uses one key for two logs, a lax one and a strict one: the name decides."""
    other = NoteSigner.of("log.example/test", LOG_KEY)
    log = new_log(tmp_path / "log", signer=other)
    LogWriter(log, other).append(verdict(), source="verdict")
    trust = policy()
    assert "the trust policy does not know it" in refused(check(verdict(), log.proof(0).to_bytes(), trust), trust)
    disguised = Checkpoint(ORIGIN, 1, log.checkpoint().root).text.encode() + b"\n"
    disguised += log.signed_checkpoint().rpartition(b"\n\n")[2]
    assert "not signed by the log" in refused(
        check(verdict(), replace(log.proof(0), checkpoint=disguised).to_bytes(), trust), trust
    )
    signed_as = note.sign(Checkpoint("log.example/test", 1, log.checkpoint().root).text, SIGNER)
    refused(check(verdict(), replace(log.proof(0), checkpoint=signed_as).to_bytes(), trust), trust)
    with pytest.raises(TrustError, match="of another log"):
        verified(signed_as, SIGNER.key)


def test_a_log_of_the_same_name_with_another_key(tmp_path: Path) -> None:
    """Anybody can name a log as he likes."""
    mine = NoteSigner.of(ORIGIN, ed_key("attacker"))
    log, trust = new_log(tmp_path / "log", signer=mine), policy()
    LogWriter(log, mine).append(verdict(), source="verdict")
    assert "not signed by the log" in refused(check(verdict(), log.proof(0).to_bytes(), trust), trust)


def test_a_log_without_the_role(tmp_path: Path) -> None:
    """A log that the policy names and does not believe vouches for nothing."""
    log, trust = logged(tmp_path / "log", verdict()), policy()
    trust = replace(trust, roles={"verdict": trust.roles["verdict"]})
    found = check(verdict(), log.proof(5).to_bytes(), trust)
    assert not found.logs
    assert not allowed(found, trust)


def test_one_key_for_verdicts_and_for_the_log(tmp_path: Path) -> None:
    """Whoever has it can write verdict and history anew: the writer refuses, and so does the verifier."""
    shared = NoteSigner.of(ORIGIN, KEY)
    log, trust = new_log(tmp_path / "log", signer=shared), policy(key=shared)
    writer = LogWriter(log, shared)
    writer.append(verdict(), source="verdict")
    assert "could write the log anew" in refused(check(verdict(), log.proof(0).to_bytes(), trust), trust)
    with pytest.raises(UsageError, match="also signs the verdict"):
        writer.refuse_signers(KEY.public.id)


def test_a_log_or_witness_whose_key_was_revoked(tmp_path: Path) -> None:
    """The key of the log was stolen, or that of a witness: whoever has both writes the history anew."""
    log = logged(tmp_path / "log", verdict())
    trust = replace(policy([W1, W2, W3], 2), keys={"release": KEY.public, "security": SECURITY.public})
    trust = replace(trust, roles={**trust.roles, "revocation": Role("revocation", ("key:security",), (REVOCATION,))})
    proof = cosigned(log.proof(5), W1, W2)

    def knowing(name: str, since: datetime | None = None) -> TrustPolicy:
        document = revocation(Entry(key_target(name), "key-compromise", since=since))
        found = gather([Given("r", document)], trust, NOW)
        assert not found.problems
        return replace(trust, revocations=found)

    assert allowed(check(verdict(), proof, trust), trust)
    known = knowing(SIGNER.key.id)
    assert "revoked" in refused(check(verdict(), proof, known), known)
    later = knowing(SIGNER.key.id, NOW - timedelta(minutes=1))
    assert allowed(check(verdict(), proof, later), later), "witnesses saw it before"
    one_left = knowing(W2.key.id, NOW)
    assert "1 cosigned" in refused(check(verdict(), proof, one_left), one_left)


def test_too_few_witnesses(tmp_path: Path) -> None:
    """A quorum is of different keys that the policy names: no strangers, no key twice, and not the log itself."""
    log = logged(tmp_path / "log", verdict())
    proof, trust = log.proof(5), policy([W1, W2, W3], 2)
    twin = NoteSigner.of("w2.example", W1.private, COSIGNATURE)
    itself = NoteSigner.of("log-as-witness", LOG_KEY, COSIGNATURE)
    for signers in ((W1,), (W1, W1), (W1, witness("w2.example")), (W1, witness()), (W1, twin), ()):
        assert "cosigned" in refused(check(verdict(), cosigned(proof, *signers), trust), trust)
    twins = policy([W1, twin, W3], 2)
    refused(check(verdict(), cosigned(proof, W1, twin), twins), twins)
    selfish = policy([W1, itself], 2)
    refused(check(verdict(), cosigned(proof, W1, itself), selfish), selfish)


def test_a_cosignature_that_does_not_hold(tmp_path: Path) -> None:
    """A known witness under the checkpoint of another log, or a plain signature in place of a cosignature."""
    log = logged(tmp_path / "log", verdict())
    proof, trust = log.proof(5), policy([W1], 1)
    other = note.cosignature(Checkpoint(ORIGIN, 0, root_of([])).signed(SIGNER), W1, SEEN_AT)
    assert "does not hold" in refused(
        check(verdict(), replace(proof, checkpoint=proof.checkpoint + other).to_bytes(), trust), trust
    )
    plain = note.sign(Note_text(proof), NoteSigner.of(W1.key.name, W1.private)).rpartition(b"\n\n")[2]
    refused(check(verdict(), replace(proof, checkpoint=proof.checkpoint + plain).to_bytes(), trust), trust)
    wrong_kind = policy([NoteSigner.of("w1.example", W1.private)], 1)
    assert "no key of a witness" in refused(check(verdict(), cosigned(proof, W1), wrong_kind), wrong_kind)


def Note_text(proof: LogProof) -> str:  # noqa: N802
    return note.Note.parse(proof.checkpoint).text


def test_a_witness_from_the_future(tmp_path: Path) -> None:
    """A time that has not come yet vouches for nothing."""
    log = logged(tmp_path / "log", verdict())
    trust = policy([W1], 1)
    for moment in (NOW + timedelta(days=1), datetime(9999, 12, 31, tzinfo=UTC)):
        late = cosigned(log.proof(5), W1, time=int(moment.timestamp()))
        assert "in the future" in refused(check(verdict(), late, trust), trust)
    refused(check(verdict(), cosigned(log.proof(5), W1, time=(1 << 63) - 1), trust), trust)


def test_one_backdating_witness_does_not_make_the_time(tmp_path: Path) -> None:
    """The time is one by which as many witnesses as the quorum had seen the entry, not the earliest that any states."""
    log = logged(tmp_path / "log", verdict())
    proof, trust = log.proof(5), policy([W1, W2, W3], 2)
    lines = b"".join(
        note.cosignature(proof.checkpoint, signer, time)
        for signer, time in ((W1, 1000), (W2, SEEN_AT), (W3, SEEN_AT + 60))
    )
    found = check(verdict(), replace(proof, checkpoint=proof.checkpoint + lines).to_bytes(), trust)
    assert found.signed_at == datetime.fromtimestamp(SEEN_AT, UTC)


def test_the_logs_own_clock_vouches_for_nothing(tmp_path: Path) -> None:
    """Without witnesses there is inclusion and no time: the operator can log whatever he likes whenever he likes."""
    log, trust = logged(tmp_path / "log", verdict()), policy()
    found = check(verdict(), log.proof(5).to_bytes(), trust)
    assert found.logs == {"internal"}
    assert found.signed_at is None
    assert any(row.ok is None and "nobody vouches for the time" in row.detail for row in found.rows)


def test_signatures_of_strangers_are_not_counted_and_are_said(tmp_path: Path) -> None:
    """C2SP signed-note wants unknown keys to be passed over; the report says so."""
    log, trust = logged(tmp_path / "log", verdict()), policy()
    found = check(verdict(), cosigned(log.proof(5), W1, W2), trust)
    assert found.logs
    assert any("2 signatures of keys" in row.detail for row in found.rows if row.ok is None)


def test_sizes_beyond_any_log(tmp_path: Path) -> None:
    """2^63 and more, zero-padded, negative: refused before anything is computed with them."""
    log, trust = logged(tmp_path / "log", verdict()), policy()
    proof = log.proof(5)
    for size in (str(1 << 63), str(1 << 64), "9" * 40, "06", "-6", "6.0", "٦"):
        text = f"{ORIGIN}\n{size}\n{base64.b64encode(log.checkpoint().root).decode()}\n"
        forged = replace(proof, checkpoint=note.sign(text, SIGNER))
        refused(check(verdict(), forged.to_bytes(), trust), trust)
    huge = Checkpoint(ORIGIN, (1 << 63) - 1, log.checkpoint().root).signed(SIGNER)
    refused(check(verdict(), replace(proof, checkpoint=huge).to_bytes(), trust), trust)


def test_notes_that_two_readers_read_differently(tmp_path: Path) -> None:
    """Where the text ends and the signatures begin must be the same for everybody."""
    log, trust = logged(tmp_path / "log", verdict()), policy()
    proof = log.proof(5)
    good = proof.checkpoint
    text, _, lines = good.rpartition(b"\n\n")
    for bad in (
        good.replace(b"\n\n", b"\n", 1),
        good.replace(b"\n\n", b"\n\n\n", 1),
        good.replace(b"\n", b"\r\n"),
        good.replace(b"\n\n", "\n\u2028\n".encode(), 1),
        good.replace(b"\n\n", b"\n \n", 1),
        good + b"\n",
        good.rstrip(b"\n"),
        b"\xef\xbb\xbf" + good,
        good.replace(ORIGIN.encode(), ORIGIN.encode() + b"\xc2\xa0", 1),
        text + b"\n\n" + lines * 101,
        text + b"\n\n" + lines.replace("—".encode(), b"-"),
    ):
        refused(check(verdict(), replace(proof, checkpoint=bad).to_bytes(), trust), trust)


def test_a_rolled_back_log(tmp_path: Path) -> None:
    """The operator restores an older state: a witness, an export and a kept proof each notice."""
    log = new_log(tmp_path / "log", 300)
    observe(log, tmp_path / "state", key=log.key, signer=W1, time=SEEN_AT)
    export_to_file(log, tmp_path / "export")
    kept = Seen("package", log.checkpoint())
    shutil.rmtree(log.folder)
    log = new_log(log.folder, 299)
    with pytest.raises(TrustError, match="rolled back"):
        observe(log, tmp_path / "state", key=None, signer=W1, time=SEEN_AT)
    with pytest.raises(TrustError, match="rolled back"):
        export_to_file(log, tmp_path / "export")
    assert any("entries 299 to 299 are gone" in row.detail for row in Examination(log, True, [kept]).rows())


def test_a_forked_log(tmp_path: Path) -> None:
    """The operator shows one history to the verifier and another to the witness."""
    log = new_log(tmp_path / "log", 300)
    observe(log, tmp_path / "state", key=log.key, signer=W1, time=SEEN_AT)
    export_to_file(log, tmp_path / "export")
    fork = new_log(tmp_path / "fork")
    fork.append([entry(number) if number != 150 else b"another verdict" for number in range(310)], SIGNER)
    with pytest.raises(TrustError, match="rewritten or forked"):
        observe(fork, tmp_path / "state", key=None, signer=W1, time=SEEN_AT)
    with pytest.raises(TrustError, match="rewritten or forked"):
        export_to_file(fork, tmp_path / "export")
    rows = [row for row in Examination(fork, True, [], [log]).rows() if row.ok is False]
    assert "they part at entry 150" in rows[0].detail
    assert observe(log, tmp_path / "state", key=None, signer=W1, time=SEEN_AT).now.size == 300


@pytest.fixture
def repository(tmp_path: Path) -> tuple[Log, Path]:
    """A log, and a repository that has its checkpoints."""
    log, folder = new_log(tmp_path / "log", 3), tmp_path / "git"
    git(tmp_path, "init", "--quiet", str(folder))
    git(folder, "config", "user.name", "n")
    git(folder, "config", "user.email", "n@example.com")
    export_to_git(log, folder)
    assert [seen.checkpoint.size for seen in kept_in_git(folder, log.key)] == [3]
    return log, folder


def git(folder: Path, *arguments: str, data: str = "") -> str:
    done = subprocess.run(["git", "-C", folder, *arguments], input=data, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def program(tmp_path: Path) -> tuple[Path, Path]:
    """A program of the attacker's, and the file that shows that it ran."""
    path, ran = tmp_path / "evil", tmp_path / "ran"
    path.write_text(f"#!/bin/sh\ntouch {ran}\n")
    path.chmod(0o755)
    return path, ran


def test_a_repository_that_names_a_program_to_check_signatures_with(
    tmp_path: Path, repository: tuple[Log, Path]
) -> None:
    """Whoever hands over a repository with exported checkpoints hands over its configuration, too."""
    log, folder = repository
    evil, ran = program(tmp_path)
    lines = git(folder, "cat-file", "commit", "HEAD").split("\n\n", 1)
    signed = f"{lines[0]}\ngpgsig -----BEGIN PGP SIGNATURE-----\n x\n -----END PGP SIGNATURE-----\n\n{lines[1]}\n"
    git(folder, "update-ref", "HEAD", git(folder, "hash-object", "-t", "commit", "-w", "--stdin", data=signed))
    git(folder, "config", "log.showSignature", "true")
    git(folder, "config", "gpg.program", str(evil))
    assert [seen.checkpoint.size for seen in kept_in_git(folder, log.key)] == [3]
    assert not ran.exists()
    git(folder, "log", "--format=%H")
    assert ran.exists(), "that is what git log does"


def test_a_repository_that_names_a_command_to_get_its_objects_with(
    tmp_path: Path, repository: tuple[Log, Path]
) -> None:
    """A partial clone gets what it lacks from where its configuration says, when it is read."""
    log, folder = repository
    evil, ran = program(tmp_path)
    blob = git(folder, "rev-parse", f"HEAD:{git(folder, 'ls-tree', '--name-only', 'HEAD')}")
    (folder / ".git/objects" / blob[:2] / blob[2:]).unlink()
    for name, value in (
        ("core.repositoryFormatVersion", "1"),
        ("extensions.partialClone", "origin"),
        ("remote.origin.promisor", "true"),
        ("remote.origin.url", f"ext::{evil}"),
        ("protocol.ext.allow", "always"),
    ):
        git(folder, "config", name, value)
    with pytest.raises(UsageError):
        kept_in_git(folder, log.key)
    assert not ran.exists()
    subprocess.run(["git", "-C", folder, "cat-file", "blob", blob], capture_output=True, check=False)
    assert ran.exists(), "that is what git does"


def test_a_repository_that_shows_another_history(repository: tuple[Log, Path]) -> None:
    """A replaced object hides a checkpoint that was exported, without a new commit id."""
    log, folder = repository
    log.append([entry(9)], SIGNER)
    export_to_git(log, folder)
    git(folder, "replace", "HEAD", "HEAD~1")
    assert [seen.checkpoint.size for seen in kept_in_git(folder, log.key)] == [3, 4]


def test_a_witness_is_not_led_to_another_key(tmp_path: Path) -> None:
    """The folder brings its own key along: the first one must come from elsewhere, and it never changes."""
    log = new_log(tmp_path / "log", 3)
    with pytest.raises(UsageError, match="new to this witness"):
        observe(log, tmp_path / "state", key=None, signer=W1, time=SEEN_AT)
    observe(log, tmp_path / "state", key=log.key, signer=W1, time=SEEN_AT)
    other = new_log(tmp_path / "other", 5, NoteSigner.of(ORIGIN, ed_key("attacker")))
    with pytest.raises(TrustError, match="the key of the log"):
        observe(other, tmp_path / "state", key=None, signer=W1, time=SEEN_AT)
    with pytest.raises(TrustError, match="the key of the log"):
        observe(log, tmp_path / "state", key=other.key, signer=W1, time=SEEN_AT)
    with pytest.raises(UsageError, match="key of its own"):
        observe(log, tmp_path / "state", key=None, signer=NoteSigner.of("w", LOG_KEY, COSIGNATURE), time=SEEN_AT)


def test_a_witness_whose_memory_was_touched_vouches_for_nothing(tmp_path: Path) -> None:
    """Taking the memory back is how a rollback would be hidden: its checkpoint must be signed by the log."""
    log, state = new_log(tmp_path / "log", 3), tmp_path / "state"
    observe(log, state, key=log.key, signer=W1, time=SEEN_AT)
    good = state.read_text()
    older = Checkpoint(ORIGIN, 2, root_of([entry(0), entry(1)])).text.replace("\n", "\\n")
    assert log.checkpoint().text.replace("\n", "\\n") in good
    state.write_text(good.replace(log.checkpoint().text.replace("\n", "\\n"), older))
    with pytest.raises(TrustError, match="does not hold"):
        observe(log, state, key=None, signer=W1, time=SEEN_AT)
    for bad in (
        good.replace("\\n3\\n", "\\n2\\n"),
        good[:-2],
        "[]",
        "{}",
        good.replace('"key"', '"kee"'),
        good.replace("v1", "v2"),
    ):
        state.write_text(bad)
        with pytest.raises(TrustError):
            observe(log, state, key=None, signer=W1, time=SEEN_AT)


def _rows(log: Log) -> list[Any]:
    return list(Examination(log, True).rows())


@pytest.mark.parametrize("name", ["tile/0/000.p/5", "tile/entries/000.p/5", "checkpoint", "log.vkey"])
def test_files_of_a_log_that_are_links(tmp_path: Path, name: str) -> None:
    """A link makes the log read, and one day write, where its owner did not look."""
    log = new_log(tmp_path / "log", 5)
    path = log.folder / name
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(TrustError, match="is a link"):
        Log.open(log.folder).append([b"x"], SIGNER)
    assert any(row.ok is False and "is a link" in row.detail for row in _rows(log)) or name == "log.vkey"


def test_folders_of_a_log_that_are_links(tmp_path: Path) -> None:
    """The same one level up: an append would write outside the log."""
    log = new_log(tmp_path / "log", 5)
    (log.folder / "tile/0").rename(tmp_path / "elsewhere")
    (log.folder / "tile/0").symlink_to(tmp_path / "elsewhere")
    before = sorted(path.name for path in (tmp_path / "elsewhere").rglob("*"))
    with pytest.raises(TrustError, match="is a link"):
        log.append([b"x"], SIGNER)
    assert sorted(path.name for path in (tmp_path / "elsewhere").rglob("*")) == before


def test_a_lock_and_a_journal_that_are_links(tmp_path: Path) -> None:
    """What an append truncates must be its own."""
    for name in (".lock", ".journal"):
        log = new_log(tmp_path / f"log{name}", 5)
        (tmp_path / "victim").write_text("precious")
        (log.folder / name).unlink()
        (log.folder / name).symlink_to(tmp_path / "victim")
        with pytest.raises((UsageError, TrustError)):
            log.append([b"x"], SIGNER)
        assert (tmp_path / "victim").read_text() == "precious"


def test_a_file_that_never_ends(tmp_path: Path) -> None:
    """A pipe would hang the reader, and an endless file fill its memory."""
    log = new_log(tmp_path / "log", 5)
    tile = log.folder / "tile/0/000.p/5"
    tile.unlink()
    os.mkfifo(tile)
    with pytest.raises(TrustError, match="no regular file"):
        log.proof(0)
    tile.unlink()
    with tile.open("wb") as stream:
        stream.truncate(1 << 40)
    with pytest.raises(TrustError, match="larger than any"):
        log.proof(0)


@pytest.mark.parametrize("width", [0, 31, 32, 128, 159, 161, 8192])
def test_tiles_of_the_wrong_width(tmp_path: Path, width: int) -> None:
    """A tile has exactly as many hashes as its log needs of it."""
    log = new_log(tmp_path / "log", 5)
    path = log.folder / "tile/0/000.p/5"
    path.write_bytes((path.read_bytes() * 60)[:width])
    with pytest.raises(TrustError, match="missing or damaged"):
        log.proof(0)
    with pytest.raises(TrustError, match="missing or damaged"):
        log.append([b"x"], SIGNER)


def test_nothing_is_appended_to_a_log_that_somebody_changed(tmp_path: Path) -> None:
    """A new checkpoint would bless the change."""
    log = new_log(tmp_path / "log", 300)
    before = log.signed_checkpoint()
    path = log.folder / "tile/1/000.p/1"
    path.write_bytes(bytes(32))
    with pytest.raises(TrustError, match="do not agree"):
        log.append([b"x"], SIGNER)
    assert log.signed_checkpoint() == before


def test_a_rewritten_entry_is_not_carried_into_the_next_tile(tmp_path: Path) -> None:
    """An append writes the entries of a tile that is not full again, and drops the older form: a change would stay."""
    log = new_log(tmp_path / "log", 5)
    path = log.folder / "tile/entries/000.p/5"
    path.write_bytes(path.read_bytes().replace(b"entry 3", b"ENTRY 3"))
    before = {name: (log.folder / name).read_bytes() for name in ("checkpoint", ".journal")}
    with pytest.raises(TrustError, match="do not have the hashes"):
        log.append([b"x"], SIGNER)
    assert {name: (log.folder / name).read_bytes() for name in before} == before


def test_a_rewritten_entry_is_named(tmp_path: Path) -> None:
    """A verdict in the log becomes another."""
    log = logged(tmp_path / "log", verdict(1), verdict(2))
    path = log.folder / "tile/entries/000.p/7"
    old, new = entry_of(verdict(1), source="x"), entry_of(verdict(3), source="x")
    path.write_bytes(path.read_bytes().replace(old, new))
    rows = [row for row in Examination(log, True).rows() if row.ok is False]
    assert any("entry 5:" in row.detail for row in rows)


def test_a_failed_append_leaves_no_package(tmp_path: Path) -> None:
    """A verdict that was meant to be logged is not given out unlogged; an earlier package stays as it was."""
    log = new_log(tmp_path / "log", 5)
    writer = LogWriter(log, SIGNER)
    of = graph(pipeline(tmp_path / "pipeline"))
    out = tmp_path / "verdict"
    options: dict[str, Any] = {"attestor": KeyAttestor([KEY]), "detached": {LOG_PROOF: writer.detach}, "version": "1"}
    write_package(out, contents(tmp_path / "pipeline"), **options)
    first = (out / LOG_PROOF).read_bytes()
    document = (out / "verdict.dsse.json").read_bytes()
    LogProof.parse(first).verify(entry_of(document, source="verdict"), log.key)
    (log.folder / "tile/0/000.p/6").write_bytes(bytes(192))
    with pytest.raises(TrustError, match="do not agree"):
        write_package(out, contents(tmp_path / "pipeline", assessment=assessment(of, outcome="fail")), **options)
    assert (out / LOG_PROOF).read_bytes() == first
    assert (out / "verdict.dsse.json").read_bytes() == document


def test_a_package_that_could_not_be_written_leaves_a_log_that_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Logged, then the disk is full: an entry without a package does no harm."""
    log = new_log(tmp_path / "log", 5)
    pipeline(tmp_path / "pipeline")
    from probatum.attestations.package import write as package

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(package, "_fill", full)
    with pytest.raises(UsageError, match="cannot write the verdict package"):
        write_package(
            tmp_path / "verdict",
            contents(tmp_path / "pipeline"),
            attestor=KeyAttestor([KEY]),
            detached={LOG_PROOF: LogWriter(log, SIGNER).detach},
            version="1",
        )
    assert not (tmp_path / "verdict").exists()
    assert len(assert_whole(log)) == 6


def test_the_payload_is_not_read_for_the_log_before_a_signature_holds(tmp_path: Path) -> None:
    """The entry is made of the payload: what nobody signed must not get that far (DESIGN, promise 5)."""
    log = new_log(tmp_path / "log", 5)
    pipeline(tmp_path / "pipeline")
    write_package(
        tmp_path / "verdict",
        contents(tmp_path / "pipeline"),
        attestor=KeyAttestor([KEY]),
        detached={LOG_PROOF: LogWriter(log, SIGNER).detach},
        version="1",
    )
    good = verify_package(tmp_path / "verdict", Demands(policy(), "test", NOW))
    assert good.ok, good.failures
    path = tmp_path / "verdict/verdict.dsse.json"
    path.write_bytes(path.read_bytes().replace(b'"sig":"', b'"sig":"AAAA', 1))
    rows = verify_package(tmp_path / "verdict", Demands(policy(), "test", NOW)).rows
    assert any(row.ok is False and row.check == "verdict.dsse.json: signature" for row in rows)
    assert not any(row.check.startswith((LOG_PROOF, INCLUSION)) for row in rows)
