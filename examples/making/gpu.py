"""The saved GPU reports: what ``nvidia-smi -q -x`` says, in the elements and the order of its DTD, abridged.

No GPU was asked. The values are those of one H200 that is partitioned into MIG slices, or shared by three processes.
"""

from __future__ import annotations

_HEAD = """<?xml version="1.0" ?>
<!DOCTYPE nvidia_smi_log SYSTEM "nvsmi_device_v12.dtd">
<nvidia_smi_log>
\t<timestamp>Mon Nov  2 09:25:11 2026</timestamp>
\t<driver_version>580.95.05</driver_version>
\t<cuda_version>13.0</cuda_version>
\t<attached_gpus>1</attached_gpus>
\t<gpu id="00000000:1B:00.0">
\t\t<product_name>NVIDIA H200</product_name>
\t\t<product_brand>NVIDIA</product_brand>
\t\t<product_architecture>Hopper</product_architecture>
\t\t<persistence_mode>Enabled</persistence_mode>
"""
_TAIL = """\t</gpu>

</nvidia_smi_log>
"""
_SLICE = """\t\t\t<mig_device>
\t\t\t\t<index>{index}</index>
\t\t\t\t<gpu_instance_id>{instance}</gpu_instance_id>
\t\t\t\t<compute_instance_id>0</compute_instance_id>
\t\t\t\t<device_attributes>
\t\t\t\t\t<shared>
\t\t\t\t\t\t<multiprocessor_count>16</multiprocessor_count>
\t\t\t\t\t\t<copy_engine_count>1</copy_engine_count>
\t\t\t\t\t\t<encoder_count>0</encoder_count>
\t\t\t\t\t\t<decoder_count>1</decoder_count>
\t\t\t\t\t\t<ofa_count>0</ofa_count>
\t\t\t\t\t\t<jpg_count>1</jpg_count>
\t\t\t\t\t</shared>
\t\t\t\t</device_attributes>
\t\t\t\t<ecc_error_count>
\t\t\t\t\t<volatile_count>
\t\t\t\t\t\t<sram_uncorrectable>0</sram_uncorrectable>
\t\t\t\t\t</volatile_count>
\t\t\t\t</ecc_error_count>
\t\t\t\t<fb_memory_usage>
\t\t\t\t\t<total>16384 MiB</total>
\t\t\t\t\t<reserved>0 MiB</reserved>
\t\t\t\t\t<used>{used} MiB</used>
\t\t\t\t\t<free>{free} MiB</free>
\t\t\t\t</fb_memory_usage>
\t\t\t\t<bar1_memory_usage>
\t\t\t\t\t<total>32767 MiB</total>
\t\t\t\t\t<used>0 MiB</used>
\t\t\t\t\t<free>32767 MiB</free>
\t\t\t\t</bar1_memory_usage>
\t\t\t</mig_device>
"""
_PROCESS = """\t\t\t<process_info>
\t\t\t\t<gpu_instance_id>{instance}</gpu_instance_id>
\t\t\t\t<compute_instance_id>{compute}</compute_instance_id>
\t\t\t\t<pid>{pid}</pid>
\t\t\t\t<type>C</type>
\t\t\t\t<process_name>{name}</process_name>
\t\t\t\t<used_memory>{memory} MiB</used_memory>
\t\t\t</process_info>
"""


def report(*, mig: bool) -> str:
    """The XML text.

    Args:
        mig: MIG is on with two slices, each with one process, and ECC is on; else both are off and three processes
            share the device.
    """
    state = "Enabled" if mig else "Disabled"
    return _HEAD + _modes(state, _slices() if mig else "\t\t\tNone\n") + _processes(mig) + _TAIL


def _modes(state: str, devices: str) -> str:
    return f"""\t\t<mig_mode>
\t\t\t<current_mig>{state}</current_mig>
\t\t\t<pending_mig>{state}</pending_mig>
\t\t</mig_mode>
\t\t<mig_devices>
{devices}\t\t</mig_devices>
\t\t<uuid>GPU-3c1d7f0e-5a42-4c8b-9f6e-2b7a90d1c4e8</uuid>
\t\t<minor_number>0</minor_number>
\t\t<compute_mode>Default</compute_mode>
\t\t<ecc_mode>
\t\t\t<current_ecc>{state}</current_ecc>
\t\t\t<pending_ecc>{state}</pending_ecc>
\t\t</ecc_mode>
"""


def _slices() -> str:
    return "".join(
        _SLICE.format(index=index, instance=instance, used=used, free=16384 - used)
        for index, instance, used in ((0, 9, 612), (1, 11, 498))
    )


def _processes(mig: bool) -> str:
    found = [("9", "0", 41207, "python", 594), ("11", "0", 41388, "python", 480)]
    if not mig:
        names = ("python", "tritonserver", "/opt/other-tenant/train")
        found = [("N/A", "N/A", 41207 + number, name, 2048) for number, name in enumerate(names)]
    processes = "".join(
        _PROCESS.format(instance=instance, compute=compute, pid=pid, name=name, memory=memory)
        for instance, compute, pid, name, memory in found
    )
    return f"\t\t<processes>\n{processes}\t\t</processes>\n"
