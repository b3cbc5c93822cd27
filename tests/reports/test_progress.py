"""Progress is for people at a terminal, and shows names as they are."""

from __future__ import annotations

import io
import time
from contextlib import redirect_stderr

import pytest

from probatum.reports.progress import progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_names_are_not_markup(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    with redirect_stderr(Terminal()) as terminal, progress(quiet=False, color=False) as report:
        report("models/[/nope]m\x1b]0;x\x07", 1, 3)
        until = time.monotonic() + 5  # it is drawn 12 times a second, by another thread
        while "1/3" not in terminal.getvalue() and time.monotonic() < until:
            time.sleep(0.01)
    assert "models/[/nope]m\\u001b]0;x\\u0007 (1/3)" in terminal.getvalue()


def test_quiet_is_quiet() -> None:
    with redirect_stderr(Terminal()) as terminal, progress(quiet=True, color=True) as report:
        report("models/m", 1, 3)
    assert terminal.getvalue() == ""


def test_nothing_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with progress(quiet=False, color=True) as report:
        report("models/m", 1, 3)
    assert capsys.readouterr() == ("", "")
