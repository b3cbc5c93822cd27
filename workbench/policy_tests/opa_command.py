"""The ``opa`` executable as a command on a folder of our own, without network and environment, within limits."""

from __future__ import annotations

import contextlib
import json
import resource
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ...errors import EngineError
from ...evaluator.engines.limits import Limits
from ...evaluator.engines.opa_server import binary_version, find_binary

_MIB = 2**20
_BASE_MIB = 512  # what opa takes with any policies
_GRACE_SECONDS = 30.0
_NO_MEMORY = ("out of memory", "cannot allocate memory", "pthread_create failed")
"""What Go's runtime says where there is no memory: for the heap, for a mapping, for the stack of a thread."""
_REMEDY = "use --engine regorus, or look at what opa itself says of these policies"


class Ended(Exception):  # noqa: N818  it never reaches a user as it is
    """The command was ended, or ended without an answer; says why."""


@dataclass(frozen=True)
class Said:
    """What a command left.

    Args:
        code: its exit code.
        out: its stdout.
        err: its stderr.
    """

    code: int
    out: bytes
    err: str


@dataclass(frozen=True)
class Workplace:
    """A folder with the modules and with what they may use.

    Args:
        binary: path of the executable.
        folder: holds ``policies`` and ``capabilities.json``.
        limits: seconds for one test or expression, memory for a command.
    """

    binary: str
    folder: Path
    limits: Limits

    def run(self, command: Sequence[str], *, several: int = 1) -> Said:
        """Run ``opa COMMAND`` in the folder of policies.

        Args:
            command: its name, arguments and options.
            several: tests that it runs, each of which may take its time.

        Raises:
            Ended: it took too long, or too much memory.
        """
        options = ["--capabilities", str(self.folder / "capabilities.json"), "--timeout", f"{self.limits.seconds:g}s"]
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            process = subprocess.Popen(
                [self.binary, *command, *options], stdin=subprocess.DEVNULL, stdout=out, stderr=err, env={},
                cwd=self.folder / "policies",
            )  # fmt: skip
            try:
                most = (self.limits.memory_mib + _BASE_MIB) * _MIB
                with contextlib.suppress(ProcessLookupError):  # it ended already
                    resource.prlimit(process.pid, resource.RLIMIT_DATA, (most, most))
                process.wait(several * self.limits.seconds + _GRACE_SECONDS)
            except subprocess.TimeoutExpired as error:
                raise Ended(self.too_long) from error
            finally:
                process.kill()
                process.wait()
            err.seek(0)
            said = err.read().decode(errors="replace")
            if any(words in said for words in _NO_MEMORY):
                raise Ended(self.too_large)
            out.seek(0)
            return Said(process.returncode, out.read(), said)

    @property
    def too_long(self) -> str:
        """What to say of a test that takes more than its time."""
        why = f"it takes longer than {self.limits.seconds:g} s"
        return f"{why}: look for a loop inside another, or allow more with --max-seconds"

    @property
    def too_large(self) -> str:
        """What to say of a test that takes more than its memory."""
        why = f"it takes more than {self.limits.memory_mib} MiB of memory"
        return f"{why}: look for a value that grows with every step, or allow more with --max-memory"

    def put(self, path: str, text: str) -> None:
        """Write one module."""
        target = self.folder / "policies" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text.encode())


@contextmanager
def workplace(modules: Mapping[str, str], limits: Limits, binary: str | None = None) -> Iterator[Workplace]:
    """A folder with modules, for as long as it is needed.

    Args:
        modules: path to text.
        limits: of each test or expression.
        binary: the executable; None for ``PROBATUM_OPA`` or the search path.

    Raises:
        EngineError: there is no executable, or it is not one that can be used.
    """
    found = find_binary(binary)
    binary_version(found)
    with tempfile.TemporaryDirectory(prefix="probatum-tests-") as folder:
        place = Workplace(found, Path(folder), limits)
        (place.folder / "capabilities.json").write_bytes(_without_network(found))
        for path, text in modules.items():
            place.put(path, text)
        yield place


def _without_network(binary: str) -> bytes:
    """The capabilities of an executable, but for every host: a test of a policy asks nobody."""
    try:
        done = subprocess.run(
            [binary, "capabilities", "--current"], capture_output=True, timeout=_GRACE_SECONDS, check=True, env={}
        )
        return json.dumps({**json.loads(done.stdout), "allow_net": []}).encode()
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        raise EngineError(f"{binary} states no capabilities", why=str(error), remedy=_REMEDY) from error
