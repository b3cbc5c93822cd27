"""The settings of dependency_audit: each mistake names its field."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from probatum.collectors.audit_settings import OSV_URL, read_settings
from probatum.errors import UsageError


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "root" / "advisories").mkdir(parents=True)
    (tmp_path / "shared").mkdir()
    return tmp_path / "root"


@pytest.mark.parametrize(
    ("settings", "online", "service"),
    [
        ({}, False, None),
        ({}, True, "pypi"),
        ({"advisories": "advisories"}, False, "local"),
        ({"advisories": "advisories"}, True, "local"),
        ({"service": "local", "advisories": "advisories"}, False, "local"),
        ({"service": "osv"}, False, "osv"),
        ({"service": "pypi"}, True, "pypi"),
    ],
)
def test_service_follows_from_what_is_given(
    root: Path, settings: dict[str, Any], online: bool, service: str | None
) -> None:
    assert read_settings(settings, root, online=online).service == service


def test_defaults(root: Path) -> None:
    settings = read_settings({"service": "osv"}, root, online=True)
    assert (settings.osv_url, settings.timeout, settings.advisories) == (OSV_URL, 15, None)


def test_values_are_kept(root: Path) -> None:
    settings = read_settings({"service": "osv", "osv_url": "http://localhost:8/q", "timeout": 300}, root, online=True)
    assert (settings.osv_url, settings.timeout) == ("http://localhost:8/q", 300)


def test_absolute_path_of_a_shared_database(root: Path) -> None:
    shared = root.parent / "shared"
    settings = read_settings({"advisories": str(shared)}, root, online=False)
    assert (settings.advisories, settings.named) == (shared.resolve(), str(shared))


@pytest.mark.parametrize(
    ("settings", "field", "why"),
    [
        ({"sevice": "local"}, "sevice", "not a setting"),
        ({1: 2}, "1", "not a setting"),
        ({"service": "nvd"}, "service", "not a service"),
        ({"service": 1}, "service", "not a service"),
        ({"service": ["osv"]}, "service", "not a service"),
        ({"service": "local"}, "advisories", "missing"),
        ({"service": "osv", "advisories": "advisories"}, "advisories", "does not read it"),
        ({"advisories": 1}, "advisories", "not a path"),
        ({"advisories": ""}, "advisories", "not a path"),
        ({"advisories": "a\0b"}, "advisories", "not a path"),
        ({"advisories": "nowhere"}, "advisories", "nothing is at"),
        ({"advisories": "../shared"}, "advisories", "outside the pipeline"),
        ({"osv_url": 1}, "osv_url", "not an HTTP address"),
        ({"osv_url": "file:///etc/passwd"}, "osv_url", "not an HTTP address"),
        ({"osv_url": "http://"}, "osv_url", "not an HTTP address"),
        ({"osv_url": "http://["}, "osv_url", "not an HTTP address"),
        ({"timeout": 0}, "timeout", "not a number of seconds"),
        ({"timeout": 301}, "timeout", "not a number of seconds"),
        ({"timeout": "5"}, "timeout", "not a number of seconds"),
        ({"timeout": True}, "timeout", "not a number of seconds"),
        ({"timeout": 1.5}, "timeout", "not a number of seconds"),
    ],
)
def test_wrong_setting_names_its_field(root: Path, settings: dict[Any, Any], field: str, why: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_settings(settings, root, online=True)
    assert caught.value.what == f"collectors.dependency_audit.{field} is wrong"
    assert why in caught.value.why
    assert caught.value.remedy


def test_near_miss_is_named(root: Path) -> None:
    with pytest.raises(UsageError) as caught:
        read_settings({"advisory": "advisories"}, root, online=False)
    assert caught.value.remedy == "did you mean 'advisories'?"


def test_link_out_of_the_pipeline_is_refused(root: Path) -> None:
    (root / "link").symlink_to(root.parent / "shared")
    with pytest.raises(UsageError, match="outside the pipeline"):
        read_settings({"advisories": "link"}, root, online=False)
