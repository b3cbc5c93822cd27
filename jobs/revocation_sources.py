"""What is revoked, from wherever the user and the trust policy say: files, folders, and, when asked for, URLs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ..attestations.revocation.revoked import Problem
from ..attestations.trust.policy import TrustPolicy
from ..attestations.trust.predicates import REVOCATION
from ..errors import PolicyError, ProbatumError, TrustError, UsageError
from ..evaluator.graph import Graph
from ..files import read_limited

if TYPE_CHECKING:
    from ..attestations.revocation.document import Given

MAX_BYTES = 64 * 1024 * 1024
MAX_FILES = 10_000
_SUFFIX = ".json"


def with_revocations(trust: TrustPolicy, sources: Sequence[str], *, online: bool, now: datetime) -> TrustPolicy:
    """The trust policy together with everything that is known to be revoked.

    Args:
        trust: who may revoke, and which files it names itself.
        sources: further files, folders and URLs.
        online: URLs may be fetched.
        now: for freshness.

    Returns:
        The policy; what could not be had or is not believed is a problem of its ``revocations``, which the caller
        either refuses (`Revocations.require`) or shows.

    Raises:
        UsageError: a URL is named without ``--online``, or a file cannot be read.
    """
    if not trust.revocation_sources and not sources and not _asks_for_fresh_ones(trust):
        return trust
    from ..attestations.revocation.gather import gather

    given: list[Given] = []
    missing: list[Problem] = []
    for source in (*map(str, trust.revocation_sources), *sources):
        if "://" not in source:
            found = list(_files(Path(source)))
            given += found
            missing += [] if found else [Problem(source, f"it holds no file that ends in {_SUFFIX}", "check the path")]
        elif not online:
            raise UsageError(
                f"{source} is on the network",
                why="the network is used only where that is asked for",
                remedy="say --online, or get the file and name it",
            )
        else:
            _fetch(source, given, missing)
    return replace(trust, revocations=gather(given, trust, now, missing))


def trusted_now(path: Path, sources: Sequence[str] = (), *, online: bool, now: datetime) -> TrustPolicy:
    """A trust policy with all that is known to be revoked, for whoever decides by it.

    Args:
        path: the trust policy.
        sources: further files, folders and URLs of what is revoked.
        online: URLs may be fetched.
        now: for freshness.

    Raises:
        UsageError: a file cannot be read, or a URL is named without ``--online``.
        TrustError: the trust policy is wrong, or what is known to be revoked is not the whole truth.
    """
    from ..attestations.trust.file import load_trust

    trust = with_revocations(load_trust(path), sources, online=online, now=now)
    if trust.revocations is not None:
        trust.revocations.require()
    return trust


def refuse_revoked_policies(trust: TrustPolicy | None, digest: str, packs: Sequence[Mapping[str, Any]]) -> None:
    """Refuse to decide with policies that were revoked.

    Args:
        trust: the trust policy with what is revoked.
        digest: SHA-256 of the policies together.
        packs: each pack, as an assessment records it.

    Raises:
        PolicyError: one is revoked.
    """
    if trust is None or trust.revocations is None:
        return
    named = {digest: "the policies"} | {pack["digest"]["sha256"]: f"the pack {pack['name']}" for pack in packs}
    for sha256, name in named.items():
        hit = trust.revocations.find("policy", sha256)
        if hit is not None:
            raise PolicyError(
                f"{name} may not decide any more", why=f"sha256 {sha256} is {hit}", remedy="use newer policies"
            )


def refuse_revoked_signers(trust: TrustPolicy | None, signers: Sequence[str]) -> None:
    """Refuse to sign with keys that were revoked: nobody who knows of it would believe the verdict.

    Args:
        trust: the trust policy with what is revoked.
        signers: ids of the keys.

    Raises:
        TrustError: one is revoked.
    """
    if trust is None or trust.revocations is None:
        return
    for name in signers:
        hit = trust.revocations.find("key", name)
        if hit is not None:
            raise TrustError(
                f"the key {name} may not sign any more", why=f"it is {hit}", remedy="sign with another key"
            )


def known_revocations(trust: TrustPolicy | None, graph: Graph) -> dict[str, Any] | None:
    """What an assessment records of revocations: what was known, and which evidence does not count for it, and why.

    Args:
        trust: the trust policy with what is revoked.
        graph: the evidence.
    """
    known = None if trust is None else trust.revocations
    if known is None or not known.given:
        return None
    from ..attestations.revocation.recorded_signers import ids_of

    found = {
        key: known.evidence[min(names)]
        for key, item in (graph.observations if known.evidence else {}).items()
        if (names := ids_of(item) & known.evidence.keys())
    }
    return {
        "sha256": known.digest,
        "documents": len(known.to_document()["documents"]),
        **({} if known.newest is None else {"newest": known.newest}),
        "evidence": sorted(found),
        "reasons": found,
    }


def _asks_for_fresh_ones(trust: TrustPolicy) -> bool:
    """Whether the trust policy is not content with knowing nothing."""
    return any(role.max_age_days is not None for role in trust.roles_for(REVOCATION))


def _files(path: Path) -> Iterator[Given]:
    """A file, or every JSON file of a folder."""
    from ..attestations.revocation.document import Given

    paths = [path]
    if path.is_dir():
        paths = sorted(item for item in path.iterdir() if item.name.endswith(_SUFFIX) and item.name[0] != ".")
    if len(paths) > MAX_FILES:
        raise UsageError(f"{path} holds too much", why=f"over {MAX_FILES} files", remedy="issue a list instead")
    for item in paths:
        if item.exists() and not item.is_file():
            raise UsageError(
                f"{item} is no file", why="a pipe or a device has no end", remedy="name a file or a folder"
            )
        yield Given(str(item), read_limited(item, MAX_BYTES))


def _fetch(url: str, given: list[Given], missing: list[Problem]) -> None:
    from ..attestations.revocation.document import Given
    from ..packs.source import is_loopback
    from ..packs.web import Web

    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname)):
        raise UsageError(f"{url} cannot be fetched", why="plain http can be changed on its way", remedy="use https")
    try:
        answer = Web(max_bytes=MAX_BYTES).get(url, shown=url)
    except ProbatumError as error:
        missing.append(Problem(url, error.why or str(error), "try again, or get the file in another way"))
        return
    if answer.status == 200:
        given.append(Given(url, answer.body))
    else:
        missing.append(Problem(url, f"the server answers {answer.status}", "check the address"))
