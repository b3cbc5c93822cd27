"""``probatum revoke``: taking back what was signed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .options import Now, Trust, moment
from .output import finish, guarded, say
from .signing import Keys, Sign, Signing, attestor_of, say_signed

if TYPE_CHECKING:
    from ..attestations.attestor import Attestor
    from ..attestations.revocation.entry import Target

revoke_app = typer.Typer(
    help="Sign that a verdict, another attestation, a key, an identity, evidence or policies do not count any more.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
Reason = Annotated[
    str,
    typer.Option(
        "--reason",
        help="key-compromise, affiliation-changed, superseded, cessation-of-operation, privilege-withdrawn, "
        "evidence-wrong, policy-defect or other.",
        show_default=False,
    ),
]
Note = Annotated[str, typer.Option("--note", help="Why, in words.")]
Since = Annotated[
    str | None,
    typer.Option(
        "--since",
        help="What a log or a timestamp dates before this time (RFC 3339) still holds; without it nothing does.",
    ),
]
Out = Annotated[Path, typer.Option("--out", "-o", help="File to write, or a folder to put it in.", show_default=False)]


@guarded
def verdict(
    package: Annotated[Path, typer.Argument(help="The verdict package, or its verdict.dsse.json.", show_default=False)],
    reason: Reason,
    out: Out,
    note: Note = "",
    keys: Keys = None,
    sign: Sign = Signing.KEY,
    now: Now = None,
) -> int:
    """Take a verdict back, in whatever envelope it is.

    Example: probatum revoke verdict verdict --reason evidence-wrong --note "the scanner was broken" --out revocations
    """
    from ..attestations.revocation.targets import verdict_targets

    target, envelope = verdict_targets(package)
    return _issue(target, reason, out, note, None, keys, sign, now, envelope)


@guarded
def attestation(
    file: Annotated[
        Path,
        typer.Argument(
            help="An attestation: signed evidence, an approval, a provenance, an in-toto link, ….", show_default=False
        ),
    ],
    reason: Reason,
    out: Out,
    note: Note = "",
    keys: Keys = None,
    sign: Sign = Signing.KEY,
    now: Now = None,
) -> int:
    """Take one attestation back, in whatever envelope it is; others by the same signer still count.

    Example: probatum revoke attestation approval.dsse.json --reason privilege-withdrawn --out revocations
    """
    from ..attestations.revocation.targets import attestation_targets

    target, envelope = attestation_targets(file)
    return _issue(target, reason, out, note, None, keys, sign, now, envelope)


@guarded
def key(
    name: Annotated[
        str, typer.Argument(metavar="ID|FILE", help="Id (SHA256:…) or file of the public key.", show_default=False)
    ],
    reason: Reason,
    out: Out,
    note: Note = "",
    since: Since = None,
    keys: Keys = None,
    sign: Sign = Signing.KEY,
    now: Now = None,
) -> int:
    """Say that a key is not to be believed: by the role `revocation`, or with the key itself.

    Example: probatum revoke key release.pem.pub --reason key-compromise --since 2026-11-01T00:00:00Z --out revocations
    """
    from ..attestations.revocation.targets import key_named

    return _issue(key_named(name), reason, out, note, since, keys, sign, now)


@guarded
def identity(
    issuer: Annotated[str, typer.Argument(help="OIDC issuer, exactly.", show_default=False)],
    subject: Annotated[str, typer.Argument(help="The identity in the certificate, exactly.", show_default=False)],
    reason: Reason,
    out: Out,
    note: Note = "",
    since: Since = None,
    keys: Keys = None,
    sign: Sign = Signing.KEY,
    now: Now = None,
) -> int:
    """Say that an identity of keyless signing is not to be believed.

    Example: probatum revoke identity https://accounts.example.com ann@example.com --reason affiliation-changed --out r
    """
    from ..attestations.revocation.entry import identity_target

    return _issue(identity_target(issuer, subject), reason, out, note, since, keys, sign, now)


@guarded
def evidence(
    name: Annotated[str, typer.Argument(metavar="OBS", help="Id of the observation: obs:….", show_default=False)],
    reason: Reason,
    out: Out,
    note: Note = "",
    keys: Keys = None,
    sign: Sign = Signing.KEY,
    now: Now = None,
) -> int:
    """Take a piece of evidence back: it proves nothing any more, and its bad news still counts.

    Example: probatum revoke evidence obs:1f0c… --reason evidence-wrong --out revocations
    """
    from ..attestations.revocation.entry import sha256_target

    return _issue(sha256_target("evidence", name), reason, out, note, None, keys, sign, now)


@guarded
def policy(
    digest: Annotated[
        str, typer.Argument(metavar="DIGEST", help="SHA-256 of policies or of a pack of them.", show_default=False)
    ],
    reason: Reason,
    out: Out,
    note: Note = "",
    since: Since = None,
    keys: Keys = None,
    sign: Sign = Signing.KEY,
    now: Now = None,
) -> int:
    """Take policies back: nothing may be decided with them any more.

    Example: probatum revoke policy 3b6f… --reason policy-defect --note "MODEL-01 let pickles pass" --out revocations
    """
    from ..attestations.revocation.entry import sha256_target

    return _issue(sha256_target("policy", digest), reason, out, note, since, keys, sign, now)


@guarded
def list_(
    sources: Annotated[
        list[str] | None, typer.Argument(help="Signed revocations: files and folders.", show_default=False)
    ] = None,
    out: Out = Path("revocations.dsse.json"),
    name: Annotated[str, typer.Option("--name", help="Tells the lists of several issuers apart.")] = "revocations",
    next_update: Annotated[
        str | None,
        typer.Option("--next-update", help="By when (RFC 3339) there will be a newer one; refused afterwards."),
    ] = None,
    trust: Trust = None,
    keys: Keys = None,
    sign: Sign = Signing.KEY,
    now: Now = None,
) -> int:
    """Sign everything that is revoked so far as one numbered list; the list that lies at --out is continued.

    Example: probatum revoke list revocations --trust trust.yaml --next-update 2026-12-01T00:00:00Z --out list.dsse.json
    """
    from ..files import write_atomic
    from ..jobs.revocation_list import new_list

    attestor = _attestor(keys, sign)
    update = None if next_update is None else moment(next_update)[0]
    made = new_list(
        sources or (), out, attestor=attestor, trust=trust, name=name, next_update=update, now=moment(now)[0]
    )
    write_atomic(out, made.data)
    say_signed(out, attestor)
    return finish("pass", f"{out} is number {made.number} of the list {name}: {made.count} revocations")


def _issue(
    target: Target,
    reason: str,
    out: Path,
    note: str,
    since: str | None,
    keys: list[str] | None,
    sign: Signing,
    now: str | None,
    envelope: str | None = None,
) -> int:
    from ..attestations.revocation.entry import Entry
    from ..attestations.revocation.issue import issue

    attestor = _attestor(keys, sign)
    entry = Entry(target, reason, note, None if since is None else moment(since)[0], envelope)
    path = issue(entry, out, attestor=attestor, now=moment(now)[0])
    say_signed(path, attestor)
    say("it counts where --revocations or a trust policy names it, and its signer may revoke")
    return finish("pass", f"{path} revokes the {target}")


def _attestor(keys: list[str] | None, sign: Signing) -> Attestor:
    from ..errors import UsageError

    attestor = attestor_of(keys, sign)
    if attestor is None:
        raise UsageError("a revocation that nobody signs means nothing", remedy="leave --sign none out")
    return attestor


revoke_app.command("verdict")(verdict)
revoke_app.command("attestation")(attestation)
revoke_app.command("key")(key)
revoke_app.command("identity")(identity)
revoke_app.command("evidence")(evidence)
revoke_app.command("policy")(policy)
revoke_app.command("list")(list_)
