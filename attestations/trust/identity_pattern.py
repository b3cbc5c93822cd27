r"""Patterns of identities: one wildcard with one meaning, and nothing else.

``*`` stands for one or more printable ASCII characters other than a space and ``/ @ % ? # \``, so that it never
reaches into another path segment, another domain, a query, or what a decoder would make of an escape. A pattern is
always held against the whole identity, with regard to case, and neither side is normalised. There are no regular
expressions: an unescaped dot or a missing anchor in one has let strangers sign for others.
"""

from __future__ import annotations

import re

WILDCARD = "*"
_INSIDE = frozenset(map(chr, range(ord("!"), ord("~") + 1))) - frozenset("/@%?#\\")
_URI = re.compile(r"[a-z][a-z0-9+.-]*://(?P<host>[^/]+)/.+")
_EMAIL = re.compile(r"[^@/]+@(?P<host>[^@/]+)")
_LITERAL = re.compile(r"[!-~]+")


def problem_of(pattern: str) -> str:
    """Why a pattern is refused; empty when it can be used."""
    if WILDCARD not in pattern:
        return "it has no `*`: write it as `identity`"
    if not _LITERAL.fullmatch(pattern):
        return "it holds a space, a control character or a character outside ASCII"
    if WILDCARD * 2 in pattern:
        return "it has `**`, and a `*` never reaches beyond one segment"
    shape = _URI.fullmatch(pattern) or _EMAIL.fullmatch(pattern)
    if shape is None:
        return "it is neither scheme://host/path nor an e-mail address"
    if WILDCARD in shape["host"] or "@" in shape["host"]:
        return "its host is not fixed: anybody can have a host that a wildcard matches"
    return ""


def matches(pattern: str, identity: str) -> bool:
    """Whether the whole identity follows the pattern; a path with ``.`` or ``..`` follows none.

    All ways to follow it are walked side by side, so that the time grows with the length and not, as with backtracking,
    with its powers: a stranger chooses the identity.
    """
    places = {0}
    for character in identity:
        places = {after for at in places for after in _after(pattern, at, character)}
    return len(pattern) in places and not {".", ".."} & set(identity.split("/"))


def _after(pattern: str, at: int, character: str) -> tuple[int, ...]:
    """The places in a pattern that a character leads to."""
    if at == len(pattern):
        return ()
    if pattern[at] == WILDCARD:
        return (at, at + 1) if character in _INSIDE else ()
    return (at + 1,) if pattern[at] == character else ()


def breadth(pattern: str) -> str:
    """What makes a pattern broad, for those who review it; empty when nothing does."""
    host, _, path = pattern.partition("://")[2].partition("/")
    if not path:
        return f"any address at {pattern.rpartition('@')[2]}" if pattern.startswith(WILDCARD) else ""
    location, _, ref = path.partition("@")
    if location.split("/")[0].strip(WILDCARD) == "":
        return f"any account at {host}"
    if WILDCARD in location.rpartition("/")[2]:
        return "any workflow of the repository: whoever may add one signs as it"
    return "any branch or tag: whoever may push one signs as it" if WILDCARD in ref else ""


def example(pattern: str) -> str:
    """An identity that the pattern matches and that its author may not have thought of."""
    return pattern.replace(WILDCARD, "anything-at-all")
