from __future__ import annotations

import json
import struct
from typing import Any

import pytest
from forged_models import EVIL, make_zip, safetensors, walk

GOOD = {
    "a": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]},
    "b": {"dtype": "BF16", "shape": [4], "data_offsets": [24, 32]},
}


def problems(header: Any, size: int = 32) -> str:
    shape, findings = walk(safetensors(header, b"\0" * size))
    assert shape.format == "safetensors"
    assert (shape.executable == "no") == (not findings.problems)
    assert bool(findings.problems) == bool(findings.gaps)
    return "; ".join(findings.problems)


def entry(dtype: Any = "F32", shape: Any = (8,), offsets: Any = (0, 32), **more: Any) -> dict[str, Any]:
    return {"a": {"dtype": dtype, "shape": shape, "data_offsets": offsets, **more}}


@pytest.mark.parametrize(
    ("header", "size"),
    [
        (GOOD, 32),
        ({**GOOD, "__metadata__": {"format": "pt"}}, 32),
        ({}, 0),
        (json.dumps(GOOD).encode() + b"   ", 32),
        ({"a": {"dtype": "F64", "shape": [], "data_offsets": [0, 8]}}, 8),
        ({"a": {"dtype": "U8", "shape": [0, 5], "data_offsets": [0, 0]}}, 0),
        ({"a": {"dtype": "F4", "shape": [4], "data_offsets": [0, 2]}}, 2),
    ],
)
def test_a_sound_file_has_no_problem(header: Any, size: int) -> None:
    assert problems(header, size) == ""


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        (b"{not json", "not strict JSON"),
        (b'{"a":1,"a":2}', "duplicate key"),
        (b'{"a":NaN}', "NaN"),
        (b"{" + b'"a":{' * 20 + b"}" * 21, "nested too deep"),
        (entry(dtype="F31"), "unknown dtype"),
        (entry(dtype=3), "unknown dtype"),
        (entry(shape=[9]), "takes 36 bytes"),
        (entry(shape=[-8]), "whole numbers"),
        (entry(shape=[8.0]), "whole numbers"),
        (entry(shape=[True] * 8), "whole numbers"),
        (entry(shape="8"), "whole numbers"),
        (entry(offsets=[32, 0]), "whole numbers"),
        (entry(offsets=[0]), "whole numbers"),
        (entry(offsets=[0, 2**70]), "takes 32 bytes"),
        (entry(more=1), "and nothing else"),
        ({"a": 5}, "and nothing else"),
        ({"__metadata__": {"a": 1}, **entry()}, "map of text"),
        ({"__metadata__": [], **entry()}, "map of text"),
        (entry(shape=[7], offsets=[4, 32]), "hole"),
        ({**entry(shape=[4], offsets=[0, 16]), "b": entry(shape=[5], offsets=[12, 32])["a"]}, "overlaps"),
        (entry(shape=[7], offsets=[0, 28]), "the file at byte 32"),
        (entry(shape=[9], offsets=[0, 36]), "the file at byte 32"),
    ],
)
def test_every_rule_of_the_format_is_checked(header: Any, reason: str) -> None:
    assert reason in problems(header)


def test_a_header_longer_than_the_file_is_a_problem() -> None:
    _, findings = walk(struct.pack("<Q", 1000) + b"{}")
    assert "only 2 follow" in str(list(findings.problems))


def test_a_header_over_the_limit_is_a_problem() -> None:
    _, findings = walk(struct.pack("<Q", 100_000_001) + b"{}")
    assert "the limit is 100000000" in str(list(findings.problems))


def test_bytes_behind_the_tensors_are_a_problem() -> None:
    assert "the file at byte 33" in problems(GOOD, 33)


def test_a_zip_within_the_tensors_is_a_problem_and_examined() -> None:
    zipped = make_zip({"evil.pkl": EVIL})
    header = {"a": {"dtype": "U8", "shape": [len(zipped)], "data_offsets": [0, len(zipped)]}}
    shape, findings = walk(safetensors(header, zipped))
    assert shape.executable == "yes"
    assert "a zip is appended to it" in findings.problems
    assert any("system" in issue.message for issue in findings.issues)


def test_end_marks_by_chance_are_no_zip() -> None:
    data = b"PK\x05\x06" + b"\7" * 28
    header = {"a": {"dtype": "U8", "shape": [32], "data_offsets": [0, 32]}}
    assert not walk(safetensors(header, data))[1].problems


@pytest.mark.parametrize("length", [640, 384, 1152, 0x182, 0x183, 0x184, 0x284, 0x18C, 0x14E, 0x15D])
def test_a_length_that_begins_with_an_opcode_is_no_pickle(length: int) -> None:
    header = json.dumps(GOOD).encode()
    shape, findings = walk(safetensors(header.ljust(length), b"\0" * 32))
    assert (shape.format, shape.executable) == ("safetensors", "no")
    assert not findings.problems
