"""How long an append to a large transparency log takes, and a proof from it.

Appends are held against the least that makes the same bytes durable: one write of them to the end of a file, and one
``fdatasync``. Every 256th append fills a tile and syncs more; the worst one is printed. Proofs are held against Go's
own library, when the program in tests/attestations/log/peer was built and is named by --peer. Candidate and yardstick
alternate, so that a busy machine slows both. With the program in tests/attestations/log/witness, named by --witness, it
says how long an append takes that a real witness on this machine cosigns. Exit status 1 when a limit is missed.

Example:
    python benchmarks/log.py --entries 1000000
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from probatum.attestations.keys.signing_key import new_key, signing_key
from probatum.attestations.log.journal import Record
from probatum.attestations.log.store import Log
from probatum.attestations.log.verifier_key import NoteSigner

APPEND_LIMIT = 5.0  # ms, median
PROOF_LIMIT = 5.0  # ms, median
_STEP = 65_536


def main() -> int:
    """Build the log, measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--entries", type=int, default=1_000_000, help="size of the log")
    parser.add_argument("--rounds", type=int, default=600, help="appends and proofs")
    parser.add_argument("--folder", type=Path, help="where to make the log; a temporary folder if not given")
    parser.add_argument("--peer", type=Path, help="the program of tests/attestations/log/peer")
    parser.add_argument("--witness", type=Path, help="the program of tests/attestations/log/witness")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        log, signer = _built(Path(folder) / "log", options.entries)
        good = [appends(log, signer, options.rounds), proofs(log, options.rounds, options.peer)]
        if options.witness is not None:
            witnessed(log, signer, options.rounds, options.witness)
        checked(log)
    return 0 if all(good) else 1


def appends(log: Log, signer: NoteSigner, rounds: int) -> bool:
    """One entry at a time, each durable when the call returns."""
    times, floor = [], []
    began = time.process_time()
    raw = os.open(log.folder.parent / "raw", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for number in range(rounds):
        item = _entry(-number)
        times.append(_ms(lambda item=item: log.append([item], signer)))
        data = Record(number, log.signed_checkpoint(), [item]).to_bytes()
        floor.append(_ms(lambda data=data: (os.write(raw, data), os.fdatasync(raw))))
    os.close(raw)
    median = statistics.median(times)
    print(f"append: {_shown(times)} (median at most {APPEND_LIMIT:g} ms)")
    spent = (time.process_time() - began) * 1000 / rounds
    print(f"  processor: {spent:.2f} ms on average, the yardstick's included")
    print(
        f"  one write and fdatasync of the same bytes: {_shown(floor)}; {median / statistics.median(floor):.1f} x that"
    )
    return median <= APPEND_LIMIT


def proofs(log: Log, rounds: int, peer: Path | None) -> bool:
    """Open the log, verify its checkpoint, and prove one entry, each time anew."""
    size = log.checkpoint().size
    choose = random.Random(1)
    times = [_ms(lambda: Log.open(log.folder).proof(choose.randrange(size))) for _ in range(rounds)]
    median = statistics.median(times)
    print(f"proof: {_shown(times)} (median at most {PROOF_LIMIT:g} ms)")
    if peer is not None:
        text = subprocess.run(
            [peer, "time", log.folder, str(rounds)], check=True, capture_output=True, text=True
        ).stdout
        print(f"  Go's golang.org/x/mod/sumdb/tlog: {float(text):.2f} ms on average; {median / float(text):.1f} x that")
    return median <= PROOF_LIMIT


def witnessed(log: Log, signer: NoteSigner, rounds: int, program: Path) -> None:
    """One entry at a time, cosigned and proven; for information."""
    from probatum.attestations.log.cosigning import cosigned_proof
    from probatum.attestations.log.remote_witness import RemoteWitness
    from probatum.attestations.log.verifier_key import VerifierKey

    command = [program, "witness.example/benchmark", str(log.key)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        key, url = (process.stdout.readline().strip() for _ in range(2))
        asked = [RemoteWitness.of(url, VerifierKey.parse(key))]

        def once() -> None:
            first = log.append([_entry(0)], signer).first
            cosigned_proof(log, first, asked, old=first, tell=sys.exit)

        print(f"append, cosigned over HTTP, with its proof: {_shown([_ms(once) for _ in range(rounds)])}")
        process.stdin.close()


def checked(log: Log) -> None:
    """Everything computed anew; for information."""
    from probatum.attestations.log.examine import Examination

    began = time.perf_counter()
    rows = list(Examination(log, key_given=True).rows())
    assert not [row for row in rows if row.ok is False], rows
    print(f"check of all {log.checkpoint().size} entries: {time.perf_counter() - began:.1f} s")


def _built(folder: Path, size: int) -> tuple[Log, NoteSigner]:
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    private = load_pem_private_key(new_key().private, None)
    signer = NoteSigner.of("benchmark.example/log", signing_key(private, origin="benchmark"))
    log = Log.create(folder, signer)
    began = time.perf_counter()
    for first in range(0, size, _STEP):
        log.append([_entry(number) for number in range(first, min(size, first + _STEP))], signer)
    print(f"{size} entries of {len(_entry(0))} bytes, appended {_STEP} at a time: {time.perf_counter() - began:.1f} s")
    return log, signer


def _entry(number: int) -> bytes:
    """As long as the entry of a verdict."""
    return f'{{"document":{{"sha256":"{number:064x}"}},'.encode().ljust(400, b"x")


def _ms(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


def _shown(times: list[float]) -> str:
    ordered = sorted(times)
    most, worst = ordered[len(ordered) * 95 // 100], ordered[-1]
    return f"{statistics.median(ordered):.2f} ms, 95 % within {most:.2f}, worst {worst:.2f}"


if __name__ == "__main__":
    sys.exit(main())
