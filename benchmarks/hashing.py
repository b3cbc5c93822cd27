"""How fast content is hashed, against the fastest that this machine can do.

Two cases: one large file against SHA-256 of bytes that are already in memory, and many small files against a bare loop
of open, read, hash. Candidate and yardstick alternate in short rounds, so that a busy machine slows both; the medians
are compared. Exit status 1 when a limit is missed.

Example:
    python benchmarks/hashing.py --large-mib 2048 --files 20000
"""

from __future__ import annotations

import argparse
import hashlib
import os
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from probatum.content import hash_file, read_content

MIB = 1 << 20
LARGE_LIMIT = 0.85  # at least this part of the in-memory rate
MEMORY_LIMIT = 64 * MIB  # bytes beyond what the process needed before
SMALL_LIMIT = 1.3  # at most this multiple of the bare loop's time


def main() -> int:
    """Run both cases and print their ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--large-mib", type=int, default=2048, help="size of the large file")
    parser.add_argument("--files", type=int, default=20_000, help="number of small files")
    parser.add_argument("--file-bytes", type=int, default=8192, help="size of a small file")
    parser.add_argument("--rounds", type=int, default=5, help="repetitions of each measurement")
    parser.add_argument("--folder", type=Path, help="where to make the files; a temporary folder if not given")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        good = [
            large(Path(folder) / "large.bin", options.large_mib, options.rounds),
            small(Path(folder) / "small", options.files, options.file_bytes, options.rounds),
        ]
    return 0 if all(good) else 1


def large(path: Path, size_mib: int, rounds: int) -> bool:
    """One file of ``size_mib`` MiB: rate against memory, and memory used."""
    block = os.urandom(MIB)
    with path.open("wb") as stream:
        for _ in range(size_mib):
            stream.write(block)
    before = _peak()
    hash_file(path)  # the file is in the page cache from here on
    ratios = []
    for _ in range(rounds):
        yardstick = _memory_time(size_mib // 2, block)
        candidate = _time(lambda: hash_file(path))
        ratios.append((yardstick + _memory_time(size_mib - size_mib // 2, block)) / candidate)
    memory = _peak() - before
    ratio = statistics.median(ratios)
    print(f"one file of {size_mib} MiB: {ratio:.2f} x the in-memory rate (at least {LARGE_LIMIT})")
    print(f"  memory: {memory / MIB:.1f} MiB more (at most {MEMORY_LIMIT // MIB})")
    path.unlink()
    return ratio >= LARGE_LIMIT and memory <= MEMORY_LIMIT


def small(folder: Path, count: int, size: int, rounds: int) -> bool:
    """``count`` files of ``size`` bytes in folders of 1,000: time against a bare loop."""
    paths = list(_small_files(folder, count, size))
    read_content(folder)
    ratios = []
    for _ in range(rounds):
        yardstick = _time(lambda: _bare_loop(paths))
        candidate = _time(lambda: read_content(folder))
        ratios.append(candidate / ((yardstick + _time(lambda: _bare_loop(paths))) / 2))
    ratio = statistics.median(ratios)
    print(f"{count} files of {size} bytes: {ratio:.2f} x a bare loop of open, read, hash (at most {SMALL_LIMIT})")
    return ratio <= SMALL_LIMIT


def _small_files(folder: Path, count: int, size: int) -> Iterator[str]:
    for index in range(count):
        path = folder / f"{index // 1000:03}" / f"{index:06}.bin"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(index.to_bytes(8, "big") * (size // 8))
        yield str(path)


def _bare_loop(paths: list[str]) -> list[str]:
    digests = []
    for path in paths:
        handle = os.open(path, os.O_RDONLY)
        digests.append(hashlib.sha256(os.read(handle, 1 << 14)).hexdigest())
        os.close(handle)
    return digests


def _memory_time(size_mib: int, block: bytes) -> float:
    def work() -> None:
        hasher = hashlib.sha256()
        for _ in range(size_mib):
            hasher.update(block)

    return _time(work)


def _time(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    sys.exit(main())
