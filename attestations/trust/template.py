"""A proposed trust policy as a file for review: everything in it is a comment, and it cannot be loaded as it is.

What comes from the package is written as JSON strings of ASCII, which are YAML too, so that nothing in it can end its
comment or its line.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from .proposal import Proposal, ProposedIdentity, ProposedKey

_INTRODUCTION = """\
## Who may sign what: a proposal, made from what a verdict package says of itself. It proves nothing.
## For each signer: ask its owner for the fingerprint or identity, by another way than the package came. Compare.
## Then take "# " from the lines of those whom you trust, and remove the line `review`. See docs/auditor/trust.md.
## Nobody can use this file before that; `probatum trust check` says what it would allow.
review: required
version: 1
"""


def template(proposal: Proposal) -> str:
    """The file's text.

    Args:
        proposal: whom it could trust.
    """
    lines = [f"## Made from {_text(proposal.source)}", *_INTRODUCTION.splitlines()]
    if proposal.keys:
        lines += ["# keys:", *(line for name, key in sorted(proposal.keys.items()) for line in _key(name, key))]
    if proposal.identities:
        lines.append("# identities:")
        lines += [line for name, item in sorted(proposal.identities.items()) for line in _identity(name, item)]
        lines += _root()
    lines.append("# roles:")
    lines += [line for name, signers in sorted(proposal.roles.items()) if signers for line in _role(name, signers)]
    lines += [f"## Left out: {_text(what)}" for what in proposal.left_out]
    return "\n".join([*lines, ""])


def _key(name: str, key: ProposedKey) -> Iterator[str]:
    yield f"## {name} {key.why}. Its fingerprint: {_text(key.id)}"
    yield f"#   {name}:"
    if key.pem is None:
        yield f"#     path: {name}.pub"
        yield f"## The package does not hold this key: put it into {name}.pub, and compare its fingerprint."
        return
    yield "#     pem: |"
    yield from (f"#       {line}" for line in key.pem.splitlines())


def _identity(name: str, item: ProposedIdentity) -> Iterator[str]:
    yield f"## {name} {item.why}."
    yield f"#   {name}:"
    yield f"#     issuer: {_text(item.issuer)}"
    yield f"#     identity: {_text(item.identity)}"
    if item.claims:
        yield f"#     claims: {json.dumps(dict(item.claims))}"


def _root() -> Iterator[str]:
    yield "## The trusted root of the sigstore instance that issued the certificates, with its digest."
    yield "# sigstore:"
    yield '#   root: {trusted_root: trusted_root.json, sha256: "FILL IN"}'


def _role(name: str, signers: list[str]) -> Iterator[str]:
    """A role; for verdicts, an age that a reviewer will at least think about."""
    age = ", max_age_days: 30" if name == "verdict" else ""
    yield f"#   {name}: {{signers: {json.dumps(signers)}{age}}}"


def _text(value: str) -> str:
    return json.dumps(value)
