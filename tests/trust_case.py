"""A trust policy on disk that uses everything that there is, and verifier keys for it."""

from __future__ import annotations

import base64
import hashlib
import textwrap
from pathlib import Path

from certificate_case import Authority, pem
from signing_case import ec_key, ed_key, sha256, write

ONE, TWO = ed_key(), ec_key()
CA = Authority()
CA_PEM = pem(CA.root).encode()


def verifier_key(name: str, seed: int = 0, kind: int = 1) -> str:
    """A verifier key of C2SP's signed notes; nothing needs its private half."""
    data = bytes([kind]) + bytes([seed]) * 32
    digest = hashlib.sha256(f"{name}\n".encode() + data).digest()[:4].hex()
    return f"{name}+{digest}+{base64.b64encode(data).decode()}"


_SERVER = f"{{path: ca.pem, sha256: {sha256(CA_PEM)}}}"
_WITNESSES = f"[{verifier_key('w1', 1, 4)}, {verifier_key('w2', 2, 4)}]"
FULL = f"""\
version: 1
keys:
  one: {{path: one.pub, valid_from: 2026-01-01T00:00:00Z, valid_until: "2027-01-01T01:00:00+01:00"}}
  two: {{path: keys/two.pub}}
identities:
  ci:
    issuer: https://issuer.example
    identity_pattern: https://ci.example/acme/*/train.yml
    claims: {{repository: https://ci.example/acme/r, runner: github-hosted}}
    roots: [public, private]
    valid_until: 2028-01-01T00:00:00Z
  someone: {{issuer: https://issuer.example, identity: someone@acme.example, roots: [private]}}
certificates:
  server: {{roots: {_SERVER}, email: builder@acme.example, valid_from: 2026-02-01T00:00:00Z}}
sigstore:
  public: {{trusted_root: root.json, sha256: {sha256(b"{}")}}}
  private: {{trusted_root: private.json, sha256: {sha256(b"[]")}}}
timestamp_authorities:
  clock: {{certificates: ca.pem, sha256: {sha256(CA_PEM)}}}
logs:
  main: {{key: {verifier_key("log.example")}, witnesses: {_WITNESSES}, quorum: 1}}
  spare: {{key: {verifier_key("spare.example", 3)}}}
roles:
  verdict: {{signers: [one, two], threshold: 2, max_age_days: 30, require_log: true, logs: [main, public]}}
  provenance: {{signers: [ci, server, one], require_timestamp: true, timestamp_authorities: [clock, private]}}
  approval: {{signers: [someone]}}
  log: {{signers: [main]}}
"""


def folder(root: Path) -> Path:
    """The files that the policy names."""
    write(root / "one.pub", ONE.public.pem)
    write(root / "keys" / "two.pub", TWO.public.pem)
    write(root / "root.json", b"{}")
    write(root / "private.json", b"[]")
    write(root / "ca.pem", CA_PEM)
    return root


def policy_file(root: Path, text: str = FULL) -> Path:
    return write(folder(root) / "trust.yaml", textwrap.dedent(text))
