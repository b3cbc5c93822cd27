"""Other people's tools for tests: where they are, and what they say.

Where one is not at hand, the tests that need it are skipped and say so. The gate on landings says which it built
(``PROBATUM_REQUIRE_INTEROP``): there the absence of one of these fails.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

COSIGN = "cosign"
SLSA_VERIFIER = "slsa-verifier"
IN_TOTO = "in-toto"
AMPEL = "ampel"
ATTESTATION_VERIFIER = "attestation-verifier"
WITNESS = "witness"
_VARIABLE = {
    COSIGN: "PROBATUM_COSIGN",
    SLSA_VERIFIER: "PROBATUM_SLSA_VERIFIER",
    IN_TOTO: "PROBATUM_IN_TOTO",
    AMPEL: "PROBATUM_AMPEL",
    ATTESTATION_VERIFIER: "PROBATUM_ATTESTATION_VERIFIER",
    WITNESS: "PROBATUM_WITNESS",
}
_AMBIGUOUS = (IN_TOTO, WITNESS)
"""Other programs have these names, too: on ``PATH`` they may be anything."""
_NOBODY = "http://127.0.0.1:9"
"""A proxy that is not there: whatever a tool asks of the network fails at once. Loopback is asked without it."""
_REQUIRED = os.environ.get("PROBATUM_REQUIRE_INTEROP", "")


def tool(name: str) -> str | None:
    """Path of an executable: its variable, else from ``PATH``."""
    return os.environ.get(_VARIABLE[name]) or (shutil.which(name) if name not in _AMBIGUOUS else None)


def needs(name: str) -> pytest.MarkDecorator:
    """Skips a test, and says so, where the tool is neither at hand nor required.

    ``PROBATUM_REQUIRE_INTEROP`` is ``1`` for every tool, or a list of those that are required.
    """
    required = _REQUIRED == "1" or name in _REQUIRED.split(",")
    return pytest.mark.skipif(
        tool(name) is None and not required, reason=f"NO {name.upper()}: it was not tried (set {_VARIABLE[name]})"
    )


def said(name: str, arguments: Sequence[str | Path], folder: Path) -> tuple[bool, str]:
    """Whether a tool accepts, and everything that it says; it sees no settings, keys or network of the caller.

    Args:
        name: of the tool.
        arguments: its own.
        folder: where it runs, and its home.
    """
    return _ran([str(tool(name)), *map(str, arguments)], folder, os.environ["PATH"])


def typed(name: str, commands: str, folder: Path) -> tuple[bool, str]:
    """The same of commands as a user types them, the last of which is the tool's."""
    command = folder / "bin" / name
    if not command.exists():
        command.parent.mkdir(exist_ok=True)
        command.symlink_to(str(tool(name)))
    return _ran(["bash", "-euo", "pipefail", "-c", commands], folder, f"{command.parent}:{os.environ['PATH']}")


def _ran(command: Sequence[str], folder: Path, path: str) -> tuple[bool, str]:
    home = {"HOME": str(folder), "PATH": path, "COSIGN_PASSWORD": "", "COSIGN_YES": "true"}
    home |= {"HTTP_PROXY": _NOBODY, "HTTPS_PROXY": _NOBODY}
    done = subprocess.run(command, cwd=folder, env=home, capture_output=True, text=True, check=False, timeout=60)
    return done.returncode == 0, done.stdout + done.stderr


def modern(folder: Path) -> bool:
    """Whether this cosign is of version 3 or later; a binary that was built from the module does not tell."""
    return "--use-signing-config" in said(COSIGN, ["attest-blob", "--help"], folder)[1]
