"""Fixtures that several tests share."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path

import pandas as pd
import pytest
import torch

from hw3.phantom import make_phantoms

S3_ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "made",
    "AWS_SECRET_ACCESS_KEY": "made",
    "AWS_DEFAULT_REGION": "us-east-1",
}


# The commands that tests start have one core, as each of pytest's workers has.
os.environ.setdefault("OMP_NUM_THREADS", "1")


def pytest_itemcollected(item: pytest.Item) -> None:
    """Tests that start Ray follow each other: several runtimes would wait for the same cores."""
    if item.get_closest_marker("ray") and not item.get_closest_marker("xdist_group"):
        item.add_marker(pytest.mark.xdist_group("ray"))


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """Trainings use one thread, as in the product's workers, whatever was imported first."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session", autouse=True)
def phantoms_once() -> Iterator[None]:
    """Data of equal size is drawn once: each plan asks for 2400 images, which take seconds."""
    drawn = lru_cache(maxsize=8)(make_phantoms)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("hw3.sources.phantom.make_phantoms", drawn)
        yield


@pytest.fixture
def shared_data() -> Path:
    """The folder of real data beside the checkout; only developers and CI have it."""
    folder = Path(__file__).parents[1] / ".." / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"real data not there: {folder}")
    return folder


@pytest.fixture
def small_disk(tmp_path) -> Iterator[Callable[..., Path]]:
    """Mounts a file system of so many KiB, in a new folder or in the given one."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("only root can mount a small file system")
    mounted = []

    def mount(kibibytes: int, folder: Path = tmp_path / "disk") -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        options = ["-t", "tmpfs", "-o", f"size={kibibytes}k"]
        answer = subprocess.run(["mount", *options, "tmpfs", folder], capture_output=True)
        if answer.returncode:
            pytest.skip(f"no file system can be mounted here: {answer.stderr.decode()}")
        mounted.append(folder)
        return folder

    yield mount
    for folder in mounted:
        subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    """The address of an S3 server on loopback, with an empty memory."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = Path(sys.executable).with_name("moto_server")
    server = subprocess.Popen(
        [program, "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 60
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            break
        except OSError:
            assert time.monotonic() < deadline and server.poll() is None
            time.sleep(0.1)
    yield f"http://127.0.0.1:{port}"
    server.kill()
    server.wait()


@pytest.fixture
def s3_bucket(s3_server, monkeypatch) -> str:
    """The URI of a bucket on the S3 server, which this process and its children find."""
    import boto3

    for name, value in (S3_ENVIRONMENT | {"AWS_ENDPOINT_URL": s3_server}).items():
        monkeypatch.setenv(name, value)
    boto3.client("s3").create_bucket(Bucket="bucket")
    return "s3://bucket"


@pytest.fixture(scope="session")
def whole_run(tmp_path_factory) -> pd.DataFrame:
    """The table of the small study of `tests.runs` where nothing went wrong."""
    from tests.runs import finish, table_of  # needs psutil, which a bare GPU machine lacks

    results = tmp_path_factory.mktemp("whole")
    assert finish(results) == (0, "")
    return table_of(results)
