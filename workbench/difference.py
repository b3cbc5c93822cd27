"""What a change of policies would do to past evidence: which outcomes flip, for which pipelines, in both directions."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..errors import EngineError
from ..evaluator.engines.base import Engine
from ..evaluator.policies import PolicySet
from .circumstances import Circumstances
from .difference_of_one import Comparison, examine

Progress = Callable[[str, int, int], None]
NEWLY_FAILING, NEWLY_PASSING, OTHER = "newly failing", "newly passing", "other"
GROUPS = (NEWLY_FAILING, NEWLY_PASSING, OTHER)
"""``newly failing`` blocks a gate (fail, inconclusive) where it did not; ``newly passing`` passes where it did not."""
_BLOCKS = ("fail", "inconclusive")
_PARALLEL_FROM = 16
_working: list[tuple[Comparison, Engine]] = []  # of a worker process: what it works with


def compare(
    comparison: Comparison, sources: Sequence[Path], *, jobs: int = 1, progress: Progress | None = None
) -> dict[str, Any]:
    """Evaluate evidence with two policy sets and tell the differences.

    Args:
        comparison: the two sets, and how to evaluate.
        sources: evidence graphs and verdict packages.
        jobs: how many processes work.
        progress: called with a source, how many are done, and how many there are.

    Returns:
        - ``old``, ``new``: source and digest; ``added``, ``removed``: controls;
        - ``parameters``: those whose default is another, each value in a list, empty where there is no such parameter;
        - ``evidence``: each source with its pipeline, its time, and the result before and after;
        - ``changes``: ``group``, ``control``, ``subject``, ``pipeline``, ``source``, the outcome ``before`` and
          ``after`` (null where nothing is decided), ``because``, and ``weaker``: it did not pass, and now it does or
          nobody decides;
        - ``reasons``: how often each ground was given before and after, by control, where that differs;
        - ``reworded``: by control, the number of outcomes that are the same on other grounds;
        - ``problems``: what could not be read or evaluated; ``compared``: the number of outcomes.

    Raises:
        EngineError: a process ended before its time.
    """
    found = list(_examined(comparison, sources, jobs, progress or (lambda _item, _done, _total: None)))
    before, after = comparison.old, comparison.new
    sound = [one for one in found if "problem" not in one]
    return {
        "old": {"source": before.source, "digest": before.policies.digest},
        "new": {"source": after.source, "digest": after.policies.digest},
        "added": sorted(after.policies.controls.keys() - before.policies.controls.keys()),
        "removed": sorted(before.policies.controls.keys() - after.policies.controls.keys()),
        "parameters": list(_parameters(before.policies, after.policies)),
        "evidence": [{key: one[key] for key in ("source", "pipeline", "evaluated_at", "results")} for one in sound],
        "changes": sorted((_grouped(change) for one in sound for change in one["changes"]), key=_order),
        "reasons": _counted(sound),
        "reworded": dict(sorted(sum((Counter(one["reworded"]) for one in sound), Counter()).items())),
        "problems": [{"source": one["source"], **one["problem"]} for one in found if "problem" in one],
        "compared": sum(one["compared"] for one in sound),
    }


def weaker(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The changes after which something passes, or is not decided, that did not pass before."""
    return [change for change in document["changes"] if change["weaker"]]


def _examined(
    comparison: Comparison, sources: Sequence[Path], jobs: int, progress: Progress
) -> Iterator[dict[str, Any]]:
    if jobs < 2 or len(sources) < _PARALLEL_FROM:
        with comparison.engine() as engine:
            for number, source in enumerate(sources):
                progress(str(source), number, len(sources))
                yield examine(source, comparison, engine)
        return
    from concurrent.futures import BrokenExecutor, ProcessPoolExecutor
    from multiprocessing import get_context

    pool = ProcessPoolExecutor(min(jobs, len(sources)), get_context("spawn"), _start, (comparison,))
    try:
        for number, one in enumerate(pool.map(_work, sources), start=1):
            progress(one["source"], number, len(sources))
            yield one
    except BrokenExecutor as error:
        raise EngineError("a process that compares has ended", why=str(error), remedy="use --jobs 1") from error
    finally:
        pool.shutdown(cancel_futures=True)


def _start(comparison: Comparison) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who started us says that it was interrupted
    _working.append((comparison, comparison.engine()))


def _work(source: Path) -> dict[str, Any]:
    return examine(source, *_working[0])


def _grouped(change: Mapping[str, Any]) -> dict[str, Any]:
    was, now = change["before"], change["after"]
    weaker = was in _BLOCKS and now not in _BLOCKS  # also where nobody decides any more
    if now == "pass" and was is not None:
        group = NEWLY_PASSING
    else:
        group = NEWLY_FAILING if now in _BLOCKS and was not in _BLOCKS else OTHER
    return {**change, "group": group, "weaker": weaker or group == NEWLY_PASSING}


def _order(change: Mapping[str, Any]) -> tuple[Any, ...]:
    fields = (change[key] for key in ("control", "pipeline", "source", "subject"))
    return (GROUPS.index(change["group"]), *fields)


def _counted(found: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """How often each ground was given, before and after, where that differs."""
    before: Counter[tuple[str, str]] = Counter()
    after: Counter[tuple[str, str]] = Counter()
    for one in found:
        before.update(one["reasons"][0])
        after.update(one["reasons"][1])
    keys = sorted(key for key in before.keys() | after.keys() if before[key] != after[key])
    return [{"control": key[0], "code": key[1], "before": before[key], "after": after[key]} for key in keys]


def _parameters(old: PolicySet, new: PolicySet) -> Iterator[dict[str, Any]]:
    """Parameters whose value is another where nobody sets it, or that one of the sets does not have."""
    before, after = (Circumstances(datetime.now(UTC)).values(policies) for policies in (old, new))
    for control in sorted(before.keys() & after.keys()):
        one, other = before[control], after[control]
        for name in sorted(one.keys() | other.keys()):
            if (name in one, one.get(name)) != (name in other, other.get(name)):
                sides = {"before": [one[name]] if name in one else [], "after": [other[name]] if name in other else []}
                yield {"control": control, "parameter": name, **sides}
