"""A control, or the library, with its tests: what mutants and spoilt inputs are tried on."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ...evaluator.engines.regorus import new_engine, plain
from .judging import Judged, Outcomes, improved
from .meanings import Meanings
from .spoils import Document, spoilt

NOTICED, SURVIVED, REFUSED = "noticed", "survived", "refused"
"""A test fails; none does; the compiler refuses the mutant."""


_UNSAFE = "is unsafe"


@dataclass
class Bench:
    """Modules, and tests of them. Nothing here is shared by processes, and a policy that loops is not stopped here.

    Args:
        modules: path to text of every module that the tests need.
        tests: dotted names of the rules that are tests.
        judged: the control; None for the library.
        examples: the inputs that its example graphs make.
    """

    modules: Mapping[str, str]
    tests: Sequence[str]
    judged: Judged | None = None
    examples: Sequence[Document] = ()
    _base: tuple[str, Any] | None = field(default=None, repr=False)

    def failures(self) -> list[str]:
        """The tests that fail with nothing changed, each with the reason."""
        engine = self._engine()
        found = {name: _failure(engine, name) for name in self.tests}
        return [f"{name}: {plain(failure.why)}" for name, failure in found.items() if failure is not None]

    def verdict(self, path: str, text: str) -> str:
        """What becomes of a module that was changed: noticed, survived or refused.

        Args:
            path: of the module.
            text: what it is now.
        """
        try:
            engine = self._engine(path, text)
        except RuntimeError:
            return REFUSED
        failure = next((found for name in self.tests if (found := _failure(engine, name)) is not None), None)
        if failure is None and self._judge(engine) == self._outcomes:
            return SURVIVED
        return REFUSED if failure and failure.raised and self._is_refused(path, text, failure) else NOTICED

    def collected(self, path: str, text: str, rule: str) -> list[Document] | None:
        """The members of a rule of a changed module; None when they cannot be told."""
        try:
            found = json.loads(self._engine(path, text).eval_rule_as_json(f"data.{rule}"))
        except RuntimeError:
            return None
        return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else None

    def outcomes(self, document: Document) -> Outcomes:
        """What the control says of an input; nothing where there is no control."""
        return {} if self.judged is None else self.judged.outcomes(self._engine(), document)

    def improvements(
        self, document: Document, meanings: Meanings, *, thorough: bool = True
    ) -> tuple[int, list[tuple[str, str, str]]]:
        """Spoil an input, and look for outcomes that get better by it.

        Args:
            document: the input.
            meanings: values that are no damage.
            thorough: as for ``spoilt``.

        Returns:
            How many changes were made, and for each outcome that became a pass: the change, the subject, what it was.
        """
        if self.judged is None:
            return 0, []
        engine, found, made = self._engine(), [], 0
        before = self.judged.outcomes(engine, document)
        for change, changed in spoilt(document, meanings, thorough=thorough):
            made += 1
            if self.judged.proves(engine, changed):
                after = self.judged.outcomes(engine, changed)
                found += [(change, subject, before[subject]) for subject in improved(before, after)]
        return made, found

    def _is_refused(self, path: str, text: str, failure: _Failure) -> bool:
        """Whether it is a static check that raises; that for unbound variables is made when a rule is evaluated."""
        if _UNSAFE in str(failure.why):
            return True
        try:
            self._engine(path, text).eval_query("true")
        except RuntimeError:
            return True
        return False

    @cached_property
    def _outcomes(self) -> list[Outcomes]:
        return self._judge(self._engine())

    def _judge(self, engine: Any) -> list[Outcomes]:
        return [] if self.judged is None else [self.judged.outcomes(engine, document) for document in self.examples]

    def _engine(self, path: str = "", text: str = "") -> Any:
        """An engine with at most one module changed; the others were parsed before, as long as it is the same one."""
        if self._base is None or self._base[0] != path:
            base = new_engine()
            for name, module in self.modules.items():
                if name != path:
                    base.add_policy(name, module)
            self._base = (path, base)
        engine = self._base[1].clone()
        if path:
            engine.add_policy(path, text)
        return engine


@dataclass(frozen=True)
class _Failure:
    """Why a test does not pass, and whether the engine raised."""

    why: Exception
    raised: bool = False


def _failure(engine: Any, name: str) -> _Failure | None:
    """Why a test does not pass; None when it does."""
    try:
        value = engine.eval_rule_as_json(f"data.{name}")
    except RuntimeError as error:
        return _Failure(error, raised=True)
    return None if value == "true" else _Failure(ValueError(f"it is {value.strip(chr(34))}"))
