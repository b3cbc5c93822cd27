"""The deterministic OPA bundle of a policy set (``policies.tar.gz``)."""

from __future__ import annotations

from .policies import PolicySet


def pack(policies: PolicySet) -> bytes:
    """The bundle's bytes; equal policies give equal bytes."""
    raise NotImplementedError


def unpack(data: bytes, *, source: str) -> PolicySet:
    """Read a bundle strictly; ``PolicyError`` on anything odd."""
    raise NotImplementedError
