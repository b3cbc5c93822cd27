"""Policies in a registry: what opa, oras and conftest push, by digest; and what is not what its digest says."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from registry_case import ORAS, PACKED, REGO, Registry, gzipped, serving
from source_case import checklist, files, wanted

from probatum.errors import PolicyError, UsageError
from probatum.evaluator.bundle import pack_entries
from probatum.evaluator.policies import PolicySet
from probatum.packs.lock import Lock
from probatum.packs.open import open_packs

BUNDLE = pack_entries(files())
MORE = files(checklists__acme=checklist("acme"))


def lock(base: Path, *sources: str) -> Lock:
    return Lock(open_packs(wanted(base, *sources, resolve=True, online=True)).entries, base / "probatum.lock")


def single(registry: Registry, kind: str = REGO) -> list[dict[str, Any]]:
    return [registry.layer(data, kind, path) for path, data in files().items()]


def test_one_layer_is_the_bundle_as_it_was_pushed(tmp_path: Path) -> None:
    registry = Registry()
    digest = registry.push(registry.layer(BUNDLE, title="bundle.tar.gz"))
    with serving(registry.answer) as served:
        source = f"oci://{served.host}/org/acme@sha256:{digest}"
        with pytest.raises(PolicyError, match="not in the cache"):
            open_packs(wanted(tmp_path, source))
        assert served.asked == []
        found = open_packs(wanted(tmp_path, source, online=True)).packs[0]
        assert (found.name, found.archive) == ("acme", hashlib.sha256(BUNDLE).hexdigest())
        assert found.policies.digest == PolicySet(files()).digest
    assert open_packs(wanted(tmp_path, source)).packs[0].archive == found.archive


@pytest.mark.parametrize("kind", [REGO, ORAS])
def test_one_layer_a_file(tmp_path: Path, kind: str) -> None:
    registry = Registry()
    layers = [registry.layer(data, ORAS if path.endswith("yaml") else kind, path) for path, data in MORE.items()]
    digest = registry.push(*layers)
    with serving(registry.answer) as served:
        found = open_packs(wanted(tmp_path, f"oci://{served.host}/org/acme@sha256:{digest}", online=True)).packs[0]
    assert found.policies.digest == PolicySet(MORE).digest


def test_oras_calls_a_bundle_a_tar(tmp_path: Path) -> None:
    registry = Registry()
    digest = registry.push(registry.layer(BUNDLE, ORAS, "acme.tar.gz"))
    with serving(registry.answer) as served:
        found = open_packs(wanted(tmp_path, f"oci://{served.host}/org/acme@sha256:{digest}", online=True)).packs[0]
    assert found.policies.digest == PolicySet(files()).digest


def test_a_tag_is_locked_and_must_not_move(tmp_path: Path) -> None:
    registry = Registry()
    before = registry.push(registry.layer(BUNDLE))
    with serving(registry.answer) as served:
        source = f"oci://{served.host}/org/acme:v1"
        with pytest.raises(UsageError, match="not fixed"):
            open_packs(wanted(tmp_path, source, online=True))
        made = lock(tmp_path, source)
        assert made.entries[0].pin == before
        assert open_packs(wanted(tmp_path, source, lock=made, locked=True, online=True)).packs[0].locked
        after = registry.push(registry.layer(pack_entries(MORE)))
        with pytest.raises(PolicyError, match="has moved") as caught:
            open_packs(wanted(tmp_path, source, lock=made, locked=True, online=True))
        assert before in caught.value.why
        assert after in caught.value.why
        assert open_packs(wanted(tmp_path, source, lock=made, locked=True)).packs[0].locked, "offline it is not asked"
    assert open_packs(wanted(tmp_path, source, lock=made, locked=True)).packs[0].locked


@pytest.mark.parametrize("by_token", [True, False])
def test_a_registry_that_asks_for_credentials(tmp_path: Path, by_token: bool) -> None:
    registry = Registry(user="me:s3cret")
    digest = registry.push(registry.layer(BUNDLE))
    with serving(registry.answer) as served:
        registry.realm = f"http://{served.host}/token" if by_token else ""
        source = f"oci://me:s3cret@{served.host}/org/acme@sha256:{digest}"
        made = lock(tmp_path / "a", source)
        assert b"s3cret" not in made.to_bytes()
        with pytest.raises(PolicyError) as caught:
            lock(tmp_path / "b", source.replace("s3cret", "wr0ng"))
        assert "wr0ng" not in f"{caught.value} {caught.value.remedy}"
        asked = [headers.get("Authorization", "") for path, headers in served.asked if path.startswith("/v2")]
        assert ("Bearer t0ken" in asked) is by_token


def test_a_token_service_elsewhere_is_reached_over_https_only(tmp_path: Path) -> None:
    registry = Registry(user="me:s3cret", realm="http://192.0.2.1/token")
    digest = registry.push(registry.layer(BUNDLE))
    with serving(registry.answer) as served, pytest.raises(PolicyError) as caught:
        lock(tmp_path, f"oci://me:s3cret@{served.host}/org/acme@sha256:{digest}")
    assert "not reached over https" in caught.value.why


@pytest.mark.parametrize("body", [b"", b"[]", b'{"token": 1}', b"<html>"])
def test_a_token_service_that_gives_no_token(tmp_path: Path, body: bytes) -> None:
    registry = Registry(user="me:s3cret")
    digest = registry.push(registry.layer(BUNDLE))
    with serving(lambda path, headers: (200, {}, body)) as tokens, serving(registry.answer) as served:
        registry.realm = f"http://{tokens.host}/token"
        with pytest.raises(Exception, match="token"):
            lock(tmp_path, f"oci://{served.host}/org/acme@sha256:{digest}")


def test_blobs_may_lie_elsewhere_and_get_no_credentials(tmp_path: Path) -> None:
    registry = Registry(user="me:s3cret")
    digest = registry.push(registry.layer(BUNDLE))
    blobs = dict(registry.blobs)
    with serving(lambda path, headers: (200, {}, blobs[path[1:]])) as store, serving(registry.answer) as served:
        registry.elsewhere = f"http://{store.host}"
        made = lock(tmp_path, f"oci://me:s3cret@{served.host}/org/acme@sha256:{digest}")
        assert made.entries[0].archive == hashlib.sha256(BUNDLE).hexdigest()
        assert all("Authorization" not in headers for _, headers in store.asked)


def swapped(registry: Registry, what: str) -> None:
    """The registry gives out something else under the same digest."""
    digest = registry.tags["v1"]
    layer = json.loads(registry.blobs[digest])["layers"][0]["digest"]
    other = pack_entries(MORE)
    registry.blobs[digest if what == "manifest" else layer] = registry.blobs[registry.blob(other)]


@pytest.mark.parametrize("what", ["manifest", "layer"])
def test_a_registry_that_lies_is_found_out(tmp_path: Path, what: str) -> None:
    registry = Registry()
    digest = registry.push(registry.layer(BUNDLE))
    swapped(registry, what)
    with serving(registry.answer) as served, pytest.raises(PolicyError, match="holds no policies") as caught:
        lock(tmp_path, f"oci://{served.host}/org/acme@sha256:{digest}")
    assert "the registry sent sha256:" in caught.value.why


def test_a_poisoned_manifest_or_layer_is_refused(tmp_path: Path) -> None:
    registry = Registry()
    digest = registry.push(registry.layer(BUNDLE))
    layer = hashlib.sha256(BUNDLE).hexdigest()
    with serving(registry.answer) as served:
        source = f"oci://{served.host}/org/acme@sha256:{digest}"
        open_packs(wanted(tmp_path, source, online=True))
        for name in (digest, layer):
            entry = tmp_path / "cache" / name
            kept = entry.read_bytes()
            entry.write_bytes(b"{}")
            with pytest.raises(PolicyError, match=f"{name} is not what its name says"):
                open_packs(wanted(tmp_path, source, online=True))
            entry.write_bytes(kept)


def manifests() -> list[Any]:
    def of(*layers: Any, **fields: Any) -> Any:
        return lambda registry: registry.push(*[layer(registry) for layer in layers], **fields)

    def layer(data: bytes = BUNDLE, kind: str = PACKED, title: str = "", **fields: Any) -> Any:
        return lambda registry: registry.layer(data, kind, title, **fields)

    return [
        pytest.param(of(), "no layers", id="no layers"),
        pytest.param(of(layer(), mediaType="application/vnd.oci.image.index.v1+json"), "an index", id="index"),
        pytest.param(of(layer(), layers="x"), "no layers", id="layers are no list"),
        pytest.param(of(layer(), layers=["x"]), "of the type None", id="layer is no object"),
        pytest.param(of(layer(kind="text/html")), "of the type text/html", id="another type"),
        pytest.param(of(layer(digest="md5:abc")), "no part of policies", id="another digest"),
        pytest.param(of(layer(size=10**9)), "a layer is over", id="too large"),
        pytest.param(of(layer(size="1")), "a layer is over", id="size is no number"),
        pytest.param(of(layer(), layer(pack_entries(MORE))), "neither one bundle", id="two bundles"),
        pytest.param(of(layer(b"package x", REGO)), "neither one bundle", id="no title"),
        pytest.param(
            of(layer(b"package x", REGO, "lib/x.rego"), layer(b"package y", REGO, "lib/x.rego")),
            "neither one bundle",
            id="one title twice",
        ),
        pytest.param(of(layer(b"package x", REGO, "../x.rego")), "no path inside", id="title leads outside"),
        pytest.param(of(layer(b"package x", REGO, "x.rego")), "outside controls/ and lib/", id="no layout"),
        pytest.param(of(layer(gzipped(80 * 1024 * 1024))), "too large", id="bomb"),
        pytest.param(of(layer(b"x", annotations="x")), "neither one bundle", id="notes are no object"),
    ]


@pytest.mark.parametrize(("push", "word"), manifests())
def test_a_manifest_that_is_none_of_policies_is_refused(tmp_path: Path, push: Any, word: str) -> None:
    registry = Registry()
    digest = push(registry)
    with serving(registry.answer) as served, pytest.raises(PolicyError) as caught:
        lock(tmp_path, f"oci://{served.host}/org/acme@sha256:{digest}")
    assert word in str(caught.value)


@pytest.mark.parametrize("body", [b"x", b"[]", b'{"layers": [], "layers": []}'])
def test_a_manifest_that_is_no_manifest_is_refused(tmp_path: Path, body: bytes) -> None:
    registry = Registry()
    digest = registry.blob(body)
    with serving(registry.answer) as served, pytest.raises(PolicyError):
        lock(tmp_path, f"oci://{served.host}/org/acme@{digest}")


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    with serving(Registry().answer) as served, pytest.raises(PolicyError) as caught:
        lock(tmp_path, f"oci://{served.host}/org/acme:v9")
    assert "answers 404" in caught.value.why
