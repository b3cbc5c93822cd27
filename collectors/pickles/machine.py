"""A simulated unpickler: it follows one stream to its STOP and runs nothing.

It keeps the stack, the marks and the memo as ``pickle._Unpickler`` and the C unpickler do, so that an import is found
whichever way its name reaches the stack. Every import, call, persistent id and extension code goes to a `Listener`.
Payloads are skipped, not read. Where a real unpickler would fail the walk ends with `MalformedError`, which its caller
must report: the rest of the stream was not examined. Where real unpicklers disagree (frames), it goes on and says so.

Source: ``Lib/pickle.py``, ``Modules/_pickle.c`` and ``Lib/pickletools.py`` of CPython; PEP 307, 3154 and 574.
"""

from __future__ import annotations

import struct
from typing import Any, Protocol

from ...errors import EvidenceError
from ..formats.source import Cursor, TruncatedError
from .opcodes import HANDLERS
from .values import OPAQUE, DictValue, Global, Instance, ListValue, Persistent

KEPT_ITEMS = 100_000
_TICK = 1 << 14
_BREAKS = (TruncatedError, ValueError, struct.error, IndexError, OverflowError)


class MalformedError(EvidenceError):
    """A stream that no unpickler reads to its end."""


class Listener(Protocol):
    """Hears what a stream does."""

    def imported(self, module: str, name: str) -> Global:
        """The stream imports something; answers with the value to go on with."""

    def computed_import(self, module: Any, name: Any) -> None:
        """The stream imports something whose name is not written in it."""

    def called(self, function: Any, args: Any) -> None:
        """The stream calls something."""

    def misused(self, value: Global, how: str) -> None:
        """The stream changes an import, or uses a guarded one in another way than calling it."""

    def extension(self, code: int) -> None:
        """The stream names an import by a number of the receiver's registry."""

    def persistent(self, key: Any) -> None:
        """The stream asks the loader for an object."""

    def irregular(self, reason: str) -> None:
        """The stream leans on something outside it, or breaks a rule that only some unpicklers enforce."""

    def built(self, machine: Machine, value: Instance) -> Any:
        """A value got its state; answers with what takes its place on the stack."""

    def tick(self) -> None:
        """Called every so often, to end a walk that takes too long."""


class Machine:
    """One walk through one stream.

    Args:
        cursor: stands at the stream's first byte; after `run`, behind its STOP.
        listener: hears what happens.
    """

    cursor: Cursor

    def __init__(self, cursor: Cursor, listener: Listener) -> None:
        self.cursor = cursor
        self.listener = listener
        self.frame_end: int | None = None
        self._stack: list[Any] = []
        self._outer: list[list[Any]] = []
        self._memo: dict[int, Any] = {}

    def run(self) -> Any:
        """Follow the stream.

        Returns:
            The value left at STOP.

        Raises:
            MalformedError: the stream breaks off, or breaks the rules, before STOP.
        """
        take = self.cursor.take
        try:
            while True:
                self.listener.tick()
                for _ in range(_TICK):
                    code = take(1)[0]
                    if code == 0x2E:  # STOP
                        return self.pop()
                    HANDLERS[code](self)
        except _BREAKS as error:
            raise MalformedError(f"the pickle breaks off near offset {self.cursor.position}", why=str(error)) from error

    def push(self, value: Any) -> None:
        """Put a value on the stack."""
        self._stack.append(value)

    def pop(self) -> Any:
        """Take the top value off, for any use but being called."""
        value = self._stack.pop()
        if value.__class__ is Global and value.guarded:
            self.listener.misused(value, "is used as a value")
        return value

    def top(self) -> Any:
        """The top value, left in place."""
        return self._stack[-1]

    def mark(self) -> None:
        """MARK: begin a new part of the stack."""
        self._outer.append(self._stack)
        self._stack = []

    def pop_mark(self) -> list[Any]:
        """Everything since the last mark."""
        items, self._stack = self._stack, self._outer.pop()
        for value in items:
            if value.__class__ is Global and value.guarded:
                self.listener.misused(value, "is used as a value")
        return items

    def discard(self) -> None:
        """POP, which takes a mark away when nothing lies above it."""
        if self._stack:
            self.pop()
        else:
            self.pop_mark()

    def pack(self, size: int) -> None:
        """TUPLE1 to TUPLE3."""
        items = [self.pop() for _ in range(size)]
        self.push(tuple(reversed(items)))

    def put(self, index: int) -> None:
        """Remember the top value."""
        if index < 0:
            raise ValueError("negative memo index")
        self._memo[index] = self._stack[-1]

    def memoize(self) -> None:
        """MEMOIZE: remember the top value under the next number."""
        self._memo[len(self._memo)] = self._stack[-1]

    def get(self, index: int) -> None:
        """Bring a remembered value back."""
        if index not in self._memo:
            raise ValueError(f"memo entry {index} was never put")
        self.push(self._memo[index])

    def extend(self, items: list[Any]) -> None:
        """APPEND, APPENDS and ADDITEMS on the top value."""
        target = self._stack[-1]
        if isinstance(target, ListValue):
            kept = items[: KEPT_ITEMS - len(target.items)]
            target.items += kept
            target.more += len(items) - len(kept)
        elif isinstance(target, Global):
            self.listener.misused(target, "is changed")
        elif not isinstance(target, Instance):
            raise ValueError("items for a value that takes none")

    def set_items(self, items: list[Any]) -> None:
        """SETITEM and SETITEMS on the top value; keys and values alternate."""
        target = self._stack[-1]
        if isinstance(target, DictValue):
            set_items(target, items)
        elif isinstance(target, Global):
            self.listener.misused(target, "is changed")
        elif not isinstance(target, Instance | ListValue):
            raise ValueError("items for a value that takes none")

    def import_(self, module: str, name: str) -> None:
        """GLOBAL."""
        self.push(self.listener.imported(module, name))

    def import_from_stack(self) -> None:
        """STACK_GLOBAL: the names come from the stack, wherever that has them from."""
        name, module = self.pop(), self.pop()
        if isinstance(name, str) and isinstance(module, str):
            self.import_(module, name)
        elif _may_be_text(name) and _may_be_text(module):
            self.listener.computed_import(module, name)
            self.push(OPAQUE)
        else:
            raise ValueError("the name of an import is no text")

    def call(self, function: Any, args: Any) -> None:
        """Put on the stack what a call would give."""
        self.listener.called(function, args)
        self.push(Instance(function if isinstance(function, Global) else None, args))

    def reduce(self) -> None:
        """REDUCE and NEWOBJ: a callable and its arguments."""
        args = self.pop()
        self.call(self._stack.pop(), args)

    def reduce_with_keywords(self) -> None:
        """NEWOBJ_EX."""
        keywords, args = self.pop(), self.pop()
        self.call(self._stack.pop(), (args, keywords))

    def build(self) -> None:
        """BUILD: a state calls ``__setstate__`` or sets attributes of the top value."""
        state, target = self.pop(), self._stack[-1]
        if isinstance(target, Instance):
            target.state = state
            target.builds += 1
            self._stack[-1] = self.listener.built(self, target)
        elif isinstance(target, Global):
            self.listener.misused(target, "is given a state")
        else:
            raise ValueError("a state for a value that takes none")

    def persistent(self, key: Any) -> None:
        """PERSID and BINPERSID."""
        self.listener.persistent(key)
        self.push(Persistent(key))

    def extension(self, code: int) -> None:
        """EXT1, EXT2 and EXT4."""
        if code <= 0:
            raise ValueError(f"extension code {code}")
        self.listener.extension(code)
        self.push(OPAQUE)

    def frame(self, size: int) -> None:
        """FRAME: opcodes go on in the same order; ``_pickle.c`` does not mind frames that lie, ``pickle.py`` does."""
        start = self.cursor.position
        if self.frame_end is not None and start < self.frame_end:
            self.listener.irregular("a pickle frame begins within another")
        if size > self.cursor.remaining:
            self.listener.irregular("a pickle frame ends behind the content")
        self.frame_end = start + size


def _may_be_text(value: Any) -> bool:
    return isinstance(value, str | Instance | Persistent) or value is OPAQUE


def set_items(target: DictValue, items: list[Any]) -> None:
    """Keep the items whose key is a short string; keys and values alternate."""
    if len(items) % 2:
        raise ValueError("odd number of items for a dictionary")
    for key, value in zip(items[::2], items[1::2], strict=True):
        if isinstance(key, str) and (key in target.items or len(target.items) < KEPT_ITEMS):
            target.items[key] = value
        elif isinstance(key, str) or _may_be_text(key):
            target.whole = False
