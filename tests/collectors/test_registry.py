"""Collectors of other packages come by entry point, under a name of their own."""

from importlib.metadata import EntryPoint

import pytest

from probatum.collectors import registry
from probatum.collectors.inventory import Inventory
from probatum.errors import UsageError


class Other(Inventory):
    """A collector as another package would offer it."""

    name = "other"


class Broken:
    """A collector that cannot be made."""

    def __init__(self) -> None:
        raise RuntimeError("needs a licence key")


def offered(monkeypatch: pytest.MonkeyPatch, target: str) -> None:
    point = EntryPoint("theirs", f"{__name__}:{target}", registry.GROUP)
    monkeypatch.setattr(EntryPoint, "load", lambda self: globals()[self.attr])
    monkeypatch.setattr(registry, "entry_points", lambda group: [point] if group == registry.GROUP else [])


def test_another_package_adds_a_collector(monkeypatch: pytest.MonkeyPatch) -> None:
    offered(monkeypatch, "Other")
    found = registry.collectors()
    assert isinstance(found["other"], Other)
    assert list(found) == sorted(found)


@pytest.mark.parametrize(
    ("target", "part"),
    [("Broken", "needs a licence key"), ("Absent", "Absent"), ("Inventory", "two collectors are called inventory")],
)
def test_a_collector_that_cannot_be_added_is_told(monkeypatch: pytest.MonkeyPatch, target: str, part: str) -> None:
    offered(monkeypatch, target)
    with pytest.raises(UsageError, match=part) as caught:
        registry.collectors()
    assert caught.value.remedy
