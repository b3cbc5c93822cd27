"""A collection never hides a collector that did not do its job."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from probatum.collectors.base import Availability, Context, Item
from probatum.collectors.diagnosis import diagnose
from probatum.collectors.inventory import Inventory
from probatum.collectors.manifest import Manifest
from probatum.collectors.registry import collectors
from probatum.collectors.run import Run, collect, prepare
from probatum.collectors.waivers import Waivers
from probatum.errors import EvidenceError, UsageError
from probatum.evaluator.graph import Coverage, Status, Subject

NOW = datetime(2026, 11, 20, tzinfo=UTC)


@dataclass
class Probe:
    """A collector of the test: it makes `inventory` observations, or does what it is told."""

    does: object = None
    name: str = "probe"
    version: str = "1"
    types: tuple[str, ...] = ("probe",)
    kinds: tuple[str, ...] = ("model",)
    network: bool = False
    ready: Availability = field(default_factory=lambda: Availability(True))

    def available(self, context: Context) -> Availability:
        return self.ready

    def collect(self, context: Context) -> Iterator[Item]:
        if isinstance(self.does, BaseException):
            raise self.does
        yield from ()


@pytest.fixture
def manifest(tmp_path: Path) -> Manifest:
    (tmp_path / "m.bin").write_bytes(b"abc")
    return Manifest(tmp_path, {"name": "p"}, (Subject("model", "m", location="m.bin"), Subject("gpu", "g")))


def only(manifest: Manifest, probe: Probe, **options: object) -> object:
    collected = collect(manifest, {probe.name: probe}, Run(NOW, **options))
    (observation,) = collected.graph.observations.values()
    return observation


@pytest.mark.parametrize(
    ("does", "part"),
    [
        (EvidenceError("the header is torn"), "the header is torn"),
        (RuntimeError("boom"), "the collector crashed: RuntimeError: boom"),
        (MemoryError(), "crashed: MemoryError"),
    ],
)
def test_a_failing_collector_leaves_a_failed_observation(manifest: Manifest, does: Exception, part: str) -> None:
    observation = only(manifest, Probe(does))
    assert observation.status is Status.FAILED
    assert observation.subject == "model:m"
    assert part in observation.result["error"]
    assert not observation.coverage.whole


def test_a_collector_that_cannot_run_says_why(manifest: Manifest) -> None:
    observation = only(manifest, Probe(ready=Availability(False, "no driver", "install one")))
    assert observation.status is Status.FAILED
    assert observation.result == {"error": "no driver; install one"}


def test_a_skipped_collector_is_in_the_evidence_and_in_the_record(manifest: Manifest) -> None:
    collected = collect(manifest, {"probe": Probe()}, Run(NOW, skip=("probe",)))
    (observation,) = collected.graph.observations.values()
    assert observation.status is Status.SKIPPED
    assert collected.skipped == ("probe",)


def test_an_interrupt_keeps_what_was_collected(manifest: Manifest) -> None:
    probes = {name: Probe(does, name) for name, does in [("a", None), ("b", KeyboardInterrupt()), ("c", None)]}
    collected = collect(manifest, {"inventory": Inventory(), **probes}, Run(NOW))
    assert collected.interrupted
    by_collector = {item.collector["name"]: item.status for item in collected.graph.observations.values()}
    assert by_collector == {"inventory": Status.COMPLETE, "b": Status.SKIPPED, "c": Status.SKIPPED}


class Swapper(Probe):
    """A collector during whose work the model is swapped, and put back with the same bytes and times."""

    def collect(self, context: Context) -> Iterator[Item]:
        path = context.root / "m.bin"
        before, data = path.stat(), path.read_bytes()
        path.write_bytes(b"evil")
        path.write_bytes(data)
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        yield from ()


def test_a_subject_that_changes_meanwhile_loses_its_digest(manifest: Manifest) -> None:
    calm = collect(manifest, {"probe": Probe()}, Run(NOW))
    assert calm.changed == ()
    assert calm.graph.subjects["model:m"].digest
    swapped = collect(manifest, {"probe": Swapper()}, Run(NOW))
    assert swapped.changed == ("model:m",)
    assert swapped.graph.subjects["model:m"].digest == {}


def test_a_wrong_setting_is_the_users_to_mend(manifest: Manifest) -> None:
    with pytest.raises(UsageError, match="bad setting"):
        collect(manifest, {"probe": Probe(UsageError("bad setting"))}, Run(NOW))


@pytest.mark.parametrize("unknown", ["prob", "nothing-like-it"])
def test_an_unknown_collector_is_refused(manifest: Manifest, unknown: str) -> None:
    with pytest.raises(UsageError, match=unknown) as caught:
        collect(manifest, {"probe": Probe()}, Run(NOW, skip=(unknown,)))
    assert caught.value.remedy


def test_subjects_get_the_digest_of_their_content(manifest: Manifest) -> None:
    context = prepare(manifest, Run(NOW))
    assert context.subjects["model:m"].digest["sha256"].startswith("ba7816bf")
    assert context.subjects["gpu:g"].digest == {}
    assert "pipeline:p" in context.subjects


def test_a_location_that_cannot_be_read_leaves_no_digest(manifest: Manifest, tmp_path: Path) -> None:
    (tmp_path / "m.bin").unlink()
    (tmp_path / "m.bin").symlink_to("elsewhere")
    assert prepare(manifest, Run(NOW)).subjects["model:m"].digest == {}


def test_an_observation_that_breaks_its_schema_is_a_defect_of_the_collector(manifest: Manifest) -> None:
    context = prepare(manifest, Run(NOW))
    with pytest.raises(EvidenceError, match="inventory made a malformed inventory observation"):
        context.observe(Inventory(), "pipeline:p", "inventory", {"policy": "block"}, coverage=Coverage(1, 1))


def test_the_inventory_counts_what_nobody_declared(manifest: Manifest, tmp_path: Path) -> None:
    (tmp_path / "extra.csv").write_text("x")
    (observation,) = Inventory().collect(prepare(manifest, Run(NOW)))
    assert observation.result["undeclared"] == [{"path": "extra.csv", "kind": "dataset"}]
    assert observation.result["undeclared_count"] == 1
    assert observation.result["policy"] == "block"


WAIVER = {
    "id": "W-1", "control": "MODEL-01", "subjects": ["*"], "owner": "Ann", "approver": "Bob",
    "ticket": "T-1", "reason": "legacy", "expires": "2026-11-20",
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({}, None),
        ({"owner": ""}, "owner is missing"),
        ({"approver": " ann "}, "approver is the owner"),
        ({"expires": "2026-11-19"}, "expired on 2026-11-19"),
        ({"expires": "soon"}, "neither"),
        ({"expires": "2026-11-20T00:00:00"}, "neither"),
        ({"expires": "2026-11-19T23:59:59Z"}, "expired"),
        ({"subjects": []}, "subjects"),
    ],
)
def test_a_waiver_comes_with_its_problems(manifest: Manifest, change: dict[str, str], problem: str | None) -> None:
    from dataclasses import replace

    context = prepare(replace(manifest, waivers=({**WAIVER, **change},)), Run(NOW))
    (observation,) = Waivers().collect(context)
    (judged,) = observation.result["waivers"]
    assert [problem in found for found in judged["problems"]] == ([True] if problem else [])


def test_two_waivers_with_one_id_are_a_problem(manifest: Manifest) -> None:
    from dataclasses import replace

    context = prepare(replace(manifest, waivers=(WAIVER, WAIVER)), Run(NOW))
    (observation,) = Waivers().collect(context)
    assert [item["problems"] for item in observation.result["waivers"]] == [["id W-1 is used twice"]] * 2


def test_every_built_in_collector_keeps_the_contract(manifest: Manifest) -> None:
    from probatum.collectors.result_schema import result_schema

    known = collectors()
    assert len(known) >= 12
    for name, collector in known.items():
        assert collector.name == name
        assert collector.kinds
        for type in collector.types:
            assert result_schema(collector, type)["type"] == "object"
    assert {row["name"] for row in diagnose(manifest, known, Run(NOW))} == set(known)
