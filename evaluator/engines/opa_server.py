"""An OPA server of our own: on loopback, with a random token, for as long as a run lasts."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import EngineError

if TYPE_CHECKING:
    from opa_client.opa import OpaClient

_START_SECONDS = 15.0
_STOP_SECONDS = 5.0
_REMEDY = "install Open Policy Agent 1.0 or later, name it in PROBATUM_OPA, or use --engine regorus"
_AUTHORISATION = """package system.authz

default allow := false

allow if input.identity == "{token}"
"""


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
    """The version that an executable states.

    Raises:
        EngineError: it is not Open Policy Agent, or does not run.
    """
    try:
        done = subprocess.run([binary, "version"], capture_output=True, text=True, timeout=_START_SECONDS, check=True)
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError) as error:
        raise EngineError(f"{binary} does not run", why=str(error), remedy=_REMEDY) from error
    version = re.search(r"^Version: (\S+)", done.stdout, re.MULTILINE)
    if version is None:
        raise EngineError(f"{binary} is not Open Policy Agent", why="it states no version", remedy=_REMEDY)
    return version.group(1)


@contextmanager
def started(binary: str, timeout_seconds: float) -> Iterator[OpaClient]:
    """Start a server and stop it again, whatever happens in between.

    Args:
        binary: path of the executable.
        timeout_seconds: how long one answer may take to begin.

    Yields:
        A client that holds the server's token.

    Raises:
        EngineError: the server does not come up.
    """
    token, port = secrets.token_urlsafe(32), _free_port()
    with tempfile.TemporaryDirectory(prefix="probatum-opa-") as folder:
        policy = Path(folder, "authz.rego")
        policy.write_text(_AUTHORISATION.format(token=token), encoding="utf-8")
        with Path(folder, "log").open("w+b") as log:
            process = _launch(binary, port, policy, log.fileno())
            try:
                yield _ready(process, port, token, timeout_seconds, Path(folder, "log"))
            finally:
                _stop(process)


def connect(host: str, port: int, *, token: str | None, timeout_seconds: float, secure: bool = False) -> OpaClient:
    """A client that never asks twice and, on loopback, never goes through a proxy of the environment."""
    from opa_client import opa

    make: Any = opa.OpaClient
    client = make(host=host, port=port, ssl=secure, token=token, retries=0, timeout=timeout_seconds)
    if host == "127.0.0.1":
        client._session.trust_env = False  # noqa: SLF001  the client has no setting for it
    found: OpaClient = client
    return found


def _launch(binary: str, port: int, policy: Path, log: int) -> subprocess.Popen[bytes]:
    address = f"127.0.0.1:{port}"
    arguments = ["run", "--server", "--addr", address, "--authentication=token", "--authorization=basic"]
    arguments += ["--log-level=error", "--disable-telemetry", str(policy)]
    try:
        return subprocess.Popen(
            [binary, *arguments], stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=policy.parent
        )
    except OSError as error:
        raise EngineError(f"{binary} does not start", why=str(error), remedy=_REMEDY) from error


def _ready(process: subprocess.Popen[bytes], port: int, token: str, timeout_seconds: float, log: Path) -> OpaClient:
    """Wait for the server; it must be our process that answers, for another one may have taken the port."""
    client: OpaClient = connect("127.0.0.1", port, token=token, timeout_seconds=timeout_seconds)
    deadline = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        if client.check_health() and process.poll() is None:
            return client
        time.sleep(0.02)
    said = log.read_text(encoding="utf-8", errors="replace").strip()[-300:]
    raise EngineError("the OPA server did not start", why=said or "it gave no answer in time", remedy=_REMEDY)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
