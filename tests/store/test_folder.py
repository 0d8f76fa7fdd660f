"""Folders where files appear whole: one contract for all, on real stores."""

import errno
import fcntl
import os
import socket
import subprocess
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from hw3.files import UnusableFile
from study.spec.errors import StudyError
from study.store.folder import TEMPORARY, LocalFolder
from study.store.open import open_folder


def socket_at(path):
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(os.fspath(path))


@pytest.fixture(params=["local", "memory", "s3"])
def folder(request, tmp_path):
    if request.param == "local":
        return open_folder(tmp_path / "ein Ordner mit ü")
    if request.param == "memory":
        return open_folder(f"memory://{tmp_path.name}/ein Ordner mit ü")
    bucket = request.getfixturevalue("s3_bucket")
    return open_folder(f"{bucket}/ein Ordner mit ü")


def test_a_file_comes_back_and_can_be_replaced_renamed_and_deleted(folder):
    inner = folder / "inner"
    assert inner.names() == []
    assert inner.read("a.json") is None
    inner.write("a.json", b"old")
    inner.write("a.json", b"n", memoryview(b"ew"), durable=False)
    inner.write("b.pt", b"")
    assert inner.names() == ["a.json", "b.pt"]
    assert inner.names(".json") == ["a.json"]
    assert list(inner.each(".json", inner.read)) == [b"new"]
    inner.rename("a.json", "b.pt")
    assert inner.names() == ["b.pt"]
    assert inner.read("b.pt") == b"new"
    inner.delete("b.pt")
    inner.delete("b.pt")
    assert inner.names() == []
    with pytest.raises(FileNotFoundError):
        inner.rename("a.json", "b.pt")


def test_folders_inside_are_listed_and_files_are_not(folder):
    outer = folder / "outer"
    assert outer.folders() == []
    outer.write("file", b"")
    for name in ("b", "a"):
        (outer / name).write("file", b"")
    assert outer.folders() == ["a", "b"] and outer.names() == ["file"]


def test_location_opens_the_same_folder(folder):
    (folder / "inner").write("a", b"1")
    assert (open_folder(str(folder)) / "inner").read("a") == b"1"
    folder.check_access()


def test_unknown_kind_of_location_names_the_rule():
    with pytest.raises(StudyError, match=r"pyarrow or fsspec.*nothing://x"):
        open_folder("nothing://x")


@pytest.mark.parametrize("scheme", ["s3", "gs", "hdfs", "abfs", "abfss", "viewfs", "sftp"])
def test_what_pyarrow_or_fsspec_know_is_opened_without_asking_it(scheme):
    assert str(open_folder(f"{scheme}://place/folder")) == f"{scheme}://place/folder"


def test_a_bucket_that_is_not_there_is_one_error(s3_bucket):
    with pytest.raises(StudyError, match="s3://nowhere/results"):
        open_folder("s3://nowhere/results").check_access()


def test_a_store_that_does_not_answer_for_a_while_is_asked_again(s3_bucket, monkeypatch):
    """Its address is a closed port at first, where a server starts meanwhile."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    folder = open_folder(f"{s3_bucket}/later?endpoint_override={address}&scheme=http")
    monkeypatch.setattr("study.store.remote.PATIENCE", 15.0)  # asked again every half second
    forwarding = threading.Timer(1.0, forward, [address, os.environ["AWS_ENDPOINT_URL"]])
    forwarding.daemon = True
    forwarding.start()
    folder.write("a", b"1")
    assert folder.read("a") == b"1"
    monkeypatch.setattr("study.store.remote.PATIENCE", 0.0)
    with pytest.raises(OSError, match="b: "):
        dead = open_folder(f"{s3_bucket}/later?endpoint_override=127.0.0.1:9&scheme=http")
        dead.write("b", b"1")


def forward(address, target):
    """Pass on whatever comes to the address, one connection after another."""
    host, port = address.split(":")
    with socket.create_server((host, int(port))) as server:
        while True:
            near, _ = server.accept()
            far = socket.create_connection(("127.0.0.1", int(target.rsplit(":", 1)[1])))
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=pump, args=(source, sink), daemon=True).start()


def pump(source, sink):
    with source, sink, suppress(OSError):  # the other direction closes both, too
        while data := source.recv(65536):
            sink.sendall(data)


def test_relative_path_keeps_its_meaning(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = open_folder("results")
    monkeypatch.chdir("/")
    (folder / "trials").write("a", b"1")
    assert (tmp_path / "results" / "trials" / "a").read_bytes() == b"1"
    assert str(folder / "trials") == "results/trials"


def test_a_write_that_fails_leaves_the_old_file_whole(tmp_path, monkeypatch):
    folder = LocalFolder(tmp_path)
    folder.write("file", b"old")

    def fail(_descriptor):
        raise OSError(errno.EIO, "input or output error")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="input or output error"):
        folder.write("file", b"new")
    assert folder.read("file") == b"old"
    assert os.listdir(tmp_path) == ["file"]


def test_a_full_disk_is_told_with_the_file_and_what_is_missing(small_disk):
    folder = LocalFolder(small_disk(64))
    with pytest.raises(OSError, match=r"100\.0 kB .* (\d+\.\d) kB free, .* missing.*'.*/big'"):
        folder.write("big", bytes(100_000))
    assert folder.names() == []
    folder.write("small", bytes(1000))


def test_sweep_removes_what_dead_writers_left_and_nothing_else(tmp_path):
    folder = LocalFolder(tmp_path)
    folder.write("file", b"1")
    left = tmp_path / f"{TEMPORARY}file.0"
    left.write_bytes(b"")
    assert folder.names() == ["file"]
    with left.open("r+b") as writing:
        fcntl.flock(writing, fcntl.LOCK_EX)
        folder.sweep()
        assert left.exists()
    folder.sweep()
    assert not left.exists()
    assert folder.names() == ["file"]


def test_read_only_file_system_is_one_error(small_disk):
    path = small_disk(64)
    subprocess.run(["mount", "-o", "remount,ro", path], check=True)
    with pytest.raises(StudyError, match="written"):
        (LocalFolder(path) / "results").check_access()


def test_no_clock_makes_a_living_writers_file_an_abandoned_one(tmp_path, monkeypatch):
    """Another driver sweeps, a year later by its clock, while a write is under way."""
    folder, real = LocalFolder(tmp_path), os.fsync

    def sweep_meanwhile(descriptor):
        real(descriptor)
        (writing,) = tmp_path.glob(f"{TEMPORARY}*")
        os.utime(writing, (0, 0))
        folder.sweep()
        assert writing.exists()

    monkeypatch.setattr(os, "fsync", sweep_meanwhile)
    folder.write("file", b"1")
    assert folder.read("file") == b"1"


def test_a_file_that_is_removed_while_it_is_written_is_written_again(tmp_path, monkeypatch):
    """As on a file system without locks, by the sweep of another host."""
    folder, real, swept = LocalFolder(tmp_path), os.fsync, []

    def remove_once(descriptor):
        real(descriptor)
        if not swept:
            swept.extend(tmp_path.glob(f"{TEMPORARY}*"))
            swept[0].unlink()

    monkeypatch.setattr(os, "fsync", remove_once)
    folder.write("file", b"1")
    assert swept and folder.read("file") == b"1"


def test_a_link_in_place_of_a_file_is_replaced_not_followed(tmp_path):
    precious = tmp_path / "precious"
    precious.write_text("thesis")
    results = LocalFolder(tmp_path / "results")
    results.write("other", b"")
    (results.path / "file").symlink_to(precious)
    (results.path / f"{TEMPORARY}file.0").symlink_to(precious)
    results.sweep()
    results.write("file", b"1")
    assert precious.read_text() == "thesis"
    assert not (results.path / "file").is_symlink()


def test_a_link_inside_the_results_leads_no_change_elsewhere(tmp_path):
    elsewhere = LocalFolder(tmp_path / "elsewhere")
    elsewhere.write("file", b"precious")
    elsewhere.write(f"{TEMPORARY}file.0", b"")
    (tmp_path / "results").symlink_to(tmp_path / "real")  # the way to the results may be a link
    (tmp_path / "real").mkdir()
    (tmp_path / "real/study").symlink_to(elsewhere.path)
    inner = LocalFolder(tmp_path / "results") / "study" / "checkpoints"
    study = LocalFolder(tmp_path / "results") / "study"
    before = sorted(os.listdir(elsewhere.path))
    for change in (
        lambda: study.write("file", b"1"),
        lambda: inner.write("file", b"1"),
        lambda: study.rename("file", "other"),
        lambda: study.delete("file"),
        study.sweep,
    ):
        with pytest.raises(OSError, match="symbolic link"):
            change()
    assert sorted(os.listdir(elsewhere.path)) == before
    assert elsewhere.read("file") == b"precious"


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, socket_at], ids=["pipe", "folder", "socket"])
def test_only_regular_files_are_read_and_without_waiting(tmp_path, make):
    make(tmp_path / "file")
    with pytest.raises(UnusableFile, match="not a regular file"):
        LocalFolder(tmp_path).read("file")


def test_a_file_larger_than_it_may_be_is_not_read(folder):
    folder.write("file", b"12345")
    assert folder.read("file", limit=5) == b"12345"
    with pytest.raises(UnusableFile, match="too large"):
        folder.read("file", limit=4)


def test_files_set_aside_keep_each_other(folder):
    for content in (b"1", b"2"):
        folder.write("file", content)
        folder.set_aside("file", "damaged")
    assert folder.names() == ["file.damaged", "file.damaged-2"]
    assert folder.read("file.damaged") == b"1"
    with pytest.raises(FileNotFoundError):
        folder.set_aside("file", "damaged")


@pytest.mark.parametrize("location", ["", " ", "file://", "~nobody-of-that-name/results"])
def test_a_path_of_no_folder_is_one_error(location):
    with pytest.raises(StudyError, match="results must be a folder"):
        open_folder(location)


def test_a_working_directory_that_was_removed_is_one_error(tmp_path, monkeypatch):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    LocalFolder(Path("results"))  # as the default of an option
    with pytest.raises(StudyError, match="working directory was removed"):
        open_folder("results")
