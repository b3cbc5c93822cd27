"""``probatum init``: a first manifest."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from .output import finish, guarded, say


@guarded
def init(
    folder: Annotated[Path, typer.Argument(help="The pipeline's folder.")] = Path(),
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON Schema of probatum.yaml, for editors.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace a probatum.yaml that is there.")] = False,
) -> int:
    """Search a folder and write a first probatum.yaml for review.

    Example: probatum init my-pipeline
    """
    from ..collectors.first_manifest import manifest_schema_text, write_first_manifest

    if schema:
        sys.stdout.write(manifest_schema_text())
        return finish("pass", "printed the schema")
    path, manifest, found = write_first_manifest(folder, force=force)
    for name, reason in found.passed_over:
        say(f"passed over {name}: {reason}")
    return finish("pass", f"wrote {path} with {len(manifest.subjects)} subjects; review it")
