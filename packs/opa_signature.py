"""Signatures of OPA bundles: ``.signatures.json``, a JWT over the digest of every file.

Open Policy Agent, "Bundle Signature Format": the token's payload lists each file with a digest. Of documents that OPA
reads (``data.json``, ``data.yaml``, ``.manifest``) it is of the JSON value, so that white space does not count: ``{``,
the keys in order, each with ``:`` and its value, commas between them, ``}``. Of all other files it is of the bytes.
Here, as there, every file that the token lists must be there and fit, and every file that is there must be listed.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .. import strict_json
from ..attestations.keys.public_key import PublicKey
from ..errors import EvidenceError, TrustError
from .jws import parse_token
from .pack import OPA_SIGNATURES as FILE

_HASHES = {
    "SHA-256": "sha256",
    "SHA-384": "sha384",
    "SHA-512": "sha512",
    "SHA-512-256": "sha512_256",
}
_DOCUMENTS = ("data.json", "data.yaml", ".manifest")
_HEX = re.compile(r"[0-9a-fA-F]+")
_REMEDY = "get the bundle again from where it was signed, or sign it again after the change"


@dataclass(frozen=True)
class Claims:
    """What a token says, once its signature holds.

    Args:
        keys: that signed it.
        files: path to algorithm and digest.
        issued: seconds since the epoch, where it says so.
    """

    keys: tuple[PublicKey, ...]
    files: Mapping[str, tuple[str, str]]
    issued: int | None


def check_token(document: bytes, keys: Iterable[PublicKey], *, source: str, now_seconds: float) -> Claims | None:
    """Check the token of a signature file; its payload is read only when a key signed it.

    Args:
        document: ``.signatures.json``.
        keys: that may have signed it.
        source: what to call the bundle in errors.
        now_seconds: seconds since the epoch, for tokens that expire.

    Returns:
        What it claims; None when none of the keys signed it.

    Raises:
        TrustError: it is malformed, of an algorithm that is not accepted, expired, or for another purpose.
    """
    name = f"{source}: {FILE}"
    token = parse_token(_token(document, name), source=name)
    signers = token.signers(keys)
    if not signers:
        return None
    claims = _loads(token.payload, f"{name}: payload")
    listed = claims.get("files") if isinstance(claims, Mapping) else None
    if not isinstance(listed, list):
        raise _refused(name, "its payload lists no files")
    if claims.get("scope"):
        raise _refused(name, f"it is for the scope {claims['scope']!r} only, and there is none here")
    for claim, sign in (("exp", 1), ("nbf", -1)):
        if claim in claims and (not _is_number(claims[claim]) or sign * (claims[claim] - now_seconds) < 0):
            raise _refused(name, f"it does not hold now: {claim} is {claims[claim]!r}")
    issued = claims.get("iat")
    return Claims(signers, dict(_files(listed, name)), int(issued) if _is_number(issued) else None)


def check_files(claims: Claims, present: Iterable[str], read: Callable[[str], bytes | None], *, source: str) -> None:
    """Hold the files of a bundle against what a token claims of them.

    Args:
        claims: whose signature holds.
        present: paths that must be listed.
        read: content of a path; None when there is no such file.
        source: what to call the bundle in errors.

    Raises:
        TrustError: a file is missing, not listed, or has another digest.
    """
    for path in sorted({*present} - {FILE} - claims.files.keys()):
        raise _refused(source, f"{path} is not covered by its signature")
    for path, (algorithm, wanted) in sorted(claims.files.items()):
        data = read(path)
        if data is None:
            raise _refused(source, f"{path} is signed, and not there")
        found = digest_of(path, data, algorithm, source=source)
        if found != wanted:
            raise _refused(source, f"{path} has the digest {found}, and {wanted} was signed")


def digest_of(path: str, data: bytes, algorithm: str, *, source: str) -> str:
    """The digest of a file as OPA computes it, in lower-case hexadecimal.

    Raises:
        TrustError: it should be a JSON document and is none.
    """
    if path.rpartition("/")[2] in _DOCUMENTS:
        try:
            value = json.loads(data.decode("utf-8"), parse_float=_Number, parse_int=_Number)
            data = "".join(_walk(value)).encode("utf-8")
        except (ValueError, RecursionError) as error:
            raise _refused(source, f"{path} is no JSON document") from error
    return hashlib.new(_HASHES[algorithm], data).hexdigest()


class _Number(str):
    """A number as it was written; OPA keeps it so."""

    __slots__ = ()


def _walk(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield "{"
        for at, key in enumerate(sorted(value)):
            yield f"{',' if at else ''}{_text(key)}:"
            yield from _walk(value[key])
        yield "}"
    elif isinstance(value, list):
        yield "["
        for at, item in enumerate(value):
            yield "," if at else ""
            yield from _walk(item)
        yield "]"
    elif isinstance(value, _Number):
        yield value
    else:
        yield _text(value)


def _text(value: Any) -> str:
    """A string, truth value or null as Go's encoder writes it, which escapes two separators of lines."""
    return json.dumps(value, ensure_ascii=False).replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _token(document: bytes, name: str) -> str:
    value = _loads(document, name)
    tokens = value.get("signatures") if isinstance(value, Mapping) else None
    if not isinstance(tokens, list) or len(tokens) != 1 or not isinstance(tokens[0], str):
        raise _refused(name, "expected exactly one signature")
    if value.get("plugin") not in (None, "", "_default"):
        raise _refused(name, f"it is of the plugin {value['plugin']!r}")
    return tokens[0]


def _files(listed: Iterable[Any], name: str) -> Iterator[tuple[str, tuple[str, str]]]:
    seen = set()
    for item in listed:
        entry = item if isinstance(item, Mapping) else {}
        path, digest, algorithm = (entry.get(key) for key in ("name", "hash", "algorithm"))
        if not isinstance(path, str) or not isinstance(digest, str) or not _HEX.fullmatch(digest):
            raise _refused(name, "an entry names no file or no digest")
        path = path.lstrip("/")
        if not path or "\0" in path:
            raise _refused(name, "an entry names no file or no digest")
        if algorithm not in _HASHES:
            raise _refused(name, f"{path} has a digest by {algorithm}, which is not accepted")
        if path in seen:
            raise _refused(name, f"it lists {path} twice")
        seen.add(path)
        yield path, (algorithm, digest.lower())


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _loads(data: bytes, name: str) -> Any:
    try:
        return strict_json.loads(data, source=name, fold_case=True)
    except EvidenceError as error:
        raise TrustError(error.what, why=error.why, remedy=_REMEDY) from error


def _refused(source: str, why: str) -> TrustError:
    return TrustError(f"the signature of {source} does not hold", why=why, remedy=_REMEDY)
