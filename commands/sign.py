"""``probatum sign``: a second person signs what the first one signed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import UsageError
from .grouping import grouped
from .groups import ShownTable
from .options import Now, Online, Revocations, Trust, moment
from .output import finish, guarded, ignore, say
from .signing import Credentials, Sign, Signing, Timestamp, countersignature_detached

if TYPE_CHECKING:
    from ..attestations.verify.report import VerificationReport


@dataclass(frozen=True, kw_only=True)
class _OfSomebodyElse(Credentials):
    keys: Annotated[
        list[str] | None,
        typer.Option("--key", metavar="KEY", help="Sign with this PEM file or securesystemslib URI. Repeatable."),
    ] = None


@grouped
@guarded
def sign(
    target: Annotated[
        Path,
        typer.Argument(help="A verdict package (folder or ZIP file), or an attestation (DSSE).", show_default=False),
    ],
    *,
    sign: Sign = Signing.KEY,
    credentials: _OfSomebodyElse,
    timestamp: Timestamp = None,
    trust: Trust = None,
    public_key: Annotated[
        list[Path] | None,
        typer.Option("--public-key", metavar="FILE", help="Trust this public key (PEM) for what is there. Repeatable."),
    ] = None,
    subject: Annotated[
        list[Path] | None,
        typer.Option(
            "--subject", "-s", metavar="PATH", help="Pipeline folder, or file, to compare with first. Repeatable."
        ),
    ] = None,
    replay: Annotated[bool, typer.Option("--replay", help="Evaluate again and compare the assessment first.")] = False,
    revocations: Revocations = None,
    online: Online = False,
    now: Now = None,
    shown: ShownTable,
) -> int:
    """Countersign: verify a verdict package or an attestation, show it, and add a signature over the same bytes.

    Example: probatum sign verdict --key second.pem --trust trust.yaml
    """
    from ..jobs import audit, countersigning
    from ..reports.verification import render_verification

    written, tell = shown.output(), ignore if shown.quiet else say
    asked = audit.Audit(
        moment(now)[0], tuple(subject or ()), trust, tuple(public_key or ()), replay=replay,
        revocations=tuple(revocations or ()), online=online,
    )  # fmt: skip
    _check_signer(credentials.keys, sign)
    looked = countersigning.look(target, asked)
    document = looked.report.to_document()
    written.write(lambda format, color, width: render_verification(document, format, color=color, width=width))
    if not looked.report.ok:
        return finish("fail", f"REFUSED, and not signed: {_failed(looked.report)}")
    tell(_shown(looked.report))
    attestor = credentials.somebody(sign)
    place = countersigning.sign(looked, attestor, countersignature_detached(timestamp))
    if trust is not None:
        after = audit.verify(target, asked)
        tell(f"{trust} accepts it now" if after.ok else f"{trust} does not accept it yet: {_failed(after)}")
    return finish("pass", f"{place} is signed by {attestor.origin}")


def _check_signer(keys: list[str] | None, sign: Signing) -> None:
    """Refuse before the work is done what nobody would sign; one's own local key is nobody else's second person."""
    if sign is Signing.NONE or (sign is Signing.KEY and not keys):
        raise UsageError(
            "it is not said who signs", why="somebody else than before has to", remedy="give --key, or --sign keyless"
        )


def _failed(report: VerificationReport) -> str:
    found = [f"{row.check}: {row.detail}" if row.detail else row.check for row in report.failures]
    return "; ".join(found) or "nothing was checked"


def _shown(report: VerificationReport) -> str:
    """What is about to be signed, in one line."""
    if report.verdict is None:
        return f"signing: {report.kind}"
    summary = report.verdict
    words = (summary["verificationResult"], summary["resourceUri"], summary["policy"]["uri"], summary["timeVerified"])
    return f"signing the verdict {' '.join(str(word) for word in words)}"
