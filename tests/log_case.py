"""Transparency logs for tests: keys, small logs on disk, and what must hold of one whatever happened to it."""

from __future__ import annotations

import hashlib
from pathlib import Path

from signing_case import ed_key

from probatum.attestations.keys.signing_key import SigningKey
from probatum.attestations.log import merkle
from probatum.attestations.log.checkpoint import Checkpoint, verified
from probatum.attestations.log.store import Log
from probatum.attestations.log.verifier_key import COSIGNATURE, NoteSigner

ORIGIN = "log.example/verdicts"
LOG_KEY = ed_key("log.pem")
SIGNER = NoteSigner.of(ORIGIN, LOG_KEY)


def witness(name: str = "witness.example/w", key: SigningKey | None = None) -> NoteSigner:
    return NoteSigner.of(name, key or ed_key(name), COSIGNATURE)


def entry(number: int) -> bytes:
    return b"entry %d of the test" % number


def new_log(folder: Path, size: int = 0, signer: NoteSigner = SIGNER) -> Log:
    log = Log.create(folder, signer)
    if size:
        log.append([entry(number) for number in range(size)], signer)
    return log


def all_entries(log: Log) -> list[bytes]:
    size = log.checkpoint().size
    reader = log.reader(size)
    return [item for index in range((size + 255) // 256) for item in reader.entries(index)]


def root_of(entries: list[bytes]) -> bytes:
    """MTH of RFC 6962, section 2.1, word for word, for trees of any size."""
    if len(entries) <= 1:
        return hashlib.sha256(b"\x00" + entries[0]).digest() if entries else hashlib.sha256().digest()
    split = 1 << (len(entries) - 1).bit_length() - 1
    return hashlib.sha256(b"\x01" + root_of(entries[:split]) + root_of(entries[split:])).digest()


def assert_whole(log: Log) -> list[bytes]:
    """Checkpoint, entries and tiles of all levels agree; gives the entries."""
    checkpoint, entries = log.checkpoint(), all_entries(log)
    assert len(entries) == checkpoint.size
    assert root_of(entries) == checkpoint.root
    reader = log.reader(checkpoint.size)
    assert merkle.root(reader.hash, checkpoint.size) == checkpoint.root
    for index, item in enumerate(entries):
        assert reader.hash(0, index) == merkle.leaf_hash(item)
    return entries


def assert_extends(log: Log, signed: bytes) -> Checkpoint:
    """An earlier checkpoint of the log is a beginning of it."""
    old, new = verified(signed, log.key), log.checkpoint()
    assert old.size <= new.size, "the log was rolled back"
    if old.size:
        proof = merkle.consistency_proof(log.reader(new.size).hash, old.size, new.size)
        assert merkle.consistent(old.size, old.root, new.size, new.root, proof), "the log was forked"
    return old
