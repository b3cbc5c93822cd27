"""Lock files of every format, most of them written by the real tools, and configuration of indexes."""

import hashlib
import os
import shutil
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probatum.collectors.base import Context
from probatum.collectors.dependencies import Dependencies
from probatum.evaluator.graph import Status, Subject

DATA = Path(__file__).parent / "data" / "lockfiles"
NOW = datetime(2026, 11, 20, 7, tzinfo=UTC)
H = "a" * 64
HASH = f"--hash=sha256:{H}"
PYPI = "https://pypi.org/simple"


def write(root, tree):
    for name, data in tree.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data if isinstance(data, bytes) else data.encode())


def observe(root, location="requirements.txt", *, digest=None):
    subject = Subject("dependency_set", "x", {"sha256": digest} if digest else {}, location)
    context = Context(root, {"name": "p"}, {subject.id: subject}, now=NOW)
    assert Dependencies().available(context).ready
    (found,) = Dependencies().collect(context)
    return found


def lock(root, text, location="requirements.txt", **others):
    write(root, {location: text, **others})
    return observe(root, location)


def rows(observation, *keys):
    return [tuple(package[key] for key in keys) for package in observation.result["packages"]]


def failure(root, text, location):
    found = lock(root, text, location)
    assert found.status == Status.FAILED, found
    return found.result["error"]


class TestRequirements:
    def test_a_hashed_lock(self, tmp_path):
        text = (
            f"# comment\nNumPy==2.3.1 \\\n    {HASH} \\\n    --hash=sha512:{'b' * 128}\n"
            f"    # via x\nclick===8.1 {HASH}  # why\n"
        )
        found = lock(tmp_path, text)
        assert found.status == Status.COMPLETE
        assert found.result["format"] == "requirements"
        assert found.result["complete_lock"] is True
        assert found.result["package_count"] == 2
        assert found.result["packages"][0] == {
            "name": "numpy", "version": "2.3.1", "pinned": True, "hashed": True, "hashes": 2, "source": "index",
            "url": None, "index": None, "marker": None, "at": "requirements.txt:2",
        }  # fmt: skip
        assert rows(found, "name", "version", "at")[1] == ("click", "8.1", "requirements.txt:6")
        assert (found.coverage.seen, found.coverage.examined) == (3, 3)
        assert found.inputs == {"requirements.txt": {"sha256": hashlib.sha256(text.encode()).hexdigest()}}

    @pytest.mark.parametrize(
        ("line", "version"),
        [
            ("a", None), ("a>=1", None), ("a==1.*", None), ("a~=1.0", None), ("a>=1,<2", None), ("a==1", "1"),
            ("a == 1.0 ; python_version<'4'", "1.0"), ("a[x,Y]==1", "1"), ("a==1,!=1.1", "1"),
            ("a===1.0+local", "1.0+local"),
            ("A.b_C==1", "1"), ("a (==1)", "1"),
        ],
    )  # fmt: skip
    def test_pins(self, tmp_path, line, version):
        found = lock(tmp_path, line)
        assert rows(found, "version", "pinned", "hashed") == [(version, version is not None, False)]
        assert found.result["complete_lock"] is False

    def test_markers_and_names(self, tmp_path):
        found = lock(tmp_path, 'Foo.Bar_baz==1; sys_platform == "win32" and python_version < "3.9"\n')
        marker = 'sys_platform == "win32" and python_version < "3.9"'
        assert rows(found, "name", "marker") == [("foo-bar-baz", marker)]

    @pytest.mark.parametrize(
        ("line", "expected"),
        [
            (f"a @ https://h/a-1.0-py3-none-any.whl#sha256={H}", ("a", "1.0", "url", True, 1)),
            ("a @ https://h/a-1.0.tar.gz", ("a", "1.0", "url", False, 0)),
            (f"https://h/a-1.0.tar.gz {HASH}", ("a", "1.0", "url", True, 1)),
            ("https://h/b.zip#egg=a[x]", ("a", None, "url", False, 0)),
            (f"git+https://h/o/a.git@{'0' * 40}#egg=a", ("a", None, "vcs", True, 0)),
            ("git+https://h/o/a.git@main#egg=a&subdirectory=x", ("a", None, "vcs", False, 0)),
            (f"a @ git+ssh://git@h/o/a.git@{'0' * 40}", ("a", None, "vcs", True, 0)),
            (f"a @ git+https://h/o/a.git@{'0' * 39}", ("a", None, "vcs", False, 0)),
            ("hg+http://h/a#egg=a", ("a", None, "vcs", False, 0)),
            ("-e git+https://h/o/a.git@main#egg=a", ("a", None, "editable", False, 0)),
            ("-e .", ("demo", None, "editable", False, 0)),
            ("--editable=./sub[extra]", ("sub", None, "editable", False, 0)),
            (".", ("demo", None, "path", False, 0)),
            ("./sub", ("sub", None, "path", False, 0)),
            ("wheels/a-2.0-py3-none-any.whl", ("a", "2.0", "path", False, 0)),
            ("a @ file:///abs/a", ("a", None, "path", False, 0)),
            ("file:../x", ("x", None, "path", False, 0)),
            ("/", ("unnamed", None, "path", False, 0)),
        ],
    )
    def test_what_comes_from_no_index(self, tmp_path, line, expected):
        found = lock(tmp_path, line, **{"pyproject.toml": '[project]\nname = "Demo"\n', "sub/pyproject.toml": "broken"})
        assert rows(found, "name", "version", "source", "pinned", "hashes") == [expected]
        assert found.result["packages"][0]["index"] is None
        assert found.result["packages"][0]["url"]

    def test_includes_and_constraints(self, tmp_path):
        files = {
            "more/base.txt": f"-c ../limits.txt\nb>=1\n-r deeper.txt\nc==3 {HASH}\n",
            "more/deeper.txt": "d==4\n",
            "limits.txt": f"b==2 {HASH}\nunused==1\ne @ https://h/e-1.zip\nf==9; sys_platform=='win32'\n",
        }
        found = lock(tmp_path, "a==1\n-r more/base.txt\n-r more/base.txt\ne\nf\n", **files)
        assert rows(found, "name", "version", "pinned", "hashes", "source", "at") == [
            ("a", "1", True, 0, "index", "requirements.txt:1"),
            ("b", "2", True, 1, "index", "more/base.txt:2"),
            ("d", "4", True, 0, "index", "more/deeper.txt:1"),
            ("c", "3", True, 1, "index", "more/base.txt:4"),
            ("e", "1", False, 0, "url", "requirements.txt:4"),
            ("f", None, False, 0, "index", "requirements.txt:5"),
        ]
        assert found.status == Status.COMPLETE
        assert set(found.inputs) == {"requirements.txt", *files}

    @pytest.mark.parametrize(
        ("line", "reason"),
        [
            ("-r missing.txt", "missing.txt cannot be read: No such file"),
            ("-r ../outside.txt", "lies outside the pipeline's folder"),
            ("-r /etc/hostname", "lies outside the pipeline's folder"),
            ("-c link.txt", "lies outside the pipeline's folder"),
            ("-r requirements.txt", "includes itself"),
            ("-r loop.txt", "includes itself"),
            ("-r https://user:secret@h/r.txt", "fetched from elsewhere"),
            ("-r ${WHERE}/r.txt", "environment variable"),
            ("-r pipe", "named pipe"),
            ("${PACKAGE}", "environment variable"),
            (HASH, "belongs to no requirement"),
        ],
    )
    def test_what_cannot_be_read_is_coverage(self, tmp_path, line, reason):
        root = tmp_path / "root"
        write(tmp_path, {"outside.txt": "secret==1", "root/loop.txt": "-r requirements.txt\n"})
        (root / "link.txt").symlink_to(tmp_path / "outside.txt")
        os.mkfifo(root / "pipe")
        found = lock(root, f"a==1 {HASH}\n{line}\n")
        assert found.status == Status.PARTIAL
        (skipped,) = found.coverage.skipped
        assert reason in skipped.reason
        assert ".txt:" in skipped.item
        assert rows(found, "name") == [("a",)]
        assert found.result["complete_lock"] is False
        assert "secret" not in str(found.to_document())
        assert str(tmp_path) not in str(found.to_document())

    def test_indexes(self, tmp_path):
        text = (
            "--index-url https://user:pa%40ss@one.example/simple?token=t\n"
            "--extra-index-url=https://${U}:${P}@two.example/s/\n"
            "--extra-index https://three.example\n-f ./wheels --trusted-host two.example\n"
            "--no-index\na==1\n-ihttps://last\n"
        )
        found = lock(tmp_path, text)
        assert [(i["url"], i["kind"], i["at"], i["credentials"]) for i in found.result["indexes"]] == [
            ("https://one.example/simple", "primary", "requirements.txt:1", True),
            ("https://two.example/s/", "extra", "requirements.txt:2", False),
            ("https://three.example", "extra", "requirements.txt:3", False),
            ("./wheels", "find-links", "requirements.txt:4", False),
            ("https://last", "primary", "requirements.txt:7", False),
        ]
        assert found.result["trusted_hosts"] == ["two.example"]
        assert rows(found, "index") == [("https://last",)]
        assert not any(secret in str(found.to_document()) for secret in ("pa%40ss", "token", "user"))

    def test_credentials_never_leave(self, tmp_path):
        text = (
            "a @ https://u:s3cret@h/a.zip?sig=s3cret\n"
            "-e git+https://s3cret@h/o/b.git@main#egg=b\n"
            "git+ssh://git:s3cret@h/o/c.git#egg=c\n"
            "-r https://u:s3cret@h/r.txt\n"
            "!1https://u:s3cret@h\n"
            "-f https://u:s3cret/x?s3cret#s3cret@h:8080/x\n"
            "-f https://[::1]:80/@x\n"
            "--index-url u:s3cret@h/simple\n"
            "--extra-index-url //u:s3cret@h/simple\n"
        )
        found = lock(tmp_path, text)
        assert found.status == Status.PARTIAL
        assert "s3cret" not in str(found.to_document())
        assert [index["credentials"] for index in found.result["indexes"]] == [True, False, True, True]
        for line in (
            "https://u:s3cret@h/a.zip oops -x",
            "a --nonsense=https://u:s3cret@h/",
            "!! @ https://u:s3cret@h/x",
        ):
            assert "s3cret" not in failure(tmp_path, line, "requirements.txt")

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("a==1\nb==\n", "requirements.txt:2: 'b==' is no requirement"),
            ("a==1\n\n==1\n", "requirements.txt:3"),
            ("a==1 --hash=md5:abc", "requirements.txt:1: --hash=md5:abc is no SHA-256"),
            ("a==1 --hash=sha256:abc", "requirements.txt:1"),
            ("--unknown\n", "requirements.txt:1: no such option: --unknown"),
            ("-r\n", "requirements.txt:1"),
            ("a==1 --hash 'sha256", "requirements.txt:1: its options are malformed"),
            ("--pre stray\n", "'stray' is no option"),
            ("a==1 --index-url https://x\n", "cannot be set for one requirement"),
            ("a==1 ; python_version <\n", "requirements.txt:1"),
            ("name: value\n", "requirements.txt:1"),
            ("<html>\n", "requirements.txt:1"),
            (b"a==1\xff\n", "requirements.txt: it is not utf-8 text"),
            (b"# coding: klingon\na==1\n", "not klingon text"),
            (b"# coding: rot13\na==1\n", "not rot13 text"),
            (b"a==1\x00\n", "zero bytes"),
        ],
    )
    def test_what_pip_would_refuse_fails_with_file_and_line(self, tmp_path, text, message):
        assert message in failure(tmp_path, text, "requirements.txt")

    @pytest.mark.parametrize(
        "text",
        [
            " " * 4_000_000 + "x", "[" * 4_000_000, "a; " + "(" * 8000, "a" * 4_000_000, "a --" + "b" * 4_000_000,
            "a==1 \\\n" * 200_000, "./x" + "[" * 8000, "a" * 8000 + "://@", "# " * 2_000_000,
            "a==1 -C '" + "\\" * 200_000,
        ],
    )  # fmt: skip
    def test_hostile_lines_take_no_time(self, tmp_path, text):
        start = time.process_time()
        found = lock(tmp_path, text)
        assert time.process_time() - start < 5
        assert len(str(found.to_document())) < 30_000

    def test_an_error_in_an_included_file_names_that_file(self, tmp_path):
        write(tmp_path, {"sub/b.txt": "ok==1\n???\n"})
        assert "sub/b.txt:2" in failure(tmp_path, "-r sub/b.txt", "requirements.txt")

    @pytest.mark.parametrize(
        "data",
        [
            b"\xef\xbb\xbfa==1\n", "\ufeffa==1\n".encode("utf-16-le"), "\ufeffa==1\n".encode("utf-16-be"),
            "\ufeffa==1".encode("utf-32-le"), b"# -*- coding: latin-1 -*-\na==1 # \xe9\n", b"a==1\r\n", b"a=\\\n=1",
            b"a==1 \\\n# comment ends it\n", b"a==1\\",
        ],
    )  # fmt: skip
    def test_encodings_and_line_ends(self, tmp_path, data):
        assert rows(lock(tmp_path, data), "name", "version") == [("a", "1")]

    def test_require_hashes_makes_a_complete_lock(self, tmp_path):
        assert lock(tmp_path, "--require-hashes\na==1\n").result["complete_lock"] is True
        assert lock(tmp_path, f"a==1 {HASH}\nb==1\n").result["complete_lock"] is False
        assert lock(tmp_path, "--require-hashes\n").result["complete_lock"] is False

    def test_an_empty_file_has_no_packages(self, tmp_path):
        found = lock(tmp_path, "")
        assert (found.status, found.result["packages"], found.result["complete_lock"]) == (Status.COMPLETE, [], False)

    def test_agrees_with_the_parser_that_pip_audit_uses(self, tmp_path):
        from pip_requirements_parser import RequirementsFile

        text = (
            f"# top\n-i {PYPI}\nA_b==1 \\\n  {HASH} \\\n  --hash=sha256:{'c' * 64} # end\n\n"
            f"b>=2,<3 ; python_version < '3.13'\n"
            f"c @ https://h/c-1.zip\n-e git+https://h/d.git#egg=d\n--pre\n"
            f"f[x]~=1.0 {HASH}\n./g\ngit+https://h/i@v1#egg=i\n"
        )
        path = tmp_path / "requirements.txt"
        path.write_text(text)
        theirs = RequirementsFile.from_file(str(path))
        assert not theirs.invalid_lines
        ours = observe(tmp_path).result["packages"]
        assert [item["hashes"] for item in ours] == [len(item.hash_options) for item in theirs.requirements]
        assert [item["at"] for item in ours] == [f"requirements.txt:{item.line_number}" for item in theirs.requirements]
        named = [
            (o["name"], t.name.lower().replace("_", "-"))
            for o, t in zip(ours, theirs.requirements, strict=True)
            if t.name
        ]
        assert all(one == other for one, other in named)
        assert len(named) >= 5


class TestRealLocks:
    """Written by uv, poetry, pipenv and ``uv export``, as they are."""

    @pytest.mark.parametrize(
        ("place", "format"),
        [
            ("uv/uv.lock", "uv.lock"),
            ("poetry/poetry.lock", "poetry.lock"),
            ("pipenv/Pipfile.lock", "Pipfile.lock"),
            ("pylock/pylock.toml", "pylock.toml"),
        ],
    )
    def test_all_packages_are_pinned_and_hashed(self, tmp_path, place, format):
        shutil.copy(DATA / place, tmp_path)
        found = observe(tmp_path, Path(place).name)
        assert (found.status, found.result["format"], found.result["complete_lock"]) == (Status.COMPLETE, format, True)
        names = {name for (name,) in rows(found, "name")}
        assert {"colorama", "idna"} <= names <= {"colorama", "idna", "click"}
        assert set(rows(found, "pinned", "hashed", "hashes", "source", "index")) == {(True, True, 2, "index", PYPI)}
        lines = (DATA / place).read_text().splitlines()
        for name, at in rows(found, "name", "at"):
            line = int(at.rpartition(":")[2])
            assert name in lines[line - 1] + lines[line]

    def test_markers(self, tmp_path):
        for place in ("poetry/poetry.lock", "pylock/pylock.toml"):
            shutil.copy(DATA / place, tmp_path)
            found = observe(tmp_path, Path(place).name)
            assert {name: marker for name, marker in rows(found, "name", "marker") if marker}["colorama"].startswith(
                "sys_pl"
            )

    def test_pipenv_names_its_index(self, tmp_path):
        shutil.copy(DATA / "pipenv" / "Pipfile.lock", tmp_path)
        found = observe(tmp_path, "Pipfile.lock")
        assert [(i["url"], i["kind"]) for i in found.result["indexes"]] == [(PYPI, "primary")]

    def test_uv_with_a_local_and_a_direct_dependency(self, tmp_path):
        shutil.copy(DATA / "uv-local" / "uv.lock", tmp_path)
        found = observe(tmp_path, "uv.lock")
        assert found.result["projects"] == ["demo"]
        assert rows(found, "name", "source", "pinned", "hashed")[1] == ("localpkg", "editable", False, False)
        assert rows(found, "name", "version", "source", "pinned", "hashed")[0] == ("idna", "3.10", "url", True, True)

    def test_packaging_accepts_the_pylock(self):
        import tomllib

        from packaging.pylock import Pylock

        read = Pylock.from_dict(tomllib.loads((DATA / "pylock" / "pylock.toml").read_text()))
        read.validate()
        assert read.packages


class TestUv:
    HEAD = "version = 1\n"

    @pytest.mark.parametrize(
        ("body", "expected"),
        [
            (
                f'source = {{ git = "https://u:p@h/o/a?rev=main#{"0" * 40}" }}',
                ("vcs", True, False, f"https://h/o/a#{'0' * 40}"),
            ),
            ('source = { git = "https://h/o/a" }', ("vcs", False, False, "https://h/o/a")),
            ('source = { path = "a-1.whl" }\nwheels = [{ filename = "a-1.whl" }]', ("path", False, False, "a-1.whl")),
            ('source = { directory = "sub" }', ("path", False, False, "sub")),
            (f'source = {{ registry = "{PYPI}" }}', ("index", True, False, None)),
            (
                f'source = {{ registry = "x" }}\nsdist = {{ url = "u", hash = "md5:{"0" * 32}" }}',
                ("index", True, False, None),
            ),
            (
                f'source = {{ registry = "x" }}\nsdist = {{ hash = "sha256:{H}" }}\nwheels = [{{ url = "u" }}]',
                ("index", True, False, None),
            ),
        ],
    )
    def test_sources(self, tmp_path, body, expected):
        found = lock(tmp_path, f'{self.HEAD}[[package]]\nname = "A"\nversion = "1"\n{body}\n', "uv.lock")
        assert rows(found, "source", "pinned", "hashed", "url") == [expected]

    def test_forks(self, tmp_path):
        package = '[[package]]\nname = "a"\nversion = "1"\nsource = { registry = "x" }\n'
        text = f'{self.HEAD}{package}resolution-markers = ["m1", "m2"]\n'
        assert rows(lock(tmp_path, text, "uv.lock"), "marker") == [("(m1) or (m2)",)]

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("version = 1\n[[package]]\nname = \n", "uv.lock:3: not valid TOML"),
            ("[[package]]\nname='a'", "no version"),
            ("version = 1\n[[package]]\nname = 'a'\n", "uv.lock:2: a package without name or source"),
            (
                "version = 1\n\n\n[[package]]\nname = 'a'\nsource = { teleport = 'x' }\n",
                "uv.lock:4: a comes from teleport",
            ),
            ("version = 1\n[[package]]\nname = 'a'\nsource = { path = 'x' }\nwheels = 1\n", "uv.lock:2"),
            ("version = 1\npackage = 1\n", "uv.lock:2: package is not an array of tables"),
            (b"version = 1\n\xff", "uv.lock:2: it is not UTF-8"),
            ("a = " + "[" * 10_000, "uv.lock"),
            ('version = 1\na = "', "uv.lock:2: not valid TOML"),
        ],
    )
    def test_errors_name_file_and_line(self, tmp_path, text, message):
        assert message in failure(tmp_path, text, "uv.lock")


class TestPoetry:
    META = '[metadata]\nlock-version = "1.1"\n'

    def test_older_formats(self, tmp_path):
        package = '[[package]]\nname = "a"\nversion = "1"\n'
        files = f'{package}{self.META}[metadata.files]\na = [{{file = "a.whl", hash = "sha256:{H}"}}]\n'
        assert rows(lock(tmp_path, files, "poetry.lock"), "hashes", "hashed", "index") == [(1, True, None)]
        hashes = f'{package}{self.META}[metadata.hashes]\na = ["{H}", "{"b" * 64}"]\n'
        assert rows(lock(tmp_path, hashes, "poetry.lock"), "hashes", "hashed") == [(2, True)]
        assert rows(lock(tmp_path, package + self.META, "poetry.lock"), "hashes", "hashed") == [(0, False)]

    @pytest.mark.parametrize(
        ("source", "expected"),
        [
            (
                f'type = "git"\nurl = "https://h/a"\nresolved_reference = "{"1" * 40}"',
                ("vcs", True, f"https://h/a@{'1' * 40}"),
            ),
            ('type = "git"\nurl = "git@h:o/a.git"\nresolved_reference = "x"', ("vcs", False, "h:o/a.git@x")),
            ('type = "directory"\nurl = "../a"', ("path", False, "../a")),
            ('type = "file"\nurl = "a.whl"', ("path", False, "a.whl")),
            ('type = "url"\nurl = "https://u:p@h/a.whl"', ("url", False, "https://h/a.whl")),
        ],
    )
    def test_sources(self, tmp_path, source, expected):
        text = f'[[package]]\nname = "a"\nversion = "1"\nfiles = []\n[package.source]\n{source}\n{self.META}'
        found = lock(tmp_path, text, "poetry.lock")
        assert rows(found, "source", "pinned", "url") == [expected]
        if "directory" in source:
            text = text.replace("files = []", "files = []\ndevelop = true")
            assert rows(lock(tmp_path, text, "poetry.lock"), "source") == [("editable",)]

    def test_markers_of_groups(self, tmp_path):
        text = f"[[package]]\nname='a'\nversion='1'\nmarkers = {{main = 'x', dev = 'y'}}\n{self.META}"
        assert rows(lock(tmp_path, text, "poetry.lock"), "marker") == [("(y) or (x)",)]

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("[[package]]\nname = 'a'\n", "no metadata"),
            ("[[package]]\nname = 'a'\n[metadata]\n", "poetry.lock:1: a package without name or version"),
            ("[[package]]\nname='a'\nversion='1'\nfiles=1\n[metadata]\n", "the files of a are not a list"),
            ("[[package]]\nname='a'\nversion='1'\n[package.source]\ntype='x'\n[metadata]\n", "comes from x"),
            ("[[package]]\nname='a'\nversion='1'\nsource=1\n[metadata]\n", "comes from None"),
        ],
    )
    def test_errors_name_file_and_line(self, tmp_path, text, message):
        assert message in failure(tmp_path, text, "poetry.lock")


class TestPipenv:
    @pytest.mark.parametrize(
        ("item", "expected"),
        [
            (f'{{"git": "https://u:p@h/a", "ref": "{"1" * 40}"}}', ("vcs", True, f"git+https://h/a@{'1' * 40}", None)),
            (
                '{"git": "https://h/a", "ref": "main", "editable": true}',
                ("editable", False, "git+https://h/a@main", None),
            ),
            ('{"path": ".", "editable": true}', ("editable", False, ".", None)),
            ('{"file": "https://h/a.whl"}', ("url", False, "https://h/a.whl", None)),
            ('{"path": "./a"}', ("path", False, "./a", None)),
            ('{"version": "==1", "index": "two"}', ("index", True, None, "https://two")),
            ('{"version": "==1"}', ("index", True, None, "https://one")),
            ('{"version": "==1", "index": "unknown"}', ("index", True, None, None)),
            ('{"version": "*"}', ("index", False, None, "https://one")),
            ('{"version": ">=1"}', ("index", False, None, "https://one")),
        ],
    )
    def test_sources(self, tmp_path, item, expected):
        one = '{"name": "one", "url": "https://one", "verify_ssl": true}'
        sources = f'[{one}, {{"name": "two", "url": "https://two", "verify_ssl": false}}]'
        text = f'{{"_meta": {{"sources": {sources}}},\n"docs": {{\n"a": {item}}}}}'
        found = lock(tmp_path, text, "Pipfile.lock")
        assert rows(found, "source", "pinned", "url", "index") == [expected]
        assert rows(found, "at") == [("Pipfile.lock:3",)]
        assert found.result["trusted_hosts"] == ["two"]
        assert [index["kind"] for index in found.result["indexes"]] == ["primary", "extra"]

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ('{\n"a": 1,\n}', "Pipfile.lock:3: not strict JSON"),
            ('{"_meta": {}, "_meta": {}}', "duplicate key"),
            ("[]", "no _meta"),
            ('{"_meta": {"sources": 1}}', "sources is not a list"),
            ('{"_meta": {},\n"default": 1}', "Pipfile.lock:2: default is not an object"),
            ('{"_meta": {},\n"default": {\n"a": 1}}', "Pipfile.lock:3: a is not an object"),
            ('{"_meta": {},\n"default": {\n"a": {"version": "one"}}}', "Pipfile.lock:3: 'one' is no version"),
        ],
    )
    def test_errors_name_file_and_line(self, tmp_path, text, message):
        assert message in failure(tmp_path, text, "Pipfile.lock")


class TestPylock:
    HEAD = 'lock-version = "1.0"\ncreated-by = "x"\n'

    @pytest.mark.parametrize(
        ("body", "expected"),
        [
            (f'vcs = {{ type = "git", url = "https://h/a", commit-id = "{"1" * 40}" }}', ("vcs", True, False)),
            ('vcs = { type = "git", path = "../a", commit-id = "v1" }', ("vcs", False, False)),
            ('directory = { path = "." }', ("path", False, False)),
            ('directory = { path = ".", editable = true }', ("editable", False, False)),
            (f'archive = {{ url = "https://h/a.zip", hashes = {{ sha256 = "{H}" }} }}', ("url", True, True)),
            ('archive = { path = "a.zip", hashes = { md5 = "0" } }', ("path", False, False)),
            (f'version = "1"\nsdist = {{ hashes = {{ sha256 = "{H}" }} }}\nwheels = [{{}}]', ("index", True, False)),
            (f'wheels = [{{ hashes = {{ md5 = "0", sha512 = "{"a" * 128}" }} }}]', ("index", False, True)),
        ],
    )
    def test_sources(self, tmp_path, body, expected):
        found = lock(tmp_path, f'{self.HEAD}[[packages]]\nname = "a"\n{body}\n', "pylock.train.toml")
        assert found.result["format"] == "pylock.toml"
        assert rows(found, "source", "pinned", "hashed") == [expected]

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ('created-by = "x"\n', "lock-version is None"),
            ('\nlock-version = "2.0"\n', "pylock.toml:2: lock-version is '2.0'"),
            (HEAD + "[[packages]]\nversion = '1'\n", "pylock.toml:3: a package without a name"),
            (HEAD + "[[packages]]\nname = 'a'\n", "needs one of vcs"),
            (HEAD + "[[packages]]\nname = 'a'\nvcs = {}\nwheels = []\n", "needs one of vcs"),
            (HEAD + "[[packages]]\nname = 'a'\nvcs = 1\n", "is not a table"),
            (HEAD + "[[packages]]\nname = 'a'\nwheels = 1\n", "wheels is not a list"),
            (HEAD + "[[packages]]\nname = 'a'\nwheels = [1]\n", "is not a table"),
            (HEAD + "[[packages]]\nname = 'a'\nversion = 1\nwheels = []\n", "version is not text"),
        ],
    )
    def test_errors_name_file_and_line(self, tmp_path, text, message):
        assert message in failure(tmp_path, text, "pylock.toml")


class TestConfiguration:
    def indexes(self, found):
        return [(index["url"], index["kind"], index["at"]) for index in found.result["indexes"]]

    def test_pip(self, tmp_path):
        text = (
            "[global]\nindex-url = https://u:p@one/simple\n\n[install]\n"
            "extra_index_url =\n    https://two\n    https://three\n"
            "find-links = ./w\ntrusted-host = two\n  three:8080\nno-index = no\n"
        )
        found = lock(tmp_path, "a==1", **{"docker/pip.conf": text})
        assert self.indexes(found) == [
            ("https://one/simple", "primary", "docker/pip.conf:2"),
            ("https://two", "extra", "docker/pip.conf:5"),
            ("https://three", "extra", "docker/pip.conf:5"),
            ("./w", "find-links", "docker/pip.conf:8"),
        ]
        assert found.result["trusted_hosts"] == ["three:8080", "two"]
        assert found.result["indexes_configured_in"] == ["docker/pip.conf"]
        assert "docker/pip.conf" in found.inputs

    def test_uv(self, tmp_path):
        text = (
            'index-url = "https://one"\nextra-index-url = ["https://two"]\nallow-insecure-host = ["two"]\n'
            '[pip]\nfind-links = ["./w"]\n'
            '[[index]]\nname = "d"\nurl = "https://default"\ndefault = true\n\n[[index]]\nurl = "https://extra"\n'
            '[[index]]\nurl = "./flat"\nformat = "flat"\n'
        )
        found = lock(tmp_path, "a==1", **{"uv.toml": text})
        assert self.indexes(found) == [
            ("https://default", "primary", "uv.toml:6"),
            ("https://extra", "extra", "uv.toml:11"),
            ("./flat", "find-links", "uv.toml:13"),
            ("https://one", "primary", "uv.toml:1"),
            ("https://two", "extra", "uv.toml:2"),
            ("./w", "find-links", "uv.toml:5"),
        ]
        assert found.result["trusted_hosts"] == ["two"]

    def test_pyproject_beside_and_above_the_lock(self, tmp_path):
        uv = '[[tool.uv.index]]\nurl = "https://uv"\n[tool.uv.pip]\nindex-url = "https://pip"\n'
        poetry = (
            '[[tool.poetry.source]]\nname = "p"\nurl = "https://p"\n\n'
            '[[tool.poetry.source]]\nurl = "https://s"\npriority = "supplemental"\n'
            '[[tool.poetry.source]]\nurl = "https://old"\nsecondary = true\n'
        )
        files = {"pyproject.toml": uv, "train/pyproject.toml": poetry, "other/pyproject.toml": uv}
        found = lock(tmp_path, "a==1", "train/requirements.txt", **files)
        assert self.indexes(found) == [
            ("https://uv", "extra", "pyproject.toml:1"),
            ("https://pip", "primary", "pyproject.toml:4"),
            ("https://p", "primary", "train/pyproject.toml:1"),
            ("https://s", "extra", "train/pyproject.toml:5"),
            ("https://old", "extra", "train/pyproject.toml:8"),
        ]
        assert found.result["indexes_configured_in"] == ["pyproject.toml", "train/pyproject.toml"]

    def test_files_without_indexes_are_read_and_not_listed(self, tmp_path):
        found = lock(
            tmp_path,
            "a==1",
            **{"pyproject.toml": '[project]\nname = "x"\n', ".venv/pip.conf": "[global]\nindex-url=x\n"},
        )
        assert found.result["indexes_configured_in"] == []
        assert "pyproject.toml" in found.inputs
        assert found.status == Status.COMPLETE

    @pytest.mark.parametrize(
        ("name", "data"),
        [
            ("pip.conf", "no section\n"),
            ("pip.ini", b"\xff"),
            ("uv.toml", "index = 1\n"),
            ("uv.toml", "a = \n"),
            ("uv.toml", "[[index]]\nurl = 1\n"),
            ("pyproject.toml", "[[tool.poetry.source]]\nurl = 1\n"),
        ],
    )
    def test_broken_files_are_coverage(self, tmp_path, name, data):
        found = lock(tmp_path, "a==1", **{name: data})
        assert found.status == Status.PARTIAL
        assert name in found.coverage.skipped[0].item


class TestSubjects:
    @pytest.mark.parametrize(
        ("location", "reason"),
        [
            (None, "no lock file"),
            ("https://h/uv.lock", "no lock file"),
            ("missing.txt", "missing.txt cannot be read"),
            ("folder", "folder is a folder"),
            ("environment.yml", "is no lock file that is known"),
            ("../up.txt", "outside"),
        ],
    )
    def test_what_is_no_lock_file_fails(self, tmp_path, location, reason):
        write(tmp_path, {"root/folder/x": "", "root/environment.yml": "", "up.txt": "a==1"})
        found = observe(tmp_path / "root", location)
        assert found.status == Status.FAILED
        assert reason in found.result["error"]
        assert str(tmp_path) not in found.result["error"]

    def test_a_file_that_changed_since_it_was_hashed_fails(self, tmp_path):
        write(tmp_path, {"requirements.txt": "a==1"})
        assert "changed" in observe(tmp_path, digest=H).result["error"]
        assert observe(tmp_path, digest=hashlib.sha256(b"a==1").hexdigest()).status == Status.COMPLETE

    def test_the_same_file_gives_the_same_observation(self, tmp_path):
        assert lock(tmp_path, "a==1").id == observe(tmp_path).id


PIECES = ["a==1", " ", "\n", "\\\n", "#", ";", "-r x", "--", "[", "@", "://", HASH, "'", "${A}", "\ud800"]
LOCKS = ["uv/uv.lock", "uv-local/uv.lock", "poetry/poetry.lock", "pipenv/Pipfile.lock", "pylock/pylock.toml"]


@settings(max_examples=120, deadline=None)
@given(st.sampled_from(LOCKS), st.integers(0, 10**6), st.integers(0, 40), st.binary(max_size=6))
def test_a_damaged_lock_is_read_or_failed_and_never_a_crash(tmp_path_factory, place, start, length, put):
    data = (DATA / place).read_bytes()
    start %= len(data)
    root = tmp_path_factory.mktemp("damaged")
    name = Path(place).name
    write(root, {name: data[:start] + put + data[start + length :]})
    found = observe(root, name)
    assert found.status in (Status.COMPLETE, Status.FAILED)
    if found.status == Status.FAILED:
        assert found.result["error"].startswith(name)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=3)))
def test_any_requirements_text_is_read_or_failed_and_never_a_crash(tmp_path_factory, parts):
    root = tmp_path_factory.mktemp("any")
    write(root, {"requirements.txt": "".join(parts).encode("utf-8", "surrogatepass")})
    found = observe(root)
    assert found.status in (Status.COMPLETE, Status.PARTIAL, Status.FAILED)
