"""Bytes that are read a piece at a time, so that the size of a model never decides how much memory it takes."""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Iterator
from typing import Any, Protocol

from ...errors import EvidenceError

_BLOCK = 1 << 16
_IN_MEMORY = 16 << 20


class TruncatedError(EvidenceError):
    """The content ends before what it announces."""


class Source(Protocol):
    """A region of bytes with random access.

    Attributes:
        size: in bytes.
    """

    @property
    def size(self) -> int:
        """Length in bytes."""

    def read_at(self, offset: int, count: int) -> bytes:
        """Up to ``count`` bytes from ``offset``; fewer only at the end."""

    def region(self, offset: int, size: int) -> Source:
        """A part of this region, without copying it."""


class FileRegion:
    """A region of an open file, read with positional reads."""

    def __init__(self, handle: int, start: int, size: int) -> None:
        self._handle = handle
        self._start = start
        self._size = max(0, size)

    @property
    def size(self) -> int:
        """Length in bytes."""
        return self._size

    def read_at(self, offset: int, count: int) -> bytes:
        """See `Source`."""
        count = min(count, self._size - offset)
        parts: list[bytes] = []
        while count > 0:
            part = os.pread(self._handle, count, self._start + offset)
            if not part:
                break
            parts.append(part)
            offset += len(part)
            count -= len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def region(self, offset: int, size: int) -> FileRegion:
        """See `Source`."""
        return FileRegion(self._handle, self._start + offset, min(size, self._size - offset))


class MemoryRegion:
    """A region of bytes already in memory."""

    def __init__(self, data: bytes | memoryview) -> None:
        self._data = memoryview(data)

    @property
    def size(self) -> int:
        """Length in bytes."""
        return len(self._data)

    def read_at(self, offset: int, count: int) -> bytes:
        """See `Source`."""
        return bytes(self._data[offset : offset + max(0, count)])

    def region(self, offset: int, size: int) -> MemoryRegion:
        """See `Source`."""
        return MemoryRegion(self._data[offset : offset + max(0, size)])


class Spool:
    """Collects what a decompressor gives: in memory while that is small, else in an unnamed temporary file."""

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 (lives as long as its source)
        self.size = 0

    def write(self, data: bytes) -> None:
        """Add a block."""
        self._file.write(data)
        self.size += len(data)

    def source(self) -> Source:
        """What was collected; valid as long as this object lives."""
        if self.size > _IN_MEMORY:
            self._file.flush()
            return FileRegion(self._file.fileno(), 0, self.size)
        self._file.seek(0)
        return MemoryRegion(self._file.read())

    def close(self) -> None:
        """Give the temporary file back."""
        self._file.close()


class Cursor:
    """Reads a source forward through a buffer, and skips without reading."""

    def __init__(self, source: Source, position: int = 0) -> None:
        self.source = source
        self._block = b""
        self._index = 0
        self._start = position

    @property
    def position(self) -> int:
        """Offset of the next byte."""
        return self._start + self._index

    @property
    def remaining(self) -> int:
        """Bytes up to the end."""
        return self.source.size - self.position

    def take(self, count: int) -> bytes:
        """Exactly ``count`` bytes.

        Raises:
            TruncatedError: there are fewer.
        """
        end = self._index + count
        if end <= len(self._block):
            data = self._block[self._index : end]
            self._index = end
            return data
        if count > self.remaining:
            raise TruncatedError(
                "the content is truncated", why=f"{count} bytes are announced at offset {self.position}"
            )
        self._fill(max(count, _BLOCK))
        self._index = count
        if len(self._block) < count:
            raise TruncatedError("the content is truncated", why=f"the file shrank at offset {self._start}")
        return self._block[:count]

    def skip(self, count: int) -> None:
        """Pass over ``count`` bytes.

        Raises:
            TruncatedError: there are fewer.
        """
        if count > self.remaining:
            raise TruncatedError(
                "the content is truncated", why=f"{count} bytes are announced at offset {self.position}"
            )
        self.seek(self.position + count)

    def seek(self, position: int) -> None:
        """Go to an offset."""
        index = position - self._start
        if 0 <= index <= len(self._block):
            self._index = index
        else:
            self._start, self._block, self._index = position, b"", 0

    def line(self, limit: int) -> bytes:
        """The bytes up to the next newline or the end, as unpicklers read lines; the last byte is left out.

        Raises:
            TruncatedError: there is no newline within ``limit`` bytes.
        """
        end = self._block.find(b"\n", self._index)
        if end < 0:
            self._fill(limit)
            end = self._block.find(b"\n")
            if end < 0 and len(self._block) < limit:
                end = len(self._block) - 1  # unpicklers drop the last byte at the end of a file, newline or not
            if end < 0 or end >= limit:
                raise TruncatedError("the content is truncated", why=f"no newline after offset {self._start}")
        data = self._block[self._index : end]
        self._index = end + 1
        return data

    def _fill(self, count: int) -> None:
        self._start = self.position
        self._block = self.source.read_at(self._start, count)
        self._index = 0


class SourceStream(io.RawIOBase):
    """A source as a Python binary file, for libraries that want one."""

    def __init__(self, source: Source) -> None:
        super().__init__()
        self._source = source
        self._position = 0

    def readable(self) -> bool:
        """True."""
        return True

    def seekable(self) -> bool:
        """True."""
        return True

    def tell(self) -> int:
        """Offset of the next byte."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move, as files do."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._source.size}[whence]
        if base + offset < 0:
            raise OSError("negative seek position")
        self._position = base + offset
        return self._position

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer, as files do."""
        view = memoryview(buffer).cast("B")
        data = self._source.read_at(self._position, len(view))
        view[: len(data)] = data
        self._position += len(data)
        return len(data)


def blocks(source: Source, start: int = 0, end: int | None = None, size: int = 1 << 20) -> Iterator[bytes]:
    """The bytes of a region, block by block."""
    stop = source.size if end is None else end
    while start < stop:
        block = source.read_at(start, min(size, stop - start))
        if not block:
            return
        yield block
        start += len(block)
