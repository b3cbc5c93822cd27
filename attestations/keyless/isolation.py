"""Whether a keyless signer was isolated from the job that it speaks about.

A certificate for a CI job names two workflows: the one whose steps ran and signed, and the one that was started. Where
they are the same, whoever writes the job writes what it says of itself. SLSA (https://slsa.dev/spec/v1.1/requirements,
build level 3, "provenance is unforgeable") asks for a signer that the job's author does not control: a reusable
workflow of another repository, on a machine of the CI's own. The repository alone tells nothing: each of its workflows
has that.
"""

from __future__ import annotations

from collections.abc import Mapping

_SIGNER = "workflow"
"""Claim: URI of the workflow that signed, which is the one that was called where one calls another."""
_STARTED = "build_config"
"""Claim: URI of the workflow that was started."""
_RUNNER, _REPOSITORY = "runner", "repository"
_SELF_HOSTED = "self-hosted"


def isolated(identity: Mapping[str, str]) -> bool | None:
    """Whether the signer was isolated from the job that started it.

    Args:
        identity: claims of the signer's certificate, `verification.Verification.identity`.

    Returns:
        None when the signer is no CI job: a key, or a person.
    """
    signer = identity.get(_SIGNER)
    if signer is None:
        return None
    started, repository = identity.get(_STARTED), identity.get(_REPOSITORY)
    if started is None or repository is None or identity.get(_RUNNER, _SELF_HOSTED) == _SELF_HOSTED:
        return False
    return _path(signer) != _path(started) and not _path(signer).startswith(f"{_path(repository)}/")


def _path(uri: str) -> str:
    """Without the ref, in one case, since the forges' names have no case."""
    return uri.partition("@")[0].rstrip("/").casefold()
