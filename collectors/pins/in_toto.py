"""Digests in in-toto statements, links, and model signatures, read as pins whether anybody signed them or not.

Forms: a DSSE envelope, alone, inside a sigstore bundle or as a line of JSON lines; an in-toto link of the older
``signed``/``signatures`` form; a bare statement. Whether the signature holds is not asked here: another collector does.

- a statement pins its ``subject``s (in-toto attestation specification v1); verdicts, ours and SLSA's verification
  summaries, judge contents and pin none;
- a link pins its ``products``, unless another link says that it took that very product and made another of it;
- a model signature (OMS, https://model_signing/signature/v1.0) pins the ``resources`` of its predicate, relative to the
  model's folder; its subject digest is of OMS's own making. The older Digests/v0.1 lists the files as subjects.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from ... import strict_json
from ...errors import EvidenceError
from .pin import Statement, Unusable, make_pin

_LINK = ("link", "https://in-toto.io/attestation/link/")
_OMS = "https://model_signing/signature/"
_OLD_OMS = "https://model_signing/Digests/"
_VERDICTS = ("https://slsa.dev/verification_summary/", "https://probatum.dev/")


@dataclass
class Claims:
    """What one document claims.

    Args:
        statements: its pins.
        replaced: paths and digests that it says to have been replaced by a later step.
    """

    statements: list[Statement] = field(default_factory=list)
    replaced: set[tuple[str, str]] = field(default_factory=set)


def read_in_toto(data: bytes, path: PurePosixPath) -> Claims:
    """Read a file of attestations.

    Args:
        data: its bytes; a file that is not JSON, such as a detached signature, claims nothing.
        path: of the file, relative to the root.

    Raises:
        EvidenceError: a document is malformed.
    """
    claims = Claims()
    if data.lstrip()[:1] != b"{":
        return claims
    lines = data.split(b"\n") if path.suffix in (".jsonl", ".ndjson") else [data]
    for line in lines:
        if line.strip():
            _document(_mapping(strict_json.loads(line, source=str(path)), str(path)), path, claims)
    return claims


def _document(document: Mapping[str, Any], path: PurePosixPath, claims: Claims) -> None:
    envelope = document.get("dsseEnvelope", document)
    if isinstance(envelope, Mapping) and "payload" in envelope:
        document = _payload(envelope, str(path))
    elif isinstance(document.get("signed"), Mapping):
        document = document["signed"]
    predicate = str(document.get("predicateType", ""))
    if document.get("_type") == "link":
        _link(document, path, claims)
    elif predicate.startswith(_LINK[1]):
        _link({**_mapping(document.get("predicate"), str(path)), "products": _by_name(document, path)}, path, claims)
    elif predicate.startswith(_OMS):
        claims.statements += _resources(document, path)
    elif "subject" in document and not predicate.startswith(_VERDICTS):
        kind = "oms" if predicate.startswith(_OLD_OMS) else "in_toto"
        for name, digests in _by_name(document, path).items():
            claims.statements += _pins(kind, name, digests, path)


def _payload(envelope: Mapping[str, Any], source: str) -> Mapping[str, Any]:
    try:
        data = base64.b64decode(envelope["payload"], validate=True)
    except (binascii.Error, TypeError, ValueError) as error:
        raise EvidenceError(f"{source} has a payload that is not base64") from error
    return _mapping(strict_json.loads(data, source=f"{source}: payload"), f"{source}: payload")


def _by_name(document: Mapping[str, Any], path: PurePosixPath) -> dict[str, Any]:
    subjects = document.get("subject")
    if not isinstance(subjects, list):
        raise EvidenceError(f"{path}: subject is not a list")
    found = {}
    for subject in subjects:
        item = _mapping(subject, f"{path}: subject")
        if isinstance(item.get("name"), str):  # one without a name is found by its digest, which pins nothing
            found[item["name"]] = item.get("digest")
    return found


def _link(link: Mapping[str, Any], path: PurePosixPath, claims: Claims) -> None:
    materials, products = (_mapping(link.get(key, {}), f"{path}: {key}") for key in ("materials", "products"))
    for name, digests in products.items():
        claims.statements += _pins("in_toto", name, digests, path)
        taken = materials.get(name)
        if isinstance(taken, Mapping) and isinstance(digests, Mapping) and taken.get("sha256") != digests.get("sha256"):
            claims.replaced.add((name, str(taken.get("sha256")).lower()))


def _pins(format: str, name: str, digests: Any, path: PurePosixPath) -> Iterator[Statement]:
    places = (name, str(path.parent / name), name)
    digest = _mapping(digests, f"{path}: digest of {name}")
    if "sha256" in digest:
        yield make_pin(format, "sha256", places, digest["sha256"])
    else:
        yield Unusable(
            places, f"pinned by {' and '.join(sorted(map(str, digest))) or 'nothing'}, which is not compared"
        )


def _resources(document: Mapping[str, Any], path: PurePosixPath) -> Iterator[Statement]:
    predicate = _mapping(document.get("predicate"), f"{path}: predicate")
    resources = predicate.get("resources")
    if not isinstance(resources, list):
        raise EvidenceError(f"{path}: resources is not a list")
    for item in resources:
        resource = _mapping(item, f"{path}: resources")
        name = str(resource.get("name", ""))
        for model in _by_name(document, path):
            place = model if name == "." else f"{model}/{name}"  # the resource of a model of one file is "."
            places = (str(path.parent / place), *([] if name == "." else [str(path.parent / name)]), place)
            yield make_pin("oms", str(resource.get("algorithm")), places, resource.get("digest"))


def _mapping(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise EvidenceError(f"{where} is not an object")
    return value
