"""Outputs are whole or absent, whatever goes wrong and wherever."""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pprl.base import outputs
from pprl.base.errors import DataError, OutputError
from pprl.base.outputs import Outputs, check_new, os_errors

POSIX = pytest.mark.skipif(os.name != "posix", reason="modes are a POSIX matter")


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def make_two(folder: Path, *, force: bool = False, public: bool = False) -> None:
    """Write the files `a` and `b`, the first with a folder `c` beside them."""
    with Outputs(force=force) as out:
        out.file(folder / "a").write_text("new a")
        (out.folder(folder / "c") / "inside").write_text("new c")
        out.file(folder / "b", public=public).write_text("new b")


def fail_at(monkeypatch: pytest.MonkeyPatch, name: str, error: BaseException) -> None:
    """Make taking the final name ``name`` fail, by link and by rename."""

    def wrap(owner: object, function: str) -> None:
        real: Callable[..., object] = getattr(owner, function)

        def wrapped(source: Path, destination: Path, *rest: object, **more: object) -> object:
            if Path(destination).name == name and ".partial" in str(source):
                raise error
            return real(source, destination, *rest, **more)

        monkeypatch.setattr(owner, function, wrapped)

    wrap(os, "link")
    wrap(Path, "rename")


def test_all_appear_at_the_end_and_not_before(tmp_path: Path) -> None:
    with Outputs() as out:
        out.file(tmp_path / "a").write_text("x")
        (out.folder(tmp_path / "c") / "inside").write_text("y")
        assert not (tmp_path / "a").exists()
        assert not (tmp_path / "c").exists()
    assert names(tmp_path) == {"a", "c"}
    assert (tmp_path / "a").read_text() == "x"
    assert (tmp_path / "c" / "inside").read_text() == "y"


@pytest.mark.parametrize("error", [ValueError("x"), KeyboardInterrupt(), SystemExit(1)])
def test_failure_inside_the_block_leaves_nothing(tmp_path: Path, error: BaseException) -> None:
    with pytest.raises(type(error)), Outputs() as out:
        out.file(tmp_path / "a").write_text("x")
        (out.folder(tmp_path / "c") / "inside").write_text("y")
        raise error
    assert names(tmp_path) == set()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_full_disk_inside_the_block_says_so(tmp_path: Path, number: int) -> None:
    with (
        pytest.raises(OutputError, match=r"no space left on the disk while writing .*a$"),
        Outputs() as out,
    ):
        out.file(tmp_path / "a").write_text("x")
        raise OSError(number, os.strerror(number))
    assert names(tmp_path) == set()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_truly_full_device_says_so(tmp_path: Path) -> None:
    """What the system itself says about a full device is understood."""
    with (
        pytest.raises(OutputError, match="no space left"),
        Outputs() as out,
    ):
        temporary = out.file(tmp_path / "a")
        temporary.unlink()
        temporary.symlink_to("/dev/full")
        with temporary.open("w") as stream:
            stream.write("x" * 100_000)
    assert names(tmp_path) == set()


def test_other_write_failures_name_the_output(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"can't write .*a: Permission denied"), Outputs() as out:
        out.file(tmp_path / "a")
        raise PermissionError(errno.EACCES, "Permission denied")
    assert names(tmp_path) == set()


def read_arrow(path: Path) -> object:
    """Read as Arrow does, whose errors leave the field for the file's name empty."""
    return pq.ParquetFile(path)


@pytest.mark.parametrize("read", [Path.read_bytes, os.listdir, read_arrow])
@pytest.mark.parametrize("inner", [False, True], ids=["", "os_errors"])
def test_an_input_that_is_missing_is_told_as_that(
    tmp_path: Path, read: Callable[[Path], object], inner: bool
) -> None:
    """In a block that writes outputs, whichever was handed out last; and nothing is left of these."""
    missing = tmp_path / "people.csv"
    with pytest.raises(DataError) as caught, Outputs() as out:
        out.file(tmp_path / "a").write_text("x")
        (out.folder(tmp_path / "c") / "inside").write_text("y")
        if inner:
            with os_errors(tmp_path / "a"):
                read(missing)
        else:
            read(missing)
    assert caught.value.problem == f"{missing}: no such file"
    assert caught.value.hint == "Check the path and the spelling."
    assert isinstance(caught.value.__cause__, FileNotFoundError)
    assert names(tmp_path) == set()


def test_an_input_that_cannot_be_read_is_told_as_that(tmp_path: Path) -> None:
    """Here a folder where a file should be; for whatever reason, as the system gives it."""
    (tmp_path / "people.csv").mkdir()
    with pytest.raises(DataError) as caught, Outputs() as out:
        out.file(tmp_path / "a")
        (tmp_path / "people.csv").read_bytes()
    reason = os.strerror(errno.EISDIR)
    assert caught.value.problem == f"{tmp_path / 'people.csv'}: can't be read: {reason}"
    assert "may read it" in (caught.value.hint or "")
    with (
        pytest.raises(DataError, match=r"^people\.csv: can't be read: no$"),
        os_errors(tmp_path / "a"),
    ):
        raise PermissionError(errno.EACCES, "no", b"people.csv")


def test_an_output_of_another_block_is_told_as_that(tmp_path: Path) -> None:
    """What only writing can meet."""
    (tmp_path / "made").mkdir()
    with pytest.raises(OutputError, match=r"can't write .*made: File exists"), Outputs() as out:
        out.file(tmp_path / "a")
        (tmp_path / "made").mkdir()


@pytest.mark.parametrize("cwd", [False, True], ids=["absolute", "relative"])
@pytest.mark.parametrize("name", ["a", "a.b", "c"])
@pytest.mark.parametrize("number", [errno.EACCES, errno.ENOENT, errno.ENOSPC])
def test_of_several_outputs_the_one_that_fails_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, number: int, cwd: bool
) -> None:
    """By the name of the temporary file, or of one in a temporary folder."""
    monkeypatch.chdir(tmp_path)
    folder = Path() if cwd else tmp_path
    with pytest.raises(OutputError) as caught, Outputs() as out:
        waiting = {
            "a.b": out.file(folder / "a.b"),
            "a": out.file(folder / "a"),
            "c": out.folder(folder / "c") / "deep" / "links.parquet",
        }
        raise OSError(number, os.strerror(number), str(waiting[name]))
    whose = f"no space left on the disk while writing {folder / name}"
    if number != errno.ENOSPC:
        whose = f"can't write {folder / name}: {os.strerror(number)}"
    assert caught.value.problem == whose
    assert caught.value.hint is not None
    assert names(tmp_path) == set()


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC])
def test_of_several_outputs_all_are_told_where_no_file_is_named(
    tmp_path: Path, number: int
) -> None:
    """A write that fails names none; the one that is written is told by whoever says which that is."""
    both = f"{tmp_path / 'a'} or {tmp_path / 'b'}"
    with pytest.raises(OutputError, match=re.escape(both)), Outputs() as out:
        out.file(tmp_path / "a")
        out.file(tmp_path / "b")
        raise OSError(number, os.strerror(number))
    with pytest.raises(OutputError) as caught, Outputs() as out:
        out.file(tmp_path / "a")
        out.file(tmp_path / "b")
        with os_errors(tmp_path / "a"):
            raise OSError(number, os.strerror(number))
    assert str(tmp_path / "a") in caught.value.problem
    assert str(tmp_path / "b") not in caught.value.problem


def test_a_full_disk_is_a_matter_of_the_output_whatever_file_is_named(tmp_path: Path) -> None:
    """Also where it is met by a temporary file somewhere else."""
    full = OSError(errno.ENOSPC, "full", "/tmp/elsewhere")
    with (
        pytest.raises(OutputError, match=r"no space left on the disk while writing .*a$"),
        Outputs() as out,
    ):
        out.file(tmp_path / "a")
        raise full
    with pytest.raises(OutputError, match="no space left"), os_errors(tmp_path / "a"):
        raise full


@pytest.mark.parametrize("name", [".", "a", ".a.0f.partial", ".a.0f.old/x", ".pprl-x7", "a/in"])
def test_what_belongs_to_an_output_is_told_of_it(tmp_path: Path, name: str) -> None:
    """Its folder, what waits to become it, and what is written beside it without a name of its own."""
    with (
        pytest.raises(OutputError, match=r"can't write .*a: Permission denied$"),
        os_errors(tmp_path / "a"),
    ):
        raise PermissionError(errno.EACCES, "Permission denied", str(tmp_path / name))


@pytest.mark.parametrize("name", ["b", ".b.0f.partial", "a.csv", ".a.csv", "x/a", ".a.0f.txt"])
def test_what_only_lies_beside_an_output_is_none_of_it(tmp_path: Path, name: str) -> None:
    """As the input does most of the time; unless the caller says that it is written too."""
    denied = PermissionError(errno.EACCES, "Permission denied", str(tmp_path / name))
    with (
        pytest.raises(DataError, match="can't be read: Permission denied"),
        os_errors(tmp_path / "a"),
    ):
        raise denied
    with (
        pytest.raises(OutputError, match=r"can't write .*a: Permission denied$"),
        os_errors(tmp_path / "a", tmp_path / name),
    ):
        raise denied


def test_a_reader_who_has_gone_is_no_failure_of_a_file(tmp_path: Path) -> None:
    """When a progress line is written to a closed pipe while outputs are."""
    with pytest.raises(BrokenPipeError), Outputs() as out:
        out.file(tmp_path / "a")
        with os_errors(tmp_path / "a"):
            raise BrokenPipeError(errno.EPIPE, "Broken pipe")
    assert names(tmp_path) == set()


@pytest.mark.parametrize("name", ["a", "b", "c"])
@pytest.mark.parametrize(
    "error",
    [OSError(errno.ENOSPC, "full"), PermissionError(errno.EACCES, "no"), KeyboardInterrupt()],
    ids=["full", "refused", "interrupt"],
)
@pytest.mark.parametrize("force", [False, True])
def test_failing_commit_takes_everything_back(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    error: BaseException,
    force: bool,
) -> None:
    """Whichever of three outputs can't take its name, none stays, and replaced ones are as before."""
    if force:
        (tmp_path / "a").write_text("old a")
        (tmp_path / "b").write_text("old b")
        (tmp_path / "c").mkdir()
        (tmp_path / "c" / "inside").write_text("old c")
    fail_at(monkeypatch, name, error)
    expected = KeyboardInterrupt if isinstance(error, KeyboardInterrupt) else OutputError
    with pytest.raises(expected):
        make_two(tmp_path, force=force)
    assert names(tmp_path) == ({"a", "b", "c"} if force else set())
    if force:
        assert (tmp_path / "a").read_text() == "old a"
        assert (tmp_path / "b").read_text() == "old b"
        assert (tmp_path / "c" / "inside").read_text() == "old c"


@pytest.mark.parametrize("name", ["a", "b", "c"])
def test_nothing_is_replaced_without_force(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("old")
    with pytest.raises(OutputError, match=f"{name} exists already") as caught:
        make_two(tmp_path)
    assert caught.value.hint is not None
    assert "--force" in caught.value.hint
    assert names(tmp_path) == {name}
    assert (tmp_path / name).read_text() == "old"


@pytest.mark.parametrize("appearing", ["a", "b", "c"])
def test_file_that_appears_meanwhile_is_kept(tmp_path: Path, appearing: str) -> None:
    """Another run takes a name between the first check and the end: it keeps it, we leave nothing."""
    with pytest.raises(OutputError, match="exists already"), Outputs() as out:
        out.file(tmp_path / "a").write_text("ours")
        out.folder(tmp_path / "c")
        out.file(tmp_path / "b").write_text("ours")
        (tmp_path / appearing).write_text("theirs")
    assert names(tmp_path) == {appearing}
    assert (tmp_path / appearing).read_text() == "theirs"


def test_file_that_appears_at_the_last_moment_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even between the last check and the taking of the name."""
    real = os.link

    def late(source: Path, destination: Path) -> None:
        Path(destination).write_text("theirs")
        real(source, destination)

    monkeypatch.setattr(os, "link", late)
    with pytest.raises(OutputError, match="exists already"), Outputs() as out:
        out.file(tmp_path / "a").write_text("ours")
    assert names(tmp_path) == {"a"}
    assert (tmp_path / "a").read_text() == "theirs"


def test_file_system_without_hard_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    make_two(tmp_path)
    assert names(tmp_path) == {"a", "b", "c"}
    assert (tmp_path / "a").read_text() == "new a"


def test_force_replaces_files_and_folders(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("old")
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "stale").write_text("old")
    make_two(tmp_path, force=True)
    assert names(tmp_path) == {"a", "b", "c"}
    assert (tmp_path / "a").read_text() == "new a"
    assert names(tmp_path / "c") == {"inside"}


def test_force_never_trades_a_folder_for_a_file(tmp_path: Path) -> None:
    """A mistyped output path must not cost a folder."""
    (tmp_path / "records").mkdir()
    (tmp_path / "records" / "precious").write_text("x")
    with (
        pytest.raises(OutputError, match="is a folder and can't be replaced by a file"),
        Outputs(force=True) as out,
    ):
        out.file(tmp_path / "records")
    (tmp_path / "file").write_text("x")
    with (
        pytest.raises(OutputError, match="is a file and can't be replaced by a folder"),
        Outputs(force=True) as out,
    ):
        out.folder(tmp_path / "file")
    assert names(tmp_path) == {"records", "file"}
    assert names(tmp_path / "records") == {"precious"}


def test_force_replaces_only_a_folder_of_its_own_kind(tmp_path: Path) -> None:
    (tmp_path / "records").mkdir()
    with Outputs(force=True) as out:
        (out.folder(tmp_path / "records", holds="run.json") / "run.json").write_text("1")
    with Outputs(force=True) as out:
        (out.folder(tmp_path / "records", holds="run.json") / "run.json").write_text("2")
    assert (tmp_path / "records" / "run.json").read_text() == "2"
    (tmp_path / "records" / "run.json").rename(tmp_path / "records" / "precious")
    with pytest.raises(OutputError, match="is not a links folder"), Outputs(force=True) as out:
        out.folder(tmp_path / "records", holds="run.json")
    assert names(tmp_path) == {"records"}
    assert names(tmp_path / "records") == {"precious"}


def test_force_replaces_a_link_and_not_what_it_points_to(tmp_path: Path) -> None:
    (tmp_path / "target").write_text("old")
    (tmp_path / "a").symlink_to(tmp_path / "target")
    with Outputs(force=True) as out:
        out.file(tmp_path / "a").write_text("new")
    assert (tmp_path / "target").read_text() == "old"
    assert not (tmp_path / "a").is_symlink()


def test_dangling_link_counts_as_existing(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "absent")
    with pytest.raises(OutputError, match="exists already"):
        check_new(tmp_path / "a")


def test_one_path_cannot_be_two_outputs(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="exists already"), Outputs() as out:
        out.file(tmp_path / "a").write_text("1")
        out.file(tmp_path / "a").write_text("2")
    assert names(tmp_path) == set()


@POSIX
@pytest.mark.parametrize("force", [False, True])
def test_private_files_are_private_from_the_start(tmp_path: Path, force: bool) -> None:
    if force:
        (tmp_path / "a").write_text("old")
        (tmp_path / "a").chmod(0o644)
    before = os.umask(0)
    try:
        with Outputs(force=force) as out:
            secret = out.file(tmp_path / "a")
            plain = out.file(tmp_path / "b", public=True)
            folder = out.folder(tmp_path / "c")
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700
            assert stat.S_IMODE(secret.stat().st_mode) == 0o600
            assert stat.S_IMODE(plain.stat().st_mode) == 0o666
            secret.write_text("x")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o600


@pytest.mark.parametrize("path", ["", ".", "..", "/", "x/.."])
def test_path_without_a_name_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x").mkdir()
    for force in (False, True):
        with pytest.raises(OutputError), Outputs(force=force) as out:
            out.folder(Path(path))
    assert names(tmp_path) == {"x"}


def test_missing_folder_and_impossible_name(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"the folder .* does not exist"):
        check_new(tmp_path / "absent" / "a")
    with pytest.raises(OutputError, match="can't write"):
        check_new(tmp_path / ("x" * 400))
    # A name that is itself allowed may leave no room for the temporary one.
    with pytest.raises(OutputError, match="can't write"), Outputs() as out:
        out.file(tmp_path / ("x" * 250))
    assert names(tmp_path) == set()


def test_existing_temporary_is_never_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A link planted under the temporary name does not receive the secret."""
    monkeypatch.setattr(outputs.secrets, "token_hex", lambda _: "00")
    (tmp_path / ".a.00.partial").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OutputError, match="can't write"), Outputs() as out:
        out.file(tmp_path / "a")
    assert not (tmp_path / "elsewhere").exists()
