"""For every test: nobody's own keys or settings are touched, output is wide, generated examples have no deadline."""

import signal
from pathlib import Path

import pytest
from hypothesis import settings

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell in the background starts us with Ctrl-C ignored
settings.register_profile("probatum", deadline=None)  # a loaded machine is slow, not wrong
settings.load_profile("probatum")


@pytest.fixture(autouse=True)
def own_configuration(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration folder of the test's own, and none of the caller's settings."""
    folder = tmp_path_factory.mktemp("config")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(folder))
    monkeypatch.setenv("COLUMNS", "300")  # however long the path of a temporary folder is, no output folds it
    for name in (
        "SOURCE_DATE_EPOCH",
        "PROBATUM_DEBUG",
        "PROBATUM_KEY_PASSPHRASE",
        "PROBATUM_LOG_KEY_PASSPHRASE",
        "PROBATUM_OPA_URL",
    ):
        monkeypatch.delenv(name, raising=False)
    return folder
