"""``probatum policy docs``: Markdown pages of controls."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import moment
from .output import finish, guarded


@guarded
def docs(
    folder: Annotated[Path, typer.Argument(help="Folder of policies.", show_default=False)],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the pages.")],
    checklist: Annotated[
        str, typer.Option("--checklist", "-c", help="Show the parameters of this checklist.")
    ] = "secure-pipeline",
    check: Annotated[bool, typer.Option("--check", help="Change nothing; fail when a page is not fresh.")] = False,
) -> int:
    """Write a Markdown page for each control, from its annotations, its Rego and its example graphs.

    Example: probatum policy docs my-policies --out docs/controls
    """
    from ..jobs.authoring import pages, write_pages
    from ..jobs.policy_sources import open_policies
    from ..packs.choose import Given

    opened = open_policies(None, Given((str(folder),), None, None), online=False, trust=None, now=moment(None)[0])
    found = pages(opened.policies, checklist, folder)
    stale = write_pages(found, out, check=check)
    if check:
        return finish("fail" if stale else "pass", f"stale: {', '.join(stale)}" if stale else "the pages are fresh")
    return finish("pass", f"wrote {len(stale)} of {len(found)} pages to {out}")
