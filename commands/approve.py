"""``probatum approve`` and ``probatum waive``: what people grant with their signature."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .grouping import grouped
from .options import Now, Pipeline, Quiet, Stage, moment
from .output import finish, guarded, ignore, say
from .signing import Credentials, Sign, Signing, say_signed


@grouped
@guarded
def approve(
    pipeline: Pipeline,
    *,
    stage: Annotated[Stage, typer.Option("--stage", help="The gate that it is for.", show_default=False)],
    subjects: Annotated[
        list[str],
        typer.Option(
            "--subject", "-s", metavar="ID", help="Whose content, such as model:m. Repeatable.", show_default=False
        ),
    ],
    approver: Annotated[str, typer.Option("--approver", help="Who decides, for people.", show_default=False)],
    reason: Annotated[str, typer.Option("--reason", help="Why, or a ticket.")] = "",
    reject: Annotated[bool, typer.Option("--reject", help="Say no instead.")] = False,
    out: Annotated[Path, typer.Option("--out", "-o", help="File to write.")] = Path("approval.json"),
    sign: Sign = Signing.KEY,
    credentials: Credentials,
    now: Now = None,
    quiet: Quiet = False,
) -> int:
    """Approve, or reject, for a gate the content that subjects of a pipeline have now, and sign that.

    Example: probatum approve . --stage deployment --subject model:m --approver ana@example.com --key ana.pem
    """
    from ..attestations.grants import DECISIONS, Approval
    from ..jobs.granting import approve as approved
    from ..jobs.opening import open_pipeline

    tell = ignore if quiet else say
    attestor = credentials.somebody(sign)
    manifest = open_pipeline(pipeline, tell)
    name = str(manifest.pipeline["name"])
    approval = Approval(str(stage), DECISIONS[reject], approver, name, reason)
    written = approved(manifest, subjects, approval, attestor, out, moment(now)[0])
    say_signed(written, attestor, tell)
    return finish("pass", f"{approval.decision} for {stage}: wrote {written}")


@grouped
@guarded
def waive(
    pipeline: Pipeline,
    waiver: Annotated[str, typer.Argument(help="Id of a waiver in the manifest.", show_default=False)],
    *,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="File to write; waivers/ID.json beside the manifest by default.")
    ] = None,
    sign: Sign = Signing.KEY,
    credentials: Credentials,
    now: Now = None,
    quiet: Quiet = False,
) -> int:
    """Sign a waiver as it stands in the manifest; its entry then names the file in `signed`.

    Example: probatum waive . W-2026-07 --key bo.pem
    """
    from ..jobs.granting import waive as waived
    from ..jobs.opening import open_pipeline

    tell = ignore if quiet else say
    attestor = credentials.somebody(sign)
    manifest = open_pipeline(pipeline, tell)
    written = waived(manifest, waiver, attestor, out, moment(now)[0])
    say_signed(written, attestor, tell)
    return finish("pass", f"wrote {written}; name it in the waiver, relative to the manifest, as `signed`")
