"""The digest covers names, sizes and bytes; what it cannot cover is said."""

import hashlib
import os
import socket
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probatum import content, strict_json
from probatum.content import FileEntry, hash_file, kind_of, manifest_digest, read_content

PART = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="/"), min_size=1, max_size=6).filter(
    lambda name: name not in (".", "..")
)
TREES = st.dictionaries(
    st.lists(PART, min_size=1, max_size=3).map(tuple), st.binary(max_size=64), min_size=1, max_size=6
)


def without_conflicts(tree):
    """Leave out files that lie where another one needs a folder."""
    folders = {path[:depth] for path in tree for depth in range(1, len(path))}
    return {"/".join(path): data for path, data in tree.items() if path not in folders}


def write(root, tree):
    for name, data in tree.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return root


def reasons(found):
    return {problem.path: problem.reason for problem in found.problems}


def test_one_file_is_the_sha256_of_its_bytes(tmp_path):
    path = tmp_path / "model.bin"
    path.write_bytes(b"abc")
    found = read_content(path)
    assert found.sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert found.files == (FileEntry("model.bin", 3, found.sha256),)
    assert (found.size, found.folder, found.problems) == (3, False, ())
    assert list(found.paths()) == [(found.files[0], path)]


def test_a_folder_is_the_digest_of_its_canonical_list(tmp_path):
    write(tmp_path, {"b.txt": b"bb", 'a/ä\n\x7f\u2028".txt': b"", "a/z": b"z" * 100_000})
    found = read_content(tmp_path)
    assert [entry.path for entry in found.files] == ["a/z", 'a/ä\n\x7f\u2028".txt', "b.txt"]
    rows = [{"path": entry.path, "size": entry.size, "sha256": entry.sha256} for entry in found.files]
    assert found.sha256 == strict_json.digest(rows)
    assert all(hashlib.sha256(path.read_bytes()).hexdigest() == entry.sha256 for entry, path in found.paths())
    assert found.size == 100_002


@given(
    st.lists(st.tuples(st.text(st.characters(exclude_categories=["Cs"])), st.integers(0, 2**53 - 1), st.just("0" * 64)))
)
def test_the_list_is_written_as_rfc8785_writes_it(rows):
    files = [FileEntry(*row) for row in rows]
    assert manifest_digest(files) == strict_json.digest([entry._asdict() for entry in files])


@settings(max_examples=60, deadline=None)
@given(TREES, st.data())
def test_any_change_changes_the_digest_and_order_does_not(tmp_path_factory, tree, data):
    tree = without_conflicts(tree)
    root = tmp_path_factory.mktemp("tree")
    before = read_content(write(root / "one", tree))
    turned = dict(reversed(tree.items()))
    assert read_content(write(root / "two", turned)).sha256 == before.sha256
    assert [entry.path for entry in before.files] == sorted(tree)

    name = data.draw(st.sampled_from(sorted(tree)))
    path = root / "one" / name
    change = data.draw(st.sampled_from(["byte", "longer", "shorter", "removed", "renamed", "added"]))
    old = tree[name]
    if change == "byte" and old:
        place = data.draw(st.integers(0, len(old) - 1))
        path.write_bytes(old[:place] + bytes([old[place] ^ 1]) + old[place + 1 :])
    elif change == "shorter" and old:
        path.write_bytes(old[:-1])
    elif change == "removed":
        path.unlink()
    elif change == "renamed":
        path.rename(path.with_name("renamed-beyond-six"))
    elif change == "added":
        (root / "one" / "added-beyond-six").write_bytes(b"")
    else:
        path.write_bytes(old + b"\x00")
    assert read_content(root / "one").sha256 != before.sha256


def test_moving_bytes_between_files_or_into_names_changes_the_digest(tmp_path):
    trees = [{"a": b"xy", "b": b""}, {"a": b"x", "b": b"y"}, {"ab": b"xy"}, {"a/b": b"xy"}, {"b": b"xy", "a": b""}]
    digests = {read_content(write(tmp_path / str(index), tree)).sha256 for index, tree in enumerate(trees)}
    assert len(digests) == len(trees)


@pytest.mark.parametrize("size", [0, 1, content._SMALL - 1, content._SMALL, content._SMALL + 1, 3 * content._BLOCK + 5])
def test_every_size_around_the_blocks(tmp_path, size):
    data = os.urandom(size)
    (tmp_path / "f").write_bytes(data)
    assert hash_file(tmp_path / "f") == (size, hashlib.sha256(data).hexdigest())
    assert hash_file(tmp_path / "f", algorithm="md5") == (size, hashlib.md5(data).hexdigest())
    assert read_content(tmp_path).files == (FileEntry("f", size, hashlib.sha256(data).hexdigest()),)


def test_an_empty_folder_has_no_files(tmp_path):
    (tmp_path / "sub").mkdir()
    found = read_content(tmp_path)
    assert (found.files, found.problems, found.folder) == ((), (), True)
    assert found.sha256 == strict_json.digest([])


def test_what_is_no_file_is_a_problem(tmp_path, monkeypatch):
    write(tmp_path, {"data/good": b"1", "outside": b"2"})
    data = tmp_path / "data"
    (data / "link").symlink_to("good")
    (data / "away").symlink_to(tmp_path / "outside")
    (data / "dangling").symlink_to("nowhere")
    (data / "loop").symlink_to(".")
    (data / "self").symlink_to("self")
    os.mkfifo(data / "pipe")
    monkeypatch.chdir(data)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket")
        found = read_content(data)
    assert [entry.path for entry in found.files] == ["good"]
    links = dict.fromkeys(["away", "dangling", "link", "loop", "self"], "symlink")
    assert reasons(found) == {**links, "pipe": "named pipe", "socket": "socket"}
    assert [problem.path for problem in found.problems] == sorted(reasons(found))


@pytest.mark.skipif(not Path("/dev/null").is_char_device(), reason="no device to try")
@pytest.mark.parametrize("kind", ["symlink", "named pipe", "character device", "socket"])
def test_a_location_that_is_no_file_is_an_error(tmp_path, monkeypatch, kind):
    path = tmp_path / "x"
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as server:
        if kind == "symlink":
            path.symlink_to(tmp_path)
        elif kind == "named pipe":
            os.mkfifo(path)
        elif kind == "socket":
            server.bind("x")
        else:
            path = Path("/dev/null")
        with pytest.raises(OSError, match=kind):
            read_content(path)
        with pytest.raises(OSError, match=r".+"):
            hash_file(path)


def test_a_missing_location_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_content(tmp_path / "missing")


def test_names_that_are_not_utf8_are_problems(tmp_path):
    for name in (b"caf\xe9.bin", b"dir\xff/inner"):
        path = tmp_path / os.fsdecode(name)
        path.parent.mkdir(exist_ok=True)
        path.touch()
    found = read_content(tmp_path)
    assert found.files == ()
    assert reasons(found) == dict.fromkeys([r"caf\udce9.bin", r"dir\udcff"], "its name is not valid UTF-8")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Model.bin", "model.bin"),
        ("é", "e\u0301"),
        ("É", "e\u0301"),
        ("ﬁ", "FI"),
        ("straße", "STRASSE"),
        ("d/A", "d/a"),
    ],
)
def test_names_that_collide_elsewhere_are_problems(tmp_path, one, other):
    write(tmp_path, {one: b"1"})
    if (tmp_path / other).exists():
        pytest.skip("this file system already takes the two for one")
    write(tmp_path, {other: b"2"})
    found = read_content(tmp_path)
    assert len(found.files) == 2
    assert "same name as" in found.problems[0].reason
    assert len(found.problems) == 1


def test_a_file_that_collides_with_a_folder_elsewhere_is_a_problem(tmp_path):
    write(tmp_path, {"Data": b"1", "data/x/y": b"2"})
    assert reasons(read_content(tmp_path)) == {
        "Data": "same name as the folder data where case or Unicode form is ignored"
    }


def test_one_decomposed_name_alone_is_no_problem(tmp_path):
    write(tmp_path, {"e\u0301": b"1", "sub/É": b"2"})
    found = read_content(tmp_path)
    assert found.problems == ()
    assert read_content(write(tmp_path / "composed", {"é": b"1", "sub/É": b"2"})).sha256 != found.sha256


def test_hard_links_are_ordinary_files(tmp_path):
    write(tmp_path / "a", {"one": b"same", "two": b"same"})
    write(tmp_path / "b", {"one": b"same"})
    os.link(tmp_path / "b" / "one", tmp_path / "b" / "two")
    assert read_content(tmp_path / "a").sha256 == read_content(tmp_path / "b").sha256


def test_an_unreadable_file_or_folder_is_a_problem(tmp_path, monkeypatch):
    write(tmp_path, {"open": b"1", "secret": b"2", "closed/inner": b"3"})
    real = os.open

    def guarded(path, *arguments, **options):  # root, who runs many test machines, may read every file
        if path in ("secret", "closed"):
            raise PermissionError(13, "Permission denied", path)
        return real(path, *arguments, **options)

    monkeypatch.setattr(os, "open", guarded)
    found = read_content(tmp_path)
    assert [entry.path for entry in found.files] == ["open"]
    assert reasons(found) == {
        "closed": "unreadable folder: Permission denied",
        "secret": "unreadable: Permission denied",
    }


@pytest.mark.parametrize("change", ["grow", "shrink", "rewrite"])
def test_a_file_that_changes_while_it_is_read_is_a_problem(tmp_path, monkeypatch, change):
    write(tmp_path, {"live": b"x" * (2 * content._BLOCK), "still": b"y"})
    real, path = os.readv, tmp_path / "live"
    os.utime(path, ns=(0, 0))

    def meddling(handle, buffers):
        count = real(handle, buffers)
        if path.stat().st_mtime_ns == 0:
            with path.open("r+b") as stream:
                if change == "shrink":
                    stream.truncate(5)
                stream.seek(0, os.SEEK_END if change == "grow" else os.SEEK_SET)
                stream.write(b"new")
        return count

    monkeypatch.setattr(os, "readv", meddling)
    found = read_content(tmp_path)
    assert reasons(found) == {"live": "unreadable: it changed while it was read"}
    assert [entry.path for entry in found.files] == ["still"]
    os.utime(path, ns=(0, 0))
    with pytest.raises(OSError, match="changed while"):
        read_content(path)


def test_a_folder_replaced_by_a_symlink_during_the_walk_is_not_followed(tmp_path, monkeypatch):
    write(tmp_path, {"root/sub/inner": b"1", "elsewhere/secret": b"2"})
    sub, real = tmp_path / "root" / "sub", content._Walk._other

    def swapping(self, entry, path):
        real(self, entry, path)
        if path == "sub":
            sub.rename(tmp_path / "gone")
            sub.symlink_to(tmp_path / "elsewhere")

    monkeypatch.setattr(content._Walk, "_other", swapping)
    found = read_content(tmp_path / "root")
    assert found.files == ()
    assert "unreadable folder" in reasons(found)["sub"]


def test_deep_folders_are_read(tmp_path):
    name = "/".join(["d"] * 200) + "/leaf"
    write(tmp_path, {name: b"1"})
    assert [entry.path for entry in read_content(tmp_path).files] == [name]


def test_a_sparse_file_is_streamed(tmp_path):
    """128 MiB stand for a model of 5 GiB: what counts is that memory does not grow with the size."""
    path, size = tmp_path / "sparse.bin", 128 << 20
    with path.open("wb") as stream:
        stream.truncate(size)
    expected = hashlib.sha256()
    for _ in range(size >> 20):
        expected.update(bytes(1 << 20))
    tracemalloc.start()
    found = read_content(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (found.size, found.sha256) == (size, expected.hexdigest())
    assert peak < 4 << 20


def test_handles_are_closed(tmp_path):
    write(tmp_path, {f"{index}/f": b"x" for index in range(20)})
    (tmp_path / "link").symlink_to("nowhere")
    lowest = os.open(tmp_path, os.O_RDONLY)
    os.close(lowest)
    read_content(tmp_path)
    again = os.open(tmp_path, os.O_RDONLY)
    os.close(again)
    assert again == lowest


def test_kinds_have_names():
    assert kind_of(0o100644) == "file"
    assert kind_of(0o040755) == "folder"
    assert kind_of(0o060000) == "block device"
    assert kind_of(0) == "special file"
