"""Go's own transparency log library reads our logs, and we read its checkpoints and proofs.

The program in ``peer/`` is ours; the library is golang.org/x/mod/sumdb, which the Go checksum database is made with.
"""

from __future__ import annotations

import base64
import json
import subprocess
from pathlib import Path

import pytest
from go_case import built
from log_case import SIGNER, new_log

from probatum.attestations.log.checkpoint import verified
from probatum.attestations.log.proof import LogProof
from probatum.attestations.log.store import Log
from probatum.attestations.log.verifier_key import VerifierKey

SOURCE = Path(__file__).with_name("peer")


@pytest.fixture(scope="module")
def peer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program, built."""
    return built(SOURCE, tmp_path_factory.mktemp("peer"))


def run(peer: Path, *arguments: object) -> str:
    done = subprocess.run([peer, *map(str, arguments)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 700])
def test_go_reads_our_log(peer: Path, tmp_path: Path, size: int) -> None:
    """Its checkpoint, every entry with a proof, and every earlier size as a beginning."""
    new_log(tmp_path / "log", size)
    assert run(peer, "read", tmp_path / "log").strip() == str(size)


def test_go_reads_a_log_that_grew_and_has_an_upper_tile(peer: Path, tmp_path: Path) -> None:
    log = new_log(tmp_path / "log", 65_530)
    for number in range(8):
        log.append([b"grown %d" % number], SIGNER)
    assert run(peer, "time", tmp_path / "log", 50)
    assert Log.open(tmp_path / "log").checkpoint().size == 65_538


def test_go_notices_what_was_changed(peer: Path, tmp_path: Path) -> None:
    """The reading is no formality."""
    new_log(tmp_path / "log", 300)
    bundle = tmp_path / "log/tile/entries/000"
    bundle.write_bytes(bundle.read_bytes().replace(b"entry 77", b"entry 7x"))
    done = subprocess.run([peer, "read", tmp_path / "log"], capture_output=True, text=True)
    assert done.returncode == 1


@pytest.mark.parametrize("size", [1, 2, 7, 8, 300])
def test_we_read_what_go_signs_and_proves(peer: Path, size: int) -> None:
    made = json.loads(run(peer, "write", size))
    key = VerifierKey.parse(made["Key"])
    assert verified(made["Checkpoint"].encode(), key).size == size
    for index, hashes in enumerate(made["Proofs"]):
        proof = LogProof(index, tuple(map(base64.b64decode, hashes)), made["Checkpoint"].encode())
        assert LogProof.parse(proof.to_bytes()).verify(b"peer %d" % index, key).size == size
