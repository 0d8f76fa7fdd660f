"""Folders where files appear whole: one contract for all, on real stores."""

import errno
import fcntl
import os
import socket
import subprocess
import threading
from contextlib import suppress

import pytest

from study.spec.errors import StudyError
from study.store.folder import TEMPORARY, LocalFolder
from study.store.open import open_folder


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
