"""Policies in an OCI registry (Open Container Initiative, "Distribution Specification" v1.1, API ``/v2/``).

The manifest is named by its digest, its layers by theirs: what is read is held against these names, wherever it came
from. Accepted are what ``opa build`` with a registry client and ``oras push`` upload (one layer, a gzipped tar), and
what ``conftest push`` uploads (one layer a file, with its path as title).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from .. import strict_json
from ..errors import EvidenceError, PolicyError
from ..evaluator.archive import write_archive
from ..evaluator.bundle import MAX_PACKED_BYTES
from ..evaluator.policy_files import MAX_FILES
from .cache import Cache
from .source import Source, is_loopback, offline
from .web import Web, basic

_MANIFESTS = ("application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json")
_PACKED = ("application/vnd.oci.image.layer.v1.tar+gzip", "application/vnd.docker.image.rootfs.diff.tar.gzip")
_FILES = (
    "application/vnd.cncf.openpolicyagent.policy.layer.v1+rego",
    "application/vnd.cncf.openpolicyagent.data.layer.v1+json",
    "application/vnd.cncf.openpolicyagent.manifest.layer.v1+json",
    "application/vnd.oci.image.layer.v1.tar",  # what `oras push` calls every file, whatever it is
)
_TITLE = "org.opencontainers.image.title"
_SHA256 = re.compile(r"sha256:([0-9a-f]{64})")
_GZIP = b"\x1f\x8b"
_CHALLENGE = re.compile(r'([a-z]+)="([^"]*)"')


@dataclass(frozen=True)
class Registry:
    """One repository of a registry.

    Args:
        source: which.
        cache: looked at first.
        web: fetches what is not in the cache; None offline.
    """

    source: Source
    cache: Cache
    web: Web | None

    def resolve(self) -> str:
        """The digest that the source's tag names now; its manifest is cached.

        Raises:
            PolicyError: there is no such tag, or the registry cannot be asked.
        """
        return self.cache.put(self._fetch(f"manifests/{self.source.ref}"))

    def bundle(self, digest: str) -> bytes:
        """The bundle that a manifest describes, packed as it was pushed, or from its single files.

        Args:
            digest: of the manifest.

        Raises:
            PolicyError: it is neither in the cache nor to be fetched, or is no manifest of policies.
        """
        manifest = self._manifest(self._content(digest, f"manifests/sha256:{digest}"))
        layers = [self._layer(item) for item in manifest["layers"]]
        if len(layers) == 1 and layers[0][1].startswith(_GZIP):
            return layers[0][1]
        files = dict(layers)
        if len(files) != len(layers) or not all(files) or any(data.startswith(_GZIP) for data in files.values()):
            raise self._refused("its layers are neither one bundle nor files with different titles")
        return write_archive({title.lstrip("/"): data for title, data in files.items()})

    def _manifest(self, data: bytes) -> Mapping[str, Any]:
        try:
            document = strict_json.loads(data, source=self.source.shown, fold_case=True)
        except EvidenceError as error:
            raise PolicyError(error.what, why=error.why, remedy="push the policies again") from error
        if not isinstance(document, Mapping) or document.get("mediaType", _MANIFESTS[0]) not in _MANIFESTS:
            raise self._refused("it is an index or something else, not the manifest of one artifact")
        layers = document.get("layers")
        if not isinstance(layers, list) or not 0 < len(layers) <= MAX_FILES:
            raise self._refused("its manifest has no layers, or too many")
        return {"layers": layers}

    def _layer(self, item: Any) -> tuple[str, bytes]:
        """Title and content of a layer."""
        layer = item if isinstance(item, Mapping) else {}
        digest, kind = _SHA256.fullmatch(str(layer.get("digest"))), layer.get("mediaType")
        if digest is None or kind not in (*_PACKED, *_FILES):
            raise self._refused(f"a layer of the type {kind} is no part of policies")
        if not isinstance(layer.get("size"), int) or layer["size"] > MAX_PACKED_BYTES:
            raise self._refused(f"a layer is over {MAX_PACKED_BYTES} bytes")
        notes = layer.get("annotations")
        title = notes.get(_TITLE, "") if isinstance(notes, Mapping) else ""
        return str(title), self._content(digest.group(1), f"blobs/sha256:{digest.group(1)}")

    def _content(self, sha256: str, path: str) -> bytes:
        data = self.cache.get(sha256)
        if data is not None:
            return data
        data = self._fetch(path)
        found = hashlib.sha256(data).hexdigest()
        if found != sha256:
            raise self._refused(f"the registry sent sha256:{found} for sha256:{sha256}")
        self.cache.put(data)
        return data

    def _fetch(self, path: str) -> bytes:
        web = self.web
        if web is None:
            raise offline(self.source)
        host, _, name = self.source.place.partition("/")
        scheme = "http" if is_loopback(urlsplit(f"//{host}").hostname) else "https"
        url, shown = f"{scheme}://{host}/v2/{name}/{path}", f"{self.source.shown} ({path})"
        headers = {"Accept": ", ".join((*_MANIFESTS, "*/*"))}
        answer = web.get(url, headers, shown=shown)
        if answer.status == 401:
            more = self._credentials(web, answer.headers.get("WWW-Authenticate", ""), shown)
            answer = web.get(url, {**headers, **more}, shown=shown)
        if answer.status != 200:
            raise PolicyError(
                f"cannot fetch {shown}",
                why=f"the registry answers {answer.status}",
                remedy="check name and digest; write oci://user:password@… where the registry asks for credentials",
            )
        return answer.body

    def _credentials(self, web: Web, challenge: str, shown: str) -> dict[str, str]:
        """What a registry asks for: the credentials themselves, or a token that its token service gives for them."""
        if not challenge.lower().startswith("bearer "):
            return basic(self.source.user)
        fields = dict(_CHALLENGE.findall(challenge))
        realm = urlsplit(fields.pop("realm", ""))
        if realm.scheme != "https" and not (realm.scheme == "http" and is_loopback(realm.hostname)):
            raise PolicyError(f"cannot fetch {shown}", why="its token service is not reached over https")
        asked = {key: fields[key] for key in ("service", "scope") if key in fields}
        where = f"{realm.geturl()}?{urlencode(asked)}"
        answer = web.get(where, basic(self.source.user), shown=f"a token for {shown}")
        try:
            document = strict_json.loads(answer.body or b"{}", source=f"the token for {shown}")
        except EvidenceError as error:
            raise PolicyError(error.what, why=error.why) from error
        token = document.get("token") or document.get("access_token") if isinstance(document, Mapping) else None
        if not isinstance(token, str):
            raise PolicyError(f"cannot fetch {shown}", why="its token service gives no token", remedy="log in first")
        return {"Authorization": f"Bearer {token}"}

    def _refused(self, why: str) -> PolicyError:
        return PolicyError(
            f"{self.source.shown} holds no policies", why=why, remedy="push one .tar.gz bundle, or the files of a pack"
        )
