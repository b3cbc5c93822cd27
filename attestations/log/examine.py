"""Everything that can be told of a log in a folder: does it agree with itself, and with what others kept of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ...errors import ProbatumError
from ..verify.report import Row, equal
from .checkpoint import Checkpoint, verified
from .damage import Damage
from .history import Seen, first_difference, rewritten, split_view
from .journal import read_journal, unread_bytes
from .lock import LOCK, is_clean
from .note import Note
from .recheck import Recomputed, recompute
from .store import Log
from .tiles import WIDTH

_SHOWN = 20


@dataclass(frozen=True)
class Examination:
    """What is examined.

    Args:
        log: the log, opened with its key.
        key_given: the key was named by the user; else it is the one that lies in the folder.
        seen: checkpoints that others kept.
        against: other copies of the log.
    """

    log: Log
    key_given: bool
    seen: Sequence[Seen] = ()
    against: Sequence[Log] = ()

    def rows(self) -> Iterator[Row]:
        """Every check; a log whose checkpoint is not to be believed ends them."""
        why = "" if self.key_given else "the key that lies in the folder: shows only that the log agrees with itself"
        yield Row("key", True if self.key_given else None, str(self.log.key), str(self.log.key), why)
        try:
            signed = self.log.signed_checkpoint()
            checkpoint = verified(signed, self.log.key)
        except ProbatumError as error:
            yield Row("checkpoint", False, f"signed with {self.log.key}", "", str(error))
            return
        yield Row("checkpoint", True, str(self.log.key), f"{checkpoint.size} entries, root {checkpoint.root.hex()}")
        strangers = Note.parse(signed).unknown([self.log.key])
        if strangers:
            yield Row("cosignatures", None, detail=f"{strangers} signatures of others were not looked at")
        found = recompute(self.log, checkpoint, [one.checkpoint.size for one in self.seen])
        yield from _damages(found.damage)
        yield equal("root", checkpoint.root.hex(), found.root.hex(), _who(found))
        yield from self._journal(checkpoint)
        yield from self._history(found)
        for other in self.against:
            yield _copy(self.log, other)

    def _journal(self, checkpoint: Checkpoint) -> Iterator[Row]:
        try:
            records = read_journal(self.log.folder)
            rest = unread_bytes(self.log.folder)
        except (OSError, ProbatumError) as error:
            yield Row("journal", False, "a file that can be read", "", str(error))
            return
        end = records[-1].first + len(records[-1].entries) if records else None
        if rest:
            after = "its first append" if end is None else f"entry {end} on"
            why = f"{rest} bytes of no whole record, {after}: an append was cut off, or it was changed; see --mend"
            yield Row("journal", False, "whole records", f"{len(records)} records", why)
        logged = _Entries(self.log, checkpoint.size)
        for record in records:
            for number, entry in enumerate(record.entries, start=record.first):
                if number >= checkpoint.size:
                    why = "an append came to the journal and not to the checkpoint; see --mend"
                    yield Row("journal", False, f"below {checkpoint.size}", f"entry {number}", why)
                elif logged.at(number) != entry:
                    yield Row("journal", False, "the entry in the log", f"entry {number}", "it is another in the log")
        if not is_clean(self.log.folder):
            why = f"{LOCK} says that an append was cut off, or the machine was started anew since, or this is a copy"
            yield Row("last append", None, detail=f"{why}; the next append, or --mend, sees to it")

    def _history(self, found: Recomputed) -> Iterator[Row]:
        agreed = 0
        for one in sorted(self.seen, key=lambda one: one.checkpoint.size):
            row = self._compared(one, found, agreed)
            agreed = one.checkpoint.size if row.ok else agreed
            yield row
        twins = split_view([*self.seen, Seen("the log's checkpoint", found.checkpoint)])
        if twins is not None:
            one, other = twins
            why = f"{one.source} and {other.source} are both signed by the log and differ: it showed two histories"
            yield Row("fork", False, f"one root for {one.checkpoint.size} entries", "two", why)

    def _compared(self, one: Seen, found: Recomputed, agreed: int) -> Row:
        old, now = one.checkpoint, found.checkpoint
        check, expected = f"history: {one.source}", f"{old.size} entries, root {old.root.hex()}"
        if old.size > now.size:
            gone = f"entries {now.size} to {old.size - 1} are gone: the log was truncated or rolled back"
            return Row(check, False, expected, f"{now.size} entries", gone)
        root = found.root_at(old.size)
        if root == old.root:
            return Row(check, True, expected, f"{now.size} entries begin with these")
        return Row(check, False, expected, f"root {root.hex()}", self._where(one, agreed))

    def _where(self, one: Seen, agreed: int) -> str:
        size = one.checkpoint.size
        most = f"entry {agreed}" if size - agreed == 1 else f"one or more of the entries {agreed} to {size - 1}"
        if one.proof is None:
            return f"{most} was rewritten; checkpoints alone tell no more, another copy (--against) or a package does"
        try:
            spans = rewritten(one, self.log.reader(self.log.checkpoint().size))
        except ProbatumError as error:
            return f"{most} was rewritten; {error}"
        return "rewritten: " + ", ".join(map(str, spans)) + "; the other entries of that size are as they were"


class _Entries:
    """Entries of a log, a bundle of which is read once."""

    def __init__(self, log: Log, size: int) -> None:
        self._reader = log.reader(size)
        self._bundles: dict[int, list[bytes]] = {}

    def at(self, number: int) -> bytes | None:
        """An entry; None where it cannot be read."""
        index, place = divmod(number, WIDTH)
        if index not in self._bundles:
            try:
                self._bundles[index] = self._reader.entries(index)
            except ProbatumError:
                self._bundles[index] = []
        found = self._bundles[index]
        return found[place] if place < len(found) else None


def _damages(damage: Sequence[Damage]) -> Iterator[Row]:
    if not damage:
        yield Row("entries and tiles", True, "every tile follows from the entries", "all of them do")
    for one in damage[:_SHOWN]:
        yield Row(one.path, False, "what follows from the entries", one.entries, f"{one.entries}: {one.what}")
    if len(damage) > _SHOWN:
        yield Row("more", False, "none", f"{len(damage) - _SHOWN} more", f"last: {damage[-1].entries}")


def _who(found: Recomputed) -> str:
    """Which of entries and tiles the checkpoint was made for."""
    if found.tile_root == found.checkpoint.root:
        return "the tiles of hashes are those that were signed: the entries named above were rewritten"
    return "neither the entries nor the tiles are those that were signed"


def _copy(log: Log, other: Log) -> Row:
    check = f"copy: {other.folder}"
    try:
        first, count, size = first_difference(log, other)
    except ProbatumError as error:
        return Row(check, False, "a whole copy", "", str(error))
    sizes = f"{log.checkpoint().size} entries here, {other.checkpoint().size} there"
    if first is None:
        return Row(check, True, "the same entries", f"{size} are the same; {sizes}")
    why = (
        f"they part at entry {first}; {count} of {size} entries differ; both checkpoints are signed by the log: a fork"
    )
    return Row(check, False, "the same entries", sizes, why)
