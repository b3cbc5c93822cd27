from __future__ import annotations

import bz2
import gzip
import io
import lzma
import pickle
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable

import numpy as np
import pytest
from forged_models import EVIL, Evil, clean, imports, make_zip, reasons, walk

BENIGN = pickle.dumps({"weights": np.arange(50)})
COMPRESSORS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "zlib": zlib.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "lzma": lambda data: lzma.compress(data, lzma.FORMAT_ALONE),
}


def make_tar(members: dict[str, bytes], kind: bytes = tarfile.REGTYPE, form: int = tarfile.GNU_FORMAT) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size, info.type = len(data), kind
            info.linkname = "target" if kind in (tarfile.SYMTYPE, tarfile.LNKTYPE) else ""
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


@pytest.mark.parametrize("compress", COMPRESSORS.values(), ids=COMPRESSORS.keys())
class TestCompressed:
    def test_benign_is_clean(self, compress: Callable[[bytes], bytes]) -> None:
        assert clean(compress(BENIGN))

    def test_malicious_is_found(self, compress: Callable[[bytes], bytes]) -> None:
        shape, findings = walk(compress(EVIL))
        assert findings.issues
        assert shape.executable == "yes"

    def test_malicious_in_a_second_stream_is_found(self, compress: Callable[[bytes], bytes]) -> None:
        assert walk(compress(BENIGN) + compress(EVIL))[1].issues

    def test_malicious_under_two_layers_is_found(self, compress: Callable[[bytes], bytes]) -> None:
        assert walk(compress(gzip.compress(EVIL)))[1].issues

    def test_truncated_is_a_gap(self, compress: Callable[[bytes], bytes]) -> None:
        assert not clean(compress(BENIGN)[:-9])

    def test_trailing_garbage_is_a_gap(self, compress: Callable[[bytes], bytes]) -> None:
        assert not clean(compress(BENIGN) + b"garbage")
        assert "behind the" in reasons(compress(BENIGN) + b"garbage" * 10)

    def test_text_inside_does_not_execute(self, compress: Callable[[bytes], bytes]) -> None:
        assert walk(compress(b"just a text\n"))[0].executable == "no"

    def test_a_bomb_is_stopped(self, compress: Callable[[bytes], bytes]) -> None:
        assert "expands to more than" in reasons(compress(b"\0" * 2_000_000), expanded_bytes=500_000)

    def test_malicious_in_front_of_a_bomb_is_found(self, compress: Callable[[bytes], bytes]) -> None:
        data = compress(EVIL + b"\x80\x02N0N." * 50_000)
        _, findings = walk(data, expanded_bytes=1 << 17)
        assert findings.issues
        assert findings.gaps

    def test_an_empty_stream_is_empty(self, compress: Callable[[bytes], bytes]) -> None:
        assert walk(compress(b""))[0].executable == "no"


def test_the_ratio_is_limited() -> None:
    assert "times its size" in reasons(zlib.compress(b"\0" * (70 << 20), 9), ratio=200)


def test_zeros_behind_gzip_are_padding() -> None:
    assert clean(gzip.compress(BENIGN) + b"\0" * 512)


def test_nested_too_deep_is_a_gap() -> None:
    data = EVIL
    for _ in range(50):
        data = gzip.compress(data)
    assert "nested deeper than 8" in reasons(data)


def test_zlib_that_is_none_is_unknown() -> None:
    assert "no known format" in reasons(b"x\x9c" + b"\xff" * 100)


# Zip -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_members_are_examined_whatever_their_compression(method: int) -> None:
    assert clean(make_zip({"a.pkl": BENIGN, "b.txt": b"text"}, method))
    assert walk(make_zip({"a.pkl": BENIGN, "folder/b": EVIL}, method))[1].issues


def test_a_zip_in_a_tar_in_a_zip_is_examined() -> None:
    data = make_zip({"x": make_tar({"y": make_zip({"z": gzip.compress(EVIL)})})})
    issues = walk(data)[1].issues
    assert [issue.member for issue in issues] == ["x!y!z!(gzip)"]


def test_an_encrypted_member_is_a_gap() -> None:
    data = bytearray(make_zip({"secret.pkl": EVIL}))
    data[6] |= 1
    data[data.rindex(b"PK\x01\x02") + 8] |= 1
    assert "encrypted" in reasons(bytes(data))


def test_an_unknown_method_is_a_gap() -> None:
    data = bytearray(make_zip({"x.pkl": EVIL}))
    data[8] = data[data.rindex(b"PK\x01\x02") + 10] = 93
    assert "unknown method 93" in reasons(bytes(data))


def test_a_damaged_member_is_a_gap() -> None:
    data = bytearray(make_zip({"x.pkl": BENIGN}, zipfile.ZIP_DEFLATED))
    data[45] ^= 0xFF
    assert not clean(bytes(data))


def test_a_local_name_unlike_the_directory_is_an_issue() -> None:
    data = bytearray(make_zip({"model.bin": BENIGN}))
    data[30:39] = b"data.pkl2"
    _, findings = walk(bytes(data))
    assert any("disagree" in issue.message for issue in findings.issues)


def test_local_sizes_unlike_the_directory_are_an_issue() -> None:
    data = bytearray(make_zip({"model.bin": BENIGN}))
    data[22] ^= 1
    assert any("disagree" in issue.message for issue in walk(bytes(data))[1].issues)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_members_of_one_name_are_both_examined() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("x.pkl", EVIL)
        archive.writestr("x.pkl", BENIGN)
    messages = [issue.message for issue in walk(buffer.getvalue())[1].issues]
    assert any("share this name" in message for message in messages)
    assert any("system" in message for message in messages)


def test_a_member_the_directory_does_not_name_is_a_gap() -> None:
    hidden, shown = make_zip({"hidden.pkl": EVIL}), make_zip({"shown.txt": b"text"})
    local = hidden[: hidden.index(b"PK\x01\x02")]
    # The directory of the second zip is moved behind the first one's member.
    start = shown.index(b"PK\x01\x02")
    directory = bytearray(shown[start:])
    directory[42:46] = struct.pack("<I", len(local))
    end = directory.rindex(b"PK\x05\x06")
    directory[end + 16 : end + 20] = struct.pack("<I", len(local) + start)
    assert "belong to no member" in reasons(local + shown[:start] + bytes(directory))


def test_bytes_in_front_of_a_zip_are_a_gap() -> None:
    assert not clean(b"PK\x03\x04 prefix" + make_zip({"a.txt": b"text"}))


def test_overlapping_members_are_an_issue() -> None:
    data = make_zip({"a.txt": b"text", "b.txt": b"text"})
    start = data.index(b"PK\x01\x02")
    second = data.index(b"PK\x01\x02", start + 4)
    forged = bytearray(data)
    forged[second + 42 : second + 46] = struct.pack("<I", 0)
    assert any("overlap" in issue.message for issue in walk(bytes(forged))[1].issues)


def test_a_comment_with_a_zip_in_it_is_a_gap() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.txt", "text")
        archive.comment = b"harmless"
    assert clean(buffer.getvalue())
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.comment = b"PK\x03\x04" + b"x" * 40
    assert "behind the zip's end record" in reasons(buffer.getvalue())


@pytest.mark.parametrize("name", ["../x.pkl", "/etc/passwd", "a/../../b", "C:\\x", "..\\x"])
def test_a_path_that_leaves_the_archive_is_an_issue(name: str) -> None:
    assert any("leaves the archive" in issue.message for issue in walk(make_zip({name: b"text"}))[1].issues)


def test_a_symlink_in_a_zip_is_an_issue() -> None:
    info = zipfile.ZipInfo("link")
    info.external_attr = 0o120777 << 16
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(info, "/etc/passwd")
    assert any("symbolic link" in issue.message for issue in walk(buffer.getvalue())[1].issues)


@pytest.mark.parametrize("wide", [False, True])
def test_a_streamed_zip_with_data_descriptors_is_clean(wide: bool) -> None:
    class Pipe(io.RawIOBase):
        def __init__(self) -> None:
            self.data = bytearray()

        def writable(self) -> bool:
            return True

        def write(self, data: object) -> int:
            self.data += bytes(data)  # type: ignore[call-overload]
            return len(bytes(data))  # type: ignore[call-overload]

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w") as archive, archive.open("a.pkl", "w", force_zip64=wide) as member:
        member.write(BENIGN)
    assert clean(bytes(pipe.data))


def test_empty_zips_and_folders_are_clean() -> None:
    assert clean(make_zip({}))
    assert clean(make_zip({"folder/": b"", "folder/a.txt": b"text"}))


def test_too_many_members_end_the_walk() -> None:
    assert "more than 10 archive members" in reasons(make_zip({str(index): b"t" for index in range(11)}), entries=10)


def test_a_zip_without_end_is_a_problem() -> None:
    _, findings = walk(make_zip({"a.pkl": EVIL})[:-30])
    assert any("cannot be read" in problem for problem in findings.problems)


def test_an_entry_count_that_lies_is_a_gap() -> None:
    data = bytearray(make_zip({"a.txt": b"text"}))
    data[-12:-10] = struct.pack("<H", 2)
    assert "the end record says 2" in reasons(bytes(data))


@pytest.mark.parametrize("position", range(0, 160, 3))
def test_any_damaged_byte_of_a_small_zip_never_crashes_the_walk(position: int) -> None:
    data = bytearray(make_zip({"evil": EVIL}))
    data[position % len(data)] ^= 0xFF
    assert not clean(bytes(data))


def test_a_zip64_end_record_is_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 1)
    data = make_zip({"a.pkl": BENIGN, "b.txt": b"text"})
    assert b"PK\x06\x06" in data
    assert clean(data)
    assert not clean(data.replace(b"PK\x06\x06", b"PK\x06\x07"))


def test_a_directory_that_is_too_long_is_refused() -> None:
    data = bytearray(make_zip({"a.txt": b"text"}))
    data[-10:-6] = struct.pack("<I", 0x7FFFFFFF)
    assert not clean(bytes(data))


def test_an_import_alone_in_a_tar_name_is_found() -> None:
    data = make_tar({"cunlisted.module\nname\n": b"text"})
    assert any(issue.imported == "unlisted.module.name" for issue in walk(data)[1].issues)


# Tar -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT, tarfile.USTAR_FORMAT])
def test_tar_members_are_examined_in_every_format(form: int) -> None:
    name = "folder/" + "n" * (40 if form == tarfile.USTAR_FORMAT else 200)
    assert clean(make_tar({name: BENIGN, "empty": b""}, form=form))
    issues = walk(make_tar({name: EVIL}, form=form))[1].issues
    assert [issue.member for issue in issues] == [name]


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_in_a_tar_are_issues(kind: bytes) -> None:
    assert any("the member is a" in issue.message for issue in walk(make_tar({"x": b""}, kind))[1].issues)


def test_a_folder_in_a_tar_is_nothing() -> None:
    assert clean(make_tar({"folder": b""}, tarfile.DIRTYPE))


def test_an_unknown_tar_member_is_a_gap() -> None:
    assert "unknown type" in reasons(make_tar({"x": b""}, b"Z"))


def test_a_tar_path_that_climbs_is_an_issue() -> None:
    assert any("leaves the archive" in issue.message for issue in walk(make_tar({"../x": b"text"}))[1].issues)


def test_bytes_behind_a_tar_are_a_gap() -> None:
    assert "behind the end of the tar" in reasons(make_tar({"a": b"text"}) + EVIL)


def test_a_tar_that_is_cut_off_is_a_problem() -> None:
    assert "cut off" in reasons(make_tar({"a": b"x" * 5000})[:2048])
    assert "without an end mark" in reasons(make_tar({"a": b"text"})[:1024])


def test_a_damaged_second_header_is_a_problem() -> None:
    data = bytearray(make_tar({"a": b"text", "b": EVIL}))
    data[1024 + 3] ^= 0xFF
    assert "no tar header at offset 1024" in reasons(bytes(data))


def test_padding_that_hides_something_is_a_gap() -> None:
    data = bytearray(make_tar({"a": b"text"}))
    data[600] = 1
    assert "padding behind member a" in reasons(bytes(data))


def test_a_pickle_in_the_name_of_the_first_member_is_found() -> None:
    data = make_tar({"cos\nsystem\n(S'id'\ntR.": b"text"})
    shape, findings = walk(data)
    assert shape.executable == "yes"
    assert any(issue.imported == "os.system" for issue in findings.issues)
    assert any("a pickle as well" in problem for problem in findings.problems)


def test_sizes_in_pax_records_are_a_problem() -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        info = tarfile.TarInfo("a")
        info.pax_headers = {"GNU.sparse.major": "1"}
        archive.addfile(info)
    assert "size in a pax record" in reasons(buffer.getvalue())


def test_pytorchs_tar_is_recognised() -> None:
    data = make_tar({"sys_info": b"}.", "pickle": BENIGN, "storages": pickle.dumps(0), "tensors": pickle.dumps(0)})
    assert walk(data)[0].format == "torch_tar"


# NumPy ---------------------------------------------------------------------------------------------------------------


def save(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=True)
    return buffer.getvalue()


def test_an_object_array_is_a_pickle() -> None:
    shape, findings = walk(save(np.array([Evil()], dtype=object)))
    assert (shape.format, shape.executable) == ("npy_object", "yes")
    assert findings.issues
    assert clean(save(np.array([1, "a", None], dtype=object)))


def test_bytes_behind_an_object_array_are_a_gap() -> None:
    assert not clean(save(np.array([1], dtype=object)) + b"\xff")


@pytest.mark.parametrize("writer", [np.savez, np.savez_compressed])
def test_archives_of_arrays_are_examined(writer: Callable[..., None]) -> None:
    buffer = io.BytesIO()
    writer(buffer, a=np.arange(5), b=np.eye(3))
    assert walk(buffer.getvalue())[0].format == "npz"
    assert clean(buffer.getvalue())
    buffer = io.BytesIO()
    writer(buffer, a=np.arange(5), b=np.array([Evil()], dtype=object))
    assert "system" in str(imports(buffer.getvalue()))
