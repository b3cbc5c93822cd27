"""Witnesses that are servers (C2SP ``tlog-witness``): asking one to cosign a checkpoint of a log.

Only the log's origin, size and hashes go there. What comes back counts for nothing but for the witness's signature over
that very checkpoint, under the key that the user gave; so http will do as well as https. A witness that sees a log for
the first time believes it; from then on it wants a proof that the log grew from the size it saw last, and says which.
"""

from __future__ import annotations

from dataclasses import dataclass
from time import time
from urllib.parse import urlsplit

from ...errors import TrustError, UsageError
from ..trust.signing_time import CLOCK_SKEW
from .checkpoint import MAX_SIZE, SIZE, verified
from .consistency import grown_from
from .note import Note
from .store import Log
from .verifier_key import COSIGNATURE, VerifierKey

PATH = "/add-checkpoint"
SIZE_TYPE = "text/x.tlog.size"
_TRIES = 3
_SECONDS = 10
_MAX_BYTES = 64 * 1024
_BEHIND = "the log was rolled back, or others append to it just now"
_FORKED = "it has seen another history of this log: the log was rewritten or forked, or is damaged; see 'log check'"
_REFUSALS = {
    403: "it knows this log by another key",
    404: "it does not know this log, or the address is another's",
    409: _FORKED,
    422: _FORKED,
    429: "it is too busy",
}


class AheadError(TrustError):
    """A witness has cosigned a later checkpoint of the log than the one it was asked about."""


@dataclass(frozen=True)
class RemoteWitness:
    """A witness that is asked over the network.

    Args:
        url: the prefix of its address, as the user named it.
        key: verifies its cosignatures, as the user gave it.
    """

    url: str
    key: VerifierKey

    @classmethod
    def of(cls, url: str, key: VerifierKey) -> RemoteWitness:
        """A witness at an address.

        Raises:
            UsageError: the address is none, or has secrets in it; the key is no witness's.
        """
        try:
            parts = urlsplit(url)
            fits = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
            fits = fits and not (parts.query or parts.fragment or "@" in parts.netloc)
        except ValueError:
            fits = False
        if not fits:
            why = "expected http://… or https://…, without a query or credentials"
            raise UsageError(f"{url!r} is no address of a witness", why=why, remedy="ask its operator")
        if key.kind != COSIGNATURE:
            why = f"{key} is of kind {key.kind}; cosignatures are made with kind {COSIGNATURE}"
            raise UsageError(f"{key.name} is no witness", why=why, remedy="ask its operator for the verifier key")
        return cls(url.rstrip("/"), key)

    def cosign(self, log: Log, signed: bytes, old: int) -> bytes:
        """Have a checkpoint cosigned.

        Args:
            log: the proof of consistency is made from its files.
            signed: the checkpoint, verified.
            old: the size that the witness has probably seen last; it says so when it is another.

        Returns:
            The cosignature's line, which holds.

        Raises:
            AheadError: it has seen a larger log.
            TrustError: it cannot be reached, refuses, or answers something else; or the log is damaged.
        """
        if self.key.public == log.key.public:
            raise self._refused("its key is the log's own: a log that vouches for itself proves nothing")
        size = verified(signed, log.key).size
        for _ in range(_TRIES):
            answer = _post(self.url + PATH, grown_from(log, old, signed))
            if answer.status == 200:
                return self._line(signed, answer.body)
            seen = answer.size
            if seen is None or seen == old:
                raise self._refused(_REFUSALS.get(answer.status, f"it answers {answer.status}"))
            if seen > size:
                why = f"it has cosigned {seen} entries of {log.key.name}, here are {size}: {_BEHIND}"
                raise AheadError(f"{self} does not cosign", why=why, remedy="'probatum log check' compares the two")
            old = seen
        raise self._refused("it names another size each time it is asked: others append to the log just now")

    def _line(self, signed: bytes, answer: bytes) -> bytes:
        """The witness's own line of its answer, over this checkpoint and nothing else."""
        text = Note.parse(signed).text
        try:
            found = Note.parse(text.encode() + b"\n" + answer)
            signatures = found.verified([self.key])
        except TrustError as error:
            raise self._refused(f"its answer does not hold: {error}") from error
        if found.text != text or not signatures:
            raise self._refused(f"its answer is no signature of {self.key} over what was sent")
        if (signatures[0].time or 0) > time() + CLOCK_SKEW.total_seconds():
            raise self._refused("it cosigned in the future, by the clock of this machine")
        return found.lines_of(self.key)

    def _refused(self, why: str) -> TrustError:
        return TrustError(f"{self} does not cosign", why=why, remedy="ask its operator, or choose another witness")

    def __str__(self) -> str:
        """In words."""
        return f"the witness {self.key.name} at {self.url}"


@dataclass(frozen=True)
class _Answer:
    status: int
    kind: str
    body: bytes

    @property
    def size(self) -> int | None:
        """The size that a witness says it has seen; None where it says none."""
        text = self.body.decode("ascii", "replace")
        sized = self.status == 409 and self.kind == SIZE_TYPE and text.endswith("\n") and SIZE.fullmatch(text[:-1])
        return int(text) if sized and int(text) <= MAX_SIZE else None


def _post(url: str, body: bytes) -> _Answer:
    """Post to the address that the user named, and to no other: no redirect is followed, nothing of a .netrc is sent.

    How long all of it may take is for the caller to bound; `_SECONDS` is for each part.
    """
    import requests
    from urllib3.exceptions import HTTPError

    headers = {"Content-Type": "text/plain; charset=utf-8", "Accept-Encoding": "identity"}
    try:
        with requests.Session() as session:
            session.auth = lambda request: request
            with session.post(
                url, data=body, headers=headers, timeout=_SECONDS, stream=True, allow_redirects=False
            ) as answer:
                data: bytes = answer.raw.read(_MAX_BYTES + 1)
                kind = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
                status = answer.status_code
    except (OSError, ValueError, requests.RequestException, HTTPError) as error:
        reason = getattr(error.args[0] if error.args else None, "reason", error)  # what hides behind many retries
        raise TrustError(f"{url} does not answer", why=str(reason), remedy="try again") from error
    if len(data) > _MAX_BYTES:
        raise TrustError(f"{url} does not answer", why=f"with less than {_MAX_BYTES} bytes", remedy="try another")
    return _Answer(status, kind, data)
