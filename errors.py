"""The errors that a user can meet, named for whose fault they are.

Every one says what went wrong, why, and what to do about it; the command line prints those three and no traceback.
"""


class ProbatumError(Exception):
    """Root of every error that Probatum raises on purpose.

    Args:
        what: what failed, in one sentence without a full stop.
        why: the cause, as precise as it is known (file, line, field, value).
        remedy: what the user can do about it.
    """

    def __init__(self, what: str, *, why: str = "", remedy: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.remedy = remedy

    def __str__(self) -> str:
        return ": ".join(part for part in (self.what, self.why) if part)


class UsageError(ProbatumError):
    """The command, its options or the pipeline manifest are wrong: the user's to mend."""


class EvidenceError(ProbatumError):
    """A document of evidence is malformed, contradictory or over a limit: its producer's to mend."""


class PolicyError(ProbatumError):
    """A policy, checklist or parameter is wrong: the policy author's to mend."""


class EngineError(ProbatumError):
    """The policy engine cannot run, or refuses what was asked: the environment's or the engine's fault."""


class TrustError(ProbatumError):
    """A signature, key, identity or trust policy does not hold."""
