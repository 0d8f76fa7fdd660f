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
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.hosts import SHARED, Host, made_hosts, missing

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.xdist_group("ray"),
    pytest.mark.skipif(bool(missing()), reason=missing()),
]
ROOT = Path(__file__).parents[1]
RAY = str(Path(sys.executable).with_name("ray"))
LONG = ["--profile", "smoke", "--epochs", "60"]  # long enough for something to happen meanwhile


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
        """Hand a study to the cluster; the job's id."""
        answer = self.call(
            *(RAY, "job", "submit", "--address", self.address, "--no-wait", "--working-dir", "."),
            *("--", "python", "-m", "study.task_c", "--address", "auto"),
            *("--results", str(SHARED / name), *options),
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
    lab.wait(lab.submit("first", "--profile", "smoke", "--epochs", "10"))
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
