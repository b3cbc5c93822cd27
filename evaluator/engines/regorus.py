"""The embedded engine: Microsoft's ``regorus`` in process, from an unofficial wheel (docs/decisions).

What was measured and shapes this file: a module with a static error makes every evaluation of its engine fail, so each
control is first tried on its own, and only sound ones share an engine, to which the input is handed over once per
batch; a query costs more than a control does on a small graph, so all controls of a batch share one, and each has its
own only where that fails; parsing costs more than evaluating a small graph, so parsed engines are kept and cloned;
errors carry a native backtrace, which is cut off; an undefined rule is the string ``"<undefined>"``, a missing one an
exception; nested source overflows the parser's stack, and neither that nor an evaluation can be stopped from within
the process: both happen in a child, and this process parses only what a child has parsed before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import cache, cached_property, partial
from importlib import metadata
from typing import TYPE_CHECKING, Self

from .base import Batch, RuleResult
from .limits import Limits
from .regorus_answers import answer_of, answer_of_all, failed, read_all, read_one
from .regorus_inputs import Inputs
from .regorus_messages import plain
from .regorus_modules import Parsed, new_engine

if TYPE_CHECKING:
    from .confined import Excess

__all__ = ["Regorus", "new_engine", "plain"]

_DISTRIBUTION = "gordon-to-regorus"
_NEST_LESS = "lists in lists take its parser twice as long with each level; flatten them, or use --engine opa"
_TOGETHER_SHARE = 4  # of the time that one control may take: what all may take together, before each gets all of it
_DEFAULT = Limits()
_Key = tuple[frozenset[tuple[str, str]], tuple[str, ...]]
_Question = Callable[[Inputs], bytes]


class Regorus:
    """Evaluates in children of this process; nothing but parsed modules is kept between runs.

    Args:
        limits: of each control; None to evaluate in this process without any, for policies that are trusted not to
            loop, allocate or nest without bound: a fork less, a few milliseconds.
    """

    name = "regorus"

    def __init__(self, *, limits: Limits | None = _DEFAULT) -> None:
        self._limits = limits
        self._parsed: dict[_Key, Parsed] = {}
        self._harmless: set[_Key] = set()

    @property
    def version(self) -> str:
        """The wheel's version, which is the engine's."""
        return _version()

    def run(self, modules: Mapping[str, str], batches: Sequence[Batch]) -> list[dict[str, dict[str, RuleResult]]]:
        """Query every rule of every package, each on its own unless all have a value; see ``Engine.run``."""
        run = _Run(modules, batches)
        results: list[dict[str, dict[str, RuleResult]]] = [{} for _ in batches]
        together = [partial(answer_of_all, number=n, packages=batch.packages) for n, batch in enumerate(batches)]
        for number, answer in self._asked(run, together if run.packages else [], alone=False):
            results[number] = read_all(answer) if isinstance(answer, bytes) else {}
        left = [(n, name) for n, batch in enumerate(batches) for name in batch.packages if name not in results[n]]
        apart = [partial(answer_of, number=n, package=name) for n, name in left]
        for number, answer in self._asked(run, apart, alone=True):
            n, name = left[number]
            results[n][name] = read_one(answer) if isinstance(answer, bytes) else failed(str(answer))
        return results

    def close(self) -> None:
        """Forget what was parsed."""
        self._parsed.clear()
        self._harmless.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _asked(self, run: _Run, questions: Sequence[_Question], *, alone: bool) -> Iterator[tuple[int, bytes | Excess]]:
        """The number of each question and its answer; ``alone`` where it is about one control."""
        if not questions:
            return
        if self._limits is None:
            inputs = Inputs(self._read(run), run.batches)
            inputs.hand_over()
            yield from ((number, question(inputs)) for number, question in enumerate(questions))
        else:
            share = 1 if alone else _TOGETHER_SHARE
            limits = replace(self._limits, seconds=self._limits.seconds / share)
            yield from self._in_children(run, questions, limits, alone=alone)

    def _read(self, run: _Run) -> Parsed:
        """Modules that are parsed in this process, once."""
        if run.key not in self._parsed:
            parsed = Parsed(run.modules, run.packages)
            for number in range(len(parsed)):
                parsed.read(number)
            self._parsed[run.key] = parsed
        return self._parsed[run.key]

    def _in_children(
        self, run: _Run, questions: Sequence[_Question], limits: Limits, *, alone: bool
    ) -> Iterator[tuple[int, bytes | Excess]]:
        """Answers given by children; the modules are parsed there too, until that was seen to do no harm.

        Where it does harm, nobody is asked together, since then each module has to be looked at by itself.
        """
        from .confined import Excess, run_steps
        from .confined_child import Step

        known = run.key in self._harmless
        parsed = self._read(run) if known else Parsed(run.modules, run.packages)
        unread = 0 if known else len(parsed)
        inputs = Inputs(parsed, run.batches)
        steps = [Step(partial(_read_part, parsed, number), again=True) for number in range(unread)]
        steps.append(Step(partial(_hand_over, inputs), again=True, limited=False))
        steps += [Step(partial(question, inputs)) for question in questions]
        harmless = True
        with closing(run_steps(steps, limits, hurry=alone)) as answers:
            for number, answer in answers:
                if number > unread:
                    yield number - unread - 1, answer
                elif isinstance(answer, Excess):
                    if not alone:
                        return
                    parsed.refuse(number, f"{answer.why} when it is parsed and checked: {_NEST_LESS}")
                    harmless = False
        if harmless:
            self._harmless.add(run.key)


@dataclass(frozen=True)
class _Run:
    """What a run is about.

    Args:
        modules: path to text of every module.
        batches: inputs and what to query with each.
    """

    modules: Mapping[str, str]
    batches: Sequence[Batch]

    @cached_property
    def packages(self) -> tuple[str, ...]:
        """Every package that is queried."""
        return tuple(sorted({name for batch in self.batches for name in batch.packages}))

    @cached_property
    def key(self) -> tuple[frozenset[tuple[str, str]], tuple[str, ...]]:
        """What has to be equal for the same parsed modules to do; made in no time, as strings keep their hashes."""
        return frozenset(self.modules.items()), self.packages


def _read_part(parsed: Parsed, number: int) -> bytes:
    parsed.read(number)
    return b""


def _hand_over(inputs: Inputs) -> bytes:
    inputs.hand_over()
    return b""


@cache
def _version() -> str:
    return metadata.version(_DISTRIBUTION)
