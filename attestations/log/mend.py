"""Making a log whole after a crash: finish what its journal says has happened, remove what never did."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from ...errors import TrustError
from . import merkle
from .checkpoint import Checkpoint, verified
from .disk import PART, read_file, sync_folders, write_file
from .growth import Growth
from .journal import Record, clear_journal, read_journal, trim_journal
from .note import MAX_NOTE_BYTES
from .tiles import ENTRIES, HEIGHT, LEVELS, MAX_TILE_BYTES, WIDTH, TileReader, bundle, tile_of, tile_path, tile_width
from .verifier_key import VerifierKey


def mend(folder: Path, key: VerifierKey, checkpoint: str) -> Checkpoint:
    """Make a log whole; its lock must be held.

    Args:
        folder: of the log.
        key: of the log.
        checkpoint: path of its newest checkpoint.

    Returns:
        The state of the log.

    Raises:
        TrustError: the log is damaged, beyond what a crash does.
        UsageError: the disk refuses.
    """
    trim_journal(folder)
    published = _published(folder, key, checkpoint)
    records = read_journal(folder)
    newest = verified(records[-1].checkpoint, key) if records else None
    if newest is not None and (published is None or published.size <= newest.size):
        _replay(folder, key, records)
        durable = not records[-1].entries  # an append that filled a tile put everything but this on the disk
        if published is None or published.size < newest.size:
            write_file(folder, checkpoint, records[-1].checkpoint, sync=durable)
        if durable:
            sync_folders(folder, [checkpoint])
            clear_journal(folder)
    elif published is not None:
        newest = published
        _sync_edge(folder, published)
        sync_folders(folder, [checkpoint])
        clear_journal(folder)
    else:
        raise TrustError(
            "the log has no checkpoint that its key signed",
            why="neither in its place nor in the journal",
            remedy="restore the log from a copy, or the checkpoint from an export",
        )
    _remove_beyond(folder, newest.size)
    return newest


def _published(folder: Path, key: VerifierKey, path: str) -> Checkpoint | None:
    """The checkpoint in its place; None where a failed power left none that can be read."""
    try:
        return verified(read_file(folder, path, MAX_NOTE_BYTES), key)
    except (FileNotFoundError, TrustError):
        return None


def _replay(folder: Path, key: VerifierKey, records: Sequence[Record]) -> None:
    """Write the tiles of every append in the journal again."""
    for record in records:
        stated = verified(record.checkpoint, key)
        if not record.entries:
            _check_root(_reader(folder, stated.size), stated)
            continue
        growth = Growth(_reader(folder, record.first), record.entries)
        if (growth.size, growth.root) != (stated.size, stated.root):
            raise _unfit(stated)
        for path, data in growth.files():
            write_file(folder, path, data, sync=False)


def _sync_edge(folder: Path, state: Checkpoint) -> None:
    """Put the tiles that are not full on the disk, where there is no journal that they could be made from again."""
    reader = _reader(folder, state.size)
    _check_root(reader, state)
    for level in (ENTRIES, *range(LEVELS)):
        index = (state.size >> (0 if level == ENTRIES else HEIGHT * int(level))) // WIDTH
        if width := tile_width(state.size, level, index):
            data = bundle(reader.entries(index)) if level == ENTRIES else b"".join(reader.tile(int(level), index))
            write_file(folder, tile_path(level, index, width), data, sync=True)
            sync_folders(folder, [tile_path(level, index, width)])


def _reader(folder: Path, size: int) -> TileReader:
    return TileReader(lambda path: read_file(folder, path, MAX_TILE_BYTES), size)


def _check_root(reader: TileReader, state: Checkpoint) -> None:
    if merkle.root(reader.hash, state.size) != state.root:
        raise _unfit(state)


def _unfit(state: Checkpoint) -> TrustError:
    why = f"they lead to another root than its checkpoint of {state.size} entries"
    return TrustError("the log's journal does not continue its tiles", why=why, remedy="restore the log from a copy")


def _remove_beyond(folder: Path, size: int) -> None:
    """Remove tiles of appends that never happened, and files that were not whole yet."""
    for place, _, names in os.walk(folder):
        for name in names:
            path = Path(place, name)
            tile = tile_of(path.relative_to(folder).as_posix())
            if name.endswith(PART) or (tile is not None and tile[2] > tile_width(size, tile[0], tile[1])):
                path.unlink(missing_ok=True)
