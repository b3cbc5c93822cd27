"""JSON that means one thing only: a strict reader and the canonical writer.

Rules (DESIGN promise 5; the dangers are those of RFC 8259 section 4 and of RFC 7493, I-JSON):

- a document over ``Limits.max_bytes`` or deeper than ``Limits.max_depth`` is refused before it is parsed;
- duplicate keys, also those that differ only in case, ``NaN``, ``Infinity``, numbers that overflow to infinity, and
  lone surrogates are refused;
- what is written is RFC 8785 (JCS), so equal values have equal bytes and equal digests.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import math
import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import rfc8785

from .errors import EvidenceError

_NOT_STRUCTURE = bytes(set(range(256)) - set(b"[]{}"))
_STEP = [(byte in b"[{") - (byte in b"]}") for byte in range(256)]
_ENCODE = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode
_SPECIAL_NUMBER = re.compile(r'[:,\[](?<=":|.,|.\[)-?\d+(?:[.eE]|\d{15})')
"""A fraction, an exponent or a long integer behind a key, a comma or a bracket: one character is searched for, fast."""
_UTF16_ORDER = re.compile("[\ud800-\U0010ffff]")
_ESCAPED_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_LEAST, _MOST = 1e-4, 2**53
"""Between these both write a number without an exponent; whole numbers beyond the second are not exact."""
_PLAIN = (str, int, float, bool, type(None))
_LONGEST = 500  # characters of a reason: a hostile document must not fill the log
_REMEDY = "regenerate the document with the tool that made it; do not edit it by hand"


@dataclass(frozen=True)
class Limits:
    """How large a document may be.

    Args:
        max_bytes: size in bytes.
        max_depth: nesting of arrays and objects.
    """

    max_bytes: int = 64 * 1024 * 1024
    max_depth: int = 64


DEFAULT_LIMITS = Limits()


def loads(data: bytes, *, source: str, limits: Limits = DEFAULT_LIMITS, fold_case: bool = False) -> Any:
    """Parse one JSON document strictly.

    Args:
        data: the document's bytes, UTF-8 without a byte-order mark.
        source: what to call the document in errors, usually its path.
        limits: size and depth allowed.
        fold_case: also refuse keys of one object that differ only in case. Signed statements ask for it, because Go
            readers match keys without regard to case.

    Returns:
        The value, built of dict, list, str, int, float, bool and None.

    Raises:
        EvidenceError: the document is not strict JSON or is over a limit.
    """
    _check_size(data, source, limits)

    pairs = _distinct_folded if fold_case else _distinct
    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=pairs, parse_constant=_refuse, parse_float=_finite)
        if _ESCAPED_SURROGATE.search(data):
            _check_surrogates(value)
    except (ValueError, RecursionError) as error:
        raise EvidenceError(f"{source} is not strict JSON", why=str(error)[:_LONGEST], remedy=_REMEDY) from error
    return value


def canonical(value: Any) -> bytes:
    """Encode a value as canonical JSON (RFC 8785).

    The standard library's encoder writes the same bytes, five times faster, where a document has no exponent or long
    integer (RFC 8785 writes numbers as ECMAScript does) and no character whose order differs in UTF-16.

    Raises:
        EvidenceError: the value has no canonical form (non-finite number, integer of 2**53 or more, lone surrogate).
    """
    if isinstance(value, dict):
        with suppress(TypeError, ValueError, RecursionError):
            text = _ENCODE(value)
            if _SPECIAL_NUMBER.search(text):
                text = _ENCODE(_with_plain_numbers(value))
            if text.isascii() or not _UTF16_ORDER.search(text):
                return text.encode("utf-8")
    try:
        return bytes(rfc8785.dumps(value))
    except (rfc8785.CanonicalizationError, UnicodeEncodeError, RecursionError) as error:
        raise EvidenceError("a value has no canonical JSON form", why=str(error)[:_LONGEST]) from error


def digest(value: Any) -> str:
    """SHA-256, in lower-case hexadecimal, of a value's canonical JSON."""
    return hashlib.sha256(canonical(value)).hexdigest()


def _with_plain_numbers(value: Any) -> Any:
    """A document whose numbers Python and ECMAScript write alike: the shortest decimals, and 7 instead of 7.0.

    Raises:
        ValueError: it has a number that only ECMAScript's rules write, or a value that is not plain JSON.
    """
    kind = type(value)
    if kind is dict:
        return {key: _with_plain_numbers(item) for key, item in value.items()}
    if kind is list or kind is tuple:
        return [_with_plain_numbers(item) for item in value]
    if kind is float and value.is_integer():
        value = int(value)
    elif kind is float and not _LEAST <= abs(value) < _MOST:
        raise ValueError("it may need an exponent")
    if type(value) is int and abs(value) >= _MOST:
        raise ValueError("it is a long integer")
    if kind not in _PLAIN:
        raise ValueError("it is not plain JSON")
    return value


def _check_size(data: bytes, source: str, limits: Limits) -> None:
    if len(data) > limits.max_bytes:
        raise EvidenceError(
            f"{source} is too large",
            why=f"{len(data)} bytes, the limit is {limits.max_bytes}",
            remedy="raise the limit if the document is genuine",
        )
    depth = _depth(data)
    if depth > limits.max_depth:
        raise EvidenceError(f"{source} is nested too deep", why=f"{depth} levels, the limit is {limits.max_depth}")


def _depth(data: bytes) -> int:
    """Levels of nesting, found in time linear in the size; in a document that is not JSON, any number.

    Without escaped backslashes and then without escaped quotes, the strings are every second part between quotes.
    """
    if b"\\" in data:
        data = data.replace(rb"\\", b"").replace(rb"\"", b"")
    brackets = b"".join(data.split(b'"')[::2]).translate(None, _NOT_STRUCTURE)
    return max(itertools.accumulate(map(_STEP.__getitem__, brackets)), default=0)


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is not a JSON number")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"the number {text} is out of range")
    return number


def _check_surrogates(value: Any) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError as error:
        raise ValueError(f"lone surrogate U+{ord(error.object[error.start]):04X}") from error


def _distinct(items: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(items)
    if len(value) != len(items):
        raise ValueError(f"duplicate key {_repeated(key for key, _ in items)!r}")
    return value


def _distinct_folded(items: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(items)
    if len({key.casefold() for key in value}) != len(items):
        raise ValueError(f"duplicate key where case is ignored: {_repeated(key.casefold() for key, _ in items)!r}")
    return value


def _repeated(keys: Iterable[str]) -> str:
    """The first key that was there before."""
    seen: set[str] = set()
    for key in keys:
        if key in seen:
            return key
        seen.add(key)
    raise AssertionError("no key is repeated")
