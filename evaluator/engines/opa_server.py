"""An OPA server of our own: on loopback, with a random token and limits, until it is stopped or we are gone."""

from __future__ import annotations

import os
import re
import resource
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from ...errors import EngineError
from .limits import LESS_MEMORY, Limits
from .opa_address import OpaServer
from .opa_connection import check_version

_START_SECONDS = 15.0
_START_TRIES = 3
_SETTLE_SECONDS = 2.0
_LOG_BYTES = 64 * 1024
_MIB = 2**20
_BYTES_PER_BYTE = 64  # memory that a server takes for each byte of input: 30 to 45 measured for graphs, with garbage
_ROOMY_MIB = 1024  # a garbage collector that is held shorter than its input needs does nothing else any more
_OUT_OF_MEMORY = re.compile(r"out of memory|cannot allocate memory")
_NOT_LOADED = re.compile(r"^error: (?:load|initialization) error", re.MULTILINE)
_REMEDY = "install Open Policy Agent 1.x, name it in PROBATUM_OPA, or use --engine regorus"
_AUTHORISATION = """package system.authz

default allow := false

allow if input.identity == "{token}"
"""
_MARK = """package probatum_mark

mark := "{mark}"
"""


class NotLoadedError(EngineError):
    """The server runs, but does not take the modules."""


def find_binary(binary: str | None = None) -> str:
    """Path of the ``opa`` executable: the one named, else ``PROBATUM_OPA``, else the search path.

    Raises:
        EngineError: there is none.
    """
    wanted = binary or os.environ.get("PROBATUM_OPA") or "opa"
    found = shutil.which(wanted)
    if found is None:
        raise EngineError("there is no opa executable", why=f"{wanted} is not found", remedy=_REMEDY)
    return found


def binary_version(binary: str) -> str:
    """The version of an executable that can be used.

    Raises:
        EngineError: it is not Open Policy Agent, does not run, or is of a version that cannot be used.
    """
    version = stated_version(binary)
    check_version(version, binary)
    return version


def stated_version(binary: str) -> str:
    """The version that an executable states, be it as it may.

    Raises:
        EngineError: it is not Open Policy Agent, or does not run.
    """
    try:
        done = subprocess.run([binary, "version"], capture_output=True, text=True, timeout=_START_SECONDS, check=True)
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError) as error:
        raise EngineError(f"{binary} does not run", why=str(error), remedy=_REMEDY) from error
    found = re.search(r"^Version: (\S+)", done.stdout, re.MULTILINE)
    if found is None:
        raise EngineError(f"{binary} is not Open Policy Agent", why="it states no version", remedy=_REMEDY)
    return found.group(1)


class RunningServer:
    """A server of ours, from its start to ``stop``.

    Modules are loaded when it starts: that takes a twentieth of the time that uploading them one by one takes, each of
    which makes the server compile all. Its files are gone as soon as it has read them.

    Args:
        binary: path of the executable.
        modules: path to text of every module.
        limits: of one evaluation.

    Raises:
        NotLoadedError: the modules are not sound together.
        EngineError: the server does not come up.
    """

    def __init__(self, binary: str, modules: Mapping[str, str], limits: Limits) -> None:
        self._limits, self._token = limits, secrets.token_urlsafe(32)
        self._log: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  until stop
        try:
            self._start(binary, modules)
            self._base = _writable_bytes(self._process.pid)
            self.connection.before_sending(self.allow)
        except BaseException:
            self._log.close()
            raise

    def allow(self, input_bytes: int) -> None:
        """Bound the server's memory for the evaluation of an input of a size (setrlimit(2), RLIMIT_DATA).

        Raises:
            EngineError: this system does not let us.
        """
        most = self._base + _BYTES_PER_BYTE * input_bytes + self._limits.memory_mib * _MIB
        try:
            _, hard = resource.prlimit(self._process.pid, resource.RLIMIT_DATA)
            resource.prlimit(self._process.pid, resource.RLIMIT_DATA, (most, hard))
        except ProcessLookupError:
            return  # the question will tell that the server is gone
        except OSError as error:
            raise EngineError("the OPA server's memory cannot be limited", why=str(error), remedy=_REMEDY) from error

    def death(self) -> str | None:
        """Why the server ended; None while it runs."""
        if self._process.poll() is None:
            return None
        if _OUT_OF_MEMORY.search(self._said()):
            return f"it takes more than {self._limits.memory_mib} MiB of memory: {LESS_MEMORY}"
        return f"the OPA server ended with status {self._process.returncode}"

    def settle(self) -> None:
        """Give a server that broke off a moment to be gone."""
        try:
            self._process.wait(_SETTLE_SECONDS)
        except subprocess.TimeoutExpired:
            return

    def stop(self) -> None:
        """End the server, now: it holds nothing that would have to be saved."""
        self._process.kill()
        self._process.wait()
        self.connection.close()
        self._log.close()

    def _start(self, binary: str, modules: Mapping[str, str]) -> None:
        mark = secrets.token_hex(16)
        texts = [_AUTHORISATION.format(token=self._token), _MARK.format(mark=mark), *modules.values()]
        with tempfile.TemporaryDirectory(prefix="probatum-opa-") as folder:
            for number, text in enumerate(texts):  # a module's own path may lead anywhere
                Path(folder, f"{number}.rego").write_text(text, encoding="utf-8", newline="")
            for _ in range(_START_TRIES):  # another process may take the port before the server does
                if self._started(binary, folder, mark):
                    return
                if not self._port_was_taken():
                    break
        said = self._said().strip()
        self._log.close()
        if _NOT_LOADED.search(said):
            raise NotLoadedError("the OPA server does not take the policies", why=said[-300:], remedy=_REMEDY)
        why = said[-300:] or "it gave no answer in time"
        raise EngineError("the OPA server did not start", why=why, remedy=_REMEDY)

    def _started(self, binary: str, folder: str, mark: str) -> bool:
        """Launch and wait; it must be our process that answers, so it has to say what only its files do."""
        port = _free_port()
        self._process = self._launch(binary, port, folder)
        self.connection = OpaServer(f"http://127.0.0.1:{port}").connect(self._token)
        deadline = time.monotonic() + _START_SECONDS
        try:
            while self._process.poll() is None and time.monotonic() < deadline:
                if self.connection.says("probatum_mark", "mark", mark):
                    return True
                time.sleep(0.005)
        except BaseException:
            self._give_up()
            raise
        self._give_up()
        return False

    def _give_up(self) -> None:
        self._process.kill()
        self._process.wait()
        self.connection.close()

    def _launch(self, binary: str, port: int, folder: str) -> subprocess.Popen[bytes]:
        child = [sys.executable, "-I", "-S", str(Path(__file__).with_name("opa_child.py")), str(os.getpid())]
        child.append(str(max(self._limits.memory_mib, _ROOMY_MIB)))
        server = [
            str(Path(binary).absolute()),
            "run",
            "--server",
            "--addr",
            f"127.0.0.1:{port}",
            "--authentication=token",
        ]
        server += ["--authorization=basic", "--log-level=error", "--disable-telemetry", "."]
        os.ftruncate(self._log.fileno(), 0)
        os.lseek(self._log.fileno(), 0, os.SEEK_SET)
        try:
            return subprocess.Popen(
                [*child, *server],
                stdin=subprocess.DEVNULL,
                stdout=self._log,
                stderr=self._log,
                cwd=folder,
            )
        except OSError as error:
            raise EngineError(f"{binary} does not start", why=str(error), remedy=_REMEDY) from error

    def _port_was_taken(self) -> bool:
        return "address already in use" in self._said()

    def _said(self) -> str:
        """The beginning of what the server wrote; its place in the file is the server's too, and stays."""
        return os.pread(self._log.fileno(), _LOG_BYTES, 0).decode("utf-8", "replace")


def _writable_bytes(process: int) -> int:
    """What ``RLIMIT_DATA`` counts of a process (proc(5), VmData)."""
    found = re.search(r"^VmData:\s+(\d+) kB", Path(f"/proc/{process}/status").read_text(encoding="ascii"), re.MULTILINE)
    return int(found.group(1)) * 1024 if found else 0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
