"""Attacks by what lies where a document is expected: pipes, devices and folders in the place of files."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from command_case import last_line
from package_case import KEY, written
from revocation_case import SECURITY, of_policy, revocation
from signing_case import NOW, write
from typer.testing import CliRunner

from probatum.attestations.trust.policy import trust_keys
from probatum.cli import app
from probatum.collectors.lockfiles.lock import LockError
from probatum.collectors.lockfiles.toml_document import TomlDocument
from probatum.errors import UsageError
from probatum.files import open_file, read_limited
from probatum.jobs.revocation_sources import with_revocations

pytestmark = pytest.mark.timeout(60)


@pytest.mark.parametrize("name", ["x.json", "x.zip", "x.sig", "policies.tar.gz"])
def test_a_pipe_in_place_of_a_document(tmp_path: Path, name: str) -> None:
    """Nobody ever writes to it: a verifier that opens it waits for ever, and a gate with it."""
    os.mkfifo(tmp_path / name)
    result = CliRunner().invoke(app, ["verify", str(tmp_path / name)])
    assert result.exit_code == 2
    assert "not a regular file" in result.output
    assert "cannot read" in last_line(result)


def test_a_pipe_among_the_files_of_a_package(tmp_path: Path) -> None:
    """The replay looks for the recorded engine before anything is verified."""
    folder = written(tmp_path).folder
    (folder / "settings.json").unlink()
    os.mkfifo(folder / "settings.json")
    key = write(tmp_path / "key.pem", KEY.public.pem)
    result = CliRunner().invoke(app, ["verify", str(folder), "--public-key", str(key), "--replay"])
    assert result.exit_code in (1, 2)
    assert "VERIFIED" not in result.output


def test_a_pipe_among_the_revocations(tmp_path: Path) -> None:
    """A mirror puts it into the folder from which everybody takes what is revoked."""
    folder = tmp_path / "revocations"
    write(folder / "a.json", revocation(of_policy()))
    os.mkfifo(folder / "b.json")
    with pytest.raises(UsageError, match=r"b\.json"):
        with_revocations(trust_keys([SECURITY.public], source="test"), [str(folder)], online=False, now=NOW)


def test_a_signed_file_that_is_a_pipe(tmp_path: Path) -> None:
    """The signature's name leads to it."""
    os.mkfifo(tmp_path / "model.bin")
    write(tmp_path / "model.bin.sig", b"c2lnbmF0dXJl")
    key = write(tmp_path / "key.pem", KEY.public.pem)
    result = CliRunner().invoke(app, ["verify", str(tmp_path / "model.bin.sig"), "--public-key", str(key)])
    assert result.exit_code in (1, 2)
    assert "VERIFIED" not in result.output


def test_what_is_no_regular_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path, tmp_path / "absent"):
        with pytest.raises(UsageError, match="cannot read"):
            read_limited(path, 100)


def test_what_the_shell_hands_over_is_read(tmp_path: Path) -> None:
    """``<(command)`` is a pipe below /dev/fd, and has somebody who writes."""
    out, into = os.pipe()
    try:
        os.write(into, b"text")
        os.close(into)
        assert read_limited(Path(f"/dev/fd/{out}"), 100) == b"text"
    finally:
        os.close(out)
    with open_file(write(tmp_path / "plain", b"text")) as stream:
        assert stat.S_ISREG(os.fstat(stream.fileno()).st_mode)
        assert stream.read() == b"text"


@pytest.mark.parametrize("part", ["a.", "a .", '"a".', "'a'. "])
@pytest.mark.parametrize(("begin", "end"), [("", "b = 1"), ("[", "b]"), ("x = {", "b = 1}")])
def test_a_key_of_very_many_parts(part: str, begin: str, end: str) -> None:
    """The standard library's reader takes an hour for 300 KiB of it, in a gate that waits for a lock file."""
    with pytest.raises(LockError, match="more than 100 parts"):
        TomlDocument((begin + part * 100_000 + end).encode(), "uv.lock")
    assert TomlDocument((begin + part * 20 + end).encode(), "uv.lock").value
