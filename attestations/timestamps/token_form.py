"""The one form of a timestamp response in which no byte is free.

A TimeStampResp (RFC 3161) has parts that nobody signs: the words of its status, unsigned attributes, certificates
that were added, version numbers that the library reads past. A token with such freedom could be altered without notice;
here it is refused, or, when it has just been received, brought into the one form.
"""

from __future__ import annotations

from ...errors import TrustError
from ..keys.ecdsa_form import one_form

_GRANTED = bytes.fromhex("3003020100")
_SIGNED_DATA = bytes.fromhex("06092a864886f70d010702")
_VERSION_3 = bytes.fromhex("020103")
_VERSION_1 = bytes.fromhex("020101")
_SEQUENCE, _SET, _OCTETS, _TAGGED = 0x30, 0x31, 0x04, 0xA0
_SIGNATURE = (1, 1, 0, -1, 0, 5)
"""From the response to the signature: token, its content, signed data, signers, the first one, its signature."""
_DIGESTS = {"01": ("0b", "02"), "02": ("0c", "03"), "03": ("0d", "04")}
"""Last byte of a SHA-2 digest's object identifier to those of RSA and of ECDSA signatures over that digest."""


def only_form(response: bytes, *, source: str) -> bytes:
    """A response without the words of its status, its signature in one form; what else nobody signs is refused.

    Args:
        response: a granted TimeStampResp.
        source: what to call it in errors.

    Raises:
        TrustError: it is not granted, or has parts that nobody signs.
    """
    parts = _children(_one(response, _SEQUENCE, source), source)
    if len(parts) != 2 or not parts[0][1].startswith(_GRANTED[2:]):
        raise _refused(source, "the authority did not grant a timestamp")
    body = _GRANTED + parts[1][2]
    try:
        made = _signed_once(_value(_SEQUENCE, body), _SIGNATURE, source)
    except IndexError as error:
        raise _refused(source, "it holds no signed data") from error
    check_form(made, source=source)
    return made


def check_form(response: bytes, *, source: str) -> None:
    """Refuse a response in which something could be altered without notice.

    Raises:
        TrustError: it has parts that nobody signs, or is not DER.
    """
    answer = _children(_one(response, _SEQUENCE, source), source)
    if len(answer) != 2 or answer[0][2] != _GRANTED:
        raise _refused(source, "its status is not a bare 'granted'")
    token = _children(answer[1][1], source)
    if len(token) != 2 or token[0][2] != _SIGNED_DATA:
        raise _refused(source, "it holds no signed data")
    signed = _children(_one(token[1][1], _SEQUENCE, source), source)
    if signed[0][2] != _VERSION_3 or [tag for tag, _, _ in signed] not in _LAYOUTS:
        raise _refused(source, "its signed data has another version, or parts that nobody signs")
    _check_signer(_children(_one(signed[-1][1], _SEQUENCE, source), source), source)


_LAYOUTS = ([0x02, _SET, _SEQUENCE, _TAGGED, _SET], [0x02, _SET, _SEQUENCE, _SET])


def _check_signer(parts: list[tuple[int, bytes, bytes]], source: str) -> None:
    if [tag for tag, _, _ in parts] != [0x02, _SEQUENCE, _SEQUENCE, _TAGGED, _SEQUENCE, _OCTETS]:
        raise _refused(source, "its signer has unsigned attributes, or no signed ones")
    if parts[0][2] != _VERSION_1:
        raise _refused(source, "its signer has another version")
    digest, algorithm = _children(parts[2][1], source), _children(parts[4][1], source)
    if not _fits(digest[0][1].hex(), algorithm[0][1].hex()):
        raise _refused(source, "its signature algorithm does not belong to its digest")
    if one_form(parts[5][1]) != parts[5][1]:
        raise _refused(source, "its signature is a twin of the one that the authority made")


def _fits(digest: str, algorithm: str) -> bool:
    """Whether a signature's object identifier names the digest that the signer used, SHA-256 or longer."""
    rsa, ecdsa = _DIGESTS.get(digest[-2:], ("", ""))
    if digest[:-2] != "6086480165030402" or not rsa:
        return False
    return algorithm in ("2a864886f70d010101", f"2a864886f70d0101{rsa}", f"2a8648ce3d0403{ecdsa}")


def _signed_once(whole: bytes, path: tuple[int, ...], source: str) -> bytes:
    """A value with the signature at a path inside it in its one form; each step is a place among the parts."""
    ((tag, content, _),) = _children(whole, source)
    if not path:
        return _value(tag, one_form(content))
    parts = [part for _, _, part in _children(content, source)]
    parts[path[0]] = _signed_once(parts[path[0]], path[1:], source)
    return _value(tag, b"".join(parts))


def _value(tag: int, content: bytes) -> bytes:
    return bytes([tag]) + _length(len(content)) + content


def _one(data: bytes, tag: int, source: str) -> bytes:
    """The content of the one value that bytes consist of."""
    parts = _children(data, source)
    if len(parts) != 1 or parts[0][0] != tag:
        raise _refused(source, "it is not one DER value, or bytes follow it")
    return parts[0][1]


def _children(data: bytes, source: str) -> list[tuple[int, bytes, bytes]]:
    """Tag, content and whole of each DER value in bytes that hold nothing else."""
    found, at = [], 0
    while at < len(data):
        start = _header(data, at, source)
        end = start[0] + start[1]
        if end > len(data):
            raise _refused(source, "it is cut short")
        found.append((data[at], data[start[0] : end], data[at:end]))
        at = end
    if not found:
        raise _refused(source, "a part of it is empty")
    return found


def _header(data: bytes, at: int, source: str) -> tuple[int, int]:
    """Where the content of the value begins, and how long it is; only the shortest form of a length is DER."""
    first = data[at + 1] if at + 1 < len(data) else 0x80
    size = first & 0x7F if first & 0x80 else 0
    length = int.from_bytes(data[at + 2 : at + 2 + size], "big") if size else first
    if first == 0x80 or size > 4 or (size and _length(length) != data[at + 1 : at + 2 + size]):
        raise _refused(source, "it is not DER")
    return at + 2 + size, length


def _length(value: int) -> bytes:
    if value < 128:
        return bytes([value])
    size = (value.bit_length() + 7) // 8
    return bytes([0x80 | size]) + value.to_bytes(size, "big")


def _refused(source: str, why: str) -> TrustError:
    return TrustError(f"{source} is refused", why=why, remedy="ask the timestamp authority again")
