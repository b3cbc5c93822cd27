"""The wheel itself: not there, in panic, and modules that spoil nothing but what needs them."""

from __future__ import annotations

import sys

import pytest

from probatum.errors import EngineError
from probatum.evaluator.engines.regorus_modules import Parsed, calmly, new_engine

HEAD = "\n\nimport rego.v1\n\n"


def test_a_wheel_that_does_not_load_is_an_engine_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "regorus", None)
    with pytest.raises(EngineError, match="does not load") as caught:
        new_engine()
    assert caught.value.remedy == "use --engine opa"


class PanicException(BaseException):
    """What pyo3 raises for a Rust panic; none is known in this version of the engine, hence a likeness."""


@pytest.mark.parametrize(
    ("raised", "seen"),
    [(PanicException("oh"), RuntimeError), (RuntimeError("x"), RuntimeError), (KeyboardInterrupt(), KeyboardInterrupt)],
)
def test_a_panic_is_an_error_like_any_other(raised: BaseException, seen: type[BaseException]) -> None:
    def work() -> None:
        raise raised

    with pytest.raises(seen) as caught:
        calmly(work)
    assert ("crashed" in str(caught.value)) == isinstance(raised, PanicException)


def value(parsed: Parsed, rule: str) -> str:
    """A rule's value."""
    return parsed.engine.clone().eval_rule_as_json(f"data.{rule}")


def test_parts_are_read_together_or_one_by_one_to_the_same_end() -> None:
    texts = {
        "lib/a.rego": f"package lib.a{HEAD}f(x) := x + 1\n",
        "controls/B/control.rego": f"package own.b{HEAD}x := data.lib.a.f(1)\n",
        "controls/C/control.rego": f"package own.c{HEAD}x := data.lib.a.f(2)\n",
    }
    for together in (True, False):
        parsed = Parsed(texts, ("own.b", "own.c"))
        if not together:
            parsed.refuse(0, "it takes too long")
        for number in range(len(parsed)):
            parsed.read(number)
        assert (parsed.errors, parsed.note) == ({}, "")
        assert (value(parsed, "own.b.x"), value(parsed, "own.c.x")) == ("2", "3")


def test_what_is_refused_is_told_to_those_it_concerns() -> None:
    texts = {
        "lib/a.rego": "package lib.a\n\nf(x) :=\n",
        "lib/b.rego": f"package lib.b{HEAD}y := 1\n",
        "controls/B/control.rego": f"package own.b{HEAD}x := data.lib.b.y\n",
        "controls/C/control.rego": "package own.c\n\nx := (\n",
        "controls/D/control.rego": "package own.d\n\nx := $\n",
    }
    parsed = Parsed(texts, ("own.b", "own.c"))
    for number in range(len(parsed)):
        parsed.read(number)
    assert list(parsed.errors) == ["own.c"]
    assert "controls/C/control.rego" in parsed.errors["own.c"]
    assert parsed.note.startswith(" (the library has errors: lib/a.rego:")
    assert value(parsed, "own.b.x") == "1"
