"""``probatum approve`` and ``probatum waive``: what people grant with their signature."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import UsageError
from .options import Now, Pipeline, Quiet, Stage, moment
from .output import finish, guarded, ignore, say
from .signing import Certificate, Keys, Sign, Signing, SigstoreConfig, attestor_of, say_signed

if TYPE_CHECKING:
    from ..attestations.attestor import Attestor


@guarded
def approve(
    pipeline: Pipeline,
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
    keys: Keys = None,
    certificate: Certificate = None,
    sign: Sign = Signing.KEY,
    sigstore_config: SigstoreConfig = None,
    now: Now = None,
    quiet: Quiet = False,
) -> int:
    """Approve, or reject, for a gate the content that subjects of a pipeline have now, and sign that.

    Example: probatum approve . --stage deployment --subject model:m --approver ana@example.com --key ana.pem
    """
    from ..attestations.grants import DECISIONS, Approval
    from ..jobs.granting import approve as approved
    from ..jobs.opening import open_pipeline

    attestor = _attestor(keys, sign, sigstore_config, certificate)
    manifest = open_pipeline(pipeline, ignore if quiet else say)
    name = str(manifest.pipeline["name"])
    approval = Approval(str(stage), DECISIONS[reject], approver, name, reason)
    written = approved(manifest, subjects, approval, attestor, out, moment(now)[0])
    if not quiet:
        say_signed(written, attestor)
    return finish("pass", f"{approval.decision} for {stage}: wrote {written}")


@guarded
def waive(
    pipeline: Pipeline,
    waiver: Annotated[str, typer.Argument(help="Id of a waiver in the manifest.", show_default=False)],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="File to write; waivers/ID.json beside the manifest by default.")
    ] = None,
    keys: Keys = None,
    certificate: Certificate = None,
    sign: Sign = Signing.KEY,
    sigstore_config: SigstoreConfig = None,
    now: Now = None,
    quiet: Quiet = False,
) -> int:
    """Sign a waiver as it stands in the manifest; its entry then names the file in `signed`.

    Example: probatum waive . W-2026-07 --key bo.pem
    """
    from ..jobs.granting import waive as waived
    from ..jobs.opening import open_pipeline

    attestor = _attestor(keys, sign, sigstore_config, certificate)
    manifest = open_pipeline(pipeline, ignore if quiet else say)
    written = waived(manifest, waiver, attestor, out, moment(now)[0])
    if not quiet:
        say_signed(written, attestor)
    return finish("pass", f"wrote {written}; name it in the waiver, relative to the manifest, as `signed`")


def _attestor(keys: list[str] | None, sign: Signing, instance: str | None, certificate: Path | None) -> Attestor:
    attestor = attestor_of(keys, sign, instance=instance, certificate=certificate)
    if attestor is None:
        raise UsageError("this is worth nothing unsigned", why="--sign none was given", remedy="leave it out")
    return attestor
