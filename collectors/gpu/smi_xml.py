"""The XML that ``nvidia-smi -q -x`` writes, saved or fresh.

The report is untrusted: no entity is expanded and nothing external is fetched. Fields are read by name and not by
position, so the versions of the format (``nvsmi_device_v10.dtd`` to ``v13``) need no telling apart; a field that is
missing is a problem, never a guess.

Source: the DTDs that the driver installs, and the ``nvidia-smi`` man page; ``M+C`` marks a client of MPS there. The
report has no field for confidential computing but the protected memory, which is above zero only while it is on.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.etree.ElementTree import Element

from ...errors import EvidenceError
from .state import Gpu, GpuProcess, GpuReport, MigInstance, switch, word

MAX_BYTES = 16 * 1024 * 1024
_MAX_GPUS = 1024
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_TIMESTAMP = re.compile(r"\w{3} (\w{3}) +(\d{1,2}) (\d{2}):(\d{2}):(\d{2}) (\d{4})")
_REMEDY = "save the output of 'nvidia-smi -q -x' again, whole and unedited"


def parse_smi_xml(data: bytes, *, source: str) -> GpuReport:
    """Read one report.

    Args:
        data: the XML.
        source: what to call it in errors.

    Raises:
        EvidenceError: it is no XML, has entities, is no nvidia-smi report, or is over a limit.
    """
    root = _root(data, source)
    gpus = root.findall("gpu")
    if not gpus or len(gpus) > _MAX_GPUS:
        raise EvidenceError(
            f"{source} describes {len(gpus)} GPUs", why=f"1 to {_MAX_GPUS} are expected", remedy=_REMEDY
        )
    problems: list[tuple[str, str]] = []
    devices = tuple(_gpu(element, index, problems) for index, element in enumerate(gpus))
    repeated = [uuid for uuid, count in Counter(gpu.uuid for gpu in devices).items() if count > 1]
    problems += [(uuid, "the report describes it more than once") for uuid in repeated]
    attached = _number(_text(root, "attached_gpus"))
    if attached is None:
        problems.append((source, "it does not say how many GPUs are attached"))
    return GpuReport(
        source="nvidia-smi",
        driver=_text(root, "driver_version") or "unknown",
        gpus=devices,
        attached=len(gpus) if attached is None else attached,
        timestamp=_text(root, "timestamp") or "",
        problems=tuple(problems),
    )


def moment(timestamp: str, utc_offset: timedelta) -> datetime | None:
    """The time of a report, which is written in the node's local time without a zone.

    Args:
        timestamp: as in the report, such as ``Fri Nov 20 09:00:00 2026``.
        utc_offset: of the node's clock.

    Returns:
        The moment in UTC, None when the text is no such time.
    """
    match = _TIMESTAMP.fullmatch(timestamp.strip())
    if match is None or match.group(1) not in _MONTHS:
        return None
    day, hour, minute, second, year = (int(part) for part in match.groups()[1:])
    try:
        local = datetime(year, _MONTHS.index(match.group(1)) + 1, day, hour, minute, second, tzinfo=UTC)
        return local - utc_offset
    except (ValueError, OverflowError):
        return None


def _root(data: bytes, source: str) -> Element:
    from defusedxml import ElementTree
    from defusedxml.common import DefusedXmlException

    if len(data) > MAX_BYTES:
        raise EvidenceError(f"{source} is too large", why=f"{len(data)} bytes, the limit is {MAX_BYTES}")
    try:
        root: Any = ElementTree.fromstring(data, forbid_dtd=False, forbid_entities=True, forbid_external=True)
    except DefusedXmlException as error:
        raise EvidenceError(f"{source} defines entities", why=type(error).__name__, remedy=_REMEDY) from error
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise EvidenceError(f"{source} is not whole XML", why=str(error), remedy=_REMEDY) from error
    if root.tag != "nvidia_smi_log":
        raise EvidenceError(f"{source} is no nvidia-smi report", why=f"its root is <{root.tag[:80]}>", remedy=_REMEDY)
    element: Element = root
    return element


def _gpu(element: Element, index: int, problems: list[tuple[str, str]]) -> Gpu:
    uuid = _text(element, "uuid") or f"gpu {index}"
    mig, pending = _text(element, "mig_mode/current_mig"), _text(element, "mig_mode/pending_mig")
    gpu = Gpu(
        index=index,
        uuid=uuid,
        product=_text(element, "product_name") or "unknown",
        mig_mode=switch(mig),
        mig_pending=None if pending is None else switch(pending),
        mig_instances=tuple(_instances(element, uuid, problems)),
        compute_mode=word(_text(element, "compute_mode")),
        ecc=switch(_text(element, "ecc_mode/current_ecc")),
        confidential_computing=_confidential(element),
        processes=tuple(_processes(element)),
    )
    stated = {"uuid": _text(element, "uuid"), "processes": element.find("processes")}
    problems += [(uuid, f"the report has no {name}") for name, value in stated.items() if value is None]
    modes = {"MIG mode": gpu.mig_mode, "compute mode": gpu.compute_mode, "ECC mode": gpu.ecc}
    problems += [
        (uuid, f"its {name} is missing or not understood") for name, mode in modes.items() if mode == "unknown"
    ]
    return gpu


def _instances(element: Element, uuid: str, problems: list[tuple[str, str]]) -> Iterator[MigInstance]:
    for device in element.findall("mig_devices/mig_device"):
        gi, ci = _number(_text(device, "gpu_instance_id")), _number(_text(device, "compute_instance_id"))
        if gi is None or ci is None:
            problems.append((uuid, "a MIG device has no instance id"))
            continue
        yield MigInstance(gi, ci, memory=_text(device, "fb_memory_usage/total"), uuid=_text(device, "uuid"))


def _processes(element: Element) -> Iterator[GpuProcess]:
    for process in element.findall("processes/process_info"):
        yield GpuProcess(
            pid=_number(_text(process, "pid")),
            name=_text(process, "process_name") or "?",
            type=_text(process, "type") or "?",
            gi=_number(_text(process, "gpu_instance_id")),
            ci=_number(_text(process, "compute_instance_id")),
        )


def _confidential(element: Element) -> str:
    total = _text(element, "cc_protected_memory_usage/total")
    if total is None:
        return "unknown"
    amount = _number(total.split(" ")[0])
    if amount is None:
        return "unsupported" if word(total) == "unsupported" else "unknown"
    return "on" if amount > 0 else "off"


def _text(element: Element, path: str) -> str | None:
    found = element.find(path)
    if found is None or found.text is None or not found.text.strip():
        return None
    return found.text.strip()


def _number(value: str | None) -> int | None:
    return int(value) if value is not None and value.isascii() and value.isdigit() and len(value) < 12 else None
