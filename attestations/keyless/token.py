"""Who we are in CI: the OIDC token of the job, from the service that runs it or from where the user put it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ... import strict_json
from ...errors import ProbatumError, TrustError, UsageError
from ...files import read_limited

AUDIENCE = "sigstore"
TOKEN = "SIGSTORE_ID_TOKEN"  # noqa: S105  the name of a variable
TOKEN_FILE = "SIGSTORE_ID_TOKEN_FILE"  # noqa: S105
_SERVICES = {
    "GITHUB_ACTIONS": "GitHub Actions",
    "GITLAB_CI": "GitLab CI/CD",
    "BUILDKITE": "Buildkite",
    "CIRCLECI": "CircleCI",
    "GOOGLE_SERVICE_ACCOUNT_NAME": "Google Cloud",
}
"""Variable to the service that sets it. On Google Cloud it is the user who does: a virtual machine there is no CI."""
_REMEDIES = {
    "GITHUB_ACTIONS": "give the job `permissions: id-token: write`; pull requests from forks cannot have it",
    "GITLAB_CI": f"give the job `id_tokens: {TOKEN}: aud: {AUDIENCE}`",
}
_MAX_BYTES = 64 * 1024


@dataclass(frozen=True)
class Token:
    """A token, and where it came from.

    Args:
        value: sigstore's ``IdentityToken``; it signs for us, so it is never shown.
        origin: where it came from, for people.
        claims: what it says; Fulcio checks that its issuer said so.
    """

    value: Any = field(repr=False)
    origin: str
    claims: Mapping[str, Any] = field(repr=False)

    @property
    def issuer(self) -> str:
        """The OIDC issuer."""
        return str(self.claims.get("iss", ""))

    @property
    def holder(self) -> str:
        """Whom it is about, as near as can be told to what the certificate will say."""
        names = ("job_workflow_ref", "ci_config_ref_uri", "email", "sub")
        return str(next((self.claims[name] for name in names if self.claims.get(name)), "?"))

    @property
    def live(self) -> bool:
        """It has not expired."""
        return bool(self.value.in_validity_period())


def ambient_service() -> str | None:
    """What offers an identity here, by the environment alone; None where nothing does. Uses no network."""
    if os.environ.get(TOKEN) or os.environ.get(TOKEN_FILE):
        return f"the variable {TOKEN if os.environ.get(TOKEN) else TOKEN_FILE}"
    return next((service for name, service in _SERVICES.items() if os.environ.get(name)), None)


def identity_token() -> Token:
    """The token of this job; asks the CI service for it where the user did not give one.

    Raises:
        UsageError: two tokens were given, or the file with it cannot be read.
        TrustError: there is none, the service refuses it, or it is expired or for another audience.
    """
    from sigstore.oidc import IdentityError, IdentityToken

    raw, origin = _given() or _asked()
    try:
        value = IdentityToken(raw, AUDIENCE)
        return Token(value, origin, _claims(raw))
    except IdentityError as error:
        raise TrustError(
            f"the identity token from {origin} cannot be used",
            why=_explained(error),
            remedy=f"have it made for the audience {AUDIENCE}, shortly before signing",
        ) from error


def _given() -> tuple[str, str] | None:
    text, path = os.environ.get(TOKEN), os.environ.get(TOKEN_FILE)
    if text and path:
        raise UsageError("two identity tokens were given", why=f"{TOKEN} and {TOKEN_FILE} are set", remedy="unset one")
    if text:
        return text.strip(), TOKEN
    return (read_limited(Path(path), _MAX_BYTES).decode("ascii", "replace").strip(), path) if path else None


def _asked() -> tuple[str, str]:
    import id as ambient

    service = next((name for name in _SERVICES if os.environ.get(name)), "")
    remedy = _REMEDIES.get(service, f"run where a CI service offers one, set {TOKEN}, or sign with --key")
    try:
        raw = ambient.detect_credential(AUDIENCE)
    except Exception as error:  # the library lets errors of its own clients through
        where = _SERVICES.get(service, "the CI service")
        raise TrustError(f"{where} gives no identity to sign with", why=str(error), remedy=remedy) from error
    if raw is None:
        why = f"neither {', '.join(_SERVICES.values())} was recognised, and {TOKEN} is not set"
        raise TrustError("there is no identity to sign with", why=why, remedy=remedy)
    return raw, _SERVICES.get(service, "Google Cloud")


def _claims(raw: str) -> Mapping[str, Any]:
    import id as ambient

    try:
        found = strict_json.loads(ambient.decode_oidc_token(raw)[1].encode(), source="the identity token")
    except (ValueError, ProbatumError):
        found = None
    return found if isinstance(found, Mapping) else {}


def _explained(error: Exception) -> str:
    """The library says the same of every token; the cause tells more. Neither holds any of the token."""
    reasons = {"ExpiredSignatureError": "it has expired", "InvalidAudienceError": "it is for another audience"}
    return reasons.get(type(error.__cause__).__name__, str(error))
