"""A token of SoftHSM for tests: the real PKCS#11 library, a key pair made inside it.

Where SoftHSM, pkcs11-tool or the Python client are absent, the tests are skipped with the reason; with
PROBATUM_REQUIRE_SOFTHSM=1 that is a failure.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

PIN = "246810"
_LIBRARIES = (
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
    "/usr/lib64/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
)


@dataclass(frozen=True)
class Token:
    """A token that is there.

    Args:
        library: PKCS#11 library.
        configuration: of SoftHSM.
        label: of the token.
    """

    library: str
    configuration: Path
    label: str

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs to find the token."""
        return {
            "SOFTHSM2_CONF": str(self.configuration),
            "PYKCS11LIB": self.library,
            "PROBATUM_KEY_PASSPHRASE": PIN,
        }


def make_token(folder: Path, label: str = "release") -> Token:
    """Make a token with a P-256 key of id 2 and a P-384 key of id 3, or skip."""
    missing = _missing()
    if missing and os.environ.get("PROBATUM_REQUIRE_SOFTHSM"):
        pytest.fail(f"PROBATUM_REQUIRE_SOFTHSM is set, and there is no {missing}")
    if missing:
        pytest.skip(f"there is no {missing}")
    library = next(path for path in _LIBRARIES if Path(path).exists())
    (folder / "tokens").mkdir()
    configuration = folder / "softhsm2.conf"
    configuration.write_text(f"directories.tokendir = {folder / 'tokens'}\nobjectstore.backend = file\n")
    token = Token(library, configuration, label)
    _run(token, "softhsm2-util", "--init-token", "--free", "--label", label, "--pin", PIN, "--so-pin", "13579")
    for number, curve in ((2, "prime256v1"), (3, "secp384r1")):
        _run(token, *_tool(token), "--keypairgen", "--key-type", f"EC:{curve}", "--id", f"{number:02x}")
    return token


def signed_by_tool(token: Token, number: int, digest: bytes, folder: Path) -> bytes:
    """A signature over a digest, ``r || s``, that pkcs11-tool has the token make."""
    (folder / "digest").write_bytes(digest)
    files = ("--input-file", str(folder / "digest"), "--output-file", str(folder / "signature"))
    _run(token, *_tool(token), "--sign", "--mechanism", "ECDSA", "--id", f"{number:02x}", *files)
    return (folder / "signature").read_bytes()


def _tool(token: Token) -> tuple[str, ...]:
    return ("pkcs11-tool", "--module", token.library, "--token-label", token.label, "--login", "--pin", PIN)


def _missing() -> str:
    for name in ("softhsm2-util", "pkcs11-tool"):
        if shutil.which(name) is None:
            return name
    if not any(Path(path).exists() for path in _LIBRARIES):
        return "libsofthsm2.so"
    return "" if importlib.util.find_spec("pkcs11") else "python-pkcs11"


def _run(token: Token, *command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, **token.environment})
