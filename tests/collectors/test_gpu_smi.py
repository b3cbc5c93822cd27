"""Saved nvidia-smi reports: real forms, odd forms, and hostile XML."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from manifest_case import context_of

from probatum.collectors.gpu.smi_xml import moment, parse_smi_xml
from probatum.collectors.gpu_isolation import GpuIsolation
from probatum.errors import EvidenceError, UsageError
from probatum.evaluator.graph import Observation, Status, Tier

DATA = Path(__file__).parent / "data" / "gpu"
UUID = "GPU-0f0f0f0f-1111-2222-3333-444444444444"
HEAD = '<?xml version="1.0" ?>\n<!DOCTYPE nvidia_smi_log SYSTEM "nvsmi_device_v12.dtd">\n'
MIG = (
    "<mig_device><index>0</index><gpu_instance_id>3</gpu_instance_id><compute_instance_id>0</compute_instance_id>"
    "<fb_memory_usage><total>19968 MiB</total></fb_memory_usage></mig_device>"
)
PROCESS = (
    "<process_info><gpu_instance_id>N/A</gpu_instance_id><compute_instance_id>N/A</compute_instance_id><pid>4242</pid>"
    "<type>C</type><process_name>/usr/bin/python3</process_name><used_memory>10 MiB</used_memory></process_info>"
)


def gpu(**fields: str) -> str:
    """One GPU element as the driver writes it; a field given as an empty text is left out."""
    parts = {
        "product_name": "NVIDIA A100-SXM4-80GB",
        "mig_mode": "<current_mig>Disabled</current_mig><pending_mig>Enabled</pending_mig>",
        "mig_devices": "None",
        "uuid": UUID,
        "cc_protected_memory_usage": "<total>0 MiB</total>",
        "compute_mode": "Default",
        "ecc_mode": "<current_ecc>Enabled</current_ecc><pending_ecc>Enabled</pending_ecc>",
        "processes": "\n",
        **fields,
    }
    body = "".join(f"<{name}>{value}</{name}>" for name, value in parts.items() if value)
    return f'<gpu id="00000000:01:00.0">{body}</gpu>'


def log(*gpus: str, **fields: str) -> str:
    parts = {
        "timestamp": "Fri Nov 20 06:00:00 2026",
        "driver_version": "570.124.06",
        "attached_gpus": str(len(gpus)),
        **fields,
    }
    body = "".join(f"<{name}>{value}</{name}>" for name, value in parts.items() if value)
    return f"{HEAD}<nvidia_smi_log>{body}{''.join(gpus)}</nvidia_smi_log>"


def collect(tmp_path: Path, text: str | bytes, settings: Mapping[str, Any] | None = None) -> Observation:
    (tmp_path / "smi.xml").write_bytes(text.encode() if isinstance(text, str) else text)
    context = context_of(tmp_path, "gpu", {"node": "smi.xml"})
    context = type(context)(
        tmp_path, context.pipeline, context.subjects, contents=context.contents, settings=settings or {}
    )
    return next(item for item in GpuIsolation().collect(context) if item.type == "gpu_isolation")


def test_a_saved_report_is_reported_evidence_of_its_own_time(tmp_path: Path) -> None:
    observation = collect(tmp_path, log(gpu(processes=PROCESS)))
    assert observation.status is Status.COMPLETE
    assert observation.tier is Tier.REPORTED
    assert observation.observed_at == "2026-11-20T06:00:00Z"
    assert observation.tool == {"name": "nvidia-smi", "version": "570.124.06"}
    assert observation.report is not None
    assert observation.report["media_type"] == "application/xml"
    assert set(observation.inputs) == {"smi.xml"}
    (device,) = observation.result["devices"]
    assert device == {
        "index": 0,
        "uuid": UUID,
        "product": "NVIDIA A100-SXM4-80GB",
        "mig_mode": "disabled",
        "mig_pending": "enabled",
        "mig_instances": [],
        "compute_mode": "default",
        "ecc": "enabled",
        "confidential_computing": "off",
        "cc_attested": False,
        "processes": [{"pid": 4242, "name": "/usr/bin/python3", "type": "C", "gi": None, "ci": None, "tenant": None}],
        "tenants": None,
        "tenants_source": "unknown",
        "mps": False,
    }


@pytest.mark.parametrize(
    ("fields", "field", "value"),
    [
        ({"mig_mode": "<current_mig>N/A</current_mig><pending_mig>N/A</pending_mig>"}, "mig_mode", "unsupported"),
        ({"mig_mode": "<current_mig>Enabled</current_mig>", "mig_devices": MIG}, "mig_pending", None),
        ({"compute_mode": "Exclusive_Process"}, "compute_mode", "exclusive_process"),
        ({"compute_mode": "Exclusive Process"}, "compute_mode", "exclusive_process"),
        ({"compute_mode": "Prohibited"}, "compute_mode", "prohibited"),
        ({"ecc_mode": "<current_ecc>[N/A]</current_ecc>"}, "ecc", "unsupported"),
        ({"ecc_mode": "<current_ecc>Disabled</current_ecc>"}, "ecc", "disabled"),
        ({"cc_protected_memory_usage": "<total>96000 MiB</total>"}, "confidential_computing", "on"),
        ({"cc_protected_memory_usage": "<total>N/A</total>"}, "confidential_computing", "unsupported"),
        ({"cc_protected_memory_usage": "<total>?</total>"}, "confidential_computing", "unknown"),
        ({"cc_protected_memory_usage": ""}, "confidential_computing", "unknown"),
        ({"product_name": ""}, "product", "unknown"),
        ({"processes": PROCESS.replace(">C<", ">M+C<")}, "mps", True),
        ({"processes": PROCESS.replace("/usr/bin/python3", "/usr/bin/nvidia-cuda-mps-server")}, "mps", True),
        ({"processes": PROCESS.replace("/usr/bin/python3", "/usr/bin/Mpython")}, "mps", False),
    ],
)
def test_every_form_of_a_field(tmp_path: Path, fields: dict[str, str], field: str, value: object) -> None:
    observation = collect(tmp_path, log(gpu(**fields)))
    assert observation.status is Status.COMPLETE
    assert observation.result["devices"][0][field] == value


def test_mig_instances_and_their_processes(tmp_path: Path) -> None:
    inside = PROCESS.replace("<gpu_instance_id>N/A", "<gpu_instance_id>3").replace("id>N/A", "id>0")
    text = log(gpu(mig_mode="<current_mig>Enabled</current_mig>", mig_devices=MIG, processes=inside))
    (device,) = collect(tmp_path, text).result["devices"]
    assert device["mig_instances"] == [{"gi": 3, "ci": 0, "memory": "19968 MiB", "profile": None, "uuid": None}]
    assert (device["processes"][0]["gi"], device["processes"][0]["ci"]) == (3, 0)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        (log(gpu(mig_mode="")), "MIG mode"),
        (log(gpu(ecc_mode="<current_ecc>Perhaps</current_ecc>")), "ECC mode"),
        (log(gpu(compute_mode="")), "compute mode"),
        (log(gpu(uuid="")), "has no uuid"),
        (log(gpu(processes="")), "has no processes"),
        (log(gpu(mig_devices=MIG.replace("3</gpu_inst", "x</gpu_inst"))), "no instance id"),
        (log(gpu(), gpu()), "more than once"),
        (log(gpu(), attached_gpus="8"), "7 of 8 are not in the report"),
        (log(gpu(), attached_gpus=""), "how many GPUs"),
    ],
)
def test_what_a_report_lacks_is_coverage(tmp_path: Path, text: str, part: str) -> None:
    observation = collect(tmp_path, text)
    assert observation.status is Status.PARTIAL
    assert any(part in item.reason for item in observation.coverage.skipped)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        (log(gpu())[:-30], "not whole XML"),
        ("", "not whole XML"),
        (b"\x00\x01", "not whole XML"),
        ('<?xml version="1.0" encoding="no-such"?><a/>', "not whole XML"),
        ("<other/>", "no nvidia-smi report"),
        (log(), "describes 0 GPUs"),
        (log(*[gpu()] * 1025), "describes 1025 GPUs"),
        (log(gpu(), timestamp=""), "does not say when"),
        (log(gpu(), timestamp="Fri Foo 20 06:00:00 2026"), "does not say when"),
        (log(gpu(), timestamp="Fri Feb 31 06:00:00 2026"), "does not say when"),
        ("<nvidia_smi_log>" + "x" * (17 * 1024 * 1024), "too large"),
    ],
)
def test_what_is_no_report_fails(tmp_path: Path, text: str | bytes, part: str) -> None:
    observation = collect(tmp_path, text)
    assert observation.status is Status.FAILED
    assert part in observation.result["error"]


def test_entities_are_refused_however_they_come(tmp_path: Path) -> None:
    laughs = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 12))
    bomb = f'<!DOCTYPE nvidia_smi_log [<!ENTITY l0 "ha">{laughs}]><nvidia_smi_log>&l11;</nvidia_smi_log>'
    secret = tmp_path / "secret"
    secret.write_text("top secret")
    external = f'<!DOCTYPE nvidia_smi_log [<!ENTITY x SYSTEM "{secret.as_uri()}">]><nvidia_smi_log>&x;</nvidia_smi_log>'
    parameter = '<!DOCTYPE nvidia_smi_log [<!ENTITY % x "y">]><nvidia_smi_log/>'
    for text in (bomb, external, parameter):
        observation = collect(tmp_path, text)
        assert observation.status is Status.FAILED
        assert "entities" in observation.result["error"]


def test_tenants_are_those_declared(tmp_path: Path) -> None:
    (device,) = collect(tmp_path, log(gpu()), {"tenants": {UUID: 2, "GPU-other": 1}}).result["devices"]
    assert (device["tenants"], device["tenants_source"]) == (2, "declared")


def test_the_clock_is_read_as_utc_unless_its_offset_is_set(tmp_path: Path) -> None:
    assert collect(tmp_path, log(gpu()), {"utc_offset": "+02:00"}).observed_at == "2026-11-20T04:00:00Z"
    assert collect(tmp_path, log(gpu()), {"utc_offset": "-05:30"}).observed_at == "2026-11-20T11:30:00Z"


@pytest.mark.parametrize(
    "settings",
    [
        {"tenant": {}},
        {"tenants": []},
        {"tenants": {"x": True}},
        {"tenants": {"x": -1}},
        {"utc_offset": "2"},
        {"utc_offset": "+15:00"},
    ],
)
def test_wrong_settings_are_refused(tmp_path: Path, settings: dict[str, Any]) -> None:
    with pytest.raises(UsageError) as caught:
        collect(tmp_path, log(gpu()), settings)
    assert caught.value.remedy


def test_a_missing_report_and_a_folder_fail(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    context = context_of(tmp_path, "gpu", {"a": "gone.xml", "b": "folder"})
    failed = {
        item.subject: item.result["error"] for item in GpuIsolation().collect(context) if item.type == "gpu_isolation"
    }
    assert "missing" in failed["gpu:a"]
    assert "is a folder" in failed["gpu:b"]
    assert GpuIsolation().available(context).ready


def test_months_do_not_hang_on_the_locale() -> None:
    assert moment("Mon Jan  5 01:02:03 2026", timedelta()) == datetime(2026, 1, 5, 1, 2, 3, tzinfo=UTC)
    assert moment("Wed Dec 31 23:59:59 9999", timedelta(hours=-14)) is None


@given(
    st.binary(max_size=300)
    | st.text(alphabet='<>/gpu mi_&;!"=x', max_size=200).map(lambda t: f"<nvidia_smi_log>{t}</nvidia_smi_log>".encode())
)
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    reason = "any"
    try:
        parse_smi_xml(data, source="any")
    except EvidenceError as error:
        reason = str(error)
    assert reason.startswith("any")
