"""A study on three hosts, brought up by the project's own cluster.yaml, seen from outside them.

What is trained is not asked of the product: each worker leaves a line in a file after each epoch.
"""

import json
import subprocess
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from study.store.provenance import HANDED_ON
from tests.hosts import HOME, PROJECT, ROOT, SHARED, Host, Lab, lab, missing, stop, wait_until
from tests.watch import beyond, watched

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.xdist_group("cluster"),
    pytest.mark.skipif(bool(missing()), reason=missing()),
]
CHECKOUT = '{"commit": "c0ffee", "dirty": false}'  # stands for the laptop's, which may have none
NAMES = ("head", "worker-1", "worker-2")
SMALL = "tests/small_study.py"  # for what does not depend on the study: its report takes less
PACE = 0.3  # seconds, the least that an epoch takes: then faults find trials on any machine
# Python runs it when it starts: the line after each epoch.
TRACE = f"""
import os, platform, sys, time
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import PathFinder

class Traced(Loader):
    def __init__(self, loader):
        self.loader = loader

    def create_module(self, spec):
        return self.loader.create_module(spec)

    def exec_module(self, module):
        self.loader.exec_module(module)
        train = module.StudyTrial.step
        def step(trial):
            started = time.monotonic()
            result = train(trial)
            time.sleep(max(0, started + {PACE} - time.monotonic()))
            ((key, report),) = result["reports"]
            epoch = len(report["rows"])
            line = [key, epoch, platform.node(), os.getpid(), time.time()]
            with open("{SHARED}/epochs", "a") as file:
                file.write(" ".join(map(str, line)) + "\\n")
            return result
        module.StudyTrial.step = step

class Finder(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == "study.pool.trainable":
            spec = PathFinder.find_spec(name, path, target)
            spec.loader = Traced(spec.loader)
            return spec

sys.meta_path.insert(0, Finder())
"""

# A host's death is seen sooner than after Ray's usual minute.
SOON = """
export RAY_health_check_period_ms=1000 RAY_health_check_timeout_ms=3000
export RAY_health_check_failure_threshold=4
"""

# Stops what runs, as `ray job stop` does, whatever its name.
STOP = """
from ray.job_submission import JobSubmissionClient
client = JobSubmissionClient("http://127.0.0.1:8265")
for job in client.list_jobs():
    if job.status.value == "RUNNING":
        client.stop_job(job.submission_id)
"""


# Asks at addresses and ports, with a token or without: one line of JSON for each. gRPC looks at the
# token before the request, which is empty.
PROBE = """
import http.client, json, pathlib, sys
import grpc

METHODS = (
    "ray.rpc.NodeInfoGcsService/GetAllNodeInfo",
    "ray.rpc.JobInfoGcsService/GetAllJobInfo",
    "ray.rpc.NodeManagerService/GetNodeStats",
    "ray.rpc.ObjectManagerService/Pull",
    "ray.rpc.CoreWorkerService/GetCoreWorkerStats",
    "ray.rpc.ReporterService/GetTraceback",
    "ray.rpc.RayletDriver/ClusterInfo",
    "ray.rpc.events.EventAggregatorService/AddEvents",
)
PATHS = ("/", "/metrics", "/api/version", "/api/jobs/", "/nodes", "/logs")
header = {"authorization": f"Bearer {sys.argv[1]}"} if sys.argv[1] else {}

def ask_http(address, port, path):
    connection = http.client.HTTPConnection(address, port, timeout=3)
    try:
        connection.request("GET", path, headers=header)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return type(error).__name__
    finally:
        connection.close()

def ask_grpc(channel, method):
    try:
        channel.unary_unary("/" + method)(b"", timeout=3, metadata=list(header.items()))
        return "OK"
    except grpc.RpcError as error:
        return error.code().name

for target in sys.argv[2:]:
    address, port = target.split(":")
    answers = {path: ask_http(address, int(port), path) for path in PATHS}
    with grpc.insecure_channel(target) as channel:
        answers |= {method.split("/")[1]: ask_grpc(channel, method) for method in METHODS}
    print(json.dumps([target, answers]), flush=True)
"""


class Cluster:
    """The lab's hosts as a Ray cluster."""

    def __init__(self, made: Lab):
        self.lab, self.laptop, self.hosts = made, made.laptop, made.hosts
        self.head = made.hosts[0]
        self._tunnel: subprocess.Popen[str] | None = None
        text = (ROOT / "cluster.yaml").read_text()
        workers = ", ".join(host.address for host in self.hosts[1:])
        edited = {"HEAD_ADDRESS": self.head.address, "WORKER_ADDRESS": workers, "SSH_USER": "root"}
        for name, value in edited.items():
            assert name in text
            text = text.replace(name, value)
        (self.laptop.root / "home/cluster.yaml").write_text(text)
        for host in self.hosts:
            packages = next((host.root / "home/hw3-venv").glob("lib/python*/site-packages"))
            (packages / "trace_epochs.py").write_text(TRACE)
            (packages / "trace_epochs.pth").write_text("import trace_epochs\n")
            with (host.root / "home/.bashrc").open("a") as file:
                file.write(SOON)

    def up(self) -> None:
        """Check, `ray up`, wait until all hosts are there; then the tunnel."""
        self.laptop.run(f"python -m study cluster check ~/cluster.yaml --results {SHARED}", PROJECT)
        self.laptop.run("ray up -y --no-config-cache ~/cluster.yaml", PROJECT)
        wait_until(lambda: self.alive() == len(self.hosts), 90)
        self.close()
        self._tunnel = self.laptop.open("ray dashboard ~/cluster.yaml")
        wait_until(lambda: "8265" in self.laptop.run("ss -ltnH"), 30)

    def down(self) -> None:
        self.laptop.run("ray down -y ~/cluster.yaml")

    def close(self) -> None:
        if self._tunnel is not None:
            stop(self._tunnel)
            self._tunnel = None

    def alive(self) -> int:
        """Hosts that Ray counts as its own."""
        nodes = self.head.run("RAY_AUTH_MODE=token ray list nodes --format json 2>/dev/null")
        return sum(node["state"] == "ALIVE" for node in json.loads(nodes))

    def submit(self, results: str, options: str, target: str = "task_c") -> subprocess.Popen[str]:
        """Begin a study from the laptop, as the head of cluster.yaml says."""
        line = f"{HANDED_ON}='{CHECKOUT}' python -m study submit {target} --profile smoke {options}"
        return self.laptop.open(f"{line} --results {SHARED}/{results}", PROJECT)


@dataclass(frozen=True)
class Line:
    """An epoch that a worker trained."""

    key: str
    epoch: int
    host: str
    pid: int
    at: float  # seconds since 1970


def lines(cluster: Cluster) -> list[Line]:
    """All epochs that were trained since `forget_lines`, whatever became of them."""
    file = cluster.lab.shared / "epochs"
    parts = [line.split() for line in file.read_text().splitlines()] if file.exists() else []
    return [Line(key, int(n), host, int(pid), float(at)) for key, n, host, pid, at in parts]


def forget_lines(cluster: Cluster) -> None:
    (cluster.lab.shared / "epochs").unlink(missing_ok=True)


def finish(job: subprocess.Popen[str], seconds: float = 400) -> str:
    output, _ = job.communicate(timeout=seconds)
    assert job.returncode == 0, output
    return output


def records(cluster: Cluster, results: str) -> dict[str, dict]:
    files = (cluster.lab.shared / results / "trials").glob("*.json")
    return {file.stem: json.loads(file.read_text()) for file in files}


def written(cluster: Cluster, results: str) -> dict[str, float]:
    """When each record was written, in seconds since 1970."""
    files = (cluster.lab.shared / results / "trials").glob("*.json")
    return {file.stem: file.stat().st_mtime for file in files}


def check_nothing_is_lost(cluster: Cluster, results: str) -> int:
    """Every trial has its record, and none was begun after that; epochs that were done again."""
    found, at = records(cluster, results), written(cluster, results)
    assert {record["status"] for record in found.values()} <= {"complete", "stopped"}
    seen: dict[tuple[str, str, int], float] = {}  # each worker's first epoch of each trial
    for line in lines(cluster):
        seen.setdefault((line.key, line.host, line.pid), line.at)
    assert {key for key, _, _ in seen} == set(found)
    assert [key for (key, _, _), begun in seen.items() if begun > at[key]] == []
    epochs = [(line.key, line.epoch) for line in lines(cluster)]
    return len(epochs) - len(set(epochs))


def shared_memory(host: Host) -> int:
    """Bytes in the host's /dev/shm, which is where Ray has its object store."""
    return int(host.run("df --output=used --block-size=1 /dev/shm").split()[-1])


def received(host: Host) -> int:
    """Bytes that came to the host through its cable."""
    network = Path(f"/proc/{host.pid}/net/dev").read_text()
    return int(network.split("eth0:")[1].split()[0])


def make_course_folder(folder: Path, images: int) -> int:
    """So many images of 256x256 pixels of each class; the bytes of all."""
    folder.mkdir()
    random = np.random.default_rng(0)
    for number, name in enumerate(("normal", "pneumonia")):
        pixels = random.integers(60 * number, 60 * number + 180, (images, 256, 256))
        np.save(folder / f"{name}.npy", pixels.astype(np.uint8))
    return 2 * images * 256 * 256


@dataclass(frozen=True)
class First:
    """What was seen of the cluster's beginning and of its first study.

    Attributes:
        left: what left the head, or was asked for there, from `ray up` to the study's end.
        size: bytes of the study's data.
        memory: the most bytes in the object store of each host.
        got: bytes that came to each host in the time of the study.
    """

    cluster: Cluster
    left: list[str]
    size: int
    memory: dict[Host, int]
    got: dict[Host, int]


@pytest.fixture(scope="module")
def first() -> Iterator[First]:
    with lab(NAMES) as made:
        cluster = Cluster(made)
        made.laptop.run("ray get-auth-token --generate && chmod 600 ~/.ray/auth_token")
        size = make_course_folder(made.shared / "xrays", 150)
        try:
            with watched(cluster.head) as left:
                cluster.up()
                memory, got = run_first_study(cluster)
            yield First(cluster, left, size, memory, got)
        finally:
            cluster.close()


def run_first_study(cluster: Cluster) -> tuple[dict[Host, int], dict[Host, int]]:
    """Of each host, the most bytes in its object store meanwhile, and how many it received."""
    before = {host: received(host) for host in cluster.hosts}
    memory = dict.fromkeys(cluster.hosts, 0)
    options = f"--data {SHARED}/xrays --image-size 256 --epochs 1 --trials 1 --seeds 1"
    job = cluster.submit("first", options)
    while job.poll() is None:
        memory = {host: max(memory[host], shared_memory(host)) for host in cluster.hosts}
        time.sleep(0.2)
    finish(job)
    return memory, {host: received(host) - before[host] for host in cluster.hosts}


@pytest.fixture(scope="module")
def cluster(first) -> Cluster:
    return first.cluster


def test_a_study_runs_on_all_hosts_and_each_gets_the_data_once(first, capsys):
    cluster, size = first.cluster, first.size
    provenances = [record["provenance"] for record in records(cluster, "first").values()]
    assert set(NAMES) == {provenance["host"] for provenance in provenances}
    assert {provenance["commit"] for provenance in provenances} == {"c0ffee"}
    assert check_nothing_is_lost(cluster, "first") == 0
    assert (cluster.lab.shared / "first/task_c/report.html").stat().st_size > 10_000
    tell(capsys, f"data: {size / 1e6:.1f} MB")
    for host in cluster.hosts:
        memory, got = first.memory[host], first.got[host]
        tell(
            capsys,
            f"{host.name}: {memory / 1e6:.1f} MB in /dev/shm, {got / 1e6:.1f} MB received",
        )
        assert 0.9 * size < memory < 1.5 * size
        if host is not cluster.head:
            assert 0.9 * size < got < 1.5 * size


def test_cluster_yamls_head_asks_nobody(first):
    assert f"packet {first.cluster.hosts[1].address}" in first.left
    assert beyond(first.left, *NAMES) == set()


def test_a_study_of_ones_own_runs_on_all_hosts_and_resumes(cluster):
    """Its file, with a model and data of its own, is nowhere but on the laptop."""
    study, options = "examples/digits.py", "--trials 2 --seeds 6 --epochs 6"
    forget_lines(cluster)
    job = cluster.submit("own", options, study)
    wait_until(lambda: len(records(cluster, "own")) >= 2, 120)
    cluster.laptop.run(f"RAY_AUTH_MODE=token python -c '{STOP}'")
    job.communicate(timeout=120)
    kept = records(cluster, "own")
    finish(cluster.submit("own", options, study))
    found = records(cluster, "own")
    assert kept.items() <= found.items() and len(kept) < len(found) == 2 + 3 * 6
    hosts = {record["provenance"]["host"] for record in found.values()}
    assert len(hosts) > 1 and hosts <= set(NAMES)  # trainings are short, and one may start late
    check_nothing_is_lost(cluster, "own")
    assert "Handwritten digits" in (cluster.lab.shared / "own/digits/report.html").read_text()


def test_cluster_check_finds_nothing_wrong_and_says_what_is(cluster):
    check = f"python -m study cluster check ~/cluster.yaml --results {SHARED}"
    answer = cluster.laptop.run(check, PROJECT)
    assert "✗" not in answer and answer.count("✓") >= 5 * len(NAMES), answer
    cluster.head.run("chmod 644 ~/.ray/auth_token")
    wrong = cluster.laptop.open(f"COLUMNS=200 {check.replace(str(SHARED), str(HOME))}", PROJECT)
    output, _ = wrong.communicate(timeout=60)
    cluster.head.run("chmod 600 ~/.ray/auth_token")
    assert wrong.returncode == 1
    found = [line for line in output.splitlines() if line.startswith("✗")]
    workers = ", ".join(host.address for host in cluster.hosts[1:])
    assert len(found) == 2, output
    assert f"{cluster.head.address}" in found[0] and "chmod 600 ~/.ray/auth_token" in found[0]
    assert f"not the same folder on {workers}" in found[1]


def test_results_that_the_hosts_do_not_share_are_refused_before_training(cluster):
    job = cluster.laptop.open(
        f"python -m study submit task_c --profile smoke --results {HOME}/own", PROJECT
    )
    output, _ = job.communicate(timeout=120)
    assert job.returncode == 1
    assert "not shared: of 3 hosts, worker-1, worker-2 cannot" in " ".join(output.split())
    assert "Traceback" not in output
    assert not list((cluster.head.root / "home/own").glob("trials/*"))


def listeners(host: Host) -> dict[str, str]:
    """The programs that listen where other hosts can reach them, by address and port."""
    found = {}
    for line in host.run("ss -ltnpH").splitlines():
        where, program = line.split()[3], line.split('"')[1]
        address, port = where.rsplit(":", 1)
        if "127.0.0.1" not in address and program != "sshd":
            found[f"{host.address}:{port}"] = program
    return found


def ask(host: Host, token: str, targets: Iterable[str]) -> dict[str, dict[str, int | str]]:
    """What answers there, by path and by method: HTTP's status, gRPC's, or the error."""
    (host.root / "home/probe.py").write_text(PROBE)
    answers = host.run(f"python probe.py '{token}' {' '.join(targets)}")
    return dict(map(json.loads, answers.splitlines()))


@pytest.mark.parametrize("wrong", ["", "0" * 64], ids=["no token", "another token"])
def test_nothing_answers_without_the_token(cluster, wrong):
    token = (cluster.laptop.root / "home/.ray/auth_token").read_text()
    reached = {target: name for host in cluster.hosts for target, name in listeners(host).items()}
    gcs, jobs = f"{cluster.head.address}:6379", "127.0.0.1:8265"
    assert reached[gcs] == "gcs_server"
    right = ask(cluster.laptop, token, [gcs, jobs])  # the questions are good ones
    assert (right[gcs]["GetAllNodeInfo"], right[jobs]["/api/jobs/"]) == ("OK", 200)
    for target, answers in ask(cluster.laptop, wrong, [*reached, jobs]).items():
        if target == jobs:
            assert answers.pop("/") == 200  # the dashboard's page, empty; only through the tunnel
        refused = {401, 403, "UNAUTHENTICATED"} & set(answers.values())
        assert refused and not {200, "OK"} & set(answers.values()), (target, answers)


def test_the_job_port_is_not_reached_and_the_token_is_its_owners(cluster):
    (answers,) = ask(cluster.laptop, "", [f"{cluster.head.address}:8265"]).values()
    assert answers["/api/jobs/"] == "ConnectionRefusedError"
    for host in cluster.hosts:
        assert host.run("stat -c %a ~/.ray/auth_token") == "600\n"


def test_hosts_without_power_or_network_cost_epochs_and_no_trial(cluster, capsys):
    forget_lines(cluster)
    job = cluster.submit("faults", "--trials 4 --epochs 12 --seeds 8", SMALL)
    wait_until(lambda: {line.host for line in lines(cluster)} == set(NAMES), 180)
    cut, dead = cluster.hosts[1:]
    dead.switch_off()
    cluster.lab.unplug(cut)
    wait_until(lambda: cluster.alive() == 1 or job.poll() is not None, 90)
    assert job.poll() is None, finish(job)
    cluster.lab.plug_in(cut)
    cluster.lab.power_on(dead)
    finish(job)
    tell_epochs(cluster, "faults", capsys)


def test_after_the_heads_death_the_same_submission_goes_on(cluster, capsys):
    forget_lines(cluster)
    options = "--trials 4 --epochs 8 --seeds 2"
    job = cluster.submit("again", options, SMALL)
    wait_until(lambda: len(records(cluster, "again")) >= 3, 180)
    cluster.head.switch_off()
    before = records(cluster, "again")
    stop(job)
    cluster.lab.power_on(cluster.head)
    cluster.up()
    finish(cluster.submit("again", options, SMALL))
    after = records(cluster, "again")
    assert len(after) > len(before)
    assert {key: after[key] for key in before} == before
    tell_epochs(cluster, "again", capsys)


def test_ray_down_ends_the_head(cluster):
    cluster.down()
    assert listeners(cluster.head) == {}  # the workers end by themselves, a minute later


def tell_epochs(cluster: Cluster, results: str, capsys) -> None:
    again = check_nothing_is_lost(cluster, results)
    tell(capsys, f"{results}: {again} of {len(lines(cluster))} epochs were trained twice")


def tell(capsys, line: str) -> None:
    with capsys.disabled():
        print(line, flush=True)
