"""``probatum policy lock`` pins every pack of policies by its digest."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .grouping import grouped
from .groups import Layers, ShownTable
from .options import Now, Online, Trust, moment
from .output import finish, guarded, say


@grouped
@guarded
def lock(
    pipeline: Annotated[Path, typer.Argument(help="The pipeline's folder, or its probatum.yaml.")] = Path(),
    *,
    layers: Layers,
    trust: Trust = None,
    now: Now = None,
    online: Online = False,
    shown: ShownTable,
) -> int:
    """Write probatum.lock: the digest of each pack of policies that the manifest names, for review and for every run.

    Branches, tags and addresses without a digest are resolved here and nowhere else. Signatures are checked against the
    trust policy. What changed since the last lock file is listed.

    Example: probatum policy lock training/ --online
    """
    from ..jobs.opening import open_pipeline
    from ..jobs.policy_sources import lock_policies
    from ..jobs.revocation_sources import trusted_now
    from ..packs.choose import Given
    from ..reports.lock import render_lock

    target = shown.output()
    manifest = open_pipeline(pipeline, say)
    path = trust or manifest.trust
    at = moment(now)[0]
    trusted = None if path is None else trusted_now(path, online=online, now=at)
    given = Given(tuple(layers.policies or ()), layers.built_in)
    found = lock_policies(manifest, given, online=online, trust=trusted, now=at)
    target.write(lambda format, color, width: render_lock(found, format, color=color, width=width))
    changed = sum(entry["change"] != "unchanged" for entry in found["packs"]) + len(found["gone"])
    return finish("pass", f"wrote {found['file']}: {len(found['packs'])} packs, {changed} changes")
