"""Nothing leaves the machine: every packet and every question for a name is seen where Ray runs.

`tests/cluster/test_hosts.py` has the same of the head of cluster.yaml.
"""

import subprocess
from collections.abc import Iterator

import pytest

from tests.hosts import PROJECT, Host, lab, missing, stop, wait_until
from tests.watch import beyond, watched

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.xdist_group("cluster"),
    pytest.mark.skipif(bool(missing()), reason=missing()),
]
# A way out for whatever wants to leave, with nobody at its end.
WAY_OUT = """
ip link add out type veth peer name nowhere address 02:00:00:00:01:01
ip link set nowhere addrgenmode none up
ip link set out addrgenmode none up
ip addr add 192.168.7.2/24 dev out
ip neigh add 192.168.7.1 lladdr 02:00:00:00:01:01 dev out
ip route add default via 192.168.7.1
""".strip().replace("\n", " && ")
LOOPBACK = ("127.0.0.1:", "[::ffff:127.0.0.1]:", "[::1]:")
SMALL = "task_c --profile smoke --trials 1 --seeds 1"
# What stands for Slurm: one node, this one.
SLURM = """
printf '#!/bin/sh\\nhostname\\n' > ~/hw3-venv/bin/scontrol
printf '#!/bin/bash\\nwhile [[ $1 == --* ]]; do shift; done\\nexec "$@"\\n' > ~/hw3-venv/bin/srun
chmod +x ~/hw3-venv/bin/scontrol ~/hw3-venv/bin/srun
""".strip().replace("\n", " && ")
SLURM_RUN = (
    "HW3_VENV=~/hw3-venv SLURM_JOB_NODELIST=laptop SLURM_JOB_NUM_NODES=1 SLURM_CPUS_PER_TASK=1 "
    f"bash deploy/slurm.sh {SMALL} --epochs 1 --results ~/slurm"
)


@pytest.fixture
def computer() -> Iterator[Host]:
    with lab(()) as made:
        made.laptop.run(WAY_OUT)
        yield made.laptop


def test_the_watch_sees_what_leaves(computer):
    with watched(computer) as seen:
        computer.run(
            "python -c 'import socket; u = socket.socket(type=socket.SOCK_DGRAM); "
            'u.sendto(b"x", ("169.254.169.254", 80))\'; getent hosts example.org || true'
        )
    assert {"packet 169.254.169.254", "name example.org"} <= set(seen)


def test_a_run_on_one_machine_asks_nobody_and_listens_on_loopback_alone(computer):
    with watched(computer) as seen:
        study = computer.open(f"python -m study.{SMALL} --epochs 3000 --results ~/r", PROJECT)
        try:
            states = computer.root / "home/r/task_c/checkpoints"
            wait_until(lambda: study.poll() is not None or any(states.glob("*.pt")), 180)
            assert study.poll() is None, study.communicate()[0]
            listening = [line.split()[3] for line in computer.run("ss -ltnH").splitlines()]
        finally:
            computer.open("pkill -TERM -f '[s]tudy.task_c'").communicate()
            try:
                study.communicate(timeout=60)
            except subprocess.TimeoutExpired:
                stop(study)
    assert beyond(seen) == set()
    assert listening
    assert [where for where in listening if not where.startswith(LOOPBACK)] == []


def test_a_run_on_slurms_nodes_asks_nobody(computer):
    computer.run(SLURM)
    with watched(computer) as seen:
        output = computer.run(SLURM_RUN, PROJECT, 300)
    assert "report: " in output
    assert beyond(seen, "laptop") == set()
