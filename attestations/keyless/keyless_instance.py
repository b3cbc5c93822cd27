"""Which sigstore instance signs: the public one, or one of your own by its ``ClientTrustConfig``.

What the public instance consists of comes from its TUF repository, from the root key that the installed sigstore
library carries, into a private folder that is gone afterwards. The library itself would keep it in a cache under the
home folder, where anybody who can write there can plant something; that cache is neither read nor written here.
"""

from __future__ import annotations

import hashlib
import importlib.resources
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from ... import strict_json
from ...errors import ProbatumError, TrustError, UsageError
from ...files import read_limited

PUBLIC = "https://tuf-repo-cdn.sigstore.dev"
_TARGETS = {"trustedRoot": "trusted_root.json", "signingConfig": "signing_config.v0.2.json"}
_MEDIA_TYPE = "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json"
_MAX_BYTES = 4 * 1024 * 1024
_SECONDS = 60


@dataclass(frozen=True)
class Instance:
    """The services that make a signature without a key.

    Args:
        name: for people.
        root: its trusted root, against which what was signed is verified at once.
        config: the library's ``SigningConfig``.
        public: everybody can read its log.
    """

    name: str
    root: bytes = field(repr=False)
    config: Any = field(repr=False)
    public: bool = False

    @property
    def authority(self) -> str:
        """Address of the certificate authority."""
        return str(self.config.get_fulcio().url)

    @property
    def log(self) -> str:
        """Address of the log."""
        return str(self.config.get_tlogs()[0].url)

    @property
    def digests_only(self) -> bool:
        """The log is one of version 2, which is sent no statement and keeps no time."""
        return self.log.endswith("/api/v2")

    @property
    def clocks(self) -> tuple[str, ...]:
        """Addresses of the timestamp authorities."""
        return tuple(str(item.url) for item in self.config.get_tsas())

    def context(self) -> Any:
        """The library's signing context, whose every request ends in time."""
        from sigstore.models import TrustedRoot
        from sigstore.sign import SigningContext
        from sigstore_models.trustroot.v1 import TrustedRoot as Root

        authority, log = self.config.get_fulcio(), self.config.get_tlogs()[0]
        for session in (authority.session, log._session):  # noqa: SLF001  there is no other way to give it a limit
            _limit(session)
        root = TrustedRoot(Root.from_json(self.root))
        return SigningContext(fulcio=authority, rekor=log, trusted_root=root, tsa_clients=self.config.get_tsas())


def open_instance(given: str | None = None) -> Instance:
    """The instance that the user named, or the public one, which is asked for what it consists of.

    Args:
        given: ``FILE`` or ``FILE#sha256=DIGEST``: a ``ClientTrustConfig``; None for the public instance.

    Raises:
        UsageError: the file cannot be read, or is not what its digest says.
        TrustError: it is no configuration that can sign safely, or the public instance cannot be reached.
    """
    if given is None:
        return _instance(_fetched(PUBLIC, _root_key(PUBLIC)), "the public sigstore instance", public=True)
    path, _, pin = given.partition("#sha256=")
    data = read_limited(Path(path), _MAX_BYTES)
    found = hashlib.sha256(data).hexdigest()
    if pin and found != pin:
        raise UsageError(
            f"{path} is not what its digest says", why=f"it has the SHA-256 {found}", remedy="check where it came from"
        )
    return _instance(strict_json.loads(data, source=path), f"the sigstore instance of {path} (sha256 {found})")


def _instance(document: Any, name: str, *, public: bool = False) -> Instance:
    from sigstore.models import ClientTrustConfig

    try:
        config = ClientTrustConfig.from_json(strict_json.canonical(document).decode()).signing_config
        made = Instance(name, strict_json.canonical(document["trustedRoot"]), config, public)
        problem = _problem(made)
    except ProbatumError:
        raise
    except Exception as error:  # whatever the library or its models object to
        problem = str(error)
    if problem:
        raise TrustError(f"{name} cannot sign", why=problem, remedy="ask whoever runs it for its ClientTrustConfig")
    return made


def _problem(instance: Instance) -> str:
    """What would send the token or the statement in the clear, or leave the signature without a time."""
    for url in (instance.authority, instance.log):
        parts = urlsplit(url)
        if parts.scheme != "https" and parts.hostname not in ("127.0.0.1", "::1", "localhost"):
            return f"{url} is not https, and what is sent there is secret"
    if instance.digests_only and not instance.clocks:
        return f"the log {instance.log} keeps no times, and no timestamp authority is named"
    return ""


def _fetched(url: str, root_key: bytes) -> Mapping[str, Any]:
    """An instance's configuration from its TUF repository, verified from its root key on."""
    from tuf.ngclient.config import UpdaterConfig
    from tuf.ngclient.updater import Updater

    try:
        with tempfile.TemporaryDirectory() as folder:
            updater = Updater(
                metadata_dir=folder,
                metadata_base_url=url,
                target_dir=folder,
                target_base_url=f"{url}/targets/",
                config=UpdaterConfig(app_user_agent="probatum"),
                bootstrap=root_key,
            )
            updater.refresh()
            parts = {part: strict_json.loads(_target(updater, name), source=name) for part, name in _TARGETS.items()}
    except ProbatumError:
        raise
    except Exception as error:  # of the library, of its client, of the network
        raise TrustError(
            "the public sigstore instance cannot be asked what it consists of",
            why=f"{url}: {error}",
            remedy="check the network, or name an instance of your own with --sigstore-config",
        ) from error
    return {"mediaType": _MEDIA_TYPE, **parts}


def _target(updater: Any, name: str) -> bytes:
    info = updater.get_targetinfo(name)
    if info is None:
        raise ValueError(f"it has no {name}")
    return read_limited(Path(updater.download_target(info)), _MAX_BYTES)


def _root_key(url: str) -> bytes:
    """The TUF root that the sigstore library carries."""
    folder = importlib.resources.files("sigstore") / "_store" / quote(url, safe="")
    return (folder / "root.json").read_bytes()


def _limit(session: Any) -> None:
    """Let no request of a session wait for ever; the library sets no limit."""
    import requests.adapters

    class _InTime(requests.adapters.HTTPAdapter):
        def send(self, request: Any, *args: Any, **kwargs: Any) -> Any:
            return super().send(request, *args, **{**kwargs, "timeout": _SECONDS})

    for scheme in ("https://", "http://"):
        session.mount(scheme, _InTime())
