"""``probatum revoke``: taking back what was signed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .grouping import grouped
from .options import Now, Trust, moment
from .output import finish, guarded, say
from .signing import Credentials, Sign, Signing, say_signed

if TYPE_CHECKING:
    from ..attestations.revocation.entry import Target

revoke_app = typer.Typer(
    help="Sign that a verdict, another attestation, a key, an identity, evidence or policies do not count any more.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
Since = Annotated[
    str | None,
    typer.Option(
        "--since",
        help="What a log or a timestamp dates before this time (RFC 3339) still holds; without it nothing does.",
    ),
]
Out = Annotated[Path, typer.Option("--out", "-o", help="File to write, or a folder to put it in.", show_default=False)]


@dataclass(frozen=True, kw_only=True)
class Issued:
    """A revocation that is made and signed."""

    reason: Annotated[
        str,
        typer.Option(
            "--reason",
            help="key-compromise, affiliation-changed, superseded, cessation-of-operation, privilege-withdrawn, "
            "evidence-wrong, policy-defect or other.",
            show_default=False,
        ),
    ]
    out: Out
    note: Annotated[str, typer.Option("--note", help="Why, in words.")] = ""
    sign: Sign = Signing.KEY
    credentials: Credentials
    now: Now = None

    def issue(self, target: Target, since: str | None = None, *, envelope: str | None = None) -> int:
        """Sign it, write it, and say so; the command's exit code.

        Args:
            target: what is revoked.
            since: the value of ``--since``.
            envelope: digest of the envelope of what is revoked, if it has one.

        Raises:
            UsageError: the options are wrong, or the file cannot be written.
            TrustError: it cannot be signed.
        """
        from ..attestations.revocation.entry import Entry
        from ..attestations.revocation.issue import issue

        attestor = self.credentials.somebody(self.sign)
        entry = Entry(target, self.reason, self.note, None if since is None else moment(since)[0], envelope)
        path = issue(entry, self.out, attestor=attestor, now=moment(self.now)[0])
        say_signed(path, attestor)
        say("it counts where --revocations or a trust policy names it, and its signer may revoke")
        return finish("pass", f"{path} revokes the {target}")


@grouped
@guarded
def verdict(
    package: Annotated[Path, typer.Argument(help="The verdict package, or its verdict.dsse.json.", show_default=False)],
    *,
    issued: Issued,
) -> int:
    """Take a verdict back, in whatever envelope it is.

    Example: probatum revoke verdict verdict --reason evidence-wrong --note "the scanner was broken" --out revocations
    """
    from ..attestations.revocation.targets import verdict_targets

    target, envelope = verdict_targets(package)
    return issued.issue(target, envelope=envelope)


@grouped
@guarded
def attestation(
    file: Annotated[
        Path,
        typer.Argument(
            help="An attestation: signed evidence, an approval, a provenance, an in-toto link, ….", show_default=False
        ),
    ],
    *,
    issued: Issued,
) -> int:
    """Take one attestation back, in whatever envelope it is; others by the same signer still count.

    Example: probatum revoke attestation approval.dsse.json --reason privilege-withdrawn --out revocations
    """
    from ..attestations.revocation.targets import attestation_targets

    target, envelope = attestation_targets(file)
    return issued.issue(target, envelope=envelope)


@grouped
@guarded
def key(
    name: Annotated[
        str, typer.Argument(metavar="ID|FILE", help="Id (SHA256:…) or file of the public key.", show_default=False)
    ],
    *,
    issued: Issued,
    since: Since = None,
) -> int:
    """Say that a key is not to be believed: by the role `revocation`, or with the key itself.

    Example: probatum revoke key release.pem.pub --reason key-compromise --since 2026-11-01T00:00:00Z --out revocations
    """
    from ..attestations.revocation.targets import key_named

    return issued.issue(key_named(name), since)


@grouped
@guarded
def identity(
    issuer: Annotated[str, typer.Argument(help="OIDC issuer, exactly.", show_default=False)],
    subject: Annotated[str, typer.Argument(help="The identity in the certificate, exactly.", show_default=False)],
    *,
    issued: Issued,
    since: Since = None,
) -> int:
    """Say that an identity of keyless signing is not to be believed.

    Example: probatum revoke identity https://accounts.example.com ann@example.com --reason affiliation-changed --out r
    """
    from ..attestations.revocation.entry import identity_target

    return issued.issue(identity_target(issuer, subject), since)


@grouped
@guarded
def evidence(
    name: Annotated[str, typer.Argument(metavar="OBS", help="Id of the observation: obs:….", show_default=False)],
    *,
    issued: Issued,
) -> int:
    """Take a piece of evidence back: it proves nothing any more, and its bad news still counts.

    Example: probatum revoke evidence obs:1f0c… --reason evidence-wrong --out revocations
    """
    from ..attestations.revocation.entry import sha256_target

    return issued.issue(sha256_target("evidence", name))


@grouped
@guarded
def policy(
    digest: Annotated[
        str, typer.Argument(metavar="DIGEST", help="SHA-256 of policies or of a pack of them.", show_default=False)
    ],
    *,
    issued: Issued,
    since: Since = None,
) -> int:
    """Take policies back: nothing may be decided with them any more.

    Example: probatum revoke policy 3b6f… --reason policy-defect --note "MODEL-01 let pickles pass" --out revocations
    """
    from ..attestations.revocation.entry import sha256_target

    return issued.issue(sha256_target("policy", digest), since)


@grouped
@guarded
def list_(
    sources: Annotated[
        list[str] | None, typer.Argument(help="Signed revocations: files and folders.", show_default=False)
    ] = None,
    *,
    out: Out = Path("revocations.dsse.json"),
    name: Annotated[str, typer.Option("--name", help="Tells the lists of several issuers apart.")] = "revocations",
    next_update: Annotated[
        str | None,
        typer.Option("--next-update", help="By when (RFC 3339) there will be a newer one; refused afterwards."),
    ] = None,
    trust: Trust = None,
    sign: Sign = Signing.KEY,
    credentials: Credentials,
    now: Now = None,
) -> int:
    """Sign everything that is revoked so far as one numbered list; the list that lies at --out is continued.

    Example: probatum revoke list revocations --trust trust.yaml --next-update 2026-12-01T00:00:00Z --out list.dsse.json
    """
    from ..files import write_atomic
    from ..jobs.revocation_list import new_list

    attestor = credentials.somebody(sign)
    update = None if next_update is None else moment(next_update)[0]
    made = new_list(
        sources or (), out, attestor=attestor, trust=trust, name=name, next_update=update, now=moment(now)[0]
    )
    write_atomic(out, made.data)
    say_signed(out, attestor)
    return finish("pass", f"{out} is number {made.number} of the list {name}: {made.count} revocations")


revoke_app.command("verdict")(verdict)
revoke_app.command("attestation")(attestation)
revoke_app.command("key")(key)
revoke_app.command("identity")(identity)
revoke_app.command("evidence")(evidence)
revoke_app.command("policy")(policy)
revoke_app.command("list")(list_)
