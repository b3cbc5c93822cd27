"""The values of a simulated unpickler: exact where they can decide something, opaque everywhere else.

None, booleans, integers, floats, short strings and tuples stand for themselves.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


class Opaque:
    """A value that is not known and need not be: no import, no call, no name."""

    __slots__ = ()


OPAQUE = Opaque()


@dataclass(slots=True, eq=False)
class Global:
    """An imported attribute.

    Args:
        module: as the stream names it.
        name: as the stream names it.
        guarded: it may only be called at once, with a literal argument that is examined too.
    """

    module: str
    name: str
    guarded: bool = False

    @property
    def path(self) -> str:
        """``module.name``."""
        return f"{self.module}.{self.name}"


@dataclass(slots=True, eq=False)
class Blob:
    """A literal of bytes that stays in the file.

    Args:
        offset: where its bytes begin in the source.
        size: how many there are.
    """

    offset: int
    size: int


@dataclass(slots=True, eq=False)
class ListValue:
    """A list or set, with its first items, and how many more there are."""

    items: list[Any] = field(default_factory=list)
    more: int = 0


@dataclass(slots=True, eq=False)
class DictValue:
    """A dictionary, with its items whose key is a short string; ``whole``: no other key can be a string."""

    items: dict[str, Any] = field(default_factory=dict)
    whole: bool = True


@dataclass(slots=True, eq=False)
class Instance:
    """What a call gave.

    Args:
        maker: the import that was called; None when the called value is not an import.
        args: its arguments, as far as they are known.
        state: what BUILD gave it last.
        builds: how often BUILD gave it one; earlier states may still show through the last.
    """

    maker: Global | None
    args: Any = None
    state: Any = None
    builds: int = 0


@dataclass(slots=True, eq=False)
class Persistent:
    """An object that the stream names by a persistent id and the loader provides."""

    key: Any
