"""Which transparency log a verdict goes into: the options of every command that makes one, and what they come to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .log_options import private_key, remote_witness
from .output import say

if TYPE_CHECKING:
    from ..attestations.attestor import Attestor
    from ..attestations.log.writer import LogWriter
    from ..attestations.package.write import Detach
    from ..collectors.manifest import Manifest

Log = Annotated[
    Path | None,
    typer.Option(
        "--log",
        envvar="PROBATUM_LOG",
        help="Log the signed verdict in this folder instead of the one that the manifest names; its proof goes along.",
    ),
]
WriterKey = Annotated[
    str | None,
    typer.Option(
        "--log-key", metavar="KEY", envvar="PROBATUM_LOG_KEY", help="The private key of the log: PEM file or URI."
    ),
]
LogWitnesses = Annotated[
    list[str] | None,
    typer.Option(
        "--log-witness",
        metavar="URL#VKEY",
        envvar="PROBATUM_LOG_WITNESS",
        help="Have this witness cosign the log with the verdict in it (C2SP tlog-witness). Sends the log's name, size"
        " and hashes there. Repeatable.",
    ),
]
NoLog = Annotated[bool, typer.Option("--no-log", help="Log the verdict nowhere, whoever names a log. Recorded.")]


@dataclass(frozen=True, kw_only=True)
class LogChoice:
    """Which log a verdict goes into."""

    log: Log = None
    log_key: WriterKey = None
    log_witness: LogWitnesses = None
    no_log: NoLog = False

    def of(
        self, manifest: Manifest, attestor: Attestor | None, tell: Callable[[str], None]
    ) -> tuple[dict[str, Detach], str]:
        """What logs a verdict once it is signed, opened before any work is done, and why nothing does.

        Args:
            manifest: of the pipeline, which may name a log.
            attestor: who signs the verdict.
            tell: called with a line that says which log the manifest names.

        Raises:
            UsageError: there is no such log, no key, the key is another's, or it signs the verdict as well; or the
                manifest names a place that it must not name.
            TrustError: the key cannot be read or used.
        """
        from ..attestations.package.names import LOG_PROOF
        from ..jobs.verdict_log import verdict_log

        chosen = verdict_log(manifest, self.log, signed=attestor is not None, refused=self.no_log)
        if chosen.unlogged:
            say(chosen.unlogged)
        if chosen.folder is None or attestor is None:
            self._refuse_parts(needed=bool(chosen.unlogged))
            return {}, chosen.unlogged
        writer = self._writer(chosen.folder, chosen.named)
        writer.refuse_signers(*attestor.signers)
        if self.log is None:
            tell(f"the verdict goes into the log {chosen.folder}, which {chosen.named} names")
        return {LOG_PROOF: writer.detach}, ""

    def _writer(self, folder: Path, named: str) -> LogWriter:
        from ..attestations.log.writer import LogWriter
        from ..errors import UsageError

        if self.log_key is None:
            why = f"{named} names the log {folder}, and its checkpoints are signed"
            remedy = "give --log-key, as it was given to 'log init', or --no-log, which is recorded"
            raise UsageError("no key for the log", why=why, remedy=remedy)
        asked = [remote_witness(text) for text in self.log_witness or ()]
        return LogWriter.open(folder, private_key(self.log_key), asked, say)

    def _refuse_parts(self, *, needed: bool) -> None:
        """A key or a witness without a log would be passed over in silence."""
        from ..errors import UsageError

        for name, value in (("--log-key", self.log_key), ("--log-witness", self.log_witness)):
            if value and not needed:
                why = "neither --log nor the pipeline's manifest names one"
                raise UsageError(f"{name}, and no log", why=why, remedy="name the log, or give --no-log")
