"""The product on three separate hosts, brought up by its own `cluster.yaml` and used from outside.

Of `cluster.yaml` only what it marks with EDIT is replaced.
"""

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from tests.hosts import SHARED, Host, made_hosts, missing

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.xdist_group("cluster"),
    pytest.mark.skipif(bool(missing()), reason=missing()),
]
ROOT = Path(__file__).parents[1]
RAY = str(Path(sys.executable).with_name("ray"))
# Long enough for every host to get trials, and for something to happen meanwhile.
LONG = ["--profile", "smoke", "--epochs", "150", "--trials", "6", "--seeds", "3"]


@dataclass
class Lab:
    """Three hosts, the first of them the head, and what a user has at hand outside them."""

    hosts: list[Host]
    config: Path
    home: Path
    port: int

    @property
    def shared(self) -> Path:
        """What lies at SHARED on every host."""
        return self.hosts[0].shared

    @property
    def address(self) -> str:
        """Of the jobs API, through the tunnel."""
        return f"http://127.0.0.1:{self.port}"

    def call(self, *command: str, timeout: float = 240) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=ROOT,
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout,
            check=False,
        )

    def environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in os.environ if not name.startswith("RAY_")}
        return kept | {"HOME": str(self.home), "RAY_AUTH_MODE": "token"}

    def up(self) -> None:
        """Bring the cluster up and wait until all hosts have joined."""
        answer = self.call(RAY, "up", "-y", "--no-config-cache", str(self.config))
        assert answer.returncode == 0, answer.stdout
        wait_for(lambda: self.nodes() == len(self.hosts), 120)

    def ask(self, path: str) -> Any:
        """What the head's dashboard answers there; a user would open a page."""
        program = (
            "import pathlib, urllib.request as r; "
            "token = pathlib.Path('~/.ray/auth_token').expanduser().read_text().strip(); "
            f"asked = r.Request('http://127.0.0.1:8265{path}', "
            "headers={'Authorization': 'Bearer ' + token}); print(r.urlopen(asked).read().decode())"
        )
        answer = self.hosts[0].ssh(f'python3 -c "{program}"', check=False)
        return json.loads(answer.stdout) if answer.returncode == 0 else {}

    def nodes(self) -> int:
        """Hosts that are in the cluster."""
        answer = self.ask("/api/v0/nodes").get("data", {"result": {"result": []}})
        return sum(node["state"] == "ALIVE" for node in answer["result"]["result"])

    @contextmanager
    def tunnel(self) -> Iterator[None]:
        """`ray dashboard`, as long as it is needed."""
        command = [RAY, "dashboard", "-p", str(self.port), str(self.config)]
        with subprocess.Popen(
            command,
            env=self.environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        ) as process:
            try:
                wait_for(lambda: answers(self.port), 60)
                yield
            finally:
                os.killpg(process.pid, 15)

    def submit(self, name: str, *options: str) -> str:
        """Hand a study with results of that name to the cluster; the job's id."""
        return self.submit_at(str(SHARED / name), *options)

    def submit_at(self, results: str, *options: str) -> str:
        answer = self.call(
            *(RAY, "job", "submit", "--address", self.address, "--no-wait", "--working-dir", "."),
            *("--", "python", "-m", "study.task_c", "--address", "auto"),
            *("--results", results, *options),
        )
        assert answer.returncode == 0, answer.stdout
        return re.findall(r"raysubmit_\w+", answer.stdout)[0]

    def status(self, job: str) -> str:
        return self.ask(f"/api/jobs/{job}").get("status", "unknown")

    def log(self, job: str) -> str:
        return self.ask(f"/api/jobs/{job}/logs")["logs"]

    def wait(self, job: str, seconds: float = 240) -> str:
        """What the job has printed, when it has succeeded."""
        wait_for(lambda: self.status(job) in ("SUCCEEDED", "FAILED", "STOPPED"), seconds)
        log = self.log(job)
        assert self.status(job) == "SUCCEEDED", log
        return log

    def records(self, name: str) -> dict[str, tuple[dict[str, Any], int]]:
        """Each finished trial's record, and when it was written (nanoseconds)."""
        files = (self.shared / name / "trials").glob("*.json")
        return {f.stem: (json.loads(f.read_text()), f.stat().st_mtime_ns) for f in files}


def wait_for(condition: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(1)


def answers(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.fixture(scope="module")
def lab(tmp_path_factory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("lab")
    home = folder / "home"
    home.mkdir()
    with made_hosts(3, folder) as hosts:
        config = yaml.safe_load((ROOT / "cluster.yaml").read_text())
        head, *workers = [host.address for host in hosts]
        config["provider"] |= {"head_ip": head, "worker_ips": workers}
        config["auth"] = {"ssh_user": "root", "ssh_private_key": str(hosts[0].key)}
        (folder / "cluster.yaml").write_text(yaml.safe_dump(config))
        lab = Lab(hosts, folder / "cluster.yaml", home, free_port())
        lab.call(RAY, "get-auth-token", "--generate")
        (home / ".ray/auth_token").chmod(0o600)
        lab.up()
        with lab.tunnel():
            yield lab
        assert lab.call(RAY, "down", "-y", str(lab.config)).returncode == 0


def test_a_study_runs_on_all_hosts_and_its_report_can_be_fetched(lab):
    lab.wait(lab.submit("first", *LONG))
    hosts = {record["provenance"]["host"] for record, _ in lab.records("first").values()}
    assert hosts == {host.name for host in lab.hosts}
    assert "<html" in (lab.shared / "first/task_c/report.html").read_text()


def interrupt(lab: Lab, name: str, host: Host, happens: Callable[[], None]) -> str:
    """Let something happen to a host while trials run on it; what the study printed meanwhile.

    Nothing that was finished before is trained again.
    """
    job = lab.submit(name, *LONG)
    wait_for(lambda: len(lab.records(name)) >= 2 and host.trials() > 0, 180)
    before = lab.records(name)
    happens()
    log = lab.wait(job)
    after = lab.records(name)
    assert {key: after[key] for key in before} == before
    assert {record["status"] for record, _ in after.values()} <= {"complete", "stopped"}
    return log


GRPC = """
import json, sys, grpc
METHODS = {
    "gcs": "/ray.rpc.NodeInfoGcsService/GetAllNodeInfo",
    "raylet": "/ray.rpc.NodeManagerService/GetNodeStats",
    "objects": "/ray.rpc.ObjectManagerService/FreeObjects",
    "agent": "/ray.rpc.ReporterService/HealthCheck",
    "client": "/ray.rpc.RayletDriver/ClusterInfo",
}
token, *addresses = sys.argv[1:]
said = {}
for address in addresses:
    with grpc.insecure_channel(address) as channel:
        for name, method in METHODS.items():
            metadata = [("authorization", "Bearer " + token)] if token else []
            try:
                channel.unary_unary(method)(b"", timeout=10, metadata=metadata)
                answer = "OK"
            except grpc.RpcError as error:
                answer = error.code().name
            said.setdefault(address, {})[name] = answer
print(json.dumps(said))
"""


HTTP = """
import sys, urllib.request, urllib.error
for address in sys.argv[1:]:
    for path in ("/", "/metrics", "/api/job_agent/jobs/", "/get_or_create_runtime_env"):
        for body in (None, b"{}"):
            try:
                answer = urllib.request.urlopen(f"http://{address}{path}", body, 10).status
            except urllib.error.HTTPError as error:
                answer = error.code
            except Exception:
                answer = "not HTTP"
            print(answer, "POST" if body else "GET", address + path)
"""


def listeners(host: Host) -> list[tuple[str, int]]:
    """Where it can be reached from outside, but for ssh: address, port."""
    found = re.findall(r"LISTEN +\d+ +\d+ +(\S+):(\d+)", host.ssh("ss -ltn").stdout)
    shown = {(name.strip("[]").removeprefix("::ffff:"), int(port)) for name, port in found}
    return [(name, port) for name, port in shown if not name.startswith("127.") and port != 22]


def test_nothing_answers_another_host_without_the_token(lab):
    """Every port that another host reaches is asked for what Ray offers there."""
    stranger = lab.hosts[2]
    reached = {
        f"{host.address}:{port}": name for host in lab.hosts[:2] for name, port in listeners(host)
    }
    assert f"{lab.hosts[0].address}:6379" in reached
    assert not any(address.endswith(":8265") for address in reached)  # jobs: on loopback alone
    stranger.put("ask.py", GRPC)
    token = (lab.home / ".ray/auth_token").read_text().strip()
    said = {
        key: json.loads(
            stranger.ssh(f"~/hw3-venv/bin/python ask.py '{key}' {' '.join(reached)}").stdout
        )
        for key in ("", "wrong" * 13, token)
    }
    assert said[token][f"{lab.hosts[0].address}:6379"]["gcs"] == "OK"  # the question is a right one
    for key in ("", "wrong" * 13):
        for address, answers in said[key].items():
            assert "OK" not in answers.values(), (address, answers)
    stranger.put("ask_http.py", HTTP)
    answers = stranger.ssh(f"python3 ask_http.py {' '.join(reached)}").stdout.splitlines()
    assert not [answer for answer in answers if answer.startswith("2")]


def test_the_job_port_wants_the_token(lab):
    for token, code in (("", 401), ("wrong", 401)):
        asked = urllib.request.Request(
            f"{lab.address}/api/jobs/",
            headers={"Authorization": f"Bearer {token}"} if token else {},
        )
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(asked, timeout=10)
        assert refused.value.code in (401, 403), code


def test_the_token_is_private_on_every_host(lab):
    for host in lab.hosts:
        assert host.ssh("stat -c %a ~/.ray/auth_token").stdout.strip() == "600"


def test_every_host_holds_one_copy_of_the_data_sent_once(lab):
    rng = np.random.default_rng(0)
    folder = lab.shared / "course"
    folder.mkdir()
    for name in ("normal", "pneumonia"):
        np.save(folder / f"{name}.npy", rng.integers(0, 256, (200, 256, 256), np.uint8))
    size = sum(file.stat().st_size for file in folder.iterdir())
    before = [(host.memory_used(), host.received()) for host in lab.hosts]
    job = lab.submit(
        "copies",
        "--profile",
        "smoke",
        "--data",
        str(SHARED / "course"),
        "--image-size",
        "256",
        "--epochs",
        "2",
        "--trials",
        "6",
    )
    held, received = [0] * 3, [0] * 3
    while lab.status(job) in ("PENDING", "RUNNING"):
        held = [
            max(most, host.memory_used() - was)
            for most, host, (was, _) in zip(held, lab.hosts, before, strict=True)
        ]
        time.sleep(1)
    lab.wait(job)
    received = [host.received() - was for host, (_, was) in zip(lab.hosts, before, strict=True)]
    print(
        f"data {size / 2**20:.1f} MiB; held {[round(n / 2**20, 1) for n in held]}, "
        f"received {[round(n / 2**20, 1) for n in received]} MiB"
    )
    assert all(0.7 * size < most < 1.5 * size for most in held)
    assert all(got < 1.5 * size for got in received[1:])


def test_a_results_folder_that_hosts_do_not_share_is_refused_before_training(lab):
    job = lab.submit_at("/root/own-results", "--profile", "smoke")
    wait_for(lambda: lab.status(job) in ("SUCCEEDED", "FAILED"), 120)
    assert lab.status(job) == "FAILED"
    log = " ".join(lab.log(job).split())
    assert "is not shared: host-2, host-3 of 3 hosts" in log and "Traceback" not in log


def test_a_study_outlives_a_host_that_is_switched_off(lab):
    host = lab.hosts[2]
    log = interrupt(lab, "switched-off", host, host.switch_off)
    print(log)
    host.switch_on()
    lab.up()


def test_a_study_outlives_a_network_that_is_cut_for_a_minute(lab):
    host = lab.hosts[1]

    def cut():
        host.cut_network()
        time.sleep(60)
        host.mend_network()

    print(interrupt(lab, "cut-off", host, cut))
    wait_for(lambda: lab.nodes() == 3, 120)


def test_a_study_goes_on_after_its_head_was_lost(lab):
    lab.submit("headless", *LONG)
    wait_for(lambda: len(lab.records("headless")) >= 3, 120)
    lab.hosts[0].switch_off()
    before = lab.records("headless")
    lab.hosts[0].switch_on()
    lab.up()
    with lab.tunnel():
        lab.wait(lab.submit("headless", *LONG))
    after = lab.records("headless")
    assert len(after) > len(before)
    assert {key: after[key] for key in before} == before
