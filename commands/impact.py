"""``probatum impact``: which verdicts relied on something, and do they still hold?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import UsageError
from .engine_options import Ceilings
from .grouping import grouped
from .groups import ShownTable
from .output import Output, finish, guarded

if TYPE_CHECKING:
    from ..attestations.revocation.question import Question


@grouped
@guarded
def impact(
    folder: Annotated[Path, typer.Argument(help="Folder of verdict packages, as folders and ZIP files, at any depth.")],
    *,
    evidence: Annotated[
        str | None, typer.Option("--evidence", metavar="OBS", help="Who relied on this observation (obs:…)?")
    ] = None,
    key: Annotated[
        str | None, typer.Option("--key", metavar="ID|FILE", help="Who relied on what this key signed?")
    ] = None,
    identity: Annotated[
        str | None,
        typer.Option("--identity", metavar="'ISSUER SUBJECT'", help="Who relied on what this identity signed?"),
    ] = None,
    policy: Annotated[
        str | None, typer.Option("--policy", metavar="DIGEST", help="Who was decided with these policies?")
    ] = None,
    package: Annotated[
        str | None,
        typer.Option(
            "--package", metavar="NAME[==VERSION]|PURL", help="Who uses this software package, and was it audited?"
        ),
    ] = None,
    every: Annotated[
        bool, typer.Option("--list", help="Ask nothing: list every verdict, who signed it, and how it came out.")
    ] = False,
    ceilings: Ceilings,
    shown: ShownTable,
) -> int:
    """Which verdicts relied on something, and do they still hold? Each that did is evaluated again without it.

    Exit code 0: all still hold; 1: one does not; 3: none does not, and of one it cannot be told.

    Example: probatum impact verdicts --package transformers@4.30.0
    """
    from ..attestations.revocation.impact import FALLS, HOLDS, UNDECIDED, impact_document
    from ..attestations.revocation.impact import impact as answers
    from ..evaluator.engines.select import engine_named
    from ..reports.impact import render_impact

    target = shown.output()
    given = {"--evidence": evidence, "--key": key, "--identity": identity, "--policy": policy, "--package": package}
    if every:
        return _list(folder, target, [name for name, value in given.items() if value is not None])
    asked, question = _question(given)
    with engine_named("regorus", limits=ceilings.limits()) as engine:
        document = impact_document(asked, answers(folder, question, engine))
    target.write(lambda format, color, width: render_impact(document, format, color=color, width=width))
    counts, total = document["counts"], len(document["verdicts"])
    if counts[FALLS]:
        return finish("fail", f"{counts[FALLS]} of {total} verdicts do not hold any more")
    if counts[UNDECIDED] or not total:
        return finish("inconclusive", f"of {counts[UNDECIDED]} of {total} verdicts it cannot be told")
    if not counts[HOLDS]:
        return finish("pass", f"none of {total} verdicts rests on it")
    return finish("pass", f"{counts[HOLDS]} of {total} verdicts rest on it, and still hold without it")


def _list(folder: Path, target: Output, asked: list[str]) -> int:
    if asked:
        raise UsageError("one question at a time", why=f"--list asks none, {asked[0]} does", remedy="leave one out")
    from ..attestations.revocation.listing import list_document, list_verdicts
    from ..reports.verdict_list import render_verdicts

    document = list_document(list_verdicts(folder))
    target.write(lambda format, color, width: render_verdicts(document, format, color=color, width=width))
    total, damaged = len(document["verdicts"]), sum(bool(item["problem"]) for item in document["verdicts"])
    if damaged or not total:
        return finish("inconclusive", f"{damaged} of {total} verdicts cannot be read")
    return finish("pass", f"{total} verdicts")


def _question(given: dict[str, str | None]) -> tuple[str, Question]:
    """The question in words and as a question; exactly one is asked."""
    from ..attestations.revocation import question
    from ..attestations.revocation.entry import identity_target, sha256_target
    from ..attestations.revocation.package_question import about_package
    from ..attestations.revocation.software import asked_software
    from ..attestations.revocation.targets import key_named

    asked = {name: value for name, value in given.items() if value is not None}
    if len(asked) != 1:
        raise UsageError(
            "one question at a time", why=f"{len(asked)} were asked", remedy=f"give one of {', '.join(given)}"
        )
    ((name, value),) = asked.items()
    words = f"{name[2:]} {value}"
    if name == "--evidence":
        return words, question.about_evidence(sha256_target("evidence", value).name)
    if name == "--policy":
        return words, question.about_policy(sha256_target("policy", value).name)
    if name == "--key":
        target = key_named(value)
        return str(target), question.about_signer(target)
    if name == "--identity":
        issuer, _, subject = value.partition(" ")
        return words, question.about_signer(identity_target(issuer, subject))
    return words, about_package(asked_software(value))
