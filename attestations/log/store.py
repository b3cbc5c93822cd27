"""A log in a folder: appended to by one writer at a time; what a crash leaves behind is made whole, never believed.

An append that was reported is on the disk. It became so by one synced write, of its record in the journal (`journal`),
before a checkpoint that covers it could be seen, so that a log whose power fails never takes back what it showed.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ...errors import TrustError, UsageError
from . import merkle
from .checkpoint import Checkpoint, verified
from .disk import read_file, sync_folders, write_file
from .growth import Growth
from .journal import Record, add_record, clear_journal, newest_checkpoint
from .lock import Turn, turn
from .mend import mend
from .note import MAX_NOTE_BYTES, joined, signature_lines
from .proof import LogProof
from .tiles import MAX_TILE_BYTES, TileReader
from .verifier_key import NoteSigner, VerifierKey

CHECKPOINT, KEY = "checkpoint", "log.vkey"
_MAX_KEY_BYTES = 1024


@dataclass(frozen=True)
class Appended:
    """What an append did.

    Args:
        first: index of its first entry.
        size: of the log afterwards.
        checkpoint: the signed checkpoint that covers its entries.
        read: reads the log of that size; see ``merkle.Reader``.
    """

    first: int
    size: int
    checkpoint: bytes
    read: merkle.Reader

    def proof(self, index: int) -> LogProof:
        """The proof that one of the entries is in the log."""
        return LogProof(index, tuple(merkle.inclusion_proof(self.read, index, self.size)), self.checkpoint)


@dataclass(frozen=True)
class Log:
    """A log in a folder.

    Args:
        folder: where it is.
        key: verifies its checkpoints.
    """

    folder: Path
    key: VerifierKey

    @classmethod
    def create(cls, folder: Path, signer: NoteSigner) -> Log:
        """Begin an empty log, named as the signer is.

        Raises:
            UsageError: there is something already, or it cannot be written.
        """
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            why = "a log begins in a folder of its own"
            raise UsageError(f"{folder} is not an empty folder", why=why, remedy="name a new folder for the log")
        write_file(folder, KEY, f"{signer.key}\n".encode(), sync=True)
        with turn(folder) as held:
            write_file(folder, CHECKPOINT, Checkpoint(signer.key.name, 0, merkle.EMPTY).signed(signer), sync=True)
            sync_folders(folder, [KEY])
            sync_folders(folder.parent, [folder.name])
            held.end()
        return cls(folder, signer.key)

    @classmethod
    def open(cls, folder: Path, key: VerifierKey | None = None) -> Log:
        """Open a log.

        Args:
            folder: where it is.
            key: that its checkpoints must be signed with; None takes the one that lies in the folder, which proves
                only that the log agrees with itself.

        Raises:
            UsageError: there is no log.
            TrustError: its key is damaged, or is not the one given.
        """
        try:
            text = read_file(folder, KEY, _MAX_KEY_BYTES).decode()
        except (OSError, UnicodeDecodeError) as error:
            remedy = "'probatum log init' makes one"
            raise UsageError(f"there is no log at {folder}", why=str(error), remedy=remedy) from error
        found = VerifierKey.parse(text.removesuffix("\n"))
        if key is not None and key != found:
            why = f"its key is {found}, not {key}"
            raise TrustError(f"the log at {folder} is another one", why=why, remedy="give the folder of the right log")
        return cls(folder, found)

    def signed_checkpoint(self) -> bytes:
        """The log's newest checkpoint, as a signed note.

        Raises:
            TrustError: there is none.
        """
        try:
            return read_file(self.folder, CHECKPOINT, MAX_NOTE_BYTES)
        except OSError as error:
            remedy = "'probatum log check --mend' takes it from the journal, if it was the power that failed"
            raise TrustError(f"the log at {self.folder} has no checkpoint", why=str(error), remedy=remedy) from error

    def checkpoint(self) -> Checkpoint:
        """The newest checkpoint, its signature verified.

        Raises:
            TrustError: it is missing, damaged, of another log, or not signed with the log's key.
        """
        return verified(self.signed_checkpoint(), self.key)

    def reader(self, size: int) -> TileReader:
        """Reads the log as it was at some size."""
        return TileReader(lambda path: read_file(self.folder, path, MAX_TILE_BYTES), size)

    def proof(self, index: int) -> LogProof:
        """The proof that an entry is in the log of the newest checkpoint.

        Raises:
            UsageError: there is no such entry.
            TrustError: the log is damaged.
        """
        signed = self.signed_checkpoint()
        size = verified(signed, self.key).size
        if not 0 <= index < size:
            raise UsageError(f"the log has no entry {index}", why=f"it has {size}", remedy="count from 0")
        return LogProof(index, tuple(merkle.inclusion_proof(self.reader(size).hash, index, size)), signed)

    def append(self, entries: Sequence[bytes], signer: NoteSigner) -> Appended:
        """Append entries; safe beside other writers, and whenever the process is killed or the power fails.

        Args:
            entries: at least one, each at most 65,535 bytes.
            signer: signs the new checkpoint.

        Raises:
            TrustError: the log is damaged, or the key is not the log's.
            UsageError: an entry is too long, there is none, or the disk refuses; then nothing was appended, or it was
                and is there at the next append.
        """
        if signer.key != self.key:
            raise TrustError("this is not the log's key", why=f"the log's is {self.key}", remedy="give the log's key")
        with turn(self.folder) as held:
            before = self._ready(held)
            reader = self.reader(before.size)
            if before.root != merkle.root(reader.hash, before.size):
                raise TrustError(
                    "the log's tiles do not agree with its checkpoint",
                    why="somebody changed one of the two",
                    remedy="'probatum log check' says where; nothing was appended",
                )
            try:
                growth = Growth(reader, entries)
            except ValueError as error:
                raise UsageError("this cannot be logged", why=str(error), remedy="log a smaller statement") from error
            signed = Checkpoint(self.key.name, growth.size, growth.root).signed(signer)
            self._write(growth, Record(before.size, signed, entries), held)
        return Appended(before.size, growth.size, signed, growth.hash)

    def publish(self, signed: bytes) -> None:
        """Put a checkpoint of the present state, such as one with more cosignatures, in the place of the newest.

        Signatures that others added to the newest meanwhile stay.

        Raises:
            TrustError: it says something else than the newest, or is not signed with the log's key.
        """
        with turn(self.folder) as held:
            if verified(signed, self.key) != self._ready(held):
                why = "the log has gone on, or it is another log's"
                raise TrustError("this is not the log's newest checkpoint", why=why, remedy="take the newest one")
            whole = joined(self.signed_checkpoint(), signature_lines(signed))
            write_file(self.folder, CHECKPOINT, whole, sync=True)
            sync_folders(self.folder, [CHECKPOINT])

    def mend(self) -> Checkpoint:
        """Complete what a crash cut off, and remove what it left; nothing happens to a log that is whole.

        Raises:
            TrustError: the log is damaged, beyond what a crash does.
            UsageError: the disk refuses.
        """
        with turn(self.folder) as held:
            return self._ready(held)

    def _ready(self, held: Turn) -> Checkpoint:
        """The state to go on from."""
        if held.clean:
            published, newest = self.checkpoint(), newest_checkpoint(self.folder)
            if newest is None or newest.startswith(published.text.encode()):
                return published
        held.begin()
        found = mend(self.folder, self.key, CHECKPOINT)
        held.end()
        return found

    def _write(self, growth: Growth, record: Record, held: Turn) -> None:
        held.begin()
        if growth.fills_a_tile:
            self._write_through(growth, record)
        else:
            add_record(self.folder, record)
            for path, data in growth.files():
                write_file(self.folder, path, data, sync=False)
            write_file(self.folder, CHECKPOINT, record.checkpoint, sync=False)
        held.end()

    def _write_through(self, growth: Growth, record: Record) -> None:
        """Put everything on the disk, so that the journal can start anew."""
        paths = []
        for path, data in growth.files():
            write_file(self.folder, path, data, sync=True)
            paths.append(path)
        sync_folders(self.folder, paths)
        add_record(self.folder, Record(record.first, record.checkpoint, ()))
        write_file(self.folder, CHECKPOINT, record.checkpoint, sync=True)
        sync_folders(self.folder, [CHECKPOINT])
        clear_journal(self.folder)
        for path in growth.outgrown():
            shutil.rmtree(self.folder / path, ignore_errors=True)
