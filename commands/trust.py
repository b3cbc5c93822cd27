"""``probatum trust``: the trust policy, for those who write and review it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from .grouping import grouped
from .groups import ShownTable
from .options import Now, moment
from .output import finish, guarded

trust_app = typer.Typer(
    help="Write and review the trust policy: who may sign what.", no_args_is_help=True, rich_markup_mode=None
)
DEFAULT = Path("trust.yaml")


@trust_app.command("check")
@grouped
@guarded
def check(
    file: Annotated[Path, typer.Argument(help="The trust policy.")] = DEFAULT,
    *,
    strict: Annotated[bool, typer.Option("--strict", help="Let warnings fail, too.")] = False,
    now: Now = None,
    shown: ShownTable,
) -> int:
    """Say who may sign what, and find what is odd: signers without a role, roles that nobody can fill, broad patterns.

    Example: probatum trust check trust.yaml --strict
    """
    from ..attestations.trust.review import ERROR, NOTE, checked_file
    from ..reports.trust import render_trust

    target = shown.output()
    document = checked_file(file, moment(now)[0])
    target.write(lambda format, color, width: render_trust(document, format, color=color, width=width))
    levels = Counter(finding["level"] for finding in document["findings"])
    failed = levels[ERROR] or (strict and levels.total() > levels[NOTE])
    counts = ", ".join(f"{count} {level}{'' if count == 1 else 's'}" for level, count in sorted(levels.items()))
    return finish("fail" if failed else "pass", f"{file}: {counts or 'nothing odd'}")


@trust_app.command("init")
@guarded
def init(
    package: Annotated[
        Path,
        typer.Option("--from", help="Verdict package, as a folder or .zip, to name signers from.", show_default=False),
    ],
    out: Annotated[Path | None, typer.Option("--out", "-o", help="File to write; stdout by default.")] = None,
) -> int:
    """Propose a trust policy from who signed a verdict. It trusts nobody, and cannot be used, before you reviewed it.

    Example: probatum trust init --from verdict --out trust.yaml
    """
    from ..attestations.trust.init import write_proposal

    text = write_proposal(package, out)
    if out is None:
        typer.echo(text, nl=False)
    return finish("pass", f"{out or 'this'} is a proposal for review: it trusts nobody yet")
