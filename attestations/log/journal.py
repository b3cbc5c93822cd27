"""The newest entries of a log in one file, so that one write to the disk makes an append durable.

A record holds the entries of one append and the signed checkpoint that covers them. It is on the disk before any other
file of the log is touched; tiles and checkpoint follow without waiting for the disk, and are made again from here after
a crash. Whenever a tile becomes full, its tiles and those after it are put on the disk first, then a record without
entries, then the checkpoint; then the journal starts anew, so it stays short. In either case the record is what makes
the append happen, and no checkpoint can be seen before that. A record that was cut off while it was written fails its
digest: its append never happened.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from .disk import not_written, read_file, write_all
from .tiles import MAX_TILE_BYTES, bundle, unbundle

JOURNAL = ".journal"
_DIGEST_BYTES, _NUMBER_BYTES = 32, 8
MAX_JOURNAL_BYTES = 2 * MAX_TILE_BYTES


@dataclass(frozen=True)
class Record:
    """One append.

    Args:
        first: index of its first entry.
        checkpoint: the signed checkpoint after it.
        entries: what was appended; empty where they are on the disk in their tiles already.
    """

    first: int
    checkpoint: bytes
    entries: Sequence[bytes]

    def to_bytes(self) -> bytes:
        """Digest, length, and the record itself."""
        head = self.first.to_bytes(_NUMBER_BYTES, "big") + len(self.checkpoint).to_bytes(_NUMBER_BYTES, "big")
        body = head + self.checkpoint + bundle(self.entries)
        sized = len(body).to_bytes(_NUMBER_BYTES, "big") + body
        return hashlib.sha256(sized).digest() + sized


def read_journal(folder: Path) -> list[Record]:
    """The records of a log's journal.

    Raises:
        OSError: the journal cannot be read.
        TrustError: it is no regular file.
    """
    return [record for record, _ in _records(_data(folder))]


def newest_checkpoint(folder: Path) -> bytes | None:
    """The signed checkpoint of the last record; None where there is no record, empty where the last one is damaged.

    Raises:
        OSError: the journal cannot be read.
        TrustError: it is no regular file.
    """
    data = _data(folder)
    place = last = 0
    while place < len(data):
        sized = place + _DIGEST_BYTES
        last, place = place, sized + _NUMBER_BYTES + int.from_bytes(data[sized : sized + _NUMBER_BYTES], "big")
    if not data:
        return None
    return next((record.checkpoint for record, end in _records(data[last:]) if last + end == len(data)), b"")


def unread_bytes(folder: Path) -> int:
    """How many bytes follow the last whole record: an append that was cut off, or damage."""
    data = _data(folder)
    return len(data) - max((end for _, end in _records(data)), default=0)


def add_record(folder: Path, record: Record) -> None:
    """Write a record behind the others and put it on the disk; afterwards its append has happened.

    Raises:
        UsageError: the disk refuses; the journal is then as it was.
    """
    data = record.to_bytes()
    try:
        handle = os.open(folder / JOURNAL, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
        try:
            end = os.lseek(handle, 0, os.SEEK_END)
            try:
                write_all(handle, data)
                os.fdatasync(handle)
            except BaseException:  # what may or may not be on the disk must not be taken for an append later
                os.ftruncate(handle, end)
                raise
        finally:
            os.close(handle)
    except OSError as error:
        raise not_written(folder / JOURNAL, error) from error


def trim_journal(folder: Path) -> None:
    """Cut off what follows the last whole record, and put the rest on the disk.

    Raises:
        UsageError: the disk refuses.
    """
    _cut(folder, unread=unread_bytes(folder))


def clear_journal(folder: Path) -> None:
    """Begin the journal anew; everything in it must be on the disk elsewhere.

    Raises:
        UsageError: the disk refuses.
    """
    _cut(folder, unread=None)


def _cut(folder: Path, unread: int | None) -> None:
    try:
        handle = os.open(folder / JOURNAL, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
        try:
            os.ftruncate(handle, 0 if unread is None else os.fstat(handle).st_size - unread)
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        raise not_written(folder / JOURNAL, error) from error


def _data(folder: Path) -> bytes:
    """The journal as it is; a log that was copied without it has none. One that cannot be read is not passed over."""
    try:
        return read_file(folder, JOURNAL, MAX_JOURNAL_BYTES)
    except FileNotFoundError:
        return b""


def _records(data: bytes) -> Iterator[tuple[Record, int]]:
    """Each whole record, and where it ends; nothing behind the first one that is not whole."""
    place = 0
    while len(data) - place > _DIGEST_BYTES + _NUMBER_BYTES:
        digest, place = data[place : place + _DIGEST_BYTES], place + _DIGEST_BYTES
        length = int.from_bytes(data[place : place + _NUMBER_BYTES], "big")
        end = place + _NUMBER_BYTES + length
        if end > len(data) or hashlib.sha256(data[place:end]).digest() != digest:
            return
        yield _record(data[place + _NUMBER_BYTES : end]), end
        place = end


def _record(body: bytes) -> Record:
    first, length = body[:_NUMBER_BYTES], body[_NUMBER_BYTES : 2 * _NUMBER_BYTES]
    end = 2 * _NUMBER_BYTES + int.from_bytes(length, "big")
    return Record(int.from_bytes(first, "big"), body[2 * _NUMBER_BYTES : end], list(unbundle(body[end:], JOURNAL)))
