"""Modules as the embedded engine holds them, each read on its own so that a broken one spoils nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any, TypeVar

from ...errors import EngineError
from .dangers import refusals
from .modules import split
from .regorus_messages import plain

Native = Any  # an engine of the wheel, which has no types
_Result = TypeVar("_Result")

_MAX_COLUMNS, _MAX_BYTES, _MAX_LINES = 10_000, 4 * 1024 * 1024, 100_000


def new_engine() -> Native:
    """An engine with Rego v1 syntax and roomy limits on the size of modules, which prints nothing by itself.

    Raises:
        EngineError: the wheel does not load on this machine.
    """
    try:
        import regorus  # a native module without stubs
    except ImportError as error:
        raise EngineError("the embedded engine does not load", why=str(error), remedy="use --engine opa") from error
    module: Any = regorus
    engine = module.Engine()
    engine.set_policy_length_config(max_col=_MAX_COLUMNS, max_file_bytes=_MAX_BYTES, max_lines=_MAX_LINES)
    engine.set_gather_prints(True)  # else print() writes to our stderr whatever is in the evidence
    return engine


def calmly(call: Callable[..., _Result], *arguments: Any) -> _Result:
    """Call the engine, and turn its panics into the error that it raises for everything else.

    Raises:
        RuntimeError: the engine has something against what it was asked.
    """
    try:
        return call(*arguments)
    except Exception:
        raise
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # pyo3 derives it from BaseException
            raise
        raise RuntimeError(f"the embedded engine crashed: {error}") from error


class Parsed:
    """The modules of a run, as far as they have been read.

    They are read in parts, in order: everything together, which takes half the time where nothing is wrong; else the
    modules that all share, then each package. A part that cannot be read, or must not be, is an error of the packages
    that it concerns.

    Args:
        modules: path to text.
        packages: those that are queried.
    """

    def __init__(self, modules: Mapping[str, str], packages: Sequence[str]) -> None:
        own, shared = split(modules, packages)
        self._parts = [(path, {path: text}) for path, text in shared.items()]
        self._shared = len(self._parts)
        self._parts += own.items()
        self._library, self._engine = new_engine(), None
        self._library_texts = shared
        self._unfit: dict[str, str] = {}
        self._together: bool | None = None
        self.errors: dict[str, str] = {}
        self.note = ""

    @property
    def engine(self) -> Native:
        """Everything sound that was read; to be cloned, not queried."""
        if self._engine is None:
            self._engine = self._library.clone()
        return self._engine

    @property
    def disjoint(self) -> bool:
        """Whether no package lies inside another, where a rule of one could be, or hide, the other.

        Which of the two the engine then sees depends on what it was asked before.
        """
        names = sorted(f"{name}." for name in set(self.engine.get_packages()))
        return not any(later.startswith(earlier) for earlier, later in pairwise(names))

    def __len__(self) -> int:
        return 1 + len(self._parts)

    def read(self, number: int) -> None:
        """Parse one part, unless that is done, and hold it against the static checks."""
        if not number:
            self._read_together()
        elif not self._together:
            self._read_part(number - 1)

    def why(self, package: str) -> str:
        """What is wrong with a package that is refused, and with the library."""
        error = self.errors[package]
        return error if error in self._unfit.values() else error + self.note

    def refuse(self, number: int, problem: str) -> None:
        """Do without a part; what is wrong with the library is told with every error that may come of it."""
        if not number:
            self._together = False
            return
        name, _ = self._parts[number - 1]
        if number > self._shared:
            self.errors[name] = problem
            return
        told = problem if problem.startswith(f"{name}:") else f"{name}: {problem}"
        self._unfit[name] = told
        self.note = self.note or f" (the library has errors: {told})"

    def _read_together(self) -> None:
        if self._together is None:
            engine = new_engine()
            texts = {path: text for _, part in self._parts for path, text in part.items()}
            self._together = _problem(engine, texts) is None and not refusals(texts)
            self._engine = engine if self._together else None

    def _read_part(self, number: int) -> None:
        _, texts = self._parts[number]
        if number == self._shared:
            self._judge_library()
        problem = _problem(self._library.clone(), texts)
        if not problem and number >= self._shared:
            refused = refusals({**self._library_texts, **texts}, self._unfit)
            problem = next((refused[path] for path in texts if path in refused), None)
        if problem:
            self.refuse(number + 1, problem)
            return
        engine = self._library if number < self._shared else self.engine
        for path, text in texts.items():
            engine.add_policy(path, text)

    def _judge_library(self) -> None:
        """Leave out shared modules that rest on what this engine takes otherwise, and those that rest on them."""
        found = refusals(self._library_texts, self._unfit)
        for number, (path, _) in enumerate(self._parts[: self._shared], start=1):
            if path in found:
                self.refuse(number, found[path])
        if found:
            self._library = new_engine()
            for path, text in self._library_texts.items():
                if path not in self._unfit:
                    self._library.add_policy(path, text)


def _problem(engine: Native, texts: Mapping[str, str]) -> str | None:
    """Add modules; what the parser or the static checks, which run before the first evaluation, have against them."""
    try:
        for path, text in texts.items():
            calmly(engine.add_policy, path, text)
        calmly(engine.eval_query, "true")
    except RuntimeError as error:
        return plain(error)
    return None
