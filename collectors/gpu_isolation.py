"""How GPUs are kept apart between tenants: as the driver reports it, and as configuration files set it up.

A GPU with a location is described by a saved ``nvidia-smi -q -x`` report; one without is asked on this machine. The
report's clock has no zone: it is read as UTC unless the setting ``utc_offset`` (``+HH:MM``) says otherwise. How many
tenants use a GPU can be declared in the setting ``tenants`` (UUID to number); the result says when it was.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from ..errors import EvidenceError, UsageError
from ..evaluator.graph import Coverage, Observation, Skipped, Subject, Tier
from .base import Availability, Context
from .gpu.configuration import Configuration, read_configuration
from .gpu.live import read_live
from .gpu.smi_xml import MAX_BYTES, moment, parse_smi_xml
from .gpu.state import GpuReport
from .kubernetes.manifests import read_entry

_OFFSET = re.compile(r"([+-])(\d{2}):(\d{2})")
_SETTINGS = {"tenants", "utc_offset"}


class GpuIsolation:
    """Reads the state and the sharing of every GPU."""

    name = "gpu_isolation"
    version = "1"
    types: tuple[str, ...] = ("gpu_isolation", "gpu_sharing")
    kinds: tuple[str, ...] = ("gpu",)
    network = False

    def available(self, context: Context) -> Availability:
        """Whether there is a driver for the GPUs that have no saved report; they fail one by one without it."""
        if all(subject.location for subject in context.of_kind(*self.kinds)):
            return Availability(True, "reads saved reports")
        try:
            return Availability(True, f"reads this machine through {read_live().report.source}")
        except EvidenceError as error:
            return Availability(True, f"saved reports only: {error}", error.remedy)

    def collect(self, context: Context) -> Iterator[Observation]:
        """Two observations for each GPU subject.

        Yields:
            ``gpu_isolation`` and ``gpu_sharing``.

        Raises:
            UsageError: a setting is wrong.
        """
        tenants, offset = _settings(context.settings)
        subjects = context.of_kind(*self.kinds)
        configuration = read_configuration(context.root) if subjects else Configuration()
        for subject in subjects:
            try:
                if subject.location is None:
                    yield self._live(context, subject, tenants)
                else:
                    yield self._saved(context, subject, tenants, offset)
            except EvidenceError as error:
                reason = f"{error}; {error.remedy}".rstrip("; ")
                yield context.failed(self, subject.id, "gpu_isolation", reason)
            yield self._sharing(context, subject, configuration)

    def _saved(self, context: Context, subject: Subject, tenants: Mapping[str, int], offset: timedelta) -> Observation:
        location = str(subject.location)
        content = context.contents.get(subject.id)
        if content is None:
            raise EvidenceError(f"{location} is missing, unreadable, or no local file")
        if content.folder:
            raise EvidenceError(f"{location} is a folder", remedy="name the saved report itself")
        ((entry, path),) = content.paths()
        data = read_entry(entry, path, location, MAX_BYTES)
        report = parse_smi_xml(data, source=location)
        made = moment(report.timestamp, offset)
        if made is None:
            raise EvidenceError(f"{location} does not say when it was made", why=f"timestamp {report.timestamp[:60]!r}")
        return self._observation(context, subject, report.with_tenants(tenants), Tier.REPORTED, data, made)

    def _live(self, context: Context, subject: Subject, tenants: Mapping[str, int]) -> Observation:
        live = read_live()
        return self._observation(context, subject, live.report.with_tenants(tenants), Tier.OBSERVED, live.raw, None)

    def _observation(
        self,
        context: Context,
        subject: Subject,
        report: GpuReport,
        tier: Tier,
        raw: bytes | None,
        made: datetime | None,
    ) -> Observation:
        return context.observe(
            self,
            subject.id,
            "gpu_isolation",
            report.to_document(),
            coverage=_coverage(report),
            tier=tier,
            tool=(report.source, report.driver),
            report=raw,
            media_type="application/xml",
            observed_at=made,
        )

    def _sharing(self, context: Context, subject: Subject, found: Configuration) -> Observation:
        sharing = found.sharing
        result = {
            "files": found.files,
            "time_slicing": sharing.time_slicing,
            "mps": sharing.mps,
            "mig_parted": sharing.mig_parted,
            "requests": sharing.requests,
            "shared": sharing.shared,
        }
        examined = found.seen - len(found.skipped)
        coverage = Coverage(found.seen, examined, tuple(found.skipped))
        return context.observe(self, subject.id, "gpu_sharing", result, coverage=coverage)


def _coverage(report: GpuReport) -> Coverage:
    odd = {place for place, _ in report.problems}
    skipped = [Skipped(place, problem) for place, problem in report.problems]
    missing = report.attached - len(report.gpus)
    if missing > 0:
        skipped.append(Skipped("other GPUs of the node", f"{missing} of {report.attached} are not in the report"))
    examined = sum(gpu.uuid not in odd for gpu in report.gpus)
    return Coverage(max(report.attached, len(report.gpus)), examined, tuple(skipped))


def _settings(settings: Mapping[str, Any]) -> tuple[dict[str, int], timedelta]:
    if unknown := set(settings) - _SETTINGS:
        raise _wrong(f"{min(unknown)!r} is no setting", f"the settings are {', '.join(sorted(_SETTINGS))}")
    tenants = settings.get("tenants", {})
    if not isinstance(tenants, dict) or not all(type(n) is int and n >= 0 for n in tenants.values()):
        raise _wrong("tenants maps a GPU's UUID to a number", "for example {GPU-5135…: 1}")
    offset = _OFFSET.fullmatch(str(settings.get("utc_offset", "+00:00")))
    if offset is None or int(offset.group(2)) > 14 or int(offset.group(3)) > 59:
        raise _wrong("utc_offset is no offset from UTC", "write it as +HH:MM, at most 14 hours")
    size = timedelta(hours=int(offset.group(2)), minutes=int(offset.group(3)))
    return dict(tenants), size if offset.group(1) == "+" else -size


def _wrong(why: str, remedy: str) -> UsageError:
    return UsageError("the settings of gpu_isolation are wrong", why=why, remedy=remedy)
