"""Which verdicts rested on something, and do they still hold without it?

Each verdict that did is evaluated again with its own policies, settings and time, with the evidence in question taken
back: it proves nothing any more, and its bad news still counts. What then comes out otherwise did not hold on its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ... import strict_json
from ...errors import ProbatumError
from ...evaluator.engines.base import Engine
from ...evaluator.settings import evaluate_from
from .kept_package import Kept, opened, packages_in
from .question import Question, Reliance

HOLDS, FALLS, UNDECIDED, UNTOUCHED = "holds", "does not hold", "undecided", "does not rest on it"
SCHEMA = "https://probatum.dev/impact/v1"


@dataclass(frozen=True)
class Affected:
    """One verdict.

    Args:
        package: its path below the folder.
        state: ``HOLDS``, ``FALLS``, ``UNDECIDED`` or ``UNTOUCHED``.
        why: what decides that.
        how: each way in which it rests on what is asked about.
        changed: each control and subject that comes out otherwise.
        verdict: pipeline, result and time of the verdict; empty when it cannot be read.
        found: facts, such as the versions of a package.
    """

    package: str
    state: str
    why: str = ""
    how: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    verdict: Mapping[str, Any] = field(default_factory=dict)
    found: Mapping[str, Any] = field(default_factory=dict)

    def to_document(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "package": self.package,
            "state": self.state,
            "why": self.why,
            "how": list(self.how),
            "changed": list(self.changed),
            "verdict": dict(self.verdict),
            "found": dict(self.found),
        }


def impact(folder: Path, question: Question, engine: Engine) -> Iterator[Affected]:
    """Ask every verdict package below a folder, one after the other.

    Args:
        folder: where the packages lie, at any depth, as folders and ZIP files.
        question: what is asked.
        engine: evaluates again; kept from package to package, so that equal policies are parsed once.

    Yields:
        One answer for each package; a damaged one is ``UNDECIDED``, with what is wrong.

    Raises:
        UsageError: there is no such folder.
    """
    for path in packages_in(folder):
        name = path.relative_to(folder).as_posix() if path != folder else path.name
        try:
            with opened(path) as kept:
                yield _answer(name, kept, question, engine)
        except ProbatumError as error:
            yield Affected(name, UNDECIDED, str(error))
        except Exception as error:  # nobody verified the package: it may hold anything, and must not end the run
            yield Affected(name, UNDECIDED, f"it is malformed: {type(error).__name__}: {error}")


def impact_document(asked: str, answers: Iterable[Affected]) -> dict[str, Any]:
    """The JSON form of all answers.

    Args:
        asked: the question, in words.
        answers: of every package.
    """
    items = [item.to_document() for item in answers]
    counts = {state: sum(item["state"] == state for item in items) for state in (FALLS, UNDECIDED, HOLDS, UNTOUCHED)}
    return {"schema": SCHEMA, "asked": asked, "counts": counts, "verdicts": items}


def _answer(name: str, kept: Kept, question: Question, engine: Engine) -> Affected:
    reliance = question(kept)
    details = kept.assessment
    verdict = {
        "pipeline": details["pipeline"]["name"],
        "result": details["result"],
        "evaluated_at": details["evaluated_at"],
        "signed": kept.signed,
    }
    if not reliance.how:
        state = UNDECIDED if reliance.unclear else UNTOUCHED
        return Affected(name, state, reliance.unclear, verdict=verdict)
    state, why, changed = _held(kept, reliance, engine)
    return Affected(name, state, why, reliance.how, changed, verdict, reliance.found)


def _held(kept: Kept, reliance: Reliance, engine: Engine) -> tuple[str, str, tuple[str, ...]]:
    if kept.policies.digest != kept.assessment["digests"]["policies"]["sha256"]:
        return UNDECIDED, "its policies are not those that decided", ()
    changed: tuple[str, ...] = ()
    if reliance.observations:
        again = _evaluated(kept, reliance.observations, engine)
        changed = tuple(_changes(kept.assessment, again))
        recorded = changed and strict_json.digest(_evaluated(kept, frozenset(), engine))
        if changed and recorded != strict_json.digest(kept.assessment):
            return UNDECIDED, f"the recorded assessment itself is not reached with {engine.name} {engine.version}", ()
    if reliance.whole:
        return FALLS, reliance.whole, changed
    if changed:
        return FALLS, "outcomes change without it", changed
    return HOLDS, "every outcome stays as it is without it", ()


def _evaluated(kept: Kept, without: frozenset[str], engine: Engine) -> Mapping[str, Any]:
    """The assessment with some evidence taken back; what was revoked before stays so."""
    settings = dict(kept.settings)
    before = settings.get("revocations")
    if without:
        known = before or {"sha256": "0" * 64, "evidence": []}
        settings["revocations"] = {**known, "evidence": sorted({*known["evidence"], *without})}
    return evaluate_from(kept.graph, kept.policies, settings, engine).document


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    old, new = _outcomes(before), _outcomes(after)
    for control, subject in sorted(old.keys() | new.keys()):
        was, now = old.get((control, subject), "nothing"), new.get((control, subject), "nothing")
        if was != now:
            yield f"{control} for {subject}: {was} becomes {now}"
    if before["result"] != after["result"]:
        yield f"the verdict: {before['result']} becomes {after['result']}"


def _outcomes(assessment: Mapping[str, Any]) -> dict[tuple[str, str], str]:
    return {
        (control["id"], item["subject"]): item["outcome"]
        for control in assessment["controls"]
        for item in control["subjects"]
    }
