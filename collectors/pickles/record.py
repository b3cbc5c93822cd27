"""What one walk through the streams of a content heard, judged by the allow-list."""

from __future__ import annotations

import re
from typing import Any

from ..formats.visit import Budget, Judge, OverLimitError, Visit
from .allowed_core import MULTIARRAY_MODULES
from .arrays import RECONSTRUCTORS, WRAPPERS, holds_wrapper, inline_array, is_wrapper
from .dtypes import array_agrees, item_of
from .machine import Machine, MalformedError
from .values import OPAQUE, Blob, Global, Instance

_IMPORTABLE = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")
_MOST = 2_000
_ARRAY_MAKERS = frozenset(
    {f"{module}._reconstruct" for module in MULTIARRAY_MODULES}
    | {"numpy.ndarray", "numpy.ma.core._mareconstruct", "numpy.recarray", "numpy.rec.recarray"}
)
_TEXT_MAKERS = frozenset(
    {"builtins.str", "__builtin__.str", "__builtin__.unicode", "numpy.str_", "numpy.core.multiarray.scalar",
     "numpy._core.multiarray.scalar"}
)  # fmt: skip


class Record:
    """A listener that keeps everything.

    Args:
        judge: decides about imports.
        budget: ends a walk that takes too long.
        inline: read arrays behind joblib's wrappers as joblib does; without it, go on as plain pickle does. Plain
            pickle trips over the bytes of an array sooner or later. It is followed no further than where it surely
            does, for what comes then is noise: an array of objects is a pickle whose memo does not fit this one.
    """

    def __init__(self, judge: Judge, budget: Budget, *, inline: bool = True) -> None:
        self.imports: dict[tuple[str, str], Global] = {}
        self.issues: dict[tuple[str, str, str | None], None] = {}
        self.gaps: dict[str, None] = {}
        self.keys: list[Any] = []
        self.embedded: list[Blob] = []
        self.wrappers = 0
        self.acts = False
        self.imports_more = False
        self._wraps = False
        self._judge = judge
        self._budget = budget
        self._inline = inline

    def imported(self, module: str, name: str) -> Global:
        """See `Listener`."""
        known = self.imports.get((module, name))
        if known is not None:
            return known
        value = Global(module, name, guarded=self._judge.guarded(module, name))
        if len(self.imports) >= _MOST:
            raise OverLimitError(f"more than {_MOST} different imports")
        self.imports[module, name] = value
        self._wraps = self._wraps or value.path in WRAPPERS
        severity = None if value.guarded else self._judge.severity(module, name)
        if severity is not None and _IMPORTABLE.fullmatch(module) and _IMPORTABLE.fullmatch(name):
            self.imports_more = True
        if severity == "critical":
            self.acts = True
        elif severity is not None and not self._inline and self._judge.harmless_name(name):
            raise MalformedError(f"{module} has no {name}")
        if severity is not None:
            self._issue(severity, f"imports {value.path}, which is not on the allow-list", value.path)
        return value

    def computed_import(self, module: Any, name: Any) -> None:
        """See `Listener`."""
        if not self._inline and not (_makes_text(module) and _makes_text(name)):
            raise MalformedError("the name of an import is no text")
        self.acts = True
        self._issue("high", "imports something whose name is computed while loading")
        self.gaps["an import's name is computed while loading"] = None

    def called(self, function: Any, args: Any) -> None:
        """See `Listener`."""
        if not isinstance(function, Global):
            self.acts = True
            self._issue("high", "calls an object that is computed while loading")
            return
        if _IMPORTABLE.fullmatch(function.module):
            self.acts = True
        if self._wraps and function.path not in WRAPPERS | RECONSTRUCTORS and holds_wrapper(args):
            # What comes back may make joblib read an array where this walk reads opcodes.
            self._issue("high", f"hands joblib's stand-in for arrays to {function.path}", function.path)
        if not function.guarded:
            return
        if isinstance(args, tuple) and len(args) == 1 and isinstance(args[0], Blob):
            self.embedded.append(args[0])
        else:
            self._issue("critical", f"calls {function.path} with bytes that are not written in it", function.path)

    def misused(self, value: Global, how: str) -> None:
        """See `Listener`."""
        self._issue("high", f"the import {value.path} {how}", value.path)

    def extension(self, code: int) -> None:
        """See `Listener`."""
        self.gaps[f"the extension code {code} stands for an import that only the receiver knows"] = None

    def persistent(self, key: Any) -> None:
        """See `Listener`."""
        if len(self.keys) >= _MOST * 50:
            raise OverLimitError("too many persistent ids")
        self.keys.append(key)

    def irregular(self, reason: str) -> None:
        """See `Listener`."""
        self.gaps[reason] = None

    def tick(self) -> None:
        """See `Listener`."""
        self._budget.check_time()

    def built(self, machine: Machine, value: Instance) -> Any:
        """See `Listener`; reads the array that follows one of joblib's wrappers."""
        self._check_numpy(value)
        if not is_wrapper(value):
            return value
        self.wrappers += 1
        if not self._inline:
            return value
        if machine.frame_end is not None and machine.cursor.position < machine.frame_end:
            raise MalformedError("an inline array begins within a pickle frame")
        array = inline_array(value)
        if array is None:
            raise MalformedError("the size of an inline array is not known")
        if array.pickled:
            Machine(machine.cursor, self).run()
        else:
            machine.cursor.skip(machine.cursor.take(1)[0] if array.aligned else 0)
            machine.cursor.skip(array.size)
        return OPAQUE

    def _check_numpy(self, value: Instance) -> None:
        maker = "" if value.maker is None else value.maker.path
        if maker == "numpy.dtype" and item_of(value) is None:
            self.irregular("a NumPy dtype does not agree with itself, or is of an unknown kind")
        if maker in _ARRAY_MAKERS and not array_agrees(value.state):
            self.irregular("a NumPy array does not hold what its shape says")

    def commit(self, visit: Visit) -> None:
        """Hand everything over to the walk."""
        visit.findings.pickles += 1
        visit.findings.imports.update(dict.fromkeys(self.imports))
        for severity, message, imported in self.issues:
            visit.issue(severity, message, imported)
        for gap in self.gaps:
            visit.gap(gap)

    def _issue(self, severity: str, message: str, imported: str | None = None) -> None:
        self.issues[severity, message, imported] = None


def _makes_text(value: Any) -> bool:
    if isinstance(value, Instance):
        return value.maker is not None and value.maker.path in _TEXT_MAKERS
    return isinstance(value, str) or value is OPAQUE
