from __future__ import annotations

import pytest
from forged_models import clean, walk


def varint(value: int) -> bytes:
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def number(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value)


def block(field: int, value: bytes | str) -> bytes:
    data = value.encode() if isinstance(value, str) else value
    return varint(field << 3 | 2) + varint(len(data)) + data


def node(operator: str = "Relu", domain: str = "", attributes: bytes = b"") -> bytes:
    return block(
        1, block(1, "x") + block(2, "y") + block(4, operator) + (block(7, domain) if domain else b"") + attributes
    )


def external(location: str) -> bytes:
    entry = block(1, "location") + block(2, location)
    return block(
        5,
        number(1, 4) + number(2, 1) + block(13, entry) + block(13, block(1, "length") + block(2, "16")) + number(14, 1),
    )


def model(graph: bytes = b"", *more: bytes, opset: bool = True) -> bytes:
    opsets = block(8, block(1, "") + number(2, 17)) if opset else b""
    return number(1, 8) + block(2, "maker") + block(7, node() + block(2, "g") + graph) + opsets + b"".join(more)


TENSOR = block(5, number(1, 2) + number(2, 1) + block(8, "w") + block(9, b"\0" * 100_000))


@pytest.mark.parametrize(
    "data",
    [
        model(),
        model(TENSOR),
        model(node("Conv", "com.microsoft")),
        model(node("If", attributes=block(5, block(1, "then") + block(6, node() + TENSOR)))),
        model(external("weights.bin")),
        model(
            node("Mine", "local"),
            block(25, block(1, "Mine") + block(10, "local") + block(7, node()[2:]) + block(9, number(2, 1))),
        ),
        model(b"", block(14, block(1, "key") + block(2, "value"))),
        model(block(15, block(1, number(1, 2)) + block(2, number(1, 1)))),
    ],
)
def test_a_sound_model_does_not_execute(data: bytes) -> None:
    shape, findings = walk(data)
    assert (shape.format, shape.executable) == ("onnx", "no")
    assert not findings.problems
    assert clean(data)


@pytest.mark.parametrize(
    "location", ["../../etc/passwd", "/etc/passwd", "a/../../b", "C:\\weights", "..\\b", "\\\\host\\share\\x"]
)
def test_external_data_outside_the_folder_is_a_problem(location: str) -> None:
    shape, findings = walk(model(external(location)))
    assert shape.executable == "possible"
    assert any("outside the model's folder" in problem for problem in findings.problems)


def test_external_data_in_an_attribute_is_found() -> None:
    hidden = block(5, block(1, "value") + external("../x"))
    assert walk(model(node("Constant", attributes=hidden)))[1].problems


def test_foreign_operators_are_a_gap() -> None:
    shape, findings = walk(model(node("Mine", "my.domain")))
    assert shape.executable == "possible"
    assert any("my.domain" in gap.reason for gap in findings.gaps)


def test_operators_that_run_python_are_an_issue() -> None:
    shape, findings = walk(model(node("PyOp")))
    assert shape.executable == "yes"
    assert findings.issues


def test_a_model_without_operator_set_is_a_problem() -> None:
    shape, findings = walk(model(opset=False))
    assert (shape.format, shape.executable) == ("onnx", "possible")
    assert any("operator set" in problem for problem in findings.problems)


@pytest.mark.parametrize(
    "data",
    [
        model() + b"\xff" * 12,
        model() + number(99, 1),
        model() + block(8, b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"),
        model()[:-1],
        model() + b"\x0b",
        model() + varint(7 << 3) + b"\1",
        model(block(1, b"\x0b")),
        model(varint(1 << 3) + b"\1"),
    ],
)
def test_a_broken_model_is_never_clean(data: bytes) -> None:
    shape, findings = walk(data)
    assert shape.executable != "no"
    assert findings.gaps


def test_graphs_nested_without_end_are_refused() -> None:
    graph = node()
    for _ in range(60):
        graph = node("If", attributes=block(5, block(6, graph)))
    assert not clean(model(graph))


def test_a_saved_model_is_told_from_onnx() -> None:
    data = number(1, 1) + block(2, block(1, block(4, "serve")) + block(2, b""))
    shape, findings = walk(data)
    assert (shape.format, shape.executable) == ("tf_saved_model", "possible")
    assert findings.gaps


@pytest.mark.parametrize(
    "data",
    [number(1, 1) + block(2, number(1, 5)), number(1, 1) + block(2, b"\xff"), number(1, 1), b"\x08", b"\x12\x05ab"],
)
def test_other_protocol_buffers_are_unknown(data: bytes) -> None:
    assert walk(data)[0].format == "unknown"
