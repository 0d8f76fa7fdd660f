"""A study on several GPUs of several hosts. The GPUs are logical: hosts declare them to Ray, which
gives them to trials as real ones, and trials train on CPU cores.

What trained where is not asked of the product: each training leaves a line in a file after each
epoch, with the devices that its process sees.
"""

import json
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass

import pytest

from hw3.models import make_config
from tests.hosts import ROOT, SHARED, Host, Lab, lab, missing, stop, wait_until

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.xdist_group("cluster"),
    pytest.mark.skipif(bool(missing()), reason=missing()),
]
NAMES = ("first", "second")
GPUS = 4  # of each host
CPUS = 10  # of each host, as declared: more than trials take; Ray starts a process for each
SLOW, FAST = 3.0, 0.2  # seconds, the least that an epoch takes: trials overlap on any machine
# Runs after `hw3.engines`, in every process of a host. The device is replaced, nothing else.
TRACE = f"""
import dataclasses, json, os, platform, time, uuid

ENGINE = module.ENGINE

def start(architecture, recipe, seed, numerics):
    assert numerics.device == "cuda"
    numerics = dataclasses.replace(numerics, device="cpu")
    training = ENGINE.start(architecture, recipe, seed, numerics)
    config = json.dumps(dataclasses.asdict(architecture.config), sort_keys=True)
    training.trial = [architecture.family, config, seed]
    return training

def traced(trainings, epochs):
    names = [uuid.uuid4().hex for training in trainings]
    while True:
        began = time.time()
        rows = next(epochs, None)
        if rows is None:
            return
        with open("{SHARED}/pace") as file:
            time.sleep(max(0, began + float(file.read()) - time.time()))
        for training, name, row in zip(trainings, names, rows):
            if row is not None:
                note(training, name, row.epoch, began)
        yield rows

def note(training, name, epoch, began):
    line = dict(
        trial=training.trial,
        training=name,
        epoch=epoch,
        host=platform.node(),
        pid=os.getpid(),
        devices=os.environ.get("CUDA_VISIBLE_DEVICES"),
        began=began,
        ended=time.time(),
    )
    with open("{SHARED}/epochs", "a") as file:
        file.write(json.dumps(line) + "\\n")

def train(training, data):
    alone = ([row] for row in ENGINE.train(training, data))
    return (row for row, in traced([training], alone))

def train_together(trainings, data):
    return traced(trainings, ENGINE.train_together(trainings, data))

module.ENGINE = dataclasses.replace(
    ENGINE, start=start, train=train, train_together=train_together
)
"""
# A host's death is seen sooner than after Ray's usual half minute.
SOON = {"health_check_period_ms": 1000, "health_check_timeout_ms": 3000}
SOON |= {"health_check_failure_threshold": 4}
STUDY = ROOT / "tests/small_study.py"
# Nothing outside a lab reaches its hosts, so no token is asked for.
START = "RAY_AUTH_MODE=disabled RAY_USAGE_STATS_ENABLED=0 ray start --disable-usage-stats"


class Cluster:
    """A Ray cluster with logical GPUs: the lab's first host is the head, the second joins."""

    def __init__(self, made: Lab):
        self.lab = made
        self.head, self.second = made.hosts
        shutil.copy(STUDY, made.shared)
        for host in made.hosts:
            host.install_project()
            host.after_import("hw3.engines", TRACE)

    def start(self) -> None:
        options = f"--head --port=6379 --system-config='{json.dumps(SOON)}'"
        self._start_ray(self.head, f"{options} --include-dashboard=false")

    def join(self) -> None:
        """Make the second host one of the cluster's."""
        self._start_ray(self.second, f"--address={self.head.address}:6379")

    def _start_ray(self, host: Host, options: str) -> None:
        has = f"--num-cpus={CPUS} --num-gpus={GPUS} --object-store-memory=100000000"
        host.run(f"{START} {has} {options}")

    def pace(self, seconds: float) -> None:
        """The least that an epoch takes from now on."""
        file = self.lab.shared / "next-pace"
        file.write_text(str(seconds))
        file.rename(self.lab.shared / "pace")

    def study(self, results: str, options: str) -> subprocess.Popen[str]:
        """Begin a study on the head, of slow epochs at first."""
        (self.lab.shared / "epochs").unlink(missing_ok=True)
        self.pace(SLOW)
        line = f"RAY_AUTH_MODE=disabled COLUMNS=200 python -m study run {SHARED}/{STUDY.name}"
        options = f"--profile smoke --address auto {options} --results {SHARED}/{results}"
        return self.head.open(f"{line} {options}")


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with lab(NAMES) as made:
        cluster = Cluster(made)
        cluster.start()
        yield cluster


@dataclass(frozen=True)
class Span:
    """One training in one process, from its first epoch's beginning to its last one's end.

    Attributes:
        trial: its family, configuration and seed.
        process: host and number of the process.
        gpu: host and devices that the process sees.
        began, ended: seconds since 1970.
    """

    trial: tuple[str, str, int]
    process: tuple[str, int]
    gpu: tuple[str, str]
    began: float
    ended: float


@dataclass(frozen=True)
class Changing:
    """What was seen of a study during which the second host joined and died.

    Attributes:
        alone: the trainings until the second host joined.
        lost: trials that it trained and that had no record when it died.
        died: seconds since 1970.
        all: the trainings of the whole study.
        recorded: trials that have a record at the end.
    """

    alone: list[Span]
    lost: set[tuple[str, str, int]]
    died: float
    all: list[Span]
    recorded: set[tuple[str, str, int]]


def spans(cluster: Cluster) -> list[Span]:
    """Of all trainings of the last study, whatever became of them."""
    file = cluster.lab.shared / "epochs"
    written = file.read_text().splitlines() if file.exists() else []
    found: dict[str, list[dict]] = {}
    for line in map(json.loads, written):
        found.setdefault(line["training"], []).append(line)
    return [
        Span(
            trial=tuple(epochs[0]["trial"]),
            process=(epochs[0]["host"], epochs[0]["pid"]),
            gpu=(epochs[0]["host"], epochs[0]["devices"]),
            began=epochs[0]["began"],
            ended=epochs[-1]["ended"],
        )
        for epochs in found.values()
    ]


def most_at_a_time(found: Iterable[Span]) -> int:
    """The largest number of processes that train at any moment: each has one trial of Tune's."""
    found = list(found)
    moments = [
        {span.process for span in found if span.began <= other.began < span.ended}
        for other in found
    ]
    return max(map(len, moments), default=0)


def most_on_each_gpu(found: Iterable[Span]) -> dict[tuple[str, str], int]:
    by_gpu: dict[tuple[str, str], list[Span]] = {}
    for span in found:
        by_gpu.setdefault(span.gpu, []).append(span)
    return {gpu: most_at_a_time(those) for gpu, those in by_gpu.items()}


def on_host(name: str, found: Iterable[Span]) -> list[Span]:
    return [span for span in found if span.gpu[0] == name]


def all_gpus() -> set[tuple[str, str]]:
    """One device for each process."""
    return {(name, str(number)) for name in NAMES for number in range(GPUS)}


def wait_for(
    cluster: Cluster, study: subprocess.Popen[str], seen: Callable[[list[Span]], bool]
) -> None:
    """Until that is seen of the trainings, which must be before the study ends."""
    wait_until(lambda: seen(spans(cluster)) or study.poll() is not None, 90)
    assert study.poll() is None, f"it has ended before: {finish(study)}"


def finish(study: subprocess.Popen[str], seconds: float = 240) -> str:
    output, _ = study.communicate(timeout=seconds)
    assert study.returncode == 0, output
    return " ".join(output.split())


def records_of(cluster: Cluster, results: str) -> list[dict]:
    """The records of all trials; none may have failed."""
    files = (cluster.lab.shared / results / "trials").glob("*.json")
    found = [json.loads(file.read_text()) for file in files]
    assert {record["status"] for record in found} <= {"complete", "stopped"}
    return found


def recorded(cluster: Cluster, results: str) -> set[tuple[str, str, int]]:
    """The trials that have a record, as `Span.trial`."""
    return {as_traced(record["ingredients"]) for record in records_of(cluster, results)}


def as_traced(parts: dict) -> tuple[str, str, int]:
    config = asdict(make_config(parts["family"], parts["config"]))
    return parts["family"], json.dumps(config, sort_keys=True), parts["seed"]


@pytest.fixture(scope="module")
def changing(cluster) -> Changing:
    """Half a GPU for each trial; the second host joins when all of the first one's are taken, and
    dies when it trains. It is on again at the end, and none of the cluster's."""
    most = 3 * GPUS
    # So many seeds that slow epochs last until the second host trains, on a busy machine as well.
    options = f"--gpus-per-trial 0.5 --max-concurrent {most} --trials 8 --seeds 16 --epochs 4"
    options += " --fuse 1"  # more trials, of which the second host gets some
    study = cluster.study("changing", options)
    try:
        wait_for(cluster, study, lambda found: most_at_a_time(found) == 2 * GPUS)
        alone = spans(cluster)
        cluster.join()
        wait_for(cluster, study, lambda found: most_at_a_time(found) > 2 * GPUS + 1)
        died = time.time()
        cluster.second.switch_off()
        cluster.pace(FAST)
        time.sleep(1)  # the driver writes the records of what it was told
        trained = {span.trial for span in on_host("second", spans(cluster))}
        lost = trained - recorded(cluster, "changing")
        finish(study)
    finally:
        stop(study)
        cluster.second.switch_off()
        cluster.lab.power_on(cluster.second)
    return Changing(alone, lost, died, spans(cluster), recorded(cluster, "changing"))


def tell(capsys, what: str, found: list[Span]) -> None:
    each = most_on_each_gpu(found).values()
    with capsys.disabled():
        print(
            f"{what}: {len(found)} trainings, {most_at_a_time(found)} at a time, "
            f"at most {max(each)} on each of {len(each)} GPUs",
            flush=True,
        )


def test_more_gpus_than_the_largest_host_has_are_one_error(cluster):
    study = cluster.study("too-many", f"--gpus-per-trial {GPUS + 1}")
    output, _ = study.communicate(timeout=60)
    assert study.returncode == 1, output
    assert len(re.findall("^error: ", output, re.MULTILINE)) == 1 and "Traceback" not in output
    assert f"asked for {GPUS + 1}, the largest host has {GPUS}" in " ".join(output.split())
    assert not (cluster.lab.shared / "too-many/trials").exists()


def test_two_trials_share_a_gpu_and_no_more(changing, capsys):
    tell(capsys, "half a GPU each, on one host", changing.alone)
    tell(capsys, "and on two", changing.all)
    assert most_on_each_gpu(changing.alone) == {("first", str(n)): 2 for n in range(GPUS)}
    assert max(most_on_each_gpu(changing.all).values()) == 2


def test_a_host_that_joins_brings_its_gpus_into_the_study(changing):
    assert {span.gpu[0] for span in changing.alone} == {"first"}
    assert {span.gpu for span in changing.all} <= all_gpus()
    assert 2 * GPUS < most_at_a_time(changing.all) <= 3 * GPUS


def test_a_host_that_dies_takes_no_trial_with_it(changing, capsys):
    after = [span for span in changing.all if span.began > changing.died]
    assert changing.lost and changing.lost <= {span.trial for span in after}
    assert {span.gpu[0] for span in after} == {"first"}
    assert {span.trial for span in changing.all} == changing.recorded
    with capsys.disabled():
        print(f"{len(changing.lost)} trials of the dead host went on elsewhere", flush=True)


def test_each_trial_has_a_gpu_of_its_own(cluster, capsys):
    cluster.join()
    study = cluster.study("whole", "--gpus-per-trial 1 --trials 8 --seeds 6")
    wait_for(cluster, study, lambda found: most_at_a_time(found) == 2 * GPUS)
    cluster.pace(FAST)
    finish(study)
    found = spans(cluster)
    tell(capsys, "one GPU each, on two hosts", found)
    assert most_on_each_gpu(found) == dict.fromkeys(all_gpus(), 1)
    assert most_at_a_time(found) == 2 * GPUS
    assert {span.trial for span in found} == recorded(cluster, "whole")
    fused = [record["provenance"].get("fused", 1) for record in records_of(cluster, "whole")]
    assert max(fused) > 1  # by itself, as trainings are on GPUs
