"""What a trust policy demands of one signature, where others carry the rest of its demands.

Two documents are so: an assessment, whose envelope the verdict names by digest, so that all who signed the verdict
stand for it; and a verdict that the second person is about to sign.
"""

from __future__ import annotations

from dataclasses import replace

from .policy import TrustPolicy


def for_one_signature(trust: TrustPolicy) -> TrustPolicy:
    """The policy with one allowed signer enough for every role, and no log or timestamp demanded.

    Who may sign what, for how long and how old it may be stay as they are.
    """
    roles = {
        name: replace(role, threshold=1, require_log=False, require_timestamp=False)
        for name, role in trust.roles.items()
    }
    return replace(trust, roles=roles)
