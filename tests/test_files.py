"""Files are written whole or not at all."""

import os
import stat
from pathlib import Path

import pytest

from probatum.errors import UsageError
from probatum.files import read_limited, write_atomic


def test_writes_and_replaces(tmp_path):
    path = tmp_path / "a" / "b" / "out.json"
    write_atomic(path, b"one")
    write_atomic(path, b"two")
    assert path.read_bytes() == b"two"
    assert [item.name for item in path.parent.iterdir()] == ["out.json"]


@pytest.mark.parametrize("mode", [0o600, 0o644])
def test_mode_is_set_before_the_content_is_visible(tmp_path, mode, monkeypatch):
    seen, replace = [], Path.replace

    def watched(path, target):
        seen.append(stat.S_IMODE(path.stat().st_mode))
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", watched)
    write_atomic(tmp_path / "key", b"secret", mode=mode)
    assert seen == [mode]
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == mode


def test_a_symlink_is_replaced_and_not_followed(tmp_path):
    target = tmp_path / "target"
    target.write_bytes(b"precious")
    link = tmp_path / "link"
    link.symlink_to(target)
    write_atomic(link, b"new")
    assert target.read_bytes() == b"precious"
    assert not link.is_symlink()
    assert link.read_bytes() == b"new"


def test_a_name_as_long_as_the_file_system_allows(tmp_path):
    path = tmp_path / ("n" * 255)
    write_atomic(path, b"x")
    assert path.read_bytes() == b"x"


def test_a_folder_that_cannot_be_made_is_a_usage_error(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(UsageError, match="cannot write") as caught:
        write_atomic(tmp_path / "file" / "out", b"x")
    assert caught.value.why
    assert "nothing was changed" in caught.value.remedy


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_a_usage_error(tmp_path):
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(UsageError, match="cannot write"):
            write_atomic(tmp_path / "out", b"x")
    finally:
        tmp_path.chmod(0o700)


def test_a_folder_in_the_place_of_the_file_leaves_nothing_behind(tmp_path):
    (tmp_path / "out").mkdir()
    with pytest.raises(UsageError, match="cannot write"):
        write_atomic(tmp_path / "out", b"x")
    assert [item.name for item in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_failure_in_mid_write_keeps_the_old_content(tmp_path, monkeypatch, error):
    path = tmp_path / "out"
    write_atomic(path, b"old")

    def fail(_):
        raise error

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(UsageError if isinstance(error, OSError) else KeyboardInterrupt):
        write_atomic(path, b"new")
    assert path.read_bytes() == b"old"
    assert [item.name for item in tmp_path.iterdir()] == ["out"]


def test_read_limited_is_exact(tmp_path):
    path = tmp_path / "in"
    path.write_bytes(b"12345")
    assert read_limited(path, 5) == b"12345"
    with pytest.raises(UsageError, match="too large") as caught:
        read_limited(path, 4)
    assert "4 bytes" in caught.value.why


@pytest.mark.parametrize("name", ["missing", "."])
def test_what_cannot_be_read_is_a_usage_error(tmp_path, name):
    with pytest.raises(UsageError, match="cannot read") as caught:
        read_limited(tmp_path / name, 10)
    assert caught.value.why


def test_a_pipe_or_device_is_written_to_and_never_replaced(tmp_path):
    """``--format json=/dev/null`` by the superuser must not leave a file in the place of the device."""
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_atomic(tmp_path / "pipe", b"data")
        assert os.read(reader, 10) == b"data"
    finally:
        os.close(reader)
    assert stat.S_ISFIFO((tmp_path / "pipe").lstat().st_mode)
