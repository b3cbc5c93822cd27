"""What a process that is Probatum's own does once, to start fast."""

from __future__ import annotations

import sys


def skip_iri_grammar() -> None:
    """Keep ``jsonschema`` from importing ``rfc3987_syntax``, which compiles a grammar of IRIs for 1.5 s on every start.

    It comes with the extra that the CycloneDX validators need. Without it ``jsonschema`` knows no format ``iri`` or
    ``iri-reference``; Probatum asserts these for CycloneDX documents only, with a check of its own. For the processes
    of the command and of the collectors, not for a program that uses Probatum as a library.
    """
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]  # None makes the import fail
