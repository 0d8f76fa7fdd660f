import os
import signal

import pytest
import ray
from ray.cluster_utils import Cluster

from study.cluster.ray import connect
from study.cluster.resources import trial_resources
from study.cluster.shared_results import check_every_host_sees
from study.spec.errors import StudyError

LAPTOP = [{"CPU": 2.0}]
SERVER = [{"CPU": 16.0, "GPU": 4.0}]
MIXED = [{"CPU": 8.0}, {"CPU": 8.0, "GPU": 2.0}, {"CPU": 4.0, "GPU": 2.0}]


@pytest.mark.parametrize(
    ("available", "asked", "expected"),
    [
        (LAPTOP, (None, None, None), (1.0, 0.0, 2)),
        (LAPTOP, (2.0, None, None), (2.0, 0.0, 1)),
        (LAPTOP, (0.1, None, None), (0.1, 0.0, 20)),
        (LAPTOP, (None, None, 1), (1.0, 0.0, 1)),
        (SERVER, (None, None, None), (1.0, 1.0, 4)),
        (SERVER, (None, 0.25, None), (1.0, 0.25, 16)),
        (SERVER, (2.0, 0.25, None), (2.0, 0.25, 8)),
        (SERVER, (None, 0.1, None), (1.0, 0.1, 16)),  # as many as it has cores
        (SERVER, (0.25, 0.1, None), (0.25, 0.1, 40)),
        (SERVER, (None, 0.3, None), (1.0, 0.3, 12)),  # three on each GPU
        (SERVER, (None, 0.6, None), (1.0, 0.6, 4)),
        (SERVER, (None, 2.0, None), (1.0, 2.0, 2)),
        (SERVER, (None, 0.0, None), (1.0, 0.0, 16)),
        (SERVER, (None, None, 99), (1.0, 1.0, 4)),
        (MIXED, (None, None, None), (1.0, 1.0, 4)),
        (MIXED, (None, 0.0, None), (1.0, 0.0, 20)),
        (MIXED, (3.0, 2.0, None), (3.0, 2.0, 2)),
    ],
)
def test_resources_are_derived_from_what_ray_has(available, asked, expected):
    resources = trial_resources(available, *asked)
    got = (resources.cpus_per_trial, resources.gpus_per_trial, resources.concurrent)
    assert got == expected
    assert resources.per_trial() == {"cpu": expected[0], "gpu": expected[1]}


@pytest.mark.parametrize(
    ("nodes", "asked", "said"),
    [
        (LAPTOP, (None, None, None), "2 trials at a time"),
        (MIXED, (None, 0.0, 3), "3 trials at a time"),
        (SERVER, (None, None, None), "4 trials at a time, one GPU each (4 GPUs)"),
        (SERVER, (None, 0.25, 1), "1 trial at a time, a quarter of a GPU each (4 GPUs)"),
        (SERVER, (None, 0.3, None), "12 trials at a time, 0.3 GPUs each (4 GPUs)"),
        (2 * SERVER, (None, 0.5, None), "16 trials at a time, half a GPU each (8 GPUs on 2 hosts)"),
        (MIXED, (None, 2.0, None), "2 trials at a time, 2 GPUs each (4 GPUs on 2 of 3 hosts)"),
    ],
)
def test_resources_are_said_in_words(nodes, asked, said):
    assert trial_resources(nodes, *asked).describe() == said


@pytest.mark.parametrize(
    ("nodes", "asked", "fact"),
    [
        (LAPTOP, (None, 1.0, None), "no GPU"),
        (LAPTOP, (3.0, None, None), "largest host has 2"),
        (MIXED, (None, 4.0, None), "largest host has 2"),  # four on two hosts would wait for ever
    ],
)
def test_more_than_ray_has_is_one_clear_error(nodes, asked, fact):
    with pytest.raises(StudyError, match=fact):
        trial_resources(nodes, *asked)


def test_a_gpu_share_above_one_must_be_whole():
    with pytest.raises(StudyError, match="whole"):
        trial_resources(SERVER, None, 1.5, None)


def test_a_client_address_is_refused_with_the_way_to_submit():
    with pytest.raises(StudyError, match="study submit"), connect("ray://127.0.0.1:1", False):
        pass


def test_on_a_cluster_that_grows_trials_may_wait_for_hosts():
    resources = trial_resources(LAPTOP, 4.0, 1.0, 8, grows=True)
    assert (resources.cpus_per_trial, resources.gpus_per_trial, resources.concurrent) == (4, 1, 8)
    with pytest.raises(StudyError, match="largest host has 2"):
        trial_resources(LAPTOP, 4.0, None, None, grows=True)  # how many would be a guess
    with pytest.raises(StudyError, match=r"largest host has 0.*--max-concurrent requests hosts"):
        trial_resources([{"CPU": 0.0}], None, None, None, grows=True)


@pytest.mark.ray
def test_a_host_that_goes_while_it_is_asked_for_the_results_is_not_blamed():
    """An autoscaler gives idle hosts back; the answers of those that stay count."""

    class Results:
        def __init__(self, sees):
            self.sees = sees

        def write(self, name, content, durable):
            self.head = ray.get_runtime_context().get_node_id()

        def delete(self, name):
            pass

        def read(self, name):
            if ray.get_runtime_context().get_node_id() != self.head:
                for process in (os.getppid(), os.getpid()):  # the host's raylet, and this
                    os.kill(process, signal.SIGKILL)
            return self.sees

    # Death is seen sooner than after Ray's usual half minute.
    soon = {"health_check_period_ms": 500, "health_check_failure_threshold": 4}
    head = {"num_cpus": 1, "_system_config": soon}
    hosts = Cluster(initialize_head=True, head_node_args=head)
    try:
        with connect(hosts.address, verbose=False):
            hosts.add_node(num_cpus=1)
            hosts.wait_for_nodes()
            check_every_host_sees(Results(b"seen"))
            with pytest.raises(StudyError, match="not shared: of 1 hosts"):
                check_every_host_sees(Results(None))
    finally:
        hosts.shutdown()
